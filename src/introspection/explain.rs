//! Explanation of tokens that an introspection endpoint knows.

use super::validator::IntrospectionValidator;
use crate::credential::{PresentedCredential, charset};
use crate::diagnosis::{Explanation, Step, StepList, error_chain};
use crate::error::{Rejection, RejectionKind};
use crate::now_or_later::NowOrLater;
use crate::validator::{TokenForm, constrain};

/// The steps in the order of the checks.
const STEPS: &[&str] = &[
    "scheme",
    "size",
    "form",
    "clock",
    "endpoint",
    "active",
    "claims",
    "type",
    "issuer",
    "audience",
    "expiry",
    "not_before",
    "binding",
];

impl IntrospectionValidator {
    /// Explains a token by the answer that validates it, which may be from the cache. No proof of
    /// possession is asked for.
    pub(super) fn explained<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        if let Err(kind) = self.0.parse(presented) {
            return NowOrLater::now(self.unasked(presented, kind));
        }
        let answered = self.answered(presented);
        let checked = answered.then(move |result| constrain(None, result, presented));
        checked.map(move |result| {
            let mut steps = StepList::new(STEPS);
            let Err(rejection) = result else {
                steps.add(Step::ok("endpoint").found(self.0.endpoint.url.to_string()));
                return steps.accept();
            };
            let step = self.answer_step(&rejection);
            // The endpoint may repeat the token in its answer.
            let explanation = steps.reject(rejection, step);
            explanation.without(presented.credential().expose())
        })
    }

    /// Explains a token about which the endpoint is not asked.
    fn unasked(&self, presented: &PresentedCredential<'_>, kind: RejectionKind) -> Explanation {
        let token = presented.credential().expose();
        let step = match kind {
            RejectionKind::CredentialMalformed => Step::failed("scheme")
                .expected("an access token under `Bearer` or `DPoP`")
                .found(format!("one under `{}`", presented.credential().scheme())),
            RejectionKind::TokenTooLarge => Step::failed("size")
                .expected(format!("at most {} bytes", self.0.max_token_bytes))
                .found(format!("{} bytes", token.len()))
                .hint("set `max_token_bytes` if the provider issues such tokens"),
            RejectionKind::Unavailable => Step::no_time(),
            _ => {
                let found = match (TokenForm::recognize(token), charset::b64token_flaw(token)) {
                    (TokenForm::SdJwt, _) => "an SD-JWT".to_owned(),
                    (_, Some(at)) => format!("another character at position {}", at + 1),
                    (_, None) => "an empty text".to_owned(),
                };
                Step::failed("form")
                    .expected("a token of letters, digits and `-._~+/=`, and no SD-JWT")
                    .found(found)
            }
        };
        StepList::new(STEPS).reject(kind.into(), step)
    }

    /// Returns the step that failed with this rejection, after the endpoint was asked.
    fn answer_step(&self, rejection: &Rejection) -> Step {
        let (name, expected, hint) = match rejection.kind() {
            RejectionKind::Unavailable => (
                "endpoint",
                "an answer of the endpoint",
                "the token may be valid; ask `Gate::doctor` about the endpoint",
            ),
            RejectionKind::TokenInactive => (
                "active",
                "`\"active\": true` from the endpoint",
                "the token expired or was revoked, is of another issuer or realm, or this client may \
                 not introspect it; a negative answer is cached for some seconds",
            ),
            RejectionKind::TokenTooLarge => (
                "endpoint",
                "a response within the limits of JSON",
                "the provider puts too much into its answer; let it send less",
            ),
            kind => claim_words(kind),
        };
        let found = error_chain(rejection);
        Step::failed(name)
            .expected(expected)
            .found(found)
            .hint(hint)
    }
}

/// Returns the step of a claim that is not accepted, what it expects, and what to do.
const fn claim_words(kind: RejectionKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        RejectionKind::TypeMismatch => (
            "type",
            "an access token",
            "let the client send its access token, not a refresh token or an ID token",
        ),
        RejectionKind::IssuerMismatch => (
            "issuer",
            "an `iss` that `issuer` names, byte for byte",
            "compare the issuers: a slash at the end is a difference",
        ),
        RejectionKind::AudienceMismatch => (
            "audience",
            "an `aud` that `audience` names, byte for byte",
            "let the client request the token for the audience of this service",
        ),
        RejectionKind::TokenExpired => (
            "expiry",
            "an `exp` after now",
            "let the client refresh its token; if it is new, compare the clocks",
        ),
        RejectionKind::TokenNotYetValid => (
            "not_before",
            "an `nbf` that is not after now",
            "compare the clocks of this host and of the provider",
        ),
        RejectionKind::BindingRequired | RejectionKind::BindingMismatch => (
            "binding",
            "a token whose binding fits its scheme, and a sender constraint for a bound one",
            "configure a `SenderConstraint`, or let the provider issue bearer tokens",
        ),
        _ => (
            "claims",
            "claims of the registered types in the answer",
            "look at the answer of the endpoint for this claim",
        ),
    }
}
