//! Markdown: the text a reader of the rendered page sees, with the structure that the marks gave it.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::build::{PartBuilder, Shape};
use super::properties::Properties;
use super::reader::{Context, Reader, Reading};
use super::{BlockKind, PartKind, Position, RunStyle, heading, plain};
use crate::{Limits, Result};

/// Reads Markdown (`CommonMark` with tables, footnotes, task lists, formulas and front matter).
pub(super) struct Markdown;

impl Reader for Markdown {
    fn read(&self, bytes: &[u8], cx: &Context<'_>) -> Result<Reading> {
        let (source, warnings) = plain::decode(bytes);
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_MATH
            | Options::ENABLE_HEADING_ATTRIBUTES;
        let (front, text) = front_matter(&source).unwrap_or(("", &source));
        let mut page = Page::new(text, cx.limits);
        page.front_matter(front);
        page.line += source.get(..source.len() - text.len()).unwrap_or_default().matches('\n').count() as u32;
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            cx.tick()?;
            page.reach(range.start);
            page.event(event, range);
        }
        let mut parts = vec![
            page.body.finish()?,
            page.notes.finish()?,
            page.links.finish()?,
            page.alternatives.finish()?,
        ];
        parts.push(page.properties.finish(cx.limits)?);
        Ok(Reading { parts, warnings })
    }
}

/// What encloses the text that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    Quote,
    Item,
    Note,
}

struct Page<'s> {
    source: &'s str,
    body: PartBuilder,
    notes: PartBuilder,
    links: PartBuilder,
    alternatives: PartBuilder,
    properties: Properties,
    around: Vec<Around>,
    /// For each open list, the number of its next item.
    lists: Vec<Option<u64>>,
    /// The label of an item whose first paragraph has not ended.
    label: Option<String>,
    note: Option<String>,
    bold: usize,
    italic: usize,
    in_link: usize,
    image: Option<String>,
    raw: Option<String>,
    in_table: bool,
    /// Letters of the paragraph, and those in bold.
    all: usize,
    all_bold: usize,
    has_formula: bool,
    /// The lines of a paragraph are fields (`Name: …`), which a student means to stand apart.
    keep_lines: bool,
    last_heading: u8,
    line: u32,
    counted: usize,
}

impl<'s> Page<'s> {
    fn new(source: &'s str, limits: &Limits) -> Self {
        let part = |name: &str, kind| PartBuilder::new(name, kind, limits);
        Self {
            source,
            body: part("body", PartKind::Body),
            notes: part("footnotes", PartKind::Footnote),
            links: part("links", PartKind::Link),
            alternatives: part("alt_text", PartKind::AltText),
            properties: Properties::default(),
            around: Vec::new(),
            lists: Vec::new(),
            label: None,
            note: None,
            bold: 0,
            italic: 0,
            in_link: 0,
            image: None,
            raw: None,
            in_table: false,
            all: 0,
            all_bold: 0,
            has_formula: false,
            keep_lines: false,
            last_heading: 0,
            line: 1,
            counted: 0,
        }
    }

    /// Counts the lines up to `at`.
    fn reach(&mut self, at: usize) {
        if let Some(passed) = self.source.get(self.counted..at) {
            self.line += passed.bytes().filter(|b| *b == b'\n').count() as u32;
            self.counted = at;
        }
    }

    fn here(&self) -> Position {
        Position { page: None, line: Some(self.line) }
    }

    fn out(&mut self) -> &mut PartBuilder {
        if self.note.is_some() { &mut self.notes } else { &mut self.body }
    }

    fn style(&self) -> RunStyle {
        RunStyle {
            bold: self.bold > 0,
            italic: self.italic > 0,
            link: self.in_link > 0,
            ..RunStyle::default()
        }
    }

