//! Signs that a name in a sentence is not of the writer's own life: a case study, a work of art, a question, scholarship.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::roles::is_public_role;
use super::words::set;
use crate::text::fold;

/// What says that a name in a `sentence`, between `head` and `tail`, is not of the writer's own life, from 0 down. `personal` is whether the
/// sentence tells of the writer's own life.
pub(super) fn against(sentence: &str, head: &str, tail: &str, personal: bool) -> i32 {
    let next = bare(tail.split_whitespace().next().unwrap_or_default());
    let mut contra = 0;
    if is_of_a_case(sentence) || !personal && is_question(sentence) {
        contra -= 4;
    }
    // `Hyde v Wrench`.
    if [" v ", " v. "].iter().any(|against| tail.starts_with(against) || head.ends_with(against)) {
        contra -= 9;
    }
    if head.trim_end().rsplit(|c: char| !c.is_alphanumeric()).take(2).any(|w| is_public_role(&fold(w))) {
        contra -= 4;
    }
    // `O'Neil (2016) describes a teacher, Sarah Wysocki`
    if !personal && reports(sentence) {
        contra -= 3;
    }
    if has_a_work(tail) || WORKS.contains(next) || is_dated(tail) {
        contra -= 4;
    } else if !personal && SCHOLARS.contains(next) {
        contra -= 2;
    }
    contra
}

/// `in Izmir`, where a sentence up to a name is `head`.
pub(super) fn is_of_a_place(head: &str) -> bool {
    ["in ", "near ", "outside ", "around "].iter().any(|before| head.ends_with(before))
}

pub(super) fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Whether a sentence speaks of a case study, or of a work of art.
fn is_of_a_case(sentence: &str) -> bool {
    let asks = ["TMA asks", "uestion asks", "n the question", "n the problem"];
    let mut before = "";
    let mut words =
        sentence.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| !word.is_empty());
    asks.iter().any(|asked| sentence.contains(asked))
        || words.any(|word| {
            // `in this case`, `in any case`
            let any =
                matches!(before, "this" | "that" | "any" | "in" | "my" | "our" | "your" | "just" | "which");
            before = word;
            CASES.contains(word) && !(word == "case" && any)
        })
}

/// Whether a sentence asks: it ends so, or tells what to do, or what it is worth.
fn is_question(sentence: &str) -> bool {
    let is_word = |w: &&str| w.chars().filter(|c| c.is_alphabetic()).count() > 2;
    let first = sentence.split_whitespace().find(is_word).unwrap_or_default();
    sentence.trim_end().ends_with('?') || sentence.contains(" marks)") || ORDERS.contains(bare(first))
}

/// `’s model`, `’s point about`, right behind a name.
fn has_a_work(tail: &str) -> bool {
    let of = ["'s ", "’s ", "' ", "’ "].into_iter().find_map(|ending| tail.strip_prefix(ending));
    of.is_some_and(|rest| rest.split_whitespace().take(3).any(|w| WORKS.contains(bare(w))))
}

/// Whether a sentence tells what is told in a work: a year in brackets, and a word for telling right behind.
fn reports(sentence: &str) -> bool {
    sentence.match_indices(") ").any(|(at, _)| {
        let head = sentence.get(..at).unwrap_or_default().as_bytes();
        let verb = sentence.get(at + 2..).unwrap_or_default().split(' ').next().unwrap_or_default();
        let is_year = head.len() > 4 && head.iter().rev().take(4).all(u8::is_ascii_digit);
        is_year
            && matches!(
                bare(verb),
                "describes"
                    | "tells"
                    | "reports"
                    | "recounts"
                    | "follows"
                    | "quotes"
                    | "interviews"
                    | "interviewed"
            )
    })
}

/// The years of a life, or of a work, in brackets right behind a name.
fn is_dated(tail: &str) -> bool {
    let inside = tail.trim_start().strip_prefix('(');
    inside.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) || rest.starts_with("b."))
}

static CASES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    case Case scenario Scenario vignette Vignette character characters novel poem play film painting fictional made-up imaginary hypothetical
    invented imagine imagines Imagine Suppose suppose supposes experiment protagonist narrator module Block Unit Chapter Reading Activity Act pseudonym video
    ")
});

/// How questions begin.
static ORDERS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    Advise Explain Describe Discuss Evaluate Compare Outline Identify Analyse Assess Using Drawing Calculate Consider Examine State Summarise
    Suggest Define Imagine Choose
    ")
});

/// What only somebody known for it has: `Schein’s model`, `Bloom’s taxonomy`, `Foucault’s point`.
static WORKS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    theory theories model models theorem law laws principle rule cycle taxonomy hierarchy framework concept definition method algorithm equation
    scale test effect thesis argument novel poem poems poetry play plays painting paintings film book article study studies research experiment
    writings philosophy ideas idea machine diagram matrix grid typology approach stages critique point points view views gaze claim position
    ")
});

/// What scholars do.
static SCHOLARS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    argues argued claims claimed suggests defines defined proposes proposed theorised theorises identifies identified coined developed describes
    states stated concludes contends maintains writes found et
    ")
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_is_read_about() {
        for (head, name, tail, expected) in [
            ("When I told ", "Rose", " she laughed.", 0),
            ("In the case study ", "Jean", " looks after Len.", -4),
            ("In this case ", "Jean", " came late.", 0),
            ("as in ", "Schein", "’s model of culture.", -4),
            ("under ", "Hyde", " v Wrench [1840].", -9),
            ("the poet ", "Adair", " said so.", -4),
            ("Explain why ", "Tariq", " is right.", -4),
            ("As ", "Mead", " (1901–1978) wrote.", -4),
            ("Here ", "Mead", " argues that it is.", -2),
            ("O’Neil (2016) describes a teacher, ", "Sarah", ", who was dismissed.", -3),
        ] {
            assert_eq!(
                against(&format!("{head}{name}{tail}"), head, tail, false),
                expected,
                "{head}{name}{tail}"
            );
        }
    }
}
