//! Names and values as messages show them: bounded, escaped, and without secrets.

use crate::error::excerpt;

/// Returns a name of a member, or a path, for a message.
pub(super) fn shown_name(name: &str) -> String {
    match looks_secret(name) {
        true => "a name (not shown, it looks like a secret)".to_owned(),
        false => format!("`{}`", excerpt(name)),
    }
}

/// Returns true for a text that may be a key, a token or a password of random characters.
pub(super) fn looks_secret(text: &str) -> bool {
    let is_key = text.contains("-----BEGIN") || text.starts_with("eyJ");
    let is_random = |b: u8| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b);
    let has = |is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let has_host = text.starts_with('/') || text.contains('.');
    is_key || (text.len() >= RANDOM_BYTES && is_mixed && !has_host && text.bytes().all(is_random))
}

/// Shortest text that is taken for random characters.
const RANDOM_BYTES: usize = 20;

/// Writes names as "`a`, `b` and `c`".
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "no members".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognized_and_ordinary_values_are_not() {
        for secret in [
            "-----BEGIN PRIVATE KEY-----\nMIG",
            "eyJhbGciOiJIUzI1NiJ9",
            "c2VjcmV0LXNlY3JldC0xMjM0NQ==",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert!(looks_secret(secret), "{secret}");
            assert!(!shown_name(secret).contains(secret));
        }
        for ordinary in [
            "https://idp.example.com/realms/acme1",
            "api://default",
            "__Host-session",
            "allow_requests_without_origin",
            "/run/secrets/pepper1-of-orders",
            "30s",
        ] {
            assert!(!looks_secret(ordinary), "{ordinary}");
        }
    }
}
