//! `presentation`: slips of spelling, grammar and punctuation in every thousand words, and how hard the sentences are to
//! read. What it can cost is capped, and for a student with an adjustment it costs nothing.

use serde_json::{Value, json};

use super::references::quotations;
use super::{Finding, Kind, Outcome, Script, Sign, to_half};
use crate::Result;
use crate::feedback::proofread::{Slip, SlipKind, slips};
use crate::feedback::rubric::{Head, Node, tidy};
use crate::text::{self, Span};

/// Slips in a thousand words that cost nothing, and at which all is lost that may be.
const FREE: f64 = 4.0;
const RUINOUS: f64 = 40.0;
/// The share of the marks that may be lost, where the rubric does not say.
const CAP: f64 = 0.5;
/// Fewer words than this say little about how somebody writes.
const ENOUGH_WORDS: usize = 80;
/// Fewer than this say nothing.
const LEAST_WORDS: usize = 25;
/// Slips that are shown.
const SHOWN: usize = 12;
/// A sentence of more words than this is hard to read.
const LONG: usize = 45;

/// What costs how much.
#[derive(Debug)]
pub(super) struct Presentation {
    free: f64,
    ruinous: f64,
    cap: f64,
    kinds: Vec<SlipKind>,
    readability: bool,
}

impl Presentation {
    pub(super) fn load(params: &Node<'_>, head: &Head) -> Result<Self> {
        params.only(&["free_per_1000", "full_loss_per_1000", "cap", "checks"])?;
        let free = params.or("free_per_1000", FREE, |n| n.number_within(0.0, 1000.0))?;
        let ruinous =
            params.or("full_loss_per_1000", RUINOUS.max(free + 1.0), |n| n.number_within(0.0, 1000.0))?;
        if ruinous <= free {
            return Err(params
                .required("full_loss_per_1000")?
                .fault("“full_loss_per_1000” must be more than “free_per_1000”."));
        }
        let names = [
            ("spelling", Some(SlipKind::Spelling)),
            ("grammar", Some(SlipKind::Grammar)),
            ("punctuation", Some(SlipKind::Punctuation)),
            ("readability", None),
        ];
        let all = names.iter().map(|(_, k)| *k).collect();
        let checks: Vec<Option<SlipKind>> =
            params.or("checks", all, |n| n.list()?.iter().map(|c| c.choice(&names)).collect())?;
        Ok(Self {
            free,
            ruinous,
            cap: params.or("cap", head.max_mark * CAP, |n| n.number_within(0.0, head.max_mark))?,
            kinds: checks.iter().flatten().copied().collect(),
            readability: checks.contains(&None),
        })
    }
}

/// Whether the host says that presentation must not count for this student (`"adjustments": ["presentation"]`).
fn is_switched_off(script: &Script<'_>) -> bool {
    script.tma.carried.get("adjustments").and_then(Value::as_array).is_some_and(|list| {
        list.iter().filter_map(Value::as_str).any(|a| a.eq_ignore_ascii_case("presentation"))
    })
}

impl Kind for Presentation {
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome {
        let mut out = Outcome { confidence: 0.75, ..Outcome::default() };
        let text = script.answer.text;
        let first = script.answer.sentences.first().map(|s| s.span);
        if is_switched_off(script) {
            out.score = Some(head.max_mark);
            out.confidence = 1.0;
            out.step("presentation.switched_off", true, None, head.max_mark);
            match first {
                Some(span) => out.cite(text, span, "presentation", true),
                None => out.missing.push("prose to look at".to_owned()),
            }
            return out;
        }
        let counted: Vec<Span> = script.answer.counted().map(|(_, s)| s.span).collect();
        let words: usize = counted.iter().map(|s| text::count_words(s.of(text))).sum();
        if words < LEAST_WORDS {
            out.score = Some(0.0);
            out.confidence = 0.4;
            out.step("presentation.words", words, Some(json!(LEAST_WORDS)), 0.0);
            out.missing.push(format!("{LEAST_WORDS} words of prose to look at (there are {words})"));
            return out;
        }
        let found: Vec<Slip> = counted.iter().flat_map(|s| self.slips(text, *s, script)).collect();
        let long: Vec<Span> = counted
            .iter()
            .copied()
            .filter(|s| self.readability && text::count_words(s.of(text)) > LONG)
            .collect();
        // One sentence in ten may be long.
        let hard = (long.len() as f64 - counted.len() as f64 / 10.0).max(0.0);
        // A short answer is judged as if the rest of it were as clean as can be asked.
        let per = words.max(ENOUGH_WORDS) as f64 / 1000.0;
        let rate = (found.len() as f64 + hard) / per;
        let lost = self.cap * ((rate - self.free) / (self.ruinous - self.free)).clamp(0.0, 1.0);
        // Eighty words are the least on which full marks can rest.
        let base = head.max_mark * (words as f64 / ENOUGH_WORDS as f64).min(1.0);
        let score = to_half((base - lost).max(0.0), head.max_mark);
        out.step("presentation.words", words, Some(json!(ENOUGH_WORDS)), base);
        out.step(
            "presentation.slips_per_1000",
            (rate * 10.0).round() / 10.0,
            Some(json!({"free": self.free, "full_loss": self.ruinous, "cap": self.cap})),
            tidy(score - base),
        );
        if words < ENOUGH_WORDS {
            out.confidence = 0.45;
            out.missing.push(format!("{ENOUGH_WORDS} words to judge by (there are {words})"));
        }
        for slip in found.iter().take(SHOWN) {
            let point = slip
                .better
                .as_deref()
                .map_or(kind_name(slip.kind).to_owned(), |b| format!("{}: {b}", kind_name(slip.kind)));
            out.cite(text, slip.span, &point, false);
        }
        if found.len() > SHOWN {
            out.step("presentation.not_shown", found.len() - SHOWN, None, 0.0);
        }
        say(text, &found, &long, base - score, &mut out);
        if let Some(span) = first.filter(|_| found.is_empty() && long.is_empty()) {
            out.cite(text, span, "presentation", true);
            out.findings.push(Finding::said(
                Sign::Done,
                "Your sentences are clean and easy to read.",
                "",
                vec![span],
                head.max_mark,
            ));
        } else if let Some(span) = long.first().filter(|_| found.is_empty()) {
            out.cite(text, *span, "long sentence", false);
        }
        out.score = Some(score);
        out
    }
}

