//! The student in what is no text of a TMA but may go out with it: names of pictures, paths, fields in a file that is written
//! anew.

use super::finding::Label;
use super::leak::Secrets;
use super::matcher::Matcher;
use super::person::{Person, Roster};
use super::pieces::{Piece, Zone};
use super::resolve::placeholders_in;
use crate::Result;
use crate::text::{Folded, Span};

/// Whom nothing that goes out may name.
pub(super) struct Identity {
    pub(super) secrets: Secrets,
    roster: Roster,
}

impl Identity {
    pub(super) fn new(secrets: Secrets, student: Person) -> Self {
        Self { secrets, roster: Roster::new(student) }
    }
}

/// Finds the student in strings.
pub(super) struct Strays<'a> {
    secrets: &'a Secrets,
    matcher: Matcher<'a>,
}

impl<'a> Strays<'a> {
    pub(super) fn new(identity: &'a Identity) -> Result<Self> {
        Ok(Self { secrets: &identity.secrets, matcher: Matcher::new(&identity.roster)? })
    }

    /// Where the student is named in `text` (bytes, of which some may overlap). In what may be a name of a file or a path, glued
    /// to other words and numbers too, as accounts are: `C:\Users\kmensah\mensah2024.jpg`.
    pub(super) fn find(&self, text: &str) -> Vec<(Span, Label)> {
        let survivors = self.secrets.survivors(text, &placeholders_in(text)).into_iter();
        let mut found: Vec<(Span, Label)> = survivors.map(|s| (s.span, s.label)).collect();
        if text.contains(['/', '\\']) || !text.contains(char::is_whitespace) {
            // As long as before, so that places are the same.
            let text = text.replace("%20", "   ");
            let piece = Piece { text, zone: Some(Zone::FileName), ..Piece::default() };
            let mut names = Vec::new();
            self.matcher.find(&piece, &Folded::new(&piece.text), &mut names);
            found.extend(names.into_iter().map(|finding| (finding.span, finding.label)));
        }
        found
    }
}
