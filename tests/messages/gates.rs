//! Mistakes in the configuration of gates.

use std::sync::Arc;

use bearergate::credential::{PresentedCredential, Sources};
use bearergate::gate::GateBuilder;
use bearergate::policy::{action, param};
use bearergate::session::{SessionCookie, SessionManager};
use bearergate::stores::MemoryGrantStore;
use bearergate::testing::FakeKey;
use bearergate::validator::Shape;
use bearergate::{
    Gate, JwtValidator, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator,
    require_scope,
};

use crate::table::{Row, refused, row};

fn validator(issuer: &str) -> JwtValidator {
    let validator = JwtValidator::builder()
        .issuer(issuer)
        .audience("https://api.example.com");
    validator
        .keys(FakeKey::es256("key-1").key_set())
        .build()
        .unwrap()
}

/// Takes every token that no other validator takes, and accepts none.
#[derive(Debug)]
struct Opaque;

impl TokenValidator for Opaque {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn validate<'a>(
        &'a self,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        NowOrLater::now(Err(RejectionKind::TokenInactive.into()))
    }
}

const A: &str = "https://a.example.com";
const B: &str = "https://b.example.com";

pub(crate) fn rows() -> Vec<Row> {
    let gate = || Gate::builder().validator(validator(A));
    let build = |gate: GateBuilder| refused(gate.build());
    let sessions = SessionManager::builder(Arc::new(MemoryGrantStore::new(10)), "service").build();
    let cookie = SessionCookie::new("__Host-session").unwrap();
    let sessions = || sessions.as_ref().unwrap().validator(&cookie);
    let joined = JwtValidator::join([validator(A), validator(B)]).unwrap();
    let only_bearer = Sources::builder().build().unwrap();
    vec![
        row(
            "a gate without a validator",
            build(Gate::builder().authorizer(require_scope("a"))),
            [
                "`validator`",
                "no validator",
                "add one with `GateBuilder::validator`",
            ],
        ),
        row(
            "a gate without a policy",
            build(gate()),
            [
                "`authorizer`",
                "no authorizer",
                "`allow_any_authenticated()`",
            ],
        ),
        row(
            "two policies",
            build(
                gate()
                    .authorizer(require_scope("a"))
                    .authorizer(require_scope("b")),
            ),
            [
                "`authorizer`",
                "found several",
                "join conditions with `and` or `or`",
            ],
        ),
        row(
            "two JWT validators",
            build(gate().validator(validator(B)).allow_any_authenticated()),
            [
                "`validator`",
                "expected one validator of JWTs, found two",
                "`JwtValidator::join`",
            ],
        ),
        row(
            "two validators of opaque tokens",
            build(
                gate()
                    .validator(Opaque)
                    .validator(Opaque)
                    .allow_any_authenticated(),
            ),
            ["`validator`", "two", "`GateBuilder::validator_at`"],
        ),
        row(
            "two outside authorities",
            build(Gate::builder().validator(joined).allow_any_authenticated()),
            ["`validator`", "several outside authorities", "`grants`"],
        ),
        row(
            "a session validator whose cookie no source reads",
            build(
                gate()
                    .validator(sessions())
                    .sources(only_bearer)
                    .allow_any_authenticated(),
            ),
            [
                "`validator`",
                "__Host-session",
                "`.cookie(\"__Host-session\")`",
            ],
        ),
        row(
            "a policy that needs an action, for `Gate::check`",
            build(gate().authorizer(action("read") & require_scope("a"))),
            ["action", "check", "authorize"],
        ),
        row(
            "a policy that needs a parameter of the path, for `Gate::check`",
            build(gate().authorizer(param("user").is("a"))),
            ["param", "check", "authorize"],
        ),
        row(
            "an empty scope",
            build(gate().authorizer(require_scope(""))),
            ["expected", "empty", "scope"],
        ),
        row(
            "a scope of the authorization server",
            build(gate().authorizer(require_scope("offline_access"))),
            ["expected", "offline_access", "remove"],
        ),
    ]
}
