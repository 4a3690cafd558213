//! The rules of check values of peppers. A store that keeps none keeps them all.

use super::sample::{digest, insert, next, record, removal, row};
use crate::api_key::ApiKeyStore;
use crate::api_key::store::ApiKeyChange::Replace;
use crate::api_key::store::{ApiKeyRow, KeptCheck, PepperCheck, PepperProof};
use crate::testing::conformance::{Breach, ensure, good, together};

pub(super) async fn check(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "a store keeps check values of peppers and reports them, or does neither";
    let is_supported = keep(store, ("peppers", 1, 9), CONFIGURED, rule).await?;
    if is_supported == KeptCheck::Unsupported {
        let uses = good(store.pepper_uses("peppers".into()).await, rule)?;
        return ensure(uses.is_none(), rule);
    }
    first_value_is_kept(store).await?;
    value_under_records_needs_a_proof(store).await?;
    one_of_many_values_is_kept(store).await?;
    uses_are_those_of_the_records(store).await
}

const CONFIGURED: PepperProof = PepperProof::Configured;
const VALIDATED: PepperProof = PepperProof::Validated;

/// Keeps the value of this byte under a version of an authority.
async fn keep(
    store: &dyn ApiKeyStore,
    (authority, version, byte): (&'static str, u32, u8),
    proof: PepperProof,
    rule: &'static str,
) -> Result<KeptCheck, Breach> {
    let kept = store.keep_pepper_check(authority.into(), value(version, byte), proof);
    good(kept.await, rule)
}

fn value(version: u32, byte: u8) -> PepperCheck {
    PepperCheck::from_stored([byte; 32], version)
}

fn kept(version: u32, byte: u8) -> KeptCheck {
    KeptCheck::Kept(value(version, byte))
}

async fn first_value_is_kept(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "the first check value of a version is kept, and never replaced";
    for proof in [CONFIGURED, VALIDATED] {
        for byte in [9, 1, 0] {
            let found = keep(store, ("peppers", 1, byte), proof, rule).await?;
            ensure(found == kept(1, 9), rule)?;
        }
    }
    let rule = "check values of other versions and of other authorities are kept apart";
    for (authority, version, byte) in [("peppers", 2, 3), ("more peppers", 1, 4)] {
        let found = keep(store, (authority, version, byte), CONFIGURED, rule).await?;
        ensure(found == kept(version, byte), rule)?;
    }
    let found = keep(store, ("peppers", 1, 5), CONFIGURED, rule).await?;
    ensure(found == kept(1, 9), rule)
}

async fn value_under_records_needs_a_proof(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "without a proof no check value is kept of a version that records have";
    let mut own = row("pepper", 0)?;
    own.authority = "proven peppers".into();
    own.digest = digest(1, 7);
    insert(store, own, rule).await?;
    for byte in [1, 2] {
        let found = keep(store, ("proven peppers", 7, byte), CONFIGURED, rule).await?;
        ensure(found == KeptCheck::Unproven, rule)?;
    }
    let found = keep(store, ("proven peppers", 8, 1), CONFIGURED, rule).await?;
    ensure(found == kept(8, 1), rule)?;
    let rule = "with a proof the check value of a version is kept, whatever records have";
    for byte in [3, 4] {
        let found = keep(store, ("proven peppers", 7, byte), VALIDATED, rule).await?;
        ensure(found == kept(7, 3), rule)?;
    }
    let found = keep(store, ("proven peppers", 7, 5), CONFIGURED, rule).await?;
    ensure(found == kept(7, 3), rule)
}

async fn one_of_many_values_is_kept(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "of many check values at the same time one is kept, and all callers see it";
    let offers = (0..20).map(|byte| {
        let proof = if byte % 2 == 0 { CONFIGURED } else { VALIDATED };
        store.keep_pepper_check("contended peppers".into(), value(1, byte), proof)
    });
    let mut seen = None;
    for answer in together(offers.collect()).await {
        let answer = good(answer, rule)?;
        ensure(*seen.get_or_insert(answer) == answer, rule)?;
        ensure(matches!(answer, KeptCheck::Kept(_)), rule)?;
    }
    Ok(())
}

async fn uses_are_those_of_the_records(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    let rule = "the uses of peppers are the numbers of records by version, with the check values";
    let mut rows = Vec::new();
    for (number, version) in [(1, 0), (2, 1), (3, 1), (4, u32::MAX)] {
        let mut own = row("pepper", number)?;
        own.authority = "counted peppers".into();
        own.digest = digest(1, version);
        insert(store, own.clone(), rule).await?;
        rows.push(own);
    }
    let is = |expected: Vec<(u32, u64, Option<u8>)>| uses_are(store, expected, rule);
    is(vec![(0, 1, None), (1, 2, None), (u32::MAX, 1, None)]).await?;
    keep(store, ("counted peppers", 2, 6), CONFIGURED, rule).await?;
    keep(store, ("counted peppers", 1, 5), VALIDATED, rule).await?;
    let [first, second, ..] = &rows[..] else {
        return Err(Breach::new(rule));
    };
    let moved = ApiKeyRow {
        digest: digest(2, 2),
        ..next(second)
    };
    good(store.commit(vec![Replace(record(moved)?)]).await, rule)?;
    good(store.commit(vec![removal(first)]).await, rule)?;
    is(vec![(1, 1, Some(5)), (2, 1, Some(6)), (u32::MAX, 1, None)]).await
}

async fn uses_are(
    store: &dyn ApiKeyStore,
    expected: Vec<(u32, u64, Option<u8>)>,
    rule: &'static str,
) -> Result<(), Breach> {
    let uses = good(store.pepper_uses("counted peppers".into()).await, rule)?;
    let mut uses = uses.unwrap_or_default();
    uses.sort_by_key(|used| used.version);
    let found = uses.into_iter();
    let found = found.map(|used| (used.version, used.keys, used.check));
    let expected = expected
        .into_iter()
        .map(|(version, keys, byte)| (version, keys, byte.map(|byte| value(version, byte))));
    ensure(found.eq(expected), rule)
}
