//! DOCX, DOCM, DOTX, DOTM; transitional and strict.
//!
//! The package is read through its relationships, as ECMA-376 part 2 has it; where they are lost, through the names
//! that Word gives its parts.

pub(crate) mod changes;
mod math;
mod numbering;
mod paragraph;
pub(crate) mod rewrite;
mod story;
pub(crate) mod strings;
mod styles;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use super::archive::Archive;
use super::build::{PartBuilder, Shape};
use super::properties::{Properties, read_core, read_custom};
use super::reader::{Context, Reader, Reading, damaged, unreadable};
use super::role::CodeFont;
use super::xml::{Node, Xml, decode};
use super::{BlockKind, Part, PartKind, Warning};
use crate::{Limits, Result};
use numbering::{Counters, Numbering};
use story::{Shared, Story};
use styles::Styles;

/// Reads Word's packages.
pub(super) struct Docx;

/// The relationships of one part: id → kind (the last word of its type), target, whether it is outside.
#[derive(Debug, Default)]
struct Relations(BTreeMap<String, Relation>);

#[derive(Debug)]
struct Relation {
    kind: String,
    target: String,
    external: bool,
}

impl Relations {
    fn read(archive: &mut Archive<'_>, part: &str, cx: &Context<'_>) -> Result<Self> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let path = if folder.is_empty() {
            format!("_rels/{name}.rels")
        } else {
            format!("{folder}/_rels/{name}.rels")
        };
        let mut out = BTreeMap::new();
        let Some(bytes) = archive.read(&path)? else { return Ok(Self(out)) };
        let source = decode(&bytes);
        let mut xml = Xml::new(&source, cx);
        loop {
            match xml.next()? {
                Node::Start(e) if e.local == "Relationship" => {
                    let kind = e.attr("Type").unwrap_or_default();
                    let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                    let external = e.attr("TargetMode").is_some_and(|m| m.eq_ignore_ascii_case("external"));
                    let target = e.attr("Target").unwrap_or_default();
                    let target = if external { target.into_owned() } else { resolve(folder, &target) };
                    out.insert(
                        e.attr("Id").unwrap_or_default().into_owned(),
                        Relation { kind, target, external },
                    );
                }
                Node::Eof => return Ok(Self(out)),
                _ => {}
            }
        }
    }

    /// Targets of a kind, in the order of their numbers (`header2.xml` before `header10.xml`).
    fn of_kind(&self, kind: &str) -> Vec<String> {
        let targets: BTreeSet<&String> =
            self.0.values().filter(|r| r.kind == kind && !r.external).map(|r| &r.target).collect();
        let mut targets: Vec<_> = targets.into_iter().cloned().collect();
        targets.sort_by_key(|t| (t.len(), t.clone()));
        targets
    }

    fn external(&self, id: &str) -> Option<&str> {
        self.0.get(id).filter(|r| r.external).map(|r| r.target.as_str())
    }
}

/// A target as a path from the package's root.
fn resolve(folder: &str, target: &str) -> String {
    let mut path: Vec<&str> = if target.starts_with('/') {
        Vec::new()
    } else {
        folder.split('/').filter(|s| !s.is_empty()).collect()
    };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => _ = path.pop(),
            step => path.push(step),
        }
    }
    path.join("/")
}

/// What stories leave beside their text.
#[derive(Debug, Default)]
struct Collected {
    text_boxes: Vec<Part>,
    deleted: Vec<String>,
    links: Vec<String>,
    alternatives: Vec<String>,
    authors: Vec<String>,
    /// A file of another format is embedded as text (`w:altChunk`).
    embedded: bool,
}

impl Collected {
    fn link(&mut self, target: &str) {
        push_new(&mut self.links, target);
    }

    fn alternative(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.alternatives.push(text.to_owned());
        }
    }

    fn author(&mut self, name: &str) {
        if !self.authors.iter().any(|known| known == name) && self.authors.len() < 1000 {
            push_new(&mut self.authors, name);
        }
    }
}

fn push_new(list: &mut Vec<String>, text: &str) {
    if !text.trim().is_empty() && list.last().is_none_or(|last| last != text) {
        list.push(text.to_owned());
    }
}

