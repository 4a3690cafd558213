//! The audit trail of the options of `--audit`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bearergate::ConfigError;
use bearergate::audit::{
    Audit, AuditBuilder, AuditSink, ChainKey, FileSink, PseudonymKey, SinkHealth,
};
use bearergate::clock::Clock;
use bearergate::environment::Environment;
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;

use crate::options::{AuditMode, AuditOptions};
use crate::path_sink::PathSink;

/// How long the end of the service waits for the sinks.
const CLOSE: Duration = Duration::from_secs(4);

/// The name of the sink of `--audit-sink`.
const SECOND: &str = "second";

/// The audit trail, and the sink of its files.
#[derive(Debug)]
pub(crate) struct Trail {
    pub(crate) audit: Audit,
    files: String,
}

impl Trail {
    pub(crate) fn start(
        options: &AuditOptions,
        environment: &Environment,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Box<dyn Error>> {
        let files = files(options, clock)?;
        let name = files.name().to_owned();
        let mut builder = Audit::builder().env(environment);
        if let Some(bytes) = options.ring {
            builder = builder.ring(bytes);
        }
        builder = match options.mode {
            AuditMode::BestEffort => builder.sink(files, options.encoding),
            AuditMode::Required => builder.required(files, options.encoding),
            AuditMode::BeforeAnswer => builder.before_answer(files, options.encoding),
        };
        if let Some(path) = &options.sink {
            builder = builder.sink(PathSink::new(SECOND, path.clone()), options.encoding);
        }
        let audit = protected(builder, options)?.start();
        Ok(Self {
            audit: audit.map_err(|error| of_option(&error))?,
            files: name,
        })
    }

    /// Returns the state of the files.
    pub(crate) fn health(&self) -> Option<SinkHealth> {
        let health = self.audit.health();
        let mut sinks = health.sinks().iter();
        sinks.find(|sink| sink.name() == self.files).cloned()
    }

    /// Writes what was recorded. The second sink is not waited for: it may never work.
    pub(crate) async fn flush(&self) -> bool {
        match self.audit.flush().await {
            Ok(()) => true,
            Err(error) => error.sink() == SECOND,
        }
    }

    /// Writes what was recorded and ends. It blocks.
    pub(crate) fn close(&self) {
        // What could not be written is lost with the process.
        let _ = self.audit.clone().close(CLOSE);
    }
}

fn files(options: &AuditOptions, clock: &Arc<dyn Clock>) -> Result<FileSink, Box<dyn Error>> {
    let named = |option: &'static str| move |error: ConfigError| format!("{option}: {error}");
    let mut sink = FileSink::new(&options.directory, "audit").map_err(named("--audit"))?;
    if let Some(bytes) = options.file_bytes {
        sink = sink.max_bytes(bytes).map_err(named("--audit-file-bytes"))?;
    }
    if let Some(files) = options.keep {
        sink = sink.keep(files).map_err(named("--audit-keep"))?;
    }
    Ok(sink.clock(Arc::clone(clock)))
}

/// Adds the chain, its anchor and the pseudonyms.
fn protected(
    mut builder: AuditBuilder,
    options: &AuditOptions,
) -> Result<AuditBuilder, Box<dyn Error>> {
    if let Some(path) = &options.chain_key {
        let key = ChainKey::new(&raw("--audit-chain-key", path));
        builder = builder.chain(key.map_err(|error| with_cause("--audit-chain-key", &error))?);
    }
    if let Some(path) = &options.anchor {
        builder = builder.anchor(PathSink::new("anchor", path.clone()));
    }
    if let Some(path) = &options.pseudonym_key {
        let key = PseudonymKey::new(1, &raw("--audit-pseudonym-key", path));
        let key = key.map_err(|error| with_cause("--audit-pseudonym-key", &error))?;
        builder = builder.pseudonyms(key);
    }
    if let Some(detail) = options.addresses {
        builder = builder.addresses(detail);
    }
    Ok(builder)
}

/// Returns the bytes of a file as they are: a last byte that looks like a line end belongs to them.
pub(crate) fn raw(option: &'static str, path: &Path) -> SecretSource {
    let path: PathBuf = path.to_owned();
    SecretSource::from_fn(option, move || fs::read(&path).map(Secret::new))
}

/// Names the option that an error of a key is about, and why its file cannot be read.
pub(crate) fn with_cause(option: &str, error: &ConfigError) -> String {
    match error.source() {
        Some(cause) => format!("{option}: {error} ({cause})"),
        None => format!("{option}: {error}"),
    }
}

/// Names the option that an error of the whole trail is about.
fn of_option(error: &ConfigError) -> String {
    let option = match error.field() {
        "ring" => "--audit-ring",
        "chain" => "--audit-anchor",
        "addresses" => "--audit-addresses",
        _ => "--audit",
    };
    format!("{option}: {error}")
}
