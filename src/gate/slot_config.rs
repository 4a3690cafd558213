//! Configuration of a slot: its validators, and the places of its credential.

use std::any::type_name;
use std::sync::Arc;

use super::slot::Slot;
use crate::credential::{Place, Scheme, Sources, SourcesBuilder};
use crate::error::ConfigError;
use crate::validator::{Conformance, Router, Shape, TokenValidator};

#[derive(Debug, Default)]
pub(super) struct SlotConfig {
    validators: Vec<NamedValidator>,
    pub(super) sources: Option<Sources>,
}

/// A validator, and the name of its type for errors.
#[derive(Debug)]
struct NamedValidator {
    type_name: &'static str,
    validator: Arc<dyn TokenValidator>,
}

/// The names of one slot's setters, for errors.
pub(super) struct SetterNames {
    pub(super) validator: &'static str,
    pub(super) sources: &'static str,
}

pub(super) const USER: SetterNames = SetterNames {
    validator: "validator",
    sources: "sources",
};

pub(super) const CLIENT: SetterNames = SetterNames {
    validator: "client_validator",
    sources: "client_sources",
};

impl SlotConfig {
    pub(super) fn add<V: TokenValidator + 'static>(&mut self, validator: V) {
        self.add_as::<V>(validator);
    }

    /// Adds a validator that an error calls by another type, which it wraps.
    pub(super) fn add_as<N>(&mut self, validator: impl TokenValidator + 'static) {
        self.validators.push(NamedValidator {
            type_name: short_name(type_name::<N>()),
            validator: Arc::new(validator),
        });
    }

    pub(super) const fn is_unused(&self) -> bool {
        self.validators.is_empty() && self.sources.is_none()
    }

    /// Returns what each validator says of itself, with the name of its type.
    pub(super) fn conformances(&self) -> impl Iterator<Item = (&'static str, Conformance)> {
        let validators = self.validators.iter();
        validators.map(|own| (own.type_name, own.validator.conformance()))
    }

    fn checks_dpop(&self) -> bool {
        let mut validators = self.validators.iter();
        validators.any(|own| own.validator.proofs().has_dpop())
    }

    pub(super) fn or_default_sources(mut self) -> Result<Self, ConfigError> {
        if self.sources.is_none() {
            let validators = self.validators.iter();
            let shapes = validators.flat_map(|own| own.validator.shapes());
            let headers = shapes.filter_map(bound_to).filter_map(|place| match place {
                Place::Header(name) => Some(name.as_str()),
                _ => None,
            });
            let all = headers.fold(Sources::builder(), SourcesBuilder::header);
            let all = match self.checks_dpop() {
                true => all.dpop(),
                false => all,
            };
            self.sources = Some(all.build()?);
        }
        Ok(self)
    }

    pub(super) fn slot(self, names: &SetterNames) -> Result<Slot, ConfigError> {
        if self.validators.is_empty() {
            let detail = format!(
                "expected a validator, found no validator; add one with `GateBuilder::{}`",
                names.validator
            );
            return Err(ConfigError::missing(names.validator, detail));
        }
        let checks_dpop = self.checks_dpop();
        let Some(sources) = self.sources else {
            let detail = format!(
                "expected a place of this credential, found none; name its places with `GateBuilder::{}`",
                names.sources
            );
            return Err(ConfigError::missing(names.sources, detail));
        };
        check_places(&self.validators, &sources, names)?;
        if checks_dpop && !sources.schemes().contains(&Scheme::Dpop) {
            let detail = format!(
                "expected the scheme `DPoP` among the sources, because a validator checks DPoP \
                 proofs, found none; add `.dpop()` to the `Sources` of `GateBuilder::{}`",
                names.sources
            );
            return Err(ConfigError::conflict(names.sources, detail));
        }
        let validators = self.validators.into_iter().map(|own| own.validator);
        let router = Router::new(validators.collect())?;
        Ok(Slot {
            sources,
            router,
            revocations: Vec::new(),
            has_contested_ids: false,
        })
    }
}

