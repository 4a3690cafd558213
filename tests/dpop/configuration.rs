//! Configurations that are refused, each with its field.

use std::time::Duration;

use bearergate::JwtValidator;
use bearergate::binding::{Binding, Dpop, DpopBuilder};
use bearergate::crypto::Algorithm;
use bearergate::error::ConfigErrorKind;
use bearergate::key::{Key, KeySet};
use bearergate::request::ExternalUrl;

use crate::common::URL;

fn build(
    change: impl FnOnce(DpopBuilder) -> DpopBuilder,
) -> Result<Dpop, (ConfigErrorKind, &'static str)> {
    let builder = change(Dpop::at(ExternalUrl::parse(URL).unwrap()));
    builder
        .build()
        .map_err(|error| (error.kind(), error.field()))
}

#[test]
fn algorithms_are_those_of_proofs() {
    let error = build(|dpop| dpop.algorithms([])).unwrap_err();
    assert_eq!(error, (ConfigErrorKind::Empty, "algorithms"));
    for bad in [Algorithm::Hs256, Algorithm::Hs512, Algorithm::Es512] {
        let error = build(|dpop| dpop.algorithms([Algorithm::Es256, bad])).unwrap_err();
        assert_eq!(error, (ConfigErrorKind::AlgorithmUnusable, "algorithms"));
    }
    assert!(build(|dpop| dpop.algorithms([Algorithm::Es384])).is_ok());
}

#[test]
fn windows_have_bounds_on_both_sides() {
    let secs = Duration::from_secs;
    for (past, future, is_good) in [
        (5, 5, true),
        (300, 300, true),
        (4, 30, false),
        (60, 4, false),
        (301, 30, false),
        (60, 301, false),
    ] {
        let built = build(|dpop| dpop.window(secs(past), secs(future)));
        assert_eq!(built.is_ok(), is_good, "{past} {future}");
    }
}

#[test]
fn at_most_sixteen_addresses_are_taken() {
    let with = |count: usize| {
        build(|dpop| {
            let url = || ExternalUrl::parse(URL).unwrap();
            (1..count).fold(dpop, |dpop, _| dpop.or_at(url()))
        })
    };
    assert!(with(16).is_ok());
    assert_eq!(with(17).unwrap_err(), (ConfigErrorKind::OutOfRange, "urls"));
}

#[test]
fn joined_validators_share_one_binding() {
    let binding = || Binding::certificates().build();
    let validator = |issuer: &str, binding: Option<Binding>| {
        let builder = JwtValidator::builder()
            .issuer(issuer)
            .audience(URL)
            .keys(KeySet::from(Key::from_secret(vec![7; 32]).unwrap()));
        match binding {
            Some(binding) => builder.sender_constraint(binding).build().unwrap(),
            None => builder.build().unwrap(),
        }
    };
    let (one, other) = ("https://one.example", "https://other.example");
    let shared = binding();
    let join = |first, second| {
        let joined = JwtValidator::join([validator(one, first), validator(other, second)]);
        joined.map_err(|error| (error.kind(), error.field())).err()
    };
    let conflict = Some((ConfigErrorKind::Conflict, "sender_constraint"));
    assert_eq!(join(None, None), None);
    assert_eq!(join(Some(shared.clone()), Some(shared.clone())), None);
    assert_eq!(join(Some(shared.clone()), Some(binding())), conflict);
    assert_eq!(join(Some(shared.clone()), None), conflict);
    assert_eq!(join(None, Some(shared)), conflict);
}

#[test]
fn id_tokens_are_never_bound() {
    let builder = || {
        JwtValidator::builder()
            .issuer("https://idp.example.com")
            .id_token("client")
            .keys(KeySet::from(Key::from_secret(vec![7; 32]).unwrap()))
    };
    assert!(builder().build().is_ok());
    let bound = builder().sender_constraint(Binding::certificates().build());
    let error = bound.build().unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ConfigErrorKind::Conflict, "sender_constraint")
    );
}
