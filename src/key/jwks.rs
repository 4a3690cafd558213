//! Import of JWK Sets (RFC 7517 section 5): unusable members are skipped one by one.

use super::jwk;
use super::set::KeySet;
use super::skipped::SkippedKey;
use crate::crypto::{Flaw, Provider};
use crate::error::ConfigError;
use crate::event::{Event, Observer};
use crate::json::Value;
use crate::limits;

/// Reads a JWK Set; the result may be an empty set. Each skipped member is reported.
pub(super) fn read(
    text: &[u8],
    provider: Provider,
    observer: Option<&dyn Observer>,
) -> Result<KeySet, ConfigError> {
    let document = jwk::object(text, "jwks")?;
    let members = document.get("keys").and_then(Value::elements);
    let members = members.ok_or_else(|| {
        ConfigError::malformed(
            "jwks",
            "expected an object with an array `keys`; give a JWK Set",
        )
    })?;
    let members: Vec<_> = members.collect();
    if members.len() > limits::JWKS_KEYS {
        let (count, range) = (members.len(), ..=limits::JWKS_KEYS);
        return Err(ConfigError::size_out_of_range("jwks", count, "keys", range));
    }
    let (mut keys, mut skipped) = (Vec::new(), Vec::new());
    for (index, member) in members.into_iter().enumerate() {
        let key = jwk::member(member).and_then(|draft| draft.prepare(provider));
        match key {
            Ok(key) => keys.push(key),
            Err(Flaw(_, reason)) => {
                let kid = jwk::reported_kid(member);
                if let Some(observer) = observer {
                    observer.observe(&Event::KeySkipped {
                        index,
                        kid: kid.as_deref(),
                        reason,
                    });
                }
                skipped.push(SkippedKey { index, kid, reason });
            }
        }
    }
    Ok(KeySet::from_members(keys, skipped))
}
