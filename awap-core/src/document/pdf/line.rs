//! Spans put together into lines of text.

use super::rtl;
use super::span::{Look, Span};

/// A line. What lies on it far apart (a label and its value, the cells of a row) is in segments of their own.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) segments: Vec<Segment>,
    pub(super) x0: f64,
    pub(super) x1: f64,
    /// The baseline, downwards from the top.
    pub(super) y: f64,
    /// The size most of it is set in.
    pub(super) size: f64,
    pub(super) artifact: bool,
    /// Spans drawn before it.
    pub(super) order: usize,
    /// Letters of that size.
    weight: usize,
}

/// A stretch of a line.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) text: String,
    /// Where each look begins in the text.
    pub(super) looks: Vec<(usize, Look)>,
    pub(super) x0: f64,
    pub(super) x1: f64,
    /// Of the last span.
    size: f64,
}

/// A gap that is a space, and one that sets segments apart, in sizes.
const SPACE: f64 = 0.16;
const APART: f64 = 1.6;
/// A page of more lines than this is no page that anyone reads; its lines stay as they are drawn.
const MOST_LINES: usize = 3000;

impl Line {
    fn new(span: &Span, order: usize) -> Self {
        Self {
            segments: vec![Segment::new(span)],
            x0: span.x0,
            x1: span.x1,
            y: span.y,
            size: span.size,
            artifact: span.artifact,
            order,
            weight: span.text.len(),
        }
    }

    /// Its text, segments set apart by tabs.
    pub(super) fn text(&self) -> String {
        let texts: Vec<&str> = self.segments.iter().map(|segment| segment.text.as_str()).collect();
        texts.join("\t")
    }

    /// Whether all of its letters have a look.
    pub(super) fn all(&self, has: impl Fn(&Look) -> bool) -> bool {
        self.segments.iter().all(|segment| segment.all(&has))
    }

    pub(super) fn first_char(&self) -> Option<char> {
        self.segments.first()?.text.chars().next()
    }

    pub(super) fn last_char(&self) -> Option<char> {
        self.segments.last()?.text.chars().next_back()
    }

    /// Whether a span continues the line, and after what gap.
    fn continues(&self, span: &Span) -> Option<f64> {
        let largest = self.size.max(span.size);
        let off = (span.y - self.y).abs();
        let small = self.size.min(span.size) < largest * 0.86;
        let same_row = off < self.size.min(span.size) * 0.3 || (small && off < largest * 0.62);
        let gap = span.x0 - self.x1;
        (same_row && gap > -largest * 0.55 && span.artifact == self.artifact).then_some(gap)
    }

    fn add(&mut self, span: &Span, gap: f64) {
        let largest = self.size.max(span.size);
        if gap > largest * APART {
            self.segments.push(Segment::new(span));
        } else if let Some(segment) = self.segments.last_mut() {
            segment.add(span, gap > largest * SPACE);
        }
        self.x1 = self.x1.max(span.x1);
        if span.text.len() > self.weight {
            self.weight = span.text.len();
            self.size = span.size;
            self.y = span.y;
        }
    }
}

impl Segment {
    fn new(span: &Span) -> Self {
        Self {
            text: span.text.clone(),
            looks: vec![(0, span.look)],
            x0: span.x0,
            x1: span.x1,
            size: span.size,
        }
    }

    fn add(&mut self, span: &Span, space: bool) {
        // The raised number that begins a note stands by itself.
        let number = span.size > self.size * 1.2 && self.text.chars().all(|c| c.is_ascii_digit());
        self.size = span.size;
        if (space || number) && !self.text.ends_with(' ') && !span.text.starts_with(' ') {
            self.text.push(' ');
        }
        if self.looks.last().is_none_or(|(_, look)| *look != span.look) {
            self.looks.push((self.text.len(), span.look));
        }
        self.text.push_str(&span.text);
        self.x1 = self.x1.max(span.x1);
    }

    pub(super) fn all(&self, has: impl Fn(&Look) -> bool) -> bool {
        let ends = self.looks.iter().skip(1).map(|(start, _)| *start).chain([self.text.len()]);
        self.looks.iter().zip(ends).all(|((start, look), end)| {
            has(look)
                || self.text.get(*start..end).is_none_or(|text| !text.chars().any(char::is_alphanumeric))
        })
    }
}

