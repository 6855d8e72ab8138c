//! An answer made ready for marking: its sentences, tokens and paragraphs, and what of it counts.

use std::collections::{HashMap, HashSet};

use super::announcement::announces;
use super::lexis::Classes;
use crate::document::{BlockKind, PartKind};
use crate::text::{self, Span};
use crate::tma::ParsedTma;

/// Numbers for words and stems, so that matching compares integers.
#[derive(Debug, Default)]
pub(crate) struct Lexicon {
    words: HashMap<String, u32>,
    stems: HashMap<String, u32>,
    /// Of each word, the number of its stem and its classes.
    known: Vec<(u32, Classes)>,
}

impl Lexicon {
    /// The number of a lower-case word, of its stem, and the word's classes.
    fn add(&mut self, lower: &str) -> (u32, u32, Classes) {
        if let Some((word, (stem, classes))) =
            self.words.get(lower).and_then(|&word| Some((word, *self.known.get(word as usize)?)))
        {
            return (word, stem, classes);
        }
        let word = self.known.len() as u32;
        self.words.insert(lower.to_owned(), word);
        let next = self.stems.len() as u32;
        let stem = *self.stems.entry(text::stem(lower)).or_insert(next);
        let classes = Classes::of(lower);
        self.known.push((stem, classes));
        (word, stem, classes)
    }

    /// The number of a lower-case word, if the script has it.
    pub(crate) fn word(&self, lower: &str) -> Option<u32> {
        self.words.get(lower).copied()
    }

    /// The number of the stem of a word, if the script has it.
    pub(crate) fn stem(&self, word: &str) -> Option<u32> {
        self.stems.get(&text::stem(word)).copied()
    }

    /// The stems of the script, by their numbers.
    pub(crate) fn stem_texts(&self) -> Vec<&str> {
        let mut texts = vec![""; self.stems.len()];
        for (text, &stem) in &self.stems {
            texts[stem as usize] = text;
        }
        texts
    }

    /// Stems of the script within `distance` typing errors of `word`.
    pub(crate) fn near_stems(&self, word: &str, distance: usize) -> Vec<u32> {
        let stem = text::stem(word);
        if stem.chars().count() < 5 {
            return Vec::new();
        }
        let mut near: Vec<u32> =
            self.stems.iter().filter(|(s, _)| within_edits(s, &stem, distance)).map(|(_, id)| *id).collect();
        near.sort_unstable();
        near
    }
}

/// Whether two words differ by at most `limit` insertions, deletions or substitutions, and begin alike.
fn within_edits(a: &str, b: &str, limit: usize) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.first() != b.first() || a.len().abs_diff(b.len()) > limit {
        return false;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        for (j, y) in b.iter().enumerate() {
            let cost = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row.last().is_some_and(|d| *d <= limit)
}

/// Whether a sentence earns marks, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It counts.
    Counted,
    /// It stood in the work before, in this or another order of words.
    Repeated,
    /// It is the question, copied.
    Copied,
    /// It is a list of words, not a sentence.
    WordList,
    /// It is too short to say anything.
    Fragment,
    /// It lies beyond the limit at which the marker stops reading.
    Unread,
}

/// A sentence of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Sentence {
    /// Its bytes in the whole text.
    pub(crate) span: Span,
    /// Its tokens, by index into the answer's.
    pub(crate) tokens: std::ops::Range<usize>,
    /// Which paragraph it stands in.
    pub(crate) paragraph: usize,
    /// Whether it counts.
    pub(crate) standing: Standing,
    /// Whether it says what the answer is going to do, and no more.
    pub(crate) announces: bool,
}

/// A token of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    /// Its bytes in the whole text.
    pub(crate) span: Span,
    /// Its number as a lower-case word.
    pub(crate) word: u32,
    /// The number of its stem.
    pub(crate) stem: u32,
    /// The classes of the word.
    pub(crate) classes: Classes,
    /// Which sentence it stands in.
    pub(crate) sentence: usize,
}

/// A paragraph or list item of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Paragraph {
    /// Its bytes in the whole text.
    pub(crate) span: Span,
    /// Its sentences, by index.
    pub(crate) sentences: std::ops::Range<usize>,
    /// Its words, as a word processor counts them.
    pub(crate) words: usize,
    /// Those of its words that stand in sentences that count.
    pub(crate) counted_words: usize,
    /// What it is, or what it is a line of.
    pub(crate) kind: BlockKind,
    /// Whether it is an item of a list or a row of a table.
    pub(crate) is_item: bool,
}

