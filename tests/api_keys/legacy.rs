//! Keys that another system issued.

use std::sync::Barrier;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bearergate::api_key::store::{ApiKeyChange, ApiKeyFilter};
use bearergate::api_key::{
    ApiKeyError, ApiKeyErrorKind, ApiKeyId, ApiKeyManager, ApiKeyRecord, ApiKeyStore, LegacyFormat,
    PepperedDigest,
};
use bearergate::credential::{BasicKey, Sources};
use bearergate::{ApiKeyValidator, Gate, RejectionKind};
use ring::digest;

use crate::common::{DAY, NOW, PREFIX, Service, at, legacy_scheme, plain, scheme, wait};
use crate::validation::sealed;

const KEY: &str = "c0ffee00-7a11-4d0e-9f3b-2b1d";

fn sha256(text: &str) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().try_into().unwrap()
}

#[test]
fn only_imported_legacy_keys_are_valid() {
    let service = Service::of(legacy_scheme(&[1]));
    let imported = wait(service.keys.import(plain().scopes(["a"]), KEY)).unwrap();
    let principal = service.validate(KEY).unwrap();
    assert!(principal.scopes().unwrap().contains("a"));
    assert_eq!(
        service.record(imported.id()).unwrap().last_used(),
        Some(at(NOW))
    );
    let unknown = Some(RejectionKind::ApiKeyUnknown);
    assert_eq!(service.kind("c0ffee00-7a11-4d0e-9f3b-2b1e"), unknown);
    assert_eq!(
        service.kind("c0ffee00-7a11"),
        Some(RejectionKind::ApiKeyMalformed)
    );
    let again = wait(service.keys.import(plain(), KEY)).unwrap_err();
    assert_eq!(again.kind(), ApiKeyErrorKind::Conflict);
    wait(service.keys.revoke(imported.id(), "leaked")).unwrap();
    assert_eq!(service.kind(KEY), Some(RejectionKind::ApiKeyDisabled));
}

#[test]
fn text_with_the_own_prefix_is_never_looked_up_as_legacy_key() {
    let service = Service::of(legacy_scheme(&[1]));
    let (key, _) = service.issue(plain());
    let asked = service.store.finds();
    let typo = format!("{key}x");
    let rejected = wait(service.keys.import(plain(), &typo)).unwrap_err();
    assert_eq!(rejected.kind(), ApiKeyErrorKind::Malformed);
    let other = typo.replacen(PREFIX, "other", 1);
    assert!(wait(service.keys.import(plain(), &other)).is_ok());
    // The text behind a digest is not known.
    assert!(wait(service.keys.import_sha256(plain(), sha256(&typo))).is_ok());
    assert_eq!(service.kind(&typo), Some(RejectionKind::ApiKeyMalformed));
    let short = format!("{PREFIX}_c0ffee00-7a11-4d0e-9f3b-2b1d");
    assert_eq!(service.kind(&short), Some(RejectionKind::ApiKeyMalformed));
    assert_eq!(service.store.finds(), asked);
}

#[test]
fn scheme_without_legacy_format_rejects_legacy_keys() {
    let service = Service::new();
    assert_eq!(service.kind(KEY), Some(RejectionKind::ApiKeyMalformed));
    let rejected = wait(service.keys.import(plain(), KEY)).unwrap_err();
    assert_eq!(rejected.kind(), ApiKeyErrorKind::Malformed);
    let rejected = wait(service.keys.import_sha256(plain(), sha256(KEY))).unwrap_err();
    assert_eq!(rejected.kind(), ApiKeyErrorKind::Malformed);
    let strict = Service::of(scheme(&[1]).with_legacy(LegacyFormat::new(20).unwrap()));
    let rejected = wait(strict.keys.import_sha256(plain(), sha256(KEY))).unwrap_err();
    assert_eq!(rejected.kind(), ApiKeyErrorKind::Malformed);
    assert!(wait(strict.keys.import(plain(), KEY)).is_ok());
}

/// Why an import was refused, for the operator.
fn flaw(error: &ApiKeyError) -> String {
    assert_eq!(error.kind(), ApiKeyErrorKind::Malformed);
    assert_eq!(error.field(), Some("key"));
    let text = error.to_string();
    let start = "a value of the key is malformed or too long: `key`: ";
    text.strip_prefix(start).unwrap().to_owned()
}

