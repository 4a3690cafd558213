//! Requests that are refused: the text of the refusal and the step that failed.

use std::sync::LazyLock;

use bearergate::clock::FakeClock;
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::key::KeySet;
use bearergate::policy::{Condition, acr_at_least, role};
use bearergate::principal::Confirmation;
use bearergate::revocation::{Denylist, Revocation};
use bearergate::testing::{FakeKey, TokenBuilder};
use bearergate::validator::SenderConstraint;
use bearergate::{Gate, JwtValidator, NowOrLater, Rejection, RejectionKind, claim, require_scope};
use http::Request;
use http::request::Builder;

use crate::table::{NOW, Row, refusal, refused, row};

const ISSUER: &str = "https://idp.example.com";
const API: &str = "https://api.example.com";

pub(crate) async fn rows() -> Vec<Row> {
    let mut rows = places();
    rows.extend(forms());
    rows.extend(keys());
    rows.extend(claims());
    rows.extend(times());
    rows.extend(purposes());
    rows.extend(policies());
    rows.extend(proofs());
    rows
}

fn key() -> FakeKey {
    static KEY: LazyLock<FakeKey> = LazyLock::new(|| FakeKey::es256("key-1"));
    KEY.clone()
}

fn token() -> TokenBuilder {
    TokenBuilder::new(&key(), NOW)
        .issuer(ISSUER)
        .audience(API)
        .scope("orders:read")
}

fn validator(keys: KeySet) -> JwtValidatorBuilder<Ready> {
    JwtValidator::builder()
        .issuer(ISSUER)
        .audience(API)
        .keys(keys)
}

fn gate_of(validator: JwtValidatorBuilder<Ready>, policy: Condition) -> Gate {
    let gate = Gate::builder().validator(validator.build().unwrap());
    gate.authorizer(policy)
        .clock(FakeClock::at(NOW))
        .build()
        .unwrap()
}

fn gate() -> Gate {
    gate_of(validator(key().key_set()), require_scope("orders:read"))
}

fn get() -> Builder {
    Request::get("/orders")
}

fn bearer(token: &str) -> Request<()> {
    let request = get().header("authorization", format!("Bearer {token}"));
    request.body(()).unwrap()
}

fn sent(token: &str) -> String {
    refusal(&gate(), &bearer(token))
}

fn signed(token: TokenBuilder) -> String {
    sent(&token.sign())
}

const PARTS: [&str; 3] = ["expected", "found", "hint:"];

fn places() -> Vec<Row> {
    let with = |values: &[&str]| {
        let request = values.iter().fold(get(), |request, value| {
            request.header("authorization", *value)
        });
        refusal(&gate(), &request.body(()).unwrap())
    };
    vec![
        row("a request without a credential", with(&[]), PARTS),
        row(
            "another scheme of `Authorization`",
            with(&["Basic b3JkZXJzOnMzY3JldA=="]),
            PARTS,
        ),
        row("a bare `Bearer`", with(&["Bearer"]), PARTS),
        row(
            "two credentials in one request",
            with(&["Bearer a", "Bearer b"]),
            PARTS,
        ),
        row("a tab after `Bearer`", with(&["Bearer\tabc"]), PARTS),
    ]
}

fn forms() -> Vec<Row> {
    let long = "a".repeat(20_000);
    vec![
        row(
            "an opaque token at a JWT validator",
            sent("6f1ed002ab5595859014ebf0951522d9"),
            PARTS,
        ),
        row(
            "an SD-JWT at a JWT validator",
            sent(&format!("{}~", token().sign())),
            PARTS,
        ),
        row(
            "an encrypted token",
            sent("eyJhbGciOiJkaXIifQ..a.b.c"),
            PARTS,
        ),
        row("a token with quotation marks", sent("\"eyJ\""), PARTS),
        row(
            "a token that was cut off",
            sent(token().sign().rsplit_once('.').unwrap().0),
            PARTS,
        ),
        row(
            "a token of more than 16 KiB",
            signed(token().claim("groups", long)),
            PARTS,
        ),
        row(
            "a header with `crit`",
            signed(token().header("crit", ["b64"])),
            PARTS,
        ),
        row(
            "a token without a signature (`none`)",
            signed(token().header("alg", "none")),
            PARTS,
        ),
        row(
            "a token with an algorithm that no key serves",
            signed(token().header("alg", "RS256")),
            PARTS,
        ),
    ]
}

fn keys() -> Vec<Row> {
    let other = FakeKey::es256("key-9");
    let two = KeySet::new([
        key().public(),
        FakeKey::ed25519("key-2").public(),
        FakeKey::es256("key-3").public(),
    ]);
    let two = gate_of(validator(two.unwrap()), require_scope("orders:read"));
    vec![
        row(
            "a token of another environment (its `kid` is unknown)",
            signed(token().key(&other)),
            PARTS,
        ),
        row(
            "a token without a `kid` for several keys",
            refusal(&two, &bearer(&token().without_header("kid").sign())),
            PARTS,
        ),
        row(
            "a forged token",
            signed(token().forged_by(&FakeKey::es256("key-1b"))),
            PARTS,
        ),
    ]
}

