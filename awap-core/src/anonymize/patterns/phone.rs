//! Telephone numbers, and the runs of digits that other numbers are looked for in.

use super::{before, has_cue};
use crate::anonymize::context::row_around;
use crate::anonymize::finding::{Finding, Label};
use crate::anonymize::pieces::{Piece, Zone, touches};
use crate::anonymize::recognizer::Context;
use crate::text::Span;

/// Digits with the blanks, brackets, dots and dashes between them, as one number is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cluster {
    pub(super) span: Span,
    pub(super) digits: String,
    pub(super) plus: bool,
    /// Length of each group of digits.
    pub(super) groups: Vec<usize>,
}

/// All runs of at least four digits, of which `digits` are the parts.
pub(super) fn clusters(text: &str, digits: &[Span]) -> Vec<Cluster> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut i = 0;
    for run in digits {
        // A run of very many digits makes several.
        while i < run.end {
            let first = run.start.max(i);
            let cluster = grow(bytes, first);
            i = cluster.span.end.max(first + 1);
            if cluster.digits.len() >= 4 {
                found.push(cluster);
            }
        }
    }
    found
}

fn grow(bytes: &[u8], first: usize) -> Cluster {
    let mut start = first;
    let mut plus = false;
    if start > 0 && bytes.get(start - 1) == Some(&b'(') {
        start -= 1;
    }
    if start > 0 && bytes.get(start - 1) == Some(&b'+') {
        start -= 1;
        plus = true;
    } else if bytes.get(start) == Some(&b'(') && bytes.get(start.wrapping_sub(1)) == Some(&b'+') {
        plus = true;
    }
    let mut digits = String::new();
    let mut groups = Vec::new();
    let mut at = first;
    let mut end = first;
    while digits.len() < 24 {
        let run =
            bytes.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).take(24).count();
        if run == 0 {
            break;
        }
        digits.push_str(std::str::from_utf8(bytes.get(at..at + run).unwrap_or_default()).unwrap_or_default());
        groups.push(run);
        end = at + run;
        // One separator, or a bracket with a blank.
        let rest = bytes.get(end..).unwrap_or_default();
        let gap = match rest {
            [b' ' | b'-' | b'.', d, ..] if d.is_ascii_digit() => 1,
            [b' ' | b'-', b'(', d, ..] if d.is_ascii_digit() => 2,
            [b'(' | b')', d, ..] if d.is_ascii_digit() => 1,
            [b')', b' ' | b'-', d, ..] if d.is_ascii_digit() => 2,
            // A no-break space or a typographic hyphen.
            [0xC2, 0xA0, d, ..] if d.is_ascii_digit() => 2,
            [0xE2, 0x80, 0x90..=0x93, d, ..] if d.is_ascii_digit() => 3,
            _ => 0,
        };
        if gap == 0 {
            break;
        }
        at = end + gap;
    }
    if bytes.get(start) == Some(&b'(') && !bytes.get(start..end).unwrap_or_default().contains(&b')') {
        start = first;
    }
    Cluster { span: Span::new(start, end), digits, plus, groups }
}

const CUES: &[&str] = &[
    "phone",
    "telephone",
    "tel",
    "tel.",
    "mobile",
    "mob",
    "cell",
    "ring me on",
    "ring",
    "call me on",
    "call",
    "text me on",
    "text",
    "whatsapp",
    "contact",
    "contact number",
    "number is",
    "fax",
    "home number",
    "my number",
    "his number",
    "her number",
    "their number",
    "our number",
    "your number",
    "reach me on",
    "reach me at",
    "landline",
];

/// Finds telephone numbers: UK ones by their plan, others with a country code or after a cue.
///
/// Near-misses that stay: columns of data, ISBNs, DOIs, dates, IP addresses, numbers inside words or URLs, bare
/// rows of digits without a cue.
pub(super) fn find(
    text: &str,
    piece: &Piece,
    context: &Context<'_>,
    clusters: &[Cluster],
    urls: &[Span],
    out: &mut Vec<Finding>,
) {
    let bytes = text.as_bytes();
    for cluster in clusters {
        let (span, digits) = (cluster.span, cluster.digits.as_str());
        if !(7..=15).contains(&digits.len()) || touches(urls, span) {
            continue;
        }
        if context.known.phones.iter().any(|p| digits.ends_with(p.as_str()) && digits.len() <= p.len() + 4) {
            out.push(Finding::value(span, Label::PhoneNum, "identity.phone", 1.0));
            continue;
        }
        let glued = |b: Option<&u8>| {
            b.is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'/' | b'%' | b'=' | b'.'))
        };
        let left = span.start.checked_sub(1).and_then(|i| bytes.get(i));
        let after = bytes.get(span.end);
        let extension = matches!(bytes.get(span.end..), Some([b'x' | b'X', d, ..]) if d.is_ascii_digit())
            || matches!(bytes.get(span.end..), Some([b' ', b'x', d, ..]) if d.is_ascii_digit());
        if glued(left) && left != Some(&b'.') || after.is_some_and(u8::is_ascii_alphabetic) && !extension {
            continue;
        }
        let head = before(text, span.start, 32);
        let cued = has_cue(&head, CUES, 6);
        let excluded = has_cue(
            &head,
            &[
                "isbn",
                "doi",
                "issn",
                "id",
                "pin",
                "no",
                "number",
                "ref",
                "order",
                "code",
                "sample",
                "samples",
                "reading",
                "readings",
                "value",
                "values",
                "codes",
                "identifier",
                "identifiers",
                "serial",
                "batch",
                "batches",
                "item",
                "items",
                "version",
                "grid",
                "isbn-13",
                "isbn-10",
            ],
            6,
        );
        let uk = is_uk(cluster);
        let row = in_data(text, piece, span);
        // Written as a number to ring is, it is one in a cell or between bars too.
        let table = row == Some(Row::Data)
            || row == Some(Row::Cells) && !(uk && cluster.is_spaced())
            || called_data(text, span);
        let accepted = match () {
            () if cued => digits.len() >= 8 && !is_date(cluster),
            () if table || excluded || cluster.is_address() => false,
            () if cluster.plus => digits.len() >= 9,
            () if uk => true,
            () => is_north_american(text, cluster),
        };
        if accepted {
            let end = if extension {
                let rest = bytes.get(span.end..).unwrap_or_default();
                let blank = usize::from(rest.first() == Some(&b' '));
                let run = rest.iter().skip(blank + 1).take_while(|b| b.is_ascii_digit()).take(6).count();
                span.end + blank + 1 + run
            } else {
                span.end
            };
            let confidence = if cued || cluster.plus { 0.95 } else { 0.8 };
            out.push(Finding::value(
                Span::new(span.start, end),
                Label::PhoneNum,
                "pattern.phone",
                confidence,
            ));
        }
    }
}