#[test]
fn key_that_no_request_can_carry_is_not_imported_and_the_character_is_named() {
    let service = Service::of(legacy_scheme(&[1]));
    let import = |key: &str| wait(service.keys.import(plain(), key)).map(drop);
    for (key, class) in [
        (
            "0123456789 0123456789",
            "character 11 of the key is a space",
        ),
        (" 01234567890123456789", "character 1 of the key is a space"),
        (
            "01234567890123456789\n",
            "character 21 of the key is a control character",
        ),
        (
            "0123\u{7f}0123456789012345",
            "character 5 of the key is a control character",
        ),
        (
            "0123\u{85}0123456789012345",
            "character 5 of the key is a control character",
        ),
        (
            "\u{e4}\u{e4}34567890123456789",
            "character 1 of the key is a character outside ASCII",
        ),
        (
            "01234567890123456789\u{a0}",
            "character 21 of the key is a character outside ASCII",
        ),
    ] {
        let text = flaw(&import(key).unwrap_err());
        let expected =
            format!("{class}, which no place of a request can carry; issue a new key in its place");
        assert_eq!(text, expected);
        assert!(!text.contains(key));
    }
    for key in [
        "12|0123456789012345678",
        "a:b:0123456789012345678",
        "{\"k\":\"0123456789012\"}",
    ] {
        assert!(import(key).is_ok(), "{key}");
    }
    let short = flaw(&import("0123456789").unwrap_err());
    assert_eq!(
        short,
        "expected between 20 and 1024 bytes, found 10; give `LegacyFormat::new` the length of the \
         shortest key, or issue a new key in its place"
    );
    let empty = flaw(&import("").unwrap_err());
    assert_eq!(
        empty,
        "expected between 20 and 1024 bytes, found 0; give `LegacyFormat::new` the length of the \
         shortest key, or issue a new key in its place"
    );
    let prefixed = flaw(&import(&format!("{PREFIX}_0123456789012345")).unwrap_err());
    assert!(prefixed.contains("prefix"), "{prefixed}");
}

#[test]
fn key_that_no_configured_place_can_carry_is_not_imported() {
    const PIPE: &str = "12|01234567890123456789";
    const COLON: &str = "id:01234567890123456789";
    const TOKEN: &str = "0123456789abcdefghij+/==";
    let service = Service::of(legacy_scheme(&[1]));
    let builder = || Sources::builder().without_bearer();
    let refused = |sources: Sources, key: &str| {
        let keys = ApiKeyManager::builder(service.scheme.clone(), service.store.clone());
        let keys = keys
            .clock(service.clock.clone())
            .sources(&sources)
            .build()
            .unwrap();
        match wait(keys.import(plain(), key)) {
            Ok(imported) => {
                let version = imported.version();
                let remove = ApiKeyChange::Remove {
                    id: imported.id(),
                    version,
                };
                wait(service.store.commit(vec![remove])).unwrap();
                None
            }
            Err(error) => Some(flaw(&error)),
        }
    };
    let only_tokens = [
        Sources::default(),
        builder().api_key().build().unwrap(),
        builder().query("key").build().unwrap(),
        builder().form("key").build().unwrap(),
        builder().cookie("key").build().unwrap(),
    ];
    for sources in only_tokens {
        assert_eq!(refused(sources.clone(), TOKEN), None, "{sources:?}");
        for key in [PIPE, COLON] {
            let text = refused(sources.clone(), key).unwrap();
            let expected = "character 3 of the key is punctuation, which none of the configured \
                            places can carry; enable a header of its own for such keys";
            assert_eq!(text, expected, "{sources:?}");
            assert!(!text.contains(key));
        }
    }
    let header = Sources::builder().header("x-api-key").build().unwrap();
    let password = builder().basic(BasicKey::password()).build().unwrap();
    for key in [PIPE, COLON, TOKEN] {
        assert_eq!(refused(header.clone(), key), None, "{key}");
        assert_eq!(refused(password.clone(), key), None, "{key}");
    }
    let user_name = builder().basic(BasicKey::user_name()).build().unwrap();
    assert_eq!(refused(user_name.clone(), PIPE), None);
    assert!(refused(user_name, COLON).unwrap().contains("character 3"));
    // A known place relaxes nothing that no place carries.
    let spaced = refused(header, "12 01234567890123456789").unwrap();
    assert!(spaced.contains("no place of a request"), "{spaced}");
}

