//! The engine: what is compiled once and shared by all threads.

use crate::anonymize::{self, Anonymized, Options, PseudonymKey};
use crate::feedback::ai::{self, AiProvenance, SuggestBudget, SuggestRequest};
use crate::feedback::calibrate::{self, CalibrateOptions, Calibration, MarkedScript};
use crate::feedback::compare::{self, CohortScript, CompareOptions, Comparison};
use crate::feedback::{self, CountedAnswer, Feedback, Revised, Revision, RubricOutline};
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
    ///
    /// ```
    /// use awap_core::anonymize::Options;
    /// use awap_core::submission::{Content, Student};
    /// use awap_core::{Deadline, Engine, Submission};
    ///
    /// let tma = Submission {
    ///     student: Some(Student { name: Some("Robin Quillfeather".into()), ..Student::default() }),
    ///     content: Content { text: Some("By Robin, as Quillfeather (2019) says.".into()), ..Content::default() },
    ///     ..Submission::default()
    /// };
    /// let engine = Engine::new()?;
    /// let anonymized = engine.anonymize(tma, &Options::default(), &Deadline::never())?;
    /// // The student is gone; an author who is cited stays, also one of the same name.
    /// assert_eq!(anonymized.tma.content.text.as_deref(), Some("By [STUDENT], as Quillfeather (2019) says."));
    /// assert!(anonymized.tma.student.is_none());
    /// assert_eq!(anonymized.anonymization.counts["NAME_STUDENT"], 1);
    /// # Ok::<(), awap_core::Error>(())
    /// ```
    pub fn anonymize(&self, tma: Submission, options: &Options, deadline: &Deadline) -> Result<Anonymized> {
        anonymize::anonymize(tma, options, &self.key, &self.limits, deadline)
    }

    /// Reads the structure of a TMA, anonymized or not.
    ///
    /// ```
    /// use awap_core::submission::{Attachment, Content};
    /// use awap_core::{Deadline, Engine, Submission};
    /// use base64::Engine as _;
    ///
    /// let file = "# Question 1\n\nSmith (2019) says so.\n\n# References\n\nSmith, A. (2019) *Streets*. Leeds: Millrace.\n";
    /// let attachment = Attachment {
    ///     filename: Some("essay.md".into()),
    ///     data_base64: base64::engine::general_purpose::STANDARD.encode(file),
    ///     ..Attachment::default()
    /// };
    /// let content = Content { attachments: vec![attachment], ..Content::default() };
    /// let parsed = Engine::new()?.parse(Submission { content, ..Submission::default() }, &Deadline::never())?;
    /// assert_eq!(parsed.questions[0].id, "1");
    /// assert_eq!(parsed.citations[0].year.as_deref(), Some("2019"));
    /// assert_eq!(parsed.citations[0].reference, Some(0));
    /// # Ok::<(), awap_core::Error>(())
    /// ```
    pub fn parse(&self, tma: Submission, deadline: &Deadline) -> Result<ParsedTma> {
        tma::parse(tma, &self.limits, deadline)
    }

    /// Marks a parsed TMA against the rubric it carries.
    ///
    /// ```
    /// use awap_core::{Deadline, Engine, Submission};
    /// use serde_json::json;
    ///
    /// let engine = Engine::new()?;
    /// let tma = json!({
    ///     "content": "A linear search checks each item in turn until it finds the target. It needs no order in the list.",
    ///     "rubric": {
    ///         "title": "Searching", "total_points": 10,
    ///         "criteria": [{"name": "Linear search", "weight": 100, "description": "Each item is checked in turn."}],
    ///     },
    /// });
    /// let tma = Submission::from_value(tma, engine.limits())?;
    /// let parsed = engine.parse(tma, &Deadline::never())?;
    /// let feedback = engine.mark(&parsed, &Deadline::never())?;
    /// for criterion in &feedback.marking_criteria.criteria {
    ///     for evidence in &criterion.evidence {
    ///         assert_eq!(&parsed.text[evidence.start..evidence.end], evidence.quote);
    ///     }
    /// }
    /// # Ok::<(), awap_core::Error>(())
    /// ```
    pub fn mark(&self, tma: &ParsedTma, deadline: &Deadline) -> Result<Feedback> {
        feedback::mark_with(tma, &self.rubrics, deadline)
    }

    /// What of each answer counts: the texts of a cohort, for [`calibrate`](Self::calibrate) and [`compare`](Self::compare).
    pub fn counted(&self, tma: &ParsedTma, deadline: &Deadline) -> Result<Vec<CountedAnswer>> {
        feedback::counted(tma, &self.rubrics, deadline)
    }

    /// Learns from a cohort's marked scripts how they are marked, and says how well that agrees with the markers. The model is
    /// for `params.model` of a criterion of kind `calibrated`.
    pub fn calibrate(
        &self,
        scripts: &[MarkedScript],
        options: &CalibrateOptions,
        deadline: &Deadline,
    ) -> Result<Calibration> {
        calibrate::calibrate(scripts, options, deadline)
    }

    /// Compares a cohort's scripts: text in common, markers beside each other, what is unlike the rest.
    pub fn compare(
        &self,
        scripts: &[CohortScript],
        options: &CompareOptions,
        deadline: &Deadline,
    ) -> Result<Comparison> {
        compare::compare(scripts, options, deadline)
    }

    /// Puts a tutor's marks in place of the draft's, and adds up anew.
    pub fn revise(&self, revision: Revision) -> Result<Revised> {
        feedback::revise(revision, &self.rubrics)
    }

    /// Reads and checks a rubric; without one, the built-in.
    pub fn outline(&self, rubric: Option<&Value>) -> Result<RubricOutline> {
        feedback::outline(rubric, &self.rubrics)
    }

    /// Makes the request that a model in the AI jail is sent, from an anonymized TMA and the feedback on it.
    ///
    /// [`merge_suggestions`](Self::merge_suggestions) takes what the model answers:
    ///
    /// ```
    /// use awap_core::anonymize::Options;
    /// use awap_core::feedback::ai::{AiProvenance, SuggestBudget};
    /// use awap_core::{Deadline, Engine, Submission};
    /// use serde_json::json;
    ///
    /// let engine = Engine::new()?;
    /// let deadline = Deadline::never();
    /// let tma = Submission::from_value(json!({"content": "A linear search checks each item in turn."}), engine.limits())?;
    /// let anonymized = engine.anonymize(tma, &Options::default(), &deadline)?;
    /// let mut tma = anonymized.tma;
    /// tma.extra.insert("anonymization".into(), json!(anonymized.anonymization));
    /// let parsed = engine.parse(tma, &deadline)?;
    /// let feedback = engine.mark(&parsed, &deadline)?;
    /// let request = engine.prepare_suggestions(&parsed, &feedback, SuggestBudget::default(), &deadline)?;
    /// assert!(json!(request)["text"].is_string());
    /// // Whatever comes back, no mark changes.
    /// let grade = feedback.grade;
    /// let nonsense = json!("full marks, please");
    /// let merged = engine.merge_suggestions(&parsed, feedback, &nonsense, &AiProvenance::default(), &deadline)?;
    /// assert_eq!(merged.grade, grade);
    /// # Ok::<(), awap_core::Error>(())
    /// ```
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
