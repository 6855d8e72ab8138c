//! A paragraph of Word's while it is read, and what kind of block it turns out to be.

use super::super::Position;
use super::super::build::Shape;
use super::super::role::{Facts, Role, RunProps, Tally};
use super::super::xml::Element;
use super::numbering::{Counters, Label, Numbering};
use super::styles::{Style, Styles};
use crate::Result;

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
    pub(super) tally: Tally,
    at: Position,
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
            tally: Tally::default(),
            at,
        }
    }

    /// The same text as part of the paragraph that follows, whose mark decides what both are.
    pub(super) fn go_on(self, default: RunProps) -> Self {
        Self { tally: self.tally, ..Self::new(default, self.at) }
    }

    /// Puts its properties into effect.
    pub(super) fn apply(&mut self, found: Properties, styles: &Styles<'_>) -> Result<()> {
        let style: &Style = match &found.style {
            Some(id) => styles.get(id)?,
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
        Ok(())
    }

    /// Counts it in its list.
    pub(super) fn number(&mut self, numbering: &Numbering, counters: &mut Counters) {
        let Some((list, level)) = self.list.take() else { return };
        let by_style = || self.style.as_deref().and_then(|style| numbering.level_of_style(&list, style));
        let level = level.or_else(by_style).unwrap_or(0);
        self.label = numbering.count(counters, &list, level).map(|label| (label, level.saturating_add(1)));
    }

    /// What it turned out to be, given its text.
    pub(super) fn shape(&self, text: &str, in_table: bool, last_heading: u8) -> Shape {
        let facts = Facts {
            role: self.role,
            numbered: self.label.as_ref().map(|(label, _)| !label.is_bullet),
            list_level: self.label.as_ref().map_or(1, |(_, level)| *level),
            in_table,
            code_mark: self.mark.mono == Some(true),
            last_heading,
        };
        let label = self.label.as_ref().map(|(label, _)| label.text.clone());
        Shape { label, at: Some(self.at), ..self.tally.shape(text, facts) }
    }
}
