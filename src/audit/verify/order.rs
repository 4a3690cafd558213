//! The order of the files of a trail.

use std::cmp::Reverse;
use std::path::Path;

use super::error::VerifyError;
use super::keys::Keys;
use super::lines::Lines;
use crate::audit::chain::Member;

/// A file with what its first lines say about its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// The place of the file as it was given.
    pub(super) given: usize,
    /// Start, and number of the line before the first one; only from lines that are true, if there
    /// is one.
    place: Option<(u64, u64)>,
    /// Of the first line: its start, and the first line of this start that was kept when it was
    /// written.
    kept: Option<(u64, u64)>,
    is_true: bool,
}

/// The files in the order of the trail.
///
/// Names, and the order in which files are given, matter only for a file without a true line: it is
/// behind the one whose name is before its name.
pub(super) fn order<P: AsRef<Path>>(
    files: &[P],
    keys: &mut Keys<'_>,
) -> Result<Vec<Head>, VerifyError> {
    let mut heads = Vec::with_capacity(files.len());
    for (given, file) in files.iter().enumerate() {
        heads.push(head(given, file.as_ref(), keys)?);
    }
    // Under a wrong key there is no true line.
    let has_true = heads.iter().any(|head| head.is_true);
    let is_placed = |head: &Head| head.place.is_some() && (head.is_true || !has_true);
    let (mut placed, others): (Vec<_>, Vec<_>) = heads.into_iter().partition(is_placed);
    placed.sort_by_key(|head| (head.place, head.given));
    let name = |head: &Head| files.get(head.given).map(AsRef::as_ref);
    for other in others {
        let before = placed.iter().enumerate();
        let before = before.filter(|(_, head)| name(head) < name(&other));
        let nearest = before.max_by_key(|(_, head)| name(head));
        let at = nearest.map_or(0, |(at, _)| at + 1);
        placed.insert(at, other);
    }
    Ok(placed)
}

/// Returns the first line of the oldest start that the sink had kept, according to its files.
pub(super) fn kept_from(heads: &[Head]) -> u64 {
    let oldest = heads.iter().find_map(|head| head.place);
    let Some((starts, _)) = oldest else {
        return 1;
    };
    let kept = heads.iter().filter_map(|head| head.kept);
    let kept = kept.filter(|(start, _)| *start == starts);
    kept.map(|(_, kept)| kept).max().unwrap_or(1)
}

/// Reads a few lines, because each of them may have been changed.
fn head(given: usize, file: &Path, keys: &mut Keys<'_>) -> Result<Head, VerifyError> {
    keys.begin_again();
    let files = [file];
    let mut lines = Lines::new(&files);
    let mut votes: Vec<(Vote, u64)> = Vec::new();
    let mut kept = None;
    let mut count: u64 = 0;
    while let Some(line) = lines.next()? {
        if !line.is_whole {
            break;
        }
        count += 1;
        if let Some(member) = Member::parse(line.bytes) {
            let vote = Vote {
                is_true: keys.is_true(&member, line.bytes),
                starts: member.starts,
                before: member.sequence.saturating_sub(count),
            };
            let first = member.kept.filter(|_| line.is_first && vote.is_true);
            kept = kept.or(first.map(|first| (member.starts, first)));
            match votes.iter_mut().find(|(voted, _)| *voted == vote) {
                Some((_, votes)) => *votes += 1,
                None => votes.push((vote, 1)),
            }
        }
        if count == HEAD_LINES {
            break;
        }
    }
    if count == 0 {
        return Err(VerifyError::empty(file));
    }
    let best = votes.iter().max_by_key(|(vote, votes)| {
        let place = (Reverse(vote.starts), Reverse(vote.before));
        (vote.is_true, *votes, place)
    });
    Ok(Head {
        given,
        place: best.map(|(vote, _)| (vote.starts, vote.before)),
        kept,
        is_true: best.is_some_and(|(vote, _)| vote.is_true),
    })
}

/// What one line says about the place of its file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Vote {
    is_true: bool,
    starts: u64,
    before: u64,
}

const HEAD_LINES: u64 = 15;
