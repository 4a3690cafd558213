//! The validator of JWTs.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use super::claim_name::ClaimName;
use super::claims::RegisteredClaims;
use super::compact;
use super::compact::Compact;
use super::contrast::SOURCE_NAMES;
#[cfg(feature = "jwe")]
use super::decryption::Decryption;
use super::facts::{FactReader, client, scopes};
use super::header::HeaderCache;
use super::issuer_rules::{IssuerRules, KeySource};
use super::issuers::IssuerTable;
use super::rejections;
use super::verified_token::VerifiedToken;
use super::verify::{find_keys, verify};
use crate::clock::{Clock, UnixTime};
use crate::credential::{PresentedCredential, Unverified};
use crate::diagnosis::{Explanation, Finding};
use crate::error::{Rejection, RejectionKind};
use crate::json::Kind;
use crate::key::{KeySet, KeyStore};
use crate::now_or_later::{NowOrLater, ask};
use crate::principal::{Authority, Facts, Principal, PrincipalKind};
use crate::validator::{
    Authorities, CacheKey, Conformance, Proofs, SenderConstraint, Shape, TokenValidator,
    ValidatorCache, all, check_kind, constrain,
};

/// A [`TokenValidator`] for the JWTs of one or more issuers.
///
/// A token is accepted only if all of these hold:
///
/// - it is the only spelling of a signed JWT in compact form: strict base64url, strict JSON, no
///   duplicate member;
/// - its `iss` is a configured issuer;
/// - exactly one key of that issuer is eligible for its algorithm and `kid`, and its signature is
///   valid under that key;
/// - its `typ`, purpose, audience and times, and every configured requirement, hold.
///
/// Everything in a token is untrusted. Its header selects no algorithm, no key material and no
/// address: it can only name one of the issuer's keys. A registered claim of a wrong type is
/// rejected even if no rule needs it.
///
/// ```
/// use bearergate::{JwtValidator, RejectionKind, TokenValidator};
/// use bearergate::credential::PresentedCredential;
/// use bearergate::key::{Key, KeySet};
///
/// let validator = JwtValidator::builder()
///     .issuer("https://idp.example.com")
///     .audience("https://api.example.com")
///     .keys(KeySet::from(Key::from_secret(vec![7; 32])?))
///     .build()?;
///
/// let presented = PresentedCredential::bearer("not.a.token")?;
/// let answer = validator.validate(&presented).try_now().expect("fixed keys are always ready");
/// assert_eq!(answer.unwrap_err().kind(), RejectionKind::TokenMalformed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A rejection says what failed, and its [source](std::error::Error::source) what was expected and
/// found; [`explain`](TokenValidator::explain) says so of every step, with a hint where the mistake
/// is a usual one:
///
/// ```
/// # use bearergate::{JwtValidator, TokenValidator};
/// # use bearergate::credential::PresentedCredential;
/// # use bearergate::key::{Key, KeySet};
/// # let validator = JwtValidator::builder()
/// #     .issuer("https://idp.example.com")
/// #     .audience("https://api.example.com")
/// #     .keys(KeySet::from(Key::from_secret(vec![7; 32])?))
/// #     .build()?;
/// let presented = PresentedCredential::bearer("2YotnFZFEjr1zCsicMWpAA")?;
/// let explanation = validator.explain(&presented).try_now().expect("fixed keys are always ready");
/// let failed = explanation.failed().expect("the token is rejected");
/// assert_eq!(failed.name(), "shape");
/// assert_eq!(failed.found_text(), Some("an opaque text without dots"));
/// assert!(failed.hint_text().unwrap().contains("was an audience requested?"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Without an issuer or an audience it does not compile:
///
/// ```compile_fail
/// # let keys = bearergate::key::KeySet::from(bearergate::key::Key::from_secret(vec![7; 32])?);
/// bearergate::JwtValidator::builder().audience("https://api.example.com").keys(keys).build()?;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
///
/// ```compile_fail
/// # let keys = bearergate::key::KeySet::from(bearergate::key::Key::from_secret(vec![7; 32])?);
/// bearergate::JwtValidator::builder().issuer("https://idp.example.com").keys(keys).build()?;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
///
/// ```
/// # let keys = bearergate::key::KeySet::from(bearergate::key::Key::from_secret(vec![7; 32])?);
/// bearergate::JwtValidator::builder()
///     .issuer("https://idp.example.com")
///     .audience("https://api.example.com")
///     .keys(keys)
///     .build()?;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct JwtValidator {
    pub(super) issuers: IssuerTable,
    pub(super) max_token_bytes: usize,
    pub(super) max_header_bytes: usize,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) constraint: Option<Arc<dyn SenderConstraint>>,
    #[cfg(feature = "jwe")]
    pub(super) decryption: Option<Arc<Decryption>>,
    pub(super) header_cache: Arc<HeaderCache>,
    pub(super) cache: Option<ValidatorCache>,
}

