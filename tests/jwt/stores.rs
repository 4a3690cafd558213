//! Validations that wait: for keys from a store, and for proof of possession.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bearergate::credential::PresentedCredential;
use bearergate::crypto::Algorithm;
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::key::{Key, KeyHint, KeySet, KeyStatus};
use bearergate::principal::{Confirmation, KeyId};
use bearergate::validator::SenderConstraint;
use bearergate::{JwtValidator, KeyStore, NowOrLater, Rejection, RejectionKind, TokenValidator};

use crate::common::*;

/// A future that is ready when it is polled for the second time.
struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match std::mem::replace(&mut self.0, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    Now,
    Later,
}

/// A store that returns a set of keys or a rejection, now or later, and counts its calls.
#[derive(Debug)]
struct Store {
    when: When,
    keys: Mutex<Result<Arc<KeySet>, RejectionKind>>,
    fetches: AtomicUsize,
    hints: Mutex<Vec<(Option<String>, Algorithm)>>,
}

impl Store {
    fn new(when: When, keys: Result<KeySet, RejectionKind>) -> Arc<Self> {
        Arc::new(Self {
            when,
            keys: Mutex::new(keys.map(Arc::new)),
            fetches: AtomicUsize::new(0),
            hints: Mutex::default(),
        })
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn answer(&self, hint: KeyHint<'_>) -> Result<Arc<KeySet>, Rejection> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let hint = (hint.kid().map(str::to_owned), hint.algorithm());
        self.hints.lock().unwrap().push(hint);
        self.keys.lock().unwrap().clone().map_err(Rejection::from)
    }
}

impl KeyStore for Store {
    fn find<'a>(&'a self, hint: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        match self.when {
            When::Now => NowOrLater::now(self.answer(hint)),
            When::Later => NowOrLater::later(async move {
                Turn(false).await;
                self.answer(hint)
            }),
        }
    }

    fn status(&self, _: &KeyId) -> KeyStatus {
        KeyStatus::Fresh
    }
}

fn stored(store: &Arc<Store>) -> JwtValidatorBuilder<Ready> {
    let store: Arc<dyn KeyStore> = store.clone();
    let builder = JwtValidator::builder().issuer(ISSUER).audience(AUDIENCE);
    builder.key_store(store).clock(clock())
}

#[test]
fn keys_from_a_waiting_store_give_the_same_results() {
    for when in [When::Now, When::Later] {
        let store = Store::new(when, Ok(secret().into()));
        let validator = stored(&store).build().unwrap();
        let header = header().set("kid", "\"\\u006b1\"");
        assert_eq!(
            outcome(&validator, &mac(&header, claims())),
            "accept",
            "{when:?}"
        );
        let expired = claims().set("exp", 1);
        assert_eq!(
            outcome(&validator, &mac(&header, expired)),
            "token_expired exp"
        );
        let forged = mac_with(&[8; 32], &message(header.to_string(), claims().to_string()));
        assert_eq!(outcome(&validator, &forged), "signature_invalid");
        assert_eq!(store.fetches(), 3);
        let hint = (Some("k1".to_owned()), Algorithm::Hs256);
        assert_eq!(*store.hints.lock().unwrap(), vec![hint; 3]);
    }
}

// Defects A46 (bad answer replaces good keys), A47 (default key when the fetch fails):
// docs/defects.md
#[test]
fn failing_store_makes_the_token_unavailable() {
    for when in [When::Now, When::Later] {
        let store = Store::new(when, Err(RejectionKind::Unavailable));
        let validator = stored(&store).build().unwrap();
        assert_eq!(
            outcome(&validator, &token(claims())),
            "unavailable",
            "{when:?}"
        );
        let forged = mac_with(
            &[8; 32],
            &message(header().to_string(), claims().to_string()),
        );
        assert_eq!(outcome(&validator, &forged), "unavailable", "{when:?}");
        *store.keys.lock().unwrap() = Ok(Arc::new(secret().into()));
        assert_eq!(outcome(&validator, &token(claims())), "accept", "{when:?}");
    }
}

