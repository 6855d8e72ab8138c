//! Who wrote what, as far as the tutor's own list says it.

use std::collections::HashMap;
use std::path::Path;

use awap_core::submission::Student;

use crate::arguments::Who;
use crate::failure::Failure;
use crate::intake::composed;
use crate::table::{Row, Table, Tma};

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

/// The columns of the list, beside `file`.
const COLUMNS: [&str; 6] = ["student_id", "name", "given_name", "family_name", "email", "username"];

/// Who wrote which TMA, by its place in the folder, as `intake::composed` writes it.
#[derive(Default)]
pub(crate) struct Students(HashMap<String, Known>);

impl Students {
    /// Reads the tutor's list, and finds which of the TMAs in `places` each row is about. Tells on standard error of rows that
    /// are about none.
    pub(crate) fn read(list: &Path, places: &[&Path]) -> Result<Self, Failure> {
        let table = Table::read(list)?;
        if !COLUMNS.iter().any(|column| table.has(column)) {
            return Err(Failure::data(format!(
                "{} says of no student who they are: beside “file” it needs any of the columns {}.",
                list.display(),
                COLUMNS.join(", ")
            )));
        }
        let tmas: Vec<_> = places.iter().map(|place| Tma { code: None, file: Some(place) }).collect();
        let joined = table.join(&tmas)?;
        table.tell_strays(&joined.strays);
        let of_row = |(place, row): (&&Path, Option<&Row>)| {
            let text = |column: &str| row.and_then(|row| table.text(row, column)).map(str::to_owned);
            let [student_id, name, given_name, family_name, email, username] = COLUMNS.map(text);
            (composed(place), Known { student_id, name, given_name, family_name, email, username })
        };
        Ok(Self(places.iter().zip(joined.rows).map(of_row).collect()))
    }

    /// The student of the TMA in this place of the folder.
    pub(crate) fn of(&self, place: &Path) -> Option<Known> {
        self.0.get(&composed(place)).cloned()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn find(text: &str, places: &[&str]) -> Result<Students, Failure> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let places: Vec<&Path> = places.iter().map(Path::new).collect();
        Students::read(file.path(), &places)
    }

    fn refusal(text: &str, places: &[&str]) -> String {
        find(text, places).err().expect("it is refused").message
    }

    #[test]
    fn a_file_is_found_by_its_path_or_its_name() {
        let list =
            "\u{feff}file, name, student_id\na/b.docx, Ann Other, X1\nc.pdf, Bo Ng,\ngone.md, Cy Young,\n";
        let students = find(list, &["a/b.docx", "b.docx", "x/c.pdf"]).unwrap();
        let name = |path: &str| students.of(Path::new(path)).and_then(|known| known.name);
        assert_eq!(name("a/b.docx").as_deref(), Some("Ann Other"));
        assert_eq!(name("b.docx"), None);
        assert_eq!(name("x/c.pdf").as_deref(), Some("Bo Ng"));
    }

    #[test]
    fn a_path_is_the_same_however_a_system_writes_its_accents() {
        let (decomposed, composed) = ("Zoe\u{308}.docx", "Zo\u{eb}.docx");
        for (listed, there) in [(decomposed, composed), (composed, decomposed)] {
            let students = find(&format!("file,name\n{listed},Ann Other\n"), &[there]).unwrap();
            assert!(students.of(Path::new(there)).unwrap().name.is_some());
        }
    }

    #[test]
    fn no_student_is_taken_for_another() {
        let places = ["a/x.md", "b/x.md", "y.md", "c/y.md"];
        assert!(refusal("file,name\nx.md,Ann\n", &places).contains("2 TMAs have a file of that name"));
        let twice = refusal("file,name\ny.md,Ann\nb/x.md,Bo\ny.md,Cy\n", &places);
        assert!(twice.contains("Line 4") && twice.contains("same TMA as line 2"), "{twice}");
        let students = find("file,name\ny.md,Ann\n", &places).unwrap();
        let name = |path: &str| students.of(Path::new(path)).and_then(|known| known.name);
        assert_eq!((name("y.md").as_deref(), name("c/y.md")), (Some("Ann"), None));
    }

    #[test]
    fn a_field_is_text_whatever_it_looks_like_and_an_empty_one_is_none() {
        let list = "tma,File,name,Given name,student_id\nx,a.md,Nan Other,Nan,1234567\n,b.md,,,12E45678\n";
        let students = find(list, &["a.md", "b.md"]).unwrap();
        let of = |path: &str| students.of(Path::new(path)).unwrap();
        assert_eq!(of("a.md").student_id.as_deref(), Some("1234567"));
        assert_eq!(of("a.md").given_name.as_deref(), Some("Nan"));
        assert_eq!((of("b.md").name, of("b.md").student_id.as_deref()), (None, Some("12E45678")));
    }

    #[test]
    fn a_list_that_lacks_a_column_says_what_it_needs_and_names_no_one() {
        for (list, needed) in
            [("name\nAnn Other\n", "“file”"), ("file,Student\na.md,Ann Other\n", "given_name")]
        {
            let message = refusal(list, &["a.md"]);
            assert!(message.contains(needed) && !message.contains("Ann"), "{message}");
        }
    }
}
