//! Scopes, audiences and actors of a principal.

use std::borrow::Cow;
use std::fmt;

use crate::json::{Elements, Value};

/// The scopes of a principal: a set of texts that are compared byte by byte (RFC 6749 section 3.3).
/// It has the scopes that the credential was granted, not what its caller may do: that is the
/// decision of a policy.
#[derive(Clone, Copy, Debug)]
pub struct Scopes<'p>(&'p str);

impl<'p> Scopes<'p> {
    pub(crate) const fn new(joined: &'p str) -> Self {
        Self(joined)
    }

    /// Returns true only if the set has exactly this scope. There are no prefixes or wildcards. An
    /// empty text is in no set.
    pub fn contains(&self, scope: &str) -> bool {
        !scope.is_empty() && self.bytes().any(|member| member == scope.as_bytes())
    }

    /// Returns the scopes in order, as bytes.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &'p [u8]> + use<'p> {
        let parts = self.0.as_bytes().split(|byte| *byte == b' ');
        parts.filter(|scope| !scope.is_empty())
    }

    /// Returns the scopes in the order of the credential. Only U+0020 separates them; other white
    /// space is part of a scope.
    pub fn iter(&self) -> impl Iterator<Item = &'p str> + use<'p> {
        self.0.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Returns true if there is no scope. A credential without scopes has no [`Scopes`] at all.
    /// Every rule that needs a scope denies in both cases.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

/// An iterator over the audiences of a credential, see [`Principal::audience`].
///
/// [`Principal::audience`]: crate::Principal::audience
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

/// A party that acts for the subject (RFC 8693 section 4.1). The authority asserted it; this crate
/// does not authenticate the actor.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Actor<'p> {
    /// The `sub` of the actor.
    pub subject: Option<Cow<'p, str>>,
    /// The `iss` of the actor, if the claim has one.
    pub issuer: Option<Cow<'p, str>>,
}

/// An iterator over the chain of actors, the current one first; at most 4. See
/// [`Principal::actors`](crate::Principal::actors).
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