/// How the answer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Under its own number.
    Own,
    /// In the answer to the whole question, or in a work without numbers.
    Whole,
    /// Not at all.
    Nowhere,
}

/// The answer to one question of the rubric.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    /// The whole text, into which all spans point.
    pub(crate) text: &'a str,
    /// Where the answer stands.
    pub(crate) spans: Vec<Span>,
    /// How it was found.
    pub(crate) found: Found,
    /// Its sentences in order.
    pub(crate) sentences: Vec<Sentence>,
    /// Its tokens in order.
    pub(crate) tokens: Vec<Token>,
    /// Its paragraphs in order.
    pub(crate) paragraphs: Vec<Paragraph>,
    /// Its headings.
    pub(crate) headings: Vec<Span>,
    /// Its code.
    pub(crate) code: Vec<Span>,
    /// Words that count towards a limit.
    pub(crate) words: usize,
    /// Whether it holds a figure or an equation.
    pub(crate) has_other: bool,
    positions: HashMap<u32, Vec<usize>>,
    stem_positions: HashMap<u32, Vec<usize>>,
}

/// What has been read so far: each sentence counts once in the whole work.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    sentences: HashSet<Vec<u32>>,
}

impl<'a> Answer<'a> {
    /// Reads what stands at `spans` of `tma`. `prompt` is the wording of the questions.
    pub(crate) fn read(
        tma: &'a ParsedTma,
        spans: Vec<Span>,
        found: Found,
        prompt: &str,
        lexicon: &mut Lexicon,
        seen: &mut Seen,
    ) -> Self {
        let mut answer = Self {
            text: &tma.text,
            spans,
            found,
            sentences: Vec::new(),
            tokens: Vec::new(),
            paragraphs: Vec::new(),
            headings: Vec::new(),
            code: Vec::new(),
            words: 0,
            has_other: false,
            positions: HashMap::new(),
            stem_positions: HashMap::new(),
        };
        for span in answer.spans.clone() {
            answer.read_region(tma, span, lexicon);
        }
        answer.judge(prompt, lexicon, seen);
        for (at, token) in answer.tokens.iter().enumerate() {
            answer.positions.entry(token.word).or_default().push(at);
            answer.stem_positions.entry(token.stem).or_default().push(at);
        }
        answer
    }

    fn read_region(&mut self, tma: &ParsedTma, region: Span, lexicon: &mut Lexicon) {
        let mut any = false;
        for block in &tma.blocks {
            // A figure has a place, and often no text.
            if matches!(block.kind, BlockKind::Figure | BlockKind::Equation)
                && region.start <= block.start
                && block.end <= region.end
            {
                self.has_other = true;
            }
            let span = Span::new(block.start.max(region.start), block.end.min(region.end));
            if span.is_empty() {
                continue;
            }
            any = true;
            let role = block.role.as_deref();
            if matches!(role, Some("cover" | "prompt" | "reference_list" | "appendix"))
                || !matches!(block.part, PartKind::Body | PartKind::TextBox)
            {
                continue;
            }
            match block.kind {
                BlockKind::Paragraph | BlockKind::Quote => self.read_paragraph(span, block.kind, lexicon),
                BlockKind::ListItem | BlockKind::Table => {
                    // Of a table in whose cells the answers stand, an answer is no table.
                    let is_cell = block.kind == BlockKind::Table && block.start < region.start;
                    let kind = if is_cell { BlockKind::ListItem } else { block.kind };
                    for line in lines(span.of(&tma.text), span.start) {
                        self.read_paragraph(line, kind, lexicon);
                    }
                }
                BlockKind::Heading => self.headings.push(span),
                BlockKind::Code => self.code.push(span),
                _ => {}
            }
        }
        if !any {
            for span in paragraphs(region.of(&tma.text), region.start) {
                self.read_paragraph(span, BlockKind::Paragraph, lexicon);
            }
        }
    }

