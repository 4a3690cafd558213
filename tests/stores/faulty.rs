//! Stores with one fault each, which the public suites must find.

use std::sync::Arc;

use bearergate::api_key::store::{
    ApiKeyChange, ApiKeyQuery, KeptCheck, PepperCheck, PepperProof, PepperUse,
};
use bearergate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore, PepperedDigest};
use bearergate::clock::UnixTime;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::grant::store::{
    Created, GrantPage, GrantQuery, Lookup, RevocationRecord, Sequence, SubjectLimit, TokenDigest,
};
use bearergate::grant::{Grant, GrantStore};
use bearergate::principal::Authority;
use bearergate::refresh::{RefreshFamily, RefreshTokenStore};
use bearergate::session::{SessionRecord, SessionStore};
use bearergate::stores::{MemoryApiKeyStore, MemoryGrantStore};
use bearergate::{NowOrLater, limits, testing};

use crate::common::{NOW, wait};

type Answer<'a, T> = NowOrLater<'a, Result<T, StoreError>>;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum KeyFault {
    AddsNoName,
    CommitsHalf,
    CountsNoPeppers,
    FindsOwnByDigest,
    ForgetsMetadata,
    ForgetsRemoval,
    IgnoresAuthority,
    IgnoresConflict,
    KeepsAnyCheck,
    KeepsUnprovenChecks,
    ListsBackwards,
    None,
    PageTooLong,
    UsesBackwards,
}

#[derive(Debug)]
struct FaultyKeys {
    store: MemoryApiKeyStore,
    fault: KeyFault,
}

impl FaultyKeys {
    fn is(&self, fault: KeyFault) -> bool {
        self.fault == fault
    }

    fn altered(&self, record: ApiKeyRecord) -> ApiKeyRecord {
        let mut row = record.to_row();
        if self.is(KeyFault::ForgetsMetadata) {
            row.metadata.clear();
        }
        ApiKeyRecord::from_row(row).unwrap()
    }
}

/// A replacement whose name is lost if the record had none.
fn without_new_name(store: &MemoryApiKeyStore, change: ApiKeyChange) -> ApiKeyChange {
    let ApiKeyChange::Replace(record) = change else {
        return change;
    };
    let old = wait(store.find(record.id())).unwrap();
    let mut row = record.to_row();
    row.name = row
        .name
        .filter(|_| old.is_some_and(|old| old.details().name().is_some()));
    ApiKeyChange::Replace(ApiKeyRecord::from_row(row).unwrap())
}

