//! Tables of routes.

use std::fmt;
use std::sync::Arc;

use http::Method;

use crate::error::{ConfigError, ConfigErrorKind};
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::policy::authorizer::Authorizer;
use crate::policy::decision::{Decision, Reason, ReasonCode};
use crate::policy::engine::bit_set;
use crate::policy::engine::index::RulesByName;
use crate::policy::request::AccessRequest;
use crate::policy::route::guarded_route::{Guard, Route};
use crate::policy::route::matcher::PathMatcher;
use crate::policy::route::pattern::{CleanPath, PathPattern, Segment};
use crate::policy::trace::record::Trace;

/// Conditions and policies by method and route; cheap to clone.
///
/// A request is allowed only if a route matches it and the guard of that route allows. Where a
/// router has matched the request already, use [`by_route`](Self::by_route): the table then takes the route that the router
/// matched, and the two cannot read a path differently. With [`by_path`](Self::by_path) the table
/// matches the path itself, and denies a path that could be read in two ways.
///
/// The method is that of the request's [facts](AccessRequest::with_facts), or without facts its
/// [action](AccessRequest::with_action). `HEAD` is not `GET`: add a route for each.
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
///     .route(Method::GET, "/users/{user}/orders", owner(param("user").of("idp")))
///     .build()?;
///
/// let alice = Principal::builder(PrincipalKind::Session, "idp").subject("alice").build();
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
pub struct RouteTable(Arc<CompiledTable>);

struct CompiledTable {
    /// More specific routes before those that they overlap.
    routes: Vec<Route>,
    methods: RulesByName,
    keys: Keys,
}

/// How the route of a request is found.
enum Keys {
    Path(PathMatcher),
    Route(RulesByName),
}

impl RouteTable {
    /// Creates a builder of a table that takes the route that the service's router matched
    /// ([`AccessRequest::with_resource`]) and compares it byte for byte.
    pub const fn by_route() -> RouteTableBuilder {
        RouteTableBuilder::new(false)
    }

    /// Creates a builder of a table that matches the path of the request's
    /// [facts](AccessRequest::with_facts) against patterns such as `/orders/{id}` and
    /// `/files/{*path}`.
    ///
    /// The guard of the route gets the parameters of the pattern. A parameter with percent escapes
    /// counts as not given.
    ///
    /// A path that some readers take apart in another way matches no route: one with empty
    /// segments, dots, path parameters or needless escapes, with escapes that are not UTF-8, or
    /// with escapes of `/`, `\\`, `;`, `%`, controls, line separators and characters that
    /// compatibility mappings turn into one of these or a dot. Neither does an escaped spelling of
    /// a pattern's literal, such as `/%40me` where there is a route `/@me`.
    pub const fn by_path() -> RouteTableBuilder {
        RouteTableBuilder::new(true)
    }

    /// Decides about a request: an allow only if the guard of its route allows. An allow does not
    /// allocate.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        let decision = self.with_matched(request, |route, request| route.guard.decide(request));
        decision.unwrap_or_else(|| {
            Decision::deny().with_reason(Reason::new(ReasonCode::Unmatched, "no route"))
        })
    }

    /// Calls with the route that matches a request, and the request with its parameters.
    pub(in crate::policy) fn with_matched<T>(
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

    /// Returns the route that matches a request: the most specific one, by method and by each
    /// segment of the pattern. Its guard is not evaluated; [`decide`](Self::decide) does that.
    pub fn find(&self, request: &AccessRequest<'_>) -> Option<&Route> {
        let table = &*self.0;
        let method = match request.facts() {
            Some(facts) => facts.method().as_str(),
            None => request.action()?,
        };
        let mut routes = [0; limits::POLICY_RULES / 64];
        bit_set::unite(&mut routes, table.methods.candidates(method));
        match &table.keys {
            Keys::Path(matcher) => {
                let path = CleanPath::new(request.facts()?.uri().path())?;
                matcher.retain_matching(&mut routes, path)?;
            }
            Keys::Route(patterns) => {
                bit_set::intersect(&mut routes, patterns.candidates(request.resource()?));
            }
        }
        table.routes.get(bit_set::first(&routes)?)
    }

    #[cfg(feature = "policy-file")]
    pub(in crate::policy) fn is_by_path(&self) -> bool {
        matches!(self.0.keys, Keys::Path(_))
    }

    /// Returns the routes; more specific ones precede those that they overlap.
    ///
    /// It is the order in which they are matched, not the one in which they were added.
    pub fn routes(&self) -> &[Route] {
        &self.0.routes
    }
}

