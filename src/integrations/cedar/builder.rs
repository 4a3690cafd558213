//! Configuration of the authorizer for Cedar policies.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use cedar_policy::{
    Effect, Entities, EntityTypeName, PolicyId, PolicySet, Schema, ValidationMode, Validator,
};

use super::authorizer::{CedarAuthorizer, CedarPolicies, EntityTypes, PolicyLabel};
use super::bounds::is_bounded;
use super::reads::PolicyReads;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::json::Value;
use crate::limits;

impl CedarAuthorizer {
    /// Returns a builder for these policies, in Cedar's syntax. They are checked by
    /// [`build`](CedarAuthorizerBuilder::build).
    pub fn builder(policies: impl Into<String>) -> CedarAuthorizerBuilder {
        CedarAuthorizerBuilder::new(policies.into())
    }
}

/// A builder for [`CedarAuthorizer`].
///
/// [`CedarAuthorizer::builder`] makes it. By default it has no schema, no entities and no
/// namespace, policies can read no claims, and a request without a resource is denied.
#[derive(Clone)]
#[must_use]
pub struct CedarAuthorizerBuilder {
    policies: String,
    schema: Option<String>,
    entities: Option<String>,
    namespace: Option<String>,
    claims: Vec<Arc<str>>,
    default_resource: Option<Arc<str>>,
}

impl CedarAuthorizerBuilder {
    const fn new(policies: String) -> Self {
        Self {
            policies,
            schema: None,
            entities: None,
            namespace: None,
            claims: Vec::new(),
            default_resource: None,
        }
    }

    /// Sets a schema in Cedar's syntax. The policies must pass its strict validation, and a request
    /// that does not fit it is denied.
    ///
    /// ```
    /// use bearergate::integrations::cedar::CedarAuthorizer;
    ///
    /// let caller = "authority: String, kind: String, subject?: String, client?: String,
    ///     scopes?: Set<String>, issued_at?: Long, expires_at?: Long,
    ///     sender_constrained?: Bool, claims: { tenant?: String }";
    /// let schema = format!(
    ///     r#"entity User = {{ {caller} }};
    ///     entity Client = {{ {caller} }};
    ///     entity Resource = {{ owner?: User }};
    ///     action read appliesTo {{ principal: [User, Client], resource: Resource, context: {{
    ///         now: Long, params: {{}}, method?: String, address?: ipaddr, tls?: Bool
    ///     }} }};"#
    /// );
    /// let policies = r#"permit (principal is User, action == Action::"read", resource)
    ///     when { resource has owner && resource.owner == principal };"#;
    /// assert!(CedarAuthorizer::builder(policies).schema(&schema).build().is_ok());
    /// let typo = policies.replace("resource.owner", "resource.owned");
    /// assert!(CedarAuthorizer::builder(typo).schema(&schema).build().is_err());
    /// ```
    pub fn schema(mut self, text: impl Into<String>) -> Self {
        self.schema = Some(text.into());
        self
    }

    /// Sets entities in Cedar's JSON form, for example the groups of users and resources.
    ///
    /// For the caller and the resource of a request only the parents are used; the attributes are
    /// those of the request. The more entities there are, the longer a decision takes.
    pub fn entities(mut self, json: impl Into<String>) -> Self {
        self.entities = Some(json.into());
        self
    }

    /// Sets the namespace of `User`, `Client`, `Resource` and `Action`; by default there is none.
    ///
    /// With `Shop`, policies name a user as `Shop::User`. A text that is not names joined by `::`
    /// is an error of [`build`](Self::build).
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.namespace = Some(name.into());
        self
    }

    /// Adds the names of claims that policies may read; by default there are none.
    ///
    /// A claim that is there and that Cedar has no value for is not the same as an absent one, which
    /// a `forbid` that asks with `has` would let pass: a request with it is denied, as
    /// [`Unknown`](crate::policy::ReasonCode::Unknown). That is `null`, a fraction, an exponent, a
    /// number beyond 64 bits, a value nested deeper than 4 levels, and an array or object with one of
    /// them at any depth. Name only claims that policies read, so that others deny nothing.
    pub fn claims<S: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        for name in names.into_iter().map(Into::into) {
            if !self.claims.contains(&name) {
                self.claims.push(name);
            }
        }
        self
    }

    /// Sets the resource for requests that name none, such as those of
    /// [`Gate::check`](crate::Gate::check). Without it such requests are denied.
    pub fn default_resource(mut self, name: impl Into<Arc<str>>) -> Self {
        self.default_resource = Some(name.into());
        self
    }

    /// Parses and checks policies, schema and entities, and builds the authorizer.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for a text that does not parse, for
    /// policies or entities that the schema does not allow, and for a policy template;
    /// [`Empty`](ConfigErrorKind::Empty) if no policy permits anything, or for an empty `@id`;
    /// [`Conflict`](ConfigErrorKind::Conflict) for two policies with the same `@id`;
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) above 1 MiB, 1024 links,
    /// [`limits::JSON_DEPTH`](crate::limits::JSON_DEPTH) or
    /// [`limits::POLICY_RULES`](crate::limits::POLICY_RULES).
    pub fn build(self) -> Result<CedarAuthorizer, ConfigError> {
        let policies = read_policies(&self.policies)?;
        let labels = labels(&policies)?;
        let mut schema = None;
        if let Some(text) = &self.schema {
            bounded(SCHEMA, "bytes", text.len(), limits::CEDAR_BYTES)?;
            nested(SCHEMA, text, ["([{<", ")]}>"])?;
            let (read, _) = Schema::from_cedarschema_str(text)
                .map_err(|error| invalid(SCHEMA, "write a schema in Cedar's syntax", error))?;
            validate(&policies, &read)?;
            schema = Some(read);
        }
        let entities = read_entities(self.entities.as_deref(), schema.as_ref())?;
        Ok(CedarAuthorizer(Arc::new(CedarPolicies {
            reads: PolicyReads::new(&self.policies, &self.claims),
            policies,
            labels,
            schema,
            entities,
            types: types(self.namespace.as_deref())?,
            claims: self.claims,
            default_resource: self.default_resource,
        })))
    }
}

