//! Single conditions over scopes and claims.

use std::sync::Arc;

use super::check::Check;
use super::condition::Condition;
use super::pattern::Pattern;
use super::test::Path;
use super::test::Test;
use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::principal::ClaimValue;

/// Holds only if the caller has exactly this scope, byte for byte.
///
/// A caller whose credential says nothing about scopes makes it
/// [`Unknown`](crate::policy::Verdict::Unknown). A deny for want of it is
/// [`ScopeInsufficient`](crate::error::RejectionKind::ScopeInsufficient). It asks for one scope: a name
/// that is empty or has a space is one that nobody has.
///
/// ```
/// use bearergate::{claim, require_scope};
/// use bearergate::policy::Condition;
///
/// let policy = require_scope("orders:read").and(claim("tenant").is("acme"));
/// let all = Condition::all(["orders:read", "orders:write"].map(require_scope))?;
/// let any = Condition::any(["orders:read", "orders:write"].map(require_scope))?;
/// # let _ = (policy, all, any);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
pub fn require_scope(name: impl Into<Arc<str>>) -> Condition {
    let scope = name.into();
    let name = format!("scope {scope}");
    Condition::leaf(name, Test::Scope(scope))
}

/// Holds only if the claim `roles` is a list with this role; for another place write
/// `claim("realm_access").at("roles").contains("clerk")`.
pub fn role(name: impl Into<String>) -> Condition {
    claim("roles").contains(name.into())
}

/// Holds only if the claim `groups` is a list with this group.
pub fn group(name: impl Into<String>) -> Condition {
    claim("groups").contains(name.into())
}

/// Begins a condition over the claim of this name.
///
/// A claim that is missing or of another type makes the condition
/// [`Unknown`](crate::policy::Verdict::Unknown), which denies, under [`not`](Condition::not) too.
///
/// ```
/// use bearergate::claim;
///
/// let policy = claim("tenant").is("acme").and(claim("suspended").absent());
/// let clerk = claim("realm_access").at("roles").contains("clerk");
/// # let _ = (policy, clerk);
/// ```
pub fn claim(name: impl Into<Arc<str>>) -> ClaimTest {
    ClaimTest(Path::top(name))
}

/// A claim that waits for what to ask about it; made by [`claim`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ClaimTest(Path);

impl ClaimTest {
    /// Goes into the claim, an object, to its member of this name.
    pub fn at(mut self, member: impl Into<Arc<str>>) -> Self {
        self.0.members.push(member.into());
        self
    }

    /// Holds only if the claim has this value; nothing is coerced.
    ///
    /// A number with a fraction, an exponent or more than 64 bits is not an integer.
    pub fn is(self, value: impl Into<ClaimValue>) -> Condition {
        self.passes(Check::Is(value.into()))
    }

    /// Holds only if the claim has one of these values.
    ///
    /// # Errors
    ///
    /// [`Empty`](ConfigErrorKind::Empty) for no value at all.
    pub fn one_of<V: Into<ClaimValue>>(
        self,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Condition, ConfigError> {
        let values: Vec<_> = values.into_iter().map(Into::into).collect();
        if values.is_empty() {
            let detail = "no value was given; give at least one";
            return Err(ConfigError::new(ConfigErrorKind::Empty, "one_of", detail));
        }
        Ok(self.passes(Check::OneOf(values)))
    }

    /// Holds only if the claim is a list with this element; a text is not a list of itself.
    pub fn contains(self, value: impl Into<ClaimValue>) -> Condition {
        self.passes(Check::Contains(value.into()))
    }

    /// Holds only if the claim is a text that starts with this; nothing starts with an empty one.
    pub fn starts_with(self, prefix: impl Into<Arc<str>>) -> Condition {
        self.passes(Check::StartsWith(prefix.into()))
    }

    /// Holds only if the claim is a text that this regular expression matches as a whole.
    ///
    /// It takes time in proportion to the text; a text of more than
    /// 512 bytes is not looked at.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) or
    /// [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for a pattern that is too long or does
    /// not compile.
    pub fn matches(self, pattern: impl Into<Arc<str>>) -> Result<Condition, ConfigError> {
        Ok(self.passes(Check::Matches(Pattern::new(pattern)?)))
    }

    /// Holds only if the claim is a whole number of at least this.
    pub fn at_least(self, least: i64) -> Condition {
        self.passes(Check::AtLeast(least))
    }

    /// Holds only if the claim is a whole number of at most this.
    pub fn at_most(self, most: i64) -> Condition {
        self.passes(Check::AtMost(most))
    }

    /// Holds only if the claim is a time, in seconds since 1970, after that of the request.
    pub fn is_ahead(self) -> Condition {
        self.passes(Check::IsAhead)
    }

    /// Holds only if the claim is a time, in seconds since 1970, at or before that of the request.
    pub fn is_over(self) -> Condition {
        self.passes(Check::IsOver)
    }

    /// Holds only if there is a claim of this name, even `null`. Its opposite tells nothing of one
    /// that is missing: ask [`absent`](Self::absent).
    pub fn present(self) -> Condition {
        self.passes(Check::Present)
    }

    /// Holds only if there is no claim of this name; one that is `null` is there.
    pub fn absent(self) -> Condition {
        let name = format!("no claim {}", self.0);
        Condition::leaf(name, Test::Absent(self.0))
    }

    /// Holds only if there is no claim of this name, or it has this value.
    pub fn absent_or(self, value: impl Into<ClaimValue>) -> Condition {
        self.clone().absent().or(self.is(value))
    }

    pub(super) fn passes(self, check: Check) -> Condition {
        let name = format!("claim {}", self.0);
        Condition::leaf(name, Test::Claim(self.0, check))
    }
}
