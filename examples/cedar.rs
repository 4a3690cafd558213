//! The same rules in Rust and in Cedar, and the decisions of both engines about the same requests.
//!
//! `cargo run --features cedar --example cedar`
#![expect(clippy::print_stdout, reason = "an example prints its results")]

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
    let policy = rust_policy()?;
    let cedar = CedarAuthorizer::builder(CEDAR)
        .claims(["roles", "suspended"])
        .build()?;
    let authority = Authority::from(IDP);
    let attributes = [("owner", Attribute::Subject(&authority, "alice"))];
    for (who, caller) in callers()? {
        for verb in ["read", "cancel"] {
            let request = AccessRequest::new(&caller, UnixTime::from_secs(0))
                .with_action(verb)
                .with_resource("/orders/{id}")
                .with_attributes(&attributes);
            let engines: [&dyn Authorizer; 2] = [&policy, &cedar];
            let [rust, cedar] = engines.map(|engine| decide(engine, &request));
            assert_eq!(rust.is_allowed(), cedar.is_allowed(), "{who} {verb}");
            println!("{who} {verb}s an order of alice\n  rust   {rust}\n  cedar  {cedar}");
        }
    }
    Ok(())
}

fn decide(engine: &dyn Authorizer, request: &AccessRequest<'_>) -> Decision {
    let decision = engine.authorize(request).try_now();
    // Neither engine ever waits.
    decision.unwrap_or_else(|_| Decision::unavailable())
}

fn rust_policy() -> Result<Policy, bearergate::ConfigError> {
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
            "a clerk without the claim `suspended`",
            made("dave", r#"{"roles":["clerk"]}"#)?,
        ),
    ])
}

const IDP: &str = "https://idp.example.com";
