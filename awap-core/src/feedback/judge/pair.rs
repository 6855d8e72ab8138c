//! What can be measured of an answer beside its question and reference.

use std::collections::{HashMap, HashSet};

use super::super::lexis;
use super::{JudgedAnswer, ShortAnswer};
use crate::text;

/// Numbers of the vector that stands for a word by the company it keeps.
const DIMENSIONS: usize = 96;

/// Words that turn a statement into its opposite, in pairs.
const OPPOSITES: &[(&str, &str)] = &[
    ("more", "less"),
    ("more", "fewer"),
    ("higher", "lower"),
    ("high", "low"),
    ("increase", "decrease"),
    ("faster", "slower"),
    ("fast", "slow"),
    ("bigger", "smaller"),
    ("big", "small"),
    ("large", "small"),
    ("larger", "smaller"),
    ("longer", "shorter"),
    ("long", "short"),
    ("hot", "cold"),
    ("hotter", "colder"),
    ("warm", "cool"),
    ("warmer", "cooler"),
    ("heavier", "lighter"),
    ("heavy", "light"),
    ("up", "down"),
    ("above", "below"),
    ("attract", "repel"),
    ("same", "different"),
    ("open", "closed"),
    ("complete", "incomplete"),
    ("hard", "soft"),
    ("harder", "softer"),
    ("greater", "less"),
    ("gain", "lose"),
    ("rise", "fall"),
    ("rise", "sink"),
    ("float", "sink"),
    ("wet", "dry"),
    ("add", "remove"),
    ("most", "least"),
    ("positive", "negative"),
    ("north", "south"),
    ("before", "after"),
    ("thick", "thin"),
    ("strong", "weak"),
    ("stronger", "weaker"),
    ("can", "cannot"),
    ("evaporate", "condense"),
    ("stretch", "compress"),
    ("tight", "loose"),
    ("tighter", "looser"),
    ("light", "dark"),
    ("full", "empty"),
    ("near", "far"),
    ("closer", "farther"),
    ("left", "right"),
    ("push", "pull"),
    ("always", "never"),
    ("acid", "base"),
    ("dissolve", "settle"),
];

/// What unmarked text teaches about words: how rare they are and what company they keep.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Corpus {
    texts: f64,
    frequency: HashMap<String, f64>,
    vectors: HashMap<String, Vec<f32>>,
}

/// A text as stems, in order.
struct Stems {
    all: Vec<String>,
    content: Vec<String>,
    denials: usize,
}

fn stems(text: &str) -> Stems {
    let (mut all, mut content, mut denials) = (Vec::new(), Vec::new(), 0);
    for token in text::tokens(text) {
        let word = token.of(text).to_lowercase();
        let denies = lexis::is_negator(&word);
        denials += usize::from(denies);
        let stem = text::stem(&word);
        if !lexis::is_function(&word) && !content.contains(&stem) {
            content.push(stem.clone());
        }
        all.push(stem);
    }
    Stems { all, content, denials }
}

