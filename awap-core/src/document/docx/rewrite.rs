//! A DOCX file written anew: the same formatting, some words in place of others, and nothing of who wrote it beside the
//! text: no properties, no people, no revision numbers, no thumbnail.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Cursor, Write as _};

use quick_xml::events::{BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::document::archive::Archive;
use crate::document::reader::{Context, damaged};
use crate::document::xml::{decode, entity, unescape};
use crate::text::Span;
use crate::{Error, ErrorCode, Result};

/// What a name in the file's own markup becomes.
const SOMEBODY: &str = "Author";

/// What is to be written in place of what.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// For the letters and digits of a line: what goes, counted in them, and what comes.
    lines: HashMap<String, Vec<(Span, String)>>,
    /// What goes wherever else it stands, the longest first, and what comes.
    literals: Vec<(String, String)>,
}

impl Changes {
    /// Takes note of a line and the edits in it (bytes of the line, sorted, not overlapping).
    pub(crate) fn line(&mut self, line: &str, edits: &[(Span, &str)]) {
        let count = |at: usize| letters(line.get(..at).unwrap_or_default()).count();
        let edits: Vec<(Span, String)> = edits
            .iter()
            .map(|(span, with)| (Span::new(count(span.start), count(span.end)), (*with).to_owned()))
            .filter(|(span, _)| !span.is_empty())
            .collect();
        for (span, with) in &edits {
            let old: String = letters(line).skip(span.start).take(span.len()).collect();
            if old.chars().count() > 1 && !self.literals.iter().any(|(known, _)| *known == old) {
                self.literals.push((old, with.clone()));
            }
        }
        // Two lines of the same words: the one from which more goes decides.
        let known = self.lines.entry(letters(line).collect()).or_default();
        if edits.len() > known.len() {
            *known = edits;
        }
    }

    /// Ends the collection.
    pub(crate) fn finish(&mut self) {
        self.literals.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then(a.cmp(b)));
    }

    /// What goes from `text`, counted in letters and digits.
    fn of(&self, text: &str) -> Vec<(Span, String)> {
        if let Some(edits) = self.lines.get(&letters(text).collect::<String>()) {
            return edits.clone();
        }
        let mut all: Vec<char> = Vec::new();
        // Whether a word begins here; one more than there are letters.
        let mut begins: Vec<bool> = Vec::new();
        let mut inside = false;
        for c in text.chars() {
            if c.is_alphanumeric() {
                all.push(c);
                begins.push(!inside);
            }
            inside = c.is_alphanumeric();
        }
        begins.push(true);
        // A line that was read in another way: whatever was replaced elsewhere goes here, too.
        let mut found: Vec<(Span, String)> = Vec::new();
        for (old, with) in &self.literals {
            let old: Vec<char> = old.chars().collect();
            for at in 0..(all.len() + 1).saturating_sub(old.len()) {
                let span = Span::new(at, at + old.len());
                let whole = begins.get(at) == Some(&true) && begins.get(span.end) == Some(&true);
                if whole
                    && all.get(at..span.end) == Some(&old)
                    && !found.iter().any(|(f, _)| f.overlaps(span))
                {
                    found.push((span, with.clone()));
                }
            }
        }
        found.sort_by_key(|(span, _)| *span);
        found
    }

    /// A text of its own, an attribute's say, changed.
    fn apply(&self, text: &str) -> String {
        let mut texts = vec![text.to_owned()];
        self.change(&mut texts);
        texts.concat()
    }

    /// Changes texts that make one line: what goes over several is put into the first of them.
    fn change(&self, texts: &mut [String]) {
        let edits = self.of(&texts.concat());
        let mut edits = edits.into_iter().peekable();
        let mut count = 0;
        for text in texts {
            let mut out = String::with_capacity(text.len());
            for c in text.chars() {
                let counts = c.is_alphanumeric();
                while edits.next_if(|(span, _)| counts && span.end <= count).is_some() {}
                match edits.peek_mut() {
                    // Marks between the first and the last letter of what goes, go too.
                    Some((span, with))
                        if span.start <= count && (counts || span.start < count) && count < span.end =>
                    {
                        out.push_str(&std::mem::take(with));
                    }
                    _ => out.push(c),
                }
                count += usize::from(counts);
            }
            *text = out;
        }
    }
}

