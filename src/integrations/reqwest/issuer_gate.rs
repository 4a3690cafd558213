//! A gate for the tokens of one issuer.

use std::ffi::OsString;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::client::Client;
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::gate::{Gate, GateBuilder};
use crate::integrations::tokio::TokioSpawner;
use crate::jwt::{JwtValidator, JwtValidatorBuilder, NeedsAudience, Ready};
use crate::key::{FetchedKeys, FetchedKeysBuilder};
use crate::policy::Authorizer;

impl Gate {
    /// Returns a builder for a gate that accepts the tokens of one issuer (feature `reqwest`).
    ///
    /// The keys are fetched from the address in the issuer's discovery document, with the
    /// [`Client`] of this crate and on the tokio runtime of the caller. The gate needs an audience,
    /// and an authorizer or the explicit
    /// [`allow_any_authenticated`](IssuerGateBuilder::allow_any_authenticated).
    ///
    /// ```
    /// use bearergate::{Gate, require_scope};
    ///
    /// let gate = Gate::issuer("https://idp.example.com")
    ///     .audience("https://api.example.com")
    ///     .authorizer(require_scope("orders:read"))
    ///     .build()?;
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    pub fn issuer(issuer: impl Into<String>) -> IssuerGateBuilder<NeedsAudience> {
        IssuerGateBuilder::new(issuer.into())
    }

    /// Returns a builder as [`issuer`](Self::issuer) does, for the issuer and the audience in the
    /// environment.
    ///
    /// The variables are `BEARERGATE_ISSUER` and `BEARERGATE_AUDIENCE`, or
    /// `BEARERGATE_ISSUER_FILE` and `BEARERGATE_AUDIENCE_FILE` for files that contain them.
    ///
    /// ```no_run
    /// use bearergate::{Gate, require_scope};
    ///
    /// let gate = Gate::from_env()?.authorizer(require_scope("orders:read")).build()?;
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) for a variable that is missing or empty,
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) if both forms are given,
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for a file that cannot be
    /// read.
    pub fn from_env() -> Result<IssuerGateBuilder<Ready>, ConfigError> {
        from_lookup(|name| std::env::var_os(name))
    }
}

fn from_lookup(
    lookup: impl Fn(&str) -> Option<OsString>,
) -> Result<IssuerGateBuilder<Ready>, ConfigError> {
    let issuer = named(&lookup, ["BEARERGATE_ISSUER", "BEARERGATE_ISSUER_FILE"])?;
    let audience = named(&lookup, ["BEARERGATE_AUDIENCE", "BEARERGATE_AUDIENCE_FILE"])?;
    Ok(Gate::issuer(issuer).audience(audience))
}

fn named(
    lookup: impl Fn(&str) -> Option<OsString>,
    [name, file_name]: [&'static str; 2],
) -> Result<String, ConfigError> {
    let text = match (lookup(name), lookup(file_name)) {
        (Some(_), Some(_)) => {
            let detail = "both the value and a file with it are set; set one of them";
            return Err(ConfigError::conflict(name, detail));
        }
        (Some(text), None) => text.into_string().map_err(|_| not_text(name))?,
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path);
            text.map_err(|error| not_text(file_name).with_source(error))?
        }
        (None, None) => String::new(),
    };
    // Editors end files with a line feed.
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        let detail = "it is missing or empty in the environment; set it";
        return Err(ConfigError::missing(name, detail));
    }
    Ok(text.to_owned())
}

fn not_text(name: &'static str) -> ConfigError {
    ConfigError::malformed(name, "expected readable UTF-8 text; set it to such")
}

/// A builder for a [`Gate`] that accepts the tokens of one issuer; see [`Gate::issuer`].
///
/// The audience comes first, because the builder does not build without one. The state is that of
/// [`JwtValidatorBuilder`].
#[must_use]
pub struct IssuerGateBuilder<State> {
    issuer: String,
    audiences: Vec<String>,
    jwks_url: Option<String>,
    environment: Environment,
    keys: Vec<Adjust<FetchedKeysBuilder>>,
    tokens: Vec<Adjust<JwtValidatorBuilder<Ready>>>,
    gate: GateBuilder,
    state: PhantomData<State>,
}

