//! Interfaces of validators, the token cache, and the choice of a validator for each credential.

mod authorities;
mod cache;
mod choice;
mod conformance;
mod proof_notes;
mod proofs;
mod router;
mod scheme;
mod sender_constraint;
mod sender_proof;
mod token_form;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

pub use authorities::Authorities;
pub(crate) use cache::{CacheKey, CachedPrincipal, ValidatorCache};
pub use cache::{TokenCache, TokenCacheBuilder};
pub(crate) use choice::NOT_A_JWT;
pub use conformance::Conformance;
pub(crate) use conformance::TokenSignatures;
pub use proof_notes::Freshness;
pub(crate) use proof_notes::{PendingClaim, ProofNotes};
pub use proofs::Proofs;
pub(crate) use router::Router;
pub(crate) use scheme::check_kind;
pub use sender_constraint::SenderConstraint;
pub(crate) use sender_constraint::shared;
pub(crate) use sender_proof::{PendingProof, ProofPlace, constrain};
#[cfg(any(feature = "introspection", feature = "issuer", feature = "testing"))]
pub(crate) use token_form::TokenForm;

use crate::clock::UnixTime;
use crate::credential::{Place, PresentedCredential};
use crate::diagnosis::{Explanation, Finding};
use crate::error::{ConfigError, Rejection};
use crate::now_or_later::NowOrLater;
use crate::principal::{Authority, Principal};

