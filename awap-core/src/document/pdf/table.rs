//! Tables: by the rules that are drawn around cells, and by lines whose segments stand one under the other.

use super::content::Rule;
use super::line::{Line, build};
use super::span::Span;

/// A table that was found.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The texts of its cells, row by row.
    pub(super) rows: Vec<Vec<String>>,
    /// Spans drawn before it.
    pub(super) order: usize,
    pub(super) y: f64,
}

/// How far apart ends of rules may be that meet, in points.
const NEAR: f64 = 3.0;
/// A page with more than this is a drawing.
const MOST_RULES: usize = 1500;
const MOST_SPANS: usize = 20_000;
const MOST_ROWS: usize = 400;
const MOST_CELLS: usize = 10_000;

/// Takes the tables that are drawn with rules out of `spans`; each span that lies in one is taken with it.
pub(super) fn ruled(rules: &[Rule], spans: &mut Vec<(usize, Span)>) -> Vec<Table> {
    let mut tables = Vec::new();
    if rules.len() > MOST_RULES || spans.len() > MOST_SPANS {
        return tables;
    }
    for group in connected(rules) {
        let lines = |horizontal: bool| {
            let mut at: Vec<f64> =
                group.iter().filter(|rule| rule.horizontal == horizontal).map(|rule| rule.at).collect();
            at.sort_by(f64::total_cmp);
            at.dedup_by(|b, a| *b - *a < NEAR * 1.5);
            at
        };
        let grid = Grid { rows: lines(true), columns: lines(false), rules: &group };
        // At least two cells; a box around something is no table.
        if grid.height() < 1
            || grid.width() < 1
            || !(2..=MOST_CELLS).contains(&(grid.height() * grid.width()))
        {
            continue;
        }
        let (Some(top), Some(bottom)) = (grid.rows.first(), grid.rows.last()) else { continue };
        let (Some(left), Some(right)) = (grid.columns.first(), grid.columns.last()) else { continue };
        let mut inside = Vec::new();
        let mut rest = Vec::new();
        for (order, span) in spans.drain(..) {
            let middle = f64::midpoint(span.x0, span.x1);
            let height = span.y - span.size * 0.3;
            if height > *top && height < *bottom && middle > *left && middle < *right {
                inside.push((order, span));
            } else {
                rest.push((order, span));
            }
        }
        *spans = rest;
        let Some(order) = inside.first().map(|(order, _)| *order) else { continue };
        let merged = grid.merged();
        let mut cells = vec![vec![Vec::new(); grid.width()]; grid.height()];
        for (order, span) in inside {
            let row = grid.row(&span);
            for (order, span) in split(order, span, &grid.bounds(row)) {
                let column =
                    grid.columns.partition_point(|x| *x < f64::midpoint(span.x0, span.x1)).saturating_sub(1);
                let (row, column) = merged.get(row * grid.width() + column).copied().unwrap_or((row, column));
                if let Some(cell) = cells.get_mut(row).and_then(|row| row.get_mut(column)) {
                    cell.push((order, span));
                }
            }
        }
        let rows: Vec<Vec<String>> =
            cells.into_iter().map(|row| row.into_iter().map(|cell| cell_text(&cell)).collect()).collect();
        let filled: Vec<Vec<String>> =
            rows.into_iter().filter(|row: &Vec<String>| row.iter().any(|cell| !cell.is_empty())).collect();
        tables.push(Table { rows: without_empty_columns(filled), order, y: *top });
    }
    tables
}

/// The lines that a table's rules lie on. Not each rule goes all the way: where one is missing, cells are merged.
struct Grid<'r> {
    rows: Vec<f64>,
    columns: Vec<f64>,
    rules: &'r [Rule],
}

impl Grid<'_> {
    fn height(&self) -> usize {
        self.rows.len().saturating_sub(1)
    }

    fn width(&self) -> usize {
        self.columns.len().saturating_sub(1)
    }

    /// The row that a span stands in.
    fn row(&self, span: &Span) -> usize {
        self.rows.partition_point(|y| *y < span.y - span.size * 0.3).saturating_sub(1)
    }

    /// Whether a rule lies at `at` and passes `along`.
    fn is_drawn(&self, horizontal: bool, at: f64, along: f64) -> bool {
        self.rules.iter().any(|rule| {
            rule.horizontal == horizontal
                && (rule.at - at).abs() < NEAR * 1.5
                && (rule.from - NEAR..=rule.to + NEAR).contains(&along)
        })
    }

    /// The places of the rules between the columns of a row.
    fn bounds(&self, row: usize) -> Vec<f64> {
        let Some([top, bottom]) = self.rows.get(row..row + 2) else { return self.columns.clone() };
        let middle = f64::midpoint(*top, *bottom);
        self.columns.iter().copied().filter(|at| self.is_drawn(false, *at, middle)).collect()
    }

    /// For each place of the grid, row by row, the first place of the cell that it is part of.
    fn merged(&self) -> Vec<(usize, usize)> {
        let (height, width) = (self.height(), self.width());
        let mut parent: Vec<usize> = (0..height * width).collect();
        let middle = |lines: &[f64], index: usize| match lines.get(index..index + 2) {
            Some([a, b]) => f64::midpoint(*a, *b),
            _ => 0.0,
        };
        for row in 0..height {
            for column in 0..width {
                let here = row * width + column;
                let (Some(left), Some(top)) = (self.columns.get(column), self.rows.get(row)) else {
                    continue;
                };
                let mut join = |other: usize| {
                    // The smaller one stands for both, so that it is the first of the cell.
                    let (a, b) = (root(&mut parent, here), root(&mut parent, other));
                    parent[a.max(b)] = a.min(b);
                };
                if column > 0 && !self.is_drawn(false, *left, middle(&self.rows, row)) {
                    join(here - 1);
                }
                if row > 0 && !self.is_drawn(true, *top, middle(&self.columns, column)) {
                    join(here - width);
                }
            }
        }
        (0..height * width)
            .map(|place| {
                let first = root(&mut parent, place);
                (first / width, first % width)
            })
            .collect()
    }
}

