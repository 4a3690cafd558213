//! Validates good and bad requests, and prints verdict, kind, HTTP status and challenge of each.

use std::error::Error;
use std::sync::Arc;

use bearergate::clock::{Clock, SystemClock};
use bearergate::crypto::Algorithm;
use bearergate::issuer::{AccessClaims, JwtIssuer, SigningKey, SigningKeys};
use bearergate::{Gate, JwtValidator, require_scope};

fn main() -> Result<(), Box<dyn Error>> {
    // A local issuer, so that the example runs offline. A service names its provider instead.
    let now = SystemClock::default().now().ok_or("the clock is before 1970")?;
    let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
    let issuer = JwtIssuer::builder("https://idp.example.com", keys).build()?;
    let validator = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience("https://orders.example.com")
        .key_store(Arc::new(issuer.clone()))
        .build()?;
    let gate =
        Gate::builder().validator(validator).authorizer(require_scope("orders:read")).build()?;

    let mint = |audience, scope| -> Result<String, Box<dyn Error>> {
        let claims = AccessClaims::new("alice", "shop", audience).scopes([scope]);
        Ok(format!("Bearer {}", issuer.mint(&claims)?.expose()))
    };
    let good = mint("https://orders.example.com", "orders:read")?;
    let other = mint("https://orders.example.com", "orders:write")?;
    let (signed, _) = other.rsplit_once('.').ok_or("a JWT has dots")?;
    let (_, signature) = good.rsplit_once('.').ok_or("a JWT has dots")?;
    let cases = [
        ("signature of another token", "signature_invalid", format!("{signed}.{signature}")),
        ("good", "-", good),
        ("scope missing", "scope_insufficient", other),
        ("wrong audience", "audience_mismatch", mint("https://pay.example.com", "orders:read")?),
        ("alg none", "algorithm_not_allowed", "Bearer eyJhbGciOiJub25lIn0.e30.".into()),
        ("no token", "credential_missing", "Basic YTpi".into()),
    ];
    for (name, expected, authorization) in cases {
        let request = http::Request::get("/orders").header("authorization", authorization);
        let answer = gate.try_check_now(&request.body(())?).ok_or("a key had to be fetched")?;
        let (verdict, kind, response) = match answer {
            Ok(_) => ("accept", "-", http::Response::new(String::new())),
            Err(refusal) => ("reject", refusal.kind().as_str(), refusal.into_response()),
        };
        let challenge = response.headers().get("www-authenticate").map(|value| value.to_str());
        let (status, challenge) = (response.status().as_u16(), challenge.unwrap_or(Ok("-"))?);
        println!("{name:27}{verdict:8}{kind:23}{status} {challenge}");
        if kind != expected {
            return Err(format!("{name}: expected {expected}, found {kind}").into());
        }
    }
    Ok(())
}
