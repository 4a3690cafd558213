//! The validation of API keys, compared with a bare lookup: an HMAC, a lookup in a hash map, a
//! comparison in constant time and one read of the record.
//!
//! Both alternate over the same keys in the same order, and medians are compared. `benches/peers`
//! compares the same with other ways to store secrets. The time to create and store the keys is
//! printed too.
//!
//! ```text
//! cargo bench --bench api_key [-- NUMBER_OF_KEYS...]
//! ```

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench stops at the first error"
)]

mod api_keys;
#[path = "common/sizes.rs"]
mod sizes;

use std::collections::HashMap;
use std::hint::black_box;
use std::io;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use api_keys::{Keys, Random};
use bearergate::TokenValidator;
use bearergate::credential::PresentedCredential;
use ring::hmac;
use subtle::ConstantTimeEq;

const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];
const ROUNDS: usize = 401;
const BATCH: usize = 2_000;

fn main() -> io::Result<()> {
    let (counts, rounds) = sizes::asked(&SIZES, ROUNDS);
    for count in counts {
        let begin = Instant::now();
        let keys = Keys::new(count);
        let creation = begin.elapsed().as_secs_f64();
        let bare = Bare::new(&keys);
        let order = shuffled(count);
        let mut times = [vec![], vec![]];
        for round in 0..rounds {
            let from = round * BATCH;
            times[0].push(time(&order, from, |at| bare.probe(keys.at(at).text())));
            times[1].push(time(&order, from, |at| validate(&keys, keys.at(at).text())));
        }
        let [bare, full] = times.map(sizes::median);
        writeln!(
            io::stdout(),
            "{count:>7} keys  bare probe {bare:>5.0} ns  bearergate {full:>5.0} ns  {:.2} times  \
             created and stored in {creation:.2} s",
            full / bare
        )?;
    }
    Ok(())
}

fn validate(keys: &Keys, text: &str) {
    let presented = PresentedCredential::token(text).at(api_keys::NOW);
    let result = keys.validator.validate(&presented).try_now();
    black_box(result.expect("ready").expect("accepted").expires_at());
}

/// Nanoseconds for one validation of a batch.
fn time(order: &[usize], from: usize, mut run: impl FnMut(usize)) -> f64 {
    let begin = Instant::now();
    for at in from..from + BATCH {
        run(order[at % order.len()]);
    }
    begin.elapsed().as_secs_f64() * 1e9 / BATCH as f64
}

/// Ids and digests in the smallest form.
struct Bare {
    pepper: hmac::Key,
    entries: HashMap<[u8; 16], Entry>,
}

struct Entry {
    digest: [u8; 32],
    record: Arc<Record>,
}

/// Roughly what a service keeps about a key.
struct Record {
    expires_at: u64,
    _subject: String,
    _scopes: String,
}

impl Bare {
    fn new(keys: &Keys) -> Self {
        let pepper = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let entry = |at: usize| {
            let text = keys.at(at).text();
            let tag = hmac::sign(&pepper, signed(text));
            let record = Record {
                expires_at: 1 + at as u64,
                _subject: format!("robot-{at}"),
                _scopes: "orders:read orders:write".to_owned(),
            };
            let digest = tag.as_ref().try_into().expect("32 bytes");
            let entry = Entry {
                digest,
                record: Arc::new(record),
            };
            (id(text), entry)
        };
        let entries = (0..keys.len()).map(entry).collect();
        Self { pepper, entries }
    }

    fn probe(&self, text: &str) {
        let tag = hmac::sign(&self.pepper, signed(text));
        let entry = self.entries.get(&id(text)).expect("known");
        assert!(bool::from(entry.digest.ct_eq(tag.as_ref())));
        black_box(entry.record.expires_at);
    }
}

const PREFIX: usize = "acme_live_".len();

fn id(text: &str) -> [u8; 16] {
    text.as_bytes()[PREFIX..PREFIX + 16]
        .try_into()
        .expect("16 bytes")
}

fn signed(text: &str) -> &[u8] {
    &text.as_bytes()[..text.len() - 6]
}

fn shuffled(count: usize) -> Vec<usize> {
    let mut random = Random::new();
    let mut order: Vec<_> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, random.below(last + 1));
    }
    order
}
