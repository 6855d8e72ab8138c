//! The fields of one entry of a reference list.

use std::sync::LazyLock;

use regex::Regex;

use super::Reference;
use super::list::RawEntry;
use super::names::{self, Kind, Name};
use super::year;
use crate::document::Run;
use crate::text::{Span, pattern};

/// An entry with its fields, and where it names people.
pub(super) struct Entry {
    pub(super) reference: Reference,
    pub(super) protected: Vec<Span>,
}

static URL: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?i)(?:https?://|www\.)[^\s<>"“”‘’\[\]{}|]+"#));
static DOI: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\b10\.\d{4,9}/[^\s<>"“”]+"#));
/// The names of those who edited or translated; who comes after `in` before `(ed.)`.
static EDITORS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)(?:
          \b[Ii]n:?\s+(?P<in>[^()\[\].]{0,3}[\p{Lu}][^()\[\]]{1,160}?)\s*[(\[](?:[Ee]ds?|[Ee]ditors?|[Tt]rans|[Hh]rsg)\b
        | \b(?:[Ee]dited|[Tt]ranslated|[Ii]llustrated|[Ii]ntroduced|[Cc]ompiled|[Dd]irected|[Pp]resented|[Pp]erformed|[Ww]ritten)\s+by\s+(?P<by>\p{Lu}[^()\[\],;:]{1,80})
        | \b(?:[Tt]ranslated\s+from\s+the\s+\p{Lu}\w+\s+by|[Tt]rans\.?(?:\s+by)?|[Ee]d\.\s+by|[Ee]ds?\.)\s+(?P<trans>\p{Lu}[^()\[\],;:]{1,80})
        )",
    )
});

/// Reads one entry. `runs` are those of its block, or none.
pub(super) fn read(text: &str, raw: RawEntry, runs: &[Run]) -> Entry {
    let span = raw.span;
    let whole = clip(span.of(text), 4000);
    let year = publication_year(whole);
    let mut protected = Vec::new();
    let (author_end, after_year) = if let Some((outer, _)) = &year {
        (outer.start, outer.end)
    } else {
        let end = author_stop(whole);
        (end, end)
    };
    let author_text = whole.get(..author_end).unwrap_or_default();
    // Without year and address this may be anything that stands below the list: it protects no name.
    let sourced = year.is_some() || URL.is_match(whole) || DOI.is_match(whole);
    let title_first = author_text.starts_with(['‘', '“', '"', '*', '_', '\'']);
    let (mut authors, mut title) = (Vec::new(), None);
    if title_first {
        // No author: the title stands first and is cited in the author's place.
        let name = author_text
            .trim_matches(|c: char| c.is_whitespace() || is_quote_or_mark(c) || matches!(c, ',' | '.'));
        authors.push(names::squeeze(name));
        title = authors.first().cloned();
    } else {
        for name in author_names(author_text) {
            protected.extend(sourced.then(|| shift(name.span, span.start)));
            authors.push(name.name);
        }
    }
    if title.is_none() {
        title = title_after(text, span, whole, after_year, runs);
    }
    for found in EDITORS.captures_iter(whole).take(if sourced { 32 } else { 0 }) {
        if let Some(names) = ["in", "by", "trans"].into_iter().find_map(|name| found.name(name)) {
            protected
                .extend(leading_name(whole, names.start(), names.as_str()).map(|s| shift(s, span.start)));
        }
    }
    let doi = DOI.find(whole).map(|m| trim_address(m.as_str()).to_owned());
    let reference = Reference {
        text: span.of(text).to_owned(),
        start: span.start,
        end: span.end,
        authors,
        year: year.map(|(_, year)| year),
        title,
        doi,
        url: address(whole),
        cited: false,
    };
    Entry { reference, protected }
}

