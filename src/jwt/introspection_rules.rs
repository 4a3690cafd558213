//! The rules of claims, for claims that an introspection endpoint vouches for (RFC 7662
//! section 2.2).

use super::Reader;
use super::binding_required;
use super::claims;
use super::claims::Typed;
use super::grants::Grants;
use super::header::without_application;
use super::issuer_rules::Names;
use super::issuer_rules::is_one_of;
use super::issuer_rules::missing;
use super::issuer_rules::of_another_type;
use super::names::Name;
use super::names::Slots;
use super::scopes;
use crate::clock::Leeway;
use crate::clock::UnixTime;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::json::Document;
use crate::json::TextRange;
use crate::json::Value;
use crate::principal::Authority;
use crate::principal::Facts;
use crate::principal::Principal;
use crate::principal::PrincipalKind;
use crate::principal::TokenId;
use crate::validator::Authorities;

/// What an endpoint is trusted with, and which claims it must make.
#[derive(Clone, Debug)]
pub(crate) struct AnswerRules {
    pub(crate) authority: Authority,
    issuers: Names,
    audiences: Names,
    grants: Option<Grants>,
    pub(crate) leeway: Leeway,
    pub(crate) scope_claim: Option<Box<str>>,
    pub(crate) token_type: TokenType,
    /// Whether possession of the key that a token is bound to will be checked.
    pub(crate) is_constrained: bool,
}

/// Whether `token_type` may be missing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TokenType {
    Optional,
    Required,
}

/// The claims of an active token.
pub(crate) struct Answer {
    pub(crate) document: Document,
    pub(crate) token_id: TokenId,
    pub(crate) now: UnixTime,
}

impl AnswerRules {
    /// Starts with rules that no issuer and no audience is checked by.
    pub(crate) fn new(authority: Authority) -> Self {
        Self {
            authority,
            issuers: Names::Any,
            audiences: Names::Any,
            grants: None,
            leeway: Leeway::default(),
            scope_claim: None,
            token_type: TokenType::Required,
            is_constrained: false,
        }
    }

    /// Demands that `iss`, where there is one, is one of these.
    pub(crate) fn trust_issuers(&mut self, issuers: Vec<Box<str>>) {
        self.issuers = Names::OneOf(issuers);
    }

    /// Demands one of these audiences.
    pub(crate) fn demand_audiences(&mut self, audiences: Vec<Box<str>>) {
        self.audiences = Names::OneOf(audiences);
    }

    /// Lets the endpoint assert these scopes and private claims alone.
    pub(crate) fn grant(&mut self, scopes: Vec<Box<str>>, claims: Vec<Box<str>>) {
        self.grants = Some(Grants { scopes, claims });
    }

    /// Returns the first of the issuers, if they are named.
    pub(crate) fn first_issuer(&self) -> Option<&str> {
        match &self.issuers {
            Names::Any => None,
            Names::OneOf(names) => names.first().map(|name| &**name),
        }
    }

    /// Says whether a list that was given is empty, or has an empty name.
    pub(crate) fn has_empty_names(&self) -> bool {
        [&self.issuers, &self.audiences]
            .iter()
            .any(|names| match names {
                Names::Any => false,
                Names::OneOf(names) => names.is_empty() || names.iter().any(|name| name.is_empty()),
            })
    }

    pub(crate) fn authorities(&self) -> Authorities {
        match self.grants {
            Some(_) => Authorities::BOUNDED,
            None => Authorities::OUTSIDE,
        }
    }

