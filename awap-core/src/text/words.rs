//! Words as a word processor counts them, and tokens as a reader of meaning needs them.

use super::Span;

/// The words of `text` as Word counts them: whatever stands between white space (`p.`, `–` and `2019)` are words).
///
/// The count is that of Word's status bar and of `wc -w`; white space is Unicode's, the no-break space included.
pub fn words(text: &str) -> impl Iterator<Item = Span> + '_ {
    let base = text.as_ptr() as usize;
    text.split_whitespace().map(move |word| {
        let start = word.as_ptr() as usize - base;
        Span::new(start, start + word.len())
    })
}

/// How many words Word counts in `text`. What plain text sets before a heading, an item or a quotation (`##`, `-`, `>`) is none:
/// Word would have it as a style.
pub fn count_words(text: &str) -> usize {
    text.lines()
        .map(|line| {
            let mut words = line.split_whitespace();
            let first = words.next();
            usize::from(first.is_some_and(|word| !is_line_mark(word))) + words.count()
        })
        .sum()
}

fn is_line_mark(word: &str) -> bool {
    word.bytes().all(|b| b == b'#')
        || matches!(word, "-" | "*" | "+" | ">" | "•" | "·" | "◦" | "▪" | "–" | "—")
}

/// The tokens of `text`: runs of letters, digits and combining marks, an apostrophe between letters included
/// (`don't`, `O’Neill`). A hyphen parts two tokens, so that `trade-off` and `trade off` are alike.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0 }
}

/// See [`tokens`].
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        let rest = self.text.get(self.at..)?;
        let start = self.at + rest.find(is_token_char)?;
        let mut end = start;
        let mut chars = self.text.get(start..)?.chars().peekable();
        while let Some(c) = chars.next() {
            let inner_apostrophe = is_apostrophe(c) && chars.peek().is_some_and(|next| next.is_alphabetic());
            if !is_token_char(c) && !inner_apostrophe {
                break;
            }
            end += c.len_utf8();
        }
        self.at = end;
        Some(Span::new(start, end))
    }
}

fn is_token_char(c: char) -> bool {
    // Combining marks (decomposed accents) belong to the letter before them.
    c.is_alphanumeric() || ('\u{300}'..='\u{36F}').contains(&c)
}

/// The apostrophes that students type: straight, curly, and the modifier letter.
pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2BC}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_what_white_space_parts() {
        for (text, count) in [
            ("", 0),
            ("  \n\t ", 0),
            ("one", 1),
            ("(Smith, 2019, p. 4)", 4),
            ("cause – effect", 3),
            ("no\u{a0}break", 2),
            ("well-known and/or", 2),
        ] {
            assert_eq!(count_words(text), count, "{text:?}");
            assert_eq!(words(text).count(), count, "{text:?}");
        }
        let text = " ab  çd ";
        assert_eq!(words(text).map(|s| s.of(text)).collect::<Vec<_>>(), ["ab", "çd"]);
    }

    #[test]
    fn tokens_keep_inner_apostrophes_and_part_at_hyphens() {
        let text = "Don't trade-off O’Neill's ’tis 'quoted' x2 cafe\u{301}!";
        let got: Vec<_> = tokens(text).map(|s| s.of(text)).collect();
        assert_eq!(got, ["Don't", "trade", "off", "O’Neill's", "tis", "quoted", "x2", "cafe\u{301}"]);
    }

    proptest! {
        #[test]
        fn spans_lie_on_the_text_in_order(text in "\\PC{0,200}") {
            for spans in [words(&text).collect::<Vec<_>>(), tokens(&text).collect()] {
                let mut at = 0;
                for span in spans {
                    prop_assert!(span.start >= at && !span.of(&text).is_empty());
                    at = span.end;
                }
            }
        }
    }
}
