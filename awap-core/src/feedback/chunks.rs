//! The things that a descriptor speaks of, one by one: `gestures`, `giving time`, `how the nurse and the family share …`.

use super::lexis;
use super::terms::content_words;
use crate::text;

/// One thing that a descriptor speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// In the descriptor's words, fit to stand inside a sentence.
    pub(crate) label: String,
    /// Its words that name the subject.
    pub(crate) words: Vec<String>,
    /// Words of its examples (`such as washing, dressing and meals`): one of them stands for it.
    pub(crate) examples: Vec<String>,
}

/// The things that `descriptor` speaks of, in order, each once.
pub(crate) fn chunks(descriptor: &str) -> Vec<Chunk> {
    let mut out: Vec<Chunk> = Vec::new();
    for sentence in text::sentences(descriptor) {
        // What follows “such as” within a piece belongs to what it is an example of, to the end of the list.
        let mut listed = false;
        for piece in pieces(sentence.of(descriptor)) {
            let ends = !piece.ends_with(',');
            let piece = piece.trim_end_matches([',', ';', ':', '(', ')', '.']);
            if listed && let Some(chunk) = out.last_mut() {
                chunk.examples.extend(content_words(piece));
                listed = !ends;
                continue;
            }
            let (thing, examples) = piece
                .split_once(" such as ")
                .filter(|(thing, _)| !thing.trim().is_empty())
                .unwrap_or((piece, ""));
            let Some(label) = label(thing) else { continue };
            let words = content_words(&label);
            if !words.is_empty() && !out.iter().any(|c| c.words == words) {
                listed = !examples.is_empty() && !ends;
                out.push(Chunk { label, words, examples: content_words(examples) });
            }
        }
    }
    out
}

/// A descriptor at its commas and stops. A list that is the subject of one question stays whole, up to its verb: `how the nurse,
/// the therapist and the family share information`.
fn pieces(descriptor: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    for piece in descriptor.split_inclusive([',', ';', ':', '(', ')', '.']) {
        at += piece.len();
        let whole = descriptor.get(from..at).unwrap_or_default();
        if piece.ends_with(',') && lacks_its_verb(whole) && goes_on(descriptor.get(at..).unwrap_or_default())
        {
            continue;
        }
        pieces.push(whole);
        from = at;
    }
    pieces.extend(descriptor.get(from..).filter(|rest| !rest.is_empty()));
    pieces
}

/// Whether a question was begun, and what is done in it is still to come.
fn lacks_its_verb(piece: &str) -> bool {
    let mut words = piece.split_whitespace().map(bare).skip_while(|word| {
        lexis::is_rubric_talk(word) && lexis::is_verb(word) || matches!(word.as_str(), "and" | "or" | "also")
    });
    words.next().is_some_and(|first| matches!(first.as_str(), "how" | "why" | "what" | "when" | "where"))
        && !words.any(|word| lexis::is_verb(&word))
}

/// Whether the sentence comes to a verb before it ends or begins another question.
fn goes_on(rest: &str) -> bool {
    let clause = rest.split([';', ':', '(', ')', '.']).next().unwrap_or_default();
    let words: Vec<String> = clause.split_whitespace().map(bare).collect();
    let asks = |word: &String| {
        matches!(word.as_str(), "how" | "why" | "what" | "when" | "where" | "whose" | "which" | "who")
    };
    let verb = words.iter().position(|word| lexis::is_verb(word));
    verb.is_some_and(|verb| !words.iter().take(verb).any(asks))
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// A piece without the words that lead in to it or only speak of marking; none where nothing is left to show.
fn label(piece: &str) -> Option<String> {
    const LEADS: [&str; 19] = [
        "and",
        "or",
        "but",
        "with",
        "such",
        "as",
        "that",
        "to",
        "reference",
        "like",
        "e.g",
        "eg",
        "for",
        "example",
        "by",
        "of",
        "also",
        "including",
        "each",
    ];
    let words: Vec<&str> = piece.split_whitespace().collect();
    let mut from = 0;
    while let Some(word) = words.get(from).map(|w| w.to_lowercase()) {
        let reports = lexis::is_rubric_talk(&word) && lexis::is_verb(&word) || word.ends_with("ly");
        if !reports && !LEADS.contains(&word.as_str()) {
            break;
        }
        from += 1;
    }
    // “Explains person-centred care with reference to choices” speaks of two things; the first names it.
    let mut rest: Vec<&str> = words.get(from..)?.to_vec();
    if matches!(
        rest.first().map(|w| w.to_lowercase()).as_deref(),
        Some("whose" | "which" | "who" | "it" | "they")
    ) {
        return None;
    }
    let first = rest.first()?.to_lowercase();
    let asks = matches!(first.as_str(), "how" | "why" | "what" | "when" | "where");
    let has_verb = rest.iter().skip(1).any(|w| lexis::is_verb(&w.to_lowercase()));
    // “How it supports independence” does not say what does.
    let vague =
        rest.get(1).is_some_and(|w| matches!(w.to_lowercase().as_str(), "it" | "they" | "this" | "these"));
    if asks && vague {
        return None;
    }
    if asks && !has_verb {
        rest.remove(0);
    }
    let denies = rest.iter().any(|w| lexis::is_negator(&w.to_lowercase()));
    let label = rest.join(" ");
    (!denies && !label.is_empty()).then_some(label)
}

/// Names of persons and places that a text speaks of: capitalised words that do not open a sentence.
pub(crate) fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for sentence in text::sentences(text) {
        let body = sentence.of(text);
        for word in text::tokens(body).skip(1).map(|t| t.of(body)) {
            let bare = word.trim_end_matches("'s").trim_end_matches("’s");
            let mut chars = bare.chars();
            let proper = chars.next().is_some_and(char::is_uppercase)
                && chars.clone().count() >= 2
                && chars.all(char::is_lowercase);
            let lower = bare.to_lowercase();
            if proper
                && !lexis::is_function(&lower)
                && !lexis::is_rubric_talk(&lower)
                && !names.contains(&lower)
            {
                names.push(lower);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_fall_into_the_things_they_speak_of() {
        for (descriptor, want) in [
            (
                "Explains verbal and non-verbal communication, such as gestures, tone of voice and giving time.",
                &["verbal and non-verbal communication", "gestures", "tone of voice and giving time"][..],
            ),
            (
                "Shows how the district nurse, the therapist and family carers share information.",
                &["how the district nurse, the therapist and family carers share information"],
            ),
            (
                "Describes practical care tasks such as washing, dressing and meals.",
                &["practical care tasks"],
            ),
            ("Does not mention person-centred care.", &[]),
            (
                "Explains how carers communicate with Grace, whose speech is affected, and why time is given.",
                &["how carers communicate with Grace", "why time is given"],
            ),
            ("Explains how aphasia affects communication.", &["how aphasia affects communication"]),
            ("Explains dignity, and how it supports independence.", &["dignity"]),
        ] {
            let got: Vec<String> = chunks(descriptor).into_iter().map(|c| c.label).collect();
            assert_eq!(got, want, "{descriptor}");
        }
        let tasks =
            chunks("Describes practical care tasks such as washing, dressing and meals; explains dignity.");
        assert_eq!(tasks.first().unwrap().examples, ["washing", "dressing", "meals"]);
        assert_eq!(tasks.last().unwrap().label, "dignity");
        assert_eq!(
            names("Uses examples from Grace's account. Several were from Leonard."),
            ["grace", "leonard"]
        );
    }
}