impl ApiKeyStore for FaultyKeys {
    fn find(&self, id: ApiKeyId) -> Answer<'_, Option<ApiKeyRecord>> {
        let found = self.store.find(id);
        found.map(|found| Ok(found?.map(|record| self.altered(record))))
    }

    fn find_by_digest(&self, digest: PepperedDigest) -> Answer<'_, Option<ApiKeyRecord>> {
        if !self.is(KeyFault::FindsOwnByDigest) {
            return self.store.find_by_digest(digest);
        }
        let all = ApiKeyQuery::new(
            "keys",
            bearergate::api_key::store::ApiKeyFilter::All,
            usize::MAX,
        );
        self.store.list(all).map(move |all| {
            let is_it = |record: &ApiKeyRecord| record.digest().has_same_bytes(&digest);
            Ok(all?.into_iter().find(is_it))
        })
    }

    fn list(&self, mut query: ApiKeyQuery) -> Answer<'_, Vec<ApiKeyRecord>> {
        if self.is(KeyFault::IgnoresAuthority) && query.authority.as_str() == "keys c" {
            query.authority = "keys a".into();
        }
        if self.is(KeyFault::PageTooLong) {
            query.limit = query.limit.saturating_add(1);
        }
        let is_backwards = self.is(KeyFault::ListsBackwards);
        self.store.list(query).map(move |found| {
            let mut found = found?;
            if is_backwards {
                found.reverse();
            }
            Ok(found)
        })
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> Answer<'_, ()> {
        match self.fault {
            KeyFault::AddsNoName => {
                let changes = changes.into_iter();
                let lossy = changes.map(|change| without_new_name(&self.store, change));
                self.store.commit(lossy.collect())
            }
            KeyFault::CommitsHalf => {
                for change in changes {
                    match self.store.commit(vec![change]).try_now() {
                        Ok(Ok(())) => {}
                        answer => return NowOrLater::now(answer.unwrap()),
                    }
                }
                NowOrLater::now(Ok(()))
            }
            KeyFault::ForgetsRemoval => {
                let kept = |change: &ApiKeyChange| change.record().is_some();
                self.store
                    .commit(changes.into_iter().filter(kept).collect())
            }
            KeyFault::IgnoresConflict => self.store.commit(changes).map(|made| match made {
                Err(error) if error.kind() == StoreErrorKind::Conflict => Ok(()),
                made => made,
            }),
            _ => self.store.commit(changes),
        }
    }

    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        let used = match self.fault {
            KeyFault::UsesBackwards => now.saturating_add(std::time::Duration::from_secs(1)),
            _ => now,
        };
        self.store.touch(id, used);
    }

    fn keep_pepper_check(
        &self,
        authority: Authority,
        check: PepperCheck,
        proof: PepperProof,
    ) -> Answer<'_, KeptCheck> {
        if self.is(KeyFault::KeepsAnyCheck) {
            return NowOrLater::now(Ok(KeptCheck::Kept(check)));
        }
        let proof = match self.fault {
            KeyFault::KeepsUnprovenChecks => PepperProof::Validated,
            _ => proof,
        };
        self.store.keep_pepper_check(authority, check, proof)
    }

    fn pepper_uses(&self, authority: Authority) -> Answer<'_, Option<Vec<PepperUse>>> {
        let is_blind = self.is(KeyFault::CountsNoPeppers);
        let uses = self.store.pepper_uses(authority);
        uses.map(move |uses| Ok(uses?.filter(|_| !is_blind)))
    }
}

#[test]
fn suite_finds_every_fault_of_a_store_of_api_keys() {
    let check = |fault| {
        let store = MemoryApiKeyStore::new(10_000).unwrap();
        wait(testing::api_key_store(&FaultyKeys { store, fault }))
    };
    check(KeyFault::None).unwrap();
    for (fault, rule) in [
        (KeyFault::AddsNoName, "a replacement sets every value"),
        (KeyFault::CommitsHalf, "one conflict changes nothing"),
        (
            KeyFault::CountsNoPeppers,
            "the numbers of records by version",
        ),
        (KeyFault::FindsOwnByDigest, "not found by its digest"),
        (KeyFault::ForgetsMetadata, "found as it was inserted"),
        (KeyFault::ForgetsRemoval, "digest of a removed record"),
        (KeyFault::IgnoresAuthority, "all records that match"),
        (
            KeyFault::IgnoresConflict,
            "the second record of an id is a conflict",
        ),
        (KeyFault::KeepsAnyCheck, "and never replaced"),
        (
            KeyFault::KeepsUnprovenChecks,
            "without a proof no check value",
        ),
        (KeyFault::ListsBackwards, "with ids after the given one"),
        (KeyFault::PageTooLong, "at most the requested number"),
        (KeyFault::UsesBackwards, "the last use never goes back"),
    ] {
        let breach = check(fault).unwrap_err();
        assert!(
            breach.rule().contains(rule),
            "{fault:?} was found as: {breach}"
        );
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum GrantFault {
    EndsAtEveryLimit,
    EndsEverything,
    ForgetsData,
    ForgetsRevocations,
    ForgetsSealed,
    IgnoresLimit,
    KeepsOldDigest,
    ListsAnotherSubject,
    ListsBackwards,
    ListsNothing,
    ListsRevoked,
    ListsTooMany,
    ListsTwice,
    None,
    OneNumberForAll,
    PurgesEarly,
    PurgesRevocations,
    RefusesAtEveryLimit,
    ResurrectsLate,
}

#[derive(Debug)]
struct FaultyGrants {
    store: MemoryGrantStore,
    fault: GrantFault,
}

impl FaultyGrants {
    fn new(fault: GrantFault) -> Self {
        let store = MemoryGrantStore::new(10_000);
        Self { store, fault }
    }

    fn is(&self, fault: GrantFault) -> bool {
        self.fault == fault
    }

    fn limit(&self, limit: SubjectLimit) -> SubjectLimit {
        match self.fault {
            GrantFault::EndsAtEveryLimit => SubjectLimit::ending_oldest(limit.most()),
            GrantFault::IgnoresLimit => SubjectLimit::ending_oldest(limits::GRANTS_PER_SUBJECT_MAX),
            GrantFault::RefusesAtEveryLimit => SubjectLimit::refusing(limit.most()),
            _ => limit,
        }
    }

    fn dated(&self, grant: &Grant) -> Grant {
        let since = self
            .is(GrantFault::OneNumberForAll)
            .then_some(Sequence::from_u64(7));
        grant.clone().with_sequence(since.or(grant.sequence()))
    }

    fn asked(&self, mut query: GrantQuery) -> GrantQuery {
        match self.fault {
            GrantFault::ListsAnotherSubject if query.subject == "nobody" => {
                query.subject = "mia".to_owned();
            }
            GrantFault::ListsTwice => query.after = None,
            _ => {}
        }
        query
    }

    fn listed<R: Send + Sync + 'static>(
        &self,
        page: Result<GrantPage<Arc<R>>, StoreError>,
        ended: Option<Arc<R>>,
        limit: usize,
    ) -> Answer<'_, GrantPage<Arc<R>>> {
        NowOrLater::now(page.map(|mut page| {
            if self.is(GrantFault::ListsBackwards) {
                page.records.reverse();
            }
            let has_room = page.records.len() < limit || self.is(GrantFault::ListsTooMany);
            page.records.extend(ended.filter(|_| has_room));
            page
        }))
    }
}

