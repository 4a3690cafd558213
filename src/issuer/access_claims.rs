//! Claims of access tokens.

use std::fmt;
use std::fmt::Write;

use serde::Serialize;

use super::error::{MintError, MintErrorKind};
use crate::clock::UnixTime;
use crate::credential::{base64url, charset};
use crate::grant::Grant;
use crate::json::{Object, Value};
use crate::limits;

/// The claims of a new access token. Subject, client and audience are required; the issuer adds
/// `iss`, `iat`, `exp` and `jti` (RFC 9068 section 2.2).
///
/// The caller is responsible for the values: except by [`of_grant`](Self::of_grant), nothing is
/// checked against what the subject or the client may have. Claims that a strict validator would
/// reject are an error when the token is minted.
///
/// ```
/// use bearergate::issuer::AccessClaims;
///
/// let claims = AccessClaims::new("alice", "shop", "https://api.example.com")
///     .scopes(["orders:read", "orders:write"])
///     .claim("tenant", "acme")
///     .claim("roles", ["buyer"]);
/// # let _ = claims;
/// ```
#[derive(Clone)]
#[must_use]
pub struct AccessClaims {
    subject: String,
    client: String,
    audiences: Vec<String>,
    scope: Option<String>,
    granted: Granted,
    /// The first invalid claim, if there is one.
    fault: Option<&'static str>,
    thumbprint: Option<[u8; 32]>,
    not_after: Option<UnixTime>,
    /// Name and JSON text of the other claims; `None` for a claim that is not allowed.
    others: Vec<(String, Option<String>)>,
}

