//! What a recognizer hands over: a span, its label, the rule, how sure it is.

use crate::text::Span;

/// What kind of identity a span holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Label {
    NameStudent,
    NameOther,
    Email,
    Username,
    IdNum,
    PhoneNum,
    UrlPersonal,
    StreetAddress,
    Dob,
}

impl Label {
    pub(super) const ALL: [Self; 9] = [
        Self::NameStudent,
        Self::NameOther,
        Self::Email,
        Self::Username,
        Self::IdNum,
        Self::PhoneNum,
        Self::UrlPersonal,
        Self::StreetAddress,
        Self::Dob,
    ];

    /// As it is written in a report and in [`Options::keep`](super::Options::keep).
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NameStudent => "NAME_STUDENT",
            Self::NameOther => "NAME_OTHER",
            Self::Email => "EMAIL",
            Self::Username => "USERNAME",
            Self::IdNum => "ID_NUM",
            Self::PhoneNum => "PHONE_NUM",
            Self::UrlPersonal => "URL_PERSONAL",
            Self::StreetAddress => "STREET_ADDRESS",
            Self::Dob => "DOB",
        }
    }

    /// The word in its placeholder.
    pub(super) fn placeholder(self) -> &'static str {
        match self {
            Self::NameStudent => "STUDENT",
            Self::NameOther => "PERSON",
            Self::Email => "EMAIL",
            Self::Username => "USERNAME",
            Self::IdNum => "ID",
            Self::PhoneNum => "PHONE",
            Self::UrlPersonal => "URL",
            Self::StreetAddress => "ADDRESS",
            Self::Dob => "DOB",
        }
    }
}

/// Something that identifies a person, in one piece.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) span: Span,
    pub(super) label: Label,
    /// Which person, where the label is a name: index into the roster, 0 the student.
    pub(super) person: usize,
    pub(super) rule: &'static str,
    pub(super) confidence: f64,
}

impl Finding {
    /// A finding that is no name.
    pub(super) fn value(span: Span, label: Label, rule: &'static str, confidence: f64) -> Self {
        Self { span, label, person: 0, rule, confidence }
    }
}
