//! The terms of a rubric: phrases and regular expressions, and where an answer uses them.

use std::collections::BTreeMap;

use regex::bytes::{Regex, RegexBuilder};

use super::answer::{Answer, Lexicon, Standing};
use super::lexis;
use super::rubric::Node;
use crate::Result;
use crate::text::{self, Span};

/// Words of a phrase may be replaced by their synonyms in at most this many ways.
const MAX_VARIANTS: usize = 24;
/// Bytes that one regular expression may take when compiled: a rubric is not trusted to be small.
const REGEX_SIZE: usize = 1 << 20;
/// A denial reaches over this many words.
const NEGATION_REACH: usize = 4;
/// More uses of one term than this tell nothing new.
const MAX_HITS: usize = 500;

/// How phrases are matched (`params.match`).
#[derive(Debug, Clone, Default)]
pub(crate) struct Matching {
    /// By stem rather than by word.
    pub(crate) stem: bool,
    /// Typing errors forgiven in a word of five letters or more.
    pub(crate) fuzzy: usize,
    synonyms: BTreeMap<String, Vec<String>>,
}

impl Matching {
    /// Phrases by stem, nothing else.
    pub(crate) fn stemmed() -> Self {
        Self { stem: true, ..Self::default() }
    }

    /// Reads `params.match`.
    pub(crate) fn load(node: Option<&Node<'_>>) -> Result<Self> {
        let Some(node) = node else { return Ok(Self::stemmed()) };
        let mut synonyms = BTreeMap::new();
        if let Some(map) = node.get("synonyms")? {
            for (word, list) in map.members()? {
                let list: Vec<String> =
                    list.texts()?.iter().map(|n| n.text().map(str::to_lowercase)).collect::<Result<_>>()?;
                synonyms.insert(word.to_lowercase(), list);
            }
        }
        let fuzzy = node.or("fuzzy", 0, |n| match n.value() {
            serde_json::Value::Bool(on) => Ok(usize::from(*on)),
            // 1 and 2 are typing errors; a share such as 0.85 is a likeness, which one error in a word comes to.
            _ => n.number_within(0.0, 2.0).map(|n| n.ceil() as usize),
        })?;
        Ok(Self { stem: node.or("stem", true, Node::boolean)?, fuzzy, synonyms })
    }
}

/// One term: a phrase or a regular expression.
#[derive(Debug)]
pub(crate) struct Term {
    matcher: Matcher,
    negates: bool,
}

#[derive(Debug)]
enum Matcher {
    Phrase(Vec<Vec<String>>),
    Pattern(Box<Regex>),
}

/// One use of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Where the term stands in the whole text.
    pub(crate) span: Span,
    /// Its first token.
    pub(crate) token: usize,
    /// The sentence it stands in; none in code.
    pub(crate) sentence: Option<usize>,
    /// Whether the clause denies it.
    pub(crate) negated: bool,
}

/// Where a term may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Place {
    /// In a sentence that counts.
    #[default]
    Prose,
    /// In code, or in anything where no code is marked as such.
    Code,
    /// Anywhere in the answer.
    Anywhere,
}

impl Term {
    /// Reads a term: `/…/` is a regular expression, all else a phrase.
    pub(crate) fn load(node: &Node<'_>, matching: &Matching) -> Result<Self> {
        let text = node.text()?;
        if let Some(pattern) =
            text.strip_prefix('/').and_then(|t| t.strip_suffix('/')).filter(|p| !p.is_empty())
        {
            let regex = compile(pattern).map_err(|e| {
                node.fault(format!("This regular expression cannot be used: {}.", reason(&e)))
            })?;
            let negates = text::tokens(pattern).any(|t| lexis::is_negator(&t.of(pattern).to_lowercase()));
            return Ok(Self { matcher: Matcher::Pattern(Box::new(regex)), negates });
        }
        Self::phrase(text, matching).ok_or_else(|| node.fault("A term needs at least one letter or digit."))
    }

    /// A phrase; none where it holds no word.
    pub(crate) fn phrase(text: &str, matching: &Matching) -> Option<Self> {
        let words: Vec<String> = text::tokens(text).map(|t| t.of(text).to_lowercase()).collect();
        // Articles inside a phrase are optional on both sides.
        let mut kept: Vec<String> = words.iter().filter(|w| !lexis::is_determiner(w)).cloned().collect();
        if kept.is_empty() {
            kept = words;
        }
        if kept.is_empty() {
            return None;
        }
        let negates = kept.iter().any(|w| lexis::is_negator(w));
        let mut variants = vec![kept.clone()];
        for (at, word) in kept.iter().enumerate() {
            let same = |key: &str| key == word || matching.stem && text::stem(key) == text::stem(word);
            for (_, synonyms) in matching.synonyms.iter().filter(|(key, _)| same(key)) {
                for synonym in synonyms {
                    if variants.len() >= MAX_VARIANTS {
                        break;
                    }
                    let mut variant: Vec<String> = kept[..at].to_vec();
                    variant.extend(text::tokens(synonym).map(|t| t.of(synonym).to_owned()));
                    variant.extend_from_slice(&kept[at + 1..]);
                    variants.push(variant);
                }
            }
        }
        Some(Self { matcher: Matcher::Phrase(variants), negates })
    }

