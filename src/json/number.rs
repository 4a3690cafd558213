//! Numbers: their grammar, and the times in claims.

use std::num::NonZeroUsize;

use super::error::JsonErrorKind;
use crate::limits;

/// The direction in which a fraction of a second is rounded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rounding {
    /// Down, for times at which a validity ends.
    Down,
    /// Up, for times at which a validity begins.
    Up,
}

/// Reads a JSON number as whole seconds in `0..=TIME_MAX`, rounding a fraction.
///
/// Returns `None` for a negative number, a number beyond the range, or text that is not a number.
#[inline(always)]
pub(crate) fn seconds(raw: &[u8], rounding: Rounding) -> Option<u64> {
    let secs = match digits_only(raw) {
        Some(secs) => secs,
        None => fraction(str::from_utf8(raw).ok()?, rounding)?,
    };
    (secs <= limits::TIME_MAX).then_some(secs)
}

/// Returns a time in seconds rounded down, and whether it is later than that second's beginning;
/// `None` if it is outside the calendar, rounded down or up.
#[inline(always)]
pub(crate) fn whole_seconds(raw: &[u8]) -> Option<(u64, bool)> {
    let (down, is_later) = match digits_only(raw) {
        Some(secs) => (secs, false),
        None => {
            let down = seconds(raw, Rounding::Down)?;
            (down, seconds(raw, Rounding::Up)? != down)
        }
    };
    (down <= limits::TIME_MAX).then_some((down, is_later))
}

/// Reads up to 16 digits, which cannot overflow.
#[inline(always)]
fn digits_only(raw: &[u8]) -> Option<u64> {
    if raw.len() > 16 {
        return None;
    }
    let (mut secs, mut rest) = (0, raw);
    if let Some((head, tail)) = raw.split_first_chunk() {
        let word = u64::from_le_bytes(*head);
        if non_digits(word) != 0 {
            return None;
        }
        (secs, rest) = (eight_digits(word), tail);
    }
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        secs = secs * 10 + u64::from(digit);
    }
    Some(secs)
}

