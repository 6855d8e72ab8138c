//! `concepts`: points of knowledge, each looked for by its terms in sentences that count.

use std::collections::{BTreeSet, HashSet};

use serde_json::json;

use super::{Finding, Kind, Outcome, Script, Sign};
use crate::Result;
use crate::feedback::rubric::{Head, Node, tidy};
use crate::feedback::terms::{Hit, Matching, Place, Term};
use crate::text::Span;

/// Sentences shown for one point.
const SHOWN: usize = 3;
/// Points that an answer speaks against before a person is asked to read it.
const AGAINST: usize = 2;

/// The points and how their terms are matched.
#[derive(Debug)]
pub(super) struct Concepts {
    points: Vec<Point>,
    matching: Matching,
    guard: bool,
}

/// One point: the terms that show it, and where they may stand.
#[derive(Debug)]
pub(super) struct Point {
    id: String,
    label: String,
    marks: f64,
    any_of: Vec<Term>,
    all_of: Vec<Term>,
    none_of: Vec<Term>,
    min_hits: usize,
    near: Option<usize>,
    place: Place,
}

impl Concepts {
    pub(super) fn load(params: &Node<'_>, head: &Head) -> Result<Self> {
        let matching = Matching::load(params.get("match")?.as_ref())?;
        let guard = params.or("negation_guard", true, Node::boolean)?;
        let list_node = params.required("points")?;
        let list = list_node.list()?;
        if list.is_empty() {
            return Err(list_node.fault("A criterion of kind “concepts” has at least one point."));
        }
        // Points without marks share the criterion's equally.
        let share = head.max_mark / list.len() as f64;
        let mut ids = HashSet::new();
        let mut points = Vec::with_capacity(list.len());
        for (i, node) in list.iter().enumerate() {
            let point = Point::load(node, i, share, head.max_mark, &matching)?;
            if !ids.insert(point.id.clone()) {
                return Err(node.required("id")?.fault("Another point of this criterion has this id."));
            }
            points.push(point);
        }
        let sum: f64 = points.iter().map(|p| p.marks).sum();
        // More points than marks is a choice (“any four of six”); fewer would put full marks out of reach.
        if sum + 1e-3 < head.max_mark {
            return Err(list_node
                .fault(format!(
                    "The points' marks add up to {}, less than the criterion's “max_mark” of {}.",
                    tidy(sum),
                    head.max_mark
                ))
                .with("sum", sum)
                .with("expected", head.max_mark));
        }
        Ok(Self { points, matching, guard })
    }
}

impl Point {
    /// Reads a point; one without marks of its own has `share`.
    pub(super) fn load(
        node: &Node<'_>,
        index: usize,
        share: f64,
        max: f64,
        matching: &Matching,
    ) -> Result<Self> {
        let terms = |key: &str| -> Result<Vec<Term>> {
            let Some(list) = node.get(key)? else { return Ok(Vec::new()) };
            list.list()?.iter().map(|n| Term::load(n, matching)).collect()
        };
        let id = node.or("id", format!("p{}", index + 1), |n| n.text().map(str::to_owned))?;
        let point = Self {
            label: node.or("label", id.clone(), |n| n.text().map(str::to_owned))?,
            id,
            marks: node.or("marks", share, |n| n.number_within(0.0, max.max(1e-9)))?,
            any_of: terms("any_of")?,
            all_of: terms("all_of")?,
            none_of: terms("none_of")?,
            min_hits: node.or("min_hits", 1, |n| n.count(1))? as usize,
            near: node.maybe("near", |n| n.count(1))?.map(|n| n as usize),
            place: node.or("in", Place::Prose, |n| {
                n.choice(&[("prose", Place::Prose), ("code", Place::Code), ("anywhere", Place::Anywhere)])
            })?,
        };
        if point.any_of.is_empty() && point.all_of.is_empty() {
            return Err(node.fault("A point needs terms to look for, in “any_of” or “all_of”."));
        }
        if !point.any_of.is_empty() && point.min_hits > point.any_of.len() {
            return Err(node
                .required("min_hits")?
                .fault("“min_hits” is more than there are terms in “any_of”."));
        }
        Ok(point)
    }

