//! Verified comments put into the letter: where they belong, as many as its words and its tone let in.

use std::ops::Range;

use serde_json::Value;

use crate::feedback::compose::tone::{self, Tone};
use crate::feedback::compose::{FORWARD, heading, section_name};
use crate::feedback::model::{Feedback, MarkedCriterion};
use crate::feedback::rubric::Rubric;
use crate::text;

/// A comment that may go into the letter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// The index of its criterion.
    pub(super) criterion: usize,
    pub(super) is_praise: bool,
    pub(super) text: &'a str,
}

impl Line<'_> {
    fn tone(&self) -> Tone {
        match self.text.trim_end_matches(['”', '"', '’', '\'', ')']).ends_with('?') {
            _ if self.is_praise => Tone::Praise,
            true => Tone::Ask,
            false => Tone::Teach,
        }
    }

    fn sentences(&self) -> usize {
        text::sentences(self.text).len().max(1)
    }
}

/// The letter with comments in it.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) tone: Value,
    /// For each line, whether it is in.
    pub(super) placed: Vec<bool>,
}

/// A part of the letter.
struct Section {
    heading: String,
    /// Its criteria.
    criteria: Range<usize>,
    /// Its bytes, from its heading on; none where nothing is said there.
    at: Option<Range<usize>>,
}

