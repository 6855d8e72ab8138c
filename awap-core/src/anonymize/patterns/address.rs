//! Street addresses: a number and a street, up to the postcode.

use std::sync::LazyLock;

use regex::Regex;

use super::near;
use crate::anonymize::compiled;
use crate::anonymize::cues::{Cue, matches};
use crate::anonymize::finding::{Finding, Label};
use crate::anonymize::pieces::Piece;
use crate::text::Span;

/// A UK postcode, and the look-alikes that test data has (an outward code of up to five characters).
pub(in crate::anonymize) static POSTCODE: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"\b[A-Z]{1,2}\d[A-Z\d]?[A-Z]? ?\d[ABD-HJLNP-UW-Z]{2}\b"));

/// House or flat, then a street.
static STREET: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"(?:\b(?:Flat|Studio|Apartment|Apt\.?|Unit|Suite|Room|Floor|Level)\s+\w{1,5}\s*,?\s*(?:(?:\[BR\]|\n)\s*)?)?",
        r"(?:\b\d{1,5}(?:[-/]\d{1,4})?[A-Za-z]?,?\s+)?",
        r"(?:\p{Lu}[\p{L}'’.\-]*\s+){0,4}",
        r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Ct|Crescent|Terrace|Place|Pl|Square|Squares|Gardens|Grove|Way|",
        r"Walk|Mews|Row|Hill|Rise|View|Vale|Green|Park|Parade|Quay|Boulevard|Blvd|Parkway|Highway|Circle|Court|Mount|Roads|Villas|Cottages|parkway|Fold|Croft|Meadow|Meadows|Brow|Bank|Gate|Yard|Wharf|Broadway|High Street|Road East|Road West|Road North|Road South)\b\.?",
    ))
});

/// Words after which an address stands.
static CUE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)\b(?:home\s+address|postal\s+address|address|addr\.?|residence|i\s+live\s+at|living\s+at|(?:have\s+)?(?:recently\s+)?moved\s+to|resident\s+at)\b\s*(?:is|[:=|\t–-])?\s*",
    )
});

/// The most bytes an address reaches back from its postcode.
const REACH: usize = 140;

/// Finds addresses: back from a postcode to the house, and after a cue a number with a street.
///
/// Near-misses that stay: a street or town by itself (`Oxford Street`), a postcode district in an argument (`BS1`).
pub(super) fn find(text: &str, piece: &Piece, near_digits: &[Span], out: &mut Vec<Finding>) {
    let (postcode, street) = (&*POSTCODE, &*STREET);
    for code in near::matches(postcode, text, near_digits) {
        let start = house_before(text, code.start, street).unwrap_or(code.start);
        out.push(Finding::value(Span::new(start, code.end), Label::StreetAddress, "pattern.postcode", 0.95));
    }
    let windows = piece.cues().windows(text, Cue::Address, 32, 64);
    for cued in matches(&CUE, text, &windows) {
        let mut end = (cued.end() + 160).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let Some(window) = text.get(cued.end()..end) else { continue };
        let line = window.split("\n\n").next().unwrap_or_default();
        let Some(found) =
            street.find(line).filter(|f| f.start() == 0 && f.as_str().contains(|c: char| c.is_ascii_digit()))
        else {
            continue;
        };
        // Town and code after a comma.
        let rest = line.get(found.end()..).unwrap_or_default();
        let town = TOWN.find(rest).map_or(0, |t| t.end());
        let span = Span::new(cued.end(), cued.end() + found.end() + town);
        out.push(Finding::value(span, Label::StreetAddress, "pattern.address_cued", 0.85));
    }
    numbered(text, street, out);
    housed(text, near_digits, out);
}

/// A house and its street by themselves, after what says that somebody or something is there: `the top flat at 14 Paget Rise`.
fn housed(text: &str, near_digits: &[Span], out: &mut Vec<Finding>) {
    let mut last = 0;
    for window in near_digits {
        // A street is longer than digits are seen from.
        let end = text.ceil_char_boundary((window.end + STREET_BYTES).min(text.len()));
        let start = window.start.max(last);
        for found in HOUSED.find_iter(text.get(start..end).unwrap_or_default()) {
            let number = found.as_str().find(|c: char| c.is_ascii_digit()).unwrap_or_default();
            let house = Span::new(start + found.start() + number, start + found.end());
            last = house.end;
            if !KNOWN_HOUSES.iter().any(|known| house.of(text).ends_with(known)) {
                out.push(Finding::value(house, Label::StreetAddress, "pattern.address_house", 0.75));
            }
        }
    }
}

/// More than the name of a street has, in bytes.
const STREET_BYTES: usize = 64;

/// Not `in 1969 Abbey Road`, nor what only ends as streets do (`45 Barclays Bank`).
static HOUSED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"\b(?:flat|home|house|bungalow|liv(?:e|es|ed|ing)|stay(?:s|ed|ing)?|mov(?:e|es|ed|ing)|visit(?:s|ed|ing)?|address[^.\n]{0,8})",
        r"(?:,? (?:is|was|of|at|to|from|in|near|opposite|had)){1,2} ",
        r"\d{1,3}[A-Za-z]?,? (?:\p{Lu}[\p{Ll}’']+ ){1,2}",
        r"(?:Street|Road|Avenue|Lane|Close|Crescent|Terrace|Gardens|Grove|Drive|Mews|Rise|Way|Court|Place|Row|Walk)\b",
    ))
});

