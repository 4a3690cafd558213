//! What a validator says of itself, for security profiles.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::sender_constraint::{SenderConstraint, shared};
use crate::clock::Leeway;
use crate::crypto::{Algorithm, Algorithms};

/// What a validator says of itself, for a [security profile](crate::profile) that a gate is checked
/// against when it is built.
///
/// It is data: nothing of a validator is changed by it. A new value says nothing, so that a validator
/// which does not override [`conformance`](crate::validator::TokenValidator::conformance) conforms to
/// no profile.
///
/// ```
/// use bearergate::clock::Leeway;
/// use bearergate::crypto::Algorithm;
/// use bearergate::validator::Conformance;
///
/// // Tokens with a signature, which are looked up in a store on every request.
/// let conformance = Conformance::new()
///     .signed_with([Algorithm::Es256])
///     .leeway(Leeway::default())
///     .checks_audience()
///     .sees_revocation();
/// # let _ = conformance;
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Conformance {
    signatures: TokenSignatures,
    leeways: Option<(Leeway, Leeway)>,
    longest_lifetime: Option<Duration>,
    checks_audience: bool,
    sees_revocation: bool,
    signed_answers: bool,
    constraint: Option<Arc<dyn SenderConstraint>>,
}

/// The signatures of what a validator trusts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum TokenSignatures {
    /// Nothing is said, or they can have any algorithm.
    #[default]
    Any,
    /// There are none.
    None,
    /// They have one of these algorithms.
    Only(Algorithms),
}

impl Conformance {
    /// Says nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that what it trusts is signed with one of these algorithms: the tokens, or the answers
    /// about them.
    pub fn signed_with(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.signatures = TokenSignatures::Only(algorithms.into_iter().collect());
        self
    }

    /// Says that it verifies no signature, as tokens are looked up.
    pub fn unsigned(mut self) -> Self {
        self.signatures = TokenSignatures::None;
        self
    }

    /// Says how much the clocks of issuers may differ. Called twice, both count.
    pub fn leeway(mut self, leeway: Leeway) -> Self {
        let (least, most) = self.leeways.unwrap_or((leeway, leeway));
        self.leeways = Some((least.min(leeway), most.max(leeway)));
        self
    }

    /// Says that no token lives longer than this.
    pub const fn longest_lifetime(mut self, span: Duration) -> Self {
        self.longest_lifetime = Some(span);
        self
    }

    /// Says that every token has to name this service as its audience.
    pub const fn checks_audience(mut self) -> Self {
        self.checks_audience = true;
        self
    }

    /// Says that it notices the revocation of a token, because it asks the issuer or a store.
    pub const fn sees_revocation(mut self) -> Self {
        self.sees_revocation = true;
        self
    }

    /// Says that it requires a signature of each answer about a token (RFC 9701).
    pub const fn signed_answers(mut self) -> Self {
        self.signed_answers = true;
        self
    }

    /// Says which constraint it calls for each token.
    pub fn sender_constraint(mut self, constraint: impl SenderConstraint + 'static) -> Self {
        self.constraint = Some(shared(constraint));
        self
    }

    #[cfg(feature = "introspection")]
    pub(crate) const fn with_audience(mut self, checks_audience: bool) -> Self {
        self.checks_audience = checks_audience;
        self
    }

    pub(crate) const fn signatures(&self) -> TokenSignatures {
        self.signatures
    }

    pub(crate) fn leeways(&self) -> Option<RangeInclusive<Leeway>> {
        self.leeways.map(|(least, most)| least..=most)
    }

    pub(crate) const fn lifetime(&self) -> Option<Duration> {
        self.longest_lifetime
    }

    pub(crate) const fn has_audience(&self) -> bool {
        self.checks_audience
    }

    pub(crate) const fn can_see_revocation(&self) -> bool {
        self.sees_revocation
    }

    pub(crate) const fn has_signed_answers(&self) -> bool {
        self.signed_answers
    }

    /// Returns true if it calls this constraint or a clone of it.
    pub(crate) fn is_constrained_by(&self, constraint: &dyn SenderConstraint) -> bool {
        match (&self.constraint, constraint.shared()) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, &other),
            _ => false,
        }
    }
}
