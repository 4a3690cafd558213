//! Lines of bounded length.

use std::io;
use std::io::{BufRead, Read};

use bearergate::limits;

/// Reads lines, and holds at most a little more of one than the JSON scanner accepts.
pub(super) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            line: Vec::new(),
            number: 0,
        }
    }

    /// Returns the next line that is not blank and its number, without its line ending.
    ///
    /// Of a line that is too long it returns the start, which is still too long for the scanner.
    pub(super) fn next(&mut self) -> io::Result<Option<(usize, &[u8])>> {
        while self.read()? {
            if !self.line.trim_ascii().is_empty() || self.line.len() > limits::JSON_BYTES {
                return Ok(Some((self.number, &self.line)));
            }
        }
        Ok(None)
    }

    fn read(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut head = self.input.by_ref().take(HEAD);
        if head.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(false);
        }
        if self.line.pop_if(|last| *last == b'\n').is_none() && head.limit() == 0 {
            self.input.skip_until(b'\n')?;
        }
        self.line.pop_if(|last| *last == b'\r');
        self.number += 1;
        Ok(true)
    }
}

/// One byte more than the scanner accepts, and a line ending.
const HEAD: u64 = limits::JSON_BYTES as u64 + 3;
