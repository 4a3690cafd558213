//! Extraction of the one credential of a request from its enabled places.

use http::{HeaderName, Method, header};

use super::basic::BasicKey;
use super::cross_site::CrossSiteCheck;
use super::place::{Place, Scheme};
use super::presented::{Credential, PresentedCredential};
use super::{authorization, charset, cookie, parameter};
use crate::error::{Rejection, RejectionKind};
use crate::limits;
use crate::request::RequestFacts;

/// The places of a request that may have the credential.
///
/// The default is `Authorization: Bearer` only; [`Sources::builder`] enables others. A request must
/// have exactly one credential in all enabled places together (RFC 6750 section 2). A credential in
/// a place that is not enabled is ignored. So is an enabled scheme with nothing behind it (a bare
/// `Bearer`), an empty cookie, and an empty header of a name of one's own: they present none.
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
/// let rejection = sources.extract(&facts).unwrap_err();
/// assert_eq!(rejection.kind(), RejectionKind::CredentialAmbiguous);
///
/// let default = Sources::default();
/// assert_eq!(default.extract(&facts)?.credential().expose(), "d.e.f");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sources {
    pub(super) schemes: Vec<Scheme>,
    pub(super) places: Vec<Place>,
    pub(super) basic: Option<BasicKey>,
    pub(super) cross_site: CrossSiteCheck,
}

impl Sources {
    /// The name of the form and query parameter of RFC 6750 sections 2.2 and 2.3, `access_token`.
    /// Give it to [`form`](crate::credential::SourcesBuilder::form) or
    /// [`query`](crate::credential::SourcesBuilder::query).
    pub const ACCESS_TOKEN: &'static str = "access_token";

