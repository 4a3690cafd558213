//! The configuration of a validator while it is built.

use std::sync::Arc;

use super::grants::Grants;
use super::issuer_rules::{
    AcceptedIssuers, AcceptedNames, AcceptedTypes, Expiry, IssuerRules, KeySource, Purpose,
    RequiredType,
};
use super::requirement::Requirement;
use crate::clock::{Clock, Leeway, SystemClock};
use crate::crypto::{Algorithm, Algorithms};
use crate::error::ConfigError;
use crate::key::check_served;
use crate::limits;
use crate::principal::Authority;
use crate::validator::SenderConstraint;

/// The settings of a builder.
pub(super) struct JwtConfig {
    pub(super) authority: Option<Authority>,
    pub(super) issuers: AcceptedIssuers,
    pub(super) audiences: AcceptedNames,
    pub(super) keys: Option<KeySource>,
    pub(super) algorithms: Option<Vec<Algorithm>>,
    pub(super) leeway: Leeway,
    pub(super) expiry: Expiry,
    pub(super) types: AcceptedTypes,
    pub(super) purpose: Purpose,
    pub(super) scope_claim: Option<Box<str>>,
    pub(super) client_claim: Option<Box<str>>,
    pub(super) requirements: Vec<Requirement>,
    pub(super) grants: Option<Grants>,
    pub(super) max_token_bytes: usize,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) constraint: Option<Arc<dyn SenderConstraint>>,
}

impl JwtConfig {
    pub(super) fn new() -> Self {
        Self {
            authority: None,
            issuers: AcceptedIssuers::Any,
            audiences: AcceptedNames::Any,
            keys: None,
            algorithms: None,
            leeway: Leeway::default(),
            expiry: Expiry::Required,
            types: AcceptedTypes::Default,
            purpose: Purpose::AccessToken,
            scope_claim: None,
            client_claim: None,
            requirements: Vec::new(),
            grants: None,
            max_token_bytes: limits::TOKEN_BYTES,
            clock: Arc::new(SystemClock),
            constraint: None,
        }
    }

    /// Rejects settings that no validator can be built from.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match &self.issuers {
            AcceptedIssuers::Any => {}
            AcceptedIssuers::Like(pattern) => pattern.check()?,
            AcceptedIssuers::OneOf(names) => check_list("issuers", names)?,
        }
        if let AcceptedNames::OneOf(names) = &self.audiences {
            check_list("audiences", names)?;
        }
        for requirement in &self.requirements {
            if let Requirement::Clients { clients, .. } = requirement {
                check_list("clients", clients)?;
            }
        }
        if self.scope_claim.as_deref() == Some("") {
            return Err(ConfigError::empty("scopes_from", "name a claim"));
        }
        if self.client_claim.as_deref() == Some("") {
            return Err(ConfigError::empty("client_from", "name a claim"));
        }
        if matches!(&self.types, AcceptedTypes::Only(RequiredType::Other(typ)) if typ.is_empty()) {
            return Err(ConfigError::empty("type", "name a type"));
        }
        let (given, range) = (self.max_token_bytes, 1..=limits::TOKEN_BYTES_MAX);
        if !range.contains(&given) {
            return Err(ConfigError::out_of_range("max_token_bytes", given, range));
        }
        Ok(())
    }

    pub(super) fn into_rules(mut self) -> Result<IssuerRules, ConfigError> {
        for requirement in &mut self.requirements {
            if let Requirement::Clients { claim, .. } = requirement {
                claim.clone_from(&self.client_claim);
            }
        }
        let keys = self
            .keys
            .ok_or_else(|| ConfigError::empty("keys", "give keys or a key store"))?;
        let algorithms = self.algorithms.map(Algorithms::from_iter);
        if let Some(required) = algorithms {
            let served = match &keys {
                KeySource::Fixed(keys) => keys.algorithms(),
                KeySource::Store(_) => required,
            };
            check_served(required, served)?;
        }
        let first = match &self.issuers {
            AcceptedIssuers::OneOf(names) => names.first().map(|n| Authority::from(&**n)),
            AcceptedIssuers::Like(pattern) => Some(pattern.to_string().into()),
            AcceptedIssuers::Any => None,
        };
        Ok(IssuerRules {
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
            client_claim: self.client_claim,
            requirements: self.requirements,
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
