//! From authors and year to the reference that is meant.

use std::collections::HashMap;
use std::ops::Range;

use super::Reference;
use crate::text::{fold, is_apostrophe};

/// The references of a text, by the names under which they can be cited.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Folded name (family, organisation, acronym, title) → references, in order. Only ever looked up, never walked.
    by_name: HashMap<String, Vec<usize>>,
    /// First word of an organisation or title → references.
    by_word: HashMap<String, Vec<usize>>,
    entries: Vec<Entry>,
    /// The references of the list below the text at hand, which are meant before others.
    own: Range<usize>,
}

#[derive(Debug)]
struct Entry {
    authors: Vec<String>,
    year: Option<String>,
}

/// So many references of one name are looked at: keeps linking linear where a list repeats one name forever.
const CANDIDATES: usize = 64;

impl Index {
    /// Indexes `references`.
    pub(super) fn new(references: &[Reference]) -> Self {
        let mut index = Self::default();
        for (i, reference) in references.iter().enumerate() {
            let authors: Vec<String> = reference.authors.iter().map(|a| name_key(a)).collect();
            for (place, author) in reference.authors.iter().enumerate() {
                for key in keys(author) {
                    // Only the first author's name leads to the work; the others are known names.
                    index.add(key, (place == 0).then_some(i));
                }
            }
            if let Some(title) = &reference.title {
                index.add(name_key(title), Some(i));
                index.add_word(title, i);
            }
            if let Some(first) = reference.authors.first() {
                index.add_word(first, i);
            }
            index.entries.push(Entry { authors, year: reference.year.clone() });
        }
        index
    }

    /// Prefers the references of one list: where each question has its own, the same work may stand in several.
    pub(super) fn prefer(&mut self, own: Range<usize>) {
        self.own = own;
    }

    fn add(&mut self, key: String, reference: Option<usize>) {
        if key.is_empty() {
            return;
        }
        let list = self.by_name.entry(key).or_default();
        if let Some(i) = reference
            && list.len() < CANDIDATES
            && list.last() != Some(&i)
        {
            list.push(i);
        }
    }

    fn add_word(&mut self, name: &str, reference: usize) {
        let key = name_key(name);
        if let Some(word) = key.split(' ').next().filter(|w| !w.is_empty()) {
            let list = self.by_word.entry(word.to_owned()).or_default();
            if list.len() < CANDIDATES && list.last() != Some(&reference) {
                list.push(reference);
            }
        }
    }

    /// Whether there are references at all.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether some reference bears this name.
    pub(super) fn knows(&self, name: &str) -> bool {
        !self.is_empty() && self.by_name.contains_key(&name_key(name))
    }

    /// The reference by these authors of this year, if there is one.
    pub(super) fn find(&self, authors: &[String], year: &str) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        let cited: Vec<String> = authors.iter().map(|a| name_key(a)).collect();
        let key = cited.first()?;
        let named = self.by_name.get(key).map(Vec::as_slice).unwrap_or_default();
        self.best(named, &cited, year).or_else(|| {
            // `BBC` for `BBC News`, `Department for Education` for `Department for Education and Skills`.
            let word = key.split(' ').next()?;
            let near: Vec<usize> = self
                .by_word
                .get(word)?
                .iter()
                .copied()
                .filter(|i| {
                    self.entries
                        .get(*i)
                        .and_then(|e| e.authors.first())
                        .is_some_and(|a| begins(a, key) || begins(key, a))
                })
                .collect();
            let only = near.len() == 1;
            self.best(&near, &cited, year).filter(|_| only)
        })
    }

    fn best(&self, candidates: &[usize], cited: &[String], year: &str) -> Option<usize> {
        let score = |i: usize| {
            let entry = self.entries.get(i)?;
            let years = match &entry.year {
                None => 0,
                Some(own) if own == year => 2,
                // `2019` for `2019a`, and the other way round.
                Some(own)
                    if is_number(own) && digits(own) == digits(year) && (is_bare(own) || is_bare(year)) =>
                {
                    1
                }
                Some(_) => return None,
            };
            if years == 0 && year != "n.d." {
                return None;
            }
            // A second author must be the same one where both name one.
            if let (Some(a), Some(b)) = (cited.get(1), entry.authors.get(1))
                && a != b
                && !entry.authors.contains(a)
            {
                return None;
            }
            let same = cited.iter().filter(|a| entry.authors.contains(a)).count();
            let exact = usize::from(cited.len() == entry.authors.len());
            Some((years, same, exact, usize::from(self.own.contains(&i))))
        };
        let mut best = None;
        for i in candidates.iter().copied() {
            if let Some(s) = score(i)
                && best.is_none_or(|(_, b)| s > b)
            {
                best = Some((i, s));
            }
        }
        best.map(|(i, _)| i)
    }
}

