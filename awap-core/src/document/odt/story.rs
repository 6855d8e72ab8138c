//! A text of an ODF file: the body, a header, a footer.

use std::collections::BTreeMap;

use super::super::build::{PartBuilder, Shape};
use super::super::reader::Context;
use super::super::role::{CodeFont, Facts, Role, RunProps, Tally, Weight};
use super::super::xml::{Element, Node, Ns, Xml};
use super::super::{BlockKind, Part, PartKind, Position, RunStyle};
use super::lists::{Ended, List};
use super::styles::{LEVELS, Styles};
use crate::Result;

/// What stories leave beside their text.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) text_boxes: Vec<Part>,
    pub(super) footnotes: Vec<Part>,
    pub(super) endnotes: Vec<Part>,
    pub(super) comments: Vec<Part>,
    pub(super) deleted: Vec<Part>,
    pub(super) links: Vec<String>,
    pub(super) alternatives: Vec<String>,
    pub(super) authors: Vec<String>,
    /// Formulas are files of their own in the package: the text of each, by its folder.
    pub(super) formulas: BTreeMap<String, String>,
    pub(super) code_font: CodeFont,
}

impl Beside {
    /// Nothing but what the package holds before a story is read.
    pub(super) fn anew(self) -> Self {
        Self { formulas: self.formulas, ..Self::default() }
    }
}

/// Where a flow's part goes once it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Main,
    TextBox,
    Footnote,
    Endnote,
    Comment,
    Deleted,
}

/// A text that flows: the story itself, a text box, a note.
struct Flow {
    target: Target,
    builder: PartBuilder,
    paragraph: Option<Open>,
    lists: Vec<List>,
    label: Option<String>,
}

/// A paragraph that is open.
struct Open {
    role: Option<Role>,
    /// Looks: the paragraph's own, then those of the spans in it.
    looks: Vec<RunProps>,
    tally: Tally,
    label: Option<(String, bool)>,
    level: u8,
    at: Position,
}

/// Reads one story.
pub(super) struct Story<'s> {
    cx: &'s Context<'s>,
    styles: &'s Styles,
    beside: &'s mut Beside,
    flows: Vec<Flow>,
    /// Numbers of lists, for those that continue them.
    ended: Ended,
    outline: [u32; LEVELS],
    links: usize,
    notes: u32,
    paragraphs: u32,
    last_heading: u8,
    mono_means_code: bool,
}

impl<'s> Story<'s> {
    pub(super) fn new(
        cx: &'s Context<'s>,
        styles: &'s Styles,
        beside: &'s mut Beside,
        name: &str,
        kind: PartKind,
    ) -> Self {
        let mono_means_code = styles.mono_means_code();
        let mut story = Self {
            cx,
            styles,
            beside,
            flows: Vec::new(),
            ended: Ended::new(),
            outline: [0; LEVELS],
            links: 0,
            notes: 0,
            paragraphs: 0,
            last_heading: 0,
            mono_means_code,
        };
        story.begin_flow(Target::Main, name, kind);
        story
    }

    fn begin_flow(&mut self, target: Target, name: &str, kind: PartKind) {
        let builder = PartBuilder::new(name, kind, self.cx.limits);
        self.flows.push(Flow { target, builder, paragraph: None, lists: Vec::new(), label: None });
    }

    fn flow(&mut self) -> Option<&mut Flow> {
        self.flows.last_mut()
    }

    /// Reads up to the end of the element that has just begun.
    pub(super) fn read(mut self, xml: &mut Xml<'_, '_>) -> Result<Part> {
        let mut depth = 1_usize;
        while depth > 0 {
            match xml.next()? {
                Node::Start(e) => {
                    if self.start(&e, xml)? {
                        depth += 1;
                    }
                }
                Node::End(ns, local) => {
                    depth -= 1;
                    if depth > 0 {
                        self.end(ns, local)?;
                    }
                }
                Node::Text(text) => self.text(&text),
                Node::Eof => break,
            }
        }
        while self.flows.len() > 1 {
            self.end_flow()?;
        }
        self.end_paragraph();
        match self.flows.pop() {
            Some(flow) => flow.builder.finish(),
            None => Err(crate::Error::new(crate::ErrorCode::Internal, "A story lost its text.")),
        }
    }

