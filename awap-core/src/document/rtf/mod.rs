//! RTF: one pass over its tokens, with the groups that are open on a stack of our own.

mod fonts;
mod lexer;
mod state;

use encoding_rs::Encoding;

use super::properties::Properties;
use super::reader::{Context, Reader, Reading, damaged};
use super::{PartKind, Warning};
use crate::{Limits, Result};
use lexer::{Lexer, Token};
use state::{Destination, Group, Writer};

/// Reads RTF.
pub(super) struct Rtf;

impl Reader for Rtf {
    fn read(&self, bytes: &[u8], cx: &Context<'_>) -> Result<Reading> {
        let mut lexer = Lexer::new(bytes);
        let mut input = Input::new(cx);
        while let Some(token) = lexer.next_token() {
            cx.tick()?;
            input.token(&token)?;
        }
        let mut reading = Reading::default();
        if !input.groups.is_empty() {
            reading.warnings.push(Warning::new(
                "truncated",
                "The end of this file is missing; it was read as far as it goes.",
            ));
        }
        input.flush();
        let properties = std::mem::take(&mut input.properties);
        reading.parts = input.writer.finish()?;
        if !reading.parts.iter().any(|part| part.kind == PartKind::Body) {
            return Err(damaged("it holds no text"));
        }
        reading.parts.push(properties.finish(cx.limits)?);
        Ok(reading)
    }
}

/// The input as far as it was read.
struct Input<'c> {
    limits: &'c Limits,
    groups: Vec<Group>,
    group: Group,
    writer: Writer<'c>,
    properties: Properties,
    /// The document's encoding, where a font has none of its own.
    encoding: &'static Encoding,
    /// Bytes and UTF-16 units that are not yet text.
    bytes: Vec<u8>,
    units: Vec<u16>,
    /// What follows a Unicode character for readers that know none: so much is passed over.
    skip: usize,
    /// `\*` came just before: a destination that is not known is passed over.
    optional: bool,
}

impl<'c> Input<'c> {
    fn new(cx: &'c Context<'c>) -> Self {
        Self {
            limits: cx.limits,
            groups: Vec::new(),
            group: Group::outermost(),
            writer: Writer::new(cx.limits),
            properties: Properties::default(),
            encoding: encoding_rs::WINDOWS_1252,
            bytes: Vec::new(),
            units: Vec::new(),
            skip: 0,
            optional: false,
        }
    }

    fn token(&mut self, token: &Token<'_>) -> Result<()> {
        let optional = std::mem::take(&mut self.optional);
        match *token {
            Token::Open => {
                self.flush();
                self.skip = 0;
                if self.groups.len() >= self.limits.depth.saturating_mul(4) {
                    return Err(Limits::exceeded("depth", self.limits.depth));
                }
                // The text gathered so far stays with the outer group and is not copied.
                let text = std::mem::take(&mut self.group.text);
                let inner = self.group.clone();
                let outer = std::mem::replace(&mut self.group, inner);
                self.groups.push(outer.with_text(text));
            }
            Token::Close => {
                self.flush();
                self.skip = 0;
                let Some(outer) = self.groups.pop() else { return Ok(()) };
                let inner = std::mem::replace(&mut self.group, outer);
                self.writer.end_group(&inner, &mut self.group, &mut self.properties)?;
            }
            Token::Byte(byte) => self.raw(&[byte]),
            Token::Text(text) => self.raw(text),
            Token::Sign(b'*') => self.optional = true,
            Token::Sign(sign) => {
                let text = match sign {
                    b'~' => "\u{a0}",
                    b'_' => "\u{2011}",
                    b'\\' => "\\",
                    b'{' => "{",
                    b'}' => "}",
                    b'\n' | b'\r' => {
                        self.word("par", None, false);
                        return Ok(());
                    }
                    _ => "",
                };
                if self.skip > 0 {
                    self.skip -= 1;
                } else {
                    self.text(text);
                }
            }
            Token::Word(word, number) => self.word(word, number, optional),
        }
        Ok(())
    }

    /// Bytes in the encoding of the font.
    fn raw(&mut self, bytes: &[u8]) {
        let passed = self.skip.min(bytes.len());
        self.skip -= passed;
        let rest = bytes.get(passed..).unwrap_or_default();
        if rest.is_empty() {
            return;
        }
        self.flush_units();
        self.bytes.extend_from_slice(rest);
    }

    fn flush_units(&mut self) {
        if !self.units.is_empty() {
            let units = std::mem::take(&mut self.units);
            let text = String::from_utf16_lossy(&units);
            self.writer.text(&text, &mut self.group);
        }
    }

    /// Writes what was gathered.
    fn flush(&mut self) {
        self.flush_units();
        if !self.bytes.is_empty() {
            let encoding = self.writer.encoding_of(self.group.font).unwrap_or(self.encoding);
            let bytes = std::mem::take(&mut self.bytes);
            let text = encoding.decode_without_bom_handling(&bytes).0;
            self.writer.text(&text, &mut self.group);
        }
    }

    fn text(&mut self, text: &str) {
        self.flush();
        self.writer.text(text, &mut self.group);
    }

    fn word(&mut self, word: &str, number: Option<i32>, optional: bool) {
        // A control word counts as one character after a Unicode character.
        if self.skip > 0 && word != "u" && word != "uc" {
            self.skip -= 1;
            return;
        }
        match word {
            "u" => {
                if !self.bytes.is_empty() {
                    self.flush();
                }
                self.units.push(number.unwrap_or(0) as u16);
                self.skip = self.group.fallback;
            }
            "uc" => self.group.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(16),
            "ansicpg" => {
                if let Some(encoding) = fonts::code_page(number.unwrap_or(1252)) {
                    self.encoding = encoding;
                }
            }
            "mac" => self.encoding = encoding_rs::MACINTOSH,
            _ => {
                self.flush();
                if let Some(text) = state::shown(word) {
                    self.writer.text(text, &mut self.group);
                    return;
                }
                let known = self.writer.word(word, number, &mut self.group);
                if optional && !known {
                    self.group.destination = Destination::Skip;
                }
            }
        }
    }
}
