//! A denylist in the database file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearergate::clock::{Clock, FakeClock, UnixTime};
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::principal::PrincipalKind;
use bearergate::revocation::{Denylist, Revocation, RevocationStore, RevocationTarget};
use bearergate::stores::SqliteStore;
use bearergate::{NowOrLater, Principal, testing};
use rusqlite::Connection;

use crate::common::{Folder, NOW, wait};

fn open(folder: &Folder) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(folder.path("a.db")).unwrap())
}

fn list(store: &Arc<SqliteStore>) -> Denylist {
    wait(Denylist::open(store.clone())).unwrap()
}

fn alice() -> Principal {
    let builder = Principal::builder(PrincipalKind::Other, "service").subject("alice");
    builder.claims(r#"{"jti":"j1"}"#).unwrap().build()
}

#[test]
fn what_was_revoked_before_a_restart_is_revoked_after_it() {
    let folder = Folder::new();
    let store = open(&folder);
    let denylist = list(&store);
    assert!(denylist.check(&alice()).is_ok());
    wait(denylist.revoke(Revocation::jwt_id("service", "j1"))).unwrap();
    wait(denylist.revoke(Revocation::subject("other", "bob"))).unwrap();
    drop((denylist, store));
    let store = open(&folder);
    let denylist = list(&store);
    assert_eq!(denylist.len(), 2);
    assert!(denylist.check(&alice()).is_err());
    wait(denylist.restore(Revocation::jwt_id("service", "j1"))).unwrap();
    assert!(denylist.check(&alice()).is_ok());
    assert_eq!(list(&store).len(), 1);
}

// Defect O02 (revocation elsewhere not seen): docs/defects.md
#[test]
fn another_handle_of_the_file_sees_a_revocation_after_its_reload() {
    let folder = Folder::new();
    let [here, there] = [(); 2].map(|()| list(&open(&folder)));
    wait(there.revoke(Revocation::subject("service", "alice"))).unwrap();
    assert!(here.check(&alice()).is_ok());
    wait(here.reload()).unwrap();
    assert!(here.check(&alice()).is_err());
}

/// A store in memory that follows the contract of the trait, except for one fault.
#[derive(Debug)]
struct TestStore {
    kept: Mutex<BTreeMap<RevocationTarget<'static>, Revocation>>,
    fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    FoldsCase,
    ForgetsOne,
    IgnoresAuthority,
    KeepsFirst,
    KeepsLast,
    KeepsLimited,
    KeepsRemoved,
    None,
    PurgesAtTheTime,
    PurgesEndless,
    PurgesNothing,
}

impl TestStore {
    fn new(fault: Fault) -> Self {
        let kept = Mutex::default();
        Self { kept, fault }
    }

    fn key(&self, target: &RevocationTarget<'_>) -> RevocationTarget<'static> {
        let authority = match self.fault {
            Fault::IgnoresAuthority => "",
            _ => target.authority(),
        };
        let id = match self.fault {
            Fault::FoldsCase => target.id().to_lowercase(),
            _ => target.id().to_owned(),
        };
        RevocationTarget::new(target.kind(), authority, id).into_owned()
    }

    fn joined(&self, old: Revocation, new: Revocation) -> Revocation {
        match self.fault {
            Fault::KeepsFirst => return old,
            Fault::KeepsLast => return new,
            _ => {}
        }
        let later = |a: Option<UnixTime>, b: Option<UnixTime>| Some(a?.max(b?));
        let mut joined = Revocation::new(new.target().clone());
        if let Some(time) = later(old.last_issued(), new.last_issued()) {
            joined = joined.issued_before(time);
        }
        if let Some(time) = later(old.last_expiry(), new.last_expiry()) {
            joined = joined.until(time);
        }
        joined
    }

    fn is_over(&self, own: &Revocation, time: UnixTime) -> bool {
        match (own.last_expiry(), self.fault) {
            (_, Fault::PurgesNothing) => false,
            (None, fault) => fault == Fault::PurgesEndless,
            (Some(until), Fault::PurgesAtTheTime) => until <= time,
            (Some(until), _) => until < time,
        }
    }
}

impl RevocationStore for TestStore {
    fn add(&self, new: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        let mut kept = self.kept.lock().unwrap();
        let key = self.key(new.target());
        let joined = match kept.remove(&key) {
            Some(old) => self.joined(old, new),
            None => new,
        };
        kept.insert(key, joined);
        NowOrLater::now(Ok(()))
    }

    fn all(&self) -> NowOrLater<'_, Result<Vec<Revocation>, StoreError>> {
        let mut all: Vec<_> = self.kept.lock().unwrap().values().cloned().collect();
        if self.fault == Fault::ForgetsOne && all.len() > 5 {
            all.pop();
        }
        NowOrLater::now(Ok(all))
    }

    fn remove(&self, target: RevocationTarget<'static>) -> NowOrLater<'_, Result<(), StoreError>> {
        let mut kept = self.kept.lock().unwrap();
        let key = self.key(&target);
        let is_spared = match self.fault {
            Fault::KeepsRemoved => true,
            Fault::KeepsLimited => kept
                .get(&key)
                .is_some_and(|own| own.last_expiry().is_some()),
            _ => false,
        };
        if !is_spared {
            kept.remove(&key);
        }
        NowOrLater::now(Ok(()))
    }

    fn purge(&self, time: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        let mut kept = self.kept.lock().unwrap();
        let before = kept.len();
        kept.retain(|_, own| !self.is_over(own, time));
        NowOrLater::now(Ok(before - kept.len()))
    }
}

#[test]
fn memory_conforms_as_a_store_of_revocations_and_no_faulty_one_does() {
    wait(testing::revocation_store(&TestStore::new(Fault::None))).unwrap();
    for fault in [
        Fault::FoldsCase,
        Fault::ForgetsOne,
        Fault::IgnoresAuthority,
        Fault::KeepsFirst,
        Fault::KeepsLast,
        Fault::KeepsLimited,
        Fault::KeepsRemoved,
        Fault::PurgesAtTheTime,
        Fault::PurgesEndless,
        Fault::PurgesNothing,
    ] {
        let checked = wait(testing::revocation_store(&TestStore::new(fault)));
        assert!(checked.is_err(), "{fault:?}");
    }
}

#[test]
fn what_a_holder_was_issued_stays_revoked_after_a_restart() {
    let folder = Folder::new();
    let denylist = list(&open(&folder));
    let holder = |client, subject| Revocation::holder("service", client, Some(subject));
    wait(denylist.revoke(holder(Some("shop"), "alice"))).unwrap();
    wait(denylist.revoke(holder(None, "bob"))).unwrap();
    drop(denylist);
    let denylist = list(&open(&folder));
    let is_revoked = |client: &str, subject: &str| {
        let robot = Principal::builder(PrincipalKind::Other, "service");
        let robot = robot.client(client).subject(subject).build();
        denylist.check(&robot).is_err()
    };
    assert!(is_revoked("shop", "alice") && is_revoked("any", "bob"));
    assert!(!is_revoked("any", "alice") && !is_revoked("shop", "carol"));
}

#[test]
fn a_revocation_made_while_the_file_takes_it_back_is_in_memory_and_in_the_file() {
    let folder = Folder::new();
    let store = open(&folder);
    let denylist = list(&store);
    let alice = || Revocation::subject("service", "alice");
    for _ in 0..20 {
        wait(denylist.revoke(alice())).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| wait(denylist.restore(alice())).unwrap());
            wait(denylist.revoke(alice())).unwrap();
        });
        let is_kept = wait(store.all()).unwrap() == [alice()];
        assert_eq!(is_kept, denylist.check(&self::alice()).is_err());
    }
}

