//! Who wrote what, as far as the tutor's own list says it.

use std::collections::HashMap;
use std::path::Path;

use awap_core::submission::Student;
use serde::Deserialize;

use crate::arguments::Who;
use crate::failure::Failure;

/// What is known of one student.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) student_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) given_name: Option<String>,
    pub(crate) family_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) username: Option<String>,
}

impl Known {
    /// What is known here, and where nothing is, what is known there.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            student_id: self.student_id.or(other.student_id),
            name: self.name.or(other.name),
            given_name: self.given_name.or(other.given_name),
            family_name: self.family_name.or(other.family_name),
            email: self.email.or(other.email),
            username: self.username.or(other.username),
        }
    }
}

impl From<Known> for Student {
    fn from(known: Known) -> Self {
        Self {
            name: known.name,
            given_name: known.given_name,
            family_name: known.family_name,
            email: known.email,
            username: known.username,
            ..Self::default()
        }
    }
}

impl From<&Who> for Known {
    fn from(who: &Who) -> Self {
        Self { student_id: who.student_id.clone(), name: who.student_name.clone(), ..Self::default() }
    }
}

/// A line of the list. Each field stands by itself: of one that is flattened the CSV reader guesses the type, and takes an
/// identifier of digits for a number and an empty field for a value.
#[derive(Deserialize)]
struct Line {
    file: String,
    #[serde(default)]
    student_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    given_name: Option<String>,
    #[serde(default)]
    family_name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    username: Option<String>,
}

impl Line {
    fn known(self) -> (String, Known) {
        let Self { file, student_id, name, given_name, family_name, email, username } = self;
        (file, Known { student_id, name, given_name, family_name, email, username })
    }
}

/// The tutor's list, by file.
#[derive(Default)]
pub(crate) struct Students(HashMap<String, Known>);

impl Students {
    /// Reads a CSV file with a heading, of which `file` must be one column.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| Failure::cannot_read(path, &error))?;
        // Excel begins a file with a byte order mark.
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let mut lines = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
        let mut students = HashMap::new();
        for (row, line) in lines.deserialize::<Line>().enumerate() {
            let line = line.map_err(|_| {
                Failure::configuration(format!(
                    "Line {} of {} cannot be read: the columns are “file” and any of student_id, name, given_name, \
                     family_name, email, username, in UTF-8.",
                    row + 2,
                    path.display()
                ))
            })?;
            let (file, known) = line.known();
            students.insert(file, known);
        }
        Ok(Self(students))
    }

    /// The student of a file or folder, by its path in the batch's folder, else by its name alone.
    pub(crate) fn of(&self, place: &Path) -> Option<Known> {
        let by = |path: &Path| self.0.get(path.to_str()?).cloned();
        by(place).or_else(|| by(Path::new(place.file_name()?)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn list(text: &str) -> Result<Students, Failure> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Students::read(file.path())
    }

    #[test]
    fn a_file_is_found_by_its_path_or_its_name() {
        let students = list("\u{feff}file, name, student_id\na/b.docx, Ann Other, X1\nc.pdf, Bo Ng,\n")
            .unwrap_or_default();
        let name = |path: &str| students.of(Path::new(path)).and_then(|known| known.name);
        assert_eq!(name("a/b.docx").as_deref(), Some("Ann Other"));
        assert_eq!(name("b.docx"), None);
        assert_eq!(name("x/c.pdf").as_deref(), Some("Bo Ng"));
    }

    #[test]
    fn a_field_is_text_whatever_it_looks_like_and_an_empty_one_is_none() {
        let students = list("file,name,given_name,student_id\na.md,Nan Other,Nan,1234567\nb.md,,,12E45678\n")
            .unwrap_or_default();
        let of = |path: &str| students.of(Path::new(path)).unwrap();
        assert_eq!(of("a.md").student_id.as_deref(), Some("1234567"));
        assert_eq!(of("a.md").given_name.as_deref(), Some("Nan"));
        assert_eq!((of("b.md").name, of("b.md").student_id.as_deref()), (None, Some("12E45678")));
    }

    #[test]
    fn a_list_without_files_says_what_it_needs_and_names_no_one() {
        let Err(failure) = list("name\nAnn Other\n") else { panic!("it has no column of files") };
        assert!(failure.message.contains("Line 2") && !failure.message.contains("Ann"), "{failure}");
    }
}
