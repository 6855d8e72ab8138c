//! Lines put together into blocks: paragraphs, headings, code, tables, notes.

use std::collections::BTreeMap;

use super::super::build::{PartBuilder, Shape};
use super::super::{BlockKind, PartKind, Position, RunStyle, heading};
use super::furniture::{self, Edge};
use super::line::{Line, Segment};
use super::span::Look;
use super::table::{self, Table};
use crate::{Limits, Result};

/// Lines of a page that are looked at for its right edge.
const MOST_RIGHTS: usize = 1000;

/// What stands on a page, in reading order.
#[derive(Debug)]
pub(super) enum Item {
    Line(Line),
    Table(Table),
    Figure,
}

/// A page with what stands on it.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    pub(super) height: f64,
}

/// Writes the parts.
pub(super) struct Flow {
    pub(super) body: PartBuilder,
    pub(super) notes: PartBuilder,
    pub(super) headers: PartBuilder,
    pub(super) footers: PartBuilder,
    body_size: f64,
    spacing: f64,
    /// Sizes of headings above the body's, largest first.
    heading_sizes: Vec<i64>,
    open: Vec<(Line, u32)>,
    /// Right edges of the lines of the page, by left edge.
    rights: Vec<(f64, f64)>,
}

impl Flow {
    /// Begins with a look at all pages.
    pub(super) fn new(pages: &[Page], limits: &Limits) -> Self {
        let lines = || pages.iter().flat_map(|page| &page.items).filter_map(line_of);
        let mut sizes: BTreeMap<i64, usize> = BTreeMap::new();
        for line in lines() {
            *sizes.entry(rounded(line.size)).or_default() += line.text().len();
        }
        let body = sizes.iter().max_by_key(|(_, letters)| **letters).map_or(24, |(size, _)| *size);
        let body_size = body as f64 / 2.0;
        let mut gaps: BTreeMap<i64, usize> = BTreeMap::new();
        // Between a line and one that begins with a small letter, which goes on a sentence.
        let mut within: BTreeMap<i64, usize> = BTreeMap::new();
        for page in pages {
            let lines: Vec<&Line> = page.items.iter().filter_map(line_of).collect();
            for pair in lines.windows(2) {
                let gap = (pair[1].y - pair[0].y) / body_size;
                if (0.8..2.6).contains(&gap) && rounded(pair[0].size) == body && rounded(pair[1].size) == body
                {
                    let gap = (gap * 20.0).round() as i64;
                    *gaps.entry(gap).or_default() += 1;
                    if pair[1].first_char().is_some_and(char::is_lowercase) {
                        *within.entry(gap).or_default() += 1;
                    }
                }
            }
        }
        let gaps = if within.values().sum::<usize>() >= 2 { within } else { gaps };
        // Of two that are about as frequent the smaller one is that within paragraphs.
        let most = gaps.values().max().copied().unwrap_or(0);
        let spacing =
            gaps.iter().find(|(_, times)| **times * 2 >= most).map_or(1.2, |(gap, _)| *gap as f64 / 20.0);
        let mut heading_sizes: Vec<i64> = lines()
            .filter(|line| line.size > body_size * 1.12 && heading::when_set_apart(&line.text()))
            .map(|line| rounded(line.size))
            .collect();
        heading_sizes.sort_unstable_by(|a, b| b.cmp(a));
        heading_sizes.dedup();
        Self {
            body: PartBuilder::new("body", PartKind::Body, limits),
            notes: PartBuilder::new("footnotes", PartKind::Footnote, limits),
            headers: PartBuilder::new("header1", PartKind::Header, limits),
            footers: PartBuilder::new("footer1", PartKind::Footer, limits),
            body_size,
            spacing: spacing.max(1.0),
            heading_sizes,
            open: Vec::new(),
            rights: Vec::new(),
        }
    }

    /// Writes all pages.
    pub(super) fn write(&mut self, pages: Vec<Page>) {
        let lines: Vec<(Vec<Line>, f64)> = pages
            .iter()
            .map(|page| (page.items.iter().filter_map(line_of).cloned().collect(), page.height))
            .collect();
        let views: Vec<(&[Line], f64)> =
            lines.iter().map(|(lines, height)| (lines.as_slice(), *height)).collect();
        let edges = furniture::edges(&views);
        for (index, (page, edges)) in pages.into_iter().zip(edges).enumerate() {
            self.page(page, edges, index as u32 + 1);
        }
        self.close();
    }

