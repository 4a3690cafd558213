//! Files that a configuration refers to, and references to secrets.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::FIELD;
use super::reader::{Node, Section};
use crate::error::{ConfigError, ConfigErrorKind, excerpt};
use crate::limits;
use crate::secret::Secret;
use crate::secret_source::SecretSource;

/// The folder that relative paths are relative to, if there is one.
#[derive(Clone, Copy)]
pub(super) struct Folder<'c>(pub(super) Option<&'c Path>);

impl Folder<'_> {
    /// Reads a path.
    pub(super) fn path(self, node: &Node<'_>) -> Option<PathBuf> {
        let path = Path::new(node.text()?);
        match self.0 {
            Some(folder) => Some(folder.join(path)),
            None if path.is_absolute() => Some(path.to_owned()),
            None => {
                let remedy = "write it from the root, or load the configuration with `from_file`, \
                              or name its folder with `relative_to`";
                node.refuse("an absolute path", remedy);
                None
            }
        }
    }

    /// Reads the file at a path.
    pub(super) fn content(self, node: &Node<'_>) -> Option<Vec<u8>> {
        let path = self.path(node)?;
        node.ok(read(&path, limits::CONFIGURATION_FILE_BYTES))
    }

    /// Reads a reference to a secret.
    pub(super) fn source(self, node: &Node<'_>) -> Option<SecretSource> {
        let Some(mut section) = reference(node) else {
            let remedy = "write `{\"env\": \"NAME\"}` for an environment variable, or `{\"file\": \
                          \"/run/secrets/name\"}` for a file, and put the secret there";
            node.refuse("a reference to a secret", remedy);
            return None;
        };
        let remedy = "write one of them";
        let source = match section.exactly_one(&["env", "file"], remedy) {
            Some(("env", name)) => variable(&name).map(SecretSource::env),
            Some((_, path)) => self.path(&path).map(SecretSource::file),
            None => None,
        };
        section.finish();
        source
    }

    /// Reads a secret from the place that a reference names.
    pub(super) fn secret(self, node: &Node<'_>) -> Option<Secret> {
        let source = self.source(node)?;
        node.ok(source.read())
    }

    /// Reads a secret that several builders may need.
    pub(super) fn shared_secret(self, node: &Node<'_>) -> Option<Arc<Secret>> {
        self.secret(node).map(Arc::new)
    }
}

/// Returns a copy of a secret, for a builder that keeps it.
pub(super) fn copied(secret: &Secret) -> Secret {
    Secret::new(secret.expose().to_vec())
}

fn reference<'c>(node: &Node<'c>) -> Option<Section<'c>> {
    let is_object = matches!(node.tree(), super::tree::Tree::Map(_));
    is_object.then(|| node.section()).flatten()
}

/// Reads the name of an environment variable. Another text may be the secret itself.
fn variable<'c>(node: &Node<'c>) -> Option<&'c str> {
    let name = node.text()?;
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let starts = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
    let is_word = name.contains('_') || !super::shown::looks_secret(name);
    if starts && is_word && name.len() <= VARIABLE_BYTES && name.bytes().all(is_name) {
        return Some(name);
    }
    let remedy = "put the secret into the variable, and its name here";
    node.refuse(
        "the name of an environment variable in capitals, such as `ACME_PEPPER`",
        remedy,
    );
    None
}

const VARIABLE_BYTES: usize = 64;

/// Reads a regular file of at most this size.
pub(super) fn read(path: &Path, most: usize) -> Result<Vec<u8>, ConfigError> {
    let shown = excerpt(&path.display().to_string());
    let unreadable = |detail: &str| {
        let detail = format!("`{shown}` {detail}");
        ConfigError::new(ConfigErrorKind::Unreadable, FIELD, detail)
    };
    let failed = |error: std::io::Error| {
        let detail = match error.kind() {
            std::io::ErrorKind::NotFound => "does not exist; correct the path",
            _ => "cannot be read; check that this user may read it",
        };
        unreadable(detail).with_source(error)
    };
    let metadata = path.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(unreadable("is a folder; name a file in it"));
    }
    // A pipe or a device could block, or never end.
    if !metadata.is_file() {
        return Err(unreadable("is no regular file; name one"));
    }
    let mut content = Vec::new();
    let file = File::open(path).map_err(failed)?;
    let cap = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.take(cap).read_to_end(&mut content).map_err(failed)?;
    if content.len() > most {
        let detail = format!("`{shown}` has more than {most} bytes; use a smaller file");
        return Err(ConfigError::new(ConfigErrorKind::OutOfRange, FIELD, detail));
    }
    Ok(content)
}
