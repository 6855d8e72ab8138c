//! The layouts in which students hand in a TMA: questions, answers' bounds, prompts.
#![allow(clippy::unwrap_used, clippy::too_many_lines)] // helpers of tests, and tables of cases

use std::fmt::Write as _;

use awap_core::submission::{Answer, Attachment, Content};
use awap_core::tma::{self, ParsedTma};
use awap_core::{Deadline, Limits, Submission};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

fn parse_with(content: Content, rubric: Option<Value>) -> ParsedTma {
    let tma = Submission { content, rubric, ..Submission::default() };
    tma::parse(tma, &Limits::default(), &Deadline::never()).unwrap()
}

fn parse(text: &str, ids: &[&str]) -> ParsedTma {
    let rubric = (!ids.is_empty())
        .then(|| json!({"questions": ids.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()}));
    parse_with(Content { text: Some(text.to_owned()), ..Content::default() }, rubric)
}

/// Answers of some length: `P(n)` stands for a paragraph that begins with `Startn` and ends with `endn.`
fn expand(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("P(") {
        let (before, after) = rest.split_at(at);
        let close = after.find(')').unwrap();
        let n = &after[2..close];
        out.push_str(before);
        let _ = write!(
            out,
            "Start{n} of a paragraph that says what the student thinks about the matter at hand. It goes on for a while, \
             with a second sentence that has some more words in it, until the end{n}."
        );
        rest = &after[close + 1..];
    }
    out.push_str(rest);
    out
}

/// `id: first–last` of each question, where first and last are the numbers of its outer paragraphs.
fn outline(parsed: &ParsedTma) -> Vec<String> {
    parsed
        .questions
        .iter()
        .map(|q| {
            let first = q.text.strip_prefix("Start").and_then(|t| t.split(' ').next()).unwrap_or("?");
            let last = q
                .text
                .strip_suffix('.')
                .and_then(|t| t.rsplit(' ').next())
                .and_then(|t| t.strip_prefix("end"))
                .unwrap_or("?");
            format!("{}: {first}–{last}", q.id)
        })
        .collect()
}

