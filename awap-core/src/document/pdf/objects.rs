//! The objects of a PDF file: references followed, streams unpacked within bounds, the page tree walked.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Dictionary, LoadOptions, Object, ObjectId, Stream};

use super::super::reader::{Context, damaged, encrypted};
use crate::{Limits, Result};

/// A PDF file that is open.
pub(super) struct Pdf<'c> {
    pub(super) document: lopdf::Document,
    pub(super) cx: &'c Context<'c>,
    /// Bytes that may still be unpacked.
    left: Cell<usize>,
}

/// A page with what it inherits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'d> {
    pub(super) dictionary: &'d Dictionary,
    pub(super) resources: Option<&'d Dictionary>,
    /// Left, bottom, right, top of what is shown, in points.
    pub(super) area: [f64; 4],
    /// Quarter turns clockwise.
    pub(super) turns: u8,
}

/// US Letter, the default of many a producer, where a page does not say its size.
const DEFAULT_AREA: [f64; 4] = [0.0, 0.0, 612.0, 792.0];

impl<'c> Pdf<'c> {
    /// Opens a file. One that needs a password is an error of its own.
    pub(super) fn open(bytes: &[u8], cx: &'c Context<'c>) -> Result<Self> {
        let options =
            LoadOptions { max_decompressed_size: Some(cx.limits.expanded_bytes), ..LoadOptions::default() };
        let loaded =
            catch_unwind(AssertUnwindSafe(|| lopdf::Document::load_mem_with_options(bytes, options)));
        let mut document = match loaded {
            Ok(Ok(document)) => document,
            Ok(Err(lopdf::Error::Decryption(_) | lopdf::Error::InvalidPassword)) => return Err(encrypted()),
            Ok(Err(_)) | Err(_) => return Err(damaged("its structure is broken")),
        };
        if document.is_encrypted() {
            // A file that only restricts printing and the like opens with the empty password.
            let opened = catch_unwind(AssertUnwindSafe(|| document.decrypt("")));
            if !matches!(opened, Ok(Ok(()))) {
                return Err(encrypted());
            }
        }
        Ok(Self { document, cx, left: Cell::new(cx.limits.expanded_bytes) })
    }

    /// What an object refers to, in the end; the null object where it leads nowhere.
    pub(super) fn resolve<'a>(&'a self, object: &'a Object) -> &'a Object {
        self.document.dereference(object).map_or(&Object::Null, |(_, object)| object)
    }

    /// An entry of a dictionary, resolved.
    pub(super) fn get<'a>(&'a self, dictionary: &'a Dictionary, key: &str) -> Option<&'a Object> {
        let object = self.resolve(dictionary.get(key.as_bytes()).ok()?);
        (!object.is_null()).then_some(object)
    }

    /// A dictionary, be it one of a stream.
    pub(super) fn dictionary<'a>(&'a self, object: &'a Object) -> Option<&'a Dictionary> {
        match self.resolve(object) {
            Object::Dictionary(dictionary) => Some(dictionary),
            Object::Stream(stream) => Some(&stream.dict),
            _ => None,
        }
    }

    pub(super) fn dict_entry<'a>(&'a self, dictionary: &'a Dictionary, key: &str) -> Option<&'a Dictionary> {
        self.dictionary(self.get(dictionary, key)?)
    }

    pub(super) fn array_entry<'a>(&'a self, dictionary: &'a Dictionary, key: &str) -> Option<&'a [Object]> {
        self.get(dictionary, key)?.as_array().ok().map(Vec::as_slice)
    }

    pub(super) fn stream_entry<'a>(&'a self, dictionary: &'a Dictionary, key: &str) -> Option<&'a Stream> {
        self.get(dictionary, key)?.as_stream().ok()
    }

    pub(super) fn number(&self, object: &Object) -> Option<f64> {
        match self.resolve(object) {
            Object::Integer(n) => Some(*n as f64),
            Object::Real(n) => Some(f64::from(*n)),
            _ => None,
        }
        .filter(|n| n.is_finite())
    }

    pub(super) fn number_entry(&self, dictionary: &Dictionary, key: &str) -> Option<f64> {
        self.number(dictionary.get(key.as_bytes()).ok()?)
    }

    pub(super) fn name_entry<'a>(&'a self, dictionary: &'a Dictionary, key: &str) -> Option<Cow<'a, str>> {
        Some(String::from_utf8_lossy(self.get(dictionary, key)?.as_name().ok()?))
    }

    /// The content of a stream, unpacked; what can be had of one that is broken.
    pub(super) fn unpack(&self, stream: &Stream) -> Result<Vec<u8>> {
        self.cx.check()?;
        let left = self.left.get();
        let unpack = || stream.decompressed_content_with_limit(left);
        let content = match catch_unwind(AssertUnwindSafe(unpack)) {
            Ok(Ok(content)) => content,
            Ok(Err(lopdf::Error::Decompress(_))) | Err(_) => salvage(stream, left),
            Ok(Err(_)) if stream.dict.has(b"Filter") => salvage(stream, left),
            Ok(Err(_)) => stream.content.clone(),
        };
        if content.len() > left {
            return Err(Limits::exceeded("expanded_bytes", self.cx.limits.expanded_bytes));
        }
        self.left.set(left - content.len());
        Ok(content)
    }

