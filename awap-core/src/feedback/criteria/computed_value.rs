//! `computed_value`: the right number, with its unit, and the method that leads to it.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::concepts::Point;
use super::{Finding, Kind, Outcome, Script, Sign};
use crate::Result;
use crate::feedback::answer::Standing;
use crate::feedback::rubric::{Head, Node, tidy};
use crate::feedback::terms::Matching;
use crate::text::Span;

/// A number as students write it: sign, thousands, decimals, a power of ten.
static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)[-−–+]?(?:\d{1,3}(?:[,\u{2009}\u{202F}]\d{3})+|\d+)(?:\.\d+)?
          (?:\s?[×x*·]\s?10\s?(?:\^|\*\*)?\s?(?P<power>[({]?[-−–]?[0-9⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+[)}]?)|[eE](?P<e>[-+]?\d+))?",
    )
    .ok()
});

/// Different numbers in one sentence or line beyond this are a list of guesses.
const GUESSES: usize = 6;

/// The value, how near is near enough, its unit, and the method.
#[derive(Debug)]
pub(super) struct ComputedValue {
    expected: f64,
    tolerance: f64,
    units: Vec<String>,
    value_marks: f64,
    method: Vec<Point>,
    method_marks: Vec<f64>,
    matching: Matching,
}

impl ComputedValue {
    pub(super) fn load(params: &Node<'_>, head: &Head) -> Result<Self> {
        params.only(&["expected", "tolerance", "tolerance_pct", "unit", "method", "match"])?;
        let expected = params.required("expected")?.number()?;
        if let (Some(both), Some(_)) = (params.get("tolerance_pct")?, params.get("tolerance")?) {
            return Err(both.fault("A tolerance is given as “tolerance” or as “tolerance_pct”, not as both."));
        }
        let tolerance = match params.get("tolerance_pct")? {
            Some(node) => expected.abs() * node.number_within(0.0, 100.0)? / 100.0,
            None => params.or("tolerance", 0.0, |n| n.number_within(0.0, f64::MAX))?,
        };
        let units = match params.get("unit")? {
            Some(node) if node.value().is_array() => {
                node.texts()?.iter().map(|n| n.text().map(str::to_owned)).collect::<Result<_>>()?
            }
            Some(node) => vec![node.text()?.to_owned()],
            None => Vec::new(),
        };
        let matching = Matching::load(params.get("match")?.as_ref())?;
        let (mut method, mut method_marks, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for (i, node) in params.or("method", Vec::new(), Node::list)?.iter().enumerate() {
            let marks = node.required("marks")?.number_within(0.0, head.max_mark)?;
            sum += marks;
            method.push(Point::load(node, i, marks, head.max_mark, &matching)?);
            method_marks.push(marks);
        }
        if sum > head.max_mark + 1e-3 {
            let node = params.required("method")?;
            return Err(node
                .fault(format!(
                    "The marks for method add up to {sum}, more than the criterion's “max_mark” of {}.",
                    head.max_mark
                ))
                .with("sum", sum)
                .with("expected", head.max_mark));
        }
        Ok(Self {
            expected,
            tolerance,
            units,
            value_marks: tidy(head.max_mark - sum),
            method,
            method_marks,
            matching,
        })
    }

    fn is_right(&self, value: f64) -> bool {
        // A decimal fraction has dust at its end.
        (value - self.expected).abs() <= self.tolerance + self.expected.abs() * 1e-9
    }

    /// Whether one of the units stands behind a number, or, where it is a sign (`£`), before it.
    fn has_unit(&self, after: &str, before: &str) -> bool {
        let seen = |c: &char| !c.is_whitespace();
        // No more is looked at than the longest unit needs: an answer may be thousands of numbers.
        let longest = self.units.iter().map(|unit| unit.chars().count()).max().unwrap_or_default();
        let before: Vec<char> = before.chars().rev().filter(seen).take(longest).collect();
        let before = before.into_iter().rev().collect::<String>().to_lowercase();
        self.units.iter().any(|unit| {
            after_unit(after, unit)
                .is_some_and(|rest| !unit.trim_end().ends_with(char::is_alphabetic) || !unit_goes_on(rest))
                || !unit.starts_with(char::is_alphabetic)
                    && before.ends_with(&unit.chars().filter(seen).collect::<String>().to_lowercase())
        })
    }
}

/// What follows `unit` at the beginning of `text`, in any case; blanks count only between two letters of the unit.
fn after_unit<'t>(text: &'t str, unit: &str) -> Option<&'t str> {
    let mut rest = text;
    let mut last = ' ';
    for wanted in unit.chars() {
        if !wanted.is_whitespace() {
            if !last.is_alphabetic() || !wanted.is_alphabetic() {
                rest = rest.trim_start();
            }
            let found = rest.chars().next()?;
            if !found.to_lowercase().eq(wanted.to_lowercase()) {
                return None;
            }
            rest = rest.get(found.len_utf8()..)?;
        }
        last = wanted;
    }
    Some(rest)
}

