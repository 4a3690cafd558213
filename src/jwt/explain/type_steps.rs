//! Type and purpose of a token.

use super::case::Case;
use super::wording::Wording;
use crate::credential::without_application;
use crate::error::Rejection;
use crate::jwt::claim_name::ClaimName;
use crate::jwt::contrast::{Contrast, List, type_name};
use crate::jwt::issuer_rules::{AcceptedTypes, Purpose, RequiredType};
use crate::jwt::purpose::TokenPurpose;

impl Case<'_> {
    fn type_contrast(&self) -> Option<Contrast> {
        let typ = self.header_text("typ");
        Some(self.rules?.types.contrast(typ.as_deref()))
    }

    pub(super) fn type_passed(&self) -> Wording {
        self.type_contrast().map(Wording::from).unwrap_or_default()
    }

    pub(super) fn type_failed(&self, said: Option<&Contrast>, rejection: &Rejection) -> Wording {
        let claim = rejection.claim().unwrap_or_default();
        if claim == "typ" && !self.accepts_type() {
            let words = self.type_contrast().map(Wording::from).unwrap_or_default();
            return words.hint(self.type_hint());
        }
        if let (true, Some(Purpose::IdToken(rules))) =
            (claim == "azp", self.rules.map(|rules| &rules.purpose))
        {
            let expected = format!("`azp`: one of {}", List(rules.clients(), usize::MAX));
            let found = match self.claim("azp") {
                Some(value) => format!("`azp`: {} of another value", type_name(value)),
                None => "`azp` is absent, and there are several audiences".to_owned(),
            };
            return Wording::new(expected, found).hint(PRESENTED_BY);
        }
        let words = said.cloned().map(Wording::from).unwrap_or_default();
        words.hint(self.purpose_hint(claim))
    }

    /// Returns true if the `typ` of the header is accepted.
    fn accepts_type(&self) -> bool {
        let Some(rules) = self.rules else {
            return false;
        };
        let typ = self.header_text("typ");
        let typ = typ.as_deref().map(without_application);
        let is_named = |name: &str| typ.is_some_and(|typ| typ.eq_ignore_ascii_case(name));
        let is = |wanted: &RequiredType| is_named(wanted.as_str());
        match &rules.types {
            AcceptedTypes::Default => typ.is_none() || is_named("JWT") || is_named("at+jwt"),
            AcceptedTypes::IdToken => typ.is_none() || is_named("JWT"),
            AcceptedTypes::Only(wanted) => is(wanted),
            AcceptedTypes::OneOf(wanted) => wanted.iter().any(is),
        }
    }

    fn is_for_id_tokens(&self) -> bool {
        matches!(
            self.rules.map(|rules| &rules.purpose),
            Some(Purpose::IdToken(_))
        )
    }

    fn type_hint(&self) -> String {
        let typ = self.header_text("typ").unwrap_or_default();
        let typ = without_application(&typ);
        match TokenPurpose::of_type(typ) {
            Some(TokenPurpose::AccessToken) if self.is_for_id_tokens() => ACCESS_TOKEN.to_owned(),
            Some(TokenPurpose::AccessToken) | None => match self.is_for_id_tokens() {
                true => "send the ID token; its `typ` is `JWT` or absent".to_owned(),
                false => ANOTHER_TYPE.to_owned(),
            },
            Some(other) => format!(
                "the token is {}, which this validator never accepts",
                other.as_str()
            ),
        }
    }

    fn purpose_hint(&self, claim: &str) -> &'static str {
        let rules = self.rules.map(|rules| &rules.purpose);
        if let Some(Purpose::AccessToken(Some(mark))) = rules
            && *mark.claim == *claim
        {
            return "send the access token; if it is one, `access_mark` names a claim that it does \
                    not have";
        }
        if self.is_for_id_tokens() {
            return ACCESS_TOKEN;
        }
        match ClaimName::known(claim) {
            Some(ClaimName::Nonce) => {
                "usually an ID token: send the access token, and validate ID tokens with \
                 `id_token(client_id)`; if access tokens of this issuer have a `nonce`, name with \
                 `access_mark` a claim that only they have"
            }
            Some(
                ClaimName::AtHash
                | ClaimName::CHash
                | ClaimName::SHash
                | ClaimName::TokenUse
                | ClaimName::Typ,
            ) => {
                "usually an ID token or a refresh token: send the access token; ID tokens are \
                 validated with `id_token(client_id)`"
            }
            _ => {
                "send the access token; tokens of this purpose have validators of their own, and no \
                 option accepts them here"
            }
        }
    }
}

const ACCESS_TOKEN: &str = "an access token, or another one, where an ID token is due: send the ID \
                            token, or validate access tokens without `id_token(client_id)`";
const ANOTHER_TYPE: &str = "if access tokens of this issuer have this `typ`, name it with \
                            `require_type` or `accept_types`; `rfc9068` needs an issuer that sends \
                            `at+jwt`; an ID token is validated with `id_token(client_id)`";
const PRESENTED_BY: &str = "the token was issued to another client; name your own other clients with \
                            `presented_by`";
