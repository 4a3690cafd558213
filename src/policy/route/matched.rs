//! The route that matches a request, and the parameters of its pattern.

use crate::limits;
use crate::policy::decision::{Decision, Reason, ReasonCode};
use crate::policy::request::AccessRequest;
use crate::policy::route::clean_path::CleanPath;
use crate::policy::route::escape;
use crate::policy::route::escape::Ambiguity;
use crate::policy::route::guarded_route::Route;
use crate::policy::route::pattern::{PathPattern, Segment};

/// A route that matches a request, and the path in a table by path.
#[derive(Clone, Copy)]
pub(in crate::policy) struct Matched<'t, 'r> {
    pub(in crate::policy) route: &'t Route,
    pub(in crate::policy) path: Option<CleanPath<'r>>,
}

/// The name of a parameter that has more than one reading, so that a guard does not get it.
type Withheld<'p> = (&'p str, Ambiguity);

impl Matched<'_, '_> {
    /// Decides by the guard of the route.
    pub(in crate::policy) fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        let guard = &self.route.guard;
        self.with_params(request, |request, withheld| {
            let read = withheld.iter().filter(|(name, _)| guard.reads_param(name));
            read.fold(guard.decide(request), with_ambiguity)
        })
    }

    /// Calls with the request that has the parameters of the path.
    pub(in crate::policy) fn with_params<T>(
        &self,
        request: &AccessRequest<'_>,
        call: impl FnOnce(&AccessRequest<'_>, &[Withheld<'_>]) -> T,
    ) -> T {
        let Some((path, pattern)) = self.path.zip(self.route.path.as_ref()) else {
            return call(request, &[]);
        };
        let mut params = [("", ""); limits::ROUTE_SEGMENTS];
        let params = bind(pattern, path, &mut params);
        let request = request.with_resource(&self.route.pattern);
        if !path.has_escapes {
            return call(&request.with_params(params), &[]);
        }
        with_decoded(params, |params, withheld| {
            call(&request.with_params(params), withheld)
        })
    }
}

/// Adds to a deny that a parameter which it depends on has more than one reading.
fn with_ambiguity(decision: Decision, (name, ambiguity): &Withheld<'_>) -> Decision {
    if decision.is_allowed() {
        return decision;
    }
    let text = ambiguity.as_str();
    let name = format!("parameter `{name}` is encoded ambiguously: {text}");
    decision.with_reason(Reason::new(ReasonCode::Ambiguous, name))
}

/// Calls with the parameters whose escapes have one reading, decoded, and with the others.
fn with_decoded<T>(
    params: &[(&str, &str)],
    call: impl FnOnce(&[(&str, &str)], &[Withheld<'_>]) -> T,
) -> T {
    let decoded = params.iter();
    let decoded = decoded.map(|(name, text)| (*name, escape::decoded(text)));
    let decoded: Vec<_> = decoded.collect();
    let given = decoded.iter().filter_map(|(name, text)| match text {
        Ok(text) => Some((*name, &**text)),
        Err(_) => None,
    });
    let withheld = decoded.iter().filter_map(|(name, text)| match text {
        Ok(_) => None,
        Err(ambiguity) => Some((*name, *ambiguity)),
    });
    let (given, withheld): (Vec<_>, Vec<_>) = (given.collect(), withheld.collect());
    call(&given, &withheld)
}

/// Returns the parameters of a path that the pattern matches, as they are in the path.
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
        let Some(bound) = bound else { continue };
        if let Some(slot) = slots.next() {
            *slot = bound;
            count += 1;
        }
    }
    params.get(..count).unwrap_or_default()
}
