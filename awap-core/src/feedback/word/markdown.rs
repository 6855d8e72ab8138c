//! Markdown as the paragraphs and tables of a Word file.

use docx_rs::{BreakType, Docx, Numbering, Paragraph, Run, RunFonts, Table};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::style::{self, CODE_FONT, Heading, QUOTE};

/// What the file holds, in order, and the lists that are counted in it.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    parts: Vec<Part>,
    lists: Vec<Numbering>,
}

#[derive(Debug)]
enum Part {
    Paragraph(Box<Paragraph>),
    Table(Box<Table>),
}

impl Blocks {
    /// The blocks of a text in Markdown, under so many levels of headings.
    pub(super) fn of(markdown: &str, above: usize) -> Self {
        let mut reader = Reader { above, ..Reader::default() };
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
            reader.take(event);
        }
        reader.end_paragraph();
        reader.blocks
    }

    pub(super) fn heading(&mut self, heading: Heading, text: &str) {
        self.paragraph(Paragraph::new().style(heading.id()).keep_next(true).add_run(style::run(text)));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.paragraph(Paragraph::new().add_run(style::run(text)));
    }

    pub(super) fn paragraph(&mut self, paragraph: Paragraph) {
        self.parts.push(Part::Paragraph(Box::new(paragraph)));
    }

    /// Rows of plain text, the first the heading.
    pub(super) fn table(&mut self, rows: Vec<Vec<String>>) {
        let row = |(at, cells): (usize, Vec<String>)| {
            let run = |text: &String| if at == 0 { style::run(text).bold() } else { style::run(text) };
            cells.iter().map(|text| Paragraph::new().add_run(run(text))).collect()
        };
        self.rows(rows.into_iter().enumerate().map(row).collect());
    }

    fn rows(&mut self, rows: Vec<Vec<Paragraph>>) {
        self.parts.push(Part::Table(Box::new(style::table(rows))));
        // Between a table and what comes next.
        self.paragraph(Paragraph::new());
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.parts.append(&mut other.parts);
        self.lists.append(&mut other.lists);
    }

    pub(super) fn onto(self, docx: Docx) -> Docx {
        let docx = self.lists.into_iter().fold(docx, Docx::add_numbering);
        self.parts.into_iter().fold(docx, |docx, part| match part {
            Part::Paragraph(paragraph) => docx.add_paragraph(*paragraph),
            Part::Table(table) => docx.add_table(*table),
        })
    }
}

/// Where the reader of Markdown is.
#[derive(Debug, Default)]
struct Reader {
    blocks: Blocks,
    above: usize,
    open: Option<Paragraph>,
    heading: Option<Heading>,
    /// The lists that are open: the number that a numbered one counts under.
    lists: Vec<Option<usize>>,
    /// Whether the next paragraph begins an entry of the innermost list.
    entry: bool,
    quotes: usize,
    code: bool,
    bold: usize,
    italic: usize,
    struck: usize,
    links: Vec<Link>,
    table: Option<Vec<Vec<Paragraph>>>,
}

