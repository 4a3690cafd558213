//! The fetched keys, and what is known about their source.

use std::ops::Range;
use std::sync::Arc;

use super::load::{ETag, FetchRequest};
use super::plan::{Freshness, RefreshPlan, Terms, UnknownKid};
use super::source_keys::SourceKeys;
use crate::clock::UnixTime;
use crate::crypto::Algorithms;
use crate::error::{Rejection, RejectionKind};
use crate::key::hint::KeyHint;
use crate::key::set::KeySet;
use crate::single_flight::Waiter;

/// How a fetch ended, for everyone who waits for it.
pub(super) type FetchOutcome = Result<(), Rejection>;

/// Keys, and how long they may be used.
pub(super) struct Snapshot {
    /// The keys of the source that may be used in `span`.
    pub(super) keys: Arc<KeySet>,
    span: Range<UnixTime>,
    source: SourceKeys,
    pub(super) terms: Terms,
}

impl Snapshot {
    /// Makes the snapshot of the keys that may be used at this time.
    pub(super) fn new(source: SourceKeys, terms: Terms, now: UnixTime) -> Self {
        let (keys, span) = source.valid_at(now);
        Self {
            keys,
            span,
            source,
            terms,
        }
    }

    /// Returns the snapshot of this time, if another certificate has become valid or invalid since.
    pub(super) fn moved_to(&self, now: UnixTime) -> Option<Self> {
        let is_same = self.span.contains(&now);
        (!is_same).then(|| Self::new(self.source.clone(), self.terms, now))
    }

    /// Returns all keys of the source.
    pub(super) fn source(&self) -> SourceKeys {
        self.source.clone()
    }

    pub(super) fn is_usable(&self, now: UnixTime) -> bool {
        self.terms.freshness(now) != Freshness::Expired
    }
}

/// What the lock guards.
#[derive(Default)]
pub(super) struct SourceState {
    pub(super) plan: RefreshPlan,
    /// The fetch that is under way.
    pub(super) fetch: Option<Waiter<FetchOutcome>>,
    pub(super) etag: Option<ETag>,
}

/// What the request for a key leads to.
pub(super) enum LookupPlan {
    Fetch,
    Refuse(RejectionKind),
    Use,
    Wait(Waiter<FetchOutcome>),
}

impl SourceState {
    /// Decides what to do for a token with this hint. `usable` are the keys that may be used now.
    pub(super) fn plan_lookup(
        &self,
        usable: Option<&Snapshot>,
        hint: KeyHint<'_>,
        now: UnixTime,
    ) -> LookupPlan {
        let Some(snapshot) = usable else {
            return match &self.fetch {
                Some(fetch) => LookupPlan::Wait(fetch.clone()),
                None if self.plan.may_load(now) => LookupPlan::Fetch,
                None => LookupPlan::Refuse(RejectionKind::Unavailable),
            };
        };
        // No set has a key for a MAC, so a fetch cannot find one.
        if snapshot.keys.knows(hint) || Algorithms::MAC.contains(hint.algorithm()) {
            return LookupPlan::Use;
        }
        match (self.plan.unknown_kid(hint, now), &self.fetch) {
            (UnknownKid::Missing, _) => LookupPlan::Use,
            (_, Some(fetch)) => LookupPlan::Wait(fetch.clone()),
            (UnknownKid::Fetch, None) => LookupPlan::Fetch,
            (UnknownKid::LimitReached, None) => LookupPlan::Refuse(RejectionKind::KeyNotFound),
            (UnknownKid::SourceDown, None) => LookupPlan::Refuse(RejectionKind::Unavailable),
        }
    }

    /// Records that a fetch for `request` led from the keys `before` to the keys `after`.
    pub(super) fn record_keys(
        &mut self,
        before: Option<&Snapshot>,
        after: &Snapshot,
        request: &FetchRequest,
    ) {
        if after.terms.fetched < request.at {
            // Keys from the disk cache do not show which keys the source has today.
            return;
        }
        self.plan.succeeded(request.at);
        if before.is_some_and(|before| !before.keys.is_same(&after.keys)) {
            self.plan.set_replaced();
        }
        let Some((algorithm, kid)) = &request.wanted else {
            return;
        };
        if after.keys.knows(KeyHint::new(Some(kid), *algorithm)) {
            return;
        }
        self.plan.record_missing(*algorithm, kid, request.at);
        if before.is_none() {
            // The first load was also a look-up of this key id.
            self.plan.record_lookup(request.at);
        }
    }
}