/// A grant that was revoked long ago.
fn revoked() -> Grant {
    Grant::new("the suite", "mia", NOW)
}

fn taken<T: Send>(answer: Answer<'_, T>) -> Result<T, StoreError> {
    answer.try_now().unwrap()
}

impl GrantStore for FaultyGrants {
    fn revoke(&self, record: RevocationRecord) -> Answer<'_, ()> {
        let record = match self.fault {
            GrantFault::ForgetsRevocations => return NowOrLater::now(Ok(())),
            GrantFault::EndsEverything => RevocationRecord::subject("lasting", "s", NOW),
            _ => record,
        };
        NowOrLater::now(taken(self.store.revoke(record)))
    }

    fn is_revoked(&self, grant: Grant) -> Answer<'_, bool> {
        self.store.is_revoked(grant)
    }

    fn purge(&self, now: UnixTime) -> Answer<'_, usize> {
        let early = std::time::Duration::from_secs(1);
        let now = match self.fault {
            GrantFault::PurgesEarly => now.saturating_add(early),
            GrantFault::PurgesRevocations => UnixTime::from_secs(now.as_secs() + 400 * 86_400),
            _ => now,
        };
        NowOrLater::now(taken(self.store.purge(now)))
    }
}

impl SessionStore for FaultyGrants {
    fn create(&self, mut session: SessionRecord) -> Answer<'_, Sequence> {
        session.grant = self.dated(&session.grant);
        if self.is(GrantFault::ForgetsData) {
            session.data = Vec::new();
        }
        NowOrLater::now(taken(SessionStore::create(&self.store, session)))
    }

    fn create_within(&self, session: SessionRecord, limit: SubjectLimit) -> Answer<'_, Created> {
        let limit = self.limit(limit);
        let created = SessionStore::create_within(&self.store, session, limit);
        NowOrLater::now(taken(created))
    }

    fn find(&self, digest: TokenDigest) -> Answer<'_, Lookup<Arc<SessionRecord>>> {
        NowOrLater::now(taken(SessionStore::find(&self.store, digest)))
    }

    fn update(&self, old: TokenDigest, mut session: SessionRecord) -> Answer<'_, u64> {
        let updated = taken(SessionStore::update(&self.store, old, session.clone()));
        let is_lost = updated.is_err();
        if (self.is(GrantFault::KeepsOldDigest) && !is_lost && old != session.digest)
            || (self.is(GrantFault::ResurrectsLate) && is_lost)
        {
            session.digest = old;
            let _ = taken(SessionStore::create(&self.store, session));
        }
        match updated {
            Err(_) if self.is(GrantFault::ResurrectsLate) => NowOrLater::now(Ok(1)),
            updated => NowOrLater::now(updated),
        }
    }

    fn touch(&self, digest: TokenDigest, at: UnixTime) -> Answer<'_, bool> {
        NowOrLater::now(taken(SessionStore::touch(&self.store, digest, at)))
    }

    fn list(&self, query: GrantQuery) -> Answer<'_, GrantPage<Arc<SessionRecord>>> {
        if self.is(GrantFault::ListsNothing) {
            return NowOrLater::now(Err(StoreErrorKind::Unavailable.into()));
        }
        let limit = query.limit;
        let adds = self.is(GrantFault::ListsRevoked) || self.is(GrantFault::ListsTooMany);
        let ended = (adds && query.subject == "mia")
            .then(|| Arc::new(SessionRecord::new(TokenDigest::new([9; 32]), revoked())));
        let page = taken(SessionStore::list(&self.store, self.asked(query)));
        self.listed(page, ended, limit)
    }
}