    /// The name that evidence bears, and the rubric's words.
    pub(super) fn names(&self) -> (&str, &str) {
        (&self.id, &self.label)
    }

    /// The hits that make this point, unless something contradicts it.
    pub(super) fn found(&self, script: &Script<'_>, matching: &Matching, guard: bool) -> Option<Vec<Hit>> {
        let found = self.look(script, matching, guard);
        found.hits.filter(|_| found.misconceptions.is_empty())
    }

    /// What of the answer makes this point, and what denies or contradicts it.
    fn look(&self, script: &Script<'_>, matching: &Matching, guard: bool) -> Found {
        let find = |terms: &[Term]| -> Vec<Vec<Hit>> {
            terms.iter().map(|t| t.find(script.answer, script.lexicon, matching, self.place, guard)).collect()
        };
        let mut denied = Vec::new();
        let mut all = Vec::new();
        let any_hits = find(&self.any_of);
        let all_hits = find(&self.all_of);
        for (term, hits) in any_hits.iter().chain(&all_hits).enumerate() {
            for hit in hits {
                if hit.negated { denied.push(*hit) } else { all.push((term, *hit)) }
            }
        }
        all.sort_by_key(|(term, hit)| (hit.token, hit.span.start, *term));
        let misconceptions = find(&self.none_of).into_iter().flatten().filter(|h| !h.negated).collect();
        Found { hits: self.window(&all), denied, misconceptions }
    }

    /// The shortest stretch of the answer in which all terms that must stand together do.
    fn window(&self, hits: &[(usize, Hit)]) -> Option<Vec<Hit>> {
        let any = self.any_of.len();
        let wanted = if any == 0 { 0 } else { self.min_hits };
        let distinct: BTreeSet<usize> = hits.iter().map(|(t, _)| *t).filter(|t| *t < any).collect();
        if distinct.len() < wanted {
            return None;
        }
        if self.near.is_none() && self.all_of.is_empty() {
            // Without a distance, the terms may stand anywhere in the answer: the first use of each.
            let firsts = distinct.iter().filter_map(|t| hits.iter().find(|(u, _)| u == t));
            return Some(firsts.map(|(_, h)| *h).take(wanted.max(1)).collect());
        }
        let together = if self.near.is_some() { wanted } else { wanted.min(1) };
        let mut counts = vec![0usize; any + self.all_of.len()];
        let (mut have_any, mut have_all) = (0, 0);
        let mut start = 0;
        let mut best: Option<(usize, std::ops::RangeInclusive<usize>)> = None;
        for (end, (term, hit)) in hits.iter().enumerate() {
            counts[*term] += 1;
            if counts[*term] == 1 {
                *(if *term < any { &mut have_any } else { &mut have_all }) += 1;
            }
            while !self.is_close(&hits[start].1, hit) {
                let old = hits[start].0;
                counts[old] -= 1;
                if counts[old] == 0 {
                    *(if old < any { &mut have_any } else { &mut have_all }) -= 1;
                }
                start += 1;
            }
            while have_any >= together && have_all == self.all_of.len() {
                let (term, first) = &hits[start];
                let extent = hit.token.saturating_sub(first.token);
                if best.as_ref().is_none_or(|(least, _)| extent < *least) {
                    best = Some((extent, start..=end));
                }
                counts[*term] -= 1;
                if counts[*term] == 0 {
                    *(if *term < any { &mut have_any } else { &mut have_all }) -= 1;
                }
                start += 1;
            }
        }
        // The words that say most come first: those of which any will do, the longest before the others.
        best.map(|(_, range)| {
            let mut window: Vec<(bool, Hit)> = hits[range].iter().map(|(t, h)| (*t >= any, *h)).collect();
            window.sort_by_key(|(general, h)| (*general, std::cmp::Reverse(h.span.len()), h.span.start));
            window.into_iter().map(|(_, h)| h).collect()
        })
    }

