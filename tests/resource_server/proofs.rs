//! Proofs that come over the network.

use bearergate::testing::ProofKey;
use serde_json::json;

use crate::server::{API, BoundServer, PUBLIC};

fn some(kind: &str) -> Option<String> {
    Some(kind.to_owned())
}

#[test]
fn one_proof_is_read_and_no_list() {
    let bound = BoundServer::with(&[]);
    let token = bound.token();
    let proof = || bound.proof(&token).sign();
    let kind = |proofs: &[&str]| {
        bound
            .server
            .kind(|server| server.dpop("/whoami", &token, proofs))
    };
    assert_eq!(kind(&[]), some("binding_required"));
    assert_eq!(kind(&[""]), some("proof_invalid"));
    assert_eq!(kind(&[&proof(), &proof()]), some("proof_invalid"));
    assert_eq!(
        kind(&[&format!("{}, {}", proof(), proof())]),
        some("proof_invalid")
    );
    assert_eq!(kind(&[&proof()]), None);
    for scheme in ["dpop", "DPOP", "DPoP"] {
        let header = format!("authorization: {scheme} {token}\r\ndpop: {}\r\n", proof());
        assert_eq!(bound.server.get("/whoami", &header).status(), 200);
    }
    // Beside a token that is bound to nothing it is not looked at.
    let unbound = bound.idp.token(API).sign();
    let header = format!("authorization: Bearer {unbound}\r\ndpop: nonsense\r\n");
    assert_eq!(bound.server.get("/whoami", &header).status(), 200);
}

#[test]
fn algorithms_are_those_that_were_named() {
    let usual = BoundServer::with(&[]);
    let (ed, rsa) = (ProofKey::ed25519(), ProofKey::rs256());
    let kind = |bound: &BoundServer, key: &ProofKey| {
        let token = bound.token_with(json!({"jkt": key.thumbprint()}));
        let proof = key.proof("GET", &format!("{PUBLIC}/whoami")).token(&token);
        bound.kind(&token, &proof)
    };
    assert_eq!(kind(&usual, &ed), None);
    assert_eq!(kind(&usual, &rsa), None);
    let narrow = BoundServer::with(&["--dpop-alg", "Ed25519", "--dpop-alg=EdDSA"]);
    assert_eq!(kind(&narrow, &ed), None);
    assert_eq!(kind(&narrow, &rsa), some("proof_invalid"));
    assert_eq!(kind(&narrow, &narrow.client), some("proof_invalid"));
    let reply = narrow.server.get("/whoami", "");
    assert!(reply.0.contains("algs=\"EdDSA Ed25519\""), "{}", reply.0);
}

#[test]
fn a_key_that_is_not_the_tokens_is_named_before_every_other_fault() {
    let bound = BoundServer::with(&[]);
    let token = bound.token();
    let thief = ProofKey::es256();
    let stolen = thief.proof("PUT", "https://other.example.com");
    assert_eq!(bound.kind(&token, &stolen), some("binding_mismatch"));
    let own = bound.client.proof("PUT", "https://other.example.com");
    assert_eq!(bound.kind(&token, &own), some("proof_invalid"));
    let lower = bound.proof(&token).claim("htm", "get");
    assert_eq!(bound.kind(&token, &lower), some("proof_invalid"));
    assert_eq!(bound.kind(&token, &bound.proof(&token)), None);
}

#[test]
fn the_target_is_the_public_address_and_the_path_of_the_request_line() {
    let more = [
        "--public-url",
        "https://inner.example.test/svc",
        "--internal-prefix",
        "/internal",
    ];
    let bound = BoundServer::with(&more);
    let token = bound.token();
    let kind = |line: &str, headers: &str, htu: &str| {
        let proof = bound.proof(&token).claim("htu", htu).sign();
        let head = format!(
            "GET {line} HTTP/1.1\r\nauthorization: DPoP {token}\r\ndpop: {proof}\r\n{headers}"
        );
        bound.server.kind(|server| server.send(&head, ""))
    };
    let (outer, other) = (
        "https://api.example.test/things/a",
        "https://other.example.com/things/a",
    );
    for (line, htu, expected) in [
        ("/things/a", outer, None),
        ("/things/a?page=2", outer, None),
        (
            "/things/a",
            "https://API.example.test:443/things/%61?x#y",
            None,
        ),
        ("http://other.example.com/things/a", outer, None),
        (
            "http://other.example.com/things/a",
            other,
            some("proof_invalid"),
        ),
        ("/things/a", "https://inner.example.test/svc/things/a", None),
        (
            "/things/a",
            "https://inner.example.test/things/a",
            some("proof_invalid"),
        ),
        (
            "/things/a",
            "https://api.example.test/things/a/",
            some("proof_invalid"),
        ),
        ("/things/a%40", "https://api.example.test/things/a%40", None),
        (
            "/things/a%40",
            "https://api.example.test/things/a@",
            some("proof_invalid"),
        ),
        (
            "/things/a;b=c",
            "https://api.example.test/things/a",
            some("proof_invalid"),
        ),
    ] {
        assert_eq!(kind(line, "", htu), expected, "{line} {htu}");
    }
    let spoofed = "x-forwarded-host: other.example.com\r\nforwarded: host=other.example.com\r\n";
    assert_eq!(kind("/things/a", spoofed, other), some("proof_invalid"));
    assert_eq!(kind("/things/a", spoofed, outer), None);
    // What a proxy puts before the path is no part of it.
    let prefixed = bound.proof(&token).claim("htu", format!("{PUBLIC}/whoami"));
    let head = format!(
        "GET /internal/whoami HTTP/1.1\r\nauthorization: DPoP {token}\r\ndpop: {}\r\n",
        prefixed.sign()
    );
    // No route has the prefix here; the router answers, and not the gate.
    assert_eq!(bound.server.send(&head, "").status(), 404);
}

