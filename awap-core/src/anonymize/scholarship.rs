//! Who is written of as an author, in a title or as a party to a case: what citations and reference lists say of names.

use std::collections::{HashMap, HashSet};

use super::names::starts_upper;
use super::pieces::Piece;
use super::signs::bare;
use super::words::{is_particle, is_title};
use crate::text::fold;

/// What a TMA cites.
#[derive(Debug, Clone, Default)]
pub(super) struct Scholarship {
    /// The words with a capital in citations and reference lists, and of the parties to cases.
    cited: HashSet<String>,
    /// The last words of the names in reference lists, and the initials behind them.
    authors: HashMap<String, Vec<char>>,
    /// The words of the parties to cases.
    parties: HashSet<String>,
    /// Two or three words with a capital that stand beside one another in reference lists, in titles of works above all.
    listed: HashSet<String>,
}

impl Scholarship {
    pub(super) fn of(pieces: &[Piece]) -> Self {
        let parties: HashSet<String> = pieces.iter().flat_map(|p| parties(&p.text)).collect();
        let spans = pieces.iter().flat_map(|p| p.protected.iter().chain(&p.lists).map(|s| s.of(&p.text)));
        let cited = spans.flat_map(words_of).chain(parties.iter().cloned()).collect();
        Self { cited, authors: authors(pieces), parties, listed: listed(pieces) }
    }

    /// Whether a word (folded) is of somebody who is cited.
    pub(super) fn cites(&self, word: &str) -> bool {
        self.cited.contains(word)
    }

    /// Whether a word (folded) is of a party to a case.
    pub(super) fn is_party(&self, word: &str) -> bool {
        self.parties.contains(word)
    }

    /// Whether a `name` of two or three words stands in a reference list: `Woolf, V. (2000) Mrs Dalloway`.
    pub(super) fn lists(&self, name: &str) -> bool {
        self.listed.contains(name)
    }

    /// Whether a whole `name`, whose last word is `family` (folded), is that of an author by the initials in the reference list; none where
    /// no author is called so.
    pub(super) fn is_author(&self, name: &str, family: &str) -> Option<bool> {
        let initial = name.chars().next()?;
        self.authors.get(family).map(|initials| initials.contains(&initial))
    }
}

/// The words of a name by which a person is found again: folded, without titles, particles and initials.
pub(super) fn words_of(name: &str) -> Vec<String> {
    let words =
        name.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’')).filter(|w| starts_upper(w));
    let words = words.map(|w| fold(w.trim_end_matches("'s").trim_end_matches("’s")));
    words.filter(|w| w.chars().count() > 1 && !is_title(w) && !is_particle(w)).collect()
}

/// `Rogers, C. R.` and `Rogers C`, as reference lists name people.
fn authors(pieces: &[Piece]) -> HashMap<String, Vec<char>> {
    let mut found: HashMap<String, Vec<char>> = HashMap::new();
    for list in lists(pieces) {
        let mut words = list.split_whitespace().peekable();
        while let (Some(word), Some(next)) = (words.next(), words.peek()) {
            let mut letters = next.chars();
            let initial = letters.next().filter(|c| c.is_uppercase());
            let ends = letters.next().is_none_or(|c| !c.is_alphanumeric());
            if let Some(initial) = initial.filter(|_| ends && starts_upper(word)) {
                let initials = found.entry(fold(bare(word))).or_default();
                if !initials.contains(&initial) {
                    initials.push(initial);
                }
            }
        }
    }
    found
}

/// Two and three words with a capital in a row, as reference lists have them.
fn listed(pieces: &[Piece]) -> HashSet<String> {
    let mut found = HashSet::new();
    for entry in lists(pieces).flat_map(str::lines).filter(|entry| !is_of_talk(entry)) {
        let words: Vec<&str> = entry.split_whitespace().map(bare).collect();
        for length in [2, 3] {
            let rows = words.windows(length).filter(|row| row.iter().all(|word| starts_upper(word)));
            found.extend(rows.map(|row| row.join(" ")));
        }
    }
    found
}

/// Whether an entry is of what somebody said or wrote to the writer: `Interview with …`, `email to the author`.
fn is_of_talk(entry: &str) -> bool {
    ["nterview with", "mail to", "ersonal communication", "onversation with"]
        .iter()
        .any(|talk| entry.contains(talk))
}

fn lists(pieces: &[Piece]) -> impl Iterator<Item = &str> {
    pieces.iter().flat_map(|p| p.lists.iter().map(|s| s.of(&p.text)))
}

/// The words with a capital on both sides of the `v` of a case: `Caparo Industries plc v Dickman`. Nothing where no case of the text has its
/// year in brackets behind it: teams play against one another, too.
fn parties(text: &str) -> Vec<String> {
    const REACH: usize = 60;
    let mut found = Vec::new();
    let mut reported = false;
    for at in memchr::memmem::find_iter(text.as_bytes(), " v ") {
        let head = text.get(text.floor_char_boundary(at.saturating_sub(REACH))..at).unwrap_or_default();
        let end = text.ceil_char_boundary((at + 3 + REACH).min(text.len()));
        let tail = text.get(at + 3..end).unwrap_or_default();
        let is_of_a_name = |word: &&str| starts_upper(word) || matches!(*word, "and" | "of" | "plc");
        let before: Vec<&str> = head.split_whitespace().rev().take(4).take_while(is_of_a_name).collect();
        let after: Vec<&str> = tail.split_whitespace().take(3).take_while(is_of_a_name).collect();
        if !before.is_empty() && !after.is_empty() {
            reported |= has_year(tail);
            found.extend(before.into_iter().chain(after).flat_map(words_of));
        }
    }
    if reported { found } else { Vec::new() }
}

/// `[1932]`, `(1840)`
fn has_year(text: &str) -> bool {
    text.match_indices(['[', '(']).any(|(at, _)| {
        let year = text.as_bytes().get(at + 1..at + 5).unwrap_or_default();
        year.len() == 4 && year.iter().all(u8::is_ascii_digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    #[test]
    fn tells_whom_a_tma_cites() {
        let text = "In Caparo Industries plc v Dickman [1990] 2 AC 605 it was so.\n\nWoolf, V. (2000) Mrs Dalloway. Oxford: OUP.\n";
        let list = Span::new(text.find("Woolf").unwrap(), text.len());
        let piece = Piece { text: text.to_owned(), lists: vec![list], ..Piece::default() };
        let cited = Scholarship::of(&[piece]);
        assert!(cited.cites("woolf") && cited.cites("dickman") && !cited.cites("so"));
        assert!(cited.is_party("caparo") && !cited.is_party("woolf"));
        assert!(cited.lists("Mrs Dalloway") && !cited.lists("Dalloway"));
        assert_eq!(cited.is_author("Virginia Woolf", "woolf"), Some(true));
        assert_eq!(cited.is_author("Leonard Woolf", "woolf"), Some(false));
        assert_eq!(cited.is_author("Leonard Bast", "bast"), None);
    }
}
