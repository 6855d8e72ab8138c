//! What a batch has done, in `awap-batch.jsonl`: a line on what the batch is, then a line for each TMA that was begun, done
//! or given up. A batch that was killed goes on from it, and a batch of something else is refused.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use awap_core::Error;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The ledger's name in the folder of the batch.
pub(crate) const NAME: &str = "awap-batch.jsonl";
/// The form of the ledger.
const VERSION: u32 = 1;
/// Bytes: a header is some hundred.
const MOST_OF_A_HEADER: u64 = 64 << 10;
/// So many runs that ended while they worked on a TMA, and it is left alone.
pub(crate) const GIVEN_UP_AFTER: u32 = 3;

/// What the batch is: everything that a mark depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) version: u32,
    pub(crate) engine_version: String,
    pub(crate) rubric_sha256: String,
    /// What tells one pseudonym key from another, and says nothing of it.
    pub(crate) key: String,
    /// What tells one folder of TMAs from another.
    pub(crate) folder: String,
    pub(crate) format: String,
    pub(crate) names: bool,
    pub(crate) students_sha256: Option<String>,
}

impl Header {
    pub(crate) fn version() -> u32 {
        VERSION
    }

    /// What differs from the batch that is there, for a person.
    fn difference(&self, there: &Self) -> Option<String> {
        if there.version != self.version || there.engine_version != self.engine_version {
            return Some(format!("by AWAP {}, and this is {}", there.engine_version, self.engine_version));
        }
        let what = [
            (there.folder != self.folder, "from another folder of TMAs"),
            (
                there.rubric_sha256 != self.rubric_sha256,
                "by another rubric, or this one before it was changed",
            ),
            (there.key != self.key, "under another pseudonym key"),
            (there.students_sha256 != self.students_sha256, "with another list of students"),
            (there.format != self.format, "with another --format"),
            (there.names != self.names, if self.names { "without --names" } else { "with --names" }),
        ];
        what.into_iter().find(|(differs, _)| *differs).map(|(_, what)| what.to_owned())
    }
}

/// A line of the ledger.
#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Line {
    Batch(Header),
    Begun {
        tma: String,
    },
    Done(Box<Done>),
    Failed(Failed),
    /// A table or report over all TMAs that was written.
    Wrote {
        file: String,
        sha256: String,
    },
}

/// A TMA whose feedback is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Done {
    /// Its code.
    pub(crate) tma: String,
    /// The code of its place: of two TMAs in the same place the later counts.
    pub(crate) place: String,
    /// The file it came from, where names were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// The feedback file, in the folder of the batch.
    pub(crate) feedback: String,
    pub(crate) feedback_sha256: String,
    pub(crate) pseudonym: Option<String>,
    /// Null while a criterion is open; then `range` has the least and the greatest.
    pub(crate) mark: Option<f64>,
    pub(crate) max_mark: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) range: Option<[f64; 2]>,
    pub(crate) band: Option<String>,
    pub(crate) words: u32,
    pub(crate) criteria: Vec<Criterion>,
    /// What the tutor is to look at, in words.
    pub(crate) to_look_at: Vec<String>,
    /// Where feedback that a tutor had edited was put when this was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) edited_kept_as: Option<String>,
}

/// One criterion's mark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Criterion {
    pub(crate) id: String,
    pub(crate) score: Option<f64>,
    pub(crate) max_mark: f64,
}

/// A TMA that could not be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failed {
    pub(crate) tma: String,
    pub(crate) place: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    pub(crate) error: Error,
    /// Whether it was not tried, as AWAP kept ending on it.
    #[serde(default)]
    pub(crate) given_up: bool,
}

/// Whether a batch wrote its feedback into a folder: by what its ledger says, not by a name that a student's file may have.
pub(crate) fn is_of_a_batch(folder: &Path) -> bool {
    let Ok(file) = File::open(folder.join(NAME)) else { return false };
    let mut first = String::new();
    let read = io::BufRead::read_line(&mut io::BufReader::new(file.take(MOST_OF_A_HEADER)), &mut first);
    read.is_ok() && matches!(serde_json::from_str(&first), Ok(Line::Batch(_)))
}

