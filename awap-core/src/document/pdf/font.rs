//! Fonts: how to cut a string into codes, what each stands for, how wide it is.

use std::collections::HashMap;

use lopdf::{Dictionary, Object};

use super::super::fonts::is_monospace;
use super::cid::{Collection, Predefined};
use super::cmap::CMap;
use super::encoding::{Base, glyph_text};
use super::objects::Pdf;
use super::program;
use crate::Result;

/// A font.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // styles go together in any way
pub(super) struct Font {
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) mono: bool,
    /// A font of mathematical signs.
    pub(super) math: bool,
    to_unicode: Option<CMap>,
    widths: Widths,
    codes: Codes,
    /// Width units in one unit of text space: 1000, but for Type 3.
    per_unit: f64,
    /// The height of a line at size 1: 1, but for Type 3.
    pub(super) height: f64,
}

#[derive(Debug)]
enum Widths {
    Simple { first: u32, widths: Vec<f64>, missing: f64 },
    Composite { widths: HashMap<u32, f64>, default: f64 },
}

#[derive(Debug)]
enum Codes {
    /// One byte a code: what each stands for.
    Simple(Vec<String>),
    /// Several bytes a code.
    Composite { encoding: Box<Encoding>, glyphs: HashMap<u32, char>, collection: Option<Collection> },
}

#[derive(Debug)]
enum Encoding {
    /// Two bytes, the glyph's number.
    Identity,
    /// Two bytes, UTF-16, with the CIDs of its codes.
    Unicode(Option<Predefined>),
    /// One or two bytes of a national standard, with the CIDs of its codes.
    National(&'static encoding_rs::Encoding, Option<Predefined>),
    Embedded(CMap),
}

/// Widths that a font gives by ranges; glyphs are numbered with 16 bits.
const MOST_WIDTHS: usize = 1 << 18;

/// A code of a string.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code {
    pub(super) value: u32,
    pub(super) length: usize,
}

impl Font {
    /// Reads a font by its dictionary.
    pub(super) fn read(pdf: &Pdf<'_>, font: &Dictionary) -> Result<Self> {
        let kind = pdf.name_entry(font, "Subtype").unwrap_or_default().into_owned();
        let descendant = pdf
            .array_entry(font, "DescendantFonts")
            .and_then(|fonts| fonts.first())
            .and_then(|object| pdf.dictionary(object));
        let inner = descendant.unwrap_or(font);
        let descriptor = pdf.dict_entry(inner, "FontDescriptor");
        let name = pdf
            .name_entry(font, "BaseFont")
            .or_else(|| descriptor.and_then(|d| pdf.name_entry(d, "FontName")))
            .unwrap_or_default()
            .into_owned();
        let name =
            name.split_once('+').filter(|(tag, _)| tag.len() == 6).map_or(name.as_str(), |(_, name)| name);
        let flags = descriptor.and_then(|d| pdf.number_entry(d, "Flags")).unwrap_or(0.0) as u32;
        let to_unicode = match pdf.stream_entry(font, "ToUnicode") {
            Some(stream) => Some(CMap::read(&pdf.unpack(stream)?, pdf.cx)?).filter(CMap::has_text),
            None => None,
        };
        let program = match descriptor {
            Some(descriptor) if to_unicode.is_none() => program::read(pdf, descriptor)?,
            _ => program::Program::default(),
        };
        let (codes, widths) = if kind == "Type0" {
            (composite_codes(pdf, font, inner, program)?, composite_widths(pdf, inner)?)
        } else {
            let symbolic = flags & 4 != 0;
            let codes = simple_codes(pdf, font, name, symbolic, &program);
            (Codes::Simple(codes), simple_widths(pdf, font, descriptor, name))
        };
        let per_unit = if kind == "Type3" {
            let scale =
                pdf.array_entry(font, "FontMatrix").and_then(|m| pdf.number(m.first()?)).unwrap_or(0.001);
            if scale.abs() > 1e-9 { 1.0 / scale.abs() } else { 1000.0 }
        } else {
            1000.0
        };
        let height = if kind == "Type3" { type3_height(pdf, font, per_unit) } else { 1.0 };
        let folded = name.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
        let starts = |words: &[&str]| words.iter().any(|word| folded.starts_with(word));
        Ok(Self {
            bold: has(&["bold", "black", "heavy", "demi", "-medi", "semibd"])
                || starts(&["cmbx", "cmb1", "sfbx", "ecbx"])
                || flags & (1 << 18) != 0,
            italic: has(&["italic", "oblique", "-ital", "slanted"])
                || starts(&["cmti", "cmsl", "sfti", "ecti"])
                || flags & (1 << 6) != 0,
            mono: is_monospace(name) || flags & 1 != 0 || starts(&["sftt", "ectt"]),
            math: has(&["math", "stix"]) || starts(&["cmmi", "cmsy", "cmex", "msam", "msbm", "mtmi", "mtsy"]),
            to_unicode,
            widths,
            codes,
            per_unit,
            height,
        })
    }

