//! A rewritten DOCX: no trace of the student in any member of the archive, the same words but those replaced, and a file
//! that `LibreOffice` opens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use awap_core::anonymize::{Anonymized, Options};
use awap_core::{Deadline, Engine, ErrorCode, Submission};
use base64::Engine as _;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::STANDARD;

/// The fixture TMAs that are DOCX: what the host knows of the student, and the file.
fn fixtures() -> Vec<(Value, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/tmas");
    let mut found = Vec::new();
    for folder in fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        let tma: Value = serde_json::from_slice(&fs::read(folder.join("tma.json")).unwrap()).unwrap();
        let file = folder.join(tma["file"].as_str().unwrap());
        if file.extension().is_some_and(|e| e == "docx") {
            found.push((tma, file));
        }
    }
    assert!(!found.is_empty());
    found
}

fn rewritten(tma: &Value, file: &Path, options: &Options) -> awap_core::Result<Anonymized> {
    let name = file.file_name().unwrap().to_str().unwrap();
    rewritten_bytes(tma, name, &fs::read(file).unwrap(), options)
}

fn rewritten_bytes(
    tma: &Value,
    name: &str,
    bytes: &[u8],
    options: &Options,
) -> awap_core::Result<Anonymized> {
    let data = json!({
        "student_id": tma["student_id"], "student": tma["student"], "assignment_id": tma["assignment_id"],
        "content": {"attachments": [{"filename": name, "data_base64": BASE64.encode(bytes)}]},
    });
    let engine = Engine::new()?;
    let tma = Submission::from_value(data, engine.limits())?;
    engine.anonymize(tma, options, &Deadline::never())
}

fn options() -> Options {
    Options { rewrite: true, ..Options::default() }
}

#[test]
fn no_member_names_the_student_and_the_words_are_the_same() {
    for (tma, file) in fixtures() {
        let result = rewritten(&tma, &file, &options()).unwrap();
        let document = &result.tma.content.documents[0];
        assert_eq!(result.rewritten.len(), 1, "{}: {:?}", file.display(), document.warnings);
        let bytes = BASE64.decode(&result.rewritten[0].data_base64).unwrap();
        let again = json!({"content": {"attachments": [{"data_base64": result.rewritten[0].data_base64}]}});
        let engine = Engine::new().unwrap();
        let parsed = engine
            .anonymize(
                Submission::from_value(again, engine.limits()).unwrap(),
                &Options { report_only: true, ..Options::default() },
                &Deadline::never(),
            )
            .unwrap();
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (before, after) = (&document.parts[0], &parsed.tma.content.documents[0].parts[0]);
        assert_eq!(words(&before.text), words(&after.text), "{}", file.display());

        let id = tma["student_id"].as_str().unwrap();
        let email = tma["student"]["email"].as_str().unwrap_or(id);
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        for i in 0..archive.len() {
            let mut member = archive.by_index(i).unwrap();
            let name = member.name().unwrap().into_owned();
            assert!(!name.contains("thumbnail") && !name.starts_with("customXml"), "{name}");
            let mut text = Vec::new();
            member.read_to_end(&mut text).unwrap();
            let text = String::from_utf8_lossy(&text);
            for secret in [id, email] {
                assert!(!text.contains(secret), "{name} of {}", file.display());
            }
            assert!(!text.contains("w:rsid"), "{name} of {}", file.display());
        }
    }
}

#[test]
fn libreoffice_opens_what_was_rewritten() {
    let Ok(version) = Command::new("soffice").arg("--version").output() else {
        println!("skipped: soffice is not installed");
        return;
    };
    assert!(version.status.success());
    let folder = tempfile::tempdir().unwrap();
    let (tma, file) = fixtures().remove(0);
    let result = rewritten(&tma, &file, &options()).unwrap();
    let docx = folder.path().join("tma.docx");
    fs::write(&docx, BASE64.decode(&result.rewritten[0].data_base64).unwrap()).unwrap();
    let profile = format!("-env:UserInstallation=file://{}", folder.path().join("profile").display());
    let status = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", "txt:Text (encoded):UTF8", "--outdir"])
        .args([folder.path(), docx.as_path()])
        .output()
        .unwrap();
    assert!(status.status.success());
    let text = fs::read_to_string(folder.path().join("tma.txt")).unwrap();
    assert!(text.contains("[STUDENT]"));
    assert!(text.split_whitespace().count() > 100);
}

