//! The order of the files of a trail.

use std::path::Path;

use super::error::VerifyError;
use super::lines::Lines;
use crate::audit::chain::Member;

/// A file with what its first lines say about its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// The place of the file as it was given.
    pub(super) given: usize,
    /// Start, and number of the line before the first one.
    place: Option<(u64, u64)>,
    /// Of the first line: its start, and the first line of this start that was kept when it was
    /// written.
    kept: Option<(u64, u64)>,
}

/// The files in the order of the trail. Names and the order in which they were given do not matter.
pub(super) fn order<P: AsRef<Path>>(files: &[P]) -> Result<Vec<Head>, VerifyError> {
    let mut heads = Vec::with_capacity(files.len());
    for (given, file) in files.iter().enumerate() {
        heads.push(head(given, file.as_ref())?);
    }
    // Files without a line of the chain are last.
    heads.sort_by_key(|head| (head.place.is_none(), head.place, head.given));
    Ok(heads)
}

/// Returns the first line of the oldest start that the sink had kept, according to its files.
pub(super) fn kept_from(heads: &[Head]) -> u64 {
    let oldest = heads.first().and_then(|head| head.place);
    let Some((starts, _)) = oldest else {
        return 1;
    };
    let kept = heads.iter().filter_map(|head| head.kept);
    let kept = kept.filter(|(start, _)| *start == starts);
    kept.map(|(_, kept)| kept).max().unwrap_or(1)
}

/// Reads a few lines, because each of them may have been changed.
fn head(given: usize, file: &Path) -> Result<Head, VerifyError> {
    let mut head = Head {
        given,
        place: None,
        kept: None,
    };
    let files = [file];
    let mut lines = Lines::new(&files);
    let mut votes: Vec<((u64, u64), usize)> = Vec::new();
    let mut count: u64 = 0;
    while let Some(line) = lines.next()? {
        if !line.is_whole {
            break;
        }
        count += 1;
        if let Some(member) = Member::parse(line.bytes) {
            let kept = member.kept.map(|kept| (member.starts, kept));
            head.kept = head.kept.or(kept.filter(|_| line.is_first));
            let place = (member.starts, member.sequence.saturating_sub(count));
            match votes.iter_mut().find(|(voted, _)| *voted == place) {
                Some((_, votes)) => *votes += 1,
                None => votes.push((place, 1)),
            }
        }
        if count == HEAD_LINES {
            break;
        }
    }
    if count == 0 {
        return Err(VerifyError::empty(file));
    }
    let most = votes.iter().map(|(_, votes)| *votes).max();
    let best = votes.iter().filter(|(_, votes)| Some(*votes) == most);
    head.place = best.map(|(place, _)| *place).min();
    Ok(head)
}

const HEAD_LINES: u64 = 15;
