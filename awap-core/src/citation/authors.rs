//! Whose work a year is of: the authors in the phrase before it, inside its bracket or in the sentence.

use std::sync::LazyLock;

use regex::Regex;

use super::in_text::{Bracket, Item, strings};
use super::lexicon;
use super::names::{self, Kind, Name, Token};
use super::year::Year;
use crate::text::{Span, pattern};

/// So far before a bracket the authors are looked for.
const LOOK_BACK: usize = 240;

static SIGNAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^[\s,;:.–—\-]*(?:
          (?:but\s+)?see(?:\s+also|\s+for\s+example|,?\s*e\.g\.)?(?:\s+(?:discussion|review)\s+in)? | e\.?g\.? | i\.?e\.? | for\s+(?:example|instance) | such\s+as | cf\.? | also | and | or | both | among\s+others
        | (?:as\s+)?(?:cited|quoted|referenced|reported|discussed|mentioned|noted|described|shown|seen|outlined|argued|suggested|stated|defined|explained|identified|used|found|given|presented|published|proposed|developed|created|coined|written|produced)(?:\s+(?:in|by|from))
        | (?:originally\s+)?(?:adapted|taken|derived|reproduced|quoted|cited|drawn|modified|sourced)\s+from | based\s+(?:up)?on | (?:figure|table|image|photo|data|diagram|graph|map)\s+from
        | source[:s]? | according\s+to | following | after | compare | including | notably | especially | particularly
        | in | from | by | per | as\s+per | ref(?:erence)?\.?\s*: | citing | quoting | emphasis\s+in | original\s+in | referring\s+to | further | here
        )(?:\b|[\s:,])[\s,:;]*",
    )
});

static SECONDARY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)[\s,;]+(?:as\s+)?(?:(?:cited|quoted|referenced|mentioned|reported|discussed|referred\s+to)\s+(?:in|by)|citing|in)[\s:,]+",
    )
});

/// The authors in the phrase before a year inside a bracket, and where they begin.
pub(super) fn parenthetical(b: &Bracket<'_>, item: &Item) -> Option<(Vec<Name>, usize)> {
    let raw = item.phrase.of(b.text);
    // What stands before a semicolon is another item, without a year.
    let cut = raw.trim_end_matches([';', ' ']).rfind(';').map_or(0, |i| i + 1);
    let mut start = item.phrase.start + cut;
    let mut end = item.phrase.end;
    // `(The Open University (OU), 2024)`, `(Office for National Statistics [ONS], 2024)`
    let mut signalled = false;
    while let Some(signal) = SIGNAL.find(Span::new(start, end).of(b.text)) {
        if signal.end() == 0 || Span::new(start, end).of(b.text).get(signal.end()..).is_none_or(str::is_empty)
        {
            break;
        }
        signalled = true;
        start += signal.end();
    }
    let trim = |start: &mut usize, end: &mut usize| {
        let raw = Span::new(*start, *end).of(b.text);
        let lead = raw.len() - raw.trim_start_matches(|c: char| !is_phrase_start(c)).len();
        *start += lead;
        let raw = Span::new(*start, *end).of(b.text);
        *end = *start
            + raw
                .trim_end_matches(|c: char| {
                    c.is_whitespace() || matches!(c, ',' | ':' | ';' | '(' | '[' | '–' | '—' | '-')
                })
                .len();
    };
    trim(&mut start, &mut end);
    if start >= end {
        return None;
    }
    // `Smith, cited in Jones, 2019`: the year is that of Jones.
    let mut first = None;
    if let Some(second) = SECONDARY.find(Span::new(start, end).of(b.text)) {
        let primary = Span::new(start, start + second.start());
        let source = start + second.end();
        if let Some(names) = whole_phrase(b, primary, &item.year)
            && Span::new(source, end).of(b.text).starts_with(is_phrase_start)
            && (second.as_str().trim().len() > 4 || names.iter().any(|n| b.index.knows(&n.name)))
        {
            first = Some((names, primary.start));
            start = source;
            trim(&mut start, &mut end);
        }
    }
    let phrase = Span::new(start, end);
    let names = quoted_title(b, phrase)
        .or_else(|| whole_phrase(b, phrase, &item.year))
        .or_else(|| phrase_tail(b, phrase, &item.year, signalled))?;
    let known = b.index.find(&strings(&names), &item.year.text).is_some();
    if !known && (item.year.range || is_place(&names)) {
        return None;
    }
    let mut start = names.first().map_or(start, |n| n.span.start.min(start.max(n.span.start)));
    if quoted_title(b, phrase).is_some() {
        start = phrase.start;
    }
    match first {
        Some((mut primary, at)) => {
            // The first author is protected, the second is the work that is cited.
            let mut all = names;
            for name in &mut primary {
                name.name.clear();
            }
            all.extend(primary);
            Some((all, at))
        }
        None => Some((names, start)),
    }
}

