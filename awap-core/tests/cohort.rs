//! A cohort's scripts beside each other: text in common with its places, markers apart and adrift, scripts unlike the rest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use awap_core::feedback::compare::{CohortScript, CompareOptions, Comparison, OutlierKind, compare};
use awap_core::text::Span;
use awap_core::{Deadline, ErrorCode};

const WORDS: &[&str] = &[
    "library", "member", "card", "consent", "privacy", "error", "council", "record", "camera", "trust",
    "cost", "benefit", "law", "fairness", "data", "staff", "visitor", "queue", "policy", "review", "town",
    "reader", "book", "door", "reason", "doubt",
];
const VERBS: &[&str] = &[
    "weighs",
    "protects",
    "questions",
    "needs",
    "limits",
    "shows",
    "changes",
    "explains",
    "costs",
    "replaces",
];

/// Prose that no other seed has: sentences of words drawn by a small generator.
fn prose(seed: u64, sentences: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut pick = |list: &[&'static str]| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        list[(state >> 33) as usize % list.len()]
    };
    let sentence = |_| {
        format!(
            "The {} {} the {} of each {} and the {} {} a {} near the {}.",
            pick(WORDS),
            pick(VERBS),
            pick(WORDS),
            pick(WORDS),
            pick(WORDS),
            pick(VERBS),
            pick(WORDS),
            pick(WORDS)
        )
    };
    (0..sentences).map(sentence).collect::<Vec<_>>().join(" ")
}

fn script(id: usize, text: String) -> CohortScript {
    CohortScript { id: format!("s{id}"), text, ..CohortScript::default() }
}

fn cohort(n: usize) -> Vec<CohortScript> {
    (0..n).map(|i| script(i, prose(i as u64 + 1, 30))).collect()
}

fn compared(scripts: &[CohortScript]) -> Comparison {
    compare(scripts, &CompareOptions::default(), &Deadline::never()).unwrap()
}

#[test]
fn scripts_written_apart_have_nothing_to_tell() {
    assert_eq!(compared(&cohort(40)).near_duplicates, []);
    assert_eq!(compared(&[]), Comparison::default());
}

#[test]
fn a_copied_paragraph_is_shown_at_its_places_in_both_and_survives_changed_words_and_case() {
    let mut scripts = cohort(20);
    let shared = prose(999, 6);
    scripts[3].text = format!("{} {shared} {}", prose(50, 15), prose(51, 4));
    scripts[7].text =
        format!("{}\n\n{} {}", prose(52, 2), shared.to_uppercase().replace("CAMERA", "lens"), prose(53, 18));
    let found = compared(&scripts).near_duplicates;
    let [pair] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((pair.a.as_str(), pair.b.as_str()), ("s3", "s7"));
    assert!(!pair.passages.is_empty() && pair.words >= 60);
    let folded = |t: &str| t.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
    for p in &pair.passages {
        let (a, b) = (&scripts[3].text[p.a_start..p.a_end], &scripts[7].text[p.b_start..p.b_end]);
        assert_eq!(folded(a), folded(b));
        assert_eq!(a.split_whitespace().count(), p.words);
    }
}

#[test]
fn what_is_quoted_or_the_questions_or_everybodys_is_nobodys() {
    let quoted = format!("“{}”", prose(777, 5));
    let prompt = prose(778, 5);
    let template = prose(779, 5);
    let mut scripts = cohort(20);
    for script in &mut scripts {
        script.text = format!("{template} {}", script.text);
    }
    for i in [2, 5] {
        scripts[i].text = format!("{prompt} {} {quoted}", scripts[i].text);
    }
    let options = CompareOptions { prompt, ..CompareOptions::default() };
    assert_eq!(compare(&scripts, &options, &Deadline::never()).unwrap().near_duplicates, []);
}

#[test]
fn what_is_set_aside_is_like_nothing_wherever_it_stands_and_however_it_overlaps() {
    let list = prose(780, 6);
    let mut scripts = cohort(20);
    scripts[2].text = format!("{} {list}", scripts[2].text);
    scripts[5].text = format!("{list} {}", scripts[5].text);
    assert_eq!(compared(&scripts).near_duplicates.len(), 1);
    let end = scripts[2].text.len();
    let start = end - list.len();
    // Out of order, one within another, and past the text.
    scripts[2].aside = [(start + 40, end + 9), (start + 5, start + 20), (start, start + 60)]
        .map(|(a, b)| Span::new(a, b))
        .into();
    assert_eq!(compared(&scripts).near_duplicates, []);
}

