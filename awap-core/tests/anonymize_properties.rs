//! Generated names of many cultures, planted everywhere in every variant: none survives, and nothing is ever refused.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::collections::BTreeMap;

use awap_core::anonymize::{Options, PseudonymKey};
use awap_core::document::{Block, BlockKind, Cell, Document, Format, Part, PartKind, Run, RunStyle};
use awap_core::{Deadline, Error, Limits, Submission};
use proptest::prelude::*;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

const GIVEN: &[&str] = &[
    "Zanele",
    "Siân",
    "Łukasz",
    "José",
    "Nguyên",
    "Xiaoming",
    "Óscar",
    "Oluwaseun",
    "Bronagh",
    "Ming-Tse",
    "Jean-Luc",
    "Anaïs",
    "Þórdís",
    "Søren",
    "Māra",
    "Ayşegül",
    "Ioana",
    "Mu'adh",
    "Ngozi",
    "Hyun-woo",
    "Wiremu",
    "Đorđe",
    "Zoë",
    "D'Andre",
    "Nils",
    "Xóchitl",
    "Rhiannon",
    "Kwabena",
    "Parvati",
    "Yevgeniya",
];
const FAMILY: &[&str] = &[
    "Dube-Marsden",
    "O'Hanlon",
    "O’Shaughnessy",
    "Mensah",
    "Kowalczyk",
    "van der Velde",
    "al-Khatib",
    "de la Cruzado",
    "Nguyễn",
    "Ó Briain",
    "Wójcik",
    "Þorsteinsdóttir",
    "Papadopoulou",
    "Ramanathan",
    "St. Aubyn",
    "bin Rashidi",
    "Macdonnell",
    "Ødegaard",
    "Großmann",
    "García Lorquez",
    "Tshabalala",
    "Abdulrahmanov",
    "Petrović",
    "ap Gwilym",
    "Fitzsimmons-Oyelaran",
    "D'Angelino",
    "Zhangwei",
    "Tūhoe",
];
/// Names that are words: only their unambiguous forms must go.
const WORDS: &[(&str, &str)] =
    &[("Will", "Grace"), ("May", "Young"), ("Hope", "Black"), ("Li", "Wei"), ("Grace", "Hill")];

/// The ways in which a name is written.
fn variants(given: &str, family: &str) -> Vec<String> {
    let initial: String = given.chars().take(1).collect();
    let plain = |s: &str| s.nfd().filter(|c| !is_combining_mark(*c)).collect::<String>();
    let joined = |s: &str| s.replace([' ', '-', '\'', '’', '.'], "");
    let under = |s: &str| s.replace([' ', '-'], "_");
    vec![
        format!("{given} {family}"),
        format!("{family}, {given}"),
        format!("{family} {given}"),
        format!("{given} {family}").to_uppercase(),
        format!("{given} {family}").to_lowercase(),
        plain(&format!("{given} {family}")),
        format!("{given}\n{family}"),
        format!("{given}   {family}"),
        format!("{given}\u{a0}{family}"),
        format!("{given} {family}").replace(['\'', '’'], "’").replace('-', "\u{2011}"),
        format!("{initial}. {family}"),
        format!("{initial} {family}"),
        format!("{family}, {initial}."),
        format!("Dr {given} {family}"),
        format!("Ms {family}"),
        format!("{given} {family}’s"),
        format!("{given}'s"),
        format!("{family}'s"),
        given.to_owned(),
        family.to_owned(),
        family.to_uppercase(),
        given.split_at(given.char_indices().nth(2).map_or(0, |(i, _)| i)).0.to_owned()
            + "\u{200b}"
            + given.split_at(given.char_indices().nth(2).map_or(0, |(i, _)| i)).1,
        format!("{}_{}", under(given), under(family)),
        format!("{}.{}", joined(given), joined(family)).to_lowercase(),
        format!("{}{}", joined(given), joined(family)),
        format!("{}{}", joined(&plain(given)), joined(&plain(family))).to_lowercase(),
        format!("{}{}99", joined(&plain(family)), joined(&plain(given))).to_lowercase(),
        format!("{}.{}@mail.example", joined(&plain(given)), joined(&plain(family))).to_lowercase(),
        format!("https://pages.example/{}-{}", joined(&plain(given)), joined(&plain(family))).to_lowercase(),
        format!("TM112_TMA01_{}_{}_final.docx", joined(given), joined(family)),
    ]
}