fn without_empty_columns(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let columns = rows.first().map_or(0, Vec::len);
    let used: Vec<bool> = (0..columns)
        .map(|column| rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.is_empty())))
        .collect();
    for row in &mut rows {
        let mut used = used.iter();
        row.retain(|_| used.next().copied().unwrap_or(true));
    }
    rows
}

/// The one that stands for the group of `at`, the way there made shorter.
fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

/// Rules that hang together.
fn connected(rules: &[Rule]) -> Vec<Vec<Rule>> {
    let mut parent: Vec<usize> = (0..rules.len()).collect();
    for (i, a) in rules.iter().enumerate() {
        for (j, b) in rules.iter().enumerate().skip(i + 1) {
            if meet(a, b) {
                let (a, b) = (root(&mut parent, i), root(&mut parent, j));
                parent[a] = b;
            }
        }
    }
    let mut groups: std::collections::BTreeMap<usize, Vec<Rule>> = std::collections::BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        let root = root(&mut parent, index);
        groups.entry(root).or_default().push(*rule);
    }
    groups.into_values().collect()
}

fn meet(a: &Rule, b: &Rule) -> bool {
    let within = |at: f64, rule: &Rule| at >= rule.from - NEAR && at <= rule.to + NEAR;
    if a.horizontal == b.horizontal {
        // One goes on where the other ends, or they lie side by side as the two edges of a thick one.
        (a.at - b.at).abs() <= NEAR && a.from <= b.to + NEAR && b.from <= a.to + NEAR
    } else {
        within(a.at, b) && within(b.at, a)
    }
}

/// Cuts a span where a rule between columns passes between two of its words.
fn split(order: usize, span: Span, columns: &[f64]) -> Vec<(usize, Span)> {
    let column = |x: f64| columns.partition_point(|c| *c < x + 1.0);
    let first = column(span.x0);
    let Some(place) = span.words.iter().position(|(_, x)| column(*x) != first).filter(|place| *place > 0)
    else {
        return vec![(order, span)];
    };
    let mut out = Vec::new();
    let mut start = 0;
    let mut from = 0;
    for i in place..=span.words.len() {
        let here = span.words.get(start).map_or(span.x0, |(_, x)| *x);
        let next = span.words.get(i);
        if next.is_some_and(|(_, x)| column(*x) == column(here)) {
            continue;
        }
        let end = next.map_or(span.text.len(), |(at, _)| *at);
        let text = span.text.get(from..end).unwrap_or_default().trim().to_owned();
        // The end of the last word is known only for the whole span.
        let x1 = next.map_or(span.x1, |_| here + text.chars().count() as f64 * span.size * 0.4);
        if !text.is_empty() {
            out.push((order, Span { text, x0: here, x1, words: vec![(0, here)], ..span.clone() }));
        }
        start = i;
        from = end;
    }
    out
}

/// The text of a cell: its lines joined where they were wrapped.
fn cell_text(spans: &[(usize, Span)]) -> String {
    let mut lines = build(spans.iter().map(|(order, span)| (*order, span)));
    lines.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.x0.total_cmp(&b.x0)));
    let widest = lines.iter().map(|line| line.x1).fold(f64::NEG_INFINITY, f64::max);
    let left = lines.iter().map(|line| line.x0).fold(f64::INFINITY, f64::min);
    let mut out = String::new();
    let mut before: Option<&Line> = None;
    for line in &lines {
        if let Some(before) = before {
            let short = before.x1 < left + (widest - left) * 0.66;
            let apart = line.y - before.y > before.size * 1.9;
            let same_row = (line.y - before.y).abs() < before.size * 0.5;
            out.push(if (short || apart) && !same_row { '\n' } else { ' ' });
        }
        out.push_str(&line.text().replace('\t', " "));
        before = Some(line);
    }
    out
}

/// The lines from `start` on that make a table without rules: how many there are, at least two.
pub(super) fn aligned(lines: &[Line]) -> usize {
    let Some(first) = lines.first() else { return 0 };
    let columns = first.segments.len();
    if columns < 2 {
        return 0;
    }
    let size = first.size;
    let stands_under = |line: &Line, before: &Line| {
        line.segments.len() == columns
            && (line.size - size).abs() < size * 0.1
            && line.y > before.y
            && line.y - before.y < size * 3.5
            && line.segments.iter().zip(&first.segments).all(|(a, b)| {
                let middle = |segment: &super::line::Segment| f64::midpoint(segment.x0, segment.x1);
                let near = size * 0.7;
                (a.x0 - b.x0).abs() < near
                    || (a.x1 - b.x1).abs() < near
                    || (middle(a) - middle(b)).abs() < near
            })
    };
    let mut count = 1;
    while let (Some(line), Some(before)) = (lines.get(count), lines.get(count - 1)) {
        if !stands_under(line, before) || count >= MOST_ROWS {
            break;
        }
        count += 1;
    }
    // Two segments may be a label and what it labels, or a line of contents and its page.
    let least = if columns >= 3 { 2 } else { 3 };
    let contents = columns == 2
        && lines.get(..count).is_some_and(|lines| {
            lines
                .iter()
                .all(|line| line.segments.last().is_some_and(|s| s.text.chars().all(|c| c.is_ascii_digit())))
        });
    if count >= least && !contents { count } else { 0 }
}
