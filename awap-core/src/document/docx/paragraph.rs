//! A paragraph of Word's while it is read, and what kind of block it turns out to be.

use super::super::build::Shape;
use super::super::xml::Element;
use super::super::{BlockKind, Position, heading};
use super::numbering::{Counters, Label, Numbering};
use super::styles::{Role, RunProps, Style, Styles};

/// A heading style on a text longer than this is no heading.
const LONGEST_HEADING_WORDS: usize = 50;

/// What `w:pPr` says.
#[derive(Debug, Default)]
pub(super) struct Properties {
    style: Option<String>,
    list: Option<String>,
    level: Option<u8>,
    outline: Option<u8>,
    /// Properties of the paragraph mark.
    pub(super) mark: RunProps,
    pub(super) mark_deleted: bool,
}

impl Properties {
    /// Takes one element within `w:pPr` in.
    pub(super) fn take(&mut self, e: &Element<'_>) {
        match e.local {
            "pStyle" => self.style = e.attr("val").map(std::borrow::Cow::into_owned),
            "numId" => self.list = e.attr("val").map(std::borrow::Cow::into_owned),
            "ilvl" => self.level = e.number("val"),
            "outlineLvl" => self.outline = e.number("val"),
            _ => {}
        }
    }
}

/// How a stretch of text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight {
    pub(super) bold: bool,
    pub(super) underline: bool,
    pub(super) code: bool,
}

/// A paragraph.
#[derive(Debug)]
pub(super) struct Paragraph {
    style: Option<String>,
    pub(super) role: Option<Role>,
    /// What its style says of its text.
    pub(super) run: RunProps,
    mark: RunProps,
    list: Option<(String, Option<u8>)>,
    label: Option<(Label, u8)>,
    pub(super) mark_deleted: bool,
    pub(super) has_equation: bool,
    at: Position,
    /// Characters that are no white space: all, and those in bold, underlined, in a code font.
    all: usize,
    bold: usize,
    underlined: usize,
    code: usize,
}

impl Paragraph {
    pub(super) fn new(default: RunProps, at: Position) -> Self {
        Self {
            style: None,
            role: None,
            run: default,
            mark: RunProps::default(),
            list: None,
            label: None,
            mark_deleted: false,
            has_equation: false,
            at,
            all: 0,
            bold: 0,
            underlined: 0,
            code: 0,
        }
    }

    /// Puts its properties into effect.
    pub(super) fn apply(&mut self, found: Properties, styles: &Styles) {
        let style: &Style = match &found.style {
            Some(id) => styles.get(id),
            None => styles.default_paragraph(),
        };
        self.role = style.role;
        self.run = style.run;
        self.mark = found.mark;
        self.mark_deleted = found.mark_deleted;
        if let Some(level) = found.outline
            && level < 9
            && self.role.is_none()
        {
            self.role = Some(Role::Heading(level + 1));
        }
        self.list = match (found.list, &style.list) {
            (Some(list), _) => Some((list, found.level)),
            (None, Some((list, level))) => Some((list.clone(), found.level.or(*level))),
            (None, None) => None,
        };
        self.style = found.style;
    }

    /// Counts text that was written into it.
    pub(super) fn weigh(&mut self, text: &str, weight: Weight) {
        let letters = text.chars().filter(|c| !c.is_whitespace()).count();
        self.all += letters;
        self.bold += if weight.bold { letters } else { 0 };
        self.underlined += if weight.underline { letters } else { 0 };
        self.code += if weight.code { letters } else { 0 };
    }

    /// Counts it in its list.
    pub(super) fn number(&mut self, styles: &Styles, numbering: &Numbering, counters: &mut Counters) {
        let Some((list, level)) = self.list.take() else { return };
        let _ = styles;
        let by_style = || self.style.as_deref().and_then(|style| numbering.level_of_style(&list, style));
        let level = level.or_else(by_style).unwrap_or(0);
        self.label = numbering.count(counters, &list, level).map(|label| (label, level.saturating_add(1)));
    }

    /// What it turned out to be, given its text.
    pub(super) fn shape(&self, text: &str, in_table: bool, last_heading: u8) -> Shape {
        let mut shape = Shape { at: Some(self.at), ..Shape::default() };
        let numbered = self.label.as_ref().is_some_and(|(label, _)| !label.is_bullet);
        if let Some((label, level)) = &self.label {
            shape.label = Some(label.text.clone());
            shape.level = Some(*level);
            shape.kind = Some(BlockKind::ListItem);
            shape.keep_empty = numbered && !in_table;
        }
        let short = || text.split_whitespace().count() <= LONGEST_HEADING_WORDS;
        match self.role {
            Some(Role::Title) if short() => {
                shape.kind = Some(BlockKind::Title);
                shape.level = None;
            }
            Some(Role::Heading(level)) if short() => {
                shape.kind = Some(BlockKind::Heading);
                shape.level = Some(level);
            }
            Some(Role::Caption) => shape.kind = Some(BlockKind::Caption),
            Some(Role::Code) => shape.kind = Some(BlockKind::Code),
            Some(Role::Quote) if self.label.is_none() => shape.kind = Some(BlockKind::Quote),
            _ => self.by_look(&mut shape, text, in_table, last_heading, numbered),
        }
        if matches!(shape.kind, Some(BlockKind::Caption | BlockKind::Code | BlockKind::Quote)) {
            shape.level = None;
        }
        shape
    }

    fn by_look(&self, shape: &mut Shape, text: &str, in_table: bool, last_heading: u8, numbered: bool) {
        if self.has_equation && self.all == 0 {
            shape.kind = Some(BlockKind::Equation);
            shape.level = None;
            return;
        }
        let is_code =
            (self.all > 0 && self.code == self.all) || (self.all == 0 && self.mark.mono == Some(true));
        if is_code && self.label.is_none() {
            shape.kind = Some(BlockKind::Code);
            return;
        }
        let apart = self.all > 0 && (self.bold == self.all || self.underlined == self.all);
        let bullet = self.label.is_some() && !numbered;
        let is_heading = !in_table
            && !bullet
            && ((apart && heading::when_set_apart(text))
                || (self.label.is_none() && heading::by_words(text)));
        if is_heading {
            shape.kind = Some(BlockKind::Heading);
            // Below the last heading of a real style, since a student's bold line divides what that one holds.
            shape.level = Some((last_heading + 1).min(9));
        }
    }
}
