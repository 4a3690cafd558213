//! Threat model: what is protected, against whom, and what is left to the service.
//!
//! # What is protected
//!
//! - The operations and data behind a [`Gate`](crate::Gate): only callers that the configuration
//!   trusts and the policy allows reach them.
//! - Credentials: tokens, API keys, session ids, refresh tokens, and the keys and peppers of the
//!   service. They must not leave the process in errors, logs or responses.
//! - The identity in the [`Principal`](crate::Principal): a subject is always the pair of
//!   [authority](crate::principal::Authority) and id.
//! - Availability: bounded work for each request, and no state that a caller can fill.
//!
//! # Attackers
//!
//! | attacker | attack | what the crate does |
//! |---|---|---|
//! | anonymous client | unsigned or forged tokens, another `alg`, keys in the header | the key decides the algorithm; `none` does not exist; `jwk`, `jku`, `x5u`, `x5c` are never used; RSA, EC and secrets are different types of key |
//! | anonymous client | input that two parsers read differently | strict JSON without duplicates, one spelling per JWT, one credential per request, `crit` refused |
//! | anonymous client | large or deep input, floods of unknown `kid`s | [limits](crate::limits) on size, depth and members before any work; two key fetches in 30 seconds at most; 64 introspection calls in flight |
//! | holder of a valid token of another service | replays it here | the audience is required by the type of the builder |
//! | holder of a token of another purpose | presents an ID token, logout token or credential as an access token | `typ` and the marks of other purposes are checked; `type_mismatch` |
//! | another trusted issuer, or a tenant of it | signs a token in the name of another issuer's subject | keys belong to one issuer; a gate over several issuers needs [bounds](super::several_issuers) for each; owners and revocations use authority and subject together |
//! | thief of a refresh token | uses it after or before the owner | each is used once; a second use revokes the family and is reported |
//! | thief of a session id or token | uses it until it expires | short lifetimes, a new id at each change of privileges, [revocation](super::caching_and_revocation) that takes effect with the next request, also for cached tokens |
//! | thief of a bound token (`cnf`) | uses it as a bearer token, or an unbound one under `DPoP` | refused unless a [`Binding`](crate::binding::Binding) or another constraint proves possession; `DPoP` without `cnf.jkt` is refused in any case |
//! | thief of a bound token and of a proof | sends both again, or to another method or address | a proof names method, address and token, is recent, and is accepted once |
//! | client that reaches the service past the proxy | sends the certificate header of somebody else | the header counts from named peers only |
//! | proxy or other intermediary | changes a request | [signed requests](super::sign_requests) are refused if method, URI, token or content differ |
//! | another web site | causes requests with the user's cookie | `Sec-Fetch-Site` and `Origin` are checked outside `GET`, `HEAD` and `OPTIONS`, and on every WebSocket upgrade; `__Host-` cookies |
//! | another web site | logs the browser in to an account of its own | [`CrossSiteCheck`](crate::credential::CrossSiteCheck) and [`FormTokens`](crate::credential::FormTokens) for the login, which has no credential yet |
//! | reader of the database | uses what is stored | only digests: SHA-256 of 256 random bits for sessions and refresh tokens, HMAC under a pepper that is elsewhere for API keys, and for each pepper a check value, which is an HMAC under it too |
//! | reader of logs and responses | finds secrets | no token, key or secret in `Debug`, `Display`, errors or events; responses are constant texts |
//! | observer of answers and their time | guesses ids and keys | one answer for all invalid credentials; an unknown API key costs the work of a known one; secrets are compared in constant time |
//! | network, or an identity provider that fails | delays, wrong answers, outages | `https` only (except loopback, and hosts named with [`allow_plain_http`](crate::http_client::HttpSettings::allow_plain_http) at private addresses), no redirects, no proxy from the environment, private addresses refused where a document names them; an outage is 503, never 401 and never an allow |
//! | client with incomplete claims | omits the claim that a rule forbids | three-valued [policies](super::policies): a missing claim is unknown, and unknown denies, under `not` too |
//!
//! # What lowers a check
//!
//! Nothing below is a default. Search a code base for these names in a review:
//!
//! | name | what is given up |
//! |---|---|
//! | `any_issuer()` | any issuer that signs with one of the keys is trusted |
//! | `any_audience()` | tokens for other services are accepted, and those services can replay what they receive |
//! | `allow_missing_expiry()` | tokens that never expire |
//! | `accept_missing_token_type()` | introspected tokens of an unnamed type, if they expire |
//! | `allow_any_authenticated()` | every authenticated caller may do everything |
//! | `all_authorities_equal()` | each issuer may assert every scope and claim, and ids of one count as those of another |
//! | `root_certificates(..)`, `trust_host(..)`, `proxy(..)` | other certificate authorities, hosts or proxies are trusted on the way to the provider |
//! | `claim(..).absent()`, `claim(..).absent_or(..)` | the absence of a claim counts for the caller |
//! | `query(..)` in `Sources` | credentials in URLs, which reach logs and histories |
//! | `allow_requests_without_origin()` | requests with a cookie that do not say where they are from, as very old browsers send them too |
//! | `SessionCookie::insecure_loopback(..)` | TLS for session cookies, on this machine only |
//! | `ignoring_other_part()` | any user name or password counts next to an API key in `Basic` |
//!
//! A gate over two issuers, without giving up anything:
//!
//! ```
//! use bearergate::{ConfigError, Gate, JwtValidator, require_scope};
//!
//! fn gate(staff: JwtValidator, partner: JwtValidator) -> Result<Gate, ConfigError> {
//!     // Two outside authorities: without bounds for both (`grants`) the last line is an error.
//!     Gate::builder()
//!         .validator(JwtValidator::join([staff, partner])?)
//!         .authorizer(require_scope("orders:read"))
//!         .build()
//! }
//! ```
//!
//! # What is left to the service
//!
//! - **TLS, and reading HTTP.** The crate sees parsed requests. A proxy in front must not read them
//!   differently, and must remove the headers that it sets itself.
//! - **Facts of the connection**: [`PeerAddress`](crate::request::PeerAddress),
//!   [`ClientAddress`](crate::request::ClientAddress) and
//!   [`ClientCertificate`](crate::request::ClientCertificate) are believed. Fill them from the
//!   connection, or from a header only if your own proxy set it.
//! - **Passwords and login.** [`SessionManager::create`](crate::session::SessionManager::create)
//!   believes the service.
//! - **Which data a caller may see.** A policy decides from the caller and what the service says of
//!   the resource; queries must be limited to the tenant by the service.
//! - **Secrets at rest**: signing keys, peppers and client secrets. They are read once, zeroized when
//!   dropped as far as Rust allows, and not protected from a reader of the process's memory.
//! - **Clocks** that agree to within the leeway (30 seconds).
//! - **What the trusted issuer says.** If the provider's keys are stolen, revoke there.
//!
//! # What is not there yet
//!
//! - **Limits by default**: a gate has no rate limits, no lock-out and no audit trail until they are
//!   [configured](crate::gate::GateBuilder::limits), because only the service knows who is in front of
//!   it and how much a caller may do. Lock-outs, signals and concurrent limits are those of one
//!   process; a restart forgets them.
//! - **Replays on several nodes**: used proofs and signed requests are remembered in one process. Several
//!   nodes need a [`ReplayStore`](crate::replay::ReplayStore) of yours, or a proof is good for once on each.
//! - **Integrations** for tower, axum and actix: the middleware is
//!   [yours](super::protect_an_axum_service), and so is the care that no route is left outside it.
//! - **Status lists, security events and logout tokens**: refused or unknown.
//! - **Denylists of several processes** agree only after `Denylist::reload`; a cached store may be up
//!   to a minute behind (5 seconds by default), an introspected token up to ten (1 by default).
//! - **An independent review.** There was none. Report what you find as `SECURITY.md` says.
