//! What one condition asks.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http::Method;

use crate::clock::UnixTime;
use crate::json::Value;
use crate::limits;
use crate::policy::engine::calendar::Hours;
use crate::policy::engine::calendar::Weekdays;
use crate::policy::engine::claim_path::Path;
use crate::policy::engine::claim_predicate::Check;
use crate::policy::engine::claim_predicate::is_young;
use crate::policy::engine::network::Networks;
use crate::policy::engine::owner::Source;
use crate::policy::request::AccessRequest;
use crate::policy::truth::Truth;
use crate::principal::Authority;
use crate::principal::ClaimValue;
use crate::principal::PrincipalKind;

/// What one condition asks.
pub(in crate::policy) enum Test {
    /// There is no claim at this path.
    Absent(Path),
    /// The action has this name.
    Action(Arc<str>),
    /// The address that the request comes from lies in one of these.
    Address(Networks),
    /// The attribute of the resource has this value.
    Attribute(Arc<str>, ClaimValue),
    /// This authority vouches for the caller.
    Authority(Authority),
    /// The claim at this path passes.
    Claim(Path, Check),
    /// The credential was issued to this client.
    Client(Arc<str>),
    /// A question of the user's own.
    Custom(Arc<Custom>),
    /// The request came over TLS.
    Encrypted,
    /// The only header of this name has this value.
    Header(HeaderName, Arc<str>),
    /// It is this time of day.
    Hours(Hours),
    /// The credential was of this kind.
    Kind(PrincipalKind),
    /// The request has this method.
    Method(Method),
    /// The resource belongs to the caller.
    Owner(Source),
    /// The parameter of the route has this value.
    Param(Arc<str>, Arc<str>),
    /// The matched route is this one.
    Route(Arc<str>),
    /// The caller has this scope.
    Scope(Arc<str>),
    /// The credential is bound to a key, and possession of it was proved.
    SenderConstrained,
    /// The credential is at most this old.
    TokenAge(Duration),
    /// It is one of these days.
    Weekdays(Weekdays),
}

/// A question of the user's own.
pub(in crate::policy) type Custom = dyn Fn(&AccessRequest<'_>) -> Truth + Send + Sync;

impl Test {
    pub(in crate::policy) fn ask(&self, request: &AccessRequest<'_>) -> Truth {
        match self {
            Self::Absent(path) => path.absent(request),
            Self::Action(name) => request.action().map(|own| own == &**name).into(),
            Self::Address(networks) => request.address().map(|own| networks.contain(own)).into(),
            Self::Attribute(name, wanted) => match request.attribute(name) {
                Some(own) => own.is(wanted),
                None => Truth::Unknown,
            },
            Self::Custom(ask) => ask(request),
            Self::Encrypted => request.is_encrypted().into(),
            Self::Header(name, wanted) => header(request, name, wanted),
            Self::Hours(hours) => hours.ask(request.now()),
            Self::Method(wanted) => request.facts().map(|f| f.method() == wanted).into(),
            Self::Owner(owner) => owner.ask(request),
            Self::Param(name, wanted) => request.param(name).map(|own| own == &**wanted).into(),
            Self::Route(name) => request.resource().map(|own| own == &**name).into(),
            Self::Weekdays(days) => days.ask(request.now()),
            _ => self.ask_caller(request),
        }
    }

    fn ask_caller(&self, request: &AccessRequest<'_>) -> Truth {
        let caller = request.principal();
        match self {
            Self::Authority(name) => (caller.authority() == name).into(),
            Self::Client(name) => caller.client().map(|own| own == &**name).into(),
            Self::Kind(kind) => (caller.kind() == *kind).into(),
            Self::Scope(name) => caller.scopes().map(|own| own.contains(name)).into(),
            Self::SenderConstrained => caller.is_confirmed().then_some(true).into(),
            Self::TokenAge(most) => match caller.issued_at() {
                Some(time) => is_young(time, *most, request.now()),
                None => Truth::Unknown,
            },
            _ => self.ask_value(
                self.path().and_then(|path| path.find(request)),
                request.now(),
            ),
        }
    }

    /// Says what this says of a request whose claim at [`path`](Self::path) is this one.
    pub(in crate::policy) fn ask_value(&self, claim: Option<Value<'_>>, now: UnixTime) -> Truth {
        match (self, claim) {
            (Self::Claim(_, check), Some(claim)) => check.ask(claim, now),
            (Self::Absent(path), _) if path.members.is_empty() => claim.is_none().into(),
            _ => Truth::Unknown,
        }
    }

    /// Returns the path of the claim that this asks about.
    pub(in crate::policy) const fn path(&self) -> Option<&Path> {
        match self {
            Self::Absent(path) | Self::Claim(path, _) => Some(path),
            _ => None,
        }
    }

    /// Returns how many comparisons this takes at most.
    pub(in crate::policy) fn cost(&self) -> usize {
        match self {
            Self::Address(networks) => networks.iter().len(),
            Self::Claim(_, Check::OneOf(values)) => values.len(),
            Self::Claim(_, Check::Level(levels)) => levels.order.len(),
            Self::Claim(_, Check::Matches(_)) => limits::MATCHED_BYTES,
            _ => 1,
        }
    }

    /// Returns the path of the claim that this asks about, if its value is all that it asks.
    pub(in crate::policy) const fn slot_path(&self) -> Option<&Path> {
        match self {
            Self::Absent(path) if !path.members.is_empty() => None,
            _ => self.path(),
        }
    }
}

fn header(request: &AccessRequest<'_>, name: &HeaderName, wanted: &str) -> Truth {
    let Some(headers) = request.headers() else {
        return Truth::Unknown;
    };
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => (value.as_bytes() == wanted.as_bytes()).into(),
        _ => Truth::Unknown,
    }
}
