//! The grammar of authors' names: words told apart, then grouped into people and organisations.

use super::lexicon;
use crate::text::{Span, is_apostrophe};

/// What a word in an author phrase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Begins with a capital, or is a web address that stands for an organisation (`gov.uk`).
    Capital,
    /// `J.`, `J.R.`, `J.-P.`, `J`
    Initials,
    /// `van`, `de`, `bin` in lower case.
    Particle,
    /// `of`, `for`, `the`: inside the names of organisations.
    Connector,
    /// `and`, `&`
    And,
    /// `et al.`, `and colleagues`
    EtAl,
    Comma,
    Number,
    /// Any other word or mark.
    Other,
}

/// A word or mark of an author phrase.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    /// Where it stands, without a closing stop or a possessive ending.
    pub(super) span: Span,
    /// What it is.
    pub(super) kind: Kind,
    /// It bears a possessive ending (`Smith’s`).
    pub(super) possessive: bool,
    /// A full stop ends it that is not an initial's or an abbreviation's: a sentence may end here.
    pub(super) stop: bool,
}

/// Whether a word marks an organisation.
pub(super) fn is_organisation_word(word: &str) -> bool {
    let lower = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    lexicon::ORGANISATION_WORDS.contains(lower.as_str()) || is_acronym(word) || lower.contains('.')
}

/// `BBC`, `NHS`, `W3C`, `OU`: two capitals or more, digits allowed.
pub(super) fn is_acronym(word: &str) -> bool {
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    capitals >= 2 && word.chars().all(|c| c.is_uppercase() || c.is_ascii_digit() || c == '.' || c == '&')
}

/// Splits an author phrase into tokens; `base` is added to all spans.
pub(super) fn tokenize(text: &str, base: usize) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut rest = text;
    let offset = |rest: &str| base + text.len() - rest.len();
    loop {
        rest = rest.trim_start();
        let Some(c) = rest.chars().next() else { break };
        let start = offset(rest);
        if is_mark(c) {
            let kind = match c {
                ',' => Kind::Comma,
                '&' => Kind::And,
                _ => Kind::Other,
            };
            out.push(Token {
                span: Span::new(start, start + c.len_utf8()),
                kind,
                possessive: false,
                stop: false,
            });
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        }
        let len = rest.find(|c: char| c.is_whitespace() || is_mark(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at_checked(len).unwrap_or((rest, ""));
        rest = tail;
        word_token(word, start, &mut out);
    }
    out
}

fn is_mark(c: char) -> bool {
    matches!(
        c,
        ',' | '&'
            | ';'
            | ':'
            | '('
            | ')'
            | '['
            | ']'
            | '"'
            | '“'
            | '”'
            | '‘'
            | '*'
            | '_'
            | '/'
            | '?'
            | '!'
            | '—'
    ) || c == '–'
}

fn word_token(word: &str, start: usize, out: &mut Vec<Token>) {
    let mut token = Token {
        span: Span::new(start, start + word.len()),
        kind: Kind::Other,
        possessive: false,
        stop: false,
    };
    let bare = word.trim_end_matches('.');
    let stop = bare.len() < word.len();
    // `et al.’s`
    let lower = without_possessive(bare).trim_end_matches('.').to_lowercase();
    let last_is = |out: &[Token], kind: Kind| out.last().is_some_and(|t| t.kind == kind);
    // `et al.`: `et` came as a connector.
    if lower == "al" && last_is(out, Kind::Connector) || matches!(lower.as_str(), "et.al" | "etal") {
        if lower == "al"
            && let Some(et) = out.pop()
        {
            token.span.start = et.span.start;
        }
        token.kind = Kind::EtAl;
    } else if matches!(lower.as_str(), "colleagues" | "others" | "associates") && last_is(out, Kind::And) {
        if let Some(and) = out.pop() {
            token.span.start = and.span.start;
        }
        token.kind = Kind::EtAl;
        token.span.end -= word.len() - bare.len();
    } else if is_initials(word) {
        token.kind = Kind::Initials;
    } else {
        token.stop = stop;
        token.span.end -= word.len() - bare.len();
        let name = without_possessive(bare);
        token.possessive = name.len() < bare.len();
        token.span.end -= bare.len() - name.len();
        token.kind = match lower.as_str() {
            "and" => Kind::And,
            l if bare == l && lexicon::PARTICLES.contains(l) => Kind::Particle,
            l if bare == l && lexicon::CONNECTORS.contains(l) => Kind::Connector,
            _ => plain_kind(name),
        };
    }
    out.push(token);
}

fn plain_kind(word: &str) -> Kind {
    let Some(first) = word.chars().next() else { return Kind::Other };
    if first.is_ascii_digit() {
        // `3M`, `4Children`; not `2019`, `14th`.
        return if word.chars().any(char::is_uppercase) { Kind::Capital } else { Kind::Number };
    }
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    if letters == 0 {
        return Kind::Other;
    }
    let domain = word.contains('.')
        && word.split('.').all(|part| part.chars().all(char::is_alphanumeric) && !part.is_empty());
    // `al-Amin`, `d’Arcy`, `iNews`; `[STUDENT]` is no name.
    let inner =
        word.chars().skip(1).any(char::is_uppercase) && word.chars().next().is_some_and(char::is_alphabetic);
    if first.is_uppercase() || inner || domain || first.is_alphabetic() && !first.is_lowercase() {
        Kind::Capital
    } else {
        Kind::Other
    }
}

/// `J.`, `J.K.`, `J.-P.`, `Ch.`, `J`: up to four capitals with their stops, or one alone.
pub(super) fn is_initials(word: &str) -> bool {
    if matches!(word, "Ch." | "Th." | "Ph." | "Yu." | "Zh.") {
        return true;
    }
    let mut capitals = 0;
    let mut last = '.';
    for c in word.chars() {
        match c {
            '.' if last.is_uppercase() => {}
            '-' if last == '.' || last.is_uppercase() => {}
            c if c.is_uppercase() && !last.is_alphabetic() => capitals += 1,
            _ => return false,
        }
        last = c;
    }
    (1..=4).contains(&capitals)
}

/// The word without `'s`, `’s`, or the apostrophe after `s`.
pub(super) fn without_possessive(word: &str) -> &str {
    let mut chars = word.char_indices().rev();
    let (Some((i, last)), Some((j, before))) = (chars.next(), chars.next()) else { return word };
    if is_apostrophe(last) && matches!(before, 's' | 'S') {
        return word.get(..i).unwrap_or(word);
    }
    if matches!(last, 's' | 'S') && is_apostrophe(before) {
        return word.get(..j).unwrap_or(word);
    }
    word
}

/// A name with the place where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// The family name, or the organisation as it is written.
    pub(super) name: String,
    /// The whole name, given names and initials included.
    pub(super) span: Span,
}

