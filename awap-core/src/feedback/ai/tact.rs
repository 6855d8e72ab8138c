//! Rules on how a comment treats the student: it does not insult, accuse, or judge who they are.
//!
//! A model may be rude, or may be made so by the text it read. What it says of a student's honesty would be an accusation
//! without a hearing, and what it says of their health or origin nobody asked it for: neither goes into a letter.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::reason::Reason;
use super::talk::says_one;
use crate::text::{self, fold, pattern};

/// Insults, oaths and accusations, unless the word is the subject: an essay on plagiarism is about plagiarism.
const UNKIND: [&str; 51] = [
    "stupid",
    "stupidity",
    "idiot",
    "idiotic",
    "moron",
    "moronic",
    "dumb",
    "lazy",
    "laziness",
    "hopeless",
    "pathetic",
    "worthless",
    "useless",
    "rubbish",
    "garbage",
    "trash",
    "ridiculous",
    "laughable",
    "embarrassing",
    "embarrassment",
    "awful",
    "terrible",
    "horrible",
    "dreadful",
    "disgraceful",
    "disgusting",
    "shameful",
    "ashamed",
    "childish",
    "ignorant",
    "incompetent",
    "incapable",
    "clueless",
    "foolish",
    "fool",
    "nonsense",
    "fuck",
    "fucking",
    "shit",
    "crap",
    "bastard",
    "bitch",
    "plagiarism",
    "plagiarised",
    "plagiarized",
    "cheat",
    "cheated",
    "cheating",
    "collusion",
    "misconduct",
    "dishonest",
];

/// What a student is, which no comment on their work speaks of.
static PERSONAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:your|you have|you suffer from|because of)(?: own)? (race|religion|faith|gender|sex|sexuality|disability|",
        r"dyslexia|autism|adhd|illness|depression|accent|ethnicity|nationality|age|weight|looks|appearance|intelligence|",
        r"upbringing|mental health|mother tongue|(?:first|native) language)\b",
    ))
});

/// Accusations, threats and discouragement in more than a word.
static PHRASES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:kill|hurt|harm) yourself\b",
        r"|\b(?:give up|quit|leave|drop out of|withdraw from) (?:on )?(?:your|the|this) (?:studies|study|degree|module|course|university)\b",
        r"|\bnot (?:all )?your own (?:work|words|writing)\b|\bsomeone else['’]?s (?:work|words|essay|answer)\b",
        r"|\b(?:written|done|made|produced|copied|stolen|lifted|taken) (?:\w+ )?(?:by|from) (?:someone|somebody|another student|a friend|the internet|a website)\b",
        r"|\byou (?:have )?(?:copied|stole|stolen|lied)\b",
        r"|\byou (?:will|would|can|could) never (?:\w+ )?(?:pass|succeed|learn|understand|manage)\b",
        r"|\bnot (?:clever|bright|smart|intelligent|good) enough\b",
    ))
});

/// Rule: a comment neither insults nor accuses, discourages nobody, and does not speak of who the student is. `own` are
/// its words outside quotations.
pub(super) fn text_treats_the_student_well(
    text: &str,
    own: &[String],
    subject: &HashSet<String>,
) -> Result<(), Reason> {
    let folded = fold(text);
    let is_subject = |phrase: &str| text::tokens(phrase).all(|t| subject.contains(&text::stem(t.of(phrase))));
    let personal = PERSONAL.captures_iter(&folded).filter_map(|c| c.get(1)).any(|m| !is_subject(m.as_str()));
    if personal || PHRASES.is_match(&folded) || says_one(own, &UNKIND, subject) {
        return Err(Reason::Unsuitable);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::wording::own_words;
    use super::*;

    fn unsuitable(text: &str, subject: &[&str]) -> bool {
        let subject = subject.iter().map(|w| text::stem(w)).collect();
        text_treats_the_student_well(text, &own_words(text), &subject).is_err()
    }

    #[test]
    fn insults_and_accusations_are_told_from_criticism() {
        for text in [
            "You are too lazy to say why the list is sorted.",
            "Your answer is rubbish from its first line to its last.",
            "Your Stupid mistake is in the second line.",
            "You plagiarised this line, and it shows.",
            "This line is not your own work, as you know.",
            "You copied this line from the module.",
            "This was written by someone who knows more than you do.",
            "You will never understand how a list is sorted.",
            "Give up your studies, as you have no gift for them.",
            "Your dyslexia shows in this line of your answer.",
            "Because of your first language this is hard for you.",
            "You are not clever enough for this part.",
            "Go and hurt yourself before you write more of this.",
        ] {
            assert!(unsuitable(text, &[]), "{text}");
        }
        for text in [
            "You do not say yet why the list must be sorted.",
            "Your second line is wrong: try it with an empty list.",
            "Say in your own words what a sorted list is.",
            "Put what is copied between quotation marks, and say where you found it.",
            "Do not give up here: your next step would have shown it.",
        ] {
            assert!(!unsuitable(text, &[]), "{text}");
        }
    }

    #[test]
    fn what_the_rubric_asks_about_may_be_spoken_of() {
        assert!(!unsuitable("You say well what plagiarism is.", &["plagiarism"]));
        assert!(unsuitable("You say well what plagiarism is.", &["citation"]));
        assert!(!unsuitable("You relate this to your mental health and its care.", &["mental", "health"]));
        assert!(unsuitable("You relate this to your mental health and its care.", &["health"]));
        assert!(unsuitable("You copied this line from the module.", &["copied", "copy"]));
    }
}
