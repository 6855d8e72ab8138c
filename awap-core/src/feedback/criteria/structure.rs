//! `structure`: an introduction, a conclusion, named sections, and paragraphs that carry one idea each.

use std::collections::HashSet;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use serde_json::json;

use super::{Finding, Kind, Outcome, Script, Sign, to_half};
use crate::Result;
use crate::feedback::answer::Sentence;
use crate::feedback::lexis;
use crate::feedback::rubric::{Head, Node};
use crate::text::{self, Span};

/// What an introduction says of itself.
const OPENINGS: &[&str] = &[
    "this essay",
    "this answer",
    "this report",
    "this assignment",
    "this discussion",
    "this tma",
    "in this essay",
    "in this answer",
    "in this assignment",
    "i will",
    "i shall",
    "i am going to",
    "will discuss",
    "will outline",
    "will examine",
    "will explore",
    "will consider",
    "will argue",
    "will explain",
    "will look at",
    "will begin",
    "aims to",
    "the aim of",
    "sets out to",
    "in what follows",
    "first i",
    "i argue",
    "i begin by",
];
/// What a conclusion says of itself.
const CLOSINGS: &[&str] = &[
    "in conclusion",
    "to conclude",
    "in summary",
    "to sum up",
    "to summarise",
    "summing up",
    "overall",
    "all in all",
    "i conclude",
    "we can conclude",
    "it can be concluded",
    "this essay has",
    "this answer has",
    "i have argued",
    "i have shown",
    "i have explained",
    "taken together",
    "on balance",
    "therefore, i",
    "in the end",
    "finally, it is clear",
    "for these reasons",
    "i believe that the library should",
    "my conclusion",
];

static OPENING: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| cues(OPENINGS));
static CLOSING: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| cues(CLOSINGS));

fn cues(list: &[&str]) -> Option<AhoCorasick> {
    AhoCorasickBuilder::new().ascii_case_insensitive(true).build(list).ok()
}

fn has_cue(cues: &LazyLock<Option<AhoCorasick>>, text: &str) -> bool {
    cues.as_ref().is_some_and(|c| c.is_match(text))
}

/// Required parts and paragraph lengths.
#[derive(Debug)]
pub(super) struct Structure {
    required: Vec<Part>,
    min_paragraphs: Option<usize>,
    words: Option<(usize, usize)>,
}

#[derive(Debug)]
enum Part {
    Introduction,
    Conclusion,
    Section(String),
}

impl Structure {
    pub(super) fn load(params: &Node<'_>) -> Result<Self> {
        let mut required = Vec::new();
        let list = match params.get("required")? {
            Some(list) => list.texts()?,
            None => params.get("required_parts")?.map_or(Ok(Vec::new()), |l| l.texts())?,
        };
        for part in list {
            required.push(match part.text()?.to_lowercase().as_str() {
                "introduction" | "intro" => Part::Introduction,
                "conclusion" => Part::Conclusion,
                _ => Part::Section(part.text()?.to_owned()),
            });
        }
        for section in params.or("sections", Vec::new(), Node::texts)? {
            required.push(Part::Section(section.text()?.to_owned()));
        }
        let words = params.maybe("paragraph_words", |n| {
            let min = n.or("min", 0, |n| n.count(0))?;
            let max = n.or("max", u64::from(u32::MAX), |n| n.count(1))?;
            if min > max {
                return Err(n.fault("The least length of a paragraph is more than the greatest."));
            }
            Ok((min as usize, max as usize))
        })?;
        let structure = Self {
            required,
            min_paragraphs: params.maybe("min_paragraphs", |n| n.count(1))?.map(|n| n as usize),
            words,
        };
        if structure.required.is_empty() && structure.min_paragraphs.is_none() && structure.words.is_none() {
            return Ok(Self { required: vec![Part::Introduction, Part::Conclusion], ..structure });
        }
        Ok(structure)
    }

    fn checks(&self) -> usize {
        self.required.len() + usize::from(self.min_paragraphs.is_some()) + usize::from(self.words.is_some())
    }
}

/// A paragraph whose sentences count, for the most part.
struct Solid {
    span: Span,
    counted: usize,
    words: usize,
    first: usize,
    last: usize,
}

fn solid(script: &Script<'_>) -> Vec<Solid> {
    let prose = script
        .answer
        .paragraphs
        .iter()
        .filter(|p| !p.is_item && p.counted_words >= 8 && p.counted_words * 2 > p.words);
    prose
        .map(|p| Solid {
            span: p.span,
            counted: p.counted_words,
            words: p.words,
            first: p.sentences.start,
            last: p.sentences.end.saturating_sub(1),
        })
        .collect()
}

