//! Judges API credentials: who is this, and may they do that?
#![cfg_attr(bearergate_docsrs, feature(doc_cfg))]

pub mod jsonwebtoken_v11;
pub mod limits;

mod challenge;
mod clock;
mod credential;
mod crypto;
mod event;
mod future;
pub mod json;
mod key;
mod rejection;
mod request;
mod secret;

pub use challenge::BodyStyle;
pub use challenge::Challenge;
pub use challenge::ChallengeBuilder;
pub use challenge::ChallengeParams;
pub use challenge::Refusal;
pub use clock::Clock;
pub use clock::FakeClock;
pub use clock::Leeway;
pub use clock::LeewayTooLarge;
pub use clock::SystemClock;
pub use clock::UnixTime;
pub use crypto::Algorithm;
pub use crypto::Algorithms;
pub use crypto::Provider;
pub use credential::Credential;
pub use credential::Place;
pub use credential::Presented;
pub use credential::Scheme;
pub use credential::Sources;
pub use credential::SourcesBuilder;
pub use credential::Unverified;
pub use event::Event;
pub use event::Observer;
pub use future::NowOrLater;
pub use key::Import;
pub use key::Key;
pub use key::KeyHint;
pub use key::KeyId;
pub use key::KeyLife;
pub use key::KeySet;
pub use key::KeyStore;
pub use key::SkippedKey;
pub use rejection::ConfigError;
pub use rejection::ConfigErrorKind;
pub use rejection::Rejection;
pub use rejection::RejectionKind;
pub use request::ClientCertificate;
pub use request::PeerAddress;
pub use request::RequestFacts;
pub use secret::Secret;
