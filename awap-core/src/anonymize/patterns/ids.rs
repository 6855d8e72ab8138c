//! Numbers that stand for a person: OU personal identifiers, National Insurance and NHS numbers, ORCID, what a cue
//! calls a student or passport number.

use std::sync::LazyLock;

use regex::Regex;

use super::phone::Cluster;
use super::{Digits, before, has_cue, near};
use crate::anonymize::compiled;
use crate::anonymize::context::row_around;
use crate::anonymize::cues::{Cue, captures};
use crate::anonymize::finding::{Finding, Label};
use crate::anonymize::names::{Allow, name_at};
use crate::anonymize::pieces::{Piece, Zone, touches};
use crate::text::Span;

/// Words after which a mixture of letters and digits is an identifier.
static CUED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"(?i)\b(?:personal\s+identifier|personal\s+id|student\s*(?:id|no|num|number|identifier|reference|ref)|matriculation(?:\s+(?:no|number))?|",
        r"candidate\s+(?:id|no|number)|registration\s+(?:no|number)|enrolment\s+(?:no|number)|roll\s*(?:no|num|number)|",
        r"passport(?:\s+(?:no|number))?|driving\s+licence(?:\s+(?:no|number))?|id\s*(?:no|num|number|card)|",
        r"employee\s+(?:id|no|number)|staff\s+(?:id|no|number)|membership\s+(?:no|number)|nmc\s+pin|pin(?:\s*(?:no|num|number))?|pi|uln|ucas\s+(?:id|no|number))",
        r"\b\.?[ \t]*(?:[:#=|\t–-]|is|was)?[ \t]*([A-Za-z]{0,4}[ -]?\d[\dA-Za-z/.\-]{3,17})",
    ))
});

