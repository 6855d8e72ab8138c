//! Model files that cannot be used: each is refused with a reason, within bounds, and the program goes on serving.
#![allow(clippy::expect_used, reason = "a test says what failed by panicking")]

mod support;

use std::fs;

use awap_core::ErrorCode;
use awap_jail::{Model, Options, find};
use proptest::prelude::*;
use serde_json::json;

use support::gguf::{self, Recipe};
use support::{ModelFile, TEXT, ping, request, service, suggest};

/// The reason a file is refused for.
fn reason(bytes: &[u8]) -> String {
    let file = ModelFile::of(bytes);
    let error = Model::load(&Options::new(&file.path)).err().expect("refused");
    assert_eq!(error.code(), ErrorCode::NotConfigured);
    error.message().to_owned()
}

/// A header with `entries` metadata entries and `tensors` tensors, whose bytes follow.
fn header(tensors: u64, entries: u64, rest: &[u8]) -> Vec<u8> {
    [b"GGUF".as_slice(), &3_u32.to_le_bytes(), &tensors.to_le_bytes(), &entries.to_le_bytes(), rest].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

/// A metadata entry whose value is of `kind` and made of `value`.
fn entry(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [text(key), kind.to_le_bytes().to_vec(), value.to_vec()].concat()
}

fn tensor(name: &str, dimensions: &[u64], dtype: u32, offset: u64) -> Vec<u8> {
    let mut out = text(name);
    out.extend((dimensions.len() as u32).to_le_bytes());
    for dimension in dimensions {
        out.extend(dimension.to_le_bytes());
    }
    out.extend(dtype.to_le_bytes());
    out.extend(offset.to_le_bytes());
    out
}

#[test]
fn hostile_files_are_refused_with_their_reason() {
    let list = |kind: u32, length: u64| [kind.to_le_bytes().as_slice(), &length.to_le_bytes()].concat();
    let lists_in_lists: Vec<u8> = (0..1_000).flat_map(|_| list(9, 1)).collect();
    let pad = vec![0; 4_096];
    for (name, bytes, reason_has) in [
        ("nothing", Vec::new(), "ends within its header"),
        ("another file", b"PK\x03\x04 is no model at all".to_vec(), "not a GGUF file"),
        ("half a header", b"GGUF\x03\0\0\0\x01".to_vec(), "ends within its header"),
        ("version 9", [b"GGUF".as_slice(), &9_u32.to_le_bytes(), &pad].concat(), "version"),
        ("countless tensors", header(u64::MAX, 0, &pad), "tensors, more than can be"),
        ("countless entries", header(0, 1 << 40, &pad), "metadata entries, more than can be"),
        ("an endless text", header(0, 1, &u64::MAX.to_le_bytes()), "bytes of text, more than can be"),
        ("a long list", header(0, 1, &entry("a", 9, &list(0, 1 << 30))), "list items, more than can be"),
        (
            "a list that is not there",
            header(0, 1, &entry("a", 9, &list(8, 3_000_000))),
            "list items, more than can be",
        ),
        ("lists in lists", header(0, 1, &entry("a", 9, &lists_in_lists)), "holds lists"),
        ("an unknown type", header(0, 1, &entry("a", 77, &pad)), "type that GGUF does not know"),
        (
            "an unknown list",
            header(0, 1, &entry("a", 9, &[list(77, 2), pad.clone()].concat())),
            "type that GGUF does not know",
        ),
        ("a key twice", header(0, 2, &[entry("a", 7, &[1]), entry("a", 7, &[1])].concat()), "twice"),
        ("no alignment", header(0, 1, &entry("general.alignment", 4, &[0; 4])), "alignment"),
        (
            "a huge tensor",
            header(1, 0, &[tensor("t", &[1 << 40, 1 << 40], 0, 0), pad.clone()].concat()),
            "larger than can be",
        ),
        (
            "an overflow",
            header(1, 0, &[tensor("t", &[2, 1 << 62, 1 << 62, 2], 0, 0), pad.clone()].concat()),
            "larger than can be",
        ),
        (
            "a large tensor that is not there",
            header(1, 0, &[tensor("t", &[1 << 20, 1 << 15], 0, 0), pad.clone()].concat()),
            "cut short",
        ),
        (
            "an offset past the end",
            header(1, 0, &[tensor("t", &[32], 0, u64::MAX - 64), pad.clone()].concat()),
            "cut short",
        ),
        ("five dimensions", header(1, 0, &[tensor("t", &[1; 5], 0, 0), pad.clone()].concat()), "dimension"),
        ("no dimension", header(1, 0, &[tensor("t", &[], 0, 0), pad.clone()].concat()), "dimension"),
        ("an empty tensor", header(1, 0, &[tensor("t", &[32, 0], 0, 0), pad.clone()].concat()), "empty"),
        ("half a block", header(1, 0, &[tensor("t", &[33, 1], 8, 0), pad.clone()].concat()), "whole blocks"),
        (
            "an exotic quantization",
            header(1, 0, &[tensor("t", &[256], 20, 0), pad.clone()].concat()),
            "quantization (type 20)",
        ),
        (
            "tensors that share bytes",
            header(2, 0, &[tensor("a", &[64], 0, 0), tensor("b", &[64], 0, 0), pad.clone()].concat()),
            "overlap",
        ),
        (
            "a name twice",
            header(2, 0, &[tensor("a", &[8], 0, 0), tensor("a", &[8], 0, 32), pad.clone()].concat()),
            "twice",
        ),
        ("no architecture", header(0, 0, &pad), "architecture"),
    ] {
        let reason = reason(&bytes);
        assert!(reason.contains(reason_has), "{name}: {reason}");
    }
}

/// A model file in which the value of one metadata key of four bytes is another.
fn with(recipe: &Recipe, key: &str, value: u32) -> Vec<u8> {
    let mut bytes = gguf::bytes(recipe);
    let at = bytes.windows(key.len()).position(|window| window == key.as_bytes()).expect("the key")
        + key.len()
        + 4;
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    bytes
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let recipe = Recipe::tiny("qwen2", 1);
    for (key, value, reason_has) in [
        ("qwen2.attention.head_count", 0, "attention.head_count”"),
        ("qwen2.attention.head_count", 3, "fit together"),
        ("qwen2.attention.head_count_kv", 0, "head_count_kv”"),
        ("qwen2.attention.head_count_kv", 3, "fit together"),
        ("qwen2.block_count", u32::MAX, "block_count”"),
        ("qwen2.block_count", 3, "lacks the tensor “blk.2."),
        ("qwen2.embedding_length", u32::MAX, "embedding_length”"),
        ("qwen2.embedding_length", 128, "is needed"),
        ("qwen2.feed_forward_length", 97, "is needed"),
        ("qwen2.context_length", 0, "context_length”"),
        ("qwen2.rope.dimension_count", 1_000, "rotary"),
        ("qwen2.rope.freq_base", f32::NAN.to_bits(), "rope.freq_base”"),
    ] {
        let reason = reason(&with(&recipe, key, value));
        assert!(reason.contains(reason_has), "{key} = {value}: {reason}");
    }
    // A context that no machine has the memory for is cut, not set aside.
    let file = ModelFile::of(&with(&recipe, "qwen2.context_length", 1 << 30));
    let model =
        Model::load(&Options { prompt_tokens: Some(512), ..Options::new(&file.path) }).expect("a model");
    assert_eq!(model.info().context_tokens, 4_096);
}

#[test]
fn memory_sets_the_context_or_the_model_is_refused() {
    let recipe = Recipe { hidden: 512, heads: 8, kv_heads: 8, head: 64, ..Recipe::tiny("llama", 1) };
    let file = ModelFile::make(&recipe);
    let load = |memory: u64| Model::load(&Options { memory: Some(memory), ..Options::new(&file.path) });
    let error = load(128 << 20).err().expect("refused");
    assert!(error.message().contains("MiB of memory"), "{}", error.message());
    let small = load(220 << 20).expect("a model").info().context_tokens;
    let large = load(1 << 30).expect("a model").info().context_tokens;
    assert!((512..4_096).contains(&small) && large == 4_096, "{small} {large}");
    // A file that says it is larger than it is: no memory is asked for on its word.
    let sparse =
        ModelFile::of(&header(1, 0, &[tensor("t", &[1 << 20, 1 << 15], 0, 0), vec![0; 64]].concat()));
    fs::File::options()
        .write(true)
        .open(&sparse.path)
        .expect("open")
        .set_len((1 << 37) + (1 << 20))
        .expect("sparse");
    assert!(Model::load(&Options::new(&sparse.path)).is_err());
}

#[test]
fn vocabularies_that_cannot_be_used_are_refused() {
    let recipe = Recipe::tiny("qwen2", 1);
    let replaced = |from: &str, to: &str| {
        let mut bytes = gguf::bytes(&recipe);
        while let Some(at) = bytes.windows(from.len()).position(|window| window == from.as_bytes()) {
            bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        }
        bytes
    };
    for (from, to, reason_has) in [
        ("tokenizer.ggml.tokens", "tokenizer.ggml.tokenz", "no vocabulary"),
        ("tokenizer.ggml.merges", "tokenizer.ggml.mergez", "no merges"),
        ("tokenizer.ggml.model", "tokenizer.ggml.modal", "neither"),
        ("\u{1}\0\0\0\0\0\0\0{", "\u{1}\0\0\0\0\0\0\0}", "signs of JSON"),
    ] {
        let reason = reason(&replaced(from, to));
        assert!(reason.contains(reason_has), "{from:?}: {reason}");
    }
    let few = Recipe { tokens: 0, ..recipe.clone() };
    let mut bytes = gguf::bytes(&few);
    // The embedding's rows, one fewer than the vocabulary has tokens.
    let name = b"token_embd.weight";
    let at =
        bytes.windows(name.len()).position(|window| window == name).expect("the tensor") + name.len() + 12;
    let rows = u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    bytes[at..at + 8].copy_from_slice(&(rows - 1).to_le_bytes());
    assert!(reason(&bytes).contains("more tokens than its embedding has rows"));
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let bytes = gguf::bytes(&Recipe::tiny("llama", 4));
    for cut in (0..bytes.len()).step_by(bytes.len() / 97).chain([bytes.len() - 33]) {
        assert!(reason(&bytes[..cut]).starts_with("The model file cannot be used: "), "{cut}");
    }
}

#[test]
fn without_a_model_the_program_says_so() {
    let empty = tempfile::tempdir().expect("a folder");
    let missing = empty.path().join("not/there.gguf");
    for path in [empty.path(), &missing] {
        let service = service(Options::new(path));
        let status = ping(&service);
        assert_eq!((&status["status"], &status["model"]), (&json!("no_model"), &json!(null)));
        let error = suggest(&service, &request(TEXT)).expect_err("no model");
        assert_eq!(error.code(), ErrorCode::NotConfigured);
        assert_eq!(status["reason"], error.message());
    }
    let broken = ModelFile::of(b"GGUF");
    let service = service(broken.options());
    assert_eq!(ping(&service)["status"], "no_model");
    let error = suggest(&service, &request(TEXT)).expect_err("refused");
    assert_eq!(error.code(), ErrorCode::NotConfigured);
    assert!(error.message().contains("ends within its header"));
}

#[test]
fn the_model_is_the_one_file_of_its_folder() {
    let file = ModelFile::make(&Recipe::tiny("llama", 1));
    assert_eq!(find(file.folder.path()).expect("found"), Some(file.path.clone()));
    assert_eq!(find(&file.path).expect("found"), Some(file.path.clone()));
    fs::write(file.folder.path().join("README.md"), "not a model").expect("written");
    assert_eq!(find(file.folder.path()).expect("found"), Some(file.path.clone()));
    fs::write(file.folder.path().join("other.GGUF"), "another").expect("written");
    assert!(find(file.folder.path()).expect_err("two").message().contains("several"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Bytes changed anywhere in the header: it is read or refused, and neither panics nor asks for memory it has not.
    #[test]
    fn a_file_with_changed_bytes_is_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        architecture in proptest::sample::select(vec!["llama", "qwen2", "gemma3", "phi3"]),
    ) {
        let mut bytes = gguf::bytes(&Recipe { layers: 1, ..Recipe::tiny(architecture, 1) });
        let name = b"output_norm.weight";
        let header = bytes.windows(name.len()).position(|window| window == name).expect("a tensor") + 64;
        for (at, byte) in &changes {
            let at = at.index(header);
            bytes[at] = *byte;
        }
        let file = ModelFile::of(&bytes);
        let options = Options { memory: Some(512 << 20), prompt_tokens: Some(1_024), ..Options::new(&file.path) };
        if let Err(error) = Model::load(&options) {
            prop_assert_eq!(error.code(), ErrorCode::NotConfigured);
        }
    }
}
