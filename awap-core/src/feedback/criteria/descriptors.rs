//! Free-text rubrics: the words of description and level descriptors are what is looked for, level by level.
//!
//! Such a rubric says what a good answer speaks of, not how it says it. So words alone carry an answer only to the
//! level below the top: the top level also wants the words put to work, in sentences that give reasons.

use std::collections::HashSet;

use serde_json::json;

use super::{Finding, Kind, Outcome, Script, Sign};
use crate::Result;
use crate::feedback::answer::Sentence;
use crate::feedback::chunks::{Chunk, chunks, names};
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
    "i saw",
    "i remember",
    "when i",
    "where i work",
    "in my work",
    "one of our",
    "my mother",
    "my father",
    "my grand",
    "like when",
    "to illustrate",
    "one example",
];
/// A word in more sentences than this, and in more than a fifth of them, is what the answer is about.
const EVERYWHERE: usize = 3;
/// A thing is spoken of where a sentence, with the next, has this share of its words.
const SPOKEN_OF: f64 = 0.5;

/// Levels with their words.
#[derive(Debug)]
pub(super) struct Descriptors {
    steps: Vec<Step>,
    /// Words of the description alone.
    core: Vec<String>,
    /// What the description speaks of.
    chunks: Vec<Chunk>,
    wants_examples: bool,
    /// Characters of the case, in lower case: a sentence about one is half an example.
    names: Vec<String>,
}

/// A level above nothing.
#[derive(Debug)]
struct Step {
    score: f64,
    definition: String,
    words: Vec<String>,
    chunks: Vec<Chunk>,
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
                chunks: chunks(&l.definition),
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
        let names = names(&format!(
            "{} {}",
            head.description,
            steps.iter().map(|s| s.definition.as_str()).collect::<Vec<_>>().join(" ")
        ));
        Ok(Self { chunks: chunks(&head.description), steps, core, wants_examples, names })
    }
}

/// The answer as a set of stems, with the sentence of each.
struct Reading<'a, 'b> {
    script: &'b Script<'a>,
    stems: HashSet<u32>,
    given: HashSet<u32>,
    cues: usize,
}

impl<'a, 'b> Reading<'a, 'b> {
    fn new(script: &'b Script<'a>, names: &[String]) -> Self {
        let answer = script.answer;
        let tokens = |s: &Sentence| answer.tokens.get(s.tokens.clone()).unwrap_or_default();
        let stems = answer.telling().flat_map(tokens).map(|t| t.stem).collect();
        let given =
            text::tokens(script.prompt).filter_map(|t| script.lexicon.stem(t.of(script.prompt))).collect();
        let (mut told, mut of_case) = (0, 0);
        for sentence in answer.telling() {
            let lower = sentence.span.of(answer.text).to_lowercase();
            if is_example(&lower) {
                told += 1;
            } else if names.iter().any(|name| lower.contains(name.as_str())) {
                of_case += 1;
            }
        }
        let cues = told + (of_case / 2).min(3);
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

    fn coverage<'w>(&self, words: impl Iterator<Item = &'w String>) -> f64 {
        let (mut have, mut all) = (0.0, 0.0);
        for word in words {
            let weight = self.weight(word);
            all += weight;
            have += if self.has(word) { weight } else { 0.0 };
        }
        if all > 0.0 { have / all } else { 1.0 }
    }

    /// The sentence that speaks of a thing, with what follows it if need be.
    fn place(&self, chunk: &Chunk) -> Option<Span> {
        let answer = self.script.answer;
        let stems = |s: &Sentence| -> Vec<u32> {
            answer.tokens.get(s.tokens.clone()).unwrap_or_default().iter().map(|t| t.stem).collect()
        };
        let counted: Vec<(&Sentence, Vec<u32>)> = answer.telling().map(|s| (s, stems(s))).collect();
        // A word that the whole answer is about says little of any one thing in it.
        let everywhere = |id: u32| {
            counted.iter().filter(|(_, stems)| stems.contains(&id)).count()
                > EVERYWHERE.max(counted.len() / 5)
        };
        let wanted: Vec<(Option<u32>, f64)> = chunk
            .words
            .iter()
            .map(|w| {
                let id = self.script.lexicon.stem(w);
                (id, if id.is_some_and(everywhere) { GIVEN } else { self.weight(w) })
            })
            .collect();
        let all: f64 = wanted.iter().map(|(_, w)| w).sum();
        let examples: Vec<u32> = chunk
            .examples
            .iter()
            .filter_map(|w| self.script.lexicon.stem(w))
            .filter(|id| !everywhere(*id))
            .collect();
        let share = |stems: &[u32]| {
            let have = wanted.iter().filter(|(id, _)| id.is_some_and(|id| stems.contains(&id)));
            let named = have.map(|(_, w)| w).sum::<f64>() / all;
            let shown = examples.iter().filter(|id| stems.contains(id)).count();
            if shown > 0 { named.max(SPOKEN_OF + 0.1 * shown as f64) } else { named }
        };
        let alone = best(counted.iter().map(|(s, stems)| (share(stems), s.span)));
        if let Some((share, span)) = alone.filter(|(share, _)| *share >= SPOKEN_OF) {
            return (share > 0.0).then_some(span);
        }
        let pairs = counted.windows(2).filter_map(|w| match w {
            [(first, a), (_, b)] => Some((share(&[a.as_slice(), b].concat()), first.span)),
            _ => None,
        });
        best(pairs).filter(|(share, _)| *share >= SPOKEN_OF + 0.15).map(|(_, span)| span)
    }

