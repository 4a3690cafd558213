//! Which challenge a refusal has: the scheme of the credential that was presented, and what the
//! validators check.

use bearergate::clock::UnixTime;
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::crypto::Algorithm;
use bearergate::error::ConfigErrorKind;
use bearergate::http_response::ResponseConfig;
use bearergate::policy::Decision;
use bearergate::principal::Confirmation;
use bearergate::validator::{Proofs, SenderConstraint};
use bearergate::{Gate, NowOrLater, Rejection, RejectionKind, require_scope};
use http::HeaderValue;

use crate::common::*;

/// Says what it checks, and accepts every proof but that of a request with `bad-proof`.
#[derive(Clone, Debug)]
struct Checks {
    proofs: Proofs,
    nonce: Option<HeaderValue>,
}

impl Checks {
    fn new(proofs: Proofs) -> Self {
        Self {
            proofs,
            nonce: None,
        }
    }

    fn dpop() -> Self {
        Self::new(Proofs::dpop([Algorithm::Es256, Algorithm::EdDsa]))
    }

    fn with_nonce(mut self) -> Self {
        self.nonce = Some(HeaderValue::from_static("first"));
        self
    }
}

impl SenderConstraint for Checks {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let headers = presented.facts().unwrap().headers();
        NowOrLater::now(match headers.contains_key("bad-proof") {
            true => Err(Rejection::new(RejectionKind::NonceRequired)
                .with_nonce(HeaderValue::from_static("next"))),
            false => Ok(()),
        })
    }

    fn check_unbound(&self, _: &PresentedCredential<'_>) -> Result<(), Rejection> {
        match self.proofs.is_required() {
            true => Err(RejectionKind::BindingRequired.into()),
            false => Ok(()),
        }
    }

    fn proofs(&self) -> Proofs {
        self.proofs
    }

    fn nonce(&self, _: UnixTime) -> Option<HeaderValue> {
        self.nonce.clone()
    }
}

fn gate(checks: Checks) -> Gate {
    let validator = validator().sender_constraint(checks).build().unwrap();
    let gate = builder().validator(validator);
    gate.authorizer(require_scope("write")).build().unwrap()
}

/// The challenges of a refused request, each cut after its error code, and its `DPoP-Nonce`.
fn challenges(gate: &Gate, headers: &[(&str, &str)]) -> (Vec<String>, Option<String>) {
    let refusal = drive(gate.check(&request(headers))).unwrap_err();
    let headers = refusal.headers();
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let lines = headers.get_all("www-authenticate").iter().map(text);
    let lines = lines.map(|line| line.replace(r#" realm="api","#, ""));
    let lines = lines.map(|line| {
        let description = r#" error_description="the credential is not accepted","#;
        line.replace(description, "").replace(
            r#", error_description="the credential is not accepted""#,
            "",
        )
    });
    (lines.collect(), headers.get("dpop-nonce").map(text))
}

fn under(scheme: &str, token: &str) -> Vec<(&'static str, String)> {
    vec![("authorization", format!("{scheme} {token}"))]
}

fn lines(gate: &Gate, scheme: &str, token: &str) -> Vec<String> {
    let headers = under(scheme, token);
    let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    challenges(gate, &headers).0
}

const ALGS: &str = r#"algs="EdDSA Ed25519 ES256""#;

#[test]
fn default_sources_take_dpop_where_a_validator_checks_proofs() {
    let ours = gate(Checks::dpop());
    let headers = under(
        "DPoP",
        &token(&format!(r#"{},"scope":"write""#, cnf("jkt", 1))),
    );
    let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    assert_eq!(kind(drive(ours.check(&request(&headers)))), None);
    let plain = gate(Checks::new(Proofs::CERTIFICATE));
    assert_eq!(
        kind(drive(plain.check(&request(&headers)))),
        Some(RejectionKind::CredentialMissing)
    );
}

#[test]
fn sources_without_dpop_are_refused_where_a_validator_checks_proofs() {
    let build = |sources: Sources| {
        let validator = validator()
            .sender_constraint(Checks::dpop())
            .build()
            .unwrap();
        let gate = builder().validator(validator).sources(sources);
        gate.allow_any_authenticated().build()
    };
    assert!(build(Sources::builder().dpop().build().unwrap()).is_ok());
    let error = build(Sources::builder().build().unwrap()).unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ConfigErrorKind::Conflict, "sources")
    );
    assert!(error.to_string().contains("`.dpop()`"), "{error}");
}

#[test]
fn algorithms_of_challenges_are_those_that_the_validators_check() {
    let build = |names: &str| {
        let validator = validator()
            .sender_constraint(Checks::dpop())
            .build()
            .unwrap();
        let challenge = ResponseConfig::builder()
            .dpop_algorithms(names)
            .build()
            .unwrap();
        let gate = builder().validator(validator).challenge(challenge);
        gate.allow_any_authenticated().build()
    };
    assert!(build("EdDSA Ed25519 ES256").is_ok());
    let error = build("ES256").unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ConfigErrorKind::Conflict, "dpop_algorithms")
    );
}

