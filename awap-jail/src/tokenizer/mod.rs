//! Text to tokens and back, so that what a student writes is never more than text.
//!
//! Special tokens (`<|im_start|>`, `<eos>`) are recognised in the chat template's own parts alone. The vocabulary that
//! text is encoded with does not have them, so a text that spells one becomes the tokens of its letters.

mod bpe;
mod bytes;
mod json;
mod spm;

use std::collections::{HashMap, HashSet};

use aho_corasick::{AhoCorasick, MatchKind};
use awap_core::Result;

use crate::model::gguf::Header;
use crate::model::refused;

use bytes::{Alphabet, byte_token, sentence_piece};
use spm::Spm;

/// A part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Of the chat template: special tokens are recognised.
    Template(String),
    /// Everything else: nothing in it is special.
    Text(String),
}

/// A model's vocabulary.
pub(crate) struct Tokenizer {
    words: Words,
    /// What each token writes; `None` for special ones, which are never written.
    written: Vec<Option<Box<[u8]>>>,
    specials: Option<AhoCorasick>,
    /// The ids of `specials`' patterns.
    special_ids: Vec<u32>,
    bos: Option<u32>,
    adds_bos: bool,
    bos_text: String,
    eos_text: String,
}

enum Words {
    /// Byte-level BPE, or whatever a `tokenizer.json` says.
    Library(Box<tokenizers::Tokenizer>),
    SentencePiece {
        spm: Box<Spm>,
        space_first: bool,
    },
}

/// What a vocabulary is, wherever it was read from.
struct Vocabulary {
    words: Words,
    written: Vec<Option<Box<[u8]>>>,
    specials: Vec<(u32, String)>,
}

/// `tokenizer.ggml.token_type`.
mod kind {
    pub(super) const NORMAL: i64 = 1;
    pub(super) const BYTE: i64 = 6;
    pub(super) const CONTROL: i64 = 3;
    pub(super) const USER_DEFINED: i64 = 4;
}

impl Tokenizer {
    /// The vocabulary of a GGUF file, or of the `tokenizer.json` beside it where there is one.
    pub(crate) fn new(header: &Header, json: Option<&[u8]>) -> Result<Self> {
        let vocabulary = match json {
            Some(json) => json::vocabulary(json)?,
            None => Vocabulary::of(header)?,
        };
        let id = |key: &str| {
            let id = header.integer(key).and_then(|id| u32::try_from(id).ok());
            id.filter(|id| (*id as usize) < vocabulary.written.len())
        };
        let (bos, eos) = (id("tokenizer.ggml.bos_token_id"), id("tokenizer.ggml.eos_token_id"));
        let spelling = |id: Option<u32>| {
            let special = vocabulary.specials.iter().find(|(special, _)| Some(*special) == id);
            special.map(|(_, text)| text.clone()).unwrap_or_default()
        };
        let (bos_text, eos_text) = (spelling(bos), spelling(eos));
        let usual = matches!(vocabulary.words, Words::SentencePiece { .. })
            || bpe::adds_bos(header.text("tokenizer.ggml.pre").unwrap_or(""));
        let (special_ids, texts): (Vec<u32>, Vec<String>) = vocabulary.specials.into_iter().unzip();
        let specials = if texts.is_empty() {
            None
        } else {
            let matcher = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts);
            Some(matcher.map_err(|_| refused("its special tokens cannot be searched for"))?)
        };
        let tokenizer = Self {
            words: vocabulary.words,
            written: vocabulary.written,
            specials,
            special_ids,
            bos,
            adds_bos: header.boolean("tokenizer.ggml.add_bos_token").unwrap_or(usual),
            bos_text,
            eos_text,
        };
        tokenizer.check()?;
        Ok(tokenizer)
    }

    /// An answer is JSON: without these it could not be written.
    fn check(&self) -> Result<()> {
        let single: HashSet<&[u8]> = self.written.iter().flatten().map(AsRef::as_ref).collect();
        if br#"{}[]":,"#.iter().all(|byte| single.contains([*byte].as_slice())) {
            return Ok(());
        }
        Err(refused("its vocabulary has no tokens for the signs of JSON"))
    }

    /// How many tokens there are.
    pub(crate) fn size(&self) -> usize {
        self.written.len()
    }

    /// What a token writes; `None` for a special one.
    pub(crate) fn written(&self, token: u32) -> Option<&[u8]> {
        self.written.get(token as usize)?.as_deref()
    }

    /// How the template spells the token that begins a sequence, and the one that ends it.
    pub(crate) fn ends(&self) -> (&str, &str) {
        (&self.bos_text, &self.eos_text)
    }

    /// The tokens of a whole prompt.
    pub(crate) fn prompt(&self, parts: &[Part]) -> Vec<u32> {
        let mut out = Vec::new();
        let mut text = String::new();
        for part in parts {
            match part {
                // Joined with the text around it: words do not end where the template's parts do.
                Part::Text(part) => text.push_str(part),
                Part::Template(part) => {
                    let mut from = 0;
                    for found in self.specials.iter().flat_map(|specials| specials.find_iter(part)) {
                        text.push_str(&part[from..found.start()]);
                        self.encode_fragment(&mut out, &std::mem::take(&mut text));
                        out.push(self.special_ids[found.pattern().as_usize()]);
                        from = found.end();
                    }
                    text.push_str(&part[from..]);
                }
            }
        }
        self.encode_fragment(&mut out, &text);
        if let Some(bos) = self.bos.filter(|bos| self.adds_bos && out.first() != Some(bos)) {
            out.insert(0, bos);
        }
        out
    }

    /// A fragment at the start, or after a special token.
    fn encode_fragment(&self, out: &mut Vec<u32>, text: &str) {
        match &self.words {
            _ if text.is_empty() => {}
            Words::SentencePiece { space_first: true, .. } => out.extend(self.text(&format!(" {text}"))),
            _ => out.extend(self.text(text)),
        }
    }

    /// The tokens of `text` as it stands within other text; nothing in it is special.
    pub(crate) fn text(&self, text: &str) -> Vec<u32> {
        let ids = match &self.words {
            Words::SentencePiece { spm, .. } => spm.encode(text),
            // It fails on a byte that no token is for: then there is nothing to be said of the text.
            Words::Library(tokenizer) => tokenizer
                .encode_fast(text, false)
                .map(|encoding| encoding.get_ids().to_vec())
                .unwrap_or_default(),
        };
        ids.into_iter().filter(|id| self.written(*id).is_some()).collect()
    }
}

