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
mod blame;
mod calendar;
mod caller;
mod case;
mod check;
mod closure;
mod condition;
mod decision;
mod declare;
mod handle;
mod index;
mod leaf;
mod lint;
mod network;
mod obligation;
mod path;
mod paths;
mod pattern;
mod program;
mod request;
mod resource;
mod rule;
mod scene;
mod set;
mod table;
mod test;
mod trace;
mod verdict;
mod words;

pub use attribute::Attribute;
pub use caller::acr_at_least;
pub use caller::address_in;
pub use caller::amr;
pub use caller::audience;
pub use caller::auth_age_at_most;
pub use caller::authority;
pub use caller::client;
pub use caller::header;
pub use caller::kind;
pub use caller::over_tls;
pub use caller::sender_constrained;
pub use caller::time_between;
pub use caller::token_age_at_most;
pub use caller::weekdays;
pub use case::Case;
pub use case::CasesFailed;
pub use case::check_cases;
pub use closure::authorize_fn;
pub use closure::condition_fn;
pub use condition::Condition;
pub use decision::Decision;
pub use decision::Reason;
pub use decision::ReasonCode;
pub use declare::LoadError;
pub use declare::POLICY_SCHEMA;
pub use declare::PolicyLoader;
pub use handle::PolicyHandle;
pub use leaf::ClaimTest;
pub use leaf::claim;
pub use leaf::group;
pub use leaf::require_scope;
pub use leaf::role;
pub use lint::Finding;
pub use lint::FindingKind;
pub use obligation::AuditLevel;
pub use obligation::Obligations;
pub use request::AccessRequest;
pub use resource::Owner;
pub use resource::Param;
pub use resource::ResourceAttribute;
pub use resource::action;
pub use resource::attribute;
pub use resource::method;
pub use resource::owner;
pub use resource::param;
pub use resource::route;
#[cfg(feature = "cedar")]
pub(crate) use resource::user;
pub use rule::Effect;
pub use rule::Rule;
pub use set::Combining;
pub use set::Policy;
pub use set::PolicyBuilder;
pub use table::Guard;
pub use table::Route;
pub use table::RouteTable;
pub use table::RouteTableBuilder;
pub use trace::Trace;
pub use verdict::Verdict;

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
