//! Minted tokens, and claims that are rejected.

use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::crypto::Algorithm;
use bearergate::error::ConfigErrorKind;
use bearergate::issuer::{AccessClaims, JwtIssuer, MintErrorKind, SigningKeys};
use bearergate::{RejectionKind, limits};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::*;

/// Latest time in a claim: 9999-12-31T23:59:59Z.
const TIME_MAX: u64 = 253_402_300_799;

/// Decoding by `jsonwebtoken`, on the provider that the feature offers.
#[cfg(feature = "jsonwebtoken")]
mod oracle {
    use std::sync::Once;

    use bearergate::clock::UnixTime;
    use bearergate::integrations::jsonwebtoken::crypto_provider;
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{DecodingKey, Validation};
    use serde_json::Value;

    use crate::common::*;

    /// Decodes like a service that uses `jsonwebtoken` and has fetched this key set.
    pub(super) fn decode(
        token: &str,
        jwks: &str,
        now: UnixTime,
    ) -> jsonwebtoken::errors::Result<Value> {
        static INSTALL: Once = Once::new();
        // The token was minted before: minting does not use the provider of the process.
        INSTALL.call_once(|| crypto_provider().install_default().unwrap());
        let set: JwkSet = serde_json::from_str(jwks)?;
        let header = jsonwebtoken::decode_header(token)?;
        let jwk = set.find(header.kid.as_deref().unwrap()).unwrap();
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[NAME]);
        validation.set_audience(&[API]);
        // It uses the time of the system.
        validation.validate_exp = false;
        let decoded =
            jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(jwk)?, &validation)?;
        assert!(decoded.claims["exp"].as_u64().unwrap() > now.as_secs());
        assert_eq!(
            jwk.common.key_algorithm.unwrap().to_string(),
            format!("{:?}", header.alg)
        );
        Ok(decoded.claims)
    }
}

#[test]
fn minted_token_has_the_claims_of_rfc_9068_and_the_requested_ones() {
    let (issuer, _) = issuer(signing_keys());
    let requested = claims()
        .scopes(["orders:read", "orders:write"])
        .session("session 7")
        .claim("tenant", "acme")
        .claim("roles", ["buyer", "a \"quoted\" one"]);
    let token = issuer.mint(&requested).unwrap();
    let alice = validate(token.expose(), issuer.jwks().body(), NOW).unwrap();
    assert_eq!(alice.authority().as_str(), NAME);
    assert_eq!(alice.subject(), Some("alice"));
    assert_eq!(alice.client(), Some("shop"));
    assert_eq!(alice.audience().collect::<Vec<_>>(), [API]);
    let scopes: Vec<_> = alice.scopes().unwrap().iter().collect();
    assert_eq!(scopes, ["orders:read", "orders:write"]);
    assert_eq!(alice.issued_at(), Some(NOW));
    assert_eq!(alice.expires_at(), Some(after(NOW, 300)));
    let actual: Value = alice.claims().deserialize().unwrap();
    assert_eq!(
        actual,
        json!({
            "iss": NAME, "sub": "alice", "client_id": "shop", "aud": API, "jti": token.id(),
            "iat": NOW.as_secs(), "exp": NOW.as_secs() + 300, "scope": "orders:read orders:write",
            "sid": "session 7", "tenant": "acme", "roles": ["buyer", "a \"quoted\" one"],
        })
    );
    let header = jsonwebtoken::decode_header(token.expose()).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(token.expires_at(), after(NOW, 300));
    assert_eq!(token.expires_in(), 300);
}

#[test]
fn published_key_verifies_the_tokens_of_every_algorithm() {
    for algorithm in ALGORITHMS {
        let (issuer, _) = issuer(SigningKeys::builder(key(algorithm)).build(NOW).unwrap());
        let token = issuer.mint(&claims()).unwrap();
        let jwks = issuer.jwks();
        assert!(
            validate(token.expose(), jwks.body(), NOW).is_ok(),
            "{algorithm}"
        );
        #[cfg(feature = "jsonwebtoken")]
        assert!(
            oracle::decode(token.expose(), jwks.body(), NOW).is_ok(),
            "{algorithm}"
        );
        let other = SigningKeys::builder(key(Algorithm::Es256))
            .build(NOW)
            .unwrap();
        let result = validate(token.expose(), &other.jwks(NOW), NOW);
        let kind = result.unwrap_err().kind();
        let absent = [
            RejectionKind::KeyNotFound,
            RejectionKind::AlgorithmNotAllowed,
        ];
        assert!(absent.contains(&kind), "{algorithm} {kind:?}");
    }
}

