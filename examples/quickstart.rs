//! The main job in one file: requests with good and bad tokens pass a gate or get their answer.
//!
//! ```text
//! cargo run --example quickstart
//! ```
//!
//! It ends with success only if every request got the verdict that it should.

mod minting;

use std::error::Error;
use std::io;
use std::io::Write;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::http_response::Refusal;
use bearergate::key::{Key, KeySet};
use bearergate::{Gate, JwtValidator, RejectionKind, require_scope};
use http::HeaderMap;
use http::Request;
use http::header::AUTHORIZATION;
use http::header::WWW_AUTHENTICATE;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::RSA_PKCS1_SHA256;
use ring::signature::RsaKeyPair;
use serde_json::Value;
use serde_json::json;

use minting::Issuer;

const ISSUER: &str = "https://idp.example.com";
const AUDIENCE: &str = "https://orders.example.com";
const NOW: u64 = 1_800_000_000;

// These keys are public. They serve tests and examples, nothing else.
const RSA_PRIVATE: &str = include_str!("../tests/keys/rsa-2048.private.pem");
const RSA_PUBLIC: &str = include_str!("../tests/keys/rsa-2048.public.pem");

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let issuer = Issuer::new().map_err(|_| "no random numbers")?;
    let gate = gate(&issuer)?;
    let answers: Vec<_> = cases(&issuer)?
        .into_iter()
        .map(|case| answer(&gate, case))
        .collect::<Result<_, _>>()?;
    print(&answers)?;
    let is_right = answers.iter().all(|answer| answer.kind == answer.wanted);
    Ok(if is_right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// One issuer with two keys, and one scope that callers need. A service leaves out the clock.
fn gate(issuer: &Issuer) -> Result<Gate, Box<dyn Error>> {
    let keys = KeySet::new([
        Key::from_jwk(issuer.jwk().to_string())?,
        Key::from_pem(RSA_PUBLIC)?.with_kid(RSA_KID)?,
    ])?;
    let gate = Gate::builder()
        .validator(
            JwtValidator::builder()
                .issuer(ISSUER)
                .audience(AUDIENCE)
                .keys(keys)
                .build()?,
        )
        .authorizer(require_scope("orders:read"))
        .clock(FakeClock::at(UnixTime::from_secs(NOW)))
        .build()?;
    Ok(gate)
}

struct Case {
    name: &'static str,
    headers: HeaderMap,
    wanted: Option<RejectionKind>,
}

struct Answer {
    name: &'static str,
    wanted: Option<RejectionKind>,
    kind: Option<RejectionKind>,
    status: u16,
    challenge: String,
}

fn answer(gate: &Gate, case: Case) -> Result<Answer, Box<dyn Error>> {
    let mut request = Request::get("/orders").body(())?;
    *request.headers_mut() = case.headers;
    // Inside an async function: `gate.check(&request).await`.
    let checked = gate.try_check_now(&request).ok_or("a judge had to wait")?;
    let refusal = checked.err();
    Ok(Answer {
        name: case.name,
        wanted: case.wanted,
        kind: refusal.as_ref().map(Refusal::kind),
        challenge: refusal.as_ref().map_or("-".to_owned(), challenge),
        // A service answers with `refusal.into_response()`.
        status: refusal.map_or(200, |refusal| refusal.status().as_u16()),
    })
}

fn challenge(refusal: &Refusal) -> String {
    let headers = refusal.headers();
    let line = headers.get(WWW_AUTHENTICATE);
    let line = line.and_then(|line| line.to_str().ok());
    line.unwrap_or("-").to_owned()
}

fn cases(issuer: &Issuer) -> Result<Vec<Case>, Box<dyn Error>> {
    let es256 = |claims: Value| issuer.token(&claims).map_err(|_| "no signature");
    let good = es256(claims())?;
    Ok(vec![
        Case::new("good, ES256", &good)?,
        Case::new("good, RS256", &rs256(&claims())?)?,
        Case::new("expired", &es256(with("exp", NOW - 600))?)?.wants(RejectionKind::TokenExpired),
        Case::new(
            "wrong audience",
            &es256(with("aud", "https://other.example.com"))?,
        )?
        .wants(RejectionKind::AudienceMismatch),
        Case::new("tampered claims", &tampered(&good))?.wants(RejectionKind::SignatureInvalid),
        Case::new("alg none", &unsigned())?.wants(RejectionKind::AlgorithmNotAllowed),
        Case::new("public RSA key as HMAC secret", &confused())?
            .wants(RejectionKind::AlgorithmNotAllowed),
        Case::new("no token", &good)?
            .without_header()
            .wants(RejectionKind::CredentialMissing),
        Case::new("two tokens", &good)?
            .with_header(&good)?
            .wants(RejectionKind::CredentialAmbiguous),
        Case::new("scope missing", &es256(with("scope", "orders:write"))?)?
            .wants(RejectionKind::ScopeInsufficient),
    ])
}

impl Case {
    /// A request with this token that should be let in.
    fn new(name: &'static str, token: &str) -> Result<Self, Box<dyn Error>> {
        let case = Self {
            name,
            headers: HeaderMap::new(),
            wanted: None,
        };
        case.with_header(token)
    }

    fn with_header(mut self, token: &str) -> Result<Self, Box<dyn Error>> {
        let value = format!("Bearer {token}").parse()?;
        self.headers.append(AUTHORIZATION, value);
        Ok(self)
    }

    fn without_header(mut self) -> Self {
        self.headers.clear();
        self
    }

    fn wants(self, kind: RejectionKind) -> Self {
        let wanted = Some(kind);
        Self { wanted, ..self }
    }
}

const RSA_KID: &str = "test-rsa";

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "scope": "orders:read",
        "iat": NOW - 60, "exp": NOW + 600,
    })
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    if let Some(members) = claims.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
    claims
}