impl Cluster {
    /// An area's code or a mobile's, with its zero, apart from the rest: `07700 900123`, `020 7946 0123`, `(01632) 960123`.
    fn is_spaced(&self) -> bool {
        matches!(self.groups.as_slice(), [5, 5 | 6] | [5, 3, 3] | [4, 3, 4] | [3, 4, 4] | [4, 7] | [3, 8])
    }

    /// Four groups of at most three digits with dots: an IP address or a version.
    fn is_address(&self) -> bool {
        self.groups.len() == 4
            && self.groups.iter().all(|g| *g <= 3)
            && self.digits.len() <= 12
            && !self.plus
            && self.groups.first() != Some(&3)
            || self.groups.iter().all(|g| *g == 1)
    }
}

/// The UK numbering plan: 01, 02, 03, 07, 08 and nine or ten digits, grouped as such numbers are.
fn is_uk(cluster: &Cluster) -> bool {
    let digits = cluster.digits.as_str();
    let national = if let Some(rest) = digits.strip_prefix("0044") {
        rest.trim_start_matches('0')
    } else if let Some(rest) = digits.strip_prefix('0') {
        rest
    } else {
        return false;
    };
    let length = national.len() == 10 || national.len() == 9 && national.starts_with('1');
    let groups = cluster.groups.first().is_some_and(|g| *g >= 3) && cluster.groups.iter().all(|g| *g >= 3);
    length && groups && national.starts_with(['1', '2', '3', '7', '8'])
}

/// `(555) 010-0199`, `555-010-0199`, `555.010.0199`, `1-555-010-0199`.
fn is_north_american(text: &str, cluster: &Cluster) -> bool {
    let groups = match cluster.groups.as_slice() {
        [1, rest @ ..] if cluster.digits.starts_with('1') => rest,
        [3, rest @ ..] if cluster.digits.starts_with("001") => rest,
        all => all,
    };
    groups == [3, 3, 4] && cluster.span.of(text).contains(['-', '(', '.'])
}

/// `2019-04-12`, `12.04.2019`: a date, not a number to ring.
fn is_date(cluster: &Cluster) -> bool {
    matches!(cluster.groups.as_slice(), [4, 2, 2] | [1 | 2, 1 | 2, 4] | [4, 4])
}

/// Whether the words after the number call it data: “… are the identifiers of the samples”.
fn called_data(text: &str, span: Span) -> bool {
    let mut end = (span.end + 60).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let tail = text.get(span.end..end).unwrap_or_default().to_lowercase();
    let clause = tail.split(['.', '\n', ';']).next().unwrap_or_default();
    [" is the ", " are the ", " is a ", " are "].iter().any(|verb| clause.contains(verb))
        && ["identifier", "sample", "reading", "measurement", "code", "value", "serial", "batch"]
            .iter()
            .any(|word| clause.contains(word))
}

/// What a number stands in that is no sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    /// Cells of a table, or what tabs or bars part.
    Cells,
    /// Values in columns, or program code.
    Data,
}

/// Whether the number stands in a table or a row of values, with no word for a telephone beside it.
fn in_data(text: &str, piece: &Piece, span: Span) -> Option<Row> {
    if matches!(piece.zone(), Zone::Margin) {
        return None;
    }
    let row = row_around(text, span);
    let (line_start, line_end) = (row.start, row.end);
    let (head, tail) = (
        text.get(line_start..span.start).unwrap_or_default(),
        text.get(span.end..line_end).unwrap_or_default(),
    );
    let row = format!(
        "{} {}",
        before(text, span.start, 200.min(span.start - line_start)),
        tail.get(..tail.len().min(200)).unwrap_or_default().to_lowercase()
    );
    if CUES.iter().take(7).chain(&["contact"]).any(|cue| row.contains(cue)) {
        return None;
    }
    let table = touches(&piece.tables, span);
    let tabbed = head.contains('\t') || tail.contains('\t');
    let piped = head.contains('|') && tail.contains('|');
    // A row of numbers in columns of blanks.
    let numbers = tail.split("  ").filter(|c| !c.trim().is_empty()).count() >= 1
        && tail.split_whitespace().count() >= 2
        && tail.split_whitespace().all(|w| w.chars().all(|c| c.is_ascii_digit() || ".,-+%±".contains(c)));
    let coded = touches(&piece.code, span);
    if numbers || coded { Some(Row::Data) } else { (table || tabbed || piped).then_some(Row::Cells) }
}
