//! The configuration of a validator while it is built.

use std::sync::Arc;

use super::absent::{AbsentClaims, Blank};
use super::access_token::AccessMark;
#[cfg(feature = "jwe")]
use super::decryption::Decryption;
use super::grants::Grants;
use super::issuer_rules::{
    AcceptedIssuers, AcceptedNames, AcceptedTypes, Expiry, IssuerRules, KeySource, Purpose,
};
use super::purpose::TokenPurpose;
use super::requirement::Requirement;
use crate::clock::{Clock, Leeway, SystemClock};
use crate::crypto::{Algorithm, Algorithms};
use crate::error::ConfigError;
use crate::key::check_served;
use crate::limits;
use crate::principal::Authority;
use crate::validator::{SenderConstraint, check_names, check_trimmed};

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
    pub(super) access_mark: Option<AccessMark>,
    /// Other clients to which an ID token may have been issued.
    pub(super) presenters: Option<Vec<Box<str>>>,
    /// Audiences that an ID token may have in addition to its client.
    pub(super) trusted_audiences: Option<Vec<Box<str>>>,
    pub(super) absent: Vec<(Blank, Vec<Box<str>>)>,
    pub(super) scope_claim: Option<Box<str>>,
    pub(super) client_claim: Option<Box<str>>,
    pub(super) requirements: Vec<Requirement>,
    pub(super) grants: Option<Grants>,
    pub(super) max_token_bytes: usize,
    pub(super) max_header_bytes: usize,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) constraint: Option<Arc<dyn SenderConstraint>>,
    #[cfg(feature = "jwe")]
    pub(super) decryption: Option<Decryption>,
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
            purpose: Purpose::AccessToken(None),
            access_mark: None,
            presenters: None,
            trusted_audiences: None,
            absent: Vec::new(),
            scope_claim: None,
            client_claim: None,
            requirements: Vec::new(),
            grants: None,
            max_token_bytes: limits::TOKEN_BYTES,
            max_header_bytes: limits::HEADER_BYTES,
            clock: Arc::new(SystemClock),
            constraint: None,
            #[cfg(feature = "jwe")]
            decryption: None,
        }
    }

    /// Rejects settings that no validator can be built from.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match &self.issuers {
            AcceptedIssuers::Any => {}
            AcceptedIssuers::Like(pattern) => pattern.check()?,
            AcceptedIssuers::OneOf(names) => check_trimmed("issuers", names)?,
        }
        if let AcceptedNames::OneOf(names) = &self.audiences {
            check_trimmed("audiences", names)?;
        }
        for requirement in &self.requirements {
            if let Requirement::Clients { clients, .. } = requirement {
                check_names("clients", clients)?;
            }
        }
        if self.scope_claim.as_deref() == Some("") {
            return Err(ConfigError::empty("scopes_from", "name a claim"));
        }
        if self.client_claim.as_deref() == Some("") {
            return Err(ConfigError::empty("client_from", "name a claim"));
        }
        self.check_types()?;
        self.check_purpose()?;
        let (given, range) = (self.max_token_bytes, 1..=limits::TOKEN_BYTES_MAX);
        if !range.contains(&given) {
            return Err(ConfigError::out_of_range("max_token_bytes", given, range));
        }
        let (given, range) = (self.max_header_bytes, 1..=limits::HEADER_BYTES_MAX);
        if !range.contains(&given) {
            return Err(ConfigError::out_of_range("max_header_bytes", given, range));
        }
        Ok(())
    }

    /// Rejects an empty `typ`, and one of another purpose.
    fn check_types(&self) -> Result<(), ConfigError> {
        let (field, types) = match &self.types {
            AcceptedTypes::Default | AcceptedTypes::IdToken => return Ok(()),
            AcceptedTypes::Only(typ) => ("type", std::slice::from_ref(typ)),
            AcceptedTypes::OneOf(types) => ("accept_types", types.as_slice()),
        };
        if types.is_empty() || types.iter().any(|typ| typ.as_str().is_empty()) {
            return Err(ConfigError::empty(field, "name a type"));
        }
        let own = self.purpose.as_token_purpose();
        for typ in types {
            match TokenPurpose::of_type(typ.as_str()) {
                Some(other) if other != own => {
                    let detail = format!(
                        "expected a type of {2}, found `{0}`, the type of {1}; name a type of {2}",
                        typ.as_str(),
                        other.as_str(),
                        own.as_str()
                    );
                    return Err(ConfigError::conflict(field, detail));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Rejects settings for tokens of another purpose than the configured one.
    fn check_purpose(&self) -> Result<(), ConfigError> {
        let is_id = matches!(self.purpose, Purpose::IdToken(_));
        if is_id && self.constraint.is_some() {
            let detail = "expected a validator of access tokens, found one of ID tokens, which are \
                          bound to no key of a sender; remove the constraint";
            return Err(ConfigError::conflict("sender_constraint", detail));
        }
        if let Some(mark) = &self.access_mark {
            mark.check_name()?;
            if is_id {
                let detail = "expected a validator of access tokens, found one of ID tokens; remove the mark";
                return Err(ConfigError::conflict("access_mark", detail));
            }
        }
        for (field, list) in [
            ("presented_by", &self.presenters),
            ("trusted_audiences", &self.trusted_audiences),
        ] {
            let Some(names) = list else { continue };
            check_names(field, names)?;
            if !is_id {
                let detail = "expected a validator of ID tokens, found one of access tokens; use `id_token`, or \
                              remove it";
                return Err(ConfigError::conflict(field, detail));
            }
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
        match &mut self.purpose {
            Purpose::AccessToken(mark) => *mark = self.access_mark,
            Purpose::IdToken(rules) => {
                rules.presenters = self.presenters.unwrap_or_default();
                rules.audiences = self.trusted_audiences.unwrap_or_default();
            }
            Purpose::IntrospectionAnswer | Purpose::TransactionToken => {}
        }
        Ok(IssuerRules {
            absent: AbsentClaims::new(&self.absent)?,
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
