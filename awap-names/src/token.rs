//! A stretch of text as tokens and lines, with what the model needs to know of each.

use crate::Lists;
use crate::hash::{SEED, finish, hash_word, is_hidden, mix, spread};
use crate::lists::known;

/// How a word is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Shape {
    /// `word`
    Lower,
    /// `Word`
    Title,
    /// `WORD`
    Upper,
    /// `W`
    Letter,
    /// `McWord`, `wOrd`
    Mixed,
    /// `2019`
    Number,
    /// Anything else.
    Mark,
}

/// What stands between a token and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Gap {
    /// Nothing.
    None,
    /// One blank.
    Blank,
    /// A tab or several blanks.
    Wide,
    /// The end of a line.
    Line,
}

impl Gap {
    /// With one blank more.
    fn wider(self) -> Self {
        match self {
            Self::None => Self::Blank,
            Self::Blank => Self::Wide,
            wide => wide,
        }
    }
}

/// A word, a number or a mark.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// First byte in the stretch.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// The word in lower case, hashed.
    pub hash: u64,
    /// How it is written.
    pub shape: Shape,
    /// What stands before it.
    pub gap: Gap,
    /// What the lists know of it; looked up only where it may matter.
    pub known: u16,
    /// Its line.
    pub line: u32,
}

impl Token {
    /// Whether it is made of letters.
    pub fn is_word(&self) -> bool {
        !matches!(self.shape, Shape::Number | Shape::Mark)
    }

    /// Whether it starts with a capital.
    pub fn is_capital(&self) -> bool {
        matches!(self.shape, Shape::Title | Shape::Upper | Shape::Letter | Shape::Mixed)
    }
}

/// A line that is not blank.
#[derive(Debug, Clone, Copy, Default)]
pub struct Line {
    /// Its first token.
    pub first: u32,
    /// One past its last token.
    pub last: u32,
    /// How many words it has, and how many of them with a capital.
    pub words: u16,
    /// Words with a capital.
    pub capitals: u16,
    /// Wide gaps in it.
    pub gaps: u16,
    /// `@`, digits in a row, `|` or `;`: 1, 2, 4.
    pub holds: u8,
    /// Whether a blank line, or the end of the text, stands before it.
    pub open_before: bool,
    /// Whether one stands after it.
    pub open_after: bool,
}

/// A stretch of text, taken apart.
#[derive(Debug)]
pub struct Text<'a> {
    /// The stretch.
    pub text: &'a str,
    /// All tokens.
    pub tokens: Vec<Token>,
    /// All lines that are not blank.
    pub lines: Vec<Line>,
    /// Whether the text begins and ends with this stretch.
    pub is_first: bool,
    /// Whether the text ends with it.
    pub is_last: bool,
    /// For a word: how often it stands here with a capital (low half) and without (high half).
    counts: Counts,
}

/// How often each word stands in a text, by its hash.
#[derive(Debug)]
struct Counts {
    /// A power of two of them, half of them free at least: hash and count, which is never nothing where there is a word.
    slots: Vec<(u64, u32)>,
    used: usize,
}

impl Counts {
    /// With room for `words` different words.
    fn new(words: usize) -> Self {
        Self { slots: vec![(0, 0); (words * 2).next_power_of_two().max(16)], used: 0 }
    }

    fn place(&self, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = spread(hash) as usize & mask;
        while self.slots.get(at).is_some_and(|(other, count)| *count != 0 && *other != hash) {
            at = (at + 1) & mask;
        }
        at
    }

    fn add(&mut self, hash: u64, much: u32) {
        let at = self.place(hash);
        if let Some((key, count)) = self.slots.get_mut(at) {
            self.used += usize::from(*count == 0);
            *key = hash;
            *count = count.saturating_add(much);
        }
        if self.used * 2 > self.slots.len() {
            let mut more = Self::new(self.slots.len());
            for (hash, count) in self.slots.iter().filter(|(_, count)| *count != 0) {
                more.add(*hash, *count);
            }
            *self = more;
        }
    }

    fn get(&self, hash: u64) -> u32 {
        self.slots.get(self.place(hash)).map_or(0, |(_, count)| *count)
    }
}

/// How long a line is that may hold a name in lower case, in words.
const SHORT: u16 = 7;

