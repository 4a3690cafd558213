//! A credential with the facts of its request.

use std::borrow::Cow;
use std::fmt;

use super::authorization;
use super::charset;
use super::place::Place;
use super::place::Scheme;
use crate::clock::UnixTime;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::request::RequestFacts;

/// A credential as it was presented: well-formed as text, and nothing more is known of it.
///
/// Found in a request, the text consists of the characters of `b64token` (RFC 6750 section 2.1)
/// and is not empty.
/// [`expose`](Self::expose) is the only way to it; `Debug` shows the scheme.
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

    pub(super) fn from_bytes(scheme: Scheme, text: &'r [u8]) -> Result<Self, RejectionKind> {
        let text = str::from_utf8(text).map_err(|_| RejectionKind::CredentialMalformed)?;
        Self::new(scheme, Cow::Borrowed(text))
    }

    /// Returns how it was presented.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the credential itself.
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

/// A credential with the facts of its request: what a judge sees.
///
/// It is small and borrows from the request; cloning it copies nothing, unless the credential was
/// percent-encoded. Its size is not checked here: that is the judge's first check.
///
/// ```
/// use bearergate::RejectionKind;
/// use bearergate::clock::UnixTime;
/// use bearergate::credential::PresentedCredential;
///
/// let presented = PresentedCredential::bearer("mF_9.B5f-4.1JqM")?.at(UnixTime::from_secs(1_700_000_000));
/// assert_eq!(presented.credential().expose(), "mF_9.B5f-4.1JqM");
///
/// let refused = PresentedCredential::authorization("Basic QWxhZGRpbg==").unwrap_err();
/// assert_eq!(refused.kind(), RejectionKind::CredentialMissing);
/// # Ok::<(), bearergate::Rejection>(())
/// ```
#[derive(Clone, Debug)]
pub struct PresentedCredential<'r> {
    credential: Credential<'r>,
    place: &'r Place,
    facts: Option<&'r RequestFacts<'r>>,
    now: Option<UnixTime>,
}

impl<'r> PresentedCredential<'r> {
    /// Takes a bearer token as it stands; nothing is trimmed.
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

    /// Takes a token that did not come in a header, as it stands and unchecked: the judge says
    /// what is wrong with it.
    pub fn token(token: &'r str) -> Self {
        let credential = Credential {
            scheme: Scheme::Bearer,
            secret: Cow::Borrowed(token),
        };
        Self::new(credential, &Place::AuthorizationHeader)
    }

    /// Takes the whole value of an `Authorization` header that asks for the `Bearer` scheme, in
    /// any case: `Bearer`, exactly one space, the token, and no byte before or after.
    ///
    /// [`Sources::authorization`](crate::credential::Sources::authorization) takes other schemes too.
    ///
    /// # Errors
    ///
    /// [`CredentialMissing`](RejectionKind::CredentialMissing) for another scheme,
    /// [`CredentialMalformed`](RejectionKind::CredentialMalformed) for anything else.
    pub fn authorization(value: &'r str) -> Result<Self, Rejection> {
        let credential = authorization::read(value.as_bytes(), &[Scheme::Bearer])?;
        Ok(Self::new(credential, &Place::AuthorizationHeader))
    }

    pub(super) const fn new(credential: Credential<'r>, place: &'r Place) -> Self {
        Self {
            credential,
            place,
            facts: None,
            now: None,
        }
    }

    /// Adds the facts of the request.
    #[must_use]
    pub const fn with_facts(mut self, facts: &'r RequestFacts<'r>) -> Self {
        self.facts = Some(facts);
        self
    }

    /// Sets the one time at which all of this request is judged.
    #[must_use]
    pub const fn at(mut self, now: UnixTime) -> Self {
        self.now = Some(now);
        self
    }

    /// Returns the credential.
    pub const fn credential(&self) -> &Credential<'r> {
        &self.credential
    }

    /// Returns where the credential was found; what was given without a request counts as found
    /// in the `Authorization` header.
    pub const fn place(&self) -> &'r Place {
        self.place
    }

    /// Returns the facts of the request, if there are any.
    pub const fn facts(&self) -> Option<&'r RequestFacts<'r>> {
        self.facts
    }

    /// Returns the time at which the request is judged; where it is unset, the judge asks its
    /// own clock.
    pub const fn now(&self) -> Option<UnixTime> {
        self.now
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::RejectionKind::CredentialMalformed;
    use crate::error::RejectionKind::CredentialMissing;

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
    fn anything_but_scheme_one_space_token_is_malformed() {
        for value in [
            "",
            " ",
            "Bearer",
            "Bearer ",
            "Bearer  a",
            "Bearer\ta",
            "Bearer \ta",
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
    fn another_scheme_counts_as_none() {
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
    fn bearer_token_is_judged_as_it_stands() {
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
        assert!(size_of::<PresentedCredential<'_>>() <= 64);
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(value in any::<String>()) {
            let _ = PresentedCredential::authorization(&value);
            let _ = PresentedCredential::bearer(&value);
        }

        #[test]
        fn accepted_header_is_its_only_spelling(
            value in "[Bb]earer? ?[ \t]?[A-Za-z0-9._~+/,=-]{0,8}[ =]?",
        ) {
            if let Ok(presented) = PresentedCredential::authorization(&value) {
                let token = presented.credential().expose();
                let (scheme, rest) = value.split_at("Bearer".len());
                prop_assert!(scheme.eq_ignore_ascii_case("Bearer"));
                prop_assert_eq!(rest, format!(" {token}"));
                prop_assert!(PresentedCredential::bearer(token).is_ok());
            }
        }
    }
}
