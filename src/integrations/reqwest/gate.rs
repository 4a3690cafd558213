//! A gate for one issuer, in one line.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use super::Client;
use crate::clock::Clock;
use crate::error::ConfigError;
use crate::gate::Gate;
use crate::gate::GateBuilder;
use crate::http_client::HttpClient;
use crate::integrations::tokio::Engine;
use crate::jwt::JwtValidator;
use crate::jwt::JwtValidatorBuilder;
use crate::jwt::Ready;
use crate::key::FetchedKeys;
use crate::key::FetchedKeysBuilder;
use crate::policy::Authorizer;

impl Gate {
    /// Starts a gate for the tokens of one issuer, whose discovery document says where its keys
    /// are.
    ///
    /// ```
    /// use bearergate::Gate;
    ///
    /// let gate =
    /// Gate::issuer("https://idp.example.com").audience("https://api.example.com").build()?;
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    pub fn issuer(issuer: impl Into<String>) -> IssuerDraft {
        IssuerDraft(issuer.into())
    }

    /// Makes a gate for the issuer and the audience that the environment names:
    /// `BEARERGATE_ISSUER` and `BEARERGATE_AUDIENCE`, or `BEARERGATE_ISSUER_FILE` and
    /// `BEARERGATE_AUDIENCE_FILE` for files that hold them.
    ///
    /// Whoever is authenticated is let in, as by [`IssuerGate::build`].
    ///
    /// # Errors
    ///
    /// `empty` for a name that is missing or empty, `conflict` if both forms are given,
    /// `value_malformed` for a file that cannot be read, and what [`IssuerGate::build`] returns.
    pub fn from_env() -> Result<Self, ConfigError> {
        from_lookup(|name| std::env::var_os(name))
    }
}

fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Gate, ConfigError> {
    let issuer = named(&lookup, ["BEARERGATE_ISSUER", "BEARERGATE_ISSUER_FILE"])?;
    let audience = named(&lookup, ["BEARERGATE_AUDIENCE", "BEARERGATE_AUDIENCE_FILE"])?;
    Gate::issuer(issuer).audience(audience).build()
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

/// A gate for one issuer that still needs an audience.
#[derive(Clone, Debug)]
#[must_use]
pub struct IssuerDraft(String);

impl IssuerDraft {
    /// Names the audience, this service: `aud` must be equal to it, or have it as a member.
    pub fn audience(self, audience: impl Into<String>) -> IssuerGate {
        self.audiences([audience])
    }

    /// Names several audiences, of which the token must have one.
    pub fn audiences<A: Into<String>>(self, audiences: impl IntoIterator<Item = A>) -> IssuerGate {
        IssuerGate {
            issuer: self.0,
            audiences: audiences.into_iter().map(Into::into).collect(),
            jwks_url: None,
            client: None,
            authorizer: None,
            keys: Vec::new(),
            tokens: Vec::new(),
            gate: Gate::builder(),
        }
    }
}

type Adjust<B> = Box<dyn FnOnce(B) -> B>;

/// Builds a [`Gate`] for the tokens of one issuer.
#[must_use]
pub struct IssuerGate {
    issuer: String,
    audiences: Vec<String>,
    jwks_url: Option<String>,
    client: Option<Arc<dyn HttpClient>>,
    authorizer: Option<Arc<dyn Authorizer>>,
    keys: Vec<Adjust<FetchedKeysBuilder>>,
    tokens: Vec<Adjust<JwtValidatorBuilder<Ready>>>,
    gate: GateBuilder,
}

impl IssuerGate {
    /// Sets who decides what callers may do. Without it whoever is authenticated is let in.
    pub fn authorizer(mut self, authorizer: impl Authorizer + 'static) -> Self {
        self.authorizer = Some(Arc::new(authorizer));
        self
    }

    /// Sets the client that sends requests, such as one that trusts a private CA.
    pub fn client(mut self, client: impl HttpClient + 'static) -> Self {
        self.client = Some(Arc::new(client));
        self
    }

    /// Sets where the keys are, in place of what the issuer's discovery document says.
    pub fn jwks_url(mut self, url: &str) -> Self {
        self.jwks_url = Some(url.to_owned());
        self
    }

    /// Sets the clock of the keys, the tokens and the gate; by default it is the system's.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let (keys, tokens) = (Arc::clone(&clock), Arc::clone(&clock));
        self.keys(|builder| builder.clock(keys))
            .tokens(|builder| builder.clock(tokens))
            .gate(|builder| builder.clock(clock))
    }

    /// Adjusts how keys are fetched.
    pub fn keys(
        mut self,
        adjust: impl FnOnce(FetchedKeysBuilder) -> FetchedKeysBuilder + 'static,
    ) -> Self {
        self.keys.push(Box::new(adjust));
        self
    }

    /// Adjusts what is demanded of tokens.
    pub fn tokens(
        mut self,
        adjust: impl FnOnce(JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready> + 'static,
    ) -> Self {
        self.tokens.push(Box::new(adjust));
        self
    }

    /// Adjusts the gate: where credentials are looked for, how refusals are worded.
    pub fn gate(mut self, adjust: impl FnOnce(GateBuilder) -> GateBuilder) -> Self {
        self.gate = adjust(self.gate);
        self
    }

    /// Makes the gate. Nothing is sent before the first token, or
    /// [`warm_up`](Gate::warm_up).
    ///
    /// # Errors
    ///
    /// What [`Client::new`], [`FetchedKeysBuilder::build`], [`JwtValidatorBuilder::build`] and
    /// [`GateBuilder::build`] return.
    pub fn build(self) -> Result<Gate, ConfigError> {
        let client = match self.client {
            Some(client) => client,
            None => Arc::new(Client::new()?),
        };
        let keys = match &self.jwks_url {
            Some(url) => FetchedKeys::jwks_url(url),
            None => FetchedKeys::discover(&self.issuer),
        };
        let keys = adjusted(keys, self.keys).build(client, Arc::new(Engine::new()))?;
        let tokens = JwtValidator::builder()
            .issuer(self.issuer)
            .audiences(self.audiences)
            .key_store(Arc::new(keys));
        let tokens = adjusted(tokens, self.tokens).build()?;
        let gate = self.gate.validator(tokens);
        match self.authorizer {
            Some(authorizer) => gate.authorizer(authorizer).build(),
            None => gate.allow_any_authenticated().build(),
        }
    }
}

fn adjusted<B>(builder: B, adjustments: Vec<Adjust<B>>) -> B {
    let apply = |builder, adjust: Adjust<B>| adjust(builder);
    adjustments.into_iter().fold(builder, apply)
}

impl fmt::Debug for IssuerGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerGate")
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
        from_lookup(|name| {
            let found = names.iter().find(|(own, _)| *own == name);
            found.map(|(_, text)| text.into())
        })
    }

    const ISSUER: (&str, &str) = ("BEARERGATE_ISSUER", "https://idp.example.com");
    const AUDIENCE: (&str, &str) = ("BEARERGATE_AUDIENCE", "https://api.example.com");

    fn kind(names: &[(&str, &str)]) -> (ConfigErrorKind, &'static str) {
        let error = gate(names).unwrap_err();
        (error.kind(), error.field())
    }

    #[test]
    fn the_environment_names_issuer_and_audience() {
        assert!(gate(&[ISSUER, AUDIENCE]).is_ok());
        assert_eq!(kind(&[ISSUER]), (ConfigErrorKind::Empty, AUDIENCE.0));
        assert_eq!(kind(&[AUDIENCE]), (ConfigErrorKind::Empty, ISSUER.0));
        let empty = (AUDIENCE.0, "");
        assert_eq!(kind(&[ISSUER, empty]), (ConfigErrorKind::Empty, AUDIENCE.0));
        let plain = (ISSUER.0, "http://idp.example.com");
        assert_eq!(
            kind(&[plain, AUDIENCE]),
            (ConfigErrorKind::ValueMalformed, "url")
        );
    }

    #[test]
    fn a_file_may_hold_a_name() {
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
