//! `argument`: a position, reasons for it, another view considered, and claims that are held with as much certainty as
//! they bear. Such signs are of the surface: they earn no more than 60 % of the marks, and the claims that the rubric
//! names, found with a reason beside them, the rest.

use std::collections::HashSet;

use serde_json::json;

use super::concepts::Point;
use super::{Finding, Kind, Outcome, Script, Sign, to_half};
use crate::Result;
use crate::feedback::answer::Sentence;
use crate::feedback::lexis;
use crate::feedback::rubric::{Head, Node};
use crate::feedback::terms::{Hit, Matching};
use crate::text::{self, Span};

/// The most of the marks that signs of the surface may earn.
const MOST_BY_SIGNS: f64 = 0.6;

/// With which a writer takes a position.
const POSITION: &[&str] = &[
    "i argue",
    "i will argue",
    "i would argue",
    "i shall argue",
    "this essay argues",
    "this essay will argue",
    "my view is",
    "in my view",
    "i believe",
    "i conclude",
    "i think",
    "i have argued",
    "should",
    "ought to",
    "on balance",
    "overall",
    "outweigh",
    "it follows that",
    "the answer is",
    "i would choose",
    "this shows that",
    "in conclusion",
];
/// With which a sentence gives a reason.
const REASON: &[&str] = &[
    "because",
    "since",
    "therefore",
    "thus",
    "hence",
    "as a result",
    "for this reason",
    "this means",
    "which means",
    "it follows",
    "so that",
    "consequently",
    "the reason",
    "owing to",
    "due to",
    "leads to",
    "this is why",
];
/// With which another view is brought in.
const COUNTER: &[&str] = &[
    "however",
    "although",
    "on the other hand",
    "critics",
    "some argue",
    "some would argue",
    "others argue",
    "it could be argued",
    "it might be argued",
    "one objection",
    "opponents",
    "whereas",
    "despite",
    "nevertheless",
    "even so",
    "by contrast",
    "in contrast",
    "against this",
    "admittedly",
    "supporters",
    "it might be said",
    "yet it",
    "but it does not",
    "a weakness",
];
/// With which a claim is held loosely.
const HEDGE: &[&str] = &[
    "may",
    "might",
    "could",
    "perhaps",
    "seems",
    "seem",
    "suggests",
    "suggest",
    "tends to",
    "tend to",
    "likely",
    "probably",
    "appears",
    "in most cases",
    "often",
    "usually",
    "to some extent",
    "partly",
    "in part",
    "not always",
];

/// What is looked for.
#[derive(Debug)]
pub(super) struct Argument {
    claims: Vec<Point>,
    counter_claims: Vec<Point>,
    matching: Matching,
    signs_share: f64,
    least_reasons: usize,
}

impl Argument {
    pub(super) fn load(params: &Node<'_>, head: &Head) -> Result<Self> {
        params.only(&["claims", "counter_claims", "match", "surface_share", "min_reasons"])?;
        let matching = Matching::load(params.get("match")?.as_ref())?;
        let points = |key: &str| -> Result<Vec<Point>> {
            let list = params.or(key, Vec::new(), Node::list)?;
            let load = |(i, n): (usize, &Node<'_>)| Point::load(n, i, 0.0, head.max_mark, &matching);
            list.iter().enumerate().map(load).collect()
        };
        let (claims, counter_claims) = (points("claims")?, points("counter_claims")?);
        let signs_share = params.or("surface_share", MOST_BY_SIGNS, |n| {
            n.number_within(0.0, 1.0)?;
            n.number_within(0.0, MOST_BY_SIGNS).map_err(|_| {
                n.fault("Signs of the surface (connectives, hedges) earn at most 0.6 of the marks of an argument.")
            })
        })?;
        Ok(Self {
            claims,
            counter_claims,
            signs_share,
            least_reasons: params.or("min_reasons", 3, |n| n.count(1))? as usize,
            matching,
        })
    }
}

/// Sentences that count and hold one of `cues`, whole words only.
fn with_cue<'a>(script: &Script<'a>, cues: &[&str]) -> Vec<&'a Sentence> {
    // A cue of which the script lacks a word stands nowhere.
    let numbers = |cue: &&str| cue.split(' ').map(|word| script.lexicon.word(word)).collect();
    let cues: Vec<Vec<u32>> = cues.iter().filter_map(numbers).collect();
    let has = |s: &&Sentence| {
        let tokens = script.answer.tokens.get(s.tokens.clone()).unwrap_or_default();
        let words: Vec<u32> = tokens.iter().map(|t| t.word).collect();
        cues.iter().any(|cue| words.windows(cue.len()).any(|w| w == cue))
    };
    // A sentence of six words has no room for a claim and its reason.
    script.answer.counted().map(|(_, s)| s).filter(|s| s.tokens.len() >= 7).filter(has).collect()
}

