//! Conversions between the crate's types and the values of SQLite.

use rusqlite::Row;
use rusqlite::types::{FromSql, Value};

use super::error::{Fault, corrupt};
use crate::clock::UnixTime;

/// Reads the columns of one row from left to right.
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

/// Converts a number for SQLite; one over `i64::MAX` is an error.
pub(super) fn number(number: u64) -> Result<i64, Fault> {
    number
        .try_into()
        .map_err(|_| corrupt("a number is too large"))
}

/// Converts a time to write; one that SQLite cannot hold is an error.
pub(super) fn time(time: UnixTime) -> Result<i64, Fault> {
    number(time.as_secs())
}

pub(super) fn some_time(value: Option<UnixTime>) -> Result<Value, Fault> {
    Ok(value.map(time).transpose()?.into())
}

/// Converts a time to compare with stored ones; one that SQLite cannot hold is later than all.
pub(super) fn bound(time: UnixTime) -> i64 {
    time.as_secs().try_into().unwrap_or(i64::MAX)
}

/// Returns the number that is stored for any `u64`: the signed one of the same bits.
pub(super) const fn signed(number: u64) -> i64 {
    number.cast_signed()
}

/// Reads a number that [`signed`] wrote.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, Fault> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}
