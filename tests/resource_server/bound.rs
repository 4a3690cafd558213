//! Who may pass with a token that is bound to a key, and what is said of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::testing::FakeIssuer;
use serde_json::{Value, json};

use crate::server::{API, BoundServer, PUBLIC, Server};

fn some(kind: &str) -> Option<String> {
    Some(kind.to_owned())
}

#[test]
fn each_route_shows_how_the_caller_was_confirmed() {
    let bound = BoundServer::with(&["--scope", "read"]);
    let token = bound.idp.token(API).scope("read");
    let token = token
        .claim("cnf", json!({"jkt": bound.client.thumbprint()}))
        .sign();
    for (method, path) in [
        ("GET", "/whoami"),
        ("GET", "/scoped"),
        ("GET", "/things/1"),
        ("DELETE", "/things/1"),
    ] {
        let proof = bound
            .client
            .proof(method, &format!("{PUBLIC}{path}"))
            .token(&token);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nauthorization: DPoP {token}\r\ndpop: {}\r\n",
            proof.sign()
        );
        let reply = bound.server.send(&head, "");
        assert_eq!(reply.status(), 200, "{method} {path}");
        let facts = reply.json();
        assert_eq!(
            (&facts["confirmed"], &facts["freshness"]),
            (&json!("dpop"), &json!("iat"))
        );
    }
    let unbound = bound
        .server
        .whoami(&bound.idp.token(API).scope("read").sign())
        .json();
    for name in ["confirmed", "freshness", "signed_by"] {
        assert_eq!(unbound[name], Value::Null, "{name}");
    }
    assert_eq!(unbound["was_encrypted"], json!(false));
}

#[test]
fn proofs_are_counted_by_their_outcome() {
    let bound = BoundServer::with(&[]);
    let token = bound.token();
    let good = bound.proof(&token);
    assert_eq!(bound.kind(&token, &good), None);
    assert_eq!(bound.kind(&token, &good), some("proof_replayed"));
    let other = bound.proof(&token).claim("htm", "PUT");
    assert_eq!(bound.kind(&token, &other), some("proof_invalid"));
    for (name, expected) in [
        ("bearergate_proofs_total{outcome=\"accepted\"} ", 1),
        ("bearergate_proofs_total{outcome=\"proof_replayed\"} ", 1),
        ("bearergate_proofs_total{outcome=\"proof_invalid\"} ", 1),
        ("bearergate_replay_entries ", 1),
        ("bearergate_replay_full_total ", 0),
        ("bearergate_nonces_sent_total ", 0),
    ] {
        assert_eq!(bound.server.metric(name), Some(expected), "{name}");
    }
    // A client cannot tell a replay from another fault.
    let (replayed, invalid) = (
        bound.server.dpop("/whoami", &token, &[&good.sign()]),
        bound.server.dpop("/whoami", &token, &[&other.sign()]),
    );
    let challenge = replayed.header("www-authenticate").unwrap();
    assert_eq!(invalid.header("www-authenticate"), Some(challenge));
    assert!(challenge.contains("error=\"invalid_dpop_proof\""));
}

#[test]
fn a_bound_token_can_be_revoked() {
    let bound = BoundServer::with(&[]);
    let token = bound.token();
    let good = |token: &str| bound.proof(token);
    let first = bound
        .server
        .dpop("/whoami", &token, &[&good(&token).sign()]);
    let id = first.json()["token_id"].clone();
    assert_eq!(bound.server.revoke("", &json!({"token_id": id})), 204);
    // The list is asked after the proof.
    let bad = good(&token).claim("htm", "PUT");
    assert_eq!(bound.kind(&token, &bad), some("proof_invalid"));
    assert_eq!(bound.kind(&token, &good(&token)), some("token_revoked"));
}

#[test]
fn unbound_tokens_pass_where_proofs_are_accepted_and_not_where_they_are_required() {
    let is_unbound_accepted = |demand: &str| {
        let bound = BoundServer::of(&["--dpop", demand, "--public-url", PUBLIC]);
        let token = bound.token();
        assert_eq!(bound.kind(&token, &bound.proof(&token)), None);
        let unbound = bound.idp.token(API).sign();
        bound.server.kind(|server| server.whoami(&unbound))
    };
    assert_eq!(is_unbound_accepted("accept"), None);
    assert_eq!(is_unbound_accepted("require"), some("binding_required"));
}

#[test]
fn without_dpop_its_scheme_is_no_credential() {
    let idp = FakeIssuer::start().unwrap();
    let server = Server::for_issuer(&idp, &["--public-url", PUBLIC]);
    let token = idp.token(API).sign();
    let reply = server.dpop("/whoami", &token, &["a.b.c"]);
    assert_eq!(reply.status(), 401);
    assert!(!reply.0.contains("error="));
    let header = format!("authorization: Bearer {token}\r\ndpop: nonsense\r\n");
    assert_eq!(server.get("/whoami", &header).status(), 200);
    let bound = idp.token(API).claim("cnf", json!({"jkt": "A".repeat(43)}));
    let kind = server.kind(|server| server.whoami(&bound.sign()));
    assert_eq!(kind, some("binding_required"));
}

