//! Tables in plain text: cells set apart by tabs, by bars, or by columns of spaces.

use super::super::Cell;
use super::lines::Line;

/// Whether a line by itself looks like a row.
pub(super) fn is_row(line: &str) -> bool {
    line.contains('\t') || line.matches('|').count() >= 2
}

/// The cells of lines that make a table, row by row; none where they make none.
pub(super) fn cells(lines: &[Line<'_>]) -> Option<Vec<Cell>> {
    if lines.len() < 2 {
        return None;
    }
    let rows = by(lines, 2, |line| fields(line, tab_at))
        .or_else(|| {
            by(lines, 2, |line| if line.text.matches('|').count() >= 1 { bars(line) } else { Vec::new() })
        })
        .or_else(|| by(lines, 3, |line| fields(line, gap_at)))?;
    let mut cells = Vec::new();
    let mut row = 0;
    for fields in rows {
        if fields.is_empty() {
            continue;
        }
        for (column, (start, end)) in fields.into_iter().enumerate() {
            cells.push(Cell { row, column: column as u32, start, end });
        }
        row += 1;
    }
    (row >= 2).then_some(cells)
}

type Fields = Vec<(usize, usize)>;

/// The fields of all lines, if each line has at least two and all about as many. Rules between rows have none.
fn by(lines: &[Line<'_>], least_rows: usize, fields: impl Fn(&Line<'_>) -> Fields) -> Option<Vec<Fields>> {
    let mut rows = Vec::with_capacity(lines.len());
    let mut counts = Vec::new();
    for line in lines {
        if is_rule(line.trimmed()) {
            rows.push(Vec::new());
            continue;
        }
        let fields = fields(line);
        if fields.len() < 2 {
            return None;
        }
        counts.push(fields.len());
        rows.push(fields);
    }
    let (least, most) = (counts.iter().min()?, counts.iter().max()?);
    (counts.len() >= least_rows && most - least <= most / 3).then_some(rows)
}

fn is_rule(line: &str) -> bool {
    line.len() >= 3
        && line.chars().all(|c| matches!(c, '-' | '=' | '+' | '|' | ':' | ' ' | '_'))
        && line.contains(['-', '=', '_'])
}

/// Fields between separators: `separator` gives the place and length of the first one in a text.
fn fields(line: &Line<'_>, separator: fn(&str) -> Option<(usize, usize)>) -> Fields {
    let start = line.text_start();
    let mut rest = line.trimmed();
    let mut at = start;
    let mut out = Vec::new();
    while let Some((place, length)) = separator(rest) {
        out.push(trim(at, rest.get(..place).unwrap_or_default()));
        at += place + length;
        rest = rest.get(place + length..).unwrap_or_default();
    }
    out.push(trim(at, rest));
    out
}

fn trim(at: usize, field: &str) -> (usize, usize) {
    let start = at + field.len() - field.trim_start().len();
    (start, start + field.trim().len())
}

fn tab_at(text: &str) -> Option<(usize, usize)> {
    text.find('\t').map(|place| (place, 1))
}

/// Two spaces or more.
fn gap_at(text: &str) -> Option<(usize, usize)> {
    let place = text.find("  ")?;
    let length = text.get(place..)?.bytes().take_while(|b| *b == b' ').count();
    // A sentence may be followed by two spaces; a cell seldom ends with a full stop.
    let before = text.get(..place)?;
    if length == 2 && before.ends_with(['.', '!', '?', ':']) {
        return None;
    }
    Some((place, length))
}

fn bars(line: &Line<'_>) -> Fields {
    let mut out = fields(line, |text| text.find('|').map(|place| (place, 1)));
    // Bars at the edges enclose the row and separate nothing.
    if line.trimmed().starts_with('|') && !out.is_empty() {
        out.remove(0);
    }
    if line.trimmed().ends_with('|') {
        out.pop();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::lines::split;
    use super::*;

    fn shown(text: &str) -> Option<Vec<(u32, u32, &str)>> {
        Some(cells(&split(text))?.iter().map(|c| (c.row, c.column, &text[c.start..c.end])).collect())
    }

    #[test]
    fn tabs_bars_and_columns() {
        let expected = vec![(0, 0, "a"), (0, 1, "b"), (1, 0, "1"), (1, 1, "2")];
        assert_eq!(shown("a\tb\n1\t2"), Some(expected.clone()));
        assert_eq!(shown("| a | b |\n|---|---|\n| 1 | 2 |"), Some(expected));
        assert_eq!(shown("name  size\nx     1\ny     2").map(|cells| cells.len()), Some(6));
        assert_eq!(shown("It is so.  It is not.\nAnd  so on.\nEnd."), None);
        assert_eq!(shown("a\tb"), None);
    }
}
