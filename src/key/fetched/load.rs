//! One fetch: which address, which request, and what the answer is worth.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use http::HeaderValue;
use http::StatusCode;
use http::header;

use super::disk_cache::Keep;
use super::freshness::freshness;
use crate::clock::UnixTime;
use crate::crypto::Algorithm;
use crate::error::Cause;
use crate::http_client::AddressScope;
use crate::http_client::Endpoint;
use crate::http_client::HttpClient;
use crate::http_client::HttpRequest;
use crate::http_client::HttpResponse;
use crate::key::discovery::Metadata;
use crate::key::discovery::MetadataError;
use crate::key::import::KeyImporter;
use crate::key::set::KeySet;
use crate::key::store::KeyHint;
use crate::limits;

/// What a fetch is for.
pub(super) struct Ask {
    /// When it was begun; what it brings counts from then.
    pub(super) at: UnixTime,
    /// The key that a token asks for.
    pub(super) wanted: Option<(Algorithm, Box<str>)>,
    /// Names the set that is there already.
    pub(super) tag: Option<Tag>,
    /// Whether no set ever came.
    pub(super) is_cold: bool,
}

impl Ask {
    /// Asks because of a token.
    pub(super) fn of(hint: KeyHint<'_>, at: UnixTime) -> Self {
        Self {
            at,
            wanted: hint.kid().map(|kid| (hint.algorithm(), kid.into())),
            tag: None,
            is_cold: false,
        }
    }

    /// Asks because time has passed.
    pub(super) const fn ahead(at: UnixTime) -> Self {
        Self {
            at,
            wanted: None,
            tag: None,
            is_cold: false,
        }
    }
}

/// Names a set, at the address that it came from alone.
#[derive(Clone)]
pub(super) struct Tag {
    endpoint: Endpoint,
    value: HeaderValue,
}

/// What a fetch brought.
pub(super) struct Loaded {
    /// Since when it counts.
    pub(super) at: UnixTime,
    /// Whether the source was asked.
    pub(super) is_fetched: bool,
    /// Nothing if the set that is there was confirmed.
    pub(super) keys: Option<KeySet>,
    pub(super) tag: Option<Tag>,
    pub(super) max_age: Option<Duration>,
}

/// Where the address of the keys comes from.
pub(super) enum Source {
    Configured { endpoint: Endpoint, name: Box<str> },
    Discovered(Discovered),
}

pub(super) struct Discovered {
    pub(super) issuer: Box<str>,
    pub(super) places: Vec<Endpoint>,
    /// Hosts that the document may name beside its own.
    pub(super) listed: Vec<Box<str>>,
    /// What was learnt, and when.
    pub(super) learnt: Mutex<Option<(Endpoint, UnixTime)>>,
}

/// What the source wants to see.
pub(super) enum Bearer {
    Fixed(HeaderValue),
    /// Read at each fetch: who issues such files replaces them.
    File(PathBuf),
}

pub(super) struct Loader {
    pub(super) source: Source,
    pub(super) client: Arc<dyn HttpClient>,
    pub(super) import: KeyImporter,
    pub(super) bearer: Option<Bearer>,
    pub(super) keep: Option<Keep>,
}

impl Loader {
    /// The configured address or issuer.
    pub(super) fn name(&self) -> &str {
        match &self.source {
            Source::Configured { name, .. } => name,
            Source::Discovered(discovered) => &discovered.issuer,
        }
    }

    pub(super) async fn load(&self, ask: &Ask) -> Result<Loaded, Problem> {
        if let Some(kept) = self.kept(ask) {
            return Ok(kept);
        }
        let endpoint = match &self.source {
            Source::Configured { endpoint, .. } => endpoint.clone(),
            Source::Discovered(discovered) => self.discover(discovered, ask.at).await?,
        };
        let loaded = self.load_from(endpoint, ask).await;
        if let (Err(_), Source::Discovered(discovered)) = (&loaded, &self.source) {
            discovered.learn(None);
        }
        loaded
    }

    fn kept(&self, ask: &Ask) -> Option<Loaded> {
        let keep = self.keep.as_ref().filter(|_| ask.is_cold)?;
        let kept = keep.read(self.name(), ask.at, &self.import)?;
        Some(Loaded {
            at: kept.at,
            is_fetched: false,
            keys: Some(kept.keys),
            tag: None,
            max_age: kept.max_age,
        })
    }

    async fn load_from(&self, endpoint: Endpoint, ask: &Ask) -> Result<Loaded, Problem> {
        let known = ask.tag.as_ref().filter(|tag| tag.endpoint == endpoint);
        let mut request = self.request(endpoint.clone(), JWKS_TYPES)?;
        if let Some(tag) = known {
            request = request.with_header(header::IF_NONE_MATCH, tag.value.clone());
        }
        if ask.wanted.is_some() {
            let anew = HeaderValue::from_static("no-cache");
            request = request.with_header(header::CACHE_CONTROL, anew);
        }
        let response = self.send(request).await?;
        let mut loaded = self.read(&response, ask, known.is_some())?;
        let value = response.headers().get(header::ETAG);
        let value = value.filter(|value| value.len() <= limits::ETAG_BYTES);
        let tag = value.cloned().map(|value| Tag { endpoint, value });
        loaded.tag = tag.or_else(|| known.cloned().filter(|_| loaded.keys.is_none()));
        Ok(loaded)
    }

