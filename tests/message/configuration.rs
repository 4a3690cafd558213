//! Configurations that are refused.

use std::time::Duration;

use bearergate::error::ConfigErrorKind;
use bearergate::key::{Key, KeySet};
use bearergate::message::{FixedMessageKeys, MessageVerifier};
use bearergate::testing::FakeKey;

use crate::common::url;

fn keys() -> FixedMessageKeys {
    FixedMessageKeys::new(&FakeKey::ed25519("ed").key_set()).unwrap()
}

#[test]
fn a_verifier_names_what_has_to_be_signed() {
    let error = MessageVerifier::tagged("own", url(), keys())
        .build()
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ConfigErrorKind::Empty, "cover")
    );
    assert!(MessageVerifier::fapi2(url(), keys()).build().is_ok());
    let error = MessageVerifier::fapi2(url(), keys())
        .tag("")
        .build()
        .unwrap_err();
    assert_eq!(error.field(), "tag");
    for (secs, is_good) in [(4, false), (5, true), (300, true), (301, false)] {
        let age = Duration::from_secs(secs);
        let built = MessageVerifier::fapi2(url(), keys()).max_age(age).build();
        assert_eq!(built.is_ok(), is_good, "{secs}");
    }
}

#[test]
fn keys_have_an_id_and_one_algorithm() {
    let rsa = FakeKey::rs256("rsa");
    assert!(FixedMessageKeys::new(&rsa.key_set()).is_ok());
    let secret = Key::from_secret(vec![7; 64])
        .unwrap()
        .with_kid("mac")
        .unwrap();
    let error = FixedMessageKeys::new(&KeySet::from(secret)).unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ConfigErrorKind::Conflict, "alg")
    );
    let nameless = Key::from_secret(vec![7; 32]).unwrap();
    let error = FixedMessageKeys::new(&KeySet::from(nameless)).unwrap_err();
    assert_eq!(error.field(), "kid");
}
