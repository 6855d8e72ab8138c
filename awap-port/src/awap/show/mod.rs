//! What a person reads at the terminal: widths, colours, tables, and text that cannot move the cursor.

pub(crate) mod anonymized;
pub(crate) mod cohort;
pub(crate) mod marked;
pub(crate) mod parsed;
pub(crate) mod scored;

use std::io::{ErrorKind, Write};

use anstyle::{AnsiColor, Style};
use awap_core::tma::Metadata;
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const LOOK: Style = AnsiColor::Yellow.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();

/// Writes to standard output, with colour where it takes any. Whoever stops reading (`| head`) has seen enough.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        other => Ok(other?),
    }
}

/// Columns to write in: the terminal's, within what reads well.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0).clamp(50, 100))
}

/// Which TMA it is, as its cover says (`TM112 25J TMA 02`); empty where it says nothing.
pub(crate) fn tma_title(metadata: &Metadata) -> String {
    let tma = metadata.tma_number.as_ref().map(|number| format!("TMA {number}"));
    let parts = [&metadata.module_code, &metadata.presentation, &tma];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// A line across, with a name in it.
pub(crate) fn rule(name: &str) -> String {
    let name = clean(name);
    let rest = width().saturating_sub(textwrap::core::display_width(&name) + 4).max(3);
    format!("{FAINT}──{FAINT:#} {BOLD}{name}{BOLD:#} {FAINT}{}{FAINT:#}\n", "─".repeat(rest))
}

/// A heading with a line of its own before it.
pub(crate) fn heading(text: &str) -> String {
    format!("\n{BOLD}{text}{BOLD:#}\n")
}

/// A paragraph or list item in the width there is; `first` begins it, what follows is set under its text.
pub(crate) fn wrapped(first: &str, text: &str) -> String {
    let text = clean(text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let under = " ".repeat(textwrap::core::display_width(first));
    let options = textwrap::Options::new(width()).initial_indent(first).subsequent_indent(&under);
    format!("{}\n", textwrap::fill(&text, options))
}

/// A table within the width there is.
pub(crate) fn table(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width() as u16)
        .set_header(heads);
    table
}

/// Text without control characters, which could write over what is on the screen.
pub(crate) fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// The beginning of a text, on one line.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let text = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= most {
        return text;
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A mark as it is written: 7, 7.5.
pub(crate) fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    rounded.to_string()
}

/// `1 reference`, `2 references`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A bar for `count` TMAs, drawn to standard error, and only where that is a terminal.
pub(crate) fn bar(count: usize) -> ProgressBar {
    let bar = ProgressBar::new(count as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len}  {per_sec}  {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// What is being waited for, where no bar can say how long; drawn as [`bar`] is.
pub(crate) fn waiting(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what);
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_student_wrote_cannot_command_the_terminal() {
        let text = clean("a\u{1b}[2Jb\u{9b}31mc\r\u{8}d\ne");
        assert_eq!(text, "a[2Jb31mcd\ne");
    }

    #[test]
    fn long_text_is_wrapped_under_its_mark() {
        let text = wrapped("  + ", &"word ".repeat(60));
        assert!(
            text.lines().count() > 1 && text.lines().all(|line| line.chars().count() <= width()),
            "{text}"
        );
        assert!(text.lines().skip(1).all(|line| line.starts_with("    word")), "{text}");
    }
}
