//! A sink on a path: a file, a device, or a FIFO that perhaps nobody reads.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use bearergate::audit::{AuditSink, Batch};

/// Appends lines to what is at a path. It is opened when the first batch is written, and again
/// after an error, without ever waiting for a reader.
#[derive(Debug)]
pub(crate) struct PathSink {
    name: &'static str,
    path: PathBuf,
    file: Option<File>,
    /// Bytes of a failed batch that were written.
    taken: usize,
}

/// `O_NONBLOCK`: a FIFO without a reader, or with a full buffer, is an error and no wait.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NONBLOCK: i32 = 0o4000;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NONBLOCK: i32 = 0x4;

impl PathSink {
    pub(crate) const fn new(name: &'static str, path: PathBuf) -> Self {
        Self {
            name,
            path,
            file: None,
            taken: 0,
        }
    }

    fn open(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600);
        options.custom_flags(NONBLOCK).open(&self.path)
    }
}

impl AuditSink for PathSink {
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.open()?,
        };
        while let Some(rest @ [_, ..]) = batch.bytes().get(self.taken..) {
            match file.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.taken += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The buffer of a FIFO is full: the file stays open.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.file = Some(file);
                    return Err(error);
                }
                Err(error) => return Err(error),
            }
        }
        self.taken = 0;
        self.file = Some(file);
        Ok(())
    }

    fn name(&self) -> &str {
        self.name
    }
}
