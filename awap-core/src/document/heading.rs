//! Headings that no style marks: what a line must look like to be one.

use std::sync::LazyLock;

use regex::Regex;

/// Longest heading, in words and in bytes.
const MOST_WORDS: usize = 14;
const MOST_BYTES: usize = 120;

/// Most characters of the label of a part, `(viii)`, without spaces.
const MOST_OF_LABEL: usize = 6;

/// Most characters of a title after the label of a question.
const MOST_OF_TITLE: usize = 61;

// What follows is asked of every paragraph, and compiling takes longer than reading a small file: each is asked only of lines
// that begin with one of its words, which few do that do not match.

static QUESTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)^ (?: question | q\.? | part | section | task | activity | exercise | problem ) \s* [0-9]{1,2}
          (?: \s* [.:)] | \s* \(? [a-z] \) | \s* \( [ivx]{1,4} \) )* \s*
          (?: [-–—:] \s* (?P<title> \S .* ) )? $",
    )
    .ok()
});

const QUESTION_WORDS: &str = "question q part section task activity exercise problem";

static PART_LABEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?xi)^ (?: \( (?: [a-z] | [ivx]{1,4} ) \) | [0-9]{1,2} \s* \( [a-z] \) | [a-h] \) ) $").ok()
});

static SECTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)^ (?: [0-9]{1,2} [.)]? \s+ )?
          (?: references | reference \s list | list \s of \s references | bibliography | works \s cited | appendix (?: \s+ [a-z0-9]{1,2} )?
            | appendices | introduction | conclusions? | abstract | acknowledge?ments | (?: table \s of \s )? contents ) \s* :? $",
    )
    .ok()
});

const SECTION_WORDS: &str = "references reference list bibliography works appendix appendices introduction conclusion conclusions \
    abstract acknowledgements acknowledgments table contents";

static FIELD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)^ \W* (?: (?: student | tutor | your | full | module | course | assignment | my | the )(?: ['’]s)? \s+ )*
          (?: names? | student | tutor | pi | oucu | personal \s identifier | identifier | id | number | module | course | code | date
            | submitted | submission \s date | word \s? count | words | e-?mail | address | telephone | phone | tma | due | dob ) \b
          [^:]{0,25} : \s* \S",
    )
    .ok()
});

const FIELD_WORDS: &str = "student tutor your full module course assignment my the name names pi oucu personal identifier id \
    number code date submitted submission word wordcount words e email mail address telephone phone tma \
    due dob";

static CAPTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?x)^ (?: Figure | Fig\.? | Table | Listing | FIGURE | TABLE ) \s* [0-9]{1,2} (?: \.[0-9]{1,2} )? \s* (?: [:.–—-] \s* \S | $ )").ok()
});

const CAPTION_WORDS: &str = "figure fig table listing";

/// Whether a line begins with one of these words, in whatever case.
fn begins_with(line: &str, words: &str) -> bool {
    let first = line.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    words.split(' ').any(|word| first.eq_ignore_ascii_case(word))
}

fn is(regex: &LazyLock<Option<Regex>>, line: &str) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(line))
}

/// Whether a line is a heading by its words alone: the label of a question (`Question 1`, `Q2 (b)`) or the name of a
/// part that every essay has (`References`).
pub(super) fn by_words(line: &str) -> bool {
    let line = line.trim();
    // `Question 1(b): The table shows it.` is the beginning of an answer.
    let sentence = line.ends_with('.') && line.split_whitespace().count() > 5;
    line.len() <= MOST_BYTES && (is_question(line) && !sentence || is_part_label(line) || is_section(line))
}

fn is_question(line: &str) -> bool {
    let may_be = begins_with(line, QUESTION_WORDS) && line.bytes().any(|b| b.is_ascii_digit());
    let found = if may_be { QUESTION.as_ref().and_then(|regex| regex.captures(line)) } else { None };
    let fits = |title: regex::Match<'_>| title.as_str().chars().count() <= MOST_OF_TITLE;
    found.is_some_and(|found| found.name("title").is_none_or(fits))
}

