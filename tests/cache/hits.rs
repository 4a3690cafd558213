//! Cache hits: what they skip, and what they check again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::error::ConfigErrorKind;
use bearergate::key::{Key, KeySet};
use bearergate::principal::{Authority, Confirmation};
use bearergate::revocation::{Denylist, Revocation};
use bearergate::validator::{SenderConstraint, TokenCache};
use bearergate::{
    Gate, JwtValidator, KeyStore, NowOrLater, Rejection, RejectionKind, require_scope,
};
use serde_json::json;

use crate::common::*;

#[test]
fn accepted_token_is_validated_once_and_has_the_same_principal_each_time() {
    let (store, pair, validator, hits) = setup();
    let token = pair.sign(&claims(&json!({"scope": "a b"})));
    let first = validate_at(&validator, &token, NOW).unwrap();
    let second = validate_at(&validator, &token, NOW).unwrap();
    assert_eq!((store.finds(), hits.count()), (1, 1));
    assert_eq!(first.claims().json(), second.claims().json());
    assert_eq!(first.token_id(), second.token_id());
    assert_eq!(first.subject(), second.subject());
}

// Defect C01 (cached before verification): docs/defects.md
#[test]
fn only_accepted_tokens_are_cached() {
    let (store, pair, validator, hits) = setup();
    let good = pair.sign(&claims(&json!({})));
    let forged = forged(&good);
    let stranger = Pair::new("k1").sign(&claims(&json!({})));
    let misdirected = pair.sign(&claims(&json!({"aud": "https://other.example.com"})));
    for (token, kind) in [
        (&stranger, "signature_invalid"),
        (&misdirected, "audience_mismatch"),
        (&forged, "signature_invalid"),
    ] {
        for _ in 0..2 {
            assert_eq!(outcome(&validator, token), kind);
        }
    }
    assert_eq!(hits.count(), 0);
    let before = store.finds();
    assert_eq!(outcome(&validator, &good), "accept");
    assert_eq!(outcome(&validator, &good), "accept");
    assert_eq!((store.finds(), hits.count()), (before + 1, 1));
}

// Defect C02 (colliding cache keys): docs/defects.md
#[test]
fn every_byte_of_a_credential_is_in_the_cache_key() {
    let (_, pair, validator, hits) = setup();
    let token = pair.sign(&claims(&json!({})));
    assert_eq!(outcome(&validator, &token), "accept");
    for at in 0..token.len() {
        let mut other = token.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        assert_ne!(outcome(&validator, &other), "accept", "{at}");
    }
    assert_ne!(outcome(&validator, &format!("{token}A")), "accept");
    assert_ne!(outcome(&validator, &token[1..]), "accept");
    assert_eq!(hits.count(), 0);
}

// Defect C02 (colliding cache keys): docs/defects.md
#[test]
fn scheme_of_a_credential_is_in_the_cache_key() {
    let pair = Pair::new("k1");
    let store = Store::new(pair.key.clone().into());
    let (cache, hits) = cache();
    let proof = Proof::default();
    proof.0.store(true, Ordering::SeqCst);
    let builder = builder(&store).sender_constraint(proof);
    let validator = builder.build().unwrap().cached(&cache);
    let token = pair.sign(&claims(&json!({"cnf": {"jkt": "A".repeat(43)}})));
    let sources = Sources::builder().dpop().build().unwrap();
    let under = |scheme: &str| {
        let authorization = format!("{scheme} {token}");
        let presented = sources.authorization(&authorization).unwrap();
        assert!(
            validator
                .validate_now(&presented.at(UnixTime::from_secs(NOW)))
                .is_ok()
        );
        (cache.len(), store.finds(), hits.count())
    };
    assert_eq!(under("Bearer"), (1, 1, 0));
    assert_eq!(under("DPoP"), (2, 2, 0));
    assert_eq!(under("Bearer"), (2, 2, 1));
    assert_eq!(under("dpop"), (2, 2, 2));
}

