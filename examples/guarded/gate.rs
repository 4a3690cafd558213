//! Whom the gate accepts, and what callers may do.

use std::error::Error;
use std::sync::Arc;

use bearergate::api_key::{
    ApiKeyFormat, ApiKeyManager, ApiKeyScheme, ApiKeyStore, ApiKeyValidator, PepperSet,
};
use bearergate::credential::Sources;
use bearergate::crypto::Algorithm;
use bearergate::environment::Environment;
use bearergate::gate::GateBuilder;
use bearergate::key::{Key, KeySet};
use bearergate::policy::PolicyLoader;
use bearergate::secret_source::SecretSource;
use bearergate::stores::{Cached, SqliteStore};
use bearergate::validator::TokenCache;
use bearergate::{Gate, JwtValidator};

use crate::audit::{raw, with_cause};
use crate::options::Options;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What keys begin with.
const PREFIX: &str = "acme_live";

/// The authority of their subjects.
const AUTHORITY: &str = "guarded keys";

/// Returns a gate without what it enforces, and the manager of API keys.
pub(crate) fn gate(
    options: &Options,
    environment: &Environment,
) -> Outcome<(GateBuilder, Option<ApiKeyManager>)> {
    let policy = PolicyLoader::new().policy(include_bytes!("policy.json"))?;
    let mut gate = Gate::builder()
        .env(environment)
        .authorizer(policy)
        .authorizes_per_route()
        .all_authorities_equal()
        .count_requests();
    if !options.issuers.is_empty() {
        // Tokens are kept, so that the gate knows their callers while a source is locked out.
        let cache = TokenCache::builder().keep_mac_tokens().build()?;
        gate = gate.validator(jwts(options, environment)?.cached(&cache));
    }
    let sources = Sources::builder();
    let Some((file, pepper)) = &options.api_keys else {
        return Ok((gate.sources(sources.build()?), None));
    };
    let pepper = PepperSet::new(1, &SecretSource::file(pepper));
    let pepper = pepper.map_err(|error| with_cause("--pepper-file", &error))?;
    let scheme = ApiKeyScheme::new(AUTHORITY, ApiKeyFormat::new(PREFIX)?, pepper)?;
    let opened = SqliteStore::open(file);
    let opened = opened.map_err(|error| with_cause("--api-keys", &error))?;
    let cached = Cached::builder(Arc::new(opened)).env(environment).build()?;
    let store: Arc<dyn ApiKeyStore> = Arc::new(cached);
    let validator = ApiKeyValidator::builder(scheme.clone(), Arc::clone(&store));
    let manager = ApiKeyManager::builder(scheme, store).env(environment);
    let sources = sources.api_key().header("x-api-key").build()?;
    let gate = gate.validator(validator.env(environment).build()?);
    Ok((gate.sources(sources), Some(manager.build()?)))
}

/// Returns one validator for all issuers, each with its own secret.
fn jwts(options: &Options, environment: &Environment) -> Outcome<JwtValidator> {
    let issuers = options.issuers.iter();
    let validators = issuers.map(|(issuer, secret)| {
        let secret = raw("--hs256-secret-file", secret).read();
        let secret = secret.map_err(|error| with_cause("--hs256-secret-file", &error))?;
        let key = Key::from_secret(secret);
        let key = key.map_err(|error| format!("--hs256-secret-file: {error}"))?;
        let validator = JwtValidator::builder()
            .issuer(issuer)
            .audiences(options.audiences.clone())
            .keys(KeySet::new([key])?)
            .algorithms([Algorithm::Hs256])
            .env(environment)
            .build();
        Ok(validator.map_err(|error| format!("--issuer: {error}"))?)
    });
    let validators: Outcome<Vec<_>> = validators.collect();
    Ok(JwtValidator::join(validators?)?)
}
