//! The rules for a store of both sessions and refresh tokens.

use super::grant_records::{Records, granted_to, is_revoked, revoke, subject};
use super::refresh::Families;
use super::session::Sessions;
use super::{Breach, ensure, good};
use crate::grant::store::{Lookup, SessionHandle, SubjectLimit};
use crate::refresh::RefreshTokenStore;
use crate::session::SessionStore;

pub(super) async fn check<S>(store: &S) -> Result<(), Breach>
where
    S: SessionStore + RefreshTokenStore,
{
    let (sessions, families) = (Sessions(store), Families(store));
    let rule = "sessions and families take their sequence numbers from one order";
    let one = good(sessions.create(100, granted_to("both")).await, rule)?;
    let two = good(families.create(100, granted_to("both")).await, rule)?;
    let three = good(sessions.create(101, granted_to("other")).await, rule)?;
    ensure(one < two && two < three, rule)?;
    let rule = "one revocation ends sessions and families together";
    revoke(store, subject("both"), rule).await?;
    ensure(is_revoked(&sessions, 100, rule).await?, rule)?;
    ensure(is_revoked(&families, 100, rule).await?, rule)?;
    ensure(!is_revoked(&sessions, 101, rule).await?, rule)?;
    a_session_at_its_limit_ends_with_its_families(store).await
}

async fn a_session_at_its_limit_ends_with_its_families<S>(store: &S) -> Result<(), Breach>
where
    S: SessionStore + RefreshTokenStore,
{
    let (sessions, families) = (Sessions(store), Families(store));
    let rule = "a session that ends for a new one ends with the families that belong to it";
    let limit = SubjectLimit::ending_oldest(1);
    let of = |byte| granted_to("limited").with_session(Some(SessionHandle::new([byte; 16])));
    good(sessions.create_within(110, of(110), limit).await, rule)?;
    good(families.create(110, of(110)).await, rule)?;
    good(families.create(111, of(111)).await, rule)?;
    good(sessions.create_within(111, of(111), limit).await, rule)?;
    let found = [110, 111].map(|key| families.find(key));
    let [ended, other] = found;
    let ended = good(ended.await, rule)?;
    ensure(matches!(ended, Lookup::Unknown), rule)?;
    let other = good(other.await, rule)?;
    ensure(matches!(other, Lookup::Live(_)), rule)
}
