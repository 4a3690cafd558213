//! Every change of several steps, interrupted before each step by a kill of its process or by an
//! error of the store. Afterwards the file has the old state or the new one.
//!
//! Defect I05 (error of a store swallowed): docs/defects.md

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bearergate::api_key::{ApiKeyId, ApiKeyStore, NewApiKey};
use bearergate::clock::UnixTime;
use bearergate::grant::store::TokenDigest;
use bearergate::grant::{Grant, GrantStore};
use bearergate::refresh::{NewRefreshToken, RotateRequest};
use bearergate::session::{NewSession, Session, SessionChange, SessionRecord, SessionStore};
use bearergate::stores::SqliteStore;

use crate::child::{Process, instruction, report, role};
use crate::common::{CLIENT, Folder, NAME, NOW, Service, dump, wait};

/// Every change of the store.
const CHANGES: [&str; 14] = [
    "create a key",
    "rotate a key",
    "revoke a key",
    "purge keys",
    "note the use of a key",
    "begin a session",
    "rotate a session",
    "use a session",
    "revoke a session",
    "revoke a subject",
    "begin a family",
    "rotate a token",
    "revoke a family",
    "purge grants",
];

const LATER: UnixTime = UnixTime::from_secs(NOW.as_secs() + 300);

/// A service whose next change is interrupted before one of its steps.
struct Scene {
    store: Arc<SqliteStore>,
    service: Service,
    breakpoint: Arc<Breakpoint>,
    key: ApiKeyId,
    session: Session,
    token: String,
}

/// The place of the interruption: before a step of the first transaction after it was set.
struct Breakpoint {
    step: AtomicUsize,
    transactions: AtomicUsize,
}

impl Breakpoint {
    fn set(&self, step: usize) {
        self.transactions.store(0, Ordering::SeqCst);
        self.step.store(step, Ordering::SeqCst);
    }

    fn is_reached(&self, step: usize) -> bool {
        if step == 0 {
            self.transactions.fetch_add(1, Ordering::SeqCst);
        }
        let is_first = self.transactions.load(Ordering::SeqCst) == 1;
        is_first && self.step.load(Ordering::SeqCst) == step
    }
}

const NOWHERE: usize = usize::MAX;

impl Scene {
    /// Opens the file and prepares what each change needs.
    fn open<F>(path: &Path, interrupt: F) -> Self
    where
        F: Fn() -> Result<(), String> + Send + Sync + 'static,
    {
        let breakpoint = Arc::new(Breakpoint {
            step: AtomicUsize::new(NOWHERE),
            transactions: AtomicUsize::new(0),
        });
        let reached = breakpoint.clone();
        let hook = move |step| match reached.is_reached(step) {
            true => Ok(interrupt()?),
            false => Ok(()),
        };
        let store = SqliteStore::builder(path).before_each_write(hook).open();
        let store = Arc::new(store.unwrap());
        let service = Service::on(store.clone());
        let (key, session, token) = prepare(&service, &store);
        Self {
            store,
            service,
            breakpoint,
            key,
            session,
            token,
        }
    }

