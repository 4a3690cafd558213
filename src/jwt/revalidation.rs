//! Validation of tokens that were accepted before and are in the cache.

use super::claim_name::ClaimName;
use super::issuer_rules::{AcceptedIssuers, IssuerRules, KeySource};
use super::requirement::{ClaimCheck, Requirement};
use super::validator::{JwtValidator, Pending};
use crate::credential::PresentedCredential;
use crate::crypto::{Algorithm, Algorithms};
use crate::json::Value;
use crate::key::KeyStatus;
use crate::principal::{Principal, PrincipalKind};
use crate::validator::{CacheKey, CachedPrincipal, TokenCache, ValidatorCache, check_kind};

impl JwtValidator {
    /// Caches accepted tokens in this cache, except tokens signed with a shared secret, whose
    /// signature is as cheap as a lookup, unless the cache
    /// [keeps them](crate::validator::TokenCacheBuilder::keep_mac_tokens).
    ///
    /// A hit skips the parsing, the signature and the checks of claims that cannot change. On
    /// every use the times are compared, the key store is asked for the
    /// [status](crate::key::KeyStore::status) of the token's key, and the sender constraint and the
    /// closures of [`check`](crate::jwt::JwtValidatorBuilder::check) and
    /// [`issuer_pattern`](crate::jwt::JwtValidatorBuilder::issuer_pattern) are called again. The
    /// validator and its clones use a part of the cache that no other validator sees.
    #[must_use]
    pub fn cached(mut self, cache: &TokenCache) -> Self {
        let has_public_keys = self.issuers.rules().any(IssuerRules::has_public_keys);
        let part = cache.join();
        self.cache = (has_public_keys || part.keeps_mac_tokens()).then_some(part);
        self
    }

    /// Returns the cache and the key of a token, if the token can be in a cache.
    pub(super) fn cache_key(
        &self,
        presented: &PresentedCredential<'_>,
    ) -> Option<(&ValidatorCache, CacheKey)> {
        let cache = self.cache.as_ref()?;
        let len = presented.credential().expose().len();
        (len <= self.max_token_bytes).then(|| (cache, cache.key(presented)))
    }

    /// Returns the principal of a token if the token was accepted before and would be accepted
    /// again now.
    pub(super) fn lookup(
        &self,
        (cache, key): &(&ValidatorCache, CacheKey),
        presented: &PresentedCredential<'_>,
    ) -> Option<Principal> {
        let cached = cache.lookup(key, self.time(presented)?)?;
        let rules = self.issuers.at(cached.source)?;
        match rules.cache_status(&cached.principal) {
            CacheStatus::Valid => {
                cache.report_hit(&cached);
                return Some(cached.principal);
            }
            CacheStatus::Revoked => cache.remove(key),
            CacheStatus::Unknown => {}
        }
        None
    }

    /// Returns the principal of a token that is in the cache and not bound to a key.
    pub(super) fn recalled(&self, presented: &PresentedCredential<'_>) -> Option<Principal> {
        check_kind(presented.credential().scheme(), PrincipalKind::AccessToken).ok()?;
        let key = self.cache_key(presented)?;
        let principal = self.lookup(&key, presented)?;
        (!principal.is_confirmed()).then_some(principal)
    }

    /// Stores the principal of a token that was fully accepted.
    pub(super) fn store(
        &self,
        algorithm: Algorithm,
        pending: &Pending<'_, '_>,
        principal: &Principal,
    ) {
        let Some((cache, key)) = pending.cache_key else {
            return;
        };
        let is_cheap = Algorithms::MAC.contains(algorithm) && !cache.keeps_mac_tokens();
        if is_cheap || !pending.issuer.is_repeatable() {
            return;
        }
        let place = self.issuers.place(pending.issuer);
        let (Some(source), Some(now)) = (place, self.time(pending.presented)) else {
            return;
        };
        // From this time on the token may be older than `max_age` allows.
        let requirements = pending.issuer.requirements.iter();
        let ends = requirements.filter_map(|requirement| match requirement {
            Requirement::MaxAge(age) => Some(principal.issued_at()?.saturating_add(*age)),
            _ => None,
        });
        let cached = CachedPrincipal {
            principal: principal.clone(),
            until: ends.min(),
            source,
        };
        cache.store(key, cached, now);
    }
}

/// Whether a cached result may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum CacheStatus {
    /// The key of the token is gone.
    Revoked,
    Valid,
    /// The token has to be validated in full.
    Unknown,
}

impl IssuerRules {
    /// Returns true if signatures of some of the issuer's tokens are costly to verify.
    fn has_public_keys(&self) -> bool {
        match &self.keys {
            KeySource::Fixed(keys) => !keys.algorithms().difference(Algorithms::MAC).is_empty(),
            KeySource::Store(_) => true,
        }
    }

    /// Returns true if every check whose result can change can be repeated for the principal.
    fn is_repeatable(&self) -> bool {
        // The closures have seen claims that a narrowed principal does not have.
        let has_closures =
            matches!(self.issuers, AcceptedIssuers::Like(_)) || self.closures().next().is_some();
        self.grants.is_none() || !has_closures
    }

    /// Returns whether an accepted token would be accepted again, apart from its times.
    fn cache_status(&self, principal: &Principal) -> CacheStatus {
        let claims = principal.claims();
        if !self.is_still_allowed(principal) || !self.closures().all(|holds| holds(claims)) {
            return CacheStatus::Unknown;
        }
        let KeySource::Store(store) = &self.keys else {
            return CacheStatus::Valid;
        };
        match principal.key().map(|key| store.status(&key)) {
            Some(KeyStatus::Fresh | KeyStatus::Stale) => CacheStatus::Valid,
            Some(KeyStatus::Unknown) => CacheStatus::Unknown,
            Some(KeyStatus::Gone) | None => CacheStatus::Revoked,
        }
    }

    /// Returns false if the issuer is a tenant that is not trusted as this authority any more.
    fn is_still_allowed(&self, principal: &Principal) -> bool {
        let AcceptedIssuers::Like(pattern) = &self.issuers else {
            return true;
        };
        let claims = principal.claims();
        let issuer = claims
            .value(ClaimName::Iss.as_str())
            .and_then(Value::as_str);
        let authority = issuer.and_then(|issuer| pattern.authority(&issuer, claims));
        authority.as_ref() == Some(principal.authority())
    }

    fn closures(&self) -> impl Iterator<Item = &ClaimCheck> {
        self.requirements
            .iter()
            .filter_map(|requirement| match requirement {
                Requirement::Check(_, holds) => Some(holds),
                _ => None,
            })
    }
}