/// Texts around a planted name.
const FRAMES: &[(&str, &str)] = &[
    ("", ""),
    ("Written by ", " in a hurry."),
    ("As I said, ", " was late and went home."),
    ("The form (", ") was signed."),
    ("see also ", ", and the rest of it"),
    ("Question 1\n\nThe tree falls.\n\n", "\n\nThe end."),
    ("“", "”"),
];

fn student(given: &str, family: &str) -> Value {
    json!({"name": format!("{given} {family}"), "given_name": given, "family_name": family})
}

fn part(kind: PartKind, name: &str, text: String, label: Option<String>) -> Part {
    let table = kind == PartKind::Body && text.contains('\t');
    let style = RunStyle { bold: true, ..RunStyle::default() };
    let middle = (0..=text.len() / 2).rev().find(|i| text.is_char_boundary(*i)).unwrap_or_default();
    let block = Block {
        kind: if table { BlockKind::Table } else { BlockKind::Paragraph },
        level: None,
        label,
        start: 0,
        end: text.len(),
        // A run boundary in the middle of whatever stands there.
        runs: vec![Run { start: 0, end: middle, style }, Run { start: middle, end: text.len(), style }],
        cells: if table { vec![Cell { row: 0, column: 0, start: 0, end: middle }] } else { Vec::new() },
        at: None,
    };
    Part { name: name.to_owned(), kind, text, blocks: vec![block] }
}

/// A TMA with `text` in every place a string can stand.
fn everywhere(student_id: &str, student: &Value, text: &str) -> Value {
    let parts = vec![
        part(PartKind::Body, "body", format!("Intro.\n\n{text}\n\nMore."), None),
        part(PartKind::Body, "table", format!("Name\t{text}\nMark\t3"), None),
        part(PartKind::Header, "header1", text.to_owned(), None),
        part(PartKind::Footnote, "footnotes", format!("Note: {text}"), None),
        part(PartKind::Comment, "comments", text.to_owned(), Some(text.to_owned())),
        part(PartKind::Property, "properties", text.to_owned(), Some("title".to_owned())),
    ];
    let document = Document {
        source: "content.attachments[0]".to_owned(),
        format: Format::Docx,
        filename: Some(format!("{}.docx", text.replace(['/', '\n'], "_"))),
        parts,
        warnings: Vec::new(),
    };
    json!({
        "tma_id": format!("id {text}"), "student_id": student_id, "student": student,
        "content": {
            "text": text,
            "answers": [{"question": "1(a)", "text": format!("x {text} y"), "extra": {"deep": [text]}}],
            "documents": [document],
            "more": text,
        },
        "notes": {"tutor": text, text: [1, {"x": text}]},
    })
}

fn anonymize(data: Value) -> Result<Value, Error> {
    anonymize_with(&Options::default(), data)
}

/// With surrogates in the place of placeholders.
fn surrogate(data: Value) -> Result<Value, Error> {
    anonymize_with(&Options { surrogates: true, ..Options::default() }, data)
}

fn anonymize_with(options: &Options, data: Value) -> Result<Value, Error> {
    let key = PseudonymKey::from_hex(&"cd".repeat(32))?;
    let tma = Submission::from_value(data, &Limits::default())?;
    let result = awap_core::anonymize::anonymize(tma, options, &key, &Limits::default(), &Deadline::never())?;
    Ok(serde_json::to_value(result).unwrap())
}

/// Letters and digits alone, without marks and case.
fn bare(text: &str) -> String {
    text.nfkd()
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|c| !is_combining_mark(*c) && c.is_alphanumeric())
        .collect()
}

