//! What every store of API keys must do.

use std::collections::BTreeMap;

use super::Breach;
use super::NOW;
use super::at;
use super::conflict;
use super::ensure;
use super::good;
use super::together;
use super::winners;
use crate::clock::UnixTime;
use crate::key_format::ApiKeyId;
use crate::key_format::KeyDigest;
use crate::key_format::PepperVersion;
use crate::key_format::PepperedDigest;
use crate::limits;
use crate::store::ApiKeyChange;
use crate::store::ApiKeyChange::Insert;
use crate::store::ApiKeyChange::Remove;
use crate::store::ApiKeyChange::Replace;
use crate::store::ApiKeyFilter;
use crate::store::ApiKeyParts;
use crate::store::ApiKeyQuery;
use crate::store::ApiKeyRecord;
use crate::store::ApiKeyStore;
use crate::store::Disabled;

pub(super) async fn judge(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    nothing_is_found_in_an_empty_store(store).await?;
    records_come_back_as_they_were(store).await?;
    an_id_is_taken_once(store).await?;
    a_foreign_digest_is_taken_once(store).await?;
    a_foreign_digest_moves_with_its_record(store).await?;
    changes_meet_the_version_they_expect(store).await?;
    removed_is_gone(store).await?;
    a_commit_is_all_or_nothing(store).await?;
    one_of_many_commits_wins(store).await?;
    a_use_is_never_earlier_than_noted(store).await?;
    lists_are_what_the_filter_matches(store).await?;
    filters_hold_at_their_second(store).await
}

async fn nothing_is_found_in_an_empty_store(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "an unknown id or digest is answered with `None`";
    let found = good(store.find(id("none", 0)?).await, rule)?;
    ensure(found.is_none(), rule)?;
    let found = good(store.find_foreign(*digest(1, 0).digest()).await, rule)?;
    ensure(found.is_none(), rule)?;
    let all = ApiKeyQuery::new("ring", ApiKeyFilter::All, 10);
    ensure(
        good(store.list(all).await, rule)?.is_empty(),
        "the suite begins with an empty store",
    )
}

async fn records_come_back_as_they_were(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record is found as it was inserted";
    for parts in [parts("same", 0)?, full("same", 1)?] {
        insert(store, parts.clone(), rule).await?;
        let found = good(store.find(parts.id).await, rule)?;
        ensure(found.is_some_and(|found| found.to_parts() == parts), rule)?;
    }
    Ok(())
}

async fn an_id_is_taken_once(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "of two records of one id the second is a conflict and the first stays";
    let first = parts("once", 0)?;
    insert(store, first.clone(), rule).await?;
    let mut second = first.clone();
    second.subject = "another".to_owned();
    conflict(store.commit(vec![Insert(record(second)?)]).await, rule)?;
    ensure(current(store, first.id, rule).await? == first, rule)
}

async fn a_foreign_digest_is_taken_once(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a foreign key is found by its digest, which no other foreign key can take";
    let foreign = foreign(parts("foreign", 0)?, 7);
    insert(store, foreign.clone(), rule).await?;
    ensure(
        by_digest(store, 7, rule).await? == Some(foreign.clone()),
        rule,
    )?;
    let mut second = parts("foreign", 1)?;
    second.is_foreign = true;
    second.digest = foreign.digest;
    conflict(
        store.commit(vec![Insert(record(second.clone())?)]).await,
        rule,
    )?;
    let rule = "a key of the own format is not found by its digest, which may be anything";
    second.is_foreign = false;
    insert(store, second, rule).await?;
    ensure(by_digest(store, 7, rule).await? == Some(foreign), rule)?;
    let mut own = parts("foreign", 2)?;
    own.digest = digest(8, 1);
    insert(store, own, rule).await?;
    ensure(by_digest(store, 8, rule).await?.is_none(), rule)
}

async fn a_foreign_digest_moves_with_its_record(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record that gets a new digest is found by the new one alone";
    let first = foreign(parts("moved", 0)?, 20);
    insert(store, first.clone(), rule).await?;
    let second = foreign(next(&first), 21);
    good(
        store.commit(vec![Replace(record(second.clone())?)]).await,
        rule,
    )?;
    ensure(by_digest(store, 20, rule).await?.is_none(), rule)?;
    ensure(
        by_digest(store, 21, rule).await? == Some(second.clone()),
        rule,
    )?;
    let rule = "a digest that is taken cannot be taken by a change either";
    insert(store, foreign(parts("moved", 1)?, 22), rule).await?;
    let taken = foreign(next(&second), 22);
    conflict(store.commit(vec![Replace(record(taken)?)]).await, rule)?;
    ensure(
        by_digest(store, 21, rule).await? == Some(second.clone()),
        rule,
    )?;
    let rule = "the digest of a removed record can be taken again";
    good(store.commit(vec![removal(&second)]).await, rule)?;
    ensure(by_digest(store, 21, rule).await?.is_none(), rule)?;
    insert(store, foreign(parts("moved", 2)?, 21), rule).await
}

