//! A real peer: opaque tokens of an OAuth server on Authlib, over the network.
//!
//! Needs a Python with the packages in `requirements.txt`, named by BEARERGATE_AUTHLIB_PYTHON;
//! `.ci/run` creates it. Without it the tests are skipped with a message; with `CI=true` they fail.
#![cfg(feature = "reqwest")]
#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test panics where it fails, and says why it is skipped"
)]

#[expect(dead_code, reason = "shared with the tests over the network")]
#[path = "../common/net.rs"]
mod net;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bearergate::client_auth::ClientAuth;
use bearergate::clock::{Clock, FakeClock, SystemClock};
use bearergate::credential::PresentedCredential;
use bearergate::environment::Environment;
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::introspection::RevocationClient;
use bearergate::principal::PrincipalKind;
use bearergate::{IntrospectionValidator, Principal, Rejection, RejectionKind, TokenValidator};
use net::Patient;
use serde_json::Value;

const API: &str = "https://orders.example.com";
const ROBOT: &str = "client_id=robot&client_secret=robot%27s-secret";
/// Both need encoding before they go into a header (RFC 6749 section 2.3.1). Neither has a space:
/// Authlib 1.7 does not decode the `+` that the RFC requires for it.
const API_CLIENT: (&str, &str) = ("orders:api", "p:w%+&secret");

/// The server; it is killed when the test ends.
struct Authlib {
    child: Child,
    port: u16,
    clock: FakeClock,
}

