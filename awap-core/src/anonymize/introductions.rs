//! Third persons whom the text introduces by what they are: `his nephew Bilal`, `the treasurer, Mrs Peake`, `Gavin, the duty manager`,
//! `a girl named Saoirse`, `Big Stan`. So are people of the student's own life, and characters of a case study or a play as well:
//! [`acquaintances`](super::acquaintances) tells them apart.

use awap_names::lists::known::{FAMILY, GIVEN, NAME, frequency};

use super::names::{Allow, Shape, WORDS, name_at, next_capital, starts_upper};
use super::pieces::{Piece, Zone, touches};
use super::recognizer::{Mention, NameRecognizer, Role};
use super::roles::{is_person_word, is_private_title, is_public_role, is_relation, is_workplace};
use crate::citation::is_module_code;
use crate::text::{Span, fold};

/// Finds people by an introduction.
pub(super) struct Introductions;

/// The rules under which they are told of.
pub(super) const INTRODUCED: &str = "introduced";

/// How many words before a name are looked at: `the lady in the bed by the window, Mrs Pell`.
const BACK: usize = 9;

impl NameRecognizer for Introductions {
    fn find(&self, piece: &Piece, index: usize, out: &mut Vec<Mention>) {
        if piece.zone() != Zone::Prose {
            return;
        }
        let text = piece.text.as_str();
        let mut at = 0;
        while let Some(start) = next_capital(text, at) {
            at = start + 1;
            if !has_a_sign(text, start) {
                continue;
            }
            let Some(shape) = name_at(text, start, Allow::default()) else { continue };
            let within = [&piece.protected, &piece.lists, &piece.code];
            if within.into_iter().any(|spans| touches(spans, shape.span)) {
                continue;
            }
            at = shape.span.end.max(at);
            let Some(span) = introduced(text, &shape) else { continue };
            out.push(Mention { piece: index, span, role: Role::Named, rule: INTRODUCED, confidence: 0.8 });
        }
    }
}

/// Whether what stands right before or behind the words with a capital from byte `start` on can introduce them at all: most names and
/// beginnings of sentences are passed over by it.
fn has_a_sign(text: &str, start: usize) -> bool {
    let head = text.get(..start).unwrap_or_default();
    if head.trim_end_matches(' ').ends_with([',', '(', '–', '—', '\'', '‘', '"', '“']) {
        return true;
    }
    let inside = head.trim_end_matches([' ', '\u{a0}']);
    let word = inside.get(
        inside
            .rfind(|c: char| !c.is_alphanumeric() && c != '-')
            .map_or(0, |i| text.ceil_char_boundary(i + 1))..,
    );
    let word = word.unwrap_or_default();
    if inside.len() < head.len()
        && (is_role(word)
            || matches!(word, "named" | "called" | "call" | "is" | "was" | "a" | "an")
            || matches!(word, "him" | "her" | "them" | "me")
                && inside.trim_end_matches(word).trim_end().ends_with(['l', 's'])
            || is_byname(word))
    {
        return true;
    }
    let mut rest = text.get(start..).unwrap_or_default();
    if BYNAMES.iter().any(|byname| rest.starts_with(byname)) {
        return true;
    }
    // The end of the words with a capital, of which a name has few.
    for _ in 0..WORDS {
        rest = rest.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '-' | '\'' | '’' | '.'));
        match rest.strip_prefix([' ', '\u{a0}']) {
            Some(next) if next.starts_with(char::is_uppercase) => rest = next,
            _ => break,
        }
    }
    [", ", " (", " at ", " in ", " on ", " from ", " next "].iter().any(|sign| rest.starts_with(sign))
}

