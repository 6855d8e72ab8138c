//! What students' Word files hold beside plain paragraphs, case by case.

use awap_core::ErrorCode;
use awap_core::document::{BlockKind, Format};

use super::make::{blocks, docx, part, read, read_with, zip};

fn run(text: &str) -> String {
    format!("<w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r>")
}

fn p(text: &str) -> String {
    format!("<w:p>{}</w:p>", run(text))
}

fn body(xml: &str) -> String {
    part(&read(&docx(xml, &[]), "a.docx"), "body").to_owned()
}

fn field(instruction: &str, result: &str) -> String {
    let mark = |kind: &str| format!("<w:r><w:fldChar w:fldCharType=\"{kind}\"/></w:r>");
    format!(
        "{}<w:r><w:instrText>{instruction}</w:instrText></w:r>{}{result}{}",
        mark("begin"),
        mark("separate"),
        mark("end")
    )
}

#[test]
fn content_controls_show_what_they_hold_and_not_what_they_are() {
    let control = |inner: &str| {
        format!(
            "<w:sdt><w:sdtPr><w:alias w:val=\"Name\"/><w:placeholder><w:docPart w:val=\"X\"/></w:placeholder></w:sdtPr>\
             <w:sdtContent>{inner}</w:sdtContent></w:sdt>"
        )
    };
    let xml = control(&p("A block.")) + &format!("<w:p>{}{}</w:p>", run("Named "), control(&run("inline.")));
    assert_eq!(body(&xml), "A block.\n\nNamed inline.");
}

#[test]
fn fields_within_fields_show_the_outer_result_once() {
    let inner = field("PAGE", &run("7"));
    assert_eq!(
        body(&format!(
            "<w:p>{}</w:p>",
            field(&format!("</w:instrText></w:r>{inner}<w:r><w:instrText>"), &run("seen"))
        )),
        "seen"
    );
    assert_eq!(
        body(&format!(
            "<w:p>{}</w:p>",
            field("REF x", &format!("{} of {}", run("page "), field("PAGE", &run("7"))))
        )),
        "page 7"
    );
    assert_eq!(
        body("<w:p><w:fldSimple w:instr=\"DATE\"><w:r><w:t>1 May</w:t></w:r></w:fldSimple></w:p>"),
        "1 May"
    );
    // The end of a field is missing: what follows is not lost.
    let open =
        "<w:p><w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText>TOC</w:instrText></w:r></w:p>";
    assert_eq!(body(&(open.to_owned() + &p("After it."))), "After it.");
}

#[test]
fn a_fallback_is_read_only_without_its_choice() {
    let alternative = |choice: &str| {
        format!(
            "<w:p><w:r><mc:AlternateContent>{choice}<mc:Fallback><w:t>old</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>"
        )
    };
    assert_eq!(body(&alternative("<mc:Choice Requires=\"w14\"><w:t>new</w:t></mc:Choice>")), "new");
    assert_eq!(body(&alternative("")), "old");
}

#[test]
fn equations_read_within_their_sentence() {
    let t = |s: &str| format!("<m:r><m:t>{s}</m:t></m:r>");
    let fraction = format!("<m:f><m:num>{}</m:num><m:den>{}</m:den></m:f>", t("a"), t("b"));
    let power = format!("<m:sSup><m:e>{}</m:e><m:sup>{}</m:sup></m:sSup>", t("x"), t("2"));
    let xml = format!(
        "<w:p>{}<m:oMath>{fraction}{}{power}</m:oMath>{}</w:p>",
        run("Where "),
        t("="),
        run(" holds.")
    );
    let document = read(&docx(&xml, &[]), "a.docx");
    assert_eq!(part(&document, "body"), "Where a/b=x^2 holds.");
    let block = &document.parts[0].blocks[0];
    assert_eq!(block.kind, BlockKind::Paragraph);
    assert!(
        block
            .runs
            .iter()
            .any(|run| run.style.equation && &document.parts[0].text[run.start..run.end] == "a/b=x^2")
    );
}

