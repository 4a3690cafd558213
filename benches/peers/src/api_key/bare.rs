//! The lower bound of every API key check: an HMAC, a look-up in a hash map, a comparison in constant
//! time, and one read of the record.
//!
//! Nothing is parsed: the id and the input of the HMAC are at fixed positions.

use super::fixture;
use super::fixture::Fixture;
use super::fixture::ID;
use crate::case::Case;
use crate::case::Probe;
use crate::case::Provider;
use crate::error::Result;
use ring::hmac;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use subtle::ConstantTimeEq;

struct Entry {
    digest: [u8; 32],
    record: Arc<Record>,
}

/// About the data that a service stores of a key.
struct Record {
    expires_at: u64,
    _subject: String,
    _scopes: String,
}

/// Creates the case.
pub fn case(fixture: &Rc<Fixture>) -> Result<Case> {
    let pepper = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    let mut entries = HashMap::new();
    for (count, key) in fixture.keys().enumerate() {
        let (id, signed) = fixture::split(key);
        let id: [u8; ID] = id.try_into()?;
        entries.insert(id, entry(&pepper, signed, count)?);
    }
    let check = fixture.check(move |key| probe(&pepper, &entries, key).is_some_and(|end| end > 0));
    let name = Provider::ApiKey.raw().expect("there is a bare probe");
    let refused = &[Probe::BadSignature, Probe::BadPayload];
    Ok(Case::new(name, Provider::ApiKey, check).refusing(refused))
}

fn entry(pepper: &hmac::Key, signed: &[u8], count: usize) -> Result<Entry> {
    Ok(Entry {
        digest: hmac::sign(pepper, signed).as_ref().try_into()?,
        record: Arc::new(Record {
            expires_at: 1 + count as u64,
            _subject: format!("robot-{count}"),
            _scopes: "orders:read orders:write".to_owned(),
        }),
    })
}

fn probe(pepper: &hmac::Key, entries: &HashMap<[u8; ID], Entry>, key: &str) -> Option<u64> {
    let (id, signed) = fixture::split(key);
    let tag = hmac::sign(pepper, signed);
    let entry = entries.get::<[u8]>(id)?;
    let is_equal = bool::from(entry.digest.ct_eq(tag.as_ref()));
    is_equal.then(|| entry.record.expires_at)
}