#[derive(Debug)]
struct Link {
    address: String,
    text: String,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code => self.lines(&text),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.words(&text, false),
            Event::Code(text) => self.words(&text, true),
            Event::SoftBreak | Event::HardBreak => {
                self.add(Run::new().add_break(BreakType::TextWrapping));
            }
            Event::Rule => {
                self.end_paragraph();
                self.blocks.text("* * *");
            }
            // Not asked for in the options.
            Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.end_paragraph();
                self.heading = Some(self.level(level));
            }
            Tag::BlockQuote(_) => {
                self.end_paragraph();
                self.quotes += 1;
            }
            Tag::CodeBlock(_) => {
                self.end_paragraph();
                self.code = true;
            }
            Tag::List(start) => {
                self.end_paragraph();
                let id = start.map(|start| self.count(usize::try_from(start).unwrap_or(1)));
                self.lists.push(id);
            }
            Tag::Item => {
                self.end_paragraph();
                self.entry = true;
            }
            Tag::Table(_) => {
                self.end_paragraph();
                self.table = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(rows) = &mut self.table {
                    rows.push(Vec::new());
                }
                self.bold += usize::from(tag == Tag::TableHead);
            }
            Tag::Strong => self.bold += 1,
            Tag::Emphasis => self.italic += 1,
            Tag::Strikethrough => self.struck += 1,
            Tag::Link { dest_url, .. } => {
                self.links.push(Link { address: dest_url.into_string(), text: String::new() });
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Item | TagEnd::HtmlBlock => self.end_paragraph(),
            TagEnd::Heading(_) => {
                self.end_paragraph();
                self.heading = None;
            }
            TagEnd::BlockQuote(_) => {
                self.end_paragraph();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::CodeBlock => {
                self.end_paragraph();
                self.code = false;
            }
            TagEnd::List(_) => {
                self.end_paragraph();
                self.lists.pop();
                self.entry = false;
            }
            TagEnd::TableCell => {
                let cell = self.open.take().unwrap_or_default();
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                if let Some(rows) = self.table.take() {
                    self.blocks.rows(rows);
                }
            }
            TagEnd::Strong | TagEnd::TableHead => self.bold = self.bold.saturating_sub(1),
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::Strikethrough => self.struck = self.struck.saturating_sub(1),
            TagEnd::Link => self.end_link(),
            _ => {}
        }
    }

    /// The address behind the words, on paper too; where the words are the address, once.
    fn end_link(&mut self) {
        let Some(Link { address, text }) = self.links.pop() else { return };
        let leads = ["https://", "http://", "mailto:"].iter().any(|scheme| address.starts_with(scheme));
        if leads && address.trim_start_matches("mailto:") != text {
            self.words(&format!(" ({address})"), false);
        }
    }

    fn level(&self, level: HeadingLevel) -> Heading {
        match (level as usize).max(self.above + 1) {
            1 => Heading::One,
            2 => Heading::Two,
            _ => Heading::Three,
        }
    }

    fn count(&mut self, start: usize) -> usize {
        let (id, numbering) = style::numbered(self.blocks.lists.len() + 1, start);
        self.blocks.lists.push(numbering);
        id
    }

    /// Code keeps its lines.
    fn lines(&mut self, text: &str) {
        for (at, line) in text.trim_end_matches('\n').split('\n').enumerate() {
            if at > 0 {
                self.add(Run::new().add_break(BreakType::TextWrapping));
            }
            self.words(line, true);
        }
    }

    fn words(&mut self, text: &str, code: bool) {
        if let Some(link) = self.links.last_mut() {
            link.text.push_str(text);
        }
        let mut run = style::run(text.trim_end_matches('\n'));
        if self.bold > 0 {
            run = run.bold();
        }
        if self.italic > 0 {
            run = run.italic();
        }
        if self.struck > 0 {
            run = run.strike();
        }
        if code {
            run = run.fonts(RunFonts::new().ascii(CODE_FONT).hi_ansi(CODE_FONT).cs(CODE_FONT));
        }
        self.add(run);
    }

    fn add(&mut self, run: Run) {
        let open = match self.open.take() {
            Some(open) => open,
            None => self.begin(),
        };
        self.open = Some(open.add_run(run));
    }

    fn begin(&mut self) -> Paragraph {
        let paragraph = Paragraph::new();
        if self.table.is_some() {
            return paragraph;
        }
        if let Some(heading) = self.heading {
            return paragraph.style(heading.id()).keep_next(true);
        }
        let depth = self.lists.len();
        match self.lists.last() {
            Some(list) if self.entry => {
                self.entry = false;
                style::entry(paragraph, *list, depth - 1)
            }
            // What goes on in an entry stands under it.
            Some(_) => paragraph.indent(i32::try_from(depth * 425).ok(), None, None, None),
            None if self.quotes > 0 => paragraph.style(QUOTE),
            None => paragraph,
        }
    }

    fn end_paragraph(&mut self) {
        if self.table.is_none()
            && let Some(paragraph) = self.open.take()
        {
            self.blocks.paragraph(paragraph);
        }
    }
}