#[test]
fn a_missing_credential_has_a_challenge_for_each_scheme_and_the_first_nonce() {
    let both = gate(Checks::dpop().with_nonce());
    let expected = vec![format!("DPoP {ALGS}"), "Bearer realm=\"api\"".to_owned()];
    assert_eq!(challenges(&both, &[]), (expected, Some("first".to_owned())));
    let plain = gate(Checks::dpop());
    assert_eq!(challenges(&plain, &[]).1, None);
}

#[test]
fn bearer_is_not_offered_where_only_dpop_can_pass() {
    let proofs = Checks::dpop().proofs.required();
    let only = gate(Checks::new(proofs));
    assert_eq!(challenges(&only, &[]).0, [format!("DPoP {ALGS}")]);
    let both = gate(Checks::new(proofs.and(Proofs::CERTIFICATE)));
    assert_eq!(challenges(&both, &[]).0.len(), 2);
}

// RFC 9449 section 7.1, RFC 6750 section 3.1, RFC 9470 section 3.
// Defect E50 (challenge of another scheme than that of the credential): docs/defects.md
#[test]
fn a_challenge_for_another_token_has_the_scheme_of_the_one_that_was_presented() {
    let gate = gate(Checks::dpop());
    let (bound, plain) = (bound(1), token(""));
    let scope = |scheme: &str, algs: &str| {
        vec![format!(
            r#"{scheme} error="insufficient_scope", scope="write"{algs}"#
        )]
    };
    assert_eq!(lines(&gate, "Bearer", &plain), scope("Bearer", ""));
    let algs = format!(", {ALGS}");
    for scheme in ["DPoP", "dpop", "DPOP"] {
        assert_eq!(lines(&gate, scheme, &bound), scope("DPoP", &algs));
    }
    let invalid =
        |scheme: &str, algs: &str| vec![format!(r#"{scheme} error="invalid_token"{algs}"#)];
    assert_eq!(lines(&gate, "Bearer", "a.b.c"), invalid("Bearer", ""));
    assert_eq!(lines(&gate, "DPoP", "a.b.c"), invalid("DPoP", &algs));
}

#[test]
fn the_second_step_has_the_scheme_of_the_first() {
    let gate = gate(Checks::dpop());
    for (scheme, text) in [("DPoP", bound(1)), ("Bearer", token(""))] {
        let headers = under(scheme, &text);
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let request = request(&headers);
        let caller = drive(gate.authenticate(&request)).unwrap();
        let refusal = drive(gate.authorize(&caller.request())).unwrap_err();
        let headers = refusal.headers();
        let line = headers["www-authenticate"].to_str().unwrap();
        assert!(line.starts_with(scheme), "{line}");
        assert_eq!(headers.get_all("www-authenticate").iter().count(), 1);
    }
}

#[test]
fn a_nonce_of_the_constraint_is_sent_with_a_dpop_challenge_only() {
    let gate = gate(Checks::dpop().with_nonce());
    let headers = under("DPoP", &bound(1));
    let mut headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    headers.push(("bad-proof", "1"));
    let (lines, nonce) = challenges(&gate, &headers);
    assert_eq!(lines, [format!(r#"DPoP error="use_dpop_nonce", {ALGS}"#)]);
    assert_eq!(nonce.as_deref(), Some("next"));
    // Another refusal of a request with a credential has none.
    let headers = under("DPoP", "a.b.c");
    let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    assert_eq!(challenges(&gate, &headers).1, None);
}

#[test]
fn a_decision_that_the_service_makes_has_the_scheme_that_it_names() {
    let config = ResponseConfig::builder()
        .dpop_algorithms("ES256")
        .build()
        .unwrap();
    let refusal = config.deny(Decision::scope_insufficient(["write"]));
    let line = |refusal: &bearergate::http_response::Refusal| {
        refusal.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert!(line(&refusal).starts_with("Bearer "));
    let refusal = refusal.with_scheme(bearergate::credential::Scheme::Dpop);
    assert!(line(&refusal).starts_with("DPoP "));
}
