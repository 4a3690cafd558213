//! The public suites.

use std::time::Duration;

use super::breach::Breach;
use super::{api_key, grant_store as grants, rate, refresh, replay, revocation, session, usage};
use crate::api_key::ApiKeyStore;
use crate::limit::{RateStore, UsageStore};
use crate::now_or_later::NowOrLater;
use crate::refresh::RefreshTokenStore;
use crate::replay::ReplayStore;
use crate::revocation::RevocationStore;
use crate::session::SessionStore;

/// Checks an [`ApiKeyStore`] that is empty and not used by anything else. Returns `Ok(())` only if
/// it kept the whole contract of the trait.
///
/// Run it in the runtime that the store needs, if any.
///
/// # Errors
///
/// The first [`Breach`] of the contract.
pub async fn api_key_store(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    api_key::check(store).await
}

/// Checks a [`SessionStore`], under the conditions of [`api_key_store`]: how it finds, changes,
/// revokes and purges sessions, and that only one of many simultaneous changes of a session
/// succeeds. Returns `Ok(())` only if it kept the whole contract of the trait.
///
/// # Errors
///
/// The first [`Breach`] of the contract.
pub async fn session_store(store: &dyn SessionStore) -> Result<(), Breach> {
    session::check(store).await
}

/// Checks a [`RefreshTokenStore`], under the conditions of [`api_key_store`]: how it finds,
/// rotates, revokes and purges families of tokens, and that only one of many simultaneous rotations
/// succeeds. Returns `Ok(())` only if it kept the whole contract of the trait.
///
/// # Errors
///
/// The first [`Breach`] of the contract.
pub async fn refresh_token_store(store: &dyn RefreshTokenStore) -> Result<(), Breach> {
    refresh::check(store).await
}

/// Checks a [`RevocationStore`], under the conditions of [`api_key_store`]: how it adds, reads,
/// removes and purges revocations, and that it keeps the wider of two for one target. Returns
/// `Ok(())` only if it kept the whole contract of the trait.
///
/// # Errors
///
/// The first [`Breach`] of the contract.
pub async fn revocation_store(store: &dyn RevocationStore) -> Result<(), Breach> {
    revocation::check(store).await
}

/// Checks a [`UsageStore`], under the conditions of [`api_key_store`]: that each batch of usage counts
/// once, that quotas give their units once and no more under many calls at once, leases, credits, and
/// that no sum wraps. Returns `Ok(())` only if it kept the whole contract of the trait; that a crash
/// loses nothing is not checked.
///
/// # Errors
///
/// The first [`Breach`] of the contract.
pub async fn usage_store(store: &dyn UsageStore) -> Result<(), Breach> {
    usage::check(store).await
}

/// Checks what sessions and refresh tokens have in common in a store that keeps both: one
/// revocation ends them together.
///
/// Run [`session_store`] and [`refresh_token_store`] in addition, each on a new store.
///
/// ```
/// use std::pin::pin;
/// use std::task::Context;
/// use std::task::Waker;
///
/// use bearergate::testing;
/// use bearergate::stores::MemoryGrantStore;
///
/// // A store in memory never waits; other stores need a runtime.
/// let store = MemoryGrantStore::new(10_000);
/// let result = pin!(testing::grant_store(&store));
/// assert!(result.poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
///
/// # Errors
///
/// The first [`Breach`] of the contract.
pub async fn grant_store<S>(store: &S) -> Result<(), Breach>
where
    S: SessionStore + RefreshTokenStore,
{
    grants::check(store).await
}

/// Checks a [`RateStore`]: how many cells it gives and when, that calls at the same time take each
/// cell once, and that a bucket follows a changed rate. Returns `Ok(())` only if it kept the
/// contract of the trait, except for its deadline and its atomic steps across processes, which a
/// single process cannot check.
///
/// `pass` lets time pass for the store: it sleeps, about four seconds in all, or moves the clock of a
/// store that has one for tests. The buckets that it uses have keys from the bytes `keys`; they have
/// to be new, so give other bytes to each run on the same store.
///
/// # Errors
///
/// The first [`Breach`] of the contract.
pub async fn rate_store(
    store: &dyn RateStore,
    keys: [u8; 15],
    pass: &(dyn Fn(Duration) -> NowOrLater<'static, ()> + Sync),
) -> Result<(), Breach> {
    rate::check(&rate::Subject { store, pass, keys }).await
}

/// Checks a [`ReplayStore`]: that of many claims of one mark exactly one is true, also at the same
/// time, that a mark is kept until it ends and none is evicted, and that marks of other owners are
/// others. Returns `Ok(())` only if it kept the contract of the trait, except for its atomic step
/// across processes, which a single process cannot check.
///
/// The marks that it uses are made from the bytes `run`, which have to be new to the store. They end
/// five minutes after the 15th of January 2027, 08:00 UTC, at the latest.
///
/// # Errors
///
/// The first [`Breach`] of the contract.
pub async fn replay_store(store: &dyn ReplayStore, run: [u8; 16]) -> Result<(), Breach> {
    replay::check(&replay::Subject { store, run }).await
}
