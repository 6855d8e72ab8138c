//! Labels of questions and parts as students write them: `Question 1`, `Q1 (a)`, `1. a)`, `Part 2 b) ii`, `(iii)`.

use std::sync::LazyLock;

use regex::Regex;

use crate::text::pattern;

/// The word that a label begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// `Question`, `Q`, `Task`, `Activity`, …
    Question,
    /// `Part`, `Section`
    Part,
    /// `Answer`, `Answer to question`: what follows is the answer, whatever came before.
    Answer,
}

/// Which word that is: a TMA has one for its questions, and others within its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// `Question`, `Q`
    Question,
    Task,
    Activity,
    Exercise,
    Problem,
    Part,
    Section,
    /// `Answer 2`, `Response to Question 2`
    Answer,
    /// `Solution 2`, `Response 2`
    Solution,
}

/// One step of a label: `1`, `a`, `ii`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Number(u32),
    /// One letter, or a Roman numeral, in lower case: which of them, the labels around it decide.
    Mark(String),
}

/// A label at the head of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) word: Option<Word>,
    /// The word itself.
    pub(super) key: Option<Key>,
    pub(super) steps: Vec<Step>,
    /// Bytes of the line up to what follows the label and its punctuation.
    pub(super) len: usize,
    /// Bytes of the label as it is written, without punctuation that only parts it from what follows.
    pub(super) shown: usize,
    /// Nothing follows on the line.
    pub(super) alone: bool,
}

impl Label {
    /// The number that it begins with.
    pub(super) fn number(&self) -> Option<u32> {
        match self.steps.first() {
            Some(Step::Number(number)) => Some(*number),
            _ => None,
        }
    }
}

static KEYWORD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^[*_\#\s]*(?:[a-z]{1,4}\d{3}[a-z]?\s+)?(?:tma\s*\d{1,2}\s*[-–:,.]?\s*)?(?:(?P<to>(?:my\s+)?(?:answers?|responses?|solutions?)\s+(?:to|for)\s+)(?:the\s+)?)?
        (?P<word>questions?|quest|qn|qu|q|tasks?|activity|exercise|problem|part|section|answer|ans|solution|response)
        (?:\.|\s|:|\#|-|–|no\.?|number)*?(?P<open>[(\[]\s*)?
        (?P<n>\d{1,2}|one\b|two\b|three\b|four\b|five\b|six\b|seven\b|eight\b|nine\b|ten\b|[ivx]{1,4}\b|[a-h]\b)",
    )
});

/// `(a)`, `a)`, `a.`, `, part (b)`, `.ii` after another step.
static SUB: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^(?:
          \s*[-–,:.]?\s*(?:part\s+)?[(\[]\s*(?P<in>[a-z]|[ivx]{1,5}|\d{1,2})\s*[)\]]
        | \s*[-–,:.]?\s*(?:part\s+)?(?P<close>[a-z]|[ivx]{1,5})\s*\)
        | \s*[-–,:.]?\s*part\s+(?P<part>[a-z]|[ivx]{1,5})\b
        | \.(?P<near>(?-i:[a-h]))(?:\s|$)
        | (?P<tight>[a-h])(?P<tail>\.?\s*[)\].:]|[\s*_]|$)
        | \s*\.?\s?(?P<dot>[a-h]|[ivx]{1,4})(?:\.\s|\s*[:–-]\s|\s*[.:]?$)
        )",
    )
});

static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[*_\#\s]*(?P<open>\[|\()?(?P<n>\d{1,2})(?P<close>\)|\]|\.)?"));

static MARK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[*_\#\s]*(?:[(\[]\s*(?P<in>[A-Za-z]|[ivxIVX]{1,5})\s*[)\]]|(?P<close>[A-Za-z]|[ivxIVX]{1,5})\s*\)|(?P<dot>[a-z]|[ivx]{1,5})\.(?:\s|$))",
    )
});

/// `(10 marks)`, `[25%]`, `(500 words)` beside a label.
static MARKS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\s*[(\[]\s*(?:word\s*-?count:?|words:?|up to|max(?:imum)?\.?|about|approx\.?|worth|total)?\s*\d+\s*(?:(?:marks?|%|per\s*cent|words?)[^)\]]{0,40})?[)\]]",
    )
});