#[test]
fn what_cannot_be_asked_for_is_refused() {
    let (tma, file) = fixtures().remove(0);
    for (options, path) in [
        (Options { keep: vec!["NAMES".into()], ..Options::default() }, "options.keep[0]"),
        (Options { report_only: true, ..options() }, "options.rewrite"),
    ] {
        let error = rewritten(&tma, &file, &options).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidInput);
        assert_eq!(error.details()["path"], path);
    }
}

const NAMESPACES: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" \
    xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\"";

/// A DOCX with this body and these further members; `$` in them stands for the namespaces.
fn docx(body: &str, members: &[(&str, &str)]) -> Vec<u8> {
    let kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"{kind}/officeDocument\" Target=\"word/document.xml\"/></Relationships>"
    );
    let own = format!(
        "<Relationships><Relationship Id=\"h1\" Type=\"{kind}/header\" Target=\"header1.xml\"/></Relationships>"
    );
    let document = format!("<w:document $><w:body>{body}</w:body></w:document>");
    let usual = [
        ("_rels/.rels", package.as_str()),
        ("word/_rels/document.xml.rels", own.as_str()),
        ("word/document.xml", document.as_str()),
    ];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in usual.iter().chain(members) {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.replace('$', NAMESPACES).as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The members of what was rewritten; none where it was withheld.
fn members(result: &Anonymized) -> Option<Vec<(String, String)>> {
    let bytes = BASE64.decode(&result.rewritten.first()?.data_base64).unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let read = (0..archive.len()).map(|i| {
        let mut member = archive.by_index(i).unwrap();
        let mut text = Vec::new();
        member.read_to_end(&mut text).unwrap();
        (member.name().unwrap().into_owned(), String::from_utf8_lossy(&text).into_owned())
    });
    Some(read.collect())
}

fn p(text: &str) -> String {
    format!("<w:p><w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r></w:p>")
}

#[test]
fn no_string_of_a_rewritten_file_names_the_student_whoever_reads_it() {
    let tma = json!({"student_id": "A1234567", "student": {"name": "Kofi O'Mensah"}});
    for (name, content) in [
        // A watermark, as Word writes it.
        (
            "word/header1.xml",
            "<w:hdr $><w:p><w:r><w:pict><v:shape id=\"PowerPlusWaterMarkObject1\" type=\"#_x0000_t136\">\
             <v:textpath style=\"font-family:Calibri\" string=\"Kofi O'Mensah A1234567 kofi@example.org\"/></v:shape>\
             </w:pict></w:r></w:p></w:hdr>",
        ),
        (
            "word/diagrams/data1.xml",
            "<d:m><d:t><a:bodyPr/><a:p><a:r><a:t>KOFI’s plan</a:t></a:r></a:p></d:t></d:m>",
        ),
        ("word/charts/chart1.xml", "<c:c><c:v>Marks of O&apos;Mensah</c:v></c:c>"),
        (
            "word/glossary/document.xml",
            "<w:d $><w:p><w:r><w:t>by</w:t><w:br/><w:t>Kofi</w:t></w:r></w:p></w:d>",
        ),
        (
            "word/glossary/document.xml",
            "<w:d $><w:p><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r>\
             <w:r><w:instrText>INCLUDEPICTURE \"C:\\Users\\kofi_o'mensah\\a.png\"</w:instrText></w:r></w:p></w:d>",
        ),
        (
            "word/header1.xml",
            "<w:hdr $><w:p><pic:cNvPr id=\"1\" name=\"kofi_omensah_photo.jpg\"/></w:p></w:hdr>",
        ),
        ("word/header1.xml", "<w:hdr $><w:p><pic:cNvPr id=\"1\" name=\"komensah2024.jpg\"/></w:p></w:hdr>"),
        (
            "word/glossary/document.xml",
            "<w:d $><w:p><w:r><w:instrText>INCLUDEPICTURE \"C:\\Users\\komensah\\a.png\"</w:instrText></w:r></w:p></w:d>",
        ),
        (
            "word/_rels/header1.xml.rels",
            "<Relationships><Relationship Id=\"a\" Type=\"x/image\" TargetMode=\"External\" \
             Target=\"file:///C:\\Users\\Kofi%20OMensah\\a.png\"/></Relationships>",
        ),
        ("word/header1.xml", "<w:hdr $><w:p><v:shape o:gfxdata=\"S29maSBPJ01lbnNhaA==\"/></w:p></w:hdr>"),
        (
            "word/_rels/header1.xml.rels",
            "<Relationships><Relationship Id=\"a\" Type=\"x/image\" TargetMode=\"External\" \
             Target=\"file:///C:\\Users\\Kofi\\a.png\"/></Relationships>",
        ),
        (
            "word/numbering.xml",
            "<w:numbering $><w:abstractNum w:abstractNumId=\"0\"><w:lvl w:ilvl=\"0\">\
             <w:lvlText w:val=\"Answer by Kofi %1\"/></w:lvl></w:abstractNum></w:numbering>",
        ),
        ("word/documenttasks/documenttasks1.xml", "<t:Tasks><t:Assign userName=\"Kofi\"/></t:Tasks>"),
        ("word/header1.xml", "<w:hdr $><w:permStart w:id=\"1\" w:ed=\"kofi\"/></w:hdr>"),
        ("word/header1.xml", "<w:hdr $><w:listItem w:displayText=\"Kofi\" w:value=\"kofi\"/></w:hdr>"),
        (
            "word/styles.xml",
            "<w:styles $><w:style w:type=\"paragraph\" w:styleId=\"Kofi\"><w:name w:val=\"Kofi's own\"/>\
             <w:rPr><w:rFonts w:ascii=\"Kofi Hand\"/></w:rPr></w:style></w:styles>",
        ),
    ] {
        let file = docx(&p("An essay of some words."), &[(name, content)]);
        let result = rewritten_bytes(&tma, "a.docx", &file, &options()).unwrap();
        let Some(members) = members(&result) else { panic!("withheld: {content}") };
        for (name, text) in members {
            for secret in ["kofi", "mensah", "a1234567", "gfxdata", "example.org"] {
                assert!(!text.to_lowercase().contains(secret), "{name}: {text}");
            }
        }
    }
}

#[test]
fn a_file_that_cannot_be_cleaned_is_withheld() {
    let tma = json!({"student": {"name": "Kofi Mensah"}});
    for (name, content) in [
        ("word/media/kofi.png", "a picture"),
        ("word/header1.xml", "<w:hdr $><x:note x:by=\"Kofi\"/></w:hdr>"),
    ] {
        let file = docx(&p("An essay of some words."), &[(name, content)]);
        let result = rewritten_bytes(&tma, "a.docx", &file, &options()).unwrap();
        assert!(result.rewritten.is_empty(), "{content}");
        assert_eq!(result.tma.content.documents[0].warnings[0].code, "not_rewritten");
    }
}

#[test]
fn a_name_is_found_however_a_path_spells_it() {
    for (name, written) in [
        ("Jan van den Berg", "C:\\Users\\vandenberg\\a.png"),
        ("Jan van den Berg", "vandenberg.jpg"),
        ("Siân O'Neill", "oneill2024.jpg"),
        ("Siân O'Neill", "C:\\Users\\neill\\a.png"),
        ("Jan Mueller", "Müller.jpg"),
        ("Grace Page", "C:\\Users\\Grace\\a.png"),
        ("Grace Page", "file:///Users/grace/a.png"),
        ("Jack Turner", "jack.jpg"),
        ("Kim Osei", "kim2024.jpg"),
        ("Bo Li", "C:\\Users\\Li\\a.png"),
    ] {
        let picture = format!("<w:hdr $><w:p><pic:cNvPr id=\"1\" name=\"{written}\"/></w:p></w:hdr>");
        let file = docx(&p("An essay of some words."), &[("word/header1.xml", &picture)]);
        let result =
            rewritten_bytes(&json!({"student": {"name": name}}), "a.docx", &file, &options()).unwrap();
        let Some(members) = members(&result) else { panic!("withheld: {name}") };
        let (_, header) = members.iter().find(|(name, _)| name == "word/header1.xml").unwrap();
        assert!(header.contains("[STUDENT]") && !header.contains(written), "{name}: {header}");
    }
}

#[test]
fn numbers_and_fields_of_word_are_not_taken_for_a_name() {
    for name in ["Ed Smith", "Ada Dee", "Maria Sá", "Grace Page"] {
        let page = "<w:hdr $><w:p w14:paraId=\"3E1ED4F7\" w14:textId=\"1ADA2DEE\"><w:r><w:rPr><w:lang w:bidi=\"ar-SA\"/></w:rPr>\
            <w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText> PAGE   \\* MERGEFORMAT </w:instrText></w:r>\
            <w:r><w:fldChar w:fldCharType=\"end\"/></w:r></w:p></w:hdr>";
        let file = docx(&p("An essay of some words."), &[("word/header1.xml", page)]);
        let result =
            rewritten_bytes(&json!({"student": {"name": name}}), "a.docx", &file, &options()).unwrap();
        let Some(members) = members(&result) else { panic!("withheld: {name}") };
        let (_, header) = members.iter().find(|(name, _)| name == "word/header1.xml").unwrap();
        for part in ["PAGE   \\* MERGEFORMAT", "3E1ED4F7", "ar-SA"] {
            assert!(header.contains(part), "{name}: {header}");
        }
    }
}

#[test]
fn the_words_of_the_markup_and_cited_namesakes_are_no_reason_to_withhold_a_file() {
    let tma = json!({"student": {"name": "Latha Roman", "given_name": "Latha", "family_name": "Roman"}});
    let body = [
        p("By Latha Roman"),
        p("Care is a relation (Roman, 2019), as Roman (2019) says."),
        // A line with a break and one with a field: neither is one line of the text.
        "<w:p><w:r><w:t>So Roman (2019) says.</w:t><w:br/><w:t>Others differ.</w:t></w:r></w:p>".to_owned(),
        "<w:p><w:r><w:t xml:space=\"preserve\">Roman (2019, p. </w:t></w:r><w:r><w:fldChar w:fldCharType=\"begin\"/></w:r>\
         <w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:fldChar w:fldCharType=\"separate\"/></w:r>\
         <w:r><w:t>4</w:t></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r><w:r><w:t>) says so.</w:t></w:r></w:p>"
            .to_owned(),
        p("References"),
        p("Roman, K. (2019) Care at work. London: Harbour Press."),
    ]
    .concat();
    let theme = "<a:theme name=\"Office\"><a:font script=\"Taml\" typeface=\"Latha\"/><a:latin typeface=\"Times New Roman\"/></a:theme>";
    let fonts =
        "<w:fonts $><w:font w:name=\"Times New Roman\"><w:family w:val=\"roman\"/></w:font></w:fonts>";
    let file = docx(&body, &[("word/theme/theme1.xml", theme), ("word/fontTable.xml", fonts)]);
    let result = rewritten_bytes(&tma, "a.docx", &file, &options()).unwrap();
    let members = members(&result).expect("it is given back");
    let text = |name: &str| &members.iter().find(|(member, _)| member == name).unwrap().1;
    let document = text("word/document.xml");
    assert!(document.contains("By [STUDENT]") && !document.contains("Latha"), "{document}");
    assert_eq!(document.matches("Roman").count(), 5, "{document}");
    assert!(text("word/theme/theme1.xml").contains("typeface=\"Latha\""));
    assert!(text("word/fontTable.xml").contains("Times New Roman"));
}
