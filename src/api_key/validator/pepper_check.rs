//! The check of the peppers before a key is looked up and after it was found.

use super::api_key_validator::{ApiKeyValidator, Validated};
use crate::api_key::format::PepperVersion;
use crate::api_key::pepper_guard::{PepperFault, PepperParts};
use crate::now_or_later::NowOrLater;

impl ApiKeyValidator {
    /// Continues only if no pepper was swapped. Otherwise valid keys would be unknown. A diagnosis
    /// writes no check value.
    pub(super) fn once_settled<'a, F>(&'a self, is_diagnosis: bool, validate: F) -> Validated<'a>
    where
        F: FnOnce() -> Validated<'a> + Send + 'a,
    {
        if self.peppers.is_settled() {
            return validate();
        }
        let settled = match is_diagnosis {
            true => self.compare_peppers(),
            false => self.settle_peppers(),
        };
        settled.then(move |settled| match settled {
            Ok(()) => validate(),
            Err(fault) => NowOrLater::now(Err(fault.into())),
        })
    }

    /// Continues with a key that matched, and notes that the pepper of its record is the right one.
    pub(super) fn once_proven<'a, F>(
        &'a self,
        version: PepperVersion,
        is_diagnosis: bool,
        admit: F,
    ) -> Validated<'a>
    where
        F: FnOnce() -> Validated<'a> + Send + 'a,
    {
        if self.peppers.is_proven() || is_diagnosis {
            return admit();
        }
        let proven = self.peppers.prove(version.number(), self.pepper_parts());
        proven.then(move |proven| match proven {
            Ok(()) => admit(),
            Err(fault) => NowOrLater::now(Err(fault.into())),
        })
    }

    /// Succeeds only if no pepper was swapped; the store is asked until this is known.
    pub(super) fn settle_peppers(&self) -> NowOrLater<'_, Result<(), PepperFault>> {
        self.peppers.settle(self.pepper_parts())
    }

    /// Succeeds like [`settle_peppers`](Self::settle_peppers), and writes nothing.
    pub(super) fn compare_peppers(&self) -> NowOrLater<'_, Result<(), PepperFault>> {
        self.peppers.compare(self.pepper_parts())
    }

    fn pepper_parts(&self) -> PepperParts<'_> {
        PepperParts {
            scheme: &self.scheme,
            store: &*self.store,
        }
    }
}
