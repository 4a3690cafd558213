//! The gates of the server, built once from the options.

use std::error::Error;
use std::sync::Arc;

use bearergate::api_key::{ApiKeyFormat, ApiKeyScheme, PepperSet};
use bearergate::client_auth::ClientAuth;
use bearergate::credential::Sources;
use bearergate::environment::Environment;
use bearergate::gate::GateBuilder;
use bearergate::integrations::reqwest::Client;
use bearergate::integrations::tokio::TokioSpawner;
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
use crate::options::{ApiKeys, Introspection, Options};
use crate::revocation::OperatorList;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The gates of the server, their denylist and their metrics.
pub(crate) struct Gates {
    /// Admits every authenticated caller.
    pub(crate) authenticated: Gate,
    /// Admits callers with the scope of `--scope`; `None` without that option.
    pub(crate) scoped: Option<Gate>,
    pub(crate) denylist: Denylist,
    pub(crate) metrics: Arc<Metrics>,
}

impl Gates {
    /// Builds the gates without a network request: keys are fetched when the first token needs them.
    pub(crate) fn new(options: &Options) -> Outcome<Self> {
        let metrics = Arc::<Metrics>::default();
        let denylist = Denylist::default();
        let validators = validators(options, &metrics)?;
        let sources = sources(options)?;
        let gate = || {
            let gate = Gate::builder()
                .sources(sources.clone())
                .revocations(OperatorList(denylist.clone()))
                .all_authorities_equal();
            let add = |gate: GateBuilder, validator| gate.validator(Arc::clone(validator));
            validators.iter().fold(gate, add)
        };
        let scope = options.scope.as_ref();
        let scoped = scope.map(|scope| gate().authorizer(require_scope(scope.as_str())).build());
        Ok(Self {
            authenticated: gate().allow_any_authenticated().build()?,
            scoped: scoped.transpose()?,
            denylist,
            metrics,
        })
    }
}

fn validators(options: &Options, metrics: &Arc<Metrics>) -> Outcome<Vec<Arc<dyn TokenValidator>>> {
    let environment = Environment::new()
        .observer(Arc::clone(metrics))
        .http_client(Client::new()?)
        .spawner(TokioSpawner::new());
    let mut validators: Vec<Arc<dyn TokenValidator>> = Vec::new();
    let stores = key_stores(options, &environment)?;
    if !stores.is_empty() {
        let cache = TokenCache::builder().observer(Arc::clone(metrics));
        let jwts = JwtValidator::join(jwt_validators(options, &stores)?)?;
        validators.push(Arc::new(jwts.cached(&cache.build()?)));
    }
    if let Some(introspection) = &options.introspection {
        let builder = introspection_builder(options, introspection, stores.first())?;
        validators.push(Arc::new(builder.env(&environment).build()?));
    }
    if let Some(keys) = &options.api_keys {
        validators.push(Arc::new(api_key_validator(keys)?));
    }
    Ok(validators)
}

/// Returns the keys of each issuer.
fn key_stores(options: &Options, environment: &Environment) -> Outcome<Vec<Arc<dyn KeyStore>>> {
    let stores = options.issuers.iter().map(|issuer| {
        let keys = match &options.jwks_url {
            Some(url) => FetchedKeys::jwks_url(url),
            None => FetchedKeys::discover(issuer),
        };
        Ok(Arc::new(keys.env(environment).build()?) as Arc<dyn KeyStore>)
    });
    stores.collect()
}

/// Returns one validator for each issuer, each with the keys of that issuer.
fn jwt_validators(options: &Options, stores: &[Arc<dyn KeyStore>]) -> Outcome<Vec<JwtValidator>> {
    let validators = options.issuers.iter().zip(stores).map(|(issuer, keys)| {
        let builder = JwtValidator::builder()
            .issuer(issuer)
            .audiences(options.audiences.clone())
            .key_store(Arc::clone(keys));
        let builder = match &options.require_type {
            Some(typ) => builder.require_type(typ),
            None => builder,
        };
        Ok(builder.build()?)
    });
    validators.collect()
}

/// Validates credentials that are neither a JWT of an issuer nor an API key.
fn introspection_builder(
    options: &Options,
    introspection: &Introspection,
    keys: Option<&Arc<dyn KeyStore>>,
) -> Outcome<IntrospectionValidatorBuilder<Ready>> {
    let secret = introspection.client_secret.expose().to_vec();
    let auth = ClientAuth::secret_basic(introspection.client_id.as_str(), secret)?;
    let mut builder = IntrospectionValidator::builder(&introspection.url, auth)
        .audiences(options.audiences.clone());
    if !options.issuers.is_empty() {
        builder = builder.issuers(options.issuers.clone());
    }
    Ok(match (options.issuers.first(), keys) {
        (Some(issuer), Some(keys)) if introspection.is_signed => {
            builder.signed(issuer, Arc::clone(keys))
        }
        _ => builder,
    })
}

fn api_key_validator(options: &ApiKeys) -> Outcome<ApiKeyValidator> {
    let peppers = PepperSet::new(1, &SecretSource::file(&options.pepper))?;
    let format = ApiKeyFormat::new(&options.prefix)?;
    let scheme = ApiKeyScheme::new(options.authority.as_str(), format, peppers)?;
    let store = Arc::new(SqliteStore::open(&options.file)?);
    Ok(ApiKeyValidator::builder(scheme, store).build()?)
}

/// Returns where credentials are looked for. API keys have their own scheme and header.
fn sources(options: &Options) -> Outcome<Sources> {
    let sources = Sources::builder();
    Ok(match options.api_keys {
        Some(_) => sources.api_key().header("x-api-key").build()?,
        None => sources.build()?,
    })
}
