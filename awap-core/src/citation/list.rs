//! Reference lists: where they begin and end, and where one entry ends and the next begins.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;

use super::lines::Line;
use crate::text::{Span, pattern};

/// An entry of a reference list, not yet read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawEntry {
    /// Without bullet and number.
    pub(super) span: Span,
    /// Its number, in a numbered list.
    pub(super) number: Option<u32>,
}

/// The reference lists of a text and their entries, in order.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) lists: Vec<Span>,
    pub(super) entries: Vec<RawEntry>,
}

static HEADING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^[\#*_=\s]*(?:\d{1,2}(?:\.\d)*[.):]?\s+|[A-Za-z][.)]\s+)?
        (?:(?:my|full|harvard|cite\ them\ right|list\ of|tma\s*\d*|q(?:uestion)?\s*\d+(?:\s*\(?[a-z]\)?)?|part\s+\w+|essay|word|the|module|academic|selected)[\s:–-]+){0,3}
        (?P<word>references?|reference\s+lists?|references?\s+list|bibliograph(?:y|ies)|works?\s+cited|literature\s+cited|citations?
          |sources?|source\s+list|webliography|webography|reading\s+list|further\s+reading)
        (?:\s+(?:cited|used|list|consulted|section|page|and\s+bibliography|and\s+references?|and\s+sources?|and\s+further\s+reading))?
        (?:\s*(?:/|&|,)\s*(?:bibliography|references?|sources?))?
        (?:\s*(?:for|to|-|–|:|\()\s*(?:tma|q(?:uestion)?|part|harvard|task|essay|cite)\s?[\w()\s]{0,24})?
        [\s:.*_\#)–-]*$",
    )
});

static INLINE_HEADING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^[*_]*(?:references?|reference list|bibliography|works cited)[*_]*\s*:[*_]*\s+\S")
});

static SUBHEADING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^[\#*_\s]*(?:\(?[a-z0-9][.)]\s*)?(?:print(?:ed)?|web|online|internet|electronic|digital|primary|secondary|module|academic|other|legal|audio\W?visual|ou|open\ university|course|archival|news(?:paper)?)?\s*
        (?:books?|journals?|articles?|(?:web)?\s?sites?|pages?|web\s?pages?|sources?|materials?|resources?|reports?|videos?|podcasts?|images?|films?|newspapers?|chapters?|legislation|cases|online|internet|readings?|references?|media|documents?)
        (?:\s+(?:and|&|/)\s+\w+){0,2}[\s:*_]*$",
    )
});

static END: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^[\#*_\s]*(?:
          appendi(?:x|ces)\b | annexe?\b | (?:total\s+|final\s+|my\s+)?word\s*-?count\b | total\s+(?:number\s+of\s+)?words\b
        | number\s+of\s+words\b | words\s*:\s*\d | \(?\d[\d,]*\s+words\b | end\s+of\b | declaration\b | signed\b | signature\b
        | question\s+\w+\s*(?:[:.(\-–]|$) | q\d+\b | task\s+\d | tma\s?\d+\s*$ | part\s+(?:\d+|[a-z])\b\s*(?:[:.(\-–]|$)
        | (?:use|statement)\s+(?:of|on)\s+(?:generative|ai)\b | glossary\s*$ | figures?\s*$ | reflection\s*$ | self.?(?:assessment|evaluation|reflection)\b
        | acknowledge?ments?\s*$ | notes?\s*:?\s*$ | footnotes?\s*$ | endnotes?\s*$ | kind\s+regards\b | comments?\s*(?:to|for)\b
        | page\s+\d+(?:\s+of\s+\d+)?\s*$ | i\s+(?:hereby\s+)?(?:declare|confirm|certify)\b | this\s+(?:\w+\s+)?is\s+(?:entirely\s+)?my\s+own\b
        | (?:student\s+)?name\s*: | pi\s*: | personal\s+identifier\b | tutor\s*: | \[[A-Z_0-9]+\]\W*$ )",
    )
});

