//! The keys of message signatures.

use std::collections::HashMap;
use std::fmt;

use crate::crypto::Algorithm;
use crate::error::{ConfigError, Rejection, RejectionKind};
use crate::key::{Key, KeySet};
use crate::now_or_later::NowOrLater;
use crate::principal::Principal;

/// Finds the key that a signature names.
///
/// # Contract
///
/// Return a key only if its owner may sign the requests of this caller. `keyid` is sent by the client
/// and untrusted.
pub trait MessageKeys: fmt::Debug + Send + Sync {
    /// Returns the key of a `keyid`. The caller is the one of the request's token, if there is one.
    ///
    /// # Errors
    ///
    /// [`MessageSignatureInvalid`](RejectionKind::MessageSignatureInvalid) if there is no such key,
    /// [`Unavailable`](RejectionKind::Unavailable) if that is not known.
    fn find<'a>(
        &'a self,
        keyid: Option<&str>,
        caller: Option<&Principal>,
    ) -> NowOrLater<'a, Result<Key, Rejection>>;
}

const _: Option<&dyn MessageKeys> = None;

/// Fixed keys, found by their `kid`.
#[derive(Clone, Debug)]
pub struct FixedMessageKeys(HashMap<String, Key>);

impl FixedMessageKeys {
    /// Takes keys that have a `kid` and serve one algorithm each.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a key or with a key without `kid`,
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) for two keys of one `kid` or a key that
    /// serves several algorithms, because a client must not choose one.
    pub fn new(keys: &KeySet) -> Result<Self, ConfigError> {
        let mut all = HashMap::new();
        for key in keys.keys() {
            let Some(kid) = key.kid() else {
                return Err(ConfigError::empty("kid", "give each key a `kid`"));
            };
            algorithm_of(key)?;
            if all.insert(kid.to_owned(), key.clone()).is_some() {
                let detail = format!("expected one key of the id `{kid}`, found two; remove one");
                return Err(ConfigError::conflict("kid", detail));
            }
        }
        match all.is_empty() {
            true => Err(ConfigError::empty("keys", "add a key")),
            false => Ok(Self(all)),
        }
    }
}

impl MessageKeys for FixedMessageKeys {
    fn find<'a>(
        &'a self,
        keyid: Option<&str>,
        _: Option<&Principal>,
    ) -> NowOrLater<'a, Result<Key, Rejection>> {
        let key = keyid.and_then(|keyid| self.0.get(keyid));
        NowOrLater::now(key.cloned().ok_or_else(unknown))
    }
}

/// The keys of each client: a request is signed by the client of its token.
#[derive(Clone, Debug, Default)]
pub struct ClientKeySets(HashMap<String, FixedMessageKeys>);

impl ClientKeySets {
    /// Adds the keys of a client, by the id that its tokens have
    /// ([`Principal::client`]).
    #[must_use]
    pub fn with(mut self, client: impl Into<String>, keys: FixedMessageKeys) -> Self {
        self.0.insert(client.into(), keys);
        self
    }
}

impl MessageKeys for ClientKeySets {
    fn find<'a>(
        &'a self,
        keyid: Option<&str>,
        caller: Option<&Principal>,
    ) -> NowOrLater<'a, Result<Key, Rejection>> {
        let client = caller.and_then(Principal::client);
        match client.and_then(|client| self.0.get(client)) {
            Some(keys) => keys.find(keyid, caller),
            None => NowOrLater::now(Err(unknown())),
        }
    }
}

fn unknown() -> Rejection {
    Rejection::new(RejectionKind::MessageSignatureInvalid)
        .with_source("expected the `keyid` of a known key, found another or none")
}

/// Returns the one algorithm of a key.
fn algorithm_of(key: &Key) -> Result<Algorithm, ConfigError> {
    let mut all = key.algorithms().iter();
    match (all.next(), all.next()) {
        (Some(algorithm), None) => Ok(algorithm),
        _ => {
            let detail = "expected a key of one algorithm, found one that serves several; set `alg` \
                          in its JWK, or call `Key::with_algorithms`";
            Err(ConfigError::conflict("alg", detail))
        }
    }
}

/// Returns the algorithm that a key owns, if it is one.
pub(super) fn own_algorithm(key: &Key) -> Option<Algorithm> {
    algorithm_of(key).ok()
}

/// Returns the registered name of an algorithm (RFC 9421 section 6.2.2), if it has one.
pub(super) const fn registered_name(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::EdDsa => Some("ed25519"),
        Algorithm::Es256 => Some("ecdsa-p256-sha256"),
        Algorithm::Es384 => Some("ecdsa-p384-sha384"),
        Algorithm::Hs256 => Some("hmac-sha256"),
        Algorithm::Ps512 => Some("rsa-pss-sha512"),
        Algorithm::Rs256 => Some("rsa-v1_5-sha256"),
        _ => None,
    }
}
