//! Chooses and fills sentences: by hash, never by chance, and never two of one shape in a row.

use std::collections::HashSet;

use super::label::{self, Shape};

/// What the slots of a sentence are filled with.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    /// `{L}`
    pub(super) label: Option<String>,
    /// `{Q}`
    pub(super) quote: Option<String>,
    /// `{P}`
    pub(super) place: Option<&'static str>,
    /// `{T}`
    pub(super) title: Option<String>,
    /// `{N}`
    pub(super) answer: Option<String>,
}

impl Slots {
    /// Slots for a label, with the shape that it asks for.
    pub(super) fn for_label(label: &str) -> (Shape, Self) {
        let (shape, inner) = label::shape(label);
        (shape, Self { label: Some(shorten(&inner)), ..Self::default() })
    }

    fn fill(&self, template: &str) -> Option<String> {
        let mut out = String::with_capacity(template.len() + 80);
        let mut rest = template;
        // A label with a pause in it, or a long one, is lost in the middle of a sentence.
        let unwieldy =
            self.label.as_ref().is_some_and(|l| l.contains([',', ';', ':']) || l.split(' ').count() > 13);
        if unwieldy
            && template
                .split_once("{L}")
                .is_some_and(|(_, after)| !after.starts_with(['.', '?', ':', ';', ',']))
        {
            return None;
        }
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let (slot, after) = after.split_once('}')?;
            out.push_str(match slot {
                "L" => self.label.as_deref()?,
                "Q" => self.quote.as_deref()?,
                "P" => self.place?,
                "T" => self.title.as_deref()?,
                "N" => self.answer.as_deref()?,
                _ => return None,
            });
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }
}

/// A label that would swamp its sentence ends at a word, with an ellipsis.
fn shorten(label: &str) -> String {
    const MOST: usize = 32;
    let words: Vec<&str> = label.split_whitespace().collect();
    if words.len() <= MOST {
        return words.join(" ");
    }
    format!("{} …", words.get(..MOST).unwrap_or_default().join(" "))
}

/// One piece of writing: remembers what it has said.
#[derive(Debug)]
pub(super) struct Voice {
    seed: u64,
    used: HashSet<&'static str>,
    quoted: HashSet<String>,
    labels: HashSet<String>,
    last_opening: String,
}

impl Voice {
    /// A voice of its own for this work.
    pub(super) fn new(seed: &str) -> Self {
        Self {
            seed: hash(0xcbf2_9ce4_8422_2325, seed),
            used: HashSet::new(),
            quoted: HashSet::new(),
            labels: HashSet::new(),
            last_opening: String::new(),
        }
    }

    /// A sentence from `bank` that can be filled, has not been used yet and does not open as the last one did, as
    /// far as there is one; the hash of `key` says where to begin looking.
    pub(super) fn say(&mut self, bank: &'static [&'static str], key: &str, slots: &Slots) -> Option<String> {
        self.choose(bank, key, slots, false)
    }

    /// The same for what need not be said: nothing rather than a sentence that was used, or that opens as the last one did.
    pub(super) fn say_anew(
        &mut self,
        bank: &'static [&'static str],
        key: &str,
        slots: &Slots,
    ) -> Option<String> {
        self.choose(bank, key, slots, true)
    }

    fn choose(
        &mut self,
        bank: &'static [&'static str],
        key: &str,
        slots: &Slots,
        anew: bool,
    ) -> Option<String> {
        // A reader who is quoted twice wonders whether anything else was read.
        let fresh_slots;
        let slots = if slots.quote.as_ref().is_some_and(|q| self.has_quoted(q)) {
            fresh_slots = Slots { quote: None, ..slots.clone() };
            &fresh_slots
        } else {
            slots
        };
        let from = (hash(self.seed, key) % bank.len().max(1) as u64) as usize;
        let order = (0..bank.len()).filter_map(|i| bank.get((from + i) % bank.len()).copied());
        let filled: Vec<(&'static str, String)> = order.filter_map(|t| Some((t, slots.fill(t)?))).collect();
        let fresh = |t: &str| !self.used.contains(t);
        let differs = |s: &str| opening(s) != self.last_opening;
        let (template, sentence) = filled.iter().find(|(t, s)| fresh(t) && differs(s)).or_else(|| {
            if anew { None } else { filled.iter().find(|(_, s)| differs(s)).or(filled.first()) }
        })?;
        self.used.insert(template);
        if let Some(quote) = slots.quote.as_ref().filter(|_| template.contains("{Q}")) {
            self.quoted.insert(quote.clone());
        }
        if let Some(label) = slots.label.as_ref().filter(|_| template.contains("{L}")) {
            self.labels.insert(label.clone());
        }
        let sentence = sentence.clone();
        self.note(&sentence);
        Some(sentence)
    }

    /// Whether these words have been quoted, alone or in a longer or shorter quotation.
    pub(super) fn has_quoted(&self, quote: &str) -> bool {
        self.quoted.iter().any(|q| q.contains(quote) || quote.contains(q.as_str()))
    }

    /// Whether a sentence has used this label.
    pub(super) fn has_said(&self, label: &str) -> bool {
        self.labels.contains(label)
    }

    /// Remembers a sentence that did not come from a bank.
    pub(super) fn note(&mut self, sentence: &str) {
        self.last_opening = opening(sentence);
        let quotes = sentence.split('“').skip(1).filter_map(|rest| rest.split_once('”'));
        self.quoted.extend(quotes.map(|(quote, _)| quote.to_owned()));
    }
}

/// How a sentence opens: its first word, or a quotation whatever its words.
fn opening(sentence: &str) -> String {
    if sentence.starts_with('“') {
        return "“".to_owned();
    }
    sentence.split_whitespace().next().unwrap_or_default().to_lowercase()
}

/// FNV-1a.
fn hash(seed: u64, text: &str) -> u64 {
    text.bytes().fold(seed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
