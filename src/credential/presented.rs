//! Credentials as presented by a client, with the facts of their request.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;

use super::place::{Place, Scheme};
use super::{authorization, charset};
use crate::clock::UnixTime;
use crate::error::{Rejection, RejectionKind};
use crate::request::RequestFacts;

/// The text of a credential as presented, with its scheme. Nothing about it is verified.
///
/// A credential that was extracted from a request is not empty. It has only the characters of
/// `b64token` (RFC 6750 section 2.1); in a header of a name of one's own and in
/// `Authorization: Basic` any visible ASCII characters. [`expose`](Self::expose) is the only access
/// to the text; `Debug` shows the scheme only.
#[derive(Clone)]
pub struct Credential<'r> {
    scheme: Scheme,
    secret: Cow<'r, str>,
}

impl<'r> Credential<'r> {
    pub(super) fn new(scheme: Scheme, secret: Cow<'r, str>) -> Result<Self, RejectionKind> {
        if !charset::is_b64token(secret.as_bytes()) {
            return Err(RejectionKind::CredentialMalformed);
        }
        Ok(Self { scheme, secret })
    }

    /// Creates a credential of visible ASCII characters.
    pub(super) fn visible(scheme: Scheme, text: &'r [u8]) -> Result<Self, RejectionKind> {
        match str::from_utf8(text) {
            Ok(secret) if charset::is_visible(text) => Ok(Self::checked(scheme, secret.into())),
            _ => Err(RejectionKind::CredentialMalformed),
        }
    }

    /// Creates a credential whose characters were checked.
    pub(super) const fn checked(scheme: Scheme, secret: Cow<'r, str>) -> Self {
        Self { scheme, secret }
    }

    pub(super) fn from_bytes(scheme: Scheme, text: &'r [u8]) -> Result<Self, RejectionKind> {
        let text = str::from_utf8(text).map_err(|_| RejectionKind::CredentialMalformed)?;
        Self::new(scheme, Cow::Borrowed(text))
    }

    /// Returns the scheme under which it was presented. The client chose it. What may be presented
    /// under `DPoP` and `ApiKey` is the same for all validators, see [`Scheme`].
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the text of the credential. It is a secret: do not log it.
    pub fn expose(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// A credential together with the facts of its request: the input of a
/// [`TokenValidator`](crate::TokenValidator).
///
/// It borrows from the request, so a clone copies no text, unless the credential was
/// percent-encoded. Nothing in it is verified, and its length is not checked: that is the first
/// check of a validator.
///
/// ```
/// use bearergate::RejectionKind;
/// use bearergate::clock::UnixTime;
/// use bearergate::credential::PresentedCredential;
///
/// let presented = PresentedCredential::bearer("mF_9.B5f-4.1JqM")?.at(UnixTime::from_secs(1_700_000_000));
/// assert_eq!(presented.credential().expose(), "mF_9.B5f-4.1JqM");
///
/// let rejection = PresentedCredential::authorization("Basic QWxhZGRpbg==").unwrap_err();
/// assert_eq!(rejection.kind(), RejectionKind::CredentialMissing);
/// # Ok::<(), bearergate::Rejection>(())
/// ```
#[derive(Clone, Debug)]
pub struct PresentedCredential<'r> {
    credential: Credential<'r>,
    place: &'r Place,
    facts: Option<&'r RequestFacts<'r>>,
    now: Option<UnixTime>,
    hand_over: Option<&'r dyn HandOver>,
}

/// What a caller of validators lends them, for a value that only modules of a higher rank know.
pub(crate) trait HandOver: Any + Send + Sync {
    /// Returns the value as the type that only its module knows.
    fn as_any(&self) -> &dyn Any;

    /// Returns whether the caller explains a request.
    fn is_diagnosis(&self) -> bool;
}

impl fmt::Debug for dyn HandOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandOver")
    }
}

impl<'r> PresentedCredential<'r> {
    /// Creates a credential from a bearer token without its scheme. Nothing is trimmed.
    ///
    /// # Errors
    ///
    /// [`CredentialMalformed`](RejectionKind::CredentialMalformed) if it is empty or has a
    /// character outside `b64token` (RFC 6750 section 2.1): letters, digits, `-._~+/`, and `=`
    /// at the end.
    pub fn bearer(token: &'r str) -> Result<Self, Rejection> {
        let credential = Credential::new(Scheme::Bearer, Cow::Borrowed(token))?;
        Ok(Self::new(credential, &Place::AuthorizationHeader))
    }

