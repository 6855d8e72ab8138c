//! `references`: whether citations and reference list agree, each fault with both of its ends.

use std::collections::HashSet;

use serde_json::json;

use super::{Finding, Kind, Outcome, Script, Sign, cite_them_right, to_half};
use crate::Result;
use crate::citation::{Citation, Reference};
use crate::document::BlockKind;
use crate::feedback::rubric::{Head, Node};
use crate::text::{self, Span};
use crate::tma::ParsedBlock;

/// What is checked, and what a fault costs.
#[derive(Debug)]
pub(super) struct References {
    checks: Vec<Check>,
    least_works: usize,
    least_entries: usize,
    marks_per_fault: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Orphan,
    Uncited,
    Order,
    Year,
    Field,
    Page,
}

const CHECKS: [(&str, Check); 14] = [
    ("orphan_citation", Check::Orphan),
    ("uncited_reference", Check::Uncited),
    ("alphabetical_order", Check::Order),
    ("year_mismatch", Check::Year),
    ("missing_field", Check::Field),
    ("quotation_without_page", Check::Page),
    // The same checks, as some rubrics name them.
    ("orphan_citations", Check::Orphan),
    ("uncited_references", Check::Uncited),
    ("alphabetical", Check::Order),
    ("order", Check::Order),
    ("missing_fields", Check::Field),
    ("no_page_for_quotation", Check::Page),
    ("quotation_page", Check::Page),
    ("orphan", Check::Orphan),
];

/// One fault, with the places that show it.
struct Fault {
    check: Check,
    rule: &'static str,
    spans: Vec<Span>,
    /// The work in question, as the student knows it.
    about: String,
    what: String,
    advice: String,
    missing: Option<String>,
}

impl References {
    pub(super) fn load(params: &Node<'_>, head: &Head) -> Result<Self> {
        params.or("style", (), |n| n.choice(&[("cite_them_right", ()), ("harvard", ())]))?;
        let all = CHECKS.iter().take(6).map(|(_, c)| *c).collect();
        let checks = params.or("checks", all, |n| n.list()?.iter().map(|c| c.choice(&CHECKS)).collect())?;
        Ok(Self {
            checks,
            least_works: params.or("min_citations", 1, |n| n.count(0))? as usize,
            least_entries: params.or("min_references", 0, |n| n.count(0))? as usize,
            marks_per_fault: params
                .or("marks_per_fault", head.max_mark / 6.0, |n| n.number_within(0.0, 1e6))?,
        })
    }

    fn has(&self, check: Check) -> bool {
        self.checks.contains(&check)
    }
}

impl Kind for References {
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome {
        let mut out = Outcome { confidence: 0.8, ..Outcome::default() };
        let text = script.answer.text;
        let within =
            |c: &&Citation| script.answer.spans.iter().any(|s| s.contains(Span::new(c.start, c.end)));
        let citations: Vec<&Citation> = script.tma.citations.iter().filter(within).collect();
        let references = &script.tma.references;
        let works: HashSet<String> = citations.iter().map(|c| work(c)).collect();
        let enough = share(works.len(), self.least_works).min(share(references.len(), self.least_entries));
        let mut score = head.max_mark * enough;
        out.step(
            "references.enough",
            json!({"works_cited": works.len(), "references": references.len()}),
            Some(json!({"citations": self.least_works, "references": self.least_entries})),
            score,
        );
        self.say_what_is_short(&citations, works.len(), references, head.max_mark - score, &mut out);
        let faults = self.faults(script, &citations);
        for fault in &faults {
            let effect = self.marks_per_fault.min(score);
            score -= effect;
            for span in &fault.spans {
                out.cite(text, *span, fault.rule, false);
            }
            if let Some(missing) = &fault.missing {
                out.missing.push(missing.clone());
            }
            out.step(fault.rule, fault.spans.len(), Some(json!(0)), -effect);
        }
        for group in faults.chunk_by(|a, b| a.check == b.check) {
            let Some(first) = group.first() else { continue };
            let (what, advice) = match group {
                [one] => (one.what.clone(), one.advice.clone()),
                many => together(first.check, many),
            };
            let marks = self.marks_per_fault * group.len() as f64;
            let spans = group.iter().flat_map(|f| f.spans.iter().copied()).collect();
            out.findings.push(
                Finding::said(Sign::Wrong, what, advice, spans, marks.min(head.max_mark))
                    .asking("Could a reader find each of your sources from what you give?"),
            );
        }
        let sound: Vec<&Citation> = citations.iter().copied().filter(|c| c.reference.is_some()).collect();
        if let Some(first) = sound.first() {
            for citation in sound.iter().take(3) {
                out.cite(text, Span::new(citation.start, citation.end), "citation", true);
            }
            let span = Span::new(first.start, first.end);
            let what = if faults.is_empty() && sound.len() == citations.len() {
                "Every source that you cite can be found in your list of references"
            } else {
                "You tell the reader where your ideas come from"
            };
            out.findings.push(Finding::said(Sign::Done, what, "", vec![span], score));
        }
        let rounded = to_half(score, head.max_mark);
        out.step("references.rounded", rounded, Some(json!(score)), rounded - score);
        out.score = Some(rounded);
        out
    }
}

