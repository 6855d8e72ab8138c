//! `evidence_use`: how much the answer rests on sources, on how many, and how much of it is in their words.

use std::collections::HashSet;

use serde_json::json;

use super::references::{quotations, work};
use super::{Finding, Kind, Outcome, Script, Sign, to_half};
use crate::Result;
use crate::citation::Citation;
use crate::document::BlockKind;
use crate::feedback::answer::Standing;
use crate::feedback::rubric::{Head, Node};
use crate::text::{self, Span};

/// What is asked for.
#[derive(Debug)]
pub(super) struct EvidenceUse {
    least_citations: usize,
    least_sources: usize,
    most_quoted_pct: Option<f64>,
    module_sources: Vec<String>,
}

impl EvidenceUse {
    pub(super) fn load(params: &Node<'_>) -> Result<Self> {
        params.only(&["min_citations", "min_sources", "max_quotation_pct", "module_sources"])?;
        let sources = params.or("module_sources", Vec::new(), Node::texts)?;
        Ok(Self {
            least_citations: params.or("min_citations", 2, |n| n.count(1))? as usize,
            least_sources: params.or("min_sources", 1, |n| n.count(1))? as usize,
            most_quoted_pct: params.maybe("max_quotation_pct", |n| n.number_within(0.0, 100.0))?,
            module_sources: sources.iter().map(|n| n.text().map(str::to_owned)).collect::<Result<_>>()?,
        })
    }

    fn parts(&self) -> usize {
        2 + usize::from(self.most_quoted_pct.is_some()) + usize::from(!self.module_sources.is_empty())
    }
}

fn span(citation: &Citation) -> Span {
    Span::new(citation.start, citation.end)
}

/// Citations in sentences that count, each sentence with its first: three names in one bracket are one use of evidence.
fn uses<'a>(script: &Script<'a>) -> Vec<(Span, &'a Citation)> {
    let counted = script.answer.sentences.iter().filter(|s| s.standing == Standing::Counted);
    let first = |s: Span| script.tma.citations.iter().find(|c| s.contains(span(c)));
    let in_quotes = script.tma.blocks.iter().filter(|b| b.kind == BlockKind::Quote).filter_map(|b| {
        let block = Span::new(b.start, b.end);
        let within = script.answer.spans.iter().any(|s| s.contains(block));
        first(block).filter(|_| within).map(|c| (block, c))
    });
    let mut uses: Vec<_> =
        counted.filter_map(|s| first(s.span).map(|c| (s.span, c))).chain(in_quotes).collect();
    uses.sort_by_key(|(_, c)| c.start);
    uses.dedup_by_key(|(_, c)| c.start);
    uses
}

impl Kind for EvidenceUse {
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome {
        let mut out = Outcome { confidence: 0.7, ..Outcome::default() };
        let uses = uses(script);
        let each = head.max_mark / self.parts() as f64;
        let mut score = self.citations(&uses, each, script, &mut out);
        score += self.sources(&uses, each, script, &mut out);
        if !self.module_sources.is_empty() {
            score += self.module(script, each, &mut out);
        }
        if let Some(most) = self.most_quoted_pct {
            // Quoting little is no merit in an answer that rests on nothing.
            let earned = quoted(script, most, each, &mut out);
            score += if uses.is_empty() { 0.0 } else { earned };
            out.step("evidence_use.quotation_counts", !uses.is_empty(), None, 0.0);
        }
        let rounded = to_half(score.min(head.max_mark), head.max_mark);
        out.step("evidence_use.rounded", rounded, Some(json!(score)), rounded - score);
        out.score = Some(rounded);
        out
    }

    fn points(&self) -> Vec<(&str, &str)> {
        self.module_sources.iter().map(|s| (s.as_str(), s.as_str())).collect()
    }
}

impl EvidenceUse {
    fn citations(
        &self,
        uses: &[(Span, &Citation)],
        each: f64,
        script: &Script<'_>,
        out: &mut Outcome,
    ) -> f64 {
        let text = script.answer.text;
        let earned = each * (uses.len() as f64 / self.least_citations as f64).min(1.0);
        out.step("evidence_use.citations", uses.len(), Some(json!(self.least_citations)), earned);
        for (sentence, citation) in uses.iter().take(4) {
            out.cite(text, *sentence, &citation.text, true);
        }
        if uses.len() < self.least_citations {
            out.missing.push(format!(
                "sentences that rest on a source: at least {} (found: {})",
                self.least_citations,
                uses.len()
            ));
            let what = match uses.len() {
                0 => "No sentence of this answer says where its facts or ideas come from.".to_owned(),
                1 => "One sentence rests on a source, and the rest of your case has to be taken on trust."
                    .to_owned(),
                n => format!("{n} sentences rest on a source; {} were asked for.", self.least_citations),
            };
            out.findings.push(
                Finding::said(
                    Sign::Missing,
                    what,
                    "Pick the claim that a doubtful reader would stop at, and give the source that made you believe it.",
                    uses.iter().map(|(s, _)| *s).take(2).collect(),
                    each - earned,
                )
                .asking("Which of your claims would a doubtful reader ask you to prove?"),
            );
        } else if let Some((sentence, _)) = uses.first() {
            out.findings.push(Finding::said(
                Sign::Done,
                "You rest your case on sources where it needs them",
                "",
                vec![*sentence],
                each,
            ));
        }
        earned
    }

