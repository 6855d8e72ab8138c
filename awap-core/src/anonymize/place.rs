//! One text in which people are looked for, and questions about places in it.

use awap_names::lists::known::frequency;

use super::glued;
use super::matcher::{Chain, Hit};
use super::names::is_unicased;
use super::person::Person;
use super::pieces::{Piece, Zone, touches};
use super::words::{is_honorific, is_modal, is_not_a_name};
use crate::text::{Folded, Span};

/// A piece, its folded text, and questions about places in it.
pub(super) struct Place<'a> {
    pub(super) piece: &'a Piece,
    pub(super) folded: &'a Folded,
    pub(super) text: &'a str,
}

impl Place<'_> {
    pub(super) fn is_protected(&self, hit: Hit) -> bool {
        !self.piece.protected.is_empty()
            && touches(
                &self.piece.protected,
                self.folded.span(&self.piece.text, Span::new(hit.start, hit.end)),
            )
    }

    pub(super) fn in_code(&self, span: Span) -> bool {
        touches(&self.piece.code, span)
    }

    pub(super) fn before(&self, at: usize) -> Option<char> {
        self.text.get(..at)?.chars().next_back()
    }

    pub(super) fn after(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    /// The character of the original text that the folded character at `at` came from.
    pub(super) fn written(&self, at: usize) -> Option<char> {
        self.piece.text.get(self.folded.original(at)..)?.chars().next()
    }

    pub(super) fn is_upper(&self, at: usize) -> bool {
        self.written(at).is_some_and(|c| c.is_uppercase() || is_unicased(c))
    }

    pub(super) fn left_boundary(&self, at: usize) -> bool {
        match (self.before(at), self.after(at)) {
            (Some(before), _) if !before.is_alphabetic() => true,
            (Some(before), Some(first)) => {
                if is_unicased(before) || is_unicased(first) {
                    return true;
                }
                let here = self.is_upper(at);
                let upper_before = self.is_upper(at - before.len_utf8());
                // camelCase, and a capitalised word after capitals (TMASmith).
                here && (!upper_before
                    || self.after(at + first.len_utf8()).is_some_and(char::is_alphabetic)
                        && !self.is_upper(at + first.len_utf8()))
            }
            _ => true,
        }
    }

    pub(super) fn right_boundary(&self, at: usize) -> bool {
        match (self.before(at), self.after(at)) {
            (_, Some(next)) if !next.is_alphabetic() => true,
            (Some(last), Some(next)) => {
                is_unicased(next)
                    || is_unicased(last)
                    || self.is_upper(at) && !self.is_upper(at - last.len_utf8())
            }
            _ => true,
        }
    }

    /// A given name that nobody told of before a family name at `start`: a nickname of the student, or a relative
    /// (`as Luke Mensah says`). Inside a sentence, or where the two are a line.
    pub(super) fn given_before(&self, start: usize, end: usize) -> Option<usize> {
        let (word, gap) = self.word_before(start)?;
        let letters = word.of(self.text);
        let name = gap == 1
            && self.text.get(word.end..start) == Some(" ")
            && letters.chars().count() >= 2
            && self.is_upper(word.start)
            && self.left_boundary(word.start)
            && !is_not_a_name(letters)
            && !is_honorific(letters);
        if !name || touches(&self.piece.protected, self.folded.span(&self.piece.text, word)) {
            return None;
        }
        let here = self.folded.span(&self.piece.text, Span::new(word.start, end));
        let inside = self.piece.text.get(..here.start).is_some_and(|head| {
            let last = head.strip_suffix(' ').and_then(|h| h.chars().next_back());
            last.is_some_and(|c| c.is_lowercase() || c == ',')
        });
        let line = super::context::line_around(&self.piece.text, here).of(&self.piece.text);
        (inside || line.trim().len() <= here.len() + 1).then_some(word.start)
    }

    /// How many hits of the chain are written with a capital.
    pub(super) fn capitals(&self, chain: &Chain) -> usize {
        chain.hits.iter().filter(|h| self.is_upper(h.start)).count()
    }

    /// Whether the run of letters, digits, dots and underscores around it looks like an account or a file.
    pub(super) fn in_token_with_digits(&self, start: usize, end: usize) -> bool {
        let token = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '/' | '=' | '+');
        let left =
            self.text.get(..start).unwrap_or_default().chars().rev().take(40).take_while(|c| token(*c));
        let right = self.text.get(end..).unwrap_or_default().chars().take(40).take_while(|c| token(*c));
        left.chain(right).any(|c| c.is_ascii_digit() || matches!(c, '_' | '@' | '/' | '='))
    }

    /// Whether a word in lower case goes on with the name before it all the same: it is hardly used but as a name
    /// (`Sarah walker`), or the part before it is in lower case too and this is no `will` or `may`.
    pub(super) fn goes_on_small(&self, open: &Chain, hit: Hit) -> bool {
        let word = self.text.get(hit.start..hit.end).unwrap_or_default();
        let small = open.hits.last().is_some_and(|last| !self.is_upper(last.start));
        self.text.get(open.end..hit.start) == Some(" ")
            && !is_modal(word)
            && (small || frequency(awap_names::known_of(word)) == 0)
    }

    /// The account of the student that the hits of `chain` are in, or are: where one end lies inside a word, or two
    /// words are joined to one.
    pub(super) fn account(&self, chain: &Chain, person: &Person, plain: bool, whole: bool) -> Option<Span> {
        let is_whole = whole && !plain && chain.hits.len() >= 2;
        if !person.is_student || whole && !is_whole {
            return None;
        }
        let joined = chain.hits.windows(2).all(|pair| matches!(pair, [a, b] if a.end == b.start));
        if !joined {
            return None;
        }
        glued::account(self.text, Span::new(chain.start, chain.end), person, is_whole, !plain)
    }

    /// A name, with initials, to which what files are called is joined without a mark.
    pub(super) fn beside_words(&self, name: Span, person: &Person, plain: bool) -> Option<Span> {
        let any_word = plain && self.piece.zone() == Zone::FileName;
        glued::beside_words(self.text, name, &person.initials, any_word)
    }

    /// The run of letters before `at`, with at most a separator between; and the bytes between.
    pub(super) fn word_before(&self, at: usize) -> Option<(Span, usize)> {
        let head = self.text.get(..at)?;
        let trimmed = head.trim_end_matches([' ', '.', '_', '-', '\'']);
        let gap = head.len() - trimmed.len();
        if gap > 3 {
            return None;
        }
        if gap == 0 {
            // `jsmith`: one letter, joined.
            let c = trimmed.chars().next_back().filter(|c| c.is_alphabetic())?;
            return Some((Span::new(at - c.len_utf8(), at), 0));
        }
        let start = trimmed.char_indices().rev().take(12).take_while(|(_, c)| c.is_alphabetic()).last()?.0;
        Some((Span::new(start, trimmed.len()), gap))
    }

    pub(super) fn word_after(&self, at: usize) -> Option<(Span, usize)> {
        let tail = self.text.get(at..)?;
        let trimmed = tail.trim_start_matches([' ', ',', '.', '_', '-']);
        let gap = tail.len() - trimmed.len();
        if gap > 3 {
            return None;
        }
        let start = at + gap;
        if gap == 0 {
            let c = trimmed.chars().next().filter(|c| c.is_alphabetic())?;
            return Some((Span::new(start, start + c.len_utf8()), 0));
        }
        let len: usize = trimmed.chars().take(12).take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
        (len > 0).then(|| (Span::new(start, start + len), gap))
    }

    /// `I` before a name without a full stop is the pronoun (“Can I Smith”, rarely an initial), and so is `A`.
    pub(super) fn is_lone_pronoun(&self, word: Span, name: usize) -> bool {
        let dotted = self.text.get(word.end..name).is_some_and(|gap| gap.contains('.'));
        !dotted && matches!(word.of(self.text), "i" | "a")
    }

    /// Whether a name may end at `at` with an initial that has no full stop: a line, a bracket, a mark follows.
    pub(super) fn ends_name(&self, at: usize) -> bool {
        let original = self.folded.original(at);
        self.piece.text.get(original..).is_none_or(|rest| {
            rest.trim_start_matches(' ')
                .chars()
                .next()
                .is_none_or(|c| matches!(c, '\n' | '\r' | '\t' | ')' | ';' | ',' | ':'))
                || rest.starts_with("  ")
        })
    }

    /// Whether the full stop after an initial belongs to it, and is not the end of the sentence.
    pub(super) fn dot_belongs(&self, at: usize) -> bool {
        self.text.get(at + 1..).is_none_or(|rest| {
            !rest.is_empty() && !rest.starts_with('\n') || self.piece.zone() == Zone::Margin
        })
    }
}
