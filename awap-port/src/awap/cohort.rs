//! A folder of TMAs as one cohort: each anonymized, read and reduced to what counts, for `awap calibrate` and `awap compare`.

use std::path::{Path, PathBuf};

use awap_core::anonymize::{Options, PseudonymKey};
use awap_core::feedback::CountedAnswer;
use awap_core::tma::ParsedTma;
use awap_core::{Deadline, Engine, Error, Result, Submission};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::arguments::{Cohort as Arguments, Common};
use crate::failure::{Failure, advice};
use crate::intake;
use crate::students::{Known, Students};
use crate::table::{Joined, Table, Tma};
use crate::{keyring, rubric, show, work};

/// What was read of a folder.
pub(crate) struct Cohort {
    pub(crate) engine: Engine,
    pub(crate) key: PseudonymKey,
    /// In the order of their codes: that of the files' names would tell whose is whose.
    pub(crate) scripts: Vec<Script>,
    /// What could not be used: its name, and why.
    pub(crate) failed: Vec<(String, Error)>,
    /// The codes and places of what could not be read.
    unread: Vec<(String, PathBuf)>,
}

/// One TMA of the cohort.
pub(crate) struct Script {
    /// What it is called in what is printed and written: its code, or its file where names were asked for.
    pub(crate) name: String,
    code: String,
    place: PathBuf,
    /// The whole visible text, anonymized.
    pub(crate) text: String,
    /// What of it counts, by question.
    pub(crate) answers: Vec<CountedAnswer>,
}

/// A TMA's name, code and place, and what was read of it.
type Read = (String, String, PathBuf, Result<(ParsedTma, Vec<CountedAnswer>)>);

impl Cohort {
    /// Reads the folder; `not` are files in it that are no TMAs.
    pub(crate) fn read(
        arguments: &Arguments,
        common: &Common,
        not: &[Option<&Path>],
    ) -> Result<Self, Failure> {
        let key = keyring::key(common.key_file.as_deref())?;
        let engine = work::engine(key.clone())?;
        let rubric = arguments.rubric.as_deref().map(rubric::read).transpose()?;
        if let Some(rubric) = &rubric {
            rubric::check(&rubric.value, &engine)?;
        }
        let folder = &arguments.folder;
        let own = [arguments.students.as_deref(), arguments.rubric.as_deref(), common.key_file.as_deref()];
        let not = [&own, not].concat();
        let all = intake::search(folder, None, &not)?;
        if all.is_empty() {
            return Err(Failure::nothing_to_read(format!("There is no TMA in {}.", folder.display())));
        }
        let places: Vec<&Path> = all.iter().map(|work| work.place(folder)).collect();
        let list = arguments.students.as_deref().map(|list| Students::read(list, &places));
        let students = list.transpose()?.unwrap_or_default();
        let bar = show::bar(all.len());
        let read: Vec<Read> = work::pool(arguments.jobs)?.install(|| {
            all.par_iter()
                .map(|work| {
                    let rubric = rubric.as_ref().map(|rubric| &rubric.value);
                    let taken = work.take(folder, &Known::default(), &students, rubric, &key);
                    let read = taken.tma.and_then(|tma| work::contained(|| one(&engine, tma, common)));
                    bar.inc(1);
                    let place = work.place(folder).to_owned();
                    let name = if common.names { place.display().to_string() } else { taken.code.clone() };
                    (name, taken.code, place, read)
                })
                .collect()
        });
        bar.finish_and_clear();
        let mut cohort = Self { engine, key, scripts: Vec::new(), failed: Vec::new(), unread: Vec::new() };
        for (name, code, place, read) in read {
            match read {
                Ok((parsed, answers)) => {
                    cohort.scripts.push(Script { name, code, place, text: parsed.text, answers });
                }
                Err(error) => {
                    cohort.failed.push((name, error));
                    cohort.unread.push((code, place));
                }
            }
        }
        cohort.scripts.sort_by(|a, b| a.code.cmp(&b.code));
        cohort.failed.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(cohort)
    }

    /// The row of each script in a table of marks. A row that is about what could not be read is about no other.
    pub(crate) fn rows<'a>(&self, marks: &'a Table) -> Result<Joined<'a>, Failure> {
        let read = self.scripts.iter().map(|script| (&script.code, &script.place));
        let unread = self.unread.iter().map(|(code, place)| (code, place));
        let known: Vec<Tma<'_>> =
            read.chain(unread).map(|(code, place)| Tma { code: Some(code), file: Some(place) }).collect();
        let mut joined = marks.join(&known)?;
        joined.rows.truncate(self.scripts.len());
        Ok(joined)
    }

    /// What the core refuses, with the script's name for its place in the list it was given.
    pub(crate) fn refusal(error: &Error, names: &[&str]) -> Failure {
        let mut message = error.message().to_owned();
        let path = error.details().get("path").and_then(Value::as_str).unwrap_or_default();
        let place = path.strip_prefix("scripts[").and_then(|rest| rest.split_once(']'));
        if let Some((number, _)) = place
            && let Some(name) = number.parse::<usize>().ok().and_then(|at| names.get(at))
        {
            message = message.replace(&format!("scripts[{number}]"), name);
        }
        Failure::data(message)
    }

    /// Tells on standard error what could not be used.
    pub(crate) fn tell_failures(&self) {
        for (name, error) in &self.failed {
            let advice = advice(error.code()).map(|advice| format!(" {advice}")).unwrap_or_default();
            anstream::eprintln!("awap: {}: {}{advice}", show::clean(name), show::clean(error.message()));
        }
    }

    pub(crate) fn failures_as_json(&self) -> Vec<Value> {
        self.failed.iter().map(|(name, error)| json!({"tma": name, "error": error})).collect()
    }
}

fn one(engine: &Engine, tma: Submission, common: &Common) -> Result<(ParsedTma, Vec<CountedAnswer>)> {
    let parsed = work::read(engine, tma, &Options::default(), common.time())?.parsed;
    let answers = engine.counted(&parsed, &Deadline::after(common.time()))?;
    Ok((parsed, answers))
}
