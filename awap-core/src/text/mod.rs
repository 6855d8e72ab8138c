//! Facts about text that every room needs: spans, edits, folding, words, sentences, stems.

mod edit;
mod span;

pub use edit::{Edit, apply_edits};
pub use span::Span;
