//! Why something that a model offered was not taken, and how often.

use std::collections::BTreeMap;

/// Why something was not taken; its name is the key in `provenance.ai.rejected`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    AboutMarks,
    AboutTheModel,
    AlreadyPresent,
    ContradictsEvidence,
    ContradictsScore,
    Duplicate,
    Identity,
    Instructions,
    Malformed,
    NotEnglish,
    NotProse,
    NotToTheStudent,
    OffTopic,
    OpenCriterion,
    Placeholder,
    QuoteLength,
    QuoteOutOfPlace,
    ScoreOutOfRange,
    TextLength,
    TooMany,
    UnknownCriterion,
    Unsuitable,
    UnverifiedQuote,
}

impl Reason {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::AboutMarks => "about_marks",
            Self::AboutTheModel => "about_the_model",
            Self::AlreadyPresent => "already_present",
            Self::ContradictsEvidence => "contradicts_evidence",
            Self::ContradictsScore => "contradicts_score",
            Self::Duplicate => "duplicate",
            Self::Identity => "identity",
            Self::Instructions => "instructions",
            Self::Malformed => "malformed",
            Self::NotEnglish => "not_english",
            Self::NotProse => "not_prose",
            Self::NotToTheStudent => "not_to_the_student",
            Self::OffTopic => "off_topic",
            Self::OpenCriterion => "open_criterion",
            Self::Placeholder => "placeholder",
            Self::QuoteLength => "quote_length",
            Self::QuoteOutOfPlace => "quote_out_of_place",
            Self::ScoreOutOfRange => "score_out_of_range",
            Self::TextLength => "text_length",
            Self::TooMany => "too_many",
            Self::UnknownCriterion => "unknown_criterion",
            Self::Unsuitable => "unsuitable",
            Self::UnverifiedQuote => "unverified_quote",
        }
    }
}

/// How much was not taken, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    counts: BTreeMap<Reason, usize>,
}

impl Tally {
    pub(super) fn add(&mut self, reason: Reason) {
        self.add_many(reason, 1);
    }

    pub(super) fn add_many(&mut self, reason: Reason, n: usize) {
        if n > 0 {
            *self.counts.entry(reason).or_default() += n;
        }
    }

    pub(super) fn of(&self, reasons: &[Reason]) -> usize {
        reasons.iter().filter_map(|r| self.counts.get(r)).sum()
    }

    pub(super) fn total(&self) -> usize {
        self.counts.values().sum()
    }

    /// The counts under their names, in the order of the names.
    pub(super) fn by_name(&self) -> BTreeMap<&'static str, usize> {
        self.counts.iter().map(|(reason, n)| (reason.as_str(), *n)).collect()
    }
}
