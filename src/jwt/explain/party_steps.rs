//! Issuer and audience of a token.

use super::case::Case;
use super::issuer_hints::{address_hint, issuer_hint};
use super::wording::Wording;
use crate::jwt::claim_name::ClaimName;
use crate::jwt::contrast::Contrast;
use crate::jwt::issuer_rules::{AcceptedIssuers, AcceptedNames, Purpose};

impl Case<'_> {
    pub(super) fn issuer_passed(&self) -> Option<Wording> {
        if self.issuers.any().is_some() {
            return None;
        }
        let contrast = self.issuers.contrast(self.claim("iss"), usize::MAX);
        Some(contrast.into())
    }

    pub(super) fn issuer_failed(&self, said: Option<&Contrast>) -> Wording {
        let iss = self.claim("iss");
        let contrast = self.issuers.contrast(iss, usize::MAX);
        let is_of_pattern = self
            .rules
            .is_some_and(|rules| matches!(rules.issuers, AcceptedIssuers::Like(_)));
        if let Some(said) = said.filter(|_| is_of_pattern) {
            return Wording::from(said.clone())
                .hint("the pattern matches, and its closure does not allow this tenant");
        }
        let words = Wording::from(contrast);
        let Some(iss) = iss else {
            return words.hint(NO_ISSUER);
        };
        let Some(iss) = iss.as_str() else {
            return words.hint("`iss` must be one string; no option accepts another type");
        };
        let names = self.issuers.rules().flat_map(|rules| {
            let exact = rules.issuer_names().iter().map(|name| name.to_string());
            exact.chain(rules.issuer_pattern())
        });
        let hint = names.into_iter().find_map(|name| issuer_hint(&name, &iss));
        words.hint(hint.unwrap_or(OTHER_ISSUER))
    }

    /// Returns the audiences of which a token must have one.
    fn audiences(&self) -> Option<Vec<&str>> {
        let rules = self.rules?;
        let AcceptedNames::OneOf(names) = &rules.audiences else {
            return None;
        };
        match &rules.purpose {
            Purpose::IdToken(rules) => Some(rules.audiences().collect()),
            _ => Some(names.iter().map(|name| &**name).collect()),
        }
    }

    fn audience_contrast(&self, names: &[&str]) -> Contrast {
        let aud = self.claim("aud");
        Contrast::of_names("aud", names.iter().copied(), aud, usize::MAX)
    }

    pub(super) fn audience_passed(&self) -> Option<Wording> {
        Some(self.audience_contrast(&self.audiences()?).into())
    }

    pub(super) fn audience_failed(&self) -> Wording {
        let names = self.audiences().unwrap_or_default();
        let words = Wording::from(self.audience_contrast(&names));
        let Some(aud) = self.claim("aud") else {
            return words.hint(NO_AUDIENCE);
        };
        let found: Vec<_> = match aud.elements() {
            Some(elements) => elements.filter_map(|v| v.as_str()).collect(),
            None => aud.as_str().into_iter().collect(),
        };
        let near = found
            .iter()
            .find_map(|found| names.iter().find_map(|name| address_hint(name, found)));
        if let Some(hint) = near {
            return words.hint(hint);
        }
        let has = |text: &str| found.iter().any(|found| &**found == text);
        let is_client = [ClaimName::Azp, ClaimName::ClientId]
            .into_iter()
            .any(|name| {
                self.claim_text(name.as_str())
                    .is_some_and(|client| has(&client))
            });
        words.hint(match &self.rules.map(|rules| &rules.purpose) {
            Some(Purpose::IdToken(_)) => OTHER_CLIENT,
            _ if has(GRAPH) => FOR_GRAPH,
            _ if is_client || self.has_sign_of_login() => ID_TOKEN,
            _ if has("account") => KEYCLOAK,
            _ => OTHER_AUDIENCE,
        })
    }

    /// Returns true for claims that ID tokens have.
    fn has_sign_of_login(&self) -> bool {
        let signs = ["nonce", "at_hash", "auth_time"];
        signs.iter().any(|name| self.claim(name).is_some())
    }
}

const NO_ISSUER: &str = "the token names no issuer; if the issuer sends none, `any_issuer` accepts \
                         every token that its keys verify";
const OTHER_ISSUER: &str = "the token is of another issuer or environment; configure its issuer \
                            byte for byte, several with `JwtValidator::join`";
const NO_AUDIENCE: &str = "request a token for the audience of this service; if the issuer sets \
                           none, use `any_audience` together with `allow_clients`";
const OTHER_AUDIENCE: &str = "let the client request a token for the audience of this service; a \
                              service with several names has `audiences`";
const OTHER_CLIENT: &str = "the ID token is for another client, or for further audiences: name those \
                            that you trust with `trusted_audiences`";
const ID_TOKEN: &str = "the audience is a client, as in an ID token: send the access token, \
                        requested for the audience of this service; for ID tokens use \
                        `id_token(client_id)`";
const KEYCLOAK: &str = "Keycloak needs an audience mapper in a client scope; without one, check the \
                        client with `providers::keycloak_clients`";
const FOR_GRAPH: &str = "the token is for Microsoft Graph: request the scope of this service, such as \
                         `api://<client id>/.default`";
/// The id of Microsoft Graph, the audience of tokens for it.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
