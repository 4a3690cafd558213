//! Names and values as messages show them: bounded, escaped, and without secrets.

/// Returns a name of a member, or a path, for a message.
pub(super) fn shown_name(name: &str) -> String {
    match looks_secret(name) {
        true => "a name (not shown, it looks like a secret)".to_owned(),
        false => format!("`{}`", bounded(name)),
    }
}

/// Returns the first characters, with control characters escaped.
pub(super) fn bounded(text: &str) -> String {
    let mut shown = String::new();
    for (count, part) in text.chars().map(char::escape_debug).enumerate() {
        if count >= SHOWN_CHARS {
            shown.push('…');
            break;
        }
        shown.extend(part);
    }
    shown
}

const SHOWN_CHARS: usize = 60;

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

/// Returns a name as a reference token of a JSON pointer (RFC 6901 section 3), bounded.
pub(super) fn token(name: &str) -> String {
    bounded(&name.replace('~', "~0").replace('/', "~1"))
}

/// Returns the name that was probably meant: the nearest of these, if it is near.
pub(super) fn nearest<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
    // Longer names are no mistyped ones, and cost more to compare.
    if name.len() > 40 {
        return None;
    }
    let most = (name.len() / 3).clamp(1, 3);
    let distances = names.iter().map(|known| (distance(name, known), *known));
    let near = distances.filter(|(distance, _)| *distance <= most);
    near.min().map(|(_, known)| known)
}

/// Returns how many characters have to be added, removed or replaced.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (at, own) in one.chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        for (cell, theirs) in row
            .iter_mut()
            .zip(std::iter::once('\0').chain(other.chars()))
        {
            let above = *cell;
            let replaced = diagonal + usize::from(own != theirs);
            // The first column is the distance to an empty name.
            *cell = match theirs {
                '\0' => at + 1,
                _ => replaced.min(above + 1).min(left + 1),
            };
            (diagonal, left) = (above, *cell);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_single_characters() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("audience", "audiences", 1),
            ("leway", "leeway", 1),
            ("kitten", "sitting", 3),
            ("issuer", "issuer", 0),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn only_near_names_are_suggested() {
        let names = ["audiences", "authority", "issuer"];
        assert_eq!(nearest("audience", &names), Some("audiences"));
        assert_eq!(nearest("isuer", &names), Some("issuer"));
        assert_eq!(nearest("zzzz", &names), None);
        assert_eq!(nearest(&"a".repeat(1_000), &names), None);
    }

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