/// The year of publication: its span with its brackets and the year. In brackets first; else the last one that is no
/// date of access and no part of an address.
fn publication_year(entry: &str) -> Option<(Span, String)> {
    let mut from = 0;
    let mut loose = None;
    while let Some(year) = year::next_year(entry, from) {
        from = year.span.end;
        let before = entry.get(..year.span.start)?.trim_end();
        let after = entry.get(year.span.end..)?;
        if before.ends_with(['(', '[']) || before.ends_with("(c.") || before.ends_with("(circa") {
            let open = before.rfind(['(', '['])?;
            // Up to the closing bracket: `(2019, March 4)`, `(1867 [1990])`.
            let close = after.find([')', ']']).map_or(0, |i| i + 1);
            if close > 0 && close <= 40 {
                let end = year.span.end + close;
                let end = end + usize::from(entry.get(end..).is_some_and(|r| r.starts_with(')')));
                return Some((Span::new(open, end), year.text));
            }
        }
        let lower = clip_back(before, 60).to_lowercase();
        let access = ["accessed", "retrieved", "viewed", "downloaded"].iter().any(|w| lower.contains(w));
        let address =
            before.rsplit(char::is_whitespace).next().is_some_and(|w| w.contains('/') && w.contains('.'));
        if !access && !address && !year.range {
            // `Smith, J., 2019. Title` before any other place; else the last.
            let early = year.span.start < 120
                && before.ends_with([',', '.'])
                && after.starts_with(['.', ','])
                && author_stop(entry) + 2 >= year.span.start;
            if early {
                return Some((year.span, year.text));
            }
            loose = Some((Span::new(entry.len(), entry.len()), year.text));
        }
    }
    let (_, year) = loose?;
    // No place of its own between authors and title.
    let stop = author_stop(entry);
    Some((Span::new(stop, stop), year))
}

/// Where authors end in styles that put the year last: at the first full stop that is not an initial's, or at a quote.
fn author_stop(entry: &str) -> usize {
    let mut last = ' ';
    let mut word = 0;
    for (i, c) in entry.char_indices().take(300) {
        match c {
            '“' | '‘' | '"' | '*' if i > 0 => return i,
            '.' if word > 1 && !(last == 'l' && entry.get(..i).is_some_and(|s| s.ends_with("et al"))) => {
                return i;
            }
            _ => {}
        }
        word = if c.is_alphabetic() { word + 1 } else { 0 };
        last = c;
    }
    0
}

/// The names before the year: people, or one organisation.
pub(super) fn author_names(text: &str) -> Vec<Name> {
    // `(eds)`, `(ed.)` and the like, and what stands after them.
    let cut =
        ["(ed", "(Ed", "[ed", "[Ed", "(trans", "(comp", "(dir"].iter().filter_map(|w| text.find(w)).min();
    let text = text.get(..cut.unwrap_or(text.len())).unwrap_or(text);
    let lead = text.len() - text.trim_start().len();
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '('));
    let body = text.get(lead..).unwrap_or_default();
    if body.is_empty() {
        return Vec::new();
    }
    let tokens = names::tokenize(body, lead);
    let has_initials = tokens.iter().any(|t| t.kind == Kind::Initials);
    let organisation = || {
        let stripped = body.trim_end_matches('.');
        vec![Name { name: names::squeeze(stripped), span: Span::new(lead, lead + stripped.len()) }]
    };
    // Semicolons part people as commas do.
    let tokens: Vec<_> = tokens
        .into_iter()
        .map(|mut t| {
            if t.kind == Kind::Other && t.span.of(text) == ";" {
                t.kind = Kind::Comma;
            }
            t
        })
        .collect();
    let Some(people) = names::people(text, &tokens) else {
        return if has_initials {
            leading_people(text, &tokens).unwrap_or_else(organisation)
        } else {
            organisation()
        };
    };
    if has_initials || tokens.iter().any(|t| t.kind == Kind::EtAl) {
        return people;
    }
    // `Smith, John`; `Smith, John and Jane Jones`: a comma after the first word parts family and given names.
    let words = |piece: &[names::Token]| piece.iter().filter(|t| t.kind == Kind::Capital).count();
    let pieces: Vec<&[names::Token]> = tokens.split(|t| t.kind == Kind::Comma).collect();
    let marked = tokens.iter().any(|t| names::is_organisation_word(t.span.of(text)));
    if !marked
        && let [family, given, ..] = pieces.as_slice()
        && words(family) == 1
        && (1..=2).contains(&given.iter().take_while(|t| t.kind != Kind::And).count())
        && pieces.len() == 2
    {
        let mut out = vec![];
        let mut rest = people.into_iter();
        if let (Some(mut family), Some(given)) = (rest.next(), rest.next()) {
            family.span.end = given.span.end;
            out.push(family);
        }
        out.extend(rest);
        return out;
    }
    // `Smith and Jones` without initials; `Module Team`, `Marks and Spencer plc` are organisations.
    let single = tokens.split(|t| matches!(t.kind, Kind::Comma | Kind::And)).all(|piece| words(piece) <= 1);
    if single && !marked { people } else { organisation() }
}

