//! Text that stands in two scripts: runs of words by their stems, exact rather than sampled, since the runs of a cohort fit
//! in memory and a sample would miss a copied paragraph in a long script.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{CohortScript, CompareOptions, rounded};
use crate::text::{self, Span};
use crate::{Deadline, Result};

/// Words of a run: fewer are chance, more miss text in which single words were changed.
pub(super) const SHINGLE: usize = 5;
/// A run that so many scripts have is the module's phrase or a template; cohorts of any size.
const MOST_SHARING: usize = 100;
/// The same for small cohorts: a quarter of the scripts, but never fewer than this.
const LEAST_SHARING: usize = 8;
/// The longest quotation, in bytes: a mark that is never closed must not hide the rest.
const LONGEST_QUOTATION: usize = 1500;
/// Passages of a pair shown, the longest first.
const PASSAGES: usize = 20;

/// Two scripts that have text in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimilarPair {
    /// Id of the one.
    pub a: String,
    /// Id of the other.
    pub b: String,
    /// The share of the shorter script's runs of words that the other has too, from 0 to 1.
    pub share: f64,
    /// Words in common.
    pub words: usize,
    /// What they have in common, the longest first, at most twenty.
    pub passages: Vec<Passage>,
}

/// A stretch that stands in both scripts: byte offsets into each text, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Start in the text of `a`.
    pub a_start: usize,
    /// End in the text of `a`.
    pub a_end: usize,
    /// Start in the text of `b`.
    pub b_start: usize,
    /// End in the text of `b`.
    pub b_end: usize,
    /// Words of the stretch.
    pub words: usize,
}

/// A script as runs of words.
struct Runs {
    words: Vec<Span>,
    /// The run that begins at each word; none where it is quoted, the question's or nobody else's.
    starts: Vec<Option<u64>>,
    /// Distinct ones, those that nobody else has among them.
    distinct: usize,
    /// Where each run begins, by run and place.
    places: Vec<(u64, usize)>,
}

/// Pairs with enough text in common, the most alike first.
pub(super) fn pairs(
    scripts: &[CohortScript],
    options: &CompareOptions,
    deadline: &Deadline,
) -> Result<Vec<SimilarPair>> {
    let given: HashSet<u64> = hashes(&options.prompt, &words(&options.prompt)).into_iter().collect();
    let mut stems = HashMap::new();
    let mut cohort: Vec<Runs> = Vec::with_capacity(scripts.len());
    for script in scripts {
        deadline.check()?;
        cohort.push(Runs::read(script, &given, &mut stems));
    }
    let shared = count_shared(&mut cohort, deadline)?;
    let mut out = Vec::new();
    for (a, b, runs) in shared {
        deadline.check()?;
        out.extend(pair(scripts, &cohort, (a, b), runs, options, deadline)?);
    }
    out.sort_by(|x, y| y.share.total_cmp(&x.share).then_with(|| (&x.a, &x.b).cmp(&(&y.a, &y.b))));
    Ok(out)
}

fn words(text: &str) -> Vec<Span> {
    text::tokens(text).collect()
}

