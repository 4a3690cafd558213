//! The address of the keys, as the discovery document of the issuer names it.

use std::sync::{Mutex, PoisonError};

use super::fetch_problem::FetchProblem;
use crate::clock::UnixTime;
use crate::http_client::{CheckedSettings, Endpoint, HttpResponse, StatusClass, UrlProblem};
use crate::key::discovery::{Metadata, MetadataError};
use crate::limits;

/// The discovery document of an issuer.
pub(super) struct Discovery {
    pub(super) issuer: Box<str>,
    /// The places that the document may have.
    pub(super) places: Vec<Endpoint>,
    /// Hosts that the document may name in addition to its own.
    pub(super) trusted_hosts: Vec<Box<str>>,
    /// The address of the keys from the last document, and when it was read.
    pub(super) learnt: Mutex<Option<(Endpoint, UnixTime)>>,
}

/// Why a place gave no usable document.
pub(super) enum DocumentError {
    /// The place could not be read, so no other is asked.
    Failed(FetchProblem),
    /// There is none; another place may have it.
    NotHere,
    /// The document is not usable; another place may have the right one.
    Refused(FetchProblem),
}

impl Discovery {
    /// Reads the answer of a place and returns the address of the keys.
    pub(super) fn read(
        &self,
        response: &HttpResponse,
        place: &Endpoint,
        settings: &CheckedSettings,
    ) -> Result<Endpoint, DocumentError> {
        match StatusClass::of(response.status()) {
            StatusClass::Ok => {}
            StatusClass::Absent => return Err(DocumentError::NotHere),
            _ => {
                let problem = FetchProblem::status(response.status());
                return Err(DocumentError::Failed(problem));
            }
        }
        let body = response.plain_body().map_err(|coding| {
            DocumentError::Failed(FetchProblem::new(CODED, REMOVE_CODING).because(coding))
        })?;
        let metadata = Metadata::read(body, &self.issuer);
        let metadata = metadata.map_err(|error| DocumentError::Refused(unusable(error)))?;
        let learnt = settings.learn(place, metadata.jwks_uri(), &self.trusted_hosts);
        learnt.map_err(|problem| {
            DocumentError::Refused(unreachable_keys(problem, metadata.jwks_uri()))
        })
    }

    pub(super) fn fresh_learnt(&self, now: UnixTime) -> Option<Endpoint> {
        let learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        let (endpoint, at) = learnt.as_ref()?;
        let is_fresh = *at <= now && now < at.saturating_add(limits::DISCOVERY_FRESH);
        is_fresh.then(|| endpoint.clone())
    }

    pub(super) fn set_learnt(&self, learnt: Option<(Endpoint, UnixTime)>) {
        *self.learnt.lock().unwrap_or_else(PoisonError::into_inner) = learnt;
    }
}

pub(super) const CODED: &str =
    "the answer of the source has a content coding that was not asked for";
pub(super) const REMOVE_CODING: &str = "let the provider or the proxy before it honour \
    `Accept-Encoding: identity`: switch off compression of answers that did not ask for it";

/// The problem of an issuer without a document.
pub(super) fn no_document(places: &[Endpoint]) -> FetchProblem {
    let asked: Vec<_> = places.iter().map(|place| format!("`{place}`")).collect();
    let cause = format!(
        "expected status 200, found 404, 405 or 410 at {}",
        asked.join(", ")
    );
    let problem = FetchProblem::new(
        "the issuer has no discovery document",
        "check the issuer, or give the address of the document (`discovery_url`) or of the keys \
         (`FetchedKeys::jwks_url`)",
    );
    problem.because(cause)
}

fn unusable(error: MetadataError) -> FetchProblem {
    let (text, remedy) = match &error {
        MetadataError::Missing("issuer") => (
            "the discovery document has no issuer",
            "check that the address is that of a discovery document; `issuer` is required in it",
        ),
        MetadataError::Missing(_) => (
            "the discovery document names no keys",
            "have `jwks_uri` added at the provider, or give the address of the keys \
             (`FetchedKeys::jwks_url`)",
        ),
        MetadataError::NotText(_) => (
            "a needed member of the discovery document is not a string",
            "have the document corrected at the provider, or give the address of the keys \
             (`FetchedKeys::jwks_url`)",
        ),
        MetadataError::OtherIssuer { .. } => (
            "the issuer in the discovery document is another one",
            "give the issuer exactly as the document spells it, to the last slash, if it is the \
             right one",
        ),
        MetadataError::Malformed(_) => (
            "the discovery document is malformed",
            "ask the address by hand: it must answer with one JSON object without duplicate \
             members, not with a page; or give the right one with `discovery_url`",
        ),
    };
    FetchProblem::new(text, remedy).because(error)
}

/// The problem of an address of the keys that is not used.
fn unreachable_keys(problem: UrlProblem, uri: &str) -> FetchProblem {
    let (text, remedy) = match &problem {
        UrlProblem::Relative => (
            "the address of the keys in the discovery document is relative",
            "have `jwks_uri` made an absolute URL at the provider, or give the address of the keys \
             (`FetchedKeys::jwks_url`)",
        ),
        UrlProblem::PlainHttp(_) | UrlProblem::UntrustedPlainHttp => (
            "the address of the keys in the discovery document is plain http",
            "let the provider name an `https` address; or, for a host at a private address, name \
             the host with `allow_plain_http`, and with `trust_host` if it is not the document's",
        ),
        UrlProblem::NotPublic | UrlProblem::NotPrivate | UrlProblem::Loopback => (
            "the address of the keys in the discovery document must not be reached",
            "name the host with `trust_host` if it is yours, or give the address of the keys \
             (`FetchedKeys::jwks_url`)",
        ),
        _ => (
            "the address of the keys in the discovery document is malformed",
            "have `jwks_uri` corrected at the provider, or give the address of the keys \
             (`FetchedKeys::jwks_url`)",
        ),
    };
    let shown: String = uri.split(['?', '#']).next().unwrap_or_default().to_owned();
    let shown: String = shown.chars().take(SHOWN).collect();
    FetchProblem::new(text, remedy).because(format!("`jwks_uri` {shown:?} {problem}"))
}

/// Most characters of an address from a document that are shown.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_used_for_an_hour_from_when_it_was_read() {
        let time = UnixTime::from_secs;
        let address = Endpoint::parse("https://idp.example.com/jwks").unwrap();
        let discovery = Discovery {
            issuer: "https://idp.example.com".into(),
            places: Vec::new(),
            trusted_hosts: Vec::new(),
            learnt: Mutex::new(Some((address, time(10_000)))),
        };
        // A clock that was set back ends the use too.
        for (now, is_fresh) in [
            (9_999, false),
            (10_000, true),
            (13_599, true),
            (13_600, false),
        ] {
            let learnt = discovery.fresh_learnt(time(now));
            assert_eq!(learnt.is_some(), is_fresh, "{now}");
        }
    }
}