/// A direction for a text that is the same on every run.
fn direction(seed: u64, at: usize) -> f32 {
    let mut h = seed ^ (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    match (h ^ (h >> 31)) % 6 {
        0 => 1.0,
        1 => -1.0,
        _ => 0.0,
    }
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

impl Corpus {
    /// Reads the texts of answers; what people said of them plays no part.
    pub(super) fn of(answers: &[JudgedAnswer]) -> Self {
        let mut texts: Vec<&str> = Vec::new();
        for one in answers {
            texts.push(&one.answer.answer);
            texts.push(&one.answer.question);
            texts.extend(one.answer.references.iter().map(String::as_str));
        }
        let mut seen = HashSet::new();
        texts.retain(|t| seen.insert(*t));
        let mut corpus = Self { texts: texts.len() as f64, ..Self::default() };
        let read: Vec<Stems> = texts.iter().map(|t| stems(t)).collect();
        for text in &read {
            for stem in &text.content {
                *corpus.frequency.entry(stem.clone()).or_default() += 1.0;
            }
        }
        // A word is the sum of what stands beside it, each in a direction of its own.
        for text in &read {
            for stem in &text.content {
                let vector = corpus.vectors.entry(stem.clone()).or_insert_with(|| vec![0.0; DIMENSIONS]);
                for other in text.content.iter().filter(|o| *o != stem) {
                    let weight = 1.0 / corpus.frequency.get(other).copied().unwrap_or(1.0).sqrt() as f32;
                    let own = hash(other);
                    for (at, value) in vector.iter_mut().enumerate() {
                        *value += weight * direction(own, at);
                    }
                }
            }
        }
        for vector in corpus.vectors.values_mut() {
            normalise(vector);
        }
        corpus
    }

    fn rarity(&self, stem: &str) -> f64 {
        ((self.texts + 1.0) / (self.frequency.get(stem).copied().unwrap_or_default() + 1.0)).ln()
    }

    fn near(&self, a: &str, b: &str) -> f64 {
        if a == b {
            return 1.0;
        }
        let shared = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
        if shared >= 5 || edit_like(a, b) {
            return 0.8;
        }
        match (self.vectors.get(a), self.vectors.get(b)) {
            (Some(x), Some(y)) => {
                (f64::from(x.iter().zip(y).map(|(p, q)| p * q).sum::<f32>()) * 0.9).max(0.0)
            }
            _ => 0.0,
        }
    }

    fn vector(&self, stems: &[String]) -> Vec<f32> {
        let mut sum = vec![0.0; DIMENSIONS];
        for stem in stems {
            if let Some(vector) = self.vectors.get(stem) {
                let weight = self.rarity(stem) as f32;
                sum.iter_mut().zip(vector).for_each(|(s, v)| *s += weight * v);
            }
        }
        normalise(&mut sum);
        sum
    }

    /// Covered share of `wanted` by `said`, by rarity; exactly, and with words of like company counted in part.
    fn coverage(&self, wanted: &[String], said: &[String]) -> (f64, f64) {
        let (mut exact, mut soft, mut all) = (0.0, 0.0, 0.0);
        for stem in wanted {
            let weight = self.rarity(stem);
            all += weight;
            let best = said.iter().map(|s| self.near(stem, s)).fold(0.0, f64::max);
            exact += if best >= 0.8 { weight * best } else { 0.0 };
            soft += weight * best;
        }
        if all > 0.0 { (exact / all, soft / all) } else { (0.0, 0.0) }
    }

    /// The measures of an answer: those for the reference that it is most like.
    pub(super) fn measure(&self, answer: &ShortAnswer) -> Vec<f64> {
        let question = stems(&answer.question);
        let said = stems(&answer.answer);
        let rows = answer.references.iter().map(|r| self.against(&answer.answer, r, &question, &said));
        rows.max_by(|a, b| a[0].total_cmp(&b[0])).unwrap_or_default()
    }

    fn against(&self, answer: &str, reference: &str, question: &Stems, said: &Stems) -> Vec<f64> {
        let wanted = stems(reference);
        let without = |of: &Stems| -> Vec<String> {
            of.content.iter().filter(|s| !question.content.contains(s)).cloned().collect()
        };
        let (new_wanted, new_said) = (without(&wanted), without(said));
        let (covered, soft) = self.coverage(&wanted.content, &said.content);
        let (precise, soft_precise) = self.coverage(&said.content, &wanted.content);
        let (new_covered, new_soft) = self.coverage(&new_wanted, &said.content);
        let (new_precise, _) = self.coverage(&new_said, &wanted.content);
        let (from_question, _) = self.coverage(&said.content, &question.content);
        let cosine = |a: &[f32], b: &[f32]| f64::from(a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>());
        let reference_vector = self.vector(&wanted.content);
        let words = said.all.len() as f64;
        let least_covered = wanted
            .content
            .iter()
            .map(|w| said.content.iter().map(|s| self.near(w, s)).fold(0.0, f64::max))
            .fold(1.0, f64::min);
        let rarest = wanted.content.iter().max_by(|a, b| self.rarity(a).total_cmp(&self.rarity(b)));
        let rarest_covered =
            rarest.map_or(0.0, |w| said.content.iter().map(|s| self.near(w, s)).fold(0.0, f64::max));
        vec![
            covered + 0.5 * precise,
            covered,
            soft,
            precise,
            soft_precise,
            new_covered,
            new_soft,
            new_precise,
            from_question,
            pairs(&wanted.all, &said.all),
            longest_common(&wanted.all, &said.all),
            letters(reference, answer),
            cosine(&reference_vector, &self.vector(&said.content)),
            cosine(&self.vector(&new_wanted), &self.vector(&new_said)),
            words.min(40.0),
            (words / wanted.all.len().max(1) as f64).min(4.0),
            wanted.content.len() as f64,
            new_wanted.len() as f64,
            new_said.len() as f64,
            said.denials as f64,
            (said.denials as f64 - wanted.denials as f64).abs(),
            opposites(&wanted.all, &said.all, &question.all),
            f64::from(u8::from(said.all.iter().any(|w| w == "becaus"))),
            question.all.len().min(60) as f64,
            least_covered,
            rarest_covered,
            agreement_in_numbers(reference, answer),
            self.rarity_mean(&new_said),
        ]
    }

    fn rarity_mean(&self, stems: &[String]) -> f64 {
        stems.iter().map(|s| self.rarity(s)).sum::<f64>() / stems.len().max(1) as f64
    }
}

fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in vector.iter_mut() {
            *value /= length;
        }
    }
}