    fn text(&mut self, text: &str, style: RunStyle) {
        if let Some(target) = self.image.as_mut().or(self.raw.as_mut()) {
            target.push_str(text);
            return;
        }
        let letters = text.chars().filter(|c| !c.is_whitespace()).count();
        self.all += letters;
        self.all_bold += if style.bold { letters } else { 0 };
        self.out().write(text, style);
    }

    #[allow(clippy::too_many_lines)] // one arm an event
    fn event(&mut self, event: Event<'_>, range: std::ops::Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text, self.style()),
            Event::Code(text) => self.text(&text, RunStyle { code: true, ..self.style() }),
            Event::InlineMath(text) => {
                self.has_formula = true;
                self.out().write(&text, RunStyle { equation: true, ..RunStyle::default() });
            }
            Event::DisplayMath(text) => {
                self.has_formula = true;
                self.out().write(text.trim(), RunStyle { equation: true, ..RunStyle::default() });
            }
            Event::SoftBreak => {
                let mark = if self.keep_lines { "\n" } else { " " };
                self.text(mark, self.style());
            }
            Event::HardBreak => self.text("\n", RunStyle::default()),
            Event::Html(html) => match &mut self.raw {
                Some(raw) => raw.push_str(&html),
                None => self.inline_html(&html),
            },
            Event::InlineHtml(html) => self.inline_html(&html),
            Event::TaskListMarker(done) => self.text(if done { "☑ " } else { "☐ " }, RunStyle::default()),
            Event::FootnoteReference(_) | Event::Rule => {}
        }
    }

    fn inline_html(&mut self, html: &str) {
        let tag = html.trim_start_matches('<').to_ascii_lowercase();
        if tag.starts_with("br") {
            self.text("\n", RunStyle::default());
        } else if tag.starts_with("img") {
            self.picture(
                attribute(html, "alt").unwrap_or_default(),
                attribute(html, "src").unwrap_or_default(),
            );
        } else if tag.starts_with("a ")
            && let Some(target) = attribute(html, "href")
        {
            self.link(target);
        }
    }

    fn link(&mut self, target: &str) {
        self.links.line(target, Shape::of(BlockKind::Property));
    }

    fn picture(&mut self, alternative: &str, target: &str) {
        if !alternative.trim().is_empty() {
            self.alternatives.line(alternative, Shape::of(BlockKind::Paragraph));
        }
        if !target.trim().is_empty() && !target.starts_with("data:") {
            self.link(target);
        }
        let at = Some(self.here());
        self.out().figure(at);
    }

    fn begin(&mut self) {
        self.all = 0;
        self.all_bold = 0;
        self.has_formula = false;
        let continues_note = self.note.is_some() && self.notes.is_open();
        if continues_note {
            self.notes.write("\n", RunStyle::default());
        } else {
            self.out().begin();
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: std::ops::Range<usize>) {
        match tag {
            Tag::Paragraph => {
                self.keep_lines = fields(self.source.get(range).unwrap_or_default());
                self.begin();
            }
            Tag::Heading { .. } => {
                self.finish_item();
                self.begin();
            }
            Tag::CodeBlock(kind) => {
                self.finish_item();
                self.begin();
                // ```` ```math ```` is how some editors write a displayed formula.
                self.has_formula = matches!(&kind, CodeBlockKind::Fenced(info) if info.as_ref() == "math");
            }
            Tag::BlockQuote(_) => {
                self.finish_item();
                self.around.push(Around::Quote);
            }
            Tag::List(first) => {
                self.finish_item();
                self.lists.push(first);
            }
            Tag::Item => {
                self.finish_item();
                self.around.push(Around::Item);
                let label = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let label =
                            format!("{number}{}", delimiter(self.source.get(range).unwrap_or_default()));
                        *number = number.saturating_add(1);
                        label
                    }
                    _ => "•".to_owned(),
                };
                self.label = Some(label);
                self.keep_lines = false;
                self.begin();
            }
            Tag::FootnoteDefinition(name) => {
                self.finish_item();
                self.around.push(Around::Note);
                self.note = Some(name.into_string());
            }
            Tag::Table(_) => {
                self.finish_item();
                self.in_table = true;
                let at = Some(self.here());
                self.out().begin_table(at);
            }
            Tag::TableHead | Tag::TableRow => self.out().begin_row(),
            Tag::TableCell => {
                self.out().begin_cell(1);
                self.begin();
            }
            Tag::Strong => self.bold += 1,
            Tag::Emphasis => self.italic += 1,
            Tag::Link { dest_url, .. } => {
                self.in_link += 1;
                self.link(&dest_url);
            }
            Tag::Image { dest_url, .. } => {
                self.image = Some(String::new());
                if !dest_url.starts_with("data:") {
                    self.link(&dest_url);
                }
            }
            Tag::HtmlBlock => {
                self.finish_item();
                self.raw = Some(String::new());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        let at = self.here();
        match tag {
            TagEnd::Paragraph => self.end_paragraph(),
            TagEnd::Heading(level) => {
                let level = level_of(level);
                self.last_heading = level;
                self.out().end(Shape::of(BlockKind::Heading).level(level).at(at));
            }
            TagEnd::CodeBlock => {
                let kind = if self.has_formula { BlockKind::Equation } else { BlockKind::Code };
                self.out().end(Shape::of(kind).at(at));
            }
            TagEnd::BlockQuote(_) => _ = self.around.pop(),
            TagEnd::Item => {
                self.finish_item();
                self.label = None;
                self.around.pop();
            }
            TagEnd::List(_) => _ = self.lists.pop(),
            TagEnd::FootnoteDefinition => {
                let label = self.note.clone().unwrap_or_default();
                self.notes.end(Shape::of(BlockKind::Footnote).label(label).at(at));
                self.note = None;
                self.around.pop();
            }
            TagEnd::Table => {
                self.in_table = false;
                self.out().end_table();
            }
            TagEnd::TableCell => self.out().end_cell(),
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::Link => self.in_link = self.in_link.saturating_sub(1),
            TagEnd::Image => {
                let alternative = self.image.take().unwrap_or_default();
                self.picture(&alternative, "");
            }
            TagEnd::HtmlBlock => {
                let raw = self.raw.take().unwrap_or_default();
                self.html_block(&raw);
            }
            _ => {}
        }
    }

    /// Ends the text of a list item that has no paragraph of its own, if one is open.
    fn finish_item(&mut self) {
        if self.note.is_none() && self.body.is_open() && !self.in_table {
            self.end_paragraph();
        }
    }

    fn end_paragraph(&mut self) {
        if self.note.is_some() {
            return;
        }
        let mut shape = Shape::default().at(self.here());
        let text = self.body.open_text();
        if text.trim().is_empty() && self.label.is_none() {
            self.body.end(shape);
            return;
        }
        let in_item = self.around.contains(&Around::Item);
        if let Some(label) = self.label.take_if(|_| !text.trim().is_empty()) {
            shape = Shape { kind: Some(BlockKind::ListItem), label: Some(label), ..shape };
            shape.level = Some(self.lists.len().clamp(1, 255) as u8);
        } else if self.around.contains(&Around::Quote) {
            shape.kind = Some(BlockKind::Quote);
        } else if self.has_formula && self.all == 0 {
            shape.kind = Some(BlockKind::Equation);
        } else if heading::is_caption(text) {
            shape.kind = Some(BlockKind::Caption);
        } else if !in_item
            && ((self.all > 0 && self.all_bold == self.all && heading::when_set_apart(text))
                || heading::by_words(text))
        {
            shape.kind = Some(BlockKind::Heading);
            shape.level = Some((self.last_heading + 1).min(9));
        }
        self.body.end(shape);
    }

    fn front_matter(&mut self, block: &str) {
        let mut key = String::new();
        for line in block.lines() {
            let value = if let Some(item) = line.trim_start().strip_prefix("- ") {
                item
            } else if let Some((name, value)) = line.split_once([':', '=']) {
                name.trim().trim_matches(['"', '\'']).clone_into(&mut key);
                value
            } else {
                line
            };
            let value = value.trim().trim_matches(['"', '\'']);
            if !matches!(value, "|" | ">" | "|-" | ">-") {
                self.properties.add(&key, value);
            }
        }
    }

    /// A block of raw HTML: its text, a block a line.
    fn html_block(&mut self, raw: &str) {
        let mut rest = raw;
        let mut text = String::new();
        while let Some((before, after)) = rest.split_once('<') {
            text.push_str(before);
            if let Some(comment) = after.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
                continue;
            }
            let Some((tag, tail)) = after.split_once('>') else {
                rest = "";
                break;
            };
            self.inline_html(tag);
            let name = tag
                .trim_start_matches('/')
                .split(|c: char| !c.is_ascii_alphanumeric())
                .next()
                .unwrap_or_default();
            if matches!(
                name,
                "p" | "div" | "br" | "li" | "tr" | "h1" | "h2" | "h3" | "h4" | "table" | "td" | "th"
            ) {
                text.push('\n');
            }
            rest = tail;
        }
        text.push_str(rest);
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let line = super::html::unescape(line);
            self.begin();
            self.text(&line, RunStyle::default());
            self.end_paragraph();
        }
    }
}