    /// Makes a principal of the claims, only if they are of their types and every rule holds.
    pub(crate) fn judge(&self, answer: Answer) -> Result<Principal, Rejection> {
        let Answer {
            mut document,
            token_id,
            now,
        } = answer;
        let slots = Slots::of(&document);
        let claims = Typed::read(&document, &slots)?;
        self.check(&claims, now)?;
        let scopes = scopes(self.scope_claim.as_deref(), &claims)?;
        let (times, confirmation) = (claims.times, claims.confirmation);
        let client = slots.find(Name::ClientId).or_else(|| slots.find(Name::Azp));
        let mut reader = Reader(&mut document);
        let subject = slots.find(Name::Sub).map(|p| reader.string(p));
        let client = client.map(|p| reader.string(p));
        let scopes = scopes.map(|p| reader.joined(p));
        let facts = Facts {
            kind: PrincipalKind::OpaqueToken,
            authority: self.authority.clone(),
            document,
            header: TextRange::default(),
            token_id: Some(token_id),
            subject,
            client,
            scopes,
            expires_at: times.expires_at,
            not_before: times.not_before,
            issued_at: times.issued_at,
            confirmation,
            key: None,
        };
        Ok(match &self.grants {
            Some(grants) => grants.narrow(facts),
            None => Principal::new(facts),
        })
    }

    fn check(&self, claims: &Typed<'_>, now: UnixTime) -> Result<(), Rejection> {
        check_purpose(claims)?;
        let is_bound = self.check_token_type(claims)?;
        self.check_issuer(claims)?;
        self.audiences.check(claims)?;
        self.check_times(claims, now)?;
        match claims.confirmation {
            Some(cnf) if !self.is_constrained || !cnf.is_understood() => Err(binding_required()),
            None if is_bound => Err(binding_required()),
            _ => Ok(()),
        }
    }

    /// Returns whether the type says that the token is bound to a key.
    fn check_token_type(&self, claims: &Typed<'_>) -> Result<bool, Rejection> {
        let Some(value) = token_type(claims) else {
            return match self.token_type {
                TokenType::Optional => Ok(false),
                TokenType::Required => {
                    let missing = Rejection::new(RejectionKind::ClaimMissing);
                    Err(missing.with_claim(TOKEN_TYPE))
                }
            };
        };
        let text = value.as_str().ok_or_else(|| claims::invalid(TOKEN_TYPE))?;
        match &*text {
            text if text.eq_ignore_ascii_case("Bearer") => Ok(false),
            text if text.eq_ignore_ascii_case("DPoP") => Ok(true),
            _ => Err(of_another_type(TOKEN_TYPE)),
        }
    }

    fn check_issuer(&self, claims: &Typed<'_>) -> Result<(), Rejection> {
        match (&self.issuers, claims.get(Name::Iss)) {
            (Names::OneOf(wanted), Some(iss)) if !is_one_of(claims, iss, wanted) => {
                Err(Rejection::new(RejectionKind::IssuerMismatch).with_claim("iss"))
            }
            _ => Ok(()),
        }
    }

    /// The time of issue is not judged: the endpoint knows the token.
    fn check_times(&self, claims: &Typed<'_>, now: UnixTime) -> Result<(), Rejection> {
        let times = &claims.times;
        match times.expires_at {
            Some(exp) if exp.has_passed(now, self.leeway) => {
                return Err(Rejection::new(RejectionKind::TokenExpired).with_claim("exp"));
            }
            // A refresh token is what often has neither.
            None if token_type(claims).is_none() => return Err(missing(Name::Exp)),
            _ => {}
        }
        if times
            .not_before
            .is_some_and(|t| t.is_in_future(now, self.leeway))
        {
            return Err(Rejection::new(RejectionKind::TokenNotYetValid).with_claim("nbf"));
        }
        Ok(())
    }
}

const TOKEN_TYPE: &str = "token_type";

fn token_type<'d>(claims: &Typed<'d>) -> Option<Value<'d>> {
    claims.document().get(TOKEN_TYPE)
}

/// Refuses what is no access token though it is active.
fn check_purpose(claims: &Typed<'_>) -> Result<(), Rejection> {
    let is_access = |v: Value<'_>| v.is_text("access") || v.is_text("access_token");
    if claims.get(Name::TokenUse).is_some_and(|v| !is_access(v)) {
        return Err(of_another_type("token_use"));
    }
    if claims.get(Name::Typ).is_some_and(is_other_typ) {
        return Err(of_another_type("typ"));
    }
    Ok(())
}

