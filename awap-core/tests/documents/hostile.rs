//! The hostile set: files made here to exhaust or mislead a reader, and real ones cut off at every kilobyte, each read on the
//! stack of a dirty scheduler, each with the answer it must get.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use awap_core::document::Document;
use awap_core::{Deadline, Error, ErrorCode, Limits, Result};
use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::make::{docx, odt, pdf, pdf_of, read_with, zip};

/// A dirty scheduler's stack, on which a NIF may run.
const STACK: usize = 320 << 10;

/// What must come of a hostile file.
enum Answer {
    /// A document, be it one of which little is left.
    Document,
    /// An error of this code.
    Code(ErrorCode),
    /// The error of this limit.
    Limit(&'static str),
}
use Answer::{Code, Document as Reads, Limit};

type Case = (&'static str, &'static str, Vec<u8>, Answer);

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.expanded_bytes = 4 << 20;
    limits.text_bytes = 2 << 20;
    limits.archive_members = 1_000;
    limits
}

fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap()
}

/// Reads it on a small stack, twice: the same both times, and what is read holds together.
fn read_small(name: &str, bytes: Vec<u8>) -> Result<Document> {
    let name = name.to_owned();
    on_a_small_stack(move || {
        let first = read_with(&bytes, &name, &limits());
        assert_eq!(first, read_with(&bytes, &name, &limits()), "{name}: not the same twice");
        if let Ok(document) = &first {
            document.check().unwrap();
        }
        first
    })
}

fn judge((what, name, bytes, answer): Case) -> Option<String> {
    let got = read_small(name, bytes);
    let said = |error: &Error| format!("{} {:?}", error.code(), error.details());
    let fits = match (&answer, &got) {
        (Reads, Ok(_)) => true,
        (Code(code), Err(error)) => error.code() == *code,
        (Limit(limit), Err(error)) => {
            error.code() == ErrorCode::LimitExceeded && error.details()["limit"].as_str() == Some(limit)
        }
        _ => false,
    };
    (!fits).then(|| format!("{name}, {what}: {}", got.map_or_else(|e| said(&e), |_| "a document".to_owned())))
}

