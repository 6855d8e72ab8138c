//! What PDF files hold, case by case.

use awap_core::document::BlockKind;
use awap_core::{ErrorCode, Limits};
use lopdf::{EncryptionState, EncryptionVersion, Object, Permissions, StringFormat};

use super::make::{blocks, part, pdf, pdf_of, read, read_with, text};

#[test]
fn pdf_paragraphs_headings_and_hyphens() {
    let page = [
        text("F2", 12, 50, 700, "Question 1"),
        text("F1", 12, 50, 670, "This is the first line of a paragraph that runs on to another and is bro-"),
        text("F1", 12, 50, 656, "ken at its end. It has a second sentence."),
        text("F1", 12, 50, 620, "Another paragraph begins after a gap."),
        text("F3", 10, 50, 590, "if x:"),
        text("F3", 10, 74, 578, "y\\(\\)"),
    ]
    .concat();
    let document = read(&pdf(&[&page]), "a.pdf");
    assert_eq!(
        blocks(&document, "body"),
        [
            (BlockKind::Heading, "", "Question 1"),
            (
                BlockKind::Paragraph,
                "",
                "This is the first line of a paragraph that runs on to another and is broken at its end. It has a second sentence."
            ),
            (BlockKind::Paragraph, "", "Another paragraph begins after a gap."),
            (BlockKind::Code, "", "if x:\n    y()"),
        ]
    );
}

#[test]
fn pdf_headers_footers_and_tables() {
    let page = |number: u32, body: &str| {
        text("F1", 9, 50, 770, "A. Writer X1234567")
            + body
            + &text("F1", 9, 280, 30, &format!("Page {number}"))
    };
    let rules: String = [600, 580, 560].iter().map(|y| format!("50 {y} m 250 {y} l S\n")).collect::<String>()
        + &[50, 150, 250].iter().map(|x| format!("{x} 560 m {x} 600 l S\n")).collect::<String>();
    let table = rules
        + &text("F1", 11, 55, 586, "a")
        + &text("F1", 11, 155, 586, "b")
        + &text("F1", 11, 55, 566, "c")
        + &text("F1", 11, 155, 566, "d");
    let first = page(
        1,
        &(text("F1", 11, 50, 650, "Before the table.") + &table + &text("F1", 11, 50, 500, "After it.")),
    );
    let second = page(2, &text("F1", 11, 50, 650, "Next page."));
    let document = read(&pdf(&[&first, &second]), "a.pdf");
    assert_eq!(
        blocks(&document, "body"),
        [
            (BlockKind::Paragraph, "", "Before the table."),
            (BlockKind::Table, "", "a\tb\nc\td"),
            (BlockKind::Paragraph, "", "After it."),
            (BlockKind::Paragraph, "", "Next page."),
        ]
    );
    assert_eq!(part(&document, "header1"), "A. Writer X1234567\n\nA. Writer X1234567");
    assert_eq!(part(&document, "footer1"), "Page 1\n\nPage 2");
}

#[test]
fn pdf_questions_that_begin_pages_are_no_header() {
    let pages = |titles: [&str; 3]| -> Vec<String> {
        let page = |(n, title): (usize, &&str)| {
            text("F1", 9, 50, 770, "A. Writer")
                + &text("F2", 12, 72, 710, title)
                + &text("F1", 11, 72, 680, &format!("Answer number {n} is a text of its own."))
                + &text("F1", 9, 280, 30, &format!("{}", n + 1))
        };
        titles.iter().enumerate().map(page).collect()
    };
    for titles in [
        ["Question 1", "Question 2", "Question 3"],
        ["Q1", "Q2", "Q3"],
        ["Answer to Question 1", "Answer to Question 2", "Answer to Question 3"],
        ["Task 1.1", "Task 1.2", "Task 1.3"],
        ["\\(a\\)", "\\(c\\)", "\\(a\\)"],
        ["1\\)", "2\\)", "3\\)"],
    ] {
        let made = pages(titles);
        let document = read(&pdf(&made.iter().map(String::as_str).collect::<Vec<_>>()), "a.pdf");
        let body = part(&document, "body");
        for title in titles.map(|title| title.replace('\\', "")) {
            assert!(body.lines().any(|line| line == title), "{title}: {body}");
        }
        assert_eq!(part(&document, "header1"), "A. Writer\n\nA. Writer\n\nA. Writer", "{titles:?}");
        assert_eq!(part(&document, "footer1"), "1\n\n2\n\n3", "{titles:?}");
    }
    // What stands on all of them, with the numbers of the pages, is one.
    let made = pages(["TMA 01 Part 2, page 1", "TMA 01 Part 2, page 2", "TMA 01 Part 2, page 3"]);
    let document = read(&pdf(&made.iter().map(String::as_str).collect::<Vec<_>>()), "a.pdf");
    assert!(!part(&document, "body").contains("Part 2"));
}