/// Something that goes on an entry rather than beginning one.
static CONTINUES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^(?:https?:|www\.|doi\b|available\b|\(?\[?accessed\b|\[?online\]?|retrieved\b|pp?\.\s|vol(?:ume)?\.?\s|isbn\b|\(eds?\.?\)|\d+\(\d+\)
        |10\.\d{4,9}/|last\s+(?:accessed|viewed|updated)\b|viewed\b|\(?downloaded\b|from:?\s+https?|at:?\s+https?)",
    )
});

/// `Smith, J.`, `van der Berg, A. B.`, `O’Neill-Hughes, S`, `Smith, John`, `Smith JK,`.
static PERSON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)^(?:(?:[Vv][ao]n|[Dd]e[rnls]?|[Dd]ell?a|[Dd][iu]|[Ll][ae]|[Tt]e[rn]|[Aa]l|[Ee]l|[Bb]in|[Ii]bn|St\.?)\s+){0,3}
        [\p{Lu}\p{Lo}d][\p{L}\p{M}'’\-]*(?:\s+[\p{Lu}][\p{L}\p{M}'’\-]+){0,2}
        (?:,\s*(?:\p{Lu}[\p{Ll}]?\.?[\s-]?){1,4}(?:[\s,.;&(:]|$)|\s\p{Lu}{1,3}[,.:;]\s|,\s+\p{Lu}\p{Ll}+(?:\s+\p{Lu}\.?)?(?:[.,(]|\s+\(|\s+and\s))",
    )
});

/// A year in brackets, as Harvard and APA entries have it.
static BRACKET_YEAR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)[(\[]\s*(?:c\.?\s*|circa\s+|orig\w*\.?\s+)?(?:1[0-9]{3}|20[0-9]{2}|n\.?\s?d\b\.?|no\s+date|undated|in\s+press|forthcoming)[a-z]?(?:\s*[/,\[\-–][^)\]]{0,24}\]?)?\s*[)\]]",
    )
});

static ANY_YEAR: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:1[5-9][0-9]{2}|20[0-9]{2})[a-z]?\b|\bn\.\s?d\."));

static WEB: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)https?://|www\.|available\s+(?:at|from)\b|accessed\b|\bdoi\b|\[online\]"));

/// An address, or the day it was looked at, as entries give them: prose says `accessed` and `available from`, too.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)https?://|www\.|\bdoi\s*:|\b10\.\d{4,9}/|\[online\]|\bavailable\s+(?:at|from)\s*:
        |\baccessed\s*:|[(\[]\s*(?:last\s+)?accessed\b[^)\]]{0,30}\d
        |\baccessed\s+(?:on\s+)?\d{1,2}(?:st|nd|rd|th)?[\s/.-]+(?:\d|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    )
});

static MARKER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:\[(\d{1,3})\]\s*|\(?(\d{1,3})[.)]\s+|[•●▪◦–·➢\u{F0B7}]\s*|[-*+]\s+)"));

/// Whether `line` is the heading of a reference list.
pub(crate) fn is_list_heading(line: &str) -> bool {
    line.len() <= HEADING_BYTES && HEADING.is_match(line)
}

/// Finds the lists. `is_weak` headings (`Sources`, `Further reading`) need entries that look like entries.
pub(super) fn find(text: &str, lines: &[Line]) -> Lists {
    let mut out = Lists::default();
    let mut i = 0;
    while let Some(line) = lines.get(i) {
        let words = line.span.of(text);
        let headed = !line.aside && maybe_heading(words) && is_list_heading(words);
        let inline = !headed && !line.aside && line.first && INLINE_HEADING.is_match(words);
        let end = if headed {
            headed_list(text, lines, i, &mut out)
        } else if inline {
            inline_list(text, lines, i, &mut out)
        } else if line.first || i == 0 || previous_ends(text, lines, i) {
            bare_list(text, lines, i, &mut out)
        } else {
            None
        };
        i = end.unwrap_or(i + 1);
    }
    out
}

/// Quick look before the pattern: a short line that holds one of the words.
fn maybe_heading(line: &str) -> bool {
    line.len() <= HEADING_BYTES && HEADING_WORDS.is_match(line)
}

/// A heading is no longer.
const HEADING_BYTES: usize = 90;

