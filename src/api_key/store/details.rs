//! What a record holds in addition to the facts that policies see.

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;

use super::row::{ApiKeyRow, Disabled};
use crate::api_key::ApiKeyId;
use crate::network::canonical;

/// What a record holds in addition to the facts that policies see; an
/// [extension](crate::Principal::extension) of the principal.
///
/// ```
/// use bearergate::Principal;
/// use bearergate::api_key::store::ApiKeyDetails;
///
/// fn limits_of(principal: &Principal) -> Option<&str> {
///     principal.extension::<ApiKeyDetails>()?.limit_class()
/// }
/// # let _ = limits_of;
/// ```
#[derive(Clone)]
pub struct ApiKeyDetails {
    id: ApiKeyId,
    name: Option<Box<str>>,
    // Most of a million records have none of it.
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Default, PartialEq)]
struct Rare {
    predecessor: Option<ApiKeyId>,
    successor: Option<ApiKeyId>,
    disabled: Option<Disabled>,
    metadata: BTreeMap<String, String>,
    addresses: Vec<IpNet>,
    limit_class: Option<String>,
}

impl ApiKeyDetails {
    /// Returns the key's id, which is no secret: it is for logs, and for
    /// [`ApiKeyManager::revoke`](crate::api_key::ApiKeyManager::revoke).
    pub fn id(&self) -> ApiKeyId {
        self.id
    }

    /// Returns the id of the key that this one replaced in a
    /// [rotation](crate::api_key::ApiKeyManager::rotate); `None` for a key that was created or
    /// imported.
    pub fn predecessor(&self) -> Option<ApiKeyId> {
        self.rare.as_ref()?.predecessor
    }

    /// Returns the id of the key that replaced this one. While both are valid, the client should
    /// change to the new key; `None` if there is no new one.
    pub fn successor(&self) -> Option<ApiKeyId> {
        self.rare.as_ref()?.successor
    }

    /// Returns the display name of the key: free text, untrusted and not unique. Escape it where it
    /// is shown.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the free data of the key's owner. It is untrusted and must not decide what the key
    /// may do.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        self.rare.as_ref().map_or(&NONE, |rare| &rare.metadata)
    }

    /// Returns the networks from which the key may be used; empty for all. The validator compares
    /// the address of the client with them, unless the [service
    /// does](crate::api_key::ApiKeyValidatorBuilder::addresses_checked_by_caller).
    pub fn addresses(&self) -> &[IpNet] {
        self.rare.as_ref().map_or(&[], |rare| &rare.addresses)
    }

    /// Returns the [plan](crate::limit::LimitsBuilder::plan) of this key: the name of the limits that apply
    /// to its requests in addition, where the gate has such limits.
    pub fn limit_class(&self) -> Option<&str> {
        self.rare.as_ref()?.limit_class.as_deref()
    }

    pub(in crate::api_key) fn disabled(&self) -> Option<&Disabled> {
        self.rare.as_ref()?.disabled.as_ref()
    }

    /// Moves the details out of the row.
    pub(in crate::api_key) fn take_from(row: &mut ApiKeyRow) -> Self {
        let rare = Rare {
            predecessor: row.predecessor,
            successor: row.successor,
            disabled: row.disabled.take(),
            metadata: std::mem::take(&mut row.metadata),
            addresses: one_spelling(std::mem::take(&mut row.addresses)),
            limit_class: row.limit_class.take(),
        };
        Self {
            id: row.id,
            name: row.name.take().map(String::into_boxed_str),
            rare: (rare != Rare::default()).then(|| Box::new(rare)),
        }
    }

    /// Writes the details into a row.
    pub(in crate::api_key) fn write_to(self, row: &mut ApiKeyRow) {
        let rare = self.rare.map(|rare| *rare).unwrap_or_default();
        row.predecessor = rare.predecessor;
        row.successor = rare.successor;
        row.disabled = rare.disabled;
        row.metadata = rare.metadata;
        row.addresses = rare.addresses;
        row.limit_class = rare.limit_class;
        row.name = self.name.map(String::from);
    }
}

/// Replaces networks of mapped IPv6 addresses by the IPv4 networks that they represent, because an
/// address is compared in canonical form.
fn one_spelling(networks: Vec<IpNet>) -> Vec<IpNet> {
    let networks = networks.into_iter();
    networks
        .map(|network| canonical(network).unwrap_or(network))
        .collect()
}

impl fmt::Debug for ApiKeyDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyDetails")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
