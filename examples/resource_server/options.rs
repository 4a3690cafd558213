//! The command line.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use bearergate::http_client::Endpoint;
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;

use crate::bound_options;
use crate::bound_options::BoundOptions;

pub(crate) const USAGE: &str = "\
usage: resource_server --listen 127.0.0.1:PORT OPTIONS

at least one of
  --issuer URL                validate JWTs of this issuer (repeatable)
  --introspection URL         ask this endpoint about other bearer tokens
  --api-keys FILE.db          validate API keys from this file

with --issuer or --introspection
  --audience A                this service (repeatable, one must match)
with one --issuer
  --jwks-url URL              where its keys are
  --signed-introspection      require signed responses, verified with its keys
with --issuer
  --require-type T            require this `typ` of JWTs
with --introspection
  --client-id ID              and --client-secret SECRET or --client-secret-file FILE
with --api-keys
  --pepper-file FILE          the pepper of their digests, of version 1
  --api-key-prefix P          what keys begin with, by default `acme_live`
  --api-key-authority NAME    the authority of their subjects, by default `acme keys`

  --scope S                   the scope that GET /scoped requires
  --allow-http-loopback       allow http: URLs on loopback";

/// Options without a value.
const FLAGS: [&str; 2] = ["--allow-http-loopback", "--signed-introspection"];
/// Options that may be given more than once.
const LISTS: [&str; 2] = ["--issuer", "--audience"];
const SINGLE: [&str; 12] = [
    "--listen",
    "--jwks-url",
    "--introspection",
    "--client-id",
    "--client-secret",
    "--client-secret-file",
    "--require-type",
    "--api-keys",
    "--pepper-file",
    "--api-key-prefix",
    "--api-key-authority",
    "--scope",
];

/// What the server does.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) listen: SocketAddr,
    pub(crate) issuers: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) jwks_url: Option<String>,
    pub(crate) require_type: Option<String>,
    pub(crate) introspection: Option<Introspection>,
    pub(crate) api_keys: Option<ApiKeys>,
    pub(crate) scope: Option<String>,
    pub(crate) bound: BoundOptions,
}

#[derive(Debug)]
pub(crate) struct Introspection {
    pub(crate) url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) is_signed: bool,
}

#[derive(Debug)]
pub(crate) struct ApiKeys {
    pub(crate) file: PathBuf,
    pub(crate) pepper: PathBuf,
    pub(crate) prefix: String,
    pub(crate) authority: String,
}

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

impl Options {
    /// Reads the arguments after the program's name.
    pub(crate) fn read(arguments: impl IntoIterator<Item = String>) -> Outcome<Self> {
        let mut given = Given::read(arguments)?;
        let allows_http = given.flag("--allow-http-loopback");
        let issuers = given.list("--issuer");
        let options = Self {
            bound: BoundOptions::read(&mut given, allows_http, !issuers.is_empty())?,
            listen: given.required("--listen")?.parse()?,
            issuers,
            audiences: given.list("--audience"),
            jwks_url: given.take("--jwks-url"),
            require_type: given.take("--require-type"),
            introspection: given.introspection()?,
            api_keys: given.api_keys()?,
            scope: given.take("--scope"),
        };
        options.check()?;
        for url in options.urls() {
            check_url(url, allows_http)?;
        }
        given.no_options_left()?;
        Ok(options)
    }

    fn urls(&self) -> impl Iterator<Item = &str> {
        let introspection = self.introspection.iter().map(|i| i.url.as_str());
        let issuers = self.issuers.iter().map(String::as_str);
        issuers.chain(self.jwks_url.as_deref()).chain(introspection)
    }

    /// Refuses options that do not go together.
    fn check(&self) -> Outcome<()> {
        let introspects = self.introspection.is_some();
        let is_signed = self.introspection.as_ref().is_some_and(|i| i.is_signed);
        let has_issuer = !self.issuers.is_empty();
        let faults = [
            (
                !has_issuer && !introspects && self.api_keys.is_none(),
                "give --issuer, --introspection or --api-keys",
            ),
            (
                (has_issuer || introspects) && self.audiences.is_empty(),
                "--issuer and --introspection need --audience",
            ),
            (
                !has_issuer && !introspects && !self.audiences.is_empty(),
                "--audience needs --issuer or --introspection",
            ),
            (
                self.jwks_url.is_some() && self.issuers.len() != 1,
                "--jwks-url needs exactly one --issuer",
            ),
            (
                is_signed && self.issuers.len() != 1,
                "--signed-introspection needs exactly one --issuer",
            ),
            (
                self.require_type.is_some() && !has_issuer,
                "--require-type needs --issuer",
            ),
        ];
        match faults.into_iter().find(|(is_there, _)| *is_there) {
            Some((_, fault)) => Err(fault.into()),
            None => Ok(()),
        }
    }
}

