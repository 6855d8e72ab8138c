//! The student in what is no text of a TMA but may go out with it: names of pictures, paths, fields in a file that is written
//! anew.

use super::finding::{Finding, Label};
use super::leak::Secrets;
use super::matcher::Matcher;
use super::person::{Person, Roster};
use super::pieces::{Piece, Zone, touches};
use super::resolve::placeholders_in;
use super::words::{Ambiguity, ambiguity};
use crate::Result;
use crate::text::{Folded, Span, fold};

/// The confidence from which a finding is more than a part of a name by itself.
const WHOLE: f64 = 0.95;

/// Whom nothing that goes out may name.
pub(super) struct Identity {
    pub(super) secrets: Secrets,
    roster: Roster,
    /// Labels that stay.
    kept: Vec<String>,
}

impl Identity {
    pub(super) fn new(secrets: Secrets, student: Person, kept: &[String]) -> Self {
        Self { secrets, roster: Roster::new(student), kept: kept.to_vec() }
    }
}

/// Whether what may be a part of the student's name, by itself in a string of a file, is one: not `PAGE`, which is a word, nor
/// `ar-SA`, nor the `ED` of `3E1ED4F7`. As the whole name of a folder or file any part is.
fn is_name_alone(text: &str, span: Span) -> bool {
    let name = fold(span.of(text));
    let before = text.get(..span.start).and_then(|text| text.chars().next_back());
    let rest = text.get(span.end..).unwrap_or_default();
    let after = rest.chars().next();
    let is_folder = before == Some('\\') || before == Some('/') && matches!(after, Some('/' | '%') | None);
    let is_file = rest
        .strip_prefix('.')
        .is_some_and(|kind| (2..=4).contains(&kind.len()) && kind.chars().all(|c| c.is_ascii_alphanumeric()));
    let is_numbered = before.into_iter().chain(after).any(|c| c.is_ascii_digit());
    let is_number = is_numbered && name.chars().all(|c| c.is_ascii_hexdigit());
    is_folder
        || is_file && !is_numbered
        || ambiguity(&name) == Ambiguity::Plain && name.chars().count() >= 3 && !is_number
}

/// Finds the student in strings.
pub(super) struct Strays<'a> {
    identity: &'a Identity,
    matcher: Matcher<'a>,
}

impl<'a> Strays<'a> {
    pub(super) fn new(identity: &'a Identity) -> Result<Self> {
        Ok(Self { identity, matcher: Matcher::new(&identity.roster, 0)? })
    }

    /// Where the student is named in `text` (bytes, of which some may overlap). In what may be a name of a file or a path, glued
    /// to other words and numbers too, as accounts are: `C:\Users\kmensah\mensah2024.jpg`.
    pub(super) fn find(&self, text: &str) -> Vec<(Span, Label)> {
        let earlier = placeholders_in(text);
        let survivors = self.identity.secrets.survivors(text, &earlier).into_iter();
        let mut found: Vec<(Span, Label)> = survivors.map(|s| (s.span, s.label)).collect();
        if text.contains(['/', '\\']) || !text.contains(char::is_whitespace) {
            // As long as before, so that places are the same.
            let text = text.replace("%20", "   ");
            let piece = Piece { text, zone: Some(Zone::FileName), ..Piece::default() };
            let mut names = Vec::new();
            self.matcher.find(&piece, &Folded::new(&piece.text), &mut names);
            let is_one = |finding: &Finding| {
                let whole = finding.confidence >= WHOLE;
                !touches(&earlier, finding.span)
                    && !self.identity.kept.iter().any(|label| label == finding.label.as_str())
                    && (whole || is_name_alone(&piece.text, finding.span))
            };
            found.extend(names.iter().filter(|f| is_one(f)).map(|finding| (finding.span, finding.label)));
        }
        found
    }
}