async fn changes_meet_the_version_they_expect(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record is replaced by the one of the next version";
    let first = full("version", 0)?;
    insert(store, first.clone(), rule).await?;
    let mut second = next(&first);
    second.disabled = Some(Disabled::new(NOW, "lost"));
    second.successor = None;
    second.metadata.clear();
    good(
        store.commit(vec![Replace(record(second.clone())?)]).await,
        rule,
    )?;
    ensure(current(store, first.id, rule).await? == second, rule)?;
    let rule = "a replacement that does not follow the stored version is a conflict";
    for version in [1, 2, 4, 5] {
        let mut other = next(&second);
        other.version = version;
        conflict(store.commit(vec![Replace(record(other)?)]).await, rule)?;
    }
    let mut unknown = parts("version", 1)?;
    unknown.version = 2;
    conflict(
        store.commit(vec![Replace(record(unknown.clone())?)]).await,
        rule,
    )?;
    unknown.version = 1;
    conflict(store.commit(vec![Replace(record(unknown)?)]).await, rule)?;
    ensure(current(store, first.id, rule).await? == second, rule)
}

async fn removed_is_gone(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a record is removed at the version that was read, and no other";
    let parts = parts("removed", 0)?;
    insert(store, parts.clone(), rule).await?;
    conflict(store.commit(vec![removal(&next(&parts))]).await, rule)?;
    ensure(current(store, parts.id, rule).await? == parts, rule)?;
    good(store.commit(vec![removal(&parts)]).await, rule)?;
    ensure(good(store.find(parts.id).await, rule)?.is_none(), rule)?;
    let rule = "a removed record cannot be removed, replaced or used again";
    conflict(store.commit(vec![removal(&parts)]).await, rule)?;
    conflict(
        store.commit(vec![Replace(record(next(&parts))?)]).await,
        rule,
    )?;
    store.touch(parts.id, at(60));
    ensure(good(store.find(parts.id).await, rule)?.is_none(), rule)
}

async fn a_commit_is_all_or_nothing(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "of a commit with one conflict nothing is done, wherever it stands";
    let old = foreign(parts("atomic", 0)?, 30);
    let gone = parts("atomic", 1)?;
    insert(store, old.clone(), rule).await?;
    insert(store, gone.clone(), rule).await?;
    let new = foreign(parts("atomic", 2)?, 31);
    let changes = [
        Replace(record(foreign(next(&old), 32))?),
        Insert(record(new.clone())?),
        removal(&gone),
    ];
    let other = parts("atomic", 3)?;
    insert(store, other.clone(), rule).await?;
    let mut taken = foreign(parts("atomic", 4)?, 33);
    insert(store, taken.clone(), rule).await?;
    taken.id = id("atomic", 5)?;
    let bad = [
        Insert(record(other.clone())?),
        Insert(record(taken)?),
        Replace(record(other.clone())?),
        removal(&next(&other)),
    ];
    for place in 0..=changes.len() {
        for bad in &bad {
            let mut all = changes.to_vec();
            all.insert(place, bad.clone());
            conflict(store.commit(all).await, rule)?;
            ensure(current(store, old.id, rule).await? == old, rule)?;
            ensure(current(store, gone.id, rule).await? == gone, rule)?;
            ensure(good(store.find(new.id).await, rule)?.is_none(), rule)?;
            ensure(by_digest(store, 30, rule).await? == Some(old.clone()), rule)?;
            ensure(by_digest(store, 31, rule).await?.is_none(), rule)?;
            ensure(by_digest(store, 32, rule).await?.is_none(), rule)?;
        }
    }
    let rule = "a commit without a conflict is done whole";
    good(store.commit(changes.into()).await, rule)?;
    ensure(good(store.find(gone.id).await, rule)?.is_none(), rule)?;
    ensure(current(store, new.id, rule).await? == new, rule)?;
    good(
        store.commit(Vec::new()).await,
        "a commit of nothing succeeds",
    )
}

async fn one_of_many_commits_wins(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "of many changes of one version exactly one succeeds";
    let old = parts("race", 0)?;
    insert(store, old.clone(), rule).await?;
    let mut attempts = Vec::new();
    for number in 1..=PARALLEL {
        let mut new = parts("race", number)?;
        new.predecessor = Some(old.id);
        let mut spent = next(&old);
        spent.successor = Some(new.id);
        attempts.push(vec![Replace(record(spent)?), Insert(record(new)?)]);
    }
    let answers = attempts
        .into_iter()
        .map(|changes| store.commit(changes))
        .collect();
    ensure(winners(together(answers).await, rule)? == 1, rule)?;
    let winner = current(store, old.id, rule).await?.successor;
    for number in 1..=PARALLEL {
        let id = id("race", number)?;
        let is_there = good(store.find(id).await, rule)?.is_some();
        ensure(is_there == (winner == Some(id)), rule)?;
    }
    Ok(())
}