    /// The code at the start of `bytes`, which is not empty.
    pub(super) fn next_code(&self, bytes: &[u8]) -> Code {
        let length = match &self.codes {
            Codes::Simple(_) => 1,
            Codes::Composite { encoding, .. } => match encoding.as_ref() {
                Encoding::Identity | Encoding::Unicode(_) => 2,
                Encoding::National(national, _) => {
                    // Shift-JIS has half-width letters of one byte among the codes of two.
                    let half_width =
                        |b: u8| *national == encoding_rs::SHIFT_JIS && (0xa0..=0xdf).contains(&b);
                    if bytes.first().is_some_and(|b| *b > 0x80 && !half_width(*b)) { 2 } else { 1 }
                }
                Encoding::Embedded(map) => map.code_length(bytes).unwrap_or(2),
            },
        };
        let length = length.clamp(1, bytes.len().max(1));
        let value = bytes.iter().take(length).fold(0, |value, byte| value << 8 | u32::from(*byte));
        Code { value, length }
    }

    /// Writes what a code stands for; U+FFFD where the font does not say.
    pub(super) fn text(&self, code: Code, out: &mut String) {
        if self.to_unicode.as_ref().is_some_and(|map| map.text(code.value, out)) {
            return;
        }
        let before = out.len();
        match &self.codes {
            Codes::Simple(texts) => {
                if let Some(text) = texts.get(code.value as usize) {
                    out.push_str(text);
                }
            }
            Codes::Composite { encoding, glyphs, collection } => match encoding.as_ref() {
                Encoding::Unicode(_) => out.extend(char::from_u32(code.value)),
                Encoding::National(national, _) => {
                    let bytes = code.value.to_be_bytes();
                    let bytes = bytes.get(4 - code.length.min(4)..).unwrap_or_default();
                    out.push_str(&national.decode_without_bom_handling(bytes).0);
                }
                Encoding::Identity | Encoding::Embedded(_) => {
                    let glyph = self.glyph(code);
                    let known = collection.as_ref().is_some_and(|collection| collection.text(glyph, out));
                    if !known {
                        out.extend(glyphs.get(&glyph));
                    }
                }
            },
        }
        if out.len() == before {
            out.push('\u{fffd}');
        }
    }

    /// The number of a code's glyph in the font's collection.
    fn glyph(&self, code: Code) -> u32 {
        let Codes::Composite { encoding, .. } = &self.codes else { return code.value };
        let found = match encoding.as_ref() {
            Encoding::Embedded(map) => map.glyph(code.value),
            Encoding::National(_, Some(map)) | Encoding::Unicode(Some(map)) => {
                map.cid(code.value, code.length)
            }
            _ => None,
        };
        found.unwrap_or(code.value)
    }

