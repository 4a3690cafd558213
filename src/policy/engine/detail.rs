//! Authorization details (RFC 9396) that a condition demands.

use std::sync::Arc;

use crate::json::Value;
use crate::policy::truth::Truth;
use crate::principal::ClaimValue;

/// What one element of the claim `authorization_details` has to be.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Detail {
    pub(in crate::policy) kind: Arc<str>,
    pub(in crate::policy) actions: Vec<Arc<str>>,
    pub(in crate::policy) locations: Vec<Arc<str>>,
    /// The path of each member, with the value that it has to have.
    pub(in crate::policy) members: Vec<(Vec<Arc<str>>, ClaimValue)>,
}

/// The claim with the details.
pub(in crate::policy) const CLAIM: &str = "authorization_details";

impl Detail {
    pub(in crate::policy) fn new(kind: impl Into<Arc<str>>) -> Self {
        Self {
            kind: kind.into(),
            actions: Vec::new(),
            locations: Vec::new(),
            members: Vec::new(),
        }
    }

    /// True only if one element has all of it; unknown if none has, and one of this type has a member
    /// of another type.
    pub(in crate::policy) fn evaluate(&self, claim: Value<'_>) -> Truth {
        let Some(elements) = claim.elements() else {
            return Truth::Unknown;
        };
        let mut any = Truth::False;
        for element in elements {
            match self.fits(element) {
                Truth::True => return Truth::True,
                other => any = any.or(other),
            }
        }
        any
    }

    fn fits(&self, element: Value<'_>) -> Truth {
        match member(element, "type") {
            Some(kind) if kind.is_text(&self.kind) => {}
            _ => return Truth::False,
        }
        let lists = [("actions", &self.actions), ("locations", &self.locations)];
        let listed = lists
            .into_iter()
            .map(|(name, wanted)| has_all(element, name, wanted));
        let members = self.members.iter().map(|(path, wanted)| {
            let found = path
                .iter()
                .try_fold(element, |outer, name| member(outer, name));
            found.and_then(|found| wanted.is(found)).into()
        });
        listed.chain(members).fold(Truth::True, Truth::and)
    }
}

/// Whether a list of an element has all of these texts; an element without the list grants none.
fn has_all(element: Value<'_>, name: &str, wanted: &[Arc<str>]) -> Truth {
    if wanted.is_empty() {
        return Truth::True;
    }
    let Some(list) = member(element, name) else {
        return Truth::False;
    };
    let Some(list) = list.elements() else {
        return Truth::Unknown;
    };
    let mut wanted = wanted.iter();
    wanted
        .all(|wanted| list.clone().any(|own| own.is_text(wanted)))
        .into()
}

fn member<'j>(outer: Value<'j>, name: &str) -> Option<Value<'j>> {
    let mut members = outer.members()?;
    let found = members.find(|(member, _)| member.is(name));
    found.map(|(_, value)| value)
}
