//! Numbers as word processors draw them before paragraphs: `1`, `a`, `iv`, `First`.

use std::fmt::Write as _;

/// A way to write a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numeral {
    Decimal,
    DecimalZero,
    LowerLetter,
    UpperLetter,
    LowerRoman,
    UpperRoman,
    Ordinal,
    Words,
    OrdinalWords,
    /// `①`
    Circled,
    Bullet,
    Nothing,
}

impl Numeral {
    /// By the name that OOXML gives it (`ST_NumberFormat`); one that is not written here is drawn in digits.
    pub(super) fn of_ooxml(name: &str) -> Self {
        match name {
            "decimalZero" => Self::DecimalZero,
            "lowerLetter" => Self::LowerLetter,
            "upperLetter" => Self::UpperLetter,
            "lowerRoman" => Self::LowerRoman,
            "upperRoman" => Self::UpperRoman,
            "ordinal" => Self::Ordinal,
            "cardinalText" => Self::Words,
            "ordinalText" => Self::OrdinalWords,
            "decimalEnclosedCircle" => Self::Circled,
            "bullet" => Self::Bullet,
            "none" => Self::Nothing,
            _ => Self::Decimal,
        }
    }

    /// By the sample that ODF gives of it (`style:num-format`).
    pub(super) fn of_odf(sample: &str) -> Self {
        match sample {
            "" => Self::Nothing,
            "a" => Self::LowerLetter,
            "A" => Self::UpperLetter,
            "i" => Self::LowerRoman,
            "I" => Self::UpperRoman,
            _ => Self::Decimal,
        }
    }
}

/// Writes `value` onto `out`.
pub(super) fn number(out: &mut String, value: u32, numeral: Numeral) {
    match numeral {
        Numeral::Bullet | Numeral::Nothing => {}
        Numeral::DecimalZero => _ = write!(out, "{value:02}"),
        Numeral::LowerLetter => letters(out, value, b'a'),
        Numeral::UpperLetter => letters(out, value, b'A'),
        Numeral::LowerRoman => out.push_str(&roman(value).to_ascii_lowercase()),
        Numeral::UpperRoman => out.push_str(&roman(value)),
        Numeral::Ordinal => _ = write!(out, "{value}{}", ordinal_suffix(value)),
        Numeral::Words => words(out, value, false),
        Numeral::OrdinalWords => words(out, value, true),
        Numeral::Circled => match (1..=20).contains(&value).then(|| char::from_u32(0x245f + value)).flatten()
        {
            Some(c) => out.push(c),
            None => _ = write!(out, "{value}"),
        },
        Numeral::Decimal => _ = write!(out, "{value}"),
    }
}

/// `a` … `z`, `aa`, `bb`: Word repeats the letter. Past a few rounds digits are kinder.
fn letters(out: &mut String, value: u32, first: u8) {
    let Some(index) = value.checked_sub(1) else { return out.push('0') };
    let times = index / 26 + 1;
    if times > 10 {
        _ = write!(out, "{value}");
        return;
    }
    for _ in 0..times {
        out.push(char::from(first + (index % 26) as u8));
    }
}

fn roman(value: u32) -> String {
    const PARTS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if value == 0 || value >= 5000 {
        return value.to_string();
    }
    let mut out = String::new();
    let mut left = value;
    for (size, sign) in PARTS {
        while left >= size {
            out.push_str(sign);
            left -= size;
        }
    }
    out
}

fn ordinal_suffix(value: u32) -> &'static str {
    match (value % 10, value % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

fn words(out: &mut String, value: u32, ordinal: bool) {
    const CARDINALS: [&str; 13] = [
        "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven",
        "Twelve",
    ];
    const ORDINALS: [&str; 13] = [
        "Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth",
        "Tenth", "Eleventh", "Twelfth",
    ];
    let names = if ordinal { ORDINALS } else { CARDINALS };
    match names.get(value as usize) {
        Some(name) => out.push_str(name),
        None if ordinal => _ = write!(out, "{value}{}", ordinal_suffix(value)),
        None => _ = write!(out, "{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_drawn() {
        let cases = [
            (Numeral::Decimal, 12, "12"),
            (Numeral::DecimalZero, 3, "03"),
            (Numeral::LowerLetter, 28, "bb"),
            (Numeral::UpperLetter, 3, "C"),
            (Numeral::LowerRoman, 49, "xlix"),
            (Numeral::UpperRoman, 2026, "MMXXVI"),
            (Numeral::Ordinal, 22, "22nd"),
            (Numeral::Ordinal, 113, "113th"),
            (Numeral::Words, 2, "Two"),
            (Numeral::OrdinalWords, 3, "Third"),
            (Numeral::Circled, 1, "①"),
            (Numeral::Bullet, 1, ""),
            (Numeral::LowerLetter, u32::MAX, "4294967295"),
        ];
        for (numeral, value, expected) in cases {
            let mut out = String::new();
            number(&mut out, value, numeral);
            assert_eq!(out, expected, "{numeral:?} {value}");
        }
    }
}
