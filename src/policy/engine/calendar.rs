//! Time of day and days of the week in a fixed zone.

use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::policy::truth::Truth;

/// A part of every day, from a minute on and up to another one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) struct Hours {
    // Minutes of the day, not equal.
    pub(in crate::policy) from: u32,
    pub(in crate::policy) to: u32,
    pub(in crate::policy) zone: Zone,
}

/// Days of the week.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) struct Weekdays {
    // Bit 0 is Monday; not empty.
    pub(in crate::policy) days: u8,
    pub(in crate::policy) zone: Zone,
}

/// Minutes that a zone is ahead of UTC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) struct Zone(pub(in crate::policy) i32);

impl Hours {
    pub(in crate::policy) fn parse(from: &str, to: &str, zone: &str) -> Result<Self, ConfigError> {
        let hours = Self {
            from: minute("from", from)?,
            to: minute("to", to)?,
            zone: Zone::parse(zone)?,
        };
        if hours.from == hours.to {
            let detail = "the hours end where they begin; give two times of day, or leave them out";
            return Err(ConfigError::missing("to", detail));
        }
        Ok(hours)
    }

    pub(in crate::policy) fn ask(&self, now: UnixTime) -> Truth {
        let Some((_, minute)) = self.zone.local(now) else {
            return Truth::Unknown;
        };
        let (behind, before) = (minute >= self.from, minute < self.to);
        if self.from < self.to {
            (behind && before).into()
        } else {
            (behind || before).into()
        }
    }
}

impl Weekdays {
    pub(in crate::policy) fn parse<S: AsRef<str>>(
        days: impl IntoIterator<Item = S>,
        zone: &str,
    ) -> Result<Self, ConfigError> {
        let mut all = 0;
        for day in days {
            all |= 1 << weekday(day.as_ref())?;
        }
        if all == 0 {
            let detail = "no day was given; give at least one";
            return Err(ConfigError::missing("weekdays", detail));
        }
        Ok(Self {
            days: all,
            zone: Zone::parse(zone)?,
        })
    }

    pub(in crate::policy) fn ask(&self, now: UnixTime) -> Truth {
        let local = self.zone.local(now);
        local.map(|(day, _)| self.days >> day & 1 == 1).into()
    }
}

/// The days as they are written, Monday first.
pub(in crate::policy) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn weekday(text: &str) -> Result<usize, ConfigError> {
    DAYS.iter().position(|day| *day == text).ok_or_else(|| {
        let detail = format!("`{text}` is no day; give mon, tue, wed, thu, fri, sat or sun");
        ConfigError::malformed("weekdays", detail)
    })
}

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
            let detail = format!("`{text}` is no offset; write Z, or one like +01:00");
            ConfigError::malformed("zone", detail)
        })
    }

    /// Returns the day of the week, Monday being 0, and the minute of the day.
    fn local(self, now: UnixTime) -> Option<(u32, u32)> {
        let minutes = i64::try_from(now.as_secs() / 60).ok()?;
        let local = minutes.checked_add(self.0.into())?;
        // 1970-01-01 was a Thursday.
        let day = u32::try_from((local.div_euclid(DAY) + 3).rem_euclid(7)).ok()?;
        let minute = u32::try_from(local.rem_euclid(DAY)).ok()?;
        Some((day, minute))
    }
}

const DAY: i64 = 24 * 60;
/// Kiribati is 14 hours ahead.
const ZONE_MAX: u32 = 14 * 60;

fn minute(field: &'static str, text: &str) -> Result<u32, ConfigError> {
    clock_time(text).ok_or_else(|| {
        let detail = format!("`{text}` is no time of day; write it like 08:30");
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