fn claims() -> Vec<Row> {
    vec![
        row(
            "an issuer with a slash too many",
            signed(token().issuer("https://idp.example.com/")),
            PARTS,
        ),
        row(
            "an issuer of another tenant",
            signed(token().issuer("https://other.example.com")),
            PARTS,
        ),
        row(
            "an issuer with `http`",
            signed(token().issuer("http://idp.example.com")),
            PARTS,
        ),
        row(
            "a wrong audience",
            signed(token().audience("https://other.example.com")),
            PARTS,
        ),
        row(
            "an audience with a slash too many",
            signed(token().audience("https://api.example.com/")),
            PARTS,
        ),
        row(
            "no audience in the token",
            signed(token().without("aud")),
            PARTS,
        ),
        row(
            "no `exp` in the token",
            signed(token().without("exp")),
            PARTS,
        ),
        row(
            "`exp` as text",
            signed(token().claim("exp", "1800000300")),
            PARTS,
        ),
        row("an empty subject", signed(token().subject("")), PARTS),
        row(
            "a token that is bound to a key (`cnf`)",
            signed(token().claim("cnf", serde_json::json!({"jkt": THUMBPRINT}))),
            PARTS,
        ),
    ]
}

fn times() -> Vec<Row> {
    let at = |secs: i64| NOW.as_secs().saturating_add_signed(secs);
    vec![
        row("an expired token", signed(token().expired()), PARTS),
        row(
            "a clock of the issuer that is ahead",
            signed(token().claim("iat", at(120))),
            PARTS,
        ),
        row(
            "a token that is not valid yet",
            signed(token().claim("nbf", at(3_600))),
            PARTS,
        ),
    ]
}

fn purposes() -> Vec<Row> {
    let id_token = JwtValidator::builder().issuer(ISSUER).id_token("client-1");
    let id_token = gate_of(id_token.keys(key().key_set()), claim("sub").is("subject-1"));
    vec![
        row(
            "an ID token where an access token is due",
            signed(token().typ("JWT").claim("at_hash", "a").claim("nonce", "n")),
            PARTS,
        ),
        row(
            "an access token where an ID token is due",
            refusal(&id_token, &bearer(&token().audience("client-1").sign())),
            PARTS,
        ),
        row(
            "a logout token where an access token is due",
            signed(token().typ("logout+jwt")),
            PARTS,
        ),
    ]
}

fn policies() -> Vec<Row> {
    let scoped = |token: TokenBuilder| refusal(&gate(), &bearer(&token.sign()));
    let asks = |policy: Condition| {
        refusal(
            &gate_of(validator(key().key_set()), policy),
            &bearer(&token().sign()),
        )
    };
    vec![
        row(
            "a scope that the token lacks",
            scoped(token().scope("orders:list")),
            PARTS,
        ),
        row(
            "scopes in `scp`",
            scoped(token().without("scope").claim("scp", ["orders:read"])),
            PARTS,
        ),
        row(
            "scopes in `permissions`",
            scoped(
                token()
                    .without("scope")
                    .claim("permissions", ["orders:read"]),
            ),
            PARTS,
        ),
        row(
            "scopes in `roles`",
            scoped(token().without("scope").claim("roles", ["orders:read"])),
            PARTS,
        ),
        row(
            "a claim that the policy needs and the token lacks",
            asks(claim("tenant").is("acme")),
            PARTS,
        ),
        row("roles in another claim", asks(role("clerk")), PARTS),
        row(
            "a sign-in that is too weak",
            asks(acr_at_least("silver", ["bronze", "silver"]).unwrap()),
            PARTS,
        ),
        row("a token whose subject was revoked", revoked(), PARTS),
    ]
}

fn revoked() -> String {
    let list = Denylist::new(10).unwrap().clock(FakeClock::at(NOW));
    let revocation = Revocation::subject(ISSUER, "subject-1");
    let gate = Gate::builder().validator(validator(key().key_set()).build().unwrap());
    let gate = gate.revocations(list.clone()).allow_any_authenticated();
    let gate = gate.clock(FakeClock::at(NOW)).build().unwrap();
    list.revoke(revocation).try_now().unwrap().unwrap();
    refusal(&gate, &bearer(&token().sign()))
}

/// A check of proofs that refuses all of them.
#[derive(Debug)]
struct Refuses(RejectionKind);

impl SenderConstraint for Refuses {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let why = "proof: expected one that the service has not seen, found one that its own check \
                   refused; let the client make a new one";
        NowOrLater::now(Err(Rejection::new(self.0).with_source(why)))
    }
}

/// The kinds that only a check of the service gives: its own words are the source of the refusal.
fn proofs() -> Vec<Row> {
    let bound = || token().claim("cnf", serde_json::json!({"jkt": THUMBPRINT}));
    let sent = |kind| {
        let validator = validator(key().key_set()).sender_constraint(Refuses(kind));
        let gate = gate_of(validator, require_scope("orders:read"));
        let request = bearer(&bound().sign());
        refused(gate.check(&request).try_now().unwrap())
    };
    let scheme = get().header("authorization", format!("DPoP {}", token().sign()));
    let constrained = validator(key().key_set()).sender_constraint(Refuses(PROOF_INVALID));
    let constrained = Gate::builder()
        .validator(constrained.build().unwrap())
        .sources(Sources::builder().dpop().build().unwrap())
        .allow_any_authenticated()
        .clock(FakeClock::at(NOW))
        .build()
        .unwrap();
    let own = ["expected", "found", "let the client"];
    vec![
        row(
            "a token under `DPoP` that is bound to no key",
            refusal(&constrained, &scheme.body(()).unwrap()),
            PARTS,
        ),
        row(
            "a proof that the service's check refuses",
            sent(PROOF_INVALID),
            own,
        ),
        row(
            "a proof that the service's check saw before",
            sent(RejectionKind::ProofReplayed),
            own,
        ),
        row(
            "a proof without the nonce of the service's check",
            sent(RejectionKind::NonceRequired),
            own,
        ),
    ]
}

const PROOF_INVALID: RejectionKind = RejectionKind::ProofInvalid;
const THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
