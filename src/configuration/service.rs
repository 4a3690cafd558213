//! Building of a service from its configuration.

use super::api_key_section::{ConfiguredApiKeys, api_keys};
use super::document::Configuration;
use super::error::{ConfigErrors, FIELD};
use super::files::Folder;
use super::introspection_endpoint::introspection;
use super::issuers::issuer;
use super::network::Context;
use super::places::{OwnPlaces, sources};
use super::policy_section::{Decider, policy};
use super::problems::Problems;
use super::providers::{ConfiguredProvider, provider};
use super::reader::{Node, Section};
use super::record_stores::RecordStores;
use super::response_section::response;
use super::session_section::{ConfiguredSessions, sessions};
use crate::api_key::ApiKeyManager;
use crate::credential::Sources;
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::gate::{Gate, GateBuilder};
use crate::introspection::IntrospectionValidator;
use crate::jwt::JwtValidator;
use crate::jwt::providers::AwsAlbValidator;
use crate::revocation::Denylist;
use crate::session::{SessionCookie, SessionManager};

/// What a configuration builds: the gate, and the managers of what it accepts.
///
/// Managers and gate share their stores, so a key or a session that was created is accepted by the
/// next request. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConfiguredService {
    gate: Gate,
    api_keys: Option<ApiKeyManager>,
    sessions: Option<(SessionManager, SessionCookie)>,
    denylist: Option<Denylist>,
}

impl ConfiguredService {
    /// Returns the gate: call [`Gate::check`] for each request.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Returns the manager of API keys, if there is the section `api_keys`.
    pub fn api_keys(&self) -> Option<&ApiKeyManager> {
        self.api_keys.as_ref()
    }

    /// Returns the manager of sessions, if there is the section `sessions`.
    pub fn sessions(&self) -> Option<&SessionManager> {
        self.sessions.as_ref().map(|(manager, _)| manager)
    }

    /// Returns the cookie of sessions, with which a login sets their id.
    pub fn session_cookie(&self) -> Option<&SessionCookie> {
        self.sessions.as_ref().map(|(_, cookie)| cookie)
    }

    /// Returns the list of what is revoked, if there is the section `revocations`. The gate asks it
    /// on every request.
    pub fn denylist(&self) -> Option<&Denylist> {
        self.denylist.as_ref()
    }
}

impl Configuration {
    /// Builds the service. It reads the secrets and files that the configuration refers to, opens
    /// its stores, and sends nothing: keys are fetched by the first request that needs them, or by
    /// [`Gate::warm_up`].
    ///
    /// The environment has the clock and the observer, and the HTTP client and the spawner of
    /// sections that fetch; without these it takes those of the features `reqwest` and `tokio`.
    ///
    /// # Errors
    ///
    /// All errors of the configuration, each with its path; see [`ConfigErrors`]. A policy has at
    /// most one, because its loader ends at the first.
    pub fn build(&self, environment: &Environment) -> Result<ConfiguredService, ConfigErrors> {
        self.assemble(environment, None)
    }

    /// Builds the service like [`build`](Self::build), and changes its gate: with a validator, an
    /// authorizer or a revocation list of the service's own. What the change adds need not be in the
    /// file.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build). Errors of the gate as a whole have the path of a section, or
    /// none.
    pub fn build_with(
        &self,
        environment: &Environment,
        change: impl FnOnce(GateBuilder) -> GateBuilder,
    ) -> Result<ConfiguredService, ConfigErrors> {
        self.assemble(environment, Some(Box::new(change)))
    }

    fn assemble(
        &self,
        environment: &Environment,
        change: Option<ChangeGate<'_>>,
    ) -> Result<ConfiguredService, ConfigErrors> {
        let problems = Problems::new();
        let service = self.read(environment, change, &problems);
        match service {
            Some(service) if problems.is_empty() => Ok(service),
            _ => Err(problems.into_errors()),
        }
    }

    fn read(
        &self,
        environment: &Environment,
        change: Option<ChangeGate<'_>>,
        problems: &Problems,
    ) -> Option<ConfiguredService> {
        let context = Context::new(environment, Folder(self.folder.as_deref()));
        let mut root = Node::root(&self.tree, problems).section()?;
        // Editors find the schema by it.
        root.text("$schema");
        let parts = Parts::read(&mut root, &context);
        if change.is_none() && !root.has_any(&parts.names) {
            let remedy = "write for example `issuers` or `api_keys`";
            root.missing("a section with credentials to accept", remedy);
        }
        let own = OwnPlaces::new(
            parts.api_keys.as_ref(),
            root.has_any(&["sessions"])
                .then_some(parts.sessions.as_ref()),
            !parts.load_balancers.is_empty(),
        );
        let are_validators_right = problems.is_empty();
        let sources = sources(root.take("sources"), &root, &own);
        let is_whole = are_validators_right && sources.is_some() && problems.is_empty();
        let authorizing = Authorizing::read(&mut root, &context, self, change.is_some());
        let response = root.take("response").and_then(|node| response(&node));
        let denylist = root
            .take("revocations")
            .and_then(|node| denylist(&node, environment));
        let is_equal = root.flag("all_authorities_equal");
        let is_probe = !problems.is_empty();
        let sources = sources.filter(|_| is_whole && (change.is_none() || !is_probe));
        let service = sources.and_then(|sources| {
            let mut gate = Gate::builder().env(environment).sources(sources.clone());
            if let Some(response) = response {
                gate = gate.challenge(response);
            }
            if let Some(list) = &denylist {
                gate = gate.revocations(list.clone());
            }
            if is_equal {
                gate = gate.all_authorities_equal();
            }
            let gate = authorizing.of(gate, is_probe);
            parts.build(gate, change, (&sources, environment), &root, denylist)
        });
        root.finish();
        service
    }
}

