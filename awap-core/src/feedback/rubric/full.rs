//! The full form, `awap:rubric/1`.

use std::collections::HashSet;

use super::{
    Band, Criterion, Head, Level, Node, Penalties, Rounding, Rubric, RubricQuestion, default_bands,
    normal_question_id,
};
use crate::Result;
use crate::feedback::criteria;

const ROOT: [&str; 11] = [
    "schema",
    "rubric_id",
    "version",
    "module_code",
    "tma",
    "max_mark",
    "bands",
    "rounding",
    "penalties",
    "tone",
    "questions",
];

/// Marks that a person adds up agree to a thousandth.
const SLACK: f64 = 1e-3;

/// Reads a rubric of the full form.
pub(super) fn load(root: &Node<'_>) -> Result<Rubric> {
    let schema = root.required("schema")?;
    if schema.string()? != "awap:rubric/1" {
        return Err(schema.fault("This form of rubric is not known; “awap:rubric/1” is."));
    }
    root.only(&ROOT)?;
    let id = root.required("rubric_id")?.string()?.to_owned();
    root.maybe("version", |n| n.string().map(|_| ()))?;
    root.maybe("module_code", |n| check_module_code(n))?;
    root.maybe("tma", |n| check_tma(n))?;
    let max_mark = root.or("max_mark", 100.0, positive)?;
    let rounding = root.or("rounding", Rounding::HalfUpInt, |n| {
        n.choice(&[
            ("none", Rounding::None),
            ("half_up_int", Rounding::HalfUpInt),
            ("half_up_0.5", Rounding::HalfUpHalf),
        ])
    })?;
    let (max_words, keeps_tone) = root.or("tone", (500, true), |tone| {
        tone.or("voice", (), |n| n.choice(&[("second_person", ())]))?;
        let words = tone.or("max_words", 500, |n| n.count(60))?;
        Ok((
            words as usize,
            tone.or("profile", true, |n| n.choice(&[("openmentor", true), ("none", false)]))?,
        ))
    })?;
    let questions = root.required("questions")?;
    Ok(Rubric {
        form: "awap:rubric/1",
        id,
        max_mark,
        bands: root.or("bands", default_bands(), load_bands)?,
        rounding,
        penalties: root.or("penalties", Penalties::default(), Penalties::load)?,
        max_words,
        keeps_tone,
        questions: load_questions(&questions, max_mark)?,
        errors: Vec::new(),
        bonuses: Vec::new(),
        sha256: String::new(),
    })
}

fn positive(node: &Node<'_>) -> Result<f64> {
    let n = node.number_within(0.0, 1e6)?;
    if n > 0.0 { Ok(n) } else { Err(node.fault(format!("“{}” must be greater than 0.", node.path()))) }
}

fn check_module_code(node: &Node<'_>) -> Result<()> {
    let code = node.string()?;
    let letters = code.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = code.bytes().skip(letters).take_while(u8::is_ascii_digit).count();
    let rest = code.get(letters + digits..).unwrap_or_default().as_bytes();
    let ok = (1..=3).contains(&letters)
        && (2..=4).contains(&digits)
        && rest.len() <= 1
        && rest.iter().all(u8::is_ascii_uppercase);
    if ok {
        Ok(())
    } else {
        Err(node.fault("A module code is one to three capitals and two to four digits, as in TM112."))
    }
}

fn check_tma(node: &Node<'_>) -> Result<()> {
    let tma = node.string()?;
    if tma.len() == 2 && tma.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(node.fault("The number of a TMA is two digits, as in “02”."))
}

fn load_bands(node: &Node<'_>) -> Result<Vec<Band>> {
    let mut bands: Vec<Band> = Vec::new();
    for item in node.list()? {
        let band = Band {
            name: item.required("name")?.text()?.to_owned(),
            min: item.required("min")?.number_within(0.0, 100.0)?,
        };
        if bands.last().is_some_and(|last| last.min <= band.min) {
            return Err(item.fault("Bands go from the highest minimum to the lowest."));
        }
        bands.push(band);
    }
    if bands.is_empty() {
        return Err(node.fault("A rubric with bands has at least one."));
    }
    Ok(bands)
}

