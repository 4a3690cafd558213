//! Tokens that were accepted before.

use super::Case;
use super::JwtValidator;
use super::issuer_rules::Standing;
use super::issuer_rules::Trust;
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::crypto::Algorithms;
use crate::principal::Principal;
use crate::validator::CacheKey;
use crate::validator::CachedPrincipal;
use crate::validator::TokenCache;
use crate::validator::ValidatorCache;

impl JwtValidator {
    /// Remembers accepted tokens in this cache, for whose keys a signature is costly: all but
    /// those under a secret.
    ///
    /// On every use the key store is asked whether the token's key [still counts](crate::key::KeyStore::status),
    /// the sender constraint and the closures of [`check`](crate::jwt::JwtValidatorBuilder::check) and
    /// [`issuer_pattern`](crate::jwt::JwtValidatorBuilder::issuer_pattern) are asked again, and the times are
    /// compared; nothing else about a token can change. The validator has a part of the cache to
    /// itself, which its clones share.
    #[must_use]
    pub fn cached(mut self, cache: &TokenCache) -> Self {
        let is_worthwhile = self.issuers.trusts().any(Trust::has_public_keys);
        self.share = is_worthwhile.then(|| cache.join());
        self
    }

    /// Returns what a token is found by in the cache, if it may be there.
    pub(super) fn slip(
        &self,
        presented: &PresentedCredential<'_>,
    ) -> Option<(&ValidatorCache, CacheKey)> {
        let share = self.share.as_ref()?;
        let len = presented.credential().expose().len();
        (len <= self.max_token_bytes).then(|| (share, share.key(presented)))
    }

    /// Returns whose token this is, if it was accepted before and would be again.
    pub(super) fn recall(
        &self,
        (share, slip): &(&ValidatorCache, CacheKey),
        presented: &PresentedCredential<'_>,
    ) -> Option<Principal> {
        let kept = share.lookup(slip, self.time(presented)?)?;
        let trust = self.issuers.at(kept.source)?;
        match trust.standing(&kept.principal) {
            Standing::Stands => {
                share.report_hit(&kept);
                return Some(kept.principal);
            }
            Standing::Fell => share.remove(slip),
            Standing::Unknown => {}
        }
        None
    }

    /// Remembers a token that was fully accepted.
    pub(super) fn keep(&self, case: &Case<'_, '_>, principal: &Principal) {
        let Some((share, slip)) = case.slip else {
            return;
        };
        let is_cheap = Algorithms::MAC.contains(case.compact.header.algorithm);
        if is_cheap || !case.trust.is_repeatable() {
            return;
        }
        let place = self.issuers.place(case.trust);
        let (Some(source), Some(now)) = (place, self.time(case.presented)) else {
            return;
        };
        let kept = CachedPrincipal {
            principal: principal.clone(),
            until: case.trust.fresh_until(principal),
            source,
        };
        share.store(slip, kept, now);
    }

    pub(super) fn time(&self, presented: &PresentedCredential<'_>) -> Option<UnixTime> {
        presented.now().or_else(|| self.clock.now())
    }
}