/// Puts lines into the letter of `feedback`: praise at the beginning of the section of its question (or criterion),
/// advice at the end. What stands in the letter stays as it is, to the byte.
///
/// None where the letter has not the form that the engine gives it.
pub(super) fn write(rubric: &Rubric, feedback: &Feedback, lines: &[Line<'_>]) -> Option<Written> {
    let letter = feedback.feedback_text.as_str();
    let (counts, ideal) = tone::read_report(feedback.marking_criteria.tone.as_ref()?)?;
    // Every letter opens with a sentence to the student; what begins with a heading is not ours.
    let end = letter.rfind(&format!("\n\n{FORWARD}\n")).filter(|_| !letter.starts_with("**"))?;
    let sections = sections(rubric, &feedback.marking_criteria.criteria, letter.get(..end)?);
    let room = rubric.max_words.saturating_sub(text::count_words(letter));
    let chosen = choose(lines, &sections, room, |added| {
        let after: [usize; 4] = std::array::from_fn(|i| counts[i] + added[i]);
        (!rubric.keeps_tone || tone::may_become(&counts, &after, &ideal))
            .then(|| tone::off_by(&after, &ideal))
    });
    let added = added(&chosen.iter().filter_map(|i| lines.get(*i)).copied().collect::<Vec<_>>());
    let after: [usize; 4] = std::array::from_fn(|i| counts[i] + added[i]);
    Some(Written {
        text: insert(letter, end, &sections, lines, &chosen)?,
        tone: tone::report_counts(&after, &ideal),
        placed: (0..lines.len()).map(|i| chosen.contains(&i)).collect(),
    })
}

/// The sections in the letter's order, each with its place in `letter`.
fn sections(rubric: &Rubric, criteria: &[MarkedCriterion], letter: &str) -> Vec<Section> {
    let by_question = rubric.questions.len() > 1;
    let mut sections: Vec<Section> = Vec::new();
    let same = |a: &MarkedCriterion, b: &MarkedCriterion| by_question && a.question == b.question;
    let mut first = 0;
    for group in criteria.chunk_by(same) {
        let name =
            group.first().map_or_else(String::new, |c| section_name(by_question, &c.question, &c.title));
        let open = group.iter().any(|c| c.score.is_none());
        let got = group.iter().filter_map(|c| c.score).sum();
        let max = group.iter().map(|c| c.max_mark).sum();
        let heading = heading(&name, (!open).then_some((got, max)));
        sections.push(Section { heading, criteria: first..first + group.len(), at: None });
        first += group.len();
    }
    let mut from = 0;
    for section in &mut sections {
        if let Some(start) = paragraph(letter, &section.heading, from) {
            from = start + section.heading.len();
            section.at = Some(start..letter.len());
        }
    }
    // A section ends before the blank line above the next.
    let mut next = letter.len();
    for at in sections.iter_mut().rev().filter_map(|s| s.at.as_mut()) {
        at.end = next;
        next = at.start.saturating_sub(2);
    }
    sections
}

/// Where a paragraph begins with `heading` as a line of its own, at byte `from` or later.
fn paragraph(letter: &str, heading: &str, from: usize) -> Option<usize> {
    let at = letter.get(from..)?.find(&format!("\n\n{heading}\n"))?;
    Some(from + at + 2)
}

/// The lines to write: of praise, advice and questions the first so many each, as many together as fit into `room`
/// words and as `tone_of` allows (it says how far the tone then is from its ideal); of equally many, those that come
/// nearest to the ideal.
fn choose(
    lines: &[Line<'_>],
    sections: &[Section],
    room: usize,
    tone_of: impl Fn(&[usize; 4]) -> Option<f64>,
) -> Vec<usize> {
    let of = |wanted: Tone| -> Vec<usize> {
        (0..lines.len()).filter(|i| lines.get(*i).is_some_and(|l| l.tone() == wanted)).collect()
    };
    let (praise, teach, ask) = (of(Tone::Praise), of(Tone::Teach), of(Tone::Ask));
    let mut best: (usize, f64, Vec<usize>) = (0, f64::INFINITY, Vec::new());
    for p in 0..=praise.len() {
        for t in 0..=teach.len() {
            for a in 0..=ask.len() {
                let parts = [praise.get(..p), teach.get(..t), ask.get(..a)];
                let mut indexes: Vec<usize> = parts.into_iter().flatten().flatten().copied().collect();
                let chosen: Vec<Line<'_>> = indexes.iter().filter_map(|i| lines.get(*i)).copied().collect();
                if words(&chosen, sections) > room {
                    continue;
                }
                let Some(off_by) = tone_of(&added(&chosen)) else { continue };
                if indexes.len() > best.0 || indexes.len() == best.0 && off_by < best.1 {
                    indexes.sort_unstable();
                    best = (indexes.len(), off_by, indexes);
                }
            }
        }
    }
    best.2
}

/// Sentences of each tone.
fn added(lines: &[Line<'_>]) -> [usize; 4] {
    let mut counts = [0; 4];
    for line in lines {
        counts[line.tone() as usize] += line.sentences();
    }
    counts
}

/// Words of the lines, and of the headings of sections that they open.
fn words(lines: &[Line<'_>], sections: &[Section]) -> usize {
    let opened = sections
        .iter()
        .filter(|s| s.at.is_none() && lines.iter().any(|l| s.criteria.contains(&l.criterion)))
        .map(|s| text::count_words(&s.heading));
    lines.iter().map(|l| text::count_words(l.text)).chain(opened).sum()
}

/// The letter with the chosen lines; `end` is where its sections end.
fn insert(
    letter: &str,
    end: usize,
    sections: &[Section],
    lines: &[Line<'_>],
    chosen: &[usize],
) -> Option<String> {
    let mut out = String::with_capacity(letter.len() + 1024);
    let mut from = 0;
    for section in sections {
        let said = |praise: bool| -> Vec<&str> {
            let own = chosen.iter().filter_map(|i| lines.get(*i));
            own.filter(|l| l.is_praise == praise && section.criteria.contains(&l.criterion))
                .map(|l| l.text)
                .collect()
        };
        let (praise, advice) = (said(true).join(" "), said(false).join(" "));
        match &section.at {
            Some(at) => {
                let body = at.start + section.heading.len() + 1;
                out.push_str(letter.get(from..body)?);
                out.push_str(&praise);
                out.push_str(if praise.is_empty() { "" } else { " " });
                out.push_str(letter.get(body..at.end)?);
                out.push_str(if advice.is_empty() { "" } else { " " });
                out.push_str(&advice);
                from = at.end;
            }
            None if praise.is_empty() && advice.is_empty() => {}
            None => {
                // After what stands before the next section: the opening, where no section came yet.
                if from == 0 {
                    from = sections
                        .iter()
                        .find_map(|s| s.at.as_ref())
                        .map_or(end, |at| at.start.saturating_sub(2));
                    out.push_str(letter.get(..from)?);
                }
                let join = if praise.is_empty() || advice.is_empty() { "" } else { " " };
                for part in ["\n\n", section.heading.as_str(), "\n", &praise, join, &advice] {
                    out.push_str(part);
                }
            }
        }
    }
    out.push_str(letter.get(from..)?);
    Some(out)
}
