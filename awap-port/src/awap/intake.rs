//! Files → [`Work`]: what is one TMA, and what is known of who wrote it.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use awap_core::anonymize::PseudonymKey;
use awap_core::submission::{Attachment, Student};
use awap_core::{Error, ErrorCode, Submission};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use walkdir::WalkDir;

use crate::failure::{Failure, UNREADABLE, reason};
use crate::ledger;
use crate::rubric::hex;
use crate::students::{Known, Students};

/// Standard input, as a file.
pub(crate) const STDIN: &str = "-";

/// One TMA to be done: a file, or the files of one submission in Moodle's own layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Work {
    /// The files, at least one.
    pub(crate) files: Vec<PathBuf>,
    /// What a person knows it by: the file, or the folder of the submission.
    pub(crate) path: PathBuf,
}

/// What was read of one TMA.
pub(crate) struct Taken {
    /// The TMA; where a file cannot be read, an error that names none.
    pub(crate) tma: awap_core::Result<Submission>,
    /// `tma-` and ten hexadecimal digits: what it is called where no name may stand. The same files in the same place have
    /// the same code under the same key.
    pub(crate) code: String,
    /// As `code`, of the place alone: a file that was changed is another TMA in the same place.
    pub(crate) place: String,
}

impl Work {
    pub(crate) fn file(path: &Path) -> Self {
        Self { files: vec![path.to_owned()], path: path.to_owned() }
    }

    /// Where it lies in the folder of the batch, `root`.
    pub(crate) fn place(&self, root: &Path) -> &Path {
        self.path.strip_prefix(root).unwrap_or(&self.path)
    }

    /// Reads the files. `root` is the folder of the batch.
    pub(crate) fn take(
        &self,
        root: &Path,
        known: &Known,
        students: &Students,
        rubric: Option<&Value>,
        key: &PseudonymKey,
    ) -> Taken {
        let place = self.place(root);
        let mut digest = Sha256::new();
        digest.update(place.as_os_str().as_encoded_bytes());
        let place_code = code(&hex(&digest.clone().finalize()), key);
        let (student_id, student) = who(place, known, students);
        let mut tma = Submission {
            student_id,
            student: Some(student).filter(|student| *student != Student::default()),
            rubric: rubric.cloned(),
            ..Submission::default()
        };
        let mut unreadable = None;
        for file in &self.files {
            match read(file) {
                Ok(bytes) => {
                    digest.update(Sha256::digest(&bytes));
                    tma.content.attachments.push(Attachment {
                        filename: (file != Path::new(STDIN)).then(|| name(file)).flatten(),
                        data_base64: STANDARD.encode(bytes),
                        ..Attachment::default()
                    });
                }
                Err(error) => unreadable = Some(unreadable_file(&error)),
            }
        }
        let tma = unreadable.map_or(Ok(tma), Err);
        Taken { tma, code: code(&hex(&digest.finalize()), key), place: place_code }
    }
}

/// All that is told of who wrote what lies in `place`: by the list, by the arguments and by Moodle's own names.
fn who(place: &Path, known: &Known, students: &Students) -> (Option<String>, Student) {
    let mut known = students.of(place).unwrap_or_default().or(known.clone());
    let mut aliases = Vec::new();
    if let Some(name) = moodle_student(place) {
        match &known.name {
            None => known.name = Some(name),
            Some(told) if *told != name => aliases.push(name),
            Some(_) => {}
        }
    }
    (known.student_id.clone(), Student { aliases, ..Student::from(known) })
}

/// A path as it is compared: a Mac writes `é` as two characters, a spreadsheet as one.
pub(crate) fn composed(path: &Path) -> String {
    path.to_string_lossy().nfc().collect()
}

/// Keyed, as the plain digest of a file tells whoever has the file that it is the same.
pub(crate) fn code(content: &str, key: &PseudonymKey) -> String {
    let of = Submission { student_id: Some(format!("file {content}")), ..Submission::default() };
    let pseudonym = key.pseudonym(&of);
    format!("tma-{}", pseudonym.trim_start_matches("stu_").get(..10).unwrap_or_default())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new(STDIN) {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    fs::read(path)
}

fn unreadable_file(error: &io::Error) -> Error {
    Error::new(ErrorCode::InvalidInput, format!("The file cannot be read: {}.", reason(error)))
        .with(UNREADABLE, true)
}

/// A file's own name, where it is one that can be written.
fn name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// Every TMA in a folder and the folders in it, in the order of their names. Hidden files, links and what is empty by its
/// nature (`desktop.ini`, `Thumbs.db`) are passed over; so are `out`, where it lies in the folder, whatever else a batch
/// wrote, and the files `not`, which are no TMAs: the rubric, the list of students.
///
/// Errors: `folder` itself cannot be read. What cannot be looked into within it is a TMA that cannot be read.
pub(crate) fn search(folder: &Path, out: Option<&Path>, not: &[Option<&Path>]) -> Result<Vec<Work>, Failure> {
    let out = out.and_then(|out| fs::canonicalize(out).ok());
    let not: Vec<PathBuf> = not.iter().flatten().filter_map(|path| path.canonicalize().ok()).collect();
    let wanted = |entry: &walkdir::DirEntry| {
        let hidden = entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".");
        let written = entry.depth() > 0
            && entry.file_type().is_dir()
            && (ledger::is_of_a_batch(entry.path())
                || out.is_some() && fs::canonicalize(entry.path()).ok() == out);
        !hidden && !written
    };
    let mut work: Vec<Work> = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(wanted) {
        let path = match entry {
            Ok(entry) if !entry.file_type().is_file() || is_litter(entry.file_name()) => continue,
            Ok(entry) => entry.into_path(),
            // Told by its code, as a file that cannot be read: its name may be the student's.
            Err(error) => match error.path().filter(|_| error.depth() > 0).map(Path::to_owned) {
                Some(path) => path,
                None => return Err(Failure::cannot_read(folder, &error.into())),
            },
        };
        match submission_folder(folder, &path) {
            Some(submission) => match work.iter_mut().find(|known| known.path == submission) {
                Some(known) => known.files.push(path),
                None => work.push(Work { files: vec![path], path: submission }),
            },
            None => work.push(Work::file(&path)),
        }
    }
    work.retain(|work| work.path.canonicalize().map_or(true, |path| !not.contains(&path)));
    Ok(work)
}

