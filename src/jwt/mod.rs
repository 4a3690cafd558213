//! JWTs: signature, then claims (RFC 7519, RFC 8725, RFC 9068).

mod builder;
mod claims;
mod compact;
mod config;
mod demand;
mod diagnose;
mod grants;
mod header;
#[cfg(feature = "introspection")]
mod introspection_rules;
mod issuer_rules;
mod issuers;
mod names;
pub mod providers;
mod revalidation;
mod tenant;
#[cfg(test)]
mod test_vectors;

pub use builder::JwtValidatorBuilder;
pub use builder::NeedsAudience;
pub use builder::NeedsIssuer;
pub use builder::NeedsKeys;
pub use builder::Ready;
#[cfg(feature = "introspection")]
pub(crate) use introspection_rules::Answer;
#[cfg(feature = "introspection")]
pub(crate) use introspection_rules::AnswerRules;
#[cfg(feature = "introspection")]
pub(crate) use introspection_rules::TokenType;
pub use tenant::Tenant;

use std::fmt;
use std::sync::Arc;

use self::claims::Typed;
use self::compact::Compact;
use self::header::Memo;
use self::header::Text;
use self::issuer_rules::Checked;
use self::issuer_rules::Keys;
use self::issuer_rules::Trust;
use self::issuers::IssuerLookup;
use self::names::Name;
use crate::clock::Clock;
use crate::credential::PresentedCredential;
use crate::credential::Unverified;
use crate::diagnosis::Finding;
use crate::error::ConfigError;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::json::Document;
use crate::json::Escapes;
use crate::json::Kind;
use crate::json::TextRange;
use crate::key::Key;
use crate::key::KeyHint;
use crate::key::KeySet;
use crate::key::KeyStore;
use crate::now_or_later::NowOrLater;
use crate::now_or_later::ask;
use crate::principal::Facts;
use crate::principal::Principal;
use crate::validator::Authorities;
use crate::validator::SenderConstraint;
use crate::validator::Shape;
use crate::validator::Share;
use crate::validator::Slip;
use crate::validator::TokenValidator;
use crate::validator::all;
use crate::validator::constrain;

/// Judges JWTs of one or more issuers.
///
/// A token is accepted only if it is the single spelling of a signed JWT, its issuer is one that
/// is configured, exactly one key of that issuer may judge it and its signature is valid under
/// that key, and its type, audience, times and every demand hold. Everything in a token is
/// untrusted; its header chooses no algorithm, no key material and no address.
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
/// Issuer and audience are demanded by the type:
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
    issuers: IssuerLookup,
    max_token_bytes: usize,
    clock: Arc<dyn Clock>,
    constraint: Option<Arc<dyn SenderConstraint>>,
    memo: Arc<Memo>,
    share: Option<Share>,
}

impl JwtValidator {
    /// Starts a validator for one issuer.
    pub fn builder() -> JwtValidatorBuilder<NeedsIssuer> {
        JwtValidatorBuilder::new()
    }

    /// Joins validators of several issuers: each keeps its keys, audiences and rules, and the
    /// `iss` of a token picks one by exact match.
    ///
    /// The first one's clock and sender constraint, the first [cache](Self::cached) there is and
    /// the largest token size count for all.
    ///
    /// # Errors
    ///
    /// `empty` for none, `conflict` for an issuer that occurs twice or for `any_issuer()` beside
    /// another.
    pub fn join(validators: impl IntoIterator<Item = Self>) -> Result<Self, ConfigError> {
        issuers::join(validators)
    }

    #[inline(always)]
    fn begin<'t>(
        &self,
        presented: &'t PresentedCredential<'_>,
    ) -> Result<(Compact<'t>, &Trust), Rejection> {
        let token = presented.credential().expose();
        let compact = Compact::parse(token, self.max_token_bytes, &self.memo)?;
        let trust = self.trust(&compact)?;
        let algorithm = compact.header.algorithm;
        if trust.algorithms.is_some_and(|a| !a.contains(algorithm)) {
            return Err(RejectionKind::AlgorithmNotAllowed.into());
        }
        Ok((compact, trust))
    }

    /// Picks the issuer by the unverified `iss`: it chooses among what is configured, no more.
    fn trust(&self, compact: &Compact<'_>) -> Result<&Trust, Rejection> {
        if let Some(trust) = self.issuers.any() {
            return Ok(trust);
        }
        let piece = compact.slots.piece(Name::Iss);
        if piece.is_empty() {
            return Err(issuer_rules::missing(Name::Iss));
        }
        let iss = Unverified::new(compact.value(piece));
        if !issuer_rules::is_string(*iss.as_unverified()) {
            return Err(claims::invalid("iss"));
        }
        let found = self.issuers.find(iss, compact.escapes);
        found.ok_or_else(issuer_rules::of_another_issuer)
    }

    /// Judges a token under these keys, and remembers it if it is accepted.
    fn conclude(&self, case: &mut Case<'_, '_>, keys: &KeySet) -> Result<Principal, Rejection> {
        let principal = self.finish(case, keys)?;
        self.keep(case, &principal);
        Ok(principal)
    }

    /// Verifies the signature and checks what the token says; takes the claims out of the case.
    fn finish(&self, case: &mut Case<'_, '_>, keys: &KeySet) -> Result<Principal, Rejection> {
        let Case { compact, trust, .. } = case;
        let key = verify(compact, keys)?;
        compact.keep_header(&self.memo);
        let (mut document, header) = compact.take_document();
        let claims = Typed::read(&document, &compact.slots)?;
        let now = self.time(case.presented);
        let now = now.ok_or(RejectionKind::Unavailable)?;
        let authority = trust.check(&Checked {
            claims: &claims,
            header,
            typ: compact.header.typ,
            now,
        })?;
        let scopes = scopes(trust.scope_claim.as_deref(), &claims)?;
        let times = claims.times;
        let confirmation = claims.confirmation;
        if confirmation.is_some_and(|c| self.constraint.is_none() || !c.is_understood()) {
            return Err(binding_required());
        }
        let slots = &compact.slots;
        let mut reader = Reader(&mut document);
        let subject = slots.find(Name::Sub).map(|p| reader.string(p));
        let client = slots.find(Name::ClientId).or_else(|| slots.find(Name::Azp));
        let client = client.map(|p| reader.string(p));
        let scopes = scopes.map(|p| reader.joined(p));
        let facts = Facts {
            kind: trust.kind(),
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
            confirmation,
            key: Some(key.id()),
        };
        Ok(match &trust.grants {
            Some(grants) => grants.narrow(facts),
            None => Principal::new(facts),
        })
    }
}