#[test]
fn pdf_without_text_says_so() {
    let document = read(&pdf(&["0 0 100 100 re f"]), "scan.pdf");
    assert_eq!(part(&document, "body"), "");
    assert_eq!(document.warnings[0].code, "no_text_layer");
}

#[test]
fn pdf_pages_of_which_only_some_are_pictures_say_so() {
    let typed = text(
        "F1",
        12,
        72,
        700,
        "My answers follow on the next pages, which I wrote by hand and took pictures of.",
    );
    let image = |matrix: &str| format!("q {matrix} cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q\n");
    let scanned = image("600 0 0 800 0 0");
    let in_strips = image("600 0 0 400 0 0")
        + &image("600 0 0 400 0 400")
        + &text("F1", 8, 50, 20, "Scanned with a telephone");
    let by_pen = "0 0 m ".to_owned() + &"1 2 3 4 5 6 c 7 8 l ".repeat(2000) + "S";
    let warnings = |pages: &[&str]| read(&pdf(pages), "a.pdf").warnings;
    let found = warnings(&[&typed, &scanned, &in_strips, &by_pen]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].code, "no_text_layer");
    assert!(found[0].message.starts_with("Of the 4 pages of this PDF 3 "), "{found:?}");
    // A figure with its text, or a background behind it, is no such page; nor is an empty one.
    let figure = image("400 0 0 300 100 300") + &text("F1", 12, 72, 200, "Figure 1: A network");
    assert_eq!(warnings(&[&typed, &figure, &(scanned + &typed), ""]), []);
}

#[test]
fn pdf_slanted_text_is_read_along_its_line() {
    let slanted = |x: u32, y: u32, words: &str| {
        format!("BT /F1 40 Tf .7071 .7071 -.7071 .7071 {x} {y} Tm ({words}) Tj ET\n")
    };
    let page = slanted(150, 250, "Ada Quillfeather") + &text("F1", 12, 50, 700, "Upright text.");
    let document = read(&pdf(&[&page]), "a.pdf");
    assert_eq!(part(&document, "body"), "Upright text.\n\nAda Quillfeather");
    // The labels of an axis, downwards and side by side.
    let labels: String = ["January", "February", "March"]
        .iter()
        .zip([100, 160, 220])
        .map(|(month, x)| format!("BT /F1 9 Tf .7071 -.7071 .7071 .7071 {x} 300 Tm ({month}) Tj ET\n"))
        .collect();
    let document = read(&pdf(&[&(text("F1", 12, 50, 700, "Upright text.") + &labels)]), "a.pdf");
    let words: Vec<&str> = part(&document, "body").split_whitespace().collect();
    assert_eq!(words, ["Upright", "text.", "January", "February", "March"]);
}

/// A page in one font, which these objects (from the sixth on) make up.
fn in_font(font: &str, objects: &[&str], content: &str) -> Vec<u8> {
    let mut all = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>"
            .to_owned(),
        format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()),
        font.to_owned(),
    ];
    all.extend(objects.iter().map(|object| (*object).to_owned()));
    pdf_of(&all)
}

fn stream(content: &str) -> String {
    format!("<</Length {}>>\nstream\n{content}\nendstream", content.len())
}

#[test]
fn pdf_columns_are_read_one_after_the_other() {
    let column = |x: u32, lines: [&str; 4]| -> Vec<String> {
        lines.iter().zip([700, 686, 672, 658]).map(|(line, y)| text("F1", 11, x, y, line)).collect()
    };
    let left = column(
        50,
        [
            "The first column begins here and",
            "goes on over several lines of",
            "text that are wrapped at its",
            "right edge, where it ends.",
        ],
    );
    let right = column(
        320,
        [
            "The second column is read when",
            "the first one has come to its",
            "end, whichever way the program",
            "has drawn the two of them.",
        ],
    );
    let expected = "The first column begins here and goes on over several lines of text that are wrapped at its right edge, where it ends.\n\n\
        The second column is read when the first one has come to its end, whichever way the program has drawn the two of them.";
    let in_turn = [left.concat(), right.concat()].concat();
    assert_eq!(part(&read(&pdf(&[&in_turn]), "a.pdf"), "body"), expected);
    let backwards = [right.concat(), left.concat()].concat();
    assert_eq!(part(&read(&pdf(&[&backwards]), "a.pdf"), "body"), expected);
}

#[test]
fn pdf_ligatures_are_letters() {
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding<</Differences[1/fi/f_l/ffi]>>>>";
    let content = "BT /F1 12 Tf 50 700 Td (\\001nd the \\002ag in the o\\003ce) Tj ET";
    assert_eq!(part(&read(&in_font(font, &[], content), "a.pdf"), "body"), "find the flag in the office");
}

