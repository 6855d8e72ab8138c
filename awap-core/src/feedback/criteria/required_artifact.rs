//! `required_artifact`: a figure, table, piece of code or appendix that must be there, and be spoken of in the text.

use serde_json::json;

use super::{Finding, Kind, Outcome, Script, Sign};
use crate::Result;
use crate::document::BlockKind;
use crate::feedback::answer::Standing;
use crate::feedback::rubric::{Head, Node, tidy};
use crate::text::{self, Span};
use crate::tma::ParsedBlock;

/// What must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Artifact {
    Figure,
    Table,
    Code,
    Appendix,
}

impl Artifact {
    fn name(self) -> &'static str {
        match self {
            Self::Figure => "figure",
            Self::Table => "table",
            Self::Code => "piece of code",
            Self::Appendix => "appendix",
        }
    }

    /// A noun with its article and number: `a figure`, `2 tables`.
    fn named(self, n: usize) -> String {
        match (self, n) {
            (Self::Appendix, 1) => "an appendix".to_owned(),
            (Self::Appendix, _) => format!("{n} appendices"),
            (Self::Code, 1) => "a piece of code".to_owned(),
            (Self::Code, _) => format!("{n} pieces of code"),
            (_, 1) => format!("a {}", self.name()),
            _ => format!("{n} {}s", self.name()),
        }
    }

    /// Words with which the text speaks of one.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Figure => &["figure", "fig", "diagram", "graph", "chart", "image", "picture", "drawing"],
            Self::Table => &["table"],
            Self::Code => &["function", "code", "program", "line", "loop", "script", "algorithm"],
            Self::Appendix => &["appendix", "appendices"],
        }
    }
}

/// The artifact, how many of it, and whether the text must speak of it.
#[derive(Debug)]
pub(super) struct RequiredArtifact {
    artifact: Artifact,
    least: usize,
    must_mention: bool,
}

impl RequiredArtifact {
    pub(super) fn load(params: &Node<'_>) -> Result<Self> {
        params.only(&["artifact", "min", "must_mention"])?;
        Ok(Self {
            artifact: params.required("artifact")?.choice(&[
                ("figure", Artifact::Figure),
                ("table", Artifact::Table),
                ("code", Artifact::Code),
                ("appendix", Artifact::Appendix),
            ])?,
            least: params.or("min", 1, |n| n.count(1))? as usize,
            must_mention: params.or("must_mention", false, Node::boolean)?,
        })
    }

    /// Where each stands: something that can be shown, at or beside it.
    fn anchors(&self, script: &Script<'_>) -> Vec<Option<Span>> {
        let blocks = &script.tma.blocks;
        let text = script.answer.text;
        let within = |b: &ParsedBlock| {
            script.answer.spans.iter().any(|s| s.start <= b.start && b.end <= s.end && s.start < s.end)
        };
        let shown = |b: &ParsedBlock| {
            let span = trimmed(text, Span::new(b.start, b.end));
            (!span.is_empty()).then_some(span)
        };
        let of_kind =
            |kind: BlockKind| blocks.iter().enumerate().filter(move |(_, b)| b.kind == kind && within(b));
        match self.artifact {
            Artifact::Figure => of_kind(BlockKind::Figure)
                .map(|(i, b)| shown(b).or_else(|| caption(i, blocks, text)))
                .collect(),
            // A table or listing of a line or two of nothing is none.
            Artifact::Table => of_kind(BlockKind::Table)
                .filter_map(|(_, b)| shown(b).filter(|s| text::count_words(s.of(text)) >= 4))
                .map(Some)
                .collect(),
            Artifact::Code => of_kind(BlockKind::Code)
                .filter_map(|(_, b)| shown(b).filter(|s| text::tokens(s.of(text)).count() >= 4))
                .map(Some)
                .collect(),
            Artifact::Appendix => {
                let mut inside = false;
                let mut anchors = Vec::new();
                for block in blocks {
                    let is = block.role.as_deref() == Some("appendix");
                    let begins = is && (!inside || block.kind == BlockKind::Heading);
                    if let Some(span) = shown(block).filter(|_| begins) {
                        anchors.push(Some(span));
                    }
                    inside = is;
                }
                anchors
            }
        }
    }
}

fn trimmed(text: &str, span: Span) -> Span {
    let body = span.of(text);
    let start = span.start + (body.len() - body.trim_start().len());
    Span::new(start, start + body.trim().len())
}