fn elements(node: Option<Node<'_>>) -> Vec<Node<'_>> {
    node.and_then(|node| node.list()).unwrap_or_default()
}

type ChangeGate<'b> = Box<dyn FnOnce(GateBuilder) -> GateBuilder + 'b>;

/// What decides, as far as the file says.
enum Authorizing {
    Decider(Decider),
    AnyAuthenticated,
    /// By the change of the service, or refused already.
    Elsewhere,
}

impl Authorizing {
    fn read(
        root: &mut Section<'_>,
        context: &Context<'_>,
        configuration: &Configuration,
        is_changed: bool,
    ) -> Self {
        let node = root.take("policy");
        let is_open = root.flag("allow_any_authenticated");
        let decider = node
            .as_ref()
            .map(|node| policy(node, context, &configuration.policies));
        match decider {
            Some(_) if is_open => {
                let detail = "expected one of `policy` and `allow_any_authenticated`, found both; \
                              remove one of them";
                root.node().report(ConfigError::conflict(FIELD, detail));
                Self::Elsewhere
            }
            Some(Some(decider)) => Self::Decider(decider),
            Some(None) => Self::Elsewhere,
            None if is_open => Self::AnyAuthenticated,
            None if is_changed || root.take("allow_any_authenticated").is_some_and(is_no_flag) => {
                Self::Elsewhere
            }
            None => {
                let remedy = "write a policy, or `\"allow_any_authenticated\": true` if every \
                              caller with a valid credential may do everything";
                root.missing("`policy` or `allow_any_authenticated`", remedy);
                Self::Elsewhere
            }
        }
    }

    /// Adds the authorizer. A gate that is built only to find its errors needs some.
    fn of(self, gate: GateBuilder, is_probe: bool) -> GateBuilder {
        match self {
            Self::Decider(decider) => decider.of(gate),
            Self::AnyAuthenticated => gate.allow_any_authenticated(),
            Self::Elsewhere if is_probe => gate.allow_any_authenticated(),
            Self::Elsewhere => gate,
        }
    }
}

/// A flag of another type is reported already.
fn is_no_flag(node: Node<'_>) -> bool {
    !matches!(node.tree(), super::tree::Tree::Bool(_))
}

fn denylist(node: &Node<'_>, environment: &Environment) -> Option<Denylist> {
    let mut section = node.section()?;
    let limit = section.require("limit", "write how many revocations it may hold");
    let list = limit.and_then(|node| node.ok(Denylist::new(node.number()?)));
    section.finish();
    list.map(|list| list.env(environment))
}

/// The validators of the sections, and what goes with them.
struct Parts {
    /// The sections.
    names: [&'static str; 5],
    tokens: Vec<JwtValidator>,
    load_balancers: Vec<AwsAlbValidator>,
    introspection: Option<IntrospectionValidator>,
    api_keys: Option<ConfiguredApiKeys>,
    sessions: Option<ConfiguredSessions>,
}

impl Parts {
    fn read(root: &mut Section<'_>, context: &Context<'_>) -> Self {
        let names = [
            "issuers",
            "providers",
            "introspection",
            "api_keys",
            "sessions",
        ];
        let mut tokens: Vec<_> = elements(root.take("issuers"))
            .iter()
            .filter_map(|node| issuer(node, context))
            .collect();
        let mut load_balancers = Vec::new();
        for node in elements(root.take("providers")) {
            match provider(&node, context) {
                Some(ConfiguredProvider::Jwt(validator)) => tokens.push(*validator),
                Some(ConfiguredProvider::LoadBalancer(validator)) => {
                    load_balancers.push(*validator)
                }
                None => {}
            }
        }
        let stores = RecordStores::new(context.folder);
        Self {
            names,
            tokens,
            load_balancers,
            introspection: root
                .take("introspection")
                .and_then(|node| introspection(&node, context)),
            api_keys: root
                .take("api_keys")
                .and_then(|node| api_keys(&node, context, &stores)),
            sessions: root
                .take("sessions")
                .and_then(|node| sessions(&node, context, &stores)),
        }
    }

    fn build(
        self,
        mut gate: GateBuilder,
        change: Option<ChangeGate<'_>>,
        (sources, environment): (&Sources, &Environment),
        root: &Section<'_>,
        denylist: Option<Denylist>,
    ) -> Option<ConfiguredService> {
        if !self.tokens.is_empty() {
            gate = gate.validator(root.ok(JwtValidator::join(self.tokens))?);
        }
        gate = self
            .load_balancers
            .into_iter()
            .fold(gate, GateBuilder::validator);
        if let Some(validator) = self.introspection {
            gate = gate.validator(validator);
        }
        let mut manager = None;
        if let Some(keys) = self.api_keys {
            manager = Some(root.ok(keys.manager(sources, environment))?);
            gate = gate.validator(keys.validator);
        }
        if let Some(sessions) = &self.sessions {
            gate = gate.validator(sessions.manager.validator(&sessions.cookie));
        }
        if let Some(change) = change {
            gate = change(gate);
        }
        let gate = gate.build().map_err(|error| root.report_gate(error)).ok()?;
        Some(ConfiguredService {
            gate,
            api_keys: manager,
            sessions: self.sessions.map(|own| (own.manager, own.cookie)),
            denylist,
        })
    }
}