#[test]
fn no_two_tokens_have_the_same_id() {
    let (issuer, _) = issuer(signing_keys());
    let ids: std::collections::HashSet<_> = (0..100)
        .map(|_| issuer.mint(&claims()).unwrap().id().to_owned())
        .collect();
    assert_eq!(ids.len(), 100);
    assert!(ids.iter().all(|id| id.len() == 22));
}

#[test]
fn token_expires_after_its_lifetime_or_at_not_after() {
    let clock = bearergate::clock::FakeClock::at(NOW);
    let builder = JwtIssuer::builder(NAME, signing_keys()).clock(clock);
    let issuer = builder.lifetime(Duration::from_secs(60)).build().unwrap();
    for (not_after, lifetime) in [(0, None), (1, Some(1)), (59, Some(59)), (61, Some(60))] {
        let requested = claims().not_after(after(NOW, not_after));
        let minted = issuer.mint(&requested);
        assert_eq!(minted.as_ref().ok().map(|t| t.expires_in()), lifetime);
        if lifetime.is_none() {
            assert_eq!(minted.unwrap_err().kind(), MintErrorKind::Expired);
        }
    }
}

#[test]
fn token_bound_to_a_key_is_rejected_without_a_proof() {
    let (issuer, _) = issuer(signing_keys());
    let token = issuer.mint(&claims().bound_to([7; 32])).unwrap();
    let rejection = validate(token.expose(), issuer.jwks().body(), NOW).unwrap_err();
    assert_eq!(rejection.kind(), RejectionKind::BindingRequired);
}

#[test]
fn empty_names_and_control_characters_are_rejected() {
    let (issuer, _) = issuer(signing_keys());
    let invalid_claim = |claims: &AccessClaims| {
        let error = issuer.mint(claims).unwrap_err();
        assert_eq!(error.kind(), MintErrorKind::ClaimInvalid);
        error.claim().map(str::to_owned)
    };
    assert!(issuer.mint(&AccessClaims::new("a", "c", "d")).is_ok());
    for invalid in ["", "a\n", "\0", "a\u{7f}", "\u{85}"] {
        assert_eq!(
            invalid_claim(&AccessClaims::new(invalid, "c", "d")).unwrap(),
            "sub"
        );
        assert_eq!(
            invalid_claim(&AccessClaims::new("a", invalid, "d")).unwrap(),
            "client_id"
        );
        assert_eq!(
            invalid_claim(&AccessClaims::new("a", "c", invalid)).unwrap(),
            "aud"
        );
        assert_eq!(invalid_claim(&claims().audience(invalid)).unwrap(), "aud");
    }
}

#[test]
fn scopes_must_be_tokens_of_rfc_6749() {
    let (issuer, _) = issuer(signing_keys());
    assert!(issuer.mint(&claims().scopes(["a:b", "c!#[]~"])).is_ok());
    assert!(issuer.mint(&claims().scopes([""; 0])).is_ok());
    for invalid in ["", " ", "a b", "a\"", "a\\", "\u{e9}", "a\n"] {
        let error = issuer
            .mint(&claims().scopes(["good", invalid]))
            .unwrap_err();
        assert_eq!(error.kind(), MintErrorKind::ClaimInvalid, "{invalid:?}");
        assert_eq!(error.claim(), Some("scope"));
    }
}

#[test]
fn claims_of_the_issuer_cannot_be_given() {
    let (issuer, _) = issuer(signing_keys());
    assert!(issuer.mint(&claims().claim("subject", "bob")).is_ok());
    for name in [
        "act",
        "active",
        "aud",
        "azp",
        "client_id",
        "cnf",
        "exp",
        "iat",
        "iss",
        "jti",
        "nbf",
        "scope",
        "sid",
        "sub",
        "token_type",
    ] {
        let error = issuer.mint(&claims().claim(name, 7)).unwrap_err();
        assert_eq!(error.kind(), MintErrorKind::ClaimInvalid, "{name}");
        assert_eq!(error.claim(), Some(name));
    }
}

