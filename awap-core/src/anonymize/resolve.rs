//! From findings that overlap to edits that do not, and the placeholders that take their place.

use std::collections::BTreeMap;

use super::finding::{Finding, Label};
use super::pieces::{Piece, touches};
use crate::text::{Span, fold};

/// Settles overlaps: findings that share a byte become one, labelled as the longest of them.
///
/// What spans a tab, a blank line or, in a table, a line break is cut there, so that the structure stays.
pub(super) fn settle(piece: &Piece, mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.retain(|f| !f.span.is_empty() && piece.text.get(f.span.start..f.span.end).is_some());
    findings.sort_by(|a, b| {
        (a.span.start, b.span.end)
            .cmp(&(b.span.start, a.span.end))
            .then(b.confidence.total_cmp(&a.confidence))
            .then(a.label.cmp(&b.label))
    });
    let mut settled: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut leading = 0;
    for finding in findings {
        match settled.last_mut() {
            Some(open) if finding.span.start < open.span.end => {
                let end = open.span.end.max(finding.span.end);
                let start = open.span.start;
                if finding.span.len() > leading {
                    leading = finding.span.len();
                    *open = finding;
                }
                open.span = Span::new(start, end);
            }
            _ => {
                leading = finding.span.len();
                settled.push(finding);
            }
        }
    }
    let mut cut = Vec::with_capacity(settled.len());
    for finding in settled {
        cut_at_walls(piece, finding, &mut cut);
    }
    cut
}

fn cut_at_walls(piece: &Piece, finding: Finding, out: &mut Vec<Finding>) {
    let text = finding.span.of(&piece.text);
    let in_table = touches(&piece.tables, finding.span);
    let walled = text.contains('\t') || text.contains("\n\n") || in_table && text.contains('\n');
    if !walled {
        return out.push(finding);
    }
    let mut start = finding.span.start;
    let mut push = |from: usize, to: usize| {
        let part = piece.text.get(from..to).unwrap_or_default();
        let lead = part.len() - part.trim_start().len();
        let span = Span::new(from + lead, from + lead + part.trim().len());
        if span.of(&piece.text).chars().any(char::is_alphanumeric) {
            out.push(Finding { span, ..finding.clone() });
        }
    };
    let mut newline = false;
    for (i, c) in text.char_indices() {
        let at = finding.span.start + i;
        if c == '\t' || c == '\n' && (newline || in_table) {
            push(start, at);
            start = at;
        }
        newline = c == '\n';
    }
    push(start, finding.span.end);
}

/// Gives out placeholders: the same for the same person or value in the whole TMA, numbered in the order of
/// appearance. `[STUDENT]` has no number, people always have one, other kinds from the second on.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    given: BTreeMap<(Label, String), String>,
    /// The highest number used, by kind.
    used: BTreeMap<Label, usize>,
}

impl Placeholders {
    /// Takes note of placeholders that a text already holds (a TMA that was anonymized before), so that numbers go
    /// on from there.
    pub(super) fn note(&mut self, text: &str) {
        for at in memchr::memchr_iter(b'[', text.as_bytes()) {
            let Some(inner) = bracketed(text, at) else { continue };
            let (kind, number) = inner.rsplit_once('_').unwrap_or((inner, "1"));
            let Ok(number) = number.parse::<usize>() else { continue };
            if let Some(label) = Label::ALL.into_iter().find(|l| l.placeholder() == kind) {
                let used = self.used.entry(label).or_default();
                *used = (*used).max(number);
            }
        }
    }

    /// The placeholder for `finding`, whose text is `text`.
    pub(super) fn of(&mut self, finding: &Finding, text: &str) -> String {
        let kind = finding.label.placeholder();
        if finding.label == Label::NameStudent {
            return format!("[{kind}]");
        }
        let key = if finding.label == Label::NameOther {
            finding.person.to_string()
        } else {
            fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
        };
        let used = &mut self.used;
        self.given
            .entry((finding.label, key))
            .or_insert_with(|| {
                let number = used.entry(finding.label).or_default();
                *number += 1;
                if *number == 1 && finding.label != Label::NameOther {
                    format!("[{kind}]")
                } else {
                    format!("[{kind}_{number}]")
                }
            })
            .clone()
    }
}

/// What the bracket at `at` holds, if it is no longer than a placeholder is.
fn bracketed(text: &str, at: usize) -> Option<&str> {
    let bytes = text.as_bytes().get(at + 1..)?;
    let len = bytes.iter().take(25).position(|b| *b == b']')?;
    text.get(at + 1..at + 1 + len)
}

/// Placeholders that stand in a text already; nothing in them is identity.
pub(super) fn placeholders_in(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    for at in memchr::memchr_iter(b'[', text.as_bytes()) {
        let Some(inner) = bracketed(text, at) else { continue };
        let kind = inner.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
        if Label::ALL.iter().any(|l| l.placeholder() == kind) {
            spans.push(Span::new(at, at + inner.len() + 2));
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: usize, end: usize, label: Label) -> Finding {
        Finding::value(Span::new(start, end), label, "t", 0.9)
    }

    #[test]
    fn joins_what_overlaps_and_cuts_at_walls() {
        let piece = Piece { text: "ab cd\tef gh".into(), ..Piece::default() };
        let settled =
            settle(&piece, vec![at(0, 2, Label::NameStudent), at(0, 5, Label::Email), at(6, 8, Label::Dob)]);
        assert_eq!(settled, [at(0, 5, Label::Email), at(6, 8, Label::Dob)]);
        let settled = settle(&piece, vec![at(3, 8, Label::NameStudent)]);
        assert_eq!(settled, [at(3, 5, Label::NameStudent), at(6, 8, Label::NameStudent)]);
    }

    #[test]
    fn numbers_placeholders() {
        let mut placeholders = Placeholders::default();
        placeholders.note("as [PERSON_2] said on [EMAIL]");
        let person = |n| Finding { person: n, ..at(0, 1, Label::NameOther) };
        assert_eq!(placeholders.of(&person(4), "x"), "[PERSON_3]");
        assert_eq!(placeholders.of(&person(1), "x"), "[PERSON_4]");
        assert_eq!(placeholders.of(&person(4), "x"), "[PERSON_3]");
        assert_eq!(placeholders.of(&at(0, 1, Label::Email), "a@b.cd"), "[EMAIL_2]");
        assert_eq!(placeholders.of(&at(0, 1, Label::IdNum), "A1"), "[ID]");
        assert_eq!(placeholders.of(&at(0, 1, Label::NameStudent), "A"), "[STUDENT]");
    }
}
