//! Addresses of streets that are made up, in towns that are, under postcodes of no area.

use super::draw::Draw;
use super::{Surrogates, bare, in_case_of, lists};
use crate::anonymize::finding::Label;
use crate::anonymize::patterns::address::POSTCODE;
use crate::text::fold;

impl Surrogates<'_> {
    /// An address in the same lines, with the same kinds of street and house.
    pub(super) fn address(&mut self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for code in POSTCODE.find_iter(text) {
            out.push_str(&self.lines(text.get(end..code.start()).unwrap_or_default())?);
            out.push_str(&self.postcode(code.as_str())?);
            end = code.end();
        }
        out.push_str(&self.lines(text.get(end..).unwrap_or_default())?);
        Some(out)
    }

    fn postcode(&mut self, code: &str) -> Option<String> {
        let key = bare(code);
        self.value(Label::StreetAddress, &key, |seed, attempt| {
            Some(nowhere(code, &mut seed.draw("postcode", &key, attempt)))
        })
    }

    /// What of an address is no postcode, word by word.
    fn lines(&mut self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let letter = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’');
        for word in text.split_inclusive(|c| !letter(c)) {
            let own = word.trim_end_matches(|c| !letter(c));
            out.push_str(&self.word(own)?);
            out.push_str(word.get(own.len()..).unwrap_or_default());
        }
        Some(out)
    }

    fn word(&mut self, word: &str) -> Option<String> {
        let key = bare(word);
        if key.is_empty() || is_kept(&key) {
            return Some(word.to_owned());
        }
        if key.contains(char::is_numeric) || key.chars().count() <= 3 {
            // A house, a flat, the code of a county. There are few of them, so that one may be another's.
            let filled = |attempt| self.seed.draw("house", &key, attempt).fill(word);
            return (0..super::ATTEMPTS)
                .map(filled)
                .find(|filled| bare(filled) != key && !filled.starts_with('0'));
        }
        let made = self.value(Label::StreetAddress, &key, |seed, attempt| {
            Some(lists::place(&mut seed.draw("place", &key, attempt)))
        })?;
        Some(in_case_of(word, &made))
    }
}

/// A postcode of the same form in an area that begins with V, X or Q, as none does.
fn nowhere(code: &str, draw: &mut Draw) -> String {
    let mut first = true;
    let other = |c: char| {
        let other = match c {
            c if c.is_ascii_digit() => draw.digit(),
            c if !c.is_alphabetic() => c,
            _ if first => draw.one(&['V', 'X', 'Q']),
            _ => draw
                .one(&['A', 'B', 'D', 'E', 'F', 'G', 'H', 'J', 'L', 'N', 'P', 'R', 'S', 'T', 'U', 'W', 'Y']),
        };
        first = false;
        other
    };
    code.chars().map(other).collect()
}

/// Words of any address: kinds of street and house, and the small words between.
fn is_kept(folded: &str) -> bool {
    const KEPT: &[&str] = &[
        "flat",
        "studio",
        "apartment",
        "apt",
        "unit",
        "suite",
        "room",
        "floor",
        "level",
        "street",
        "st",
        "road",
        "rd",
        "avenue",
        "ave",
        "lane",
        "ln",
        "drive",
        "dr",
        "close",
        "court",
        "ct",
        "crescent",
        "terrace",
        "place",
        "pl",
        "square",
        "gardens",
        "grove",
        "way",
        "walk",
        "mews",
        "row",
        "hill",
        "rise",
        "view",
        "vale",
        "green",
        "park",
        "parade",
        "quay",
        "boulevard",
        "blvd",
        "parkway",
        "mount",
        "villas",
        "cottages",
        "fold",
        "croft",
        "meadow",
        "brow",
        "bank",
        "gate",
        "yard",
        "wharf",
        "broadway",
        "high",
        "north",
        "south",
        "east",
        "west",
        "house",
        "upon",
        "on",
        "in",
        "le",
        "of",
        "the",
        "under",
        "next",
        "de",
        "and",
        "br",
        "uk",
        "united",
        "kingdom",
        "england",
        "scotland",
        "wales",
        "ireland",
    ];
    KEPT.contains(&fold(folded).as_str())
}
