//! Explanation of the choice of a validator, and of the scheme of an accepted credential.

use super::Shape;
use super::token_form::TokenForm;
use crate::credential::{Place, PresentedCredential};
use crate::diagnosis::{Explanation, Step};
use crate::error::{Rejection, RejectionKind};
use crate::limits;

/// Returns the step of a credential that a validator with these shapes takes.
pub(super) fn taken(presented: &PresentedCredential<'_>, all: &[Shape], own: &[Shape]) -> Step {
    let step = Step::ok(CHOICE)
        .expected(names(own))
        .found(found(presented, all));
    let is_opaque = own.contains(&Shape::Opaque) && !own.contains(&Shape::Jwt);
    match form(presented) {
        TokenForm::Jwt if is_opaque => step.hint(
            "no validator takes JWTs, so this one does; add a `JwtValidator` to validate them here",
        ),
        _ => match other_environment(presented, all) {
            Some(hint) if is_opaque => step.hint(hint),
            _ => step,
        },
    }
}

/// Returns the explanation of a credential that no validator takes.
pub(super) fn untaken(
    presented: &PresentedCredential<'_>,
    all: &[Shape],
    kind: RejectionKind,
) -> Explanation {
    let step = match kind {
        RejectionKind::TokenTooLarge => Step::failed("size")
            .expected(format!("at most {} bytes", limits::TOKEN_BYTES))
            .found(format!("{} bytes", presented.credential().expose().len())),
        _ => {
            let step = Step::failed(CHOICE)
                .expected(names(all))
                .found(found(presented, all));
            match hint(presented, all) {
                Some(hint) => step.hint(hint),
                None => step,
            }
        }
    };
    let rejection = rejection(presented, all, kind);
    Explanation::rejected(rejection, vec![step, Step::skipped("validation")])
}

/// Returns the rejection of a credential that no validator takes, with what was expected and found
/// as its source.
#[cold]
pub(super) fn rejection(
    presented: &PresentedCredential<'_>,
    all: &[Shape],
    kind: RejectionKind,
) -> Rejection {
    if kind != RejectionKind::TokenMalformed {
        return kind.into();
    }
    let (expected, found) = (names(all), found(presented, all));
    let text = match hint(presented, all) {
        Some(hint) => format!("expected {expected}, found {found}; {hint}"),
        None => format!("expected {expected}, found {found}"),
    };
    Rejection::new(kind).with_source(text)
}

/// Returns the explanation of a validator behind the choice of it.
pub(super) fn joined(choice: Step, own: Explanation) -> Explanation {
    let (steps, rejection) = own.into_parts();
    let steps = std::iter::once(choice).chain(steps).collect();
    match rejection {
        Some(rejection) => Explanation::rejected(rejection, steps),
        None => Explanation::accepted(steps),
    }
}

/// Adds whether an accepted credential may be presented under its scheme.
pub(super) fn with_scheme(
    presented: &PresentedCredential<'_>,
    own: Explanation,
    validated: Result<(), Rejection>,
) -> Explanation {
    let scheme = presented.credential().scheme();
    let (mut steps, _) = own.into_parts();
    let Err(rejection) = validated else {
        steps.push(Step::ok("scheme").found(format!("`{scheme}`")));
        return Explanation::accepted(steps);
    };
    let step = Step::failed("scheme");
    steps.push(match rejection.kind() {
        RejectionKind::BindingMismatch => step
            .expected(format!(
                "a token that is bound to a key (`cnf.jkt`), for `{scheme}`"
            ))
            .found("a token that is not")
            .hint("let the client ask for a DPoP-bound token, or send it as `Bearer`"),
        _ => step
            .expected(format!("a credential of a kind that `{scheme}` may have"))
            .found("one of another kind")
            .hint("send tokens as `Bearer`, and only API keys as `ApiKey` or `Basic`"),
    });
    Explanation::rejected(rejection, steps)
}

