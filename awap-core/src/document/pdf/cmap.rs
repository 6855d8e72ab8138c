//! Character maps: codes of composite fonts as characters (`ToUnicode`) and as glyphs (embedded encodings).

use super::super::reader::Context;
use super::lexer::{Lexer, Token};
use crate::Result;

/// A character map.
#[derive(Debug, Default)]
pub(super) struct CMap {
    /// Code spaces: length in bytes, first, last.
    spaces: Vec<(usize, u32, u32)>,
    /// Sorted by first code: first, last, what the first stands for.
    texts: Vec<(u32, u32, Text)>,
    /// Sorted by first code: first, last, the first's glyph.
    glyphs: Vec<(u32, u32, u32)>,
}

#[derive(Debug)]
enum Text {
    /// Counts on from this character.
    From(u32),
    /// This, whatever the code in the range.
    Fixed(String),
}

/// No real font has more mappings than there are characters.
const MOST: usize = 200_000;

impl CMap {
    /// Reads a map from its source.
    pub(super) fn read(source: &[u8], cx: &Context<'_>) -> Result<Self> {
        let mut map = Self::default();
        let mut lexer = Lexer::new(source);
        let mut operands: Vec<Operand> = Vec::new();
        let mut list: Option<Vec<Vec<u8>>> = None;
        let mut section = Section::None;
        while let Some(token) = lexer.next_token() {
            cx.tick()?;
            match token {
                Token::String(bytes) => match &mut list {
                    Some(list) => list.push(bytes),
                    None => operands.push(Operand::Code(bytes)),
                },
                Token::Number(n) => operands.push(Operand::Number(n as u32)),
                Token::ArrayStart => list = Some(Vec::new()),
                Token::ArrayEnd => operands.extend(list.take().map(Operand::List)),
                Token::Operator(name) => {
                    section = match name {
                        b"begincodespacerange" => Section::Space,
                        b"beginbfchar" => Section::Char,
                        b"beginbfrange" => Section::Range,
                        b"begincidchar" => Section::GlyphChar,
                        b"begincidrange" => Section::GlyphRange,
                        _ => Section::None,
                    };
                    operands.clear();
                }
                _ => {}
            }
            if map.texts.len() + map.glyphs.len() + map.spaces.len() > MOST {
                break;
            }
            map.take(section, &mut operands);
            if operands.len() > 8 {
                operands.clear();
            }
        }
        map.texts.sort_by_key(|(first, ..)| *first);
        map.glyphs.sort_by_key(|(first, ..)| *first);
        Ok(map)
    }

    fn take(&mut self, section: Section, operands: &mut Vec<Operand>) {
        match (section, operands.as_slice()) {
            (Section::Space, [Operand::Code(first), Operand::Code(last)]) => {
                if self.spaces.len() < 256 {
                    self.spaces.push((first.len(), code(first), code(last)));
                }
            }
            (Section::Char, [Operand::Code(from), Operand::Code(to)]) => {
                self.texts.push((code(from), code(from), text(to)));
            }
            (Section::Range, [Operand::Code(first), Operand::Code(last), Operand::Code(to)]) => {
                self.texts.push((code(first), code(last), text(to)));
            }
            (Section::Range, [Operand::Code(first), Operand::Code(_), Operand::List(list)]) => {
                let first = code(first);
                let codes = (0..list.len() as u32).map(|i| first.saturating_add(i));
                self.texts.extend(codes.zip(list).map(|(code, to)| (code, code, text(to))));
            }
            (Section::GlyphChar, [Operand::Code(from), Operand::Number(glyph)]) => {
                self.glyphs.push((code(from), code(from), *glyph));
            }
            (Section::GlyphRange, [Operand::Code(first), Operand::Code(last), Operand::Number(glyph)]) => {
                self.glyphs.push((code(first), code(last), *glyph));
            }
            _ => return,
        }
        operands.clear();
    }

    /// Whether it says what any code stands for.
    pub(super) fn has_text(&self) -> bool {
        !self.texts.is_empty()
    }

    /// Writes what a code stands for; false where the map does not say.
    pub(super) fn text(&self, code: u32, out: &mut String) -> bool {
        let index = self.texts.partition_point(|(first, ..)| *first <= code);
        // Ranges may overlap in careless files: the nearest that holds the code is the one.
        let near = self.texts.get(index.saturating_sub(4)..index).unwrap_or_default();
        let Some((first, _, text)) = near.iter().rev().find(|(_, last, _)| code <= *last) else {
            return false;
        };
        match text {
            Text::From(start) => match char::from_u32(start.saturating_add(code - first)) {
                Some('\0') | None => return false,
                Some(c) => out.push(c),
            },
            Text::Fixed(text) => out.push_str(text),
        }
        true
    }

    /// The glyph of a code.
    pub(super) fn glyph(&self, code: u32) -> Option<u32> {
        let index = self.glyphs.partition_point(|(first, ..)| *first <= code);
        let (first, last, glyph) = self.glyphs.get(index.checked_sub(1)?)?;
        (code <= *last).then(|| glyph.saturating_add(code - first))
    }

    /// The length of the code at the start of `bytes`, by the code spaces; none where there are none.
    pub(super) fn code_length(&self, bytes: &[u8]) -> Option<usize> {
        if self.spaces.is_empty() {
            return None;
        }
        let fits = |length: usize| {
            bytes.get(..length).is_some_and(|head| {
                let value = code(head);
                self.spaces.iter().any(|(l, first, last)| *l == length && (*first..=*last).contains(&value))
            })
        };
        let shortest = self.spaces.iter().map(|(length, ..)| *length).min().unwrap_or(1);
        (1..=4).find(|length| fits(*length)).or(Some(shortest.clamp(1, 4)))
    }
}

#[derive(Debug)]
enum Operand {
    Code(Vec<u8>),
    Number(u32),
    List(Vec<Vec<u8>>),
}

#[derive(Debug, Clone, Copy)]
enum Section {
    None,
    Space,
    Char,
    Range,
    GlyphChar,
    GlyphRange,
}

fn code(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |code, byte| code << 8 | u32::from(*byte))
}

fn text(bytes: &[u8]) -> Text {
    if let [low] = bytes {
        return Text::From(u32::from(*low));
    }
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let text: String =
        char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).filter(|c| *c != '\0').collect();
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) => Text::From(u32::from(only)),
        _ => Text::Fixed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deadline, Limits};

    #[test]
    fn ranges_lists_and_spaces() {
        let source =
            b"/CIDInit /ProcSet findresource begin 1 begincodespacerange <0000> <FFFF> endcodespacerange
            2 beginbfchar <0003> <0020> <0010> <00660069> endbfchar
            2 beginbfrange <0020> <0022> <0041> <0030> <0031> [<0058> <0059005A>] endbfrange
            1 begincidrange <0000> <00ff> 100 endcidrange endcmap";
        let (limits, deadline) = (Limits::default(), Deadline::never());
        let map = CMap::read(source, &Context::new(&limits, &deadline)).unwrap();
        for (code, expected) in [(3, " "), (0x10, "fi"), (0x21, "B"), (0x30, "X"), (0x31, "YZ"), (0x99, "")] {
            let mut out = String::new();
            map.text(code, &mut out);
            assert_eq!(out, expected, "{code:x}");
        }
        assert_eq!(map.glyph(5), Some(105));
        assert_eq!(map.code_length(b"\x00\x03rest"), Some(2));
    }
}
