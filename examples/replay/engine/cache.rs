//! What was made from a text, found again by that text.

use std::collections::HashMap;

/// Holds what costs to make, within bounds: a full cache starts afresh.
pub(super) struct Cache<T> {
    made: HashMap<String, T>,
    bytes: usize,
}

impl<T> Cache<T> {
    pub(super) fn new() -> Self {
        Self {
            made: HashMap::new(),
            bytes: 0,
        }
    }

    /// Returns what was made from `text`, or makes it.
    pub(super) fn entry(&mut self, text: String, make: impl FnOnce() -> T) -> &T {
        if !self.made.contains_key(&text) {
            self.make_room(text.len());
        }
        self.made.entry(text).or_insert_with(make)
    }

    fn make_room(&mut self, bytes: usize) {
        if self.made.len() >= ENTRIES || self.bytes + bytes > BYTES {
            self.made.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
    }
}

const BYTES: usize = 32 * 1024 * 1024;
const ENTRIES: usize = 1_000;
