//! Names in running text that the writer gives as their own: `My name is …`, `by …` on a line, the close of a letter.

use std::sync::LazyLock;

use regex::Regex;

use super::compiled;
use super::cover::{mention, rest_of_line};
use super::cues::{Cue, at_lines, matches, reach};
use super::names::{Allow, name_at};
use super::pieces::Piece;
use super::recognizer::{Mention, Role};

/// In running text: the writer names themselves.
static SAYS: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r#"(?:\b[Mm]y (?:full |first |given |last )?name is |\b[Mm]y name['’]s |\bI am called |\b[Cc]alls? me ["“'‘]?|\bI['’]m called |\bknown to (?:my )?friends as |\bwritten by |\bcode by |\bauthor: |@author )"#,
    )
});

/// The close of a letter; the name follows on the next line or after a comma.
static CLOSE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)^[ \t]*(?:(?:kind|best|warm|many)?[ \t]*regards|(?:many )?thanks(?: again)?|thank you(?: [a-z ]{0,40})?|yours(?: (?:sincerely|faithfully|truly))?|sincerely(?: yours)?|best(?: wishes)?|all the best|cheers|with (?:hope|thanks|respect|gratitude|the utmost respect)[a-z ]{0,30}|respectfully(?: yours)?|love from|signed)[ \t]*[,:.!-]?[ \t]*\n?[ \t]*",
    )
});

/// A line that says by whom: `by Kofi Mensah`, `Submitted by Kofi Mensah`.
static BY: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)^[ \t\u{200b}]*(?:(?:[^\n]{0,60}[-–—|,:]\s*)?by|(?:submitted|written|prepared|completed|presented|compiled|created)\s+by)(?:\s*:)?\s+",
    )
});

/// Whether `by` stands near enough to the start of the first line of `rest`.
fn may_say_by(rest: &str) -> bool {
    let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
    let line = rest.get(..end).unwrap_or_default();
    let near = line.as_bytes().get(..reach(line, 0, BY_WITHIN)).unwrap_or_default();
    memchr::memchr2_iter(b'b', b'B', near).any(|at| matches!(near.get(at + 1), Some(b'y' | b'Y')))
}

/// In so many bytes [`BY`] has said it, of blanks in a row one counted: 60 characters, a mark, `submitted by`.
const BY_WITHIN: usize = 200;

/// Whether a line begins as a close does.
fn may_close(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t']);
    CLOSES.iter().any(|word| line.get(..word.len()).is_some_and(|first| first.eq_ignore_ascii_case(word)))
}

/// How [`CLOSE`] begins.
const CLOSES: [&str; 15] = [
    "kind",
    "best",
    "warm",
    "many",
    "regards",
    "thanks",
    "thank",
    "yours",
    "sincerely",
    "all the",
    "cheers",
    "with ",
    "respectfully",
    "love",
    "signed",
];

/// Appends what the writer says of themselves in `piece`, which is number `index`.
pub(super) fn find(piece: &Piece, index: usize, out: &mut Vec<Mention>) {
    says(piece, index, out);
    closes(piece, index, out);
    by(piece, index, out);
}

/// A line that ends with the name of the one it is by, two words or more: `by stages` and `By Monday` are none.
fn by(piece: &Piece, index: usize, out: &mut Vec<Mention>) {
    let text = piece.text.as_str();
    for found in at_lines(&BY, text, may_say_by) {
        let Some(shape) = name_at(text, found.end, Allow::default()) else { continue };
        let rest = rest_of_line(text, shape.span.end)
            .trim_matches(|c: char| c.is_whitespace() || c == '.' || c == '\u{200b}');
        if rest.is_empty() && (2..=4).contains(&shape.words.len()) && !shape.titled {
            out.push(mention(index, &shape, Role::Student, "cover.by_line", 0.85));
        }
    }
}

fn says(piece: &Piece, index: usize, out: &mut Vec<Mention>) {
    let text = piece.text.as_str();
    let windows = piece.cues().windows(text, Cue::Says, 32, 32);
    for found in matches(&SAYS, text, &windows) {
        if let Some(shape) = name_at(text, found.end(), Allow::default()) {
            let quoted = text
                .get(..found.start())
                .and_then(|t| t.chars().next_back())
                .is_some_and(|c| "\"“‘'".contains(c));
            if !quoted {
                out.push(mention(index, &shape, Role::Student, "cover.says", 0.9));
            }
        }
    }
}

fn closes(piece: &Piece, index: usize, out: &mut Vec<Mention>) {
    let text = piece.text.as_str();
    for found in at_lines(&CLOSE, text, may_close) {
        let cue = found.of(text);
        if !cue.contains([',', '\n', ':']) {
            continue;
        }
        let Some(shape) = name_at(text, found.end, Allow::default()) else { continue };
        let rest = rest_of_line(text, shape.span.end);
        if rest.trim().is_empty() || rest.trim() == "." {
            out.push(mention(index, &shape, Role::Student, "cover.signature", 0.9));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_that_a_pattern_matches_is_passed_over() {
        for close in [
            "Kind regards,",
            "  Warm regards,",
            "many thanks,",
            "Thanks again,",
            "Thank you for reading,",
            "Yours sincerely,",
            "Sincerely yours,",
            "Best wishes,",
            "All the best,",
            "Cheers,",
            "With gratitude,",
            "Respectfully,",
            "Love from",
            "Signed:",
            "regards,",
        ] {
            assert!(CLOSE.is_match(close) && may_close(close), "{close}");
        }
        for by in [
            "by Kofi Mensah",
            "Submitted by: Kofi",
            "A title of its own, by Kofi",
            &format!("{}: {}BY Kofi", "é".repeat(60), " ".repeat(90)),
        ] {
            assert!(BY.is_match(by) && may_say_by(by), "{by}");
        }
    }
}
