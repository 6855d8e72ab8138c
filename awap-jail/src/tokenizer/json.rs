//! The vocabulary of a `tokenizer.json`, less what would let a text speak for the template.

use std::collections::HashSet;

use awap_core::Result;
use serde_json::{Map, Value};

use super::{Alphabet, Vocabulary, Words, sentence_piece};
use crate::model::refused;

fn broken() -> awap_core::Error {
    refused("the tokenizer.json beside it cannot be read")
}

/// Reads a `tokenizer.json` with a BPE model: its special (“added”) tokens become the template's alone.
pub(super) fn vocabulary(json: &[u8]) -> Result<Vocabulary> {
    let mut json: Map<String, Value> = serde_json::from_slice(json).map_err(|_| broken())?;
    let mut specials = Vec::new();
    for token in json
        .insert("added_tokens".to_owned(), Value::Array(Vec::new()))
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let id = token["id"].as_u64().and_then(|id| u32::try_from(id).ok());
        if let (Some(id), Some(text)) = (id, token["content"].as_str()) {
            specials.push((id, text.to_owned()));
        }
    }
    for key in ["post_processor", "truncation", "padding"] {
        json.insert(key.to_owned(), Value::Null);
    }
    let byte_level = [&json.get("pre_tokenizer"), &json.get("decoder")]
        .iter()
        .any(|part| part.is_some_and(|part| part.to_string().contains("\"ByteLevel\"")));
    let model = json.get_mut("model").and_then(Value::as_object_mut).ok_or_else(broken)?;
    if model.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "BPE") {
        return Err(refused("the tokenizer.json beside it is not of the kind BPE"));
    }
    model.insert("unk_token".to_owned(), Value::Null);
    let words = model.get_mut("vocab").and_then(Value::as_object_mut).ok_or_else(broken)?;
    let special: HashSet<&str> = specials.iter().map(|(_, text)| text.as_str()).collect();
    words.retain(|word, _| !special.contains(word.as_str()));
    let written = written(words, &specials, byte_level)?;
    let json = serde_json::to_vec(&json).map_err(|_| broken())?;
    let mut tokenizer = tokenizers::Tokenizer::from_bytes(json).map_err(|_| broken())?;
    let _ = tokenizer.with_padding(None);
    Ok(Vocabulary { words: Words::Library(Box::new(tokenizer)), written, specials })
}

fn written(
    words: &Map<String, Value>,
    specials: &[(u32, String)],
    byte_level: bool,
) -> Result<Vec<Option<Box<[u8]>>>> {
    const MAX_TOKENS: u64 = 1 << 20;
    let alphabet = Alphabet::new();
    let ids = words.values().map(Value::as_u64);
    let last = ids.chain(specials.iter().map(|(id, _)| Some(u64::from(*id)))).max().flatten().unwrap_or(0);
    if last >= MAX_TOKENS || words.values().any(|id| id.as_u64().is_none()) {
        return Err(broken());
    }
    let mut written = vec![None; last as usize + 1];
    for (word, id) in words {
        let bytes = if byte_level { alphabet.bytes(word) } else { Some(sentence_piece(word)) };
        written[id.as_u64().unwrap_or(0) as usize] = bytes.map(Vec::into_boxed_slice);
    }
    Ok(written)
}