const LAYOUTS: &[(&str, &str, &[&str], &[&str])] = &[
    ("words and numbers", "Question 1\n\nP(1)\n\nP(2)\n\nQuestion 2\n\nP(3)", &[], &["1: 1–2", "2: 3–3"]),
    ("with colons on the line", "Question 1: P(1)\n\nQuestion 2: P(2)", &[], &["1: 1–1", "2: 2–2"]),
    ("short form", "Q1\nP(1)\n\nQ2\nP(2)\n\nQ3\nP(3)", &[], &["1: 1–1", "2: 2–2", "3: 3–3"]),
    ("parts beside", "Q1 (a) P(1)\n\nQ1 (b) P(2)\n\nQ2 P(3)", &[], &["1(a): 1–1", "1(b): 2–2", "2: 3–3"]),
    (
        "parts below",
        "Question 1\n\n(a)\n\nP(1)\n\n(b)\n\nP(2)\n\nQuestion 2\n\n(a) P(3)\n\n(b) P(4)",
        &[],
        &["1(a): 1–1", "1(b): 2–2", "2(a): 3–3", "2(b): 4–4"],
    ),
    (
        "letters with a bracket",
        "Question 1\n\na) P(1)\n\nb) P(2)\n\nQuestion 2\n\nP(3)",
        &[],
        &["1(a): 1–1", "1(b): 2–2", "2: 3–3"],
    ),
    ("letters with a stop", "Question 1\n\na. P(1)\n\nb. P(2)", &[], &["1(a): 1–1", "1(b): 2–2"]),
    (
        "numerals below letters",
        "Question 1\n\n(a)\n\n(i) P(1)\n\n(ii) P(2)\n\n(b) P(3)",
        &[],
        &["1(a)(i): 1–1", "1(a)(ii): 2–2", "1(b): 3–3"],
    ),
    (
        "numerals beside letters",
        "Question 1 (a) (i)\n\nP(1)\n\nQuestion 1 (a) (ii)\n\nP(2)",
        &[],
        &["1(a)(i): 1–1", "1(a)(ii): 2–2"],
    ),
    (
        "the letter said again before each numeral",
        "Question 2\n\n(a) (i)\n\nP(1)\n\n(a) (ii)\n\nP(2)\n\n(b)\n\nP(3)",
        &[],
        &["2(a)(i): 1–1", "2(a)(ii): 2–2", "2(b): 3–3"],
    ),
    ("tight", "Q1a\nP(1)\n\nQ1b\nP(2)\n\nQ2a) P(3)", &[], &["1(a): 1–1", "1(b): 2–2", "2(a): 3–3"]),
    (
        "numbers and letters alone",
        "1. a) P(1)\n\n1. b) P(2)\n\n2. P(3)",
        &[],
        &["1(a): 1–1", "1(b): 2–2", "2: 3–3"],
    ),
    (
        "numbers and letters tight",
        "1a) P(1)\n\n1b) P(2)\n\n2a) P(3)",
        &[],
        &["1(a): 1–1", "1(b): 2–2", "2(a): 3–3"],
    ),
    (
        "numbers and brackets",
        "1(a)\n\nP(1)\n\n1(b)\n\nP(2)\n\n2(a)\n\nP(3)",
        &[],
        &["1(a): 1–1", "1(b): 2–2", "2(a): 3–3"],
    ),
    ("numbers alone", "1. P(1)\n\n2. P(2)\n\nP(3)\n\n3. P(4)", &[], &["1: 1–1", "2: 2–3", "3: 4–4"]),
    (
        "numbers over letters",
        "1.\n\n(a) P(1)\n\n(b) P(2)\n\n2.\n\n(a) P(3)\n\n(b) P(4)",
        &[],
        &["1(a): 1–1", "1(b): 2–2", "2(a): 3–3", "2(b): 4–4"],
    ),
    (
        "a numbered word in the title",
        "TMA 02: Task 3\n\nQuestion 1\n\nP(1)\n\nQuestion 2\n\nP(2)\n\nQuestion 3\n\nP(3)",
        &["1", "2", "3"],
        &["1: 1–1", "2: 2–2", "3: 3–3"],
    ),
    (
        "a case before its task",
        "Question 1\n\nAmina bought a kettle from a shop in her town on a Monday in May, took it home and found on the next day that \
         it would not boil. The shop says that it is hers now, and that she should have looked at it there and then. Advise Amina on \
         her options.\n\nQuestion 2\n\nExplain what a packet is.\n\nResponse 1\n\nP(1)\n\nResponse 2\n\nP(2)",
        &["1", "2"],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "an introduction over parts that are restated",
        "Question 1\n\nThese questions are about the tides and the moon.\n\nQuestion 1(a)\n\nExplain why there are two tides a \
         day.\n\nAnswer to Question 1(a)\n\nP(1)",
        &["1(a)"],
        &["1(a): 1–1"],
    ),
    (
        "titles of sections",
        "Section 1 Data\n\nP(1)\n\nSection 2 Code and testing\n\nP(2)\n\nSection 3 Rules of play\n\nP(3)",
        &["1", "2", "3"],
        &["1: ?–1", "2: ?–2", "3: ?–3"],
    ),
    ("parts", "Part 1\n\nP(1)\n\nPart 2\n\n(a) P(2)\n\n(b) P(3)", &[], &["1: 1–1", "2(a): 2–2", "2(b): 3–3"]),
    (
        "parts in full",
        "Part 2 b) ii\n\nP(1)\n\nPart 2 b) iii\n\nP(2)",
        &[],
        &["2(b)(ii): 1–1", "2(b)(iii): 2–2"],
    ),
    (
        "part and letter of a question",
        "Question 1 Part A\n\nP(1)\n\nQuestion 1 Part B\n\nP(2)\n\nQuestion 2\n\nPart a: P(3)\n\nPart b: P(4)",
        &[],
        &["1(a): 1–1", "1(b): 2–2", "2(a): 3–3", "2(b): 4–4"],
    ),
    (
        "parts over questions",
        "Part 1\n\nQuestion 1\n\nP(1)\n\nPart 2\n\nQuestion 2\n\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    ("number words", "Question One\n\nP(1)\n\nQuestion Two\n\nP(2)", &[], &["1: 1–1", "2: 2–2"]),
    ("tasks", "Task 1\n\nP(1)\n\nTask 2\n\nP(2)", &[], &["1: 1–1", "2: 2–2"]),
    ("answers", "Answer 1\n\nP(1)\n\nAnswer 2\n\nP(2)", &[], &["1: 1–1", "2: 2–2"]),
    (
        "answers to questions",
        "Answer to Question 1(a)\n\nP(1)\n\nAnswer to Question 1(b)\n\nP(2)",
        &[],
        &["1(a): 1–1", "1(b): 2–2"],
    ),
    (
        "out of order",
        "Question 2\n\nP(1)\n\nQuestion 1\n\n(b) P(2)\n\n(a) P(3)",
        &["1(a)", "1(b)", "2"],
        &["2: 1–1", "1(b): 2–2", "1(a): 3–3"],
    ),
    (
        "restated with a question mark",
        "Question 1\n\nWhat is meant by a network of computers?\n\nP(1)\n\nQuestion 2\n\nHow do packets travel? (10 marks)\n\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "restated on the line",
        "Question 1: What is meant by a network?\n\nP(1)\n\nQuestion 2: How do packets travel?\n\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "restated, next line",
        "1. What is meant by a network?\nP(1)\n\n2. How do packets travel?\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "restated as an instruction",
        "Question 1\n\nExplain the difference between a compiler and an interpreter.\n\nP(1)",
        &[],
        &["1: 1–1"],
    ),
    (
        "restated with marks",
        "Question 1\n\nDescribe a network, giving an example from your own life. (15 marks)\n\nP(1)",
        &[],
        &["1: 1–1"],
    ),
    (
        "restated in quotes",
        "Question 1\n\n‘Explain why the internet was made as it was.’\n\nP(1)",
        &[],
        &["1: 1–1"],
    ),
    (
        "restated in bold",
        "Question 1\n\n**The internet is robust because it has no centre. Discuss this view.**\n\nP(1)",
        &[],
        &["1: 1–1"],
    ),
    (
        "answer marker",
        "Question 1\n\nGive an account of networks, with a diagram and an example\n\nAnswer:\n\nP(1)\n\nQuestion 2\n\nAnswer: P(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "list inside an answer",
        "Question 1\n\nP(1)\n\n1. one thing\n2. another thing\n3. a third thing\n\nP(2)\n\nQuestion 2\n\nP(3)",
        &[],
        &["1: 1–2", "2: 3–3"],
    ),
    (
        "letters in a list",
        "Question 1\n\nP(1)\n\nThere are:\n\n(a) cats\n(b) dogs\n(c) birds\n\nP(2)\n\nQuestion 2\n\nP(3)",
        &[],
        &["1: 1–2", "2: 3–3"],
    ),
    (
        "numbered list in a numbered answer",
        "1. P(1)\n\n1. milk\n2. eggs\n3. flour\n\nP(2)\n\n2. P(3)",
        &[],
        &["1: 1–2", "2: 3–3"],
    ),
    (
        "essay with a list",
        "P(1)\n\n1. first of the reasons\n2. second of the reasons\n\nP(2)",
        &[],
        &["essay: 1–2"],
    ),
    (
        "essay with numbered sections",
        "1. Introduction\n\nP(1)\n\n2. Findings\n\nP(2)\n\n3. Conclusion\n\nP(3)",
        &[],
        &["essay: 1–3"],
    ),
    (
        "essay with a cover and title",
        "Name: A. Person\nPI: A1234567\nTMA 03\n\nHow is order made in a street?\n\nP(1)\n\nP(2)\n\nWord count: 1500",
        &[],
        &["essay: 1–2"],
    ),
    ("essay, rubric with one question", "P(1)\n\nP(2)", &["1"], &["1: 1–2"]),
    (
        "references end an answer",
        "Question 1\n\nP(1)\n\nReferences\n\nSmith, J. (2019) A Book. Leeds: A Press.\n\nQuestion 2\n\nP(2)\n\nReferences\n\nJones, K. (2020) Other. Hull: B Press.",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "word counts end an answer",
        "Question 1\n\nP(1)\n\nWord count: 250\n\nQuestion 2\n\nP(2)\n\n(245 words)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    ("appendix", "Question 1\n\nP(1)\n\nAppendix\n\nP(2)", &[], &["1: 1–1"]),
    (
        "contents first",
        "Contents\n\nQuestion 1 ........ 2\nQuestion 2 ........ 3\n\nQuestion 1\n\nP(1)\n\nQuestion 2\n\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "prompts first, answers after",
        "Question 1\n\nExplain what a network is and what it is for.\n\nAnswer to Question 1\n\nP(1)",
        &[],
        &["1: 1–1"],
    ),
    (
        "mention of a question",
        "Question 1\n\nP(1)\n\nIn Question 2 I shall say more.\n\nP(2)\n\nQuestion 2\n\nP(3)",
        &[],
        &["1: 1–2", "2: 3–3"],
    ),
    (
        "rubric without the letters",
        "Question 1\n\n(a) P(1)\n\n(b) P(2)\n\nQuestion 2\n\nP(3)",
        &["1", "2"],
        &["1: ?–2", "2: 3–3"],
    ),
    (
        "rubric with the letters of a list",
        "Question 1\n\nP(1)\n\na) P(2)\n\nb) P(3)",
        &["1(a)", "1(b)"],
        &["1(a): 2–2", "1(b): 3–3"],
    ),
    (
        "container with a heading",
        "Question 1\n\nNetworks\n\n(a)\n\nP(1)\n\n(b)\n\nP(2)",
        &[],
        &["1(a): 1–1", "1(b): 2–2"],
    ),
    (
        "Markdown headings",
        "# Question 1\n\n## (a)\n\nP(1)\n\n## (b)\n\nP(2)\n\n# Question 2\n\n## Networks\n\nP(3)",
        &[],
        &["1(a): 1–1", "1(b): 2–2", "2: 3–3"],
    ),
    (
        "TMA before the question",
        "TMA 02 Question 1\n\nP(1)\n\nTMA 02 Question 2\n\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "capitals",
        "QUESTION 1\n\nP(1)\n\nQUESTION 2 (A)\n\nP(2)\n\nQUESTION 2 (B)\n\nP(3)",
        &[],
        &["1: 1–1", "2(a): 2–2", "2(b): 3–3"],
    ),
    (
        "dash and title",
        "Question 1 – Networks\n\nP(1)\n\nQuestion 2 – Packets\n\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "marks beside the label",
        "Question 1 (20 marks)\n\nP(1)\n\nQuestion 2 [30 marks]\n\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "skipped part",
        "Question 1\n\n(a) P(1)\n\n(c) P(2)\n\nQuestion 2\n\nP(3)",
        &[],
        &["1(a): 1–1", "1(c): 2–2", "2: 3–3"],
    ),
    (
        "ids in the rubric's spelling",
        "Question 1\n\na) P(1)\n\nb) P(2)",
        &["Q1a", "Q1b"],
        &["Q1a: 1–1", "Q1b: 2–2"],
    ),
    ("closing lines", "Question 1\n\nP(1)\n\nKind regards\n\n[STUDENT]", &[], &["1: 1–1"]),
    ("part letters alone", "Part A\n\nP(1)\n\nPart B\n\nP(2)", &[], &["a: 1–1", "b: 2–2"]),
    ("roman questions", "Question I\n\nP(1)\n\nQuestion II\n\nP(2)", &[], &["1: 1–1", "2: 2–2"]),
    (
        "section headings inside",
        "Question 1\n\nIntroduction\n\nP(1)\n\nConclusion\n\nP(2)\n\nQuestion 2\n\nP(3)",
        &[],
        &["1: 1–2", "2: 3–3"],
    ),
    ("one paragraph, no blank lines", "Question 1\nP(1)\nP(2)\nQuestion 2\nP(3)", &[], &["1: 1–2", "2: 3–3"]),
    (
        "a short opening",
        "TMA 03\n\nStreets and order\n\nStart1 is a street, and a street is ordered.\n\nP(2)",
        &[],
        &["essay: 1–2"],
    ),
    (
        "essay question with its word",
        "Essay question: To what extent is social order made and remade on a street in the city today?\n\nP(1)\n\nP(2)",
        &[],
        &["essay: 1–2"],
    ),
    (
        "essay question as an instruction",
        "Discuss the view that a street has an order of its own.\n\nP(1)\n\nP(2)",
        &[],
        &["essay: 1–2"],
    ),
    (
        "parts restated, then answered",
        "Question 1\n\n(a) Explain what a network is. (5 marks)\n\n(b) Describe how a packet travels. (5 marks)\n\n(a) P(1)\n\n(b) P(2)",
        &[],
        &["1(a): 1–1", "1(b): 2–2"],
    ),
    ("sections with letters", "Section A\n\nP(1)\n\nSection B\n\nP(2)", &[], &["a: 1–1", "b: 2–2"]),
    ("part titles", "Part 1: Essay\n\nP(1)\n\nPart 2: Reflection\n\nP(2)", &[], &["1: 1–1", "2: 2–2"]),
    (
        "module before the question",
        "TM112 TMA02 Q1a\n\nP(1)\n\nTM112 TMA02 Q1b\n\nP(2)",
        &[],
        &["1(a): 1–1", "1(b): 2–2"],
    ),
    (
        "numerals under a number",
        "Question 3\n\n(i) P(1)\n\n(ii) P(2)\n\n(iii) P(3)",
        &[],
        &["3(i): 1–1", "3(ii): 2–2", "3(iii): 3–3"],
    ),
    (
        "letters to i",
        "Question 1\n\n(g) P(1)\n\n(h) P(2)\n\n(i) P(3)",
        &["1(g)", "1(h)", "1(i)"],
        &["1(g): 1–1", "1(h): 2–2", "1(i): 3–3"],
    ),
    (
        "words under each part",
        "Question 1 (a)\n\nP(1)\n\nWord count: 44\n\nQuestion 1 (b)\n\nP(2)\n\nWord count: 43\n\nTotal: 87 words",
        &[],
        &["1(a): 1–1", "1(b): 2–2"],
    ),
    ("letter and number swapped", "(a) P(1)\n\n(b) P(2)", &[], &["a: 1–1", "b: 2–2"]),
    (
        "rules between",
        "Question 1\n----------\n\nP(1)\n\n==========\n\nQuestion 2\n----------\n\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "restated in Markdown quotes",
        "## Question 1\n\n> Explain what a network is.\n\nP(1)\n\n## Question 2\n\n> Explain what a packet is.\n\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "numbers below numbers",
        "Question 1\n\n1.1\n\nP(1)\n\n1.2\n\nP(2)\n\nQuestion 2\n\n2.1 Describe the bank of a river.\n\nP(3)\n\n2.2 P(4)",
        &[],
        &["1(1): 1–1", "1(2): 2–2", "2(1): 3–3", "2(2): 4–4"],
    ),
    (
        "letters below numbers below numbers",
        "Question 1\n\n1.1\n\n(a) P(1)\n\n(b) P(2)\n\n1.2\n\nP(3)",
        &[],
        &["1(1)(a): 1–1", "1(1)(b): 2–2", "1(2): 3–3"],
    ),
    (
        "a report with numbered sections in an answer",
        "Question 1\n\nP(1)\n\nQuestion 2\n\n2.1 Introduction\n\nP(2)\n\n2.2 What we found\n\n2.3 Metres\n\nP(3)",
        &[],
        &["1: 1–1", "2: 2–3"],
    ),
    (
        "a report with numbered sections by itself",
        "1 Introduction\n\nP(1)\n\n2 Method\n\n2.1 Sample\n\nP(2)\n\n3 Discussion\n\nP(3)",
        &[],
        &["essay: 1–3"],
    ),
    (
        "numbers below numbers that the rubric does not know",
        "Question 1\n\n1.1 P(1)\n\n1.2 P(2)",
        &["1"],
        &["1: ?–2"],
    ),
    (
        "a part with tasks and one without",
        "Part A\n\nP(1)\n\nPart B\n\nTask 1\n\nP(2)\n\nTask 2\n\n(a) P(3)\n\n(b) P(4)",
        &[],
        &["a: 1–1", "b(1): 2–2", "b(2)(a): 3–3", "b(2)(b): 4–4"],
    ),
    (
        "parts that count anew",
        "Part 1\n\nTask 1\n\nP(1)\n\nTask 2\n\nP(2)\n\nPart 2\n\nTask 1\n\nP(3)",
        &[],
        &["1(1): 1–1", "1(2): 2–2", "2(1): 3–3"],
    ),
    (
        "parts in words that count anew",
        "Part One\n\nTask 1\n\nP(1)\n\nPart Two\n\nTask 1\n\nP(2)\n\nPart Three\n\nTask 1\n\nP(3)",
        &[],
        &["1(1): 1–1", "2(1): 2–2", "3(1): 3–3"],
    ),
    (
        "parts that count anew, beside the question",
        "Part A – Question 1\n\nP(1)\n\nPart B – Question 1\n\nP(2)",
        &[],
        &["a(1): 1–1", "b(1): 2–2"],
    ),
    (
        "parts that count on",
        "Part A\n\nQuestion 1\n\nP(1)\n\nQuestion 2\n\nP(2)\n\nPart B\n\nQuestion 3\n\nP(3)\n\nPart C\n\nP(4)",
        &[],
        &["1: 1–1", "2: 2–2", "3: 3–3", "c: 4–4"],
    ),
    (
        "parts that count on, beside the question",
        "Section A: Question 1\n\nP(1)\n\nPart 2, Question 2\n\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "parts that count anew, in a rubric that does not",
        "Part A\n\nP(1)\n\nPart B\n\nTask 1\n\nP(2)\n\nTask 2\n\nP(3)",
        &["1", "2"],
        &["a: 1–1", "1: 2–2", "2: 3–3"],
    ),
    (
        "parts in brackets below tasks",
        "Task 1: The flat\n\nPart (a)\n\nP(1)\n\nPart (b)\n\nP(2)\n\n(Task 1: 94 words)\n\nTask 2: The town\n\nPart (a)\n\nP(3)",
        &[],
        &["1(a): 1–1", "1(b): 2–2", "2(a): 3–3"],
    ),
    (
        "numbers not parted from the question",
        "**1a** What is a lock?\n\nP(1)\n\n**1b** What is a weir?\n\nP(2)\n\n**2 Reflect on your visit to the canal.**\n\nP(3)",
        &[],
        &["1(a): 1–1", "1(b): 2–2", "2: 3–3"],
    ),
    ("both in brackets", "(1)(a) P(1)\n\n(1)(b) P(2)", &[], &["1(a): 1–1", "1(b): 2–2"]),
    ("short for answer", "Ans 1. P(1)\n\nAns 2. P(2)", &[], &["1: 1–1", "2: 2–2"]),
    (
        "restated with a task and what guides it",
        "Question 1 (20 marks) Which map is older? Refer to at least one symbol.\n\nP(1)\n\nQuestion 2\n\nSet yourself two goals for the spring.\n\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "restated in quotes, before the answer on the line",
        "Question 1: “Explain the tides.” P(1)\n\nQuestion 2: What is a spring tide? P(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "restated after a clause",
        "Question 1\n\nUsing one map from the block, describe how it leaves things out.\n\nP(1)",
        &[],
        &["1: 1–1"],
    ),
    (
        "a quotation to be discussed",
        "TMA 02\n\n“A street has an order of its own.” Discuss.\n\nP(1)\n\nP(2)",
        &[],
        &["essay: 1–2"],
    ),
    (
        "a scenario in quotes over its parts",
        "Part B\n\n“Mr Quill sells a boat to Mrs Reed for ten pounds. On the day he does not come to the quay, although he was paid in full the week before and had said to her and to her sister that he would be there by noon.”\n\n(i) “Advise Mrs Reed.”\n\nP(1)\n\n(ii) P(2)",
        &[],
        &["b(i): 1–1", "b(ii): 2–2"],
    ),
    ("an answer that opens with speech", "Question 1\n\n“You’re late.”\n\nP(1)", &[], &["1: ?–1"]),
    (
        "an answer that gives advice",
        "Question 1\n\nKeep the key in one place.\n\nTake a spare with you.\n\nP(1)",
        &[],
        &["1: ?–1"],
    ),
    (
        "mathematics",
        "Q1 (a) Start1: y = 2x + 1 and so x = 3\n\nso that the line meets the axis, which is the end1.\n\nQ1 (b) P(2)",
        &[],
        &["1(a): 1:–1", "1(b): 2–2"],
    ),
    (
        "activities in an answer",
        "Question 1\n\nP(1)\n\nQuestion 2\n\nActivity 1: Painting\n\nP(2)\n\nActivity 2: Water play\n\nP(3)\n\nP(4)\n\nActivity 3: Sand\n\nP(5)",
        &["1", "2"],
        &["1: 1–1", "2: 2–5"],
    ),
    (
        "activities in an answer, no rubric",
        "Question 1\n\nP(1)\n\nActivity A: Painting\n\nP(2)\n\nQuestion 2\n\nP(3)\n\nActivity 1: Water\n\nP(4)\n\nActivity 2: Sand\n\nP(5)",
        &[],
        &["1: 1–2", "2: 3–5"],
    ),
    (
        "solutions in an answer",
        "Question 1\n\nP(1)\n\nP(2)\n\nQuestion 2\n\nP(3)\n\nSolution 1: Sponges\n\nP(4)\n\nSolution 2: Jugs\n\nP(5)",
        &["1", "2"],
        &["1: 1–2", "2: 3–5"],
    ),
    (
        "prompts first, solutions after",
        "Question 1\n\nExplain what a network is and what it is for.\n\nQuestion 2\n\nExplain what a packet is.\n\nSolution 1\n\nP(1)\n\nSolution 2\n\nP(2)",
        &[],
        &["1: 1–1", "2: 2–2"],
    ),
    (
        "prompts and solutions in turn",
        "Question 1\n\nP(1)\n\nP(2)\n\nSolution 1\n\nP(3)\n\nQuestion 2\n\nExplain it.\n\nSolution 2\n\nP(4)",
        &[],
        &["1: 3–3", "2: 4–4"],
    ),
    (
        "sections of an answer",
        "Question 1\n\nP(1)\n\nQuestion 2\n\nSection 1: What happened\n\nP(2)\n\nSection 2: What I would change\n\nP(3)\n\nQuestion 3\n\nPart 1: The plan\n\nP(4)\n\nPart 2: The day\n\nP(5)",
        &["1", "2", "3"],
        &["1: 1–1", "2: 2–3", "3: 4–5"],
    ),
    (
        "sections of an answer under parts",
        "Part 1\n\nQuestion 1\n\nP(1)\n\nSection 2: What I would change\n\nP(2)\n\nPart 2\n\nQuestion 2\n\nP(3)",
        &[],
        &["1: 1–2", "2: 3–3"],
    ),
    (
        "tasks within activities",
        "Activity 1\n\nP(1)\n\nTask 1: First\n\nP(2)\n\nTask 2: Then\n\nP(3)\n\nActivity 2\n\nP(4)",
        &[],
        &["1: 1–3", "2: 4–4"],
    ),
    (
        "questions by two words",
        "Question 1\n\nP(1)\n\nTask 2\n\nP(2)\n\nQuestion 3\n\nP(3)",
        &["1", "2", "3"],
        &["1: 1–1", "2: 2–2", "3: 3–3"],
    ),
    (
        "a statute and a quarter at the head of paragraphs",
        "Question 1\n\nP(1)\n\nSection 1 Theft Act 1968 provides that a person is guilty of theft.\n\nSection 47(1) Children Act 1989 places a duty on it.\n\nQ1 2024 saw sales fall.\n\nP(2)\n\nQuestion 2\n\nP(3)",
        &["1", "2"],
        &["1: 1–2", "2: 3–3"],
    ),
    (
        "an essay with statutes",
        "P(1)\n\nSection 1 Theft Act 1968 provides that a person is guilty of theft.\n\nP(2)",
        &[],
        &["essay: 1–2"],
    ),
    (
        "a list with letters in a part",
        "Question 1\n\n(a) P(1)\n\n(b) P(2)\n\na) a second router for the guests\nb) a guest network on the same router\n\nP(3)\n\nQuestion 2\n\nP(4)",
        &["1(a)", "1(b)", "2"],
        &["1(a): 1–1", "1(b): 2–3", "2: 4–4"],
    ),
    (
        "lists with the letters of the parts",
        "Question 1\n\n(a) P(1)\n\n(a) a second router for the guests\n(b) a guest network on the same router\n\nP(2)\n\n(b) P(3)\n\n(a) one for the guests\n(b) one for the till\n(c) P(4)\n\nQuestion 2\n\nP(5)",
        &["1(a)", "1(b)", "1(c)", "2"],
        &["1(a): 1–2", "1(b): 3–?", "1(c): 4–4", "2: 5–5"],
    ),
    (
        "a list with letters in a part, no rubric",
        "Question 1\n\n(a) P(1)\n\na) a second router for the guests\nb) a guest network on the same router\n\nP(2)\n\n(b) P(3)",
        &[],
        &["1(a): 1–2", "1(b): 3–3"],
    ),
    (
        "parts restated, then answered in a few words",
        "Question 1\n\n(a) Explain what a router is. (5 marks)\n\n(b) Describe how a packet travels a network. (5 marks)\n\n(a) Start1 is a box that sends on what comes to end1.\n(b) Start2 of it goes from hop to hop until the end2.",
        &["1(a)", "1(b)"],
        &["1(a): 1–1", "1(b): 2–2"],
    ),
    (
        "references end an answer, and a number begins the next",
        "1. P(1)\n\nReferences\n\nMarlow, P. (2019) Networks. Leeds: Crane Press.\n\n2. Start2 is a guest network, as Heath (2021) shows.\n\nP(3)\n\nReferences\n\nHeath, O. (2021) Packets. Hull: B Press.",
        &["1", "2"],
        &["1: 1–1", "2: 2–3"],
    ),
    (
        "a paragraph that opens with a citation",
        "Question 1\n\nP(1)\n\nBronfen’s (1979) Ecological Systems Theory has layers. They are accessed at home.\n\nP(2)\n\nReferences\n\nBronfen, U. (1979) Layers. Hull: B Press.",
        &["1"],
        &["1: 1–2"],
    ),
    (
        "a first answer without a label",
        "DD102 TMA 03\n\nHow is order made on a street?\n\nP(1)\n\nP(2)\n\nReferences\n\nReed, E. (1959) A Book. Leeds: A Press.\n\nPart 2: Self-reflection\n\nP(3)",
        &["1", "2"],
        &["1: 1–2", "2: 3–3"],
    ),
    (
        "a first answer without a label, no rubric",
        "How is order made on a street?\n\nP(1)\n\nP(2)\n\nPart 2: Self-reflection\n\nP(3)",
        &[],
        &["1: 1–2", "2: 3–3"],
    ),
    (
        "an essay that goes on after its list",
        "P(1)\n\nReferences\n\nReed, E. (1959) A Book. Leeds: A Press.\n\nReflection\n\nP(2)\n\nP(3)",
        &["1"],
        &["1: 1–1", "1: ?–3"],
    ),
    (
        "an essay and a statement on its making",
        "P(1)\n\nP(2)\n\nReferences\n\nReed, E. (1959) A Book. Leeds: A Press.\n\nStatement on the use of generative AI\n\nP(3)\n\nP(4)",
        &[],
        &["essay: 1–2"],
    ),
    (
        "an answer that stands after a list",
        "Question 1\n\nP(1)\n\nReferences\n\nReed, E. (1959) A Book. Leeds: A Press.\n\nReflection\n\nP(2)\n\nP(3)",
        &["1", "2"],
        &["1: 1–1", "2: ?–3"],
    ),
    (
        "an introduction, and a last question not answered",
        "P(1)\n\nP(2)\n\nQuestion 1\n\nP(3)\n\nQuestion 2\n\nP(4)",
        &["1", "2", "3"],
        &["1: 3–3", "2: 4–4"],
    ),
    (
        "a scenario of the paper",
        "Part 1\n\nQuestion 1\n\nP(1)\n\nPart 2\n\nP(2)\n\nP(3)\n\nQuestion 2\n\nP(4)",
        &["1", "2", "3"],
        &["1: 1–1", "2: 4–4"],
    ),
    (
        "a paper restated before its answers",
        "Question 1\n\nP(1)\n\nQuestion 2\n\nP(2)\n\nP(3)\n\nAnswer 1\n\nP(4)\n\nAnswer 2\n\nP(5)",
        &["1", "2", "3"],
        &["1: 4–4", "2: 5–5"],
    ),
];

#[test]
fn questions_in_every_layout() {
    let mut faults = Vec::new();
    for (name, text, ids, want) in LAYOUTS {
        let text = expand(text);
        let parsed = parse(&text, ids);
        let got = outline(&parsed);
        if got != *want {
            faults.push(format!("{name}\n   got {got:?}\n  want {want:?}"));
        }
        for q in &parsed.questions {
            assert_eq!(parsed.text.get(q.start..q.end), Some(q.text.as_str()), "{name}");
        }
    }
    assert!(faults.is_empty(), "{} of {}\n{}", faults.len(), LAYOUTS.len(), faults.join("\n"));
}

#[test]
fn a_form_has_a_question_for_each_answer() {
    let answer = |question: &str, text: &str| Answer {
        question: question.into(),
        text: expand(text),
        ..Answer::default()
    };
    let content = Content {
        answers: vec![answer("1(a)", "P(1)"), answer("Q2", "P(2)\n\n1. a\n2. b\n\nP(3)")],
        ..Content::default()
    };
    assert_eq!(outline(&parse_with(content, None)), ["1(a): 1–1", "2: 2–3"]);
}

/// A TMA of several files.
fn files(files: &[(&str, &str)]) -> Content {
    let document = |(name, words): &(&str, &str)| {
        let text = expand(words);
        let blocks: Vec<Value> = text
            .split("\n\n")
            .scan(0, |at, block| {
                let start = *at;
                *at += block.len() + 2;
                Some(json!({"kind": "paragraph", "start": start, "end": start + block.len()}))
            })
            .collect();
        json!({"source": "content.attachments[0]", "filename": name, "format": "docx", "parts": [
            {"name": "body", "kind": "body", "text": text, "blocks": blocks},
        ]})
    };
    let documents: Vec<Value> = files.iter().map(document).collect();
    Content { documents: serde_json::from_value(json!(documents)).unwrap(), ..Content::default() }
}

fn codes(parsed: &ParsedTma) -> Vec<&str> {
    parsed.warnings.iter().map(|w| w.code.as_str()).collect()
}

/// Name, files, the rubric's ids, the outline.
type Files<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str], &'a [&'a str]);

