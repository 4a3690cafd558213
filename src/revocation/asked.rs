//! A denylist as the list that gates and the endpoints of an issuer ask.

use std::collections::BTreeSet;

use super::denylist::Denylist;
use super::entry::Revocation;
use super::table::AddedBy;
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::error::{Rejection, RejectionKind, StoreErrorKind};
use crate::event::Event;
use crate::now_or_later::NowOrLater;
use crate::principal::{Authority, Principal};
use crate::revocation_list::{RevocationKind, RevocationList};

impl RevocationList for Denylist {
    fn check_revocation<'a>(
        &'a self,
        principal: &'a Principal,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(self.check(principal))
    }

    /// Revokes one token, or what its client holds for its subject up to this token, if it has
    /// revoked too many single ones.
    fn revoke_token<'a>(
        &'a self,
        token: &'a Principal,
        _now: UnixTime,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let Some(revocation) = Revocation::of_token(token) else {
            return NowOrLater::now(Err(RejectionKind::Unavailable.into()));
        };
        let before = self.make_room();
        match self.keep_of_holder(token, revocation) {
            Ok(revocation) => self.keep_since(before, revocation).map(|done| Ok(done?)),
            Err(kind) => NowOrLater::now(Err(crate::error::StoreError::new(kind).into())),
        }
    }

    fn add_authorities(&self, authorities: Option<&[Authority]>) {
        self.inner.served.add(authorities);
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        NowOrLater::now(self.findings())
    }
}

/// The parties that cause a revocation of a single token, as numbers of a table.
struct Parties {
    client: Option<u64>,
    subject: Option<u64>,
    holder: u64,
}

impl Denylist {
    /// Adds the revocation of a token to memory and counts it for its client and subject. Returns
    /// what was added: this revocation, or a wider one in its place.
    fn keep_of_holder(
        &self,
        token: &Principal,
        single: Revocation,
    ) -> Result<Revocation, StoreErrorKind> {
        let table = &self.inner.table;
        let (client, subject) = (token.client(), token.subject());
        if (client.is_none() && subject.is_none()) || table.get(single.target()).is_some() {
            return Ok(single);
        }
        let ended = self.ended().map_or(0, UnixTime::as_secs);
        let party = |client, subject| table.party(token.authority(), client, subject);
        let parties = Parties {
            client: client.map(|client| party(Some(client), None)),
            subject: subject.map(|subject| party(None, Some(subject))),
            holder: party(client, Some(subject.unwrap_or_default())),
        };
        let counts = &table.counts;
        let is_at = |party: Option<u64>, room: usize| {
            party.is_some_and(|party| table.tally(party, ended) >= room)
        };
        let revocation = if is_at(parties.subject, counts.room_for_subject()) {
            merged(token, None, subject)
        } else if is_at(Some(parties.holder), counts.room_for_holder()) {
            merged(token, client, subject)
        } else {
            single
        };
        let is_new = table.get(revocation.target()).is_none();
        if is_new && is_at(parties.client, counts.room_for_client()) {
            return Err(StoreErrorKind::Full);
        }
        table.add(&revocation, AddedBy::Caller)?;
        let is_single = revocation.target().kind() == RevocationKind::Token;
        if is_new {
            let holder = is_single.then_some(parties.holder);
            let of = [parties.client, parties.subject, holder];
            for party in of.into_iter().flatten() {
                table.count_for(party, revocation.last_expiry(), ended);
            }
        }
        if is_new && !is_single {
            self.report_merged(token);
        }
        Ok(revocation)
    }

    fn report_merged(&self, token: &Principal) {
        if let Some(observer) = &self.observer {
            observer.observe(&Event::RevocationsMerged {
                authority: token.authority().as_str(),
                client: token.client(),
                subject: token.subject(),
            });
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let (mut unknown, mut endless) = (BTreeSet::new(), 0_usize);
        self.inner.table.for_each(|target, term| {
            if target.kind == RevocationKind::Session && term.until() == u64::MAX {
                endless += 1;
            }
            if target.kind != RevocationKind::Token && self.inner.served.lacks(target.authority) {
                unknown.insert(target.authority.to_owned());
            }
        });
        let counts = &self.inner.table.counts;
        let mut findings = Vec::new();
        for authority in unknown {
            let authority = authority.escape_debug();
            let text = format!("it revokes for `{authority}`, which no validator has");
            findings.push(Finding::warning(SUBJECT, text).hint(UNKNOWN));
        }
        if endless > 0 {
            let text = format!("{endless} revocations of sessions have no end");
            findings.push(Finding::warning(SUBJECT, text).hint(ENDLESS));
        }
        if counts.is_filling() {
            let text = format!("it has {} of {} revocations", counts.len(), counts.limit());
            findings.push(Finding::warning(SUBJECT, text).hint(FILLING));
        }
        findings
    }
}

/// Revokes what this token's issuer has issued to a holder up to this token.
fn merged(token: &Principal, client: Option<&str>, subject: Option<&str>) -> Revocation {
    let mut merged = Revocation::holder(token.authority().clone(), client, subject);
    if let Some(time) = token.issued_at() {
        merged = merged.issued_before(time);
    }
    match token.expires_at() {
        Some(time) => merged.until(time),
        None => merged,
    }
}

const SUBJECT: &str = "denylist";
const UNKNOWN: &str = "revoke under the authority of the principals, or name it with \
                       Denylist::also_asked_for() if only other processes have it";
const ENDLESS: &str = "set Revocation::until() when a session is revoked: without an end the \
                       revocation is never forgotten";
const FILLING: &str = "revoke a subject or a client in place of single tokens, set an end for every \
                       revocation, or make the list longer";
