//! Grants as data for a page of the service.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::record::Grant;
use crate::clock::UnixTime;

/// Writes what a page shows of a session or a refresh token: `authority`, `subject`, `client`,
/// `session` (the public handle), `scopes`, `created_at`, `last_used_at`, `expires_at` and
/// `expires_if_unused_at`. The granted claims are not written.
///
/// Times are whole seconds since 1970, scopes a list. All names are always there, and do not change
/// between versions; what a grant does not have is `null`.
///
/// ```
/// use bearergate::clock::UnixTime;
/// use bearergate::grant::Grant;
///
/// let grant = Grant::new("my service", "alice", UnixTime::from_secs(1_700_000_000));
/// let json = serde_json::to_value(&grant)?;
/// assert_eq!(json["subject"], "alice");
/// assert_eq!(json["created_at"], 1_700_000_000);
/// assert!(json["client"].is_null());
/// # Ok::<(), serde_json::Error>(())
/// ```
impl Serialize for Grant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = |scopes: &str| -> Vec<String> {
            let names = scopes.split(' ').filter(|name| !name.is_empty());
            names.map(str::to_owned).collect()
        };
        let secs = |time: UnixTime| time.as_secs();
        let session = self.session().map(|handle| handle.to_string());
        let mut out = serializer.serialize_struct("Grant", 9)?;
        out.serialize_field("authority", self.authority().as_str())?;
        out.serialize_field("subject", self.subject())?;
        out.serialize_field("client", &self.client())?;
        out.serialize_field("session", &session)?;
        out.serialize_field("scopes", &self.scopes().map(names))?;
        out.serialize_field("created_at", &secs(self.created()))?;
        out.serialize_field("last_used_at", &secs(self.last_used()))?;
        out.serialize_field("expires_at", &secs(self.expires()))?;
        out.serialize_field("expires_if_unused_at", &secs(self.expires_if_unused()))?;
        out.end()
    }
}
