//! Between the crate's types and SQLite's values.

use rusqlite::Row;
use rusqlite::types::FromSql;
use rusqlite::types::Value;

use super::error::Fault;
use super::error::corrupt;
use crate::clock::UnixTime;

/// The columns of one row, taken from left to right.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    taken: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r Row<'r>) -> Self {
        Self { row, taken: 0 }
    }

    pub(super) fn take<T: FromSql>(&mut self) -> Result<T, Fault> {
        let value = self.row.get(self.taken)?;
        self.taken += 1;
        Ok(value)
    }

    pub(super) fn number(&mut self) -> Result<u64, Fault> {
        natural(self.take()?)
    }

    pub(super) fn time(&mut self) -> Result<UnixTime, Fault> {
        Ok(UnixTime::from_secs(self.number()?))
    }

    pub(super) fn some_time(&mut self) -> Result<Option<UnixTime>, Fault> {
        let secs = self.take::<Option<i64>>()?.map(natural).transpose()?;
        Ok(secs.map(UnixTime::from_secs))
    }
}

fn natural(number: i64) -> Result<u64, Fault> {
    number
        .try_into()
        .map_err(|_| corrupt("a number is negative"))
}

/// A number as SQLite holds it: at most `i64::MAX`, a larger one is refused.
pub(super) fn number(number: u64) -> Result<i64, Fault> {
    number
        .try_into()
        .map_err(|_| corrupt("a number is too large"))
}

/// A time to write; a later one than SQLite can hold is refused.
pub(super) fn time(time: UnixTime) -> Result<i64, Fault> {
    number(time.as_secs())
}

pub(super) fn some_time(value: Option<UnixTime>) -> Result<Value, Fault> {
    Ok(value.map(time).transpose()?.into())
}

/// A time to compare with what is stored: one that is later than all of it stays so.
pub(super) fn bound(time: UnixTime) -> i64 {
    time.as_secs().try_into().unwrap_or(i64::MAX)
}