/// Whether two words of six letters or more differ by one letter, left out, put in or exchanged.
fn edit_like(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() < 5 || b.len() < 5 || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    head + tail + 1 >= a.len().max(b.len())
}

/// The share of neighbouring pairs of the reference that the answer has.
fn pairs(wanted: &[String], said: &[String]) -> f64 {
    let have: HashSet<&[String]> = said.windows(2).collect();
    let all = wanted.windows(2).count().max(1) as f64;
    wanted.windows(2).filter(|w| have.contains(w)).count() as f64 / all
}

/// The longest sequence that both have in order, as a share of the reference.
fn longest_common(wanted: &[String], said: &[String]) -> f64 {
    let mut row = vec![0usize; said.len() + 1];
    for w in wanted {
        let mut diagonal = 0;
        for (j, s) in said.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if w == s { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or_default() as f64 / wanted.len().max(1) as f64
}

/// How alike two texts are in strings of four letters.
fn letters(a: &str, b: &str) -> f64 {
    let grams = |t: &str| -> HashSet<Vec<char>> {
        let chars: Vec<char> =
            t.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect();
        chars.windows(4).map(<[char]>::to_vec).collect()
    };
    let (a, b) = (grams(a), grams(b));
    2.0 * a.intersection(&b).count() as f64 / (a.len() + b.len()).max(1) as f64
}

/// Words of the answer whose opposite the reference has, and which the reference and the question have not; the other way
/// round counts too.
fn opposites(wanted: &[String], said: &[String], question: &[String]) -> f64 {
    let has = |of: &[String], word: &str| of.contains(&text::stem(word));
    let turned = |a: &str, b: &str| has(wanted, a) && has(said, b) && !has(wanted, b) && !has(question, b);
    OPPOSITES.iter().filter(|(a, b)| turned(a, b) || turned(b, a)).count() as f64
}

/// 1 where both give the same number, -1 where they give different ones, 0 where one gives none.
fn agreement_in_numbers(a: &str, b: &str) -> f64 {
    let numbers = |t: &str| -> HashSet<String> {
        text::tokens(t)
            .map(|s| s.of(t).to_owned())
            .filter(|w| w.chars().all(|c| c.is_ascii_digit()))
            .collect()
    };
    let (a, b) = (numbers(a), numbers(b));
    match (a.is_empty() || b.is_empty(), a.is_disjoint(&b)) {
        (true, _) => 0.0,
        (false, true) => -1.0,
        (false, false) => 1.0,
    }
}
