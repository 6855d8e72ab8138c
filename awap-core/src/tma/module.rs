//! The module code and its presentation, wherever a TMA names them.

use std::sync::LazyLock;

use regex::Regex;

use super::Metadata;
use crate::text::pattern;

static MODULE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^A-Za-z0-9])(?P<letters>[A-Za-z]{1,4})(?P<gap>[ \u{a0}-]?)(?P<digits>[0-9]{3}[A-Za-z]?)(?:[\s_/-]*(?P<run>(?:20)?[0-9]{2}[A-La-l]))?(?:$|[^A-Za-z0-9])",
    )
});

/// A presentation: `25J`.
pub(super) static RUN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|[^A-Za-z0-9])(?:20)?(?P<run>[0-9]{2}[A-L])(?:$|[^A-Za-z0-9])"));

/// The number of a TMA, after a word for it.
pub(super) static TMA: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:^|[^A-Za-z])(?:T\.?M\.?A|Tutor[\s-]*Marked[\s-]*Assignment|Assignment|Assessment)(?:\s*(?:no\.?|number|\.|:|\#|-|_|–|\())*\s*0*(?P<n>[0-9]{1,2}|one|two|three|four|five|six|seven|eight)(?:$|[^0-9A-Za-z])",
    )
});

/// How sure a module code is by the way it is written, the least sure first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    /// `tm112`: user names look alike.
    Small,
    /// `tm 112` at the head of a line, `TM 112`, `TM-112`: rooms and numbers of telephones look alike.
    Spaced,
    /// `tm112` on a line that names a TMA or a presentation, as file names do.
    SmallBesideTma,
    /// `TM112`.
    Capitals,
    /// The same on a line that names a TMA or a presentation.
    CapitalsBesideTma,
}

/// A module code in a line.
struct Code {
    sure: Sure,
    name: String,
    run: Option<String>,
}

/// Letters before three digits that are no module's.
const NO_MODULE: &[&str] = &[
    "tma", "ema", "no", "fig", "p", "pp", "v", "iso", "q", "pi", "page", "tel", "box", "room", "flat",
    "unit", "dob", "id", "of", "to", "in", "at", "on", "by", "for", "and", "the", "over", "word", "book",
    "line", "only", "www",
];

/// The surest module code of a line, the first of those that are equally sure.
fn module_code(line: &str) -> Option<Code> {
    let line = line.replace('_', " ");
    let mut best: Option<Code> = None;
    for found in MODULE.captures_iter(&line) {
        let (Some(letters), Some(digits)) = (found.name("letters"), found.name("digits")) else { continue };
        let run = found.name("run").map(|r| r.as_str().to_uppercase());
        let capitals = letters.as_str().bytes().all(|b| b.is_ascii_uppercase());
        let small = letters.as_str().bytes().all(|b| b.is_ascii_lowercase()) && line.len() < 120;
        let spaced = found.name("gap").is_some_and(|gap| !gap.is_empty());
        // `TEL 016 …` goes on with digits, `tm 112` does not.
        let more_digits = || {
            line.get(digits.end()..)
                .unwrap_or_default()
                .trim_start()
                .starts_with(|c: char| c.is_ascii_digit())
        };
        let headed = || line.get(..letters.start()).is_some_and(|before| before.trim().is_empty());
        let beside_tma = || run.is_some() || TMA.is_match(&line);
        let sure = match (capitals, small, spaced) {
            _ if NO_MODULE.contains(&letters.as_str().to_lowercase().as_str()) => continue,
            (_, _, true) => {
                let in_place = headed() && (capitals || small) || capitals && TMA.is_match(&line);
                if !in_place || run.is_none() && more_digits() {
                    continue;
                }
                Sure::Spaced
            }
            (true, ..) if beside_tma() => Sure::CapitalsBesideTma,
            (true, ..) => Sure::Capitals,
            (_, true, _) if beside_tma() => Sure::SmallBesideTma,
            (_, true, _) => Sure::Small,
            _ => continue,
        };
        if best.as_ref().is_none_or(|best| best.sure < sure) {
            let name = format!("{}{}", letters.as_str(), digits.as_str()).to_uppercase();
            best = Some(Code { sure, name, run });
        }
    }
    best
}

/// Takes the module, and the presentation beside it, from lines that may name it: what is written as codes are goes before
/// what may be another thing.
pub(super) fn module(out: &mut Metadata, lines: &[&str]) {
    let found: Vec<Code> = lines.iter().filter_map(|line| module_code(line)).collect();
    if out.module_code.is_none() {
        // The last of the greatest, seen from the end, is the first.
        out.module_code = found.iter().rev().max_by_key(|code| code.sure).map(|code| code.name.clone());
    }
    let Some(module) = &out.module_code else { return };
    if out.presentation.is_none() {
        let run = found.into_iter().filter(|code| code.name == *module).find_map(|code| code.run);
        out.presentation =
            run.map(|r| r.strip_prefix("20").filter(|s| s.len() == 3).unwrap_or(&r).to_owned());
    }
    for line in lines {
        presentation(out, line);
    }
}

/// Takes a presentation that stands apart from the module code.
fn presentation(out: &mut Metadata, line: &str) {
    if out.presentation.is_none()
        && line.len() < 160
        && let Some(run) = RUN.captures(&line.replace('_', " ")).and_then(|f| f.name("run"))
    {
        out.presentation = Some(run.as_str().to_owned());
    }
}
