//! What can be measured of a script without knowing its subject. Raw length is none of it: what grows with length is
//! capped at a length that most scripts of the cohort reach.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

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

/// Words of a text, ready to be measured and counted: a text says most of its words more than once.
pub(super) struct Reading<'a> {
    text: &'a str,
    /// Its different words.
    forms: Vec<Form>,
    /// Its words in order, each by its place among the different ones.
    words: Vec<usize>,
    sentences: Vec<Range<usize>>,
    sentence_starts: Vec<char>,
}

/// A word, in lower case.
struct Form {
    word: String,
    hash: u32,
    letters: usize,
    is_function: bool,
    /// How often the text has it.
    times: usize,
}

impl Form {
    fn new(word: &str) -> Self {
        Self {
            word: word.to_owned(),
            hash: hash(word),
            letters: word.chars().count(),
            is_function: lexis::is_function(word),
            times: 0,
        }
    }
}

fn hash(word: &str) -> u32 {
    let h =
        word.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    (h ^ (h >> 32)) as u32
}

/// The hash of a pair of words, from theirs.
fn pair(a: u32, b: u32) -> u32 {
    a.rotate_left(7) ^ b
}

impl<'a> Reading<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reading = Self {
            text,
            forms: Vec::new(),
            words: Vec::new(),
            sentences: Vec::new(),
            sentence_starts: Vec::new(),
        };
        let mut places: HashMap<String, usize> = HashMap::new();
        // As they stand, so that few need be brought to lower case.
        let mut written: HashMap<&str, usize> = HashMap::new();
        for sentence in text::sentences(text) {
            let body = sentence.of(text);
            let from = reading.words.len();
            for token in text::tokens(body).map(|t| t.of(body)) {
                let place = *written.entry(token).or_insert_with(|| {
                    *places.entry(token.to_lowercase()).or_insert_with_key(|word| {
                        reading.forms.push(Form::new(word));
                        reading.forms.len() - 1
                    })
                });
                reading.forms[place].times += 1;
                reading.words.push(place);
            }
            if reading.words.len() > from {
                reading.sentences.push(from..reading.words.len());
                reading.sentence_starts.push(body.chars().find(|c| c.is_alphanumeric()).unwrap_or(' '));
            }
        }
        reading
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// How many words are such.
    fn count(&self, is: impl Fn(&Form) -> bool) -> f64 {
        self.forms.iter().filter(|f| is(f)).map(|f| f.times).sum::<usize>() as f64
    }

    /// The hashes of the pairs of neighbours.
    fn pairs(&self) -> impl Iterator<Item = u32> {
        self.words.windows(2).map(|w| pair(self.forms[w[0]].hash, self.forms[w[1]].hash))
    }

    /// How many of `words` are different.
    fn different(&self, words: impl Iterator<Item = usize>) -> usize {
        let mut is_met = vec![false; self.forms.len()];
        words.filter(|word| !std::mem::replace(&mut is_met[*word], true)).count()
    }
}

