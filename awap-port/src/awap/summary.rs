//! What a batch leaves beside the feedback: `marks.csv`, `report.md`, the key from codes to names, and a word at the
//! terminal.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::arguments::{Batch, Common};
use crate::failure::{Failure, advice};
use crate::files;
use crate::ledger::{Done, End, Failed, Ledger};
use crate::show::{self, BAD, BOLD, GOOD, LOOK, count, number};

/// Failures named at the terminal before the report is pointed to.
const MOST: usize = 20;

/// How one TMA of this batch ended.
pub(crate) struct Ended {
    /// The file or folder it came from.
    pub(crate) path: PathBuf,
    pub(crate) end: End,
    /// Whether an earlier run did it.
    pub(crate) earlier: bool,
}

/// Writes the files and prints. What a tutor entered into a table or report that is there is kept aside, and said.
pub(crate) fn write(
    ended: &[Ended],
    ledger: &Ledger,
    arguments: &Batch,
    common: &Common,
) -> Result<(), Failure> {
    let out = &arguments.out;
    for (name, content) in
        [("marks.csv", marks(ended, common.names)), ("report.md", report(ended).into_bytes())]
    {
        let aside = files::write_over(&out.join(name), &content, ledger.written(name))?;
        ledger.wrote(name, files::digest(&content))?;
        if let Some(aside) = aside.as_deref().and_then(Path::file_name) {
            anstream::eprintln!(
                "awap: {name} was edited since; as it was it is now {}.",
                aside.to_string_lossy()
            );
        }
    }
    if let Some(path) = &arguments.key_to_names {
        key_to_names(path, ended, &arguments.folder)?;
    }
    let text = if common.json { as_json(ended) } else { as_text(ended, out) };
    show::print(&text)
}

fn done(ended: &[Ended]) -> impl Iterator<Item = &Done> {
    ended.iter().filter_map(|ended| match &ended.end {
        End::Done(done) => Some(done.as_ref()),
        End::Failed(_) => None,
    })
}

fn failed(ended: &[Ended]) -> impl Iterator<Item = &Failed> {
    ended.iter().filter_map(|ended| match &ended.end {
        End::Failed(failed) => Some(failed),
        End::Done(_) => None,
    })
}

/// Columns of the table of marks that are no criterion's.
pub(crate) const HEADS: [&str; 10] =
    ["tma", "status", "mark", "lowest", "highest", "max_mark", "band", "words", "to_look_at", "feedback"];

/// The table of marks, one row a TMA, those that failed too; a column for each criterion.
fn marks(ended: &[Ended], names: bool) -> Vec<u8> {
    let criteria: Vec<String> = done(ended)
        .next()
        .map(|done| done.criteria.iter().map(|criterion| criterion.id.clone()).collect())
        .unwrap_or_default();
    let mut rows: Vec<Vec<String>> = Vec::with_capacity(ended.len() + 1);
    let mut heads: Vec<String> = if names { vec!["file".to_owned()] } else { Vec::new() };
    heads.extend(HEADS.map(str::to_owned));
    heads.extend(criteria.iter().cloned());
    rows.push(heads);
    for ended in ended {
        let mut row = Vec::new();
        match &ended.end {
            End::Done(done) => {
                if names {
                    row.push(done.file.clone().unwrap_or_default());
                }
                let [low, high] = done.range.map_or([None, None], |range| range.map(Some));
                let optional = |value: Option<f64>| value.map(number).unwrap_or_default();
                row.extend([
                    done.tma.clone(),
                    "marked".to_owned(),
                    optional(done.mark),
                    optional(low.or(done.mark)),
                    optional(high.or(done.mark)),
                    number(done.max_mark),
                    done.band.clone().unwrap_or_default(),
                    done.words.to_string(),
                    done.to_look_at.len().to_string(),
                    done.feedback.clone(),
                ]);
                row.extend(criteria.iter().map(|id| {
                    let criterion = done.criteria.iter().find(|criterion| criterion.id == *id);
                    optional(criterion.and_then(|criterion| criterion.score))
                }));
            }
            End::Failed(failed) => {
                if names {
                    row.push(failed.file.clone().unwrap_or_default());
                }
                row.extend([failed.tma.clone(), format!("failed: {}", failed.error.code())]);
                row.resize(rows.first().map_or(0, Vec::len), String::new());
            }
        }
        rows.push(row);
    }
    table(&rows)
}

fn table(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in rows {
        // Into memory, which takes all.
        let _ = writer.write_record(row.iter().map(|field| inert(field)));
    }
    writer.into_inner().unwrap_or_default()
}

/// A spreadsheet takes a field that begins so for a formula; an apostrophe makes it text. Numbers stay numbers.
fn inert(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']) && field.parse::<f64>().is_err();
    if formula { format!("'{field}") } else { field.to_owned() }
}

