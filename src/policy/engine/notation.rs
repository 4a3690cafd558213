//! The JSON of single tests.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

use crate::policy::engine::calendar::DAYS;
use crate::policy::engine::calendar::Hours;
use crate::policy::engine::calendar::Weekdays;
use crate::policy::engine::calendar::Zone;
use crate::policy::engine::claim_path::Path;
use crate::policy::engine::claim_predicate::Check;
use crate::policy::engine::node::Leaf;
use crate::policy::engine::owner::Source;
use crate::policy::engine::predicate::Test;
use crate::principal::ClaimValue;

/// Tells tests apart: equal tests have equal keys.
pub(in crate::policy) fn key(leaf: &Leaf) -> String {
    if let Test::Custom(ask) = &leaf.test {
        return format!("custom {:p}", Arc::as_ptr(ask));
    }
    serde_json::to_string(&single(leaf)).unwrap_or_default()
}

pub(in crate::policy) fn single(leaf: &Leaf) -> Tree {
    let shared = |text: &Arc<str>| Tree::Text(Arc::clone(text));
    match &leaf.test {
        Test::Absent(own) => Tree::map([path(own), ("absent", Tree::Bool(true))]),
        Test::Action(name) => Tree::map([("action", shared(name))]),
        Test::Address(networks) => {
            let networks = networks
                .iter()
                .map(|network| Tree::text(network.to_string()));
            Tree::map([("address_in", Tree::List(networks.collect()))])
        }
        Test::Attribute(name, value) => {
            Tree::map([("attribute", shared(name)), ("is", value.into())])
        }
        Test::Authority(name) => Tree::map([("authority", Tree::text(name.as_str()))]),
        Test::Claim(own, asked) => claim(own, asked),
        Test::Client(id) => Tree::map([("client", shared(id))]),
        Test::Custom(_) => Tree::map([("custom", shared(&leaf.name))]),
        Test::Encrypted => Tree::map([("over_tls", Tree::Bool(true))]),
        Test::Header(name, value) => {
            Tree::map([("header", Tree::text(name.as_str())), ("is", shared(value))])
        }
        Test::Hours(own) => hours(own),
        Test::Kind(kind) => Tree::map([("kind", Tree::text(kind.as_str()))]),
        Test::Method(method) => Tree::map([("method", Tree::text(method.as_str()))]),
        Test::Owner(of) => Tree::map([("owner", owner(of))]),
        Test::Param(name, value) => Tree::map([("param", shared(name)), ("is", shared(value))]),
        Test::Route(pattern) => Tree::map([("route", shared(pattern))]),
        Test::Scope(name) => Tree::map([("scope", shared(name))]),
        Test::SenderConstrained => Tree::map([("sender_constrained", Tree::Bool(true))]),
        Test::TokenAge(most) => Tree::map([("token_age_at_most", seconds(*most))]),
        Test::Weekdays(own) => weekdays(own),
    }
}

fn path(path: &Path) -> (&'static str, Tree) {
    let tree = if path.members.is_empty() {
        Tree::Text(Arc::clone(&path.claim))
    } else {
        Tree::texts([&path.claim].into_iter().chain(&path.members))
    };
    ("claim", tree)
}

fn claim(own: &Path, check: &Check) -> Tree {
    let asked = match check {
        Check::Age(most) => return Tree::map([("auth_age_at_most", seconds(*most))]),
        Check::AtLeast(least) => ("at_least", Tree::Integer(*least)),
        Check::AtMost(most) => ("at_most", Tree::Integer(*most)),
        Check::Contains(ClaimValue::Text(text)) if is_short(own) => {
            let name = SHORT.into_iter().find(|(_, claim)| *claim == &*own.claim);
            let name = name.map_or("role", |(name, _)| name);
            return Tree::map([(name, Tree::text(text.as_str()))]);
        }
        Check::Contains(value) => ("contains", value.into()),
        Check::Is(value) => ("is", value.into()),
        Check::IsAhead => ("is_ahead", Tree::Bool(true)),
        Check::IsOver => ("is_over", Tree::Bool(true)),
        Check::Level(levels) => {
            let level = levels.order.get(levels.least).cloned().unwrap_or_default();
            let order = ("order", Tree::texts(&levels.order));
            return Tree::map([("acr_at_least", Tree::Text(level)), order]);
        }
        Check::Matches(pattern) => ("matches", Tree::Text(Arc::clone(&pattern.text))),
        Check::Names(name) => return Tree::map([("audience", Tree::Text(Arc::clone(name)))]),
        Check::OneOf(values) => {
            let values = values.iter().map(Tree::from);
            ("one_of", Tree::List(values.collect()))
        }
        Check::Present => ("present", Tree::Bool(true)),
        Check::StartsWith(prefix) => ("starts_with", Tree::Text(Arc::clone(prefix))),
    };
    Tree::map([path(own), asked])
}

/// Lists of texts with a form of their own, by claim.
const SHORT: [(&str, &str); 3] = [("role", "roles"), ("group", "groups"), ("amr", "amr")];

fn is_short(path: &Path) -> bool {
    path.members.is_empty() && SHORT.iter().any(|(_, claim)| *claim == &*path.claim)
}

fn owner(source: &Source) -> Tree {
    match source {
        Source::Attribute(name) => Tree::map([("attribute", Tree::Text(Arc::clone(name)))]),
        Source::Param(name, authority) => Tree::map([
            ("param", Tree::Text(Arc::clone(name))),
            ("of", Tree::text(authority.as_str())),
        ]),
    }
}

fn hours(hours: &Hours) -> Tree {
    let time = |minutes: u32| Tree::text(clock(minutes));
    Tree::map([
        (
            "time_between",
            Tree::List(vec![time(hours.from), time(hours.to)]),
        ),
        ("zone", zone(hours.zone)),
    ])
}

fn weekdays(own: &Weekdays) -> Tree {
    let days = DAYS.iter().enumerate();
    let days = days.filter(|(bit, _)| own.days >> bit & 1 == 1);
    let days = days.map(|(_, day)| Tree::text(*day));
    Tree::map([
        ("weekdays", Tree::List(days.collect())),
        ("zone", zone(own.zone)),
    ])
}

fn zone(zone: Zone) -> Tree {
    let sign = if zone.0 < 0 { '-' } else { '+' };
    match zone.0 {
        0 => Tree::text("Z"),
        minutes => Tree::text(format!("{sign}{}", clock(minutes.unsigned_abs()))),
    }
}

fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn seconds(duration: Duration) -> Tree {
    Tree::Integer(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
}

/// A JSON value whose members have names of ours.
///
/// It is no `serde_json::Value`, whose meaning features of that crate change.
pub(in crate::policy) enum Tree {
    Bool(bool),
    Integer(i64),
    List(Vec<Self>),
    Map(Vec<(&'static str, Self)>),
    Text(Arc<str>),
}

impl Tree {
    pub(in crate::policy) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(in crate::policy) fn texts<'t>(texts: impl IntoIterator<Item = &'t Arc<str>>) -> Self {
        let texts = texts.into_iter();
        Self::List(texts.map(|text| Self::Text(Arc::clone(text))).collect())
    }

    pub(in crate::policy) fn map(members: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Map(members.into_iter().collect())
    }
}

impl From<&ClaimValue> for Tree {
    fn from(value: &ClaimValue) -> Self {
        match value {
            ClaimValue::Bool(value) => Self::Bool(*value),
            ClaimValue::Integer(value) => Self::Integer(*value),
            ClaimValue::Text(value) => Self::text(value.as_str()),
        }
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::List(elements) => serializer.collect_seq(elements),
            Self::Map(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}