    /// The pages in order. A tree that is broken is helped by a look through all objects.
    pub(super) fn pages(&self) -> Result<Vec<Page<'_>>> {
        let mut pages = Vec::new();
        let root = self
            .document
            .trailer
            .get(b"Root")
            .ok()
            .and_then(|root| self.dictionary(root))
            .and_then(|catalog| catalog.get(b"Pages").ok());
        let start =
            Page { dictionary: &self.document.trailer, resources: None, area: DEFAULT_AREA, turns: 0 };
        let mut stack: Vec<(&Object, Page<'_>)> = root.map(|root| (root, start)).into_iter().collect();
        let mut seen: BTreeSet<ObjectId> = BTreeSet::new();
        while let Some((object, inherited)) = stack.pop() {
            self.cx.tick()?;
            if let Ok(id) = object.as_reference()
                && !seen.insert(id)
            {
                continue;
            }
            let Some(dictionary) = self.dictionary(object) else { continue };
            let page = self.inherit(dictionary, inherited);
            if let Some(kids) = self.array_entry(dictionary, "Kids") {
                stack.extend(kids.iter().rev().map(|kid| (kid, page)));
            } else {
                pages.push(page);
                self.bound(pages.len())?;
            }
        }
        if pages.is_empty() {
            for object in self.document.objects.values() {
                self.cx.tick()?;
                if let Object::Dictionary(dictionary) = object
                    && dictionary.has_type(b"Page")
                {
                    pages.push(self.inherit(dictionary, start));
                    self.bound(pages.len())?;
                }
            }
        }
        Ok(pages)
    }

    fn bound(&self, pages: usize) -> Result<()> {
        if pages > self.cx.limits.pages {
            return Err(Limits::exceeded("pages", self.cx.limits.pages));
        }
        Ok(())
    }

    fn inherit<'d>(&'d self, dictionary: &'d Dictionary, from: Page<'d>) -> Page<'d> {
        let area = self
            .rectangle(dictionary, "CropBox")
            .or_else(|| self.rectangle(dictionary, "MediaBox"))
            .unwrap_or(from.area);
        let turns = self
            .number_entry(dictionary, "Rotate")
            .map_or(from.turns, |degrees| ((degrees / 90.0).round() as i64).rem_euclid(4) as u8);
        let resources = self.dict_entry(dictionary, "Resources").or(from.resources);
        Page { dictionary, resources, area, turns }
    }

    fn rectangle(&self, dictionary: &Dictionary, key: &str) -> Option<[f64; 4]> {
        let [a, b, c, d] = self.array_entry(dictionary, key)? else { return None };
        let [a, b, c, d] = [self.number(a)?, self.number(b)?, self.number(c)?, self.number(d)?];
        let area = [a.min(c), b.min(d), a.max(c), b.max(d)];
        (area[2] - area[0] > 1.0 && area[3] - area[1] > 1.0).then_some(area)
    }

    /// The content of a page: its streams one after another, as if they were one.
    pub(super) fn content(&self, page: &Page<'_>) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut add = |object: &Object| -> Result<()> {
            if let Object::Stream(stream) = self.resolve(object) {
                out.extend(self.unpack(stream)?);
                out.push(b'\n');
            }
            Ok(())
        };
        match self.get(page.dictionary, "Contents") {
            Some(Object::Array(parts)) => parts.iter().try_for_each(add)?,
            Some(object) => add(object)?,
            None => {}
        }
        Ok(out)
    }
}

/// What a broken stream that is packed in the usual way still gives.
fn salvage(stream: &Stream, most: usize) -> Vec<u8> {
    let flate = stream.filters().is_ok_and(|filters| matches!(filters.as_slice(), [b"FlateDecode" | b"Fl"]));
    let mut out = Vec::new();
    if flate && !stream.dict.has(b"DecodeParms") {
        // One byte more than allowed tells what is too large, and must be refused, from what just fits.
        let most = most as u64 + 1;
        let _ = flate2::read::ZlibDecoder::new(stream.content.as_slice()).take(most).read_to_end(&mut out);
        if out.is_empty() {
            let raw = stream.content.get(2..).unwrap_or_default();
            let _ = flate2::read::DeflateDecoder::new(raw).take(most).read_to_end(&mut out);
        }
    }
    out
}

/// A text string: UTF-16 or UTF-8 by its mark, else `PDFDocEncoding`.
pub(super) fn text_string(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes.iter().map(|b| super::encoding::pdf_doc(*b)).collect(),
    }
}
