//! What is written in place of what in a DOCX file that is written anew.

use std::collections::HashMap;

use crate::text::Span;

/// Finds the student in a text: where (bytes, of which some may overlap), and what comes instead.
pub(crate) type Sweep<'a> = &'a dyn Fn(&str) -> Vec<(Span, String)>;

/// What is to be written in place of what.
pub(crate) struct Changes<'a> {
    /// For the letters and digits of a line: what goes, counted in them, and what comes.
    lines: HashMap<String, Vec<(Span, String)>>,
    /// What goes wherever else it stands, by its first letter, and what comes.
    literals: HashMap<char, Vec<(Vec<char>, String)>>,
    /// What else goes from a text that is no such line.
    sweep: Sweep<'a>,
}

impl<'a> Changes<'a> {
    pub(crate) fn new(sweep: Sweep<'a>) -> Self {
        Self { lines: HashMap::new(), literals: HashMap::new(), sweep }
    }

    /// Takes note of a line and the edits in it (bytes of the line, sorted, not overlapping).
    pub(crate) fn line(&mut self, line: &str, edits: &[(Span, &str)]) {
        let count = |at: usize| letters(line.get(..at).unwrap_or_default()).count();
        let edits: Vec<(Span, String)> = edits
            .iter()
            .map(|(span, with)| (Span::new(count(span.start), count(span.end)), (*with).to_owned()))
            .filter(|(span, _)| !span.is_empty())
            .collect();
        for (span, with) in &edits {
            let old: Vec<char> = letters(line).skip(span.start).take(span.len()).collect();
            let Some(first) = old.first().filter(|_| old.len() > 1) else { continue };
            let known = self.literals.entry(*first).or_default();
            if !known.iter().any(|(known, _)| *known == old) {
                known.push((old, with.clone()));
            }
        }
        // Two lines of the same words: the one from which more goes decides.
        let known = self.lines.entry(letters(line).collect()).or_default();
        if edits.len() > known.len() {
            *known = edits;
        }
    }

    /// What goes from `text`, counted in letters and digits.
    fn of(&self, text: &str) -> Vec<(Span, String)> {
        if let Some(edits) = self.lines.get(&letters(text).collect::<String>()) {
            return edits.clone();
        }
        let line = Line::of(text);
        // A line that was read in another way, or not at all: whatever was replaced elsewhere goes here, too.
        let mut found: Vec<(Span, String)> = Vec::new();
        for at in (0..line.letters.len()).filter(|at| line.begins.get(*at) == Some(&true)) {
            let Some(rest) = line.letters.get(at..) else { continue };
            for (old, with) in rest.first().and_then(|first| self.literals.get(first)).into_iter().flatten() {
                let span = Span::new(at, at + old.len());
                if rest.starts_with(old) && line.is_whole(span) {
                    found.push((span, with.clone()));
                }
            }
        }
        found.extend((self.sweep)(text).into_iter().map(|(span, with)| (line.counted(span), with)));
        // The whole name before what is a part of it; none of it goes twice.
        found.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then(a.cmp(b)));
        let mut taken = vec![false; line.letters.len()];
        found.retain(|(span, _)| match taken.get_mut(span.start..span.end) {
            Some(letters) if !letters.is_empty() && !letters.contains(&true) => {
                letters.fill(true);
                true
            }
            _ => false,
        });
        found.sort_by_key(|(span, _)| *span);
        found
    }

    /// A text of its own, an attribute's say, changed.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut texts = vec![text.to_owned()];
        self.change(&mut texts);
        texts.concat()
    }

    /// Changes texts that make one line: what goes over several is put into the first of them.
    pub(super) fn change(&self, texts: &mut [String]) {
        let edits = self.of(&texts.concat());
        let mut edits = edits.into_iter().peekable();
        let mut count = 0;
        for text in texts {
            let mut out = String::with_capacity(text.len());
            for c in text.chars() {
                let counts = c.is_alphanumeric();
                while edits.next_if(|(span, _)| counts && span.end <= count).is_some() {}
                match edits.peek_mut() {
                    // Marks between the first and the last letter of what goes, go too.
                    Some((span, with))
                        if span.start <= count && (counts || span.start < count) && count < span.end =>
                    {
                        out.push_str(&std::mem::take(with));
                    }
                    _ => out.push(c),
                }
                count += usize::from(counts);
            }
            *text = out;
        }
    }
}

/// Letters and digits: what stays the same however blanks, breaks and hyphens are read.
fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|c| c.is_alphanumeric())
}

/// The letters and digits of a text.
struct Line {
    letters: Vec<char>,
    /// Whether a word begins here; one more than there are letters.
    begins: Vec<bool>,
    /// Where each stands in the text.
    places: Vec<usize>,
}

impl Line {
    fn of(text: &str) -> Self {
        let mut line = Self { letters: Vec::new(), begins: Vec::new(), places: Vec::new() };
        let mut inside = false;
        for (place, c) in text.char_indices() {
            if c.is_alphanumeric() {
                line.letters.push(c);
                line.begins.push(!inside);
                line.places.push(place);
            }
            inside = c.is_alphanumeric();
        }
        line.begins.push(true);
        line
    }

    /// Whether no word of the text goes on beyond these letters.
    fn is_whole(&self, span: Span) -> bool {
        self.begins.get(span.start) == Some(&true) && self.begins.get(span.end) == Some(&true)
    }

    /// Bytes of the text as letters.
    fn counted(&self, span: Span) -> Span {
        let count = |at: usize| self.places.partition_point(|place| *place < at);
        Span::new(count(span.start), count(span.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_was_not_read_is_swept() {
        let sweep = |text: &str| -> Vec<(Span, String)> {
            let lower = text.to_lowercase();
            let found = ["kofi mensah", "kofi", "mensah"].iter().flat_map(|name| lower.match_indices(name));
            found.map(|(at, name)| (Span::new(at, at + name.len()), "[STUDENT]".to_owned())).collect()
        };
        let mut changes = Changes::new(&sweep);
        changes.line("as Mensah (2019) says of Ama", &[(Span::new(25, 28), "[PERSON_1]")]);
        changes.line("Mensah TMA02", &[(Span::new(0, 6), "[STUDENT]")]);
        for (text, expected) in [
            ("as Mensah (2019) says of Ama", "as Mensah (2019) says of [PERSON_1]"),
            ("KOFI MENSAH’s plan", "[STUDENT]’s plan"),
            ("Chart by Kofi Mensah", "Chart by [STUDENT]"),
            ("Ama and kofi, Mensah", "[PERSON_1] and [STUDENT], [STUDENT]"),
            ("nobody", "nobody"),
            ("", ""),
        ] {
            assert_eq!(changes.apply(text), expected, "{text}");
        }
    }
}