    fn page(&mut self, page: Page, edges: Vec<Option<Edge>>, number: u32) {
        let mut edges = edges.into_iter();
        let mut items = Vec::with_capacity(page.items.len());
        for item in page.items {
            match item {
                Item::Line(line) => match edges.next().flatten() {
                    Some(edge) => self.edge(&line, edge, number),
                    None => items.push(Item::Line(line)),
                },
                item => items.push(item),
            }
        }
        let lines: Vec<&Line> = items.iter().filter_map(line_of).collect();
        self.rights = lines.iter().take(MOST_RIGHTS).map(|line| (line.x0, line.x1)).collect();
        let notes = furniture::notes_start(&lines, self.body_size, page.height);
        let mut queue: Vec<Line> = Vec::new();
        let mut notes_lines = Vec::new();
        let mut count = 0;
        for item in items {
            match item {
                Item::Line(line) => {
                    if notes.is_some_and(|start| count >= start) {
                        notes_lines.push(line);
                    } else {
                        queue.push(line);
                    }
                    count += 1;
                }
                Item::Table(table) => {
                    self.lines(&std::mem::take(&mut queue), number);
                    self.table(&table.rows, number);
                }
                Item::Figure => {
                    self.lines(&std::mem::take(&mut queue), number);
                    self.close();
                    self.body.figure(Some(at(number)));
                }
            }
        }
        self.lines(&queue, number);
        self.footnotes(&notes_lines, number);
    }

    fn edge(&mut self, line: &Line, edge: Edge, page: u32) {
        let builder = if edge == Edge::Header { &mut self.headers } else { &mut self.footers };
        builder.line(&line.text(), Shape::of(BlockKind::Paragraph).at(at(page)));
    }

    fn lines(&mut self, lines: &[Line], page: u32) {
        let mut index = 0;
        while let Some(line) = lines.get(index) {
            let rows = table::aligned(lines.get(index..).unwrap_or_default());
            if rows > 0 {
                let cells = lines.get(index..index + rows).unwrap_or_default().iter();
                let cells: Vec<Vec<String>> = cells
                    .map(|line| line.segments.iter().map(|segment| segment.text.clone()).collect())
                    .collect();
                self.table(&cells, page);
                index += rows;
                continue;
            }
            if self.open.last().is_some_and(|(last, last_page)| self.breaks(last, *last_page, line, page)) {
                self.close();
            }
            self.open.push((line.clone(), page));
            index += 1;
        }
    }

    fn table(&mut self, rows: &[Vec<String>], page: u32) {
        self.close();
        self.body.begin_table(Some(at(page)));
        for row in rows {
            self.body.begin_row();
            for cell in row {
                self.body.begin_cell(1);
                self.body.line(cell, Shape::default());
            }
        }
        self.body.end_table();
    }

    fn footnotes(&mut self, lines: &[Line], page: u32) {
        let mut text = String::new();
        for line in lines {
            if furniture::begins_note(line) && !text.is_empty() {
                self.notes.line(&text, Shape::of(BlockKind::Footnote).at(at(page)));
                text.clear();
            }
            join(&mut text, &line.text());
        }
        if !text.is_empty() {
            self.notes.line(&text, Shape::of(BlockKind::Footnote).at(at(page)));
        }
    }

    /// Whether a new block begins between two lines that follow each other.
    fn breaks(&self, last: &Line, last_page: u32, next: &Line, page: u32) -> bool {
        let mono = |line: &Line| line.all(|look| look.mono);
        if mono(last) != mono(next) {
            return true;
        }
        if (last.size - next.size).abs() > last.size.max(next.size) * 0.08 {
            return true;
        }
        if last_page != page {
            let ends =
                last.last_char().is_some_and(|c| matches!(c, '.' | '!' | '?' | ':' | ')' | '”' | '"' | '’'));
            let begins_low = next.first_char().is_some_and(char::is_lowercase);
            return !begins_low || ends || self.is_heading_line(last);
        }
        let gap = (next.y - last.y) / last.size;
        if mono(last) {
            return !(0.3..self.spacing * 2.4).contains(&gap);
        }
        // Up: another column, which a sentence may run over into.
        if gap < -0.5 {
            let ends = last.last_char().is_some_and(|c| matches!(c, '.' | '!' | '?' | ':'));
            return ends || !next.first_char().is_some_and(char::is_lowercase);
        }
        let usual = self.open_spacing().unwrap_or(self.spacing);
        if gap > usual * 1.28 + 0.05 || next.x0 > last.x1 || last.x0 > next.x1 {
            return true;
        }
        if self.is_heading_line(last) != self.is_heading_line(next) {
            return true;
        }
        let text = next.text();
        if is_item(&text) || heading::by_words(&text) || heading::by_words(&last.text()) {
            return true;
        }
        self.indented(last, next) || self.ends_short(last, next)
    }

