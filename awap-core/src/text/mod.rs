//! Facts about text that every room needs: spans, edits, folding, words, sentences, stems.

mod edit;
mod fold;
mod pattern;
mod sentences;
mod span;
mod stem;
mod words;

pub use edit::{Edit, apply_edits};
pub use fold::{Folded, fold};
pub(crate) use pattern::pattern;
pub use sentences::sentences;
pub use span::Span;
pub use stem::stem;
pub(crate) use words::is_apostrophe;
pub use words::{Tokens, count_words, tokens, words};