impl Vocabulary {
    fn of(header: &Header) -> Result<Self> {
        let tokens = header
            .texts("tokenizer.ggml.tokens")
            .filter(|tokens| !tokens.is_empty())
            .ok_or_else(|| refused("it has no vocabulary, and there is no tokenizer.json beside it"))?;
        let kinds = header.integers("tokenizer.ggml.token_type").unwrap_or(&[]);
        let kind = |id: usize| kinds.get(id).copied().unwrap_or(kind::NORMAL);
        let ends = ["bos", "eos", "eot", "eom", "unknown", "padding"]
            .map(|name| header.integer(&format!("tokenizer.ggml.{name}_token_id")));
        // A file may lack the kinds, or call these normal.
        let is_end = |id: usize| ends.contains(&i64::try_from(id).ok());
        let is_text = |id: usize| matches!(kind(id), kind::NORMAL | kind::BYTE) && !is_end(id);
        let specials = tokens
            .iter()
            .enumerate()
            .filter(|(id, text)| {
                (matches!(kind(*id), kind::CONTROL | kind::USER_DEFINED) || is_end(*id)) && !text.is_empty()
            })
            .map(|(id, text)| (id as u32, text.clone()))
            .collect();
        let text = || tokens.iter().enumerate().filter(|(id, _)| is_text(*id));
        match header.text("tokenizer.ggml.model") {
            Some("gpt2") => {
                let alphabet = Alphabet::new();
                let mut written = vec![None; tokens.len()];
                for (id, token) in text() {
                    written[id] = alphabet.bytes(token).map(Vec::into_boxed_slice);
                }
                let usable = text().filter(|(id, _)| written[*id].is_some());
                let words = bpe::words(header, usable.map(|(id, token)| (token.clone(), id as u32)))?;
                Ok(Self { words, written, specials })
            }
            Some("llama") => {
                let mut written = vec![None; tokens.len()];
                let mut bytes = [None; 256];
                let mut words = HashMap::new();
                let scores = header.floats("tokenizer.ggml.scores").unwrap_or(&[]);
                for (id, token) in text() {
                    written[id] = Some(sentence_piece(token).into_boxed_slice());
                    if let Some(byte) = byte_token(token).filter(|_| kind(id) == kind::BYTE) {
                        bytes[usize::from(byte)] = Some(id as u32);
                    } else {
                        let score = scores.get(id).copied().unwrap_or(0.0);
                        words.insert(token.as_str().into(), (id as u32, score));
                    }
                }
                let spm = Box::new(Spm::new(words, &bytes));
                let space_first = header.boolean("tokenizer.ggml.add_space_prefix").unwrap_or(true);
                Ok(Self { words: Words::SentencePiece { spm, space_first }, written, specials })
            }
            _ => Err(refused("its tokenizer is neither byte-level BPE (gpt2) nor SentencePiece (llama)")),
        }
    }
}
