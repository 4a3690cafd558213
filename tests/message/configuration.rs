//! Configurations that are refused.

use std::time::Duration;

use bearergate::crypto::Algorithm;
use bearergate::error::ConfigErrorKind;
use bearergate::key::{Key, KeySet};
use bearergate::message::{FixedMessageKeys, MessageVerifier, MessageVerifierBuilder};
use bearergate::request::RequestFacts;
use bearergate::testing::FakeKey;
use ring::hmac;

use crate::common::{INVALID, NOW, SECRET, URL, set, url};

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
    for (tag, is_good) in [("own tag ~", true), ("own\ttag", false), ("ö", false)] {
        let built = MessageVerifier::fapi2(url(), keys()).tag(tag).build();
        assert_eq!(
            built.err().map(|error| error.field()),
            (!is_good).then_some("tag")
        );
    }
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

// Both sides have the secret, so a signature by it proves nothing to others.
#[test]
fn the_profile_takes_no_shared_secrets_unless_they_are_named() {
    let secret = || {
        let secret = Key::from_secret(SECRET.to_vec()).unwrap();
        let secret = secret.with_kid("mac").unwrap();
        secret.with_algorithms([Algorithm::Hs256]).unwrap()
    };
    let keys = || FixedMessageKeys::new(&KeySet::from(secret())).unwrap();
    let request = http::Request::get("/orders").header("authorization", "Bearer x");
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let list = format!(
        r#"("@method" "@target-uri" "authorization");created={};keyid="mac";tag="fapi-2-request""#,
        NOW.as_secs()
    );
    let base = format!(
        "\"@method\": GET\n\"@target-uri\": {URL}/orders\n\"authorization\": Bearer x\n\
         \"@signature-params\": {list}"
    );
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), base.as_bytes());
    set(&mut parts, &list, tag.as_ref());
    let kind = |verifier: MessageVerifierBuilder| {
        let verifier = verifier.build().unwrap();
        let verified = verifier.verify(RequestFacts::from(&parts), None, NOW);
        verified
            .try_now()
            .unwrap()
            .err()
            .map(|rejection| rejection.kind())
    };
    let profile = || MessageVerifier::fapi2(url(), keys());
    assert_eq!(kind(profile()), INVALID);
    assert_eq!(kind(profile().algorithms([Algorithm::Hs256])), None);
}
