//! Folding: one spelling for all the ways a name is written, with a way back to the bytes it came from.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::Span;

/// A text without case, diacritics, typographic quotes and dashes, invisible characters and runs of blanks.
///
/// - Letters are lower case and lose their marks (`Siân` → `sian`); letters that no decomposition takes apart are
///   written as they are in plain Latin (`ø` → `o`, `ł` → `l`, `ß` → `ss`, `æ` → `ae`).
/// - Compatibility forms become plain (`ﬁ` → `fi`, full-width letters).
/// - Apostrophes and primes become `'`, dashes and hyphens `-`, double quotes `"`.
/// - Soft hyphens, zero-width characters and direction marks vanish.
/// - A run of blanks becomes one space, or one `\n` where it holds a blank line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    text: String,
    /// Where the distance between folded and original offsets changes: (folded, original), sorted.
    steps: Vec<(usize, usize)>,
    original_len: usize,
}

impl Folded {
    /// Folds `text` in linear time.
    pub fn new(text: &str) -> Self {
        let mut folder = Folder { out: String::with_capacity(text.len()), steps: Vec::new(), line: 0 };
        let mut next = 0;
        while let Some(rest) = text.get(next..) {
            let plain = plain_len(rest.as_bytes());
            folder.push_plain(next, rest.get(..plain).unwrap_or_default());
            let at = next + plain;
            let mut chars = rest.get(plain..).unwrap_or_default().chars();
            let Some(c) = chars.next() else { break };
            next = at + c.len_utf8();
            if c.is_whitespace() {
                let mut newlines = usize::from(c == '\n');
                for blank in chars.take_while(|c| c.is_whitespace() || is_invisible(*c)) {
                    newlines += usize::from(blank == '\n');
                    next += blank.len_utf8();
                }
                folder.push(at, if newlines > 1 { '\n' } else { ' ' });
            } else if c.is_ascii() {
                folder.push(at, if c == '`' { '\'' } else { c.to_ascii_lowercase() });
            } else {
                fold_char(c, |folded| folder.push(at, folded));
            }
        }
        Self { text: folder.out, steps: folder.steps, original_len: text.len() }
    }

    /// The folded text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The byte of the original text at which the character at folded byte `at` starts. What vanished before it
    /// belongs to the character before.
    pub fn original(&self, at: usize) -> usize {
        if at >= self.text.len() {
            return self.original_len;
        }
        let step = self.steps.partition_point(|(folded, _)| *folded <= at);
        let (folded, original) = match step.checked_sub(1) {
            Some(i) => self.steps.get(i).copied().unwrap_or_default(),
            None => (0, 0),
        };
        original + (at - folded)
    }

    /// The span of the original `text` that folded to `span`, on character boundaries.
    pub fn span(&self, text: &str, span: Span) -> Span {
        let mut start = self.original(span.start).min(text.len());
        let mut end = self.original(span.end).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        while !text.is_char_boundary(end) {
            end += 1;
        }
        Span::new(start, end.max(start))
    }
}

/// How many of the first bytes fold to themselves but for case: visible ASCII, with single spaces between.
fn plain_len(bytes: &[u8]) -> usize {
    let mut space = false;
    for (len, byte) in bytes.iter().enumerate() {
        if is_plain(*byte) {
            space = false;
        } else if *byte == b' ' && !space {
            space = true;
        } else {
            return len - usize::from(space);
        }
    }
    bytes.len() - usize::from(space)
}

/// Visible ASCII that folds to itself but for case.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b'!'..=b'_' | b'a'..=b'~')
}

struct Folder {
    out: String,
    steps: Vec<(usize, usize)>,
    /// Folded less original offset (wrapping) since the last step.
    line: usize,
}

impl Folder {
    /// Appends what [`plain_len`] measured, which stands for original bytes from `start` on.
    fn push_plain(&mut self, start: usize, plain: &str) {
        let Some(first) = plain.chars().next() else { return };
        self.push(start, first.to_ascii_lowercase());
        let at = self.out.len();
        self.out.push_str(plain.get(1..).unwrap_or_default());
        if let Some(tail) = self.out.get_mut(at..) {
            tail.make_ascii_lowercase();
        }
    }

