//! Writing a part: paragraphs, runs, tables, with the separators between them and the offsets kept.
//!
//! Two decisions live here for all formats. A table of one cell is a frame, not a table: its paragraphs become blocks
//! of their own, as a reader of the page sees them. In any other table the text of a nested table flows within its outer
//! cell (rows as lines, cells by tabs), and the nested table itself, like an image in a cell, is a block of its
//! kind with an empty span right after the outer one, so that it is counted and blocks never overlap.

use super::{Block, BlockKind, Cell, Part, PartKind, Position, Run, RunStyle};
use crate::{Limits, Result};

/// What a paragraph turned out to be.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    pub(super) kind: Option<BlockKind>,
    pub(super) level: Option<u8>,
    pub(super) label: Option<String>,
    pub(super) at: Option<Position>,
    /// Keep the block though it holds no text (a number that stands alone on its line).
    pub(super) keep_empty: bool,
}

impl Shape {
    /// A paragraph of this kind and nothing more.
    pub(super) fn of(kind: BlockKind) -> Self {
        Self { kind: Some(kind), ..Self::default() }
    }

    pub(super) fn level(mut self, level: u8) -> Self {
        self.level = Some(level);
        self
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(super) fn at(mut self, at: Position) -> Self {
        self.at = Some(at);
        self
    }
}

/// Writes one part.
#[derive(Debug)]
pub(super) struct PartBuilder {
    part: Part,
    open: Option<Open>,
    tables: Vec<Table>,
    /// Empty code paragraphs since the last code block: blank lines, if more code follows.
    blank_code_lines: usize,
    limit: usize,
    overflow: bool,
}

/// The paragraph that is being written.
#[derive(Debug)]
struct Open {
    /// Length of the text before the paragraph and its separator.
    before: usize,
    start: usize,
    runs: Vec<Run>,
    /// Images met in it.
    figures: Vec<Option<Position>>,
}

/// A table that is being written.
#[derive(Debug)]
struct Table {
    before: usize,
    start: usize,
    rows: u32,
    /// Column of the next cell in the current row.
    column: u32,
    cells: Vec<Cell>,
    cell_open: bool,
    row_empty: bool,
    /// Paragraphs and nested tables in its cells.
    inner: Vec<Block>,
    at: Option<Position>,
}

impl PartBuilder {
    pub(super) fn new(name: impl Into<String>, kind: PartKind, limits: &Limits) -> Self {
        Self {
            part: Part { name: name.into(), kind, text: String::new(), blocks: Vec::new() },
            open: None,
            tables: Vec::new(),
            blank_code_lines: 0,
            limit: limits.text_bytes,
            overflow: false,
        }
    }

    /// Whether a table is being written.
    pub(super) fn in_table(&self) -> bool {
        !self.tables.is_empty()
    }

    /// Whether a paragraph is being written.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The text written so far of the open paragraph.
    pub(super) fn open_text(&self) -> &str {
        self.open.as_ref().and_then(|open| self.part.text.get(open.start..)).unwrap_or_default()
    }

    /// Begins a paragraph; one that is still open is ended first.
    pub(super) fn begin(&mut self) {
        if self.open.is_some() {
            self.end(Shape::default());
        }
        if self.tables.last().is_some_and(|table| !table.cell_open) {
            self.begin_cell(1);
        }
        let before = self.part.text.len();
        self.separate();
        self.open = Some(Open { before, start: self.part.text.len(), runs: Vec::new(), figures: Vec::new() });
    }

    fn separate(&mut self) {
        match self.tables.last().map(|table| table.cells.last().filter(|_| table.cell_open)) {
            Some(Some(cell)) if self.part.text.len() > cell.start => self.part.text.push('\n'),
            None if !self.part.text.is_empty() => self.part.text.push_str("\n\n"),
            _ => {}
        }
    }

    /// Writes into the open paragraph (opening one where there is none). Line breaks become `\n`; other control
    /// characters are dropped.
    pub(super) fn write(&mut self, text: &str, style: RunStyle) {
        if text.is_empty() {
            return;
        }
        if self.open.is_none() {
            self.begin();
        }
        if self.part.text.len() + text.len() > self.limit {
            self.overflow = true;
            return;
        }
        let start = self.part.text.len();
        let in_table = self.in_table();
        let is_plain = |c: char| !c.is_control() && c != '\u{feff}';
        let mut rest = text;
        while let Some(at) = rest.find(|c| !is_plain(c)) {
            let (plain, tail) = rest.split_at(at);
            self.part.text.push_str(plain);
            let mut chars = tail.chars();
            match chars.next() {
                // A tab within a cell would read as the next cell.
                Some('\t') => self.part.text.push(if in_table { ' ' } else { '\t' }),
                Some('\n' | '\u{b}' | '\u{c}' | '\u{85}') => self.part.text.push('\n'),
                Some('\r') => {
                    self.part.text.push('\n');
                    if chars.as_str().starts_with('\n') {
                        chars.next();
                    }
                }
                _ => {}
            }
            rest = chars.as_str();
        }
        self.part.text.push_str(rest);
        let end = self.part.text.len();
        if end == start || style == RunStyle::default() {
            return;
        }
        let Some(open) = &mut self.open else { return };
        match open.runs.last_mut() {
            Some(last) if last.style == style && last.end == start => last.end = end,
            _ => open.runs.push(Run { start, end, style }),
        }
    }

