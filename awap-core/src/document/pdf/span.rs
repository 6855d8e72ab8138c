//! Glyphs put together into spans: stretches of one line in one size, with the spaces that only the gaps tell of.

use unicode_normalization::char::compose;

use super::encoding::letters_of;

/// How text looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // styles go together in any way
pub(super) struct Look {
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) mono: bool,
    pub(super) math: bool,
}

/// Which way text runs on the page as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Right,
    Down,
    Left,
    Up,
    Slanted,
}

/// A stretch of text on one line.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) text: String,
    /// Where the first glyph begins and the last one ends, along the line. For text that does not run to the right, these
    /// are coordinates of the page turned so that it does.
    pub(super) x0: f64,
    pub(super) x1: f64,
    /// The baseline.
    pub(super) y: f64,
    pub(super) size: f64,
    pub(super) way: Way,
    pub(super) look: Look,
    pub(super) artifact: bool,
    /// Where each word begins: byte in the text, place along the line.
    pub(super) words: Vec<(usize, f64)>,
}

/// A glyph as it is drawn.
#[derive(Debug)]
pub(super) struct Glyph<'t> {
    /// What it stands for; empty where it adds nothing to what came before.
    pub(super) text: &'t str,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) direction: (f64, f64),
    pub(super) width: f64,
    pub(super) advance: f64,
    pub(super) size: f64,
    pub(super) look: Look,
    pub(super) artifact: bool,
    /// Its place was set and does not merely follow from the glyph before.
    pub(super) moved: bool,
}

/// A gap that is a space, in sizes.
const SPACE: f64 = 0.16;
const SPACE_BETWEEN_NUMBERS: f64 = 0.05;
/// A gap that ends a span: within a string of glyphs, and where the place was set anew.
const BREAK: f64 = 1.9;
const BREAK_WHERE_MOVED: f64 = 1.1;

/// Puts spans together in the order in which glyphs are drawn.
#[derive(Debug)]
pub(super) struct Spans {
    width: f64,
    height: f64,
    done: Vec<Span>,
    open: Option<Span>,
    /// Where the glyph after the last one is expected.
    pen: f64,
    last_x: f64,
    /// Something was to be shown off the page or in no size, which is not read.
    pub(super) unread: bool,
}

impl Spans {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, done: Vec::new(), open: None, pen: 0.0, last_x: 0.0, unread: false }
    }

    /// How many spans there are, the open one included.
    pub(super) fn count(&self) -> usize {
        self.done.len() + usize::from(self.open.is_some())
    }

    pub(super) fn finish(mut self) -> Vec<Span> {
        self.close();
        self.done
    }

    fn close(&mut self) {
        if let Some(mut span) = self.open.take() {
            span.text.truncate(span.text.trim_end().len());
            if !span.text.is_empty() && !self.is_twin(&span) {
                self.done.push(span);
            }
        }
    }

    /// Whether a span was drawn already, a little aside, which is how some producers make text bold or give it a shadow.
    fn is_twin(&self, span: &Span) -> bool {
        let near = span.size * 0.2;
        self.done.iter().rev().take(3).any(|other| {
            (other.x0 - span.x0).abs() < near
                && (other.y - span.y).abs() < near
                && (other.x1 - span.x1).abs() < near
                && other.text == span.text
        })
    }

    /// Adds a glyph.
    pub(super) fn place(&mut self, glyph: &Glyph<'_>) {
        const MARGIN: f64 = 3.0;
        let finite = [glyph.x, glyph.y, glyph.width, glyph.size, glyph.advance].iter().all(|n| n.is_finite());
        let on_page = glyph.x > -MARGIN
            && glyph.y > -MARGIN
            && glyph.x < self.width + MARGIN
            && glyph.y < self.height + glyph.size.min(12.0);
        if !finite || !on_page || glyph.size <= 0.0 {
            self.unread |= !glyph.text.trim().is_empty();
            return;
        }
        let way = way_of(glyph.direction);
        let (x, y) = match way {
            Way::Right => (glyph.x, glyph.y),
            Way::Slanted => {
                let (a, b) = glyph.direction;
                let length = a.hypot(b).max(f64::MIN_POSITIVE);
                ((glyph.x * a + glyph.y * b) / length, (glyph.y * a - glyph.x * b) / length)
            }
            Way::Down => (glyph.y, -glyph.x),
            Way::Left => (-glyph.x, -glyph.y),
            Way::Up => (-glyph.y, glyph.x),
        };
        let size = glyph.size;
        let nothing = |c: char| c.is_whitespace() || c.is_control() || c == '\u{ad}' && glyph.width == 0.0;
        let blank = glyph.text.chars().all(nothing);
        let continues = self.open.as_ref().is_some_and(|span| {
            let gap = x - span.x1;
            let widest = if glyph.moved { BREAK_WHERE_MOVED } else { BREAK };
            span.way == way
                && span.look == glyph.look
                && span.artifact == glyph.artifact
                && (span.size - size).abs() < size * 0.05
                && (span.y - y).abs() < size * 0.08
                && gap > -size * 0.6
                && (gap < size * widest || blank)
        });
        if !continues {
            self.close();
            if blank {
                return;
            }
            self.open = Some(Span {
                text: String::new(),
                x0: x,
                x1: x,
                y,
                size,
                way,
                look: glyph.look,
                artifact: glyph.artifact,
                words: vec![(0, x)],
            });
            self.pen = x;
        }
        let Some(span) = &mut self.open else { return };
        if blank {
            // A glyph that stands for nothing belongs to the one before, but past a gap it would only fill the gap.
            let aside = x - span.x1 > size * SPACE;
            let spaced = aside || glyph.text.contains(char::is_whitespace);
            if spaced && !span.text.ends_with(' ') && !span.text.is_empty() {
                span.text.push(' ');
            }
            self.pen = x + glyph.advance;
            if glyph.text.is_empty() && !aside {
                span.x1 = span.x1.max(x + glyph.width);
            }
            return;
        }
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        // Numbers that are set one by one, as along the axis of a chart, stand closer than words do.
        let numbers = glyph.moved && digit(span.text.chars().next_back()) && digit(glyph.text.chars().next());
        let least = if numbers { SPACE_BETWEEN_NUMBERS } else { SPACE };
        if !span.text.is_empty() && !span.text.ends_with(' ') && x - self.pen.max(span.x1) > size * least {
            span.text.push(' ');
        }
        if span.text.ends_with(' ') {
            span.words.push((span.text.len(), x));
        }
        if !accent(span, glyph.text, x - self.last_x, glyph.width) {
            push(&mut span.text, glyph.text);
        }
        self.last_x = x;
        self.pen = x + glyph.advance;
        span.x1 = span.x1.max(x + glyph.width);
    }
}

