//! The shape of a name: reading one that starts at a given byte of a text.

use super::words::{is_also_family, is_not_a_name, is_particle, is_title};
use crate::text::{Span, fold};

/// A name as it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// All of it, the title included.
    pub(super) span: Span,
    /// Its words without titles, in order; `true` where it was written family name first, with a comma.
    pub(super) words: Vec<Span>,
    /// Whether a title stands before it.
    pub(super) titled: bool,
    /// `Smith, Jane`.
    pub(super) reversed: bool,
}

/// The most words a name is read to have.
pub(super) const WORDS: usize = 6;

/// What else counts as part of a name at a place.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allow {
    /// Words in lower case (after `Name:`, where students write anything).
    pub(super) lower: bool,
    /// `Family, Given`.
    pub(super) comma: bool,
}

/// One word of a text: letters, with apostrophes, hyphens and marks inside, starting at `at`.
pub(super) fn word_at(text: &str, at: usize) -> Option<Span> {
    let rest = text.get(at..)?;
    let mut end = 0;
    let mut joiner = None;
    for (i, c) in rest.char_indices() {
        if c.is_alphabetic()
            || !c.is_ascii() && (unicode_normalization::char::is_combining_mark(c) || is_hidden(c))
        {
            end = i + c.len_utf8();
            joiner = None;
        } else if joiner.is_none() && end > 0 && matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '-' | '‐' | '‑')
        {
            joiner = Some(i);
        } else {
            break;
        }
    }
    (end > 0).then(|| Span::new(at, at + end))
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// The next capital at the start of a word, from byte `from` on.
pub(super) fn next_capital(text: &str, from: usize) -> Option<usize> {
    // One byte behind the start of `É` goes on at its end.
    let from = text.ceil_char_boundary(from);
    let mut at = from;
    loop {
        // Most bytes are neither, and go by quickly.
        let rest = text.as_bytes().get(at..)?;
        at += rest.iter().position(|b| b.is_ascii_uppercase() || !b.is_ascii())?;
        let c = text.get(at..)?.chars().next()?;
        if c.is_uppercase() && !is_inside(text, from, at) {
            return Some(at);
        }
        at += c.len_utf8();
    }
}

/// Whether byte `at` goes on a word, as far as can be said from byte `from` on: after a letter, a digit, or an apostrophe or hyphen behind one.
fn is_inside(text: &str, from: usize, at: usize) -> bool {
    let behind = text.get(from..at).unwrap_or_default();
    let joints = behind.trim_end_matches(['\'', '-', '’']);
    let head = text.get(..from + joints.len()).unwrap_or_default();
    // What stands before `from` is a joint of nothing.
    head.chars().next_back().is_some_and(char::is_alphanumeric)
}

/// The word without a possessive ending (`Indah's` → `Indah`).
pub(super) fn without_possessive(text: &str, word: Span) -> Span {
    let w = word.of(text);
    for ending in ["'s", "’s", "'S", "’S", "ʼs", "‘s", "`s"] {
        if let Some(base) = w.strip_suffix(ending) {
            return Span::new(word.start, word.start + base.len());
        }
    }
    word
}

/// The end of a run of blanks inside a line from `at`.
pub(super) fn skip_blanks(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.len() - rest.trim_start_matches([' ', '\u{a0}', '\u{202f}', '\u{2009}']).len()
}

pub(super) fn starts_upper(word: &str) -> bool {
    word.chars().next().is_some_and(|c| c.is_uppercase() || is_unicased(c))
}

/// Letters of scripts without case.
pub(super) fn is_unicased(c: char) -> bool {
    c.is_alphabetic() && !c.is_uppercase() && !c.is_lowercase()
}

