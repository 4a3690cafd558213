//! The responses of a token endpoint for refresh tokens: RFC 6749 sections 5.1, 5.2 and 6.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bearergate::clock::FakeClock;
use bearergate::grant::{GrantError, GrantErrorKind};
use bearergate::issuer::{
    AccessClaims, JwtIssuer, RefreshForm, TokenError, TokenErrorKind, TokenResponse,
};
use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
use bearergate::request::RequestFacts;
use bearergate::stores::MemoryGrantStore;
use bearergate::{Rejection, RejectionKind};
use http::{HeaderValue, Response, StatusCode};
use serde_json::Value;

use crate::common::{API, NOW, issuer, signing_keys, validate};

const CLIENT: &str = "shop";

struct Endpoint {
    clock: FakeClock,
    tokens: RefreshManager,
    issuer: JwtIssuer,
}

impl Endpoint {
    fn new() -> Self {
        let (issuer, clock) = issuer(signing_keys());
        let store = Arc::new(MemoryGrantStore::new(100));
        let tokens = RefreshManager::builder(store, "service").clock(clock.clone());
        let tokens = tokens.build().unwrap();
        Self {
            clock,
            tokens,
            issuer,
        }
    }

    fn first(&self) -> String {
        let new = NewRefreshToken::new("alice", CLIENT).scopes(["orders:read", "orders:write"]);
        now(self.tokens.create(new)).unwrap().secret.reveal()
    }

    async fn refresh(&self, client: &str, form: &[u8]) -> Result<TokenResponse, TokenError> {
        let form = RefreshForm::parse(form)?;
        let rotated = self.tokens.rotate(form.rotate_request(client)?).await?;
        let grant = rotated.record.grant();
        let mut claims = AccessClaims::of_grant(grant, client, API);
        if let Some(scope) = form.scope() {
            claims = claims.scopes(scope.split(' '));
        }
        let scope = form
            .scope()
            .or(grant.scopes())
            .unwrap_or_default()
            .to_owned();
        let answer = TokenResponse::of_minted(&self.issuer.mint(&claims)?).scope(scope);
        Ok(answer.refresh_token(rotated.secret))
    }

    fn respond(&self, client: &str, form: &str) -> Response<String> {
        match now(self.refresh(client, form.as_bytes())) {
            Ok(answer) => answer.into_response(),
            Err(error) => error.into_response(),
        }
    }
}

/// Takes the value of a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let ready = match std::pin::pin!(future).poll(&mut cx) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    };
    ready.unwrap()
}

fn form(token: &str) -> String {
    format!("grant_type=refresh_token&refresh_token={token}")
}

/// The code in the body, after a check of what all errors have.
fn code(response: &Response<String>) -> String {
    let body: Value = serde_json::from_str(response.body()).unwrap();
    let text = body["error_description"].as_str().unwrap();
    // RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E.
    let is_legal = |b: u8| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\';
    assert!(text.bytes().all(is_legal), "{text}");
    assert_eq!(body.as_object().unwrap().len(), 2);
    assert_no_store(response);
    body["error"].as_str().unwrap().to_owned()
}

fn assert_no_store(response: &Response<String>) {
    let header = |name: &str| response.headers()[name].to_str().unwrap();
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("pragma"), "no-cache");
    assert_eq!(header("content-type"), "application/json");
}

#[test]
fn a_refresh_is_answered_with_an_access_token_and_the_next_refresh_token() {
    let endpoint = Endpoint::new();
    let response = endpoint.respond(CLIENT, &form(&endpoint.first()));
    assert_eq!(response.status(), StatusCode::OK);
    assert_no_store(&response);
    let body: Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 300);
    assert_eq!(body["scope"], "orders:read orders:write");
    assert_eq!(body.as_object().unwrap().len(), 5);
    let access = body["access_token"].as_str().unwrap();
    let jwks = endpoint.issuer.jwks().body().to_owned();
    assert_eq!(
        validate(access, &jwks, NOW).unwrap().subject(),
        Some("alice")
    );
    let next = body["refresh_token"].as_str().unwrap();
    let again = endpoint.respond(CLIENT, &form(next));
    assert_eq!(again.status(), StatusCode::OK);
}

#[test]
fn fewer_scopes_can_be_asked_for_and_more_are_refused_without_spending_the_token() {
    let endpoint = Endpoint::new();
    let token = endpoint.first();
    for more in ["admin", "orders:read+admin", "orders:Read", "orders"] {
        let response = endpoint.respond(CLIENT, &format!("{}&scope={more}", form(&token)));
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(code(&response), "invalid_scope", "{more}");
    }
    let response = endpoint.respond(CLIENT, &format!("{}&scope=orders%3Aread", form(&token)));
    assert_eq!(response.status(), StatusCode::OK);
    let body: Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!(body["scope"], "orders:read");
    let jwks = endpoint.issuer.jwks().body().to_owned();
    let access = validate(body["access_token"].as_str().unwrap(), &jwks, NOW).unwrap();
    let scopes: Vec<_> = access.scopes().unwrap().iter().collect();
    assert_eq!(scopes, ["orders:read"]);
    // The grant has all of its scopes still.
    let next = body["refresh_token"].as_str().unwrap();
    let response = endpoint.respond(CLIENT, &format!("{}&scope=orders:write", form(next)));
    assert_eq!(response.status(), StatusCode::OK);
}

