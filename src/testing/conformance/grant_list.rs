//! The rules for lists of the grants of one subject.

use super::grant_records::{AUTHORITY, IDLE, Records, granted_to, revoke};
use super::{Breach, NOW, at, ensure, good};
use crate::grant::Grant;
use crate::grant::store::{GrantQuery, RevocationRecord, SessionHandle};

pub(super) async fn check(records: &dyn Records) -> Result<(), Breach> {
    the_grants_of_one_subject_are_listed_the_newest_first(records).await?;
    a_list_shows_what_is_stored_now(records).await?;
    what_is_created_between_two_pages_disturbs_nothing(records).await
}

async fn the_grants_of_one_subject_are_listed_the_newest_first(
    records: &dyn Records,
) -> Result<(), Breach> {
    let rule = "the grants of one subject are listed, each once, the newest first, and no others";
    let elsewhere = Grant::new("another authority", "mia", NOW).with_lifetime(at(9_999), IDLE);
    let others = [granted_to("mi"), granted_to("mia "), granted_to("Mia")];
    let others = others.into_iter().chain([elsewhere]);
    for (key, grant) in (235..).zip(others) {
        good(records.create(key, grant).await, rule)?;
    }
    let mut wanted = Vec::new();
    for key in 230..235 {
        let handle = SessionHandle::new([key; 16]);
        let grant = granted_to("mia").with_session(Some(handle));
        let sequence = good(records.create(key, grant.clone()).await, rule)?;
        wanted.insert(0, (grant.with_sequence(Some(sequence)), 1));
    }
    for limit in [1, 2, 5, 100] {
        ensure(listed(records, "mia", limit, rule).await? == wanted, rule)?;
    }
    let none = listed(records, "nobody", 100, rule).await?;
    ensure(
        none.is_empty(),
        "a subject without a grant has an empty list",
    )
}

async fn a_list_shows_what_is_stored_now(records: &dyn Records) -> Result<(), Breach> {
    let rule = "what was revoked is not listed, and a change is";
    let handle = SessionHandle::new([232; 16]);
    let record = RevocationRecord::session(AUTHORITY, handle, NOW);
    revoke(records.store(), record, rule).await?;
    let used = granted_to("mia").with_last_used(at(60));
    ensure(good(records.update(231, (used, 1)).await, rule)? == 2, rule)?;
    let mut found = Vec::new();
    for (grant, version) in listed(records, "mia", 2, rule).await? {
        let byte = grant.session().map(|handle| handle.as_bytes()[0]);
        found.push((byte, version, grant.last_used()));
    }
    let wanted = [
        (Some(234), 1, NOW),
        (Some(233), 1, NOW),
        (None, 2, at(60)),
        (Some(230), 1, NOW),
    ];
    ensure(found == wanted, rule)?;
    revoke(
        records.store(),
        RevocationRecord::subject(AUTHORITY, "mia", NOW),
        rule,
    )
    .await?;
    let left = listed(records, "mia", 2, rule).await?;
    ensure(left.is_empty(), "a revoked subject has an empty list")
}

async fn what_is_created_between_two_pages_disturbs_nothing(
    records: &dyn Records,
) -> Result<(), Breach> {
    let rule = "what is created between two pages does not keep an older grant from the list";
    for key in [240, 241] {
        good(records.create(key, granted_to("nora")).await, rule)?;
    }
    let query = GrantQuery::new(AUTHORITY, "nora", 1);
    let first = good(records.list(query.clone()).await, rule)?;
    good(records.create(242, granted_to("nora")).await, rule)?;
    let next = first.next.ok_or(Breach::new(rule))?;
    let second = good(records.list(query.after(next)).await, rule)?;
    let sequence = |page: &[(Grant, u64)]| page.first().and_then(|(grant, _)| grant.sequence());
    let (newer, older) = (sequence(&first.records), sequence(&second.records));
    ensure(older.is_some() && older < newer, rule)
}

/// All pages of a list, none of which is longer than was asked for.
async fn listed(
    records: &dyn Records,
    subject: &str,
    limit: usize,
    rule: &'static str,
) -> Result<Vec<(Grant, u64)>, Breach> {
    let mut all = Vec::new();
    let mut query = GrantQuery::new(AUTHORITY, subject, limit);
    for _ in 0..PAGES {
        let page = good(records.list(query.clone()).await, rule)?;
        let is_short = page.records.len() <= limit;
        ensure(
            is_short,
            "a page has at most the requested number of records",
        )?;
        all.extend(page.records);
        match page.next {
            Some(next) => query = query.after(next),
            None => return Ok(all),
        }
    }
    Err(Breach::new("a list has a last page"))
}

/// More pages than any list of the suite has.
const PAGES: usize = 100;
