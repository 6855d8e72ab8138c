//! What styles and looks make of a paragraph, alike for all word processors.

use super::build::Shape;
use super::{BlockKind, heading};

/// A heading style on a text longer than this is no heading.
const LONGEST_HEADING_WORDS: usize = 50;

/// Properties of text, as far as they matter; none where the source says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RunProps {
    pub(super) bold: Option<bool>,
    pub(super) italic: Option<bool>,
    pub(super) underline: Option<bool>,
    pub(super) mono: Option<bool>,
}

impl RunProps {
    /// These, and where they say nothing, `base`'s.
    pub(super) fn over(self, base: Self) -> Self {
        Self {
            bold: self.bold.or(base.bold),
            italic: self.italic.or(base.italic),
            underline: self.underline.or(base.underline),
            mono: self.mono.or(base.mono),
        }
    }
}

/// What a style makes of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    Heading(u8),
    Caption,
    Quote,
    Code,
}

impl Role {
    /// By the name of a style. Word and `LibreOffice` write the names of their own styles in English whatever their language is.
    pub(super) fn of_style(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        if let Some(level) = name.strip_prefix("heading ").or_else(|| name.strip_prefix("heading")) {
            return level.trim().parse().ok().filter(|l| (1..=10).contains(l)).map(Self::Heading);
        }
        match name.as_str() {
            "title" => Some(Self::Title),
            "toc heading" | "contents heading" | "bibliography heading" => Some(Self::Heading(1)),
            "caption" | "illustration" | "figure" => Some(Self::Caption),
            "quote" | "intense quote" | "block text" | "block quote" | "block quotation" | "quotations" => {
                Some(Self::Quote)
            }
            "html preformatted" | "macro" | "macro text" | "source code" | "preformatted text"
            | "verbatim" | "code" => Some(Self::Code),
            _ if name.contains("code") && !name.contains("html code") && !name.contains("char") => {
                Some(Self::Code)
            }
            _ => None,
        }
    }
}

/// How a stretch of text is set.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weight {
    pub(super) bold: bool,
    pub(super) underline: bool,
    pub(super) code: bool,
}

/// A paragraph's letters counted by how they are set, and what makes it a block of some kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// Characters that are no white space: all, and those in bold, underlined, in a code font.
    all: usize,
    bold: usize,
    underlined: usize,
    code: usize,
    pub(super) has_equation: bool,
}

/// How much of a text is in a code font: whether that tells code from the rest in it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CodeFont {
    all: usize,
    code: usize,
}

impl CodeFont {
    pub(super) fn add(&mut self, paragraph: &Tally) {
        self.all += paragraph.all;
        self.code += paragraph.code;
    }

    /// Whether `text`, of which these are the paragraphs, is prose that somebody set in a code font from end to end.
    pub(super) fn is_of_prose(self, text: &str) -> bool {
        /// Less is too little to tell by.
        const FEWEST_LETTERS: usize = 200;
        self.all >= FEWEST_LETTERS && self.code * 10 >= self.all * 9 && reads_as_prose(text)
    }
}

/// Whether a `text` that is set as code is prose: code is full of signs, and what has few of them (queries, outlines) has no sentences.
pub(crate) fn reads_as_prose(text: &str) -> bool {
    let (mut letters, mut signs, mut words, mut ends) = (0_usize, 0_usize, 0_usize, 0_usize);
    for word in text.split_whitespace() {
        words += 1;
        ends += usize::from(word.trim_end_matches(['"', '\'', '’', '”', ')']).ends_with(['.', '?', '!']));
        letters += word.chars().count();
        signs += word.chars().filter(|c| "{}[]<>=;_#\\*+|&$^~".contains(*c)).count();
    }
    signs * 50 < letters && ends * 50 >= words
}

