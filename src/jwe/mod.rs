//! Encrypted tokens: a signed JWT inside a JWE (RFC 7516).
