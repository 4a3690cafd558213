//! Why a line is not in its place, from the lines behind it.

use super::anchors::Anchors;
use super::error::VerifyError;
use super::fault::FaultKind;
use super::keys::Keys;
use super::lines::{Lines, Place};
use super::walk::{Reached, Suspect};
use crate::audit::chain::Member;

/// What the lines behind a suspect show.
#[derive(Debug, Default)]
struct Behind {
    /// How many lines follow, the suspect included, before the first true one that can be in its
    /// place.
    untrue: u64,
    first_true: Option<FirstTrue>,
    has_true: bool,
    /// Whether the suspect is there a second time.
    has_copy: bool,
    /// Whether a line feed was put into a true line, of which the suspect is the first part.
    is_split: bool,
    /// Whether there is a line that belongs before the suspect, and behind what was reached.
    has_earlier: bool,
}

#[derive(Clone, Copy, Debug)]
struct FirstTrue {
    member: Member,
    file: usize,
}

/// Finds the kind and the place of the fault that a suspect shows.
pub(super) fn explain(
    suspect: &Suspect,
    lines: Lines<'_>,
    keys: &mut Keys<'_>,
    anchors: &Anchors,
) -> Result<(Place, FaultKind), VerifyError> {
    let behind = look_behind(suspect, lines, keys)?;
    let here = |kind| (suspect.place, kind);
    let Some(before) = &suspect.before else {
        return Ok(here(explain_first(suspect, &behind, keys)));
    };
    let Some(member) = suspect.member.filter(|_| suspect.is_true) else {
        return Ok(here(explain_untrue(suspect, before, &behind, anchors)));
    };
    if before.is_start_of(&member) && member.sequence <= before.next() {
        let is_next = member.sequence == before.next() && member.previous == *before.head();
        // Only the epoch is wrong: written with the key of a later one, which was stolen.
        let kind = match is_next {
            true => FaultKind::Altered,
            false => FaultKind::Inserted,
        };
        return Ok(here(kind));
    }
    let is_other = before.member.trail != member.trail || member.starts < before.member.starts;
    let is_fork = member.starts == before.member.starts && !before.is_start_of(&member);
    if is_other || is_fork || (behind.has_copy && behind.has_earlier) {
        return Ok(here(FaultKind::Inserted));
    }
    if behind.has_earlier {
        return Ok(here(FaultKind::Reordered));
    }
    Ok(explain_missing(suspect, before, &member, anchors))
}

/// Lines between what was reached and a true line are missing.
fn explain_missing(
    suspect: &Suspect,
    before: &Reached,
    member: &Member,
    anchors: &Anchors,
) -> (Place, FaultKind) {
    let is_in_start = before.is_start_of(member);
    let confirmed = anchors.of(&before.member);
    let is_confirmed = confirmed.is_some_and(|line| line.sequence > before.member.sequence);
    if !is_in_start && is_confirmed {
        return (before.place, FaultKind::Truncated);
    }
    // Only one line is missing, of which the beginning is there.
    let is_one = member.sequence == before.next().saturating_add(1);
    let is_behind_cut = (is_in_start && is_one) || before.is_next_start(member);
    match suspect.cut.filter(|_| is_behind_cut) {
        Some(cut) => (cut, FaultKind::Altered),
        None => (suspect.place, FaultKind::Removed),
    }
}

/// The suspect is the first line of all.
fn explain_first(suspect: &Suspect, behind: &Behind, keys: &Keys<'_>) -> FaultKind {
    if suspect.is_true {
        return match (behind.has_earlier, behind.has_copy) {
            (true, true) => FaultKind::Inserted,
            (true, false) => FaultKind::Reordered,
            (false, _) => FaultKind::Removed,
        };
    }
    let is_other = |member: Member| keys.is_of_other_key(&member);
    if !behind.has_true && suspect.member.is_some_and(is_other) {
        return FaultKind::WrongKey;
    }
    // The true first line of the file follows.
    let begins = |found: FirstTrue| {
        let is_begin = found.member.kept.is_some() || found.member.sequence == 1;
        is_begin && found.file == suspect.place.file
    };
    match behind.first_true.is_some_and(begins) {
        true => FaultKind::Inserted,
        false => FaultKind::Altered,
    }
}

