//! What stands on pages beside the text: headers and footers, told by their coming back from page to page, and notes at
//! the foot.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::super::heading::is_part_label;
use super::line::Line;

/// What a line at the edge of a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Header,
    Footer,
}

/// Lines at the edge that are looked at, and how far in from the edge, as a share of the height.
const LINES: usize = 4;
const REACH: f64 = 0.14;

static PAGE_NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\W{0,3}(?:page\s*|p\.?\s*)?(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:of|/|\|)\s*\d{1,4})?\W{0,3}$",
    )
    .ok()
});

static SAYS_PAGE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)^(?:.{0,80}\s)?page\s+\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?\W{0,3}$").ok());

/// Whether it is at the top, its text with numbers made alike, its place.
type Key = (bool, String, i64);

/// A page's lines with its height.
pub(super) type PageLines<'p> = (&'p [Line], f64);

/// For each page, for each of its lines, whether it is part of a header or footer.
pub(super) fn edges(pages: &[PageLines<'_>]) -> Vec<Vec<Option<Edge>>> {
    let mut seen: HashMap<Key, usize> = HashMap::new();
    let candidates: Vec<Vec<(usize, Edge)>> = pages.iter().map(|page| candidates(*page)).collect();
    let key = |line: &Line, edge: Edge, height: f64| {
        // From the edge that it belongs to, so that pages of other sizes agree; to the nearest few points.
        let place = if edge == Edge::Header { line.y } else { height - line.y };
        (edge == Edge::Header, folded(&line.text()), (place / 8.0).round() as i64)
    };
    for ((lines, height), found) in pages.iter().zip(&candidates) {
        for (index, edge) in found {
            if let Some(line) = lines.get(*index) {
                *seen.entry(key(line, *edge, *height)).or_default() += 1;
            }
        }
    }
    let count = pages.len();
    let enough = if count >= 6 { count.div_ceil(4) } else { 2 };
    pages
        .iter()
        .zip(&candidates)
        .map(|((lines, height), found)| {
            let mut out = vec![None; lines.len()];
            for (index, edge) in found {
                let Some(line) = lines.get(*index) else { continue };
                let (is_header, text, place) = key(line, *edge, *height);
                // The place may fall on either side of a boundary.
                let times: usize = (place - 1..=place + 1)
                    .filter_map(|place| seen.get(&(is_header, text.clone(), place)))
                    .sum();
                let repeats = count >= 2 && times >= enough && !text.is_empty();
                let at_end = out_of_all(lines, *index, *edge);
                let text = line.text();
                let text = text.trim();
                // The label of a part that begins a page is no header, however often parts of that letter do.
                let label = *edge == Edge::Header && (is_part_label(text) || is_item(text));
                let says = |regex: &LazyLock<Option<Regex>>| {
                    at_end && regex.as_ref().is_some_and(|r| r.is_match(text))
                };
                let numbered = says(&SAYS_PAGE) || (count >= 2 && says(&PAGE_NUMBER));
                if (line.artifact || (repeats || numbered) && !label)
                    && let Some(slot) = out.get_mut(*index)
                {
                    *slot = Some(*edge);
                }
            }
            out
        })
        .collect()
}

/// Lines near the edges, the outermost first.
fn candidates((lines, height): PageLines<'_>) -> Vec<(usize, Edge)> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|a, b| match (lines.get(*a), lines.get(*b)) {
        (Some(a), Some(b)) => a.y.total_cmp(&b.y),
        _ => a.cmp(b),
    });
    let near = |index: &usize, edge: Edge| {
        lines.get(*index).is_some_and(|line| match edge {
            Edge::Header => line.y < height * REACH,
            Edge::Footer => line.y > height * (1.0 - REACH),
        })
    };
    let top = order.iter().take(LINES).filter(|i| near(i, Edge::Header)).map(|i| (*i, Edge::Header));
    let bottom = order.iter().rev().take(LINES).filter(|i| near(i, Edge::Footer)).map(|i| (*i, Edge::Footer));
    top.chain(bottom).collect()
}

/// Whether no line stands farther out than this one.
fn out_of_all(lines: &[Line], index: usize, edge: Edge) -> bool {
    let Some(line) = lines.get(index) else { return false };
    lines.iter().all(|other| match edge {
        Edge::Header => other.y >= line.y - line.size * 0.5,
        Edge::Footer => other.y <= line.y + line.size * 0.5,
    })
}

/// What is counted within a work, and not with its pages: `Question 2` is another line than `Question 3`.
const PARTS: &str = "question questions q qu part section task activity exercise ex problem answer chapter appendix figure fig table \
    listing screenshot image diagram chart graph step stage scenario study case item entry topic theme experiment assignment tma \
    essay unit week block day session lesson test option objective outcome criterion requirement reflection";