fn is_phrase_start(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '‘' | '“' | '\'' | '"' | '*' | '_')
}

/// A title in the author's place: `(‘How to cite’, 2020)`, or in italics where the list has it.
fn quoted_title(b: &Bracket<'_>, phrase: Span) -> Option<Vec<Name>> {
    let words = phrase.of(b.text);
    let quoted =
        words.starts_with(['‘', '“', '"', '*', '_']) || words.starts_with('\'') && words.ends_with('\'');
    let known = words.len() > 3 && b.index.knows(words);
    if !quoted && !known {
        return None;
    }
    let name = words.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '‘' | '’' | '“' | '”' | '"' | '\'' | '*' | '_' | ',')
    });
    (name.chars().filter(|c| c.is_alphabetic()).count() >= 2)
        .then(|| vec![Name { name: names::squeeze(name), span: phrase }])
}

/// The phrase as a whole: people or an organisation.
fn whole_phrase(b: &Bracket<'_>, phrase: Span, year: &Year) -> Option<Vec<Name>> {
    let words = phrase.of(b.text);
    let organisation = || vec![Name { name: names::squeeze(words), span: phrase }];
    // The list knows best.
    if !words.is_empty()
        && let Some(found) = b.index.find(&[names::squeeze(words)], &year.text)
    {
        return Some(several(b, phrase, year, found).unwrap_or_else(organisation));
    }
    // A bracket inside: the acronym of what stands before it.
    if let Some(open) = words.find(['(', '[']) {
        let name = words.get(..open)?.trim_end();
        let outer = Span::new(phrase.start, phrase.start + name.len());
        return whole_phrase(b, outer, year).map(|mut names| {
            if let [only] = names.as_mut_slice() {
                only.span.end = phrase.end;
            }
            names
        });
    }
    let tokens = names::tokenize(words, phrase.start);
    judge(b, &tokens, phrase, year, false)
}

/// The people whom a phrase names, if there are several and the first is the author of the reference that was found:
/// `Smith and Jones`, and not `Health and Safety Executive`.
fn several(b: &Bracket<'_>, phrase: Span, year: &Year, found: usize) -> Option<Vec<Name>> {
    let tokens = names::tokenize(phrase.of(b.text), phrase.start);
    if !tokens.iter().any(|t| matches!(t.kind, Kind::And | Kind::Comma | Kind::EtAl)) {
        return None;
    }
    let people = names::people(b.text, &tokens)?;
    let known = b.index.knows(&people.first()?.name) && !b.index.knows(phrase.of(b.text));
    (known && b.index.find(&strings(&people), &year.text) == Some(found)).then_some(people)
}

