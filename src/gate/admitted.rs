//! Who passed.

use http::HeaderMap;
use http::HeaderValue;
use http::header;

use super::slot::SlotCaller;
use crate::clock::UnixTime;
use crate::policy::AccessRequest;
use crate::policy::Decision;
use crate::principal::Principal;

/// A caller whose credentials were accepted; whether it may do anything is not said.
///
/// `Debug` shows what [`Principal`] shows.
#[derive(Clone, Debug)]
pub struct Authenticated {
    principal: Principal,
    client: Option<Principal>,
    headers: HeaderMap,
    now: UnixTime,
}

impl Authenticated {
    pub(super) fn new(now: UnixTime, user: SlotCaller, client: Option<SlotCaller>) -> Self {
        let in_query = user.in_query || client.as_ref().is_some_and(|client| client.in_query);
        let mut headers = HeaderMap::new();
        if in_query {
            headers.insert(header::CACHE_CONTROL, PRIVATE);
        }
        Self {
            principal: user.principal,
            client: client.map(|client| client.principal),
            headers,
            now,
        }
    }

    /// Returns the caller.
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Returns the application beside the caller, always there if the gate has a second slot.
    pub const fn client(&self) -> Option<&Principal> {
        self.client.as_ref()
    }

    /// Returns headers to add to the response.
    ///
    /// A credential in the query forbids shared caches to store it (RFC 6750 section 2.3).
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the time at which the request was judged.
    pub const fn now(&self) -> UnixTime {
        self.now
    }

    /// Begins the question what this caller may do; add an action, a resource, the facts of the
    /// request.
    pub const fn request(&self) -> AccessRequest<'_> {
        let request = AccessRequest::new(&self.principal, self.now);
        match &self.client {
            Some(client) => request.with_client(client),
            None => request,
        }
    }

    pub(super) fn admitted(mut self, decision: Decision) -> Admitted {
        if let Some(obligations) = decision.obligations() {
            for (name, value) in obligations.headers() {
                self.headers.append(name, value.clone());
            }
        }
        Admitted {
            caller: self,
            decision,
        }
    }
}

// RFC 6750 section 2.3.
const PRIVATE: HeaderValue = HeaderValue::from_static("private");

/// A caller that was let in.
#[derive(Clone, Debug)]
pub struct Admitted {
    caller: Authenticated,
    decision: Decision,
}

impl Admitted {
    /// Returns the caller.
    pub const fn principal(&self) -> &Principal {
        self.caller.principal()
    }

    /// Returns the application beside the caller, always there if the gate has a second slot.
    pub const fn client(&self) -> Option<&Principal> {
        self.caller.client()
    }

    /// Returns the decision, an allow, with its reasons.
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Returns headers to add to the response: those of [`Authenticated::headers`], and those that
    /// the decision obliges to.
    pub const fn headers(&self) -> &HeaderMap {
        self.caller.headers()
    }

    /// Returns the time at which the request was judged.
    pub const fn now(&self) -> UnixTime {
        self.caller.now()
    }
}
