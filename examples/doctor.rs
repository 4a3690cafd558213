//! Says what works and what does not between this host and an identity provider.
//!
//! ```text
//! cargo run --example doctor --features full                      # a provider made ill on purpose
//! cargo run --example doctor --features full -- ISSUER AUDIENCE   # a real one
//! ```

use std::error::Error;
use std::io;
use std::io::Write;
use std::process::ExitCode;

use bearergate::Gate;
use bearergate::diagnosis::Severity;
use bearergate::testing::{FakeEndpoint, FakeIssuer, Fault};

const API: &str = "https://api.example.com";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => demo().await,
        [issuer, audience] => {
            let health = diagnose("the provider", issuer, audience).await?;
            Ok(if health == Severity::Error {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            })
        }
        _ => Err("give an issuer and an audience, or nothing".into()),
    }
}

/// Examines and prints; every finding has its remedy.
async fn diagnose(title: &str, issuer: &str, audience: &str) -> Result<Severity, Box<dyn Error>> {
    let gate = Gate::issuer(issuer).audience(audience).build()?;
    let report = gate.doctor().await;
    writeln!(io::stdout(), "{title}\n{report}")?;
    Ok(report.severity())
}

/// Examines a provider that is well, doubtful and broken in turn.
async fn demo() -> Result<ExitCode, Box<dyn Error>> {
    let idp = FakeIssuer::start()?;
    let well = diagnose("All is well", idp.url(), API).await?;
    idp.publish_also(r#"{"kty":"RSA","kid":"weak","n":"AQAB","e":"AQAB"}"#);
    let weak = diagnose("A weak key in the set", idp.url(), API).await?;
    let slash = format!("{}/", idp.url());
    let other = diagnose("A slash too many in the issuer", &slash, API).await?;
    let away = "https://elsewhere.example.com/jwks".to_owned();
    idp.fail(FakeEndpoint::Jwks, Fault::Redirect(away));
    let moved = diagnose("The keys have moved", idp.url(), API).await?;
    idp.down();
    let down = diagnose("Nobody answers", idp.url(), API).await?;
    let found = [well, weak, other, moved, down];
    let wanted = [
        Severity::Ok,
        Severity::Warning,
        Severity::Error,
        Severity::Error,
        Severity::Error,
    ];
    Ok(if found == wanted {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
