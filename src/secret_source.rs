//! Sources that secrets are read from: environment variables, files and closures.

use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::{env, fmt, io};

use zeroize::Zeroizing;

use crate::error::{ConfigError, ConfigErrorKind};
use crate::limits;
use crate::secret::Secret;

/// A place that a secret is read from, each time that [`read`](Self::read) is called.
///
/// The bytes are used as they are; nothing is decoded. `Debug`, `Display` and errors name the
/// source and never show the secret.
///
/// ```no_run
/// use bearergate::secret_source::SecretSource;
///
/// let pepper = SecretSource::file("/run/secrets/pepper").read()?;
/// let other = SecretSource::env("ACME_PEPPER").read()?;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct SecretSource(Origin);

#[derive(Clone)]
enum Origin {
    Env(String),
    File(PathBuf),
    Closure(&'static str, Arc<Closure>),
}

type Failure = Box<dyn Error + Send + Sync>;
type Closure = dyn Fn() -> Result<Secret, Failure> + Send + Sync;

impl SecretSource {
    /// Creates a source that reads the environment variable of this name. Its bytes are used whole,
    /// with white space and line ends. Child processes inherit the variable, so prefer a
    /// [`file`](Self::file).
    pub fn env(name: impl Into<String>) -> Self {
        Self(Origin::Env(name.into()))
    }

    /// Creates a source that reads this file.
    ///
    /// If the content is UTF-8, one line end at its end (`\n` or `\r\n`) is removed. Binary content
    /// is used whole.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Origin::File(path.into()))
    }

    /// Creates a source that calls a closure, for example to fetch the secret from a vault.
    ///
    /// `name` identifies the source in errors and in `Debug`. The closure may block, because
    /// secrets are read when a service starts or rotates them, not on the path of a request.
    pub fn from_fn<F, E>(name: &'static str, read: F) -> Self
    where
        F: Fn() -> Result<Secret, E> + Send + Sync + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let read = move || read().map_err(Into::into);
        Self(Origin::Closure(name, Arc::new(read)))
    }

    /// Reads the secret from its source; nothing is cached.
    ///
    /// # Errors
    ///
    /// In the field `secret`: [`Unreadable`](ConfigErrorKind::Unreadable) if the source does not
    /// exist or cannot be read, [`Empty`](ConfigErrorKind::Empty) if it is empty,
    /// [`Conflict`](ConfigErrorKind::Conflict) if the environment has the variable twice, and
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) if it is longer than 64 KiB.
    pub fn read(&self) -> Result<Secret, ConfigError> {
        let secret = match &self.0 {
            Origin::Env(name) => self.unique_variable(env::vars_os(), name)?,
            Origin::File(path) => {
                // One byte more than is allowed shows that a secret is too long.
                const CAPACITY: usize = limits::SECRET_BYTES + 1;
                let mut bytes = Zeroizing::new(Vec::with_capacity(CAPACITY));
                let read = File::open(path)
                    .and_then(|file| file.take(CAPACITY as u64).read_to_end(&mut bytes));
                read.map_err(|cause| self.unreadable_file(cause))?;
                without_line_end(Secret::new(std::mem::take(&mut *bytes)))
            }
            Origin::Closure(_, read) => {
                read().map_err(|cause| self.unreadable().with_source(cause))?
            }
        };
        self.check_size(secret)
    }

    fn unique_variable(
        &self,
        variables: impl Iterator<Item = (OsString, OsString)>,
        name: &str,
    ) -> Result<Secret, ConfigError> {
        let mut values = variables
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value);
        let value = values.next().ok_or_else(|| self.unreadable())?;
        if values.next().is_some() {
            let detail = format!("expected one value, found that {self} is set twice; set it once");
            return Err(ConfigError::conflict(FIELD, detail));
        }
        Ok(Secret::new(value.into_encoded_bytes()))
    }

    fn check_size(&self, secret: Secret) -> Result<Secret, ConfigError> {
        let len = secret.expose().len();
        if len == 0 {
            let detail =
                format!("expected a secret, found that {self} is empty; put the secret in it");
            return Err(ConfigError::missing(FIELD, detail));
        }
        if len > limits::SECRET_BYTES {
            let detail =
                format!("expected at most 65536 bytes, found more in {self}; give the secret only");
            return Err(ConfigError::new(ConfigErrorKind::OutOfRange, FIELD, detail));
        }
        Ok(secret)
    }

    fn unreadable(&self) -> ConfigError {
        let detail = match &self.0 {
            Origin::Env(_) => format!("expected a secret, found that {self} is not set; set it"),
            Origin::File(_) | Origin::Closure(..) => format!(
                "expected a secret, found that {self} failed; the source of this error says why"
            ),
        };
        ConfigError::new(ConfigErrorKind::Unreadable, FIELD, detail)
    }

    fn unreadable_file(&self, cause: io::Error) -> ConfigError {
        let (found, remedy) = match cause.kind() {
            io::ErrorKind::NotFound => ("does not exist", "give the path of the file"),
            io::ErrorKind::PermissionDenied => (
                "must not be read by this process",
                "let the user that the service runs as read it",
            ),
            io::ErrorKind::IsADirectory => ("is a folder", "give the path of a file in it"),
            _ => ("cannot be read", "the source of this error says why"),
        };
        let detail = format!("expected a file with a secret, found that {self} {found}; {remedy}");
        ConfigError::new(ConfigErrorKind::Unreadable, FIELD, detail).with_source(cause)
    }
}

