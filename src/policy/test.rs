//! What one condition asks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http::Method;

use super::calendar::Hours;
use super::calendar::Weekdays;
use super::check::Check;
use super::network::Networks;
use super::request::AccessRequest;
use super::resource::Owner;
use super::verdict::Verdict;
use crate::clock::Leeway;
use crate::clock::UnixTime;
use crate::json::Value;
use crate::principal::Authority;
use crate::principal::ClaimValue;
use crate::principal::PrincipalKind;

/// What one condition asks.
pub(super) enum Test {
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
    Owner(Owner),
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
pub(super) type Custom = dyn Fn(&AccessRequest<'_>) -> Verdict + Send + Sync;

/// Names of members, from the claims inwards.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Path {
    pub(super) claim: Arc<str>,
    pub(super) members: Vec<Arc<str>>,
}

impl Test {
    pub(super) fn ask(&self, request: &AccessRequest<'_>) -> Verdict {
        match self {
            Self::Absent(path) => path.absent(request),
            Self::Action(name) => request.action().map(|own| own == &**name).into(),
            Self::Address(networks) => request.address().map(|own| networks.contain(own)).into(),
            Self::Attribute(name, wanted) => match request.attribute(name) {
                Some(own) => own.is(wanted),
                None => Verdict::Unknown,
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

    fn ask_caller(&self, request: &AccessRequest<'_>) -> Verdict {
        let caller = request.principal();
        match self {
            Self::Authority(name) => (caller.authority() == name).into(),
            Self::Client(name) => caller.client().map(|own| own == &**name).into(),
            Self::Kind(kind) => (caller.kind() == *kind).into(),
            Self::Scope(name) => caller.scopes().map(|own| own.contains(name)).into(),
            Self::SenderConstrained => caller.is_confirmed().then_some(true).into(),
            Self::TokenAge(most) => match caller.issued_at() {
                Some(time) => is_young(time, *most, request.now()),
                None => Verdict::Unknown,
            },
            _ => self.ask_value(
                self.path().and_then(|path| path.find(request)),
                request.now(),
            ),
        }
    }

    /// Says what this says of a request whose claim at [`path`](Self::path) is this one.
    pub(super) fn ask_value(&self, claim: Option<Value<'_>>, now: UnixTime) -> Verdict {
        match (self, claim) {
            (Self::Claim(_, check), Some(claim)) => check.ask(claim, now),
            (Self::Absent(path), _) if path.members.is_empty() => claim.is_none().into(),
            _ => Verdict::Unknown,
        }
    }

    /// Returns the path of the claim that this asks about.
    pub(super) const fn path(&self) -> Option<&Path> {
        match self {
            Self::Absent(path) | Self::Claim(path, _) => Some(path),
            _ => None,
        }
    }
}

impl Path {
    pub(super) fn top(claim: impl Into<Arc<str>>) -> Self {
        Self {
            claim: claim.into(),
            members: Vec::new(),
        }
    }

    /// Returns the value at this path.
    pub(super) fn find<'a>(&self, request: &AccessRequest<'a>) -> Option<Value<'a>> {
        let top = request.principal().claims().value(&self.claim)?;
        self.members.iter().try_fold(top, member)
    }

    fn absent(&self, request: &AccessRequest<'_>) -> Verdict {
        let mut value = request.principal().claims().value(&self.claim);
        for name in &self.members {
            match value {
                None => return Verdict::True,
                Some(outer) if outer.members().is_none() => return Verdict::Unknown,
                Some(outer) => value = member(outer, name),
            }
        }
        value.is_none().into()
    }
}

fn member<'a>(outer: Value<'a>, name: &Arc<str>) -> Option<Value<'a>> {
    let mut members = outer.members()?;
    members
        .find(|(own, _)| own.is(name))
        .map(|(_, value)| value)
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.claim)?;
        self.members
            .iter()
            .try_for_each(|name| write!(f, ".{name}"))
    }
}

/// Says whether what happened at `time` is at most so old; a time in the future tells nothing.
pub(super) fn is_young(time: UnixTime, most: Duration, now: UnixTime) -> Verdict {
    if time.is_in_future(now, Leeway::default()) {
        return Verdict::Unknown;
    }
    let age = now.as_secs().saturating_sub(time.as_secs());
    (age <= most.as_secs()).into()
}

fn header(request: &AccessRequest<'_>, name: &HeaderName, wanted: &str) -> Verdict {
    let Some(headers) = request.headers() else {
        return Verdict::Unknown;
    };
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => (value.as_bytes() == wanted.as_bytes()).into(),
        _ => Verdict::Unknown,
    }
}
