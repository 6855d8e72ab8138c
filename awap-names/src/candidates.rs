//! Which words the model is asked about: runs of words with a capital, and names in lower case on short lines.

use crate::Text;
use crate::lists::known;
use crate::token::{Gap, Shape, Token, may_be_name};

/// Tokens from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first token.
    pub start: usize,
    /// One past the last token.
    pub end: usize,
}

/// The most tokens of a run.
const LONGEST: usize = 24;

/// All candidates, in order; none overlap.
pub fn runs(text: &Text<'_>) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(token) = text.tokens.get(at) {
        if !begins(text, token) {
            at += 1;
            continue;
        }
        let end = run_end(text, at);
        let tokens = text.tokens.get(at..end).unwrap_or_default();
        if tokens.iter().any(is_candidate) {
            runs.push(Run { start: at, end });
        }
        at = end;
    }
    runs
}

fn begins(text: &Text<'_>, token: &Token) -> bool {
    token.is_capital() || is_low_name(text, token)
}

/// A word in lower case that is a name and no common word, on a short line (elsewhere nothing is looked up).
fn is_low_name(_: &Text<'_>, token: &Token) -> bool {
    token.shape == Shape::Lower
        && token.known & (known::GIVEN | known::FAMILY) != 0
        && known::frequency(token.known) <= 1
}

fn is_candidate(token: &Token) -> bool {
    token.is_word() && token.end - token.start >= 2 && may_be_name(token.known)
}

/// One past the last word of the run that starts at `start`.
fn run_end(text: &Text<'_>, start: usize) -> usize {
    let mut end = start + 1;
    let mut at = end;
    while at < start + LONGEST {
        let Some(token) = text.tokens.get(at) else { break };
        if token.gap >= Gap::Wide {
            break;
        }
        if begins(text, token) {
            at += 1;
            end = at;
            continue;
        }
        // What may stand between two words of a name: a particle, the full stop of an initial, a hyphen.
        let word = text.text.get(token.start as usize..token.end as usize).unwrap_or_default();
        let before = text.tokens.get(at - 1).is_some_and(|t| t.end - t.start <= 3);
        let joins = match word {
            "." => token.gap == Gap::None && before,
            "-" | "\u{2010}" | "\u{2011}" => {
                token.gap == Gap::None && text.tokens.get(at + 1).is_some_and(|t| t.gap == Gap::None)
            }
            _ => is_particle(word),
        };
        if !joins {
            break;
        }
        at += 1;
    }
    end
}

/// Small words inside names.
pub(crate) fn is_particle(word: &str) -> bool {
    matches!(
        word,
        "van"
            | "von"
            | "der"
            | "den"
            | "de"
            | "del"
            | "della"
            | "di"
            | "da"
            | "do"
            | "dos"
            | "das"
            | "du"
            | "la"
            | "le"
            | "el"
            | "al"
            | "bin"
            | "ibn"
            | "bint"
            | "ap"
            | "ab"
            | "ter"
            | "ten"
            | "te"
            | "zu"
            | "y"
            | "ul"
            | "ur"
    )
}
