//! What is bound, and how it is presented.

use bearergate::RejectionKind;
use bearergate::binding::Binding;
use bearergate::credential::Sources;
use bearergate::key::KeySet;
use bearergate::testing::{FakeKey, ProofKey, TokenBuilder};
use bearergate::{Gate, JwtValidator};
use serde_json::json;

use crate::common::*;

// Defect E13 (scheme compared with case): docs/defects.md
#[test]
fn the_scheme_is_read_in_any_case() {
    let service = Service::new();
    for scheme in ["DPoP", "dpop", "DPOP", "dPoP"] {
        let token = service.bound_token();
        let proof = service.proof(&token).sign();
        assert_eq!(
            service.kind(&under(scheme, &token, &[&proof])),
            None,
            "{scheme}"
        );
    }
}

#[test]
fn a_bound_token_is_not_taken_as_a_bearer_token() {
    let service = Service::new();
    let token = service.bound_token();
    let proof = service.proof(&token).sign();
    assert_eq!(service.kind(&under("Bearer", &token, &[&proof])), REQUIRED);
    assert_eq!(service.kind(&under("Bearer", &token, &[])), REQUIRED);
}

#[test]
fn a_header_beside_an_unbound_token_is_not_looked_at() {
    let service = Service::new();
    let token = service.token(json!(null));
    let absent = TokenBuilder::new(&service.issuer, NOW)
        .issuer("https://idp.example.com")
        .audience(URL)
        .sign();
    assert!(service.kind(&under("Bearer", &token, &[])).is_some());
    for proofs in [&[][..], &["x"], &["x", "y"], &[""]] {
        assert_eq!(
            service.kind(&under("Bearer", &absent, proofs)),
            None,
            "{proofs:?}"
        );
    }
    assert_eq!(service.kind(&under("DPoP", &absent, &["x"])), MISMATCH);
}

#[test]
fn unbound_tokens_are_refused_where_proofs_are_required() {
    let service = Service::bound(|clock| {
        Binding::dpop(dpop(clock).build().unwrap())
            .required()
            .build()
    });
    let unbound = TokenBuilder::new(&service.issuer, NOW)
        .issuer("https://idp.example.com")
        .audience(URL)
        .sign();
    assert_eq!(service.kind(&under("Bearer", &unbound, &[])), REQUIRED);
    assert_eq!(service.changed(|proof| proof), None);
}

#[test]
fn a_confirmation_that_is_not_understood_is_refused_with_a_perfect_proof() {
    let service = Service::new();
    let jkt = service.client.thumbprint();
    for cnf in [
        json!({}),
        json!([]),
        json!("jkt"),
        json!({"jkt": jkt.split_at(1).1}),
        json!({"jkt": format!("{jkt}=")}),
        json!({"jkt": 1}),
        json!({"jkt": jkt, "kid": "x"}),
        json!({"jkt": jkt, "jwk": service.client.jwk()}),
        json!({"jwk": service.client.jwk()}),
        json!({"JKT": jkt}),
    ] {
        let token = service.token(&cnf);
        let proof = service.proof(&token).sign();
        for scheme in ["DPoP", "Bearer"] {
            let refusal = service
                .check(&under(scheme, &token, &[&proof]))
                .unwrap_err();
            assert_eq!(refusal.status(), 401, "{scheme} {cnf}");
        }
    }
}

// RFC 9449 section 7.1: the scheme is part of the protection.
// Defect E48 (bound token accepted from a query, a cookie, a form or a header of its own): docs/defects.md
#[test]
fn a_bound_token_passes_from_no_other_place() {
    let issuer = FakeKey::es256("issuer");
    let clock = bearergate::clock::FakeClock::at(NOW);
    let client = ProofKey::es256();
    let validator = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience(URL)
        .keys(KeySet::from(issuer.public()))
        .sender_constraint(Binding::dpop(dpop(&clock).build().unwrap()).build())
        .build()
        .unwrap();
    let sources = Sources::builder()
        .dpop()
        .query("access_token")
        .header("x-token")
        .cookie("token")
        .build()
        .unwrap();
    let gate = Gate::builder()
        .validator(validator)
        .sources(sources)
        .clock(clock);
    let gate = gate.allow_any_authenticated().build().unwrap();
    let token = TokenBuilder::new(&issuer, NOW)
        .issuer("https://idp.example.com")
        .audience(URL)
        .claim("cnf", json!({"jkt": client.thumbprint()}))
        .sign();
    let kind = |uri: &str, name: &'static str, value: String| {
        let proof = client.proof("GET", ORDERS).token(&token).at(NOW).sign();
        let request = http::Request::get(uri)
            .header("dpop", proof)
            .header(name, value);
        let request = request.body(()).unwrap();
        gate.try_check_now(&request)
            .unwrap()
            .err()
            .map(|refusal| refusal.kind())
    };
    assert_eq!(
        kind("/orders", "authorization", format!("DPoP {token}")),
        None
    );
    let query = format!("/orders?access_token={token}");
    assert_eq!(kind(&query, "x-other", "1".to_owned()), REQUIRED);
    assert_eq!(kind("/orders", "x-token", token.clone()), REQUIRED);
    assert_eq!(
        kind("/orders", "cookie", format!("token={token}")),
        REQUIRED
    );
}