    /// Every use of this term in `answer`, in order. With `guard`, a denial before it marks it as negated, unless the
    /// term itself denies.
    pub(crate) fn find(
        &self,
        answer: &Answer<'_>,
        lexicon: &Lexicon,
        matching: &Matching,
        place: Place,
        guard: bool,
    ) -> Vec<Hit> {
        let mut hits = Vec::new();
        match &self.matcher {
            Matcher::Phrase(variants) => {
                for variant in variants {
                    phrase_hits(variant, answer, lexicon, matching, &mut hits);
                }
            }
            Matcher::Pattern(regex) => pattern_hits(regex, answer, place, &mut hits),
        }
        hits.retain(|hit| match hit.sentence.and_then(|s| answer.sentences.get(s)) {
            Some(s) => match s.standing {
                // To say that something will be dealt with is not yet to deal with it.
                Standing::Counted => !s.announces,
                // A line of code or of a test log need not be a sentence.
                Standing::Fragment | Standing::WordList => place != Place::Prose,
                Standing::Repeated | Standing::Copied | Standing::Unread => false,
            },
            None => place != Place::Prose,
        });
        if guard && !self.negates {
            for hit in &mut hits {
                hit.negated = hit.sentence.is_some() && is_denied(answer, hit.token);
            }
        }
        hits.sort_by_key(|h| (h.span.start, h.span.end));
        hits.dedup_by_key(|h| h.span);
        hits.truncate(MAX_HITS);
        hits
    }
}

/// The words of a descriptor that name its subject: no function words, no talk of marking; each once, in order.
pub(crate) fn content_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for token in text::tokens(text) {
        let word = token.of(text).to_lowercase();
        let word = word.trim_end_matches("'s").trim_end_matches("’s").to_owned();
        let counts = word.chars().count() >= 3
            && !lexis::is_function(&word)
            && !lexis::is_rubric_talk(&word)
            && !words.iter().any(|w| text::stem(w) == text::stem(&word));
        if counts {
            words.push(word);
        }
    }
    words
}

/// The words of a common error that a sentence must hold to make it: all but the smallest, and but the verb with
/// which the rubric reports it (`Says that …`, `Confuses … with …`).
pub(crate) fn claim_words(text: &str) -> Vec<String> {
    const SMALL: [&str; 22] = [
        "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "of", "on", "or",
        "that", "the", "to", "with", "student", "they",
    ];
    let mut words: Vec<String> = Vec::new();
    for (i, token) in text::tokens(text).enumerate() {
        let word = token.of(text).to_lowercase();
        let reports =
            i == 0 && (word.ends_with('s') || word.ends_with("ing")) && lexis::is_rubric_talk(&word);
        if !reports && !SMALL.contains(&word.as_str()) && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Compiles a term's pattern, any case.
///
/// A pattern in plain ASCII is matched byte by byte: it compiles some twenty times faster than over all of Unicode, and
/// a rubric has dozens. There `.` and `\w` see one byte, so that in `.{0,40}` an accented letter counts as two.
fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    let build = |unicode: bool| {
        RegexBuilder::new(pattern).case_insensitive(true).unicode(unicode).size_limit(REGEX_SIZE).build()
    };
    if pattern.is_ascii() && !pattern.contains("\\p") && !pattern.contains("(?u") {
        build(false)
    } else {
        build(true)
    }
}

/// What is wrong with a regular expression, in one line and without the caret art.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        other => {
            let message = other.to_string();
            let last = message.lines().last().unwrap_or_default();
            last.trim().trim_start_matches("error: ").trim_end_matches('.').to_owned()
        }
    }
}

