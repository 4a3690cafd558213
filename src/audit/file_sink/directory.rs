//! The directory of audit files.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::file_name::{FileName, Series};
use crate::error::{ConfigError, ConfigErrorKind};

/// A directory that exists and that others cannot write.
#[derive(Debug)]
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new(path: PathBuf, name: &str) -> Result<Self, ConfigError> {
        let found = fs::metadata(&path).map_err(|cause| {
            let found = match cause.kind() {
                io::ErrorKind::NotFound => "does not exist; create it",
                io::ErrorKind::PermissionDenied => {
                    "must not be entered by this process; let the user of the service enter it"
                }
                _ => "cannot be read; the source of this error says why",
            };
            unusable(&path, found).with_source(cause)
        })?;
        if !found.is_dir() {
            return Err(unusable(
                &path,
                "is a file; give the path of a directory, and the beginning of file names as `name`",
            ));
        }
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::mode(&found) & 0o002 != 0 {
            return Err(unusable(
                &path,
                "can be written by everybody, who could remove files; `chmod o-w` it, or give \
                 another one",
            ));
        }
        let directory = Self(path);
        directory.check_writable(name)?;
        Ok(directory)
    }

    /// Creates a file and removes it. A disk that is full now does not prevent the start.
    fn check_writable(&self, name: &str) -> Result<(), ConfigError> {
        let probe = self.0.join(format!(".{name}-{}", std::process::id()));
        let _ = fs::remove_file(&probe);
        let created = create(&probe);
        let _ = fs::remove_file(&probe);
        match created {
            Err(cause) if cause.kind() != io::ErrorKind::StorageFull => {
                let found = "must not be written by this process; let the user of the service \
                             write it, or give another one";
                Err(unusable(&self.0, found).with_source(cause))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn join(&self, file: &FileName) -> PathBuf {
        self.0.join(file.as_str())
    }

    /// Returns the regular files of a name and node, in the order of time.
    pub(super) fn files(&self, series: &Series) -> io::Result<Vec<FileName>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let Some(place) = series.place(&name) else {
                continue;
            };
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                files.push((place, FileName::new(name)));
            }
        }
        files.sort_unstable_by(|(a, x), (b, y)| (a, x.as_str()).cmp(&(b, y.as_str())));
        Ok(files.into_iter().map(|(_, file)| file).collect())
    }

    /// Removes a file; one that is not there counts as removed.
    pub(super) fn remove(&self, file: &FileName) -> io::Result<()> {
        match fs::remove_file(self.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Makes the name of a new file durable, where the system can.
    pub(super) fn sync(&self) {
        #[cfg(unix)]
        let _ = File::open(&self.0).and_then(|directory| directory.sync_all());
    }
}

/// Creates a file for appending, which only the user of this process can read.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut new = OpenOptions::new();
    new.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    new.open(path)
}

fn unusable(path: &Path, found: &str) -> ConfigError {
    let detail = format!(
        "expected a directory for audit files, found that `{}` {found}",
        path.display()
    );
    ConfigError::new(ConfigErrorKind::StoreUnusable, "directory", detail)
}
