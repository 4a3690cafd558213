//! Import of JWK Sets (RFC 7517 section 5): unusable members are skipped one by one.

use super::jwk;
use super::set::KeySet;
use super::skipped::SkippedKey;
use crate::crypto::{Flaw, Provider};
use crate::error::{ConfigError, ConfigErrorKind};
use crate::event::{Event, Observer};
use crate::json::Value;
use crate::limits;

/// How a JWK Set is read.
pub(super) struct SetReader<'a> {
    pub(super) provider: Provider,
    pub(super) observer: Option<&'a dyn Observer>,
    pub(super) max_keys: usize,
}

impl SetReader<'_> {
    /// Reads a JWK Set; the result may be an empty set. Each skipped member is reported.
    pub(super) fn read(&self, text: &[u8]) -> Result<KeySet, ConfigError> {
        let document = jwk::object(text, "jwks")?;
        let members = document.get("keys").and_then(Value::elements);
        let members = members.ok_or_else(|| {
            ConfigError::malformed(
                "jwks",
                "expected an object with an array `keys`; give a JWK Set",
            )
        })?;
        let members: Vec<_> = members.collect();
        if members.len() > self.max_keys {
            return Err(self.too_many(members.len()));
        }
        let (mut keys, mut skipped) = (Vec::new(), Vec::new());
        for (index, member) in members.into_iter().enumerate() {
            let key = jwk::member(member).and_then(|draft| draft.prepare(self.provider));
            match key {
                Ok(key) => keys.push(key),
                Err(Flaw(_, reason)) => {
                    let kid = jwk::reported_kid(member);
                    skipped.push(self.report(SkippedKey { index, kid, reason }));
                }
            }
        }
        Ok(KeySet::from_members(keys, skipped))
    }

    pub(super) fn report(&self, skipped: SkippedKey) -> SkippedKey {
        if let Some(observer) = self.observer {
            observer.observe(&Event::KeySkipped {
                index: skipped.index,
                kid: skipped.kid(),
                reason: skipped.reason,
            });
        }
        skipped
    }

    pub(super) fn too_many(&self, found: usize) -> ConfigError {
        let (cap, most) = (self.max_keys, limits::JWKS_KEYS_MAX);
        let detail = format!(
            "expected at most {cap} keys, found {found}; raise `max_keys` (up to {most}), \
             or publish fewer keys"
        );
        ConfigError::new(ConfigErrorKind::OutOfRange, "jwks", detail)
    }
}