/// What failed and why, and what the tutor is to look at, TMA by TMA.
fn report(ended: &[Ended]) -> String {
    let mut out = format!("# Report\n\n{}.\n", counts(ended));
    if failed(ended).next().is_some() {
        out.push_str("\n## Not marked\n\n");
        for failed in failed(ended) {
            let _ = writeln!(out, "- {}: {}", name(&failed.tma, failed.file.as_deref()), why(failed));
        }
    }
    if done(ended).any(|done| !done.to_look_at.is_empty()) {
        out.push_str("\n## For you to look at\n");
        for done in done(ended).filter(|done| !done.to_look_at.is_empty()) {
            let _ = writeln!(out, "\n{}:\n", name(&done.tma, done.file.as_deref()));
            for reason in &done.to_look_at {
                let _ = writeln!(out, "- {reason}");
            }
        }
    }
    let kept: Vec<&Done> = done(ended).filter(|done| done.edited_kept_as.is_some()).collect();
    if !kept.is_empty() {
        out.push_str("\n## Edited feedback that was kept\n\n");
        for done in kept {
            let aside = done.edited_kept_as.as_deref().unwrap_or_default();
            let _ = writeln!(out, "- {} is now {aside}", done.feedback);
        }
    }
    out
}

fn counts(ended: &[Ended]) -> String {
    let marked = done(ended).count();
    let mut text = format!("{} marked", count(marked, "TMA", "TMAs"));
    let earlier = ended.iter().filter(|ended| ended.earlier).count();
    if earlier > 0 {
        let _ = write!(text, ", {earlier} of them before");
    }
    let failed = ended.len() - marked;
    if failed > 0 {
        let _ = write!(text, "; {failed} could not be");
    }
    text
}

fn name(tma: &str, file: Option<&str>) -> String {
    file.map_or_else(|| tma.to_owned(), |file| format!("{file} ({tma})"))
}

fn why(failed: &Failed) -> String {
    let advice = if failed.given_up { None } else { advice(failed.error.code()) };
    let advice = advice.map(|advice| format!(" {advice}")).unwrap_or_default();
    format!("{}{advice}", failed.error.message())
}

/// The columns of the key from codes to names.
const KEY: [&str; 3] = ["tma", "feedback", "file"];

/// Refuses to write the key from codes to names over what is none.
pub(crate) fn check_key(path: &Path) -> Result<(), Failure> {
    match std::fs::read(path) {
        Ok(there) if !there.is_empty() && !there.starts_with(KEY.join(",").as_bytes()) => {
            Err(Failure::configuration(format!(
                "--key-to-names would write over {}, which is no such key: give another file.",
                path.display()
            )))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::cannot_read(path, &error)),
    }
}

/// Which code is which file in the folder of the batch, for the tutor alone.
fn key_to_names(path: &Path, ended: &[Ended], folder: &Path) -> Result<(), Failure> {
    let mut rows = vec![KEY.map(str::to_owned).to_vec()];
    for ended in ended {
        let feedback = match &ended.end {
            End::Done(done) => done.feedback.clone(),
            End::Failed(_) => String::new(),
        };
        rows.push(vec![
            ended.end.tma().to_owned(),
            feedback,
            ended.path.strip_prefix(folder).unwrap_or(&ended.path).display().to_string(),
        ]);
    }
    files::write(path, &table(&rows))
}

fn as_json(ended: &[Ended]) -> String {
    let mut out = String::new();
    for ended in ended {
        let line = match &ended.end {
            End::Done(done) => {
                json!({"tma": done.tma, "success": true, "earlier": ended.earlier, "data": done})
            }
            End::Failed(failed) => {
                json!({"tma": failed.tma, "file": failed.file, "success": false, "error": failed.error})
            }
        };
        let _ = writeln!(out, "{line}");
    }
    out
}

fn as_text(ended: &[Ended], out: &Path) -> String {
    let mut text = String::new();
    let not_marked = failed(ended).count();
    let style = if not_marked == 0 { GOOD } else { LOOK };
    let _ = writeln!(text, "{style}{}{style:#}", counts(ended));
    for failed in failed(ended).take(MOST) {
        let line = format!("{}: {}", name(&failed.tma, failed.file.as_deref()), why(failed));
        let _ = write!(text, "{BAD}{}{BAD:#}", show::wrapped("  ✗ ", &line));
    }
    if not_marked > MOST {
        let _ = writeln!(text, "  and {} more", not_marked - MOST);
    }
    let to_look_at = done(ended).filter(|done| !done.to_look_at.is_empty()).count();
    if to_look_at > 0 {
        let _ = writeln!(text, "{} with something for you to look at", count(to_look_at, "TMA", "TMAs"));
    }
    for (file, what) in [("marks.csv", "the marks"), ("report.md", "what failed, and what to look at")] {
        let _ =
            writeln!(text, "{BOLD}{}{BOLD:#}  {what}", show::clean(&out.join(file).display().to_string()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_formula_and_a_number_stays_one() {
        for (field, written) in
            [("=1+1", "'=1+1"), ("@x", "'@x"), ("-2.5", "-2.5"), ("Ann, Other", "Ann, Other"), ("-a", "'-a")]
        {
            assert_eq!(inert(field), written);
        }
    }
}
