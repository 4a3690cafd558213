//! Discovery documents of issuers (OpenID Connect Discovery 1.0, RFC 8414).

use super::mistake;
use crate::error::ConfigError;
use crate::http_client::{CheckedSettings, Endpoint};
use crate::json::{Kind, Object};

/// The members of an issuer's discovery document that are used here. No other member is read.
///
/// The document is untrusted, with two exceptions: it was read from an address that follows from
/// the configuration, and its `issuer` is the configured one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Metadata {
    jwks_uri: Box<str>,
}

/// Why a discovery document was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum MetadataError {
    /// A needed member is absent or `null`.
    #[error("expected `{0}`, found none, or `null`")]
    Missing(&'static str),
    /// A needed member is not a string.
    #[error("expected a string `{0}`, found another type")]
    NotText(&'static str),
    /// The `issuer` is not the configured one.
    #[error("expected the issuer {expected:?}, found {found:?}")]
    OtherIssuer { expected: Box<str>, found: Box<str> },
    /// The document is not a well-formed JSON object without duplicate members.
    #[error("expected one well-formed JSON object without duplicate members, {0}")]
    Malformed(&'static str),
}

/// Most characters of a text from a document that an error shows.
const SHOWN: usize = 200;

impl Metadata {
    /// Reads a document. It is accepted only if its `issuer` equals the configured one byte for
    /// byte, and its `jwks_uri` is a string.
    pub(crate) fn read(text: &[u8], issuer: &str) -> Result<Self, MetadataError> {
        let document = Object::parse(text).map_err(|_| malformed(text))?;
        let own = needed(&document, "issuer")?;
        if own != issuer {
            return Err(MetadataError::OtherIssuer {
                expected: issuer.into(),
                found: own.chars().take(SHOWN).collect::<String>().into(),
            });
        }
        let jwks_uri = needed(&document, "jwks_uri")?.into();
        Ok(Self { jwks_uri })
    }

    /// Returns the address of the keys. It is untrusted.
    pub(crate) fn jwks_uri(&self) -> &str {
        &self.jwks_uri
    }
}

/// Reads a discovery document of `issuer` that was found at `place` for the fuzz target. Returns
/// its `jwks_uri` if the document is accepted, and the endpoint if that may be asked.
#[cfg(fuzzing)]
pub fn keys_address_of(
    text: &[u8],
    issuer: &str,
    place: &Endpoint,
) -> Option<(String, Option<Endpoint>)> {
    let metadata = Metadata::read(text, issuer).ok()?;
    let endpoint = place.learn(metadata.jwks_uri(), &[], &[]).ok();
    Some((metadata.jwks_uri().to_owned(), endpoint))
}

fn malformed(text: &[u8]) -> MetadataError {
    // The remedies are those for configured texts.
    let found = mistake::in_place_of_json(text).and_then(|found| found.split(';').next());
    MetadataError::Malformed(found.unwrap_or("found other text"))
}

fn needed<'j>(
    document: &Object<'j>,
    name: &'static str,
) -> Result<std::borrow::Cow<'j, str>, MetadataError> {
    let value = document.get(name).filter(|v| v.kind() != Kind::Null);
    let value = value.ok_or(MetadataError::Missing(name))?;
    value.as_str().ok_or(MetadataError::NotText(name))
}

