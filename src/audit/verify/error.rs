//! Why a trail cannot be verified.

use std::io;
use std::path::{Path, PathBuf};

/// A trail cannot be verified, because a file cannot be read or has no records.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct VerifyError(#[from] Problem);

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("no files were given; give the files of one trail")]
    NoFiles,
    #[error("expected audit records, found that `{}` cannot be read; {cause}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("expected audit records, found no whole line in `{}`; leave it out", .0.display())]
    Empty(PathBuf),
    #[error("expected checkpoints, found none in `{}`; give a file that anchors were written to", .0.display())]
    NoCheckpoint(PathBuf),
}

impl VerifyError {
    pub(super) fn no_files() -> Self {
        Problem::NoFiles.into()
    }

    pub(super) fn unreadable(path: &Path, cause: io::Error) -> Self {
        let path = path.to_owned();
        Problem::Unreadable { path, cause }.into()
    }

    pub(super) fn empty(path: &Path) -> Self {
        Problem::Empty(path.to_owned()).into()
    }

    pub(super) fn no_checkpoint(path: &Path) -> Self {
        Problem::NoCheckpoint(path.to_owned()).into()
    }
}
