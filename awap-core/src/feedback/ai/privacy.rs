//! Rules on identity: a comment names nobody but those whom the rubric or the work itself names.
//!
//! The recognizers of anonymization go over every comment. They do not know the student, so what else looks like a name
//! must be known from the rubric or from the anonymized work, and even then it is not spoken to.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::ground::{Ground, asked};
use super::reason::Reason;
use super::wording::is_imperative;
use crate::anonymize;
use crate::feedback::lexis;
use crate::text::{self, Span, fold};
use crate::{Deadline, Limits, Result as CoreResult};

/// Words that open a sentence and are no names.
static OPENERS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "accordingly additionally alternatively analysis argument brief briefly clarity clear clearly code consequently \
     conversely currently detail elsewhere equally evidence example examples excellent explanation finally firstly \
     function generally good great ideally importantly interesting language lastly meanwhile nevertheless next nice \
     overall paragraph particularly perhaps please point points reasoning secondly sentence similarly simply sound \
     strong structure thirdly unfortunately usefully well wording"
        .split_whitespace()
        .collect()
});

/// Words after which a name is being spoken to has no more than these many words before it: `Well done, …`.
const GREETING: usize = 4;
/// Digits in a row that no comment needs, unless the work has them.
const DIGITS: usize = 5;

/// The names and words that a work and its rubric use.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Words as the work or the rubric writes them.
    known: HashSet<String>,
    /// Folded words of the rubric and of those whom the work cites.
    public: HashSet<String>,
    /// Folded words of cited authors.
    cited: HashSet<String>,
}

impl Names {
    pub(super) fn of(ground: &Ground<'_>) -> Self {
        let mut names = Self::default();
        let tma = ground.tma;
        let citations = tma.citations.iter().flat_map(|c| &c.authors);
        for author in citations.chain(tma.references.iter().flat_map(|r| &r.authors)) {
            names.cited.extend(words(author).map(fold));
        }
        names.public.clone_from(&names.cited);
        for question in &ground.rubric.questions {
            names.publish(&question.prompt);
        }
        for (_, criterion) in asked(ground.rubric) {
            names.publish(&criterion.head.title);
            names.publish(&criterion.head.description);
            for level in &criterion.head.levels {
                names.publish(&level.definition);
            }
            for (_, label) in criterion.kind.points() {
                names.publish(label);
            }
        }
        names.known.extend(words(&tma.text).map(str::to_owned));
        names
    }

    fn publish(&mut self, text: &str) {
        self.known.extend(words(text).map(str::to_owned));
        self.public.extend(words(text).map(fold));
    }

    /// Whether a word with a capital is one that is also written without.
    fn is_common(&self, word: &str) -> bool {
        let lower = word.to_lowercase();
        lexis::is_function(&lower)
            || is_imperative(&lower)
            || OPENERS.contains(lower.as_str())
            || anonymize::is_not_a_name(&fold(word))
            || self.known.contains(&lower)
    }
}

/// The words of a text without possessive endings.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text::tokens(text).map(|t| without_possessive(t.of(text)))
}

fn without_possessive(word: &str) -> &str {
    word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word)
}

/// Rule: no placeholder and no pseudonym shows through, with or without its brackets.
pub(super) fn text_has_no_placeholder(text: &str) -> Result<(), Reason> {
    let bare = |word: &str| matches!(word, "STUDENT" | "PERSON") || word.starts_with("PERSON_");
    let shows = !anonymize::placeholders_in(text).is_empty()
        || text.to_lowercase().contains("stu_")
        || text.split(|c: char| !c.is_alphanumeric() && c != '_').any(bare);
    if shows { Err(Reason::Placeholder) } else { Ok(()) }
}

/// Rule: the recognizers of anonymization find nobody in a comment, authors whom the work cites excepted.
///
/// The outer error is a deadline that passed.
pub(super) fn text_identifies_nobody(
    text: &str,
    names: &Names,
    limits: &Limits,
    deadline: &Deadline,
) -> CoreResult<Result<(), Reason>> {
    let found = anonymize::identity_in(text, limits, deadline)?;
    let is_cited = |span: &Span| {
        let mut all = words(span.of(text)).peekable();
        all.peek().is_some() && all.all(|w| names.cited.contains(&fold(w)))
    };
    Ok(if found.iter().all(is_cited) { Ok(()) } else { Err(Reason::Identity) })
}

