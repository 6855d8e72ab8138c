//! `awap score`: the marks of a batch beside those that a tutor gave the same TMAs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use awap_core::feedback::calibrate::{Agreement, agreement};
use serde::Serialize;
use serde_json::json;

use crate::arguments::{Common, Score};
use crate::failure::{Failure, SOME_FAILED};
use crate::ledger::{self, Done};
use crate::show;
use crate::summary::HEADS;
use crate::table::{Row, Table, Tma, is_headed};

/// Marks no further apart than this share of the maximum are near.
const NEAR: f64 = 0.05;
/// TMAs named that are furthest apart.
const FURTHEST: usize = 5;
/// Columns that are no criterion's, beside those of the batch's own table.
const OTHERS: [&str; 4] = ["file", "marker", "marked_at", "expected"];

/// What came of it.
#[derive(Serialize)]
pub(crate) struct Scored {
    /// The marks of whole TMAs; none where the tutor's table has no column `mark`.
    pub(crate) overall: Option<Held>,
    /// Each criterion that the tutor's table has a column for, in the rubric's order.
    pub(crate) criteria: Vec<Held>,
    /// Whole marks that are furthest apart.
    pub(crate) furthest: Vec<Apart>,
    /// Columns of the tutor's table that no criterion has for its id.
    pub(crate) unknown_columns: Vec<String>,
    /// TMAs of the batch that the tutor's table has no row for.
    pub(crate) without_row: usize,
}

/// One kind of mark, AWAP's beside the tutor's.
#[derive(Serialize)]
pub(crate) struct Held {
    /// `mark`, or the criterion's id.
    pub(crate) id: String,
    pub(crate) max_mark: f64,
    /// Of AWAP's marks with the tutor's: `bias` is AWAP's less the tutor's.
    #[serde(flatten)]
    pub(crate) agreement: Agreement,
    /// The mean distance of the two marks.
    pub(crate) mean_distance: f64,
    /// The share of TMAs whose marks are no more than 5 % of the maximum apart.
    pub(crate) near: f64,
    /// TMAs whose mark AWAP left open: they are in none of these figures.
    pub(crate) open: usize,
}

/// One TMA whose marks differ.
#[derive(Serialize)]
pub(crate) struct Apart {
    pub(crate) tma: String,
    pub(crate) awap: f64,
    pub(crate) tutor: f64,
}

/// A TMA of the batch, with its row.
type Pair<'a> = (&'a Done, &'a Row);

pub(crate) fn run(arguments: &Score, common: &Common) -> Result<u8, Failure> {
    let marks = Table::read(&arguments.marks)?;
    let (done, failed) = ledger::ended(&arguments.folder)?;
    let done_files = done.iter().map(|done| (done.tma.as_str(), done.file.as_deref()));
    // A row that is about what could not be marked is about no other.
    let all: Vec<(&str, Option<&str>)> =
        done_files.chain(failed.iter().map(|failed| (failed.tma.as_str(), failed.file.as_deref()))).collect();
    let files = files(&all, arguments.key_to_names.as_deref())?;
    let known: Vec<Tma<'_>> = all
        .iter()
        .zip(&files)
        .map(|((code, _), file)| Tma { code: Some(code), file: file.as_deref() })
        .collect();
    let joined = marks.join(&known)?;
    let pairs: Vec<Pair<'_>> =
        done.iter().zip(&joined.rows).filter_map(|(done, row)| Some((done, (*row)?))).collect();
    if pairs.is_empty() {
        return Err(Failure::data(format!(
            "{} has marks of none of the TMAs of this batch. A row says whose they are by “tma”, as marks.csv has it, or by \
             “file” where the batch was made with --names or --key-to-names gives its key.",
            arguments.marks.display()
        )));
    }
    let scored = score(&marks, &pairs, done.len(), arguments.step, common.names)?;
    if scored.overall.is_none() && scored.criteria.is_empty() {
        return Err(Failure::data(format!(
            "{} has no marks to hold AWAP's against, in a column “mark” or one headed by a criterion's id as in marks.csv.",
            arguments.marks.display()
        )));
    }
    marks.tell_strays(&joined.strays);
    let text = if common.json {
        let mut data = serde_json::to_value(&scored).unwrap_or_default();
        data["lines_of_no_tma"] = joined.strays.clone().into();
        format!("{}\n", json!({"success": true, "data": data}))
    } else {
        show::scored::show(&scored)
    };
    show::print(&text)?;
    Ok(if joined.strays.is_empty() { 0 } else { SOME_FAILED })
}