fn all(cases: Vec<Case>) {
    let wrong: Vec<String> = cases.into_iter().filter_map(judge).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const P: &str = "<w:p><w:r><w:t>text</w:t></w:r></w:p>";

#[test]
fn hostile_word_files_get_their_answer() {
    let cyclic_styles = "<w:styles><w:style w:type=\"paragraph\" w:styleId=\"A\"><w:basedOn w:val=\"B\"/></w:style>\
        <w:style w:type=\"paragraph\" w:styleId=\"B\"><w:basedOn w:val=\"A\"/><w:link w:val=\"A\"/></w:style></w:styles>";
    let cyclic_lists = "<w:numbering><w:abstractNum w:abstractNumId=\"0\"><w:numStyleLink w:val=\"A\"/></w:abstractNum>\
        <w:abstractNum w:abstractNumId=\"1\"><w:styleLink w:val=\"A\"/><w:numStyleLink w:val=\"A\"/></w:abstractNum>\
        <w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>";
    let in_list = "<w:p><w:pPr><w:pStyle w:val=\"A\"/><w:numPr><w:ilvl w:val=\"99999999999\"/><w:numId w:val=\"1\"/></w:numPr></w:pPr></w:p>";
    let laughs = (1..12)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect::<String>();
    let laughs =
        format!("<!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]><w:p><w:r><w:t>&l11;</w:t></w:r></w:p>{P}");
    let many: Vec<(String, &str)> = (0..1_001).map(|n| (format!("m{n}"), "")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    let spans =
        "<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val=\"4294967295\"/></w:tcPr></w:tc><w:tc/></w:tr></w:tbl>"
            .repeat(50);
    let lists = format!(
        "<w:numbering><w:abstractNum w:abstractNumId=\"0\"><w:lvl w:ilvl=\"0\"><w:start w:val=\"2147483647\"/>\
         <w:numFmt w:val=\"upperRoman\"/><w:lvlText w:val=\"{}\"/></w:lvl></w:abstractNum><w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>",
        "%1".repeat(500)
    );
    let numbered = "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p>".repeat(200);
    let own_target = zip(&[(
        "_rels/.rels",
        "<Relationships><Relationship Id=\"r\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"../../../_rels/.rels\"/></Relationships>",
    )]);
    let whole = docx(P, &[]);
    all(vec![
        (
            "an archive that expands beyond measure",
            "a.docx",
            docx(&" ".repeat(5 << 20), &[]),
            Limit("expanded_bytes"),
        ),
        (
            "a bomb in a part of its own",
            "a.docx",
            docx(P, &[("footnotes", "f.xml", &format!("<w:footnotes>{}", " ".repeat(5 << 20)))]),
            Limit("expanded_bytes"),
        ),
        ("more members than allowed", "a.docx", zip(&many), Limit("archive_members")),
        ("tables within tables", "a.docx", docx(&"<w:tbl><w:tr><w:tc>".repeat(2_000), &[]), Limit("depth")),
        (
            "controls within controls",
            "a.docx",
            docx(&"<w:sdt><w:sdtContent>".repeat(50_000), &[]),
            Limit("depth"),
        ),
        (
            "fractions within fractions",
            "a.docx",
            docx(&["<w:p><m:oMath>", &"<m:f><m:num>".repeat(20_000)].concat(), &[]),
            Limit("depth"),
        ),
        (
            "fields that never end",
            "a.docx",
            docx(&["<w:p>", &"<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r>".repeat(20_000)].concat(), &[]),
            Reads,
        ),
        (
            "styles based on each other",
            "a.docx",
            docx(in_list, &[("styles", "styles.xml", cyclic_styles)]),
            Reads,
        ),
        (
            "lists that refer to each other",
            "a.docx",
            docx(in_list, &[("numbering", "n.xml", cyclic_lists)]),
            Reads,
        ),
        ("numbers of many letters", "a.docx", docx(&numbered, &[("numbering", "n.xml", &lists)]), Reads),
        ("cells that span everything", "a.docx", docx(&spans, &[]), Reads),
        ("entities of entities", "a.docx", docx(&laughs, &[]), Reads),
        ("the document is its own list of parts", "a.docx", own_target, Code(ErrorCode::UnsupportedFormat)),
        ("no main part", "a.docx", zip(&[("word/styles.xml", "<x/>")]), Code(ErrorCode::DocumentDamaged)),
        ("a header and nothing more", "a.docx", b"PK\x03\x04".to_vec(), Code(ErrorCode::DocumentDamaged)),
        ("half an archive, twice", "a.docx", whole[..whole.len() / 2].repeat(2), Reads),
    ]);
}

#[test]
fn hostile_odt_files_get_their_answer() {
    let cyclic = "<style:style style:name=\"A\" style:parent-style-name=\"B\"/><style:style style:name=\"B\" style:parent-style-name=\"A\"/>";
    all(vec![
        ("an archive that expands beyond measure", "a.odt", odt(&" ".repeat(5 << 20), "", ""), Limit("expanded_bytes")),
        ("lists within lists", "a.odt", odt(&"<text:list><text:list-item>".repeat(5_000), "", ""), Limit("depth")),
        ("styles based on each other", "a.odt", odt("<text:p text:style-name=\"A\">x</text:p>", cyclic, ""), Reads),
        ("spaces without end", "a.odt", odt(&"<text:p><text:s text:c=\"4294967295\"/>x</text:p>".repeat(300), "", ""), Reads),
        (
            "cells repeated without end",
            "a.odt",
            odt(&"<table:table><table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell table:number-columns-repeated=\"1073741824\"><text:p>x</text:p></table:table-cell></table:table-row></table:table>".repeat(20), "", ""),
            Reads,
        ),
        ("no content", "a.odt", zip(&[("mimetype", "application/vnd.oasis.opendocument.text")]), Code(ErrorCode::DocumentDamaged)),
    ]);
}

/// A PDF with one page, whose objects from the fourth on are these; the page has `entries`.
fn page_with(entries: &str, objects: &[String]) -> Vec<u8> {
    let mut all = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]{entries}>>"),
    ];
    all.extend_from_slice(objects);
    pdf_of(&all)
}

fn stream(entries: &str, content: &str) -> String {
    format!("<<{entries}/Length {}>>\nstream\n{content}\nendstream", content.len())
}

