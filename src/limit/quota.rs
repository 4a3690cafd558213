//! Quotas: how many units a holder may use in a window, or from a balance.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::limit::usage::QuotaWindow;
use crate::limits;

/// How many units a holder may use in a window, or from a balance of credits.
///
/// Days and months are those of the calendar in a fixed zone: a month has its own number of days, and
/// a window ends at midnight, not a number of seconds after its first use. A zone is an offset from
/// UTC, so no window is an hour longer or shorter because of daylight saving time.
///
/// ```
/// use std::time::Duration;
///
/// use bearergate::clock::UnixTime;
/// use bearergate::limit::Quota;
///
/// let monthly = Quota::per_month(10_000).zone("+01:00")?.leased(100);
/// let weekly = Quota::every(500, Duration::from_secs(7 * 86_400), UnixTime::from_secs(345_600));
/// let prepaid = Quota::credits();
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Quota {
    amount: u64,
    renewal: Renewal,
    /// Seconds east of UTC; `None` if no zone was set.
    zone: Option<i64>,
    lease: Option<u32>,
    name: Option<Arc<str>>,
}

/// When a quota is whole again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Renewal {
    Day,
    Month,
    Every(Duration, UnixTime),
    Never,
}

impl Quota {
    /// Allows `amount` units in each day of the calendar.
    pub const fn per_day(amount: u64) -> Self {
        Self::new(amount, Renewal::Day)
    }

    /// Allows `amount` units in each month of the calendar.
    pub const fn per_month(amount: u64) -> Self {
        Self::new(amount, Renewal::Month)
    }

    /// Allows `amount` units in each `span`. One of the windows starts at `from`; the others follow
    /// and precede it without a gap. The span is whole seconds, from one second to
    /// [`limits::QUOTA_SPAN_MAX`].
    pub const fn every(amount: u64, span: Duration, from: UnixTime) -> Self {
        Self::new(amount, Renewal::Every(span, from))
    }

    /// Allows what is on the balance of the holder, which does not renew: the service adds to it with
    /// [`UsageStore::credit`](crate::limit::UsageStore::credit).
    pub const fn credits() -> Self {
        Self::new(0, Renewal::Never)
    }

    const fn new(amount: u64, renewal: Renewal) -> Self {
        Self {
            amount,
            renewal,
            zone: None,
            lease: None,
            name: None,
        }
    }

    /// Sets the zone in which days and months begin: `Z`, or an offset from UTC as in `+05:30`; by
    /// default `Z`.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for another text or an offset
    /// above `14:00`, [`Conflict`](crate::error::ConfigErrorKind::Conflict) for a quota without days
    /// and months.
    pub fn zone(mut self, zone: &str) -> Result<Self, ConfigError> {
        if !matches!(self.renewal, Renewal::Day | Renewal::Month) {
            let detail = "expected a quota per day or per month, found one without a calendar; \
                          remove the zone";
            return Err(ConfigError::conflict("zone", detail));
        }
        let Some(offset) = offset(zone) else {
            let expected = "`Z` or an offset like `+01:00` of at most `14:00`";
            let remedy = "write hours and minutes with two digits each";
            return Err(ConfigError::unexpected("zone", expected, zone, remedy));
        };
        self.zone = Some(offset);
        Ok(self)
    }

    /// Takes this many units from the store at once, so that only one request in so many waits for
    /// it; by default each request takes its own.
    ///
    /// With N nodes up to N times `units` of a holder are taken but not used: a holder can be refused
    /// so many units early, until the lease ends ([`limits::QUOTA_LEASE_LIFE`]). A node that dies
    /// loses what it had; of a quota that renews it comes back after twice that life, with what the
    /// node had used of it, of credits never. At most [`limits::QUOTA_LEASE_MAX`] and a hundredth of
    /// the quota.
    pub const fn leased(mut self, units: u32) -> Self {
        self.lease = Some(units);
        self
    }

    /// Sets the name under which the store counts; by default the name of the limit. Limits of one
    /// name share one counter, and a request is charged once for it.
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Returns its own name, if it has one.
    pub(super) const fn name(&self) -> Option<&Arc<str>> {
        self.name.as_ref()
    }

    /// Returns the units that are taken at once; `None` for each request its own.
    pub(super) const fn lease(&self) -> Option<u32> {
        self.lease
    }

    /// Returns true for credits.
    pub(super) const fn is_credits(&self) -> bool {
        matches!(self.renewal, Renewal::Never)
    }

    /// Returns the units that may be counted without the store while it does not answer: those of a
    /// lease, or of the largest one that this quota may have.
    pub(super) fn outage_units(&self) -> u64 {
        match (self.lease, self.renewal) {
            (Some(units), _) => u64::from(units),
            (None, Renewal::Never) => 0,
            (None, _) => self.longest_lease().max(1),
        }
    }

