//! Errors of SQLite as store errors.

use std::error::Error;

use rusqlite::ErrorCode;

use crate::error::{StoreError, StoreErrorKind};

/// The error of a step: one of SQLite, or one of this store. The transaction around the step is
/// then rolled back.
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

/// Returns the error of a stored value that this store cannot have written.
pub(super) fn corrupt(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Fault {
    Fault(StoreError::new(StoreErrorKind::Corrupt).with_source(reason))
}

fn kind(error: &rusqlite::Error) -> StoreErrorKind {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::ConstraintViolation => StoreErrorKind::Conflict,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch => {
                StoreErrorKind::Corrupt
            }
            ErrorCode::DiskFull => StoreErrorKind::Full,
            _ => StoreErrorKind::Unavailable,
        },
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Unavailable,
    }
}