fn begins(long: &str, short: &str) -> bool {
    long.strip_prefix(short).is_some_and(|rest| rest.starts_with(' '))
}

fn digits(year: &str) -> &str {
    year.trim_end_matches(|c: char| c.is_ascii_lowercase())
}

fn is_number(year: &str) -> bool {
    year.starts_with(|c: char| c.is_ascii_digit())
}

fn is_bare(year: &str) -> bool {
    year.ends_with(|c: char| c.is_ascii_digit())
}

/// Letters and digits without apostrophes, words parted by one blank; at most `len` bytes.
fn words_of(folded: impl Iterator<Item = char>, len: usize) -> String {
    let mut words = String::with_capacity(len);
    for c in folded.filter(|c| !is_apostrophe(*c)) {
        if c.is_alphanumeric() {
            words.push(c);
        } else if !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
    }
    words.truncate(words.trim_end().len());
    words
}

/// A name folded for comparison: letters and digits alone, words parted by one blank, without the article
/// (`O’Neill-Hughes` → `oneill hughes`, `The Open University` → `open university`).
pub(super) fn name_key(name: &str) -> String {
    // Nothing but case is folded in ASCII, and a grave accent is an apostrophe.
    let mut key = if name.is_ascii() {
        let letters = name.chars().filter(|c| *c != '`');
        words_of(letters.map(|c| c.to_ascii_lowercase()), name.len())
    } else {
        let folded = fold(name);
        words_of(folded.chars(), folded.len())
    };
    if key.starts_with("the ") {
        key.drain(.."the ".len());
    }
    key
}

/// The keys under which an author is found: the name, what a bracket adds (`World Health Organization (WHO)`), and the
/// acronym of an organisation.
fn keys(author: &str) -> Vec<String> {
    let mut out = vec![name_key(author)];
    if let Some((name, rest)) = author.split_once(['(', '[']) {
        out.push(name_key(name));
        out.push(name_key(rest.trim_end_matches([')', ']', ' '])));
    }
    let words: Vec<&str> = author.split_whitespace().collect();
    if words.len() >= 2 {
        let capitals: String =
            words.iter().filter_map(|w| w.chars().next()).filter(|c| c.is_uppercase()).collect();
        let without_article = capitals.strip_prefix('T').filter(|_| words.first() == Some(&"The"));
        for acronym in [Some(capitals.as_str()), without_article].into_iter().flatten() {
            if acronym.chars().count() >= 2 {
                out.push(acronym.to_lowercase());
            }
        }
    }
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(authors: &[&str], year: &str) -> Reference {
        Reference {
            text: String::new(),
            start: 0,
            end: 0,
            authors: authors.iter().map(|a| (*a).to_owned()).collect(),
            year: Some(year.to_owned()),
            title: None,
            doi: None,
            url: None,
            cited: false,
        }
    }

    #[test]
    fn citations_find_their_reference() {
        let index = Index::new(&[
            reference(&["Smith"], "2019a"),
            reference(&["Smith"], "2019b"),
            reference(&["Smith", "Jones"], "2019"),
            reference(&["The Open University"], "2024"),
            reference(&["World Health Organization (WHO)"], "2020"),
            reference(&["BBC News"], "n.d."),
            reference(&["O’Neill"], "2001"),
            reference(&["Brown", "Green", "White"], "2010"),
        ]);
        for (authors, year, want) in [
            (&["Smith"][..], "2019a", Some(0)),
            (&["Smith"], "2019b", Some(1)),
            (&["Smith", "Jones"], "2019", Some(2)),
            (&["Smith", "Brown"], "2019", Some(0)),
            (&["Smith"], "2020", None),
            (&["Jones"], "2019", None),
            (&["Open University"], "2024", Some(3)),
            (&["OU"], "2024", Some(3)),
            (&["WHO"], "2020", Some(4)),
            (&["World Health Organization"], "2020", Some(4)),
            (&["BBC"], "n.d.", Some(5)),
            (&["ONEILL"], "2001", Some(6)),
            (&["Brown"], "2010", Some(7)),
            (&["Brown", "White"], "2010", Some(7)),
        ] {
            let authors: Vec<String> = authors.iter().map(|a| (*a).to_owned()).collect();
            assert_eq!(index.find(&authors, year), want, "{authors:?} {year}");
        }
    }
}
