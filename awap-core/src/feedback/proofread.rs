//! Slips of spelling, grammar and punctuation that are slips in any context: fewer than a proof-reader finds, and none that
//! a student could fairly dispute.

use super::lexis;
use super::spelling;
use crate::text::{self, Span};

/// What kind of slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SlipKind {
    Spelling,
    Grammar,
    Punctuation,
}

/// One slip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slip {
    pub(crate) kind: SlipKind,
    /// Where it stands in the text.
    pub(crate) span: Span,
    /// What it should be; none where that depends on what was meant.
    pub(crate) better: Option<String>,
}

/// Pairs of words that are wrong wherever they stand, and what is right.
const PAIRS: &[(&str, &str, &str)] = &[
    ("could", "of", "could have"),
    ("should", "of", "should have"),
    ("would", "of", "would have"),
    ("must", "of", "must have"),
    ("might", "of", "might have"),
    ("their", "is", "there is"),
    ("their", "are", "there are"),
    ("there", "own", "their own"),
    ("it's", "own", "its own"),
    ("it’s", "own", "its own"),
    ("more", "better", "better"),
    ("most", "easiest", "easiest"),
    ("different", "then", "different from"),
    ("more", "then", "more than"),
    ("less", "then", "less than"),
    ("better", "then", "better than"),
    ("rather", "then", "rather than"),
    ("your", "welcome", "you’re welcome"),
    ("he", "don't", "he doesn’t"),
    ("she", "don't", "she doesn’t"),
    ("it", "don't", "it doesn’t"),
    ("they", "was", "they were"),
    ("we", "was", "we were"),
    ("you", "was", "you were"),
    ("these", "is", "these are"),
    ("those", "is", "those are"),
    ("a", "lots", "a lot"),
];

/// Words that may well stand twice in a row.
const DOUBLED: &[&str] = &["that", "had", "is", "very", "no", "bye", "so", "her", "in", "on", "do"];

/// Words with a vowel that is spoken as a consonant, and the reverse, after which the other article stands.
const SPOKEN_CONSONANT: &[&str] = &["uni", "use", "usa", "usu", "eu", "one", "once", "ubi", "uk", "unan"];
const SILENT_H: &[&str] = &["hour", "honest", "honour", "heir"];

/// The slips of `text[span]`, in order. `skip` says which places are not the student's own words.
pub(crate) fn slips(text: &str, span: Span, skip: impl Fn(Span) -> bool) -> Vec<Slip> {
    let body = span.of(text);
    let at = |s: Span| Span::new(span.start + s.start, span.start + s.end);
    let tokens: Vec<Span> = text::tokens(body).map(at).filter(|s| !skip(*s)).collect();
    let mut slips = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let word = token.of(text);
        let lower = word.to_lowercase();
        // A capital within a sentence is a name's.
        let named =
            i > 0 && word.starts_with(char::is_uppercase) || word.chars().skip(1).any(char::is_uppercase);
        if let Some(meant) = spelling::corrections(&lower).filter(|_| !named) {
            let better = if let [one] = meant { Some((*one).to_owned()) } else { None };
            slips.push(Slip { kind: SlipKind::Spelling, span: *token, better });
        }
        if word == "i" && is_pronoun(text, *token) {
            slips.push(Slip { kind: SlipKind::Punctuation, span: *token, better: Some("I".to_owned()) });
        }
        if lower == "alot" {
            slips.push(Slip { kind: SlipKind::Spelling, span: *token, better: Some("a lot".to_owned()) });
        }
        let Some(next) = tokens.get(i + 1) else { continue };
        // Only words with nothing but space between them are a pair.
        if text
            .get(token.end..next.start)
            .is_none_or(|gap| gap.is_empty() || !gap.chars().all(char::is_whitespace))
        {
            continue;
        }
        slips.extend(pair(text, *token, &lower, *next));
    }
    slips.extend(opening(text, span, &tokens));
    slips.sort_by_key(|s| (s.span.start, s.span.end));
    slips.dedup_by(|later, first| later.span.start < first.span.end);
    slips
}