impl Authlib {
    fn start() -> Option<Self> {
        let python = python()?;
        let mut script = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        script.push("tests/authlib/server.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let port = line.trim_end().strip_prefix("ready ").unwrap();
        let port = port.parse().unwrap();
        let clock = FakeClock::at(SystemClock::default().now().unwrap());
        Some(Self { child, port, clock })
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Sends a request without the crate under test, and reads JSON.
    fn ask(&self, head: &str, form: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let len = form.len();
        write!(
            stream,
            "{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {len}\r\n\r\n{form}"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// Gets a token by client credentials.
    fn token(&self, scope: &str) -> String {
        let form = format!(
            "grant_type=client_credentials&{ROBOT}&scope={scope}\
             &resource=https%3A%2F%2Forders.example.com"
        );
        let answer = self.ask("POST /token", &form);
        answer
            .get("access_token")
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn introspections(&self) -> u64 {
        let calls = self.ask("GET /calls", "");
        calls.get("introspect").unwrap().as_u64().unwrap()
    }

    fn validator(&self, auth: ClientAuth, audience: &str) -> IntrospectionValidator {
        IntrospectionValidator::builder(&self.url("/introspect"), auth)
            .audience(audience)
            .issuer("https://authlib.example.com")
            .env(&environment().clock(self.clock.clone()))
            .build()
            .unwrap()
    }
}

impl Drop for Authlib {
    fn drop(&mut self) {
        // It may have exited already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn python() -> Option<String> {
    let python = std::env::var("BEARERGATE_AUTHLIB_PYTHON").ok();
    if python.is_none() {
        let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!in_ci, "BEARERGATE_AUTHLIB_PYTHON is not set");
        eprintln!("skipped: BEARERGATE_AUTHLIB_PYTHON is not set");
    }
    python
}

fn environment() -> Environment {
    Environment::new()
        .http_client(Patient::new())
        .spawner(TokioSpawner::new())
}

fn basic() -> ClientAuth {
    ClientAuth::secret_basic(API_CLIENT.0, API_CLIENT.1.to_owned()).unwrap()
}

fn post() -> ClientAuth {
    ClientAuth::secret_post(API_CLIENT.0, API_CLIENT.1.to_owned()).unwrap()
}

async fn validate(validator: &IntrospectionValidator, token: &str) -> Result<Principal, Rejection> {
    let presented = PresentedCredential::bearer(token).unwrap();
    validator.validate(&presented).await
}

async fn kind(validator: &IntrospectionValidator, token: &str) -> RejectionKind {
    validate(validator, token).await.unwrap_err().kind()
}

#[tokio::test]
async fn opaque_token_is_introspected_and_then_cached() {
    let Some(authlib) = Authlib::start() else {
        return;
    };
    for (nth, auth) in [basic(), post()].into_iter().enumerate() {
        let validator = authlib.validator(auth, API);
        let token = authlib.token("orders%3Aread+orders%3Awrite");
        let principal = validate(&validator, &token).await.unwrap();
        assert_eq!(principal.kind(), PrincipalKind::OpaqueToken);
        assert_eq!(principal.client(), Some("robot"));
        let scopes: Vec<_> = principal.scopes().unwrap().iter().collect();
        assert_eq!(scopes, ["orders:read", "orders:write"]);
        validate(&validator, &token).await.unwrap();
        assert_eq!(authlib.introspections(), 1 + nth as u64);
    }
}

#[tokio::test]
async fn unknown_expired_and_misdirected_tokens_are_rejected() {
    let Some(authlib) = Authlib::start() else {
        return;
    };
    let validator = authlib.validator(basic(), API);
    assert_eq!(
        kind(&validator, "unknown").await,
        RejectionKind::TokenInactive
    );
    let stale = authlib.token("stale");
    assert_eq!(kind(&validator, &stale).await, RejectionKind::TokenInactive);
    let other = authlib.validator(basic(), "https://other.example.com");
    let token = authlib.token("a");
    assert_eq!(kind(&other, &token).await, RejectionKind::AudienceMismatch);
    validate(&validator, &token).await.unwrap();
}

#[tokio::test]
async fn cached_token_expires_at_its_exp() {
    let Some(authlib) = Authlib::start() else {
        return;
    };
    let validator = authlib.validator(basic(), API);
    let token = authlib.token("a");
    validate(&validator, &token).await.unwrap();
    authlib.clock.advance(Duration::from_secs(3_600 + 60));
    // The server's clock did not move, so the token expires by its `exp`.
    assert_eq!(kind(&validator, &token).await, RejectionKind::TokenExpired);
}

#[tokio::test]
async fn revoked_token_is_rejected() {
    let Some(authlib) = Authlib::start() else {
        return;
    };
    let validator = authlib.validator(basic(), API);
    let (first, second) = (authlib.token("a"), authlib.token("a"));
    validate(&validator, &first).await.unwrap();
    let robot = ClientAuth::secret_basic("robot", "robot's-secret".to_owned()).unwrap();
    let revocation = RevocationClient::new(&authlib.url("/revoke"), robot, &environment()).unwrap();
    revocation.revoke(&first).await.unwrap();
    validator.invalidate(&first);
    assert_eq!(kind(&validator, &first).await, RejectionKind::TokenInactive);
    validate(&validator, &second).await.unwrap();
    revocation.revoke("unknown").await.unwrap();
}

#[tokio::test]
async fn wrong_secret_makes_tokens_unavailable() {
    let Some(authlib) = Authlib::start() else {
        return;
    };
    let wrong = ClientAuth::secret_basic(API_CLIENT.0, "wrong".to_owned()).unwrap();
    let validator = authlib.validator(wrong, API);
    let token = authlib.token("a");
    assert_eq!(kind(&validator, &token).await, RejectionKind::Unavailable);
    assert!(validator.probe().await.is_err());
    assert!(authlib.validator(basic(), API).probe().await.is_ok());
    let wrong = ClientAuth::secret_basic("robot", "wrong".to_owned()).unwrap();
    let revocation = RevocationClient::new(&authlib.url("/revoke"), wrong, &environment()).unwrap();
    assert!(revocation.revoke(&token).await.is_err());
    validate(&authlib.validator(basic(), API), &token)
        .await
        .unwrap();
}
