//! Adobe's collections of characters: what a CID stands for, and which CID a code of a predefined encoding is.
//!
//! Fonts of Chinese, Japanese and Korean that are not embedded whole, or that no `ToUnicode` map goes with, say no more than
//! `Adobe-Japan1`; the tables that say the rest are Adobe's own, as `hayro-cmap` packs them.

use std::rc::Rc;

use hayro_cmap::{BfString, CMap, CMapName, CidFamily, load_embedded};
use lopdf::{Dictionary, Object};

use super::objects::Pdf;

/// What the CIDs of one collection stand for.
#[derive(Debug, Clone)]
pub(super) struct Collection(Rc<CMap>);

/// A predefined encoding: codes as CIDs.
#[derive(Debug)]
pub(super) struct Predefined(CMap);

impl Collection {
    /// The collection that a descendant font names; none where it is the font's own (`Identity`).
    pub(super) fn of(pdf: &Pdf<'_>, descendant: &Dictionary) -> Option<Self> {
        let info = pdf.dict_entry(descendant, "CIDSystemInfo")?;
        let string = |key: &str| match pdf.get(info, key) {
            Some(Object::String(bytes, _)) => Some(bytes.as_slice()),
            _ => None,
        };
        let family = CidFamily::from_registry_ordering(string("Registry")?, string("Ordering")?);
        load(family.ucs2_cmap()?).map(|map| Self(Rc::new(map)))
    }

    /// Writes what a CID stands for; false where the collection does not say.
    pub(super) fn text(&self, cid: u32, out: &mut String) -> bool {
        match self.0.lookup_bf_string(cid) {
            Some(BfString::Char(c)) if !c.is_control() => out.push(c),
            Some(BfString::String(text)) => out.push_str(&text),
            _ => return false,
        }
        true
    }
}

impl Predefined {
    /// By its name in a font's dictionary.
    pub(super) fn named(name: &str) -> Option<Self> {
        match CMapName::from_bytes(name.as_bytes()) {
            CMapName::Custom(_) | CMapName::IdentityH | CMapName::IdentityV => None,
            known => load(known).map(Self),
        }
    }

    /// The CID of a code of so many bytes.
    pub(super) fn cid(&self, code: u32, length: usize) -> Option<u32> {
        self.0.lookup_cid_code(code, u8::try_from(length).ok()?)
    }
}

fn load(name: CMapName<'_>) -> Option<CMap> {
    CMap::parse(load_embedded(name)?, load_embedded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cids_of_every_collection_are_known() {
        for (family, cid, expected) in [
            (CidFamily::AdobeJapan1, 843, "あ"),
            (CidFamily::AdobeGB1, 34, "A"),
            (CidFamily::AdobeCNS1, 34, "A"),
            (CidFamily::AdobeKorea1, 1086, "가"),
        ] {
            let collection = Collection(Rc::new(load(family.ucs2_cmap().unwrap()).unwrap()));
            let mut out = String::new();
            assert!(collection.text(cid, &mut out));
            assert_eq!(out, expected, "{family:?}");
        }
        assert_eq!(Predefined::named("90ms-RKSJ-H").unwrap().cid(0x82a0, 2), Some(843));
        assert!(Predefined::named("Identity-H").is_none() && Predefined::named("X").is_none());
    }
}
