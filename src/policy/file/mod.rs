//! Policies as JSON: read strictly, written so that they read back the same.
//!
//! The form is published as [`POLICY_SCHEMA`], the file `schema/policy.schema.json`.

mod condition;
mod pointer;
mod read;
mod tree;
mod write;

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::json::Value;
use crate::policy::condition::condition::Condition;
use crate::policy::condition::condition::Leaf;
use crate::policy::engine::predicate::Test;
use crate::policy::file::pointer::Spot;
use crate::policy::file::read::Reader;
use crate::policy::policy::Policy;
use crate::policy::route::route_table::Guard;
use crate::policy::route::route_table::RouteTable;
use crate::policy::rule::Rule;

/// Reads policies from JSON.
///
/// Only strict JSON is read, unknown members are refused, and every error names the place and
/// the remedy. What a policy may take is bounded as for one that is built
/// ([`limits`](crate::limits)), parts that are used again counted anew.
///
/// ```
/// use bearergate::Policy;
/// use bearergate::policy::{condition_fn, PolicyLoader};
///
/// let text = br#"{
///     "parts": {"reader": {"scope": "orders:read"}},
///     "rules": [
///         {"name": "suspended", "effect": "forbid",
///          "if": {"not": {"claim": "suspended", "absent_or": false}}},
///         {"name": "own orders", "effect": "permit",
///          "if": {"all": [{"part": "reader"}, {"custom": "own"}]}}
///     ]
/// }"#;
/// let own = condition_fn("own", |request| {
///     Some(request.principal().subject()? == request.param("user")?)
/// });
/// let policy = PolicyLoader::new().condition("own", own).policy(text)?;
/// assert_eq!(policy.rules().len(), 2);
///
/// let error = Policy::from_json(br#"{"rules": [{"name": "a", "effect": "allow"}]}"#).unwrap_err();
/// assert_eq!(error.pointer(), "/rules/0/effect");
/// # Ok::<(), bearergate::policy::LoadError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PolicyLoader {
    customs: HashMap<Arc<str>, Condition>,
}

impl PolicyLoader {
    /// Starts without conditions of the service's own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets files name this condition, as `{"custom": name}`; the last of one name counts.
    pub fn condition(mut self, name: impl Into<Arc<str>>, condition: Condition) -> Self {
        self.customs.insert(name.into(), condition);
        self
    }

    /// Knows the closures of these conditions by their names, of which each has one.
    fn knowing<'c>(conditions: impl Iterator<Item = &'c Condition>) -> Result<Self, ConfigError> {
        let leaves = conditions.flat_map(Condition::leaves);
        let mut own = Self::new();
        for leaf in leaves.filter(|leaf| matches!(leaf.test, Test::Custom(_))) {
            let known = own.customs.get(&leaf.name).into_iter();
            let mut known = known.flat_map(Condition::leaves);
            let is_other = known.any(|known| key(known) != key(leaf));
            drop(known);
            if is_other {
                let detail = format!("two closures are named `{}`; name each once", leaf.name);
                return Err(ConfigError::conflict(FIELD, detail));
            }
            let condition = Condition::shared(Arc::clone(leaf));
            own = own.condition(Arc::clone(&leaf.name), condition);
        }
        Ok(own)
    }

    /// Reads a policy.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] for a text that is not strict JSON or not a policy.
    pub fn policy(&self, text: &[u8]) -> Result<Policy, LoadError> {
        let value = scan(text)?;
        Reader::new(&self.customs).policy(value, &Spot::TOP)
    }

    /// Reads a table of routes.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] for a text that is not strict JSON or not a table.
    pub fn routes(&self, text: &[u8]) -> Result<RouteTable, LoadError> {
        let value = scan(text)?;
        Reader::new(&self.customs).table(value, &Spot::TOP)
    }
}

fn scan(text: &[u8]) -> Result<Value<'_>, LoadError> {
    Value::parse(text).map_err(|error| {
        let detail = format!("no strict JSON ({error}); write it so that all read it alike");
        let error = ConfigError::malformed(FIELD, detail).with_source(error);
        Spot::TOP.wrap(error)
    })
}

