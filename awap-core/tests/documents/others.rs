//! The other formats, case by case.

use awap_core::document::BlockKind;

use super::make::{blocks, odt, part, read, with_member};

#[test]
fn odt_lists_notes_and_styles() {
    let list = "<text:list text:style-name=\"L\"><text:list-item><text:p>one</text:p></text:list-item>\
        <text:list-item><text:p>two</text:p></text:list-item></text:list>";
    let body = format!(
        "<text:h text:outline-level=\"2\">Head</text:h><text:p>a<text:s text:c=\"2\"/>b <text:span text:style-name=\"B\">c</text:span>\
         <text:note text:note-class=\"footnote\"><text:note-citation>1</text:note-citation><text:note-body><text:p>Note.</text:p>\
         </text:note-body></text:note></text:p>{list}<table:table><table:table-row><table:table-cell><text:p>x</text:p>\
         </table:table-cell><table:table-cell><text:p>y</text:p></table:table-cell></table:table-row></table:table>\
         <text:p><draw:frame><draw:text-box><text:p>boxed</text:p></draw:text-box><svg:desc>what it shows</svg:desc></draw:frame></text:p>"
    );
    let automatic = "<style:style style:name=\"B\"><style:text-properties fo:font-weight=\"bold\"/></style:style>\
        <text:list-style style:name=\"L\"><text:list-level-style-number text:level=\"1\" style:num-format=\"a\" style:num-suffix=\")\"/>\
        </text:list-style>";
    let styles = "<office:master-styles><style:master-page><style:header><text:p>Top</text:p></style:header>\
        </style:master-page></office:master-styles>";
    let document = read(&odt(&body, automatic, styles), "a.odt");
    assert_eq!(
        blocks(&document, "body"),
        [
            (BlockKind::Heading, "", "Head"),
            (BlockKind::Paragraph, "", "a  b c"),
            (BlockKind::ListItem, "a)", "one"),
            (BlockKind::ListItem, "b)", "two"),
            (BlockKind::Table, "", "x\ty"),
        ]
    );
    assert!(document.parts[0].blocks[1].runs[0].style.bold);
    assert_eq!(blocks(&document, "footnotes"), [(BlockKind::Footnote, "1", "Note.")]);
    let parts = ["header1", "textboxes", "alt_text", "properties"].map(|name| part(&document, name));
    assert_eq!(parts, ["Top", "boxed", "what it shows", "A. Writer"]);
}

/// As `LibreOffice` writes numbered parts with their answers, which have no number, between them.
#[test]
fn odt_lists_that_go_on_after_an_answer() {
    let item = |level: usize, text: &str| {
        "<text:list text:style-name=\"L\" text:continue-numbering=\"true\"><text:list-item>".to_owned()
            + &"<text:list><text:list-item>".repeat(level)
            + &format!("<text:p>{text}</text:p>")
            + &"</text:list-item></text:list>".repeat(level + 1)
    };
    let answer = "<text:p>An answer.</text:p>";
    let body = [
        &item(0, "one"),
        &item(1, "a"),
        answer,
        &item(1, "b"),
        answer,
        &item(0, "two"),
        &item(1, "a"),
        answer,
    ]
    .map(String::from)
    .concat();
    let body = body
        + "<text:list text:style-name=\"L\"><text:list-item><text:p>anew</text:p></text:list-item></text:list>\
           <text:list text:style-name=\"L\"><text:list-item text:start-value=\"7\"><text:p>set</text:p></text:list-item></text:list>";
    let level = |level: u8, format: &str| {
        format!(
            "<text:list-level-style-number text:level=\"{level}\" style:num-format=\"{format}\" style:num-suffix=\")\"/>"
        )
    };
    let automatic =
        format!("<text:list-style style:name=\"L\">{}{}</text:list-style>", level(1, "1"), level(2, "a"));
    let document = read(&odt(&body, &automatic, ""), "a.odt");
    let labels: Vec<_> =
        blocks(&document, "body").into_iter().filter(|(_, label, _)| !label.is_empty()).collect();
    let labels: Vec<_> = labels.iter().map(|(_, label, text)| format!("{label} {text}")).collect();
    assert_eq!(labels, ["1) one", "a) a", "b) b", "2) two", "a) a", "1) anew", "7) set"]);
}