/// Words between the name of a part and its number.
const NUMBER: &str = "no nr number";

/// A line with its numbers made alike, but for those of parts of the work: these tell one part from the next, where the number
/// of a page tells nothing.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Whether a number that comes now is kept, which the word before it says; and where a word begins that has not ended.
    let mut kept = begins_with_part(text);
    let mut word = None;
    let mut begun = None;
    let mut gap = false;
    for c in text.chars() {
        if c.is_alphabetic() {
            begun.get_or_insert(out.len());
            out.extend(c.to_lowercase());
            continue;
        }
        if let Some(start) = begun.take()
            && out.get(start..).is_some_and(|word| !is_among(NUMBER, word))
        {
            word = Some(start..out.len());
        }
        // `TMA 02 | 3`: past a mark stands another number, and so it does past a blank alone.
        kept &=
            c.is_numeric() && !(gap && word.is_none()) || c.is_whitespace() || matches!(c, '.' | '(' | ')');
        gap = c.is_whitespace();
        if c.is_numeric()
            && let Some(word) = word.take().and_then(|word| out.get(word))
        {
            kept = is_among(PARTS, word);
        }
        if c.is_numeric() && !kept {
            if !out.ends_with('#') {
                out.push('#');
            }
        } else if !c.is_whitespace() {
            out.push(c);
        }
    }
    out
}

fn is_among(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|known| known == word)
}

/// Whether a line begins with the number of a part, `1.2 …` or `2) …`, which no page has.
fn begins_with_part(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_below = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    rest.len() < text.len() && (rest.starts_with(['(', ')']) || rest.strip_prefix('.').is_some_and(is_below))
}

/// Whether a line is the number of an item and nothing more: `2)`.
fn is_item(text: &str) -> bool {
    text.strip_suffix(')').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Where the notes at the foot of a page begin: the first line of the small print that closes it and starts with a mark.
pub(super) fn notes_start(lines: &[&Line], body_size: f64, height: f64) -> Option<usize> {
    let small = |line: &Line| line.size < body_size * 0.93;
    let mut start = lines.len();
    while start > 0 && lines.get(start - 1).is_some_and(|line| small(line)) {
        start -= 1;
    }
    let first = (start..lines.len()).find(|i| lines.get(*i).is_some_and(|line| begins_note(line)))?;
    let line = lines.get(first)?;
    let below_text =
        first == 0 || lines.get(first - 1).is_some_and(|before| line.y > before.y + before.size * 0.9);
    (first > 0 && below_text && line.y > height * 0.45).then_some(first)
}

/// Whether a line begins with the mark of a note: a number, a star, a dagger.
pub(super) fn begins_note(line: &Line) -> bool {
    let text = line.text();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let marked = text.starts_with(['*', '†', '‡', '§', '¹', '²', '³']);
    let rest = text.get(digits..).unwrap_or_default();
    let spelled = (1..=3).contains(&digits)
        && rest
            .trim_start_matches(['.', ')'])
            .trim_start()
            .starts_with(|c: char| c.is_alphabetic() || c == '‘' || c == '“');
    marked || spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_pages_are_alike_and_those_of_parts_are_not() {
        for (one, other) in [
            ("Page 2", "Page 3"),
            ("Quillfeather 2", "Quillfeather 3"),
            ("TMA 02 Question 1, page 2 of 9", "TMA 02  Question 1, Page 10 of 9"),
            ("2 | Networks", "12 | Networks"),
            ("A. Writer X1234567 – 2", "A. Writer X1234567 – 3"),
            ("TM112 TMA02 – 2", "TM112 TMA02 – 3"),
            ("TMA 02 | 2", "TMA 02 | 3"),
            ("TM112 TMA02\t2", "TM112 TMA02\t3"),
        ] {
            assert_eq!(folded(one), folded(other), "{one}");
        }
        for (one, other) in [
            ("Question 2", "Question 3"),
            ("Question 2 (1)", "Question 2 (2)"),
            ("Q2", "q3"),
            ("Answer to Question No. 2", "Answer to Question No. 3"),
            ("TMA01 Part 1", "TMA01 Part 2"),
            ("Activity 1.2: Answer", "Activity 1.3: Answer"),
            ("Figure 1", "Figure 2"),
            ("1) Answer", "2) Answer"),
            ("3.1", "3.2"),
            ("1(a)", "2(a)"),
        ] {
            assert_ne!(folded(one), folded(other), "{one}");
        }
    }
}