/// Puts spans together in the order in which they are drawn.
pub(super) fn build<'s>(spans: impl Iterator<Item = (usize, &'s Span)>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (order, span) in spans {
        if let Some(line) = lines.last_mut()
            && let Some(gap) = line.continues(span)
        {
            line.add(span, gap);
        } else {
            lines.push(Line::new(span, order));
        }
    }
    lines.iter_mut().filter(|line| line.segments.iter().any(|s| rtl::is_rtl(&s.text))).for_each(turn);
    lines
}

/// Puts a line of a script that is written from right to left into the order in which it is read.
fn turn(line: &mut Line) {
    line.segments.reverse();
    for segment in &mut line.segments {
        segment.text = rtl::logical(&segment.text);
        let look = segment.looks.first().map_or_else(Look::default, |(_, look)| *look);
        segment.looks = vec![(0, look)];
    }
}

/// The order in which lines are read. That in which they are drawn is, nearly always, that in which they were written;
/// where it jumps about, blank strips between columns and paragraphs tell.
pub(super) fn in_reading_order(lines: Vec<Line>) -> Vec<Line> {
    let jumps = lines.windows(2).filter(|pair| jumps_back(&pair[0], &pair[1])).count();
    if jumps * 12 <= lines.len() || lines.len() < 3 || lines.len() > MOST_LINES {
        return lines;
    }
    let mut order = Vec::with_capacity(lines.len());
    let mut stack = vec![(0..lines.len()).collect::<Vec<usize>>()];
    while let Some(set) = stack.pop() {
        match cut(&lines, &set) {
            Some((first, second)) => {
                stack.push(second);
                stack.push(first);
            }
            None => order.extend(by_place(&lines, set)),
        }
    }
    let mut slots: Vec<Option<Line>> = lines.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| slots.get_mut(index)?.take()).collect()
}

/// Whether reading goes up without going over to a column at the right.
fn jumps_back(line: &Line, next: &Line) -> bool {
    next.y < line.y - line.size && next.x0 < line.x1 - line.size
}

fn by_place(lines: &[Line], mut set: Vec<usize>) -> Vec<usize> {
    set.sort_by(|a, b| match (lines.get(*a), lines.get(*b)) {
        (Some(a), Some(b)) => a.y.total_cmp(&b.y).then(a.x0.total_cmp(&b.x0)),
        _ => a.cmp(b),
    });
    set
}

/// Cuts a set in two: between columns if a blank strip runs down all of it, else at the widest gap between lines.
fn cut(lines: &[Line], set: &[usize]) -> Option<(Vec<usize>, Vec<usize>)> {
    if set.len() < 2 {
        return None;
    }
    let boxes: Vec<(usize, &Line)> =
        set.iter().filter_map(|index| Some((*index, lines.get(*index)?))).collect();
    let split = |at: f64, place: fn(&Line) -> f64| {
        let (first, second): (Vec<_>, Vec<_>) = boxes.iter().partition(|(_, line)| place(line) < at);
        let ids = |part: Vec<&(usize, &Line)>| part.into_iter().map(|(index, _)| *index).collect::<Vec<_>>();
        (!first.is_empty() && !second.is_empty()).then(|| (ids(first), ids(second)))
    };
    let size = boxes.iter().map(|(_, line)| line.size).fold(0.0, f64::max).min(14.0);
    let (gutter, width) = widest_gap(boxes.iter().map(|(_, line)| (line.x0, line.x1)).collect())?;
    if width > size * 0.9 && boxes.len() >= 4 {
        return split(gutter, |line| line.x0);
    }
    let (gap, height) = widest_gap(
        boxes.iter().map(|(_, line)| (line.y - line.size * 0.8, line.y + line.size * 0.2)).collect(),
    )?;
    (height > 0.0).then(|| split(gap, |line| line.y)).flatten()
}

/// The middle and the width of the widest gap that no interval covers.
fn widest_gap(mut intervals: Vec<(f64, f64)>) -> Option<(f64, f64)> {
    intervals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut reach = intervals.first()?.1;
    let mut best = (0.0, 0.0);
    for (start, end) in intervals {
        if start - reach > best.1 {
            best = (f64::midpoint(reach, start), start - reach);
        }
        reach = reach.max(end);
    }
    Some(best)
}
