//! Sentences, told from the stops of abbreviations, initials, citations and numbers.

use super::Span;

/// The sentences of `text`, outer white space left out. A blank line ends a sentence, a single line break does not.
///
/// A stop ends a sentence where white space and the start of another follow, unless it belongs to an abbreviation
/// (`et al.`, `p. 4`, `Dr.`, `e.g.`), to initials (`J. K. Smith`) or to a number at the start (`1. The …`).
pub fn sentences(text: &str) -> Vec<Span> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut letters = false;
    let mut from = 0;
    while let Some((at, c)) = next_stop(text, from) {
        letters = letters || text.get(from..at).is_some_and(|t| t.contains(char::is_alphabetic));
        let stop = at + c.len_utf8();
        let rest = text.get(stop..).unwrap_or_default();
        from = stop;
        if c == '\n' {
            if rest.chars().find(|c| *c == '\n' || !c.is_whitespace()) == Some('\n') {
                push(text, start, at, &mut out);
                start = stop;
                letters = false;
            }
            continue;
        }
        from += rest.len() - rest.trim_start_matches(|c| is_stop(c) || is_closer(c)).len();
        // `1. The first` is one sentence.
        if letters && ends_here(text, start, at, from, c) {
            push(text, start, from, &mut out);
            start = from;
            letters = false;
        }
    }
    push(text, start, text.len(), &mut out);
    out
}

/// The next character from byte `from` on that may end a sentence. Only bytes with which one begins are looked at.
fn next_stop(text: &str, from: usize) -> Option<(usize, char)> {
    let bytes = text.as_bytes().get(from..)?.iter().enumerate();
    let mut begins =
        bytes.filter(|(_, b)| matches!(b, b'\n' | b'.' | b'?' | b'!' | 0xe2)).map(|(i, _)| from + i);
    begins.find_map(|at| {
        let c = text.get(at..)?.chars().next()?;
        (c == '\n' || is_stop(c)).then_some((at, c))
    })
}

fn is_stop(c: char) -> bool {
    matches!(c, '.' | '?' | '!' | '…')
}

fn push(text: &str, start: usize, end: usize, out: &mut Vec<Span>) {
    let raw = text.get(start..end).unwrap_or_default();
    let trimmed = raw.trim();
    // A lone bullet or rule is no sentence.
    if trimmed.chars().any(char::is_alphanumeric) {
        let start = start + (raw.len() - raw.trim_start().len());
        out.push(Span::new(start, start + trimmed.len()));
    }
}

fn is_closer(c: char) -> bool {
    matches!(c, ')' | ']' | '"' | '\'' | '”' | '’' | '»')
}

/// Whether the stop at `at`, with what closes after it up to `end`, ends the sentence begun at `start`.
fn ends_here(text: &str, start: usize, at: usize, end: usize, stop: char) -> bool {
    let after = text.get(end..).unwrap_or_default();
    let mut rest = after.chars();
    match rest.next() {
        None => return true,
        Some(c) if !c.is_whitespace() => return false,
        Some(_) => {}
    }
    let Some(next) = after.trim_start().chars().next() else { return true };
    if !(next.is_uppercase()
        || next.is_numeric()
        || next.is_alphabetic() && !next.is_lowercase()
        || is_opener(next))
    {
        return false;
    }
    // A stop within closing marks, `?` and `!` are no abbreviation's.
    if stop != '.' || end > at + 1 {
        return true;
    }
    let sentence = text.get(start..at).unwrap_or_default();
    let word_start = sentence
        .rfind(|c: char| c.is_whitespace() || is_opener(c))
        .map_or(0, |i| i + sentence.get(i..).and_then(|s| s.chars().next()).map_or(0, char::len_utf8));
    let word = sentence.get(word_start..).unwrap_or_default();
    let before = sentence.get(..word_start).unwrap_or_default();
    !stop_of_abbreviation(word, before, next, after.trim_start())
}

fn is_opener(c: char) -> bool {
    matches!(c, '(' | '[' | '"' | '\'' | '“' | '‘' | '«' | '•' | '–')
}