fn kind_name(kind: SlipKind) -> &'static str {
    match kind {
        SlipKind::Spelling => "spelling",
        SlipKind::Grammar => "grammar",
        SlipKind::Punctuation => "punctuation",
    }
}

impl Presentation {
    /// The slips of a sentence, but those in quotations and in citations, which are others' words.
    fn slips(&self, text: &str, sentence: Span, script: &Script<'_>) -> Vec<Slip> {
        let quotes: Vec<Span> = quotations(sentence.of(text))
            .into_iter()
            .map(|q| Span::new(sentence.start + q.start, sentence.start + q.end))
            .collect();
        let cited = |s: Span| {
            let at = script.tma.citations.partition_point(|c| c.end <= s.start);
            script.tma.citations.get(at).is_some_and(|c| c.start <= s.start && s.end <= c.end)
        };
        let all = slips(text, sentence, |s| quotes.iter().any(|q| q.contains(s)) || cited(s));
        all.into_iter().filter(|s| self.kinds.contains(&s.kind)).collect()
    }
}

/// What to tell the student: the slips by kind, with two of each, and the longest sentence.
fn say(text: &str, found: &[Slip], long: &[Span], marks: f64, out: &mut Outcome) {
    for kind in [SlipKind::Spelling, SlipKind::Grammar, SlipKind::Punctuation] {
        let own: Vec<&Slip> = found.iter().filter(|s| s.kind == kind).collect();
        if own.is_empty() {
            continue;
        }
        let mut shown: Vec<String> = Vec::new();
        for slip in &own {
            let pair = match &slip.better {
                Some(better) => format!("“{}” for “{better}”", slip.span.of(text)),
                None => format!("“{}”", slip.span.of(text)),
            };
            if !shown.contains(&pair) && shown.len() < 3 {
                shown.push(pair);
            }
        }
        let list = match shown.as_slice() {
            [one] => one.clone(),
            [one, two] => format!("{one} and {two}"),
            all => all.join(", "),
        };
        let (what, advice) = match kind {
            SlipKind::Spelling => (
                format!("I noticed {}: {list}.", plural(own.len(), "slip of spelling", "slips of spelling")),
                "Turn on the spelling check for British English, and read the draft once from the last line to the first.",
            ),
            SlipKind::Grammar => (
                format!("Here and there the grammar slips: {list}."),
                "Reading the draft aloud is the quickest way to hear these.",
            ),
            SlipKind::Punctuation => (
                format!("Watch your capitals: {list}."),
                "A last look at how each sentence begins will catch them.",
            ),
        };
        let spans = own.iter().take(3).map(|s| s.span).collect();
        out.findings.push(
            Finding::said(
                Sign::Wrong,
                what,
                advice,
                spans,
                marks * own.len() as f64 / found.len().max(1) as f64,
            )
            .asking("Which of these would you have caught if you had read the draft aloud?"),
        );
    }
    if let Some(longest) = long.iter().max_by_key(|s| s.len()) {
        let words = text::count_words(longest.of(text));
        out.findings.push(
            Finding::said(
                Sign::Wrong,
                format!("One sentence has {words} words, and a reader has to go back to its start."),
                "Put a full stop at its first “and” or “which”, and see whether both halves stand.",
                vec![*longest],
                marks * 0.5,
            )
            .asking("What is the one thing which that sentence is meant to say?"),
        );
    }
}

fn plural(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("a {one}") } else { format!("{n} {many}") }
}
