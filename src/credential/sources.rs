//! Finds the one credential of a slot, or says why there is none.

use std::borrow::Cow;

use http::HeaderName;
use http::Method;
use http::header;

use super::authorization;
use super::builder::SourcesBuilder;
use super::cookie;
use super::parameter;
use super::place::Place;
use super::place::Scheme;
use super::presented::Credential;
use super::presented::PresentedCredential;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::limits;
use crate::request::RequestFacts;

/// The places of a request where one slot looks for its credential.
///
/// The default is `Authorization: Bearer` alone; [`Sources::builder`] enables others. Whatever is
/// enabled, a request must carry exactly one credential in all of these places together
/// (RFC 6750 section 2).
///
/// ```
/// use bearergate::RejectionKind;
/// use bearergate::credential::Sources;
/// use bearergate::request::RequestFacts;
///
/// let sources = Sources::builder().query("access_token").build()?;
/// let request = http::Request::get("/?access_token=a.b.c")
///     .header("authorization", "Bearer d.e.f")
///     .body(())?;
/// let facts = RequestFacts::from(&request);
/// let refused = sources.extract(&facts).unwrap_err();
/// assert_eq!(refused.kind(), RejectionKind::CredentialAmbiguous);
///
/// let default = Sources::default();
/// assert_eq!(default.extract(&facts)?.credential().expose(), "d.e.f");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sources {
    pub(super) schemes: Vec<Scheme>,
    pub(super) places: Vec<Place>,
    pub(super) origins: Vec<String>,
}

impl Sources {
    /// The parameter name of RFC 6750 sections 2.2 and 2.3.
    pub const ACCESS_TOKEN: &'static str = "access_token";

    /// Starts from the default, `Authorization: Bearer`.
    pub fn builder() -> SourcesBuilder {
        SourcesBuilder::default()
    }

    /// Returns the enabled places.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.iter()
    }

    /// Returns the enabled schemes of the `Authorization` header.
    pub fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    /// Takes the credential of a request.
    ///
    /// Only if exactly one of the enabled places holds exactly one credential, and that one is
    /// well-formed. A cookie further needs a request that no other site can have caused.
    ///
    /// # Errors
    ///
    /// [`CredentialMissing`](RejectionKind::CredentialMissing) if there is none,
    /// [`CredentialAmbiguous`](RejectionKind::CredentialAmbiguous) if there is more than one,
    /// [`CredentialMalformed`](RejectionKind::CredentialMalformed) if it is malformed,
    /// [`TokenTooLarge`](RejectionKind::TokenTooLarge) if a percent-encoded one is too large to
    /// be decoded, [`CrossSiteRefused`](RejectionKind::CrossSiteRefused) if another site may have
    /// caused a request with a cookie.
    pub fn extract<'r>(
        &'r self,
        facts: &'r RequestFacts<'r>,
    ) -> Result<PresentedCredential<'r>, Rejection> {
        let (place, raw) = self.find(facts)?;
        let credential = self.read(place, raw, facts)?;
        Ok(PresentedCredential::new(credential, place).with_facts(facts))
    }

    /// Takes the whole value of one `Authorization` header, of any enabled scheme.
    ///
    /// # Errors
    ///
    /// Like [`PresentedCredential::authorization`].
    pub fn authorization<'r>(&self, value: &'r str) -> Result<PresentedCredential<'r>, Rejection> {
        let credential = authorization::read(value.as_bytes(), &self.schemes)?;
        Ok(PresentedCredential::new(
            credential,
            &Place::AuthorizationHeader,
        ))
    }

    fn find<'r>(
        &'r self,
        facts: &RequestFacts<'r>,
    ) -> Result<(&'r Place, &'r [u8]), RejectionKind> {
        let mut found = None;
        for place in &self.places {
            let Some(raw) = self.carried(place, facts)? else {
                continue;
            };
            if found.replace((place, raw)).is_some() {
                return Err(RejectionKind::CredentialAmbiguous);
            }
        }
        found.ok_or(RejectionKind::CredentialMissing)
    }

    fn carried<'r>(
        &self,
        place: &Place,
        facts: &RequestFacts<'r>,
    ) -> Result<Option<&'r [u8]>, RejectionKind> {
        match place {
            Place::AuthorizationHeader => {
                let line = only(lines(facts, &header::AUTHORIZATION))?;
                Ok(line.filter(|value| authorization::concerns(value, &self.schemes)))
            }
            Place::Cookie(name) => only(cookie::values(facts.headers(), name)),
            Place::Form(name) => in_form(facts, name),
            Place::Header(name) => only(lines(facts, name)),
            Place::Query(name) => {
                let query = facts.uri().query().unwrap_or_default();
                only(parameter::values(query.as_bytes(), name))
            }
        }
    }

    fn read<'r>(
        &self,
        place: &Place,
        raw: &'r [u8],
        facts: &RequestFacts<'_>,
    ) -> Result<Credential<'r>, RejectionKind> {
        match place {
            Place::AuthorizationHeader => authorization::read(raw, &self.schemes),
            Place::Cookie(_) => {
                cookie::guard(facts, &self.origins)?;
                Credential::from_bytes(Scheme::Cookie, raw)
            }
            Place::Form(_) | Place::Query(_) => Credential::new(Scheme::Bearer, decoded(raw)?),
            Place::Header(_) => Credential::from_bytes(Scheme::Bearer, raw),
        }
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            schemes: vec![Scheme::Bearer],
            places: vec![Place::AuthorizationHeader],
            origins: Vec::new(),
        }
    }
}

fn lines<'r>(facts: &RequestFacts<'r>, name: &HeaderName) -> impl Iterator<Item = &'r [u8]> {
    let lines = facts.headers().get_all(name).into_iter();
    lines.map(|value| value.as_bytes())
}

fn only<'r>(mut values: impl Iterator<Item = &'r [u8]>) -> Result<Option<&'r [u8]>, RejectionKind> {
    match (values.next(), values.next()) {
        (one, None) => Ok(one),
        _ => Err(RejectionKind::CredentialAmbiguous),
    }
}

fn in_form<'r>(facts: &RequestFacts<'r>, name: &str) -> Result<Option<&'r [u8]>, RejectionKind> {
    let form = facts.form().unwrap_or_default();
    if form.len() > limits::FORM_BYTES {
        return Err(RejectionKind::CredentialMalformed);
    }
    let value = only(parameter::values(form, name))?;
    // RFC 6750 section 2.2: only where a body has a meaning.
    if value.is_some() && [Method::GET, Method::HEAD].contains(facts.method()) {
        return Err(RejectionKind::CredentialMalformed);
    }
    Ok(value)
}

fn decoded(raw: &[u8]) -> Result<Cow<'_, str>, RejectionKind> {
    // Each byte of a token takes at most three when it is escaped.
    if raw.len() > 3 * limits::TOKEN_BYTES_MAX {
        return Err(RejectionKind::TokenTooLarge);
    }
    parameter::decode(raw).ok_or(RejectionKind::CredentialMalformed)
}
