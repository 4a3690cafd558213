//! The gates of the server, built once from the options.

use std::error::Error;
use std::sync::Arc;

use bearergate::api_key::{ApiKeyFormat, ApiKeyScheme, PepperSet};
use bearergate::binding::{Binding, ForwardedCertificates};
use bearergate::client_auth::ClientAuth;
use bearergate::credential::Sources;
use bearergate::environment::Environment;
use bearergate::gate::GateBuilder;
use bearergate::http_response::ResponseConfig;
use bearergate::integrations::reqwest::Client;
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::introspection::IntrospectionValidatorBuilder;
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::key::FetchedKeys;
use bearergate::message::MessageSigner;
use bearergate::metadata::ResourceMetadata;
use bearergate::profile::Fapi2;
use bearergate::revocation::Denylist;
use bearergate::secret_source::SecretSource;
use bearergate::stores::SqliteStore;
use bearergate::validator::{Proofs, SenderConstraint, TokenCache};
use bearergate::{
    ApiKeyValidator, Gate, IntrospectionValidator, JwtValidator, KeyStore, TokenValidator,
    require_scope,
};

use crate::binding;
use crate::binding::Bindings;
use crate::detail;
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
    /// Admits callers with the detail of `--authorization-detail`.
    pub(crate) detailed: Option<Gate>,
    /// Admits callers whose request is signed, and signs the response.
    pub(crate) signed: Option<(Gate, Option<MessageSigner>)>,
    pub(crate) denylist: Denylist,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) bindings: Bindings,
    pub(crate) forwarded: Option<ForwardedCertificates>,
    pub(crate) metadata: Option<Arc<ResourceMetadata>>,
}

impl Gates {
    /// Builds the gates without a network request: keys are fetched when the first token needs them.
    pub(crate) fn new(options: &Options) -> Outcome<Self> {
        let metrics = Arc::<Metrics>::default();
        let denylist = Denylist::default();
        let bound = &options.bound;
        let bindings = Bindings::new(bound)?;
        let proofs = bindings
            .binding
            .as_ref()
            .map_or(Proofs::NONE, SenderConstraint::proofs);
        let metadata = binding::metadata(bound, &options.issuers, proofs)?;
        let validators = validators(options, &metrics, bindings.binding.as_ref())?;
        let sources = sources(options)?;
        let challenge = ResponseConfig::builder();
        let challenge = match &metadata {
            Some(metadata) => challenge.resource_metadata(metadata.url()).build()?,
            None => challenge.build()?,
        };
        let gate = || {
            let gate = Gate::builder()
                .sources(sources.clone())
                .challenge(challenge.clone())
                .revocations(OperatorList(denylist.clone()))
                .all_authorities_equal();
            let add = |gate: GateBuilder, validator| gate.validator(Arc::clone(validator));
            validators.iter().fold(gate, add)
        };
        // `/whoami` admits every authenticated caller, which the profile does not allow.
        let profiled = || match (bound.fapi2, bindings.binding.clone()) {
            (true, Some(binding)) => gate().fapi2(Fapi2::new(binding)),
            _ => gate(),
        };
        let scope = options.scope.as_ref();
        let scoped =
            scope.map(|scope| profiled().authorizer(require_scope(scope.as_str())).build());
        let detailed = bound.detail.as_ref().map(|(kind, action)| {
            let demand = detail::demand(kind, action.as_deref());
            profiled().authorizer(demand).build()
        });
        let signed = match &bound.signed_requests {
            None => None,
            Some(own) => {
                let (verifier, signer) = binding::messages(bound, own)?;
                let gate = gate().signed_requests(verifier).allow_any_authenticated();
                Some((gate.build()?, signer))
            }
        };
        Ok(Self {
            authenticated: gate().allow_any_authenticated().build()?,
            scoped: scoped.transpose()?,
            detailed: detailed.transpose()?,
            signed,
            denylist,
            metrics,
            bindings,
            forwarded: bound
                .forwarded
                .as_ref()
                .map(binding::forwarded)
                .transpose()?,
            metadata,
        })
    }
}