/// The name of the source, without the secret.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Origin::Env(name) => write!(f, "the environment variable `{name}`"),
            Origin::File(path) => write!(f, "the file `{}`", path.display()),
            Origin::Closure(name, _) => write!(f, "the source `{name}`"),
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretSource({self})")
    }
}

fn without_line_end(secret: Secret) -> Secret {
    let text = str::from_utf8(secret.expose()).ok();
    match text.and_then(|text| text.strip_suffix('\n')) {
        Some(line) => Secret::new(line.strip_suffix('\r').unwrap_or(line).into()),
        None => secret,
    }
}

const FIELD: &str = "secret";

#[cfg(test)]
mod tests {
    use super::*;

    fn env_read(pairs: &[(&str, &str)]) -> Result<Secret, ConfigError> {
        let source = SecretSource::env("PEPPER");
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        source.check_size(source.unique_variable(pairs, "PEPPER")?)
    }

    fn kind(result: Result<Secret, ConfigError>) -> ConfigErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn variable_is_read_unchanged() {
        let read = env_read(&[("OTHER", "x"), ("PEPPER", " s3cret\n")]).unwrap();
        assert_eq!(read.expose(), b" s3cret\n");
    }

    #[test]
    fn variable_that_is_unset_empty_or_set_twice_is_rejected() {
        assert_eq!(
            kind(env_read(&[("PEPPER_2", "x")])),
            ConfigErrorKind::Unreadable
        );
        assert_eq!(kind(env_read(&[("PEPPER", "")])), ConfigErrorKind::Empty);
        for second in ["a", "b", ""] {
            let twice = env_read(&[("PEPPER", "a"), ("X", "y"), ("PEPPER", second)]);
            assert_eq!(kind(twice), ConfigErrorKind::Conflict);
        }
    }

    #[test]
    fn one_line_end_of_a_text_is_removed() {
        let cut = |bytes: &[u8]| {
            without_line_end(Secret::new(bytes.to_vec()))
                .expose()
                .to_vec()
        };
        assert_eq!(cut(b"s3cret"), b"s3cret");
        assert_eq!(cut(b"s3cret\n"), b"s3cret");
        assert_eq!(cut(b"s3cret\r\n"), b"s3cret");
        assert_eq!(cut(b"s3cret\n\n"), b"s3cret\n");
        assert_eq!(cut(b"s3cret\r"), b"s3cret\r");
        assert_eq!(cut(b"\n"), b"");
        assert_eq!(cut(b"\xff\n"), b"\xff\n");
    }
}
