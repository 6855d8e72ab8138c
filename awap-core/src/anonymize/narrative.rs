//! Where a text tells of the writer's own life: sentences in the first person that are more than an opinion.

use crate::text::{Span, sentences};

/// The sentences of a text, and which of them tell of the writer's own life.
#[derive(Debug, Default)]
pub(super) struct Narrative {
    sentences: Vec<(Span, bool)>,
}

impl Narrative {
    pub(super) fn of(text: &str) -> Self {
        let tells = |s: Span| (s, is_personal(s.of(text)));
        Self { sentences: sentences(text).into_iter().map(tells).collect() }
    }

    /// How many sentences tell of the writer's own life.
    pub(super) fn personal(&self) -> usize {
        self.sentences.iter().filter(|(_, personal)| *personal).count()
    }

    /// The sentence in which byte `at` stands, as far as it is near, and whether it tells of the writer's own life.
    pub(super) fn sentence(&self, text: &str, at: usize) -> (Span, bool) {
        let i = self.sentences.partition_point(|(s, _)| s.end <= at);
        let found = self.sentences.get(i).copied().filter(|(s, _)| s.start <= at);
        let (sentence, personal) = found.unwrap_or((Span::new(at, at), false));
        let near = near(text, at);
        (Span::new(sentence.start.max(near.start), sentence.end.min(near.end)), personal)
    }

    /// Whether a sentence near byte `at` of `text`, in the same paragraph, does.
    pub(super) fn is_personal_around(&self, text: &str, at: usize) -> bool {
        let near = near(text, at);
        let head = text.as_bytes().get(near.start..at).unwrap_or_default();
        let tail = text.as_bytes().get(at..near.end).unwrap_or_default();
        let start = memchr::memrchr(b'\n', head).map_or(near.start, |i| near.start + i + 1);
        let end = memchr::memchr(b'\n', tail).map_or(near.end, |i| at + i);
        let first = self.sentences.partition_point(|(s, _)| s.end <= start);
        let rest = self.sentences.get(first..).unwrap_or_default();
        rest.iter().take_while(|(s, _)| s.start < end).any(|(_, personal)| *personal)
    }
}

/// What counts as near byte `at` of `text`: some twenty lines, so that one name costs no more in a long text than in a short one.
fn near(text: &str, at: usize) -> Span {
    const REACH: usize = 1500;
    Span::new(
        text.floor_char_boundary(at.saturating_sub(REACH)),
        text.ceil_char_boundary((at + REACH).min(text.len())),
    )
}

/// Whether a sentence tells of the writer's own life: it says `I`, `me`, `my`, `we`, `us` or `our`, and not only in what any essay says
/// of itself (`I think that`, `in my view`, `as we have seen`).
fn is_personal(sentence: &str) -> bool {
    let mut from = 0;
    while let Some(start) = next_start(sentence, from) {
        let mut words = words(sentence.get(start..).unwrap_or_default());
        let word = words.next().unwrap_or_default();
        let next = || words.clone().next().unwrap_or_default();
        let personal = match fold_short(word).as_str() {
            "i" | "we" => !is_opinion(next(), words.clone().nth(1).unwrap_or_default(), word),
            "i'd" | "we'd" => {
                matches!(next(), "been" | "had" | "already" | "just" | "never" | "always" | "once")
            }
            "i've" | "we've" => !matches!(
                next(),
                "chosen" | "used" | "shown" | "argued" | "discussed" | "found" | "seen" | "read" | "tried"
            ),
            "i'm" => !matches!(next(), "going" | "not" | "sure"),
            "me" | "us" => !is_shown(
                self::words(sentence.get(..start).unwrap_or_default()).next_back().unwrap_or_default(),
            ),
            "my" | "our" => !is_of_the_essay(next()),
            "mine" | "myself" | "ours" => true,
            _ => false,
        };
        if personal {
            return true;
        }
        from = start + word.len().max(1);
    }
    false
}

/// The words of a text, with apostrophes inside.
fn words(text: &str) -> impl DoubleEndedIterator<Item = &str> + Clone {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’');
    text.split(move |c| !is_word(c))
        .map(|word| word.trim_matches(['\'', '’']))
        .filter(|word| !word.is_empty())
}

