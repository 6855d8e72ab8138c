//! What puts a question or a task: how questions restated before an answer are told from the answer.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::text::{fold, pattern, sentences};

/// Words that questions begin with.
static ASKS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^[\W\d_]*(?:(?:essay\s+|tma\s+|the\s+)?(?:question|title|task)\s*\d*\s*[:.–-]\s*)?[\W\d_]*(?:(?:briefly|critically|clearly|carefully|using|with\s+reference\s+to|in\s+your\s+own\s+words|in\s+no\s+more\s+than|drawing\s+on|based\s+on|with\s+the\s+(?:help|aid)\s+of)\b[^.?]{0,120}?,?\s*)?
        \b(?:explain|describe|discuss|outline|evaluate|compare|contrast|identify|define|analyse|analyze|assess|summarise|summarize|calculate|prove|reflect|suggest|state|list|give|write|draw|sketch|find|solve|show\s+that|choose|select|name|examine|consider|comment|justify|illustrate|explore|read|complete|answer|provide|produce|create|determine|derive
        |advise|differentiate|integrate|distinguish|classify|interpret|estimate|critique|demonstrate
        |to\s+what\s+extent|how\s+far|what|why|how|which|who|when|where|is|are|does|do|can|should|would|could|in\s+what\s+ways?)\b",
    )
});

/// Marks or a limit at the end of a question, or marks in a cell of their own.
static MARKS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\W*\d+\s*marks?\W*$|[(\[]\s*(?:\d+\s*(?:marks?\b|%)|(?:about\s+|max\w*\s+|up\s+to\s+)?\d+\s*words\b)[^)\]]{0,30}[)\]]\s*\.?$",
    )
});

/// Verbs of instructions.
const VERBS: &str = "explain describe discuss outline evaluate compare contrast identify define analyse analyze assess \
    summarise summarize justify examine comment reflect state list write give advise differentiate \
    distinguish classify interpret critique";

/// Verbs of instructions that an answer may begin with, too, where it gives advice.
const MORE_VERBS: &str = "answer apply argue calculate choose complete conduct construct convert create demonstrate derive design \
    determine develop draw estimate explore express find illustrate imagine implement integrate interview \
    keep look make name observe plan plot prepare present produce propose prove provide read record report \
    research respond review say select set show simplify sketch solve suggest take tell test think \
    translate use watch";

/// What follows the verb of an instruction.
const OBJECTS: &str = "a about all an any at between both briefly each every five for four from how in into it its on one some \
    that the their these this three to two what when where whether which who why with your yourself";

/// What a clause before an instruction begins with; a comma ends it.
const LEADS: &[&str] = &[
    "using ",
    "with reference to ",
    "referring to ",
    "in your own words",
    "in no more than ",
    "in about ",
    "drawing on ",
    "based on ",
    "with the help of ",
    "with the aid of ",
];

const ADVERBS: &[&str] = &["briefly", "critically", "clearly", "carefully"];

/// Whether a text puts a question or a task.
pub(super) fn asks(text: &str) -> bool {
    ASKS.is_match(text)
}

/// Whether a sentence is a question or begins with the verb of a task, whoever is told of in it: `Advise Amina on her options.`
pub(super) fn is_task(sentence: &str) -> bool {
    let first = sentence.split_whitespace().next().map(str::to_lowercase).unwrap_or_default();
    sentence.trim_end().ends_with('?') || VERBS.split_whitespace().any(|verb| verb == first)
}

/// Whether the marks that a question earns, or the words that it allows, end a text.
pub(super) fn ends_with_marks(text: &str) -> bool {
    MARKS.is_match(text)
}

/// Whether a paragraph is an instruction: one or two sentences in the imperative, without a voice of its own.
pub(super) fn instructs(text: &str) -> bool {
    is_imperative(text, &[VERBS]) && !text.contains('(') && !has_a_voice(text)
}

/// Whether a paragraph puts questions or tasks and says nothing else.
pub(super) fn only_asks(text: &str) -> bool {
    let starts = is_imperative(text, &[VERBS, MORE_VERBS]) || asks(text);
    starts
        && !has_a_voice(text)
        && sentences(text).into_iter().all(|s| puts_a_task(s.of(text)) || guides(s.of(text)))
}