/// What the headings of lists have in common.
#[allow(clippy::expect_used)] // a constant list of words
static HEADING_WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(["referenc", "bibliog", "cited", "citation", "source", "web", "reading"])
        .expect("constant words")
});

fn previous_ends(text: &str, lines: &[Line], i: usize) -> bool {
    i.checked_sub(1)
        .and_then(|p| lines.get(p))
        .is_some_and(|l| l.heading || l.span.of(text).ends_with(['.', ')', '!', '?', ':', '-', '=', '/']))
}

fn headed_list(text: &str, lines: &[Line], at: usize, out: &mut Lists) -> Option<usize> {
    let heading = lines.get(at)?;
    let (entries, next) = entries(text, lines, at + 1, None);
    let likely = entries.iter().filter(|e| is_entry(e.span.of(text))).count();
    let strong = {
        let lower = heading.span.of(text).to_lowercase();
        lower.contains("referenc") || lower.contains("bibliog") || lower.contains("works cited")
    };
    let enough = if strong { likely * 3 >= entries.len() } else { likely * 2 >= entries.len() };
    if entries.is_empty() || likely == 0 || !enough {
        return None;
    }
    let end = entries.last()?.span.end;
    out.lists.push(Span::new(heading.span.start, end));
    out.entries.extend(entries);
    Some(next)
}

/// `References: Smith, J. (2019) …` in one line.
fn inline_list(text: &str, lines: &[Line], at: usize, out: &mut Lists) -> Option<usize> {
    let line = lines.get(at)?;
    let colon = line.span.of(text).find(':')?;
    let after = line.span.of(text).get(colon + 1..)?;
    let lead = after.len() - after.trim_start_matches(['*', '_', ' ', '\t']).len();
    let start = line.span.start + colon + 1 + lead;
    if !is_entry(text.get(start..line.span.end)?) && !entry_start(text, start, line.span.end) {
        return None;
    }
    let (entries, next) = entries(text, lines, at, Some(start));
    out.lists.push(Span::new(line.span.start, entries.last()?.span.end));
    out.entries.extend(entries);
    Some(next)
}

/// A run of entries that no heading announces.
fn bare_list(text: &str, lines: &[Line], at: usize, out: &mut Lists) -> Option<usize> {
    if lines.get(at).is_none_or(|l| l.heading || l.aside) || !weak_start(text, lines, at) {
        return None;
    }
    let (mut found, mut next) = (Vec::new(), at);
    let mut from = at;
    let mut strong = false;
    // Entries as long as each begins like one, one of the first two of them beyond doubt.
    while lines.get(from).is_some_and(|l| !l.heading && !l.aside) && weak_start(text, lines, from) {
        strong |= strong_start(text, lines, from);
        if !strong && found.len() == 1 {
            return None;
        }
        let until = (from + 1..lines.len())
            .take_while(|i| lines.get(*i).is_some_and(|l| !l.part_start))
            .find(|i| begins_entry_or_other(text, lines, from, *i))
            .unwrap_or_else(|| {
                (from + 1..lines.len())
                    .find(|i| lines.get(*i).is_some_and(|l| l.part_start))
                    .unwrap_or(lines.len())
            });
        let last = lines.get(until - 1)?;
        let (start, number) = after_marker(text, lines.get(from)?);
        found.push(RawEntry { span: Span::new(start, last.span.end), number });
        next = until;
        from = until;
    }
    let last = found.last()?.span;
    let rest_is_short =
        lines.iter().skip(next).take_while(|l| !l.part_start).all(|l| END.is_match(l.span.of(text)));
    let single = || {
        let words = last.of(text);
        let short = || words.split_whitespace().take(46).count() <= 45;
        is_entry(words) && (ADDRESS.is_match(words) || rest_is_short && short() && PERSON.is_match(words))
    };
    if !strong || found.len() < 2 && !single() {
        return None;
    }
    out.lists.push(Span::new(found.first()?.span.start, last.end));
    out.entries.extend(found);
    Some(next)
}