impl Reader for Docx {
    fn read(&self, bytes: &[u8], cx: &Context<'_>) -> Result<Reading> {
        let mut archive = Archive::open(bytes, cx)?;
        let mut warnings = Vec::new();
        if archive.is_salvaged() {
            warnings.push(Warning::new(
                "truncated",
                "The end of this file is missing; it was read as far as it goes.",
            ));
        }
        let package = Relations::read(&mut archive, "", cx)?;
        let main = package.of_kind("officeDocument").into_iter().next();
        let main = main.unwrap_or_else(|| "word/document.xml".to_owned());
        let relations = Relations::read(&mut archive, &main, cx)?;
        // Of a member whose data is broken at its start, nothing comes.
        let is_whole = |body: &Vec<u8>| !body.is_empty();
        let body = match archive.read(&main)?.filter(is_whole) {
            Some(body) => body,
            None => archive
                .read("word/document.xml")?
                .filter(is_whole)
                .ok_or_else(|| damaged("its main text is missing"))?,
        };

        let styles = part_of(&mut archive, &relations, "styles", "word/styles.xml")?.unwrap_or_default();
        let styles = decode(&styles);
        let styles = Styles::read(Xml::new(&styles, cx))?;
        let numbering = match part_of(&mut archive, &relations, "numbering", "word/numbering.xml")? {
            Some(bytes) => Numbering::read(Xml::new(&decode(&bytes), cx))?,
            None => Numbering::default(),
        };
        let mut shared = Shared {
            cx,
            styles: &styles,
            numbering: &numbering,
            counters: Counters::default(),
            collected: Collected::default(),
            code_font: CodeFont::default(),
        };
        let mut reading = Reading { parts: Vec::new(), warnings };
        read_body(&mut shared, &relations, &body, &mut reading)?;

        let stories = [
            ("footnotes", "footnotes", PartKind::Footnote),
            ("endnotes", "endnotes", PartKind::Endnote),
            ("header", "header", PartKind::Header),
            ("footer", "footer", PartKind::Footer),
            ("comments", "comments", PartKind::Comment),
        ];
        for (kind, name, part_kind) in stories {
            let mut number = 0;
            for target in relations.of_kind(kind) {
                let Some(bytes) = archive.read(&target)? else { continue };
                number += 1;
                let own = Relations::read(&mut archive, &target, cx)?;
                let name = match part_kind {
                    PartKind::Header | PartKind::Footer => format!("{name}{number}"),
                    _ if number > 1 => format!("{name}{number}"),
                    _ => name.to_owned(),
                };
                read_story(&mut shared, &own, &bytes, &name, part_kind, &mut reading)?;
            }
        }

        let mut collected = shared.collected;
        if collected.embedded {
            reading.warnings.push(Warning::new(
                "part_unreadable",
                "This file has another file embedded as part of its text; that part was not read.",
            ));
        }
        read_properties(&mut archive, &package, &relations, &mut collected, &mut reading, cx)?;
        reading.parts.extend(side_parts(collected, cx.limits)?);
        Ok(reading)
    }
}

fn part_of(
    archive: &mut Archive<'_>,
    relations: &Relations,
    kind: &str,
    usual: &str,
) -> Result<Option<Vec<u8>>> {
    match relations.of_kind(kind).first() {
        Some(target) => archive.read(target),
        None => archive.read(usual),
    }
}

/// Reads the body; again where that shows that its code font is that of its text.
fn read_body(
    shared: &mut Shared<'_>,
    relations: &Relations,
    bytes: &[u8],
    reading: &mut Reading,
) -> Result<()> {
    let warnings = reading.warnings.len();
    read_story(shared, relations, bytes, "body", PartKind::Body, reading)?;
    let code_font = shared.code_font;
    if reading.parts.last().is_some_and(|body| code_font.is_of_prose(&body.text)) {
        shared.styles.take_mono_for_text();
        shared.counters = Counters::default();
        shared.collected = Collected::default();
        reading.parts.pop();
        reading.warnings.truncate(warnings);
        read_story(shared, relations, bytes, "body", PartKind::Body, reading)?;
    }
    Ok(())
}

