//! How fast texts are taken: MB in a second of processor time, so that a busy machine does not count.

use std::time::{Duration, Instant};

/// How long something is measured for at least, once it is warm.
const LEAST: Duration = Duration::from_millis(1_500);

/// How long one turn is at least, of something that is measured in turns with others. The system counts processor time in
/// steps of up to ten milliseconds.
const TURN: Duration = Duration::from_millis(100);

/// From how many bytes on texts are not gone through once before they are measured: they are long enough to warm up by.
const WARM: usize = 2_000_000;

/// Something that is done to a text and measured.
pub type Work<'a> = &'a dyn Fn(&str) -> awap_core::Result<()>;

/// MB a second of each of `works` over all `texts`, in turns, so that a machine whose speed changes is as fast for each.
pub fn rates(works: &[Work<'_>], texts: &[String]) -> awap_core::Result<Vec<f64>> {
    let bytes: usize = texts.iter().map(String::len).sum();
    if bytes < WARM {
        for work in works {
            round(*work, texts)?;
        }
    }
    let mut totals = vec![(0, Duration::ZERO); works.len()];
    while totals.iter().any(|(_, taken)| *taken < LEAST) {
        for (work, (rounds, taken)) in works.iter().zip(&mut totals) {
            let (more, time) = turn(*work, texts)?;
            *rounds += more;
            *taken += time;
        }
    }
    Ok(totals
        .iter()
        .map(|(rounds, taken)| bytes as f64 * f64::from(*rounds) / taken.as_secs_f64() / 1e6)
        .collect())
}

/// The same for one work.
pub fn rate(work: Work<'_>, texts: &[String]) -> awap_core::Result<f64> {
    Ok(rates(&[work], texts)?.into_iter().sum())
}

fn round(work: Work<'_>, texts: &[String]) -> awap_core::Result<()> {
    texts.iter().try_for_each(|text| work(text))
}

/// Whole rounds for at least [`TURN`]: how many, and the processor time they took.
fn turn(work: Work<'_>, texts: &[String]) -> awap_core::Result<(u32, Duration)> {
    let began = Instant::now();
    let start = processor_time(began);
    let mut rounds = 0;
    while rounds == 0 || began.elapsed() < TURN {
        round(work, texts)?;
        rounds += 1;
    }
    Ok((rounds, processor_time(began).saturating_sub(start)))
}

/// How long this thread has had a processor; where the system does not say, the time since `began`.
fn processor_time(began: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|t| t.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| began.elapsed(), Duration::from_nanos)
}

/// The `count` texts whose length is nearest to `size` bytes, or all if there are fewer, in the order in which they came.
pub fn nearest(texts: &[String], size: usize, count: usize) -> Vec<&String> {
    let mut texts: Vec<(usize, &String)> = texts.iter().enumerate().collect();
    texts.sort_by_key(|(_, text)| text.len().abs_diff(size));
    texts.truncate(count);
    texts.sort_unstable_by_key(|(at, _)| *at);
    texts.into_iter().map(|(_, text)| text).collect()
}

/// `texts` one after the other, again and again, `size` bytes of them or up to three fewer, so that no character is cut.
pub fn of_size(texts: &[String], size: usize) -> String {
    let mut text = String::with_capacity(size + 8_000);
    for more in texts.iter().filter(|t| !t.is_empty()).cycle() {
        if text.len() >= size {
            break;
        }
        text.push_str(more);
        text.push_str("\n\n");
    }
    let mut end = size.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn of_lengths(lengths: &[usize]) -> Vec<String> {
        lengths.iter().map(|n| "a".repeat(*n)).collect()
    }

    #[test]
    fn those_nearest_in_length_are_taken_in_their_order() {
        let lengths = |count| -> Vec<usize> {
            let texts = of_lengths(&[9, 4, 1, 6, 5]);
            nearest(&texts, 5, count).iter().map(|text| text.len()).collect()
        };
        assert_eq!(lengths(1), [5]);
        assert_eq!(lengths(3), [4, 6, 5]);
        assert_eq!(lengths(9), [9, 4, 1, 6, 5]);
        assert!(lengths(0).is_empty());
        assert!(nearest(&[], 5, 3).is_empty());
    }

    #[test]
    fn a_text_has_the_size_asked_for_and_no_broken_character() {
        let texts = vec!["ab".to_owned(), "é".to_owned()];
        assert_eq!(of_size(&texts, 8), "ab\n\né\n\n");
        assert_eq!(of_size(&texts, 5), "ab\n\n");
        assert_eq!(of_size(&texts, 1_000).len(), 1_000);
        assert_eq!(of_size(&[String::new()], 10), "");
    }

    #[test]
    fn every_work_sees_every_text_and_has_a_rate() {
        let texts = of_lengths(&[1_000, 2_000]);
        let seen = [Cell::new(0), Cell::new(0)];
        let first = |text: &str| -> awap_core::Result<()> {
            seen[0].set(seen[0].get() + text.len());
            Ok(())
        };
        let second = |text: &str| -> awap_core::Result<()> {
            seen[1].set(seen[1].get() + text.len());
            Ok(())
        };
        let rates = rates(&[&first, &second], &texts).unwrap_or_default();
        assert!(rates.len() == 2 && rates.iter().all(|r| r.is_finite() && *r > 0.0), "{rates:?}");
        assert!(seen.iter().all(|n| n.get() > 0 && n.get() % 3_000 == 0));
    }

    #[test]
    fn a_fault_ends_the_measurement() {
        let failing = |_: &str| Err(awap_core::Error::invalid_input("text", "no"));
        assert!(rate(&failing, &of_lengths(&[10])).is_err());
    }
}
