//! What the host says of the student: names for the roster, values to be found to the letter.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde_json::Value;

use super::finding::{Finding, Label};
use super::glued;
use super::patterns::dates;
use super::person::{Person, Side, push_new};
use super::pieces::{Piece, Zone};
use super::words::{Ambiguity, ambiguity};
use crate::text::{Folded, Span, fold};
use crate::{Error, ErrorCode, Result, Submission};

/// A value of the student that is no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownValue {
    /// Folded.
    pub(super) text: String,
    pub(super) label: Label,
    pub(super) rule: &'static str,
}

/// What is known of the student beforehand.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) student: Person,
    pub(super) values: Vec<KnownValue>,
    /// Digits of telephone numbers, without country code and leading zero.
    pub(super) phones: Vec<String>,
}

impl Known {
    /// Reads `student_id` and `student`.
    pub(super) fn of(tma: &Submission) -> Self {
        let mut known = Self { student: Person::student(), ..Self::default() };
        let module = |value: &str| {
            let value = fold(value);
            [&tma.assignment_id, &tma.course_id]
                .iter()
                .any(|id| id.as_deref().is_some_and(|id| fold(id).contains(&value)))
        };
        if let Some(id) = &tma.student_id {
            known.id(id);
        }
        let Some(student) = &tma.student else { return known };
        for (name, side) in [
            (&student.given_name, Some(Side::Given)),
            (&student.family_name, Some(Side::Family)),
            (&student.name, None),
        ] {
            if let Some(name) = name {
                known.name(name, side);
            }
        }
        known.student.join_monogram();
        for alias in &student.aliases {
            known.name(alias, None);
        }
        if let Some(email) = &student.email {
            known.email(email);
        }
        if let Some(username) = &student.username {
            known.username(username);
        }
        for (key, value) in &student.extra {
            known.extra(&fold(key), value, &module, 16);
        }
        known
    }

    fn name(&mut self, name: &str, side: Option<Side>) {
        // A name may come with an address: `Kofi Mensah <kofi@example.org>`.
        let (addresses, words): (Vec<&str>, Vec<&str>) =
            name.split_whitespace().partition(|w| w.contains('@'));
        for address in addresses {
            self.email(address.trim_matches(|c: char| "<>()[]{},;:\"'".contains(c)));
        }
        let name = words.join(" ");
        if name.len() > 1 {
            self.student.add(&name, side);
        }
    }

    fn value(&mut self, text: &str, label: Label, rule: &'static str) {
        let text = fold(text);
        if text.chars().count() >= 3 && !self.values.iter().any(|v| v.text == text) {
            self.values.push(KnownValue { text, label, rule });
        }
    }

    fn id(&mut self, id: &str) {
        self.value(id, Label::IdNum, "identity.student_id");
        let folded = fold(id);
        let compact: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
        let number = compact.trim_start_matches(char::is_alphabetic);
        let letters = compact.get(..compact.len() - number.len()).unwrap_or_default();
        // A check character may stand last.
        let digits = number.strip_suffix(|c: char| c.is_ascii_alphabetic()).unwrap_or(number);
        // `A1234567`, or `E123456X`, is also written `A 1234567`, `A-1234567` and without its letter.
        if digits.len() >= 6 && letters.len() <= 2 && digits.bytes().all(|b| b.is_ascii_digit()) {
            for joint in ["", " ", "-", "_"] {
                self.value(&format!("{letters}{joint}{number}"), Label::IdNum, "identity.student_id");
            }
            self.value(number, Label::IdNum, "identity.student_id");
        }
    }

    fn email(&mut self, email: &str) {
        self.value(email, Label::Email, "identity.email");
        let Some((local, _)) = email.split_once('@') else { return };
        let names_nobody = matches!(
            fold(local).as_str(),
            "info" | "mail" | "student" | "contact" | "office" | "admin" | "me" | "email"
        );
        if !names_nobody {
            self.username(local);
        }
    }

    fn username(&mut self, username: &str) {
        let folded = fold(username.trim_start_matches('@'));
        let mut rest = folded.chars();
        // A word of the language is no account by itself; with a digit, a dot or an underscore it is.
        let word = rest.all(char::is_alphabetic)
            && (folded.chars().count() < 5 || ambiguity(&folded) != Ambiguity::Plain);
        if word {
            if !self.student.parts.iter().any(|p| p.text == folded) {
                self.value(&format!("@{folded}"), Label::Username, "identity.username");
                self.value(&format!("~{folded}"), Label::Username, "identity.username");
            }
        } else if self.student.parts.iter().any(|p| p.text == folded) {
            // The name by itself: the roster finds it, and says so.
        } else {
            self.value(&folded, Label::Username, "identity.username");
        }
    }

