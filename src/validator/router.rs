//! The choice of one validator for each credential, by its shape.

use std::sync::Arc;

use http::HeaderValue;

use super::authorities::Authorities;
use super::proofs::Proofs;
use super::scheme::{check_principal, has_meaning};
use super::token_form::{TokenForm, may_begin_jwt};
use super::{Shape, TokenValidator, all, choice};
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::diagnosis::{Explanation, Finding, gather};
use crate::error::{ConfigError, Rejection, RejectionKind};
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::{Authority, Principal};

/// The validators of one slot, each credential given to the one that takes its shape.
///
/// The rules are those of [`Shape`]. What looks like a JWT or an SD-JWT is recognised leniently, as
/// [`TokenForm`] says, so that no spelling of one reaches another validator.
#[derive(Clone, Debug)]
pub(crate) struct Router {
    validators: Vec<Arc<dyn TokenValidator>>,
    // INVARIANT: as long as `shapes`; for each shape the index of its validator.
    owners: Vec<usize>,
    shapes: Vec<Shape>,
    // INVARIANT: as long as `validators`.
    /// Whether each validator trusts an outside authority.
    outside: Vec<bool>,
}

impl Router {
    /// Joins validators whose shapes do not overlap.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) if there is no validator, one takes no
    /// shape, or a prefix is empty; [`Conflict`](crate::error::ConfigErrorKind::Conflict) if two
    /// take the same credentials.
    pub(crate) fn new(validators: Vec<Arc<dyn TokenValidator>>) -> Result<Self, ConfigError> {
        if validators.is_empty() {
            return Err(ConfigError::missing(
                FIELD,
                "expected a validator, found no validator; add at least one",
            ));
        }
        let mut router = Self {
            validators: Vec::new(),
            owners: Vec::new(),
            shapes: Vec::new(),
            outside: Vec::new(),
        };
        for validator in validators {
            let shapes = validator.shapes();
            if shapes.is_empty() {
                let detail = "a validator has no shape; let it declare at least one";
                return Err(ConfigError::missing(FIELD, detail));
            }
            for shape in shapes {
                if matches!(shape, Shape::Prefix(prefix) if prefix.is_empty()) {
                    let detail = "a prefix is empty; choose one, or use `Opaque` for all other \
                                  tokens";
                    return Err(ConfigError::missing(FIELD, detail));
                }
                if router.shapes.iter().any(|own| overlap(own, shape)) {
                    return Err(overlapping(shape));
                }
            }
            let owner = router.validators.len();
            router.owners.extend(shapes.iter().map(|_| owner));
            router.shapes.extend_from_slice(shapes);
            router.outside.push(validator.authorities().outside() > 0);
            router.validators.push(validator);
        }
        Ok(router)
    }

    /// Returns the validator that takes a credential.
    #[inline]
    fn picked(
        &self,
        presented: &PresentedCredential<'_>,
    ) -> Result<&Arc<dyn TokenValidator>, RejectionKind> {
        let validator = self.validators.get(self.pick(presented)?);
        validator.ok_or(RejectionKind::TokenMalformed)
    }

    /// Returns the index of the validator that takes a credential.
    fn pick(&self, presented: &PresentedCredential<'_>) -> Result<usize, RejectionKind> {
        let token = presented.credential().expose();
        if token.len() > limits::TOKEN_BYTES_MAX {
            return Err(RejectionKind::TokenTooLarge);
        }
        self.find(|shape| matches!(shape, Shape::Place(place) if place == presented.place()))
            .or_else(|| {
                self.find(|shape| matches!(shape, Shape::Prefix(own) if token.starts_with(&**own)))
            })
            .or_else(|| self.find_by_form(token))
            // A size that no validator takes by default is named first.
            .ok_or(match token.len() > limits::TOKEN_BYTES {
                true => RejectionKind::TokenTooLarge,
                false => RejectionKind::TokenMalformed,
            })
    }

    /// An SD-JWT is presented with more than a token, so only a validator for it gets it.
    fn find_by_form(&self, token: &str) -> Option<usize> {
        let own = match TokenForm::recognize(token) {
            TokenForm::SdJwt => return self.find(|shape| *shape == Shape::SdJwt),
            TokenForm::Jwt => self.find(|shape| *shape == Shape::Jwt),
            TokenForm::Other => None,
        };
        own.or_else(|| self.find(|shape| *shape == Shape::Opaque))
    }

