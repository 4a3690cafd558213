//! The main job in one file: requests with good and bad tokens are judged, each with its answer.
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
use bearergate::Challenge;
use bearergate::FakeClock;
use bearergate::JwtValidator;
use bearergate::Key;
use bearergate::KeySet;
use bearergate::Presented;
use bearergate::Principal;
use bearergate::Rejection;
use bearergate::RejectionKind;
use bearergate::TokenValidator;
use bearergate::UnixTime;
use http::header;
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
    let validator = validator(&issuer)?;
    let answers: Vec<_> = cases(&issuer)?
        .into_iter()
        .map(|case| answer(&validator, case))
        .collect();
    print(&answers)?;
    let is_right = answers.iter().all(|answer| answer.kind == answer.wanted);
    Ok(if is_right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Trusts two keys of one issuer. A service leaves out the clock.
fn validator(issuer: &Issuer) -> Result<JwtValidator, Box<dyn Error>> {
    let keys = KeySet::new([
        Key::from_jwk(issuer.jwk().to_string())?,
        Key::from_pem(RSA_PUBLIC)?.with_kid(RSA_KID)?,
    ])?;
    let validator = JwtValidator::builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .keys(keys)
        .clock(FakeClock::at(UnixTime::from_secs(NOW)))
        .build()?;
    Ok(validator)
}

/// Judges the value of an `Authorization` header.
fn judge(validator: &JwtValidator, header: Option<&str>) -> Result<Principal, Rejection> {
    let header = header.ok_or(RejectionKind::CredentialMissing)?;
    let presented = Presented::authorization(header)?;
    // With keys at hand the answer is there at once; with fetched keys it is awaited.
    let judged = validator.validate(&presented).try_now();
    judged.unwrap_or_else(|_| Err(RejectionKind::Unavailable.into()))
}

struct Case {
    name: &'static str,
    header: Option<String>,
    wanted: Option<RejectionKind>,
}

struct Answer {
    name: &'static str,
    wanted: Option<RejectionKind>,
    kind: Option<RejectionKind>,
    status: u16,
    challenge: String,
}

fn answer(validator: &JwtValidator, case: Case) -> Answer {
    let refusal = judge(validator, case.header.as_deref())
        .err()
        .map(|rejection| Challenge::default().refuse(rejection));
    let challenge = refusal.as_ref().map(bearergate::Refusal::headers);
    let challenge = challenge
        .as_ref()
        .and_then(|headers| headers.get(header::WWW_AUTHENTICATE)?.to_str().ok());
    Answer {
        name: case.name,
        wanted: case.wanted,
        kind: refusal.as_ref().map(bearergate::Refusal::kind),
        status: refusal.map_or(200, |refusal| refusal.status().as_u16()),
        challenge: challenge.unwrap_or("-").to_owned(),
    }
}

fn cases(issuer: &Issuer) -> Result<Vec<Case>, Box<dyn Error>> {
    let es256 = |claims: Value| issuer.token(&claims).map_err(|_| "no signature");
    let good = es256(claims())?;
    let case = |name, token: String, wanted| Case {
        name,
        header: Some(format!("Bearer {token}")),
        wanted,
    };
    Ok(vec![
        case("good, ES256", good.clone(), None),
        case("good, RS256", rs256(&claims())?, None),
        case(
            "expired",
            es256(with("exp", json!(NOW - 600)))?,
            Some(RejectionKind::TokenExpired),
        ),
        case(
            "wrong audience",
            es256(with("aud", json!("https://other.example.com")))?,
            Some(RejectionKind::AudienceMismatch),
        ),
        case(
            "tampered claims",
            tampered(&good),
            Some(RejectionKind::SignatureInvalid),
        ),
        case(
            "alg none",
            unsigned(),
            Some(RejectionKind::AlgorithmNotAllowed),
        ),
        case(
            "public RSA key as HMAC secret",
            confused(),
            Some(RejectionKind::AlgorithmNotAllowed),
        ),
        Case {
            name: "no token",
            header: None,
            wanted: Some(RejectionKind::CredentialMissing),
        },
        Case {
            name: "two spaces before the token",
            header: Some(format!("Bearer  {good}")),
            wanted: Some(RejectionKind::CredentialMalformed),
        },
    ])
}

const RSA_KID: &str = "test-rsa";

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "scope": "orders:read",
        "iat": NOW - 60, "exp": NOW + 600,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    if let Some(members) = claims.as_object_mut() {
        members.insert(name.to_owned(), value);
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
    let message = minting::message(&Value::Null, &with("sub", json!("admin")));
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
    writeln!(
        out,
        "{:width$}  {:7}  {:21}  {:4}  WWW-Authenticate",
        "request", "verdict", "kind", "HTTP"
    )?;
    for answer in answers {
        let verdict = if answer.kind.is_none() {
            "accept"
        } else {
            "reject"
        };
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