#[test]
fn a_validator_of_ones_own_makes_a_confirmed_principal() {
    use bearergate::credential::PresentedCredential;
    use bearergate::principal::{Confirmation, PrincipalKind};
    use bearergate::validator::Shape;
    use bearergate::{NowOrLater, Principal, Rejection, TokenValidator};

    /// Opaque tokens whose key is known to the service.
    #[derive(Debug)]
    struct Own {
        binding: Binding,
        confirmation: Confirmation,
    }

    impl TokenValidator for Own {
        fn shapes(&self) -> &[Shape] {
            &[Shape::Opaque]
        }

        fn validate<'a>(
            &'a self,
            presented: &'a PresentedCredential<'a>,
        ) -> NowOrLater<'a, Result<Principal, Rejection>> {
            let proven = self.binding.prove(&self.confirmation, presented);
            proven.map(|proven| {
                let principal = Principal::builder(PrincipalKind::OpaqueToken, "own");
                Ok(principal.subject("alice").confirmed(proven?).build())
            })
        }

        fn proofs(&self) -> bearergate::validator::Proofs {
            bearergate::validator::SenderConstraint::proofs(&self.binding)
        }
    }

    let service = Service::new();
    let token = service.bound_token();
    let confirmation = {
        let proof = service.proof(&token).sign();
        let admitted = service.check(&request(&token, &[&proof])).unwrap();
        *admitted.principal().confirmation().unwrap()
    };
    let clock = service.clock.clone();
    let binding = Binding::dpop(dpop(&clock).build().unwrap()).build();
    let gate = Gate::builder().clock(clock).validator(Own {
        binding,
        confirmation,
    });
    let gate = gate.allow_any_authenticated().build().unwrap();
    let check = |proofs: &[&str]| {
        let parts = request("opaque", proofs);
        gate.try_check_now(&parts).unwrap()
    };
    let proof = service.proof("opaque").sign();
    let admitted = check(&[&proof]).unwrap();
    assert!(admitted.principal().is_confirmed());
    assert_eq!(
        check(&[&proof]).unwrap_err().kind(),
        RejectionKind::ProofReplayed
    );
    assert_eq!(
        check(&[]).unwrap_err().kind(),
        RejectionKind::BindingRequired
    );
    // An explanation uses no proof up.
    let proof = service.proof("opaque").sign();
    let parts = request("opaque", &[&proof]);
    assert!(gate.explain(&parts).try_now().is_ok());
    assert!(gate.try_check_now(&parts).unwrap().is_ok());
}

#[test]
fn a_confirmation_without_a_method_confirms_nobody() {
    let service = Service::new();
    let binding = Binding::dpop(dpop(&service.clock).build().unwrap()).build();
    let sources = bearergate::credential::Sources::default();
    let (parts, ()) = http::Request::get("/")
        .header("authorization", "Bearer opaque")
        .body(())
        .unwrap()
        .into_parts();
    let facts = bearergate::request::RequestFacts::from(&parts);
    let presented = sources.extract(&facts).unwrap();
    let none = bearergate::principal::Confirmation::default();
    let proven = binding.prove(&none, &presented).try_now().unwrap();
    assert_eq!(proven.unwrap_err().kind(), RejectionKind::BindingRequired);
}

