//! Policies read from JSON, and written.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::json::Value;
use crate::policy::condition::condition::Condition;
use crate::policy::engine::notation::key;
use crate::policy::engine::predicate::Test;
use crate::policy::file::error::FIELD;
use crate::policy::file::error::LoadError;
use crate::policy::file::pointer::Spot;
use crate::policy::file::read::Reader;
use crate::policy::file::write;
use crate::policy::policy::Policy;
use crate::policy::reload::PolicyHandle;
use crate::policy::route::guarded_route::Guard;
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
                return Err(ConfigError::new(ConfigErrorKind::Conflict, FIELD, detail));
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
        let error =
            ConfigError::new(ConfigErrorKind::ValueMalformed, FIELD, detail).with_source(error);
        Spot::TOP.wrap(error)
    })
}

/// The JSON Schema of the files that are read, draft 2020-12; loading checks more than it says.
pub const POLICY_SCHEMA: &str = include_str!("../../../schema/policy.schema.json");

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

impl PolicyHandle<Policy> {
    /// Reads a version from JSON and puts it in force.
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
    /// assert!(error.to_string().ends_with("; the version in force stays"));
    /// assert_eq!(handle.current().rules()[0].name(), "see");
    /// # Ok::<(), bearergate::policy::LoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A [`LoadError`] for a text that does not load; the version in force stays.
    pub fn load(&self, loader: &PolicyLoader, text: &[u8]) -> Result<(), LoadError> {
        self.swap(loader.policy(text).map_err(LoadError::in_force)?);
        Ok(())
    }
}

impl PolicyHandle<RouteTable> {
    /// Reads a version from JSON and puts it in force.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] for a text that does not load; the version in force stays.
    pub fn load(&self, loader: &PolicyLoader, text: &[u8]) -> Result<(), LoadError> {
        self.swap(loader.routes(text).map_err(LoadError::in_force)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;
    use crate::policy::AccessRequest;
    use crate::policy::action;
    use crate::principal::Principal;
    use crate::principal::PrincipalKind;

    fn policy(name: &str) -> Policy {
        let rule = Rule::permit(name, action(name));
        Policy::builder().rule(rule).build().unwrap()
    }

    #[test]
    fn a_version_that_does_not_load_leaves_the_old_one_in_force() {
        let handle = PolicyHandle::new(policy("old"));
        let alice = Principal::builder(PrincipalKind::Other, "house").build();
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