    /// Takes back the hyphen that the open paragraph ends with.
    #[cfg(feature = "pdf")]
    pub(super) fn unwrite_hyphen(&mut self) {
        if self.open_text().ends_with('-') {
            self.part.text.pop();
            let end = self.part.text.len();
            if let Some(open) = &mut self.open {
                open.runs.retain_mut(|run| {
                    run.end = run.end.min(end);
                    run.start < run.end
                });
            }
        }
    }

    /// Notes an image or drawing in the open paragraph, or between paragraphs.
    pub(super) fn figure(&mut self, at: Option<Position>) {
        match &mut self.open {
            Some(open) => open.figures.push(at),
            None => self.push_figures(&[at]),
        }
    }

    fn push_figures(&mut self, figures: &[Option<Position>]) {
        let end = self.part.text.len();
        for at in figures {
            self.push_block(BlockKind::Figure, None, None, end, end, Vec::new(), *at);
        }
    }

    #[allow(clippy::too_many_arguments)] // the fields of a block
    fn push_block(
        &mut self,
        kind: BlockKind,
        level: Option<u8>,
        label: Option<String>,
        start: usize,
        end: usize,
        runs: Vec<Run>,
        at: Option<Position>,
    ) {
        self.sink().push(Block { kind, level, label, start, end, runs, cells: Vec::new(), at });
    }

    fn sink(&mut self) -> &mut Vec<Block> {
        match self.tables.last_mut() {
            Some(table) => &mut table.inner,
            None => &mut self.part.blocks,
        }
    }

    /// Ends the open paragraph as what it turned out to be; says whether it left a block. One that holds only
    /// white space leaves none, but for its images.
    pub(super) fn end(&mut self, shape: Shape) -> bool {
        let Some(mut open) = self.open.take() else { return false };
        let kind = shape.kind.unwrap_or(BlockKind::Paragraph);
        let text = &mut self.part.text;
        let written = text.get(open.start..).unwrap_or_default();
        let trimmed = written.trim_end().len();
        if trimmed == 0 {
            text.truncate(open.before);
            let at = open.before;
            if kind == BlockKind::Code {
                self.blank_code_lines += 1;
            }
            if shape.keep_empty {
                self.push_block(kind, shape.level, shape.label, at, at, Vec::new(), shape.at);
            }
            self.push_figures(&open.figures);
            return shape.keep_empty;
        }
        text.truncate(open.start + trimmed);
        let written = text.get(open.start..).unwrap_or_default();
        let lead = if kind == BlockKind::Code {
            // The first line keeps its indentation.
            let blank = written.len() - written.trim_start().len();
            written.get(..blank).and_then(|s| s.rfind('\n')).map_or(0, |i| i + 1)
        } else {
            written.len() - written.trim_start().len()
        };
        // A code paragraph after another continues it.
        let (cut, separator) =
            if kind == BlockKind::Code && shape.label.is_none() && self.follows_code(open.before) {
                (open.before, "\n".repeat(1 + self.blank_code_lines))
            } else {
                (open.start, String::new())
            };
        let text = &mut self.part.text;
        text.replace_range(cut..open.start + lead, &separator);
        let start = cut + separator.len();
        let shift = |at: usize| at.saturating_sub(open.start + lead) + start;
        let end = text.len();
        for run in &mut open.runs {
            run.start = shift(run.start).min(end);
            run.end = shift(run.end).min(end);
        }
        open.runs.retain(|run| run.start < run.end && kind != BlockKind::Code);
        self.blank_code_lines = 0;
        if separator.is_empty() {
            self.push_block(kind, shape.level, shape.label, start, end, open.runs, shape.at);
        } else if let Some(last) = self.sink().last_mut() {
            last.end = end;
        }
        self.push_figures(&open.figures);
        true
    }

    fn follows_code(&mut self, before: usize) -> bool {
        self.sink()
            .last()
            .is_some_and(|last| last.kind == BlockKind::Code && last.end == before && last.start < last.end)
    }