    fn longest_lease(&self) -> u64 {
        (self.amount / 100).min(u64::from(limits::QUOTA_LEASE_MAX))
    }

    /// Succeeds only if its numbers are in range.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.amount == 0 && !self.is_credits() {
            return Err(ConfigError::out_of_range("quota", self.amount, 1..));
        }
        if let Renewal::Every(span, _) = self.renewal {
            let second = Duration::from_secs(1);
            if !(second..=limits::QUOTA_SPAN_MAX).contains(&span) {
                let range = second..=limits::QUOTA_SPAN_MAX;
                return Err(ConfigError::out_of_range("span", span, range));
            }
            if span.subsec_nanos() != 0 {
                let detail = "expected whole seconds, found a fraction; round it";
                return Err(ConfigError::malformed("span", detail));
            }
        }
        let most = match self.renewal {
            Renewal::Never => u64::from(limits::QUOTA_LEASE_MAX),
            _ => self.longest_lease(),
        };
        match self.lease.map(u64::from) {
            Some(_) if most == 0 => {
                let detail = "expected a quota of at least 100 to lease from, found a smaller one; \
                              remove `leased`";
                Err(ConfigError::conflict("leased", detail))
            }
            Some(units) if !(1..=most).contains(&units) => {
                Err(ConfigError::out_of_range("leased", units, 1..=most))
            }
            _ => Ok(()),
        }
    }

    /// Returns the window in which a time is; `None` for credits.
    pub(super) fn window(&self, at: UnixTime) -> Option<QuotaWindow> {
        let at = i64::try_from(at.as_secs()).map_or(LATEST, |secs| secs.min(LATEST));
        let zone = self.zone.unwrap_or_default();
        let (start, end) = match self.renewal {
            Renewal::Day => {
                let day = (at + zone).div_euclid(DAY);
                (day * DAY - zone, (day + 1) * DAY - zone)
            }
            Renewal::Month => {
                let month = month_of((at + zone).div_euclid(DAY));
                let start = |month| first_day(month) * DAY - zone;
                (start(month), start(month + 1))
            }
            Renewal::Every(span, from) => {
                let span = i64::try_from(span.as_secs()).unwrap_or(i64::MAX).max(1);
                let from = i64::try_from(from.as_secs()).map_or(LATEST, |secs| secs.min(LATEST));
                let start = at - (at - from).rem_euclid(span);
                (start, start.saturating_add(span))
            }
            Renewal::Never => return None,
        };
        // What began before 1970 begins there.
        let time = |secs: i64| UnixTime::from_secs(u64::try_from(secs).unwrap_or_default());
        Some(QuotaWindow::new(time(start), time(end), self.amount))
    }
}

/// Parses `Z` or `±HH:MM` to seconds east of UTC.
fn offset(text: &str) -> Option<i64> {
    let bytes = match text.as_bytes() {
        b"Z" => return Some(0),
        bytes => <[u8; 6]>::try_from(bytes).ok()?,
    };
    let [sign, h1, h2, b':', m1, m2] = bytes else {
        return None;
    };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let hours = digit(h1)? * 10 + digit(h2)?;
    let minutes = digit(m1)? * 10 + digit(m2)?;
    let secs = (hours * 60 + minutes) * 60;
    if minutes > 59 || secs > 14 * 60 * 60 {
        return None;
    }
    match sign {
        b'+' => Some(secs),
        b'-' => Some(-secs),
        _ => None,
    }
}

const DAY: i64 = 24 * 60 * 60;

/// The last second of the year 9999. Every later time is in its windows.
const LATEST: i64 = 253_402_300_799;