impl RefreshTokenStore for FaultyGrants {
    fn create(&self, mut family: RefreshFamily) -> Answer<'_, Sequence> {
        family.grant = self.dated(&family.grant);
        NowOrLater::now(taken(RefreshTokenStore::create(&self.store, family)))
    }

    fn create_within(&self, family: RefreshFamily, limit: SubjectLimit) -> Answer<'_, Created> {
        let limit = self.limit(limit);
        let created = RefreshTokenStore::create_within(&self.store, family, limit);
        NowOrLater::now(taken(created))
    }

    fn find(&self, id: TokenDigest) -> Answer<'_, Lookup<Arc<RefreshFamily>>> {
        NowOrLater::now(taken(RefreshTokenStore::find(&self.store, id)))
    }

    fn update(&self, mut family: RefreshFamily) -> Answer<'_, u64> {
        if self.is(GrantFault::ForgetsSealed) {
            (family.spent, family.spent_at, family.sealed) = (None, None, Vec::new());
        }
        let updated = taken(RefreshTokenStore::update(&self.store, family));
        match updated {
            Err(_) if self.is(GrantFault::ResurrectsLate) => NowOrLater::now(Ok(1)),
            updated => NowOrLater::now(updated),
        }
    }

    fn list(&self, query: GrantQuery) -> Answer<'_, GrantPage<Arc<RefreshFamily>>> {
        if self.is(GrantFault::ListsNothing) {
            return NowOrLater::now(Err(StoreErrorKind::Unavailable.into()));
        }
        let limit = query.limit;
        let adds = self.is(GrantFault::ListsRevoked) || self.is(GrantFault::ListsTooMany);
        let ended = (adds && query.subject == "mia").then(|| {
            Arc::new(RefreshFamily::new(
                TokenDigest::new([9; 32]),
                TokenDigest::new([8; 32]),
                revoked(),
            ))
        });
        let page = taken(RefreshTokenStore::list(&self.store, self.asked(query)));
        self.listed(page, ended, limit)
    }
}

#[test]
fn suite_finds_every_fault_of_a_store_of_sessions() {
    let check = |fault| wait(testing::session_store(&FaultyGrants::new(fault)));
    check(GrantFault::None).unwrap();
    for (fault, rule) in [
        (GrantFault::EndsEverything, "nothing else"),
        (GrantFault::ForgetsData, "found as it was created"),
        (
            GrantFault::ForgetsRevocations,
            "a revocation ends what was granted before",
        ),
        (GrantFault::KeepsOldDigest, "unknown by the old one"),
        (GrantFault::ListsAnotherSubject, "an empty list"),
        (GrantFault::ListsBackwards, "the newest first"),
        (GrantFault::ListsNothing, "the newest first"),
        (GrantFault::ListsRevoked, "the newest first"),
        (GrantFault::ListsTooMany, "at most the requested number"),
        (GrantFault::ListsTwice, "a list has a last page"),
        (GrantFault::OneNumberForAll, "a greater sequence number"),
        (GrantFault::PurgesEarly, "at that second, and not before"),
        (
            GrantFault::PurgesRevocations,
            "leaves those created after the revocation",
        ),
        (GrantFault::EndsAtEveryLimit, "is refused as `subject_full`"),
        (GrantFault::IgnoresLimit, "used longest ago"),
        (GrantFault::RefusesAtEveryLimit, "used longest ago"),
        (GrantFault::ResurrectsLate, "cannot be changed"),
    ] {
        let breach = check(fault).unwrap_err();
        assert!(
            breach.rule().contains(rule),
            "{fault:?} was found as: {breach}"
        );
    }
}

