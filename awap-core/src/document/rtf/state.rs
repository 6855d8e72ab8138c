//! What RTF's control words do: the state of a group, and the parts that its text goes to.

use std::collections::BTreeMap;

use encoding_rs::Encoding;

use super::super::build::{PartBuilder, Shape};
use super::super::fonts::symbol;
use super::super::properties::Properties;
use super::super::role::{Facts, Role, Tally, Weight};
use super::super::{BlockKind, Part, PartKind, Position, RunStyle};
use super::fonts::Fonts;
use crate::{Limits, Result};

/// Where the text of a group goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Destination {
    #[default]
    Body,
    Skip,
    FontTable,
    StyleSheet,
    /// Inside `info`; the text of its groups are values.
    Info,
    Value,
    Header,
    Footer,
    Footnote,
    Comment,
    CommentAuthor,
    TextBox,
    /// The number of a paragraph as it was drawn when the file was written.
    ListText,
    FieldCode,
    Picture,
}

/// The state of a group.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools)] // the switches of the format
pub(super) struct Group {
    pub(super) destination: Destination,
    /// Text of a destination that is a value.
    pub(super) text: String,
    pub(super) font: i32,
    /// Characters that stand for one Unicode character (`\uc`).
    pub(super) fallback: usize,
    bold: bool,
    italic: bool,
    underline: bool,
    hidden: bool,
    deleted: bool,
    link: bool,
    /// The control word that began the destination: the key of a value.
    key: String,
    style: i32,
    outline: Option<u8>,
    in_table: bool,
}

/// Writes the parts.
pub(super) struct Writer<'l> {
    limits: &'l Limits,
    fonts: Fonts,
    roles: BTreeMap<i32, Role>,
    body: PartBuilder,
    notes: PartBuilder,
    comments: PartBuilder,
    boxes: PartBuilder,
    links: PartBuilder,
    deleted: PartBuilder,
    edges: Vec<Part>,
    edge: Option<PartBuilder>,
    headers: u32,
    footers: u32,
    tally: Tally,
    label: Option<String>,
    /// A row of a table, and a cell in it, are being written in the body.
    row_open: bool,
    cell_open: bool,
    paragraphs: u32,
    last_heading: u8,
    default_font: i32,
}

impl Group {
    /// The state in which a file begins.
    pub(super) fn outermost() -> Self {
        Self { fallback: 1, ..Self::default() }
    }

    pub(super) fn with_text(self, text: String) -> Self {
        Self { text, ..self }
    }

    fn is_text(&self) -> bool {
        matches!(
            self.destination,
            Destination::Body
                | Destination::Header
                | Destination::Footer
                | Destination::Footnote
                | Destination::Comment
                | Destination::TextBox
        )
    }
}