fn hash(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

fn stem_hash(word: &str) -> u64 {
    hash(&text::stem(&word.to_lowercase()))
}

fn run_hash(stems: &[u64]) -> u64 {
    stems.iter().fold(0, |h: u64, s| (h.rotate_left(13) ^ s).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn hashes(text: &str, words: &[Span]) -> Vec<u64> {
    let stems: Vec<u64> = words.iter().map(|w| stem_hash(w.of(text))).collect();
    stems.windows(SHINGLE).map(run_hash).collect()
}

impl Runs {
    fn read<'t>(script: &'t CohortScript, given: &HashSet<u64>, known: &mut HashMap<&'t str, u64>) -> Self {
        let text = script.text.as_str();
        let words = words(text);
        let stems: Vec<u64> = words
            .iter()
            .map(|w| *known.entry(w.of(text)).or_insert_with_key(|word| stem_hash(word)))
            .collect();
        let quotations = quotations(text);
        let is_quoted = |w: &Span| {
            let at = quotations.partition_point(|q| q.end < w.end);
            quotations.get(at).is_some_and(|q| q.contains(*w))
        };
        let quoted: Vec<bool> = words.iter().map(is_quoted).collect();
        let aside = within(&words, &script.aside);
        let starts: Vec<Option<u64>> = stems
            .windows(SHINGLE)
            .zip(quoted.windows(SHINGLE).zip(aside.windows(SHINGLE)))
            .map(|(stems, (quoted, aside))| {
                let run = run_hash(stems);
                let own = !quoted.iter().all(|q| *q) && !aside.contains(&true);
                (own && !given.contains(&run)).then_some(run)
            })
            .collect();
        let mut runs = Self { words, starts, distinct: 0, places: Vec::new() };
        runs.find_places();
        runs.distinct = runs.places.chunk_by(|x, y| x.0 == y.0).count();
        runs
    }

    fn find_places(&mut self) {
        self.places = self.starts.iter().enumerate().filter_map(|(at, run)| Some(((*run)?, at))).collect();
        self.places.sort_unstable();
    }

    /// Where `run` begins, in order.
    fn places_of(&self, run: u64) -> impl Iterator<Item = usize> {
        let from = self.places.partition_point(|(r, _)| *r < run);
        let rest = self.places.get(from..).unwrap_or_default();
        rest.iter().take_while(move |(r, _)| *r == run).map(|(_, at)| *at)
    }
}

/// Which words lie in one of `spans`, wholly or in part.
fn within(words: &[Span], spans: &[Span]) -> Vec<bool> {
    let mut spans = spans.to_vec();
    spans.sort_unstable();
    let mut spans = spans.into_iter().peekable();
    let mut until = 0;
    words
        .iter()
        .map(|word| {
            while let Some(span) = spans.next_if(|span| span.start < word.end) {
                until = span.end.max(until);
            }
            word.start < until
        })
        .collect()
}

/// What stands between quotation marks: two who quote one source have it in common rightly.
fn quotations(text: &str) -> Vec<Span> {
    let mut out = Vec::new();
    let mut open: Option<(usize, char)> = None;
    for (at, c) in text.char_indices() {
        match (open, c) {
            (None, '“') => open = Some((at, '”')),
            (None, '"') => open = Some((at, '"')),
            (Some((start, close)), c) if c == close => {
                out.push(Span::new(start, at + c.len_utf8()));
                open = None;
            }
            (Some(_), '\n') => open = None,
            (Some((start, _)), _) if at - start > LONGEST_QUOTATION => open = None,
            _ => {}
        }
    }
    out
}

/// How many runs each two scripts share. Runs that nobody else has, or too many, are taken out of all.
fn count_shared(cohort: &mut [Runs], deadline: &Deadline) -> Result<Vec<(usize, usize, usize)>> {
    let mut holders: Vec<(u64, usize)> = Vec::new();
    for (at, script) in cohort.iter().enumerate() {
        holders.extend(script.places.chunk_by(|x, y| x.0 == y.0).filter_map(|c| Some((c.first()?.0, at))));
    }
    holders.sort_unstable();
    let most = (cohort.len() / 4).clamp(LEAST_SHARING, MOST_SHARING);
    // A row for each script, with a place for each script after it.
    let mut counts: Vec<Vec<u32>> = (0..cohort.len()).map(|at| vec![0; cohort.len() - at - 1]).collect();
    let mut told = HashSet::new();
    for held in holders.chunk_by(|x, y| x.0 == y.0).filter(|held| (2..=most).contains(&held.len())) {
        deadline.check()?;
        told.extend(held.first().map(|(run, _)| *run));
        for (i, (_, a)) in held.iter().enumerate() {
            let Some(row) = counts.get_mut(*a) else { continue };
            for (_, b) in held.iter().skip(i + 1) {
                if let Some(count) = row.get_mut(b - a - 1) {
                    *count += 1;
                }
            }
        }
    }
    for script in cohort {
        for run in &mut script.starts {
            *run = run.filter(|r| told.contains(r));
        }
        script.find_places();
    }
    let of_row = |(a, row): (usize, Vec<u32>)| {
        let shared = row.into_iter().enumerate().filter(|(_, runs)| *runs > 0);
        shared.map(move |(i, runs)| (a, a + i + 1, runs as usize)).collect::<Vec<_>>()
    };
    Ok(counts.into_iter().enumerate().flat_map(of_row).collect())
}

/// The pair with its passages, where it has enough in common.
fn pair(
    scripts: &[CohortScript],
    cohort: &[Runs],
    (a, b): (usize, usize),
    runs: usize,
    options: &CompareOptions,
    deadline: &Deadline,
) -> Result<Option<SimilarPair>> {
    let (Some(of_a), Some(of_b)) = (cohort.get(a), cohort.get(b)) else { return Ok(None) };
    let share = runs as f64 / of_a.distinct.min(of_b.distinct).max(1) as f64;
    // A stretch of n words has n - 4 runs of five.
    if share < options.least_share && runs + SHINGLE <= options.least_stretch {
        return Ok(None);
    }
    let mut passages = passages(of_a, of_b, deadline)?;
    let longest = passages.iter().map(|p| p.words).max().unwrap_or_default();
    if share < options.least_share && longest < options.least_stretch {
        return Ok(None);
    }
    let words = passages.iter().map(|p| p.words).sum();
    passages.sort_by_key(|p| (std::cmp::Reverse(p.words), p.a_start));
    passages.truncate(PASSAGES);
    let id = |at: usize| scripts.get(at).map(|script| script.id.clone()).unwrap_or_default();
    let (id_a, id_b) = (id(a), id(b));
    Ok(Some(SimilarPair { a: id_a, b: id_b, share: rounded(share), words, passages }))
}

/// Places of a run that are tried: where it stands in more, as in a text that says one thing over and over, any will do.
const PLACES: usize = 64;

/// Stretches of both scripts, as long as they go, each word of `a` in one at most.
fn passages(a: &Runs, b: &Runs, deadline: &Deadline) -> Result<Vec<Passage>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < a.starts.len() {
        deadline.check()?;
        let run = a.starts.get(at).copied().flatten();
        let here = |i: usize| a.starts.get(at + i).copied().flatten();
        let follow = |from: usize| {
            (0..b.starts.len().saturating_sub(from))
                .take_while(|i| here(*i).is_some() && here(*i) == b.starts.get(from + i).copied().flatten())
                .count()
        };
        let best = run.into_iter().flat_map(|r| b.places_of(r).take(PLACES)).map(|from| (follow(from), from));
        // The longest, and of those the first.
        let Some((length, from)) = best.max_by_key(|(n, from)| (*n, std::cmp::Reverse(*from))) else {
            at += 1;
            continue;
        };
        let words = length + SHINGLE - 1;
        let ends = |runs: &Runs, from: usize| {
            Some((runs.words.get(from)?.start, runs.words.get(from + words - 1)?.end))
        };
        if let (Some((a_start, a_end)), Some((b_start, b_end))) = (ends(a, at), ends(b, from)) {
            out.push(Passage { a_start, a_end, b_start, b_end, words });
        }
        at += words;
    }
    Ok(out)
}
