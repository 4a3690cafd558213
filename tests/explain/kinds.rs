//! The result of an explanation is that of the check of the same request.

use bearergate::clock::FakeClock;
use bearergate::credential::Sources;
use bearergate::policy::{Decision, action, authorize_fn, param};
use bearergate::validator::Shape;
use bearergate::{Gate, RejectionKind, claim, require_scope};
use http::request::Parts;

use crate::common::*;

type Case = (
    &'static str,
    Parts,
    Result<(), (RejectionKind, &'static str)>,
);

fn refused(
    kind: RejectionKind,
    section: &'static str,
) -> Result<(), (RejectionKind, &'static str)> {
    Err((kind, section))
}

fn check_all(gate: &Gate, cases: Vec<Case>) -> usize {
    let count = cases.len();
    for (name, parts, expected) in cases {
        let explained = agreed(gate, &parts);
        let result = match explained.refusal() {
            Some(refusal) => Err((refusal.kind(), failure(&explained).0)),
            None => Ok(()),
        };
        assert_eq!(result, expected, "{name}: {explained}");
    }
    count
}

#[test]
fn explanation_has_the_kind_of_the_check_for_every_request() {
    let keys = Keys::new();
    let gate = reader(&keys, &Proofs::default());
    let mut count = check_all(&gate, credentials(&keys));
    count += check_all(&gate, tokens(&keys));
    for (gate, cases) in others(&keys) {
        count += check_all(&gate, cases);
    }
    assert!(count >= 60, "{count}");
}

fn credentials(keys: &Keys) -> Vec<Case> {
    use RejectionKind::{
        CredentialAmbiguous, CredentialMalformed, CredentialMissing, CrossSiteRefused,
    };
    let good = claims().sign();
    let authorization = |value: &str| parts(with(get(), "authorization", value));
    let missing = || refused(CredentialMissing, "credential");
    let ambiguous = || refused(CredentialAmbiguous, "credential");
    let malformed = || refused(CredentialMalformed, "credential");
    let cross_site = || refused(CrossSiteRefused, "credential");
    let post = || http::Request::post("/orders");
    let cookie = |builder| with(builder, "cookie", "sid=any");
    vec![
        ("good", bearer(&good), Ok(())),
        ("nothing", parts(get()), missing()),
        ("bare", authorization("Bearer"), missing()),
        ("spaces", authorization("Bearer   "), missing()),
        ("another scheme", authorization("Basic YTpi"), missing()),
        ("unknown scheme", authorization("Custom abc"), missing()),
        ("no scheme", authorization(&good), missing()),
        ("empty value", authorization(""), malformed()),
        (
            "twice the scheme",
            authorization(&format!("Bearer Bearer {good}")),
            malformed(),
        ),
        (
            "quoted",
            authorization(&format!("Bearer \"{good}\"")),
            malformed(),
        ),
        (
            "tab",
            authorization(&format!("Bearer\t{good}")),
            malformed(),
        ),
        (
            "trailing space",
            authorization(&format!("Bearer {good} ")),
            malformed(),
        ),
        ("only padding", authorization("Bearer ="), malformed()),
        (
            "two headers",
            parts(with(
                with(get(), "authorization", "Bearer a"),
                "authorization",
                "Bearer b",
            )),
            ambiguous(),
        ),
        (
            "two places",
            parts(with(
                http::Request::get("/?access_token=a"),
                "authorization",
                "Bearer b",
            )),
            ambiguous(),
        ),
        (
            "two parameters",
            parts(http::Request::get("/?access_token=a&access_token=b")),
            ambiguous(),
        ),
        (
            "bad parameter",
            parts(http::Request::get("/?access_token=%zz")),
            malformed(),
        ),
        (
            "empty parameter",
            parts(http::Request::get("/?access_token=")),
            malformed(),
        ),
        (
            "empty cookie",
            parts(with(get(), "cookie", "sid=")),
            missing(),
        ),
        (
            "odd cookie",
            parts(with(get(), "cookie", "sid=\"a\"")),
            malformed(),
        ),
        ("cookie", parts(cookie(get())), Ok(())),
        ("cookie of a post", parts(cookie(post())), cross_site()),
        (
            "cookie of a post of this site",
            parts(with(cookie(post()), "sec-fetch-site", "same-origin")),
            Ok(()),
        ),
        (
            "cookie of another site",
            parts(with(cookie(post()), "sec-fetch-site", "cross-site")),
            cross_site(),
        ),
        (
            "empty own header",
            parts(with(get(), "x-own", "")),
            missing(),
        ),
        ("own header", parts(with(get(), "x-own", &good)), Ok(())),
        (
            "odd own header",
            parts(with(get(), "x-own", "a b")),
            malformed(),
        ),
        (
            "an API key under its scheme",
            authorization(&format!("ApiKey {}", keys.issue())),
            Ok(()),
        ),
    ]
}

fn tokens(keys: &Keys) -> Vec<Case> {
    use RejectionKind::{
        ApiKeyMalformed, AudienceMismatch, BindingMismatch, ClaimMissing, CredentialMalformed,
        IssuerMismatch, KeyNotFound, ScopeInsufficient, SignatureInvalid, TokenExpired,
        TokenMalformed, TokenTooLarge, TypeMismatch,
    };
    let validation = |kind| refused(kind, "validation");
    let jwt = |token: bearergate::testing::TokenBuilder| bearer(&token.sign());
    let authorization = |value: String| parts(with(get(), "authorization", &value));
    let key = keys.issue();
    let cut = key.get(..key.len() - 1).unwrap_or_default();
    vec![
        (
            "opaque",
            bearer("6f1ed002ab5595859014ebf0951522d9"),
            validation(TokenMalformed),
        ),
        (
            "opaque with dots",
            bearer("a.b.c"),
            validation(TokenMalformed),
        ),
        (
            "too large",
            bearer(&"a".repeat(70_000)),
            validation(TokenTooLarge),
        ),
        (
            "SD-JWT",
            bearer(&format!("{}~", claims().sign())),
            validation(TokenMalformed),
        ),
        (
            "issuer",
            jwt(claims().issuer("https://idp.example.com/")),
            validation(IssuerMismatch),
        ),
        (
            "audience",
            jwt(claims().audience("https://other.example.com")),
            validation(AudienceMismatch),
        ),
        (
            "expired",
            jwt(claims().claim("exp", 1_759_999_000)),
            validation(TokenExpired),
        ),
        (
            "no expiry",
            jwt(claims().without("exp")),
            validation(ClaimMissing),
        ),
        (
            "type",
            jwt(claims().typ("logout+jwt")),
            validation(TypeMismatch),
        ),
        (
            "forged",
            jwt(claims().forged_by(&other_key())),
            validation(SignatureInvalid),
        ),
        (
            "unknown key",
            jwt(claims().header("kid", "k2")),
            validation(KeyNotFound),
        ),
        ("bound", jwt(bound()), Ok(())),
        (
            "bound under DPoP",
            authorization(format!("DPoP {}", bound().sign())),
            Ok(()),
        ),
        (
            "unbound under DPoP",
            authorization(format!("DPoP {}", claims().sign())),
            validation(BindingMismatch),
        ),
        (
            "JWT as an API key",
            authorization(format!("ApiKey {}", claims().sign())),
            validation(CredentialMalformed),
        ),
        ("API key", bearer(&key), Ok(())),
        (
            "API key that was cut off",
            bearer(cut),
            validation(ApiKeyMalformed),
        ),
        (
            "API key of another environment",
            bearer(&key.replace("live", "test")),
            validation(TokenMalformed),
        ),
        (
            "API key under DPoP",
            authorization(format!("DPoP {key}")),
            validation(CredentialMalformed),
        ),
        (
            "no scope",
            jwt(claims().without("scope")),
            refused(ScopeInsufficient, "authorization"),
        ),
        (
            "another scope",
            jwt(claims().scope("orders:write")),
            refused(ScopeInsufficient, "authorization"),
        ),
    ]
}

fn others(keys: &Keys) -> Vec<(Gate, Vec<Case>)> {
    use RejectionKind::{
        AccessDenied, CredentialMissing, LockedOut, StepUpRequired, TokenInactive, TokenRevoked,
        Unavailable,
    };
    let opaque = || Named::new(Shape::Opaque);
    let open =
        |named: bearergate::gate::GateBuilder| named.allow_any_authenticated().build().unwrap();
    let stopped = FakeClock::at(NOW);
    stopped.stop();
    let two = || {
        let client = Sources::builder()
            .without_bearer()
            .header("x-client")
            .build()
            .unwrap();
        open(
            named(opaque())
                .client_validator(opaque())
                .client_sources(client),
        )
    };
    let client = |builder, value| with(builder, "x-client", value);
    let user = || with(get(), "authorization", "Bearer user");
    let step_up = authorize_fn("own", |_| Decision::step_up());
    let unanswered = authorize_fn("own", |_| Decision::unavailable());
    let good = || bearer("good");
    let one = |gate: Gate, name, expected| (gate, vec![(name, good(), expected)]);
    let denied = || refused(AccessDenied, "authorization");
    vec![
        (
            open(named(opaque())),
            vec![
                (
                    "JWT at an opaque validator",
                    bearer(&claims().sign()),
                    Ok(()),
                ),
                (
                    "inactive",
                    bearer("token_inactive"),
                    refused(TokenInactive, "validation"),
                ),
                (
                    "unavailable",
                    bearer("unavailable"),
                    refused(Unavailable, "validation"),
                ),
                (
                    "locked out",
                    bearer("locked_out"),
                    refused(LockedOut, "validation"),
                ),
            ],
        ),
        (
            open(named(Named::slow(Shape::Opaque))),
            vec![
                ("slow", good(), Ok(())),
                (
                    "slow and inactive",
                    bearer("token_inactive"),
                    refused(TokenInactive, "validation"),
                ),
            ],
        ),
        one(
            open(named(opaque()).clock(stopped)),
            "no time",
            refused(Unavailable, "credential"),
        ),
        one(
            open(named(opaque()).revocations(Revokes(TokenRevoked))),
            "revoked",
            refused(TokenRevoked, "revocation"),
        ),
        one(
            open(named(opaque()).revocations(Revokes(Unavailable))),
            "no list",
            refused(Unavailable, "revocation"),
        ),
        one(
            named(opaque())
                .authorizer(action("read"))
                .authorizes_per_route()
                .build()
                .unwrap(),
            "action",
            denied(),
        ),
        one(
            named(opaque())
                .authorizer(param("id").is("7"))
                .authorizes_per_route()
                .build()
                .unwrap(),
            "parameter",
            denied(),
        ),
        one(
            named(opaque())
                .authorizer(claim("tenant").is("acme"))
                .build()
                .unwrap(),
            "claim",
            denied(),
        ),
        one(
            named(opaque()).authorizer(step_up).build().unwrap(),
            "step-up",
            refused(StepUpRequired, "authorization"),
        ),
        one(
            named(opaque()).authorizer(unanswered).build().unwrap(),
            "no answer",
            refused(Unavailable, "authorization"),
        ),
        one(
            named(opaque())
                .authorizer(require_scope("orders:read"))
                .build()
                .unwrap(),
            "scope",
            Ok(()),
        ),
        (
            two(),
            vec![
                ("both", parts(client(user(), "app")), Ok(())),
                (
                    "no user",
                    parts(client(get(), "app")),
                    refused(CredentialMissing, "credential"),
                ),
                (
                    "no application",
                    parts(user()),
                    refused(CredentialMissing, "application credential"),
                ),
                (
                    "neither",
                    parts(get()),
                    refused(CredentialMissing, "credential"),
                ),
                (
                    "rejected application without a user",
                    parts(client(get(), "token_revoked")),
                    refused(TokenRevoked, "application validation"),
                ),
                (
                    "rejected user",
                    parts(client(
                        with(get(), "authorization", "Bearer token_inactive"),
                        "token_revoked",
                    )),
                    refused(TokenInactive, "validation"),
                ),
            ],
        ),
        (
            reader(keys, &Proofs::default()),
            vec![("good again", bearer(&claims().sign()), Ok(()))],
        ),
    ]
}

#[test]
fn explanation_is_ready_if_the_check_is() {
    let keys = Keys::new();
    let gate = reader(&keys, &Proofs::default());
    let parts = bearer(&claims().sign());
    assert!(gate.try_check_now(&parts).is_some());
    assert!(gate.explain(&parts).try_now().is_ok());

    let slow = Named::slow(Shape::Opaque);
    let calls = slow.calls.clone();
    let gate = named(slow).allow_any_authenticated().build().unwrap();
    let parts = bearer("good");
    assert!(gate.try_check_now(&parts).is_none());
    assert!(gate.explain(&parts).try_now().is_err());
    // What has to be waited for was not started.
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 0);
    assert!(wait(gate.explain(&parts)).refusal().is_none());
}

#[test]
fn sections_are_in_the_order_of_a_request() {
    let client = Sources::builder()
        .without_bearer()
        .header("x-client")
        .build()
        .unwrap();
    let opaque = || Named::new(Shape::Opaque);
    let gate = named(opaque())
        .client_validator(opaque())
        .client_sources(client);
    let gate = gate.allow_any_authenticated().build().unwrap();
    let all = [
        "credential",
        "validation",
        "revocation",
        "application credential",
        "application validation",
        "application revocation",
        "authorization",
        "proof",
    ];
    for parts in [
        parts(get()),
        bearer("user"),
        parts(with(get(), "x-client", "app")),
        parts(with(
            with(get(), "x-client", "app"),
            "authorization",
            "Bearer user",
        )),
    ] {
        let explained = agreed(&gate, &parts);
        let names: Vec<_> = explained.sections().iter().map(|own| own.name()).collect();
        assert_eq!(names, all);
    }
}
