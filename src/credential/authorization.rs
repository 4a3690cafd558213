//! Parsing of the `Authorization` header (RFC 9110 section 11.6.2, RFC 6750 section 2.1).

use super::charset;
use super::place::Scheme;
use crate::error::RejectionKind;

/// Splits a whole header value into its scheme and its token: the scheme, one or more spaces
/// (`1*SP`), the token.
///
/// Returns `None` for a well-formed scheme that is not one of `schemes`, and for one of them with
/// nothing but spaces behind it: neither presents a credential. The characters of the token are not
/// checked here; what follows the scheme without a space begins with a character that no token has.
pub(super) fn parse<'r>(
    value: &'r [u8],
    schemes: &[Scheme],
) -> Result<Option<(Scheme, &'r [u8])>, RejectionKind> {
    let (name, rest) = split_name(value);
    if name.is_empty() {
        return Err(RejectionKind::CredentialMalformed);
    }
    let Some(scheme) = find_scheme(name, schemes) else {
        return Ok(None);
    };
    let spaces = rest.iter().take_while(|b| **b == b' ').count();
    let token = rest.get(spaces..).unwrap_or_default();
    match (token.is_empty(), spaces) {
        (true, _) => Ok(None),
        (false, 0) => Err(RejectionKind::CredentialMalformed),
        (false, _) => Ok(Some((scheme, token))),
    }
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
