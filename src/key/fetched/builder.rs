//! Configures where keys are fetched and how long they count.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::FetchedKeys;
use super::Inner;
use super::State;
use super::disk_cache::Keep;
use super::load::Bearer;
use super::load::Discovered;
use super::load::Loader;
use super::load::Source;
use super::plan::Schedule;
use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::error::ConfigError;
use crate::event::Observer;
use crate::http_client::Endpoint;
use crate::http_client::HttpClient;
use crate::http_client::Spawn;
use crate::key::discovery;
use crate::key::import::KeyImporter;
use crate::limits;
use crate::secret::Secret;

/// Builds [`FetchedKeys`].
#[derive(Debug)]
#[must_use]
pub struct FetchedKeysBuilder {
    place: Place,
    listed: Vec<Box<str>>,
    bearer: Option<Token>,
    import: KeyImporter,
    observer: Option<Arc<dyn Observer>>,
    clock: Arc<dyn Clock>,
    schedule: Schedule,
    keep: Option<PathBuf>,
}

#[derive(Debug)]
enum Place {
    Jwks(String),
    Discovery { issuer: String, at: Option<String> },
}

#[derive(Debug)]
enum Token {
    Fixed(Secret),
    File(PathBuf),
}

impl FetchedKeysBuilder {
    fn new(place: Place) -> Self {
        Self {
            place,
            listed: Vec::new(),
            bearer: None,
            import: KeyImporter::default(),
            observer: None,
            clock: Arc::new(SystemClock),
            schedule: Schedule::default(),
            keep: None,
        }
    }

    pub(super) fn jwks_url(url: &str) -> Self {
        Self::new(Place::Jwks(url.to_owned()))
    }

    pub(super) fn discover(issuer: &str) -> Self {
        Self::new(Place::Discovery {
            issuer: issuer.to_owned(),
            at: None,
        })
    }

    /// Sets where the discovery document is, if it is not where its issuer says; its `issuer`
    /// must be the configured one all the same.
    pub fn discovery_url(mut self, url: &str) -> Self {
        if let Place::Discovery { at, .. } = &mut self.place {
            *at = Some(url.to_owned());
        }
        self
    }

    /// Trusts a host that the discovery document may name beside its own, wherever it resolves,
    /// and sends it the bearer token.
    ///
    /// A host that is not trusted is reached at public addresses alone, and gets no token.
    pub fn trust_host(mut self, host: &str) -> Self {
        self.listed.push(host.into());
        self
    }

    /// Sets the bearer token that the source wants to see.
    pub fn bearer(mut self, token: impl Into<Secret>) -> Self {
        self.bearer = Some(Token::Fixed(token.into()));
        self
    }

    /// Sets the file that holds this token, read at each fetch.
    pub fn bearer_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.bearer = Some(Token::File(path.into()));
        self
    }

    /// Sets how keys are imported.
    pub fn import(mut self, import: KeyImporter) -> Self {
        self.import = import;
        self
    }

    /// Tells this observer of fetches, skipped keys and uses of stale ones.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Sets the clock; by default it is the system's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets how long keys are fresh where the source does not say: 1 minute to 1 hour.
    pub fn fresh_for(mut self, span: Duration) -> Self {
        self.schedule.fresh = span;
        self
    }

    /// Sets how long keys serve after their freshness while the source fails: up to a day.
    pub fn stale_for(mut self, span: Duration) -> Self {
        self.schedule.stale = span;
        self
    }

    /// Keeps the last set in this file, and begins with it after a restart as long as it counts:
    /// a provider that is down then stops nobody.
    ///
    /// Whoever can write the file can make tokens.
    pub fn keep_in(mut self, file: impl Into<PathBuf>) -> Self {
        self.keep = Some(file.into());
        self
    }

    /// Makes the store. Nothing is sent before the first token, or [`warm_up`].
    ///
    /// [`warm_up`]: crate::key::KeyStore::warm_up
    ///
    /// # Errors
    ///
    /// `value_malformed` for an address or a token, `out_of_range` for a span.
    pub fn build(
        self,
        client: Arc<dyn HttpClient>,
        spawn: Arc<dyn Spawn>,
    ) -> Result<FetchedKeys, ConfigError> {
        check_spans(self.schedule)?;
        let import = match &self.observer {
            Some(observer) => self.import.observer(Arc::clone(observer)),
            None => self.import,
        };
        let loader = Loader {
            source: source(self.place, self.listed)?,
            client,
            import,
            bearer: self.bearer.map(bearer).transpose()?,
            keep: self.keep.map(|path| Keep {
                path,
                schedule: self.schedule,
            }),
        };
        Ok(FetchedKeys(Arc::new(Inner {
            loader,
            spawn,
            clock: self.clock,
            observer: self.observer,
            schedule: self.schedule,
            snapshot: ArcSwapOption::empty(),
            state: Mutex::new(State::default()),
        })))
    }
}

fn source(place: Place, listed: Vec<Box<str>>) -> Result<Source, ConfigError> {
    let (issuer, at) = match place {
        Place::Jwks(url) => {
            let endpoint = Endpoint::parse(&url)?;
            let name = endpoint.to_string().into();
            return Ok(Source::Configured { endpoint, name });
        }
        Place::Discovery { issuer, at } => (issuer, at),
    };
    let places = match at {
        Some(url) => vec![Endpoint::parse(&url)?],
        None => discovery::places(&issuer)?,
    };
    Ok(Source::Discovered(Discovered {
        issuer: issuer.into(),
        places,
        listed,
        learnt: Mutex::new(None),
    }))
}

fn bearer(token: Token) -> Result<Bearer, ConfigError> {
    let token = match token {
        Token::File(path) => return Ok(Bearer::File(path)),
        Token::Fixed(token) => token,
    };
    Bearer::fixed(token.expose()).ok_or_else(|| {
        ConfigError::malformed(
            "bearer",
            "the token is empty or has characters that no token has; give it without a scheme",
        )
    })
}

fn check_spans(schedule: Schedule) -> Result<(), ConfigError> {
    let fresh = limits::JWKS_FRESH_MIN..=limits::JWKS_FRESH_MAX;
    if !fresh.contains(&schedule.fresh) {
        return Err(ConfigError::out_of_range(
            "fresh_for",
            schedule.fresh,
            fresh,
        ));
    }
    if schedule.stale > limits::JWKS_STALE_MAX {
        let range = ..=limits::JWKS_STALE_MAX;
        return Err(ConfigError::out_of_range(
            "stale_for",
            schedule.stale,
            range,
        ));
    }
    Ok(())
}
