//! Telephone numbers that nobody has.

use super::Surrogates;
use super::draw::Draw;
use crate::anonymize::finding::Label;

impl Surrogates<'_> {
    /// A number that is kept for drama, with the prefix, the groups and the marks of the original where it has as many
    /// digits.
    pub(super) fn phone(&mut self, text: &str) -> Option<String> {
        let (number, extension) = text.split_at(text.find(['x', 'X']).unwrap_or(text.len()));
        if number.contains(char::is_alphabetic) || extension.chars().skip(1).any(char::is_alphabetic) {
            return None;
        }
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let key = national(&digits).to_owned();
        let made = self.value(Label::PhoneNum, &key, |seed, attempt| {
            Some(like(number, &digits, &mut seed.draw("phone", &key, attempt)))
        })?;
        let (mark, digits) = extension.split_at(extension.chars().next().map_or(0, char::len_utf8));
        let other = |attempt| self.seed.draw("extension", digits, attempt).fill(digits);
        let is_other = |made: &String| digits.is_empty() || made != digits;
        Some(made + mark + &(0..super::ATTEMPTS).map(other).find(is_other)?)
    }
}

/// The digits of a number without the UK's country code and the zero of its trunk.
pub(super) fn national(digits: &str) -> &str {
    let international = digits.strip_prefix("0044").or_else(|| digits.strip_prefix("44"));
    international.filter(|rest| rest.len() >= 9).unwrap_or(digits).trim_start_matches('0')
}

/// A number for `number`, whose digits are `digits`.
fn like(number: &str, digits: &str, draw: &mut Draw) -> String {
    let own = national(digits);
    let british = own.len() < digits.len();
    if let Some(american) = american(number, digits).filter(|_| !british) {
        // NXX-555-01XX, with any area.
        let area = 200 + draw.below(780);
        return filled(number, american, &format!("{area}55501{:02}", draw.below(100)));
    }
    let last = draw.below(1000);
    let (kept, written) = if own.starts_with('7') {
        (format!("7700900{last:03}"), format!("07700 900{last:03}"))
    } else {
        (format!("2079460{last:03}"), format!("020 7946 0{last:03}"))
    };
    if british && own.len() == kept.len() { filled(number, own.len(), &kept) } else { written }
}

/// How many digits of a North American number are its own: the ten after the country code 1, or ten in groups of 3, 3 and 4.
/// Ten digits of another country may be in use whatever they are.
fn american(number: &str, digits: &str) -> Option<usize> {
    let own = digits.strip_prefix("00").unwrap_or(digits);
    let own = if let Some(own) = own.strip_prefix('1') {
        own
    } else {
        let groups = number.split(|c: char| !c.is_ascii_digit()).map(str::len).filter(|len| *len > 0);
        let is_grouped = groups.eq([3, 3, 4]) && !number.trim_start().starts_with('+');
        is_grouped.then_some(own)?
    };
    (own.len() == 10 && !own.starts_with(['0', '1'])).then_some(own.len())
}

/// `number` with its last `count` digits replaced by those of `with`.
fn filled(number: &str, count: usize, with: &str) -> String {
    let all = number.chars().filter(char::is_ascii_digit).count();
    let mut with = with.chars();
    let mut seen = 0;
    let mut out = String::with_capacity(number.len());
    for c in number.chars() {
        if c.is_ascii_digit() {
            seen += 1;
            out.push(if seen + count > all { with.next().unwrap_or('0') } else { c });
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anonymize::surrogates::Seed;

    #[test]
    fn numbers_keep_their_form_and_are_nobodys() {
        for (number, start) in [
            ("07911 123456", "07700 900"),
            ("+44 7911 123456", "+44 7700 900"),
            ("+44 (0)7911 123456", "+44 (0)7700 900"),
            ("01632 960 123", "02079 460 "),
            ("(0161) 496 0123", "(0207) 946 0"),
            ("+49 30 1234567", "020 7946 0"),
            ("+47 912 34 567", "020 7946 0"),
            ("98765 43210", "020 7946 0"),
        ] {
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            let made = like(number, &digits, &mut Seed::new(b"s").draw("phone", "", 0));
            assert!(made.starts_with(start), "{number}: {made}");
        }
        let made = like("+1 415-555-2671", "14155552671", &mut Seed::new(b"s").draw("phone", "", 0));
        assert!(made.starts_with("+1 ") && made.contains("-555-01"), "{made}");
        let made = like("(415) 555-2671", "4155552671", &mut Seed::new(b"s").draw("phone", "", 0));
        assert!(made.contains(") 555-01"), "{made}");
    }
}