fn way_of((a, b): (f64, f64)) -> Way {
    if b.abs() <= a.abs() * 0.12 {
        if a >= 0.0 { Way::Right } else { Way::Left }
    } else if a.abs() <= b.abs() * 0.12 {
        if b > 0.0 { Way::Down } else { Way::Up }
    } else {
        Way::Slanted
    }
}

/// Writes what a glyph stands for as plain text has it.
fn push(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\u{ad}' | '\u{2010}' => out.push('-'),
            '\u{f0b7}' | '\u{f0a7}' | '\u{f076}' | '\u{f0d8}' => out.push('•'),
            '\u{f0fc}' => out.push('✓'),
            '\u{f0e0}' => out.push('→'),
            '\u{200b}'..='\u{200d}' | '\u{feff}' => {}
            c if c.is_whitespace() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c if c.is_control() => {}
            c => match letters_of(c) {
                Some(letters) => out.push_str(letters),
                None => out.push(c),
            },
        }
    }
}

/// Puts an accent that was drawn by itself onto the letter it stands over: TeX draws `´` and then `e`.
fn accent(span: &mut Span, text: &str, moved: f64, width: f64) -> bool {
    let mut chars = text.chars();
    let (Some(now), None) = (chars.next(), chars.next()) else { return false };
    let Some(before) = span.text.chars().next_back() else { return false };
    // Both at about the same place.
    if moved.abs() > width * 0.45 {
        return false;
    }
    let composed = match (combining(before), combining(now)) {
        (Some(mark), None) => compose(now, mark),
        (None, Some(mark)) => compose(before, mark),
        _ => None,
    };
    let Some(composed) = composed else { return false };
    span.text.pop();
    span.text.push(composed);
    true
}

fn combining(c: char) -> Option<char> {
    Some(match c {
        '`' => '\u{300}',
        '´' => '\u{301}',
        'ˆ' | '^' => '\u{302}',
        '˜' | '~' => '\u{303}',
        '¯' => '\u{304}',
        '˘' => '\u{306}',
        '˙' => '\u{307}',
        '¨' => '\u{308}',
        '˚' => '\u{30a}',
        '˝' => '\u{30b}',
        'ˇ' => '\u{30c}',
        '¸' => '\u{327}',
        '˛' => '\u{328}',
        '\u{300}'..='\u{36f}' => c,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(glyphs: &[(&str, f64, f64)]) -> Vec<String> {
        let mut spans = Spans::new(600.0, 800.0);
        for (text, x, y) in glyphs {
            spans.place(&Glyph {
                text,
                x: *x,
                y: *y,
                direction: (1.0, 0.0),
                width: 5.0,
                advance: 5.0,
                size: 10.0,
                look: Look::default(),
                artifact: false,
                moved: false,
            });
        }
        spans.finish().into_iter().map(|span| span.text).collect()
    }

    #[test]
    fn gaps_make_spaces_and_breaks() {
        assert_eq!(spans(&[("a", 0.0, 10.0), ("b", 5.0, 10.0), ("c", 13.0, 10.0)]), ["ab c"]);
        assert_eq!(spans(&[("a", 0.0, 10.0), ("b", 60.0, 10.0)]), ["a", "b"]);
        assert_eq!(spans(&[("a", 0.0, 10.0), ("b", 5.0, 30.0)]), ["a", "b"]);
        assert_eq!(
            spans(&[("ﬁ", 0.0, 10.0), (" ", 5.0, 10.0), (" ", 10.0, 10.0), ("x", 15.0, 10.0)]),
            ["fi x"]
        );
        // InDesign's tab: a blank, and past the gap what stands for nothing, with the next glyph over it.
        assert_eq!(
            spans(&[("8", 0.0, 10.0), ("\t\u{7}", 5.0, 10.0), ("", 17.0, 10.0), ("C", 17.0, 10.0)]),
            ["8 C"]
        );
        assert_eq!(spans(&[("8", 0.0, 10.0), ("", 9.0, 10.0), ("C", 9.0, 10.0)]), ["8 C"]);
        assert_eq!(spans(&[("´", 0.0, 10.0), ("e", 0.5, 10.0)]), ["é"]);
        assert_eq!(spans(&[("a", 0.0, 10.0), ("a", 0.5, 10.0), ("z", -900.0, 10.0)]), ["aa"]);
    }
}