/// The name, where it is introduced: all of it, or what follows a byname.
fn introduced(text: &str, shape: &Shape) -> Option<Span> {
    let Span { start, end } = shape.span;
    let likely = may_be_somebody(text, shape);
    if let Some(name) = after_byname(text, shape) {
        return Some(name);
    }
    let before = is_introduced_before(text, start);
    // `exported as CSV at the end`; `whom I will call Child M`, but `a colleague called Dave P`
    let is_given = |word: &Span| word.len() > 1 && awap_names::known_of(word.of(text)) & GIVEN != 0;
    let last = shape.words.last().map_or("", |word| word.of(text));
    let coded = last.chars().count() == 1 || shape.words.len() == 1 && last.chars().all(char::is_uppercase);
    if coded && !shape.words.iter().any(is_given) {
        return None;
    }
    let found = if likely {
        before || is_introduced_after(text, end) || is_addressed(text, shape)
    } else {
        before && follows_a_role(text, start)
    };
    found.then_some(shape.span)
}

/// Whether some word of the name is a name and nothing that is common otherwise, or a title stands before it.
fn may_be_somebody(text: &str, shape: &Shape) -> bool {
    shape.titled
        || shape.words.iter().filter(|word| word.len() > 1).any(|word| {
            let known = awap_names::known_of(word.of(text));
            known & (GIVEN | FAMILY | NAME) != 0 && frequency(known) <= 4 || frequency(known) == 0
        })
}

/// The words before byte `end`, last first, up to the end of a clause; with whether a comma (or a bracket, a dash) stood after the first.
fn words_before(text: &str, end: usize) -> (Vec<String>, bool) {
    let mut head = text.get(..end).unwrap_or_default();
    let trimmed = head.trim_end_matches([' ', '\u{a0}']);
    let comma = trimmed.ends_with([',', '(', '–', '—']);
    head = trimmed.trim_end_matches([',', '(', '–', '—']).trim_end_matches([' ', '\u{a0}']);
    let mut words = Vec::new();
    while words.len() < BACK {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-');
        let rest = head.trim_end_matches(is_word);
        let word = head.get(rest.len()..).unwrap_or_default();
        if word.is_empty() {
            break;
        }
        words.push(fold(word));
        let next = rest.trim_end_matches([' ', '\u{a0}']);
        if next.len() == rest.len() || next.ends_with(|c: char| !is_word(c)) {
            break;
        }
        head = next;
    }
    (words, comma)
}

/// `his nephew`, `the treasurer,`, `a lady of sixty seven,`, `a girl named`, `my mother is`, `one of them,` right before byte `start`; or an
/// article before a title (`a Mr Lennon`).
fn is_introduced_before(text: &str, start: usize) -> bool {
    let (words, comma) = words_before(text, start);
    let Some(first) = words.first().map(String::as_str) else { return false };
    if !comma && matches!(first, "a" | "an") {
        return text
            .get(start..)
            .and_then(|t| t.split([' ', '.']).next())
            .is_some_and(|w| is_private_title(&fold(w)));
    }
    if !comma && matches!(first, "named" | "called") {
        return words.iter().skip(1).take(3).any(|w| is_role(w));
    }
    // `whom the volunteers call Dai`, `everyone calls her Bernie`, `I'll call her Maggie`
    let called =
        |word: Option<&String>| word.is_some_and(|w| matches!(w.as_str(), "call" | "calls" | "called"));
    if !comma && (first == "call" || matches!(first, "him" | "her" | "them" | "me") && called(words.get(1))) {
        return true;
    }
    if comma && matches!(first, "them" | "us" | "one") {
        return true;
    }
    let copula = !comma && matches!(first, "is" | "was");
    let words = words.get(usize::from(copula)..).unwrap_or_default();
    // The role stands last, or before `of …`, `in …`, `on …`.
    let role = words.iter().position(|w| is_role(w));
    let Some(role) = role.filter(|at| *at == 0 || comma && is_tail(words.get(..*at).unwrap_or_default()))
    else {
        return false;
    };
    // Without a comma only kin and people one has: `his nephew Bilal`, not `the poet Adair`.
    if !comma && !words.get(role).is_some_and(|w| is_relation(w)) {
        return false;
    }
    words.iter().skip(role + 1).take(4).any(|w| is_determiner(w, !comma))
}

