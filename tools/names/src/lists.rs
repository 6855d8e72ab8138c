//! The table of `lists.py` → the map of `awap-names`, and the pools from which names are made.

use std::collections::BTreeMap;
use std::path::Path;

use awap_names::lists::{known, plain};

use crate::Result;

/// Names to make persons of, as they are written.
#[derive(Debug, Default)]
pub(crate) struct Pools {
    pub(crate) given: Vec<String>,
    pub(crate) family: Vec<String>,
    pub(crate) places: Vec<String>,
}

/// How often a word must stand in the lists of frequencies to be known by them alone.
const RARE: u64 = 3;

/// Reads the table; returns the bytes of the map and the pools.
pub(crate) fn read(path: &Path) -> Result<(Vec<u8>, Pools)> {
    let table = std::fs::read_to_string(path)?;
    let mut words: BTreeMap<Vec<u8>, (u16, u64, u64)> = BTreeMap::new();
    let mut pools = Pools::default();
    for line in table.lines() {
        let mut fields = line.split('\t');
        let (Some(word), Some(kinds), Some(count)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let count: u64 = count.parse()?;
        let has = |kind| kinds.contains(kind);
        let latin = word.chars().all(|c| (c as u32) < 0x250 || matches!(c, '’' | '\u{1e00}'..='\u{1eff}'));
        if latin && word.len() >= 2 && word.starts_with(char::is_uppercase) {
            let single = !word.contains([' ', '.']);
            let pool = match (has('G') && single, has('F') && single, has('P')) {
                (true, _, _) => Some(&mut pools.given),
                (_, true, _) => Some(&mut pools.family),
                (_, _, true) => Some(&mut pools.places),
                _ => None,
            };
            if let Some(pool) = pool {
                pool.push(word.to_owned());
            }
        }
        let bits = [('G', known::GIVEN), ('F', known::FAMILY), ('N', known::NAME), ('P', known::PLACE)];
        let kinds = bits.into_iter().filter(|(kind, _)| has(*kind)).fold(0, |all, (_, bit)| all | bit);
        let capital = word.starts_with(char::is_uppercase);
        for part in word.split([' ', '-']) {
            let key = plain(part).into_bytes();
            if key.len() < 2 || key.len() > 24 {
                continue;
            }
            let entry = words.entry(key).or_default();
            entry.0 |= kinds;
            if !part.contains(' ') && part.len() == word.len() {
                *(if capital { &mut entry.2 } else { &mut entry.1 }) += count;
            }
        }
    }
    let mut builder = fst::MapBuilder::memory();
    for (key, (kinds, lower, capital)) in words {
        if kinds == 0 && lower + capital < RARE {
            continue;
        }
        let mostly_capital = capital > lower;
        // Powers of eight: 1, 8, 64, …
        let frequency = u64::from((lower.max(capital) + 1).ilog2() / 3).min(7);
        let capital = if mostly_capital { known::CAPITAL } else { 0 };
        let value = u64::from(kinds | capital) | (frequency << known::FREQUENCY);
        builder.insert(key, value)?;
    }
    Ok((builder.into_inner()?, pools))
}
