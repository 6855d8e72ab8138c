//! Plain text: its encoding, and the blocks that blank lines and the look of lines make.

mod lines;
mod table;

use encoding_rs::Encoding;

use super::reader::{Context, Reader, Reading};
use super::{Block, BlockKind, Part, PartKind, Position, Warning, heading, sniff};
use crate::{Limits, Result};
use lines::{Line, is_code, is_underline, item_marker, split};

/// Reads plain text.
pub(super) struct Plain;

impl Reader for Plain {
    fn read(&self, bytes: &[u8], cx: &Context<'_>) -> Result<Reading> {
        let (text, warnings) = decode(bytes);
        if text.len() > cx.limits.text_bytes {
            return Err(Limits::exceeded("text_bytes", cx.limits.text_bytes));
        }
        let blocks = blocks(&text);
        let body = Part { name: "body".into(), kind: PartKind::Body, text, blocks };
        Ok(Reading { parts: vec![body], warnings })
    }
}

/// Text from bytes: by the byte order mark, as UTF-8 (with a few slips), as UTF-16 without a mark, else as what the bytes look
/// like. Line ends become `\n`; control characters are dropped.
pub(super) fn decode(bytes: &[u8]) -> (String, Vec<Warning>) {
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let (encoding, bytes) = if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        (encoding, bytes.get(length..).unwrap_or_default())
    } else if sniff::looks_like_utf16(head) {
        let big = head.first() == Some(&0);
        (if big { encoding_rs::UTF_16BE } else { encoding_rs::UTF_16LE }, bytes)
    } else if std::str::from_utf8(bytes).is_ok() {
        (encoding_rs::UTF_8, bytes)
    } else if let Some(text) = almost_utf8(bytes) {
        return (clean(&text), unreadable(text.contains(REPLACEMENT)));
    } else {
        let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
        detector.feed(bytes, true);
        (detector.guess(None, chardetng::Utf8Detection::Allow), bytes)
    };
    let (text, replaced) = encoding.decode_without_bom_handling(bytes);
    (clean(&text), unreadable(replaced))
}

/// What stands for a character that could not be read.
const REPLACEMENT: char = '\u{fffd}';

fn unreadable(some: bool) -> Vec<Warning> {
    let warning = || {
        Warning::new(
            "part_unreadable",
            "Some characters of this text could not be read; “\u{fffd}” stands in their place.",
        )
    };
    some.then(warning).into_iter().collect()
}

/// UTF-8 with a few bytes in it that are not: cut within a character, or a line of another encoding pasted in, which is nearly
/// always that of Windows. None where so few characters are UTF-8 that it may be chance.
fn almost_utf8(bytes: &[u8]) -> Option<String> {
    let good = |text: &str| text.chars().filter(|c| !c.is_ascii()).count();
    let (good, bad) = bytes.utf8_chunks().fold((0, 0), |(all, bad), chunk| {
        (all + good(chunk.valid()), bad + usize::from(!chunk.invalid().is_empty()))
    });
    if good <= bad * 3 {
        return None;
    }
    let mut text = String::with_capacity(bytes.len());
    let mut read = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        read += chunk.valid().len() + chunk.invalid().len();
        match chunk.invalid() {
            [] => {}
            // At the end it is the beginning of a character that was cut off.
            byte @ [_] if read < bytes.len() => {
                text.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(byte).0);
            }
            _ => text.push(REPLACEMENT),
        }
    }
    Some(text)
}

fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            // A form feed ends a page, and with it a paragraph.
            '\u{c}' | '\u{2029}' => out.push_str("\n\n"),
            // Among them those that a word processor leaves in place of a line break within a paragraph.
            '\n' | '\u{b}' | '\u{85}' | '\u{2028}' => out.push('\n'),
            '\t' => out.push(c),
            '\u{feff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The blocks on a text, which is left as it is. Lines end at `\n`; a `\r` before it is white space.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let lines = split(text);
    let mut writer = Writer { text, blocks: Vec::new() };
    let mut at = 0;
    while at < lines.len() {
        if lines[at].is_blank() {
            at += 1;
            continue;
        }
        if let Some(end) = fence(&lines, at) {
            let inner = lines.get(at + 1..end.saturating_sub(1)).unwrap_or_default();
            writer.span(BlockKind::Code, None, inner);
            at = end;
            continue;
        }
        let length = lines[at..].iter().take_while(|line| !line.is_blank()).count();
        let group = &lines[at..at + length];
        let next = lines[at + length..].iter().find(|line| !line.is_blank());
        writer.group(group, next);
        at += length;
    }
    writer.blocks
}

/// Where code between fences (```` ``` ````) that begins at `at` ends: one past the closing fence.
fn fence(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let mark = |line: &Line<'_>| line.trimmed().starts_with("```") || line.trimmed().starts_with("~~~");
    if !mark(lines.get(at)?) {
        return None;
    }
    // A fence that is never closed is not a fence. Code longer than this was not typed into a text by hand.
    let closing = lines.iter().skip(at + 1).take(5000).position(mark)?;
    Some(at + closing + 2)
}

