//! Records as data for an interface of administration.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::format::ApiKeyId;
use super::record::ApiKeyRecord;
use crate::clock::UnixTime;

/// Writes the record without its digest, so that nothing of it helps to guess or to validate the
/// key: `id`, `authority`, `subject`, `tenant`, `scopes`, `roles`, `name`, `limit_class`,
/// `addresses`, `metadata`, `is_legacy`, `version`, `created_at`, `not_before`, `expires_at`,
/// `last_used_at`, `disabled_at`, `disabled_reason`, `predecessor` and `successor`.
///
/// Times are whole seconds since 1970. All names are always there, and do not change between
/// versions; what a record does not have is `null`. Name and metadata are untrusted texts, and the
/// reason of a revocation is for the operator: choose what you show to the owner of a key.
///
/// ```
/// # use bearergate::api_key::{ApiKeyRecord, PepperedDigest};
/// # use bearergate::api_key::store::ApiKeyRow;
/// # use bearergate::clock::UnixTime;
/// # let digest = PepperedDigest::sha256([7; 32]);
/// # let owner = ("acme keys".into(), "robot-7".to_owned());
/// # let now = UnixTime::from_secs(1_700_000_000);
/// # let row = ApiKeyRow::new("0123456789ABCDEF".parse()?, digest, owner, now);
/// # let record = ApiKeyRecord::from_row(row)?;
/// let json = serde_json::to_value(&record)?;
/// assert_eq!(json["id"], "0123456789ABCDEF");
/// assert_eq!(json["created_at"], 1_700_000_000);
/// assert!(json["expires_at"].is_null());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Serialize for ApiKeyRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let secs = |time: Option<UnixTime>| time.map(UnixTime::as_secs);
        let (details, disabled) = (self.details(), self.disabled());
        let addresses = details.addresses().iter().map(ToString::to_string);
        let id = |id: Option<ApiKeyId>| id.map(|id| id.as_str().to_owned());
        let mut out = serializer.serialize_struct("ApiKeyRecord", 20)?;
        out.serialize_field("id", self.id().as_str())?;
        out.serialize_field("authority", self.authority().as_str())?;
        out.serialize_field("subject", self.subject())?;
        out.serialize_field("tenant", &self.tenant())?;
        out.serialize_field("scopes", &self.scopes().collect::<Vec<_>>())?;
        out.serialize_field("roles", &self.roles().collect::<Vec<_>>())?;
        out.serialize_field("name", &details.name())?;
        out.serialize_field("limit_class", &details.limit_class())?;
        out.serialize_field("addresses", &addresses.collect::<Vec<_>>())?;
        out.serialize_field("metadata", details.metadata())?;
        out.serialize_field("is_legacy", &self.is_legacy())?;
        out.serialize_field("version", &self.version())?;
        out.serialize_field("created_at", &self.created_at().as_secs())?;
        out.serialize_field("not_before", &secs(self.not_before()))?;
        out.serialize_field("expires_at", &secs(self.expires_at()))?;
        out.serialize_field("last_used_at", &secs(self.last_used()))?;
        out.serialize_field("disabled_at", &secs(disabled.map(|disabled| disabled.at)))?;
        out.serialize_field("disabled_reason", &disabled.map(|own| own.reason.as_str()))?;
        out.serialize_field("predecessor", &id(details.predecessor()))?;
        out.serialize_field("successor", &id(details.successor()))?;
        out.end()
    }
}