/// Titles and the like: a name or an example follows, never a sentence.
const NEVER_LAST: &[&str] = &[
    "mr", "mrs", "ms", "mx", "dr", "prof", "rev", "st", "sr", "hon", "capt", "sgt", "lt", "col", "gen",
    "e.g", "i.e", "cf", "viz", "vs", "eg", "ie", "approx", "incl", "resp", "cit", "ca",
];
/// A number follows, or it is a word of its own.
const BEFORE_NUMBER: &[&str] = &[
    "p", "pp", "no", "nos", "vol", "vols", "fig", "figs", "ch", "chap", "sec", "eq", "eqs", "para", "paras",
    "pt", "art", "s", "ss", "l", "ll", "ref", "refs", "tab", "c", "ed", "edn",
];
/// Words with which a sentence begins far more often than a name does.
const STARTERS: &[&str] = &[
    "the",
    "this",
    "that",
    "these",
    "those",
    "it",
    "its",
    "he",
    "she",
    "they",
    "we",
    "i",
    "in",
    "on",
    "at",
    "a",
    "an",
    "as",
    "if",
    "for",
    "from",
    "to",
    "by",
    "with",
    "when",
    "while",
    "although",
    "however",
    "therefore",
    "there",
    "here",
    "his",
    "her",
    "their",
    "my",
    "our",
    "but",
    "and",
    "so",
    "one",
    "both",
    "each",
    "many",
    "some",
    "such",
    "since",
    "because",
    "after",
    "before",
    "then",
    "thus",
    "what",
    "who",
    "how",
    "why",
    "where",
    "another",
    "also",
    "not",
    "no",
    "you",
    "your",
];

fn stop_of_abbreviation(word: &str, before: &str, next: char, after: &str) -> bool {
    let lower = word.to_lowercase();
    let bare = lower.trim_start_matches(|c: char| !c.is_alphanumeric());
    if NEVER_LAST.contains(&bare) {
        return true;
    }
    if BEFORE_NUMBER.contains(&bare) {
        // `P. D. James`: a capital letter may be an initial.
        let number = next.is_numeric() || matches!(next, '(' | '[');
        if number || !(bare.len() == 1 && word.ends_with(char::is_uppercase)) {
            return number;
        }
    }
    let starter = || {
        let word: String =
            after.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
        STARTERS.contains(&word.as_str())
    };
    match bare {
        // `Smith et al. (2019)` goes on; `… by Smith et al. The study` does not.
        "al" | "etc" | "n.d" | "inc" | "ltd" | "co" | "eds" | "jr" | "dept" | "univ" | "trans" | "ibid" => {
            !next.is_uppercase() || bare != "al" && bare != "etc" && !starter()
        }
        _ => {
            let letters = bare.chars().filter(|c| *c != '.').count();
            let dotted = bare.contains('.') && bare.split('.').all(|part| part.chars().count() == 1);
            let initial = letters == 1 && word.chars().any(char::is_uppercase);
            // `between you and I.` ends; `J. Smith`, `U.K. law`, `9 p.m. Tuesday` go on.
            let pronoun = bare == "i" && before.trim_end().ends_with(|c: char| c.is_lowercase());
            (dotted || initial) && !pronoun && !starter()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sentences_survive_stops_that_end_nothing() {
        for (text, want) in [
            ("One. Two? Three!", &["One.", "Two?", "Three!"][..]),
            ("Smith et al. (2019) agree. So do I.", &["Smith et al. (2019) agree.", "So do I."]),
            (
                "It was shown by Smith et al. The study was small.",
                &["It was shown by Smith et al.", "The study was small."],
            ),
            (
                "See (Jones, 2020, p. 4) for more. It helps.",
                &["See (Jones, 2020, p. 4) for more.", "It helps."],
            ),
            ("Dr. Patel met Prof. Lee. They spoke.", &["Dr. Patel met Prof. Lee.", "They spoke."]),
            ("Pets, e.g. Cats, are warm. i.e. fun.", &["Pets, e.g. Cats, are warm. i.e. fun."]),
            (
                "J. K. Rowling wrote it. P. D. James did not.",
                &["J. K. Rowling wrote it.", "P. D. James did not."],
            ),
            (
                "The mean was 31.3 mm. It rose by 2.5 per cent.",
                &["The mean was 31.3 mm.", "It rose by 2.5 per cent."],
            ),
            ("1. The first. 2. The second.", &["1. The first.", "2. The second."]),
            ("He said ‘Go.’ Then he left.", &["He said ‘Go.’", "Then he left."]),
            ("It needs vitamin C. The rest is water.", &["It needs vitamin C.", "The rest is water."]),
            ("They are taller than I. Nobody minds.", &["They are taller than I.", "Nobody minds."]),
            (
                "A line\nwrapped here. Next\n\nA heading\n\nMore",
                &["A line\nwrapped here.", "Next", "A heading", "More"],
            ),
            ("She said no. Everyone heard. See no. 4.", &["She said no.", "Everyone heard.", "See no. 4."]),
            ("…", &[]),
            ("", &[]),
        ] {
            let got: Vec<_> = sentences(text).iter().map(|s| s.of(text)).collect();
            assert_eq!(got, want, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_letter_lies_in_one_sentence(text in "([A-Za-z]{1,5}[.?! \n(),’é0-9]{0,3}){0,40}") {
            let spans = sentences(&text);
            let mut at = 0;
            for span in &spans {
                prop_assert!(span.start >= at);
                prop_assert!(!text[at..span.start].chars().any(char::is_alphabetic));
                at = span.end;
            }
            prop_assert!(!text[at..].chars().any(char::is_alphabetic));
        }
    }
}
