//! The request that an authorizer decides about.

use std::any::Any;
use std::fmt;
use std::net::IpAddr;

use http::HeaderMap;

use crate::clock::UnixTime;
use crate::credential::Scheme;
use crate::policy::attribute::Attribute;
use crate::principal::Principal;
use crate::request::RequestFacts;

/// A request of an authenticated caller, as an [`Authorizer`](crate::policy::Authorizer) sees it.
///
/// It borrows everything and is cheap to copy. The principals were validated; the facts of the
/// request, its parameters and headers are sent by the client and untrusted. A fact that is not
/// given makes every condition over it [`Unknown`](crate::policy::Truth::Unknown), which denies.
/// `Debug` shows names, never values of the client.
///
/// ```
/// use bearergate::{Principal, require_scope};
/// use bearergate::clock::UnixTime;
/// use bearergate::policy::AccessRequest;
/// use bearergate::principal::PrincipalKind;
///
/// let alice = Principal::builder(PrincipalKind::Other, "https://idp.example.com")
///     .scopes(["orders:read"])
///     .build();
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
    has_contested_ids: bool,
    has_contested_client_ids: bool,
    shows_values: bool,
    /// The scheme of the caller's credential, for the challenge of a refusal.
    scheme: Option<Scheme>,
    /// What the gate remembers of the caller.
    trail: Option<&'a (dyn Any + Send + Sync)>,
}

