//! Policy files that are read again when they change.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::digest;

use crate::environment::Environment;
use crate::error::{ConfigError, ConfigErrorKind, excerpt};
use crate::event::{Event, Observer};
use crate::limits;
use crate::policy::file::error::{FIELD, LoadError};
use crate::policy::file::loader::PolicyLoader;
use crate::policy::file::pointer::Pointer;
use crate::policy::policy::Policy;
use crate::policy::reload::PolicyHandle;
use crate::policy::route::route_table::RouteTable;

/// A policy or table of routes in a file, whose current version is replaced when the file changes.
///
/// The gate gets a clone of its [`handle`](Self::handle). The file is looked at each time that
/// [`poll`](Self::poll) is called, by the service or, with the feature `tokio`, by the task of
/// `integrations::tokio::PolicyWatch`; nothing else watches it, and requests never wait for it. A
/// version that does not load never replaces one that does.
///
/// What counts is the content, not the time of the last change: a file that is replaced by rename,
/// a symbolic link that is set to another file (as Kubernetes does for a `ConfigMap`), and a file
/// that is written in place are all read. A half-written file does not load, and is read again at
/// the next poll.
///
/// Who can write the file decides what every caller may do: let only the operator write it.
///
/// ```
/// use bearergate::policy::{PolicyFile, PolicyPoll};
/// use bearergate::{Gate, JwtValidator};
///
/// fn gate(validator: JwtValidator) -> Result<Gate, Box<dyn std::error::Error>> {
///     let mut file = PolicyFile::policy("/etc/orders/policy.json").open()?;
///     let gate = Gate::builder().validator(validator).authorizer(file.handle().clone()).build()?;
///     // Again and again, on a thread of the service or in a task:
///     if let PolicyPoll::Failed(error) = file.poll() {
///         eprintln!("{error}");
///     }
///     Ok(gate)
/// }
/// # let _ = gate;
/// ```
pub struct PolicyFile<P = Policy> {
    path: PathBuf,
    shown_path: Arc<str>,
    read: Reader<P>,
    loader: PolicyLoader,
    handle: PolicyHandle<P>,
    observer: Option<Arc<dyn Observer>>,
    seen: Seen,
    error: Option<LoadError>,
}

type Reader<P> = fn(&PolicyLoader, &[u8]) -> Result<P, LoadError>;

/// What a poll of a [`PolicyFile`] found.
#[derive(Clone, Debug)]
#[must_use]
#[expect(
    clippy::exhaustive_enums,
    reason = "a poll finds the same content, a version, or an error"
)]
pub enum PolicyPoll {
    /// The file could not be read, or its content does not load; the current version stays in use.
    ///
    /// It is returned once for each content: later polls are [`Unchanged`](Self::Unchanged), and
    /// [`PolicyFile::error`] keeps the error.
    Failed(LoadError),
    /// The file has another content than at the last poll, and it is the current version now.
    Reloaded,
    /// Nothing has changed since the last poll.
    Unchanged,
}

/// What the last poll saw of the file.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Seen {
    Content([u8; 32]),
    NotRegular,
    TooLarge,
    Unreadable(io::ErrorKind),
}

/// Configures a [`PolicyFile`]. It starts with [`PolicyFile::policy`] or [`PolicyFile::routes`].
#[derive(Clone)]
#[must_use]
pub struct PolicyFileBuilder<P = Policy> {
    path: PathBuf,
    read: Reader<P>,
    loader: PolicyLoader,
    observer: Option<Arc<dyn Observer>>,
}

impl PolicyFile<Policy> {
    /// Starts with the path of a policy: a file with `rules`.
    pub fn policy(path: impl Into<PathBuf>) -> PolicyFileBuilder<Policy> {
        PolicyFileBuilder::new(path.into(), PolicyLoader::policy)
    }
}

impl PolicyFile<RouteTable> {
    /// Starts with the path of a table of routes: a file with `match` and `routes`.
    pub fn routes(path: impl Into<PathBuf>) -> PolicyFileBuilder<RouteTable> {
        PolicyFileBuilder::new(path.into(), PolicyLoader::routes)
    }
}

impl<P> PolicyFileBuilder<P> {
    fn new(path: PathBuf, read: Reader<P>) -> Self {
        Self {
            path,
            read,
            loader: PolicyLoader::new(),
            observer: None,
        }
    }

    /// Sets the loader, which knows the conditions that the file refers to by name. By default it
    /// knows none.
    pub fn loader(mut self, loader: PolicyLoader) -> Self {
        self.loader = loader;
        self
    }

