//! Proof of possession: tokens that are bound to a key (DPoP, RFC 9449) or to a client certificate
//! (RFC 8705).
//!
//! A stolen bearer token works for the thief. A bound token does not: its `cnf` names a key, and each
//! request has to prove possession of it. [`Binding`] is the check; give a clone of it to each
//! validator of tokens.

mod builder;
mod certificate;
pub(crate) mod dpop;
mod forwarded;
mod matrix;

use std::fmt;
use std::sync::Arc;

pub use builder::BindingBuilder;
pub use dpop::{Dpop, DpopBuilder};
pub use forwarded::{CertificateHeader, ForwardedCertificates};
use http::HeaderValue;
use matrix::Demand;

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
/// | `Bearer`, or in another place | passes, unless [`required`](BindingBuilder::required) | `binding_required` | certificate | `binding_required` |
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
pub struct Binding(Arc<Methods>);

/// The methods that a binding checks.
#[derive(Debug)]
pub(crate) struct Methods {
    dpop: Option<Dpop>,
    certificates: bool,
    required: bool,
}

impl Binding {
    /// Starts a binding that checks DPoP proofs.
    pub fn dpop(dpop: Dpop) -> BindingBuilder {
        BindingBuilder::new(Some(dpop), false)
    }

    /// Starts a binding that compares client certificates with the certificate of the connection
    /// ([`ClientCertificate`](crate::request::ClientCertificate)).
    pub fn certificates() -> BindingBuilder {
        BindingBuilder::new(None, true)
    }

    /// Returns true if tokens that are bound to nothing are refused.
    pub(crate) fn is_required(&self) -> bool {
        self.0.required
    }

    /// Returns how proofs are checked, for a profile.
    pub(crate) fn dpop_facts(&self) -> Option<dpop::DpopFacts> {
        self.0.dpop.as_ref().map(Dpop::facts)
    }

    /// Checks the proof of a confirmation, for a [validator of one's
    /// own](crate::validator::TokenValidator) whose credentials are bound to keys.
    ///
    /// Call it after everything else: a proof is good for one check.
    ///
    /// # Errors
    ///
    /// Those of [`SenderConstraint::check`].
    pub fn prove<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Confirmed, Rejection>> {
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

impl SenderConstraint for Methods {
    fn check<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let demand = Demand::new(presented.credential().scheme(), confirmation);
        let checked = match demand {
            Demand::Nothing => self.check_unbound(presented),
            Demand::Certificate if !self.certificates => Err(Demand::without_method()),
            Demand::Certificate => {
                certificate::check(confirmation, presented).map_err(Rejection::needing_certificate)
            }
            Demand::Proof { and_certificate } => {
                return self.check_proof(confirmation, presented, and_certificate);
            }
            Demand::Downgraded => Err(RejectionKind::BindingRequired.into()),
            Demand::NotDpop => Err(RejectionKind::BindingMismatch.into()),
        };
        NowOrLater::now(checked)
    }

    fn check_unbound(&self, _: &PresentedCredential<'_>) -> Result<(), Rejection> {
        match self.required {
            true => {
                let rejection = Rejection::new(RejectionKind::BindingRequired);
                Err(match self.dpop {
                    Some(_) => rejection,
                    None => rejection.needing_certificate(),
                })
            }
            false => Ok(()),
        }
    }

    fn proofs(&self) -> Proofs {
        let dpop = self.dpop.as_ref();
        let dpop = dpop.map_or(Proofs::NONE, Dpop::proofs);
        let both = match self.certificates {
            true => dpop.and(Proofs::CERTIFICATE),
            false => dpop,
        };
        match self.required {
            true => both.required(),
            false => both,
        }
    }

    fn nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        self.dpop.as_ref()?.first_nonce(now)
    }
}

impl Methods {
    /// Checks the proof, then the certificate, and claims the proof last: one that is refused for
    /// another reason is not used up.
    fn check_proof<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
        and_certificate: bool,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let (Some(dpop), Some(jkt)) = (&self.dpop, confirmation.jkt()) else {
            return NowOrLater::now(Err(RejectionKind::BindingRequired.into()));
        };
        if and_certificate && !self.certificates {
            return NowOrLater::now(Err(RejectionKind::BindingRequired.into()));
        }
        let claim = match dpop.verify(jkt, presented) {
            Ok(claim) => claim,
            Err(rejection) => return NowOrLater::now(Err(rejection)),
        };
        if and_certificate && let Err(rejection) = certificate::check(confirmation, presented) {
            return NowOrLater::now(Err(rejection));
        }
        dpop.claim(claim, presented)
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
