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
        check_id("subject", &self.subject).map_err(GrantError::malformed)?;
        if let Some(client) = &self.client {
            check_id("client", client).map_err(GrantError::malformed)?;
        }
        if now.as_secs() > limits::TIME_MAX {
            // Not every store could keep it.
            let detail = "the clock is past the year 9999; correct it";
            return Err(GrantError::new(GrantErrorKind::Unavailable).with_source(detail));
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
            check_scopes(&scopes).map_err(GrantError::malformed)?;
            grant = grant.with_scopes(Some(scopes));
        }
        if let Some(claims) = self.claims {
            check_claims(&claims).map_err(GrantError::malformed)?;
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

fn check_id(field: &'static str, id: &str) -> Result<(), ConfigError> {
    let range = 1..=limits::GRANT_ID_BYTES;
    if !range.contains(&id.len()) {
        return Err(ConfigError::size_out_of_range(
            field,
            id.len(),
            "bytes",
            range,
        ));
    }
    let Some(at) = id.chars().position(char::is_control) else {
        return Ok(());
    };
    let at = at + 1;
    let detail = format!(
        "expected a text without control characters, found one at character {at}; remove it"
    );
    Err(ConfigError::malformed(field, detail))
}

fn check_scopes(scopes: &str) -> Result<(), ConfigError> {
    if scopes.len() > limits::GRANT_SCOPES_BYTES {
        let range = ..=limits::GRANT_SCOPES_BYTES;
        return Err(ConfigError::size_out_of_range(
            "scopes",
            scopes.len(),
            "bytes",
            range,
        ));
    }
    let is_legal = |scope: &str| scope.bytes().all(charset::is_nqchar);
    let Some(at) = scopes.split(' ').position(|scope| !is_legal(scope)) else {
        return Ok(());
    };
    let at = at + 1;
    let detail = format!(
        "expected scopes of RFC 6749 section 3.3 (printable ASCII without `\"` and `\\`), found \
         another character in scope {at}; rename it"
    );
    Err(ConfigError::malformed("scopes", detail))
}

fn check_claims(claims: &str) -> Result<(), ConfigError> {
    if claims.len() > limits::GRANT_CLAIMS_BYTES {
        let range = ..=limits::GRANT_CLAIMS_BYTES;
        return Err(ConfigError::size_out_of_range(
            "claims",
            claims.len(),
            "bytes",
            range,
        ));
    }
    let checked = Document::parse(claims.as_bytes()).map(drop);
    checked.map_err(|error| {
        let detail = format!("expected the text of one JSON object, found an error: {error}");
        ConfigError::malformed("claims", detail)
    })
}

/// Checks that what belongs to a session is of the manager's own authority.
pub(crate) fn check_authority(own: &Authority, session: &Authority) -> Result<(), GrantError> {
    if own == session {
        return Ok(());
    }
    let detail = format!(
        "expected one of the authority {:?}, found one of {:?}; build both managers with one name",
        own.as_str(),
        session.as_str()
    );
    Err(GrantError::malformed(ConfigError::malformed(
        "session", detail,
    )))
}
