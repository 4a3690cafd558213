//! The checks of the claims in an introspection response (RFC 7662 section 2.2).

use super::checks::is_one_of;
use super::claim_name::{ClaimName, Slots};
use super::claims::RegisteredClaims;
use super::contrast::{Contrast, SOURCE_NAMES};
use super::facts::{FactReader, client, scopes};
use super::grants::Grants;
use super::issuer_rules::AcceptedNames;
use super::purpose::{MARKS, TokenPurpose};
use super::rejections;
use super::rejections::{missing, type_mismatch};
use crate::clock::{Leeway, UnixTime};
use crate::credential::without_application;
use crate::error::{ConfigError, Rejection, RejectionKind};
use crate::json::{Document, TextRange, Value};
use crate::principal::{Authority, Facts, Principal, PrincipalKind, TokenId};
use crate::validator::{Authorities, check_trimmed};

/// The rules for the claims of one introspection endpoint.
#[derive(Clone, Debug)]
pub(crate) struct IntrospectionRules {
    pub(crate) authority: Authority,
    issuers: AcceptedNames,
    audiences: AcceptedNames,
    grants: Option<Grants>,
    pub(crate) leeway: Leeway,
    pub(crate) scope_claim: Option<Box<str>>,
    pub(crate) token_type: TokenType,
    /// Whether a sender constraint is configured, which checks bound tokens.
    pub(crate) is_constrained: bool,
}

/// Whether `token_type` may be missing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TokenType {
    Optional,
    Required,
}

/// The claims of an active token.
pub(crate) struct ActiveClaims {
    pub(crate) document: Document,
    pub(crate) token_id: TokenId,
    pub(crate) now: UnixTime,
}

impl IntrospectionRules {
    /// Returns rules that accept every issuer and every audience.
    pub(crate) fn new(authority: Authority) -> Self {
        Self {
            authority,
            issuers: AcceptedNames::Any,
            audiences: AcceptedNames::Any,
            grants: None,
            leeway: Leeway::default(),
            scope_claim: None,
            token_type: TokenType::Required,
            is_constrained: false,
        }
    }

    /// Requires `iss`, if it is present, to be one of these.
    pub(crate) fn require_issuers(&mut self, issuers: Vec<Box<str>>) {
        self.issuers = AcceptedNames::OneOf(issuers);
    }

    /// Requires one of these audiences.
    pub(crate) fn require_audiences(&mut self, audiences: Vec<Box<str>>) {
        self.audiences = AcceptedNames::OneOf(audiences);
    }

    /// Limits what the endpoint may assert to these scopes and private claims.
    pub(crate) fn grant(&mut self, scopes: Vec<Box<str>>, claims: Vec<Box<str>>) {
        self.grants = Some(Grants { scopes, claims });
    }

    /// Returns whether audiences are named.
    pub(crate) const fn has_audiences(&self) -> bool {
        matches!(self.audiences, AcceptedNames::OneOf(_))
    }

    /// Returns the first accepted issuer, if issuers are named.
    pub(crate) fn first_issuer(&self) -> Option<&str> {
        match &self.issuers {
            AcceptedNames::Any => None,
            AcceptedNames::OneOf(names) => names.first().map(|name| &**name),
        }
    }

    /// Rejects a list that is empty or has a name that no token has.
    pub(crate) fn check_names(&self) -> Result<(), ConfigError> {
        for (field, names) in [("issuers", &self.issuers), ("audiences", &self.audiences)] {
            if let AcceptedNames::OneOf(names) = names {
                check_trimmed(field, names)?;
            }
        }
        if self.scope_claim.as_deref() == Some("") {
            return Err(ConfigError::empty(
                "scopes_from",
                "name a member of the response",
            ));
        }
        Ok(())
    }

    pub(crate) fn authorities(&self) -> Authorities {
        match self.grants {
            Some(_) => Authorities::BOUNDED,
            None => Authorities::OUTSIDE,
        }
    }

    /// Returns a principal only if the claims have the right types and every rule holds.
    pub(crate) fn validate(&self, claims: ActiveClaims) -> Result<Principal, Rejection> {
        let ActiveClaims {
            mut document,
            token_id,
            now,
        } = claims;
        let slots = Slots::in_document(&document);
        let claims = RegisteredClaims::read(&document, &slots, self.audiences.if_empty())?;
        self.check(&claims, now)?;
        let scopes = scopes(self.scope_claim.as_deref(), &claims)?;
        let (times, confirmation) = (claims.times, claims.confirmation);
        let client = client(None, &claims)?;
        let mut reader = FactReader(&mut document);
        let subject = slots.find(ClaimName::Sub).map(|p| reader.string(p));
        let client = client.map(|p| reader.string(p));
        let scopes = scopes.map(|p| reader.joined(p));
        let mut facts = Facts {
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
            is_issued_within_second: times.is_issued_within_second,
            is_encrypted: false,
            confirmation,
            key: None,
        };
        if let Some(grants) = &self.grants {
            grants.narrow(&mut facts, self.scope_claim.as_deref());
        }
        Ok(Principal::new(facts))
    }

