//! Words that are known misspellings: a list of slips rather than a dictionary, so that names and terms of a module are
//! never taken for errors.

use unicase::UniCase;

/// Whether a word is a known misspelling.
pub(crate) fn is_misspelt(word: &str) -> bool {
    corrections(word).is_some()
}

/// What a misspelt word may have been meant to be.
pub(crate) fn corrections(word: &str) -> Option<&'static [&'static str]> {
    if word.len() < 4 || !word.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    typos_dict::WORD.find(&UniCase::ascii(word)).copied().filter(|c| !c.is_empty())
}
