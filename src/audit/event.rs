//! What is recorded about a request.

use std::time::Duration;

use super::record::What;
use crate::address::Origin;
use crate::error::RejectionKind;
use crate::policy::{AuditLevel, Decision};
use crate::principal::Principal;

/// What [`Audit::record`](super::Audit::record) writes into the audit trail: borrowed facts of one
/// request.
///
/// It has no place for a header map, a query, the value of a claim, a token or a secret. Method,
/// path, route, action, resource and user agent are texts of the client: they are cut to a fixed
/// length, and every encoding escapes them.
///
/// ```
/// use bearergate::RejectionKind;
/// use bearergate::audit::{AuditEvent, What};
///
/// let refused = AuditEvent::new(What::Decision, 1_760_000_000_000)
///     .with_method("GET")
///     .with_path("/orders/7")
///     .with_kind(RejectionKind::TokenExpired)
///     .with_status(401);
/// # let _ = refused;
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "an event is in the trail only after `Audit::record`"]
pub struct AuditEvent<'a> {
    pub(super) what: What,
    pub(super) millis: u64,
    pub(super) id: Option<u128>,
    pub(super) principal: Option<&'a Principal>,
    pub(super) client: Option<&'a Principal>,
    pub(super) claimed: Option<[u8; 8]>,
    pub(super) origin: Option<Origin>,
    pub(super) port: Option<u16>,
    pub(super) decision: Option<&'a Decision>,
    pub(super) kind: Option<RejectionKind>,
    pub(super) status: Option<u16>,
    pub(super) method: Option<&'a str>,
    pub(super) path: Option<&'a str>,
    pub(super) route: Option<&'a str>,
    pub(super) action: Option<&'a str>,
    pub(super) resource: Option<&'a str>,
    pub(super) user_agent: Option<&'a [u8]>,
    pub(super) latency: Option<Duration>,
    pub(super) level: Option<AuditLevel>,
    pub(super) policy_version: Option<&'a str>,
    pub(super) limits: &'a [(&'a str, &'a str)],
    pub(super) trace: Option<&'a str>,
    pub(super) matter: Option<(&'a str, &'a str)>,
    pub(super) lock: Option<(u32, u64)>,
}

impl<'a> AuditEvent<'a> {
    /// Starts an event of this kind, at this time in milliseconds since the Unix epoch. Without a
    /// [kind](Self::with_kind) or a [decision](Self::with_decision) that denies, it is an allow.
    pub const fn new(what: What, millis: u64) -> Self {
        Self {
            what,
            millis,
            id: None,
            principal: None,
            client: None,
            claimed: None,
            origin: None,
            port: None,
            decision: None,
            kind: None,
            status: None,
            method: None,
            path: None,
            route: None,
            action: None,
            resource: None,
            user_agent: None,
            latency: None,
            level: None,
            policy_version: None,
            limits: &[],
            trace: None,
            matter: None,
            lock: None,
        }
    }

    /// Sets the id of an earlier record that this one belongs to
    /// ([`Recorded::id`](super::Recorded::id)); by default the record gets an id of its own.
    pub const fn with_id(mut self, id: u128) -> Self {
        self.id = Some(id);
        self
    }

    /// Sets the verified caller. Without it the record is that of an unauthenticated request.
    pub const fn with_principal(mut self, principal: &'a Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Sets the verified client, where it has a credential of its own.
    pub const fn with_client(mut self, client: &'a Principal) -> Self {
        self.client = Some(client);
        self
    }

    /// Sets the keyed hash of an identity that was claimed and not verified.
    pub const fn with_claimed(mut self, hash: [u8; 8]) -> Self {
        self.claimed = Some(hash);
        self
    }

    /// Sets where the request is from. By default it is unknown.
    pub const fn with_origin(mut self, origin: &Origin) -> Self {
        self.origin = Some(*origin);
        self
    }

    /// Sets the port of the client.
    pub const fn with_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Sets the decision of the authorizer: its kind, its reasons, and the level of detail that the
    /// rule asks for.
    pub const fn with_decision(mut self, decision: &'a Decision) -> Self {
        self.decision = Some(decision);
        self
    }

    /// Sets why the request was refused; it has precedence over the kind of the decision.
    pub const fn with_kind(mut self, kind: RejectionKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Sets the status of the response.
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets the method of the request.
    pub const fn with_method(mut self, method: &'a str) -> Self {
        self.method = Some(method);
        self
    }

    /// Sets the path of the request, as it was sent. A query is cut off.
    pub const fn with_path(mut self, path: &'a str) -> Self {
        self.path = Some(path);
        self
    }

    /// Sets the route that the path matched, such as `/orders/{id}`.
    pub const fn with_route(mut self, route: &'a str) -> Self {
        self.route = Some(route);
        self
    }

    /// Sets the action that was decided about.
    pub const fn with_action(mut self, action: &'a str) -> Self {
        self.action = Some(action);
        self
    }

    /// Sets the resource that was decided about.
    pub const fn with_resource(mut self, resource: &'a str) -> Self {
        self.resource = Some(resource);
        self
    }

    /// Sets the value of `User-Agent`. It is recorded only if it is UTF-8.
    pub const fn with_user_agent(mut self, value: &'a [u8]) -> Self {
        self.user_agent = Some(value);
        self
    }

    /// Sets the time since the request was received.
    pub const fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = Some(latency);
        self
    }

    /// Sets the level of detail. By default it is that of the rule that decided, or
    /// [`Normal`](AuditLevel::Normal).
    pub const fn with_level(mut self, level: AuditLevel) -> Self {
        self.level = Some(level);
        self
    }

    /// Sets the version of the policy.
    pub const fn with_policy_version(mut self, version: &'a str) -> Self {
        self.policy_version = Some(version);
        self
    }

    /// Sets the names of the limits that were asked, each with its result: `pass`, `near`, `over` or
    /// `shadow`.
    pub const fn with_limits(mut self, limits: &'a [(&'a str, &'a str)]) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the trace of the decision, which is recorded at the level [`Full`](AuditLevel::Full).
    pub const fn with_trace(mut self, trace: &'a str) -> Self {
        self.trace = Some(trace);
        self
    }

    /// Sets what a record of [`What::Lifecycle`] or [`What::Signal`] is about: a stable code such as
    /// `api_key_created`, and what it happened to.
    pub const fn with_matter(mut self, code: &'a str, of: &'a str) -> Self {
        self.matter = Some((code, of));
        self
    }

    /// Sets the strikes of a lock, and its length in seconds.
    pub const fn with_lock(mut self, strikes: u32, secs: u64) -> Self {
        self.lock = Some((strikes, secs));
        self
    }

    /// Returns why the request was refused, or `None` if it was allowed.
    pub(super) fn refusal(&self) -> Option<RejectionKind> {
        self.kind.or_else(|| self.decision.and_then(Decision::kind))
    }

    /// Returns the level of detail.
    pub(super) fn detail(&self) -> AuditLevel {
        let of_rule = || self.decision?.obligations()?.audit();
        self.level.or_else(of_rule).unwrap_or(AuditLevel::Normal)
    }
}

/// What is recorded of the path of a request.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Paths {
    /// The path as it was sent, without its query, up to 1 024 bytes; the default.
    #[default]
    Path,
    /// Only the route that the path matched: for paths that have personal data.
    Route,
    /// Neither the path nor the route.
    None,
}
