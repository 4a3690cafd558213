//! The longest wait of a look-up while a store purges, and without a purge.
//!
//! `cargo bench --bench store_purge -- [records]`. Half of the records have ended, and half of the
//! rest of the sessions is revoked. One thread looks up a record that stays, again and again, and
//! notes the longest time that one look-up took; in the second round another thread purges. On a
//! machine that is busy with other work, both rounds have waits of a few time slices.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement prints its figures and panics where it fails"
)]

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use bearergate::api_key::store::{ApiKeyChange, ApiKeyRow};
use bearergate::api_key::{ApiKeyRecord, ApiKeyStore, PepperedDigest};
use bearergate::clock::UnixTime;
use bearergate::grant::store::{RevocationRecord, TokenDigest};
use bearergate::grant::{Grant, GrantStore};
use bearergate::session::{SessionRecord, SessionStore};
use bearergate::stores::{MemoryApiKeyStore, MemoryGrantStore};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn main() {
    let given = std::env::args().find_map(|arg| arg.parse().ok());
    // With `--test` it only has to run.
    let is_test = std::env::args().any(|arg| arg == "--test");
    let records: u64 = given.unwrap_or(if is_test { 10_000 } else { 1_000_000 });
    sessions(records);
    api_keys(records);
}

fn sessions(records: u64) {
    let store = MemoryGrantStore::new(usize::MAX);
    let resident = resident_bytes();
    for number in 0..records {
        let mut digest = [0; 32];
        let bytes = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        digest
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = from);
        let lifetime = if number % 2 == 1 { 10 } else { 1_000 };
        let end = NOW.saturating_add(Duration::from_secs(lifetime));
        let mut handle = [0; 16];
        handle
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = from);
        let handle = bearergate::grant::store::SessionHandle::new(handle);
        let client = if number % 4 == 2 { "revoked" } else { "kept" };
        let grant = Grant::new("bench", format!("user-{number}"), NOW)
            .with_session(Some(handle))
            .with_client(Some(client.to_owned()))
            .with_lifetime(end, Duration::MAX);
        let session = SessionRecord::new(TokenDigest::new(digest), grant);
        run(SessionStore::create(&store, session)).unwrap();
    }
    let each = resident_bytes().saturating_sub(resident) as f64 / records as f64;
    println!("sessions: {records} records, {each:.0} resident bytes each");
    run(store.revoke(RevocationRecord::client("bench", "revoked", NOW))).unwrap();
    let digest = TokenDigest::new([0; 32]);
    let find = || drop(run(SessionStore::find(&store, digest)).unwrap());
    let now = NOW.saturating_add(Duration::from_secs(10));
    report("sessions", find, || run(store.purge(now)).unwrap());
}

fn api_keys(records: u64) {
    let store = MemoryApiKeyStore::new(10_000_000).unwrap();
    for number in 0..records {
        let id = format!("{number:016}").parse().unwrap();
        let digest = PepperedDigest::sha256([7; 32]);
        let owner = ("bench".into(), format!("user-{number}"));
        let mut row = ApiKeyRow::new(id, digest, owner, NOW);
        row.expires_at = (number % 2 == 1).then_some(NOW);
        let record = ApiKeyRecord::from_row(row).unwrap();
        run(store.commit(vec![ApiKeyChange::Insert(record)])).unwrap();
    }
    println!("API keys: {records} records");
    let id = format!("{:016}", 0).parse().unwrap();
    let find = || drop(run(store.find(id)).unwrap());
    let now = NOW.saturating_add(Duration::from_secs(10));
    report("API keys", find, || {
        let ended = run(store.ended("bench".into(), now, 100)).unwrap();
        let remove = |record: &ApiKeyRecord| ApiKeyChange::Remove {
            id: record.id(),
            version: record.version(),
        };
        run(store.commit(ended.iter().map(remove).collect())).unwrap();
        ended.len()
    });
}

/// Measures the look-ups for a second each without and with steps of a purge until the purge ends.
fn report(name: &str, find: impl Fn() + Sync, purge: impl Fn() -> usize + Sync) {
    let quiet = longest(&find, || thread::sleep(Duration::from_secs(1)));
    let (mut steps, mut removed, mut slowest) = (0, 0, Duration::ZERO);
    let busy = longest(&find, || {
        loop {
            let start = Instant::now();
            let step = purge();
            slowest = slowest.max(start.elapsed());
            steps += 1;
            removed += step;
            if step == 0 {
                break;
            }
        }
    });
    let ratio = busy.as_secs_f64() / quiet.as_secs_f64();
    println!("  longest look-up of {name}: {quiet:?} without, {busy:?} with a purge ({ratio:.2})");
    println!("  the purge removed {removed} in {steps} steps, the longest took {slowest:?}");
}

fn longest(find: &(impl Fn() + Sync), meanwhile: impl FnOnce()) -> Duration {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !is_done.load(Ordering::Relaxed) {
                let start = Instant::now();
                find();
                longest = longest.max(start.elapsed());
            }
            longest
        });
        meanwhile();
        is_done.store(true, Ordering::Relaxed);
        waits.join().unwrap()
    })
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        let polled = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(value) = polled {
            return value;
        }
    }
}

/// The resident memory of this process, or 0 where that cannot be read.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0_u64) * 4096
}
