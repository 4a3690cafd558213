//! Tokens that the endpoint says are bound to a key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::binding::{Binding, Dpop};
use bearergate::request::ExternalUrl;
use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, Fault, ProofKey, TokenBuilder};
use bearergate::{Gate, KeyStore, RejectionKind};
use serde_json::{Value, json};

use crate::common::{AUDIENCE, Setup};

const URL: &str = "https://api.example.com";

fn binding() -> Binding {
    let dpop = Dpop::at(ExternalUrl::parse(URL).unwrap());
    Binding::dpop(dpop.build().unwrap()).build()
}

fn gate(setup: &Setup) -> Gate {
    let gate = Gate::builder().validator(setup.validator.clone());
    let gate = gate.clock(setup.clock.clone()).allow_any_authenticated();
    gate.build().unwrap()
}

async fn kind(
    gate: &Gate,
    scheme: &str,
    token: &str,
    proof: Option<&str>,
) -> Option<RejectionKind> {
    let request =
        http::Request::get("/orders").header("authorization", format!("{scheme} {token}"));
    let request = proof
        .iter()
        .fold(request, |request, proof| request.header("dpop", *proof));
    let checked = gate.check(&request.body(()).unwrap()).await;
    checked.err().map(|refusal| refusal.kind())
}

fn proof(setup: &Setup, client: &ProofKey, token: &str) -> String {
    let proof = client.proof("GET", "https://api.example.com/orders");
    proof.token(token).at(setup.idp.now()).sign()
}

#[tokio::test]
async fn a_remembered_answer_needs_a_proof_with_each_request() {
    let setup = Setup::with(|_, builder| builder.sender_constraint(binding()));
    let (gate, client) = (gate(&setup), ProofKey::es256());
    for word in ["DPoP", "Bearer"] {
        let claims = setup
            .claims()
            .claim("cnf", json!({"jkt": client.thumbprint()}));
        let token = setup.idp.opaque(&claims.claim("token_type", word));
        let send = async |proof: Option<&str>| kind(&gate, "DPoP", &token, proof).await;
        let before = setup.calls();
        let first = proof(&setup, &client, &token);
        assert_eq!(send(Some(&first)).await, None, "{word}");
        assert_eq!(send(Some(&first)).await, Some(RejectionKind::ProofReplayed));
        assert_eq!(send(None).await, Some(RejectionKind::BindingRequired));
        let thief = proof(&setup, &ProofKey::es256(), &token);
        assert_eq!(
            send(Some(&thief)).await,
            Some(RejectionKind::BindingMismatch)
        );
        assert_eq!(send(Some(&proof(&setup, &client, &token))).await, None);
        assert_eq!(setup.calls(), before + 1, "{word}");
        // The word of the answer does not make it a bearer token.
        let bearer = kind(&gate, "Bearer", &token, None).await;
        assert_eq!(bearer, Some(RejectionKind::BindingRequired), "{word}");
    }
}

// RFC 9701: what is said of the token is inside.
#[tokio::test]
async fn the_confirmation_of_a_signed_answer_is_the_inner_one() {
    let setup = Setup::with(|idp, builder| {
        let keys: std::sync::Arc<dyn KeyStore> = std::sync::Arc::new(idp.key().key_set());
        builder.signed(idp.url(), keys).sender_constraint(binding())
    });
    let (gate, client, other) = (gate(&setup), ProofKey::es256(), ProofKey::es256());
    let answer = |inner: Value, outer: Option<Value>| {
        let mut members = json!({
            "active": true, "token_type": "Bearer", "aud": AUDIENCE, "exp": 1_800_000_300_u64,
        });
        members["cnf"] = inner;
        let answer = TokenBuilder::new(&setup.idp.key(), setup.idp.now())
            .typ("token-introspection+jwt")
            .issuer(setup.idp.url())
            .audience(FakeIssuer::CLIENT_ID)
            .without("exp")
            .without("sub")
            .claim("token_introspection", members);
        let answer = outer
            .into_iter()
            .fold(answer, |answer, outer| answer.claim("cnf", outer));
        let answer = Answer::new(200).content("application/token-introspection+jwt", answer.sign());
        setup
            .idp
            .fail(FakeEndpoint::Introspection, Fault::Answer(answer));
    };
    let jkt = |key: &ProofKey| json!({"jkt": key.thumbprint()});
    answer(jkt(&client), None);
    let good = proof(&setup, &client, "one");
    assert_eq!(kind(&gate, "DPoP", "one", Some(&good)).await, None);
    let mismatch = Some(RejectionKind::BindingMismatch);
    let thief = proof(&setup, &other, "one");
    assert_eq!(kind(&gate, "DPoP", "one", Some(&thief)).await, mismatch);
    answer(json!({"x5t#S256": URL_SAFE_NO_PAD.encode([7; 32])}), None);
    let good = proof(&setup, &client, "two");
    assert_eq!(kind(&gate, "DPoP", "two", Some(&good)).await, mismatch);
    // What the answer says of itself is not said of the token.
    for outer in [jkt(&other), json!({}), json!({"unknown": "method"})] {
        answer(jkt(&client), Some(outer.clone()));
        let token = format!("three-{outer}").replace(['{', '}', '"', ':'], "");
        for (key, expected) in [(&client, None), (&other, mismatch)] {
            let proof = proof(&setup, key, &token);
            let found = kind(&gate, "DPoP", &token, Some(&proof)).await;
            assert_eq!(found, expected, "{outer}");
        }
    }
}