    /// Reads an answer, which may say that nothing has changed only if that was asked.
    fn read(&self, response: &HttpResponse, ask: &Ask, asked: bool) -> Result<Loaded, Problem> {
        let max_age = freshness(response.headers());
        let keys = match response.status() {
            StatusCode::NOT_MODIFIED if asked => None,
            StatusCode::OK => Some(self.keys(response.body())?),
            _ => {
                return Err(Problem::new(
                    "the source answered with another status than 200",
                ));
            }
        };
        if let (Some(_), Some(keep)) = (&keys, &self.keep) {
            // Who cannot keep keys starts without them the next time, that is all.
            let _ = keep.write(self.name(), ask.at, max_age, response.body());
        }
        Ok(Loaded {
            at: ask.at,
            is_fetched: true,
            keys,
            tag: None,
            max_age,
        })
    }

    pub(super) fn keys(&self, body: &[u8]) -> Result<KeySet, Problem> {
        let keys = self.import.jwks(body);
        keys.map_err(|error| {
            Problem::new("the answer is no JWK Set with a usable key").because(error)
        })
    }

    async fn discover(&self, source: &Discovered, now: UnixTime) -> Result<Endpoint, Problem> {
        if let Some(learnt) = source.fresh(now) {
            return Ok(learnt);
        }
        let mut problem = Problem::new("the issuer has no discovery document");
        for place in &source.places {
            let response = self
                .send(self.request(place.clone(), DOCUMENT_TYPES)?)
                .await?;
            match source.read(&response, place) {
                Ok(endpoint) => {
                    source.learn(Some((endpoint.clone(), now)));
                    return Ok(endpoint);
                }
                Err(Reading::Elsewhere) => {}
                Err(Reading::Refused(refused)) => problem = refused,
                Err(Reading::Failed(failed)) => return Err(failed),
            }
        }
        Err(problem)
    }

    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Problem> {
        let sent = self.client.send(request).await;
        sent.map_err(|error| Problem::new("the source did not answer").because(error))
    }

    pub(super) fn request(
        &self,
        endpoint: Endpoint,
        types: &'static str,
    ) -> Result<HttpRequest, Problem> {
        let is_legacy = endpoint.reach() == AddressScope::Public;
        let request =
            HttpRequest::get(endpoint).with_header(header::ACCEPT, HeaderValue::from_static(types));
        // A host that a document names gets no credentials.
        let bearer = self.bearer.as_ref().filter(|_| !is_legacy);
        match bearer.map(Bearer::header).transpose()? {
            Some(value) => Ok(request.with_header(header::AUTHORIZATION, value)),
            None => Ok(request),
        }
    }
}

pub(super) const JWKS_TYPES: &str = "application/jwk-set+json, application/json";
pub(super) const DOCUMENT_TYPES: &str = "application/json";

/// Why a place holds no document of use.
pub(super) enum Reading {
    /// Another place may hold it.
    Elsewhere,
    Failed(Problem),
    Refused(Problem),
}

impl Discovered {
    pub(super) fn read(
        &self,
        response: &HttpResponse,
        place: &Endpoint,
    ) -> Result<Endpoint, Reading> {
        match response.status() {
            StatusCode::OK => {}
            status if status.is_client_error() => return Err(Reading::Elsewhere),
            _ => {
                let text =
                    "the place of the discovery document answered with another status than 200";
                return Err(Reading::Failed(Problem::new(text)));
            }
        }
        let metadata = Metadata::read(response.body(), &self.issuer);
        let metadata = metadata.map_err(|error| Reading::Refused(refused(error)))?;
        let uri = metadata.jwks_uri();
        let uri = uri.ok_or(Reading::Refused(Problem::new(
            "the discovery document names no keys",
        )))?;
        let learnt = place.learn(uri, &self.listed);
        learnt.map_err(|why| {
            let text = "the address of the keys in the discovery document must not be reached";
            Reading::Refused(Problem::new(text).because(why))
        })
    }

    fn fresh(&self, now: UnixTime) -> Option<Endpoint> {
        let learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        let (endpoint, at) = learnt.as_ref()?;
        let is_fresh = *at <= now && now < at.saturating_add(limits::DISCOVERY_FRESH);
        is_fresh.then(|| endpoint.clone())
    }

    fn learn(&self, learnt: Option<(Endpoint, UnixTime)>) {
        *self.learnt.lock().unwrap_or_else(PoisonError::into_inner) = learnt;
    }
}

fn refused(error: MetadataError) -> Problem {
    let text = match error {
        MetadataError::Issuer => "the issuer in the discovery document is another one",
        MetadataError::Malformed | MetadataError::InvalidAddress => {
            "the discovery document is malformed"
        }
    };
    Problem::new(text).because(error)
}

impl Bearer {
    pub(super) fn fixed(token: &[u8]) -> Option<Self> {
        header_value(token).map(Self::Fixed)
    }

    fn header(&self) -> Result<HeaderValue, Problem> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::File(path) => {
                let unreadable =
                    Problem::new("the file of the source's bearer token is unreadable");
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

/// Why no usable keys came: constant text, and what it was below, for the operator.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    text: &'static str,
    cause: Option<Cause>,
}

impl Problem {
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text, cause: None }
    }

    fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(Cause::new(cause));
        self
    }

    pub(super) const fn text(&self) -> &'static str {
        self.text
    }

    pub(super) fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }

    /// Says which source it was.
    pub(super) fn of(self, source: &str) -> Failure {
        Failure {
            origin: source.into(),
            text: self.text,
            source: self.cause,
        }
    }
}

/// A source of keys failed.
#[derive(Debug, thiserror::Error)]
#[error("keys of `{origin}`: {text}")]
pub(super) struct Failure {
    origin: Box<str>,
    text: &'static str,
    source: Option<Cause>,
}
