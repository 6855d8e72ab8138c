//! What a PDF file says beside its pages: metadata, comments, form fields, links.

use lopdf::{Dictionary, Object};

use super::super::build::{PartBuilder, Shape};
use super::super::properties::Properties;
use super::super::xml::{Node, Xml, decode};
use super::super::{BlockKind, Part, PartKind, Position};
use super::objects::{Page, Pdf, text_string};
use crate::Result;

/// Annotations of one page that are read.
const MOST: usize = 2000;

/// Reads `Info` and the XMP packet.
pub(super) fn properties(pdf: &Pdf<'_>) -> Result<Part> {
    let mut properties = Properties::default();
    let info = pdf.document.trailer.get(b"Info").ok().and_then(|info| pdf.dictionary(info));
    for (key, value) in info.into_iter().flat_map(Dictionary::iter) {
        if let Object::String(bytes, _) = pdf.resolve(value) {
            properties.add(&String::from_utf8_lossy(key), &text_string(bytes));
        }
    }
    let catalog = pdf.document.trailer.get(b"Root").ok().and_then(|root| pdf.dictionary(root));
    if let Some(stream) = catalog.and_then(|catalog| pdf.stream_entry(catalog, "Metadata")) {
        let bytes = pdf.unpack(stream)?;
        xmp(&mut properties, Xml::new(&decode(&bytes), pdf.cx))?;
    }
    properties.finish(pdf.cx.limits)
}

/// The texts and attributes of an XMP packet; containers (`rdf:Seq`) are passed through.
fn xmp(properties: &mut Properties, mut xml: Xml<'_, '_>) -> Result<()> {
    let mut open: Vec<&str> = Vec::new();
    loop {
        match xml.next()? {
            Node::Start(e) => {
                for key in [
                    "creator",
                    "author",
                    "Author",
                    "title",
                    "Title",
                    "subject",
                    "Keywords",
                    "Producer",
                    "CreatorTool",
                ] {
                    if let Some(value) = e.attr(key) {
                        properties.add(key, &value);
                    }
                }
                open.push(e.local);
            }
            Node::Text(text) => {
                let container = |name: &&str| {
                    matches!(*name, "li" | "Seq" | "Bag" | "Alt" | "RDF" | "xmpmeta" | "Description")
                };
                if let Some(key) = open.iter().rev().find(|name| !container(name)) {
                    properties.add(key, &text);
                }
            }
            Node::End(..) => _ = open.pop(),
            Node::Eof => return Ok(()),
        }
    }
}

/// The parts that annotations make: comments with their authors, form fields' values, targets of links.
pub(super) fn annotations(pdf: &Pdf<'_>, pages: &[Page<'_>]) -> Result<Vec<Part>> {
    let mut comments = PartBuilder::new("comments", PartKind::Comment, pdf.cx.limits);
    let mut fields = PartBuilder::new("textboxes", PartKind::TextBox, pdf.cx.limits);
    let mut links = PartBuilder::new("links", PartKind::Link, pdf.cx.limits);
    for (index, page) in pages.iter().enumerate() {
        pdf.cx.check()?;
        let at = Position { page: Some(index as u32 + 1), line: None };
        for object in pdf.array_entry(page.dictionary, "Annots").unwrap_or_default().iter().take(MOST) {
            let Some(annotation) = pdf.dictionary(object) else { continue };
            let text = |key: &str| match pdf.get(annotation, key) {
                Some(Object::String(bytes, _)) => text_string(bytes),
                _ => String::new(),
            };
            match pdf.name_entry(annotation, "Subtype").as_deref() {
                Some("Link") => {
                    let target = pdf.dict_entry(annotation, "A").and_then(|action| pdf.get(action, "URI"));
                    if let Some(Object::String(uri, _)) = target {
                        links.line(&text_string(uri), Shape::of(BlockKind::Property).at(at));
                    }
                }
                Some("Widget") => fields.line(&text("V"), Shape::of(BlockKind::Paragraph).at(at)),
                Some("Popup") | None => {}
                Some("FreeText") => {
                    comments.line(&text("T"), Shape::of(BlockKind::Property).label("author").at(at));
                    fields.line(&text("Contents"), Shape::of(BlockKind::Paragraph).at(at));
                }
                Some(_) => {
                    comments.line(&text("T"), Shape::of(BlockKind::Property).label("author").at(at));
                    comments.line(&text("Contents"), Shape::of(BlockKind::Comment).at(at));
                }
            }
        }
    }
    [fields, comments, links].into_iter().map(PartBuilder::finish).collect()
}
