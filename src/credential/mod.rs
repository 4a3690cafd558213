//! Credentials as they come with a request.

pub(crate) mod base64url;
