//! Paths of claims.

use std::fmt;
use std::sync::Arc;

use crate::json::Value;
use crate::policy::request::AccessRequest;
use crate::policy::truth::Truth;

/// The name of a claim, and the names of the members that lead from it to a nested value.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(in crate::policy) struct ClaimPath {
    pub(in crate::policy) claim: Arc<str>,
    pub(in crate::policy) members: Vec<Arc<str>>,
}

impl ClaimPath {
    pub(in crate::policy) fn top(claim: impl Into<Arc<str>>) -> Self {
        Self {
            claim: claim.into(),
            members: Vec::new(),
        }
    }

    /// Returns the value at this path.
    pub(in crate::policy) fn find<'a>(&self, request: &AccessRequest<'a>) -> Option<Value<'a>> {
        let top = request.principal().claims().value(&self.claim)?;
        self.members.iter().try_fold(top, member)
    }

    /// Returns whether there is no value at this path: unknown if a value on the way is not an
    /// object.
    pub(in crate::policy) fn absent(&self, request: &AccessRequest<'_>) -> Truth {
        let mut value = request.principal().claims().value(&self.claim);
        for name in &self.members {
            match value {
                None => return Truth::True,
                Some(outer) if outer.members().is_none() => return Truth::Unknown,
                Some(outer) => value = member(outer, name),
            }
        }
        value.is_none().into()
    }
}

fn member<'a>(outer: Value<'a>, name: &Arc<str>) -> Option<Value<'a>> {
    let mut members = outer.members()?;
    members
        .find(|(member, _)| member.is(name))
        .map(|(_, value)| value)
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.claim)?;
        self.members
            .iter()
            .try_for_each(|name| write!(f, ".{name}"))
    }
}
