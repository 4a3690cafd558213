//! The validator of API keys.

use std::fmt;
use std::sync::Arc;

use crate::api_key::format::{ApiKeyId, KeyDigest, LegacyKey, Match, ParsedKey, PepperedDigest};
use crate::api_key::pepper_guard::PepperGuard;
use crate::api_key::record::ApiKeyRecord;
use crate::api_key::scheme::ApiKeyScheme;
use crate::api_key::store::contract::ApiKeyStore;
use crate::api_key::store::{ApiKeyChange, ApiKeyRow};
use crate::clock::{Clock, Leeway, UnixTime};
use crate::credential::PresentedCredential;
use crate::diagnosis::{Explanation, Finding};
use crate::error::{ConfigError, Rejection, RejectionKind, StoreError};
use crate::event::{Event, Observer};
use crate::limits;
use crate::now_or_later::{NowOrLater, first_some};
use crate::principal::{Authority, Principal, PrincipalKind};
use crate::request::RequestFacts;
use crate::validator::{Authorities, Shape, TokenValidator, check_kind};

/// Validates API keys against the records of an [`ApiKeyStore`].
///
/// A key is accepted only if there is a record of its id, the digest of the whole key equals the
/// record's, the key is not disabled, its period of validity has begun and not ended, and, where
/// the record lists addresses, the client has one of them: the
/// [`ClientAddress`](crate::request::ClientAddress) of the request, or its
/// [`PeerAddress`](crate::request::PeerAddress) if the service has not set the former. The principal
/// is the record's own and holds nothing of the request; its [`ApiKeyDetails`](crate::api_key::store::ApiKeyDetails)
/// are an extension of it.
///
/// It takes every credential that begins with the prefix of its scheme, wherever it was found, and
/// every credential in its own header, and in `Authorization: Basic` if it is
/// [bound](crate::api_key::ApiKeyValidatorBuilder::basic) to it. A mistyped key is rejected by its checksum and reaches
/// neither the store nor another validator. A key of the
/// [other format](ApiKeyScheme::with_legacy) is taken from the header, or without a header if no
/// other validator takes it.
///
/// | rejected because | kind |
/// |---|---|
/// | it does not have the format of the scheme; found before the store is asked | `api_key_malformed` |
/// | there is no such key, or its secret is another | `api_key_unknown` |
/// | it is disabled | `api_key_disabled` |
/// | its validity has not begun | `token_not_yet_valid` |
/// | its validity has ended | `api_key_expired` |
/// | the client has none of its addresses, or its address is not known | `address_denied` |
/// | it is under the scheme `DPoP` | `credential_malformed` |
/// | the store did not answer, or the pepper of the key is not configured | `unavailable` |
/// | a pepper is another one than the store knows under its version | `unavailable` |
///
/// ```
/// use std::sync::Arc;
///
/// use bearergate::{ApiKeyValidator, Gate, require_scope};
/// use bearergate::api_key::ApiKeyScheme;
/// use bearergate::stores::MemoryApiKeyStore;
///
/// # fn configure(scheme: ApiKeyScheme) -> Result<Gate, bearergate::ConfigError> {
/// let store = Arc::new(MemoryApiKeyStore::new(100_000)?);
/// let gate = Gate::builder()
///     .validator(ApiKeyValidator::builder(scheme, store).build()?)
///     .authorizer(require_scope("orders:read"))
///     .build()?;
/// # Ok(gate)
/// # }
/// ```
#[derive(Clone)]
pub struct ApiKeyValidator {
    pub(super) scheme: ApiKeyScheme,
    pub(super) store: Arc<dyn ApiKeyStore>,
    pub(super) shapes: Vec<Shape>,
    pub(super) decoy: Decoy,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) checks_addresses: bool,
    pub(super) peppers: Arc<PepperGuard>,
}

pub(super) type Validated<'a> = NowOrLater<'a, Result<Principal, Rejection>>;

/// The request that presents a key, and its time.
#[derive(Clone, Copy)]
pub(super) struct Use<'a> {
    pub(super) presented: &'a PresentedCredential<'a>,
    pub(super) now: UnixTime,
}

/// Whether the digest of a record was made under the current pepper.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Freshness {
    Current,
    Older,
}