async fn a_use_is_never_earlier_than_noted(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a noted use changes nothing but itself, and goes forward only";
    let mut parts = parts("used", 0)?;
    parts.last_used = Some(at(100));
    insert(store, parts.clone(), rule).await?;
    for secs in [50, 160, 120] {
        store.touch(parts.id, at(secs));
    }
    let mut found = current(store, parts.id, rule).await?;
    ensure(
        found
            .last_used
            .is_some_and(|used| used == at(100) || used == at(160)),
        rule,
    )?;
    found.last_used = parts.last_used;
    ensure(found == parts, rule)?;
    let rule = "a replacement keeps the later note of the last use";
    let mut earlier = next(&parts);
    earlier.last_used = None;
    good(
        store.commit(vec![Replace(record(earlier.clone())?)]).await,
        rule,
    )?;
    let kept = current(store, parts.id, rule).await?.last_used;
    ensure(kept >= Some(at(100)), rule)?;
    let mut later = next(&earlier);
    later.last_used = Some(at(500));
    good(store.commit(vec![Replace(record(later)?)]).await, rule)?;
    ensure(
        current(store, parts.id, rule).await?.last_used == Some(at(500)),
        rule,
    )
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

/// How many calls meet in the store at once.
const PARALLEL: usize = 20;

/// Twelve records that differ in all that filters ask for, by ascending id.
async fn population(
    store: &dyn ApiKeyStore,
    rule: &'static str,
) -> Result<Vec<ApiKeyParts>, Breach> {
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

async fn insert(
    store: &dyn ApiKeyStore,
    parts: ApiKeyParts,
    rule: &'static str,
) -> Result<(), Breach> {
    good(store.commit(vec![Insert(record(parts)?)]).await, rule)
}

async fn current(
    store: &dyn ApiKeyStore,
    id: ApiKeyId,
    rule: &'static str,
) -> Result<ApiKeyParts, Breach> {
    let found = good(store.find(id).await, rule)?;
    found.map(|found| found.to_parts()).ok_or(Breach::new(rule))
}

async fn by_digest(
    store: &dyn ApiKeyStore,
    byte: u8,
    rule: &'static str,
) -> Result<Option<ApiKeyParts>, Breach> {
    let found = good(store.find_foreign(*digest(byte, 0).digest()).await, rule)?;
    Ok(found.map(|found| found.to_parts()))
}

fn removal(parts: &ApiKeyParts) -> ApiKeyChange {
    Remove {
        id: parts.id,
        version: parts.version,
    }
}

fn next(parts: &ApiKeyParts) -> ApiKeyParts {
    let mut parts = parts.clone();
    parts.version += 1;
    parts
}

fn foreign(mut parts: ApiKeyParts, byte: u8) -> ApiKeyParts {
    parts.is_foreign = true;
    parts.digest = digest(byte, 3);
    parts
}

/// A record with nothing but what every record has.
fn parts(name: &str, number: usize) -> Result<ApiKeyParts, Breach> {
    let owner = ("ring".into(), format!("{name}-{number}"));
    Ok(ApiKeyParts::new(
        id(name, number)?,
        digest(0, 1),
        owner,
        NOW,
    ))
}

/// A record with everything, and with characters that a store must not trip over.
fn full(name: &str, number: usize) -> Result<ApiKeyParts, Breach> {
    let odd = |text: &str| format!("{text} '\"\\%_;--\u{0}\u{1f511}\u{e9}\n");
    let mut parts = parts(name, number)?;
    parts.digest = digest(0xff, u32::MAX);
    parts.not_before = Some(UnixTime::from_secs(0));
    parts.expires_at = Some(UnixTime::from_secs(limits::TIME_MAX));
    parts.disabled = Some(Disabled::new(at(1), odd("why")));
    parts.last_used = Some(at(2));
    parts.predecessor = Some(id("before", number)?);
    parts.successor = Some(id("after", number)?);
    parts.tenant = Some("\u{1f511} 'tenant' \"\\".to_owned());
    parts.scopes = ["orders:read", "'", "\u{e9}"].map(str::to_owned).into();
    parts.roles = ["a role", "another \"role\""].map(str::to_owned).into();
    parts.name = Some(odd("name"));
    parts.metadata = BTreeMap::from([
        (String::new(), String::new()),
        (odd("key"), odd("value")),
        ("long".to_owned(), "x".repeat(10_000)),
    ]);
    parts.limit_class = Some(odd("class"));
    let addresses = ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128"];
    parts.addresses = addresses
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    Ok(parts)
}

fn record(parts: ApiKeyParts) -> Result<ApiKeyRecord, Breach> {
    good(
        ApiKeyRecord::from_parts(parts),
        "the suite makes good records",
    )
}

fn digest(byte: u8, pepper: u32) -> PepperedDigest {
    let digest = KeyDigest::from_bytes([byte; 32]);
    PepperedDigest::new(digest, PepperVersion::from_number(pepper))
}

/// An id that begins with the name.
fn id(name: &str, number: usize) -> Result<ApiKeyId, Breach> {
    let digits = ApiKeyId::LEN.saturating_sub(name.len());
    let id = format!("{name}{number:0digits$}").parse();
    id.map_err(|_| Breach::new("the suite makes good ids"))
}
