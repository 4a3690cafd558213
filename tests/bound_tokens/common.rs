//! Bound tokens, a sender constraint that accepts each proof once, and gates.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::gate::GateBuilder;
use bearergate::http_response::Refusal;
use bearergate::key::{Key, KeySet};
use bearergate::policy::{AccessRequest, Decision};
use bearergate::principal::{Confirmation, PrincipalKind};
use bearergate::revocation::RevocationList;
use bearergate::validator::{Authorities, SenderConstraint, Shape};
use bearergate::{
    Authorizer, Gate, JwtValidator, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator,
};
use http::Request;
use http::request::Parts;
use ring::hmac;

pub(crate) const NOW: u64 = 1_700_000_000;
const ISSUER: &str = "https://idp.example.com";
const AUDIENCE: &str = "https://api.example.com";
const SECRET: &[u8] = b"test secret of thirty-two bytes!";

pub(crate) fn clock() -> FakeClock {
    FakeClock::at(UnixTime::from_secs(NOW))
}

/// Signs a token with these additional members of the claims.
pub(crate) fn token(more: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
    let exp = NOW + 60;
    let claims =
        format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"alice","exp":{exp}{more}}}"#);
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, SECRET),
        message.as_bytes(),
    );
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Signs a token that is bound to the key with the thumbprint of this byte.
pub(crate) fn bound(byte: u8) -> String {
    token(&cnf("jkt", byte))
}

pub(crate) fn cnf(method: &str, byte: u8) -> String {
    format!(
        r#","cnf":{{"{method}":"{}"}}"#,
        URL_SAFE_NO_PAD.encode([byte; 32])
    )
}

/// Accepts the first proof, unless the request has the header `bad-proof`.
///
/// It answers at once, or, if it is slow, after one pause.
#[derive(Clone, Debug, Default)]
pub(crate) struct Once {
    used: Arc<AtomicUsize>,
    is_slow: bool,
}

impl Once {
    pub(crate) fn slow() -> Self {
        Self {
            is_slow: true,
            ..Self::default()
        }
    }

    /// Returns how often it has answered.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::SeqCst)
    }

    /// Accepts the next proof again.
    pub(crate) fn reset(&self) {
        self.used.store(0, Ordering::SeqCst);
    }

    fn answer(&self, presented: &PresentedCredential<'_>) -> Result<(), Rejection> {
        let before = self.used.fetch_add(1, Ordering::SeqCst);
        let headers = presented.facts().map(|facts| facts.headers());
        if headers.is_some_and(|headers| headers.contains_key("bad-proof")) {
            return Err(RejectionKind::ProofInvalid.into());
        }
        match before {
            0 => Ok(()),
            _ => Err(RejectionKind::ProofReplayed.into()),
        }
    }
}

impl SenderConstraint for Once {
    fn check<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        assert!(confirmation.jkt().is_some() || confirmation.certificate().is_some());
        if !self.is_slow {
            return NowOrLater::now(self.answer(presented));
        }
        NowOrLater::later(async move {
            Pause::default().await;
            self.answer(presented)
        })
    }
}

pub(crate) fn validator() -> bearergate::jwt::JwtValidatorBuilder<bearergate::jwt::Ready> {
    JwtValidator::builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .keys(KeySet::from(Key::from_secret(SECRET.to_vec()).unwrap()))
        .clock(clock())
}

pub(crate) fn constrained(once: &Once) -> JwtValidator {
    validator().sender_constraint(once.clone()).build().unwrap()
}

pub(crate) fn builder() -> GateBuilder {
    Gate::builder().clock(clock()).all_authorities_equal()
}

/// A second slot, whose credential is in the header `x-app`.
pub(crate) fn app_sources() -> Sources {
    let sources = Sources::builder().without_bearer().header("x-app");
    sources.build().unwrap()
}

/// What a [`Step`] answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Yes,
    No,
    Outage,
}

/// A validator, a revocation list or an authorizer with a fixed answer, after one pause if it is
/// slow.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    answer: Answer,
    is_slow: bool,
}

impl Step {
    pub(crate) const fn new(answer: Answer) -> Self {
        Self {
            answer,
            is_slow: false,
        }
    }

    pub(crate) const fn slow(answer: Answer) -> Self {
        Self {
            answer,
            is_slow: true,
        }
    }

    fn value<'a, T: Send + 'a>(&self, value: T) -> NowOrLater<'a, T> {
        if !self.is_slow {
            return NowOrLater::now(value);
        }
        NowOrLater::later(async move {
            Pause::default().await;
            value
        })
    }

    fn result(&self, no: RejectionKind) -> Result<(), Rejection> {
        match self.answer {
            Answer::Yes => Ok(()),
            Answer::No => Err(no.into()),
            Answer::Outage => Err(RejectionKind::Unavailable.into()),
        }
    }
}

impl Authorizer for Step {
    fn authorize<'a>(&'a self, _: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        self.value(match self.answer {
            Answer::Yes => Decision::allow(),
            Answer::No => Decision::deny(),
            Answer::Outage => Decision::unavailable(),
        })
    }
}

impl RevocationList for Step {
    fn check_revocation<'a>(&'a self, _: &'a Principal) -> NowOrLater<'a, Result<(), Rejection>> {
        self.value(self.result(RejectionKind::TokenRevoked))
    }
}

impl TokenValidator for Step {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn authorities(&self) -> Authorities {
        Authorities::OWN
    }

    fn validate<'a>(
        &'a self,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let principal = Principal::builder(PrincipalKind::Other, "apps").build();
        let result = self.result(RejectionKind::TokenInactive);
        self.value(result.map(|()| principal))
    }
}

pub(crate) fn request(headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::get("/");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// A request with this token, and with a credential of an application.
pub(crate) fn bearer(token: &str) -> Parts {
    request(&[
        ("authorization", &format!("Bearer {token}")),
        ("x-app", "app"),
    ])
}

pub(crate) fn kind<T: fmt::Debug>(result: Result<T, Refusal>) -> Option<RejectionKind> {
    result.err().map(|refusal| refusal.kind())
}

/// A future that is pending once.
#[derive(Default)]
pub(crate) struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

pub(crate) fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn drive<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = poll(future.as_mut()) {
            return value;
        }
    }
}
