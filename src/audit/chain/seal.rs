//! Sealing of lines.

use super::key::{ChainKey, StartKey};
use super::member::{self, HexText, Link, MAC_DIGITS, Member};
use crate::audit::encoding::Encoding;
use crate::audit::sink::PreviousEnd;

/// The chain of one trail, from one start on.
///
/// For each batch of a sink:
/// 1. [`AuditSink::prepare`](crate::audit::AuditSink::prepare); where it returns a file,
///    [`begin_file`](Self::begin_file);
/// 2. for each record: `Encoding::encode` with the sequence number [`next`](Self::next) into an
///    empty buffer, then [`seal`](Self::seal);
/// 3. after a checkpoint was sealed: [`ratchet`](Self::ratchet). Anchors get the same sealed line.
#[derive(Debug)]
pub(crate) struct Chain {
    key: StartKey,
    trail: u32,
    starts: u64,
    boot: u64,
    sequence: u64,
    head: Link,
    /// Of the next line, if it begins a file: the sequence number of the first line of this start
    /// that is still kept.
    kept: Option<u64>,
    encoding: Encoding,
}

impl Chain {
    /// Starts the chain of a trail, after the end that the former start left.
    ///
    /// `trail` is the node and the name of the sink, the same at each start: checkpoints of several
    /// trails can share an anchor, so it must differ between them.
    pub(crate) fn start(
        key: &ChainKey,
        trail: &str,
        boot: u128,
        encoding: Encoding,
        previous: Option<&PreviousEnd>,
    ) -> Self {
        let end = previous.and_then(|end| Member::parse(&end.last_line));
        let starts = end.as_ref().map_or(0, |end| end.starts).saturating_add(1);
        let trail = key.trail(trail);
        let boot = u64::try_from(boot >> 64).unwrap_or_default();
        Self {
            key: StartKey::new(key, trail, starts, boot),
            trail,
            starts,
            boot,
            sequence: 0,
            head: end.map_or([0; 32], |end| end.mac),
            kept: Some(1),
            encoding,
        }
    }

    /// Returns how many starts there were, this one included: `Record::starts`.
    pub(crate) const fn starts(&self) -> u64 {
        self.starts
    }

    /// Returns the number of lines that were sealed: `CheckpointOf::count`.
    pub(crate) const fn count(&self) -> u64 {
        self.sequence
    }

    /// Returns the MAC of the line before, in hexadecimal: `CheckpointOf::head`.
    pub(crate) fn head(&self) -> HexText {
        HexText::new(&self.head)
    }

    /// Says that the next line is the first one of a file, and which lines of this start are still
    /// kept.
    pub(crate) fn begin_file(&mut self, kept_from: u64) {
        self.kept = Some(kept_from.max(1));
    }

    /// Adds the chain's member to a line, which must be one encoded record without its line feed.
    pub(crate) fn seal(&mut self, line: &mut Vec<u8>) {
        self.sequence = self.sequence.saturating_add(1);
        let closing = self.encoding.closing().as_bytes();
        let open = line.strip_suffix(closing).map_or(line.len(), <[u8]>::len);
        line.truncate(open);
        let member = Member {
            trail: self.trail,
            starts: self.starts,
            boot: self.boot,
            epoch: self.key.epoch(),
            sequence: self.sequence,
            kept: self.kept.take(),
            previous: self.head,
            mac: [0; 32],
            mac_at: 0,
        };
        member.write_up_to_mac(self.encoding, line);
        let before = line.len();
        line.extend_from_slice(member::quote(self.encoding));
        line.extend_from_slice(closing);
        let (front, after) = line.split_at(before);
        self.head = self.key.mac(&self.head, front, after);
        let digits: [u8; MAC_DIGITS] = *self.head().bytes();
        line.splice(before..before, digits);
    }

    /// Replaces the key, after a checkpoint was sealed. Lines that were sealed before can then not be
    /// computed from what is in memory.
    pub(crate) fn ratchet(&mut self) {
        self.key.ratchet();
    }
}