/// A PDF whose page's content unpacks to many times its size.
fn flate_bomb() -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![b' '; 64 << 20]).unwrap();
    let packed = packed.finish().unwrap();
    let mut out = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n\
        3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>endobj\n"
        .to_vec();
    out.extend(format!("4 0 obj<</Filter/FlateDecode/Length {}>>\nstream\n", packed.len()).bytes());
    out.extend(packed);
    out.extend(b"\nendstream endobj\ntrailer<</Root 1 0 R/Size 5>>\n%%EOF");
    out
}

#[test]
fn hostile_pdf_files_get_their_answer() {
    let tree = |kids: &str| {
        pdf_of(&["<</Type/Catalog/Pages 2 0 R>>".to_owned(), format!("<</Type/Pages/Count 1/Kids[{kids}]>>")])
    };
    let deep_tree: Vec<String> = std::iter::once("<</Type/Catalog/Pages 2 0 R>>".to_owned())
        .chain((0..20_000).map(|n| format!("<</Type/Pages/Count 1/Kids[{} 0 R]>>", n + 3)))
        .chain(["<</Type/Page/MediaBox[0 0 600 800]>>".to_owned()])
        .collect();
    let font = "/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R";
    let shown = stream("", "BT /F1 12 Tf 50 700 Td (abc) Tj ET");
    let range = stream(
        "",
        "1 begincodespacerange <00> <ffffffff> endcodespacerange 1 beginbfrange <00000000> <ffffffff> <0041> endbfrange",
    );
    let form = stream("/Type/XObject/Subtype/Form/Resources<</XObject<</X 5 0 R>>>>", "/X Do /X Do /X Do");
    let mut previous = pdf(&["BT ET"]);
    let end = previous.len();
    previous.extend(
        format!("xref\n0 0\ntrailer<</Size 9/Root 1 0 R/Prev {end}>>\nstartxref\n{end}\n%%EOF").bytes(),
    );
    all(vec![
        ("a page tree that is its own branch", "a.pdf", tree("2 0 R 2 0 R"), Code(ErrorCode::DocumentDamaged)),
        ("a page tree of twenty thousand levels", "a.pdf", pdf_of(&deep_tree), Reads),
        ("objects that refer to each other", "a.pdf", page_with("/Contents 4 0 R", &["5 0 R".to_owned(), "4 0 R".to_owned()]), Reads),
        ("a stream as long as it says it is", "a.pdf", page_with("/Contents 4 0 R", &["<</Length 4 0 R>>\nstream\nBT ET\nendstream".to_owned()]), Reads),
        ("a stream that unpacks beyond measure", "a.pdf", flate_bomb(), Limit("expanded_bytes")),
        ("a form that draws itself", "a.pdf", page_with("/Resources<</XObject<</X 5 0 R>>>>/Contents 4 0 R", &[stream("", "/X Do"), form]), Reads),
        ("a font whose encoding is itself", "a.pdf", page_with(font, &[shown.clone(), "<</Type/Font/Subtype/Type0/Encoding 5 0 R/DescendantFonts[5 0 R]/ToUnicode 5 0 R>>".to_owned()]), Reads),
        ("a table of four thousand million characters", "a.pdf", page_with(font, &[shown.clone(), "<</Type/Font/Subtype/Type1/BaseFont/A/ToUnicode 6 0 R>>".to_owned(), range]), Reads),
        ("widths for every code there is", "a.pdf", page_with(font, &[shown, "<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2/W[0 2147483647 500]>>]>>".to_owned()]), Reads),
        ("lists within lists in an object", "a.pdf", page_with("/Contents 4 0 R", &["[".repeat(100_000)]), Reads),
        ("lists within lists in a page", "a.pdf", pdf(&[&["q ".repeat(50_000), "[".repeat(50_000), "<<".repeat(50_000)].concat()]), Reads),
        ("an older version that is itself", "a.pdf", previous, Reads),
        ("no objects", "a.pdf", b"%PDF-1.7\n%%EOF".to_vec(), Code(ErrorCode::DocumentDamaged)),
        ("numbers that no number holds", "a.pdf", pdf(&["BT /F1 1e99 Tf 99999999999999999999 -99999999999999999999 Td (a) Tj 1e38 1e38 1e38 1e38 1e38 1e38 cm (b) Tj ET"]), Reads),
    ]);
}

