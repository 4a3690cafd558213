//! The facts that Cedar gets, and the decisions made from its responses.

use bearergate::clock::UnixTime;
use bearergate::integrations::cedar::CedarAuthorizer;
use bearergate::policy::{AccessRequest, Attribute, Decision, ReasonCode};
use bearergate::principal::{Authority, PrincipalBuilder, PrincipalKind};
use bearergate::request::RequestFacts;
use bearergate::{Authorizer, Principal, RejectionKind};
use http::{HeaderMap, HeaderValue};

const PERMIT: &str = "@id(\"all\") permit (principal, action, resource);";

fn cedar(policies: &str) -> CedarAuthorizer {
    let builder = CedarAuthorizer::builder(policies);
    builder
        .claims(["tenant", "level", "roles", "realm"])
        .build()
        .unwrap()
}

/// Permits a request if the expression is true.
fn when(expression: &str) -> CedarAuthorizer {
    let policy =
        format!("@id(\"p\") permit (principal, action, resource) when {{ {expression} }};");
    cedar(&policy)
}

fn made(kind: PrincipalKind) -> PrincipalBuilder {
    let claims = r#"{"tenant":"acme","level":5,"roles":["clerk","\u0062oss"],"secret":"s",
        "realm":{"roles":["a"],"x":{"y":"z"}}}"#;
    Principal::builder(kind, "orders-api")
        .subject("alice")
        .scopes(["read", "write"])
        .claims(claims)
        .unwrap()
}

fn alice() -> Principal {
    made(PrincipalKind::Session).build()
}

fn request(caller: &Principal) -> AccessRequest<'_> {
    AccessRequest::new(caller, UnixTime::from_secs(1_700_000_000))
        .with_action("read")
        .with_resource("/orders/{id}")
}

fn codes(decision: &Decision) -> Vec<(ReasonCode, &str)> {
    let reasons = decision.reasons().iter();
    reasons.map(|own| (own.code(), own.name())).collect()
}

