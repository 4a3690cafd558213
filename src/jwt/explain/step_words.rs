//! The words of every step.

use std::error::Error;

use super::case::Case;
use super::step_name::StepName;
use super::wording::Wording;
use crate::error::Rejection;
use crate::jwt::contrast::Contrast;

impl Case<'_> {
    /// Returns the words for a step that has passed, or `None` if there was nothing to check.
    pub(super) fn passed(&self, name: StepName) -> Option<Wording> {
        match name {
            StepName::Size => Some(self.size_passed()),
            StepName::Shape | StepName::Signature => Some(Wording::default()),
            StepName::Header => Some(self.header_passed()),
            StepName::Issuer => self.issuer_passed(),
            StepName::Key => Some(self.key_passed()),
            StepName::Claims => Some(self.claims_passed()),
            StepName::Type => Some(self.type_passed()),
            StepName::Audience => self.audience_passed(),
            StepName::Expiry | StepName::NotBefore | StepName::IssuedAt => self.time_passed(name),
            StepName::Demands => self.demands_passed(),
            // Nothing here asks for a proof.
            StepName::Binding => None,
        }
    }

    /// Returns the words for a step that was skipped although no other step has failed.
    pub(super) fn skipped(&self, name: StepName) -> Option<Wording> {
        match name {
            StepName::Binding => self.binding_skipped(),
            _ => None,
        }
    }

    /// Returns the words for the step that has failed. They say what was expected and found.
    pub(super) fn failed(&self, name: StepName, rejection: &Rejection) -> Wording {
        let said = contrast_of(rejection);
        let words = match name {
            StepName::Size => self.size_failed(),
            StepName::Shape => self.shape_failed(rejection.kind()),
            StepName::Header => self.header_failed(rejection.kind()),
            StepName::Issuer => self.issuer_failed(said),
            StepName::Key => self.key_failed(said, rejection),
            StepName::Signature => self.signature_failed(),
            StepName::Claims => self.claims_failed(rejection.claim()),
            StepName::Type => self.type_failed(said, rejection),
            StepName::Audience => self.audience_failed(),
            StepName::Expiry | StepName::NotBefore | StepName::IssuedAt => {
                self.time_failed(name, said)
            }
            StepName::Demands => self.demands_failed(rejection),
            StepName::Binding => self.binding_failed(rejection.kind()),
        };
        let or = |text: Option<String>, other: &str| {
            let text = text.filter(|text| !text.is_empty());
            Some(text.unwrap_or_else(|| other.to_owned()))
        };
        Wording {
            expected: or(words.expected, "a token that passes this check"),
            found: or(words.found, &rejection.to_string()),
            hint: words.hint,
        }
    }
}

/// Returns what the check has said, if it is in the rejection.
fn contrast_of(rejection: &Rejection) -> Option<&Contrast> {
    rejection.source()?.downcast_ref()
}
