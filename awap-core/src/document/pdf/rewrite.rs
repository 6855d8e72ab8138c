//! A PDF file written anew: its pages as they are, and nothing of who made it beside them.
//!
//! What is kept is listed, so that what nobody thought of goes: document information, XMP packets, what programs leave for
//! themselves, outlines, structure trees, attached files, scripts, earlier revisions. Marks and notes on pages stay without
//! their authors.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Dictionary, Object, ObjectId};

use super::super::reader::{Context, damaged};
use super::content::Interpreter;
use super::objects::{Pdf, text_string};
use crate::Result;

/// What is kept of the catalog.
const CATALOG: [&str; 5] = ["Type", "Pages", "Version", "Lang", "PageLayout"];

/// What goes wherever it stands.
const NOWHERE: [&str; 11] = [
    "Metadata",
    "PieceInfo",
    "LastModified",
    "Thumb",
    "AA",
    "AF",
    "B",
    "StructParent",
    "StructParents",
    "PresSteps",
    "DPart",
];

/// Marks and notes that are kept.
const MARKS: [&str; 15] = [
    "Link",
    "Text",
    "FreeText",
    "Line",
    "Square",
    "Circle",
    "Polygon",
    "PolyLine",
    "Highlight",
    "Underline",
    "Squiggly",
    "StrikeOut",
    "Ink",
    "Caret",
    "Redact",
];

/// What is kept of them: where they are and how they look.
const LOOKS: [&str; 22] = [
    "Type",
    "Subtype",
    "Rect",
    "QuadPoints",
    "C",
    "IC",
    "CA",
    "Border",
    "BS",
    "BE",
    "F",
    "H",
    "Q",
    "DA",
    "L",
    "LE",
    "LL",
    "Vertices",
    "InkList",
    "Name",
    "Open",
    "RD",
];

/// The file `bytes` anew. Of notes and of the targets of links those stay that `may_stay` agrees to.
///
/// None where something cannot be cleaned: forms, layers, portfolios of files, what was encrypted, text that does not show.
pub(in crate::document) fn rewrite(
    bytes: &[u8],
    may_stay: &dyn Fn(&str) -> bool,
    cx: &Context<'_>,
) -> Result<Option<Vec<u8>>> {
    let written = catch_unwind(AssertUnwindSafe(|| {
        let pdf = Pdf::open(bytes, cx)?;
        if has_unread_text(&pdf)? {
            return Ok(None);
        }
        let pages: Vec<ObjectId> = pdf.document.page_iter().collect();
        written(pdf.document, &pages, may_stay, cx)
    }));
    written.unwrap_or_else(|_| Err(damaged("its structure is broken")))
}

/// Whether a page holds text that does not show, such as that beside the area it was cropped to: nobody looked through it, and
/// it is in the file all the same.
fn has_unread_text(pdf: &Pdf<'_>) -> Result<bool> {
    let mut interpreter = Interpreter::new(pdf);
    for page in &pdf.pages()? {
        pdf.cx.check()?;
        if interpreter.page(page)?.unread {
            return Ok(true);
        }
    }
    Ok(false)
}

fn written(
    mut document: lopdf::Document,
    pages: &[ObjectId],
    may_stay: &dyn Fn(&str) -> bool,
    cx: &Context<'_>,
) -> Result<Option<Vec<u8>>> {
    let Ok(root) = document.trailer.get(b"Root").and_then(Object::as_reference) else { return Ok(None) };
    let Some(catalog) = document.objects.get(&root).and_then(|o| o.as_dict().ok()) else { return Ok(None) };
    let unclean =
        ["AcroForm", "OCProperties", "Collection", "Perms"].iter().any(|key| catalog.has(key.as_bytes()));
    if unclean || document.trailer.has(b"Encrypt") || document.was_encrypted() {
        return Ok(None);
    }
    let catalog = Object::Dictionary(only(catalog, &CATALOG));
    document.objects.insert(root, catalog);
    let mut trailer = Dictionary::new();
    trailer.set("Root", Object::Reference(root));
    document.trailer = trailer;
    for page in pages {
        cx.check()?;
        let marks = marks(&document, *page, may_stay);
        let Some(Object::Dictionary(page)) = document.objects.get_mut(page) else { return Ok(None) };
        page.remove(b"Annots");
        if !marks.is_empty() {
            page.set("Annots", Object::Array(marks));
        }
    }
    for object in document.objects.values_mut() {
        clean(object);
    }
    document.prune_objects();
    cx.check()?;
    let mut out = Vec::new();
    Ok(document.save_to(&mut out).is_ok().then_some(out))
}

