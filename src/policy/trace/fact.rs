//! What a test wants, and what it finds, without any text of the caller.

use std::fmt;

use crate::clock::UnixTime;
use crate::json::Kind;
use crate::json::Rounding;
use crate::json::Value;
use crate::json::seconds;
use crate::policy::attribute::Attribute;
use crate::policy::calendar::DAYS;
use crate::policy::check::Check;
use crate::policy::request::AccessRequest;
use crate::policy::resource::Source;
use crate::policy::test::Test;
use crate::principal::ClaimValue;
use crate::principal::PrincipalKind;

/// What a test found: types and sizes, never a text.
///
/// No variant holds a string that is not `'static`, so that nothing of the caller can get out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Actual {
    /// Something that happened so many seconds ago.
    Age(u64),
    /// An answer that is not looked into.
    Asked,
    /// `true` or `false`.
    Bool(bool),
    /// A text of so many bytes.
    Bytes(usize),
    /// The credential is of this kind.
    Caller(PrincipalKind),
    /// A list of so many elements.
    List(usize),
    /// It is not there.
    Missing,
    /// `null`.
    Null,
    /// A number.
    Number,
    /// An object.
    Object,
    /// It is not among so many scopes.
    ScopeLacking(usize),
    /// It is among so many scopes.
    ScopeThere(usize),
    /// An address of IPv4.
    V4,
    /// An address of IPv6.
    V6,
}

pub(super) fn actual(test: &Test, request: &AccessRequest<'_>) -> Actual {
    let bytes = |text: Option<&str>| text.map_or(Actual::Missing, |own| Actual::Bytes(own.len()));
    let caller = request.principal();
    match test {
        Test::Absent(path) => claim(path.find(request)),
        Test::Action(_) => bytes(request.action()),
        Test::Address(_) => match request.address() {
            Some(address) if address.is_ipv4() => Actual::V4,
            Some(_) => Actual::V6,
            None => Actual::Missing,
        },
        Test::Attribute(name, _) => attribute(request.attribute(name)),
        Test::Authority(_) => Actual::Bytes(caller.authority().as_str().len()),
        Test::Claim(path, Check::Age(_)) => age(path.find(request), request.now()),
        Test::Claim(path, _) => claim(path.find(request)),
        Test::Client(_) => bytes(caller.client()),
        Test::Custom(_) | Test::Hours(_) | Test::Weekdays(_) => Actual::Asked,
        Test::Encrypted => request.is_encrypted().map_or(Actual::Missing, Actual::Bool),
        Test::Header(name, _) => {
            let all = request
                .headers()
                .map(|own| own.get_all(name).iter().count());
            match all {
                Some(0) | None => Actual::Missing,
                Some(count) => Actual::List(count),
            }
        }
        Test::Kind(_) => Actual::Caller(caller.kind()),
        Test::Method(_) => bytes(request.facts().map(|facts| facts.method().as_str())),
        Test::Owner(owner) => match &owner.0 {
            Source::Attribute(name) => attribute(request.attribute(name)),
            Source::Param(name, _) => bytes(request.param(name)),
        },
        Test::Param(name, _) => bytes(request.param(name)),
        Test::Route(_) => bytes(request.resource()),
        Test::Scope(name) => match caller.scopes() {
            Some(own) if own.contains(name) => Actual::ScopeThere(own.iter().count()),
            Some(own) => Actual::ScopeLacking(own.iter().count()),
            None => Actual::Missing,
        },
        Test::SenderConstrained => Actual::Bool(caller.is_confirmed()),
        Test::TokenAge(_) => caller.issued_at().map_or(Actual::Missing, |time| {
            Actual::Age(since(time, request.now()))
        }),
    }
}

const fn attribute(value: Option<Attribute<'_>>) -> Actual {
    match value {
        Some(Attribute::Bool(value)) => Actual::Bool(value),
        Some(Attribute::Integer(_)) => Actual::Number,
        Some(Attribute::Subject(_, id)) => Actual::Bytes(id.len()),
        Some(Attribute::Text(text)) => Actual::Bytes(text.len()),
        None => Actual::Missing,
    }
}

fn claim(value: Option<Value<'_>>) -> Actual {
    let Some(value) = value else {
        return Actual::Missing;
    };
    match value.kind() {
        Kind::Array => Actual::List(value.elements().map_or(0, Iterator::count)),
        Kind::Bool => Actual::Bool(value.as_bool() == Some(true)),
        Kind::Null => Actual::Null,
        Kind::Number => Actual::Number,
        Kind::Object => Actual::Object,
        Kind::String => Actual::Bytes(value.as_str().map_or(0, |text| text.len())),
    }
}

