//! Updates of API keys.

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;

use super::bounds::{check_span, check_time};
use super::error::{ApiKeyError, ApiKeyErrorKind};
use super::format::ApiKeyId;
use super::manager::ApiKeyManager;
use super::record::ApiKeyRecord;
use super::store::ApiKeyRow;
use crate::clock::UnixTime;
use crate::error::{ConfigError, ConfigErrorKind};

/// What an [update](ApiKeyManager::update) changes of an API key: only what is set here. What is
/// removed is removed by name, so an empty field of a form removes nothing by accident.
///
/// The secret never changes: [rotate](ApiKeyManager::rotate) the key for a new one. Authority,
/// subject, tenant and the start of the validity are decided when the key is created.
///
/// ```
/// use std::time::Duration;
///
/// use bearergate::api_key::{ApiKeyId, ApiKeyManager, ApiKeyUpdate};
///
/// # async fn edit(keys: ApiKeyManager, id: ApiKeyId) -> Result<(), Box<dyn std::error::Error>> {
/// let office = "192.0.2.0/24".parse()?;
/// let update = ApiKeyUpdate::new()
///     .name("nightly export")
///     .scopes(["orders:read"])
///     .addresses([office])
///     .without_limit_class();
/// let record = keys.update(id, update).await?;
/// assert_eq!(record.details().name(), Some("nightly export"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "nothing changes before `ApiKeyManager::update` is called"]
pub struct ApiKeyUpdate {
    name: Option<Option<String>>,
    scopes: Option<Vec<String>>,
    roles: Option<Vec<String>>,
    expires_at: Option<Option<UnixTime>>,
    addresses: Option<Vec<IpNet>>,
    any_address: bool,
    limit_class: Option<Option<String>>,
    metadata: BTreeMap<String, Option<String>>,
}

impl ApiKeyUpdate {
    /// Starts an update that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the display name; by default it stays.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(Some(name.into()));
        self
    }

    /// Removes the display name.
    pub fn without_name(mut self) -> Self {
        self.name = Some(None);
        self
    }

    /// Replaces all scopes; an empty list leaves the key without any. By default they stay. The
    /// service decides them: never take them from the request of the key's owner.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Replaces all roles; an empty list leaves the key without any. By default they stay. The
    /// service decides them, like the scopes.
    pub fn roles<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = Some(roles.into_iter().map(Into::into).collect());
        self
    }

    /// Sets when the key expires: a time in the future, which may be later than before. By default
    /// it stays. To end a key now, [revoke](ApiKeyManager::revoke) it. The expiry of a key that was
    /// rotated can only move forward.
    pub fn expires_at(mut self, time: UnixTime) -> Self {
        self.expires_at = Some(Some(time));
        self
    }

    /// Lets the key never expire. If it leaks and nobody notices, it stays valid until someone
    /// disables it.
    pub fn never_expires(mut self) -> Self {
        self.expires_at = Some(None);
        self
    }

    /// Restricts the key to these networks in place of the present ones; by default they stay. An
    /// empty list is refused, because it would allow all addresses:
    /// [`any_address`](Self::any_address) says so by name.
    pub fn addresses(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.addresses = Some(networks.into_iter().collect());
        self.any_address = false;
        self
    }

    /// Lets the key be used from every address.
    pub fn any_address(mut self) -> Self {
        self.addresses = Some(Vec::new());
        self.any_address = true;
        self
    }

    /// Sets the [plan](crate::limit::LimitsBuilder::plan) of this key; by default it stays.
    pub fn limit_class(mut self, name: impl Into<String>) -> Self {
        self.limit_class = Some(Some(name.into()));
        self
    }

    /// Removes the plan of this key. Then the limits apply that are for callers without one
    /// ([`otherwise`](crate::limit::LimitsBuilder::otherwise)).
    pub fn without_limit_class(mut self) -> Self {
        self.limit_class = Some(None);
        self
    }

    /// Adds one entry of free data, or replaces the entry of this name. Other entries stay.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), Some(value.into()));
        self
    }

    /// Removes the entry of free data with this name, if there is one.
    pub fn without_metadata(mut self, name: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), None);
        self
    }

    /// Writes what is set into the row of a key that has not ended.
    fn write_to(&self, row: &mut ApiKeyRow, now: UnixTime) -> Result<(), ApiKeyError> {
        if let Some(end) = self.expires_at {
            let is_later = row.expires_at < end.or(Some(NEVER));
            if row.successor.is_some() && is_later {
                return Err(ApiKeyErrorKind::NotCurrent.into());
            }
            check_end(row.not_before, end, now).map_err(ApiKeyError::malformed)?;
            row.expires_at = end;
        }
        if let Some(addresses) = &self.addresses {
            if addresses.is_empty() && !self.any_address {
                let flaw = ConfigError::empty("addresses", NO_ADDRESSES);
                return Err(ApiKeyError::malformed(flaw));
            }
            row.addresses.clone_from(addresses);
        }
        self.write_texts(row);
        Ok(())
    }

    fn write_texts(&self, row: &mut ApiKeyRow) {
        fn set<T: Clone>(own: &mut T, new: Option<&T>) {
            if let Some(new) = new {
                own.clone_from(new);
            }
        }
        set(&mut row.name, self.name.as_ref());
        set(&mut row.limit_class, self.limit_class.as_ref());
        set(&mut row.scopes, self.scopes.as_ref());
        set(&mut row.roles, self.roles.as_ref());
        for (name, value) in &self.metadata {
            match value {
                Some(value) => row.metadata.insert(name.clone(), value.clone()),
                None => row.metadata.remove(name),
            };
        }
    }
}

