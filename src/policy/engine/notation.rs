//! JSON notation of predicates.

use std::sync::Arc;
use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::policy::engine::calendar::time_of_day;
use crate::policy::engine::claim_path::ClaimPath;
use crate::policy::engine::claim_predicate::ClaimPredicate;
use crate::policy::engine::detail::Detail;
use crate::policy::engine::node::Leaf;
use crate::policy::engine::owner::OwnerSource;
use crate::policy::engine::predicate::Predicate;
use crate::principal::ClaimValue;

/// Returns a text that is equal for equal predicates only.
pub(in crate::policy) fn identity(leaf: &Leaf) -> String {
    if let Predicate::Custom(closure) = &leaf.predicate {
        return format!("custom {:p}", Arc::as_ptr(closure));
    }
    serde_json::to_string(&predicate(leaf)).unwrap_or_default()
}

/// Returns a predicate as policy files spell it.
pub(in crate::policy) fn predicate(leaf: &Leaf) -> JsonTree {
    tree(leaf, &leaf.predicate)
}

fn tree(leaf: &Leaf, predicate: &Predicate) -> JsonTree {
    let string = |text: &Arc<str>| JsonTree::String(Arc::clone(text));
    let flag = JsonTree::Bool(true);
    match predicate {
        Predicate::Absent(path) => JsonTree::map([claim_path(path), ("absent", flag)]),
        Predicate::Action(name) => JsonTree::map([("action", string(name))]),
        Predicate::Address(networks) => {
            let networks = networks.iter();
            let networks = networks.map(|network| JsonTree::string(network.to_string()));
            JsonTree::map([("address_in", JsonTree::List(networks.collect()))])
        }
        Predicate::Attribute(name, value) => {
            JsonTree::map([("attribute", string(name)), ("is", value.into())])
        }
        Predicate::Authority(name) => {
            JsonTree::map([("authority", JsonTree::string(name.as_str()))])
        }
        Predicate::Claim(path, predicate) => claim(path, predicate),
        Predicate::Client(id) => JsonTree::map([("client", string(id))]),
        Predicate::Custom(_) => JsonTree::map([("custom", string(&leaf.name))]),
        Predicate::Encrypted => JsonTree::map([("over_tls", flag)]),
        Predicate::Header(name, value) => JsonTree::map([
            ("header", JsonTree::string(name.as_str())),
            ("is", string(value)),
        ]),
        Predicate::Hours(hours) => {
            let ends = [hours.from, hours.to].map(|minute| JsonTree::string(time_of_day(minute)));
            let zone = ("zone", JsonTree::string(hours.zone.to_string()));
            JsonTree::map([("time_between", JsonTree::List(ends.into())), zone])
        }
        Predicate::Id(authority, inner) => {
            let mut tree = tree(leaf, inner);
            if let (JsonTree::Map(members), Some(authority)) = (&mut tree, authority) {
                members.push(("of", JsonTree::string(authority.as_str())));
            }
            tree
        }
        Predicate::Kind(kind) => JsonTree::map([("kind", JsonTree::string(kind.as_str()))]),
        Predicate::Method(method) => JsonTree::map([("method", JsonTree::string(method.as_str()))]),
        Predicate::Owner(source) => JsonTree::map([("owner", owner(source))]),
        Predicate::Param(name, value) => {
            JsonTree::map([("param", string(name)), ("is", string(value))])
        }
        Predicate::Route(pattern) => JsonTree::map([("route", string(pattern))]),
        Predicate::Scope(name) => JsonTree::map([("scope", string(name))]),
        Predicate::SenderConstrained => JsonTree::map([("sender_constrained", flag)]),
        Predicate::TokenAge(max) => JsonTree::map([("token_age_at_most", seconds(*max))]),
        Predicate::Weekdays(days) => {
            let names = JsonTree::List(days.names().map(JsonTree::string).collect());
            let zone = ("zone", JsonTree::string(days.zone.to_string()));
            JsonTree::map([("weekdays", names), zone])
        }
    }
}

fn claim_path(path: &ClaimPath) -> (&'static str, JsonTree) {
    let tree = if path.members.is_empty() {
        JsonTree::String(Arc::clone(&path.claim))
    } else {
        JsonTree::strings([&path.claim].into_iter().chain(&path.members))
    };
    ("claim", tree)
}