    /// Sentences that use these words, those that use most first, and among them those that give reasons.
    fn sentences(&self, words: &HashSet<u32>) -> Vec<(usize, bool, Span)> {
        let answer = self.script.answer;
        let reason_words: Vec<u32> = REASONS.iter().filter_map(|w| self.script.lexicon.word(w)).collect();
        let mut found: Vec<(usize, bool, Span)> = answer
            .telling()
            .filter_map(|s| {
                let tokens = answer.tokens.get(s.tokens.clone())?;
                let used: HashSet<u32> =
                    tokens.iter().map(|t| t.stem).filter(|t| words.contains(t)).collect();
                let reasons = tokens.len() >= 8 && tokens.iter().any(|t| reason_words.contains(&t.word));
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
        let reading = Reading::new(script, &self.names);
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
        let (score, margin) = if self.steps.is_empty() {
            (head.max_mark * core.min(0.8 + 0.05 * reasoned.min(4) as f64), 0.2)
        } else {
            self.climb(&reading, core, reasoned, &mut out)
        };
        let score = if self.steps.is_empty() { (score * 2.0).floor() / 2.0 } else { score };
        out.score = Some(tidy(score.min(head.max_mark)));
        out.step("descriptors.coverage", tidy(core), Some(json!(REACHED)), out.score.unwrap_or_default());
        out.step("descriptors.reasons", reasoned, Some(json!(3)), 0.0);
        // Words are weak evidence of understanding: never sure, less so near the edge of a level.
        out.confidence = (0.35 + margin.min(0.2)).min(0.55);
        out.reviews.push((
            "low_confidence",
            json!({"message": "Marked by the words of the descriptors only: please read this one.", "max_mark": head.max_mark}),
        ));
        self.say(head, &reading, &sentences, &mut out);
        out
    }

    fn points(&self) -> Vec<(&str, &str)> {
        let all = self.chunks.iter().chain(self.steps.iter().flat_map(|s| &s.chunks));
        all.map(|chunk| (chunk.label.as_str(), chunk.label.as_str())).collect()
    }
}

impl Descriptors {
    /// The highest level that the answer reaches, each from the one below.
    fn climb(&self, reading: &Reading<'_, '_>, core: f64, reasoned: usize, out: &mut Outcome) -> (f64, f64) {
        let top = self.steps.len() - 1;
        let mut score = 0.0;
        let mut margin = 0.2;
        for (i, step) in self.steps.iter().enumerate() {
            let own = reading.coverage(step.words.iter());
            // The description belongs to every level, and more of it to the higher ones.
            let share = 0.7 * own + 0.3 * core;
            let wanted = REACHED * (0.7 + 0.3 * (i + 1) as f64 / self.steps.len() as f64);
            let enough_reasons = i < top || top == 0 || reasoned >= 3 && core >= REACHED;
            // What the description says of every level must not carry an answer to the top one.
            let own_words = i < top || top == 0 || own >= REACHED;
            let examples =
                reading.cues >= if self.wants_examples { examples_wanted(&step.definition) } else { 0 };
            let reached = share >= wanted && own_words && enough_reasons && examples;
            out.step(
                "descriptors.level",
                json!({"share": tidy(share), "examples": reading.cues}),
                Some(json!({"share": tidy(wanted), "level": step.definition})),
                if reached { step.score - score } else { 0.0 },
            );
            margin = (share - wanted).abs();
            if !reached {
                break;
            }
            score = step.score;
        }
        (score, margin)
    }

    /// What the descriptors speak of: what the answer has of it, and what it has not up to the next level.
    fn say(
        &self,
        head: &Head,
        reading: &Reading<'_, '_>,
        sentences: &[(usize, bool, Span)],
        out: &mut Outcome,
    ) {
        let text = reading.script.answer.text;
        let score = out.score.unwrap_or_default();
        let next = self.steps.iter().position(|s| s.score > score + 1e-9);
        if self.wants_examples {
            return self.say_examples(head, reading, out);
        }
        let mut things: Vec<(&Chunk, Option<Span>)> = Vec::new();
        // What belongs to a level below the one reached is neither news nor a gap.
        let reached = next.unwrap_or(self.steps.len()).saturating_sub(1);
        let levels = self.steps.iter().skip(reached).take(if next.is_some() { 2 } else { 1 });
        // A level that was reached asks for nothing more.
        let own = levels
            .enumerate()
            .flat_map(|(i, s)| s.chunks.iter().map(move |c| (i == 0 && next != Some(0), c)));
        for (held, chunk) in self.chunks.iter().map(|c| (false, c)).chain(own) {
            // The same thing in a longer or shorter form is one thing.
            let known = things.iter().any(|(c, _)| {
                chunk.words.iter().all(|w| c.words.contains(w))
                    || c.words.iter().all(|w| chunk.words.contains(w))
            });
            if known {
                continue;
            }
            let place = reading.place(chunk);
            if !held || place.is_some() {
                things.push((chunk, place));
            }
        }
        let found = things.iter().filter(|(_, span)| span.is_some()).count().max(1);
        let absent = (things.len() - things.iter().filter(|(_, s)| s.is_some()).count()).max(1);
        for (chunk, span) in &things {
            match span {
                Some(span) => {
                    out.cite(text, *span, &chunk.label, true);
                    let marks = score / found as f64;
                    out.findings.push(Finding::point(Sign::Done, &chunk.label, vec![*span], None, marks));
                }
                None if score < head.max_mark => {
                    let marks = (head.max_mark - score) / absent as f64;
                    out.missing.push(chunk.label.clone());
                    out.findings.push(Finding::point(Sign::Missing, &chunk.label, Vec::new(), None, marks));
                }
                None => {}
            }
        }
        if out.evidence.is_empty() && score > 0.0 {
            for (_, _, span) in sentences.iter().take(2) {
                out.cite(text, *span, &head.id, true);
            }
        }
        if score < head.max_mark && out.missing.is_empty() {
            let next = next.and_then(|n| self.steps.get(n)).map(|s| s.definition.clone());
            out.missing
                .push(next.unwrap_or_else(|| format!("fuller treatment of {}", lower_first(&head.title))));
            let subject = lower_first(&head.title);
            out.findings.push(Finding::said(
                Sign::Missing,
                format!("On {subject}, the step from describing to explaining is still to come."),
                "Take one of your own sentences on this and add why it matters, and to whom.",
                sentences.first().map(|(_, _, s)| *s).into_iter().collect(),
                head.max_mark - score,
            ));
        }
    }
}

impl Descriptors {
    /// For a criterion about examples: those that the answer gives, and what would make more of them.
    fn say_examples(&self, head: &Head, reading: &Reading<'_, '_>, out: &mut Outcome) {
        let answer = reading.script.answer;
        let score = out.score.unwrap_or_default();
        let told: Vec<Span> = answer
            .telling()
            .map(|s| s.span)
            .filter(|s| is_example(&s.of(answer.text).to_lowercase()))
            .take(3)
            .collect();
        let named = answer.telling().map(|s| s.span).filter(|s| {
            let lower = s.of(answer.text).to_lowercase();
            self.names.iter().any(|name| lower.contains(name.as_str()))
        });
        let shown: Vec<Span> = if told.is_empty() { named.take(2).collect() } else { told };
        for span in &shown {
            out.cite(answer.text, *span, &head.id, true);
        }
        if let Some(first) = shown.first().filter(|_| score > 0.0) {
            let what = "You let an example carry your point";
            out.findings.push(Finding::said(Sign::Done, what, "", vec![*first], score));
        }
        if score >= head.max_mark {
            return;
        }
        let next = self.steps.iter().find(|s| s.score > score + 1e-9).map(|s| s.definition.clone());
        out.missing.push(next.unwrap_or_else(|| "more examples, each explained".to_owned()));
        let (what, advice) = if shown.is_empty() {
            (
                "Your points are made in general terms.",
                "Give each its own example, from the case or from what you have seen yourself.",
            )
        } else {
            (
                "Your examples could do more work.",
                "After each one, add a sentence that names the idea from the module that it shows.",
            )
        };
        let finding = Finding::said(Sign::Missing, what, advice, shown, head.max_mark - score);
        out.findings.push(finding.asking("Which idea from the module does each of your examples show?"));
    }
}

fn is_example(lower: &str) -> bool {
    EXAMPLE.iter().any(|cue| lower.contains(cue))
}

/// The place with the greatest share; of equals, the first.
fn best(places: impl Iterator<Item = (f64, Span)>) -> Option<(f64, Span)> {
    places.reduce(|best, next| if best.0 >= next.0 { best } else { next })
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