/// Letters and digits: what stays the same however blanks, breaks and hyphens are read.
fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|c| c.is_alphanumeric())
}

/// Writes the file in `bytes` anew.
///
/// Errors: those of reading an archive; [`DocumentDamaged`](ErrorCode::DocumentDamaged) where a part is no XML.
pub(crate) fn rewrite(bytes: &[u8], changes: &Changes, cx: &Context<'_>) -> Result<Vec<u8>> {
    let mut archive = Archive::open(bytes, cx)?;
    if archive.is_salvaged() {
        return Err(damaged("the end of the archive is missing"));
    }
    let names: Vec<String> = archive.names().map(str::to_owned).collect();
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    // The time of writing would say when; the archive's zero says nothing.
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    for name in names.iter().filter(|name| !is_dropped(name) && !name.ends_with('/')) {
        cx.check()?;
        let Some(member) = archive.read(name)? else { continue };
        let member = match name.to_ascii_lowercase().trim_start_matches('/') {
            "docprops/core.xml" => CORE.as_bytes().to_vec(),
            "docprops/app.xml" => APP.as_bytes().to_vec(),
            _ if is_markup(name) => markup(&decode(&member), changes, cx)?,
            _ => member,
        };
        out.start_file(name.as_str(), options).map_err(|_| cannot())?;
        out.write_all(&member).map_err(|_| cannot())?;
    }
    Ok(out.finish().map_err(|_| cannot())?.into_inner())
}

fn is_markup(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| {
        extension.eq_ignore_ascii_case("xml") || extension.eq_ignore_ascii_case("rels")
    })
}

fn cannot() -> Error {
    Error::new(ErrorCode::Internal, "The rewritten document could not be put together.")
}

const CORE: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>"#
);
const APP: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>"#
);

/// Members that go, with whatever refers to them: those that say who and when and are no part of the text, and whatever is
/// neither markup, which is written anew, nor a picture or font that a page needs. Nobody knows what such a file says.
fn is_dropped(name: &str) -> bool {
    let name = name.trim_start_matches('/').to_ascii_lowercase();
    let mut parts = name.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let folder = parts.next().unwrap_or_default();
    !is_markup(&name) && !matches!(folder, "media" | "fonts")
        || name.starts_with("customxml/")
        || matches!(folder, "embeddings" | "activex" | "_xmlsignatures")
        || name == "docprops/custom.xml"
        || ["thumbnail", "people", "vbadata", "commentsids", "commentsextensible"]
            .iter()
            .any(|start| file.starts_with(start))
}

/// Elements that go with all that is in them.
fn is_cut(local: &str) -> bool {
    matches!(
        local,
        "rsids"
            | "rsid"
            | "docVars"
            | "attachedTemplate"
            | "mailMerge"
            | "dataBinding"
            | "proofErr"
            | "alias"
            | "tag"
            | "docId"
            // What shows a member that is dropped.
            | "altChunk"
            | "OLEObject"
            | "control"
            | "externalData"
    )
}

/// Elements whose text a reader sees, or which make such a text.
fn holds_text(local: &str) -> bool {
    matches!(local, "t" | "delText" | "instrText" | "delInstrText")
}

