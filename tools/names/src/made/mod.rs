//! Made-up student texts: cover lines, page headers, signatures, prose, references, and lines that only look like them.
//!
//! No template is taken from the data that anonymization is measured on.

mod names;
mod prose;
mod templates;
mod words;

use names::Person;
use templates::{BESIDE, BETWEEN, HEAD_PLAIN, HEAD_WITH_NAME, LISTED, PIECES};
use words::{CLOSINGS, HEADINGS};

use crate::lists::Pools;
use crate::text::{Chance, Tagged, Whose};

/// Makes one text.
pub(crate) struct Maker<'a> {
    pools: &'a Pools,
    prose: &'a [Tagged],
    chance: Chance,
    writer: Person,
    out: Tagged,
}

impl<'a> Maker<'a> {
    /// Makes the text of one seed.
    pub(crate) fn make(pools: &'a Pools, prose: &'a [Tagged], seed: u64) -> Tagged {
        let mut chance = Chance::new(seed);
        let writer = Person::new(pools, &mut chance);
        let mut maker = Self { pools, prose, chance, writer, out: Tagged::default() };
        match maker.chance.below(100) {
            0..=69 => maker.essay(),
            70..=79 => maker.letter(),
            80..=89 => maker.nameless(),
            _ => maker.cover(),
        }
        maker.window()
    }

    /// Mostly a part of the text alone: what is measured and what is pasted are often parts.
    fn window(mut self) -> Tagged {
        let lines = self.out.text.matches('\n').count() + 1;
        let whole = self.out;
        if lines < 6 || self.chance.in_hundred(35) {
            return whole;
        }
        let first = self.chance.below(lines / 2);
        let last = first + 3 + self.chance.below(lines - first);
        let part = whole.lines(first, last.min(lines));
        if part.text.trim().is_empty() { whole } else { part }
    }

    /// Fills a template of a line, with everything that stands for a whole line.
    fn line(&mut self, templates: &[&str]) {
        let template = *self.chance.pick(templates);
        let template = template.replace("{y}", &(1950 + self.chance.below(75)).to_string());
        let template = template.replace('#', &(1 + self.chance.below(9)).to_string()).replace("{w2}", "{w}");
        let mut line = self.fill(&template);
        match self.chance.below(100) {
            0..=5 => {
                let upper = line.text.to_uppercase();
                // Spans hold only where no letter grows.
                if upper.len() == line.text.len() {
                    line.text = upper;
                }
            }
            6..=8 => {
                let lower = line.text.to_lowercase();
                if lower.len() == line.text.len() {
                    line.text = lower;
                }
            }
            9..=14 => {
                let tail = *self.chance.pick(&["  ", " ", ".", ",", "   "]);
                line.push(tail);
            }
            _ => {}
        }
        self.out.append(&line);
        let end = *self.chance.pick(&["\n", "\n\n", "\n\n", "\n", "\n\n\n"]);
        self.out.push(end);
    }

    /// A line, or a few, made of the writer's name and other pieces in any order.
    fn pieces(&mut self, pieces: &[&str], most: usize, one_separator: bool) {
        let called = ["name: {w}", "name {w}", "Name: {w}", "{w} ", "{Y}: {w}", "{Y} {w}", "{w}, {J}"];
        let name = if self.chance.in_hundred(30) { *self.chance.pick(&called) } else { "{w}" };
        let mut parts = vec![name];
        for _ in 0..=self.chance.below(most) {
            parts.push(*self.chance.pick(pieces));
        }
        self.chance.shuffle(&mut parts);
        let separator = *self.chance.pick(BETWEEN);
        let mut line = String::new();
        for (i, part) in parts.into_iter().enumerate() {
            if i > 0 {
                let other: &&str = self.chance.pick(BETWEEN);
                line.push_str(if one_separator { separator } else { other });
            }
            line.push_str(part);
        }
        self.line(&[line.as_str()]);
    }

    fn name_line(&mut self) {
        if self.chance.in_hundred(45) {
            let same = self.chance.in_hundred(50);
            self.pieces(PIECES, 3, same);
        } else {
            self.line(HEAD_WITH_NAME);
        }
    }

    fn dropped(&mut self) {
        // Mostly in the middle of a sentence that was cut.
        if self.chance.in_hundred(60) {
            while self.out.text.ends_with(['\n', '.', ' ']) {
                self.out.text.pop();
            }
            self.out.names.retain(|n| n.1 <= self.out.text.len());
            self.out.push("\n\n");
        }
        let same = self.chance.in_hundred(30);
        self.pieces(BESIDE, 5, same);
    }

