//! `calibrated`: marks as the markers did whose marks a model has learnt from. What it sees is the surface: the top of
//! the scale is for a person to give, and a script unlike those it knows is for a person to mark.

use serde_json::json;

use super::{Finding, Kind, Outcome, Script, Sign, Source, to_half};
use crate::Result;
use crate::feedback::calibrate::{Insight, Model, Verdict};
use crate::feedback::rubric::{Head, Node, tidy};
use crate::text::Span;

/// The share of the marks that a model gives where there are no levels: below the first class.
const MOST: f64 = 0.84;
/// Measures and places that are shown.
const SHOWN: usize = 5;
const PLACES: usize = 2;

/// The model.
#[derive(Debug)]
pub(super) struct Calibrated {
    model: Model,
    most: f64,
}

impl Calibrated {
    pub(super) fn load(params: &Node<'_>, head: &Head) -> Result<Self> {
        params.only(&["model"])?;
        let node = params.required("model")?;
        let model = Model::from_value(node.value(), node.path())?;
        let top = head.levels.last().map_or(head.max_mark, |l| l.score);
        let below_top = head.levels.iter().rev().map(|l| l.score).find(|s| *s < top - 1e-9);
        Ok(Self { model, most: below_top.unwrap_or(head.max_mark * MOST) })
    }
}

impl Kind for Calibrated {
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome {
        let mut out = Outcome { source: Source::Calibrated, ..Outcome::default() };
        // What does not count is not there for the model either; every span is found again by its offset.
        let counted: Vec<(Span, Span, usize)> = script.answer.counted_places();
        let text = script.answer.counted_text();
        let places: Vec<Span> = counted.iter().map(|(_, at, _)| *at).collect();
        let (verdict, insight) = self.model.explain(&text, &places);
        let provenance = self.model.provenance();
        out.model_id = Some(provenance.scripts_sha256.clone());
        let mark = match verdict {
            Verdict::Mark(mark) => mark,
            Verdict::Outside(why) => {
                out.step("calibrated.outside", why, None, 0.0);
                let message = format!("The model did not mark this answer, because {why}: please mark it.");
                out.reviews
                    .push(("out_of_distribution", json!({"max_mark": head.max_mark, "message": message})));
                return out;
            }
        };
        let (lo, hi, _) = self.model.scale();
        let told = (mark - lo) / (hi - lo) * head.max_mark;
        let score = to_half(told, head.max_mark).min(self.most);
        let qwk = provenance.agreement.map(|a| a.qwk);
        out.confidence = qwk.map_or(0.45, |q| (q * 0.85).clamp(0.0, 0.8));
        out.step(
            "calibrated.model",
            tidy(mark),
            Some(json!({"scale": [lo, hi], "scripts": provenance.scripts, "qwk": qwk, "most": self.most})),
            score,
        );
        if told > self.most + head.max_mark * 0.02 {
            let message = "The model would give more; the top of the scale is for you to give.";
            out.reviews.push((
                "low_confidence",
                json!({"message": message, "proposed": tidy(told), "given": score}),
            ));
        }
        let per_mark = head.max_mark / (hi - lo);
        for (measure, effect) in insight.measures.iter().take(SHOWN) {
            out.step("calibrated.measure", *measure, None, effect * per_mark);
        }
        self.show(&insight, &counted, per_mark, head.max_mark - score, script, &mut out);
        out.score = Some(score);
        out
    }
}

impl Calibrated {
    fn show(
        &self,
        insight: &Insight,
        counted: &[(Span, Span, usize)],
        per_mark: f64,
        lost: f64,
        script: &Script<'_>,
        out: &mut Outcome,
    ) {
        let text = script.answer.text;
        let place = |at: &Span| counted.iter().find(|(_, a, _)| a == at).map(|(span, ..)| *span);
        let (mut strong, mut weak) = (Vec::new(), Vec::new());
        for (at, effect) in &insight.places {
            let Some(span) = place(at) else { continue };
            let to = if *effect > 0.0 { &mut strong } else { &mut weak };
            if to.len() < PLACES {
                to.push(span);
                out.cite(text, span, "calibrated.words", *effect > 0.0);
                out.step(
                    "calibrated.place",
                    json!({"start": span.start, "end": span.end}),
                    None,
                    effect * per_mark,
                );
            }
        }
        if !strong.is_empty() {
            let what = "You write here as the stronger answers to this question do";
            out.findings.push(Finding::said(Sign::Done, what, "", strong, self.most * 0.3));
        }
        // One piece of advice for each measure that costs something and that a student can act on.
        let costs = insight.measures.iter().filter(|(_, effect)| *effect < 0.0);
        let advised = costs.filter_map(|(measure, _)| ADVICE.iter().find(|a| a.0 == *measure)).take(2);
        for (_, what, advice, ask) in advised {
            out.findings
                .push(Finding::said(Sign::Missing, *what, *advice, weak.clone(), lost * 0.5).asking(ask));
        }
        if out.evidence.is_empty() {
            out.missing.push("sentences to go by".to_owned());
        }
    }
}

/// A measure, and what to say where it costs marks: what is so, what to do, a question.
const ADVICE: &[(&str, &str, &str, &str)] = &[
    (
        "variety of sentence length",
        "Your sentences are much of one length.",
        "Let a short one follow two long ones where you want the reader to stop.",
        "Which sentence should the reader remember, and is it the shortest?",
    ),
    (
        "different words in every fifty",
        "The same few words carry most of this answer.",
        "Underline those that come back in each paragraph, and see which could be more exact.",
        "Which of your words could be more exact?",
    ),
    (
        "causal connectives",
        "Points stand side by side here more than they follow from each other.",
        "Join two of them with “because” or “therefore”, and see whether the step holds.",
        "Which of your points is a reason for another?",
    ),
    (
        "contrasting connectives",
        "There is little here that pulls the other way.",
        "Set one “however” against your main point, and answer it.",
        "What speaks against your main point?",
    ),
    (
        "words that give examples",
        "Your points would be easier to believe with a case to each.",
        "Choose the most general, and follow it with one example that you know well.",
        "What have you seen yourself that bears this out?",
    ),
    (
        "misspelt words",
        "Slips of spelling distract from what you say.",
        "Read the draft once from its last line to its first, with the spelling check on.",
        "Which words do you always have to look up?",
    ),
    (
        "words per sentence",
        "The length of your sentences gets in the way.",
        "Aim for one idea in each, and read them aloud to hear where one ends.",
        "Where would you take a breath, if you read this aloud?",
    ),
    (
        "words, up to the cap",
        "There is less here than most answers to this question have.",
        "Spend what you have left of the word limit on a reason for each of your points.",
        "Which of your points deserves another sentence?",
    ),
    (
        "different words, up to the cap",
        "Few of the terms that this question is about appear here.",
        "List the key terms of the block, and see which of them belong in your answer.",
        "Which terms of the block did you expect to use?",
    ),
    (
        "paragraphs, up to eight",
        "Your answer is hard to find one’s way in.",
        "Give each main idea a paragraph, and let its first sentence say what the idea is.",
        "How many main ideas are there, and where does each begin?",
    ),
];
