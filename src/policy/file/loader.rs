//! The loader of policy files, and the JSON of policies and tables.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::ConfigError;
use crate::json::{FileFormat, SyntaxFault, Value};
use crate::policy::condition::condition::Condition;
use crate::policy::engine::notation::identity;
use crate::policy::engine::predicate::Predicate;
use crate::policy::file::error::{FIELD, LoadError};
use crate::policy::file::pointer::Pointer;
use crate::policy::file::read::PolicyReader;
use crate::policy::file::write;
use crate::policy::policy::Policy;
use crate::policy::reload::PolicyHandle;
use crate::policy::route::guarded_route::Guard;
use crate::policy::route::route_table::RouteTable;
use crate::policy::rule::Rule;

/// A reader of policy files.
///
/// A policy file is strict JSON in the format of [`POLICY_SCHEMA`]; unknown members are refused,
/// and every error names its line, its column and what to do about it. The limits of a policy that
/// is built in Rust apply ([`limits`](crate::limits)); a part counts each time it is used.
///
/// [`Policy::from_json`] and [`RouteTable::from_json`] read files without a loader; a loader is
/// needed for files that refer to conditions of the service by name.
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
    /// Creates a loader that knows no condition by name.
    ///
    /// Add conditions with [`condition`](Self::condition); one loader reads any number of files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition to which files refer as `{"custom": name}`, such as a closure of
    /// [`condition_fn`](crate::policy::condition_fn). A later condition replaces one of the same name.
    pub fn condition(mut self, name: impl Into<Arc<str>>, condition: Condition) -> Self {
        self.customs.insert(name.into(), condition);
        self
    }

    /// Creates a loader that knows the closures of these conditions by their names.
    fn from_conditions<'c>(
        conditions: impl Iterator<Item = &'c Condition>,
    ) -> Result<Self, ConfigError> {
        let leaves = conditions.flat_map(Condition::leaves);
        let mut loader = Self::new();
        for leaf in leaves.filter(|leaf| matches!(leaf.predicate, Predicate::Custom(_))) {
            let known = loader.customs.get(&leaf.name).into_iter();
            let mut known = known.flat_map(Condition::leaves);
            let is_ambiguous = known.any(|known| identity(known) != identity(leaf));
            drop(known);
            if is_ambiguous {
                let detail = format!(
                    "expected a different name for every closure, found `{}` twice",
                    leaf.name
                );
                return Err(ConfigError::conflict(FIELD, detail));
            }
            let condition = Condition::shared(Arc::clone(leaf));
            loader = loader.condition(Arc::clone(&leaf.name), condition);
        }
        Ok(loader)
    }

    /// Reads a policy: a file with `rules`.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] if the text is not strict JSON, or not a policy.
    pub fn policy(&self, text: &[u8]) -> Result<Policy, LoadError> {
        let file = scan(text)?;
        let read = PolicyReader::new(&self.customs).policy(file, &Pointer::ROOT);
        read.map_err(|error| error.in_file(text, file))
    }

    /// Reads a table of routes: a file with `match` and `routes`.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] if the text is not strict JSON, or not a table of routes.
    pub fn routes(&self, text: &[u8]) -> Result<RouteTable, LoadError> {
        let file = scan(text)?;
        let read = PolicyReader::new(&self.customs).table(file, &Pointer::ROOT);
        read.map_err(|error| error.in_file(text, file))
    }
}

fn scan(text: &[u8]) -> Result<Value<'_>, LoadError> {
    Value::parse(text).map_err(|error| {
        let SyntaxFault { position, detail } = SyntaxFault::find(text, error, &FORMAT);
        let error = ConfigError::malformed(FIELD, detail).with_source(error);
        Pointer::ROOT.wrap(error).at(position)
    })
}

const FORMAT: FileFormat = FileFormat {
    start: "write JSON: an object with `rules`, or with `match` and `routes`",
    flatten: "use `parts`, or split the file",
    shorten: "split the file",
    shows_words: true,
};

/// The JSON Schema of policy files, draft 2020-12, for editors and for checks in a build.
///
/// It is the file `schema/policy.schema.json`. Loading a file checks more than the schema can say,
/// such as names that have to be unique and patterns that have to compile.
pub const POLICY_SCHEMA: &str = include_str!("../../../schema/policy.schema.json");

