//! `model_answer`: how much of a model answer the student's says, sentence by sentence. Likeness of words is not
//! understanding: it carries an answer to the level below the top and no further.

use serde_json::{Value, json};

use super::{Finding, Kind, Outcome, Script, Sign, to_half};
use crate::Result;
use crate::feedback::rubric::{Head, Node};
use crate::feedback::similarity::{Likeness, Saying, Weighed, Weights, compare};
use crate::text::Span;

/// A sentence of the model is found where the answer's nearest is at least this like it.
const FOUND: f64 = 0.5;
/// Likeness below which nothing is earned, and at which all is that likeness can earn; where no thresholds are given.
const RAMP: (f64, f64) = (0.15, 0.7);
/// The share of the marks that likeness can earn where there are no levels: below the first class.
const MOST: f64 = 0.84;

/// Model answers and what likeness earns.
#[derive(Debug)]
pub(super) struct ModelAnswer {
    references: Vec<Reference>,
    /// Least likeness and the score for it, ascending.
    thresholds: Vec<(f64, f64)>,
    most: f64,
}

#[derive(Debug)]
struct Reference {
    text: String,
    sayings: Vec<Saying>,
}

impl ModelAnswer {
    pub(super) fn load(params: &Node<'_>, head: &Head) -> Result<Self> {
        params.only(&["references", "thresholds"])?;
        let list = params.required("references")?;
        let mut references = Vec::new();
        for node in list.texts()? {
            let text = node.text()?.to_owned();
            let sayings = Saying::all(&text);
            if sayings.is_empty() {
                return Err(node.fault("A model answer needs at least one sentence that says something."));
            }
            references.push(Reference { text, sayings });
        }
        if references.is_empty() {
            return Err(list.fault("A criterion of kind “model_answer” has at least one reference."));
        }
        let top = head.levels.last().map_or(head.max_mark, |l| l.score);
        let below_top = head.levels.iter().rev().map(|l| l.score).find(|s| *s < top - 1e-9);
        let most = below_top.unwrap_or(head.max_mark * MOST);
        let mut thresholds = Vec::new();
        for node in params.or("thresholds", Vec::new(), Node::list)? {
            node.only(&["min_sim", "level"])?;
            let least = node.required("min_sim")?.number_within(0.0, 1.0)?;
            let level = node.required("level")?;
            let score = level_score(&level, head)?;
            if score > most + 1e-9 {
                return Err(level.fault(
                    "Likeness to a model answer alone does not award the top level: choose one below it.",
                ));
            }
            thresholds.push((least, score));
        }
        thresholds.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let Some(pair) = thresholds.windows(2).find(|w| w[0].1 > w[1].1) {
            let node = params.required("thresholds")?;
            return Err(
                node.fault(format!("A likeness of {} earns less than one of {}.", pair[1].0, pair[0].0))
            );
        }
        Ok(Self { references, thresholds, most })
    }

    fn score(&self, likeness: f64, head: &Head) -> f64 {
        if !self.thresholds.is_empty() {
            return self
                .thresholds
                .iter()
                .rev()
                .find(|(least, _)| likeness >= *least)
                .map_or(0.0, |(_, s)| *s);
        }
        let share = ((likeness - RAMP.0) / (RAMP.1 - RAMP.0)).clamp(0.0, 1.0);
        to_half(share * self.most, head.max_mark).min(self.most)
    }
}

/// The score of a level, given by its number from 0 or by its definition.
fn level_score(node: &Node<'_>, head: &Head) -> Result<f64> {
    let found = match node.value() {
        Value::String(name) => head.levels.iter().find(|l| l.definition == name.trim()),
        Value::Number(n) => n.as_u64().and_then(|i| head.levels.get(i as usize)),
        _ => None,
    };
    found.map(|l| l.score).ok_or_else(|| {
        node.fault(
            "There is no such level: give its number, counted from 0 at the lowest score, or its definition.",
        )
    })
}

/// A sentence of the model with the nearest of the answer.
struct Pair<'a> {
    wanted: &'a Saying,
    said: Option<(Span, Likeness)>,
}

impl Pair<'_> {
    fn value(&self) -> f64 {
        self.said.map_or(0.0, |(_, l)| if l.opposed { 0.0 } else { l.value() })
    }

    fn opposed(&self) -> Option<Span> {
        self.said.filter(|(_, l)| l.opposed && l.value() >= FOUND).map(|(s, _)| s)
    }
}

