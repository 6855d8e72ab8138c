//! ODF styles: what they make of a paragraph, how lists are numbered, what pages have at their head and foot.

use std::collections::BTreeMap;

use super::super::fonts::is_monospace;
use super::super::numerals::{Numeral, number};
use super::super::role::{Role, RunProps};
use super::super::xml::{Element, Node, Ns, Xml};
use crate::Result;

/// Deepest list that is numbered; `LibreOffice` has ten levels.
pub(super) const LEVELS: usize = 10;

/// A style with what it says itself.
#[derive(Debug, Clone, Default)]
struct Raw {
    parent: Option<String>,
    role: Option<Role>,
    outline: Option<u8>,
    run: RunProps,
    list: Option<String>,
}

/// A style with all that it inherits.
#[derive(Debug, Clone, Default)]
pub(super) struct Style {
    pub(super) role: Option<Role>,
    pub(super) run: RunProps,
    pub(super) list: Option<String>,
}

/// One level of a list.
#[derive(Debug, Clone)]
struct Level {
    numeral: Numeral,
    prefix: String,
    suffix: String,
    start: u32,
    /// How many levels the number shows.
    shown: usize,
}

/// All styles of a document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    raw: BTreeMap<String, Raw>,
    lists: BTreeMap<String, BTreeMap<usize, Level>>,
    outline: BTreeMap<usize, Level>,
    default_mono: bool,
    /// The text is in a fixed-width font though these do not say so.
    mono_throughout: bool,
}

impl Styles {
    /// Takes in the styles of a file (`styles.xml`, then `content.xml`). The text in it is passed over.
    pub(super) fn take(&mut self, mut xml: Xml<'_, '_>) -> Result<()> {
        let mut style: Option<(String, Raw)> = None;
        let mut list: Option<(Option<String>, BTreeMap<usize, Level>)> = None;
        let mut in_default = false;
        loop {
            match xml.next()? {
                Node::Start(e) => match (e.ns, e.local) {
                    (Ns::Office, "body") => xml.skip()?,
                    (Ns::Style, "style") => style = Some(named(&e)),
                    (Ns::Style, "default-style") => {
                        in_default = e.attr("family").as_deref() == Some("paragraph");
                    }
                    (Ns::Style, "text-properties") => {
                        let run = run_of(&e);
                        match &mut style {
                            Some((_, style)) => style.run = run,
                            None if in_default => self.default_mono = run.mono == Some(true),
                            None => {}
                        }
                    }
                    (Ns::Text, "list-style") => {
                        list = Some((e.attr("name").map(Into::into), BTreeMap::new()));
                    }
                    (Ns::Text, "outline-style") => list = Some((None, BTreeMap::new())),
                    (
                        Ns::Text,
                        "list-level-style-number"
                        | "list-level-style-bullet"
                        | "list-level-style-image"
                        | "outline-level-style",
                    ) => {
                        if let Some((_, levels)) = &mut list {
                            let level = e.number::<usize>("level").unwrap_or(1).clamp(1, LEVELS) - 1;
                            levels.insert(level, level_of(&e));
                        }
                    }
                    _ => {}
                },
                Node::End(Ns::Style, "style") => self.raw.extend(style.take()),
                Node::End(Ns::Style, "default-style") => in_default = false,
                Node::End(Ns::Text, "list-style" | "outline-style") => match list.take() {
                    Some((Some(name), levels)) => _ = self.lists.insert(name, levels),
                    Some((None, levels)) => self.outline = levels,
                    None => {}
                },
                Node::End(..) | Node::Text(_) => {}
                Node::Eof => return Ok(()),
            }
        }
    }

    /// A style with what it inherits. A chain that runs in a circle or too deep ends where it does so.
    pub(super) fn get(&self, name: &str) -> Style {
        const DEEPEST: usize = 32;
        let mut style = Style::default();
        let mut outline = None;
        let mut at = Some(name);
        for _ in 0..DEEPEST {
            let Some(raw) = at.and_then(|name| self.raw.get(name)) else { break };
            style.role = style.role.or(raw.role);
            style.run = raw_over(style.run, raw.run);
            outline = outline.or(raw.outline);
            style.list = style.list.take().or_else(|| raw.list.clone());
            at = raw.parent.as_deref();
        }
        style.role = style.role.or_else(|| at.and_then(role_of)).or(outline.map(Role::Heading));
        style
    }

