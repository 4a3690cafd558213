//! Conditions over scopes and claims.

use std::sync::Arc;

use crate::error::ConfigError;
use crate::policy::condition::condition::Condition;
use crate::policy::engine::claim_path::ClaimPath;
use crate::policy::engine::claim_predicate::ClaimPredicate;
use crate::policy::engine::predicate::{ID_CLAIMS, Predicate};
use crate::policy::engine::text_pattern::TextPattern;
use crate::principal::ClaimValue;

/// Returns a condition that is true only if the caller has exactly this scope, byte for byte.
///
/// It is [`Unknown`](crate::policy::Truth::Unknown) for a caller whose credential has no scope
/// claim. A deny because the scope is missing is
/// [`ScopeInsufficient`](crate::error::RejectionKind::ScopeInsufficient), and the challenge names
/// the scope. It takes one scope. A name that is empty or has a space is refused when a gate, a
/// policy, a route table, or [`Condition::all`] or [`Condition::any`] is built with it, and makes the
/// condition [`Unknown`](crate::policy::Truth::Unknown) otherwise, its negation too.
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
    Condition::leaf(name, Predicate::Scope(scope))
}

/// Returns a condition that is true only if the claim `roles` is a list that contains this role.
///
/// It is [`Unknown`](crate::policy::Truth::Unknown) if the claim is missing or not a list. For
/// another claim write its path, such as `claim("realm_access").at("roles").contains("clerk")` for
/// Keycloak.
pub fn role(name: impl Into<String>) -> Condition {
    claim("roles").contains(name.into())
}

/// Returns a condition that is true only if the claim `groups` is a list that contains this group.
///
/// It is [`Unknown`](crate::policy::Truth::Unknown) if the claim is missing or not a list.
pub fn group(name: impl Into<String>) -> Condition {
    claim("groups").contains(name.into())
}

/// Starts a condition over the claim of this name.
///
/// The claim is one that the credential's issuer asserted, as it is in the token; nothing is
/// coerced. A claim that is missing or has another type makes the condition
/// [`Unknown`](crate::policy::Truth::Unknown), which denies, under [`not`](Condition::not) too.
///
/// ```
/// use bearergate::claim;
///
/// let policy = claim("tenant").is("acme").and(claim("suspended").absent());
/// let clerk = claim("realm_access").at("roles").contains("clerk");
/// # let _ = (policy, clerk);
/// ```
///
/// The claims `sub`, `azp`, `client_id`, `act`, `sid` and `jti` are ids, which mean something only
/// under the authority that gave them. Where a gate trusts several outside authorities, a comparison
/// of one is [`Unknown`](crate::policy::Truth::Unknown) for the callers of all of them, unless
/// [`Condition::of`] names the authority:
///
/// ```
/// use bearergate::claim;
///
/// let alice = claim("sub").is("alice").of("https://idp.example.com");
/// # let _ = alice;
/// ```
pub fn claim(name: impl Into<Arc<str>>) -> ClaimTest {
    ClaimTest(ClaimPath::top(name))
}

/// A claim to which one of these methods adds a test, to form a [`Condition`]; created by
/// [`claim`].
///
/// Each condition is true only if the claim is present, has the type that the test expects, and
/// passes it. It is [`Unknown`](crate::policy::Truth::Unknown) if the claim is missing or has
/// another type; only [`absent`](Self::absent) and [`absent_or_is`](Self::absent_or_is) accept a
/// missing claim.
#[derive(Clone, Debug)]
#[must_use]
pub struct ClaimTest(ClaimPath);

impl ClaimTest {
    /// Selects the member of this name inside the claim, which has to be an object.
    ///
    /// Each further call goes one level deeper. A value on the way that is not an object makes the
    /// condition [`Unknown`](crate::policy::Truth::Unknown).
    ///
    /// ```
    /// use bearergate::claim;
    ///
    /// let clerk = claim("realm_access").at("roles").contains("clerk");
    /// # let _ = clerk;
    /// ```
    pub fn at(mut self, member: impl Into<Arc<str>>) -> Self {
        self.0.members.push(member.into());
        self
    }

    /// Tests that the claim is exactly this boolean, integer or string.
    ///
    /// Nothing is coerced: `"2"` is not 2, and a number with a fraction, an exponent or more than
    /// 64 bits is not an integer. Strings are compared byte for byte, after JSON escapes.
    pub fn is(self, value: impl Into<ClaimValue>) -> Condition {
        self.satisfies(ClaimPredicate::Is(value.into()))
    }

