//! What may be written next. The answer is a fixed frame with holes; a model fills the holes, and only with what fits.
//!
//! A hole takes whole tokens. Each ends with a sign that belongs to it (a quotation mark, a comma), so that where it
//! ends is the model's choice too, or when it is full.

/// A place in the answer that the model fills.
pub(crate) trait Hole {
    /// Whether a token that writes these bytes (at least one) may come next.
    fn allows(&self, bytes: &[u8]) -> bool;
    /// Takes what was allowed.
    fn push(&mut self, bytes: &[u8]);
    /// Whether nothing more fits, or the sign that ends it has come.
    fn is_done(&self) -> bool;
    /// What must come now whatever the model prefers, where only one thing can.
    fn forced(&self) -> Option<&[u8]> {
        None
    }
    /// What is still to be written of the sign that ends it, once it is done.
    fn rest(&self) -> &'static str {
        ""
    }
}

/// One of several texts, none of which begins another.
pub(crate) struct Choice {
    options: Vec<Vec<u8>>,
    /// Options that begin as what was written does; never empty.
    open: Vec<usize>,
    written: usize,
}

impl Choice {
    /// `options` is not empty.
    pub(crate) fn new(options: impl IntoIterator<Item = String>) -> Self {
        let options: Vec<Vec<u8>> = options.into_iter().map(String::into_bytes).collect();
        Self { open: (0..options.len()).collect(), options, written: 0 }
    }

    /// Which was chosen: the number of the option, or of the first that is still open.
    pub(crate) fn chosen(&self) -> usize {
        self.open.first().copied().unwrap_or(0)
    }

    fn left(&self, option: usize) -> &[u8] {
        &self.options[option][self.written..]
    }
}

impl Hole for Choice {
    fn allows(&self, bytes: &[u8]) -> bool {
        self.open.iter().any(|option| self.left(*option).starts_with(bytes))
    }

    fn push(&mut self, bytes: &[u8]) {
        let open: Vec<usize> =
            self.open.iter().copied().filter(|option| self.left(*option).starts_with(bytes)).collect();
        self.open = open;
        self.written += bytes.len();
    }

    fn is_done(&self) -> bool {
        self.open.iter().all(|option| self.left(*option).is_empty())
    }

    fn forced(&self) -> Option<&[u8]> {
        match self.open[..] {
            [option] => Some(self.left(option)).filter(|left| !left.is_empty()),
            _ => None,
        }
    }
}

/// A sentence or two in one line: any text but what JSON would have to escape, up to a quotation mark.
pub(crate) struct Line {
    written: Vec<u8>,
    least: usize,
    most: usize,
    closed: bool,
}

impl Line {
    /// At least `least` bytes and not much more than `most`.
    pub(crate) fn new(least: usize, most: usize) -> Self {
        Self { written: Vec::new(), least, most, closed: false }
    }

    /// What was written; where it was ended for being full, up to the last sentence that is whole, or else word.
    pub(crate) fn text(&self) -> String {
        let valid = self.written.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let text = if self.closed { valid } else { whole(valid) };
        text.trim().to_owned()
    }

    /// Bytes at the end that begin a character and do not finish it.
    fn pending(&self) -> &[u8] {
        match str::from_utf8(&self.written) {
            Ok(_) => &[],
            Err(error) => &self.written[error.valid_up_to()..],
        }
    }
}

fn whole(text: &str) -> &str {
    let sentence =
        text.rfind(['.', '!', '?']).map(|at| &text[..=at]).filter(|cut| cut.len() * 2 > text.len());
    let word = || text.rfind(char::is_whitespace).map(|at| &text[..at]).filter(|cut| !cut.trim().is_empty());
    sentence.or_else(word).unwrap_or(text)
}

/// Characters that no line has: controls, what JSON escapes, and what changes how text around it is shown.
fn is_foreign(c: char) -> bool {
    c.is_control()
        || matches!(c, '"' | '\\' | '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}')
}

