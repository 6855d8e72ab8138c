//! What was learnt, as a file: weights and hashes, where they come from, and the range within which they mean anything.

use std::collections::{BTreeMap, HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::agreement::Agreement;
use super::features::{NAMES, Reading, Vocabulary, WIDTH};
use super::grams::{self, BUCKETS, Use};
use super::learn::{Fitted, Prepared, Scale, WAVES, sparse_dot};
use super::trees::Forest;
use crate::text::Span;
use crate::{Error, Result};

const SCHEMA: &str = "awap:model/1";

/// What made a model, of what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelProvenance {
    /// `awap-core`
    pub engine: String,
    /// Its version.
    pub engine_version: String,
    /// What was marked, for people.
    #[serde(default)]
    pub label: Option<String>,
    /// Scripts that it has learnt from.
    pub scripts: usize,
    /// SHA-256 over the hashes of the scripts and their marks, in hexadecimal.
    pub scripts_sha256: String,
    /// Agreement with the markers by cross-validation, where it was measured.
    #[serde(default)]
    pub agreement: Option<Agreement>,
}

/// Marks as the people whose marks it has learnt from do. Serializes to its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    fitted: Fitted,
    scale: Scale,
    range: Range,
    provenance: ModelProvenance,
}

/// Bounds of the scripts that were learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Range {
    least_words: usize,
    most_words: usize,
    /// The least share of words, and of pairs of words, that other scripts of the cohort have.
    known_words: f64,
    known_pairs: f64,
}

/// What a model says of a script.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    /// A mark on the model's scale.
    Mark(f64),
    /// It is unlike the scripts that were learnt from, in this way.
    Outside(&'static str),
}