/// Returns the parameters of a path that the pattern matches.
fn bind<'b, 'r>(
    pattern: &'r PathPattern,
    path: CleanPath<'r>,
    params: &'b mut [(&'r str, &'r str)],
) -> &'b [(&'r str, &'r str)] {
    let mut slots = params.iter_mut();
    let mut count = 0;
    for (at, (segment, text)) in pattern.segments.iter().zip(path.segments()).enumerate() {
        let bound = match segment {
            Segment::Literal(_) => None,
            Segment::Param(name) => Some((&**name, text)),
            Segment::Tail(name) => path.tail(at).map(|tail| (&**name, tail)),
        };
        // An escaped value would have to be decoded before it can be compared.
        let Some(bound) = bound.filter(|(_, text)| !text.contains('%')) else {
            continue;
        };
        if let Some(slot) = slots.next() {
            *slot = bound;
            count += 1;
        }
    }
    params.get(..count).unwrap_or_default()
}

impl Authorizer for RouteTable {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }

    fn trace<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Option<Trace>> {
        NowOrLater::now(Some(self.explain(request)))
    }
}

impl fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RouteTable")?;
        f.debug_list().entries(self.routes()).finish()
    }
}

/// A builder of a [`RouteTable`]; created by [`RouteTable::by_path`] and [`RouteTable::by_route`].
///
/// Nothing is checked before [`build`](Self::build), which returns the first error.
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

    /// Adds a route for one method, with the condition or policy that guards it.
    ///
    /// The order in which routes are added does not matter: the most specific route matches.
    pub fn route(self, method: Method, pattern: &str, guard: impl Into<Guard>) -> Self {
        self.with(Some(method), pattern, guard.into())
    }

    /// Adds a route for every method; a route that names the method is more specific.
    ///
    /// Use it for a deny of everything else below a path, or for a guard that itself reads the
    /// method.
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

    /// Validates the routes, and compiles them into a table.
    ///
    /// # Errors
    ///
    /// [`Empty`](ConfigErrorKind::Empty) without a route, or for one without a pattern;
    /// [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for a malformed pattern;
    /// [`Conflict`](ConfigErrorKind::Conflict) for two routes that match one request, unless one
    /// of them is more specific in every segment and in the method;
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) above
    /// [`limits::POLICY_RULES`](crate::limits::POLICY_RULES), and for a condition that exceeds a
    /// limit of [`Condition`](crate::policy::Condition).
    pub fn build(self) -> Result<RouteTable, ConfigError> {
        let mut routes = self.routes;
        check_count(&routes)?;
        for route in &routes {
            if let Guard::Condition(condition) = &route.guard {
                condition.check_limits("route")?;
            }
        }
        if self.is_by_path {
            for route in &mut routes {
                route.path = Some(PathPattern::parse(&route.pattern)?);
            }
        }
        check_conflicts(&routes)?;
        routes.sort_by_cached_key(|route| {
            let ranks = route.path.iter().flat_map(PathPattern::ranks);
            (ranks.collect::<Vec<_>>(), route.method.is_none())
        });
        let mut methods = RulesByName::new(routes.len());
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
            Keys::Path(PathMatcher::new(patterns.into_iter()))
        } else {
            let mut patterns = RulesByName::new(routes.len());
            for (at, route) in routes.iter().enumerate() {
                patterns.add(at, Some(vec![&route.pattern]));
            }
            patterns.finish();
            Keys::Route(patterns)
        };
        Ok(RouteTable(Arc::new(CompiledTable {
            routes,
            methods,
            keys,
        })))
    }
}

fn check_count(routes: &[Route]) -> Result<(), ConfigError> {
    let error = |kind, detail| Err(ConfigError::new(kind, "route", detail));
    if routes.is_empty() || routes.iter().any(|route| route.pattern.is_empty()) {
        let detail =
            "expected at least one route, each with a pattern, found none or an empty pattern";
        return error(ConfigErrorKind::Empty, detail.to_owned());
    }
    if routes.len() > limits::POLICY_RULES {
        let max = limits::POLICY_RULES;
        let detail = format!("expected at most {max} routes, found {}", routes.len());
        return error(ConfigErrorKind::OutOfRange, detail);
    }
    Ok(())
}

fn check_conflicts(routes: &[Route]) -> Result<(), ConfigError> {
    for (at, route) in routes.iter().enumerate() {
        for other in routes.iter().skip(at + 1) {
            if route.overlaps(other) && route.is_within(other) == other.is_within(route) {
                let detail = format!(
                    "`{}` and `{}` match one request, and neither is more specific; remove one",
                    route.pattern, other.pattern
                );
                return Err(ConfigError::conflict("route", detail));
            }
        }
    }
    Ok(())
}
