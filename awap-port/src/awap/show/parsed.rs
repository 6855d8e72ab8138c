//! The structure of a TMA as tables.

use std::fmt::Write as _;

use awap_core::tma::{Metadata, ParsedTma};

use crate::show::{BOLD, LOOK, count, heading, shortened, table, tma_title, wrapped};
use crate::single::Shown;

/// References shown before the rest is only counted.
const MOST: usize = 12;

pub(crate) fn show(parsed: &ParsedTma) -> Shown {
    let mut out = cover(&parsed.metadata);
    let counts = &parsed.counts;
    let _ = writeln!(
        out,
        "{} in all, {} that count; {}, {}, {}",
        count(counts.words as usize, "word", "words"),
        counts.words_counted,
        count(counts.paragraphs as usize, "paragraph", "paragraphs"),
        count(counts.tables as usize, "table", "tables"),
        count(counts.images as usize, "image", "images"),
    );
    questions(parsed, &mut out);
    sources(parsed, &mut out);
    if !parsed.warnings.is_empty() {
        out.push_str(&heading("To look at"));
        for warning in &parsed.warnings {
            let _ = write!(out, "{LOOK}{}{LOOK:#}", wrapped("  ! ", &warning.message));
        }
    }
    Shown { text: out, aside: String::new() }
}

fn cover(metadata: &Metadata) -> String {
    let what = tma_title(metadata);
    let mut out = String::new();
    if !what.is_empty() {
        let _ = writeln!(out, "{BOLD}{}{BOLD:#}", shortened(&what, 60));
    }
    if let Some(title) = &metadata.title {
        out.push_str(&wrapped("", title));
    }
    if let Some(words) = metadata.declared_word_count {
        let _ = writeln!(out, "{words} words declared");
    }
    out
}

fn questions(parsed: &ParsedTma, out: &mut String) {
    out.push_str(&heading("Answers"));
    if parsed.questions.is_empty() {
        out.push_str("  none was found\n");
        return;
    }
    let mut rows = table(&["Question", "Words", "Begins"]);
    for question in &parsed.questions {
        rows.add_row([question.id.clone(), question.words.to_string(), shortened(&question.text, 50)]);
    }
    let _ = writeln!(out, "{rows}");
}

fn sources(parsed: &ParsedTma, out: &mut String) {
    out.push_str(&heading("Sources"));
    let _ = writeln!(
        out,
        "{}, {}",
        count(parsed.citations.len(), "citation", "citations"),
        count(parsed.references.len(), "reference", "references"),
    );
    for citation in parsed.citations.iter().filter(|citation| citation.reference.is_none()) {
        let text = format!("cited, and not in the references: {}", citation.text);
        let _ = write!(out, "{LOOK}{}{LOOK:#}", wrapped("  ! ", &text));
    }
    if parsed.references.is_empty() {
        return;
    }
    let mut rows = table(&["Authors", "Year", "Title", "Cited"]);
    for reference in parsed.references.iter().take(MOST) {
        rows.add_row([
            shortened(&reference.authors.join(", "), 30),
            reference.year.clone().unwrap_or_default(),
            shortened(reference.title.as_deref().unwrap_or(&reference.text), 60),
            if reference.cited { "yes" } else { "no" }.to_owned(),
        ]);
    }
    let _ = writeln!(out, "{rows}");
    if parsed.references.len() > MOST {
        let _ = writeln!(out, "  and {} more", parsed.references.len() - MOST);
    }
}
