//! Spans of time, as a number and a unit.

use std::time::Duration;

/// Reads a span such as `30s`, `15m`, `8h` or `90d`.
pub(super) fn span(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| is_number)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_need_a_number_and_a_unit() {
        for (text, seconds) in [
            ("0s", 0),
            ("30s", 30),
            ("15m", 900),
            ("8h", 28_800),
            ("90d", 7_776_000),
        ] {
            assert_eq!(span(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "s", "30", "+3s", "-3s", "3 s", "3w", "1.5h", "3S", "3é"] {
            assert_eq!(span(bad), None, "{bad}");
        }
        assert_eq!(span("99999999999999999999s"), None);
        assert_eq!(span(&format!("{}d", u64::MAX)), None);
    }
}