    /// Begins a table, within a cell or not.
    pub(super) fn begin_table(&mut self, at: Option<Position>) {
        if self.open.is_some() {
            self.end(Shape::default());
        }
        let before = self.part.text.len();
        self.separate();
        self.tables.push(Table {
            before,
            start: self.part.text.len(),
            rows: 0,
            column: 0,
            cells: Vec::new(),
            cell_open: false,
            row_empty: true,
            inner: Vec::new(),
            at,
        });
    }

    /// Begins a row of the innermost table.
    pub(super) fn begin_row(&mut self) {
        self.end_cell();
        let Some(table) = self.tables.last_mut() else { return };
        if !table.cells.is_empty() && !table.row_empty {
            self.part.text.push('\n');
        }
        table.rows += 1;
        table.column = 0;
        table.row_empty = true;
    }

    /// Passes over columns in which no cell of this row begins.
    pub(super) fn skip_columns(&mut self, columns: u32) {
        if let Some(table) = self.tables.last_mut() {
            table.column = table.column.saturating_add(columns);
        }
    }

    /// Begins a cell over `span` columns; one that is still open is ended first.
    pub(super) fn begin_cell(&mut self, span: u32) {
        self.end_cell();
        let Some(table) = self.tables.last_mut() else { return };
        if !table.row_empty {
            self.part.text.push('\t');
        }
        table.rows = table.rows.max(1);
        table.row_empty = false;
        let start = self.part.text.len();
        table.cells.push(Cell { row: table.rows - 1, column: table.column, start, end: start });
        // No table that a person made is wider than this, and a forged span must not make it so.
        table.column = table.column.saturating_add(span.clamp(1, 1000));
        table.cell_open = true;
    }

    /// Ends the open cell.
    pub(super) fn end_cell(&mut self) {
        if self.open.is_some() {
            self.end(Shape::default());
        }
        self.blank_code_lines = 0;
        let end = self.part.text.len();
        let Some(table) = self.tables.last_mut() else { return };
        if table.cell_open {
            table.cell_open = false;
            if let Some(cell) = table.cells.last_mut() {
                cell.end = end;
            }
        }
    }

    /// Ends the innermost table.
    pub(super) fn end_table(&mut self) {
        self.end_cell();
        let Some(table) = self.tables.pop() else { return };
        match table.cells.len() {
            0 => self.part.text.truncate(table.before),
            1 => self.dissolve(table),
            _ => self.push_table(table),
        }
    }

    /// Turns a table of one cell into the blocks that are in it.
    fn dissolve(&mut self, table: Table) {
        if self.in_table() {
            if self.part.text.len() == table.start {
                self.part.text.truncate(table.before);
            }
            let end = self.part.text.len();
            self.sink().extend(table.inner.into_iter().map(|block| Block {
                start: block.start.min(end),
                end: block.end.min(end),
                ..block
            }));
            return;
        }
        let written = self.part.text.split_off(table.before);
        for mut block in table.inner {
            let Some(text) = written.get(block.start - table.before..block.end - table.before) else {
                continue;
            };
            if !text.is_empty() {
                self.separate();
            }
            let start = self.part.text.len();
            self.part.text.push_str(text);
            let old = block.start;
            let shift = |at: &mut usize| *at = *at - old + start;
            shift(&mut block.end);
            for run in &mut block.runs {
                shift(&mut run.start);
                shift(&mut run.end);
            }
            for cell in &mut block.cells {
                shift(&mut cell.start);
                shift(&mut cell.end);
            }
            block.start = start;
            self.part.blocks.push(block);
        }
    }

    fn push_table(&mut self, table: Table) {
        let end = self.part.text.len();
        let mut runs = Vec::new();
        let mut beside = Vec::new();
        for mut block in table.inner {
            runs.append(&mut block.runs);
            if matches!(block.kind, BlockKind::Table | BlockKind::Figure) {
                let level = block.level.map(|level| level.saturating_add(1));
                beside.push(Block { start: end, end, level, cells: Vec::new(), ..block });
            }
        }
        let block = Block {
            kind: BlockKind::Table,
            level: Some(1),
            label: None,
            start: table.start,
            end,
            runs,
            cells: table.cells,
            at: table.at,
        };
        let sink = self.sink();
        sink.push(block);
        sink.append(&mut beside);
    }

    /// Adds all of another part after what is here.
    pub(super) fn append(&mut self, part: Part) {
        if self.open.is_some() {
            self.end(Shape::default());
        }
        if part.text.is_empty() && part.blocks.is_empty() {
            return;
        }
        if self.part.text.len() + part.text.len() > self.limit {
            self.overflow = true;
            return;
        }
        if !part.text.is_empty() {
            self.separate();
        }
        let by = self.part.text.len();
        self.part.text.push_str(&part.text);
        self.part.blocks.extend(part.blocks.into_iter().map(|mut block| {
            block.start += by;
            block.end += by;
            for run in &mut block.runs {
                run.start += by;
                run.end += by;
            }
            for cell in &mut block.cells {
                cell.start += by;
                cell.end += by;
            }
            block
        }));
    }