#[test]
fn a_repeat_that_asks_for_more_is_refused_and_its_family_stays() {
    let endpoint = Endpoint::new();
    let store = Arc::new(MemoryGrantStore::new(100));
    let tokens = RefreshManager::builder(store, "service").clock(endpoint.clock.clone());
    let tokens = tokens
        .reuse_window(Duration::from_secs(10))
        .build()
        .unwrap();
    let first = now(tokens.create(NewRefreshToken::new("alice", CLIENT).scopes(["a"]))).unwrap();
    let first = first.secret.reveal();
    let second = now(tokens.rotate(RotateRequest::new(&first, CLIENT))).unwrap();
    let second = second.secret.reveal();
    let more = now(tokens.rotate(RotateRequest::new(&first, CLIENT).scope("b")));
    assert_eq!(more.unwrap_err().kind(), RejectionKind::ScopeInsufficient);
    let same = now(tokens.rotate(RotateRequest::new(&first, CLIENT).scope("a"))).unwrap();
    assert_eq!(same.secret.reveal(), second);
}

#[test]
fn a_refused_refresh_token_is_an_invalid_grant_whatever_the_reason() {
    let endpoint = Endpoint::new();
    let spent = endpoint.first();
    assert_eq!(
        endpoint.respond(CLIENT, &form(&spent)).status(),
        StatusCode::OK
    );
    let own = endpoint.first();
    for (client, token) in [(CLIENT, &*spent), (CLIENT, "unknown"), ("other", &*own)] {
        let response = endpoint.respond(client, &form(token));
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(code(&response), "invalid_grant");
        assert!(!response.headers().contains_key("www-authenticate"));
        let cause = response.extensions().get::<TokenError>().unwrap();
        assert!(
            cause
                .source()
                .unwrap()
                .downcast_ref::<Rejection>()
                .is_some()
        );
    }
    endpoint.clock.advance(Duration::from_secs(15 * 86_400));
    let expired = endpoint.respond(CLIENT, &form(&own));
    assert_eq!(code(&expired), "invalid_grant");
}

#[test]
fn a_form_that_is_not_a_refresh_request_is_refused() {
    let endpoint = Endpoint::new();
    let token = endpoint.first();
    let good = form(&token);
    let long = format!("{good}&x={}", "x".repeat(RequestFacts::MAX_FORM_BYTES));
    let cases = [
        ("", "invalid_request", "`grant_type` is missing"),
        (
            "grant_type=&refresh_token=a",
            "invalid_request",
            "`grant_type` is missing",
        ),
        (
            "grant_type=refresh_token",
            "invalid_request",
            "`refresh_token` is missing",
        ),
        (
            "grant_type=refresh_token&refresh_token=",
            "invalid_request",
            "`refresh_token` is missing",
        ),
        (
            &format!("{good}&refresh_token=b"),
            "invalid_request",
            "`refresh_token` is there more",
        ),
        (
            &format!("{good}&grant%5Ftype=x"),
            "invalid_request",
            "`grant_type` is there more",
        ),
        (
            &format!("{good}&scope=orders:read&scope="),
            "invalid_request",
            "`scope` is there more",
        ),
        (
            &format!("{good}&client_id=shop&client_id=shop"),
            "invalid_request",
            "`client_id` is there",
        ),
        (
            &format!("{good}&client_id=other"),
            "invalid_request",
            "`client_id`: expected the client",
        ),
        (
            &format!("{good}&scope=%ff"),
            "invalid_request",
            "`scope` is not percent-encoded",
        ),
        (&long, "invalid_request", "expected at most"),
        (
            "grant_type=password&refresh_token=a",
            "unsupported_grant_type",
            "`grant_type`: expected",
        ),
        (
            "grant_type=Refresh_token&refresh_token=a",
            "unsupported_grant_type",
            "`grant_type`",
        ),
        (
            &format!("{good}&scope=a++b"),
            "invalid_scope",
            "`scope`: expected",
        ),
        (
            &format!("{good}&scope=%22"),
            "invalid_scope",
            "`scope`: expected",
        ),
    ];
    for (body, wanted, cause) in cases {
        let response = endpoint.respond(CLIENT, body);
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(code(&response), wanted, "{cause}");
        let error = response.extensions().get::<TokenError>().unwrap();
        let source = error.source().unwrap().to_string();
        assert!(source.contains(cause), "{source}");
        assert!(!source.contains(&token) && !format!("{error:?}").contains(&token));
    }
    // Nothing was spent; what is not known, and what is empty, does not count.
    let extended = format!("{good}&client_id=shop&scope=&resource=a&resource=b&client_secret=x");
    assert_eq!(endpoint.respond(CLIENT, &extended).status(), StatusCode::OK);
}

