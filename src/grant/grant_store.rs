//! The interface to stores of revocations next to the grants that they end.

use std::fmt;

use super::record::Grant;
use super::store::revocation_record::RevocationRecord;
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;

/// A store of revocations next to the grants that they end: the common part of
/// [`SessionStore`](crate::session::SessionStore) and [`RefreshTokenStore`](crate::refresh::RefreshTokenStore).
///
/// A store that is both keeps one set of revocations for both, so that one write ends sessions and
/// refresh tokens together. If they are two stores, both need the revocation
/// ([`also_revoke_in`](crate::session::SessionManagerBuilder::also_revoke_in)).
///
/// Contract:
///
/// - Every look-up and every change of a record reads the revocations in its own transaction. A
///   grant is revoked if there is a record for one of its
///   [targets](Grant::revocation_targets) and [`RevocationRecord::revokes`] says so.
/// - A store that answers at once may act when it is called; one that answers later acts only when
///   its answer is polled, and then to the end, even if the answer is dropped.
/// - A failing store reports a [`StoreError`]; it never answers that a grant is not revoked.
///
/// Check an implementation with `testing::session_store` or `testing::refresh_token_store`, and
/// with `testing::grant_store` if it is both.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::{Mutex, MutexGuard};
/// use bearergate::NowOrLater;
/// use bearergate::clock::UnixTime;
/// use bearergate::error::{StoreError, StoreErrorKind};
/// use bearergate::grant::{Grant, GrantStore};
/// use bearergate::grant::store::{RevocationRecord, Sequence};
/// use bearergate::revocation::RevocationTarget;
///
/// /// Only the revocations; the records of sessions would be next to them under the same lock.
/// #[derive(Debug, Default)]
/// struct Revocations(Mutex<State>);
///
/// #[derive(Debug, Default)]
/// struct State {
///     last: Option<Sequence>,
///     revoked: BTreeMap<RevocationTarget<'static>, (Sequence, UnixTime)>,
/// }
///
/// impl Revocations {
///     fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
///         self.0.lock().map_err(|_| StoreErrorKind::Unavailable.into())
///     }
/// }
///
/// impl GrantStore for Revocations {
///     fn revoke(&self, record: RevocationRecord) -> NowOrLater<'_, Result<(), StoreError>> {
///         NowOrLater::now(self.state().map(|mut state| {
///             let next = Sequence::next(state.last, record.at());
///             state.last = Some(next);
///             let old = state.revoked.get(record.target()).map(|(_, until)| *until);
///             let until = record.until().max(old.unwrap_or(record.until()));
///             state.revoked.insert(record.target().clone(), (next, until));
///         }))
///     }
///
///     fn is_revoked(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>> {
///         NowOrLater::now(self.state().map(|state| {
///             grant.revocation_targets().any(|target| {
///                 let written = state.revoked.get(&target.clone().into_owned());
///                 written.is_some_and(|(at, _)| {
///                     RevocationRecord::revokes(target.kind(), *at, &grant)
///                 })
///             })
///         }))
///     }
///
///     fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
///         NowOrLater::now(self.state().map(|mut state| {
///             let before = state.revoked.len();
///             state.revoked.retain(|_, (_, until)| *until > now);
///             before - state.revoked.len()
///         }))
///     }
/// }
///
/// let store = Revocations::default();
/// let now = UnixTime::from_secs(1_700_000_000);
/// let revoked = store.revoke(RevocationRecord::subject("my service", "alice", now)).try_now();
/// assert!(matches!(revoked, Ok(Ok(()))));
/// let alice = Grant::new("my service", "alice", now);
/// assert!(matches!(store.is_revoked(alice).try_now(), Ok(Ok(true))));
/// ```
pub trait GrantStore: fmt::Debug + Send + Sync {
    /// Writes a revocation in place of an older one of the same target; returns `Ok(())` only if
    /// every later look-up sees it.
    ///
    /// A bounded store may write a [wider](RevocationRecord::wider) record in its place, but keeps
    /// room for records of subjects and clients: users and clients cause as many of single sessions
    /// and tokens as they like, and must not keep the service from revoking.
    ///
    /// In one transaction the store takes its next [`Sequence`](crate::grant::store::Sequence) number and writes the record with
    /// it; the later `until` of both records is kept.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then nothing is written.
    fn revoke(&self, record: RevocationRecord) -> NowOrLater<'_, Result<(), StoreError>>;

    /// Returns true if this grant, which need not be stored, [is revoked](RevocationRecord::revokes):
    /// for something that was made from a grant and is stored nowhere, such as an access token.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if that could not be found out.
    fn is_revoked(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>>;

    /// Removes grants that are [expired](Grant::has_expired) at `now` or revoked, families that were
    /// revoked, and revocations whose `until` has passed; returns how many records were removed.
    ///
    /// A store may stop early to let other calls in. It has removed everything when it returns 0.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; what was removed by then is removed.
    fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>>;

    /// Checks what the store depends on and how full it is, for
    /// [`TokenValidator::diagnose`](crate::TokenValidator::diagnose). It changes nothing. By default
    /// it says that there is nothing to ask; whether the store answers is checked by the validator.
    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        let text = "the store answers; it reports nothing else about itself";
        NowOrLater::now(vec![Finding::ok("store of sessions", text)])
    }
}

const _: Option<&dyn GrantStore> = None;
