//! What the student is called for short: `Cal` of Callum, `Femi` of Olufemi, `Rosie` of Rosamund, `Liz` of Elizabeth.
//!
//! The host knows names as they are registered; what a tutor says to a student, or a student signs with, need not be among them.

use std::collections::{HashMap, HashSet};

use super::learned::is_family_name;
use super::names::{next_capital, starts_upper, without_possessive, word_at};
use super::person::{NamePart, Person, Roster, Side};
use super::pieces::{Piece, Zone, touches};
use super::words::{Ambiguity, ambiguity, is_not_a_name, is_particle};
use crate::text::{Span, fold};

/// A name that stands more often is a character's of the module, who happens to be called like the student.
const OFTEN: usize = 4;

/// Adds to the student's names the short forms of them that stand in the texts.
pub(super) fn add(roster: &mut Roster, pieces: &[Piece]) {
    let given: Vec<String> = roster
        .student()
        .parts
        .iter()
        .filter(|p| {
            p.side == Side::Given && p.text.chars().count() >= 4 && p.text.chars().all(char::is_alphabetic)
        })
        .map(|p| p.text.clone())
        .collect();
    if given.is_empty() {
        return;
    }
    let mut counts = Counts::default();
    for piece in pieces.iter().filter(|p| matches!(p.zone(), Zone::Prose | Zone::Margin)) {
        count_in(piece, &given, roster.student(), &mut counts);
    }
    let Counts { mut shorts, others, signed } = counts;
    shorts.retain(|short, count| *count <= OFTEN && (signed.contains(short) || !others.contains(short)));
    let Some(student) = roster.people.first_mut() else { return };
    let mut found: Vec<String> =
        shorts.into_keys().filter(|short| !student.parts.iter().any(|p| p.text == *short)).collect();
    found.sort_unstable();
    student.parts.extend(found.into_iter().map(|text| NamePart {
        ambiguity: ambiguity(&text),
        text,
        side: Side::Given,
    }));
}

/// What may be short forms of the student's name.
#[derive(Debug, Default)]
struct Counts {
    /// How often each stands.
    shorts: HashMap<String, usize>,
    /// Those that are somebody else's name: `Michel Foucault` is no Michelle.
    others: HashSet<String>,
    /// Those that are a line of their own somewhere, as a signature is: the student's whoever else is called so.
    signed: HashSet<String>,
}

/// Counts the words in `piece` that are short forms of names in `given`, which are the student's.
fn count_in(piece: &Piece, given: &[String], student: &Person, counts: &mut Counts) {
    let first = first_letters(given);
    let mut at = 0;
    while let Some(start) = next_capital(&piece.text, at) {
        at = start + 1;
        let letter = piece.text.as_bytes().get(start).map_or(0, u8::to_ascii_lowercase);
        if letter.is_ascii() && !first.contains(&letter) {
            continue;
        }
        let Some(word) = word_at(&piece.text, start).map(|w| without_possessive(&piece.text, w)) else {
            continue;
        };
        at = at.max(word.end);
        let places = [&piece.protected, &piece.lists, &piece.code];
        if word.len() < 3 || word.len() > 12 || places.into_iter().any(|spans| touches(spans, word)) {
            continue;
        }
        let short = fold(word.of(&piece.text));
        if given.iter().any(|name| is_short_for(&short, name)) && is_name_only(&short) {
            if has_another_family_name(&piece.text, word, student) {
                counts.others.insert(short.clone());
            }
            if is_a_line(&piece.text, word) {
                counts.signed.insert(short.clone());
            }
            *counts.shorts.entry(short).or_default() += 1;
        }
    }
}

/// Whether a word is all that its line says.
fn is_a_line(text: &str, word: Span) -> bool {
    let before = text.get(..word.start).unwrap_or_default().chars().rev().take_while(|c| *c != '\n');
    let after = text.get(word.end..).unwrap_or_default().chars().take_while(|c| *c != '\n');
    !before.chain(after).any(char::is_alphanumeric)
}

