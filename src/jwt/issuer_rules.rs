//! What one issuer is trusted with, and the checks that follow from it.

use std::sync::Arc;

use super::claims::Typed;
use super::claims::invalid;
use super::demand::Check;
use super::demand::Demand;
use super::grants::Grants;
use super::header::Typ;
use super::header::without_application;
use super::names::Name;
use super::tenant::Pattern;
use crate::clock::Leeway;
use crate::clock::UnixTime;
use crate::crypto::Algorithms;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::json::Kind;
use crate::json::TextRange;
use crate::json::Value;
use crate::key::KeySet;
use crate::key::KeyStatus;
use crate::key::KeyStore;
use crate::principal::Authority;
use crate::principal::Claims;
use crate::principal::Principal;
use crate::principal::PrincipalKind;

/// One trusted issuer: its names, keys and rules.
#[derive(Clone, Debug)]
pub(super) struct Trust {
    pub(super) authority: Authority,
    pub(super) issuers: Issuers,
    pub(super) audiences: Names,
    pub(super) keys: Keys,
    pub(super) algorithms: Option<Algorithms>,
    pub(super) leeway: Leeway,
    pub(super) expiry: Expiry,
    pub(super) types: Types,
    pub(super) purpose: Purpose,
    pub(super) scope_claim: Option<Box<str>>,
    pub(super) demands: Vec<Demand>,
    pub(super) grants: Option<Grants>,
}

/// Whose tokens are judged, or the loud opt-out.
#[derive(Clone, Debug)]
pub(super) enum Issuers {
    Any,
    Like(Pattern),
    OneOf(Vec<Box<str>>),
}

/// Names of which one must match, or the loud opt-out.
#[derive(Clone, Debug)]
pub(super) enum Names {
    Any,
    OneOf(Vec<Box<str>>),
}

/// Where the keys come from.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    Fixed(KeySet),
    Store(Arc<dyn KeyStore>),
}

/// Whether `exp` may be missing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Expiry {
    Optional,
    Required,
}

/// Which `typ` passes.
#[derive(Clone, Debug)]
pub(super) enum Types {
    /// Absent, `JWT` or `at+jwt`.
    Default,
    /// Absent or `JWT`.
    IdToken,
    /// This one alone.
    Only(Wanted),
}

/// A `typ` without its optional prefix.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    AccessToken,
    Jwt,
    Other(Box<str>),
}

impl Wanted {
    pub(super) fn new(typ: &str) -> Self {
        match Typ::known(typ) {
            Some(Typ::AccessToken) => Self::AccessToken,
            Some(Typ::Jwt) => Self::Jwt,
            _ => Self::Other(typ.into()),
        }
    }
}

/// What the token is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    AccessToken,
    /// An ID token for this client.
    IdToken(Box<str>),
}

impl Trust {
    pub(super) fn kind(&self) -> PrincipalKind {
        match self.purpose {
            Purpose::AccessToken => PrincipalKind::AccessToken,
            Purpose::IdToken(_) => PrincipalKind::IdToken,
        }
    }

    /// Checks `typ` and purpose, issuer, audience, times and the user's own demands, in this
    /// order; returns who vouches.
    pub(super) fn check(&self, token: &Checked<'_, '_>) -> Result<Authority, Rejection> {
        self.check_type(token)?;
        self.purpose.check(token)?;
        let authority = self.check_issuer(token)?;
        self.audiences.check(token.claims)?;
        self.check_times(token)?;
        for demand in &self.demands {
            demand.check(token, self.leeway)?;
        }
        Ok(authority)
    }

    fn check_issuer(&self, token: &Checked<'_, '_>) -> Result<Authority, Rejection> {
        let Issuers::Like(pattern) = &self.issuers else {
            // Where issuers are named, `iss` has picked this trust by being one of them.
            return Ok(self.authority.clone());
        };
        let issuer = token.claims.get(Name::Iss).and_then(Value::as_str);
        let claims = Claims::new(token.claims.document());
        let authority = issuer.and_then(|issuer| pattern.authority(&issuer, claims));
        authority.ok_or_else(of_another_issuer)
    }

    /// Returns true if signatures of some of its tokens are costly to verify.
    pub(super) fn has_public_keys(&self) -> bool {
        match &self.keys {
            Keys::Fixed(keys) => !keys.algorithms().difference(Algorithms::MAC).is_empty(),
            Keys::Store(_) => true,
        }
    }

