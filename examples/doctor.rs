//! Reports what works and what does not between this host and an identity provider.
//!
//! ```text
//! cargo run --example doctor --features reqwest,testing                      # a local provider with faults
//! cargo run --example doctor --features reqwest,testing -- ISSUER AUDIENCE   # a real one
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
            let severity = diagnose("the provider", issuer, audience).await?;
            Ok(if severity == Severity::Error {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            })
        }
        _ => Err("give an issuer and an audience, or nothing".into()),
    }
}

/// Diagnoses a provider and prints the report. Each problem has a hint.
async fn diagnose(title: &str, issuer: &str, audience: &str) -> Result<Severity, Box<dyn Error>> {
    let gate = Gate::issuer(issuer)
        .audience(audience)
        .allow_any_authenticated()
        .build()?;
    let report = gate.doctor().await;
    writeln!(io::stdout(), "{title}\n{report}")?;
    Ok(report.severity())
}

/// Diagnoses a local provider that works, and then one fault after the other.
async fn demo() -> Result<ExitCode, Box<dyn Error>> {
    let idp = FakeIssuer::start()?;
    let working = diagnose("A working provider", idp.url(), API).await?;
    idp.publish_also(r#"{"kty":"RSA","kid":"weak","n":"AQAB","e":"AQAB"}"#);
    let weak = diagnose("A weak key in the set", idp.url(), API).await?;
    let slash = format!("{}/", idp.url());
    let other = diagnose("An issuer with a surplus slash", &slash, API).await?;
    let away = "https://elsewhere.example.com/jwks".to_owned();
    idp.fail(FakeEndpoint::Jwks, Fault::Redirect(away));
    let moved = diagnose("The keys have moved", idp.url(), API).await?;
    idp.down();
    let down = diagnose("The provider is down", idp.url(), API).await?;
    let found = [working, weak, other, moved, down];
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
