//! Small files of every format, and what was read of them in a form that is easy to compare.

use std::io::{Cursor, Write as _};

use awap_core::document::{BlockKind, Document, read_bytes};
use awap_core::{Deadline, Limits, Result};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(crate) fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An archive with one more member.
pub(crate) fn with_member(archive: &[u8], name: &str, content: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new_append(Cursor::new(archive.to_vec())).unwrap();
    writer.start_file(name, SimpleFileOptions::default()).unwrap();
    writer.write_all(content.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

const WORD: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A DOCX with this body and these further parts, each with the last word of its relationship's type.
pub(crate) fn docx(body: &str, parts: &[(&str, &str, &str)]) -> Vec<u8> {
    docx_in(WORD, RELATIONS, body, parts)
}

pub(crate) fn strict_docx(body: &str) -> Vec<u8> {
    docx_in(
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
        "http://purl.oclc.org/ooxml/officeDocument/relationships",
        body,
        &[],
    )
}

fn docx_in(word: &str, relations: &str, body: &str, parts: &[(&str, &str, &str)]) -> Vec<u8> {
    let open = format!(
        "xmlns:w=\"{word}\" xmlns:r=\"{relations}\" \
         xmlns:m=\"http://schemas.openxmlformats.org/officeDocument/2006/math\" \
         xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\" \
         xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" \
         xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\" \
         xmlns:v=\"urn:schemas-microsoft-com:vml\" \
         xmlns:wps=\"http://schemas.microsoft.com/office/word/2010/wordprocessingShape\""
    );
    let package = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"{relations}/officeDocument\" Target=\"word/main.xml\"/>\
         <Relationship Id=\"r2\" Type=\"http://x/core-properties\" Target=\"docProps/core.xml\"/></Relationships>"
    );
    let mut own = String::from("<Relationships>");
    let mut members = vec![
        ("_rels/.rels".to_owned(), package),
        ("word/main.xml".to_owned(), format!("<w:document {open}><w:body>{body}</w:body></w:document>")),
    ];
    for (index, (kind, name, content)) in parts.iter().enumerate() {
        if *kind == "external" {
            own.push_str(&format!(
                "<Relationship Id=\"{name}\" Type=\"{relations}/hyperlink\" Target=\"{content}\" TargetMode=\"External\"/>"
            ));
        } else if *kind == "package" {
            members.push(((*name).to_owned(), (*content).to_owned()));
        } else {
            own.push_str(&format!(
                "<Relationship Id=\"p{index}\" Type=\"{relations}/{kind}\" Target=\"{name}\"/>"
            ));
            let root = content
                .split_once('>')
                .map_or_else(String::new, |(root, rest)| format!("{root} {open}>{rest}"));
            members.push((format!("word/{name}"), root));
        }
    }
    own.push_str("</Relationships>");
    members.push(("word/_rels/main.xml.rels".to_owned(), own));
    let members: Vec<(&str, &str)> =
        members.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
    zip(&members)
}

/// An ODT with this text, these automatic styles, and this `styles.xml` content.
pub(crate) fn odt(text: &str, automatic: &str, styles: &str) -> Vec<u8> {
    let ns = |name: &str| format!("xmlns:{name}=\"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0\"");
    let open = format!(
        "{} {} {} {} xmlns:draw=\"urn:oasis:names:tc:opendocument:xmlns:drawing:1.0\" \
         xmlns:fo=\"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0\" \
         xmlns:svg=\"urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0\" \
         xmlns:xlink=\"http://www.w3.org/1999/xlink\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"",
        ns("office"),
        ns("text"),
        ns("table"),
        ns("style")
    );
    zip(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        (
            "content.xml",
            &format!(
                "<office:document-content {open}><office:automatic-styles>{automatic}</office:automatic-styles>\
                 <office:body><office:text>{text}</office:text></office:body></office:document-content>"
            ),
        ),
        ("styles.xml", &format!("<office:document-styles {open}>{styles}</office:document-styles>")),
        ("meta.xml", "<m xmlns:dc='x'><dc:creator>A. Writer</dc:creator></m>"),
    ])
}

/// A PDF whose pages have these content streams, in Helvetica (`F1`), Helvetica-Bold (`F2`) and Courier (`F3`).
pub(crate) fn pdf(pages: &[&str]) -> Vec<u8> {
    let font = |name: &str| format!("<</Type/Font/Subtype/Type1/BaseFont/{name}/Encoding/WinAnsiEncoding>>");
    let kids: Vec<String> = (0..pages.len()).map(|i| format!("{} 0 R", 7 + i * 2)).collect();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!(
            "<</Type/Pages/Count {}/Kids[{}]/MediaBox[0 0 600 800]/Resources 3 0 R>>",
            pages.len(),
            kids.join(" ")
        ),
        "<</Font<</F1 4 0 R/F2 5 0 R/F3 6 0 R>>>>".to_owned(),
        font("Helvetica"),
        font("Helvetica-Bold"),
        font("Courier"),
    ];
    for (index, content) in pages.iter().enumerate() {
        objects.push(format!("<</Type/Page/Parent 2 0 R/Contents {} 0 R>>", 8 + index * 2));
        objects.push(format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()));
    }
    pdf_of(&objects)
}

/// A line of text at a place, in a font and size.
pub(crate) fn text(font: &str, size: u32, x: u32, y: u32, text: &str) -> String {
    format!("BT /{font} {size} Tf {x} {y} Td ({text}) Tj ET\n")
}

pub(crate) fn read_with(bytes: &[u8], name: &str, limits: &Limits) -> Result<Document> {
    read_bytes(bytes, Some(name), None, "content.attachments[0]", limits, &Deadline::never())
}

pub(crate) fn read(bytes: &[u8], name: &str) -> Document {
    let document = read_with(bytes, name, &Limits::default()).unwrap();
    document.check().unwrap();
    document
}

/// The text of a part; empty where there is none.
pub(crate) fn part<'d>(document: &'d Document, name: &str) -> &'d str {
    document.parts.iter().find(|part| part.name == name).map_or("", |part| part.text.as_str())
}

/// Kind, label and text of the blocks of a part.
pub(crate) fn blocks<'d>(document: &'d Document, name: &str) -> Vec<(BlockKind, &'d str, &'d str)> {
    let Some(part) = document.parts.iter().find(|part| part.name == name) else { return Vec::new() };
    part.blocks
        .iter()
        .map(|block| (block.kind, block.label.as_deref().unwrap_or(""), &part.text[block.start..block.end]))
        .collect()
}

/// A PDF of these objects, the first of which is the catalogue.
pub(crate) fn pdf_of(objects: &[String]) -> Vec<u8> {
    crate::made::pdf(objects, "")
}
