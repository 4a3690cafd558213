//! Conditions as data, and their expected value.

use std::net::IpAddr;
use std::time::Duration;

use bearergate::policy::{Condition, condition_fn};
use bearergate::principal::PrincipalKind;
use bearergate::{claim, policy, require_scope};
use http::HeaderName;
use serde_json::Value;

use crate::facts::{
    ACTIONS, ATTRIBUTES, AUTHORITIES, Attr, CLAIMS, CLIENTS, Facts, KINDS, METHODS, NOON, PARAMS,
    ROUTES, SCOPES, SUBJECTS,
};
use crate::random::Random;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expected {
    No,
    Yes,
    Unknown,
}

#[derive(Clone, Debug)]
pub(crate) enum Tree {
    All(Vec<Self>),
    Any(Vec<Self>),
    Leaf(Leaf),
    Not(Box<Self>),
    Of(Box<Self>, &'static str),
}

#[derive(Clone, Debug)]
pub(crate) enum Leaf {
    Absent(&'static str),
    AbsentIn(&'static str, &'static str),
    AbsentOr(&'static str, Scalar),
    Acr(&'static str),
    Action(&'static str),
    Address,
    Amr(&'static str),
    AtLeast(&'static str, i64),
    AtMost(&'static str, i64),
    Attribute(&'static str, Scalar),
    Audience(&'static str),
    AuthAge(u64),
    Authority(&'static str),
    Client(&'static str),
    Contains(&'static str, Scalar),
    ContainsIn(Scalar),
    Custom(Expected),
    Header(&'static str),
    Is(&'static str, Scalar),
    IsAhead(&'static str),
    IsOver(&'static str),
    Kind(PrincipalKind),
    Matches(&'static str),
    Method(&'static str),
    Night,
    OneOf(&'static str, Scalar, Scalar),
    OwnerAttribute(&'static str),
    OwnerParam(&'static str, &'static str),
    Param(&'static str, &'static str),
    Present(&'static str),
    Route(&'static str),
    Scope(&'static str),
    StartsWith(&'static str, &'static str),
    Tls,
    Weekend,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Scalar {
    Bool(bool),
    Integer(i64),
    Text(&'static str),
}

const SCALARS: [Scalar; 10] = [
    Scalar::Bool(true),
    Scalar::Integer(5),
    Scalar::Integer(7),
    Scalar::Text("acme"),
    Scalar::Text("\u{e4}\"\\\n"),
    Scalar::Text("clerk"),
    Scalar::Text("boss"),
    Scalar::Text("open"),
    Scalar::Text("gold"),
    Scalar::Text("5"),
];

const LEVELS: [&str; 3] = ["bronze", "silver", "gold"];

impl Tree {
    pub(crate) fn random(random: &mut Random, depth: usize, has_absence: bool) -> Self {
        if depth == 0 || random.one_in(4) {
            return Self::Leaf(Leaf::random(random, has_absence));
        }
        let count = 1 + random.below(3);
        let mut part = || Self::random(random, depth - 1, has_absence);
        if count == 1 {
            let part = Box::new(part());
            return match random.below(3) {
                0 => Self::Of(part, random.of(&AUTHORITIES)),
                _ => Self::Not(part),
            };
        }
        let parts = (0..count).map(|_| part()).collect();
        if random.one_in(2) {
            Self::All(parts)
        } else {
            Self::Any(parts)
        }
    }

    pub(crate) fn condition(&self) -> Condition {
        let all = |parts: &[Self]| parts.iter().map(Self::condition).collect::<Vec<_>>();
        match self {
            Self::All(parts) => Condition::all(all(parts)).unwrap(),
            Self::Any(parts) => Condition::any(all(parts)).unwrap(),
            Self::Leaf(leaf) => leaf.condition(),
            Self::Not(part) => part.condition().not(),
            Self::Of(part, authority) => part.condition().of(*authority),
        }
    }

    pub(crate) fn truth(&self, facts: &Facts) -> Expected {
        let truths = |parts: &[Self]| parts.iter().map(|p| p.truth(facts)).collect::<Vec<_>>();
        match self {
            Self::All(parts) => {
                let truths = truths(parts);
                match () {
                    () if truths.contains(&Expected::No) => Expected::No,
                    () if truths.contains(&Expected::Unknown) => Expected::Unknown,
                    () => Expected::Yes,
                }
            }
            Self::Any(parts) => any(truths(parts)),
            Self::Leaf(leaf) => leaf.truth(facts),
            Self::Not(part) => match part.truth(facts) {
                Expected::No => Expected::Yes,
                Expected::Yes => Expected::No,
                Expected::Unknown => Expected::Unknown,
            },
            Self::Of(_, authority) if facts.authority != *authority => Expected::No,
            Self::Of(part, _) => {
                let contested = false;
                let facts = facts.clone();
                part.truth(&Facts { contested, ..facts })
            }
        }
    }
}

fn any(truths: Vec<Expected>) -> Expected {
    match () {
        () if truths.contains(&Expected::Yes) => Expected::Yes,
        () if truths.contains(&Expected::Unknown) => Expected::Unknown,
        () => Expected::No,
    }
}

fn truth_of(truth: Option<bool>) -> Expected {
    match truth {
        None => Expected::Unknown,
        Some(true) => Expected::Yes,
        Some(false) => Expected::No,
    }
}

impl Scalar {
    fn claim_value(self) -> bearergate::principal::ClaimValue {
        match self {
            Self::Bool(value) => value.into(),
            Self::Integer(value) => value.into(),
            Self::Text(value) => value.into(),
        }
    }

    fn equals(self, value: &Value) -> Expected {
        truth_of(match (self, value) {
            (Self::Bool(own), Value::Bool(value)) => Some(own == *value),
            (Self::Integer(own), Value::Number(value)) => value.as_i64().map(|value| own == value),
            (Self::Text(own), Value::String(value)) => Some(own == value),
            _ => None,
        })
    }
}

impl Leaf {
    /// A condition by which rules are indexed.
    pub(crate) fn head(random: &mut Random) -> Self {
        match random.below(3) {
            0 => Self::Action(random.of(&ACTIONS)),
            1 => Self::Route(random.of(&ROUTES)),
            _ => Self::Scope(random.of(&SCOPES)),
        }
    }

    fn random(random: &mut Random, has_absence: bool) -> Self {
        let claim = |random: &mut Random| random.of(&CLAIMS);
        let scalar = |random: &mut Random| random.of(&SCALARS);
        match random.below(if has_absence { 42 } else { 39 }) {
            0 => Self::Acr(random.of(&LEVELS)),
            1 => Self::Amr(random.of(&["otp", "mfa"])),
            2 => Self::AtLeast(random.of(&["level", "acr"]), 5),
            3 => Self::AtMost("level", random.of(&[4, 5])),
            4 => Self::Attribute(random.of(&ATTRIBUTES), scalar(random)),
            5 => Self::Audience("api"),
            6 => Self::AuthAge(random.below(400_000) as u64),
            7 => Self::Authority(random.of(&AUTHORITIES)),
            8 => Self::Client(random.of(&CLIENTS)),
            9 => Self::Contains(claim(random), scalar(random)),
            10 => Self::Contains("roles", Scalar::Text("clerk")),
            11 => Self::ContainsIn(scalar(random)),
            12 => Self::Custom(random.of(&[Expected::No, Expected::Yes, Expected::Unknown])),
            13 => Self::Header(random.of(&["blue", "red"])),
            14 => Self::Is("tenant", Scalar::Text("acme")),
            15 => Self::Is(claim(random), scalar(random)),
            16 => Self::IsAhead(random.of(&["ends", "tenant"])),
            17 => Self::IsOver(random.of(&["ends", "level"])),
            18 => Self::Kind(random.of(&KINDS)),
            19 => Self::Matches(random.of(&["acme(-west)?", "[a-z]+", "acme|acme-west"])),
            20 => Self::Method(random.of(&METHODS)),
            21 => Self::Night,
            22 => Self::OneOf(claim(random), scalar(random), scalar(random)),
            23 | 24 => Self::OwnerAttribute(random.of(&ATTRIBUTES)),
            25 | 26 => Self::OwnerParam("user", random.of(&AUTHORITIES)),
            27 => Self::Param(random.of(&PARAMS), random.of(&SUBJECTS)),
            28 => Self::Present(claim(random)),
            29 | 30 => Self::Route(random.of(&ROUTES)),
            31 => Self::StartsWith("tenant", random.of(&["acme", "\u{e4}\"", ""])),
            32 => Self::Tls,
            33 => Self::Weekend,
            34 => Self::Address,
            35 | 36 => Self::Action(random.of(&ACTIONS)),
            37 | 38 => Self::Scope(random.of(&SCOPES)),
            39 => Self::Absent(claim(random)),
            40 => Self::AbsentIn("realm", random.of(&["roles", "other"])),
            _ => Self::AbsentOr(claim(random), scalar(random)),
        }
    }

    fn condition(&self) -> Condition {
        match *self {
            Self::Absent(name) => claim(name).absent(),
            Self::AbsentIn(name, member) => claim(name).at(member).absent(),
            Self::AbsentOr(name, value) => claim(name).absent_or_is(value.claim_value()),
            Self::Acr(level) => policy::acr_at_least(level, LEVELS).unwrap(),
            Self::Action(name) => policy::action(name),
            Self::Address => policy::address_in(["10.0.0.0/8", "2001:db8::/32"]).unwrap(),
            Self::Amr(method) => policy::amr(method),
            Self::AtLeast(name, least) => claim(name).at_least(least),
            Self::AtMost(name, most) => claim(name).at_most(most),
            Self::Attribute(name, value) => policy::attribute(name).is(value.claim_value()),
            Self::Audience(name) => policy::audience(name),
            Self::AuthAge(secs) => policy::max_auth_age(Duration::from_secs(secs)),
            Self::Authority(name) => policy::authority(name),
            Self::Client(id) => policy::client(id),
            Self::Contains(name, value) => claim(name).contains(value.claim_value()),
            Self::ContainsIn(value) => claim("realm").at("roles").contains(value.claim_value()),
            Self::Custom(truth) => condition_fn("own", move |_| match truth {
                Expected::No => Some(false),
                Expected::Yes => Some(true),
                Expected::Unknown => None,
            }),
            Self::Header(value) => policy::header(HeaderName::from_static("x-colour"), value),
            Self::Is(name, value) => claim(name).is(value.claim_value()),
            Self::IsAhead(name) => claim(name).in_future(),
            Self::IsOver(name) => claim(name).in_past(),
            Self::Kind(kind) => policy::kind(kind),
            Self::Matches(pattern) => claim("tenant").matches(pattern).unwrap(),
            Self::Method(method) => policy::method(method.parse().unwrap()),
            Self::Night => policy::time_between("22:00", "06:30", "-02:30").unwrap(),
            Self::OneOf(name, a, b) => {
                let values = [a.claim_value(), b.claim_value()];
                claim(name).one_of(values).unwrap()
            }
            Self::OwnerAttribute(name) => policy::owner(policy::attribute(name)),
            Self::OwnerParam(name, of) => policy::owner(policy::param(name).of(of)),
            Self::Param(name, value) => policy::param(name).is(value),
            Self::Present(name) => claim(name).present(),
            Self::Route(name) => policy::route(name),
            Self::Scope(name) => require_scope(name),
            Self::StartsWith(name, prefix) => claim(name).starts_with(prefix),
            Self::Tls => policy::via_tls(),
            Self::Weekend => policy::weekdays(["sat", "sun"], "+14:00").unwrap(),
        }
    }

    /// Whether it compares an id that could be one of several authorities.
    fn is_contested(&self, facts: &Facts) -> bool {
        facts.contested
            && match *self {
                Self::AbsentOr("sid", _) => facts.claims.contains_key("sid"),
                Self::Client(_)
                | Self::Is("sid", _)
                | Self::Contains("sid", _)
                | Self::OneOf("sid", ..) => true,
                _ => false,
            }
    }

    fn truth(&self, facts: &Facts) -> Expected {
        if self.is_contested(facts) {
            return Expected::Unknown;
        }
        let value = |name: &str| facts.claims.get(name);
        let of_value = |name: &str, test: &dyn Fn(&Value) -> Expected| match value(name) {
            None => Expected::Unknown,
            Some(value) => test(value),
        };
        let of_text = |name: &str, test: &dyn Fn(&str) -> Option<bool>| {
            truth_of(value(name).and_then(Value::as_str).and_then(test))
        };
        let of_int = |name: &str, test: &dyn Fn(i64) -> bool| {
            truth_of(value(name).and_then(Value::as_i64).map(test))
        };
        // A fraction of a time is cut off.
        let of_time = |name: &str, test: &dyn Fn(u64) -> Option<bool>| {
            let cut = |value: &Value| value.as_u64().or((value == 5.5).then_some(5));
            truth_of(
                value(name)
                    .and_then(cut)
                    .filter(|t| *t <= 253_402_300_799)
                    .and_then(test),
            )
        };
        match *self {
            Self::Absent(name) => truth_of(Some(value(name).is_none())),
            Self::AbsentIn(name, member) => match value(name) {
                None => Expected::Yes,
                Some(Value::Object(inner)) => truth_of(Some(!inner.contains_key(member))),
                Some(_) => Expected::Unknown,
            },
            Self::AbsentOr(name, wanted) => match value(name) {
                None => Expected::Yes,
                Some(value) => wanted.equals(value),
            },
            Self::Acr(least) => of_text("acr", &|own| {
                let place = |level: &str| LEVELS.iter().position(|own| *own == level);
                Some(place(own)? >= place(least)?)
            }),
            Self::Action(name) => truth_of(facts.action.map(|own| own == name)),
            Self::Address => {
                truth_of(facts.address.map(
                    |own| match own.parse::<IpAddr>().unwrap().to_canonical() {
                        IpAddr::V4(own) => own.octets()[0] == 10,
                        IpAddr::V6(own) => own.segments()[..2] == [0x2001, 0xdb8],
                    },
                ))
            }
            Self::Amr(method) => of_value("amr", &|value| contains(value, Scalar::Text(method))),
            Self::AtLeast(name, least) => of_int(name, &|own| own >= least),
            Self::AtMost(name, most) => of_int(name, &|own| own <= most),
            Self::Attribute(name, wanted) => match (attribute(facts, name), wanted) {
                (Some(Attr::Bool(own)), Scalar::Bool(wanted)) => truth_of(Some(own == wanted)),
                (Some(Attr::Integer(own)), Scalar::Integer(wanted)) => {
                    truth_of(Some(own == wanted))
                }
                (Some(Attr::Text(own)), Scalar::Text(wanted)) => truth_of(Some(own == wanted)),
                _ => Expected::Unknown,
            },
            Self::Audience(name) => of_value("aud", &|value| match value {
                Value::String(own) => truth_of(Some(own == name)),
                value => contains(value, Scalar::Text(name)),
            }),
            Self::AuthAge(most) => of_time("auth_time", &|time| {
                (time <= facts.now + 30).then(|| facts.now.saturating_sub(time) <= most)
            }),
            Self::Authority(name) => truth_of(Some(facts.authority == name)),
            Self::Client(id) => truth_of(facts.client.map(|own| own == id)),
            Self::Contains(name, wanted) => of_value(name, &|value| contains(value, wanted)),
            Self::ContainsIn(wanted) => of_value("realm", &|value| match value.get("roles") {
                Some(roles) => contains(roles, wanted),
                None => Expected::Unknown,
            }),
            Self::Custom(truth) => truth,
            Self::Header(wanted) => truth_of(match facts.headers.as_deref() {
                Some([own]) => Some(*own == wanted),
                _ => None,
            }),
            Self::Is(name, wanted) => of_value(name, &|value| wanted.equals(value)),
            Self::IsAhead(name) => of_time(name, &|time| Some(time > facts.now)),
            Self::IsOver(name) => of_time(name, &|time| Some(time <= facts.now)),
            Self::Kind(kind) => truth_of(Some(facts.kind == kind)),
            Self::Matches("[a-z]+") => of_text("tenant", &|own| {
                Some(!own.is_empty() && own.chars().all(|c| c.is_ascii_lowercase()))
            }),
            Self::Matches(_) => of_text("tenant", &|own| Some(matches!(own, "acme" | "acme-west"))),
            Self::Method(method) => truth_of(facts.method.map(|own| own == method)),
            Self::Night => {
                let minute = (facts.now - NOON + 12 * 3_600) / 60 + 2 * 1_440 - 150;
                let minute = minute % 1_440;
                truth_of(Some(!(6 * 60 + 30..22 * 60).contains(&minute)))
            }
            Self::OneOf(name, a, b) => {
                of_value(name, &|value| any(vec![a.equals(value), b.equals(value)]))
            }
            Self::OwnerAttribute(name) => match (subject(facts), attribute(facts, name)) {
                (Some(subject), Some(Attr::Subject(authority, id))) => {
                    truth_of(Some(authority == facts.authority && id == subject))
                }
                _ => Expected::Unknown,
            },
            Self::OwnerParam(name, of) => match (subject(facts), param(facts, name)) {
                (Some(subject), Some(id)) => truth_of(Some(of == facts.authority && id == subject)),
                _ => Expected::Unknown,
            },
            Self::Param(name, wanted) => truth_of(param(facts, name).map(|own| own == wanted)),
            Self::Present(name) => of_value(name, &|_| Expected::Yes),
            Self::Route(name) => truth_of(facts.route.map(|own| own == name)),
            Self::Scope(name) => truth_of(facts.scopes.as_ref().map(|own| own.contains(&name))),
            Self::StartsWith(_, "") => Expected::Unknown,
            Self::StartsWith(name, prefix) => of_text(name, &|own| Some(own.starts_with(prefix))),
            Self::Tls => truth_of(facts.tls),
            Self::Weekend => {
                // Noon is on a Wednesday, day 2 of the week.
                let day = (facts.now - NOON + (12 + 14) * 3_600) / 86_400 + 2;
                truth_of(Some(day % 7 >= 5))
            }
        }
    }
}

fn contains(value: &Value, wanted: Scalar) -> Expected {
    match value {
        Value::Array(all) => any(all.iter().map(|own| wanted.equals(own)).collect()),
        _ => Expected::Unknown,
    }
}

fn attribute(facts: &Facts, name: &str) -> Option<Attr> {
    let own: Vec<_> = facts
        .attributes
        .iter()
        .filter(|(own, _)| *own == name)
        .collect();
    match own[..] {
        [(_, attr)] => Some(*attr),
        _ => None,
    }
}

fn param(facts: &Facts, name: &str) -> Option<&'static str> {
    let own: Vec<_> = facts
        .params
        .iter()
        .filter(|(own, _)| *own == name)
        .collect();
    match own[..] {
        [(_, value)] => Some(*value),
        _ => None,
    }
}

fn subject(facts: &Facts) -> Option<&'static str> {
    let is_token = facts.kind == PrincipalKind::AccessToken;
    let is_own = !is_token || (facts.client.is_some() && facts.client != facts.subject);
    facts
        .subject
        .filter(|subject| is_own && !subject.is_empty())
}
