//! Works cited in full in a note, as the MHRA and OSCOLA styles do: `G. R. Elton, The Tudor Revolution (Cambridge: Cambridge University Press,
//! 1953), p. 9`, `Kirsty Horsey and Erika Rackley, Tort Law (7th edn, OUP 2021) 41`.

use std::sync::LazyLock;

use regex::Regex;

use super::in_text::Bracket;
use super::lexicon;
use super::names::{self, Name};
use crate::text::{Span, pattern};

/// The most bytes from the start of a note to where its work was published.
const LONGEST: usize = 400;

/// Where and by whom a work was published, and when.
static IMPRINT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:[^()\[\]:;]{1,40}[,;]\s+)?(?:\p{Lu}[^()\[\]:;]{1,40}:\s+\p{Lu}[^()\[\]:;]{1,80},\s+|\d{1,2}(?:st|nd|rd|th)\s+edn,?\s+\p{Lu}[\p{L}&’' ]{1,40}\s|(?:OUP|CUP|MUP|HMSO|UCL|LUP|EUP)\s)(?:1[4-9]|20)\d{2}$",
    )
});

/// What may stand before the authors: the number of the note, and a word or some that lead to the work.
static LEAD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^[\s\d.)\]]*(?:(?:see|see also|cf\.?|e\.g\.|quoted in|cited in|printed in|in)\s+)?")
});

/// Whether a bracket holds a work's place, publisher and year, which are nobody's citation by themselves.
pub(super) fn is_imprint(b: &Bracket<'_>) -> bool {
    IMPRINT.is_match(Span::new(b.group.start + 1, b.group.end - 1).of(b.text).trim())
}

/// The authors of the work that is cited in full up to the bracket, and where they begin. Before a year by itself, the work must be an
/// article: its title is in quotation marks.
pub(super) fn authors(b: &Bracket<'_>, is_article: bool) -> Option<(Vec<Name>, usize)> {
    let from = b.text.floor_char_boundary(b.floor.max(b.group.start.saturating_sub(LONGEST)));
    let before = b.text.get(from..b.group.start)?;
    // The start of the line, or of another work in the same note: `…, p. 4; John Guy, …`.
    let starts = [before.rfind('\n').map(|at| at + 1), before.rfind("; ").map(|at| at + 2)];
    let begun = starts.into_iter().flatten().max();
    let mut start = from + begun.or_else(|| (from == 0).then_some(0))?;
    let note = b.text.get(start..b.group.start)?;
    start += LEAD.find(note).map_or(0, |lead| lead.end());
    let (head, rest) = b.text.get(start..b.group.start)?.split_once(", ")?;
    if is_article && !rest.starts_with(['‘', '“', '"', '\'']) {
        return None;
    }
    let mut people = Vec::new();
    let mut at = start;
    for person in head.split_inclusive(" and ") {
        people.push(family(person.trim_end_matches(" and "), at)?);
        at += person.len();
    }
    Some((people, start))
}

/// The family name of somebody whose given names or initials stand before it.
fn family(person: &str, at: usize) -> Option<Name> {
    let words: Vec<&str> = person.split_whitespace().collect();
    let is_name = |word: &&str| {
        word.starts_with(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '’'))
            || lexicon::PARTICLES.contains(word)
    };
    let last = words.last()?;
    let whole = (2..=5).contains(&words.len())
        && words.iter().all(is_name)
        && last.chars().count() > 1
        && !last.contains('.');
    if !whole || words.iter().any(|word| names::is_organisation_word(word) && !word.contains('.')) {
        return None;
    }
    let particles = words.iter().rev().skip(1).take_while(|word| lexicon::PARTICLES.contains(*word)).count();
    let family = words.get(words.len() - 1 - particles..)?.join(" ");
    let start = at + person.trim_end().rfind(last)?;
    Some(Name { name: family, span: Span::new(start, start + last.len()) })
}
