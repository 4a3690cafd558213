//! HTTP responses to every kind of rejection.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use bearergate::http_response::{BodyStyle, ChallengeParams, Refusal, ResponseConfig};
use bearergate::policy::{Decision, Obligations};
use bearergate::{Rejection, RejectionKind};
use http::{HeaderName, Response, header};
use proptest::prelude::*;

const INVALID_TOKEN: &str = r#"Bearer realm="api", error="invalid_token", error_description="the credential is not accepted""#;
const INVALID_REQUEST: &str = r#"Bearer realm="api", error="invalid_request""#;
const PROOF: &str = r#"DPoP realm="api", error="invalid_dpop_proof""#;

/// Kind, status, challenge and `Retry-After` under the default configuration.
const TABLE: &[(&str, u16, Option<&str>, Option<&str>)] = &[
    (
        "credential_missing",
        401,
        Some(r#"Bearer realm="api""#),
        None,
    ),
    ("credential_ambiguous", 400, Some(INVALID_REQUEST), None),
    ("credential_malformed", 400, Some(INVALID_REQUEST), None),
    ("token_malformed", 401, Some(INVALID_TOKEN), None),
    ("token_too_large", 401, Some(INVALID_TOKEN), None),
    ("token_encrypted", 401, Some(INVALID_TOKEN), None),
    ("decryption_failed", 401, Some(INVALID_TOKEN), None),
    ("header_unsupported", 401, Some(INVALID_TOKEN), None),
    ("algorithm_not_allowed", 401, Some(INVALID_TOKEN), None),
    ("key_not_found", 401, Some(INVALID_TOKEN), None),
    ("key_ambiguous", 401, Some(INVALID_TOKEN), None),
    ("signature_invalid", 401, Some(INVALID_TOKEN), None),
    ("claim_missing", 401, Some(INVALID_TOKEN), None),
    ("claim_invalid", 401, Some(INVALID_TOKEN), None),
    ("issuer_mismatch", 401, Some(INVALID_TOKEN), None),
    ("audience_mismatch", 401, Some(INVALID_TOKEN), None),
    ("type_mismatch", 401, Some(INVALID_TOKEN), None),
    ("token_expired", 401, Some(INVALID_TOKEN), None),
    ("token_not_yet_valid", 401, Some(INVALID_TOKEN), None),
    ("token_issued_in_future", 401, Some(INVALID_TOKEN), None),
    ("token_inactive", 401, Some(INVALID_TOKEN), None),
    ("token_revoked", 401, Some(INVALID_TOKEN), None),
    ("cross_site_refused", 403, None, None),
    ("api_key_malformed", 401, Some(INVALID_TOKEN), None),
    ("api_key_unknown", 401, Some(INVALID_TOKEN), None),
    ("api_key_disabled", 401, Some(INVALID_TOKEN), None),
    ("api_key_expired", 401, Some(INVALID_TOKEN), None),
    ("session_unknown", 401, Some(INVALID_TOKEN), None),
    ("session_expired", 401, Some(INVALID_TOKEN), None),
    ("refresh_unknown", 400, None, None),
    ("refresh_expired", 400, None, None),
    ("refresh_reused", 400, None, None),
    ("binding_required", 401, Some(INVALID_TOKEN), None),
    ("binding_mismatch", 401, Some(INVALID_TOKEN), None),
    ("proof_invalid", 401, Some(PROOF), None),
    ("proof_replayed", 401, Some(PROOF), None),
    (
        "nonce_required",
        401,
        Some(r#"DPoP realm="api", error="use_dpop_nonce""#),
        None,
    ),
    ("message_unsigned", 401, Some(r#"Bearer realm="api""#), None),
    (
        "message_signature_invalid",
        401,
        Some(r#"Bearer realm="api""#),
        None,
    ),
    ("message_replayed", 401, Some(r#"Bearer realm="api""#), None),
    (
        "scope_insufficient",
        403,
        Some(r#"Bearer realm="api", error="insufficient_scope""#),
        None,
    ),
    ("access_denied", 403, None, None),
    (
        "step_up_required",
        401,
        Some(r#"Bearer realm="api", error="insufficient_user_authentication""#),
        None,
    ),
    ("address_denied", 403, None, None),
    ("tls_required", 403, None, None),
    ("rate_limited", 429, None, Some("5")),
    ("quota_exhausted", 429, None, Some("5")),
    ("credits_exhausted", 403, None, None),
    ("locked_out", 429, None, Some("5")),
    ("unavailable", 503, None, Some("5")),
];

fn config() -> ResponseConfig {
    ResponseConfig::builder()
        .realm(r#"the "orders" API"#)
        .resource_metadata("https://api.example.com/.well-known/oauth-protected-resource")
        .scope("orders:read")
        .dpop_algorithms("ES256 EdDSA")
        .body(BodyStyle::ProblemJson)
        .build()
        .unwrap()
}

fn lines(refusal: &Refusal) -> Vec<String> {
    let headers = refusal.headers();
    let lines = headers.get_all(header::WWW_AUTHENTICATE).into_iter();
    lines
        .map(|line| line.to_str().unwrap().to_owned())
        .collect()
}

fn params() -> ChallengeParams {
    ChallengeParams::new()
        .with_scope("orders:write orders:read")
        .and_then(|p| p.with_acr_values("urn:mace:incommon:iap:silver"))
        .and_then(|p| p.with_dpop_nonce("eyJ7S_zG.eyJH0-Z.HX4w-7v"))
        .unwrap()
        .with_max_age(Duration::from_secs(300))
        .with_retry_after(Duration::from_millis(1_500))
}

#[test]
fn every_kind_has_the_response_of_the_table() {
    let table: HashMap<_, _> = TABLE.iter().map(|row| (row.0, row)).collect();
    assert_eq!(table.len(), RejectionKind::ALL.len());
    for kind in RejectionKind::ALL {
        let (_, status, challenge, retry) = table[kind.as_str()];
        let refusal = Refusal::from(*kind);
        assert_eq!(refusal.status().as_u16(), *status, "{kind:?}");
        assert_eq!(
            lines(&refusal).first().map(String::as_str),
            *challenge,
            "{kind:?}"
        );
        assert!(lines(&refusal).len() < 2, "{kind:?}");
        let headers = refusal.headers();
        let wait = headers
            .get(header::RETRY_AFTER)
            .map(|v| v.to_str().unwrap());
        assert_eq!(wait, *retry, "{kind:?}");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{kind:?}");
        assert!(!headers.contains_key("dpop-nonce"), "{kind:?}");
        assert!(!headers.contains_key(header::CONTENT_TYPE), "{kind:?}");
        assert_eq!(refusal.body(), "", "{kind:?}");
    }
}

#[test]
fn unavailable_is_a_503_without_an_error_code() {
    let refusal = Refusal::from(RejectionKind::Unavailable);
    assert_eq!(refusal.status(), 503);
    assert_eq!(refusal.error_code(), None);
}

#[test]
fn missing_credential_has_a_challenge_for_each_offered_scheme_and_no_error() {
    let refusal = config().respond_to(RejectionKind::CredentialMissing);
    let metadata =
        r#"resource_metadata="https://api.example.com/.well-known/oauth-protected-resource""#;
    let bearer = format!(r#"Bearer realm="the \"orders\" API", scope="orders:read", {metadata}"#);
    let dpop = bearer.replace("Bearer", "DPoP") + r#", algs="ES256 EdDSA""#;
    assert_eq!(lines(&refusal), [dpop, bearer]);
    assert_eq!(refusal.error_code(), None);
}

#[test]
fn basic_is_offered_only_if_configured_and_only_with_a_401_for_a_credential() {
    let basic = r#"Basic realm="api""#;
    let config = ResponseConfig::builder().offer_basic().build().unwrap();
    for kind in RejectionKind::ALL {
        let (offered, plain) = (config.respond_to(*kind), Refusal::from(*kind));
        assert!(!lines(&plain).iter().any(|line| line.starts_with("Basic")));
        let (mut expected, is_bearer) = (lines(&plain), |line: &String| line.starts_with("Bearer"));
        let asks = plain.status() == 401 && expected.iter().any(is_bearer);
        let is_of_tokens = [
            RejectionKind::BindingRequired,
            RejectionKind::BindingMismatch,
            RejectionKind::StepUpRequired,
        ];
        if asks && !is_of_tokens.contains(kind) {
            expected.push(basic.to_owned());
        }
        assert_eq!(lines(&offered), expected, "{kind:?}");
    }
    let missing = config.respond_to(RejectionKind::CredentialMissing);
    assert_eq!(lines(&missing), [r#"Bearer realm="api""#, basic]);
    let malformed = config.respond_to(RejectionKind::CredentialMalformed);
    assert_eq!(lines(&malformed), [INVALID_REQUEST]);
}

#[test]
fn insufficient_scope_has_the_scopes() {
    let refusal = Refusal::from(RejectionKind::ScopeInsufficient).with_params(params());
    let expected =
        r#"Bearer realm="api", error="insufficient_scope", scope="orders:write orders:read""#;
    assert_eq!(lines(&refusal), [expected]);
}

#[test]
fn step_up_has_contexts_and_age() {
    let refusal = Refusal::from(RejectionKind::StepUpRequired).with_params(params());
    let expected = concat!(
        r#"Bearer realm="api", error="insufficient_user_authentication", "#,
        r#"acr_values="urn:mace:incommon:iap:silver", max_age="300""#
    );
    assert_eq!(lines(&refusal), [expected]);
}

#[test]
fn headers_of_the_denying_rule_are_sent_and_replace_no_others() {
    let wanted = [
        ("x-reason", "closed"),
        ("x-reason", "at night"),
        ("cache-control", "public"),
        ("content-type", "text/html"),
        ("vary", "cookie"),
    ];
    let duties = wanted
        .into_iter()
        .fold(Obligations::new(), |duties, (name, value)| {
            duties.with_header(HeaderName::from_static(name), value.parse().unwrap())
        });
    let denied = config().deny(Decision::deny().with_obligations(duties));
    let plain = config().deny(Decision::deny());
    let of = |refusal: &Refusal, name| -> Vec<_> {
        let headers = refusal.headers();
        let values = headers.get_all(name).into_iter();
        values.map(|v| v.to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of(&denied, "x-reason"), ["closed", "at night"]);
    assert_eq!(of(&denied, "vary"), ["cookie"]);
    for name in ["cache-control", "content-type"] {
        assert_eq!(of(&denied, name), of(&plain, name));
        assert!(!of(&plain, name).is_empty(), "{name}");
    }
    assert!(plain.headers().get("x-reason").is_none());
}

#[test]
fn nonce_is_sent_once_in_its_own_header() {
    let refusal = Refusal::from(RejectionKind::NonceRequired).with_params(params());
    let headers = refusal.headers();
    let nonces: Vec<_> = headers.get_all("dpop-nonce").into_iter().collect();
    assert_eq!(nonces, ["eyJ7S_zG.eyJH0-Z.HX4w-7v"]);
    assert_eq!(
        lines(&refusal),
        [r#"DPoP realm="api", error="use_dpop_nonce""#]
    );
}

#[test]
fn parameters_of_another_kind_are_not_sent() {
    for kind in [RejectionKind::AccessDenied, RejectionKind::TokenExpired] {
        let plain = Refusal::from(kind);
        let with = Refusal::from(kind).with_params(params());
        assert_eq!(lines(&with), lines(&plain));
        assert!(!with.headers().contains_key(header::RETRY_AFTER));
    }
}

#[test]
fn wrong_binding_has_a_dpop_challenge_if_dpop_is_offered() {
    for kind in [
        RejectionKind::BindingRequired,
        RejectionKind::BindingMismatch,
    ] {
        let lines = lines(&config().respond_to(kind));
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("DPoP realm="), "{lines:?}");
        assert!(lines[0].contains(r#"error="invalid_token""#), "{lines:?}");
        assert!(lines[0].ends_with(r#"algs="ES256 EdDSA""#), "{lines:?}");
    }
}

#[test]
fn refused_refresh_token_has_the_code_invalid_grant() {
    let refusal = Refusal::from(RejectionKind::RefreshReused);
    assert_eq!(refusal.error_code(), Some("invalid_grant"));
}

#[test]
fn retry_time_of_the_refusal_replaces_the_configured_one() {
    let config = ResponseConfig::builder().retry_after(Duration::from_secs(9));
    let config = config.build().unwrap();
    let refusal = config.respond_to(RejectionKind::RateLimited);
    assert_eq!(refusal.headers()[header::RETRY_AFTER], "9");
    let refusal = refusal.with_params(params());
    assert_eq!(refusal.headers()[header::RETRY_AFTER], "2");
}

#[test]
fn problem_document_has_its_content_type() {
    let refusal = config().respond_to(RejectionKind::AccessDenied);
    let response: Response<String> = refusal.into_response();
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "application/problem+json"
    );
    let expected = r#"{"title":"Forbidden","status":403,"detail":"the request is not allowed"}"#;
    assert_eq!(response.body(), expected);
}

#[test]
fn response_has_the_body_type_of_any_framework() {
    let refusal = config().respond_to(RejectionKind::TokenExpired);
    let text: Response<String> = refusal.clone().into_response();
    let bytes: Response<Vec<u8>> = refusal.clone().into_response();
    assert_eq!(text.body().as_bytes(), bytes.body());
    assert_eq!(text.status(), refusal.status());
    assert_eq!(text.headers(), &refusal.headers());
    let axum: Response<axum::body::Body> = refusal.into_response();
    assert_eq!(axum.status(), 401);
}

#[test]
fn response_has_the_rejection_as_an_extension() {
    let rejection = Rejection::new(RejectionKind::ClaimMissing).with_claim("exp");
    let response: Response<String> = Refusal::from(rejection).into_response();
    let kept = response.extensions().get::<Rejection>().unwrap();
    assert_eq!(kept.claim(), Some("exp"));
}

#[test]
fn only_the_kind_of_a_rejection_affects_the_response() {
    for kind in RejectionKind::ALL {
        let plain = config().respond_to(*kind);
        let rejection = Rejection::new(*kind)
            .with_claim("x\", error=\"s3cret")
            .with_source("s3cret\r\nx-evil: s3cret");
        let refusal = config().respond_to(rejection);
        assert_eq!(refusal.headers(), plain.headers());
        assert_eq!(refusal.body(), plain.body());
    }
}

#[test]
fn refusal_is_an_error_that_names_the_rejection_and_has_its_source() {
    let rejection = Rejection::new(RejectionKind::TokenExpired).with_claim("exp");
    let refusal = Refusal::from(rejection.clone());
    assert_eq!(
        refusal.to_string(),
        "refused with 401: the token is expired (claim `exp`)"
    );
    assert!(refusal.source().is_none());
    assert!(format!("{refusal:?}").contains("TokenExpired"));

    let refusal = Refusal::from(rejection.with_source("expected 2, found 1"));
    let source = refusal.source().unwrap();
    assert_eq!(source.to_string(), "expected 2, found 1");
}

#[test]
fn text_of_a_denial_has_its_reasons() {
    let denied = Decision::deny().because("suspended");
    let refusal = ResponseConfig::default().deny(denied);
    assert_eq!(
        refusal.to_string(),
        "refused with 403: the policy denies the request (denied: not_met (suspended))"
    );
}

proptest! {
    #[test]
    fn configured_texts_are_rejected_or_sent_unchanged(
        text in prop_oneof![any::<String>(), "[ -~]{1,20}", "[!-~]{1,20}"],
    ) {
        if let Ok(config) = ResponseConfig::builder().realm(text.as_str()).build() {
            let sent = lines(&config.respond_to(RejectionKind::CredentialMissing));
            let quoted = sent[0].strip_prefix("Bearer realm=\"").unwrap();
            prop_assert_eq!(unescape(quoted.strip_suffix('"').unwrap()), text.clone());
        }
        if let Ok(params) = ChallengeParams::new().with_acr_values(&text) {
            let refusal = Refusal::from(RejectionKind::StepUpRequired).with_params(params);
            let expected = format!("acr_values=\"{text}\"");
            prop_assert!(lines(&refusal)[0].ends_with(&expected));
        }
    }
}

fn unescape(quoted: &str) -> String {
    let mut chars = quoted.chars();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        assert_ne!(c, '"');
        text.push(if c == '\\' { chars.next().unwrap() } else { c });
    }
    text
}