#[test]
fn claim_that_no_validator_reads_is_named() {
    let (issuer, _) = issuer(signing_keys());
    let nested = (0..40).fold(json!([]), |inner, _| json!([inner]));
    let error = issuer.mint(&claims().claim("deep", nested)).unwrap_err();
    assert_eq!(error.claim(), Some("deep"));
    for number in [f64::MAX, f64::MIN] {
        assert!(issuer.mint(&claims().claim("large", number)).is_ok());
    }
}

#[test]
fn an_object_in_a_claim_has_as_many_members_as_validators_accept() {
    let (issuer, _) = issuer(signing_keys());
    let object = |members: usize| {
        let member = |n: usize| (format!("{n}"), json!(0));
        Value::Object((0..members).map(member).collect())
    };
    for members in [
        limits::JSON_MEMBERS,
        limits::JSON_MEMBERS + 1,
        limits::JSON_INNER_MEMBERS,
    ] {
        let token = issuer.mint(&claims().claim("map", object(members)));
        let token = token.unwrap();
        let principal = validate(token.expose(), issuer.jwks().body(), NOW).unwrap();
        let map = principal.claims().get::<Value>("map").unwrap().unwrap();
        assert_eq!(map.as_object().unwrap().len(), members);
    }
    let over = object(limits::JSON_INNER_MEMBERS + 1);
    for over in [over.clone(), json!([over])] {
        let error = issuer.mint(&claims().claim("map", over)).unwrap_err();
        assert_eq!(error.kind(), MintErrorKind::ClaimInvalid);
        assert_eq!(error.claim(), Some("map"));
    }
}

#[test]
fn a_claim_too_deep_for_a_token_is_named() {
    let (issuer, _) = issuer(signing_keys());
    let nested = |depth: usize| (1..depth).fold(json!([]), |inner, _| json!([inner]));
    // The claims are an object themselves.
    let mint = |depth: usize| issuer.mint(&claims().claim("deep", nested(depth)));
    assert!(mint(limits::JSON_DEPTH - 1).is_ok());
    let error = mint(limits::JSON_DEPTH).unwrap_err();
    assert_eq!(error.claim(), Some("deep"));
}

#[test]
fn claim_given_twice_too_deep_or_without_a_json_value_is_rejected() {
    let (issuer, _) = issuer(signing_keys());
    let nested = |depth: usize| (1..depth).fold(json!([]), |inner, _| json!([inner]));
    let kind = |claims: &AccessClaims| issuer.mint(claims).map_err(|e| e.kind()).err();
    assert_eq!(kind(&claims().claim("a", 1).claim("b", nested(31))), None);
    for invalid in [
        claims().claim("a", 1).claim("a", 2),
        claims().session("a").session("b"),
        claims().claim("b", nested(32)),
        claims().claim("map", std::collections::HashMap::from([((1, 2), 3)])),
        claims()
            .claim("big", serde_json::from_str::<Value>("1e308").unwrap())
            .claim("big", 1),
    ] {
        assert_eq!(
            kind(&invalid),
            Some(MintErrorKind::ClaimInvalid),
            "{invalid:?}"
        );
    }
}

#[test]
fn token_longer_than_validators_accept_is_not_minted() {
    let (issuer, _) = issuer(signing_keys());
    let minted = |len: usize| issuer.mint(&claims().claim("a", "x".repeat(len)));
    let fits = (11_500..12_500)
        .step_by(1)
        .take_while(|len| minted(*len).is_ok());
    let longest = fits.last().unwrap();
    let token = minted(longest).unwrap();
    // By default a validator accepts at most 16 KiB.
    let most = 16 * 1024;
    assert!((most - 3..=most).contains(&token.expose().len()));
    assert!(validate(token.expose(), issuer.jwks().body(), NOW).is_ok());
    for len in [longest + 1, 100_000, 2_000_000] {
        assert_eq!(
            minted(len).unwrap_err().kind(),
            MintErrorKind::TokenTooLarge
        );
    }
}