    /// Returns whether an outside authority vouches for the owner of a credential: one of the
    /// validator that takes it.
    pub(crate) fn is_outside(&self, presented: &PresentedCredential<'_>) -> bool {
        let outside = self
            .pick(presented)
            .ok()
            .and_then(|at| self.outside.get(at));
        outside.copied().unwrap_or(true)
    }

    fn find(&self, takes: impl Fn(&Shape) -> bool) -> Option<usize> {
        let at = self.shapes.iter().position(takes)?;
        self.owners.get(at).copied()
    }
}

impl TokenValidator for Router {
    fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    fn proofs(&self) -> Proofs {
        let all = self.validators.iter().map(|own| own.proofs());
        all.reduce(Proofs::with).unwrap_or_default()
    }

    fn nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        self.validators.iter().find_map(|own| own.nonce(now))
    }

    fn authorities(&self) -> Authorities {
        let all = self.validators.iter().map(|own| own.authorities());
        all.fold(Authorities::OWN, Authorities::with)
    }

    fn authority_names(&self) -> Option<Vec<Authority>> {
        let all = self.validators.iter().map(|own| own.authority_names());
        let all: Option<Vec<_>> = all.collect();
        all.map(|names| names.concat())
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        let validators = self.validators.iter();
        gather(validators.map(|validator| validator.diagnose_with(&self.shapes)))
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        all(self.validators.iter().map(|validator| validator.warm_up()))
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        match self.picked(presented) {
            Ok(validator) => under_scheme(validator.validate(presented), presented),
            Err(kind) => {
                let rejection = choice::rejection(presented, &self.shapes, kind);
                NowOrLater::now(Err(rejection))
            }
        }
    }

    fn recall<'a>(&'a self, presented: &'a PresentedCredential<'a>) -> Option<Principal> {
        let principal = self.picked(presented).ok()?.recall(presented)?;
        let scheme = presented.credential().scheme();
        let is_usable = check_principal(scheme, &principal).is_ok() && !principal.is_confirmed();
        is_usable.then_some(principal)
    }

    fn explain<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        let validator = match self.picked(presented) {
            Ok(validator) => validator,
            Err(kind) => {
                let explanation = choice::untaken(presented, &self.shapes, kind);
                return NowOrLater::now(explanation);
            }
        };
        let choice = choice::taken(presented, &self.shapes, validator.shapes());
        let explained = validator.explain(presented);
        explained.then(move |own| {
            let own = choice::joined(choice, own);
            if !own.is_accepted() || !has_meaning(presented.credential().scheme()) {
                return NowOrLater::now(own);
            }
            let validated = self.validate(presented);
            validated.map(|result| choice::with_scheme(presented, own, result.map(|_| ())))
        })
    }
}

/// Rejects what may not be presented under its scheme, whatever its validator says.
fn under_scheme<'a>(
    validated: NowOrLater<'a, Result<Principal, Rejection>>,
    presented: &'a PresentedCredential<'a>,
) -> NowOrLater<'a, Result<Principal, Rejection>> {
    let scheme = presented.credential().scheme();
    if !has_meaning(scheme) {
        return validated;
    }
    validated.map(move |validated| {
        let principal = validated?;
        check_principal(scheme, &principal)?;
        Ok(principal)
    })
}

fn overlap(a: &Shape, b: &Shape) -> bool {
    match (a, b) {
        (Shape::Prefix(a), Shape::Prefix(b)) => a.starts_with(&**b) || b.starts_with(&**a),
        (Shape::Prefix(prefix), Shape::Jwt | Shape::SdJwt)
        | (Shape::Jwt | Shape::SdJwt, Shape::Prefix(prefix)) => may_begin_jwt(prefix.as_bytes()),
        _ => a == b,
    }
}

