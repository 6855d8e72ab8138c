//! Short exact quotations, and where in an answer they stand.

use crate::feedback::answer::Answer;
use crate::text::{self, Span};

/// Words of the longest quotation in the student's feedback.
const LONGEST: usize = 18;
/// Words of the shortest.
const SHORTEST: usize = 4;

/// A stretch of a sentence of at most [`LONGEST`] words around `focus`, as it stands but for line breaks; none where it
/// would show a placeholder, a quotation of someone else or half a clause.
pub(super) fn excerpt(text: &str, sentence: Span, focus: Option<Span>) -> Option<String> {
    let words: Vec<Span> = text::words(sentence.of(text))
        .map(|w| Span::new(sentence.start + w.start, sentence.start + w.end))
        .collect();
    let focus =
        focus.filter(|f| sentence.contains(*f)).unwrap_or(Span::new(sentence.start, sentence.start + 1));
    let first_hit = words.iter().position(|w| w.end > focus.start)?;
    let last_hit = words.iter().rposition(|w| w.start < focus.end)?.max(first_hit);
    let (from, to) =
        if words.len() <= LONGEST { (0, words.len()) } else { clause(text, &words, first_hit, last_hit)? };
    let raw = text.get(words.get(from)?.start..words.get(to.checked_sub(1)?)?.end)?;
    let quote = raw.trim_end_matches(['.', ',', ';', ':', '!', '?', '–', '—', ' ']);
    let clean = !quote.contains(['\t', '“', '”', '"', '[', ']', '{', '}', '*', '_', '`', '(', '#', '<', '|']);
    (clean && text::count_words(quote) >= SHORTEST)
        .then(|| quote.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// From where a clause begins before the focus to where one ends after it; none where that is too far apart.
fn clause(text: &str, words: &[Span], first_hit: usize, last_hit: usize) -> Option<(usize, usize)> {
    let word = |i: usize| words.get(i).map_or("", |w| w.of(text));
    let ends = |i: usize| word(i).ends_with([',', ';', ':', '–', '—']) || i + 1 == words.len();
    let joins = |i: usize| {
        matches!(
            word(i),
            "because"
                | "when"
                | "while"
                | "but"
                | "if"
                | "and"
                | "so"
                | "until"
                | "unless"
                | "although"
                | "whereas"
        )
    };
    let begins = |i: usize| i == 0 || ends(i - 1) || joins(i);
    for from in (last_hit.saturating_sub(LONGEST - 1)..=first_hit).rev().filter(|i| begins(*i)) {
        let least = last_hit.max(from + SHORTEST + 1);
        let most = (from + LONGEST).min(words.len());
        let to = (least..most)
            .find(|i| ends(*i))
            .map(|i| i + 1)
            .or_else(|| (least.max(from + 7)..most).find(|i| joins(*i)));
        if let Some(to) = to {
            // “and” and “so” lead in to the clause; it begins after them.
            let leads_in = from > 0 && matches!(word(from).trim_end_matches(','), "and" | "so" | "but");
            return Some((from + usize::from(leads_in), to));
        }
    }
    None
}

/// Where a place stands in its answer: `in your opening paragraph`; none in an answer of one paragraph.
pub(super) fn place(answer: &Answer<'_>, at: Span) -> Option<&'static str> {
    const ORDINALS: [&str; 5] = [
        "in your opening paragraph",
        "in your second paragraph",
        "in your third paragraph",
        "in your fourth paragraph",
        "in your fifth paragraph",
    ];
    let index = answer.paragraphs.iter().position(|p| p.span.contains(at))?;
    let count = answer.paragraphs.len();
    if count < 2 || answer.paragraphs.get(index).is_some_and(|p| p.is_item) {
        return None;
    }
    if index + 1 == count && count > 2 {
        return Some("in your closing paragraph");
    }
    match ORDINALS.get(index) {
        Some(ordinal) => Some(ordinal),
        None if index * 3 < count * 2 => Some("about half-way through"),
        None => Some("towards the end"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_short_exact_and_whole_clauses() {
        let text = "When the list is sorted, a binary search compares the target with the middle item, and then it goes on with one of the two halves until it finds what it wants.";
        let at = text.find("middle").unwrap();
        let got = excerpt(text, Span::new(0, text.len()), Some(Span::new(at, at + 6))).unwrap();
        assert_eq!(got, "a binary search compares the target with the middle item");
        let text = "Forty years ago nobody would have thought of it as anything but a way of life that was handed down";
        assert_eq!(
            excerpt(text, Span::new(0, text.len()), Some(Span::new(30, 35))),
            Some("Forty years ago nobody would have thought of it as anything".to_owned())
        );
        assert_eq!(excerpt("I am [STUDENT] and I agree.", Span::new(0, 27), None), None);
        assert_eq!(
            excerpt("The list must be sorted.", Span::new(0, 24), None),
            Some("The list must be sorted".to_owned())
        );
    }
}
