//! The builder of principals.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::authority::Authority;
use super::built::{BuiltFacts, Extension, PackedTime, Standalone};
use super::confirmed::Confirmed;
use super::kind::PrincipalKind;
use super::principal::Principal;
use crate::clock::UnixTime;
use crate::json::{Document, JsonError};

/// A builder of a [`Principal`], for validators outside this crate; see [`Principal::builder`].
///
/// A fact that is not set is `None` in the principal.
#[must_use]
pub struct PrincipalBuilder {
    kind: PrincipalKind,
    authority: Authority,
    document: Document,
    subject: Option<String>,
    client: Option<String>,
    scopes: Option<String>,
    expires_at: Option<UnixTime>,
    not_before: Option<UnixTime>,
    issued_at: Option<UnixTime>,
    extensions: Vec<Extension>,
}

impl Principal {
    /// Returns a builder, for validators outside this crate.
    ///
    /// Build a principal only if the credential is valid. `authority` is a configured name, never
    /// a text of the credential.
    ///
    /// ```
    /// use bearergate::Principal;
    /// use bearergate::principal::PrincipalKind;
    ///
    /// let robot = Principal::builder(PrincipalKind::Other, "test bench")
    ///     .subject("robot-7")
    ///     .scopes(["arm:move"])
    ///     .build();
    /// assert_eq!(robot.subject(), Some("robot-7"));
    /// assert!(robot.scopes().is_some_and(|s| s.contains("arm:move")));
    /// ```
    pub fn builder(kind: PrincipalKind, authority: impl Into<Authority>) -> PrincipalBuilder {
        PrincipalBuilder::new(kind, authority.into())
    }
}

impl PrincipalBuilder {
    fn new(kind: PrincipalKind, authority: Authority) -> Self {
        Self {
            kind,
            authority,
            document: Document::default(),
            subject: None,
            client: None,
            scopes: None,
            expires_at: None,
            not_before: None,
            issued_at: None,
            extensions: Vec::new(),
        }
    }

    /// Sets the subject, the caller's id under the authority. Ownership and denylists compare it
    /// together with the authority. The text is not checked.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Sets the client that the credential was issued to. Revocations of this client apply to the
    /// principal.
    pub fn client(mut self, client: impl Into<String>) -> Self {
        self.client = Some(client.into());
        self
    }

    /// Sets the scopes. A text with spaces counts as several scopes; an empty iterator means an empty
    /// set, which differs from scopes that are not set.
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        let mut joined = String::new();
        for scope in scopes {
            joined.push_str(scope.as_ref());
            joined.push(' ');
        }
        self.scopes = Some(joined);
        self
    }

    /// Sets when the credential expires. A [`TokenCache`](crate::validator::TokenCache) keeps the
    /// principal no longer.
    pub fn expires_at(mut self, time: UnixTime) -> Self {
        self.expires_at = Some(time);
        self
    }

    /// Sets when the credential was issued, becomes valid and expires.
    pub(crate) fn times(
        mut self,
        issued_at: UnixTime,
        not_before: Option<UnixTime>,
        expires_at: Option<UnixTime>,
    ) -> Self {
        self.issued_at = Some(issued_at);
        self.not_before = not_before;
        self.expires_at = expires_at;
        self
    }

    /// Sets the claims from the text of one JSON object of at most 65 535 bytes.
    ///
    /// The other facts (subject, scopes, times) are not read from the claims.
    ///
    /// # Errors
    ///
    /// A [`JsonError`] if the text is not strict JSON (see [`json`](crate::json)), not an object or
    /// too long.
    pub fn claims(mut self, json: impl AsRef<[u8]>) -> Result<Self, JsonError> {
        self.document = Document::parse(json.as_ref())?;
        Ok(self)
    }

    /// Sets the keys that the credential is bound to, and of which the client has proved possession.
    pub fn confirmed(self, confirmed: Confirmed) -> Self {
        self.extension(confirmed)
    }

    /// Attaches a value that [`Principal::extension`] returns by its type. If two values of one type
    /// are attached, the first is returned.
    pub fn extension<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.extensions.push(Arc::new(value));
        self
    }

    /// Builds the principal. It has no key and token id: those are only in principals of tokens that
    /// this crate validated.
    pub fn build(mut self) -> Principal {
        let extensions = std::mem::take(&mut self.extensions);
        let facts = self.build_facts();
        Principal::from_backing(Arc::new(Standalone { facts, extensions }))
    }

    /// Builds only the facts, for a backing with extensions of its own.
    pub(crate) fn build_facts(mut self) -> BuiltFacts {
        if self.document.text().is_empty() {
            self.document = Document::parse(b"{}").unwrap_or_default();
        }
        let mut document = self.document;
        let mut append = |text: Option<String>| text.map(|t| document.append(&t));
        let (subject, client) = (append(self.subject), append(self.client));
        let scopes = append(self.scopes);
        document.shrink();
        BuiltFacts {
            kind: self.kind,
            authority: self.authority,
            document,
            subject,
            client,
            scopes,
            expires_at: PackedTime::new(self.expires_at),
            not_before: PackedTime::new(self.not_before),
            issued_at: PackedTime::new(self.issued_at),
        }
    }
}

impl fmt::Debug for PrincipalBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrincipalBuilder")
            .field("kind", &self.kind)
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_principal_has_the_facts_that_were_set() {
        let principal = Principal::builder(PrincipalKind::Other, "test bench")
            .subject("alice")
            .client("app")
            .scopes(["a", "b c"])
            .expires_at(UnixTime::from_secs(9))
            .claims(r#"{"tenant":"acme"}"#)
            .unwrap()
            .extension(7_u32)
            .extension("seven")
            .extension(8_u32)
            .build();
        assert_eq!(principal.authority().as_str(), "test bench");
        assert_eq!(principal.subject(), Some("alice"));
        assert_eq!(principal.client(), Some("app"));
        let scopes: Vec<_> = principal.scopes().unwrap().iter().collect();
        assert_eq!(scopes, ["a", "b", "c"]);
        assert_eq!(principal.claims().get("tenant").unwrap(), Some("acme"));
        assert_eq!(principal.extension(), Some(&7_u32));
        assert_eq!(principal.extension(), Some(&"seven"));
        assert_eq!(principal.extension::<u64>(), None);
        assert_eq!(principal.token_id(), None);
    }

    #[test]
    fn facts_that_are_not_set_are_none() {
        let principal = Principal::builder(PrincipalKind::Other, "test bench").build();
        assert_eq!(principal.subject(), None);
        assert!(principal.scopes().is_none());
        assert_eq!(principal.claims().json(), "{}");
        assert_eq!(principal.audience().count(), 0);
    }

    #[test]
    fn serialized_principal_has_no_claims() {
        let principal = Principal::builder(PrincipalKind::ApiKey, "keys")
            .subject("s")
            .claims(r#"{"pin":"s3cret"}"#)
            .unwrap()
            .build();
        let record = serde_json::to_string(&principal).unwrap();
        assert_eq!(
            record,
            r#"{"kind":"api_key","authority":"keys","subject":"s","client":null,"scopes":null,"expires_at":null}"#
        );
        assert!(!format!("{principal:?}").contains("s3cret"));
    }
}
