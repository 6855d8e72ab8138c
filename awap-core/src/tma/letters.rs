//! Lists with letters inside an answer, whose labels are those of the question's parts.

use super::candidate::Candidate;
use super::label::Step;

/// Words of a part before a list of its own: a part that was only restated has fewer.
const LEAD_WORDS: usize = 8;

/// A list with letters inside the present part.
#[derive(Debug, Clone)]
pub(super) struct LetterList {
    /// The letter of the next item.
    next: String,
    /// The unit of the last.
    unit: usize,
    /// Its letters stand in two brackets: `(a)`.
    brackets: bool,
}

/// The part in which a list would stand.
pub(super) struct Within<'a> {
    pub(super) letter: Option<&'a str>,
    /// Its words so far, but for those that restate the question.
    pub(super) words: usize,
    /// The list that has begun in it.
    pub(super) list: Option<&'a LetterList>,
}

impl LetterList {
    /// The list as it stands after candidate `i`, if that is one of its items: a list begins with `a` again, where the
    /// part has said something, and goes on with its own letters.
    pub(super) fn after(part: &Within<'_>, candidates: &[Candidate], i: usize, mark: &str) -> Option<Self> {
        let candidate = candidates.get(i)?;
        let letter = part.letter?;
        let brackets = candidate.shown.starts_with('(');
        let begins = candidate.in_list && mark == "a" && part.words >= LEAD_WORDS;
        let goes_on = || {
            part.list.is_some_and(|list| {
                list.next == mark
                    && list.brackets == brackets
                    && candidate.unit.abs_diff(list.unit) <= 2
                    && !is_next_part(letter, candidates, i, mark)
            })
        };
        (begins || goes_on()).then(|| Self {
            next: next_letter(mark).unwrap_or_default(),
            unit: candidate.unit,
            brackets,
        })
    }
}

/// Whether candidate `i` is the part after `letter`, right below a list: none of its letter comes later. A list has two
/// items, so that its second is never a part.
fn is_next_part(letter: &str, candidates: &[Candidate], i: usize, mark: &str) -> bool {
    let is_letter =
        |c: &&Candidate| c.label.word.is_none() && matches!(c.label.steps.first(), Some(Step::Mark(_)));
    let comes_later = || {
        let mut later = candidates.iter().skip(i + 1).take_while(is_letter).take(8);
        later.any(|c| matches!(c.label.steps.first(), Some(Step::Mark(own)) if own == mark))
    };
    next_letter(letter).as_deref() == Some(mark)
        && mark != "b"
        && candidates.get(i).is_some_and(|c| !c.in_list)
        && !comes_later()
}

/// `b` after `a`.
pub(super) fn next_letter(letter: &str) -> Option<String> {
    let c = letter.chars().next().filter(char::is_ascii_lowercase)?;
    let next = char::from(u8::try_from(c).ok()?.checked_add(1)?);
    next.is_ascii_lowercase().then(|| next.to_string())
}
