//! What a builder was told, and what is made of it.

use std::sync::Arc;

use super::demand::Demand;
use super::grants::Grants;
use super::issuer_rules::Expiry;
use super::issuer_rules::Issuers;
use super::issuer_rules::Keys;
use super::issuer_rules::Names;
use super::issuer_rules::Purpose;
use super::issuer_rules::Trust;
use super::issuer_rules::Types;
use super::issuer_rules::Wanted;
use crate::clock::Clock;
use crate::clock::Leeway;
use crate::clock::SystemClock;
use crate::crypto::Algorithm;
use crate::crypto::Algorithms;
use crate::error::ConfigError;
use crate::key::check_served;
use crate::limits;
use crate::principal::Authority;
use crate::validator::SenderConstraint;

/// What a builder was told so far.
pub(super) struct Draft {
    pub(super) authority: Option<Authority>,
    pub(super) issuers: Issuers,
    pub(super) audiences: Names,
    pub(super) keys: Option<Keys>,
    pub(super) algorithms: Option<Vec<Algorithm>>,
    pub(super) leeway: Leeway,
    pub(super) expiry: Expiry,
    pub(super) types: Types,
    pub(super) purpose: Purpose,
    pub(super) scope_claim: Option<Box<str>>,
    pub(super) demands: Vec<Demand>,
    pub(super) grants: Option<Grants>,
    pub(super) max_token_bytes: usize,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) constraint: Option<Arc<dyn SenderConstraint>>,
}

impl Draft {
    pub(super) fn new() -> Self {
        Self {
            authority: None,
            issuers: Issuers::Any,
            audiences: Names::Any,
            keys: None,
            algorithms: None,
            leeway: Leeway::default(),
            expiry: Expiry::Required,
            types: Types::Default,
            purpose: Purpose::AccessToken,
            scope_claim: None,
            demands: Vec::new(),
            grants: None,
            max_token_bytes: limits::TOKEN_BYTES,
            clock: Arc::new(SystemClock),
            constraint: None,
        }
    }

    /// Refuses what no validator can be made of.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match &self.issuers {
            Issuers::Any => {}
            Issuers::Like(pattern) => pattern.check()?,
            Issuers::OneOf(names) => check_list("issuers", names)?,
        }
        if let Names::OneOf(names) = &self.audiences {
            check_list("audiences", names)?;
        }
        for demand in &self.demands {
            if let Demand::Clients(clients) = demand {
                check_list("clients", clients)?;
            }
        }
        if self.scope_claim.as_deref() == Some("") {
            return Err(ConfigError::empty("scopes_from", "name a claim"));
        }
        if matches!(&self.types, Types::Only(Wanted::Other(typ)) if typ.is_empty()) {
            return Err(ConfigError::empty("type", "name a type"));
        }
        let (given, range) = (self.max_token_bytes, 1..=limits::TOKEN_BYTES_MAX);
        if !range.contains(&given) {
            return Err(ConfigError::out_of_range("max_token_bytes", given, range));
        }
        Ok(())
    }

    pub(super) fn into_trust(self) -> Result<Trust, ConfigError> {
        let keys = self
            .keys
            .ok_or_else(|| ConfigError::empty("keys", "name where the keys are"))?;
        let algorithms = self.algorithms.map(Algorithms::from_iter);
        if let Some(wanted) = algorithms {
            let served = match &keys {
                Keys::Fixed(keys) => keys.algorithms(),
                Keys::Store(_) => wanted,
            };
            check_served(wanted, served)?;
        }
        let first = match &self.issuers {
            Issuers::OneOf(names) => names.first().map(|n| Authority::from(&**n)),
            Issuers::Like(pattern) => Some(pattern.to_string().into()),
            Issuers::Any => None,
        };
        Ok(Trust {
            authority: self
                .authority
                .or(first)
                .unwrap_or_else(|| "any issuer".into()),
            issuers: self.issuers,
            audiences: self.audiences,
            keys,
            algorithms,
            leeway: self.leeway,
            expiry: self.expiry,
            types: self.types,
            purpose: self.purpose,
            scope_claim: self.scope_claim,
            demands: self.demands,
            grants: self.grants,
        })
    }
}

fn check_list(field: &'static str, names: &[Box<str>]) -> Result<(), ConfigError> {
    if names.is_empty() || names.iter().any(|n| n.is_empty()) {
        let detail = "found an empty list or name; give at least one name, none of them empty";
        return Err(ConfigError::missing(field, detail));
    }
    Ok(())
}
