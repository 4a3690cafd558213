//! The groups of DPoP proofs (RFC 9449).

mod huskarl;
mod ours;

use crate::case::Case;
use crate::case::Probe;
use crate::error::During;
use crate::error::Result;
use crate::jwt::Alg;
use crate::jwt::Fixture;
use crate::jwt::Tokens;
use crate::jwt::mint;
use crate::jwt::mint::Signer;
use crate::jwt::raw;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use serde_json::Value;
use serde_json::json;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Where clients reach the service.
const API: &str = "https://api.example.com";

/// The path of the request.
const PATH: &str = "/orders/7";

/// The method of the request.
const METHOD: &str = "GET";

/// The token that the proofs are made for; it is hashed, and not validated here.
const TOKEN: &str = concat!(
    "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IjIwMjYtMTEifQ.",
    "eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6ImF1dGgwfDVmN2M4ZWM3YzMzYzZjMDA0YmJhZmU4MiIs",
    "ImF1ZCI6Imh0dHBzOi8vYXBpLmV4YW1wbGUuY29tIiwiZXhwIjoxODAwMDAwNjAwLCJjbmYiOnsiamt0IjoiLi4uIn19.c2ln",
);

/// A key, its thumbprint, and the proof of every probe.
struct Proofs {
    /// The proofs in the place of tokens, so that the raw checks are those of the `jwt` groups.
    fixture: Fixture,
    thumbprint: [u8; 32],
    now: u64,
}

/// Creates the cases of one algorithm.
///
/// # Errors
///
/// Fails if a key is refused.
pub fn cases(alg: Alg) -> Result<Vec<Case>> {
    let proofs = Proofs::new(alg)?;
    let mut cases = raw::cases(&proofs.fixture)?;
    cases.extend(ours::cases(&proofs)?);
    cases.push(huskarl::case(&proofs));
    Ok(cases)
}

impl Proofs {
    fn new(alg: Alg) -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let (signer, key) = mint::key(alg)?;
        let (other_signer, other_key) = mint::key(alg)?;
        let jwk = |key: &crate::jwt::Key| {
            let public = key.public().ok_or("a proof has a public key")?;
            Ok::<_, crate::error::Error>(required(&public.jwk))
        };
        let (own, other) = (jwk(&key)?, jwk(&other_key)?);
        let good = sign(alg, &own, &claims(now, Probe::Good), &signer)?;
        let tokens = Tokens::new(|probe| match probe {
            Probe::Good => Ok(good.clone()),
            Probe::BadSignature => mint::with_part(&good, 2, |signature| signature[20] ^= 1),
            Probe::BadPayload => {
                mint::with_part(&good, 1, |payload| mint::swap(payload, b"GET", b"PUT"))
            }
            Probe::OtherIssuer => sign(alg, &other, &claims(now, probe), &other_signer),
            other => sign(alg, &own, &claims(now, other), &signer),
        })?;
        Ok(Self {
            thumbprint: hash(own.to_string().as_bytes()),
            fixture: Fixture { alg, key, tokens },
            now,
        })
    }
}

/// Returns the members that a thumbprint is made of; `serde_json` sorts them.
fn required(jwk: &Value) -> Value {
    let names = ["crv", "kty", "x", "y"];
    let members = names
        .iter()
        .filter_map(|name| Some((*name, jwk.get(*name)?.clone())));
    Value::Object(
        members
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn claims(now: u64, probe: Probe) -> Value {
    let iat = match probe {
        Probe::Early => now + 3_600,
        Probe::Expired => now - 3_600,
        _ => now,
    };
    let path = if probe == Probe::OtherAudience {
        "/orders/8"
    } else {
        PATH
    };
    json!({
        "jti": "3b241101e2bb42558caf4136c566a962",
        "htm": METHOD,
        "htu": format!("{API}{path}"),
        "iat": iat,
        "ath": URL_SAFE_NO_PAD.encode(hash(TOKEN.as_bytes())),
    })
}

fn sign(alg: Alg, jwk: &Value, claims: &Value, signer: &Signer) -> Result<String> {
    let header = json!({ "alg": alg.name(), "jwk": jwk, "typ": "dpop+jwt" });
    let [header, claims] = [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let input = format!("{header}.{claims}");
    let signature = signer(input.as_bytes()).during("signing a proof")?;
    Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
}