/// Whether tokens name people or an organisation that can be cited.
fn judge(b: &Bracket<'_>, tokens: &[Token], phrase: Span, year: &Year, narrative: bool) -> Option<Vec<Name>> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    // An author may be called Winter or May: the list says so.
    let listed = b.index.find(&[names::squeeze(phrase.of(b.text))], &year.text).is_some();
    if !listed && refused(b.text, tokens) {
        return None;
    }
    let organisation = || vec![Name { name: names::squeeze(phrase.of(b.text)), span: phrase }];
    let people = names::people(b.text, tokens);
    if let Some(people) = people {
        let marked =
            tokens.iter().any(|t| t.kind == Kind::Capital && names::is_organisation_word(t.span.of(b.text)));
        let many = tokens.split(|t| matches!(t.kind, Kind::Comma | Kind::And)).any(|piece| {
            piece.iter().filter(|t| t.kind == Kind::Capital).count() >= if narrative { 4 } else { 2 }
                && !piece.iter().any(|t| matches!(t.kind, Kind::Initials | Kind::Particle))
        });
        let linked = |names: &[Name]| b.index.find(&strings(names), &year.text).is_some();
        if linked(&people) || !(marked || many) {
            return Some(people);
        }
        let single = tokens.iter().all(|t| !matches!(t.kind, Kind::And | Kind::Comma));
        if linked(&organisation()) || single || marked && !many {
            // `Erving Goffman, 1959`: a given name in the bracket, where the list knows the family.
            let family_known = people.first().is_some_and(|p| b.index.knows(&p.name));
            return Some(if family_known && !marked { people } else { organisation() });
        }
        return Some(people);
    }
    // `Department for Education`, `The Open University`, `Office of the First Minister`.
    let in_organisation = |t: &Token| {
        matches!(
            t.kind,
            Kind::Capital | Kind::Connector | Kind::And | Kind::Comma | Kind::Initials | Kind::Particle
        ) || t.kind == Kind::Number && t.span.len() <= 2
    };
    let capitals = tokens.iter().filter(|t| t.kind == Kind::Capital).count();
    let fits = tokens.iter().all(in_organisation)
        && first.kind == Kind::Capital
        && !matches!(last.kind, Kind::Connector | Kind::And | Kind::Comma)
        && (capitals >= 2 || first.span.of(b.text) == "The")
        && tokens.len() <= 14;
    fits.then(organisation)
}

fn refused(text: &str, tokens: &[Token]) -> bool {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return true };
    let lower = |t: &Token| t.span.of(text).to_lowercase();
    let is_time = |t: &Token| lexicon::TIMES.contains(lower(t).as_str());
    // `Nichol & Jun` are people, `March and May` are not.
    let among_people =
        first.kind == Kind::Capital && !is_time(first) && tokens.iter().any(|t| t.kind == Kind::And);
    if is_time(last) && !among_people {
        return true;
    }
    if is_time(first) && tokens.len() > 1 && tokens.iter().any(|t| t.kind == Kind::Number) {
        return true;
    }
    if lexicon::NUMBERED_THINGS.contains(lower(first).as_str())
        && (tokens.len() == 1
            || tokens.get(1).is_some_and(|t| {
                matches!(t.kind, Kind::Number | Kind::Initials) || is_numeral(t.span.of(text))
            }))
    {
        return true;
    }
    // `TM112`, `TM112 Block 1`, `E102-25J`
    is_module_code(first.span.of(text))
        || tokens.iter().all(|t| matches!(t.kind, Kind::Number | Kind::Comma | Kind::Connector | Kind::Other))
}

fn is_place(names: &[Name]) -> bool {
    matches!(names, [only] if lexicon::PLACES.contains(only.name.to_lowercase().as_str()))
}

fn is_numeral(word: &str) -> bool {
    word.chars().all(|c| matches!(c, 'I' | 'V' | 'X' | '0'..='9' | '.'))
}

/// `TM112`, `E102-25J`
pub(crate) fn is_module_code(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = word.bytes().skip(letters).take_while(u8::is_ascii_digit).count();
    (1..=4).contains(&letters) && digits == 3 && word.len() <= letters + digits + 4
}

/// The authors at the end of a longer phrase: `a term coined by Goffman`, `as the work of Smith and Jones shows`.
fn phrase_tail(b: &Bracket<'_>, phrase: Span, year: &Year, signalled: bool) -> Option<Vec<Name>> {
    let tokens = names::tokenize(phrase.of(b.text), phrase.start);
    let tail = tail_of_names(b.text, &tokens, true);
    let (first, last) = (tail.first()?, tail.last()?);
    let span = Span::new(first.span.start, last.span.end);
    let names = judge(b, tail, span, year, false)?;
    if b.index.find(&strings(&names), &year.text).is_some() {
        return Some(names);
    }
    let before = tokens.len() - tail.len();
    let led = before == 0
        || tokens.get(before - 1).is_some_and(|t| {
            matches!(
                t.span.of(b.text).to_lowercase().as_str(),
                "," | "by" | "see" | "from" | "per" | "following" | "e.g" | "of" | "like" | ":"
            )
        });
    (led || signalled).then_some(names)
}