    /// Takes the start of an element; false if it was read to its end.
    #[allow(clippy::too_many_lines)] // one arm an element
    fn start(&mut self, e: &Element<'_>, xml: &mut Xml<'_, '_>) -> Result<bool> {
        match (e.ns, e.local) {
            (Ns::Text, "p") => self.begin_paragraph(e, None),
            (Ns::Text, "h") => {
                let level = e.number::<u8>("outline-level").unwrap_or(1).clamp(1, LEVELS as u8);
                self.begin_paragraph(e, Some(level));
            }
            (Ns::Text, "span") => {
                let props = self.styles.get(&e.attr("style-name").unwrap_or_default());
                let mut run = props.run;
                if props.role == Some(Role::Code) {
                    run.mono = Some(true);
                }
                if let Some(open) = self.flow().and_then(|flow| flow.paragraph.as_mut()) {
                    let base = open.looks.last().copied().unwrap_or_default();
                    open.looks.push(run.over(base));
                }
            }
            (Ns::Text, "a") => {
                self.links += 1;
                if let Some(target) = e.attr("href").filter(|target| !target.starts_with('#')) {
                    self.beside.links.push(target.into_owned());
                }
            }
            (Ns::Text, "s") => {
                let count = e.number::<usize>("c").unwrap_or(1).min(200);
                self.write(&" ".repeat(count));
            }
            (Ns::Text, "tab") => self.write("\t"),
            (Ns::Text, "line-break") => self.write("\n"),
            (Ns::Text, "list") => self.begin_list(e),
            (Ns::Text, "list-item" | "list-header") => {
                let counts = e.local == "list-item";
                let set = e.number::<u32>("start-value");
                self.begin_item(counts, set);
            }
            (Ns::Text, "note") => {
                let endnote = e.attr("note-class").as_deref() == Some("endnote");
                let target = if endnote { Target::Endnote } else { Target::Footnote };
                self.begin_flow(target, "", if endnote { PartKind::Endnote } else { PartKind::Footnote });
                self.notes += 1;
                let number = self.notes.to_string();
                if let Some(flow) = self.flow() {
                    flow.label = Some(number);
                }
            }
            (Ns::Text, "note-citation") => {
                let label = xml.text()?;
                if let Some(flow) = self.flow()
                    && !label.trim().is_empty()
                {
                    flow.label = Some(label.trim().to_owned());
                }
                return Ok(false);
            }
            (Ns::Office, "annotation") => self.begin_flow(Target::Comment, "", PartKind::Comment),
            (Ns::Other, "creator") => {
                let author = xml.text()?;
                if self.flow().is_some_and(|flow| flow.target == Target::Comment) {
                    let at = self.here();
                    if let Some(flow) = self.flow() {
                        flow.builder.line(&author, Shape::of(BlockKind::Property).label("author").at(at));
                    }
                } else if !self.beside.authors.contains(&author) && self.beside.authors.len() < 1000 {
                    self.beside.authors.push(author);
                }
                return Ok(false);
            }
            (Ns::Text, "deletion") => self.begin_flow(Target::Deleted, "", PartKind::Deleted),
            (Ns::Draw, local) if is_shape(local) => self.begin_flow(Target::TextBox, "", PartKind::TextBox),
            (Ns::Draw, "image") => {
                let at = Some(self.here());
                if let Some(flow) = self.flow() {
                    flow.builder.figure(at);
                }
                // The alternative picture of an object, and text within the image, are not shown.
                xml.skip()?;
                return Ok(false);
            }
            (Ns::Draw, "object") => {
                let path = e.attr("href").unwrap_or_default();
                if let Some(text) = self.beside.formulas.get(path.trim_start_matches("./")).cloned() {
                    self.equation(&text);
                }
            }
            (Ns::MathMl, "math") => {
                let text = mathml(xml)?;
                self.equation(&text);
                return Ok(false);
            }
            (_, "title" | "desc") if e.ns == Ns::Other => {
                let text = xml.text()?;
                if !text.trim().is_empty() {
                    self.beside.alternatives.push(text);
                }
                return Ok(false);
            }
            (Ns::Table, "table") => {
                let at = Some(self.here());
                self.end_paragraph();
                if let Some(flow) = self.flow() {
                    flow.builder.begin_table(at);
                }
            }
            (Ns::Table, "table-row") => {
                if let Some(flow) = self.flow() {
                    flow.builder.begin_row();
                }
            }
            (Ns::Table, "table-cell") => {
                // A cell over several columns or rows is followed by those that it covers.
                if let Some(flow) = self.flow() {
                    flow.builder.begin_cell(1);
                }
            }
            (Ns::Table, "covered-table-cell") => {
                let columns = e.number::<u32>("number-columns-repeated").unwrap_or(1);
                if let Some(flow) = self.flow() {
                    flow.builder.skip_columns(columns.clamp(1, 1000));
                }
            }
            (Ns::Text, "ruby-text")
            | (Ns::Office, "forms" | "event-listeners" | "binary-data")
            | (Ns::Other, "date") => {
                xml.skip()?;
                return Ok(false);
            }
            (_, local) if local.ends_with("-source") || local == "sequence-decls" => {
                xml.skip()?;
                return Ok(false);
            }
            _ => {}
        }
        Ok(true)
    }

