//! The state of a fake issuer behind one lock: keys, clients, tokens, faults and requests.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Map, Value};

use super::endpoint::FakeEndpoint;
use super::fault::Fault;
use super::server::locked;
use super::wire::SeenRequest;
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::testing::key::FakeKey;

/// The number of newest requests that are recorded; the counters count all.
const SEEN: usize = 10_000;
/// Longer than any test runs.
const FOREVER: Duration = Duration::from_secs(86_400);

/// A fake issuer without its listener.
pub(super) struct Provider {
    /// Name of the issuer: the `iss` of its tokens.
    pub(super) issuer: String,
    /// Scheme, host and port.
    pub(super) origin: String,
    /// Path of the issuer: empty, or with a leading and no trailing slash.
    pub(super) base: String,
    pub(super) clock: Arc<dyn Clock>,
    state: Mutex<ProviderState>,
    changed: Condvar,
}

pub(super) struct ProviderState {
    pub(super) key: FakeKey,
    /// Members of the key set.
    pub(super) published: Vec<String>,
    pub(super) rotations: usize,
    pub(super) clients: Vec<Client>,
    pub(super) tokens: HashMap<String, KnownToken>,
    pub(super) refuses_jwts: bool,
    /// Changed members of the discovery documents; `null` removes a member.
    pub(super) metadata: Map<String, Value>,
    endpoints: HashMap<FakeEndpoint, EndpointState>,
    seen: VecDeque<(FakeEndpoint, SeenRequest)>,
    /// How often the listener went down.
    downs: usize,
}

/// A client that may send requests.
pub(super) enum Client {
    Bearer(String),
    Key { id: String, key: FakeKey },
    Secret { id: String, secret: String },
}

/// What introspection reports about a token.
pub(super) enum KnownToken {
    /// Active with these claims until `exp`.
    Claims(Map<String, Value>),
    /// Exactly this text.
    Text(String),
}

#[derive(Default)]
struct EndpointState {
    count: usize,
    fault: Option<Fault>,
    /// For how many more requests the fault lasts.
    left: usize,
    /// How often the endpoint was healed.
    heals: usize,
    headers: Vec<(String, String)>,
}

/// The fault that one request gets.
pub(super) struct FaultTicket {
    pub(super) fault: Option<Fault>,
    endpoint: FakeEndpoint,
    heals: usize,
    downs: usize,
}

impl Provider {
    pub(super) fn new(origin: String, base: String, key: FakeKey) -> Self {
        let state = ProviderState {
            published: vec![key.jwk()],
            key,
            rotations: 0,
            clients: Vec::new(),
            tokens: HashMap::new(),
            refuses_jwts: false,
            metadata: Map::new(),
            endpoints: HashMap::new(),
            seen: VecDeque::new(),
            downs: 0,
        };
        Self {
            issuer: format!("{origin}{base}"),
            origin,
            base,
            clock: Arc::new(SystemClock),
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, ProviderState> {
        locked(&self.state)
    }

    /// Returns the URL of an endpoint.
    pub(super) fn url(&self, endpoint: FakeEndpoint) -> String {
        format!("{}{}", self.origin, endpoint.path(&self.base))
    }

    /// Returns the time, or the epoch if the clock has none.
    pub(super) fn now(&self) -> UnixTime {
        self.clock.now().unwrap_or(UnixTime::from_secs(0))
    }

    /// Gives an endpoint a fault for so many requests.
    pub(super) fn fail(&self, endpoint: FakeEndpoint, fault: Fault, times: usize) {
        let mut state = self.lock();
        let own = state.endpoint(endpoint);
        (own.fault, own.left) = (Some(fault), times);
        own.heals += 1;
        self.changed.notify_all();
    }

    pub(super) fn heal(&self, endpoint: FakeEndpoint) {
        let mut state = self.lock();
        let own = state.endpoint(endpoint);
        own.fault = None;
        own.heals += 1;
        self.changed.notify_all();
    }

    /// Ends the waiting of all held requests.
    pub(super) fn release(&self) {
        self.lock().downs += 1;
        self.changed.notify_all();
    }

    /// Returns the fault of the next request to this endpoint.
    pub(super) fn ticket(&self, endpoint: FakeEndpoint) -> FaultTicket {
        let mut state = self.lock();
        let downs = state.downs;
        let own = state.endpoint(endpoint);
        let fault = own.fault.clone().filter(|_| own.left > 0);
        own.left = own.left.saturating_sub(1);
        FaultTicket {
            fault,
            endpoint,
            heals: own.heals,
            downs,
        }
    }

    /// Counts and records a request.
    pub(super) fn record(&self, endpoint: FakeEndpoint, request: SeenRequest) {
        let mut state = self.lock();
        state.endpoint(endpoint).count += 1;
        if state.seen.len() == SEEN {
            state.seen.pop_front();
        }
        state.seen.push_back((endpoint, request));
        self.changed.notify_all();
    }

    /// Waits until the endpoint is healed, the listener goes down or the time has passed; returns
    /// false if the listener went down.
    pub(super) fn hold(&self, ticket: &FaultTicket, span: Option<Duration>) -> bool {
        let waits = |state: &mut ProviderState| {
            let heals = state.endpoint(ticket.endpoint).heals;
            state.downs == ticket.downs && (heals == ticket.heals || span.is_some())
        };
        let span = span.unwrap_or(FOREVER);
        let state = self.wait(span, waits);
        state.downs == ticket.downs
    }

    /// Waits until the listener goes down.
    pub(super) fn hang(&self, ticket: &FaultTicket) {
        drop(self.wait(FOREVER, |state| state.downs == ticket.downs));
    }

    /// Waits until the endpoint has had this many requests; returns false if the time passes before.
    pub(super) fn wait_for(&self, endpoint: FakeEndpoint, count: usize, span: Duration) -> bool {
        let mut state = self.wait(span, |state| state.endpoint(endpoint).count < count);
        state.endpoint(endpoint).count >= count
    }

    fn wait(
        &self,
        span: Duration,
        waits: impl FnMut(&mut ProviderState) -> bool,
    ) -> MutexGuard<'_, ProviderState> {
        let waited = self.changed.wait_timeout_while(self.lock(), span, waits);
        match waited {
            Ok((state, _)) => state,
            Err(poisoned) => poisoned.into_inner().0,
        }
    }
}

impl ProviderState {
    fn endpoint(&mut self, endpoint: FakeEndpoint) -> &mut EndpointState {
        self.endpoints.entry(endpoint).or_default()
    }

    pub(super) fn count(&self, endpoint: FakeEndpoint) -> usize {
        self.endpoints.get(&endpoint).map_or(0, |own| own.count)
    }

    pub(super) fn total(&self) -> usize {
        self.endpoints.values().map(|own| own.count).sum()
    }

    pub(super) fn seen(&self, endpoint: FakeEndpoint) -> Vec<SeenRequest> {
        let seen = self.seen.iter().filter(|(other, _)| *other == endpoint);
        seen.map(|(_, request)| request.clone()).collect()
    }

    pub(super) fn headers(&self, endpoint: FakeEndpoint) -> Vec<(String, String)> {
        let own = self.endpoints.get(&endpoint);
        own.map(|own| own.headers.clone()).unwrap_or_default()
    }

    pub(super) fn set_header(&mut self, endpoint: FakeEndpoint, header: (String, String)) {
        let headers = &mut self.endpoint(endpoint).headers;
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case(&header.0));
        headers.push(header);
    }
}
