//! What a caller may do: three-valued conditions and rules that end in an allow or a deny.
//!
//! A [`Condition`] is made of single ones (this module has them all) that are joined by `and`,
//! `or` and `not`. It decides by itself, or in the rules of a [`Policy`]. Both are
//! [`Authorizer`]s, deny on every doubt, and are asked without an allocation.
//!
//! ```
//! use bearergate::{claim, Policy, require_scope};
//! use bearergate::policy::{action, owner, param, role, Rule};
//!
//! let own = owner(param("user").of("https://idp.example.com"));
//! let staff = claim("tenant").is("acme").and(role("clerk")).named("staff");
//! let policy = Policy::builder()
//!     .rule(Rule::forbid("suspended", claim("suspended").absent_or(false).not()))
//!     .rule(Rule::permit("orders", require_scope("orders:read").and(staff.or(own))))
//!     .build()?;
//! # let _ = (policy, action("read"));
//! # Ok::<(), bearergate::ConfigError>(())
//! ```

mod attribute;
mod cases;
mod condition;
mod decision;
mod engine;
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
mod verdict;

pub use attribute::Attribute;
pub use cases::Case;
pub use cases::CasesFailed;
pub use cases::check_cases;
pub use condition::caller::acr_at_least;
pub use condition::caller::address_in;
pub use condition::caller::amr;
pub use condition::caller::audience;
pub use condition::caller::auth_age_at_most;
pub use condition::caller::authority;
pub use condition::caller::client;
pub use condition::caller::header;
pub use condition::caller::kind;
pub use condition::caller::over_tls;
pub use condition::caller::sender_constrained;
pub use condition::caller::time_between;
pub use condition::caller::token_age_at_most;
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
pub use file::LoadError;
pub use file::POLICY_SCHEMA;
pub use file::PolicyLoader;
pub use lint::Finding;
pub use lint::FindingKind;
pub use obligation::AuditLevel;
pub use obligation::Obligations;
pub use policy::Combining;
pub use policy::Policy;
pub use policy::PolicyBuilder;
pub use reload::PolicyHandle;
pub use request::AccessRequest;
pub use route::route_table::Guard;
pub use route::route_table::Route;
pub use route::route_table::RouteTable;
pub use route::route_table::RouteTableBuilder;
pub use rule::Effect;
pub use rule::Rule;
pub use trace::Trace;
pub use verdict::Verdict;

#[cfg(feature = "cedar")]
pub(crate) use condition::resource::user;

use std::fmt;
use std::sync::Arc;

use crate::now_or_later::NowOrLater;

/// Decides what a caller may do.
///
/// It is total: doubt is a deny with its reason, and what could not be decided is
/// [`Decision::unavailable`]. [`Condition`] and [`Policy`] are two; [`authorize_fn`] makes one of
/// a closure.
pub trait Authorizer: fmt::Debug + Send + Sync {
    /// Decides about one request of an authenticated caller.
    ///
    /// Nothing happens before the answer is taken or first polled; an answer that has to be
    /// waited for may be asked for twice, of which one is dropped unpolled.
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision>;
}

const _: Option<&dyn Authorizer> = None;

impl<A: Authorizer + ?Sized> Authorizer for Arc<A> {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        (**self).authorize(request)
    }
}
