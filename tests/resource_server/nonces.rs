//! Nonces that the server makes.

use crate::server::{BoundServer, Folder, PUBLIC, Reply};

fn nonce(reply: &Reply) -> Option<String> {
    reply.header("dpop-nonce").map(str::to_owned)
}

/// Sends a proof with this nonce.
fn send(bound: &BoundServer, nonce: Option<&str>) -> Reply {
    let token = bound.token();
    let proof = bound.proof(&token);
    let proof = match nonce {
        Some(nonce) => proof.nonce(nonce),
        None => proof,
    };
    bound.server.dpop("/whoami", &token, &[&proof.sign()])
}

#[test]
fn a_client_is_told_the_nonce_and_repeats_its_call() {
    let bound = BoundServer::with(&["--dpop-nonce-random"]);
    let first = send(&bound, None);
    assert_eq!(first.status(), 401);
    let challenge = first.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"use_dpop_nonce\""));
    let current = nonce(&first).unwrap();
    let second = send(&bound, Some(&current));
    assert_eq!(second.json()["freshness"], "nonce");
    assert_eq!(nonce(&second), None);
    assert_eq!(send(&bound, Some("other")).status(), 401);
    // A call without a credential is told too; another fault is not.
    assert!(nonce(&bound.server.get("/whoami", "")).is_some());
    let token = bound.token();
    let wrong = bound.proof(&token).nonce(&current).claim("htm", "PUT");
    let reply = bound.server.dpop("/whoami", &token, &[&wrong.sign()]);
    assert_eq!((reply.status(), nonce(&reply)), (401, None));
    let again = bound.proof(&token).nonce(&current).sign();
    for (expected, status) in [(None, 200), (None, 401)] {
        let reply = bound.server.dpop("/whoami", &token, &[&again]);
        assert_eq!((nonce(&reply), reply.status()), (expected, status));
    }
    let sent = bound.server.metric("bearergate_nonces_sent_total ");
    assert_eq!(sent, Some(3));
}

#[test]
fn a_good_nonce_replaces_the_time() {
    let bound = BoundServer::with(&["--dpop-nonce-random"]);
    let current = nonce(&send(&bound, None)).unwrap();
    let token = bound.token();
    let proof = bound.proof(&token).nonce(&current);
    let wrong = proof
        .claim("iat", 1_000_000_000_u64)
        .claim("exp", 1_000_000_001_u64);
    assert_eq!(bound.kind(&token, &wrong), None);
    let typed = bound.proof(&token).nonce(&current).claim("exp", "never");
    assert_eq!(bound.kind(&token, &typed).as_deref(), Some("proof_invalid"));
    // Without nonces the time counts, and a nonce does not.
    let without = BoundServer::with(&[]);
    let token = without.token();
    let proof = || without.proof(&token).nonce(&current);
    assert_eq!(without.kind(&token, &proof()), None);
    let old = proof().claim("iat", 1_000_000_000_u64);
    assert_eq!(without.kind(&token, &old).as_deref(), Some("proof_invalid"));
}

#[test]
fn servers_with_one_secret_and_origin_agree() {
    let folder = Folder::new();
    let (one, two) = (folder.file("one", [1; 32]), folder.file("two", [2; 64]));
    let of = |secret: &str, url: &str| {
        BoundServer::of(&[
            "--dpop",
            "accept",
            "--public-url",
            url,
            "--public-url",
            PUBLIC,
            "--dpop-nonce-file",
            secret,
            "--dpop-nonce-window",
            "3600",
        ])
    };
    let (first, path) = (of(&one, PUBLIC), of(&one, "https://api.example.test/v1"));
    let (origin, secret) = (of(&one, "https://other.example.test"), of(&two, PUBLIC));
    let current = nonce(&send(&first, None)).unwrap();
    for (bound, expected) in [(&first, 200), (&path, 200), (&origin, 401), (&secret, 401)] {
        assert_eq!(send(bound, Some(&current)).status(), expected);
    }
}

#[test]
fn a_nonce_of_the_older_secret_passes_and_is_replaced() {
    let folder = Folder::new();
    let (old, new) = (folder.file("old", [1; 32]), folder.file("new", [2; 32]));
    let before = BoundServer::with(&["--dpop-nonce-file", &old]);
    let after = BoundServer::with(&["--dpop-nonce-file", &new, "--dpop-nonce-older-file", &old]);
    let older = nonce(&send(&before, None)).unwrap();
    let reply = send(&after, Some(&older));
    assert_eq!(reply.status(), 200);
    let newer = nonce(&reply).unwrap();
    let reply = send(&after, Some(&newer));
    assert_eq!((reply.status(), nonce(&reply)), (200, None));
    assert_eq!(send(&before, Some(&newer)).status(), 401);
}
