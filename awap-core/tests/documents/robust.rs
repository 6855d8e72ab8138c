//! Broken input of every format: never a panic, never a document that does not hold together, always the same answer.

use std::sync::LazyLock;

use awap_core::document::from_text;
use awap_core::{Deadline, ErrorCode, Limits};
use proptest::prelude::*;

use super::make::{docx, odt, pdf, read_with, text};

static SEEDS: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let docx = docx(
        "<w:p><w:pPr><w:pStyle w:val=\"H\"/></w:pPr><w:r><w:t>Head é</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p>\
         <w:tbl><w:tr><w:tc/><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>\
         <w:p><w:del><w:r><w:delText>x</w:delText></w:r></w:del><m:oMath><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e></m:sSup></m:oMath></w:p>",
        &[(
            "footnotes",
            "footnotes.xml",
            "<w:footnotes><w:footnote><w:p><w:r><w:t>n</w:t></w:r></w:p></w:footnote></w:footnotes>",
        )],
    );
    let odt = odt(
        "<text:list text:style-name=\"L\"><text:list-item><text:p>one<text:note><text:note-body><text:p>n</text:p></text:note-body></text:note>\
         </text:p></text:list-item></text:list><table:table><table:table-row><table:table-cell><text:p>é</text:p></table:table-cell>\
         </table:table-row></table:table>",
        "<text:list-style style:name=\"L\"><text:list-level-style-number text:level=\"1\" style:num-format=\"1\"/></text:list-style>",
        "",
    );
    let page = text("F2", 14, 50, 700, "Head")
        + &text("F1", 12, 50, 650, "Some text")
        + "50 600 m 90 600 l S q 1 0 0 1 5 5 cm Q";
    vec![
        ("a.docx", docx),
        ("a.odt", odt),
        ("a.pdf", pdf(&[&page, &page])),
        ("a.rtf", br"{\rtf1{\fonttbl{\f0 A;}}\pard\trowd\intbl a\cell b\cell\row\pard{\footnote n}\u233?{\field{\*\fldinst X}}\par}".to_vec()),
        ("a.md", "# é\n\n1. a\n   > q\n\n| a |\n|---|\n| b |\n\n[^1]: n\n\n```\nx\n```\n**b**".as_bytes().to_vec()),
        ("a.html", b"<!doctype html><h1>a<table><tr><td>x<table><td>y</table><pre>z</pre><ul><li>b&eacute;<a href='x'>".to_vec()),
        ("a.txt", "Q1 (a)\n======\n\n- a\n- b\n\n\tx = 1;\n\na\tb\nc\td\n\n1. Tête\n\n> q".as_bytes().to_vec()),
    ]
});

fn small_limits() -> Limits {
    let mut limits = Limits::default();
    limits.expanded_bytes = 4 << 20;
    limits.text_bytes = 1 << 20;
    limits
}

/// Reads, checks what was read, and that it is the same when read again.
fn holds(bytes: &[u8], name: &str) {
    let read = || read_with(bytes, name, &small_limits());
    let first = read();
    match &first {
        Ok(document) => document.check().unwrap(),
        Err(error) => assert_ne!(error.code(), ErrorCode::Internal, "{error}"),
    }
    assert_eq!(first, read());
}

#[test]
fn truncated_anywhere() {
    for (name, bytes) in SEEDS.iter() {
        for end in (0..bytes.len()).step_by(7) {
            holds(&bytes[..end], name);
        }
    }
}

#[test]
fn a_deadline_that_has_passed_ends_the_work() {
    for (name, bytes) in SEEDS.iter() {
        let deadline = Deadline::never();
        deadline.cancel();
        let error =
            awap_core::document::read_bytes(bytes, Some(name), None, "x", &Limits::default(), &deadline)
                .unwrap_err();
        assert_eq!(error.code(), ErrorCode::Timeout, "{name}");
    }
}

#[test]
fn deep_nesting_needs_no_stack() {
    let deep: [(&str, Vec<u8>); 6] = [
        ("a.md", "> ".repeat(20_000).into_bytes()),
        ("b.md", "* a\n".repeat(5_000).into_bytes()),
        ("a.html", ["<!doctype html>", &"<div><ul><li><table><tr><td>".repeat(20_000)].concat().into_bytes()),
        ("a.rtf", ["{\\rtf1 ", &"{".repeat(100_000)].concat().into_bytes()),
        ("a.docx", docx(&"<w:sdt><w:sdtContent>".repeat(50_000), &[])),
        ("a.pdf", pdf(&[&["q ".repeat(50_000), "[".repeat(50_000), "<<".repeat(50_000)].concat()])),
    ];
    std::thread::Builder::new()
        .stack_size(320 << 10)
        .spawn(move || deep.iter().for_each(|(name, bytes)| holds(bytes, name)))
        .unwrap()
        .join()
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn mutated_files(seed in 0..7_usize, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let (name, bytes) = &SEEDS[seed];
        let mut bytes = bytes.clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        holds(&bytes, name);
    }

    #[test]
    fn mutated_members(xml in "(<(/?)(w:(p|r|t|tbl|tr|tc|del|ins|sdt|hyperlink|txbxContent|pict)|m:(oMath|f|num|e)|mc:(AlternateContent|Choice|Fallback))>|[a-zé\t ]){0,60}") {
        holds(&docx(&xml, &[("comments", "c.xml", "<w:comments></w:comments>")]), "a.docx");
    }

    #[test]
    fn mutated_odf(xml in "(<(/?)(text:(p|h|span|list|list-item|note|note-body|deletion|a)|table:(table|table-row|table-cell)|draw:(frame|text-box|image)|office:annotation)>|[a-zé\t ]){0,60}") {
        holds(&odt(&xml, "", ""), "a.odt");
    }

    #[test]
    fn mutated_rtf(source in r"(\{|\}|\\(par|cell|row|intbl|pard|footnote|fldinst|listtext|header|u233|b|trowd|deleted|pict) |[a-z ]){0,60}") {
        holds(format!("{{\\rtf1 {source}").as_bytes(), "a.rtf");
    }

    #[test]
    fn mutated_content_streams(source in r"(BT |ET |\(ab c\) Tj |/F[1-4] [0-9]{1,3} Tf |[-0-9]{1,4} [-0-9]{1,4} Td |q |Q |[-0-9]{1,3} 0 0 [-0-9]{1,3} 9 9 cm |[0-9]{1,3} [0-9]{1,3} m |[0-9]{1,3} [0-9]{1,3} l |S |[0-9]{1,3} 9 9 [0-9]{1,3} re |f |\[\(x\) -900 \(y\)\] TJ |BMC |EMC ){0,60}") {
        holds(&pdf(&[&source, &source]), "a.pdf");
    }

    #[test]
    fn any_text(text in "([-=*>#|`~.()\t\r\n :0-9a-zA-Zé]|\n\n|  ){0,200}") {
        let document = from_text(&text, "content.text");
        document.check().unwrap();
        prop_assert_eq!(&document.parts[0].text, &text);
        holds(text.as_bytes(), "a.txt");
        holds(text.as_bytes(), "a.md");
        holds(["<html>", &text].concat().as_bytes(), "a.html");
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        holds(&bytes, "a.bin");
    }
}
