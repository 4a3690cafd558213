//! One fetch of keys: the address, the requests, and the reading of the responses.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};

use super::cache_control::freshness_lifetime;
use super::disk_cache::DiskCache;
use super::fetch_problem::FetchProblem;
use crate::clock::UnixTime;
use crate::crypto::Algorithm;
use crate::http_client::{AddressScope, Endpoint, HttpClient, HttpRequest, HttpResponse};
use crate::key::discovery::{Metadata, MetadataError};
use crate::key::hint::KeyHint;
use crate::key::import::KeyImporter;
use crate::key::set::KeySet;
use crate::limits;

/// The reason for a fetch, and what is known before it.
pub(super) struct FetchRequest {
    /// When the fetch was started; the age of its keys counts from then.
    pub(super) at: UnixTime,
    /// The key that a token asks for.
    pub(super) wanted: Option<(Algorithm, Box<str>)>,
    /// The entity tag of the set that is known already.
    pub(super) etag: Option<ETag>,
    /// Whether no set is known yet.
    pub(super) is_first: bool,
}

impl FetchRequest {
    /// A fetch because of a token.
    pub(super) fn for_token(hint: KeyHint<'_>, at: UnixTime) -> Self {
        Self {
            at,
            wanted: hint.kid().map(|kid| (hint.algorithm(), kid.into())),
            etag: None,
            is_first: false,
        }
    }

    /// A fetch because a refresh is due.
    pub(super) const fn for_refresh(at: UnixTime) -> Self {
        Self {
            at,
            wanted: None,
            etag: None,
            is_first: false,
        }
    }
}

/// An entity tag (RFC 9110 section 8.8.3), valid only for the address that sent it.
#[derive(Clone)]
pub(super) struct ETag {
    endpoint: Endpoint,
    value: HeaderValue,
}

/// The result of a fetch.
pub(super) struct FetchedSet {
    /// The time from which the age of the keys counts.
    pub(super) at: UnixTime,
    /// Whether the keys are from the source, not from the disk cache.
    pub(super) is_from_source: bool,
    /// `None` if the source confirmed the set that is known already.
    pub(super) keys: Option<KeySet>,
    pub(super) etag: Option<ETag>,
    pub(super) max_age: Option<Duration>,
}

/// The form of the document with the keys.
#[derive(Debug)]
pub(super) enum DocumentForm {
    /// A JWK Set (RFC 7517 section 5).
    JwkSet,
    /// One public key in PEM, which has this id.
    Pem { kid: Box<str> },
}

/// The origin of the address of the keys.
pub(super) enum KeySource {
    Configured { endpoint: Endpoint, name: Box<str> },
    Discovered(Discovery),
}

/// The discovery document of an issuer.
pub(super) struct Discovery {
    pub(super) issuer: Box<str>,
    /// The addresses that the document may have.
    pub(super) addresses: Vec<Endpoint>,
    /// Hosts that the document may name in addition to its own.
    pub(super) trusted_hosts: Vec<Box<str>>,
    /// The address of the keys from the last document, and when it was read.
    pub(super) learnt: Mutex<Option<(Endpoint, UnixTime)>>,
}

/// The bearer token that is sent to the source.
pub(super) enum SourceToken {
    Fixed(HeaderValue),
    /// Read at each fetch, because the token in the file may be replaced.
    File(PathBuf),
}

/// The fetching of keys from one source.
pub(super) struct Loader {
    pub(super) source: KeySource,
    pub(super) form: DocumentForm,
    pub(super) client: Arc<dyn HttpClient>,
    pub(super) import: KeyImporter,
    pub(super) token: Option<SourceToken>,
    pub(super) disk_cache: Option<DiskCache>,
}

impl Loader {
    /// Returns the configured address or issuer.
    pub(super) fn name(&self) -> &str {
        match &self.source {
            KeySource::Configured { name, .. } => name,
            KeySource::Discovered(discovery) => &discovery.issuer,
        }
    }

