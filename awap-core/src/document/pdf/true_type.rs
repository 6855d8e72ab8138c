//! What TrueType and OpenType programs tell of their glyphs, without doing all that a table claims is to be done.

use ttf_parser::{Face, GlyphId, Tag, cmap, post};

use super::encoding::glyph_text;
use super::program::{MOST_NAMED, Program, from_cff};

/// Codes that are looked at, in all tables of a font together: as many as Unicode has. A font that claims more is made to keep its
/// reader busy.
const MOST_CODES: u64 = 0x11_0000;

pub(super) fn true_type(bytes: &[u8]) -> Program {
    let mut program = Program::default();
    let Ok(face) = Face::parse(bytes, 0) else { return program };
    if let Some(cff) = face.tables().cff {
        program = from_cff(&cff);
    }
    let named = texts(&face);
    if let (Some(cmap), Some(raw)) = (face.tables().cmap, face.raw_face().table(Tag::from_bytes(b"cmap"))) {
        map(cmap, raw, &named, &mut program);
    }
    // What glyph names tell of glyphs that no table maps.
    for (glyph, text) in (0..).zip(&named) {
        if let Some(c) = text.chars().next() {
            program.glyphs.entry(glyph).or_insert(c);
        }
    }
    program
}

/// Adds what the `cmap` tells.
fn map(cmap: cmap::Table<'_>, raw: &[u8], named: &[String], program: &mut Program) {
    let mut left = MOST_CODES;
    for at in 0..cmap.subtables.len() {
        let Some(table) = cmap.subtables.get(at) else { continue };
        let Some(rest) = codes(raw, at.into()).and_then(|codes| left.checked_sub(codes)) else { continue };
        left = rest;
        let unicode = table.is_unicode();
        table.codepoints(|code| {
            let Some(glyph) = table.glyph_index(code) else { return };
            let symbol = (0xf000..=0xf0ff).contains(&code);
            if unicode && !symbol {
                if let Some(c) = char::from_u32(code).filter(|c| !c.is_control()) {
                    program.glyphs.entry(u32::from(glyph.0)).or_insert(c);
                }
            } else if let Ok(code) = u8::try_from(if symbol { code - 0xf000 } else { code }) {
                // A symbol font's codes say nothing themselves: the glyph's name may.
                if let Some(text) = named.get(usize::from(glyph.0)).filter(|text| !text.is_empty()) {
                    program.codes.entry(code).or_insert_with(|| text.clone());
                }
            }
        });
    }
}