/// Some entries of a dictionary.
fn only(dictionary: &Dictionary, keys: &[&str]) -> Dictionary {
    let mut kept = Dictionary::new();
    for key in keys {
        if let Ok(value) = dictionary.get(key.as_bytes()) {
            kept.set(*key, value.clone());
        }
    }
    kept
}

/// Takes away what may stay nowhere, without recursion.
fn clean(object: &mut Object) {
    let mut open = vec![object];
    while let Some(object) = open.pop() {
        match object {
            Object::Array(list) => open.extend(list),
            Object::Dictionary(dictionary) => clean_dictionary(dictionary, &mut open),
            Object::Stream(stream) => clean_dictionary(&mut stream.dict, &mut open),
            _ => {}
        }
    }
}

fn clean_dictionary<'a>(dictionary: &'a mut Dictionary, open: &mut Vec<&'a mut Object>) {
    for key in NOWHERE {
        // `B` of a mark is no key that goes: beads are those of pages.
        if key != "B" || dictionary.has_type(b"Page") {
            dictionary.remove(key.as_bytes());
        }
    }
    open.extend(dictionary.iter_mut().map(|(_, value)| value));
}

/// The marks and notes of a page, without authors.
fn marks(document: &lopdf::Document, page: ObjectId, may_stay: &dyn Fn(&str) -> bool) -> Vec<Object> {
    let resolve = |object: &Object| document.dereference(object).map(|(_, object)| object.clone()).ok();
    let page = document.objects.get(&page).and_then(|page| page.as_dict().ok());
    let list = page.and_then(|page| resolve(page.get(b"Annots").ok()?));
    let list = list.and_then(|list| list.as_array().ok().cloned()).unwrap_or_default();
    let text_of = |dictionary: &Dictionary, key: &[u8]| {
        let text = resolve(dictionary.get(key).ok()?)?;
        text.as_str().ok().map(|bytes| (text_string(bytes), text.clone()))
    };
    let mut marks = Vec::new();
    for mark in &list {
        let Some(Object::Dictionary(mark)) = resolve(mark) else { continue };
        let subtype = mark.get(b"Subtype").and_then(Object::as_name).unwrap_or_default();
        if !MARKS.iter().any(|kept| kept.as_bytes() == subtype) {
            continue;
        }
        let mut kept = only(&mark, &LOOKS);
        if let Some((_, object)) = text_of(&mark, b"Contents").filter(|(text, _)| may_stay(text)) {
            kept.set("Contents", object);
        }
        let action = mark.get(b"A").ok().and_then(&resolve);
        let target = action.as_ref().and_then(|a| text_of(a.as_dict().ok()?, b"URI"));
        if let Some((_, object)) = target.filter(|(text, _)| may_stay(text)) {
            let mut action = Dictionary::new();
            action.set("S", Object::Name(b"URI".to_vec()));
            action.set("URI", object);
            kept.set("A", Object::Dictionary(action));
        }
        if let Ok(Object::Array(place)) = mark.get(b"Dest") {
            kept.set("Dest", Object::Array(place.clone()));
        }
        marks.push(Object::Dictionary(kept));
    }
    marks
}
