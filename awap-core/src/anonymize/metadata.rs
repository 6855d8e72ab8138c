//! Names in what a document says of itself: its file name and its properties.

use super::cover::IDENTIFIER;
use super::names::{starts_upper, word_at};
use super::pieces::{Piece, Zone};
use super::recognizer::{Mention, Role};
use super::words::{is_not_a_name, is_particle};
use crate::text::{Span, fold};

/// `A1234567_Mensah_TM112.docx`: the words of a file name that are beside an identifier and are no words.
pub(super) fn file_name(piece: &Piece, index: usize, out: &mut Vec<Mention>) {
    let text = piece.text.as_str();
    let spaced = text.replace('_', " ");
    if !IDENTIFIER.is_match(&spaced) {
        return;
    }
    let name_end = text.rfind('.').unwrap_or(text.len());
    let mut at = 0;
    while at < name_end {
        let Some(step) = text.get(at..name_end).and_then(|t| t.find(char::is_alphabetic)) else { break };
        let start = at + step;
        let Some(word) = word_at(text, start) else { break };
        at = word.end;
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let glued = digit(text.get(..word.start).and_then(|t| t.chars().next_back()))
            || digit(text.get(word.end..).and_then(|t| t.chars().next()));
        let folded = fold(word.of(text));
        if !glued
            && starts_upper(word.of(text))
            && folded.len() > 2
            && !is_not_a_name(&folded)
            && word.end <= name_end
        {
            out.push(Mention {
                piece: index,
                span: word,
                role: Role::Student,
                rule: "cover.file_name",
                confidence: 0.7,
            });
        }
    }
}

/// Property values that are a person's name whatever they are.
pub(super) fn properties(piece: &Piece, index: usize, out: &mut Vec<Mention>) {
    let text = piece.text.as_str();
    for (key, span) in &piece.fields {
        let key = fold(key).replace(['_', '-', ' ', ':'], "");
        let person = [
            "creator",
            "lastmodifiedby",
            "author",
            "manager",
            "changeauthor",
            "revisionauthor",
            "commentauthor",
            "initialcreator",
            "lastsavedby",
            "authors",
            "printedby",
        ]
        .iter()
        .any(|k| key.ends_with(k));
        let value = span.of(text).trim();
        if !person || value.is_empty() || is_software(&fold(value)) {
            continue;
        }
        let at = span.start + span.of(text).len() - span.of(text).trim_start().len();
        let who = if key.ends_with("manager") { Role::Other } else { Role::Student };
        let rule = if piece.zone() != Zone::Properties {
            "comment.author"
        } else if key.contains("modified")
            || key.contains("saved")
            || key.contains("change")
            || key.contains("revision")
        {
            "property.editor"
        } else {
            "property.author"
        };
        out.push(Mention {
            piece: index,
            span: Span::new(at, at + value.len()),
            role: who,
            rule,
            confidence: 0.9,
        });
    }
}

/// Values that name a program or nobody.
pub(super) fn is_software(value: &str) -> bool {
    [
        "microsoft",
        "libreoffice",
        "openoffice",
        "python",
        "docx",
        "pandoc",
        "word",
        "google",
        "latex",
        "tex",
        "adobe",
        "apache",
        "user",
        "admin",
        "unknown",
        "author",
        "student",
        "owner",
        "default",
        "administrator",
        "windows",
    ]
    .iter()
    .any(|w| value.split(|c: char| !c.is_alphanumeric()).any(|t| t == *w || t == format!("{w}user")))
        && !value.split(' ').any(is_particle)
}