/// Whether a paragraph quotes what is to be discussed, and asks for that: `“Streets have an order.” Discuss.`
pub(super) fn quotes_and_asks(text: &str) -> bool {
    let Some(rest) = after_quotation(text).map(str::trim).filter(|rest| !rest.is_empty()) else {
        return false;
    };
    let lone = rest.split_whitespace().count() <= 4
        && ["Discuss", "Explain", "Evaluate", "Comment", "Do you agree"]
            .iter()
            .any(|task| rest.starts_with(task));
    lone || only_asks(rest)
}

/// How much of a paragraph puts the question that the rest answers: `Explain the tides. The moon draws the sea …`
pub(super) fn leading_task(text: &str) -> Option<usize> {
    if let Some(rest) = after_quotation(text) {
        let len = text.len() - rest.len();
        let quoted = text.get(..len)?;
        return (!rest.trim().is_empty() && only_asks(quoted)).then_some(len);
    }
    let sentences = sentences(text);
    let tasks = sentences.iter().map(|s| s.of(text)).take_while(|s| {
        !has_a_voice(s) && (is_imperative(s, &[VERBS]) || is_question(s) && s.split_whitespace().count() >= 4)
    });
    let count = tasks.count();
    let last = sentences.get(count.checked_sub(1)?)?;
    (count < sentences.len()).then_some(last.end)
}

/// A text after the quotation that it opens with.
fn after_quotation(text: &str) -> Option<&str> {
    let (open, close) =
        [('“', '”'), ('"', '"'), ('‘', '’')].into_iter().find(|(open, _)| text.starts_with(*open))?;
    let inner = text.get(open.len_utf8()..)?;
    // `’` is an apostrophe, too.
    let end = inner.char_indices().find(|(at, c)| {
        *c == close
            && !inner.get(at + c.len_utf8()..).is_some_and(|after| after.starts_with(char::is_alphanumeric))
    })?;
    Some(inner.get(end.0 + close.len_utf8()..)?.trim_start_matches('.'))
}

fn puts_a_task(sentence: &str) -> bool {
    is_question(sentence) || is_imperative(sentence, &[VERBS, MORE_VERBS])
}

fn is_question(sentence: &str) -> bool {
    let ended = sentence.trim_end_matches(['”', '"', '’', '\'', '*', '_', ' ']);
    ended.ends_with('?') && asks(sentence)
}

/// Whether a text stands in quotation marks as a whole.
pub(super) fn is_quoted(text: &str) -> bool {
    text.starts_with(['“', '"', '‘', '\'']) && text.trim_end_matches('.').ends_with(['”', '"', '’', '\''])
}

/// Whether a text is, but for small changes, one of the rubric's prompts.
pub(super) fn is_asked(text: &str, asked: &[String]) -> bool {
    if asked.is_empty() {
        return false;
    }
    let own = fold(text);
    let own: BTreeSet<&str> = own.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    own.len() >= 4
        && asked.iter().any(|prompt| {
            let folded = fold(prompt);
            let words: BTreeSet<&str> =
                folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
            let common = own.intersection(&words).count();
            common * 10 >= own.len() * 8
        })
}

/// Whether a sentence tells what to do: a verb of `verbs`, and what it is to be done to.
fn is_imperative(sentence: &str, verbs: &[&str]) -> bool {
    let lower = head(sentence).to_lowercase();
    let mut rest = lower.trim_start_matches(|c: char| !c.is_alphanumeric());
    if LEADS.iter().any(|lead| rest.starts_with(lead)) {
        let Some((clause, after)) = rest.split_once(", ") else { return false };
        if clause.contains(['.', '?']) {
            return false;
        }
        rest = after;
    }
    let mut words =
        rest.split_whitespace().map(|w| w.trim_matches(|c: char| !c.is_alphanumeric())).peekable();
    words.next_if(|word| ADVERBS.contains(word));
    let among = |list: &str, word: &str| list.split(' ').any(|own| own == word);
    let is_verb = |word: &str| verbs.iter().any(|some| among(some, word));
    if !words.next().is_some_and(is_verb) {
        return false;
    }
    // `describe and evaluate the`, `set out briefly the`
    while words.next_if(|word| matches!(*word, "and" | "or" | "then" | "up" | "out" | "down")).is_some() {
        words.next_if(|word| is_verb(word));
    }
    words.next_if(|word| word.ends_with("ly"));
    words.next().is_some_and(|word| among(OBJECTS, word) || word.parse::<u32>().is_ok())
}

