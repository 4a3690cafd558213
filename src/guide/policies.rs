//! Write policies: conditions, rules, files and route tables.
//!
//! # Start with a condition
//!
//! A [`Condition`] asks about the caller or the request, and as an [`Authorizer`] it allows if it
//! is true. Join conditions by `&`, `|` and `!`, or by [`and`](crate::policy::Condition::and),
//! [`or`](crate::policy::Condition::or) and [`not`](crate::policy::Condition::not):
//!
//! ```
//! use bearergate::policy::{acr_at_least, owner, param, role};
//! use bearergate::{claim, require_scope};
//!
//! let own = owner(param("user").of("https://idp.example.com"));
//! let staff = claim("tenant").is("acme") & role("clerk");
//! let strong = acr_at_least("gold", ["bronze", "silver", "gold"])?;
//! let policy = require_scope("orders:write") & (staff | own) & strong;
//! # let _ = policy;
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! | about | conditions |
//! |---|---|
//! | what the token grants | [`require_scope`], [`claim`], [`role`], [`group`] |
//! | who calls | [`authority`], [`kind`], [`audience`], and [`client`] with its authority: `client("billing").of("https://idp.example.com")`, in a file `{"client": "billing", "of": "https://idp.example.com"}` |
//! | what the token grants in detail | [`detail`] (RFC 9396), in a file `{"detail": {"type": "payment", "actions": ["initiate"], "members": {"amount.currency": "EUR"}}}` |
//! | who acts for the subject | [`actor_is`], [`no_actor`], [`actor_chain_at_most`] (RFC 8693); in a file a `claim` with the path `["act", "sub"]` |
//! | how and when the caller authenticated | [`acr_at_least`], [`amr`], [`max_auth_age`]; a deny asks the client for a step-up (RFC 9470) |
//! | what is requested | [`action`], [`method`], [`route`], [`param`], [`attribute`], [`owner`] |
//! | the request itself | [`address_in`], [`header`], [`time_between`], [`weekdays`], [`sender_constrained`] |
//! | anything else | [`condition_fn`] with a closure |
//!
//! # Three values, not two
//!
//! A condition is true, false or **unknown**, and only true allows. It is unknown if a fact is
//! missing or has another type: a token without the claim `suspended` says neither that Alice is
//! suspended nor that she is not. The negation of unknown is unknown, so removing a claim from a
//! token never turns a deny into an allow:
//!
//! ```
//! use bearergate::clock::UnixTime;
//! use bearergate::policy::AccessRequest;
//! use bearergate::principal::PrincipalKind;
//! use bearergate::{Principal, claim};
//!
//! let alice = Principal::builder(PrincipalKind::Session, "my service").subject("alice").build();
//! let request = AccessRequest::new(&alice, UnixTime::from_secs(0));
//!
//! assert!(!claim("suspended").is(true).decide(&request).is_allowed());
//! assert!(!(!claim("suspended").is(true)).decide(&request).is_allowed()); // unknown, too
//! assert!(claim("suspended").absent().decide(&request).is_allowed()); // absence asked by name
//! ```
//!
//! # Combine rules
//!
//! A [`Policy`] has named rules that permit or forbid. What no rule permits is denied, and a rule
//! that forbids wins, even if its condition is unknown:
//!
//! ```
//! use bearergate::policy::{Obligations, Rule, action};
//! use bearergate::{Policy, claim, require_scope};
//!
//! let policy = Policy::builder()
//!     .rule(Rule::forbid("suspended", !claim("suspended").absent_or_is(false)))
//!     .rule(Rule::permit("read", action("read") & require_scope("orders:read")))
//!     .rule(
//!         Rule::permit("write", action("write") & require_scope("orders:write"))
//!             .with_obligations(Obligations::new().with_rate_class("writes")),
//!     )
//!     .build()?;
//! assert!(policy.lint().is_empty()); // no rule that never matches, or that another one shadows
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! The service names the action, the resource and its attributes in the [`AccessRequest`]; take
//! attributes from your own records, never from the request. A gate with such a policy is built with
//! [`authorizes_per_route`](crate::gate::GateBuilder::authorizes_per_route), because [`Gate::check`]
//! does not know them:
//!
//! ```
//! use bearergate::Gate;
//! use bearergate::gate::Authenticated;
//! use bearergate::http_response::Refusal;
//! use bearergate::policy::Attribute;
//!
//! async fn may_read(gate: &Gate, caller: &Authenticated, region: &str) -> Result<(), Refusal> {
//!     let attributes = [("region", Attribute::Text(region))];
//!     let request = caller.request().with_action("read").with_attributes(&attributes);
//!     gate.authorize(&request).await.map(|_| ())
//! }
//! # let _ = may_read;
//! ```
//!
//! # Authorize by route
//!
//! | way | choose it when | a route that was forgotten is |
//! |---|---|---|
//! | one condition for the gate, [`Gate::check`] | all routes need the same | covered |
//! | [`RouteTable::by_path`] as the authorizer | one list of routes and scopes in a middleware around the router, which has not matched yet; this is the default choice | denied |
//! | [`RouteTable::by_route`], and [`with_resource`](crate::policy::AccessRequest::with_resource) in the middleware | the code runs behind the router and knows the route that it matched (axum: `MatchedPath` in a `route_layer`), so both read a path alike | denied |
//! | rules with [`method`] and [`route`] | rules go across routes, or one forbids for all of them | denied |
//! | a layer with a gate for each group of routes ([`Gate::with_authorizer`], [`Gate::require`]) | scopes belong next to the handlers | public |
//! | [`Gate::authorize`] in the handler | the decision needs the record, such as its owner | undecided |
//!
//! The ways can be joined: a table for the scopes, and the handler for the owner. [Authorize by
//! route](super::authorize_by_route) shows each, with owners in paths.
//!
//! ```
//! use bearergate::policy::{RouteTable, owner, param, role};
//! use bearergate::require_scope;
//! use http::Method;
//!
//! let own = owner(param("user").of("https://idp.example.com"));
//! let table = RouteTable::by_path()
//!     .route(Method::GET, "/orders/{id}", require_scope("orders:read"))
//!     .route(Method::GET, "/users/{user}/orders", require_scope("orders:read") & own)
//!     .any_method("/admin/{*rest}", role("admin"))
//!     .build()?;
//! # let _ = table;
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! A route for `GET` is for `HEAD` too. A path that two programs could read in two ways (`//`, `..`, an
//! escaped slash, escapes that are not UTF-8) is denied.
//! Two routes that match one request are an error when the table is built, unless one is more
//! specific.
//!
//! # Keep the policy in a file
//!
//! Policies and tables are read from strict JSON with a
//! [published schema](crate::policy::POLICY_SCHEMA), and replaced while requests are decided:
//!
//! ```
//! use bearergate::policy::{PolicyHandle, PolicyLoader};
//! use bearergate::{Gate, JwtValidator, Policy};
//!
//! fn gate(validator: JwtValidator) -> Result<(Gate, PolicyHandle), Box<dyn std::error::Error>> {
//!     let text = br#"{"rules": [
//!         {"name": "read", "effect": "permit", "if": {"scope": "orders:read"}}
//!     ]}"#;
//!     let policy = PolicyHandle::new(Policy::from_json(text)?);
//!     let gate = Gate::builder().validator(validator).authorizer(policy.clone()).build()?;
//!     Ok((gate, policy))
//! }
//!
//! fn reload(policy: &PolicyHandle, text: &[u8]) {
//!     // A file that does not load names the place, and the policy in force stays.
//!     if let Err(error) = policy.load(&PolicyLoader::new(), text) {
//!         eprintln!("policy.json: {error}");
//!     }
//! }
//! # let _ = (gate, reload);
//! ```
//!
//! An error names the line, the column and the member, what was expected and what was found:
//! ``/rules/0/when (line 6, column 13): `when` is unknown; did you mean `if`?``. JSON has no comments
//! and no comma after the last member; both are named as such.
//!
//! A [`PolicyFile`] reads its file again when it changes. The service calls
//! [`poll`](crate::policy::PolicyFile::poll), or on tokio a task does (`integrations::tokio::PolicyWatch`, feature
//! `tokio`). A file that is replaced by rename or by a symbolic link (a Kubernetes `ConfigMap`) is
//! loaded; one that is half written, too large, wrong or gone leaves the current version in use, and
//! is reported once to the [observer](crate::event::Event::PolicyNotReloaded):
//!
//! ```
//! use bearergate::policy::{PolicyFile, PolicyPoll};
//!
//! fn look(file: &mut PolicyFile) {
//!     match file.poll() {
//!         PolicyPoll::Reloaded => println!("a new policy is in use"),
//!         PolicyPoll::Failed(error) => eprintln!("{error}"),
//!         PolicyPoll::Unchanged => {}
//!     }
//! }
//! # let _ = look;
//! ```
//!
//! # Test and explain
//!
//! If the gate has several outside authorities, add
//! [`with_contested_ids`](crate::policy::AccessRequest::with_contested_ids) to requests that are made
//! by hand, or start from [`caller.request()`](crate::gate::Authenticated::request). Without it
//! `client("billing")` can be true in a test and is unknown in that gate, which denies;
//! [`Policy::lint`](crate::Policy::lint) finds it in both (`bare_id`).
//!
//! - [`run_cases`](crate::policy::run_cases) compares a policy with a table of requests and
//!   expected decisions; `cargo run --example policy_check` does it for files.
//! - [`Policy::explain`](crate::Policy::explain) returns a [`Trace`](crate::policy::Trace) with
//!   every condition, what it expected and what type it found, as text, JSON or HTML, without
//!   values of the caller.
//! - [`Policy::lint`](crate::Policy::lint) finds what is probably wrong: rules that never apply, with
//!   the tests that contradict each other, and a claim such as `realm_access.roles`, which is the
//!   member `roles` of `realm_access`: `claim("realm_access").at("roles")`, in a file
//!   `"claim": ["realm_access", "roles"]`.
//! - A [`Decision`](crate::policy::Decision) lists its reasons. The client gets none of them,
//!   except the scopes that are missing.
//!
//! # Use another engine
//!
//! Anything that implements [`Authorizer`] fits: a [closure](crate::policy::authorize_fn), a
//! [service of your own](super::custom_validator), or Cedar by `integrations::cedar` (feature
//! `cedar`).
//!
//! [`AccessRequest`]: crate::policy::AccessRequest
//! [`Authorizer`]: crate::Authorizer
//! [`Condition`]: crate::policy::Condition
//! [`Gate::authorize`]: crate::Gate::authorize
//! [`Gate::check`]: crate::Gate::check
//! [`Gate::require`]: crate::Gate::require
//! [`Gate::with_authorizer`]: crate::Gate::with_authorizer
//! [`Policy`]: crate::Policy
//! [`PolicyFile`]: crate::policy::PolicyFile
//! [`RouteTable::by_path`]: crate::policy::RouteTable::by_path
//! [`RouteTable::by_route`]: crate::policy::RouteTable::by_route
//! [`actor_chain_at_most`]: fn@crate::policy::actor_chain_at_most
//! [`actor_is`]: fn@crate::policy::actor_is
//! [`detail`]: fn@crate::policy::detail
//! [`no_actor`]: fn@crate::policy::no_actor
//! [`acr_at_least`]: fn@crate::policy::acr_at_least
//! [`action`]: fn@crate::policy::action
//! [`address_in`]: fn@crate::policy::address_in
//! [`amr`]: fn@crate::policy::amr
//! [`attribute`]: fn@crate::policy::attribute
//! [`audience`]: fn@crate::policy::audience
//! [`max_auth_age`]: fn@crate::policy::max_auth_age
//! [`authority`]: fn@crate::policy::authority
//! [`claim`]: fn@crate::claim
//! [`client`]: fn@crate::policy::client
//! [`condition_fn`]: fn@crate::policy::condition_fn
//! [`group`]: fn@crate::policy::group
//! [`header`]: fn@crate::policy::header
//! [`kind`]: fn@crate::policy::kind
//! [`method`]: fn@crate::policy::method
//! [`owner`]: fn@crate::policy::owner
//! [`param`]: fn@crate::policy::param
//! [`require_scope`]: fn@crate::require_scope
//! [`role`]: fn@crate::policy::role
//! [`route`]: fn@crate::policy::route
//! [`sender_constrained`]: fn@crate::policy::sender_constrained
//! [`time_between`]: fn@crate::policy::time_between
//! [`weekdays`]: fn@crate::policy::weekdays