impl Kind for Structure {
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome {
        let mut out = Outcome { confidence: 0.7, ..Outcome::default() };
        let paragraphs = solid(script);
        let each = head.max_mark / self.checks().max(1) as f64;
        let mut score = 0.0;
        for part in &self.required {
            score += match part {
                Part::Introduction => introduction(script, &paragraphs, each, &mut out),
                Part::Conclusion => conclusion(script, &paragraphs, each, &mut out),
                Part::Section(name) => section(script, name, each, &mut out),
            };
        }
        if let Some(min) = self.min_paragraphs {
            let share = (paragraphs.len() as f64 / min as f64).min(1.0);
            score += each * share;
            out.step("structure.paragraphs", paragraphs.len(), Some(json!(min)), each * share);
            if share < 1.0 {
                out.missing.push(format!("at least {min} paragraphs (there are {})", paragraphs.len()));
                out.findings.push(Finding::said(
                    Sign::Missing,
                    format!("Your answer is set out in {}.", count(paragraphs.len(), "paragraph")),
                    "Give each main idea a paragraph of its own, and let its first sentence say what that idea is.",
                    paragraphs.iter().take(2).map(|p| p.span).collect(),
                    each * (1.0 - share),
                ));
            }
        }
        if let Some((min, max)) = self.words {
            score += paragraph_lengths(script, &paragraphs, (min, max), each, &mut out);
        }
        let rounded = to_half(score.min(head.max_mark), head.max_mark);
        out.step("structure.rounded", rounded, Some(json!(score)), rounded - score);
        out.score = Some(rounded);
        out
    }

    fn points(&self) -> Vec<(&str, &str)> {
        fn name(part: &Part) -> &str {
            match part {
                Part::Introduction => "introduction",
                Part::Conclusion => "conclusion",
                Part::Section(name) => name.as_str(),
            }
        }
        self.required.iter().map(|part| (name(part), name(part))).collect()
    }
}

fn count(n: usize, thing: &str) -> String {
    match n {
        0 => format!("no {thing}s"),
        1 => format!("one {thing}"),
        _ => format!("{n} {thing}s"),
    }
}

fn heading(script: &Script<'_>, names: &[&str]) -> Option<Span> {
    let within = |span: Span| script.answer.spans.iter().any(|s| s.contains(span));
    script
        .tma
        .headings
        .iter()
        .map(|h| (Span::new(h.start, h.end), h.text.to_lowercase()))
        .find(|(span, text)| within(*span) && names.iter().any(|n| text.contains(n)))
        .map(|(span, _)| span)
}

fn introduction(script: &Script<'_>, paragraphs: &[Solid], each: f64, out: &mut Outcome) -> f64 {
    let text = script.answer.text;
    // With one paragraph there is an answer, but nothing that introduces it.
    let first = paragraphs.first().filter(|_| paragraphs.len() >= 2);
    let named = heading(script, &["introduction"]);
    let sentence = first.and_then(|p| {
        let mut sentences = script.answer.sentences.get(p.first..=p.last)?.iter();
        sentences.find(|s| has_cue(&OPENING, s.span.of(text)))
    });
    let on_topic = first.and_then(|p| most_on_topic(script, p));
    let (share, span) = match (sentence, named, on_topic) {
        (Some(s), _, _) => (1.0, Some(s.span)),
        (None, Some(_), Some(s)) => (1.0, Some(s)),
        (None, None, Some(s)) => (0.6, Some(s)),
        _ => (0.0, None),
    };
    out.step("structure.introduction", share, Some(json!(1.0)), each * share);
    match span {
        Some(span) if share >= 1.0 => {
            out.cite(text, span, "introduction", true);
            out.findings.push(Finding::said(
                Sign::Done,
                "Your opening tells the reader what to expect",
                "",
                vec![span],
                each,
            ));
        }
        Some(span) => {
            out.cite(text, span, "introduction", true);
            out.findings.push(
                Finding::said(
                    Sign::Missing,
                    "Your first paragraph takes up the question without saying how the answer will go.",
                    "Add one sentence there that names your main points in the order in which they come.",
                    vec![span],
                    each * (1.0 - share),
                )
                .asking("If someone read your first paragraph alone, would they know what is coming?"),
            );
        }
        None => {
            out.missing.push("an introduction that says what the answer will do".to_owned());
            out.findings.push(Finding::said(
                Sign::Missing,
                "I could not find an introduction.",
                "Open with two or three sentences that say how you read the question and in what order you will take it.",
                Vec::new(),
                each,
            ).asking("What would a reader need to know before your first point?"));
        }
    }
    each * share
}

/// The sentence of a paragraph that shares most with the question, where it shares enough.
fn most_on_topic(script: &Script<'_>, paragraph: &Solid) -> Option<Span> {
    let prompt: HashSet<u32> = text::tokens(script.prompt)
        .map(|t| t.of(script.prompt).to_lowercase())
        .filter(|w| w.len() > 3 && !lexis::is_function(w) && !lexis::is_rubric_talk(w))
        .filter_map(|w| script.lexicon.stem(&w))
        .collect();
    let shared = |s: &Sentence| {
        let tokens = script.answer.tokens.get(s.tokens.clone()).unwrap_or_default();
        tokens.iter().map(|t| t.stem).filter(|s| prompt.contains(s)).collect::<HashSet<_>>().len()
    };
    let sentences = script.answer.sentences.get(paragraph.first..=paragraph.last)?;
    let best = sentences.iter().max_by_key(|s| (shared(s), std::cmp::Reverse(s.span.start)))?;
    (shared(best) >= 2).then_some(best.span)
}