fn pairs<'a>(reference: &'a Reference, said: &[Weighed<'_>], weights: &Weights) -> Vec<Pair<'a>> {
    let nearest = |wanted: &Saying| {
        let wanted = weights.weigh(wanted);
        let all = said.iter().map(|s| (s.saying.span, compare(&wanted, s)));
        // Of two sentences equally like it, the one that does not deny it.
        all.max_by(|a, b| {
            a.1.value()
                .total_cmp(&b.1.value())
                .then(b.1.opposed.cmp(&a.1.opposed))
                .then(b.0.start.cmp(&a.0.start))
        })
    };
    reference.sayings.iter().map(|wanted| Pair { wanted, said: nearest(wanted) }).collect()
}

impl Kind for ModelAnswer {
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome {
        let mut out = Outcome { confidence: 0.6, ..Outcome::default() };
        let text = script.answer.text;
        let stems = script.lexicon.stem_texts();
        let said: Vec<Saying> =
            script.answer.counted().map(|(_, s)| Saying::of(script.answer, s, &stems)).collect();
        let weights = Weights::new(script.prompt);
        let weighed: Vec<Weighed<'_>> = said.iter().map(|s| weights.weigh(s)).collect();
        let mean =
            |pairs: &[Pair<'_>]| pairs.iter().map(Pair::value).sum::<f64>() / pairs.len().max(1) as f64;
        let all: Vec<(usize, Vec<Pair<'_>>)> =
            self.references.iter().map(|r| pairs(r, &weighed, &weights)).enumerate().collect();
        let Some((which, best)) =
            all.into_iter().max_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1)).then(b.0.cmp(&a.0)))
        else {
            return out;
        };
        let likeness = mean(&best);
        let score = self.score(likeness, head);
        let each = head.max_mark / best.len() as f64;
        let reference = self.references.get(which).map_or("", |r| r.text.as_str());
        for (i, pair) in best.iter().enumerate() {
            let point = format!("reference {}, sentence {}", which + 1, i + 1);
            if let Some(span) = pair.opposed() {
                out.cite(text, span, &point, false);
                out.missing.push(pair.wanted.span.of(reference).to_owned());
                out.findings.push(
                    Finding::said(
                        Sign::Wrong,
                        "One sentence seems to say the opposite of what the module teaches.",
                        "Read it beside the module materials, and check each “not” in it.",
                        vec![span],
                        each,
                    )
                    .asking("Would the sentence still be true if you took the denial out of it?"),
                );
                out.confidence = 0.4;
            } else if let Some((span, _)) = pair.said.filter(|_| pair.value() >= FOUND) {
                out.cite(text, span, &point, true);
                out.findings.push(Finding::said(Sign::Done, DONE[i % DONE.len()], "", vec![span], each));
            } else {
                out.missing.push(pair.wanted.span.of(reference).to_owned());
                out.findings.push(lacking(pair, &said, each, i));
            }
            out.step("model_answer.sentence", point, Some(json!(FOUND)), 0.0);
        }
        let thresholds: Vec<f64> = self.thresholds.iter().map(|t| t.0).collect();
        let shown = (likeness * 1000.0).round() / 1000.0;
        out.step(
            "model_answer.likeness",
            shown,
            Some(json!({"thresholds": thresholds, "most": self.most})),
            score,
        );
        out.score = Some(score);
        out
    }
}

const DONE: [&str; 3] = [
    "You make one of the points that a full answer makes",
    "Here you say what the module says, in words of your own",
    "This is what a reader of your answer most needs to know",
];

/// What to say of a sentence of the model that the answer lacks: its subject, and not the sentence itself.
fn lacking(pair: &Pair<'_>, said: &[Saying], marks: f64, index: usize) -> Finding {
    let has = |word: &&str| !said.iter().any(|s| s.words().any(|w| w == *word));
    let mut words: Vec<&str> = pair.wanted.words().filter(has).filter(|w| w.chars().count() > 3).collect();
    words.truncate(3);
    let about = match words.as_slice() {
        [] => "this part of the question".to_owned(),
        [one] => format!("“{one}”"),
        [one, two] => format!("“{one}” and “{two}”"),
        [one, two, rest, ..] => format!("“{one}”, “{two}” and “{rest}”"),
    };
    let evidence = pair.said.filter(|(_, l)| l.value() > 0.25).map(|(s, _)| s).into_iter().collect();
    let (what, advice) = if index.is_multiple_of(2) {
        (
            "A full answer has one more step than yours.",
            format!(
                "Look up {about} in the module materials, and add a sentence of your own on how they hang together."
            ),
        )
    } else {
        (
            "There is a point still to come here.",
            format!("Say what {about} has to do with the question, in a sentence or two."),
        )
    };
    Finding::said(Sign::Missing, what, advice, evidence, marks)
        .asking("If somebody asked you “why?” after your last sentence, what would you say?")
}
