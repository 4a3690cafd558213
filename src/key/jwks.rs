//! Import of JWK Sets (RFC 7517 section 5): unusable members are skipped one by one.

use super::jwk;
use super::set::KeySet;
use super::skipped::SkippedKey;
use super::verification_key::Key;
use crate::crypto::Flaw;
use crate::crypto::Provider;
use crate::error::ConfigError;
use crate::event::Event;
use crate::event::Observer;
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
    let members: Vec<_> = members.ok_or_else(no_array)?.collect();
    check_count(members.len())?;
    let (mut keys, mut skipped) = (Vec::new(), Vec::new());
    for (index, member) in members.into_iter().enumerate() {
        match read_member(member, index, provider) {
            Ok(key) => keys.push(key),
            Err(unusable) => {
                report(&unusable, observer);
                skipped.push(unusable);
            }
        }
    }
    Ok(KeySet::from_members(keys, skipped))
}

fn read_member(member: Value<'_>, index: usize, provider: Provider) -> Result<Key, SkippedKey> {
    jwk::member(member)
        .and_then(|draft| draft.prepare(provider))
        .map_err(|Flaw(_, reason)| SkippedKey {
            index,
            kid: jwk::reported_kid(member),
            reason,
        })
}

fn report(skipped: &SkippedKey, observer: Option<&dyn Observer>) {
    if let Some(observer) = observer {
        observer.observe(&Event::KeySkipped {
            index: skipped.index,
            kid: skipped.kid(),
            reason: skipped.reason,
        });
    }
}

fn no_array() -> ConfigError {
    ConfigError::malformed(
        "jwks",
        "expected an object with an array `keys`; give a JWK Set",
    )
}

fn check_count(count: usize) -> Result<(), ConfigError> {
    if count <= limits::JWKS_KEYS {
        return Ok(());
    }
    let range = ..=limits::JWKS_KEYS;
    Err(ConfigError::size_out_of_range("jwks", count, "keys", range))
}
