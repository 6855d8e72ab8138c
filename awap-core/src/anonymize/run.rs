//! The steps of anonymization on a TMA whose attachments have been read.

use std::collections::BTreeMap;

use serde_json::Value;

use super::acquaintances;
use super::cover::Cover;
use super::echoes;
use super::finding::{Finding, Label};
use super::initials;
use super::introductions::Introductions;
use super::known::{Known, ValueMatcher};
use super::leak::Secrets;
use super::learned::Learned;
use super::mail::Mail;
use super::matcher::Matcher;
use super::model::{Anonymized, Options, Replacement, Report};
use super::nicknames;
use super::patterns::Patterns;
use super::person::Roster;
use super::pieces::{Collect, Piece, Visit, Zone, touches, walk};
use super::pseudonym::{PseudonymKey, is_pseudonym};
use super::recognizer::{Context, Mention, NameRecognizer, Recognizer};
use super::relations::Relations;
use super::resolve::{Placeholders, placeholders_in, settle};
use super::rewrite::{Moves, edit_part};
use super::roster::gather;
use super::scholarship::Scholarship;
use super::speakers;
use super::strays::Identity;
use super::surrogates::{Seed, Surrogates};
use crate::document::Part;
use crate::text::{Edit, Folded, Span, apply_edits, fold};
use crate::{Deadline, Limits, Result, Submission};

/// What finds names nobody told of, in the order in which they are asked.
static NAME_RECOGNIZERS: [&dyn NameRecognizer; 5] = [&Cover, &Mail, &Relations, &Introductions, &Learned];

/// The anonymized TMA, and what must not be in anything that goes out with it.
pub(super) fn run(
    mut tma: Submission,
    options: &Options,
    key: &PseudonymKey,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<(Anonymized, Identity)> {
    let before = earlier_pseudonym(&tma);
    let known = if before.is_some() {
        Known::of(&Submission { student_id: None, ..identity_of(&tma) })
    } else {
        Known::of(&tma)
    };
    let (mut labels_kept, mut report_only) = (options.keep.clone(), options.report_only);
    if before.is_some() {
        // Who the student is was known then and is not now: what stayed then may still be there.
        let (labels, only) = left_earlier(&tma);
        labels_kept.extend(labels.into_iter().filter(|l| !options.keep.contains(l)));
        report_only |= only;
    }
    let pseudonym = before.unwrap_or_else(|| key.pseudonym(&tma));
    tma.student_id = Some(pseudonym.clone());
    tma.student = None;
    tma.extra.remove("anonymization");
    tma.extra.remove("rewritten");

    let mut collect = Collect { pieces: Vec::new(), deadline };
    walk(&mut tma, limits, &mut collect)?;
    let pieces = collect.pieces;

    let seed = options.surrogates.then(|| key.seed(&pseudonym, pieces.iter().map(|p| p.text.as_str())));
    let plan = Plan::make(&pieces, &known, options, seed.as_ref(), deadline)?;
    let mut restore = Restore {
        pieces,
        plan: plan.pieces,
        next: 0,
        report_only: options.report_only,
        replacements: Vec::new(),
        cited: BTreeMap::new(),
    };
    walk(&mut tma, limits, &mut restore)?;

    if !options.report_only {
        let rubric = tma.rubric.take();
        let whole = serde_json::to_value(&tma).unwrap_or(Value::Null);
        plan.identity.secrets.check(&whole, &restore.cited)?;
        tma.rubric = rubric;
    }
    let mut counts = BTreeMap::new();
    for replacement in &restore.replacements {
        *counts.entry(replacement.label.clone()).or_default() += 1;
    }
    let report = Report {
        pseudonym,
        pseudonym_scope: key.scope(),
        replacements: restore.replacements,
        counts,
        citations_kept: plan.citations,
        labels_kept,
        report_only,
    };
    Ok((Anonymized { tma, anonymization: report, rewritten: Vec::new() }, plan.identity))
}

/// The pseudonym of a TMA that was anonymized before.
fn earlier_pseudonym(tma: &Submission) -> Option<String> {
    let earlier = tma.extra.get("anonymization")?.get("pseudonym")?.as_str()?;
    let whole = is_pseudonym(earlier);
    (whole && tma.student_id.as_deref() == Some(earlier) && tma.student.is_none()).then(|| earlier.to_owned())
}

/// The labels that an earlier run kept, and whether it replaced nothing.
fn left_earlier(tma: &Submission) -> (Vec<String>, bool) {
    let earlier = tma.extra.get("anonymization");
    let says = |field: &str| earlier.and_then(|e| e.get(field));
    let labels = says("labels_kept").and_then(Value::as_array).into_iter().flatten();
    let labels = labels.filter_map(Value::as_str).map(str::to_owned).collect();
    (labels, says("report_only") == Some(&Value::Bool(true)))
}

/// The fields that say who the student is, without the content.
fn identity_of(tma: &Submission) -> Submission {
    Submission {
        student_id: tma.student_id.clone(),
        student: tma.student.clone(),
        assignment_id: tma.assignment_id.clone(),
        course_id: tma.course_id.clone(),
        ..Submission::default()
    }
}

/// One finding with what will stand in its place.
struct Planned {
    finding: Finding,
    placeholder: String,
    surrogate: bool,
}

/// What gives out what will stand in the place of findings.
struct StandIns<'a> {
    placeholders: Placeholders,
    surrogates: Option<Surrogates<'a>>,
}

