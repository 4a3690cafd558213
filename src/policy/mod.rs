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
//! With the feature `policy-file` policies are read from and written to JSON, and a
//! [`PolicyHandle`] replaces one while requests are decided.
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
mod engine;
#[cfg(feature = "policy-file")]
mod file;
mod lint;
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
pub use cases::Case;
pub use cases::CasesFailed;
pub use cases::run_cases;
pub use condition::caller::acr_at_least;
pub use condition::caller::address_in;
pub use condition::caller::amr;
pub use condition::caller::audience;
pub use condition::caller::authority;
pub use condition::caller::client;
pub use condition::caller::header;
pub use condition::caller::kind;
pub use condition::caller::max_auth_age;
pub use condition::caller::max_token_age;
pub use condition::caller::sender_constrained;
pub use condition::caller::time_between;
pub use condition::caller::via_tls;
pub use condition::caller::weekdays;
pub use condition::claims::ClaimTest;
pub use condition::claims::claim;
pub use condition::claims::group;
pub use condition::claims::require_scope;
pub use condition::claims::role;
pub use condition::condition::Condition;
pub use condition::custom::authorize_fn;
pub use condition::custom::condition_fn;
pub use condition::resource::Owner;
pub use condition::resource::Param;
pub use condition::resource::ResourceAttribute;
pub use condition::resource::action;
pub use condition::resource::attribute;
pub use condition::resource::method;
pub use condition::resource::owner;
pub use condition::resource::param;
pub use condition::resource::route;
pub use decision::Decision;
pub use decision::Reason;
pub use decision::ReasonCode;
#[cfg(feature = "policy-file")]
pub use file::error::LoadError;
#[cfg(feature = "policy-file")]
pub use file::loader::POLICY_SCHEMA;
#[cfg(feature = "policy-file")]
pub use file::loader::PolicyLoader;
pub use lint::Lint;
pub use lint::LintKind;
pub use obligation::AuditLevel;
pub use obligation::Obligations;
pub use policy::Combining;
pub use policy::Policy;
pub use policy::PolicyBuilder;
pub use reload::PolicyHandle;
pub use request::AccessRequest;
pub use route::guarded_route::Guard;
pub use route::guarded_route::Route;
pub use route::route_table::RouteTable;
pub use route::route_table::RouteTableBuilder;
pub use rule::Effect;
pub use rule::Rule;
pub use trace::record::Trace;
pub use truth::Truth;

#[cfg(feature = "cedar")]
pub(crate) use engine::owner::user;
