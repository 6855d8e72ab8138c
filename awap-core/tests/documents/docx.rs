//! What Word files hold, case by case.

use awap_core::document::{BlockKind, Format};
use awap_core::{ErrorCode, Limits};

use super::make::{blocks, docx, part, read, read_with, strict_docx};

fn p(text: &str) -> String {
    format!("<w:p><w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r></w:p>")
}

fn styled(style: &str, text: &str) -> String {
    format!("<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
}

const STYLES: &str = "<w:styles><w:style w:styleId=\"H1\"><w:name w:val=\"heading 1\"/></w:style>\
    <w:style w:styleId=\"T\"><w:name w:val=\"Title\"/></w:style>\
    <w:style w:styleId=\"Q\"><w:name w:val=\"Quote\"/></w:style></w:styles>";

const NUMBERING: &str = "<w:numbering><w:abstractNum w:abstractNumId=\"0\">\
    <w:lvl w:ilvl=\"0\"><w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"Question %1\"/></w:lvl>\
    <w:lvl w:ilvl=\"1\"><w:numFmt w:val=\"lowerLetter\"/><w:lvlText w:val=\"(%2)\"/></w:lvl></w:abstractNum>\
    <w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>";

#[test]
fn styles_and_looks_make_headings() {
    let body = [
        styled("T", "My essay"),
        styled("H1", "Part one"),
        "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Bold and short</w:t></w:r></w:p>".into(),
        "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Name: A. Person</w:t></w:r></w:p>".into(),
        p("References"),
        styled("Q", "To be."),
        "<w:p><w:pPr><w:outlineLvl w:val=\"1\"/></w:pPr><w:r><w:t>By outline</w:t></w:r></w:p>".into(),
    ]
    .concat();
    let document = read(&docx(&body, &[("styles", "styles.xml", STYLES)]), "a.docx");
    assert_eq!(
        blocks(&document, "body"),
        [
            (BlockKind::Title, "", "My essay"),
            (BlockKind::Heading, "", "Part one"),
            (BlockKind::Heading, "", "Bold and short"),
            (BlockKind::Paragraph, "", "Name: A. Person"),
            (BlockKind::Heading, "", "References"),
            (BlockKind::Quote, "", "To be."),
            (BlockKind::Heading, "", "By outline"),
        ]
    );
    assert_eq!(document.parts[0].blocks[2].level, Some(2));
}

#[test]
fn numbers_that_are_not_in_the_text_are_labels() {
    let item = |level: u8, text: &str| {
        format!(
            "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"1\"/></w:numPr></w:pPr>\
             <w:r><w:t>{text}</w:t></w:r></w:p>"
        )
    };
    let body = [item(0, ""), item(1, "First part."), item(1, "Second part."), item(0, "Next")].concat();
    let document = read(&docx(&body, &[("numbering", "numbering.xml", NUMBERING)]), "a.docx");
    assert_eq!(
        blocks(&document, "body"),
        [
            (BlockKind::ListItem, "Question 1", ""),
            (BlockKind::ListItem, "(a)", "First part."),
            (BlockKind::ListItem, "(b)", "Second part."),
            (BlockKind::ListItem, "Question 2", "Next"),
        ]
    );
}

#[test]
fn tracked_changes_read_as_accepted() {
    let body = "<w:p><w:r><w:t xml:space=\"preserve\">It was </w:t></w:r>\
        <w:del w:author=\"R. Editor\"><w:r><w:delText>bad</w:delText></w:r></w:del>\
        <w:ins w:author=\"R. Editor\"><w:r><w:t>good</w:t></w:r></w:ins></w:p>\
        <w:p><w:pPr><w:rPr><w:del w:author=\"R. Editor\"/></w:rPr></w:pPr><w:r><w:t>one</w:t></w:r></w:p>\
        <w:p><w:r><w:t xml:space=\"preserve\"> two</w:t></w:r></w:p>";
    let document = read(&docx(body, &[]), "a.docx");
    assert_eq!(part(&document, "body"), "It was good\n\none two");
    assert_eq!(part(&document, "deleted"), "bad");
    assert_eq!(blocks(&document, "properties"), [(BlockKind::Property, "trackedChangeAuthor", "R. Editor")]);
}

#[test]
fn text_boxes_are_read_once_and_apart() {
    let inner = "<w:txbxContent><w:p><w:r><w:t>in the box</w:t></w:r></w:p></w:txbxContent>";
    let body = format!(
        "<w:p><w:r><w:t>before </w:t></w:r><w:r><mc:AlternateContent><mc:Choice Requires=\"wps\"><w:drawing><wps:txbx>{inner}\
         </wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{inner}</v:textbox></w:pict></mc:Fallback>\
         </mc:AlternateContent></w:r><w:r><w:t>after</w:t></w:r></w:p>"
    );
    let document = read(&docx(&body, &[]), "a.docx");
    assert_eq!(part(&document, "body"), "beforeafter");
    assert_eq!(part(&document, "textboxes"), "in the box");
}

#[test]
fn fields_show_their_result_and_links_keep_their_target() {
    let run = |inner: &str| format!("<w:r>{inner}</w:r>");
    let body = format!(
        "<w:p>{}{}{}{}{}<w:hyperlink r:id=\"L\"><w:r><w:t xml:space=\"preserve\"> there</w:t></w:r></w:hyperlink></w:p>",
        run("<w:fldChar w:fldCharType=\"begin\"/>"),
        run("<w:instrText>HYPERLINK \"http://a.example/\"</w:instrText>"),
        run("<w:fldChar w:fldCharType=\"separate\"/>"),
        run("<w:t>here</w:t>"),
        run("<w:fldChar w:fldCharType=\"end\"/>"),
    );
    let document = read(&docx(&body, &[("external", "L", "http://b.example/")]), "a.docx");
    assert_eq!(part(&document, "body"), "here there");
    assert_eq!(part(&document, "links"), "http://a.example/\n\nhttp://b.example/");
    assert!(document.parts[0].blocks[0].runs.iter().all(|run| run.style.link));
}

#[test]
fn notes_comments_headers_each_have_their_part() {
    let parts = [
        (
            "footnotes",
            "footnotes.xml",
            "<w:footnotes><w:footnote w:type=\"separator\"><w:p/></w:footnote><w:footnote w:id=\"2\"><w:p><w:r><w:t>A note.</w:t></w:r></w:p><w:p><w:r><w:t>More.</w:t></w:r></w:p></w:footnote></w:footnotes>",
        ),
        (
            "comments",
            "comments.xml",
            "<w:comments><w:comment w:id=\"1\" w:author=\"A. Tutor\"><w:p><w:r><w:t>Good.</w:t></w:r></w:p></w:comment></w:comments>",
        ),
        ("header", "header1.xml", "<w:hdr><w:p><w:r><w:t>On top</w:t></w:r></w:p></w:hdr>"),
        ("footer", "footer1.xml", "<w:ftr><w:p><w:r><w:t>Below</w:t></w:r></w:p></w:ftr>"),
        ("package", "docProps/core.xml", "<c xmlns:dc='x'><dc:creator>A. Writer</dc:creator></c>"),
    ];
    let document = read(&docx(&p("Body."), &parts), "a.docx");
    assert_eq!(blocks(&document, "footnotes"), [(BlockKind::Footnote, "1", "A note.\nMore.")]);
    assert_eq!(
        blocks(&document, "comments"),
        [(BlockKind::Property, "author", "A. Tutor"), (BlockKind::Comment, "", "Good.")]
    );
    assert_eq!((part(&document, "header1"), part(&document, "footer1")), ("On top", "Below"));
    assert_eq!(blocks(&document, "properties"), [(BlockKind::Property, "creator", "A. Writer")]);
}

#[test]
fn tables_code_images_and_equations() {
    let cell = |span: u8, text: &str| {
        format!("<w:tc><w:tcPr><w:gridSpan w:val=\"{span}\"/></w:tcPr>{}</w:tc>", p(text))
    };
    let code = |text: &str| {
        format!(
            "<w:p><w:r><w:rPr><w:rFonts w:ascii=\"Consolas\"/></w:rPr><w:t xml:space=\"preserve\">{text}</w:t></w:r></w:p>"
        )
    };
    let body = [
        format!("<w:tbl><w:tr>{}</w:tr><w:tr>{}{}</w:tr></w:tbl>", cell(2, "wide"), cell(1, "a"), cell(1, "b")),
        code("if x:"),
        code("    y()"),
        "<w:p><w:r><w:drawing><wp:inline><wp:docPr descr=\"A cat\"/><pic:pic/></wp:inline></w:drawing></w:r></w:p>".into(),
        "<w:p><m:oMathPara><m:oMath><m:r><m:t>E=m</m:t></m:r></m:oMath></m:oMathPara></w:p>".into(),
    ]
    .concat();
    let document = read(&docx(&body, &[]), "a.docx");
    assert_eq!(
        blocks(&document, "body"),
        [
            (BlockKind::Table, "", "wide\na\tb"),
            (BlockKind::Code, "", "if x:\n    y()"),
            (BlockKind::Figure, "", ""),
            (BlockKind::Equation, "", "E=m"),
        ]
    );
    let cells: Vec<_> = document.parts[0].blocks[0].cells.iter().map(|c| (c.row, c.column)).collect();
    assert_eq!(cells, [(0, 0), (1, 0), (1, 1)]);
    assert_eq!(part(&document, "alt_text"), "A cat");
}

#[test]
fn strict_files_and_lost_ends_are_read() {
    assert_eq!(part(&read(&strict_docx(&p("Strict.")), "a.docx"), "body"), "Strict.");
    let whole = docx(&p("Kept text."), &[]);
    // Without the archive's directory the members are found by their headers.
    let end = whole.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let document = read(&whole[..end], "a.docx");
    assert_eq!(document.format, Format::Docx);
    assert_eq!(part(&document, "body"), "Kept text.");
    assert_eq!(document.warnings[0].code, "truncated");
}

#[test]
fn limits_hold() {
    let mut limits = Limits::default();
    limits.expanded_bytes = 100_000;
    let bomb = docx(&"<w:p/>".repeat(100_000), &[]);
    let deep = docx(&"<w:tbl><w:tr><w:tc>".repeat(2000), &[]);
    let cases = [
        (read_with(&bomb, "a.docx", &limits), "expanded_bytes"),
        (read_with(&deep, "a.docx", &Limits::default()), "depth"),
    ];
    for (result, limit) in cases {
        let error = result.unwrap_err();
        assert_eq!(
            (error.code(), error.details()["limit"].as_str()),
            (ErrorCode::LimitExceeded, Some(limit))
        );
    }
}