    /// Returns the enabled places: the `Authorization` header first, then its scheme `Basic`, then
    /// the others in the order in which they were enabled.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.iter()
    }

    /// Returns the enabled schemes of the `Authorization` header. A header with another scheme
    /// counts as no credential. The list is empty if only other places are enabled.
    pub fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    /// Extracts the credential of a request.
    ///
    /// Returns a credential only if exactly one of the enabled places has exactly one credential,
    /// and it is well-formed. A request with a cookie credential must also pass the
    /// [`CrossSiteCheck`]. The credential is not verified.
    ///
    /// # Errors
    ///
    /// [`CredentialMissing`](RejectionKind::CredentialMissing) if there is none,
    /// [`CredentialAmbiguous`](RejectionKind::CredentialAmbiguous) if there is more than one,
    /// [`CredentialMalformed`](RejectionKind::CredentialMalformed) if it is malformed or the form
    /// body is too long, [`TokenTooLarge`](RejectionKind::TokenTooLarge) if an encoded one is too
    /// long to be decoded, [`CrossSiteRefused`](RejectionKind::CrossSiteRefused) if another site
    /// may have caused a request with a cookie.
    pub fn extract<'r>(
        &'r self,
        facts: &'r RequestFacts<'r>,
    ) -> Result<PresentedCredential<'r>, Rejection> {
        let mut found = None;
        for place in &self.places {
            let Some(raw) = self.raw_value(place, facts)? else {
                continue;
            };
            if found.replace((place, raw)).is_some() {
                return Err(RejectionKind::CredentialAmbiguous.into());
            }
        }
        let (place, raw) = found.ok_or(RejectionKind::CredentialMissing)?;
        let credential = self.parse(place, raw, facts)?;
        Ok(PresentedCredential::new(credential, place).with_facts(facts))
    }

    /// Parses the whole value of one `Authorization` header with any enabled scheme.
    ///
    /// # Errors
    ///
    /// [`CredentialMissing`](RejectionKind::CredentialMissing) if the scheme is not enabled or has
    /// nothing behind it, [`CredentialMalformed`](RejectionKind::CredentialMalformed) if the value
    /// is not the scheme, one or more spaces and a token,
    /// [`TokenTooLarge`](RejectionKind::TokenTooLarge) if a token of `Basic` is too long to be
    /// decoded.
    pub fn authorization<'r>(&self, value: &'r str) -> Result<PresentedCredential<'r>, Rejection> {
        let credential = self.parse_header(value.as_bytes())?;
        let place = match credential.scheme() {
            Scheme::Basic => &Place::Basic,
            _ => &Place::AuthorizationHeader,
        };
        Ok(PresentedCredential::new(credential, place))
    }

    /// Returns where a text has the first character that none of the enabled places can carry,
    /// counted from 0; `None` if one of them can carry the whole text.
    pub(crate) fn flaw(&self, text: &str) -> Option<usize> {
        let flaw = |place: &Place| match (place, &self.basic) {
            (Place::Header(_), _) => charset::flaw(text, |b| b.is_ascii_graphic()),
            (Place::Basic, Some(basic)) => basic.flaw(text),
            _ => charset::b64token_flaw(text),
        };
        // `None` is less than every position.
        let flaws = self.places.iter().map(flaw);
        match flaws.clone().any(|flaw| flaw.is_none()) {
            true => None,
            false => flaws.max().flatten(),
        }
    }

    pub(super) fn raw_value<'r>(
        &self,
        place: &Place,
        facts: &RequestFacts<'r>,
    ) -> Result<Option<&'r [u8]>, RejectionKind> {
        match place {
            Place::AuthorizationHeader | Place::Basic => {
                let line = single(lines(facts, &header::AUTHORIZATION))?;
                Ok(line.filter(|value| self.is_of(place, value)))
            }
            Place::Cookie(name) => {
                let value = single(cookie::values(facts.headers(), name))?;
                Ok(value.filter(|value| !value.is_empty()))
            }
            Place::Form(name) => {
                let form = facts.form().unwrap_or_default();
                if form.len() > limits::FORM_BYTES {
                    return Err(RejectionKind::CredentialMalformed);
                }
                let value = single(parameter::values(form, name))?;
                // RFC 6750 section 2.2: only with a method whose body has a meaning.
                if value.is_some() && [Method::GET, Method::HEAD].contains(facts.method()) {
                    return Err(RejectionKind::CredentialMalformed);
                }
                Ok(value)
            }
            Place::Header(name) => {
                let value = single(lines(facts, name))?;
                Ok(value.filter(|value| !value.is_empty()))
            }
            Place::Query(name) => {
                let query = facts.uri().query().unwrap_or_default();
                single(parameter::values(query.as_bytes(), name))
            }
        }
    }

    /// Returns true if an `Authorization` header presents a credential of this place.
    fn is_of(&self, place: &Place, value: &[u8]) -> bool {
        match authorization::parse(value, &self.schemes) {
            Ok(None) => false,
            Ok(Some((Scheme::Basic, _))) => *place == Place::Basic,
            Ok(Some(_)) => *place == Place::AuthorizationHeader,
            // INVARIANT: a place of this header is the first one. It rejects what has no scheme.
            Err(_) => self.places.first() == Some(place),
        }
    }

    fn parse_header<'r>(&self, value: &'r [u8]) -> Result<Credential<'r>, RejectionKind> {
        let parsed = authorization::parse(value, &self.schemes)?;
        match (parsed.ok_or(RejectionKind::CredentialMissing)?, &self.basic) {
            ((Scheme::Basic, token), Some(basic)) => Ok(Credential::checked(
                Scheme::Basic,
                basic.parse(token)?.into(),
            )),
            ((scheme, token), _) => Credential::from_bytes(scheme, token),
        }
    }

    fn parse<'r>(
        &self,
        place: &Place,
        raw: &'r [u8],
        facts: &RequestFacts<'_>,
    ) -> Result<Credential<'r>, RejectionKind> {
        match place {
            Place::AuthorizationHeader => self.parse_header(raw),
            Place::Basic => {
                // A browser keeps such a credential and sends it again, as it does a cookie. Other
                // clients send neither header.
                self.cross_site.check_if_known(facts)?;
                self.parse_header(raw)
            }
            Place::Cookie(_) => {
                self.cross_site.check_facts(facts)?;
                Credential::from_bytes(Scheme::Cookie, raw)
            }
            Place::Form(_) | Place::Query(_) => {
                // A percent-encoded byte has three characters.
                if raw.len() > 3 * limits::TOKEN_BYTES_MAX {
                    return Err(RejectionKind::TokenTooLarge);
                }
                let value = parameter::decode(raw).ok_or(RejectionKind::CredentialMalformed)?;
                Credential::new(Scheme::Bearer, value)
            }
            Place::Header(_) => Credential::visible(Scheme::Bearer, raw),
        }
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            schemes: vec![Scheme::Bearer],
            places: vec![Place::AuthorizationHeader],
            basic: None,
            cross_site: CrossSiteCheck::default(),
        }
    }
}

fn lines<'r>(facts: &RequestFacts<'r>, name: &HeaderName) -> impl Iterator<Item = &'r [u8]> {
    let lines = facts.headers().get_all(name).into_iter();
    lines.map(|value| value.as_bytes())
}

fn single<'r>(
    mut values: impl Iterator<Item = &'r [u8]>,
) -> Result<Option<&'r [u8]>, RejectionKind> {
    match (values.next(), values.next()) {
        (one, None) => Ok(one),
        _ => Err(RejectionKind::CredentialAmbiguous),
    }
}
