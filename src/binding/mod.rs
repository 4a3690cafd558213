//! Proof of possession: tokens that are bound to a key (DPoP, RFC 9449) or to a client certificate
//! (RFC 8705).