/// Where from byte `from` on, which is not within a word, the next word begins that may be one of the first person by its first letter.
fn next_start(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    let mut inside = false;
    while let Some(byte) = text.as_bytes().get(at) {
        if byte.is_ascii_alphanumeric() {
            if !inside && matches!(byte.to_ascii_lowercase(), b'i' | b'w' | b'm' | b'u' | b'o') {
                return Some(at);
            }
            inside = true;
            at += 1;
        } else if byte.is_ascii() {
            inside &= *byte == b'\'';
            at += 1;
        } else {
            let c = text.get(at..)?.chars().next()?;
            inside = c.is_alphanumeric() || inside && c == '’';
            at += c.len_utf8();
        }
    }
    None
}
/// A word that may be one of the first person in lower case, with a plain apostrophe; nothing of any other.
fn fold_short(word: &str) -> String {
    let may_be_one = word.starts_with(['I', 'i', 'W', 'w', 'M', 'm', 'U', 'u', 'O', 'o']);
    if word.len() > 8 || !may_be_one {
        return String::new();
    }
    word.chars().map(|c| if c == '’' { '\'' } else { c.to_ascii_lowercase() }).collect()
}

/// Whether `I` or `we` before the words `next` and `after` speaks of the essay, of a view, or of what might be.
fn is_opinion(next: &str, after: &str, pronoun: &str) -> bool {
    // `i` as a number of a list, or a variable.
    if pronoun == "i" && (next == "is" || !next.starts_with(char::is_lowercase)) {
        return true;
    }
    let reads = matches!(
        next,
        "think"
            | "believe"
            | "feel"
            | "argue"
            | "agree"
            | "disagree"
            | "would"
            | "will"
            | "shall"
            | "can"
            | "could"
            | "might"
            | "may"
            | "must"
            | "should"
            | "find"
            | "consider"
            | "conclude"
            | "suggest"
            | "understand"
            | "see"
            | "read"
            | "define"
            | "describe"
            | "explain"
            | "explore"
            | "focus"
            | "discuss"
            | "compare"
            | "examine"
            | "analyse"
            | "know"
            | "need"
            | "am"
            | "are"
            | "assume"
            | "propose"
            | "recommend"
            | "interpret"
            | "note"
            | "use"
            | "take"
            | "expect"
            | "doubt"
            | "suspect"
            | "hope"
            | "prefer"
            | "draw"
            | "refer"
            | "learn"
    );
    if reads {
        return true;
    }
    // `I have argued`, `we have seen`, `I also think`.
    matches!(next, "have" | "also" | "now" | "then" | "do")
        && matches!(
            after,
            "argued"
                | "discussed"
                | "shown"
                | "seen"
                | "chosen"
                | "used"
                | "described"
                | "explained"
                | "compared"
                | "not"
                | "think"
                | "believe"
        )
}

/// `shows us`, `tells us`, `allows us`: what a text does to any reader.
fn is_shown(before: &str) -> bool {
    matches!(
        before,
        "shows"
            | "show"
            | "tells"
            | "tell"
            | "gives"
            | "give"
            | "allows"
            | "allow"
            | "helps"
            | "help"
            | "lets"
            | "let"
            | "teaches"
            | "reminds"
            | "remind"
            | "enables"
            | "makes"
            | "leaves"
            | "of"
            | "around"
            | "offers"
            | "invites"
            | "most"
    )
}

/// `my view`, `our understanding`: what is in any essay.
fn is_of_the_essay(next: &str) -> bool {
    matches!(
        next,
        "view"
            | "opinion"
            | "answer"
            | "essay"
            | "argument"
            | "introduction"
            | "conclusion"
            | "understanding"
            | "knowledge"
            | "analysis"
            | "discussion"
            | "interpretation"
            | "reading"
            | "calculation"
            | "calculations"
            | "code"
            | "program"
            | "solution"
            | "results"
            | "result"
            | "favourite"
            | "own"
            | "lives"
            | "society"
            | "world"
            | "time"
            | "planet"
            | "references"
            | "mark"
            | "marks"
            | "chosen"
            | "choice"
            | "word"
            | "report"
            | "point"
            | "points"
            | "main"
            | "first"
            | "second"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_ones_own_life_from_opinion() {
        for (sentence, expected) in [
            ("When I showed it to her she laughed.", true),
            ("She gave me the keys.", true),
            ("We had a lady in bed 14.", true),
            ("On my next placement, I will ask.", true),
            ("I’d been taught this on a course.", true),
            ("I think that Hamlet is mad.", false),
            ("In my view this is right, as we have seen.", false),
            ("This shows us that the index i is small.", false),
            ("The manager of the shop left.", false),
        ] {
            assert_eq!(is_personal(sentence), expected, "{sentence}");
        }
    }

    #[test]
    fn finds_sentence_and_paragraph() {
        let text = "She left. I told Ann.\nHe stayed. It rained.";
        let narrative = Narrative::of(text);
        assert_eq!(narrative.personal(), 1);
        let (sentence, personal) = narrative.sentence(text, text.find("Ann").unwrap());
        assert_eq!((sentence.of(text).starts_with("I told"), personal), (true, true));
        assert!(narrative.is_personal_around(text, 0));
        assert!(!narrative.is_personal_around(text, text.find("rained").unwrap()));
    }
}
