//! One pass over the lines of a trail, up to the first that is not in its place.

use super::anchors::Anchors;
use super::error::VerifyError;
use super::fault::FaultKind;
use super::keys::Keys;
use super::lines::{Line, Lines, Place};
use crate::audit::chain::{Link, Member};

/// What the pass found.
#[derive(Debug)]
pub(super) struct Walked {
    pub(super) records: u64,
    pub(super) end: End,
}

#[derive(Debug)]
pub(super) enum End {
    /// All lines are in their place.
    Whole { open_end: bool },
    /// A fault that needs no look at other lines.
    Fault(Place, FaultKind),
    /// A line that is not in its place; other lines show why.
    Suspect(Box<Suspect>),
}

/// The first line that is not in its place, with all that is known before it.
#[derive(Debug)]
pub(super) struct Suspect {
    pub(super) place: Place,
    pub(super) member: Option<Member>,
    pub(super) bytes: Vec<u8>,
    pub(super) is_true: bool,
    pub(super) before: Option<Reached>,
    /// A line without a line feed that ends the file before.
    pub(super) cut: Option<Place>,
}

/// The last line that is in its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    pub(super) member: Member,
    pub(super) place: Place,
    is_first: bool,
}

impl Reached {
    /// Returns the number of the next line of the same start.
    pub(super) const fn next(&self) -> u64 {
        self.member.sequence.saturating_add(1)
    }

    pub(super) const fn head(&self) -> &Link {
        &self.member.mac
    }

    /// Returns whether a line is of the same start.
    pub(super) fn is_start_of(&self, member: &Member) -> bool {
        let own = &self.member;
        (own.trail, own.starts, own.boot) == (member.trail, member.starts, member.boot)
    }

    /// Returns whether a line is the first one of the next start.
    pub(super) fn is_next_start(&self, member: &Member) -> bool {
        let is_next = self.member.starts.checked_add(1) == Some(member.starts);
        self.member.trail == member.trail && is_next && member.sequence == 1
    }

    /// Returns whether a line says that it follows.
    pub(super) fn is_followed_by(&self, member: &Member) -> bool {
        let epochs = member.epoch.checked_sub(self.member.epoch);
        let is_in_start = self.is_start_of(member)
            && member.sequence == self.next()
            && matches!(epochs, Some(0 | 1));
        let is_in_next = self.is_next_start(member) && member.epoch == 0;
        (is_in_start || is_in_next) && member.previous == *self.head()
    }
}

/// The pass.
pub(super) struct Walk<'w, 'k> {
    pub(super) keys: &'w mut Keys<'k>,
    pub(super) anchors: &'w Anchors,
    /// The first line of the oldest start that the sink had kept.
    pub(super) kept_from: u64,
}

impl Walk<'_, '_> {
    pub(super) fn run(&mut self, mut lines: Lines<'_>) -> Result<Walked, VerifyError> {
        let mut records = 0;
        let mut reached: Option<Reached> = None;
        let mut cut = None;
        let mut end = None;
        while let Some(line) = lines.next()? {
            records += u64::from(line.is_whole);
            if end.is_some() {
                continue;
            }
            if !line.is_whole {
                cut = Some(line.place);
                end = self.check_cut(&line, reached.as_ref());
                continue;
            }
            match self.check_line(&line, reached.as_ref(), cut) {
                Ok(next) => reached = Some(next),
                Err(found) => end = Some(found),
            }
            cut = None;
        }
        let end = end.unwrap_or_else(|| self.finish(reached.as_ref()));
        Ok(Walked { records, end })
    }

    /// A line without a line feed is the beginning of a line, or the line itself, and no more.
    fn check_cut(&mut self, line: &Line<'_>, reached: Option<&Reached>) -> Option<End> {
        let reached = reached?;
        let ends = (1..line.bytes.len()).filter(|end| can_end(line.bytes, *end));
        for end in ends {
            let part = line.bytes.get(..end).unwrap_or_default();
            let member = Member::parse(part).filter(|member| reached.is_followed_by(member));
            if member.is_some_and(|member| self.keys.is_true(&member, part)) {
                return Some(End::Fault(line.place, FaultKind::Altered));
            }
        }
        None
    }

