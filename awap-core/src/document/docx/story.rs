//! A story: the body, a header, the footnotes. Word's own name for a text that flows by itself.
//!
//! One loop over the XML; what is open is kept in [`Story::flows`], a stack on which a text box lies above the
//! paragraph that it is anchored in.

use super::super::build::{PartBuilder, Shape};
use super::super::reader::Context;
use super::super::role::{CodeFont, Role, RunProps, Weight};
use super::super::xml::{Element, Node, Ns, Xml};
use super::super::{BlockKind, Part, PartKind, Position, RunStyle, fonts};
use super::numbering::{Counters, Numbering};
use super::paragraph::Paragraph;
use super::styles::{Styles, take_run};
use super::{Collected, Relations, math};
use crate::Result;

/// What the stories of one document share.
pub(super) struct Shared<'s> {
    pub(super) cx: &'s Context<'s>,
    pub(super) styles: &'s Styles<'s>,
    pub(super) numbering: &'s Numbering,
    pub(super) counters: Counters,
    pub(super) collected: Collected,
    pub(super) code_font: CodeFont,
}

/// A field (`PAGE`, `HYPERLINK "…"`): its instruction is not shown, its result is.
#[derive(Debug, Default)]
struct Field {
    instruction: String,
    in_result: bool,
    is_link: bool,
}

/// A drawing or picture.
#[derive(Debug, Default)]
struct Drawing {
    images: u32,
}

/// A text that flows: the story itself, or a text box in it.
struct Flow {
    builder: PartBuilder,
    paragraph: Option<Paragraph>,
    run: RunProps,
    fields: Vec<Field>,
    /// The last paragraph's mark is deleted: the next one continues it.
    continues: Option<Paragraph>,
    /// A cell has begun and its properties are not known yet: the columns it spans.
    cell: Option<u32>,
}

impl Flow {
    fn new(builder: PartBuilder) -> Self {
        Self {
            builder,
            paragraph: None,
            run: RunProps::default(),
            fields: Vec::new(),
            continues: None,
            cell: None,
        }
    }
}

/// A note or comment that is being read.
struct Note {
    kind: BlockKind,
    label: Option<String>,
}

/// Reads one story.
pub(super) struct Story<'s, 'd> {
    shared: &'d mut Shared<'s>,
    relations: &'d Relations,
    flows: Vec<Flow>,
    drawings: Vec<Drawing>,
    /// For each open `mc:AlternateContent`, whether a branch was taken.
    alternatives: Vec<bool>,
    /// Open `w:del` and `w:moveFrom`.
    deleting: usize,
    deleted: String,
    /// Open `w:hyperlink`.
    links: usize,
    note: Option<Note>,
    notes: u32,
    paragraphs: u32,
    last_heading: u8,
}

impl<'s, 'd> Story<'s, 'd> {
    pub(super) fn new(
        shared: &'d mut Shared<'s>,
        relations: &'d Relations,
        name: &str,
        kind: PartKind,
    ) -> Self {
        let builder = PartBuilder::new(name, kind, shared.cx.limits);
        Self {
            shared,
            relations,
            flows: vec![Flow::new(builder)],
            drawings: Vec::new(),
            alternatives: Vec::new(),
            deleting: 0,
            deleted: String::new(),
            links: 0,
            note: None,
            notes: 0,
            paragraphs: 0,
            last_heading: 0,
        }
    }