#[test]
fn odt_formulas_stand_in_their_sentence() {
    let content = odt(
        "<text:p>If <draw:frame><draw:object xlink:href=\"./Object 1\"/></draw:frame> holds.</text:p>",
        "",
        "",
    );
    let formula = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\"><semantics><mrow><mi>a</mi><mo>=</mo><mi>b</mi></mrow>\
        <annotation encoding=\"StarMath 5.0\">a = b</annotation></semantics></math>";
    let document = read(&with_member(&content, "Object 1/content.xml", formula), "a.odt");
    assert_eq!(part(&document, "body"), "If a = b holds.");
}

#[test]
fn odt_shapes_of_all_kinds_lie_beside_the_text() {
    for shape in ["polyline", "regular-polygon", "caption", "measure", "line", "custom-shape", "rect"] {
        let text = format!(
            "<text:p>Before. <draw:{shape}><text:p>within</text:p><text:p/></draw:{shape}>And after.</text:p>"
        );
        let document = read(&odt(&text, "", ""), "a.odt");
        assert_eq!(part(&document, "body"), "Before. And after.", "{shape}");
        assert_eq!(part(&document, "textboxes"), "within", "{shape}");
    }
}

#[test]
fn odt_blocks_stand_where_they_begin_and_cells_in_their_column() {
    let note = "<text:note text:note-class=\"footnote\"><text:note-body><text:p>One.</text:p><text:p>Two.</text:p>\
        </text:note-body></text:note>";
    let cell = |columns: u32, rows: u32, text: &str| {
        format!(
            "<table:table-cell table:number-columns-spanned=\"{columns}\" table:number-rows-spanned=\"{rows}\">\
             <text:p>{text}</text:p></table:table-cell>"
        )
    };
    let covered = "<table:covered-table-cell/>";
    let body = format!(
        "<text:p>First.</text:p><text:p>Second{note}.</text:p><table:table>\
         <table:table-row>{}{covered}{}</table:table-row><table:table-row>{}{}{}</table:table-row>\
         <table:table-row>{covered}{}{}</table:table-row></table:table>",
        cell(2, 1, "a"),
        cell(1, 1, "b"),
        cell(1, 2, "c"),
        cell(1, 1, "d"),
        cell(1, 1, "e"),
        cell(1, 1, "f"),
        cell(1, 1, "g"),
    );
    let document = read(&odt(&body, "", ""), "a.odt");
    let lines: Vec<_> = document.parts[0].blocks.iter().map(|b| b.at.and_then(|at| at.line)).collect();
    assert_eq!(lines[..2], [Some(1), Some(2)]);
    let cells = &document.parts[0].blocks[2].cells;
    let cells: Vec<_> =
        cells.iter().map(|c| (&document.parts[0].text[c.start..c.end], c.row, c.column)).collect();
    assert_eq!(
        cells,
        [("a", 0, 0), ("b", 0, 2), ("c", 1, 0), ("d", 1, 1), ("e", 1, 2), ("f", 2, 1), ("g", 2, 2)]
    );
}

#[test]
fn odt_essays_in_a_fixed_width_font_are_prose() {
    let mono = "<style:style style:name=\"M\"><style:text-properties style:font-name=\"Courier New\"/></style:style>";
    let line = |text: &str| format!("<text:p><text:span text:style-name=\"M\">{text}</text:span></text:p>");
    let argument =
        "My manager leads by example (Smith, 2019). She asks before she decides, and says why. ".repeat(3);
    let body = format!(
        "{}{}<text:p><draw:frame><draw:text-box>{}</draw:text-box></draw:frame></text:p>",
        line("Question 1"),
        line(argument.trim()),
        line("boxed")
    );
    let document = read(&odt(&body, mono, ""), "a.odt");
    assert_eq!(
        blocks(&document, "body"),
        [(BlockKind::Heading, "", "Question 1"), (BlockKind::Paragraph, "", argument.trim())]
    );
    assert_eq!(blocks(&document, "textboxes"), [(BlockKind::Paragraph, "", "boxed")]);
    let program = line("for (int i = 0; i &lt; n; i++) { total += values[i]; }").repeat(10);
    assert_eq!(blocks(&read(&odt(&program, mono, ""), "a.odt"), "body").len(), 1);
}