/// The suspect was not written under the key as it is now: is another line in its place?
fn explain_untrue(
    suspect: &Suspect,
    before: &Reached,
    behind: &Behind,
    anchors: &Anchors,
) -> FaultKind {
    let is_in_place = is_like_next(suspect, before);
    let altered_if = |is_altered| match is_altered {
        true => FaultKind::Altered,
        false => FaultKind::Inserted,
    };
    let Some(next) = behind.first_true.map(|found| found.member) else {
        let confirmed = anchors.of(&before.member);
        let is_missing = confirmed.is_some_and(|line| line.sequence >= before.next());
        return altered_if(is_in_place || behind.is_split || is_missing);
    };
    if before.is_followed_by(&next) {
        return FaultKind::Inserted;
    }
    if !before.is_start_of(&next) {
        return FaultKind::Altered;
    }
    let missing = next.sequence.saturating_sub(before.next());
    altered_if(is_in_place || behind.is_split || behind.untrue <= missing)
}

/// Returns whether a line that is not true looks like the one that is expected.
fn is_like_next(suspect: &Suspect, before: &Reached) -> bool {
    let is_number = |member: &Member| {
        before.is_start_of(member) && member.sequence == before.next()
            || before.is_next_start(member)
    };
    if suspect.member.as_ref().is_some_and(is_number) {
        return true;
    }
    // The end of the line is damaged, or lines were joined: most of what is expected is in it.
    let expected = Member {
        sequence: before.next(),
        previous: *before.head(),
        kept: None,
        ..before.member
    };
    let text = expected.text_before_mac();
    let parts = text.as_bytes().chunks(PART_BYTES);
    let all = parts.len();
    let found = parts.filter(|part| memchr::memmem::find(&suspect.bytes, part).is_some());
    found.count() * 2 > all
}

fn look_behind(
    suspect: &Suspect,
    mut lines: Lines<'_>,
    keys: &mut Keys<'_>,
) -> Result<Behind, VerifyError> {
    keys.begin_again();
    let mut behind = Behind {
        untrue: 1,
        ..Behind::default()
    };
    while let Some(line) = lines.next()? {
        if line.place <= suspect.place || !line.is_whole {
            continue;
        }
        let member = Member::parse(line.bytes);
        let member = member.filter(|member| keys.is_true(member, line.bytes));
        let Some(member) = member else {
            if behind.first_true.is_none() && behind.untrue == 1 {
                behind.is_split = is_split(&suspect.bytes, line.bytes, keys);
            }
            behind.untrue += u64::from(behind.first_true.is_none());
            continue;
        };
        behind.has_true = true;
        behind.has_copy |= line.bytes == suspect.bytes;
        behind.has_earlier |= is_earlier(&member, suspect);
        if !is_past(&member, suspect.before.as_ref()) {
            let file = line.place.file;
            behind.first_true.get_or_insert(FirstTrue { member, file });
        }
    }
    Ok(behind)
}

/// Returns whether two lines were one, with a line feed added or in the place of a byte.
fn is_split(first: &[u8], second: &[u8], keys: &mut Keys<'_>) -> bool {
    let mut is_true = |between: &[u8]| {
        let joined = [first, between, second].concat();
        Member::parse(&joined).is_some_and(|member| keys.is_true(&member, &joined))
    };
    is_true(&[]) || (0..=u8::MAX).any(|byte| is_true(&[byte]))
}

/// Returns whether a line belongs to what was reached already, so that it is a copy.
fn is_past(member: &Member, before: Option<&Reached>) -> bool {
    before.is_some_and(|before| {
        let is_before = before.is_start_of(member) && member.sequence < before.next();
        is_before || member.starts < before.member.starts
    })
}

/// Returns whether a line belongs before the suspect, and behind what was reached.
fn is_earlier(member: &Member, suspect: &Suspect) -> bool {
    let Some(own) = &suspect.member else {
        return false;
    };
    let place = |member: &Member| (member.starts, member.sequence);
    let is_before = member.trail == own.trail && place(member) < place(own);
    is_before && !is_past(member, suspect.before.as_ref())
}

/// How much of a damaged end has to be there in one piece.
const PART_BYTES: usize = 8;