/// Whether a family name that is not the student's follows the given name at `given`, after initials and particles.
fn has_another_family_name(text: &str, given: Span, student: &Person) -> bool {
    let mut at = given.end;
    for _ in 0..4 {
        let rest = text.get(at..).unwrap_or_default();
        let Some(next) = rest.strip_prefix([' ', '\u{a0}']) else { return false };
        let start = text.len() - next.len();
        let Some(word) = word_at(text, start).map(|w| without_possessive(text, w)) else { return false };
        let name = fold(word.of(text));
        at = word.end;
        if name.chars().count() == 1 && starts_upper(word.of(text)) {
            at += usize::from(text.get(at..).is_some_and(|r| r.starts_with('.')));
        } else if !is_particle(&name) {
            return is_family_name(word.of(text))
                && !name.split('-').any(|part| student.parts.iter().any(|p| p.text == part));
        }
    }
    false
}

/// What short forms of the names in `given` may begin with.
fn first_letters(given: &[String]) -> HashSet<u8> {
    let heads = given.iter().flat_map(|name| name.bytes().take(1));
    let tails = given.iter().flat_map(|name| name.bytes().take(name.len().saturating_sub(3)));
    let others = SHORT.iter().filter(|(full, _)| given.iter().any(|name| name.starts_with(full)));
    heads
        .chain(tails)
        .chain(others.flat_map(|(_, forms)| forms.iter().flat_map(|f| f.bytes().take(1))))
        .collect()
}

/// Whether `word` (folded) is a name in the lists, or in none of them and no word either.
fn is_name_only(word: &str) -> bool {
    use awap_names::lists::known::{GIVEN, NAME, frequency};
    let known = awap_names::known_of(word);
    let name = known & (GIVEN | NAME) != 0 || known == 0;
    name && frequency(known) <= 4 && ambiguity(word) != Ambiguity::Proper && !is_not_a_name(word)
}

/// Whether `short` is a short form of `name`, both folded.
fn is_short_for(short: &str, name: &str) -> bool {
    let letters = short.chars().count();
    if short == name || letters < 3 {
        return false;
    }
    let shared = short.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
    // `Cal`, `Hannah` → `Han`; from the other end `Oluwaseun` → `Seun`; `Rosie`, `Rosamund`.
    shared == letters
        || letters >= 4 && name.ends_with(short)
        || shared >= 3 && letters - shared <= 2 && is_diminutive(short)
        || is_clipped(short, name)
        || shared >= 4
            && shared + 2 >= name.chars().count()
            && letters <= name.chars().count() + 1
            && awap_names::known_of(short) == 0
        || SHORT.iter().any(|(full, forms)| name.starts_with(full) && forms.contains(&short))
}

/// `Gaz` of Gareth, `Daz` of Darren, `Haz` of Hassan, `Shaz` of Sharon: the first sounds up to an r, an l or an s, and a z.
fn is_clipped(short: &str, name: &str) -> bool {
    let head = short.trim_end_matches(['a', 'e', 'r', 'i', 'y']).trim_end_matches('z');
    let z = short.get(head.len()..).is_some_and(|tail| tail.starts_with('z'));
    z && head.len() >= 2 && name.strip_prefix(head).is_some_and(|rest| rest.starts_with(['r', 'l', 's']))
}

