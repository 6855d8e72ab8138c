//! Words without which an expression matches nothing: all of them are looked for in one pass over a text, and each
//! expression is run only around its own.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::{Captures, Match, Regex};

use crate::text::Span;

/// What a word leads to; a word may lead to several of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Cue {
    /// An identifier: `student no`.
    Identifier = 1,
    /// An account: `username`.
    Account = 2,
    /// An address: `moved to`.
    Address = 4,
    /// What somebody did to the writer: `told me`.
    Told = 8,
    /// Whom the writer met, or a role of the university's.
    Met = 16,
    /// The writer's own name: `my name is`.
    Says = 32,
}

const IDENTIFIER: u8 = Cue::Identifier as u8;
const ACCOUNT: u8 = Cue::Account as u8;
const ADDRESS: u8 = Cue::Address as u8;
const TOLD: u8 = Cue::Told as u8;
const MET: u8 = Cue::Met as u8;
const SAYS: u8 = Cue::Says as u8;

/// The words, in any case. Where one word of them ends none of the others begins, so that none hides another.
static WORDS: &[(u8, &[&str])] = &[
    (
        IDENTIFIER,
        &[
            "personal",
            "student",
            "matriculation",
            "candidate",
            "registration",
            "enrolment",
            "roll",
            "passport",
            "driving",
            "id",
            "employee",
            "staff",
            "membership",
            "nmc",
            "pin",
            "pi",
            "uln",
            "ucas",
            "interviewe",
            "no",
            "num",
        ],
    ),
    (
        ACCOUNT,
        &["oucu", "user", "log", "handle", "screen", "alias", "discord", "skype", "gamertag", "nickname"],
    ),
    (ADDRESS, &["addr", "residen", "live", "living", "moved"]),
    (
        TOLD,
        &[
            " said",
            " explained",
            " replied",
            " apologi",
            " lied",
            " listened",
            " messaged",
            " taught",
            " reminded",
            " advised",
            " encouraged",
            " warned",
            " hugged",
            " invited",
            " reassured",
            " feedback",
            " comment",
            " advice",
            " and",
        ],
    ),
    (
        TOLD | MET,
        &[
            " spoke",
            " talked",
            " wrote",
            " told",
            " asked",
            " e-mailed",
            " emailed",
            " phoned",
            " rang",
            " texted",
            " thanked",
        ],
    ),
    (
        MET,
        &[
            " went",
            " met",
            " thank",
            " visited",
            " saw",
            "tutor",
            "lecturer",
            "supervisor",
            "marker",
            "assessor",
            "adviser",
        ],
    ),
    (SAYS, &["name is", "name'", "name’", "called", "call", "known to", "written by", "code by", "author"]),
];

#[allow(clippy::expect_used)] // constant words: a test builds this
static AUTOMATON: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::DFA))
        // Some word or other begins nearly everywhere.
        .prefilter(false)
        .build(WORDS.iter().flat_map(|(_, words)| words.iter()))
        .expect("constant words")
});

/// What each word of the automaton leads to.
static KINDS: LazyLock<Vec<u8>> =
    LazyLock::new(|| WORDS.iter().flat_map(|(kind, words)| words.iter().map(|_| *kind)).collect());

/// Where such words stand in a text.
#[derive(Debug, Clone, Default)]
pub(super) struct Cues(Vec<(Span, u8)>);

impl Cues {
    /// Looks through `text` once.
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let is_word = |i: Option<usize>| {
            i.and_then(|i| bytes.get(i)).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        };
        let mut hits = Vec::new();
        for found in AUTOMATON.find_iter(text) {
            let mut kinds = KINDS.get(found.pattern().as_usize()).copied().unwrap_or_default();
            // These begin a word, and the shortest are all of it.
            let begun = is_word(found.start().checked_sub(1));
            let goes_on = found.len() == 2
                && !bytes.get(found.range()).is_some_and(|w| w.eq_ignore_ascii_case(b"id"))
                && is_word(Some(found.end()));
            if begun || goes_on {
                kinds &= !(IDENTIFIER | ACCOUNT);
            }
            if kinds != 0 {
                hits.push((Span::new(found.start(), found.end()), kinds));
            }
        }
        Self(hits)
    }

    /// The stretches of `text` from `before` bytes before to `after` bytes behind the start of each word that leads to
    /// `cue`; sorted, apart from one another. Blanks before a word do not count, and behind it one of those in a row.
    pub(super) fn windows(&self, text: &str, cue: Cue, before: usize, after: usize) -> Vec<Span> {
        let mut windows: Vec<Span> = Vec::new();
        for (hit, _) in self.0.iter().filter(|(_, kinds)| kinds & cue as u8 != 0) {
            let head = text.get(..hit.start).unwrap_or_default().trim_end_matches([' ', '\t']);
            let start = text.floor_char_boundary(head.len().saturating_sub(before));
            let end = reach(text, hit.start, after);
            match windows.last_mut() {
                Some(open) if start <= open.end => open.end = open.end.max(end),
                _ => windows.push(Span::new(start, end)),
            }
        }
        windows
    }
}

