//! Third persons by what the text says they are to the writer: `my wife Indah`, `Dr Hendricks, my tutor`, `Kofi told me`.

use std::sync::LazyLock;

use awap_names::lists::known::GIVEN;
use regex::Regex;

use super::compiled;
use super::cues::{Cue, matches};
use super::names::{Allow, name_at, skip_blanks, starts_upper, without_possessive, word_at};
use super::pieces::{Piece, Zone, touches};
use super::recognizer::{Mention, NameRecognizer, Role};
use super::roles::is_relation;
use super::words::{Ambiguity, ambiguity};
use crate::text::{Span, fold};

/// Finds people by kin and role.
///
/// Case-study characters (`Ahmed, the owner`), theorists and public figures stand without such a cue and stay.
pub(super) struct Relations;

/// Words between `my` and the relation (`my dear old friend`), and after it (`my friend and neighbour`).
const BETWEEN: usize = 3;

impl NameRecognizer for Relations {
    fn find(&self, piece: &Piece, index: usize, out: &mut Vec<Mention>) {
        if !matches!(piece.zone(), Zone::Prose | Zone::Field) {
            return;
        }
        let text = piece.text.as_str();
        let mut push = |span: Span, rule, confidence| {
            if ![&piece.protected, &piece.code, &piece.lists].into_iter().any(|spans| touches(spans, span)) {
                out.push(Mention { piece: index, span, role: Role::Other, rule, confidence });
            }
        };
        for possessor in possessors(text) {
            related(text, possessor, &mut push);
        }
        told(piece, &mut push);
        beside_writer(text, &mut push);
        titled(piece, &mut push);
    }
}

/// The ends of `my` and `our` as words.
fn possessors(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let boundary = |i: Option<usize>| {
        i.and_then(|i| bytes.get(i)).is_none_or(|b| !b.is_ascii_alphanumeric() && *b < 0x80)
    };
    let ending = |word: &[u8], last: usize| {
        let start = (last + 1).checked_sub(word.len())?;
        let whole = bytes.get(start..=last)?.eq_ignore_ascii_case(word);
        (whole && boundary(start.checked_sub(1)) && boundary(Some(last + 1)))
            .then(|| Span::new(start, last + 1))
    };
    let my = memchr::memchr2_iter(b'y', b'Y', bytes).filter_map(|at| ending(b"my", at));
    let our = memchr::memchr2_iter(b'u', b'U', bytes).filter_map(|at| ending(b"our", at + 1));
    let mut found: Vec<Span> = my.chain(our).collect();
    found.sort_unstable();
    found
}

