//! Tagged sentences of public corpora, those whose licence lets trained weights be shipped (CC BY).

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde::Deserialize;

use crate::Result;
use crate::text::{Tagged, Whose};

#[derive(Deserialize)]
struct Row {
    source: String,
    licence: String,
    #[serde(default)]
    doc: String,
    tokens: Vec<String>,
    tags: Vec<String>,
}

/// What was read: texts, how many sentences of each source, and sentences of prose without people to fill texts with.
#[derive(Debug, Default)]
pub(crate) struct Corpus {
    pub(crate) texts: Vec<Tagged>,
    pub(crate) sentences: BTreeMap<String, usize>,
    pub(crate) prose: Vec<Tagged>,
}

/// Reads the sentences, whose people are all people one reads about.
pub(crate) fn read(path: &Path) -> Result<Corpus> {
    let file = BufReader::new(flate2::read::GzDecoder::new(std::fs::File::open(path)?));
    let mut corpus = Corpus::default();
    let mut paragraph = Tagged::default();
    let (mut doc, mut length) = (String::new(), 0);
    for line in file.lines() {
        let row: Row = serde_json::from_str(&line?)?;
        // Share-alike licences would bind the weights.
        if !row.licence.starts_with("CC BY ") {
            continue;
        }
        *corpus.sentences.entry(format!("{} ({})", row.source, row.licence)).or_default() += 1;
        let sentence = join(&row);
        let edited = row.source.starts_with("GUM") || row.source == "wikigold";
        if edited && sentence.text.len() > 40 {
            corpus.prose.push(sentence.clone());
        }
        // Sentences of one document make paragraphs; posts stand alone.
        if !edited || doc != row.doc || length >= 4 {
            corpus.texts.push(std::mem::take(&mut paragraph));
            (doc, length) = (row.doc.clone(), 0);
        }
        if !paragraph.text.is_empty() {
            paragraph.push(" ");
        }
        paragraph.append(&sentence);
        length += 1;
    }
    corpus.texts.push(paragraph);
    corpus.texts.retain(|t| !t.text.is_empty());
    Ok(corpus)
}

/// Tokens as a sentence, with blanks where one writes them.
fn join(row: &Row) -> Tagged {
    let mut out = Tagged::default();
    let mut glued = true;
    for (token, tag) in row.tokens.iter().zip(&row.tags) {
        let closes = token.starts_with(['.', ',', ';', ':', '!', '?', ')', ']', '’', '\''])
            || token == "n't"
            || token == "%";
        let hyphen = token == "-";
        if !glued && !closes && !hyphen {
            out.push(" ");
        }
        let start = out.text.len();
        if tag == "O" || token.starts_with('@') {
            out.push(token);
        } else if tag == "B-PER" || out.names.last().is_none_or(|n| n.1 + 1 < start) {
            out.name(token, Whose::Public);
        } else {
            out.push(token);
            if let Some(last) = out.names.last_mut() {
                last.1 = out.text.len();
            }
        }
        glued = token.starts_with(['(', '[']) || hyphen || token == "@" || token == "#";
    }
    out
}
