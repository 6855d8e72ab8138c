//! Short exact quotations, and where in an answer they stand.

use crate::feedback::answer::Answer;
use crate::text::{self, Span};

/// Words of the longest quotation in the student's feedback.
const LONGEST: usize = 15;

/// A stretch of a sentence of at most [`LONGEST`] words around `focus`, exactly as it stands; none where it would
/// show a placeholder, a quotation of someone else, a line break or too little.
pub(super) fn excerpt(text: &str, sentence: Span, focus: Option<Span>) -> Option<&str> {
    let words: Vec<Span> = text::words(sentence.of(text))
        .map(|w| Span::new(sentence.start + w.start, sentence.start + w.end))
        .collect();
    let focus = focus.filter(|f| sentence.contains(*f)).unwrap_or(Span::new(sentence.start, sentence.start));
    let first_hit = words.iter().position(|w| w.end > focus.start).unwrap_or(0);
    let last_hit = words
        .iter()
        .rposition(|w| w.start < focus.end.max(focus.start + 1))
        .unwrap_or(first_hit)
        .max(first_hit);
    let ends_clause = |w: &Span| w.of(text).ends_with([',', ';', ':', '–', '—']);
    let (mut from, mut to) = (0, words.len());
    if words.len() > LONGEST {
        // Begin where a clause begins, if one does near enough, and end where one ends.
        let earliest = last_hit.saturating_sub(LONGEST - 2).min(first_hit);
        let begins = |i: &usize| {
            *i == 0
                || words.get(*i - 1).is_some_and(ends_clause)
                || words.get(*i).is_some_and(|w| {
                    matches!(
                        w.of(text),
                        "that" | "because" | "when" | "which" | "while" | "and" | "but" | "if" | "so"
                    )
                })
        };
        from = (earliest..=first_hit).rev().find(begins).unwrap_or(first_hit);
        let latest = (from + LONGEST).min(words.len());
        to = (last_hit.max(from + 3)..latest)
            .find(|i| words.get(*i).is_some_and(ends_clause))
            .map_or(latest, |i| i + 1);
        // A joining word leads in to the clause; the clause begins after it.
        if from > 0
            && words.get(from).is_some_and(|w| matches!(w.of(text), "and" | "but" | "so" | "that" | "which"))
        {
            from += 1;
        }
    }
    let raw = text.get(words.get(from)?.start..words.get(to.checked_sub(1)?)?.end)?;
    let quote = raw.trim_end_matches(['.', ',', ';', ':', '!', '?', '–', '—', ' ']);
    let dangling =
        ["the", "a", "an", "of", "to", "and", "or", "in", "that", "is", "are", "for", "with", "as", "by"];
    let mut quote = quote;
    // An excerpt cut short does not end on a word that leads on.
    while to < words.len()
        && let Some((head, last)) = quote.rsplit_once(' ')
        && dangling.contains(&last.to_lowercase().as_str())
    {
        quote = head.trim_end_matches([',', ';', ':']);
    }
    let clean =
        !quote.contains(['\n', '\t', '“', '”', '"', '[', ']', '{', '}', '*', '_', '`', '(', '#', '<', '|']);
    (clean && text::count_words(quote) >= 3).then_some(quote)
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
        assert_eq!(excerpt("I am [STUDENT] and I agree.", Span::new(0, 27), None), None);
        assert_eq!(
            excerpt("The list must be sorted.", Span::new(0, 24), None),
            Some("The list must be sorted")
        );
    }
}