/// Returns the month of a day since 1970-01-01, as the number of months since the year 0.
///
/// Years begin in March here, so that a leap day is the last day of its year, and 400 of them, an
/// era, have 146 097 days.
fn month_of(day: i64) -> i64 {
    let day = day + DAYS_BEFORE_1970;
    let era = day.div_euclid(ERA);
    let day = day.rem_euclid(ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    (era * 400 + year) * 12 + month + 2
}

/// Returns the first day of a month, in days since 1970-01-01; the reverse of [`month_of`].
fn first_day(month: i64) -> i64 {
    let (year, month) = ((month - 2).div_euclid(12), (month - 2).rem_euclid(12));
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day = 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5;
    era * ERA + day - DAYS_BEFORE_1970
}

const ERA: i64 = 146_097;

/// Days from March 1st of the year 0 to the first day of 1970.
const DAYS_BEFORE_1970: i64 = 719_468;

#[cfg(test)]
mod tests {
    use time::{Date, Month, OffsetDateTime};

    use super::*;

    fn at(text: &str) -> UnixTime {
        let parts: Vec<i64> = text
            .split(['-', 'T', ':'])
            .map(|n| n.parse().unwrap())
            .collect();
        let month = Month::try_from(u8::try_from(parts[1]).unwrap()).unwrap();
        let day = u8::try_from(parts[2]).unwrap();
        let date = Date::from_calendar_date(i32::try_from(parts[0]).unwrap(), month, day).unwrap();
        let days = (date - Date::from_ordinal_date(1970, 1).unwrap()).whole_days();
        let secs = days * DAY + parts[3] * 3_600 + parts[4] * 60 + parts[5];
        UnixTime::from_secs(u64::try_from(secs).unwrap())
    }

    /// The unit, the zone, a time, and the window in which it is.
    const WINDOWS: &str = "\
month Z 2026-12-31T23:59:59 2026-12-01T00:00:00 2027-01-01T00:00:00
month Z 2027-01-01T00:00:00 2027-01-01T00:00:00 2027-02-01T00:00:00
month Z 2027-01-31T12:00:00 2027-01-01T00:00:00 2027-02-01T00:00:00
month Z 2028-02-29T12:00:00 2028-02-01T00:00:00 2028-03-01T00:00:00
month Z 2100-02-28T23:59:59 2100-02-01T00:00:00 2100-03-01T00:00:00
month Z 2000-02-29T00:00:00 2000-02-01T00:00:00 2000-03-01T00:00:00
month +01:00 2026-12-31T22:59:59 2026-11-30T23:00:00 2026-12-31T23:00:00
month +01:00 2026-12-31T23:00:00 2026-12-31T23:00:00 2027-01-31T23:00:00
day Z 2026-03-29T01:30:00 2026-03-29T00:00:00 2026-03-30T00:00:00
day +01:00 2026-03-28T23:00:00 2026-03-28T23:00:00 2026-03-29T23:00:00
day +01:00 2026-10-25T22:59:59 2026-10-24T23:00:00 2026-10-25T23:00:00
day -05:30 2026-10-25T05:29:59 2026-10-24T05:30:00 2026-10-25T05:30:00
day -14:00 2026-10-25T14:00:00 2026-10-25T14:00:00 2026-10-26T14:00:00";

    #[test]
    fn windows_are_those_of_the_calendar_in_a_fixed_zone() {
        for line in WINDOWS.lines() {
            let [unit, zone, time, start, end] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("five words");
            };
            let quota = match unit {
                "day" => Quota::per_day(10),
                _ => Quota::per_month(10),
            };
            let quota = quota.zone(zone).unwrap();
            let wanted = QuotaWindow::new(at(start), at(end), 10);
            assert_eq!(quota.window(at(time)), Some(wanted), "{quota:?} at {time}");
        }
    }

    #[test]
    fn every_day_from_1970_to_9999_is_in_its_month() {
        let mut date = Date::from_ordinal_date(1970, 1).unwrap();
        for day in 0..=LATEST / DAY {
            let month = i64::from(date.year()) * 12 + i64::from(u8::from(date.month()));
            // Months are numbered from March as 2 more than 0.
            assert_eq!(month_of(day), month - 1, "{date}");
            if date.day() == 1 {
                assert_eq!(first_day(month - 1), day, "{date}");
            }
            date = date.next_day().unwrap_or(date);
        }
    }

    #[test]
    fn spans_follow_each_other_in_both_directions() {
        let quota = Quota::every(5, Duration::from_secs(100), UnixTime::from_secs(1_030));
        for (time, start, end) in [
            (1_030, 1_030, 1_130),
            (1_129, 1_030, 1_130),
            (1_130, 1_130, 1_230),
            (1_029, 930, 1_030),
            (29, 0, 30),
            (30, 30, 130),
        ] {
            let window = quota.window(UnixTime::from_secs(time)).unwrap();
            assert_eq!((window.start.as_secs(), window.end.as_secs()), (start, end));
        }
    }

    #[test]
    fn no_time_overflows() {
        for time in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            let time = UnixTime::from_secs(time);
            for quota in [
                Quota::per_day(1).zone("+14:00").unwrap(),
                Quota::per_month(1).zone("-14:00").unwrap(),
                Quota::every(1, Duration::from_secs(7), UnixTime::from_secs(u64::MAX)),
                Quota::every(1, limits::QUOTA_SPAN_MAX, UnixTime::from_secs(0)),
            ] {
                let window = quota.window(time).unwrap();
                assert!(window.start < window.end, "{quota:?} {time:?}");
            }
        }
        assert_eq!(Quota::credits().window(UnixTime::from_secs(1)), None);
        assert!(
            UnixTime::from_secs(253_402_300_799).to_datetime() > Some(OffsetDateTime::UNIX_EPOCH)
        );
    }
}