#[test]
fn legacy_key_with_any_visible_character_is_accepted_from_its_header() {
    let service = Service::of(legacy_scheme(&[1]));
    let gate = Gate::builder()
        .validator(service.validator.clone())
        .clock(service.clock.clone())
        .allow_any_authenticated()
        .build()
        .unwrap();
    for key in [
        "12|01234567890123456789",
        "id:01234567890123456789",
        "{01234567890123456789}",
    ] {
        wait(service.keys.import(plain(), key)).unwrap();
        let kind = |name: &str, value: String| {
            let request = http::Request::get("/")
                .header(name, value)
                .body(())
                .unwrap();
            wait(gate.check(&request))
                .err()
                .map(|refusal| refusal.kind())
        };
        assert_eq!(kind("x-api-key", key.to_owned()), None, "{key}");
        let unknown = Some(RejectionKind::ApiKeyUnknown);
        assert_eq!(kind("x-api-key", format!("{key}|")), unknown);
        let malformed = Some(RejectionKind::CredentialMalformed);
        assert_eq!(kind("authorization", format!("Bearer {key}")), malformed);
        assert_eq!(kind("x-api-key", format!("{key} ")), malformed);
    }
}

#[test]
fn keys_are_accepted_in_basic_where_the_validator_is_bound_to_it() {
    let service = Service::of(legacy_scheme(&[1]));
    let (own, _) = service.issue(plain());
    wait(service.keys.import(plain(), KEY)).unwrap();
    let validator = ApiKeyValidator::builder(service.scheme.clone(), service.store.clone());
    let validator = validator
        .clock(service.clock.clone())
        .without_header()
        .basic();
    let sources = Sources::builder().basic(BasicKey::user_name()).build();
    let gate = Gate::builder()
        .validator(validator.build().unwrap())
        .sources(sources.unwrap())
        .clock(service.clock.clone())
        .allow_any_authenticated()
        .build()
        .unwrap();
    let kind = |value: String| {
        let request = http::Request::get("/")
            .header("authorization", value)
            .body(())
            .unwrap();
        wait(gate.check(&request))
            .err()
            .map(|refusal| refusal.kind())
    };
    let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
    assert_eq!(kind(basic(format!("{own}:"))), None);
    assert_eq!(kind(basic(format!("{KEY}:"))), None);
    assert_eq!(kind(format!("Bearer {own}")), None);
    // Without a prefix only its place makes it an API key.
    assert_eq!(
        kind(format!("Bearer {KEY}")),
        Some(RejectionKind::TokenMalformed)
    );
    assert_eq!(
        kind(basic(format!("{KEY}x:"))),
        Some(RejectionKind::ApiKeyUnknown)
    );
    assert_eq!(
        kind(basic(format!("{own}x:"))),
        Some(RejectionKind::ApiKeyMalformed)
    );
    let malformed = Some(RejectionKind::CredentialMalformed);
    assert_eq!(kind(basic(format!("{own}:password"))), malformed);
    assert_eq!(kind(basic(format!(":{own}"))), malformed);
    assert_eq!(
        kind("Basic".to_owned()),
        Some(RejectionKind::CredentialMissing)
    );
}

#[test]
fn own_key_with_the_id_of_a_legacy_key_is_unknown() {
    let service = Service::of(legacy_scheme(&[1]));
    let legacy = wait(service.keys.import_sha256(plain(), sha256(KEY))).unwrap();
    let (key, own) = service.issue(plain());
    let secret = &key[PREFIX.len() + 18..key.len() - 6];
    let with_id = |id: ApiKeyId| sealed(&format!("{PREFIX}_{id}_{secret}"));
    assert_eq!(service.kind(&with_id(own)), None);
    let forged = service.kind(&with_id(legacy.id()));
    assert_eq!(forged, Some(RejectionKind::ApiKeyUnknown));
}

