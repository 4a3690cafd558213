//! The text of a load balancer's token: a JWT whose parts are padded.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;

use crate::clock::UnixTime;
use crate::credential::without_application;
use crate::crypto::Algorithm;
use crate::error::{Rejection, RejectionKind};
use crate::json::{Document, Kind, Rounding, Value, seconds};
use crate::limits;

/// A token that is parsed but not verified: all of it is untrusted.
pub(super) struct AlbToken<'t> {
    signed: &'t str,
    signature: Vec<u8>,
    header: Document,
    payload: Vec<u8>,
}

impl<'t> AlbToken<'t> {
    /// Parses a token: three parts of base64url with padding, which is a part of what is signed,
    /// and a header that names `ES256` and a key by a UUID.
    pub(super) fn parse(token: &'t str) -> Result<Self, Rejection> {
        if token.len() > limits::TOKEN_BYTES {
            return Err(RejectionKind::TokenTooLarge.into());
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(RejectionKind::TokenMalformed.into());
        };
        let signed = header.len() + 1 + payload.len();
        let (header, payload) = (decode(header)?, decode(payload)?);
        if header.len() > limits::HEADER_BYTES {
            return Err(RejectionKind::TokenTooLarge.into());
        }
        let parsed = Self {
            signed: token.get(..signed).unwrap_or_default(),
            signature: decode(signature)?,
            header: Document::parse(&header).map_err(|_| RejectionKind::TokenMalformed)?,
            payload,
        };
        parsed.check_header()?;
        Ok(parsed)
    }

    fn check_header(&self) -> Result<(), Rejection> {
        // RFC 7515 section 4.1.11, RFC 7797 section 3, RFC 7516 section 4.1.2.
        if ["crit", "b64", "enc"]
            .iter()
            .any(|name| self.header.get(name).is_some())
        {
            return Err(RejectionKind::HeaderUnsupported.into());
        }
        if self.text("alg")? != Algorithm::Es256.as_str() {
            return Err(RejectionKind::AlgorithmNotAllowed.into());
        }
        if self.header.get("typ").is_some() {
            let typ = self.text("typ")?;
            if !without_application(&typ).eq_ignore_ascii_case("JWT") {
                return Err(Rejection::new(RejectionKind::TypeMismatch).with_claim("typ"));
            }
        }
        let kid = self.text("kid")?;
        match is_uuid(&kid) {
            true => Ok(()),
            false => Err(RejectionKind::HeaderUnsupported.into()),
        }
    }

    /// Returns a member of the header that must be a string.
    fn text(&self, name: &str) -> Result<String, Rejection> {
        let text = self.header.get(name).and_then(Value::as_str);
        let text = text.ok_or(RejectionKind::HeaderUnsupported)?;
        Ok(text.into_owned())
    }

    /// Returns the id of the key, a UUID.
    pub(super) fn kid(&self) -> String {
        self.text("kid").unwrap_or_default()
    }

    /// Returns a string of the header that names a party.
    ///
    /// # Errors
    ///
    /// `ClaimMissing` or `ClaimInvalid` with its name.
    pub(super) fn party(&self, name: &'static str) -> Result<String, Rejection> {
        let reject = |kind| Err(Rejection::new(kind).with_claim(name));
        match self.header.get(name) {
            None => reject(RejectionKind::ClaimMissing),
            Some(value) => match value.as_str() {
                Some(text) => Ok(text.into_owned()),
                None => reject(RejectionKind::ClaimInvalid),
            },
        }
    }

    /// Returns the `exp` of the header, which the load balancer writes there too.
    pub(super) fn header_expiry(&self) -> Result<Option<UnixTime>, Rejection> {
        let Some(value) = self.header.get("exp") else {
            return Ok(None);
        };
        let secs = match value.kind() {
            Kind::Number => seconds(value.bytes(), Rounding::Down),
            _ => None,
        };
        let invalid = || Rejection::new(RejectionKind::ClaimInvalid).with_claim("exp");
        secs.map(|secs| Some(UnixTime::from_secs(secs)))
            .ok_or_else(invalid)
    }

    /// Returns the signed bytes, with their padding.
    pub(super) fn signed(&self) -> &'t [u8] {
        self.signed.as_bytes()
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Parses the claims.
    pub(super) fn claims(&self) -> Result<Document, Rejection> {
        Document::parse(&self.payload).map_err(|_| RejectionKind::TokenMalformed.into())
    }
}

/// Decodes one part, which has exactly one spelling: padded, without stray bits.
fn decode(part: &str) -> Result<Vec<u8>, RejectionKind> {
    URL_SAFE
        .decode(part)
        .map_err(|_| RejectionKind::TokenMalformed)
}

/// Returns true for 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
fn is_uuid(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    let is_hex = |b: u8| b.is_ascii_hexdigit() || b == b'-';
    groups.eq([8, 4, 4, 4, 12]) && text.bytes().all(is_hex)
}