    /// Returns the keys from the disk cache if none are known yet, or else from the source.
    pub(super) async fn load(&self, request: &FetchRequest) -> Result<FetchedSet, FetchProblem> {
        let disk_cache = self.disk_cache.as_ref().filter(|_| request.is_first);
        let cached = disk_cache.and_then(|c| c.read(self.name(), request.at, &self.import));
        if let Some(cached) = cached {
            return Ok(FetchedSet {
                at: cached.at,
                is_from_source: false,
                keys: Some(cached.keys),
                etag: None,
                max_age: cached.max_age,
            });
        }
        let endpoint = match &self.source {
            KeySource::Configured { endpoint, .. } => endpoint.clone(),
            KeySource::Discovered(discovery) => self.discover(discovery, request.at).await?,
        };
        let fetched = self.load_from(endpoint, request).await;
        if let (Err(_), KeySource::Discovered(discovery)) = (&fetched, &self.source) {
            // The keys may have moved, so the document is read again next time.
            discovery.set_learnt(None);
        }
        fetched
    }

    async fn load_from(
        &self,
        endpoint: Endpoint,
        request: &FetchRequest,
    ) -> Result<FetchedSet, FetchProblem> {
        let known = request.etag.as_ref();
        let known = known.filter(|etag| etag.endpoint == endpoint);
        let mut get = self.request(endpoint.clone(), JWKS_TYPES)?;
        if let Some(etag) = known {
            get = get.with_header(header::IF_NONE_MATCH, etag.value.clone());
        }
        if request.wanted.is_some() {
            let no_cache = HeaderValue::from_static("no-cache");
            get = get.with_header(header::CACHE_CONTROL, no_cache);
        }
        let response = self.send(get).await?;
        let mut fetched = self.read(&response, request, known.is_some())?;
        let value = response.headers().get(header::ETAG);
        let value = value.filter(|value| value.len() <= limits::ETAG_BYTES);
        let etag = value.cloned().map(|value| ETag { endpoint, value });
        fetched.etag = etag.or_else(|| known.cloned().filter(|_| fetched.keys.is_none()));
        Ok(fetched)
    }

    /// Reads a response. "Not modified" is accepted only if the request was conditional.
    fn read(
        &self,
        response: &HttpResponse,
        request: &FetchRequest,
        is_conditional: bool,
    ) -> Result<FetchedSet, FetchProblem> {
        let max_age = freshness_lifetime(response.headers());
        let keys = match response.status() {
            StatusCode::NOT_MODIFIED if is_conditional => None,
            StatusCode::OK => Some(self.keys(response.body())?),
            _ => {
                return Err(FetchProblem::new(
                    "the source answered with another status than 200",
                ));
            }
        };
        if let (Some(_), Some(disk_cache)) = (&keys, &self.disk_cache) {
            // If the file cannot be written, the next start has to fetch the keys.
            let _ = disk_cache.write(self.name(), request.at, max_age, response.body());
        }
        Ok(FetchedSet {
            at: request.at,
            is_from_source: true,
            keys,
            etag: None,
            max_age,
        })
    }

    pub(super) fn keys(&self, body: &[u8]) -> Result<KeySet, FetchProblem> {
        let (keys, text) = match &self.form {
            DocumentForm::JwkSet => (
                self.import.jwks(body),
                "the answer is no JWK Set with a usable key",
            ),
            DocumentForm::Pem { kid } => {
                let key = self.import.pem(body);
                let named = key.and_then(|key| key.with_kid(&**kid));
                (
                    named.map(KeySet::from),
                    "the answer is no usable key in PEM",
                )
            }
        };
        keys.map_err(|error| FetchProblem::new(text).because(error))
    }

    async fn discover(&self, source: &Discovery, now: UnixTime) -> Result<Endpoint, FetchProblem> {
        if let Some(learnt) = source.fresh_learnt(now) {
            return Ok(learnt);
        }
        let mut problem = FetchProblem::new("the issuer has no discovery document");
        for address in &source.addresses {
            let response = self
                .send(self.request(address.clone(), DOCUMENT_TYPES)?)
                .await?;
            match source.read(&response, address) {
                Ok(endpoint) => {
                    source.set_learnt(Some((endpoint.clone(), now)));
                    return Ok(endpoint);
                }
                Err(DocumentError::NotHere) => {}
                Err(DocumentError::Refused(refused)) => problem = refused,
                Err(DocumentError::Failed(failed)) => return Err(failed),
            }
        }
        Err(problem)
    }

    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FetchProblem> {
        let sent = self.client.send(request).await;
        sent.map_err(|error| FetchProblem::new("the source did not answer").because(error))
    }