fn overlapping(shape: &Shape) -> ConfigError {
    let detail = match shape {
        Shape::Jwt => {
            "expected one validator of JWTs, found two; join their issuers with `JwtValidator::join`"
        }
        Shape::SdJwt => "expected one validator of SD-JWTs, found two; configure one",
        Shape::Opaque => {
            "expected one validator of the tokens that no other takes (`Shape::Opaque`), found two; keep \
             one, and give the other credentials of its own: a prefix, or a place by \
             `GateBuilder::validator_at`"
        }
        Shape::Place(_) => {
            "expected one validator of the credentials of a place, found two; bind each to its own place"
        }
        Shape::Prefix(_) => {
            "a prefix begins another one, or a JWT; choose prefixes that differ before either ends \
             and do not begin like `eyJ`"
        }
    };
    ConfigError::conflict(FIELD, detail)
}

const FIELD: &str = "validator";

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;
    use crate::credential::Place;
    use crate::error::ConfigErrorKind;
    use crate::principal::PrincipalKind;

    #[derive(Debug)]
    struct Named(&'static str, Vec<Shape>);

    impl TokenValidator for Named {
        fn shapes(&self) -> &[Shape] {
            &self.1
        }

        fn validate<'a>(
            &'a self,
            _: &'a PresentedCredential<'a>,
        ) -> NowOrLater<'a, Result<Principal, Rejection>> {
            let principal = Principal::builder(PrincipalKind::Other, self.0).build();
            NowOrLater::now(Ok(principal))
        }
    }

    fn validator(name: &'static str, shapes: impl Into<Vec<Shape>>) -> Arc<dyn TokenValidator> {
        Arc::new(Named(name, shapes.into()))
    }

    fn prefix(text: &'static str) -> Shape {
        Shape::Prefix(Cow::Borrowed(text))
    }

    fn full() -> Router {
        let validators = vec![
            validator("opaque", [Shape::Opaque]),
            validator("jwt", [Shape::Jwt]),
            validator("sd-jwt", [Shape::SdJwt]),
            validator("key", [prefix("sk_live_"), prefix("sk_test_")]),
            validator("cookie", [Shape::Place(Place::Cookie("sid".into()))]),
        ];
        Router::new(validators).unwrap()
    }

    fn route(
        router: &Router,
        presented: &PresentedCredential<'_>,
    ) -> Result<String, RejectionKind> {
        match router.validate(presented).try_now().unwrap() {
            Ok(principal) => Ok(principal.authority().to_string()),
            Err(rejection) => Err(rejection.kind()),
        }
    }

    fn to(router: &Router, token: &str) -> Result<String, RejectionKind> {
        route(router, &PresentedCredential::token(token))
    }

    fn conflict_of(a: impl Into<Vec<Shape>>, b: impl Into<Vec<Shape>>) -> Option<ConfigErrorKind> {
        let validators = vec![validator("a", a), validator("b", b)];
        Router::new(validators).err().map(|error| error.kind())
    }

    #[test]
    fn shape_picks_the_validator() {
        let router = full();
        for (token, name) in [
            ("eyJhbGciOiJub25lIn0.e30.", "jwt"),
            ("eyJhbGciOiJub25lIn0.a.b.c.d", "jwt"),
            ("eyJhbGciOiJub25lIn0.a", "opaque"),
            ("eyJhbGciOiJub25lIn0.a.b.c", "opaque"),
            ("eyJhbGciOiJub25lIn0", "opaque"),
            ("a.b.c", "opaque"),
            ("sk_live_abc", "key"),
            ("sk_test_a.b.c", "key"),
            ("sk_live_.a.b~", "key"),
            (" eyJhIjoxfQ.e30.", "opaque"),
            ("IHsiYSI6MX0.e30.", "jwt"),
            ("eyJhIjoxfQ.e30.AAAA~", "sd-jwt"),
            ("IHsiYSI6MX0.e30.AAAA~WyJhIl0~d.e.f", "sd-jwt"),
            ("eyJhIjoxfQ.e30.AAAA~d.e.f", "sd-jwt"),
            ("eyJhIjoxfQ.e30.AAAA.a.a~", "sd-jwt"),
            ("a.b.c~", "opaque"),
            ("opaque~", "opaque"),
            ("sk_liv", "opaque"),
            ("SK_LIVE_abc", "opaque"),
            ("opaque", "opaque"),
        ] {
            assert_eq!(to(&router, token), Ok(name.to_owned()), "{token}");
        }
    }

    #[test]
    fn no_spelling_of_a_jwt_reaches_another_validator() {
        let router = full();
        for first in [
            "eyJhbGciOiJIUzI1NiJ9",
            "eyJhbGciOiJIUzI1NiJ9=",
            "eyJhbGciOiJIUzI1NiJ9==",
            "eyJhbGciOiJIUzI1NiJ",
            "ewoJImFsZyI6Im5vbmUifQ",
            "eyJhIjoi_-__In0",
            "eyJhIjoi/+//In0",
            "eyJhIjoi/-__In1",
            "e30",
            "e31",
            "ey",
        ] {
            let token = format!("{first}.e30.AAAA");
            assert_eq!(to(&router, &token), Ok("jwt".to_owned()), "{first}");
        }
        for first in ["", "e", "eA", "fyJhIjoxfQ", "EyJhIjoxfQ", "ey~", "=ey"] {
            let token = format!("{first}.e30.AAAA");
            assert_eq!(to(&router, &token), Ok("opaque".to_owned()), "{first}");
        }
    }

    #[test]
    fn opaque_validator_takes_jwts_if_there_is_none_for_them() {
        let router = Router::new(vec![validator("opaque", [Shape::Opaque])]).unwrap();
        assert_eq!(to(&router, "eyJhIjoxfQ.e30.AAAA"), Ok("opaque".to_owned()));
    }

    #[test]
    fn sd_jwt_goes_to_no_other_validator() {
        let all = [Shape::Jwt, Shape::Opaque];
        for shapes in [&all[..1], &all[1..], &all] {
            let router = Router::new(vec![validator("others", shapes)]).unwrap();
            for token in ["eyJhIjoxfQ.e30.AAAA~", "eyJhIjoxfQ.e30.AAAA~d.e.f"] {
                assert_eq!(to(&router, token), Err(RejectionKind::TokenMalformed));
            }
            assert_eq!(to(&router, "eyJhIjoxfQ.e30.AAAA"), Ok("others".to_owned()));
        }
        let router = Router::new(vec![validator("sd-jwt", [Shape::SdJwt])]).unwrap();
        assert_eq!(to(&router, "eyJhIjoxfQ.e30.AAAA~"), Ok("sd-jwt".to_owned()));
        for token in ["eyJhIjoxfQ.e30.AAAA", "opaque", "opaque~"] {
            assert_eq!(to(&router, token), Err(RejectionKind::TokenMalformed));
        }
    }

    #[test]
    fn credential_without_a_validator_is_malformed() {
        let router = Router::new(vec![validator("jwt", [Shape::Jwt])]).unwrap();
        for token in ["", "abc", "a.b.c", "eyJhIjoxfQ.e30"] {
            assert_eq!(to(&router, token), Err(RejectionKind::TokenMalformed));
        }
    }

    #[test]
    fn size_is_checked_before_shape() {
        let router = Router::new(vec![validator("jwt", [Shape::Jwt])]).unwrap();
        let at = |len| to(&router, &"a".repeat(len));
        assert_eq!(at(limits::TOKEN_BYTES), Err(RejectionKind::TokenMalformed));
        let too_large = Err(RejectionKind::TokenTooLarge);
        assert_eq!(at(limits::TOKEN_BYTES + 1), too_large);
        let opaque = Router::new(vec![validator("opaque", [Shape::Opaque])]).unwrap();
        let at = |len| to(&opaque, &"a".repeat(len));
        assert_eq!(at(limits::TOKEN_BYTES_MAX), Ok("opaque".to_owned()));
        assert_eq!(at(limits::TOKEN_BYTES_MAX + 1), too_large);
    }

    #[test]
    fn credential_in_a_bound_place_goes_to_its_validator_whatever_its_shape() {
        let router = full();
        let sources = crate::credential::Sources::builder()
            .cookie("sid")
            .build()
            .unwrap();
        for token in ["eyJhIjoxfQ.e30.AAAA", "sk_live_abc", "opaque"] {
            let request = http::Request::get("/")
                .header("cookie", format!("sid={token}"))
                .header("sec-fetch-site", "same-origin")
                .body(())
                .unwrap();
            let facts = crate::request::RequestFacts::from(&request);
            let presented = sources.extract(&facts).unwrap();
            assert_eq!(route(&router, &presented), Ok("cookie".to_owned()));
        }
    }

    #[test]
    fn validators_with_overlapping_shapes_are_a_conflict() {
        let conflict = Some(ConfigErrorKind::Conflict);
        let cookie = |name: &str| Shape::Place(Place::Cookie(name.into()));
        assert_eq!(conflict_of([Shape::Jwt], [Shape::Jwt]), conflict);
        assert_eq!(conflict_of([Shape::Opaque], [Shape::Opaque]), conflict);
        assert_eq!(conflict_of([cookie("a")], [cookie("a")]), conflict);
        assert_eq!(conflict_of([cookie("a")], [cookie("b")]), None);
        assert_eq!(conflict_of([prefix("sk_")], [prefix("sk_live_")]), conflict);
        assert_eq!(conflict_of([prefix("sk_live_")], [prefix("sk_")]), conflict);
        assert_eq!(conflict_of([prefix("sk_")], [prefix("pk_")]), None);
        assert_eq!(conflict_of([prefix("ey")], [Shape::Jwt]), conflict);
        assert_eq!(conflict_of([Shape::Jwt], [prefix("e")]), conflict);
        assert_eq!(conflict_of([Shape::Jwt], [prefix("ez_")]), conflict);
        assert_eq!(conflict_of([Shape::Jwt], [prefix("key_")]), None);
        assert_eq!(conflict_of([Shape::SdJwt], [Shape::SdJwt]), conflict);
        assert_eq!(conflict_of([Shape::SdJwt], [prefix("ey")]), conflict);
        assert_eq!(conflict_of([prefix("IHs")], [Shape::SdJwt]), conflict);
        assert_eq!(conflict_of([prefix("IHs")], [Shape::Jwt]), conflict);
        assert_eq!(conflict_of([prefix("C")], [Shape::Jwt]), conflict);
        assert_eq!(conflict_of([prefix("CI_")], [Shape::Jwt]), None);
        assert_eq!(conflict_of([prefix("key_")], [Shape::SdJwt]), None);
        assert_eq!(conflict_of([Shape::SdJwt], [Shape::Jwt]), None);
        assert_eq!(conflict_of([Shape::SdJwt], [Shape::Opaque]), None);
        assert_eq!(conflict_of([prefix("ey")], [Shape::Opaque]), None);
        assert_eq!(conflict_of([Shape::Jwt], [Shape::Opaque]), None);
    }

    #[test]
    fn validator_without_a_shape_is_an_error() {
        let empty = Some(ConfigErrorKind::Empty);
        assert_eq!(conflict_of([], [Shape::Jwt]), empty);
        assert_eq!(conflict_of([prefix("")], [Shape::Jwt]), empty);
        assert_eq!(
            Router::new(Vec::new()).err().map(|error| error.kind()),
            empty
        );
    }

    #[test]
    fn router_trusts_the_authorities_of_its_validators() {
        let all = full().authorities();
        assert_eq!((all.outside(), all.unbounded()), (5, 5));
        assert!(all.is_open());
        assert!(!Authorities::OUTSIDE.is_open());
        assert!(!Authorities::BOUNDED.with(Authorities::BOUNDED).is_open());
        assert!(Authorities::BOUNDED.with(Authorities::OUTSIDE).is_open());
        assert!(!Authorities::OWN.with(Authorities::OUTSIDE).is_open());
    }

    proptest! {
        #[test]
        fn what_decodes_to_an_object_goes_to_the_jwt_validator(
            object in "\\{[ -~]{0,40}",
            rest in "[A-Za-z0-9_-]{0,20}\\.[A-Za-z0-9_-]{0,20}",
        ) {
            let first = crate::credential::base64url::encode(object);
            let token = format!("{first}.{rest}");
            prop_assert_eq!(to(&full(), &token), Ok("jwt".to_owned()));
        }

        #[test]
        fn form_of_a_text_decides_its_validator(token in "([eICD][yHXn][J-Zaefs0-3A]{0,4}[.~=]?)?[a.~]{0,7}") {
            let expected = match TokenForm::recognize(&token) {
                TokenForm::Jwt => "jwt",
                TokenForm::SdJwt => "sd-jwt",
                TokenForm::Other => "opaque",
            };
            prop_assert_eq!(to(&full(), &token), Ok(expected.to_owned()));
        }
    }
}
