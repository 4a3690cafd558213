//! The guide: how-to pages and concepts. These modules have no items.
//!
//! | page | contents |
//! |---|---|
//! | [Quick start](quick_start) | A gate for the access tokens of one issuer, a complete program, and the defaults. |
//! | [Protect an axum service](protect_an_axum_service) | A middleware around [`Gate::check`](crate::Gate::check), with a scope for each route. |
//! | [Choose a validator](choose_a_validator) | Which validator authenticates which credential, and how several share a gate. |
//! | [Write your own validator](custom_validator) | Complete implementations of [`TokenValidator`](crate::TokenValidator), [`KeyStore`](crate::KeyStore), [`Authorizer`](crate::Authorizer) and [`SenderConstraint`](crate::validator::SenderConstraint), with their contracts. |
//! | [Trust several issuers](several_issuers) | What each issuer may assert, tenants of one provider, and presets for well-known providers. |
//! | [API keys](api_keys) | Issuing, accepting, rotating and revoking keys, and the peppers that protect them. |
//! | [Sessions and refresh tokens](sessions_and_refresh_tokens) | Logins of browsers and of applications, and access tokens made from them. |
//! | [Policies](policies) | Conditions in three-valued logic, rules, files, and the ways to authorize by route. |
//! | [Caching and revocation](caching_and_revocation) | What a cache may hold, how stale an answer can be, and what logs a user out everywhere. |

pub mod api_keys;
pub mod caching_and_revocation;
pub mod choose_a_validator;
pub mod custom_validator;
pub mod policies;
pub mod protect_an_axum_service;
pub mod quick_start;
pub mod sessions_and_refresh_tokens;
pub mod several_issuers;
