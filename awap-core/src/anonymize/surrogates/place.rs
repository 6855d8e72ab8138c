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

    /// What of an address is no postcode, one part between commas or line ends after the other.
    fn lines(&mut self, text: &str) -> Option<String> {
        text.split_inclusive([',', ';', '\n']).map(|part| self.part_of_address(part)).collect()
    }

    /// A street, a house or a town, word by word. Of `North Park Avenue` only the last says what it is; the others are its name.
    fn part_of_address(&mut self, text: &str) -> Option<String> {
        let letter = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’');
        let words: Vec<&str> = text.split_inclusive(|c| !letter(c)).collect();
        let own = |word: &'_ str| word.trim_end_matches(|c| !letter(c)).len();
        let keys: Vec<String> = words.iter().map(|word| fold(&bare(&word[..own(word)]))).collect();
        let is_name = |key: &&String| key.chars().count() > 3 && !key.contains(char::is_numeric);
        let last = keys.iter().rposition(|key| is_name(&key) || is_kind(key));
        let mut out = String::with_capacity(text.len());
        for (at, word) in words.iter().enumerate() {
            let (written, rest) = word.split_at(own(word));
            let Some(key) = keys.get(at) else { continue };
            let named = || keys.iter().take(at).any(|key| is_name(&key) && !is_small(key));
            let numbered = || keys.get(at + 1).is_some_and(|next| !next.is_empty() && !is_name(&next));
            let kept = key.is_empty()
                || is_small(key)
                || is_numbered_kind(key) && numbered()
                || is_kind(key) && last == Some(at) && named();
            out.push_str(&if kept { written.to_owned() } else { self.word(written)? });
            out.push_str(rest);
        }
        Some(out)
    }

    fn word(&mut self, word: &str) -> Option<String> {
        let key = bare(word);
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

/// Kinds of house that have a number.
fn is_numbered_kind(key: &str) -> bool {
    const KINDS: &[&str] =
        &["flat", "studio", "apartment", "apt", "unit", "suite", "room", "floor", "level", "house", "block"];
    KINDS.contains(&key)
}

/// Kinds of street and house, which stand last.
fn is_kind(key: &str) -> bool {
    const KINDS: &[&str] = &[
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
        "house",
    ];
    KINDS.contains(&key)
}

/// Words of any address that are nobody's: the small ones between, and countries.
fn is_small(key: &str) -> bool {
    const SMALL: &[&str] = &[
        "upon", "on", "in", "le", "of", "the", "under", "next", "de", "and", "br", "uk", "united", "kingdom",
        "england", "scotland", "wales", "ireland",
    ];
    SMALL.contains(&key)
}