impl StandIns<'_> {
    fn plan(&mut self, finding: Finding, piece: &Piece) -> Planned {
        let text = finding.span.of(&piece.text);
        let surrogate = self.surrogates.as_mut().and_then(|s| s.of(&finding, text));
        Planned {
            surrogate: surrogate.is_some(),
            placeholder: surrogate.unwrap_or_else(|| self.placeholders.of(&finding, text)),
            finding,
        }
    }
}

/// Where the recognizers see identity in a text of which no student is known.
pub(super) fn identity_in(text: &str, limits: &Limits, deadline: &Deadline) -> Result<Vec<Span>> {
    let mut tma = Submission::default();
    tma.content.text = Some(text.to_owned());
    let mut collect = Collect { pieces: Vec::new(), deadline };
    walk(&mut tma, limits, &mut collect)?;
    let plan = Plan::make(&collect.pieces, &Known::default(), &Options::default(), None, deadline)?;
    Ok(plan.pieces.into_iter().flatten().map(|planned| planned.finding.span).collect())
}

/// What is to be done to each piece.
struct Plan {
    pieces: Vec<Vec<Planned>>,
    identity: Identity,
    citations: usize,
}

impl Plan {
    /// With a `seed`, surrogates stand where placeholders would.
    fn make(
        pieces: &[Piece],
        known: &Known,
        options: &Options,
        seed: Option<&Seed>,
        deadline: &Deadline,
    ) -> Result<Self> {
        let mut roster = Roster::new(known.student.clone());
        roster.cited = Scholarship::of(pieces);
        let mut mentions: Vec<Mention> = Vec::new();
        for recognizer in NAME_RECOGNIZERS {
            for (i, piece) in pieces.iter().enumerate() {
                deadline.check()?;
                recognizer.find(piece, i, &mut mentions);
            }
        }
        acquaintances::tell(pieces, &mut mentions, &roster.cited);
        let owners = gather(&mut roster, pieces, &mentions);
        let mut by_piece: Vec<Vec<Finding>> = pieces.iter().map(|_| Vec::new()).collect();
        for (mention, owner) in mentions.iter().zip(owners) {
            if let (Some(person), Some(findings)) = (owner, by_piece.get_mut(mention.piece)) {
                let label = if person == 0 { Label::NameStudent } else { Label::NameOther };
                findings.push(Finding {
                    span: mention.span,
                    label,
                    person,
                    rule: mention.rule,
                    confidence: mention.confidence,
                });
            }
        }
        // A short form is a guess, and no reason to withhold a result in which it stands.
        let secrets = Secrets::new(known, roster.student(), &options.keep);
        nicknames::add(&mut roster, pieces);
        let bytes = pieces.iter().map(|p| p.text.len()).sum();
        let matcher = Matcher::new(&roster, bytes)?;
        let student = Roster::new(roster.student().clone());
        let mut of_student = None;
        let values = ValueMatcher::new(known)?;
        let context = Context { known, roster: &roster };
        let allowed: Vec<String> = options.allow.iter().map(|a| fold(a)).filter(|a| !a.is_empty()).collect();

        let mut found = Vec::with_capacity(pieces.len());
        let mut citations = 0;
        for (piece, mut findings) in pieces.iter().zip(by_piece) {
            deadline.check()?;
            citations += piece.citations;
            let folded = Folded::new(&piece.text);
            if matcher.find(piece, &folded, &mut findings) {
                // A part of somebody else's name hides one of the student's that begins inside it: `HJ` that of `HJaved`.
                let alone = match of_student.take() {
                    Some(alone) => alone,
                    None => Matcher::new(&student, bytes)?,
                };
                alone.find(piece, &folded, &mut findings);
                of_student = Some(alone);
            }
            values.find(piece, &folded, &mut findings);
            initials::find(piece, &folded, roster.student(), &mut findings);
            speakers::find(piece, &roster, &mut findings);
            drop(folded);
            if piece.zone() != Zone::Identifier {
                Patterns.find(piece, &context, &mut findings);
            }
            let earlier = placeholders_in(&piece.text);
            findings.retain(|f| {
                let label = f.label.as_str();
                let kept = options.keep.iter().any(|k| k == label)
                    || touches(&earlier, f.span)
                    || f.label == Label::NameOther && is_allowed(&allowed, f.span.of(&piece.text));
                !kept
            });
            let mut settled = settle(piece, findings);
            let mut skip: Vec<Span> = settled
                .iter()
                .map(|f| f.span)
                .chain(piece.protected.iter().copied())
                .chain(earlier)
                .collect();
            skip.sort_unstable();
            let swept: Vec<Finding> = secrets
                .survivors(&piece.text, &skip)
                .into_iter()
                .map(|s| Finding::value(s.span, s.label, "final.sweep", 0.8))
                .collect();
            if !swept.is_empty() {
                settled.extend(swept);
                settled = settle(piece, settled);
            }
            found.push(settled);
        }
        echoes::find(pieces, &mut found);
        let mut placeholders = Placeholders::default();
        for piece in pieces {
            placeholders.note(&piece.text);
        }
        let surrogates = seed.map(|seed| Surrogates::new(seed, pieces, &found, known, &roster, &secrets));
        let mut stand_ins = StandIns { placeholders, surrogates };
        let mut plan = |(piece, found): (&Piece, Vec<Finding>)| {
            found.into_iter().map(|f| stand_ins.plan(f, piece)).collect()
        };
        let planned = pieces.iter().zip(found).map(&mut plan).collect();
        let identity = Identity::new(secrets, roster.student().clone(), &options.keep);
        Ok(Self { pieces: planned, identity, citations })
    }
}

