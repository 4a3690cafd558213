//! What is revoked, by kind, authority and id.

use std::collections::HashMap;

use super::entry::Revocation;
use super::entry::RevocationKind;
use crate::api_key::ApiKeyId;
use crate::api_key::store::ApiKeyDetails;
use crate::clock::UnixTime;
use crate::error::StoreErrorKind;
use crate::limits;
use crate::principal::Authority;
use crate::principal::Principal;
use crate::session::Session;

/// A bounded table. It never makes room by forgetting.
#[derive(Default)]
pub(super) struct Table {
    kinds: HashMap<RevocationKind, HashMap<Authority, Ids>>,
    len: usize,
    /// Nothing in the table ends by itself before this.
    first_end: Option<UnixTime>,
    /// From how many on it is worth a walk to look for what has ended.
    crowded: usize,
}

type Ids = HashMap<Box<[u8]>, Term>;

/// Which credentials of a name are ended, and for how long that has to be known. `None` is later
/// than any time.
#[derive(Clone, Copy)]
struct Term {
    issued_before: Option<UnixTime>,
    until: Option<UnixTime>,
}

impl Table {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds a revocation, or widens the one of the same name.
    pub(super) fn add(&mut self, new: &Revocation, limit: usize) -> Result<(), StoreErrorKind> {
        let id = new.key_bytes().ok_or(StoreErrorKind::Corrupt)?;
        let term = Term::of(new);
        self.first_end = sooner(self.first_end, term.until);
        let names = self.kinds.entry(new.kind()).or_default();
        if let Some(old) = names
            .get_mut(new.authority())
            .and_then(|ids| ids.get_mut(&id))
        {
            old.widen(term);
            return Ok(());
        }
        if self.len >= limit {
            return Err(StoreErrorKind::Full);
        }
        names
            .entry(new.authority().clone())
            .or_default()
            .insert(id, term);
        self.len += 1;
        Ok(())
    }

    /// Removes the revocation of this name.
    pub(super) fn remove(&mut self, old: &Revocation) {
        let names = self.kinds.get_mut(&old.kind());
        let ids = names.and_then(|names| names.get_mut(old.authority()));
        if let (Some(ids), Some(id)) = (ids, old.key_bytes())
            && ids.remove(&id).is_some()
        {
            self.len -= 1;
        }
    }

    /// Removes what ended by itself before this time, and returns how many.
    pub(super) fn purge(&mut self, time: UnixTime) -> usize {
        let before = self.len;
        for names in self.kinds.values_mut() {
            for ids in names.values_mut() {
                ids.retain(|_, term| term.until.is_none_or(|until| until >= time));
            }
            names.retain(|_, ids| !ids.is_empty());
        }
        let ids = || self.kinds.values().flat_map(HashMap::values);
        self.len = ids().map(HashMap::len).sum();
        let ends = ids().flat_map(HashMap::values).map(|term| term.until);
        self.first_end = ends.fold(None, sooner);
        self.crowded = self.len.saturating_mul(2);
        before - self.len
    }

    /// Purges where that makes room, and where so much was added since the last time that the walk
    /// costs a constant for each. Returns whether it did.
    ///
    /// Who adds what ends at many times causes one walk for each of these times at most.
    pub(super) fn tidy(&mut self, time: UnixTime, limit: usize) -> bool {
        let is_over = self.first_end.is_some_and(|end| end < time);
        let is_crowded = self.len >= limit.min(self.crowded.max(limits::REVOCATIONS_TIDY));
        if is_over && is_crowded {
            self.purge(time);
        }
        is_over && is_crowded
    }

    /// Returns true if anything ends this principal.
    pub(super) fn ends(&self, principal: &Principal) -> bool {
        RevocationKind::ALL
            .iter()
            .any(|kind| self.ends_by(*kind, principal))
    }

    fn ends_by(&self, kind: RevocationKind, principal: &Principal) -> bool {
        let names = self.kinds.get(&kind).filter(|names| !names.is_empty());
        let Some(names) = names else {
            return false;
        };
        let ids = match kind {
            // A token's id holds its authority.
            RevocationKind::Token => names.values().next(),
            _ => names.get(principal.authority()),
        };
        ids.is_some_and(|ids| is_named(kind, principal, |id| ends(ids, id, principal)))
    }
}

/// Returns true if `is_listed` holds for what the principal is called in this respect.
fn is_named(
    kind: RevocationKind,
    principal: &Principal,
    is_listed: impl Fn(&[u8]) -> bool,
) -> bool {
    let text = |text: Option<&str>| text.is_some_and(|text| is_listed(text.as_bytes()));
    let claim = |name| {
        let value = principal.claims().value(name).and_then(|v| v.as_str());
        text(value.as_deref())
    };
    match kind {
        RevocationKind::ApiKey => {
            let details = principal.extension::<ApiKeyDetails>();
            let id = details.map(ApiKeyDetails::id);
            text(id.as_ref().map(ApiKeyId::as_str))
        }
        RevocationKind::Client => text(principal.client()),
        RevocationKind::JwtId => claim("jti"),
        RevocationKind::Key => principal.key().is_some_and(|key| is_listed(key.as_bytes())),
        RevocationKind::Session => {
            let handle = principal.extension::<Session>().and_then(Session::handle);
            text(handle.map(|h| h.to_string()).as_deref()) || claim("sid")
        }
        RevocationKind::Subject => text(principal.subject()),
        RevocationKind::Token => principal
            .token_id()
            .is_some_and(|id| is_listed(id.as_bytes())),
    }
}

fn ends(ids: &Ids, id: &[u8], principal: &Principal) -> bool {
    let term = ids.get(id);
    term.is_some_and(|term| term.ends(principal.issued_at()))
}

impl Term {
    const fn of(revocation: &Revocation) -> Self {
        Self {
            issued_before: revocation.last_issued(),
            until: revocation.last_expiry(),
        }
    }

    fn widen(&mut self, other: Self) {
        self.issued_before = later(self.issued_before, other.issued_before);
        self.until = later(self.until, other.until);
    }

    fn ends(&self, issued_at: Option<UnixTime>) -> bool {
        match (self.issued_before, issued_at) {
            (Some(before), Some(at)) => at <= before,
            _ => true,
        }
    }
}

/// The first of both; `None` is later than any time.
fn sooner(a: Option<UnixTime>, b: Option<UnixTime>) -> Option<UnixTime> {
    [a, b].into_iter().flatten().min()
}

fn later(a: Option<UnixTime>, b: Option<UnixTime>) -> Option<UnixTime> {
    Some(a?.max(b?))
}