    /// Returns true if what was accepted once can be checked again as far as it may change.
    pub(super) fn is_repeatable(&self) -> bool {
        // The closures saw claims that the principal does not have.
        let asks_closures =
            matches!(self.issuers, Issuers::Like(_)) || self.checks().next().is_some();
        self.grants.is_none() || !asks_closures
    }

    /// Returns from when on an accepted token may be too old, beside its own times.
    pub(super) fn fresh_until(&self, principal: &Principal) -> Option<UnixTime> {
        let issued = principal.issued_at()?;
        let ages = self.demands.iter().filter_map(|demand| match demand {
            Demand::MaxAge(age) => Some(issued.saturating_add(*age)),
            _ => None,
        });
        ages.min()
    }

    /// Says whether a token that was accepted would be accepted again, its times aside.
    pub(super) fn standing(&self, principal: &Principal) -> Standing {
        if !self.is_trusted_as(principal) || !self.checks().all(|holds| holds(principal.claims())) {
            return Standing::Unknown;
        }
        let Keys::Store(store) = &self.keys else {
            return Standing::Stands;
        };
        match principal.key().map(|key| store.status(&key)) {
            Some(KeyStatus::Fresh | KeyStatus::Stale) => Standing::Stands,
            Some(KeyStatus::Unknown) => Standing::Unknown,
            Some(KeyStatus::Gone) | None => Standing::Fell,
        }
    }

    /// Returns true unless the issuer is a tenant that is no longer let in as this authority.
    fn is_trusted_as(&self, principal: &Principal) -> bool {
        let Issuers::Like(pattern) = &self.issuers else {
            return true;
        };
        let claims = principal.claims();
        let issuer = claims.value(Name::Iss.as_str()).and_then(Value::as_str);
        let authority = issuer.and_then(|issuer| pattern.authority(&issuer, claims));
        authority.as_ref() == Some(principal.authority())
    }

    fn checks(&self) -> impl Iterator<Item = &Check> {
        self.demands.iter().filter_map(|demand| match demand {
            Demand::Check(_, holds) => Some(holds),
            _ => None,
        })
    }

    fn check_type(&self, token: &Checked<'_, '_>) -> Result<(), Rejection> {
        let passes = match (&self.types, token.typ) {
            (Types::Default, Typ::Absent | Typ::Jwt | Typ::AccessToken)
            | (Types::IdToken, Typ::Absent | Typ::Jwt) => true,
            (Types::Only(Wanted::AccessToken), typ) => typ == Typ::AccessToken,
            (Types::Only(Wanted::Jwt), typ) => typ == Typ::Jwt,
            (Types::Only(Wanted::Other(wanted)), Typ::Other(piece)) => token.is_typ(piece, wanted),
            _ => false,
        };
        if passes {
            Ok(())
        } else {
            Err(of_another_type("typ"))
        }
    }

    fn check_times(&self, token: &Checked<'_, '_>) -> Result<(), Rejection> {
        let (times, now) = (&token.claims.times, token.now);
        let refuse = |kind, name: Name| Err(Rejection::new(kind).with_claim(name.as_str()));
        match times.expires_at {
            Some(exp) if exp.has_passed(now, self.leeway) => {
                return refuse(RejectionKind::TokenExpired, Name::Exp);
            }
            None if self.expiry == Expiry::Required => return Err(missing(Name::Exp)),
            _ => {}
        }
        let is_future =
            |time: Option<UnixTime>| time.is_some_and(|t| t.is_in_future(now, self.leeway));
        if is_future(times.not_before) {
            return refuse(RejectionKind::TokenNotYetValid, Name::Nbf);
        }
        if is_future(times.issued_at) {
            return refuse(RejectionKind::TokenIssuedInFuture, Name::Iat);
        }
        Ok(())
    }
}

/// Whether what was accepted before stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// Its key is gone.
    Fell,
    Stands,
    /// It has to be judged anew.
    Unknown,
}

impl Names {
    /// Checks that `aud` is one of these, or has one.
    pub(super) fn check(&self, claims: &Typed<'_>) -> Result<(), Rejection> {
        let Self::OneOf(wanted) = self else {
            return Ok(());
        };
        let aud = claims.get(Name::Aud).ok_or_else(|| missing(Name::Aud))?;
        let holds = match aud.elements() {
            Some(mut elements) => elements.any(|v| is_one_of(claims, v, wanted)),
            None => is_one_of(claims, aud, wanted),
        };
        if holds {
            return Ok(());
        }
        Err(Rejection::new(RejectionKind::AudienceMismatch).with_claim("aud"))
    }
}