#[test]
fn pdf_footnotes_are_told_from_the_body() {
    let page = [
        text("F1", 12, 50, 700, "A claim that a note supports is made in this sentence of the body."),
        text("F1", 12, 50, 686, "It is followed by another one, so that there is a paragraph."),
        text("F1", 8, 50, 80, "1 The note says where the claim was taken from."),
    ]
    .concat();
    let document = read(&pdf(&[&page]), "a.pdf");
    assert_eq!(
        blocks(&document, "footnotes"),
        [(BlockKind::Footnote, "", "1 The note says where the claim was taken from.")]
    );
    assert!(!part(&document, "body").contains("The note"));
}

#[test]
fn pdf_codes_that_to_unicode_leaves_out_are_read_by_the_encoding() {
    let map = stream("1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <41> <03a9> endbfchar");
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode 6 0 R>>";
    let document = read(&in_font(font, &[&map], "BT /F1 12 Tf 50 700 Td (ABC) Tj ET"), "a.pdf");
    assert_eq!(part(&document, "body"), "ΩBC");
}

#[test]
fn pdf_fonts_that_say_nothing_make_a_warning() {
    let font = "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[6 0 R]>>";
    let inner = "<</Type/Font/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>";
    let document = read(&in_font(font, &[inner], "BT /F1 12 Tf 50 700 Td <00410042> Tj ET"), "a.pdf");
    assert_eq!(document.warnings[0].code, "part_unreadable");
}

#[test]
fn pdf_cids_are_read_by_their_collection() {
    let inner = |ordering: &str| {
        format!(
            "<</Type/Font/Subtype/CIDFontType0/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering({ordering})/Supplement 2>>>>"
        )
    };
    for (encoding, ordering, codes, expected) in [
        ("Identity-H", "Japan1", "034b034d", "あい"),
        ("Identity-H", "Korea1", "043e", "가"),
        ("90ms-RKSJ-H", "Japan1", "82a0b1", "あｱ"),
        ("UniJIS-UCS2-H", "Japan1", "3042", "あ"),
    ] {
        let font =
            format!("<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/{encoding}/DescendantFonts[6 0 R]>>");
        let content = format!("BT /F1 12 Tf 50 700 Td <{codes}> Tj ET");
        let document = read(&in_font(&font, &[&inner(ordering)], &content), "a.pdf");
        assert_eq!(part(&document, "body"), expected, "{encoding}");
    }
}

#[test]
fn pdf_rotated_text_and_pages_are_read_in_their_own_direction() {
    let turned = |y: u32, words: &str| format!("BT /F1 12 Tf 0 1 -1 0 {y} 100 Tm ({words}) Tj ET\n");
    let page = text("F1", 12, 200, 700, "Upright text stands first.")
        + &turned(40, "Along the margin")
        + &turned(54, "runs a remark.");
    let document = read(&pdf(&[&page]), "a.pdf");
    assert_eq!(part(&document, "body"), "Upright text stands first.\n\nAlong the margin runs a remark.");
    let sideways = in_font(
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        &[],
        &(turned(40, "A page that was printed") + &turned(54, "sideways is read as it is seen.")),
    );
    let document = read(&sideways, "a.pdf");
    assert_eq!(part(&document, "body"), "A page that was printed sideways is read as it is seen.");
}

#[test]
fn pdf_cells_that_are_merged_are_one() {
    let line = |x0: u32, y0: u32, x1: u32, y1: u32| format!("{x0} {y0} m {x1} {y1} l S\n");
    let table = [600, 580, 560].iter().map(|y| line(50, *y, 250, *y)).collect::<String>()
        + &line(50, 560, 50, 600)
        + &line(250, 560, 250, 600)
        // The rule between the columns does not pass the first row.
        + &line(150, 560, 150, 580)
        + &text("F1", 11, 55, 586, "One cell over both columns here")
        + &text("F1", 11, 55, 566, "c")
        + &text("F1", 11, 155, 566, "d");
    let document = read(&pdf(&[&table]), "a.pdf");
    assert_eq!(
        blocks(&document, "body"),
        [(BlockKind::Table, "", "One cell over both columns here\t\nc\td")]
    );
}

#[test]
fn pdf_with_a_password_says_so_and_one_without_is_read() {
    let lock = |password: &str| {
        let mut document =
            lopdf::Document::load_mem(&pdf(&[&text("F1", 12, 50, 700, "Under lock.")])).unwrap();
        let id = Object::String(vec![7; 16], StringFormat::Hexadecimal);
        document.trailer.set("ID", vec![id.clone(), id]);
        let version = EncryptionVersion::V2 {
            document: &document,
            owner_password: "owner",
            user_password: password,
            key_length: 128,
            permissions: Permissions::all(),
        };
        let state = EncryptionState::try_from(version).unwrap();
        document.encrypt(&state).unwrap();
        let mut out = Vec::new();
        document.save_to(&mut out).unwrap();
        out
    };
    let error = read_with(&lock("secret"), "a.pdf", &Limits::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::DocumentEncrypted);
    assert_eq!(part(&read(&lock(""), "a.pdf"), "body"), "Under lock.");
}
