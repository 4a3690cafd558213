//! The builder of signing keys.

use std::time::Duration;

use super::random_id::random_id;
use super::schedule::Schedule;
use super::signing_key::SigningKey;
use super::signing_keys::{ScheduledKey, SigningKeys};
use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::limits;

/// Builds the first revision of [`SigningKeys`].
///
/// ```
/// use std::time::Duration;
/// use bearergate::clock::UnixTime;
/// use bearergate::crypto::Algorithm;
/// use bearergate::issuer::{SigningKeys, SigningKey};
///
/// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// let keys = SigningKeys::builder(SigningKey::generate(Algorithm::EdDsa)?)
///     .announce_for(2 * DAY)
///     .rotate_after(90 * DAY)
///     .longest_lifetime(Duration::from_secs(600))
///     .build(UnixTime::from_secs(1_800_000_000))?;
/// assert_eq!(keys.longest_lifetime().as_secs(), 600);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[must_use]
#[derive(Debug)]
pub struct SigningKeysBuilder {
    key: SigningKey,
    schedule: Schedule,
}

impl SigningKeys {
    /// Starts the configuration with the first key, which signs at once because there is no other.
    /// Later keys are [announced](SigningKeys::schedule_next) before they sign.
    pub fn builder(key: SigningKey) -> SigningKeysBuilder {
        SigningKeysBuilder {
            key,
            schedule: Schedule::default(),
        }
    }
}

impl SigningKeysBuilder {
    /// Sets how long a key is published before it signs: by default 24 hours, from
    /// [`limits::ANNOUNCE_MIN`] to [`limits::ANNOUNCE_MAX`]. In this time every validator must
    /// fetch the key set again, and every node must adopt the new revision.
    pub fn announce_for(mut self, span: Duration) -> Self {
        self.schedule.announce = span;
        self
    }

    /// Sets how long a key signs until [`is_rotation_due`](SigningKeys::is_rotation_due) wants the
    /// next one in its place: by default 30 days, at least the time of the announcement.
    pub fn rotate_after(mut self, span: Duration) -> Self {
        self.schedule.rotate_after = span;
        self
    }

    /// Sets the longest lifetime of a token under these keys, and with it how long an old key stays
    /// published: by default 1 hour, from 1 second to [`limits::ACCESS_LIFETIME_MAX`].
    pub fn longest_lifetime(mut self, span: Duration) -> Self {
        self.schedule.longest_lifetime = span;
        self
    }

    /// Builds the first revision. Its key signs from `now` on, also on nodes whose clock is slow by
    /// up to [`Leeway::MAX`](crate::clock::Leeway::MAX).
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a time outside its range,
    /// [`NoUsableKey`](crate::error::ConfigErrorKind::NoUsableKey) if the random source fails.
    pub fn build(self, now: UnixTime) -> Result<SigningKeys, ConfigError> {
        let schedule = self.schedule.checked()?;
        let begin = now.as_secs().saturating_sub(limits::LEEWAY_MAX.as_secs());
        Ok(SigningKeys {
            id: random_id()
                .map_err(|_| ConfigError::no_random("id"))?
                .into(),
            revision: 1,
            schedule,
            keys: vec![ScheduledKey {
                key: self.key,
                signs_from: UnixTime::from_secs(begin),
            }],
            revoked: Vec::new(),
        })
    }
}
