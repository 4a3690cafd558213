//! Mistakes with bound tokens, signed requests and encrypted tokens.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::binding::{Binding, Dpop, DpopBuilder};
use bearergate::clock::FakeClock;
use bearergate::crypto::Algorithm;
use bearergate::issuer::{SigningKey, SigningKeys};
use bearergate::jwe::{DecryptionKey, DecryptionKeys};
use bearergate::key::KeySet;
use bearergate::message::{
    Component, FixedMessageKeys, MessageSigner, MessageVerifier, MessageVerifierBuilder,
};
use bearergate::profile::Fapi2;
use bearergate::request::{ExternalUrl, RequestFacts, TrustedPeers};
use bearergate::testing::{FakeKey, ProofKey, TokenBuilder};
use bearergate::{Gate, JwtValidator, require_scope};
use http::Request;
use http::request::Parts;

use crate::table::{NOW, Row, chain, refused, row};

const ISSUER: &str = "https://idp.example.com";
const API: &str = "https://api.example.com";

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = configured();
    rows.extend(profile());
    rows.extend(proofs());
    rows.extend(signatures());
    rows.push(encrypted());
    rows
}

fn url() -> ExternalUrl {
    ExternalUrl::parse(API).unwrap()
}

fn dpop() -> DpopBuilder {
    Dpop::at(url())
}

const CONFIGURED: [&str; 3] = ["expected", "found", ";"];
const BOUNDED: [&str; 3] = ["is ", "it must be", "between"];

fn configured() -> Vec<Row> {
    let secs = Duration::from_secs;
    vec![
        row(
            "an address of plain HTTP",
            refused(ExternalUrl::parse("http://api.example.com")),
            CONFIGURED,
        ),
        row(
            "an address with a query",
            refused(ExternalUrl::parse("https://api.example.com/?x=1")),
            CONFIGURED,
        ),
        row(
            "proofs with a shared secret",
            refused(dpop().algorithms([Algorithm::Hs256]).build()),
            CONFIGURED,
        ),
        row(
            "proofs of an hour ago",
            refused(dpop().window(secs(3_600), secs(30)).build()),
            BOUNDED,
        ),
        row(
            "a trusted peer that is no network",
            refused(TrustedPeers::networks(["proxy"])),
            ["expected", "found", "such as 192.0.2.0/24"],
        ),
        row(
            "signed requests in which the client chooses what is signed",
            refused(MessageVerifier::tagged("shop", url(), client().1).build()),
            ["is empty", "`cover`", "`Component::METHOD`"],
        ),
        row(
            "signed requests of a year ago",
            refused(verifier().max_age(secs(31_536_000)).build()),
            BOUNDED,
        ),
    ]
}

/// Gates that do not meet the FAPI 2.0 profile.
fn profile() -> Vec<Row> {
    let key = FakeKey::es256("key-1");
    let strict = || {
        dpop()
            .algorithms(Fapi2::ALGORITHMS)
            .refuse_older_than_start()
    };
    let gate = |binding: Binding| {
        let validator = JwtValidator::builder()
            .issuer(ISSUER)
            .audience(API)
            .keys(key.key_set())
            .sender_constraint(binding.clone())
            .build()
            .unwrap();
        let gate = Gate::builder()
            .validator(validator)
            .fapi2(Fapi2::new(binding));
        gate.authorizer(require_scope("accounts")).build()
    };
    let required = |dpop: DpopBuilder| Binding::dpop(dpop.build().unwrap()).required().build();
    vec![
        row(
            "FAPI 2.0 with a binding that accepts unbound tokens",
            refused(gate(Binding::dpop(strict().build().unwrap()).build())),
            CONFIGURED,
        ),
        row(
            "FAPI 2.0 with proofs of other algorithms",
            refused(gate(required(dpop().refuse_older_than_start()))),
            CONFIGURED,
        ),
        row(
            "FAPI 2.0 with nothing that notices revocations",
            refused(gate(required(strict()))),
            CONFIGURED,
        ),
    ]
}

const PARTS: [&str; 3] = ["expected", "found", ";"];