/// The arguments by their names.
pub(crate) struct Given(BTreeMap<String, Vec<String>>);

impl Given {
    fn read(arguments: impl IntoIterator<Item = String>) -> Outcome<Self> {
        let mut given = BTreeMap::<String, Vec<String>>::new();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (argument, None),
            };
            let has =
                |own: &[&str], more: &[&str]| own.iter().chain(more).any(|known| *known == name);
            let is_flag = has(&FLAGS, &bound_options::FLAGS);
            let is_list = has(&LISTS, &bound_options::LISTS);
            if !is_flag && !is_list && !has(&SINGLE, &bound_options::SINGLE) {
                // The argument is not shown: it may be a secret in the wrong place.
                return Err("an argument is no option".into());
            }
            let value = match value {
                Some(_) if is_flag => return Err(format!("{name} takes no value").into()),
                None if is_flag => String::new(),
                Some(value) => value,
                None => arguments.next().unwrap_or_default(),
            };
            if !is_flag && (value.is_empty() || value.starts_with("--")) {
                return Err(format!("{name} needs a value").into());
            }
            let values = given.entry(name.clone()).or_default();
            values.push(value);
            if values.len() > 1 && !is_list {
                return Err(format!("{name} is given twice").into());
            }
        }
        Ok(Self(given))
    }

    pub(crate) fn list(&mut self, name: &str) -> Vec<String> {
        self.0.remove(name).unwrap_or_default()
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.list(name).pop()
    }

    pub(crate) fn flag(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    fn required(&mut self, name: &str) -> Outcome<String> {
        Ok(self
            .take(name)
            .ok_or_else(|| format!("{name} is missing"))?)
    }

    fn introspection(&mut self) -> Outcome<Option<Introspection>> {
        let Some(url) = self.take("--introspection") else {
            return Ok(None);
        };
        let client_secret = match (
            self.take("--client-secret"),
            self.take("--client-secret-file"),
        ) {
            (Some(secret), None) => Secret::from(secret),
            (None, Some(file)) => SecretSource::file(file).read()?,
            _ => {
                return Err(
                    "--introspection needs one of --client-secret and --client-secret-file".into(),
                );
            }
        };
        Ok(Some(Introspection {
            url,
            client_id: self.required("--client-id")?,
            client_secret,
            is_signed: self.flag("--signed-introspection"),
        }))
    }

    fn api_keys(&mut self) -> Outcome<Option<ApiKeys>> {
        let Some(file) = self.take("--api-keys") else {
            return Ok(None);
        };
        let or = |found: Option<String>, usual: &str| found.unwrap_or_else(|| usual.to_owned());
        Ok(Some(ApiKeys {
            file: file.into(),
            pepper: self.required("--pepper-file")?.into(),
            prefix: or(self.take("--api-key-prefix"), "acme_live"),
            authority: or(self.take("--api-key-authority"), "acme keys"),
        }))
    }

    /// Refuses options that belong to an option that was not given.
    fn no_options_left(&self) -> Outcome<()> {
        match self.0.keys().next() {
            Some(name) => Err(format!("{name} belongs to another option that is missing").into()),
            None => Ok(()),
        }
    }
}

/// Accepts https, and http on loopback if that is allowed.
fn check_url(url: &str, allows_http: bool) -> Outcome<()> {
    let endpoint = Endpoint::parse(url)?;
    let uri = endpoint.uri();
    if uri.scheme_str() != Some("http") {
        return Ok(());
    }
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<IpAddr>();
    if !allows_http {
        return Err("an http: URL needs --allow-http-loopback".into());
    }
    if !host.eq_ignore_ascii_case("localhost") && !address.is_ok_and(|ip| ip.is_loopback()) {
        return Err("an http: URL must name a loopback address".into());
    }
    Ok(())
}
