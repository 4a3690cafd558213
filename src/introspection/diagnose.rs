//! Diagnosis of an introspection endpoint, by calling it.

use zeroize::Zeroizing;

use super::cache::Digest;
use super::response;
use super::response::{EndpointProblem, TokenState};
use super::shared::{Shared, TokenQuery};
use super::validator::IntrospectionValidator;
use crate::diagnosis::Finding;
use crate::error::Rejection;
use crate::now_or_later::NowOrLater;

/// Tokens that do not exist, an opaque one and a JWT.
const OPAQUE: &str = "bearergate-probe";
const JWT: &str = "eyJhbGciOiJFUzI1NiJ9.e30.YmVhcmVyZ2F0ZS1wcm9iZQ";

impl IntrospectionValidator {
    /// Asks the endpoint about a token that does not exist, to check the configuration, for example
    /// when a service starts.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable), with the reason as its source,
    /// unless the endpoint accepts the credentials and reports the token as inactive.
    pub fn probe(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        NowOrLater::later(async move {
            let probed = self.0.probe(OPAQUE).await;
            probed.map_err(|problem| self.0.unavailable(problem))
        })
    }
}

impl Shared {
    /// Checks whether the endpoint accepts this service's requests, and JWTs if this validator
    /// receives them.
    pub(super) async fn findings(&self, takes_jwts: bool) -> Vec<Finding> {
        let subject = format!("introspection {}", self.endpoint.url);
        if let Err(problem) = self.probe(OPAQUE).await {
            let warning = self.endpoint.url.plain_http_finding(&subject);
            return Vec::from_iter(warning.into_iter().chain([self.broken(subject, problem)]));
        }
        let text = "accepts the credentials and reports an unknown token as inactive";
        let mut findings = vec![Finding::ok(subject.as_str(), text)];
        findings.extend(self.endpoint.url.plain_http_finding(&subject));
        if takes_jwts {
            findings.extend(
                self.probe(JWT)
                    .await
                    .err()
                    .map(|problem| match problem.text {
                        response::UNSUPPORTED => {
                            Finding::warning(subject, NO_JWTS).hint(ADD_VALIDATOR)
                        }
                        _ => self.broken(subject, problem),
                    }),
            );
        }
        findings
    }

    async fn probe(&self, token: &str) -> Result<(), EndpointProblem> {
        let unknown = EndpointProblem::new("the clock reports no time").remedy(CLOCK);
        let query = TokenQuery {
            token: Zeroizing::new(token.to_owned()),
            digest: Digest::default(),
            now: self.clock.now().ok_or(unknown)?,
        };
        let (response, _) = self.call(&query).await;
        match self.read(response, &query).await? {
            (TokenState::Inactive, _) => Ok(()),
            (TokenState::Active(_) | TokenState::TooLarge, _) => {
                Err(EndpointProblem::new(ACCEPTS_ANY))
            }
        }
    }

    fn broken(&self, subject: String, problem: EndpointProblem) -> Finding {
        let hint = problem.advice(self.endpoint.auth.kind());
        Finding::error(subject, problem.text_with_causes()).hint(hint)
    }
}

const ACCEPTS_ANY: &str = "expected an unknown token to be inactive, found it active";

const NO_JWTS: &str = "does not take JWTs (`unsupported_token_type`), but this validator receives \
                       them: all are rejected";
const CLOCK: &str = "check the clock that the validator was given";
const ADD_VALIDATOR: &str = "add a JWT validator for their issuer to the gate";