/// The second number of `Question 1.2`.
static DECIMAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\.(\d{1,2})(?:\s|[:.)]|$)"));

/// Lines of a table of contents.
static CONTENTS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:\.{3,}|…+|\t)\s*\d{1,3}\s*$"));

/// The label at the head of `line`, if there is one. `prefix` bytes of it are drawn by the word processor.
pub(super) fn parse(line: &str) -> Option<Label> {
    let head = clip(line, 200);
    if CONTENTS.is_match(head) && head.len() == line.len() {
        return None;
    }
    keyword(head, line).or_else(|| numbered(head, line)).or_else(|| marked(head, line))
}

fn keyword(head: &str, line: &str) -> Option<Label> {
    let found = KEYWORD.captures(head)?;
    let written = found.name("word")?.as_str().to_lowercase();
    let n = found.name("n")?;
    let between = head.get(found.name("word")?.end()..n.start())?;
    let number = number_of(n.as_str());
    // `Question1`, `Q1`; but not `Qi`, `Parta`, `Sections`.
    if between.is_empty() && !n.as_str().starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut len = n.end();
    let mut steps = Vec::new();
    // `Part (a)`: both brackets, or it is none of a label.
    let enclosed = found.name("open").is_some();
    if enclosed {
        let rest = head.get(len..).unwrap_or_default();
        let closed = rest.trim_start().strip_prefix([')', ']'])?;
        len = head.len() - closed.len();
    }
    if let Some(number) = number {
        steps.push(Step::Number(number));
    } else if enclosed {
        steps.push(Step::Mark(n.as_str().to_lowercase()));
    } else {
        // `Part a of the …` is no label; `Part A`, `part a)`, `Part a:` are.
        let rest = head.get(len..).unwrap_or_default().trim_start();
        let capital = n.as_str().starts_with(|c: char| c.is_ascii_uppercase());
        if !(capital || rest.is_empty() || rest.starts_with([')', ':', '.', '–', '-'])) {
            return None;
        }
        steps.push(Step::Mark(n.as_str().to_lowercase()));
    }
    let numbered_tight = head.get(len..).is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
    if numbered_tight {
        return None;
    }
    if let Some(part) = head.get(len..).and_then(|rest| DECIMAL.captures(rest)).and_then(|f| f.get(1)) {
        steps.extend(part.as_str().parse().map(Step::Number));
        len += part.end();
    }
    let bracketed = subs(head, &mut len, &mut steps) || enclosed;
    let (word, key) = match written.as_str() {
        _ if found.name("to").is_some() => (Word::Answer, Key::Answer),
        "part" => (Word::Part, Key::Part),
        "section" => (Word::Part, Key::Section),
        "answer" | "ans" => (Word::Answer, Key::Answer),
        "solution" | "response" => (Word::Answer, Key::Solution),
        "task" | "tasks" => (Word::Question, Key::Task),
        "activity" => (Word::Question, Key::Activity),
        "exercise" => (Word::Question, Key::Exercise),
        "problem" => (Word::Question, Key::Problem),
        _ => (Word::Question, Key::Question),
    };
    let mut label = finish(Some(word), steps, len, head, line);
    label.key = Some(key);
    let rest = line.get(label.len..).unwrap_or_default();
    // `Part 1, Question 2`: what follows the comma is a label of its own.
    if word == Word::Part
        && let Some(beside) = rest.strip_prefix(',').map(str::trim_start)
        && keyword(clip(beside, 80), clip(beside, 80)).is_some_and(|l| l.word == Some(Word::Question))
    {
        label.len = line.len() - beside.len();
        return Some(label);
    }
    let parted = label.len > len
        && head.get(len..label.len).is_some_and(|s| s.contains([':', '.', '-', '–', '—', ')', ']', '\n']));
    let goes_on = rest.starts_with(|c: char| c.is_lowercase());
    if goes_on
        && !parted
        && (!bracketed
            || begins_with_any(rest, &["and", "of", "asks", "is", "was", "above", "below", "in", "i"]))
    {
        return None;
    }
    if !parted && (key == Key::Section && goes_on_with_an_act(rest) || written == "q" && is_year(rest)) {
        return None;
    }
    // `Question 1, 2 and 3`, `Questions 1–3`
    if rest.starts_with([',', '&', '/']) || written.ends_with('s') && written != "ans" && !label.alone {
        return None;
    }
    Some(label)
}