    fn read_paragraph(&mut self, span: Span, kind: BlockKind, lexicon: &mut Lexicon) {
        let body = span.of(self.text);
        let first = self.sentences.len();
        let mut lower = String::new();
        for sentence in text::sentences(body) {
            let index = self.sentences.len();
            let from = self.tokens.len();
            for token in text::tokens(sentence.of(body)) {
                let token = Span::new(
                    span.start + sentence.start + token.start,
                    span.start + sentence.start + token.end,
                );
                lower.clear();
                lower.extend(token.of(self.text).chars().flat_map(char::to_lowercase));
                let (word, stem, classes) = lexicon.add(&lower);
                self.tokens.push(Token { span: token, word, stem, classes, sentence: index });
            }
            self.sentences.push(Sentence {
                span: Span::new(span.start + sentence.start, span.start + sentence.end),
                tokens: from..self.tokens.len(),
                paragraph: self.paragraphs.len(),
                standing: Standing::Counted,
                announces: announces(&sentence.of(body).to_lowercase()),
            });
        }
        if self.sentences.len() == first {
            return;
        }
        let words = text::count_words(body);
        self.words += words;
        self.paragraphs.push(Paragraph {
            span,
            sentences: first..self.sentences.len(),
            words,
            counted_words: words,
            kind,
            is_item: matches!(kind, BlockKind::ListItem | BlockKind::Table),
        });
    }

    /// Decides which sentences count.
    fn judge(&mut self, prompt: &str, lexicon: &Lexicon, seen: &mut Seen) {
        let prompt: Vec<u32> = text::tokens(prompt).filter_map(|t| lexicon.stem(t.of(prompt))).collect();
        let prompt: HashSet<[u32; 3]> = triples(&prompt).collect();
        let broken = self.broken_order();
        for at in 0..self.sentences.len() {
            let sentence = &self.sentences[at];
            let is_item = self.paragraphs.get(sentence.paragraph).is_some_and(|p| p.is_item);
            let tokens = &self.tokens[sentence.tokens.clone()];
            let stems: Vec<u32> = tokens.iter().map(|t| t.stem).collect();
            let words: Vec<Classes> = tokens.iter().map(|t| t.classes).collect();
            let mut bag = stems.clone();
            bag.sort_unstable();
            let standing = if tokens.len() < 3 {
                Standing::Fragment
            } else if !seen.sentences.insert(bag) {
                Standing::Repeated
            } else if is_copied(&stems, &prompt) {
                Standing::Copied
            } else if is_word_list(&words, is_item) || broken && has_broken_pair(&words) {
                Standing::WordList
            } else {
                Standing::Counted
            };
            self.set_standing(at, standing);
        }
    }

    /// Whether the words of this answer stand in no English order: more than one impossible pair in forty words.
    fn broken_order(&self) -> bool {
        let mut pairs = 0;
        let mut last: Option<&Token> = None;
        for token in &self.tokens {
            if let Some(last) = last.filter(|l| l.sentence == token.sentence) {
                pairs += usize::from(last.classes.breaks_before(token.classes));
            }
            last = Some(token);
        }
        pairs >= 2 && pairs * 40 > self.tokens.len()
    }

    /// Changes whether a sentence counts, and its paragraph's count with it.
    pub(crate) fn set_standing(&mut self, sentence: usize, standing: Standing) {
        let Some(s) = self.sentences.get_mut(sentence) else { return };
        if s.standing == Standing::Counted && standing != Standing::Counted {
            let words = text::count_words(s.span.of(self.text));
            if let Some(p) = self.paragraphs.get_mut(s.paragraph) {
                p.counted_words = p.counted_words.saturating_sub(words);
            }
        }
        s.standing = standing;
    }

    /// The tokens at which a word (or, with `stemmed`, its stem) stands.
    pub(crate) fn positions(&self, id: u32, stemmed: bool) -> &[usize] {
        let map = if stemmed { &self.stem_positions } else { &self.positions };
        map.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The sentence that holds a byte, if any.
    pub(crate) fn token_at(&self, byte: usize) -> Option<usize> {
        let at = self.tokens.partition_point(|t| t.span.end <= byte);
        self.tokens.get(at).map(|_| at)
    }

    /// Sentences that count.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (usize, &Sentence)> {
        self.sentences.iter().enumerate().filter(|(_, s)| s.standing == Standing::Counted)
    }

    /// Sentences that count and tell something: those that announce what is to come are left out.
    pub(crate) fn telling(&self) -> impl Iterator<Item = &Sentence> {
        self.counted().map(|(_, s)| s).filter(|s| !s.announces)
    }

    /// The sentences that count: where each stands in the work, where in [`counted_text`](Self::counted_text), and its paragraph.
    pub(crate) fn counted_places(&self) -> Vec<(Span, Span, usize)> {
        let mut at = 0;
        self.counted()
            .map(|(_, s)| {
                let place = Span::new(at, at + s.span.len());
                at = place.end + 1;
                (s.span, place, s.paragraph)
            })
            .collect()
    }

