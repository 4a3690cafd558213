//! The metadata document of a protected resource (RFC 9728).
