//! Replacing stretches of a text and moving the spans that lie on it.

use super::Span;

/// One replacement: `span` of the old text becomes `with`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What goes, in the old text.
    pub span: Span,
    /// What comes in its place.
    pub with: String,
}

/// Applies `edits` (sorted, not overlapping) to `text`; returns the new text and, for each edit, its span in it.
pub fn apply_edits(text: &str, edits: &[Edit]) -> (String, Vec<Span>) {
    let mut out = String::with_capacity(text.len());
    let mut spans = Vec::with_capacity(edits.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.span.start).unwrap_or_default());
        let start = out.len();
        out.push_str(&edit.with);
        spans.push(Span::new(start, out.len()));
        at = edit.span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    (out, spans)
}
