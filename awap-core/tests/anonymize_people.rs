//! Who of those that a TMA names goes, and who stays: cases in which a name is a word, an author's, or part of another's.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use awap_core::anonymize::Options;
use awap_core::submission::Student;
use awap_core::{Deadline, Engine, Submission};

/// `text` without the people of the student's own life; with a `name`, the host knows who the student is.
fn anonymized(name: Option<&str>, text: &str) -> String {
    let student = name.map(|name| Student { name: Some(name.to_owned()), ..Student::default() });
    let mut tma = Submission { student, ..Submission::default() };
    tma.content.text = Some(text.to_owned());
    let done = Engine::builder().build().unwrap().anonymize(tma, &Options::default(), &Deadline::never());
    done.unwrap().tma.content.text.unwrap()
}

/// A week of somebody's work, in which it is told that it is their own.
const AT_WORK: &str = "I work in a home for older people. On Monday I came late, and my manager rang me at six. \
    I told her that my bus had not come. We had a long talk in our break.";

#[test]
fn a_given_name_that_is_a_word_goes_where_it_is_a_name() {
    for (told, gone, stays) in [
        (
            "My shift partner is Grace. Grace, who is kind, said grace with me. I would add that Grace could do this.",
            "Grace",
            "said grace",
        ),
        (
            "I was helped by the healthcare assistant, Mark. I asked Mark to wait. Mark and Ali (2015) say so; see the mark.",
            "Mark.",
            "Mark and Ali (2015)",
        ),
        (
            "In supervision Comfort asked me to rest. It is a comfort that Comfort listened to me.",
            "Comfort",
            "a comfort",
        ),
    ] {
        let text = anonymized(None, &format!("{AT_WORK} {told}"));
        assert!(!text.contains(gone) && text.contains(stays), "{text}");
    }
}

