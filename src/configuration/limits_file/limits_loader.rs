//! The loader of limits files.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::configuration::error::{ConfigErrors, LocatedError, syntax_error};
use crate::configuration::files;
use crate::configuration::problems::Problems;
use crate::configuration::reader::{Node, Section};
use crate::configuration::tree::Tree;
use crate::json::{FileFormat, Value};
use crate::limit::{Limits, LimitsBuilder, RateStore};
use crate::limits;

use super::address_sections::{addresses, proxies};
use super::limit_sections::limits as limits_of;
use super::limit_stores::LimitStores;
use super::limits_document::LimitsFile;
use super::lock_out_section::lock_out;

/// Loads limits files: strict JSON with limits, quotas, plans, address lists, proxies and the
/// lock-out, all of which may be absent.
///
/// The file has `"version": 1`. A member that is not known, is there twice or is wrong is an error
/// with its JSON pointer, its line and its column, and the nearest name. All errors are reported at
/// once. A file is loaded completely or not at all, so where it fails, what was loaded before can
/// stay in force.
///
/// What a file cannot say is set in Rust: stores, the claim of the plan, observers, sizes of tables.
/// The members are those of [`LIMITS_SCHEMA`].
///
/// ```
/// use bearergate::configuration::LimitsLoader;
/// use bearergate::limit::Limits;
///
/// let base = Limits::builder().plan_claim("plan");
/// let loader = LimitsLoader::new().limits(base);
/// let file = loader.from_json(r#"{
///     "version": 1,
///     "limits": [{"name": "default", "rate": "600/m"}],
///     "plans": {"gold": [{"name": "gold", "rate": "60/s"}]},
///     "otherwise": [{"name": "others", "rate": "2/s"}]
/// }"#)?;
/// let limits = file.limits().expect("the file has limits").clone().build()?;
///
/// let error = loader.from_json(r#"{"version": 1, "limits": [{"name": "a", "rate": "6 per s"}]}"#);
/// let error = error.unwrap_err().to_string();
/// assert!(error.contains("/limits/0/rate (line 1, column 49): expected"), "{error}");
/// # let _ = limits;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct LimitsLoader(LimitStores);

impl LimitsLoader {
    /// Creates a loader without stores.
    pub const fn new() -> Self {
        Self(LimitStores {
            base: Limits::builder(),
            shared: None,
        })
    }

    /// Sets what limits have besides what is in the file: a store of quotas, the claim of the plan,
    /// an observer, sizes of tables, also limits. The file's limits, plans and exceptions are added
    /// to it; its `otherwise` replaces that of the builder. By default there is nothing.
    #[must_use]
    pub fn limits(mut self, base: LimitsBuilder) -> Self {
        self.0.base = base;
        self
    }

    /// Sets the store of limits that the file marks with `"shared": true`, and how many nodes share
    /// it ([`Limit::shared`](crate::limit::Limit::shared)). By default such a limit is an error.
    #[must_use]
    pub fn shared_by(mut self, store: Arc<dyn RateStore>, nodes: u32) -> Self {
        self.0.shared = Some((store, nodes));
        self
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// All errors of the file, each with its place; only one, without a JSON pointer, for a text that
    /// is not strict JSON.
    pub fn from_json(&self, text: impl AsRef<[u8]>) -> Result<LimitsFile, ConfigErrors> {
        let text = text.as_ref();
        let file = Value::parse(text).map_err(|error| syntax_error(text, error, &FORMAT))?;
        let tree = Tree::from_json(file);
        let problems = Problems::new();
        let read = self.read(&tree, &problems);
        match read {
            Some(read) if problems.is_empty() => Ok(read),
            _ => Err(problems.into_errors().with_positions(text, file)),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Those of [`from_json`](Self::from_json), and one without a place:
    /// [`Unreadable`](crate::error::ConfigErrorKind::Unreadable) if it is no file that can be read,
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) if it is larger than
    /// [`JSON_BYTES`](limits::JSON_BYTES).
    pub fn from_file(&self, path: impl AsRef<Path>) -> Result<LimitsFile, ConfigErrors> {
        let text = files::read(path.as_ref(), limits::CONFIGURATION_FILE_BYTES)
            .map_err(|error| LocatedError::new(String::new(), error))?;
        self.from_json(text)
    }

    fn read(&self, tree: &Tree, problems: &Problems) -> Option<LimitsFile> {
        let mut root = Node::root(tree, problems).section()?;
        // Editors find the schema by it.
        root.text("$schema");
        version(&mut root);
        let [own_proxies, own_lock_out] = ["proxies", "lock_out"].map(|name| root.take(name));
        let fixed = [&own_proxies, &own_lock_out].map(|node| Some(node.as_ref()?.tree().clone()));
        let proxies = own_proxies.map(|node| proxies(&node));
        let addresses = root.take("addresses").map(|node| addresses(&node));
        let lock_out = own_lock_out.map(|node| lock_out(&node));
        let limits = limits_of(&mut root, &self.0);
        root.finish();
        Some(LimitsFile {
            proxies: read_or_absent(proxies)?,
            addresses: read_or_absent(addresses)?,
            lock_out: read_or_absent(lock_out)?,
            limits: limits.map(|limits| (!limits.is_missing()).then_some(limits))?,
            fixed,
        })
    }
}

impl Default for LimitsLoader {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LimitsLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitsLoader")
            .field("limits", &self.0.base)
            .field("shares", &self.0.shared.is_some())
            .finish()
    }
}

/// Turns a section that may be absent, and may be wrong, inside out: `None` is a wrong one.
fn read_or_absent<T>(section: Option<Option<T>>) -> Option<Option<T>> {
    match section {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

fn version(root: &mut Section<'_>) {
    let node = root.require("version", "write `\"version\": 1`");
    let Some(node) = node else {
        return;
    };
    if !matches!(node.tree(), Tree::Integer(1)) {
        node.refuse(
            "`1`",
            "write the version of the format that this crate reads",
        );
    }
}

/// The JSON Schema of limits files, draft 2020-12, for editors and for checks in a build.
///
/// It is the file `schema/limits.schema.json`. Loading checks more than the schema can say, such as
/// names that are there twice.
pub const LIMITS_SCHEMA: &str = include_str!("../../../schema/limits.schema.json");

const FORMAT: FileFormat = FileFormat {
    start: "write JSON: an object with `\"version\": 1`",
    flatten: "write it as the schema of limits files has it",
    shorten: "write long address lists into files of their own",
    shows_words: true,
};
