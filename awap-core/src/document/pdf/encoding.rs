//! Codes of simple fonts as characters: the encodings of the PDF specification (ISO 32000-1, annex D) and glyph names.

use std::collections::HashMap;
use std::sync::LazyLock;

/// An encoding that a font may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Standard,
    WinAnsi,
    MacRoman,
    Symbol,
    Dingbats,
}

impl Base {
    /// By its name in a font's dictionary.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "StandardEncoding" => Some(Self::Standard),
            "WinAnsiEncoding" => Some(Self::WinAnsi),
            "MacRomanEncoding" => Some(Self::MacRoman),
            _ => None,
        }
    }

    /// The character of a code.
    pub(super) fn char(self, code: u8) -> Option<char> {
        match self {
            Self::Standard => standard(code),
            Self::WinAnsi => Some(win_ansi(code)),
            Self::MacRoman => single(encoding_rs::MACINTOSH, code).filter(|_| code >= 32),
            Self::Symbol => super::super::fonts::adobe_symbol(code),
            Self::Dingbats => Some(dingbat(code)),
        }
    }
}

fn single(encoding: &'static encoding_rs::Encoding, code: u8) -> Option<char> {
    encoding.decode_without_bom_handling(&[code]).0.chars().next()
}

fn win_ansi(code: u8) -> char {
    match code {
        // Codes that are not used otherwise stand for a bullet.
        0x7f | 0x81 | 0x8d | 0x8f | 0x90 | 0x9d => '•',
        0xa0 => ' ',
        0xad => '-',
        code => single(encoding_rs::WINDOWS_1252, code).unwrap_or('\u{fffd}'),
    }
}

fn standard(code: u8) -> Option<char> {
    const HIGH: &str = "¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ\0–†‡·\0¶•‚„”»…‰\0¿\0`´ˆ˜¯˘˙¨\0˚¸\0˝˛ˇ—";
    match code {
        0x27 => Some('’'),
        0x60 => Some('‘'),
        0x20..=0x7e => Some(char::from(code)),
        0xa1..=0xd0 => HIGH.chars().nth(usize::from(code) - 0xa1).filter(|c| *c != '\0'),
        0xe1 => Some('Æ'),
        0xe3 => Some('ª'),
        0xe8 => Some('Ł'),
        0xe9 => Some('Ø'),
        0xea => Some('Œ'),
        0xeb => Some('º'),
        0xf1 => Some('æ'),
        0xf5 => Some('ı'),
        0xf8 => Some('ł'),
        0xf9 => Some('ø'),
        0xfa => Some('œ'),
        0xfb => Some('ß'),
        _ => None,
    }
}

/// The signs of Zapf Dingbats that documents use: ticks, crosses, bullets, boxes, arrows.
fn dingbat(code: u8) -> char {
    match code {
        0x20 => ' ',
        0x33 => '✓',
        0x34 => '✔',
        0x35..=0x38 => '✗',
        0x6c => '●',
        0x6e => '■',
        0x6f..=0x72 => '❏',
        0x75 => '◆',
        0xd4..=0xfe => '→',
        _ => '•',
    }
}

/// A character of `PDFDocEncoding`.
pub(super) fn pdf_doc(code: u8) -> char {
    const LOW: &str = "˘ˇˆ˙˝˛˚˜";
    const HIGH: &str = "•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž";
    match code {
        0x18..=0x1f => LOW.chars().nth(usize::from(code) - 0x18).unwrap_or(' '),
        0x80..=0x9e => HIGH.chars().nth(usize::from(code) - 0x80).unwrap_or(' '),
        0xa0 => '€',
        code => char::from(code),
    }
}

static GLYPHS: LazyLock<HashMap<&'static str, char>> = LazyLock::new(|| {
    include_str!("glyphlist.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (name, code) = line.split_once(' ')?;
            Some((name, char::from_u32(u32::from_str_radix(code, 16).ok()?)?))
        })
        .collect()
});

/// Writes what a glyph name stands for, as the Adobe Glyph List specification has it; false where it says nothing.
pub(super) fn glyph_text(name: &str, out: &mut String) -> bool {
    let base = name.split('.').next().unwrap_or_default();
    if base.is_empty() {
        return false;
    }
    let before = out.len();
    for component in base.split('_') {
        if let Some(c) = GLYPHS.get(component) {
            out.push(*c);
        } else if let Some(hex) =
            component.strip_prefix("uni").filter(|hex| hex.len() >= 4 && hex.len().is_multiple_of(4))
        {
            for start in (0..hex.len()).step_by(4) {
                out.extend(hex.get(start..start + 4).and_then(from_hex));
            }
        } else if let Some(c) =
            component.strip_prefix('u').filter(|hex| (4..=6).contains(&hex.len())).and_then(from_hex)
        {
            out.push(c);
        }
    }
    out.len() > before
}

fn from_hex(hex: &str) -> Option<char> {
    char::from_u32(u32::from_str_radix(hex, 16).ok()?)
}

/// A ligature as its letters, which is how the word is searched for and counted.
pub(super) fn letters_of(c: char) -> Option<&'static str> {
    Some(match c {
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names() {
        for (base, code, expected) in [
            (Base::Standard, 0xae, Some('ﬁ')),
            (Base::Standard, 0xd0, Some('—')),
            (Base::Standard, 0xb7, Some('•')),
            (Base::Standard, 0xb5, None),
            (Base::WinAnsi, 0x93, Some('“')),
            (Base::WinAnsi, 0xe9, Some('é')),
            (Base::MacRoman, 0x8e, Some('é')),
            (Base::Symbol, 0x70, Some('π')),
        ] {
            assert_eq!(base.char(code), expected, "{base:?} {code:x}");
        }
        for (name, expected) in [
            ("eacute", "é"),
            ("f_i", "fi"),
            ("uni00410042", "AB"),
            ("u1F600", "😀"),
            ("a.sc", "a"),
            ("fi", "ﬁ"),
            ("g123", ""),
            (".notdef", ""),
        ] {
            let mut out = String::new();
            glyph_text(name, &mut out);
            assert_eq!(out, expected, "{name}");
        }
        assert_eq!(pdf_doc(0x9e), 'ž');
        assert_eq!(pdf_doc(0x84), '—');
    }
}
