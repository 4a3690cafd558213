//! How long a signal is not raised again.

/// A time until which a signal is not raised again, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quiet(u64);

impl Quiet {
    /// Returns true, once in `per` milliseconds.
    pub(super) const fn pass(&mut self, millis: u64, per: u64) -> bool {
        let later = millis.saturating_add(per);
        // After the clock was set back the time can be too far ahead.
        let is_quiet = millis < self.0 && self.0 <= later;
        if !is_quiet {
            self.0 = later;
        }
        !is_quiet
    }
}