#[test]
fn an_author_who_is_called_like_somebody_stays() {
    let text = anonymized(
        None,
        &format!(
            "{AT_WORK} I told my mate Carl about Carl Rogers. My line manager Pete Rogers had read him, as Rogers would have liked \
             (Rogers, 1957). For Rogers it heals.\n\nReferences\n\nRogers, C. R. (1957) ‘The conditions of change’, Journal of Change, 21(2), \
             pp. 95–103.\n"
        ),
    );
    for gone in ["mate Carl", "Pete"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    for stays in ["about Carl Rogers", "as Rogers would", "For Rogers it heals", "Rogers, C. R. (1957)"] {
        assert!(text.contains(stays), "{stays} not in {text}");
    }
}

#[test]
fn no_part_of_another_name_hides_the_student() {
    let text = anonymized(
        Some("Hassan Tariq Javed"),
        "My colleague Hj and my friend Osei met. The file HJaved.docx, user hjaved, is mine; so is OseiJaved.docx.",
    );
    assert!(!text.to_lowercase().contains("javed"), "{text}");
}

#[test]
fn an_interview_and_an_email_name_nobody() {
    let text = anonymized(
        Some("Dorota Nowak"),
        "I asked my manager Jo Hartnell about it.\n\nDN: So, what changed?\n\nJH: Everything.\n\nDN: And was it better?\n\nJH: Quicker.\n\n\
         From: Leanne Farrow <lf@post.example>\nTo: Dorota; Comfort Osei\nSent: 6 March\n\nYes, me and Craig are happy. Leanne\n",
    );
    for gone in ["DN", "JH", "Leanne", "Comfort", "Craig", "Dorota", "Jo "] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
}

#[test]
fn a_character_who_shares_a_given_name_and_the_parties_of_a_case_stay() {
    let text = anonymized(
        None,
        "Name: Grace Adeyemi\n\nIt is worth asking who Grace Poole is. In Donoghue v Stevenson [1932] AC 562 a friend bought the bottle; \
         Donoghue fell ill. Alice and Bob send messages; Bob is right.\n",
    );
    assert!(!text.contains("Adeyemi"), "{text}");
    for stays in ["who Grace Poole is", "In Donoghue v Stevenson", "Donoghue fell ill", "Bob is right"] {
        assert!(text.contains(stays), "{stays} not in {text}");
    }
}

#[test]
fn where_somebody_lives_and_when_a_child_was_born_go() {
    for (told, expected) in [
        ("The top flat at 14 Paget Rise was dry.", "The top flat at [ADDRESS] was dry."),
        ("She lives at 221 Baker Street in the story.", "She lives at 221 Baker Street in the story."),
        ("It was on Abbey Road in 1969.", "It was on Abbey Road in 1969."),
        ("The girl (born 3 May 2017) slept.", "The girl (born [DOB]) slept."),
        ("The king (born 3 May 1817) slept.", "The king (born 3 May 1817) slept."),
        ("The desk | 07700 900763 | all day", "The desk | [PHONE] | all day"),
    ] {
        assert_eq!(anonymized(None, told), expected);
    }
}

#[test]
fn whoever_gives_a_work_its_title_stays() {
    let text = anonymized(
        None,
        &format!(
            "{AT_WORK} I read Mrs Dalloway on the bus, and I told my friend Priya of Mrs Dalloway.\n\nReferences\n\n\
             Woolf, V. (2000 [1925]) Mrs Dalloway. Oxford: Oxford University Press.\n"
        ),
    );
    assert!(
        text.contains("read Mrs Dalloway on") && text.contains("of Mrs Dalloway") && !text.contains("Priya"),
        "{text}"
    );
}

#[test]
fn nobody_is_kept_for_what_only_looks_like_a_work() {
    for (name, text, gone) in [
        (Some("Priya Patel"), "Priya Patel, ‘Why I study law’ (2024)\n\nIt is late.\n", "Patel"),
        (
            Some("Priya Patel"),
            "Priya Patel, E102 Assignment 2 (Leeds: The Open University, 2024)\n\nIt is.\n",
            "Patel",
        ),
        (None, "Name: Alice Ward\n\nAlice and Bob use keys.\n\nKind regards,\nAlice\n", "regards,\nAlice"),
        (Some("Zed Ward"), "Tutor: Bob Crow\n\nI did it.\n\nAlice and Bob use keys.\n", "Tutor: Bob"),
        (Some("Zed Ward"), "I sat by a colleague named Dave P and was late.", "Dave"),
        (
            Some("Zed Ward"),
            "My tutor, Dr Hendricks, helped me. My employer, Dr Patel Surgery, was slow.",
            "Hendricks",
        ),
        (
            Some("Zed Ward"),
            "We played a match, Pryce v Smith, with my tutor Helen Pryce. Then I asked Pryce why.",
            "asked Pryce",
        ),
        (
            Some("Zed Ward"),
            "Tutor: Helen Pryce\n\nIt is so (Smith, 2023).\n\nReferences\n\nSmith, J. (2023) Work. Leeds: Aire.\n\nPryce, H. (2024) Interview \
             with Helen Pryce, 3 May.\n",
            "with Helen Pryce",
        ),
    ] {
        let text = anonymized(name, text);
        assert!(!text.contains(gone), "{gone} in {text}");
    }
}

#[test]
fn abbreviations_offices_and_places_are_nobody() {
    for (name, text) in [
        (Some("Adam Ingram"), "AI: How can I help?\nMe: Explain.\nAI: Here it is.\n\nThe AI was wrong."),
        (
            Some("Zed Ward"),
            "To: Chief Executive\nFrom: Human Resources\nDate: 3 May\n\nHuman Resources matters.",
        ),
        (Some("Zed Ward"), "Between me and Shakespeare lie years. To me and Western culture it is dear."),
        (Some("Zed Ward"), "Dickens lived at 48 Doughty Street; they recorded at 3 Abbey Road."),
    ] {
        assert_eq!(anonymized(name, text), text);
    }
}

#[test]
fn hostile_text_takes_no_longer_than_it_is_long() {
    // Each took minutes where time grew with the square of the length.
    for text in ["<".repeat(100_000), "x".to_owned() + &"\n".repeat(100_000), "\u{200b}\n".repeat(50_000)] {
        let expected = text.clone();
        assert_eq!(anonymized(None, &text), expected);
    }
}