    /// Sets the observer of [`PolicyReloaded`](Event::PolicyReloaded) and
    /// [`PolicyNotReloaded`](Event::PolicyNotReloaded). By default there is none, and only the result
    /// of [`PolicyFile::poll`] reports a failure.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Takes the observer from an [`Environment`], if it has one; nothing else of it is used.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_observer(&mut self.observer);
        self
    }

    /// Reads the file for the first time.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] if the file cannot be read, is larger than
    /// [`JSON_BYTES`](limits::JSON_BYTES), or does not load. There is no version to keep then, so a
    /// service should not start.
    pub fn open(self) -> Result<PolicyFile<P>, LoadError> {
        let shown_path: Arc<str> = excerpt(&self.path.to_string_lossy()).into();
        let (seen, text) = read(&self.path);
        let policy = text.and_then(|text| (self.read)(&self.loader, &text));
        let policy = policy.map_err(|error| error.in_path(&shown_path))?;
        Ok(PolicyFile {
            path: self.path,
            shown_path,
            read: self.read,
            loader: self.loader,
            handle: PolicyHandle::new(policy),
            observer: self.observer,
            seen,
            error: None,
        })
    }
}

impl<P> PolicyFile<P> {
    /// Returns the handle with the current version, for the gate. Clones of it share the version.
    pub const fn handle(&self) -> &PolicyHandle<P> {
        &self.handle
    }

    /// Returns why the file does not load at the moment; `None` if the current version is that of
    /// the file.
    pub const fn error(&self) -> Option<&LoadError> {
        self.error.as_ref()
    }

    /// Reads the file, and makes its content the current version if it has changed and loads.
    ///
    /// It takes one read of at most [`JSON_BYTES`](limits::JSON_BYTES), and blocks for that time.
    /// Call it as often as a change may take to be seen, such as every ten seconds.
    pub fn poll(&mut self) -> PolicyPoll {
        let (seen, text) = read(&self.path);
        if seen == self.seen {
            return PolicyPoll::Unchanged;
        }
        self.seen = seen;
        match text.and_then(|text| (self.read)(&self.loader, &text)) {
            Ok(policy) => {
                self.handle.swap(policy);
                self.error = None;
                self.report(&Event::PolicyReloaded {
                    path: &self.shown_path,
                });
                PolicyPoll::Reloaded
            }
            Err(error) => {
                let error = error.in_path(&self.shown_path).keeping_current();
                if self.observer.is_some() {
                    self.report(&Event::PolicyNotReloaded {
                        path: &self.shown_path,
                        problem: &error.to_string(),
                    });
                }
                self.error = Some(error.clone());
                PolicyPoll::Failed(error)
            }
        }
    }

    fn report(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            observer.observe(event);
        }
    }
}

/// Reads a file within the bound, and returns what identifies what was found.
fn read(path: &Path) -> (Seen, Result<Vec<u8>, LoadError>) {
    let (seen, kind, detail) = match read_bounded(path) {
        Ok(Found::Text(text)) => {
            let mut digest = [0; 32];
            digest.copy_from_slice(digest::digest(&digest::SHA256, &text).as_ref());
            return (Seen::Content(digest), Ok(text));
        }
        Ok(Found::NotRegular) => {
            let detail = "expected a regular file, found another one; give the path of the file";
            (
                Seen::NotRegular,
                ConfigErrorKind::Unreadable,
                detail.to_owned(),
            )
        }
        Ok(Found::TooLarge) => {
            let detail = format!("expected at most {MOST} bytes, found more; split the file");
            (Seen::TooLarge, ConfigErrorKind::OutOfRange, detail)
        }
        Err(cause) => {
            let detail = format!(
                "expected a file that can be read, found none ({cause}); check that it exists and \
                 that this service may read it"
            );
            let seen = Seen::Unreadable(cause.kind());
            let error = ConfigError::new(ConfigErrorKind::Unreadable, FIELD, detail);
            return (seen, Err(Pointer::ROOT.wrap(error.with_source(cause))));
        }
    };
    (seen, Err(Pointer::ROOT.error(kind, detail)))
}

/// What is at a path.
enum Found {
    NotRegular,
    Text(Vec<u8>),
    TooLarge,
}

const MOST: usize = limits::JSON_BYTES;

/// Reads a regular file: a pipe may block for ever, and a device may never end.
fn read_bounded(path: &Path) -> io::Result<Found> {
    if !fs::metadata(path)?.is_file() {
        return Ok(Found::NotRegular);
    }
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > MOST as u64 {
        return Ok(Found::TooLarge);
    }
    let mut text = Vec::new();
    // A file may grow while it is read.
    file.take(MOST as u64 + 1).read_to_end(&mut text)?;
    match text.len() {
        0..=MOST => Ok(Found::Text(text)),
        _ => Ok(Found::TooLarge),
    }
}

impl<P: fmt::Debug> fmt::Debug for PolicyFile<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyFile")
            .field("path", &self.path)
            .field("handle", &self.handle)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<P> fmt::Debug for PolicyFileBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyFileBuilder")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
