//! What is wrong with an introspection endpoint, found by asking it.

use std::error::Error;

use zeroize::Zeroizing;

use super::Inner;
use super::IntrospectionValidator;
use super::Question;
use super::cache::Digest;
use super::response;
use super::response::Problem;
use super::response::Reading;
use crate::client_auth::ClientAuthKind;
use crate::diagnosis::Finding;
use crate::error::Rejection;
use crate::now_or_later::NowOrLater;

/// Tokens that do not exist, an opaque one and a JWT.
const OPAQUE: &str = "bearergate-probe";
const JWT: &str = "eyJhbGciOiJFUzI1NiJ9.e30.YmVhcmVyZ2F0ZS1wcm9iZQ";

impl IntrospectionValidator {
    /// Asks the endpoint about a token that does not exist; for start and diagnosis.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable), with the reason as its source, unless the
    /// endpoint took the credentials and called the token inactive.
    pub fn probe(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        NowOrLater::later(async move {
            let probed = self.0.probe(OPAQUE).await;
            probed.map_err(|problem| problem.at(&self.0.caller.endpoint))
        })
    }
}

impl Inner {
    /// Finds out whether the endpoint judges tokens for this service, JWTs too if they come here.
    pub(super) async fn examined(&self, takes_jwts: bool) -> Vec<Finding> {
        let subject = format!("introspection {}", self.caller.endpoint);
        if let Err(problem) = self.probe(OPAQUE).await {
            return vec![self.broken(subject, problem)];
        }
        let text = "takes the credentials and tells active from inactive";
        let mut found = vec![Finding::ok(subject.as_str(), text)];
        if takes_jwts {
            found.extend(
                self.probe(JWT)
                    .await
                    .err()
                    .map(|problem| match problem.text {
                        response::UNSUPPORTED => Finding::warning(subject, NO_JWTS).hint(ADD_JUDGE),
                        _ => self.broken(subject, problem),
                    }),
            );
        }
        found
    }

    async fn probe(&self, token: &str) -> Result<(), Problem> {
        let unknown = Problem::new("the clock does not tell the time");
        let question = Question {
            token: Zeroizing::new(token.to_owned()),
            digest: Digest::default(),
            now: self.clock.now().ok_or(unknown)?,
        };
        let (answered, _) = self.call(&question).await;
        match self.read(answered, &question).await? {
            (Reading::Inactive, _) => Ok(()),
            (Reading::Active(_), _) => Err(Problem::new(CREDULOUS)),
        }
    }

    fn broken(&self, subject: String, problem: Problem) -> Finding {
        let remedy = match (problem.text, self.caller.auth.kind()) {
            (response::CREDENTIALS, ClientAuthKind::Bearer) => TOKEN,
            (response::CREDENTIALS, ClientAuthKind::Key) => KEY,
            (response::CREDENTIALS, ClientAuthKind::Secret) => SECRET,
            (response::NOT_ALLOWED, _) => ALLOW,
            (response::UNSUPPORTED, _) => OTHER_ENDPOINT,
            _ => ANSWER,
        };
        let rejection = problem.at(&self.caller.endpoint);
        Finding::error(subject, told(&rejection)).hint(remedy)
    }
}

fn told(rejection: &Rejection) -> String {
    let mut text = rejection.to_string();
    let mut next = rejection.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

const CREDULOUS: &str = "the endpoint calls a token active that does not exist";

const NO_JWTS: &str =
    "does not take JWTs (`unsupported_token_type`), and they come here: none can be judged";
const ADD_JUDGE: &str = "add a JWT judge for their issuer, which they go to then";

const ALLOW: &str = "let the provider allow this client to introspect";
const ANSWER: &str = "check the address of the endpoint, and name resolution, firewall, proxy and \
                      certificates between this host and it";
const KEY: &str = "register the public key at the provider for this client, under the key id that \
                   is sent, with `private_key_jwt` as its method; name the audience that the \
                   provider wants of assertions (`ClientKey::audience`: its issuer or its token \
                   endpoint, often); and let both hosts keep time";
const OTHER_ENDPOINT: &str = "check that the address is that of an introspection endpoint, and \
                              that the provider introspects access tokens there";
const SECRET: &str = "check client id and secret, that the provider takes them in the header \
                      (`secret_basic`) or in the form (`secret_post`) as they are sent, and that \
                      it lets this client introspect";
const TOKEN: &str = "check that the bearer token is this service's own and has not ended";