fn is_litter(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    // `~$…` is Word's note that a file is open.
    matches!(name.as_str(), "desktop.ini" | "thumbs.db") || name.starts_with("~$")
}

/// The folder of one submission that `file` lies in, as Moodle makes them: `Ann Other_1234567_assignsubmission_file`.
fn submission_folder(root: &Path, file: &Path) -> Option<PathBuf> {
    let inner = file.parent()?.strip_prefix(root).ok()?;
    let mut folder = root.to_owned();
    for part in inner {
        folder.push(part);
        if moodle_name(&part.to_string_lossy()).is_some() {
            return Some(folder);
        }
    }
    None
}

/// The student's name in Moodle's names for files and folders of submissions, anywhere in a path.
fn moodle_student(path: &Path) -> Option<String> {
    path.iter().find_map(|part| moodle_name(&part.to_string_lossy()).map(str::to_owned))
}

/// `NAME_NUMBER_assignsubmission_…`, which is how `Download all submissions` of Moodle's assignment names what it packs.
fn moodle_name(part: &str) -> Option<&str> {
    let (before, _kind) = part.split_once("_assignsubmission_")?;
    let (name, number) = before.rsplit_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !name.trim().is_empty()).then(|| name.trim())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn put(folder: &Path, file: &str) {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "text").unwrap();
    }

    #[test]
    fn a_folder_of_moodles_is_one_tma_and_any_other_file_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in [
            "b.docx",
            "Ann Other_12_assignsubmission_file/essay.docx",
            "Ann Other_12_assignsubmission_file/figures/one.pdf",
            "Bo Ng_13_assignsubmission_file_tma 1.pdf",
            "deeper/a.md",
            ".hidden",
            "~$b.docx",
            "Thumbs.db",
            "out/tma-1.md",
        ] {
            put(root, file);
        }
        let found: Vec<(String, usize)> = search(root, Some(&root.join("out")), &[])
            .unwrap()
            .iter()
            .map(|work| (work.path.strip_prefix(root).unwrap().display().to_string(), work.files.len()))
            .collect();
        let expected = [
            ("Ann Other_12_assignsubmission_file", 2),
            ("Bo Ng_13_assignsubmission_file_tma 1.pdf", 1),
            ("b.docx", 1),
            ("deeper/a.md", 1),
        ];
        assert_eq!(found, expected.map(|(path, files)| (path.to_owned(), files)));
    }

    #[test]
    fn moodle_says_who_it_is() {
        for (path, name) in [
            ("Ann-Marie O'Neil_4471_assignsubmission_file_/tma.docx", Some("Ann-Marie O'Neil")),
            ("x/Bo_Ng_13_assignsubmission_onlinetext_onlinetext.html", Some("Bo_Ng")),
            ("Bo Ng_assignsubmission_file_tma.pdf", None),
            ("_1_assignsubmission_file_tma.pdf", None),
            ("assignsubmission_file.pdf", None),
        ] {
            assert_eq!(moodle_student(Path::new(path)).as_deref(), name, "{path}");
        }
    }

    #[test]
    fn a_code_holds_for_the_same_file_in_the_same_place_under_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        put(root, "a.md");
        put(root, "b.md");
        let key = PseudonymKey::from_hex(&"a5".repeat(32)).unwrap();
        let other = PseudonymKey::from_hex(&"5a".repeat(32)).unwrap();
        let code = |file: &str, key: &PseudonymKey| {
            let work = Work::file(&root.join(file));
            work.take(root, &Known::default(), &Students::default(), None, key).code
        };
        assert_eq!(code("a.md", &key), code("a.md", &key));
        assert_ne!(code("a.md", &key), code("b.md", &key));
        assert_ne!(code("a.md", &key), code("a.md", &other));
        assert_eq!(code("a.md", &key).len(), 14);
    }
}