/// Whether what follows a unit makes it another one: `m` in `metres`, `m/s`, `m²`, `m s⁻¹` and `m per second`.
fn unit_goes_on(rest: &str) -> bool {
    if rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '^' | '⁻')) {
        return true;
    }
    let next = rest.trim_start();
    let power = next.chars().take(4).find(|c| !c.is_alphabetic());
    next.starts_with('/') || next.starts_with("per ") || matches!(power, Some('⁻' | '²' | '³' | '^'))
}

/// Bytes before a number that are looked at for words that give it as a result.
const LEAD_IN: usize = 48;

/// Whether the words before a number, or those after it, give it as the result: `is about 12`, `= 12`, `12 is the`.
fn is_told(before: &str, after: &str) -> bool {
    let from = (before.len().saturating_sub(LEAD_IN)..=before.len()).find(|at| before.is_char_boundary(*at));
    let lead = from.and_then(|at| before.get(at..)).unwrap_or_default();
    let lead = lead.trim_end().trim_end_matches(['£', '$', '€']).trim_end();
    if lead.ends_with(['=', '≈', ':', '→']) {
        return true;
    }
    let mut words = lead.rsplit(|c: char| c.is_whitespace()).map(str::to_lowercase).skip_while(|w| {
        matches!(w.as_str(), "about" | "approximately" | "roughly" | "exactly" | "to" | "around")
    });
    let told = words.next().is_some_and(|word| {
        matches!(
            word.as_str(),
            "is" | "was"
                | "be"
                | "are"
                | "equals"
                | "equal"
                | "gives"
                | "gave"
                | "get"
                | "got"
                | "find"
                | "found"
                | "makes"
                | "comes"
                | "came"
        )
    });
    let after = after.trim_start();
    told || after.starts_with("is the ") || after.starts_with("is my ")
}

/// A number of the answer.
#[derive(Debug, Clone, Copy)]
struct Number {
    value: f64,
    span: Span,
    /// The sentence or line that it stands in.
    around: Span,
    has_unit: bool,
    /// Whether the words around it give it as the result.
    is_told: bool,
}

fn parse(found: &str, power: Option<&str>) -> Option<f64> {
    let ascii = |s: &str| -> String {
        s.chars()
            .filter_map(|c| match c {
                '−' | '–' | '⁻' => Some('-'),
                '⁰' => Some('0'),
                '¹' => Some('1'),
                '²' => Some('2'),
                '³' => Some('3'),
                '⁴'..='⁹' => char::from_digit(c as u32 - '⁰' as u32, 10),
                c if c.is_ascii_digit() || matches!(c, '-' | '.') => Some(c),
                _ => None,
            })
            .collect()
    };
    let mantissa: String = found.split(['×', 'x', '*', '·', 'e', 'E']).next().map(ascii)?;
    let value: f64 = mantissa.parse().ok()?;
    let power: i32 = power.map_or(Some(0), |p| ascii(p).parse().ok())?;
    Some(value * 10f64.powi(power.clamp(-300, 300)))
}