    fn head(&mut self) {
        let mut lines: Vec<&[&str]> = vec![HEAD_PLAIN; self.chance.below(4)];
        if self.chance.in_hundred(85) {
            lines.push(HEAD_WITH_NAME);
        }
        if self.chance.in_hundred(70) {
            self.chance.shuffle(&mut lines);
        }
        for templates in lines {
            if templates == HEAD_WITH_NAME {
                self.name_line();
            } else {
                self.line(templates);
            }
        }
    }

    fn sections(&mut self, most: usize) {
        for _ in 0..=self.chance.below(most) {
            if self.chance.in_hundred(60) {
                let heading = *self.chance.pick(HEADINGS);
                self.out.push(heading);
                let end = *self.chance.pick(&["\n\n", ":\n", "\n", ": ", ":   ", "    "]);
                self.out.push(end);
            }
            let mut paragraph = self.paragraph();
            if self.chance.in_hundred(25) {
                wrap(&mut paragraph, 60 + self.chance.below(40));
            }
            self.out.append(&paragraph);
            self.out.push("\n\n");
            match self.chance.below(100) {
                0..=7 => self.name_line(),
                8..=15 => self.dropped(),
                16..=27 => self.line(HEAD_PLAIN),
                28..=37 => self.line(LISTED),
                38..=40 => {
                    for _ in 0..2 + self.chance.below(4) {
                        self.line(HEAD_PLAIN);
                    }
                }
                _ => {}
            }
        }
    }

    fn essay(&mut self) {
        self.head();
        self.sections(5);
        if self.chance.in_hundred(30) {
            self.sign();
        }
        if self.chance.in_hundred(35) {
            self.references();
        }
        if self.chance.in_hundred(10) {
            self.line(&["{w}", "{w} Page #", "{w} # {C} - {K}", "{w}\n{d}", "{Y} {w}"]);
        }
    }

    fn sign(&mut self) {
        let closing = *self.chance.pick(CLOSINGS);
        self.out.push(closing);
        let gap = *self.chance.pick(&["\n", "\n\n", " ", "\n\n"]);
        self.out.push(gap);
        self.line(&["{w}", "{W}", "{w}\n{J}", "{w}\n{d}", "{w}, {J}", "– {w}", "{w} ({O})"]);
    }

    fn letter(&mut self) {
        let person = Person::new(self.pools, &mut self.chance);
        let greeting = *self.chance.pick(&["Dear ", "Hi ", "Hello ", "Dear Dr ", "Good morning "]);
        self.out.push(greeting);
        let name = person.short(&mut self.chance);
        self.out.name(&name, Whose::Private);
        self.out.push(",\n\n");
        self.sections(2);
        self.sign();
    }

    /// An essay without the writer's name.
    fn nameless(&mut self) {
        for _ in 0..self.chance.below(4) {
            self.line(HEAD_PLAIN);
        }
        self.sections(4);
        if self.chance.in_hundred(40) {
            self.references();
        }
    }

    fn cover(&mut self) {
        for _ in 0..=self.chance.below(3) {
            self.line(&["{Z}: {C}", "{Z}: {O}", "{Z}: {L}", "{Z}\t{d}", "{Z}: {K}", "{Z}: {i}"]);
        }
        self.line(&[
            "{Y}: {w}",
            "{Y}\t{w}",
            "{Y} {w}",
            "{Y}: {w} {Z}: {d}",
            "{Y}: {w}; {Z}: {C}",
            "{Y} = {w}",
            "{Y}   {w}",
            "{Z}: {d} {Y}: {w}",
        ]);
        for _ in 0..self.chance.below(4) {
            self.line(&[
                "{Z}: {C}",
                "{Z}: {O}",
                "{Z}: {L}",
                "{Z}\t{d}",
                "{Z}: {K}",
                "Email: {e}",
                "Phone: {p}",
                "{A}",
            ]);
        }
        self.sections(2);
    }

    fn references(&mut self) {
        let heading =
            *self.chance.pick(&["References\n", "Bibliography\n\n", "REFERENCES\n", "Sources:\n", "\n"]);
        self.out.push(heading);
        for _ in 0..=self.chance.below(5) {
            self.line(LISTED);
        }
    }
}

/// Breaks a paragraph into lines, as text out of a PDF is.
fn wrap(paragraph: &mut Tagged, width: usize) {
    let mut column = 0;
    let mut bytes = std::mem::take(&mut paragraph.text).into_bytes();
    for (i, byte) in bytes.iter_mut().enumerate() {
        column += 1;
        let in_name = paragraph.names.iter().any(|(s, e, _)| *s <= i && i < *e);
        if column > width && *byte == b' ' && !in_name {
            *byte = b'\n';
            column = 0;
        }
    }
    paragraph.text = String::from_utf8(bytes).unwrap_or_default();
}