/// One cited work, whatever the page.
pub(super) fn work(citation: &Citation) -> String {
    match citation.reference {
        Some(i) => format!("#{i}"),
        None => format!(
            "{} {}",
            citation.authors.join(" ").to_lowercase(),
            citation.year.as_deref().unwrap_or("")
        ),
    }
}

fn share(have: usize, wanted: usize) -> f64 {
    if wanted == 0 { 1.0 } else { (have as f64 / wanted as f64).min(1.0) }
}

impl References {
    fn say_what_is_short(
        &self,
        citations: &[&Citation],
        works: usize,
        references: &[Reference],
        marks: f64,
        out: &mut Outcome,
    ) {
        if works < self.least_works {
            out.missing.push(format!("citations of at least {} (found: {works})", sources(self.least_works)));
            let what = match works {
                0 => "You do not yet cite a source in this answer.".to_owned(),
                _ => format!(
                    "You cite {} here, and at least {} were asked for.",
                    sources(works),
                    self.least_works
                ),
            };
            out.findings.push(Finding::said(
                Sign::Missing,
                what,
                "Each time you take an idea or a fact from the module materials, put the author and year in brackets after it.",
                citations.iter().take(2).map(|c| Span::new(c.start, c.end)).collect(),
                marks,
            ).asking("Where did you first meet the ideas that you use here?"));
        }
        if references.len() < self.least_entries {
            out.missing.push(format!(
                "a reference list of at least {} entries (found: {})",
                self.least_entries,
                references.len()
            ));
            if works >= self.least_works {
                out.findings.push(Finding::said(
                    Sign::Missing,
                    format!("The list of references has {} of the {} entries asked for.", references.len(), self.least_entries),
                    "Build the list as you read: one full entry for each source that you cite, in the order of the authors’ surnames.",
                    references.iter().take(2).map(|r| Span::new(r.start, r.end)).collect(),
                    marks,
                ));
            }
        }
    }

    fn faults(&self, script: &Script<'_>, citations: &[&Citation]) -> Vec<Fault> {
        let references = &script.tma.references;
        let mut faults = Vec::new();
        let mut done = HashSet::new();
        // A citation and a reference of one author and two years are one fault, not an orphan and an uncited entry.
        let mut explained = HashSet::new();
        for citation in citations {
            let span = Span::new(citation.start, citation.end);
            let by_author = |r: &Reference| {
                !citation.authors.is_empty() && first_author(&r.authors) == first_author(&citation.authors)
            };
            let other_year = match citation.reference {
                Some(i) => references.get(i).map(|r| (i, r)).filter(|(_, r)| years_differ(citation, r)),
                None => {
                    references.iter().enumerate().find(|(_, r)| by_author(r) && years_differ(citation, r))
                }
            };
            if let Some((i, reference)) = other_year {
                explained.insert(i);
                if self.has(Check::Year) && done.insert((Check::Year as u8, work(citation))) {
                    faults.push(year_fault(citation, span, reference));
                }
            } else if citation.is_orphan()
                && self.has(Check::Orphan)
                && done.insert((Check::Orphan as u8, work(citation)))
            {
                faults.push(Fault {
                    check: Check::Orphan,
                    rule: "references.orphan_citation",
                    spans: vec![span],
                    about: named(citation),
                    what: format!(
                        "You cite “{}”, and no entry in your list of references matches it.",
                        named(citation)
                    ),
                    advice: format!(
                        "Add the full entry for {} to your list, so that a reader can find the source.",
                        named(citation)
                    ),
                    missing: Some(format!("a reference for {}", named(citation))),
                });
            }
        }
        if self.has(Check::Uncited) {
            for (_, reference) in
                references.iter().enumerate().filter(|(i, r)| !r.cited && !explained.contains(i))
            {
                faults.push(Fault {
                    check: Check::Uncited,
                    rule: "references.uncited_reference",
                    spans: vec![Span::new(reference.start, reference.end)],
                    about: entry(reference),
                    what: format!(
                        "{} is in your list of references, and your text does not cite it.",
                        entry(reference)
                    ),
                    advice: format!(
                        "Either cite {} at the place where you used it or take it out of the list.",
                        entry(reference)
                    ),
                    missing: Some(format!("a citation of {}", entry(reference))),
                });
            }
        }
        if self.has(Check::Order) {
            faults.extend(order_fault(references, &script.tma.blocks));
        }
        if self.has(Check::Field) {
            faults.extend(references.iter().filter_map(field_fault));
        }
        if self.has(Check::Page) {
            faults.extend(page_faults(script, citations));
        }
        faults.sort_by_key(|f| f.check as u8);
        faults
    }
}

