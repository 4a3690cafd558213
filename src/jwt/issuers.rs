//! Which issuer a token claims to be of.

use std::collections::HashMap;
use std::sync::Arc;

use super::JwtValidator;
use super::issuer_rules::Issuers;
use super::issuer_rules::Trust;
use super::tenant::Pattern;
use crate::credential::Unverified;
use crate::error::ConfigError;
use crate::json::Escapes;
use crate::json::Value;

/// Finds an issuer's trust by the exact value of `iss`.
#[derive(Clone, Debug)]
pub(super) struct IssuerLookup {
    trusts: Arc<[Trust]>,
    by_name: HashMap<Box<str>, usize>,
}

impl IssuerLookup {
    pub(super) fn new(trusts: Vec<Trust>) -> Result<Self, ConfigError> {
        let mut by_name = HashMap::new();
        for (place, trust) in trusts.iter().enumerate() {
            let names = match &trust.issuers {
                Issuers::Any if trusts.len() > 1 => return Err(any_beside_another()),
                Issuers::Any => &[][..],
                Issuers::Like(pattern) => {
                    check_apart(pattern, trusts.get(..place).unwrap_or_default())?;
                    &[][..]
                }
                Issuers::OneOf(names) => names,
            };
            for name in names {
                if by_name.insert(name.clone(), place).is_some() {
                    return Err(duplicate(name));
                }
            }
        }
        Ok(Self {
            trusts: trusts.into(),
            by_name,
        })
    }

    /// Returns the trust that takes tokens of any issuer, if that was asked for.
    pub(super) fn any(&self) -> Option<&Trust> {
        let only = self.trusts.first()?;
        matches!(only.issuers, Issuers::Any).then_some(only)
    }

    /// Returns the trust of this issuer, read from a text with these escapes.
    pub(super) fn find(&self, iss: Unverified<Value<'_>>, escapes: Escapes) -> Option<&Trust> {
        let iss = *iss.as_unverified();
        if let [only] = &*self.trusts
            && let Issuers::OneOf(names) = &only.issuers
        {
            let mut names = names.iter();
            return names.any(|n| iss.is_text_with(escapes, n)).then_some(only);
        }
        let iss = iss.as_str()?;
        match self.by_name.get(&*iss) {
            Some(place) => self.trusts.get(*place),
            None => self.trusts().find(|trust| is_like(trust, &iss)),
        }
    }

    /// Returns where a trust stands among the issuers.
    pub(super) fn place(&self, trust: &Trust) -> Option<usize> {
        self.trusts.iter().position(|own| std::ptr::eq(own, trust))
    }

    /// Returns the trust that stands there.
    pub(super) fn at(&self, place: usize) -> Option<&Trust> {
        self.trusts.get(place)
    }

    /// Returns the issuers.
    pub(super) fn trusts(&self) -> impl Iterator<Item = &Trust> {
        self.trusts.iter()
    }
}

pub(super) fn join(
    validators: impl IntoIterator<Item = JwtValidator>,
) -> Result<JwtValidator, ConfigError> {
    let mut validators = validators.into_iter();
    let Some(mut joined) = validators.next() else {
        return Err(ConfigError::empty("issuers", "join at least one validator"));
    };
    let mut trusts: Vec<_> = joined.issuers.trusts().cloned().collect();
    for other in validators {
        trusts.extend(other.issuers.trusts().cloned());
        joined.max_token_bytes = joined.max_token_bytes.max(other.max_token_bytes);
        joined.share = joined.share.or(other.share);
    }
    // What one of them accepted, the joined one judges for itself.
    joined.share = joined.share.map(|share| share.another());
    joined.issuers = IssuerLookup::new(trusts)?;
    Ok(joined)
}

fn is_like(trust: &Trust, iss: &str) -> bool {
    matches!(&trust.issuers, Issuers::Like(pattern) if pattern.matches(iss))
}

fn check_apart(pattern: &Pattern, others: &[Trust]) -> Result<(), ConfigError> {
    let overlaps = |other: &Trust| match &other.issuers {
        Issuers::Like(other) => pattern.overlaps(other),
        Issuers::Any | Issuers::OneOf(_) => false,
    };
    if others.iter().any(overlaps) {
        let detail = format!("issuer pattern `{pattern}` overlaps another one; separate them");
        return Err(ConfigError::conflict("issuers", detail));
    }
    Ok(())
}

fn any_beside_another() -> ConfigError {
    let detail = "`any_issuer()` is joined with another issuer; name every issuer";
    ConfigError::conflict("issuers", detail)
}

fn duplicate(name: &str) -> ConfigError {
    let detail = format!("issuer `{name}` is configured twice; configure it once");
    ConfigError::conflict("issuers", detail)
}