impl<'a> Text<'a> {
    /// Takes `text` apart, in linear time. `is_first` and `is_last` say whether the whole text begins and ends here.
    pub fn new(text: &'a str, lists: &Lists, is_first: bool, is_last: bool) -> Self {
        let mut this = Self {
            text,
            tokens: Vec::with_capacity(text.len() / 5),
            lines: Vec::new(),
            is_first,
            is_last,
            counts: Counts::new(text.len() / 16),
        };
        this.cut();
        this.look_up(lists);
        this
    }

    fn cut(&mut self) {
        let text = self.text;
        let mut at = 0;
        let mut gap = Gap::Line;
        let mut newlines = 2;
        while let Some(byte) = text.as_bytes().get(at) {
            if *byte == b' ' {
                gap = gap.wider();
                at += 1;
                continue;
            }
            if byte.is_ascii_alphabetic()
                && let Some((end, shape, hash)) = plain_word(text.as_bytes(), at)
            {
                if gap == Gap::Line {
                    self.open_line(newlines > 1);
                }
                self.push_token(at, end, hash, shape, gap);
                at = end;
                gap = Gap::None;
                newlines = 0;
                continue;
            }
            if byte.is_ascii() && !byte.is_ascii_alphabetic() && !matches!(byte, b'\t'..=b'\r') {
                if gap == Gap::Line {
                    self.open_line(newlines > 1);
                }
                let (end, shape, hash) = plain_mark(text.as_bytes(), at);
                self.push_token(at, end, hash, shape, gap);
                at = end;
                gap = Gap::None;
                newlines = 0;
                continue;
            }
            let Some(c) = text.get(at..).and_then(|t| t.chars().next()) else { break };
            let len = c.len_utf8();
            if c.is_whitespace() || is_hidden(c) {
                match c {
                    '\n' | '\u{b}' | '\u{c}' | '\u{2028}' => {
                        newlines += 1;
                        gap = Gap::Line;
                    }
                    '\t' => gap = gap.max(Gap::Wide),
                    _ if is_hidden(c) => {}
                    _ => gap = gap.wider(),
                }
                at += len;
                continue;
            }
            let (end, shape) = if c.is_alphabetic() { word(text, at) } else { (at + len, Shape::Mark) };
            if gap == Gap::Line {
                self.open_line(newlines > 1);
            }
            let hash = hash_word(text.get(at..end).unwrap_or_default());
            self.push_token(at, end, hash, shape, gap);
            at = end;
            gap = Gap::None;
            newlines = 0;
        }
        if let Some(line) = self.lines.last_mut() {
            line.open_after = true;
        }
    }

    fn open_line(&mut self, open: bool) {
        if let Some(before) = self.lines.last_mut() {
            before.open_after = open;
        }
        let at = self.tokens.len() as u32;
        self.lines.push(Line { first: at, last: at, open_before: open, ..Line::default() });
    }

    fn push_token(&mut self, start: usize, end: usize, hash: u64, shape: Shape, gap: Gap) {
        let line = self.lines.len().saturating_sub(1) as u32;
        self.push(Token { start: start as u32, end: end as u32, hash, shape, gap, known: 0, line });
    }

    fn push(&mut self, token: Token) {
        if let Some(line) = self.lines.last_mut() {
            line.last += 1;
            line.gaps += u16::from(token.gap == Gap::Wide);
            if token.is_word() {
                line.words = line.words.saturating_add(1);
                line.capitals = line.capitals.saturating_add(u16::from(token.is_capital()));
            }
            let first = self.text.as_bytes().get(token.start as usize);
            line.holds |= match first {
                Some(b'@') => 1,
                Some(b'|' | b';') => 4,
                _ if token.shape == Shape::Number && token.end - token.start >= 5 => 2,
                _ => 0,
            };
        }
        if token.is_word() {
            self.counts.add(token.hash, if token.is_capital() { 1 } else { 1 << 16 });
        }
        self.tokens.push(token);
    }

    fn look_up(&mut self, lists: &Lists) {
        for line in &self.lines {
            let short = line.words <= SHORT;
            let tokens = self.tokens.get_mut(line.first as usize..line.last as usize).unwrap_or_default();
            for token in tokens {
                if token.is_capital() || short && token.shape == Shape::Lower {
                    let word = self.text.get(token.start as usize..token.end as usize).unwrap_or_default();
                    token.known = lists.get_hashed(word, token.hash);
                }
            }
        }
    }

    /// How often the word of `token` stands here with a capital and without.
    pub fn count(&self, token: &Token) -> (u32, u32) {
        let count = self.counts.get(token.hash);
        (count & 0xffff, count >> 16)
    }