fn related(text: &str, possessor: Span, push: &mut impl FnMut(Span, &'static str, f64)) {
    let mut at = skip_space(text, possessor.end);
    let mut relation = None;
    let mut between = 0;
    // `my (older) (work) colleague (and friend)`: the last relation before the name.
    while let Some(word) = word_at(text, at) {
        let whole = word;
        let word = without_possessive(text, word);
        let folded = fold(word.of(text));
        if is_relation(&folded) && whole == word {
            relation = Some(word);
            between = 0;
        } else if relation.is_some() && matches!(folded.as_str(), "and" | "at" | "called" | "named")
            || relation.is_none() && !starts_upper(word.of(text))
        {
            between += 1;
        } else {
            break;
        }
        if between > BETWEEN {
            break;
        }
        let next = skip_space(text, whole.end);
        if next == whole.end {
            break;
        }
        at = next;
    }
    let Some(relation) = relation else { return };
    // After the name: `Dr Hendricks, my tutor`, `Indah (my wife)`, `Dave has been my mentor`.
    if let Some(shape) = name_before(text, possessor.start) {
        push(shape, "relation.apposition", 0.85);
    } else if let Some(shape) = name_before_copula(text, possessor.start, &fold(relation.of(text))) {
        push(shape, "relation.copula", 0.9);
    }
    // Before it: at once, after a comma or a bracket, after “called”, “is”.
    let mut at = skip_space(text, relation.end);
    if text.get(relation.end..).is_some_and(|r| r.trim_start().starts_with([',', '(', ':', '–', '—', '-']))
    {
        let rest = text.get(relation.end..).unwrap_or_default();
        let mark = rest.len() - rest.trim_start().len();
        at = skip_space(
            text,
            relation.end + mark + rest.trim_start().chars().next().map_or(0, char::len_utf8),
        );
    }
    for _ in 0..3 {
        let Some(word) = word_at(text, at) else { break };
        if matches!(
            fold(word.of(text)).as_str(),
            "called"
                | "named"
                | "is"
                | "was"
                | "who"
                | "and"
                | "name"
                | "whose"
                | "at"
                | "work"
                | "then"
                | "also"
        ) {
            let next = skip_space(text, word.end);
            // “my tutor is French” and “my manager was Head of …” name nobody.
            if matches!(
                fold(word.of(text)).as_str(),
                "is" | "was" | "at" | "work" | "who" | "whose" | "then" | "also"
            ) && !text.get(next..).is_some_and(|r| {
                r.starts_with("called")
                    || r.starts_with("named")
                    || r.starts_with("is called")
                    || r.starts_with("name is")
            }) && !matches!(fold(word.of(text)).as_str(), "at" | "work")
            {
                return;
            }
            at = next;
        } else {
            break;
        }
    }
    let mut plural = 0;
    while let Some(shape) = name_at(text, at, Allow::default()) {
        let first = shape.words.first().map_or("", |w| w.of(text));
        if !starts_upper(first) && !shape.titled {
            break;
        }
        push(shape.span, "relation.possessive", 0.9);
        // `my colleagues Anna, Bela and Carl`
        let rest = text.get(shape.span.end..).unwrap_or_default();
        let joint = [" and ", ", and ", ", ", " & "].into_iter().find(|j| rest.starts_with(j));
        let (Some(joint), true) = (joint, plural < 6) else { break };
        let next = shape.span.end + joint.len();
        // After a comma only the plural goes on with names.
        let many = fold(relation.of(text)).ends_with('s') || fold(relation.of(text)) == "children";
        if !many {
            break;
        }
        plural += 1;
        at = next;
    }
}

/// A name that ends right before `, my …` or ` (my …`.
fn name_before(text: &str, at: usize) -> Option<Span> {
    let head = text.get(..at)?.trim_end();
    name_ending_at(text, head.strip_suffix([',', '(', '–', '—'])?.trim_end().len())
}

/// A given name of the lists that ends right before `is my …`. Virtues and subjects are one's friends and teachers too.
fn name_before_copula(text: &str, at: usize, relation: &str) -> Option<Span> {
    let head = text.get(..at)?.trim_end();
    let verbs = [" is", " was", " has been", " had been", " became", " is still"];
    let name = verbs.iter().find_map(|verb| head.strip_suffix(verb))?;
    let span = name_ending_at(text, name.len())?;
    let first = span.of(text).split(' ').next().unwrap_or_default();
    let may_be_a_word =
        matches!(relation, "friend" | "friends" | "teacher" | "guide" | "companion" | "enemy");
    let is_name = awap_names::known_of(first) & GIVEN != 0;
    (is_name && (!may_be_a_word || ambiguity(&fold(first)) == Ambiguity::Plain)).then_some(span)
}

/// `me and Craig`: who is named in one breath with the writer.
fn beside_writer(text: &str, push: &mut impl FnMut(Span, &'static str, f64)) {
    for at in memchr::memmem::find_iter(text.as_bytes(), "me and ") {
        let whole = !text.get(..at).is_some_and(|head| head.ends_with(char::is_alphanumeric));
        let Some(shape) = name_at(text, at + 7, Allow::default()).filter(|_| whole) else { continue };
        let first = shape.words.first().map_or("", |word| word.of(text));
        if starts_upper(first) && awap_names::known_of(first) & GIVEN != 0 {
            push(shape.span, "relation.beside", 0.9);
        }
    }
}

/// The longest name that ends at byte `end`.
pub(super) fn name_ending_at(text: &str, end: usize) -> Option<Span> {
    let mut from = end.saturating_sub(60);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let window = text.get(from..end)?;
    let inside = |i: usize| {
        let before = text.get(..from + i).and_then(|h| h.chars().next_back());
        before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-'))
    };
    window
        .char_indices()
        .filter(|(i, c)| c.is_alphabetic() && !inside(*i))
        .filter_map(|(i, _)| name_at(text, from + i, Allow::default()))
        .find(|shape| shape.span.end == end)
        .map(|shape| shape.span)
}

/// `Kofi told me`, `Mrs Parsley had asked me`, `Kofi and I`: what only a person known to the writer does.
fn told(piece: &Piece, push: &mut impl FnMut(Span, &'static str, f64)) {
    let text = piece.text.as_str();
    let windows = piece.cues().windows(text, Cue::Told, 0, 48);
    for found in matches(&TOLD, text, &windows) {
        // “had asked me”, “then told me”.
        let mut end = found.start();
        for helper in [
            " had", " has", " have", " then", " once", " also", " later", " never", " always", " often",
            " just",
        ] {
            if text.get(..end).is_some_and(|t| t.ends_with(helper)) {
                end -= helper.len();
            }
        }
        // `Lorraine’s feedback on my last TMA`
        if [" feedback", " comment", " advice"].iter().any(|what| found.as_str().starts_with(what)) {
            let owner = text.get(..end).and_then(|t| t.strip_suffix("'s").or_else(|| t.strip_suffix("’s")));
            let Some(owner) = owner else { continue };
            end = owner.len();
        }
        let Some(span) = name_ending_at(text, end) else { continue };
        let name = span.of(text);
        // Capitals throughout are an organisation (`NHS told us`).
        let shouted = name.split(' ').any(|w| w.chars().count() > 1 && w.chars().all(char::is_uppercase));
        let first = name.split(' ').next().unwrap_or_default();
        // “Finally Kofi told me”.
        let span = if fold(first).ends_with("ly") && first.len() < name.len() {
            Span::new(span.start + first.len() + 1, span.end)
        } else {
            span
        };
        if !shouted && span.len() > 1 {
            push(span, "relation.told", 0.75);
        }
    }
}

/// A title and a name after a role of the university's (`Zanele’s tutor, Dr Hay`), or after what the writer does with
/// somebody (`I then e-mailed Dr Hay`). Whoever else has a title is read or written about, and stays.
fn titled(piece: &Piece, push: &mut impl FnMut(Span, &'static str, f64)) {
    let text = piece.text.as_str();
    let windows = piece.cues().windows(text, Cue::Met, 32, 48);
    for found in matches(&MET, text, &windows) {
        if let Some(shape) = name_at(text, found.end(), Allow::default()).filter(|shape| shape.titled) {
            push(shape.span, "relation.titled", 0.88);
        }
    }
}

/// What stands before such a title.
static MET: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"\b(?:(?i:tutor|lecturer|supervisor|marker|assessor|study adviser)s?,? (?:is |was |called )?|",
        r"(?:I|[Ww]e) (?:(?:have|had|then|also|later|once|first|just) ){0,2}",
        r"(?:(?:spoke|talked|went|wrote) (?:to|with)|met(?: with)?|asked|e-?mailed|phoned|rang|texted|told|thanked|thank|visited|saw) )",
    ))
});