/// In a list without a heading: whether line `i` is no more of the entry begun at `from`.
fn begins_entry_or_other(text: &str, lines: &[Line], from: usize, i: usize) -> bool {
    let (Some(line), Some(entry)) = (lines.get(i), lines.get(from)) else { return true };
    let words = line.span.of(text);
    if line.heading || line.aside || ends_list(text, line, lines.get(i - 1)) {
        return true;
    }
    if line.first {
        return !continues(words);
    }
    let so_far =
        Span::new(entry.span.start, lines.get(i - 1).map_or(entry.span.end, |l| l.span.end)).of(text);
    is_complete(so_far) && entry_start(text, line.span.start, paragraph_end(text, line.span.start))
}

/// Whether a line begins what may be an entry.
fn weak_start(text: &str, lines: &[Line], at: usize) -> bool {
    let Some(line) = lines.get(at) else { return false };
    let (start, _) = after_marker(text, line);
    let long = text.get(start..line.span.end).is_some_and(|s| s.len() >= 10 && !s.contains('\t'));
    long && entry_start(text, start, paragraph_end(text, start))
}

/// Whether a line begins an entry beyond doubt: people with initials, or an organisation whose work has an address; the
/// year in brackets, a title.
fn strong_start(text: &str, lines: &[Line], at: usize) -> bool {
    let Some(line) = lines.get(at) else { return false };
    let (start, _) = after_marker(text, line);
    let end = paragraph_end(text, start);
    weak_start(text, lines, at)
        && (PERSON.is_match(head(text, start, end))
            || ADDRESS.is_match(clip(text.get(start..end).unwrap_or_default(), 600)))
}

/// Splits what follows a heading into entries; returns them and the first line after the list. Where the heading is in
/// the same line, `start` says where the first entry begins.
fn entries(text: &str, lines: &[Line], from: usize, start: Option<usize>) -> (Vec<RawEntry>, usize) {
    let mut out: Vec<RawEntry> = Vec::new();
    let mut open = false;
    let mut previous: Option<&Line> = None;
    let mut next = from;
    let hanging = hanging_indent(lines, from);
    let lettered = lines.get(from).is_some_and(|l| l.part);
    for line in lines.iter().skip(from) {
        let words = line.span.of(text);
        if let Some(start) = start.filter(|_| out.is_empty()) {
            out.push(RawEntry { span: Span::new(start, line.span.end), number: None });
            open = true;
            previous = Some(line);
            next += 1;
            continue;
        }
        if line.part_start || line.aside {
            break;
        }
        if !words.chars().any(char::is_alphanumeric) {
            next += 1;
            continue;
        }
        let (start, number) = after_marker(text, line);
        let looks_like_entry = || entry_start(text, start, paragraph_end(text, start));
        if maybe_heading(words) && is_list_heading(words) && !looks_like_entry() {
            break;
        }
        if (line.first || line.heading) && is_subheading(words) && !looks_like_entry() {
            open = false;
            next += 1;
            continue;
        }
        if line.heading && !looks_like_entry() || ends_list(text, line, previous) {
            break;
        }
        let looks_like_more = || looks_like_entry() || is_url(own(text, start, line)) || continues(words);
        if line.first
            && !out.is_empty()
            && (begins_part(text, line)
                || line.part && !lettered && !looks_like_more()
                || number.is_some_and(|n| is_out_of_step(n, words, &out)) && !looks_like_more())
        {
            break;
        }
        if line.bold
            && line.first
            && words.len() < 80
            && !looks_like_entry()
            && !ANY_YEAR.is_match(words)
            && !out.is_empty()
        {
            break;
        }
        // Prose after the list: no year, no address, several lines' worth of words.
        if line.first && !out.is_empty() && is_prose(text, start) && !continues(words) {
            break;
        }
        let begins = match out.last() {
            None => true,
            Some(_) if !open => true,
            Some(entry) => {
                let so_far = entry.span.of(text);
                if line.first {
                    number.is_some()
                        || line.number.is_some()
                        || is_url(words) && is_url(so_far)
                        || !(continues(words) || hangs(so_far) || ends_with_imprint(so_far, words))
                } else {
                    starts_within(text, line, previous, so_far, number, entry.number, hanging)
                }
            }
        };
        if begins {
            out.push(RawEntry { span: Span::new(start, line.span.end), number });
            open = true;
        } else if let Some(entry) = out.last_mut() {
            entry.span.end = line.span.end;
        }
        previous = Some(line);
        next += 1;
    }
    // A signature, a remark: what follows the last entry and looks like none.
    while out.len() > 1 && out.last().is_some_and(|e| !is_entry(e.span.of(text))) {
        out.pop();
    }
    (out, next)
}