impl<'a> AccessRequest<'a> {
    /// Creates a request of this caller; every condition over time is evaluated at `now`.
    ///
    /// Facts that are not added with the `with_` methods count as missing: a condition over them is
    /// [`Unknown`](crate::policy::Truth::Unknown).
    ///
    /// A request that is made here does not know that the gate trusts several outside authorities,
    /// so an id without its authority looks allowed. If the gate has several, add
    /// [`with_contested_ids`](Self::with_contested_ids), or start from the
    /// [`request`](crate::gate::Authenticated::request) of the authenticated caller.
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
            has_contested_ids: false,
            has_contested_client_ids: false,
            shows_values: false,
            scheme: None,
            trail: None,
        }
    }

    /// Adds the application that the second slot of the gate authenticated, where a user and the
    /// application in use each present a credential.
    #[must_use]
    pub const fn with_client(mut self, client: &'a Principal) -> Self {
        self.client = Some(client);
        self
    }

    /// Adds the action, under the name that the service gives it: what
    /// [`action`](crate::policy::action) compares. Without it such a condition is
    /// [`Unknown`](crate::policy::Truth::Unknown).
    #[must_use]
    pub const fn with_action(mut self, action: &'a str) -> Self {
        self.action = Some(action);
        self
    }

    /// Adds the name of the resource, such as the matched route: what
    /// [`route`](crate::policy::route) compares. Take it from the router, not from the path that
    /// the client sent, which can be spelled in many ways.
    #[must_use]
    pub const fn with_resource(mut self, resource: &'a str) -> Self {
        self.resource = Some(resource);
        self
    }

    /// Adds the parameters of the matched route by name, as the router decoded them. A name that is
    /// listed twice counts as not given.
    #[must_use]
    pub const fn with_params(mut self, params: &'a [(&'a str, &'a str)]) -> Self {
        self.params = params;
        self
    }

    /// Adds attributes of the resource by name, from the service's own records. A name that is
    /// listed twice counts as not given.
    #[must_use]
    pub const fn with_attributes(mut self, attributes: &'a [(&'a str, Attribute<'a>)]) -> Self {
        self.attributes = attributes;
        self
    }

    /// Sets the address of the client, in place of what the facts of the request say.
    ///
    /// Without it the [client address](RequestFacts::client_address) of the facts is used, if they
    /// have one. The [peer](RequestFacts::peer) is never used: behind a proxy it is the proxy.
    #[must_use]
    pub const fn with_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Adds whether the client sent the request over TLS: what [`via_tls`](crate::policy::via_tls)
    /// reads. Behind a proxy that terminates TLS it is what that proxy reports.
    #[must_use]
    pub const fn with_tls(mut self, is_encrypted: bool) -> Self {
        self.is_encrypted = Some(is_encrypted);
        self
    }

    /// Adds the headers that [`header`](crate::policy::header) conditions may compare. Leave out
    /// headers with credentials.
    ///
    /// The client can send any value, unless a proxy sets or removes the header. Without headers
    /// such a condition is [`Unknown`](crate::policy::Truth::Unknown).
    #[must_use]
    pub const fn with_headers(mut self, headers: &'a HeaderMap) -> Self {
        self.headers = Some(headers);
        self
    }

    /// Adds the facts of the request: method, URI and client address, as the client sent them.
    ///
    /// A [`Gate`](crate::Gate) adds them to each request that it checks. A
    /// [`RouteTable`](crate::policy::RouteTable) matches their method and, with
    /// [`by_path`](crate::policy::RouteTable::by_path), their path.
    #[must_use]
    pub const fn with_facts(mut self, facts: &'a RequestFacts<'a>) -> Self {
        self.facts = Some(facts);
        self
    }

    /// Adds that several outside authorities are trusted, of which one vouches for the caller.
    ///
    /// Any of them may use the ids of another. Conditions over an id that name no authority
    /// ([`Condition::of`](crate::policy::Condition::of)) are then
    /// [`Unknown`](crate::policy::Truth::Unknown). A [`Gate`](crate::Gate) adds it where it applies;
    /// without a gate the service has to.
    #[must_use]
    pub const fn with_contested_ids(mut self) -> Self {
        self.has_contested_ids = true;
        self
    }

    /// Adds the same for the application of the second slot.
    pub(crate) const fn with_contested_client_ids(mut self) -> Self {
        self.has_contested_client_ids = true;
        self
    }

    /// Lets traces of this request show values: the caller's subject, and what each condition read.
    /// By default they show only types and sizes. Decisions are the same.
    ///
    /// It is for developers: such a trace has personal data of the caller and text of the client, so
    /// do not set it in production, and do not store what it shows.
    #[must_use]
    pub const fn with_shown_values(mut self) -> Self {
        self.shows_values = true;
        self
    }

    /// Returns the caller, whose credential was validated.
    ///
    /// Its claims are what the issuer asserted, and need no further check.
    pub const fn principal(&self) -> &'a Principal {
        self.principal
    }

    /// Returns the time at which every condition over time is evaluated.
    ///
    /// It is read once for a request, so that all conditions see the same time.
    pub const fn now(&self) -> UnixTime {
        self.now
    }

    /// Returns the application that was authenticated in addition to the caller, if there is one.
    ///
    /// Its credential was validated, like that of the [principal](Self::principal).
    pub const fn client(&self) -> Option<&'a Principal> {
        self.client
    }

    /// Returns the action that the caller asks for, if it was given.
    ///
    /// The name is of the service, not of the client.
    pub const fn action(&self) -> Option<&'a str> {
        self.action
    }

    /// Returns the name of the resource or matched route, if it was given.
    ///
    /// The name is that of the router, not the path that the client sent.
    pub const fn resource(&self) -> Option<&'a str> {
        self.resource
    }

    /// Returns the route parameter of this name, untrusted, if there is exactly one.
    ///
    /// It is what the client put into the path: compare it with a fact of the principal before use.
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

    /// Returns the attribute of the resource with this name, if there is exactly one.
    ///
    /// It is from the service's own records, so it may be trusted.
    pub fn attribute(&self, name: &str) -> Option<Attribute<'a>> {
        only(self.attributes, name)
    }

    /// Returns the address of the client, if it is known; an IPv4 address that is mapped into IPv6
    /// is returned as IPv4.
    pub const fn address(&self) -> Option<IpAddr> {
        let address = match (self.address, self.facts) {
            (None, Some(facts)) => facts.client_address(),
            (address, _) => address,
        };
        match address {
            Some(address) => Some(address.to_canonical()),
            None => None,
        }
    }

    /// Returns whether the client sent the request over TLS, if that is known.
    ///
    /// Behind a proxy that terminates TLS, only the service can know it.
    pub const fn is_encrypted(&self) -> Option<bool> {
        self.is_encrypted
    }

    /// Returns the headers that conditions may compare, untrusted.
    ///
    /// The client wrote them, unless a proxy of the service removes or sets them.
    pub const fn headers(&self) -> Option<&'a HeaderMap> {
        self.headers
    }

    /// Returns the facts of the request, untrusted.
    ///
    /// Method and URI are what the client sent.
    pub const fn facts(&self) -> Option<&'a RequestFacts<'a>> {
        self.facts
    }

    /// Adds what a gate remembers of the caller until it decides.
    pub(crate) const fn with_scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// Returns the scheme of the caller's credential.
    pub(crate) const fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    pub(crate) const fn with_trail(mut self, trail: &'a (dyn Any + Send + Sync)) -> Self {
        self.trail = Some(trail);
        self
    }

    /// Returns what a gate remembers of the caller.
    pub(crate) const fn trail(&self) -> Option<&'a (dyn Any + Send + Sync)> {
        self.trail
    }

    pub(crate) const fn shows_values(&self) -> bool {
        self.shows_values
    }

    pub(crate) const fn has_contested_ids(&self) -> bool {
        self.has_contested_ids
    }

    #[cfg(feature = "cedar")]
    pub(crate) const fn has_contested_client_ids(&self) -> bool {
        self.has_contested_client_ids
    }
}

/// Returns the value of a name that is listed exactly once.
fn only<T: Copy>(pairs: &[(&str, T)], name: &str) -> Option<T> {
    let mut found = pairs.iter().filter(|(listed, _)| *listed == name);
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
