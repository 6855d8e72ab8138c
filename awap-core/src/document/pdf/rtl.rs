//! Scripts that are written from right to left. Their glyphs are drawn from left to right, as any others: the text of a
//! line comes out backwards and has to be turned, but for the numbers and foreign words in it.

use unicode_normalization::UnicodeNormalization as _;

fn is_rtl_char(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}') && !is_digit(c)
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}')
}

/// Whether a text is mostly of such a script.
pub(super) fn is_rtl(text: &str) -> bool {
    // Most text has no such letter at all, which is told without a look at characters.
    if text.is_ascii() {
        return false;
    }
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let rtl = text.chars().filter(|c| is_rtl_char(*c)).count();
    rtl * 2 > letters
}

/// The text in the order in which it is read, letters in their plain forms.
pub(super) fn logical(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut forward = String::new();
    for c in text.chars().rev() {
        // Numbers and words of other scripts keep their direction: they were gathered backwards.
        let keeps = is_digit(c) || (c.is_alphabetic() && !is_rtl_char(c));
        let joins = matches!(c, '.' | ',' | '/' | ':' | '-') && !forward.is_empty();
        if keeps || joins {
            forward.insert(0, c);
            continue;
        }
        flush(&mut out, &mut forward);
        out.push(mirrored(c));
    }
    flush(&mut out, &mut forward);
    out.nfkc().collect()
}

fn flush(out: &mut String, forward: &mut String) {
    // Punctuation that was taken along from before the number follows it.
    let start = forward.find(|c: char| is_digit(c) || c.is_alphabetic()).unwrap_or(0);
    out.push_str(forward.get(start..).unwrap_or_default());
    out.extend(forward.get(..start).unwrap_or_default().chars().rev());
    forward.clear();
}

fn mirrored(c: char) -> char {
    match c {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '«' => '»',
        '»' => '«',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_turned() {
        assert_eq!(logical("םולש"), "שלום");
        assert_eq!(logical("(12.5) םולש abc"), "abc שלום (12.5)");
        assert_eq!(logical(".2026 תנש"), "שנת 2026.");
        assert!(is_rtl("םולש 12"));
        assert!(!is_rtl("café"));
    }
}
