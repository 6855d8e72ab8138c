//! What is joined to a name with no mark between: the rest of a file's name (`mensahtma02`), the initials of an account
//! (`kmensah`).

use awap_names::known_of;
use awap_names::lists::known::frequency;

use super::person::Person;
use crate::text::Span;

/// Longer runs of letters are neither words nor accounts, in bytes on either side of the name.
const REACH: usize = 40;

/// From so many bytes on an account of words is looked for.
pub(super) const ACCOUNT: usize = 6;

/// What names of files are made of beside the name of whoever wrote them. None begins as another does.
const OF_FILES: [&str; 20] = [
    "assessment",
    "assignment",
    "answer",
    "coursework",
    "draft",
    "essay",
    "exam",
    "final",
    "homework",
    "icma",
    "portfolio",
    "project",
    "question",
    "reflection",
    "report",
    "submission",
    "tma",
    "ema",
    "cma",
    "eca",
];

/// The `name`, where what is joined to it in a folded `text` is no part of a word with it, but what files are called:
/// `mensahtma02`, `tmakofi`, `kofistma`, `mensahtm112`; with one of `initials` on either side (`mensahktma02`). With
/// `any_word`, any word of the language will do (`mensahethics`).
pub(super) fn beside_words(text: &str, name: Span, initials: &[char], any_word: bool) -> Option<Span> {
    let (before, after) = letters_around(text, name)?;
    if name.len() < 3 || before.is_empty() && after.is_empty() || is_in_number(text, name) {
        return None;
    }
    let run = Span::new(name.start - before.len(), name.end + after.len());
    let digits = text.get(run.end..)?.bytes().take(4).take_while(u8::is_ascii_digit).count();
    let word = |letters: &str| {
        is_of_files(letters)
            || any_word && name.len() >= 4 && letters.len() >= 4 && frequency(known_of(letters)) >= 2
    };
    // `answerskofi`, `kofistma`, `mensahq3`, `mensahtm112`.
    let begins = |head: &str| word(head) || head.len() > 1 && head.strip_suffix('s').is_some_and(word);
    let ends = |tail: &str| {
        word(tail)
            || tail.strip_prefix('s').is_some_and(word)
            || tail == "q" && digits > 0
            || tail.len() <= 4 && digits == 3
    };
    let head = before.strip_suffix(initials).filter(|head| !begins(before) && begins(head));
    let tail = after.strip_prefix(initials).filter(|tail| !ends(after) && ends(tail));
    let (head, tail) = (head.unwrap_or(before), tail.unwrap_or(after));
    let is_word = known_of(run.of(text)) != 0;
    (!is_word && begins(head) && ends(tail))
        .then_some(Span::new(run.start + head.len(), run.end - tail.len()))
}

/// Whether digits of `name` go on beside it.
fn is_in_number(text: &str, name: Span) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let cut = |at: usize| {
        let (head, tail) = text.split_at_checked(at).unwrap_or_default();
        digit(head.chars().next_back()) && digit(tail.chars().next())
    };
    cut(name.start) || cut(name.end)
}

/// Whether `letters` are nothing but words of [`OF_FILES`].
fn is_of_files(letters: &str) -> bool {
    let mut rest = letters;
    while let Some(next) = OF_FILES.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = next;
    }
    rest.is_empty()
}