/// Whether a sentence guides the reader of a question: `You should write about 300 words.`
fn guides(sentence: &str) -> bool {
    let lower = head(sentence).to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(6).collect();
    match words.as_slice() {
        ["you", then, ..] | ["your", _, then, ..] => {
            matches!(*then, "should" | "must" | "may" | "can" | "will" | "need" | "are" | "do")
        }
        ["refer", "to", ..] | ["include" | "remember", ..] | ["make", "sure", ..] | ["word", "limit", ..] => {
            true
        }
        _ => words
            .windows(2)
            .any(|pair| matches!(pair, [number, "words" | "marks"] if number.parse::<u32>().is_ok())),
    }
}

/// Whether somebody speaks of themselves, as questions do not.
fn has_a_voice(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric())
        .any(|word| matches!(word, "I" | "my" | "My" | "me" | "our" | "Our"))
}

/// As much of a sentence as tells what it begins with.
fn head(sentence: &str) -> &str {
    const BYTES: usize = 240;
    let mut end = BYTES.min(sentence.len());
    while !sentence.is_char_boundary(end) {
        end -= 1;
    }
    sentence.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_told_from_answers() {
        for text in [
            "Explain the tides.",
            "Briefly describe how a lock works.",
            "Compare and contrast two of the maps in Chapter 3.",
            "With reference to the map in Block 2, explain what a watershed is.",
            "“Advise the council on its duties.”",
        ] {
            assert!(instructs(text), "{text:?}");
            assert!(only_asks(text), "{text:?}");
        }
        for text in [
            "Set out your plan for the garden. You should write about 200 words.",
            "Keep a log of the weather for three days and give one entry in full.",
            "Which of the two maps is older? Refer to at least one symbol.",
            "Produce one chart and justify your choices.",
        ] {
            assert!(!instructs(text), "{text:?}");
            assert!(only_asks(text), "{text:?}");
        }
        for text in [
            "Explain the tides? I could not at first.",
            "Using the map was harder than the tutor said it would be.",
            "Set against the sea, the town looks small.",
            "Keep a log of the weather. The barometer fell on each of the three days.",
            "Which of the two maps is older? The second has no railway.",
            "Lists help.",
            "State pensions began in 1908.",
        ] {
            assert!(!instructs(text), "{text:?}");
            assert!(!only_asks(text), "{text:?}");
        }
    }

    #[test]
    fn a_quotation_and_what_to_do_with_it() {
        for text in [
            "“A street has an order of its own.” Discuss.",
            "‘Maps don’t lie.’ Discuss this view with reference to two maps.",
            "\"Rivers made the town\". To what extent do you agree?",
        ] {
            assert!(quotes_and_asks(text), "{text:?}");
        }
        for text in [
            "“A street has an order of its own.”",
            "“You are late,” she said, and sat down.",
            "“Do you agree?” he asked me.",
            "A street has an order of its own. Discuss.",
        ] {
            assert!(!quotes_and_asks(text), "{text:?}");
        }
    }

    #[test]
    fn a_question_before_its_answer_in_one_paragraph() {
        for (text, task) in [
            ("“Explain the tides.” The moon draws the sea.", Some("“Explain the tides.”")),
            ("Explain the tides. The moon draws the sea.", Some("Explain the tides.")),
            ("What is a tide in a river? It is a wave.", Some("What is a tide in a river?")),
            ("Why? Nobody knows.", None),
            ("The moon draws the sea. Explain the tides.", None),
            ("Explain the tides.", None),
            ("“The moon is late,” he wrote. It was.", None),
        ] {
            assert_eq!(
                leading_task(text).and_then(|len| text.get(..len)).map(str::trim_end),
                task,
                "{text:?}"
            );
        }
    }

    #[test]
    fn marks_end_questions() {
        for text in ["Describe it. (10 marks)", "(about 300 words)", "[25%]", "10 marks", "(5 marks)."] {
            assert!(ends_with_marks(text), "{text:?}");
        }
        for text in ["I earned 10 marks", "50%", "It took 10 marks and more"] {
            assert!(!ends_with_marks(text), "{text:?}");
        }
    }
}
