//! What the model sees of a token: numbers of buckets of a hashed table.
//!
//! Training and use share this file, so that they cannot differ. A change here makes the weights void: train again.

use crate::hash::{SEED, hash_word, mix};
use crate::lists::known;
use crate::token::{Gap, Shape, Token};
use crate::{Run, Text};

/// How many buckets the table has.
pub const BUCKETS: usize = 1 << 16;

/// Collects buckets; each kind of feature has its own number, so that equal values of two kinds differ.
struct Sink<'a> {
    out: &'a mut Vec<u32>,
    kind: u64,
}

impl Sink<'_> {
    fn push(&mut self, values: &[u64]) {
        self.kind += 1;
        self.same(values);
    }

    /// One more value of the last kind.
    fn same(&mut self, values: &[u64]) {
        let mut hash = mix(SEED, self.kind.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for value in values {
            hash = mix(hash ^ (hash >> 31), *value);
        }
        hash ^= hash >> 33;
        hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
        self.out.push(((hash >> 40) as usize % BUCKETS) as u32);
    }
}

/// Marks for what stands outside the line.
const LINE_START: u64 = 1;
const LINE_END: u64 = 2;

/// Appends the buckets of token `i` of `run`.
pub fn features(text: &Text<'_>, run: Run, i: usize, out: &mut Vec<u32>) {
    let Some(token) = text.tokens.get(i) else { return };
    let mut sink = Sink { out, kind: 0 };
    let place = Place::of(text, run, token);
    word(text, token, i, &mut sink);
    around(text, run, i, &mut sink);
    whole_run(text, run, i, &place, &mut sink);
    document(text, token, i, run, &place, &mut sink);
}

/// The token at `i` on the line of `token`, or a mark.
fn near(text: &Text<'_>, line: u32, i: Option<usize>) -> Option<Token> {
    text.tokens.get(i?).copied().filter(|t| t.line == line)
}

fn hash_near(text: &Text<'_>, line: u32, at: usize, step: isize) -> u64 {
    let mark = if step < 0 { LINE_START } else { LINE_END };
    near(text, line, at.checked_add_signed(step))
        .map_or(mark, |t| if t.shape == Shape::Number { number(&t) } else { t.hash })
}

/// Numbers count by their length; four digits are a year.
fn number(token: &Token) -> u64 {
    0x100 + u64::from((token.end - token.start).min(9))
}

fn shape_near(text: &Text<'_>, line: u32, at: usize, step: isize) -> u64 {
    near(text, line, at.checked_add_signed(step)).map_or(15, |t| t.shape as u64)
}

fn known_near(text: &Text<'_>, line: u32, at: usize, step: isize) -> u64 {
    near(text, line, at.checked_add_signed(step)).map_or(0xffff, |t| u64::from(t.known))
}

/// What a word is by the lists, roughly: kinds and whether it is a common word.
fn rough(known: u16) -> u64 {
    let names = known & (known::GIVEN | known::FAMILY | known::NAME | known::PLACE);
    let common = match known::frequency(known) {
        0 => 0,
        1..=2 => 1,
        _ => 2,
    };
    u64::from(names) << 2 | common
}

fn word(text: &Text<'_>, token: &Token, i: usize, sink: &mut Sink<'_>) {
    let (line, shape) = (token.line, token.shape as u64);
    let known = u64::from(token.known);
    sink.push(&[]);
    sink.push(&[token.hash]);
    sink.push(&[shape]);
    sink.push(&[known]);
    sink.push(&[known, shape]);
    sink.push(&[rough(token.known), shape]);
    let (before, after) = (known_near(text, line, i, -1), known_near(text, line, i, 1));
    sink.push(&[rough(token.known), rough(after as u16), shape_near(text, line, i, 1)]);
    sink.push(&[rough(token.known), rough(before as u16), shape_near(text, line, i, -1)]);
    sink.push(&[shape_near(text, line, i, -1), shape, shape_near(text, line, i, 1)]);
    let word = text.text.get(token.start as usize..token.end as usize).unwrap_or_default();
    let tail = |n: usize| {
        let at = word.char_indices().rev().nth(n - 1).map_or(0, |(at, _)| at);
        hash_word(word.get(at..).unwrap_or_default())
    };
    sink.push(&[tail(2)]);
    sink.push(&[tail(3)]);
    sink.push(&[tail(4), rough(token.known)]);
    let head = word.char_indices().nth(3).map_or(word.len(), |(at, _)| at);
    sink.push(&[hash_word(word.get(..head).unwrap_or_default())]);
}

fn around(text: &Text<'_>, run: Run, i: usize, sink: &mut Sink<'_>) {
    let Some(token) = text.tokens.get(i) else { return };
    let line = token.line;
    let at = |step| hash_near(text, line, i, step);
    let here = rough(token.known);
    sink.push(&[at(-1)]);
    sink.push(&[at(1)]);
    sink.push(&[at(-2), at(-1)]);
    sink.push(&[at(1), at(2)]);
    sink.push(&[at(-1), here]);
    sink.push(&[at(1), here]);
    // Around the run.
    let first = |step| hash_near(text, line, run.start, step);
    let last = |step| hash_near(text, line, run.end - 1, step);
    let (begins, ends) = (u64::from(i == run.start), u64::from(i + 1 == run.end));
    sink.push(&[first(-1)]);
    sink.push(&[first(-1), first(-2)]);
    sink.push(&[first(-2)]);
    sink.push(&[last(1)]);
    sink.push(&[last(1), last(2)]);
    sink.push(&[last(2)]);
    sink.push(&[first(-1), last(1)]);
    sink.push(&[begins, ends, here]);
    // Cue words earlier in the line, wherever they stand.
    sink.push(&[0]);
    for step in 3..=7 {
        let Some(word) = near(text, line, run.start.checked_sub(step)) else { break };
        if word.is_word() {
            sink.same(&[word.hash]);
        }
    }
    sink.push(&[0]);
    for step in 2..=5 {
        let Some(word) = near(text, line, Some(run.end + step)) else { break };
        if word.is_word() {
            sink.same(&[word.hash]);
        }
    }
}

