//! Judges API keys.

mod builder;

pub use builder::ApiKeyValidatorBuilder;

use super::scheme::ApiKeyScheme;

use std::fmt;
use std::sync::Arc;

use super::format::ParsedKey;
use super::record::ApiKeyRecord;
use super::row::ApiKeyRow;
use super::store::ApiKeyChange;
use super::store::ApiKeyStore;
use crate::api_key::format::ApiKeyId;
use crate::api_key::format::KeyDigest;
use crate::api_key::format::LegacyKey;
use crate::api_key::format::Match;
use crate::api_key::format::PepperedDigest;
use crate::clock::Clock;
use crate::clock::Leeway;
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::error::StoreError;
use crate::event::Event;
use crate::event::Observer;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::Authority;
use crate::principal::Principal;
use crate::request::RequestFacts;
use crate::validator::Authorities;
use crate::validator::Shape;
use crate::validator::TokenValidator;

/// Judges API keys: who a key belongs to, or why it is refused.
///
/// A key is accepted only if its record is found under its id, the digest of the whole key equals
/// the record's, the key is not disabled, it has begun and is not over, and, where the record
/// lists addresses, the request comes from one of them. The principal is the record's own and
/// holds nothing of the request; its [`ApiKeyDetails`](crate::api_key::ApiKeyDetails) are an extension of
/// it.
///
/// It takes what begins with the prefix of its ring, wherever it was found, and all that stands in
/// its own header. A mistyped key is refused here and reaches neither the store nor another judge.
/// A foreign key is taken from the header, or without one where no other judge takes it.
///
/// ```
/// use std::sync::Arc;
///
/// use bearergate::{ApiKeyValidator, Gate, require_scope};
/// use bearergate::api_key::ApiKeyScheme;
/// use bearergate::stores::MemoryApiKeyStore;
///
/// # fn configure(ring: ApiKeyScheme) -> Result<Gate, bearergate::ConfigError> {
/// let store = Arc::new(MemoryApiKeyStore::new(100_000)?);
/// let gate = Gate::builder()
///     .validator(ApiKeyValidator::builder(ring, store).build()?)
///     .authorizer(require_scope("orders:read"))
///     .build()?;
/// # Ok(gate)
/// # }
/// ```
#[derive(Clone)]
pub struct ApiKeyValidator {
    ring: ApiKeyScheme,
    store: Arc<dyn ApiKeyStore>,
    shapes: Vec<Shape>,
    decoy: Decoy,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
    checks_addresses: bool,
}

type Verdict<'a> = NowOrLater<'a, Result<Principal, Rejection>>;

/// The request that a key came with, and its time.
#[derive(Clone, Copy)]
struct Asked<'a> {
    presented: &'a PresentedCredential<'a>,
    now: UnixTime,
}

impl ApiKeyValidator {
    /// Starts a judge of the keys of this ring whose records are in this store.
    pub fn builder(ring: ApiKeyScheme, store: Arc<dyn ApiKeyStore>) -> ApiKeyValidatorBuilder {
        ApiKeyValidatorBuilder::new(ring, store)
    }