impl<'l> Writer<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        let part = |name: &str, kind| PartBuilder::new(name, kind, limits);
        Self {
            limits,
            fonts: Fonts::default(),
            roles: BTreeMap::new(),
            body: part("body", PartKind::Body),
            notes: part("footnotes", PartKind::Footnote),
            comments: part("comments", PartKind::Comment),
            boxes: part("textboxes", PartKind::TextBox),
            links: part("links", PartKind::Link),
            deleted: part("deleted", PartKind::Deleted),
            edges: Vec::new(),
            edge: None,
            headers: 0,
            footers: 0,
            tally: Tally::default(),
            label: None,
            row_open: false,
            cell_open: false,
            paragraphs: 0,
            last_heading: 0,
            default_font: 0,
        }
    }

    /// The encoding of a font.
    pub(super) fn encoding_of(&self, font: i32) -> Option<&'static Encoding> {
        self.fonts.encoding_of(font)
    }

    fn out(&mut self, destination: Destination) -> &mut PartBuilder {
        match destination {
            Destination::Footnote => &mut self.notes,
            Destination::Comment => &mut self.comments,
            Destination::TextBox => &mut self.boxes,
            Destination::Header | Destination::Footer => self.edge.as_mut().unwrap_or(&mut self.body),
            _ => &mut self.body,
        }
    }

    /// Takes text in the state of a group.
    pub(super) fn text(&mut self, text: &str, group: &mut Group) {
        if text.is_empty() {
            return;
        }
        if !group.is_text() {
            if group.destination == Destination::FontTable {
                self.fonts.text(group.font, &mut group.text, text);
            } else if group.destination != Destination::Skip && group.text.len() < 100_000 {
                group.text.push_str(text);
            }
            return;
        }
        if group.hidden {
            return;
        }
        if group.deleted {
            self.deleted.line(text, Shape::of(BlockKind::Paragraph));
            return;
        }
        let font = self.fonts.get(group.font);
        let replaced: String;
        let text = match font {
            // Symbol fonts show other signs than their codes say.
            Some(font) if font.name.contains("Symbol") || font.name.contains("Wingdings") => {
                replaced = text.chars().map(|c| symbol(&font.name, c as u32).unwrap_or(c)).collect();
                &replaced
            }
            _ => text,
        };
        let own_mono = font.is_some_and(|font| font.mono);
        let default_mono = self.fonts.get(self.default_font).is_some_and(|font| font.mono);
        let code = own_mono && !default_mono;
        let style =
            RunStyle { bold: group.bold, italic: group.italic, code, equation: false, link: group.link };
        if group.destination == Destination::Body {
            self.tally.weigh(text, Weight { bold: group.bold, underline: group.underline, code });
            self.settle_table(group.in_table);
        }
        self.out(group.destination).write(text, style);
    }

    /// Begins or ends a table of the body, as the paragraph says.
    fn settle_table(&mut self, in_table: bool) {
        if in_table && !self.row_open {
            if !self.body.in_table() {
                self.body.begin_table(Some(Position { page: None, line: Some(self.paragraphs + 1) }));
            }
            self.body.begin_row();
            self.row_open = true;
            self.cell_open = false;
        }
        if in_table && !self.cell_open {
            self.body.begin_cell(1);
            self.cell_open = true;
        } else if !in_table && self.body.in_table() && !self.row_open {
            self.body.end_table();
        }
    }

    /// Takes a control word; whether it is known as the name of a destination or otherwise.
    #[allow(clippy::too_many_lines)] // one arm a word
    pub(super) fn word(&mut self, word: &str, number: Option<i32>, group: &mut Group) -> bool {
        let on = number != Some(0);
        match word {
            "fonttbl" => group.destination = Destination::FontTable,
            "stylesheet" => group.destination = Destination::StyleSheet,
            "info" => group.destination = Destination::Info,
            "header" | "headerl" | "headerr" | "headerf" | "footer" | "footerl" | "footerr" | "footerf" => {
                let header = word.starts_with("header");
                let count = if header { &mut self.headers } else { &mut self.footers };
                *count += 1;
                let (name, kind) =
                    if header { ("header", PartKind::Header) } else { ("footer", PartKind::Footer) };
                self.edge = Some(PartBuilder::new(format!("{name}{count}"), kind, self.limits));
                group.destination = if header { Destination::Header } else { Destination::Footer };
                word.clone_into(&mut group.key);
                group.in_table = false;
            }
            "footnote" => {
                group.destination = Destination::Footnote;
                group.key = "footnote".into();
                group.in_table = false;
                self.notes.begin();
            }
            "annotation" => {
                group.destination = Destination::Comment;
                group.key = "annotation".into();
                group.in_table = false;
            }
            "atnauthor" => group.destination = Destination::CommentAuthor,
            "shptxt" => {
                group.destination = Destination::TextBox;
                group.key = "shptxt".into();
                group.in_table = false;
            }
            "listtext" | "pntext" => group.destination = Destination::ListText,
            "fldinst" => group.destination = Destination::FieldCode,
            "fldrslt" | "shpinst" | "shp" | "shprslt" | "nonshppict" | "shppict" | "field" | "ud" | "upr"
            | "rtf" => {
                // The picture that older readers show is the same once more.
                if matches!(word, "shprslt" | "nonshppict") {
                    group.destination = Destination::Skip;
                }
            }
            "pict" => {
                group.destination = Destination::Picture;
                group.key = "pict".into();
            }
            "colortbl" | "listtable" | "listoverridetable" | "revtbl" | "rsidtbl" | "generator"
            | "xmlnstbl" | "themedata" | "colorschememapping" | "datastore" | "latentstyles" | "pgptbl"
            | "filetbl" | "xe" | "tc" | "template" | "pn" | "sp" | "objdata" | "object" | "bkmkstart"
            | "bkmkend" | "atnid" | "atnref" | "atndate" | "atrfstart" | "atrfend" | "annotationref"
            | "ftnsep" | "ftnsepc" | "ftncn" | "aftnsep" | "aftnsepc" | "mmathPr" | "falt" | "panose"
            | "formfield" | "userprops" => {
                // An object holds the picture of it, which is not data.
                group.destination = if word == "object" { group.destination } else { Destination::Skip };
            }
            "deff" => self.default_font = number.unwrap_or(0),
            "f" => {
                group.font = number.unwrap_or(0);
                if group.destination == Destination::FontTable {
                    self.fonts.begin(group.font);
                }
            }
            "fcharset" if group.destination == Destination::FontTable => {
                self.fonts.set_charset(group.font, number.unwrap_or(0));
            }
            "s" => group.style = number.unwrap_or(0),
            "outlinelevel" => group.outline = number.and_then(|n| u8::try_from(n).ok()).filter(|n| *n < 9),
            "plain" => {
                group.bold = false;
                group.italic = false;
                group.underline = false;
                group.hidden = false;
                group.deleted = false;
                group.font = self.default_font;
            }
            "b" => group.bold = on,
            "i" => group.italic = on,
            "ul" | "uld" | "uldb" | "ulw" => group.underline = on,
            "ulnone" => group.underline = false,
            "v" => group.hidden = on,
            "deleted" => group.deleted = on,
            "pard" => {
                group.style = 0;
                group.outline = None;
                group.in_table = false;
            }
            "intbl" => group.in_table = true,
            "par" | "sect" => self.end_paragraph(group),
            // A page ends what stands before it, as a paragraph does.
            "page" | "column" => {
                if group.is_text() && !self.out(group.destination).open_text().trim().is_empty() {
                    self.end_paragraph(group);
                }
            }
            // Only the body has tables; elsewhere a row is a line, with tabs between its cells.
            "cell" | "nestcell" if group.is_text() && group.destination != Destination::Body => {
                self.out(group.destination).write("\t", RunStyle::default());
            }
            "row" | "nestrow" if group.is_text() && group.destination != Destination::Body => {
                self.end_paragraph(group);
            }
            "cell" | "nestcell" => {
                if group.is_text() {
                    self.settle_table(true);
                    self.end_cell();
                }
            }
            "row" | "nestrow" => {
                self.body.end_cell();
                self.row_open = false;
                self.cell_open = false;
                self.tally = Tally::default();
            }
            _ if group.destination == Destination::Info => {
                group.destination = Destination::Value;
                word.clone_into(&mut group.key);
            }
            _ => return false,
        }
        true
    }

    fn end_cell(&mut self) {
        self.body.end_cell();
        self.tally = Tally::default();
        self.label = None;
        self.cell_open = false;
    }

    fn end_paragraph(&mut self, group: &Group) {
        if !group.is_text() {
            return;
        }
        match group.destination {
            Destination::Body => {}
            Destination::Footnote | Destination::Comment => {
                let out = self.out(group.destination);
                out.write("\n", RunStyle::default());
                return;
            }
            destination => {
                self.out(destination).end(Shape::default());
                return;
            }
        }
        self.settle_table(group.in_table);
        self.paragraphs += 1;
        let tally = std::mem::take(&mut self.tally);
        let label = self.label.take();
        let role =
            self.roles.get(&group.style).copied().or(group.outline.map(|level| Role::Heading(level + 1)));
        let bullet = label.as_deref().map(|label| !label.chars().any(char::is_alphanumeric));
        let facts = Facts {
            role,
            numbered: bullet.map(|bullet| !bullet),
            list_level: 1,
            in_table: self.body.in_table(),
            code_mark: false,
            last_heading: self.last_heading,
        };
        let shape = tally.shape(self.body.open_text(), facts);
        if let (Some(BlockKind::Heading), Some(level), Some(_)) = (shape.kind, shape.level, role) {
            self.last_heading = level;
        }
        let at = Position { page: None, line: Some(self.paragraphs) };
        self.body.end(Shape { label, ..shape }.at(at));
    }

    /// Takes the end of a group: `inner` was open, `outer` is again.
    pub(super) fn end_group(
        &mut self,
        inner: &Group,
        outer: &mut Group,
        properties: &mut Properties,
    ) -> Result<()> {
        let text = inner.text.trim();
        let ends = inner.destination != outer.destination;
        match inner.destination {
            // The last name may lack its semicolon.
            Destination::FontTable => self.fonts.name(inner.font, text),
            Destination::StyleSheet => {
                let name = text.trim_end_matches(';').trim();
                if let Some(role) = Role::of_style(name) {
                    self.roles.insert(inner.style, role);
                }
            }
            Destination::Value => properties.add(&inner.key, text),
            Destination::CommentAuthor => {
                self.comments.line(text, Shape::of(BlockKind::Property).label("author"));
            }
            Destination::ListText if ends => {
                let label = text.trim_matches(['\t', ' ']);
                if !label.is_empty() {
                    self.label = Some(label.to_owned());
                }
            }
            Destination::FieldCode => {
                if ends {
                    let mut words = text.split_whitespace();
                    if words.next().is_some_and(|word| word.eq_ignore_ascii_case("hyperlink"))
                        && let Some(target) = text.split('"').nth(1)
                    {
                        self.links.line(target, Shape::of(BlockKind::Property));
                        outer.link = true;
                    }
                } else {
                    outer.text.push_str(&inner.text);
                }
            }
            Destination::Picture if ends => self.body.figure(None),
            Destination::Footnote if ends => _ = self.notes.end(Shape::of(BlockKind::Footnote)),
            Destination::Comment if ends => _ = self.comments.end(Shape::of(BlockKind::Comment)),
            Destination::TextBox if ends => _ = self.boxes.end(Shape::default()),
            Destination::Header | Destination::Footer if ends => {
                if let Some(edge) = self.edge.take() {
                    self.edges.push(edge.finish()?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The parts.
    pub(super) fn finish(mut self) -> Result<Vec<Part>> {
        let last = Group { in_table: self.row_open, ..Group::default() };
        self.end_paragraph(&last);
        let mut parts = self.edges;
        for builder in [self.body, self.boxes, self.notes, self.comments, self.deleted, self.links] {
            parts.push(builder.finish()?);
        }
        Ok(parts)
    }
}

/// The text of a control word that stands for a character.
pub(super) fn shown(word: &str) -> Option<&'static str> {
    Some(match word {
        "tab" => "\t",
        "line" | "lbr" => "\n",
        "emdash" => "—",
        "endash" => "–",
        "lquote" => "‘",
        "rquote" => "’",
        "ldblquote" => "“",
        "rdblquote" => "”",
        "bullet" => "•",
        "emspace" | "enspace" | "qmspace" => " ",
        _ => return None,
    })
}
