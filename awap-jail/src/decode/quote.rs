//! A hole that only words of the student's text fit: a quotation cannot be invented.

use super::hole::Hole;

/// Every place in a text where a quotation may begin, in the order of what follows there.
pub(crate) struct Quotable<'a> {
    /// Each from the beginning of a word to the end of its line.
    starts: Vec<&'a str>,
}

impl<'a> Quotable<'a> {
    /// Quotations begin with a word, and pass neither the end of a line nor a sign that JSON would have to escape.
    pub(crate) fn new(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut starts: Vec<&str> = texts
            .into_iter()
            .flat_map(|text| text.split(|c: char| c == '"' || c == '\\' || c.is_control()))
            .flat_map(|line| {
                line.char_indices()
                    .filter(move |(at, c)| {
                        c.is_alphanumeric() && !line[..*at].ends_with(char::is_alphanumeric)
                    })
                    .map(move |(at, _)| &line[at..])
            })
            .collect();
        starts.sort_unstable();
        Self { starts }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Takes away what was quoted once: no quotation begins within it again, nor says the same from another place.
    pub(crate) fn spend(&mut self, quote: &str) {
        let place = quote.as_bytes().as_ptr_range();
        self.starts.retain(|start| !place.contains(&start.as_ptr()) && !start.starts_with(quote));
    }

    /// A hole for a quotation of at least `least` bytes where the text allows, and hardly more than `most`.
    pub(crate) fn hole(&self, least: usize, most: usize) -> Quote<'_, 'a> {
        Quote { open: &self.starts, written: 0, least, most, closed: false }
    }
}

/// A quotation in the making.
pub(crate) struct Quote<'q, 'a> {
    /// The places from which the text goes on as what was written does; they lie together in the order.
    open: &'q [&'a str],
    written: usize,
    least: usize,
    most: usize,
    closed: bool,
}

impl<'q, 'a> Quote<'q, 'a> {
    /// The quotation, up to the end of its last whole word; a part of the text itself.
    pub(crate) fn text(&self) -> &'a str {
        let whole = |text: &&'a str| {
            let end = (0..=self.written.min(text.len())).rev().find(|end| ends_word(text, *end));
            &text[..end.unwrap_or(0)]
        };
        self.open.iter().map(whole).max_by_key(|text| text.len()).unwrap_or("")
    }

    fn narrowed(&self, bytes: &[u8]) -> &'q [&'a str] {
        let next = |text: &&'a str| -> &'a [u8] {
            let rest = &text.as_bytes()[self.written.min(text.len())..];
            &rest[..rest.len().min(bytes.len())]
        };
        let from = self.open.partition_point(|text| next(text) < bytes);
        let to = from + self.open[from..].partition_point(|text| next(text) == bytes);
        &self.open[from..to]
    }

    /// Where a quotation of `length` bytes could end: at the end of a word, and not too short unless the line ends.
    fn may_end(&self, open: &[&str], length: usize) -> bool {
        open.iter().any(|text| ends_word(text, length) && (length >= self.least || text.len() == length))
    }
}

/// Whether the first `length` bytes end with a word or a sign, and no word is cut.
fn ends_word(text: &str, length: usize) -> bool {
    let Some((before, after)) = text.split_at_checked(length) else { return false };
    let inside = before.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric);
    length > 0 && !inside && !before.ends_with(char::is_whitespace)
}

impl Hole for Quote<'_, '_> {
    fn allows(&self, bytes: &[u8]) -> bool {
        let (bytes, closes) = match bytes.split_last() {
            Some((b'"', before)) => (before, true),
            _ => (bytes, false),
        };
        let open = self.narrowed(bytes);
        if closes { self.may_end(open, self.written + bytes.len()) } else { !open.is_empty() }
    }

    fn push(&mut self, bytes: &[u8]) {
        let (bytes, closes) = match bytes.split_last() {
            Some((b'"', before)) => (before, true),
            _ => (bytes, false),
        };
        self.open = self.narrowed(bytes);
        self.written += bytes.len();
        self.closed = closes;
    }

    fn is_done(&self) -> bool {
        self.closed || self.written >= self.most || self.open.iter().all(|text| text.len() <= self.written)
    }

    fn rest(&self) -> &'static str {
        if self.closed { "" } else { "\"" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "The search halves the list. The search stops at \"once\"; Zoë's naïve way\ngoes on.";

    fn quote(tokens: &[&[u8]]) -> Option<String> {
        let quotable = Quotable::new([TEXT]);
        let mut hole = quotable.hole(8, 30);
        for token in tokens {
            if hole.is_done() {
                break;
            }
            if !hole.allows(token) {
                return None;
            }
            hole.push(token);
        }
        hole.is_done().then(|| hole.text().to_owned())
    }

    #[test]
    fn only_what_the_text_says_fits() {
        for (tokens, expected) in [
            (&[b"The search".as_slice(), b" stops", b"\""][..], Some("The search stops")),
            (&[b"search halves the list.\""], Some("search halves the list.")),
            (&[b"The search stops once\""], None),
            (&[b"he search"], None),
            (&[b" search"], None),
            (&[b"The\""], None),
            (&[b"The sear\""], None),
            (&[b"The search \""], None),
            (&[b"stops at \""], None),
            (&[b"stops at \"once"], None),
            (&["Zoë's na".as_bytes(), b"\xc3", b"\xafve way\""], Some("Zoë's naïve way")),
            (&["Zoë's na".as_bytes(), b"\xc3\""], None),
            // Too long: it ends with the last whole word.
            (&[b"The search halves the list. The sear"], Some("The search halves the list. The")),
            // The line ends: so does the quotation, however short.
            (&[b"goes on."], Some("goes on.")),
            (&[b"on.\""], Some("on.")),
            (&[b"way\ngoes"], None),
        ] {
            assert_eq!(quote(tokens).as_deref(), expected, "{tokens:?}");
        }
    }

    #[test]
    fn nothing_is_quoted_twice() {
        let mut quotable = Quotable::new([TEXT]);
        quotable.spend(&TEXT[..27]);
        assert!(!quotable.hole(8, 30).allows(b"halves"));
        assert!(quotable.hole(8, 30).allows(b"The search stops"));
        let mut twice = Quotable::new(["Once more. Once more. Once."]);
        twice.spend("Once more.");
        assert!(!twice.hole(1, 30).allows(b"Once m") && twice.hole(1, 30).allows(b"Once."));
        assert!(Quotable::new(["…", "\n", ""]).is_empty());
    }

    proptest! {
        /// Whatever bytes come, in whatever pieces: what is taken is in the text, word for word.
        #[test]
        fn a_quotation_is_in_its_text(
            text in "[a-cé \"\n.]{0,60}",
            tokens in proptest::collection::vec("[a-cé \"\n.]{1,4}", 0..40),
            cut in any::<bool>(),
        ) {
            let quotable = Quotable::new([text.as_str()]);
            let mut hole = quotable.hole(3, 20);
            for token in &tokens {
                let bytes = token.as_bytes();
                let (one, other) = bytes.split_at(if cut { 1 } else { bytes.len() });
                for bytes in [one, other] {
                    if !bytes.is_empty() && !hole.is_done() && hole.allows(bytes) {
                        hole.push(bytes);
                    }
                }
            }
            prop_assert!(text.contains(hole.text()));
            prop_assert!(!hole.text().contains(['"', '\n']));
        }
    }
}