#[test]
fn what_was_moved_stands_where_it_was_moved_to() {
    let xml = format!(
        "<w:p><w:moveFrom w:author=\"R. Editor\">{}</w:moveFrom>{}</w:p><w:p><w:moveTo w:author=\"R. Editor\">{}</w:moveTo></w:p>",
        run("moved"),
        run("stays"),
        run("moved")
    );
    let document = read(&docx(&xml, &[]), "a.docx");
    assert_eq!(part(&document, "body"), "stays\n\nmoved");
    assert_eq!(part(&document, "deleted"), "moved");
}

#[test]
fn tables_within_tables_and_merged_cells() {
    let cell = |properties: &str, inner: &str| format!("<w:tc><w:tcPr>{properties}</w:tcPr>{inner}</w:tc>");
    let inner = format!("<w:tbl><w:tr>{}{}</w:tr></w:tbl>", cell("", &p("x")), cell("", &p("y")));
    let xml = format!(
        "<w:tbl><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr></w:tbl>",
        cell("<w:vMerge w:val=\"restart\"/>", &p("tall")),
        cell("", &(p("outer") + &inner)),
        cell("<w:vMerge/>", "<w:p/>"),
        cell("", &p("below")),
    );
    let document = read(&docx(&xml, &[]), "a.docx");
    let kinds: Vec<_> = document.parts[0].blocks.iter().map(|block| (block.kind, block.level)).collect();
    assert_eq!(kinds, [(BlockKind::Table, Some(1)), (BlockKind::Table, Some(2))]);
    assert_eq!(part(&document, "body"), "tall\touter\nx\ty\n\tbelow");
}

#[test]
fn code_is_told_by_the_style_of_paragraph_or_character() {
    let styles = "<w:styles><w:style w:type=\"paragraph\" w:styleId=\"S\"><w:name w:val=\"Source Code\"/></w:style>\
        <w:style w:type=\"character\" w:styleId=\"C\"><w:name w:val=\"Verbatim Char\"/><w:rPr><w:rFonts w:ascii=\"Consolas\"/></w:rPr></w:style>\
        </w:styles>";
    let xml = "<w:p><w:pPr><w:pStyle w:val=\"S\"/></w:pPr><w:r><w:t>print(1)</w:t></w:r></w:p>\
        <w:p><w:r><w:t xml:space=\"preserve\">Call </w:t></w:r><w:r><w:rPr><w:rStyle w:val=\"C\"/></w:rPr><w:t>main()</w:t></w:r></w:p>";
    let document = read(&docx(xml, &[("styles", "styles.xml", styles)]), "a.docx");
    assert_eq!(
        blocks(&document, "body"),
        [(BlockKind::Code, "", "print(1)"), (BlockKind::Paragraph, "", "Call main()")]
    );
    assert!(document.parts[0].blocks[1].runs[0].style.code);
}

#[test]
fn images_are_counted_with_what_is_said_in_their_place() {
    let drawing = |description: &str| {
        format!(
            "<w:r><w:drawing><wp:inline><wp:docPr descr=\"{description}\"/><pic:pic/></wp:inline></w:drawing></w:r>"
        )
    };
    let old = "<w:r><w:pict><v:shape alt=\"A hill\"><v:imagedata/></v:shape></w:pict></w:r>";
    let document = read(&docx(&format!("<w:p>{}{old}</w:p>", drawing("A lake")), &[]), "a.docx");
    let figures = document.parts[0].blocks.iter().filter(|block| block.kind == BlockKind::Figure).count();
    assert_eq!((figures, part(&document, "alt_text")), (2, "A lake\n\nA hill"));
}

