//! Lines of plain text and what each looks like: an item, code, an underline, a numbered title.

use std::sync::LazyLock;

use regex::Regex;

/// A line: its bytes in the text, without the line end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'t> {
    pub(super) text: &'t str,
    pub(super) start: usize,
    /// From 1.
    pub(super) number: u32,
}

impl<'t> Line<'t> {
    pub(super) fn trimmed(&self) -> &'t str {
        self.text.trim()
    }

    pub(super) fn is_blank(&self) -> bool {
        self.trimmed().is_empty()
    }

    /// Where its text begins, past the indentation.
    pub(super) fn text_start(&self) -> usize {
        self.start + self.text.len() - self.text.trim_start().len()
    }

    /// One past its text.
    pub(super) fn text_end(&self) -> usize {
        self.start + self.text.trim_end().len()
    }

    /// Columns of indentation, a tab being four.
    pub(super) fn indent(&self) -> usize {
        self.text.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum()
    }
}

/// The lines of a text.
pub(super) fn split(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    let mut number = 0;
    text.split('\n')
        .map(|line| {
            let here = Line { text: line, start, number: number + 1 };
            start += line.len() + 1;
            number += 1;
            here
        })
        .collect()
}

static ITEM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?x)^ (?: ([-*•●▪◦‣·–o]) \s | (?: \d{1,2} [.)] | [a-zA-Z] [.)] | \( (?: \d{1,2} | [a-z] | [ivx]{1,4} ) \) | [ivx]{1,4} [.)] ) \s ) \s* \S").ok()
});

/// Whether a line begins an item of a list; if so, whether with a bullet.
pub(super) fn item_marker(line: &str) -> Option<bool> {
    let captures = ITEM.as_ref()?.captures(line)?;
    Some(captures.get(1).is_some())
}

static SECTION_NUMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^([0-9]{1,2}(?:\.[0-9]{1,2}){0,3})[.)]?\s+\p{Lu}\S*(?:\s+\S+){0,7}$").ok());

/// The depth of a numbered title (`2.1 Results`): short, with a capital, and no sentence.
pub(super) fn section_number(line: &str) -> Option<u8> {
    if !line.starts_with(|c: char| c.is_ascii_digit()) || line.ends_with(['.', ',', ';', ':']) {
        return None;
    }
    let number = SECTION_NUMBER.as_ref()?.captures(line)?.get(1)?;
    Some(1 + number.as_str().matches('.').count() as u8)
}

/// The level of a heading that the next line underlines.
pub(super) fn is_underline(title: &Line<'_>, under: &Line<'_>) -> Option<u8> {
    let (title, under) = (title.trimmed(), under.trimmed());
    let sign = under.chars().next().filter(|c| matches!(c, '=' | '-' | '~' | '*' | '_'))?;
    let length = under.chars().count();
    let width = title.chars().count();
    let fits = length >= 3 && length * 2 >= width && under.chars().all(|c| c == sign);
    let is_title = width <= 120
        && title.chars().any(char::is_alphanumeric)
        && !title.contains(['\t', '|'])
        && !title.contains("   ");
    (fits && is_title).then_some(if sign == '=' { 1 } else { 2 })
}

static CODE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        [;{}] \s* $
        | ^ \s* (?: def | class | for | while | if | elif | else | try | except | with | switch | function | public | private | void
            | int | float | double | char ) \b .* [:{(] \s* (?: \#.* )? $
        | ^ \s* (?: import | from \s+ \S+ \s+ import | return | print | let | const | var | \#include | using | package | SELECT | INSERT | UPDATE
            | CREATE \s+ TABLE ) \b [^.?!]* $
        | ^ \s* [A-Za-z_][\w.\[\]]* \s* (?: [-+*/]? = | == | <- | := ) \s* \S
        | ^ \s* [A-Za-z_][\w.]* \( .* \) ;? \s* $
        | ^ \s* (?: // | /\* | \#! | >>> | \$ \s )
        ",
    )
    .ok()
});

/// Whether lines are program code: most of them look like it, and all are indented or there is more than one.
pub(super) fn is_code(lines: &[Line<'_>]) -> bool {
    let indented = lines.iter().all(|line| line.indent() >= 4);
    if !indented && lines.len() < 2 {
        return false;
    }
    let Some(regex) = CODE.as_ref() else { return false };
    // `2) the lid was loose;` is an item of a list, whatever ends it.
    let is_like = |line: &&Line<'_>| {
        line.text.len() < 400 && regex.is_match(line.text) && item_marker(line.trimmed()) != Some(false)
    };
    let like = lines.iter().filter(is_like).count();
    let enough = if indented { like * 3 >= lines.len() } else { like * 3 >= lines.len() * 2 };
    like > 0 && enough
}
