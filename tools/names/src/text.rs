//! A text with the names in it: what the model learns from.

use awap_names::Tag;

/// Whose name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Writer,
    Private,
    Public,
}

/// A text and its names, in bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tagged {
    pub(crate) text: String,
    pub(crate) names: Vec<(usize, usize, Whose)>,
}

impl Tagged {
    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(crate) fn name(&mut self, name: &str, whose: Whose) {
        let start = self.text.len();
        self.text.push_str(name);
        self.names.push((start, self.text.len(), whose));
    }

    pub(crate) fn append(&mut self, other: &Self) {
        let at = self.text.len();
        self.text.push_str(&other.text);
        self.names.extend(other.names.iter().map(|(s, e, w)| (s + at, e + at, *w)));
    }

    /// The lines from `first` to before `last`, with their names.
    pub(crate) fn lines(&self, first: usize, last: usize) -> Self {
        let starts: Vec<usize> =
            std::iter::once(0).chain(self.text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        let from = starts.get(first).copied().unwrap_or(self.text.len());
        let to = starts.get(last).copied().unwrap_or(self.text.len());
        let names = self.names.iter().filter(|(s, e, _)| *s >= from && *e <= to);
        Self {
            text: self.text.get(from..to).unwrap_or_default().to_owned(),
            names: names.map(|(s, e, w)| (s - from, e - from, *w)).collect(),
        }
    }

    /// The tag of the token that covers `start` to `end`.
    pub(crate) fn tag(&self, start: usize, end: usize, before: Option<(usize, usize)>) -> Tag {
        let find = |s: usize, e: usize| self.names.iter().position(|(a, b, _)| *a < e && s < *b);
        let Some(at) = find(start, end) else { return Tag::Outside };
        let inside = before.is_some_and(|(s, e)| find(s, e) == Some(at));
        match (self.names.get(at).map(|n| n.2), inside) {
            (Some(Whose::Writer), false) => Tag::WriterBegin,
            (Some(Whose::Writer), true) => Tag::WriterInside,
            (Some(Whose::Private), false) => Tag::PrivateBegin,
            (Some(Whose::Private), true) => Tag::PrivateInside,
            (Some(Whose::Public), false) => Tag::PublicBegin,
            (Some(Whose::Public), true) => Tag::PublicInside,
            (None, _) => Tag::Outside,
        }
    }
}

/// A small generator of numbers (SplitMix64): the same seed makes the same texts everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// True in `percent` of a hundred cases.
    pub(crate) fn in_hundred(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        assert!(!list.is_empty(), "nothing to choose from");
        &list[self.below(list.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }
}