#[test]
fn rtf_text_tables_and_notes() {
    let source = r#"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}{\f1\fcharset238 Arial CE;}{\f2 Courier New;}}
        {\stylesheet{\s1 heading 1;}}{\info{\author A. Writer}{\title T}}
        {\header\pard Top\par}\pard\s1 Head\par\pard caf\'e9 \u8364? {\f1\'e8}{\b bold}\par\pard{\f2 x = 1\par}\pard{\f2 y = 2\par}
        \trowd\pard\intbl a\cell b\cell\row\pard text{\footnote A note.} on\par
        {\field{\*\fldinst HYPERLINK "http://a.example/"}{\fldrslt link}}\par{\*\unknown hidden}}"#;
    let document = read(source.as_bytes(), "a.rtf");
    assert_eq!(
        blocks(&document, "body"),
        [
            (BlockKind::Heading, "", "Head"),
            (BlockKind::Paragraph, "", "café € čbold"),
            (BlockKind::Code, "", "x = 1\ny = 2"),
            (BlockKind::Table, "", "a\tb"),
            (BlockKind::Paragraph, "", "text on"),
            (BlockKind::Paragraph, "", "link"),
        ]
    );
    let parts = ["header1", "footnotes", "links"].map(|name| part(&document, name));
    assert_eq!(parts, ["Top", "A note.", "http://a.example/"]);
    assert_eq!(blocks(&document, "properties")[0], (BlockKind::Property, "author", "A. Writer"));
}

#[test]
fn rtf_fonts_without_groups_have_their_own_names() {
    let source = r"{\rtf1\ansi\ansicpg1252\cocoartf2761
        {\fonttbl\f0\froman\fcharset0 TimesNewRomanPSMT;\f1\ftech\fcharset77 Symbol;\f2\fmodern\fcharset0 Menlo-Regular;\f3\fswiss\fcharset0 ArialMT;}
        \pard\f3\fs24 Question 1\
        Ada Quillfeather wrote \f1 ab\f3  this.\
\f2 x = 1\
\f0 The end.}";
    let document = read(source.as_bytes(), "a.rtf");
    assert_eq!(
        blocks(&document, "body"),
        [
            (BlockKind::Heading, "", "Question 1"),
            (BlockKind::Paragraph, "", "Ada Quillfeather wrote αβ this."),
            (BlockKind::Code, "", "x = 1"),
            (BlockKind::Paragraph, "", "The end."),
        ]
    );
}

#[test]
fn rtf_tables_beside_the_body_are_none_of_the_body() {
    let row = r"\trowd\pard\intbl Ada Quillfeather\cell z7654321\cell TM112 TMA02\cell\row";
    let source = format!(
        r"{{\rtf1{{\header{row}\pard Top\par}}{{\footer{row}}}\pard Essay{{\footnote{row}\pard A note.}} text.\par
        {{\shp{{\shptxt{row}}}}}\trowd\pard\intbl a\cell b\cell\row\pard End.\par}}"
    );
    let document = read(source.as_bytes(), "a.rtf");
    assert_eq!(part(&document, "body"), "Essay text.\n\na\tb\n\nEnd.");
    let line = "Ada Quillfeather\tz7654321\tTM112 TMA02";
    assert_eq!(part(&document, "header1"), format!("{line}\n\nTop"));
    assert_eq!(["footer1", "textboxes"].map(|name| part(&document, name)), [line, line]);
    assert_eq!(part(&document, "footnotes"), format!("{line}\t\nA note."));
}