    /// The spacing of the open paragraph, once it has two lines.
    fn open_spacing(&self) -> Option<f64> {
        let [.., (a, page_a), (b, page_b)] = self.open.as_slice() else { return None };
        let gap = (b.y - a.y) / b.size;
        (page_a == page_b && (0.8..3.2).contains(&gap)).then_some(gap)
    }

    /// Whether the next line is indented as the first of a paragraph is, or set out as that of an entry with a hanging indent.
    fn indented(&self, last: &Line, next: &Line) -> bool {
        let by = next.x0 - last.x0;
        let em = next.size;
        let first = self.open.len() == 1;
        let begins = next.first_char().is_some_and(|c| !c.is_lowercase());
        if by > em * 0.8 && by < em * 6.0 {
            // The second line of a hanging entry goes in as well: then the first one runs to the edge.
            return !first && begins || (first && self.is_short(last));
        }
        // Out again: after lines that hang, a new entry.
        let hangs = self.open.len() >= 2
            && self.open.first().is_some_and(|(line, _)| {
                line.x0 < last.x0 - em * 0.8 && (line.x0 - next.x0).abs() < em * 0.5
            });
        by < -em * 0.8 && hangs
    }

    /// Whether a line ends well before the edge, so that the next word would have fitted.
    fn ends_short(&self, last: &Line, next: &Line) -> bool {
        let text = next.text();
        let word = text.split_whitespace().next().map_or(0, |word| word.chars().count());
        let room = self.right_of(last) - last.x1;
        let need = (word as f64 + 1.0) * last.size * 0.5;
        room > need + last.size * 1.5 && self.is_short(last)
    }

    fn is_short(&self, line: &Line) -> bool {
        let right = self.right_of(line);
        line.x1 < right - (right - line.x0).max(0.0) * 0.12
    }

    /// The right edge of the column that a line is in.
    fn right_of(&self, line: &Line) -> f64 {
        self.rights
            .iter()
            .filter(|(x0, x1)| *x0 < line.x1 && *x1 > line.x0 && *x0 > line.x0 - line.size * 5.0)
            .map(|(_, x1)| *x1)
            .fold(line.x1, f64::max)
    }

    fn is_heading_line(&self, line: &Line) -> bool {
        line.all(|look| look.bold) || line.size > self.body_size * 1.12
    }

    /// Writes the open lines as a block.
    fn close(&mut self) {
        let lines = std::mem::take(&mut self.open);
        let Some((first, page)) = lines.first() else { return };
        let here = at(*page);
        if lines.iter().all(|(line, _)| line.all(|look| look.mono)) {
            self.code(&lines, here);
            return;
        }
        self.body.begin();
        let mut written = String::new();
        for (line, _) in &lines {
            for (i, segment) in line.segments.iter().enumerate() {
                let glue = if i > 0 {
                    if line.segments.len() > 2 || i > 1 { "\t" } else { " " }
                } else {
                    glue(&written, &segment.text)
                };
                if glue == Glue::HYPHEN {
                    // The hyphen at the end of the line goes: the word does not have it.
                    self.body.unwrite_hyphen();
                    written.pop();
                } else {
                    self.body.write(glue, RunStyle::default());
                    written.push_str(glue);
                }
                self.segment(segment);
                written.push_str(&segment.text);
            }
        }
        let shape = self.shape(&written, first, &lines).at(here);
        self.body.end(shape);
    }

    fn segment(&mut self, segment: &Segment) {
        let ends = segment.looks.iter().skip(1).map(|(start, _)| *start).chain([segment.text.len()]);
        for ((start, look), end) in segment.looks.iter().zip(ends) {
            let text = segment.text.get(*start..end).unwrap_or_default();
            self.body.write(text, style_of(*look));
        }
    }