impl Policy {
    /// Reads a policy from JSON. Use a [`PolicyLoader`] if the file refers to conditions by name.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] if the text is not strict JSON, or not a policy.
    pub fn from_json(text: &[u8]) -> Result<Self, LoadError> {
        PolicyLoader::new().policy(text)
    }

    /// Writes the policy as JSON that reads back as the same policy.
    ///
    /// Closures are written by name, so a [`PolicyLoader`] that knows them is needed to read it.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) if it is nested too deeply, or too large, to be
    /// read again; [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for an obligation whose
    /// header value is not visible ASCII; [`Conflict`](crate::error::ConfigErrorKind::Conflict) for two closures
    /// of one name. Values that a file cannot have, such as an empty scope, give the error of
    /// reading them.
    pub fn to_json(&self) -> Result<String, ConfigError> {
        let text = write::text(&write::policy(self)?)?;
        let conditions = self.rules().iter().map(Rule::condition);
        PolicyLoader::from_conditions(conditions)?.policy(text.as_bytes())?;
        Ok(text)
    }
}

impl RouteTable {
    /// Reads a table from JSON. Use a [`PolicyLoader`] if the file refers to conditions by name.
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
    /// A [`LoadError`] if the text is not strict JSON, or not a table of routes.
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
            Guard::Condition(condition) => vec![condition],
            Guard::Policy(policy) => policy.rules().iter().map(Rule::condition).collect(),
        });
        PolicyLoader::from_conditions(conditions)?.routes(text.as_bytes())?;
        Ok(text)
    }
}

impl PolicyHandle<Policy> {
    /// Reads a version from JSON, and makes it the current one.
    ///
    /// ```
    /// use bearergate::Policy;
    /// use bearergate::policy::{PolicyHandle, PolicyLoader};
    ///
    /// let text = r#"{"rules": [{"name": "read", "effect": "permit", "if": {"scope": "read"}}]}"#;
    /// let handle = PolicyHandle::new(Policy::from_json(text.as_bytes())?);
    /// handle.load(&PolicyLoader::new(), text.replace("read", "see").as_bytes())?;
    /// assert_eq!(handle.current().rules()[0].name(), "see");
    ///
    /// let error = handle.load(&PolicyLoader::new(), b"{}").unwrap_err();
    /// assert!(error.to_string().ends_with("; the current version stays in use"));
    /// assert_eq!(handle.current().rules()[0].name(), "see");
    /// # Ok::<(), bearergate::policy::LoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A [`LoadError`] if the file does not load; the current version then stays in use.
    pub fn load(&self, loader: &PolicyLoader, text: &[u8]) -> Result<(), LoadError> {
        self.swap(loader.policy(text).map_err(LoadError::keeping_current)?);
        Ok(())
    }
}

impl PolicyHandle<RouteTable> {
    /// Reads a version from JSON, and makes it the current one.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] if the file does not load; the current version then stays in use.
    pub fn load(&self, loader: &PolicyLoader, text: &[u8]) -> Result<(), LoadError> {
        self.swap(loader.routes(text).map_err(LoadError::keeping_current)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;
    use crate::policy::{AccessRequest, action};
    use crate::principal::{Principal, PrincipalKind};

    fn policy(name: &str) -> Policy {
        let rule = Rule::permit(name, action(name));
        Policy::builder().rule(rule).build().unwrap()
    }

    #[test]
    fn a_version_that_does_not_load_leaves_the_current_one_in_use() {
        let handle = PolicyHandle::new(policy("old"));
        let alice = Principal::builder(PrincipalKind::Other, "https://idp.example.com").build();
        let request = AccessRequest::new(&alice, UnixTime::from_secs(0));
        let allows = |action| handle.decide(&request.with_action(action)).is_allowed();
        let text = policy("new").to_json().unwrap();
        let broken = text.replace("permit", "allow");
        let loader = PolicyLoader::new();
        assert!(handle.load(&loader, broken.as_bytes()).is_err());
        assert!(allows("old") && !allows("new"));
        handle.load(&loader, text.as_bytes()).unwrap();
        assert!(allows("new") && !allows("old"));
        assert_eq!(handle.swap(policy("third")).rules()[0].name(), "new");
    }
}