/// How one TMA ended.
#[derive(Debug, Clone)]
pub(crate) enum End {
    Done(Box<Done>),
    Failed(Failed),
}

impl End {
    pub(crate) fn tma(&self) -> &str {
        match self {
            Self::Done(done) => &done.tma,
            Self::Failed(failed) => &failed.tma,
        }
    }

    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Done(done) => &done.place,
            Self::Failed(failed) => &failed.place,
        }
    }
}

/// The ledger, open and locked.
#[derive(Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
    file: Mutex<File>,
    /// What was done before this run, by code.
    done: HashMap<String, Done>,
    /// The digests of feedback files as AWAP wrote them, by file.
    written: HashMap<String, String>,
    /// How many runs ended while they worked on a TMA, by code.
    unfinished: HashMap<String, u32>,
}

impl Ledger {
    /// Opens the ledger in `folder`, or begins one. `again` begins it anew, and keeps what is known of the files that were
    /// written.
    pub(crate) fn open(folder: &Path, header: &Header, again: bool) -> Result<Self, Failure> {
        let path = folder.join(NAME);
        let failed = |error: io::Error| Failure::cannot_write(&path, &error);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Failure::in_use(format!(
                "Another awap is at work on {}: wait until it is done.",
                folder.display()
            )),
            TryLockError::Error(error) => failed(error),
        })?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        // A line that a sudden end cut off is no line.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(failed)?;
            file.seek(SeekFrom::End(0)).map_err(failed)?;
            text.truncate(whole);
        }
        let mut ledger = Self {
            path: path.clone(),
            file: Mutex::new(file),
            done: HashMap::new(),
            written: HashMap::new(),
            unfinished: HashMap::new(),
        };
        let there = ledger.read(&text)?;
        match there {
            Some(there) if !again => {
                if let Some(difference) = header.difference(&there) {
                    return Err(Failure::configuration(format!(
                        "{} holds feedback made {difference}. Give another --out, or --again to mark everything anew.",
                        folder.display()
                    )));
                }
            }
            _ => {
                ledger.done.clear();
                ledger.unfinished.clear();
                ledger.append(&Line::Batch(header.clone()), true)?;
            }
        }
        Ok(ledger)
    }

    /// Takes in what the ledger says; returns the last header.
    fn read(&mut self, text: &[u8]) -> Result<Option<Header>, Failure> {
        let mut header = None;
        let lines = text.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
        for (number, line) in lines {
            let line: Line = serde_json::from_slice(line).map_err(|_| {
                Failure::configuration(format!(
                    "Line {} of {} is not one that this version of awap wrote. Give another --out.",
                    number + 1,
                    self.path.display()
                ))
            })?;
            match line {
                Line::Batch(batch) => {
                    header = Some(batch);
                    self.done.clear();
                    self.unfinished.clear();
                }
                Line::Begun { tma } => *self.unfinished.entry(tma).or_default() += 1,
                Line::Failed(failed) => {
                    if !failed.given_up {
                        self.unfinished.remove(&failed.tma);
                    }
                }
                Line::Done(done) => {
                    self.unfinished.remove(&done.tma);
                    self.written.insert(done.feedback.clone(), done.feedback_sha256.clone());
                    self.done.insert(done.tma.clone(), *done);
                }
                Line::Wrote { file, sha256 } => {
                    self.written.insert(file, sha256);
                }
            }
        }
        Ok(header)
    }

    /// What was done before, where its feedback is still there.
    pub(crate) fn done(&self, tma: &str) -> Option<&Done> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        self.done.get(tma).filter(|done| folder.join(&done.feedback).is_file())
    }

    /// How many runs ended while they worked on it.
    pub(crate) fn unfinished(&self, tma: &str) -> u32 {
        self.unfinished.get(tma).copied().unwrap_or_default()
    }

    /// Takes note of a table or report as AWAP wrote it.
    pub(crate) fn wrote(&self, file: &str, sha256: String) -> Result<(), Failure> {
        self.append(&Line::Wrote { file: file.to_owned(), sha256 }, true)
    }

    /// The digest of a file as AWAP wrote it last.
    pub(crate) fn written(&self, feedback: &str) -> Option<&str> {
        self.written.get(feedback).map(String::as_str)
    }

    /// Says that work on a TMA begins. It need not reach the disk: this is for an end of the process.
    pub(crate) fn begin(&self, tma: &str) -> Result<(), Failure> {
        self.append(&Line::Begun { tma: tma.to_owned() }, false)
    }

    /// Says how a TMA ended, for good.
    pub(crate) fn end(&self, end: &End) -> Result<(), Failure> {
        match end {
            End::Done(done) => self.append(&Line::Done(done.clone()), true),
            End::Failed(failed) => self.append(&Line::Failed(failed.clone()), true),
        }
    }

    fn append(&self, line: &Line, to_disk: bool) -> Result<(), Failure> {
        let write = || -> io::Result<()> {
            let mut line = serde_json::to_vec(line)?;
            line.push(b'\n');
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let end = file.metadata()?.len();
            if let Err(error) = file.write_all(&line) {
                // Half a line would spoil the next one, and with it the folder.
                file.set_len(end)?;
                return Err(error);
            }
            if to_disk { file.sync_data() } else { Ok(()) }
        };
        write().map_err(|error| Failure::cannot_write(&self.path, &error))
    }
}

