//! `length`: whether the answer keeps to the number of words asked for. More words never earn more.

use serde_json::json;

use super::{Finding, Kind, Outcome, Script, Sign};
use crate::Result;
use crate::feedback::rubric::{Head, Node};

/// The limit and what is allowed around it.
#[derive(Debug)]
pub(super) struct Length {
    limit: f64,
    tolerance_pct: f64,
    min_pct: f64,
}

impl Length {
    pub(super) fn load(params: &Node<'_>) -> Result<Self> {
        let limit = match params.get("limit_words")? {
            Some(node) => node,
            None => params.get("limit")?.map_or_else(|| params.required("limit_words"), Ok)?,
        };
        // An allowance is the module's to give: none is assumed.
        let tolerance = match params.get("tolerance_pct")? {
            Some(node) => node.number_within(0.0, 100.0)?,
            None => params.or("tolerance", 0.0, |n| n.number_within(0.0, 100.0))?,
        };
        Ok(Self {
            limit: limit.count(1)? as f64,
            tolerance_pct: tolerance,
            min_pct: params.or("min_pct", 0.0, |n| n.number_within(0.0, 100.0))?,
        })
    }
}

impl Kind for Length {
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome {
        let mut out = Outcome { confidence: 0.95, ..Outcome::default() };
        let words = script.answer.words;
        let counted = script.answer.counted_words();
        let most = (self.limit * (1.0 + self.tolerance_pct / 100.0)).floor();
        let least = (self.limit * self.min_pct / 100.0).ceil();
        let limit = self.limit;
        // Half as much again over the limit, or half of the least, leaves nothing. Only sentences that count make an
        // answer long enough, and all words make it too long: padding cannot help.
        let over = (1.0 - (words as f64 - most).max(0.0) / (self.limit * 0.5)).max(0.0);
        let under = if least > 0.0 { (2.0 * counted as f64 / least - 1.0).clamp(0.0, 1.0) } else { 1.0 };
        let share = over.min(under);
        let score = match share {
            _ if words == 0 => 0.0,
            s if s >= 1.0 => head.max_mark,
            s => (head.max_mark * s * 2.0).floor() / 2.0,
        };
        out.score = Some(score);
        out.step(
            "length.words",
            words,
            Some(json!({"limit": limit, "most": most, "least": least, "counted": counted})),
            score,
        );
        let first = script.answer.sentences.first().map(|s| s.span);
        let final_one = script.answer.sentences.last().map(|s| s.span);
        for span in first.into_iter().chain(final_one.filter(|l| Some(*l) != first)) {
            out.cite(script.answer.text, span, "length", share >= 1.0);
        }
        let evidence: Vec<_> = first.into_iter().chain(final_one).collect();
        if words as f64 > most {
            out.missing.push(format!("an answer of no more than {limit} words (this one has {words})"));
            out.findings.push(Finding::said(
                Sign::Wrong,
                format!("This answer runs to {words} words against a limit of {limit}."),
                "Read it through once for sentences that say again what has been said: cutting those first costs you nothing.",
                evidence,
                head.max_mark - score,
            ).asking("Which sentence would you miss least?"));
        } else if (counted as f64) < least {
            out.missing.push(format!("about {limit} words (this answer has {counted} that count)"));
            out.findings.push(Finding::said(
                Sign::Missing,
                format!("You had about {limit} words for this and used {counted}."),
                format!(
                    "There is room for {} words more: spend them on a reason or an example for each point.",
                    (limit - counted as f64).max(0.0)
                ),
                evidence,
                head.max_mark - score,
            ).asking("Which of your points most deserves the room that is left?"));
        } else if words > 0 {
            out.findings.push(Finding::said(
                Sign::Done,
                format!("You kept to the length asked for, at {words} words."),
                "",
                evidence,
                head.max_mark,
            ));
        }
        out
    }
}