    fn check(&self, claims: &RegisteredClaims<'_>, now: UnixTime) -> Result<(), Rejection> {
        check_purpose(claims)?;
        let is_bound = self.check_token_type(claims)?;
        if let AcceptedNames::OneOf(wanted) = &self.issuers
            && let Some(iss) = claims.get(ClaimName::Iss)
            && !is_one_of(claims, iss, wanted)
        {
            let names = wanted.iter().map(|name| &**name);
            let contrast = Contrast::of_names("iss", names, Some(iss), SOURCE_NAMES);
            return Err(rejections::issuer_mismatch().with_source(contrast));
        }
        self.audiences.check(claims)?;
        self.check_times(claims, now)?;
        match claims.confirmation {
            Some(cnf) if !self.is_constrained || !cnf.is_understood() => {
                Err(rejections::binding_required())
            }
            // The word does not replace the key (RFC 9449 section 6.2).
            _ if is_bound && claims.confirmation.is_none_or(|cnf| cnf.jkt().is_none()) => {
                Err(rejections::binding_required())
            }
            _ => Ok(()),
        }
    }

    /// Returns true if the type means that the token is bound to a key.
    fn check_token_type(&self, claims: &RegisteredClaims<'_>) -> Result<bool, Rejection> {
        let Some(value) = token_type(claims) else {
            return match self.token_type {
                TokenType::Optional => Ok(false),
                TokenType::Required => {
                    let missing = Rejection::new(RejectionKind::ClaimMissing);
                    Err(missing.with_claim(TOKEN_TYPE))
                }
            };
        };
        let text = value
            .as_str()
            .ok_or_else(|| rejections::invalid(TOKEN_TYPE))?;
        match &*text {
            text if text.eq_ignore_ascii_case("Bearer") => Ok(false),
            text if text.eq_ignore_ascii_case("DPoP") => Ok(true),
            _ => Err(type_mismatch(TOKEN_TYPE)),
        }
    }

    /// Does not check `iat`: the endpoint knows the token, and says that it is active.
    fn check_times(&self, claims: &RegisteredClaims<'_>, now: UnixTime) -> Result<(), Rejection> {
        let times = &claims.times;
        match times.expires_at {
            Some(exp) if exp.has_passed(now, self.leeway) => {
                return Err(rejections::expired(exp, now, self.leeway));
            }
            // A token with neither is often a refresh token.
            None if token_type(claims).is_none() => return Err(missing(ClaimName::Exp)),
            _ => {}
        }
        if let Some(nbf) = times.not_before
            && nbf.is_in_future(now, self.leeway)
        {
            return Err(rejections::not_yet_valid(nbf, now, self.leeway));
        }
        Ok(())
    }
}

const TOKEN_TYPE: &str = "token_type";

fn token_type<'d>(claims: &RegisteredClaims<'d>) -> Option<Value<'d>> {
    claims.document().get(TOKEN_TYPE)
}

