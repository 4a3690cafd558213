//! Discovery documents of issuers (OpenID Connect Discovery 1.0, RFC 8414).

use crate::error::ConfigError;
use crate::http_client::Endpoint;
use crate::json::{Object, Value};

/// The members of an issuer's discovery document that are used here.
///
/// The document is untrusted, with two exceptions: it was read from an address that follows from
/// the configuration, and its `issuer` is the configured one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Metadata {
    jwks_uri: Option<Box<str>>,
}

/// Why a discovery document was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum MetadataError {
    /// The `issuer` is missing, not a string, or not the configured one.
    #[error("the document's `issuer` is not the configured one, byte for byte")]
    Issuer,
    /// The document is not a well-formed JSON object without duplicate members.
    #[error("the document is not one well-formed JSON object without duplicate members")]
    Malformed,
    /// A member that names an address is not a string.
    #[error("an address in the document is not a string")]
    InvalidAddress,
}

impl Metadata {
    /// Reads a document. It is accepted only if its `issuer` equals the configured one byte for
    /// byte, and if each address in it is a string.
    pub(crate) fn read(text: &[u8], issuer: &str) -> Result<Self, MetadataError> {
        let document = Object::parse(text).map_err(|_| MetadataError::Malformed)?;
        let own = document.get("issuer").and_then(Value::as_str);
        if own.as_deref() != Some(issuer) {
            return Err(MetadataError::Issuer);
        }
        for name in ["introspection_endpoint", "revocation_endpoint"] {
            address(&document, name)?;
        }
        Ok(Self {
            jwks_uri: address(&document, "jwks_uri")?,
        })
    }

    /// Returns the address of the keys. It is untrusted.
    pub(crate) fn jwks_uri(&self) -> Option<&str> {
        self.jwks_uri.as_deref()
    }
}

/// Reads a discovery document for the fuzz target, and returns its `jwks_uri` if it is accepted.
#[cfg(fuzzing)]
pub fn jwks_uri_of(text: &[u8], issuer: &str) -> Option<Option<String>> {
    let metadata = Metadata::read(text, issuer).ok()?;
    Some(metadata.jwks_uri().map(str::to_owned))
}

fn address(document: &Object<'_>, name: &str) -> Result<Option<Box<str>>, MetadataError> {
    let Some(value) = document.get(name) else {
        return Ok(None);
    };
    let text = value.as_str().ok_or(MetadataError::InvalidAddress)?;
    Ok(Some(text.into()))
}

/// Returns the addresses that an issuer's document may have, in the order in which they are asked:
/// the well-known path after the issuer's path (OpenID Connect), then before it (RFC 8414).
///
/// # Errors
///
/// `value_malformed` for an issuer that is not an address, or has a query.
pub(crate) fn document_addresses(issuer: &str) -> Result<Vec<Endpoint>, ConfigError> {
    let base = Endpoint::parse(issuer)?;
    if base.uri().query().is_some() {
        return Err(base.refused("has a query, which an issuer cannot have; remove it"));
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
    addresses.iter().map(|url| Endpoint::parse(url)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://idp.example.com/realms/a";

    fn shown(issuer: &str) -> Vec<String> {
        let addresses = document_addresses(issuer).unwrap();
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
            assert!(document_addresses(issuer).is_err(), "{issuer}");
        }
    }

    #[test]
    fn the_issuer_must_be_equal_byte_for_byte() {
        let read = |issuer: &str| Metadata::read(issuer.as_bytes(), ISSUER);
        let good = read(r#"{"issuer":"https://idp.example.com/realms/a"}"#);
        assert_eq!(good.unwrap().jwks_uri(), None);
        for text in [
            r#"{}"#,
            r#"{"issuer":null}"#,
            r#"{"issuer":["https://idp.example.com/realms/a"]}"#,
            r#"{"issuer":"https://idp.example.com/realms/a/"}"#,
            r#"{"issuer":"https://IDP.example.com/realms/a"}"#,
            r#"{"issuer":"https://idp.example.com:443/realms/a"}"#,
        ] {
            assert_eq!(read(text), Err(MetadataError::Issuer), "{text}");
        }
    }

    #[test]
    fn text_that_is_not_a_document_is_refused() {
        let twice = format!(r#"{{"issuer":"{ISSUER}","issuer":"{ISSUER}"}}"#);
        for text in ["", "<html>", "[]", &twice] {
            let refused = Metadata::read(text.as_bytes(), ISSUER);
            assert_eq!(refused, Err(MetadataError::Malformed), "{text}");
        }
        let number = format!(r#"{{"issuer":"{ISSUER}","jwks_uri":1}}"#);
        let refused = Metadata::read(number.as_bytes(), ISSUER);
        assert_eq!(refused, Err(MetadataError::InvalidAddress));
    }
}