// Defect A45 (withdrawn key still verifies): docs/defects.md
#[test]
fn replaced_key_verifies_no_longer() {
    let store = Store::new(When::Later, Ok(secret().into()));
    let validator = stored(&store).build().unwrap();
    assert_eq!(outcome(&validator, &token(claims())), "accept");
    let next = Key::from_secret(vec![8; 32]).unwrap();
    *store.keys.lock().unwrap() = Ok(Arc::new(next.into()));
    assert_eq!(outcome(&validator, &token(claims())), "signature_invalid");
}

#[test]
fn nothing_happens_before_the_first_poll() {
    let store = Store::new(When::Later, Ok(secret().into()));
    let validator = stored(&store).build().unwrap();
    let token = token(claims());
    let presented = PresentedCredential::token(&token);
    drop(validator.validate(&presented));
    let mut answer = validator.validate(&presented).try_now().unwrap_err();
    assert_eq!(store.fetches(), 0);
    let context = &mut Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut answer).poll(context).is_pending());
    assert_eq!(store.fetches(), 0);
    assert!(matches!(
        Pin::new(&mut answer).poll(context),
        Poll::Ready(Ok(_))
    ));
    assert_eq!(store.fetches(), 1);
}

// Defects A09 (key fetched from an address in the header), A12 (URL made from an unverified claim):
// docs/defects.md
#[test]
fn token_rejected_early_asks_no_store() {
    for when in [When::Now, When::Later] {
        let store = Store::new(when, Ok(secret().into()));
        let validator = stored(&store)
            .algorithms([Algorithm::Hs256])
            .build()
            .unwrap();
        for token in [
            "a.b".to_owned(),
            token(claims().set("iss", "\"https://evil.example\"")),
            token(claims().without("iss")),
            mac(header().set("alg", "\"none\""), claims()),
            mac(header().set("alg", "\"RS256\""), claims()),
            mac(header().set("crit", "[\"x\"]"), claims()),
        ] {
            assert!(validate(&validator, &token).is_err(), "{token}");
        }
        assert_eq!(store.fetches(), 0);
    }
}

#[test]
fn algorithm_without_a_key_in_the_store_is_not_allowed() {
    let store = Store::new(When::Later, Ok(secret().into()));
    let validator = stored(&store).build().unwrap();
    let token = ed25519(header().set("alg", "\"EdDSA\""), claims());
    assert_eq!(outcome(&validator, &token), "algorithm_not_allowed");
}

/// A constraint that always returns the same result, and counts its calls.
#[derive(Clone, Debug)]
struct Proof {
    answer: Result<(), RejectionKind>,
    when: When,
    asked: Arc<Mutex<Vec<Option<[u8; 32]>>>>,
}

impl Proof {
    fn new(answer: Result<(), RejectionKind>, when: When) -> Self {
        Self {
            answer,
            when,
            asked: Arc::default(),
        }
    }
}

impl SenderConstraint for Proof {
    fn check<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let answer = move || {
            self.asked.lock().unwrap().push(confirmation.jkt().copied());
            self.answer.map_err(Rejection::from)
        };
        match self.when {
            When::Now => NowOrLater::now(answer()),
            When::Later => NowOrLater::later(async move {
                Turn(false).await;
                answer()
            }),
        }
    }
}

