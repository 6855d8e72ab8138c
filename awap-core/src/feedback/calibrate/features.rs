//! What can be measured of a script without knowing its subject. Raw length is none of it: what grows with length is
//! capped at a length that most scripts of the cohort reach.

use std::collections::{HashMap, HashSet};

use super::super::lexis;
use super::super::spelling;
use crate::text;

/// Names of the features, for a person to read.
pub(super) const NAMES: [&str; WIDTH] = [
    "words, up to the cap",
    "sentences, up to the cap",
    "paragraphs, up to eight",
    "words per sentence",
    "variety of sentence length",
    "letters per word",
    "variety of word length",
    "long words",
    "very long words",
    "different words in every fifty",
    "different words, up to the cap",
    "words used once",
    "function words",
    "first person",
    "second person",
    "third person",
    "denials",
    "additive connectives",
    "contrasting connectives",
    "causal connectives",
    "ordering connectives",
    "words that give examples",
    "hedges",
    "commas",
    "semicolons and colons",
    "quotation marks",
    "questions",
    "exclamations",
    "apostrophes",
    "brackets and dashes",
    "sentences without a capital",
    "“i” without a capital",
    "misspelt words",
    "words that no other script has",
    "rarity of words",
    "ease of reading",
    "figures",
    "words with -ing and -ed",
    "words that open sentences more than once",
    "long sentences",
    "short sentences",
    "rare and well formed words, up to the cap",
    "characters, up to the cap",
    "likeness of neighbouring sentences",
    "pairs of words that others use",
];

/// Number of features.
pub(super) const WIDTH: usize = 45;

/// Words that a word must share its form with in this many scripts to be known.
const KNOWN_IN: u32 = 3;

const FIRST: &[&str] = &["i", "me", "my", "mine", "we", "us", "our", "ours", "myself"];
const SECOND: &[&str] = &["you", "your", "yours", "yourself"];
const THIRD: &[&str] =
    &["he", "him", "his", "she", "her", "hers", "they", "them", "their", "it", "its", "himself", "herself"];
const ADDS: &[&str] =
    &["also", "moreover", "furthermore", "additionally", "besides", "another", "addition", "likewise", "too"];
const CONTRASTS: &[&str] = &[
    "but",
    "however",
    "although",
    "though",
    "whereas",
    "while",
    "yet",
    "despite",
    "nevertheless",
    "instead",
];
const CAUSES: &[&str] =
    &["because", "therefore", "thus", "hence", "since", "so", "consequently", "reason", "result"];
const ORDERS: &[&str] = &[
    "first",
    "firstly",
    "second",
    "secondly",
    "third",
    "next",
    "then",
    "finally",
    "last",
    "lastly",
    "conclusion",
];
const EXAMPLES: &[&str] = &["example", "instance", "such", "like", "specifically", "including"];
const HEDGES: &[&str] = &[
    "may", "might", "could", "perhaps", "possibly", "probably", "seems", "suggests", "likely", "appears",
    "would",
];

/// What the words of a cohort are, by the hash of the word: in how many scripts each stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Vocabulary {
    pub(super) scripts: u32,
    pub(super) known: HashMap<u32, u32>,
    /// Pairs that at least a few scripts have.
    pub(super) pairs: HashSet<u32>,
}

/// Words of a text, ready to be measured and counted.
pub(super) struct Reading<'a> {
    text: &'a str,
    words: Vec<String>,
    sentences: Vec<(usize, usize)>,
    sentence_starts: Vec<char>,
}

fn hash(word: &str) -> u32 {
    let h =
        word.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    (h ^ (h >> 32)) as u32
}

fn pair(a: &str, b: &str) -> u32 {
    hash(a).rotate_left(7) ^ hash(b)
}

impl<'a> Reading<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut words = Vec::new();
        let mut sentences = Vec::new();
        let mut sentence_starts = Vec::new();
        for sentence in text::sentences(text) {
            let body = sentence.of(text);
            let from = words.len();
            words.extend(text::tokens(body).map(|t| t.of(body).to_lowercase()));
            if words.len() > from {
                sentences.push((from, words.len()));
                sentence_starts.push(body.chars().find(|c| c.is_alphanumeric()).unwrap_or(' '));
            }
        }
        Self { text, words, sentences, sentence_starts }
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }
}

