//! `train-names LISTS.tsv SENTENCES.jsonl.gz OUT [SEED]`: makes `lists.fst`, `weights.bin` and `training.json` in OUT.
//!
//! The same input and seed give the same bytes. LISTS.tsv is made by `tools/pii/lists.py`.

mod corpus;
mod lists;
mod made;
mod text;
mod train;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use awap_names::Lists;
use sha2::{Digest as _, Sha256};

use crate::made::Maker;
use crate::text::Chance;
use crate::train::{Settings, examples, measure, train};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const SETTINGS: Settings = Settings { epochs: 8, rate: 0.15, decay: 1e-6, hidden: 30 };
/// How many texts are made to learn from, and to measure on.
const MADE: u64 = 24_000;
const HELD_BACK: u64 = 2_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [lists, sentences, out, seed @ ..] = arguments.as_slice() else {
        eprintln!("usage: train-names LISTS.tsv SENTENCES.jsonl.gz OUT [SEED]");
        return ExitCode::FAILURE;
    };
    let seed = seed.first().and_then(|s| s.parse().ok()).unwrap_or(20_261_126);
    match run(Path::new(lists), Path::new(sentences), &PathBuf::from(out), seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("train-names: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(table: &Path, sentences: &Path, out: &Path, seed: u64) -> Result<()> {
    let (map, pools) = lists::read(table)?;
    std::fs::write(out.join("lists.fst"), &map)?;
    let map_size = map.len();
    let lists = Lists::of_map(&map);
    let corpus = corpus::read(sentences)?;
    eprintln!("{} bytes of lists, {} texts of corpora", map_size, corpus.texts.len());
    let (mut learnt, mut held) = (Vec::new(), Vec::new());
    for (i, text) in corpus.texts.iter().enumerate() {
        examples(text, &lists, if i % 20 == 7 { &mut held } else { &mut learnt });
    }
    let corpora_held = held.len();
    let base = Chance::new(seed).below(1 << 40) as u64;
    for i in 0..MADE + HELD_BACK {
        let text = Maker::make(&pools, &corpus.prose, base + i);
        examples(&text, &lists, if i < MADE { &mut learnt } else { &mut held });
    }
    eprintln!("{} runs to learn from, {} held back", learnt.len(), held.len());
    let model = train(&learnt, SETTINGS, &mut Chance::new(seed));
    let weights = model.write();
    std::fs::write(out.join("weights.bin"), &weights)?;
    let (of_corpora, of_made) = held.split_at(corpora_held);
    let record = serde_json::json!({
        "what": "Weights of a conditional random field for people's names, and the lists it looks words up in.",
        "command": "make train-names", "seed": seed, "epochs": SETTINGS.epochs,
        "rate": SETTINGS.rate.to_string(), "decay": SETTINGS.decay.to_string(), "hidden_features_percent": SETTINGS.hidden,
        "made_texts": MADE, "sentences": corpus.sentences,
        "runs": {"learnt": learnt.len(), "held_back": held.len()},
        "held_back": {
            "made": [measure(of_made, &model, 0.3), measure(of_made, &model, 0.5)],
            "corpora": [measure(of_corpora, &model, 0.3), measure(of_corpora, &model, 0.5)],
        },
        "sha256": {"lists.tsv": sha256(&std::fs::read(table)?), "weights.bin": sha256(&weights)},
        "bytes": {"lists.fst": map_size, "weights.bin": weights.len()},
    });
    let text = serde_json::to_string_pretty(&record)?;
    println!("{text}");
    std::fs::write(out.join("training.json"), text + "\n")?;
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    digest
        .iter()
        .flat_map(|b| [b >> 4, b & 15].map(|d| char::from_digit(d.into(), 16).unwrap_or('0')))
        .collect()
}