#[test]
fn a_client_that_used_authorization_gets_a_challenge() {
    let used = HeaderValue::from_static("Basic c2hvcDp3cm9uZw==");
    for (header, status) in [
        (Some(&used), StatusCode::UNAUTHORIZED),
        (None, StatusCode::BAD_REQUEST),
    ] {
        let response: Response<String> = TokenError::invalid_client(header).into_response();
        assert_eq!(response.status(), status);
        assert_eq!(code(&response), "invalid_client");
        let challenge = response.headers().get("www-authenticate");
        assert_eq!(challenge.is_some(), header.is_some());
        assert!(!format!("{response:?}").contains("c2hvcDp3cm9uZw"));
    }
}

#[test]
fn each_error_has_its_status_and_only_an_outage_asks_to_try_again() {
    for kind in TokenErrorKind::ALL {
        let response: Response<String> = TokenError::new(*kind).into_response();
        let status = match kind {
            TokenErrorKind::ServerError => 500,
            TokenErrorKind::TemporarilyUnavailable => 503,
            _ => 400,
        };
        assert_eq!(response.status(), status, "{kind:?}");
        assert_eq!(code(&response), kind.as_str());
        assert_eq!(
            response.headers().contains_key("retry-after"),
            status == 503
        );
    }
}

#[test]
fn an_outage_is_never_an_invalid_grant() {
    let endpoint = Endpoint::new();
    let token = endpoint.first();
    endpoint.clock.stop();
    let response = endpoint.respond(CLIENT, &form(&token));
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(code(&response), "temporarily_unavailable");
    assert_eq!(response.headers()["retry-after"], "5");
    endpoint.clock.set(NOW);
    assert_eq!(
        endpoint.respond(CLIENT, &form(&token)).status(),
        StatusCode::OK
    );
}

#[test]
fn errors_below_have_the_code_that_fits() {
    let rejected = |kind: RejectionKind| TokenError::from(Rejection::new(kind)).kind();
    for kind in RejectionKind::ALL {
        let wanted = match kind {
            RejectionKind::Unavailable => TokenErrorKind::TemporarilyUnavailable,
            RejectionKind::ScopeInsufficient => TokenErrorKind::InvalidScope,
            _ => TokenErrorKind::InvalidGrant,
        };
        assert_eq!(rejected(*kind), wanted, "{kind:?}");
    }
    let granted = |kind: GrantErrorKind| TokenError::from(GrantError::from(kind)).kind();
    assert_eq!(
        granted(GrantErrorKind::Unavailable),
        TokenErrorKind::TemporarilyUnavailable
    );
    assert_eq!(
        granted(GrantErrorKind::Full),
        TokenErrorKind::TemporarilyUnavailable
    );
    assert_eq!(
        granted(GrantErrorKind::Conflict),
        TokenErrorKind::InvalidGrant
    );
    assert_eq!(
        granted(GrantErrorKind::SubjectFull),
        TokenErrorKind::InvalidGrant
    );
    assert_eq!(
        granted(GrantErrorKind::Malformed),
        TokenErrorKind::ServerError
    );
    let endpoint = Endpoint::new();
    let minted = |claims: AccessClaims| {
        let error = endpoint.issuer.mint(&claims).map(drop).unwrap_err();
        TokenError::from(error).kind()
    };
    let claims = || AccessClaims::new("alice", CLIENT, API);
    assert_eq!(
        minted(claims().scopes(["\""])),
        TokenErrorKind::InvalidScope
    );
    assert_eq!(
        minted(claims().not_after(NOW)),
        TokenErrorKind::InvalidGrant
    );
    assert_eq!(
        minted(AccessClaims::new("", CLIENT, API)),
        TokenErrorKind::ServerError
    );
    endpoint.clock.stop();
    assert_eq!(minted(claims()), TokenErrorKind::TemporarilyUnavailable);
}

#[test]
fn nothing_printed_contains_a_token() {
    let endpoint = Endpoint::new();
    let token = endpoint.first();
    let parsed = RefreshForm::parse(form(&token).as_bytes()).unwrap();
    let request = parsed.rotate_request(CLIENT).unwrap();
    let rotated = now(endpoint.tokens.rotate(request)).unwrap();
    let answer = TokenResponse::new("the-access-token", Duration::from_secs(60));
    let answer = answer.dpop().refresh_token(rotated.secret);
    for shown in [
        format!("{parsed:?}"),
        format!("{request:?}"),
        format!("{answer:?}"),
    ] {
        assert!(
            !shown.contains(&token) && !shown.contains("the-access-token"),
            "{shown}"
        );
    }
    let response: Response<String> = answer.into_response();
    let body: Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&"DPoP".into(), &60.into())
    );
    assert_eq!(body["access_token"], "the-access-token");
    assert!(body.get("scope").is_none());
}