#[test]
fn facts_about_the_caller_are_given() {
    let alice = alice();
    for (yes, no) in [
        (
            r#"principal == User::"orders-api|alice""#,
            r#"principal == User::"guest|alice""#,
        ),
        (
            r#"principal.authority == "orders-api""#,
            r#"principal.authority == "guest""#,
        ),
        (
            r#"principal.subject == "alice""#,
            r#"principal.subject == "bob""#,
        ),
        (
            r#"principal.kind == "session""#,
            r#"principal.kind == "api_key""#,
        ),
        (
            r#"principal.scopes.contains("read")"#,
            r#"principal.scopes.contains("rea")"#,
        ),
        (
            r#"principal.claims.tenant == "acme""#,
            r#"principal.claims.tenant == "ACME""#,
        ),
        (
            "principal.claims.level == 5",
            r#"principal.claims.level == "5""#,
        ),
        (
            r#"principal.claims.roles.contains("boss")"#,
            r#"principal.claims.roles.contains("bos")"#,
        ),
        (
            r#"principal.claims.realm.roles.contains("a")"#,
            "principal.claims.realm.roles.isEmpty()",
        ),
        (
            "!(principal.claims has secret)",
            "principal.claims has secret",
        ),
        (
            "!(principal.claims.realm has odd)",
            "principal.claims.realm has odd",
        ),
        (
            r#"principal.claims.realm.x.y == "z""#,
            "principal.claims.realm.x has z",
        ),
        ("!(principal has client)", r#"principal.client == "shop""#),
        (r#"action == Action::"read""#, r#"action == Action::"Read""#),
        (
            r#"resource == Resource::"/orders/{id}""#,
            r#"resource == Resource::"/orders""#,
        ),
        ("context.now == 1700000000", "context.now < 1700000000"),
    ] {
        let [yes, no] = [yes, no].map(|own| when(own).decide(&request(&alice)));
        assert!(yes.is_allowed(), "{yes}");
        assert!(!no.is_allowed(), "{no}");
    }
}

#[test]
fn known_facts_about_the_request_are_given_and_unknown_ones_are_not() {
    let alice = alice();
    let authority = Authority::from("orders-api");
    let uri = http::Uri::from_static("/orders/7");
    let mut headers = HeaderMap::new();
    headers.append("x-one", "1".parse().unwrap());
    headers.append("x-two", "1".parse().unwrap());
    headers.append("x-two", "1".parse().unwrap());
    let facts = RequestFacts::new(&http::Method::PUT, &uri, &headers);
    let shop = Principal::builder(PrincipalKind::ApiKey, "keys")
        .client("shop")
        .build();
    let full = request(&alice)
        .with_params(&[("id", "7")])
        .with_address("::ffff:192.0.2.7".parse().unwrap())
        .with_tls(true)
        .with_headers(&headers)
        .with_facts(&facts)
        .with_client(&shop);
    let attributes = [
        ("owner", Attribute::Subject(&authority, "alice")),
        ("state", Attribute::Text("open")),
        ("size", Attribute::Integer(3)),
    ];
    let full = full.with_attributes(&attributes);
    for expression in [
        "resource.owner == principal",
        r#"resource.state == "open" && resource.size == 3"#,
        r#"context.params.id == "7""#,
        r#"context.headers["x-one"] == "1""#,
        r#"context.method == "PUT""#,
        r#"context.address.isInRange(ip("192.0.2.0/24"))"#,
        "context.tls",
        r#"context.client.client == "shop" && context.client.authority == "keys""#,
    ] {
        let cedar = when(expression);
        let decision = cedar.decide(&full);
        assert!(decision.is_allowed(), "{expression}: {decision}");
        let bare = cedar.decide(&request(&alice));
        assert_eq!(codes(&bare), [(ReasonCode::Unknown, "p")], "{expression}");
    }
}

#[test]
fn what_is_given_twice_is_not_absent() {
    let alice = alice();
    let open = Attribute::Text("open");
    let reads = cedar(&format!(
        r#"{PERMIT}
        @id("debug") forbid (principal, action, resource)
            when {{ context has headers && context.headers has "x-debug" }};
        @id("id") forbid (principal, action, resource) when {{ context.params has id }};
        @id("state") forbid (principal, action, resource) when {{ resource has state }};"#
    ));
    let headers = |values: &[&[u8]]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-debug", HeaderValue::from_bytes(value).unwrap());
            headers.append("x-other", HeaderValue::from_bytes(value).unwrap());
        }
        headers
    };
    let none = headers(&[]);
    assert!(
        reads
            .decide(&request(&alice).with_headers(&none))
            .is_allowed()
    );
    let once = headers(&[b"1"]);
    let denied = reads.decide(&request(&alice).with_headers(&once));
    assert_eq!(codes(&denied), [(ReasonCode::Forbidden, "debug")]);
    let other = cedar(PERMIT);
    for odd in [&[&b"1"[..], b"1"][..], &[b"1\xff"], &[b"\xc3\xa9"]] {
        let odd = headers(odd);
        let request = request(&alice).with_headers(&odd);
        let denied = reads.decide(&request);
        assert_eq!(codes(&denied), [(ReasonCode::Unknown, "header x-debug")]);
        // No policy reads it.
        assert!(other.decide(&request).is_allowed());
    }
    let twice = [("id", "7"), ("id", "7")];
    let denied = reads.decide(&request(&alice).with_params(&twice));
    assert_eq!(codes(&denied), [(ReasonCode::Unknown, "parameter id")]);
    let denied = reads.decide(&request(&alice).with_params(&twice[..1]));
    assert_eq!(codes(&denied), [(ReasonCode::Forbidden, "id")]);
    let twice = [("state", open), ("state", open)];
    let denied = reads.decide(&request(&alice).with_attributes(&twice));
    assert_eq!(codes(&denied), [(ReasonCode::Unknown, "attribute state")]);
    let denied = reads.decide(&request(&alice).with_attributes(&twice[..1]));
    assert_eq!(codes(&denied), [(ReasonCode::Forbidden, "state")]);
}

