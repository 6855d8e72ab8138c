//! Says how well models trained on marked scripts agree with the markers, by prompt and by how many scripts they have
//! learnt from, and how well short answers to questions that were not learnt from are judged.
//!
//! `score_essays ESSAYS.jsonl RANGES.json ANSWERS.jsonl` reads what `scripts/score-essays` prepares: essays with `prompt`,
//! `fold`, `score` and `text`, the least and greatest score of each prompt, and judged short answers. What is tested is
//! never trained on: an essay's fold, or a short answer's question, is left out whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a tool that stops where its data is not as described

use std::collections::BTreeMap;
use std::fs;

use awap_core::Deadline;
use awap_core::feedback::calibrate::{CalibrateOptions, MarkedScript, agreement, train};
use awap_core::feedback::judge::{Correctness, Judge, JudgedAnswer, weighted_f1};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Samples that are drawn of each size, in each fold.
const DRAWS: u64 = 2;
/// A script of fewer words is refused as something to learn from; it is tested on all the same.
const LEAST_WORDS: usize = 15;
/// Parts into which the questions of short answers fall.
const PARTS: usize = 5;

#[derive(Deserialize)]
struct Essay {
    prompt: u32,
    fold: u32,
    score: f64,
    text: String,
}

#[derive(Deserialize)]
struct Range {
    lo: f64,
    hi: f64,
}

fn lines<T: DeserializeOwned>(path: &str) -> Vec<T> {
    let text = fs::read_to_string(path).expect("the file can be read");
    text.lines().map(|l| serde_json::from_str(l).expect("one JSON object a line")).collect()
}

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [essays, ranges, answers] = paths.as_slice() else {
        eprintln!("usage: score_essays ESSAYS.jsonl RANGES.json ANSWERS.jsonl");
        std::process::exit(2);
    };
    let essays: Vec<Essay> = lines(essays);
    let ranges: BTreeMap<String, Range> =
        serde_json::from_str(&fs::read_to_string(ranges).expect("the ranges can be read")).expect("JSON");
    let answers: Vec<JudgedAnswer> = lines(answers);
    short_answers(&answers);
    for size in [None, Some(200), Some(100)] {
        let name = size.map_or("all training scripts".to_owned(), |n| format!("{n} training scripts"));
        println!("\nQuadratic weighted kappa, {name}");
        let mut sum = 0.0;
        for (prompt, range) in &ranges {
            let own: Vec<&Essay> = essays.iter().filter(|e| e.prompt.to_string() == *prompt).collect();
            let (qwk, outside) = by_prompt(&own, range, size);
            println!("  prompt {prompt}  {qwk:.4}   refused as out of range {:.1} %", outside * 100.0);
            sum += qwk;
        }
        println!("  mean      {:.4}", sum / ranges.len().max(1) as f64);
    }
}

/// Agreement over all folds of a prompt, and the share of scripts that the models would leave to a person.
fn by_prompt(essays: &[&Essay], range: &Range, size: Option<usize>) -> (f64, f64) {
    let mut folds: Vec<u32> = essays.iter().map(|e| e.fold).collect();
    folds.sort_unstable();
    folds.dedup();
    let (mut given, mut told, mut outside) = (Vec::new(), Vec::new(), 0.0);
    for fold in folds {
        for draw in 0..if size.is_some() { DRAWS } else { 1 } {
            let mut training: Vec<(u64, &Essay)> = essays
                .iter()
                .enumerate()
                .filter(|(_, e)| e.fold != fold && e.text.split_whitespace().count() >= LEAST_WORDS)
                .map(|(i, e)| ((i as u64 + 1 + draw * 1000).wrapping_mul(0x9e37_79b9_7f4a_7c15), *e))
                .collect();
            if let Some(size) = size {
                training.sort_by_key(|(key, _)| *key);
                training.truncate(size);
            }
            let scripts: Vec<MarkedScript> =
                training.iter().map(|(_, e)| MarkedScript { text: e.text.clone(), score: e.score }).collect();
            let options = CalibrateOptions { min: range.lo, max: range.hi, step: 1.0, label: None };
            let model = train(&scripts, &options, &Deadline::never()).expect("a model");
            for essay in essays.iter().filter(|e| e.fold == fold) {
                given.push(essay.score);
                told.push(model.mark_regardless(&essay.text));
                outside += f64::from(u8::from(model.mark(&essay.text).is_none()));
            }
        }
    }
    (agreement(&given, &told, range.lo, range.hi, 1.0).qwk, outside / given.len().max(1) as f64)
}

/// Weighted F1 on questions that were left out of the training.
fn short_answers(answers: &[JudgedAnswer]) {
    let mut questions: Vec<&str> = answers.iter().map(|a| a.answer.question.as_str()).collect();
    questions.sort_unstable();
    questions.dedup();
    let part = |a: &JudgedAnswer| questions.binary_search(&a.answer.question.as_str()).unwrap_or(0) % PARTS;
    let (mut given, mut told): (Vec<Correctness>, Vec<Correctness>) = (Vec::new(), Vec::new());
    for out in 0..PARTS {
        let training: Vec<JudgedAnswer> = answers.iter().filter(|a| part(a) != out).cloned().collect();
        let judge = Judge::learn(&training, &Deadline::never()).expect("a judge");
        for answer in answers.iter().filter(|a| part(a) == out) {
            given.push(answer.label);
            told.push(judge.judge(&answer.answer));
        }
    }
    println!(
        "Short answers, three-way, unseen questions ({} answers to {} questions)",
        answers.len(),
        questions.len()
    );
    println!("  weighted F1 {:.4}", weighted_f1(&given, &told));
}