fn load_questions(node: &Node<'_>, max_mark: f64) -> Result<Vec<RubricQuestion>> {
    let list = node.list()?;
    if list.is_empty() {
        return Err(node.fault("A rubric has at least one question."));
    }
    let mut questions = Vec::with_capacity(list.len());
    let mut ids = HashSet::new();
    let mut criteria_ids = HashSet::new();
    for item in &list {
        let id_node = item.required("id")?;
        let id = normal_question_id(id_node.text()?);
        if !ids.insert(id.clone()) {
            return Err(id_node.fault("Another question of this rubric has this id."));
        }
        item.maybe("title", |n| n.string().map(|_| ()))?;
        item.maybe("sources", |n| n.texts().map(|_| ()))?;
        let max = item.required("max_mark")?;
        questions.push(RubricQuestion {
            id,
            max_mark: positive(&max)?,
            prompt: item.or("prompt", String::new(), |n| n.string().map(str::to_owned))?,
            criteria: load_criteria(&item.required("criteria")?, &max, &mut criteria_ids)?,
        });
    }
    let sum: f64 = questions.iter().map(|q| q.max_mark).sum();
    if (sum - max_mark).abs() > SLACK {
        return Err(node
            .fault(format!(
                "The questions' marks add up to {sum}, and the rubric's “max_mark” is {max_mark}."
            ))
            .with("sum", sum)
            .with("expected", max_mark));
    }
    Ok(questions)
}

fn load_criteria(node: &Node<'_>, max: &Node<'_>, ids: &mut HashSet<String>) -> Result<Vec<Criterion>> {
    let list = node.list()?;
    if list.is_empty() {
        return Err(node.fault("A question has at least one criterion."));
    }
    let mut out = Vec::with_capacity(list.len());
    for item in &list {
        let criterion = load_criterion(item)?;
        if !ids.insert(criterion.head.id.clone()) {
            return Err(item.required("id")?.fault("Another criterion of this rubric has this id."));
        }
        out.push(criterion);
    }
    let sum: f64 = out.iter().map(|c| c.head.max_mark).sum();
    let wanted = max.number()?;
    if (sum - wanted).abs() > SLACK {
        return Err(max
            .fault(format!(
                "The criteria's marks add up to {sum}, and the question's “max_mark” is {wanted}."
            ))
            .with("sum", sum)
            .with("expected", wanted));
    }
    Ok(out)
}

fn load_criterion(node: &Node<'_>) -> Result<Criterion> {
    let max_mark = node.required("max_mark")?.number_within(0.0, 1e6)?;
    let mut levels = node.or("levels", Vec::new(), |n| load_levels(n, max_mark))?;
    levels.sort_by(|a, b| a.score.total_cmp(&b.score));
    let mut comments = Vec::new();
    if let Some(bank) = node.get("comments")? {
        for (key, list) in bank.members()? {
            let texts = list.texts()?.iter().map(|n| n.text().map(str::to_owned)).collect::<Result<_>>()?;
            comments.push((key.to_owned(), texts));
        }
    }
    let by_level = node
        .maybe("moodle", |m| m.or("method", false, |n| n.choice(&[("rubric", true), ("guide", false)])))?
        .unwrap_or(false);
    let head = Head {
        id: node.required("id")?.text()?.to_owned(),
        title: node.required("title")?.text()?.to_owned(),
        description: node.or("description", String::new(), |n| n.string().map(str::to_owned))?,
        max_mark,
        by_level: by_level && !levels.is_empty(),
        levels,
        comments,
    };
    node.maybe("learning_outcome", |n| n.string().map(|_| ()))?;
    let kind = criteria::load(&node.required("kind")?, node.get("params")?.as_ref(), &head, node)?;
    Ok(Criterion { head, kind })
}

fn load_levels(node: &Node<'_>, max_mark: f64) -> Result<Vec<Level>> {
    node.list()?
        .iter()
        .map(|item| {
            Ok(Level {
                score: item.required("score")?.number_within(0.0, max_mark)?,
                definition: item.required("definition")?.string()?.trim().to_owned(),
            })
        })
        .collect()
}