fn age(value: Option<Value<'_>>, now: UnixTime) -> Actual {
    let time = value.filter(|value| value.kind() == Kind::Number);
    let time = time.and_then(|value| seconds(value.bytes(), Rounding::Down));
    match time {
        Some(time) => Actual::Age(since(UnixTime::from_secs(time), now)),
        None => claim(value),
    }
}

const fn since(time: UnixTime, now: UnixTime) -> u64 {
    now.as_secs().saturating_sub(time.as_secs())
}

impl fmt::Display for Actual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age(secs) => write!(f, "{secs} s ago"),
            Self::Asked => f.write_str("asked"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Bytes(len) => write!(f, "a text of {len} bytes"),
            Self::Caller(kind) => f.write_str(kind.as_str()),
            Self::List(len) => write!(f, "a list of {len}"),
            Self::Missing => f.write_str("missing"),
            Self::Null => f.write_str("null"),
            Self::Number => f.write_str("a number"),
            Self::Object => f.write_str("an object"),
            Self::ScopeLacking(count) => write!(f, "not among the caller's {count}"),
            Self::ScopeThere(count) => write!(f, "among the caller's {count}"),
            Self::V4 => f.write_str("an IPv4 address"),
            Self::V6 => f.write_str("an IPv6 address"),
        }
    }
}

/// Says what a test wants, in words of the configuration.
pub(super) fn wanted(test: &Test) -> String {
    match test {
        Test::Absent(_) => "no claim".to_owned(),
        Test::Action(text)
        | Test::Client(text)
        | Test::Param(_, text)
        | Test::Header(_, text)
        | Test::Route(text) => format!("`{text}`"),
        Test::Address(networks) => {
            let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
            format!("an address in {}", networks.join(", "))
        }
        Test::Attribute(_, value) => scalar(value),
        Test::Authority(name) => format!("`{name}`"),
        Test::Claim(_, check) => check_wanted(check),
        Test::Custom(_) => "yes".to_owned(),
        Test::Encrypted | Test::SenderConstrained => "true".to_owned(),
        Test::Hours(hours) => format!(
            "{:02}:{:02} to {:02}:{:02}, {:+} min from UTC",
            hours.from / 60,
            hours.from % 60,
            hours.to / 60,
            hours.to % 60,
            hours.zone.0
        ),
        Test::Kind(kind) => kind.as_str().to_owned(),
        Test::Method(method) => method.to_string(),
        Test::Owner(_) => "the caller".to_owned(),
        Test::Scope(name) => format!("scope `{name}`"),
        Test::TokenAge(most) => format!("at most {} s ago", most.as_secs()),
        Test::Weekdays(own) => {
            let days = DAYS.iter().enumerate();
            let days = days.filter(|(bit, _)| own.days >> bit & 1 == 1);
            let days: Vec<_> = days.map(|(_, day)| *day).collect();
            format!("{}, {:+} min from UTC", days.join(", "), own.zone.0)
        }
    }
}

fn check_wanted(check: &Check) -> String {
    match check {
        Check::Age(most) => format!("at most {} s ago", most.as_secs()),
        Check::AtLeast(least) => format!("at least {least}"),
        Check::AtMost(most) => format!("at most {most}"),
        Check::Contains(value) => format!("a list with {}", scalar(value)),
        Check::Is(value) => scalar(value),
        Check::IsAhead => "a time to come".to_owned(),
        Check::IsOver => "a time that has come".to_owned(),
        Check::Level(levels) => {
            let enough = levels.order.get(levels.least..).unwrap_or_default();
            format!("one of {}", enough.join(", "))
        }
        Check::Matches(pattern) => format!("a text like /{}/", pattern.text),
        Check::Names(name) => format!("`{name}` among others"),
        Check::OneOf(values) => {
            let values: Vec<_> = values.iter().map(scalar).collect();
            format!("one of {}", values.join(", "))
        }
        Check::Present => "anything".to_owned(),
        Check::StartsWith(prefix) => format!("a text from `{prefix}` on"),
    }
}

fn scalar(value: &ClaimValue) -> String {
    match value {
        ClaimValue::Bool(value) => value.to_string(),
        ClaimValue::Integer(value) => value.to_string(),
        ClaimValue::Text(value) => format!("`{value}`"),
    }
}
