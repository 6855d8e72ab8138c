//! ODT: text documents of `LibreOffice` and its kin.

mod lists;
mod story;
mod styles;

use std::collections::BTreeMap;

use super::archive::Archive;
use super::build::{PartBuilder, Shape};
use super::properties::{Properties, read_core};
use super::reader::{Context, Reader, Reading, damaged, encrypted, unreadable};
use super::xml::{Node, Ns, Xml, decode};
use super::{BlockKind, Part, PartKind, Warning};
use crate::Result;
use story::{Beside, Story};
use styles::Styles;

/// Reads ODT.
pub(super) struct Odt;

impl Reader for Odt {
    fn read(&self, bytes: &[u8], cx: &Context<'_>) -> Result<Reading> {
        let mut archive = Archive::open(bytes, cx)?;
        let mut reading = Reading::default();
        if archive.is_salvaged() {
            let message = "The end of this file is missing; it was read as far as it goes.";
            reading.warnings.push(Warning::new("truncated", message));
        }
        if let Some(manifest) = archive.read("META-INF/manifest.xml")?
            && memchr::memmem::find(&manifest, b"encryption-data").is_some()
        {
            return Err(encrypted());
        }
        let content = archive.read("content.xml")?.ok_or_else(|| damaged("its main text is missing"))?;
        let content = decode(&content);
        let page_styles = archive.read("styles.xml")?.unwrap_or_default();
        let page_styles = decode(&page_styles);
        let mut styles = Styles::default();
        styles.take(Xml::new(&page_styles, cx))?;
        styles.take(Xml::new(&content, cx))?;

        let mut beside = Beside { formulas: formulas(&mut archive, cx)?, ..Beside::default() };
        let mut body = read_body(&content, cx, &styles, &mut beside)?;
        if beside.code_font.is_of_prose(&body.0.text) {
            styles.take_mono_for_text();
            beside = beside.anew();
            body = read_body(&content, cx, &styles, &mut beside)?;
        }
        let (part, is_damaged) = body;
        reading.parts.push(part);
        if is_damaged {
            reading.warnings.push(unreadable("body"));
        }
        edges(&page_styles, cx, &styles, &mut beside, &mut reading)?;
        let mut properties = Properties::default();
        if let Some(meta) = archive.read("meta.xml")? {
            read_core(&mut properties, Xml::new(&decode(&meta), cx))?;
        }
        for author in &beside.authors {
            properties.add("trackedChangeAuthor", author);
        }
        reading.parts.push(properties.finish(cx.limits)?);
        reading.parts.extend(side_parts(beside, cx)?);
        Ok(reading)
    }
}

/// The body, and whether its XML was damaged.
fn read_body(content: &str, cx: &Context<'_>, styles: &Styles, beside: &mut Beside) -> Result<(Part, bool)> {
    let mut xml = Xml::new(content, cx);
    loop {
        match xml.next()? {
            Node::Start(e) if e.ns == Ns::Office && e.local == "text" => {
                let part = Story::new(cx, styles, beside, "body", PartKind::Body).read(&mut xml)?;
                return Ok((part, xml.is_damaged()));
            }
            Node::Start(e) if e.ns == Ns::Office && e.local.ends_with("styles") => xml.skip()?,
            Node::Eof => return Err(damaged("its main text is missing")),
            _ => {}
        }
    }
}

/// Headers and footers, which stand with the styles of pages.
fn edges(
    source: &str,
    cx: &Context<'_>,
    styles: &Styles,
    beside: &mut Beside,
    reading: &mut Reading,
) -> Result<()> {
    let mut xml = Xml::new(source, cx);
    let (mut headers, mut footers) = (0, 0);
    loop {
        match xml.next()? {
            Node::Start(e) if e.ns == Ns::Style => {
                let (count, name, kind) = match e.local {
                    "header" | "header-left" | "header-first" => (&mut headers, "header", PartKind::Header),
                    "footer" | "footer-left" | "footer-first" => (&mut footers, "footer", PartKind::Footer),
                    _ => continue,
                };
                *count += 1;
                let story = Story::new(cx, styles, beside, &format!("{name}{count}"), kind);
                let part = story.read(&mut xml)?;
                if part.text.is_empty() {
                    *count -= 1;
                } else {
                    reading.parts.push(part);
                }
            }
            Node::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// The texts of formulas, which are files of their own, by their folders.
fn formulas(archive: &mut Archive<'_>, cx: &Context<'_>) -> Result<BTreeMap<String, String>> {
    const MOST: usize = 500;
    let folders = archive.names().filter_map(|name| name.strip_suffix("/content.xml").map(str::to_owned));
    let folders: Vec<String> = folders.take(MOST).collect();
    let mut out = BTreeMap::new();
    for folder in folders {
        let Some(bytes) = archive.read(&format!("{folder}/content.xml"))? else { continue };
        let source = decode(&bytes);
        let mut xml = Xml::new(&source, cx);
        // Of other objects, such as charts, the first element tells that they are none.
        if let Node::Start(e) = xml.next()?
            && (e.ns, e.local) == (Ns::MathMl, "math")
        {
            out.insert(folder, story::mathml(&mut xml)?);
        }
    }
    Ok(out)
}

fn side_parts(beside: Beside, cx: &Context<'_>) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for (name, kind, inner) in [
        ("textboxes", PartKind::TextBox, beside.text_boxes),
        ("footnotes", PartKind::Footnote, beside.footnotes),
        ("endnotes", PartKind::Endnote, beside.endnotes),
        ("comments", PartKind::Comment, beside.comments),
        ("deleted", PartKind::Deleted, beside.deleted),
    ] {
        let mut builder = PartBuilder::new(name, kind, cx.limits);
        for part in inner {
            builder.append(part);
        }
        parts.push(builder.finish()?);
    }
    for (name, kind, lines, block) in [
        ("alt_text", PartKind::AltText, beside.alternatives, BlockKind::Paragraph),
        ("links", PartKind::Link, beside.links, BlockKind::Property),
    ] {
        let mut builder = PartBuilder::new(name, kind, cx.limits);
        for line in lines {
            builder.line(&line, Shape::of(block));
        }
        parts.push(builder.finish()?);
    }
    Ok(parts)
}