    /// Reads the whole story; the part, and whether its XML was damaged.
    pub(super) fn read(mut self, mut xml: Xml<'_, '_>) -> Result<(Part, bool)> {
        loop {
            match xml.next()? {
                Node::Start(e) => match e.ns {
                    Ns::Word => self.start_word(&e, &mut xml)?,
                    Ns::Math if matches!(e.local, "oMath" | "oMathPara") => {
                        let text = math::read(&mut xml)?;
                        self.equation(&text);
                    }
                    Ns::Compat => match e.local {
                        "AlternateContent" => self.alternatives.push(false),
                        "Choice" | "Fallback" => match self.alternatives.last_mut() {
                            Some(taken) if !*taken => *taken = true,
                            _ => xml.skip()?,
                        },
                        _ => {}
                    },
                    _ => self.start_drawing(&e),
                },
                Node::End(Ns::Word, local) => self.end_word(local)?,
                Node::End(Ns::Compat, "AlternateContent") => _ = self.alternatives.pop(),
                Node::End(..) | Node::Text(_) => {}
                Node::Eof => break,
            }
        }
        while self.flows.len() > 1 {
            self.end_text_box()?;
        }
        self.end_note();
        self.flush_deleted();
        let damaged = xml.is_damaged();
        let Some(mut flow) = self.flows.pop() else {
            return Err(crate::Error::new(crate::ErrorCode::Internal, "A story lost its text."));
        };
        if let Some(open) = flow.continues.take().or_else(|| flow.paragraph.take()) {
            let shape = open.shape(flow.builder.open_text(), false, self.last_heading);
            flow.builder.end(shape);
        }
        Ok((flow.builder.finish()?, damaged))
    }

    fn flow(&mut self) -> Option<&mut Flow> {
        self.flows.last_mut()
    }

    #[allow(clippy::too_many_lines)] // one arm an element
    fn start_word(&mut self, e: &Element<'_>, xml: &mut Xml<'_, '_>) -> Result<()> {
        match e.local {
            "p" => self.begin_paragraph(),
            "pPr" => self.paragraph_properties(xml)?,
            "r" => {
                if let Some(flow) = self.flow() {
                    flow.run = RunProps::default();
                }
            }
            "rPr" => self.run_properties(xml)?,
            "t" | "delText" => {
                let keep = e.attr("space").as_deref() == Some("preserve");
                let text = xml.text()?;
                let text = if keep { text.as_str() } else { text.trim_matches([' ', '\n', '\r', '\t']) };
                // A line break within the element is white space of the XML, not of the text.
                if text.contains(['\n', '\r']) {
                    self.write(&text.replace(['\n', '\r'], " "));
                } else {
                    self.write(text);
                }
            }
            "tab" | "ptab" => self.write("\t"),
            "br" | "cr" => self.write("\n"),
            "noBreakHyphen" => self.write("\u{2011}"),
            "sym" => {
                let font = e.attr("font").unwrap_or_default();
                let code = e.attr("char").and_then(|c| u32::from_str_radix(&c, 16).ok());
                if let Some(c) = code.and_then(|code| fonts::symbol(&font, code).or_else(|| shown(code))) {
                    self.write(c.encode_utf8(&mut [0; 4]));
                }
            }
            "instrText" => {
                let text = xml.text()?;
                if let Some(field) = self.flow().and_then(|flow| flow.fields.last_mut()) {
                    field.instruction.push_str(&text);
                }
            }
            "fldChar" => self.field_mark(e.attr("fldCharType").as_deref()),
            "fldSimple" => {
                if let Some(target) = e.attr("instr").as_deref().and_then(link_target) {
                    self.shared.collected.link(target);
                }
            }
            "hyperlink" => {
                self.links += 1;
                if let Some(target) = e.attr("id").and_then(|id| self.relations.external(&id)) {
                    self.shared.collected.link(target);
                }
            }
            "tbl" => {
                self.settle_cell();
                let at = Some(self.here());
                if let Some(flow) = self.flow() {
                    flow.paragraph = None;
                    flow.builder.begin_table(at);
                }
            }
            "tr" => {
                if let Some(flow) = self.flow() {
                    flow.builder.begin_row();
                }
            }
            "gridBefore" => {
                if let (Some(columns), Some(flow)) = (e.number("val"), self.flow()) {
                    flow.builder.skip_columns(columns);
                }
            }
            "tc" => {
                if let Some(flow) = self.flow() {
                    flow.cell = Some(1);
                }
            }
            "gridSpan" => {
                if let (Some(span), Some(flow)) = (e.number("val"), self.flow()) {
                    flow.cell = flow.cell.map(|_| span);
                }
            }
            "ins" | "moveTo" => self.author(e),
            "del" | "moveFrom" => {
                self.author(e);
                self.deleting += 1;
            }
            "trPr" => self.row_properties(xml)?,
            "txbxContent" => {
                let builder = PartBuilder::new("textboxes", PartKind::TextBox, self.shared.cx.limits);
                self.flows.push(Flow::new(builder));
            }
            "drawing" | "pict" | "object" => self.drawings.push(Drawing::default()),
            "footnote" | "endnote" => {
                if matches!(
                    e.attr("type").as_deref(),
                    Some("separator" | "continuationSeparator" | "continuationNotice")
                ) {
                    xml.skip()?;
                } else {
                    self.notes += 1;
                    self.note = Some(Note { kind: BlockKind::Footnote, label: Some(self.notes.to_string()) });
                }
            }
            "comment" => {
                let author = e.attr("author").unwrap_or_default().into_owned();
                let at = self.here();
                if let Some(flow) = self.flow() {
                    flow.builder.line(&author, Shape::of(BlockKind::Property).label("author").at(at));
                }
                self.note = Some(Note { kind: BlockKind::Comment, label: None });
            }
            "sdtPr" | "sdtEndPr" | "sectPrChange" | "tblPrChange" | "tcPrChange" | "trPrChange"
            | "tblGridChange" | "rt" => {
                self.author(e);
                xml.skip()?;
            }
            "altChunk" => self.shared.collected.embedded = true,
            _ => {}
        }
        Ok(())
    }