#[test]
fn a_ring_of_copies_is_found_whole() {
    let mut scripts = cohort(40);
    for i in 0..6 {
        scripts[i * 5].text = format!("{} {}", prose(900 + i as u64, 3), prose(888, 25));
    }
    assert_eq!(compared(&scripts).near_duplicates.len(), 15);
}

#[test]
fn a_generous_marker_and_one_who_tires_are_told_and_fair_ones_are_not() {
    let mut scripts = cohort(60);
    for (i, script) in scripts.iter_mut().enumerate() {
        let expected = 50.0 + (i * 7 % 30) as f64;
        let noise = (i * 5 % 7) as f64 - 3.0;
        let (marker, added) = match i % 3 {
            0 => ("fair", 0.0),
            1 => ("generous", 6.0),
            _ => ("tiring", if i < 30 { 3.0 } else { -5.0 }),
        };
        script.expected = Some(expected);
        script.score = Some(expected + noise + added);
        script.marker = Some(marker.to_owned());
        script.marked_at = Some(format!("2026-11-{:02}T10:{:02}:00Z", 1 + i / 10, i % 10));
    }
    let reports = compared(&scripts).markers;
    let names: Vec<&str> = reports.iter().map(|r| r.marker.as_str()).collect();
    assert_eq!(names, ["fair", "generous", "tiring"]);
    assert!(reports.iter().all(|r| r.against_expected && r.scripts == 20));
    let notable =
        |i: usize| (reports[i].beside_others.unwrap().notable, reports[i].over_time.unwrap().notable);
    assert_eq!(notable(1), (true, false), "{reports:?}");
    assert!(notable(2).1 && reports[2].over_time.unwrap().difference < -5.0, "{reports:?}");
    assert!(!notable(0).1);
    // With too few scripts nothing is said.
    assert!(
        compared(&scripts[..12]).markers.iter().all(|r| r.beside_others.is_none() && r.over_time.is_none())
    );
}

#[test]
fn scripts_unlike_the_rest_are_told() {
    let mut scripts = cohort(30);
    for (i, script) in scripts.iter_mut().enumerate() {
        script.text = prose(i as u64 + 1, 28 + i % 5);
        script.expected = Some(60.0);
        script.score = Some(58.0 + (i % 5) as f64);
    }
    scripts[4].text = prose(4, 3);
    scripts[9].score = Some(20.0);
    let found: Vec<(String, OutlierKind)> =
        compared(&scripts).outliers.into_iter().map(|o| (o.id, o.kind)).collect();
    assert_eq!(found, [("s4".to_owned(), OutlierKind::Length), ("s9".to_owned(), OutlierKind::Mark)]);
}

#[test]
fn the_order_of_scripts_does_not_matter() {
    let mut scripts = cohort(12);
    scripts[3].text = scripts[8].text.clone();
    let there = compared(&scripts);
    scripts.reverse();
    let back = compared(&scripts);
    assert_eq!(there.near_duplicates[0].share.to_bits(), back.near_duplicates[0].share.to_bits());
    assert_eq!(there.near_duplicates[0].a, back.near_duplicates[0].b);
}

#[test]
fn faults_are_named_by_path_and_a_deadline_holds() {
    let refused = |scripts: &[CohortScript], options: &CompareOptions| {
        let error = compare(scripts, options, &Deadline::never()).unwrap_err();
        error.details()["path"].as_str().unwrap().to_owned()
    };
    let options = CompareOptions::default();
    let mut doubled = cohort(3);
    doubled[2].id = "s0".to_owned();
    assert_eq!(refused(&doubled, &options), "scripts[2].id");
    let mut off = cohort(3);
    off[1].score = Some(f64::NAN);
    assert_eq!(refused(&off, &options), "scripts[1].score");
    assert_eq!(refused(&[], &CompareOptions { least_share: 0.0, ..options.clone() }), "options.least_share");
    assert_eq!(
        refused(&[], &CompareOptions { least_stretch: 2, ..options.clone() }),
        "options.least_stretch"
    );
    let deadline = Deadline::never();
    deadline.cancel();
    assert_eq!(compare(&cohort(3), &options, &deadline).unwrap_err().code(), ErrorCode::Timeout);
}