/// Tells tests apart: equal tests have equal keys.
pub(super) fn key(leaf: &Leaf) -> String {
    if let Test::Custom(ask) = &leaf.test {
        return format!("custom {:p}", Arc::as_ptr(ask));
    }
    serde_json::to_string(&write::single(leaf)).unwrap_or_default()
}

/// The JSON Schema of the files that are read, draft 2020-12; loading checks more than it says.
pub const POLICY_SCHEMA: &str = include_str!("../../../schema/policy.schema.json");

const FIELD: &str = "policy";

impl Policy {
    /// Reads a policy from JSON; [`PolicyLoader`] reads one that names closures.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] for a text that is not strict JSON or not a policy.
    pub fn from_json(text: &[u8]) -> Result<Self, LoadError> {
        PolicyLoader::new().policy(text)
    }

    /// Writes the policy as JSON that reads back as the same policy.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) for one that is nested too deeply, or too
    /// large, to be read again; [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for an
    /// obligation with a header that is no text; [`Conflict`](ConfigErrorKind::Conflict) for two
    /// closures of one name; what else no file may hold, such as an empty name
    /// of a scope, under its own kind.
    pub fn to_json(&self) -> Result<String, ConfigError> {
        let text = write::text(&write::policy(self)?)?;
        let conditions = self.rules().iter().map(Rule::condition);
        PolicyLoader::knowing(conditions)?.policy(text.as_bytes())?;
        Ok(text)
    }
}

impl RouteTable {
    /// Reads a table from JSON; [`PolicyLoader`] reads one that names closures.
    ///
    /// ```
    /// use bearergate::policy::RouteTable;
    ///
    /// let table = RouteTable::from_json(br#"{
    ///     "match": "path",
    ///     "routes": [
    ///         {"method": "GET", "pattern": "/orders/{id}", "if": {"scope": "orders:read"}},
    ///         {"pattern": "/admin/{*rest}", "policy": {"rules": [
    ///             {"name": "admins", "effect": "permit", "if": {"role": "admin"}}
    ///         ]}}
    ///     ]
    /// }"#)?;
    /// assert_eq!(table.routes().len(), 2);
    /// # Ok::<(), bearergate::policy::LoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A [`LoadError`] for a text that is not strict JSON or not a table.
    pub fn from_json(text: &[u8]) -> Result<Self, LoadError> {
        PolicyLoader::new().routes(text)
    }

    /// Writes the table as JSON that reads back as the same table.
    ///
    /// # Errors
    ///
    /// As for [`Policy::to_json`].
    pub fn to_json(&self) -> Result<String, ConfigError> {
        let text = write::text(&write::table(self)?)?;
        let conditions = self.routes().iter().flat_map(|route| match route.guard() {
            Guard::Condition(own) => vec![own],
            Guard::Policy(own) => own.rules().iter().map(Rule::condition).collect(),
        });
        PolicyLoader::knowing(conditions)?.routes(text.as_bytes())?;
        Ok(text)
    }
}

/// A file is not a policy.
///
/// `Display` names the place, what came and the remedy.
#[derive(Clone, Debug)]
pub struct LoadError {
    pointer: String,
    error: ConfigError,
    is_old_in_force: bool,
}

impl LoadError {
    pub(super) const fn new(pointer: String, error: ConfigError) -> Self {
        Self {
            pointer,
            error,
            is_old_in_force: false,
        }
    }

    /// Adds that the policy before this one stays in force.
    pub(super) fn in_force(mut self) -> Self {
        self.is_old_in_force = true;
        self
    }

    /// Returns the place as a JSON pointer (RFC 6901); the empty one is the whole text.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Returns what is wrong, as a stable code.
    pub fn kind(&self) -> ConfigErrorKind {
        self.error.kind()
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.pointer {
            "" => f.write_str("the whole text")?,
            pointer => f.write_str(pointer)?,
        }
        f.write_str(&self.error.after_field())?;
        if self.is_old_in_force {
            f.write_str("; the version in force stays")?;
        }
        Ok(())
    }
}

impl Error for LoadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl From<LoadError> for ConfigError {
    fn from(error: LoadError) -> Self {
        let kind = error.kind();
        Self::new(kind, FIELD, error.to_string()).with_source(error)
    }
}
