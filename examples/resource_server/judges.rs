//! Everything that judges requests, made once from the options.

use std::error::Error;
use std::sync::Arc;

use bearergate::api_key::{ApiKeyFormat, ApiKeyScheme, PepperSet};
use bearergate::client_auth::ClientAuth;
use bearergate::credential::Sources;
use bearergate::integrations::reqwest::Client;
use bearergate::integrations::tokio::Engine;
use bearergate::introspection::IntrospectionValidatorBuilder;
use bearergate::jwt::Ready;
use bearergate::key::FetchedKeys;
use bearergate::revocation::Denylist;
use bearergate::secret_source::SecretSource;
use bearergate::stores::SqliteStore;
use bearergate::validator::TokenCache;
use bearergate::{
    ApiKeyValidator, Gate, IntrospectionValidator, JwtValidator, KeyStore, TokenValidator,
    require_scope,
};

use crate::metrics::Metrics;
use crate::options::ApiKeys;
use crate::options::Introspection;
use crate::options::Options;
use crate::revocation::OperatorList;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The gates of the server, and what they report to.
pub(crate) struct Judges {
    /// Says who the caller is.
    pub(crate) anybody: Gate,
    /// Demands the scope too, where one was given.
    pub(crate) scoped: Option<Gate>,
    pub(crate) denylist: Denylist,
    pub(crate) metrics: Arc<Metrics>,
}

impl Judges {
    /// Sends nothing: keys are fetched when the first token needs them.
    pub(crate) fn new(options: &Options) -> Outcome<Self> {
        let metrics = Arc::<Metrics>::default();
        let denylist = Denylist::default();
        let judges = judges(options, &metrics)?;
        let sources = sources(options)?;
        let gate = || {
            let gate = Gate::builder()
                .sources(sources.clone())
                .revocations(OperatorList(denylist.clone()))
                .all_authorities_equal();
            let judges = judges.iter();
            judges.fold(gate, |gate, judge| gate.validator(Arc::clone(judge)))
        };
        let scope = options.scope.as_ref();
        let scoped = scope.map(|scope| gate().authorizer(require_scope(scope.as_str())).build());
        Ok(Self {
            anybody: gate().allow_any_authenticated().build()?,
            scoped: scoped.transpose()?,
            denylist,
            metrics,
        })
    }
}

/// What all judges of tokens share.
struct Shared {
    client: Arc<Client>,
    engine: Arc<Engine>,
    metrics: Arc<Metrics>,
}

fn judges(options: &Options, metrics: &Arc<Metrics>) -> Outcome<Vec<Arc<dyn TokenValidator>>> {
    let shared = Shared {
        client: Arc::new(Client::new()?),
        engine: Arc::new(Engine::new()),
        metrics: Arc::clone(metrics),
    };
    let mut judges: Vec<Arc<dyn TokenValidator>> = Vec::new();
    let stores = stores(options, &shared)?;
    if !stores.is_empty() {
        let cache = TokenCache::builder().observer(Arc::clone(metrics));
        let jwts = JwtValidator::join(jwts(options, &stores)?)?;
        judges.push(Arc::new(jwts.cached(&cache.build()?)));
    }
    if let Some(introspection) = &options.introspection {
        let opaque = opaque(options, introspection, stores.first())?;
        let opaque = opaque.observer(Arc::clone(metrics));
        judges.push(Arc::new(opaque.build(shared.client, shared.engine)?));
    }
    if let Some(keys) = &options.api_keys {
        judges.push(Arc::new(api_keys(keys)?));
    }
    Ok(judges)
}

/// The keys of each issuer.
fn stores(options: &Options, shared: &Shared) -> Outcome<Vec<Arc<dyn KeyStore>>> {
    let stores = options.issuers.iter().map(|issuer| {
        let keys = match &options.jwks_url {
            Some(url) => FetchedKeys::jwks_url(url),
            None => FetchedKeys::discover(issuer),
        };
        let keys = keys.observer(Arc::clone(&shared.metrics));
        let keys = keys.build(shared.client.clone(), shared.engine.clone())?;
        Ok(Arc::new(keys) as Arc<dyn KeyStore>)
    });
    stores.collect()
}

/// One judge for each issuer, each with keys of its own.
fn jwts(options: &Options, stores: &[Arc<dyn KeyStore>]) -> Outcome<Vec<JwtValidator>> {
    let judges = options.issuers.iter().zip(stores).map(|(issuer, keys)| {
        let judge = JwtValidator::builder()
            .issuer(issuer)
            .audiences(options.audiences.clone())
            .key_store(Arc::clone(keys));
        let judge = match &options.require_type {
            Some(typ) => judge.require_type(typ),
            None => judge,
        };
        Ok(judge.build()?)
    });
    judges.collect()
}

/// The judge of all that is neither a JWT of an issuer nor an API key.
fn opaque(
    options: &Options,
    introspection: &Introspection,
    keys: Option<&Arc<dyn KeyStore>>,
) -> Outcome<IntrospectionValidatorBuilder<Ready>> {
    let secret = introspection.client_secret.expose().to_vec();
    let auth = ClientAuth::secret_basic(introspection.client_id.as_str(), secret)?;
    let mut judge = IntrospectionValidator::builder(&introspection.url, auth)
        .audiences(options.audiences.clone());
    if !options.issuers.is_empty() {
        judge = judge.issuers(options.issuers.clone());
    }
    Ok(match (options.issuers.first(), keys) {
        (Some(issuer), Some(keys)) if introspection.is_signed => {
            judge.signed(issuer, Arc::clone(keys))
        }
        _ => judge,
    })
}

fn api_keys(options: &ApiKeys) -> Outcome<ApiKeyValidator> {
    let peppers = PepperSet::new(1, &SecretSource::file(&options.pepper))?;
    let format = ApiKeyFormat::new(&options.prefix)?;
    let ring = ApiKeyScheme::new(options.authority.as_str(), format, peppers)?;
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