/// `'Seun, they can’t hear you'`, `You did a quick thing, Zosia, you`: a single name that somebody is addressed by.
fn is_addressed(text: &str, shape: &Shape) -> bool {
    let head = text.get(..shape.span.start).unwrap_or_default();
    let tail = text.get(shape.span.end..).unwrap_or_default();
    if shape.words.len() != 1 {
        return false;
    }
    let quoted = head.ends_with(['\'', '‘', '"', '“']) && tail.starts_with(',');
    let closing =
        tail.strip_prefix([',', '.', '?', '!']).is_some_and(|t| t.starts_with(['\'', '’', '"', '”']));
    quoted || head.ends_with(", ") && (closing || [", you", ", I"].iter().any(|t| tail.starts_with(t)))
}

/// Whether a role stands right before, so that any word with a capital is a name.
fn follows_a_role(text: &str, start: usize) -> bool {
    let (words, comma) = words_before(text, start);
    comma && words.first().is_some_and(|w| is_role(w))
}

/// What may stand between a role and the comma: words from a preposition on (last first).
fn is_tail(words: &[String]) -> bool {
    words.last().is_some_and(|w| {
        matches!(w.as_str(), "of" | "in" | "on" | "from" | "at" | "for" | "with" | "by" | "next")
    })
}

/// Whose the person is. After `the` and `a` stands a comma.
fn is_determiner(word: &str, owned: bool) -> bool {
    matches!(word, "his" | "her" | "their" | "its" | "whose" | "my" | "our" | "your")
        || word.ends_with("'s")
        || word.ends_with("s'")
        || !owned && matches!(word, "the" | "a" | "an" | "another" | "one" | "this" | "that")
}

/// `, the duty manager`, ` at the desk`, ` in room 9`, ` from the night shift`, ` on sales`, right after byte `end`.
fn is_introduced_after(text: &str, end: usize) -> bool {
    let rest = text.get(end..).unwrap_or_default();
    // `, who manages us both`, `, who is my buddy`, `, who is also on S206`
    if let Some(clause) = rest.strip_prefix(", who ") {
        let clause = clause.split([',', '.', ';']).next().unwrap_or_default();
        let mut near = clause.split(' ').take(6);
        return near.any(|word| matches!(word, "me" | "us" | "my" | "our") || is_module_code(word));
    }
    let mut words = rest.split(|c: char| c.is_whitespace()).filter(|w| !w.is_empty()).take(6);
    if let Some(rest) = rest.strip_prefix(", ").or_else(|| rest.strip_prefix(" (")) {
        let mut words = rest.split([' ', '\u{a0}', '\n']);
        if !words
            .next()
            .is_some_and(|w| matches!(w, "the" | "our" | "my" | "a" | "an" | "his" | "her" | "their"))
        {
            return false;
        }
        let mut words = words.take(4).skip_while(|w| !is_role(&fold(unpointed(w))));
        let Some(role) = words.next() else { return false };
        return unpointed(role).len() < role.len() || words.next().is_some_and(|w| is_tail(&[fold(w)]));
    }
    if !rest.starts_with(' ') {
        return false;
    }
    let Some(place) = words.next() else { return false };
    if !matches!(place, "at" | "in" | "on" | "from" | "next") {
        return false;
    }
    let is_place = |w: &str| is_workplace(unpointed(w));
    match words.next() {
        Some("the" | "our" | "my" | "her" | "his" | "another") => words.take(2).any(is_place),
        Some(word) => is_place(word),
        None => false,
    }
}

/// A word without what closes it.
fn unpointed(word: &str) -> &str {
    word.trim_end_matches(|c: char| !c.is_alphanumeric())
}

/// What stands before a name in place of a title.
const BYNAMES: &[&str] = &["Big", "Old", "Wee", "Little", "Baby"];

fn is_byname(word: &str) -> bool {
    BYNAMES.contains(&word)
}

/// `Big Stan`, `Old Bernie`, `Baby Idris`: the name after a byname.
fn after_byname(text: &str, shape: &Shape) -> Option<Span> {
    let [first, second, ..] = shape.words.as_slice() else {
        let before = text.get(..shape.span.start).unwrap_or_default();
        let last = before.trim_end().rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let beside = before.len() == before.trim_end().len() + 1;
        return (beside && is_byname(last)).then_some(shape.span);
    };
    is_byname(first.of(text)).then(|| Span::new(second.start, shape.span.end))
}