    /// Tests that the claim is one of these values, each compared as by [`is`](Self::is).
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a value.
    pub fn one_of<V: Into<ClaimValue>>(
        self,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Condition, ConfigError> {
        let values: Vec<_> = values.into_iter().map(Into::into).collect();
        if values.is_empty() {
            let detail = "expected at least one value, found none";
            return Err(ConfigError::missing("one_of", detail));
        }
        Ok(self.satisfies(ClaimPredicate::OneOf(values)))
    }

    /// Tests that the claim is a list with this element.
    ///
    /// A string is not a list of one element. A list without the element, but with elements of
    /// another type, is [`Unknown`](crate::policy::Truth::Unknown).
    pub fn contains(self, value: impl Into<ClaimValue>) -> Condition {
        self.satisfies(ClaimPredicate::Contains(value.into()))
    }

    /// Tests that the claim is a string with this prefix, byte for byte. An empty prefix, which
    /// every string has, is [`Unknown`](crate::policy::Truth::Unknown).
    pub fn starts_with(self, prefix: impl Into<Arc<str>>) -> Condition {
        self.satisfies(ClaimPredicate::StartsWith(prefix.into()))
    }

    /// Tests that the claim is a string that this regular expression matches as a whole.
    ///
    /// Matching takes time linear in the string. A string of more than
    /// 512 bytes is [`Unknown`](crate::policy::Truth::Unknown). A pattern counts in
    /// [`POLICY_STEPS`](crate::limits::POLICY_STEPS) by the work of its longest match: where it
    /// repeats a repetition, as in `(\w+\s?){1,40}`, it takes more than a policy may.
    ///
    /// ```
    /// use bearergate::claim;
    ///
    /// let branch = claim("ref").matches("refs/heads/(main|release-[0-9]+)")?;
    /// assert!(claim("ref").matches("(?=main)").is_err(), "look-around is not supported");
    /// # let _ = branch;
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a pattern that is empty, too
    /// long or takes too many steps, [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for one that does
    /// not compile.
    pub fn matches(self, pattern: impl Into<Arc<str>>) -> Result<Condition, ConfigError> {
        Ok(self.satisfies(ClaimPredicate::Matches(TextPattern::new(pattern)?)))
    }

    /// Tests that the claim is an integer that is not less than this.
    ///
    /// A number with a fraction or an exponent is not an integer, so the condition is
    /// [`Unknown`](crate::policy::Truth::Unknown).
    pub fn at_least(self, min: i64) -> Condition {
        self.satisfies(ClaimPredicate::AtLeast(min))
    }

    /// Tests that the claim is an integer that is not greater than this.
    ///
    /// A number with a fraction or an exponent is not an integer, so the condition is
    /// [`Unknown`](crate::policy::Truth::Unknown).
    pub fn at_most(self, max: i64) -> Condition {
        self.satisfies(ClaimPredicate::AtMost(max))
    }

    /// Tests that the claim is a time, in seconds since 1970, after that of the
    /// [request](crate::policy::AccessRequest::now).
    ///
    /// A fraction of a second is dropped, and there is no leeway for clocks that differ. A claim
    /// that is no number is [`Unknown`](crate::policy::Truth::Unknown).
    pub fn in_future(self) -> Condition {
        self.satisfies(ClaimPredicate::InFuture)
    }

    /// Tests that the claim is a time, in seconds since 1970, at or before that of the
    /// [request](crate::policy::AccessRequest::now).
    ///
    /// A fraction of a second is dropped, and there is no leeway for clocks that differ. A claim
    /// that is no number is [`Unknown`](crate::policy::Truth::Unknown).
    pub fn in_past(self) -> Condition {
        self.satisfies(ClaimPredicate::InPast)
    }

    /// Tests that the claim is present, with any value, even `null`.
    ///
    /// For a missing claim it is [`Unknown`](crate::policy::Truth::Unknown), so its negation
    /// denies; to require that a claim is missing use [`absent`](Self::absent).
    pub fn present(self) -> Condition {
        self.satisfies(ClaimPredicate::Present)
    }

    /// Tests that the claim is missing; a claim that is `null` is present.
    ///
    /// It is the only way to allow because of a missing claim. It is
    /// [`Unknown`](crate::policy::Truth::Unknown) if the claim is nested in one that is not an
    /// object.
    pub fn absent(self) -> Condition {
        let name = format!("no claim {}", self.0);
        Condition::leaf(name, Predicate::Absent(self.0))
    }

    /// Tests that the claim is missing, or has this value: `absent_or_is(false)` is true for a
    /// caller without the claim `suspended`, and for one whose claim is `false`.
    pub fn absent_or_is(self, value: impl Into<ClaimValue>) -> Condition {
        self.clone().absent().or(self.is(value))
    }

    fn satisfies(self, predicate: ClaimPredicate) -> Condition {
        let name = format!("claim {}", self.0);
        let is_id = ID_CLAIMS.contains(&&*self.0.claim);
        // That an id is there says nothing about whose it is.
        let is_compared = !matches!(predicate, ClaimPredicate::Present);
        let predicate = Predicate::Claim(self.0, predicate);
        Condition::leaf(
            name,
            match is_id && is_compared {
                true => Predicate::Id(None, Arc::new(predicate)),
                false => predicate,
            },
        )
    }
}
