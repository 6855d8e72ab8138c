//! The engine: what is compiled once and shared by all threads.

use crate::anonymize::{self, Anonymized, Options, PseudonymKey};
use crate::feedback::ai::{self, AiProvenance, SuggestBudget, SuggestRequest};
use crate::feedback::{self, Feedback};
use crate::tma::{self, ParsedTma};
use crate::{Deadline, Limits, Result, Submission};
use serde_json::Value;

/// The verbs, with the tables and keys they need. Cheap to share (`&Engine` from any number of threads).
#[derive(Debug)]
pub struct Engine {
    key: PseudonymKey,
    limits: Limits,
    rubrics: feedback::Rubrics,
}

/// Builds an [`Engine`].
#[derive(Debug, Default)]
pub struct EngineBuilder {
    key: Option<PseudonymKey>,
    limits: Limits,
}

impl Engine {
    /// An engine with a random pseudonym key and the default limits.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// Starts from the defaults.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The key under which pseudonyms are made.
    pub fn pseudonym_key(&self) -> &PseudonymKey {
        &self.key
    }

    /// Removes what identifies the student from a TMA.
    pub fn anonymize(&self, tma: Submission, options: &Options, deadline: &Deadline) -> Result<Anonymized> {
        anonymize::anonymize(tma, options, &self.key, &self.limits, deadline)
    }

    /// Reads the structure of a TMA, anonymized or not.
    pub fn parse(&self, tma: Submission, deadline: &Deadline) -> Result<ParsedTma> {
        tma::parse(tma, &self.limits, deadline)
    }

    /// Marks a parsed TMA against the rubric it carries.
    pub fn mark(&self, tma: &ParsedTma, deadline: &Deadline) -> Result<Feedback> {
        feedback::mark_with(tma, &self.rubrics, deadline)
    }

    /// Makes the request that a model in the AI jail is sent, from an anonymized TMA and the feedback on it.
    pub fn prepare_suggestions(
        &self,
        tma: &ParsedTma,
        feedback: &Feedback,
        budget: SuggestBudget,
        deadline: &Deadline,
    ) -> Result<SuggestRequest> {
        ai::prepare(tma, feedback, budget, &self.rubrics, deadline)
    }

    /// Merges what a model answered, which may be anything, into the feedback; no mark ever changes.
    pub fn merge_suggestions(
        &self,
        tma: &ParsedTma,
        feedback: Feedback,
        suggestions: &Value,
        ai: &AiProvenance,
        deadline: &Deadline,
    ) -> Result<Feedback> {
        ai::merge(tma, feedback, suggestions, ai, &self.rubrics, &self.limits, deadline)
    }
}

impl EngineBuilder {
    /// Makes pseudonyms under `key`; without one, a random key for the life of the process is made.
    #[must_use]
    pub fn pseudonym_key(mut self, key: PseudonymKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Builds the engine.
    pub fn build(self) -> Result<Engine> {
        let key = match self.key {
            Some(key) => key,
            None => PseudonymKey::random()?,
        };
        Ok(Engine { key, limits: self.limits, rubrics: feedback::Rubrics::default() })
    }
}