impl JwtValidator {
    /// Parses a token within the limits of this validator.
    #[inline(always)]
    pub(super) fn parse<'t>(
        &self,
        presented: &'t PresentedCredential<'_>,
    ) -> Result<Compact<'t>, RejectionKind> {
        let text = presented.credential().expose();
        let sizes = (self.max_token_bytes, self.max_header_bytes);
        Compact::parse(text, sizes, &self.header_cache)
    }

    /// Picks the issuer of a token, and checks that it uses the algorithm.
    #[inline(always)]
    pub(super) fn rules_of(&self, token: &Compact<'_>) -> Result<&IssuerRules, Rejection> {
        let issuer = self.issuer_of(token)?;
        let algorithm = token.header.algorithm;
        match issuer.algorithms {
            Some(allowed) if !allowed.contains(algorithm) => {
                Err(rejections::algorithm(algorithm, allowed))
            }
            _ => Ok(issuer),
        }
    }

    /// Picks the issuer by the unverified `iss`, which can only select a configured issuer.
    fn issuer_of(&self, token: &Compact<'_>) -> Result<&IssuerRules, Rejection> {
        if let Some(rules) = self.issuers.any() {
            return Ok(rules);
        }
        let piece = token.slots.piece(ClaimName::Iss);
        if piece.is_empty() {
            return Err(rejections::missing(ClaimName::Iss));
        }
        let iss = Unverified::new(token.value(piece));
        if iss.as_unverified().kind() != Kind::String {
            return Err(rejections::invalid("iss"));
        }
        let found = self.issuers.find(iss, token.escapes);
        found.ok_or_else(|| {
            let contrast = self
                .issuers
                .contrast(Some(*iss.as_unverified()), SOURCE_NAMES);
            rejections::issuer_mismatch().with_source(contrast)
        })
    }

    /// Validates a token under these keys, and caches its principal if it is accepted.
    pub(super) fn finish(
        &self,
        token: &mut Compact<'_>,
        pending: &Pending<'_, '_>,
        keys: &KeySet,
    ) -> Result<Principal, Rejection> {
        let principal = self.principal(token, pending, keys)?;
        self.store(token.header.algorithm, pending, &principal);
        Ok(principal)
    }

    /// Verifies the signature and checks the claims; moves the claims out of the token.
    fn principal(
        &self,
        token: &mut Compact<'_>,
        pending: &Pending<'_, '_>,
        keys: &KeySet,
    ) -> Result<Principal, Rejection> {
        let issuer = pending.issuer;
        let key = verify(token, keys)?;
        token.cache_header(&self.header_cache);
        let (mut document, header) = token.take_document();
        issuer.absent.remove(&document, &mut token.slots);
        let claims = RegisteredClaims::read(&document, &token.slots, issuer.audiences.if_empty())?;
        let client = client(issuer.client_claim.as_deref(), &claims)?;
        let now = self
            .time(pending.presented)
            .ok_or(RejectionKind::Unavailable)?;
        let authority = issuer.check(&VerifiedToken {
            claims: &claims,
            header,
            typ: token.header.typ,
            now,
        })?;
        let scopes = scopes(issuer.scope_claim.as_deref(), &claims)?;
        let times = claims.times;
        let confirmation = match claims.confirmation {
            Some(named) => issuer.binding(named, self.constraint.is_some())?,
            None => None,
        };
        let slots = &token.slots;
        let mut reader = FactReader(&mut document);
        let subject = slots.find(ClaimName::Sub).map(|p| reader.string(p));
        let client = client.map(|p| reader.string(p));
        let scopes = scopes.map(|p| reader.joined(p));
        let mut facts = Arc::new(Facts {
            kind: issuer.kind(),
            authority,
            document,
            header,
            token_id: None,
            subject,
            client,
            scopes,
            expires_at: times.expires_at,
            not_before: times.not_before,
            issued_at: times.issued_at,
            is_issued_within_second: times.is_issued_within_second,
            is_encrypted: pending.is_encrypted,
            confirmation,
            key: Some(key.id()),
        });
        if let Some(grants) = &issuer.grants {
            // No one else has the facts yet, so they are not cloned.
            grants.narrow(Arc::make_mut(&mut facts), issuer.scope_claim.as_deref());
        }
        Ok(Principal::new(facts))
    }

    pub(super) fn check_binding<'a>(
        &'a self,
        validated: Result<Principal, Rejection>,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        constrain(self.constraint.as_ref(), validated, presented)
    }

    pub(super) fn time(&self, presented: &PresentedCredential<'_>) -> Option<UnixTime> {
        presented.now().or_else(|| self.clock.now())
    }
}

