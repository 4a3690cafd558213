//! What is decided about.

use std::fmt;
use std::net::IpAddr;

use http::HeaderMap;

use crate::clock::UnixTime;
use crate::policy::attribute::Attribute;
use crate::principal::Principal;
use crate::request::RequestFacts;

/// A request of an authenticated caller, borrowed: what an authorizer sees.
///
/// The principals are judged; the facts of the request, its parameters and headers come from the
/// client and are untrusted. A fact that is not given makes every condition over it
/// [`Unknown`](crate::Truth::Unknown). `Debug` shows names, never values of the client.
///
/// ```
/// use bearergate::{Principal, require_scope};
/// use bearergate::clock::UnixTime;
/// use bearergate::policy::AccessRequest;
/// use bearergate::principal::PrincipalKind;
///
/// let alice = Principal::builder(PrincipalKind::Other, "house").scopes(["orders:read"]).build();
/// let request = AccessRequest::new(&alice, UnixTime::from_secs(0))
///     .with_action("read")
///     .with_resource("/orders/{id}")
///     .with_params(&[("id", "7")]);
/// assert!(require_scope("orders:read").decide(&request).is_allowed());
/// assert!(!require_scope("orders").decide(&request).is_allowed());
/// ```
#[derive(Clone, Copy)]
pub struct AccessRequest<'a> {
    principal: &'a Principal,
    now: UnixTime,
    client: Option<&'a Principal>,
    action: Option<&'a str>,
    resource: Option<&'a str>,
    params: &'a [(&'a str, &'a str)],
    attributes: &'a [(&'a str, Attribute<'a>)],
    address: Option<IpAddr>,
    is_encrypted: Option<bool>,
    headers: Option<&'a HeaderMap>,
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
            params: &[],
            attributes: &[],
            address: None,
            is_encrypted: None,
            headers: None,
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

    /// Adds the parameters of the matched route by name, as the router decoded them; a name that
    /// stands there twice counts as not given.
    #[must_use]
    pub const fn with_params(mut self, params: &'a [(&'a str, &'a str)]) -> Self {
        self.params = params;
        self
    }

    /// Adds what the service knows of the resource by name; a name that stands there twice counts
    /// as not given.
    #[must_use]
    pub const fn with_attributes(mut self, attributes: &'a [(&'a str, Attribute<'a>)]) -> Self {
        self.attributes = attributes;
        self
    }

    /// Sets the address that the request comes from, in place of what its facts say.
    ///
    /// Without it the [address of the client](RequestFacts::client_address) counts, if the facts
    /// have one. Behind a proxy the [peer](RequestFacts::peer) is the proxy, so no condition takes
    /// it for the client.
    #[must_use]
    pub const fn with_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Adds whether the request came over TLS.
    #[must_use]
    pub const fn with_tls(mut self, is_encrypted: bool) -> Self {
        self.is_encrypted = Some(is_encrypted);
        self
    }

    /// Adds the headers that conditions may ask about; leave out those with credentials.
    #[must_use]
    pub const fn with_headers(mut self, headers: &'a HeaderMap) -> Self {
        self.headers = Some(headers);
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

    /// Returns the parameter of that name, if there is exactly one.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        only(self.params, name)
    }

    /// Returns the parameters as they were given.
    #[cfg(feature = "cedar")]
    pub(crate) const fn params(&self) -> &'a [(&'a str, &'a str)] {
        self.params
    }

    /// Returns the attributes of the resource as they were given.
    #[cfg(feature = "cedar")]
    pub(crate) const fn attributes(&self) -> &'a [(&'a str, Attribute<'a>)] {
        self.attributes
    }

    /// Returns the attribute of the resource of that name, if there is exactly one.
    pub fn attribute(&self, name: &str) -> Option<Attribute<'a>> {
        only(self.attributes, name)
    }

    /// Returns the address that the request comes from, an IPv4 one never as an IPv6 one.
    pub const fn address(&self) -> Option<IpAddr> {
        let address = match (self.address, self.facts) {
            (None, Some(facts)) => facts.client_address(),
            (own, _) => own,
        };
        match address {
            Some(address) => Some(address.to_canonical()),
            None => None,
        }
    }

    /// Returns whether the request came over TLS.
    pub const fn is_encrypted(&self) -> Option<bool> {
        self.is_encrypted
    }

    /// Returns the headers that conditions may ask about, untrusted.
    pub const fn headers(&self) -> Option<&'a HeaderMap> {
        self.headers
    }

    /// Returns the facts of the request, untrusted.
    pub const fn facts(&self) -> Option<&'a RequestFacts<'a>> {
        self.facts
    }
}

fn only<T: Copy>(pairs: &[(&str, T)], name: &str) -> Option<T> {
    let mut found = pairs.iter().filter(|(own, _)| *own == name);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Some(*value),
        _ => None,
    }
}

impl fmt::Debug for AccessRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(" ");
        f.debug_struct("AccessRequest")
            .field("principal", self.principal)
            .field("now", &self.now)
            .field("client", &self.client)
            .field("action", &self.action)
            .field("resource", &self.resource)
            .field("params", &names(&mut self.params.iter().map(|p| p.0)))
            .field(
                "attributes",
                &names(&mut self.attributes.iter().map(|a| a.0)),
            )
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}
