//! A name as it is written, taken apart: which stretch is which part of the person's name.

use crate::anonymize::matcher::with_umlauts;
use crate::anonymize::person::{NamePart, Person};
use crate::anonymize::words::{is_honorific, is_particle};
use crate::text::{Folded, Span};

/// What a stretch of a written name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stretch {
    /// A part of the name: its place among the person's parts.
    Part(usize),
    /// A single letter, or one of a row of initials.
    Initial,
    /// A small word of a family name.
    Particle,
    /// `Dr`, `Ms`.
    Title,
    /// Digits behind a name, as accounts have them, and any other word that holds digits.
    Code,
    /// The `s` of a possessive.
    Possessive,
    /// A word that is no part known of the person: a nickname, a middle name.
    Word,
}

/// A stretch and where it is written.
pub(super) type Written = (Stretch, Span);

/// The letters and digits of a name, folded, each with its place in the folded text.
struct Letters {
    chars: Vec<(usize, char)>,
}

impl Letters {
    fn of(folded: &str) -> Self {
        Self { chars: folded.char_indices().filter(|(_, c)| c.is_alphanumeric()).collect() }
    }

    fn at(&self, i: usize) -> Option<char> {
        self.chars.get(i).map(|(_, c)| *c)
    }

    /// Whether a word begins at `i`, or the text has ended.
    fn starts_word(&self, i: usize) -> bool {
        let before = i.checked_sub(1).and_then(|b| self.chars.get(b));
        match (before, self.chars.get(i)) {
            (Some((at, c)), Some((next, _))) => at + c.len_utf8() != *next,
            _ => true,
        }
    }

    fn word_end(&self, from: usize) -> usize {
        (from + 1..self.chars.len()).find(|i| self.starts_word(*i)).unwrap_or(self.chars.len())
    }

    /// The end of `word` at `from`, whatever stands between its letters.
    fn end_of(&self, from: usize, word: &str) -> Option<usize> {
        let mut at = from;
        for c in word.chars() {
            if self.at(at) != Some(c) {
                return None;
            }
            at += 1;
        }
        Some(at)
    }

    fn word(&self, from: usize, to: usize) -> String {
        self.chars.get(from..to).unwrap_or_default().iter().map(|(_, c)| *c).collect()
    }
}

/// Takes `text`, in which `person` is named, apart. The stretches are in order, and hold every letter and digit of it.
pub(super) fn stretches(text: &str, person: &Person) -> Vec<Written> {
    let folded = Folded::new(text);
    let letters = Letters::of(folded.as_str());
    let forms = forms(person);
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.chars.len() {
        at = word_at(text, &folded, &letters, at, person, &forms, &mut found);
    }
    let place = |(stretch, from, to): (Stretch, usize, usize)| {
        let first = letters.chars.get(from).map_or(0, |(at, _)| *at);
        let last = to.checked_sub(1).and_then(|i| letters.chars.get(i));
        let span = Span::new(first, last.map_or(first, |(at, c)| at + c.len_utf8()));
        (stretch, folded.span(text, span))
    };
    found.into_iter().map(place).collect()
}

/// Takes in the word at `at`, or the part of several words; returns where the next begins.
fn word_at(
    text: &str,
    folded: &Folded,
    letters: &Letters,
    at: usize,
    person: &Person,
    forms: &[(String, usize)],
    out: &mut Vec<(Stretch, usize, usize)>,
) -> usize {
    let end = letters.word_end(at);
    let word = letters.word(at, end);
    let whole = |(form, part): &(String, usize)| {
        letters.end_of(at, form).filter(|end| letters.starts_word(*end)).map(|end| (end, *part))
    };
    if let Some((end, part)) =
        forms.iter().filter_map(whole).max_by_key(|(end, part)| (*end, usize::MAX - part))
    {
        out.push((Stretch::Part(part), at, end));
        return end;
    }
    let before = letters.chars.get(at).and_then(|(i, _)| folded.as_str().get(..*i)).unwrap_or_default();
    let whole = match word.as_str() {
        "s" if before.ends_with('\'') && at > 0 => Some(Stretch::Possessive),
        w if is_honorific(w) && out.iter().all(|(s, ..)| *s == Stretch::Title) => Some(Stretch::Title),
        w if person.particles.iter().any(|p| p == w) || at > 0 && w.len() > 1 && is_particle(w) => {
            Some(Stretch::Particle)
        }
        w if w.chars().nth(1).is_none() && !w.contains(char::is_numeric) => Some(Stretch::Initial),
        _ => None,
    };
    if let Some(stretch) = whole {
        out.push((stretch, at, end));
        return end;
    }
    let capitals = || {
        let from = letters.chars.get(at).map_or(0, |(i, _)| folded.original(*i));
        let written = text.get(from..).unwrap_or_default().chars().take(end - at);
        written.filter(|c| c.is_uppercase()).count() >= 2
    };
    if person.monogram.contains(&word) && capitals() {
        let initial = |i: usize| {
            let particle = letters.at(i).is_some_and(|c| is_initial_of_particle(person, c));
            (if particle { Stretch::Particle } else { Stretch::Initial }, i, i + 1)
        };
        out.extend((at..end).map(initial));
    } else if let Some(covered) = cover(letters, at, end, person, forms) {
        out.extend(covered);
    } else {
        let stretch = if word.contains(char::is_numeric) { Stretch::Code } else { Stretch::Word };
        out.push((stretch, at, end));
    }
    end
}

