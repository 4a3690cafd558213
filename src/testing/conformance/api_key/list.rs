//! What every list of API keys must hold.

use super::insert;
use super::sample::parts;
use super::sample::record;
use crate::api_key::ApiKeyFilter;
use crate::api_key::ApiKeyId;
use crate::api_key::ApiKeyQuery;
use crate::api_key::ApiKeyRow;
use crate::api_key::ApiKeyStore;
use crate::api_key::Disabled;
use crate::clock::UnixTime;
use crate::limits;
use crate::testing::conformance::Breach;
use crate::testing::conformance::NOW;
use crate::testing::conformance::at;
use crate::testing::conformance::ensure;
use crate::testing::conformance::good;

pub(super) async fn judge(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    lists_are_what_the_filter_matches(store).await?;
    filters_hold_at_their_second(store).await
}

async fn lists_are_what_the_filter_matches(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a list has all that its filter matches, by ascending id, in pages";
    let all = population(store, rule).await?;
    for (ring, filter) in questions() {
        let query = ApiKeyQuery::new(ring, filter, 1_000);
        let mut wanted = Vec::new();
        for parts in &all {
            if query.matches(&record(parts.clone())?) {
                wanted.push(parts.id);
            }
        }
        for limit in [1, 3, 1_000] {
            let mut query = query.clone();
            query.limit = limit;
            ensure(pages(store, query).await? == wanted, rule)?;
        }
    }
    let none = ApiKeyQuery::new("ring a", ApiKeyFilter::All, 0);
    ensure(good(store.list(none).await, rule)?.is_empty(), rule)
}

async fn filters_hold_at_their_second(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record has ended at its very second, not before";
    let mut parts = parts("brink", 0)?;
    parts.expires_at = Some(at(70_000));
    insert(store, parts.clone(), rule).await?;
    for (secs, is_there) in [(69_999, false), (70_000, true)] {
        for filter in [
            ApiKeyFilter::EndedBy(at(secs)),
            ApiKeyFilter::ExpiresBy(at(secs)),
        ] {
            let found = pages(store, ApiKeyQuery::new("ring", filter, 100)).await?;
            ensure(found.contains(&parts.id) == is_there, rule)?;
        }
    }
    Ok(())
}

/// Twelve records that differ in all that filters ask for, by ascending id.
async fn population(store: &dyn ApiKeyStore, rule: &'static str) -> Result<Vec<ApiKeyRow>, Breach> {
    let mut all = Vec::new();
    for number in 0..12_u16 {
        let mut parts = parts("list", number.into())?;
        parts.subject = format!("list-{}", number % 2);
        parts.authority = if number % 3 == 2 { "ring b" } else { "ring a" }.into();
        parts.tenant = (number % 4 > 0).then(|| format!("tenant-{}", number % 2));
        parts.expires_at = (number % 5 > 0).then(|| at(100 * u64::from(number)));
        parts.disabled = (number % 7 == 0).then(|| Disabled::new(at(250), "list"));
        parts.successor = (number % 6 == 1).then_some(parts.id);
        all.push(parts);
    }
    // Not in the order of their ids.
    for parts in all.iter().rev() {
        insert(store, parts.clone(), rule).await?;
    }
    Ok(all)
}

fn questions() -> Vec<(&'static str, ApiKeyFilter)> {
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
    let rings = ["ring a", "ring b", "ring c"].into_iter();
    rings
        .flat_map(|ring| filters.iter().map(move |filter| (ring, filter.clone())))
        .collect()
}

/// All ids that belong to the answer, read page by page.
async fn pages(store: &dyn ApiKeyStore, mut query: ApiKeyQuery) -> Result<Vec<ApiKeyId>, Breach> {
    let rule = "a page holds no more than asked for, of ids after the one given";
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