/// Authenticates one kind of credential.
///
/// Implement it for credentials that this crate does not know. For each credential a
/// [`Gate`](crate::gate::Gate) calls one validator, the one whose [`shapes`](Self::shapes) match;
/// its result is final.
///
/// # Contract
///
/// - Return a principal only if the credential is valid now, at the time of
///   [`PresentedCredential::now`]. Everything in the credential and in the request is untrusted.
/// - Report an outage of what the validator depends on as
///   [`Unavailable`](crate::error::RejectionKind::Unavailable), never as another kind: what could not be
///   validated is not invalid, and a client must not be told that its token is.
/// - Have no side effect before a result that is not ready is first polled: the gate drops such a
///   result unpolled and calls [`validate`](Self::validate) a second time. A result that is ready
///   is used, and the validator is not called again for this request.
/// - A request can be dropped while its result is pending. That must not cancel work which other
///   requests wait for, nor leave a credential half used.
/// - A principal carries nothing of the credential's text, and a rejection neither.
/// - Write nothing and count no use where [`PresentedCredential::is_diagnosis`] is true; the result
///   is the same.
///
/// A token that is bound to a key of its holder is a valid token only together with a proof; the
/// validators of this crate leave that to a [`SenderConstraint`]. A gate calls it when everything
/// else is decided. So a validator that passes its [`PresentedCredential`] on to one of this crate
/// gets the principal before the proof is checked: it must not keep the principal of a token that
/// [is bound](Principal::is_confirmed) for other requests. A validator that has to know the result
/// passes a [`PresentedCredential`] that it has made itself.
///
/// What a validator accepts, the gate rejects under the scheme `DPoP` if it is not bound to the key
/// of a proof, and under the scheme `ApiKey` if it is no [API key](crate::principal::PrincipalKind).
///
/// ```
/// use bearergate::{Gate, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator};
/// use bearergate::credential::PresentedCredential;
/// use bearergate::principal::PrincipalKind;
/// use bearergate::validator::{Authorities, Shape};
///
/// /// Accepts the tokens of the build machines: `bot_`, then the name of one.
/// #[derive(Debug)]
/// struct BuildBots {
///     shapes: [Shape; 1],
/// }
///
/// impl TokenValidator for BuildBots {
///     fn shapes(&self) -> &[Shape] {
///         &self.shapes
///     }
///
///     // The service issues these tokens itself.
///     fn authorities(&self) -> Authorities {
///         Authorities::OWN
///     }
///
///     fn validate<'a>(
///         &'a self,
///         presented: &'a PresentedCredential<'a>,
///     ) -> NowOrLater<'a, Result<Principal, Rejection>> {
///         NowOrLater::now(match presented.credential().expose() {
///             "bot_nightly" => Ok(Principal::builder(PrincipalKind::Other, "build bots")
///                 .subject("nightly")
///                 .build()),
///             _ => Err(RejectionKind::TokenInactive.into()),
///         })
///     }
/// }
///
/// let bots = BuildBots { shapes: [Shape::Prefix("bot_".into())] };
/// let gate = Gate::builder().validator(bots).allow_any_authenticated().build()?;
///
/// let request = http::Request::get("/").header("authorization", "Bearer bot_nightly").body(())?;
/// let admitted = gate.try_check_now(&request).expect("this validator never waits")?;
/// assert_eq!(admitted.principal().subject(), Some("nightly"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait TokenValidator: fmt::Debug + Send + Sync {
    /// Returns which credentials this validator takes. It must always be the same: the gate reads
    /// it once, when it is built.
    fn shapes(&self) -> &[Shape];

    /// Returns how many outside authorities this validator trusts; by default one, which may
    /// assert anything.
    fn authorities(&self) -> Authorities {
        Authorities::OUTSIDE
    }

    /// Returns the [authorities](Principal::authority) that its principals can have, or `None` if
    /// they cannot be listed, which is the default.
    ///
    /// The gate passes them to its revocation lists, which then report a revocation for an authority
    /// that no validator has.
    fn authority_names(&self) -> Option<Vec<Authority>> {
        None
    }

    /// Validates a credential, and returns its [`Principal`] only if it is valid now.
    ///
    /// The credential is untrusted, whatever its shape. Nothing happens before the result is
    /// taken or first polled.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] in every other case; its kind is
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable) if the credential could not be
    /// validated.
    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>>;

    /// Explains step by step why a credential is accepted or rejected, for
    /// [`Gate::explain`](crate::gate::Gate::explain) and for the operator.
    ///
    /// It must come to the same result as [`validate`](Self::validate), and its texts must not hold
    /// the credential. It may be slow. It counts no use and writes nothing; nor does `validate` where
    /// [`is_diagnosis`](PresentedCredential::is_diagnosis) is true. By default it validates, and
    /// reports the result as one step.
    fn explain<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        let validated = self.validate(presented);
        validated.map(|validated| {
            let explanation = Explanation::of_result(validated.map(|_| ()));
            explanation.without(presented.credential().expose())
        })
    }

    /// Returns which proofs of possession are checked of its credentials, for challenges and
    /// metadata; by default none.
    fn proofs(&self) -> Proofs {
        Proofs::NONE
    }

    /// Returns what it says of itself for a security profile, such as
    /// [`Fapi2`](crate::profile::Fapi2). By default it says nothing, and conforms to none.
    fn conformance(&self) -> Conformance {
        Conformance::new()
    }

    /// Returns a nonce for the next DPoP proof of a client that has presented no credential, if
    /// proofs need one; by default there is none. It saves the client a refused request.
    fn nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        let _ = now;
        None
    }

    /// Returns who presents a credential, if that is known without a signature check, a store or a
    /// network; by default it is not known.
    ///
    /// A gate asks it while the source of a request is [locked out](crate::limit::LockOut), so that
    /// known callers still get in. It must return only a principal that
    /// [`validate`](Self::validate) would return now for the same credential, and never one that
    /// [is bound](Principal::is_confirmed) to a key.
    fn recall<'a>(&'a self, presented: &'a PresentedCredential<'a>) -> Option<Principal> {
        let _ = presented;
        None
    }

    /// Fetches what the first credential would have to wait for. By default there is nothing.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable) if it could not be fetched; the
    /// validator tries again when a credential needs it.
    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        NowOrLater::now(Ok(()))
    }

    /// Checks what this validator depends on, for [`Gate::doctor`](crate::gate::Gate::doctor). By
    /// default there is nothing to report.
    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        NowOrLater::now(Vec::new())
    }

    /// Checks like [`diagnose`](Self::diagnose), knowing the shapes that the other validators of
    /// the gate take.
    fn diagnose_with(&self, others: &[Shape]) -> NowOrLater<'_, Vec<Finding>> {
        let _ = others;
        self.diagnose()
    }
}

const _: Option<&dyn TokenValidator> = None;

impl<V: TokenValidator + ?Sized> TokenValidator for Arc<V> {
    fn shapes(&self) -> &[Shape] {
        (**self).shapes()
    }

    fn authorities(&self) -> Authorities {
        (**self).authorities()
    }

    fn authority_names(&self) -> Option<Vec<Authority>> {
        (**self).authority_names()
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        (**self).validate(presented)
    }