    fn end_word(&mut self, local: &str) -> Result<()> {
        match local {
            "p" => self.end_paragraph(),
            "tc" => {
                self.settle_cell();
                self.close_continued();
                if let Some(flow) = self.flow() {
                    flow.builder.end_cell();
                }
            }
            "tbl" => {
                self.close_continued();
                if let Some(flow) = self.flow() {
                    flow.builder.end_table();
                }
            }
            "del" | "moveFrom" => {
                self.deleting = self.deleting.saturating_sub(1);
                self.flush_deleted();
            }
            "hyperlink" => self.links = self.links.saturating_sub(1),
            "txbxContent" if self.flows.len() > 1 => self.end_text_box()?,
            "drawing" | "pict" | "object" => {
                let images = self.drawings.pop().map_or(0, |drawing| drawing.images);
                let at = Some(self.here());
                if let Some(flow) = self.flow() {
                    (0..images).for_each(|_| flow.builder.figure(at));
                }
            }
            "footnote" | "endnote" | "comment" => self.end_note(),
            _ => {}
        }
        Ok(())
    }

    /// What is told from the parts of a drawing: images and what is said in their place.
    fn start_drawing(&mut self, e: &Element<'_>) {
        let (ns, local) = (e.ns, e.local);
        if self.drawings.is_empty() {
            return;
        }
        if matches!((ns, local), (Ns::Vml, "imagedata") | (Ns::Other, "pic" | "chart" | "relIds"))
            && let Some(drawing) = self.drawings.last_mut()
        {
            drawing.images = drawing.images.saturating_add(1).min(1000);
        }
        let said = match (ns, local) {
            (Ns::Anchor, "docPr") | (Ns::Other, "cNvPr") => ["descr", "title"],
            // What is drawn as a picture of letters, a watermark say.
            (Ns::Vml, "textpath") => ["string", "title"],
            (Ns::Vml, _) => ["alt", "title"],
            _ => return,
        };
        for name in said {
            if let Some(text) = e.attr(name) {
                self.shared.collected.alternative(&text);
            }
        }
    }

    fn here(&self) -> Position {
        Position { page: None, line: Some(self.paragraphs + 1) }
    }

    fn author(&mut self, e: &Element<'_>) {
        if let Some(author) = e.attr("author") {
            self.shared.collected.author(&author);
        }
    }

    /// Begins the cell that was announced, now that its span is known.
    fn settle_cell(&mut self) {
        if let Some(flow) = self.flow()
            && let Some(span) = flow.cell.take()
        {
            flow.builder.begin_cell(span);
        }
    }