/// Says whether a claim is a string with exactly one of these contents.
pub(super) fn is_one_of(claims: &Typed<'_>, value: Value<'_>, wanted: &[Box<str>]) -> bool {
    let escapes = claims.document().escapes();
    wanted.iter().any(|w| value.is_text_with(escapes, w))
}

/// A verified token whose claims are being checked.
pub(super) struct Checked<'c, 'd> {
    pub(super) claims: &'c Typed<'d>,
    /// Where the header stands in the document.
    pub(super) header: TextRange,
    pub(super) typ: Typ,
    pub(super) now: UnixTime,
}

impl Checked<'_, '_> {
    /// Says whether the header's `typ` is this one, but for its optional prefix.
    fn is_typ(&self, typ: TextRange, wanted: &str) -> bool {
        let start = self.header.start();
        let piece = TextRange::new(start + typ.start(), start + typ.end());
        let value = self.claims.document().value(piece);
        let text = value.and_then(Value::as_str).unwrap_or_default();
        without_application(&text).eq_ignore_ascii_case(wanted)
    }
}

impl Purpose {
    fn check(&self, token: &Checked<'_, '_>) -> Result<(), Rejection> {
        match self {
            Self::AccessToken => check_access_token(token),
            Self::IdToken(client) => check_id_token(token, client),
        }
    }
}

/// Refuses what carries the marks of another purpose, unless a `typ` of its own says what it is.
fn check_access_token(token: &Checked<'_, '_>) -> Result<(), Rejection> {
    if !matches!(token.typ, Typ::Absent | Typ::Jwt) {
        return Ok(());
    }
    let claims = token.claims;
    for mark in [
        Name::AtHash,
        Name::CHash,
        Name::SHash,
        Name::Events,
        Name::SdHash,
    ] {
        if claims.has(mark) {
            return Err(of_another_type(mark.as_str()));
        }
    }
    if claims
        .get(Name::TokenUse)
        .is_some_and(|v| !v.is_text("access"))
    {
        return Err(of_another_type("token_use"));
    }
    let is_typ = |wanted: &str| {
        let typ = claims.get(Name::Typ).and_then(Value::as_str);
        typ.is_some_and(|t| t.eq_ignore_ascii_case(wanted))
    };
    let is_bearer = is_typ("Bearer");
    if claims.has(Name::Typ) && !is_bearer && !is_typ("DPoP") {
        return Err(of_another_type("typ"));
    }
    if claims.has(Name::Nonce) && !is_bearer {
        return Err(of_another_type("nonce"));
    }
    Ok(())
}

/// OpenID Connect Core 1.0 sections 2 and 3.1.3.7.
fn check_id_token(token: &Checked<'_, '_>, client: &str) -> Result<(), Rejection> {
    let claims = token.claims;
    for mark in [Name::Events, Name::SdHash] {
        if claims.has(mark) {
            return Err(of_another_type(mark.as_str()));
        }
    }
    if claims.get(Name::TokenUse).is_some_and(|v| !v.is_text("id")) {
        return Err(of_another_type("token_use"));
    }
    let is_id = |v: Value<'_>| v.as_str().is_some_and(|t| t.eq_ignore_ascii_case("ID"));
    if claims.get(Name::Typ).is_some_and(|v| !is_id(v)) {
        return Err(of_another_type("typ"));
    }
    let audiences = claims.get(Name::Aud).and_then(Value::elements);
    match claims.get(Name::Azp) {
        Some(azp) if !azp.is_text(client) => Err(invalid("azp")),
        None if audiences.is_some_and(|a| a.count() > 1) => Err(missing(Name::Azp)),
        _ => Ok(()),
    }
}

#[cold]
pub(super) fn missing(name: Name) -> Rejection {
    Rejection::new(RejectionKind::ClaimMissing).with_claim(name.as_str())
}

#[cold]
pub(super) fn of_another_issuer() -> Rejection {
    Rejection::new(RejectionKind::IssuerMismatch).with_claim("iss")
}

#[cold]
pub(super) fn of_another_type(claim: &'static str) -> Rejection {
    Rejection::new(RejectionKind::TypeMismatch).with_claim(claim)
}

/// Says whether a value is a string; for the issuer, before anything else is known.
pub(super) fn is_string(value: Value<'_>) -> bool {
    value.kind() == Kind::String
}
