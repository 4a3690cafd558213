//! What the tests share.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;
use std::{env, fs, process};

use bearergate::NowOrLater;
use bearergate::audit::{
    Audit, AuditBuilder, AuditEvent, ChainKey, Encoding, FileSink, Verified, What, verify,
};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use serde_json::Value;

const MILLIS: u64 = 1_760_000_000_000;

/// A directory with the directories `trail` and `anchor`, which is removed when the test ends.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("bearergate-chain-{}-{count}", process::id()));
        for part in ["trail", "anchor"] {
            fs::create_dir_all(path.join(part)).unwrap();
        }
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn trail(&self) -> PathBuf {
        self.0.join("trail")
    }

    /// The files of a directory, in alphabetical order.
    pub(crate) fn files(&self, part: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.0.join(part)).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    /// The files that have a whole line: a process that is killed can leave others.
    pub(crate) fn whole_files(&self, part: &str) -> Vec<PathBuf> {
        let mut files = self.files(part);
        files.retain(|file| fs::read(file).unwrap().contains(&b'\n'));
        files
    }

    pub(crate) fn verify(&self, anchored: bool) -> Verified {
        let anchors = if anchored {
            self.whole_files("anchor")
        } else {
            Vec::new()
        };
        verify(&self.whole_files("trail"), &key(), &anchors).unwrap()
    }

    /// The records of all whole lines.
    pub(crate) fn records(&self) -> Vec<Value> {
        let mut records = Vec::new();
        for file in self.whole_files("trail") {
            let text = fs::read_to_string(file).unwrap();
            let (whole, _) = text.rsplit_once('\n').unwrap();
            let parsed = whole
                .lines()
                .map(|line| serde_json::from_str(line).unwrap());
            records.extend(parsed);
        }
        records
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) const KEY: [u8; 32] = *b"the key of the chain, 32 bytes..";

pub(crate) fn key() -> ChainKey {
    let read = || Ok::<_, std::io::Error>(Secret::new(KEY.to_vec()));
    ChainKey::new(&SecretSource::from_fn("test", read)).unwrap()
}

/// A trail with small files, which are all kept, and an anchor in another directory.
pub(crate) fn builder(path: &Path) -> AuditBuilder {
    let sink = FileSink::new(path.join("trail"), "audit").unwrap();
    let sink = sink.max_bytes(20_000).unwrap().keep(100_000).unwrap();
    let anchor = FileSink::new(path.join("anchor"), "anchor").unwrap();
    Audit::builder()
        .node("n1")
        .clock(FakeClock::at(UnixTime::from_secs(MILLIS / 1_000)))
        .sink(sink, Encoding::Native)
        .anchor(anchor)
        .chain(key())
}

pub(crate) fn put(audit: &Audit, count: usize) {
    for _ in 0..count {
        let event = AuditEvent::new(What::Decision, MILLIS);
        let event = event.with_method("GET").with_path("/orders/7");
        assert!(!audit.record(&event).is_lost());
    }
}

pub(crate) fn flush(audit: &Audit) {
    finish(audit.flush()).unwrap();
}

pub(crate) fn try_flush(audit: &Audit) -> bool {
    finish(audit.flush()).is_ok()
}

pub(crate) fn close(audit: Audit) {
    assert!(audit.close(Duration::from_secs(30)).is_complete());
}

/// The number of records of this kind.
pub(crate) fn count(records: &[Value], what: What) -> usize {
    let is_wanted = |record: &&Value| record["bearergate.what"] == what.as_str();
    records.iter().filter(is_wanted).count()
}

/// Asserts that the numbers of each start have no hole from the first record on, and returns the
/// number of starts.
pub(crate) fn starts_without_hole(records: &[Value]) -> usize {
    let numbers = records
        .iter()
        .map(|record| record["bearergate.sequence"].as_u64().unwrap());
    let mut last = numbers.clone().next().unwrap() - 1;
    let mut starts = 0;
    for number in numbers {
        starts += usize::from(number == 1);
        assert!(number == 1 || number == last + 1, "{number} behind {last}");
        last = number;
    }
    starts
}

/// Waits on this thread for a value.
fn finish<T: Send>(value: NowOrLater<'_, T>) -> T {
    struct Parked(Thread);
    impl Wake for Parked {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut value = pin!(value);
    loop {
        match value.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
