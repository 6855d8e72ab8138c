//! `awap anonymize`, `parse` and `mark`: one verb over the files that were named.

use std::path::Path;
use std::time::Duration;

use awap_core::anonymize::Options;
use awap_core::{Engine, Error, Result, Submission};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use crate::arguments::{Anonymize, Common, Files, Mark, Parse, Who};
use crate::failure::{Failure, NO_INPUT, SOME_FAILED, UNREADABLE, advice};
use crate::intake::{STDIN, Work};
use crate::students::{Known, Students};
use crate::{keyring, rubric, show, work};

/// What one verb does, and how a person is shown it.
struct Verb<'a> {
    files: &'a Files,
    who: &'a Who,
    rubric: Option<&'a Value>,
}

/// What a verb made of one TMA: what goes to standard output, and what is said beside it.
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) aside: String,
}

pub(crate) fn anonymize(arguments: &Anonymize, common: &Common) -> Result<u8, Failure> {
    let options = Options {
        keep: arguments.keep.clone(),
        allow: arguments.allow.clone(),
        surrogates: arguments.surrogates,
        ..Options::default()
    };
    let verb = Verb { files: &arguments.files, who: &arguments.who, rubric: None };
    if common.json {
        let act = |engine: &Engine, tma, time| work::anonymize(engine, tma, &options, time);
        return verb.run(common, act, |_| None);
    }
    let act = |engine: &Engine, tma, time| work::read(engine, tma, &options, time);
    verb.run(common, act, |read| Some(show::anonymized::show(read)))
}

pub(crate) fn parse(arguments: &Parse, common: &Common) -> Result<u8, Failure> {
    let rubric = arguments.rubric.as_deref().map(rubric::read).transpose()?;
    let verb = Verb {
        files: &arguments.files,
        who: &arguments.who,
        rubric: rubric.as_ref().map(|rubric| &rubric.value),
    };
    let act = |engine: &Engine, tma, time| work::read(engine, tma, &Options::default(), time);
    verb.run(common, act, |read| (!common.json).then(|| show::parsed::show(&read.parsed)))
}

pub(crate) fn mark(arguments: &Mark, common: &Common) -> Result<u8, Failure> {
    let rubric = rubric::read(&arguments.rubric)?;
    let verb = Verb { files: &arguments.files, who: &arguments.who, rubric: Some(&rubric.value) };
    verb.run(common, work::mark, |marked| (!common.json).then(|| show::marked::show(marked)))
}

impl Verb<'_> {
    /// Does `act` to every file, several at once, and prints what came of it in the order of the files. `show` gives none
    /// where JSON is wanted.
    fn run<T: Send + Serialize>(
        &self,
        common: &Common,
        act: impl Fn(&Engine, Submission, Duration) -> Result<T> + Sync,
        show: impl Fn(&T) -> Option<Shown>,
    ) -> Result<u8, Failure> {
        let files = &self.files.files;
        if files.iter().filter(|file| *file == Path::new(STDIN)).count() > 1 {
            return Err(Failure::nothing_to_read("Standard input can be read once: give - once."));
        }
        let key = keyring::key(common.key_file.as_deref())?;
        let engine = work::engine(key.clone())?;
        if let Some(rubric) = self.rubric {
            rubric::check(rubric, &engine)?;
        }
        let known = Known::from(self.who);
        let pool = work::pool(None)?;
        let (mut failed, mut unreadable) = (0, 0);
        let mut position = 0;
        // A few at a time, so that the first is soon seen and the results of many are not all held.
        for some in files.chunks(2 * pool.current_num_threads()) {
            let results: Vec<(String, Result<T>)> = pool.install(|| {
                some.par_iter()
                    .map(|file| {
                        let taken = Work::file(file).take(
                            Path::new(""),
                            &known,
                            &Students::default(),
                            self.rubric,
                            &key,
                        );
                        let done =
                            taken.tma.and_then(|tma| work::contained(|| act(&engine, tma, common.time())));
                        (taken.code, done)
                    })
                    .collect()
            });
            for (file, (code, result)) in some.iter().zip(results) {
                position += 1;
                let name = if common.names { file.display().to_string() } else { code };
                let place = match (common.names, files.len()) {
                    (true, _) => format!("{name}: "),
                    (false, 1) => String::new(),
                    (false, all) => format!("File {position} of {all} ({name}): "),
                };
                match result {
                    Ok(done) => print(&name, &done, show(&done), files.len() > 1)?,
                    Err(error) => {
                        failed += 1;
                        unreadable += usize::from(error.details().contains_key(UNREADABLE));
                        report(&name, &place, &error, common.json)?;
                    }
                }
            }
        }
        Ok(if failed == 0 {
            0
        } else if unreadable == files.len() {
            NO_INPUT
        } else {
            SOME_FAILED
        })
    }
}

fn print(name: &str, done: &impl Serialize, shown: Option<Shown>, several: bool) -> Result<(), Failure> {
    let Some(shown) = shown else {
        return show::print(&format!("{}\n", json!({"tma": name, "success": true, "data": done})));
    };
    if several {
        show::print(&show::rule(name))?;
    }
    show::print(&shown.text)?;
    anstream::eprint!("{}", shown.aside);
    Ok(())
}

fn report(name: &str, place: &str, error: &Error, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return show::print(&format!("{}\n", json!({"tma": name, "success": false, "error": error})));
    }
    let advice = advice(error.code()).map(|advice| format!(" {advice}")).unwrap_or_default();
    let message = show::clean(error.message());
    anstream::eprintln!("awap: {}{message}{advice}", show::clean(place));
    Ok(())
}