/// Rejects an active token that is not an access token.
///
/// `nonce` marks one only if the endpoint does not say the type of the token.
fn check_purpose(claims: &RegisteredClaims<'_>) -> Result<(), Rejection> {
    let typ = claims.get(ClaimName::Typ);
    let typ = match typ.map(Value::as_str) {
        Some(None) => return Err(type_mismatch("typ")),
        Some(text) => text,
        None => None,
    };
    let typ = typ.as_deref().map(without_application);
    let named = typ.and_then(TokenPurpose::of_claim);
    if named.is_some_and(|purpose| purpose != TokenPurpose::AccessToken) {
        return Err(type_mismatch("typ"));
    }
    let is_access = |v: Value<'_>| v.is_text("access") || v.is_text("access_token");
    if claims
        .get(ClaimName::TokenUse)
        .is_some_and(|v| !is_access(v))
    {
        return Err(type_mismatch("token_use"));
    }
    if typ.is_some_and(|typ| TokenPurpose::of_type(typ) == Some(TokenPurpose::AccessToken)) {
        return Ok(());
    }
    if let Some((mark, _)) = MARKS.iter().find(|(mark, _)| claims.has(*mark)) {
        return Err(type_mismatch(mark.as_str()));
    }
    if claims.has(ClaimName::Nonce) && token_type(claims).is_none() && named.is_none() {
        return Err(type_mismatch("nonce"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_760_000_000;

    fn rules() -> IntrospectionRules {
        let mut rules = IntrospectionRules::new("https://idp.example.com".into());
        rules.require_audiences(vec!["https://api.example.com".into()]);
        rules.require_issuers(vec!["https://idp.example.com".into()]);
        rules
    }

    fn validated(rules: &IntrospectionRules, text: &str) -> Result<Principal, Rejection> {
        rules.validate(ActiveClaims {
            document: Document::parse(text.as_bytes()).unwrap(),
            token_id: TokenId::of_fingerprint([7; 32]),
            now: UnixTime::from_secs(NOW),
        })
    }

    /// A valid response with members replaced, or removed if the value is empty.
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
        let rejection = validated(&rules(), &with(changes)).err()?;
        Some((rejection.kind(), rejection.claim().map(str::to_owned)))
    }

    fn rejected(kind: RejectionKind, claim: &str) -> Option<(RejectionKind, Option<String>)> {
        Some((kind, Some(claim.to_owned())))
    }

    #[test]
    fn active_token_becomes_a_principal() {
        let text = with(&[
            ("client_id", "\"app\""),
            ("scope", "\"a b\""),
            ("iss", "\"https://idp.example.com\""),
        ]);
        let principal = validated(&rules(), &text).unwrap();
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
    fn issuer_subject_and_expiry_may_be_absent_with_a_token_type() {
        assert_eq!(outcome(&[("sub", ""), ("exp", "")]), None);
    }

    #[test]
    fn claims_in_a_response_are_checked_like_those_of_a_jwt() {
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
                rejected(kind, name),
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
    fn token_type_must_be_bearer_in_any_case() {
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
            let expected = rejected(kind, "token_type");
            assert_eq!(outcome(&[("token_type", value)]), expected, "{value}");
        }
        let bound = outcome(&[("token_type", "\"DPoP\"")]);
        assert_eq!(bound, rejected(RejectionKind::BindingRequired, "cnf"));
    }

    #[test]
    fn without_a_token_type_expiry_is_required() {
        let mut rules = rules();
        rules.token_type = TokenType::Optional;
        assert!(validated(&rules, &with(&[("token_type", "")])).is_ok());
        let neither = with(&[("token_type", ""), ("exp", "")]);
        let rejection = validated(&rules, &neither).unwrap_err();
        assert_eq!(rejection.kind(), RejectionKind::ClaimMissing);
        assert_eq!(rejection.claim(), Some("exp"));
    }

    #[test]
    fn active_token_of_another_purpose_is_rejected() {
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
            let mismatch = rejected(RejectionKind::TypeMismatch, name);
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
    fn response_with_the_mark_of_another_purpose_is_rejected() {
        for name in [
            "at_hash",
            "c_hash",
            "s_hash",
            "events",
            "sd_hash",
            "_sd",
            "_sd_alg",
            "vct",
            "vc",
            "vp",
            "status_list",
            "sub_id",
        ] {
            let mismatch = rejected(RejectionKind::TypeMismatch, name);
            assert_eq!(outcome(&[(name, "\"x\"")]), mismatch, "{name}");
            let named = [(name, "\"x\""), ("typ", "\"at+jwt\"")];
            assert_eq!(outcome(&named), None, "{name}");
        }
        for typ in ["dpop+jwt", "application/kb+jwt", "StatusList+jwt", "vc+jwt"] {
            let typ = format!("\"{typ}\"");
            let mismatch = rejected(RejectionKind::TypeMismatch, "typ");
            assert_eq!(outcome(&[("typ", &typ)]), mismatch, "{typ}");
        }
    }

    #[test]
    fn nonce_is_a_mark_only_if_the_type_of_the_token_is_unknown() {
        let mut rules = rules();
        rules.token_type = TokenType::Optional;
        let nonce = |more: &[(&'static str, &'static str)]| {
            let members = [&[("nonce", "\"n\"")], more].concat();
            let result = validated(&rules, &with(&members));
            result
                .err()
                .map(|r| r.claim().unwrap_or_default().to_owned())
        };
        assert_eq!(nonce(&[]), None);
        assert_eq!(nonce(&[("token_type", "")]), Some("nonce".to_owned()));
        assert_eq!(nonce(&[("token_type", ""), ("typ", "\"Bearer\"")]), None);
    }

    #[test]
    fn empty_list_of_audiences_is_no_audience() {
        let mut open = IntrospectionRules::new("https://idp.example.com".into());
        open.token_type = TokenType::Optional;
        assert!(validated(&open, &with(&[("aud", "[]")])).is_ok());
        assert!(validated(&open, &with(&[("aud", "[7]")])).is_err());
    }

    #[test]
    fn endpoint_asserts_only_what_it_is_granted() {
        let mut rules = rules();
        rules.grant(vec!["a".into()], vec!["tenant".into()]);
        let text = with(&[("scope", "\"a b\""), ("tenant", "1"), ("role", "\"root\"")]);
        let principal = validated(&rules, &text).unwrap();
        let scopes: Vec<_> = principal.scopes().unwrap().iter().collect();
        assert_eq!(scopes, ["a"]);
        assert!(principal.claims().value("tenant").is_some());
        assert!(principal.claims().value("role").is_none());
        assert!(!rules.authorities().is_open());
        rules.scope_claim = Some("scp".into());
        rules.grant(vec!["a".into()], vec!["scp".into()]);
        let principal = validated(&rules, &with(&[("scp", "\"a b\"")])).unwrap();
        assert_eq!(principal.claims().value("scp").unwrap().raw(), "\"a\"");
    }
}
