//! The keys of buckets.
//!
//! A key is a keyed hash of what the limit counts by. Every part has its length before it and the
//! parts of each kind a tag, so no two different things are written as the same bytes.

use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};

use ring::hmac;

use super::ask::Ask;
use super::by::By;
use super::rate_store::RateKey;
use crate::principal::Principal;

#[cfg(feature = "api-key")]
use crate::api_key::store::ApiKeyDetails;

/// The hash of everything of a key that belongs to the limit: its name and what it counts by. A limit
/// that is replaced by one of the same name keeps its buckets.
#[derive(Clone, Debug)]
pub(super) struct KeySeed(DefaultHasher);

impl KeySeed {
    pub(super) fn new(seeds: &RandomState, name: &str, by: &By, is_per_action: bool) -> Self {
        let mut hasher = seeds.build_hasher();
        hasher.write(&limit_bytes(name, by, is_per_action));
        Self(hasher)
    }

    /// Returns the key of a request, which is never 0; `None` if the limit does not count it.
    #[inline]
    pub(super) fn key(&self, by: &By, is_per_action: bool, ask: &Ask<'_>) -> Option<u64> {
        let mut hasher = self.0.clone();
        write_key(by, is_per_action, ask, &mut hasher)?;
        Some(hasher.finish().max(1))
    }

    /// Returns the hash of the coarse network of a source.
    pub(super) fn coarse(&self, ask: &Ask<'_>) -> u64 {
        let mut hasher = self.0.clone();
        hasher.write_u8(Tag::Coarse as u8);
        hasher.write(&source(ask).coarse_key());
        hasher.finish()
    }
}

/// The same for a store that several nodes share: every node makes the same keys.
#[derive(Clone)]
pub(super) struct SharedSeed(hmac::Context);

impl SharedSeed {
    /// Returns the key of nodes that share no secret: everybody who can read the store can then find out
    /// whether a caller that he knows has a bucket.
    pub(super) fn public_key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, b"bearergate shared limit")
    }

    pub(super) fn new(key: &hmac::Key, name: &str, by: &By, is_per_action: bool) -> Self {
        let mut context = hmac::Context::with_key(key);
        context.update(&limit_bytes(name, by, is_per_action));
        Self(context)
    }

    pub(super) fn key(&self, by: &By, is_per_action: bool, ask: &Ask<'_>) -> Option<RateKey> {
        let mut context = self.0.clone();
        write_key(by, is_per_action, ask, &mut context)?;
        let tag = context.sign();
        let first = tag.as_ref().first_chunk()?;
        Some(RateKey::from_bytes(*first))
    }
}

impl std::fmt::Debug for SharedSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedSeed")
    }
}

/// What takes the bytes of a key.
trait KeySink {
    fn add(&mut self, bytes: &[u8]);
}

impl KeySink for DefaultHasher {
    #[inline]
    fn add(&mut self, bytes: &[u8]) {
        self.write(bytes);
    }
}

