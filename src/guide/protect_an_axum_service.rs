//! Protect an axum service: a middleware around a gate, and a scope for each route.
//!
//! There is no ready integration for axum in this version. A middleware of 13 lines does the work,
//! and the whole service, with a scope for each route, has 47 lines.
//!
//! # Write the service
//!
//! ```no_run
//! # #[cfg(not(feature = "reqwest"))]
//! # fn main() {}
//! use axum::extract::{Extension, Request, State};
//! use axum::http::Method;
//! use axum::middleware::{Next, from_fn_with_state};
//! use axum::response::Response;
//! use axum::{Router, routing::get};
//! use bearergate::gate::Admitted;
//! use bearergate::policy::RouteTable;
//! use bearergate::{Gate, require_scope};
//!
//! # #[cfg(feature = "reqwest")]
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let routes = RouteTable::by_path()
//!         .route(Method::GET, "/orders", require_scope("orders:read"))
//!         .route(Method::GET, "/orders/{id}", require_scope("orders:read"))
//!         .route(Method::POST, "/orders", require_scope("orders:write"))
//!         .build()?;
//!     let gate = Gate::issuer("https://idp.example.com")
//!         .audience("https://orders.example.com")
//!         .authorizer(routes)
//!         .build()?;
//!     let app = Router::new()
//!         .route("/orders", get(orders).post(orders))
//!         .route("/orders/{id}", get(orders))
//!         .layer(from_fn_with_state(gate, protect))
//!         .route("/health", get(|| async { "ok" })); // after the layer: public
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     axum::serve(listener, app).await?;
//!     Ok(())
//! }
//!
//! async fn protect(State(gate): State<Gate>, request: Request, next: Next) -> Response {
//!     let (mut parts, body) = request.into_parts();
//!     match gate.check(&parts).await {
//!         Ok(admitted) => {
//!             let headers = admitted.headers().clone();
//!             parts.extensions.insert(admitted);
//!             let mut response = next.run(Request::from_parts(parts, body)).await;
//!             response.headers_mut().extend(headers);
//!             response
//!         }
//!         Err(refusal) => refusal.into_response(),
//!     }
//! }
//!
//! async fn orders(Extension(admitted): Extension<Admitted>) -> String {
//!     format!("orders of {}", admitted.principal().subject().unwrap_or("nobody"))
//! }
//! ```
//!
//! - The middleware splits the request because axum's `Body` is not `Sync`: a future that holds a
//!   reference to the whole request across an `.await` is not `Send`.
//! - [`Admitted::headers`] are for the response: `Cache-Control` after a credential in the query,
//!   and what the policy [obliges](crate::policy::Obligations) the service to send.
//! - A [`RouteTable`] denies every path that it does not list, and with it the routes that somebody
//!   adds to the router and forgets in the table. Its patterns have the syntax of axum 0.8.
//! - A row for `GET` is for `HEAD` too, unless `HEAD` has a row with the same pattern. `OPTIONS` is
//!   denied, so add a CORS layer outside of this one.
//! - Add the layer to the outermost router: inside of `nest` the path lacks its prefix.
//!
//! A request without a credential gets 401, a token without the scope 403 with
//! `error="insufficient_scope"`, a path outside of the table 403, so 404 and 405 are visible to nobody
//! without rights; every request gets 503 while no keys of the provider are known.
//! If a 401 or 403 surprises you, [`Gate::explain`](crate::Gate::explain) shows why:
//! [Why was this refused](super::why_was_this_refused).
//!
//! # Keep scopes next to the routes
//!
//! If one table is too far from the handlers, derive a gate for each group of routes. The gates share
//! validators, caches and keys:
//!
//! ```
//! use axum::extract::{Request, State};
//! use axum::middleware::{Next, from_fn_with_state};
//! use axum::response::Response;
//! use axum::{Router, routing::get};
//! use bearergate::{ConfigError, Gate, require_scope};
//!
//! async fn protect(State(gate): State<Gate>, request: Request, next: Next) -> Response {
//!     let (mut parts, body) = request.into_parts();
//!     match gate.check(&parts).await {
//!         Ok(admitted) => {
//!             parts.extensions.insert(admitted); // no response headers: no credential in a query, no obligation
//!             next.run(Request::from_parts(parts, body)).await
//!         }
//!         Err(refusal) => refusal.into_response(),
//!     }
//! }
//!
//! fn app(gate: &Gate) -> Result<Router, ConfigError> {
//!     let needs = |scope: &str| {
//!         let gate = gate.with_authorizer(require_scope(scope))?;
//!         Ok::<_, ConfigError>(from_fn_with_state(gate, protect))
//!     };
//!     let read = Router::new().route("/orders", get(|| async { "orders" })).layer(needs("orders:read")?);
//!     let admin = Router::new().route("/admin", get(|| async { "admin" })).layer(needs("orders:admin")?);
//!     Ok(read.merge(admin))
//! }
//! # let _ = app;
//! ```
//!
//! Here a route without a layer is public. [Authorize by route](super::authorize_by_route) compares
//! the ways.
//!
//! # Serve anonymous callers too
//!
//! [`Gate::authenticate_optional`] returns `None` only if the request has no credential at all. An
//! expired or malformed one is refused, so that a broken client notices.
//!
//! # Pass the address of the client
//!
//! API keys that are limited to networks need the address of the connection. Serve with axum's
//! `into_make_service_with_connect_info::<SocketAddr>()`, and add before the check:
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use axum::extract::ConnectInfo;
//! use bearergate::request::PeerAddress;
//!
//! fn add_peer(parts: &mut axum::http::request::Parts) {
//!     if let Some(&ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
//!         parts.extensions.insert(PeerAddress(peer));
//!     }
//! }
//! # let _ = add_peer;
//! ```
//!
//! Behind a proxy that address is the proxy's; see [behind a proxy](crate::guide::behind_a_proxy).
//!
//! # Add limits, a lock-out and an audit trail
//!
//! With the address of the connection, a few more lines limit each caller, lock out sources that guess
//! credentials, and record every request:
//!
//! ```
//! use bearergate::address::Proxies;
//! use bearergate::audit::{Audit, Encoding, FileSink};
//! use bearergate::gate::GateBuilder;
//! use bearergate::limit::{Limit, Limits, LockOut, Rate};
//!
//! fn guarded(gate: GateBuilder) -> Result<(GateBuilder, Audit), bearergate::ConfigError> {
//!     let limits = Limits::builder().limit(Limit::rate("default", Rate::per_minute(600)?)).build()?;
//!     // The directory exists, and not everybody can write there.
//!     let files = FileSink::new("/var/log/orders", "audit")?;
//!     let audit = Audit::builder().sink(files, Encoding::Ecs).start()?;
//!     let gate = gate
//!         .proxies(Proxies::none()) // or `Proxies::trust([..])`
//!         .lock_out(LockOut::default())
//!         .limits(limits)
//!         .audit(audit.clone());
//!     Ok((gate, audit)) // when `axum::serve` has returned: `audit.close(Duration::from_secs(5))`
//! }
//! # let _ = guarded;
//! ```
//!
//! [`Limits`], [`LockOut`], [`AddressRules`] and [`Audit`] are cheap handles: keep a clone of what the
//! service changes, asks or closes later.
//!
//! The middleware stays as it is, and adds [`Admitted::headers`] to its response: they tell a client
//! that it comes near its limit. For the status of the answer in the audit trail call
//! [`Admitted::complete`] after `next.run`, on a clone of `admitted`. A permit of a concurrent limit is
//! returned when the last clone of [`Admitted`] is dropped; where bodies are streamed for long, keep one
//! until the body ends. More in [rate limits](super::rate_limits), [lock-out](super::lock_out),
//! [usage and quotas](super::usage_and_quotas) and [audit and SIEM](super::audit_and_siem).
//!
//! # Log every request
//!
//! With the feature `tracing` the gate writes an event for each request: `info` or more for a refusal,
//! `debug` for an admitted one, with the target `bearergate`. Enable `bearergate=debug` in your
//! subscriber to see both:
//!
//! ```
//! # #[cfg(all(feature = "reqwest", feature = "tracing"))]
//! # fn gate() -> Result<bearergate::Gate, bearergate::ConfigError> {
//! use bearergate::environment::Environment;
//! use bearergate::integrations::tracing::TracingObserver;
//! use bearergate::{Gate, require_scope};
//!
//! let env = Environment::new().observer(TracingObserver::new());
//! let gate = Gate::issuer("https://idp.example.com")
//!     .audience("https://orders.example.com")
//!     .authorizer(require_scope("orders:read"))
//!     .env(&env)
//!     .build()?;
//! # Ok(gate)
//! # }
//! # #[cfg(all(feature = "reqwest", feature = "tracing"))]
//! # gate().unwrap();
//! ```
//!
//! A response that [`Refusal::into_response`] made has the [`Rejection`] among its extensions, and
//! after a deny the [`Decision`] with its reasons. A logging layer outside of the middleware reads
//! them there. Neither contains a token.
//!
//! [`AddressRules`]: crate::address::AddressRules
//! [`Admitted`]: crate::gate::Admitted
//! [`Admitted::complete`]: crate::gate::Admitted::complete
//! [`Admitted::headers`]: crate::gate::Admitted::headers
//! [`Audit`]: crate::audit::Audit
//! [`Decision`]: crate::policy::Decision
//! [`Gate::authenticate_optional`]: crate::Gate::authenticate_optional
//! [`Refusal::into_response`]: crate::http_response::Refusal::into_response
//! [`Limits`]: crate::limit::Limits
//! [`LockOut`]: crate::limit::LockOut
//! [`Rejection`]: crate::Rejection
//! [`RouteTable`]: crate::policy::RouteTable