    fn end(&mut self, ns: Ns, local: &str) -> Result<()> {
        match (ns, local) {
            (Ns::Text, "p" | "h") => self.end_paragraph(),
            (Ns::Text, "span") => {
                if let Some(open) = self.flow().and_then(|flow| flow.paragraph.as_mut())
                    && open.looks.len() > 1
                {
                    open.looks.pop();
                }
            }
            (Ns::Text, "a") => self.links = self.links.saturating_sub(1),
            (Ns::Text, "list") => {
                if let Some(flow) = self.flow() {
                    flow.lists.pop();
                }
            }
            (Ns::Text, "note" | "deletion") | (Ns::Office, "annotation") if self.flows.len() > 1 => {
                self.end_flow()?;
            }
            (Ns::Draw, local) if is_shape(local) && self.flows.len() > 1 => self.end_flow()?,
            (Ns::Table, "table-cell") => {
                self.end_paragraph();
                if let Some(flow) = self.flow() {
                    flow.builder.end_cell();
                }
            }
            (Ns::Table, "table") => {
                if let Some(flow) = self.flow() {
                    flow.builder.end_table();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn here(&self) -> Position {
        Position { page: None, line: Some(self.paragraphs.max(1)) }
    }

    fn begin_paragraph(&mut self, e: &Element<'_>, heading: Option<u8>) {
        self.end_paragraph();
        self.paragraphs += 1;
        let style = self.styles.get(&e.attr("style-name").unwrap_or_default());
        let role = match style.role {
            Some(role @ (Role::Title | Role::Caption)) => Some(role),
            role => heading
                .map(Role::Heading)
                .or(role.filter(|role| !matches!(role, Role::Heading(_)) || heading.is_none())),
        };
        let (label, level) = self.number(heading, style.list.as_deref());
        let at = self.here();
        let Some(flow) = self.flow() else { return };
        let in_note = matches!(flow.target, Target::Footnote | Target::Endnote | Target::Comment);
        if in_note && flow.builder.is_open() {
            flow.builder.write("\n", RunStyle::default());
        } else {
            flow.builder.begin();
        }
        let (looks, tally) = (vec![style.run], Tally::default());
        flow.paragraph = Some(Open { role, looks, tally, label, level, at });
    }

    /// The number of the paragraph that begins.
    fn number(&mut self, heading: Option<u8>, style_list: Option<&str>) -> (Option<(String, bool)>, u8) {
        let styles = self.styles;
        let Some(flow) = self.flows.last_mut() else { return (None, 1) };
        if let Some(list) = flow.lists.last_mut() {
            let level = list.level();
            let style = if list.style.is_empty() {
                style_list.unwrap_or_default().to_owned()
            } else {
                list.style.clone()
            };
            let label = list.number(&mut self.ended).and_then(|counts| styles.label(&style, counts));
            return (label, level);
        }
        let Some(level) = heading.map(usize::from).filter(|_| flow.target == Target::Main) else {
            return (None, 1);
        };
        let (Some(upper), Some(own)) = (self.outline.get(..level), self.outline.get(level - 1)) else {
            return (None, 1);
        };
        let mut counts = upper.to_vec();
        if let Some(last) = counts.last_mut() {
            *last = own.saturating_add(1);
        }
        let label = styles.outline_label(&counts);
        if let Some(own) = self.outline.get_mut(level - 1) {
            *own = own.saturating_add(1);
        }
        self.outline.iter_mut().skip(level).for_each(|count| *count = 0);
        (label, 1)
    }

    fn end_paragraph(&mut self) {
        let last_heading = self.last_heading;
        let Some(flow) = self.flows.last_mut() else { return };
        let Some(open) = flow.paragraph.take() else { return };
        if matches!(flow.target, Target::Footnote | Target::Endnote | Target::Comment) {
            return;
        }
        self.beside.code_font.add(&open.tally);
        let facts = Facts {
            role: open.role,
            numbered: open.label.as_ref().map(|(_, numbered)| *numbered),
            list_level: open.level,
            in_table: flow.builder.in_table(),
            code_mark: false,
            last_heading,
        };
        let shape = open.tally.shape(flow.builder.open_text(), facts);
        if let (Some(BlockKind::Heading), Some(level), Some(Role::Heading(_))) =
            (shape.kind, shape.level, open.role)
        {
            self.last_heading = level;
        }
        flow.builder.end(Shape { label: open.label.map(|(label, _)| label), at: Some(open.at), ..shape });
    }

    fn end_flow(&mut self) -> Result<()> {
        self.end_paragraph();
        let Some(mut flow) = self.flows.pop() else { return Ok(()) };
        let kind = match flow.target {
            Target::Footnote | Target::Endnote => Some(BlockKind::Footnote),
            Target::Comment => Some(BlockKind::Comment),
            _ => None,
        };
        if let Some(kind) = kind {
            flow.builder.end(Shape { kind: Some(kind), label: flow.label.take(), ..Shape::default() });
        }
        let part = flow.builder.finish()?;
        match flow.target {
            Target::Footnote => self.beside.footnotes.push(part),
            Target::Endnote => self.beside.endnotes.push(part),
            Target::Comment => self.beside.comments.push(part),
            Target::Deleted => self.beside.deleted.push(part),
            Target::TextBox | Target::Main => self.beside.text_boxes.push(part),
        }
        Ok(())
    }

    fn begin_list(&mut self, e: &Element<'_>) {
        let continues =
            e.attr("continue-numbering").as_deref() == Some("true") || e.attr("continue-list").is_some();
        let named = e.attr("style-name").map(std::borrow::Cow::into_owned);
        let Some(flow) = self.flows.last_mut() else { return };
        let list = List::begin(named, continues, flow.lists.last(), &self.ended, self.styles);
        flow.lists.push(list);
    }

    fn begin_item(&mut self, counted: bool, set: Option<u32>) {
        if let Some(list) = self.flows.last_mut().and_then(|flow| flow.lists.last_mut()) {
            list.begin_item(counted, set);
        }
    }

    /// Text between tags, in which white space counts as one space.
    fn text(&mut self, text: &str) {
        if self.flows.last().is_none_or(|flow| flow.paragraph.is_none()) {
            return;
        }
        let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
        let starts = text.starts_with(blank);
        let ends = text.ends_with(blank);
        let mut words = text.split(blank).filter(|word| !word.is_empty()).peekable();
        if starts {
            self.space();
        }
        if words.peek().is_none() {
            return;
        }
        if text.contains(['\t', '\n', '\r']) || text.contains("  ") {
            let words: Vec<&str> = words.collect();
            self.write(&words.join(" "));
        } else {
            self.write(text.trim_matches(blank));
        }
        if ends {
            self.space();
        }
    }

    /// A space, unless one was just written.
    fn space(&mut self) {
        let follows = self.flows.last().is_some_and(|flow| {
            let text = flow.builder.open_text();
            text.is_empty() || text.ends_with([' ', '\n', '\t'])
        });
        if !follows {
            self.write(" ");
        }
    }

    fn write(&mut self, text: &str) {
        let link = self.links > 0;
        let mono_means_code = self.mono_means_code;
        let Some(flow) = self.flows.last_mut() else { return };
        let Some(open) = &mut flow.paragraph else { return };
        let props = open.looks.last().copied().unwrap_or_default();
        let style = RunStyle {
            bold: props.bold == Some(true),
            italic: props.italic == Some(true),
            code: mono_means_code && props.mono == Some(true),
            equation: false,
            link,
        };
        let weight = Weight { bold: style.bold, underline: props.underline == Some(true), code: style.code };
        open.tally.weigh(text, weight);
        flow.builder.write(text, style);
    }

    fn equation(&mut self, text: &str) {
        let Some(flow) = self.flows.last_mut() else { return };
        if let Some(open) = &mut flow.paragraph {
            open.tally.has_equation = true;
        }
        flow.builder.write(text, RunStyle { equation: true, ..RunStyle::default() });
    }
}

/// What may hold paragraphs of its own within one of the text.
fn is_shape(local: &str) -> bool {
    matches!(
        local,
        "text-box"
            | "custom-shape"
            | "rect"
            | "ellipse"
            | "circle"
            | "polygon"
            | "polyline"
            | "regular-polygon"
            | "path"
            | "line"
            | "connector"
            | "caption"
            | "measure"
    )
}

/// `MathML` as its signs one after another; an annotation, which repeats the formula in another notation, is passed over.
pub(super) fn mathml(xml: &mut Xml<'_, '_>) -> Result<String> {
    let mut words: Vec<String> = Vec::new();
    let mut depth = 1_usize;
    while depth > 0 {
        match xml.next()? {
            Node::Start(e) if e.local.starts_with("annotation") => xml.skip()?,
            Node::Start(_) => depth += 1,
            Node::End(..) => depth -= 1,
            Node::Text(text) => {
                if !text.trim().is_empty() {
                    words.push(text.trim().to_owned());
                }
            }
            Node::Eof => break,
        }
    }
    Ok(words.join(" "))
}