/// White space and line breaks as one blank.
pub(super) fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Groups tokens into people, comma by comma and `and` by `and`: `Smith, J. and Jones`, `J. Smith, B. Brown`,
/// `van der Berg`, `Erving Goffman`. Returns nothing where a token is not of a name.
pub(super) fn people(text: &str, tokens: &[Token]) -> Option<Vec<Name>> {
    let mut names: Vec<Name> = Vec::new();
    for piece in tokens.split(|t| matches!(t.kind, Kind::Comma | Kind::And | Kind::EtAl)) {
        let (Some(first), Some(last)) = (piece.first(), piece.last()) else { continue };
        let span = Span::new(first.span.start, last.span.end);
        if piece
            .iter()
            .all(|t| t.kind == Kind::Initials || is_short_initials(t.span.of(text)) && !names.is_empty())
        {
            // `Smith, J.`: initials belong to the name before.
            match names.last_mut() {
                Some(name) => name.span.end = span.end,
                None => return None,
            }
            continue;
        }
        if piece.iter().any(|t| !matches!(t.kind, Kind::Capital | Kind::Initials | Kind::Particle)) {
            return None;
        }
        names.push(Name { name: family(text, piece)?, span });
    }
    (!names.is_empty()).then_some(names)
}

/// `JK` as some lists write initials.
fn is_short_initials(word: &str) -> bool {
    (1..=3).contains(&word.chars().count()) && word.chars().all(char::is_uppercase)
}

/// The family name in `J. van der Berg`, `Erving Goffman`, `Smith JK`, `Smith`.
fn family(text: &str, piece: &[Token]) -> Option<String> {
    let is_name = |t: &&Token| t.kind != Kind::Initials;
    let mut end = piece.len() - piece.iter().rev().take_while(|t| !is_name(t)).count();
    let begin = piece.iter().take_while(|t| !is_name(t)).count();
    // `Smith JK`
    if end - begin >= 2 && is_short_initials(piece.get(end - 1)?.span.of(text)) && begin == 0 {
        end -= 1;
    }
    let words = piece.get(begin..end)?;
    let last = words.iter().rposition(|t| t.kind == Kind::Capital)?;
    let mut start = last;
    while start > 0 && words.get(start - 1).is_some_and(|t| t.kind == Kind::Particle) {
        start -= 1;
    }
    // A particle before the first capital belongs to the family name: `de la Cruz`, `van Gogh`.
    let (first, last) = (words.get(start)?, words.get(last)?);
    Some(squeeze(Span::new(first.span.start, last.span.end).of(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_named_by_family() {
        for (text, want) in [
            ("Smith", &["Smith"][..]),
            ("Smith and Jones", &["Smith", "Jones"]),
            ("Smith, Jones & Brown", &["Smith", "Jones", "Brown"]),
            ("Smith, J. and Jones, B.K.", &["Smith", "Jones"]),
            ("Smith, J., Jones, B. K. and O’Neill-Hughes, S.", &["Smith", "Jones", "O’Neill-Hughes"]),
            ("J. K. Smith", &["Smith"]),
            ("Smith JK, Brown B", &["Smith", "Brown"]),
            ("Erving Goffman", &["Goffman"]),
            ("van der Berg, A. and de la Cruz, M.", &["van der Berg", "de la Cruz"]),
            ("al-Amin", &["al-Amin"]),
            ("Ångström, Ö.", &["Ångström"]),
            ("Smith et al.", &["Smith"]),
            ("D’Souza and colleagues", &["D’Souza"]),
        ] {
            let names = people(text, &tokenize(text, 0)).unwrap_or_default();
            assert_eq!(names.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(), want, "{text:?}");
        }
        for text in ["the number of", "Office for Statistics", "J.", "", "Figure 2"] {
            assert!(people(text, &tokenize(text, 0)).is_none(), "{text:?}");
        }
    }

    #[test]
    fn initials_are_told_from_words() {
        for yes in ["J.", "J.K.", "J.-P.", "J", "Ch."] {
            assert!(is_initials(yes), "{yes}");
        }
        for no in ["Jo", "JK", "Mr.", "al.", "UK", "2.", ""] {
            assert!(!is_initials(no), "{no}");
        }
    }
}