#[test]
fn each_file_is_in_an_answer() {
    let long = "P(1)\n\nP(2)";
    let longer = "P(3)\n\nP(4)\n\nP(5)";
    let cases: &[Files<'_>] = &[
        ("named", &[("Q1.docx", long), ("Q2.docx", longer)], &["1", "2"], &["1: 1–2", "2: 3–5"]),
        ("named, no rubric", &[("q1.docx", longer), ("q2.docx", long)], &[], &["1: 3–5", "2: 1–2"]),
        (
            "named, with letters in them",
            &[("Q1.docx", "(a) P(1)\n\n(b) P(2)"), ("Q2.docx", "(a) P(3)\n\n(b) P(4)")],
            &["1(a)", "1(b)", "2(a)", "2(b)"],
            &["1(a): 1–1", "1(b): 2–2", "2(a): 3–3", "2(b): 4–4"],
        ),
        (
            "one left over",
            &[("tma.docx", "Question 1\n\nP(3)"), ("reflection.docx", long)],
            &["1", "2"],
            &["1: 3–3", "2: 1–2"],
        ),
        (
            "of an essay",
            &[("essay.docx", longer), ("reflection.docx", long)],
            &[],
            &["essay: 3–5", "essay: 1–2"],
        ),
        (
            "of one question",
            &[("tma.docx", "Question 1\n\nP(3)"), ("reflection.docx", long)],
            &["1"],
            &["1: 3–3", "1: 1–2"],
        ),
        ("beside an essay", &[("essay.docx", longer), ("Appendix A.docx", long)], &["1"], &["1: 3–5"]),
        (
            "each with its list",
            &[
                (
                    "Q1.docx",
                    "P(1)\n\nReferences\n\nReed, E. (1959) A Book. Leeds: A Press.\n\nReflection\n\nP(6)\n\nP(7)",
                ),
                ("Q2.docx", longer),
            ],
            &["1", "2"],
            &["2: 3–5"],
        ),
    ];
    for (name, given, ids, want) in cases {
        let rubric = (!ids.is_empty())
            .then(|| json!({"questions": ids.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()}));
        let parsed = parse_with(files(given), rubric);
        let mut got = outline(&parsed);
        if *name == "each with its list" {
            got.retain(|q| !q.starts_with("1: "));
        }
        assert_eq!(got, *want, "{name}");
        assert!(!codes(&parsed).contains(&"text_in_no_answer"), "{name}");
    }
}