// Both validators have a clone of one binding, and the proof is good for one check.
#[test]
fn two_validators_of_one_credential_check_its_proof_once() {
    use std::time::Duration;

    use bearergate::credential::PresentedCredential;
    use bearergate::validator::Shape;
    use bearergate::{NowOrLater, Principal, Rejection, TokenValidator};

    /// Accepts what both accept.
    #[derive(Debug)]
    struct Both([JwtValidator; 2]);

    impl TokenValidator for Both {
        fn shapes(&self) -> &[Shape] {
            self.0[0].shapes()
        }

        fn validate<'a>(
            &'a self,
            presented: &'a PresentedCredential<'a>,
        ) -> NowOrLater<'a, Result<Principal, Rejection>> {
            let first = self.0[0].validate(presented);
            first.and_then(|_| self.0[1].validate(presented))
        }

        fn proofs(&self) -> bearergate::validator::Proofs {
            self.0[0].proofs()
        }
    }

    let service = Service::new();
    let issuer = FakeKey::es256("issuer");
    let binding = Binding::dpop(dpop(&service.clock).build().unwrap()).build();
    let validator = || {
        JwtValidator::builder()
            .issuer("https://idp.example.com")
            .audience(URL)
            .keys(issuer.key_set())
            .sender_constraint(binding.clone())
            .build()
            .unwrap()
    };
    let gate = Gate::builder()
        .clock(service.clock.clone())
        .validator(Both([validator(), validator()]))
        .allow_any_authenticated()
        .build()
        .unwrap();
    let token = TokenBuilder::new(&issuer, NOW)
        .issuer("https://idp.example.com")
        .audience(URL)
        .expires_in(Duration::from_secs(300))
        .claim("cnf", json!({"jkt": service.client.thumbprint()}))
        .sign();
    let proof = service.proof(&token).sign();
    let parts = request(&token, &[&proof]);
    assert!(gate.try_check_now(&parts).unwrap().is_ok());
    let again = gate.try_check_now(&parts).unwrap().unwrap_err();
    assert_eq!(again.kind(), RejectionKind::ProofReplayed);
}

#[test]
fn everything_that_is_bound_to_a_stolen_key_ends_with_it() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use bearergate::clock::FakeClock;
    use bearergate::revocation::{Denylist, Revocation};

    let clock = FakeClock::at(NOW);
    let issuer = FakeKey::es256("issuer");
    let denylist = Denylist::default();
    let validator = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience(URL)
        .keys(issuer.key_set())
        .sender_constraint(Binding::dpop(dpop(&clock).build().unwrap()).build())
        .build()
        .unwrap();
    let gate = Gate::builder()
        .validator(validator)
        .revocations(denylist.clone())
        .clock(clock)
        .allow_any_authenticated()
        .build()
        .unwrap();
    let check = |client: &ProofKey, subject: &str| {
        let token = TokenBuilder::new(&issuer, NOW)
            .issuer("https://idp.example.com")
            .audience(URL)
            .subject(subject)
            .claim("cnf", json!({"jkt": client.thumbprint()}))
            .sign();
        let proof = client.proof("GET", ORDERS).token(&token).at(NOW).sign();
        let checked = gate.try_check_now(&request(&token, &[&proof])).unwrap();
        checked.err().map(|refusal| refusal.kind())
    };
    let (stolen, other) = (ProofKey::es256(), ProofKey::es256());
    assert_eq!(check(&stolen, "alice"), None);
    let jkt = URL_SAFE_NO_PAD.decode(stolen.thumbprint()).unwrap();
    let revocation = Revocation::proof_key("https://idp.example.com", jkt.try_into().unwrap());
    denylist.revoke(revocation).try_now().unwrap().unwrap();
    assert_eq!(check(&stolen, "alice"), Some(RejectionKind::TokenRevoked));
    assert_eq!(check(&stolen, "bob"), Some(RejectionKind::TokenRevoked));
    assert_eq!(check(&other, "alice"), None);
}

#[test]
fn everything_that_is_bound_to_a_stolen_certificate_ends_with_it() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use bearergate::clock::FakeClock;
    use bearergate::request::ClientCertificate;
    use bearergate::revocation::{Denylist, Revocation};

    let (issuer, denylist) = (FakeKey::es256("issuer"), Denylist::default());
    let validator = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience(URL)
        .keys(issuer.key_set())
        .sender_constraint(Binding::certificates().build())
        .build()
        .unwrap();
    let gate = Gate::builder()
        .validator(validator)
        .revocations(denylist.clone());
    let gate = gate.clock(FakeClock::at(NOW)).allow_any_authenticated();
    let gate = gate.build().unwrap();
    let check = |byte: u8| {
        let token = TokenBuilder::new(&issuer, NOW)
            .issuer("https://idp.example.com")
            .audience(URL)
            .claim(
                "cnf",
                json!({"x5t#S256": URL_SAFE_NO_PAD.encode([byte; 32])}),
            )
            .sign();
        let mut parts = under("Bearer", &token, &[]);
        parts
            .extensions
            .insert(ClientCertificate::from_sha256([byte; 32]));
        let checked = gate.try_check_now(&parts).unwrap();
        checked.err().map(|refusal| refusal.kind())
    };
    assert_eq!(check(1), None);
    let revocation = Revocation::certificate("https://idp.example.com", [1; 32]);
    denylist.revoke(revocation).try_now().unwrap().unwrap();
    assert_eq!(check(1), Some(RejectionKind::TokenRevoked));
    assert_eq!(check(2), None);
}