fn phrase_hits(
    phrase: &[String],
    answer: &Answer<'_>,
    lexicon: &Lexicon,
    matching: &Matching,
    hits: &mut Vec<Hit>,
) {
    let ids = |word: &String| -> Vec<u32> {
        if matching.fuzzy > 0 && matching.stem {
            return lexicon.near_stems(word, matching.fuzzy).into_iter().chain(lexicon.stem(word)).collect();
        }
        let id = if matching.stem { lexicon.stem(word) } else { lexicon.word(word) };
        id.into_iter().collect()
    };
    let words: Vec<Vec<u32>> = phrase.iter().map(ids).collect();
    let Some((first, rest)) = words.split_first() else { return };
    for id in first {
        for &start in answer.positions(*id, matching.stem) {
            let Some(head) = answer.tokens.get(start) else { continue };
            let mut end = start;
            let fits = |at: usize, ids: &[u32]| {
                answer.tokens.get(at).is_some_and(|t| {
                    t.sentence == head.sentence && ids.contains(if matching.stem { &t.stem } else { &t.word })
                })
            };
            let skips = |at: usize| answer.tokens.get(at).is_some_and(|t| t.classes.is_determiner());
            let whole = rest.iter().all(|ids| {
                let next = if !fits(end + 1, ids) && skips(end + 1) { end + 2 } else { end + 1 };
                end = next;
                fits(next, ids)
            });
            if let Some(last) = answer.tokens.get(end).filter(|_| whole) {
                hits.push(Hit {
                    span: Span::new(head.span.start, last.span.end),
                    token: start,
                    sentence: Some(head.sentence),
                    negated: false,
                });
            }
            if hits.len() >= MAX_HITS {
                return;
            }
        }
    }
}

fn pattern_hits(regex: &Regex, answer: &Answer<'_>, place: Place, hits: &mut Vec<Hit>) {
    let regions = if place == Place::Code && !answer.code.is_empty() { &answer.code } else { &answer.spans };
    for region in regions {
        for found in regex.find_iter(region.of(answer.text).as_bytes()).take(MAX_HITS) {
            let span = whole_chars(answer.text, region.start + found.start(), region.start + found.end());
            if span.is_empty() {
                continue;
            }
            // The match may begin or end outside a token; the token it first touches says where it stands.
            let token = answer.token_at(span.start);
            let sentence = token
                .and_then(|t| answer.tokens.get(t))
                .filter(|t| t.span.start < span.end)
                .map(|t| t.sentence)
                .or_else(|| answer.sentences.iter().position(|s| s.span.contains(span)));
            hits.push(Hit { span, token: token.unwrap_or(answer.tokens.len()), sentence, negated: false });
        }
    }
}

/// The least stretch of whole characters around some bytes.
fn whole_chars(text: &str, mut start: usize, mut end: usize) -> Span {
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    Span::new(start, end)
}

/// Whether a word of denial stands shortly before this token, in its clause.
fn is_denied(answer: &Answer<'_>, token: usize) -> bool {
    let Some(hit) = answer.tokens.get(token) else { return false };
    let mut next = hit.span;
    for at in (token.saturating_sub(NEGATION_REACH)..token).rev() {
        let Some(before) = answer.tokens.get(at).filter(|t| t.sentence == hit.sentence) else { return false };
        let gap = Span::new(before.span.end, next.start).of(answer.text);
        if gap.contains([',', ';', ':', '(', ')', '—', '–']) {
            return false;
        }
        if before.classes.is_clause_break() {
            return false;
        }
        if before.classes.is_negator() {
            // “not only” and “no longer just” add; they deny nothing.
            let following = next.of(answer.text).to_lowercase();
            return !matches!(following.as_str(), "only" | "just" | "merely" | "simply" | "least" | "doubt");
        }
        next = before.span;
    }
    false
}

/// Whether a sentence denies something, or speaks of a mistake, a myth or the opposite: what it mentions, it does not claim.
pub(crate) fn is_distanced(sentence: &str) -> bool {
    let denies = |token: Span| lexis::is_negator(&token.of(sentence).to_lowercase());
    text::tokens(sentence).any(denies) || is_disowned(sentence)
}

/// Whether a sentence speaks of a mistake, a myth or the opposite, whether or not it denies anything.
pub(crate) fn is_disowned(sentence: &str) -> bool {
    let mut last = String::new();
    for token in text::tokens(sentence) {
        let word = token.of(sentence).to_lowercase();
        if matches!(
            word.as_str(),
            "wrong"
                | "mistake"
                | "mistaken"
                | "misconception"
                | "misunderstanding"
                | "misunderstand"
                | "assume"
                | "assumed"
                | "assumption"
                | "instead"
                | "contrary"
                | "avoid"
                | "careful"
                | "danger"
                | "than"
        ) {
            // “rather than”, “more than”: the second half is what is set aside.
            if word != "than" || last == "rather" || last == "more" {
                return true;
            }
        }
        last = word;
    }
    false
}
