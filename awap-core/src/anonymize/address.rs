//! Names that somebody is spoken to by (`Grace, you need a source`, `Well done Grace`) or speaks under (`Grace: I think so`).

use super::context::bare;

/// Whether `after`, what follows a name at the start of a sentence, is said to whoever bears it.
pub(super) fn is_spoken_to(after: &str) -> bool {
    let Some(rest) = after.strip_prefix(',').or_else(|| after.trim_start().strip_prefix(['-', '–', '—']))
    else {
        return false;
    };
    if !rest.starts_with(char::is_whitespace) {
        return false;
    }
    let mut words = rest.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let next = bare(second);
    // `that was a very good start`
    let praised = || {
        words
            .map(bare)
            .find(|word| {
                !matches!(word.as_str(), "a" | "an" | "very" | "so" | "not" | "really" | "such" | "quite")
            })
            .is_some_and(|word| is_good(&word) || is_work(&word))
    };
    match bare(first).as_str() {
        "you" | "you're" | "you've" | "you'll" | "your" | "thank" | "thanks" | "please" | "well"
        | "don't" | "remember" | "welcome" | "sorry" => true,
        // “Grace, I argue, is given”
        "i" | "i'm" | "i've" | "i'd" => !next.is_empty() && !second.ends_with(','),
        "can" | "could" | "would" | "will" | "have" | "are" | "did" => {
            matches!(next.as_str(), "you" | "we" | "i")
        }
        "do" => matches!(next.as_str(), "you" | "not"),
        "what" | "why" | "how" | "where" => {
            matches!(next.as_str(), "do" | "did" | "would" | "could" | "about" | "have" | "might" | "are")
        }
        "this" => {
            matches!(next.as_str(), "needs" | "would" | "could")
                || matches!(next.as_str(), "is" | "was") && !second.ends_with(',')
        }
        // “Faith, it is said, moves mountains”, but “Faith, it is a good start”.
        "that" | "it" => {
            matches!(next.as_str(), "needs" | "would" | "could")
                || matches!(next.as_str(), "is" | "was") && praised()
        }
        "good" | "great" | "nice" | "excellent" | "lovely" | "very" | "some" | "a" => {
            is_work(&next) || is_good(&next)
        }
        "see" => matches!(next.as_str(), "my" | "above" | "below" | "also"),
        _ => false,
    }
}

/// Whether whoever bears a name is praised or thanked right before it: `last` is the word before it, `before` the one
/// before that.
pub(super) fn is_praised(before: Option<&str>, last: &str) -> bool {
    if !last.ends_with(|c: char| c.is_alphabetic() || c == ',') {
        return false;
    }
    let last = bare(last);
    if last == "done" || last == "you" || is_work(&last) {
        let before = before.map(bare).unwrap_or_default();
        return match last.as_str() {
            "done" => before == "well",
            "you" => before == "thank",
            _ => is_good(&before),
        };
    }
    false
}

/// Whether a name after `last` heads what its bearer says in a conversation: `[10:32] Grace: I think so`.
pub(super) fn speaks_under_it(last: &str, after: &str) -> bool {
    // The time of day may stand before it.
    let Some(rest) = after.trim_start_matches('*').strip_prefix(':') else { return false };
    if last.contains(char::is_alphabetic) {
        return false;
    }
    let mut words = rest.trim_start_matches('*').split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().map(bare).unwrap_or_default());
    match bare(first).as_str() {
        "i" | "i'm" | "i've" | "i'll" | "i'd" | "ok" | "okay" | "hi" | "hello" | "hey" | "thanks"
        | "sorry" | "sure" | "yeah" | "haha" => true,
        "yes" | "no" => first.ends_with([',', '.', '!']),
        "can" | "could" | "shall" | "should" | "do" => matches!(second.as_str(), "you" | "we" | "i"),
        "we" => !second.is_empty(),
        _ => false,
    }
}

/// What tutors call good.
fn is_work(word: &str) -> bool {
    matches!(
        word,
        "work"
            | "job"
            | "point"
            | "points"
            | "start"
            | "effort"
            | "use"
            | "answer"
            | "example"
            | "attempt"
            | "question"
            | "analysis"
            | "luck"
            | "morning"
            | "afternoon"
            | "evening"
    )
}

fn is_good(word: &str) -> bool {
    matches!(
        word,
        "good"
            | "great"
            | "nice"
            | "excellent"
            | "lovely"
            | "clear"
            | "strong"
            | "solid"
            | "fantastic"
            | "brilliant"
            | "super"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_virtue_is_said_to_nobody() {
        for said in [
            ", this is a good start",
            ", that was excellent work",
            ", it is a very good start",
            ", it needs a source",
            ", this would, I think, be better",
            ", you write well",
            " - that would help",
        ] {
            assert!(is_spoken_to(said), "{said}");
        }
        for said in [", it is said, moves mountains", ", that is, happiness", " – it is a dynamic language"]
        {
            assert!(!is_spoken_to(said), "{said}");
        }
    }
}