    /// Whether two hits stand together: within `near` words, or else within three sentences.
    fn is_close(&self, first: &Hit, last: &Hit) -> bool {
        if let Some(near) = self.near {
            return last.token.saturating_sub(first.token) <= near;
        }
        match (first.sentence, last.sentence) {
            (Some(a), Some(b)) => b.saturating_sub(a) <= 2,
            _ => true,
        }
    }
}

struct Found {
    hits: Option<Vec<Hit>>,
    denied: Vec<Hit>,
    misconceptions: Vec<Hit>,
}

impl Kind for Concepts {
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome {
        let mut out = Outcome::default();
        let mut score = 0.0;
        let (mut doubts, mut against) = (0, 0);
        for point in &self.points {
            let found = point.look(script, &self.matching, self.guard);
            let text = script.answer.text;
            if !found.misconceptions.is_empty() {
                let spans = shown(&found.misconceptions, script);
                for span in &spans {
                    out.cite(text, *span, &point.id, false);
                }
                out.step("concepts.misconception", point.id.as_str(), Some(json!(0)), 0.0);
                out.missing.push(point.label.clone());
                let focus = found.misconceptions.first().map(|h| h.span);
                out.findings.push(Finding::point(Sign::Wrong, &point.label, spans, focus, point.marks));
                // Where the point is made as well, the student says both: a person should read it.
                doubts += usize::from(found.hits.is_some());
                against += 1;
                continue;
            }
            if let Some(hits) = found.hits {
                let spans = shown(&hits, script);
                for span in &spans {
                    out.cite(text, *span, &point.id, true);
                }
                let earned = point.marks.min(head.max_mark - score);
                score += earned;
                out.step("concepts.point", point.id.as_str(), Some(json!(point.min_hits)), earned);
                let focus = hits.first().map(|h| h.span);
                out.findings.push(Finding::point(Sign::Done, &point.label, spans, focus, point.marks));
            } else {
                if let Some(denied) = found.denied.first() {
                    for span in shown(std::slice::from_ref(denied), script) {
                        out.cite(text, span, &point.id, false);
                    }
                    out.step("concepts.negated", point.id.as_str(), None, 0.0);
                    doubts += 1;
                    against += 1;
                } else {
                    out.step("concepts.absent", point.id.as_str(), Some(json!(point.min_hits)), 0.0);
                }
                out.missing.push(point.label.clone());
                out.findings.push(Finding::point(Sign::Missing, &point.label, Vec::new(), None, point.marks));
            }
        }
        if against >= AGAINST {
            let message =
                "This says the opposite of several things that were looked for, or seems to: please read it.";
            out.reviews.push(("low_confidence", json!({"message": message, "points": against})));
        }
        out.score = Some(score);
        out.confidence = 0.85 - 0.6 * doubts as f64 / self.points.len() as f64;
        out
    }

    fn points(&self) -> Vec<(&str, &str)> {
        self.points.iter().map(Point::names).collect()
    }
}

/// The sentences in which hits stand (in code, the lines), each once, few enough to read.
fn shown(hits: &[Hit], script: &Script<'_>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for hit in hits {
        let sentence = hit.sentence.and_then(|s| script.answer.sentences.get(s)).map(|s| s.span);
        let span = match sentence {
            Some(span) if span.contains(hit.span) => span,
            _ => line_of(script.answer.text, hit.span),
        };
        if !spans.contains(&span) {
            spans.push(span);
        }
        if spans.len() == SHOWN {
            break;
        }
    }
    spans
}

/// The lines that a span touches, without outer white space.
fn line_of(text: &str, span: Span) -> Span {
    let start = text.get(..span.start).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
    let end = text.get(span.end..).and_then(|t| t.find('\n')).map_or(text.len(), |i| span.end + i);
    let line = text.get(start..end).unwrap_or_default();
    let trimmed = line.trim();
    let start = start + (line.len() - line.trim_start().len());
    Span::new(start, start + trimmed.len())
}
