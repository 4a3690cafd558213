//! What a caller may do: three-valued conditions that end in an allow or a deny.

mod closure;
mod condition;
mod decision;
mod leaf;
mod request;
mod verdict;

pub use closure::authorize_fn;
pub use closure::condition_fn;
pub use condition::Condition;
pub use decision::Decision;
pub use decision::Reason;
pub use decision::ReasonCode;
pub use leaf::ClaimTest;
pub use leaf::claim;
pub use leaf::require_scope;
pub use request::AccessRequest;
pub use verdict::Verdict;

use std::fmt;
use std::sync::Arc;

use crate::future::NowOrLater;

/// Decides what a caller may do.
///
/// It is total: doubt is a deny with its reason, and what could not be decided is
/// [`Decision::unavailable`]. [`Condition`] is one; [`authorize_fn`] makes one of a closure.
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
