//! E-mail addresses.

use crate::anonymize::finding::{Finding, Label};
use crate::anonymize::pieces::{Piece, touches};
use crate::text::Span;

/// Finds e-mail addresses: a local part, `@`, a domain with a dot and a top level of letters.
///
/// Addresses in program code at the domains that RFC 2606 sets aside for examples stay.
pub(super) fn find(text: &str, piece: &Piece, urls: &[Span], out: &mut Vec<Finding>) {
    for at in memchr::memchr_iter(b'@', text.as_bytes()) {
        let Some(span) = around(text, at) else { continue };
        if touches(urls, span) {
            continue;
        }
        let domain = text.get(at + 1..span.end).unwrap_or_default().to_ascii_lowercase();
        let example = ["example.com", "example.org", "example.net", "test.com"].contains(&domain.as_str());
        if example && touches(&piece.code, span) {
            continue;
        }
        out.push(Finding::value(span, Label::Email, "pattern.email", 0.99));
    }
}

fn around(text: &str, at: usize) -> Option<Span> {
    let local = |c: char| c.is_alphanumeric() || "._%+-'’".contains(c);
    let head = text.get(..at)?;
    let start = head.char_indices().rev().take(65).take_while(|(_, c)| local(*c)).last()?.0;
    let lead = head.get(start..)?;
    let trimmed = lead.trim_start_matches(['.', '-', '\'', '’', '%', '+']);
    let start = start + lead.len() - trimmed.len();
    if trimmed.is_empty() {
        return None;
    }
    let tail = text.get(at + 1..)?;
    let len: usize = tail
        .chars()
        .take(255)
        .take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
        .map(char::len_utf8)
        .sum();
    let domain = tail.get(..len)?.trim_end_matches(['.', '-']);
    let (host, top) = domain.rsplit_once('.')?;
    let valid = !host.is_empty()
        && !host.starts_with('.')
        && !host.contains("..")
        && top.chars().count() >= 2
        && top.chars().all(char::is_alphabetic);
    if !valid {
        // `name@localhost` is no address, `name@open ac uk` is none that can be told.
        return None;
    }
    Some(Span::new(start, at + 1 + domain.len()))
}
