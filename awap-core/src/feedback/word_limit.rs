//! The words of a work that count towards its limit, and what of it lies beyond that.

use std::collections::{HashMap, HashSet};

use super::answer::{Answer, Paragraph, Standing};
use super::criteria::quotations;
use super::rubric::{Counted, OverLength, OverMode, Rubric};
use crate::document::BlockKind;
use crate::text::{Span, count_words};
use crate::tma::ParsedTma;

/// Leaves unread what lies beyond the limit, where the rubric says so; returns how many words that was.
pub(super) fn stop_reading(tma: &ParsedTma, rubric: &Rubric, answers: &mut [Answer<'_>]) -> usize {
    let Some(over) = rubric.penalties.over_length.as_ref().filter(|o| o.mode == OverMode::StopReading) else {
        return 0;
    };
    let most = most_words(over).unwrap_or(usize::MAX);
    let counter = Counter::new(tma, over.counted);
    let (mut read, mut unread, mut stopped) = (0, 0, false);
    // Where several questions are answered by one stretch, each sentence is read once.
    let mut decided: HashMap<Span, bool> = HashMap::new();
    for answer in answers {
        for at in 0..answer.sentences.len() {
            let Some(sentence) = answer.sentences.get(at) else { continue };
            let span = sentence.span;
            if let Some(is_unread) = decided.get(&span) {
                if *is_unread {
                    answer.set_standing(at, Standing::Unread);
                }
                continue;
            }
            let words = answer
                .paragraphs
                .get(sentence.paragraph)
                .map_or(0, |paragraph| counter.words(span, paragraph.kind));
            read += words;
            // What counts nothing, a table's row say, is not read either once the limit is passed.
            stopped |= read > most;
            decided.insert(span, stopped);
            if stopped {
                unread += words;
                answer.set_standing(at, Standing::Unread);
            }
        }
    }
    unread
}

/// The words that are allowed, the tolerance included.
pub(super) fn most_words(over: &OverLength) -> Option<usize> {
    over.limit_words.map(|limit| (limit as f64 * (1.0 + over.tolerance_pct / 100.0)).floor() as usize)
}

/// Words of the work that count towards its limit: where several questions are answered by one stretch, it was written once.
pub(super) fn words_of(tma: &ParsedTma, rubric: &Rubric, answers: &[Answer<'_>]) -> usize {
    let over = rubric.penalties.over_length.as_ref();
    let counted = over.map(|over| over.counted).unwrap_or_default();
    let limited = || {
        let pairs = rubric.questions.iter().zip(answers);
        pairs.filter(|(question, _)| over.is_none_or(|o| o.is_about(&question.id))).map(|(_, answer)| answer)
    };
    let reader = Counter::new(tma, counted);
    let mut read = HashSet::new();
    let mut words = 0;
    for Paragraph { span, kind, .. } in limited().flat_map(|answer| &answer.paragraphs) {
        if read.insert(*span) {
            words += reader.words(*span, *kind);
        }
    }
    let text = |span: Span| count_words(span.of(&tma.text));
    if counted.headings {
        let headings = limited().flat_map(|answer| &answer.headings).filter(|span| read.insert(**span));
        words += headings.map(|span| text(*span)).sum::<usize>();
    }
    if counted.reference_list {
        let list = tma.blocks.iter().filter(|block| block.role.as_deref() == Some("reference_list"));
        words += list.map(|block| text(Span::new(block.start, block.end))).sum::<usize>();
    }
    words
}

/// Counts words as the rubric has it.
struct Counter<'a> {
    text: &'a str,
    counted: Counted,
    /// What of each citation is left out, in order.
    citations: Vec<Span>,
}

impl<'a> Counter<'a> {
    fn new(tma: &'a ParsedTma, counted: Counted) -> Self {
        let mut citations: Vec<Span> = Vec::new();
        if !counted.in_text_citations {
            citations.extend(tma.citations.iter().map(|citation| {
                let span = Span::new(citation.start, citation.end);
                // Of `Smith (2019) argues` the name is of the sentence.
                Span::new(span.start + span.of(&tma.text).find(['(', '[']).unwrap_or(0), span.end)
            }));
            citations.sort_unstable();
            // `[1, 2]` is a citation for each number, and all stand in the same place.
            citations.dedup();
        }
        Self { text: &tma.text, counted, citations }
    }

    /// Words of a stretch that count, in a paragraph of this kind.
    fn words(&self, span: Span, kind: BlockKind) -> usize {
        let is_left_out = match kind {
            BlockKind::Table => !self.counted.tables,
            BlockKind::Quote => !self.counted.quotes,
            _ => false,
        };
        if is_left_out {
            return 0;
        }
        let (mut out, mut quoted): (Vec<Span>, Vec<Span>) = (Vec::new(), Vec::new());
        if !self.counted.quotes {
            let quotations = quotations(span.of(self.text));
            let mut found: Vec<Span> =
                quotations.iter().map(|q| Span::new(span.start + q.start, span.start + q.end)).collect();
            found.sort_unstable();
            for quote in found {
                // One may stand within another.
                match quoted.last_mut() {
                    Some(last) if quote.start < last.end => last.end = last.end.max(quote.end),
                    _ => quoted.push(quote),
                }
            }
        }
        let from = self.citations.partition_point(|citation| citation.start < span.start);
        for citation in self.citations.iter().skip(from).take_while(|citation| citation.start < span.end) {
            let within = quoted.partition_point(|quote| quote.start <= citation.start);
            let is_quoted =
                within.checked_sub(1).and_then(|i| quoted.get(i)).is_some_and(|q| q.contains(*citation));
            if span.contains(*citation) && !is_quoted {
                out.push(*citation);
            }
        }
        out.extend(quoted);
        let left_out: usize = out.iter().map(|span| count_words(span.of(self.text))).sum();
        count_words(span.of(self.text)).saturating_sub(left_out)
    }
}
