//! Account names: after a cue, or with an at sign.

use std::sync::LazyLock;

use regex::Regex;

use crate::anonymize::compiled;
use crate::anonymize::cues::{Cue, captures};
use crate::anonymize::finding::{Finding, Label};
use crate::anonymize::person::Person;
use crate::anonymize::pieces::{Piece, Zone, touches};
use crate::anonymize::recognizer::Context;
use crate::text::Span;

/// A cue and the account after it.
static CUED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)\b(?:oucu|user\s?name|user\s?id|user|login|log-?in|handle|screen\s?name|alias|discord|skype|gamertag|nickname)\b(?:\s*(?:name|id))?(?:[ \t]*(?:[:=–|\t]|-\s| is )[ \t]*|[ \t])@?([\w][\w.\-]{2,31})",
    )
});

/// `posted … as amy22_x`: an account by its look after `as`.
static POSTED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"\b(?:as|at|called|named|user|account|forum|me|by|on)\s+@?([\p{Ll}\p{Lu}][\w.\-]*[\d_][\w.\-]*)",
    )
});

/// Finds account names.
///
/// Near-misses that stay: identifiers in program code, file names, module codes, versions.
pub(super) fn find(
    text: &str,
    piece: &Piece,
    context: &Context<'_>,
    digits: &[Span],
    out: &mut Vec<Finding>,
) {
    let mut push = |span: Span, rule, confidence| {
        if !touches(&piece.code, span) {
            out.push(Finding::value(span, Label::Username, rule, confidence));
        }
    };
    let trimmed = |start: usize, end: usize| {
        let word = text.get(start..end).unwrap_or_default().trim_end_matches(['.', '-']);
        Span::new(start, start + word.len())
    };
    let windows = piece.cues().windows(text, Cue::Account, 0, 128);
    for found in captures(&CUED, text, &windows) {
        let Some(account) = found.get(1) else { continue };
        let span = trimmed(account.start(), account.end());
        let word = span.of(text);
        let look = word.chars().any(|c| c.is_ascii_digit() || c == '_' || c == '.')
            || word.chars().all(char::is_lowercase);
        let cue = text.get(found.get(0).map_or(0, |m| m.start())..account.start()).unwrap_or_default();
        let bare = cue.trim_end().ends_with(char::is_alphanumeric) && !cue.ends_with(" is ");
        if look
            && word.len() >= 3
            && !cue.contains('=')
            && !is_common(word)
            && (!bare || is_no_word(cue, word))
        {
            push(span, "pattern.username_cued", 0.9);
        }
    }
    for run in digits {
        if let Some(span) = initialled(text, *run, context.roster.student(), piece.zone() == Zone::Margin) {
            push(span, "pattern.username_initials", 0.85);
        }
    }
    // Each account holds a digit or an underscore, with its cue right before it.
    let mut last = 0;
    let marks = digits.iter().flat_map(|run| run.start..run.end);
    let underscores = memchr::memchr_iter(b'_', text.as_bytes());
    for at in sorted(marks, underscores) {
        let Some(window) = posted_around(text, at).filter(|_| at >= last) else { continue };
        last = window.end;
        for found in POSTED.captures_iter(window.of(text)) {
            let Some(account) = found.get(1) else { continue };
            let span = trimmed(window.start + account.start(), window.start + account.end());
            if is_account(span.of(text)) {
                push(span, "pattern.username_posted", 0.75);
            }
        }
    }
    for at in memchr::memchr_iter(b'@', text.as_bytes()) {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        if before.is_some_and(|c| !c.is_whitespace() && !matches!(c, '(' | '[' | '"' | '“' | ',' | ':' | '/'))
            || before == Some('/')
        {
            continue;
        }
        let tail = text.get(at + 1..).unwrap_or_default();
        let len: usize = tail
            .chars()
            .take(31)
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
            .map(char::len_utf8)
            .sum();
        let handle = tail.get(..len).unwrap_or_default().trim_end_matches('.');
        let rest = tail.get(handle.len()..).unwrap_or_default();
        // A decorator or an annotation stands at the start of a line and calls something.
        let line_start = before.is_none_or(|c| c == '\n');
        if handle.chars().count() >= 3
            && handle.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && !rest.starts_with(['(', '@', '{'])
            && !(line_start && handle.chars().all(char::is_alphabetic))
        {
            push(Span::new(at, at + 1 + handle.len()), "pattern.handle", 0.8);
        }
    }
}