/// The share of the question's own words that the answer takes up, up to a third of them: an argument about something
/// else is none about this.
fn on_topic(script: &Script<'_>) -> f64 {
    let words: HashSet<String> = text::tokens(script.prompt)
        .map(|t| t.of(script.prompt).to_lowercase())
        .filter(|w| w.len() > 3 && !lexis::is_function(w) && !lexis::is_rubric_talk(w))
        .map(|w| text::stem(&w))
        .collect();
    if words.is_empty() {
        return 1.0;
    }
    let stems: HashSet<u32> = script
        .answer
        .counted()
        .flat_map(|(_, s)| script.answer.tokens.get(s.tokens.clone()).unwrap_or_default())
        .map(|t| t.stem)
        .collect();
    let used = words.iter().filter_map(|w| script.lexicon.stem(w)).filter(|s| stems.contains(s)).count();
    (3.0 * used as f64 / words.len() as f64).min(1.0)
}

/// One sign of the surface: how it is looked for and what is said of it.
struct Mark {
    rule: &'static str,
    cues: &'static [&'static str],
    wanted: usize,
    done: &'static str,
    lacks: &'static str,
    what: &'static str,
    advice: &'static str,
    ask: &'static str,
}

const MARKS: [Mark; 4] = [
    Mark {
        rule: "argument.position",
        cues: POSITION,
        wanted: 1,
        done: "You say where you stand",
        lacks: "a sentence that says where you stand",
        what: "I could not find the sentence that says where you stand.",
        advice: "Write your answer to the question in one line, and put it at the head of your first or last paragraph.",
        ask: "If you had one sentence for your answer, what would it be?",
    },
    Mark {
        rule: "argument.reasons",
        cues: REASON,
        wanted: 0,
        done: "You give reasons, and the reader can follow them",
        lacks: "reasons for what is claimed",
        what: "Several of your claims stand without a reason.",
        advice: "After each, add “because” and finish the sentence: what you write then is your argument.",
        ask: "Why should a reader who disagrees believe your main claim?",
    },
    Mark {
        rule: "argument.other_view",
        cues: COUNTER,
        wanted: 2,
        done: "You let another view be heard before you decide",
        lacks: "another view, and what speaks against it",
        what: "So far only one side is heard.",
        advice: "Give the strongest thing that could be said on the other side a paragraph, and then say why it does not win.",
        ask: "What would the most sensible person who disagrees with you say?",
    },
    Mark {
        rule: "argument.certainty",
        cues: HEDGE,
        wanted: 2,
        done: "You claim no more than your evidence bears",
        lacks: "words that say how certain a claim is",
        what: "Every claim here is put as certain.",
        advice: "Go through them once and mark those that hold only sometimes, with “often”, “may” or “in this case”.",
        ask: "Which of your claims would you not bet on?",
    },
];

