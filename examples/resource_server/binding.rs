//! Proofs of possession, signed requests and the metadata of the server, built from the options.

use std::error::Error;
use std::sync::Arc;

use bearergate::binding::{Binding, Dpop, ForwardedCertificates};
use bearergate::issuer::SigningKey;
use bearergate::key::KeySet;
use bearergate::message::{FixedMessageKeys, MessageSigner, MessageVerifier};
use bearergate::metadata::ResourceMetadata;
use bearergate::metrics::Metrics;
use bearergate::nonce::Nonces;
use bearergate::profile::Fapi2;
use bearergate::replay::ReplayTable;
use bearergate::request::TrustedPeers;
use bearergate::secret_source::SecretSource;
use bearergate::validator::Proofs;
use serde_json::Value;

use crate::bound_options::{BoundOptions, DpopOptions, Forwarded, NonceOptions, SignedRequests};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The sender constraint of all tokens, and what it counts.
pub(crate) struct Bindings {
    pub(crate) binding: Option<Binding>,
    counts: Vec<Box<dyn Fn() -> Metrics + Send + Sync>>,
}

impl Bindings {
    pub(crate) fn new(options: &BoundOptions) -> Outcome<Self> {
        let mut counts: Vec<Box<dyn Fn() -> Metrics + Send + Sync>> = Vec::new();
        let dpop = match &options.dpop {
            None => None,
            Some(own) => {
                let (dpop, table) = dpop(options, own)?;
                let counted = dpop.clone();
                counts.push(Box::new(move || counted.metrics()));
                if let Some(table) = table {
                    counts.push(Box::new(move || table.metrics()));
                }
                Some(dpop)
            }
        };
        let builder = match (dpop, options.mtls) {
            (None, None) => None,
            (None, Some(_)) => Some(Binding::certificates()),
            (Some(dpop), None) => Some(Binding::dpop(dpop)),
            (Some(dpop), Some(_)) => Some(Binding::dpop(dpop).or_certificates()),
        };
        let binding = builder.map(|builder| match options.requires() {
            true => builder.required().build(),
            false => builder.build(),
        });
        Ok(Self { binding, counts })
    }

    pub(crate) fn text(&self) -> String {
        self.counts
            .iter()
            .map(|count| count().prometheus())
            .collect()
    }
}

fn dpop(options: &BoundOptions, own: &DpopOptions) -> Outcome<(Dpop, Option<ReplayTable>)> {
    let mut urls = options.public_urls.iter().cloned();
    let first = urls.next().ok_or("--dpop needs --public-url")?;
    let mut builder = urls.fold(Dpop::at(first), bearergate::binding::DpopBuilder::or_at);
    if options.fapi2 {
        builder = builder.algorithms(Fapi2::ALGORITHMS);
        // Nonces of this process end with it.
        let has_own = |own: &NonceOptions| own.file.is_none();
        if !own.nonces.as_ref().is_some_and(has_own) {
            builder = builder.refuse_older_than_start();
        }
    }
    if !own.algorithms.is_empty() {
        builder = builder.algorithms(own.algorithms.clone());
    }
    if let Some(nonces) = &own.nonces {
        builder = builder.nonces(self::nonces(nonces)?);
    }
    let (past, future) = own.window;
    builder = builder.window(past, future);
    let table = own.replay.map(ReplayTable::new).transpose()?;
    builder = match &table {
        Some(table) => builder.replays(table.clone()),
        None => builder.allow_replay(),
    };
    Ok((builder.build()?, table))
}

fn nonces(options: &NonceOptions) -> Outcome<Nonces> {
    let nonces = match &options.file {
        Some(file) => Nonces::shared(&SecretSource::file(file))?,
        None => Nonces::of_this_process()?,
    };
    let nonces = match &options.older {
        Some(file) => nonces.with_older(&SecretSource::file(file))?,
        None => nonces,
    };
    Ok(nonces.lasting(options.window)?)
}

pub(crate) fn forwarded(options: &Forwarded) -> Outcome<ForwardedCertificates> {
    let pinned = || TrustedPeers::certificates(options.certificates.iter().copied());
    let peers = match (options.networks.is_empty(), options.certificates.is_empty()) {
        (true, _) => pinned()?,
        (false, true) => TrustedPeers::networks(&options.networks)?,
        (false, false) => TrustedPeers::networks(&options.networks)?.and(pinned()?),
    };
    let forwarded = ForwardedCertificates::from(options.form.clone(), peers);
    Ok(match &options.demand {
        Some((name, value)) => forwarded.demand(name.clone(), value),
        None => forwarded,
    })
}

pub(crate) fn messages(
    options: &BoundOptions,
    own: &SignedRequests,
) -> Outcome<(MessageVerifier, Option<MessageSigner>)> {
    let url = options
        .public_urls
        .first()
        .ok_or("--signed-requests needs --public-url")?;
    let jwks = std::fs::read(&own.keys)?;
    let members: Value = serde_json::from_slice(&jwks)?;
    let all = members.get("keys").and_then(Value::as_array);
    let all = all.ok_or("--signed-requests is a JWK Set")?;
    all.iter().try_for_each(|jwk| kid(jwk).map(drop))?;
    let keys = KeySet::from_jwks(jwks)?;
    let verifier = MessageVerifier::fapi2(url.clone(), FixedMessageKeys::new(&keys)?);
    let verifier = match &own.tag {
        Some(tag) => verifier.tag(tag.as_str()),
        None => verifier,
    };
    let signer = own.response_key.as_ref().map(|file| {
        let jwk = std::fs::read(file)?;
        let key = SigningKey::from_jwk(&jwk)?;
        let signer = MessageSigner::new("fapi-2-response", url.clone(), key)?;
        Ok::<_, Box<dyn Error>>(signer.keyid(kid(&serde_json::from_slice(&jwk)?)?))
    });
    Ok((verifier.build()?, signer.transpose()?))
}

/// Returns the id of a key that also names its algorithm.
fn kid(jwk: &Value) -> Outcome<&str> {
    let member = |name| jwk.get(name).and_then(Value::as_str);
    match (member("kid"), member("alg")) {
        (Some(kid), Some(_)) => Ok(kid),
        _ => Err("each key of signatures needs `kid` and `alg`".into()),
    }
}

pub(crate) fn metadata(
    options: &BoundOptions,
    issuers: &[String],
    proofs: Proofs,
) -> Outcome<Option<Arc<ResourceMetadata>>> {
    let Some(url) = options.public_urls.first() else {
        return Ok(None);
    };
    let metadata = ResourceMetadata::builder(url.as_str())
        .authorization_servers(issuers.iter().map(String::as_str))
        .proofs(proofs);
    Ok(Some(Arc::new(metadata.build()?)))
}