#[test]
fn plain_digest_with_a_pepper_version_matches_no_key() {
    for (version, rejected) in [(0, None), (1, Some(RejectionKind::ApiKeyUnknown))] {
        let service = Service::of(legacy_scheme(&[1]));
        let imported = wait(service.keys.import_sha256(plain(), sha256(KEY))).unwrap();
        let mut row = imported.to_row();
        row.digest = PepperedDigest::from_stored(*row.digest.as_bytes(), version);
        row.version += 1;
        let planted = ApiKeyChange::Replace(ApiKeyRecord::from_row(row).unwrap());
        wait(service.store.commit(vec![planted])).unwrap();
        assert_eq!(service.kind(KEY), rejected);
    }
}

#[test]
fn imported_digest_gets_a_pepper_at_the_first_use() {
    let service = Service::of(legacy_scheme(&[1]));
    let id = wait(service.keys.import_sha256(plain(), sha256(KEY)))
        .unwrap()
        .id();
    let version = || service.record(id).unwrap().digest().pepper_version();
    assert_eq!(version(), 0);
    assert_eq!((service.kind(KEY), version()), (None, 1));
    // After that the plain digest is not needed any more.
    let strict = scheme(&[1]).with_legacy(LegacyFormat::new(20).unwrap());
    assert_eq!(service.with_scheme(strict).kind(KEY), None);
    let next = service.with_scheme(legacy_scheme(&[2, 1]));
    assert_eq!((next.kind(KEY), version()), (None, 2));
    assert_eq!(next.kind(KEY), None);
}

#[test]
fn presented_digest_is_not_a_key() {
    let service = Service::of(legacy_scheme(&[1]));
    wait(service.keys.import_sha256(plain(), sha256(KEY))).unwrap();
    let hex: String = sha256(KEY).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(service.kind(&hex), Some(RejectionKind::ApiKeyUnknown));
}

#[test]
fn rotated_legacy_key_gets_a_successor_of_the_own_format() {
    let service = Service::of(legacy_scheme(&[1]));
    let id = wait(service.keys.import(plain(), KEY)).unwrap().id();
    let issued = wait(service.keys.rotate(id, DAY)).unwrap();
    let key = issued.secret.reveal();
    assert!(key.starts_with(PREFIX));
    assert_eq!((service.kind(KEY), service.kind(&key)), (None, None));
    service.clock.advance(DAY);
    assert_eq!(service.kind(KEY), Some(RejectionKind::ApiKeyExpired));
    assert_eq!(service.kind(&key), None);
}

#[test]
fn legacy_keys_are_found_in_a_waiting_store() {
    let service = Service::of(legacy_scheme(&[2, 1]));
    wait(service.keys.import_sha256(plain(), sha256(KEY))).unwrap();
    service.store.set(&service.store.has_to_wait, true);
    assert_eq!(service.kind(KEY), None);
    assert_eq!(
        service.kind("c0ffee00-7a11-4d0e-9f3b-2b1e"),
        Some(RejectionKind::ApiKeyUnknown)
    );
    service.store.set(&service.store.fails_reads, true);
    assert_eq!(service.kind(KEY), Some(RejectionKind::Unavailable));
    service.store.set(&service.store.fails_reads, false);
    let all = wait(service.keys.list(ApiKeyFilter::All, None)).unwrap();
    assert_eq!(all[0].digest().pepper_version(), 2);
}

// Defect H05 (one-time use checked, then made): docs/defects.md
#[test]
fn key_is_never_unknown_during_a_rehash() {
    const THREADS: usize = 8;
    for _ in 0..50 {
        let service = Service::of(legacy_scheme(&[1]));
        let (key, own) = service.issue(plain());
        let id = wait(service.keys.import_sha256(plain(), sha256(KEY)))
            .unwrap()
            .id();
        let next = service.with_scheme(legacy_scheme(&[2, 1]));
        let barrier = Barrier::new(THREADS);
        thread::scope(|scope| {
            for at in 0..THREADS {
                let (key, barrier, next) = ([&key, KEY][at % 2], &barrier, &next);
                scope.spawn(move || {
                    barrier.wait();
                    assert_eq!(next.kind(key), None);
                    assert_eq!(next.kind(key), None);
                });
            }
        });
        for id in [own, id] {
            let record = next.record(id).unwrap();
            assert_eq!((record.digest().pepper_version(), record.version()), (2, 2));
        }
    }
}
