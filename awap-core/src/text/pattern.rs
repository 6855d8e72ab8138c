//! Regular expressions that are constants of the program.

use regex::Regex;

/// Compiles a pattern written in the source. Used only for statics, which tests compile one by one.
#[allow(clippy::expect_used)] // a constant pattern either always compiles or never; a test shows that it does
pub(crate) fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("a constant pattern")
}
