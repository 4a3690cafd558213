//! The signing keys of an issuer.

use std::fmt;
use std::time::Duration;

use super::schedule::Schedule;
use super::signing_key::SigningKey;
use crate::clock::UnixTime;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::key::KeySet;
use crate::limits;

/// The signing keys of one issuer, with the time at which each begins to sign.
///
/// This is plain data that changes nothing by itself. Nodes with the same revision sign with the
/// same key at the same time and publish the same key set, also after a restart. A change returns
/// the next [`revision`](Self::revision), which the service stores and gives to every
/// [`JwtIssuer`](crate::issuer::JwtIssuer) with [`adopt`](crate::issuer::JwtIssuer::adopt).
///
/// A key is first announced (published), signs later, and stays published until its last token has
/// expired, including the largest [`Leeway`](crate::clock::Leeway). Every node must adopt a revision
/// before its announced key begins to sign.
///
/// ```
/// use std::time::Duration;
/// use bearergate::clock::UnixTime;
/// use bearergate::crypto::Algorithm;
/// use bearergate::issuer::{SigningKeys, SigningKey};
///
/// let now = UnixTime::from_secs(1_800_000_000);
/// let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
/// let stored = keys.to_secret(); // store it like a password
///
/// // Later, on any node:
/// let later = now.saturating_add(Duration::from_secs(29 * 24 * 60 * 60));
/// let keys = SigningKeys::from_secret(&stored)?;
/// assert!(keys.is_rotation_due(later));
/// let next = keys.schedule_next(SigningKey::generate(Algorithm::Es256)?, later)?;
/// assert_eq!(next.keys(later)?.keys().len(), 2);
/// assert_eq!(next.revision(), keys.revision() + 1);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct SigningKeys {
    pub(super) id: Box<str>,
    pub(super) revision: u64,
    pub(super) schedule: Schedule,
    /// In the order in which they sign; never empty.
    pub(super) keys: Vec<ScheduledKey>,
    pub(super) revoked: Vec<RevokedKey>,
}

/// A key and when it begins to sign. It signs until the next one begins.
#[derive(Clone, Debug)]
pub(super) struct ScheduledKey {
    pub(super) key: SigningKey,
    pub(super) signs_from: UnixTime,
}

/// A key that is no longer trusted, kept until its last token has expired.
#[derive(Clone, Debug)]
pub(super) struct RevokedKey {
    pub(super) kid: Box<str>,
    pub(super) until: UnixTime,
}