    /// Anything else in `student`: its key says what it is, if anything does.
    fn extra(&mut self, key: &str, value: &Value, module: &dyn Fn(&str) -> bool, depth: usize) {
        match value {
            Value::Array(list) if depth > 0 => {
                for value in list {
                    self.extra(key, value, module, depth - 1);
                }
            }
            Value::Object(map) if depth > 0 => {
                for (name, value) in map {
                    self.extra(&format!("{key}.{}", fold(name)), value, module, depth - 1);
                }
            }
            Value::Number(number) => {
                let text = number.to_string();
                if text.len() >= 5 && !module(&text) {
                    self.number(key, &text);
                }
            }
            Value::String(text) => {
                let text = text.trim();
                let has = |names: &[&str]| names.iter().any(|n| key.contains(n));
                let digits = text.chars().filter(char::is_ascii_digit).count();
                if text.chars().count() < 2 || module(text) {
                } else if text.contains('@') && text.contains('.') && !text.contains(' ') {
                    self.email(text);
                } else if has(&["birth", "dob"]) {
                    for written in dates::variants(text) {
                        self.value(&written, Label::Dob, "identity.dob");
                    }
                    self.value(text, Label::Dob, "identity.dob");
                } else if has(&["phone", "mobile", "tel"]) {
                    self.number(key, text);
                } else if text.contains("://") || has(&["url", "website", "homepage", "profile", "link"]) {
                    self.value(text.trim_end_matches('/'), Label::UrlPersonal, "identity.url");
                } else if has(&["address", "street", "postcode", "zip", "town", "city"]) {
                    self.value(text, Label::StreetAddress, "identity.address");
                } else if has(&["user", "login", "account", "oucu", "handle"]) {
                    self.username(text);
                } else if has(&["name", "nick", "alias", "known_as", "initials", "preferred"]) {
                    self.name(text, None);
                } else if digits > 0 {
                    self.value(text, Label::IdNum, "identity.other");
                } else if text.contains(' ') || ambiguity(&fold(text)) == Ambiguity::Plain && text.len() >= 4
                {
                    self.value(text, Label::NameStudent, "identity.other");
                }
            }
            _ => {}
        }
    }

    fn number(&mut self, key: &str, text: &str) {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let phone = key.contains("phone") || key.contains("mobile") || key.contains("tel");
        if phone && digits.len() >= 7 {
            let core = digits.trim_start_matches("00").trim_start_matches("44").trim_start_matches('0');
            push_new(&mut self.phones, core.to_owned());
            self.value(text, Label::PhoneNum, "identity.phone");
        } else {
            self.value(text, Label::IdNum, "identity.other");
        }
    }
}

/// The values of [`Known`], ready to be looked for.
pub(super) struct ValueMatcher<'a> {
    known: &'a Known,
    automaton: Option<AhoCorasick>,
    values: Vec<usize>,
}

impl<'a> ValueMatcher<'a> {
    pub(super) fn new(known: &'a Known) -> Result<Self> {
        let sorted: BTreeMap<&str, usize> =
            known.values.iter().enumerate().map(|(i, v)| (v.text.as_str(), i)).collect();
        let automaton = if sorted.is_empty() {
            None
        } else {
            let built = AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .match_kind(MatchKind::Standard)
                .build(sorted.keys());
            Some(built.map_err(|_| {
                Error::new(ErrorCode::Internal, "What was given of the student is too much to be looked for.")
            })?)
        };
        Ok(Self { known, automaton, values: sorted.into_values().collect() })
    }

    pub(super) fn find(&self, piece: &Piece, folded: &Folded, out: &mut Vec<Finding>) {
        if let Some(automaton) = &self.automaton {
            let text = folded.as_str();
            for found in automaton.find_overlapping_iter(text) {
                let Some(value) =
                    self.values.get(found.pattern().as_usize()).and_then(|i| self.known.values.get(*i))
                else {
                    continue;
                };
                let before = text.get(..found.start()).and_then(|t| t.chars().next_back());
                let after = text.get(found.end()..).and_then(|t| t.chars().next());
                // Digits run on in numbers, letters in words; an identifier glued to letters is still the identifier.
                let numeric = value.text.chars().all(|c| c.is_ascii_digit());
                let file = piece.zone() == Zone::FileName;
                let inside = |outer: Option<char>, inner: Option<char>| match (outer, inner) {
                    (Some(outer), _) if numeric => outer.is_ascii_digit(),
                    // In the name of a file there is no mark between: `zd417tma02`.
                    (Some(outer), Some(inner)) if file => {
                        outer.is_alphanumeric() && outer.is_ascii_digit() == inner.is_ascii_digit()
                    }
                    (outer, _) => outer.is_some_and(char::is_alphanumeric),
                };
                let place = Span::new(found.start(), found.end());
                if (inside(before, value.text.chars().next())
                    || inside(after, value.text.chars().next_back()))
                    && (numeric || glued::beside_words(text, place, &[], false).is_none())
                {
                    continue;
                }
                let span = folded.span(&piece.text, place);
                out.push(Finding::value(span, value.label, value.rule, 1.0));
            }
        }
    }
}