type Adjust<B> = Box<dyn FnOnce(B) -> B>;

impl IssuerGateBuilder<NeedsAudience> {
    fn new(issuer: String) -> Self {
        Self {
            issuer,
            audiences: Vec::new(),
            jwks_url: None,
            environment: Environment::new(),
            keys: Vec::new(),
            tokens: Vec::new(),
            gate: Gate::builder(),
            state: PhantomData,
        }
    }

    /// Sets the audience, which names this service: a token is accepted only if its `aud` is equal
    /// to it byte for byte, or is an array with such a member.
    pub fn audience(self, audience: impl Into<String>) -> IssuerGateBuilder<Ready> {
        self.audiences([audience])
    }

    /// Sets several audiences: a token is accepted only if its `aud` has at least one of them.
    ///
    /// They are compared byte for byte. A token for another service is accepted too if one of them
    /// names that service.
    pub fn audiences<A: Into<String>>(
        self,
        audiences: impl IntoIterator<Item = A>,
    ) -> IssuerGateBuilder<Ready> {
        IssuerGateBuilder {
            issuer: self.issuer,
            audiences: audiences.into_iter().map(Into::into).collect(),
            jwks_url: self.jwks_url,
            environment: self.environment,
            keys: self.keys,
            tokens: self.tokens,
            gate: self.gate,
            state: PhantomData,
        }
    }
}

impl IssuerGateBuilder<Ready> {
    /// Sets the authorizer, which decides what an authenticated caller may do.
    ///
    /// The gate does not build without one, unless
    /// [`allow_any_authenticated`](Self::allow_any_authenticated) is called in its place.
    pub fn authorizer(self, authorizer: impl Authorizer + 'static) -> Self {
        self.gate(|builder| builder.authorizer(authorizer))
    }

    /// Allows every request with a valid token of the issuer for this audience.
    ///
    /// Every user and every application of the issuer may then do anything that the service itself
    /// does not forbid.
    pub fn allow_any_authenticated(self) -> Self {
        self.gate(GateBuilder::allow_any_authenticated)
    }

    /// Takes the clock, the observer, the HTTP client and the spawner of the keys, the validator and
    /// the gate from an [`Environment`]: for example a client that trusts a private CA.
    ///
    /// Without a client it is [`Client::new`], without a spawner [`TokioSpawner`]. Call it before
    /// [`gate`](Self::gate).
    pub fn env(mut self, environment: &Environment) -> Self {
        self.environment.take_from(environment);
        self.gate(|builder| builder.env(environment))
    }

    /// Sets the address of the keys. The issuer's discovery document is then not read.
    ///
    /// The address is trusted, wherever its name resolves. The `iss` of a token must still be the
    /// issuer.
    pub fn jwks_url(mut self, url: &str) -> Self {
        self.jwks_url = Some(url.to_owned());
        self
    }

    /// Changes how keys are fetched, with the methods of [`FetchedKeysBuilder`].
    ///
    /// The changes are made in [`build`](Self::build), in the order of the calls and after the
    /// [environment](Self::env).
    pub fn keys(
        mut self,
        adjust: impl FnOnce(FetchedKeysBuilder) -> FetchedKeysBuilder + 'static,
    ) -> Self {
        self.keys.push(Box::new(adjust));
        self
    }

    /// Changes which tokens are valid, with the methods of [`JwtValidatorBuilder`].
    ///
    /// The changes are made in [`build`](Self::build), in the order of the calls and after issuer,
    /// audience, keys and [environment](Self::env).
    pub fn tokens(
        mut self,
        adjust: impl FnOnce(JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready> + 'static,
    ) -> Self {
        self.tokens.push(Box::new(adjust));
        self
    }

    /// Changes the gate, with the methods of [`GateBuilder`]: for example where credentials are
    /// found in a request, or how refusals are written.
    pub fn gate(mut self, adjust: impl FnOnce(GateBuilder) -> GateBuilder) -> Self {
        self.gate = adjust(self.gate);
        self
    }

    /// Builds the gate. Nothing is sent before the first token, or before
    /// [`warm_up`](Gate::warm_up).
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without an issuer, or for the field `authorizer`
    /// if neither an authorizer nor [`allow_any_authenticated`](Self::allow_any_authenticated) was given, and
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) for more than one. Also the errors of
    /// [`Client::new`], [`FetchedKeysBuilder::build`], [`JwtValidatorBuilder::build`] and
    /// [`GateBuilder::build`].
    pub fn build(self) -> Result<Gate, ConfigError> {
        check_issuer(&self.issuer)?;
        let environment = completed(self.environment)?;
        let keys = match &self.jwks_url {
            Some(url) => FetchedKeys::jwks_url(url),
            None => FetchedKeys::discover(&self.issuer),
        };
        let keys = adjusted(keys.env(&environment), self.keys).build()?;
        let tokens = JwtValidator::builder()
            .issuer(self.issuer)
            .audiences(self.audiences)
            .key_store(Arc::new(keys))
            .env(&environment);
        let tokens = adjusted(tokens, self.tokens).build()?;
        self.gate.validator(tokens).build()
    }
}

