//! Conditions over authorization details (RFC 9396) and over who acts for the subject (RFC 8693).

use std::sync::Arc;

use crate::policy::condition::claims::{ClaimTest, claim};
use crate::policy::condition::condition::Condition;
use crate::policy::engine::claim_path::ClaimPath;
use crate::policy::engine::claim_predicate::ClaimPredicate;
use crate::policy::engine::detail::{CLAIM, Detail};
use crate::policy::engine::predicate::Predicate;
use crate::principal::{Authority, ClaimValue};

/// Starts a condition over the claim `authorization_details` (RFC 9396): an element of this type, which
/// [`granted`](DetailTest::granted) ends.
///
/// All that is demanded has to be in one and the same element. Actions and locations that an element
/// does not list are not granted by it. A deny because of it is
/// [`ScopeInsufficient`](crate::error::RejectionKind::ScopeInsufficient).
///
/// ```
/// use bearergate::policy::detail;
///
/// let pay = detail("payment_initiation")
///     .action("initiate")
///     .location("https://api.example.com/payments")
///     .member("instructedAmount.currency", "EUR")
///     .granted();
/// # let _ = pay;
/// ```
pub fn detail(kind: impl Into<Arc<str>>) -> DetailTest {
    DetailTest(Detail::new(kind))
}

/// What one element of `authorization_details` has to be; created by [`detail`].
#[derive(Clone, Debug)]
#[must_use]
pub struct DetailTest(Detail);

impl DetailTest {
    /// Demands that the `actions` of the element list this one. Called again, all of them.
    pub fn action(mut self, name: impl Into<Arc<str>>) -> Self {
        self.0.actions.push(name.into());
        self
    }

    /// Demands that the `locations` of the element list this one. Called again, all of them.
    pub fn location(mut self, uri: impl Into<Arc<str>>) -> Self {
        self.0.locations.push(uri.into());
        self
    }

    /// Demands that a member of the element is exactly this boolean, integer or string. Dots in `path`
    /// lead into nested objects. An element without the member, or with another type, makes the condition
    /// [`Unknown`](crate::policy::Truth::Unknown) if no other element fits.
    pub fn member(mut self, path: &str, value: impl Into<ClaimValue>) -> Self {
        let path = path.split('.').map(Arc::from).collect();
        self.0.members.push((path, value.into()));
        self
    }

    /// Returns the condition: true only if one element has all that is demanded. It is
    /// [`Unknown`](crate::policy::Truth::Unknown) without the claim.
    pub fn granted(self) -> Condition {
        let name = format!("authorization detail {}", self.0.kind);
        let predicate = ClaimPredicate::Detail(Arc::new(self.0));
        Condition::leaf(name, Predicate::Claim(ClaimPath::top(CLAIM), predicate))
    }
}

/// Returns a condition that is true only if this party acts for the subject: the outermost actor (`act`)
/// is this id of this authority, which has issued the token.
///
/// Those inside of it acted before, and count for nothing (RFC 8693 section 4.1). It is
/// [`Unknown`](crate::policy::Truth::Unknown) if nobody acts for the subject.
///
/// ```
/// use bearergate::policy::{actor_chain_at_most, actor_is, no_actor};
///
/// let support = actor_is("https://idp.example.com", "support-desk") & actor_chain_at_most(1);
/// let direct = no_actor();
/// # let _ = (support, direct);
/// ```
pub fn actor_is(authority: impl Into<Authority>, id: impl Into<String>) -> Condition {
    let authority = authority.into();
    let issuer = claim("act").at("iss").absent_or_is(authority.as_str());
    let actor = claim("act").at("sub").is(id.into());
    actor.and(issuer).of(authority)
}

/// Returns a condition that is true only if nobody acts for the subject: the token has no `act`.
pub fn no_actor() -> Condition {
    actor_chain_at_most(0)
}

/// Returns a condition that is true only if at most this many parties act one for the other (`act`). A
/// token with more than four is not accepted in any case.
pub fn actor_chain_at_most(count: usize) -> Condition {
    let deeper = (0..count).fold(claim("act"), |outer, _| outer.at("act"));
    ClaimTest::absent(deeper)
}