/// Several faults of one kind, said once.
fn together(check: Check, faults: &[Fault]) -> (String, String) {
    let mut names: Vec<&str> = faults.iter().map(|f| f.about.as_str()).collect();
    names.dedup();
    let n = faults.len();
    let list = match names.as_slice() {
        [all @ .., last] if !all.is_empty() && names.len() <= 3 => format!("{} and {last}", all.join(", ")),
        [first, second, ..] => format!("{first}, {second} and others"),
        _ => names.concat(),
    };
    match check {
        Check::Orphan => (
            format!("You cite {list}, and your list of references has no entry for them."),
            "Add the full entry for each, so that a reader can find the source.".to_owned(),
        ),
        Check::Uncited => (
            format!("Your list of references has {n} entries that your text does not cite: {list}."),
            "Cite each at the place where you used it, or take it out of the list.".to_owned(),
        ),
        Check::Year => (
            format!("Text and list give different years for {list}."),
            "Check each year on the title page of the source, and make the two agree.".to_owned(),
        ),
        Check::Field => (
            format!("{n} entries of your list lack what a reader needs to find the source: {list}."),
            "Complete them; the guide to Cite Them Right shows the pattern for each kind of source."
                .to_owned(),
        ),
        Check::Page => (
            format!("You quote {list} word for word without page numbers."),
            "Give the page after the year, as in (Author, year, p. 12), whenever the words are not your own."
                .to_owned(),
        ),
        Check::Order => (
            format!("Your list of references is not in alphabetical order: see {list}."),
            "Sort it by the surname of the first author.".to_owned(),
        ),
    }
}

fn sources(n: usize) -> String {
    if n == 1 { "one source".to_owned() } else { format!("{n} sources") }
}

fn first_author(authors: &[String]) -> String {
    authors.first().map(|a| a.to_lowercase()).unwrap_or_default()
}

/// `Smith (2019)`
fn named(citation: &Citation) -> String {
    let authors = match citation.authors.as_slice() {
        [] => return citation.text.clone(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, ..] => format!("{one} et al."),
    };
    citation.year.as_ref().map_or_else(|| authors.clone(), |y| format!("{authors} ({y})"))
}

fn entry(reference: &Reference) -> String {
    let author = reference.authors.first().or(reference.title.as_ref());
    match (author, &reference.year) {
        (Some(author), Some(year)) => format!("{author} ({year})"),
        (Some(author), None) => author.clone(),
        // An entry without author and title is known by how it begins.
        (None, _) => {
            let words: Vec<&str> = reference.text.split_whitespace().take(4).collect();
            format!("“{}”", words.join(" ").trim_end_matches(['.', ',', ';']))
        }
    }
}

fn years_differ(citation: &Citation, reference: &Reference) -> bool {
    match (&citation.year, &reference.year) {
        (Some(a), Some(b)) => {
            a != b
                && a.starts_with(|c: char| c.is_ascii_digit())
                && b.starts_with(|c: char| c.is_ascii_digit())
        }
        _ => false,
    }
}

fn year_fault(citation: &Citation, span: Span, reference: &Reference) -> Fault {
    let year = |y: &Option<String>| y.clone().unwrap_or_default();
    Fault {
        check: Check::Year,
        rule: "references.year_mismatch",
        spans: vec![span, Span::new(reference.start, reference.end)],
        about: named(citation),
        what: format!(
            "{} is dated {} in your text and {} in your list.",
            citation.authors.first().map_or("One source", String::as_str),
            year(&citation.year),
            year(&reference.year)
        ),
        advice: "Check the year on the title page of the source, and make text and list agree.".to_owned(),
        missing: None,
    }
}

/// The first pair of neighbours in the wrong order; one misplaced entry is one fault.
fn order_fault(references: &[Reference], blocks: &[ParsedBlock]) -> Option<Fault> {
    let key = |r: &Reference| {
        let author = r.authors.first().map_or(r.text.as_str(), String::as_str);
        // An accent does not move a name.
        let letters: String =
            text::fold(author).chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect();
        letters.trim_start_matches("the ").to_owned()
    };
    // Each question may have a list of its own: what is no list stands between two of them.
    let parted = |a: &Reference, b: &Reference| {
        let from = blocks.partition_point(|block| block.start < a.end);
        let mut between = blocks.iter().skip(from).take_while(|block| block.start < b.start);
        between.any(|block| block.end > block.start && block.role.as_deref() != Some("reference_list"))
    };
    let (a, b) = references.windows(2).find_map(|w| match w {
        [a, b] if key(a) > key(b) && !parted(a, b) => Some((a, b)),
        _ => None,
    })?;
    Some(Fault {
        check: Check::Order,
        rule: "references.alphabetical_order",
        spans: vec![Span::new(a.start, a.end), Span::new(b.start, b.end)],
        about: entry(b),
        what: format!("In your list of references {} stands before {}.", entry(a), entry(b)),
        advice: "Sort the list by the surname of the first author, so that a reader can find an entry at a glance.".to_owned(),
        missing: None,
    })
}