fn conclusion(script: &Script<'_>, paragraphs: &[Solid], each: f64, out: &mut Outcome) -> f64 {
    let text = script.answer.text;
    let named = heading(script, &["conclusion", "summary"]);
    // A conclusion may be the last paragraph, or the one before a list or a note.
    let tail = paragraphs.len().saturating_sub(2).max(1);
    let cue = paragraphs.iter().skip(tail).rev().find_map(|p| {
        let sentences = script.answer.sentences.get(p.first..=p.last)?;
        sentences.iter().find(|s| has_cue(&CLOSING, s.span.of(text))).map(|s| s.span)
    });
    let span = cue.or_else(|| {
        let after = named?;
        paragraphs
            .iter()
            .find(|p| p.span.start >= after.end)
            .and_then(|p| script.answer.sentences.get(p.first))
            .map(|s| s.span)
    });
    let share = if span.is_some() { 1.0 } else { 0.0 };
    out.step("structure.conclusion", share, Some(json!(1.0)), each * share);
    if let Some(span) = span {
        out.cite(text, span, "conclusion", true);
        out.findings.push(Finding::said(
            Sign::Done,
            "You draw the threads together at the end",
            "",
            vec![span],
            each,
        ));
    } else {
        out.missing.push("a conclusion that answers the question".to_owned());
        let last = script.answer.sentences.last().map(|s| s.span);
        out.findings.push(Finding::said(
            Sign::Missing,
            "Your answer stops rather than concludes.",
            "Finish with a short paragraph that goes back to the words of the question and says what your points add up to.",
            last.into_iter().collect(),
            each,
        ).asking("If a reader had only your last paragraph, what would they learn?"));
    }
    each * share
}

fn section(script: &Script<'_>, name: &str, each: f64, out: &mut Outcome) -> f64 {
    let found = heading(script, &[name.to_lowercase().as_str()]);
    out.step("structure.section", name, None, if found.is_some() { each } else { 0.0 });
    if let Some(span) = found {
        out.cite(script.answer.text, span, name, true);
        out.findings.push(Finding::said(
            Sign::Done,
            format!("Your section on “{name}” is easy to find"),
            "",
            vec![span],
            each,
        ));
        each
    } else {
        out.missing.push(format!("a section headed “{name}”"));
        out.findings.push(Finding::said(
            Sign::Missing,
            format!("There is no section headed “{name}”."),
            format!("Set the part that deals with it under a heading of its own, “{name}”."),
            Vec::new(),
            each,
        ));
        0.0
    }
}

fn paragraph_lengths(
    script: &Script<'_>,
    paragraphs: &[Solid],
    (min, max): (usize, usize),
    each: f64,
    out: &mut Outcome,
) -> f64 {
    // Padding does not make a paragraph long enough, and does make it too long.
    let fits = |p: &&Solid| p.counted >= min && p.words <= max;
    let good = paragraphs.iter().filter(fits).count();
    let share = if paragraphs.is_empty() { 0.0 } else { good as f64 / paragraphs.len() as f64 };
    out.step(
        "structure.paragraph_words",
        good,
        Some(json!({"of": paragraphs.len(), "min": min, "max": max})),
        each * share,
    );
    let text = script.answer.text;
    let opening = |p: &Solid| script.answer.sentences.get(p.first).map_or(p.span, |s| s.span);
    if let Some(long) = paragraphs.iter().find(|p| p.words > max) {
        out.cite(text, opening(long), "paragraph_words", false);
        out.findings.push(
            Finding::said(
                Sign::Wrong,
                format!("One paragraph runs to {} words, which is a lot to hold in mind.", long.words),
                "Look for the place at which its subject changes, and start a new paragraph there.",
                vec![opening(long)],
                each * (1.0 - share),
            )
            .asking("Where in that paragraph does the subject change?"),
        );
    } else if let Some(short) = paragraphs.iter().find(|p| p.counted < min) {
        out.cite(text, opening(short), "paragraph_words", false);
        out.findings.push(
            Finding::said(
                Sign::Missing,
                "One paragraph is too short to do more than state its point.",
                "Follow its first sentence with a reason and an example, so that the idea has room to work.",
                vec![opening(short)],
                each * (1.0 - share),
            )
            .asking("What made you think so, and how would you show it?"),
        );
    }
    if paragraphs.is_empty() {
        out.missing.push("paragraphs of continuous prose".to_owned());
    }
    each * share
}
