//! What a provider knows, behind one lock: keys, clients, tokens, faults and what it has seen.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;

use super::endpoint::FakeEndpoint;
use super::fault::Fault;
use super::server::locked;
use super::wire::SeenRequest;
use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::clock::UnixTime;
use crate::testing::key::FakeKey;

/// Requests that are kept, the newest; the counters count them all.
const SEEN: usize = 10_000;
/// Longer than any test runs.
const FOREVER: Duration = Duration::from_secs(86_400);

/// A provider without its listener.
pub(super) struct Provider {
    /// The issuer, as its tokens name it.
    pub(super) issuer: String,
    /// Scheme, host and port.
    pub(super) origin: String,
    /// The issuer's path: empty, or beginning with a slash and not ending with one.
    pub(super) base: String,
    pub(super) clock: Arc<dyn Clock>,
    state: Mutex<State>,
    changed: Condvar,
}

pub(super) struct State {
    pub(super) key: FakeKey,
    /// Members of the key set.
    pub(super) published: Vec<String>,
    pub(super) rotations: usize,
    pub(super) clients: Vec<Client>,
    pub(super) tokens: HashMap<String, Known>,
    pub(super) refuses_jwts: bool,
    /// Members of the discovery documents that differ from the usual; `null` leaves one out.
    pub(super) metadata: Map<String, Value>,
    duties: HashMap<FakeEndpoint, Duty>,
    seen: VecDeque<(FakeEndpoint, SeenRequest)>,
    /// How often the listener went down.
    downs: usize,
}

/// Who may ask the provider.
pub(super) enum Client {
    Bearer(String),
    Key { id: String, key: FakeKey },
    Secret { id: String, secret: String },
}

/// What introspection says of a token.
pub(super) enum Known {
    /// These claims until `exp`, then that it is inactive.
    Claims(Map<String, Value>),
    /// This text.
    Text(String),
}

#[derive(Default)]
struct Duty {
    count: usize,
    fault: Option<Fault>,
    /// For how many requests the fault stands yet.
    left: usize,
    /// How often it was healed.
    heals: usize,
    headers: Vec<(String, String)>,
}

/// One request's share in a fault.
pub(super) struct Ticket {
    pub(super) fault: Option<Fault>,
    endpoint: FakeEndpoint,
    heals: usize,
    downs: usize,
}

impl Provider {
    pub(super) fn new(origin: String, base: String, key: FakeKey) -> Self {
        let state = State {
            published: vec![key.jwk()],
            key,
            rotations: 0,
            clients: Vec::new(),
            tokens: HashMap::new(),
            refuses_jwts: false,
            metadata: Map::new(),
            duties: HashMap::new(),
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

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Returns the URL of an endpoint.
    pub(super) fn url(&self, endpoint: FakeEndpoint) -> String {
        format!("{}{}", self.origin, endpoint.path(&self.base))
    }

    /// Returns the time, or the epoch where the clock does not tell it.
    pub(super) fn now(&self) -> UnixTime {
        self.clock.now().unwrap_or(UnixTime::from_secs(0))
    }

    /// Sets what an endpoint does wrong for so many requests.
    pub(super) fn fail(&self, endpoint: FakeEndpoint, fault: Fault, times: usize) {
        let mut state = self.lock();
        let duty = state.duty(endpoint);
        (duty.fault, duty.left) = (Some(fault), times);
        duty.heals += 1;
        self.changed.notify_all();
    }

    pub(super) fn heal(&self, endpoint: FakeEndpoint) {
        let mut state = self.lock();
        let duty = state.duty(endpoint);
        duty.fault = None;
        duty.heals += 1;
        self.changed.notify_all();
    }

    /// Lets go of every request that waits.
    pub(super) fn release(&self) {
        self.lock().downs += 1;
        self.changed.notify_all();
    }

    /// Says how the next request to this endpoint fares.
    pub(super) fn ticket(&self, endpoint: FakeEndpoint) -> Ticket {
        let mut state = self.lock();
        let downs = state.downs;
        let duty = state.duty(endpoint);
        let fault = duty.fault.clone().filter(|_| duty.left > 0);
        duty.left = duty.left.saturating_sub(1);
        Ticket {
            fault,
            endpoint,
            heals: duty.heals,
            downs,
        }
    }

    /// Counts a request and keeps it.
    pub(super) fn record(&self, endpoint: FakeEndpoint, request: SeenRequest) {
        let mut state = self.lock();
        state.duty(endpoint).count += 1;
        if state.seen.len() == SEEN {
            state.seen.pop_front();
        }
        state.seen.push_back((endpoint, request));
        self.changed.notify_all();
    }

    /// Waits until the endpoint is healed, the listener goes down or the time is over; returns
    /// false if the listener went down.
    pub(super) fn hold(&self, ticket: &Ticket, span: Option<Duration>) -> bool {
        let waits = |state: &mut State| {
            let heals = state.duty(ticket.endpoint).heals;
            state.downs == ticket.downs && (heals == ticket.heals || span.is_some())
        };
        let span = span.unwrap_or(FOREVER);
        let state = self.wait(span, waits);
        state.downs == ticket.downs
    }

    /// Waits until the listener goes down.
    pub(super) fn hang(&self, ticket: &Ticket) {
        drop(self.wait(FOREVER, |state| state.downs == ticket.downs));
    }

    /// Waits until this many requests came; returns false if the time is over before.
    pub(super) fn wait_for(&self, endpoint: FakeEndpoint, count: usize, span: Duration) -> bool {
        let mut state = self.wait(span, |state| state.duty(endpoint).count < count);
        state.duty(endpoint).count >= count
    }

    fn wait(&self, span: Duration, waits: impl FnMut(&mut State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_timeout_while(self.lock(), span, waits);
        match waited {
            Ok((state, _)) => state,
            Err(poisoned) => poisoned.into_inner().0,
        }
    }
}

impl State {
    fn duty(&mut self, endpoint: FakeEndpoint) -> &mut Duty {
        self.duties.entry(endpoint).or_default()
    }

    pub(super) fn count(&self, endpoint: FakeEndpoint) -> usize {
        self.duties.get(&endpoint).map_or(0, |duty| duty.count)
    }

    pub(super) fn total(&self) -> usize {
        self.duties.values().map(|duty| duty.count).sum()
    }

    pub(super) fn seen(&self, endpoint: FakeEndpoint) -> Vec<SeenRequest> {
        let seen = self.seen.iter().filter(|(other, _)| *other == endpoint);
        seen.map(|(_, request)| request.clone()).collect()
    }

    pub(super) fn headers(&self, endpoint: FakeEndpoint) -> Vec<(String, String)> {
        let duty = self.duties.get(&endpoint);
        duty.map(|duty| duty.headers.clone()).unwrap_or_default()
    }

    pub(super) fn set_header(&mut self, endpoint: FakeEndpoint, header: (String, String)) {
        let headers = &mut self.duty(endpoint).headers;
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case(&header.0));
        headers.push(header);
    }
}
