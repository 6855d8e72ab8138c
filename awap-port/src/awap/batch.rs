//! `awap batch`: a folder of TMAs, several at once, each done once however often the batch is started.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use awap_core::anonymize::PseudonymKey;
use awap_core::{Engine, Error, ErrorCode, Submission};
use indicatif::ProgressBar;
use rayon::prelude::*;

use crate::arguments::{Batch, Common};
use crate::failure::{Failure, SOME_FAILED};
use crate::files;
use crate::intake::{self, Taken, Work};
use crate::ledger::{Criterion, Done, End, Failed, GIVEN_UP_AFTER, Header, Ledger};
use crate::rubric::{self, Rubric};
use crate::show::marked::to_look_at;
use crate::students::{Known, Students};
use crate::summary::{self, Ended};
use crate::work::{self, Marked};
use crate::{keyring, letter, show};

/// What all TMAs of a batch share.
struct Run<'a> {
    arguments: &'a Batch,
    common: &'a Common,
    rubric: Rubric,
    students: Students,
    key: PseudonymKey,
    engine: Engine,
    ledger: Ledger,
    bar: ProgressBar,
}

pub(crate) fn run(arguments: &Batch, common: &Common) -> Result<u8, Failure> {
    let not = [Some(arguments.rubric.as_path()), arguments.students.as_deref(), common.key_file.as_deref()];
    let all = intake::search(&arguments.folder, Some(&arguments.out), &not)?;
    if all.is_empty() {
        return Err(Failure::nothing_to_read(format!("There is no file in {}.", arguments.folder.display())));
    }
    let run = Run::new(arguments, common, &all)?;
    let ended = run.all(&all)?;
    run.bar.finish_and_clear();
    let failed = ended.iter().filter(|ended| matches!(ended.end, End::Failed(_))).count();
    summary::write(&ended, &run.ledger, arguments, common)?;
    Ok(if failed == 0 { 0 } else { SOME_FAILED })
}

impl<'a> Run<'a> {
    fn new(arguments: &'a Batch, common: &'a Common, all: &[Work]) -> Result<Self, Failure> {
        let rubric = rubric::read(&arguments.rubric)?;
        let key = keyring::key(common.key_file.as_deref())?;
        let engine = work::engine(key.clone())?;
        rubric::check(&rubric.value, &engine)?;
        let (students, students_sha256) = match &arguments.students {
            Some(path) => {
                let bytes = fs::read(path).map_err(|error| Failure::cannot_read(path, &error))?;
                let places: Vec<&Path> = all.iter().map(|work| work.place(&arguments.folder)).collect();
                (Students::read(path, &places)?, Some(files::digest(&bytes)))
            }
            None => (Students::default(), None),
        };
        fs::create_dir_all(&arguments.out).map_err(|error| Failure::cannot_write(&arguments.out, &error))?;
        let folder = canonical(&arguments.folder)?;
        if canonical(&arguments.out)? == folder {
            return Err(Failure::configuration("--out must be another folder than that of the TMAs."));
        }
        if let Some(path) = &arguments.key_to_names {
            let beside =
                path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if canonical(beside)?.starts_with(&folder) {
                return Err(Failure::configuration(
                    "--key-to-names must not lie in the folder of the TMAs: it would be taken for one.",
                ));
            }
            summary::check_key(path)?;
        }
        let header = Header {
            version: Header::version(),
            engine_version: env!("CARGO_PKG_VERSION").to_owned(),
            rubric_sha256: rubric.sha256.clone(),
            key: intake::code("the key of a batch", &key),
            folder: intake::code(&format!("the folder {}", folder.display()), &key),
            format: arguments.format.extension().to_owned(),
            names: common.names,
            students_sha256,
        };
        let ledger = Ledger::open(&arguments.out, &header, arguments.again)?;
        files::sweep(&arguments.out).map_err(|error| Failure::cannot_write(&arguments.out, &error))?;
        Ok(Self { arguments, common, rubric, students, key, engine, ledger, bar: show::bar(all.len()) })
    }