/// What a parsed token is validated with, before its signature is verified.
pub(super) struct Pending<'p, 'v> {
    pub(super) issuer: &'v IssuerRules,
    pub(super) presented: &'p PresentedCredential<'p>,
    pub(super) cache_key: Option<(&'v ValidatorCache, CacheKey)>,
    pub(super) is_encrypted: bool,
}

impl TokenValidator for JwtValidator {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Jwt]
    }

    /// Returns one outside authority for each authority that was configured, bounded if all its
    /// issuers have [`grants`](crate::jwt::JwtValidatorBuilder::grants). Issuers of one name, such as
    /// two versions of a provider's tokens, count once.
    fn authorities(&self) -> Authorities {
        self.issuers.authorities()
    }

    fn authority_names(&self) -> Option<Vec<Authority>> {
        self.issuers
            .rules()
            .map(IssuerRules::authority_name)
            .collect()
    }

    fn proofs(&self) -> Proofs {
        let constraint = self.constraint.as_ref();
        constraint.map_or(Proofs::NONE, |constraint| constraint.proofs())
    }

    fn conformance(&self) -> Conformance {
        let conformance = self.issuers.conformance();
        match &self.constraint {
            Some(constraint) => conformance.sender_constraint(Arc::clone(constraint)),
            None => conformance,
        }
    }

    fn nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        self.constraint.as_ref()?.nonce(now)
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.findings()
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        let stores = self.issuers.rules().filter_map(|rules| match &rules.keys {
            KeySource::Fixed(_) => None,
            KeySource::Store(store) => Some(store.warm_up()),
        });
        all(stores)
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let scheme = presented.credential().scheme();
        if let Err(kind) = check_kind(scheme, PrincipalKind::AccessToken) {
            return NowOrLater::now(Err(kind.into()));
        }
        let cache_key = self.cache_key(presented);
        if let Some(principal) = cache_key
            .as_ref()
            .and_then(|key| self.lookup(key, presented))
        {
            return self.check_binding(Ok(principal), presented);
        }
        #[cfg(feature = "jwe")]
        match self.decryption_of(presented) {
            Ok(None) => {}
            Ok(Some(decryption)) => {
                return self.validate_encrypted(decryption, presented, cache_key);
            }
            Err(rejection) => return NowOrLater::now(Err(rejection)),
        }
        // Not part of `Pending`, so that it is not moved.
        let mut token = match self.parse(presented) {
            Ok(token) => token,
            Err(kind) => {
                let text = presented.credential().expose();
                return NowOrLater::now(Err(compact::unparsed(kind, text)));
            }
        };
        let issuer = match self.rules_of(&token) {
            Ok(issuer) => issuer,
            Err(rejection) => return NowOrLater::now(Err(rejection)),
        };
        let pending = Pending {
            issuer,
            presented,
            cache_key,
            is_encrypted: false,
        };
        let store = match &issuer.keys {
            KeySource::Fixed(keys) => {
                let validated = self.finish(&mut token, &pending, keys);
                return self.check_binding(validated, presented);
            }
            KeySource::Store(store) => store,
        };
        ask!(find_keys(store, &token), |found| {
            let validated = found.and_then(|keys| self.finish(&mut token, &pending, &keys));
            self.check_binding(validated, presented)
        })
    }

    /// Returns the principal of a cached token, after all checks of a use of the cache.
    fn recall<'a>(&'a self, presented: &'a PresentedCredential<'a>) -> Option<Principal> {
        self.recalled(presented)
    }

    /// Explains the fourteen steps of a validation, in the order of the checks: `size`, `shape`,
    /// `header`, `issuer`, `key`, `signature`, `claims`, `type`, `audience`, `expiry`,
    /// `not_before`, `issued_at`, `demands` (the requirements of the configuration) and `binding`.
    ///
    /// No cache is read or changed. Of the token its `iss`, `aud`, `typ`, `alg`, `kid` and times are
    /// shown, and names and types of claims. The sender constraint is not asked, because a proof is
    /// good for one check: `binding` is then skipped.
    fn explain<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        self.explained(presented)
    }
}

impl fmt::Debug for JwtValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtValidator")
            .field("issuers", &self.issuers)
            .field("max_token_bytes", &self.max_token_bytes)
            .field("max_header_bytes", &self.max_header_bytes)
            .field("clock", &self.clock)
            .field("constraint", &self.constraint)
            .field("cache", &self.cache)
            .finish()
    }
}