/// Whether a paragraph begins the answer to the next part of a question (`(b) I recommend …`, `Q1b`, `Answer 2`) and no
/// entry.
fn begins_part(text: &str, line: &Line) -> bool {
    static PART: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?xi)^[*_]*(?:
              \(?[a-h]\) | \d{1,2}\s*\(?[a-h]\) | \d{1,2}[a-h][*_]*$
            | q(?:uestion)?\s*\.?\d{1,2}\s*(?:\(?[a-h]\b\)?)?
            | (?:my\s+)?answers?\s+(?:to\s+)?(?:the\s+)?(?:q(?:uestion)?\s*)?\d{1,2}(?:\s?\(?[a-h]\b\)?)?
            | (?:part|section)\s+(?:one|two|three|four|five|six|[a-h]) | (?:part|section)\s+(?:\d{1,2}|[ivx]{1,4})\s*$
            )[*_]*(?:\s*[:.–—-][*_]*(?:\s|$)|\s|$)",
        )
    });
    let Some(mark) = PART.find(clip(line.span.of(text), 120)) else { return false };
    let start = line.span.start + mark.end();
    let rest = text.get(start..line.span.end).unwrap_or_default();
    let start = start + rest.len() - rest.trim_start().len();
    start >= line.span.end || !entry_start(text, start, paragraph_end(text, start))
}

/// Whether a paragraph's number is none of the list's: `2. I would set up …` below entries without numbers, or counting
/// back. A list may begin anew with 1 (`Websites`), and brackets (`[2]`) are of entries.
fn is_out_of_step(number: u32, words: &str, entries: &[RawEntry]) -> bool {
    let last = entries.iter().rev().find_map(|e| e.number);
    (2..=MOST_QUESTIONS).contains(&number)
        && !words.starts_with('[')
        && last.is_none_or(|last| number <= last)
}

/// A TMA has no more questions: what bears a higher number is a page, a volume, the rest of a date.
const MOST_QUESTIONS: u32 = 20;

/// A line past its bullet and number.
fn own<'t>(text: &'t str, start: usize, line: &Line) -> &'t str {
    text.get(start..line.span.end).unwrap_or_default()
}

/// Whether a line belongs to what comes after a list. Inside a paragraph only where the line before ends an entry:
/// `… TM112 Block 1` may go on with `Part 2. Available at: …`.
fn ends_list(text: &str, line: &Line, previous: Option<&Line>) -> bool {
    let words = line.span.of(text);
    let free = line.first || previous.is_none_or(|l| l.span.of(text).ends_with(['.', ')', '>', '/']));
    free && END.is_match(clip(words, 300)) && !ADDRESS.is_match(clip(words, 300))
}

/// Whether a line inside a paragraph begins another entry.
fn starts_within(
    text: &str,
    line: &Line,
    previous: Option<&Line>,
    so_far: &str,
    number: Option<u32>,
    last_number: Option<u32>,
    hanging: Option<usize>,
) -> bool {
    let words = line.span.of(text);
    if number.is_some() && last_number.is_some() {
        return number == last_number.map(|n| n + 1);
    }
    // A bullet; a number only in a list of numbers: `… Block 1 Part` may go on with `2. Available at`.
    if number.is_none() && after_marker(text, line).0 > line.span.start && is_complete(so_far) {
        return true;
    }
    if let Some(base) = hanging {
        return line.indent <= base;
    }
    if is_url(words) && is_url(so_far) {
        return true;
    }
    if continues(words) || hangs(so_far) {
        return false;
    }
    if is_complete(so_far) && entry_start(text, line.span.start, paragraph_end(text, line.span.start)) {
        return true;
    }
    // A full line and another that begins with people, in styles without brackets round the year.
    let ended = previous.is_some_and(|l| l.span.of(text).ends_with(['.', ')', '/', '>']));
    ended
        && is_complete(so_far)
        && PERSON.is_match(clip(words, 200))
        && !BRACKET_YEAR.is_match(clip(so_far, 1500))
}

