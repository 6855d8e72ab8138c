//! `numbering.xml`: the numbers that Word draws before paragraphs and that are not in their text.

use std::collections::BTreeMap;

use super::super::fonts;
use super::super::numerals::{Numeral, number};
use super::super::xml::{Element, Node, Ns, Xml};
use crate::Result;

const LEVELS: usize = 9;

/// One level of a list.
#[derive(Debug, Clone)]
struct Level {
    start: u32,
    numeral: Numeral,
    /// `%1.%2`: text with the places of the numbers.
    pattern: String,
    /// Restart after a number at this level or above (1-based; 0: never); by default at any above.
    restart: Option<u8>,
    /// All numbers in Arabic digits.
    legal: bool,
    /// The paragraph style that is numbered at this level.
    style: Option<String>,
}

impl Default for Level {
    fn default() -> Self {
        Self {
            start: 1,
            numeral: Numeral::Decimal,
            pattern: String::new(),
            restart: None,
            legal: false,
            style: None,
        }
    }
}

#[derive(Debug, Default)]
struct Abstract {
    levels: BTreeMap<u8, Level>,
    /// A list style that holds the levels instead.
    style_link: Option<String>,
    /// The list style that this one defines.
    defines: Option<String>,
}

#[derive(Debug, Default)]
struct List {
    abstract_id: String,
    starts: BTreeMap<u8, u32>,
    levels: BTreeMap<u8, Level>,
}

/// All lists of a document.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    abstracts: BTreeMap<String, Abstract>,
    lists: BTreeMap<String, List>,
}

/// How far each list has counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// By abstract list: lists that share one count on.
    counts: BTreeMap<String, [Option<u32>; LEVELS]>,
    /// Lists whose own start was put into effect.
    started: std::collections::BTreeSet<(String, u8)>,
}

/// The number of a paragraph.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) text: String,
    pub(super) is_bullet: bool,
}

impl Numbering {
    /// Reads `numbering.xml`.
    pub(super) fn read(mut xml: Xml<'_, '_>) -> Result<Self> {
        let mut out = Self::default();
        let mut of_abstract: Option<(String, Abstract)> = None;
        let mut of_list: Option<(String, List)> = None;
        let mut level: Option<(u8, Level)> = None;
        let mut overridden = 0;
        loop {
            match xml.next()? {
                Node::Start(e) if e.ns == Ns::Word => {
                    let id = |name| e.attr(name).unwrap_or_default().into_owned();
                    match (e.local, &mut level) {
                        ("abstractNum", _) => of_abstract = Some((id("abstractNumId"), Abstract::default())),
                        ("num", _) => of_list = Some((id("numId"), List::default())),
                        ("lvl", _) => {
                            level = Some((e.number("ilvl").unwrap_or(overridden), Level::default()));
                        }
                        ("lvlOverride", _) => overridden = e.number("ilvl").unwrap_or(0),
                        ("startOverride", _) => {
                            if let (Some((_, list)), Some(start)) = (&mut of_list, e.number("val")) {
                                list.starts.insert(overridden, start);
                            }
                        }
                        ("abstractNumId", _) => {
                            if let Some((_, list)) = &mut of_list {
                                list.abstract_id = id("val");
                            }
                        }
                        ("numStyleLink", _) => set(&mut of_abstract, |a| a.style_link = Some(id("val"))),
                        ("styleLink", _) => set(&mut of_abstract, |a| a.defines = Some(id("val"))),
                        (_, Some((_, level))) => level.take(&e),
                        _ => {}
                    }
                }
                Node::End(Ns::Word, "lvl") => {
                    if let Some((index, level)) =
                        level.take().filter(|(index, _)| usize::from(*index) < LEVELS)
                    {
                        if let Some((_, list)) = &mut of_list {
                            list.levels.insert(index, level);
                        } else if let Some((_, a)) = &mut of_abstract {
                            a.levels.insert(index, level);
                        }
                    }
                }
                Node::End(Ns::Word, "abstractNum") => out.abstracts.extend(of_abstract.take()),
                Node::End(Ns::Word, "num") => out.lists.extend(of_list.take()),
                Node::Eof => return Ok(out),
                _ => {}
            }
        }
    }

    /// The level of a list at which paragraphs of a style are numbered.
    pub(super) fn level_of_style(&self, list: &str, style: &str) -> Option<u8> {
        let (_, a) = self.abstract_of(list)?;
        a.levels.iter().find(|(_, level)| level.style.as_deref() == Some(style)).map(|(index, _)| *index)
    }