    pub(super) fn request(
        &self,
        endpoint: Endpoint,
        types: &'static str,
    ) -> Result<HttpRequest, FetchProblem> {
        let is_trusted = endpoint.address_scope() != AddressScope::Public;
        let request =
            HttpRequest::get(endpoint).with_header(header::ACCEPT, HeaderValue::from_static(types));
        // A host that is only named by a document gets no credentials.
        let token = self.token.as_ref().filter(|_| is_trusted);
        match token.map(SourceToken::header).transpose()? {
            Some(value) => Ok(request.with_header(header::AUTHORIZATION, value)),
            None => Ok(request),
        }
    }
}

pub(super) const JWKS_TYPES: &str = "application/jwk-set+json, application/json";
pub(super) const DOCUMENT_TYPES: &str = "application/json";

/// Why an address gave no usable document.
pub(super) enum DocumentError {
    /// The address could not be read, so no other is asked.
    Failed(FetchProblem),
    /// There is none; another address may have it.
    NotHere,
    /// The document is not usable.
    Refused(FetchProblem),
}

impl Discovery {
    pub(super) fn read(
        &self,
        response: &HttpResponse,
        address: &Endpoint,
    ) -> Result<Endpoint, DocumentError> {
        match response.status() {
            StatusCode::OK => {}
            status if status.is_client_error() => return Err(DocumentError::NotHere),
            _ => {
                let text =
                    "the place of the discovery document answered with another status than 200";
                return Err(DocumentError::Failed(FetchProblem::new(text)));
            }
        }
        let metadata = Metadata::read(response.body(), &self.issuer);
        let metadata = metadata.map_err(|error| DocumentError::Refused(refused(error)))?;
        let uri = metadata.jwks_uri();
        let uri = uri.ok_or(DocumentError::Refused(FetchProblem::new(
            "the discovery document names no keys",
        )))?;
        let learnt = address.learn(uri, &self.trusted_hosts);
        learnt.map_err(|why| {
            let text = "the address of the keys in the discovery document must not be reached";
            DocumentError::Refused(FetchProblem::new(text).because(why))
        })
    }

    fn fresh_learnt(&self, now: UnixTime) -> Option<Endpoint> {
        let learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        let (endpoint, at) = learnt.as_ref()?;
        let is_fresh = *at <= now && now < at.saturating_add(limits::DISCOVERY_FRESH);
        is_fresh.then(|| endpoint.clone())
    }

    fn set_learnt(&self, learnt: Option<(Endpoint, UnixTime)>) {
        *self.learnt.lock().unwrap_or_else(PoisonError::into_inner) = learnt;
    }
}

fn refused(error: MetadataError) -> FetchProblem {
    let text = match error {
        MetadataError::Issuer => "the issuer in the discovery document is another one",
        MetadataError::Malformed | MetadataError::InvalidAddress => {
            "the discovery document is malformed"
        }
    };
    FetchProblem::new(text).because(error)
}

impl SourceToken {
    pub(super) fn fixed(token: &[u8]) -> Option<Self> {
        header_value(token).map(Self::Fixed)
    }

    fn header(&self) -> Result<HeaderValue, FetchProblem> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::File(path) => {
                let unreadable =
                    FetchProblem::new("the file of the source's bearer token is unreadable");
                let token = std::fs::read(path).map(zeroize::Zeroizing::new);
                let token = token.map_err(|error| unreadable.clone().because(error))?;
                header_value(token.trim_ascii()).ok_or(unreadable)
            }
        }
    }
}

fn header_value(token: &[u8]) -> Option<HeaderValue> {
    let is_token = |b: &u8| b.is_ascii_graphic();
    if token.is_empty() || !token.iter().all(is_token) {
        return None;
    }
    let line = zeroize::Zeroizing::new([b"Bearer ", token].concat());
    let mut value = HeaderValue::from_bytes(&line).ok()?;
    value.set_sensitive(true);
    Some(value)
}