/// All strings of a result, bare, one a line.
fn strings(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push_str(&bare(text));
            out.push('\n');
        }
        Value::Array(list) => list.iter().for_each(|v| strings(v, out)),
        Value::Object(map) => {
            for (key, value) in map {
                out.push_str(&bare(key));
                out.push('\n');
                strings(value, out);
            }
        }
        _ => {}
    }
}

/// Parts of a name long enough to be looked for as a mere run of letters.
fn traces(name: &str) -> Vec<String> {
    name.split([' ', '-']).map(bare).filter(|p| p.chars().count() >= 4).collect()
}

fn assert_clean(result: &Value, names: &[&str]) -> Result<(), TestCaseError> {
    let mut all = String::new();
    strings(result, &mut all);
    for trace in names.iter().flat_map(|n| traces(n)) {
        let line = all.lines().find(|l| l.contains(&trace));
        prop_assert!(line.is_none(), "{} survives in {:?}", trace, line);
    }
    Ok(())
}

/// Blocks, runs and cells lie on character boundaries of their part, in order.
fn assert_spans_fit(result: &Value) -> Result<(), TestCaseError> {
    let documents: Vec<Document> = serde_json::from_value(result["content"]["documents"].clone()).unwrap();
    for part in documents.iter().flat_map(|d| &d.parts) {
        for block in &part.blocks {
            prop_assert!(part.text.get(block.start..block.end).is_some());
            let mut last = block.start;
            for run in &block.runs {
                prop_assert!(
                    run.start >= last && run.end <= block.end && part.text.get(run.start..run.end).is_some()
                );
                last = run.end;
            }
            prop_assert!(block.cells.iter().all(|c| part.text.get(c.start..c.end).is_some()));
        }
    }
    Ok(())
}

/// No word holds a part of a name. Two words beside one another may: surrogates stand beside any word.
fn assert_no_word_of(result: &Value, names: &[&str]) -> Result<(), TestCaseError> {
    let all = serde_json::to_string(result).unwrap().replace(['\u{200b}', '’', '\''], "");
    let words: Vec<String> = all.split(|c: char| !c.is_alphanumeric()).map(bare).collect();
    for trace in names.iter().flat_map(|n| n.split(['\'', '’'])).flat_map(traces) {
        let word = words.iter().find(|w| w.contains(&trace));
        prop_assert!(word.is_none(), "{} survives in {:?}", trace, word);
    }
    Ok(())
}

/// One stretch of the text that was written alike stands for alike, and for nothing of itself.
fn assert_one_for_one(text: &str, result: &Value) -> Result<(), TestCaseError> {
    let mut stands: BTreeMap<String, String> = BTreeMap::new();
    for replacement in result["anonymization"]["replacements"].as_array().unwrap() {
        if replacement["part"] != "content.text" {
            continue;
        }
        let at = |field: &str| usize::try_from(replacement[field].as_u64().unwrap()).unwrap();
        let (original, placeholder) =
            (&text[at("start")..at("end")], replacement["placeholder"].as_str().unwrap());
        let body = result["content"]["text"].as_str().unwrap();
        prop_assert_eq!(&body[at("result_start")..at("result_end")], placeholder);
        prop_assert!(bare(original) != bare(placeholder), "{} stands for itself", original);
        let before = stands.insert(original.to_owned(), placeholder.to_owned());
        prop_assert!(before.is_none_or(|b| b == placeholder), "two for {}", original);
    }
    Ok(())
}

