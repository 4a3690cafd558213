//! The public keys of a region's load balancers, one address for each key.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::UnixTime;
use crate::crypto::Algorithm;
use crate::environment::Environment;
use crate::error::{ConfigError, Rejection, RejectionKind};
use crate::key::{FetchedKeys, FetchedKeysBuilder, Key, KeyHint, KeyStore};
use crate::limits;
use crate::now_or_later::{NowOrLater, ask};

/// The keys that were asked for, each fetched when its id is first seen, and refreshed as any other
/// fetched keys.
///
/// Ids are untrusted until a key verifies a signature, so there is room for a few keys only, and
/// only a few new ids are looked up in a time.
pub(super) struct AlbKeys {
    /// The address of the keys, before the id.
    base: String,
    environment: Environment,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    keys: Vec<Entry>,
    /// The times of the last lookups of new ids.
    lookups: Vec<UnixTime>,
}

struct Entry {
    kid: Box<str>,
    keys: FetchedKeys,
}

impl AlbKeys {
    /// Checks the address and the environment by preparing one key, without any request.
    pub(super) fn new(base: String, environment: Environment) -> Result<Self, ConfigError> {
        let keys = Self {
            base,
            environment,
            entries: Mutex::default(),
        };
        keys.source("00000000-0000-0000-0000-000000000000")
            .build()?;
        Ok(keys)
    }

    fn source(&self, kid: &str) -> FetchedKeysBuilder {
        let url = format!("{}/{kid}", self.base);
        FetchedKeys::pem_url(&url, kid).env(&self.environment)
    }

    /// Returns the key with this id. A new id is looked up when the result is first polled.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the key could not be read, or if too many new ids were looked up.
    pub(super) fn find<'a>(
        &'a self,
        kid: &'a str,
        now: UnixTime,
    ) -> NowOrLater<'a, Result<Key, Rejection>> {
        let hint = KeyHint::new(Some(kid), Algorithm::Es256);
        match self.known(kid) {
            Some(keys) => ask!(
                where keys = Ok(keys.clone());
                keys.find(hint),
                |found| NowOrLater::now(found.and_then(|set| only_key(&set)))
            ),
            None => NowOrLater::later(async move {
                let keys = self.look_up(kid, now)?;
                only_key(&*keys.find(hint).await?)
            }),
        }
    }

    fn known(&self, kid: &str) -> Option<FetchedKeys> {
        let entries = self.lock();
        let entry = entries.keys.iter().find(|entry| *entry.kid == *kid)?;
        Some(entry.keys.clone())
    }

    /// Adds an entry for a new id, in place of the oldest one if there is no room.
    fn look_up(&self, kid: &str, now: UnixTime) -> Result<FetchedKeys, Rejection> {
        if let Some(keys) = self.known(kid) {
            return Ok(keys);
        }
        let unavailable = |error| Rejection::new(RejectionKind::Unavailable).with_source(error);
        let keys = self.source(kid).build().map_err(unavailable)?;
        let mut entries = self.lock();
        let is_recent = |at: &UnixTime| now < at.saturating_add(limits::ALB_LOOKUP_WINDOW);
        entries.lookups.retain(is_recent);
        if entries.lookups.len() >= limits::ALB_LOOKUPS {
            return Err(RejectionKind::Unavailable.into());
        }
        entries.lookups.push(now);
        if entries.keys.len() >= limits::ALB_KEYS {
            // An id without a key first: it was never one of the load balancer's.
            let unused = entries.keys.iter().position(|e| e.keys.current().is_none());
            entries.keys.remove(unused.unwrap_or(0));
        }
        entries.keys.push(Entry {
            kid: kid.into(),
            keys: keys.clone(),
        });
        Ok(keys)
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the key of a set that was read from one PEM text.
fn only_key(set: &crate::key::KeySet) -> Result<Key, Rejection> {
    let key = set
        .keys()
        .first()
        .filter(|key| key.algorithms().contains(Algorithm::Es256));
    key.cloned()
        .ok_or_else(|| RejectionKind::KeyNotFound.into())
}

impl fmt::Debug for AlbKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlbKeys")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}
