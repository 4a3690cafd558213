//! Media types in the headers of tokens.

/// Removes the prefix `application/`, which may be omitted (RFC 7515 section 4.1.9).
pub(crate) fn without_application(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => typ,
    }
}