fn bound() -> Text {
    claims().set("cnf", format!(r#"{{"jkt":"{}"}}"#, encode([5; 32])))
}

#[test]
fn bound_token_without_a_constraint_is_rejected() {
    assert_eq!(
        outcome(&validator(), &token(bound())),
        "binding_required cnf"
    );
    assert_eq!(
        outcome(&open().build().unwrap(), &token(bound())),
        "binding_required cnf"
    );
}

#[test]
fn constraint_decides_on_a_bound_token() {
    for when in [When::Now, When::Later] {
        let proof = Proof::new(Ok(()), when);
        let validator = builder().sender_constraint(proof.clone()).build().unwrap();
        let principal = validate(&validator, &token(bound())).unwrap();
        assert!(principal.is_confirmed());
        assert_eq!(principal.confirmation().unwrap().jkt(), Some(&[5; 32]));
        validate(&validator, &token(bound())).unwrap();
        assert_eq!(*proof.asked.lock().unwrap(), [Some([5; 32]); 2]);

        for kind in [
            RejectionKind::BindingMismatch,
            RejectionKind::ProofInvalid,
            RejectionKind::Unavailable,
        ] {
            let proof = Proof::new(Err(kind), when);
            let validator = builder().sender_constraint(proof).build().unwrap();
            assert_eq!(outcome(&validator, &token(bound())), kind.as_str());
        }
    }
}

#[test]
fn ready_constraint_keeps_the_result_ready() {
    for (when, is_ready) in [(When::Now, true), (When::Later, false)] {
        let validator = builder().sender_constraint(Proof::new(Ok(()), when));
        let validator = validator.build().unwrap();
        let token = token(bound());
        let presented = PresentedCredential::token(&token);
        assert_eq!(validator.validate(&presented).try_now().is_ok(), is_ready);
    }
}

#[test]
fn constraint_is_called_only_for_valid_bound_tokens() {
    let proof = Proof::new(Ok(()), When::Now);
    let validator = builder().sender_constraint(proof.clone()).build().unwrap();
    assert_eq!(outcome(&validator, &token(claims())), "accept");
    assert_eq!(
        outcome(&validator, &token(bound().set("exp", 1))),
        "token_expired exp"
    );
    let forged = mac_with(
        &[8; 32],
        &message(header().to_string(), bound().to_string()),
    );
    assert_eq!(outcome(&validator, &forged), "signature_invalid");
    assert!(proof.asked.lock().unwrap().is_empty());
}

#[test]
fn unknown_confirmation_method_is_rejected_whatever_the_constraint_says() {
    let proof = Proof::new(Ok(()), When::Now);
    let validator = builder().sender_constraint(proof.clone()).build().unwrap();
    let good = encode([5; 32]);
    for (raw, expected) in [
        (format!(r#"{{"x5t#S256":"{good}"}}"#), "accept"),
        (
            format!(r#"{{"jkt":"{good}","x5t#S256":"{good}"}}"#),
            "accept",
        ),
        ("{}".to_owned(), "binding_required cnf"),
        (r#"{"kid":"k"}"#.to_owned(), "binding_required cnf"),
        (r#"{"jwk":{}}"#.to_owned(), "binding_required cnf"),
        (
            format!(r#"{{"jkt":"{good}","kid":"k"}}"#),
            "binding_required cnf",
        ),
        (r#"{"jkt":"short"}"#.to_owned(), "claim_invalid cnf"),
        (format!(r#"{{"jkt":"{good}="}}"#), "claim_invalid cnf"),
        (format!(r#"{{"jkt":"{good}A"}}"#), "claim_invalid cnf"),
        (r#"{"jkt":null}"#.to_owned(), "claim_invalid cnf"),
        (r#"{"jkt":["x"]}"#.to_owned(), "claim_invalid cnf"),
    ] {
        let claims = claims().set("cnf", &raw);
        assert_eq!(outcome(&validator, &token(claims)), expected, "{raw}");
    }
    assert_eq!(proof.asked.lock().unwrap().len(), 2);
}

#[test]
fn store_and_constraint_can_both_wait() {
    let store = Store::new(When::Later, Ok(secret().into()));
    let proof = Proof::new(Ok(()), When::Later);
    let validator = stored(&store).sender_constraint(proof).build().unwrap();
    assert_eq!(outcome(&validator, &token(bound())), "accept");
    assert_eq!(outcome(&validator, &token(claims())), "accept");
}
