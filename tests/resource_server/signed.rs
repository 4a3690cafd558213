//! Signed requests and responses (RFC 9421).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bearergate::clock::UnixTime;
use bearergate::crypto::Algorithm;
use bearergate::issuer::{SigningKey, SigningKeys};
use bearergate::message::{Component, MessageSigner, content_digest};
use bearergate::request::ExternalUrl;
use http::HeaderName;
use http::request::Parts;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::server::{API, BoundServer, Folder, PUBLIC, Reply};

const BODY: &str = r#"{"amount":1}"#;

/// A server with the key of a client.
struct SignedServer {
    bound: BoundServer,
    signer: MessageSigner,
    now: UnixTime,
    _folder: Folder,
}

impl SignedServer {
    fn with(more: &[&str]) -> Self {
        let folder = Folder::new();
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let made = SigningKeys::builder(key.clone())
            .build(UnixTime::from_secs(1_760_000_000))
            .unwrap();
        let mut jwks: Value =
            serde_json::from_str(&made.jwks(UnixTime::from_secs(1_760_000_000))).unwrap();
        jwks["keys"][0]["kid"] = json!("client");
        let keys = folder.file("keys.json", jwks.to_string());
        let options = ["--public-url", PUBLIC, "--signed-requests", &keys];
        let bound = BoundServer::of(&[&options[..], more].concat());
        let at = ExternalUrl::parse(PUBLIC).unwrap();
        let now = bound.idp.now();
        Self {
            bound,
            signer: MessageSigner::new("fapi-2-request", at, key)
                .unwrap()
                .keyid("client"),
            now,
            _folder: folder,
        }
    }

    /// Returns a request that is not signed yet.
    fn parts(&self, path: &str) -> Parts {
        let token = self.bound.idp.token(API).sign();
        let request = http::Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        request.body(()).unwrap().into_parts().0
    }

    fn sign(&self, parts: &mut Parts, components: &[Component]) {
        let signer = &self.signer;
        assert!(signer.sign_request(parts, BODY.as_bytes(), components, self.now));
    }

    fn signed(&self, path: &str) -> Parts {
        let mut parts = self.parts(path);
        self.sign(&mut parts, &usual());
        parts
    }

