//! Tokens of an identity provider, API keys, and what revokes them.

use std::path::Path;
use std::sync::Arc;

use bearergate::api_key::{ApiKeyFormat, ApiKeyManager, ApiKeyScheme, NewApiKey, PepperSet};
use bearergate::secret_source::SecretSource;
use bearergate::stores::SqliteStore;
use bearergate::testing::{FakeEndpoint, FakeIssuer, Fault};
use serde_json::{Value, json};

use crate::server::{API, Server};

const CLIENT: [&str; 5] = [
    "--allow-http-loopback",
    "--client-id",
    FakeIssuer::CLIENT_ID,
    "--client-secret",
    FakeIssuer::CLIENT_SECRET,
];

// Answers

#[test]
fn whoami_shows_all_facts_of_a_jwt() {
    let idp = FakeIssuer::start().unwrap();
    let server = Server::for_issuer(&idp, &[]);
    let token = idp.token(API).subject("alice").scope("read write");
    let reply = server.whoami(&token.sign());
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let facts = reply.json();
    let token_id = facts["token_id"].as_str().unwrap();
    assert_eq!(token_id.len(), 64);
    let expires_at = facts["expires_at"].as_u64().unwrap();
    assert!(expires_at > idp.now().as_secs());
    let expected = json!({
        "kind": "jwt", "issuer": idp.url(), "subject": "alice", "client_id": "client-1",
        "scopes": ["read", "write"], "audience": [API], "expires_at": expires_at,
        "token_id": token_id, "confirmed": null, "freshness": null, "signed_by": null,
        "was_encrypted": false,
    });
    assert_eq!(facts, expected);
}

#[test]
fn absent_facts_are_null() {
    let idp = FakeIssuer::start().unwrap();
    let server = Server::for_issuer(&idp, &[]);
    let token = idp.token(API).without("sub").without("client_id");
    let facts = server.whoami(&token.sign()).json();
    for name in ["subject", "client_id", "scopes"] {
        assert_eq!(facts[name], Value::Null, "{name}");
    }
}

#[test]
fn refusals_have_the_status_and_challenge_of_their_kind() {
    let idp = FakeIssuer::start().unwrap();
    let server = Server::for_issuer(&idp, &[]);
    let missing = server.get("/whoami", "");
    assert_eq!(missing.status(), 401);
    assert_eq!(
        missing.header("www-authenticate"),
        Some("Bearer realm=\"api\"")
    );
    let basic = server.get("/whoami", "authorization: Basic YTpi\r\n");
    assert_eq!(basic.status(), 401);
    assert!(!basic.0.contains("error="));
    let malformed = server.get("/whoami", "authorization: Bearer two words\r\n");
    assert_eq!(malformed.status(), 400);
    let other = idp.token(API).issuer("https://other").sign();
    let other = server.whoami(&other);
    assert_eq!(other.status(), 401);
    let challenge = other.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"invalid_token\""));
    // No validator takes opaque tokens here.
    assert_eq!(server.whoami("opaque").status(), 401);
    let kinds = server.get("/metrics", "").0;
    for kind in [
        "credential_missing",
        "credential_malformed",
        "issuer_mismatch",
        "token_malformed",
    ] {
        let line = format!("bearergate_rejections_total{{kind=\"{kind}\"}} ");
        assert!(kinds.contains(&line), "{kind}");
    }
}

#[test]
fn scoped_requires_its_scope() {
    let idp = FakeIssuer::start().unwrap();
    let server = Server::for_issuer(&idp, &["--scope", "orders:read"]);
    let with = idp.token(API).scope("orders:read orders:write").sign();
    assert_eq!(server.bearer("/scoped", &with).status(), 200);
    let without = server.bearer("/scoped", &idp.token(API).scope("orders").sign());
    assert_eq!(without.status(), 403);
    let challenge = without.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_scope\""));
    assert!(challenge.contains("scope=\"orders:read\""));
    assert_eq!(server.whoami(&idp.token(API).sign()).status(), 200);
}

#[test]
fn the_type_is_required_with_require_type() {
    let idp = FakeIssuer::start().unwrap();
    let server = Server::for_issuer(&idp, &["--require-type", "at+jwt"]);
    assert_eq!(server.whoami(&idp.token(API).sign()).status(), 200);
    let untyped = idp.token(API).without_header("typ").sign();
    assert_eq!(server.whoami(&untyped).status(), 401);
}

#[test]
fn it_is_ready_and_answers_503_while_its_provider_is_down() {
    let idp = FakeIssuer::start().unwrap();
    idp.down();
    let server = Server::for_issuer(&idp, &[]);
    assert_eq!(server.get("/healthz", "").status(), 200);
    let reply = server.whoami(&idp.token(API).sign());
    assert_eq!(reply.status(), 503);
    assert!(reply.header("retry-after").is_some());
    assert!(reply.header("www-authenticate").is_none());
}