/// Says whether `typ` names another purpose, as a word or as a media type.
fn is_other_typ(typ: Value<'_>) -> bool {
    let Some(text) = typ.as_str() else {
        return true;
    };
    let name = without_application(&text);
    let word = name.split('+').next().unwrap_or_default();
    ["Refresh", "Offline", "ID", "Logout"]
        .iter()
        .any(|other| word.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_760_000_000;

    fn rules() -> AnswerRules {
        let mut rules = AnswerRules::new("https://idp.example.com".into());
        rules.demand_audiences(vec!["https://api.example.com".into()]);
        rules.trust_issuers(vec!["https://idp.example.com".into()]);
        rules
    }

    fn judged(rules: &AnswerRules, text: &str) -> Result<Principal, Rejection> {
        rules.judge(Answer {
            document: Document::parse(text.as_bytes()).unwrap(),
            token_id: TokenId::of_fingerprint([7; 32]),
            now: UnixTime::from_secs(NOW),
        })
    }

    /// The right answer with members replaced; what becomes empty is left out.
    fn with(changes: &[(&str, &str)]) -> String {
        let mut members = vec![
            ("active", "true"),
            ("aud", "\"https://api.example.com\""),
            ("exp", "1760000300"),
            ("sub", "\"alice\""),
            ("token_type", "\"Bearer\""),
        ];
        for (name, value) in changes {
            members.retain(|(other, _)| other != name);
            members.push((name, value));
        }
        members.retain(|(_, value)| !value.is_empty());
        let members: Vec<_> = members
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    }

    fn outcome(changes: &[(&str, &str)]) -> Option<(RejectionKind, Option<String>)> {
        let rejection = judged(&rules(), &with(changes)).err()?;
        Some((rejection.kind(), rejection.claim().map(str::to_owned)))
    }

    fn refused(kind: RejectionKind, claim: &str) -> Option<(RejectionKind, Option<String>)> {
        Some((kind, Some(claim.to_owned())))
    }

    #[test]
    fn an_active_answer_makes_a_principal() {
        let text = with(&[
            ("client_id", "\"app\""),
            ("scope", "\"a b\""),
            ("iss", "\"https://idp.example.com\""),
        ]);
        let principal = judged(&rules(), &text).unwrap();
        assert_eq!(principal.kind(), PrincipalKind::OpaqueToken);
        assert_eq!(principal.subject(), Some("alice"));
        assert_eq!(principal.client(), Some("app"));
        let scopes: Vec<_> = principal.scopes().unwrap().iter().collect();
        assert_eq!(scopes, ["a", "b"]);
        assert_eq!(principal.expires_at(), Some(UnixTime::from_secs(NOW + 300)));
        assert_eq!(principal.audience().count(), 1);
        assert!(principal.token_id().is_some());
    }

    #[test]
    fn absent_issuer_subject_and_expiry_pass_beside_a_token_type() {
        assert_eq!(outcome(&[("sub", ""), ("exp", "")]), None);
    }

    #[test]
    fn claims_that_are_there_are_checked_like_those_of_a_jwt() {
        for (name, value, kind) in [
            (
                "iss",
                "\"https://evil.example\"",
                RejectionKind::IssuerMismatch,
            ),
            (
                "iss",
                "[\"https://idp.example.com\"]",
                RejectionKind::ClaimInvalid,
            ),
            ("aud", "", RejectionKind::ClaimMissing),
            (
                "aud",
                "\"https://other.example\"",
                RejectionKind::AudienceMismatch,
            ),
            ("aud", "[]", RejectionKind::ClaimInvalid),
            ("exp", "1759999970", RejectionKind::TokenExpired),
            ("exp", "\"1760000300\"", RejectionKind::ClaimInvalid),
            ("exp", "null", RejectionKind::ClaimInvalid),
            ("nbf", "1760000031", RejectionKind::TokenNotYetValid),
            ("sub", "\"\"", RejectionKind::ClaimInvalid),
            ("scope", "1", RejectionKind::ClaimInvalid),
            ("client_id", "7", RejectionKind::ClaimInvalid),
            ("cnf", "{}", RejectionKind::BindingRequired),
            ("cnf", "1", RejectionKind::ClaimInvalid),
        ] {
            assert_eq!(
                outcome(&[(name, value)]),
                refused(kind, name),
                "{name} {value}"
            );
        }
        for (name, value) in [
            ("iss", "\"https://idp.example.com\""),
            ("aud", "[\"x\",\"https://api.example.com\"]"),
            ("exp", "1759999971"),
            ("nbf", "1760000030"),
            ("iat", "1760009999"),
        ] {
            assert_eq!(outcome(&[(name, value)]), None, "{name} {value}");
        }
    }

    #[test]
    fn token_type_is_bearer_in_any_case_and_nothing_else() {
        for value in ["\"Bearer\"", "\"bearer\"", "\"BEARER\""] {
            assert_eq!(outcome(&[("token_type", value)]), None, "{value}");
        }
        for (value, kind) in [
            ("", RejectionKind::ClaimMissing),
            ("null", RejectionKind::ClaimInvalid),
            ("\"refresh_token\"", RejectionKind::TypeMismatch),
            ("\"N_A\"", RejectionKind::TypeMismatch),
            ("\"\"", RejectionKind::TypeMismatch),
        ] {
            let refused = refused(kind, "token_type");
            assert_eq!(outcome(&[("token_type", value)]), refused, "{value}");
        }
        let bound = outcome(&[("token_type", "\"DPoP\"")]);
        assert_eq!(bound, refused(RejectionKind::BindingRequired, "cnf"));
    }

    #[test]
    fn without_a_token_type_the_end_must_be_there() {
        let mut rules = rules();
        rules.token_type = TokenType::Optional;
        assert!(judged(&rules, &with(&[("token_type", "")])).is_ok());
        let neither = with(&[("token_type", ""), ("exp", "")]);
        let rejection = judged(&rules, &neither).unwrap_err();
        assert_eq!(rejection.kind(), RejectionKind::ClaimMissing);
        assert_eq!(rejection.claim(), Some("exp"));
    }

    #[test]
    fn an_active_token_of_another_purpose_is_refused() {
        for (name, value) in [
            ("token_use", "\"refresh_token\""),
            ("token_use", "\"id\""),
            ("token_use", "1"),
            ("typ", "\"Refresh\""),
            ("typ", "\"refresh\""),
            ("typ", "\"Offline\""),
            ("typ", "\"ID\""),
            ("typ", "\"Logout\""),
            ("typ", "\"logout+jwt\""),
            ("typ", "1"),
        ] {
            let mismatch = refused(RejectionKind::TypeMismatch, name);
            assert_eq!(outcome(&[(name, value)]), mismatch, "{name} {value}");
        }
        for (name, value) in [
            ("token_use", "\"access\""),
            ("token_use", "\"access_token\""),
            ("typ", "\"Bearer\""),
            ("typ", "\"at+jwt\""),
        ] {
            assert_eq!(outcome(&[(name, value)]), None, "{name} {value}");
        }
    }

    #[test]
    fn an_endpoint_asserts_what_it_is_granted_and_no_more() {
        let mut rules = rules();
        rules.grant(vec!["a".into()], vec!["tenant".into()]);
        let text = with(&[("scope", "\"a b\""), ("tenant", "1"), ("role", "\"root\"")]);
        let principal = judged(&rules, &text).unwrap();
        let scopes: Vec<_> = principal.scopes().unwrap().iter().collect();
        assert_eq!(scopes, ["a"]);
        assert!(principal.claims().value("tenant").is_some());
        assert!(principal.claims().value("role").is_none());
        assert!(!rules.authorities().is_open());
    }
}
