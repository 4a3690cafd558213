//! The form of the entries in a ring.

use super::lane::Lane;

/// What is before each entry: its length and its lane.
const FRAME: usize = 5;

/// Reads the entries of a buffer, each with its lane.
pub(super) struct Entries<'b>(pub(super) &'b [u8]);

impl<'b> Iterator for Entries<'b> {
    type Item = (Lane, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (lane, rest) = rest.split_first()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (entry, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((Lane::from_byte(*lane), entry))
    }
}

/// The bytes that an entry takes in a ring.
pub(super) const fn framed(entry: &[u8]) -> usize {
    FRAME + entry.len()
}