#[test]
fn text_in_no_answer_is_told_of() {
    let parsed = parse_with(
        files(&[("tma.docx", "Question 1\n\nP(1)\n\nQuestion 2\n\nP(2)"), ("notes.docx", "P(3)\n\nP(4)")]),
        Some(json!({"questions": [{"id": "1"}, {"id": "2"}]})),
    );
    assert_eq!(outline(&parsed), ["1: 1–1", "2: 2–2"]);
    let told: Vec<_> = parsed.warnings.iter().filter(|w| w.code == "text_in_no_answer").collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].message.ends_with("70 words in a file without an answer."), "{}", told[0].message);
    for (text, ids, place) in [
        (
            "P(1)\n\nP(2)\n\nQuestion 1\n\nP(3)\n\nQuestion 2\n\nP(4)",
            &["1", "2"][..],
            "before the answer to 1.",
        ),
        (
            "Question 1\n\nP(1)\n\nQuestion 2\n\nP(2)\n\nReferences\n\nReed, E. (1959) A Book. Leeds: A Press.\n\nReflection\n\nP(3)\n\nP(4)",
            &[],
            "after the answer to 2.",
        ),
    ] {
        let parsed = parse(&expand(text), ids);
        let told: Vec<_> = parsed.warnings.iter().filter(|w| w.code == "text_in_no_answer").collect();
        assert!(told.len() == 1 && told[0].message.ends_with(place), "{told:?}");
    }
    // What restates the paper, or is too short to be an answer, is no loss.
    for text in [
        "Question 1\n\nP(1)\n\nQuestion 2\n\nP(2)\n\nAnswer 1\n\nP(3)\n\nP(4)\n\nAnswer 2\n\nP(5)\n\nP(6)",
        "TMA 02\n\nI had a hard week and could not do more.\n\nQuestion 1\n\nP(1)\n\nWord count: 35",
    ] {
        assert_eq!(codes(&parse(&expand(text), &[])), [""; 0], "{text}");
    }
}