impl ComputedValue {
    /// Every number of the answer, in order.
    fn numbers(&self, script: &Script<'_>) -> Vec<Number> {
        let Some(regex) = NUMBER.as_ref() else { return Vec::new() };
        let text = script.answer.text;
        let mut numbers = Vec::new();
        for region in &script.answer.spans {
            let body = region.of(text);
            for found in regex.captures_iter(body) {
                let Some(all) = found.get(0) else { continue };
                let lead = all.as_str().len() - all.as_str().trim_start_matches('+').len();
                let before = body.get(..all.start()).unwrap_or_default();
                let after = body.get(all.end()..).unwrap_or_default();
                // `x2`, `2nd`, `1.2.3` and the dash of a range are no values.
                let in_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.')
                    && !all.as_str().starts_with(['-', '−', '–', '+']);
                if in_word {
                    continue;
                }
                let range = all.as_str().starts_with(['-', '–', '−'])
                    && before.ends_with(|c: char| c.is_ascii_digit());
                let power = found.name("power").or(found.name("e")).map(|m| m.as_str());
                let Some(mut value) = parse(all.as_str(), power) else { continue };
                if range {
                    value = value.abs();
                }
                let span = Span::new(region.start + all.start() + lead, region.start + all.end());
                let place = script.answer.sentences.iter().find(|s| s.span.contains(span));
                if place.is_some_and(|s| {
                    matches!(s.standing, Standing::Repeated | Standing::Copied | Standing::Unread)
                }) {
                    continue;
                }
                let around = place.map_or_else(|| line_around(text, span), |s| s.span);
                let has_unit = self.has_unit(after, before);
                let behind = self.units.iter().find_map(|unit| after_unit(after, unit)).unwrap_or(after);
                numbers.push(Number { value, span, around, has_unit, is_told: is_told(before, behind) });
            }
        }
        numbers
    }
}

fn line_around(text: &str, span: Span) -> Span {
    let start = text.get(..span.start).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
    let end = text.get(span.end..).and_then(|t| t.find('\n')).map_or(text.len(), |i| span.end + i);
    let line = text.get(start..end).unwrap_or_default();
    let from = start + (line.len() - line.trim_start().len());
    Span::new(from, from + line.trim().len())
}

impl Kind for ComputedValue {
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome {
        let mut out = Outcome { confidence: 0.85, ..Outcome::default() };
        let mut score = self.value(script, &mut out);
        for (point, marks) in self.method.iter().zip(&self.method_marks) {
            let (id, label) = point.names();
            if let Some(hits) = point.found(script, &self.matching, true) {
                let spans: Vec<Span> = hits
                    .first()
                    .map(|h| {
                        h.sentence
                            .and_then(|s| script.answer.sentences.get(s))
                            .map_or_else(|| line_around(script.answer.text, h.span), |s| s.span)
                    })
                    .into_iter()
                    .collect();
                for span in &spans {
                    out.cite(script.answer.text, *span, id, true);
                }
                score += marks;
                out.step("computed_value.method", id, None, *marks);
                out.findings.push(Finding::point(
                    Sign::Done,
                    label,
                    spans,
                    hits.first().map(|h| h.span),
                    *marks,
                ));
            } else {
                out.missing.push(label.to_owned());
                out.step("computed_value.method", id, None, 0.0);
                out.findings.push(Finding::point(Sign::Missing, label, Vec::new(), None, *marks));
            }
        }
        out.score = Some(tidy(score.min(head.max_mark)));
        out
    }

    fn points(&self) -> Vec<(&str, &str)> {
        self.method.iter().map(Point::names).collect()
    }
}