/// How many codes the table `at` of a `cmap` (OpenType specification, "cmap") says that it maps, at most; none where that cannot be
/// said, or where it is of format 13, which gives many characters one glyph and so tells of none what it is.
fn codes(cmap: &[u8], at: usize) -> Option<u64> {
    let u16_at = |at: usize| Some(u16::from_be_bytes(cmap.get(at..at.checked_add(2)?)?.try_into().ok()?));
    let u32_at = |at: usize| Some(u32::from_be_bytes(cmap.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let size = |start: u32, end: u32| u64::from(end).saturating_sub(u64::from(start)) + 1;
    let table = u32_at(4 + 8 * at + 4)? as usize;
    match u16_at(table)? {
        0 => Some(256),
        4 => {
            let length = usize::from(u16_at(table + 6)?) & !1;
            let segments = (0..length).step_by(2).map_while(|segment| {
                let (start, end) = (u16_at(table + 16 + length + segment)?, u16_at(table + 14 + segment)?);
                Some(size(start.into(), end.into()))
            });
            Some(segments.sum())
        }
        12 => {
            let groups = (0..u32_at(table + 12)? as usize).map_while(|group| {
                let group = table + 16 + 12 * group;
                Some(size(u32_at(group)?, u32_at(group + 4)?))
            });
            Some(groups.fold(0, u64::saturating_add))
        }
        13 => None,
        // Of two bytes, or as many codes as it has glyphs.
        _ => Some(0x1_0000.max(cmap.len() as u64 / 2)),
    }
}

/// What each glyph stands for by its name, in their order; empty where that says nothing.
fn texts(face: &Face<'_>) -> Vec<String> {
    let post = PostNames::of(face);
    let name_of = |glyph| match &post {
        Some(post) => post.get(glyph),
        None => face.tables().cff.filter(|_| glyph < MOST_NAMED)?.glyph_name(GlyphId(glyph)),
    };
    let text_of = |glyph| {
        let mut text = String::new();
        if let Some(name) = name_of(glyph) {
            glyph_text(name, &mut text);
        }
        text
    };
    (0..face.number_of_glyphs()).map(text_of).collect()
}

/// The names in a `post` table of version 2.0 (OpenType specification, "post"), read once: `Face::glyph_name` goes through them all
/// for each glyph.
struct PostNames<'a> {
    table: post::Table<'a>,
    /// Two bytes for each glyph: the number of its name.
    numbers: &'a [u8],
    own: Vec<&'a str>,
}

impl<'a> PostNames<'a> {
    /// Names that every font has, numbered before its own.
    const STANDARD: usize = 258;

    fn of(face: &Face<'a>) -> Option<Self> {
        let numbers =
            face.raw_face().table(Tag::from_bytes(b"post"))?.strip_prefix(&[0, 2, 0, 0])?.get(30..)?;
        let table = face.tables().post?;
        Some(Self { table, numbers, own: table.names().collect() })
    }

    fn get(&self, glyph: u16) -> Option<&'a str> {
        let at = 2 * usize::from(glyph);
        let number = usize::from(u16::from_be_bytes(self.numbers.get(at..at + 2)?.try_into().ok()?));
        match number.checked_sub(Self::STANDARD) {
            Some(own) => self.own.get(own).copied(),
            None => self.table.glyph_name(GlyphId(glyph)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A font of three glyphs with these `cmap` tables, all for Unicode.
    fn font(tables: &[Vec<u8>]) -> Vec<u8> {
        program(tables, 1, 3, vec![])
    }

    /// A font of so many glyphs with these `cmap` tables for Windows, of this encoding, and this `post` table.
    fn program(tables: &[Vec<u8>], encoding: u8, glyphs: u16, post: Vec<u8>) -> Vec<u8> {
        let mut cmap = [0_u16, tables.len() as u16].map(u16::to_be_bytes).concat();
        let mut offset = 4 + 8 * tables.len();
        for table in tables {
            cmap.extend([0, 3, 0, encoding]);
            cmap.extend((offset as u32).to_be_bytes());
            offset += table.len();
        }
        cmap.extend(tables.concat());
        let mut head = vec![0; 54];
        head[18..20].copy_from_slice(&1000_u16.to_be_bytes());
        let maxp = [&[0, 0, 0x50, 0][..], &glyphs.to_be_bytes()].concat();
        let parts =
            [(b"cmap", cmap), (b"head", head), (b"hhea", vec![0; 36]), (b"maxp", maxp), (b"post", post)];
        let mut out = [0, 1, 0, 0, 0, parts.len() as u8, 0, 0, 0, 0, 0, 0].to_vec();
        let mut at = out.len() + 16 * parts.len();
        for (name, part) in &parts {
            out.extend(*name);
            out.extend([0; 4]);
            out.extend((at as u32).to_be_bytes());
            out.extend((part.len() as u32).to_be_bytes());
            at += part.len();
        }
        out.extend(parts.into_iter().flat_map(|(_, part)| part));
        out
    }

    /// A table of format 12 or 13: groups of a first and a last code, and the first one's glyph.
    fn groups(format: u16, groups: &[[u32; 3]]) -> Vec<u8> {
        let mut out = [format, 0].map(u16::to_be_bytes).concat();
        out.extend([16 + 12 * groups.len() as u32, 0, groups.len() as u32].map(u32::to_be_bytes).concat());
        out.extend(groups.iter().flatten().flat_map(|number| number.to_be_bytes()));
        out
    }

    /// A table of format 4, whose segments each go from the first code to the last.
    fn segments(segments: &[[u16; 2]]) -> Vec<u8> {
        let length = 2 * segments.len() as u16;
        let mut out = [4, 16 + 4 * length, 0, length, 0, 0, 0].map(u16::to_be_bytes).concat();
        let column =
            |of: fn(&[u16; 2]) -> u16| segments.iter().map(of).flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        out.extend(column(|s| s[1]));
        out.extend([0, 0]);
        out.extend(column(|s| s[0]));
        out.extend(column(|s| 1_u16.wrapping_sub(s[0])));
        out.extend(column(|_| 0));
        out
    }

    /// A `post` table of version 2.0: the number of each glyph's name, and the names that are not standard ones.
    fn post(numbers: &[u16], names: &[&str]) -> Vec<u8> {
        let mut out = [&[0, 2, 0, 0][..], &[0; 28], &(numbers.len() as u16).to_be_bytes()].concat();
        out.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        out.extend(names.iter().flat_map(|name| [&[name.len() as u8], name.as_bytes()].concat()));
        out
    }

    #[test]
    fn glyphs_that_no_table_maps_are_known_by_their_names() {
        // 36 is the standard name A; 258 the first of the font's own.
        let named = post(&[0, 36, 259, 258, 999], &["uni00E9", "eacute"]);
        let read = true_type(&program(&[], 1, 6, named.clone()));
        let told = (1..6).map(|glyph| read.glyphs.get(&glyph).copied()).collect::<Vec<_>>();
        assert_eq!(told, [Some('A'), Some('é'), Some('é'), None, None]);
        // A symbol font's codes are known by the names of their glyphs.
        let read = true_type(&program(&[segments(&[[0xf001, 0xf002], [0xffff, 0xffff]])], 0, 3, named));
        assert_eq!(read.codes.get(&1).map(String::as_str), Some("A"));
    }

    #[test]
    fn names_are_looked_for_once_however_often_a_table_asks() {
        // As many names and glyphs as there can be, each called by the last name, and a symbol table that asks again and again.
        let names = [vec!["x"; usize::from(u16::MAX) - 258], vec!["eacute"]].concat();
        let table = groups(12, &vec![[0xf000, 0xf0ff, 0]; 4_000]);
        let read = true_type(&program(&[table], 0, u16::MAX, post(&vec![u16::MAX; 0xffff], &names)));
        assert_eq!(read.codes.get(&0xff).map(String::as_str), Some("é"));
    }

    #[test]
    fn glyphs_are_known_by_the_codes_that_are_theirs() {
        for table in [groups(12, &[[0x41, 0x42, 1]]), segments(&[[0x41, 0x42], [0xffff, 0xffff]])] {
            let program = true_type(&font(&[table]));
            assert_eq!((program.glyphs.get(&1), program.glyphs.get(&2)), (Some(&'A'), Some(&'B')));
        }
    }

    #[test]
    fn a_table_that_claims_more_codes_than_there_are_is_passed_over() {
        let sound = groups(12, &[[0x41, 0x42, 1]]);
        for (what, table) in [
            ("all numbers there are", groups(12, &[[0, u32::MAX, 0]; 1_000])),
            ("the same for one glyph", groups(13, &[[0, u32::MAX, 1]; 1_000])),
            ("every code over and over", segments(&[[0, 0xfffe]; 4_000])),
        ] {
            let program = true_type(&font(&[table.clone(), sound.clone()]));
            assert_eq!(program.glyphs.get(&1), Some(&'A'), "{what}");
            // However many tables there are.
            let program = true_type(&font(&[vec![sound.clone()], vec![table; 500]].concat()));
            assert_eq!(program.glyphs.get(&2), Some(&'B'), "{what}");
        }
        let whole = groups(12, &[[0, 0xffff, 0]]);
        let program = true_type(&font(&vec![whole; 5_000]));
        assert_eq!(program.glyphs.get(&0x41), Some(&'A'), "many that are each in order end, too");
    }
}