    /// Creates a credential from a token that was not received in a header, for example a refresh
    /// token in a message. Its characters are not checked; a validator rejects a malformed one.
    pub fn token(token: &'r str) -> Self {
        let credential = Credential {
            scheme: Scheme::Bearer,
            secret: Cow::Borrowed(token),
        };
        Self::new(credential, &Place::AuthorizationHeader)
    }

    /// Parses the whole value of an `Authorization` header with the scheme `Bearer`, in any case:
    /// the scheme, one or more spaces, the token (RFC 6750 section 2.1), and nothing before or
    /// after.
    ///
    /// [`Sources::authorization`](crate::credential::Sources::authorization) accepts other schemes
    /// too.
    ///
    /// # Errors
    ///
    /// [`CredentialMissing`](RejectionKind::CredentialMissing) if the scheme is another one or has
    /// nothing behind it,
    /// [`CredentialMalformed`](RejectionKind::CredentialMalformed) if the value has another form.
    pub fn authorization(value: &'r str) -> Result<Self, Rejection> {
        let parsed = authorization::parse(value.as_bytes(), &[Scheme::Bearer])?;
        let (scheme, token) = parsed.ok_or(RejectionKind::CredentialMissing)?;
        let credential = Credential::from_bytes(scheme, token)?;
        Ok(Self::new(credential, &Place::AuthorizationHeader))
    }

    pub(super) const fn new(credential: Credential<'r>, place: &'r Place) -> Self {
        Self {
            credential,
            place,
            facts: None,
            now: None,
            hand_over: None,
        }
    }

    /// Sets the facts of the request, which sender constraints and cookie checks need. Without them
    /// no sender constraint can hold, so a bound token is rejected.
    #[must_use]
    pub const fn with_facts(mut self, facts: &'r RequestFacts<'r>) -> Self {
        self.facts = Some(facts);
        self
    }

    /// Sets the time at which the credential is validated, so that all checks of a request use the
    /// same time.
    #[must_use]
    pub const fn at(mut self, now: UnixTime) -> Self {
        self.now = Some(now);
        self
    }

