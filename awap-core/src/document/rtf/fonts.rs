//! The fonts of an RTF file and the encodings that they are written in.

use std::collections::BTreeMap;

use encoding_rs::Encoding;

use super::super::fonts::is_monospace;

/// Most bytes of a font's name.
const LONGEST_NAME: usize = 1000;

/// A font.
#[derive(Debug, Default, Clone)]
pub(super) struct Font {
    pub(super) mono: bool,
    pub(super) name: String,
    encoding: Option<&'static Encoding>,
}

/// The fonts of a file by their numbers.
#[derive(Debug, Default)]
pub(super) struct Fonts(BTreeMap<i32, Font>);

impl Fonts {
    pub(super) fn get(&self, number: i32) -> Option<&Font> {
        self.0.get(&number)
    }

    pub(super) fn encoding_of(&self, number: i32) -> Option<&'static Encoding> {
        self.get(number)?.encoding
    }

    /// Notes a font that the table begins to describe.
    pub(super) fn begin(&mut self, number: i32) {
        self.0.entry(number).or_default();
    }

    pub(super) fn set_charset(&mut self, number: i32, charset: i32) {
        self.0.entry(number).or_default().encoding = encoding_of_charset(charset);
    }

    /// Takes text of the table after what is `open` of a name. A semicolon ends a name, whether its font has a group of
    /// its own, as Word writes them, or none, as macOS does.
    pub(super) fn text(&mut self, number: i32, open: &mut String, text: &str) {
        let mut pieces = text.split(';');
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            open.push_str(piece);
            self.name(number, open);
            open.clear();
        }
        if open.len() + last.len() <= LONGEST_NAME {
            open.push_str(last);
        }
    }

    pub(super) fn name(&mut self, number: i32, name: &str) {
        let name = name.trim();
        if !name.is_empty() {
            let font = self.0.entry(number).or_default();
            font.mono = is_monospace(name);
            name.clone_into(&mut font.name);
        }
    }
}

/// The encoding of a Windows or DOS code page.
pub(super) fn code_page(number: i32) -> Option<&'static Encoding> {
    let label = match number {
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        866 => "ibm866",
        874 => "windows-874",
        10000 => "macintosh",
        65001 => "utf-8",
        1250..=1258 => return Encoding::for_label(format!("windows-{number}").as_bytes()),
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}

/// The encoding of a font's character set.
fn encoding_of_charset(number: i32) -> Option<&'static Encoding> {
    code_page(match number {
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        0 => 1252,
        _ => return None,
    })
}
