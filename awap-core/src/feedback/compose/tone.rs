//! The tone of our own comments: the Open University's `OpenMentor` profile, by band.

use serde_json::{Value, json};

/// What a sentence does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    /// A: says what was done well.
    Praise,
    /// B: teaches; says what to do.
    Teach,
    /// C: asks, to set the student thinking.
    Ask,
    /// D: says what is wrong.
    Criticise,
}

/// Per cent of praise, teaching, questions and criticism.
pub(crate) type Profile = [f64; 4];

/// How far a share may lie from its ideal, in points.
const SLACK: f64 = 10.0;

/// The ideal for a share of the marks, by the Open University's bands.
pub(super) fn ideal(share: f64) -> Profile {
    match share * 100.0 {
        s if s >= 85.0 => [30.0, 50.0, 15.0, 5.0],
        s if s >= 70.0 => [25.0, 50.0, 20.0, 5.0],
        s if s >= 55.0 => [15.0, 60.0, 20.0, 5.0],
        s if s >= 40.0 => [10.0, 60.0, 25.0, 5.0],
        _ => [5.0, 65.0, 25.0, 5.0],
    }
}

/// The greatest number of sentences of each tone, none more than `available`, that stay within `slack` points of
/// `ideal`; where no number does, those that come nearest.
pub(super) fn plan(ideal: &Profile, available: [usize; 4], most: usize, slack: f64) -> [usize; 4] {
    let mut best = ([0; 4], f64::INFINITY);
    let total: usize = available.iter().sum();
    for wanted in (1..=most.min(total)).rev() {
        let mut counts = [0usize; 4];
        for (count, (share, have)) in counts.iter_mut().zip(ideal.iter().zip(available)) {
            *count = ((share * wanted as f64 / 100.0).round() as usize).min(have);
        }
        // The rest goes to whatever tone is furthest below its share and still has something to say.
        while counts.iter().sum::<usize>() < wanted {
            let gap = |i: usize| ideal[i] - 100.0 * counts[i] as f64 / wanted as f64;
            let open = (0..4).filter(|i| counts[*i] < available[*i]);
            let Some(next) = open.max_by(|a, b| gap(*a).total_cmp(&gap(*b)).then(b.cmp(a))) else { break };
            counts[next] += 1;
        }
        while counts.iter().sum::<usize>() > wanted {
            let over = |i: usize| 100.0 * counts[i] as f64 / wanted as f64 - ideal[i];
            let Some(most) = (0..4).filter(|i| counts[*i] > 0).max_by(|a, b| over(*a).total_cmp(&over(*b)))
            else {
                break;
            };
            counts[most] -= 1;
        }
        let worst = distance(&shares(&counts), ideal);
        if worst <= slack {
            return counts;
        }
        if worst < best.1 - 1e-9 {
            best = (counts, worst);
        }
    }
    best.0
}

fn shares(counts: &[usize; 4]) -> Profile {
    let total = counts.iter().sum::<usize>().max(1) as f64;
    counts.map(|c| 100.0 * c as f64 / total)
}

fn distance(actual: &Profile, ideal: &Profile) -> f64 {
    actual.iter().zip(ideal).map(|(a, i)| (a - i).abs()).fold(0.0, f64::max)
}

fn counted(written: &[Tone]) -> [usize; 4] {
    let mut counts = [0; 4];
    for tone in written {
        counts[*tone as usize] += 1;
    }
    counts
}

/// Whether the sentences that were written keep within ten points of the ideal.
pub(super) fn keeps_to(written: &[Tone], ideal: &Profile) -> bool {
    keeps_counts(&counted(written), ideal)
}

fn keeps_counts(counts: &[usize; 4], ideal: &Profile) -> bool {
    off_by(counts, ideal) <= SLACK
}

/// How far the share that lies furthest from its ideal does so, in points.
pub(crate) fn off_by(counts: &[usize; 4], ideal: &Profile) -> f64 {
    distance(&shares(counts), ideal)
}

/// Whether sentences may be added to a text: with them it keeps to the ideal, or comes no further from it.
pub(crate) fn may_become(before: &[usize; 4], after: &[usize; 4], ideal: &Profile) -> bool {
    keeps_counts(after, ideal) || off_by(after, ideal) <= off_by(before, ideal)
}

/// The report: shares of the sentences that were written beside the ideal.
pub(super) fn report(written: &[Tone], ideal: &Profile) -> Value {
    report_counts(&counted(written), ideal)
}

const LETTERS: [&str; 4] = ["A", "B", "C", "D"];

/// The report for so many sentences of each tone.
pub(crate) fn report_counts(counts: &[usize; 4], ideal: &Profile) -> Value {
    let actual = shares(counts).map(|s| (s * 10.0).round() / 10.0);
    let map =
        |p: &Profile| LETTERS.iter().zip(p).map(|(k, v)| ((*k).to_owned(), json!(v))).collect::<Value>();
    json!({
        "actual": map(&actual),
        "ideal": map(ideal),
        "sentences": counts.iter().sum::<usize>(),
        "within_ten_points": keeps_counts(counts, ideal),
    })
}

/// How many sentences of each tone a report counts, and its ideal; none where it is not one of ours.
pub(crate) fn read_report(report: &Value) -> Option<([usize; 4], Profile)> {
    let sentences = usize::try_from(report.get("sentences")?.as_u64()?).ok().filter(|n| *n <= 1000)?;
    let (mut counts, mut ideal) = ([0; 4], [0.0; 4]);
    for (i, letter) in LETTERS.iter().enumerate() {
        // Shares are rounded to a tenth, of so few sentences that their number comes back whole.
        let share = report.get("actual")?.get(letter)?.as_f64().filter(|s| (0.0..=100.0).contains(s))?;
        counts[i] = (share * sentences as f64 / 100.0).round() as usize;
        ideal[i] = report.get("ideal")?.get(letter)?.as_f64().filter(|s| (0.0..=100.0).contains(s))?;
    }
    (counts.iter().sum::<usize>() == sentences).then_some((counts, ideal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plan_keeps_to_the_profile_where_there_is_enough_to_say() {
        let counts = plan(&ideal(0.72), [9, 20, 9, 2], 16, 8.0);
        assert_eq!(counts.iter().sum::<usize>(), 16);
        assert!(distance(&shares(&counts), &ideal(0.72)) <= 8.0);
    }

    proptest! {
        #[test]
        fn a_report_says_how_many_sentences_it_counts(counts in prop::array::uniform4(0usize..12), share in 0.0f64..1.0) {
            let ideal = ideal(share);
            prop_assert_eq!(read_report(&report_counts(&counts, &ideal)), Some((counts, ideal)));
        }

        #[test]
        fn a_plan_never_promises_what_is_not_there(a in 0usize..9, b in 0usize..9, c in 0usize..9, d in 0usize..3, most in 1usize..20, share in 0.0f64..1.0) {
            let have = [a, b, c, d];
            let counts = plan(&ideal(share), have, most, 8.0);
            prop_assert!(counts.iter().zip(have).all(|(n, h)| *n <= h));
            prop_assert!(counts.iter().sum::<usize>() <= most);
        }
    }
}
