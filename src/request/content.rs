//! The content of a request, for the check of its digest.

use std::fmt;

/// The content of a request, as far as the service has read it: the bytes as received, before any
/// decoding of `Content-Encoding`.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub enum Content<'r> {
    /// The service has not said; a body that a request announces then fails the check of its digest.
    #[default]
    Unknown,
    /// There is no content.
    None,
    /// The whole content.
    Whole(&'r [u8]),
    /// The content is read later; the service then passes it to the
    /// [`ContentCheck`](crate::message::ContentCheck) of the result.
    Later,
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("Unknown"),
            Self::None => f.write_str("None"),
            Self::Whole(content) => write!(f, "Whole({} bytes)", content.len()),
            Self::Later => f.write_str("Later"),
        }
    }
}