impl ApiKeyValidator {
    fn lookup<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> Result<Validated<'a>, Rejection> {
        check_kind(presented.credential().scheme(), PrincipalKind::ApiKey)?;
        let text = presented.credential().expose();
        let now = presented.now().or_else(|| self.clock.now());
        let now = now.ok_or(RejectionKind::Unavailable)?;
        let usage = Use { presented, now };
        // A text with the prefix of this scheme is never looked up as a key of the other format.
        let is_own = text.starts_with(self.scheme.format().prefix());
        let is_diagnosis = presented.is_diagnosis();
        if let Some(legacy) = self.scheme.legacy().filter(|_| !is_own) {
            let key = legacy.parse(text)?;
            return Ok(self.once_settled(is_diagnosis, move || self.validate_legacy(key, usage)));
        }
        let key = self.scheme.format().parse(text)?;
        Ok(self.once_settled(is_diagnosis, move || {
            self.store.probe(key.id()).then(move |found| match found {
                Ok(found) => self.compare(&key, found, usage),
                Err(error) => NowOrLater::now(Err(error.into())),
            })
        }))
    }

    /// Does the same work whether there is a record or not, so that the time of the answer does
    /// not show which ids exist.
    fn compare<'a>(
        &'a self,
        key: &ParsedKey<'_>,
        found: Option<ApiKeyRecord>,
        usage: Use<'a>,
    ) -> Validated<'a> {
        match self.identify(key, found) {
            Ok((record, Freshness::Current)) => self.once_proven(
                record.digest().version(),
                usage.presented.is_diagnosis(),
                move || NowOrLater::now(self.admit(record, usage)),
            ),
            Ok((record, Freshness::Older)) => {
                let digest = self.scheme.peppers().digest(key);
                self.once_proven(
                    record.digest().version(),
                    usage.presented.is_diagnosis(),
                    move || self.admit_rehashed(record, digest, usage),
                )
            }
            Err(rejection) => NowOrLater::now(Err(rejection)),
        }
    }

    /// Returns the record only if it is that of the key, and the secret is its secret.
    #[inline]
    pub(super) fn identify(
        &self,
        key: &ParsedKey<'_>,
        found: Option<ApiKeyRecord>,
    ) -> Result<(ApiKeyRecord, Freshness), Rejection> {
        let exists = found.is_some();
        let record = found.unwrap_or_else(|| self.decoy.0.clone());
        let matched = self.scheme.peppers().compare(key, Some(record.digest()));
        let is_same = exists & (record.id() == key.id());
        let is_own = is_same & self.is_authority_of(&record) & !record.is_legacy();
        Err(match matched {
            Match::Current if is_own => return Ok((record, Freshness::Current)),
            Match::Older if is_own => return Ok((record, Freshness::Older)),
            Match::NoPepper if is_own => {
                Rejection::new(RejectionKind::Unavailable).with_source(Fault::Pepper)
            }
            _ if is_own => Fault::Secret.unknown(),
            _ => Fault::Id.unknown(),
        })
    }

    fn validate_legacy<'a>(&'a self, key: LegacyKey<'a>, usage: Use<'a>) -> Validated<'a> {
        let peppers = self.scheme.peppers();
        // The current one is first and last: a key may be re-hashed while the others are looked up.
        let again = std::iter::once_with(move || peppers.legacy_digest(&key));
        let digests = peppers.legacy_digests(key).chain(again);
        self.find_legacy(digests)
            .and_then(move |found| match found {
                Some(record) => self.once_proven(
                    record.digest().version(),
                    usage.presented.is_diagnosis(),
                    move || {
                        if record.digest().version() == peppers.current() {
                            return NowOrLater::now(self.admit(record, usage));
                        }
                        self.admit_rehashed(record, peppers.legacy_digest(&key), usage)
                    },
                ),
                None => NowOrLater::now(Err(Fault::Id.unknown())),
            })
    }

    /// Returns the record of the first of these digests that has one.
    pub(super) fn find_legacy<'a>(
        &'a self,
        digests: impl Iterator<Item = PepperedDigest> + Send + 'a,
    ) -> NowOrLater<'a, Result<Option<ApiKeyRecord>, Rejection>> {
        first_some(digests, move |digest| {
            self.store
                .find_by_digest(digest)
                .map(move |found| Ok(self.legacy_record(found?, &digest)))
        })
    }

    fn legacy_record(
        &self,
        found: Option<ApiKeyRecord>,
        digest: &PepperedDigest,
    ) -> Option<ApiKeyRecord> {
        found.filter(|record| {
            let is_equal = bool::from(record.digest().digest().ct_eq(digest.digest()));
            let is_own = self.is_authority_of(record) & record.is_legacy();
            is_equal & is_own & (record.digest().version() == digest.version())
        })
    }

    /// Admits the holder of the secret, if the key may be used now and from that address.
    fn admit(&self, record: ApiKeyRecord, usage: Use<'_>) -> Result<Principal, Rejection> {
        self.check(&record, usage)?;
        let is_due = |noted: UnixTime| noted.saturating_add(limits::API_KEY_USE) <= usage.now;
        if record.last_used().is_none_or(is_due) && !usage.presented.is_diagnosis() {
            self.store.touch(record.id(), usage.now);
        }
        Ok(record.into_principal())
    }

    /// Admits like [`admit`](Self::admit), and replaces the record's digest by one under the
    /// current pepper. If that fails, the older digest remains valid.
    fn admit_rehashed<'a>(
        &'a self,
        record: ApiKeyRecord,
        digest: PepperedDigest,
        usage: Use<'a>,
    ) -> Validated<'a> {
        if let Err(rejection) = self.check(&record, usage) {
            return NowOrLater::now(Err(rejection));
        }
        if usage.presented.is_diagnosis() {
            return NowOrLater::now(Ok(record.into_principal()));
        }
        let mut row = record.to_row();
        row.digest = digest;
        row.last_used = row.last_used.max(Some(usage.now));
        row.version = row.version.saturating_add(1);
        let replaced = match ApiKeyRecord::from_row(row) {
            Ok(record) => self.store.commit(vec![ApiKeyChange::Replace(record)]),
            Err(error) => NowOrLater::now(Err(error)),
        };
        replaced.map(move |replaced| {
            if let Err(error) = replaced {
                self.observe(&record, &error);
            }
            Ok(record.into_principal())
        })
    }

    pub(super) fn check(&self, record: &ApiKeyRecord, usage: Use<'_>) -> Result<(), Rejection> {
        let begins = record.not_before();
        let ends = record.expires_at();
        if record.is_disabled() {
            return Err(RejectionKind::ApiKeyDisabled.into());
        }
        if begins.is_some_and(|time| time.is_in_future(usage.now, Leeway::ZERO)) {
            return Err(RejectionKind::TokenNotYetValid.into());
        }
        if ends.is_some_and(|time| time.has_passed(usage.now, Leeway::ZERO)) {
            return Err(RejectionKind::ApiKeyExpired.into());
        }
        if self.checks_addresses && record.is_restricted() && !is_from(record, usage.presented) {
            return Err(RejectionKind::AddressDenied.into());
        }
        Ok(())
    }

    fn is_authority_of(&self, record: &ApiKeyRecord) -> bool {
        let [own, recorded] = [self.scheme.authority(), record.authority()].map(Authority::as_str);
        // Most records share the text of the scheme's own authority.
        std::ptr::eq(own, recorded) || own == recorded
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

    /// No outside authority: the records are the service's own.
    fn authorities(&self) -> Authorities {
        Authorities::OWN
    }

    fn authority_names(&self) -> Option<Vec<Authority>> {
        Some(vec![self.scheme.authority().clone()])
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        self.lookup(presented)
            .unwrap_or_else(|rejection| NowOrLater::now(Err(rejection)))
    }

    /// Returns the principal of a key whose record is in memory.
    fn recall<'a>(&'a self, presented: &'a PresentedCredential<'a>) -> Option<Principal> {
        self.validate(presented).try_now().ok()?.ok()
    }

    /// Asks the store for the check values of the peppers.
    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        let settled = self.settle_peppers();
        settled.map(|settled| settled.map_err(Rejection::from))
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.find_problems()
    }

    fn explain<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        self.explained(presented)
    }
}

