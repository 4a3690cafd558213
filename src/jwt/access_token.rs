//! What makes a verified token an access token.

use super::claim_name::ClaimName;
use super::claims::RegisteredClaims;
use super::contrast::{Contrast, Shown, type_name};
use super::header::Typ;
use super::purpose::{MARKS, TokenPurpose};
use super::rejections::marked;
use super::verified_token::VerifiedToken;
use crate::error::{ConfigError, Rejection, RejectionKind};
use crate::json::{Kind, Value};

/// A claim that only the access tokens of an issuer have.
#[derive(Clone)]
pub(super) struct AccessMark {
    pub(super) claim: Box<str>,
    /// Its value; without one the claim must be there and not `null`.
    pub(super) value: Option<Box<str>>,
}

impl AccessMark {
    /// Rejects a claim that other tokens have too.
    pub(super) fn check_name(&self) -> Result<(), ConfigError> {
        if self.claim.is_empty() {
            return Err(ConfigError::empty("access_mark", "name a claim"));
        }
        let known = ClaimName::known(&self.claim);
        let is_common = known.is_some_and(|name| {
            let is_mark = MARKS.iter().any(|(mark, _)| *mark == name);
            is_mark || COMMON.contains(&name)
        });
        if is_common {
            let detail = format!(
                "expected a claim that only access tokens have, found `{}`, which ID tokens or tokens of another purpose have too; name a claim \
                 that only access tokens have",
                self.claim
            );
            return Err(ConfigError::conflict("access_mark", detail));
        }
        Ok(())
    }

    #[cold]
    fn reject(&self, found: Option<Value<'_>>) -> Rejection {
        let mark = Shown(&self.claim);
        let expected = match self.value {
            Some(_) => format!("{mark} with its configured value, which marks access tokens"),
            None => format!("{mark}, which marks access tokens"),
        };
        let found = match found {
            Some(value) => format!("{mark}: {}", type_name(value)),
            None => format!("{mark} is absent"),
        };
        let mismatch = Contrast::new(expected, found).reject(RejectionKind::TypeMismatch);
        mismatch.with_claim(self.claim.to_string())
    }

    #[inline(never)]
    fn check(&self, claims: &RegisteredClaims<'_>) -> Result<(), Rejection> {
        let found = claims.find(&self.claim);
        let found = found.and_then(|p| claims.document().value(p));
        let holds = match &self.value {
            Some(wanted) => found.is_some_and(|v| v.is_text(wanted)),
            None => found.is_some_and(|v| v.kind() != Kind::Null),
        };
        if holds {
            return Ok(());
        }
        Err(self.reject(found))
    }
}

/// The claims of every ID token, and the one that it shares with some access tokens.
const COMMON: [ClaimName; 6] = [
    ClaimName::Iss,
    ClaimName::Sub,
    ClaimName::Aud,
    ClaimName::Exp,
    ClaimName::Iat,
    ClaimName::Nonce,
];

/// Rejects a token without the mark of access tokens, if there is one, and a token with a claim that
/// only tokens of another purpose have, unless its `typ` is that of access tokens.
pub(super) fn check(
    token: &VerifiedToken<'_, '_>,
    mark: Option<&AccessMark>,
) -> Result<(), Rejection> {
    let claims = token.claims;
    if let Some(mark) = mark {
        mark.check(claims)?;
    }
    if token.typ == Typ::AccessToken {
        return Ok(());
    }
    check_marks(claims, TokenPurpose::AccessToken)?;
    let is_bearer = claims
        .get(ClaimName::Typ)
        .is_some_and(|v| is_word(v, "Bearer"));
    if claims.has(ClaimName::Nonce) && !is_bearer && mark.is_none() {
        let other = TokenPurpose::IdToken.as_str();
        return Err(marked("nonce", TokenPurpose::AccessToken, other));
    }
    Ok(())
}

/// Rejects a token with a claim that only tokens of another purpose than this one have.
pub(super) fn check_marks(
    claims: &RegisteredClaims<'_>,
    own: TokenPurpose,
) -> Result<(), Rejection> {
    for (name, purpose) in &MARKS {
        if claims.has(*name) && *purpose != own {
            return Err(marked(name.as_str(), own, purpose.as_str()));
        }
    }
    let token_use = claims.get(ClaimName::TokenUse);
    if token_use.is_some_and(|v| !v.is_text(own.token_use())) {
        return Err(marked("token_use", own, OTHER));
    }
    let is_own = |v: Value<'_>| v.as_str().is_some_and(|t| own.is_word(&t));
    if claims.get(ClaimName::Typ).is_some_and(|v| !is_own(v)) {
        return Err(marked("typ", own, OTHER));
    }
    Ok(())
}

/// What a claim marks that has a value for each purpose.
const OTHER: &str = "a token of another purpose by its value";

fn is_word(value: Value<'_>, word: &str) -> bool {
    value.as_str().is_some_and(|t| t.eq_ignore_ascii_case(word))
}

impl std::fmt::Debug for AccessMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The value may be a secret of the deployment.
        write!(f, "AccessMark({:?})", self.claim)
    }
}
