//! What a service asks to be granted, checked before a store sees it.

use std::time::Duration;

use ring::error::Unspecified;

use super::error::{GrantError, GrantErrorKind};
use super::record::Grant;
use super::store::SubjectLimit;
use crate::clock::UnixTime;
use crate::credential::charset;
use crate::error::ConfigError;
use crate::json::Document;
use crate::limits;
use crate::principal::Authority;

/// To whom something shall be granted, and what.
#[derive(Clone, Default)]
pub(crate) struct Draft {
    pub(crate) subject: String,
    pub(crate) client: Option<String>,
    pub(crate) privileges: Privileges,
}

/// What shall be granted, as far as it is said.
#[derive(Clone, Default)]
pub(crate) struct Privileges {
    pub(crate) scopes: Option<String>,
    pub(crate) claims: Option<String>,
}

impl Draft {
    /// Makes a grant of it.
    pub(crate) fn grant(self, authority: &Authority, now: UnixTime) -> Result<Grant, GrantError> {
        check_id("the subject", &self.subject)?;
        if let Some(client) = &self.client {
            check_id("the client", client)?;
        }
        let grant = Grant::new(authority.clone(), self.subject, now).with_client(self.client);
        self.privileges.put_on(grant)
    }
}

impl Privileges {
    pub(crate) fn set_scopes<S: AsRef<str>>(&mut self, scopes: impl IntoIterator<Item = S>) {
        let joined = self.scopes.insert(String::new());
        for scope in scopes {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(scope.as_ref());
        }
    }

    /// Replaces what is said, and keeps the rest of the grant.
    pub(crate) fn put_on(self, mut grant: Grant) -> Result<Grant, GrantError> {
        if let Some(scopes) = self.scopes {
            let is_legal = |b: u8| b == b' ' || charset::is_nqchar(b);
            if scopes.len() > limits::GRANT_SCOPES_BYTES || !scopes.bytes().all(is_legal) {
                return Err(GrantError::malformed(
                    "the scopes are too long, or no scopes of OAuth",
                ));
            }
            grant = grant.with_scopes(Some(scopes));
        }
        if let Some(claims) = self.claims {
            if claims.len() > limits::GRANT_CLAIMS_BYTES {
                return Err(GrantError::malformed("the claims are too long"));
            }
            Document::parse(claims.as_bytes()).map_err(GrantError::malformed)?;
            grant = grant.with_claims(Some(claims));
        }
        Ok(grant)
    }
}

/// Checks what the managers of sessions and refresh tokens are configured with.
pub(crate) fn check_lifetime(
    authority: &Authority,
    lifetime: Duration,
    idle: Duration,
) -> Result<(), ConfigError> {
    if authority.as_str().is_empty() {
        let remedy = "name the service that vouches for its subjects";
        return Err(ConfigError::empty("authority", remedy));
    }
    if lifetime > limits::GRANT_LIFETIME_MAX {
        let range = ..=limits::GRANT_LIFETIME_MAX;
        return Err(ConfigError::out_of_range("lifetime", lifetime, range));
    }
    let range = Duration::from_secs(1)..=lifetime;
    if !range.contains(&idle) {
        return Err(ConfigError::out_of_range("idle", idle, range));
    }
    Ok(())
}

/// Makes the error for a failing random source.
pub(crate) fn no_random(_: Unspecified) -> GrantError {
    GrantError::new(GrantErrorKind::Unavailable).with_source("there are no random numbers")
}

/// Checks the bound on the grants of one subject.
pub(crate) fn check_subject_limit(limit: Option<SubjectLimit>) -> Result<(), ConfigError> {
    let range = 1..=limits::GRANTS_PER_SUBJECT_MAX;
    match limit {
        Some(limit) if !range.contains(&limit.most()) => {
            let most = limit.most();
            Err(ConfigError::out_of_range("max_per_subject", most, range))
        }
        _ => Ok(()),
    }
}

fn check_id(what: &str, id: &str) -> Result<(), GrantError> {
    if id.is_empty() || id.len() > limits::GRANT_ID_BYTES || id.chars().any(char::is_control) {
        let detail = format!("{what} is empty, longer than 255 bytes, or has control characters");
        return Err(GrantError::malformed(detail));
    }
    Ok(())
}
