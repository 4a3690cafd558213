//! Signatures of HTTP messages (RFC 9421) and digests of their content (RFC 9530).
