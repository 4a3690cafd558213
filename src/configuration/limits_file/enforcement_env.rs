//! Proxies, limits and audit files, as the environment names them.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::address::Proxies;
use crate::audit::{Audit, Encoding, FileSink};
use crate::configuration::error::ConfigErrors;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::gate::GateBuilder;

use super::limits_document::LimitsFile;
use super::limits_loader::LimitsLoader;

/// What the environment variables of a service say about proxies, limits and audit files.
///
/// | variable | value |
/// |---|---|
/// | `BEARERGATE_TRUSTED_PROXIES` | networks of proxies, with commas between them, or `none` if nobody is between the clients and the service |
/// | `BEARERGATE_LIMITS` | a limits file |
/// | `BEARERGATE_AUDIT_DIR` | the directory of audit files, which exists |
/// | `BEARERGATE_AUDIT_FORMAT` | `ocsf` (the default), `ecs`, `cef` or `native` |
///
/// A variable that is not set leaves the gate as it is. One that is empty or cannot be read is an
/// error: it never switches anything off.
///
/// ```no_run
/// use bearergate::Gate;
/// use bearergate::configuration::{EnforcementEnv, LimitsLoader};
///
/// # fn validator() -> bearergate::JwtValidator { unreachable!() }
/// let environment = EnforcementEnv::read(&LimitsLoader::new())?;
/// let gate = Gate::builder().validator(validator()).allow_any_authenticated();
/// let gate = environment.apply(gate)?.build()?;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct EnforcementEnv {
    proxies: Option<Proxies>,
    limits: Option<LimitsFile>,
    audit: Option<(PathBuf, Encoding)>,
}

impl EnforcementEnv {
    /// Reads the variables of this process, and the limits file.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] whose field is the name of the variable: for an empty or unreadable value, a
    /// limits file that does not load, with the place of its first error, proxies in both places, and
    /// a format without a directory.
    pub fn read(loader: &LimitsLoader) -> Result<Self, ConfigError> {
        Self::from_variables(loader, |name| env::var_os(name))
    }

    /// Reads the variables from elsewhere: a function that returns the value of a variable if it is
    /// set.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub fn from_variables(
        loader: &LimitsLoader,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        let text = |name| text(name, variable(name));
        let proxies = text(PROXIES)?.map(|value| proxies(&value)).transpose()?;
        let limits = text(LIMITS)?;
        let limits = limits
            .map(|path| loader.from_file(path).map_err(|errors| in_file(&errors)))
            .transpose()?;
        let in_file = limits.as_ref().and_then(LimitsFile::proxies);
        if proxies.is_some() && in_file.is_some() {
            let detail = "expected the proxies once, found them in the limits file too; remove one";
            return Err(ConfigError::conflict(PROXIES, detail));
        }
        let format = text(FORMAT)?.map(|value| encoding(&value)).transpose()?;
        let audit = match (text(DIRECTORY)?, format) {
            (Some(directory), format) => Some((directory.into(), format.unwrap_or(Encoding::Ocsf))),
            (None, None) => None,
            (None, Some(_)) => {
                let detail = "expected a directory in `BEARERGATE_AUDIT_DIR`, found none; set it, or \
                              remove the format";
                return Err(ConfigError::missing(FORMAT, detail));
            }
        };
        Ok(Self {
            proxies,
            limits,
            audit,
        })
    }

    /// Returns the limits file, for a service that replaces its limits later.
    pub const fn limits(&self) -> Option<&LimitsFile> {
        self.limits.as_ref()
    }

    /// Sets on a gate what the variables say. Audit files are begun; requests do not
    /// wait for them ([`AuditBuilder::sink`](crate::audit::AuditBuilder::sink)).
    ///
    /// # Errors
    ///
    /// Those of [`FileSink::new`] and of [`LimitsFile::apply`].
    pub fn apply(&self, mut gate: GateBuilder) -> Result<GateBuilder, ConfigError> {
        if let Some(proxies) = &self.proxies {
            gate = gate.proxies(proxies.clone());
        }
        if let Some(limits) = &self.limits {
            gate = limits.apply(gate)?;
        }
        if let Some((directory, encoding)) = &self.audit {
            let sink = FileSink::new(directory, "audit")?;
            gate = gate.audit(Audit::builder().sink(sink, *encoding).start()?);
        }
        Ok(gate)
    }
}

const PROXIES: &str = "BEARERGATE_TRUSTED_PROXIES";
const LIMITS: &str = "BEARERGATE_LIMITS";
const DIRECTORY: &str = "BEARERGATE_AUDIT_DIR";
const FORMAT: &str = "BEARERGATE_AUDIT_FORMAT";

fn text(name: &'static str, value: Option<OsString>) -> Result<Option<String>, ConfigError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let Ok(value) = value.into_string() else {
        let detail = "expected UTF-8, found other bytes; correct the value";
        return Err(ConfigError::malformed(name, detail));
    };
    if value.trim().is_empty() {
        let remedy = "give it a value, or remove the variable";
        return Err(ConfigError::empty(name, remedy));
    }
    Ok(Some(value))
}

fn proxies(value: &str) -> Result<Proxies, ConfigError> {
    if value == "none" {
        return Ok(Proxies::none());
    }
    let networks = value.split(',').map(str::trim);
    Proxies::trust(networks).map_err(|error| error.in_field(PROXIES))
}

fn encoding(value: &str) -> Result<Encoding, ConfigError> {
    match value {
        "ocsf" => Ok(Encoding::Ocsf),
        "ecs" => Ok(Encoding::Ecs),
        "cef" => Ok(Encoding::Cef),
        "native" => Ok(Encoding::Native),
        other => {
            let expected = "one of `ocsf`, `ecs`, `cef` and `native`";
            Err(ConfigError::unexpected(
                FORMAT,
                expected,
                other,
                "write one of them",
            ))
        }
    }
}

/// Returns the first error of a limits file.
fn in_file(errors: &ConfigErrors) -> ConfigError {
    let first = errors.iter().next();
    let kind = first.map_or(ConfigErrorKind::ValueMalformed, |error| error.kind());
    let detail = first.map(ToString::to_string).unwrap_or_default();
    ConfigError::new(kind, LIMITS, detail).with_source(errors.clone())
}