#[test]
fn hostile_texts_get_their_answer() {
    let html = |body: &str| ["<!doctype html>", body].concat().into_bytes();
    let rtf = |body: &str| ["{\\rtf1 ", body].concat().into_bytes();
    all(vec![
        ("groups within groups", "a.rtf", rtf(&"{".repeat(100_000)), Limit("depth")),
        ("groups that close too often", "a.rtf", rtf(&["a", &"}".repeat(100_000), "b"].concat()), Reads),
        ("bytes that it does not have", "a.rtf", rtf("a\\bin2147483647 b"), Reads),
        (
            "numbers that no number holds",
            "a.rtf",
            rtf("\\u99999999999999 \\uc999999999 \\u-99999 \\'zz \\fs99999999999 x"),
            Reads,
        ),
        ("cells without rows", "a.rtf", rtf(&"\\trowd\\cell".repeat(20_000)), Reads),
        ("tables within tables", "a.html", html(&"<table><tr><td>".repeat(50_000)), Reads),
        (
            "cells that span everything",
            "a.html",
            html(&"<table><tr><td colspan=4294967295 rowspan=4294967295>x<td>y</table>".repeat(50)),
            Reads,
        ),
        ("a comment that never ends", "a.html", html(&["<p>a<!--", &"<!--".repeat(50_000)].concat()), Reads),
        ("tags that never end", "a.html", html(&"<a href='".repeat(50_000)), Reads),
        ("entities that never end", "a.html", html(&"&amp".repeat(100_000)), Reads),
        ("quotes within quotes", "a.md", "> ".repeat(50_000).into_bytes(), Reads),
        ("brackets without end", "a.md", "[".repeat(50_000).into_bytes(), Reads),
        (
            "links to one place",
            "a.md",
            ["[a]: b\n\n".to_owned(), "[a][a]".repeat(20_000)].concat().into_bytes(),
            Reads,
        ),
        ("emphasis without end", "a.md", "*a_ ".repeat(30_000).into_bytes(), Reads),
        (
            "a table of many columns",
            "a.md",
            [&"|a".repeat(3_000), "\n", &"|-".repeat(3_000), "\n", &"|b\n".repeat(200)].concat().into_bytes(),
            Reads,
        ),
        ("one line", "a.txt", "word ".repeat(200_000).into_bytes(), Reads),
        ("empty lines", "a.txt", "\n".repeat(500_000).into_bytes(), Reads),
        ("more text than allowed", "a.txt", "word ".repeat(500_000).into_bytes(), Limit("text_bytes")),
        ("half a character", "a.txt", b"\xff\xfea\0b\0\x00\xd8c".to_vec(), Reads),
        ("no text", "a.txt", vec![0; 5_000], Code(ErrorCode::UnsupportedFormat)),
    ]);
}

fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let (mut folders, mut files) = (vec![root], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|e| ["docx", "odt", "pdf", "rtf", "html", "md", "txt"].iter().any(|f| e == *f))
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[test]
fn fixtures_cut_off_at_every_kilobyte_get_an_answer() {
    let files = fixtures();
    assert!(files.len() > 60, "only {} fixtures", files.len());
    on_a_small_stack(move || {
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            let name = file.to_string_lossy();
            for end in (0..bytes.len()).step_by(1024).chain([bytes.len()]) {
                match read_with(&bytes[..end], &name, &Limits::default()) {
                    Ok(document) => document.check().unwrap(),
                    Err(error) => {
                        let codes = [ErrorCode::DocumentDamaged, ErrorCode::UnsupportedFormat];
                        assert!(
                            codes.contains(&error.code()) && end < bytes.len(),
                            "{name} to {end}: {error}"
                        );
                    }
                }
            }
        }
    });
}

#[test]
fn the_same_document_over_threads() {
    let files: Vec<PathBuf> = fixtures().into_iter().step_by(9).collect();
    let read_all = move || -> Vec<Result<Document>> {
        let read = |file: &PathBuf| {
            let name = file.to_string_lossy();
            awap_core::document::read_bytes(
                &std::fs::read(file).unwrap(),
                Some(&name),
                None,
                "x",
                &Limits::default(),
                &Deadline::never(),
            )
        };
        files.iter().map(read).collect()
    };
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(read_all.clone())).collect();
    let here = read_all();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), here);
    }
}
