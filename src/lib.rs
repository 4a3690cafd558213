//! Judges API credentials: who is this, and may they do that?
#![cfg_attr(bearergate_docsrs, feature(doc_cfg))]

pub mod limits;

mod clock;
mod credential;
mod event;
mod future;
pub mod json;
mod rejection;
mod secret;

pub use clock::Clock;
pub use clock::FakeClock;
pub use clock::Leeway;
pub use clock::LeewayTooLarge;
pub use clock::SystemClock;
pub use clock::UnixTime;
pub use event::Event;
pub use event::Observer;
pub use future::NowOrLater;
pub use rejection::ConfigError;
pub use rejection::ConfigErrorKind;
pub use rejection::Rejection;
pub use rejection::RejectionKind;
pub use secret::Secret;
