//! The checkpoints that anchors hold.

use std::collections::HashMap;
use std::path::Path;

use super::error::VerifyError;
use super::keys::Keys;
use super::lines::Lines;
use crate::audit::chain::{Link, Member};

/// The last checkpoint of each start.
#[derive(Debug, Default)]
pub(super) struct Anchors(HashMap<(u32, u64, u64), Confirmed>);

/// A line that an anchor confirms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Confirmed {
    pub(super) sequence: u64,
    pub(super) mac: Link,
}

impl Anchors {
    /// Reads the checkpoints that were written under the key; text around them does not matter.
    pub(super) fn read<P: AsRef<Path>>(
        files: &[P],
        keys: &mut Keys<'_>,
    ) -> Result<Self, VerifyError> {
        let mut anchors = Self::default();
        for file in files {
            let path = [file.as_ref()];
            let mut lines = Lines::new(&path);
            let mut count = 0;
            while let Some(line) = lines.next()? {
                let Some(member) = Member::parse(line.bytes) else {
                    continue;
                };
                count += 1;
                if is_true(&member, line.bytes, keys) {
                    anchors.add(&member);
                }
            }
            if count == 0 {
                return Err(VerifyError::no_checkpoint(file.as_ref()));
            }
        }
        Ok(anchors)
    }

    fn add(&mut self, member: &Member) {
        let start = (member.trail, member.starts, member.boot);
        let new = Confirmed {
            sequence: member.sequence,
            mac: member.mac,
        };
        let last = self.0.entry(start).or_insert(new);
        if last.sequence < new.sequence {
            *last = new;
        }
    }

    /// Returns the last line that is confirmed of the start of a line.
    pub(super) fn of(&self, member: &Member) -> Option<Confirmed> {
        let start = (member.trail, member.starts, member.boot);
        self.0.get(&start).copied()
    }

    /// Returns whether the trail of a line had another start with the number of its start.
    pub(super) fn has_other_start(&self, member: &Member) -> bool {
        self.0.keys().any(|(trail, starts, boot)| {
            (*trail, *starts) == (member.trail, member.starts) && *boot != member.boot
        })
    }

    /// Returns whether the trail of a line had a later start.
    pub(super) fn has_later_start(&self, member: &Member) -> bool {
        let mut starts = self.0.keys();
        starts.any(|(trail, starts, _)| *trail == member.trail && *starts > member.starts)
    }
}

/// A checkpoint can be behind other text of its line, such as the header of a syslog message.
fn is_true(member: &Member, line: &[u8], keys: &mut Keys<'_>) -> bool {
    if keys.is_true(member, line) {
        return true;
    }
    let starts = memchr::memmem::find_iter(line, b"{");
    let cef = memchr::memmem::find_iter(line, b"CEF:");
    let mut starts = starts.take(FRAMES).chain(cef.take(FRAMES));
    starts.any(|at| {
        let inner = line.get(at..).unwrap_or_default();
        Member::parse(inner).is_some_and(|member| keys.is_true(&member, inner))
    })
}

const FRAMES: usize = 8;
