//! What shares a bucket, and what does not.

use bearergate::Principal;
use bearergate::address::Source;
use bearergate::limit::{Ask, By, Limit, Limits};
use bearergate::principal::PrincipalKind;

use crate::common::{SECOND, alice, at, caller, only, pass, passes, rate};

/// Whether two requests share a bucket of one cell.
fn share(limits: &Limits, first: Ask<'_>, second: Ask<'_>) -> bool {
    assert!(pass(limits, first).is_ok());
    assert!(pass(limits, first).is_err());
    pass(limits, second).is_err()
}

fn of(caller: &Principal) -> Ask<'_> {
    at(SECOND).with_principal(caller)
}

fn one_by(by: By) -> Limits {
    only(Limit::rate("one", rate("1/h")).by(by))
}

fn source(address: &str) -> Source {
    Source::of(address.parse().unwrap())
}

#[test]
fn sources_share_a_bucket_only_within_a_64() {
    for (first, second, expected) in [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ("192.0.2.7", "::ffff:192.0.2.7", true),
        ("192.0.2.7", "192.0.2.8", false),
        ("192.0.2.7", "::192.0.2.7", false),
    ] {
        let of = |address| at(SECOND).with_source(source(address));
        let is_shared = share(&one_by(By::Source), of(first), of(second));
        assert_eq!(is_shared, expected, "{first} {second}");
    }
}

#[test]
fn a_source_that_is_unknown_counts_by_proxy() {
    let proxy = |address: &str| Source::unknown(address.parse().ok());
    let of = |source| at(SECOND).with_source(source);
    let is_shared = |first, second| share(&one_by(By::Source), first, second);
    assert!(is_shared(of(proxy("10.0.0.1")), of(proxy("10.0.0.1"))));
    assert!(!is_shared(of(proxy("10.0.0.1")), of(proxy("10.0.0.2"))));
    assert!(!is_shared(of(proxy("10.0.0.1")), of(source("10.0.0.1"))));
    assert!(is_shared(at(SECOND), of(Source::unknown(None))));
}

#[test]
fn authorities_and_parts_of_a_key_are_not_joined() {
    for (first, second) in [
        (("a", "b_c"), ("a_b", "c")),
        (("a", "bc"), ("ab", "c")),
        (("a\0", "b"), ("a", "\0b")),
        (("https://one", "alice"), ("https://two", "alice")),
        (("idp", "alice"), ("idp", "alice\0")),
        (("idp", "alice"), ("idp", "Alice")),
    ] {
        let [first, second] =
            [first, second].map(|(authority, subject)| caller(authority, subject));
        assert!(
            !share(&one_by(By::Caller), of(&first), of(&second)),
            "{first:?} {second:?}"
        );
        let twin = first.clone();
        assert!(share(&one_by(By::Caller), of(&first), of(&twin)));
    }
}

fn client(authority: &str, client: &str) -> Principal {
    let builder = Principal::builder(PrincipalKind::AccessToken, authority);
    builder.client(client).build()
}

#[test]
fn a_caller_without_subject_counts_by_its_client_and_then_by_its_kind() {
    let nobody = |kind| Principal::builder(kind, "idp").build();
    let [shop, other] = [client("idp", "shop"), client("idp", "other")];
    assert!(!share(&one_by(By::Caller), of(&shop), of(&other)));
    assert!(!share(
        &one_by(By::Caller),
        of(&shop),
        of(&caller("idp", "shop"))
    ));
    let [token, session] = [PrincipalKind::AccessToken, PrincipalKind::Session].map(nobody);
    assert!(!share(&one_by(By::Caller), of(&token), of(&session)));
    assert!(share(
        &one_by(By::Caller),
        of(&token),
        of(&nobody(PrincipalKind::AccessToken))
    ));
    assert!(!share(
        &one_by(By::Caller),
        of(&token),
        of(&caller("idp", "access_token"))
    ));
}