    fn begin_paragraph(&mut self) {
        self.settle_cell();
        self.paragraphs += 1;
        let at = self.here();
        let in_note = self.note.is_some() && self.flows.len() == 1;
        let default = self.shared.styles.default_paragraph().run;
        let Some(flow) = self.flow() else { return };
        match flow.continues.take() {
            Some(open) if flow.builder.is_open() => flow.paragraph = Some(open.go_on(default)),
            _ => {
                if in_note && flow.builder.is_open() && !flow.builder.in_table() {
                    flow.builder.write("\n", RunStyle::default());
                } else {
                    flow.builder.begin();
                }
                flow.paragraph =
                    Some(Paragraph::new(default, Position { line: at.line.map(|n| n - 1), ..at }));
            }
        }
        flow.run = RunProps::default();
    }

    fn end_paragraph(&mut self) {
        let in_note = self.note.is_some() && self.flows.len() == 1;
        let last_heading = self.last_heading;
        let Some(flow) = self.flows.last_mut() else { return };
        // A field whose end is missing must not hide all that follows.
        flow.fields.iter_mut().for_each(|field| field.in_result = true);
        let Some(mut paragraph) = flow.paragraph.take() else { return };
        if paragraph.mark_deleted && !in_note {
            paragraph.mark_deleted = false;
            flow.continues = Some(paragraph);
            return;
        }
        if in_note && !flow.builder.in_table() {
            return;
        }
        self.shared.code_font.add(&paragraph.tally);
        paragraph.number(self.shared.numbering, &mut self.shared.counters);
        let shape = paragraph.shape(flow.builder.open_text(), flow.builder.in_table(), last_heading);
        if let (Some(BlockKind::Heading), Some(level), Some(_)) = (shape.kind, shape.level, paragraph.role) {
            self.last_heading = level;
        }
        flow.builder.end(shape);
    }

    /// Ends a paragraph that waited for another to continue it.
    fn close_continued(&mut self) {
        let last_heading = self.last_heading;
        if let Some(flow) = self.flows.last_mut()
            && let Some(open) = flow.continues.take()
        {
            let shape = open.shape(flow.builder.open_text(), flow.builder.in_table(), last_heading);
            flow.builder.end(shape);
        }
    }

    fn end_note(&mut self) {
        let Some(note) = self.note.take() else { return };
        if let Some(flow) = self.flows.last_mut() {
            flow.builder.end(Shape { kind: Some(note.kind), label: note.label, ..Shape::default() });
            flow.paragraph = None;
        }
    }

    fn end_text_box(&mut self) -> Result<()> {
        self.close_continued();
        if let Some(flow) = self.flows.pop() {
            self.shared.collected.text_boxes.push(flow.builder.finish()?);
        }
        Ok(())
    }

    fn field_mark(&mut self, kind: Option<&str>) {
        let Some(flow) = self.flows.last_mut() else { return };
        match kind {
            Some("begin") => flow.fields.push(Field::default()),
            Some("separate") => {
                if let Some(field) = flow.fields.last_mut() {
                    field.in_result = true;
                    if let Some(target) = link_target(&field.instruction) {
                        field.is_link = true;
                        self.shared.collected.link(target);
                    }
                }
            }
            Some("end") => _ = flow.fields.pop(),
            _ => {}
        }
    }

    /// Writes text of a run where it belongs: into the paragraph, among what is deleted, or nowhere.
    fn write(&mut self, text: &str) {
        if self.deleting > 0 {
            if self.deleted.len() < self.shared.cx.limits.text_bytes {
                self.deleted.push_str(text);
            }
            return;
        }
        let in_link = self.links > 0;
        let mono_means_code = self.shared.styles.mono_means_code();
        let Some(flow) = self.flows.last_mut() else { return };
        if flow.fields.iter().any(|field| !field.in_result) {
            return;
        }
        let props = match &flow.paragraph {
            Some(paragraph) => flow.run.over(paragraph.run),
            None => flow.run,
        };
        let style = RunStyle {
            bold: props.bold == Some(true),
            italic: props.italic == Some(true),
            code: mono_means_code && props.mono == Some(true),
            equation: false,
            link: in_link || flow.fields.iter().any(|field| field.is_link),
        };
        if let Some(paragraph) = &mut flow.paragraph {
            paragraph.tally.weigh(
                text,
                Weight { bold: style.bold, underline: props.underline == Some(true), code: style.code },
            );
        }
        flow.builder.write(text, style);
    }