impl Hole for Line {
    fn allows(&self, bytes: &[u8]) -> bool {
        let (bytes, closes) = match bytes.split_last() {
            Some((b'"', before)) => (before, true),
            _ => (bytes, false),
        };
        let bytes = [self.pending(), bytes].concat();
        let (valid, whole) = match str::from_utf8(&bytes) {
            Ok(text) => (text, true),
            Err(error) if error.error_len().is_none() => {
                (str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or(""), false)
            }
            Err(_) => return false,
        };
        if valid.chars().any(is_foreign) || (closes && !whole) {
            return false;
        }
        let length = self.written.len() - self.pending().len() + bytes.len();
        // A line does not begin with spaces: no model would end one that never begins.
        let begins = self.written.is_empty() && valid.starts_with(char::is_whitespace);
        !begins && (!closes || length >= self.least)
    }

    fn push(&mut self, bytes: &[u8]) {
        match bytes.split_last() {
            Some((b'"', before)) => {
                self.written.extend_from_slice(before);
                self.closed = true;
            }
            _ => self.written.extend_from_slice(bytes),
        }
    }

    fn is_done(&self) -> bool {
        self.closed || self.written.len() >= self.most
    }

    fn rest(&self) -> &'static str {
        if self.closed { "" } else { "\"" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(hole: &mut impl Hole, tokens: &[&[u8]]) {
        for token in tokens {
            assert!(!hole.is_done() && hole.allows(token), "{token:?}");
            hole.push(token);
        }
    }

    #[test]
    fn a_choice_takes_its_options_alone_and_forces_what_is_certain() {
        let mut hole = Choice::new(["C1\"".to_owned(), "C10\"".to_owned(), "D\"".to_owned()]);
        assert!(hole.allows(b"C1") && hole.allows(b"D\"") && !hole.allows(b"C2") && !hole.allows(b"D\"x"));
        assert!(hole.forced().is_none());
        fill(&mut hole, &[b"C", b"1"]);
        assert!(!hole.is_done() && hole.allows(b"\"") && hole.allows(b"0\"") && !hole.allows(b"1"));
        fill(&mut hole, &[b"0"]);
        assert_eq!(hole.forced(), Some(b"\"".as_slice()));
        fill(&mut hole, &[b"\""]);
        assert!(hole.is_done() && hole.forced().is_none());
        assert_eq!(hole.chosen(), 1);
    }

    #[test]
    fn a_line_is_text_without_what_json_escapes() {
        let mut hole = Line::new(4, 40);
        for token in [
            b"\"".as_slice(),
            b"\\",
            b"\n",
            b"a\"b",
            b"ab\",",
            b" a",
            b"\xff",
            b"\xa9",
            b"abc\"",
            "\u{202e}".as_bytes(),
        ] {
            assert!(!hole.allows(token), "{token:?}");
        }
        fill(&mut hole, &[b"Caf", b"\xc3"]);
        assert!(!hole.allows(b"x") && !hole.allows(b"\"") && hole.allows(b"\xa9\""));
        fill(&mut hole, &[b"\xa9", b" is fine.\""]);
        assert!(hole.is_done());
        assert_eq!((hole.text().as_str(), hole.rest()), ("Café is fine.", ""));
    }

    #[test]
    fn a_full_line_ends_with_a_whole_sentence_or_word() {
        for (text, cut) in [
            ("You explain the search well. Then you for", "You explain the search well."),
            ("No. Then you forget to say what happens wh", "No. Then you forget to say what happens"),
            ("Nospacesatallandnoendofthesentenceeither…", "Nospacesatallandnoendofthesentenceeither…"),
        ] {
            let mut hole = Line::new(4, 40);
            fill(&mut hole, &[text.as_bytes()]);
            assert!(hole.is_done());
            assert_eq!((hole.text().as_str(), hole.rest()), (cut, "\""));
        }
        let mut hole = Line::new(1, 4);
        fill(&mut hole, &[b"abc", b"\xe2\x80"]);
        assert_eq!(hole.text(), "abc", "half a character is left out");
    }
}
