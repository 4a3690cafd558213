//! The rules that stores of sessions and of refresh tokens share: sequence numbers, revocations and
//! expiry.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::{Breach, NOW, at, conflict, ensure, good};
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::grant::store::{
    Created, GrantPage, GrantQuery, Lookup, RevocationRecord, Sequence, SessionHandle,
    SubjectLimit, TokenDigest,
};
use crate::grant::{Grant, GrantStore};
use crate::limits;
use crate::now_or_later::NowOrLater;

/// Sessions or families, each named by a number from 100 on.
pub(super) trait Records: Sync {
    fn store(&self) -> &dyn GrantStore;

    fn create(&self, key: u8, grant: Grant) -> NowOrLater<'_, Result<Sequence, StoreError>>;

    fn create_within(
        &self,
        key: u8,
        grant: Grant,
        limit: SubjectLimit,
    ) -> NowOrLater<'_, Result<Created, StoreError>>;

    /// The digest of a record.
    fn digest(&self, key: u8) -> TokenDigest;

    /// Grant and version.
    fn find(&self, key: u8) -> NowOrLater<'_, Result<Lookup<(Grant, u64)>, StoreError>>;

    fn update(&self, key: u8, state: (Grant, u64)) -> NowOrLater<'_, Result<u64, StoreError>>;

    /// A page, each record as [`find`](Self::find) returns it.
    fn list(
        &self,
        query: GrantQuery,
    ) -> NowOrLater<'_, Result<GrantPage<(Grant, u64)>, StoreError>>;
}

/// Checks the rules that sessions and families share.
pub(super) async fn check_records(records: &dyn Records) -> Result<(), Breach> {
    sequence_numbers_increase(records).await?;
    revoking_a_subject_or_client_ends_what_was_granted_before(records).await?;
    revoking_a_session_ends_all_that_belongs_to_it(records).await?;
    many_sessions_of_one_subject_end(records).await?;
    a_revoked_grant_cannot_be_changed(records).await?;
    a_revocation_is_exact_within_its_second(records).await?;
    a_newer_revocation_replaces_an_older_one(records).await?;
    expired_grants_are_purged_at_their_second(records).await?;
    a_purged_revocation_leaves_no_grant_valid(records).await
}

async fn sequence_numbers_increase(records: &dyn Records) -> Result<(), Breach> {
    let rule =
        "each grant has a greater sequence number than the one before, whatever the clock said";
    let mut last = None;
    for (key, secs) in [(100, 50), (101, 50), (102, 0), (103, 90)] {
        let grant = Grant::new(AUTHORITY, "clock", at(secs)).with_lifetime(at(9_999), IDLE);
        let sequence = good(records.create(key, grant).await, rule)?;
        ensure(last.is_none_or(|last| last < sequence), rule)?;
        last = Some(sequence);
    }
    let rule = "a grant that has a sequence number keeps it, through every change";
    let old = Sequence::from_u64(5);
    good(
        records
            .create(104, granted_to("clock").with_sequence(Some(old)))
            .await,
        rule,
    )?;
    let changed = granted_to("clock").with_sequence(last);
    ensure(
        good(records.update(104, (changed, 1)).await, rule)? == 2,
        rule,
    )?;
    let Lookup::Live((grant, 2)) = good(records.find(104).await, rule)? else {
        return Err(Breach::new(rule));
    };
    ensure(grant.sequence() == Some(old), rule)?;
    let rule = "each sequence number is greater than those that grants had from another store";
    let far = Sequence::next(last, at(9_000));
    good(
        records
            .create(105, granted_to("clock").with_sequence(Some(far)))
            .await,
        rule,
    )?;
    ensure(
        good(records.create(106, granted_to("clock")).await, rule)? > far,
        rule,
    )
}

