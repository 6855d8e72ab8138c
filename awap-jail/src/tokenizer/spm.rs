//! SentencePiece's BPE, as GGUF files of Llama 2, Mistral, Phi-3 and Gemma have it: neighbours are merged while their
//! union is a token, the highest score first.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

/// What stands for a space in the vocabulary.
pub(crate) const SPACE: char = '▁';

/// The vocabulary, and the tokens for single bytes.
pub(crate) struct Spm {
    tokens: HashMap<Box<str>, (u32, f32)>,
    bytes: [Option<u32>; 256],
}

/// A merge that may be made: the union of the pieces that begin at `left` and `right`.
struct Merge {
    score: f32,
    left: usize,
    right: usize,
    bytes: usize,
}

impl Spm {
    pub(crate) fn new(tokens: HashMap<Box<str>, (u32, f32)>, bytes: &[Option<u32>; 256]) -> Self {
        Self { tokens, bytes: *bytes }
    }

    /// The tokens of `text`. A character that is none, and has no byte tokens either, is passed over.
    pub(crate) fn encode(&self, text: &str) -> Vec<u32> {
        let text: String = text.chars().map(|c| if c == ' ' { SPACE } else { c }).collect();
        let mut pieces = Pieces::new(&text);
        let mut queue = BinaryHeap::new();
        for left in 0..pieces.list.len() {
            queue.extend(self.merge(&pieces, Some(left)));
        }
        while let Some(merge) = queue.pop() {
            if !pieces.still(&merge) {
                continue;
            }
            pieces.merge(&merge);
            queue.extend(self.merge(&pieces, pieces.list[merge.left].previous));
            queue.extend(self.merge(&pieces, Some(merge.left)));
        }
        pieces.all().flat_map(|piece| self.ids(piece)).collect()
    }

    /// The merge of the piece at `left` with its neighbour, if their union is a token.
    fn merge(&self, pieces: &Pieces<'_>, left: Option<usize>) -> Option<Merge> {
        let left = left?;
        let right = pieces.list[left].next?;
        let bytes = pieces.list[left].bytes + pieces.list[right].bytes;
        let (_, score) = self.tokens.get(&pieces.text[pieces.list[left].start..][..bytes])?;
        Some(Merge { score: *score, left, right, bytes })
    }

    fn ids(&self, piece: &str) -> Vec<u32> {
        match self.tokens.get(piece) {
            Some((id, _)) => vec![*id],
            None => piece.bytes().filter_map(|byte| self.bytes[usize::from(byte)]).collect(),
        }
    }
}

struct Piece {
    start: usize,
    /// None once it has been merged into its neighbour on the left.
    bytes: usize,
    previous: Option<usize>,
    next: Option<usize>,
}

/// A text in pieces, at first its characters.
struct Pieces<'a> {
    text: &'a str,
    list: Vec<Piece>,
}

impl<'a> Pieces<'a> {
    fn new(text: &'a str) -> Self {
        let mut list: Vec<Piece> = text
            .char_indices()
            .enumerate()
            .map(|(place, (start, c))| Piece {
                start,
                bytes: c.len_utf8(),
                previous: place.checked_sub(1),
                next: Some(place + 1),
            })
            .collect();
        if let Some(last) = list.last_mut() {
            last.next = None;
        }
        Self { text, list }
    }

    /// Whether both pieces are still as they were when the merge was found.
    fn still(&self, merge: &Merge) -> bool {
        let (left, right) = (&self.list[merge.left], &self.list[merge.right]);
        left.bytes > 0 && right.bytes > 0 && left.bytes + right.bytes == merge.bytes
    }

    fn merge(&mut self, merge: &Merge) {
        let next = self.list[merge.right].next;
        self.list[merge.right].bytes = 0;
        self.list[merge.left].bytes = merge.bytes;
        self.list[merge.left].next = next;
        if let Some(next) = next {
            self.list[next].previous = Some(merge.left);
        }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        self.list.iter().filter(|piece| piece.bytes > 0).map(|piece| &self.text[piece.start..][..piece.bytes])
    }
}

impl Ord for Merge {
    /// The highest score first, then the leftmost.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Merge {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Merge {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Merge {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_the_highest_score_first_and_falls_back_to_bytes() {
        let tokens = [("a", -1.), ("b", -2.), ("c", -3.), ("ab", -5.), ("bc", -4.), ("▁", -6.), ("▁a", -7.)];
        let tokens =
            tokens.iter().zip(0..).map(|((text, score), id)| ((*text).into(), (id, *score))).collect();
        let mut bytes = [None; 256];
        for (byte, id) in (0..=255_u8).zip(100..) {
            bytes[usize::from(byte)] = Some(id);
        }
        let spm = Spm::new(tokens, &bytes);
        assert_eq!(spm.encode("abc"), [0, 4], "“bc” before “ab”");
        assert_eq!(spm.encode("ab ab"), [3, 5, 3], "“ab” before “▁a”, which then has no “a” left");
        assert_eq!(spm.encode("é"), [100 + 0xc3, 100 + 0xa9]);
        assert!(spm.encode("").is_empty());
        assert!(Spm::new(HashMap::new(), &[None; 256]).encode("xyz").is_empty());
    }
}
