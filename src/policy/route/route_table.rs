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
use crate::policy::needs::{Needs, ServiceFact};
use crate::policy::request::AccessRequest;
use crate::policy::route::clean_path::CleanPath;
use crate::policy::route::escape::Ambiguity;
use crate::policy::route::guarded_route::{Guard, Route};
use crate::policy::route::matched::Matched;
use crate::policy::route::matcher::PathMatcher;
use crate::policy::route::pattern::PathPattern;
use crate::policy::trace::record::Trace;

/// Conditions and policies by method and route; cheap to clone.
///
/// A request is allowed only if a route matches it and the guard of that route allows. Where a
/// router has matched the request already, use [`by_route`](Self::by_route): the table then takes the route that the router
/// matched, and the two cannot read a path differently. With [`by_path`](Self::by_path) the table
/// matches the path itself, and denies a path that could be read in two ways.
///
/// The method is that of the request's [facts](AccessRequest::with_facts), or without facts its
/// [action](AccessRequest::with_action). A route for `GET` is for `HEAD` too (RFC 9110 section
/// 9.3.2), as it is in most routers, unless the same pattern has a route for `HEAD`.
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
    /// The guard of the route gets the parameters of the pattern, their percent escapes decoded
    /// once: `auth0%7C123` is `auth0|123`, and `+` is a plus sign. A parameter is not given to the
    /// guard if it escapes `?` or `#`, or if one of its segments begins or ends with an escaped
    /// space. Literal segments of a pattern are compared with the path as it was sent, byte for
    /// byte.
    ///
    /// A path that some readers take apart in another way is denied: one with empty segments, dots
    /// (also with escaped spaces around them), path parameters or needless escapes, with escapes
    /// that are not UTF-8, or with escapes of `/`, `\\`, `;`, `%`, controls, line separators and
    /// characters that compatibility mappings turn into one of these or a dot. So is an escaped
    /// spelling of a pattern's literal, such as `/%40me` where there is a route `/@me`.
    ///
    /// A denial for such a path or parameter has the reason
    /// [`Ambiguous`](ReasonCode::Ambiguous), which says what is ambiguous about it.
    pub const fn by_path() -> RouteTableBuilder {
        RouteTableBuilder::new(true)
    }

    /// Decides about a request: an allow only if the guard of its route allows. An allow does not
    /// allocate.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        match self.locate(request) {
            Ok(matched) => matched.decide(request),
            Err(miss) => miss.decision(),
        }
    }

    /// Calls with the route that matches a request, and the request with its parameters.
    pub(in crate::policy) fn with_matched<T>(
        &self,
        request: &AccessRequest<'_>,
        call: impl FnOnce(&Route, &AccessRequest<'_>) -> T,
    ) -> Option<T> {
        let matched = self.locate(request).ok()?;
        Some(matched.with_params(request, |request, _| call(matched.route, request)))
    }

    /// Returns the route that matches a request: the most specific one, by method and by each
    /// segment of the pattern. Its guard is not evaluated; [`decide`](Self::decide) does that.
    pub fn find(&self, request: &AccessRequest<'_>) -> Option<&Route> {
        let matched = self.locate(request).ok()?;
        Some(matched.route)
    }

    fn locate<'r>(&self, request: &AccessRequest<'r>) -> Result<Matched<'_, 'r>, Miss> {
        let table = &*self.0;
        let method = match request.facts() {
            Some(facts) => facts.method().as_str(),
            None => request.action().ok_or(Miss::Unmatched)?,
        };
        let mut routes = [0; limits::POLICY_RULES / 64];
        bit_set::unite(&mut routes, table.methods.candidates(method));
        let path = match &table.keys {
            Keys::Path(matcher) => {
                let facts = request.facts().ok_or(Miss::Unmatched)?;
                let path = CleanPath::new(facts.uri().path())?;
                matcher.retain_matching(&mut routes, path)?;
                Some(path)
            }
            Keys::Route(patterns) => {
                let name = request.resource().ok_or(Miss::Unmatched)?;
                bit_set::intersect(&mut routes, patterns.candidates(name));
                None
            }
        };
        let first = bit_set::first(&routes);
        match first.and_then(|at| table.routes.get(at)) {
            Some(route) => Ok(Matched { route, path }),
            None => Err(Miss::Unmatched),
        }
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

/// Why no route matches a request.
enum Miss {
    Ambiguous(Ambiguity),
    Unmatched,
}

impl Miss {
    #[cold]
    fn decision(&self) -> Decision {
        let reason = match self {
            Self::Ambiguous(ambiguity) => Reason::new(
                ReasonCode::Ambiguous,
                format!("the path has two readings: {}", ambiguity.as_str()),
            ),
            Self::Unmatched => Reason::new(ReasonCode::Unmatched, "no route"),
        };
        Decision::deny().with_reason(reason)
    }
}

impl From<Ambiguity> for Miss {
    fn from(ambiguity: Ambiguity) -> Self {
        Self::Ambiguous(ambiguity)
    }
}

impl Authorizer for RouteTable {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }

    fn needs(&self) -> Needs {
        if matches!(self.0.keys, Keys::Route(_)) {
            return Needs::nothing().for_all("a table by route", ServiceFact::Resource);
        }
        let guards: Vec<_> = self.routes().iter().map(Route::needs).collect();
        let denies_all = guards.iter().all(Needs::denies_all);
        let all = guards.into_iter().fold(Needs::nothing(), Needs::and);
        all.denying_all(denies_all)
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
    /// The order in which routes are added does not matter: the most specific route matches. A
    /// route for `GET` is for `HEAD` too, unless a route for `HEAD` has the same pattern.
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
            covers_head: false,
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
    /// limit of [`Condition`](crate::policy::Condition); the errors of scopes as
    /// [`PolicyBuilder::build`](crate::policy::PolicyBuilder::build) has them.
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
        cover_head(&mut routes);
        check_conflicts(&routes)?;
        routes.sort_by_cached_key(|route| {
            let ranks = route.path.iter().flat_map(PathPattern::ranks);
            (ranks.collect::<Vec<_>>(), route.method.is_none())
        });
        let mut methods = RulesByName::new(routes.len());
        for (at, route) in routes.iter().enumerate() {
            let names = route.method_names();
            let names: Option<Vec<Arc<str>>> = names.map(|names| names.map(Arc::from).collect());
            methods.add(at, names.as_ref().map(|names| names.iter().collect()));
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

/// Lets each route for `GET` be one for `HEAD` too, unless its pattern has a route for `HEAD`.
fn cover_head(routes: &mut [Route]) {
    let heads = routes
        .iter()
        .filter(|route| route.method == Some(Method::HEAD));
    let heads: Vec<_> = heads.cloned().collect();
    for route in routes {
        let has_head = || heads.iter().any(|head| route.has_pattern_of(head));
        route.covers_head = route.method == Some(Method::GET) && !has_head();
    }
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
