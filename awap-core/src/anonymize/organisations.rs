//! Organisations that are called like people: `Aycliffe Rail Components Ltd`, `Acorns Nursery`, `Ruskin College`.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::introductions::has_private_title;
use super::words::set;
use crate::text::Span;

/// The most words with a capital between a name and what says that it is an organisation's.
const BETWEEN: usize = 3;

/// Whether what may be a name at `span` is, or begins, what an organisation is called.
pub(super) fn is_one(text: &str, span: Span) -> bool {
    if has_private_title(text, span) {
        return false;
    }
    let mut words = span.of(text).split([' ', '\u{a0}']);
    words.next_back().is_some_and(is_kind) || goes_on(text.get(span.end..).unwrap_or_default())
}

/// Whether words with a capital follow at once, of which the last says what kind of organisation it is.
fn goes_on(rest: &str) -> bool {
    let mut rest = rest;
    for _ in 0..=BETWEEN {
        let Some(next) = rest.strip_prefix([' ', '\u{a0}']) else { return false };
        let end = next
            .find(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’' && c != '-')
            .unwrap_or(next.len());
        let word = next.get(..end).unwrap_or_default();
        if is_kind(word) {
            return true;
        }
        if !word.starts_with(char::is_uppercase) {
            return false;
        }
        rest = next.get(end..).unwrap_or_default();
    }
    false
}

fn is_kind(word: &str) -> bool {
    KINDS.contains(word)
}

/// What organisations are, and no family is called.
static KINDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    Ltd Limited plc PLC LLP Inc Council University College School Academy Hospital Hospice Nursery Nurseries Preschool Playgroup Company Centre
    Association Foundation Partnership Society Institute Surgery Clinic Housing Solicitors Services Systems Solutions Consulting Logistics
    Holdings Industries Museum Gallery Theatre Festival University Bakery Brewery Supermarket
    ")
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_organisations_from_people() {
        for (name, text, expected) in [
            ("Aycliffe Rail", "My employer, Aycliffe Rail Components Ltd of Shildon", true),
            ("Acorns Nursery", "at Little Acorns Nursery in Stroud", true),
            ("Mill Hill", "from Mill Hill School", true),
            ("Anna Church", "with Anna Church today", false),
            ("Mrs Academy", "with Mrs Academy", false),
            ("Ann", "Ann from the School", false),
        ] {
            let at = text.find(name).unwrap();
            assert_eq!(is_one(text, Span::new(at, at + name.len())), expected, "{text}");
        }
    }
}
