//! Requests with two credentials, of a user and of an application.

use bearergate::credential::{PresentedCredential, Sources};
use bearergate::integrations::cedar::CedarAuthorizer;
use bearergate::principal::PrincipalKind;
use bearergate::validator::{Authorities, Shape};
use bearergate::{Gate, NowOrLater, Principal, Rejection, TokenValidator};

/// Accepts everything as the application `billing` of the authority that the credential names.
#[derive(Debug)]
struct Named(Authorities);

impl TokenValidator for Named {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn authorities(&self) -> Authorities {
        self.0
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let authority = presented.credential().expose().to_owned();
        let principal = Principal::builder(PrincipalKind::AccessToken, authority);
        NowOrLater::now(Ok(principal.client("billing").build()))
    }
}

/// Returns whether a request with an application of this authority is allowed.
fn is_allowed(applications: Authorities, expression: &str, authority: &str) -> bool {
    let policy = format!("permit (principal, action, resource) when {{ {expression} }};");
    let cedar = CedarAuthorizer::builder(policy).default_resource("orders");
    let places = Sources::builder().without_bearer().header("x-app");
    let gate = Gate::builder()
        .validator(Named(Authorities::OWN))
        .client_validator(Named(applications))
        .client_sources(places.build().unwrap())
        .authorizer(cedar.build().unwrap());
    let request = http::Request::get("/")
        .header("authorization", "Bearer own")
        .header("x-app", authority);
    let gate = gate.build().unwrap();
    let request = request.body(()).unwrap();
    gate.try_check_now(&request).unwrap().is_ok()
}

#[test]
fn id_of_an_application_needs_its_authority_under_several() {
    const BARE: &str = r#"context.client.client == "billing""#;
    let bound = format!(r#"{BARE} && context.client.authority == "ours""#);
    let single = Authorities::BOUNDED;
    let several = single.with(Authorities::BOUNDED);
    assert!(is_allowed(single, BARE, "ours"));
    for authority in ["ours", "partner"] {
        assert!(!is_allowed(several, BARE, authority), "{authority}");
        assert_eq!(is_allowed(several, &bound, authority), authority == "ours");
        // The caller's own ids are not those of the application.
        assert!(is_allowed(
            several,
            r#"principal.client == "billing""#,
            authority
        ));
    }
}

/// Cedar decides about a resource, which a gate does not know.
#[test]
fn a_gate_needs_a_default_resource_or_a_service_that_names_it() {
    let cedar = || CedarAuthorizer::builder("permit (principal, action, resource);");
    let gate = |cedar| {
        let gate = Gate::builder().validator(Named(Authorities::OWN));
        gate.authorizer(cedar)
    };
    let refused = gate(cedar().build().unwrap()).build().unwrap_err();
    assert_eq!(refused.field(), "authorizer");
    assert!(
        refused.to_string().contains("needs `with_resource`"),
        "{refused}"
    );
    let per_route = gate(cedar().build().unwrap()).authorizes_per_route();
    assert!(per_route.build().is_ok());
    let default = cedar().default_resource("orders").build().unwrap();
    assert!(gate(default).build().is_ok());
}
