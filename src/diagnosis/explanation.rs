//! Explanations: the steps of the validation of one credential, expected against found.

use std::borrow::Cow;
use std::fmt;

use super::report::escaped;
use super::text::error_chain;
use super::withheld::Withheld;
use crate::error::Rejection;

/// Why a credential is accepted or rejected, step by step, for the operator.
///
/// [`TokenValidator::explain`](crate::validator::TokenValidator::explain) returns it. It has at most
/// one step that failed, and no step after that one was carried out. Its texts name values of the
/// configuration and some values of the credential (its issuer, its audiences, its times), never
/// the credential itself, its signature or key material. Do not send it to a client. `Display`
/// writes each step on a line of its own.
///
/// ```
/// use bearergate::diagnosis::{Explanation, Step};
/// use bearergate::RejectionKind;
///
/// let explanation = Explanation::rejected(
///     RejectionKind::AudienceMismatch,
///     vec![
///         Step::ok("signature"),
///         Step::failed("audience")
///             .expected("https://api.example.com")
///             .found("https://other.example.com")
///             .hint("request the token for the audience of this service"),
///         Step::skipped("expiry"),
///     ],
/// );
/// assert_eq!(
///     explanation.to_string(),
///     "\
/// rejected: the token is meant for another audience
///   ok      signature
///   failed  audience: expected https://api.example.com, found https://other.example.com
///           hint: request the token for the audience of this service
///   skipped expiry
/// "
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Explanation {
    steps: Vec<Step>,
    rejection: Option<Rejection>,
}

impl Explanation {
    /// Creates the explanation of an accepted credential. No step should have failed.
    pub const fn accepted(steps: Vec<Step>) -> Self {
        Self {
            steps,
            rejection: None,
        }
    }

    /// Creates the explanation of a rejected credential. One step should have failed; the steps
    /// behind it are [skipped](Step::skipped).
    pub fn rejected(rejection: impl Into<Rejection>, steps: Vec<Step>) -> Self {
        Self {
            steps,
            rejection: Some(rejection.into()),
        }
    }

    /// Creates the explanation of a validator that reports no steps: its result as one step.
    pub(crate) fn of_result(result: Result<(), Rejection>) -> Self {
        match result {
            Ok(()) => Self::accepted(vec![Step::ok("credential")]),
            Err(rejection) => {
                let step = Step::failed("credential")
                    .expected("a credential that is accepted")
                    .found(error_chain(&rejection));
                Self::rejected(rejection, vec![step])
            }
        }
    }

    /// Hides the credential in every text and in the sources of the rejection. Texts of validators,
    /// providers and issuers may repeat it.
    pub(crate) fn without(mut self, credential: &str) -> Self {
        let withheld = Withheld::of(credential);
        for step in &mut self.steps {
            step.expected = step.expected.take().map(|text| withheld.hide(text));
            step.found = step.found.take().map(|text| withheld.hide(text));
            step.hint = step.hint.take().map(|text| withheld.hide_in(text));
        }
        let rejection = self.rejection.take();
        self.rejection = rejection.map(|own| withheld.hide_in_source(own));
        self
    }

    /// Returns the steps, and why the credential is rejected.
    pub(crate) fn into_parts(self) -> (Vec<Step>, Option<Rejection>) {
        (self.steps, self.rejection)
    }

    /// Returns all steps in the order in which they are checked.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the step that failed; `None` if the credential is accepted.
    pub fn failed(&self) -> Option<&Step> {
        let mut steps = self.steps.iter();
        steps.find(|step| step.outcome == Outcome::Failed)
    }

    /// Returns why the credential is rejected; `None` if it is accepted.
    pub const fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }

    /// Returns true if the credential is accepted.
    pub const fn is_accepted(&self) -> bool {
        self.rejection.is_none()
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rejection {
            Some(rejection) => writeln!(f, "rejected: {rejection}")?,
            None => f.write_str("accepted\n")?,
        }
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

/// One step of an [`Explanation`]: what was checked, what was expected and what was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    name: &'static str,
    outcome: Outcome,
    expected: Option<String>,
    found: Option<String>,
    hint: Option<Cow<'static, str>>,
}