    /// Makes one change, or returns the kind of the error.
    fn make(&self, change: &str) -> Result<(), &'static str> {
        let Service {
            keys,
            sessions,
            refresh,
            ..
        } = &self.service;
        let Self {
            store,
            key,
            session,
            token,
            ..
        } = self;
        let request = || RotateRequest::new(token, CLIENT);
        let draft = NewApiKey::new("carol").never_expires();
        let carol = NewSession::new("carol");
        match change {
            "create a key" => wait(keys.create(draft))
                .map(drop)
                .map_err(|error| error.kind().as_str()),
            "rotate a key" => {
                let rotated = wait(keys.rotate(*key, Duration::from_secs(60)));
                rotated.map(drop).map_err(|error| error.kind().as_str())
            }
            "revoke a key" => {
                wait(keys.revoke(*key, "test")).map_err(|error| error.kind().as_str())
            }
            "purge keys" => wait(keys.purge(NOW))
                .map(drop)
                .map_err(|error| error.kind().as_str()),
            "note the use of a key" => self.note(),
            "begin a session" => wait(sessions.create(carol))
                .map(drop)
                .map_err(|error| error.kind().as_str()),
            "rotate a session" => {
                let rotated = wait(sessions.rotate(session, SessionChange::default()));
                rotated.map(drop).map_err(|error| error.kind().as_str())
            }
            "use a session" => {
                let used = wait(SessionStore::touch(&**store, DIGEST, LATER));
                used.map(drop).map_err(|error| error.kind().as_str())
            }
            "revoke a session" => {
                wait(sessions.revoke(session)).map_err(|error| error.kind().as_str())
            }
            "revoke a subject" => {
                wait(sessions.revoke_subject("alice")).map_err(|error| error.kind().as_str())
            }
            "begin a family" => {
                let begun = wait(refresh.create(NewRefreshToken::new("carol", CLIENT)));
                begun.map(drop).map_err(|error| error.kind().as_str())
            }
            "rotate a token" => wait(refresh.rotate(request()))
                .map(drop)
                .map_err(|error| error.kind().as_str()),
            "revoke a family" => {
                wait(refresh.revoke(request())).map_err(|error| error.kind().as_str())
            }
            "purge grants" => wait(sessions.purge())
                .map(drop)
                .map_err(|error| error.kind().as_str()),
            _ => panic!("there is no change '{change}'"),
        }
    }

    /// Notes a use, and reads whether it was written, which is not reported.
    fn note(&self) -> Result<(), &'static str> {
        ApiKeyStore::touch(&*self.store, self.key, LATER);
        self.await_writer();
        let found = wait(ApiKeyStore::find(&*self.store, self.key))
            .unwrap()
            .unwrap();
        let is_noted = found.last_used() == Some(LATER);
        is_noted.then_some(()).ok_or(UNAVAILABLE)
    }

    /// Waits until the writer has done all earlier calls.
    fn await_writer(&self) {
        let unknown = TokenDigest::new([0xff; 32]);
        let _ = wait(SessionStore::touch(&*self.store, unknown, LATER));
    }
}

const UNAVAILABLE: &str = "unavailable";

const DIGEST: TokenDigest = TokenDigest::new([0x77; 32]);

fn prepare(service: &Service, store: &SqliteStore) -> (ApiKeyId, Session, String) {
    let draft = || NewApiKey::new("alice").expires_in(Duration::from_secs(1_000));
    let key = || wait(service.keys.create(draft())).unwrap().record.id();
    for _ in 0..3 {
        wait(service.keys.revoke(key(), "test")).unwrap();
    }
    let session = |name| {
        wait(service.sessions.create(NewSession::new(name)))
            .unwrap()
            .record
    };
    let family = |session: &Session| {
        let begun = wait(
            service
                .refresh
                .create(NewRefreshToken::for_session(session, CLIENT)),
        );
        begun.unwrap().secret.reveal()
    };
    for name in ["bob", "bill"] {
        let session = session(name);
        family(&session);
        wait(service.sessions.revoke(&session)).unwrap();
    }
    let grant = Grant::new(NAME, "dora", NOW).with_lifetime(LATER, Duration::MAX);
    wait(SessionStore::create(
        store,
        SessionRecord::new(DIGEST, grant),
    ))
    .unwrap();
    let session = session("alice");
    let token = family(&session);
    (key(), session, token)
}

#[test]
fn process_killed_before_any_step_of_a_change_leaves_the_old_state() {
    for change in CHANGES {
        let mut steps = 0;
        while !kill_before(change, steps) {
            steps += 1;
        }
        assert!(steps >= 2, "'{change}' was interrupted {steps} times only");
    }
}