/// The account that `name` in a folded `text` is joined to the person's initials in, or to how another part of theirs begins:
/// `kmensah`, `mensahk`, `kofmensah`. Where `is_whole`, `name` holds two parts and is the account itself: `gracewalker`. None where
/// it is a word of any list. A `weak` name is itself a word.
pub(super) fn account(text: &str, name: Span, person: &Person, is_whole: bool, weak: bool) -> Option<Span> {
    let (before, after) = letters_around(text, name)?;
    let run = Span::new(name.start - before.len(), name.end + after.len());
    // `kmensah`, `kamensah`, `kofmensah`
    let short = |letters: &str| match letters.chars().count() {
        1 | 2 if letters.chars().all(|c| person.initials.contains(&c)) => true,
        2 | 3 => person.parts.iter().any(|part| part.text.starts_with(letters)),
        _ => false,
    };
    let made = match (before.is_empty(), after.is_empty()) {
        (true, true) => is_whole,
        // `Tanner` has `tanners`, and `Field` has `afield`.
        (true, false) => short(after) && !(weak && after == "s"),
        (false, true) => short(before) && !(weak && before == "a" && frequency(known_of(name.of(text))) > 0),
        (false, false) => false,
    };
    // `gward` of G. Ward: no word, and the first of the initials.
    let first = before.chars().count() == 1 && person.monogram.iter().any(|m| m.starts_with(before));
    (made
        && name.len() >= 4
        && run.len() >= ACCOUNT - usize::from(!weak || first)
        && known_of(run.of(text)) == 0)
        .then_some(run)
}

/// The letters right before and after `name`; none where they go on for long.
fn letters_around(text: &str, name: Span) -> Option<(&str, &str)> {
    let letters = |len: usize, c: char| len + c.len_utf8();
    let head = text.get(..name.start)?;
    let before = head.chars().rev().take(REACH).take_while(|c| c.is_alphabetic()).fold(0, letters);
    let tail = text.get(name.end..)?;
    let after = tail.chars().take(REACH).take_while(|c| c.is_alphabetic()).fold(0, letters);
    (before < REACH && after < REACH).then_some((head.get(head.len() - before..)?, tail.get(..after)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around<T>(text: &str, of: impl Fn(&str, Span) -> T) -> T {
        let start = text.find('<').unwrap();
        let end = text.find('>').unwrap() - 1;
        of(&text.replace(['<', '>'], ""), Span::new(start, end))
    }

    #[test]
    fn tells_what_files_are_called_from_words() {
        for (text, any_word, expected) in [
            ("<mensah>tma02.docx", false, Some("mensah")),
            ("<kofi>s_tma02.docx", false, Some("kofi")),
            ("tma<kofi>.docx", false, Some("kofi")),
            ("finalessay<mensah>q3", false, Some("mensah")),
            ("<mensah>tm112tma01", false, Some("mensah")),
            ("<mensah>ktma01", false, Some("mensahk")),
            ("tmak<mensah>", false, Some("kmensah")),
            ("<zd417>tma02", false, Some("zd417")),
            ("tma<zd417>5", false, None),
            ("<mensah>ethics.docx", true, Some("mensah")),
            ("<mensah>ethics.docx", false, None),
            ("<mark>eting101.docx", true, None),
            ("<sam>ple123.docx", true, None),
            ("s<port>.docx", true, None),
            ("<anna>", false, None),
        ] {
            let found = |t: &str, s| beside_words(t, s, &['k', 'm'], any_word).map(|n| n.of(t).to_owned());
            assert_eq!(around(text, found).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn tells_accounts_from_words() {
        for (name, text, whole, weak, expected) in [
            ("Kofi Mensah", "as k<mensah> and", false, false, Some("kmensah")),
            ("Kofi A. Mensah", "ka<mensah>", false, false, Some("kamensah")),
            ("Kofi Mensah", "<mensah>k", false, false, Some("mensahk")),
            ("Kofi Mensah", "kof<mensah>", false, false, Some("kofmensah")),
            ("Kofi Mensah", "o<mensah>", false, false, None),
            ("Grace Walker", "<gracewalker>", true, true, Some("gracewalker")),
            ("Grace Walker", "g<walker>", false, true, Some("gwalker")),
            ("Sam Tanner", "<tanner>s", false, true, None),
            ("Anna Field", "a<field>", false, true, None),
            ("Will Power", "<willpower>", true, true, None),
        ] {
            let mut person = Person::student();
            person.add(name, None);
            let found = around(text, |t, s| account(t, s, &person, whole, weak).map(|a| a.of(t).to_owned()));
            assert_eq!(found.as_deref(), expected, "{name}: {text}");
        }
    }
}