fn is_url(words: &str) -> bool {
    words.starts_with("http") || words.starts_with("www.")
}

/// The indent of first lines where other lines of the list hang deeper.
fn hanging_indent(lines: &[Line], from: usize) -> Option<usize> {
    let within = || lines.iter().skip(from).take_while(|l| !l.part_start && !l.heading).take(400);
    let least = within().map(|l| l.indent).min()?;
    let (mut base, mut deep) = (0, 0);
    for line in within() {
        if line.indent == least {
            base += 1;
        } else if line.indent >= least + 2 {
            deep += 1;
        }
    }
    // The first line must stand at the base, and some must hang.
    (base > 0 && deep > 0 && lines.get(from).is_some_and(|l| l.indent == least)).then_some(least)
}

fn continues(words: &str) -> bool {
    CONTINUES.is_match(clip(words, 60))
        || words.starts_with(|c: char| c.is_lowercase())
            && !PERSON.is_match(clip(words, 200))
            && !words.starts_with("gov.uk")
        || words.starts_with("& ")
}

/// A line by itself names only where a book was published and by whom (`Leeds: Aire Press.`), and the entry so far says
/// neither: where lines were taken for paragraphs.
fn ends_with_imprint(so_far: &str, words: &str) -> bool {
    let Some((place, publisher)) = words.split_once(": ") else { return false };
    let named = |name: &str, most: usize| {
        name.starts_with(char::is_uppercase)
            && name.split_whitespace().count() <= most
            && name.chars().all(|c| {
                c.is_alphabetic() || c.is_whitespace() || matches!(c, '-' | '\'' | '’' | '&' | ',' | '.')
            })
    };
    let book = BRACKET_YEAR.find(clip(so_far, 1500)).is_some_and(|year| {
        let title = so_far.get(year.end()..).unwrap_or_default().trim_end();
        title.ends_with('.') && title.matches(". ").count() == 0 && !WEB.is_match(title)
    });
    book && named(place, 3) && named(publisher, 5)
}

/// The entry so far cannot be whole: it ends in the middle of a list of authors.
fn hangs(so_far: &str) -> bool {
    so_far.ends_with([',', '&', '‘', '“', '('])
        || [" and", " in", " In", " of", " the", " for"].iter().any(|w| so_far.ends_with(w))
}

fn is_complete(so_far: &str) -> bool {
    let head = clip(so_far, 1500);
    (ANY_YEAR.is_match(head) || BRACKET_YEAR.is_match(head) || WEB.is_match(head)) && !hangs(so_far)
}

fn is_subheading(words: &str) -> bool {
    words.len() <= 60 && SUBHEADING.is_match(words)
}

fn is_prose(text: &str, start: usize) -> bool {
    let paragraph = text.get(start..paragraph_end(text, start)).unwrap_or_default();
    let words = paragraph.split_whitespace().take(40).count();
    words >= 25 && !ADDRESS.is_match(clip(paragraph, 1200)) && !ANY_YEAR.is_match(clip(paragraph, 400))
}

/// Whether an entry, whole, looks like one: a year or an address, and a beginning that is no sentence's.
fn is_entry(entry: &str) -> bool {
    let head = clip(entry, 1500);
    (BRACKET_YEAR.is_match(head) || ANY_YEAR.is_match(head) || WEB.is_match(head))
        && head.split_whitespace().take(150).count() < 120
}

