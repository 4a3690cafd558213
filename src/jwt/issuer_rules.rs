//! The rules for the tokens of one issuer, as they were configured.

use std::sync::Arc;
use std::time::Duration;

use super::absent::AbsentClaims;
use super::access_token::AccessMark;
use super::contrast::{Contrast, List, Shown};
use super::grants::Grants;
use super::header::Typ;
use super::id_token::IdTokenRules;
use super::purpose::TokenPurpose;
use super::rejections;
use super::requirement::Requirement;
use super::tenant::IssuerPattern;
use crate::clock::Leeway;
use crate::credential::without_application;
use crate::crypto::Algorithms;
use crate::error::Rejection;
use crate::key::{KeySet, KeyStore};
use crate::principal::{Authority, Confirmation, PrincipalKind};

/// One trusted issuer: its names, its keys and the rules for its tokens.
#[derive(Clone, Debug)]
pub(super) struct IssuerRules {
    pub(super) authority: Authority,
    pub(super) issuers: AcceptedIssuers,
    pub(super) audiences: AcceptedNames,
    pub(super) keys: KeySource,
    pub(super) algorithms: Option<Algorithms>,
    pub(super) leeway: Leeway,
    pub(super) expiry: Expiry,
    pub(super) types: AcceptedTypes,
    pub(super) purpose: Purpose,
    pub(super) scope_claim: Option<Box<str>>,
    /// The claim with the client, in place of `client_id` and `azp`.
    pub(super) client_claim: Option<Box<str>>,
    pub(super) absent: AbsentClaims,
    pub(super) requirements: Vec<Requirement>,
    pub(super) grants: Option<Grants>,
}

impl IssuerRules {
    /// Returns the algorithms that tokens can have, or `None` if a store decides.
    pub(super) fn usable_algorithms(&self) -> Option<Algorithms> {
        self.algorithms.or(match &self.keys {
            KeySource::Fixed(keys) => Some(keys.algorithms()),
            KeySource::Store(_) => None,
        })
    }

    /// Returns how long a token can live, or `None` if nothing limits it.
    pub(super) fn longest_lifetime(&self) -> Option<Duration> {
        let spans = self.requirements.iter().filter_map(Requirement::lifetime);
        spans.min()
    }
}

/// The values of `iss` that are accepted.
#[derive(Clone, Debug)]
pub(super) enum AcceptedIssuers {
    /// Every value: the check was disabled by name.
    Any,
    Like(IssuerPattern),
    OneOf(Vec<Box<str>>),
}

/// The values of a claim that are accepted.
#[derive(Clone, Debug)]
pub(super) enum AcceptedNames {
    /// Every value: the check was disabled by name.
    Any,
    OneOf(Vec<Box<str>>),
}

/// The source of the issuer's keys.
#[derive(Clone, Debug)]
pub(super) enum KeySource {
    Fixed(KeySet),
    Store(Arc<dyn KeyStore>),
}

/// Whether `exp` may be missing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Expiry {
    Optional,
    Required,
}

/// The values of the header's `typ` that are accepted.
#[derive(Clone, Debug)]
pub(super) enum AcceptedTypes {
    /// Absent, `JWT` or `at+jwt`.
    Default,
    /// Absent or `JWT`.
    IdToken,
    /// Only this one.
    Only(RequiredType),
    OneOf(Vec<RequiredType>),
}

impl AcceptedTypes {
    /// Contrasts the `typ` of a header with the accepted ones.
    #[cold]
    pub(super) fn contrast(&self, found: Option<&str>) -> Contrast {
        let expected = match self {
            Self::Default => "`JWT`, `at+jwt` or no `typ`".to_owned(),
            Self::IdToken => "`JWT` or no `typ`".to_owned(),
            Self::Only(typ) => Shown(typ.configured()).to_string(),
            Self::OneOf(types) => {
                let types = types.iter().map(RequiredType::configured);
                format!("one of {}", List(types, usize::MAX))
            }
        };
        let found = found.map(|typ| Shown(typ).to_string());
        Contrast::new(expected, found.unwrap_or_else(|| "no `typ`".to_owned()))
    }
}