fn rs256(claims: &Value) -> Result<String, Box<dyn Error>> {
    let pair = RsaKeyPair::from_pkcs8(&der(RSA_PRIVATE)?).map_err(|error| error.to_string())?;
    let header = json!({"alg": "RS256", "typ": "at+jwt", "kid": RSA_KID});
    let message = minting::message(&header, claims);
    let mut signature = vec![0; pair.public().modulus_len()];
    let random = SystemRandom::new();
    pair.sign(
        &RSA_PKCS1_SHA256,
        &random,
        message.as_bytes(),
        &mut signature,
    )
    .map_err(|_| "no signature")?;
    Ok(minting::compact(&message, signature))
}

/// The good token's header and signature around claims that nobody signed.
fn tampered(good: &str) -> String {
    let mut parts = good.split('.');
    let header = parts.next().unwrap_or_default();
    let signature = parts.nth(1).unwrap_or_default();
    let message = minting::message(&Value::Null, &with("sub", "admin"));
    let claims = message.split('.').nth(1).unwrap_or_default();
    format!("{header}.{claims}.{signature}")
}

/// CVE-2015-9235 and its kin: a token that says it needs no signature.
fn unsigned() -> String {
    let message = minting::message(&json!({"alg": "none", "typ": "at+jwt"}), &claims());
    minting::compact(&message, "")
}

/// CVE-2016-5431 and its kin: a MAC whose secret is the public key that everybody has.
fn confused() -> String {
    let header = json!({"alg": "HS256", "typ": "at+jwt", "kid": RSA_KID});
    let message = minting::message(&header, &claims());
    let secret = hmac::Key::new(hmac::HMAC_SHA256, RSA_PUBLIC.as_bytes());
    minting::compact(&message, hmac::sign(&secret, message.as_bytes()))
}

fn der(pem: &str) -> Result<Vec<u8>, base64::DecodeError> {
    let body: String = pem.lines().filter(|line| !line.contains('-')).collect();
    STANDARD.decode(body)
}

fn print(answers: &[Answer]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let width = answers.iter().map(|answer| answer.name.len()).max();
    let width = width.unwrap_or_default();
    write!(out, "{:width$}  verdict  ", "request")?;
    writeln!(out, "{:21}  HTTP  WWW-Authenticate", "kind")?;
    for answer in answers {
        let is_in = answer.kind.is_none();
        let verdict = if is_in { "accept" } else { "reject" };
        let kind = answer.kind.map_or("-", RejectionKind::as_str);
        write!(out, "{:width$}  {verdict:7}  {kind:21}  ", answer.name)?;
        writeln!(out, "{:<4}  {}", answer.status, answer.challenge)?;
        if answer.kind != answer.wanted {
            let wanted = answer.wanted.map_or("accept", RejectionKind::as_str);
            writeln!(out, "{:width$}  expected: {wanted}", "")?;
        }
    }
    Ok(())
}