impl SigningKeys {
    /// Returns the next revision, with this key announced now; it signs after the
    /// [time of the announcement](crate::issuer::SigningKeysBuilder::announce_for).
    ///
    /// # Errors
    ///
    /// [`Conflict`](ConfigErrorKind::Conflict) while another announced key has not begun to sign, or
    /// for a key that was added before, revoked or not;
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) while [`limits::SIGNING_KEYS`] others are kept.
    pub fn schedule_next(&self, key: SigningKey, now: UnixTime) -> Result<Self, ConfigError> {
        if self.next(now).is_some() {
            return Err(ConfigError::conflict(
                "key",
                "a key is announced already; wait until it signs",
            ));
        }
        let mut next = self.changed(&key, now)?;
        next.keys.push(ScheduledKey {
            key,
            signs_from: now.saturating_add(self.schedule.announce),
        });
        next.check_size()?;
        Ok(next)
    }

    /// Returns the next revision, with a key replaced that must no longer be trusted. It is not
    /// published any more, and its tokens are rejected by every validator that has the new key set.
    ///
    /// If the key signs now, the announced key signs at once and the substitute is announced
    /// instead. Without an announced key the substitute itself signs at once: validators that have
    /// cached the key set fetch it again because its `kid` is unknown.
    ///
    /// ```
    /// use bearergate::clock::UnixTime;
    /// use bearergate::crypto::Algorithm;
    /// use bearergate::issuer::{SigningKeys, SigningKey};
    ///
    /// let now = UnixTime::from_secs(1_800_000_000);
    /// let stolen = SigningKey::generate(Algorithm::EdDsa)?;
    /// let keys = SigningKeys::builder(stolen.clone()).build(now)?;
    /// let keys = keys.revoke(stolen.kid(), SigningKey::generate(Algorithm::EdDsa)?, now)?;
    /// assert!(!keys.jwks(now).contains(stolen.kid()));
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for an unknown `kid`,
    /// [`Conflict`](ConfigErrorKind::Conflict) for a substitute that was added before, revoked or
    /// not, [`OutOfRange`](ConfigErrorKind::OutOfRange) for more than [`limits::SIGNING_KEYS`] keys.
    pub fn revoke(
        &self,
        kid: &str,
        substitute: SigningKey,
        now: UnixTime,
    ) -> Result<Self, ConfigError> {
        let mut next = self.changed(&substitute, now)?;
        let mut own = next.keys.iter();
        let Some(at) = own.position(|own| own.key.kid() == kid) else {
            let revision = self.revision;
            let detail = format!("revision {revision} has no such key; read the stored keys again");
            return Err(ConfigError::malformed("kid", detail));
        };
        next.replace(at, substitute, now);
        next.revoked.push(RevokedKey {
            kid: kid.into(),
            until: now.saturating_add(self.schedule.keep()),
        });
        next.check_size()?;
        Ok(next)
    }

    /// Returns true if it is time to [schedule](Self::schedule_next) the next key: one that is
    /// announced now begins to sign when the time of the last one is over, or later.
    pub fn is_rotation_due(&self, now: UnixTime) -> bool {
        let ends = self.last().map(|last| {
            let ends = last.signs_from.saturating_add(self.schedule.rotate_after);
            ends.as_secs()
                .saturating_sub(self.schedule.announce.as_secs())
        });
        ends.is_some_and(|ends| now.as_secs() >= ends)
    }

    /// Returns the public JWK Set to publish (RFC 7517 section 5) as JSON text: the announced key,
    /// the one that signs, and older ones whose tokens may still be valid. It has no private part, and
    /// leaves out keys of a [shared secret](SigningKey::hs256_verifiers_can_mint).
    pub fn jwks(&self, now: UnixTime) -> String {
        let keys: Vec<_> = self.published(now).filter_map(SigningKey::jwk).collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    /// Returns the public keys of [`jwks`](Self::jwks), and the shared secrets, to verify with.
    ///
    /// # Errors
    ///
    /// None in practice: there is always a key.
    pub fn keys(&self, now: UnixTime) -> Result<KeySet, ConfigError> {
        KeySet::new(self.published(now).map(|key| key.public().clone()))
    }

    /// Returns the key that signs at this time; `None` before the first key begins. Every node with
    /// the same revision and time gets the same one.
    pub fn signing_key(&self, now: UnixTime) -> Option<&SigningKey> {
        let mut begun = self.keys.iter().rev().filter(|own| own.signs_from <= now);
        begun.next().map(|own| &own.key)
    }

    /// Returns the announced key that does not sign yet, if there is one, and when it begins. It is
    /// published already, so that validators have it in time.
    pub fn next(&self, now: UnixTime) -> Option<(&SigningKey, UnixTime)> {
        let last = self.last().filter(|own| own.signs_from > now)?;
        Some((&last.key, last.signs_from))
    }

    /// Returns the number of the revision, starting at 1. Overwrite the stored keys only with the
    /// revision that is one higher, so that no node undoes the change of another.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the longest lifetime that a [`JwtIssuer`](crate::issuer::JwtIssuer) with these keys
    /// may give its tokens. For so long, and the largest leeway, a key stays published after it has
    /// signed.
    pub fn longest_lifetime(&self) -> Duration {
        self.schedule.longest_lifetime
    }

    /// Returns the rotation times.
    pub(super) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Returns the first time after `now` at which the published set changes.
    pub(super) fn next_end(&self, now: UnixTime) -> Option<UnixTime> {
        let ends = self.ends().map(|(_, end)| end);
        ends.flatten().filter(|end| *end > now).min()
    }

    /// Returns true if `other` was made from these keys and has all their changes. The same revision
    /// must know every key whose tokens may be valid; a later one may have removed expired keys.
    pub(super) fn is_continued_by(&self, other: &Self, now: UnixTime) -> bool {
        if self.id != other.id || other.revision < self.revision {
            return false;
        }
        let announced = self.next(now).map(|(key, _)| key.kid());
        let mut live = self
            .published(now)
            .filter(|key| announced != Some(key.kid()));
        other.revision > self.revision || live.all(|key| other.knows(key.kid()))
    }

    fn knows(&self, kid: &str) -> bool {
        self.keys.iter().any(|own| own.key.kid() == kid)
            || self.revoked.iter().any(|old| *old.kid == *kid)
    }

    fn replace(&mut self, at: usize, substitute: SigningKey, now: UnixTime) {
        let old = self.keys.remove(at);
        let announced = now.saturating_add(self.schedule.announce);
        // The successor signs from the time of the old key, so that no node is without a key,
        // whatever its clock.
        let (at, signs_from) = match self.keys.get_mut(at) {
            Some(next) if old.signs_from <= now && now < next.signs_from => {
                let planned = std::mem::replace(&mut next.signs_from, old.signs_from);
                (at + 1, planned.max(announced))
            }
            _ if now < old.signs_from => (at, old.signs_from.max(announced)),
            _ => (at, old.signs_from),
        };
        let key = ScheduledKey {
            key: substitute,
            signs_from,
        };
        self.keys.insert(at, key);
    }

    fn last(&self) -> Option<&ScheduledKey> {
        self.keys.last()
    }

    fn published(&self, now: UnixTime) -> impl Iterator<Item = &SigningKey> {
        let kept = self
            .ends()
            .filter(move |(_, end)| end.is_none_or(|end| now < end));
        kept.map(|(own, _)| &own.key)
    }

    /// Returns each key with the time at which it leaves the published set.
    fn ends(&self) -> impl Iterator<Item = (&ScheduledKey, Option<UnixTime>)> {
        let keep = self.schedule.keep();
        let next = self.keys.iter().skip(1).map(Some).chain([None]);
        let ends = next.map(move |next| next.map(|next| next.signs_from.saturating_add(keep)));
        self.keys.iter().zip(ends)
    }

    /// Returns the next revision, not changed yet, without expired keys.
    fn changed(&self, key: &SigningKey, now: UnixTime) -> Result<Self, ConfigError> {
        if self.knows(key.kid()) {
            let detail = "the key was added before, or was revoked; generate another one";
            return Err(ConfigError::conflict("key", detail));
        }
        let kept = self
            .ends()
            .filter(|(_, end)| end.is_none_or(|end| now < end));
        let mut revoked = self.revoked.clone();
        revoked.retain(|old| now < old.until);
        Ok(Self {
            id: self.id.clone(),
            revision: self.revision.saturating_add(1),
            schedule: self.schedule,
            keys: kept.map(|(own, _)| own.clone()).collect(),
            revoked,
        })
    }

    fn check_size(&self) -> Result<(), ConfigError> {
        if self.keys.len().max(self.revoked.len()) <= limits::SIGNING_KEYS {
            return Ok(());
        }
        Err(ConfigError::new(
            ConfigErrorKind::OutOfRange,
            "key",
            format!(
                "{} keys are kept whose tokens may still be valid; rotate less often",
                limits::SIGNING_KEYS
            ),
        ))
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys")
            .field("id", &self.id)
            .field("revision", &self.revision)
            .field("schedule", &self.schedule)
            .field("keys", &self.keys)
            .field("revoked", &self.revoked)
            .finish()
    }
}
