//! The same rules in Rust and in Cedar, and what both engines say of the same requests.
//!
//! `cargo run --features cedar --example cedar`
#![expect(clippy::print_stdout, reason = "an example shows what comes out")]

use std::error::Error;

use bearergate::clock::UnixTime;
use bearergate::integrations::cedar::CedarAuthorizer;
use bearergate::policy::{
    AccessRequest, Attribute, Decision, Rule, action, attribute, owner, role,
};
use bearergate::principal::{Authority, PrincipalKind};
use bearergate::{Authorizer, Policy, Principal, claim, require_scope};

const CEDAR: &str = r#"
@id("suspended")
forbid (principal, action, resource)
when { principal.claims.suspended != false };

@id("read")
permit (principal, action == Action::"read", resource)
when {
    principal.scopes.contains("orders:read") &&
    (principal.claims.roles.contains("clerk") || resource.owner == principal)
};

@id("cancel own")
permit (principal is User, action == Action::"cancel", resource)
when { resource.owner == principal };
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let ours = ours()?;
    let theirs = CedarAuthorizer::builder(CEDAR)
        .claims(["roles", "suspended"])
        .build()?;
    let house = Authority::from(IDP);
    let attributes = [("owner", Attribute::Subject(&house, "alice"))];
    for (who, caller) in callers()? {
        for verb in ["read", "cancel"] {
            let request = AccessRequest::new(&caller, UnixTime::from_secs(0))
                .with_action(verb)
                .with_resource("/orders/{id}")
                .with_attributes(&attributes);
            let engines: [&dyn Authorizer; 2] = [&ours, &theirs];
            let [ours, theirs] = engines.map(|engine| decide(engine, &request));
            assert_eq!(ours.is_allowed(), theirs.is_allowed(), "{who} {verb}");
            println!("{who} {verb}s an order of alice\n  ours   {ours}\n  cedar  {theirs}");
        }
    }
    Ok(())
}

fn decide(engine: &dyn Authorizer, request: &AccessRequest<'_>) -> Decision {
    let answer = engine.authorize(request).try_now();
    // Neither engine has anything to wait for.
    answer.unwrap_or_else(|_| Decision::unavailable())
}

fn ours() -> Result<Policy, bearergate::ConfigError> {
    let own = || owner(attribute("owner"));
    let read = action("read") & require_scope("orders:read") & (role("clerk") | own());
    Policy::builder()
        .rule(Rule::forbid("suspended", !claim("suspended").is(false)))
        .rule(Rule::permit("read", read))
        .rule(Rule::permit("cancel own", action("cancel") & own()))
        .build()
}

fn callers() -> Result<[(&'static str, Principal); 4], Box<dyn Error>> {
    let made = |subject, claims| -> Result<Principal, Box<dyn Error>> {
        let own = Principal::builder(PrincipalKind::Session, IDP).subject(subject);
        Ok(own.scopes(["orders:read"]).claims(claims)?.build())
    };
    Ok([
        ("alice", made("alice", r#"{"roles":[],"suspended":false}"#)?),
        (
            "a clerk",
            made("bob", r#"{"roles":["clerk"],"suspended":false}"#)?,
        ),
        (
            "a guest",
            made("carol", r#"{"roles":[],"suspended":false}"#)?,
        ),
        (
            "somebody of whom it is not told whether they are suspended",
            made("dave", r#"{"roles":["clerk"]}"#)?,
        ),
    ])
}

const IDP: &str = "https://idp.example.com";