impl Vocabulary {
    pub(super) fn new(readings: &[&Reading<'_>]) -> Self {
        let mut known: HashMap<u32, u32> = HashMap::new();
        let mut pairs: HashMap<u32, u32> = HashMap::new();
        for reading in readings {
            let words: HashSet<u32> = reading.forms.iter().map(|f| f.hash).collect();
            for word in words {
                *known.entry(word).or_default() += 1;
            }
            let two: HashSet<u32> = reading.pairs().collect();
            for p in two {
                *pairs.entry(p).or_default() += 1;
            }
        }
        known.retain(|_, n| *n >= KNOWN_IN);
        let pairs = pairs.into_iter().filter(|(_, n)| *n > KNOWN_IN).map(|(p, _)| p).collect();
        Self { scripts: readings.len() as u32, known, pairs }
    }

    /// In how many scripts of the cohort a word stands, not counting the script itself where it is one of them.
    fn others(&self, form: &Form, is_own: bool) -> u32 {
        let n = self.known.get(&form.hash).copied().unwrap_or_default();
        n.saturating_sub(u32::from(is_own))
    }
}

/// The shares of a script's words and pairs of words that other scripts of the cohort have.
pub(super) fn known_shares(reading: &Reading<'_>, vocabulary: &Vocabulary, is_own: bool) -> (f64, f64) {
    let n = reading.words.len().max(1) as f64;
    let known = reading.count(|f| vocabulary.others(f, is_own) + 1 >= KNOWN_IN);
    let pairs = reading.pairs().filter(|pair| vocabulary.pairs.contains(pair)).count() as f64;
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
    let Reading { text, forms, words, .. } = reading;
    let n = words.len().max(1) as f64;
    let capped = words.len().min(cap).max(1);
    let within = &words[..capped.min(words.len())];
    let lengths: Vec<f64> = words.iter().map(|w| forms[*w].letters as f64).collect();
    let (word_mean, word_deviation) = mean_and_deviation(&lengths);
    let sentence_lengths: Vec<f64> = reading.sentences.iter().map(|s| s.len() as f64).collect();
    let (sentence_mean, sentence_deviation) = mean_and_deviation(&sentence_lengths);
    let sentences = sentence_lengths.len().max(1) as f64;
    let share = |list: &[&str]| reading.count(|f| list.contains(&f.word.as_str())) / n;
    let count = |chars: &[char]| text.matches(chars).count() as f64 / n;
    let paragraphs = text.split('\n').filter(|p| !p.trim().is_empty()).count().clamp(1, 8) as f64;
    let distinct = reading.different(within.iter().copied());
    let (known_words, known_pairs) = known_shares(reading, vocabulary, is_own);
    let (mean_rarity, rare_known) = rarity(reading, within, vocabulary, is_own);
    let starts = || reading.sentences.iter().map(|s| words[s.start]);
    let repeated_starts = starts().count() - reading.different(starts());
    let syllables: usize = forms.iter().map(|f| syllables(&f.word) * f.times).sum();
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
        reading.count(|f| f.letters > 6) / n,
        reading.count(|f| f.letters > 9) / n,
        window_variety(reading),
        (distinct as f64).sqrt(),
        reading.count(|f| f.times == 1) / n,
        reading.count(|f| f.is_function) / n,
        share(FIRST),
        share(SECOND),
        share(THIRD),
        reading.count(|f| lexis::is_negator(&f.word)) / n,
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
        reading.count(|f| spelling::is_misspelt(&f.word)) / n,
        1.0 - known_words,
        mean_rarity,
        ease.clamp(-50.0, 130.0),
        reading.count(|f| f.word.contains(|c: char| c.is_ascii_digit())) / n,
        reading.count(|f| f.word.len() > 4 && (f.word.ends_with("ing") || f.word.ends_with("ed"))) / n,
        repeated_starts as f64 / sentences,
        sentence_lengths.iter().filter(|l| **l > 35.0).count() as f64 / sentences,
        sentence_lengths.iter().filter(|l| **l < 7.0).count() as f64 / sentences,
        rare_known.sqrt(),
        (within.iter().map(|w| forms[*w].word.len()).sum::<usize>().max(1) as f64).ln(),
        cohesion(reading),
        known_pairs,
    ]
}

/// How rare the content words of `within` are on average, and how many different ones a few other scripts have.
fn rarity(reading: &Reading<'_>, within: &[usize], vocabulary: &Vocabulary, is_own: bool) -> (f64, f64) {
    let others: Vec<u32> = reading.forms.iter().map(|f| vocabulary.others(f, is_own)).collect();
    let rarity = |others: &u32| (f64::from(vocabulary.scripts.max(2)) / f64::from(*others.max(&1))).ln();
    let rarities: Vec<f64> = others.iter().map(rarity).collect();
    let content = || within.iter().copied().filter(|w| !reading.forms[*w].is_function);
    let mean = content().map(|w| rarities[w]).sum::<f64>() / content().count().max(1) as f64;
    let is_rare = |w: &usize| others[*w] >= 2 && f64::from(others[*w]) < 0.05 * f64::from(vocabulary.scripts);
    (mean, reading.different(content().filter(is_rare)) as f64)
}

/// Different words in each stretch of fifty, on average.
fn window_variety(reading: &Reading<'_>) -> f64 {
    const WINDOW: usize = 50;
    // The stretch in which each word was met last.
    let mut met = vec![usize::MAX; reading.forms.len()];
    let windows = reading.words.windows(WINDOW.min(reading.words.len()).max(1)).step_by(10);
    let mut share = |(at, window): (usize, &[usize])| {
        let new = window.iter().filter(|w| std::mem::replace(&mut met[**w], at) != at).count();
        new as f64 / window.len() as f64
    };
    let shares: Vec<f64> = windows.enumerate().map(&mut share).collect();
    mean_and_deviation(&shares).0
}

/// Content words that a sentence shares with the one before, on average.
fn cohesion(reading: &Reading<'_>) -> f64 {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let stems: Vec<Option<usize>> = reading
        .forms
        .iter()
        .map(|form| {
            let next = numbers.len();
            (!form.is_function).then(|| *numbers.entry(text::stem(&form.word)).or_insert(next))
        })
        .collect();
    let content = |sentence: &Range<usize>| {
        let mut content: Vec<usize> =
            reading.words[sentence.clone()].iter().filter_map(|w| stems[*w]).collect();
        content.sort_unstable();
        content.dedup();
        content
    };
    let sets: Vec<Vec<usize>> = reading.sentences.iter().map(content).collect();
    let shares: Vec<f64> = sets
        .windows(2)
        .map(|w| {
            let shared = w[0].iter().filter(|stem| w[1].binary_search(stem).is_ok()).count();
            shared as f64 / w[0].len().min(w[1].len()).max(1) as f64
        })
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
