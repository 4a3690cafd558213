//! Credentials as they come with a request.

pub(crate) mod base64url;
pub(crate) mod charset;
pub(crate) mod parameter;

mod authorization;
mod builder;
mod cookie;
mod hide;
mod origin;
mod place;
mod presented;
mod session_cookie;
mod sources;
mod unverified;

pub use builder::SourcesBuilder;
pub use place::Place;
pub use place::Scheme;
pub use presented::Credential;
pub use presented::Presented;
pub use session_cookie::SameSite;
pub use session_cookie::SessionCookie;
pub use sources::Sources;
pub(crate) use unverified::Unverified;
