//! The rules of every list of API keys.

use super::sample::{insert, record, row};
use crate::api_key::store::{ApiKeyFilter, ApiKeyQuery, ApiKeyRow, Disabled};
use crate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore};
use crate::clock::UnixTime;
use crate::limits;
use crate::testing::conformance::{Breach, NOW, at, ensure, good};

pub(super) async fn check(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    list_has_the_matching_records(store).await?;
    filter_includes_its_own_second(store).await
}

async fn list_has_the_matching_records(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a list has all records that match, by ascending id, in pages";
    let all = population(store, rule).await?;
    for (authority, filter) in queries() {
        let query = ApiKeyQuery::new(authority, filter, 1_000);
        if let ApiKeyFilter::EndedBy(time) = query.filter {
            ended_keys_are_found_in_any_order(store, &query, time).await?;
        }
        let mut expected = Vec::new();
        for row in &all {
            if query.matches(&record(row.clone())?) {
                expected.push(row.id);
            }
        }
        for limit in [1, 3, 1_000] {
            let mut query = query.clone();
            query.limit = limit;
            ensure(pages(store, query).await? == expected, rule)?;
        }
    }
    let none = ApiKeyQuery::new("keys a", ApiKeyFilter::All, 0);
    ensure(good(store.list(none).await, rule)?.is_empty(), rule)
}

async fn ended_keys_are_found_in_any_order(
    store: &dyn ApiKeyStore,
    query: &ApiKeyQuery,
    time: UnixTime,
) -> Result<(), Breach> {
    let rule = "the ended keys are those that a list of them has, and there are none only if there are none";
    let listed = pages(store, query.clone()).await?;
    for most in [1, 2, 1_000] {
        let ended = store.ended(query.authority.clone(), time, most);
        let ended = good(ended.await, rule)?;
        ensure(ended.len() <= most, rule)?;
        ensure(ended.is_empty() == listed.is_empty(), rule)?;
        let mut ids: Vec<_> = ended.iter().map(ApiKeyRecord::id).collect();
        ids.sort_unstable();
        ids.dedup();
        ensure(ids.len() == ended.len(), rule)?;
        ensure(ids.iter().all(|id| listed.contains(id)), rule)?;
        ensure(most < 1_000 || ids == listed, rule)?;
    }
    Ok(())
}

async fn filter_includes_its_own_second(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record has ended from the second of its end on, not before";
    let mut row = row("end", 0)?;
    row.expires_at = Some(at(70_000));
    insert(store, row.clone(), rule).await?;
    for (secs, is_there) in [(69_999, false), (70_000, true)] {
        for filter in [
            ApiKeyFilter::EndedBy(at(secs)),
            ApiKeyFilter::ExpiresBy(at(secs)),
        ] {
            let found = pages(store, ApiKeyQuery::new("keys", filter, 100)).await?;
            ensure(found.contains(&row.id) == is_there, rule)?;
        }
    }
    Ok(())
}

/// Inserts twelve records that differ in all values that filters compare; by ascending id.
async fn population(store: &dyn ApiKeyStore, rule: &'static str) -> Result<Vec<ApiKeyRow>, Breach> {
    let mut all = Vec::new();
    for number in 0..12_u16 {
        let mut row = row("list", number.into())?;
        row.subject = format!("list-{}", number % 2);
        row.authority = if number % 3 == 2 { "keys b" } else { "keys a" }.into();
        row.tenant = (number % 4 > 0).then(|| format!("tenant-{}", number % 2));
        row.expires_at = (number % 5 > 0).then(|| at(100 * u64::from(number)));
        row.disabled = (number % 7 == 0).then(|| Disabled::new(at(250), "list"));
        row.successor = (number % 6 == 1).then_some(row.id);
        all.push(row);
    }
    // Inserted in another order than that of their ids.
    for row in all.iter().rev() {
        insert(store, row.clone(), rule).await?;
    }
    Ok(all)
}

fn queries() -> Vec<(&'static str, ApiKeyFilter)> {
    let mut filters = vec![ApiKeyFilter::All];
    for time in [
        NOW,
        at(249),
        at(250),
        at(400),
        UnixTime::from_secs(limits::TIME_MAX),
    ] {
        filters.push(ApiKeyFilter::EndedBy(time));
        filters.push(ApiKeyFilter::ExpiresBy(time));
    }
    for number in 0..3 {
        filters.push(ApiKeyFilter::Subject(format!("list-{number}")));
        filters.push(ApiKeyFilter::Tenant(format!("tenant-{number}")));
    }
    let authorities = ["keys a", "keys b", "keys c"].into_iter();
    authorities
        .flat_map(|name| filters.iter().map(move |filter| (name, filter.clone())))
        .collect()
}

/// Reads all ids that match the query, page by page.
async fn pages(store: &dyn ApiKeyStore, mut query: ApiKeyQuery) -> Result<Vec<ApiKeyId>, Breach> {
    let rule = "a page has at most the requested number of records, with ids after the given one";
    let mut found = Vec::new();
    loop {
        let page = good(store.list(query.clone()).await, rule)?;
        ensure(page.len() <= query.limit, rule)?;
        for record in &page {
            ensure(found.last().is_none_or(|last| *last < record.id()), rule)?;
            found.push(record.id());
        }
        let Some(last) = page.last() else {
            return Ok(found);
        };
        query = query.after(last.id());
    }
}
