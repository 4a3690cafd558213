//! What SQLite reports, as the store's callers see it.

use std::error::Error;

use rusqlite::ErrorCode;

use crate::error::StoreError;
use crate::error::StoreErrorKind;

/// What may go wrong inside a step: SQLite's error, or an answer of the store's own.
///
/// Both leave the step by `?`, and the transaction around it is rolled back.
#[derive(Debug)]
pub(super) struct Fault(StoreError);

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self(StoreError::new(kind(&error)).with_source(error))
    }
}

impl From<StoreErrorKind> for Fault {
    fn from(kind: StoreErrorKind) -> Self {
        Self(StoreError::new(kind))
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}

/// A stored value that cannot be what was written.
pub(super) fn corrupt(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Fault {
    Fault(StoreError::new(StoreErrorKind::Corrupt).with_source(reason))
}

fn kind(error: &rusqlite::Error) -> StoreErrorKind {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => by_code(failure.code),
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Unavailable,
    }
}

fn by_code(code: ErrorCode) -> StoreErrorKind {
    match code {
        ErrorCode::ConstraintViolation => StoreErrorKind::Conflict,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch => {
            StoreErrorKind::Corrupt
        }
        ErrorCode::DiskFull => StoreErrorKind::Full,
        _ => StoreErrorKind::Unavailable,
    }
}