#[test]
fn nothing_is_minted_or_published_without_a_time() {
    let (issuer, clock) = issuer(signing_keys());
    clock.stop();
    let error = issuer.mint(&claims()).unwrap_err();
    assert_eq!(error.kind(), MintErrorKind::Unavailable);
    assert_eq!(issuer.jwks().status(), 503);
    clock.set(UnixTime::from_secs(TIME_MAX - 10));
    let error = issuer.mint(&claims()).unwrap_err();
    assert_eq!(error.kind(), MintErrorKind::Unavailable);
    clock.set(NOW);
    assert!(issuer.mint(&claims()).is_ok());
}

#[test]
fn issuer_needs_a_valid_name_and_an_allowed_lifetime() {
    let build = |name: &str, secs| {
        let builder = JwtIssuer::builder(name, signing_keys()).lifetime(secs);
        builder.build().map(drop).map_err(|error| error.kind())
    };
    let secs = Duration::from_secs;
    assert_eq!(build(NAME, secs(1)), Ok(()));
    assert_eq!(build(NAME, secs(3600)), Ok(()));
    assert_eq!(build("", secs(60)), Err(ConfigErrorKind::Empty));
    assert_eq!(build("a\n", secs(60)), Err(ConfigErrorKind::ValueMalformed));
    for invalid in [
        secs(0),
        secs(3601),
        Duration::from_millis(1500),
        Duration::MAX,
    ] {
        assert_eq!(
            build(NAME, invalid),
            Err(ConfigErrorKind::OutOfRange),
            "{invalid:?}"
        );
    }
}

fn name() -> impl Strategy<Value = String> {
    "[ -~\u{e9}\u{2028}\u{1f600}]{1,12}"
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

prop_compose! {
    fn any_claims()(
        names in (name(), name()),
        more in prop::collection::vec(name(), 0..3),
        scopes in prop::option::of(prop::collection::vec("[!#-Z^-~]{1,8}", 0..4)),
        own in prop::collection::btree_map("[a-z\"\\\\\u{e9}]{1,6}", value(), 0..5),
    ) -> (AccessClaims, Value) {
        let mut requested = AccessClaims::new(&names.0, &names.1, API);
        for audience in more {
            requested = requested.audience(audience);
        }
        if let Some(scopes) = &scopes {
            requested = requested.scopes(scopes);
        }
        for (name, value) in &own {
            requested = requested.claim(name, value);
        }
        (requested, own.into_iter().collect())
    }
}

proptest! {
    /// The strict preset and `jsonwebtoken` accept every minted token under the published key set,
    /// and both read the requested claims.
    #[test]
    fn every_minted_token_is_accepted((requested, own) in any_claims(), at in 0..9_usize) {
        let algorithm = ALGORITHMS[at];
        let (issuer, clock) = issuer(SigningKeys::builder(key(algorithm)).build(NOW).unwrap());
        if let Ok(token) = issuer.mint(&requested) {
            let jwks = issuer.jwks();
            let last = after(NOW, token.expires_in() - 1);
            for now in [NOW, last] {
                let result = validate(token.expose(), jwks.body(), now);
                prop_assert!(result.is_ok(), "{:?}", result);
                let actual: Value = result.unwrap().claims().deserialize().unwrap();
                for (name, value) in own.as_object().unwrap() {
                    prop_assert_eq!(&actual[name], value);
                }
                #[cfg(feature = "jsonwebtoken")]
                prop_assert_eq!(oracle::decode(token.expose(), jwks.body(), now).unwrap(), actual);
            }
            clock.set(last);
            prop_assert!(validate_with(&validator(&issuer), token.expose(), last).is_ok());
        } else {
            let reserved = ["act", "aud", "azp", "cnf", "exp", "iat", "iss", "jti", "nbf", "scope", "sid", "sub", "active"];
            let own = own.as_object().unwrap();
            prop_assert!(own.keys().any(|name| reserved.contains(&name.as_str())), "{:?}", own);
        }
    }
}
