//! Scores of predicted spans against gold: by token, by span, by document.
//!
//! A token is a run of word characters, or one other character that is no blank; it is predicted or gold if any
//! character of it is covered. The two kinds of name count as one. F5 weighs recall five times as much as precision.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::corpus::{Document, Labelled};

#[allow(clippy::expect_used)] // A constant.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[\w&&[^\p{M}]]+|[^\s]").expect("a pattern"));

/// A share: how many of how many.
#[derive(Debug, Clone, Copy, Default)]
pub struct Share {
    /// How many.
    pub part: usize,
    /// Of how many.
    pub whole: usize,
}

impl Share {
    fn count(&mut self, hit: bool) {
        self.whole += 1;
        self.part += usize::from(hit);
    }

    /// The share from 0 to 1; none of nothing.
    pub fn of(self) -> Option<f64> {
        (self.whole > 0).then(|| self.part as f64 / self.whole as f64)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.of() {
            Some(share) => f.pad(&format!("{share:.3} ({}/{})", self.part, self.whole)),
            None => f.pad("–"),
        }
    }
}

/// What a set of documents scored.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Tokens predicted with the right label, of those predicted; of documents whose gold is whole.
    pub precision: Share,
    /// Tokens with the right label, of those in the gold.
    pub recall: Share,
    /// Tokens masked with any label, of those in the gold, by label.
    pub masked: BTreeMap<String, Share>,
    /// Documents in which a gold token was left, of those whose gold is whole.
    pub leaking: Share,
    /// Names in citations left alone: in the text, in the reference list.
    pub kept: [Share; 2],
    /// Hard negatives that were masked.
    pub alarms: Share,
    /// Predicted spans that touch no gold, in documents whose gold is whole.
    pub false_spans: usize,
    right: usize,
    wrong: usize,
    missed: usize,
}

fn kind(label: &str) -> &str {
    if label.starts_with("NAME") { "NAME" } else { label }
}

impl Score {
    /// F5 over tokens.
    pub fn f5(&self) -> f64 {
        let (right, wrong, missed) = (self.right as f64, self.wrong as f64, self.missed as f64);
        let (precision, recall) = (right / (right + wrong).max(1.0), right / (right + missed).max(1.0));
        26.0 * precision * recall / (25.0 * precision + recall).max(f64::MIN_POSITIVE)
    }

    /// Documents whose gold is whole.
    pub fn documents(&self) -> usize {
        self.leaking.whole
    }

    /// Names masked, of both kinds.
    pub fn names(&self) -> Share {
        let mut names = Share::default();
        for (label, share) in &self.masked {
            if kind(label) == "NAME" {
                names.part += share.part;
                names.whole += share.whole;
            }
        }
        names
    }

    /// Adds a document.
    pub fn add(&mut self, document: &Document, predicted: &[Labelled]) {
        let length = document.text.chars().count();
        let gold = cover(length, &document.spans);
        let found = cover(length, predicted);
        let mut leak = false;
        let mut point = 0;
        let mut byte = 0;
        for token in TOKEN.find_iter(&document.text) {
            point += document.text.get(byte..token.start()).unwrap_or_default().chars().count();
            byte = token.start();
            let end = point + token.as_str().chars().count();
            let label = |of: &[Option<usize>], spans: &[Labelled]| {
                let covered = of.get(point..end).unwrap_or_default().iter().flatten().next();
                covered.and_then(|i| spans.get(*i)).map(|s| s.2.clone())
            };
            let word = token.as_str().starts_with(|c: char| c.is_alphanumeric() || c == '_');
            let (gold, found) = (label(&gold, &document.spans), label(&found, predicted));
            if word {
                self.token(gold.as_deref(), found.as_deref(), document.partial, &mut leak);
            }
        }
        if !document.partial {
            self.leaking.count(leak);
            let touches = |p: &&Labelled| !document.spans.iter().any(|g| g.0 < p.1 && p.0 < g.1);
            self.false_spans += predicted.iter().filter(touches).count();
        }
        let covered =
            |s: &(usize, usize)| found.get(s.0..s.1).unwrap_or_default().iter().any(Option::is_some);
        for span in &document.negatives {
            self.alarms.count(covered(span));
        }
        let list = list_start(&document.text);
        for span in &document.keep {
            if let Some(kept) = self.kept.get_mut(usize::from(span.0 >= list)) {
                kept.count(!covered(span));
            }
        }
    }

    fn token(&mut self, gold: Option<&str>, found: Option<&str>, partial: bool, leak: &mut bool) {
        let same = gold.is_some() && gold.map(kind) == found.map(kind);
        if let Some(gold) = gold {
            self.masked.entry(gold.to_owned()).or_default().count(found.is_some());
            *leak |= found.is_none();
            self.recall.count(same);
            self.right += usize::from(same);
            self.missed += usize::from(!same);
        }
        if !partial && found.is_some() {
            self.precision.count(same);
            self.wrong += usize::from(!same);
        }
    }
}

/// For each code point, which span covers it.
fn cover(length: usize, spans: &[Labelled]) -> Vec<Option<usize>> {
    let mut cover = vec![None; length];
    for (i, (start, end, _)) in spans.iter().enumerate() {
        for slot in cover.get_mut(*start..(*end).min(length)).unwrap_or_default() {
            *slot = Some(i);
        }
    }
    cover
}

/// Where the reference list begins, in code points; the end where there is none.
fn list_start(text: &str) -> usize {
    let mut at = 0;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        let heading = line.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase();
        if matches!(
            heading.as_str(),
            "references" | "reference list" | "bibliography" | "works cited" | "list of references"
        ) {
            found = Some(at);
        }
        at += line.chars().count();
    }
    found.unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_tokens_spans_and_citations() {
        let document = Document {
            id: "d".into(),
            source: "s".into(),
            text: "Ana Roe, see Roe (2019)\nReferences\nRoe, A. (2019)".into(),
            spans: vec![(0, 7, "NAME_STUDENT".into())],
            keep: vec![(13, 16), (35, 38)],
            negatives: vec![(9, 12)],
            partial: false,
        };
        let mut score = Score::default();
        score.add(&document, &[(0, 3, "NAME_OTHER".into()), (35, 38, "NAME_STUDENT".into())]);
        assert_eq!((score.recall.part, score.recall.whole), (1, 2));
        assert_eq!((score.precision.part, score.precision.whole), (1, 2));
        assert_eq!((score.leaking.part, score.leaking.whole), (1, 1));
        assert_eq!(score.kept.map(|k| k.part), [1, 0]);
        assert_eq!((score.alarms.part, score.false_spans), (0, 1));
        assert!((score.f5() - 0.5).abs() < 1e-9);
    }
}
