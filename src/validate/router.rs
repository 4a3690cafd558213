//! One judge per credential, by its shape.

use std::sync::Arc;

use crate::credential::Presented;
use crate::future::NowOrLater;
use crate::limits;
use crate::principal::Principal;
use crate::rejection::ConfigError;
use crate::rejection::ConfigErrorKind;
use crate::rejection::Rejection;
use crate::rejection::RejectionKind;
use crate::validate::Authorities;
use crate::validate::Shape;
use crate::validate::TokenValidator;

/// Hands each credential to the one judge that takes its shape, whose word is final.
///
/// A credential goes to the judge of the place where it was found; else to the judge of its
/// prefix; else, if it looks like a JWT, to the JWT judge where there is one; else to the judge
/// of opaque credentials. What looks like a JWT is told leniently, so that no spelling of a JWT
/// reaches another judge: two or four dots, and a first part that base64 of either alphabet, with
/// padding and stray bits forgiven, decodes to what begins with `{`. No other judge is ever asked
/// about a credential that one refused.
#[derive(Clone, Debug)]
pub struct Router {
    judges: Vec<Arc<dyn TokenValidator>>,
    // INVARIANT: as long as `shapes`; the place of each shape's judge in `judges`.
    owners: Vec<usize>,
    shapes: Vec<Shape>,
}

impl Router {
    /// Joins judges.
    ///
    /// # Errors
    ///
    /// [`Empty`](ConfigErrorKind::Empty) if there is no judge, one takes no shape, or a prefix is
    /// empty; [`Conflict`](ConfigErrorKind::Conflict) if two judges take the same credentials.
    pub fn new(judges: Vec<Arc<dyn TokenValidator>>) -> Result<Self, ConfigError> {
        if judges.is_empty() {
            return Err(empty("there is no judge; give at least one"));
        }
        let mut router = Self {
            judges: Vec::new(),
            owners: Vec::new(),
            shapes: Vec::new(),
        };
        judges.into_iter().try_for_each(|judge| router.add(judge))?;
        Ok(router)
    }

    fn add(&mut self, judge: Arc<dyn TokenValidator>) -> Result<(), ConfigError> {
        let shapes = judge.shapes();
        if shapes.is_empty() {
            return Err(empty("a judge takes no shape; let it declare one"));
        }
        shapes.iter().try_for_each(|shape| self.check(shape))?;
        let owner = self.judges.len();
        self.owners.extend(shapes.iter().map(|_| owner));
        self.shapes.extend_from_slice(shapes);
        self.judges.push(judge);
        Ok(())
    }

    fn check(&self, new: &Shape) -> Result<(), ConfigError> {
        if matches!(new, Shape::Prefix(prefix) if prefix.is_empty()) {
            let remedy = "a prefix is empty; give one, or take what is left with `Opaque`";
            return Err(empty(remedy));
        }
        if self.shapes.iter().any(|own| overlap(own, new)) {
            return Err(conflict(new));
        }
        Ok(())
    }

    /// Returns the judge that takes a credential.
    fn pick(&self, presented: &Presented<'_>) -> Result<&dyn TokenValidator, RejectionKind> {
        let token = presented.credential().expose();
        if token.len() > limits::TOKEN_BYTES_MAX {
            return Err(RejectionKind::TokenTooLarge);
        }
        self.find(|shape| matches!(shape, Shape::Place(place) if place == presented.place()))
            .or_else(|| self.by_text(token))
            .ok_or_else(|| nobodys(token))
    }

    fn by_text(&self, token: &str) -> Option<&dyn TokenValidator> {
        self.find(|shape| matches!(shape, Shape::Prefix(own) if token.starts_with(&**own)))
            .or_else(|| self.jwt_judge().filter(|_| is_jwt_like(token)))
            .or_else(|| self.find(|shape| *shape == Shape::Opaque))
    }

    fn jwt_judge(&self) -> Option<&dyn TokenValidator> {
        self.find(|shape| *shape == Shape::Jwt)
    }

    fn find(&self, takes: impl Fn(&Shape) -> bool) -> Option<&dyn TokenValidator> {
        let at = self.shapes.iter().position(takes)?;
        let judge = self.judges.get(*self.owners.get(at)?)?;
        Some(&**judge)
    }
}

impl TokenValidator for Router {
    fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    fn authorities(&self) -> Authorities {
        let all = self.judges.iter().map(|judge| judge.authorities());
        all.fold(Authorities::OWN, Authorities::with)
    }

    fn validate<'a>(
        &'a self,
        presented: &'a Presented<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        match self.pick(presented) {
            Ok(judge) => judge.validate(presented),
            Err(kind) => NowOrLater::now(Err(kind.into())),
        }
    }
}

/// Says why nobody takes it; a size that no judge takes by default is named first.
const fn nobodys(token: &str) -> RejectionKind {
    if token.len() > limits::TOKEN_BYTES {
        RejectionKind::TokenTooLarge
    } else {
        RejectionKind::TokenMalformed
    }
}

fn overlap(a: &Shape, b: &Shape) -> bool {
    match (a, b) {
        (Shape::Prefix(a), Shape::Prefix(b)) => a.starts_with(&**b) || b.starts_with(&**a),
        (Shape::Prefix(prefix), Shape::Jwt) | (Shape::Jwt, Shape::Prefix(prefix)) => {
            may_begin_jwt(prefix.as_bytes())
        }
        _ => a == b,
    }
}

fn is_jwt_like(token: &str) -> bool {
    let dots = memchr::memchr_iter(b'.', token.as_bytes()).count();
    let first = token.split('.').next().unwrap_or_default();
    matches!(dots, 2 | 4) && decodes_to_object(first.as_bytes())
}

/// Returns true if lenient base64 decodes this to what begins with `{`.
fn decodes_to_object(text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = text.get(..text.len() - padding).unwrap_or_default();
    matches!(digits, [b'e', second, ..] if begins_object(*second)) && digits.iter().all(is_digit)
}

fn may_begin_jwt(prefix: &[u8]) -> bool {
    match prefix {
        [] | [b'e'] => true,
        [b'e', second, ..] => begins_object(*second),
        _ => false,
    }
}

/// Returns true if base64 decodes `e` and this digit to `{` and four more bits.
const fn begins_object(second: u8) -> bool {
    // `{` is 0b011110_11: the digit 30, `e`, then one of 48 to 63.
    matches!(second, b'w'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_')
}

const fn is_digit(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

fn conflict(shape: &Shape) -> ConfigError {
    let detail = match shape {
        Shape::Jwt => "two judges take JWTs; join their issuers in one",
        Shape::Opaque => "two judges take what is left; one is enough",
        Shape::Place(_) => "two judges take what is found in one place; give each its own",
        Shape::Prefix(_) => {
            "a prefix begins another one, or a JWT; choose prefixes that differ before either ends \
             and do not begin like `eyJ`"
        }
    };
    ConfigError::new(ConfigErrorKind::Conflict, "validator", detail)
}

fn empty(detail: &'static str) -> ConfigError {
    ConfigError::new(ConfigErrorKind::Empty, "validator", detail)
}
