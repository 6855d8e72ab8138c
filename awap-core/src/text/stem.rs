//! Stems of English words.

use std::borrow::Cow;
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

static ENGLISH: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// The stem of an English word by Porter's second algorithm (Snowball English), in lower case; a curly apostrophe
/// counts as a straight one.
pub fn stem(word: &str) -> String {
    // Most words come in lower case, and need no copy to be brought there.
    let lower = if word.bytes().all(|b| b.is_ascii_lowercase()) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(word.to_lowercase().replace(['\u{2019}', '\u{2BC}'], "'"))
    };
    ENGLISH.stem(&lower).into_owned()
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn forms_of_one_word_share_a_stem() {
        for (a, b) in [
            ("Networks", "network"),
            ("testing", "tested"),
            ("hypotheses", "hypothesed"),
            ("student’s", "student"),
            ("decomposed", "decompose"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
        assert_ne!(stem("compile"), stem("network"));
    }
}
