//! JWK Sets (RFC 7517 section 5): bad members are skipped one by one and reported.

use super::Key;
use super::import::KeyImporter;
use super::jwk;
use super::set::KeySet;
use crate::crypto::Flaw;
use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::event::Event;
use crate::json::Value;
use crate::limits;

/// A member of a JWK Set that was left out, for the operator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SkippedKey {
    index: usize,
    kid: Option<Box<str>>,
    reason: &'static str,
}

impl SkippedKey {
    /// Returns the position in `keys`, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns the `kid`, if it is a string of at most 256 bytes. It comes from outside.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns why, as constant text.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

/// Reads a JWK Set; it may end up empty.
pub(super) fn read(import: &KeyImporter, text: &[u8]) -> Result<KeySet, ConfigError> {
    let document = jwk::object(text, "jwks")?;
    let members = document.get("keys").and_then(Value::elements);
    let members: Vec<_> = members.ok_or_else(no_array)?.collect();
    check_count(members.len())?;
    let mut reading = Reading::new(import);
    for (index, member) in members.into_iter().enumerate() {
        reading.add(index, member);
    }
    Ok(reading.finish())
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

/// Refuses a set without a key, saying why each member was left out.
pub(super) fn check_usable(set: &KeySet) -> Result<(), ConfigError> {
    if !set.keys().is_empty() {
        return Ok(());
    }
    let mut detail = String::from("no key can be used; give at least one");
    for skipped in set.skipped() {
        detail += &format!("; key {}: {}", skipped.index, skipped.reason);
    }
    Err(ConfigError::new(
        ConfigErrorKind::NoUsableKey,
        "keys",
        detail,
    ))
}

struct Reading<'i> {
    import: &'i KeyImporter,
    keys: Vec<Key>,
    skipped: Vec<SkippedKey>,
}

impl<'i> Reading<'i> {
    fn new(import: &'i KeyImporter) -> Self {
        Self {
            import,
            keys: Vec::new(),
            skipped: Vec::new(),
        }
    }

    fn add(&mut self, index: usize, member: Value<'_>) {
        match jwk::member(member).and_then(|draft| self.import.prepared(draft)) {
            Ok(key) => self.keys.push(key),
            Err(Flaw(_, reason)) => self.skip(SkippedKey {
                index,
                kid: jwk::reported_kid(member),
                reason,
            }),
        }
    }

    fn skip(&mut self, skipped: SkippedKey) {
        if let Some(observer) = self.import.watcher() {
            observer.observe(&Event::KeySkipped {
                index: skipped.index,
                kid: skipped.kid(),
                reason: skipped.reason,
            });
        }
        self.skipped.push(skipped);
    }

    fn finish(self) -> KeySet {
        KeySet::of_jwks(self.keys, self.skipped)
    }
}
