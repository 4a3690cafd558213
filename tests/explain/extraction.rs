//! What is said about a request without exactly one well-formed credential.

use bearergate::credential::{BasicKey, Place, Sources};
use bearergate::gate::RequestExplanation;
use bearergate::validator::Shape;
use bearergate::{Gate, RejectionKind};
use http::request::Parts;

use crate::common::*;

fn explained(parts: &Parts) -> RequestExplanation {
    agreed(&reader(&Keys::new(), &Proofs::default()), parts)
}

fn authorization(value: &str) -> Parts {
    parts(with(get(), "authorization", value))
}

fn plain() -> Gate {
    let gate = named(Named::new(Shape::Opaque));
    gate.allow_any_authenticated().build().unwrap()
}

#[test]
fn places_that_are_read_are_expected() {
    let explained = explained(&parts(get()));
    let (section, step) = failure(&explained);
    assert_eq!((section, step.name()), ("credential", "place"));
    assert_eq!(
        step.expected_text().unwrap(),
        "a credential in `Authorization: Bearer` or `Authorization: DPoP` or `Authorization: ApiKey` \
         or the cookie `sid` or the header `x-own` or the query parameter `access_token`"
    );
    assert_eq!(
        step.found_text().unwrap(),
        "no `Authorization` header, no cookie `sid`, no header `x-own`, \
         no query parameter `access_token`"
    );
}

#[test]
fn a_header_that_presents_no_credential_is_described() {
    for (value, words, advice) in [
        ("Bearer", "a bare `Bearer`", "empty variable"),
        (
            "Basic YTpi",
            "the scheme `Basic`, which is not enabled",
            "`SourcesBuilder::basic`",
        ),
        ("Digest canary", "the scheme `Digest`", "`Bearer`"),
        ("Canary abc", "a scheme that is not enabled", ""),
        (
            "eyJhbGciOiJub25lIn0.e30.canary",
            "without a scheme",
            "Authorization: Bearer <token>",
        ),
    ] {
        let explained = explained(&authorization(value));
        assert!(found(&explained).contains(words), "{value}: {explained}");
        assert!(hint(&explained).contains(advice), "{value}: {explained}");
        assert!(
            !explained.to_string().to_lowercase().contains("canary"),
            "{explained}"
        );
    }
}

#[test]
fn a_malformed_header_is_described() {
    for (value, words, advice) in [
        (
            "Bearer Bearer canary",
            "the scheme twice",
            "already adds the scheme",
        ),
        ("Bearer \"canary\"", "quotation marks", "remove"),
        ("Bearer\tcanary", "a tab behind the scheme", "a space"),
        (
            "Bearer can ary",
            "another character at position 4",
            "line break",
        ),
        (
            "Bearer canary, Bearer canary",
            "another character at position 7",
            "",
        ),
        (
            " Bearer canary",
            "does not begin with a scheme",
            "Authorization: Bearer <token>",
        ),
    ] {
        let explained = explained(&authorization(value));
        let kind = explained.refusal().unwrap().kind();
        assert_eq!(kind, RejectionKind::CredentialMalformed, "{value}");
        assert!(found(&explained).contains(words), "{value}: {explained}");
        assert!(hint(&explained).contains(advice), "{value}: {explained}");
        assert!(!explained.to_string().contains("canary"), "{explained}");
    }
}

#[test]
fn places_with_a_credential_each_are_named() {
    let two = with(
        http::Request::get("/?access_token=canary"),
        "authorization",
        "Bearer canary",
    );
    assert_eq!(
        found(&explained(&parts(two))),
        "one in `Authorization` header, one in the query parameter `access_token`"
    );
    let twice = with(
        with(get(), "authorization", "Bearer a"),
        "authorization",
        "Bearer b",
    );
    assert_eq!(
        found(&explained(&parts(twice))),
        "more than one `Authorization` header"
    );
    let cookies = with(get(), "cookie", "sid=a; sid=b");
    assert_eq!(
        found(&explained(&parts(cookies))),
        "more than one cookie `sid`"
    );
}