    fn check_line(
        &mut self,
        line: &Line<'_>,
        before: Option<&Reached>,
        cut: Option<Place>,
    ) -> Result<Reached, End> {
        let member = Member::parse(line.bytes);
        let is_true = member.is_some_and(|member| self.keys.is_true(&member, line.bytes));
        let reached = member.filter(|_| is_true).map(|member| Reached {
            member,
            place: line.place,
            is_first: line.is_first,
        });
        if let (Some(reached), Some(before)) = (reached, before) {
            check_copy(&reached, before)?;
            if before.is_followed_by(&reached.member) {
                return self.check_anchors(reached, before);
            }
        }
        if let (Some(reached), None) = (reached, before)
            && self.can_be_first(&reached.member)
        {
            return self.check_first(reached);
        }
        Err(End::Suspect(Box::new(Suspect {
            place: line.place,
            member,
            bytes: line.bytes.to_vec(),
            is_true,
            before: before.copied(),
            cut,
        })))
    }

    /// Lines before the first one can only be missing if the sink removed their files.
    fn can_be_first(&self, member: &Member) -> bool {
        let is_kept = member.kept.is_some() && member.sequence <= self.kept_from;
        is_kept || member.sequence == 1
    }

    fn check_first(&self, reached: Reached) -> Result<Reached, End> {
        if self.anchors.has_other_start(&reached.member) {
            return Err(End::Fault(reached.place, FaultKind::Removed));
        }
        self.check_confirmed(reached)
    }

    /// Checks a line in its place against the anchors.
    fn check_anchors(&self, reached: Reached, before: &Reached) -> Result<Reached, End> {
        if !before.is_start_of(&reached.member) {
            let is_cut = self.is_cut(before);
            if is_cut || self.anchors.has_other_start(&reached.member) {
                return Err(End::Fault(before.place, FaultKind::Truncated));
            }
        }
        self.check_confirmed(reached)
    }

    /// A line that is true but not the one that was confirmed was written with a stolen key.
    fn check_confirmed(&self, reached: Reached) -> Result<Reached, End> {
        let confirmed = self.anchors.of(&reached.member);
        let same = confirmed.filter(|line| line.sequence == reached.member.sequence);
        match same.is_some_and(|line| line.mac != reached.member.mac) {
            true => Err(End::Fault(reached.place, FaultKind::Altered)),
            false => Ok(reached),
        }
    }

    /// Returns whether an anchor confirms a line of this start behind its last one.
    fn is_cut(&self, last: &Reached) -> bool {
        let confirmed = self.anchors.of(&last.member);
        confirmed.is_some_and(|line| line.sequence > last.member.sequence)
    }

    fn finish(&self, reached: Option<&Reached>) -> End {
        let Some(last) = reached else {
            return End::Whole { open_end: true };
        };
        if self.is_cut(last) || self.anchors.has_later_start(&last.member) {
            return End::Fault(last.place, FaultKind::Truncated);
        }
        let confirmed = self.anchors.of(&last.member);
        let is_confirmed = confirmed.is_some_and(|line| line.sequence == last.member.sequence);
        End::Whole {
            open_end: !is_confirmed,
        }
    }
}

/// A copy of the first line of a file that was put at the end of the file before looks like the
/// line itself, and the line itself like the copy.
fn check_copy(reached: &Reached, before: &Reached) -> Result<(), End> {
    let is_same = reached.member.mac == before.member.mac;
    let is_begin = reached.member.kept.is_some() && reached.is_first && !before.is_first;
    match is_same && is_begin {
        true => Err(End::Fault(before.place, FaultKind::Inserted)),
        false => Ok(()),
    }
}

/// Returns whether a line with a chain can end there.
fn can_end(bytes: &[u8], end: usize) -> bool {
    let is_digit = |at: usize| {
        let byte = bytes.get(at);
        byte.is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    match end.checked_sub(1).and_then(|last| bytes.get(last)) {
        Some(b'}') => true,
        Some(_) => end > 1 && is_digit(end - 1) && is_digit(end - 2),
        None => false,
    }
}
