//! A table that people keep of TMAs, of marks or of students, as a spreadsheet saves it: CSV with a heading, one row a TMA.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::intake::composed;

/// The rows of the table, in its order.
pub(crate) struct Table {
    path: PathBuf,
    heads: Vec<String>,
    rows: Vec<Row>,
    /// With semicolons between fields, a comma may be the decimal point.
    decimal_comma: bool,
}

/// One row: which TMA, and what is said of it.
pub(crate) struct Row {
    line: u64,
    tma: String,
    file: String,
    fields: Vec<String>,
}

/// A TMA that a row may be about.
pub(crate) struct Tma<'a> {
    /// Its code, `tma-…`; none where rows go by their files alone.
    pub(crate) code: Option<&'a str>,
    /// Its file or folder, where that is known.
    pub(crate) file: Option<&'a Path>,
}

/// Rows beside the TMAs they are about.
pub(crate) struct Joined<'a> {
    /// For each TMA its row.
    pub(crate) rows: Vec<Option<&'a Row>>,
    /// Lines of rows that are about none of them.
    pub(crate) strays: Vec<u64>,
}

impl Table {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| Failure::cannot_read(path, &error))?;
        // Excel begins a file with a byte order mark.
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let heading = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let decimal_comma = heading.contains(&b';') && !heading.contains(&b',');
        let mut lines = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .delimiter(if decimal_comma { b';' } else { b',' })
            .from_reader(text);
        let unusable = |what: &str| Failure::data(format!("{} cannot be used: {what}.", path.display()));
        let heads: Vec<String> = lines
            .headers()
            .map_err(|_| unusable("it is no CSV file in UTF-8"))?
            .iter()
            .map(str::to_owned)
            .collect();
        let (tma, file) = (column(&heads, "tma"), column(&heads, "file"));
        if tma.is_none() && file.is_none() {
            return Err(unusable("no column is headed “tma” or “file”, which say whose a row is"));
        }
        let mut rows = Vec::new();
        for (number, record) in lines.records().enumerate() {
            let record = record.map_err(|_| {
                unusable(&format!("row {} has other columns than the heading, or is not UTF-8", number + 1))
            })?;
            let field = |column: Option<usize>| {
                active(column.and_then(|column| record.get(column)).unwrap_or_default()).to_owned()
            };
            let line = record.position().map_or(0, csv::Position::line);
            let fields = record.iter().map(|field| active(field).to_owned()).collect();
            rows.push(Row { line, tma: field(tma), file: field(file), fields });
        }
        Ok(Self { path: path.to_owned(), heads, rows, decimal_comma })
    }

    pub(crate) fn has(&self, column: &str) -> bool {
        self::column(&self.heads, column).is_some()
    }

    /// The headings.
    pub(crate) fn heads(&self) -> &[String] {
        &self.heads
    }

    /// What stands in a column; none where it is empty or not there.
    pub(crate) fn text<'a>(&self, row: &'a Row, column: &str) -> Option<&'a str> {
        row.fields
            .get(self::column(&self.heads, column)?)
            .map(String::as_str)
            .filter(|field| !field.is_empty())
    }

    /// The number in a column; none where it is empty or not there.
    pub(crate) fn number(&self, row: &Row, column: &str) -> Result<Option<f64>, Failure> {
        let Some(field) = self.text(row, column) else { return Ok(None) };
        let number = if self.decimal_comma { field.replace(',', ".") } else { field.to_owned() };
        match number.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(self.fault(row, &format!("“{column}” is no number"))),
        }
    }

    /// What is wrong with a row, by its line.
    pub(crate) fn fault(&self, row: &Row, what: &str) -> Failure {
        Failure::data(format!("Line {} of {}: {what}.", row.line, self.path.display()))
    }

    /// Tells on standard error of lines that are about no TMA.
    pub(crate) fn tell_strays(&self, strays: &[u64]) {
        if strays.is_empty() {
            return;
        }
        let lines = strays.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        anstream::eprintln!("awap: {} is about no TMA that was read, on line {lines}.", self.path.display());
    }

    /// Finds the row of each TMA: by its code, by the path of its file, or by the file's name where only one has that name.
    pub(crate) fn join(&self, tmas: &[Tma<'_>]) -> Result<Joined<'_>, Failure> {
        let mut joined = Joined { rows: tmas.iter().map(|_| None).collect(), strays: Vec::new() };
        for row in &self.rows {
            match row.about(tmas).as_slice() {
                [] => joined.strays.push(row.line),
                [at] => {
                    if let Some(slot) = joined.rows.get_mut(*at)
                        && let Some(other) = slot.replace(row)
                    {
                        let what = format!("it is about the same TMA as line {}", other.line);
                        return Err(self.fault(row, &what));
                    }
                }
                several => {
                    let what = format!(
                        "{} TMAs have a file of that name: give its path in the folder",
                        several.len()
                    );
                    return Err(self.fault(row, &what));
                }
            }
        }
        Ok(joined)
    }
}

impl Row {
    fn about(&self, tmas: &[Tma<'_>]) -> Vec<usize> {
        let which = |is: &dyn Fn(&Tma<'_>) -> bool| -> Vec<usize> {
            tmas.iter().enumerate().filter(|(_, tma)| is(tma)).map(|(at, _)| at).collect()
        };
        if !self.tma.is_empty() && tmas.iter().any(|tma| tma.code.is_some()) {
            return which(&|tma| tma.code == Some(&self.tma));
        }
        if self.file.is_empty() {
            return Vec::new();
        }
        let file = composed(Path::new(&self.file));
        let by_path = which(&|tma| tma.file.is_some_and(|path| composed(path) == file));
        if !by_path.is_empty() {
            return by_path;
        }
        let name = |path: &Path| path.file_name().map(|name| composed(Path::new(name)));
        which(&|tma| tma.file.and_then(name).as_ref() == Some(&file))
    }
}

/// A field without the apostrophe that keeps a spreadsheet from taking it for a formula.
fn active(field: &str) -> &str {
    field.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@'])).unwrap_or(field)
}

/// The column that is headed `name`, else one that is so but for capitals and spaces.
fn column(heads: &[String], name: &str) -> Option<usize> {
    let exact = heads.iter().position(|head| head == name);
    exact.or_else(|| heads.iter().position(|head| is_headed(head, name)))
}

/// Whether a heading is `name` but for capitals and spaces: `Given name` for `given_name`.
pub(crate) fn is_headed(head: &str, name: &str) -> bool {
    head == name || head.replace(' ', "_").eq_ignore_ascii_case(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Table, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("marks.csv");
        std::fs::write(&path, text).unwrap();
        Table::read(&path)
    }

    fn known<'a>(code: &'a str, file: &'a str) -> Tma<'a> {
        Tma { code: Some(code), file: Some(Path::new(file)) }
    }

    #[test]
    fn a_row_is_found_by_code_path_or_name() {
        let marks = table("tma,file,mark\ntma-1,,7\n,b/x.md,8\n,z.md,9\n,gone.md,1\n").unwrap();
        let tmas = [
            known("tma-1", "a/x.md"),
            known("tma-2", "b/x.md"),
            known("tma-3", "c/z.md"),
            known("tma-4", "d"),
        ];
        let joined = marks.join(&tmas).unwrap();
        let found: Vec<Option<f64>> =
            joined.rows.iter().map(|row| row.and_then(|row| marks.number(row, "mark").unwrap())).collect();
        assert_eq!(found, [Some(7.0), Some(8.0), Some(9.0), None]);
        assert_eq!(joined.strays, [5]);
        let marks = table("file,mark\n'@x.md,8\n").unwrap();
        assert_eq!(
            marks.join(&[known("tma-1", "@x.md")]).unwrap().strays,
            [0; 0],
            "as our own tables have it"
        );
    }

    #[test]
    fn no_mark_goes_to_another_students_work() {
        let tmas = [known("tma-1", "a/x.md"), known("tma-2", "b/x.md")];
        let fault = |text: &str| table(text).unwrap().join(&tmas).err().unwrap().message;
        assert!(fault("file,mark\nx.md,7\n").contains("2 TMAs have a file of that name"));
        assert!(fault("file,mark\na/x.md,7\na/x.md,8\n").contains("Line 3"));
    }

    #[test]
    fn a_spreadsheet_of_another_country_is_read_too() {
        let marks = table("\u{feff}file;mark\r\nx.md;7,5\r\n").unwrap();
        assert_eq!(marks.number(&marks.rows[0], "mark").unwrap(), Some(7.5));
        let marks = table("file,mark\nx.md,good\n").unwrap();
        assert!(marks.number(&marks.rows[0], "mark").unwrap_err().message.contains("Line 2"));
        assert!(table("name,mark\nx,1\n").err().unwrap().message.contains("“tma” or “file”"));
    }
}
