//! One fetch of keys: the address, the requests, and the reading of the responses.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::cache_control::freshness_lifetime;
use super::discovery_document::{CODED, Discovery, DocumentError, REMOVE_CODING, no_document};
use super::disk_cache::DiskCache;
use super::fetch_problem::FetchProblem;
use super::source_keys::{SourceForm, SourceKeys};
use crate::clock::UnixTime;
use crate::crypto::Algorithm;
use crate::http_client::{CheckedSettings, Endpoint, HttpClient, HttpRequest, HttpResponse};
use crate::key::hint::KeyHint;
use crate::key::import::KeyImporter;
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
    pub(super) keys: Option<SourceKeys>,
    pub(super) etag: Option<ETag>,
    pub(super) max_age: Option<Duration>,
}

/// The origin of the address of the keys.
pub(super) enum KeySource {
    Configured { endpoint: Endpoint, name: Box<str> },
    Discovered(Discovery),
}

impl KeySource {
    /// Returns the hosts to which requests without TLS may go, if the settings name them.
    pub(super) fn plain_hosts(&self) -> Vec<&str> {
        match self {
            Self::Configured { endpoint, .. } => {
                let plain = Some(endpoint).filter(|endpoint| endpoint.is_plain_http());
                plain.map(Endpoint::host).into_iter().collect()
            }
            Self::Discovered(discovery) => {
                let places = discovery.places.iter().map(Endpoint::host);
                let trusted = discovery.trusted_hosts.iter().map(|host| &**host);
                places.chain(trusted).collect()
            }
        }
    }
}

/// The address of the keys, and the place of the document that names it.
pub(super) struct Located<'s> {
    pub(super) place: &'s Endpoint,
    pub(super) keys: Endpoint,
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
    pub(super) form: SourceForm,
    pub(super) client: Arc<dyn HttpClient>,
    pub(super) settings: CheckedSettings,
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
        let read = |body: &[u8]| self.form.read(&self.import, body).ok();
        let cached = disk_cache.and_then(|c| c.read(self.name(), request.at, read));
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
        let fetched = self.load_from(endpoint.clone(), request).await;
        let fetched = fetched.map_err(|problem| problem.at(&endpoint));
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
        let mut headers = HeaderMap::new();
        if let Some(etag) = known {
            headers.insert(header::IF_NONE_MATCH, etag.value.clone());
        }
        if request.wanted.is_some() {
            let no_cache = HeaderValue::from_static("no-cache");
            headers.insert(header::CACHE_CONTROL, no_cache);
        }
        let response = self.get(&endpoint, self.form.types(), &headers).await?;
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
            StatusCode::OK => Some(self.keys(response)?),
            status => return Err(FetchProblem::status(status)),
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

    /// Reads the keys in the body of a response.
    pub(super) fn keys(&self, response: &HttpResponse) -> Result<SourceKeys, FetchProblem> {
        let body = response.plain_body();
        let body = body.map_err(|c| FetchProblem::new(CODED, REMOVE_CODING).because(c))?;
        self.form.read(&self.import, body)
    }

    async fn discover(&self, source: &Discovery, now: UnixTime) -> Result<Endpoint, FetchProblem> {
        if let Some(learnt) = source.fresh_learnt(now) {
            return Ok(learnt);
        }
        let located = self.locate(source).await;
        let located = located.map_err(|(place, problem)| match place {
            Some(place) => problem.at(place),
            None => problem,
        })?;
        source.set_learnt(Some((located.keys.clone(), now)));
        Ok(located.keys)
    }

    /// Asks the places of the document in turn, until one has it or fails.
    ///
    /// # Errors
    ///
    /// The problem, with the place that has it unless there is no document at all.
    pub(super) async fn locate<'s>(
        &self,
        source: &'s Discovery,
    ) -> Result<Located<'s>, (Option<&'s Endpoint>, FetchProblem)> {
        let mut refused = None;
        for place in &source.places {
            let response = self.get(place, DOCUMENT_TYPES, &HeaderMap::new()).await;
            let response = response.map_err(|problem| (Some(place), problem))?;
            match source.read(&response, place, &self.settings) {
                Ok(keys) => return Ok(Located { place, keys }),
                Err(DocumentError::NotHere) => {}
                Err(DocumentError::Refused(problem)) => {
                    refused = refused.or(Some((Some(place), problem)));
                }
                Err(DocumentError::Failed(problem)) => return Err((Some(place), problem)),
            }
        }
        Err(refused.unwrap_or_else(|| (None, no_document(&source.places))))
    }

    /// Gets an answer, with a second attempt if no connection was made.
    pub(super) async fn get(
        &self,
        endpoint: &Endpoint,
        types: &'static str,
        more: &HeaderMap,
    ) -> Result<HttpResponse, FetchProblem> {
        let make = || {
            let request = self.request(endpoint.clone(), types)?;
            let headers = more.iter();
            Ok(headers.fold(request, |request, (name, value)| {
                request.with_header(name.clone(), value.clone())
            }))
        };
        let sent = self.settings.send(&*self.client, make).await?;
        sent.map_err(FetchProblem::unanswered)
    }

    pub(super) fn request(
        &self,
        endpoint: Endpoint,
        types: &'static str,
    ) -> Result<HttpRequest, FetchProblem> {
        let is_trusted = endpoint.takes_credentials();
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

const DOCUMENT_TYPES: &str = "application/json";

impl SourceToken {
    pub(super) fn fixed(token: &[u8]) -> Option<Self> {
        header_value(token).map(Self::Fixed)
    }

    fn header(&self) -> Result<HeaderValue, FetchProblem> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::File(path) => {
                let unreadable = FetchProblem::new(
                    "the file of the source's bearer token is unreadable",
                    "check the path and its permissions; the file has one token, without a scheme",
                );
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