impl Kind for Argument {
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome {
        let mut out = Outcome { confidence: 0.55, ..Outcome::default() };
        let topic = on_topic(script);
        let by_signs = head.max_mark * self.signs_share;
        let each = by_signs / MARKS.len() as f64;
        let mut score = 0.0;
        for sign in &MARKS {
            score += self.sign(sign, each, topic, script, &mut out);
        }
        out.step("argument.on_topic", (topic * 100.0).round() / 100.0, Some(json!(1.0)), 0.0);
        let rest = head.max_mark - by_signs;
        if self.claims.is_empty() && self.counter_claims.is_empty() {
            // Nothing says what the argument should be of: the rest is for a person.
            out.confidence = 0.4;
            let message = "Only the outward signs of an argument were marked, for at most 60 % of its marks: whether it holds is for you to say.";
            out.reviews.push(("low_confidence", json!({"message": message, "max_by_signs": by_signs})));
        } else {
            score += self.substance(rest, script, &mut out);
        }
        let rounded = to_half(score.min(head.max_mark), head.max_mark);
        out.step("argument.rounded", rounded, Some(json!(score)), rounded - score);
        out.score = Some(rounded);
        out
    }

    fn points(&self) -> Vec<(&str, &str)> {
        self.claims.iter().chain(&self.counter_claims).map(Point::names).collect()
    }
}

impl Argument {
    fn sign(&self, sign: &Mark, each: f64, topic: f64, script: &Script<'_>, out: &mut Outcome) -> f64 {
        let found = with_cue(script, sign.cues);
        let wanted = if sign.wanted == 0 { self.least_reasons } else { sign.wanted };
        let share = (found.len() as f64 / wanted as f64).min(1.0) * topic;
        out.step(sign.rule, found.len(), Some(json!(wanted)), each * share);
        let spans: Vec<Span> = found.iter().map(|s| s.span).take(3).collect();
        for span in &spans {
            out.cite(script.answer.text, *span, sign.rule, true);
        }
        if found.len() < wanted {
            out.missing.push(sign.lacks.to_owned());
            out.findings.push(
                Finding::said(Sign::Missing, sign.what, sign.advice, spans, each * (1.0 - share))
                    .asking(sign.ask),
            );
        } else {
            out.findings.push(Finding::said(Sign::Done, sign.done, "", spans, each));
        }
        each * share
    }

    /// The claims that the rubric names: half for making one, the other half for a reason or a source beside it.
    fn substance(&self, marks: f64, script: &Script<'_>, out: &mut Outcome) -> f64 {
        let points: Vec<&Point> = self.claims.iter().chain(&self.counter_claims).collect();
        let each = marks / points.len() as f64;
        let text = script.answer.text;
        let mut earned = 0.0;
        for point in points {
            let (id, label) = point.names();
            let Some(hit) = point.found(script, &self.matching, true).and_then(|hits| hits.first().copied())
            else {
                out.missing.push(label.to_owned());
                out.step("argument.claim", id, None, 0.0);
                out.findings.push(Finding::point(Sign::Missing, label, Vec::new(), None, each));
                continue;
            };
            let supported = is_supported(&hit, script);
            let got = if supported { each } else { each / 2.0 };
            earned += got;
            out.step(if supported { "argument.claim_with_reason" } else { "argument.claim" }, id, None, got);
            let spans: Vec<Span> = hit
                .sentence
                .and_then(|s| script.answer.sentences.get(s))
                .map(|s| s.span)
                .into_iter()
                .collect();
            for span in &spans {
                out.cite(text, *span, id, true);
            }
            out.findings.push(Finding::point(Sign::Done, label, spans.clone(), Some(hit.span), got));
            if !supported {
                out.missing.push(format!("a reason or a source for this: {label}"));
                out.findings.push(
                    Finding::said(
                        Sign::Missing,
                        "One of your claims has neither a reason nor a source beside it.",
                        "Say in the next sentence what makes you think so, or who has shown it.",
                        spans,
                        each - got,
                    )
                    .asking("What would you answer to someone who said “prove it”?"),
                );
            }
        }
        earned
    }
}

/// Whether the sentence of a claim or the next gives a reason or a source.
fn is_supported(hit: &Hit, script: &Script<'_>) -> bool {
    let Some(at) = hit.sentence else { return false };
    let reasons = with_cue(script, REASON);
    script.answer.sentences.iter().skip(at).take(2).any(|s| {
        let cites = script.tma.citations.iter().any(|c| s.span.contains(Span::new(c.start, c.end)));
        cites || reasons.iter().any(|r| r.span == s.span)
    })
}
