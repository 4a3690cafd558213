//! The rules for a store of both sessions and refresh tokens.

use super::grant_records::{Records, granted_to, is_revoked, revoke, subject};
use super::refresh::Families;
use super::session::Sessions;
use super::{Breach, ensure, good};
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
    ensure(!is_revoked(&sessions, 101, rule).await?, rule)
}
