//! Decisions about what a caller may do.

use std::fmt;
use std::sync::Arc;

use crate::now_or_later::NowOrLater;
use crate::policy::decision::Decision;
use crate::policy::request::AccessRequest;

/// Decides what a caller may do.
///
/// It is total: doubt is a deny with its reason, and what could not be decided is
/// [`Decision::unavailable`]. [`Condition`](crate::policy::Condition) and [`Policy`](crate::policy::Policy) are two;
/// [`authorize_fn`](crate::policy::authorize_fn) makes one of
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