// Defects C02 (colliding cache keys), A13 (keys cached by `kid` alone): docs/defects.md
#[test]
fn validators_with_one_cache_do_not_share_entries() {
    let pair = Pair::new("k1");
    let (cache, hits) = cache();
    let keys = || KeySet::from(pair.key.clone());
    let start = || JwtValidator::builder().issuer(ISSUER);
    let own = start().audience(AUDIENCE).keys(keys()).build().unwrap();
    let other = start().audience("https://b.example.com").keys(keys());
    let other = other.build().unwrap().cached(&cache);
    let own = own.cached(&cache);
    let token = pair.sign(&claims(&json!({})));
    assert_eq!(outcome(&own, &token), "accept");
    assert_eq!(outcome(&other, &token), "audience_mismatch");
    assert_eq!(outcome(&own.clone(), &token), "accept");
    assert_eq!(hits.count(), 1);
}

#[test]
fn joined_validator_uses_a_new_part_of_the_first_cache() {
    let (a, b) = (Pair::new("k1"), Pair::new("k1"));
    let (cache, hits) = cache();
    let one = |issuer: &str, pair: &Pair| {
        let builder = JwtValidator::builder().issuer(issuer).audience(AUDIENCE);
        builder.keys(pair.key.clone().into()).build().unwrap()
    };
    let first = one(ISSUER, &a);
    let second = one("https://b.example.com", &b).cached(&cache);
    let own = a.sign(&claims(&json!({})));
    let theirs = b.sign(&claims(&json!({"iss": "https://b.example.com"})));
    assert_eq!(outcome(&second, &theirs), "accept");
    let joined = JwtValidator::join([first, second]).unwrap();
    for token in [&own, &theirs] {
        let authority = |p: bearergate::Principal| p.authority().to_string();
        let cold = validate_at(&joined, token, NOW).map(authority).unwrap();
        let warm = validate_at(&joined, token, NOW).map(authority).unwrap();
        assert_eq!(cold, warm);
    }
    assert_eq!(hits.count(), 2);
}

// Defect C03 (cached result skips checks of the request): docs/defects.md
#[test]
fn policy_is_checked_on_every_request() {
    let (_, pair, validator, hits) = setup();
    let gate = |scope: &str| {
        let builder = Gate::builder().validator(validator.clone());
        let builder = builder.authorizer(require_scope(scope)).clock(clock());
        builder.build().unwrap()
    };
    let token = pair.sign(&claims(&json!({"scope": "read"})));
    assert_eq!(ask(&gate("read"), &token), "accept");
    let write = gate("write");
    let parts = request(&token);
    let refusal = write.try_check_now(&parts).unwrap().unwrap_err();
    assert_eq!(refusal.status(), 403);
    assert_eq!(hits.count(), 1);
}

#[test]
fn gates_of_single_routes_share_the_cache() {
    let (_, pair, validator, hits) = setup();
    let builder = Gate::builder().validator(validator);
    let builder = builder.authorizer(require_scope("read")).clock(clock());
    let gate = builder.build().unwrap();
    let write = gate.with_authorizer(require_scope("write")).unwrap();
    let both = gate.require(require_scope("list")).unwrap();
    let token = pair.sign(&claims(&json!({"scope": "read list"})));
    assert_eq!(ask(&gate, &token), "accept");
    assert_eq!(ask(&both, &token), "accept");
    assert_eq!(hits.count(), 1);
    let refusal = write.try_check_now(&request(&token)).unwrap().unwrap_err();
    assert_eq!(refusal.status(), 403);
    assert_eq!(hits.count(), 2);
    // A gate that is built separately with the same validator has the same cache; one with another
    // validator has not.
    let (_, pair, validator, hits) = setup();
    let other = Gate::builder().validator(validator).clock(clock());
    let other = other.allow_any_authenticated().build().unwrap();
    assert_eq!(ask(&other, &pair.sign(&claims(&json!({})))), "accept");
    assert_eq!(hits.count(), 0);
}

/// Accepts proofs while its flag is set.
#[derive(Clone, Debug, Default)]
struct Proof(Arc<AtomicBool>);

impl SenderConstraint for Proof {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(match self.0.load(Ordering::SeqCst) {
            true => Ok(()),
            false => Err(RejectionKind::BindingMismatch.into()),
        })
    }
}