/// Refuses an issuer without a name, before it is taken for the address of a document.
pub(super) fn check_issuer(issuer: &str) -> Result<(), ConfigError> {
    match issuer.is_empty() {
        true => Err(ConfigError::empty(
            "issuer",
            "write the `iss` of its tokens, such as `https://idp.example.com`",
        )),
        false => Ok(()),
    }
}

/// Adds the client and the spawner of this crate where there is none.
pub(super) fn completed(mut environment: Environment) -> Result<Environment, ConfigError> {
    if environment.http.is_none() {
        environment = environment.http_client(Client::new()?);
    }
    if environment.spawn.is_none() {
        environment = environment.spawner(TokioSpawner::new());
    }
    Ok(environment)
}

fn adjusted<B>(builder: B, adjustments: Vec<Adjust<B>>) -> B {
    let apply = |builder, adjust: Adjust<B>| adjust(builder);
    adjustments.into_iter().fold(builder, apply)
}

impl<S> fmt::Debug for IssuerGateBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerGateBuilder")
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ConfigErrorKind;

    fn gate(names: &[(&str, &str)]) -> Result<Gate, ConfigError> {
        let builder = from_lookup(|name| {
            let found = names.iter().find(|(own, _)| *own == name);
            found.map(|(_, text)| text.into())
        })?;
        builder.allow_any_authenticated().build()
    }

    const ISSUER: (&str, &str) = ("BEARERGATE_ISSUER", "https://idp.example.com");
    const AUDIENCE: (&str, &str) = ("BEARERGATE_AUDIENCE", "https://api.example.com");

    fn kind(names: &[(&str, &str)]) -> (ConfigErrorKind, &'static str) {
        let error = gate(names).unwrap_err();
        (error.kind(), error.field())
    }

    #[test]
    fn issuer_and_audience_are_read_from_the_environment() {
        assert!(gate(&[ISSUER, AUDIENCE]).is_ok());
        assert_eq!(kind(&[ISSUER]), (ConfigErrorKind::Empty, AUDIENCE.0));
        assert_eq!(kind(&[AUDIENCE]), (ConfigErrorKind::Empty, ISSUER.0));
        let empty = (AUDIENCE.0, "");
        assert_eq!(kind(&[ISSUER, empty]), (ConfigErrorKind::Empty, AUDIENCE.0));
        let plain = (ISSUER.0, "http://idp.example.com");
        assert_eq!(
            kind(&[plain, AUDIENCE]),
            (ConfigErrorKind::ValueMalformed, "issuer")
        );
    }

    #[test]
    fn a_value_is_read_from_a_file() {
        let path = std::env::temp_dir().join(format!("bearergate-{}", std::process::id()));
        std::fs::write(&path, "https://api.example.com\n").unwrap();
        let file = ("BEARERGATE_AUDIENCE_FILE", path.to_str().unwrap());
        assert!(gate(&[ISSUER, file]).is_ok());
        assert_eq!(
            kind(&[ISSUER, AUDIENCE, file]),
            (ConfigErrorKind::Conflict, AUDIENCE.0)
        );
        std::fs::remove_file(&path).unwrap();
        assert_eq!(
            kind(&[ISSUER, file]),
            (ConfigErrorKind::ValueMalformed, file.0)
        );
    }
}