fn read_story(
    shared: &mut Shared<'_>,
    relations: &Relations,
    bytes: &[u8],
    name: &str,
    kind: PartKind,
    reading: &mut Reading,
) -> Result<()> {
    let cx = shared.cx;
    cx.check()?;
    let source = decode(bytes);
    let (part, is_damaged) = Story::new(shared, relations, name, kind).read(Xml::new(&source, cx))?;
    if is_damaged {
        reading.warnings.push(unreadable(name));
    }
    reading.parts.push(part);
    Ok(())
}

/// Metadata: who wrote the file, who changed it, with what, from which template.
fn read_properties(
    archive: &mut Archive<'_>,
    package: &Relations,
    relations: &Relations,
    collected: &mut Collected,
    reading: &mut Reading,
    cx: &Context<'_>,
) -> Result<()> {
    let mut properties = Properties::default();
    for (kind, usual) in
        [("core-properties", "docProps/core.xml"), ("extended-properties", "docProps/app.xml")]
    {
        let strict =
            if kind == "extended-properties" { "extendedProperties" } else { "metadata/core-properties" };
        let target = package.of_kind(kind).into_iter().chain(package.of_kind(strict)).next();
        if let Some(bytes) = archive.read(target.as_deref().unwrap_or(usual))? {
            read_core(&mut properties, Xml::new(&decode(&bytes), cx))?;
        }
    }
    let custom =
        package.of_kind("custom-properties").into_iter().chain(package.of_kind("customProperties")).next();
    if let Some(bytes) = archive.read(custom.as_deref().unwrap_or("docProps/custom.xml"))? {
        read_custom(&mut properties, Xml::new(&decode(&bytes), cx))?;
    }
    if let Some(bytes) = part_of(archive, relations, "people", "word/people.xml")? {
        let source = decode(&bytes);
        let mut xml = Xml::new(&source, cx);
        loop {
            match xml.next()? {
                Node::Start(e) if e.local == "person" => {
                    if let Some(author) = e.attr("author") {
                        collected.author(&author);
                    }
                }
                Node::Start(e) if e.local == "presenceInfo" => {
                    if let Some(id) = e.attr("userId") {
                        properties.add("userId", &id);
                    }
                }
                Node::Eof => break,
                _ => {}
            }
        }
    }
    if let Some(bytes) = part_of(archive, relations, "settings", "word/settings.xml")? {
        read_variables(&decode(&bytes), &mut properties, cx)?;
        // The template's path often holds the user's name.
        for relation in Relations::read(archive, "word/settings.xml", cx)?.0.values().filter(|r| r.external) {
            properties.add(&relation.kind, &relation.target);
        }
    }
    for author in &collected.authors {
        properties.add("trackedChangeAuthor", author);
    }
    reading.parts.push(properties.finish(cx.limits)?);
    Ok(())
}

/// Reads the document variables of `settings.xml`.
fn read_variables(settings: &str, properties: &mut Properties, cx: &Context<'_>) -> Result<()> {
    // Few files have any.
    if !settings.contains("docVar") {
        return Ok(());
    }
    let mut xml = Xml::new(settings, cx);
    loop {
        match xml.next()? {
            Node::Start(e) if e.local == "docVar" => {
                let name = e.attr("name").unwrap_or_default();
                properties.add(&name, &e.attr("val").unwrap_or_default());
            }
            Node::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// The parts of what stories left beside their text.
fn side_parts(collected: Collected, limits: &Limits) -> Result<Vec<Part>> {
    let mut boxes = PartBuilder::new("textboxes", PartKind::TextBox, limits);
    for part in collected.text_boxes {
        boxes.append(part);
    }
    let mut parts = vec![boxes.finish()?];
    for (name, kind, lines, block) in [
        ("deleted", PartKind::Deleted, collected.deleted, BlockKind::Paragraph),
        ("alt_text", PartKind::AltText, collected.alternatives, BlockKind::Paragraph),
        ("links", PartKind::Link, collected.links, BlockKind::Property),
    ] {
        let mut builder = PartBuilder::new(name, kind, limits);
        for line in lines {
            builder.line(&line, Shape::of(block));
        }
        parts.push(builder.finish()?);
    }
    Ok(parts)
}
