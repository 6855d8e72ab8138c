//! Free-text rubrics: the words of description and level descriptors are what is looked for, level by level.
//!
//! Such a rubric says what a good answer speaks of, not how it says it. So words alone carry an answer only to the
//! level below the top: the top level also wants the words put to work, in sentences that give reasons.

use std::collections::HashSet;

use serde_json::json;

use super::{Finding, Kind, Outcome, Script, Sign};
use crate::Result;
use crate::feedback::answer::Sentence;
use crate::feedback::rubric::{Head, Node, tidy};
use crate::feedback::terms::content_words;
use crate::text::{self, Span};

/// Share of a level's weight of words that an answer must have to reach it.
const REACHED: f64 = 0.5;
/// Weight of a word that the question itself uses, beside 1 for any other.
const GIVEN: f64 = 0.4;

/// Words with which a sentence gives a reason or draws a consequence.
const REASONS: &[&str] = &[
    "because",
    "so",
    "therefore",
    "means",
    "mean",
    "helps",
    "help",
    "allows",
    "allow",
    "enables",
    "enable",
    "shows",
    "show",
    "since",
    "thus",
    "hence",
    "leads",
    "without",
    "instead",
    "rather",
    "if",
    "when",
    "otherwise",
    "example",
    "instance",
    "ensure",
    "ensures",
    "explain",
    "explains",
    "supports",
    "suggests",
    "although",
    "whereas",
    "which",
];
/// Words with which a sentence gives an example.
const EXAMPLE: &[&str] = &[
    "for example",
    "for instance",
    "such as",
    "e.g.",
    "in my experience",
    "in my own",
    "i have seen",
    "when i",
    "like when",
    "to illustrate",
    "one example",
];

/// Levels with their words.
#[derive(Debug)]
pub(super) struct Descriptors {
    steps: Vec<Step>,
    /// Words of the description alone.
    core: Vec<String>,
    wants_examples: bool,
}

/// A level above nothing.
#[derive(Debug)]
struct Step {
    score: f64,
    definition: String,
    words: Vec<String>,
}

impl Descriptors {
    pub(super) fn load(head: &Head, criterion: &Node<'_>) -> Result<Self> {
        let mut core = content_words(&head.description);
        if core.is_empty() {
            core = content_words(&head.title);
        }
        let steps: Vec<Step> = head
            .levels
            .iter()
            .filter(|l| l.score > 0.0)
            .map(|l| Step {
                score: l.score,
                definition: l.definition.clone(),
                words: content_words(&l.definition),
            })
            .collect();
        if core.is_empty() && steps.iter().all(|s| s.words.is_empty()) {
            return Err(criterion.fault(
                "This criterion gives nothing to look for: it needs points, or a description or levels in words.",
            ));
        }
        let wants_examples = std::iter::once(&head.title)
            .chain(std::iter::once(&head.description))
            .any(|t| t.to_lowercase().contains("example"));
        Ok(Self { steps, core, wants_examples })
    }
}

/// What an answer has of a list of words.
struct Coverage {
    share: f64,
    absent: Vec<String>,
}

/// The answer as a set of stems, with the sentence of each.
struct Reading<'a, 'b> {
    script: &'b Script<'a>,
    stems: HashSet<u32>,
    given: HashSet<u32>,
    cues: usize,
}

impl<'a, 'b> Reading<'a, 'b> {
    fn new(script: &'b Script<'a>) -> Self {
        let answer = script.answer;
        let tokens = |s: &Sentence| answer.tokens.get(s.tokens.clone()).unwrap_or_default();
        let stems = answer.counted().flat_map(|(_, s)| tokens(s)).map(|t| t.stem).collect();
        let given =
            text::tokens(script.prompt).filter_map(|t| script.lexicon.stem(t.of(script.prompt))).collect();
        let cues = answer
            .counted()
            .filter(|(_, s)| {
                let lower = s.span.of(answer.text).to_lowercase();
                EXAMPLE.iter().any(|cue| lower.contains(cue))
            })
            .count();
        Self { script, stems, given, cues }
    }

    fn has(&self, word: &str) -> bool {
        // An example need not be called one.
        word.starts_with("example") && self.cues > 0
            || self.script.lexicon.stem(word).is_some_and(|id| self.stems.contains(&id))
    }

    fn weight(&self, word: &str) -> f64 {
        let given = self.script.lexicon.stem(word).is_some_and(|id| self.given.contains(&id));
        if given { GIVEN } else { 1.0 }
    }

    fn coverage<'w>(&self, words: impl Iterator<Item = &'w String>) -> Coverage {
        let (mut have, mut all) = (0.0, 0.0);
        let mut absent = Vec::new();
        for word in words {
            let weight = self.weight(word);
            all += weight;
            if self.has(word) {
                have += weight;
            } else {
                absent.push(word.clone());
            }
        }
        Coverage { share: if all > 0.0 { have / all } else { 1.0 }, absent }
    }

    /// Sentences that use these words, those that use most first, and among them those that give reasons.
    fn sentences(&self, words: &HashSet<u32>) -> Vec<(usize, bool, Span)> {
        let answer = self.script.answer;
        let mut found: Vec<(usize, bool, Span)> = answer
            .counted()
            .filter_map(|(_, s)| {
                let tokens = answer.tokens.get(s.tokens.clone())?;
                let used: HashSet<u32> =
                    tokens.iter().map(|t| t.stem).filter(|t| words.contains(t)).collect();
                let reasons = tokens.len() >= 8
                    && tokens
                        .iter()
                        .any(|t| REASONS.contains(&t.span.of(answer.text).to_lowercase().as_str()));
                (!used.is_empty()).then_some((used.len(), reasons, s.span))
            })
            .collect();
        found.sort_by_key(|(used, reasons, span)| (std::cmp::Reverse((*used, *reasons)), span.start));
        found
    }
}