async fn revoking_a_subject_or_client_ends_what_was_granted_before(
    records: &dyn Records,
) -> Result<(), Breach> {
    let rule = "a revocation ends what was granted before to its subject or client, nothing else";
    let client = |name: &str| Some(name.to_owned());
    let elsewhere = Grant::new("another authority", "alice", NOW).with_lifetime(at(9_999), IDLE);
    let grants = [
        (110, granted_to("alice")),
        (111, granted_to("alic")),
        (112, elsewhere.with_client(client("app"))),
        (113, granted_to("bob").with_client(client("app"))),
        (114, granted_to("bob").with_client(client("alice"))),
        (115, granted_to("app")),
    ];
    for (key, grant) in grants {
        good(records.create(key, grant).await, rule)?;
    }
    revoke(records.store(), subject("alice"), rule).await?;
    ensure(revoked(records, 110..116, rule).await? == [110], rule)?;
    revoke(
        records.store(),
        RevocationRecord::client(AUTHORITY, "app", NOW),
        rule,
    )
    .await?;
    ensure(revoked(records, 110..116, rule).await? == [110, 113], rule)?;
    a_grant_that_is_not_stored_is_revoked_alike(records).await
}

async fn a_grant_that_is_not_stored_is_revoked_alike(records: &dyn Records) -> Result<(), Breach> {
    let rule = "a grant that is not stored is ended by the same revocations";
    let sequence = good(records.create(116, granted_to("alice")).await, rule)?;
    let before = Sequence::from_u64(1);
    for (subject, sequence, wanted) in [
        ("alice", Some(before), true),
        ("alice", None, true),
        ("alice", Some(sequence), false),
        ("kate", Some(before), false),
        ("kate", None, false),
    ] {
        let ended = records
            .store()
            .is_revoked(granted_to(subject).with_sequence(sequence));
        ensure(good(ended.await, rule)? == wanted, rule)?;
    }
    Ok(())
}

async fn revoking_a_session_ends_all_that_belongs_to_it(
    records: &dyn Records,
) -> Result<(), Breach> {
    let rule =
        "the revocation of a session ends all that belongs to it, also what is created later";
    let in_session = |byte| granted_to("carol").with_session(Some(SessionHandle::new([byte; 16])));
    good(records.create(120, in_session(1)).await, rule)?;
    good(records.create(121, in_session(2)).await, rule)?;
    let record = RevocationRecord::session(AUTHORITY, SessionHandle::new([1; 16]), NOW);
    revoke(records.store(), record, rule).await?;
    ensure(revoked(records, 120..122, rule).await? == [120], rule)?;
    conflict(records.create(122, in_session(1)).await, rule)?;
    ensure(revoked(records, 122..123, rule).await?.is_empty(), rule)?;
    good(records.create(122, in_session(3)).await, rule).map(drop)
}