    fn recall<'a>(&'a self, presented: &'a PresentedCredential<'a>) -> Option<Principal> {
        (**self).recall(presented)
    }

    fn proofs(&self) -> Proofs {
        (**self).proofs()
    }

    fn conformance(&self) -> Conformance {
        (**self).conformance()
    }

    fn nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        (**self).nonce(now)
    }

    fn explain<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        (**self).explain(presented)
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        (**self).warm_up()
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        (**self).diagnose()
    }

    fn diagnose_with(&self, others: &[Shape]) -> NowOrLater<'_, Vec<Finding>> {
        (**self).diagnose_with(others)
    }
}

/// Copies the names that a builder was given.
pub(crate) fn names<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Vec<Box<str>> {
    let names = names.into_iter().map(Into::into);
    names.map(String::into_boxed_str).collect()
}

/// Checks a list of names: it is not empty, and none of them is.
pub(crate) fn check_names(field: &'static str, names: &[Box<str>]) -> Result<(), ConfigError> {
    if names.is_empty() {
        let detail = "expected at least one name, found an empty list; name at least one";
        return Err(ConfigError::missing(field, detail));
    }
    if names.iter().any(|name| name.is_empty()) {
        let detail = "expected a name, found an empty one; give the name exactly as the tokens \
                      have it";
        return Err(ConfigError::missing(field, detail));
    }
    Ok(())
}

/// Checks a list of issuers or audiences, which have no white space at their ends.
pub(crate) fn check_trimmed(field: &'static str, names: &[Box<str>]) -> Result<(), ConfigError> {
    check_names(field, names)?;
    // A token whose name has one of these is never accepted, or was not meant.
    let is_odd = |name: &str| name.trim() != name || name.contains(char::is_control);
    match names.iter().find(|name| is_odd(name)) {
        None => Ok(()),
        Some(odd) => Err(ConfigError::unexpected(
            field,
            "a name without white space at its ends and without control characters",
            odd,
            "remove them: names are compared byte for byte",
        )),
    }
}

/// Waits for all tasks in order, whatever becomes of each, and returns the last error.
pub(crate) fn all<'a>(
    tasks: impl IntoIterator<Item = NowOrLater<'a, Result<(), Rejection>>>,
) -> NowOrLater<'a, Result<(), Rejection>> {
    let both = |done: NowOrLater<'a, _>, next: NowOrLater<'a, Result<(), Rejection>>| {
        done.then(move |done| next.map(move |next| next.and(done)))
    };
    tasks.into_iter().fold(NowOrLater::now(Ok(())), both)
}

/// The credentials that a validator takes.
///
/// A [`Gate`](crate::gate::Gate) gives each credential to one validator: the one bound to the
/// [place](Self::Place) where it was found; otherwise the one of its [prefix](Self::Prefix);
/// otherwise, if it looks like an [SD-JWT](Self::SdJwt) or a [JWT](Self::Jwt), the one for those;
/// otherwise the one for [opaque](Self::Opaque) credentials. No other validator is called after that
/// one has rejected it, and shapes that overlap are a [`ConfigError`].
/// A credential that no validator takes is rejected as
/// [`TokenMalformed`](crate::error::RejectionKind::TokenMalformed).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// Everything that has two or four dots and whose first part is a JSON object in base64.
    ///
    /// The base64 is read leniently (either alphabet, with or without padding), and white space
    /// before the object is ignored, so that no spelling of a JWT reaches another validator; only
    /// [`Opaque`](Self::Opaque) takes JWTs where no validator has this shape.
    Jwt,
    /// Everything that no other validator takes, except SD-JWTs. The validator must expect any text
    /// of any length up to [`limits::TOKEN_BYTES_MAX`](crate::limits::TOKEN_BYTES_MAX).
    Opaque,
    /// Everything that is found in this place, whatever it looks like. The gate must have the place
    /// in its [`Sources`](crate::credential::Sources).
    Place(Place),
    /// Everything that begins with this text, byte for byte. The text must not be empty, begin
    /// another prefix or begin as a JWT does.
    Prefix(Cow<'static, str>),
    /// Everything that begins like a [`Jwt`](Self::Jwt) and has a `~` behind that: an SD-JWT with
    /// its disclosures (RFC 9901 section 4).
    ///
    /// No validator of this crate takes it. Where no validator does, it is rejected, also if there
    /// is one for [`Opaque`](Self::Opaque) credentials, because disclosures must not be sent to an
    /// introspection endpoint.
    SdJwt,
}
