//! Rules on a quotation: it stands in the answer to its criterion's question, word for word, and nowhere else counts.

use std::cell::OnceCell;

use super::ground::{Ground, Held};
use super::offer::Kind;
use super::reason::Reason;
use crate::feedback::answer::{Answer, Standing};
use crate::text::{self, Folded, Span};

/// Words of a quotation.
const WORDS: std::ops::RangeInclusive<usize> = 3..=60;
/// Bytes of the longest quotation.
const LONGEST: usize = 600;
/// Letters and digits of the shortest: `it is so` points nowhere.
const FEWEST_LETTERS: usize = 10;

/// The places of each answer in which a quotation may stand, made ready when they are first asked for.
pub(super) struct Places<'a> {
    answers: Vec<OnceCell<Vec<Place<'a>>>>,
}

/// A paragraph, an item of a list, a row of a table or a block of code.
struct Place<'a> {
    at: Span,
    text: &'a str,
    folded: OnceCell<Folded>,
}

impl<'a> Places<'a> {
    pub(super) fn of(ground: &Ground<'a>) -> Self {
        Self { answers: ground.answers.iter().map(|_| OnceCell::new()).collect() }
    }

    fn places(&self, ground: &Ground<'a>, question: usize) -> &[Place<'a>] {
        let (Some(cell), Some(answer)) = (self.answers.get(question), ground.answers.get(question)) else {
            return &[];
        };
        cell.get_or_init(|| {
            let mut spans: Vec<Span> =
                answer.paragraphs.iter().map(|p| p.span).chain(answer.code.iter().copied()).collect();
            spans.sort_unstable();
            let place = |at: Span| Place { at, text: at.of(answer.text), folded: OnceCell::new() };
            spans.into_iter().map(place).collect()
        })
    }

    /// Where `quote` first stands, as whole words, in the answer to question number `question`.
    ///
    /// Blanks, quotation marks, apostrophes and dashes may be of another sort than the student's: models write their
    /// own. The span is the student's text all the same.
    pub(super) fn find(&self, ground: &Ground<'a>, question: usize, quote: &str) -> Option<Span> {
        let places = self.places(ground, question);
        let exact = places.iter().find_map(|p| {
            let starts = p.text.match_indices(quote).map(|(at, _)| Span::new(at, at + quote.len()));
            starts.filter(|s| is_whole(p.text, *s)).map(|s| shifted(s, p.at.start)).next()
        });
        exact.or_else(|| {
            let wanted = Folded::new(quote);
            let plain = plain(quote);
            places.iter().find_map(|p| p.find_loosely(wanted.as_str(), &plain))
        })
    }
}

impl Place<'_> {
    fn find_loosely(&self, wanted: &str, plain_wanted: &str) -> Option<Span> {
        let folded = self.folded.get_or_init(|| Folded::new(self.text));
        folded
            .as_str()
            .match_indices(wanted)
            .map(|(at, _)| folded.span(self.text, Span::new(at, at + wanted.len())))
            // Folding also lets case and accents go; a quotation may not.
            .find(|s| is_whole(self.text, *s) && plain(s.of(self.text)) == plain_wanted)
            .map(|s| shifted(s, self.at.start))
    }
}

fn shifted(span: Span, by: usize) -> Span {
    Span::new(span.start + by, span.end + by)
}

/// Whether a span neither begins nor ends inside a word.
fn is_whole(text: &str, span: Span) -> bool {
    let joins = |a: Option<char>, b: Option<char>| {
        a.is_some_and(char::is_alphanumeric) && b.is_some_and(char::is_alphanumeric)
    };
    let (before, after) = (text.get(..span.start), text.get(span.end..));
    let quote = span.of(text);
    !joins(before.and_then(|t| t.chars().next_back()), quote.chars().next())
        && !joins(quote.chars().next_back(), after.and_then(|t| t.chars().next()))
}

/// A text with one sort of blank, quotation mark and dash.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().filter_map(|c| match c {
            '‘' | '’' | '‛' | 'ʼ' | '`' | '´' | '′' => Some('\''),
            '“' | '”' | '„' | '‟' | '″' => Some('"'),
            '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => Some('-'),
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => None,
            c => Some(c),
        }));
    }
    out
}

/// A quotation without outer blanks and without the marks that a model may have put around it.
pub(super) fn bare(quote: &str) -> &str {
    let quote = quote.trim();
    let inner = [('“', '”'), ('"', '"'), ('‘', '’'), ('\'', '\'')]
        .iter()
        .find_map(|(open, close)| quote.strip_prefix(*open)?.strip_suffix(*close));
    inner.unwrap_or(quote).trim()
}

/// Rule: a quotation is long enough to point somewhere, and no longer than a passage.
pub(super) fn quote_has_length(quote: &str) -> Result<(), Reason> {
    let fits = quote.len() <= LONGEST
        && WORDS.contains(&text::count_words(quote))
        && quote.chars().filter(|c| c.is_alphanumeric()).count() >= FEWEST_LETTERS;
    if fits { Ok(()) } else { Err(Reason::QuoteLength) }
}

/// Rule: a quotation stands, word for word, in the answer to its criterion's question; its first place there counts.
pub(super) fn quote_stands_in_the_answer<'a>(
    ground: &Ground<'a>,
    places: &Places<'a>,
    held: &Held<'_>,
    quote: &str,
) -> Result<Span, Reason> {
    if let Some(span) = places.find(ground, held.question, quote) {
        return Ok(span);
    }
    let elsewhere = ground.tma.text.contains(quote)
        || (0..ground.answers.len()).any(|other| places.find(ground, other, quote).is_some());
    Err(if elsewhere { Reason::QuoteOutOfPlace } else { Reason::UnverifiedQuote })
}

/// Rule: what is quoted is the student's own: no copy of the question and, where it is praised, none that earns
/// nothing because it is said twice, strung together or beyond the limit.
pub(super) fn quote_is_the_students_own(answer: &Answer<'_>, span: Span, kind: Kind) -> Result<(), Reason> {
    let counts = |standing: Standing| match standing {
        Standing::Counted | Standing::Fragment => true,
        Standing::Copied => false,
        Standing::Repeated | Standing::WordList | Standing::Unread => kind == Kind::Improvement,
    };
    let mut touched = answer.sentences.iter().filter(|s| s.span.overlaps(span));
    if touched.all(|s| counts(s.standing)) { Ok(()) } else { Err(Reason::QuoteOutOfPlace) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_have_a_length() {
        for (quote, fits) in [
            ("the list is sorted", true),
            ("sum(readings) / len(readings)", true),
            ("it is so", false),
            ("sorted list", false),
            ("", false),
            ("… — – - … — – -", false),
        ] {
            assert_eq!(quote_has_length(quote).is_ok(), fits, "{quote}");
        }
        assert!(quote_has_length(&"word ".repeat(61)).is_err());
        assert!(quote_has_length(&format!("a b {}", "c".repeat(600))).is_err());
    }

    #[test]
    fn marks_around_a_quotation_are_not_part_of_it() {
        for (quote, inner) in [
            (" “the list” ", "the list"),
            ("\"the list\"", "the list"),
            ("the “list”", "the “list”"),
            ("“", "“"),
        ] {
            assert_eq!(bare(quote), inner);
        }
    }

    #[test]
    fn spelling_counts_and_typography_does_not() {
        assert_eq!(plain("it’s  “so”\n– or"), plain("it's \"so\" - or"));
        assert_ne!(plain("The list"), plain("the list"));
        assert_ne!(plain("café"), plain("cafe"));
    }
}