/// Where `bytes` of `text` from `start` on end, at a character. Of blanks in a row one counts: a form may have any number of
/// them between what it asks for and the answer.
pub(super) fn reach(text: &str, start: usize, bytes: usize) -> usize {
    let mut left = bytes;
    let mut blank = false;
    for (at, c) in text.get(start..).unwrap_or_default().char_indices() {
        if left == 0 {
            return start + at;
        }
        let again = blank;
        blank = c.is_whitespace();
        if !(blank && again) {
            left = left.saturating_sub(c.len_utf8());
        }
    }
    text.len()
}

/// The matches of `pattern` that begin and end in `windows` of `text`; what stands before a window is seen.
pub(super) fn matches<'t>(
    pattern: &'t Regex,
    text: &'t str,
    windows: &'t [Span],
) -> impl Iterator<Item = Match<'t>> {
    windows.iter().flat_map(move |window| {
        let head = text.get(..window.end).unwrap_or_default();
        let mut at = window.start;
        std::iter::from_fn(move || {
            let found = pattern.find_at(head, at)?;
            at = found.end();
            Some(found)
        })
    })
}

/// The same with groups.
pub(super) fn captures<'t>(
    pattern: &'t Regex,
    text: &'t str,
    windows: &'t [Span],
) -> impl Iterator<Item = Captures<'t>> {
    windows.iter().flat_map(move |window| {
        let head = text.get(..window.end).unwrap_or_default();
        let mut at = window.start;
        std::iter::from_fn(move || {
            let found = pattern.captures_at(head, at)?;
            at = found.get(0).map_or(head.len(), |all| all.end());
            Some(found)
        })
    })
}

/// The matches in `text` of `pattern`, which begins with `^` and matches at the start of a line; each goes on where the
/// one before ended. Lines that `may` match not are passed over: it is quicker told than by the pattern.
pub(super) fn at_lines<'t>(
    pattern: &'t Regex,
    text: &'t str,
    may: impl Fn(&str) -> bool + 't,
) -> impl Iterator<Item = Span> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        while let Some(at) = next {
            let rest = text.get(at..)?;
            let after = memchr::memchr(b'\n', rest.as_bytes()).map(|i| at + i + 1);
            next = after;
            if may(rest)
                && let Some(found) = pattern.find(rest)
            {
                let span = Span::new(at, at + found.end());
                // On with the first line that begins behind it.
                let from = span.end.max(at + 1).saturating_sub(1);
                let tail = text.as_bytes().get(from..).unwrap_or_default();
                next = memchr::memchr(b'\n', tail).map(|i| from + i + 1);
                return Some(span);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lose_nothing_and_make_nothing_up() {
        let pattern =
            Regex::new(r"(?i)(?-u:\b)(?:student|id)\s*(?:no|id)\.?\s*(\d+)|(?:^|,\s*)no\s*(\d+)").unwrap();
        let filler = "wörter, so geht es ";
        for text in [
            "no 12".to_owned(),
            format!("{0}, no 12 {0}Student ID 13; no 14", filler.repeat(20)),
            format!("{0}astudent id 13,{0}studentid 14 student no 15", filler.repeat(20)),
            "not id no. 16, nothing".to_owned(),
            format!("Student no.{}17", " ".repeat(500)),
        ] {
            let whole: Vec<_> = pattern.find_iter(&text).map(|m| m.range()).collect();
            let windows = Cues::of(&text).windows(&text, Cue::Identifier, 1, 60);
            let found: Vec<_> = matches(&pattern, &text, &windows).map(|m| m.range()).collect();
            assert_eq!(found, whole, "{text}");
            let groups = captures(&pattern, &text, &windows).count();
            assert_eq!(groups, whole.len(), "{text}");
        }
    }

    #[test]
    fn of_blanks_in_a_row_one_counts() {
        assert_eq!(reach("ab  \u{a0}\n  cd ef", 0, 4), 10, "two letters, a blank, a letter");
        assert_eq!(reach("aé", 0, 2), 3, "the whole of a character");
        assert_eq!(reach("ab", 1, 9), 2);
    }

    #[test]
    fn no_word_hides_another() {
        let words: Vec<&str> = WORDS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        for word in &words {
            let inner =
                word.char_indices().filter(|(_, c)| !c.is_alphanumeric()).map(|(i, c)| i + c.len_utf8());
            for rest in inner.map(|i| &word[i..]).filter(|rest| !rest.is_empty()) {
                let hidden = words.iter().find(|w| w.starts_with(rest) || rest.starts_with(**w));
                assert_eq!(hidden, None, "{word:?}");
            }
        }
        let text = "my name and ID number";
        assert_eq!(Cues::of(text).windows(text, Cue::Identifier, 0, 2), [Span::new(11, 17)]);
    }

    #[test]
    fn lines_are_matched_as_they_are_in_the_whole_text() {
        let many = Regex::new(r"(?im)^[ \t]*by[ \t]*\n?[ \t]*").unwrap();
        let one = Regex::new(r"(?i)^[ \t]*by[ \t]*\n?[ \t]*").unwrap();
        for text in ["by", "by\nby\nby", "x\n by a\nby\n\nby b\n", "a by\n\n\nBY\n by"] {
            let whole: Vec<_> = many.find_iter(text).map(|m| Span::new(m.start(), m.end())).collect();
            assert_eq!(at_lines(&one, text, |_| true).collect::<Vec<_>>(), whole, "{text:?}");
        }
    }
}