struct Writer<'t> {
    text: &'t str,
    blocks: Vec<Block>,
}

impl Writer<'_> {
    /// One block over all of `lines`.
    fn span(&mut self, kind: BlockKind, level: Option<u8>, lines: &[Line<'_>]) -> Option<&mut Block> {
        let first = lines.iter().find(|line| !line.is_blank())?;
        let last = lines.iter().rfind(|line| !line.is_blank())?;
        // Code keeps the indentation of its first line.
        let start = if kind == BlockKind::Code { first.start } else { first.text_start() };
        let end = last.text_end();
        if kind == BlockKind::Code
            && let Some(before) = self.blocks.last_mut()
            && before.kind == BlockKind::Code
            && self.text.get(before.end..start).is_some_and(|between| between.trim().is_empty())
        {
            before.end = end;
            return None;
        }
        self.blocks.push(Block {
            kind,
            level,
            label: None,
            start,
            end,
            runs: Vec::new(),
            cells: Vec::new(),
            at: Some(Position { page: None, line: Some(first.number) }),
        });
        self.blocks.last_mut()
    }

    /// The blocks of lines without a blank one between them.
    fn group(&mut self, mut lines: &[Line<'_>], next: Option<&Line<'_>>) {
        while let Some(first) = lines.first() {
            let title = first.trimmed();
            if let Some(level) = lines.get(1).and_then(|second| is_underline(first, second)) {
                self.span(BlockKind::Heading, Some(level), &lines[..1]);
                lines = &lines[2..];
            } else if let Some(level) = self.heading(lines, next) {
                self.span(BlockKind::Heading, Some(level), &lines[..1]);
                lines = &lines[1..];
            } else if is_underline_alone(title) {
                lines = &lines[1..];
            } else {
                // An underlined heading in the middle ends what is before it.
                let pairs = lines.windows(2).skip(1);
                let end =
                    pairs.enumerate().find_map(|(i, pair)| is_underline(&pair[0], &pair[1]).map(|_| i + 1));
                let (here, rest) = lines.split_at(end.unwrap_or(lines.len()));
                self.body(here);
                lines = rest;
            }
        }
    }

    /// The level of the first line, if it is a heading by its look or its words.
    fn heading(&self, lines: &[Line<'_>], next: Option<&Line<'_>>) -> Option<u8> {
        let (first, rest) = lines.split_first()?;
        let line = first.trimmed();
        if let Some(level) = marked(line) {
            return Some(level);
        }
        if heading::by_words(line) {
            return Some(if line.starts_with('(') { 2 } else { 1 });
        }
        if table::is_row(line) || !heading::when_set_apart(line) {
            return None;
        }
        let follows = rest.first().or(next);
        let alone = rest.is_empty();
        if heading::in_capitals(line) && follows.is_some_and(|line| !heading::in_capitals(line.trimmed())) {
            // Capitals among other lines, such as those of a cover sheet, are a title only where text follows.
            let prose = follows.is_some_and(|line| line.trimmed().len() > 40);
            return (alone || prose).then_some(1);
        }
        if alone && let Some(depth) = lines::section_number(line) {
            // Numbered lines one after another are a list.
            let listed = next.is_some_and(|line| lines::section_number(line.trimmed()).is_some());
            let after_item = self.blocks.last().is_some_and(|block| block.kind == BlockKind::ListItem);
            return (!listed && !after_item && next.is_some()).then_some(depth);
        }
        None
    }

    fn body(&mut self, lines: &[Line<'_>]) {
        if lines.iter().all(|line| line.trimmed().starts_with('>')) {
            self.span(BlockKind::Quote, None, lines);
        } else if is_code(lines) {
            self.span(BlockKind::Code, None, lines);
        } else if let Some(cells) = table::cells(lines) {
            if let Some(block) = self.span(BlockKind::Table, Some(1), lines) {
                block.cells = cells;
            }
        } else if self.items(lines) {
        } else if lines.len() == 1 && heading::is_caption(lines[0].trimmed()) {
            self.span(BlockKind::Caption, None, lines);
        } else {
            self.span(BlockKind::Paragraph, None, lines);
        }
    }

    /// Writes lines as a list, if they are one: bullets, or numbers one after another.
    fn items(&mut self, lines: &[Line<'_>]) -> bool {
        let Some(is_bullet) = lines.first().and_then(|line| item_marker(line.trimmed())) else {
            return false;
        };
        let starts: Vec<usize> = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| item_marker(line.trimmed()).is_some())
            .map(|(index, _)| index)
            .collect();
        if !is_bullet && starts.len() < 2 {
            return false;
        }
        let indents: Vec<usize> = starts.iter().map(|start| lines[*start].indent()).collect();
        let least = indents.iter().copied().min().unwrap_or(0);
        for (i, start) in starts.iter().enumerate() {
            let end = starts.get(i + 1).copied().unwrap_or(lines.len());
            let level = 1 + (indents[i] - least) / 2;
            self.span(BlockKind::ListItem, Some(level.min(9) as u8), &lines[*start..end]);
        }
        true
    }
}

/// The level of a heading marked as in Markdown (`## Networks`).
fn marked(line: &str) -> Option<u8> {
    let level = line.bytes().take_while(|b| *b == b'#').count();
    let rest = line.get(level..)?;
    let is_title = rest.starts_with(' ') && heading::when_set_apart(rest);
    ((1..=6).contains(&level) && is_title).then_some(level as u8)
}

/// A line of dashes or stars that underlines nothing.
fn is_underline_alone(line: &str) -> bool {
    line.len() >= 3 && line.chars().all(|c| matches!(c, '-' | '=' | '_' | '*' | '~' | '—' | '–'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(BlockKind, &str)> {
        blocks(text).iter().map(|b| (b.kind, &text[b.start..b.end])).collect()
    }

    #[test]
    fn looks_of_lines() {
        use BlockKind::{Caption, Code, Heading, ListItem, Paragraph, Quote, Table};
        let cases: [(&str, &[(BlockKind, &str)]); 15] = [
            ("REFERENCES\n----------\n\nA (2019) B.", &[(Heading, "REFERENCES"), (Paragraph, "A (2019) B.")]),
            ("Title\n=====\ntext goes on\nhere", &[(Heading, "Title"), (Paragraph, "text goes on\nhere")]),
            ("Question 1\nThe answer.\n", &[(Heading, "Question 1"), (Paragraph, "The answer.")]),
            ("NETWORKS\r\n\r\nText.\r\n", &[(Heading, "NETWORKS"), (Paragraph, "Text.")]),
            ("1. Introduction\n\nText.", &[(Heading, "1. Introduction"), (Paragraph, "Text.")]),
            ("1. Apples\n\n2. Pears\n\n", &[(Paragraph, "1. Apples"), (Paragraph, "2. Pears")]),
            ("- a\n- b\n  more", &[(ListItem, "- a"), (ListItem, "- b\n  more")]),
            ("1. a\n2. b", &[(ListItem, "1. a"), (ListItem, "2. b")]),
            (
                " 1) the lid was loose;\n 2) the tea was hot;\n 3) it rained.",
                &[
                    (ListItem, "1) the lid was loose;"),
                    (ListItem, "2) the tea was hot;"),
                    (ListItem, "3) it rained."),
                ],
            ),
            ("1. a) A hypothesis is\na statement.", &[(Paragraph, "1. a) A hypothesis is\na statement.")]),
            (
                "def f(x):\n    return x\n\n    print(f(1))\n\nText.",
                &[(Code, "def f(x):\n    return x\n\n    print(f(1))"), (Paragraph, "Text.")],
            ),
            ("> said\n> so", &[(Quote, "> said\n> so")]),
            ("a\tb\n1\t2", &[(Table, "a\tb\n1\t2")]),
            ("```python\nx = 1\n```\nafter", &[(Code, "x = 1"), (Paragraph, "after")]),
            (
                "Figure 1: A router\n\nName: A. Person\nPI: X1",
                &[(Caption, "Figure 1: A router"), (Paragraph, "Name: A. Person\nPI: X1")],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn encodings() {
        let cases: [(&[u8], &str); 8] = [
            (b"caf\xc3\xa9\r\n", "café\n"),
            (b"\xef\xbb\xbfa", "a"),
            (b"\xff\xfea\0b\0", "ab"),
            (b"a\0b\0c\0d\0e\0", "abcde"),
            (b"The caf\xe9 is closed \x96 today", "The café is closed – today"),
            (b"a\x0cb\x07", "a\n\nb"),
            (
                b"Name: A. Person\x0bPI: X1\xc2\x85c\xe2\x80\xa8d\xe2\x80\xa9e",
                "Name: A. Person\nPI: X1\nc\nd\n\ne",
            ),
            // What may be one character of UTF-8 within what is not.
            (b"caf\xe9, th\xe9, d\xe9j\xe0, \xc3\xa9", "café, thé, déjà, Ã©"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(decode(bytes).0, expected);
        }
    }

    #[test]
    fn a_few_slips_leave_utf8_what_it_is() {
        let names = "Zoë, Noël, Chloë, Anaïs, ".repeat(3);
        // A line in the encoding of Windows, and two bytes of a character's three at the end.
        for (slip, expected) in [
            (&b"Ren\xe9e \x96 and"[..], "Renée – and"),
            (b"and \xe2\x80", "and \u{fffd}"),
            (b"and \xc3", "and \u{fffd}"),
            (b"a \xf0\x9f\x98 b", "a \u{fffd} b"),
        ] {
            let (text, warnings) = decode(&[names.as_bytes(), slip].concat());
            assert_eq!(text, names.clone() + expected);
            assert_eq!(warnings.len(), usize::from(expected.contains(REPLACEMENT)), "{expected}");
        }
    }
}
