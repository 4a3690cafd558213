//! Parsing of the `Authorization` header (RFC 9110 section 11.6.2, RFC 6750 section 2.1).

use super::charset;
use super::place::Scheme;
use crate::error::RejectionKind;

/// Splits a whole header value into its scheme and its token: the scheme, exactly one space, the
/// token.
///
/// The characters of the token are not checked here. Without a space after the scheme the token is
/// empty, and with a second one it begins with a space; no credential may be so.
pub(super) fn parse<'r>(
    value: &'r [u8],
    schemes: &[Scheme],
) -> Result<(Scheme, &'r [u8]), RejectionKind> {
    let (name, rest) = split_name(value);
    if name.is_empty() {
        return Err(RejectionKind::CredentialMalformed);
    }
    let scheme = find_scheme(name, schemes).ok_or(RejectionKind::CredentialMissing)?;
    Ok((scheme, rest.strip_prefix(b" ").unwrap_or_default()))
}

/// Returns false only if the value has a well-formed scheme that is not one of `schemes`.
pub(super) fn is_relevant(value: &[u8], schemes: &[Scheme]) -> bool {
    let (name, _) = split_name(value);
    name.is_empty() || find_scheme(name, schemes).is_some()
}

fn split_name(value: &[u8]) -> (&[u8], &[u8]) {
    let end = value.iter().position(|b| !charset::is_tchar(*b));
    value
        .split_at_checked(end.unwrap_or(value.len()))
        .unwrap_or_default()
}

fn find_scheme(name: &[u8], schemes: &[Scheme]) -> Option<Scheme> {
    let is_named = |s: &Scheme| name.eq_ignore_ascii_case(s.as_str().as_bytes());
    schemes.iter().copied().find(is_named)
}
