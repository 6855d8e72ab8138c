//! Embedded font programs, as far as they tell what codes stand for; and the widths of fonts that every viewer has.

use std::collections::HashMap;

use lopdf::Dictionary;

use super::encoding::glyph_text;
use super::lexer::{Lexer, Token};
use super::objects::Pdf;
use super::true_type::true_type;
use crate::Result;

/// Glyphs of a compact font whose names are asked for. Each is found by going through the ranges of names before it; fonts of more
/// glyphs than this, those for Chinese, Japanese and Korean, number them instead.
pub(super) const MOST_NAMED: u16 = 0x4000;

/// What a font program tells.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// Its own encoding: one-byte code → text.
    pub(super) codes: HashMap<u8, String>,
    /// Glyph → character.
    pub(super) glyphs: HashMap<u32, char>,
}

/// Reads the program that a font descriptor embeds.
pub(super) fn read(pdf: &Pdf<'_>, descriptor: &Dictionary) -> Result<Program> {
    if let Some(stream) = pdf.stream_entry(descriptor, "FontFile2") {
        return Ok(true_type(&pdf.unpack(stream)?));
    }
    if let Some(stream) = pdf.stream_entry(descriptor, "FontFile3") {
        let bytes = pdf.unpack(stream)?;
        return Ok(if bytes.starts_with(b"OTTO") || bytes.starts_with(&[0, 1, 0, 0]) {
            true_type(&bytes)
        } else {
            compact(&bytes)
        });
    }
    if let Some(stream) = pdf.stream_entry(descriptor, "FontFile") {
        return Ok(type1(&pdf.unpack(stream)?));
    }
    Ok(Program::default())
}

fn compact(bytes: &[u8]) -> Program {
    ttf_parser::cff::Table::parse(bytes).map_or_else(Program::default, |table| from_cff(&table))
}

pub(super) fn from_cff(table: &ttf_parser::cff::Table<'_>) -> Program {
    let mut program = Program::default();
    let text_of = |glyph| {
        let mut text = String::new();
        table.glyph_name(glyph).is_some_and(|name| glyph_text(name, &mut text)).then_some(text)
    };
    for code in 0..=255_u8 {
        if let Some(text) = table.glyph_index(code).and_then(text_of) {
            program.codes.insert(code, text);
        }
    }
    for glyph in 0..table.number_of_glyphs().min(MOST_NAMED) {
        if let Some(c) = text_of(ttf_parser::GlyphId(glyph)).and_then(|text| text.chars().next()) {
            // In a font of CIDs glyphs are called by those.
            let key = table.glyph_cid(ttf_parser::GlyphId(glyph)).unwrap_or(glyph);
            program.glyphs.insert(u32::from(key), c);
        }
    }
    program
}

/// The encoding that stands in the clear part of a Type 1 program: `dup 65 /A put`.
fn type1(bytes: &[u8]) -> Program {
    let mut program = Program::default();
    let clear = memchr::memmem::find(bytes, b"eexec").unwrap_or(bytes.len());
    let Some(start) = memchr::memmem::find(bytes.get(..clear).unwrap_or_default(), b"/Encoding") else {
        return program;
    };
    let mut lexer = Lexer::new(bytes.get(start + 9..clear).unwrap_or_default());
    let mut code = None;
    let mut name = None;
    while let Some(token) = lexer.next_token() {
        match token {
            Token::Number(n) => code = Some(n),
            Token::Name(glyph) => name = Some(glyph),
            Token::Operator(b"put") => {
                if let (Some(code), Some(glyph)) = (code.take(), name.take()) {
                    let mut text = String::new();
                    if (0.0..256.0).contains(&code) && glyph_text(&String::from_utf8_lossy(glyph), &mut text)
                    {
                        program.codes.insert(code as u8, text);
                    }
                }
            }
            Token::Operator(b"readonly" | b"def") if !program.codes.is_empty() => break,
            Token::Operator(b"StandardEncoding") => break,
            _ => {}
        }
    }
    program
}

/// Widths of codes 32 to 126 in fonts that need not be embedded, and of any other.
pub(super) fn standard_widths(name: &str) -> (&'static [u16], f64) {
    const SANS: [u16; 95] = [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556,
        556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778,
        722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278,
        278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
        556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
    ];
    const SERIF: [u16; 95] = [
        250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, 500, 500, 500, 500,
        500, 500, 500, 500, 500, 500, 278, 278, 564, 564, 564, 444, 921, 722, 667, 667, 722, 611, 556, 722,
        722, 333, 389, 722, 611, 889, 722, 722, 556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333,
        278, 333, 469, 500, 333, 444, 500, 444, 500, 444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500,
        500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480, 200, 480, 541,
    ];
    let folded = name.to_ascii_lowercase();
    if folded.contains("courier") || folded.contains("mono") {
        (&[], 600.0)
    } else if ["times", "roman", "serif", "georgia", "garamond", "cambria", "symbol"]
        .iter()
        .any(|n| folded.contains(n))
        && !folded.contains("sans")
    {
        (&SERIF, 500.0)
    } else {
        (&SANS, 556.0)
    }
}
