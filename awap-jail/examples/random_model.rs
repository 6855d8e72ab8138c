//! Writes a GGUF file of the shape of a real model with random weights, to measure how fast such a model would be (or a `tiny`
//! one, which is of use to tests alone):
//! `cargo run --release --example random_model -- qwen2.5-1.5b random.gguf`, then `awap-jail --measure --model random.gguf`.
#![allow(clippy::expect_used, reason = "a tool for developers")]

use std::fs::File;
use std::io::BufWriter;
use std::process::ExitCode;

use candle_core::quantized::GgmlDType;
use gguf::Recipe;

#[path = "../tests/support/gguf.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests' own file")]
mod gguf;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let small = Recipe { context: 32_768, tokens: 151_936, scale: 0.05, ..Recipe::tiny("qwen2", 1) };
    let recipe = match arguments.first().map(String::as_str) {
        Some("tiny") => Recipe { context: 32_768, ..Recipe::tiny("qwen2", 1) },
        // Its rows are no whole blocks of the K quantizations.
        Some("qwen2.5-0.5b") => Recipe {
            layers: 24,
            hidden: 896,
            heads: 14,
            kv_heads: 2,
            head: 64,
            feed_forward: 4_864,
            dtype: GgmlDType::Q8_0,
            ..small
        },
        Some("qwen2.5-1.5b") => Recipe {
            layers: 28,
            hidden: 1_536,
            heads: 12,
            kv_heads: 2,
            head: 128,
            feed_forward: 8_960,
            dtype: GgmlDType::Q4K,
            ..small
        },
        _ => {
            eprintln!("usage: random_model tiny|qwen2.5-0.5b|qwen2.5-1.5b FILE");
            return ExitCode::from(2);
        }
    };
    let path = arguments.get(1).map_or("random.gguf", String::as_str);
    gguf::write(
        &Recipe { tied: recipe.tied || recipe.tokens > 0, ..recipe },
        &mut BufWriter::new(File::create(path).expect("a new file")),
    );
    ExitCode::SUCCESS
}