impl Step {
    const fn new(name: &'static str, outcome: Outcome) -> Self {
        Self {
            name,
            outcome,
            expected: None,
            found: None,
            hint: None,
        }
    }

    /// Creates a step that has passed. Its name is a stable word, such as `issuer`.
    pub const fn ok(name: &'static str) -> Self {
        Self::new(name, Outcome::Ok)
    }

    /// Creates the step that has failed. Add what was [expected](Self::expected) and
    /// [found](Self::found).
    pub const fn failed(name: &'static str) -> Self {
        Self::new(name, Outcome::Failed)
    }

    /// The failed step of a clock that reports no time.
    pub(crate) fn no_time() -> Self {
        Self::failed("clock")
            .expected("a time")
            .found("a clock that reports none")
            .hint("set the clock of this host")
    }

    /// Creates a step that was not carried out: there was nothing to check, or an earlier step has
    /// failed.
    pub const fn skipped(name: &'static str) -> Self {
        Self::new(name, Outcome::Skipped)
    }

    /// Says what the step expects. Characters that change how text is shown are escaped.
    #[must_use]
    pub fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(escaped(text.into()));
        self
    }

    /// Says what the step found. The text must not hold the credential, a part of it that is secret,
    /// or personal data. Characters that change how text is shown are escaped.
    #[must_use]
    pub fn found(mut self, text: impl Into<String>) -> Self {
        self.found = Some(escaped(text.into()));
        self
    }

    /// Says what the operator can do.
    #[must_use]
    pub fn hint(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(match text.into() {
            Cow::Borrowed(text) => Cow::Borrowed(text),
            Cow::Owned(text) => Cow::Owned(escaped(text)),
        });
        self
    }

    /// Returns the name, a stable word.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns whether the step has passed, failed or was skipped.
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns what was expected. A step that failed always says so.
    pub fn expected_text(&self) -> Option<&str> {
        self.expected.as_deref()
    }

    /// Returns what was found. A step that failed always says so.
    pub fn found_text(&self) -> Option<&str> {
        self.found.as_deref()
    }

    /// Returns what the operator can do, if it is known.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {:7} {}", self.outcome.as_str(), self.name)?;
        match (&self.expected, &self.found) {
            (Some(expected), Some(found)) => write!(f, ": expected {expected}, found {found}")?,
            (Some(expected), None) => write!(f, ": expected {expected}")?,
            (None, Some(found)) => write!(f, ": found {found}")?,
            (None, None) => {}
        }
        match &self.hint {
            Some(hint) => write!(f, "\n          hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// The outcome of one step of an [`Explanation`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The step has passed.
    Ok,
    /// The step has failed: the credential is rejected for it.
    Failed,
    /// The step was not carried out: there was nothing to check, or an earlier step has failed.
    Skipped,
}

impl Outcome {
    /// Returns the stable lower-case name: `ok`, `failed` or `skipped`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RejectionKind;

    #[test]
    fn a_result_without_steps_is_one_step() {
        let accepted = Explanation::of_result(Ok(()));
        assert!(accepted.is_accepted());
        assert_eq!(accepted.failed(), None);

        let rejection = Rejection::new(RejectionKind::TokenInactive);
        let rejected = Explanation::of_result(Err(rejection));
        let kind = rejected.rejection().map(Rejection::kind);
        assert_eq!(kind, Some(RejectionKind::TokenInactive));
        let failed = rejected.failed().unwrap();
        assert_eq!(failed.name(), "credential");
        assert!(failed.expected_text().is_some() && failed.found_text().is_some());
    }

    #[test]
    fn text_from_outside_forges_no_line() {
        let step = Step::failed("issuer")
            .expected("a")
            .found("b\n  ok      key");
        let explanation = Explanation::rejected(RejectionKind::IssuerMismatch, vec![step]);
        assert_eq!(explanation.to_string().lines().count(), 2);
    }
}
