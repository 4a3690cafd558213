//! What is decided about.

use crate::clock::UnixTime;
use crate::principal::Principal;
use crate::request::RequestFacts;

/// A request of an authenticated caller, borrowed: what an authorizer sees.
///
/// The principals are judged; the facts of the request come from the client and are untrusted.
///
/// ```
/// use bearergate::AccessRequest;
/// use bearergate::Principal;
/// use bearergate::PrincipalKind;
/// use bearergate::UnixTime;
/// use bearergate::require_scope;
///
/// let alice = Principal::builder(PrincipalKind::Other, "house").scopes(["orders:read"]).build();
/// let request = AccessRequest::new(&alice, UnixTime::from_secs(0))
///     .with_action("read")
///     .with_resource("/orders/{id}");
/// assert!(require_scope("orders:read").decide(&request).is_allowed());
/// assert!(!require_scope("orders").decide(&request).is_allowed());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AccessRequest<'a> {
    principal: &'a Principal,
    now: UnixTime,
    client: Option<&'a Principal>,
    action: Option<&'a str>,
    resource: Option<&'a str>,
    facts: Option<&'a RequestFacts<'a>>,
}

impl<'a> AccessRequest<'a> {
    /// Starts with the caller and the one time at which all of the request is judged.
    pub const fn new(principal: &'a Principal, now: UnixTime) -> Self {
        Self {
            principal,
            now,
            client: None,
            action: None,
            resource: None,
            facts: None,
        }
    }

    /// Adds the application that the second slot of the gate authenticated.
    #[must_use]
    pub const fn with_client(mut self, client: &'a Principal) -> Self {
        self.client = Some(client);
        self
    }

    /// Adds the name of what the caller wants to do, in the service's own words.
    #[must_use]
    pub const fn with_action(mut self, action: &'a str) -> Self {
        self.action = Some(action);
        self
    }

    /// Adds the name of what it is done to, such as the matched route; take it from the router,
    /// not from the client's path.
    #[must_use]
    pub const fn with_resource(mut self, resource: &'a str) -> Self {
        self.resource = Some(resource);
        self
    }

    /// Adds the facts of the request.
    #[must_use]
    pub const fn with_facts(mut self, facts: &'a RequestFacts<'a>) -> Self {
        self.facts = Some(facts);
        self
    }

    /// Returns the caller.
    pub const fn principal(&self) -> &'a Principal {
        self.principal
    }

    /// Returns the time at which the request is judged.
    pub const fn now(&self) -> UnixTime {
        self.now
    }

    /// Returns the application beside the caller.
    pub const fn client(&self) -> Option<&'a Principal> {
        self.client
    }

    /// Returns what the caller wants to do.
    pub const fn action(&self) -> Option<&'a str> {
        self.action
    }

    /// Returns what it is done to.
    pub const fn resource(&self) -> Option<&'a str> {
        self.resource
    }

    /// Returns the facts of the request, untrusted.
    pub const fn facts(&self) -> Option<&'a RequestFacts<'a>> {
        self.facts
    }
}