/// Whether an entry begins at `start`: authors, or a title, then a year in brackets, then a title.
fn entry_start(text: &str, start: usize, end: usize) -> bool {
    let head = head(text, start, end);
    if !head.starts_with(|c: char| {
        c.is_uppercase()
            || matches!(c, '‘' | '“' | '\'' | '"' | '*' | '_')
            || c.is_ascii_digit()
            || c.is_alphabetic() && !c.is_lowercase()
    }) && !PERSON.is_match(head)
        && !head.starts_with("gov.uk")
    {
        return false;
    }
    let Some(year) = BRACKET_YEAR.find(head) else { return false };
    let authors = head.get(..year.start()).unwrap_or_default();
    if WEB.is_match(authors) || authors.trim().is_empty() || another_before(authors) {
        return false;
    }
    let person = PERSON.is_match(head);
    let quoted = authors.starts_with(['‘', '“', '\'', '"', '*', '_']);
    if !person && !quoted && !is_name_like(authors) {
        return false;
    }
    let after = head
        .get(year.end()..)
        .unwrap_or_default()
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | ':' | ';'));
    match after.chars().next() {
        None => true,
        Some(c) if person => {
            !c.is_lowercase() || after.starts_with("eBay") || !authors_end_a_sentence(authors)
        }
        Some(c) => {
            c.is_uppercase()
                || c.is_numeric()
                || matches!(c, '‘' | '“' | '\'' | '"' | '*' | '_' | '[' | '<')
                || c.is_alphabetic() && !c.is_lowercase()
        }
    }
}

/// A line before the year ends as an entry ends, not as initials do: the year is of the next entry.
fn another_before(authors: &str) -> bool {
    let mut lines = authors.trim_end().lines().rev();
    lines.next();
    lines.any(|line| {
        let line = line.trim_end();
        let inner = line.strip_suffix('.').unwrap_or(line);
        line.ends_with(')')
            || inner.len() < line.len() && !inner.ends_with(char::is_uppercase) && !inner.ends_with("al")
    })
}

/// `Smith, J. (2019) argues` is a sentence where more than initials stand before the year, and `Smith, Jones et al. (2019)
/// argue` is one where no initials do: that stop is of `al.`.
fn authors_end_a_sentence(authors: &str) -> bool {
    let words = authors.trim_end();
    let initials = || words.split([' ', ',', ';']).any(super::names::is_initials);
    words.ends_with("al.") && !initials()
        || !words.ends_with('.') && !words.ends_with(|c: char| c.is_uppercase())
}

/// The name of an organisation or a title: mostly capitals, not a sentence.
fn is_name_like(words: &str) -> bool {
    let (mut capital, mut small) = (0, 0);
    for word in words.split_whitespace() {
        if word.starts_with(|c: char| c.is_lowercase()) {
            if !matches!(
                word,
                "of" | "for"
                    | "and"
                    | "the"
                    | "in"
                    | "on"
                    | "to"
                    | "at"
                    | "de"
                    | "la"
                    | "van"
                    | "von"
                    | "der"
                    | "et"
                    | "al."
                    | "al"
                    | "gov.uk"
            ) {
                small += 1;
            }
        } else {
            capital += 1;
        }
    }
    capital >= 1 && capital + small <= 16 && small <= capital / 2
}

/// The head of a paragraph, enough to hold a long list of authors.
fn head(text: &str, start: usize, end: usize) -> &str {
    clip(text.get(start..end).unwrap_or_default(), 320)
}

/// At most `max` bytes of `text`, on a character boundary.
fn clip(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Where the paragraph that holds `start` ends, or 1,500 bytes on: enough to judge an entry.
fn paragraph_end(text: &str, start: usize) -> usize {
    let rest = clip(text.get(start..).unwrap_or_default(), 1500);
    start + memchr::memmem::find(rest.as_bytes(), b"\n\n").unwrap_or(rest.len())
}

/// Where a line's own words begin, past bullet and number, and that number.
fn after_marker(text: &str, line: &Line) -> (usize, Option<u32>) {
    let words = line.span.of(text);
    match MARKER.captures(clip(words, 24)) {
        Some(found) => {
            let len = found.get(0).map_or(0, |m| m.len());
            let number = found.get(1).or_else(|| found.get(2)).and_then(|m| m.as_str().parse().ok());
            (line.span.start + len.min(words.len()), number.or(line.number))
        }
        None => (line.span.start, line.number),
    }
}