fn score(marks: &Table, pairs: &[Pair<'_>], all: usize, step: f64, names: bool) -> Result<Scored, Failure> {
    let Some((first, _)) = pairs.first() else { return Err(Failure::data("There is nothing to compare.")) };
    let whole = Kind { marks, pairs, step, column: "mark", max_mark: first.max_mark };
    let overall = whole.held(|done| done.mark)?;
    let mut criteria = Vec::new();
    for criterion in &first.criteria {
        let id = criterion.id.as_str();
        let kind = Kind { marks, pairs, step, column: id, max_mark: criterion.max_mark };
        criteria.extend(
            kind.held(|done| done.criteria.iter().find(|own| own.id == id).and_then(|own| own.score))?,
        );
    }
    let mut furthest = Vec::new();
    for (done, row) in pairs {
        if let (Some(awap), Some(tutor)) = (done.mark, marks.number(row, "mark")?) {
            let name = done.file.clone().filter(|_| names).unwrap_or_else(|| done.tma.clone());
            furthest.push(Apart { tma: name, awap, tutor });
        }
    }
    furthest.retain(|apart| (apart.awap - apart.tutor).abs() > 1e-9);
    let distance = |apart: &Apart| (apart.awap - apart.tutor).abs();
    furthest.sort_by(|a, b| distance(b).total_cmp(&distance(a)).then_with(|| a.tma.cmp(&b.tma)));
    furthest.truncate(FURTHEST);
    let is_known = |head: &String| {
        let own = HEADS.iter().chain(&OTHERS).copied();
        own.chain(first.criteria.iter().map(|criterion| criterion.id.as_str()))
            .any(|own| is_headed(head, own))
    };
    let unknown_columns = marks.heads().iter().filter(|head| !is_known(head)).cloned().collect();
    Ok(Scored { overall, criteria, furthest, unknown_columns, without_row: all - pairs.len() })
}

/// One kind of mark, in a column of the tutor's table.
struct Kind<'a> {
    marks: &'a Table,
    pairs: &'a [Pair<'a>],
    step: f64,
    column: &'a str,
    max_mark: f64,
}

impl Kind<'_> {
    /// AWAP's marks beside the tutor's; none where the tutor gave none of the kind.
    fn held(&self, own: impl Fn(&Done) -> Option<f64>) -> Result<Option<Held>, Failure> {
        let (mut given, mut told, mut open) = (Vec::new(), Vec::new(), 0);
        for (done, row) in self.pairs {
            let Some(tutor) = self.marks.number(row, self.column)? else { continue };
            if !(0.0..=self.max_mark).contains(&tutor) {
                let what = format!("“{}” is not from 0 to {}", self.column, show::number(self.max_mark));
                return Err(self.marks.fault(row, &what));
            }
            match own(done) {
                Some(mark) => {
                    given.push(tutor);
                    told.push(mark);
                }
                None => open += 1,
            }
        }
        if given.is_empty() && open == 0 {
            return Ok(None);
        }
        let distances = given.iter().zip(&told).map(|(given, told)| (given - told).abs());
        let count = given.len().max(1) as f64;
        Ok(Some(Held {
            id: self.column.to_owned(),
            max_mark: self.max_mark,
            agreement: agreement(&given, &told, 0.0, self.max_mark, self.step),
            mean_distance: distances.clone().sum::<f64>() / count,
            near: distances.filter(|distance| *distance <= NEAR * self.max_mark + 1e-9).count() as f64
                / count,
            open,
        }))
    }
}

/// The file of each TMA (its code and, where the batch names it, its file), by the key from codes to names where there is one.
fn files(tmas: &[(&str, Option<&str>)], key: Option<&Path>) -> Result<Vec<Option<PathBuf>>, Failure> {
    let mut by_code = HashMap::new();
    if let Some(path) = key {
        let key = Table::read(path)?;
        let known: Vec<Tma<'_>> = tmas.iter().map(|(code, _)| Tma { code: Some(code), file: None }).collect();
        for ((code, _), row) in tmas.iter().zip(key.join(&known)?.rows) {
            if let Some(file) = row.and_then(|row| key.text(row, "file")) {
                by_code.insert(*code, PathBuf::from(file));
            }
        }
    }
    let file = |(code, file): &(&str, Option<&str>)| by_code.get(code).cloned().or(file.map(PathBuf::from));
    Ok(tmas.iter().map(file).collect())
}
