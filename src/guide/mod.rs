//! The guide: how-to pages and concepts. These modules have no items.
//!
//! | page | contents |
//! |---|---|
//! | [Quick start](quick_start) | A gate for the access tokens of one issuer, a complete program, and the defaults. |
//! | [Protect an axum service](protect_an_axum_service) | A middleware around [`Gate::check`](crate::Gate::check), with a scope for each route. |
//! | [Choose a validator](choose_a_validator) | Which validator authenticates which credential, and how several share a gate. |
//! | [Write your own validator](custom_validator) | Complete implementations of [`TokenValidator`](crate::TokenValidator), [`KeyStore`](crate::KeyStore), [`Authorizer`](crate::Authorizer) and [`SenderConstraint`](crate::validator::SenderConstraint), with their contracts. |
//! | [Trust several issuers](several_issuers) | What each issuer may assert, tenants of one provider, and presets for well-known providers. |
//! | [Providers](providers) | The configuration for each of fifty providers, by preset or in lines. |
//! | [API keys](api_keys) | Issuing, accepting, rotating and revoking keys, and the peppers that protect them. |
//! | [Sessions and refresh tokens](sessions_and_refresh_tokens) | Logins of browsers and of applications, and access tokens made from them. |
//! | [Keys and sessions of users](keys_and_sessions_of_users) | Pages for users: their devices, log out everywhere else, connected applications, their own API keys. |
//! | [Usage and quotas](usage_and_quotas) | What callers use, counted exactly once, quotas, leases, credits, and how to bill. |
//! | [Authorize by route](authorize_by_route) | Tables by path, gates for single routes, owners in paths, `HEAD`, and paths with two readings. |
//! | [Policies](policies) | Conditions in three-valued logic, rules, files, and the ways to authorize by route. |
//! | [Bind tokens to keys](bind_tokens_to_keys) | DPoP proofs, nonces, replays, and what clients and operators see; the metadata document. |
//! | [Mutual TLS](mutual_tls) | Tokens that are bound to a client certificate, at a TLS server and behind a proxy that ends TLS. |
//! | [Sign requests](sign_requests) | HTTP message signatures, digests of content, replays, signed responses, webhooks. |
//! | [FAPI 2.0](fapi2) | A resource server of the profile: each section, what enforces it, and the test that shows it. |
//! | [Encrypted tokens](encrypted_tokens) | JWTs in JWEs: keys, algorithms, cost. |
//! | [Behind a proxy](behind_a_proxy) | The address of the client, the address of the service, address lists, and recipes for nginx, HAProxy, Envoy, AWS, Cloudflare, Azure and platform routers. |
//! | [Configuration file](configuration_file) | A service configured from one file, with all its errors at once. |
//! | [Caching and revocation](caching_and_revocation) | What a cache may hold, how stale an answer can be, and what logs a user out everywhere. |
//! | [Metrics](metrics) | Each number that a gate counts, its labels, what to alert on, and how to serve it. |
//! | [Rate limits](rate_limits) | What a rate means, what to count by, plans, costs, concurrency, the size of tables, several nodes. |
//! | [Lock-out](lock_out) | Sources that guess are locked out, signals of attacks, and what to do at each. |
//! | [Audit and SIEM](audit_and_siem) | The audit trail: sinks, modes, what is lost when, a sample of each encoding, privacy. |
//! | [Errors](errors) | Every kind of rejection and of configuration error: cause, where to look, fix. |
//! | [Why was this refused](why_was_this_refused) | One call that shows every step of a request, expected against found, and the usual mistakes. |
//! | [Testing](testing) | Clocks set by hand, a fake identity provider, tokens to order, suites for stores. |
//! | [Tamper evidence](tamper_evidence) | What the chain of an audit trail proves and what not, anchors, keys, and verification. |
//! | [Threat model](threat_model) | Assets, attackers, what the crate does against each, and what it leaves to the service. |
//! | [Migrate from `jsonwebtoken`](migrate_from_jsonwebtoken) | Side by side, and what this crate refuses that the other accepts. |
//! | [Migrate from `jwt-authorizer`](migrate_from_jwt_authorizer) | The same for `jwt-authorizer`. |
//! | [Migrate from `tower-oauth2-resource-server`](migrate_from_tower_oauth2_resource_server) | The same for `tower-oauth2-resource-server`. |
//! | [Coming from Spring Security](coming_from_spring_security) | Its interfaces and where their work is done here. |

pub mod api_keys;
pub mod audit_and_siem;
pub mod authorize_by_route;
pub mod behind_a_proxy;
pub mod bind_tokens_to_keys;
pub mod caching_and_revocation;
pub mod choose_a_validator;
pub mod coming_from_spring_security;
pub mod configuration_file;
pub mod custom_validator;
pub mod encrypted_tokens;
pub mod errors;
pub mod fapi2;
pub mod keys_and_sessions_of_users;
pub mod lock_out;
pub mod metrics;
pub mod migrate_from_jsonwebtoken;
pub mod migrate_from_jwt_authorizer;
pub mod migrate_from_tower_oauth2_resource_server;
pub mod mutual_tls;
pub mod policies;
pub mod protect_an_axum_service;
pub mod providers;
pub mod quick_start;
pub mod rate_limits;
pub mod sessions_and_refresh_tokens;
pub mod several_issuers;
pub mod sign_requests;
pub mod tamper_evidence;
pub mod testing;
pub mod threat_model;
pub mod usage_and_quotas;
pub mod why_was_this_refused;