    /// The line of `token`.
    pub fn line(&self, token: &Token) -> Line {
        self.lines.get(token.line as usize).copied().unwrap_or_default()
    }
}

/// The word that starts at `at` with its shape and hash, where it is of ASCII letters alone: what [`word`] and
/// [`hash_word`] say of it, in one go.
fn plain_word(bytes: &[u8], at: usize) -> Option<(usize, Shape, u64)> {
    let rest = bytes.get(at..)?;
    let mut hash = SEED;
    let (mut letters, mut capitals) = (0, 0);
    for byte in rest.iter().take_while(|b| b.is_ascii_alphabetic()) {
        hash = mix(hash, u64::from(byte.to_ascii_lowercase()));
        capitals += usize::from(byte.is_ascii_uppercase());
        letters += 1;
    }
    let ends = rest.get(letters).is_none_or(|b| b.is_ascii() && *b != b'\'');
    let first = rest.first().is_some_and(u8::is_ascii_uppercase);
    (letters > 0 && ends).then(|| (at + letters, shape_of(letters, capitals, first), finish(hash)))
}

/// The number or mark of ASCII that starts at `at`, with what [`hash_word`] says of it.
fn plain_mark(bytes: &[u8], at: usize) -> (usize, Shape, u64) {
    let rest = bytes.get(at..).unwrap_or_default();
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let shape = if digits > 0 { Shape::Number } else { Shape::Mark };
    let token = rest.iter().take(digits.max(1));
    (at + digits.max(1), shape, finish(token.fold(SEED, |hash, byte| mix(hash, u64::from(*byte)))))
}

fn shape_of(letters: usize, capitals: usize, first: bool) -> Shape {
    match (letters, capitals, first) {
        (1, 1, _) => Shape::Letter,
        (_, 0, _) => Shape::Lower,
        (l, c, _) if l == c => Shape::Upper,
        (_, 1, true) => Shape::Title,
        _ => Shape::Mixed,
    }
}

/// The word that starts at `at`: letters, with apostrophes and marks inside. Returns its end and shape.
fn word(text: &str, at: usize) -> (usize, Shape) {
    let mut end = at;
    let (mut letters, mut capitals, mut first) = (0, 0, false);
    let mut joiner = false;
    for (i, c) in text.get(at..).unwrap_or_default().char_indices() {
        if c.is_alphabetic() {
            // A capital after a small letter and an apostrophe starts no new word: `O'Neill`, `D'Andre`.
            if c.is_uppercase() {
                capitals += 1;
                first |= letters == 0;
            }
            letters += 1;
            joiner = false;
            end = at + i + c.len_utf8();
        } else if !c.is_ascii() && (is_hidden(c) || unicode_normalization::char::is_combining_mark(c)) {
            end = at + i + c.len_utf8();
        } else if matches!(c, '\'' | '’' | 'ʼ') && !joiner {
            let rest = text.get(at + i + c.len_utf8()..).unwrap_or_default();
            let mut after = rest.chars();
            let possessive =
                matches!(after.next(), Some('s' | 'S')) && !after.next().is_some_and(char::is_alphabetic);
            if possessive {
                break;
            }
            joiner = true;
        } else {
            break;
        }
    }
    (end, shape_of(letters, capitals, first))
}

/// Whether what the lists know makes a word one that may be a name.
pub(crate) fn may_be_name(known: u16) -> bool {
    known & (known::GIVEN | known::FAMILY | known::NAME) != 0 || known::frequency(known) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_words_gaps_and_lines() {
        let lists = Lists::of_map(&[]);
        let text = Text::new("Siân O’Neill’s  \tdog\n\nJ. R2 x@y\n", &lists, true, true);
        let words: Vec<&str> =
            text.tokens.iter().map(|t| &text.text[t.start as usize..t.end as usize]).collect();
        assert_eq!(words, ["Siân", "O’Neill", "’", "s", "dog", "J", ".", "R", "2", "x", "@", "y"]);
        assert_eq!(text.lines.len(), 2);
        assert_eq!(text.tokens[4].gap, Gap::Wide);
        assert_eq!((text.lines[0].words, text.lines[0].capitals, text.lines[0].gaps), (4, 2, 1));
        assert_eq!((text.lines[1].holds, text.lines[1].open_before), (1, true));
        assert_eq!(text.tokens[1].shape, Shape::Mixed);
    }
}