    /// Appends `c`, which stands for original bytes from `start` on.
    fn push(&mut self, start: usize, c: char) {
        let at = self.out.len();
        // Two offsets lie on one line while their distance is that of the last step.
        if at.wrapping_sub(start) != self.line {
            self.steps.push((at, start));
            self.line = at.wrapping_sub(start);
        }
        self.out.push(c);
    }
}

/// Folds one word or name; where offsets do not matter.
pub fn fold(text: &str) -> String {
    if text.bytes().all(is_plain) {
        return text.to_ascii_lowercase();
    }
    Folded::new(text).text.trim().to_owned()
}

fn fold_char(c: char, mut push: impl FnMut(char)) {
    match c {
        '‘' | '’' | '‛' | 'ʼ' | 'ʻ' | 'ʹ' | '´' | '′' | '＇' => push('\''),
        '“' | '”' | '„' | '‟' | '″' => push('"'),
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '﹣' | '－' => push('-'),
        _ if is_invisible(c) => {}
        _ => std::iter::once(c).nfkd().flat_map(char::to_lowercase).nfkd().for_each(|c| {
            if is_combining_mark(c) {
                return;
            }
            match plain_latin(c) {
                Some(plain) => plain.chars().for_each(&mut push),
                None => push(c),
            }
        }),
    }
}

/// Characters that a reader does not see and that must not hide a name.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Letters that Unicode does not decompose, as they are written where they are not at hand.
fn plain_latin(c: char) -> Option<&'static str> {
    Some(match c {
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' | 'ɖ' | 'ɗ' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ŧ' => "t",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ə' => "e",
        'ɓ' => "b",
        'ƙ' => "k",
        'ŋ' => "n",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folds_the_ways_a_name_is_written() {
        for (text, folded) in [
            ("Siân O’Neill‑Hughes", "sian o'neill-hughes"),
            ("SIA\u{302}N", "sian"),
            ("Łukasz Bjørn Straße Æsa", "lukasz bjorn strasse aesa"),
            ("Ja\u{ad}ne\u{200b} \n  Smith", "jane smith"),
            ("Jane\n\nSmith", "jane\nsmith"),
            ("ﬁona", "fiona"),
            ("İpek", "ipek"),
            ("김민수", "김민수".nfkd().collect::<String>().as_str()),
        ] {
            assert_eq!(Folded::new(text).as_str(), folded, "{text}");
        }
    }

    #[test]
    fn leads_back_to_the_bytes() {
        let text = "x Sia\u{302}n\u{200b}  O’Neill y";
        let folded = Folded::new(text);
        let at = folded.as_str().find("sian o'neill").unwrap();
        let span = folded.span(text, Span::new(at, at + "sian o'neill".len()));
        assert_eq!(span.of(text), "Sia\u{302}n\u{200b}  O’Neill");
        let at = folded.as_str().find("sian").unwrap();
        assert_eq!(folded.span(text, Span::new(at, at + 4)).of(text), "Sia\u{302}n\u{200b}");
    }

    proptest! {
        #[test]
        fn every_folded_character_leads_to_a_boundary_and_never_back(text in "\\PC{0,40}[ \\n\\t]{0,3}\\PC{0,40}") {
            let folded = Folded::new(&text);
            let mut last = 0;
            for (at, c) in folded.as_str().char_indices() {
                let span = folded.span(&text, Span::new(at, at + c.len_utf8()));
                prop_assert!(text.get(span.start..span.end).is_some());
                prop_assert!(span.start >= last);
                last = span.start;
            }
        }

        #[test]
        fn ascii_words_stay_where_they_are(text in "[A-Za-z0-9,.]{1,60}") {
            let folded = Folded::new(&text);
            for at in 0..text.len() {
                prop_assert_eq!(folded.original(at), at);
            }
        }
    }
}