/// A `typ` of the configuration.
#[derive(Clone, Debug)]
pub(super) struct RequiredType {
    pub(super) name: TypeName,
    /// As it was given.
    configured: Box<str>,
}

/// A `typ` without its optional prefix.
#[derive(Clone, Debug)]
pub(super) enum TypeName {
    AccessToken,
    Jwt,
    Other(Box<str>),
}

impl RequiredType {
    pub(super) fn new(configured: &str) -> Self {
        let typ = without_application(configured);
        let name = match Typ::known(typ) {
            Some(Typ::AccessToken) => TypeName::AccessToken,
            Some(Typ::Jwt) => TypeName::Jwt,
            _ => TypeName::Other(typ.into()),
        };
        Self {
            name,
            configured: configured.into(),
        }
    }

    /// Returns the `typ` as it was given.
    pub(super) fn configured(&self) -> &str {
        &self.configured
    }

    /// Returns the `typ` without its prefix.
    pub(super) fn as_str(&self) -> &str {
        match &self.name {
            TypeName::AccessToken => "at+jwt",
            TypeName::Jwt => "JWT",
            TypeName::Other(typ) => typ,
        }
    }
}

/// The purpose for which the issuer must have made the token.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// An access token, with the claim that marks it, if there is one.
    AccessToken(Option<AccessMark>),
    IdToken(Box<IdTokenRules>),
    /// The response of an introspection endpoint (RFC 9701).
    IntrospectionAnswer,
    /// A transaction token of a trust domain.
    TransactionToken,
}

impl Purpose {
    pub(super) fn as_token_purpose(&self) -> TokenPurpose {
        match self {
            Self::AccessToken(_) => TokenPurpose::AccessToken,
            Self::IdToken(_) => TokenPurpose::IdToken,
            Self::IntrospectionAnswer => TokenPurpose::IntrospectionAnswer,
            Self::TransactionToken => TokenPurpose::Transaction,
        }
    }
}

impl IssuerRules {
    /// Returns the authority of all tokens under these rules; `None` if each token decides it.
    pub(super) fn authority_name(&self) -> Option<Authority> {
        let is_by_token = matches!(self.issuers, AcceptedIssuers::Like(_));
        (!is_by_token).then(|| self.authority.clone())
    }

    /// Returns the issuers that are named exactly.
    pub(super) fn issuer_names(&self) -> &[Box<str>] {
        match &self.issuers {
            AcceptedIssuers::OneOf(names) => names,
            AcceptedIssuers::Any | AcceptedIssuers::Like(_) => &[],
        }
    }

    /// Returns the pattern of the issuers, if there is one.
    pub(super) fn issuer_pattern(&self) -> Option<String> {
        match &self.issuers {
            AcceptedIssuers::Like(pattern) => Some(pattern.to_string()),
            AcceptedIssuers::Any | AcceptedIssuers::OneOf(_) => None,
        }
    }

    pub(super) fn kind(&self) -> PrincipalKind {
        match self.purpose {
            Purpose::AccessToken(_) => PrincipalKind::AccessToken,
            Purpose::IdToken(_) => PrincipalKind::IdToken,
            Purpose::IntrospectionAnswer | Purpose::TransactionToken => PrincipalKind::Other,
        }
    }

    /// Returns what the sender has to prove, unless nothing here can check it. The `cnf` of an
    /// introspection response itself says nothing: that of the token is inside (RFC 9701 section 5).
    #[inline(never)]
    pub(super) fn binding(
        &self,
        named: Confirmation,
        is_checked: bool,
    ) -> Result<Option<Confirmation>, Rejection> {
        if matches!(self.purpose, Purpose::IntrospectionAnswer) {
            return Ok(None);
        }
        match is_checked && named.is_understood() {
            true => Ok(Some(named)),
            false => Err(rejections::binding_required()),
        }
    }
}
