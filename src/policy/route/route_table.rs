//! Policies by method and route.

use std::fmt;
use std::sync::Arc;

use http::Method;

use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::policy::authorizer::Authorizer;
use crate::policy::decision::Decision;
use crate::policy::decision::Reason;
use crate::policy::decision::ReasonCode;
use crate::policy::engine::bit_set::first;
use crate::policy::engine::bit_set::merge;
use crate::policy::engine::bit_set::narrow;
use crate::policy::engine::index::Keyed;
use crate::policy::request::AccessRequest;
use crate::policy::route::guarded_route::Guard;
use crate::policy::route::guarded_route::Route;
use crate::policy::route::matcher::Paths;
use crate::policy::route::pattern::CleanPath;
use crate::policy::route::pattern::PathPattern;
use crate::policy::route::pattern::Segment;

/// Policies by method and route; what no route matches is denied. Cheap to clone.
///
/// Where there is a router, key the table by [its routes](Self::by_route): then policy and router
/// cannot read a path differently. [By path](Self::by_path) the table matches for itself, and
/// denies a path that could be read in two ways.
///
/// The method is that of the request's [facts](AccessRequest::with_facts), or where there are
/// none its [action](AccessRequest::with_action). `HEAD` is a method of its own.
///
/// ```
/// use bearergate::{Principal, require_scope};
/// use bearergate::clock::UnixTime;
/// use bearergate::policy::{AccessRequest, owner, param, RouteTable};
/// use bearergate::principal::PrincipalKind;
/// use bearergate::request::RequestFacts;
/// use http::Method;
///
/// let table = RouteTable::by_path()
///     .route(Method::GET, "/orders/{id}", require_scope("orders:read"))
///     .route(Method::GET, "/users/{user}/orders", owner(param("user").of("house")))
///     .build()?;
///
/// let alice = Principal::builder(PrincipalKind::Session, "house").subject("alice").build();
/// let request = AccessRequest::new(&alice, UnixTime::from_secs(0));
/// let allows = |path: &'static str| {
///     let parts = http::Request::get(path).body(()).unwrap();
///     let facts = RequestFacts::from(&parts);
///     table.decide(&request.with_facts(&facts)).is_allowed()
/// };
/// assert!(allows("/users/alice/orders"));
/// assert!(!allows("/users/bob/orders"));
/// assert!(!allows("/elsewhere"));
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct RouteTable(Arc<Inner>);

struct Inner {
    /// The more specific ones before those that they overlap with.
    routes: Vec<Route>,
    methods: Keyed,
    keys: Keys,
}

/// How routes are found.
enum Keys {
    Path(Paths),
    Route(Keyed),
}

impl RouteTable {
    /// Starts a table that is keyed by the routes of the service's router
    /// ([`AccessRequest::with_resource`]), byte for byte.
    pub const fn by_route() -> RouteTableBuilder {
        RouteTableBuilder::new(false)
    }

    /// Starts a table that matches the path of the request's
    /// [facts](AccessRequest::with_facts) against patterns: `/orders/{id}`, `/files/{*path}`.
    ///
    /// Parameters are given to the conditions of the route, save those that are escaped, which
    /// count as not given.
    pub const fn by_path() -> RouteTableBuilder {
        RouteTableBuilder::new(true)
    }

    /// Decides about a request by the policy of its route; an allow costs no allocation.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        let decision = self.scene(request, |route, request| route.guard.decide(request));
        decision.unwrap_or_else(|| {
            Decision::deny().with_reason(Reason::new(ReasonCode::Unmatched, "no route"))
        })
    }

    /// Calls with the route that a request is about, and the request as its guard sees it.
    pub(in crate::policy) fn scene<T>(
        &self,
        request: &AccessRequest<'_>,
        call: impl FnOnce(&Route, &AccessRequest<'_>) -> T,
    ) -> Option<T> {
        let route = self.find(request)?;
        let path = request
            .facts()
            .and_then(|facts| CleanPath::new(facts.uri().path()));
        Some(match path.zip(route.path.as_ref()) {
            Some((path, pattern)) => {
                let mut params = [("", ""); limits::ROUTE_SEGMENTS];
                let params = bind(pattern, path, &mut params);
                let request = request.with_resource(&route.pattern).with_params(params);
                call(route, &request)
            }
            None => call(route, request),
        })
    }

    /// Returns the route that a request is about.
    pub fn find(&self, request: &AccessRequest<'_>) -> Option<&Route> {
        let inner = &*self.0;
        let method = match request.facts() {
            Some(facts) => facts.method().as_str(),
            None => request.action()?,
        };
        let mut all = [0; limits::POLICY_RULES / 64];
        merge(&mut all, inner.methods.of(method));
        match &inner.keys {
            Keys::Path(paths) => {
                let path = CleanPath::new(request.facts()?.uri().path())?;
                paths.narrow(&mut all, path)?;
            }
            Keys::Route(routes) => narrow(&mut all, routes.of(request.resource()?)),
        }
        inner.routes.get(first(&all)?)
    }

    #[cfg(feature = "policy-file")]
    pub(in crate::policy) fn is_by_path(&self) -> bool {
        matches!(self.0.keys, Keys::Path(_))
    }

    /// Returns the routes, the more specific ones before those that they overlap with.
    pub fn routes(&self) -> &[Route] {
        &self.0.routes
    }
}