#[test]
fn a_second_request_is_answered_from_the_cache() {
    let idp = FakeIssuer::start().unwrap();
    let jwks = idp.endpoint(FakeEndpoint::Jwks);
    let server = Server::for_issuer(&idp, &["--jwks-url", &jwks]);
    let token = idp.token(API).sign();
    for _ in 0..3 {
        assert_eq!(server.whoami(&token).status(), 200);
    }
    assert_eq!(server.metric("bearergate_cache_hits_total"), Some(2));
    assert_eq!(server.metric("bearergate_jwks_fetches_total"), Some(1));
    assert_eq!((idp.count(FakeEndpoint::Jwks), idp.total()), (1, 1));
}

// Introspection

#[test]
fn opaque_tokens_are_introspected_and_jwts_are_not() {
    let idp = FakeIssuer::start().unwrap();
    let url = idp.endpoint(FakeEndpoint::Introspection);
    let more = [&["--introspection", &url][..], &CLIENT[1..]].concat();
    let server = Server::for_issuer(&idp, &more);
    let claims = idp.token(API).subject("alice").scope("read");
    let token = idp.opaque(&claims);
    let facts = server.whoami(&token).json();
    assert_eq!(facts["kind"], "opaque");
    assert_eq!(facts["subject"], "alice");
    assert_eq!(facts["issuer"], idp.url());
    assert_eq!(facts["audience"], json!([API]));
    assert_eq!(server.whoami("unknown").status(), 401);
    assert_eq!(
        server.metric("bearergate_introspection_calls_total"),
        Some(2)
    );
    assert_eq!(server.whoami(&token).status(), 200);
    assert_eq!(
        server.metric("bearergate_introspection_calls_total"),
        Some(2)
    );
    // A JWT that its validator refuses is not sent to the introspection endpoint.
    let other = claims.issuer("https://other").sign();
    idp.know(other.as_str(), &idp.token(API));
    assert_eq!(server.whoami(&other).status(), 401);
    assert_eq!(idp.count(FakeEndpoint::Introspection), 2);
}

#[test]
fn without_an_issuer_every_bearer_token_is_introspected() {
    let idp = FakeIssuer::start().unwrap();
    let url = idp.endpoint(FakeEndpoint::Introspection);
    let options = [&["--introspection", &url, "--audience", API][..], &CLIENT].concat();
    let server = Server::start(&options);
    let token = idp.token(API);
    idp.know(token.sign(), &token);
    let signed = token.sign();
    idp.know(signed.as_str(), &token);
    let facts = server.whoami(&signed).json();
    assert_eq!(facts["kind"], "opaque");
    assert_eq!(idp.count(FakeEndpoint::Introspection), 1);
}

#[test]
fn signed_responses_are_required_with_signed_introspection() {
    let idp = FakeIssuer::start().unwrap();
    let url = idp.endpoint(FakeEndpoint::Introspection);
    let signed = ["--signed-introspection", "--introspection", &url];
    let server = Server::for_issuer(&idp, &[&signed[..], &CLIENT[1..]].concat());
    let first = idp.opaque(&idp.token(API));
    assert_eq!(server.whoami(&first).status(), 200);
    let plain = r#"{"active":true,"token_type":"Bearer","aud":"https://api.example.com"}"#;
    let plain = bearergate::testing::Answer::json(plain);
    idp.fail(FakeEndpoint::Introspection, Fault::Answer(plain));
    let second = idp.opaque(&idp.token(API));
    assert_eq!(server.whoami(&second).status(), 503);
}

// API keys

/// Makes a file with one key, and its pepper in the same folder.
async fn key_file(folder: &Path) -> String {
    let pepper = folder.join("pepper");
    std::fs::write(&pepper, [7; 32]).unwrap();
    let peppers = PepperSet::new(1, &SecretSource::file(&pepper)).unwrap();
    let format = ApiKeyFormat::new("acme_live").unwrap();
    let ring = ApiKeyScheme::new("acme keys", format, peppers).unwrap();
    let store = SqliteStore::open(folder.join("keys.db")).unwrap();
    let keys = ApiKeyManager::builder(ring, Arc::new(store))
        .build()
        .unwrap();
    let draft = NewApiKey::new("robot").never_expires();
    let issued = keys.create(draft.scopes(["orders:read"])).await.unwrap();
    issued.secret.reveal()
}