impl AccessClaims {
    /// Starts with `sub`, `client_id` and one `aud`. If a client acts on its own behalf, the subject
    /// is the client (RFC 9068 section 2.2).
    pub fn new(
        subject: impl Into<String>,
        client: impl Into<String>,
        audience: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.into(),
            client: client.into(),
            audiences: vec![audience.into()],
            scope: None,
            granted: Granted::Unrestricted,
            fault: None,
            thumbprint: None,
            not_after: None,
            others: Vec::new(),
        }
    }

    /// Starts with the subject, the scopes and the session of a grant: a session or a family of
    /// refresh tokens. The token expires with the grant at the latest, and is revoked with it where
    /// [`GrantRevocations`](crate::issuer::GrantRevocations) is asked.
    ///
    /// A client other than the grant's, or a scope that the grant does not have, is an error when the
    /// token is minted. A grant for which no scopes were set has none, so its tokens have none either;
    /// [`unrestricted_scopes`](Self::unrestricted_scopes) is for services that decide the scopes
    /// elsewhere.
    ///
    /// ```
    /// use bearergate::issuer::AccessClaims;
    /// use bearergate::session::Session;
    ///
    /// fn for_orders(session: &Session) -> AccessClaims {
    ///     AccessClaims::of_grant(session.grant(), "shop", "https://api.example.com")
    ///         .scopes(["orders:read"])
    /// }
    /// # let _ = for_orders;
    /// ```
    pub fn of_grant(grant: &Grant, client: impl Into<String>, audience: impl Into<String>) -> Self {
        let mut claims = Self::new(grant.subject(), client, audience).not_after(grant.expires());
        if grant.client().is_some_and(|own| own != claims.client) {
            claims.fault = Some("client_id");
        }
        if let Some(scopes) = grant.scopes() {
            claims = claims.scopes(scopes.split(' ').filter(|scope| !scope.is_empty()));
        }
        claims.granted = grant
            .scopes()
            .map_or(Granted::Unset, |scopes| Granted::Scopes(scopes.to_owned()));
        if let Some(handle) = grant.session() {
            claims = claims.session(handle.to_string());
        }
        // As text, because it exceeds the integers that JavaScript represents exactly.
        let sequence = grant
            .sequence()
            .map(|number| format!("\"{}\"", number.as_u64()));
        match sequence {
            Some(raw) => claims.with_raw(GRANT_SEQUENCE.to_owned(), Some(raw)),
            None => claims,
        }
    }

    /// Adds another audience to the claim `aud`. Each audience can then use the token at the
    /// others, so prefer one token for each.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Sets the scopes, the claim `scope`: each without spaces, of the characters that RFC 6749
    /// section 3.3 allows. They replace the ones of an earlier call.
    ///
    /// Any other text, and after [`of_grant`](Self::of_grant) a scope that the grant does not have,
    /// is an error when the token is minted.
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        let mut joined = String::new();
        for scope in scopes {
            let scope = scope.as_ref();
            if scope.is_empty() || !scope.bytes().all(charset::is_nqchar) {
                self.fault = Some("scope");
            }
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(scope);
        }
        self.scope = Some(joined);
        self
    }

    /// Allows every scope to be minted from a grant for which no scopes were set. This weakens
    /// [`of_grant`](Self::of_grant): whatever is passed to [`scopes`](Self::scopes) is then granted by
    /// the caller alone, so check it against what the subject may have.
    ///
    /// By default such a grant allows none. A grant whose scopes were set is not affected: its tokens
    /// have its scopes at the most. Claims that were not made from a grant are unrestricted anyway.
    ///
    /// ```
    /// use bearergate::issuer::AccessClaims;
    /// use bearergate::session::Session;
    ///
    /// fn for_role(session: &Session, scopes_of_role: &[&str]) -> AccessClaims {
    ///     AccessClaims::of_grant(session.grant(), "shop", "https://api.example.com")
    ///         .unrestricted_scopes()
    ///         .scopes(scopes_of_role)
    /// }
    /// # let _ = for_role;
    /// ```
    pub fn unrestricted_scopes(mut self) -> Self {
        if self.granted == Granted::Unset {
            self.granted = Granted::Unrestricted;
        }
        self
    }

    /// Sets the session that the token belongs to by its public handle, the claim `sid`; never use
    /// the secret that the session's cookie contains.
    ///
    /// A revocation of the session is kept until the session expires, so let the token expire no
    /// later with [`not_after`](Self::not_after), as [`of_grant`](Self::of_grant) does.
    pub fn session(self, handle: impl Into<String>) -> Self {
        self.with_raw("sid".to_owned(), serde_json::to_string(&handle.into()).ok())
    }

    /// Binds the token to the key with this SHA-256 thumbprint (RFC 7638), as `cnf` with `jkt`
    /// (RFC 9449 section 6.1): it is accepted only with a proof that this key made.
    pub fn bound_to(mut self, thumbprint: [u8; 32]) -> Self {
        self.thumbprint = Some(thumbprint);
        self
    }

    /// Sets the latest time at which the token expires, so that it does not outlive what it was made
    /// from. The earliest of several times counts; a lifetime is never extended.
    pub fn not_after(mut self, time: UnixTime) -> Self {
        self.not_after = Some(self.expires_at(time));
        self
    }

    /// Adds a private claim, or one of RFC 9068 sections 2.2.1 to 2.2.3 such as `auth_time`, `acr`
    /// or `roles`. Anyone who has the token can read it.
    ///
    /// Names that the issuer or the other methods set, and `act`, are an error when the token is
    /// minted; see [`MintErrorKind::ClaimInvalid`](crate::issuer::MintErrorKind::ClaimInvalid).
    pub fn claim(self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        let is_reserved = RESERVED.contains(&name.as_str());
        let raw = serde_json::to_string(&value).ok();
        self.with_raw(name, raw.filter(|_| !is_reserved))
    }

    fn with_raw(mut self, name: String, raw: Option<String>) -> Self {
        self.others.push((name, raw));
        self
    }

    /// Returns the payload, with the checks of a strict validator.
    pub(super) fn payload(&self, added: &IssuerClaims<'_>) -> Result<String, MintError> {
        if let Some(claim) = self.fault {
            return Err(MintError::claim_invalid(claim));
        }
        let mut scopes = self.scope.iter().flat_map(|scope| scope.split(' '));
        if !scopes.all(|scope| self.granted.allows(scope)) {
            return Err(MintError::claim_invalid("scope"));
        }
        let mut text = ObjectWriter::new();
        text.name("iss", added.issuer)?;
        text.name("sub", &self.subject)?;
        text.name("client_id", &self.client)?;
        if let [only] = self.audiences.as_slice() {
            text.name("aud", only)?;
        } else {
            let quoted = self.audiences.iter().map(|aud| quoted("aud", aud));
            let quoted = quoted.collect::<Result<Vec<_>, _>>()?;
            text.raw("aud", &format!("[{}]", quoted.join(",")));
        }
        text.name("jti", added.jti)?;
        text.raw("iat", &added.issued_at.as_secs().to_string());
        text.raw("exp", &added.expires_at.as_secs().to_string());
        if let Some(scope) = &self.scope {
            text.raw("scope", &format!("\"{scope}\""));
        }
        if let Some(thumbprint) = self.thumbprint {
            let jkt = base64url::encode(thumbprint);
            text.raw("cnf", &format!(r#"{{"jkt":"{jkt}"}}"#));
        }
        self.write_others(&mut text)?;
        text.finish()
    }

    /// Returns when the token expires, given the usual time.
    pub(super) fn expires_at(&self, usual: UnixTime) -> UnixTime {
        self.not_after.map_or(usual, |end| usual.min(end))
    }

    fn write_others(&self, text: &mut ObjectWriter) -> Result<(), MintError> {
        for (name, raw) in &self.others {
            let invalid = || MintError::claim_invalid(name.clone());
            let raw = raw.as_deref().ok_or_else(invalid)?;
            if raw.len() > limits::TOKEN_BYTES {
                return Err(MintError::new(MintErrorKind::TokenTooLarge));
            }
            Value::parse_inner(raw.as_bytes()).map_err(|_| invalid())?;
            let quoted = serde_json::to_string(name).map_err(|_| invalid())?;
            text.quoted(&quoted, raw);
        }
        Ok(())
    }
}

/// The scopes that a token may have.
#[derive(Clone, Eq, PartialEq)]
enum Granted {
    /// Those of a grant, joined by spaces.
    Scopes(String),
    /// None: no scopes were set for the grant.
    Unset,
    /// Any.
    Unrestricted,
}

impl Granted {
    /// Returns true if a token may have this scope. The empty text is what is left of no scopes.
    fn allows(&self, scope: &str) -> bool {
        scope.is_empty()
            || match self {
                Self::Scopes(granted) => granted.split(' ').any(|own| own == scope),
                Self::Unset => false,
                Self::Unrestricted => true,
            }
    }
}

/// Claims that the issuer, other methods or an introspection answer set, and `act`, whose form is
/// not checked here.
const RESERVED: [&str; 16] = [
    "act",
    "active",
    "aud",
    "azp",
    "client_id",
    "cnf",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "scope",
    "sid",
    "sub",
    "token_type",
    GRANT_SEQUENCE,
];

/// The claim with the [`Sequence`](crate::grant::store::Sequence) number of the grant that a token
/// was made from.
pub(super) const GRANT_SEQUENCE: &str = "grant_sequence";

/// The claims that the issuer adds to every token.
pub(super) struct IssuerClaims<'a> {
    pub(super) issuer: &'a str,
    pub(super) jti: &'a str,
    pub(super) issued_at: UnixTime,
    pub(super) expires_at: UnixTime,
}

