//! Explanations of a load balancer's tokens.

use std::error::Error;

use super::alb_validator::AlbRules;
use crate::diagnosis::{Explanation, Step};
use crate::error::{Rejection, RejectionKind};
use crate::jwt::contrast::{Contrast, Shown};
use crate::limits;

/// The steps, in the order of the checks.
const STEPS: [&str; 13] = [
    "size",
    "shape",
    "header",
    "signer",
    "key",
    "signature",
    "claims",
    "issuer",
    "client",
    "expiry",
    "not_before",
    "issued_at",
    "binding",
];

impl AlbRules {
    /// Explains a result. No value of the token is shown except its times.
    pub(super) fn explanation(&self, result: Result<(), Rejection>) -> Explanation {
        let failed = result.as_ref().err().map(failed_step);
        let failed = failed.and_then(|name| STEPS.iter().position(|step| *step == name));
        let steps = STEPS.iter().enumerate().map(|(at, name)| {
            let is_absent = *name == "issuer" && self.issuer.is_none();
            match (&result, failed) {
                (Err(rejection), Some(failed)) if at == failed => self.failed(name, rejection),
                (_, Some(failed)) if at > failed => Step::skipped(name),
                _ if is_absent || *name == "binding" => Step::skipped(name),
                _ => Step::ok(name),
            }
        });
        let steps = steps.collect();
        match result {
            Ok(()) => Explanation::accepted(steps),
            Err(rejection) => Explanation::rejected(rejection, steps),
        }
    }

    fn failed(&self, name: &'static str, rejection: &Rejection) -> Step {
        let source = rejection.source();
        let contrast = source.and_then(|source| source.downcast_ref::<Contrast>());
        if let Some(Contrast { expected, found }) = contrast {
            return Step::failed(name)
                .expected(expected.as_str())
                .found(found.as_str());
        }
        let found = match (rejection.kind(), rejection.claim()) {
            (RejectionKind::ClaimMissing, Some(claim)) => format!("`{claim}` is absent"),
            (_, Some(claim)) => format!("`{claim}`: another value"),
            (_, None) => rejection.to_string(),
        };
        let step = Step::failed(name)
            .expected(self.expected(name))
            .found(found);
        match hint(name) {
            Some(hint) => step.hint(hint),
            None => step,
        }
    }

    fn expected(&self, name: &str) -> String {
        match name {
            "size" => {
                let (token, header) = (limits::TOKEN_BYTES, limits::HEADER_BYTES);
                format!("at most {token} bytes, and {header} of the decoded header")
            }
            "shape" => {
                "three segments of base64url with padding, the first two of them objects of \
                        strict JSON"
                    .to_owned()
            }
            "header" => "`alg` ES256, `kid` a UUID, `typ` JWT or absent, and no `crit`, `b64` or \
                         `enc`"
                .to_owned(),
            "signer" => format!("`signer` {}", Shown(&self.load_balancer)),
            "key" => "the key of the region for the token's `kid`".to_owned(),
            "signature" => "a valid ES256 signature".to_owned(),
            "issuer" => {
                let issuer = self.issuer.as_deref().unwrap_or_default();
                format!("`iss` {}", Shown(issuer))
            }
            "client" => format!("`client` {}", Shown(&self.client)),
            "expiry" => "`exp` in the header or in the claims".to_owned(),
            "binding" => "no `cnf`".to_owned(),
            _ => "registered claims of their types".to_owned(),
        }
    }
}

/// Returns the step that has made a rejection.
fn failed_step(rejection: &Rejection) -> &'static str {
    match (rejection.kind(), rejection.claim()) {
        (RejectionKind::TokenTooLarge, _) => "size",
        (RejectionKind::TokenMalformed | RejectionKind::TokenEncrypted, _) => "shape",
        (
            RejectionKind::HeaderUnsupported
            | RejectionKind::AlgorithmNotAllowed
            | RejectionKind::TypeMismatch,
            _,
        ) => "header",
        (_, Some("signer")) => "signer",
        (_, Some("client")) => "client",
        (RejectionKind::IssuerMismatch, _) | (RejectionKind::ClaimMissing, Some("iss")) => "issuer",
        (RejectionKind::SignatureInvalid, _) => "signature",
        (RejectionKind::TokenExpired, _) | (RejectionKind::ClaimMissing, Some("exp")) => "expiry",
        (RejectionKind::TokenNotYetValid, _) => "not_before",
        (RejectionKind::TokenIssuedInFuture, _) => "issued_at",
        (RejectionKind::BindingRequired, _) => "binding",
        (RejectionKind::ClaimInvalid | RejectionKind::ClaimMissing, _) => "claims",
        _ => "key",
    }
}

fn hint(name: &str) -> Option<&'static str> {
    match name {
        "shape" => Some("a JWT of an issuer is not padded: validate it with a `JwtValidator`"),
        "signer" => Some("the token is of another load balancer: compare its ARN"),
        "client" => Some("the rule of the load balancer has another client: compare its id"),
        "issuer" => Some("compare the issuer of the rule, byte for byte"),
        _ => None,
    }
}