/// `i` between spaces, as a word of its own and not the number of a part.
fn is_pronoun(text: &str, token: Span) -> bool {
    let before = text.get(..token.start).and_then(|t| t.chars().next_back());
    let after = text.get(token.end..).and_then(|t| t.chars().next());
    before.is_none_or(char::is_whitespace) && after.is_some_and(char::is_whitespace)
}

fn pair(text: &str, first: Span, lower: &str, next: Span) -> Option<Slip> {
    let both = Span::new(first.start, next.end);
    let following = next.of(text);
    let after = following.to_lowercase();
    if let Some((.., right)) = PAIRS.iter().find(|(a, b, _)| *a == lower && *b == after) {
        return Some(Slip { kind: SlipKind::Grammar, span: both, better: Some((*right).to_owned()) });
    }
    if lower == after
        && lower.chars().all(char::is_alphabetic)
        && lexis::is_function(lower)
        && !DOUBLED.contains(&lower)
    {
        return Some(Slip { kind: SlipKind::Grammar, span: both, better: Some(first.of(text).to_owned()) });
    }
    let whole_word = after.chars().count() > 2 && following.chars().skip(1).all(char::is_lowercase);
    let vowel = after.starts_with(['a', 'e', 'i', 'o', 'u']);
    let sounded = |list: &[&str]| list.iter().any(|p| after.starts_with(p));
    let wrong = match lower {
        "a" => (vowel && !sounded(SPOKEN_CONSONANT)) || sounded(SILENT_H),
        "an" => {
            !vowel && !after.starts_with('h')
                || vowel && sounded(SPOKEN_CONSONANT) && !after.starts_with("uni")
        }
        _ => false,
    };
    // “vitamin a is”: after a capital or a stop the letter is a name, not an article.
    if wrong && whole_word && first.of(text) != "A" && !lexis::is_function(&after) {
        let article = if lower == "a" { "an" } else { "a" };
        return Some(Slip {
            kind: SlipKind::Grammar,
            span: both,
            better: Some(format!("{article} {following}")),
        });
    }
    None
}

/// A sentence that begins with a small letter.
fn opening(text: &str, span: Span, tokens: &[Span]) -> Option<Slip> {
    let first = *tokens.first()?;
    let word = first.of(text);
    let starts = text.get(span.start..first.start).is_some_and(|lead| lead.trim().is_empty());
    let plain = word.chars().all(char::is_lowercase);
    // `a) the first` is a label.
    let spaced = text.get(first.end..).is_some_and(|rest| rest.starts_with(char::is_whitespace));
    if !(starts && plain && spaced && tokens.len() >= 4) {
        return None;
    }
    let mut chars = word.chars();
    let capital: String = chars.next()?.to_uppercase().chain(chars).collect();
    Some(Slip { kind: SlipKind::Punctuation, span: first, better: Some(capital) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, Option<String>)> {
        slips(text, Span::new(0, text.len()), |_| false)
            .into_iter()
            .map(|s| (s.span.of(text), s.better))
            .collect()
    }

    #[test]
    fn slips_are_found_and_put_right() {
        for (text, want) in [
            ("She could of seen it.", &[("could of", "could have")][..]),
            ("It is definately so.", &[("definately", "definitely")]),
            ("This is the the end.", &[("the the", "the")]),
            ("Here i stand alone.", &[("i", "I")]),
            ("the list must be sorted.", &[("the", "The")]),
            ("It is a interesting case.", &[("a interesting", "an interesting")]),
            ("It is an strong case.", &[("an strong", "a strong")]),
            ("They was late again.", &[("They was", "they were")]),
        ] {
            let want: Vec<_> = want.iter().map(|(a, b)| (*a, Some((*b).to_owned()))).collect();
            assert_eq!(found(text), want, "{text}");
        }
    }

    #[test]
    fn good_prose_and_the_terms_of_a_module_have_none() {
        for text in [
            "The colour of the organisation’s programme was analysed by Dr Definately in a university.",
            "He had had an hour, and that that was an honest use of a European unit.",
            "Aphasia affects speech; biometric data, phishing and authentication are terms of this module.",
            "Foucault’s discourse and Goffman’s interaction order are alike in this: both are about an X-ray of power.",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