/// What people do to the writer.
static TOLD: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r" (?:(?:said|wrote|explained|spoke|talked|replied|apologi[sz]ed|lied|listened) to|told|asked|e-?mailed|phoned|rang|texted|messaged|",
        r"taught|reminded|advised|encouraged|warned|thanked|hugged|invited|reassured) (?:me|us)\b| and I (?:were|had|went|worked|met|are|have|both|talked|sat|agreed|decided)\b|",
        r" (?:feedback|comments?|advice) (?:on|about|for|to) (?:my|me)\b",
    ))
});

/// Over blanks and one line break.
fn skip_space(text: &str, at: usize) -> usize {
    let next = skip_blanks(text, at);
    match text.get(next..) {
        Some(rest) if rest.starts_with('\n') && !rest.starts_with("\n\n") => skip_blanks(text, next + 1),
        Some(rest) if rest.starts_with("\r\n") => skip_blanks(text, next + 2),
        _ => next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let piece = Piece { text: text.to_owned(), zone: Some(Zone::Prose), ..Piece::default() };
        let mut out = Vec::new();
        Relations.find(&piece, 0, &mut out);
        out.iter().map(|m| m.span.of(text).to_owned()).collect()
    }

    #[test]
    fn finds_people_by_relation() {
        for (text, expected) in [
            ("My wife Indah watered them", vec!["Indah"]),
            ("and my colleague Jane Doe took over", vec!["Jane Doe"]),
            ("My manager, Denise Fairman, talked", vec!["Denise Fairman"]),
            ("When Dr Hendricks, my tutor, wrote", vec!["Dr Hendricks"]),
            ("Indah (my wife) said", vec!["Indah"]),
            ("as my husband Gareth calls it", vec!["Gareth"]),
            ("my older work colleague called Tom", vec!["Tom"]),
            ("my colleagues Anna, Bela and Carl met", vec!["Anna", "Bela", "Carl"]),
            ("My\nson Ewan's room", vec!["Ewan"]),
            ("Dave has been my mentor since", vec!["Dave"]),
            ("but me and Craig are happy", vec!["Craig"]),
            ("As Olu told me yesterday", vec!["Olu"]),
            ("the advice in Lorraine’s feedback on my last TMA", vec!["Lorraine"]),
            ("Mrs Ann Parsley had asked me the same", vec!["Mrs Ann Parsley"]),
            ("Finally Olu and I went home", vec!["Olu"]),
            ("Zanele’s tutor, Dr Hay, did not", vec!["Dr Hay"]),
            ("So I then e-mailed Prof. Anna Berg about it", vec!["Prof. Anna Berg"]),
            ("One of our residents, Mrs Ann Parsley, fell", vec!["Mrs Ann Parsley"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn leaves_others() {
        for text in [
            "Ahmed, the owner, and his staff",
            "a Turing machine is my favourite",
            "Chemistry is my friend. Hope was my teacher; some and me and The Dog",
            "my tutor is French and my manager said so",
            "This told me that Python is slow",
            "The University told us so",
            "Dr Hay argues that the tutor, who reads, errs; I asked Google",
            "Mr Aldous refuses; my view is that Erving Goffman is right",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