/// Finds identifiers. `clusters` are the runs of digits in the text.
///
/// Near-misses that stay: module codes (`TM112`), ISBN and DOI digits, versions, grid references, postcodes.
pub(super) fn find(text: &str, piece: &Piece, digits: &Digits<'_>, urls: &[Span], out: &mut Vec<Finding>) {
    let Digits { runs, clusters, near: near_digits } = *digits;
    let mut push = |span: Span, rule, confidence| {
        if !touches(urls, span) {
            out.push(Finding::value(span, Label::IdNum, rule, confidence));
        }
    };
    let bytes = text.as_bytes();
    let is_word = |i: usize| bytes.get(i).is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    let file_like = piece.zone() == Zone::FileName;
    for run in runs {
        let (at, digits, i) = (run.start, run.len(), run.end);
        let letter = at.checked_sub(1).filter(|l| bytes.get(*l).is_some_and(u8::is_ascii_alphabetic));
        let Some(letter) = letter else { continue };
        let free = |start: usize, end: usize| !is_word(start.wrapping_sub(1)) && !is_word(end);
        // Letter and seven digits, or six digits and an X.
        if digits == 7 && free(letter, i) {
            push(Span::new(letter, i), "pattern.ou_identifier", 0.97);
        } else if digits == 6 && bytes.get(i).is_some_and(|b| *b == b'X' || *b == b'x') && free(letter, i + 1)
        {
            push(Span::new(letter, i + 1), "pattern.ou_identifier", 0.97);
        } else if digits == 6
            && let Some(first) = letter.checked_sub(1)
            && bytes.get(first..at).is_some_and(|l| l.iter().all(u8::is_ascii_uppercase))
            && free(first, i)
            && (piece.zone() == Zone::Margin || beside_a_name(text, Span::new(first, i)))
        {
            // Two letters and six digits, where a page or a cover names its student: anywhere else it may be a part number.
            push(Span::new(first, i), "pattern.margin_identifier", 0.85);
        }
    }
    for all in near::matches(&INSURANCE, text, near_digits) {
        let free = !is_word(all.start.wrapping_sub(1)) && !is_word(all.end);
        // Called by its name it is one whatever its prefix: examples and temporary numbers have others.
        let names =
            ["ni number", "ni no", "ni no.", "nino", "national insurance", "national insurance number"];
        let called_one = || has_cue(&before(text, all.start, 60), &names, 30);
        if free && (is_insurance_prefix(all.of(text).get(..2).unwrap_or_default()) || called_one()) {
            push(all, "pattern.national_insurance", 0.97);
        }
    }
    for cluster in clusters {
        let digits = cluster.digits.as_str();
        let head = || before(text, cluster.span.start, 40);
        if digits.len() == 10
            && has_cue(&head(), &["nhs", "nhs number", "nhs no", "nhs no.", "nhs num"], 12)
            && nhs_checksum(digits)
        {
            push(cluster.span, "pattern.nhs_number", 0.98);
        } else if (15..=16).contains(&digits.len()) && is_orcid_block(digits) {
            let end = cluster.span.end
                + usize::from(
                    bytes.get(cluster.span.end).is_some_and(|b| matches!(b, b'X' | b'x'))
                        && digits.len() == 15,
                );
            let span = Span::new(cluster.span.start, end);
            if orcid_checksum(span.of(text)) {
                push(span, "pattern.orcid", 0.98);
            }
        } else if file_like && digits.len() >= 7 && digits.len() <= 10 && !digits.starts_with("20") {
            push(cluster.span, "pattern.file_number", 0.7);
        }
    }
    let cued = piece.cues().windows(text, Cue::Identifier, 4, 160);
    for found in captures(&ANY_AFTER_NUMBER, text, &cued) {
        let Some(value) = found.get(1) else { continue };
        let word = value.as_str().trim_end_matches(['.', '-', ',', '|', ':']);
        let cue =
            text.get(found.get(0).map_or(0, |m| m.start())..value.start()).unwrap_or_default().to_lowercase();
        // Without a mark or a “number” before it, only what can be nothing else: one rolls 20000 dice.
        let marked = cue.contains([':', '#', '.']) || ["no", "num", "code"].iter().any(|w| cue.contains(w));
        let long =
            word.chars().filter(char::is_ascii_digit).count() >= 8 || word.contains(char::is_alphabetic);
        if is_code(word) && (marked || long) && !touches(&piece.code, Span::new(value.start(), value.end())) {
            push(Span::new(value.start(), value.start() + word.len()), "pattern.id_code", 0.85);
        }
    }
    bare_numbers(text, piece, clusters, &mut push);
    for found in captures(&CUED, text, &cued) {
        let Some(value) = found.get(1) else { continue };
        let word = value.as_str().trim_end_matches(['.', '-', '/']);
        if word.chars().filter(char::is_ascii_digit).count() >= 4 {
            push(Span::new(value.start(), value.start() + word.len()), "pattern.id_cued", 0.9);
        }
    }
}

/// Whether the line on which `span` stands holds a name before it and little else.
fn beside_a_name(text: &str, span: Span) -> bool {
    let row = row_around(text, span);
    let head = text.get(row.start..span.start).unwrap_or_default().trim();
    let name = name_at(head, 0, Allow { comma: true, ..Allow::default() });
    name.is_some_and(|s| s.words.len() >= 2 && head.len() - s.span.end <= 6) && row.len() <= 80
}

/// `Pin No.: kQ:88Ab7`, `Interviewer # 77120934`: whatever stands after a word for an identifier and a mark.
static ANY_AFTER_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"(?i)(?:\b(?:(?:pin|id|roll|interviewe[er])(?:[ \t]*(?:no|num|number|code|id|pin))?|",
        r"(?:student|candidate|personal|employee|staff)[ \t]*(?:no|num|number|code|id|pin))\b\.?[ \t]*[:#]*|",
        r"(?:^|[-|;,][ \t]*)(?:no|num|number)\b\.?[ \t]*[:#]+)",
        r"[ \t]*((?:\w{1,4}[.:,]+[ ]?)*\w[\w|:.,-]{3,23}(?:[ ]\d{4,12})?)",
    ))
});

/// Digits, or letters and case in an order that no word has.
fn is_code(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters: Vec<char> = word.chars().filter(|c| c.is_alphabetic()).collect();
    let jumps = letters
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.is_lowercase() && b.is_uppercase()))
        .count();
    word.len() >= 4
        && (digits >= 5
            || digits >= 4 && !word.bytes().all(|b| b.is_ascii_digit())
            || digits >= 1 && jumps >= 1
            || jumps >= 2)
}

