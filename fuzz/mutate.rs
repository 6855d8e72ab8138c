//! Changes of documents that are packed: what is unpacked is changed, and packed anew. A change of the packed bytes is found out by
//! a checksum, or ends the unpacking, and nothing that lies behind is reached.

use std::io::{Cursor, Read as _};

use lopdf::{Dictionary, LoadOptions, Object, ObjectId};

use crate::zipped;

/// How much a member or stream may grow by in one change.
const GROWTH: usize = 4 << 10;
/// How much of one is unpacked to be changed.
const UNPACKED: usize = 1 << 20;

/// Changes what one XML member of an archive says. One time in eight, and where this is no archive, the bytes as they are.
pub fn mutate_archive(bytes: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut choices = Choices(u64::from(seed));
    let changed =
        if choices.below(8) == 0 { None } else { with_a_member_changed(&bytes[..size], &mut choices).ok() };
    replace(bytes, size, max_size, changed)
}

/// Changes one stream of a PDF, unpacked, or one entry of a dictionary. One time in four, and where this is no PDF, the bytes as
/// they are.
pub fn mutate_pdf(bytes: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut choices = Choices(u64::from(seed));
    let changed = match choices.below(4) {
        0 => None,
        1 => pdf_with(&bytes[..size], |document| exchange_an_entry(document, &mut choices)),
        _ => pdf_with(&bytes[..size], |document| change_a_stream(document, &mut choices)),
    };
    replace(bytes, size, max_size, changed)
}

/// What libFuzzer's seed chooses, one thing after another (SplitMix64).
struct Choices(u64);

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % count.max(1) as u64) as usize
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let choice = self.below(all.len());
        all.get(choice).copied()
    }
}

fn replace(bytes: &mut [u8], size: usize, max_size: usize, changed: Option<Vec<u8>>) -> usize {
    match changed {
        Some(changed) if changed.len() <= max_size => {
            bytes[..changed.len()].copy_from_slice(&changed);
            changed.len()
        }
        _ => libfuzzer_sys::fuzzer_mutate(bytes, size, max_size),
    }
}

/// One change of libFuzzer's own.
fn change(content: &mut Vec<u8>) {
    let size = content.len();
    content.resize(size + GROWTH, 0);
    let changed = libfuzzer_sys::fuzzer_mutate(content, size, size + GROWTH);
    content.truncate(changed);
}

fn with_a_member_changed(bytes: &[u8], choices: &mut Choices) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index)?;
        let mut content = Vec::new();
        member.by_ref().take(UNPACKED as u64).read_to_end(&mut content)?;
        members.push((member.name()?.into_owned(), content));
    }
    let mut read: Vec<_> =
        members.iter_mut().filter(|(name, _)| name.ends_with(".xml") || name.ends_with(".rels")).collect();
    let choice = choices.below(read.len());
    if let Some((_, content)) = read.get_mut(choice) {
        change(content);
    }
    zipped(&members, zip::CompressionMethod::Deflated)
}

fn pdf_with(bytes: &[u8], change: impl FnOnce(&mut lopdf::Document) -> Option<()>) -> Option<Vec<u8>> {
    let options = LoadOptions { max_decompressed_size: Some(UNPACKED), ..LoadOptions::default() };
    let mut document = lopdf::Document::load_mem_with_options(bytes, options).ok()?;
    change(&mut document)?;
    let mut out = Vec::new();
    document.save_to(&mut out).ok()?;
    Some(out)
}

fn change_a_stream(document: &mut lopdf::Document, choices: &mut Choices) -> Option<()> {
    let streams: Vec<ObjectId> =
        document.objects.iter().filter(|(_, object)| object.as_stream().is_ok()).map(|(id, _)| *id).collect();
    let stream = document.objects.get_mut(&choices.of(&streams)?)?.as_stream_mut().ok()?;
    match stream.decompressed_content_with_limit(UNPACKED) {
        Ok(mut content) => {
            change(&mut content);
            stream.set_plain_content(content);
        }
        Err(_) => {
            let mut content = stream.content.clone();
            change(&mut content);
            stream.set_content(content);
        }
    }
    Some(())
}

/// Gives one entry of a dictionary the value of another, or of an object that it had nothing to do with.
fn exchange_an_entry(document: &mut lopdf::Document, choices: &mut Choices) -> Option<()> {
    let ids: Vec<ObjectId> = document.objects.keys().copied().collect();
    let holders: Vec<ObjectId> = ids
        .iter()
        .copied()
        .filter(|id| document.objects.get(id).is_some_and(|object| entries(object).is_some()))
        .collect();
    let value = if choices.below(3) == 0 {
        Object::Reference(choices.of(&ids)?)
    } else {
        let from: Vec<&Object> =
            entries(document.objects.get(&choices.of(&holders)?)?)?.iter().map(|(_, value)| value).collect();
        choices.of(&from)?.clone()
    };
    let entries = entries_mut(document.objects.get_mut(&choices.of(&holders)?)?)?;
    let keys: Vec<Vec<u8>> = entries.iter().map(|(key, _)| key.clone()).collect();
    entries.set(keys.get(choices.below(keys.len()))?.clone(), value);
    Some(())
}

fn entries(object: &Object) -> Option<&Dictionary> {
    match object {
        Object::Dictionary(entries) => Some(entries),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    }
}

fn entries_mut(object: &mut Object) -> Option<&mut Dictionary> {
    match object {
        Object::Dictionary(entries) => Some(entries),
        Object::Stream(stream) => Some(&mut stream.dict),
        _ => None,
    }
}
