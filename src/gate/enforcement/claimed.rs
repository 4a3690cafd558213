//! The identity that a rejected credential claims, for signals and records.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use crate::credential::{PresentedCredential, base64url};
use crate::gate::slot::Slot;
use crate::json::{Document, Value};
use crate::request::RequestFacts;
use crate::validator::{Shape, TokenValidator};

/// Identifies the identity that the credential of a request claims: the id of an API key, or the
/// issuer and the subject of a token, passed to `identify`. Nothing of it is verified, so it tells
/// only one claim from another.
pub(super) fn claimed_identity<T>(
    slot: &Slot,
    facts: &RequestFacts<'_>,
    identify: impl FnOnce(&str, &str) -> T,
) -> Option<T> {
    let presented = slot.sources.extract(facts).ok()?;
    if let Some(id) = key_id(slot, &presented) {
        return Some(identify("", id));
    }
    let mut parts = presented.credential().expose().split('.');
    let payload = parts.nth(1).filter(|payload| payload.len() <= PAYLOAD)?;
    let claims = Document::parse(&base64url::decode(payload)?).ok()?;
    let text_of = |name: &str| claims.get(name).and_then(Value::as_str);
    let issuer = text_of("iss").unwrap_or_default();
    Some(identify(&issuer, &text_of("sub")?))
}

/// Returns a keyed hash of a claimed identity, under a key of this process.
pub(super) fn claimed_hash(authority: &str, id: &str) -> u64 {
    KEYS.hash_one((authority, id))
}

/// The key of the hashes, of this process.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Longest payload that is read to find out what it claims.
const PAYLOAD: usize = 16 * 1024;

/// Returns the id of an API key of a known prefix.
fn key_id<'t>(slot: &Slot, presented: &'t PresentedCredential<'_>) -> Option<&'t str> {
    let text = presented.credential().expose();
    let prefixes = slot.router.shapes().iter().filter_map(|shape| match shape {
        Shape::Prefix(prefix) => Some(prefix),
        _ => None,
    });
    let rest = prefixes
        .filter_map(|prefix| text.strip_prefix(&**prefix))
        .next()?;
    rest.get(..KEY_ID)
}

/// Length of the id in an API key of this crate.
const KEY_ID: usize = 16;