#[test]
fn a_credential_in_a_place_that_no_source_reads_is_named() {
    let gate = plain();
    for (request, words, advice) in [
        (
            with(get(), "x-api-key", "canary"),
            "a header `x-api-key`",
            "`.header(\"x-api-key\")`",
        ),
        (
            with(get(), "cookie", "sid=canary"),
            "cookies",
            "`.cookie(name)`",
        ),
        (
            http::Request::get("/?access_token=canary"),
            "a query parameter `access_token`",
            "`.query(\"access_token\")`",
        ),
    ] {
        let explained = agreed(&gate, &parts(request));
        assert!(found(&explained).contains(words), "{explained}");
        assert!(
            found(&explained).contains("no `Sources` of this gate read"),
            "{explained}"
        );
        assert!(hint(&explained).contains(advice), "{explained}");
        assert!(!explained.to_string().contains("canary"), "{explained}");
    }
    // Other headers, and places that are read, are not named.
    let other = agreed(&gate, &parts(with(get(), "x-other", "canary")));
    assert_eq!(found(&other), "no `Authorization` header");
    let headers = Sources::builder()
        .without_bearer()
        .header("x-api-key")
        .build()
        .unwrap();
    let gate = named(Named::new(Shape::Opaque)).sources(headers);
    let gate = gate.allow_any_authenticated().build().unwrap();
    let own = agreed(&gate, &parts(with(get(), "authorization", "Bearer canary")));
    assert!(
        found(&own).contains("an `Authorization` header, which no `Sources`"),
        "{own}"
    );
    assert_eq!(
        found(&agreed(&gate, &parts(get()))),
        "no header `x-api-key`"
    );
}

#[test]
fn the_cause_of_a_cross_site_refusal_is_described() {
    let post = || with(http::Request::post("/orders"), "cookie", "sid=canary");
    for (request, words) in [
        (post(), "no `Sec-Fetch-Site` and no `Origin`"),
        (
            with(post(), "sec-fetch-site", "same-site"),
            "`Sec-Fetch-Site: same-site` and no `Origin`",
        ),
        (
            with(post(), "origin", "https://canary.example"),
            "no `Sec-Fetch-Site` and an `Origin` that is not allowed",
        ),
        (
            with(post(), "sec-fetch-site", "canary"),
            "`Sec-Fetch-Site` with another value and no `Origin`",
        ),
    ] {
        let explained = explained(&parts(request));
        assert_eq!(found(&explained), words);
        assert!(hint(&explained).contains("`SourcesBuilder::allow_origin`"));
        assert!(!explained.to_string().contains("canary"), "{explained}");
    }
}

#[test]
fn a_place_that_was_read_is_named() {
    let keys = Keys::new();
    let gate = reader(&keys, &Proofs::default());
    let token = claims().sign();
    for (request, place) in [
        (
            with(get(), "authorization", &format!("Bearer {token}")),
            "`Authorization: Bearer`",
        ),
        (with(get(), "x-own", &token), "the header `x-own`"),
        (with(get(), "cookie", "sid=any"), "the cookie `sid`"),
        (
            http::Request::get(format!("/?access_token={token}")),
            "the query parameter `access_token`",
        ),
    ] {
        let explained = agreed(&gate, &parts(request));
        let step = &explained.section("credential").unwrap().steps()[0];
        assert_eq!(step.found_text(), Some(place), "{explained}");
    }
}

#[test]
fn keys_of_basic_authentication_are_explained() {
    let sources = Sources::builder()
        .basic(BasicKey::user_name())
        .build()
        .unwrap();
    let gate = Gate::builder()
        .validator_at(Place::Basic, Named::new(Shape::Opaque))
        .sources(sources)
        .clock(clock());
    let gate = gate.allow_any_authenticated().build().unwrap();
    // `canary:` and `canary:password`
    let explained = agreed(&gate, &authorization("Basic Y2FuYXJ5OnBhc3N3b3Jk"));
    assert!(found(&explained).contains("of another form"), "{explained}");
    let explained = agreed(&gate, &authorization("Basic Y2FuYXJ5Og=="));
    let (_, step) = failure(&explained);
    assert_eq!(step.name(), "scheme", "{explained}");
}