fn field_fault(reference: &Reference) -> Option<Fault> {
    let mut lacking = Vec::new();
    if reference.authors.is_empty() {
        lacking.push("author");
    }
    if reference.year.is_none() {
        lacking.push("year");
    }
    if reference.title.is_none() {
        lacking.push("title");
    }
    if lacking.is_empty() {
        lacking = cite_them_right::lacking(reference);
    }
    if lacking.is_empty() {
        return None;
    }
    let what = lacking.join(" and ");
    Some(Fault {
        check: Check::Field,
        rule: "references.missing_field",
        spans: vec![Span::new(reference.start, reference.end)],
        about: entry(reference),
        what: format!("The entry for {} in your list of references has no {what}.", entry(reference)),
        advice: format!(
            "Complete that entry with its {what}; the guide to Cite Them Right shows the pattern for each kind of source."
        ),
        missing: Some(format!("the {what} of {}", entry(reference))),
    })
}

/// Quotations whose citation, in the same sentence, has no page.
fn page_faults(script: &Script<'_>, citations: &[&Citation]) -> Vec<Fault> {
    let text = script.answer.text;
    let mut faults = Vec::new();
    let mut fault = |quote: Span, citation: &Citation| {
        faults.push(Fault {
            check: Check::Page,
            rule: "references.quotation_without_page",
            spans: vec![quote, Span::new(citation.start, citation.end)],
            about: named(citation),
            what: format!("You quote {} word for word without a page number.", named(citation)),
            advice: "Give the page after the year, as in (Author, year, p. 12), whenever the words are not your own.".to_owned(),
            missing: Some(format!("the page of the quotation from {}", named(citation))),
        });
    };
    for sentence in &script.answer.sentences {
        let Some(citation) = citations.iter().find(|c| sentence.span.contains(Span::new(c.start, c.end)))
        else {
            continue;
        };
        if citation.page.is_some() {
            continue;
        }
        if let Some(quote) = quotation(sentence.span.of(text)) {
            fault(Span::new(sentence.span.start + quote.start, sentence.span.start + quote.end), citation);
        }
    }
    for block in script.tma.blocks.iter().filter(|b| b.kind == BlockKind::Quote) {
        let span = Span::new(block.start, block.end);
        let inside = citations.iter().find(|c| span.contains(Span::new(c.start, c.end)) && c.page.is_none());
        if let Some(citation) = inside.filter(|_| quotation(span.of(text)).is_none()) {
            fault(span, citation);
        }
    }
    faults
}

/// The first stretch of at least five words between quotation marks.
fn quotation(sentence: &str) -> Option<Span> {
    quotations(sentence).into_iter().next()
}

/// Stretches of at least five words between quotation marks, by kind of mark.
pub(in crate::feedback) fn quotations(sentence: &str) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for (open, close) in [('“', '”'), ('"', '"'), ('‘', '’')] {
        let mut from = 0;
        while let Some(at) = sentence.get(from..).and_then(|s| s.find(open)).map(|i| from + i) {
            let inner = at + open.len_utf8();
            let Some(rest) = sentence.get(inner..) else { break };
            // A curly apostrophe inside a word closes nothing.
            let end = rest.char_indices().find(|(i, c)| {
                *c == close
                    && !rest.get(i + c.len_utf8()..).is_some_and(|r| r.starts_with(char::is_alphanumeric))
            });
            let Some((end, _)) = end else { break };
            let span = Span::new(at, inner + end + close.len_utf8());
            let long = text::tokens(rest.get(..end).unwrap_or_default()).count() >= 5;
            if long && !found.iter().any(|f| f.contains(span)) {
                found.push(span);
            }
            from = span.end;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_told_from_single_words_and_apostrophes() {
        for (sentence, want) in [
            (
                "He calls it “the work of many hands together” (Smith, 2019).",
                Some("“the work of many hands together”"),
            ),
            (
                "He said ‘it is the city’s way of living’ (Ali, 2020).",
                Some("‘it is the city’s way of living’"),
            ),
            ("The so-called “interaction order” matters.", None),
            ("It's the dog's life.", None),
        ] {
            assert_eq!(quotation(sentence).map(|s| s.of(sentence)), want, "{sentence}");
        }
    }
}
