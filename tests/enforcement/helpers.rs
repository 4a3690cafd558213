//! A service for the tests: tokens that say what becomes of them, a fake clock, a sink in memory.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bearergate::address::Proxies;
use bearergate::audit::{Audit, AuditSink, Batch, Encoding};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::gate::{Admitted, GateBuilder};
use bearergate::http_response::Refusal;
use bearergate::principal::PrincipalKind;
use bearergate::request::PeerAddress;
use bearergate::validator::Shape;
use bearergate::{Gate, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator};
use serde_json::Value;

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_760_000_000);

/// Validates tokens such as `good-alice`; the part before the hyphen is the result. It recalls
/// callers that it has accepted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens(Arc<TokensState>);

#[derive(Debug, Default)]
struct TokensState {
    known: Mutex<HashSet<String>>,
    calls: AtomicUsize,
    /// Whether an answer has to be waited for.
    waits: AtomicBool,
}

impl Tokens {
    pub(crate) fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn wait(&self) {
        self.0.waits.store(true, Ordering::SeqCst);
    }

    fn result(text: &str) -> Result<Principal, Rejection> {
        let (result, name) = text.split_once('-').unwrap();
        Err(match result {
            "good" => return Ok(principal(name)),
            "expired" => RejectionKind::TokenExpired,
            "forged" => RejectionKind::SignatureInvalid,
            "down" => RejectionKind::Unavailable,
            "inactive" => RejectionKind::TokenInactive,
            other => panic!("an unknown result {other}"),
        }
        .into())
    }
}

fn principal(name: &str) -> Principal {
    Principal::builder(PrincipalKind::OpaqueToken, "tests")
        .subject(name)
        .scopes(["orders:read"])
        .build()
}

impl TokenValidator for Tokens {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let text = presented.credential().expose();
        let validate = move || {
            self.0.calls.fetch_add(1, Ordering::SeqCst);
            let result = Self::result(text);
            if result.is_ok() {
                self.0.known.lock().unwrap().insert(text.to_owned());
            }
            result
        };
        match self.0.waits.load(Ordering::SeqCst) {
            true => NowOrLater::later(async move { validate() }),
            false => NowOrLater::now(validate()),
        }
    }

    fn recall<'a>(&'a self, presented: &'a PresentedCredential<'a>) -> Option<Principal> {
        let text = presented.credential().expose();
        let is_known = self.0.known.lock().unwrap().contains(text);
        is_known.then(|| Self::result(text).unwrap())
    }
}

/// A clock, and a gate that is being configured with it.
pub(crate) struct Service {
    pub(crate) clock: FakeClock,
    pub(crate) tokens: Tokens,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self {
            clock: FakeClock::at(NOW),
            tokens: Tokens::default(),
        }
    }

    /// Starts a gate whose clients connect directly. It has no authorizer yet.
    pub(crate) fn gate(&self) -> GateBuilder {
        Gate::builder()
            .validator(self.tokens.clone())
            .clock(self.clock.clone())
            .proxies(Proxies::none())
    }
}

/// A request with this token from this address.
pub(crate) fn request(token: Option<&str>, from: &str) -> http::Request<()> {
    let peer: SocketAddr = format!("{from}:4711").parse().unwrap();
    let mut request = http::Request::get("/orders/7?page=2").header("user-agent", "tests/1");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.extension(PeerAddress(peer)).body(()).unwrap()
}

pub(crate) fn check(gate: &Gate, token: &str, from: &str) -> Result<Admitted, Refusal> {
    let request = request(Some(token), from);
    gate.try_check_now(&request).expect("nothing waits")
}

/// Returns why a request is refused, or `None` if it is admitted.
pub(crate) fn kind(gate: &Gate, token: &str, from: &str) -> Option<RejectionKind> {
    check(gate, token, from).err().map(|refusal| refusal.kind())
}

/// A sink that keeps its lines in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemorySink(Arc<Mutex<Vec<u8>>>);

impl AuditSink for MemorySink {
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        self.0.lock().unwrap().extend_from_slice(batch.bytes());
        Ok(())
    }
}

/// A trail in memory, and what it has written.
pub(crate) struct Trail {
    pub(crate) audit: Audit,
    sink: MemorySink,
}

impl Trail {
    pub(crate) fn start(clock: &FakeClock) -> Self {
        let sink = MemorySink::default();
        let audit = Audit::builder()
            .clock(clock.clone())
            .sink(sink.clone(), Encoding::Native)
            .start()
            .unwrap();
        Self { audit, sink }
    }

    /// Returns the records that are about this, after all that was recorded before was written.
    pub(crate) async fn records(&self, what: &str) -> Vec<Value> {
        self.audit.flush().await.unwrap();
        let text = self.sink.0.lock().unwrap();
        let lines = std::str::from_utf8(&text).unwrap().lines();
        let records = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
        records.filter(|record| is_about(record, what)).collect()
    }
}

fn is_about(record: &Value, what: &str) -> bool {
    let names = ["what", "bearergate.what"];
    names.iter().any(|name| record[name] == what)
}