#[test]
fn endnotes_have_a_part_of_their_own() {
    let notes = "<w:endnotes><w:endnote w:type=\"separator\"><w:p/></w:endnote><w:endnote w:id=\"2\"><w:p><w:r><w:t>At the end.</w:t></w:r></w:p></w:endnote></w:endnotes>";
    let document = read(&docx(&p("Body."), &[("endnotes", "endnotes.xml", notes)]), "a.docx");
    assert_eq!(part(&document, "endnotes"), "At the end.");
    assert_eq!(part(&document, "body"), "Body.");
}

#[test]
fn documents_with_macros_and_templates_are_read_as_their_base() {
    let word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    for kind in [
        "application/vnd.ms-word.document.macroEnabled.main+xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
        "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    ] {
        let file = zip(&[
            (
                "[Content_Types].xml",
                &format!("<Types><Override PartName=\"/word/document.xml\" ContentType=\"{kind}\"/></Types>"),
            ),
            (
                "_rels/.rels",
                &format!(
                    "<Relationships><Relationship Id=\"r1\" Type=\"{relations}/officeDocument\" Target=\"word/document.xml\"/></Relationships>"
                ),
            ),
            (
                "word/document.xml",
                &format!("<w:document xmlns:w=\"{word}\"><w:body>{}</w:body></w:document>", p("As ever.")),
            ),
            ("word/vbaProject.bin", "\u{1}\u{2}"),
        ]);
        let document = read(&file, "a.docm");
        assert_eq!((document.format, part(&document, "body")), (Format::Docx, "As ever."), "{kind}");
    }
}

#[test]
fn a_part_that_breaks_off_is_read_as_far_as_it_goes() {
    let document = read(
        &docx("<w:p><w:r><w:t>Whole.</w:t></w:r></w:p><w:p><w:r><w:t>Broken</w:t></w:x>", &[]),
        "a.docx",
    );
    assert!(part(&document, "body").starts_with("Whole."));
    assert_eq!(document.warnings[0].code, "part_unreadable");
}

#[test]
fn files_with_a_password_say_so() {
    let stream: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let compound = [&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &[0; 600], &stream].concat();
    let odf = zip(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        (
            "META-INF/manifest.xml",
            "<manifest:manifest><manifest:file-entry manifest:full-path=\"content.xml\"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>",
        ),
        ("content.xml", "\u{1}\u{2}\u{3}"),
    ]);
    for (bytes, name) in [(compound, "a.docx"), (odf, "a.odt")] {
        let error = read_with(&bytes, name, &awap_core::Limits::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::DocumentEncrypted, "{name}");
        assert_eq!(error.details()["path"], "content.attachments[0]");
    }
}

const IN_COURIER: &str = "<w:rPr><w:rFonts w:ascii=\"Courier New\" w:hAnsi=\"Courier New\"/></w:rPr>";

#[test]
fn an_essay_in_a_fixed_width_font_is_prose() {
    let line = |text: &str| format!("<w:p><w:r>{IN_COURIER}<w:t>{text}</w:t></w:r></w:p>");
    let argument =
        "My manager leads by example (Smith, 2019). She asks before she decides, and she says why. ";
    let numbering = "<w:numbering><w:abstractNum w:abstractNumId=\"0\"><w:lvl w:ilvl=\"0\">\
         <w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"%1.\"/></w:lvl></w:abstractNum>\
         <w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>";
    let item = "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr></w:pPr><w:r><w:t>one</w:t></w:r></w:p>";
    let essay =
        [line("Question 1"), line(argument.repeat(3).trim()), item.into(), line("She is fair.")].concat();
    let document = read(&docx(&essay, &[("numbering", "numbering.xml", numbering)]), "a.docx");
    assert_eq!(
        blocks(&document, "body"),
        [
            (BlockKind::Heading, "", "Question 1"),
            (BlockKind::Paragraph, "", argument.repeat(3).trim()),
            (BlockKind::ListItem, "1.", "one"),
            (BlockKind::Paragraph, "", "She is fair."),
        ]
    );
    // A program stays one, and so does code in an essay that is in another font.
    let program = "for (int i = 0; i &lt; n; i++) { total += values[i]; }";
    let kinds =
        |xml: &str| blocks(&read(&docx(xml, &[]), "a.docx"), "body").iter().map(|b| b.0).collect::<Vec<_>>();
    assert_eq!(kinds(&line(program).repeat(10)), [BlockKind::Code]);
    assert_eq!(
        kinds(&(p(&argument.repeat(3)) + &line("the total is 4."))),
        [BlockKind::Paragraph, BlockKind::Code]
    );
}