impl Kind for Descriptors {
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome {
        let mut out = Outcome::default();
        let reading = Reading::new(script);
        let core = reading.coverage(self.core.iter());
        let all_words: HashSet<u32> = self
            .core
            .iter()
            .chain(self.steps.iter().flat_map(|s| &s.words))
            .filter(|w| reading.weight(w) >= 1.0)
            .filter_map(|w| script.lexicon.stem(w))
            .collect();
        let sentences = reading.sentences(&all_words);
        let reasoned = sentences.iter().filter(|(_, reasons, _)| *reasons).count();
        let (score, margin, absent) = if self.steps.is_empty() {
            (head.max_mark * core.share.min(0.8 + 0.05 * reasoned.min(4) as f64), 0.2, core.absent.clone())
        } else {
            self.climb(&reading, core.share, reasoned, &mut out)
        };
        let score = if self.steps.is_empty() { (score * 2.0).floor() / 2.0 } else { score };
        out.score = Some(tidy(score.min(head.max_mark)));
        out.step(
            "descriptors.coverage",
            tidy(core.share),
            Some(json!(REACHED)),
            out.score.unwrap_or_default(),
        );
        out.step("descriptors.reasons", reasoned, Some(json!(3)), 0.0);
        // Words are weak evidence of understanding: never sure, less so near the edge of a level.
        out.confidence = (0.35 + margin.min(0.2)).min(0.55);
        out.reviews.push((
            "low_confidence",
            json!({"message": "Marked by the words of the descriptors only: please read this one.", "max_mark": head.max_mark}),
        ));
        self.say(head, &reading, &sentences, &absent, &mut out);
        out
    }
}

impl Descriptors {
    /// The highest level that the answer reaches, each from the one below.
    fn climb(
        &self,
        reading: &Reading<'_, '_>,
        core: f64,
        reasoned: usize,
        out: &mut Outcome,
    ) -> (f64, f64, Vec<String>) {
        let top = self.steps.len() - 1;
        let mut score = 0.0;
        let mut margin = 0.2;
        let mut absent = Vec::new();
        for (i, step) in self.steps.iter().enumerate() {
            let own = reading.coverage(step.words.iter());
            // The description belongs to every level, and more of it to the higher ones.
            let share = 0.7 * own.share + 0.3 * core;
            let wanted = REACHED * (0.7 + 0.3 * (i + 1) as f64 / self.steps.len() as f64);
            let enough_reasons = i < top || top == 0 || reasoned >= 3 && core >= REACHED;
            let examples =
                reading.cues >= if self.wants_examples { examples_wanted(&step.definition) } else { 0 };
            let reached = share >= wanted && enough_reasons && examples;
            out.step(
                "descriptors.level",
                json!({"share": tidy(share), "examples": reading.cues}),
                Some(json!({"share": tidy(wanted), "level": step.definition})),
                if reached { step.score - score } else { 0.0 },
            );
            margin = (share - wanted).abs();
            if !reached {
                absent = own.absent;
                break;
            }
            score = step.score;
        }
        (score, margin, absent)
    }

    fn say(
        &self,
        head: &Head,
        reading: &Reading<'_, '_>,
        sentences: &[(usize, bool, Span)],
        absent: &[String],
        out: &mut Outcome,
    ) {
        let text = reading.script.answer.text;
        let score = out.score.unwrap_or_default();
        let subject = lower_first(&head.title);
        let best: Vec<Span> = sentences.iter().take(3).map(|(_, _, s)| *s).collect();
        for span in &best {
            out.cite(text, *span, &head.id, true);
        }
        if score > 0.0 && !best.is_empty() {
            let what = if score >= head.max_mark * 0.7 {
                format!("Your understanding of {subject} comes through")
            } else {
                format!("You have begun to write about {subject}")
            };
            out.findings.push(Finding::said(Sign::Done, what, "", vec![best[0]], score));
        }
        let next = self.steps.iter().find(|s| s.score > score);
        let absent: Vec<&String> = absent.iter().filter(|w| reading.weight(w) >= 1.0).take(4).collect();
        if score < head.max_mark {
            let wants: Vec<String> = absent.iter().map(|w| format!("“{w}”")).collect();
            out.missing.push(match (next, wants.is_empty()) {
                (Some(step), _) => step.definition.clone(),
                (None, false) => format!("{}: {}", head.title, wants.join(", ")),
                (None, true) => format!("fuller treatment of {subject}"),
            });
            let what = match (next, best.is_empty()) {
                (_, true) => format!("I looked for {subject} and did not find it."),
                (Some(_), false) => format!("There is a further step to take on {subject}."),
                (None, false) => format!("Not all of {subject} is covered yet."),
            };
            let advice = if wants.is_empty() {
                "Take one of your own sentences on this and add why it matters to the person concerned, with what happened as a result.".to_owned()
            } else {
                format!(
                    "Reread the module materials on {} and say how each bears on this case.",
                    list(&wants)
                )
            };
            out.findings.push(Finding::said(Sign::Missing, what, advice, Vec::new(), head.max_mark - score));
        }
    }
}

/// How many examples a descriptor asks for.
fn examples_wanted(definition: &str) -> usize {
    let lower = definition.to_lowercase();
    if !lower.contains("example") {
        0
    } else if ["several", "range of", "many", "wide", "variety"].iter().any(|w| lower.contains(w)) {
        3
    } else if lower.contains("examples") {
        2
    } else {
        1
    }
}

/// A title inside a sentence: `Working together` becomes `working together`, `ICT use` stays.
fn lower_first(title: &str) -> String {
    let mut chars = title.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(chars).collect(),
        _ => title.to_owned(),
    }
}

fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}