/// Kills a process before one step of a change; returns true if there is no such step.
fn kill_before(change: &str, step: usize) -> bool {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let mut process = Process::start("crash::changing_process", change, &path);
    process.send(&step.to_string());
    assert_eq!(process.receive(), "ready");
    let before = dump(&path);
    process.send("go");
    let report_line = process.receive();
    process.kill();
    let reopened = SqliteStore::open(&path).unwrap();
    let after = dump(&path);
    match report_line.as_str() {
        "paused" => assert_eq!(after, before, "'{change}', killed before step {step}"),
        "done" => assert_ne!(after, before, "'{change}'"),
        other => panic!("'{change}' failed: {other}"),
    }
    // No lock of the killed process remains.
    wait(GrantStore::purge(&reopened, NOW)).unwrap();
    report_line == "done"
}

#[test]
fn changing_process() {
    let Some((change, path)) = role() else { return };
    let scene = Scene::open(&path, || {
        report("paused");
        loop {
            thread::park();
        }
    });
    let step = instruction().unwrap().parse().unwrap();
    report("ready");
    assert_eq!(instruction().unwrap(), "go");
    scene.breakpoint.set(step);
    match scene.make(&change) {
        Ok(()) => report("done"),
        Err(kind) => report(kind),
    }
    // Waits to be killed.
    instruction();
}

#[test]
fn process_killed_at_any_time_leaves_every_reported_rotation() {
    for rotations in [1, 2, 5, 20, 60] {
        let folder = Folder::new();
        let path = folder.path("a.db");
        let mut process = Process::start("crash::rotating_process", "rotate", &path);
        let mut chain = vec![process.receive()];
        for _ in 0..rotations {
            chain.push(process.receive());
        }
        process.kill();
        let service = Service::on(Arc::new(SqliteStore::open(&path).unwrap()));
        let find = |id: &str| wait(service.keys.find(id.parse().unwrap())).unwrap();
        for pair in chain.windows(2) {
            let (old, new) = (find(&pair[0]).unwrap(), find(&pair[1]).unwrap());
            assert_eq!(old.successor(), Some(new.id()));
            assert_eq!(new.to_row().predecessor, Some(old.id()));
        }
        // More rotations may have been made, but none only in part.
        let mut last = find(chain.last().unwrap()).unwrap();
        while let Some(next) = last.successor() {
            let next = find(next.as_str()).unwrap();
            assert_eq!(next.to_row().predecessor, Some(last.id()));
            last = next;
        }
    }
}

#[test]
fn rotating_process() {
    let Some((_, path)) = role() else { return };
    let service = Service::on(Arc::new(SqliteStore::open(path).unwrap()));
    let draft = NewApiKey::new("alice").never_expires();
    let mut last = wait(service.keys.create(draft)).unwrap().record.id();
    loop {
        report(last.as_str());
        let rotated = wait(service.keys.rotate(last, Duration::from_secs(60)));
        last = rotated.unwrap().record.id();
    }
}

#[test]
fn error_before_any_step_of_a_change_is_reported_and_leaves_the_old_state() {
    for change in CHANGES {
        let mut steps = 0;
        while !fail_before(change, steps) {
            steps += 1;
        }
        assert!(steps >= 2, "'{change}' was interrupted {steps} times only");
    }
}

/// Lets one step of a change fail; returns true if there is no such step.
fn fail_before(change: &str, step: usize) -> bool {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let scene = Scene::open(&path, || Err("the disk is gone".to_owned()));
    let before = dump(&path);
    scene.breakpoint.set(step);
    let result = scene.make(change);
    scene.breakpoint.set(NOWHERE);
    scene.await_writer();
    if result.is_ok() {
        assert_ne!(dump(&path), before, "'{change}'");
        return true;
    }
    assert_eq!(
        result,
        Err(UNAVAILABLE),
        "'{change}', failed at step {step}"
    );
    assert_eq!(dump(&path), before, "'{change}', failed at step {step}");
    assert_eq!(scene.make(change), Ok(()), "'{change}' works again");
    false
}
