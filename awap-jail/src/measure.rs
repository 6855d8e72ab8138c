//! How fast a model is on this machine, for whoever chooses one.

use std::fs;
use std::io::{self, Write};
use std::time::Instant;

use crate::model::{Model, Options, RUN, find};

/// Tokens of the prompt that is read, and of the answer that is written.
const PROMPT: usize = 512;
const ANSWER: usize = 64;

/// Reads the model, a prompt and writes an answer, and says on `out` how long each took. False where there is no
/// model that can be used.
///
/// # Errors
///
/// Where nothing can be written to `out`.
pub fn run(options: &Options, out: &mut impl Write) -> io::Result<bool> {
    match measured(options) {
        Ok(lines) => out.write_all(lines.as_bytes()).map(|()| true),
        Err(error) => writeln!(out, "{}", error.message()).map(|()| false),
    }
}

fn measured(options: &Options) -> awap_core::Result<String> {
    let path = find(&options.path)?.unwrap_or_else(|| options.path.clone());
    let start = Instant::now();
    let mut model = Model::load(&Options { path, ..options.clone() })?;
    let loaded = start.elapsed();
    let prompt: Vec<u32> =
        (0..PROMPT.min(model.positions() / 2)).map(|at| (at % model.tokenizer().size()) as u32).collect();
    let start = Instant::now();
    let mut read = 0;
    while read < prompt.len() {
        (read, _) = model.read(&prompt, read)?;
    }
    let prompt_speed = read as f64 / start.elapsed().as_secs_f64();
    let start = Instant::now();
    let answer = ANSWER.min(model.positions() - read);
    for place in 0..answer {
        model.run(read + place, &prompt[..1])?;
    }
    let answer_speed = answer as f64 / start.elapsed().as_secs_f64();
    let info = model.info();
    Ok(format!(
        "model      {} ({}, {}, {} MiB)\ncontext    {} tokens\nloaded in  {} ms\nprompt     {prompt_speed:.1} tokens a \
         second, {read} tokens in runs of {RUN}\nanswer     {answer_speed:.1} tokens a second after {read}\nmemory     {}\n",
        info.id,
        info.architecture,
        info.quantization,
        info.bytes >> 20,
        info.context_tokens,
        loaded.as_millis(),
        peak().map_or_else(|| "not known".to_owned(), |kib| format!("{} MiB at most", kib >> 10)),
    ))
}

/// The most memory this process has had, in KiB.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix("kB")?.trim().parse().ok()
}