impl fmt::Debug for ApiKeyValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyValidator")
            .field("scheme", &self.scheme)
            .field("store", &self.store)
            .field("shapes", &self.shapes)
            .finish_non_exhaustive()
    }
}

/// Returns true if the client has one of the addresses that the key may be used from.
fn is_from(record: &ApiKeyRecord, presented: &PresentedCredential<'_>) -> bool {
    let address = presented.facts().and_then(RequestFacts::client_or_peer);
    address.is_some_and(|address| {
        let mut allowed = record.details().addresses().iter();
        allowed.any(|network| network.contains(&address))
    })
}

/// The record that a key without one is compared with, so that it costs the same work.
#[derive(Clone)]
pub(super) struct Decoy(ApiKeyRecord);

impl Decoy {
    pub(super) fn new(scheme: &ApiKeyScheme) -> Result<Self, ConfigError> {
        // No key has this digest, and this record is never admitted.
        let unmatched = KeyDigest::from_bytes([0; 32]);
        let digest = PepperedDigest::new(unmatched, scheme.peppers().current());
        let owner = (scheme.authority().clone(), "nobody".to_owned());
        let row = ApiKeyRow::new(ApiKeyId::LEAST, digest, owner, UnixTime::from_secs(0));
        let record = ApiKeyRecord::from_row(row).map_err(|error| {
            let detail = "no record can have this authority; choose another name";
            ConfigError::malformed("authority", detail).with_source(error)
        })?;
        Ok(Self(record))
    }
}

/// Why a key is not known, for the operator only.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Fault {
    #[error("no key has this id")]
    Id,
    #[error("the digest of this key was made with a pepper that is not configured")]
    Pepper,
    #[error("the secret is not the one of the key with this id")]
    Secret,
}

impl Fault {
    pub(super) fn unknown(self) -> Rejection {
        Rejection::new(RejectionKind::ApiKeyUnknown).with_source(self)
    }
}