// Defect C03 (cached result skips checks of the request): docs/defects.md
#[test]
fn possession_is_checked_on_every_request() {
    let pair = Pair::new("k1");
    let store = Store::new(pair.key.clone().into());
    let (cache, hits) = cache();
    let proof = Proof::default();
    let builder = builder(&store).sender_constraint(proof.clone());
    let validator = builder.build().unwrap().cached(&cache);
    let thumbprint = "A".repeat(43);
    let token = pair.sign(&claims(&json!({"cnf": {"jkt": thumbprint}})));
    assert_eq!(outcome(&validator, &token), "binding_mismatch");
    proof.0.store(true, Ordering::SeqCst);
    assert_eq!(outcome(&validator, &token), "accept");
    proof.0.store(false, Ordering::SeqCst);
    assert_eq!(outcome(&validator, &token), "binding_mismatch");
    assert_eq!((store.finds(), hits.count()), (1, 2));
}

// Defect C03 (cached result skips checks of the request): docs/defects.md
#[test]
fn closures_are_called_on_every_request() {
    let pair = Pair::new("k1");
    let store = Store::new(pair.key.clone().into());
    let (cache, hits) = cache();
    let is_open = Arc::new(AtomicBool::new(true));
    let flag = is_open.clone();
    let builder = builder(&store).check("tenant", move |_| flag.load(Ordering::SeqCst));
    let plain = builder.build().unwrap().cached(&cache);
    let token = pair.sign(&claims(&json!({})));
    assert_eq!(outcome(&plain, &token), "accept");
    is_open.store(false, Ordering::SeqCst);
    assert_eq!(outcome(&plain, &token), "claim_invalid");
    is_open.store(true, Ordering::SeqCst);
    assert_eq!(outcome(&plain, &token), "accept");
    assert_eq!(hits.count(), 1);
}

// Defect C03 (cached result skips checks of the request): docs/defects.md
#[test]
fn tenant_closure_is_called_on_every_request() {
    let pair = Pair::new("k1");
    let store = Store::new(pair.key.clone().into());
    let (cache, hits) = cache();
    let trusted = Arc::new(Mutex::new(Some("tenant one")));
    let flag = trusted.clone();
    let builder = JwtValidator::builder()
        .issuer_pattern("https://idp.example.com/{tenant}", move |_| {
            flag.lock().unwrap().map(Authority::from)
        })
        .audience(AUDIENCE)
        .key_store(store as Arc<dyn KeyStore>)
        .clock(clock());
    let validator = builder.build().unwrap().cached(&cache);
    let token = pair.sign(&claims(&json!({"iss": "https://idp.example.com/one"})));
    let trust = |authority| *trusted.lock().unwrap() = authority;
    for _ in 0..2 {
        assert_eq!(outcome(&validator, &token), "accept");
    }
    assert_eq!(hits.count(), 1);
    trust(None);
    assert_eq!(outcome(&validator, &token), "issuer_mismatch");
    trust(Some("another name"));
    let principal = validate_at(&validator, &token, NOW).unwrap();
    assert_eq!(principal.authority().as_str(), "another name");
    assert_eq!(hits.count(), 1);
}

#[test]
fn token_is_not_cached_if_closures_need_claims_that_the_principal_lacks() {
    let pair = Pair::new("k1");
    let store = Store::new(pair.key.clone().into());
    let (cache, hits) = cache();
    let is_acme = |claims: bearergate::principal::Claims<'_>| {
        claims.get("tenant").is_ok_and(|t| t == Some("acme"))
    };
    let builder = builder(&store).check("tenant", is_acme);
    let validator = builder.grants(["read"], ["plan"]).build().unwrap();
    let validator = validator.cached(&cache);
    let token = pair.sign(&claims(&json!({"tenant": "acme"})));
    for _ in 0..2 {
        assert_eq!(outcome(&validator, &token), "accept");
    }
    assert_eq!((store.finds(), hits.count()), (2, 0));
}

