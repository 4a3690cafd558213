//! What is written into a file.

use std::sync::Arc;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

use crate::principal::ClaimValue;

/// A JSON value whose members have names of ours.
///
/// It is no `serde_json::Value`, whose meaning features of that crate change.
pub(super) enum Tree {
    Bool(bool),
    Integer(i64),
    List(Vec<Self>),
    Map(Vec<(&'static str, Self)>),
    Text(Arc<str>),
}

impl Tree {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn texts<'t>(texts: impl IntoIterator<Item = &'t Arc<str>>) -> Self {
        let texts = texts.into_iter();
        Self::List(texts.map(|text| Self::Text(Arc::clone(text))).collect())
    }

    pub(super) fn map(members: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
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