/// `Rosie`, `Debbie`, `Toni`, `Jimmy`: ends as pet names do and few others.
fn is_diminutive(word: &str) -> bool {
    let mut last = word.chars().rev();
    match (last.next(), last.next(), last.next()) {
        (Some('i'), ..) | (Some('e'), Some('i'), _) => true,
        (Some('y'), Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// English short forms that do not begin as the name does, by how it begins.
const SHORT: &[(&str, &[&str])] = &[
    ("agnes", &["nessie"]),
    ("alexand", &["sandy", "sasha", "xander", "lex"]),
    ("anthony", &["tony"]),
    ("antonia", &["toni", "tonia"]),
    ("barbara", &["babs"]),
    ("catherine", &["kate", "katie", "kath", "kathy", "kit", "kitty"]),
    ("charl", &["chuck", "lottie"]),
    ("christina", &["tina", "kirsty"]),
    ("christine", &["tina", "kirsty"]),
    ("david", &["dai"]),
    ("dorothy", &["dot", "dottie", "dolly"]),
    ("edward", &["ted", "teddy", "ned"]),
    ("eleanor", &["nell", "nellie", "nora", "ellie"]),
    ("elizabeth", &["liz", "lizzie", "beth", "betty", "betsy", "bess", "libby"]),
    ("elisabeth", &["liz", "lizzie", "beth", "betty", "libby"]),
    ("francis", &["frank"]),
    ("frances", &["fran", "frankie"]),
    ("helen", &["nell", "nellie"]),
    ("henry", &["harry", "hal"]),
    ("isabel", &["bella", "izzy", "izzie"]),
    ("james", &["jim", "jimmy", "jamie"]),
    ("jasmine", &["mina"]),
    ("john", &["jack", "johnny"]),
    ("joseph", &["joe", "joey"]),
    ("katherine", &["kate", "katie", "kitty", "kit"]),
    ("kathleen", &["kay", "kate"]),
    ("lawrence", &["larry", "laurie"]),
    ("leonard", &["lenny"]),
    ("margaret", &["maggie", "meg", "peggy", "peg", "daisy", "rita", "greta"]),
    ("martha", &["patty"]),
    ("mary", &["molly", "polly", "mamie"]),
    ("matilda", &["tilly"]),
    ("michael", &["mick", "mickey", "mike"]),
    ("nicholas", &["nick", "nicky", "klaus"]),
    ("patrick", &["paddy"]),
    ("rebecca", &["becky", "becca"]),
    ("richard", &["rick", "ricky", "dick", "dickie"]),
    ("robert", &["bob", "bobby"]),
    ("rosemary", &["romy"]),
    ("sarah", &["sadie", "sally"]),
    ("susan", &["sukie"]),
    ("theresa", &["tess", "tessa", "terri"]),
    ("theodor", &["ted", "teddy"]),
    ("victoria", &["vicky", "vikki", "tori"]),
    ("william", &["bill", "billy", "liam"]),
    ("winifred", &["freda"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anonymize::person::Person;

    #[test]
    fn knows_short_forms() {
        for (short, name) in [
            ("cal", "callum"),
            ("femi", "olufemi"),
            ("seun", "oluwaseun"),
            ("rosie", "rosamund"),
            ("liz", "elizabeth"),
            ("raj", "rajinder"),
            ("sol", "solomon"),
            ("gaz", "gareth"),
            ("shazza", "sharon"),
            ("dorotko", "dorota"),
        ] {
            assert!(is_short_for(short, name), "{short} of {name}");
        }
        for (other, name) in [
            ("callum", "callum"),
            ("anna", "hannah"),
            ("christian", "christine"),
            ("maz", "anna"),
            ("mary", "martin"),
            ("rod", "rosamund"),
        ] {
            assert!(!is_short_for(other, name), "{other} of {name}");
        }
    }

    #[test]
    fn takes_those_that_stand_in_the_text() {
        let added = |text: &str, name: &str| {
            let piece = Piece { text: text.to_owned(), zone: Some(Zone::Prose), ..Piece::default() };
            let mut student = Person::student();
            student.add(name, None);
            let before = student.parts.len();
            let mut roster = Roster::new(student);
            add(&mut roster, &[piece]);
            roster.student().parts[before..].iter().map(|p| p.text.clone()).collect::<Vec<_>>()
        };
        assert_eq!(added("She told me “Jas, draw the bags”.", "Jasvinder Gill"), ["jas"]);
        assert_eq!(added("The theory of Theo and the Chris.", "Theresa Christie"), Vec::<String>::new());
        assert_eq!(added("As Michel Foucault argued.", "Michelle Osei"), Vec::<String>::new());
        assert_eq!(added("As Alan M. Turing says, Alan’s test.", "Alana Osei"), Vec::<String>::new());
        assert_eq!(added("As Michel de Certeau argued.", "Michelle Osei"), Vec::<String>::new());
        assert_eq!(added("As Sam Altman said.\n\nKind regards,\nSam", "Samantha Reed"), ["sam"]);
        assert_eq!(added("As Mich Osei I sign; Mich Please.", "Michelle Osei"), ["mich"]);
        assert_eq!(added(&"Sam is the owner. ".repeat(6), "Samantha Reed"), Vec::<String>::new());
    }
}