fn validators(
    options: &Options,
    metrics: &Arc<Metrics>,
    binding: Option<&Binding>,
) -> Outcome<Vec<Arc<dyn TokenValidator>>> {
    let environment = Environment::new()
        .observer(Arc::clone(metrics))
        .http_client(Client::new()?)
        .spawner(TokioSpawner::new());
    let mut validators: Vec<Arc<dyn TokenValidator>> = Vec::new();
    let stores = key_stores(options, &environment)?;
    if !stores.is_empty() {
        let cache = TokenCache::builder().observer(Arc::clone(metrics));
        let jwts = JwtValidator::join(jwt_validators(options, &stores, binding)?)?;
        validators.push(Arc::new(jwts.cached(&cache.build()?)));
    }
    if let Some(introspection) = &options.introspection {
        let builder = introspection_builder(options, introspection, stores.first())?;
        let builder = match binding {
            Some(binding) => builder.sender_constraint(binding.clone()),
            None => builder,
        };
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
fn jwt_validators(
    options: &Options,
    stores: &[Arc<dyn KeyStore>],
    binding: Option<&Binding>,
) -> Outcome<Vec<JwtValidator>> {
    let validators = options.issuers.iter().zip(stores).map(|(issuer, keys)| {
        let builder = JwtValidator::builder()
            .issuer(issuer)
            .audiences(options.audiences.clone())
            .key_store(Arc::clone(keys));
        let builder = match &options.require_type {
            Some(typ) => builder.require_type(typ),
            None => builder,
        };
        let builder = match binding {
            Some(binding) => builder.sender_constraint(binding.clone()),
            None => builder,
        };
        let builder = match options.bound.fapi2 {
            true => builder.algorithms(Fapi2::ALGORITHMS),
            false => builder,
        };
        Ok(decrypting(builder, options)?.build()?)
    });
    validators.collect()
}

/// Lets a validator decrypt tokens with the keys of `--decrypt-keys`.
#[cfg(feature = "jwe")]
fn decrypting(
    builder: JwtValidatorBuilder<Ready>,
    options: &Options,
) -> Outcome<JwtValidatorBuilder<Ready>> {
    use bearergate::jwe::{DecryptionKey, DecryptionKeys};

    let Some(file) = &options.bound.decrypt_keys else {
        return Ok(builder);
    };
    let set: serde_json::Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let all = set.get("keys").and_then(serde_json::Value::as_array);
    let all = all.ok_or("--decrypt-keys is a JWK Set")?;
    let keys = all.iter().map(|jwk| {
        let key = DecryptionKey::from_jwk(jwk.to_string())?;
        match key.kid() {
            Some(_) => Ok(key),
            None => Err("a key of --decrypt-keys has no `kid`".into()),
        }
    });
    let keys = DecryptionKeys::of(keys.collect::<Outcome<Vec<_>>>()?)?;
    let builder = builder.encrypted_with(keys);
    Ok(match options.bound.encryption_required {
        true => builder.encryption_required(),
        false => builder,
    })
}

#[cfg(not(feature = "jwe"))]
fn decrypting(
    builder: JwtValidatorBuilder<Ready>,
    _: &Options,
) -> Outcome<JwtValidatorBuilder<Ready>> {
    Ok(builder)
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
            let builder = builder.signed(issuer, Arc::clone(keys));
            match options.bound.fapi2 {
                true => builder.signed_algorithms(Fapi2::ALGORITHMS),
                false => builder,
            }
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
    let sources = match options.bound.dpop {
        Some(_) => Sources::builder().dpop(),
        None => Sources::builder(),
    };
    Ok(match options.api_keys {
        Some(_) => sources.api_key().header("x-api-key").build()?,
        None => sources.build()?,
    })
}