#[test]
fn a_style_that_gives_the_level_alone_is_in_the_list_of_its_base() {
    let styles = "<w:styles><w:style w:type=\"paragraph\" w:styleId=\"Q\"><w:name w:val=\"Question\"/><w:pPr><w:numPr>\
         <w:numId w:val=\"1\"/></w:numPr></w:pPr></w:style><w:style w:type=\"paragraph\" w:styleId=\"P\"><w:name w:val=\"Part\"/>\
         <w:basedOn w:val=\"Q\"/><w:pPr><w:numPr><w:ilvl w:val=\"1\"/></w:numPr></w:pPr></w:style></w:styles>";
    let numbering = "<w:numbering><w:abstractNum w:abstractNumId=\"0\">\
         <w:lvl w:ilvl=\"0\"><w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"Question %1\"/></w:lvl>\
         <w:lvl w:ilvl=\"1\"><w:numFmt w:val=\"lowerLetter\"/><w:lvlText w:val=\"(%2)\"/></w:lvl></w:abstractNum>\
         <w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>";
    let line = |style: &str, text: &str| {
        format!("<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>{}</w:p>", run(text))
    };
    let xml = [line("Q", "Explain."), line("P", "First."), line("P", "Second.")].concat();
    let parts = [("styles", "styles.xml", styles), ("numbering", "numbering.xml", numbering)];
    let document = read(&docx(&xml, &parts), "a.docx");
    let labels: Vec<_> = blocks(&document, "body").iter().map(|(_, label, _)| *label).collect();
    assert_eq!(labels, ["Question 1", "(a)", "(b)"]);
}

#[test]
fn the_mark_that_is_left_decides_what_a_paragraph_is() {
    let styles = "<w:styles><w:style w:styleId=\"H1\"><w:name w:val=\"heading 1\"/><w:rPr><w:b/></w:rPr></w:style></w:styles>";
    for gone in ["del", "moveFrom"] {
        let text = if gone == "del" { "delText" } else { "t" };
        let xml = format!(
            "<w:p><w:pPr><w:pStyle w:val=\"H1\"/><w:rPr><w:{gone} w:author=\"A\"/></w:rPr></w:pPr><w:{gone} w:author=\"A\"><w:r>\
             <w:{text}>Old heading</w:{text}></w:r></w:{gone}></w:p>{}",
            p("The answer begins here.")
        );
        let document = read(&docx(&xml, &[("styles", "styles.xml", styles)]), "a.docx");
        assert_eq!(
            blocks(&document, "body"),
            [(BlockKind::Paragraph, "", "The answer begins here.")],
            "{gone}"
        );
        assert!(document.parts[0].blocks[0].runs.is_empty(), "{gone}");
    }
}

#[test]
fn each_line_of_an_equation_is_a_line() {
    let xml = "<w:p><m:oMathPara><m:oMath><m:r><m:t>2x = 4</m:t></m:r><m:r><w:br/></m:r></m:oMath>\
         <m:oMath><m:r><m:t>x = 2</m:t></m:r></m:oMath></m:oMathPara></w:p>";
    let document = read(&docx(xml, &[]), "a.docx");
    assert_eq!(blocks(&document, "body"), [(BlockKind::Equation, "", "2x = 4\nx = 2")]);
}

#[test]
fn a_main_text_of_which_nothing_is_left_is_no_empty_document() {
    let file = zip(&[("word/document.xml", ""), ("word/styles.xml", "<w:styles/>")]);
    let error = read_with(&file, "a.docx", &awap_core::Limits::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::DocumentDamaged);
}