fn claim(path: &ClaimPath, predicate: &ClaimPredicate) -> JsonTree {
    let string = |text: &Arc<str>| JsonTree::String(Arc::clone(text));
    // The member that is written instead of `contains` for these claims.
    let short = match &*path.claim {
        _ if !path.members.is_empty() => None,
        "roles" => Some("role"),
        "groups" => Some("group"),
        "amr" => Some("amr"),
        _ => None,
    };
    let member = match predicate {
        ClaimPredicate::Age(max) => return JsonTree::map([("auth_age_at_most", seconds(*max))]),
        ClaimPredicate::AtLeast(min) => ("at_least", JsonTree::Integer(*min)),
        ClaimPredicate::AtMost(max) => ("at_most", JsonTree::Integer(*max)),
        ClaimPredicate::Contains(value) => match (value, short) {
            (ClaimValue::Text(text), Some(name)) => {
                return JsonTree::map([(name, JsonTree::string(text.as_str()))]);
            }
            _ => ("contains", value.into()),
        },
        ClaimPredicate::Detail(own) => return JsonTree::map([("detail", detail(own))]),
        ClaimPredicate::InFuture => ("is_ahead", JsonTree::Bool(true)),
        ClaimPredicate::InPast => ("is_over", JsonTree::Bool(true)),
        ClaimPredicate::Is(value) => ("is", value.into()),
        ClaimPredicate::Level(levels) => {
            let level = levels.order.get(levels.least).cloned().unwrap_or_default();
            let order = ("order", JsonTree::strings(&levels.order));
            return JsonTree::map([("acr_at_least", JsonTree::String(level)), order]);
        }
        ClaimPredicate::Matches(pattern) => ("matches", string(&pattern.text)),
        ClaimPredicate::Names(name) => return JsonTree::map([("audience", string(name))]),
        ClaimPredicate::OneOf(values) => {
            let values = values.iter().map(JsonTree::from);
            ("one_of", JsonTree::List(values.collect()))
        }
        ClaimPredicate::Present => ("present", JsonTree::Bool(true)),
        ClaimPredicate::StartsWith(prefix) => ("starts_with", string(prefix)),
    };
    JsonTree::map([claim_path(path), member])
}

fn detail(detail: &Detail) -> JsonTree {
    let mut members = vec![("type", JsonTree::String(Arc::clone(&detail.kind)))];
    for (name, texts) in [
        ("actions", &detail.actions),
        ("locations", &detail.locations),
    ] {
        if !texts.is_empty() {
            members.push((name, JsonTree::strings(texts)));
        }
    }
    if !detail.members.is_empty() {
        let named = detail.members.iter().map(|(path, value)| {
            let name: Arc<str> = path.join(".").into();
            (name, value.into())
        });
        members.push(("members", JsonTree::Named(named.collect())));
    }
    JsonTree::Map(members)
}

fn owner(source: &OwnerSource) -> JsonTree {
    match source {
        OwnerSource::Attribute(name) => {
            JsonTree::map([("attribute", JsonTree::String(Arc::clone(name)))])
        }
        OwnerSource::Param(name, authority) => JsonTree::map([
            ("param", JsonTree::String(Arc::clone(name))),
            ("of", JsonTree::string(authority.as_str())),
        ]),
    }
}

fn seconds(duration: Duration) -> JsonTree {
    JsonTree::Integer(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
}

/// A JSON value whose member names are those of policy files.
///
/// `serde_json::Value` is not used, because features of that crate change its meaning.
pub(in crate::policy) enum JsonTree {
    Bool(bool),
    Integer(i64),
    List(Vec<Self>),
    Map(Vec<(&'static str, Self)>),
    /// An object whose names are data.
    Named(Vec<(Arc<str>, Self)>),
    String(Arc<str>),
}

impl JsonTree {
    pub(in crate::policy) fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    fn strings<'t>(texts: impl IntoIterator<Item = &'t Arc<str>>) -> Self {
        let texts = texts.into_iter();
        Self::List(texts.map(|text| Self::String(Arc::clone(text))).collect())
    }

    pub(in crate::policy) fn map(members: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Map(members.into_iter().collect())
    }
}

impl From<&ClaimValue> for JsonTree {
    fn from(value: &ClaimValue) -> Self {
        match value {
            ClaimValue::Bool(value) => Self::Bool(*value),
            ClaimValue::Integer(value) => Self::Integer(*value),
            ClaimValue::Text(value) => Self::string(value.as_str()),
        }
    }
}

impl Serialize for JsonTree {
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
            Self::Named(members) => {
                let members = members.iter().map(|(name, value)| (&**name, value));
                serializer.collect_map(members)
            }
            Self::String(text) => serializer.serialize_str(text),
        }
    }
}
