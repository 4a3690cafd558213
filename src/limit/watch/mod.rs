//! Signals of possible attacks.
//!
//! All counts are in memory of a fixed size, which the default watch has from its start.

mod distinct;
mod entries;
mod quiet;
mod signal;
mod signal_watch;
mod spread;
mod subjects;
mod tally;
mod thresholds;
mod watch_builder;

#[cfg(test)]
mod test_signals;

pub use signal::Signal;
pub(crate) use signal::Signals;
pub use signal_watch::Watch;
pub use watch_builder::WatchBuilder;
