//! The form of the claims.

use super::case::Case;
use super::wording::Wording;
use crate::json::{Kind, Rounding, Value, seconds};
use crate::jwt::claim_name::ClaimName;
use crate::jwt::contrast::{Shown, type_name};
use crate::jwt::facts::client;
use crate::limits;

impl Case<'_> {
    /// Returns true if every registered claim, and the one with the client, has the right form.
    pub(super) fn has_well_formed_claims(&self) -> bool {
        let claim = self.rules.and_then(|rules| rules.client_claim.as_deref());
        self.with_claims(|token| client(claim, token.claims).is_ok()) == Some(true)
    }

    pub(super) fn claims_passed(&self) -> Wording {
        let hints = [self.scope_hint(), self.client_hint()];
        let hints: Vec<_> = hints.into_iter().flatten().collect();
        let hint = (!hints.is_empty()).then(|| hints.join("; "));
        Wording::default().hint_if(hint)
    }

    /// Names the claim with the scopes, if it is another one than the one that is read.
    fn scope_hint(&self) -> Option<String> {
        let read = self.rules?.scope_claim.as_deref().unwrap_or("scope");
        if self.claim(read).is_some() {
            return None;
        }
        let claims = ["scope", "scp", "roles", "permissions"].into_iter();
        let found = claims.filter(|name| *name != read && self.claim(name).is_some());
        let found: Vec<_> = found.collect();
        let first = found.first()?;
        Some(format!(
            "the token has no {}, from which scopes are read, and has {}: read them with \
             `scopes_from(\"{first}\")`",
            Shown(read),
            quoted(&found)
        ))
    }

    /// Names the claim with the client, if it is another one than those that are read.
    pub(super) fn client_hint(&self) -> Option<String> {
        let is_read = |name: &str| self.claim(name).is_some();
        if self.rules?.client_claim.is_some() || is_read("client_id") || is_read("azp") {
            return None;
        }
        let found = ["cid", "appid", "client"]
            .into_iter()
            .find(|name| self.claim_text(name).is_some())?;
        Some(format!(
            "the token has no `client_id` or `azp`, and has `{found}`: if it is the client, use \
             `client_from(\"{found}\")`"
        ))
    }

    pub(super) fn claims_failed(&self, claim: Option<&str>) -> Wording {
        let Some((name, value)) = claim.and_then(|name| Some((name, self.claim(name)?))) else {
            return Wording::default();
        };
        let found = format!("{}: {}", Shown(name), type_name(value));
        Wording::new(expected(name), found).hint_if(hint(name, value))
    }
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn expected(name: &str) -> String {
    match ClaimName::known(name) {
        Some(ClaimName::Aud) => {
            "a string, or a non-empty array of strings, without control characters".to_owned()
        }
        Some(ClaimName::Exp | ClaimName::Nbf | ClaimName::Iat) => {
            format!("a number of seconds from 0 to {}", limits::TIME_MAX)
        }
        Some(ClaimName::Cnf) => "an object whose thumbprints are 32 bytes in base64url".to_owned(),
        Some(ClaimName::Act) => format!(
            "an object whose `sub` and `iss` are non-empty strings, nested by `act` at most {} deep",
            limits::ACTOR_DEPTH
        ),
        Some(ClaimName::Scope) => SCOPES.to_owned(),
        _ => "a non-empty string without control characters".to_owned(),
    }
}

fn hint(name: &str, value: Value<'_>) -> Option<String> {
    let known = ClaimName::known(name);
    let is_blank = matches!(
        known,
        Some(
            ClaimName::Sub
                | ClaimName::Azp
                | ClaimName::ClientId
                | ClaimName::Jti
                | ClaimName::Scope
        )
    );
    let is_time = matches!(
        known,
        Some(ClaimName::Exp | ClaimName::Nbf | ClaimName::Iat)
    );
    match value.kind() {
        Kind::Null if is_blank => Some(format!(
            "if the issuer writes `null` for a missing value, use `absent_if_null([\"{name}\"])`"
        )),
        Kind::String if is_blank && value.is_text("") => Some(format!(
            "if the issuer writes an empty string for a missing value, use \
             `absent_if_empty([\"{name}\"])`"
        )),
        Kind::Number if is_time && is_milliseconds(value) => {
            Some("the number looks like milliseconds; times are seconds (RFC 7519)".to_owned())
        }
        Kind::String if is_time => {
            Some("times are numbers (RFC 7519); the value is a string".to_owned())
        }
        Kind::Array
            if known == Some(ClaimName::Aud)
                && value.elements().is_some_and(|mut all| all.next().is_none()) =>
        {
            Some("an empty array is accepted only with `any_audience`".to_owned())
        }
        _ => None,
    }
}

/// Returns true for a time in milliseconds after the year 1978.
fn is_milliseconds(value: Value<'_>) -> bool {
    let plain: Option<u64> = value.raw().parse().ok();
    let is_time = seconds(value.bytes(), Rounding::Down).is_some();
    !is_time && plain.is_some_and(|millis| millis / 1_000 <= limits::TIME_MAX)
}

/// The form of a claim with scopes.
pub(super) const SCOPES: &str =
    "a string of scopes separated by spaces, or an array of strings without spaces";