/// Writes the members of a JSON object.
struct ObjectWriter(String);

impl ObjectWriter {
    fn new() -> Self {
        Self("{".to_owned())
    }

    fn raw(&mut self, name: &str, raw: &str) {
        self.quoted(&format!("\"{name}\""), raw);
    }

    fn quoted(&mut self, name: &str, raw: &str) {
        let comma = if self.0.len() > 1 { "," } else { "" };
        // Writing to a string never fails.
        let _ = write!(self.0, "{comma}{name}:{raw}");
    }

    fn name(&mut self, name: &'static str, value: &str) -> Result<(), MintError> {
        let value = quoted(name, value)?;
        self.raw(name, &value);
        Ok(())
    }

    /// Closes the object and checks its depth, its size, and that no claim is given twice.
    fn finish(mut self) -> Result<String, MintError> {
        self.0.push('}');
        if base64url::decoded_len(limits::TOKEN_BYTES) < self.0.len() {
            return Err(MintError::new(MintErrorKind::TokenTooLarge));
        }
        match Object::parse(self.0.as_bytes()) {
            Ok(_) => Ok(self.0),
            Err(_) => Err(MintError::new(MintErrorKind::ClaimInvalid)),
        }
    }
}

/// Returns a name as a JSON string; an error if it is empty or has control characters.
fn quoted(claim: &'static str, name: &str) -> Result<String, MintError> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(MintError::claim_invalid(claim));
    }
    serde_json::to_string(name).map_err(|_| MintError::claim_invalid(claim))
}

impl fmt::Debug for AccessClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others: Vec<_> = self.others.iter().map(|(name, _)| name).collect();
        f.debug_struct("AccessClaims")
            .field("subject", &self.subject)
            .field("client", &self.client)
            .field("audiences", &self.audiences)
            .field("others", &others)
            .finish_non_exhaustive()
    }
}
