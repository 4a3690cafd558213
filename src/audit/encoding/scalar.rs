//! Numbers, times, identifiers and addresses as text, without allocation.

use std::io::Write;
use std::net::IpAddr;

/// Appends a number in decimal.
pub(crate) fn push_number(number: u64, line: &mut Vec<u8>) {
    // The largest number has 20 digits.
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut len = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        len += 1;
        if rest == 0 {
            break;
        }
    }
    line.extend_from_slice(digits.get(digits.len() - len..).unwrap_or_default());
}

/// Appends a number in decimal with leading zeros, at most nine digits.
fn push_padded(number: u64, width: usize, line: &mut Vec<u8>) {
    let mut digits = [b'0'; 9];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let start = digits.len().saturating_sub(width);
    line.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// Appends bytes in hexadecimal.
pub(super) fn push_hex(bytes: &[u8], line: &mut Vec<u8>) {
    for byte in bytes {
        line.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 0xf)]);
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
}

/// Appends an id: 32 hexadecimal digits.
pub(crate) fn push_id(id: u128, line: &mut Vec<u8>) {
    push_hex(&id.to_be_bytes(), line);
}

/// Appends an address in its canonical text (RFC 5952).
pub(super) fn push_address(address: IpAddr, line: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => {
            for (place, octet) in address.octets().into_iter().enumerate() {
                if place > 0 {
                    line.push(b'.');
                }
                push_number(octet.into(), line);
            }
        }
        // Writing to a vector cannot fail.
        IpAddr::V6(address) => drop(write!(line, "{address}")),
    }
}

/// Appends a time in RFC 3339 with milliseconds and `Z`. Times after the year 9999 are its last
/// millisecond.
pub(crate) fn push_time(millis: u64, line: &mut Vec<u8>) {
    let millis = millis.min(LAST_MILLI);
    let (days, of_day) = (millis / DAY_MILLIS, millis % DAY_MILLIS);
    let (year, month, day) = civil_date(days);
    push_padded(year, 4, line);
    line.push(b'-');
    push_padded(month, 2, line);
    line.push(b'-');
    push_padded(day, 2, line);
    line.push(b'T');
    push_padded(of_day / 3_600_000, 2, line);
    line.push(b':');
    push_padded(of_day / 60_000 % 60, 2, line);
    line.push(b':');
    push_padded(of_day / 1_000 % 60, 2, line);
    line.push(b'.');
    push_padded(of_day % 1_000, 3, line);
    line.push(b'Z');
}

/// The date of a day since 1970-01-01, in a calendar whose years begin on the first of March, so
/// that the leap day is the last one of its year.
const fn civil_date(days: u64) -> (u64, u64, u64) {
    // Days from 0000-03-01 to 1970-01-01.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let months = (5 * of_year + 2) / 153;
    let day = of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    let year = era * 400 + year + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

const DAY_MILLIS: u64 = 86_400_000;
const LAST_MILLI: u64 = 253_402_300_799_999;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::OffsetDateTime;

    use super::*;

    fn written(push: impl Fn(&mut Vec<u8>)) -> String {
        let mut line = Vec::new();
        push(&mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn times_have_milliseconds_and_end_in_the_year_9999() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (1_760_000_000_250, "2025-10-09T08:53:20.250Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(written(|line| push_time(millis, line)), text);
        }
    }

    #[test]
    fn ids_are_32_digits() {
        let id = 0x0123_4567_89ab_cdef_u128;
        assert_eq!(
            written(|line| push_id(id, line)),
            "00000000000000000123456789abcdef"
        );
    }

    proptest! {
        #[test]
        fn numbers_and_addresses_are_as_std_writes_them(
            number: u64, v4: std::net::Ipv4Addr, v6: std::net::Ipv6Addr,
        ) {
            prop_assert_eq!(written(|line| push_number(number, line)), number.to_string());
            prop_assert_eq!(written(|line| push_address(v4.into(), line)), v4.to_string());
            prop_assert_eq!(written(|line| push_address(v6.into(), line)), v6.to_string());
        }

        #[test]
        fn times_are_those_of_another_calendar(millis in 0..=LAST_MILLI) {
            let nanos = i128::from(millis) * 1_000_000;
            let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap();
            let text = format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                time.year(), u8::from(time.month()), time.day(),
                time.hour(), time.minute(), time.second(), time.millisecond(),
            );
            prop_assert_eq!(written(|line| push_time(millis, line)), text);
        }
    }
}
