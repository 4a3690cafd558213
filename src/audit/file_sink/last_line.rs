//! The end of the trail that a former start left.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::directory::Directory;
use super::file_name::FileName;
use crate::audit::chain::Member;

/// Returns the newest whole line that has a chain, else the newest whole line, else `None`.
///
/// A line without its line feed was cut when the process was killed, and is not the end. Lines
/// that the chain did not write are skipped, so that they cannot make the trail begin again.
pub(super) fn of_files(directory: &Directory, files: &[FileName]) -> io::Result<Option<Vec<u8>>> {
    let mut newest = None;
    for file in files.iter().rev() {
        let end = read_end(File::open(directory.join(file))?)?;
        let whole = end.iter().rposition(|byte| *byte == b'\n');
        let lines = whole.and_then(|whole| end.get(..whole)).unwrap_or_default();
        let mut lines = lines
            .rsplit(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        let Some(last) = lines.next() else {
            continue;
        };
        let mut all = std::iter::once(last).chain(lines);
        if let Some(line) = all.find(|line| Member::parse(line).is_some()) {
            return Ok(Some(line.to_vec()));
        }
        newest.get_or_insert_with(|| last.to_vec());
    }
    Ok(newest)
}

/// Returns the last bytes of a file, without the part of a line that they may begin with.
fn read_end(mut file: File) -> io::Result<Vec<u8>> {
    let len = file.seek(SeekFrom::End(0))?;
    let from = len.saturating_sub(END_BYTES);
    file.seek(SeekFrom::Start(from))?;
    let mut end = Vec::new();
    file.take(END_BYTES).read_to_end(&mut end)?;
    if from > 0 {
        let begin = end
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(end.len(), |at| at + 1);
        end.drain(..begin);
    }
    Ok(end)
}

/// Many times the longest line.
const END_BYTES: u64 = 1024 * 1024;
