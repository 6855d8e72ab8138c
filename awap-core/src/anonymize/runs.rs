//! A text cut into runs of letters and digits, as the final check compares them.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::text::Span;

/// A text as runs of letters and digits.
pub(super) struct Runs {
    /// In lower case and without marks, a blank before and after each run.
    pub(super) text: String,
    /// Offset in `text`, first byte and end of each run in the original.
    places: Vec<(usize, usize, usize)>,
}

impl Runs {
    pub(super) fn of(text: &str) -> Self {
        Self::outside(text, &[])
    }

    /// Of what stands outside `skip` (sorted, not overlapping).
    pub(super) fn outside(text: &str, skip: &[Span]) -> Self {
        let mut runs =
            Self { text: String::with_capacity(text.len() + 2), places: Vec::with_capacity(text.len() / 5) };
        runs.text.push(' ');
        let lower = text.to_ascii_lowercase();
        let mut skips = skip.iter().peekable();
        let mut open = false;
        let mut next = 0;
        while let Some(first) = text.as_bytes().get(next) {
            let at = next;
            while skips.peek().is_some_and(|s| s.end <= at) {
                skips.next();
            }
            let limit = skips.peek().map_or(text.len(), |s| s.start);
            if limit <= at {
                next = skips.peek().map_or(at + 1, |s| s.end);
                runs.close(&mut open);
                // A mark that no needle holds: what stands on both sides of a skip is not adjacent.
                if !runs.text.ends_with("\u{1} ") {
                    runs.text.push_str("\u{1} ");
                }
                continue;
            }
            if PLAIN.holds(*first) {
                // Plain letters and digits are taken together.
                let rest = text.as_bytes().get(at..limit).unwrap_or_default();
                next = at + rest.iter().take_while(|b| PLAIN.holds(**b)).count();
                runs.reach(&mut open, at, next);
                runs.text.push_str(lower.get(at..next).unwrap_or_default());
                continue;
            }
            if first.is_ascii() && !matches!(first, b'\'' | b'`') {
                next += 1;
                runs.close(&mut open);
                continue;
            }
            let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
            next += c.len_utf8();
            if hidden(c) || is_combining_mark(c) {
                continue;
            }
            if c.is_alphanumeric() {
                runs.reach(&mut open, at, next);
                runs.push_plain(c);
            } else if open && !joins(text, c, next) {
                runs.close(&mut open);
            }
        }
        runs.close(&mut open);
        runs
    }

    /// Ends the run that is open.
    fn close(&mut self, open: &mut bool) {
        if *open {
            self.text.push(' ');
            *open = false;
        }
    }

    /// Takes the original bytes from `at` to `end` into the run that is open, or opens one.
    fn reach(&mut self, open: &mut bool, at: usize, end: usize) {
        if !*open {
            self.places.push((self.text.len(), at, end));
            *open = true;
        } else if let Some(place) = self.places.last_mut() {
            place.2 = end;
        }
    }

    /// Appends a letter in lower case, without marks.
    fn push_plain(&mut self, c: char) {
        let plain =
            std::iter::once(c).nfkd().flat_map(char::to_lowercase).nfkd().filter(|c| !is_combining_mark(*c));
        for c in plain {
            match c {
                'ø' => self.text.push('o'),
                'ł' => self.text.push('l'),
                'đ' | 'ð' => self.text.push('d'),
                'ß' => self.text.push_str("ss"),
                'æ' => self.text.push_str("ae"),
                'œ' => self.text.push_str("oe"),
                'þ' => self.text.push_str("th"),
                'ı' => self.text.push('i'),
                c if c.is_alphanumeric() => self.text.push(c),
                _ => {}
            }
        }
    }

    /// Where each run begins in `text`.
    pub(super) fn starts(&self) -> impl Iterator<Item = usize> {
        self.places.iter().map(|(at, ..)| *at)
    }

    /// Where the run at `at` begins in the original.
    pub(super) fn start_of(&self, at: usize) -> usize {
        let i = self.places.partition_point(|p| p.0 <= at);
        i.checked_sub(1).and_then(|i| self.places.get(i)).map_or(0, |p| p.1)
    }

    /// Where the run that ends at `at` ends in the original.
    pub(super) fn end_of(&self, at: usize) -> usize {
        let i = self.places.partition_point(|p| p.0 < at);
        i.checked_sub(1).and_then(|i| self.places.get(i)).map_or(0, |p| p.2)
    }
}

/// Whether `c`, which ends right before `next`, joins what stands around it: an apostrophe inside a name does, one before
/// a possessive ending does not.
fn joins(text: &str, c: char, next: usize) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`')
        && text.get(next..).and_then(|r| r.chars().next()).is_some_and(|n| {
            let possessive = matches!(n, 's' | 'S')
                && !text.get(next + 1..).is_some_and(|r| r.starts_with(char::is_alphanumeric));
            n.is_alphabetic() && !possessive
        })
}

/// ASCII letters and digits.
static PLAIN: Bytes = Bytes::alphanumeric();

/// A set of bytes.
struct Bytes([bool; 256]);

impl Bytes {
    const fn alphanumeric() -> Self {
        let mut holds = [false; 256];
        let mut byte = 0;
        while byte < 128u8 {
            holds[byte as usize] = byte.is_ascii_alphanumeric();
            byte += 1;
        }
        Self(holds)
    }

    fn holds(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or_default()
    }
}

fn hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}
