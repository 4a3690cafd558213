//! The address of the client: trusted proxies, forwarded headers, address lists.

mod origin;
mod source;

pub use origin::{Origin, OriginProblem};
pub use source::Source;