    fn send(&self, parts: &Parts, body: &str) -> Reply {
        let mut head = format!("{} {} HTTP/1.1\r\n", parts.method, parts.uri);
        for (name, value) in &parts.headers {
            head += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
        self.bound.server.send(&head, body)
    }

    fn kind(&self, parts: &Parts, body: &str) -> Option<String> {
        self.bound.server.kind(|_| self.send(parts, body))
    }
}

fn usual() -> Vec<Component> {
    let header = |name| Component::header(HeaderName::from_static(name));
    vec![
        Component::METHOD,
        Component::TARGET_URI,
        header("authorization"),
        header("content-digest"),
    ]
}

fn some(kind: &str) -> Option<String> {
    Some(kind.to_owned())
}

#[test]
fn a_signed_request_passes_once_and_names_its_key() {
    let service = SignedServer::with(&[]);
    let parts = service.signed("/signed/payments?page=2");
    assert_eq!(service.send(&parts, BODY).json()["signed_by"], "client");
    assert_eq!(service.kind(&parts, BODY), some("message_replayed"));
    let changed = service.signed("/signed/payments");
    assert_eq!(
        service.kind(&changed, "{}"),
        some("message_signature_invalid")
    );
    let mut other = service.signed("/signed/payments?page=1");
    other.uri = "/signed/payments?page=2".parse().unwrap();
    assert_eq!(
        service.kind(&other, BODY),
        some("message_signature_invalid")
    );
    let mut method = service.signed("/signed/orders");
    method.headers.remove("signature");
    assert_eq!(service.kind(&method, BODY), some("message_unsigned"));
    // Other routes demand no signature.
    let token = service.bound.idp.token(API).sign();
    let facts = service.bound.server.whoami(&token).json();
    assert_eq!(facts["signed_by"], Value::Null);
}

#[test]
fn every_part_of_the_request_that_counts_is_covered() {
    let service = SignedServer::with(&[]);
    for missing in 0..usual().len() {
        let mut components = usual();
        components.remove(missing);
        let mut parts = service.parts("/signed/a");
        let digest = content_digest(BODY.as_bytes()).parse().unwrap();
        parts.headers.insert("content-digest", digest);
        // With content, the signer covers its digest by itself.
        let signer = &service.signer;
        assert!(signer.sign_request(&mut parts, b"", &components, service.now));
        let found = service.kind(&parts, BODY);
        assert_eq!(found, some("message_signature_invalid"), "{missing}");
    }
    let all = service.signed("/signed/a");
    assert_eq!(service.kind(&all, BODY), None);
}

#[test]
fn refusals_say_what_has_to_be_signed() {
    let service = SignedServer::with(&[]);
    let unsigned = service.send(&service.parts("/signed/a"), BODY);
    assert_eq!(unsigned.status(), 401);
    assert!(!unsigned.0.contains("error="));
    let accept = unsigned.header("accept-signature").unwrap();
    for part in [
        "\"@method\"",
        "\"@target-uri\"",
        "created",
        "tag=\"fapi-2-request\"",
    ] {
        assert!(accept.contains(part), "{accept}");
    }
    // The credential comes first.
    let mut expired = service.signed("/signed/a");
    let token = service.bound.idp.token(API).expired().sign();
    let value = format!("Bearer {token}").parse().unwrap();
    expired.headers.insert("authorization", value);
    assert_eq!(service.kind(&expired, BODY), some("token_expired"));
}

#[test]
fn another_tag_is_another_profile() {
    let service = SignedServer::with(&["--signature-tag", "own"]);
    let parts = service.signed("/signed/a");
    assert_eq!(service.kind(&parts, BODY), some("message_unsigned"));
}

#[test]
fn signatures_of_another_time_are_refused() {
    let mut service = SignedServer::with(&[]);
    let now = service.now.as_secs();
    for (at, is_accepted) in [
        (now - 40, true),
        (now - 70, false),
        (now + 20, true),
        (now + 90, false),
    ] {
        service.now = UnixTime::from_secs(at);
        let parts = service.signed(&format!("/signed/{at}"));
        let found = service.kind(&parts, BODY);
        assert_eq!(found.is_none(), is_accepted, "{at} {found:?}");
    }
}

#[test]
fn a_response_is_signed_with_its_request() {
    let folder = Folder::new();
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "server", "alg": "EdDSA", "x": x,
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    });
    let file = folder.file("own.json", jwk.to_string());
    let service = SignedServer::with(&["--sign-responses", &file]);
    let parts = service.signed("/signed/a");
    let reply = service.send(&parts, BODY);
    let (_, body) = reply.0.split_once("\r\n\r\n").unwrap();
    let digest = reply.header("content-digest").unwrap();
    assert_eq!(digest, content_digest(body.as_bytes()));
    let own = |text: &str| text.split_once('=').unwrap().1.to_owned();
    let input = own(reply.header("signature-input").unwrap());
    assert!(input.contains(";keyid=\"server\"") && input.contains(";tag=\"fapi-2-response\""));
    let sent = |name: &str| parts.headers[name].to_str().unwrap();
    let label = sent("signature-input").split_once('=').unwrap().0;
    let base = [
        "\"@status\": 200".to_owned(),
        format!("\"content-digest\": {digest}"),
        "\"@method\";req: POST".to_owned(),
        format!("\"@target-uri\";req: {PUBLIC}/signed/a"),
        format!("\"content-digest\";req: {}", sent("content-digest")),
        format!(
            "\"signature\";req;key=\"{label}\": {}",
            own(sent("signature"))
        ),
        format!(
            "\"signature-input\";req;key=\"{label}\": {}",
            own(sent("signature-input"))
        ),
        format!("\"@signature-params\": {input}"),
    ];
    let signature = own(reply.header("signature").unwrap());
    let signature = STANDARD.decode(signature.trim_matches(':')).unwrap();
    let key = UnparsedPublicKey::new(&ED25519, URL_SAFE_NO_PAD.decode(x).unwrap());
    assert!(key.verify(base.join("\n").as_bytes(), &signature).is_ok());
    // Of another body it is another one.
    let other = base.join("\n").replace("POST", "PUT");
    assert!(key.verify(other.as_bytes(), &signature).is_err());
}
