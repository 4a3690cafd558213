//! The lines of the files of a trail, one after another.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::error::VerifyError;

/// Where a line is: the place of its file in the order of the trail, and its number from 1.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) line: u64,
}

/// A line that is not empty.
#[derive(Debug)]
pub(super) struct Line<'l> {
    pub(super) bytes: &'l [u8],
    pub(super) place: Place,
    /// Whether it ends with a line feed.
    pub(super) is_whole: bool,
    /// Whether it is the first one of its file.
    pub(super) is_first: bool,
}

/// Reads files line by line. A longer line than [`LINE_BYTES`] is cut there.
pub(super) struct Lines<'f> {
    files: &'f [&'f Path],
    open: Option<BufReader<File>>,
    place: Place,
    is_first: bool,
    buffer: Vec<u8>,
}

impl<'f> Lines<'f> {
    pub(super) const fn new(files: &'f [&'f Path]) -> Self {
        Self {
            files,
            open: None,
            place: Place { file: 0, line: 0 },
            is_first: true,
            buffer: Vec::new(),
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, VerifyError> {
        loop {
            let Some(path) = self.files.get(self.place.file).copied() else {
                return Ok(None);
            };
            let unreadable = |cause| VerifyError::unreadable(path, cause);
            let file = match &mut self.open {
                Some(file) => file,
                closed => closed.insert(BufReader::with_capacity(
                    BUFFER_BYTES,
                    File::open(path).map_err(unreadable)?,
                )),
            };
            let end = read_line(file, &mut self.buffer).map_err(unreadable)?;
            if let End::OfFile = end
                && self.buffer.is_empty()
            {
                self.open = None;
                self.is_first = true;
                self.place = Place {
                    file: self.place.file + 1,
                    line: 0,
                };
                continue;
            }
            self.place.line += 1;
            if self.buffer.is_empty() {
                continue;
            }
            return Ok(Some(Line {
                bytes: &self.buffer,
                place: self.place,
                is_whole: matches!(end, End::Feed),
                is_first: std::mem::take(&mut self.is_first),
            }));
        }
    }
}

enum End {
    Feed,
    OfFile,
}

fn read_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<End> {
    line.clear();
    loop {
        let read = match file.fill_buf() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read.is_empty() {
            return Ok(End::OfFile);
        }
        let feed = memchr::memchr(b'\n', read);
        let part = read.get(..feed.unwrap_or(read.len())).unwrap_or_default();
        let room = LINE_BYTES.saturating_sub(line.len()).min(part.len());
        line.extend_from_slice(part.get(..room).unwrap_or_default());
        let used = part.len() + usize::from(feed.is_some());
        file.consume(used);
        if feed.is_some() {
            return Ok(End::Feed);
        }
    }
}

/// Many times the longest line that is written.
const LINE_BYTES: usize = 1024 * 1024;
const BUFFER_BYTES: usize = 128 * 1024;