    /// The width of a code, in units of text space at size 1.
    pub(super) fn width(&self, code: Code) -> f64 {
        let width = match &self.widths {
            Widths::Simple { first, widths, missing } => code
                .value
                .checked_sub(*first)
                .and_then(|i| widths.get(i as usize))
                .copied()
                .unwrap_or(*missing),
            Widths::Composite { widths, default } => {
                widths.get(&self.glyph(code)).copied().unwrap_or(*default)
            }
        };
        width / self.per_unit
    }

    /// Whether codes are one byte each, so that word spacing applies to code 32.
    pub(super) fn is_simple(&self) -> bool {
        matches!(self.codes, Codes::Simple(_))
    }
}

/// The height of a Type 3 font's glyphs, whose size says nothing by itself.
fn type3_height(pdf: &Pdf<'_>, font: &Dictionary, per_unit: f64) -> f64 {
    let bounds: Vec<f64> =
        pdf.array_entry(font, "FontBBox").unwrap_or_default().iter().filter_map(|n| pdf.number(n)).collect();
    let scale =
        pdf.array_entry(font, "FontMatrix").and_then(|m| pdf.number(m.get(3)?)).unwrap_or(0.001).abs();
    let by_bounds = match bounds.as_slice() {
        [_, low, _, high] => (high - low).abs() * scale,
        _ => 0.0,
    };
    if by_bounds > 1e-6 {
        return by_bounds;
    }
    let widths = pdf.array_entry(font, "Widths").unwrap_or_default();
    let widest = widths.iter().filter_map(|w| pdf.number(w)).fold(0.0, f64::max);
    if widest > 0.0 { widest / per_unit } else { 1.0 }
}

fn simple_codes(
    pdf: &Pdf<'_>,
    font: &Dictionary,
    name: &str,
    symbolic: bool,
    program: &program::Program,
) -> Vec<String> {
    let encoding = pdf.get(font, "Encoding");
    let mut base =
        encoding.and_then(|e| e.as_name().ok()).and_then(|n| Base::named(&String::from_utf8_lossy(n)));
    let mut differences: &[Object] = &[];
    if let Some(Object::Dictionary(dictionary)) = encoding {
        base = pdf.name_entry(dictionary, "BaseEncoding").and_then(|name| Base::named(&name));
        differences = pdf.array_entry(dictionary, "Differences").unwrap_or_default();
    }
    let is_true_type = pdf.name_entry(font, "Subtype").as_deref() == Some("TrueType");
    let implicit = if name.starts_with("Symbol") {
        Base::Symbol
    } else if name.contains("Dingbats") {
        Base::Dingbats
    } else if is_true_type {
        Base::WinAnsi
    } else {
        Base::Standard
    };
    // The font's own encoding counts where the dictionary names none, and for symbols.
    let own_first = base.is_none() && (symbolic || encoding.is_none() || !program.codes.is_empty());
    let base = base.unwrap_or(implicit);
    let mut texts: Vec<String> = (0..=255_u8)
        .map(|code| {
            let own = own_first.then(|| program.codes.get(&code)).flatten().cloned();
            own.or_else(|| base.char(code).filter(|c| !c.is_control()).map(String::from)).unwrap_or_default()
        })
        .collect();
    let mut code = 0_usize;
    for object in differences {
        match pdf.resolve(object) {
            Object::Integer(n) => code = usize::try_from(*n).unwrap_or(256),
            Object::Name(glyph) => {
                if let Some(text) = texts.get_mut(code) {
                    let mut named = String::new();
                    if glyph_text(&String::from_utf8_lossy(glyph), &mut named) {
                        *text = named;
                    } else if let Some(own) =
                        u8::try_from(code).ok().and_then(|code| program.codes.get(&code))
                    {
                        text.clone_from(own);
                    } else {
                        text.clear();
                    }
                }
                code = code.saturating_add(1);
            }
            _ => {}
        }
    }
    texts
}

