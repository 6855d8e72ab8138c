//! How a word that may be a name is used where it stands.

use super::address::{is_praised, is_spoken_to, speaks_under_it};
use super::names::starts_upper;
use super::pieces::Zone;
use super::words::{Ambiguity, is_honorific, is_not_a_name};
use crate::text::{Span, fold};

/// Whether a lone `part` of a name at `span` is used as a name there.
///
/// - In a file name every part of the name counts.
/// - A line that holds nothing else is a signature or a cover line.
/// - After `Dear`, `Regards,`, `Name:`, a title: a name.
/// - A given name at the start of a sentence that somebody is spoken to by, or speaks under, is one ([`address`]).
/// - A word with a capital in the middle of a sentence, between words in lower case, is a name, unless it is a word
///   that always has one ([`Ambiguity::Proper`]) or an article stands before it.
pub(super) fn is_used_as_name(text: &str, span: Span, zone: Zone, ambiguity: Ambiguity, given: bool) -> bool {
    if ambiguity == Ambiguity::Plain || zone == Zone::FileName {
        return true;
    }
    let word = span.of(text);
    if !starts_upper(word) {
        return false;
    }
    let line = line_around(text, span);
    let before = text.get(line.start..span.start).unwrap_or_default();
    let after = text.get(span.end..line.end).unwrap_or_default();
    let edge = |s: &str| !s.chars().any(char::is_alphanumeric);
    if edge(before) && edge(after) && !before.contains('#') {
        return true;
    }
    let mut letters = after.chars();
    if letters.next() == Some('-') && letters.next().is_some_and(char::is_lowercase) {
        // `Li-ion`, `Will-driven`: a compound.
        return false;
    }
    let mut words = before.split_whitespace().rev();
    let last = words.next().unwrap_or_default();
    let previous = bare(last);
    let possessive = after.starts_with(['\'', '’']);
    if possessive && !given {
        return false;
    }
    let before_it = words.next();
    if after_cue(&previous, last, before_it, ambiguity) || given && is_praised(before_it, last) {
        return true;
    }
    let starts_sentence =
        last.is_empty() || last.ends_with(['.', '?', '!', ':', '”', '"', '“', '•', '*', '-', '–']);
    if given && (starts_sentence && is_spoken_to(after) || speaks_under_it(last, after)) {
        return true;
    }
    // What stands last, after a whole sentence, is a signature: `… off the point. Hope`.
    if starts_sentence && !last.is_empty() && edge(after) && line.end == text.trim_end().len() {
        return true;
    }
    if ambiguity == Ambiguity::Proper {
        // “May asked me”: no month does.
        let verb = bare(after.split_whitespace().next().unwrap_or_default());
        let met = ["asked", "told", "thanked", "phoned", "rang", "emailed", "texted", "hugged"];
        return starts_sentence && after.starts_with(' ') && speaks(&verb)
            || met.contains(&previous.as_str());
    }
    let rest = after.strip_prefix(['\'', '’']).map_or(after, |rest| rest.strip_prefix('s').unwrap_or(rest));
    let next = rest.trim_start_matches([',', ' ']).split_whitespace().next().unwrap_or_default();
    if starts_sentence {
        // “Grace said …”, “Grace and I …”
        let mut following = after.split_whitespace();
        let verb = bare(following.next().unwrap_or_default());
        return acts_like_a_person(&verb)
            || after.starts_with(", who ")
            || verb == "and" && matches!(following.next().map(bare).as_deref(), Some("i" | "me" | "my"));
    }
    // “As Grace said, …”
    let opening = is_not_a_name(&previous) && acts_like_a_person(&bare(next));
    // “I would add that Grace could …”
    let clause = previous == "that" && (acts_like_a_person(&bare(next)) || is_modal_of_people(&bare(next)));
    (starts_lower(last) || opening)
        && (!is_determiner(&previous) || clause)
        && !last.ends_with(['(', '“', '"', '‘'])
        && (possessive || !starts_upper(next) || next.starts_with("I ") || next == "I")
}

fn after_cue(previous: &str, last: &str, before: Option<&str>, ambiguity: Ambiguity) -> bool {
    let strong = matches!(
        previous,
        "dear"
            | "hi"
            | "hello"
            | "hey"
            | "regards"
            | "thanks"
            | "wishes"
            | "sincerely"
            | "faithfully"
            | "signed"
            | "named"
            | "called"
            | "name"
            | "student"
            | "author"
            | "cheers"
            | "truly"
            | "surname"
            | "forename"
            | "firstname"
    ) || is_honorific(previous) && last.chars().next().is_some_and(char::is_uppercase);
    if strong {
        return previous != "student" || last.ends_with(':');
    }
    let before = before.map(bare).unwrap_or_default();
    match previous {
        "is" | "was" => before == "name",
        "am" | "i'm" => ambiguity != Ambiguity::Proper && (before == "i" || previous == "i'm"),
        "by" => ambiguity != Ambiguity::Proper,
        _ => false,
    }
}