/// What is known of a paragraph beside its text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    pub(super) role: Option<Role>,
    /// It is in a list; whether with a number (and not a bullet).
    pub(super) numbered: Option<bool>,
    /// Nesting of its list, from 1.
    pub(super) list_level: u8,
    pub(super) in_table: bool,
    /// The paragraph mark of an empty paragraph is in a code font.
    pub(super) code_mark: bool,
    /// Level of the last heading of a style.
    pub(super) last_heading: u8,
}

impl Tally {
    /// Counts text that was written into the paragraph.
    pub(super) fn weigh(&mut self, text: &str, weight: Weight) {
        let letters = text.chars().filter(|c| !c.is_whitespace()).count();
        self.all += letters;
        self.bold += if weight.bold { letters } else { 0 };
        self.underlined += if weight.underline { letters } else { 0 };
        self.code += if weight.code { letters } else { 0 };
    }

    /// The kind and level of the block that a paragraph with this text is.
    pub(super) fn shape(&self, text: &str, facts: Facts) -> Shape {
        let short = || text.split_whitespace().count() <= LONGEST_HEADING_WORDS;
        let (kind, level) = match facts.role {
            Some(Role::Title) if short() => (Some(BlockKind::Title), None),
            Some(Role::Heading(level)) if short() => (Some(BlockKind::Heading), Some(level)),
            Some(Role::Caption) => (Some(BlockKind::Caption), None),
            Some(Role::Code) => (Some(BlockKind::Code), None),
            Some(Role::Quote) if facts.numbered.is_none() => (Some(BlockKind::Quote), None),
            _ => self.by_look(text, facts),
        };
        let in_list = facts.numbered.is_some();
        let kind = kind.or(in_list.then_some(BlockKind::ListItem));
        let level = level.or((kind == Some(BlockKind::ListItem)).then_some(facts.list_level));
        Shape { kind, level, keep_empty: facts.numbered == Some(true) && !facts.in_table, ..Shape::default() }
    }

    fn by_look(&self, text: &str, facts: Facts) -> (Option<BlockKind>, Option<u8>) {
        let in_list = facts.numbered.is_some();
        if self.has_equation && self.all == 0 {
            return (Some(BlockKind::Equation), None);
        }
        let is_code = if self.all > 0 { self.code == self.all } else { facts.code_mark };
        if is_code && !in_list {
            return (Some(BlockKind::Code), None);
        }
        if !in_list && !facts.in_table && heading::is_caption(text) {
            return (Some(BlockKind::Caption), None);
        }
        let apart = self.all > 0 && (self.bold == self.all || self.underlined == self.all);
        let is_heading = !facts.in_table
            && facts.numbered != Some(false)
            && ((apart && heading::when_set_apart(text)) || (!in_list && heading::by_words(text)));
        if is_heading {
            // Below the last heading of a real style, since a student's bold line divides what that one holds.
            return (Some(BlockKind::Heading), Some((facts.last_heading + 1).min(9)));
        }
        (None, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_in_a_code_font_is_told_from_code() {
        let prose = "My manager leads by example (Smith, 2019). She asks before she decides, and says why. "
            .repeat(5);
        let program =
            "int total = 0;\nfor (int i = 0; i < n; i++) {\n    total += values[i];\n}\n".repeat(10);
        let query = "SELECT name, city\nFROM customer\nWHERE city IN (SELECT city FROM branch)\n".repeat(10);
        for (text, in_code_font, is_prose) in [
            (prose.as_str(), 10, true),
            (prose.as_str(), 5, false),
            (prose.get(..100).unwrap(), 10, false),
            (program.as_str(), 10, false),
            (query.as_str(), 10, false),
        ] {
            let mut font = CodeFont::default();
            for tenth in 0..10 {
                let mut tally = Tally::default();
                tally.weigh(text, Weight { code: tenth < in_code_font, ..Weight::default() });
                tally.all /= 10;
                tally.code /= 10;
                font.add(&tally);
            }
            assert_eq!(font.is_of_prose(text), is_prose, "{text}");
        }
    }
}