#[test]
fn rtf_pages_end_paragraphs() {
    let source = r"{\rtf1\pard One\page Question 2\par\page\pard Two\column three\par{\footnote a\page b}}";
    let document = read(source.as_bytes(), "a.rtf");
    assert_eq!(part(&document, "body"), "One\n\nQuestion 2\n\nTwo\n\nthree");
    assert_eq!(part(&document, "footnotes"), "a\nb");
}

#[test]
fn markdown_blocks_and_front_matter() {
    let source = "---\nauthor: A. Writer\n---\n# Head\n\nSome *text*[^1] with `code`\nwrapped.\n\n1. one\n   - inner\n2. two\n\n\
        ```py\nx = 1\n```\n\n| a | b |\n|---|---|\n| c | d |\n\n> said\n\n**Question 2**\n\n[there](http://a.example/) ![cat](c.png)\n\n\
        [^1]: The note.\n";
    let document = read(source.as_bytes(), "a.md");
    assert_eq!(
        blocks(&document, "body"),
        [
            (BlockKind::Heading, "", "Head"),
            (BlockKind::Paragraph, "", "Some text with code wrapped."),
            (BlockKind::ListItem, "1.", "one"),
            (BlockKind::ListItem, "•", "inner"),
            (BlockKind::ListItem, "2.", "two"),
            (BlockKind::Code, "", "x = 1"),
            (BlockKind::Table, "", "a\tb\nc\td"),
            (BlockKind::Quote, "", "said"),
            (BlockKind::Heading, "", "Question 2"),
            (BlockKind::Paragraph, "", "there"),
            (BlockKind::Figure, "", ""),
        ]
    );
    let parts = ["footnotes", "properties", "links", "alt_text"].map(|name| part(&document, name));
    assert_eq!(parts, ["The note.", "A. Writer", "http://a.example/\n\nc.png", "cat"]);
}

#[test]
fn markdown_between_rules_is_text() {
    let source = "# TMA 01\n\nAnswer to question 1.\n\n---\n## Question 2\n\nA long answer: it has\nseveral lines.\n\n---\n\
        ## Question 3\n\nThe answer.\n\n+++\nand\n+++\n";
    let document = read(source.as_bytes(), "a.md");
    assert_eq!(
        part(&document, "body"),
        "TMA 01\n\nAnswer to question 1.\n\nQuestion 2\n\nA long answer: it has several lines.\n\nQuestion 3\n\n\
         The answer.\n\n+++ and +++"
    );
    assert_eq!(part(&document, "properties"), "");
    // Nor is it anything else where the file begins with a rule.
    for (source, body, properties) in [
        (
            "---\nMy answer begins here.\n\n---\nIt ends here.\n",
            "My answer begins here.\n\nIt ends here.",
            "",
        ),
        ("---\n\n# Question 1\n\n---\n", "Question 1", ""),
        (
            "---\nName: A. Writer\n\n# Question 1\n\n---\nText.\n",
            "Name: A. Writer\n\nQuestion 1\n\nText.",
            "",
        ),
        ("---\nauthor: A. Writer\ntags:\n  - a\n\n# none\n", "author: A. Writer\ntags:\n\na\n\nnone", ""),
        (
            "+++\nauthor = \"A. Writer\"\n\n[extra]\n# none\nn = 1\n+++\nText.\n",
            "Text.",
            "A. Writer\n\n[extra]\n\n# none\n\n1",
        ),
        ("---\r\ntitle: >\r\n  Trees\r\n...\r\nText.", "Text.", "Trees"),
    ] {
        let document = read(source.as_bytes(), "a.md");
        assert_eq!((part(&document, "body"), part(&document, "properties")), (body, properties), "{source}");
    }
    let lines: Vec<_> =
        read(b"---\na: b\n---\nText.\n", "a.md").parts[0].blocks.iter().filter_map(|b| b.at?.line).collect();
    assert_eq!(lines, [4]);
}
