//! Signals of possible attacks.

mod signal;
mod signal_watch;

pub use signal::Signal;
pub(crate) use signal::Signals;
pub use signal_watch::{Watch, WatchBuilder};
