//! The revocations of a denylist by kind, authority and id.

use std::collections::HashMap;

use super::credential_id;
use super::entry::{Revocation, compared_id};
use crate::clock::UnixTime;
use crate::error::StoreErrorKind;
use crate::limits;
use crate::principal::{Authority, Principal};
use crate::revocation_list::{RevocationKind, RevocationTarget};

/// A bounded table of revocations. It never removes one that still has an effect.
#[derive(Default)]
pub(super) struct Table {
    kinds: HashMap<RevocationKind, HashMap<Authority, Ids>>,
    len: usize,
    /// No revocation in the table may be forgotten before this.
    first_end: Option<UnixTime>,
    /// The number of revocations from which a purge is worth a walk over the table.
    crowded: usize,
}

type Ids = HashMap<Box<[u8]>, Term>;

/// Which credentials of a target are revoked, and for how long that has to be known. `None` is
/// later than any time.
#[derive(Clone, Copy)]
struct Term {
    issued_before: Option<UnixTime>,
    until: Option<UnixTime>,
}

impl Table {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds a revocation, or widens the one of the same target.
    pub(super) fn add(&mut self, new: &Revocation, limit: usize) -> Result<(), StoreErrorKind> {
        let id = compared_id(new.target()).ok_or(StoreErrorKind::Corrupt)?;
        let authority = Authority::from(new.target().authority());
        let term = Term {
            issued_before: new.last_issued(),
            until: new.last_expiry(),
        };
        self.first_end = sooner(self.first_end, term.until);
        let authorities = self.kinds.entry(new.target().kind()).or_default();
        if let Some(old) = authorities
            .get_mut(&authority)
            .and_then(|ids| ids.get_mut(&id))
        {
            old.issued_before = later(old.issued_before, term.issued_before);
            old.until = later(old.until, term.until);
            return Ok(());
        }
        if self.len >= limit {
            return Err(StoreErrorKind::Full);
        }
        authorities.entry(authority).or_default().insert(id, term);
        self.len += 1;
        Ok(())
    }

    /// Removes the revocation of this target.
    pub(super) fn remove(&mut self, target: &RevocationTarget<'_>) {
        let authority = Authority::from(target.authority());
        let authorities = self.kinds.get_mut(&target.kind());
        let ids = authorities.and_then(|authorities| authorities.get_mut(&authority));
        if let (Some(ids), Some(id)) = (ids, compared_id(target))
            && ids.remove(&id).is_some()
        {
            self.len -= 1;
        }
    }

    /// Removes the revocations that have no effect after this time, and returns how many.
    pub(super) fn purge(&mut self, time: UnixTime) -> usize {
        let before = self.len;
        for authorities in self.kinds.values_mut() {
            for ids in authorities.values_mut() {
                ids.retain(|_, term| term.until.is_none_or(|until| until >= time));
            }
            authorities.retain(|_, ids| !ids.is_empty());
        }
        let ids = || self.kinds.values().flat_map(HashMap::values);
        self.len = ids().map(HashMap::len).sum();
        let ends = ids().flat_map(HashMap::values).map(|term| term.until);
        self.first_end = ends.fold(None, sooner);
        self.crowded = self.len.saturating_mul(2);
        before - self.len
    }

    /// Purges if that makes room and so much was added since the last purge that the walk costs a
    /// constant for each addition. Returns whether it purged.
    ///
    /// A caller whose revocations expire at many different times causes at most one walk for each
    /// of these times.
    pub(super) fn tidy(&mut self, time: UnixTime, limit: usize) -> bool {
        let is_over = self.first_end.is_some_and(|end| end < time);
        let is_crowded = self.len >= limit.min(self.crowded.max(limits::REVOCATIONS_TIDY));
        if is_over && is_crowded {
            self.purge(time);
        }
        is_over && is_crowded
    }

    /// Returns true if anything revokes this principal.
    pub(super) fn revokes(&self, principal: &Principal) -> bool {
        RevocationKind::ALL
            .iter()
            .any(|kind| self.revokes_by(*kind, principal))
    }

    fn revokes_by(&self, kind: RevocationKind, principal: &Principal) -> bool {
        let authorities = self.kinds.get(&kind).filter(|all| !all.is_empty());
        let Some(authorities) = authorities else {
            return false;
        };
        let ids = match kind {
            // The id of a token includes its authority.
            RevocationKind::Token => authorities.values().next(),
            _ => authorities.get(principal.authority()),
        };
        ids.is_some_and(|ids| {
            any_id(kind, principal, |id| {
                let term = ids.get(id);
                term.is_some_and(|term| term.includes(principal.issued_at()))
            })
        })
    }
}

/// Returns true if `is_listed` holds for an id that the principal has as a target of this kind.
fn any_id(kind: RevocationKind, principal: &Principal, is_listed: impl Fn(&[u8]) -> bool) -> bool {
    let text = |text: Option<&str>| text.is_some_and(|text| is_listed(text.as_bytes()));
    let claim = |name| {
        let value = principal.claims().value(name).and_then(|v| v.as_str());
        text(value.as_deref())
    };
    match kind {
        RevocationKind::ApiKey => credential_id::has_api_key(principal, |id| text(Some(id))),
        RevocationKind::Client => text(principal.client()),
        RevocationKind::JwtId => claim("jti"),
        RevocationKind::Key => principal.key().is_some_and(|key| is_listed(key.as_bytes())),
        RevocationKind::Session => {
            credential_id::has_session(principal, |id| text(Some(id))) || claim("sid")
        }
        RevocationKind::Subject => text(principal.subject()),
        RevocationKind::Token => principal
            .token_id()
            .is_some_and(|id| is_listed(id.as_bytes())),
    }
}

impl Term {
    fn includes(&self, issued_at: Option<UnixTime>) -> bool {
        match (self.issued_before, issued_at) {
            (Some(before), Some(at)) => at <= before,
            _ => true,
        }
    }
}

/// The earlier of both; `None` is later than any time.
fn sooner(a: Option<UnixTime>, b: Option<UnixTime>) -> Option<UnixTime> {
    [a, b].into_iter().flatten().min()
}

fn later(a: Option<UnixTime>, b: Option<UnixTime>) -> Option<UnixTime> {
    Some(a?.max(b?))
}