#[test]
fn a_proof_passes_within_its_time() {
    let bound = BoundServer::with(&["--dpop-window", "300,200"]);
    let token = bound.token();
    let now = bound.idp.now().as_secs();
    for (iat, expected) in [
        (now - 250, true),
        (now - 310, false),
        (now + 190, true),
        (now + 260, false),
    ] {
        let proof = bound.proof(&token).claim("iat", iat);
        assert_eq!(bound.is_accepted(&token, &proof), expected, "{iat}");
    }
    let usual = BoundServer::with(&[]);
    let token = usual.token();
    let now = usual.idp.now().as_secs();
    for (iat, expected) in [
        (now - 30, true),
        (now - 70, false),
        (now + 20, true),
        (now + 90, false),
    ] {
        let proof = usual.proof(&token).claim("iat", iat);
        assert_eq!(usual.is_accepted(&token, &proof), expected, "{iat}");
    }
}

#[test]
fn of_fifty_equal_proofs_one_passes() {
    let bound = BoundServer::with(&[]);
    let token = bound.token();
    let proof = bound.proof(&token).sign();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| bound.server.dpop("/whoami", &token, &[&proof]).status()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let passed = statuses.iter().filter(|status| **status == 200).count();
    let refused = statuses.iter().filter(|status| **status == 401).count();
    assert_eq!((passed, refused), (1, 49));
    let name = "bearergate_proofs_total{outcome=\"proof_replayed\"} ";
    assert_eq!(bound.server.metric(name), Some(49));
}

#[test]
fn a_full_table_is_503_and_forgets_nothing() {
    let bound = BoundServer::with(&["--dpop-replay", "memory:1024"]);
    let token = bound.token();
    let first = bound.proof(&token).sign();
    let send = |proof: &str| bound.server.dpop("/whoami", &token, &[proof]);
    assert_eq!(send(&first).status(), 200);
    // One key has a quarter.
    for _ in 1..256 {
        assert_eq!(send(&bound.proof(&token).sign()).status(), 200);
    }
    let full = send(&bound.proof(&token).sign());
    assert_eq!(full.status(), 503);
    assert!(full.header("retry-after").is_some());
    assert!(full.header("www-authenticate").is_none());
    assert_eq!(
        bound.server.metric("bearergate_replay_full_total "),
        Some(1)
    );
    let replay = bound
        .server
        .kind(|server| server.dpop("/whoami", &token, &[&first]));
    assert_eq!(replay, some("proof_replayed"));
    let other = ProofKey::ed25519();
    let token = bound.token_with(json!({"jkt": other.thumbprint()}));
    let proof = other.proof("GET", &format!("{PUBLIC}/whoami"));
    assert_eq!(bound.kind(&token, &proof.token(&token)), None);
}

#[test]
fn a_replay_is_allowed_only_where_it_was_said() {
    let bound = BoundServer::with(&["--dpop-replay", "off"]);
    let token = bound.token();
    let proof = bound.proof(&token);
    assert_eq!(bound.kind(&token, &proof), None);
    assert_eq!(bound.kind(&token, &proof), None);
    let usual = BoundServer::with(&[]);
    let token = usual.token();
    let proof = usual.proof(&token).id("one");
    let failed = usual.proof(&token).id("one").claim("htm", "PUT");
    // A proof that was refused leaves no mark.
    assert_eq!(usual.kind(&token, &failed), some("proof_invalid"));
    assert_eq!(usual.kind(&token, &proof), None);
    assert_eq!(usual.kind(&token, &proof), some("proof_replayed"));
}

#[test]
fn the_profile_demands_proofs_and_its_algorithms() {
    let bound = BoundServer::with(&["--fapi2"]);
    let token = bound.token();
    let now = bound.idp.now().as_secs();
    let kind = |proof| bound.kind(&token, &proof);
    assert_eq!(kind(bound.proof(&token).claim("iat", now + 2)), None);
    // It was made before the server started.
    assert_eq!(
        kind(bound.proof(&token).claim("iat", now - 50)),
        some("proof_invalid")
    );
    let unbound = bound.idp.token(API).sign();
    let unbound = bound.server.kind(|server| server.whoami(&unbound));
    assert_eq!(unbound, some("binding_required"));
    let rsa = ProofKey::rs256();
    let token = bound.token_with(json!({"jkt": rsa.thumbprint()}));
    let proof = rsa.proof("GET", &format!("{PUBLIC}/whoami"));
    assert_eq!(
        bound.kind(&token, &proof.token(&token)),
        some("proof_invalid")
    );
    let usual = BoundServer::with(&[]);
    let token = usual.token();
    let now = usual.idp.now().as_secs();
    assert_eq!(
        usual.kind(&token, &usual.proof(&token).claim("iat", now - 50)),
        None
    );
}