/// Rule: a word with a capital, and a long number, is one that the work or the rubric has too, and nobody is called by
/// name but in the third person.
pub(super) fn text_names_nobody_new(text: &str, names: &Names) -> Result<(), Reason> {
    for sentence in text::sentences(text) {
        let body = sentence.of(text);
        let tokens: Vec<Span> = text::tokens(body).collect();
        for (i, token) in tokens.iter().enumerate() {
            let word = without_possessive(token.of(body));
            let digits = word.chars().filter(char::is_ascii_digit).count();
            if digits >= DIGITS && !names.known.contains(word) {
                return Err(Reason::Identity);
            }
            let capital = word.chars().next().is_some_and(char::is_uppercase) && word.chars().count() >= 2;
            if !capital || names.is_common(word) {
                continue;
            }
            let known = names.known.contains(word);
            let public = names.public.contains(&fold(word));
            let possessive = word.len() < token.len();
            let next = tokens.get(i + 1).map(|t| t.of(body).to_lowercase());
            let acts = possessive || next.is_some_and(|n| lexis::is_verb(&n));
            let new = !known && (i > 0 || acts);
            if new || !public && is_spoken_to(body, &tokens, i) {
                return Err(Reason::Identity);
            }
        }
    }
    Ok(())
}

/// `Ada, you explain …`; `Well done, Ada.`
fn is_spoken_to(sentence: &str, tokens: &[Span], i: usize) -> bool {
    let Some(token) = tokens.get(i) else { return false };
    let before = sentence.get(..token.start).unwrap_or_default().trim_end();
    let after = sentence.get(token.end..).unwrap_or_default().trim_start();
    let closes = after.is_empty() || after.starts_with([',', '.', '!', '?', ':', '–', '—']);
    closes && (i == 0 && !after.starts_with('.') || before.ends_with([',', '–', '—']) && i <= GREETING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mut names = Names::default();
        names
            .known
            .extend(words("Indah’s list of London streets, as Marsh and Goffman say.").map(str::to_owned));
        names.cited.extend(["marsh".to_owned(), "goffman".to_owned()]);
        names.public.clone_from(&names.cited);
        names.publish("Grace's account of GDPR");
        names
    }

    #[test]
    fn placeholders_do_not_show_through() {
        for text in [
            "Well done, [STUDENT].",
            "You quote [PERSON_2] well.",
            "Well done, STUDENT.",
            "You quote PERSON_2 well.",
            "You are stu_3280e317f41b024e813ae3fc2800fedc.",
        ] {
            assert!(text_has_no_placeholder(text).is_err(), "{text}");
        }
        assert!(text_has_no_placeholder("A student or a person may say so.").is_ok());
    }

    #[test]
    fn nobody_new_is_named_and_nobody_is_called() {
        for text in [
            "You explain this well, as Zainab would.",
            "Zainab, you explain this well.",
            "Zainab explains this well.",
            "Zainab's answer is well explained.",
            "Well done, Indah.",
            "Indah, you explain this well.",
            "You did well, Indah!",
            "You explain this well, ZAINAB.",
            "You explain this well. Mohammed, go on.",
            "You have 4471902 to thank.",
        ] {
            assert!(text_names_nobody_new(text, &names()).is_err(), "{text}");
        }
        for text in [
            "You explain this well, as Marsh would.",
            "You show what Grace prefers, and why.",
            "Grace, as you show, prefers to choose.",
            "Indah is a good example of yours.",
            "Next, say what London adds to your case.",
            "However, you could say more of Goffman.",
            "Overall, you explain GDPR well.",
            "Clarify what you mean by this.",
            "You could name the streets, London above all.",
            "Vivid detail helps you here.",
        ] {
            assert!(text_names_nobody_new(text, &names()).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_the_recognizers_find_must_be_cited() {
        let check = |text: &str| {
            text_identifies_nobody(text, &names(), &Limits::default(), &Deadline::never()).unwrap().is_ok()
        };
        assert!(check("You explain this well."));
        assert!(check("You follow Marsh and Goffman closely."));
        assert!(!check("Write to ada@example.org about it."));
        assert!(!check("Ring 07700 900142 about it."));
        assert!(!check("You learnt it from our tutor, Zainab Hendricks."));
    }
}