#[test]
fn confirmations_that_are_not_understood_are_refused() {
    let bound = BoundServer::with(&[]);
    let thumbprint = bound.client.thumbprint();
    for (cnf, expected) in [
        (json!({"jkt": thumbprint}), None),
        (json!({}), some("binding_required")),
        (
            json!({"jkt": thumbprint, "kid": "a"}),
            some("binding_required"),
        ),
        (
            json!({"jkt": format!("{thumbprint}=")}),
            some("binding_required"),
        ),
        (
            json!({"jkt": URL_SAFE_NO_PAD.encode([7; 31])}),
            some("binding_required"),
        ),
        (
            json!({"x5t#S256": URL_SAFE_NO_PAD.encode([7; 32])}),
            some("binding_required"),
        ),
        (json!("key"), some("binding_required")),
    ] {
        let token = bound.token_with(cnf.clone());
        let kind = bound.kind(&token, &bound.proof(&token));
        match &expected {
            None => assert_eq!(kind, None),
            Some(_) => assert!(kind.is_some(), "{cnf}"),
        }
        let reply = bound
            .server
            .dpop("/whoami", &token, &[&bound.proof(&token).sign()]);
        if expected.is_some() {
            assert_eq!(reply.status(), 401, "{cnf}");
            let challenge = reply.header("www-authenticate").unwrap();
            assert!(challenge.contains("error=\"invalid_token\""), "{cnf}");
        }
        let bearer = bound.server.whoami(&token);
        assert_eq!(bearer.status(), 401, "{cnf}");
    }
}

// The word of the answer does not decide.
#[test]
fn tokens_of_an_introspection_endpoint_are_bound_alike() {
    let idp = FakeIssuer::start().unwrap();
    let url = idp.endpoint(bearergate::testing::FakeEndpoint::Introspection);
    let options = ["--introspection", &url, "--audience", API];
    let bound = ["--dpop", "accept", "--public-url", PUBLIC];
    let client = [
        "--allow-http-loopback",
        "--client-id",
        FakeIssuer::CLIENT_ID,
        "--client-secret",
        FakeIssuer::CLIENT_SECRET,
    ];
    let server = Server::start(&[&options[..], &bound, &client].concat());
    let key = bearergate::testing::ProofKey::es256();
    let proof = |token: &str| {
        let proof = key.proof("GET", &format!("{PUBLIC}/whoami"));
        proof.token(token).sign()
    };
    for word in ["Bearer", "DPoP"] {
        let claims = idp.token(API).claim("token_type", word);
        let token = idp.opaque(&claims.claim("cnf", json!({"jkt": key.thumbprint()})));
        let good = server.dpop("/whoami", &token, &[&proof(&token)]);
        assert_eq!(good.json()["confirmed"], json!("dpop"), "{word}");
        let kind = server.kind(|server| server.whoami(&token));
        assert_eq!(kind, some("binding_required"), "{word}");
        let kind = server.kind(|server| server.dpop("/whoami", &token, &[]));
        assert_eq!(kind, some("binding_required"), "{word}");
    }
    let unbound = idp.opaque(&idp.token(API).claim("token_type", "DPoP"));
    assert_eq!(server.whoami(&unbound).status(), 401);
    let unbound = idp.opaque(&idp.token(API).claim("token_type", "Bearer"));
    assert_eq!(server.whoami(&unbound).status(), 200);
}

#[test]
fn a_challenge_has_the_scheme_of_the_credential() {
    let bound = BoundServer::with(&["--scope", "read"]);
    let token = bound.token();
    let challenge = |reply: &crate::server::Reply| {
        let mut lines = reply
            .0
            .lines()
            .filter(|line| line.starts_with("www-authenticate"));
        let line = lines.next().unwrap().to_owned();
        (line, lines.count())
    };
    let bearer = bound.server.whoami(&token);
    let (line, more) = challenge(&bearer);
    assert!(
        line.contains(": DPoP ") && line.contains("algs=\""),
        "{line}"
    );
    assert_eq!(more, 0);
    let scope = bound.client.proof("GET", &format!("{PUBLIC}/scoped"));
    let scoped = bound
        .server
        .dpop("/scoped", &token, &[&scope.token(&token).sign()]);
    assert_eq!(scoped.status(), 403);
    let (line, more) = challenge(&scoped);
    assert!(
        line.contains(": DPoP ") && line.contains("insufficient_scope"),
        "{line}"
    );
    assert_eq!(more, 0);
    let scoped = bound.server.bearer("/scoped", &bound.idp.token(API).sign());
    let (line, more) = challenge(&scoped);
    assert!(
        line.contains(": Bearer ") && line.contains("insufficient_scope"),
        "{line}"
    );
    assert_eq!(more, 0);
    let expired = bound
        .idp
        .token(API)
        .expired()
        .claim("cnf", json!({"jkt": bound.client.thumbprint()}))
        .sign();
    let (line, _) = challenge(&bound.server.dpop("/whoami", &expired, &[]));
    assert!(
        line.contains(": DPoP ") && line.contains("invalid_token"),
        "{line}"
    );
    // Each credential that is missing has a challenge of each scheme.
    let (_, more) = challenge(&bound.server.get("/whoami", ""));
    assert_eq!(more, 1);
}