    /// A whole block at once: a property, a link, an alternative text.
    pub(super) fn line(&mut self, text: &str, shape: Shape) {
        self.begin();
        self.write(text, RunStyle::default());
        self.end(shape);
    }

    /// The part, all that is open ended; an error if it passed the limit on text.
    pub(super) fn finish(mut self) -> Result<Part> {
        while !self.tables.is_empty() {
            self.end_table();
        }
        self.end(Shape::default());
        if self.overflow {
            return Err(Limits::exceeded("text_bytes", self.limit));
        }
        Ok(self.part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOLD: RunStyle = RunStyle { bold: true, italic: false, code: false, equation: false, link: false };

    fn builder() -> PartBuilder {
        PartBuilder::new("body", PartKind::Body, &Limits::default())
    }

    fn paragraph(b: &mut PartBuilder, text: &str, kind: BlockKind) {
        b.begin();
        b.write(text, BOLD);
        b.end(Shape::of(kind));
    }

    fn shown(part: &Part) -> Vec<(BlockKind, &str)> {
        part.blocks.iter().map(|b| (b.kind, &part.text[b.start..b.end])).collect()
    }

    #[test]
    fn code_paragraphs_join_with_their_blank_lines() {
        let mut b = builder();
        paragraph(&mut b, "before", BlockKind::Paragraph);
        for line in ["if x:", "  y()", " ", "z()"] {
            paragraph(&mut b, line, BlockKind::Code);
        }
        paragraph(&mut b, "after", BlockKind::Paragraph);
        let part = b.finish().unwrap();
        assert_eq!(part.text, "before\n\nif x:\n  y()\n\nz()\n\nafter");
        assert_eq!(shown(&part)[1], (BlockKind::Code, "if x:\n  y()\n\nz()"));
    }

    #[test]
    fn paragraphs_are_trimmed_and_runs_with_them() {
        let mut b = builder();
        paragraph(&mut b, "  x\u{1}\ty \r\n", BlockKind::Paragraph);
        paragraph(&mut b, " \n ", BlockKind::Paragraph);
        let part = b.finish().unwrap();
        assert_eq!(part.text, "x\ty");
        assert_eq!(part.blocks.len(), 1);
        assert_eq!(part.blocks[0].runs, [Run { start: 0, end: 3, style: BOLD }]);
    }

    #[test]
    fn tables_keep_cells_and_a_frame_dissolves() {
        let mut b = builder();
        b.begin_table(None);
        for row in [["a", "b"], ["c", ""]] {
            b.begin_row();
            for cell in row {
                b.begin_cell(1);
                paragraph(&mut b, cell, BlockKind::Paragraph);
            }
        }
        b.begin_table(None);
        b.begin_row();
        b.begin_cell(1);
        paragraph(&mut b, "in", BlockKind::Paragraph);
        b.begin_cell(1);
        paragraph(&mut b, "ner", BlockKind::Paragraph);
        b.end_table();
        b.end_table();
        b.begin_table(None);
        b.begin_row();
        b.begin_cell(1);
        paragraph(&mut b, "one", BlockKind::Paragraph);
        paragraph(&mut b, "two", BlockKind::Quote);
        b.end_table();
        let part = b.finish().unwrap();
        assert_eq!(part.text, "a\tb\nc\tin\tner\n\none\n\ntwo");
        assert_eq!(
            shown(&part),
            [
                (BlockKind::Table, "a\tb\nc\tin\tner"),
                (BlockKind::Table, ""),
                (BlockKind::Paragraph, "one"),
                (BlockKind::Quote, "two")
            ]
        );
        assert_eq!(part.blocks[1].level, Some(2));
        let cells: Vec<_> =
            part.blocks[0].cells.iter().map(|c| (c.row, c.column, &part.text[c.start..c.end])).collect();
        assert_eq!(cells, [(0, 0, "a"), (0, 1, "b"), (1, 0, "c"), (1, 1, "in\tner")]);
    }

    #[test]
    fn the_text_limit_is_an_error() {
        let limits = Limits { text_bytes: 10, ..Limits::default() };
        let mut b = PartBuilder::new("body", PartKind::Body, &limits);
        b.write("0123456789", RunStyle::default());
        b.write("x", RunStyle::default());
        assert_eq!(b.finish().unwrap_err().code(), crate::ErrorCode::LimitExceeded);
    }
}
