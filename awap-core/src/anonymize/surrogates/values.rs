//! Surrogates of accounts, e-mail addresses, identifiers and pages.

use super::{Surrogates, bare, in_case_of, lists};
use crate::anonymize::finding::Label;
use crate::anonymize::patterns::ids::{is_orcid_block, nhs_checksum};

impl Surrogates<'_> {
    /// An account: of the stand-ins where it is made of a name, else of the same shape.
    pub(super) fn account(&mut self, text: &str) -> Option<String> {
        if let Some(person) = self.whose(text) {
            return self.name(text, person);
        }
        let key = bare(text);
        self.value(Label::Username, &key, |seed, attempt| {
            Some(seed.draw("account", &key, attempt).fill(text))
        })
    }

    /// An address; what was found together with it, a name on the line above, say, is written as a name.
    pub(super) fn email(&mut self, text: &str) -> Option<String> {
        let (before, after) = text.rsplit_once('@')?;
        let start = before.rfind(char::is_whitespace).map_or(0, |at| before.ceil_char_boundary(at + 1));
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (head, local) = before.split_at(start);
        let (domain, tail) = after.split_at(end);
        let address = self.address_of(local, domain)?;
        Some(self.beside(head)? + &address + &self.beside(tail)?)
    }

    /// What stands beside a value in one finding.
    fn beside(&mut self, text: &str) -> Option<String> {
        if text.chars().any(char::is_alphanumeric) {
            let person = self.whose(text).unwrap_or(self.roster.student());
            return self.name(text, person);
        }
        Some(text.to_owned())
    }

    fn address_of(&mut self, local: &str, domain: &str) -> Option<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
        let account: String = self.account(local)?.to_lowercase().chars().filter(|c| plain(*c)).collect();
        let account = account.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if account.is_empty() {
            return None;
        }
        let text = format!("{local}@{domain}");
        let key = bare(&text);
        let address = self.value(Label::Email, &key, |seed, attempt| {
            // The same name at two providers makes two addresses.
            let digits = match attempt {
                0 => String::new(),
                _ => seed.draw("email", &key, attempt).fill("00"),
            };
            Some(format!("{account}{digits}@example.org"))
        })?;
        Some(in_case_of(&text, &address))
    }

    /// An identifier of the same shape; with its letters or without, the digits are the same.
    pub(super) fn identifier(&mut self, text: &str) -> Option<String> {
        let all = bare(text);
        if is_orcid(&all) {
            return None;
        }
        let digits: String = all.chars().filter(char::is_ascii_digit).collect();
        let key = if digits.len() >= 6 && all.len() <= digits.len() + 2 { digits } else { all.clone() };
        let issued_never = if is_insurance(&all) {
            "QQ"
        } else if all == key && nhs_checksum(&key) {
            "999"
        } else {
            ""
        };
        self.value(Label::IdNum, &key, |seed, attempt| {
            let mut digits = seed.draw("id.digits", &key, attempt);
            let mut letters = seed.draw("id.letters", &key, attempt);
            let mut set = issued_never.chars();
            let last = is_insurance(&all).then(|| letters.one(&['a', 'b', 'c', 'd']));
            let mut left = text.chars().filter(|c| c.is_alphanumeric()).count();
            let other = |c: char| {
                if !c.is_alphanumeric() {
                    return c;
                }
                left -= 1;
                let of_its_kind = if c.is_numeric() { digits.digit() } else { letters.letter(c) };
                let given = set.next().or(last.filter(|_| left == 0)).unwrap_or(of_its_kind);
                if c.is_uppercase() { given.to_ascii_uppercase() } else { given.to_ascii_lowercase() }
            };
            Some(text.chars().map(other).collect())
        })
    }

    /// A page at a host that is nobody's, with or without a scheme as the original.
    pub(super) fn page(&mut self, text: &str) -> Option<String> {
        let (scheme, rest) = match text.find("://") {
            Some(at) => text.split_at(at + 3),
            None => ("", text),
        };
        if scheme.contains(char::is_whitespace) {
            return None;
        }
        let bare_rest = rest.strip_prefix("www.").unwrap_or(rest);
        let host = if bare_rest.len() < rest.len() { "www.example.org" } else { "example.org" };
        let end = if rest.ends_with('/') { "/" } else { "" };
        let key = bare(bare_rest);
        self.value(Label::UrlPersonal, &key, |seed, attempt| {
            let page = lists::made_up(&mut seed.draw("page", &key, attempt)).to_lowercase();
            Some(format!("{scheme}{host}/{page}{end}"))
        })
    }
}

/// Two letters, six digits, A to D: a National Insurance number.
fn is_insurance(bare: &str) -> bool {
    let digits = bare.get(2..8).is_some_and(|d| d.bytes().all(|b| b.is_ascii_digit()));
    let letters = bare.get(..2).is_some_and(|l| l.bytes().all(|b| b.is_ascii_alphabetic()));
    bare.len() == 9 && digits && letters && bare.ends_with(['a', 'b', 'c', 'd'])
}

/// Sixteen digits, the last of which may be an X, of the blocks that ORCID gives out.
fn is_orcid(bare: &str) -> bool {
    bare.len() == 16
        && is_orcid_block(bare)
        && bare.get(..15).is_some_and(|d| d.bytes().all(|b| b.is_ascii_digit()))
}