#[test]
fn closures_see_all_claims_of_a_token_whose_principal_is_limited() {
    let pair = Pair::new("k1");
    let store = Store::new(pair.key.clone().into());
    let (cache, hits) = cache();
    let is_acme = |claims: bearergate::principal::Claims<'_>| {
        claims.get("tenant").is_ok_and(|t| t == Some("acme"))
    };
    let with = || builder(&store).grants(["read"], ["plan"]);
    let pattern = JwtValidator::builder()
        .issuer_pattern("https://idp.example.com/{tenant}", move |tenant| {
            is_acme(tenant.claims()).then(|| Authority::from(tenant.issuer()))
        })
        .audience(AUDIENCE)
        .key_store(store.clone() as Arc<dyn KeyStore>)
        .clock(clock())
        .grants(["read"], ["plan"]);
    let named = json!({"tenant": "acme", "plan": "p", "scope": "read write"});
    let mut of_tenant = named.clone();
    of_tenant["iss"] = "https://idp.example.com/one".into();
    for (builder, claims_of_token) in [
        (with().check("tenant", is_acme), named.clone()),
        (pattern, of_tenant),
    ] {
        let plain = builder.build().unwrap();
        let cached = plain.clone().cached(&cache);
        let token = pair.sign(&claims(&claims_of_token));
        let uncached = validate_at(&plain, &token, NOW).unwrap();
        for _ in 0..3 {
            let principal = validate_at(&cached, &token, NOW).unwrap();
            assert_eq!(principal.claims().json(), uncached.claims().json());
            assert!(principal.claims().value("tenant").is_none());
            assert_eq!(principal.scopes().unwrap().iter().count(), 1);
            assert_eq!(principal.token_id(), uncached.token_id());
        }
    }
    assert_eq!(hits.count(), 0);
    // Without closures the limited principal is cached, and is the same.
    let cached = with().build().unwrap().cached(&cache);
    let token = pair.sign(&claims(&named));
    let first = validate_at(&cached, &token, NOW).unwrap();
    let second = validate_at(&cached, &token, NOW).unwrap();
    assert_eq!(first.claims().json(), second.claims().json());
    assert_eq!(first.token_id(), second.token_id());
    assert_eq!(hits.count(), 1);
}

// Defect C04 (cached past its end): docs/defects.md
#[test]
fn entry_is_removed_at_exp_and_the_token_is_validated_again_within_the_leeway() {
    let (store, pair, validator, hits) = setup();
    let token = pair.sign(&claims(&json!({"exp": NOW + 10})));
    let at = |now| outcome_at(&validator, &token, now);
    assert_eq!([at(NOW), at(NOW + 9)], ["accept"; 2]);
    assert_eq!((store.finds(), hits.count()), (1, 1));
    assert_eq!([at(NOW + 10), at(NOW + 39)], ["accept"; 2]);
    assert_eq!((store.finds(), hits.count()), (3, 1));
    assert_eq!(at(NOW + 40), "token_expired");
}

// Defect C04 (cached past its end): docs/defects.md
#[test]
fn entry_is_not_used_before_its_token_is_valid() {
    let (_, pair, validator, hits) = setup();
    let token = pair.sign(&claims(&json!({"nbf": NOW, "iat": NOW})));
    let at = |now| outcome_at(&validator, &token, now);
    assert_eq!([at(NOW), at(NOW)], ["accept"; 2]);
    assert_eq!(at(NOW - 31), "token_not_yet_valid");
    assert_eq!(at(NOW - 30), "accept");
    assert_eq!(hits.count(), 1);
}

// Defect C04 (cached past its end): docs/defects.md
#[test]
fn entry_is_not_used_after_the_maximum_age() {
    let pair = Pair::new("k1");
    let store = Store::new(pair.key.clone().into());
    let (cache, hits) = cache();
    let builder = builder(&store).max_age(Duration::from_secs(60));
    let validator = builder.build().unwrap().cached(&cache);
    let token = pair.sign(&claims(&json!({"iat": NOW})));
    let at = |now| outcome_at(&validator, &token, now);
    assert_eq!([at(NOW), at(NOW + 59)], ["accept"; 2]);
    assert_eq!(hits.count(), 1);
    assert_eq!(at(NOW + 90), "accept");
    assert_eq!(at(NOW + 91), "token_expired");
    assert_eq!(hits.count(), 1);
}

