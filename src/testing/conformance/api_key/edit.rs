//! The rules of updates: what an edited record has.

use super::sample::{current, full, insert, next, record, row};
use crate::api_key::store::ApiKeyChange::Replace;
use crate::api_key::store::{ApiKeyFilter, ApiKeyQuery, ApiKeyRow};
use crate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore};
use crate::testing::conformance::{Breach, at, conflict, ensure, good};

pub(super) async fn check(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    every_value_can_be_set_and_removed(store).await?;
    list_follows_the_expiry(store).await?;
    revocation_is_kept_from_an_edit_of_the_version_before(store).await
}

async fn every_value_can_be_set_and_removed(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule =
        "a replacement sets every value of a record, and removes every one that may be absent";
    let bare = row("edit", 0)?;
    insert(store, bare.clone(), rule).await?;
    let mut filled = full("edit", 0)?;
    filled.version = 2;
    filled.authority = bare.authority.clone();
    let mut emptied = next(&next(&bare));
    // Uses are not removed by a change.
    emptied.last_used = filled.last_used;
    for edited in [filled, emptied] {
        good(
            store.commit(vec![Replace(record(edited.clone())?)]).await,
            rule,
        )?;
        ensure(current(store, bare.id, rule).await? == edited, rule)?;
    }
    Ok(())
}

async fn list_follows_the_expiry(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a list by the end of keys follows a replacement with another expiry";
    let mut own = row("edit", 1)?;
    own.authority = "edited keys".into();
    own.expires_at = Some(at(100));
    insert(store, own.clone(), rule).await?;
    ensure(ended(store, &own, 100, rule).await? == [own.id], rule)?;
    for (expires, is_ended) in [(Some(200), false), (None, false), (Some(50), true)] {
        own = next(&own);
        own.expires_at = expires.map(at);
        good(
            store.commit(vec![Replace(record(own.clone())?)]).await,
            rule,
        )?;
        let found = ended(store, &own, 100, rule).await?;
        ensure(found.contains(&own.id) == is_ended, rule)?;
    }
    Ok(())
}

async fn ended(
    store: &dyn ApiKeyStore,
    own: &ApiKeyRow,
    secs: u64,
    rule: &'static str,
) -> Result<Vec<ApiKeyId>, Breach> {
    let filter = ApiKeyFilter::EndedBy(at(secs));
    let listed = store.list(ApiKeyQuery::new(own.authority.clone(), filter, 100));
    let listed = good(listed.await, rule)?;
    Ok(listed.iter().map(ApiKeyRecord::id).collect())
}

async fn revocation_is_kept_from_an_edit_of_the_version_before(
    store: &dyn ApiKeyStore,
) -> Result<(), Breach> {
    let rule = "an edit of the version before a revocation is a conflict and the key stays revoked";
    let own = row("edit", 2)?;
    insert(store, own.clone(), rule).await?;
    let mut revoked = next(&own);
    revoked.disabled = Some(crate::api_key::store::Disabled::new(at(1), "leaked"));
    let mut edited = next(&own);
    edited.name = Some("edited".to_owned());
    good(
        store.commit(vec![Replace(record(revoked.clone())?)]).await,
        rule,
    )?;
    conflict(store.commit(vec![Replace(record(edited)?)]).await, rule)?;
    ensure(current(store, own.id, rule).await? == revoked, rule)
}
