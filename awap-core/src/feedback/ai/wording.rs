//! Rules on how a comment is written: its length, plain English prose, to the student.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::reason::Reason;
use crate::feedback::lexis;
use crate::text::{self, Span, pattern};

/// Bytes of the longest comment.
const LONGEST: usize = 480;
/// Words of a comment.
const WORDS: std::ops::RangeInclusive<usize> = 5..=70;
/// Words from which on a quotation within a comment must be the student's.
pub(super) const QUOTATION: usize = 3;
/// Of a hundred words of English prose, at least so many only hold the sentence together.
const FUNCTION_WORDS: usize = 20;

/// Verbs with which advice begins.
static IMPERATIVES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "add apply argue ask begin bring build change check choose cite clarify compare connect consider continue correct \
     define describe develop discuss divide draw end expand explain explore extend find finish follow give go identify \
     illustrate include introduce keep link list look make mention move name note order organise organize place point \
     practise present provide put quote read refer relate remember remove rephrase replace revise rewrite say set share \
     shorten show specify split start state strengthen summarise summarize support take tell test think tie try turn \
     unpack use weigh work write"
        .split_whitespace()
        .collect()
});

/// An entity, an address, words run together by a full stop, a path.
static LINKED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)&#?\w+;|://|\bwww\.|\bhttps?\b|\bmailto\b|[\p{L}\d-]{2,}\.\p{L}{2,}|(^|\s)/\w")
});

/// Single letters in a row: a word spelt out.
static SPELT_OUT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b\p{L}\b[\s.,\-–]+\p{L}\b[\s.,\-–]+\p{L}\b"));

/// Whether advice may begin with this lower-case word.
pub(super) fn is_imperative(word: &str) -> bool {
    IMPERATIVES.contains(word)
}

/// Rule: a comment says something, in no more than a few sentences.
pub(super) fn text_has_length(text: &str) -> Result<(), Reason> {
    let fits = text.len() <= LONGEST && WORDS.contains(&text::count_words(text));
    if fits { Ok(()) } else { Err(Reason::TextLength) }
}

/// Rule: a comment is whole sentences of plain prose: no markup, links, lists, line breaks, control or invisible
/// characters, nothing that is spelt out letter by letter.
pub(super) fn text_is_plain_prose(text: &str) -> Result<(), Reason> {
    const MARKS: &str = " .,;:!?'\"’‘“”()–—-…%/+=£€°×";
    let first = text.trim_start_matches(['“', '"', '‘', '\'']).chars().next();
    let ends = text.trim_end_matches(['”', '"', '’', '\'', ')']).ends_with(['.', '!', '?', '…']);
    let plain = text.chars().all(|c| c.is_alphanumeric() || MARKS.contains(c))
        && first.is_some_and(char::is_uppercase)
        && ends
        && quotations(text).is_some()
        && !LINKED.is_match(text)
        && !SPELT_OUT.is_match(text);
    if plain { Ok(()) } else { Err(Reason::NotProse) }
}

/// Rule: a comment speaks to the student, not about them, and not of its writer.
pub(super) fn text_is_to_the_student(text: &str, is_advice: bool) -> Result<(), Reason> {
    let words = own_words(text);
    let has = |wanted: &[&str]| words.iter().any(|w| wanted.contains(&w.as_str()));
    let follows = |a: &[&str], b: &[&str]| {
        words.windows(2).any(|w| matches!(w, [x, y] if a.contains(&x.as_str()) && b.contains(&y.as_str())))
    };
    let addressed = has(&["you", "your", "yours", "yourself"])
        || is_advice && words.first().is_some_and(|w| is_imperative(w));
    let of_the_writer = has(&["i", "me", "my", "mine", "myself"]);
    let about_the_student = follows(&["the", "this"], &["student", "candidate", "learner", "pupil"]);
    if addressed && !of_the_writer && !about_the_student { Ok(()) } else { Err(Reason::NotToTheStudent) }
}

/// Rule: a comment is in English, as the letter is and these rules are.
pub(super) fn text_is_english(text: &str) -> Result<(), Reason> {
    let words = own_words(text);
    let function = words.iter().filter(|w| lexis::is_function(w)).count();
    let latin = without_quotations(text).chars().all(|c| !c.is_alphabetic() || c <= '\u{24f}');
    let english = latin && !words.is_empty() && function * 100 >= words.len() * FUNCTION_WORDS;
    if english { Ok(()) } else { Err(Reason::NotEnglish) }
}

/// The words of a comment outside its quotations, in lower case, without what follows an apostrophe (`you've`).
pub(super) fn own_words(text: &str) -> Vec<String> {
    let own = without_quotations(text);
    text::tokens(&own)
        .map(|t| {
            let word = t.of(&own).to_lowercase();
            word.split(text::is_apostrophe).next().unwrap_or_default().to_owned()
        })
        .collect()
}