    fn sources(&self, uses: &[(Span, &Citation)], each: f64, script: &Script<'_>, out: &mut Outcome) -> f64 {
        let list = &script.tma.references;
        // With a list of references, what is not in it cannot be looked up, and may not exist.
        let known = |c: &Citation| list.is_empty() || c.reference.is_some();
        let works: HashSet<String> = uses.iter().filter(|(_, c)| known(c)).map(|(_, c)| work(c)).collect();
        let earned = each * (works.len() as f64 / self.least_sources as f64).min(1.0);
        out.step("evidence_use.sources", works.len(), Some(json!(self.least_sources)), earned);
        if works.len() < self.least_sources && !uses.is_empty() {
            out.missing.push(format!(
                "at least {} different sources (found: {})",
                self.least_sources,
                works.len()
            ));
            let what = match works.len() {
                0 => "None of the sources that you cite can be found in your list.".to_owned(),
                1 => "Everything here rests on one source.".to_owned(),
                n => format!("You draw on {n} sources, and {} were asked for.", self.least_sources),
            };
            out.findings.push(
                Finding::said(
                    Sign::Missing,
                    what,
                    "Look for another that takes a different view, and say where the two part company.",
                    uses.iter().map(|(s, _)| *s).take(2).collect(),
                    each - earned,
                )
                .asking("Who has written on this and come to another result?"),
            );
        }
        earned
    }

    fn module(&self, script: &Script<'_>, each: f64, out: &mut Outcome) -> f64 {
        let text = script.answer.text;
        let share = each / self.module_sources.len() as f64;
        let mut earned = 0.0;
        for source in &self.module_sources {
            let found = mention(source, script);
            out.step(
                "evidence_use.module_source",
                source.as_str(),
                None,
                if found.is_some() { share } else { 0.0 },
            );
            if let Some(place) = found {
                earned += share;
                out.cite(text, place, source, true);
                let what = format!("You draw on {source}, as the question asks");
                out.findings.push(Finding::said(Sign::Done, what, "", vec![place], share));
            } else {
                out.missing.push(format!("{source}, cited"));
                out.findings.push(Finding::said(
                    Sign::Missing,
                    format!("I could not find {source} in this answer."),
                    "Go back to it with the question beside you, and bring in the one idea that bears on it most.",
                    Vec::new(),
                    share,
                ));
            }
        }
        earned
    }
}

/// Where an answer cites a module source: a citation whose text or entry names it, or a sentence that does.
fn mention(source: &str, script: &Script<'_>) -> Option<Span> {
    let wanted = source.to_lowercase();
    let names = |text: &str| text.to_lowercase().contains(&wanted);
    let sentences = || script.answer.sentences.iter().filter(|s| s.standing == Standing::Counted);
    let cited = script.tma.citations.iter().filter(|c| {
        names(&c.text)
            || c.reference.and_then(|i| script.tma.references.get(i)).is_some_and(|r| names(&r.text))
    });
    cited
        .filter_map(|c| sentences().find(|s| s.span.contains(span(c))))
        .map(|s| s.span)
        .next()
        .or_else(|| sentences().find(|s| names(s.span.of(script.answer.text))).map(|s| s.span))
}

fn quoted(script: &Script<'_>, most: f64, each: f64, out: &mut Outcome) -> f64 {
    let text = script.answer.text;
    let mut quotes: Vec<Span> = Vec::new();
    for sentence in &script.answer.sentences {
        let body = sentence.span.of(text);
        quotes.extend(
            quotations(body)
                .into_iter()
                .map(|q| Span::new(sentence.span.start + q.start, sentence.span.start + q.end)),
        );
    }
    for block in script.tma.blocks.iter().filter(|b| b.kind == BlockKind::Quote) {
        let span = Span::new(block.start, block.end);
        if script.answer.spans.iter().any(|s| s.contains(span)) {
            quotes.retain(|q| !span.contains(*q));
            quotes.push(span);
        }
    }
    let words: usize = quotes.iter().map(|q| text::count_words(q.of(text))).sum();
    let share = 100.0 * words as f64 / script.answer.words.max(1) as f64;
    // Twice the share that is allowed leaves nothing.
    let earned = each * (2.0 - share / most.max(1e-9)).clamp(0.0, 1.0);
    out.step("evidence_use.quotation", (share * 10.0).round() / 10.0, Some(json!(most)), earned);
    quotes.sort_by_key(|q| std::cmp::Reverse(q.len()));
    if share > most {
        quotes.truncate(3);
        for quote in &quotes {
            out.cite(text, *quote, "quotation", false);
        }
        out.findings.push(
            Finding::said(
                Sign::Wrong,
                format!("About {share:.0} % of this answer is in other people’s words."),
                "Take the longest quotation, close the book, and say in a sentence what it means for your question.",
                quotes,
                each - earned,
            )
            .asking("What would be lost if you put your longest quotation in your own words?"),
        );
    }
    earned
}
