//! What a predicate expects and finds, without any string of the caller.

use std::fmt;

use crate::clock::UnixTime;
use crate::json::{Kind, Rounding, Value, seconds};
use crate::policy::attribute::Attribute;
use crate::policy::engine::calendar::time_of_day;
use crate::policy::engine::claim_predicate::ClaimPredicate;
use crate::policy::engine::detail::Detail;
use crate::policy::engine::owner::OwnerSource;
use crate::policy::engine::predicate::Predicate;
use crate::policy::request::AccessRequest;
use crate::principal::{ClaimValue, PrincipalKind};

/// What a predicate found: types and sizes, never a string.
///
/// No variant holds a string that is not `'static`, so that no value of the caller can be shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Found {
    /// A time this many seconds ago.
    Age(u64),
    /// A boolean.
    Bool(bool),
    /// A string of this many bytes.
    Bytes(usize),
    /// An id that could be one of several authorities.
    ContestedId,
    /// A credential of this kind.
    Credential(PrincipalKind),
    /// Something that a trace does not show.
    Hidden,
    /// A list of this many elements.
    List(usize),
    /// No value.
    Missing,
    /// `null`.
    Null,
    /// A number.
    Number,
    /// An object.
    Object,
    /// An id of another authority than the expected one.
    OtherAuthority,
    /// This many scopes, without the expected one.
    OtherScopes(usize),
    /// This many scopes, with the expected one.
    ScopeAmong(usize),
    /// An IPv4 address.
    V4,
    /// An IPv6 address.
    V6,
}

/// Returns what a predicate finds in a request.
pub(super) fn found(predicate: &Predicate, request: &AccessRequest<'_>) -> Found {
    let bytes = |text: Option<&str>| text.map_or(Found::Missing, |text| Found::Bytes(text.len()));
    let caller = request.principal();
    match predicate {
        Predicate::Absent(path) => claim(path.find(request)),
        Predicate::Action(_) => bytes(request.action()),
        Predicate::Address(_) => match request.address() {
            Some(address) if address.is_ipv4() => Found::V4,
            Some(_) => Found::V6,
            None => Found::Missing,
        },
        Predicate::Attribute(name, _) => attribute(request.attribute(name)),
        Predicate::Authority(_) => Found::Bytes(caller.authority().as_str().len()),
        Predicate::Claim(path, ClaimPredicate::Age(_)) => age(path.find(request), request.now()),
        Predicate::Claim(path, _) => claim(path.find(request)),
        Predicate::Client(_) => bytes(caller.client()),
        Predicate::Custom(_) | Predicate::Hours(_) | Predicate::Weekdays(_) => Found::Hidden,
        Predicate::Encrypted => request.is_encrypted().map_or(Found::Missing, Found::Bool),
        Predicate::Header(name, _) => {
            let count = request
                .headers()
                .map(|headers| headers.get_all(name).iter().count());
            match count {
                Some(0) | None => Found::Missing,
                Some(count) => Found::List(count),
            }
        }
        Predicate::Id(None, _) if request.has_contested_ids() => Found::ContestedId,
        Predicate::Id(Some(authority), _) if caller.authority() != authority => {
            Found::OtherAuthority
        }
        Predicate::Id(_, inner) => found(inner, request),
        Predicate::Kind(_) => Found::Credential(caller.kind()),
        Predicate::Method(_) => bytes(request.facts().map(|facts| facts.method().as_str())),
        Predicate::Owner(OwnerSource::Attribute(name)) => attribute(request.attribute(name)),
        Predicate::Owner(OwnerSource::Param(name, _)) | Predicate::Param(name, _) => {
            bytes(request.param(name))
        }
        Predicate::Route(_) => bytes(request.resource()),
        Predicate::Scope(name) => match caller.scopes() {
            Some(scopes) if scopes.contains(name) => Found::ScopeAmong(scopes.iter().count()),
            Some(scopes) => Found::OtherScopes(scopes.iter().count()),
            None => Found::Missing,
        },
        Predicate::SenderConstrained if caller.is_confirmed() => Found::Bool(true),
        Predicate::SenderConstrained => Found::Missing,
        Predicate::TokenAge(_) => caller.issued_at().map_or(Found::Missing, |time| {
            Found::Age(seconds_since(time, request.now()))
        }),
    }
}

const fn attribute(value: Option<Attribute<'_>>) -> Found {
    match value {
        Some(Attribute::Bool(value)) => Found::Bool(value),
        Some(Attribute::Integer(_)) => Found::Number,
        Some(Attribute::Subject(_, id)) => Found::Bytes(id.len()),
        Some(Attribute::Text(text)) => Found::Bytes(text.len()),
        None => Found::Missing,
    }
}

fn claim(value: Option<Value<'_>>) -> Found {
    let Some(value) = value else {
        return Found::Missing;
    };
    match value.kind() {
        Kind::Array => Found::List(value.elements().map_or(0, Iterator::count)),
        Kind::Bool => Found::Bool(value.as_bool() == Some(true)),
        Kind::Null => Found::Null,
        Kind::Number => Found::Number,
        Kind::Object => Found::Object,
        Kind::String => Found::Bytes(value.as_str().map_or(0, |text| text.len())),
    }
}

