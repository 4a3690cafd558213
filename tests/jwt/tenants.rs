//! Issuers that follow a pattern: one provider, one source of keys, many tenants.

use bearergate::JwtValidator;
use bearergate::error::ConfigErrorKind;
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::principal::Authority;

use crate::common::*;

const PATTERN: &str = "https://login.example.com/{tenant}/v2.0";

/// Trusts tenants whose `tid` is the one in `iss`, except the tenant `stranger`.
fn like(pattern: &str) -> JwtValidatorBuilder<Ready> {
    let builder = JwtValidator::builder().issuer_pattern(pattern, |tenant| {
        let tid = tenant.claims().get::<String>("tid").ok().flatten();
        let is_own = tid.as_deref() == Some(tenant.name()) && tenant.name() != "stranger";
        is_own.then(|| Authority::from(tenant.issuer()))
    });
    let builder = builder.audience(AUDIENCE).keys(secret().into());
    builder.clock(clock())
}

fn of(tenant: &str, tid: &str) -> Text {
    let iss = format!("\"https://login.example.com/{tenant}/v2.0\"");
    claims().set("iss", iss).set("tid", format!("\"{tid}\""))
}

// Defect A12 (URL made from an unverified claim): docs/defects.md
#[test]
fn each_tenant_has_its_own_authority() {
    let validator = like(PATTERN).build().unwrap();
    for tenant in ["blue", "green"] {
        let principal = validate(&validator, &token(of(tenant, tenant))).unwrap();
        let expected = format!("https://login.example.com/{tenant}/v2.0");
        assert_eq!(principal.authority().as_str(), expected);
    }
}

// Defect A12 (URL made from an unverified claim): docs/defects.md
#[test]
fn tenant_that_is_not_allowed_is_an_issuer_mismatch() {
    let validator = like(PATTERN).build().unwrap();
    for refused in [
        of("blue", "green"),
        of("stranger", "stranger"),
        of("blue", "blue").without("tid"),
    ] {
        assert_eq!(outcome(&validator, &token(refused)), "issuer_mismatch iss");
    }
    for issuer in [
        "https://login.example.com/blue/v1.0",
        "https://login.example.com//v2.0",
        "https://login.example.com/a/b/v2.0",
        "https://login.example.com.evil.example/blue/v2.0",
    ] {
        let claims = of("blue", "blue").set("iss", format!("\"{issuer}\""));
        assert_eq!(
            outcome(&validator, &token(claims)),
            "issuer_mismatch iss",
            "{issuer}"
        );
    }
}

#[test]
fn tenant_closure_is_called_only_after_the_signature_is_verified() {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = asked.clone();
    let builder = JwtValidator::builder().issuer_pattern(PATTERN, move |tenant| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Some(Authority::from(tenant.issuer()))
    });
    let builder = builder.audience(AUDIENCE).keys(secret().into());
    let validator = builder.clock(clock()).build().unwrap();
    let forged = mac_with(
        &[9; 32],
        &message(header().to_string(), of("a", "a").to_string()),
    );
    assert_eq!(outcome(&validator, &forged), "signature_invalid");
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 0);
    assert_eq!(outcome(&validator, &token(of("a", "a"))), "accept");
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn issuer_with_an_exact_name_precedes_a_pattern() {
    let named = JwtValidator::builder().issuer("https://login.example.com/blue/v2.0");
    let named = named.audience(AUDIENCE).keys(secret().into());
    let named = named
        .clock(clock())
        .authority("the blue one")
        .build()
        .unwrap();
    let both = JwtValidator::join([like(PATTERN).build().unwrap(), named]).unwrap();
    let authority = |tenant: &str| {
        let principal = validate(&both, &token(of(tenant, tenant))).unwrap();
        principal.authority().as_str().to_owned()
    };
    assert_eq!(authority("blue"), "the blue one");
    assert_eq!(authority("green"), "https://login.example.com/green/v2.0");
}

#[test]
fn overlapping_and_malformed_patterns_do_not_build() {
    let kind = |pattern: &str| {
        let other = like(pattern).build()?;
        JwtValidator::join([like(PATTERN).build()?, other])
    };
    let refused = |pattern| kind(pattern).unwrap_err().kind();
    assert_eq!(
        refused("https://login.example.com/{x}/v2.0"),
        ConfigErrorKind::Conflict
    );
    assert_eq!(
        refused("https://login.example.com/v2.0"),
        ConfigErrorKind::ValueMalformed
    );
    assert!(kind("https://other.example.com/{x}/v2.0").is_ok());
}