/// A long number that is all of a line, or stands after nothing but a name: the number on a cover sheet.
fn bare_numbers(
    text: &str,
    piece: &Piece,
    clusters: &[Cluster],
    push: &mut impl FnMut(Span, &'static str, f64),
) {
    for cluster in clusters {
        if !(8..=13).contains(&cluster.digits.len()) || cluster.groups.len() != 1 || cluster.plus {
            continue;
        }
        let row = row_around(text, cluster.span);
        let head = text.get(row.start..cluster.span.start).unwrap_or_default().trim();
        let tail = text.get(cluster.span.end..row.end).unwrap_or_default().trim();
        let numeric =
            |line: &str| line.chars().filter(char::is_ascii_digit).count() * 2 > line.chars().count();
        let line = |at: usize| row_around(text, Span::new(at, at)).of(text);
        let (above, below) = (line(row.start.saturating_sub(1)), line((row.end + 1).min(text.len())));
        if !tail.is_empty()
            || touches(&piece.tables, cluster.span)
            || touches(&piece.code, cluster.span)
            || numeric(above) && !above.is_empty()
            || numeric(below) && !below.is_empty()
        {
            continue;
        }
        let named = name_at(head, 0, Allow::default()).is_some_and(|s| {
            s.words.len() >= 2
                && head
                    .get(s.span.end..)
                    .is_some_and(|r| r.trim_matches([' ', ';', ',', '-', '(', ':']).is_empty())
        });
        if head.is_empty() || named {
            push(cluster.span, "pattern.id_bare", 0.7);
        }
    }
}

/// Two letters, six digits in pairs or not, one of A–D.
static INSURANCE: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)\b[A-Z]{2}[ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D]\b"));

/// Prefixes that HMRC gives out: not D, F, I, Q, U, V at either place, not O second, and none of those set aside.
fn is_insurance_prefix(prefix: &str) -> bool {
    let prefix = prefix.to_ascii_uppercase();
    let mut letters = prefix.chars();
    let (Some(first), Some(second)) = (letters.next(), letters.next()) else { return false };
    !"DFIQUV".contains(first)
        && !"DFIQUVO".contains(second)
        && !["BG", "GB", "NK", "KN", "TN", "NT", "ZZ"].contains(&prefix.as_str())
}

/// The NHS number's check digit: weights 10 to 2, modulo 11.
pub(in crate::anonymize) fn nhs_checksum(digits: &str) -> bool {
    let values: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
    let (Some(check), Some(body)) = (values.get(9), values.get(..9)) else { return false };
    let sum: u32 = body.iter().zip((2..=10).rev()).map(|(d, w)| d * w).sum();
    match 11 - sum % 11 {
        11 => *check == 0,
        10 => false,
        expected => *check == expected,
    }
}

/// Whether a number is of the blocks that ORCID gives out: 0000-0001-5… to 0000-0003-5… and, since they are used up, 0009-0000-0…
/// to 0009-0010-0… (support.orcid.org, "Structure of the ORCID Identifier").
pub(in crate::anonymize) fn is_orcid_block(digits: &str) -> bool {
    digits.starts_with("0000000") || digits.starts_with("000900")
}

/// ORCID's check character: ISO 7064 mod 11-2.
fn orcid_checksum(orcid: &str) -> bool {
    let chars: Vec<char> = orcid.chars().filter(char::is_ascii_alphanumeric).collect();
    let (Some(last), Some(body)) = (chars.get(15), chars.get(..15)) else { return false };
    let total = body.iter().filter_map(|c| c.to_digit(10)).fold(0, |total, d| (total + d) * 2 % 11);
    let check = (12 - total) % 11;
    if check == 10 { last.eq_ignore_ascii_case(&'x') } else { last.to_digit(10) == Some(check) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_numbers() {
        assert!(nhs_checksum("9434765919"));
        assert!(!nhs_checksum("9434765918"));
        assert!(orcid_checksum("0000-0002-1825-0097"));
        assert!(is_orcid_block("0009000150559262") && !is_orcid_block("0009123450559262"));
        assert!(!orcid_checksum("0000-0002-1825-0098"));
        assert!(is_insurance_prefix("AB"));
        assert!(!is_insurance_prefix("GB"));
    }
}
