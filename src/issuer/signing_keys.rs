//! The keys of an issuer over time.

use std::fmt;
use std::time::Duration;

use super::schedule::Schedule;
use super::signing_key::SigningKey;
use super::signing_keys_builder::SigningKeysBuilder;
use super::signing_keys_text;
use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::key::KeySet;
use crate::limits;
use crate::secret::Secret;

/// The signing keys of one issuer with the time at which each begins to sign: a value.
///
/// It does nothing by itself. Whoever holds the same ring at the same time signs with the same key
/// and publishes the same set, so restarts and several nodes agree. A change makes a new ring of a
/// higher [`revision`](Self::revision), which the user stores and hands to every
/// [`JwtIssuer`](crate::issuer::JwtIssuer) with [`adopt`](crate::issuer::JwtIssuer::adopt).
///
/// A key is published from the moment it is announced, signs a while later, and stays published
/// until its last token has expired, the largest [`Leeway`](crate::clock::Leeway) included. Every node
/// must have adopted a ring before its announced key begins to sign.
///
/// ```
/// use std::time::Duration;
/// use bearergate::clock::UnixTime;
/// use bearergate::crypto::Algorithm;
/// use bearergate::issuer::{SigningKeys, SigningKey};
///
/// let now = UnixTime::from_secs(1_800_000_000);
/// let ring = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
/// let stored = ring.to_secret(); // keep it as you keep passwords
///
/// // Later, on any node:
/// let later = now.saturating_add(Duration::from_secs(29 * 24 * 60 * 60));
/// let ring = SigningKeys::from_secret(&stored)?;
/// assert!(ring.is_rotation_due(later));
/// let next = ring.announce(SigningKey::generate(Algorithm::Es256)?, later)?;
/// assert_eq!(next.keys(later)?.keys().len(), 2);
/// assert_eq!(next.revision(), ring.revision() + 1);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct SigningKeys {
    pub(super) id: Box<str>,
    pub(super) revision: u64,
    pub(super) schedule: Schedule,
    /// In the order in which they sign; never empty.
    pub(super) keys: Vec<RingKey>,
    pub(super) revoked: Vec<Revoked>,
}

/// A key and when it begins to sign. It ends where the next one begins.
#[derive(Clone, Debug)]
pub(super) struct RingKey {
    pub(super) key: SigningKey,
    pub(super) signs_from: UnixTime,
}

/// A key that is no longer trusted, remembered until its last token has expired.
#[derive(Clone, Debug)]
pub(super) struct Revoked {
    pub(super) kid: Box<str>,
    pub(super) until: UnixTime,
}

impl SigningKeys {
    /// Starts a ring with its first key, which signs at once.
    pub fn builder(key: SigningKey) -> SigningKeysBuilder {
        SigningKeysBuilder::new(key)
    }

    /// Reads what [`to_secret`](Self::to_secret) wrote.
    ///
    /// # Errors
    ///
    /// `value_malformed` for anything else: another version of the form, a member that is missing,
    /// unknown or of the wrong type, keys out of order; `out_of_range` for a text over
    /// [`limits::SIGNING_KEYS_BYTES`]; `key_malformed` or `key_weak` for a key that does not fit its
    /// algorithm or its name.
    pub fn from_secret(secret: &Secret) -> Result<Self, ConfigError> {
        signing_keys_text::read(secret.expose())
    }

    /// Writes the ring with its private keys, for the user to store as a secret: JSON text of at
    /// most [`limits::SIGNING_KEYS_BYTES`].
    ///
    /// Whoever reads it can mint tokens. Store it only if the stored revision is the one that this
    /// ring was made from, so that no node overwrites the change of another.
    pub fn to_secret(&self) -> Secret {
        signing_keys_text::write(self)
    }

    /// Adds the key that signs next, from now plus the time of the announcement.
    ///
    /// # Errors
    ///
    /// `conflict` while another announced key has not yet begun to sign, or for a key that the
    /// ring has or had revoked; `out_of_range` while [`limits::SIGNING_KEYS`] others are kept.
    pub fn announce(&self, key: SigningKey, now: UnixTime) -> Result<Self, ConfigError> {
        if self.next(now).is_some() {
            return Err(ConfigError::conflict(
                "key",
                "a key is announced already; wait until it signs",
            ));
        }
        let mut ring = self.changed(&key, now)?;
        ring.keys.push(RingKey {
            key,
            signs_from: now.saturating_add(self.schedule.announce),
        });
        ring.check_size()?;
        Ok(ring)
    }

    /// Replaces a key that is no longer to be trusted: it leaves the published set, and its tokens
    /// are refused wherever the new set has arrived.
    ///
    /// Where it signs now, the announced key takes over at once and the substitute is announced in
    /// its place. Without an announced key the substitute itself signs at once: verifiers that have
    /// cached the set learn of it by its unknown `kid`.
    ///
    /// ```
    /// use bearergate::clock::UnixTime;
    /// use bearergate::crypto::Algorithm;
    /// use bearergate::issuer::{SigningKeys, SigningKey};
    ///
    /// let now = UnixTime::from_secs(1_800_000_000);
    /// let stolen = SigningKey::generate(Algorithm::EdDsa)?;
    /// let ring = SigningKeys::builder(stolen.clone()).build(now)?;
    /// let ring = ring.revoke(stolen.kid(), SigningKey::generate(Algorithm::EdDsa)?, now)?;
    /// assert!(!ring.jwks(now).contains(stolen.kid()));
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `value_malformed` for a `kid` that the ring does not have, `conflict` for a substitute that
    /// it has or had revoked.
    pub fn revoke(
        &self,
        kid: &str,
        substitute: SigningKey,
        now: UnixTime,
    ) -> Result<Self, ConfigError> {
        let mut ring = self.changed(&substitute, now)?;
        let mut own = ring.keys.iter();
        let at = own.position(|own| own.key.kid() == kid);
        ring.replace(
            at.ok_or_else(|| unknown_kid(self.revision))?,
            substitute,
            now,
        );
        ring.revoked.push(Revoked {
            kid: kid.into(),
            until: now.saturating_add(self.schedule.keep()),
        });
        ring.check_size()?;
        Ok(ring)
    }

