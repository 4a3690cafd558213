//! What a signature has to cover.

use bearergate::message::Component;
use bearergate::request::{Content, TargetUri};
use http::HeaderValue;

use crate::common::*;

#[test]
fn a_signed_request_passes_and_says_by_whom() {
    let service = Service::new();
    let mut parts = service.parts(BODY);
    service.sign(&mut parts, &good("1"));
    let admitted = service.check(&parts, Content::Whole(BODY)).unwrap();
    let signed = admitted.signed().unwrap();
    assert_eq!((signed.keyid(), signed.label()), (Some("ed"), "sig1"));
    assert_eq!(signed.created(), Some(NOW));
    let covered: Vec<_> = signed.covered().collect();
    assert_eq!(
        covered,
        ["@method", "@target-uri", "authorization", "content-digest"]
    );
    assert!(signed.content_check().is_none());
}

// Defect N03 (client chooses what is covered): docs/defects.md
#[test]
fn the_client_does_not_choose_what_is_covered() {
    let service = Service::new();
    let all: Vec<_> = COVERED.split(' ').collect();
    assert_eq!(service.signed(&good("all")), None);
    assert_eq!(service.signed(&list("", "")), INVALID);
    for missing in &all {
        let rest: Vec<_> = all
            .iter()
            .filter(|name| *name != missing)
            .copied()
            .collect();
        assert_eq!(
            service.signed(&list(&rest.join(" "), "")),
            INVALID,
            "{missing}"
        );
    }
    let more = format!(r#"{COVERED} "@authority""#);
    assert_eq!(service.signed(&list(&more, r#";nonce="more""#)), None);
}

#[test]
fn a_proof_has_to_be_covered_where_there_is_one() {
    let service = Service::new();
    let with = |covered: &str| {
        let mut parts = service.parts(BODY);
        insert(&mut parts, "dpop", "a.b.c");
        service.sign(&mut parts, &list(covered, ""));
        service.kind(&parts)
    };
    assert_eq!(with(COVERED), INVALID);
    assert_eq!(with(&format!(r#"{COVERED} "dpop""#)), None);
}

// Defect N07 (@authority from Host): docs/defects.md
#[test]
fn what_is_signed_is_the_configured_address() {
    let service = Service::new();
    let mut parts = service.parts(BODY);
    service.sign(&mut parts, &good("1"));
    insert(&mut parts, "host", "other.example.com");
    assert_eq!(service.kind(&parts), None);
    let mut parts = service.parts(BODY);
    parts.uri = "/orders?page=3".parse().unwrap();
    service.sign(&mut parts, &good("2"));
    parts.uri = "/orders?page=2".parse().unwrap();
    assert_eq!(service.kind(&parts), INVALID);
}

// A gateway says what the client has requested, where the request line does not.
// Defect N15 (address of a gateway ignored): docs/defects.md
#[test]
fn the_target_of_a_gateway_is_what_is_signed() {
    let covered = format!(
        r#"{COVERED} "@scheme" "@authority" "@path" "@query" "@request-target" "@query-param";name="a""#
    );
    let own = [
        (r#""@target-uri""#, "https://edge.example.com/shop?a=b"),
        (r#""@scheme""#, "https"),
        (r#""@authority""#, "edge.example.com"),
        (r#""@path""#, "/shop"),
        (r#""@query""#, "?a=b"),
        (r#""@request-target""#, "/shop?a=b"),
        (r#""@query-param";name="a""#, "b"),
    ];
    let check = |target: Option<&str>| {
        let service = Service::new();
        let mut parts = service.parts(BODY);
        service.sign_as(&mut parts, &list(&covered, ""), &own);
        let target = target.map(TargetUri::new);
        if let Some(target) = target {
            parts.extensions.insert(target);
        }
        service.kind(&parts)
    };
    for good in [
        "https://edge.example.com/shop?a=b",
        "HTTPS://EDGE.example.com:443/shop?a=b#c",
    ] {
        assert_eq!(check(Some(good)), None, "{good}");
    }
    for bad in [
        Some("https://edge.example.com/shop?a=c"),
        Some("https://edge.example.com/shop2?a=b"),
        Some("https://edge.example.com:8443/shop?a=b"),
        Some("http://edge.example.com/shop?a=b"),
        Some("/shop?a=b"),
        None,
    ] {
        assert_eq!(check(bad), INVALID, "{bad:?}");
    }
}

#[test]
fn a_query_of_any_length_is_signed_and_its_parameters_up_to_a_bound() {
    let service = Service::new();
    let send = |name: &str, len: usize| {
        let value = "b".repeat(len - 2);
        let mut parts = service.parts(BODY);
        parts.uri = format!("/orders?a={value}").parse().unwrap();
        let own = [
            (r#""@query-param";name="a""#, value.as_str()),
            (r#""@query""#, &format!("?a={value}")),
        ];
        let covered = format!("{COVERED} {name}");
        service.sign_as(&mut parts, &list(&covered, ""), &own);
        service.kind(&parts)
    };
    assert_eq!(send(r#""@query-param";name="a""#, 8_192), None);
    assert_eq!(send(r#""@query-param";name="a""#, 8_193), INVALID);
    assert_eq!(send(r#""@query""#, 8_193), None);
}

#[test]
fn a_changed_header_or_method_is_refused() {
    let service = Service::new();
    let covered = format!(r#"{COVERED} "x-role""#);
    let sign = |nonce: &str| {
        let mut parts = service.parts(BODY);
        insert(&mut parts, "x-role", "reader");
        service.sign(&mut parts, &list(&covered, &format!(r#";nonce="{nonce}""#)));
        parts
    };
    assert_eq!(service.kind(&sign("1")), None);
    let mut changed = sign("2");
    insert(&mut changed, "x-role", "admin");
    assert_eq!(service.kind(&changed), INVALID);
    let mut more = sign("3");
    more.headers
        .append("x-role", HeaderValue::from_static("admin"));
    assert_eq!(service.kind(&more), INVALID);
    let mut gone = sign("4");
    gone.headers.remove("x-role");
    assert_eq!(service.kind(&gone), INVALID);
    let mut method = sign("5");
    method.method = http::Method::PUT;
    assert_eq!(service.kind(&method), INVALID);
}

#[test]
fn a_profile_of_ones_own_covers_what_it_names() {
    let service = Service::with(|verifier| {
        verifier
            .cover_nothing()
            .cover(Component::METHOD)
            .tag("own")
            .allow_unsigned_content()
    });
    let list = |covered: &str, tag: &str| {
        format!(
            r#"({covered});created={};keyid="ed";tag="{tag}""#,
            NOW.as_secs()
        )
    };
    assert_eq!(service.signed(&list(r#""@method""#, "own")), None);
    assert_eq!(service.signed(&list(r#""@target-uri""#, "own")), INVALID);
    assert_eq!(service.signed(&list(r#""@method""#, "other")), UNSIGNED);
}

#[test]
fn refusals_say_what_has_to_be_signed_and_no_error() {
    let service = Service::new();
    let refusal = service
        .check(&service.parts(BODY), Content::Whole(BODY))
        .unwrap_err();
    assert_eq!(
        (Some(refusal.kind()), refusal.status().as_u16()),
        (UNSIGNED, 401)
    );
    let headers = refusal.headers();
    assert_eq!(headers["www-authenticate"], "Bearer realm=\"api\"");
    assert_eq!(
        headers["accept-signature"],
        r#"sig1=("@method" "@target-uri" "authorization");created;tag="fapi-2-request""#
    );
    // The credential comes first.
    let mut parts = service.parts(BODY);
    parts.headers.remove("authorization");
    let refusal = service.check(&parts, Content::Whole(BODY)).unwrap_err();
    assert_eq!(refusal.kind(), bearergate::RejectionKind::CredentialMissing);
    assert!(!refusal.headers().contains_key("accept-signature"));
}