/// Reads a name that starts at byte `at`.
pub(super) fn name_at(text: &str, at: usize, allow: Allow) -> Option<Shape> {
    let mut shape = Shape { span: Span::new(at, at), words: Vec::new(), titled: false, reversed: false };
    let mut pos = at;
    // Titles.
    loop {
        let word = word_at(text, pos)?;
        let after = word.end + usize::from(text.get(word.end..).is_some_and(|r| r.starts_with('.')));
        let next = skip_blanks(text, after);
        if is_title(&fold(word.of(text))) && starts_upper(word.of(text)) && next > after {
            shape.titled = true;
            pos = next;
        } else {
            break;
        }
    }
    let mut pending: Vec<Span> = Vec::new();
    let mut commas = 0;
    while shape.words.len() < WORDS {
        let Some(word) = word_at(text, pos) else { break };
        let whole = word;
        // `C7654321` and `TM112` are no names.
        if text
            .get(whole.end..)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '@'))
        {
            break;
        }
        let word = without_possessive(text, word);
        let folded = fold(word.of(text));
        let possessive = word != whole;
        let dotted = text.get(whole.end..).is_some_and(|r| r.starts_with('.'));
        let letters = folded.chars().filter(|c| c.is_alphabetic()).count();
        let initial =
            letters == 1 && starts_upper(word.of(text)) && !matches!(folded.as_str(), "i" if !dotted);
        let initials = dotted_initials(text, word.start);
        let small = is_particle(&folded) && !starts_upper(word.of(text)) && !possessive;
        let accepted = if let Some(initials) = initials {
            shape.words.append(&mut pending);
            shape.words.push(initials);
            pos = initials.end;
            shape.span.end = initials.end;
            let next = skip_blanks(text, pos);
            if next == pos && !initials.of(text).ends_with('.') {
                break;
            }
            pos = next;
            continue;
        } else if small {
            pending.push(word);
            true
        } else if is_not_a_name(&folded)
            && !(initial && dotted)
            && !(is_also_family(&folded) && follows(&shape))
        {
            false
        } else if shouts(&shape, text, word) {
            // `Kofi Mensah ROLL`: the next label.
            false
        } else if starts_upper(word.of(text))
            || particle_joined(word.of(text))
            || (allow.lower && letters > 0)
        {
            shape.words.append(&mut pending);
            shape.words.push(word);
            shape.span.end = if initial && dotted { word.end + 1 } else { word.end };
            true
        } else {
            false
        };
        if !accepted || possessive {
            break;
        }
        // `St. Aubyn`: a particle that is an abbreviation.
        let abbreviated = dotted && (initial || is_particle(&folded) && letters <= 2);
        let after = if abbreviated { whole.end + 1 } else { whole.end };
        let mut next = skip_blanks(text, after);
        if allow.comma
            && commas == 0
            && !shape.words.is_empty()
            && text.get(next..).is_some_and(|r| r.starts_with(','))
        {
            let over = skip_blanks(text, next + 1);
            let given = word_at(text, over).filter(|w| {
                starts_upper(w.of(text)) && !is_not_a_name(&fold(w.of(text))) && !is_title(&fold(w.of(text)))
            });
            if given.is_some() {
                commas = 1;
                shape.reversed = true;
                next = over;
            } else {
                break;
            }
        }
        // Blanks in a row are columns.
        if next == after && !abbreviated || next - after > 3 * '\u{a0}'.len_utf8() {
            break;
        }
        pos = next;
    }
    let letters = |w: &Span| w.of(text).chars().filter(|c| c.is_alphabetic()).count();
    if !shape.words.iter().any(|w| letters(w) >= 2) {
        return None;
    }
    Some(shape)
}

/// Whether a name has begun after which a word such as `Hall` is a family name.
fn follows(shape: &Shape) -> bool {
    !shape.words.is_empty() && !shape.reversed
}

/// A word in capitals after two that are not.
fn shouts(shape: &Shape, text: &str, word: Span) -> bool {
    let capitals =
        |w: &str| w.chars().filter(|c| c.is_alphabetic()).count() >= 2 && !w.chars().any(char::is_lowercase);
    shape.words.len() >= 2
        && capitals(word.of(text))
        && shape.words.iter().all(|w| w.of(text).chars().any(char::is_lowercase))
}

/// `J.`, `J.A.`, `J. A.`: only when more than one letter, each with its full stop.
fn dotted_initials(text: &str, at: usize) -> Option<Span> {
    let mut end = at;
    let mut count = 0;
    let mut chars = text.get(at..)?.chars();
    while let (Some(letter), Some('.')) = (chars.next(), chars.next()) {
        if !letter.is_uppercase() {
            break;
        }
        end += letter.len_utf8() + 1;
        count += 1;
    }
    (count >= 2).then(|| Span::new(at, end))
}

/// `al-Amin`, `d'Arcy`: a particle in lower case joined to a name.
fn particle_joined(word: &str) -> bool {
    word.split_once(['-', '\'', '’', '‑'])
        .is_some_and(|(particle, rest)| starts_upper(rest) && is_particle(&fold(particle)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_capitals_that_begin_a_word() {
        let text = "the O'Neill-Smith of McAdam, d’Arcy, Élodie, x-Ray, ’Tis A1B";
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(start) = next_capital(text, at) {
            found.push(&text[start..text.ceil_char_boundary(start + 3)]);
            at = start + 1;
        }
        assert_eq!(found, ["O'N", "McA", "Él", "Tis", "A1B"]);
        // Behind a word that was taken, its rest is none.
        assert_eq!(next_capital("Ann-Marie Bo", 3), Some(10));
    }

    #[test]
    fn reads_names() {
        let comma = Allow { comma: true, ..Allow::default() };
        for (text, allow, name, words) in [
            ("Kofi Mensah went", Allow::default(), Some("Kofi Mensah"), 2),
            ("Mrs Anna van der Berg, who", Allow::default(), Some("Mrs Anna van der Berg"), 4),
            ("Mensah, Kofi; PI", comma, Some("Mensah, Kofi"), 2),
            ("Omar al-Hadi.", Allow::default(), Some("Omar al-Hadi"), 2),
            ("J. K. Mensah said", Allow::default(), Some("J. K. Mensah"), 3),
            ("J.K. Mensah said", Allow::default(), Some("J.K. Mensah"), 2),
            ("Kofi's rule", Allow::default(), Some("Kofi"), 1),
            ("Siân O’Neill-Hughes\nTMA", Allow::default(), Some("Siân O’Neill-Hughes"), 2),
            ("The Open University", Allow::default(), None, 0),
            ("Kofi Mensah Module TM112", Allow::default(), Some("Kofi Mensah"), 2),
            ("went home", Allow::default(), None, 0),
            ("kofi mensah", Allow { lower: true, comma: false }, Some("kofi mensah"), 2),
        ] {
            let shape = name_at(text, 0, allow);
            assert_eq!(shape.as_ref().map(|s| s.span.of(text)), name, "{text}");
            assert_eq!(shape.map_or(0, |s| s.words.len()), words, "{text}");
        }
    }
}
