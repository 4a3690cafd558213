//! The beginning of a key ring.

use std::time::Duration;

use super::schedule::Schedule;
use super::signing_key::SigningKey;
use super::signing_keys::RingKey;
use super::signing_keys::SigningKeys;
use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::limits;

/// Puts a new [`SigningKeys`] together.
///
/// ```
/// use std::time::Duration;
/// use bearergate::clock::UnixTime;
/// use bearergate::crypto::Algorithm;
/// use bearergate::issuer::{SigningKeys, SigningKey};
///
/// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// let ring = SigningKeys::builder(SigningKey::generate(Algorithm::EdDsa)?)
///     .announce_for(2 * DAY)
///     .rotate_after(90 * DAY)
///     .longest_lifetime(Duration::from_secs(600))
///     .build(UnixTime::from_secs(1_800_000_000))?;
/// assert_eq!(ring.longest_lifetime().as_secs(), 600);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[must_use]
#[derive(Debug)]
pub struct SigningKeysBuilder {
    key: SigningKey,
    schedule: Schedule,
}

impl SigningKeysBuilder {
    pub(super) fn new(key: SigningKey) -> Self {
        Self {
            key,
            schedule: Schedule::default(),
        }
    }

    /// Sets how long a key is published before it signs: 24 hours by default, from
    /// [`limits::ANNOUNCE_MIN`] to [`limits::ANNOUNCE_MAX`]. Within this time every verifier must
    /// fetch the set again, and every node adopt the ring.
    pub fn announce_for(mut self, span: Duration) -> Self {
        self.schedule.announce = span;
        self
    }

    /// Sets how long a key signs before [`is_rotation_due`](SigningKeys::is_rotation_due) asks for the
    /// next one to take over: 30 days by default, at least the time of the announcement.
    pub fn rotate_after(mut self, span: Duration) -> Self {
        self.schedule.rotate_after = span;
        self
    }

    /// Sets the longest life of a token under this ring, which says how long an old key is kept:
    /// 1 hour by default, from 1 second to [`limits::ACCESS_LIFETIME_MAX`].
    pub fn longest_lifetime(mut self, span: Duration) -> Self {
        self.schedule.longest_lifetime = span;
        self
    }

    /// Makes the ring. Its first key signs from `now` on, on nodes with a clock that is slow by up
    /// to [`Leeway::MAX`](crate::clock::Leeway::MAX) too.
    ///
    /// # Errors
    ///
    /// `out_of_range` for a time outside its range, `no_usable_key` where the system has no random
    /// numbers.
    pub fn build(self, now: UnixTime) -> Result<SigningKeys, ConfigError> {
        let schedule = self.schedule.checked()?;
        let begin = now.as_secs().saturating_sub(limits::LEEWAY_MAX.as_secs());
        Ok(SigningKeys {
            id: super::random_id().map_err(|_| no_random())?.into(),
            revision: 1,
            schedule,
            keys: vec![RingKey {
                key: self.key,
                signs_from: UnixTime::from_secs(begin),
            }],
            revoked: Vec::new(),
        })
    }
}

fn no_random() -> ConfigError {
    ConfigError::no_random("id")
}
