//! A service whose tokens are bound to keys.

use std::time::Duration;

use bearergate::binding::{Binding, Dpop, DpopBuilder};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::gate::Admitted;
use bearergate::http_response::Refusal;
use bearergate::request::ExternalUrl;
use bearergate::testing::{FakeKey, ProofBuilder, ProofKey, TokenBuilder};
use bearergate::{Gate, JwtValidator, RejectionKind};
use http::Request;
use http::request::Parts;
use serde_json::json;

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_760_000_000);
pub(crate) const URL: &str = "https://api.example.com";
pub(crate) const ORDERS: &str = "https://api.example.com/orders";
const ISSUER: &str = "https://idp.example.com";

/// A service, its issuer, and a client whose tokens are bound to its key.
pub(crate) struct Service {
    pub(crate) clock: FakeClock,
    pub(crate) issuer: FakeKey,
    pub(crate) client: ProofKey,
    pub(crate) gate: Gate,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::with(|dpop| dpop)
    }

    /// A service that checks proofs only.
    pub(crate) fn with(change: impl FnOnce(DpopBuilder) -> DpopBuilder) -> Self {
        Self::bound(|clock| Binding::dpop(change(dpop(clock)).build().unwrap()).build())
    }

    pub(crate) fn bound(binding: impl FnOnce(&FakeClock) -> Binding) -> Self {
        let clock = FakeClock::at(NOW);
        let issuer = FakeKey::es256("issuer");
        let validator = JwtValidator::builder()
            .issuer(ISSUER)
            .audience(URL)
            .keys(issuer.key_set())
            .sender_constraint(binding(&clock))
            .build()
            .unwrap();
        let gate = Gate::builder().validator(validator).clock(clock.clone());
        Self {
            gate: gate.allow_any_authenticated().build().unwrap(),
            client: ProofKey::es256(),
            issuer,
            clock,
        }
    }

    /// A token with this confirmation.
    pub(crate) fn token(&self, cnf: impl serde::Serialize) -> String {
        let token = TokenBuilder::new(&self.issuer, NOW);
        let token = token.issuer(ISSUER).audience(URL).subject("alice");
        token
            .expires_in(Duration::from_secs(86_400))
            .claim("cnf", cnf)
            .sign()
    }

    /// A token that is bound to the key of the client.
    pub(crate) fn bound_token(&self) -> String {
        self.token(json!({"jkt": self.client.thumbprint()}))
    }

    /// A good proof of the client for `GET /orders`.
    pub(crate) fn proof(&self, token: &str) -> ProofBuilder {
        let now = bearergate::clock::Clock::now(&self.clock).unwrap();
        self.client.proof("GET", ORDERS).token(token).at(now)
    }

    pub(crate) fn check(&self, parts: &Parts) -> Result<Admitted, Refusal> {
        self.gate.try_check_now(parts).expect("nothing waits")
    }

    pub(crate) fn kind(&self, parts: &Parts) -> Option<RejectionKind> {
        self.check(parts).err().map(|refusal| refusal.kind())
    }

    /// Sends a token of the client with a proof that was changed, and says why it is refused.
    pub(crate) fn changed(
        &self,
        change: impl FnOnce(ProofBuilder) -> ProofBuilder,
    ) -> Option<RejectionKind> {
        let token = self.bound_token();
        let proof = change(self.proof(&token)).sign();
        self.kind(&request(&token, &[&proof]))
    }
}

pub(crate) fn dpop(clock: &FakeClock) -> DpopBuilder {
    let url = ExternalUrl::parse(URL).unwrap();
    Dpop::at(url).clock(clock.clone())
}

/// `GET /orders` with a token under `DPoP`, and these proofs, one a line.
pub(crate) fn request(token: &str, proofs: &[&str]) -> Parts {
    under("DPoP", token, proofs)
}

pub(crate) fn under(scheme: &str, token: &str, proofs: &[&str]) -> Parts {
    let mut request =
        Request::get("/orders?page=2").header("authorization", format!("{scheme} {token}"));
    for proof in proofs {
        request = request.header("DPOP", *proof);
    }
    request.body(()).unwrap().into_parts().0
}

pub(crate) const INVALID: Option<RejectionKind> = Some(RejectionKind::ProofInvalid);
pub(crate) const MISMATCH: Option<RejectionKind> = Some(RejectionKind::BindingMismatch);
pub(crate) const REQUIRED: Option<RejectionKind> = Some(RejectionKind::BindingRequired);
pub(crate) const REPLAYED: Option<RejectionKind> = Some(RejectionKind::ProofReplayed);
pub(crate) const NONCE: Option<RejectionKind> = Some(RejectionKind::NonceRequired);