fn age(value: Option<Value<'_>>, now: UnixTime) -> Found {
    let time = value.filter(|value| value.kind() == Kind::Number);
    let time = time.and_then(|value| seconds(value.bytes(), Rounding::Down));
    match time {
        Some(time) => Found::Age(seconds_since(UnixTime::from_secs(time), now)),
        None => claim(value),
    }
}

const fn seconds_since(time: UnixTime, now: UnixTime) -> u64 {
    now.as_secs().saturating_sub(time.as_secs())
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age(secs) => write!(f, "{secs} s ago"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Bytes(len) => write!(f, "a string of {len} bytes"),
            Self::ContestedId => f.write_str(
                "an id that could be one of several authorities; name the authority with `of`",
            ),
            Self::Credential(kind) => f.write_str(kind.as_str()),
            Self::Hidden => f.write_str("a value that is not shown"),
            Self::List(len) => write!(f, "a list of {len}"),
            Self::Missing => f.write_str("no value"),
            Self::Null => f.write_str("null"),
            Self::Number => f.write_str("a number"),
            Self::Object => f.write_str("an object"),
            Self::OtherAuthority => f.write_str("an id of another authority"),
            Self::OtherScopes(1) => f.write_str("1 other"),
            Self::OtherScopes(count) => write!(f, "{count} others"),
            Self::ScopeAmong(count) => write!(f, "it among {count}"),
            Self::V4 => f.write_str("an IPv4 address"),
            Self::V6 => f.write_str("an IPv6 address"),
        }
    }
}

/// Returns what a predicate expects, from the configuration.
pub(super) fn expected(predicate: &Predicate) -> String {
    match predicate {
        Predicate::Absent(_) => "no value".to_owned(),
        Predicate::Action(text)
        | Predicate::Client(text)
        | Predicate::Param(_, text)
        | Predicate::Header(_, text)
        | Predicate::Route(text) => format!("`{text}`"),
        Predicate::Address(networks) => {
            let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
            format!("an address in {}", networks.join(", "))
        }
        Predicate::Attribute(_, value) => scalar(value),
        Predicate::Authority(name) => format!("`{name}`"),
        Predicate::Claim(_, predicate) => expected_claim(predicate),
        Predicate::Custom(_) | Predicate::Encrypted | Predicate::SenderConstrained => {
            "true".to_owned()
        }
        Predicate::Hours(hours) => {
            let [from, to] = [hours.from, hours.to].map(time_of_day);
            format!("{from} to {to}, zone {}", hours.zone)
        }
        Predicate::Id(None, inner) => expected(inner),
        Predicate::Id(Some(authority), inner) => format!("{} of `{authority}`", expected(inner)),
        Predicate::Kind(kind) => kind.as_str().to_owned(),
        Predicate::Method(method) => method.to_string(),
        Predicate::Owner(_) => "the caller".to_owned(),
        Predicate::Scope(name) => format!("scope `{name}`"),
        Predicate::TokenAge(max) => format!("at most {} s ago", max.as_secs()),
        Predicate::Weekdays(days) => {
            let names: Vec<_> = days.names().collect();
            format!("{}, zone {}", names.join(", "), days.zone)
        }
    }
}

fn expected_claim(predicate: &ClaimPredicate) -> String {
    match predicate {
        ClaimPredicate::Age(max) => format!("at most {} s ago", max.as_secs()),
        ClaimPredicate::AtLeast(min) => format!("at least {min}"),
        ClaimPredicate::AtMost(max) => format!("at most {max}"),
        ClaimPredicate::Contains(value) => format!("a list with {}", scalar(value)),
        ClaimPredicate::Detail(detail) => expected_detail(detail),
        ClaimPredicate::InFuture => "a time in the future".to_owned(),
        ClaimPredicate::InPast => "a time in the past".to_owned(),
        ClaimPredicate::Is(value) => scalar(value),
        ClaimPredicate::Level(levels) => format!("one of {}", levels.sufficient().join(", ")),
        ClaimPredicate::Matches(pattern) => format!("a string that matches /{}/", pattern.text),
        ClaimPredicate::Names(name) => format!("`{name}`, or a list with it"),
        ClaimPredicate::OneOf(values) => {
            let values: Vec<_> = values.iter().map(scalar).collect();
            format!("one of {}", values.join(", "))
        }
        ClaimPredicate::Present => "any value".to_owned(),
        ClaimPredicate::StartsWith(prefix) => format!("a string that starts with `{prefix}`"),
    }
}

fn expected_detail(detail: &Detail) -> String {
    let lists = [("action", &detail.actions), ("location", &detail.locations)];
    let listed = lists.into_iter().flat_map(|(name, texts)| {
        let texts = texts.iter();
        texts.map(move |text| format!("{name} `{text}`"))
    });
    let members = detail.members.iter().map(|(path, value)| {
        let path = path.join(".");
        format!("`{path}` {}", scalar(value))
    });
    let demands: Vec<_> = listed.chain(members).collect();
    match demands.is_empty() {
        true => format!("an element of type `{}`", detail.kind),
        false => format!(
            "an element of type `{}` with {}",
            detail.kind,
            demands.join(", ")
        ),
    }
}

fn scalar(value: &ClaimValue) -> String {
    match value {
        ClaimValue::Bool(value) => value.to_string(),
        ClaimValue::Integer(value) => value.to_string(),
        ClaimValue::Text(value) => format!("`{value}`"),
    }
}
