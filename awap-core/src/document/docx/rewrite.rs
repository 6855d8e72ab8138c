//! A DOCX file written anew: the same formatting, some words in place of others, and nothing of who wrote it beside the
//! text: no properties, no people, no revision numbers, no thumbnail.

use std::borrow::Cow;
use std::io::{Cursor, Write as _};

use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::changes::Changes;
use super::told::{Told, is_told};
use crate::document::archive::Archive;
use crate::document::reader::{Context, damaged};
use crate::document::xml::{decode, entity, unescape};
use crate::{Error, ErrorCode, Result};

/// What a name in the file's own markup becomes.
const SOMEBODY: &str = "Author";

/// Writes the file in `bytes` anew.
///
/// Errors: those of reading an archive; [`DocumentDamaged`](ErrorCode::DocumentDamaged) where a part is no XML.
pub(crate) fn rewrite(bytes: &[u8], changes: &Changes<'_>, cx: &Context<'_>) -> Result<Vec<u8>> {
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

/// Whether a member is XML, by its name.
pub(super) fn is_markup(name: &str) -> bool {
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
        || matches!(folder, "embeddings" | "activex" | "_xmlsignatures" | "documenttasks")
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
            | "attachedSchema"
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

/// Texts that make a line, with the places of their events. What stands for a break has none.
type Line = Vec<(Option<usize>, String)>;

/// A file of markup while it is written anew.
struct Anew<'a, 'c> {
    changes: &'a Changes<'c>,
    events: Vec<Event<'a>>,
    /// Lines by paragraph, with the instructions of fields in it; a paragraph may hold a box with paragraphs of its own.
    paragraphs: Vec<(Line, Line)>,
    deleted: Line,
    /// Open `w:del` and `w:moveFrom`.
    deleting: usize,
    /// The text that has been read since the last tag.
    text: String,
}

impl<'a> Anew<'a, '_> {
    /// Takes the text before a tag: that of the element `ended`, if the tag ends one.
    fn end_text(&mut self, ended: Option<&str>) {
        let text = std::mem::take(&mut self.text);
        let told = ended.and_then(|local| Told::of(local, self.deleting));
        let Some(told) = told else {
            if text.trim().is_empty() {
                self.push(&text);
            } else {
                let text = self.changes.apply(&text);
                self.push(&text);
            }
            return;
        };
        let place = Some(self.events.len());
        self.events.push(Event::Text(BytesText::from_escaped("")));
        if let Some(line) = self.line(told) {
            line.push((place, text));
        }
    }

    fn push(&mut self, text: &str) {
        if !text.is_empty() {
            self.events.push(Event::Text(BytesText::new(text).into_owned()));
        }
    }

    fn line(&mut self, told: Told) -> Option<&mut Line> {
        match told {
            Told::Deleted => Some(&mut self.deleted),
            Told::Shown => self.paragraphs.last_mut().map(|(shown, _)| shown),
            Told::Instruction => self.paragraphs.last_mut().map(|(_, instruction)| instruction),
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().as_ref() {
            "p" => self.paragraphs.push(Default::default()),
            "del" | "moveFrom" => self.deleting += 1,
            local => self.mark(local),
        }
        let mut written = attributes(tag, self.changes);
        // A blank that comes to stand first or last counts only where the markup says so.
        let holds_text = Told::of(tag.local_name().as_ref(), 0).is_some();
        if holds_text && written.name().0.starts_with("w:") && !says_space(tag) {
            written.push_attribute(("xml:space", "preserve"));
        }
        self.events.push(Event::Start(written));
    }

    /// What parts words though it is no text: breaks, tabs, the ends of fields.
    fn mark(&mut self, local: &str) {
        match (local, self.deleting) {
            ("br" | "cr" | "tab" | "ptab", 0) => {
                if let Some(line) = self.line(Told::Shown) {
                    line.push((None, "\n".to_owned()));
                }
            }
            ("br" | "cr" | "tab" | "ptab", _) => self.deleted.push((None, "\n".to_owned())),
            ("fldChar", _) => {
                let line = self.line(Told::Instruction).map(std::mem::take);
                self.write(line.unwrap_or_default());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: BytesEnd<'a>) {
        match tag.local_name().as_ref() {
            "p" if self.paragraphs.len() > 1 => {
                if self.deleting > 0 {
                    self.deleted.push((None, "\n".to_owned()));
                }
                let (shown, instruction) = self.paragraphs.pop().unwrap_or_default();
                self.write(shown);
                self.write(instruction);
            }
            "del" | "moveFrom" => {
                self.deleting = self.deleting.saturating_sub(1);
                if self.deleting == 0 {
                    let line = std::mem::take(&mut self.deleted);
                    self.write(line);
                }
            }
            _ => {}
        }
        self.events.push(Event::End(tag));
    }

    /// Changes a line and puts its texts where they belong.
    fn write(&mut self, line: Line) {
        let (places, mut texts): (Vec<Option<usize>>, Vec<String>) = line.into_iter().unzip();
        self.changes.change(&mut texts);
        for (place, text) in places.into_iter().zip(texts) {
            if let Some(slot) = place.and_then(|place| self.events.get_mut(place)) {
                *slot = Event::Text(BytesText::new(&text).into_owned());
            }
        }
    }

    fn finish(mut self) -> Vec<Event<'a>> {
        self.end_text(None);
        for (shown, instruction) in std::mem::take(&mut self.paragraphs) {
            self.write(shown);
            self.write(instruction);
        }
        let line = std::mem::take(&mut self.deleted);
        self.write(line);
        self.events
    }
}

/// One file of markup, written anew.
fn markup(text: &str, changes: &Changes<'_>, cx: &Context<'_>) -> Result<Vec<u8>> {
    let mut reader = Reader::from_str(text);
    let mut anew = Anew {
        changes,
        events: Vec::new(),
        paragraphs: vec![Default::default()],
        deleted: Line::new(),
        deleting: 0,
        text: String::new(),
    };
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
                anew.end_text(None);
                if is_cut(tag.local_name().as_ref()) {
                    cut = 1;
                } else {
                    anew.start(&tag);
                }
            }
            Event::Empty(tag) => {
                anew.end_text(None);
                if !is_cut(tag.local_name().as_ref()) && !refers_to_dropped(&tag) {
                    anew.mark(tag.local_name().as_ref());
                    anew.events.push(Event::Empty(attributes(&tag, changes)));
                }
            }
            Event::End(tag) => {
                anew.end_text(Some(tag.local_name().as_ref()));
                anew.end(tag);
            }
            Event::Text(piece) => anew.text.push_str(&piece.into_inner()),
            Event::CData(piece) => anew.text.push_str(&piece.into_inner()),
            Event::GeneralRef(reference) => {
                anew.text.push_str(&entity(&reference).unwrap_or(Cow::Borrowed("\u{fffd}")));
            }
            declaration @ Event::Decl(_) => anew.events.push(declaration),
            // Comments and instructions are for programs, and may hold anything.
            Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    let events = anew.finish();
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

/// The tag without revision numbers, with nobody's name in it.
fn attributes(tag: &BytesStart<'_>, changes: &Changes<'_>) -> BytesStart<'static> {
    let mut out = BytesStart::new(tag.name().0.to_owned());
    let element = tag.local_name();
    for attribute in tag.attributes().with_checks(false).flatten() {
        let key = attribute.key.0;
        let local = key.rsplit(':').next().unwrap_or_default();
        // A packed copy of what a shape is and says, which no program needs.
        let is_copy = local == "gfxdata";
        if local.starts_with("rsid") || is_copy || matches!(local, "userId" | "providerId") {
            continue;
        }
        let value = unescape(&attribute.value);
        let value = match local {
            "author" | "initials" | "lastEdited" => SOMEBODY.to_owned(),
            // Markup's own words and numbers stay what they are.
            _ if !is_told(element.as_ref(), local, &value) => value.into_owned(),
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
    use crate::text::Span;
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
            "word/documenttasks/documenttasks1.xml",
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
        let mut changes = Changes::new(&|_| Vec::new());
        changes.line("by Kofi Mensah, as Mensah (2019) says", &[(Span::new(3, 14), "[STUDENT]")]);
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