    fn judge<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> Result<Verdict<'a>, Rejection> {
        let text = presented.credential().expose();
        let now = presented.now().or_else(|| self.clock.now());
        let now = now.ok_or(RejectionKind::Unavailable)?;
        let asked = Asked { presented, now };
        match self.ring.foreign() {
            // What begins like one of ours is never looked up as somebody else's.
            Some(foreign) if !text.starts_with(self.ring.format().prefix()) => {
                Ok(self.judge_foreign(foreign.parse(text)?, asked))
            }
            _ => Ok(self.judge_own(self.ring.format().parse(text)?, asked)),
        }
    }

    fn judge_own<'a>(&'a self, key: ParsedKey<'a>, asked: Asked<'a>) -> Verdict<'a> {
        self.store.probe(key.id()).then(move |found| match found {
            Ok(found) => self.compare(&key, found, asked),
            Err(error) => NowOrLater::now(Err(error.into())),
        })
    }

    /// Does the same work whether there is a record or not.
    fn compare<'a>(
        &'a self,
        key: &ParsedKey<'_>,
        found: Option<ApiKeyRecord>,
        asked: Asked<'a>,
    ) -> Verdict<'a> {
        let is_there = found.is_some();
        let record = found.unwrap_or_else(|| self.decoy.0.clone());
        let matched = self.ring.peppers().compare(key, Some(record.digest()));
        let is_it = is_there & (record.id() == key.id());
        let is_own = is_it & self.vouches_for(&record) & !record.is_legacy();
        NowOrLater::now(Err(match matched {
            Match::Current if is_own => return NowOrLater::now(self.admit(record, asked)),
            Match::Older if is_own => {
                let digest = self.ring.peppers().digest(key);
                return self.admit_anew(record, digest, asked);
            }
            Match::NoPepper if is_own => Fault::Pepper.unavailable(),
            _ => Fault::of_known(is_own).unknown(),
        }))
    }

    fn judge_foreign<'a>(&'a self, key: LegacyKey<'a>, asked: Asked<'a>) -> Verdict<'a> {
        for digest in self.foreign_digests(&key) {
            let Ok(found) = self.store.find_by_digest(*digest.digest()).try_now() else {
                return NowOrLater::later(self.judge_foreign_later(key, asked));
            };
            match found.map(|found| self.own_foreign(found, &digest)) {
                Ok(Some(record)) => return self.admit_foreign(record, &key, asked),
                Ok(None) => {}
                Err(error) => return NowOrLater::now(Err(error.into())),
            }
        }
        NowOrLater::now(Err(Fault::Id.unknown()))
    }

    async fn judge_foreign_later(
        &self,
        key: LegacyKey<'_>,
        asked: Asked<'_>,
    ) -> Result<Principal, Rejection> {
        for digest in self.foreign_digests(&key) {
            let found = self.store.find_by_digest(*digest.digest()).await?;
            if let Some(record) = self.own_foreign(found, &digest) {
                return self.admit_foreign(record, &key, asked).await;
            }
        }
        Err(Fault::Id.unknown())
    }

    /// The current one comes first and last: it may be made anew while the others are asked for.
    fn foreign_digests<'k>(
        &'k self,
        key: &'k LegacyKey<'k>,
    ) -> impl Iterator<Item = PepperedDigest> + 'k {
        let peppers = self.ring.peppers();
        let again = std::iter::once_with(|| peppers.foreign_digest(key));
        peppers.foreign_digests(key).chain(again)
    }

    fn own_foreign(
        &self,
        found: Option<ApiKeyRecord>,
        digest: &PepperedDigest,
    ) -> Option<ApiKeyRecord> {
        found.filter(|record| {
            let is_equal = bool::from(record.digest().digest().ct_eq(digest.digest()));
            let is_own = self.vouches_for(record) & record.is_legacy();
            is_equal & is_own & (record.digest().version() == digest.version())
        })
    }

    fn admit_foreign<'a>(
        &'a self,
        record: ApiKeyRecord,
        key: &LegacyKey<'_>,
        asked: Asked<'a>,
    ) -> Verdict<'a> {
        let peppers = self.ring.peppers();
        if record.digest().version() == peppers.current() {
            return NowOrLater::now(self.admit(record, asked));
        }
        self.admit_anew(record, peppers.foreign_digest(key), asked)
    }

    /// Lets the holder of the secret in, if the record lets the key be used now and from there.
    fn admit(&self, record: ApiKeyRecord, asked: Asked<'_>) -> Result<Principal, Rejection> {
        self.check(&record, asked)?;
        let is_due = |noted: UnixTime| noted.saturating_add(limits::API_KEY_USE) <= asked.now;
        if record.last_used().is_none_or(is_due) {
            self.store.touch(record.id(), asked.now);
        }
        Ok(record.into_principal())
    }

    /// Lets the holder in like [`admit`](Self::admit), and puts a digest under the current
    /// pepper in the place of the older one. If that fails, the older one stays good.
    fn admit_anew<'a>(
        &'a self,
        record: ApiKeyRecord,
        digest: PepperedDigest,
        asked: Asked<'a>,
    ) -> Verdict<'a> {
        if let Err(rejection) = self.check(&record, asked) {
            return NowOrLater::now(Err(rejection));
        }
        let mut parts = record.to_parts();
        parts.digest = digest;
        parts.last_used = parts.last_used.max(Some(asked.now));
        self.replace(parts).map(move |replaced| {
            if let Err(error) = replaced {
                self.observe(&record, &error);
            }
            Ok(record.into_principal())
        })
    }

    fn replace(&self, mut parts: ApiKeyRow) -> NowOrLater<'_, Result<(), StoreError>> {
        parts.version = parts.version.saturating_add(1);
        match ApiKeyRecord::from_parts(parts) {
            Ok(record) => self.store.commit(vec![ApiKeyChange::Replace(record)]),
            Err(error) => NowOrLater::now(Err(error)),
        }
    }

    fn check(&self, record: &ApiKeyRecord, asked: Asked<'_>) -> Result<(), Rejection> {
        let begins = record.not_before();
        let ends = record.expires_at();
        if record.is_disabled() {
            return Err(RejectionKind::ApiKeyDisabled.into());
        }
        if begins.is_some_and(|time| time.is_in_future(asked.now, Leeway::ZERO)) {
            return Err(RejectionKind::TokenNotYetValid.into());
        }
        if ends.is_some_and(|time| time.has_passed(asked.now, Leeway::ZERO)) {
            return Err(RejectionKind::ApiKeyExpired.into());
        }
        if self.checks_addresses && record.is_restricted() && !is_from(record, asked.presented) {
            return Err(RejectionKind::AddressDenied.into());
        }
        Ok(())
    }

    fn vouches_for(&self, record: &ApiKeyRecord) -> bool {
        let [own, its] = [self.ring.authority(), record.authority()].map(Authority::as_str);
        // Most records were made with the ring's own name.
        std::ptr::eq(own, its) || own == its
    }

    fn observe(&self, record: &ApiKeyRecord, error: &StoreError) {
        if let Some(observer) = &self.observer {
            observer.observe(&Event::RehashFailed {
                key: record.id().as_str(),
                reason: error.kind().as_str(),
            });
        }
    }
}

