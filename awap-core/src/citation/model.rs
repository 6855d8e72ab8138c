//! What a citation and a reference are.

use serde::{Deserialize, Serialize};

use crate::text::Span;

/// All citations and references of one text, in the order of the text, linked to each other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Citations {
    /// In the text.
    pub citations: Vec<Citation>,
    /// In the reference list or lists.
    pub references: Vec<Reference>,
    /// Where the reference lists stand, their headings included.
    pub lists: Vec<Span>,
    /// Spans in which a cited author is named: what anonymization must not touch. Sorted, not overlapping.
    ///
    /// They cover author names in citations and in references, not the whole sentence: a student's e-mail beside a
    /// citation is not protected.
    pub protected: Vec<Span>,
}

/// How a citation stands in its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CitationKind {
    /// `(Smith, 2019)`
    Parenthetical,
    /// `Smith (2019) argues`
    Narrative,
    /// `[3]`
    Numbered,
}

/// One cited work at one place in the text; `(Smith, 2019; Jones, 2020)` is two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// As it stands in the text.
    pub text: String,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Family names, or the organisation, in order; without `et al.`.
    pub authors: Vec<String>,
    /// `2019`, `2019a`, `n.d.`
    pub year: Option<String>,
    /// `p. 4`, `pp. 4–6`, as it stands.
    pub page: Option<String>,
    /// How it stands in its sentence.
    pub kind: CitationKind,
    /// Index of the cited reference, or none (an orphan, unless [`secondary`](Self::secondary)).
    pub reference: Option<usize>,
    /// It is cited through the work that follows (`Smith, 2001, cited in Jones, 2019`), and needs no entry of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secondary: bool,
}

impl Citation {
    /// Whether the reference list should have its work and does not.
    pub(crate) fn is_orphan(&self) -> bool {
        self.reference.is_none() && !self.secondary
    }
}

/// One entry of the reference list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The entry as it stands.
    pub text: String,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Family names, or the organisation.
    pub authors: Vec<String>,
    /// `2019`, `2019a`, `n.d.`
    pub year: Option<String>,
    /// The work's title.
    pub title: Option<String>,
    /// The DOI, bare (`10.5555/jic.2018.0312`).
    pub doi: Option<String>,
    /// The address of a web source.
    pub url: Option<String>,
    /// Whether the text cites it.
    pub cited: bool,
}