// Defect E49 (cache answers for a bound token without a proof): docs/defects.md
// Defect E49 (cached result of a bound token accepted without a proof): docs/defects.md
#[test]
fn a_cached_token_needs_a_proof_with_each_request() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bearergate::clock::FakeClock;
    use bearergate::event::{Event, Observer};
    use bearergate::validator::TokenCache;

    #[derive(Debug, Default)]
    struct Hits(AtomicUsize);

    impl Observer for Hits {
        fn observe(&self, event: &Event<'_>) {
            let is_hit = matches!(event, Event::CacheHit { .. });
            self.0.fetch_add(usize::from(is_hit), Ordering::Relaxed);
        }
    }

    let (clock, hits) = (FakeClock::at(NOW), Arc::new(Hits::default()));
    let cache = TokenCache::builder()
        .observer(Arc::clone(&hits))
        .build()
        .unwrap();
    let mut service = Service::new();
    let validator = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience(URL)
        .keys(service.issuer.key_set())
        .sender_constraint(Binding::dpop(dpop(&clock).build().unwrap()).build())
        .build()
        .unwrap();
    let gate = Gate::builder()
        .validator(validator.cached(&cache))
        .clock(clock);
    service.gate = gate.allow_any_authenticated().build().unwrap();
    let token = service.bound_token();
    let good = || service.proof(&token).sign();
    assert_eq!(service.kind(&request(&token, &[&good()])), None);
    assert_eq!(service.kind(&request(&token, &[&good()])), None);
    assert_eq!(hits.0.load(Ordering::Relaxed), 1);
    assert_eq!(service.kind(&request(&token, &[])), REQUIRED);
    let thief = ProofKey::es256()
        .proof("GET", ORDERS)
        .token(&token)
        .at(NOW)
        .sign();
    assert_eq!(service.kind(&request(&token, &[&thief])), MISMATCH);
    assert_eq!(hits.0.load(Ordering::Relaxed), 3);
    // Under the other scheme it is another entry.
    assert_eq!(service.kind(&under("Bearer", &token, &[&good()])), REQUIRED);
    assert_eq!(hits.0.load(Ordering::Relaxed), 3);
}

// Defect E54 (proof in logs): docs/defects.md
// Defect E54 (proof in a log or passed on to a backend): docs/defects.md
#[test]
fn no_text_about_a_proof_holds_it() {
    use std::sync::{Arc, Mutex};

    use bearergate::event::{Event, Observer};

    #[derive(Debug, Default)]
    struct Texts(Mutex<String>);

    impl Observer for Texts {
        fn observe(&self, event: &Event<'_>) {
            self.0.lock().unwrap().push_str(&format!("{event:?}"));
        }
    }

    let texts = Arc::new(Texts::default());
    let observer = Arc::clone(&texts);
    let service = Service::with(move |dpop| dpop.observer(observer));
    let token = service.bound_token();
    let id = "canary-of-the-id";
    let proofs = [
        service.proof(&token).id(id).sign(),
        service.proof(&token).id(id).sign(),
        service
            .proof(&token)
            .id(id)
            .claim("htm", "canary-of-the-method")
            .sign(),
        service
            .proof(&token)
            .id(id)
            .claim("htu", "https://canary.example.com")
            .sign(),
        service
            .proof(&token)
            .id(id)
            .header("typ", "canary-of-the-type")
            .sign(),
    ];
    for (number, proof) in proofs.iter().enumerate() {
        let parts = request(&token, &[proof]);
        let text = match service.check(&parts) {
            Ok(admitted) => format!("{admitted:?}"),
            Err(refusal) => {
                let mut text = format!("{refusal:?} {refusal} {:?}", refusal.headers());
                let mut next = std::error::Error::source(&refusal);
                while let Some(source) = next {
                    text.push_str(&format!("{source:?} {source}"));
                    next = source.source();
                }
                text
            }
        };
        let text = text + &texts.0.lock().unwrap();
        assert!(!text.contains("canary"), "{number}: {text}");
        for part in proof.split('.').chain([&*service.client.thumbprint()]) {
            assert!(!text.contains(part), "{number}: {text}");
        }
    }
    assert!(texts.0.lock().unwrap().contains("htm"));
}
