//! A cache of values by the text that they were made from.

use std::collections::HashMap;

/// A bounded cache. When it is full, it is emptied.
pub(super) struct Cache<T> {
    values: HashMap<String, T>,
    bytes: usize,
}

impl<T> Cache<T> {
    pub(super) fn new() -> Self {
        Self {
            values: HashMap::new(),
            bytes: 0,
        }
    }

    /// Returns the value for `text`, or makes it.
    pub(super) fn entry(&mut self, text: String, make: impl FnOnce() -> T) -> &T {
        if !self.values.contains_key(&text) {
            self.make_room(text.len());
        }
        self.values.entry(text).or_insert_with(make)
    }

    fn make_room(&mut self, bytes: usize) {
        if self.values.len() >= ENTRIES || self.bytes + bytes > BYTES {
            self.values.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
    }
}

const BYTES: usize = 32 * 1024 * 1024;
const ENTRIES: usize = 1_000;
