//! How far AWAP's marks agree with a tutor's, as a tutor reads it.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment};

use crate::score::{Held, Scored};
use crate::show::{FAINT, LOOK, clean, count, heading, number, shortened, table, wrapped};

/// Fewer TMAs, and the figures are a hint.
const FEW: usize = 30;

pub(crate) fn show(scored: &Scored) -> String {
    let mut rows = table(&["Marks", "Of", "TMAs", "Kappa", "Same", "±1", "±5 %", "Bias", "Apart"]);
    for held in scored.overall.iter().chain(&scored.criteria) {
        let agreement = &held.agreement;
        let mut cells =
            vec![Cell::new(name(held)), right(number(held.max_mark)), right(agreement.scripts.to_string())];
        if agreement.scripts > 0 {
            let share = |share: f64| right(format!("{:.0} %", share * 100.0));
            cells.extend([
                right(format!("{:.2}", agreement.qwk)),
                share(agreement.exact),
                share(agreement.adjacent),
                share(held.near),
                right(format!("{:+.1}", agreement.bias)),
                right(format!("{:.1}", held.mean_distance)),
            ]);
        }
        rows.add_row(cells);
    }
    let mut out = format!("{rows}\n");
    let meaning = "Kappa is quadratic weighted kappa: 1 is full agreement, 0 what chance would give. Same, ±1, ±5 %: TMAs with the \
                   same mark, with that or the next, no more than 5 % of the greatest mark apart. Bias: AWAP less the tutor; below 0, \
                   AWAP is the stricter. Apart: the mean distance of the two marks.";
    let _ = write!(out, "{FAINT}{}{FAINT:#}", wrapped("", meaning));
    if !scored.furthest.is_empty() {
        out.push_str(&heading("Furthest apart"));
        for apart in &scored.furthest {
            let (awap, tutor) = (number(apart.awap), number(apart.tutor));
            let _ = writeln!(out, "  {}  AWAP {awap}, tutor {tutor}", clean(&apart.tma));
        }
    }
    for note in notes(scored) {
        let _ = write!(out, "{LOOK}{}{LOOK:#}", wrapped("! ", &note));
    }
    out
}

fn name(held: &Held) -> String {
    if held.id == "mark" { "Whole mark".to_owned() } else { shortened(&held.id, 60) }
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn notes(scored: &Scored) -> Vec<String> {
    let mut notes = Vec::new();
    let all = || scored.overall.iter().chain(&scored.criteria);
    let most = all().map(|held| held.agreement.scripts).max().unwrap_or_default();
    if most < FEW {
        notes.push(format!(
            "{} compared: with fewer than {FEW}, these figures are a hint and no more.",
            count(most, "TMA", "TMAs")
        ));
    }
    let open = all().map(|held| held.open).max().unwrap_or_default();
    if open > 0 {
        notes.push(format!(
            "AWAP left marks of {} open for a person; they are in none of the figures of that row.",
            count(open, "TMA", "TMAs")
        ));
    }
    if scored.without_row > 0 {
        let what = count(scored.without_row, "TMA", "TMAs");
        notes.push(format!("{what} of the batch without a row in the tutor's table."));
    }
    if !scored.unknown_columns.is_empty() {
        let columns = scored.unknown_columns.join(", ");
        notes.push(format!("Passed over, as no criterion has that id: {columns}."));
    }
    notes
}
