//! The strict scanner compared with `serde_json`.
//!
//! Property: the scanner accepts a text only if `serde_json` accepts it and the text is within the
//! documented bounds (no duplicate member, depth, members of an object, size); the kind of an error
//! names a bound that the text exceeds; and a text that both accept has the same values.
//!
//! Exception: `serde_json` rounds some spellings of numbers next to the largest `f64` to infinity
//! and refuses them; the scanner rounds correctly.
#![no_main]

use std::collections::HashSet;
use std::fmt;

use bearergate::json::{JsonErrorKind, Kind, Object, Value};
use bearergate::limits;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde::Deserializer;
use serde::de;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Number;

/// Slightly below the largest `f64`: only beyond it can the two round differently.
const LARGEST_NUMBER: f64 = 1.797_693_134_862e308;

fuzz_target!(|text: &[u8]| {
    let actual = Value::parse(text);
    let expected = serde_json::from_slice::<Tree>(text);
    match (actual, &expected) {
        (Ok(value), Ok(tree)) => {
            assert!(tree.is_within_bounds() && text.len() <= limits::JSON_BYTES);
            tree.compare(value);
        }
        (Ok(_), Err(error)) if error.to_string().starts_with("number out of range") => {}
        (Ok(value), Err(error)) => {
            panic!("only the scanner accepts this: {error}, {value:?}");
        }
        (Err(error), Ok(tree)) => match error.kind() {
            JsonErrorKind::DuplicateMember => assert!(tree.has_duplicate()),
            JsonErrorKind::TooDeep => assert!(tree.depth() > limits::JSON_DEPTH),
            JsonErrorKind::TooManyMembers => assert!(tree.has_many_members()),
            JsonErrorKind::NumberOutOfRange => assert!(tree.largest() > LARGEST_NUMBER),
            JsonErrorKind::TooLarge => assert!(text.len() > limits::JSON_BYTES),
            kind => panic!("only the scanner rejects this: {kind}"),
        },
        (Err(_), Err(_)) => {}
    }
    let is_object = actual.is_ok_and(|value| value.kind() == Kind::Object);
    assert_eq!(Object::parse(text).is_ok(), is_object);
});

/// A value that `serde_json` parsed, with every member in order.
#[derive(Debug)]
enum Tree {
    Array(Vec<Self>),
    Bool(bool),
    Null,
    Number(Number),
    Object(Vec<(String, Self)>),
    String(String),
}

impl Tree {
    fn compare(&self, value: Value<'_>) {
        match self {
            Self::Array(elements) => compare_elements(elements, value),
            Self::Bool(own) => assert_eq!(value.as_bool(), Some(*own)),
            Self::Null => assert_eq!((value.kind(), value.raw()), (Kind::Null, "null")),
            Self::Number(own) => {
                assert_eq!(value.kind(), Kind::Number);
                assert_eq!(value.deserialize::<Number>().as_ref(), Ok(own));
            }
            Self::Object(members) => compare_members(members, value),
            Self::String(own) => assert_eq!(value.as_str().as_deref(), Some(own.as_str())),
        }
    }

    fn is_within_bounds(&self) -> bool {
        !self.has_duplicate() && self.depth() <= limits::JSON_DEPTH && !self.has_many_members()
    }

    fn has_duplicate(&self) -> bool {
        let mut names = HashSet::new();
        self.names().any(|name| !names.insert(name)) || self.inner().any(Self::has_duplicate)
    }

    fn depth(&self) -> usize {
        let is_nest = matches!(self, Self::Array(_) | Self::Object(_));
        usize::from(is_nest) + self.inner().map(Self::depth).max().unwrap_or_default()
    }

    /// Returns true if the top object or one below it has more members than its bound.
    fn has_many_members(&self) -> bool {
        let inner = self.inner().map(Self::most_members).max();
        self.names().count() > limits::JSON_MEMBERS
            || inner.unwrap_or_default() > limits::JSON_INNER_MEMBERS
    }

    fn most_members(&self) -> usize {
        let inner = self.inner().map(Self::most_members).max();
        inner.unwrap_or_default().max(self.names().count())
    }

    fn largest(&self) -> f64 {
        let own = match self {
            Self::Number(own) => own.as_f64().unwrap_or_default().abs(),
            _ => 0.0,
        };
        self.inner().map(Self::largest).fold(own, f64::max)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let members = match self {
            Self::Object(members) => members.as_slice(),
            _ => &[],
        };
        members.iter().map(|(name, _)| name.as_str())
    }

    fn inner(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        match self {
            Self::Array(elements) => Box::new(elements.iter()),
            Self::Object(members) => Box::new(members.iter().map(|(_, value)| value)),
            _ => Box::new(std::iter::empty()),
        }
    }
}

fn compare_elements(elements: &[Tree], value: Value<'_>) {
    assert_eq!(value.kind(), Kind::Array);
    let read: Vec<_> = value.elements().expect("an array has elements").collect();
    assert_eq!(read.len(), elements.len());
    for (own, element) in elements.iter().zip(read) {
        own.compare(element);
    }
}

fn compare_members(members: &[(String, Tree)], value: Value<'_>) {
    assert_eq!(value.kind(), Kind::Object);
    let object = value.as_object().expect("an object is an object");
    assert_eq!(object.len(), members.len());
    for ((name, own), (read, member)) in members.iter().zip(object.members()) {
        assert_eq!(read, name.as_str());
        assert_eq!(object.get(name).map(Value::raw), Some(member.raw()));
        own.compare(member);
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Tree, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not finite"))?;
        Ok(Tree::Number(number))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Tree::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Tree::Array(elements))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::String(value.to_owned()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }
}