/// What an opaque token at a validator for JWTs usually means.
pub(crate) const NOT_A_JWT: &str = "not a JWT: was an audience requested? Some issuers give an \
                                    opaque token without one; validate opaque tokens with an \
                                    `IntrospectionValidator`, and API keys with an \
                                    `ApiKeyValidator`";

const CHOICE: &str = "validator";

fn form(presented: &PresentedCredential<'_>) -> TokenForm {
    TokenForm::recognize(presented.credential().expose())
}

fn names(shapes: &[Shape]) -> String {
    let names: Vec<_> = shapes.iter().map(name).collect();
    names.join(", or ")
}

fn name(shape: &Shape) -> String {
    match shape {
        Shape::Jwt => "a JWT".to_owned(),
        Shape::Opaque => "an opaque token".to_owned(),
        Shape::Place(place) => format!("anything in {}", place_name(place)),
        Shape::Prefix(prefix) => format!("a text that begins with `{prefix}`"),
        Shape::SdJwt => "an SD-JWT".to_owned(),
    }
}

fn place_name(place: &Place) -> String {
    match place {
        Place::AuthorizationHeader => "the `Authorization` header".to_owned(),
        Place::Basic => "`Authorization: Basic`".to_owned(),
        Place::Cookie(name) => format!("the cookie `{name}`"),
        Place::Form(name) => format!("the form parameter `{name}`"),
        Place::Header(name) => format!("the header `{name}`"),
        Place::Query(name) => format!("the query parameter `{name}`"),
    }
}

/// Returns what a credential looks like; of its text only its length.
fn found(presented: &PresentedCredential<'_>, all: &[Shape]) -> String {
    let token = presented.credential().expose();
    let bound = |shape: &&Shape| matches!(shape, Shape::Place(place) if place == presented.place());
    if let Some(Shape::Place(place)) = all.iter().find(bound) {
        return format!("a credential in {}", place_name(place));
    }
    let prefixed =
        |shape: &&Shape| matches!(shape, Shape::Prefix(own) if token.starts_with(&**own));
    if let Some(Shape::Prefix(prefix)) = all.iter().find(prefixed) {
        return format!("a text that begins with `{prefix}`");
    }
    match form(presented) {
        TokenForm::Jwt => "a JWT".to_owned(),
        TokenForm::SdJwt => "an SD-JWT".to_owned(),
        TokenForm::Other => format!("an opaque text of {} characters", token.len()),
    }
}

fn hint(presented: &PresentedCredential<'_>, all: &[Shape]) -> Option<String> {
    let takes_jwts = all.contains(&Shape::Jwt);
    match form(presented) {
        TokenForm::SdJwt => Some(
            "no validator of this crate takes SD-JWTs; let the client request an access token"
                .to_owned(),
        ),
        TokenForm::Jwt => Some("add a `JwtValidator` for the issuer of this token".to_owned()),
        TokenForm::Other => {
            other_environment(presented, all).or_else(|| takes_jwts.then(|| NOT_A_JWT.to_owned()))
        }
    }
}

/// Returns a hint if a text begins like a prefix up to its last word, as the key of another
/// environment does (`acme_test_` for `acme_live_`).
fn other_environment(presented: &PresentedCredential<'_>, all: &[Shape]) -> Option<String> {
    let token = presented.credential().expose();
    all.iter().find_map(|shape| {
        let Shape::Prefix(prefix) = shape else {
            return None;
        };
        let (stem, _) = prefix.trim_end_matches('_').rsplit_once('_')?;
        let is_like = !stem.is_empty()
            && !token.starts_with(&**prefix)
            && token.strip_prefix(stem).is_some_and(|rest| rest.starts_with('_'));
        is_like.then(|| {
            format!(
                "it begins with `{stem}_`, as keys with the prefix `{prefix}` do: it may be the key \
                 of another environment"
            )
        })
    })
}