/// `tpm3306` of Tom Price-Mills: the student's initials in lower case and the digits of `run`, as a university gives accounts out; in the
/// margin of a page any letters and four digits or more. A code that also stands in capitals is a module's.
fn initialled(text: &str, run: Span, student: &Person, in_margin: bool) -> Option<Span> {
    if !(2..=6).contains(&run.len()) {
        return None;
    }
    let head = text.get(..run.start)?;
    let letters = head.len() - head.trim_end_matches(|c: char| c.is_ascii_lowercase()).len();
    let span = Span::new(run.start - letters, run.end);
    let initials = head.get(span.start..)?;
    let is_inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | '@');
    // In a margin the parts of what a file is called stand side by side: `E109-TMA02-dw4471`.
    let is_inner_before = |c: char| is_inner(c) && !(in_margin && matches!(c, '-' | '_'));
    let inside = head.get(..span.start)?.ends_with(is_inner_before)
        || text.get(run.end..)?.starts_with(|c: char| is_inner(c) && c != '.');
    let theirs = student.monogram.iter().any(|m| m == initials) || in_margin && run.len() >= 4;
    ((2..=5).contains(&letters) && theirs && !inside && !text.contains(&span.of(text).to_ascii_uppercase()))
        .then_some(span)
}

/// Two rows of numbers, each in order, as one in order.
fn sorted(a: impl Iterator<Item = usize>, b: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(x), Some(y)) if y < x => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    })
}

/// The word around `at`, the one before it, and the character before that. None where the word starts with a digit or
/// goes on for long.
fn posted_around(text: &str, at: usize) -> Option<Span> {
    const LONGEST: usize = 80;
    let near = |c: char| c.is_whitespace();
    let from = text.floor_char_boundary(at.saturating_sub(LONGEST));
    let head = text.get(from..at)?;
    let word = from + head.rfind(near).map(|i| text.ceil_char_boundary(i + 1 + from) - from)?;
    if word == at {
        return None;
    }
    let before = text.get(from..word)?.trim_end();
    let head = before.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if !is_cue(before.get(head.len()..)?) {
        return None;
    }
    let start = text.floor_char_boundary(from + head.len().saturating_sub(1));
    let tail = text.get(at..)?;
    Some(Span::new(start, at + tail.find(near).unwrap_or(tail.len()).min(1 << 10)))
}

/// The words of [`POSTED`] before an account.
fn is_cue(word: &str) -> bool {
    matches!(word, "as" | "at" | "called" | "named" | "user" | "account" | "forum" | "me" | "by" | "on")
}

/// Whether what stands right after a cue (`username gamaral`, `alias heron63`) is an account and no word of the sentence
/// (`user interface`, `handle errors`).
fn is_no_word(cue: &str, word: &str) -> bool {
    use awap_names::lists::known::{FAMILY, GIVEN, NAME, frequency};
    if word.chars().any(|c| c.is_ascii_digit()) {
        return is_account(word);
    }
    let known = awap_names::known_of(word);
    let name = known & (GIVEN | FAMILY | NAME) != 0 && frequency(known) == 0;
    // “user” goes before many a word that no list has.
    let user = cue.trim_end().eq_ignore_ascii_case("user");
    word.len() >= 5 && word.chars().all(char::is_alphabetic) && (name || known == 0 && !user)
}

fn is_common(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "the"
            | "and"
            | "not"
            | "that"
            | "this"
            | "who"
            | "can"
            | "has"
            | "was"
            | "for"
            | "name"
            | "interface"
            | "experience"
            | "needs"
            | "input"
            | "error"
            | "friendly"
            | "stories"
            | "story"
            | "centred"
            | "research"
            | "testing"
            | "id"
            | "none"
    )
}

/// `amy22_x`, `r_mensah`, `jb4471`: letters, then digits or underscores; no module code, version or file.
fn is_account(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let lower = word.chars().filter(|c| c.is_lowercase()).count();
    let extension = word
        .rsplit_once('.')
        .is_some_and(|(_, e)| (1..=5).contains(&e.len()) && e.chars().all(char::is_alphabetic));
    // A name in program code has an underscore and no digits (`user_name`); an account has both, or many digits.
    lower >= 2
        && lower * 10 >= letters * 7
        && word.len() >= 5
        && !extension
        && (digits >= 1 && word.contains('_')
            || digits >= 2 && letters >= 2 && digits <= 6 && word.ends_with(|c: char| c.is_ascii_digit()))
        && !word.starts_with("covid")
        && !word.starts_with("web")
        && !word.starts_with("utf")
        && !word.starts_with("sha")
        && !word.starts_with("tma")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_and_digits_are_an_account() {
        let mut student = Person::student();
        student.add("Tom Price-Mills", None);
        let found = |text: &str| {
            let digits = text.find(|c: char| c.is_ascii_digit()).unwrap();
            let end = digits + text[digits..].bytes().take_while(u8::is_ascii_digit).count();
            initialled(text, Span::new(digits, end), &student, text.starts_with('|'))
                .map(|s| s.of(text).to_owned())
        };
        assert_eq!(found("written by tpm3306, and"), Some("tpm3306".to_owned()));
        assert_eq!(found("| xy3306 in the margin"), Some("xy3306".to_owned()));
        assert_eq!(found("|E-TMA-xy3306"), Some("xy3306".to_owned()));
        for text in
            ["xy3306", "| tm112", "tpm_3306", "a/tpm3306", "tpm3306 is TPM3306", "TPM3306", "tpm3306b"]
        {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
