//! The check of bound tokens.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use super::dpop::{Dpop, DpopFacts};
use super::methods::Methods;
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::error::{Rejection, RejectionKind};
use crate::now_or_later::NowOrLater;
use crate::principal::{Confirmation, Confirmed};
use crate::validator::{Proofs, SenderConstraint};

/// Checks that the sender of a bound token holds its key: by a DPoP proof, by the client certificate
/// of the connection, or by either, as the token says. Cheap to clone.
///
/// The `cnf` of the token decides what is checked, never the scheme or a header of the request:
///
/// | presented as | bound to nothing | to a key | to a certificate | to both |
/// |---|---|---|---|---|
/// | `Bearer`, or in another place | passes, unless [`required`](crate::binding::BindingBuilder::required) | `binding_required` | certificate | `binding_required` |
/// | `DPoP` | `binding_mismatch` | proof | `binding_mismatch` | proof and certificate |
///
/// A method that is not configured here is `binding_required`, never ignored.
///
/// ```
/// use bearergate::{ConfigError, Gate, JwtValidator};
/// use bearergate::binding::{Binding, Dpop};
/// use bearergate::key::KeySet;
/// use bearergate::request::ExternalUrl;
///
/// fn gate(keys: KeySet) -> Result<Gate, ConfigError> {
///     let here = ExternalUrl::parse("https://api.example.com")?;
///     let binding = Binding::dpop(Dpop::at(here).build()?).or_certificates().build();
///     let validator = JwtValidator::builder()
///         .issuer("https://idp.example.com")
///         .audience("https://api.example.com")
///         .keys(keys)
///         .sender_constraint(binding)
///         .build()?;
///     // The gate takes `Authorization: DPoP` too, and its challenges name the algorithms.
///     Gate::builder().validator(validator).allow_any_authenticated().build()
/// }
/// # assert!(gate(KeySet::from(bearergate::key::Key::from_secret(vec![7; 32])?)).is_ok());
/// # Ok::<(), ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Binding(pub(super) Arc<Methods>);

impl Binding {
    /// Returns true if tokens that are bound to nothing are refused.
    pub(crate) fn is_required(&self) -> bool {
        self.0.required
    }

    /// Returns how proofs are checked, for a profile.
    pub(crate) fn dpop_facts(&self) -> Option<DpopFacts> {
        self.0.dpop.as_ref().map(Dpop::facts)
    }

    /// Checks the proof of a confirmation, for a [validator of one's
    /// own](crate::validator::TokenValidator) whose credentials are bound to keys.
    ///
    /// Call it after everything else: a proof is good for one check. For an explanation
    /// ([`is_diagnosis`](PresentedCredential::is_diagnosis)) nothing is used up. The next nonce of a client,
    /// and what says that the proof is fresh, are known only for a constraint of the validators of this
    /// crate.
    ///
    /// # Errors
    ///
    /// Those of [`SenderConstraint::check`], and
    /// [`BindingRequired`](crate::error::RejectionKind::BindingRequired) for a confirmation without a method,
    /// or with one that is not known.
    pub fn prove<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Confirmed, Rejection>> {
        if !confirmation.is_understood() {
            return NowOrLater::now(Err(RejectionKind::BindingRequired.into()));
        }
        let checked = self.0.check(confirmation, presented);
        checked.map(|checked| checked.map(|()| Confirmed::new(*confirmation)))
    }
}

impl SenderConstraint for Binding {
    fn check<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        self.0.check(confirmation, presented)
    }

    fn check_unbound(&self, presented: &PresentedCredential<'_>) -> Result<(), Rejection> {
        self.0.check_unbound(presented)
    }

    fn proofs(&self) -> Proofs {
        self.0.proofs()
    }

    fn nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        self.0.nonce(now)
    }

    fn shared(&self) -> Option<Arc<dyn SenderConstraint>> {
        let methods: Arc<Methods> = Arc::clone(&self.0);
        Some(methods)
    }
}

impl fmt::Display for Binding {
    /// Says what is checked, for the operator.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (&self.0.dpop, self.0.certificates) {
            (Some(_), true) => "DPoP proofs and client certificates",
            (Some(_), false) => "DPoP proofs",
            (None, _) => "client certificates",
        })
    }
}
