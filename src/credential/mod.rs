//! Credentials as they come with a request.

mod authorization;
pub(crate) mod base64url;
mod builder;
pub(crate) mod charset;
mod cookie;
mod origin;
pub(crate) mod parameter;
pub(crate) mod place;
mod presented;
mod redact;
mod sources;
mod unverified;

pub use builder::SourcesBuilder;
pub use place::Place;
pub use place::Scheme;
pub use presented::Credential;
pub use presented::PresentedCredential;
pub use sources::Sources;
pub(crate) use unverified::Unverified;
