//! Who of those that a TMA names goes, and who stays: cases in which a name is a word, an author's, or part of another's.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use awap_core::anonymize::Options;
use awap_core::submission::Student;
use awap_core::{Deadline, Engine, Submission};

/// `text` without the people of the student's own life; with a `name`, the host knows who the student is.
fn anonymized(name: Option<&str>, text: &str) -> String {
    let mut tma = Submission::default();
    tma.student = name.map(|name| Student { name: Some(name.to_owned()), ..Student::default() });
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