#[test]
fn request_without_a_time_is_unavailable() {
    let pair = Pair::new("k1");
    let clock = clock();
    let (cache, _) = cache();
    let builder = JwtValidator::builder().issuer(ISSUER).audience(AUDIENCE);
    let builder = builder.keys(pair.key.clone().into()).clock(clock.clone());
    let validator = builder.build().unwrap().cached(&cache);
    let token = pair.sign(&claims(&json!({})));
    let validate = || {
        let presented = PresentedCredential::token(&token);
        let result = validator.validate_now(&presented);
        result.map(drop).map_err(|r| r.kind())
    };
    assert_eq!(validate(), Ok(()));
    clock.stop();
    assert_eq!(validate(), Err(RejectionKind::Unavailable));
}

/// Returns its result at once.
trait Now {
    fn validate_now(
        &self,
        presented: &PresentedCredential<'_>,
    ) -> Result<bearergate::Principal, Rejection>;
}

impl Now for JwtValidator {
    fn validate_now(
        &self,
        presented: &PresentedCredential<'_>,
    ) -> Result<bearergate::Principal, Rejection> {
        use bearergate::TokenValidator;
        self.validate(presented).try_now().unwrap()
    }
}

// Defects C05 (cached after revocation or removal of the key), A45 (withdrawn key still verifies):
// docs/defects.md
#[test]
fn token_is_rejected_as_soon_as_its_key_is_gone() {
    let (store, pair, validator, hits) = setup();
    let next = Pair::new("k2");
    let token = pair.sign(&claims(&json!({})));
    assert_eq!([outcome(&validator, &token); 2], ["accept"; 2]);
    store.rotate(next.key.clone().into());
    assert_eq!(outcome(&validator, &token), "key_not_found");
    store.rotate(pair.key.clone().into());
    assert_eq!(outcome(&validator, &token), "accept");
    let _ = hits;
}

// Defects C05 (cached after revocation or removal of the key), A13 (keys cached by `kid` alone):
// docs/defects.md
#[test]
fn cached_token_depends_on_its_key_and_not_on_its_kid() {
    let (store, pair, validator, _) = setup();
    let token = pair.sign(&claims(&json!({})));
    assert_eq!(outcome(&validator, &token), "accept");
    store.rotate(Pair::new("k1").key.into());
    assert_eq!(outcome(&validator, &token), "signature_invalid");
}

#[test]
fn cached_token_is_accepted_under_stale_keys_but_not_under_expired_ones() {
    let (store, pair, validator, hits) = setup();
    let token = pair.sign(&claims(&json!({})));
    assert_eq!(outcome(&validator, &token), "accept");
    store.be(Mood::Stale);
    assert_eq!(outcome(&validator, &token), "accept");
    assert_eq!(hits.count(), 1);
    store.be(Mood::Down);
    assert_eq!(outcome(&validator, &token), "unavailable");
    store.be(Mood::Fresh);
    assert_eq!(outcome(&validator, &token), "accept");
    assert_eq!((store.finds(), hits.count()), (2, 2));
}

// Defect C05 (cached after revocation or removal of the key): docs/defects.md
#[test]
fn revoked_token_is_rejected_on_its_next_hit() {
    let (_, pair, validator, hits) = setup();
    let list = Denylist::default();
    let gate = gate(validator, list.clone(), &clock());
    let token = pair.sign(&claims(&json!({})));
    assert_eq!([ask(&gate, &token), ask(&gate, &token)], ["accept"; 2]);
    let revoked = list.revoke(Revocation::jwt_id(ISSUER, "j1"));
    revoked.try_now().unwrap().unwrap();
    assert_eq!(ask(&gate, &token), "token_revoked");
    assert_eq!(hits.count(), 2);
}