/// Whether the caller said that this name stays.
fn is_allowed(allowed: &[String], text: &str) -> bool {
    if allowed.is_empty() {
        return false;
    }
    let text = fold(text);
    allowed.iter().any(|a| *a == text || a.split(' ').any(|w| w == text) || text.ends_with(&format!(" {a}")))
}

/// Puts the strings back, edited, and writes the report.
struct Restore {
    pieces: Vec<Piece>,
    plan: Vec<Vec<Planned>>,
    next: usize,
    report_only: bool,
    replacements: Vec<Replacement>,
    /// For results in which authors are cited, where.
    cited: BTreeMap<String, Vec<Span>>,
}

impl Restore {
    /// The next piece and what is to be done to it.
    fn take(&mut self) -> (Piece, Vec<Planned>) {
        let at = self.next;
        self.next += 1;
        let piece = self.pieces.get_mut(at).map(std::mem::take).unwrap_or_default();
        let plan = self.plan.get_mut(at).map(std::mem::take).unwrap_or_default();
        (piece, plan)
    }

    fn edits(&self, plan: &[Planned]) -> Vec<Edit> {
        if self.report_only {
            return Vec::new();
        }
        plan.iter().map(|p| Edit { span: p.finding.span, with: p.placeholder.clone() }).collect()
    }

    fn report(&mut self, path: &str, plan: Vec<Planned>, results: &[Span]) {
        for (i, Planned { finding, placeholder, surrogate }) in plan.into_iter().enumerate() {
            let result = results.get(i).copied().unwrap_or(finding.span);
            self.replacements.push(Replacement {
                part: path.to_owned(),
                start: finding.span.start,
                end: finding.span.end,
                label: finding.label.as_str().to_owned(),
                placeholder,
                surrogate,
                result_start: result.start,
                result_end: result.end,
                rule: finding.rule.to_owned(),
                confidence: finding.confidence,
            });
        }
    }

    fn note_cited(&mut self, piece: &Piece, text: &str, edits: &[Edit], results: &[Span]) {
        if !piece.protected.is_empty() && !self.report_only {
            let moves = Moves::new(edits, results);
            let spans = piece.protected.iter().map(|s| moves.span(*s)).collect();
            self.cited.insert(text.to_owned(), spans);
        }
    }

    fn apply(&mut self, path: &str) -> Option<String> {
        let (piece, plan) = self.take();
        let edits = self.edits(&plan);
        let changed = !edits.is_empty();
        let (text, results) = apply_edits(&piece.text, &edits);
        self.note_cited(&piece, &text, &edits, &results);
        self.report(path, plan, &results);
        changed.then_some(text)
    }
}

impl Visit for Restore {
    fn string(&mut self, path: &str, _zone: Zone, text: &mut String) -> Result<()> {
        let (piece, plan) = self.take();
        let edits = self.edits(&plan);
        let (new, results) = if edits.is_empty() {
            (piece.text.clone(), Vec::new())
        } else {
            apply_edits(&piece.text, &edits)
        };
        self.note_cited(&piece, &new, &edits, &results);
        *text = new;
        // Where a document's own name of a part is the path, the path is what it is called now.
        let path = if path.contains('#') && path.ends_with(&piece.text) && !edits.is_empty() {
            path.strip_suffix(piece.text.as_str()).unwrap_or(path).to_owned() + text
        } else {
            path.to_owned()
        };
        self.report(&path, plan, &results);
        Ok(())
    }

    fn part(&mut self, path: &str, part: &mut Part) -> Result<()> {
        let (piece, plan) = self.take();
        let edits = self.edits(&plan);
        let results = edit_part(part, &piece.text, &edits);
        self.note_cited(&piece, &part.text, &edits, &results);
        self.report(path, plan, &results);
        Ok(())
    }

    fn fixed(&mut self, path: &str, _text: &str) -> Result<Option<String>> {
        Ok(self.apply(path))
    }
}