/// `Section 1 |Theft Act 1968 provides that`: the section of a statute, in a sentence.
fn goes_on_with_an_act(rest: &str) -> bool {
    let mut words = rest.split_whitespace().take(12);
    let Some(act) = words
        .by_ref()
        .take(9)
        .find(|word| matches!(*word, "Act" | "Acts" | "Regulations" | "Order" | "Rules" | "Code"))
    else {
        return false;
    };
    let mut next = words.next();
    let dated = next.is_some_and(is_year);
    if dated {
        next = words.next();
    }
    // `Section 2 Code and testing` is a title.
    let is_act = dated || !matches!(act, "Order" | "Rules" | "Code");
    is_act && next.is_some_and(|word| word.starts_with(char::is_lowercase))
}

/// `Q1 |2024 saw`: a quarter of a year.
fn is_year(rest: &str) -> bool {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let counts = rest.get(digits..).is_some_and(|rest| rest.trim_start().to_lowercase().starts_with("word"));
    digits == 4 && (rest.starts_with("19") || rest.starts_with("20")) && !counts
}

fn numbered(head: &str, line: &str) -> Option<Label> {
    let found = NUMBER.captures(head)?;
    let number = found.name("n")?;
    // `(1)(a)`: the bracket is the number's.
    let enclosed = found.name("open").and(found.name("close")).filter(|close| close.as_str() != ".");
    let mut len = enclosed.map_or(number.end(), |close| close.end());
    let mut steps = vec![Step::Number(number.as_str().parse().ok()?)];
    let mut bracketed = subs(head, &mut len, &mut steps);
    // `1)a)`
    if steps.len() == 1
        && let Some(close) = found.name("close").filter(|close| close.as_str() == ")")
        && !head.get(close.end()..).is_some_and(|rest| rest.starts_with(char::is_whitespace))
    {
        let mut end = close.end();
        if subs(head, &mut end, &mut steps) {
            (len, bracketed) = (end, true);
        } else {
            steps.truncate(1);
        }
    }
    if steps.len() == 1 {
        // `1.`, `1)`, `(1)`; not `1.5 m`, `10 people`.
        let close = found.name("close")?;
        len = close.end();
        let after = head.get(len..).unwrap_or_default();
        if !(after.is_empty() || after.starts_with(char::is_whitespace) || after.starts_with(['*', '_'])) {
            return None;
        }
    } else if !bracketed && head.get(len..).is_some_and(|r| r.starts_with(|c: char| c.is_alphanumeric())) {
        return None;
    }
    Some(finish(None, steps, len, head, line))
}

/// The label of a part that is a number below a number: `1.1`, `2.3 Describe the load`. Measures look the same, and
/// sections of a report: what stands around it decides.
pub(super) fn decimal(line: &str) -> Option<Label> {
    let head = clip(line, 200);
    let (first, at) = small_number(head, lead(head))?;
    let dot = head.get(at..)?.strip_prefix('.')?;
    let (second, mut len) = small_number(head, head.len() - dot.len())?;
    let rest = head.get(len..)?;
    let rest = rest.strip_prefix(['.', ')']).unwrap_or(rest);
    if !parted(rest) {
        return None;
    }
    let mut steps = vec![first, second];
    subs(head, &mut len, &mut steps);
    Some(finish(None, steps, len, head, line)).filter(|label| begins_a_title(line, label))
}

/// The label of a question whose number is set before it and not parted from it: `2 Describe the load of a river`.
pub(super) fn bare(line: &str) -> Option<Label> {
    let head = clip(line, 200);
    let (number, len) = small_number(head, lead(head))?;
    let label = finish(None, vec![number], len, head, line);
    (parted(head.get(len..)?) && begins_a_title(line, &label)).then_some(label)
}

/// Bytes of white space and marks of plain text before the first word.
fn lead(head: &str) -> usize {
    let words = head.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '#'));
    head.len() - words.len()
}

/// A number of one or two digits at `at`, and where it ends.
fn small_number(head: &str, at: usize) -> Option<(Step, usize)> {
    let rest = head.get(at..)?;
    let len = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number = rest.get(..len).filter(|_| len <= 2)?.parse().ok()?;
    Some((Step::Number(number), at + len))
}