// Defect D03 (conflicting revocations): docs/defects.md
#[test]
fn of_two_revocations_the_file_keeps_the_wider() {
    let at = |secs| UnixTime::from_secs(secs);
    let bare = || Revocation::subject("service", "alice");
    for (first, second, wider) in [
        (
            bare().until(at(5)),
            bare().until(at(9)),
            bare().until(at(9)),
        ),
        (
            bare().until(at(9)),
            bare().until(at(5)),
            bare().until(at(9)),
        ),
        (bare(), bare().until(at(5)), bare()),
        (bare().issued_before(at(5)), bare(), bare()),
        (
            bare().issued_before(at(5)).until(at(1)),
            bare().issued_before(at(3)).until(at(2)),
            bare().issued_before(at(5)).until(at(2)),
        ),
    ] {
        let folder = Folder::new();
        let store = open(&folder);
        for revocation in [first, second] {
            wait(store.add(revocation)).unwrap();
        }
        assert_eq!(wait(store.all()).unwrap(), [wider]);
    }
}

#[test]
fn what_has_expired_is_purged_from_the_file() {
    let folder = Folder::new();
    let store = open(&folder);
    let denylist = list(&store);
    for (jti, until) in [("j1", Some(NOW)), ("j2", None)] {
        let mut revocation = Revocation::jwt_id("service", jti);
        if let Some(until) = until {
            revocation = revocation.until(until);
        }
        wait(denylist.revoke(revocation)).unwrap();
    }
    let later = |secs| UnixTime::from_secs(NOW.as_secs() + secs);
    assert_eq!(wait(denylist.purge(later(600))).unwrap(), 0);
    assert_eq!(wait(denylist.purge(later(601))).unwrap(), 1);
    assert_eq!(
        wait(store.all()).unwrap(),
        [Revocation::jwt_id("service", "j2")]
    );
}

#[test]
fn a_file_stays_short_without_a_timer() {
    let folder = Folder::new();
    let store = open(&folder);
    let clock = FakeClock::at(NOW);
    let denylist = list(&store).clock(clock.clone());
    // A denylist removes expired revocations from this length on.
    let most = 1024;
    for n in 0..most + 100 {
        let ends_at_once = Revocation::jwt_id("service", n.to_string()).until(clock.now().unwrap());
        wait(denylist.revoke(ends_at_once)).unwrap();
        clock.advance(Duration::from_secs(1));
    }
    let kept = wait(store.all()).unwrap().len();
    for len in [denylist.len(), kept] {
        assert!((600..most).contains(&len), "{len}");
    }
}

#[test]
fn no_list_is_read_from_a_file_that_was_tampered_with() {
    let folder = Folder::new();
    let store = open(&folder);
    let conn = Connection::open(folder.path("a.db")).unwrap();
    let insert = "INSERT INTO revocation (kind, authority, id) VALUES ('new', 'service', 'x')";
    conn.execute(insert, []).unwrap();
    let error = wait(Denylist::open(store)).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
}
