//! Authorize by route: four ways, owners in paths, `HEAD`, and paths with two readings.
//!
//! A [`Gate`] authenticates a request and decides about it, but it knows no routes:
//! [`Gate::check`] gives the authorizer the caller, the method, the path as it was sent and the
//! client's address. There are four ways to decide by route; they differ in who knows the route.
//!
//! | way | who matches the route | a route that was forgotten is |
//! |---|---|---|
//! | [a table by path](#a-table-by-path), the default choice | the table | denied |
//! | [a gate for each group of routes](#a-gate-for-each-group-of-routes) | the router, by where its layers are | public |
//! | [authenticate, then authorize](#authenticate-then-authorize) | the router or the handler | undecided |
//! | [conditions on the method](#conditions-on-the-method) | nobody | decided like the others |
//!
//! # A table by path
//!
//! One list of methods, patterns and what they need. It is an authorizer, so [`Gate::check`] is all
//! that a middleware calls. The guard of a route gets the parameters of its pattern:
//!
//! ```
//! use bearergate::policy::{RouteTable, owner, param, role};
//! use bearergate::{ConfigError, Gate, JwtValidator, require_scope};
//! use http::Method;
//!
//! fn gate(validator: JwtValidator) -> Result<Gate, ConfigError> {
//!     let own = owner(param("user").of("https://idp.example.com"));
//!     let table = RouteTable::by_path()
//!         .route(Method::GET, "/orders/{id}", require_scope("orders:read"))
//!         .route(Method::GET, "/users/{user}/orders", own)
//!         .any_method("/admin/{*rest}", role("admin"))
//!         .build()?;
//!     Gate::builder().validator(validator).authorizer(table).build()
//! }
//! # let _ = gate;
//! ```
//!
//! A route that nobody listed is denied. Where the router has matched already (axum's `MatchedPath`
//! in a `route_layer`), a [`RouteTable::by_route`] compares that name in place of the path; give it
//! with [`with_resource`] in [the third way](#authenticate-then-authorize).
//!
//! # A gate for each group of routes
//!
//! If scopes belong next to the handlers, derive gates from one. They share validators, caches,
//! keys and revocation lists, so another gate costs nothing:
//!
//! ```
//! use axum::extract::{Request, State};
//! use axum::middleware::{Next, from_fn_with_state};
//! use axum::response::Response;
//! use axum::{Router, routing::get};
//! use bearergate::policy::role;
//! use bearergate::{ConfigError, Gate, require_scope};
//!
//! fn app(gate: &Gate) -> Result<Router, ConfigError> {
//!     let protect = |gate: Gate| from_fn_with_state(gate, protect);
//!     // In place of what the gate asks for:
//!     let reports = gate.with_authorizer(require_scope("reports:read"))?;
//!     // In addition to what the gate asks for:
//!     let admin = gate.require(role("admin"))?;
//!     let orders = Router::new().route("/orders", get(|| async { "orders" }));
//!     let reports_routes = Router::new().route("/reports", get(|| async { "reports" }));
//!     let admin_routes = Router::new().route("/admin", get(|| async { "admin" }));
//!     Ok(orders
//!         .layer(protect(gate.clone()))
//!         .merge(reports_routes.layer(protect(reports)))
//!         .merge(admin_routes.layer(protect(admin))))
//! }
//!
//! async fn protect(State(gate): State<Gate>, request: Request, next: Next) -> Response {
//!     let (parts, body) = request.into_parts();
//!     match gate.check(&parts).await {
//!         Ok(_) => next.run(Request::from_parts(parts, body)).await,
//!         Err(refusal) => refusal.into_response(),
//!     }
//! }
//! # let _ = app;
//! ```
//!
//! [`Gate::require`] never allows more than the gate that it is called on, and if scopes are missing
//! for both, the challenge names all of them. A route without a layer is public here.
//!
//! # Authenticate, then authorize
//!
//! Where the decision needs what only the service knows (an action, a record, a parameter that the
//! router decoded), call the two steps of [`Gate::check`] yourself. Say so when the gate is built:
//!
//! ```
//! use bearergate::gate::Authenticated;
//! use bearergate::http_response::Refusal;
//! use bearergate::policy::{action, owner, param};
//! use bearergate::{ConfigError, Gate, JwtValidator, require_scope};
//!
//! fn gate(validator: JwtValidator) -> Result<Gate, ConfigError> {
//!     let own = owner(param("user").of("https://idp.example.com"));
//!     let policy = action("read").and(require_scope("orders:read").or(own));
//!     Gate::builder().validator(validator).authorizer(policy).authorizes_per_route().build()
//! }
//!
//! async fn may_read(gate: &Gate, caller: &Authenticated, user: &str) -> Result<(), Refusal> {
//!     let params = [("user", user)];
//!     let request = caller.request().with_action("read").with_params(&params);
//!     gate.authorize(&request).await.map(|_| ())
//! }
//! # let _ = (gate, may_read);
//! ```
//!
//! The caller is what [`Gate::authenticate`] returned. Without [`authorizes_per_route`] this gate is
//! not built: `action` and `param` are unknown in [`Gate::check`], so every request would be denied,
//! and the error says so. What only some requests need is a warning of [`Gate::doctor`]. These need
//! the service:
//!
//! | condition | the service adds |
//! |---|---|
//! | [`action`] | [`with_action`](crate::policy::AccessRequest::with_action) |
//! | [`route`], and a table [by route](crate::policy::RouteTable::by_route) | [`with_resource`] |
//! | [`param`], [`owner`] of a parameter | [`with_params`](crate::policy::AccessRequest::with_params); a table by path adds those of its pattern |
//! | [`attribute`], [`owner`] of an attribute | [`with_attributes`](crate::policy::AccessRequest::with_attributes) |
//! | [`header`] | [`with_headers`](crate::policy::AccessRequest::with_headers) |
//! | [`via_tls`] | [`with_tls`](crate::policy::AccessRequest::with_tls) |
//!
//! An [`Authorizer`] of your own says what it needs by [`needs`](crate::Authorizer::needs).
//!
//! # Conditions on the method
//!
//! [`method`] is a fact of every checked request, so it needs neither table nor route:
//!
//! ```
//! use bearergate::policy::method;
//! use bearergate::require_scope;
//! use http::Method;
//!
//! let reads = method(Method::GET) | method(Method::HEAD);
//! let policy = (reads & require_scope("orders:read")) | require_scope("orders:write");
//! # let _ = policy;
//! ```
//!
//! # HEAD
//!
//! In a [`RouteTable`] a route for `GET` is for `HEAD` too, as it is in most routers, unless a route
//! for `HEAD` has the same pattern. A route for every method
//! ([`any_method`](crate::policy::RouteTableBuilder::any_method)) is less specific than the one for
//! `GET`. The condition [`method`] compares one method: name both.
//!
//! # Owners in paths
//!
//! Ids have characters that clients escape in a path: `auth0|123` is sent as `auth0%7C123` by some
//! and as it is by others, `a@b.c` as `a%40b.c`. A table by path decodes the escapes of a parameter
//! once, as the router behind it does, so [`owner`] compares the id itself:
//!
//! ```
//! use bearergate::Principal;
//! use bearergate::clock::UnixTime;
//! use bearergate::policy::{AccessRequest, RouteTable, owner, param};
//! use bearergate::principal::PrincipalKind;
//! use bearergate::request::RequestFacts;
//! use http::Method;
//!
//! let table = RouteTable::by_path()
//!     .route(Method::GET, "/users/{user}", owner(param("user").of("idp")))
//!     .build()?;
//! let caller = Principal::builder(PrincipalKind::Session, "idp").subject("auth0|123").build();
//! let decide = |path: &'static str| {
//!     let parts = http::Request::get(path).body(()).unwrap();
//!     let facts = RequestFacts::from(&parts);
//!     table.decide(&AccessRequest::new(&caller, UnixTime::from_secs(0)).with_facts(&facts))
//! };
//! assert!(decide("/users/auth0%7C123").is_allowed());
//! assert!(decide("/users/auth0|123").is_allowed());
//! assert!(!decide("/users/auth0%7C124").is_allowed());
//! let ambiguous = decide("/users/auth0%2F123").to_string();
//! assert!(ambiguous.starts_with("denied: ambiguous (the path has two readings: it escapes `/`"));
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! Ids are compared byte for byte: an `é` in one character and one of two (`e` and an accent) are
//! two ids. `+` is a plus sign (RFC 3986), never a space. Parameters that you give by hand with
//! [`with_params`](crate::policy::AccessRequest::with_params) are compared as they are: give them as
//! the router decoded them.
//!
//! # Paths with two readings
//!
//! A table by path must not see another path than the router, the proxy or the file system behind
//! it. What two programs could read in two ways is denied, with the reason
//! [`Ambiguous`](crate::policy::ReasonCode::Ambiguous), which the operator finds in the
//! [`Decision`](crate::policy::Decision) and in [`Gate::explain`]. The client gets a plain 403.
//!
//! | in the path | because some readers | way in |
//! |---|---|---|
//! | `//`, `.`, `..`, also with escaped spaces (`..%20`) | normalize it | send the normalized path |
//! | `;` | remove what follows as path parameters | use another character |
//! | `%2F`, `%5C`, `%25`, `%3B`, and characters that look like these or a dot | split, or decode twice | use ids without them |
//! | `%00` and other controls, escapes that are not UTF-8 | cut the path, or replace characters | none |
//! | `%61`, `%2E`: escapes of letters, digits and `-._~` | decode before they compare with `/admin` | send the character itself |
//! | `%40me` where a route is `/@me` | the same | send `@me` |
//!
//! These keep the parameter from the guard; the route still matches, and the reason names the
//! parameter if the guard reads it:
//!
//! | in a parameter | because some readers |
//! |---|---|
//! | `%3F`, `%23` | end the path at the decoded `?` or `#` |
//! | an escaped space at the start or the end of a segment | trim it |
//!
//! Literal segments of a pattern are compared with the path as it was sent, byte for byte, upper and
//! lower case included.
//!
//! [`Authorizer`]: crate::Authorizer
//! [`Gate`]: crate::Gate
//! [`Gate::authenticate`]: crate::Gate::authenticate
//! [`Gate::check`]: crate::Gate::check
//! [`Gate::doctor`]: crate::Gate::doctor
//! [`Gate::explain`]: crate::Gate::explain
//! [`Gate::require`]: crate::Gate::require
//! [`RouteTable`]: crate::policy::RouteTable
//! [`RouteTable::by_route`]: crate::policy::RouteTable::by_route
//! [`action`]: fn@crate::policy::action
//! [`attribute`]: fn@crate::policy::attribute
//! [`authorizes_per_route`]: crate::gate::GateBuilder::authorizes_per_route
//! [`header`]: fn@crate::policy::header
//! [`method`]: fn@crate::policy::method
//! [`owner`]: fn@crate::policy::owner
//! [`param`]: fn@crate::policy::param
//! [`route`]: fn@crate::policy::route
//! [`via_tls`]: fn@crate::policy::via_tls
//! [`with_resource`]: crate::policy::AccessRequest::with_resource