impl TokenValidator for ApiKeyValidator {
    fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The service's own word.
    fn authorities(&self) -> Authorities {
        Authorities::OWN
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        self.judge(presented)
            .unwrap_or_else(|rejection| NowOrLater::now(Err(rejection)))
    }
}

impl fmt::Debug for ApiKeyValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyValidator")
            .field("ring", &self.ring)
            .field("store", &self.store)
            .field("shapes", &self.shapes)
            .finish_non_exhaustive()
    }
}

/// Returns true if the peer has one of the addresses that the key may be used from.
fn is_from(record: &ApiKeyRecord, presented: &PresentedCredential<'_>) -> bool {
    let peer = presented.facts().and_then(RequestFacts::peer);
    peer.is_some_and(|peer| {
        let address = peer.ip().to_canonical();
        let mut allowed = record.details().addresses().iter();
        allowed.any(|network| network.contains(&address))
    })
}

/// What a key is held against that no record is found for, so that it costs the same work.
#[derive(Clone)]
struct Decoy(ApiKeyRecord);

impl Decoy {
    fn new(ring: &ApiKeyScheme) -> Result<Self, ConfigError> {
        // No key has this digest, and nobody with this record is ever let in.
        let nobodys = KeyDigest::from_bytes([0; 32]);
        let digest = PepperedDigest::new(nobodys, ring.peppers().current());
        let owner = (ring.authority().clone(), "nobody".to_owned());
        let parts = ApiKeyRow::new(ApiKeyId::LEAST, digest, owner, UnixTime::from_secs(0));
        let record = ApiKeyRecord::from_parts(parts).map_err(|error| {
            let detail = "no record can be made under this authority; give it another name";
            ConfigError::new(ConfigErrorKind::ValueMalformed, "authority", detail)
                .with_source(error)
        })?;
        Ok(Self(record))
    }
}

/// Why a key is not known, for the operator alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
enum Fault {
    #[error("no key has this id")]
    Id,
    #[error("the digest was made under a pepper that is not in the set")]
    Pepper,
    #[error("the secret is not that of the key")]
    Secret,
}

impl Fault {
    const fn of_known(is_known: bool) -> Self {
        if is_known { Self::Secret } else { Self::Id }
    }

    fn unavailable(self) -> Rejection {
        Rejection::new(RejectionKind::Unavailable).with_source(self)
    }

    fn unknown(self) -> Rejection {
        Rejection::new(RejectionKind::ApiKeyUnknown).with_source(self)
    }
}
