//! Where an issuer says that its keys are (OpenID Connect Discovery 1.0, RFC 8414).

use crate::error::ConfigError;
use crate::http_client::Endpoint;
use crate::json::Object;
use crate::json::Value;

/// What an issuer's discovery document says, as far as it is used here.
///
/// The document is untrusted but for this: it was read from an address that the configuration
/// names, and its `issuer` is the configured one.
///
/// ```
/// use bearergate::key::Metadata;
///
/// let text = r#"{"issuer":"https://idp.example.com","jwks_uri":"https://idp.example.com/jwks"}"#;
/// let metadata = Metadata::read(text.as_bytes(), "https://idp.example.com").unwrap();
/// assert_eq!(metadata.jwks_uri(), Some("https://idp.example.com/jwks"));
/// assert!(Metadata::read(text.as_bytes(), "https://idp.example.com/").is_err());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Metadata {
    jwks_uri: Option<Box<str>>,
    introspection_endpoint: Option<Box<str>>,
    revocation_endpoint: Option<Box<str>>,
}

/// A discovery document was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// Its `issuer` is missing, no string, or another than the configured one.
    #[error("the document's `issuer` is not the configured one, byte for byte")]
    Issuer,
    /// It is no well-formed JSON object without duplicate members.
    #[error("the document is not one well-formed JSON object without duplicate members")]
    Malformed,
    /// A member that names an address is no string.
    #[error("an address in the document is not a string")]
    InvalidAddress,
}

impl Metadata {
    /// Reads a document, only if its `issuer` equals the configured one byte for byte.
    ///
    /// # Errors
    ///
    /// What [`MetadataError`] says.
    pub fn read(text: &[u8], issuer: &str) -> Result<Self, MetadataError> {
        let document = Object::parse(text).map_err(|_| MetadataError::Malformed)?;
        let own = document.get("issuer").and_then(Value::as_str);
        if own.as_deref() != Some(issuer) {
            return Err(MetadataError::Issuer);
        }
        Ok(Self {
            jwks_uri: address(&document, "jwks_uri")?,
            introspection_endpoint: address(&document, "introspection_endpoint")?,
            revocation_endpoint: address(&document, "revocation_endpoint")?,
        })
    }

    /// Returns where the keys are. The address is untrusted.
    pub fn jwks_uri(&self) -> Option<&str> {
        self.jwks_uri.as_deref()
    }

    /// Returns where tokens are introspected. The address is untrusted.
    pub fn introspection_endpoint(&self) -> Option<&str> {
        self.introspection_endpoint.as_deref()
    }

    /// Returns where tokens are revoked. The address is untrusted.
    pub fn revocation_endpoint(&self) -> Option<&str> {
        self.revocation_endpoint.as_deref()
    }
}

fn address(document: &Object<'_>, name: &str) -> Result<Option<Box<str>>, MetadataError> {
    let Some(value) = document.get(name) else {
        return Ok(None);
    };
    let text = value.as_str().ok_or(MetadataError::InvalidAddress)?;
    Ok(Some(text.into()))
}

/// Returns where an issuer's document may be, in the order in which it is looked for: OpenID
/// Connect's form behind the path, then RFC 8414's form before it.
///
/// # Errors
///
/// `value_malformed` for an issuer that is no address, or has a query.
pub(crate) fn places(issuer: &str) -> Result<Vec<Endpoint>, ConfigError> {
    let base = Endpoint::parse(issuer)?;
    if base.uri().query().is_some() {
        return Err(base.refused("has a query, which an issuer cannot have; remove it"));
    }
    let path = base.uri().path().trim_end_matches('/');
    let origin = base.origin();
    let mut places = vec![format!("{origin}{path}/.well-known/openid-configuration")];
    for name in ["oauth-authorization-server", "openid-configuration"] {
        let place = format!("{origin}/.well-known/{name}{path}");
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places.iter().map(|place| Endpoint::parse(place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://idp.example.com/realms/a";

    fn shown(issuer: &str) -> Vec<String> {
        let places = places(issuer).unwrap();
        places.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn both_path_forms_are_looked_for() {
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
    fn an_issuer_that_is_no_address_has_no_document() {
        for issuer in [
            "joe",
            "http://idp.example.com",
            "https://h/?a=b",
            "https://h/#a",
            "a+b",
        ] {
            assert!(places(issuer).is_err(), "{issuer}");
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
    fn what_is_no_document_is_refused() {
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
