//! Integers past 64 bits, from the external term format to the nearest float.

/// Version, then `SMALL_BIG_EXT` (one byte of length) or `LARGE_BIG_EXT` (four), the sign, the digits in base 256, lowest
/// first: <https://www.erlang.org/doc/apps/erts/erl_ext_dist.html>.
const VERSION: u8 = 131;
const SMALL_BIG: u8 = 110;
const LARGE_BIG: u8 = 111;

/// The float nearest to a big integer in the external term format, ties to even; none past the range of floats.
pub(crate) fn big_as_f64(external: &[u8]) -> Option<f64> {
    let (sign, digits) = match external {
        [VERSION, SMALL_BIG, _, sign, digits @ ..] | [VERSION, LARGE_BIG, _, _, _, _, sign, digits @ ..] => {
            (*sign, digits)
        }
        _ => return None,
    };
    let digits = &digits[..digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1)];
    // The highest 64 bits and a sticky bit below them are all that rounding to 53 bits can depend on.
    let (low, high) = digits.split_at(digits.len().saturating_sub(9));
    let mut top = high.iter().rev().fold(0_u128, |top, digit| top << 8 | u128::from(*digit));
    let mut exponent = 8 * low.len();
    if low.iter().any(|digit| *digit != 0) {
        top = top << 1 | 1;
        exponent = exponent.checked_sub(1)?;
    }
    let scale = 2_f64.powi(i32::try_from(exponent).ok()?);
    let magnitude = top as f64 * scale;
    let float = if sign == 0 { magnitude } else { -magnitude };
    float.is_finite().then_some(float)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The external term format of a decimal number.
    fn external(decimal: &str) -> Vec<u8> {
        let (sign, decimal) = decimal.strip_prefix('-').map_or((0, decimal), |rest| (1, rest));
        let mut digits: Vec<u8> = Vec::new();
        for c in decimal.bytes() {
            let mut carry = u32::from(c - b'0');
            for digit in &mut digits {
                carry += u32::from(*digit) * 10;
                *digit = (carry & 0xff) as u8;
                carry >>= 8;
            }
            if carry > 0 {
                digits.push(carry as u8);
            }
        }
        if let Ok(length) = u8::try_from(digits.len()) {
            [&[VERSION, SMALL_BIG, length, sign], &digits[..]].concat()
        } else {
            [&[VERSION, LARGE_BIG], &(digits.len() as u32).to_be_bytes()[..], &[sign], &digits[..]].concat()
        }
    }

    #[test]
    fn as_a_reader_of_json_would_have_it() {
        let long = format!("1{}", "0".repeat(300));
        let tie = "36893488147419111424";
        for decimal in [
            "18446744073709551616",
            "-9223372036854775809",
            "123456789012345678901234567890",
            "9007199254740993000000000000000000000001",
            tie,
            "36893488147419111425",
            "36893488147419107329",
            "340282366920938463463374607431768211455",
            "340282366920938463463374607431768211457",
            "179769313486231570814527423731704356798070567525844996598917476803157260780028538760589558632766878171540458953514382464234321326889464182768467546703537516986049910576551282076245490090389328944075868508455133942304583236903222948165808559332123347747",
            &long,
        ] {
            let expected: f64 = decimal.parse().expect("a number");
            assert_eq!(big_as_f64(&external(decimal)), Some(expected), "{decimal}");
        }
        assert_eq!(big_as_f64(&external(&format!("1{}", "0".repeat(309)))), None);
        assert_eq!(big_as_f64(&external(&format!("-1{}", "0".repeat(2_000)))), None);
        assert_eq!(big_as_f64(b""), None);
    }
}