fn is_initial_of_particle(person: &Person, c: char) -> bool {
    !person.parts.iter().any(|p| p.text.starts_with(c)) && person.particles.iter().any(|p| p.starts_with(c))
}

/// The ways in which the parts of a name are written, as letters alone, with the part that is meant.
fn forms(person: &Person) -> Vec<(String, usize)> {
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let mut forms = Vec::new();
    for (i, part) in person.parts.iter().enumerate() {
        let root = root(person, i);
        forms.push((bare(&part.text), root));
        forms.extend(with_umlauts(&part.text).map(|text| (bare(&text), root)));
        if let Some((_, tail)) = part.text.split_once('\'') {
            forms.push((bare(tail), root));
        }
        let family = bare(&part.text);
        let squashed = person.squashed.iter().filter(|s| s.ends_with(&family));
        forms.extend(squashed.map(|s| (s.clone(), root)));
    }
    forms.retain(|(form, _)| form.chars().nth(1).is_some() || form.chars().any(|c| !c.is_lowercase()));
    forms
}

/// The part that part `i` is another spelling of (`juergen` of `jurgen`), or itself.
pub(super) fn root(person: &Person, i: usize) -> usize {
    let umlauted = person.parts.get(i).and_then(|p: &NamePart| with_umlauts(&p.text));
    umlauted.and_then(|text| person.parts.iter().position(|p| p.text == text)).unwrap_or(i)
}

/// The word from `at` to `end` as parts, particles and initials of the name with nothing between (`kofimensah`, `kmensah`,
/// `mensahk99`); none where it does not come out even.
fn cover(
    letters: &Letters,
    at: usize,
    end: usize,
    person: &Person,
    forms: &[(String, usize)],
) -> Option<Vec<(Stretch, usize, usize)>> {
    // From the end: the best way to go on from each place, by the fewest stretches.
    let mut best: Vec<Option<(usize, Stretch, usize)>> = vec![None; end + 1];
    if let Some(last) = best.get_mut(end) {
        *last = Some((0, Stretch::Word, end));
    }
    for from in (at..end).rev() {
        let mut options: Vec<(Stretch, usize, usize)> = Vec::new();
        for (form, part) in forms {
            options.extend(letters.end_of(from, form).map(|to| (Stretch::Part(*part), to, 1)));
        }
        for particle in &person.particles {
            options.extend(letters.end_of(from, particle).map(|to| (Stretch::Particle, to, 2)));
        }
        let c = letters.at(from).unwrap_or_default();
        let digits = (from..end).take_while(|i| letters.at(*i).is_some_and(|c| c.is_ascii_digit())).count();
        if digits > 0 {
            options.push((Stretch::Code, from + digits, 1));
        } else if person.initials.contains(&c) {
            options.push((Stretch::Initial, from + 1, 4));
        }
        let costs = options.into_iter().filter(|(_, to, _)| *to <= end).filter_map(|(stretch, to, cost)| {
            let (rest, ..) = best.get(to).copied().flatten()?;
            Some((rest + cost, stretch, to))
        });
        let cheapest = costs.min_by_key(|(cost, _, to)| (*cost, *to));
        if let Some(slot) = best.get_mut(from) {
            *slot = cheapest;
        }
    }
    let mut covered = Vec::new();
    let mut from = at;
    while from < end {
        let (_, stretch, to) = best.get(from).copied().flatten()?;
        covered.push((stretch, from, to));
        from = to;
    }
    // Initials alone are letters like any others.
    covered.iter().any(|(s, ..)| matches!(s, Stretch::Part(_))).then_some(covered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_apart(name: &str, text: &str) -> String {
        let mut person = Person::student();
        person.add(name, None);
        let kind = |(stretch, span): &Written| {
            let written = span.of(text);
            match stretch {
                Stretch::Part(i) => format!("{}={written}", person.parts[*i].text),
                other => format!("{other:?}={written}"),
            }
        };
        stretches(text, &person).iter().map(kind).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn finds_the_parts_however_they_are_written() {
        for (name, text, expected) in [
            ("Kofi Mensah", "Dr MENSAH, Kofi A.", "Title=Dr mensah=MENSAH kofi=Kofi Initial=A"),
            ("Kofi Mensah", "kmensah99", "Initial=k mensah=mensah Code=99"),
            ("Kofi Mensah", "KofiMensah", "kofi=Kofi mensah=Mensah"),
            ("Kofi Mensah", "Kofi_Mensah's", "kofi=Kofi mensah=Mensah Possessive=s"),
            ("Kofi Mensah", "KM", "Initial=K Initial=M"),
            ("Kofi Mensah", "Luke Mensah", "Word=Luke mensah=Mensah"),
            ("Siân O’Neill", "SIAN O NEILL", "sian=SIAN o'neill=O NEILL"),
            ("Siân O’Neill", "Neill", "o'neill=Neill"),
            ("Jan van der Berg", "Jan van der Berg", "jan=Jan berg=van der Berg"),
            ("Jan van der Berg", "Jan der Berg", "jan=Jan Particle=der berg=Berg"),
            ("Jan van der Berg", "janvanderberg", "jan=jan berg=vanderberg"),
            ("Jürgen Müller", "Juergen Mueller", "jurgen=Juergen muller=Mueller"),
            ("王伟", "王伟", "王伟=王伟"),
            ("Li Wei", "liwei", "li=li wei=wei"),
        ] {
            assert_eq!(taken_apart(name, text), expected, "{text}");
        }
    }
}