impl fmt::Debug for CedarAuthorizerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CedarAuthorizerBuilder")
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

fn read_policies(text: &str) -> Result<PolicySet, ConfigError> {
    bounded(POLICIES, "bytes", text.len(), limits::CEDAR_BYTES)?;
    nested(POLICIES, text, ["([{", ")]}"])?;
    let policies: PolicySet = text
        .parse()
        .map_err(|error| invalid(POLICIES, "write Cedar policies", error))?;
    if policies.num_of_templates() > 0 {
        let detail = "found a template, which is not supported; write policies without slots";
        return Err(ConfigError::malformed(POLICIES, detail));
    }
    let count = policies.num_of_policies();
    bounded(POLICIES, "policies", count, limits::POLICY_RULES)?;
    if policies
        .policies()
        .all(|own| own.effect() == Effect::Forbid)
    {
        let detail = "no policy permits anything; write at least one that does";
        return Err(ConfigError::missing(POLICIES, detail));
    }
    Ok(policies)
}

fn labels(policies: &PolicySet) -> Result<HashMap<PolicyId, PolicyLabel>, ConfigError> {
    let mut names = HashSet::new();
    let mut labels = HashMap::new();
    for policy in policies.policies() {
        let name: Arc<str> = match policy.annotation("id") {
            Some("") => {
                let detail = "an `@id` is empty; write a name";
                return Err(ConfigError::missing(POLICIES, detail));
            }
            Some(name) => name.into(),
            None => policy.id().to_string().into(),
        };
        if !names.insert(Arc::clone(&name)) {
            let detail = format!("two policies are named `{name}`; use each name once");
            return Err(ConfigError::conflict(POLICIES, detail));
        }
        let effect = policy.effect();
        labels.insert(policy.id().clone(), PolicyLabel { name, effect });
    }
    Ok(labels)
}

fn validate(policies: &PolicySet, schema: &Schema) -> Result<(), ConfigError> {
    let result = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
    if result.validation_passed() {
        return Ok(());
    }
    let remedy = "write policies that the schema allows";
    Err(invalid(POLICIES, remedy, result))
}

fn read_entities(json: Option<&str>, schema: Option<&Schema>) -> Result<Entities, ConfigError> {
    let read = match json {
        Some(json) => {
            bounded(ENTITIES, "bytes", json.len(), limits::CEDAR_BYTES)?;
            Value::parse(json.as_bytes())
                .map_err(|error| invalid(ENTITIES, "write strict JSON", error))?;
            Entities::from_json_str(json, schema)
        }
        None => Entities::from_entities([], schema),
    };
    read.map_err(|error| invalid(ENTITIES, "write entities in Cedar's JSON form", error))
}

fn types(namespace: Option<&str>) -> Result<EntityTypes, ConfigError> {
    let named = |name: &str| -> Result<EntityTypeName, ConfigError> {
        let full = match namespace {
            Some(space) => format!("{space}::{name}"),
            None => name.to_owned(),
        };
        full.parse()
            .map_err(|error| invalid("namespace", "write names joined by `::`", error))
    };
    Ok(EntityTypes {
        action: named("Action")?,
        client: named("Client")?,
        resource: named("Resource")?,
        user: named("User")?,
    })
}

const ENTITIES: &str = "entities";
const POLICIES: &str = "policies";
const SCHEMA: &str = "schema";

fn bounded(field: &'static str, unit: &str, given: usize, most: usize) -> Result<(), ConfigError> {
    if given <= most {
        return Ok(());
    }
    Err(ConfigError::size_out_of_range(field, given, unit, ..=most))
}

fn nested(field: &'static str, text: &str, brackets: [&str; 2]) -> Result<(), ConfigError> {
    if is_bounded(text, brackets) {
        return Ok(());
    }
    let detail = format!(
        "the text nests deeper than {}, or one policy chains more than {}; write several policies",
        limits::JSON_DEPTH,
        limits::CEDAR_LINKS
    );
    Err(ConfigError::new(ConfigErrorKind::OutOfRange, field, detail))
}

fn invalid(
    field: &'static str,
    remedy: &str,
    error: impl Error + Send + Sync + 'static,
) -> ConfigError {
    ConfigError::malformed(field, format!("{error}; {remedy}")).with_source(error)
}
