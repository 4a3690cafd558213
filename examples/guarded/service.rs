//! The six routes.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bearergate::Gate;
use bearergate::address::Source;
use bearergate::api_key::ApiKeyManager;
use bearergate::clock::{Clock, SystemClock};
use bearergate::environment::Environment;
use bearergate::gate::Authenticated;
use bearergate::http_response::Refusal;
use bearergate::request::RequestFacts;
use serde_json::{Value, json};

use crate::audit::Trail;
use crate::clock::ManualClock;
use crate::enforcement::Enforcement;
use crate::gate;
use crate::options::Options;
use crate::usage::Usage;

/// How long the last flush of usage may take.
const LAST_FLUSH: Duration = Duration::from_secs(2);

/// What a store or a sink that has just failed is left alone for.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// The gate, and what belongs to it.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) gate: Gate,
    pub(crate) enforcement: Enforcement,
    pub(crate) usage: Option<Usage>,
    pub(crate) trail: Option<Trail>,
    pub(crate) api_keys: Option<ApiKeyManager>,
    /// With `--clock manual`.
    pub(crate) clock: Option<ManualClock>,
}

impl Service {
    /// Reads all files and starts the threads of the audit trail.
    pub(crate) fn new(options: &Options) -> Result<Self, Box<dyn Error>> {
        let manual = options.is_manual.then(ManualClock::start);
        let clock: Arc<dyn Clock> = match &manual {
            Some(clock) => Arc::new(clock.clone()),
            None => Arc::new(SystemClock::default()),
        };
        let environment = Environment::new().clock(Arc::clone(&clock));
        let usage = options.usage.as_ref();
        let usage = usage.map(|usage| Usage::open(usage, &environment));
        let usage = usage.transpose()?;
        let enforcement = Enforcement::start(options, usage.as_ref(), &environment)?;
        let (gate, api_keys) = gate::gate(options, &environment)?;
        let trail = options.audit.as_ref();
        let trail = trail.map(|audit| Trail::start(audit, &environment, &clock));
        let trail = trail.transpose()?;
        let mut gate = enforcement.apply(gate);
        if let Some(trail) = &trail {
            gate = gate.audit(trail.audit.clone());
        }
        Ok(Self {
            gate: gate.build()?,
            enforcement,
            usage,
            trail,
            api_keys,
            clock: manual,
        })
    }

    /// Writes what is left.
    pub(crate) async fn close(self: Arc<Self>) {
        if let Some(usage) = &self.usage {
            let flush = async {
                while usage.meter.flush().await.is_err() {
                    // A store that answers at once would never let the time end.
                    tokio::time::sleep(PAUSE).await;
                }
            };
            // What the store did not take in this time is lost with the process.
            let _ = tokio::time::timeout(LAST_FLUSH, flush).await;
        }
        let closing = tokio::task::spawn_blocking(move || {
            if let Some(trail) = &self.trail {
                trail.close();
            }
        });
        // The thread cannot panic, and nothing is left to do.
        let _ = closing.await;
    }
}

pub(crate) fn routes(service: Arc<Service>) -> Router {
    Router::new().fallback(serve).with_state(service)
}

/// A route of the service.
#[derive(Clone, Copy)]
enum Route {
    Whoami,
    Orders(&'static str),
    Slow,
    Forbidden,
    Fail,
}

impl Route {
    fn of(parts: &Parts) -> Option<Self> {
        Some(match (&parts.method, parts.uri.path()) {
            (&Method::GET, "/whoami") => Self::Whoami,
            (&Method::GET, "/orders") => Self::Orders("orders:read"),
            (&Method::POST, "/orders") => Self::Orders("orders:write"),
            (&Method::GET, "/slow") => Self::Slow,
            (&Method::GET, "/forbidden") => Self::Forbidden,
            (&Method::GET, "/fail") => Self::Fail,
            _ => return None,
        })
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Whoami => "whoami",
            Self::Orders(action) => action,
            Self::Slow => "slow",
            Self::Forbidden => "forbidden",
            Self::Fail => "fail",
        }
    }
}

async fn serve(
    State(service): State<Arc<Service>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    // The body is not needed, and not shared between threads while the gate may wait.
    let (parts, _) = request.into_parts();
    let Some(route) = Route::of(&parts) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let facts = RequestFacts::from(&parts).with_peer(peer);
    match service.answer(route, facts).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response::<Body>(),
    }
}

impl Service {
    async fn answer(&self, route: Route, facts: RequestFacts<'_>) -> Result<Response, Refusal> {
        let caller = match route {
            Route::Whoami => self.gate.authenticate_optional(facts).await?,
            _ => Some(self.gate.authenticate(facts).await?),
        };
        let Some(caller) = caller else {
            return Ok(json_body(&self.whoami(facts, None)));
        };
        let request = caller.request().with_action(route.action());
        let request = request.with_facts(&facts);
        let decision = self.gate.authorize(&request).await?;
        if let Some(usage) = &self.usage {
            usage.count(caller.principal(), caller.now());
        }
        let mut response = match route {
            Route::Whoami => json_body(&self.whoami(facts, Some(&caller))),
            Route::Orders(_) | Route::Forbidden => json_body(&json!([])),
            Route::Slow => {
                tokio::time::sleep(slowness(facts)).await;
                json_body(&json!({}))
            }
            Route::Fail => {
                caller.refund();
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        };
        let obligations = decision.obligations();
        let of_rule = obligations.into_iter().flat_map(|own| own.headers());
        let headers = response.headers_mut();
        for (name, value) in caller.headers().iter().chain(of_rule) {
            headers.append(name, value.clone());
        }
        headers.extend(caller.rate_headers(&self.gate));
        // It holds the permits of concurrent limits until the response was sent.
        response.extensions_mut().insert(caller);
        Ok(response)
    }

    fn whoami(&self, facts: RequestFacts<'_>, caller: Option<&Authenticated>) -> Value {
        let principal = caller.map(Authenticated::principal);
        let proxies = self.enforcement.proxies.as_ref();
        let address = proxies.and_then(|proxies| proxies.locate(&facts).address());
        let plan = principal.and_then(|principal| self.enforcement.limits.plan_of(principal));
        json!({
            "authority": principal.map(|principal| principal.authority().as_str()),
            "subject": principal.and_then(|principal| principal.subject()),
            "client": principal.and_then(|principal| principal.client()),
            "address": address.map(|address| address.to_string()),
            "source": address.map(|address| Source::of(address).to_string()),
            "plan": plan,
        })
    }
}

/// Returns the time of `?ms=`.
fn slowness(facts: RequestFacts<'_>) -> Duration {
    let query = facts.uri().query().unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let millis = pairs.find(|(name, _)| *name == "ms");
    let millis = millis.and_then(|(_, value)| value.parse().ok());
    Duration::from_millis(millis.unwrap_or(0))
}

pub(crate) fn json_body(value: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, value.to_string()).into_response()
}