/// Whether a label has ended before `rest`.
fn parted(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '*' | '_'))
}

/// Nothing follows the label, or what begins as titles and sentences do: `1.5 metres` is a measure.
fn begins_a_title(line: &str, label: &Label) -> bool {
    let rest = line.get(label.len..).unwrap_or_default();
    rest.trim_start_matches(['“', '"', '‘', '\'', '(', '*', '_'])
        .chars()
        .next()
        .is_none_or(|c| c.is_alphabetic() && !c.is_lowercase())
}

fn marked(head: &str, line: &str) -> Option<Label> {
    let found = MARK.captures(head)?;
    let mark = ["in", "close", "dot"].into_iter().find_map(|name| found.name(name))?;
    let mut steps = vec![Step::Mark(mark.as_str().to_lowercase())];
    let mut len = found.get(0)?.as_str().trim_end().len();
    subs(head, &mut len, &mut steps);
    let label = finish(None, steps, len, head, line);
    // `(a)bc` is a word.
    let tight =
        label.len == len && line.get(len..).is_some_and(|r| r.starts_with(|c: char| c.is_alphanumeric()));
    (!tight).then_some(label)
}

/// Takes the further steps of a label; says whether one was in brackets or closed by one.
fn subs(head: &str, len: &mut usize, steps: &mut Vec<Step>) -> bool {
    let mut bracketed = false;
    while steps.len() < 4 {
        let Some(rest) = head.get(*len..) else { break };
        let Some(found) = SUB.captures(rest) else { break };
        let Some((name, sub)) = ["in", "close", "part", "near", "tight", "dot"]
            .into_iter()
            .find_map(|name| Some((name, found.name(name)?)))
        else {
            break;
        };
        // `2. I think` is no part `i`: a capital I by itself is a word.
        if name == "dot" && sub.as_str() == "I"
            || matches!(name, "tight") && !steps.iter().all(|s| matches!(s, Step::Number(_)))
        {
            break;
        }
        bracketed |= matches!(name, "in" | "close");
        let mut end = match name {
            "near" | "tight" | "dot" => sub.end(),
            _ => found.get(0).map_or(sub.end(), |m| m.end()),
        };
        // `1a)`: the bracket is the label's.
        if matches!(name, "tight")
            && let Some(tail) = found.name("tail")
        {
            let marks = tail.as_str().trim_end();
            end += if marks.ends_with([')', ']']) { marks.len() } else { 0 };
            bracketed |= marks.ends_with([')', ']']);
        }
        match sub.as_str().parse::<u32>() {
            Ok(number) => steps.push(Step::Number(number)),
            Err(_) => steps.push(Step::Mark(sub.as_str().to_lowercase())),
        }
        *len += end;
    }
    bracketed
}

/// Takes what parts the label from the text, and marks beside it.
fn finish(word: Option<Word>, steps: Vec<Step>, len: usize, head: &str, line: &str) -> Label {
    let punctuation = |rest: &str| {
        rest.len()
            - rest
                .trim_start_matches(|c: char| {
                    c.is_whitespace() || matches!(c, ':' | '.' | ')' | ']' | '-' | '–' | '—' | '*' | '_')
                })
                .len()
    };
    let mut end = len;
    end += punctuation(head.get(end..).unwrap_or_default());
    // A minus sign before a number, a negative or a decimal is the text's.
    if let Some(rest) = head.get(len..end)
        && rest.ends_with(['-', '.', '–'])
        && head.get(end..).is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()))
    {
        end -= rest.chars().next_back().map_or(0, char::len_utf8);
    }
    if let Some(marks) = MARKS.find(head.get(len..).unwrap_or_default()) {
        end = len + marks.end();
        end += punctuation(head.get(end..).unwrap_or_default());
    }
    Label { word, key: None, steps, len: end, shown: len, alone: end >= line.len() }
}

fn begins_with_any(text: &str, words: &[&str]) -> bool {
    let first: String = text.chars().take_while(|c| c.is_alphabetic()).collect();
    words.contains(&first.as_str())
}

const NUMBERS: [&str; 10] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/// `3`, `three`, `III`.
fn number_of(word: &str) -> Option<u32> {
    let lower = word.to_lowercase();
    if let Ok(number) = lower.parse() {
        return Some(number);
    }
    if let Some(place) = NUMBERS.iter().position(|w| *w == lower) {
        return u32::try_from(place + 1).ok();
    }
    // Capitals only: `Part i` is a letter or small Roman, told later.
    if word.chars().all(char::is_uppercase) { roman(&lower) } else { None }
}