fn proofs() -> Vec<Row> {
    let (key, client) = (FakeKey::es256("key-1"), ProofKey::es256());
    let token = TokenBuilder::new(&key, NOW)
        .issuer(ISSUER)
        .audience(API)
        .claim("cnf", serde_json::json!({"jkt": client.thumbprint()}))
        .sign();
    let validator = JwtValidator::builder()
        .issuer(ISSUER)
        .audience(API)
        .keys(key.key_set())
        .sender_constraint(Binding::dpop(dpop().build().unwrap()).build())
        .build()
        .unwrap();
    let gate = Gate::builder()
        .validator(validator)
        .allow_any_authenticated();
    let gate = gate.clock(FakeClock::at(NOW)).build().unwrap();
    let proof = || {
        client
            .proof("GET", "https://api.example.com/orders")
            .token(&token)
            .at(NOW)
    };
    let sent = |scheme: &str, proof: Option<String>| {
        let request = Request::get("/orders").header("authorization", format!("{scheme} {token}"));
        let request = proof
            .iter()
            .fold(request, |request, proof| request.header("dpop", proof));
        refused(gate.check(&request.body(()).unwrap()).try_now().unwrap())
    };
    vec![
        row(
            "a bound token as a bearer token",
            sent("Bearer", None),
            PARTS,
        ),
        row("a bound token without a proof", sent("DPoP", None), PARTS),
        row(
            "a proof for another address",
            sent(
                "DPoP",
                Some(
                    client
                        .proof("GET", "https://10.0.0.1/orders")
                        .token(&token)
                        .at(NOW)
                        .sign(),
                ),
            ),
            PARTS,
        ),
        row(
            "a proof for another token",
            sent("DPoP", Some(proof().token("another").sign())),
            PARTS,
        ),
        row(
            "a proof of another key",
            sent(
                "DPoP",
                Some(
                    ProofKey::ed25519()
                        .proof("GET", API)
                        .token(&token)
                        .at(NOW)
                        .sign(),
                ),
            ),
            PARTS,
        ),
        row(
            "a proof of ten minutes ago",
            sent(
                "DPoP",
                Some(proof().claim("iat", NOW.as_secs() - 600).sign()),
            ),
            PARTS,
        ),
    ]
}

/// The signing key of a client, and what verifies it.
fn client() -> (SigningKey, FixedMessageKeys) {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = SigningKeys::builder(key.clone()).build(NOW).unwrap();
    let public = KeySet::from_jwks(keys.jwks(NOW)).unwrap();
    (key, FixedMessageKeys::new(&public).unwrap())
}

fn verifier() -> MessageVerifierBuilder {
    MessageVerifier::fapi2(url(), client().1)
}

fn signatures() -> Vec<Row> {
    let key = FakeKey::es256("key-1");
    let (client, keys) = client();
    let validator = JwtValidator::builder().issuer(ISSUER).audience(API);
    let validator = validator.keys(key.key_set()).build().unwrap();
    let verifier = MessageVerifier::fapi2(url(), keys).build();
    let gate = Gate::builder()
        .validator(validator)
        .allow_any_authenticated();
    let gate = gate.signed_requests(verifier.unwrap());
    let gate = gate.clock(FakeClock::at(NOW)).build().unwrap();
    let signer = MessageSigner::new("fapi-2-request", url(), client).unwrap();
    let token = TokenBuilder::new(&key, NOW)
        .issuer(ISSUER)
        .audience(API)
        .sign();
    let parts = |covered: &[Component]| {
        let request = Request::post("/orders").header("authorization", format!("Bearer {token}"));
        let request = request.header("content-length", "0");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        if !covered.is_empty() {
            assert!(signer.sign_request(&mut parts, b"", covered, NOW));
        }
        parts
    };
    let sent = |parts: &Parts| match gate.check(RequestFacts::from(parts)).try_now().unwrap() {
        Ok(_) => "accepted".to_owned(),
        Err(refusal) => chain(&refusal),
    };
    let all = [
        Component::METHOD,
        Component::TARGET_URI,
        Component::header(http::header::AUTHORIZATION),
    ];
    let good = parts(&all);
    assert_eq!(sent(&good), "accepted");
    let mut changed = parts(&all);
    changed.uri = http::Uri::from_static("/accounts");
    vec![
        row("a request without a signature", sent(&parts(&[])), PARTS),
        row(
            "a signature that does not cover the method",
            sent(&parts(&all[1..])),
            PARTS,
        ),
        row(
            "a signed request whose path was changed",
            sent(&changed),
            PARTS,
        ),
        row("a signed request for the second time", sent(&good), PARTS),
    ]
}

/// A token that another key opens.
fn encrypted() -> Row {
    let own = DecryptionKey::direct(vec![7; 32]).unwrap().with_kid("own");
    let validator = JwtValidator::builder()
        .issuer(ISSUER)
        .audience(API)
        .keys(FakeKey::es256("key-1").key_set())
        .encrypted_with(DecryptionKeys::of([own]).unwrap())
        .build()
        .unwrap();
    let gate = Gate::builder()
        .validator(validator)
        .allow_any_authenticated();
    let gate = gate.clock(FakeClock::at(NOW)).build().unwrap();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let header = encode(br#"{"alg":"dir","enc":"A256GCM","cty":"JWT","kid":"own"}"#);
    let (iv, text, tag) = (encode(&[1; 12]), encode(&[2; 90]), encode(&[3; 16]));
    let request = Request::get("/orders").header(
        "authorization",
        format!("Bearer {header}..{iv}.{text}.{tag}"),
    );
    row(
        "a token that is encrypted to another key",
        refused(gate.check(&request.body(()).unwrap()).try_now().unwrap()),
        PARTS,
    )
}