/// A token with the issuer that it claims to be of.
struct Case<'t, 'v> {
    compact: Compact<'t>,
    trust: &'v Trust,
    presented: &'t PresentedCredential<'t>,
    slip: Option<(&'v Share, Slip)>,
}

impl TokenValidator for JwtValidator {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Jwt]
    }

    /// Counts one for each issuer; bounded are those with
    /// [`grants`](JwtValidatorBuilder::grants).
    fn authorities(&self) -> Authorities {
        let all = self.issuers.trusts().map(|trust| match trust.grants {
            Some(_) => Authorities::BOUNDED,
            None => Authorities::OUTSIDE,
        });
        all.fold(Authorities::OWN, Authorities::with)
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.examined()
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        let stores = self.issuers.trusts().filter_map(|trust| match &trust.keys {
            Keys::Fixed(_) => None,
            Keys::Store(store) => Some(store.warm_up()),
        });
        all(stores)
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let slip = self.slip(presented);
        if let Some(principal) = slip.as_ref().and_then(|slip| self.recall(slip, presented)) {
            return constrain(self.constraint.as_ref(), Ok(principal), presented);
        }
        let (compact, trust) = match self.begin(presented) {
            Ok(begun) => begun,
            Err(rejection) => return NowOrLater::now(Err(rejection)),
        };
        let mut case = Case {
            compact,
            trust,
            presented,
            slip,
        };
        let store = match &trust.keys {
            Keys::Fixed(keys) => {
                let judged = self.conclude(&mut case, keys);
                return constrain(self.constraint.as_ref(), judged, presented);
            }
            Keys::Store(store) => store,
        };
        ask!(find(store, &case.compact), |found| {
            let judged = found.and_then(|keys| self.conclude(&mut case, &keys));
            constrain(self.constraint.as_ref(), judged, presented)
        })
    }
}

fn find<'a>(
    store: &'a Arc<dyn KeyStore>,
    compact: &'a Compact<'_>,
) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
    store.find(KeyHint::new(kid(compact), compact.header.algorithm))
}

fn kid<'c>(compact: &'c Compact<'_>) -> Option<&'c str> {
    match compact.header.kid.as_ref()? {
        Text::Piece(piece) => Some(compact.header_piece(*piece)),
        Text::Owned(kid) => Some(kid),
    }
}

fn verify<'k>(compact: &Compact<'_>, keys: &'k KeySet) -> Result<&'k Key, RejectionKind> {
    let algorithm = compact.header.algorithm;
    if !keys.algorithms().contains(algorithm) {
        return Err(RejectionKind::AlgorithmNotAllowed);
    }
    let candidates = keys.select(algorithm, kid(compact))?;
    let verified = candidates.verify(compact.signed(), compact.signature());
    verified.ok_or(RejectionKind::SignatureInvalid)
}

#[cold]
fn binding_required() -> Rejection {
    Rejection::new(RejectionKind::BindingRequired).with_claim("cnf")
}

/// Returns where the scopes stand, with quotes or brackets.
fn scopes(claim: Option<&str>, claims: &Typed<'_>) -> Result<Option<TextRange>, Rejection> {
    let Some(name) = claim else {
        return Ok(claims.piece(Name::Scope));
    };
    let piece = claims.document().find(name);
    let value = piece.and_then(|p| claims.document().value(p));
    if value.is_some_and(|v| !claims::is_scope(v)) {
        let invalid = Rejection::new(RejectionKind::ClaimInvalid);
        return Err(invalid.with_claim(name.to_string()));
    }
    Ok(piece)
}

/// Reads the texts of a principal.
struct Reader<'d>(&'d mut Document);

impl Reader<'_> {
    /// Returns the content of a string, appended to the document if it may have escapes.
    fn string(&mut self, quoted: TextRange) -> TextRange {
        match self.0.escapes() {
            Escapes::Absent => TextRange::new(quoted.start() + 1, quoted.end().saturating_sub(1)),
            Escapes::Possible => self.0.append_joined(quoted),
        }
    }

    /// Returns the members of a string or an array with spaces between them.
    fn joined(&mut self, scopes: TextRange) -> TextRange {
        let scopes_value = self.0.value(scopes);
        if scopes_value.is_some_and(|v| v.kind() == Kind::String) {
            return self.string(scopes);
        }
        self.0.append_joined(scopes)
    }
}

impl fmt::Debug for JwtValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtValidator")
            .field("issuers", &self.issuers)
            .field("max_token_bytes", &self.max_token_bytes)
            .field("clock", &self.clock)
            .field("constraint", &self.constraint)
            .field("share", &self.share)
            .finish()
    }
}