const ROMAN: [&str; 20] = [
    "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi",
    "xvii", "xviii", "xix", "xx",
];

/// The value of a small Roman numeral up to twenty.
pub(super) fn roman(mark: &str) -> Option<u32> {
    ROMAN.iter().position(|r| *r == mark).and_then(|place| u32::try_from(place + 1).ok())
}

/// A question id as a rubric or a form writes it, in the one form: number, then parts in brackets (`1`, `1(a)`,
/// `2(b)(ii)`); what is no number is kept in lower case (`a`, `essay`).
pub fn normalize_id(id: &str) -> String {
    let lower = id.to_lowercase();
    let mut steps: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut flush = |word: &mut String| {
        let taken = std::mem::take(word);
        if !taken.is_empty()
            && !matches!(
                taken.as_str(),
                "question" | "part" | "task" | "section" | "answer" | "q" | "tma" | "activity"
            )
        {
            steps.push(
                number_of(&taken)
                    .filter(|_| taken.len() > 2 && roman(&taken).is_none())
                    .map_or(taken, |n| n.to_string()),
            );
        }
    };
    let mut digits = false;
    for c in lower.chars() {
        if c.is_alphanumeric() {
            if !word.is_empty() && c.is_ascii_digit() != digits {
                flush(&mut word);
            }
            digits = c.is_ascii_digit();
            word.push(c);
        } else {
            flush(&mut word);
        }
    }
    flush(&mut word);
    let mut steps = steps.into_iter().map(|s| match s.parse::<u32>() {
        Ok(number) => number.to_string(),
        Err(_) => s,
    });
    let Some(mut out) = steps.next() else { return lower.trim().to_owned() };
    for step in steps {
        out.push('(');
        out.push_str(&step);
        out.push(')');
    }
    out
}