    /// Whether a fixed-width font tells code from the rest.
    pub(super) fn mono_means_code(&self) -> bool {
        let standard = self.raw.get("Standard").and_then(|raw| raw.run.mono);
        !self.mono_throughout && !standard.unwrap_or(self.default_mono)
    }

    /// Takes a fixed-width font for that of the document's own text, though no style says so.
    pub(super) fn take_mono_for_text(&mut self) {
        self.mono_throughout = true;
    }

    /// The number that `counts` (from the outermost level) make at their last level of a list; whether it is one and no bullet.
    pub(super) fn label(&self, list: &str, counts: &[u32]) -> Option<(String, bool)> {
        draw(self.lists.get(list)?, counts)
    }

    /// The same for headings numbered by their outline level.
    pub(super) fn outline_label(&self, counts: &[u32]) -> Option<(String, bool)> {
        draw(&self.outline, counts)
    }

    /// Where a list begins to count at a level.
    pub(super) fn start(&self, list: &str, level: usize) -> u32 {
        self.lists.get(list).and_then(|levels| levels.get(&level)).map_or(1, |level| level.start)
    }
}

fn raw_over(first: RunProps, base: RunProps) -> RunProps {
    first.over(base)
}

fn draw(levels: &BTreeMap<usize, Level>, counts: &[u32]) -> Option<(String, bool)> {
    let index = counts.len().checked_sub(1)?;
    let level = levels.get(&index)?;
    match level.numeral {
        Numeral::Bullet => return Some(("•".to_owned(), false)),
        Numeral::Nothing => return None,
        _ => {}
    }
    let mut text = level.prefix.clone();
    let first = counts.len().saturating_sub(level.shown.max(1));
    let mut written = false;
    for (l, count) in counts.iter().enumerate().skip(first) {
        let numeral = levels.get(&l).map_or(Numeral::Decimal, |level| level.numeral);
        if matches!(numeral, Numeral::Bullet | Numeral::Nothing) {
            continue;
        }
        if written {
            text.push('.');
        }
        number(&mut text, *count, numeral);
        written = true;
    }
    text.push_str(&level.suffix);
    let text = text.trim().to_owned();
    (!text.is_empty()).then_some((text, true))
}

fn named(e: &Element<'_>) -> (String, Raw) {
    let name = e.attr("name").unwrap_or_default().into_owned();
    let shown = e.attr("display-name");
    let role = shown.as_deref().and_then(Role::of_style).or_else(|| role_of(&name));
    let raw = Raw {
        parent: e.attr("parent-style-name").map(Into::into),
        role,
        outline: e.number("default-outline-level").filter(|level| *level > 0),
        run: RunProps::default(),
        list: e.attr("list-style-name").map(Into::into).filter(|name: &String| !name.is_empty()),
    };
    (name, raw)
}

/// A role by a style's inner name, in which `_20_` stands for a space.
pub(super) fn role_of(name: &str) -> Option<Role> {
    Role::of_style(&name.replace("_20_", " "))
}

fn run_of(e: &Element<'_>) -> RunProps {
    let weight = e.attr("font-weight");
    let bold = weight.map(|weight| weight == "bold" || weight.parse::<u32>().is_ok_and(|w| w >= 600));
    let italic = e.attr("font-style").map(|style| style == "italic" || style == "oblique");
    let underline = e.attr("text-underline-style").map(|style| style != "none");
    let font = e.attr("font-name").or_else(|| e.attr("font-family"));
    RunProps { bold, italic, underline, mono: font.map(|font| is_monospace(&font)) }
}

fn level_of(e: &Element<'_>) -> Level {
    let bullet = matches!(e.local, "list-level-style-bullet" | "list-level-style-image");
    let text = |name: &str| e.attr(name).unwrap_or_default().into_owned();
    Level {
        numeral: if bullet { Numeral::Bullet } else { Numeral::of_odf(&text("num-format")) },
        prefix: text("num-prefix"),
        suffix: text("num-suffix"),
        start: e.number("start-value").unwrap_or(1),
        shown: e.number("display-levels").unwrap_or(1),
    }
}