/// How many names are planted: few in the suite, as many as `AWAP_IDENTITY_CASES` says in a long run.
fn cases() -> u32 {
    std::env::var("AWAP_IDENTITY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(192)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn no_variant_of_a_known_name_survives_anywhere(
        given in prop::sample::select(GIVEN), family in prop::sample::select(FAMILY),
        which in 0usize..30, frame in prop::sample::select(FRAMES),
    ) {
        let variants = variants(given, family);
        let variant = &variants[which % variants.len()];
        let text = format!("{}{variant}{}", frame.0, frame.1);
        let result = anonymize(everywhere("A7654321", &student(given, family), &text)).unwrap();
        assert_clean(&result, &[given, family])?;
        assert_spans_fit(&result)?;
    }

    #[test]
    fn what_stands_in_brackets_beside_a_name_is_the_student_too(
        given in prop::sample::select(GIVEN), family in prop::sample::select(FAMILY),
        beside in prop::sample::select(GIVEN), which in 0usize..30, form in 0usize..5,
        frame in prop::sample::select(FRAMES),
    ) {
        let name = [
            format!("{given} ({beside}) {family}"),
            format!("{given} {family} (née {beside})"),
            format!("{given} {family} [{beside}, she/her]"),
            format!("{given} {family} （{beside}）"),
            format!("{given} {family} ({beside}) <kd417@mail.example>"),
        ];
        let student = json!({ "name": name[form] });
        let variant = &variants(given, family)[which];
        let text = format!("{}{variant}{}\nCalled {beside} by all, kd417 by the rest.", frame.0, frame.1);
        let result = anonymize(everywhere("A7654321", &student, &text)).unwrap();
        assert_clean(&result, &[given, family, beside])?;
        // By itself it is somebody's only where it begins with the student's initials.
        prop_assert!(form != 4 || !result.to_string().contains("kd417"));
    }

    #[test]
    fn surrogates_are_nobodys_and_the_same_throughout(
        given in prop::sample::select(GIVEN), family in prop::sample::select(FAMILY),
        first in 0usize..30, second in 0usize..30, frame in prop::sample::select(FRAMES),
    ) {
        let variants = variants(given, family);
        let text = format!("{}{}{} and {} again", frame.0, variants[first], frame.1, variants[second]);
        let tma = everywhere("A7654321", &student(given, family), &text);
        let result = surrogate(tma.clone()).unwrap();
        assert_no_word_of(&result, &[given, family])?;
        assert_spans_fit(&result)?;
        prop_assert_eq!(&result, &surrogate(tma.clone()).unwrap());
        // What is found is the same, whatever stands there then.
        let plain = anonymize(tma).unwrap();
        prop_assert_eq!(&plain["anonymization"]["counts"], &result["anonymization"]["counts"]);
        assert_one_for_one(&text, &result)?;
        let again = surrogate(result);
        prop_assert!(again.is_ok(), "{:?}", again.err());
    }

    #[test]
    fn names_that_are_words_go_in_their_full_forms(
        (given, family) in prop::sample::select(WORDS), which in 0usize..7, frame in prop::sample::select(FRAMES),
    ) {
        let initial = &given[..1];
        let variant = [
            format!("{given} {family}"), format!("{family}, {given}"), format!("{given} {family}").to_uppercase(),
            format!("{initial}. {family}"), format!("Mr {given} {family}"), format!("{given}_{family}"),
            format!("{given}{family}tma02").to_lowercase(),
        ][which].clone();
        let text = format!("{}{variant}{}", frame.0, frame.1);
        let result = anonymize(everywhere("A7654321", &student(given, family), &text)).unwrap();
        let body = result["content"]["text"].as_str().unwrap().to_owned();
        prop_assert!(!body.to_lowercase().contains(&variant.to_lowercase()), "{}", body);
        prop_assert!(body.contains("[STUDENT]"), "{}", body);
    }

    #[test]
    fn accounts_and_files_made_of_the_name_do_not_survive(
        given in prop::sample::select(GIVEN), family in prop::sample::select(FAMILY),
        which in 0usize..5, frame in prop::sample::select(FRAMES),
    ) {
        let plain = |s: &str| {
            let letters = s.nfd().filter(|c| !is_combining_mark(*c) && c.is_alphabetic());
            letters.collect::<String>().to_lowercase()
        };
        let (first, last) = (plain(given), plain(family));
        let initial: String = first.chars().take(1).collect();
        let made = [
            format!("{initial}{last}"),
            format!("{last}{initial}"),
            format!("{last}tma02"),
            format!("{first}essay2"),
            format!("tma02{initial}{last}"),
        ][which].clone();
        // A name of its own, and as likely somebody else's.
        prop_assume!(made != "petrovich" && made != "vandervelden");
        let text = format!("{}{made}{}", frame.0, frame.1);
        let data = json!({
            "student_id": "A7654321", "student": student(given, family),
            "content": {"text": text, "documents": [{
                "source": "content.attachments[0]", "format": "docx", "filename": format!("{made}.docx"), "parts": [],
            }]},
        });
        assert_clean(&anonymize(data).unwrap(), &[given, family])?;
    }

    #[test]
    fn values_of_the_student_do_not_survive(
        letter in "[A-Z]", digits in "[1-9][0-9]{6}", local in "[a-z]{3,6}[._]?[a-z]{4,7}[0-9]{1,3}",
        user in "[a-z]{2,3}[0-9]{2,5}", frame in prop::sample::select(FRAMES), which in 0usize..6,
    ) {
        let email = format!("{local}@mail.example");
        let id = format!("{letter}{digits}");
        let planted = [id.clone(), id.to_lowercase(), digits.clone(), email.clone(), email.to_uppercase(), format!("user {user}")][which].clone();
        let text = format!("{}{planted}{}", frame.0, frame.1);
        let student = json!({"email": email, "username": user, "number": digits});
        let result = anonymize(everywhere(&id, &student, &text)).unwrap();
        let mut all = String::new();
        let mut result = result;
        // The pseudonym is hexadecimal and may hold any digits.
        result["student_id"] = Value::Null;
        result["anonymization"]["pseudonym"] = Value::Null;
        strings(&result, &mut all);
        let secret = [&digits, &digits, &digits, &bare(&local), &bare(&local), &user][which].clone();
        prop_assert!(!all.contains(&secret), "{} in {}", secret, all);
    }

    #[test]
    fn nothing_is_refused_and_nothing_breaks(
        given in "[A-Z][a-z]{0,8}", family in "[A-Z][a-z]{0,5}([ '-][A-Z][a-z]{1,5})?",
        words in prop::collection::vec("([A-Za-z]{1,9}|[0-9]{1,9}|[.,;:@/_'()\\[\\]\\n\\t-]{1,3}|\\PC{1,4})", 0..60),
        plant in prop::collection::vec((0usize..60, 0usize..30), 0..6),
    ) {
        let variants = variants(&given, &family);
        let mut words = words;
        for (at, which) in plant {
            let at = at.min(words.len());
            words.insert(at, variants[which % variants.len()].clone());
        }
        let text = words.join(" ");
        let result = anonymize(everywhere("A7654321", &student(&given, &family), &text));
        prop_assert!(result.is_ok(), "{:?}", result.err());
        let result = result.unwrap();
        assert_spans_fit(&result)?;
        let again = anonymize(result.clone());
        prop_assert!(again.is_ok());
        let tma = everywhere("A7654321", &student(&given, &family), &text);
        let stood_for = surrogate(tma);
        prop_assert!(stood_for.is_ok(), "{:?}", stood_for.err());
        assert_spans_fit(stood_for.as_ref().unwrap())?;
        let again = surrogate(stood_for.unwrap());
        prop_assert!(again.is_ok(), "{:?}", again.err());
    }

    #[test]
    fn a_name_on_the_cover_is_found_in_the_text(
        given in prop::sample::select(GIVEN), family in prop::sample::select(FAMILY), which in 0usize..18,
        cover in prop::sample::select(&["Name: {}\nPI: C7654321\nTM112 TMA 02", "{}\nC7654321\nTM112", "Student name\t{}\nModule\tTM112"][..]),
    ) {
        let name = format!("{given} {family}");
        let variant = &variants(given, family)[which];
        let text = format!("{}\n\nQuestion 1\n\nThis was done by {variant} alone.", cover.replace("{}", &name));
        let result = anonymize(json!({"content": text})).unwrap();
        assert_clean(&result, &[given, family])?;
    }
}
