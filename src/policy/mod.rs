//! Authorization: what an authenticated caller may do.
//!
//! An [`Authorizer`] decides about an [`AccessRequest`]. This module has three, each built from the
//! one before:
//!
//! - A [`Condition`] over the caller and the request, such as [`require_scope`], [`claim`],
//!   [`role`] or [`owner`], combined by `and`, `or` and `not`.
//! - A [`Policy`] of [rules](Rule) that permit and forbid, each under a condition.
//! - A [`RouteTable`] of conditions and policies by method and route.
//!
//! Conditions have three values ([`Truth`]): a claim that is missing or has another type makes a
//! condition unknown, and its negation too. Only a condition that is true allows, so leaving a
//! claim out of a token never widens what the caller may do. A deny names the scopes or the
//! stronger authentication that would change it ([`Decision`]). An allow does not allocate.
//!
//! [`explain`](Policy::explain) shows the result of every condition for one request,
//! [`lint`](Policy::lint) finds rules that are probably wrong, and [`run_cases`] tests a policy.
//! A [`PolicyHandle`] replaces a policy while requests are decided. With the feature `policy-file`
//! policies are read from and written to JSON, and one is replaced when its file changes.
//!
//! ```
//! use bearergate::{claim, Policy, require_scope};
//! use bearergate::policy::{owner, param, role, Rule};
//!
//! let own = owner(param("user").of("https://idp.example.com"));
//! let staff = claim("tenant").is("acme").and(role("clerk")).named("staff");
//! let policy = Policy::builder()
//!     .rule(Rule::forbid("suspended", claim("suspended").absent_or_is(false).not()))
//!     .rule(Rule::permit("orders", require_scope("orders:read").and(staff.or(own))))
//!     .build()?;
//! assert!(policy.lint().is_empty());
//! # Ok::<(), bearergate::ConfigError>(())
//! ```

mod attribute;
mod authorizer;
mod cases;
mod condition;
mod decision;
mod effect;
mod engine;
#[cfg(feature = "policy-file")]
mod file;
mod lint;
mod needs;
mod obligation;
#[expect(
    clippy::module_inception,
    reason = "the file is called after the type that it holds"
)]
mod policy;
mod reload;
mod request;
mod route;
mod rule;
mod trace;
mod truth;

pub use attribute::Attribute;
pub use authorizer::Authorizer;
pub use cases::{Case, CasesFailed, run_cases};
pub use condition::caller::{
    acr_at_least, address_in, amr, audience, authority, client, header, kind, max_auth_age,
    max_token_age, sender_constrained, time_between, via_tls, weekdays,
};
pub use condition::claims::{ClaimTest, claim, group, require_scope, role};
pub use condition::condition::Condition;
pub use condition::custom::{authorize_fn, condition_fn};
pub use condition::details::{DetailTest, actor_chain_at_most, actor_is, detail, no_actor};
pub use condition::resource::{
    Owner, Param, ResourceAttribute, action, attribute, method, owner, param, route,
};
pub use decision::{Decision, Reason, ReasonCode};
pub use effect::Effect;
pub(crate) use engine::fault::OFFLINE_ACCESS;
#[cfg(feature = "cedar")]
pub(crate) use engine::owner::user;
#[cfg(feature = "cedar")]
pub(crate) use engine::predicate::ID_CLAIMS;
#[cfg(feature = "policy-file")]
pub use file::error::LoadError;
#[cfg(feature = "policy-file")]
pub use file::loader::POLICY_SCHEMA;
#[cfg(feature = "policy-file")]
pub use file::loader::PolicyLoader;
#[cfg(feature = "policy-file")]
pub use file::policy_file::{PolicyFile, PolicyFileBuilder, PolicyPoll};
pub use lint::{Lint, LintKind};
pub use needs::{Needs, ServiceFact};
pub use obligation::{AuditLevel, Obligations};
pub use policy::{Combining, Policy, PolicyBuilder};
pub use reload::PolicyHandle;
pub use request::AccessRequest;
pub use route::guarded_route::{Guard, Route};
pub use route::route_table::{RouteTable, RouteTableBuilder};
pub use rule::Rule;
pub use trace::record::Trace;
pub use truth::Truth;