/// The longest run of names at the end of `tokens`. A comma is crossed only to a name in a list that has an `and`, or
/// where `free` says that commas part names.
fn tail_of_names<'t>(text: &str, tokens: &'t [Token], free: bool) -> &'t [Token] {
    let mut start = tokens.len();
    let mut seen_and = false;
    let mut i = tokens.len();
    while i > 0 {
        let Some(token) = tokens.get(i - 1) else { break };
        // A sentence ends here.
        if token.stop && i < tokens.len() {
            break;
        }
        let keep = match token.kind {
            Kind::Capital | Kind::Initials => true,
            Kind::EtAl => i == tokens.len(),
            // Inside a name only, with a capital on either side in the end.
            Kind::Particle | Kind::Connector => tokens
                .get(i)
                .is_some_and(|t| matches!(t.kind, Kind::Capital | Kind::Particle | Kind::Connector)),
            Kind::And => {
                let between = start == i && i >= 2;
                seen_and |= between;
                between
            }
            Kind::Comma => {
                let before_initials = tokens.get(i).is_some_and(|t| t.kind == Kind::Initials);
                let before_and = tokens.get(i).is_some_and(|t| t.kind == Kind::And || t.kind == Kind::EtAl);
                (start == i || before_and) && (free || seen_and || before_initials || before_and)
            }
            Kind::Number | Kind::Other => false,
        };
        if !keep {
            break;
        }
        // A possessive ends another name: `Goffman’s Smith`.
        if token.possessive
            && i < tokens.len()
            && !matches!(tokens.get(i).map(|t| t.kind), Some(Kind::Capital | Kind::And))
        {
            break;
        }
        if matches!(
            token.kind,
            Kind::Capital
                | Kind::Initials
                | Kind::EtAl
                | Kind::Particle
                | Kind::And
                | Kind::Comma
                | Kind::Connector
        ) {
            start = i - 1;
        }
        i -= 1;
    }
    let mut tail = tokens.get(start..).unwrap_or_default();
    while let Some(first) = tail.first() {
        let drop = match first.kind {
            Kind::And | Kind::Comma | Kind::Connector => true,
            Kind::Particle => {
                !tail.get(1).is_some_and(|t| matches!(t.kind, Kind::Capital | Kind::Particle))
                    || matches!(first.span.of(text), "e" | "y" | "a")
            }
            _ => false,
        };
        if !drop {
            break;
        }
        tail = tail.get(1..).unwrap_or_default();
    }
    tail
}

/// The authors that stand before a bracket with a year; where they begin; whether they can be believed unlinked.
pub(super) fn narrative(b: &Bracket<'_>, year: &Year) -> Option<(Vec<Name>, usize, bool)> {
    let mut from = b.group.start.saturating_sub(LOOK_BACK).max(b.floor);
    while !b.text.is_char_boundary(from) {
        from += 1;
    }
    let mut window = b.text.get(from..b.group.start)?;
    if let Some(paragraph) = window.rfind("\n\n") {
        from += paragraph + 2;
        window = b.text.get(from..b.group.start)?;
    }
    if let Some(tab) = window.rfind('\t') {
        from += tab + 1;
        window = b.text.get(from..b.group.start)?;
    }
    if let Some(found) = title_before(b, from, window, year) {
        return Some(found);
    }
    let tokens = names::tokenize(window, from);
    // `Smith, (2019)`
    let trailing = usize::from(tokens.last().is_some_and(|t| t.kind == Kind::Comma));
    let tokens = tokens.get(..tokens.len() - trailing)?;
    if tokens.last()?.stop {
        return None;
    }
    let mut tail = tail_of_names(b.text, tokens, false);
    while let Some(first) = tail.first() {
        let lower = first.span.of(b.text).to_lowercase();
        let lead = lexicon::LEADS.contains(lower.as_str())
            || first.possessive && tail.len() > 1 && tail.get(1).is_some_and(|t| t.kind != Kind::And);
        let article = lower == "the" && tail.len() == 1;
        if !(lead || article || matches!(first.kind, Kind::Comma | Kind::And | Kind::Connector)) {
            break;
        }
        tail = tail.get(1..).unwrap_or_default();
    }
    // The longest tail that the list knows; else the whole.
    let mut best = None;
    for cut in 0..tail.len().min(12) {
        let Some(part) = tail.get(cut..) else { break };
        let Some(first) = part.first() else { break };
        if matches!(first.kind, Kind::Comma | Kind::And | Kind::Connector | Kind::EtAl) {
            continue;
        }
        let Some(names) = judged(b, part, year) else { continue };
        if b.index.find(&strings(&names), &year.text).is_some() {
            return Some((names, first.span.start, true));
        }
        if best.is_none() {
            best = Some((names, first.span.start, believable(b, part, year)));
        }
    }
    earlier_name(b, tokens, year).or(best)
}