async fn many_sessions_of_one_subject_end(records: &dyn Records) -> Result<(), Breach> {
    let rule = "of however many sessions of one subject each revoked one has ended";
    good(records.create(124, granted_to("carol's twin")).await, rule)?;
    let owned = granted_to("carla").with_sequence(Some(Sequence::from_u64(7)));
    for byte in 0..MANY {
        let handle = SessionHandle::new([byte, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        let grant = owned.clone().with_session(Some(handle));
        let record = RevocationRecord::session(AUTHORITY, handle, NOW).of_grant(&grant);
        revoke(records.store(), record, rule).await?;
        let ended = good(records.store().is_revoked(grant.clone()).await, rule)?;
        ensure(ended, rule)?;
        conflict(records.create(125, grant).await, rule)?;
    }
    let rule = "many revoked sessions of a subject end nothing of others, and no later login";
    good(records.create(126, granted_to("carla")).await, rule)?;
    ensure(revoked(records, 124..127, rule).await?.is_empty(), rule)
}

/// More single sessions than a small bounded store keeps of one subject.
const MANY: u8 = 80;

async fn a_revoked_grant_cannot_be_changed(records: &dyn Records) -> Result<(), Breach> {
    let rule = "a revoked grant cannot be changed, nor given to another subject";
    let sequence = good(records.create(130, granted_to("dave")).await, rule)?;
    revoke(records.store(), subject("dave"), rule).await?;
    conflict(records.update(130, (granted_to("dave"), 1)).await, rule)?;
    conflict(records.update(130, (granted_to("erin"), 1)).await, rule)?;
    ensure(is_revoked(records, 130, rule).await?, rule)?;
    let rule = "what belongs to a grant from before a revocation cannot be created after it";
    let late = granted_to("dave").with_sequence(Some(sequence));
    conflict(records.create(131, late).await, rule)?;
    let Lookup::Unknown = good(records.find(131).await, rule)? else {
        return Err(Breach::new(rule));
    };
    good(
        records.create(131, granted_to("dave")).await,
        "a new login is valid",
    )
    .map(drop)
}

async fn a_revocation_is_exact_within_its_second(records: &dyn Records) -> Result<(), Breach> {
    let rule =
        "a revocation ends what was created before it and not what is created after, by any clock";
    good(records.create(140, granted_to("frank")).await, rule)?;
    // The clock of the node that revokes is behind.
    let behind = RevocationRecord::subject(AUTHORITY, "frank", UnixTime::from_secs(1));
    good(records.store().revoke(behind).await, rule)?;
    good(records.create(141, granted_to("frank")).await, rule)?;
    ensure(revoked(records, 140..142, rule).await? == [140], rule)?;
    let rule = "a purge removes revoked grants, and leaves those created after the revocation";
    purge_all(records, 0, rule).await?;
    let before = good(records.find(140).await, rule)?;
    let after = good(records.find(141).await, rule)?;
    ensure(matches!(before, Lookup::Unknown), rule)?;
    ensure(matches!(after, Lookup::Live(_)), rule)
}

async fn a_newer_revocation_replaces_an_older_one(records: &dyn Records) -> Result<(), Breach> {
    let rule = "a second revocation of one target ends what was created in between, and is kept as long as either";
    let until = |secs| subject("grace").with_until(at(secs));
    good(records.create(150, granted_to("grace")).await, rule)?;
    revoke(records.store(), until(500), rule).await?;
    good(records.create(151, granted_to("grace")).await, rule)?;
    revoke(records.store(), until(100), rule).await?;
    ensure(revoked(records, 150..152, rule).await? == [150, 151], rule)?;
    purge_all(records, 200, rule).await?;
    let sequence = Some(Sequence::from_u64(1));
    conflict(
        records
            .create(152, granted_to("grace").with_sequence(sequence))
            .await,
        rule,
    )
}

async fn expired_grants_are_purged_at_their_second(records: &dyn Records) -> Result<(), Breach> {
    let rule = "a grant that expires at a second is purged at that second, and not before";
    let idle = granted_to("henry").with_lifetime(at(9_999), Duration::from_secs(1_000));
    let ends = granted_to("henry").with_lifetime(at(1_200), Duration::MAX);
    good(records.create(160, idle).await, rule)?;
    good(records.create(161, ends).await, rule)?;
    for (secs, left) in [(999, 2), (1_000, 1), (1_199, 1), (1_200, 0)] {
        purge_all(records, secs, rule).await?;
        let mut found = 0;
        for key in 160..162 {
            let is_live = matches!(good(records.find(key).await, rule)?, Lookup::Live(_));
            found += usize::from(is_live);
        }
        ensure(found == left, rule)?;
    }
    Ok(())
}

async fn a_purged_revocation_leaves_no_grant_valid(records: &dyn Records) -> Result<(), Breach> {
    let rule = "a revocation is not removed before all that it ends";
    for key in 170..180 {
        good(records.create(key, granted_to("ivan")).await, rule)?;
    }
    let short = subject("ivan").with_until(at(1_300));
    good(records.store().revoke(short).await, rule)?;
    loop {
        let removed = good(records.store().purge(at(1_300)).await, rule)?;
        for key in 170..180 {
            let found = good(records.find(key).await, rule)?;
            ensure(!matches!(found, Lookup::Live(_)), rule)?;
        }
        if removed == 0 {
            break;
        }
    }
    let rule = "a revocation is removed when its time has come";
    let sequence = Some(Sequence::from_u64(1));
    good(
        records
            .create(180, granted_to("ivan").with_sequence(sequence))
            .await,
        rule,
    )
    .map(drop)
}

async fn purge_all(records: &dyn Records, secs: u64, rule: &'static str) -> Result<(), Breach> {
    while good(records.store().purge(at(secs)).await, rule)? > 0 {}
    Ok(())
}

pub(super) async fn revoke(
    store: &dyn GrantStore,
    record: RevocationRecord,
    rule: &'static str,
) -> Result<(), Breach> {
    good(store.revoke(record).await, rule)
}

pub(super) fn subject(name: &str) -> RevocationRecord {
    RevocationRecord::subject(AUTHORITY, name, NOW)
}

/// Which of these are revoked.
async fn revoked(
    records: &dyn Records,
    keys: Range<u8>,
    rule: &'static str,
) -> Result<Vec<u8>, Breach> {
    let mut revoked = Vec::new();
    for key in keys {
        if is_revoked(records, key, rule).await? {
            revoked.push(key);
        }
    }
    Ok(revoked)
}

pub(super) async fn is_revoked(
    records: &dyn Records,
    key: u8,
    rule: &'static str,
) -> Result<bool, Breach> {
    let found = good(records.find(key).await, rule)?;
    Ok(matches!(found, Lookup::Revoked))
}

/// The same part of each record of a page.
pub(super) fn page_facts<R, T>(page: GrantPage<Arc<R>>, facts: impl Fn(&R) -> T) -> GrantPage<T> {
    let records = page.records.iter().map(|record| facts(record));
    GrantPage::new(records.collect(), page.next)
}

/// The part of a record that the rules for all grants see.
pub(super) fn facts<R, T>(found: Lookup<Arc<R>>, facts: impl FnOnce(&R) -> T) -> Lookup<T> {
    match found {
        Lookup::Live(record) => Lookup::Live(facts(&record)),
        Lookup::Revoked => Lookup::Revoked,
        Lookup::Unknown => Lookup::Unknown,
    }
}

pub(super) const AUTHORITY: &str = "the suite";

pub(super) const IDLE: Duration = Duration::from_secs(9_999);

/// A grant to a subject that outlasts most of the suite.
pub(super) fn granted_to(subject: &str) -> Grant {
    Grant::new(AUTHORITY, subject, NOW).with_lifetime(at(9_999), IDLE)
}

/// A grant that outlasts all of it.
pub(super) fn lasting(subject: &str) -> Grant {
    Grant::new("lasting", subject, NOW).with_lifetime(at(99_999), Duration::MAX)
}

/// A grant with everything, and with characters that a store could mishandle.
pub(super) fn full() -> Grant {
    let odd = |text: &str| Some(format!("{text} '\"\\%_;--\u{0}\u{1f511}\u{e9}\n"));
    Grant::new("a 'name' \u{e9}", "s\u{1f511}'\"%", NOW)
        .with_client(odd("client"))
        .with_session(Some(SessionHandle::new([0xfb; 16])))
        .with_scopes(odd("scopes"))
        .with_claims(odd("claims"))
        .with_last_used(at(5))
        .with_lifetime(UnixTime::from_secs(limits::TIME_MAX), Duration::MAX)
}

/// A digest that begins with these bytes.
pub(super) fn digest(bytes: [u8; 3]) -> TokenDigest {
    let mut digest = [0; 32];
    let places = digest.iter_mut().zip(bytes);
    places.for_each(|(place, byte)| *place = byte);
    TokenDigest::new(digest)
}