/// Whether a line is the label of a part and nothing more: `(a)`, `2(b)`, `c)`.
pub(super) fn is_part_label(line: &str) -> bool {
    let is_short = || line.chars().filter(|c| !c.is_whitespace()).nth(MOST_OF_LABEL).is_none();
    line.ends_with(')') && is_short() && is(&PART_LABEL, line)
}

fn is_section(line: &str) -> bool {
    let title =
        line.trim_start_matches(|c: char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '.' | ')'));
    begins_with(title, SECTION_WORDS) && is(&SECTION, line)
}

/// Whether a paragraph is the caption of a figure or table (`Figure 1: …`).
pub(super) fn is_caption(text: &str) -> bool {
    let text = text.trim();
    begins_with(text, CAPTION_WORDS) && text.len() <= 300 && !text.contains('\n') && is(&CAPTION, text)
}

/// Whether a line that is set apart (bold, underlined, larger, in capitals) reads as a heading: short, no sentence,
/// no field of a cover sheet (`Name: …`).
pub(super) fn when_set_apart(line: &str) -> bool {
    let line = line.trim();
    if line.is_empty() || line.len() > MOST_BYTES || line.contains('\n') || line.contains('@') {
        return false;
    }
    if line.split_whitespace().count() > MOST_WORDS || !line.chars().any(char::is_alphanumeric) {
        return false;
    }
    let numbered_only = line.trim_end_matches(['.', ')']).chars().all(|c| c.is_ascii_digit());
    let sentence = line.ends_with(['.', ',', ';', '!']) && !numbered_only;
    let is_field = || {
        let words = line.trim_start_matches(|c: char| !c.is_alphanumeric());
        line.contains(':') && begins_with(words, FIELD_WORDS) && is(&FIELD, line)
    };
    !(sentence || is_field())
}

/// Whether all letters of a line are capitals, and enough of them to mean it.
pub(super) fn in_capitals(line: &str) -> bool {
    let mut letters = line.chars().filter(|c| c.is_alphabetic());
    let upper = letters.clone().count();
    upper >= 4 && letters.all(|c| !c.is_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_make_a_heading() {
        for line in [
            "Question 1",
            "QUESTION 2:",
            "Q1 (a)",
            "Q3",
            "Part 2(b)(ii)",
            "(a)",
            "1(a)",
            "References",
            "5. Conclusion",
            "Appendix A",
            "Question 1: Networks and packets",
            "Reference list:",
            "Section 2",
            "Task 1",
            "Activity 3",
            "Exercise 4",
            "Problem 5",
            "List of references",
            "Bibliography",
            "Works cited",
            "Appendices",
            "Introduction",
            "Conclusions",
            "Abstract",
            "Acknowledgments",
            "Table of contents",
            "Contents",
        ] {
            assert!(by_words(line), "{line}");
        }
        for line in [
            "1",
            "Question 1 asks for a definition.",
            "Question 1(b): The table shows what I found.",
            "a",
            "The references are below",
            "(see above)",
            "Q",
            "I",
        ] {
            assert!(!by_words(line), "{line}");
        }
    }

    #[test]
    fn captions() {
        for line in ["Figure 1: A network", "Table 2. Results", "Fig. 3 – A cell", "Figure 1"] {
            assert!(is_caption(line), "{line}");
        }
        for line in ["Figure 1 shows a network.", "Table of contents", "Figures 1: x"] {
            assert!(!is_caption(line), "{line}");
        }
    }

    #[test]
    fn what_is_set_apart() {
        for line in ["Networks", "The first law", "Question 1: Networks", "1.", "2)", "What is a network?"] {
            assert!(when_set_apart(line), "{line}");
        }
        for line in
            ["Name: A. Person", "Word count: 420", "It is so.", "a@b.example", "* * *", "Student's name: B"]
        {
            assert!(!when_set_apart(line), "{line}");
        }
    }
}