/// The fields that a file begins with between two lines of `---` or `+++`, and what comes after them. What stands between two
/// such lines farther down, or is no list of fields, is the student's text.
fn front_matter(source: &str) -> Option<(&str, &str)> {
    const MOST_LINES: usize = 500;
    let mut lines = source.split_inclusive('\n');
    let first = lines.next()?;
    let mark = first.trim_end();
    if !matches!(mark, "---" | "+++") {
        return None;
    }
    let start = first.len();
    let mut at = start;
    let mut after_blank = false;
    for line in lines.take(MOST_LINES) {
        let text = line.trim_end();
        if at > start && (text == mark || mark == "---" && text == "...") {
            return Some((source.get(start..at)?, source.get(at + line.len()..)?));
        }
        let is_field = text.split_once([':', '=']).is_some_and(|(key, _)| {
            (1..=3).contains(&key.split_whitespace().count()) && !key.starts_with('#')
        });
        // A value over several lines, a list; and a comment, which after a blank line is rather a heading.
        let goes_on = text.is_empty() || text.starts_with([' ', '\t', '-', '[', ']', '}']);
        let is_comment = text.starts_with('#') && !after_blank;
        if !is_field && (at == start || !goes_on && !is_comment) {
            return None;
        }
        after_blank = text.is_empty();
        at += line.len();
    }
    None
}

fn level_of(level: HeadingLevel) -> u8 {
    level as u8
}

/// `.` or `)`, whichever follows the number of an item.
fn delimiter(item: &str) -> char {
    item.chars().find(|c| !c.is_ascii_digit() && !c.is_whitespace()).filter(|c| *c == ')').unwrap_or('.')
}

/// Whether every line of a paragraph is a field of a form: `Name: …`.
fn fields(source: &str) -> bool {
    let is_field = |line: &str| {
        line.split_once(':').is_some_and(|(key, _)| key.len() <= 40 && key.split_whitespace().count() <= 4)
    };
    let lines = source.trim().lines();
    lines.clone().count() > 1 && lines.into_iter().all(is_field)
}

/// The value of an attribute in the source of a tag.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let at = tag.to_ascii_lowercase().find(&format!("{name}="))?;
    let rest = tag.get(at + name.len() + 1..)?;
    match rest.chars().next()? {
        quote @ ('"' | '\'') => rest.get(1..)?.split(quote).next(),
        _ => rest.split(|c: char| c.is_whitespace() || c == '>').next(),
    }
}