impl KeySink for hmac::Context {
    fn add(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

#[derive(Clone, Copy, Debug)]
enum Tag {
    Subject = 1,
    Client,
    Kind,
    #[cfg(feature = "api-key")]
    ApiKey,
    Claim,
    Nobody,
    Operation,
    NoOperation,
    Coarse,
}

fn limit_bytes(name: &str, by: &By, is_per_action: bool) -> Vec<u8> {
    let (tag, claim): (u8, &str) = match by {
        By::Everyone => (1, ""),
        By::Source => (2, ""),
        By::Caller => (3, ""),
        By::Client => (4, ""),
        By::Credential => (5, ""),
        By::Claim(name) => (6, name),
    };
    let mut bytes = b"bearergate limit".to_vec();
    for part in [name, claim] {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes.extend([tag, u8::from(is_per_action)]);
    bytes
}

#[inline]
fn write_key(by: &By, is_per_action: bool, ask: &Ask<'_>, sink: &mut impl KeySink) -> Option<()> {
    match by {
        By::Everyone => {}
        By::Source => sink.add(&source(ask).key()),
        By::Caller => write_caller(ask.principal?, sink),
        By::Client => write_client(ask, sink)?,
        By::Credential => write_credential(ask.principal?, sink),
        By::Claim(name) => write_claim(ask.principal?, name, sink),
    }
    if is_per_action {
        match ask.operation() {
            Some(operation) => write_pair(Tag::Operation, "", operation, sink),
            None => write_pair(Tag::NoOperation, "", "", sink),
        }
    }
    Some(())
}

fn source(ask: &Ask<'_>) -> crate::address::Source {
    ask.source.unwrap_or(crate::address::Source::unknown(None))
}

/// How many bytes of a tag, two lengths and two texts are written at once.
const AT_ONCE: usize = 96;

/// Writes a tag and the lengths of two texts, and then the texts.
#[inline]
fn write_pair(tag: Tag, first: &str, second: &str, sink: &mut impl KeySink) {
    write_bytes(tag, first.as_bytes(), second.as_bytes(), sink);
}

/// The same for bytes. One write of short texts is faster than three, and is the same key.
#[inline]
fn write_bytes(tag: Tag, first: &[u8], second: &[u8], sink: &mut impl KeySink) {
    let lengths = u128::from(first.len() as u64) << 56 | u128::from(second.len() as u64);
    let head = ((tag as u128) << 120 | lengths).to_be_bytes();
    let mut buffer = [0; AT_ONCE];
    let len = head.len() + first.len() + second.len();
    if let Some((start, rest)) = buffer.split_first_chunk_mut()
        && let Some((middle, rest)) = rest.split_at_mut_checked(first.len())
        && let Some(end) = rest.get_mut(..second.len())
    {
        *start = head;
        middle.copy_from_slice(first);
        end.copy_from_slice(second);
        sink.add(buffer.get(..len).unwrap_or_default());
        return;
    }
    for part in [&head, first, second] {
        sink.add(part);
    }
}

#[inline]
fn write_caller(principal: &Principal, sink: &mut impl KeySink) {
    let authority = principal.authority().as_str().as_bytes();
    if let Some(subject) = principal.subject_bytes() {
        return write_bytes(Tag::Subject, authority, subject, sink);
    }
    let (tag, id) = match principal.client() {
        Some(client) => (Tag::Client, client),
        None => (Tag::Kind, principal.kind().as_str()),
    };
    write_bytes(tag, authority, id.as_bytes(), sink);
}

fn write_client(ask: &Ask<'_>, sink: &mut impl KeySink) -> Option<()> {
    if let Some(client) = ask.client {
        let id = client.client().or(client.subject());
        let authority = client.authority().as_str();
        match id {
            Some(id) => write_pair(Tag::Client, authority, id, sink),
            None => write_pair(Tag::Nobody, authority, "", sink),
        }
        return Some(());
    }
    let principal = ask.principal?;
    let authority = principal.authority().as_str();
    match principal.client() {
        Some(client) => write_pair(Tag::Client, authority, client, sink),
        None => write_pair(Tag::Nobody, authority, "", sink),
    }
    Some(())
}

fn write_credential(principal: &Principal, sink: &mut impl KeySink) {
    #[cfg(feature = "api-key")]
    if let Some(details) = principal.extension::<ApiKeyDetails>() {
        let authority = principal.authority().as_str();
        return write_pair(Tag::ApiKey, authority, details.id().as_str(), sink);
    }
    write_caller(principal, sink);
}

fn write_claim(principal: &Principal, name: &str, sink: &mut impl KeySink) {
    let authority = principal.authority().as_str();
    let value = principal.claims().value(name);
    match value.and_then(|value| value.as_str()) {
        Some(text) => write_pair(Tag::Claim, authority, &text, sink),
        None => write_pair(Tag::Nobody, authority, "", sink),
    }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use super::*;

    #[test]
    fn texts_written_at_once_and_one_by_one_make_the_same_key() {
        let seeds = RandomState::new();
        for len in [0, 1, 39, 40, 41, 42, 80, 81, 82, 200] {
            let (first, second) = ("a".repeat(len / 2), "b".repeat(len - len / 2));
            let (mut own, mut expected) = (seeds.build_hasher(), seeds.build_hasher());
            write_pair(Tag::Subject, &first, &second, &mut own);
            let lengths = [first.len(), second.len()].map(|len| len as u64);
            expected.write(&[Tag::Subject as u8]);
            expected.write(&lengths[0].to_be_bytes());
            expected.write(&lengths[1].to_be_bytes()[1..]);
            expected.write(first.as_bytes());
            expected.write(second.as_bytes());
            assert_eq!(own.finish(), expected.finish(), "{len}");
        }
    }
}