/// One file of markup, written anew.
fn markup(text: &str, changes: &Changes, cx: &Context<'_>) -> Result<Vec<u8>> {
    let mut reader = Reader::from_str(text);
    let mut events: Vec<Event<'_>> = Vec::new();
    // Texts by paragraph, with the places of their events; a paragraph may hold a box with paragraphs of its own.
    let mut paragraphs: Vec<Vec<(usize, String)>> = vec![Vec::new()];
    let mut open_text: Option<String> = None;
    let mut cut = 0usize;
    loop {
        cx.tick()?;
        let event = reader.read_event().map_err(|_| damaged("a part of it is no XML"))?;
        if cut > 0 {
            match &event {
                Event::Start(_) => cut += 1,
                Event::End(_) => cut -= 1,
                Event::Eof => return Err(damaged("a part of it breaks off")),
                _ => {}
            }
            continue;
        }
        match event {
            Event::Eof => break,
            Event::Start(tag) => {
                let local = tag.local_name().as_ref().to_owned();
                if is_cut(&local) {
                    cut = 1;
                    continue;
                }
                if local == "p" {
                    paragraphs.push(Vec::new());
                }
                if holds_text(&local) {
                    open_text = Some(String::new());
                }
                let mut written = attributes(&tag, changes);
                // A blank that comes to stand first or last counts only where the markup says so.
                if holds_text(&local) && written.name().0.starts_with("w:") && !says_space(&tag) {
                    written.push_attribute(("xml:space", "preserve"));
                }
                events.push(Event::Start(written));
            }
            Event::Empty(tag) => {
                if !is_cut(tag.local_name().as_ref()) && !refers_to_dropped(&tag) {
                    events.push(Event::Empty(attributes(&tag, changes)));
                }
            }
            Event::End(tag) => {
                if let Some(text) = open_text.take() {
                    if let Some(paragraph) = paragraphs.last_mut() {
                        paragraph.push((events.len(), text));
                    }
                    events.push(Event::Text(BytesText::from_escaped("")));
                } else if tag.local_name().as_ref() == "p" && paragraphs.len() > 1 {
                    write_paragraph(paragraphs.pop().unwrap_or_default(), &mut events, changes);
                }
                events.push(Event::End(tag));
            }
            Event::Text(piece) => match &mut open_text {
                Some(text) => text.push_str(&piece.into_inner()),
                None => events.push(loose(&piece.into_inner(), changes)),
            },
            Event::CData(piece) => match &mut open_text {
                Some(text) => text.push_str(&piece.into_inner()),
                None => events.push(loose(&piece.into_inner(), changes)),
            },
            Event::GeneralRef(reference) => {
                let read = entity(&reference).unwrap_or(Cow::Borrowed("\u{fffd}"));
                match &mut open_text {
                    Some(text) => text.push_str(&read),
                    None => events.push(loose(&read, changes)),
                }
            }
            declaration @ Event::Decl(_) => events.push(declaration),
            // Comments and instructions are for programs, and may hold anything.
            Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    for paragraph in paragraphs.into_iter().rev() {
        write_paragraph(paragraph, &mut events, changes);
    }
    let mut writer = Writer::new(Vec::with_capacity(text.len()));
    for event in events {
        writer.write_event(event).map_err(|_| cannot())?;
    }
    let mut out = writer.into_inner();
    if let Some(rest) = text.strip_prefix("<?xml")
        && !rest.split("?>").next().unwrap_or_default().to_ascii_lowercase().contains("utf-8")
        && let Some(end) = memchr::memmem::find(&out, b"?>")
    {
        // It was read from whatever it was in, and is UTF-8 now.
        out.splice(..end + 2, *br#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#);
    }
    Ok(out)
}

fn loose(text: &str, changes: &Changes) -> Event<'static> {
    let text = if text.trim().is_empty() { text.to_owned() } else { changes.apply(text) };
    Event::Text(BytesText::new(&text).into_owned())
}

fn write_paragraph(paragraph: Vec<(usize, String)>, events: &mut [Event<'_>], changes: &Changes) {
    let (places, mut texts): (Vec<usize>, Vec<String>) = paragraph.into_iter().unzip();
    changes.change(&mut texts);
    for (place, text) in places.into_iter().zip(texts) {
        if let Some(slot) = events.get_mut(place) {
            *slot = Event::Text(BytesText::new(&text).into_owned());
        }
    }
}

/// A relationship or a content type of a member that is dropped.
fn refers_to_dropped(tag: &BytesStart<'_>) -> bool {
    let local = tag.local_name();
    if !matches!(local.as_ref(), "Relationship" | "Override") {
        return false;
    }
    let attributes: Vec<_> = tag.attributes().with_checks(false).flatten().collect();
    // An address outside the file is no member of it.
    let external = attributes
        .iter()
        .any(|attribute| attribute.key.0 == "TargetMode" && attribute.value.eq_ignore_ascii_case("external"));
    attributes.iter().any(|attribute| {
        let key = attribute.key.0;
        let value = attribute.value.trim_start_matches("../").trim_start_matches('/');
        matches!(key, "Target" | "PartName") && !external && is_dropped(value)
            || key == "Type" && (value.ends_with("/thumbnail") || value.ends_with("/attachedTemplate"))
    })
}

fn says_space(tag: &BytesStart<'_>) -> bool {
    tag.attributes().with_checks(false).flatten().any(|attribute| attribute.key.0 == "xml:space")
}

/// Attributes that hold a text, an address or a name that somebody gave.
fn is_told(local: &str) -> bool {
    matches!(local, "descr" | "title" | "alt" | "tooltip" | "name" | "anchor" | "Target" | "href" | "instr")
}

/// The tag without revision numbers, with nobody's name in it.
fn attributes(tag: &BytesStart<'_>, changes: &Changes) -> BytesStart<'static> {
    let mut out = BytesStart::new(tag.name().0.to_owned());
    for attribute in tag.attributes().with_checks(false).flatten() {
        let key = attribute.key.0;
        let local = key.rsplit(':').next().unwrap_or_default();
        if local.starts_with("rsid") || matches!(local, "userId" | "providerId") {
            continue;
        }
        let value = unescape(&attribute.value);
        let value = match local {
            "author" | "initials" | "lastEdited" => SOMEBODY.to_owned(),
            // Markup's own words and numbers stay what they are.
            _ if !is_told(local) => value.into_owned(),
            _ => match changes.apply(&value) {
                told if told != value && matches!(local, "Target" | "href") => "about:blank".to_owned(),
                told => told,
            },
        };
        out.push_attribute((key, value.as_str()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deadline, Limits};

    #[test]
    fn what_is_neither_text_nor_seen_goes_with_what_refers_to_it() {
        for name in [
            "word/embeddings/Sheet1.xlsx",
            "embeddings/Sheet1.xlsx",
            "package/services/metadata/core-properties/1.psmdcp",
            "word/activeX/activeX1.xml",
            "word/vbaProject.bin",
            "word/afchunk.docx",
            "customXml/item1.xml",
            "docProps/thumbnail.jpeg",
            "word/people.xml",
        ] {
            assert!(is_dropped(name), "{name}");
        }
        for name in [
            "[Content_Types].xml",
            "_rels/.rels",
            "word/document.xml",
            "Word/Document.XML",
            "media/image1.png",
            "word/fonts/font1.odttf",
        ] {
            assert!(!is_dropped(name), "{name}");
        }
        let tag = |text| BytesStart::from_content(text, "Relationship".len());
        assert!(refers_to_dropped(&tag(r#"Relationship Id="a" Target="embeddings/Sheet1.xlsx""#)));
        assert!(!refers_to_dropped(&tag(r#"Relationship Id="a" Target="media/image1.png""#)));
        assert!(!refers_to_dropped(&tag(
            r#"Relationship Id="a" Target="https://example.org/a.pdf" TargetMode="External""#
        )));
    }

    #[test]
    fn a_name_over_several_runs_goes_to_the_first() {
        let mut changes = Changes::default();
        changes.line("by Kofi Mensah, as Mensah (2019) says", &[(Span::new(3, 14), "[STUDENT]")]);
        changes.finish();
        let (limits, deadline) = (Limits::default(), Deadline::never());
        let cx = Context::new(&limits, &deadline);
        let xml = concat!(
            r#"<?xml version="1.0"?><w:p w:rsidR="00A1"><w:r><w:t>by Ko</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">fi </w:t></w:r>"#,
            r#"<w:ins w:author="Kofi Mensah"><w:r><w:t>Mensah, as Mensah (2019) says</w:t></w:r></w:ins></w:p><w:p><w:r><w:t>Kofi &amp; Mensah</w:t></w:r></w:p>"#,
        );
        let out = String::from_utf8(markup(xml, &changes, &cx).unwrap()).unwrap();
        assert!(out.contains(">by [STUDENT]</w:t>"), "{out}");
        assert!(out.contains(r#"<w:rPr><w:b/></w:rPr><w:t xml:space="preserve"></w:t>"#), "{out}");
        assert!(out.contains(">, as Mensah (2019) says</w:t>"), "{out}");
        assert!(out.contains(r#"<w:ins w:author="Author">"#) && !out.contains("rsid"), "{out}");
        // A line that was never read: its name goes, too.
        assert!(out.contains(r#"<w:p><w:r><w:t xml:space="preserve">[STUDENT]</w:t>"#), "{out}");
    }
}