    /// Counts a paragraph at `level` (from 0) of `list` and gives its number; none where there is no such list.
    pub(super) fn count(&self, counters: &mut Counters, list: &str, level: u8) -> Option<Label> {
        let (abstract_id, a) = self.abstract_of(list)?;
        let own = self.lists.get(list)?;
        let index = usize::from(level).min(LEVELS - 1);
        let level = index as u8;
        let definition = |l: u8| own.levels.get(&l).or_else(|| a.levels.get(&l));
        let counts = counters.counts.entry(abstract_id.to_owned()).or_default();
        if let Some(start) = own.starts.get(&level)
            && counters.started.insert((list.to_owned(), level))
            && let Some(count) = counts.get_mut(index)
        {
            // What comes next is the start itself.
            *count = start.checked_sub(1);
        }
        let start_of =
            |l: u8| own.starts.get(&l).copied().or_else(|| definition(l).map(|d| d.start)).unwrap_or(1);
        let count = counts.get_mut(index)?;
        *count = Some(count.map_or_else(|| start_of(level), |n| n.saturating_add(1)));
        for (l, count) in counts.iter_mut().enumerate().skip(index + 1) {
            let restart = definition(l as u8).and_then(|d| d.restart);
            if restart.is_none_or(|after| after != 0 && index < usize::from(after)) {
                *count = None;
            }
        }
        let definition_here = definition(level)?;
        if definition_here.numeral == Numeral::Bullet {
            let text = definition_here.pattern.chars().find(|c| !c.is_whitespace()).map_or('•', plain_bullet);
            return Some(Label { text: text.to_string(), is_bullet: true });
        }
        let value = |l: u8| counts.get(usize::from(l)).copied().flatten().unwrap_or_else(|| start_of(l));
        let mut text = String::new();
        let mut chars = definition_here.pattern.chars().peekable();
        while let Some(c) = chars.next() {
            match chars.peek().and_then(|d| d.to_digit(10)) {
                Some(digit @ 1..=9) if c == '%' => {
                    chars.next();
                    let l = digit as u8 - 1;
                    let numeral = definition(l).map_or(Numeral::Decimal, |d| d.numeral);
                    let numeral = if definition_here.legal { Numeral::Decimal } else { numeral };
                    number(&mut text, value(l), numeral);
                }
                _ => text.push(c),
            }
        }
        let text = text.trim().to_owned();
        (!text.is_empty()).then_some(Label { text, is_bullet: false })
    }

    /// The abstract list behind a list, a link to a list style followed.
    fn abstract_of(&self, list: &str) -> Option<(&str, &Abstract)> {
        let (id, a) = self.abstracts.get_key_value(&self.lists.get(list)?.abstract_id)?;
        if a.levels.is_empty()
            && let Some(link) = &a.style_link
            && let Some((id, a)) = self.abstracts.iter().find(|(_, a)| a.defines.as_ref() == Some(link))
        {
            return Some((id, a));
        }
        Some((id, a))
    }
}

fn set(target: &mut Option<(String, Abstract)>, change: impl FnOnce(&mut Abstract)) {
    if let Some((_, a)) = target {
        change(a);
    }
}

impl Level {
    fn take(&mut self, e: &Element<'_>) {
        match e.local {
            "start" => self.start = e.number("val").unwrap_or(1),
            "numFmt" => {
                self.numeral = e.attr("val").map_or(Numeral::Decimal, |name| Numeral::of_ooxml(&name));
            }
            "lvlText" => self.pattern = e.attr("val").unwrap_or_default().into_owned(),
            "lvlRestart" => self.restart = e.number("val"),
            "isLgl" => self.legal = e.is_on(),
            "pStyle" => self.style = e.attr("val").map(std::borrow::Cow::into_owned),
            _ => {}
        }
    }
}

/// A bullet as a character that any font has.
fn plain_bullet(c: char) -> char {
    match c {
        '\u{f000}'..='\u{f0ff}' => fonts::symbol("Wingdings", c as u32).unwrap_or('•'),
        'o' => '○',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::reader::Context;
    use crate::{Deadline, Limits};

    const SOURCE: &str = r#"<w:numbering>
        <w:abstractNum w:abstractNumId="0">
          <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="Question %1"/></w:lvl>
          <w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="(%2)"/></w:lvl>
          <w:lvl w:ilvl="2"><w:numFmt w:val="lowerRoman"/><w:lvlText w:val="%1.%2.%3"/><w:pStyle w:val="S"/></w:lvl>
        </w:abstractNum>
        <w:abstractNum w:abstractNumId="1">
          <w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val=""/></w:lvl>
        </w:abstractNum>
        <w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>
        <w:num w:numId="2"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>
        <w:num w:numId="3"><w:abstractNumId w:val="1"/></w:num>
        </w:numbering>"#;

    #[test]
    fn counts_restarts_and_patterns() {
        let (limits, deadline) = (Limits::default(), Deadline::never());
        let cx = Context::new(&limits, &deadline);
        let numbering = Numbering::read(Xml::new(SOURCE, &cx)).unwrap();
        let mut counters = Counters::default();
        let cases = [
            ("1", 0, Some("Question 1")),
            ("1", 1, Some("(a)")),
            ("1", 1, Some("(b)")),
            ("1", 2, Some("1.b.i")),
            ("1", 0, Some("Question 2")),
            ("1", 1, Some("(a)")),
            ("2", 0, Some("Question 5")),
            ("2", 0, Some("Question 6")),
            ("3", 0, Some("•")),
            ("9", 0, None),
        ];
        for (i, (list, level, expected)) in cases.into_iter().enumerate() {
            let label = numbering.count(&mut counters, list, level).map(|l| l.text);
            assert_eq!(label.as_deref(), expected, "case {i}");
        }
        assert_eq!(numbering.level_of_style("1", "S"), Some(2));
    }
}
