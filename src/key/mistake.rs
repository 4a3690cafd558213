//! What a text is that was given in place of a key, so that the error names the remedy.
//!
//! Nothing here decides whether a key is accepted.

use crate::json::{Object, Value};

/// Returns what was found in place of a JSON object with keys, and the remedy.
pub(super) fn in_place_of_json(text: &[u8]) -> Option<&'static str> {
    let text = text.trim_ascii();
    Some(match text {
        [] => "found nothing; give the text of the keys",
        [b'"', ..] => "found a JSON string; if it was encoded twice, give the text inside it",
        [b'[', ..] => "found an array; give an object whose member `keys` is that array",
        [b'<', ..] => "found HTML or XML; check the address that it was read from",
        [0xef, 0xbb, 0xbf, ..] => "found a byte-order mark; remove it",
        _ if text.starts_with(b"-----BEGIN ") => "found PEM; read one key with `Key::from_pem`",
        _ if is_url(text) => "found a URL; let `FetchedKeys` fetch the keys",
        _ if is_path(text) => PATH,
        _ => return None,
    })
}

/// The remedy for a path in place of a text.
pub(super) const PATH: &str = "found what looks like a path; read the file and give its contents";

/// Returns true if this looks like the name of a file: one line of text that begins like a path or
/// ends like the name of a key file.
pub(super) fn is_path(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let is_line = text.len() <= PATH_BYTES && text.iter().all(|byte| (b' '..0x7f).contains(byte));
    is_line && (begins_like_path(text) || ends_like_key_file(text))
}

/// Returns true if this begins like a path and ends like the name of a key file.
pub(super) fn is_key_file(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    is_path(text) && begins_like_path(text) && ends_like_key_file(text)
}

/// Returns true for `{kid: certificate}`, the form in which some issuers publish their keys.
pub(super) fn is_certificate_map(document: &Object<'_>) -> bool {
    let is_certificate = |value: Value<'_>| {
        let text = value.as_str();
        text.is_some_and(|text| {
            text.trim_ascii_start()
                .starts_with("-----BEGIN CERTIFICATE-----")
        })
    };
    !document.is_empty() && document.members().all(|(_, value)| is_certificate(value))
}

/// Longest path that is recognised, in bytes: the bound of Linux.
const PATH_BYTES: usize = 4096;

fn is_url(text: &[u8]) -> bool {
    text.starts_with(b"https://") || text.starts_with(b"http://")
}

fn begins_like_path(text: &[u8]) -> bool {
    match text {
        [b'/', ..] | [b'.' | b'~', b'/', ..] | [b'.', b'.', b'/', ..] => true,
        [drive, b':', b'\\' | b'/', ..] => drive.is_ascii_alphabetic(),
        _ => text.starts_with(b"file:"),
    }
}

fn ends_like_key_file(text: &[u8]) -> bool {
    const ENDINGS: [&str; 9] = [
        "cer", "crt", "der", "json", "jwk", "jwks", "key", "pem", "pub",
    ];
    let Some(dot) = text.iter().rposition(|byte| *byte == b'.') else {
        return false;
    };
    let ending = text.get(dot + 1..).unwrap_or_default();
    ENDINGS
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_recognised() {
        for path in [
            "/etc/keys/issuer.pem",
            "key.pem",
            "./jwks",
            "../jwks.json",
            "~/keys/a.JWK",
            r"C:\keys\public.der",
            "file:///run/jwks",
            " keys/my key.pub\n",
        ] {
            assert!(is_path(path.as_bytes()), "{path}");
        }
        for text in [
            "",
            "keys",
            "pem",
            "key.pem\nkey.pem",
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
            "caf\u{e9}.pem",
        ] {
            assert!(!is_path(text.as_bytes()), "{text}");
        }
        assert!(is_key_file(b"/etc/keys/issuer.pem"));
        assert!(!is_key_file(b"key.pem") && !is_key_file(b"/etc/keys/issuer"));
    }

    #[test]
    fn what_is_no_json_is_named_only_if_it_is_known() {
        for url in ["https://idp.example.com/jwks", "http://127.0.0.1/jwks"] {
            assert!(in_place_of_json(url.as_bytes()).unwrap().contains("a URL"));
        }
        assert_eq!(in_place_of_json(b"/etc/jwks.json"), Some(PATH));
        for other in ["jwks", "ftp://idp.example.com/keys", r#"{"keys":[]"#] {
            assert_eq!(in_place_of_json(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn only_a_map_of_certificates_is_one() {
        let is_map = |text: &str| is_certificate_map(&Object::parse(text.as_bytes()).unwrap());
        let certificate = r"-----BEGIN CERTIFICATE-----\nMIIC";
        assert!(is_map(&format!(r#"{{"a":"{certificate}"}}"#)));
        assert!(!is_map(&format!(r#"{{"a":"{certificate}","b":1}}"#)));
        assert!(!is_map("{}") && !is_map(r#"{"a":"b"}"#));
    }
}