    fn shape(&self, text: &str, first: &Line, lines: &[(Line, u32)]) -> Shape {
        if heading::is_caption(text) {
            return Shape::of(BlockKind::Caption);
        }
        if text.starts_with(['•', '●', '▪', '○', '◦', '–', '➢', '■', '‣']) {
            return Shape::of(BlockKind::ListItem).level(1);
        }
        let large = first.size > self.body_size * 1.12;
        let bold = lines.iter().all(|(line, _)| line.all(|look| look.bold));
        let capitals = heading::in_capitals(text);
        let apart = lines.len() <= 3 && (large || bold || capitals) && heading::when_set_apart(text);
        if apart || heading::by_words(text) {
            let size = rounded(first.size);
            let by_size = self.heading_sizes.iter().position(|s| *s == size);
            let level = by_size.unwrap_or(self.heading_sizes.len()) + 1;
            return Shape::of(BlockKind::Heading).level(level.min(6) as u8);
        }
        Shape::of(BlockKind::Paragraph)
    }

    /// Writes lines of code with the indentation that their places show.
    fn code(&mut self, lines: &[(Line, u32)], here: Position) {
        let left = lines.iter().map(|(line, _)| line.x0).fold(f64::INFINITY, f64::min);
        self.body.begin();
        let mut last: Option<&Line> = None;
        for (line, _) in lines {
            let text = line.text().replace('\t', "    ");
            let letters = text.chars().count().max(1) as f64;
            let width = ((line.x1 - line.x0) / letters).clamp(line.size * 0.4, line.size * 0.8);
            if let Some(last) = last {
                let blank = (line.y - last.y) / last.size > self.spacing * 1.7;
                self.body.write(if blank { "\n\n" } else { "\n" }, RunStyle::default());
            }
            let indent = ((line.x0 - left) / width).round().clamp(0.0, 80.0) as usize;
            self.body.write(&" ".repeat(indent), RunStyle::default());
            self.body.write(&text, RunStyle::default());
            last = Some(line);
        }
        self.body.end(Shape::of(BlockKind::Code).at(here));
    }

    /// The parts: body, notes, headers, footers.
    pub(super) fn finish(self) -> Result<Vec<super::super::Part>> {
        [self.body, self.notes, self.headers, self.footers].into_iter().map(PartBuilder::finish).collect()
    }
}

fn at(page: u32) -> Position {
    Position { page: Some(page), line: None }
}

fn line_of(item: &Item) -> Option<&Line> {
    match item {
        Item::Line(line) => Some(line),
        _ => None,
    }
}

/// A size in half points.
fn rounded(size: f64) -> i64 {
    (size * 2.0).round() as i64
}

fn style_of(look: Look) -> RunStyle {
    RunStyle { bold: look.bold, italic: look.italic, code: look.mono, ..RunStyle::default() }
}

/// What comes between a line and the next one of the same paragraph.
struct Glue;

impl Glue {
    /// Nothing, and the hyphen before it goes.
    const HYPHEN: &'static str = "-";
}

fn glue(before: &str, next: &str) -> &'static str {
    if before.is_empty() {
        return "";
    }
    let mut end = before.chars().rev();
    let hyphen = end.next() == Some('-') && end.next().is_some_and(char::is_lowercase);
    if hyphen && next.starts_with(char::is_lowercase) {
        // `well-` may be the first half of a compound; a word that is cut has no hyphen elsewhere in it.
        let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        if word.matches('-').count() == 1 {
            return Glue::HYPHEN;
        }
        return "";
    }
    if before.ends_with(['-', '/', '—']) && !before.ends_with(" -") && !before.ends_with(" —") {
        ""
    } else {
        " "
    }
}

fn join(text: &mut String, next: &str) {
    match glue(text, next) {
        Glue::HYPHEN => _ = text.pop(),
        glue => text.push_str(glue),
    }
    text.push_str(next);
}

/// Whether a line begins an item of a list.
fn is_item(text: &str) -> bool {
    if text.starts_with(['•', '●', '▪', '○', '◦', '➢', '■', '‣']) {
        return true;
    }
    let Some((mark, rest)) = text.split_once([' ', '\t']) else { return false };
    let inner = mark.trim_start_matches('(').trim_end_matches(['.', ')']);
    let closed = mark.ends_with(['.', ')']);
    let short = inner.len() <= 3 && !inner.is_empty();
    let counts = inner.chars().all(|c| c.is_ascii_digit())
        || (inner.len() == 1 && inner.chars().all(|c| c.is_ascii_lowercase()))
        || (mark.starts_with('(') && inner.chars().all(|c| matches!(c, 'i' | 'v' | 'x')));
    closed && short && counts && !rest.is_empty()
}