fn simple_widths(pdf: &Pdf<'_>, font: &Dictionary, descriptor: Option<&Dictionary>, name: &str) -> Widths {
    let missing = descriptor.and_then(|d| pdf.number_entry(d, "MissingWidth"));
    if let Some(widths) = pdf.array_entry(font, "Widths") {
        return Widths::Simple {
            first: pdf.number_entry(font, "FirstChar").unwrap_or(0.0).max(0.0) as u32,
            widths: widths.iter().take(256).map(|w| pdf.number(w).unwrap_or(0.0)).collect(),
            missing: missing.unwrap_or(0.0),
        };
    }
    let (widths, other) = program::standard_widths(name);
    let widths = widths.iter().map(|w| f64::from(*w)).collect();
    Widths::Simple { first: 32, widths, missing: missing.unwrap_or(other) }
}

fn composite_codes(
    pdf: &Pdf<'_>,
    font: &Dictionary,
    descendant: &Dictionary,
    program: program::Program,
) -> Result<Codes> {
    let encoding = match pdf.get(font, "Encoding") {
        Some(Object::Stream(stream)) => Encoding::Embedded(CMap::read(&pdf.unpack(stream)?, pdf.cx)?),
        Some(Object::Name(name)) => predefined(&String::from_utf8_lossy(name)),
        _ => Encoding::Identity,
    };
    // A map from CIDs to the glyphs of the font's program, where they differ.
    let mut glyphs = program.glyphs;
    if let Some(Object::Stream(stream)) = pdf.get(descendant, "CIDToGIDMap")
        && !glyphs.is_empty()
    {
        let map = pdf.unpack(stream)?;
        glyphs = map
            .chunks_exact(2)
            .enumerate()
            .filter_map(|(cid, pair)| {
                Some((cid as u32, *glyphs.get(&u32::from(u16::from_be_bytes([pair[0], pair[1]])))?))
            })
            .collect();
    }
    Ok(Codes::Composite { encoding: Box::new(encoding), glyphs, collection: Collection::of(pdf, descendant) })
}

/// The predefined encodings of ISO 32000-1, table 118.
fn predefined(name: &str) -> Encoding {
    if name.contains("UCS2") || name.contains("UTF16") {
        return Encoding::Unicode(Predefined::named(name));
    }
    let national = match name {
        n if n.contains("RKSJ") => encoding_rs::SHIFT_JIS,
        n if n.starts_with("GB") => encoding_rs::GB18030,
        n if n.contains("B5") || n.starts_with("HKscs") => encoding_rs::BIG5,
        n if n.starts_with("KSC") => encoding_rs::EUC_KR,
        n if n.starts_with("EUC-") => encoding_rs::EUC_JP,
        _ => return Encoding::Identity,
    };
    Encoding::National(national, Predefined::named(name))
}

fn composite_widths(pdf: &Pdf<'_>, font: &Dictionary) -> Result<Widths> {
    let mut widths = HashMap::new();
    let mut filled = 0;
    let mut items = pdf.array_entry(font, "W").unwrap_or_default().iter();
    while let (Some(first), Some(next)) = (items.next(), items.next()) {
        pdf.cx.tick()?;
        let Some(first) = pdf.number(first) else { continue };
        let first = first.max(0.0) as u32;
        match pdf.resolve(next) {
            Object::Array(list) => {
                for (i, width) in list.iter().enumerate() {
                    widths.insert(first.saturating_add(i as u32), pdf.number(width).unwrap_or(0.0));
                }
            }
            last => {
                let (Some(last), Some(width)) = (pdf.number(last), items.next().and_then(|w| pdf.number(w)))
                else {
                    break;
                };
                // Glyphs are numbered with 16 bits.
                let last = last.clamp(0.0, 65535.0) as u32;
                for glyph in first..=last {
                    widths.insert(glyph, width);
                    filled += 1;
                }
                if filled > MOST_WIDTHS {
                    break;
                }
            }
        }
    }
    Ok(Widths::Composite { widths, default: pdf.number_entry(font, "DW").unwrap_or(1000.0) })
}