/// The names at the head of what follows `edited by`: up to the first word that is of no name, or a full stop.
fn leading_name(entry: &str, start: usize, text: &str) -> Option<Span> {
    let tokens = names::tokenize(text, start);
    let of_name = |t: &&names::Token| {
        matches!(
            t.kind,
            Kind::Capital | Kind::Initials | Kind::Particle | Kind::And | Kind::Comma | Kind::EtAl
        )
    };
    let mut end = None;
    for token in tokens.iter().take_while(of_name) {
        if !matches!(token.kind, Kind::And | Kind::Comma) {
            end = Some(token.span.end);
        }
        if token.stop {
            break;
        }
    }
    let span = Span::new(tokens.first()?.span.start, end?);
    (!span.of(entry).is_empty()).then_some(span)
}

fn shift(span: Span, by: usize) -> Span {
    Span::new(span.start + by, span.end + by)
}

/// The people at the head of a text that goes on otherwise: `Smith, J. for the BBC`.
fn leading_people(text: &str, tokens: &[names::Token]) -> Option<Vec<Name>> {
    let stop = tokens.iter().position(|t| matches!(t.kind, Kind::Other | Kind::Connector | Kind::Number))?;
    names::people(text, tokens.get(..stop)?)
}

/// The title: quoted, or in italics, or up to the stop.
fn title_after(text: &str, span: Span, entry: &str, from: usize, runs: &[Run]) -> Option<String> {
    let rest = entry.get(from..)?;
    let lead = rest.len()
        - rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | ':' | ';')).len();
    let rest = rest.get(lead..)?;
    let start = span.start + from + lead;
    let first = rest.chars().next()?;
    let inner = rest.get(first.len_utf8()..)?;
    let close = match first {
        '‘' | '\'' => closing(inner, &['’', '\'']),
        '“' | '"' => closing(inner, &['”', '"']),
        '*' | '_' => inner.find(first),
        _ => None,
    };
    let title = if let Some(close) = close {
        inner.get(..close)?
    } else if let Some(run) = runs.iter().find(|r| r.style.italic && r.start < start + 3 && r.end > start + 3)
    {
        text.get(start..run.end.min(span.end))?
    } else {
        let stop = rest
            .match_indices(['.', '?', '!', '['])
            .map(|(i, _)| i)
            .find(|i| {
                let after = rest.get(i + 1..).unwrap_or_default();
                rest.get(*i..).is_some_and(|r| r.starts_with('['))
                    || after.is_empty()
                    || after.starts_with(char::is_whitespace)
            })
            .unwrap_or(rest.len());
        let plain = rest.get(..stop)?;
        let web = ["Available at", "available at", "http", "Available from", "(Accessed"]
            .iter()
            .filter_map(|w| plain.find(w))
            .min();
        plain.get(..web.unwrap_or(plain.len()))?
    };
    let title =
        title.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | ',' | '.' | '(' | '\\'));
    (title.chars().filter(|c| c.is_alphanumeric()).count() >= 2).then(|| names::squeeze(title))
}

/// The closing quote: not an apostrophe inside a word.
fn closing(text: &str, marks: &[char]) -> Option<usize> {
    text.match_indices(marks).map(|(i, m)| (i, i + m.len())).find_map(|(i, end)| {
        let next = text.get(end..).and_then(|r| r.chars().next());
        next.is_none_or(|c| !c.is_alphanumeric()).then_some(i)
    })
}

fn is_quote_or_mark(c: char) -> bool {
    matches!(c, '‘' | '’' | '“' | '”' | '"' | '\'' | '*' | '_')
}

/// The first web address, joined where a line break cut it; a DOI's own address counts.
fn address(entry: &str) -> Option<String> {
    let found = URL.find(entry)?;
    let mut url = found.as_str().to_owned();
    let mut rest = entry.get(found.end()..)?;
    // An address cut at the end of a line goes on where the next line begins with no word.
    while url.ends_with(['/', '-', '_', '=', '.', '?', '&']) {
        let Some(next) = rest.strip_prefix('\n') else { break };
        let len = next.find(char::is_whitespace).unwrap_or(next.len());
        let (more, tail) = next.split_at_checked(len)?;
        if !more.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()) {
            break;
        }
        url.push_str(more);
        rest = tail;
    }
    Some(trim_address(&url).to_owned())
}

/// An address without the punctuation of the sentence around it.
fn trim_address(address: &str) -> &str {
    let mut out = address;
    loop {
        let trimmed = out.trim_end_matches(['.', ',', ';', ':', '\'', '*', '_', '>']);
        let trimmed = match trimmed.strip_suffix(')') {
            Some(inner) if !inner.contains('(') => inner,
            _ => trimmed,
        };
        if trimmed.len() == out.len() {
            return out;
        }
        out = trimmed;
    }
}

fn clip(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn clip_back(text: &str, max: usize) -> &str {
    let mut start = text.len().saturating_sub(max);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..).unwrap_or_default()
}