/// The caption or the paragraph next to a figure that has no words of its own.
fn caption(at: usize, blocks: &[ParsedBlock], text: &str) -> Option<Span> {
    let around = [at + 1, at.wrapping_sub(1)];
    let near = |wanted: &dyn Fn(&ParsedBlock) -> bool| {
        around
            .iter()
            .filter_map(|i| blocks.get(*i))
            .find(|b| wanted(b))
            .map(|b| trimmed(text, Span::new(b.start, b.end)))
    };
    near(&|b| b.kind == BlockKind::Caption && b.end > b.start)
        .or_else(|| near(&|b| b.kind == BlockKind::Paragraph && b.end > b.start))
}

impl Kind for RequiredArtifact {
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome {
        let mut out = Outcome { confidence: 0.9, ..Outcome::default() };
        let text = script.answer.text;
        let anchors = self.anchors(script);
        let artifact = self.artifact;
        let mention = anchors.first().and_then(|_| {
            let words = artifact.words();
            script.answer.sentences.iter().filter(|s| s.standing == Standing::Counted).map(|s| s.span).find(
                |s| {
                    let body = s.of(text);
                    text::tokens(body).any(|t| words.contains(&t.of(body).to_lowercase().as_str()))
                },
            )
        });
        let share = (anchors.len() as f64 / self.least as f64).min(1.0);
        let mut score = head.max_mark * share;
        out.step("required_artifact.found", anchors.len(), Some(json!(self.least)), score);
        for span in anchors.iter().flatten().take(3) {
            out.cite(text, *span, artifact.name(), true);
        }
        if anchors.len() < self.least {
            self.say_what_lacks(&anchors, head.max_mark - score, &mut out);
        } else {
            let spans: Vec<Span> = anchors.iter().flatten().copied().take(1).chain(mention).collect();
            let what = format!("You have included {}, as the question asks.", artifact.named(self.least));
            out.findings.push(Finding::said(Sign::Done, what, "", spans, head.max_mark));
        }
        if self.must_mention && !anchors.is_empty() {
            if let Some(span) = mention {
                out.cite(text, span, "mention", true);
            } else {
                let lost = tidy(score / 2.0);
                score -= lost;
                out.step("required_artifact.not_mentioned", 0, Some(json!(1)), -lost);
                out.missing.push(format!("a sentence that says what the {} shows", artifact.name()));
                out.findings.push(
                    Finding::said(
                        Sign::Missing,
                        format!("The {} stands on its own, and your text does not speak of it.", artifact.name()),
                        "Number it, refer to it by that number, and say in a sentence what a reader should see in it.",
                        anchors.iter().flatten().copied().take(1).collect(),
                        lost,
                    )
                    .asking("What would a reader miss who skipped it?"),
                );
            }
        }
        // A figure without words or caption can be counted and not shown.
        if score > 0.0 && out.evidence.is_empty() {
            let first = script.answer.sentences.first().map(|s| s.span);
            out.missing.push(format!("a caption for the {}", artifact.name()));
            if let Some(span) = first {
                out.cite(text, span, "answer", true);
            }
        }
        out.score = Some(tidy(score));
        out
    }
}

impl RequiredArtifact {
    fn say_what_lacks(&self, anchors: &[Option<Span>], marks: f64, out: &mut Outcome) {
        let wanted = self.artifact.named(self.least);
        out.missing.push(if anchors.is_empty() {
            wanted.clone()
        } else {
            format!("{wanted} (found: {})", anchors.len())
        });
        let what = match anchors.len() {
            0 => format!("The question asks for {wanted}, and I found none."),
            n => format!("The question asks for {wanted}, and I found {n}."),
        };
        let advice = match self.artifact {
            Artifact::Figure => "Even a sketch by hand will do, photographed, with a caption and a number.",
            Artifact::Table => {
                "Set the figures out in rows and columns, each column with its heading and unit."
            }
            Artifact::Code => {
                "Paste it in as text in a fixed-width font, not as a picture, so that it can be run."
            }
            Artifact::Appendix => {
                "Put it after the references under a heading of its own, and refer to it where it matters."
            }
        };
        out.findings.push(
            Finding::said(
                Sign::Missing,
                what,
                advice,
                anchors.iter().flatten().copied().take(1).collect(),
                marks,
            )
            .asking("What would it show at a glance that a sentence cannot?"),
        );
    }
}
