//! Scopes, actors and audiences of a principal.

use std::borrow::Cow;
use std::fmt;

use crate::json::Elements;
use crate::json::Value;

/// The scopes of a principal: a set, compared byte for byte.
#[derive(Clone, Copy, Debug)]
pub struct Scopes<'p>(&'p str);

impl<'p> Scopes<'p> {
    pub(crate) const fn new(joined: &'p str) -> Self {
        Self(joined)
    }

    /// Returns true if the set has exactly this member.
    pub fn contains(&self, scope: &str) -> bool {
        !scope.is_empty() && self.bytes().any(|own| own == scope.as_bytes())
    }

    /// Returns the members in their order as bytes.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &'p [u8]> + use<'p> {
        let parts = self.0.as_bytes().split(|byte| *byte == b' ');
        parts.filter(|scope| !scope.is_empty())
    }

    /// Returns the members in their order; white space other than U+0020 belongs to a member.
    pub fn iter(&self) -> impl Iterator<Item = &'p str> + use<'p> {
        self.0.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Returns true if there is no member.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

/// The audiences that a credential names.
#[derive(Clone)]
pub struct Audience<'p>(Inner<'p>);

#[derive(Clone)]
enum Inner<'p> {
    One(Option<Value<'p>>),
    Many(Elements<'p>),
}

impl<'p> Audience<'p> {
    pub(super) fn new(aud: Option<Value<'p>>) -> Self {
        Self(match aud.and_then(Value::elements) {
            Some(elements) => Inner::Many(elements),
            None => Inner::One(aud),
        })
    }
}

impl<'p> Iterator for Audience<'p> {
    type Item = Cow<'p, str>;

    fn next(&mut self) -> Option<Cow<'p, str>> {
        let value = match &mut self.0 {
            Inner::One(value) => value.take()?,
            Inner::Many(elements) => elements.next()?,
        };
        value.as_str()
    }
}

impl fmt::Debug for Audience<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// Somebody who acts for the subject (RFC 8693 section 4.1).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Actor<'p> {
    /// The actor's `sub`.
    pub subject: Option<Cow<'p, str>>,
    /// The actor's `iss`, where it differs from the token's.
    pub issuer: Option<Cow<'p, str>>,
}

/// The chain of actors, the current one first; at most
/// [`limits::ACTOR_DEPTH`](crate::limits::ACTOR_DEPTH).
#[derive(Clone, Debug)]
pub struct Actors<'p>(Option<Value<'p>>);

impl<'p> Actors<'p> {
    pub(super) const fn new(act: Option<Value<'p>>) -> Self {
        Self(act)
    }
}

impl<'p> Iterator for Actors<'p> {
    type Item = Actor<'p>;

    fn next(&mut self) -> Option<Actor<'p>> {
        let act = self.0.take()?.as_object()?;
        self.0 = act.get("act");
        let text = |name| act.get(name).and_then(Value::as_str);
        Some(Actor {
            subject: text("sub"),
            issuer: text("iss"),
        })
    }
}