/// How each TMA of the batch in `folder` ended, the latest of each place, in the order of the codes: what was marked, and what
/// could not be. Changes nothing.
pub(crate) fn ended(folder: &Path) -> Result<(Vec<Done>, Vec<Failed>), Failure> {
    let path = folder.join(NAME);
    let text = std::fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::nothing_to_read(format!(
            "{} is no folder that awap batch wrote feedback to: it has no {NAME}.",
            folder.display()
        )),
        _ => Failure::cannot_read(&path, &error),
    })?;
    // A line that is being written is not done yet.
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut by_place: HashMap<String, End> = HashMap::new();
    for line in text.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n') {
        match serde_json::from_slice::<Line>(line) {
            Ok(Line::Batch(_)) => by_place.clear(),
            Ok(Line::Done(done)) => {
                by_place.insert(done.place.clone(), End::Done(done));
            }
            // What was handed in there since could not be marked: the old mark is not its mark.
            Ok(Line::Failed(failed)) => {
                by_place.insert(failed.place.clone(), End::Failed(failed));
            }
            _ => {}
        }
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for end in by_place.into_values() {
        match end {
            End::Done(one) => done.push(*one),
            End::Failed(one) => failed.push(one),
        }
    }
    done.sort_by(|a, b| a.tma.cmp(&b.tma));
    failed.sort_by(|a, b| a.tma.cmp(&b.tma));
    if done.is_empty() {
        return Err(Failure::nothing_to_read(format!("{} holds no marked TMA.", path.display())));
    }
    Ok((done, failed))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use awap_core::ErrorCode;
    use std::fs;

    fn header() -> Header {
        Header {
            version: VERSION,
            engine_version: "1".to_owned(),
            rubric_sha256: "r".to_owned(),
            key: "k".to_owned(),
            folder: "f".to_owned(),
            format: "md".to_owned(),
            names: false,
            students_sha256: None,
        }
    }

    fn done(folder: &Path, tma: &str) -> End {
        let feedback = format!("{tma}.md");
        fs::write(folder.join(&feedback), "").unwrap();
        End::Done(Box::new(Done {
            tma: tma.to_owned(),
            place: "p".to_owned(),
            file: None,
            feedback,
            feedback_sha256: "d".to_owned(),
            pseudonym: None,
            mark: Some(1.5),
            max_mark: 2.0,
            range: None,
            band: None,
            words: 3,
            criteria: Vec::new(),
            to_look_at: Vec::new(),
            edited_kept_as: None,
        }))
    }

    fn failed(tma: &str, given_up: bool) -> End {
        let error = Error::new(ErrorCode::DocumentDamaged, "It is damaged.");
        End::Failed(Failed { tma: tma.to_owned(), place: String::new(), file: None, error, given_up })
    }

    #[test]
    fn goes_on_where_it_stopped_also_after_a_line_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let ledger = Ledger::open(path, &header(), false).unwrap();
        for tma in ["a", "b", "c"] {
            ledger.begin(tma).unwrap();
        }
        ledger.end(&done(path, "a")).unwrap();
        ledger.end(&failed("b", false)).unwrap();
        drop(ledger);
        OpenOptions::new().append(true).open(path.join(NAME)).unwrap().write_all(b"{\"is\":\"do").unwrap();

        let ledger = Ledger::open(path, &header(), false).unwrap();
        assert!(ledger.done("a").is_some() && ledger.done("b").is_none() && ledger.done("c").is_none());
        assert_eq!(["a", "b", "c"].map(|tma| ledger.unfinished(tma)), [0, 0, 1]);
        ledger.end(&done(path, "c")).unwrap();
        drop(ledger);
        let ledger = Ledger::open(path, &header(), false).unwrap();
        assert!(ledger.done("c").is_some(), "what follows a line cut off is read");
        fs::remove_file(path.join("c.md")).unwrap();
        assert!(ledger.done("c").is_none(), "without its feedback nothing is done");
    }

    #[test]
    fn what_was_given_up_stays_so_and_what_failed_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), &header(), false).unwrap();
        for _ in 0..GIVEN_UP_AFTER {
            ledger.begin("a").unwrap();
        }
        ledger.end(&failed("a", true)).unwrap();
        drop(ledger);
        let ledger = Ledger::open(folder.path(), &header(), false).unwrap();
        assert_eq!(ledger.unfinished("a"), GIVEN_UP_AFTER);
        drop(ledger);
        let ledger = Ledger::open(folder.path(), &header(), true).unwrap();
        assert_eq!(ledger.unfinished("a"), 0, "--again tries everything");
    }

    #[test]
    fn a_batch_of_something_else_is_refused_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        drop(Ledger::open(folder.path(), &header(), false).unwrap());
        let before = fs::read(folder.path().join(NAME)).unwrap();
        let others = [
            (Header { rubric_sha256: "x".to_owned(), ..header() }, "rubric"),
            (Header { key: "x".to_owned(), ..header() }, "key"),
            (Header { folder: "x".to_owned(), ..header() }, "folder"),
            (Header { format: "x".to_owned(), ..header() }, "--format"),
            (Header { names: true, ..header() }, "--names"),
            (Header { students_sha256: Some("x".to_owned()), ..header() }, "students"),
            (Header { engine_version: "x".to_owned(), ..header() }, "AWAP 1"),
        ];
        for (other, word) in others {
            let refused = Ledger::open(folder.path(), &other, false).unwrap_err();
            assert!(refused.message.contains(word) && refused.message.contains("--again"), "{refused}");
            assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), before);
        }
    }

    #[test]
    fn what_was_written_is_known_after_again() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), &header(), false).unwrap();
        ledger.end(&done(folder.path(), "a")).unwrap();
        drop(ledger);
        let ledger = Ledger::open(folder.path(), &header(), true).unwrap();
        assert!(ledger.done("a").is_none());
        assert_eq!(ledger.written("a.md"), Some("d"));
    }

    #[test]
    fn two_at_once_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Ledger::open(folder.path(), &header(), false).unwrap();
        let second = Ledger::open(folder.path(), &header(), false).unwrap_err();
        assert!(second.message.contains("Another awap"), "{second}");
    }
}
