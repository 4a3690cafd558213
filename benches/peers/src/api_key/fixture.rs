//! The keys of one group.

use crate::case::Check;
use crate::case::Probe;
use crate::error::Result;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;
use std::cell::Cell;
use std::rc::Rc;

/// Bytes of the id in a key.
pub const ID: usize = 16;

/// Bytes of the checksum at the end of a key.
pub const CHECKSUM: usize = 6;

/// The prefix of every key, with its underscore.
pub const PREFIX: &str = "acme_live_";

/// The keys of a group, in a random order.
#[derive(Debug)]
pub struct Fixture {
    /// All good keys in sequence: the text of a request is in the CPU cache, so each text has to be
    /// prefetched with the one before it.
    good: String,
    /// Bytes of one key.
    len: usize,
    /// A good key with another secret.
    wrong_secret: String,
    /// A good key with an id that no key has.
    unknown_id: String,
    /// An expired key.
    expired: String,
}

impl Fixture {
    /// Shuffles the keys.
    ///
    /// # Errors
    ///
    /// Fails if there are no keys, or not all of one length.
    pub fn new(mut keys: Vec<String>, expired: String) -> Result<Self> {
        let first = keys.first().ok_or("there are no keys")?.clone();
        if keys.iter().any(|key| key.len() != first.len()) {
            return Err("the keys differ in length".into());
        }
        shuffle(&mut keys)?;
        Ok(Self {
            good: keys.concat(),
            len: first.len(),
            wrong_secret: changed(&first, first.len() - CHECKSUM - 1),
            unknown_id: changed(&first, PREFIX.len()),
            expired,
        })
    }

    /// The good keys.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        (0..self.good.len()).step_by(self.len).map(|at| self.at(at))
    }

    /// Returns a check by a closure that accepts or refuses a key; every good probe is another key.
    pub fn check(self: &Rc<Self>, accepts: impl Fn(&str) -> bool + 'static) -> Check {
        let (fixture, next) = (Rc::clone(self), Cell::new(0));
        Box::new(move |probe| match probe {
            Probe::BadSignature => accepts(&fixture.wrong_secret),
            Probe::BadPayload => accepts(&fixture.unknown_id),
            Probe::Expired => accepts(&fixture.expired),
            _ => accepts(fixture.at(fixture.step(&next))),
        })
    }

    fn at(&self, at: usize) -> &str {
        &self.good[at..at + self.len]
    }

    fn step(&self, next: &Cell<usize>) -> usize {
        let at = next.get();
        let after = at + self.len;
        next.set(if after < self.good.len() { after } else { 0 });
        at
    }
}

/// Splits a key into its id and the input of its digest, without parsing it.
pub fn split(key: &str) -> (&[u8], &[u8]) {
    let bytes = key.as_bytes();
    let id = &bytes[PREFIX.len()..PREFIX.len() + ID];
    (id, &bytes[..bytes.len() - CHECKSUM])
}

/// Returns the key with another character at this position, and with a correct checksum.
fn changed(key: &str, at: usize) -> String {
    let other = if key[at..].starts_with('0') { "1" } else { "0" };
    let mut text = key[..key.len() - CHECKSUM].to_owned();
    text.replace_range(at..=at, other);
    let sum = checksum(text.as_bytes());
    // Another crate implements `Add` for strings too, so the type has to be explicit.
    text + sum.as_str()
}

fn checksum(text: &[u8]) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let sum = u64::from(crc32fast::hash(text));
    let places = (0..6_u32).rev().map(|place| sum / 62_u64.pow(place) % 62);
    places
        .map(|digit| char::from(DIGITS[digit as usize]))
        .collect()
}

fn shuffle<T>(items: &mut [T]) -> Result<()> {
    let random = SystemRandom::new();
    for last in (1..items.len()).rev() {
        let mut bytes = [0; 8];
        random.fill(&mut bytes)?;
        items.swap(
            last,
            (u64::from_ne_bytes(bytes) % (last as u64 + 1)) as usize,
        );
    }
    Ok(())
}