#[test]
fn ids_without_their_authority_are_unknown_under_several() {
    let token = || made(PrincipalKind::AccessToken).client("billing");
    let (ours, partner) = (
        token().build(),
        Principal::builder(PrincipalKind::AccessToken, "partner"),
    );
    let partner = partner.client("billing").subject("alice").build();
    let reason = "id of the caller, of an authority that is not named";
    for (expression, is_bare) in [
        (r#"principal.client == "billing""#, true),
        (r#"principal.subject == "alice""#, true),
        (
            r#"principal.client == "billing" && principal.authority == "orders-api""#,
            false,
        ),
        (r#"principal == User::"orders-api|alice""#, false),
        (r#"principal.authority == "orders-api""#, false),
    ] {
        let cedar = when(expression);
        for (caller, is_ours) in [(&ours, true), (&partner, false)] {
            let single = cedar.decide(&request(caller));
            assert_eq!(single.is_allowed(), is_ours || is_bare, "{expression}");
            let several = cedar.decide(&request(caller).with_contested_ids());
            assert_eq!(several.is_allowed(), is_ours && !is_bare, "{expression}");
            if is_bare {
                assert_eq!(codes(&several), [(ReasonCode::Unknown, reason)]);
            }
        }
    }
}

#[test]
fn the_method_is_the_action_if_none_is_given() {
    let alice = alice();
    let cedar = cedar(r#"permit (principal, action == Action::"GET", resource);"#);
    let uri = http::Uri::from_static("/");
    let headers = HeaderMap::new();
    let bare = AccessRequest::new(&alice, UnixTime::from_secs(0)).with_resource("r");
    for (method, allows) in [(http::Method::GET, true), (http::Method::POST, false)] {
        let facts = RequestFacts::new(&method, &uri, &headers);
        assert_eq!(cedar.decide(&bare.with_facts(&facts)).is_allowed(), allows);
    }
    let unknown = cedar.decide(&bare);
    assert_eq!(codes(&unknown), [(ReasonCode::Unknown, "action")]);
}

#[test]
fn a_request_without_a_resource_is_denied_unless_there_is_a_default() {
    let alice = alice();
    let bare = AccessRequest::new(&alice, UnixTime::from_secs(0)).with_action("read");
    assert_eq!(
        codes(&cedar(PERMIT).decide(&bare)),
        [(ReasonCode::Unknown, "resource")]
    );
    let said = CedarAuthorizer::builder(PERMIT).default_resource("orders");
    assert!(said.build().unwrap().decide(&bare).is_allowed());
}

#[test]
fn a_forbid_that_fails_denies_and_a_permit_that_fails_does_not_apply() {
    let alice = alice();
    let forbid = |expression: &str| {
        format!("{PERMIT} @id(\"f\") forbid (principal, action, resource) when {{ {expression} }};")
    };
    let permit = |expression: &str| forbid(expression).replace("forbid", "permit");
    let decide = |text: &str| cedar(text).decide(&request(&alice));
    // Because of a claim that is absent, one of another type, and a number that is too large.
    for fails in [
        "principal.claims.suspended",
        r#"!(principal.claims.suspended == "yes")"#,
        "principal.claims.tenant < 5",
        "principal.claims.level + 9223372036854775807 > 0",
    ] {
        let denied = decide(&forbid(fails));
        assert_eq!(codes(&denied), [(ReasonCode::Unknown, "f")], "{fails}");
        assert_eq!(denied.kind(), Some(RejectionKind::AccessDenied));
        let allowed = decide(&permit(fails));
        assert_eq!(codes(&allowed), [(ReasonCode::Met, "all")], "{fails}");
    }
    assert!(decide(&forbid("principal.claims.level < 5")).is_allowed());
    let denied = decide(&forbid("principal.claims.level == 5"));
    assert_eq!(codes(&denied), [(ReasonCode::Forbidden, "f")]);
    let only_permit = when("principal.claims.suspended").decide(&request(&alice));
    assert_eq!(codes(&only_permit), [(ReasonCode::Unknown, "p")]);
}

#[test]
fn a_request_that_no_policy_permits_is_denied() {
    let alice = alice();
    let denied = when("false").decide(&request(&alice));
    assert_eq!(codes(&denied), [(ReasonCode::Unmatched, "no policy")]);
    assert_eq!(denied.kind(), Some(RejectionKind::AccessDenied));
}

#[test]
fn a_missing_claim_never_allows() {
    let bare = Principal::builder(PrincipalKind::Session, "orders-api").build();
    for expression in [
        r#"principal.scopes.contains("read")"#,
        r#"!principal.scopes.contains("banned")"#,
        r#"principal.claims.tenant == "acme""#,
        r#"principal.claims.tenant != "zeta""#,
        r#"!(principal.claims.tenant == "zeta")"#,
        r#"principal.subject != "mallory""#,
    ] {
        let cedar = when(expression);
        assert!(
            cedar.decide(&request(&alice())).is_allowed(),
            "{expression}"
        );
        let decision = cedar.decide(&request(&bare));
        assert_eq!(
            codes(&decision),
            [(ReasonCode::Unknown, "p")],
            "{expression}"
        );
    }
}

// Neither are they absent: the request is denied.
#[test]
fn values_that_cedar_cannot_represent_are_not_given() {
    let own = when("principal.claims has level");
    let forbid = cedar(&format!(
        r#"{PERMIT} @id("level") forbid (principal, action, resource)
            when {{ principal.claims has level }};"#
    ));
    let caller = |claims: &str| {
        let builder = Principal::builder(PrincipalKind::Session, "orders-api");
        builder.claims(claims).unwrap().build()
    };
    let holds = |level: &str| {
        let caller = caller(&format!(r#"{{"level":{level}}}"#));
        let permitted = own.decide(&request(&caller));
        let forbidden = forbid.decide(&request(&caller));
        assert!(!forbidden.is_allowed(), "{level}");
        if !permitted.is_allowed() {
            for denied in [permitted, forbidden] {
                assert_eq!(
                    codes(&denied),
                    [(ReasonCode::Unknown, "claim level")],
                    "{level}"
                );
            }
            return false;
        }
        assert_eq!(
            codes(&forbidden),
            [(ReasonCode::Forbidden, "level")],
            "{level}"
        );
        true
    };
    // A claim that is absent, or that was not named, denies nothing.
    for claims in ["{}", r#"{"secret":null,"risk":0.5,"other":[null]}"#] {
        assert!(
            forbid.decide(&request(&caller(claims))).is_allowed(),
            "{claims}"
        );
    }
    // The application in the second slot has claims too.
    let (alice, odd) = (caller("{}"), caller(r#"{"level":0.5}"#));
    assert!(
        forbid
            .decide(&request(&alice).with_client(&alice))
            .is_allowed()
    );
    let denied = forbid.decide(&request(&alice).with_client(&odd));
    assert_eq!(codes(&denied), [(ReasonCode::Unknown, "claim level")]);
    for there in [
        "5",
        "true",
        "\"\"",
        "[]",
        "[1,\"a\"]",
        "{}",
        r#"{"a":{"b":[1]}}"#,
        "-9223372036854775808",
    ] {
        assert!(holds(there), "{there}");
    }
    for absent in [
        "null",
        "5.0",
        "5e0",
        "87.5",
        "9.9e1",
        "-9223372036854775809",
        r#"{"a":null}"#,
        r#"{"a":{"b":0.5}}"#,
        r#"{"a":[{"c":null}]}"#,
        r#"{"a":{"b":{"c":{"d":1}}}}"#,
        "[\"banned\",0.5]",
        "[\"banned\",null]",
        "9223372036854775808",
        "[null]",
        "[1,[2.5]]",
        "[[[[1]]]]",
    ] {
        assert!(!holds(absent), "{absent}");
    }
}

#[test]
fn a_client_is_not_the_user_of_the_same_name() {
    let own = when("resource.owner == principal");
    let authority = Authority::from("orders-api");
    let attributes = [("owner", Attribute::Subject(&authority, "alice"))];
    let owns = |caller: &Principal| {
        let request = request(caller).with_attributes(&attributes);
        own.decide(&request).is_allowed()
    };
    let token = || made(PrincipalKind::AccessToken);
    assert!(owns(&token().client("shop").build()));
    assert!(!owns(&token().client("alice").build()));
    assert!(!owns(&token().build()));
    let guest = Principal::builder(PrincipalKind::Session, "guest").subject("alice");
    assert!(!owns(&guest.build()));
    let named_so = Principal::builder(PrincipalKind::Session, "orders-api|alice").subject("");
    assert!(!owns(&named_so.build()));
}

#[test]
fn configured_groups_are_used() {
    let entities = r#"[
        {"uid": {"type": "User", "id": "orders-api|alice"}, "attrs": {"authority": "forged"},
         "parents": [{"type": "Group", "id": "clerks"}]},
        {"uid": {"type": "Group", "id": "clerks"}, "attrs": {},
         "parents": [{"type": "Group", "id": "staff"}]},
        {"uid": {"type": "Group", "id": "staff"}, "attrs": {}, "parents": []},
        {"uid": {"type": "Action", "id": "read"}, "attrs": {},
         "parents": [{"type": "Action", "id": "look"}]}
    ]"#;
    let policy = r#"permit (principal in Group::"staff", action in Action::"look", resource)
        when { principal.authority == "orders-api" };"#;
    let cedar = CedarAuthorizer::builder(policy)
        .entities(entities)
        .build()
        .unwrap();
    let bob = Principal::builder(PrincipalKind::Session, "orders-api")
        .subject("bob")
        .build();
    assert!(cedar.decide(&request(&alice())).is_allowed());
    assert!(!cedar.decide(&request(&bob)).is_allowed());
    assert!(
        !cedar
            .decide(&request(&alice()).with_action("write"))
            .is_allowed()
    );
}

#[test]
fn a_request_that_does_not_fit_the_schema_is_denied() {
    let facts = "authority: String, kind: String, subject?: String, scopes?: Set<String>,
        claims: { tenant?: String, banned?: Bool }";
    let schema = format!(
        "namespace Shop {{
            entity User = {{ {facts} }};
            entity Resource;
            action read appliesTo {{
                principal: User, resource: Resource, context: {{ now: Long, params: {{}} }}
            }};
        }}"
    );
    let policies = "permit (principal, action, resource);
        @id(\"banned\") forbid (principal, action, resource)
        when { principal.claims has banned && principal.claims.banned };";
    let builder = CedarAuthorizer::builder(policies)
        .schema(schema)
        .namespace("Shop");
    let cedar = builder.claims(["tenant", "banned"]).build().unwrap();
    let decide = |claims: &str| {
        let own = Principal::builder(PrincipalKind::Session, "orders-api").subject("alice");
        let own = own.claims(claims).unwrap().build();
        let decision = cedar.authorize(&request(&own)).try_now().unwrap();
        decision.to_string()
    };
    assert_eq!(decide(r#"{"banned":false}"#), "allowed: met (policy0)");
    assert_eq!(decide(r#"{"banned":true}"#), "denied: forbidden (banned)");
    let unfit = "denied: unknown (the request does not fit the schema)";
    assert_eq!(decide(r#"{"banned":"yes"}"#), unfit);
    assert_eq!(decide(r#"{"tenant":5}"#), unfit);
    let alice = alice();
    let other = request(&alice).with_action("write");
    assert_eq!(cedar.decide(&other).to_string(), unfit);
}

#[test]
fn no_output_shows_facts_about_the_caller() {
    let own = Principal::builder(PrincipalKind::Session, "orders-api").subject("canary-subject");
    let own = own.claims(r#"{"tenant":"canary-tenant"}"#).unwrap().build();
    let request = request(&own).with_action("canary-action");
    for expression in [
        "principal.claims.tenant < 5",
        "principal.claims.tenant.x == 5",
        "principal.nothing",
        "decimal(principal.claims.tenant) == decimal(\"1.0\")",
    ] {
        let cedar = when(expression);
        let shown = format!("{0} {0:?} {cedar:?}", cedar.decide(&request));
        assert!(shown.contains("unknown (p)"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}
