//! The requirements of the configuration, and the binding of a token to a key.

use std::time::Duration;

use super::case::Case;
use super::claim_steps::SCOPES;
use super::wording::Wording;
use crate::error::{Rejection, RejectionKind};
use crate::jwt::claim_name::ClaimName;
use crate::jwt::contrast::{List, Shown, type_name};
use crate::jwt::requirement::Requirement;
use crate::jwt::verified_token::VerifiedToken;
use crate::principal::ClaimValue;

impl Case<'_> {
    pub(super) fn demands_passed(&self) -> Option<Wording> {
        let count = self.rules?.requirements.len();
        (count > 0).then(|| {
            let plural = if count == 1 { "" } else { "s" };
            Wording::expecting(format!("{count} requirement{plural} of the configuration"))
        })
    }

    pub(super) fn demands_failed(&self, rejection: &Rejection) -> Wording {
        let claim = rejection.claim().unwrap_or_default();
        let found = match self.claim(claim) {
            Some(value) => format!("{}: {}", Shown(claim), type_name(value)),
            None => format!("{} is absent", Shown(claim)),
        };
        let Some(rules) = self.rules else {
            return Wording::default();
        };
        let failed = self.with_claims(|token| {
            let mut requirements = rules.requirements.iter();
            let failed = requirements.find(|r| r.check(token, rules.leeway).is_err())?;
            Some(self.requirement(failed, token, found.clone()))
        });
        failed.flatten().unwrap_or_else(|| {
            // Only the claim with the scopes is read after the requirements.
            Wording::new(format!("{}: {SCOPES}", Shown(claim)), found)
        })
    }

    fn requirement(
        &self,
        requirement: &Requirement,
        token: &VerifiedToken<'_, '_>,
        found: String,
    ) -> Wording {
        match requirement {
            Requirement::Present(name) => {
                let name = name.as_str();
                let hint = self.claim(name).map(|_| COUNTS_AS_ABSENT);
                Wording::new(format!("the claim `{name}`"), found).hint_if(hint)
            }
            Requirement::Value(name, value) => {
                // The value may be a secret of the deployment.
                let kind = match value {
                    ClaimValue::Bool(_) => "boolean",
                    ClaimValue::Integer(_) => "whole number",
                    ClaimValue::Text(_) => "string",
                };
                let expected = format!("{}: the {kind} that is configured", Shown(name));
                Wording::new(expected, found)
                    .hint("`require_claim` compares type and value; nothing is converted")
            }
            Requirement::Clients { claim, clients } => {
                let names = clients.iter().map(|client| &**client);
                let claim = claim.as_deref().unwrap_or("client_id` or `azp");
                let expected = format!("`{claim}`: one of {}", List(names, usize::MAX));
                Wording::new(expected, found).hint_if(self.client_hint())
            }
            Requirement::MaxAge(most) => self.max_age(*most, token, found),
            Requirement::MaxLifetime(most) => max_lifetime(*most, token, found),
            Requirement::Check(name, _) => {
                let expected = format!("the check {} holds", Shown(name));
                Wording::new(expected, format!("it does not; {found}"))
            }
        }
    }

    fn max_age(&self, most: Duration, token: &VerifiedToken<'_, '_>, absent: String) -> Wording {
        let (most, now) = (most.as_secs(), token.now.as_secs());
        let leeway = self.rules.map_or(0, |rules| rules.leeway.as_secs());
        let expected = format!(
            "`iat` at most {most} seconds before {now} (now), with a leeway of {leeway} seconds"
        );
        let found = token.claims.times.issued_at.map_or(absent, |iat| {
            let iat = iat.as_secs();
            format!("{iat}, {} seconds before now", now.saturating_sub(iat))
        });
        Wording::new(expected, found).hint("the client must obtain a new token, or raise `max_age`")
    }

    /// Says that the proof of a bound token was not asked for.
    pub(super) fn binding_skipped(&self) -> Option<Wording> {
        let is_bound = self.has(ClaimName::Cnf);
        is_bound.then(|| Wording::default().hint(NOT_ASKED))
    }

    pub(super) fn binding_failed(&self, kind: RejectionKind) -> Wording {
        if kind == RejectionKind::BindingMismatch {
            return Wording::new(
                "`cnf` with `jkt`: a token under the scheme `DPoP` is bound to a key",
                "no such `cnf`",
            )
            .hint("send the token as `Bearer`, or request a bound one with a DPoP proof");
        }
        if self.has_constraint {
            return Wording::new(
                "`cnf` with a method that is known",
                "`cnf` with another method",
            )
            .hint("let the issuer bind tokens by `jkt` or `x5t#S256` only");
        }
        Wording::new("no `cnf`, or a sender constraint", "`cnf`, and no sender constraint").hint(
            "configure a check of the proof with `sender_constraint`, or let the issuer send bearer \
             tokens",
        )
    }
}

fn max_lifetime(most: Duration, token: &VerifiedToken<'_, '_>, absent: String) -> Wording {
    let times = &token.claims.times;
    let expected = format!("at most {} seconds from `iat` to `exp`", most.as_secs());
    let span = times.issued_at.zip(times.expires_at);
    let found = span.map_or(absent, |(iat, exp)| {
        format!("{} seconds", exp.as_secs().saturating_sub(iat.as_secs()))
    });
    Wording::new(expected, found).hint("let the issuer shorten it, or raise `max_lifetime`")
}

const COUNTS_AS_ABSENT: &str = "the claim counts as absent: `absent_if_empty`, `absent_if_null`";
const NOT_ASKED: &str = "the token is bound to a key; the sender constraint is not asked here, \
                         because a proof is good for one check, so a request can still be rejected";