#[test]
fn suite_finds_every_fault_of_a_store_of_refresh_tokens() {
    let check = |fault| wait(testing::refresh_token_store(&FaultyGrants::new(fault)));
    check(GrantFault::None).unwrap();
    for (fault, rule) in [
        (
            GrantFault::ForgetsRevocations,
            "a revocation ends what was granted before",
        ),
        (GrantFault::ForgetsSealed, "a rotation keeps"),
        (GrantFault::ListsAnotherSubject, "an empty list"),
        (GrantFault::ListsBackwards, "the newest first"),
        (GrantFault::ListsNothing, "the newest first"),
        (GrantFault::ListsRevoked, "the newest first"),
        (GrantFault::ListsTooMany, "at most the requested number"),
        (GrantFault::ListsTwice, "a list has a last page"),
        (GrantFault::OneNumberForAll, "a greater sequence number"),
        (GrantFault::PurgesEarly, "at that second, and not before"),
        (GrantFault::EndsAtEveryLimit, "is refused as `subject_full`"),
        (GrantFault::IgnoresLimit, "used longest ago"),
        (GrantFault::RefusesAtEveryLimit, "used longest ago"),
        (GrantFault::ResurrectsLate, "is a conflict"),
    ] {
        let breach = check(fault).unwrap_err();
        assert!(
            breach.rule().contains(rule),
            "{fault:?} was found as: {breach}"
        );
    }
}

#[test]
fn suite_finds_separate_revocations_of_sessions_and_tokens() {
    #[derive(Debug)]
    struct SeparateStores {
        sessions: MemoryGrantStore,
        tokens: MemoryGrantStore,
    }
    impl GrantStore for SeparateStores {
        fn revoke(&self, record: RevocationRecord) -> Answer<'_, ()> {
            self.sessions.revoke(record)
        }
        fn is_revoked(&self, grant: Grant) -> Answer<'_, bool> {
            self.sessions.is_revoked(grant)
        }
        fn purge(&self, now: UnixTime) -> Answer<'_, usize> {
            self.sessions.purge(now)
        }
    }
    impl SessionStore for SeparateStores {
        fn create(&self, session: SessionRecord) -> Answer<'_, Sequence> {
            SessionStore::create(&self.sessions, session)
        }
        fn find(&self, digest: TokenDigest) -> Answer<'_, Lookup<Arc<SessionRecord>>> {
            SessionStore::find(&self.sessions, digest)
        }
        fn update(&self, old: TokenDigest, session: SessionRecord) -> Answer<'_, u64> {
            SessionStore::update(&self.sessions, old, session)
        }
        fn touch(&self, digest: TokenDigest, at: UnixTime) -> Answer<'_, bool> {
            self.sessions.touch(digest, at)
        }
    }
    impl RefreshTokenStore for SeparateStores {
        fn create(&self, family: RefreshFamily) -> Answer<'_, Sequence> {
            RefreshTokenStore::create(&self.tokens, family)
        }
        fn find(&self, id: TokenDigest) -> Answer<'_, Lookup<Arc<RefreshFamily>>> {
            RefreshTokenStore::find(&self.tokens, id)
        }
        fn update(&self, family: RefreshFamily) -> Answer<'_, u64> {
            RefreshTokenStore::update(&self.tokens, family)
        }
    }
    let store = || MemoryGrantStore::new(100);
    let separate = SeparateStores {
        sessions: store(),
        tokens: store(),
    };
    assert!(wait(testing::grant_store(&separate)).is_err());
    wait(testing::grant_store(&store())).unwrap();
}
