//! Typed access to claims.

use std::fmt;

use serde::Deserialize;

use super::claim_error::ClaimError;
use super::claim_place::fault;
use crate::json::{Document, Kind, Value};

/// The claims of a valid credential.
///
/// Nothing is coerced: a claim of another type than requested is an error, never an absent claim.
/// The values are what the authority asserted. `Debug` shows the names only.
#[derive(Clone, Copy)]
pub struct Claims<'p>(&'p Document);

impl<'p> Claims<'p> {
    pub(crate) const fn new(document: &'p Document) -> Self {
        Self(document)
    }

    /// Returns the claim with this name as a JSON value. It is `None` only if there is no such
    /// claim; a claim that is `null` is a [`Value`].
    pub fn value(&self, name: &str) -> Option<Value<'p>> {
        self.0.get(name)
    }

    /// Returns the claim with this name as a `T`, or `None` if there is no such claim.
    ///
    /// # Errors
    ///
    /// A [`ClaimError`] if the claim is not a `T`; `null` is only an `Option`.
    pub fn get<T: Deserialize<'p>>(&self, name: &str) -> Result<Option<T>, ClaimError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let read = value.deserialize().map(Some);
        read.map_err(|_| fault::<T>(value, Some(name)))
    }

    /// Deserializes all claims as a `T`, usually a struct with a field for each claim.
    ///
    /// # Errors
    ///
    /// A [`ClaimError`] if the claims are not a `T`. It names the claim, what the type expects and
    /// what was found. A claim without which there is no `T` is
    /// [`Missing`](crate::principal::ClaimErrorKind::Missing).
    pub fn deserialize<T: Deserialize<'p>>(&self) -> Result<T, ClaimError> {
        let all = Value::from_object_text(self.json());
        all.deserialize().map_err(|_| fault::<T>(all, None))
    }

    /// Returns the JSON text of all claims, unchanged as it was signed or received. It may contain
    /// personal data: do not log it.
    pub fn json(&self) -> &'p str {
        self.0.text()
    }
}

impl fmt::Debug for Claims<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A value that a claim is compared with. A claim of another type never equals it: nothing is
/// converted.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClaimValue {
    /// `true` or `false`. The string `"true"` is not equal to it. It is equal only to the same JSON
    /// literal.
    Bool(bool),
    /// A whole number, written without fraction or exponent. A claim `1.0` or `1e0` is of another
    /// type.
    Integer(i64),
    /// A string, compared byte for byte. Escapes of the JSON text are decoded before; case and
    /// Unicode forms are not changed.
    Text(String),
}

impl ClaimValue {
    /// Returns whether a claim has this value, or `None` if it is of another type. A number with a
    /// fraction or an exponent is of another type.
    pub(crate) fn is(&self, claim: Value<'_>) -> Option<bool> {
        match (self, claim.kind()) {
            (Self::Bool(wanted), Kind::Bool) => Some(claim.as_bool() == Some(*wanted)),
            (Self::Integer(wanted), Kind::Number) => {
                let number: Option<i64> = claim.raw().parse().ok();
                number.map(|n| n == *wanted)
            }
            (Self::Text(wanted), Kind::String) => Some(claim.is_text(wanted)),
            _ => None,
        }
    }
}

impl From<bool> for ClaimValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for ClaimValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for ClaimValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for ClaimValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        Document::parse(br#"{"n":1,"f":1.0,"t":"true","b":true,"null":null,"e":"\u0061"}"#).unwrap()
    }

    #[test]
    fn nothing_is_coerced() {
        let document = document();
        let claims = Claims::new(&document);
        assert_eq!(claims.get::<u8>("n").unwrap(), Some(1));
        assert_eq!(claims.get::<u8>("absent").unwrap(), None);
        assert!(claims.get::<String>("n").is_err());
        assert!(claims.get::<bool>("t").is_err());
        assert!(claims.get::<String>("null").is_err());
        assert_eq!(claims.get::<String>("e").unwrap().unwrap(), "a");
    }

    #[test]
    fn value_is_compared_with_its_own_type_only() {
        let document = document();
        let is = |name, value: ClaimValue| value.is(document.get(name).unwrap());
        assert_eq!(is("n", 1.into()), Some(true));
        assert_eq!(is("n", 2.into()), Some(false));
        assert_eq!(is("f", 1.into()), None);
        assert_eq!(is("n", "1".into()), None);
        assert_eq!(is("t", true.into()), None);
        assert_eq!(is("b", true.into()), Some(true));
        assert_eq!(is("e", "a".into()), Some(true));
        assert_eq!(is("null", "null".into()), None);
    }

    #[test]
    fn debug_shows_names_only() {
        let document = Document::parse(br#"{"pin":"s3cret"}"#).unwrap();
        assert_eq!(format!("{:?}", Claims::new(&document)), r#"{"pin"}"#);
    }
}