impl ComputedValue {
    fn value(&self, script: &Script<'_>, out: &mut Outcome) -> f64 {
        let text = script.answer.text;
        let numbers = self.numbers(script);
        let right: Vec<&Number> = numbers.iter().filter(|n| self.is_right(n.value)).collect();
        let unit = self.units.first().map_or(String::new(), |u| format!(" {u}"));
        // The last that is right, with its unit where one is asked for.
        let best = right.iter().rev().find(|n| n.has_unit || self.units.is_empty()).or(right.last()).copied();
        let Some(best) = best else {
            out.step(
                "computed_value.value",
                json!(numbers.last().map(|n| n.value)),
                Some(json!({"tolerance": self.tolerance})),
                0.0,
            );
            self.say_wrong(numbers.last(), out);
            out.missing.push(format!("the value {}{unit}", self.expected));
            return 0.0;
        };
        let mut distinct: Vec<f64> =
            numbers.iter().filter(|n| n.around == best.around).map(|n| n.value).collect();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        if distinct.len() > GUESSES && self.method.is_empty() {
            out.reviews.push(("padding_suspected", json!({
                "message": "The right value stands among many others in one sentence: please see whether the student chose it.",
                "evidence": [{"start": best.around.start, "end": best.around.end, "quote": best.around.of(text)}],
            })));
            out.cite(text, best.around, "value", false);
            out.step("computed_value.guesses", distinct.len(), Some(json!(GUESSES)), 0.0);
            out.missing.push(format!("one value that is given as the result: {}{unit}", self.expected));
            out.findings.push(Finding::said(
                Sign::Wrong,
                "Several numbers are offered here, and I cannot tell which is your result.",
                "Give one, and say how you come to it.",
                vec![best.around],
                self.value_marks,
            ));
            return 0.0;
        }
        // A number of the data may be the one expected by chance; what is given as the result is another.
        let other = numbers.iter().find(|n| {
            n.is_told
                && n.span.start > best.span.end
                && !self.is_right(n.value)
                && (n.has_unit || !best.has_unit)
        });
        if let Some(other) = other.filter(|_| !best.is_told) {
            out.reviews.push(("low_confidence", json!({
                "message": "The right number stands in this answer, and another is given as the result: please read it.",
                "evidence": [{"start": other.around.start, "end": other.around.end, "quote": other.around.of(text)}],
            })));
            out.confidence = 0.4;
        }
        // Of what is said in another sentence, `The mean is 14`, only a person can tell whether it is the result.
        if let Some(other) = other.filter(|other| !best.is_told && other.around == best.around) {
            out.cite(text, other.around, "value", false);
            out.step("computed_value.value", other.value, Some(json!({"tolerance": self.tolerance})), 0.0);
            self.say_wrong(Some(other), out);
            out.missing.push(format!("the value {}{unit}", self.expected));
            return 0.0;
        }
        let mut earned = self.value_marks;
        out.cite(text, best.around, "value", true);
        out.step("computed_value.value", best.value, Some(json!({"tolerance": self.tolerance})), earned);
        if !self.units.is_empty() && !best.has_unit {
            let lost = tidy(earned / 2.0);
            earned -= lost;
            out.step("computed_value.unit", false, Some(json!(self.units)), -lost);
            out.missing.push(format!("the unit of the result ({})", self.units.join(" or ")));
            out.findings.push(
                Finding::said(
                    Sign::Missing,
                    "Your result is right as a number, but it has no unit, or not the right one.",
                    "Carry the units through each line of the calculation: they then tell you what the result is in.",
                    vec![best.around],
                    lost,
                )
                .asking("What would a reader take your result to be: metres, seconds, pounds?"),
            );
        } else {
            let what = format!("You arrive at the right value, {}", best.span.of(text).trim());
            out.findings.push(Finding::said(
                Sign::Done,
                format!("{what}."),
                "",
                vec![best.around],
                self.value_marks,
            ));
        }
        // Something else after it may be what the student means.
        let last = numbers.iter().rev().find(|n| n.has_unit || self.units.is_empty());
        if let Some(last) = last
            .filter(|l| l.span.start > best.around.end && !self.is_right(l.value) && !self.units.is_empty())
        {
            out.confidence = 0.45;
            out.cite(text, last.around, "value", false);
        }
        earned
    }

    fn say_wrong(&self, last: Option<&Number>, out: &mut Outcome) {
        let evidence: Vec<Span> = last.map(|n| n.around).into_iter().collect();
        let (what, advice) = match last {
            Some(_) => (
                "The value that you arrive at is not the one expected.",
                "Work it through again line by line, and check at each whether the size of the number is plausible.",
            ),
            None => (
                "I found no numerical result in this answer.",
                "State it at the end on a line of its own, with its unit.",
            ),
        };
        let sign = if last.is_some() { Sign::Wrong } else { Sign::Missing };
        out.findings.push(
            Finding::said(sign, what, advice, evidence, self.value_marks)
                .asking("Roughly how large did you expect the result to be, before you calculated it?"),
        );
    }
}

/// Whether a text is a number (for tests of the reader).
#[cfg(test)]
fn read(text: &str) -> Vec<f64> {
    let Some(regex) = NUMBER.as_ref() else { return Vec::new() };
    let power = |c: &regex::Captures<'_>| c.name("power").or(c.name("e")).map(|m| m.as_str().to_owned());
    regex.captures_iter(text).filter_map(|c| parse(c.get(0)?.as_str(), power(&c).as_deref())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_students_write_them() {
        for (text, want) in [
            ("42", &[42.0][..]),
            ("1,234.5 m", &[1234.5]),
            ("−3.2", &[-3.2]),
            ("3.2 × 10^4", &[32000.0]),
            ("3.2 x 10⁻²", &[0.032]),
            ("6.02e23", &[6.02e23]),
            ("1.6 × 10^(-19) C", &[1.6e-19]),
            ("about 12 and 13.5", &[12.0, 13.5]),
        ] {
            let got = read(text);
            assert_eq!(got.len(), want.len(), "{text}: {got:?}");
            assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() <= w.abs() * 1e-12), "{text}: {got:?}");
        }
    }
}
