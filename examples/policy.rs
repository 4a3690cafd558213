//! A policy built in Rust, the same policy read from a file, and the trace of a deny.
//!
//! `cargo run --example policy`. With a path as its argument, the trace is written there as HTML.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::error::Error;

use bearergate::clock::UnixTime;
use bearergate::policy::{AccessRequest, Obligations, Rule, action, owner, param, role};
use bearergate::principal::PrincipalKind;
use bearergate::{Policy, Principal, claim, require_scope};

fn main() -> Result<(), Box<dyn Error>> {
    let built = built()?;
    let read = Policy::from_json(include_bytes!("policies/orders.json"))?;
    assert_eq!(
        built.to_json()?,
        read.to_json()?,
        "both are the same policy"
    );

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
