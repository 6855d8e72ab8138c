//! Dates of birth.

use super::{Surrogates, in_case_of};
use crate::anonymize::finding::Label;
use crate::anonymize::patterns::dates::MONTHS;

/// A run of digits or letters, or what stands between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Day(&'a str),
    Month(&'a str),
    /// A month in letters.
    Named(&'a str),
    Year(&'a str),
    /// `st`, `nd`, `rd`, `th`.
    Ordinal(&'a str),
    Other(&'a str),
}

/// What a run is taken for.
type Kind<'a> = fn(&'a str) -> Token<'a>;

impl Surrogates<'_> {
    /// Another date, written in the same way; none where `text` cannot be read as one.
    pub(super) fn birth(&mut self, text: &str) -> Option<String> {
        let (tokens, key) = read(text)?;
        self.value(Label::Dob, &key, |seed, attempt| {
            let mut draw = seed.draw("birth", &key, attempt);
            let (year, month, day) = (1950 + draw.below(55), draw.below(12), 1 + draw.below(28));
            Some(write(&tokens, day, month, year))
        })
    }
}

/// The tokens of a date, and the date itself as `yy-mm-dd`.
fn read<'a>(text: &'a str) -> Option<(Vec<Token<'a>>, String)> {
    let runs = runs(text);
    let number = |run: &str| run.parse::<usize>().ok().filter(|_| run.len() <= 4);
    let numbers: Vec<usize> = runs.iter().filter_map(|r| number(r)).collect();
    let named = runs.iter().find_map(|r| month(r));
    // Which of day, month and year each number is.
    let (order, [day, month, year]): (&[Kind<'a>], _) = match (numbers.as_slice(), named) {
        ([d, y], Some(m)) => (&[Token::Day, Token::Year], [*d, m + 1, *y]),
        ([y, m, d], None) if *y > 31 => (&[Token::Year, Token::Month, Token::Day], [*d, *m, *y]),
        ([m, d, y], None) if *d > 12 => (&[Token::Month, Token::Day, Token::Year], [*d, *m, *y]),
        ([d, m, y], None) => (&[Token::Day, Token::Month, Token::Year], [*d, *m, *y]),
        _ => return None,
    };
    if !(1..=31).contains(&day) || !(1..=12).contains(&month) {
        return None;
    }
    let mut order = order.iter();
    let mut tokens: Vec<Token<'_>> = Vec::with_capacity(runs.len());
    for run in runs {
        let ordinal = matches!(tokens.last(), Some(Token::Day(_)))
            && ["st", "nd", "rd", "th"].contains(&run.to_lowercase().as_str());
        tokens.push(if number(run).is_some() {
            order.next()?(run)
        } else if ordinal {
            Token::Ordinal(run)
        } else if self::month(run).is_some() {
            Token::Named(run)
        } else if run.contains(char::is_alphabetic) && !run.eq_ignore_ascii_case("of") {
            return None;
        } else {
            Token::Other(run)
        });
    }
    Some((tokens, format!("{:02}-{month:02}-{day:02}", year % 100)))
}

/// Runs of digits, of letters, and of neither.
fn runs(text: &str) -> Vec<&str> {
    let kind = |c: char| (c.is_ascii_digit(), c.is_alphabetic());
    let mut runs = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in text.char_indices() {
        if last.is_some_and(|last| last != kind(c)) {
            runs.extend(text.get(start..at));
            start = at;
        }
        last = Some(kind(c));
    }
    runs.extend(text.get(start..).filter(|run| !run.is_empty()));
    runs
}

/// The month that a word of three letters or more names, from 0.
fn month(word: &str) -> Option<usize> {
    let word = word.to_lowercase();
    let named = |m: &str| m.starts_with(&word) || word == "sept" && m.starts_with("sep");
    if word.len() < 3 { None } else { MONTHS.iter().position(|m| named(m)) }
}

fn write(tokens: &[Token<'_>], day: usize, month: usize, year: usize) -> String {
    let pads = pads(tokens);
    let number = |number: usize| if pads { format!("{number:02}") } else { number.to_string() };
    let written = |token: &Token<'_>| match token {
        Token::Day(_) => number(day),
        Token::Month(_) => number(month + 1),
        Token::Year(run) if run.len() <= 2 => format!("{:02}", year % 100),
        Token::Year(_) => year.to_string(),
        Token::Ordinal(run) => in_case_of(run, ordinal(day)),
        Token::Named(run) => {
            let name = MONTHS.get(month).copied().unwrap_or_default();
            let whole = MONTHS.contains(&run.to_lowercase().as_str());
            let (first, rest) = name.split_at(1);
            let rest = if whole { rest } else { rest.get(..2).unwrap_or_default() };
            in_case_of(run, &(first.to_uppercase() + rest))
        }
        Token::Other(run) => (*run).to_owned(),
    };
    tokens.iter().map(written).collect()
}

/// Whether day and month are written with two digits each: one has a zero before it, or both have two.
fn pads(tokens: &[Token<'_>]) -> bool {
    let numbers = tokens.iter().filter_map(|token| match token {
        Token::Day(run) | Token::Month(run) => Some(*run),
        _ => None,
    });
    numbers.clone().any(|run| run.starts_with('0')) || numbers.filter(|run| run.len() == 2).count() == 2
}

fn ordinal(day: usize) -> &'static str {
    match day {
        1 | 21 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_keep_the_way_they_are_written() {
        for (text, expected) in [
            ("15/06/1998", "03/02/1971"),
            ("1998-06-15", "1971-02-03"),
            ("06/15/1998", "02/03/1971"),
            ("15.6.98", "3.2.71"),
            ("15.11.98", "03.02.71"),
            ("15 June 1998", "3 February 1971"),
            ("15th of June 1998", "3rd of February 1971"),
            ("1ST JUN. 1998", "3RD FEB. 1971"),
            ("June 15, 1998", "February 3, 1971"),
        ] {
            let (tokens, _) = read(text).unwrap();
            assert_eq!(write(&tokens, 3, 1, 1971), expected);
        }
        let keys = ["15/06/1998", "1998-06-15", "15th of June 98"].map(|t| read(t).unwrap().1);
        assert!(keys.iter().all(|k| *k == keys[0]), "{keys:?}");
        for text in ["15 June 1998 Kofi", "June", "1998", "15/06", "99/99/1998", ""] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