#[test]
fn callers_of_one_client_share_its_bucket() {
    let user = |subject: &str, client: Option<&str>| {
        let builder = Principal::builder(PrincipalKind::AccessToken, "idp").subject(subject);
        match client {
            Some(client) => builder.client(client).build(),
            None => builder.build(),
        }
    };
    let is_shared =
        |first: &Principal, second: &Principal| share(&one_by(By::Client), of(first), of(second));
    assert!(is_shared(
        &user("a", Some("shop")),
        &user("b", Some("shop"))
    ));
    assert!(!is_shared(
        &user("a", Some("shop")),
        &user("a", Some("till"))
    ));
    assert!(is_shared(&user("a", None), &user("b", None)));
    assert!(!is_shared(&user("a", None), &user("a", Some("shop"))));
    // A client that presented a credential of its own comes before the one that the caller names.
    let (app, alice) = (client("mtls", "app"), user("alice", Some("shop")));
    let bob = user("bob", Some("till"));
    let joint = |caller| of(caller).with_client(&app);
    assert!(share(&one_by(By::Client), joint(&alice), joint(&bob)));
    assert!(!share(&one_by(By::Client), joint(&alice), of(&alice)));
}

#[test]
fn a_claim_that_is_missing_or_no_text_is_one_bucket_of_its_authority() {
    let with = |authority: &str, claims: &str| {
        let builder = Principal::builder(PrincipalKind::AccessToken, authority).subject("alice");
        builder.claims(claims).unwrap().build()
    };
    let is_shared = |first: &Principal, second: &Principal| {
        share(&one_by(By::claim("tenant")), of(first), of(second))
    };
    let acme = with("idp", r#"{"tenant":"acme"}"#);
    let array = with("idp", r#"{"tenant":["acme"]}"#);
    let missing = with("idp", "{}");
    assert!(is_shared(&acme, &with("idp", r#"{"tenant":"\u0061cme"}"#)));
    assert!(!is_shared(&acme, &with("idp", r#"{"tenant":"other"}"#)));
    assert!(!is_shared(&acme, &with("other", r#"{"tenant":"acme"}"#)));
    assert!(!is_shared(&acme, &array));
    assert!(is_shared(&array, &missing));
    assert!(!is_shared(&missing, &with("other", "{}")));
    assert!(!is_shared(&missing, &with("idp", r#"{"tenant":"none"}"#)));
    assert!(!is_shared(&missing, &with("idp", r#"{"tenant":""}"#)));
}

#[test]
fn each_action_has_a_bucket_only_if_the_limit_counts_per_action() {
    let principal = alice();
    let of = |action| at(SECOND).with_principal(&principal).with_action(action);
    let all = one_by(By::Caller);
    assert!(share(&all, of("orders:read"), of("orders:write")));
    let each = || only(Limit::rate("one", rate("1/h")).per_action());
    assert!(!share(&each(), of("orders:read"), of("orders:write")));
    assert!(share(&each(), of("orders:read"), of("orders:read")));
    // Without an action, by the resource; the two are not mixed up.
    let bare = at(SECOND).with_principal(&principal);
    assert!(!share(
        &each(),
        bare.with_resource("/a"),
        bare.with_resource("/b")
    ));
    assert!(!share(&each(), bare, bare.with_resource("")));
    assert!(share(
        &each(),
        bare.with_resource("/a").with_action("x"),
        of("x")
    ));
}

#[test]
fn everybody_shares_one_bucket_of_a_limit_for_everyone() {
    let (alice, bob) = (alice(), caller("other", "bob"));
    assert!(share(&one_by(By::Everyone), of(&alice), of(&bob)));
    assert!(share(
        &one_by(By::Everyone),
        of(&alice),
        at(SECOND).with_source(source("192.0.2.1"))
    ));
    let each = only(
        Limit::rate("one", rate("1/h"))
            .by(By::Everyone)
            .per_action(),
    );
    assert!(!share(
        &each,
        at(SECOND).with_action("a"),
        at(SECOND).with_action("b")
    ));
}

#[test]
fn requests_without_a_verified_caller_are_counted_by_source_and_everyone_only() {
    for by in [By::Caller, By::Client, By::Credential, By::claim("tenant")] {
        let limits = one_by(by.clone());
        for _ in 0..10 {
            assert!(pass(&limits, at(SECOND)).is_ok(), "{by:?}");
        }
    }
    for by in [By::Source, By::Everyone] {
        assert_eq!(passes(&one_by(by.clone()), at(SECOND)), 1, "{by:?}");
    }
}

#[test]
fn limits_of_one_table_do_not_share_buckets() {
    let limits = crate::common::small();
    let limits = limits.limit(Limit::rate("a", rate("5/h")));
    let limits = limits.limit(Limit::rate("b", rate("3/h"))).build().unwrap();
    let principal = alice();
    let charges = crate::common::ask(&limits, at(SECOND).with_principal(&principal)).unwrap();
    let left: Vec<_> = charges
        .standings()
        .map(|standing| standing.left())
        .collect();
    assert_eq!(left, [4, 2]);
}