    /// Returns the same credential with another text, which was inside it.
    #[cfg(feature = "jwe")]
    pub(crate) fn with_text<'t>(&self, text: &'t str) -> PresentedCredential<'t>
    where
        'r: 't,
    {
        PresentedCredential {
            credential: Credential::checked(self.credential.scheme, Cow::Borrowed(text)),
            place: self.place,
            facts: self.facts,
            now: self.now,
            hand_over: self.hand_over,
        }
    }

    /// Returns the credential itself. It is untrusted until a
    /// [`TokenValidator`](crate::TokenValidator) has accepted it.
    pub const fn credential(&self) -> &Credential<'r> {
        &self.credential
    }

    /// Returns the place of the credential. One that was created without a request has the place
    /// [`Place::AuthorizationHeader`].
    pub const fn place(&self) -> &'r Place {
        self.place
    }

    /// Returns the facts of the request, or `None` for a credential without a request. Method, URI
    /// and headers in it are untrusted.
    pub const fn facts(&self) -> Option<&'r RequestFacts<'r>> {
        self.facts
    }

    /// Returns the time at which the credential is validated; if it is `None`, a validator reads
    /// its own clock.
    pub const fn now(&self) -> Option<UnixTime> {
        self.now
    }

    /// Returns true if [`Gate::explain`](crate::gate::Gate::explain) has the credential validated: no
    /// request is admitted by the result. A validator then counts no use and writes nothing, such as
    /// the time of the last use; its result must be the same.
    pub fn is_diagnosis(&self) -> bool {
        self.hand_over.is_some_and(HandOver::is_diagnosis)
    }

    /// Lends the validator of this credential a place for a value that it hands over.
    #[must_use]
    pub(crate) const fn with_hand_over(mut self, place: &'r dyn HandOver) -> Self {
        self.hand_over = Some(place);
        self
    }

    /// Returns the place that the caller of the validator has lent it.
    pub(crate) const fn hand_over(&self) -> Option<&'r dyn HandOver> {
        self.hand_over
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::RejectionKind::{CredentialMalformed, CredentialMissing};

    fn kind(value: &str) -> RejectionKind {
        PresentedCredential::authorization(value)
            .unwrap_err()
            .kind()
    }

    #[test]
    fn scheme_is_read_in_any_case() {
        for value in [
            "Bearer a.b.c",
            "bearer a.b.c",
            "BEARER a.b.c",
            "bEaReR a.b.c",
        ] {
            let presented = PresentedCredential::authorization(value).unwrap();
            assert_eq!(presented.credential().expose(), "a.b.c");
            assert_eq!(presented.credential().scheme(), Scheme::Bearer);
            assert_eq!(*presented.place(), Place::AuthorizationHeader);
        }
    }

    #[test]
    fn spaces_between_scheme_and_token_are_not_part_of_the_token() {
        for value in ["Bearer a.b.c", "Bearer  a.b.c", "bearer       a.b.c"] {
            let presented = PresentedCredential::authorization(value).unwrap();
            assert_eq!(presented.credential().expose(), "a.b.c", "{value:?}");
        }
    }

    #[test]
    fn scheme_with_nothing_behind_it_counts_as_no_credential() {
        for value in ["Bearer", "bearer", "Bearer ", "Bearer    "] {
            assert_eq!(kind(value), CredentialMissing, "{value:?}");
        }
    }

    #[test]
    fn value_other_than_scheme_spaces_token_is_malformed() {
        for value in [
            "",
            " ",
            "Bearer\t",
            "Bearer \t",
            "Bearer\ta",
            "Bearer \ta",
            "Bearer\t a",
            "Bearer  a ",
            "Bearer a ",
            "Bearer a\t",
            " Bearer a",
            "\tBearer a",
            "Bearer a b",
            "Bearer a,b",
            "Bearer a, Bearer b",
            "Bearer,a",
            "Bearer=a",
            "Bearer \u{e4}",
            "Bearer\u{a0}a",
            "Bearer a\u{2028}",
            "Bearer =",
            "Bearer a=b",
            "Bearer \"a\"",
            "Bearer a\0",
            "\u{fb01}Bearer a",
        ] {
            assert_eq!(kind(value), CredentialMalformed, "{value:?}");
        }
    }

    #[test]
    fn other_scheme_counts_as_no_credential() {
        for value in [
            "Basic YTpi",
            "DPoP a",
            "Bearertoken",
            "BearerX a",
            "a.b-c",
            "Basic",
        ] {
            assert_eq!(kind(value), CredentialMissing, "{value:?}");
        }
    }

    #[test]
    fn bearer_token_is_not_trimmed() {
        assert!(PresentedCredential::bearer("a.b.c").is_ok());
        for token in ["", " a", "a ", "a\n", "Bearer a", "\u{e4}", "="] {
            let rejection = PresentedCredential::bearer(token).unwrap_err();
            assert_eq!(rejection.kind(), CredentialMalformed, "{token:?}");
        }
    }

    #[test]
    fn debug_does_not_show_the_credential() {
        let presented = PresentedCredential::bearer("s3cret").unwrap();
        let shown = format!("{presented:?} {:?}", presented.credential());
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn presented_is_small() {
        assert!(size_of::<PresentedCredential<'_>>() <= 80);
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_a_panic(value in any::<String>()) {
            let _ = PresentedCredential::authorization(&value);
            let _ = PresentedCredential::bearer(&value);
        }

        #[test]
        fn accepted_header_has_one_form(
            value in "[Bb]earer? {0,3}[ \t]?[A-Za-z0-9._~+/,=-]{0,8}[ =]?",
        ) {
            if let Ok(presented) = PresentedCredential::authorization(&value) {
                let token = presented.credential().expose();
                let (scheme, rest) = value.split_at("Bearer".len());
                prop_assert!(scheme.eq_ignore_ascii_case("Bearer"));
                prop_assert!(rest.starts_with(' '));
                prop_assert_eq!(rest.trim_start_matches(' '), token);
                prop_assert!(PresentedCredential::bearer(token).is_ok());
            }
        }
    }
}
