//! Everything that judges requests, made once from the options.

use std::error::Error;
use std::sync::Arc;

use bearergate::ApiKeyFormat;
use bearergate::ApiKeyRing;
use bearergate::ApiKeyValidator;
use bearergate::Authorizer;
use bearergate::Decision;
use bearergate::FetchedKeys;
use bearergate::Gate;
use bearergate::JwtValidator;
use bearergate::PepperSet;
use bearergate::SecretSource;
use bearergate::Sources;
use bearergate::SqliteStore;
use bearergate::TokenCache;
use bearergate::TokenValidator;
use bearergate::authorize_fn;
use bearergate::require_scope;
use bearergate::reqwest::Client;
use bearergate::tokio::Engine;

use crate::metrics::Metrics;
use crate::options::ApiKeys;
use crate::options::Options;
use crate::revocation::Denylist;
use crate::revocation::Revocable;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The gates of the server, and what they report to.
pub(crate) struct Judges {
    /// Says who the caller is.
    pub(crate) anybody: Gate,
    /// Demands the scope too, where one was given.
    pub(crate) scoped: Option<Gate>,
    pub(crate) denylist: Arc<Denylist>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Judges {
    /// Sends nothing: keys are fetched when the first token needs them.
    pub(crate) fn new(options: &Options) -> Outcome<Self> {
        let metrics = Arc::<Metrics>::default();
        let denylist = Arc::<Denylist>::default();
        let judges = judges(options, &metrics)?;
        let judges: Vec<_> = judges
            .into_iter()
            .map(|judge| Revocable {
                judge,
                list: Arc::clone(&denylist),
            })
            .collect();
        let sources = sources(options)?;
        let gate = |authorizer: Arc<dyn Authorizer>| {
            let gate = Gate::builder().sources(sources.clone());
            let gate = judges
                .iter()
                .fold(gate, |gate, judge| gate.validator(judge.clone()));
            gate.authorizer(authorizer).all_authorities_equal().build()
        };
        let scope = options.scope.as_ref();
        let scoped = scope.map(|scope| gate(Arc::new(require_scope(scope.as_str()))));
        let anybody = authorize_fn("any authenticated caller", |_| Decision::allow());
        Ok(Self {
            anybody: gate(Arc::new(anybody))?,
            scoped: scoped.transpose()?,
            denylist,
            metrics,
        })
    }
}

fn judges(options: &Options, metrics: &Arc<Metrics>) -> Outcome<Vec<Arc<dyn TokenValidator>>> {
    let mut judges: Vec<Arc<dyn TokenValidator>> = Vec::new();
    let cache = TokenCache::builder()
        .observer(Arc::clone(metrics))
        .build()?;
    if !options.issuers.is_empty() {
        let jwts = JwtValidator::of(jwts(options, metrics)?)?;
        judges.push(Arc::new(jwts.cached(&cache)));
    }
    if let Some(keys) = &options.api_keys {
        judges.push(Arc::new(api_keys(keys)?));
    }
    Ok(judges)
}

/// One judge for each issuer, each with keys of its own.
fn jwts(options: &Options, metrics: &Arc<Metrics>) -> Outcome<Vec<JwtValidator>> {
    let client = Arc::new(Client::new()?);
    let engine = Arc::new(Engine::new());
    let judges = options.issuers.iter().map(|issuer| {
        let keys = match &options.jwks_url {
            Some(url) => FetchedKeys::jwks_url(url),
            None => FetchedKeys::discover(issuer),
        };
        let keys = keys
            .observer(Arc::clone(metrics))
            .build(client.clone(), engine.clone())?;
        let judge = JwtValidator::builder()
            .issuer(issuer)
            .audiences(options.audiences.clone())
            .key_store(Arc::new(keys));
        let judge = match &options.require_type {
            Some(typ) => judge.require_type(typ),
            None => judge,
        };
        Ok(judge.build()?)
    });
    judges.collect()
}

fn api_keys(options: &ApiKeys) -> Outcome<ApiKeyValidator> {
    let peppers = PepperSet::new(1, &SecretSource::file(&options.pepper))?;
    let format = ApiKeyFormat::new(&options.prefix)?;
    let ring = ApiKeyRing::new(options.authority.as_str(), format, peppers)?;
    let store = Arc::new(SqliteStore::open(&options.file)?);
    Ok(ApiKeyValidator::builder(ring, store).build()?)
}

/// Where credentials are looked for: API keys have a scheme and a header of their own.
fn sources(options: &Options) -> Outcome<Sources> {
    let sources = Sources::builder();
    Ok(match options.api_keys {
        Some(_) => sources.api_key().header("x-api-key").build()?,
        None => sources.build()?,
    })
}