/// Where a run stands: as all of a line or of a column, at its start, at its end, inside.
struct Place {
    /// 0 inside, 1 at the start, 2 at the end, 3 all of it; 4 more where wide gaps make columns.
    kind: u64,
    /// Which line from the top and from the bottom.
    line: [u64; 2],
    words: u64,
    capitals: u64,
    open: u64,
    holds: u64,
}

impl Place {
    fn of(text: &Text<'_>, run: Run, token: &Token) -> Self {
        let line = text.line(token);
        let gap = |i: usize| text.tokens.get(i).map_or(Gap::Line, |t| t.gap);
        let spread = line.gaps * 3 > line.last.saturating_sub(line.first) as u16;
        let (before, after) = (gap(run.start), gap(run.end));
        let wide = |g: Gap| g == Gap::Line || g == Gap::Wide && !spread;
        let columns = !spread && (before == Gap::Wide || after == Gap::Wide);
        let kind = u64::from(wide(before)) | u64::from(wide(after)) << 1 | u64::from(columns) << 2;
        let bucket = |n: usize| match n {
            0..=3 => n as u64,
            4..=6 => 4,
            7..=12 => 5,
            _ => 6,
        };
        let top = if text.is_first { bucket(token.line as usize) } else { 7 };
        let below = text.lines.len().saturating_sub(1 + token.line as usize);
        let bottom = if text.is_last { bucket(below) } else { 7 };
        Self {
            kind,
            line: [top, bottom],
            words: u64::from(line.words.min(12)),
            capitals: u64::from(line.capitals) * 4 / u64::from(line.words.max(1)),
            open: u64::from(line.open_before) | u64::from(line.open_after) << 1,
            holds: u64::from(line.holds),
        }
    }
}

fn whole_run(text: &Text<'_>, run: Run, i: usize, place: &Place, sink: &mut Sink<'_>) {
    let tokens = text.tokens.get(run.start..run.end).unwrap_or_default();
    let words: Vec<&Token> = tokens.iter().filter(|t| t.is_word()).collect();
    let (first, last) =
        (words.first().map_or(0, |t| rough(t.known)), words.last().map_or(0, |t| rough(t.known)));
    let length = words.len().min(6) as u64;
    // How many of the run's words are known as names, and how many are common words.
    let names = words.iter().filter(|t| t.known & (known::GIVEN | known::FAMILY) != 0).count().min(4) as u64;
    let common = words.iter().filter(|t| known::frequency(t.known) >= 3).count().min(4) as u64;
    let shapes = words.iter().take(4).fold(0, |all, t| all << 3 | t.shape as u64);
    let kind = place.kind;
    sink.push(&[length, (i - run.start).min(6) as u64]);
    sink.push(&[kind, length, names, common]);
    sink.push(&[kind, first, last]);
    sink.push(&[kind, shapes, length]);
    sink.push(&[kind, place.words]);
    sink.push(&[kind, place.line[0]]);
    sink.push(&[kind, place.line[1]]);
    sink.push(&[kind, place.line[0], names, common]);
    sink.push(&[kind, place.open, length]);
    sink.push(&[kind, place.holds]);
    sink.push(&[kind, place.capitals, length]);
    sink.push(&[kind, place.open, place.line[0].min(4), place.line[1].min(4)]);
    // What is on the lines around: the cue may be there.
    let line = tokens.first().map_or(0, |t| t.line);
    let start_of = |line: Option<u32>| {
        line.and_then(|l| text.lines.get(l as usize))
            .and_then(|l| text.tokens.get(l.first as usize))
            .map_or(0, |t| t.hash)
    };
    let end_of = |line: Option<u32>| {
        let line = line.and_then(|l| text.lines.get(l as usize));
        line.and_then(|l| text.tokens.get((l.last as usize).saturating_sub(1))).map_or(0, |t| t.hash)
    };
    sink.push(&[kind, start_of(line.checked_sub(1))]);
    sink.push(&[kind, start_of(line.checked_add(1))]);
    sink.push(&[kind, end_of(line.checked_sub(1))]);
}

fn document(text: &Text<'_>, token: &Token, i: usize, run: Run, place: &Place, sink: &mut Sink<'_>) {
    let (capital, lower) = text.count(token);
    let many = |n: u32| u64::from(n.min(2)) + u64::from(n > 4);
    sink.push(&[many(lower), rough(token.known)]);
    sink.push(&[many(capital), many(lower), place.kind]);
    // A year soon after it: a citation.
    let year = (run.end..run.end + 6)
        .filter_map(|j| text.tokens.get(j))
        .any(|t| t.shape == Shape::Number && t.end - t.start == 4 && t.line == token.line);
    sink.push(&[u64::from(year), place.kind]);
    let after = text.tokens.get(run.end).filter(|t| t.line == token.line && t.shape == Shape::Mark);
    let possessive = after.is_some_and(|t| {
        let mark = text.text.get(t.start as usize..t.end as usize);
        matches!(mark, Some("’" | "'"))
    });
    sink.push(&[u64::from(possessive), u64::from(i + 1 == run.end)]);
}