fn acts_like_a_person(verb: &str) -> bool {
    matches!(
        verb,
        "said"
            | "says"
            | "told"
            | "asked"
            | "asks"
            | "thinks"
            | "thought"
            | "felt"
            | "feels"
            | "wrote"
            | "writes"
            | "helped"
            | "explained"
            | "replied"
            | "suggested"
            | "agreed"
            | "decided"
            | "went"
            | "came"
            | "laughed"
            | "smiled"
            | "phoned"
            | "rang"
            | "emailed"
            | "texted"
            | "wanted"
            | "wants"
            | "knows"
            | "knew"
            | "believes"
            | "has"
            | "had"
            | "who"
            | "did"
            | "tells"
            | "gave"
            | "gives"
            | "took"
            | "got"
            | "sat"
            | "stood"
            | "looked"
            | "noticed"
            | "listened"
            | "shouted"
            | "cried"
            | "started"
            | "began"
            | "stayed"
            | "showed"
            | "brought"
            | "likes"
            | "lives"
            | "worked"
            | "works"
            | "puts"
            | "sits"
            | "stands"
            | "walks"
            | "walked"
            | "holds"
            | "held"
            | "talks"
            | "talked"
            | "picks"
            | "picked"
            | "nods"
            | "nodded"
            | "points"
            | "laughs"
            | "smiles"
            | "shouts"
            | "cries"
            | "whispers"
            | "whispered"
            | "waved"
            | "hugged"
            | "watches"
            | "watched"
            | "answered"
            | "opened"
            | "left"
    )
}

fn is_modal_of_people(verb: &str) -> bool {
    matches!(
        verb,
        "could" | "would" | "can" | "should" | "might" | "does" | "doesn't" | "didn't" | "couldn't"
    )
}

/// What people do and months, countries and colours do not.
fn speaks(verb: &str) -> bool {
    matches!(
        verb,
        "said"
            | "told"
            | "asked"
            | "laughed"
            | "smiled"
            | "replied"
            | "phoned"
            | "rang"
            | "texted"
            | "emailed"
            | "explained"
            | "says"
            | "tried"
            | "wanted"
            | "nodded"
    )
}

fn is_determiner(word: &str) -> bool {
    matches!(
        word,
        "the"
            | "a"
            | "an"
            | "this"
            | "that"
            | "these"
            | "those"
            | "our"
            | "his"
            | "her"
            | "its"
            | "their"
            | "my"
            | "your"
            | "any"
            | "some"
            | "no"
            | "every"
            | "each"
            | "another"
    )
}

pub(super) fn bare(word: &str) -> String {
    fold(word.trim_matches(|c: char| !c.is_alphanumeric()))
}

fn starts_lower(word: &str) -> bool {
    word.trim_start_matches(['(', '"', '“', '‘', '\'']).chars().next().is_some_and(char::is_lowercase)
}

/// The line (or table cell) around a span, at most a few hundred bytes of it.
pub(super) fn line_around(text: &str, span: Span) -> Span {
    between(text, span, &['\n', '\r', '\t', '\u{b}', '\u{c}', '\u{2028}'])
}

/// The line or the row of a table around a span, as far.
pub(super) fn row_around(text: &str, span: Span) -> Span {
    between(text, span, &['\n', '\r', '\u{c}'])
}

fn between(text: &str, span: Span, breaks: &[char]) -> Span {
    const REACH: usize = 300;
    let mut from = span.start.saturating_sub(REACH);
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    let mut to = (span.end + REACH).min(text.len());
    while !text.is_char_boundary(to) {
        to += 1;
    }
    let start = text.get(from..span.start).and_then(|b| b.rfind(breaks)).map_or(from, |i| from + i + 1);
    let end = text.get(span.end..to).and_then(|a| a.find(breaks)).map_or(to, |i| span.end + i);
    Span::new(start.min(span.start), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_use_as_a_name_from_use_as_a_word() {
        use Ambiguity::{Proper, Word};
        for (text, word, ambiguity, expected) in [
            ("By the Grace of God", "Grace", Word, false),
            ("Grace under pressure matters.", "Grace", Word, false),
            ("it shows grace in defeat", "grace", Word, false),
            ("in the evening Grace helped me", "Grace", Word, true),
            ("Grace said that it was late", "Grace", Word, true),
            ("As Grace said, it was late", "Grace", Word, true),
            ("As Grace periods go, it was late", "Grace", Word, false),
            ("The Grace had sailed", "Grace", Word, false),
            ("x\nGrace\n", "Grace", Word, true),
            ("I go off the point. Grace", "Grace", Word, true),
            ("May asked me to stay", "May", Proper, true),
            ("May brings the floods", "May", Proper, false),
            ("Dear Grace, thank you", "Grace", Word, true),
            ("the Young person", "Young", Word, false),
            ("measured by Young's modulus here", "Young", Word, false),
            ("we met in May 2020", "May", Proper, false),
            ("my name is May and", "May", Proper, true),
            ("Thanks,\nMay", "May", Proper, true),
            ("Grace, you need a reference here.", "Grace", Word, true),
            ("It is late. Grace – please add a source.", "Grace", Word, true),
            ("Grace: I think that we should start", "Grace", Word, true),
            ("[10:32] Grace: yes, me too", "Grace", Word, true),
            ("**Grace:** I think that we should", "Grace", Word, true),
            ("Well done May, this is a good start.", "May", Proper, true),
            ("Grace, this chapter holds, is given", "Grace", Word, false),
            ("Grace: a study of what it is", "Grace", Word, false),
            ("It went well. Done. May, then, it is", "May", Proper, false),
        ] {
            let at = text.find(word).unwrap();
            let span = Span::new(at, at + word.len());
            assert_eq!(
                is_used_as_name(text, span, Zone::Prose, ambiguity, word != "Young"),
                expected,
                "{text}"
            );
        }
    }
}