/// A paragraph of a word processor: kind, automatic number, text, bold.
type Paragraph<'a> = (&'a str, &'a str, &'a str, bool);

fn document(paragraphs: &[Paragraph<'_>]) -> Content {
    let mut text = String::new();
    let mut blocks = Vec::new();
    for (kind, label, words, bold) in paragraphs {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        let start = text.len();
        text.push_str(&expand(words));
        let mut block = json!({"kind": kind, "level": 1, "start": start, "end": text.len()});
        if !label.is_empty() {
            block["label"] = json!(label);
        }
        if *bold {
            block["runs"] = json!([{"start": start, "end": text.len(), "bold": true}]);
        }
        if *kind == "table" {
            block["cells"] = cells(&text, start);
        }
        blocks.push(block);
    }
    let documents = json!([{"source": "content.attachments[0]", "format": "docx", "parts": [
        {"name": "body", "kind": "body", "text": text, "blocks": blocks},
    ]}]);
    Content { documents: serde_json::from_value(documents).unwrap(), ..Content::default() }
}

fn cells(text: &str, start: usize) -> Value {
    let mut out = Vec::new();
    let mut at = start;
    for (row, line) in text[start..].lines().enumerate() {
        for (column, cell) in line.split('\t').enumerate() {
            out.push(json!({"row": row, "column": column, "start": at, "end": at + cell.len()}));
            at += cell.len() + 1;
        }
    }
    json!(out)
}

#[test]
fn questions_of_a_word_processor() {
    let cases: &[(&str, &[Paragraph<'_>], &[&str])] = &[
        (
            "automatic numbers",
            &[
                ("list_item", "1.", "P(1)", false),
                ("paragraph", "", "P(2)", false),
                ("list_item", "2.", "P(3)", false),
            ],
            &["1: 1–2", "2: 3–3"],
        ),
        (
            "automatic numbers and letters",
            &[
                ("list_item", "1.", "", false),
                ("list_item", "(a)", "P(1)", false),
                ("list_item", "(b)", "P(2)", false),
                ("list_item", "2.", "P(3)", false),
            ],
            &["1(a): 1–1", "1(b): 2–2", "2: 3–3"],
        ),
        (
            "automatic words",
            &[
                ("heading", "Question 1", "", false),
                ("paragraph", "", "P(1)", false),
                ("heading", "Question 2", "Networks", false),
                ("paragraph", "", "P(2)", false),
            ],
            &["1: 1–1", "2: 2–2"],
        ),
        (
            "headings and letters",
            &[
                ("heading", "", "Question 1", false),
                ("heading", "(a)", "What is a network?", false),
                ("paragraph", "", "P(1)", false),
                ("heading", "(b)", "What is a packet?", false),
                ("paragraph", "", "P(2)", false),
            ],
            &["1(a): 1–1", "1(b): 2–2"],
        ),
        (
            "the whole label drawn",
            &[("paragraph", "1(a)", "P(1)", false), ("paragraph", "1(b)", "P(2)", false)],
            &["1(a): 1–1", "1(b): 2–2"],
        ),
        (
            "restated in bold under a bold label",
            &[
                ("paragraph", "", "Question 1", true),
                ("paragraph", "", "The internet has no centre, and for that it is robust. Discuss.", true),
                ("paragraph", "", "P(1)", false),
                ("paragraph", "", "P(2)", false),
            ],
            &["1: 1–2"],
        ),
        (
            "restated in bold with its number",
            &[
                ("list_item", "1.", "What is meant by a network of computers?", true),
                ("paragraph", "", "P(1)", false),
                ("list_item", "2.", "What is meant by a packet?", true),
                ("paragraph", "", "P(2)", false),
            ],
            &["1: 1–1", "2: 2–2"],
        ),
        (
            "a list in an answer",
            &[
                ("heading", "", "Question 1", false),
                ("paragraph", "", "P(1)", false),
                ("list_item", "a)", "one thing", false),
                ("list_item", "b)", "another thing", false),
                ("paragraph", "", "P(2)", false),
                ("heading", "", "Question 2", false),
                ("list_item", "1.", "first step of the plan", false),
                ("list_item", "2.", "second step of the plan", false),
                ("paragraph", "", "P(3)", false),
            ],
            &["1: 1–2", "2: ?–3"],
        ),
        (
            "bullets",
            &[
                ("heading", "", "Question 1", false),
                ("paragraph", "", "P(1)", false),
                ("list_item", "•", "one thing", false),
                ("list_item", "•", "another", false),
                ("paragraph", "", "P(2)", false),
            ],
            &["1: 1–2"],
        ),
        (
            "answers in a table",
            &[("table", "", "Question 1(a)\tP(1)\nQuestion 1(b)\tP(2)\nQuestion 2\tP(3)", false)],
            &["1(a): 1–1", "1(b): 2–2", "2: 3–3"],
        ),
        (
            "answers below labels in a table",
            &[("table", "", "Question 1\nP(1)\nQuestion 2\nP(2)", false)],
            &["1: 1–1", "2: 2–2"],
        ),
        (
            "each question in a row of its own",
            &[
                (
                    "table",
                    "",
                    "Q1\tWith reference to the block, explain what a map leaves out. (15 marks)",
                    false,
                ),
                ("paragraph", "", "P(1)", false),
                ("table", "", "Q2\tSay what you will do next.\t10 marks", false),
                ("paragraph", "", "P(2)", false),
                ("table", "", "Task\tDays\nTask 1\t3", false),
                ("paragraph", "", "P(3)", false),
            ],
            &["1: 1–1", "2: 2–3"],
        ),
        (
            "each question in a cell of its own",
            &[
                ("table", "", "Question 1 (35 marks) Describe a map.", false),
                ("paragraph", "", "P(1)", false),
                ("table", "", "Question 2 (40 marks) Draw up two plans.", false),
                ("paragraph", "", "P(2)", false),
            ],
            &["1: 1–1", "2: 2–2"],
        ),
        (
            "numbers below numbers, drawn",
            &[
                ("heading", "", "Question 1", false),
                ("heading", "1.1", "", false),
                ("paragraph", "", "P(1)", false),
                ("heading", "1.2", "", false),
                ("paragraph", "", "P(2)", false),
            ],
            &["1(1): 1–1", "1(2): 2–2"],
        ),
        (
            "sections below numbers, drawn",
            &[
                ("heading", "", "Question 1", false),
                ("heading", "1.1", "Aims", false),
                ("paragraph", "", "P(1)", false),
                ("heading", "1.2", "What was done", false),
                ("paragraph", "", "P(2)", false),
            ],
            &["1: 1–2"],
        ),
        (
            "a table in an answer",
            &[
                ("heading", "", "Question 1", false),
                ("paragraph", "", "P(1)", false),
                ("table", "", "Day\tMass\n1\t12.4\n2\t13.0", false),
                ("paragraph", "", "P(2)", false),
                ("heading", "", "Question 2", false),
                ("paragraph", "", "P(3)", false),
            ],
            &["1: 1–2", "2: 3–3"],
        ),
        (
            "an essay with a bold question",
            &[
                ("paragraph", "", "DD102 TMA 03", false),
                ("paragraph", "", "[STUDENT]", false),
                ("paragraph", "", "How is social order made and remade on a city street?", true),
                ("paragraph", "", "P(1)", false),
                ("paragraph", "", "P(2)", false),
            ],
            &["essay: 1–2"],
        ),
        (
            "an essay with headings",
            &[
                ("title", "", "Streets and social order", false),
                ("heading", "", "Introduction", false),
                ("paragraph", "", "P(1)", false),
                ("heading", "", "Conclusion", false),
                ("paragraph", "", "P(2)", false),
                ("heading", "", "References", false),
                ("paragraph", "", "Smith, J. (2019) A Book. Leeds: A Press.", false),
            ],
            &["essay: 1–2"],
        ),
        (
            "an essay with numbered headings",
            &[
                ("heading", "1", "The street", false),
                ("paragraph", "", "P(1)", false),
                ("heading", "2", "The order", false),
                ("paragraph", "", "P(2)", false),
            ],
            &["essay: 1–2"],
        ),
        (
            "code alone answers",
            &[
                ("heading", "", "Question 1", false),
                ("code", "", "print(1)", false),
                ("heading", "", "Question 2", false),
                ("paragraph", "", "P(1)", false),
            ],
            &["1: ?–?", "2: 1–1"],
        ),
    ];
    let mut faults = Vec::new();
    for (name, paragraphs, want) in cases {
        let got = outline(&parse_with(document(paragraphs), None));
        if got != *want {
            faults.push(format!("{name}\n   got {got:?}\n  want {want:?}"));
        }
    }
    assert!(faults.is_empty(), "{} of {}\n{}", faults.len(), cases.len(), faults.join("\n"));
}

#[test]
fn an_answer_that_is_a_figure_with_its_caption_is_one() {
    let page = format!(
        "<p>Question 1<p>{}<p>Question 2<p><figure><img src='chart.png'><figcaption>Figure 1: Rents</figcaption></figure><p>Question 3<p>{0}",
        expand("P(1)")
    );
    let attachment = Attachment {
        filename: Some("a.html".to_owned()),
        data_base64: STANDARD.encode(page),
        ..Attachment::default()
    };
    let parsed = parse_with(Content { attachments: vec![attachment], ..Content::default() }, None);
    let ids: Vec<&str> = parsed.questions.iter().map(|q| q.id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3"]);
}
