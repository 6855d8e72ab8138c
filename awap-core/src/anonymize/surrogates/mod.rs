//! Surrogates: on request, a believable stand-in where a placeholder would stand, so that a name that was missed is one
//! among false ones.
//!
//! # What stands for what
//!
//! | label | surrogate |
//! | --- | --- |
//! | `NAME_STUDENT`, `NAME_OTHER` | another name, written in the same way (`lists`): each part of a name has one stand-in in the whole TMA, which its initials, capitals, accounts and e-mail addresses follow. Particles (`van der`) go, and a title that tells the sex becomes `Mx`. |
//! | `EMAIL` | an address at `example.org` (RFC 2606) |
//! | `USERNAME`, `ID_NUM` | letters for letters, digits for digits. A National Insurance number begins with QQ, an NHS number with 999: neither is given to anyone. |
//! | `PHONE_NUM` | a number that Ofcom keeps for drama (07700 900000–900999, 020 7946 0000–0999), written in the same way |
//! | `URL_PERSONAL` | a page at `example.org` |
//! | `STREET_ADDRESS` | a street and a town that are made up, a postcode of an area there is none of (V, X, Q) |
//! | `DOB` | another date, written in the same way; the year is drawn without regard to the age |
//!
//! # What stays a placeholder
//!
//! What would do harm as a believable fake: an ORCID iD, for each that holds together is some other researcher's; a date of
//! birth or an address that cannot be read, whose shape may tell what its text no longer does. And whatever no free
//! surrogate is found for: one that is neither the original nor any other name or value in the TMA, nor anything the final
//! check looks for.
//!
//! # Keys
//!
//! Everything is drawn with a secret made of the key of the pseudonyms and of the whole TMA (`draw`). The same TMA has the
//! same surrogates under the same key; another TMA has others, also of the same student, so that surrogates link no two TMAs,
//! and without the key nobody can try names until one gives the surrogate.

mod birth;
mod draw;
mod lists;
mod person;
mod phone;
mod place;
mod taken;
mod values;
mod written;

use std::collections::HashMap;

pub(super) use draw::Seed;
use taken::Taken;

use super::finding::{Finding, Label};
use super::known::Known;
use super::leak::Secrets;
use super::person::{NamePart, Person, Roster};
use super::pieces::Piece;
use crate::text::fold;

/// How many draws are made for one thing before it gets a placeholder.
const ATTEMPTS: u32 = 64;

/// Gives out surrogates: the same for the same part of a name or the same value in the whole TMA.
pub(super) struct Surrogates<'a> {
    seed: Seed,
    roster: &'a Roster,
    secrets: &'a Secrets,
    taken: Taken,
    /// The stand-in of each part of a name, by the part's letters.
    parts: HashMap<String, Option<String>>,
    /// Which draw each value got, by kind and letters.
    draws: HashMap<(Label, String), Option<u32>>,
}

impl<'a> Surrogates<'a> {
    /// For a TMA of these pieces, in which these things were found.
    pub(super) fn new(
        seed: &Seed,
        pieces: &[Piece],
        findings: &[Vec<Finding>],
        known: &Known,
        roster: &'a Roster,
        secrets: &'a Secrets,
    ) -> Self {
        let mut taken = Taken::default();
        for (piece, findings) in pieces.iter().zip(findings) {
            taken.text(&piece.text);
            for finding in findings {
                taken.text(finding.span.of(&piece.text));
            }
        }
        let values = known.values.iter().map(|v| &v.text);
        let parts = roster.people.iter().flat_map(|p| &p.parts).map(|p| &p.text);
        for text in values.chain(parts) {
            taken.text(text);
        }
        Self { seed: seed.clone(), roster, secrets, taken, parts: HashMap::new(), draws: HashMap::new() }
    }

    /// What shall stand for `finding`, whose text is `text`; none where a placeholder shall.
    pub(super) fn of(&mut self, finding: &Finding, text: &str) -> Option<String> {
        let surrogate = match finding.label {
            Label::NameStudent | Label::NameOther => {
                let person = self.roster.people.get(finding.person)?;
                self.name(text, person)
            }
            Label::Email => self.email(text),
            Label::Username => self.account(text),
            Label::IdNum => self.identifier(text),
            Label::PhoneNum => self.phone(text),
            Label::UrlPersonal => self.page(text),
            Label::StreetAddress => self.address(text),
            Label::Dob => self.birth(text),
        }?;
        let same = bare(&surrogate) == bare(text) || surrogate.trim().is_empty();
        (!same && !self.secrets.clash(&surrogate)).then_some(surrogate)
    }

    /// The person of whose name an account or address consists in part; the student before all others.
    fn whose(&self, account: &str) -> Option<&'a Person> {
        /// More come only from texts that name hundreds.
        const PEOPLE: usize = 64;
        let account = bare(account);
        let holds = |person: &&Person| {
            person.parts.iter().any(|p| p.text.chars().count() >= 3 && account.contains(&bare(&p.text)))
        };
        self.roster.people.iter().take(PEOPLE).find(holds)
    }

    /// Whether nothing of the student can be seen in `surrogate`, not even inside a longer name: for `D'Andre` not `Andrea`.
    fn is_clear(&self, surrogate: &str) -> bool {
        let letters = bare(surrogate);
        let within = |text: &str| text.chars().count() >= 4 && letters.contains(&bare(text));
        let shows = |part: &NamePart| within(&part.text) || part.text.split('\'').any(within);
        !self.secrets.clash(surrogate) && !self.roster.student().parts.iter().any(shows)
    }

    /// The draw for the value `key` of a kind: the first whose surrogate is free, and from then on the same. `make` is asked
    /// for the surrogate that a draw gives.
    fn value(
        &mut self,
        label: Label,
        key: &str,
        make: impl Fn(&Seed, u32) -> Option<String>,
    ) -> Option<String> {
        let slot = (label, key.to_owned());
        if let Some(draw) = self.draws.get(&slot) {
            return make(&self.seed, (*draw)?);
        }
        let mut chosen = None;
        for attempt in 0..ATTEMPTS {
            let Some(surrogate) = make(&self.seed, attempt) else { break };
            if self.is_clear(&surrogate) && self.taken.take(&surrogate) {
                chosen = Some((attempt, surrogate));
                break;
            }
        }
        self.draws.insert(slot, chosen.as_ref().map(|(attempt, _)| *attempt));
        chosen.map(|(_, surrogate)| surrogate)
    }
}

/// Folded letters and digits alone.
fn bare(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// `surrogate` with capitals as `written` has them: all, none, or as a name has.
fn in_case_of(written: &str, surrogate: &str) -> String {
    let upper = written.chars().filter(|c| c.is_uppercase()).count();
    let lower = written.chars().filter(|c| c.is_lowercase()).count();
    match (upper, lower) {
        (0, 1..) => surrogate.to_lowercase(),
        (2.., 0) => surrogate.to_uppercase(),
        _ => surrogate.to_owned(),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