    /// The sentences that count and no more, a line for each paragraph: what a model learns from and marks.
    pub(crate) fn counted_text(&self) -> String {
        let mut text = String::new();
        let mut last = None;
        for (span, _, paragraph) in self.counted_places() {
            if let Some(last) = last {
                text.push(if last == paragraph { ' ' } else { '\n' });
            }
            text.push_str(span.of(self.text));
            last = Some(paragraph);
        }
        text
    }

    /// Words in sentences that count.
    pub(crate) fn counted_words(&self) -> usize {
        self.paragraphs.iter().map(|p| p.counted_words).sum()
    }

    /// How many sentences are of this standing.
    pub(crate) fn count(&self, standing: Standing) -> usize {
        self.sentences.iter().filter(|s| s.standing == standing).count()
    }

    /// Whether nothing was written or drawn.
    pub(crate) fn is_empty(&self) -> bool {
        self.sentences.is_empty() && self.code.is_empty() && !self.has_other
    }
}

fn triples(stems: &[u32]) -> impl Iterator<Item = [u32; 3]> {
    stems.windows(3).filter_map(|w| w.try_into().ok())
}

/// Most of the sentence stands, in the same order, in the question.
fn is_copied(stems: &[u32], prompt: &HashSet<[u32; 3]>) -> bool {
    let total = stems.len().saturating_sub(2);
    let shared = triples(stems).filter(|t| prompt.contains(t)).count();
    total >= 1 && shared * 10 >= total * 7
}

/// Words strung together: prose has a verb, and a function word in every five or so.
fn is_word_list(words: &[Classes], is_item: bool) -> bool {
    let function = words.iter().filter(|w| w.is_function()).count();
    let verbs = words.iter().any(|w| w.is_verb());
    let share = function as f64 / words.len().max(1) as f64;
    if is_item {
        return words.len() >= 8 && share < 0.1 && !verbs;
    }
    if words.len() >= 6 && share < 0.12 {
        return true;
    }
    let mut run = 0;
    let mut longest = 0;
    for word in words {
        run = if word.is_function() || word.is_verb() { 0 } else { run + 1 };
        longest = longest.max(run);
    }
    longest >= 9 || !verbs && share < 0.25
}

fn has_broken_pair(words: &[Classes]) -> bool {
    words.windows(2).any(|w| matches!(w, [a, b] if a.breaks_before(*b)))
}

/// The lines of `body`, as spans of the whole text.
fn lines(body: &str, base: usize) -> impl Iterator<Item = Span> + '_ {
    let mut at = base;
    body.split('\n').map(move |line| {
        let span = Span::new(at, at + line.len());
        at = span.end + 1;
        span
    })
}

/// The paragraphs of `body` by blank lines, as spans of the whole text.
fn paragraphs(body: &str, base: usize) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    let mut open = false;
    for line in lines(body, base) {
        let blank = body.get(line.start - base..line.end - base).is_none_or(|l| l.trim().is_empty());
        match out.last_mut() {
            Some(last) if open && !blank => last.end = line.end,
            _ if !blank => out.push(line),
            _ => {}
        }
        open = !blank;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(s: &str) -> Vec<Classes> {
        s.split(' ').map(|word| Classes::of(&word.to_lowercase())).collect()
    }

    #[test]
    fn word_lists_are_told_from_prose() {
        for prose in [
            "A binary search discards half of the list at every step",
            "The list must be sorted first",
            "Goffman called this the interaction order",
        ] {
            assert!(!is_word_list(&words(prose), false), "{prose}");
        }
        for list in [
            "middle half sorted compare discard log million comparisons",
            "consent bias storage biometric data protection proportionate outweigh GDPR",
        ] {
            assert!(is_word_list(&words(list), false), "{list}");
        }
        assert!(!is_word_list(&words("something you know such as a password"), true));
    }

    #[test]
    fn typing_errors_are_counted() {
        assert!(within_edits("biometr", "biometr", 0));
        assert!(within_edits("biometr", "biomtr", 1));
        assert!(within_edits("consent", "concent", 1));
        assert!(!within_edits("search", "perch", 1));
    }

    #[test]
    fn paragraphs_are_parted_by_blank_lines() {
        let body = "one\ntwo\n\n\nthree\n";
        let got: Vec<_> = paragraphs(body, 0).iter().map(|s| s.of(body)).collect();
        assert_eq!(got, ["one\ntwo", "three"]);
    }
}