/// Returns the call that enables a place, for the operator.
fn setter_of(place: &Place) -> String {
    match place {
        Place::Header(name) => format!("`.header(\"{name}\")`"),
        Place::Cookie(name) => format!("`.cookie(\"{name}\")`"),
        Place::Query(name) => format!("`.query(\"{name}\")`"),
        Place::Form(name) => format!("`.form(\"{name}\")`"),
        Place::Basic => "`.basic(..)`".to_owned(),
        Place::AuthorizationHeader => "a scheme of `Authorization`".to_owned(),
    }
}

/// Returns the last part of a type's name, without what it is generic over. An `Arc` is called by
/// what it points to.
fn short_name(full: &'static str) -> &'static str {
    let inner = full.strip_prefix("alloc::sync::Arc<").unwrap_or(full);
    let inner = inner.strip_prefix("dyn ").unwrap_or(inner);
    let base = inner.split(['<', '>']).next().unwrap_or(inner);
    base.rsplit("::").next().unwrap_or(base)
}

/// Returns the name of a place, for the operator.
fn name_of(place: &Place) -> String {
    match place {
        Place::Header(name) => format!("the header `{name}`"),
        Place::Cookie(name) => format!("the cookie `{name}`"),
        Place::Query(name) => format!("the query parameter `{name}`"),
        Place::Form(name) => format!("the form field `{name}`"),
        Place::Basic => "`Authorization: Basic`".to_owned(),
        Place::AuthorizationHeader => "the header `Authorization`".to_owned(),
    }
}

fn check_places(
    validators: &[NamedValidator],
    sources: &Sources,
    names: &SetterNames,
) -> Result<(), ConfigError> {
    let shapes = || validators.iter().flat_map(|own| own.validator.shapes());
    let bound = || shapes().filter_map(bound_to);
    for validator in validators {
        let mut places = validator.validator.shapes().iter().filter_map(bound_to);
        let is_read = |place: &Place| sources.places().any(|own| own == place);
        if let Some(place) = places.find(|place| !is_read(place)) {
            let detail = format!(
                "`{}` takes its credentials from {}, which no source of the gate reads; add {} to \
                 the `Sources` of `GateBuilder::{}`, or remove the validator",
                validator.type_name,
                name_of(place),
                setter_of(place),
                names.sources
            );
            return Err(ConfigError::conflict(names.validator, detail));
        }
    }
    let has_basic = sources.places().any(|place| *place == Place::Basic);
    if has_basic && !bound().any(|place| *place == Place::Basic) {
        let detail = "no validator takes the keys of `Authorization: Basic`; bind one to it, for \
                      example with `ApiKeyValidatorBuilder::basic`";
        return Err(ConfigError::conflict(names.validator, detail));
    }
    let mut cookies = sources.places().filter(|p| matches!(p, Place::Cookie(_)));
    // Shapes count, not validators: one validator may pass credentials on to several others.
    let is_one_of_several = shapes().filter(|shape| bound_to(shape).is_none()).count() > 1;
    if is_one_of_several && cookies.any(|cookie| !bound().any(|place| place == cookie)) {
        let detail = "credentials of several shapes would be taken from a cookie; bind the cookie \
                      to one validator with `validator_at`, or with a validator that declares \
                      `Shape::Place`";
        return Err(ConfigError::conflict(names.validator, detail));
    }
    Ok(())
}

const fn bound_to(shape: &Shape) -> Option<&Place> {
    match shape {
        Shape::Place(place) => Some(place),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_called_by_its_last_name() {
        assert_eq!(
            short_name(type_name::<Arc<dyn TokenValidator>>()),
            "TokenValidator"
        );
        assert_eq!(short_name(type_name::<Arc<crate::Gate>>()), "Gate");
        assert_eq!(short_name(type_name::<crate::Gate>()), "Gate");
        assert_eq!(short_name(type_name::<Option<crate::Gate>>()), "Option");
    }
}