fn judged(b: &Bracket<'_>, part: &[Token], year: &Year) -> Option<Vec<Name>> {
    let (first, last) = (part.first()?, part.last()?);
    let span = Span::new(first.span.start, last.span.end);
    judge(b, part, span, year, true)
}

/// Whether names that no reference bears are those of authors rather than of a work, a place, an event.
fn believable(b: &Bracket<'_>, part: &[Token], year: &Year) -> bool {
    let (Some(first), Some(last)) = (part.first(), part.last()) else { return false };
    if year.range || last.kind == Kind::Comma {
        return false;
    }
    let span = Span::new(first.span.start, last.span.end);
    let one = part.len() == 1;
    let lower = first.span.of(b.text).to_lowercase();
    if one
        && (lexicon::PLACES.contains(lower.as_str())
            || names::is_acronym(first.span.of(b.text)) && !b.index.is_empty())
    {
        return false;
    }
    if b.index.is_empty() {
        return !(b.italic)(span);
    }
    // Where there is a list and it does not name them: a treaty, a report, a novel, an event of another age.
    let published = year.text.get(..4).and_then(|y| y.parse::<u32>().ok());
    let before = |limit: u32| published.is_some_and(|y| y < limit);
    let last_word = last.span.of(b.text).to_lowercase();
    let several = part.iter().filter(|t| t.kind == Kind::Capital).count() > 2
        || part.iter().any(|t| t.kind == Kind::Connector);
    let people = part.iter().any(|t| matches!(t.kind, Kind::And | Kind::EtAl | Kind::Initials | Kind::Comma));
    let a_work = lexicon::WORKS.contains(last_word.as_str()) || several && !people && before(1960);
    !(a_work || before(1900) || (b.italic)(span))
}

/// A title in the author's place before the year: `‘How to cite’ (2020)`, a title in italics.
fn title_before(b: &Bracket<'_>, from: usize, window: &str, year: &Year) -> Option<(Vec<Name>, usize, bool)> {
    let trimmed = window.trim_end();
    let last = trimmed.chars().last()?;
    let open: &[char] = match last {
        '’' => &['‘'],
        '”' => &['“'],
        '"' => &['"'],
        '\'' => &['\''],
        '*' => &['*'],
        '_' => &['_'],
        _ => return None,
    };
    let body = trimmed.get(..trimmed.len() - last.len_utf8())?;
    let start = body.rfind(open)?;
    let title = body.get(start..)?.trim_start_matches(open).trim_end_matches(',');
    let name = names::squeeze(title);
    b.index.find(std::slice::from_ref(&name), &year.text)?;
    let span = Span::new(from + start, from + trimmed.len());
    Some((vec![Name { name, span }], span.start, true))
}

/// `Goffman’s theory of the self (1959)`: a name earlier in the sentence that the list knows with this year.
fn earlier_name(b: &Bracket<'_>, tokens: &[Token], year: &Year) -> Option<(Vec<Name>, usize, bool)> {
    if b.index.is_empty() {
        return None;
    }
    for token in tokens.iter().rev().take(10) {
        if token.stop {
            return None;
        }
        if token.kind == Kind::Capital {
            let name = names::squeeze(token.span.of(b.text));
            if b.index.find(std::slice::from_ref(&name), &year.text).is_some() {
                return Some((vec![Name { name, span: token.span }], token.span.start, true));
            }
        }
    }
    None
}