/// What a person may be to others, or simply is.
fn is_role(word: &str) -> bool {
    is_relation(word) || is_person_word(word) || is_trade(word)
}

/// Words that end as trades and offices do: `paralegal`, `optician`, `receptionist`, `plasterer`.
fn is_trade(word: &str) -> bool {
    word.len() >= 6
        && ["er", "or", "ist", "ian", "ant", "man", "woman", "legal"].iter().any(|end| word.ends_with(end))
        && !matches!(
            word,
            "number"
                | "summer"
                | "winter"
                | "another"
                | "whether"
                | "however"
                | "rather"
                | "further"
                | "together"
                | "important"
                | "matter"
        )
        && !is_public_role(word)
}

/// Whether the name at `span` has a title, in it or before it, that is no academic's.
pub(super) fn has_private_title(text: &str, span: Span) -> bool {
    let first = span.of(text).split([' ', '\u{a0}', '.']).next().unwrap_or_default();
    let before = text.get(..span.start).unwrap_or_default().trim_end_matches(['.', ' ', '\u{a0}']);
    let before = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    [first, before].into_iter().any(|w| starts_upper(w) && is_private_title(&fold(w)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let piece = Piece { text: text.to_owned(), zone: Some(Zone::Prose), ..Piece::default() };
        let mut out = Vec::new();
        Introductions.find(&piece, 0, &mut out);
        out.iter().map(|m| m.span.of(text).to_owned()).collect()
    }

    #[test]
    fn finds_people_who_are_introduced() {
        for (text, expected) in [
            ("He paid his nephew Bilal to write it", "Bilal"),
            ("as the treasurer, Mrs Ottoline Peake, found out", "Mrs Ottoline Peake"),
            ("from a bank whose manager, Mr Doig, still uses a pencil", "Mr Doig"),
            ("the sister in charge, Rose Akintola, saw it", "Rose Akintola"),
            ("a lady of sixty seven, Mrs Anna Bassey, came", "Mrs Anna Bassey"),
            ("a girl named Saoirse sat by me", "Saoirse"),
            ("Maja Nowak, who is also on S206 this year, read it", "Maja Nowak"),
            ("said to Steve Lomax, who manages us both", "Steve Lomax"),
            ("a man whom the volunteers call Dai came", "Dai"),
            ("Everyone calls her Bernie and she is quick", "Bernie"),
            ("Élan is what it lacked: a girl named Saoirse sat by me", "Saoirse"),
            ("the seller, a Mr Hugo Lennon, refused", "Mr Hugo Lennon"),
            ("One of them, Terry Stubbs, has left", "Terry Stubbs"),
            ("At work Gavin, the duty manager, likes it", "Gavin"),
            ("then Oskar from the other room came", "Oskar"),
            ("the residents eat; Bridie in room 9 does not", "Bridie"),
            ("I explained it to Big Stan again", "Stan"),
            ("The reply, from a Ms Ann Berg, was kind", "Ms Ann Berg"),
            ("because my mother is Grace Wanjiru too", "Grace Wanjiru"),
            ("and finally said, 'Seun, they can hear you'", "Seun"),
            ("'You did a quick thing, Zosia, you see'", "Zosia"),
            ("She said that her stepdad, Darren, had left", "Darren"),
            ("the senior paralegal, Bronagh, said so", "Bronagh"),
            ("I rang the on-call manager, Lindiwe Harcastle, at ten", "Lindiwe Harcastle"),
        ] {
            assert_eq!(found(text), [expected], "{text}");
        }
    }

    #[test]
    fn leaves_who_is_not() {
        for text in [
            "the poet Josephine Adair wrote it",
            "in the novel, Emma is wrong",
            "the manager of Acme Ltd resigned",
            "students in Leeds, Bradford and York",
            "He moved to Toronto in May",
            "A manager should listen. London is large",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
