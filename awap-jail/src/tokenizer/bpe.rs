//! Byte-level BPE of a GGUF file, built from the parts of the `tokenizers` library.

use awap_core::Result;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior};

use super::Words;
use crate::model::gguf::Header;
use crate::model::refused;

// How a text is cut into words before merging, by model family; `tokenizer.ggml.pre` names the family. The patterns are
// those of the models' own tokenizer.json files.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const DIGIT: &str = r"\p{N}";

struct Family {
    patterns: &'static [&'static str],
    /// A word that is a token is taken whole, whatever the merges would make of it.
    whole_words: bool,
    adds_bos: bool,
}

fn family(pre: &str) -> Option<Family> {
    let (patterns, whole_words, adds_bos): (&[&str], bool, bool) = match pre {
        "llama3" | "llama-v3" | "llama-bpe" => (&[LLAMA3], true, true),
        "smaug-bpe" | "dbrx" => (&[LLAMA3], false, false),
        "qwen2" | "deepseek-r1-qwen" => (&[QWEN2], false, false),
        "smollm" => (&[DIGIT, GPT2], false, false),
        "gpt-2" | "gpt2" | "phi-2" | "olmo" | "mpt" => (&[GPT2], false, false),
        _ => return None,
    };
    Some(Family { patterns, whole_words, adds_bos })
}

/// Whether models of this family begin a sequence with a token of its own, unless the file says otherwise.
pub(super) fn adds_bos(pre: &str) -> bool {
    family(pre).is_some_and(|family| family.adds_bos)
}

/// The encoder over `tokens`: those that text is made of, and no others.
pub(super) fn words(header: &Header, tokens: impl Iterator<Item = (String, u32)>) -> Result<Words> {
    let pre = header.text("tokenizer.ggml.pre").unwrap_or("");
    let family = family(pre).unwrap_or_else(|| {
        tracing::warn!("The model's way to cut text into words is not known; it is cut as for GPT-2.");
        Family { patterns: &[GPT2], whole_words: false, adds_bos: false }
    });
    let merges =
        header.texts("tokenizer.ggml.merges").ok_or_else(|| refused("its tokenizer has no merges"))?;
    let vocabulary: Vocab = tokens.collect();
    let merges = merges
        .iter()
        .filter_map(|merge| merge.split_once(' '))
        // A merge with a token that text is not made of would be refused.
        .filter(|(left, right)| {
            vocabulary.contains_key(*left)
                && vocabulary.contains_key(*right)
                && vocabulary.contains_key(&format!("{left}{right}"))
        })
        .map(|(left, right)| (left.to_owned(), right.to_owned()))
        .collect();
    let broken = |_| refused("its vocabulary and merges do not fit together");
    let model = BPE::builder()
        .vocab_and_merges(vocabulary, merges)
        .ignore_merges(family.whole_words)
        // What one student wrote is not kept for the next.
        .cache_capacity(0)
        .build()
        .map_err(broken)?;
    let mut cuts = Vec::new();
    for pattern in family.patterns {
        let pattern = SplitPattern::Regex((*pattern).to_owned());
        cuts.push(Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map_err(broken)?.into());
    }
    cuts.push(ByteLevel::new(false, false, false).into());
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(PreTokenizerWrapper::Sequence(Sequence::new(cuts))));
    Ok(Words::Library(Box::new(tokenizer)))
}