/// Why a model says so.
#[derive(Debug, Clone, Default)]
pub(crate) struct Insight {
    /// Measures and the marks they add or cost, the weightiest first.
    pub(crate) measures: Vec<(&'static str, f64)>,
    /// Spans of the text and what their words add or cost beside the script's average, the weightiest first.
    pub(crate) places: Vec<(Span, f64)>,
}

impl Model {
    pub(super) fn new(
        mut fitted: Fitted,
        scale: Scale,
        scripts: &[&Prepared<'_>],
        provenance: ModelProvenance,
    ) -> Self {
        // What is kept is what marks: the file's precision is the model's.
        let coarse = coarsen(&fitted.word_weights);
        fitted.word_weights = refine(&coarse.0, coarse.1);
        let lengths = scripts.iter().map(|s| s.reading.len());
        let hundredth = |mut shares: Vec<f64>| {
            shares.sort_by(f64::total_cmp);
            shares.get(shares.len() / 100).copied().unwrap_or_default() * 0.85
        };
        let known: Vec<(f64, f64)> =
            scripts.iter().map(|s| fitted.vocabulary.known_shares(&s.reading, true)).collect();
        let range = Range {
            least_words: lengths.clone().min().unwrap_or_default() * 4 / 5,
            most_words: lengths.max().unwrap_or_default() * 5 / 4,
            known_words: hundredth(known.iter().map(|k| k.0).collect()),
            known_pairs: hundredth(known.iter().map(|k| k.1).collect()),
        };
        Self { fitted, scale, range, provenance }
    }

    /// Where it comes from.
    pub fn provenance(&self) -> &ModelProvenance {
        &self.provenance
    }

    /// The least and greatest mark of its scale, and the step between marks.
    pub fn scale(&self) -> (f64, f64, f64) {
        (self.scale.lo, self.scale.hi, self.scale.step)
    }

    /// The mark of a text on the model's scale, not rounded; none where it is unlike what the model has learnt from.
    pub fn mark(&self, text: &str) -> Option<f64> {
        let script = Prepared::new(text);
        self.outside(&script).is_none().then(|| self.within(self.fitted.predict(&script)))
    }

    /// The mark of a text even where it is unlike what the model has learnt from: for measuring, never for marking.
    pub fn mark_regardless(&self, text: &str) -> f64 {
        self.within(self.fitted.predict(&Prepared::new(text)))
    }

    fn within(&self, mark: f64) -> f64 {
        mark.clamp(self.scale.lo, self.scale.hi)
    }

    /// Why the model cannot mark a script that is unlike those it has learnt from.
    fn outside(&self, script: &Prepared<'_>) -> Option<&'static str> {
        let words = script.reading.len();
        if words < self.range.least_words {
            return Some("it is shorter than any script that the model has learnt from");
        }
        if words > self.range.most_words {
            return Some("it is longer than any script that the model has learnt from");
        }
        let (known, pairs) = self.fitted.vocabulary.known_shares(&script.reading, false);
        if known < self.range.known_words {
            return Some("it uses other words than the scripts that the model has learnt from");
        }
        if pairs < self.range.known_pairs {
            return Some(
                "its words stand in another order than those of the scripts that the model has learnt from",
            );
        }
        None
    }

    /// What the model says of a text, and why; `places` are the stretches to be told apart.
    pub(crate) fn explain(&self, text: &str, places: &[Span]) -> (Verdict, Insight) {
        let uses = grams::uses(text);
        let script = Prepared::with_uses(text, &uses);
        if let Some(why) = self.outside(&script) {
            return (Verdict::Outside(why), Insight::default());
        }
        let row = self.fitted.row(&script);
        let by_words = sparse_dot(&self.fitted.word_weights, &script.grams);
        let whole = self.fitted.predict_row(&row, by_words);
        // What a measure does is what changes when it is put to the cohort's mean.
        let mut measures: Vec<(&'static str, f64)> = NAMES
            .iter()
            .enumerate()
            .map(|(i, name)| {
                let mut without = row.clone();
                without[i] = 0.0;
                (*name, whole - self.fitted.predict_row(&without, by_words))
            })
            .collect();
        measures.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let places = self.weigh(&uses, places, &script, by_words);
        (Verdict::Mark(self.within(whole)), Insight { measures, places })
    }

    /// What the words of each place add to the mark, beside what so many words of this script add on average.
    fn weigh(&self, uses: &[Use], places: &[Span], script: &Prepared<'_>, by_words: f64) -> Vec<(Span, f64)> {
        let mut times = vec![0u32; BUCKETS];
        for one in uses {
            times[one.bucket as usize] += 1;
        }
        // What each use of a feature adds.
        let mut adds = vec![0.0f64; BUCKETS];
        for (bucket, value) in &script.grams {
            let weight = self.fitted.word_weights.get(*bucket as usize).copied().unwrap_or_default();
            adds[*bucket as usize] = f64::from(weight * value) / f64::from(times[*bucket as usize]);
        }
        let mut weighed: Vec<(Span, f64)> = places.iter().map(|p| (*p, 0.0)).collect();
        let mut at = 0;
        for one in uses {
            let span = one.span();
            // Most uses stand where the one before them does.
            if !weighed.get(at).is_some_and(|(place, _)| place.contains(span)) {
                at = places.partition_point(|p| p.end < span.end);
            }
            if let Some((place, sum)) = weighed.get_mut(at)
                && place.contains(span)
            {
                *sum += adds[one.bucket as usize];
            }
        }
        let length = places.iter().map(|p| p.len()).sum::<usize>().max(1) as f64;
        for (place, sum) in &mut weighed {
            *sum = self.fitted.of_words(*sum - by_words * place.len() as f64 / length);
        }
        weighed.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.start.cmp(&b.0.start)));
        weighed
    }

    /// Reads a model's file; a fault is named by its path below `path`.
    pub fn from_value(value: &Value, path: &str) -> Result<Self> {
        let fault = |field: &str, message: &str| Error::invalid_input(&format!("{path}{field}"), message);
        let file: File = serde_path_to_error::deserialize(value).map_err(|e| {
            let at = e.path().to_string();
            let field = if at == "." { String::new() } else { format!(".{at}") };
            fault(&field, "This is not a model as “calibrate” makes it.")
        })?;
        if file.schema != SCHEMA {
            return Err(fault(".schema", "This form of model is not known; “awap:model/1” is."));
        }
        file.into_model().ok_or_else(|| {
            fault("", "This model does not hold together: it was damaged, or made by another version.")
        })
    }
}

/// Weights to 255 steps each, finer near nothing: the greatest weight, and a step a bucket.
fn coarsen(weights: &[f32]) -> (Vec<i8>, f32) {
    let most = weights.iter().fold(0.0f32, |m, w| m.max(w.abs()));
    let step =
        |w: &f32| if most > 0.0 { ((w.abs() / most).sqrt() * 127.0).round().copysign(*w) as i8 } else { 0 };
    (weights.iter().map(step).collect(), most)
}

fn refine(steps: &[i8], most: f32) -> Vec<f32> {
    let weight = |s: &i8| {
        let share = f32::from(*s) / 127.0;
        share * share.abs() * most
    };
    steps.iter().map(weight).collect()
}

/// The file's form.
#[derive(Serialize, Deserialize)]
struct File {
    schema: String,
    provenance: ModelProvenance,
    scale: Scale,
    range: Range,
    cap: usize,
    means: Vec<f64>,
    deviations: Vec<f64>,
    wave_weights: Vec<f64>,
    most_word_weight: f32,
    /// A signed byte for each bucket, in Base64.
    word_weights: String,
    vocabulary: VocabularyFile,
    mean: f64,
    forest: Forest,
    ridge_share: f64,
    stretch: f64,
}

#[derive(Serialize, Deserialize)]
struct VocabularyFile {
    scripts: u32,
    /// Hash and number of scripts of each known word, four bytes each (little-endian), in Base64.
    words: String,
    /// Hashes of pairs of words.
    pairs: String,
}

fn numbers_to_base64(numbers: impl Iterator<Item = u32>) -> String {
    BASE64.encode(numbers.flat_map(u32::to_le_bytes).collect::<Vec<u8>>())
}

fn numbers_from_base64(text: &str) -> Option<Vec<u32>> {
    let bytes = BASE64.decode(text).ok()?;
    let chunks = bytes.chunks_exact(4);
    if !chunks.remainder().is_empty() {
        return None;
    }
    chunks.map(|c| c.try_into().ok().map(u32::from_le_bytes)).collect()
}

impl File {
    fn of(model: &Model) -> Self {
        let Model { fitted, scale, range, provenance } = model;
        let (steps, most_word_weight) = coarsen(&fitted.word_weights);
        let words: BTreeMap<u32, u32> = fitted.vocabulary.known.iter().map(|(w, n)| (*w, *n)).collect();
        let mut pairs: Vec<u32> = fitted.vocabulary.pairs.iter().copied().collect();
        pairs.sort_unstable();
        Self {
            schema: SCHEMA.to_owned(),
            provenance: provenance.clone(),
            scale: *scale,
            range: *range,
            cap: fitted.cap,
            means: fitted.means.clone(),
            deviations: fitted.deviations.clone(),
            wave_weights: fitted.wave_weights.clone(),
            most_word_weight,
            word_weights: BASE64.encode(steps.iter().map(|s| s.cast_unsigned()).collect::<Vec<u8>>()),
            vocabulary: VocabularyFile {
                scripts: fitted.vocabulary.scripts,
                words: numbers_to_base64(words.into_iter().flat_map(|(w, n)| [w, n])),
                pairs: numbers_to_base64(pairs.into_iter()),
            },
            mean: fitted.mean,
            forest: fitted.forest.clone(),
            ridge_share: fitted.ridge_share,
            stretch: fitted.stretch,
        }
    }

