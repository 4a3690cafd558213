//! Configurations before their members are read: untyped values from any format.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::shown::shown_name;
use crate::json::{Kind, Value};
use crate::limits;

/// One value of a configuration.
///
/// Its depth is bounded by [`limits::JSON_DEPTH`], so recursion over it is bounded too. It has no
/// `Debug`, because it may hold secrets that were written where none belongs.
#[derive(Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number that is not an integer of 64 bits.
    Float(f64),
    Text(String),
    List(Vec<Self>),
    /// Members in their order; names are unique.
    Map(Vec<(String, Self)>),
}

impl Tree {
    /// Copies a value that the strict scanner accepted.
    pub(super) fn from_json(value: Value<'_>) -> Self {
        match value.kind() {
            Kind::Null => Self::Null,
            Kind::Bool => Self::Bool(value.as_bool() == Some(true)),
            Kind::Number => match value.raw().parse() {
                Ok(number) => Self::Integer(number),
                Err(_) => Self::Float(value.raw().parse().unwrap_or_default()),
            },
            Kind::String => Self::Text(value.as_str().unwrap_or_default().into_owned()),
            Kind::Array => Self::List(
                value
                    .elements()
                    .into_iter()
                    .flatten()
                    .map(Self::from_json)
                    .collect(),
            ),
            Kind::Object => {
                let object = value.as_object();
                let members = object.iter().flat_map(|object| object.members());
                Self::Map(
                    members
                        .map(|(name, value)| (name.into_owned(), Self::from_json(value)))
                        .collect(),
                )
            }
        }
    }

    /// Writes the value as JSON, for the readers of key sets and policies.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a value of any format that `serde` supports.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Self, D::Error> {
        let left = Cell::new(limits::CONFIGURATION_VALUES);
        let seed = TreeSeed {
            depth: 1,
            left: &left,
        };
        seed.deserialize(deserializer)
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(elements) => serializer.collect_seq(elements),
            Self::Map(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// Reads one value at a depth, as one of those that are left.
#[derive(Clone, Copy)]
struct TreeSeed<'l> {
    depth: usize,
    left: &'l Cell<usize>,
}

impl TreeSeed<'_> {
    fn below<E: Error>(self) -> Result<Self, E> {
        if self.depth >= limits::JSON_DEPTH {
            let most = limits::JSON_DEPTH;
            return Err(E::custom(format_args!(
                "expected at most {most} levels of nesting, found more; write it flatter"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for TreeSeed<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        let Some(left) = self.left.get().checked_sub(1) else {
            let most = limits::CONFIGURATION_VALUES;
            return Err(D::Error::custom(format_args!(
                "expected at most {most} values, found more; remove some"
            )));
        };
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TreeSeed<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a configuration")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(i64::try_from(number).map_or(Tree::Float(number as f64), Tree::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Tree, E> {
        Ok(Tree::Text(text))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Tree, A::Error> {
        let below = self.below()?;
        let mut all = Vec::new();
        while let Some(element) = elements.next_element_seed(below)? {
            all.push(element);
        }
        Ok(Tree::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let below = self.below()?;
        let (mut all, mut names) = (Vec::new(), HashSet::new());
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format_args!(
                    "expected each member once, found {} twice; remove one of them",
                    shown_name(&name)
                )));
            }
            all.push((name, members.next_value_seed(below)?));
        }
        Ok(Tree::Map(all))
    }
}
