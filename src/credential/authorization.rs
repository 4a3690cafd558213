//! The value of an `Authorization` header (RFC 9110 section 11.6.2, RFC 6750 section 2.1).

use super::charset;
use super::place::Scheme;
use super::presented::Credential;
use crate::error::RejectionKind;

/// Reads a whole header value: scheme, exactly one space, token, and no byte more.
pub(super) fn read<'r>(
    value: &'r [u8],
    schemes: &[Scheme],
) -> Result<Credential<'r>, RejectionKind> {
    let (word, rest) = split(value);
    if word.is_empty() {
        return Err(RejectionKind::CredentialMalformed);
    }
    let scheme = find(word, schemes).ok_or(RejectionKind::CredentialMissing)?;
    let token = rest.strip_prefix(b" ").unwrap_or_default();
    Credential::from_bytes(scheme, token)
}

/// Returns true unless the value names, in due form, a scheme that is not asked for.
pub(super) fn concerns(value: &[u8], schemes: &[Scheme]) -> bool {
    let (word, _) = split(value);
    word.is_empty() || find(word, schemes).is_some()
}

fn split(value: &[u8]) -> (&[u8], &[u8]) {
    let end = value.iter().position(|b| !charset::is_tchar(*b));
    value
        .split_at_checked(end.unwrap_or(value.len()))
        .unwrap_or_default()
}

fn find(word: &[u8], schemes: &[Scheme]) -> Option<Scheme> {
    let same = |s: &Scheme| word.eq_ignore_ascii_case(s.as_str().as_bytes());
    schemes.iter().copied().find(same)
}