    /// Every TMA: first those that no run has ended on, several at once; then the others one by one, those that ended fewest
    /// runs first, so that the one that does it does it alone.
    fn all(&self, all: &[Work]) -> Result<Vec<Ended>, Failure> {
        let ended = Mutex::new(Vec::with_capacity(all.len()));
        let note = |work: &Work, end: End, earlier: bool| {
            self.bar.inc(1);
            let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
            ended.push(Ended { path: work.path.clone(), end, earlier });
        };
        let suspects = Mutex::new(Vec::new());
        work::pool(self.arguments.jobs)?.install(|| {
            all.par_iter().try_for_each(|work| -> Result<(), Failure> {
                let taken = self.take(work);
                if let Some(done) = self.ledger.done(&taken.code) {
                    note(work, End::Done(Box::new(done.clone())), true);
                    return Ok(());
                }
                let runs = self.ledger.unfinished(&taken.code);
                if runs > 0 {
                    suspects.lock().unwrap_or_else(PoisonError::into_inner).push((runs, work));
                    return Ok(());
                }
                let end = self.one(work, taken)?;
                note(work, end, false);
                Ok(())
            })
        })?;
        let mut suspects = suspects.into_inner().unwrap_or_else(PoisonError::into_inner);
        suspects.sort_by(|(a, first), (b, second)| a.cmp(b).then_with(|| first.path.cmp(&second.path)));
        let alone = work::pool(Some(1))?;
        for (runs, work) in suspects {
            let taken = self.take(work);
            let end = if runs >= GIVEN_UP_AFTER {
                self.give_up(work, taken)?
            } else {
                alone.install(|| self.one(work, taken))?
            };
            note(work, end, false);
        }
        Ok(latest(ended.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }

    fn take(&self, work: &Work) -> Taken {
        let rubric = Some(&self.rubric.value);
        work.take(&self.arguments.folder, &Known::default(), &self.students, rubric, &self.key)
    }

    /// Marks one TMA and writes its feedback. An error is one that ends the batch: nothing can be written.
    fn one(&self, work: &Work, taken: Taken) -> Result<End, Failure> {
        self.ledger.begin(&taken.code)?;
        let name = self.file(work).unwrap_or_else(|| taken.code.clone());
        let mark = |tma: Submission| {
            work::contained(|| {
                let marked = work::mark(&self.engine, tma, self.common.time())?;
                let letter = letter::write(&marked, &name, self.arguments.format)?;
                Ok((marked, letter))
            })
        };
        let end = match taken.tma.and_then(mark) {
            Ok((marked, letter)) => self.write(work, taken.code, taken.place, &marked, &letter)?,
            Err(error) => {
                let (tma, place) = (taken.code, taken.place);
                End::Failed(Failed { tma, place, file: self.file(work), error, given_up: false })
            }
        };
        self.ledger.end(&end)?;
        Ok(end)
    }

    fn write(
        &self,
        work: &Work,
        tma: String,
        place: String,
        marked: &Marked,
        letter: &[u8],
    ) -> Result<End, Failure> {
        let feedback = self.feedback_name(work, &tma);
        let path = self.arguments.out.join(&feedback);
        let aside = files::write_over(&path, letter, self.ledger.written(&feedback))?;
        let marking = &marked.feedback.marking_criteria;
        Ok(End::Done(Box::new(Done {
            tma,
            place,
            file: self.file(work),
            feedback,
            feedback_sha256: files::digest(letter),
            pseudonym: marked.feedback.pseudonym.clone(),
            mark: marking.totals.mark,
            max_mark: marking.totals.max_mark,
            range: marking.totals.range,
            band: marking.totals.band.clone(),
            words: marked.parsed.counts.words_counted,
            criteria: marking
                .criteria
                .iter()
                .map(|criterion| Criterion {
                    id: criterion.id.clone(),
                    score: criterion.score,
                    max_mark: criterion.max_mark,
                })
                .collect(),
            to_look_at: marking
                .needs_review
                .iter()
                .map(|review| to_look_at(review, &marked.feedback))
                .collect(),
            edited_kept_as: aside
                .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned())),
        })))
    }

    fn give_up(&self, work: &Work, taken: Taken) -> Result<End, Failure> {
        let message = format!(
            "AWAP has ended {GIVEN_UP_AFTER} times while it worked on this TMA, and leaves it alone now: mark it by hand, or \
             try everything once more with --again."
        );
        let error = Error::new(ErrorCode::Internal, message);
        let (tma, place) = (taken.code, taken.place);
        let end = End::Failed(Failed { tma, place, file: self.file(work), error, given_up: true });
        self.ledger.end(&end)?;
        Ok(end)
    }

    /// The file in the folder of the batch, where names were asked for.
    fn file(&self, work: &Work) -> Option<String> {
        self.common.names.then(|| work.place(&self.arguments.folder).display().to_string())
    }

    /// `tma-….md`; with names `essay.tma-….md`, since two folders may hold files of one name.
    fn feedback_name(&self, work: &Work, tma: &str) -> String {
        let extension = self.arguments.format.extension();
        let stem = work.path.file_stem().filter(|_| self.common.names).map(|stem| stem.to_string_lossy());
        match stem {
            // A name may be as long as a file system lets it be, and ours is longer.
            Some(stem) => format!("{}.{tma}.{extension}", stem.chars().take(60).collect::<String>()),
            None => format!("{tma}.{extension}"),
        }
    }
}

fn canonical(path: &Path) -> Result<std::path::PathBuf, Failure> {
    fs::canonicalize(path).map_err(|error| Failure::cannot_read(path, &error))
}

/// One end for each place, in the order of the codes: that of the files' names would tell whose is whose.
fn latest(ended: Vec<Ended>) -> Vec<Ended> {
    let by_place: HashMap<String, Ended> =
        ended.into_iter().map(|ended| (ended.end.place().to_owned(), ended)).collect();
    let mut ended: Vec<Ended> = by_place.into_values().collect();
    ended.sort_by(|a, b| a.end.tma().cmp(b.end.tma()));
    ended
}
