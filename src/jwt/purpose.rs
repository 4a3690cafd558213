//! The closed list of the purposes of tokens, with the types and the claims that tell them apart.
//!
//! Every validator that compares a `typ` or looks for the marks of another purpose uses it.

use super::claim_name::ClaimName;

/// What a token is made for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TokenPurpose {
    AccessToken,
    Credential,
    IdentityAssertion,
    IdToken,
    IntrospectionAnswer,
    KeyBinding,
    LogoutToken,
    Presentation,
    Proof,
    RefreshToken,
    SdJwt,
    SecurityEvent,
    StatusList,
    Transaction,
}

use TokenPurpose::{
    AccessToken, Credential, IdToken, IdentityAssertion, IntrospectionAnswer, KeyBinding,
    LogoutToken, Presentation, Proof, RefreshToken, SdJwt, SecurityEvent, StatusList, Transaction,
};

/// The values of `typ` in a header, without `application/`, that name one purpose.
const TYPES: [(&str, TokenPurpose); 12] = [
    // RFC 9068 section 2.1.
    ("at+jwt", AccessToken),
    // SD-JWT VC section 3.2.1.
    ("dc+sd-jwt", SdJwt),
    // RFC 9449 section 4.2.
    ("dpop+jwt", Proof),
    // SD-JWT section 4.3.
    ("kb+jwt", KeyBinding),
    // OpenID Connect Back-Channel Logout 1.0 section 2.4.
    ("logout+jwt", LogoutToken),
    // Identity Assertion JWT Authorization Grant.
    ("oauth-id-jag+jwt", IdentityAssertion),
    // RFC 8417 section 2.3.
    ("secevent+jwt", SecurityEvent),
    // Token Status List section 5.1.
    ("statuslist+jwt", StatusList),
    // RFC 9701 section 5.
    ("token-introspection+jwt", IntrospectionAnswer),
    // Transaction Tokens.
    ("txntoken+jwt", Transaction),
    // Securing Verifiable Credentials using JOSE and COSE section 3.
    ("vc+jwt", Credential),
    ("vp+jwt", Presentation),
];

/// The values of the claim `typ`, written by Keycloak and others, that name one purpose. Compared
/// without case.
const WORDS: [(&str, TokenPurpose); 6] = [
    ("Bearer", AccessToken),
    ("DPoP", AccessToken),
    ("ID", IdToken),
    ("Logout", LogoutToken),
    ("Offline", RefreshToken),
    ("Refresh", RefreshToken),
];

/// The claims that only tokens of one purpose have.
pub(super) const MARKS: [(ClaimName, TokenPurpose); 12] = [
    // OpenID Connect Core 1.0 section 3.3.2.11, FAPI 1.0 Advanced section 5.1.
    (ClaimName::AtHash, IdToken),
    (ClaimName::CHash, IdToken),
    (ClaimName::SHash, IdToken),
    // RFC 8417 section 2.2; logout tokens have it too.
    (ClaimName::Events, SecurityEvent),
    // SD-JWT sections 4.2.4, 4.1.1 and 4.3, SD-JWT VC section 3.2.2.
    (ClaimName::SdHash, KeyBinding),
    (ClaimName::Sd, SdJwt),
    (ClaimName::SdAlg, SdJwt),
    (ClaimName::Vct, SdJwt),
    // Verifiable Credentials Data Model 1.1 section 6.3.1.
    (ClaimName::Vc, Credential),
    (ClaimName::Vp, Presentation),
    // Token Status List section 5.1.
    (ClaimName::StatusList, StatusList),
    // RFC 9493 section 4.1.
    (ClaimName::SubId, SecurityEvent),
];

impl TokenPurpose {
    /// Returns the purpose that the `typ` of a header names, ignoring case.
    pub(super) fn of_type(typ: &str) -> Option<Self> {
        named(&TYPES, typ)
    }

    /// Returns the purpose that the claim `typ` names, ignoring case: one of its words, a type, or a
    /// word before the `+` of a type.
    #[cfg(feature = "introspection")]
    pub(super) fn of_claim(typ: &str) -> Option<Self> {
        let word = typ.split('+').next().unwrap_or_default();
        Self::of_type(typ).or_else(|| named(&WORDS, word))
    }

    /// Returns true if the claim `typ` is one of the words for this purpose, ignoring case.
    pub(super) fn is_word(self, typ: &str) -> bool {
        named(&WORDS, typ) == Some(self)
    }

    /// Returns the value of `token_use` for this purpose, as Cognito writes it.
    pub(super) const fn token_use(self) -> &'static str {
        match self {
            Self::IdToken => "id",
            _ => "access",
        }
    }

    /// Returns what tokens of this purpose are called.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "an access token",
            Self::Credential => "a verifiable credential",
            Self::IdentityAssertion => "an identity assertion grant",
            Self::IdToken => "an ID token",
            Self::IntrospectionAnswer => "an introspection response",
            Self::KeyBinding => "the key binding of an SD-JWT",
            Self::LogoutToken => "a logout token",
            Self::Presentation => "a verifiable presentation",
            Self::Proof => "a proof of possession",
            Self::RefreshToken => "a refresh token",
            Self::SdJwt => "an SD-JWT",
            Self::SecurityEvent => "a security event",
            Self::StatusList => "a status list",
            Self::Transaction => "a transaction token",
        }
    }
}

fn named(names: &[(&str, TokenPurpose)], name: &str) -> Option<TokenPurpose> {
    let mut named = names.iter();
    let found = named.find(|(own, _)| own.eq_ignore_ascii_case(name));
    found.map(|(_, purpose)| *purpose)
}