/// Takes the parameters from a path that the pattern matches.
fn bind<'b, 'r>(
    pattern: &'r PathPattern,
    path: CleanPath<'r>,
    params: &'b mut [(&'r str, &'r str)],
) -> &'b [(&'r str, &'r str)] {
    let mut free = params.iter_mut();
    let mut count = 0;
    for (at, (segment, text)) in pattern.segments.iter().zip(path.segments()).enumerate() {
        let bound = match segment {
            Segment::Literal(_) => None,
            Segment::Param(name) => Some((&**name, text)),
            Segment::Tail(name) => path.tail(at).map(|tail| (&**name, tail)),
        };
        // What is escaped would have to be undone first, and compares with nothing as it stands.
        let Some(bound) = bound.filter(|(_, text)| !text.contains('%')) else {
            continue;
        };
        if let Some(place) = free.next() {
            *place = bound;
            count += 1;
        }
    }
    params.get(..count).unwrap_or_default()
}

impl Authorizer for RouteTable {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }
}

impl fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RouteTable")?;
        f.debug_list().entries(self.routes()).finish()
    }
}

/// Puts a [`RouteTable`] together.
#[derive(Clone, Debug)]
#[must_use]
pub struct RouteTableBuilder {
    routes: Vec<Route>,
    is_by_path: bool,
}

impl RouteTableBuilder {
    const fn new(is_by_path: bool) -> Self {
        Self {
            routes: Vec::new(),
            is_by_path,
        }
    }

    /// Adds a route of one method.
    pub fn route(self, method: Method, pattern: &str, guard: impl Into<Guard>) -> Self {
        self.with(Some(method), pattern, guard.into())
    }

    /// Adds a route for every method; one that names the method goes before it.
    pub fn any_method(self, pattern: &str, guard: impl Into<Guard>) -> Self {
        self.with(None, pattern, guard.into())
    }

    fn with(mut self, method: Option<Method>, pattern: &str, guard: Guard) -> Self {
        self.routes.push(Route {
            method,
            pattern: pattern.into(),
            guard,
            path: None,
        });
        self
    }

    /// Checks and compiles the table.
    ///
    /// # Errors
    ///
    /// [`Empty`](ConfigErrorKind::Empty) for no route, or one without a pattern;
    /// [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for a malformed pattern;
    /// [`Conflict`](ConfigErrorKind::Conflict) for two routes that match one request, unless one
    /// of them is more specific in every segment and in the method;
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) above
    /// [`limits::POLICY_RULES`](crate::limits::POLICY_RULES).
    pub fn build(self) -> Result<RouteTable, ConfigError> {
        let mut routes = self.routes;
        check_count(&routes)?;
        if self.is_by_path {
            for route in &mut routes {
                route.path = Some(PathPattern::parse(&route.pattern)?);
            }
        }
        check_apart(&routes)?;
        routes.sort_by_cached_key(|route| {
            let ranks = route.path.iter().flat_map(PathPattern::ranks);
            (ranks.collect::<Vec<_>>(), route.method.is_none())
        });
        let mut methods = Keyed::new(routes.len());
        for (at, route) in routes.iter().enumerate() {
            let method = route
                .method
                .as_ref()
                .map(|method| Arc::from(method.as_str()));
            methods.add(at, method.as_ref().map(|method| vec![method]));
        }
        methods.finish();
        let keys = if self.is_by_path {
            let patterns: Vec<_> = routes
                .iter()
                .filter_map(|route| route.path.as_ref())
                .collect();
            Keys::Path(Paths::of(patterns.into_iter()))
        } else {
            Keys::Route(by_pattern(&routes))
        };
        Ok(RouteTable(Arc::new(Inner {
            routes,
            methods,
            keys,
        })))
    }
}

fn by_pattern(routes: &[Route]) -> Keyed {
    let mut keyed = Keyed::new(routes.len());
    for (at, route) in routes.iter().enumerate() {
        keyed.add(at, Some(vec![&route.pattern]));
    }
    keyed.finish();
    keyed
}

fn check_count(routes: &[Route]) -> Result<(), ConfigError> {
    let error = |kind, detail| Err(ConfigError::new(kind, "route", detail));
    if routes.is_empty() || routes.iter().any(|route| route.pattern.is_empty()) {
        let detail = "a route or its pattern is missing; give at least one, each with a pattern";
        return error(ConfigErrorKind::Empty, detail.to_owned());
    }
    if routes.len() > limits::POLICY_RULES {
        let most = limits::POLICY_RULES;
        let detail = format!("{} routes were given; give at most {most}", routes.len());
        return error(ConfigErrorKind::OutOfRange, detail);
    }
    Ok(())
}

fn check_apart(routes: &[Route]) -> Result<(), ConfigError> {
    for (at, route) in routes.iter().enumerate() {
        for other in routes.iter().skip(at + 1) {
            if route.overlaps(other) && route.is_within(other) == other.is_within(route) {
                let detail = format!(
                    "`{}` and `{}` match one request and neither is more specific; drop one",
                    route.pattern, other.pattern
                );
                return Err(ConfigError::conflict("route", detail));
            }
        }
    }
    Ok(())
}