#[tokio::test]
async fn api_keys_are_accepted_from_each_of_their_places() {
    let folder = std::env::temp_dir().join(format!("bearergate-server-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let key = key_file(&folder).await;
    let (db, pepper) = (folder.join("keys.db"), folder.join("pepper"));
    let idp = FakeIssuer::start().unwrap();
    let url = idp.endpoint(FakeEndpoint::Introspection);
    let keys = ["--api-keys", db.to_str().unwrap()];
    let keys = [&keys[..], &["--pepper-file", pepper.to_str().unwrap()]].concat();
    let asks = ["--introspection", &url, "--audience", API];
    let server = Server::start(&[&keys[..], &asks, &CLIENT].concat());
    for header in [
        "authorization: Bearer ",
        "authorization: ApiKey ",
        "x-api-key: ",
    ] {
        let reply = server.get("/whoami", &format!("{header}{key}\r\n"));
        assert_eq!(reply.status(), 200, "{header}");
        let facts = reply.json();
        assert_eq!(
            (&facts["kind"], &facts["subject"]),
            (&json!("api_key"), &json!("robot"))
        );
        assert_eq!(facts["scopes"], json!(["orders:read"]));
        assert_eq!(facts["issuer"], Value::Null);
    }
    // What begins like a key never leaves the process.
    assert_eq!(server.whoami(&format!("{key}x")).status(), 401);
    assert_eq!(server.whoami("acme_live_").status(), 401);
    assert_eq!(idp.total(), 0);
    drop(server);
    std::fs::remove_dir_all(&folder).unwrap();
}

// Revocation

#[test]
fn a_revoked_token_is_refused_at_once() {
    let idp = FakeIssuer::start().unwrap();
    let server = Server::for_issuer(&idp, &[]);
    let by_jti = idp.token(API).claim("jti", "j-1").sign();
    let by_id = idp.token(API).claim("jti", "j-2").sign();
    let id = server.whoami(&by_id).json()["token_id"].clone();
    assert_eq!(server.whoami(&by_jti).status(), 200);
    let other = json!({"issuer": "https://other", "jti": "j-1"});
    assert_eq!(server.revoke("", &other), 204);
    assert_eq!(server.whoami(&by_jti).status(), 200);
    assert_eq!(
        server.revoke("", &json!({"issuer": idp.url(), "jti": "j-1"})),
        204
    );
    assert_eq!(server.whoami(&by_jti).status(), 401);
    assert_eq!(server.whoami(&by_id).status(), 200);
    assert_eq!(server.revoke("", &json!({"token_id": id})), 204);
    assert_eq!(server.whoami(&by_id).status(), 401);
    let line = "bearergate_rejections_total{kind=\"token_revoked\"} ";
    assert_eq!(server.metric(line), Some(2));
}

#[test]
fn an_opaque_token_is_revoked_under_its_issuer_too() {
    let idp = FakeIssuer::start().unwrap();
    let url = idp.endpoint(FakeEndpoint::Introspection);
    let options = [&["--introspection", &url, "--audience", API][..], &CLIENT].concat();
    let server = Server::start(&options);
    let token = idp.opaque(&idp.token(API).claim("jti", "j-1"));
    assert_eq!(server.whoami(&token).status(), 200);
    let other = json!({"issuer": "https://other", "jti": "j-1"});
    assert_eq!(server.revoke("", &other), 204);
    assert_eq!(server.whoami(&token).status(), 200);
    assert_eq!(
        server.revoke("", &json!({"issuer": idp.url(), "jti": "j-1"})),
        204
    );
    assert_eq!(server.whoami(&token).status(), 401);
}

#[test]
fn malformed_and_forwarded_requests_revoke_nothing() {
    let idp = FakeIssuer::start().unwrap();
    let server = Server::for_issuer(&idp, &[]);
    for nonsense in [
        json!({}),
        json!([]),
        json!({"jti": "a"}),
        json!({"issuer": "a"}),
        json!({"issuer": "a", "jti": 1}),
        json!({"issuer": "a", "jti": ""}),
        json!({"issuer": "a", "jti": "b", "token_id": "c"}),
        json!({"issuer": "a", "jti": "b", "more": "c"}),
        json!({"token_id": "short"}),
        json!({"token_id": "g".repeat(64)}),
    ] {
        assert_eq!(server.revoke("", &nonsense), 400, "{nonsense}");
    }
    let twice = r#"{"token_id":"a","token_id":"b"}"#;
    assert_eq!(
        server.send("POST /revoke HTTP/1.1\r\n", twice).status(),
        400
    );
    let good = json!({"issuer": "a", "jti": "b"});
    for header in [
        "forwarded: for=1.2.3.4\r\n",
        "X-Forwarded-For: 1.2.3.4\r\n",
        "x-forwarded-host: a\r\n",
        "Via: 1.1 a\r\n",
        "origin: http://127.0.0.1\r\n",
    ] {
        assert_eq!(server.revoke(header, &good), 403, "{header}");
    }
    assert_eq!(server.revoke("", &good), 204);
}
