//! Validators that are bound to one place.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use crate::clock::UnixTime;
use crate::credential::{Place, PresentedCredential};
use crate::diagnosis::{Explanation, Finding};
use crate::error::Rejection;
use crate::now_or_later::NowOrLater;
use crate::principal::{Authority, Principal};
use crate::validator::{Authorities, Conformance, Proofs, Shape, TokenValidator};

/// A validator that is bound to one place.
pub(super) struct BoundValidator {
    validator: Arc<dyn TokenValidator>,
    shapes: [Shape; 1],
}

impl BoundValidator {
    pub(super) fn new(place: Place, validator: impl TokenValidator + 'static) -> Self {
        let validator = Arc::new(validator);
        let shapes = [Shape::Place(place)];
        Self { validator, shapes }
    }
}

impl TokenValidator for BoundValidator {
    fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    fn authorities(&self) -> Authorities {
        self.validator.authorities()
    }

    fn authority_names(&self) -> Option<Vec<Authority>> {
        self.validator.authority_names()
    }

    fn proofs(&self) -> Proofs {
        self.validator.proofs()
    }

    fn conformance(&self) -> Conformance {
        self.validator.conformance()
    }

    fn nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        self.validator.nonce(now)
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.validator.diagnose()
    }

    fn recall<'a>(&'a self, presented: &'a PresentedCredential<'a>) -> Option<Principal> {
        self.validator.recall(presented)
    }

    fn explain<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        self.validator.explain(presented)
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        self.validator.warm_up()
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        self.validator.validate(presented)
    }
}

impl fmt::Debug for BoundValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [shape] = &self.shapes;
        f.debug_tuple("BoundValidator")
            .field(shape)
            .field(&self.validator)
            .finish()
    }
}
