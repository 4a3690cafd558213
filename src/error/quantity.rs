//! Numbers and spans of time in the texts of errors.

use std::ops::{Bound, RangeBounds};
use std::time::Duration;

/// What can be out of range: a number or a span of time.
pub(crate) trait Quantity {
    fn text(&self) -> String;
}

macro_rules! numbers {
    ($($number:ty)+) => {
        $(impl Quantity for $number {
            fn text(&self) -> String {
                self.to_string()
            }
        })+
    };
}

numbers!(u32 u64 usize);

impl Quantity for Duration {
    /// Writes the largest unit that needs no fraction.
    fn text(&self) -> String {
        const UNITS: [(u64, &str); 4] = [
            (24 * 60 * 60, "day"),
            (60 * 60, "hour"),
            (60, "minute"),
            (1, "second"),
        ];
        let secs = self.as_secs();
        if self.subsec_nanos() != 0 {
            return format!("{self:?}");
        }
        let is_whole = |unit: u64| secs != 0 && secs.is_multiple_of(unit);
        let whole = UNITS.iter().find(|(unit, _)| is_whole(*unit));
        let (unit, name) = whole.unwrap_or(&(1, "second"));
        let count = secs / unit;
        format!("{count} {name}{}", if count == 1 { "" } else { "s" })
    }
}

/// Returns a range in words. Its end is read as included.
pub(super) fn range_text<T: Quantity>(range: &impl RangeBounds<T>) -> String {
    let limit = |bound| match bound {
        Bound::Included(limit) | Bound::Excluded(limit) => Some(T::text(limit)),
        Bound::Unbounded => None,
    };
    match (limit(range.start_bound()), limit(range.end_bound())) {
        (Some(least), Some(most)) => format!("between {least} and {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => "anything".to_owned(),
    }
}
