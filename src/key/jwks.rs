//! Import of JWK Sets (RFC 7517 section 5): unusable members are skipped one by one.

use super::jwk::SetPurpose;
use super::set::KeySet;
use super::skipped::SkippedKey;
use super::{jwk, mistake};
use crate::crypto::{Flaw, Provider};
use crate::error::{ConfigError, ConfigErrorKind};
use crate::event::{Event, Observer};
use crate::json::{JsonError, Kind, Object, Value};
use crate::limits;

/// How a JWK Set is read.
pub(super) struct SetReader<'a> {
    pub(super) provider: Provider,
    pub(super) observer: Option<&'a dyn Observer>,
    pub(super) max_keys: usize,
    pub(super) purpose: SetPurpose,
}

impl SetReader<'_> {
    /// Reads a JWK Set; the result may be an empty set. Each skipped member is reported.
    pub(super) fn read(&self, text: &[u8]) -> Result<KeySet, ConfigError> {
        jwk::check_size(text, FIELD)?;
        let document = document(text).map_err(|error| jwk::not_json(FIELD, text, error))?;
        let members = document.get("keys").and_then(Value::elements);
        let members: Vec<_> = members.ok_or_else(|| not_a_set(&document))?.collect();
        if members.len() > self.max_keys {
            return Err(self.too_many(members.len()));
        }
        let (mut keys, mut skipped) = (Vec::new(), Vec::new());
        for (index, member) in members.into_iter().enumerate() {
            let key =
                jwk::member(member, self.purpose).and_then(|draft| draft.prepare(self.provider));
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
        ConfigError::new(ConfigErrorKind::OutOfRange, FIELD, detail)
    }
}

/// Scans the text of a set. Duplicate members inside one key are that key's flaw, so the elements
/// of `keys` are scanned for them one by one; everywhere else they refuse the document.
fn document(text: &[u8]) -> Result<Object<'_>, JsonError> {
    let document = Object::parse_outer(text)?;
    for (name, value) in document.members() {
        match value.kind() {
            Kind::Array if name == "keys" => {}
            Kind::Object => drop(value.to_object()?),
            _ => drop(Value::parse(value.raw().as_bytes())?),
        }
    }
    Ok(document)
}

/// Reports an object that is not a JWK Set, and names the remedy for what it looks like.
fn not_a_set(document: &Object<'_>) -> ConfigError {
    let has = |name| document.get(name).is_some();
    let detail = if has("keys") {
        "expected an array `keys`, found another type; give a JWK Set"
    } else if has("kty") {
        "expected an object with an array `keys`, found a single JWK; read it with `Key::from_jwk`, \
         or put it into `keys`"
    } else if has("jwks_uri") || has("issuer") {
        "expected an object with an array `keys`, found a discovery document; give the document at \
         its `jwks_uri`, or let `FetchedKeys` fetch it"
    } else if mistake::is_certificate_map(document) {
        "expected an object with an array `keys`, found certificates by key id; fetch them with \
         `FetchedKeys::certificate_map`"
    } else if has("error") {
        "expected an object with an array `keys`, found an error answer (member `error`); check the \
         address that it was read from"
    } else if document.is_empty() {
        "expected an object with an array `keys`, found an empty object; give a JWK Set"
    } else {
        "expected an object with an array `keys`, found an object without `keys`; give a JWK Set"
    };
    ConfigError::malformed(FIELD, detail)
}

const FIELD: &str = "jwks";
