//! The task that polls a policy file on tokio, with paused time.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bearergate::ConfigError;
use bearergate::error::ConfigErrorKind;
use bearergate::event::{Event, Observer};
use bearergate::integrations::tokio::PolicyWatch;
use bearergate::policy::PolicyFile;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::reload::{Folder, rule, text};

/// Sends whether each version was loaded.
#[derive(Debug)]
struct Sender(UnboundedSender<bool>);

impl Observer for Sender {
    fn observe(&self, event: &Event<'_>) {
        let _ = self.0.send(matches!(event, Event::PolicyReloaded { .. }));
    }
}

fn open(path: &std::path::Path) -> (PolicyFile, UnboundedReceiver<bool>) {
    fs::write(path, text("one")).unwrap();
    let (sender, seen) = unbounded_channel();
    let file = PolicyFile::policy(path).observer(Sender(sender)).open();
    (file.unwrap(), seen)
}

fn run<F: Future>(test: impl FnOnce() -> F) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(test());
}

#[test]
fn a_change_is_seen_at_the_next_poll() {
    let folder = Folder::new("watch");
    let path = folder.file("policy.json");
    run(|| async {
        let (file, mut seen) = open(&path);
        let handle = file.handle().clone();
        let start = Instant::now();
        let _watch = PolicyWatch::builder(file).start().unwrap();
        fs::write(&path, text("two")).unwrap();
        assert_eq!(rule(&handle), "one");
        assert_eq!(seen.recv().await, Some(true));
        assert_eq!(rule(&handle), "two");
        let waited = start.elapsed();
        assert!((10..11).contains(&waited.as_secs()), "{waited:?}");
        fs::write(&path, "{").unwrap();
        assert_eq!(seen.recv().await, Some(false));
        fs::write(&path, text("six")).unwrap();
        assert_eq!(seen.recv().await, Some(true));
        assert_eq!(rule(&handle), "six");
        assert!((30..31).contains(&start.elapsed().as_secs()));
    });
}

/// Sends whether each version was loaded, and then panics at the first event.
#[derive(Debug)]
struct PanicsOnce(AtomicBool, Sender);

impl Observer for PanicsOnce {
    fn observe(&self, event: &Event<'_>) {
        self.1.observe(event);
        assert!(self.0.swap(true, Ordering::SeqCst), "as the test asked");
    }
}

#[test]
fn observer_that_panics_does_not_stop_the_task() {
    let folder = Folder::new("panics");
    let path = folder.file("policy.json");
    fs::write(&path, text("one")).unwrap();
    run(|| async {
        let (sender, mut seen) = unbounded_channel();
        let observer = PanicsOnce(AtomicBool::new(false), Sender(sender));
        let file = PolicyFile::policy(&path).observer(observer);
        let file = file.open().unwrap();
        let handle = file.handle().clone();
        let _watch = PolicyWatch::builder(file).start().unwrap();
        fs::write(&path, text("two")).unwrap();
        assert_eq!(seen.recv().await, Some(true));
        assert_eq!(rule(&handle), "two");
        fs::write(&path, text("six")).unwrap();
        assert_eq!(seen.recv().await, Some(true));
        assert_eq!(rule(&handle), "six");
    });
}

#[test]
fn dropping_it_stops_the_task() {
    let folder = Folder::new("stopped");
    let path = folder.file("policy.json");
    run(|| async {
        let (file, mut seen) = open(&path);
        let watch = PolicyWatch::builder(file).start().unwrap();
        fs::write(&path, text("two")).unwrap();
        drop(watch);
        // The task owns the observer.
        assert_eq!(seen.recv().await, None);
    });
}

#[test]
fn the_interval_has_bounds_and_a_runtime_is_needed() {
    let folder = Folder::new("bounds");
    let path = folder.file("policy.json");
    let start = |interval: Duration| -> Result<PolicyWatch, ConfigError> {
        let (file, _) = open(&path);
        PolicyWatch::builder(file).interval(interval).start()
    };
    run(|| async {
        let hour = Duration::from_secs(60 * 60);
        for interval in [Duration::from_secs(1), hour] {
            assert!(start(interval).is_ok(), "{interval:?}");
        }
        for interval in [Duration::from_millis(999), hour + Duration::from_millis(1)] {
            let error = start(interval).unwrap_err();
            assert_eq!(
                (error.field(), error.kind()),
                ("interval", ConfigErrorKind::OutOfRange)
            );
        }
    });
    let without_timers = tokio::runtime::Builder::new_current_thread().build();
    let in_it = without_timers
        .unwrap()
        .block_on(async { start(Duration::from_secs(10)) });
    for started in [start(Duration::from_secs(10)), in_it] {
        let error = started.unwrap_err();
        assert_eq!(
            (error.field(), error.kind()),
            ("runtime", ConfigErrorKind::Empty)
        );
    }
}
