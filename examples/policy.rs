//! Rules in Rust, the same rules from a file, and why one of them denies.
//!
//! `cargo run --example policy`; with a path behind it, the explanation is written there as a page.
#![expect(clippy::print_stdout, reason = "an example shows what comes out")]

use std::error::Error;

use bearergate::clock::UnixTime;
use bearergate::policy::{AccessRequest, Obligations, Rule, action, owner, param, role};
use bearergate::principal::PrincipalKind;
use bearergate::{Policy, Principal, claim, require_scope};

fn main() -> Result<(), Box<dyn Error>> {
    let built = built()?;
    let read = Policy::from_json(include_bytes!("policies/orders.json"))?;
    assert_eq!(built.to_json()?, read.to_json()?, "they are one policy");

    let mallory = Principal::builder(PrincipalKind::Session, IDP)
        .subject("mallory")
        .scopes(["orders:read"])
        .claims(r#"{"tenant": "acme", "roles": ["guest"]}"#)?
        .build();
    let request = AccessRequest::new(&mallory, UnixTime::from_secs(0))
        .with_action("read")
        .with_params(&[("user", "alice")]);
    let trace = read.explain(&request);
    println!("{trace}");
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(path, trace.to_html())?;
    }
    Ok(())
}

fn built() -> Result<Policy, bearergate::ConfigError> {
    let staff = (claim("tenant").is("acme") & role("clerk")).named("staff");
    let own = owner(param("user").of(IDP)).named("own");
    let read = action("read") & require_scope("orders:read") & (staff | own);
    Policy::builder()
        .rule(Rule::forbid(
            "suspended",
            !claim("suspended").absent_or_is(false),
        ))
        .rule(
            Rule::permit("read orders", read)
                .with_obligations(Obligations::new().with_rate_class("reads")),
        )
        .build()
}

const IDP: &str = "https://idp.example.com";