    /// The model, where all of it fits together.
    fn into_model(self) -> Option<Model> {
        let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
        let sound = self.means.len() == WIDTH
            && self.deviations.len() == WIDTH
            && self.wave_weights.len() == WAVES
            && finite(&self.means)
            && finite(&self.deviations)
            && self.deviations.iter().all(|d| *d > 0.0)
            && finite(&self.wave_weights)
            && finite(&[
                self.mean,
                self.ridge_share,
                self.stretch,
                self.range.known_words,
                self.range.known_pairs,
            ])
            && finite(&[self.scale.lo, self.scale.hi, self.scale.step])
            && self.scale.lo < self.scale.hi
            && self.scale.step > 0.0
            && self.most_word_weight.is_finite()
            && self.forest.is_sound(WIDTH + 1);
        let steps: Vec<i8> =
            BASE64.decode(&self.word_weights).ok()?.into_iter().map(u8::cast_signed).collect();
        if !sound || steps.len() != BUCKETS {
            return None;
        }
        let words = numbers_from_base64(&self.vocabulary.words)?;
        let known: HashMap<u32, u32> = words.chunks_exact(2).map(|c| (c[0], c[1])).collect();
        let pairs: HashSet<u32> = numbers_from_base64(&self.vocabulary.pairs)?.into_iter().collect();
        Some(Model {
            fitted: Fitted {
                vocabulary: Vocabulary { scripts: self.vocabulary.scripts, known, pairs },
                cap: self.cap,
                means: self.means,
                deviations: self.deviations,
                wave_weights: self.wave_weights,
                word_weights: refine(&steps, self.most_word_weight),
                mean: self.mean,
                forest: self.forest,
                ridge_share: self.ridge_share,
                stretch: self.stretch,
            },
            scale: self.scale,
            range: self.range,
            provenance: self.provenance,
        })
    }
}

impl Serialize for Model {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        File::of(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Model {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let fault = "this model does not hold together";
        File::deserialize(deserializer)?.into_model().ok_or_else(|| serde::de::Error::custom(fault))
    }
}

impl Vocabulary {
    /// The shares of a script's words and pairs of words that other scripts of the cohort have.
    fn known_shares(&self, reading: &Reading<'_>, is_own: bool) -> (f64, f64) {
        super::features::known_shares(reading, self, is_own)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{cohort, options};
    use super::super::train;
    use super::*;
    use crate::Deadline;

    fn model() -> Model {
        train(&cohort(110), &options(), &Deadline::never()).unwrap()
    }

    #[test]
    fn a_file_brings_back_the_same_model_and_holds_no_word_of_a_script() {
        let model = model();
        let file = serde_json::to_value(&model).unwrap();
        assert_eq!(Model::from_value(&file, "model").unwrap(), model);
        let text = file.to_string();
        for word in ["Goffman", "unwritten", "nuisance", "traffic"] {
            assert!(!text.contains(word), "{word}");
        }
        assert!(text.len() < 500_000, "{}", text.len());
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let file = serde_json::to_value(model()).unwrap();
        for (pointer, value, path) in [
            ("/schema", serde_json::json!("awap:model/9"), "model.schema"),
            ("/means/0", serde_json::json!("x"), "model.means[0]"),
            ("/word_weights", serde_json::json!("AAAA"), "model"),
            ("/vocabulary/pairs", serde_json::json!("AAA="), "model"),
            ("/scale/step", serde_json::json!(0), "model"),
            (
                "/forest/trees/0",
                serde_json::json!([{"feature": 0, "left": 0, "right": 0, "value": 0.0}, {"feature": 99, "left": 1, "right": 1, "value": 0.0}]),
                "model",
            ),
        ] {
            let mut damaged = file.clone();
            *damaged.pointer_mut(pointer).unwrap() = value;
            let error = Model::from_value(&damaged, "model").unwrap_err();
            assert_eq!(error.details()["path"], path, "{pointer}");
        }
    }

    #[test]
    fn a_script_unlike_the_cohort_is_not_marked() {
        let model = model();
        assert!(model.mark(&cohort(5)[3].text).is_some());
        let long = [cohort(5)[3].text.as_str(); 4].join(" ");
        let other = "La recherche dichotomique compare la valeur avec celle du milieu. ".repeat(8);
        let mut words: Vec<String> = cohort(5)[3].text.split(' ').map(str::to_owned).collect();
        words.sort();
        for (name, text) in [
            ("long", long),
            ("short", "Order is achieved.".to_owned()),
            ("other", other),
            ("shuffled", words.join(" ")),
        ] {
            assert_eq!(model.mark(&text), None, "{name}");
        }
    }
}
