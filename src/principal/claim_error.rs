//! Claims that are not of the type that a service reads them as.

use std::borrow::Cow;
use std::fmt;

use crate::error::kinds;

/// Claims are not of the type that was requested
/// ([`Claims::deserialize`](crate::principal::Claims::deserialize)).
///
/// It names the claim, what was expected and what was found, so that an operator sees whether the
/// authority or the service has to change. It contains no value of a claim: of the credential it
/// has the names of claims and, below them, only names that the requested type has (any other is
/// `*`).
///
/// ```
/// use bearergate::Principal;
/// use bearergate::principal::{ClaimErrorKind, PrincipalKind};
/// use serde::Deserialize;
///
/// #[derive(Debug, Deserialize)]
/// struct MyClaims {
///     tenant: String,
/// }
///
/// let caller = |claims: &str| -> Result<Principal, bearergate::json::JsonError> {
///     let builder = Principal::builder(PrincipalKind::AccessToken, "https://idp.example.com");
///     Ok(builder.claims(claims)?.build())
/// };
/// let other = caller(r#"{"tenant": 7}"#)?;
/// let error = other.claims().deserialize::<MyClaims>().unwrap_err();
/// assert_eq!(error.to_string(), "claim `tenant`: expected a string, found a number");
///
/// let none = caller("{}")?;
/// let error = none.claims().deserialize::<MyClaims>().unwrap_err();
/// assert_eq!(error.kind(), ClaimErrorKind::Missing);
/// assert_eq!(error.to_string(), "claim `tenant` is missing");
/// # Ok::<(), bearergate::json::JsonError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClaimError {
    pub(super) kind: ClaimErrorKind,
    pub(super) path: String,
    pub(super) expected: Option<Cow<'static, str>>,
    pub(super) found: &'static str,
    /// The name of the claim, if the requested type has it.
    pub(super) claim: Option<&'static str>,
}

kinds! {
    /// What is wrong with claims, as a stable code.
    pub enum ClaimErrorKind {
        /// The type has a field for it that is no `Option`. Make it one, or demand the claim when
        /// the credential is validated.
        Missing = "missing", "a claim is missing";
        /// The type refuses claims that it does not know (`deny_unknown_fields`).
        Unexpected = "unexpected", "a claim is not known to the type";
        /// It has the right JSON type; its value is out of range, not one of a list, or refused by a
        /// check of the type.
        ValueRefused = "value_refused", "the value of a claim is not accepted by the type";
        /// Nothing is converted: the string `"7"` is no number.
        WrongType = "wrong_type", "a claim has another JSON type";
    }
}

impl ClaimError {
    /// Returns what is wrong, as a stable code.
    pub const fn kind(&self) -> ClaimErrorKind {
        self.kind
    }

    /// Returns the name of the claim, and the names of members and the positions of elements that
    /// lead to the value inside it: `org.id`, `roles[1]`. It is empty for all claims together.
    ///
    /// The name of a claim may be text of the credential, shortened and without control characters.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what the type expects, such as `a string`; `None` if only the type knows.
    pub fn expected(&self) -> Option<&str> {
        self.expected.as_deref()
    }

    /// Returns what was found, such as `a number`: a type, never a value.
    pub const fn found(&self) -> &'static str {
        self.found
    }

    /// Returns the claim to blame, if its name does not come from the credential.
    pub(crate) const fn claim(&self) -> Option<&'static str> {
        self.claim
    }
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.path {
            "" => f.write_str("the claims")?,
            path => write!(f, "claim `{path}`")?,
        }
        let found = self.found;
        match (self.kind, &self.expected) {
            (ClaimErrorKind::Missing, _) => f.write_str(" is missing"),
            (_, Some(expected)) => write!(f, ": expected {expected}, found {found}"),
            (_, None) => write!(f, ": expected a value that the type accepts, found {found}"),
        }
    }
}

impl std::error::Error for ClaimError {}
