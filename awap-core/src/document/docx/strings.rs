//! Every string of a Word file: what is looked through before a file that was written anew is given back.

use super::rewrite::is_markup;
use super::told::{Told, is_of_format};
use crate::Result;
use crate::document::archive::Archive;
use crate::document::reader::Context;
use crate::document::xml::{Node, Xml, decode};

/// Goes through a file, whatever of it a reader sees: names of members, texts by paragraph (a line or cell ended by `\n`
/// or `\t`), instructions of fields, what was deleted, and the values of attributes but the file formats' own words.
/// Stops where `visit` says no, and says so.
///
/// Errors: those of reading an archive.
pub(crate) fn every(bytes: &[u8], cx: &Context<'_>, visit: &mut dyn FnMut(&str) -> bool) -> Result<bool> {
    let mut archive = Archive::open(bytes, cx)?;
    let names: Vec<String> = archive.names().map(str::to_owned).collect();
    for name in names {
        cx.check()?;
        if !visit(&name) {
            return Ok(false);
        }
        if is_markup(&name)
            && let Some(member) = archive.read(&name)?
            && !member_strings(&decode(&member), cx, visit)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The texts of a paragraph by what they are; those beside the text are joined where they stand beside one another.
#[derive(Debug, Default)]
struct Texts {
    shown: String,
    deleted: String,
    instruction: String,
}

impl Texts {
    fn line(&mut self, told: Told) -> &mut String {
        match told {
            Told::Shown => &mut self.shown,
            Told::Deleted => &mut self.deleted,
            Told::Instruction => &mut self.instruction,
        }
    }

    fn all(&self) -> [&str; 3] {
        [&self.shown, &self.deleted, &self.instruction]
    }
}

fn member_strings(source: &str, cx: &Context<'_>, visit: &mut dyn FnMut(&str) -> bool) -> Result<bool> {
    let mut xml = Xml::new(source, cx);
    // A box lies within a paragraph and has paragraphs of its own.
    let mut paragraphs = vec![Texts::default()];
    let mut deleting = 0_usize;
    let mut text = String::new();
    loop {
        let node = xml.next()?;
        if let Node::Text(piece) = &node {
            text.push_str(piece);
            continue;
        }
        let piece = std::mem::take(&mut text);
        let paragraph = paragraphs.last_mut();
        let told = if let Node::End(_, local) = &node { Told::of(local, deleting) } else { None };
        match told.zip(paragraph) {
            Some((told, texts)) => texts.line(told).push_str(&piece),
            None if piece.trim().is_empty() || visit(&piece) => {}
            None => return Ok(false),
        }
        match node {
            Node::Start(e) => {
                for (name, value) in e.attributes() {
                    if !is_of_format(e.local, name, &value) && !visit(&value) {
                        return Ok(false);
                    }
                }
                match (e.local, paragraphs.last_mut()) {
                    ("p", _) => paragraphs.push(Texts::default()),
                    ("del" | "moveFrom", _) => deleting += 1,
                    ("br" | "cr", Some(texts)) => texts.shown.push('\n'),
                    ("tab" | "ptab", Some(texts)) => texts.shown.push('\t'),
                    ("fldChar", Some(texts)) => texts.instruction.push('\n'),
                    _ => {}
                }
            }
            Node::End(_, "p") if paragraphs.len() > 1 => {
                let texts = paragraphs.pop().unwrap_or_default();
                if !texts.all().into_iter().all(&mut *visit) {
                    return Ok(false);
                }
            }
            Node::End(_, "del" | "moveFrom") => {
                deleting = deleting.saturating_sub(1);
                if let Some(texts) = paragraphs.last_mut() {
                    texts.deleted.push('\n');
                }
            }
            Node::End(..) | Node::Text(_) => {}
            Node::Eof => return Ok(paragraphs.iter().flat_map(Texts::all).all(visit)),
        }
    }
}