    fn equation(&mut self, text: &str) {
        if self.deleting > 0 || text.is_empty() {
            return;
        }
        self.settle_cell();
        if let Some(flow) = self.flows.last_mut() {
            if let Some(paragraph) = &mut flow.paragraph {
                paragraph.tally.has_equation = true;
            }
            flow.builder.write(text, RunStyle { equation: true, ..RunStyle::default() });
        }
    }

    fn flush_deleted(&mut self) {
        if self.deleting == 0 && !self.deleted.is_empty() {
            let text = std::mem::take(&mut self.deleted);
            self.shared.collected.deleted.push(text);
        }
    }

    /// Reads `w:pPr`, its end included.
    fn paragraph_properties(&mut self, xml: &mut Xml<'_, '_>) -> Result<()> {
        let mut found = super::paragraph::Properties::default();
        let mut in_mark = false;
        loop {
            match xml.next()? {
                Node::Start(e) if e.ns == Ns::Word => match e.local {
                    "pPrChange" | "rPrChange" | "sectPr" => {
                        self.author(&e);
                        xml.skip()?;
                    }
                    "rPr" => in_mark = true,
                    "ins" | "del" | "moveFrom" | "moveTo" if in_mark => {
                        self.author(&e);
                        found.mark_deleted |= matches!(e.local, "del" | "moveFrom");
                    }
                    _ if in_mark => take_run(&mut found.mark, &e),
                    _ => found.take(&e),
                },
                Node::End(Ns::Word, "rPr") => in_mark = false,
                Node::End(Ns::Word, "pPr") | Node::Eof => break,
                _ => {}
            }
        }
        let styles = self.shared.styles;
        if let Some(paragraph) = self.flow().and_then(|flow| flow.paragraph.as_mut()) {
            paragraph.apply(found, styles)?;
        }
        Ok(())
    }

    /// Reads `w:rPr` of a run, its end included.
    fn run_properties(&mut self, xml: &mut Xml<'_, '_>) -> Result<()> {
        let mut props = RunProps::default();
        let mut style = RunProps::default();
        loop {
            match xml.next()? {
                Node::Start(e) if e.ns == Ns::Word => match e.local {
                    "rPrChange" => {
                        self.author(&e);
                        xml.skip()?;
                    }
                    "rStyle" => {
                        let named = self.shared.styles.get(&e.attr("val").unwrap_or_default())?;
                        style = named.run;
                        if named.role == Some(Role::Code) {
                            style.mono = Some(true);
                        }
                    }
                    _ => take_run(&mut props, &e),
                },
                Node::End(Ns::Word, "rPr") | Node::Eof => break,
                _ => {}
            }
        }
        if let Some(flow) = self.flow() {
            flow.run = props.over(style);
        }
        Ok(())
    }

    /// Reads `w:trPr`, its end included: `w:ins` and `w:del` in it mark the row and hold no text.
    fn row_properties(&mut self, xml: &mut Xml<'_, '_>) -> Result<()> {
        loop {
            match xml.next()? {
                Node::Start(e) if e.ns == Ns::Word => {
                    self.author(&e);
                    if e.local == "gridBefore"
                        && let (Some(columns), Some(flow)) = (e.number("val"), self.flows.last_mut())
                    {
                        flow.builder.skip_columns(columns);
                    }
                }
                Node::End(Ns::Word, "trPr") | Node::Eof => return Ok(()),
                _ => {}
            }
        }
    }
}

/// The character of a `w:sym` outside of the private use area.
fn shown(code: u32) -> Option<char> {
    char::from_u32(code).filter(|c| !matches!(*c as u32, 0xe000..=0xf8ff | 0..=0x1f))
}

/// The target of a `HYPERLINK` field.
fn link_target(instruction: &str) -> Option<&str> {
    let rest = instruction.trim_start();
    let rest =
        rest.get(..9).filter(|word| word.eq_ignore_ascii_case("hyperlink")).and_then(|_| rest.get(9..))?;
    let rest = rest.trim_start();
    let target = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split_whitespace().next().filter(|word| !word.starts_with('\\'))?,
    };
    (!target.is_empty()).then_some(target)
}
