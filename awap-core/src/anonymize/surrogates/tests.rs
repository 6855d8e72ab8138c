//! Surrogates of a whole TMA, as `anonymize` gives them.

use serde_json::{Value, json};

use super::*;
use crate::anonymize::{Options, PseudonymKey};
use crate::{Deadline, Limits, Submission};

fn anonymized(tma: Value, key: &str) -> Value {
    let key = PseudonymKey::from_hex(&key.repeat(32)).unwrap();
    let (limits, options) = (Limits::default(), Options { surrogates: true, ..Options::default() });
    let tma = Submission::from_value(tma, &limits).unwrap();
    let result = crate::anonymize::anonymize(tma, &options, &key, &limits, &Deadline::never()).unwrap();
    serde_json::to_value(result).unwrap()
}

fn text_of(result: &Value) -> &str {
    result["content"]["text"].as_str().unwrap()
}

fn kofi(text: &str) -> Value {
    json!({
        "student_id": "A1234567", "content": {"text": text},
        "student": {
            "name": "Kofi Mensah", "email": "k.mensah@mail.example", "phone": "07911 123456", "username": "km4471",
            "date_of_birth": "1998-06-15",
        },
    })
}

#[test]
fn a_name_keeps_one_stand_in_however_it_is_written() {
    let text = "Kofi Mensah; MENSAH, Kofi; kofi; K. Mensah; Mr Mensah’s; Kofi_Mensah; kofimensah; k.mensah@mail.example";
    let result = anonymized(kofi(text), "cd");
    let text = text_of(&result);
    let (given, family) = text.split_once(';').unwrap().0.split_once(' ').unwrap();
    let (low, initial) = ((given.to_lowercase(), family.to_lowercase()), &given[..1]);
    let expected = format!(
        "{given} {family}; {}, {given}; {}; {initial}. {family}; Mx {family}’s; {given}_{family}; {}{}; {}.{}@example.org",
        family.to_uppercase(),
        low.0,
        low.0,
        low.1,
        initial.to_lowercase(),
        low.1,
    );
    assert_eq!(text, expected);
}

#[test]
fn values_keep_their_kind_and_agree_with_one_another() {
    let text = "A1234567, a 1234567 and 1234567; 07911 123456, +44 7911 123456; born on 15 June 1998, 15/06/1998; km4471";
    let result = anonymized(kofi(text), "cd");
    let text = text_of(&result);
    let parts: Vec<&str> = text.split("; ").collect();
    let digits = parts[0].rsplit(' ').next().unwrap();
    let letter = &parts[0][..1];
    assert_eq!(parts[0], format!("{letter}{digits}, {} {digits} and {digits}", letter.to_lowercase()));
    assert!(digits != "1234567" && digits.len() == 7, "{text}");
    let phones: Vec<&str> = parts[1].split(", ").collect();
    assert!(phones[0].starts_with("07700 900") && phones[1] == format!("+44 {}", &phones[0][1..]), "{text}");
    let numbers: Vec<&str> = parts[2].rsplit(", ").next().unwrap().split('/').collect();
    assert!(parts[2].starts_with(&format!("born on {}", numbers[0].trim_start_matches('0'))), "{text}");
    assert!(parts[2].contains(numbers[2]) && !text.contains("1998"), "{text}");
    assert!(parts[3].len() == 6 && parts[3] != "km4471", "{text}");
}

#[test]
fn what_was_found_together_stands_apart() {
    let result = anonymized(kofi("Goodbye.\n\nK. Mensah\nkofi_mensah@mail.example\n"), "cd");
    let lines: Vec<&str> = text_of(&result).lines().collect();
    let (initial, family) = lines[2].split_once(". ").unwrap();
    let (given, address) = lines[3].split_once('_').unwrap();
    assert!(given.starts_with(&initial.to_lowercase()), "{lines:?}");
    assert_eq!(address, format!("{}@example.org", family.to_lowercase()), "{lines:?}");
}

#[test]
fn the_key_and_the_whole_tma_make_the_surrogates() {
    let text = "My name is Kofi Mensah.";
    let one = anonymized(kofi(text), "cd");
    assert_eq!(one, anonymized(kofi(text), "cd"));
    let stands = |result: &Value| result["anonymization"]["replacements"][0]["placeholder"].clone();
    assert_ne!(stands(&one), stands(&anonymized(kofi(text), "ce")));
    assert_ne!(stands(&one), stands(&anonymized(kofi(&format!("{text} Yes.")), "cd")));
}

#[test]
fn what_would_do_harm_keeps_its_placeholder() {
    let tma = json!({"content": "My ORCID is 0000-0002-1825-0097. My NI number is AB 12 34 56 C. My NHS number is 943 476 5919."});
    let result = anonymized(tma, "cd");
    let text = text_of(&result);
    assert!(
        text.contains("ORCID is [ID]") && text.contains("QQ ") && text.contains("NHS number is 999 "),
        "{text}"
    );
    let flags: Vec<bool> = result["anonymization"]["replacements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["surrogate"] == true)
        .collect();
    assert_eq!(flags, [false, true, true]);
}

#[test]
fn an_address_is_of_no_place() {
    let tma = json!({"content": "I live at 12 Acacia Avenue, Milton Keynes, MK7 6AA. Write to 12 Acacia Avenue, Milton Keynes, MK7 6AA."});
    let result = anonymized(tma, "cd");
    let text = text_of(&result);
    for gone in ["Acacia", "Milton", "Keynes", "MK7", "6AA"] {
        assert!(!text.contains(gone), "{text}");
    }
    let written = result["anonymization"]["replacements"][0]["placeholder"].as_str().unwrap();
    assert!(written.contains(" Avenue, ") && text.matches(written).count() == 2, "{text}");
    let code = written.rsplit(", ").next().unwrap();
    assert!(code.starts_with(['V', 'X', 'Q']) && code.len() == 7, "{text}");
}

#[test]
fn people_of_one_name_share_its_stand_in_and_a_surrogate_is_no_word_of_the_text() {
    let all = [lists::GIVEN.join(" "), lists::FAMILY.join(" ")].join(" ");
    let text = format!("Kofi Mensah. My brother Luke Mensah helped. {all}");
    let result = anonymized(kofi(&text), "cd");
    let replacements = result["anonymization"]["replacements"].as_array().unwrap();
    let stands = |at: usize| {
        let r = replacements.iter().find(|r| r["start"] == at).unwrap();
        r["placeholder"].as_str().unwrap().to_owned()
    };
    let (kofi, luke) = (stands(0), stands(text.find("Luke").unwrap()));
    assert_eq!(kofi.split(' ').nth(1), luke.split(' ').nth(1));
    assert!(kofi.split(' ').chain(luke.split(' ')).all(|n| !all.contains(n)), "{kofi}, {luke}");
}