impl Vocabulary {
    pub(super) fn new(readings: &[&Reading<'_>]) -> Self {
        let mut known: HashMap<u32, u32> = HashMap::new();
        let mut pairs: HashMap<u32, u32> = HashMap::new();
        for reading in readings {
            let words: HashSet<u32> = reading.words.iter().map(|w| hash(w)).collect();
            for word in words {
                *known.entry(word).or_default() += 1;
            }
            let two: HashSet<u32> = reading.words.windows(2).map(|w| pair(&w[0], &w[1])).collect();
            for p in two {
                *pairs.entry(p).or_default() += 1;
            }
        }
        known.retain(|_, n| *n >= KNOWN_IN);
        let pairs = pairs.into_iter().filter(|(_, n)| *n > KNOWN_IN).map(|(p, _)| p).collect();
        Self { scripts: readings.len() as u32, known, pairs }
    }

    /// In how many scripts of the cohort a word stands, not counting the script itself where it is one of them.
    fn others(&self, word: &str, is_own: bool) -> u32 {
        let n = self.known.get(&hash(word)).copied().unwrap_or_default();
        n.saturating_sub(u32::from(is_own))
    }
}

/// The shares of a script's words and pairs of words that other scripts of the cohort have.
pub(super) fn known_shares(reading: &Reading<'_>, vocabulary: &Vocabulary, is_own: bool) -> (f64, f64) {
    let n = reading.words.len().max(1) as f64;
    let known = reading.words.iter().filter(|w| vocabulary.others(w, is_own) + 1 >= KNOWN_IN).count() as f64;
    let is_pair = |w: &&[String]| matches!(w, [a, b] if vocabulary.pairs.contains(&pair(a, b)));
    let pairs = reading.words.windows(2).filter(is_pair).count() as f64;
    (known / n, pairs / n)
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Measures a script against its cohort's vocabulary. `is_own`: whether the vocabulary was made of it too. `cap` is in words.
pub(super) fn measure(reading: &Reading<'_>, vocabulary: &Vocabulary, cap: usize, is_own: bool) -> Vec<f64> {
    let text = reading.text;
    let words = &reading.words;
    let n = words.len().max(1) as f64;
    let capped = words.len().min(cap).max(1);
    let within = &words[..capped.min(words.len())];
    let lengths: Vec<f64> = words.iter().map(|w| w.chars().count() as f64).collect();
    let (word_mean, word_deviation) = mean_and_deviation(&lengths);
    let sentence_lengths: Vec<f64> = reading.sentences.iter().map(|(a, b)| (b - a) as f64).collect();
    let (sentence_mean, sentence_deviation) = mean_and_deviation(&sentence_lengths);
    let sentences = sentence_lengths.len().max(1) as f64;
    let share = |list: &[&str]| words.iter().filter(|w| list.contains(&w.as_str())).count() as f64 / n;
    let count = |chars: &[char]| text.matches(chars).count() as f64 / n;
    let paragraphs = text.split('\n').filter(|p| !p.trim().is_empty()).count().clamp(1, 8) as f64;
    let distinct: HashSet<&str> = within.iter().map(String::as_str).collect();
    let mut frequency: HashMap<&str, usize> = HashMap::new();
    for word in words {
        *frequency.entry(word).or_default() += 1;
    }
    let once = frequency.values().filter(|c| **c == 1).count() as f64 / n;
    let misspelt = words.iter().filter(|w| spelling::is_misspelt(w)).count() as f64;
    let (known_words, known_pairs) = known_shares(reading, vocabulary, is_own);
    let rarity = |w: &String| {
        let others = f64::from(vocabulary.others(w, is_own).max(1));
        (f64::from(vocabulary.scripts.max(2)) / others).ln()
    };
    let content: Vec<&String> = within.iter().filter(|w| !lexis::is_function(w)).collect();
    let mean_rarity = content.iter().map(|w| rarity(w)).sum::<f64>() / content.len().max(1) as f64;
    let rare_known = content
        .iter()
        .filter(|w| {
            let o = vocabulary.others(w, is_own);
            o >= 2 && f64::from(o) < 0.05 * f64::from(vocabulary.scripts)
        })
        .map(|w| w.as_str())
        .collect::<HashSet<_>>()
        .len() as f64;
    let starts: Vec<&str> =
        reading.sentences.iter().filter_map(|(a, _)| words.get(*a)).map(String::as_str).collect();
    let repeated_starts = starts.len() - starts.iter().collect::<HashSet<_>>().len();
    let syllables: usize = words.iter().map(|w| syllables(w)).sum();
    let ease = 206.835 - 1.015 * sentence_mean - 84.6 * syllables as f64 / n;
    let capped_share = capped as f64 / n;
    vec![
        (capped as f64).ln(),
        (sentences * capped_share).max(1.0).ln(),
        paragraphs.ln(),
        sentence_mean.min(60.0),
        sentence_deviation.min(40.0),
        word_mean,
        word_deviation,
        lengths.iter().filter(|l| **l > 6.0).count() as f64 / n,
        lengths.iter().filter(|l| **l > 9.0).count() as f64 / n,
        window_variety(words),
        (distinct.len() as f64).sqrt(),
        once,
        words.iter().filter(|w| lexis::is_function(w)).count() as f64 / n,
        share(FIRST),
        share(SECOND),
        share(THIRD),
        words.iter().filter(|w| lexis::is_negator(w)).count() as f64 / n,
        share(ADDS),
        share(CONTRASTS),
        share(CAUSES),
        share(ORDERS),
        share(EXAMPLES),
        share(HEDGES),
        count(&[',']),
        count(&[';', ':']),
        count(&['"', '“', '”']),
        count(&['?']),
        count(&['!']),
        count(&['\'', '’']),
        count(&['(', '–', '—', '[']),
        reading.sentence_starts.iter().filter(|c| c.is_lowercase()).count() as f64 / sentences,
        text.split_whitespace().filter(|w| *w == "i").count() as f64 / n,
        misspelt / n,
        1.0 - known_words,
        mean_rarity,
        ease.clamp(-50.0, 130.0),
        words.iter().filter(|w| w.chars().any(|c| c.is_ascii_digit())).count() as f64 / n,
        words.iter().filter(|w| w.len() > 4 && (w.ends_with("ing") || w.ends_with("ed"))).count() as f64 / n,
        repeated_starts as f64 / sentences,
        sentence_lengths.iter().filter(|l| **l > 35.0).count() as f64 / sentences,
        sentence_lengths.iter().filter(|l| **l < 7.0).count() as f64 / sentences,
        rare_known.sqrt(),
        (within.iter().map(String::len).sum::<usize>().max(1) as f64).ln(),
        cohesion(reading),
        known_pairs,
    ]
}

/// Different words in each stretch of fifty, on average.
fn window_variety(words: &[String]) -> f64 {
    const WINDOW: usize = 50;
    let share = |w: &[String]| w.iter().collect::<HashSet<_>>().len() as f64 / w.len().max(1) as f64;
    if words.len() <= WINDOW {
        return share(words);
    }
    let windows: Vec<f64> = words.windows(WINDOW).step_by(10).map(share).collect();
    mean_and_deviation(&windows).0
}

/// Content words that a sentence shares with the one before, on average.
fn cohesion(reading: &Reading<'_>) -> f64 {
    let sets: Vec<HashSet<String>> = reading
        .sentences
        .iter()
        .map(|(a, b)| {
            reading.words[*a..*b].iter().filter(|w| !lexis::is_function(w)).map(|w| text::stem(w)).collect()
        })
        .collect();
    let shares: Vec<f64> = sets
        .windows(2)
        .map(|w| w[0].intersection(&w[1]).count() as f64 / w[0].len().min(w[1].len()).max(1) as f64)
        .collect();
    mean_and_deviation(&shares).0
}

/// Groups of vowels, roughly the syllables of an English word.
fn syllables(word: &str) -> usize {
    let mut groups = 0;
    let mut last = false;
    for c in word.chars() {
        let vowel = matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
        groups += usize::from(vowel && !last);
        last = vowel;
    }
    let silent = word.ends_with('e') && groups > 1;
    (groups - usize::from(silent)).max(1)
}
