//! The rules for how many grants one subject may have.

use super::grant_records::{AUTHORITY, IDLE, Records, granted_to, revoke};
use super::{Breach, NOW, at, conflict, ensure, good};
use crate::error::StoreErrorKind;
use crate::grant::Grant;
use crate::grant::store::{Lookup, RevocationRecord, SessionHandle, SubjectLimit};

pub(super) async fn check(records: &dyn Records) -> Result<(), Breach> {
    at_its_limit_a_subject_loses_what_it_used_longest_ago(records).await?;
    at_its_limit_a_subject_gets_no_more_where_the_limit_refuses(records).await?;
    what_is_over_does_not_count(records).await
}

async fn at_its_limit_a_subject_loses_what_it_used_longest_ago(
    records: &dyn Records,
) -> Result<(), Breach> {
    let rule = "at the limit of its subject, a new grant ends the one that was used longest ago, and no other";
    let limit = SubjectLimit::ending_oldest(3);
    let used = |secs| granted_to("judy").with_last_used(at(secs));
    for (key, secs) in [(190, 20), (191, 10), (192, 30)] {
        let created = good(records.create_within(key, used(secs), limit).await, rule)?;
        ensure(created.ended.is_empty(), rule)?;
    }
    // Another subject, and this one's namesake of another authority.
    let elsewhere = Grant::new("another authority", "judy", NOW).with_lifetime(at(9_999), IDLE);
    for (key, grant) in [(193, granted_to("jud")), (194, elsewhere)] {
        let created = good(records.create_within(key, grant, limit).await, rule)?;
        ensure(created.ended.is_empty(), rule)?;
    }
    for (key, ended) in [(195, 191), (196, 190)] {
        let created = good(records.create_within(key, used(40), limit).await, rule)?;
        ensure(created.ended == [records.digest(ended)], rule)?;
        let Lookup::Unknown = good(records.find(ended).await, rule)? else {
            return Err(Breach::new(rule));
        };
    }
    for key in 192..197 {
        let found = good(records.find(key).await, rule)?;
        ensure(matches!(found, Lookup::Live(_)), rule)?;
    }
    let rule = "a taken digest is a conflict at the limit too, and ends nothing";
    conflict(records.create_within(192, used(50), limit).await, rule)?;
    let found = good(records.find(192).await, rule)?;
    ensure(matches!(found, Lookup::Live(_)), rule)?;
    let rule = "a lower limit ends as many as are too many";
    let lower = SubjectLimit::ending_oldest(1);
    let created = good(records.create_within(197, used(60), lower).await, rule)?;
    ensure(created.ended.len() == 3, rule)
}

async fn at_its_limit_a_subject_gets_no_more_where_the_limit_refuses(
    records: &dyn Records,
) -> Result<(), Breach> {
    let rule = "where the limit refuses, one more is refused as `subject_full` and none ends";
    let limit = SubjectLimit::refusing(2);
    for key in [200, 201] {
        good(
            records.create_within(key, granted_to("kim"), limit).await,
            rule,
        )?;
    }
    match records.create_within(202, granted_to("kim"), limit).await {
        Err(error) if error.kind() == StoreErrorKind::SubjectFull => {}
        _ => return Err(Breach::new(rule)),
    }
    let other = records.create_within(202, granted_to("kimberly"), limit);
    good(other.await, rule)?;
    for key in 200..203 {
        let found = good(records.find(key).await, rule)?;
        ensure(matches!(found, Lookup::Live(_)), rule)?;
    }
    Ok(())
}

async fn what_is_over_does_not_count(records: &dyn Records) -> Result<(), Breach> {
    let rule = "what is revoked or has expired does not count for the limit of its subject";
    for (is_refusing, first) in [(true, 210_u8), (false, 220)] {
        let subject = format!("lea{first}");
        let limit = match is_refusing {
            true => SubjectLimit::refusing(2),
            false => SubjectLimit::ending_oldest(2),
        };
        let mut create = Vec::new();
        let short = granted_to(&subject).with_lifetime(at(50), IDLE);
        create.push((first, short));
        let handle = SessionHandle::new([first; 16]);
        create.push((first + 1, granted_to(&subject).with_session(Some(handle))));
        for (key, grant) in create {
            good(records.create_within(key, grant, limit).await, rule)?;
        }
        let record = RevocationRecord::session(AUTHORITY, handle, NOW);
        revoke(records.store(), record, rule).await?;
        // The first has expired when these are made.
        let later = Grant::new(AUTHORITY, subject, at(50)).with_lifetime(at(9_999), IDLE);
        for key in [first + 2, first + 3] {
            let created = good(records.create_within(key, later.clone(), limit).await, rule)?;
            ensure(created.ended.is_empty(), rule)?;
        }
        for key in [first + 2, first + 3] {
            let found = good(records.find(key).await, rule)?;
            ensure(matches!(found, Lookup::Live(_)), rule)?;
        }
    }
    Ok(())
}
