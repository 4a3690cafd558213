//! Time of day and days of the week in a fixed zone.

use std::fmt;

use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::policy::truth::Truth;

/// A daily range of time, from one minute (inclusive) to another (exclusive).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) struct Hours {
    // INVARIANT: minutes of the day, not equal.
    pub(in crate::policy) from: u32,
    pub(in crate::policy) to: u32,
    pub(in crate::policy) zone: Zone,
}

/// Days of the week.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) struct Weekdays {
    // INVARIANT: not zero; bit 0 is Monday.
    days: u8,
    pub(in crate::policy) zone: Zone,
}

/// A fixed offset from UTC, in minutes; positive east of Greenwich.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) struct Zone(i32);

impl Hours {
    pub(in crate::policy) fn parse(from: &str, to: &str, zone: &str) -> Result<Self, ConfigError> {
        let hours = Self {
            from: minute("from", from)?,
            to: minute("to", to)?,
            zone: Zone::parse(zone)?,
        };
        if hours.from == hours.to {
            let detail = "expected two different times of day, found one twice; drop the condition for the whole day";
            return Err(ConfigError::missing("to", detail));
        }
        Ok(hours)
    }

    pub(in crate::policy) fn evaluate(&self, now: UnixTime) -> Truth {
        let Some((_, minute)) = self.zone.local(now) else {
            return Truth::Unknown;
        };
        let (is_after, is_before) = (minute >= self.from, minute < self.to);
        if self.from < self.to {
            (is_after && is_before).into()
        } else {
            // The range includes midnight.
            (is_after || is_before).into()
        }
    }
}

impl Weekdays {
    pub(in crate::policy) fn parse<S: AsRef<str>>(
        days: impl IntoIterator<Item = S>,
        zone: &str,
    ) -> Result<Self, ConfigError> {
        let mut bits = 0;
        for day in days {
            let day = day.as_ref();
            let bit = DAYS.iter().position(|known| *known == day).ok_or_else(|| {
                let detail = format!("expected mon, tue, wed, thu, fri, sat or sun, found `{day}`");
                ConfigError::malformed("weekdays", detail)
            })?;
            bits |= 1 << bit;
        }
        if bits == 0 {
            let detail = "expected at least one day, found none";
            return Err(ConfigError::missing("weekdays", detail));
        }
        Ok(Self {
            days: bits,
            zone: Zone::parse(zone)?,
        })
    }

    pub(in crate::policy) fn evaluate(&self, now: UnixTime) -> Truth {
        let local = self.zone.local(now);
        local.map(|(day, _)| self.days >> day & 1 == 1).into()
    }

    /// Returns the names of the days.
    pub(in crate::policy) fn names(&self) -> impl Iterator<Item = &'static str> {
        let days = DAYS.iter().enumerate();
        days.filter(|(bit, _)| self.days >> bit & 1 == 1)
            .map(|(_, day)| *day)
    }
}

/// The names of the days, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Zone {
    fn parse(text: &str) -> Result<Self, ConfigError> {
        let (sign, rest) = match text.split_at_checked(1) {
            _ if text == "Z" => return Ok(Self(0)),
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => (0, ""),
        };
        let minutes = (sign != 0).then(|| clock_time(rest)).flatten();
        let offset = minutes.filter(|minutes| *minutes <= ZONE_MAX);
        let offset = offset.and_then(|minutes| i32::try_from(minutes).ok());
        offset.map(|minutes| Self(sign * minutes)).ok_or_else(|| {
            let detail = format!("expected Z or an offset such as +01:00, found `{text}`");
            ConfigError::malformed("zone", detail)
        })
    }

    /// Returns the day of the week, 0 for Monday, and the minute of the day.
    fn local(self, now: UnixTime) -> Option<(u32, u32)> {
        let minutes = i64::try_from(now.as_secs() / 60).ok()?;
        let local = minutes.checked_add(self.0.into())?;
        // 1970-01-01 was a Thursday.
        let day = u32::try_from((local.div_euclid(DAY) + 3).rem_euclid(7)).ok()?;
        let minute = u32::try_from(local.rem_euclid(DAY)).ok()?;
        Some((day, minute))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        match self.0 {
            0 => f.write_str("Z"),
            minutes => write!(f, "{sign}{}", time_of_day(minutes.unsigned_abs())),
        }
    }
}

/// Returns a minute of the day as `HH:MM`.
pub(in crate::policy) fn time_of_day(minute: u32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

const DAY: i64 = 24 * 60;
/// Kiribati, the easternmost zone, is 14 hours ahead of UTC.
const ZONE_MAX: u32 = 14 * 60;

fn minute(field: &'static str, text: &str) -> Result<u32, ConfigError> {
    clock_time(text).ok_or_else(|| {
        let detail = format!("expected a time of day such as 08:30, found `{text}`");
        ConfigError::malformed(field, detail)
    })
}

/// Reads `HH:MM`.
fn clock_time(text: &str) -> Option<u32> {
    let [a, b, b':', c, d] = *text.as_bytes() else {
        return None;
    };
    let two = |tens: u8, ones: u8| {
        let digit = |byte: u8| char::from(byte).to_digit(10);
        Some(digit(tens)? * 10 + digit(ones)?)
    };
    let (hours, minutes) = (two(a, b)?, two(c, d)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}