/// Houses that everybody knows.
const KNOWN_HOUSES: [&str; 7] = [
    "Downing Street",
    "Baker Street",
    "Privet Drive",
    "Grimmauld Place",
    "Abbey Road",
    "Charing Cross Road",
    "Doughty Street",
];

/// Whether what is taken for a name is the town of an address: a house and a street before it, a postcode right after it.
pub(in crate::anonymize) fn is_town(text: &str, name: Span) -> bool {
    let rest = text.get(name.end..).unwrap_or_default();
    let code = rest.trim_start_matches([' ', ',', '\n', '\r']);
    let at = text.len() - code.len();
    let longest = code.char_indices().nth(CODE).map_or(code.len(), |(end, _)| end);
    let coded =
        POSTCODE.find(code.get(..longest).unwrap_or_default()).is_some_and(|found| found.start() == 0);
    coded && house_before(text, at, &STREET).is_some_and(|house| house < name.start)
}

/// One character more than a postcode can have, so that where it ends is seen.
const CODE: usize = 10;

/// `, Newtown`, `, Newtown, NT 0800`.
static TOWN: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"^(?:[ ]*(?:,|\n|\[BR\])\s*\p{Lu}[\p{L}'’\-]*(?:\s\p{Lu}[\p{L}'’\-]*){0,3}){1,2}(?:,?\s+(?:[A-Z]{2,3}\s+)?\d{4,6}(?:-\d{3,4})?)?",
    )
});

/// House number, street, comma, town, and a code of four to six digits: an address without a cue.
fn numbered(text: &str, street: &Regex, out: &mut Vec<Finding>) {
    let coded = &*CODED;
    for code in coded.find_iter(text) {
        if let Some(start) = house_before(text, code.start(), street) {
            out.push(Finding::value(
                Span::new(start, code.end()),
                Label::StreetAddress,
                "pattern.address_coded",
                0.8,
            ));
        }
    }
}

/// A code after a comma: `, NT 0800`, `, TX 75001`, `, 2000`.
static CODED: LazyLock<Regex> = LazyLock::new(|| compiled(r",\s(?:[A-Z]{2,3},?\s)\d{4,6}(?:-\d{4})?\b"));

/// Where the house before `at` starts, if a street with a number stands within reach and only names lie between.
fn house_before(text: &str, at: usize, street: &Regex) -> Option<usize> {
    let mut from = at.saturating_sub(REACH);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let window = text.get(from..at)?;
    // Not across a sentence or a blank line.
    let skip = window.rfind("\n\n").map_or(0, |i| i + 2).max(window.rfind(". ").map_or(0, |i| i + 2));
    let window = window.get(skip..)?;
    let base = from + skip;
    let found = street.find_iter(window).filter(|f| f.as_str().contains(|c: char| c.is_ascii_digit())).last();
    if let Some(found) = found {
        let between = window.get(found.end()..)?;
        if between.len() <= 80 && only_names(between) {
            return Some(base + found.start());
        }
    }
    // A house and lines of names before a postcode, whatever the street is called: `12 Any Name, Town, `.
    let found = HOUSE.find_iter(window).find(|f| only_names(window.get(f.end()..).unwrap_or_default()))?;
    Some(base + found.start())
}

/// The start of an address: a flat or a house number before a name.
static HOUSE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"\b(?:(?:Flat|Studio|Apartment|Apt\.?|Unit|Suite|Room)\s+\w{1,5}|\d{1,5}[A-Za-z]?)(?:,|\s)")
});

/// Names with capitals, commas and line breaks; no prose.
fn only_names(text: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || c == ',' || c == '[' || c == ']').filter(|w| !w.is_empty()).all(
        |w| {
            w.chars().next().is_some_and(|c| c.is_uppercase() || c.is_ascii_digit())
                || matches!(
                    w,
                    "upon" | "on" | "in" | "le" | "of" | "the" | "under" | "next" | "de" | "parkway"
                )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_town_stands_between_a_street_and_a_postcode() {
        let town = |text: &str, name: &str| {
            let start = text.find(name).unwrap_or_default();
            is_town(text, Span::new(start, start + name.len()))
        };
        for text in [
            "14 Larkspur Way, Milton Keynes MK7 9QX",
            "Flat 3, 14 Larkspur Way\nMilton Keynes\nMK7 9QX\n",
            "I live at 2a The Elms, Milton Keynes, MK79QX.",
        ] {
            assert!(town(text, "Milton Keynes"), "{text}");
        }
        for text in [
            "Robin Day\n14 Larkspur Way, Milton Keynes MK7 9QX",
            "Robin Day, MK7 9QX",
            "14 Larkspur Way, Robin Day said",
            "14 Larkspur Way. Robin Day MK7 9QX",
        ] {
            assert!(!town(text, "Robin Day"), "{text}");
        }
    }
}