fn clip(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(line: &str) -> Option<String> {
        let label = parse(line)?;
        let steps: Vec<String> = label
            .steps
            .iter()
            .map(|s| match s {
                Step::Number(n) => n.to_string(),
                Step::Mark(m) => m.clone(),
            })
            .collect();
        let word = match label.word {
            Some(Word::Question) => "Q ",
            Some(Word::Part) => "P ",
            Some(Word::Answer) => "A ",
            None => "",
        };
        Some(format!("{word}{}|{}", steps.join("."), line.get(label.len..).unwrap_or("?")))
    }

    #[test]
    fn labels_as_students_write_them() {
        for (line, want) in [
            ("Question 1", "Q 1|"),
            ("QUESTION 2:", "Q 2|"),
            ("Question One", "Q 1|"),
            ("Question 1 (a)", "Q 1.a|"),
            ("Question 1(a)(ii)", "Q 1.a.ii|"),
            ("Question 1a", "Q 1.a|"),
            ("Question 1 a)", "Q 1.a|"),
            ("Question 1, part (b)", "Q 1.b|"),
            ("Question 1 part b", "Q 1.b|"),
            ("Question 1 - Networks", "Q 1|Networks"),
            ("Question 1: What is a network?", "Q 1|What is a network?"),
            ("Question 1 (20 marks)", "Q 1|"),
            ("Q1", "Q 1|"),
            ("Q1.", "Q 1|"),
            ("Q1 (a) The line passes", "Q 1.a|The line passes"),
            ("Q1a The line", "Q 1.a|The line"),
            ("Q.3 Text", "Q 3|Text"),
            ("Q 2 b) ii) Text", "Q 2.b.ii|Text"),
            ("Part 2 b) ii", "P 2.b.ii|"),
            ("Part 2(b)(ii) Text", "P 2.b.ii|Text"),
            ("Part A", "P a|"),
            ("Part B: Reflection", "P b|Reflection"),
            ("Part II", "P 2|"),
            ("Part 1, Question 2", "P 1|Question 2"),
            ("Task 3", "Q 3|"),
            ("Part (a)", "P a|"),
            ("Part (b): The flat", "P b|The flat"),
            ("Part [c] The flat", "P c|The flat"),
            ("Task (2)", "Q 2|"),
            ("Part (a)(ii)", "P a.ii|"),
            ("Question 1.2 Text", "Q 1.2|Text"),
            ("Question 1.a Text", "Q 1.a|Text"),
            ("Question 1. A network is", "Q 1|A network is"),
            ("Question 2 (Word count: 250)", "Q 2|"),
            ("TM112 TMA02 Q1a", "Q 1.a|"),
            ("Q1 Part (a) Text", "Q 1.a|Text"),
            ("Answer 1", "A 1|"),
            ("Ans 1. The flat", "A 1|The flat"),
            ("**1a** The flat", "1.a|The flat"),
            ("(1)(a) The flat", "1.a|The flat"),
            ("1)a) The flat", "1.a|The flat"),
            ("[1] (a) The flat", "1.a|The flat"),
            ("Answer to Question 2(a):", "A 2.a|"),
            ("TMA 02 Question 1", "Q 1|"),
            ("**Question 1**", "Q 1|"),
            ("1. a) A hypothesis is", "1.a|A hypothesis is"),
            ("1(a) A hypothesis", "1.a|A hypothesis"),
            ("1 (a) A hypothesis", "1.a|A hypothesis"),
            ("1a) A hypothesis", "1.a|A hypothesis"),
            ("1a. A hypothesis", "1.a|A hypothesis"),
            ("1. Plants look green", "1|Plants look green"),
            ("2) Plants", "2|Plants"),
            ("(a)", "a|"),
            ("(a) (ii) Text", "a.ii|Text"),
            ("a) Text", "a|Text"),
            ("a. Text", "a|Text"),
            ("(iv) Text", "iv|Text"),
            ("ii) Text", "ii|Text"),
            ("b) ii. Text", "b.ii|Text"),
            ("(b) 10 marks are", "b|10 marks are"),
            ("(b) (10 marks)", "b|"),
        ] {
            assert_eq!(show(line).as_deref(), Some(want), "{line:?}");
        }
        for line in [
            "Question 1 asks for a definition of the term.",
            "Question 1 and question 2",
            "Part of the problem",
            "Part a of the question",
            "Part (a) of the question",
            "Part 1, which is about maps, Question 2",
            "Question (1 mark)",
            "Questions 1 to 3 are about networks.",
            "10 people came",
            "1.5 metres",
            "2019 was a good year",
            "A. Smith said",
            "I think",
            "Question 1 ........ 3",
            "Quality 1",
            "(see above)",
            "e.g. this",
            "i.e. this",
            "Answering 1",
        ] {
            assert_eq!(show(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_long_line_of_labels_is_looked_at_once() {
        let line = "Part 1, ".repeat(200_000);
        assert_eq!(parse(&line), None);
    }

    #[test]
    fn numbers_that_only_their_place_makes_labels() {
        for (line, steps, rest) in [
            ("1.1", &[1, 1][..], ""),
            ("2.3. Describe the bank", &[2, 3], "Describe the bank"),
            ("2.3 (10 marks)", &[2, 3], ""),
            ("2.3 “Describe the bank”", &[2, 3], "“Describe the bank”"),
        ] {
            let label = decimal(line).unwrap();
            let want: Vec<Step> = steps.iter().copied().map(Step::Number).collect();
            assert_eq!((label.steps, &line[label.len..]), (want, rest), "{line:?}");
        }
        for line in ["1.5 metres", "1.1.1 Sources", "12.30pm", "2019.1"] {
            assert_eq!(decimal(line), None, "{line:?}");
        }
        let label = bare("2 Describe the bank").unwrap();
        assert_eq!((label.steps, label.len), (vec![Step::Number(2)], 2));
        for line in ["2 of them came", "2.5 metres", "2019 was good", "2nd", "2 300 people"] {
            assert_eq!(bare(line), None, "{line:?}");
        }
    }

    #[test]
    fn ids_are_normalised() {
        for (id, want) in [
            ("1", "1"),
            ("Q1 (a)", "1(a)"),
            ("1a", "1(a)"),
            ("Question 2(b)(ii)", "2(b)(ii)"),
            ("2.b.ii", "2(b)(ii)"),
            ("01", "1"),
            ("Question one", "1"),
            ("essay", "essay"),
            ("Part A", "a"),
        ] {
            assert_eq!(normalize_id(id), want, "{id}");
        }
    }
}