/// Returns the addresses that an issuer's document may have, in the order in which they are asked:
/// the well-known path after the issuer's path (OpenID Connect), then before it (RFC 8414).
///
/// # Errors
///
/// `value_malformed` for an issuer that is not an address, or has a query.
pub(crate) fn document_addresses(
    issuer: &str,
    settings: &CheckedSettings,
) -> Result<Vec<Endpoint>, ConfigError> {
    let base = settings.endpoint(issuer);
    let base = base.map_err(|error| error.in_field("issuer"))?;
    if base.uri().query().is_some() {
        let error = base.refused("has a query; an issuer has none, so remove it");
        return Err(error.in_field("issuer"));
    }
    let path = base.uri().path().trim_end_matches('/');
    let origin = base.origin();
    let mut addresses = vec![format!("{origin}{path}/.well-known/openid-configuration")];
    for name in ["oauth-authorization-server", "openid-configuration"] {
        let address = format!("{origin}/.well-known/{name}{path}");
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses.iter().map(|url| settings.endpoint(url)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> CheckedSettings {
        crate::http_client::HttpSettings::new().check().unwrap()
    }

    const ISSUER: &str = "https://idp.example.com/realms/a";

    fn shown(issuer: &str) -> Vec<String> {
        let addresses = document_addresses(issuer, &settings()).unwrap();
        addresses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn both_path_forms_are_addresses_of_the_document() {
        assert_eq!(
            shown(ISSUER),
            [
                "https://idp.example.com/realms/a/.well-known/openid-configuration",
                "https://idp.example.com/.well-known/oauth-authorization-server/realms/a",
                "https://idp.example.com/.well-known/openid-configuration/realms/a",
            ]
        );
        for issuer in ["https://idp.example.com", "https://idp.example.com/"] {
            assert_eq!(
                shown(issuer),
                [
                    "https://idp.example.com/.well-known/openid-configuration",
                    "https://idp.example.com/.well-known/oauth-authorization-server",
                ]
            );
        }
    }

    #[test]
    fn an_issuer_that_is_not_an_address_has_no_document() {
        for issuer in [
            "joe",
            "http://idp.example.com",
            "https://h/?a=b",
            "https://h/#a",
            "a+b",
        ] {
            assert!(document_addresses(issuer, &settings()).is_err(), "{issuer}");
        }
    }

    const KEYS: &str = "https://idp.example.com/jwks";

    fn read(members: &str) -> Result<Metadata, MetadataError> {
        Metadata::read(format!("{{{members}}}").as_bytes(), ISSUER)
    }

    fn good(more: &str) -> String {
        format!(r#""issuer":"{ISSUER}","jwks_uri":"{KEYS}"{more}"#)
    }

    #[test]
    fn the_issuer_must_be_equal_byte_for_byte() {
        assert_eq!(read(&good("")).unwrap().jwks_uri(), KEYS);
        let issuer = |value: &str| read(&format!(r#""issuer":{value},"jwks_uri":"{KEYS}""#));
        for other in [
            "https://idp.example.com/realms/a/",
            "https://IDP.example.com/realms/a",
            "https://idp.example.com:443/realms/a",
            "",
        ] {
            let refused = issuer(&format!("\"{other}\""));
            let expected = MetadataError::OtherIssuer {
                expected: ISSUER.into(),
                found: other.into(),
            };
            assert_eq!(refused, Err(expected), "{other}");
        }
        let list = format!(r#"["{ISSUER}"]"#);
        assert_eq!(issuer(&list), Err(MetadataError::NotText("issuer")));
        assert_eq!(issuer("null"), Err(MetadataError::Missing("issuer")));
        assert_eq!(read(""), Err(MetadataError::Missing("issuer")));
    }

    #[test]
    fn a_needed_address_that_is_absent_null_or_no_string_is_named() {
        let keys = |member: &str| read(&format!(r#""issuer":"{ISSUER}"{member}"#));
        let missing = Err(MetadataError::Missing("jwks_uri"));
        assert_eq!(keys(""), missing);
        assert_eq!(keys(r#","jwks_uri":null"#), missing);
        for value in ["1", "[]", "{}", "true"] {
            let refused = keys(&format!(r#","jwks_uri":{value}"#));
            assert_eq!(refused, Err(MetadataError::NotText("jwks_uri")), "{value}");
        }
    }

    #[test]
    fn members_that_are_not_needed_never_fail_the_document() {
        for more in [
            r#","introspection_endpoint":null"#,
            r#","introspection_endpoint":1,"revocation_endpoint":["a"]"#,
            r#","token_endpoint":"/relative","scopes_supported":{}"#,
            r#","registration_endpoint":"","x":[[[]]]"#,
        ] {
            assert_eq!(read(&good(more)), read(&good("")), "{more}");
        }
    }

    #[test]
    fn text_that_is_not_a_document_is_refused() {
        let twice = format!("{{{}}}", good(&format!(r#","issuer":"{ISSUER}""#)));
        for text in ["", "<html>", "[]", "null", &twice] {
            let refused = Metadata::read(text.as_bytes(), ISSUER);
            assert!(
                matches!(refused, Err(MetadataError::Malformed(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn an_error_shows_a_part_of_a_long_issuer_and_no_control_character() {
        let refused = read(&format!(r#""issuer":"\n{}""#, "a".repeat(1_000)));
        let text = refused.unwrap_err().to_string();
        assert!(
            text.len() < 300 && !text.contains(char::is_control),
            "{text}"
        );
    }
}