    /// Returns true if it is time to [`announce`](Self::announce) the next key.
    pub fn is_rotation_due(&self, now: UnixTime) -> bool {
        let ends = self.last().map(|last| {
            let ends = last.signs_from.saturating_add(self.schedule.rotate_after);
            ends.as_secs()
                .saturating_sub(self.schedule.announce.as_secs())
        });
        ends.is_some_and(|ends| now.as_secs() >= ends)
    }

    /// Returns the public JWK Set to publish (RFC 7517 section 5), as JSON text.
    pub fn jwks(&self, now: UnixTime) -> String {
        let keys: Vec<_> = self.published(now).map(SigningKey::jwk).collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    /// Returns the public keys of [`jwks`](Self::jwks), to verify with.
    ///
    /// # Errors
    ///
    /// None in practice: a ring is never without a key.
    pub fn keys(&self, now: UnixTime) -> Result<KeySet, ConfigError> {
        KeySet::new(self.published(now).map(|key| key.public().clone()))
    }

    /// Returns the key that signs now; `None` before the ring's beginning.
    pub fn signing_key(&self, now: UnixTime) -> Option<&SigningKey> {
        let mut begun = self.keys.iter().rev().filter(|own| own.signs_from <= now);
        begun.next().map(|own| &own.key)
    }

    /// Returns the announced key that does not sign yet, if there is one, and when it will.
    pub fn next(&self, now: UnixTime) -> Option<(&SigningKey, UnixTime)> {
        let last = self.last().filter(|own| own.signs_from > now)?;
        Some((&last.key, last.signs_from))
    }

    /// Returns how many changes the ring has seen; the stored ring may only be overwritten by one
    /// whose revision is higher by one.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the longest life of a token that a [`JwtIssuer`](crate::issuer::JwtIssuer) may give under
    /// this ring.
    pub fn longest_lifetime(&self) -> Duration {
        self.schedule.longest_lifetime
    }

    /// Returns the times of the ring.
    pub(super) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Returns the first time after `now` at which the published set changes by itself.
    pub(super) fn next_end(&self, now: UnixTime) -> Option<UnixTime> {
        let ends = self.ends().map(|(_, end)| end);
        ends.flatten().filter(|end| *end > now).min()
    }

    /// Returns true if `other` stems from this ring and forgets none of its changes. One of the
    /// same revision must know every key whose tokens may be valid; a later one has pruned what
    /// is over.
    pub(super) fn is_continued_by(&self, other: &Self, now: UnixTime) -> bool {
        if self.id != other.id || other.revision < self.revision {
            return false;
        }
        let mut live = self.published(now).filter(|key| self.has_begun(key, now));
        other.revision > self.revision || live.all(|key| other.knows(key.kid()))
    }

    fn has_begun(&self, key: &SigningKey, now: UnixTime) -> bool {
        self.next(now)
            .is_none_or(|(next, _)| next.kid() != key.kid())
    }

    fn knows(&self, kid: &str) -> bool {
        self.keys.iter().any(|own| own.key.kid() == kid)
            || self.revoked.iter().any(|old| *old.kid == *kid)
    }

    fn replace(&mut self, at: usize, substitute: SigningKey, now: UnixTime) {
        let old = self.keys.remove(at);
        let announced = now.saturating_add(self.schedule.announce);
        // Whatever its clock, no node is left without a key: the successor signs from where the
        // old key did.
        let (at, signs_from) = match self.keys.get_mut(at) {
            Some(next) if old.signs_from <= now && now < next.signs_from => {
                let planned = std::mem::replace(&mut next.signs_from, old.signs_from);
                (at + 1, planned.max(announced))
            }
            _ if now < old.signs_from => (at, old.signs_from.max(announced)),
            _ => (at, old.signs_from),
        };
        let key = RingKey {
            key: substitute,
            signs_from,
        };
        self.keys.insert(at, key);
    }

    fn last(&self) -> Option<&RingKey> {
        self.keys.last()
    }

    fn published(&self, now: UnixTime) -> impl Iterator<Item = &SigningKey> {
        let kept = self
            .ends()
            .filter(move |(_, end)| end.is_none_or(|end| now < end));
        kept.map(|(own, _)| &own.key)
    }

    /// Returns each key with the time at which it leaves the published set.
    fn ends(&self) -> impl Iterator<Item = (&RingKey, Option<UnixTime>)> {
        let keep = self.schedule.keep();
        let next = self.keys.iter().skip(1).map(Some).chain([None]);
        let ends = next.map(move |next| next.map(|next| next.signs_from.saturating_add(keep)));
        self.keys.iter().zip(ends)
    }

    /// Returns a copy to be changed, without what nobody needs any more.
    fn changed(&self, key: &SigningKey, now: UnixTime) -> Result<Self, ConfigError> {
        if self.knows(key.kid()) {
            let detail = "the ring has this key, or the key was revoked; make another";
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
                "the ring keeps {} keys whose tokens may still be valid; rotate less often",
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

fn unknown_kid(revision: u64) -> ConfigError {
    let detail = format!("the ring has no such key at revision {revision}; read the ring again");
    ConfigError::malformed("kid", detail)
}
