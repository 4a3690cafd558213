//! Why a path cannot be opened as a store: what was expected, what was found and what to do.

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;

/// Why a file cannot be used as a store.
#[derive(Debug, thiserror::Error)]
pub(super) enum Misfit {
    #[error(
        "expected a file that not all users can access, found one that all users may read or \
         write; remove these permissions (`chmod o=`)"
    )]
    AllUsers,
    #[error("expected a sound file, found a damaged one; restore a copy of it")]
    Corrupt(#[source] rusqlite::Error),
    #[error("expected a link to a file, found one to nothing; correct the link, or remove it")]
    DanglingLink,
    #[error("expected a file, found a folder; add the name of a file, like `credentials.db`")]
    Folder,
    #[error("expected space on the disk, found none; free some, and start again")]
    Full(#[source] rusqlite::Error),
    #[error(
        "expected the file's lock within {within:?}, found that another process holds it; end that \
         process (a backup, or a shell of `sqlite3`), or give `busy_timeout` more time"
    )]
    Locked {
        within: Duration,
        #[source]
        error: rusqlite::Error,
    },
    #[error(
        "expected schema {known} or older, found {found}: it was written by a newer version of \
         this crate; start that version, or restore a copy of the file from before"
    )]
    Newer { found: i32, known: i32 },
    #[error("expected its folder to exist, found none; create `{0}`, or correct the path")]
    NoFolder(String),
    #[error(
        "expected permission to read and write it, found none; give the user of this process the \
         file, and write permission in its folder"
    )]
    NoPermission(#[source] io::Error),
    #[error("expected a SQLite database, found another content; give the path of a new file")]
    NotADatabase(#[source] rusqlite::Error),
    #[error("expected `{0}` to be a folder, found a file; correct the path")]
    NotAFolder(String),
    #[error(
        "expected threads for it, found that none can be started; allow this process more threads, \
         or give fewer `readers`"
    )]
    NoThreads(#[source] io::Error),
    #[error(
        "expected a file system with write-ahead logs, found that the journal mode stays `{0}`; \
         give a path on a local disk"
    )]
    NoWal(String),
    #[error(
        "expected a store of this crate, found tables of another program; give a path of its own"
    )]
    OtherProgram,
    #[error(
        "expected a file that can be written, found one that can only be read; give the user of \
         this process write permission for it and its folder, or mount its disk writable"
    )]
    ReadOnly(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("expected a file, found a device, a pipe or a socket; give the path of a file")]
    Special,
    #[error("expected a file that can be read and written, found: {0}; check its disk")]
    Unreadable(#[source] io::Error),
    #[error(
        "expected a file that can be read and written, found an error of SQLite: {0}; check its disk"
    )]
    Sqlite(#[source] rusqlite::Error),
}

impl Misfit {
    /// Sorts an error of the system about the file at `path`, or about its folder.
    pub(super) fn of_file(path: &Path, error: io::Error) -> Self {
        let folder = path.parent().map(|folder| folder.display().to_string());
        let folder = folder.unwrap_or_default();
        match error.kind() {
            io::ErrorKind::IsADirectory => Self::Folder,
            io::ErrorKind::NotADirectory => Self::NotAFolder(folder),
            io::ErrorKind::NotFound => Self::NoFolder(folder),
            io::ErrorKind::PermissionDenied => Self::NoPermission(error),
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(error.into()),
            _ => Self::Unreadable(error),
        }
    }

    /// Adds for how long the lock was waited for.
    pub(super) fn after(self, waited: Duration) -> Self {
        match self {
            Self::Locked { error, .. } => Self::Locked {
                within: waited,
                error,
            },
            other => other,
        }
    }

    /// Returns the error of SQLite or of the system, if there is one.
    pub(super) fn into_cause(self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        match self {
            Self::Corrupt(error) | Self::Full(error) | Self::NotADatabase(error) => {
                Some(error.into())
            }
            Self::Locked { error, .. } | Self::Sqlite(error) => Some(error.into()),
            Self::NoPermission(error) | Self::NoThreads(error) | Self::Unreadable(error) => {
                Some(error.into())
            }
            Self::ReadOnly(error) => Some(error),
            _ => None,
        }
    }

    /// Returns true if another process holds a lock on the file.
    pub(super) const fn is_busy(&self) -> bool {
        matches!(self, Self::Locked { .. })
    }
}

impl From<rusqlite::Error> for Misfit {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked {
                within: Duration::ZERO,
                error,
            },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt(error),
            Some(ErrorCode::DiskFull) => Self::Full(error),
            Some(ErrorCode::NotADatabase) => Self::NotADatabase(error),
            Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
                Self::NoPermission(io::Error::other(error))
            }
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(error.into()),
            _ => Self::Sqlite(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not every one of them can be caused by a test: a test may run as a user who may do all.
    #[test]
    fn errors_of_the_system_are_told_apart() {
        let path = Path::new("/srv/keys/credentials.db");
        for (kind, text) in [
            (
                io::ErrorKind::IsADirectory,
                "found a folder; add the name of a file",
            ),
            (
                io::ErrorKind::NotADirectory,
                "expected `/srv/keys` to be a folder, found a file",
            ),
            (
                io::ErrorKind::NotFound,
                "expected its folder to exist, found none; create `/srv/keys`",
            ),
            (
                io::ErrorKind::PermissionDenied,
                "expected permission to read and write it",
            ),
            (
                io::ErrorKind::ReadOnlyFilesystem,
                "found one that can only be read",
            ),
            (io::ErrorKind::Other, "check its disk"),
        ] {
            let misfit = Misfit::of_file(path, kind.into()).to_string();
            assert!(misfit.contains(text), "{misfit}");
            assert!(!misfit.contains("chmod"), "{misfit}");
        }
    }

    #[test]
    fn errors_of_sqlite_are_told_apart() {
        for (code, text) in [
            (
                rusqlite::ffi::SQLITE_READONLY,
                "found one that can only be read",
            ),
            (rusqlite::ffi::SQLITE_PERM, "expected permission"),
            (rusqlite::ffi::SQLITE_NOTADB, "expected a SQLite database"),
            (rusqlite::ffi::SQLITE_CORRUPT, "restore a copy"),
            (rusqlite::ffi::SQLITE_FULL, "expected space on the disk"),
            (rusqlite::ffi::SQLITE_BUSY, "another process holds it"),
            (rusqlite::ffi::SQLITE_IOERR, "found an error of SQLite"),
        ] {
            let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            let misfit = Misfit::from(error);
            assert_eq!(misfit.is_busy(), code == rusqlite::ffi::SQLITE_BUSY);
            let shown = misfit.after(Duration::from_secs(5)).to_string();
            assert!(shown.contains(text), "{shown}");
        }
    }
}