/// Reads eight digits, the first one lowest: pairs, then fours, then all.
const fn eight_digits(word: u64) -> u64 {
    let ones = word & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (ones.wrapping_mul(10).wrapping_add(ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
}

#[cold]
fn fraction(raw: &str, rounding: Rounding) -> Option<u64> {
    let plain = !raw.bytes().any(|b| matches!(b, b'e' | b'E'));
    match raw.split_once('.') {
        // Exact for any number of digits.
        Some((whole, part)) if plain && !raw.starts_with('-') => {
            let whole: u64 = whole.parse().ok()?;
            let remainder = u64::from(part.bytes().any(|b| b != b'0'));
            let up = whole
                .checked_add(remainder)
                .filter(|s| *s <= limits::TIME_MAX)?;
            Some(if rounding == Rounding::Up { up } else { whole })
        }
        _ => float(raw.parse().ok()?, rounding),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the value is whole and within 0..=TIME_MAX, which f64 holds exactly"
)]
fn float(value: f64, rounding: Rounding) -> Option<u64> {
    let whole = match rounding {
        Rounding::Down => value.floor(),
        Rounding::Up => value.ceil(),
    };
    let inside = value >= 0.0 && value <= limits::TIME_MAX as f64;
    inside.then_some(whole as u64)
}

/// Returns the length of the number at the start of `text`.
#[inline]
pub(super) fn scan(text: &[u8]) -> Result<NonZeroUsize, JsonErrorKind> {
    let whole = digits(text, 0);
    let leading = text.first() == Some(&b'0');
    let is_whole = !matches!(text.get(whole), Some(b'.' | b'e' | b'E'));
    match NonZeroUsize::new(whole) {
        Some(len) if is_whole && !leading && whole <= SAFE_DIGITS => Ok(len),
        _ => scan_any(text),
    }
}

#[inline(never)]
fn scan_any(text: &[u8]) -> Result<NonZeroUsize, JsonErrorKind> {
    let sign = usize::from(text.first() == Some(&b'-'));
    let whole = digits(text, sign);
    let leading_zero = whole > 1 && text.get(sign) == Some(&b'0');
    if whole == 0 || leading_zero {
        return Err(at_end(text, sign));
    }
    let mut end = sign + whole;
    if text.get(end) == Some(&b'.') {
        end = some_digits(text, end + 1)?;
    }
    let exponent = matches!(text.get(end), Some(b'e' | b'E'));
    if exponent {
        let signed = matches!(text.get(end + 1), Some(b'+' | b'-'));
        end = some_digits(text, end + 1 + usize::from(signed))?;
    }
    if exponent || whole > SAFE_DIGITS {
        finite(text.get(..end).unwrap_or_default())?;
    }
    NonZeroUsize::new(end).ok_or(JsonErrorKind::Syntax)
}

/// A number of at most this many digits and no exponent is finite.
const SAFE_DIGITS: usize = 300;

fn digits(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(word) = text.get(at..).and_then(<[u8]>::first_chunk) {
        let non_digits = non_digits(u64::from_le_bytes(*word));
        if non_digits != 0 {
            return at - from + non_digits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = text.get(at..).unwrap_or_default();
    at - from + rest.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Sets the highest bit of the lowest byte that is not a digit; bits above it are meaningless.
const fn non_digits(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let value = word ^ (ONES * b'0' as u64);
    (value.wrapping_add(ONES * (0x7f - 9)) | value) & (ONES << 7)
}

fn some_digits(text: &[u8], from: usize) -> Result<usize, JsonErrorKind> {
    match digits(text, from) {
        0 => Err(at_end(text, from)),
        n => Ok(from + n),
    }
}

fn at_end(text: &[u8], at: usize) -> JsonErrorKind {
    if at < text.len() {
        JsonErrorKind::Syntax
    } else {
        JsonErrorKind::UnexpectedEnd
    }
}

fn finite(number: &[u8]) -> Result<(), JsonErrorKind> {
    let value = str::from_utf8(number).ok().and_then(|n| n.parse().ok());
    match value {
        Some(value) if f64::is_finite(value) => Ok(()),
        _ => Err(JsonErrorKind::NumberOutOfRange),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fraction_is_rounded_against_the_token() {
        for (raw, down, up) in [
            ("7", 7, 7),
            ("7.0", 7, 7),
            ("7.5", 7, 8),
            ("7.00000000000000000000000000000000000001", 7, 8),
            ("75e-1", 7, 8),
            ("7e0", 7, 7),
            ("-0", 0, 0),
            ("-0.0", 0, 0),
            ("1e3", 1000, 1000),
            ("253402300799", 253_402_300_799, 253_402_300_799),
            ("12345678", 12_345_678, 12_345_678),
            ("98765432", 98_765_432, 98_765_432),
            ("0", 0, 0),
            ("000253402300799", 253_402_300_799, 253_402_300_799),
            ("253402300798.5", 253_402_300_798, 253_402_300_799),
        ] {
            assert_eq!(seconds(raw.as_bytes(), Rounding::Down), Some(down), "{raw}");
            assert_eq!(seconds(raw.as_bytes(), Rounding::Up), Some(up), "{raw}");
            let whole = Some((down, up > down));
            assert_eq!(whole_seconds(raw.as_bytes()), whole, "{raw}");
        }
    }

    #[test]
    fn times_outside_the_calendar_are_rejected() {
        for raw in [
            "-1",
            "-0.5",
            "253402300800",
            "253402300799.5",
            "2.534023008e11",
            "1e300",
            "18446744073709551616",
            "99999999999999999999999999999999",
            "99999999999999999999999999999999.5",
        ] {
            assert_eq!(seconds(raw.as_bytes(), Rounding::Up), None, "{raw}");
            assert_eq!(whole_seconds(raw.as_bytes()), None, "{raw}");
        }
        // A fraction beyond the last second is out of range in both directions.
        assert_eq!(seconds(b"253402300799.5", Rounding::Down), None);
    }

    #[test]
    fn numbers_beyond_the_largest_are_rejected() {
        let long = "9".repeat(400);
        for raw in [
            "1e999",
            "-1e999",
            "1E400",
            "1.797693134863e308",
            "1.7976931348623159e308",
            "1e309",
            "-1e309",
            long.as_str(),
        ] {
            assert_eq!(
                scan(raw.as_bytes()),
                Err(JsonErrorKind::NumberOutOfRange),
                "{raw}"
            );
        }
        let fits = "9".repeat(308);
        let largest = f64::MAX.to_string();
        for raw in [
            "1e308",
            "1.7976931348623157e308",
            "-1.7976931348623157E+308",
            "17976931348623157e292",
            "1e-999",
            largest.as_str(),
            fits.as_str(),
        ] {
            assert_eq!(scan(raw.as_bytes()).unwrap().get(), raw.len());
        }
    }
}
