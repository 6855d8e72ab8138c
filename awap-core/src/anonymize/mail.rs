//! People in the heads of e-mails, and before their addresses: `From: Ruth Abramowitz`, `To: Karen; Hope`, `Author: Yusuf Ali <y@x.org>`.

use awap_names::lists::known::GIVEN;

use super::names::{Allow, Shape, name_at, skip_blanks, starts_upper};
use super::pieces::{Piece, Zone, touches};
use super::recognizer::{Mention, NameRecognizer, Role};
use crate::text::Span;

/// Reads who wrote to whom.
pub(super) struct Mail;

/// In so many lines the other fields of a head stand.
const NEAR: usize = 6;

/// So many people are written to at most that are looked at.
const MOST: usize = 64;

impl NameRecognizer for Mail {
    fn find(&self, piece: &Piece, index: usize, out: &mut Vec<Mention>) {
        if piece.zone() != Zone::Prose {
            return;
        }
        let mut push = |span: Span, rule, confidence| {
            if ![&piece.protected, &piece.lists].into_iter().any(|spans| touches(spans, span)) {
                out.push(Mention { piece: index, span, role: Role::Other, rule, confidence });
            }
        };
        heads(&piece.text, &mut push);
        addressed(&piece.text, &mut push);
    }
}

/// The fields of a head that name people, and those that do not.
fn field(line: &str) -> Option<(bool, usize)> {
    let start = line.len() - line.trim_start_matches([' ', '\t', '>', '*', '|']).len();
    let rest = line.get(start..)?;
    let end = rest.find([':', '\t']).filter(|end| *end <= 8)?;
    let people = match rest.get(..end)?.trim_end_matches(['*', ' ']) {
        "From" | "To" | "Cc" | "CC" | "Bcc" | "BCC" => true,
        "Sent" | "Date" | "Subject" | "Re" | "RE" => false,
        _ => return None,
    };
    Some((people, start + end + 1))
}

/// Two fields or more with a line or so between them are a head; one alone may be anything (`From: 3 May`).
fn heads(text: &str, push: &mut impl FnMut(Span, &'static str, f64)) {
    let mut at = 0;
    // Lines since the last field, and the field, while it is the only one.
    let mut last: Option<(usize, Option<Span>)> = None;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if line.trim().is_empty() {
            continue;
        }
        let Some((people, value)) = field(line) else {
            last = last.filter(|(lines, _)| lines + 1 < NEAR).map(|(lines, only)| (lines + 1, only));
            continue;
        };
        let value = people.then(|| Span::new(start + value, at));
        if let Some((_, only)) = last {
            for value in only.into_iter().chain(value) {
                names(text, value, push);
            }
            last = Some((0, None));
        } else {
            last = Some((0, value));
        }
    }
}

/// The names in a field, each after a semicolon or comma, or an address in brackets.
fn names(text: &str, value: Span, push: &mut impl FnMut(Span, &'static str, f64)) {
    let mut at = value.start;
    for entry in value.of(text).split_inclusive([';', ',', '>']).take(MOST) {
        let start =
            skip_blanks(text, at + entry.len() - entry.trim_start_matches(['"', '*', ' ', '\t']).len());
        at += entry.len();
        if let Some(shape) = name_at(text, start, Allow::default()).filter(|s| s.span.end <= value.end) {
            let rest = text.get(shape.span.end..at).unwrap_or_default().trim_start_matches(['"', ' ', ')']);
            let whole = rest.trim().is_empty() || rest.starts_with(['<', '(', '[', ';', ',']);
            let addressed = rest.starts_with('<') && rest.contains('@');
            if whole && starts_upper(shape.span.of(text)) && (addressed || is_somebody(text, &shape)) {
                push(shape.span, "mail.head", 0.95);
            }
        }
    }
}

/// Whether a name without an address is somebody's, and no office (`Human Resources`): it begins with a given name, or what no list has.
fn is_somebody(text: &str, shape: &Shape) -> bool {
    let known = shape.words.first().map_or(0, |word| awap_names::known_of(word.of(text)));
    shape.titled || known == 0 || known & GIVEN != 0
}

/// The longest address (RFC 5321), and the bracket behind it, in bytes.
const ADDRESS: usize = 256;

/// The name right before an address in brackets.
fn addressed(text: &str, push: &mut impl FnMut(Span, &'static str, f64)) {
    for open in memchr::memchr_iter(b'<', text.as_bytes()) {
        let end = text.floor_char_boundary((open + 1 + ADDRESS).min(text.len()));
        let rest = text.get(open + 1..end).unwrap_or_default();
        let address = rest.split(['>', '<', '\n', ' ']).next().unwrap_or_default();
        if !address.contains('@') || !rest.get(address.len()..).is_some_and(|r| r.starts_with('>')) {
            continue;
        }
        let head = text.get(..open).unwrap_or_default().trim_end_matches([' ', '"']);
        if let Some(span) = super::relations::name_ending_at(text, head.len()) {
            push(span, "mail.address", 0.95);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let piece = Piece { text: text.to_owned(), zone: Some(Zone::Prose), ..Piece::default() };
        let mut out = Vec::new();
        Mail.find(&piece, 0, &mut out);
        let mut spans: Vec<Span> = out.iter().map(|m| m.span).collect();
        spans.sort_unstable();
        spans.dedup();
        spans.into_iter().map(|span| span.of(text)).collect()
    }

    #[test]
    fn people_in_the_head_of_a_mail_are_named() {
        for (text, expected) in [
            (
                "From: Ruth Berg <r@x.org>\nTo: Karen; Hope; Tom Ojo\nCc: Comfort Osei\nSent: 6 March\n",
                vec!["Ruth Berg", "Karen", "Hope", "Tom Ojo", "Comfort Osei"],
            ),
            ("From:\tRuth\n\nSubject:\tYesterday\n", vec!["Ruth"]),
            ("commit 9f1c\nAuthor: Yusuf Ali <y.ali@x.org>\n", vec!["Yusuf Ali"]),
            ("From: London\n\nIt is far.\n", vec![]),
            ("To: Chief Executive\nFrom: Human Resources\nDate: 3 May\n", vec![]),
            ("From: all of us\nTo: the whole team\n", vec![]),
            ("if a <b and c> d@e", vec![]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
