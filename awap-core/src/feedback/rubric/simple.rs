//! The simple form that tutors write: weighted criteria with descriptors, common errors, bonus points.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::{
    Band, Bonus, CommonError, Counted, Criterion, Head, Level, Node, OverLength, OverMode, Penalties,
    Rounding, Rubric, RubricQuestion, default_bands, normal_question_id, tidy,
};
use crate::Result;
use crate::feedback::criteria;
use crate::feedback::terms::{claim_words, content_words};
use crate::text::pattern;
use serde_json::Value;

/// `5 points per 100 words over, to a maximum of 10`; `10% of the mark`.
static PENALTY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(\d+(?:\.\d+)?)\s*(%|per ?cent|marks?|points?)?(?:.*?(?:per|for (?:each|every)|every)\s+(\d+)\s*words)?(?:.*?(?:max(?:imum)?(?: of)?|up to|cap(?:ped)?(?: at)?)\s*:?\s*(\d+(?:\.\d+)?))?",
    )
});

/// Reads a rubric of the simple form: one question an item.
pub(super) fn load(items: &[Node<'_>]) -> Result<Rubric> {
    let mut questions: Vec<RubricQuestion> = Vec::with_capacity(items.len());
    let (mut errors, mut bonuses) = (Vec::new(), Vec::new());
    let mut penalties = Penalties::default();
    let (mut bands, mut pass) = (None, None);
    let mut id = String::new();
    let mut ids = HashSet::new();
    for item in items {
        let total = item.required("total_points")?;
        let max_mark = total.number_within(0.0, 1e6)?;
        if max_mark <= 0.0 {
            return Err(total.fault(format!("“{}” must be greater than 0.", total.path())));
        }
        let question_id = match item.get("question_id")? {
            None => "1".to_owned(),
            Some(n) => normal_question_id(&scalar(&n)?),
        };
        if !ids.insert(question_id.clone()) {
            return Err(item.required("question_id")?.fault("Another question of this rubric has this id."));
        }
        if id.is_empty() {
            let module = item.or("module", "", Node::string)?;
            let title = item.or("title", "", Node::string)?;
            id = [module, title].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ");
        }
        errors.extend(item.or("common_errors", Vec::new(), |n| load_errors(n, max_mark))?);
        bonuses.extend(item.or("bonus_points", Vec::new(), |n| load_bonuses(n, max_mark))?);
        let passing = item.maybe("passing_grade", |n| n.number_within(0.0, max_mark.max(100.0)))?;
        if let Some(found) = item.maybe("grade_boundaries", |n| load_bands(n, max_mark))? {
            bands.get_or_insert(found);
        } else if let Some(least) = passing.filter(|least| *least > 0.0) {
            pass.get_or_insert_with(|| pass_or_fail(least, max_mark));
        }
        if let Some(mut over) = load_over_length(item)? {
            over.questions = Some(vec![question_id.clone()]);
            penalties.over_length = Some(match penalties.over_length.take() {
                None => over,
                // Limits of several questions make one limit on these together.
                Some(first) => OverLength {
                    limit_words: first.limit_words.zip(over.limit_words).map(|(a, b)| a + b),
                    questions: first.questions.zip(over.questions).map(|(a, b)| [a, b].concat()),
                    ..first
                },
            });
        }
        questions.push(RubricQuestion {
            prompt: item.or("prompt", String::new(), |n| n.string().map(str::to_owned))?,
            criteria: load_criteria(&item.required("criteria")?, &question_id, max_mark)?,
            id: question_id,
            max_mark,
        });
    }
    Ok(Rubric {
        form: "simple",
        id: if id.is_empty() { "simple".to_owned() } else { id },
        max_mark: questions.iter().map(|q| q.max_mark).sum(),
        bands: bands.or(pass).unwrap_or_else(default_bands),
        rounding: Rounding::HalfUpInt,
        penalties,
        max_words: 500,
        keeps_tone: true,
        questions,
        errors,
        bonuses,
        sha256: String::new(),
    })
}

/// A string, or a number as one.
fn scalar(node: &Node<'_>) -> Result<String> {
    match node.value() {
        Value::Number(n) => Ok(n.to_string()),
        _ => node.text().map(str::to_owned),
    }
}

fn load_criteria(node: &Node<'_>, question: &str, total: f64) -> Result<Vec<Criterion>> {
    let list = node.list()?;
    let weights: Vec<f64> =
        list.iter().map(|item| item.required("weight")?.number_within(0.0, 1e6)).collect::<Result<_>>()?;
    let sum: f64 = weights.iter().sum();
    // Weights are points, or shares of one, or per cent.
    let scale =
        [total, 1.0, 100.0].into_iter().find(|whole| (sum - whole).abs() < 1e-3).map(|whole| total / whole);
    let Some(scale) = scale else {
        return Err(node
            .fault(format!(
                "The weights add up to {sum}; they must add up to “total_points” ({total}), 100 or 1."
            ))
            .with("sum", sum)
            .with("expected", total));
    };
    let mut names = HashSet::new();
    list.iter()
        .zip(weights)
        .map(|(item, weight)| {
            let name = item.required("name")?;
            let title = name.text()?.to_owned();
            if !names.insert(title.to_lowercase()) {
                return Err(name.fault("Another criterion of this question has this name."));
            }
            let max_mark = tidy(weight * scale);
            let head = Head {
                id: format!("{question}-{}", slug(&title)),
                description: item.or("description", String::new(), |n| n.string().map(str::to_owned))?,
                title,
                max_mark,
                levels: item.or("levels", Vec::new(), |n| load_levels(n, weight, max_mark))?,
                by_level: false,
                comments: Vec::new(),
            };
            let kind = criteria::descriptors(&head, item)?;
            Ok(Criterion { head, kind })
        })
        .collect()
}

fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.to_lowercase().chars() {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_matches('-').to_owned()
}

fn load_levels(node: &Node<'_>, weight: f64, max_mark: f64) -> Result<Vec<Level>> {
    let list = node.list()?;
    let scores: Vec<f64> =
        list.iter().map(|item| item.required("score")?.number_within(0.0, 1e6)).collect::<Result<_>>()?;
    let top = scores.iter().copied().fold(0.0, f64::max);
    // Scores in points of the weight stand as they are; steps such as 0 to 4 are stretched to it.
    let factor =
        if (top - weight).abs() < 1e-6 || top <= 0.0 { max_mark / weight.max(1e-9) } else { max_mark / top };
    let mut levels = list
        .iter()
        .zip(scores)
        .map(|(item, score)| {
            let definition = item.required("descriptor")?.string()?.trim().to_owned();
            Ok(Level { score: tidy(score * factor).min(max_mark), definition })
        })
        .collect::<Result<Vec<_>>>()?;
    levels.sort_by(|a, b| a.score.total_cmp(&b.score));
    Ok(levels)
}

fn load_errors(node: &Node<'_>, total: f64) -> Result<Vec<CommonError>> {
    node.list()?
        .iter()
        .map(|item| {
            let text = item.required("error")?.text()?;
            let penalty = item.required("penalty")?;
            // A penalty is written as 5 or as −5; both take five marks off.
            let marks = penalty.number_within(-total, total)?.abs();
            Ok(CommonError { text: text.to_owned(), words: claim_words(text), penalty: marks })
        })
        .collect()
}

fn load_bonuses(node: &Node<'_>, total: f64) -> Result<Vec<Bonus>> {
    node.list()?
        .iter()
        .map(|item| {
            let text = item.required("description")?.text()?;
            let lower = text.to_lowercase();
            let cut =
                ["such as", "for example", "e.g.", "for instance"].iter().filter_map(|c| lower.find(c)).min();
            let (head, rest) = lower.split_at(cut.unwrap_or(lower.len()));
            let head = content_words(head);
            let examples = content_words(rest).into_iter().filter(|w| !head.contains(w)).collect();
            let points = item.required("points")?.number_within(0.0, total)?;
            Ok(Bonus { text: text.to_owned(), head, examples, points })
        })
        .collect()
}

/// `{name: least mark}`, in points or in per cent.
fn load_bands(node: &Node<'_>, total: f64) -> Result<Vec<Band>> {
    let mut bands = Vec::new();
    for (name, min) in node.members()? {
        bands.push(Band { name: name.to_owned(), min: min.number_within(0.0, total.max(100.0))? });
    }
    Ok(with_fail(bands, total))
}

/// Pass and Fail. Where the least that passes may be points or per cent, it is points, unless it would be a share of them that
/// is asked for nowhere, and can be per cent: of 60 points, 40 is; of 10, 7 is not.
fn pass_or_fail(least: f64, total: f64) -> Vec<Band> {
    const GREATEST_SHARE: f64 = 0.6;
    const LEAST_PER_CENT: f64 = 30.0;
    let pass = |min: f64| vec![Band { name: "Pass".to_owned(), min }];
    if total < 100.0 && least > total * GREATEST_SHARE && least >= LEAST_PER_CENT {
        return with_fail(pass(least / 100.0 * total), total);
    }
    with_fail(pass(least), total)
}

/// Bands in points or in per cent, as bands in per cent, highest first, down to 0.
fn with_fail(mut bands: Vec<Band>, total: f64) -> Vec<Band> {
    let highest = bands.iter().map(|b| b.min).fold(0.0, f64::max);
    let in_points = if total <= 100.0 { highest <= total } else { highest > 100.0 };
    if in_points {
        for band in &mut bands {
            band.min = tidy(band.min / total * 100.0);
        }
    }
    bands.sort_by(|a, b| b.min.total_cmp(&a.min));
    if bands.last().is_none_or(|lowest| lowest.min > 0.0) {
        bands.push(Band { name: "Fail".to_owned(), min: 0.0 });
    }
    bands
}

fn load_over_length(item: &Node<'_>) -> Result<Option<OverLength>> {
    let Some(limit) = item.maybe("word_limit", |n| n.count(1))? else { return Ok(None) };
    let mut over = OverLength {
        limit_words: Some(limit),
        // An allowance is the module's to give: none is assumed.
        tolerance_pct: item.or("word_limit_tolerance_pct", 0.0, |n| n.number_within(0.0, 100.0))?,
        mode: OverMode::NoteOnly,
        per_words: limit,
        marks: 0.0,
        cap: None,
        counted: Counted::default(),
        questions: None,
    };
    let Some(penalty) = item.get("word_limit_penalty")? else { return Ok(Some(over)) };
    match penalty.value() {
        Value::Number(_) => {
            over.mode = OverMode::MarksPerStep;
            over.marks = penalty.number_within(-1e6, 1e6)?.abs();
            over.cap = Some(over.marks);
        }
        Value::String(text) => {
            if let Some(found) = PENALTY.captures(text) {
                let number = |i: usize| found.get(i).and_then(|m| m.as_str().parse::<f64>().ok());
                let percent = found.get(2).is_some_and(|u| u.as_str().starts_with(['%', 'p', 'P']))
                    && found.get(2).is_some_and(|u| !u.as_str().to_lowercase().starts_with("point"));
                over.mode = if percent { OverMode::PercentOfMark } else { OverMode::MarksPerStep };
                over.marks = number(1).unwrap_or(0.0);
                over.cap = number(4);
                match number(3) {
                    Some(step) if step >= 1.0 => over.per_words = step as u64,
                    _ if percent => over.per_words = 0,
                    _ => over.cap = over.cap.or(Some(over.marks)),
                }
            }
        }
        _ => {
            return Err(penalty.fault(
                "“word_limit_penalty” is a number of marks, or a sentence such as “5 points per 100 words”.",
            ));
        }
    }
    Ok(Some(over))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_limit_penalties_are_read_as_tutors_write_them() {
        for (penalty, mode, marks, step, cap) in [
            ("5 points per 100 words over, to a maximum of 10", OverMode::MarksPerStep, 5.0, 100, Some(10.0)),
            ("1 mark for every 50 words", OverMode::MarksPerStep, 1.0, 50, None),
            ("10% of the mark", OverMode::PercentOfMark, 10.0, 0, None),
            ("2 points", OverMode::MarksPerStep, 2.0, 500, Some(2.0)),
            ("at the tutor's discretion", OverMode::NoteOnly, 0.0, 500, None),
        ] {
            let value = serde_json::json!({"word_limit": 500, "word_limit_penalty": penalty});
            let over = load_over_length(&Node::root(&value, "rubric")).unwrap().unwrap();
            assert_eq!((over.mode, over.per_words, over.cap), (mode, step, cap), "{penalty}");
            assert!((over.marks - marks).abs() < 1e-9, "{penalty}");
        }
    }

    #[test]
    fn a_mark_on_a_boundary_is_in_its_band() {
        for (total, least) in [(30.0, 20.0), (7.0, 3.0), (20.0, 17.0)] {
            let item = serde_json::json!({
                "question_id": 1, "total_points": total, "grade_boundaries": {"Pass": least},
                "criteria": [{"name": "A", "weight": total, "description": "dignity"}],
            });
            let rubric = load(&[Node::root(&item, "rubric")]).unwrap();
            let band = |mark: f64| rubric.band(mark / total * 100.0).unwrap().name.as_str();
            assert_eq!((band(least), band(least - 0.5)), ("Pass", "Fail"), "{least} of {total}");
        }
    }

    #[test]
    fn a_pass_mark_is_points_or_per_cent_and_boundaries_come_before_it() {
        let least = |items: Value| {
            let items: Vec<Value> = items.as_array().unwrap().clone();
            let items: Vec<Node<'_>> = items.iter().map(|item| Node::root(item, "rubric")).collect();
            let bands = load(&items).unwrap().bands;
            (bands[0].name.clone(), bands[0].min)
        };
        let item = |id: u32, total: f64, more: Value| {
            let mut item = serde_json::json!({
                "question_id": id, "total_points": total,
                "criteria": [{"name": "A", "weight": total, "description": "dignity"}],
            });
            item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            item
        };
        let pass = |least: f64| serde_json::json!({"passing_grade": least});
        let named = |name: &str, least: f64| (name.to_owned(), least);
        assert_eq!(least(serde_json::json!([item(1, 60.0, pass(40.0))])), named("Pass", 40.0));
        assert_eq!(least(serde_json::json!([item(1, 30.0, pass(12.0))])), named("Pass", 40.0));
        assert_eq!(least(serde_json::json!([item(1, 10.0, pass(7.0))])), named("Pass", 70.0));
        assert_eq!(least(serde_json::json!([item(1, 30.0, pass(21.0))])), named("Pass", 70.0));
        assert_eq!(least(serde_json::json!([item(1, 100.0, pass(70.0))])), named("Pass", 70.0));
        let bounds = serde_json::json!({"grade_boundaries": {"Merit": 30}});
        let both = serde_json::json!([item(1, 50.0, pass(20.0)), item(2, 50.0, bounds)]);
        assert_eq!(least(both), named("Merit", 60.0));
    }

    #[test]
    fn boundaries_are_points_or_per_cent() {
        for (boundaries, total, want) in [
            (serde_json::json!({"A": 17, "B": 10}), 20.0, vec![85.0, 50.0, 0.0]),
            (serde_json::json!({"Pass": 40}), 20.0, vec![40.0, 0.0]),
            (serde_json::json!({"Pass": 80, "Fail": 0}), 200.0, vec![80.0, 0.0]),
            (serde_json::json!({"Pass": 120}), 200.0, vec![60.0, 0.0]),
        ] {
            let bands = load_bands(&Node::root(&boundaries, "b"), total).unwrap();
            assert_eq!(bands.iter().map(|b| b.min).collect::<Vec<_>>(), want);
        }
    }
}