/// A comment with a blank in place of each quotation.
fn without_quotations(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for span in quotations(text).unwrap_or_default() {
        out.push_str(text.get(from..span.start).unwrap_or_default());
        out.push(' ');
        from = span.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// What stands between quotation marks, double or single; none where the marks do not match.
pub(super) fn quotations(text: &str) -> Option<Vec<Span>> {
    let mut found = Vec::new();
    let mut open: Option<(usize, char)> = None;
    let mut before: Option<char> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map(|(_, next)| *next);
        let word_before = before.is_some_and(char::is_alphanumeric);
        let word_after = after.is_some_and(char::is_alphanumeric);
        match open {
            // Inside single marks an apostrophe stands between letters.
            Some((from, close)) if c == close && (matches!(c, '”' | '"') || !word_after) => {
                found.push(Span::new(from, at));
                open = None;
            }
            Some(_) => {
                if matches!(c, '“' | '‘') {
                    return None;
                }
            }
            None => match c {
                '“' => open = Some((at + c.len_utf8(), '”')),
                '"' => open = Some((at + 1, '"')),
                '‘' => open = Some((at + c.len_utf8(), '’')),
                '\'' if !word_before && word_after => open = Some((at + 1, '\'')),
                '”' => return None,
                _ => {}
            },
        }
        before = Some(c);
    }
    open.is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<(), Reason> {
        text_has_length(text)?;
        text_is_plain_prose(text)?;
        text_is_to_the_student(text, true)?;
        text_is_english(text)
    }

    #[test]
    fn how_comments_are_written() {
        use Reason::{NotEnglish, NotProse, NotToTheStudent, TextLength};
        for (text, expected) in [
            ("You explain clearly why the list must be sorted.", Ok(())),
            ("Explain what happens when the list isn't sorted.", Ok(())),
            ("You’ve made a good start; could you say what follows from “the list is sorted”?", Ok(())),
            ("“Halving the list” is your best phrase, and you use it well.", Ok(())),
            ("Say which of the students’ tests you would run first.", Ok(())),
            ("Add a 3 × 3 table (with a caption) to show your tests.", Ok(())),
            ("Good.", Err(TextLength)),
            ("", Err(TextLength)),
            ("You explain this well\nand clearly to the reader.", Err(NotProse)),
            ("You explain **clearly** why the list must be sorted.", Err(NotProse)),
            ("# You explain why the list must be sorted.", Err(NotProse)),
            ("- You explain why the list must be sorted.", Err(NotProse)),
            ("1. You explain why the list must be sorted.", Err(NotProse)),
            ("You explain <b>why</b> the list must be sorted.", Err(NotProse)),
            ("You explain &lt;why&gt; the list must be sorted.", Err(NotProse)),
            ("You will find more of this at https://example.org/x today.", Err(NotProse)),
            ("You will find more of this at example.org today.", Err(NotProse)),
            ("You will find more of this in /etc/passwd today.", Err(NotProse)),
            ("You explain why `sorted` is needed in this list.", Err(NotProse)),
            ("You explain why the list\u{200b} must be sorted.", Err(NotProse)),
            ("You explain why the list\u{202e} must be sorted.", Err(NotProse)),
            ("You explain why the list must be sorted", Err(NotProse)),
            ("you explain why the list must be sorted.", Err(NotProse)),
            ("You explain “why the list must be sorted.", Err(NotProse)),
            ("You earn f u l l of what is to be had here.", Err(NotProse)),
            ("You explain why the list must be sorted 👍.", Err(NotProse)),
            ("The explanation of the search is clear and correct.", Err(NotToTheStudent)),
            ("The student explains why your list must be sorted.", Err(NotToTheStudent)),
            ("I like how you explain the search in this part.", Err(NotToTheStudent)),
            ("You, to my mind, explain the search in this part.", Err(NotToTheStudent)),
            ("Vous expliquez your recherche dichotomique très bien ici.", Err(NotEnglish)),
            ("You explain whу the list must be sorted.", Err(NotEnglish)),
            ("You 列表必须先排序 of the list to be.", Err(NotEnglish)),
        ] {
            assert_eq!(verdict(text), expected, "{text}");
        }
        assert_eq!(verdict(&format!("You {}.", "x".repeat(480))), Err(TextLength));
        assert_eq!(text_is_to_the_student("Explain why it is so.", false), Err(NotToTheStudent));
    }

    #[test]
    fn quotations_are_told_from_apostrophes() {
        let found = |text: &str| {
            quotations(text).map(|q| q.iter().map(|s| s.of(text).to_owned()).collect::<Vec<_>>())
        };
        for (text, expected) in [
            ("it's the students’ list", Some(vec![])),
            ("say “one” and \"two\"", Some(vec!["one", "two"])),
            ("say ‘it’s so’ and 'it's so'", Some(vec!["it’s so", "it's so"])),
            ("say “one", None),
            ("say one”", None),
            ("say “a “b” c”", None),
        ] {
            assert_eq!(found(text), expected.map(|e| e.into_iter().map(str::to_owned).collect()), "{text}");
        }
    }
}