/// Later than every expiry.
const NEVER: UnixTime = UnixTime::from_secs(u64::MAX);

const NO_ADDRESSES: &str = "an empty list would allow all addresses; list at least one network, or \
                            call `any_address`";

fn check_end(
    begin: Option<UnixTime>,
    end: Option<UnixTime>,
    now: UnixTime,
) -> Result<(), ConfigError> {
    let Some(end) = end else { return Ok(()) };
    check_time("expires_at", end)?;
    if end <= now {
        let detail = format!(
            "expected a time after now ({now}), found {end}; call `revoke` or `expire` to end a key"
        );
        return Err(ConfigError::new(
            ConfigErrorKind::OutOfRange,
            "expires_at",
            detail,
        ));
    }
    check_span(begin, Some(end))
}

impl fmt::Debug for ApiKeyUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyUpdate")
            .field("name", &self.name)
            .field("scopes", &self.scopes)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl ApiKeyManager {
    /// Changes what is set in the update, in one commit, and returns the record after it. A
    /// validator with the same store sees the change with the next request; one of another process
    /// behind a [`Cached`](crate::stores::Cached) store within its staleness.
    ///
    /// A key that has ended is never changed, so that no update makes it valid again: if it is
    /// revoked at the same time, it stays revoked. What was changed by others in the meantime is
    /// kept, as far as the update does not set it.
    ///
    /// # Errors
    ///
    /// [`NotCurrent`](ApiKeyErrorKind::NotCurrent) if the key is disabled or expired, or was rotated
    /// and would expire later. [`Malformed`](ApiKeyErrorKind::Malformed) for values that
    /// [`create`](Self::create) refuses too, a time that is not in the future, and an empty list of
    /// addresses. [`Unknown`](ApiKeyErrorKind::Unknown), [`Conflict`](ApiKeyErrorKind::Conflict) or
    /// [`Unavailable`](ApiKeyErrorKind::Unavailable).
    pub async fn update(
        &self,
        id: ApiKeyId,
        update: ApiKeyUpdate,
    ) -> Result<ApiKeyRecord, ApiKeyError> {
        let now = self.now()?;
        let changed = self.change(id, |key| {
            let is_expired = key.expires_at.is_some_and(|end| end <= now);
            if is_expired || key.disabled.is_some() {
                return Err(ApiKeyErrorKind::NotCurrent.into());
            }
            update.write_to(key, now)?;
            Ok(None)
        });
        Ok(changed.await?.0)
    }
}