// Defect C06 (rejection cached too long): docs/defects.md
#[test]
fn token_is_accepted_as_soon_as_it_becomes_valid() {
    let (store, pair, validator, _) = setup();
    let early = pair.sign(&claims(&json!({"nbf": NOW + 31, "jti": "early"})));
    assert_eq!(outcome(&validator, &early), "token_not_yet_valid");
    assert_eq!(outcome_at(&validator, &early, NOW + 31), "accept");
    let next = Pair::new("k2");
    let token = next.sign(&claims(&json!({})));
    assert_eq!(outcome(&validator, &token), "key_not_found");
    store.rotate(next.key.clone().into());
    assert_eq!(outcome(&validator, &token), "accept");
    store.be(Mood::Down);
    let other = next.sign(&claims(&json!({"jti": "other"})));
    assert_eq!(outcome(&validator, &other), "unavailable");
    store.be(Mood::Fresh);
    assert_eq!(outcome(&validator, &other), "accept");
}

// Defect C07 (cache filled or emptied by an attacker): docs/defects.md
#[test]
fn rejected_tokens_displace_no_entry() {
    let pair = Pair::new("k1");
    let store = Store::new(pair.key.clone().into());
    let hits = Hits::default();
    let cache = TokenCache::builder().entries(8).observer(hits.clone());
    let cache = cache.build().unwrap();
    let validator = builder(&store).build().unwrap().cached(&cache);
    let good = pair.sign(&claims(&json!({})));
    assert_eq!(outcome(&validator, &good), "accept");
    let stranger = Pair::new("k1");
    for n in 0..200 {
        let garbage = stranger.sign(&claims(&json!({"jti": n.to_string()})));
        assert_eq!(outcome(&validator, &garbage), "signature_invalid");
    }
    assert_eq!(cache.len(), 1);
    assert_eq!(outcome(&validator, &good), "accept");
    assert_eq!(hits.count(), 1);
}

// Defect C07 (cache filled or emptied by an attacker): docs/defects.md
#[test]
fn entries_and_bytes_are_bounded() {
    let pair = Pair::new("k1");
    let store = Store::new(pair.key.clone().into());
    let few = TokenCache::builder().entries(8).build().unwrap();
    let small = TokenCache::builder().bytes(64 * 1024).build().unwrap();
    let [a, b] = [&few, &small].map(|cache| builder(&store).build().unwrap().cached(cache));
    let filler = "x".repeat(2_000);
    for n in 0..100 {
        let token = pair.sign(&claims(&json!({"jti": n.to_string(), "filler": filler})));
        assert_eq!([outcome(&a, &token), outcome(&b, &token)], ["accept"; 2]);
    }
    assert!((1..=8).contains(&few.len()), "{}", few.len());
    assert!((1..=64 / 4).contains(&small.len()), "{}", small.len());
    few.clear();
    assert!(few.is_empty());
}

#[test]
fn tokens_under_a_secret_are_not_cached() {
    let secret = vec![7; 32];
    let (cache, _) = cache();
    let builder = JwtValidator::builder().issuer(ISSUER).audience(AUDIENCE);
    let keys = KeySet::from(Key::from_secret(secret.clone()).unwrap());
    let validator = builder.keys(keys).build().unwrap().cached(&cache);
    let message = message(&json!({"alg": "HS256"}), &claims(&json!({})));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
    let tag = ring::hmac::sign(&key, message.as_bytes());
    use base64::Engine;
    let tag = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(tag);
    assert_eq!(outcome(&validator, &format!("{message}.{tag}")), "accept");
    assert!(cache.is_empty());
}

#[test]
fn bounds_out_of_range_do_not_build() {
    let builder = TokenCache::builder;
    for (builder, field) in [
        (builder().entries(0), "entries"),
        (builder().entries(10_000_001), "entries"),
        (builder().bytes(64 * 1024 - 1), "bytes"),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
        assert_eq!(error.field(), field);
    }
    assert!(builder().entries(1).bytes(64 * 1024).build().is_ok());
}

#[test]
fn no_token_is_shown() {
    let (_, pair, validator, _) = setup();
    let token = pair.sign(&claims(&json!({})));
    assert_eq!(outcome(&validator, &token), "accept");
    let shown = format!("{validator:?}");
    let signature = token.rsplit('.').next().unwrap();
    assert!(!shown.contains(signature) && !shown.contains(&token[..40]));
    assert!(shown.contains("len: 1"), "{shown}");
}
