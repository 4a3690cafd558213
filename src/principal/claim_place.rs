//! The search for what is wrong with claims that are not of a type.

use std::borrow::Cow;

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::claim_error::ClaimError;
use super::claim_fault::{Fault, Segment};
use crate::error::excerpt;
use crate::json::{Elements, Kind, Members, Value};

/// Returns why a value is not a `T`. `claim` is its name, if it is one claim.
///
/// It reads the value once more, and slowly: it is called only after that failed.
#[cold]
pub(super) fn fault<'de, T: Deserialize<'de>>(
    value: Value<'de>,
    claim: Option<&str>,
) -> ClaimError {
    let depth = usize::from(claim.is_some());
    let place = Place { value, depth };
    let fault = T::deserialize(place).err();
    let fault = fault.unwrap_or_else(Fault::unknown);
    match claim {
        Some(claim) => fault.inside(Segment::Name(excerpt(claim))).into_error(),
        None => fault.into_error(),
    }
}

/// A value, and how many objects and arrays are around it.
#[derive(Clone, Copy)]
struct Place<'de> {
    value: Value<'de>,
    depth: usize,
}

impl<'de> Place<'de> {
    const fn inner(self, value: Value<'de>) -> Self {
        Self {
            value,
            depth: self.depth + 1,
        }
    }

    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let text = self.value.raw();
        if let Ok(number) = text.parse() {
            return visitor.visit_u64(number);
        }
        if let Ok(number) = text.parse() {
            return visitor.visit_i64(number);
        }
        visitor.visit_f64(text.parse().unwrap_or_default())
    }

    fn object<V: Visitor<'de>>(
        self,
        visitor: V,
        fields: &'static [&'static str],
    ) -> Result<V::Value, Fault> {
        match self.value.members() {
            Some(members) => visitor.visit_map(Object {
                place: self,
                members,
                fields,
                current: None,
            }),
            None => self.deserialize_any(visitor),
        }
    }
}

impl<'de> Deserializer<'de> for Place<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value.kind() {
            Kind::Array => visitor.visit_seq(Array {
                place: self,
                elements: self.value.elements(),
                next: 0,
            }),
            Kind::Bool => visitor.visit_bool(self.value.as_bool() == Some(true)),
            Kind::Null => visitor.visit_unit(),
            Kind::Number => self.number(visitor),
            Kind::Object => self.object(visitor, &[]),
            Kind::String => match self.value.as_str().unwrap_or_default() {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value.kind() {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name.starts_with("$serde_json::private") {
            // A type of `serde_json`, which only its own deserializer can create.
            let mut inner = serde_json::Deserializer::from_slice(self.value.bytes());
            let read = inner.deserialize_newtype_struct(name, visitor);
            return read.map_err(|_| Fault::unknown());
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.object(visitor, fields)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let mut members = self.value.members().into_iter().flatten();
        match (self.value.as_str(), members.next(), members.next()) {
            (Some(name), ..) => visitor.visit_enum(name.into_owned().into_deserializer()),
            (None, Some((name, value)), None) => visitor.visit_enum(Variant {
                name: name.text().into_owned(),
                variants,
                content: self.inner(value),
            }),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier
    }
}

/// The elements of an array that were not read yet.
struct Array<'de> {
    place: Place<'de>,
    elements: Option<Elements<'de>>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Array<'de> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some(value) = self.elements.as_mut().and_then(Iterator::next) else {
            return Ok(None);
        };
        let at = self.next;
        self.next += 1;
        let read = seed.deserialize(self.place.inner(value));
        read.map(Some)
            .map_err(|fault| fault.inside(Segment::Element(at)))
    }
}

/// The members of an object that were not read yet.
struct Object<'de> {
    place: Place<'de>,
    members: Members<'de>,
    /// The names that the type has, if it is known.
    fields: &'static [&'static str],
    current: Option<(Cow<'de, str>, Value<'de>)>,
}

impl Object<'_> {
    fn segment(&self, name: &str) -> Segment {
        match self.fields.iter().find(|field| **field == name) {
            Some(field) => Segment::Field(field),
            None if self.place.depth == 0 => Segment::Name(excerpt(name)),
            None => Segment::Any,
        }
    }
}

impl<'de> MapAccess<'de> for Object<'de> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some((name, value)) = self.members.next() else {
            return Ok(None);
        };
        let name = name.text();
        let read = seed.deserialize(Name(name.clone()));
        let read = read.map_err(|fault| fault.inside(self.segment(&name)));
        self.current = Some((name, value));
        read.map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let (name, value) = self.current.take().ok_or_else(Fault::unknown)?;
        let read = seed.deserialize(self.place.inner(value));
        read.map_err(|fault| fault.inside(self.segment(&name)))
    }
}

/// The name of a member.
struct Name<'de>(Cow<'de, str>);

macro_rules! read_number {
    ($($read:ident)*) => {$(
        fn $read<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            // JSON writes a number as a name in quotes.
            match (self.0.parse(), self.0.parse()) {
                (Ok(number), _) => visitor.visit_u64(number),
                (_, Ok(number)) => visitor.visit_i64(number),
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Cow::Borrowed(name) => {
                BorrowedStrDeserializer::<Fault>::new(name).deserialize_any(visitor)
            }
            Cow::Owned(name) => StringDeserializer::<Fault>::new(name).deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(self.0.into_owned().into_deserializer())
    }

    read_number! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

/// An enum that is written as an object with one member.
struct Variant<'de> {
    name: String,
    variants: &'static [&'static str],
    content: Place<'de>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Fault;
    type Variant = Content<'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Content<'de>), Fault> {
        let known = self.variants.iter().find(|known| **known == self.name);
        let content = Content {
            place: self.content,
            name: known.copied(),
        };
        let name = seed.deserialize(StringDeserializer::<Fault>::new(self.name))?;
        Ok((name, content))
    }
}

/// The content of a variant.
struct Content<'de> {
    place: Place<'de>,
    name: Option<&'static str>,
}

impl<'de> Content<'de> {
    fn read<T>(self, read: impl FnOnce(Place<'de>) -> Result<T, Fault>) -> Result<T, Fault> {
        let segment = self.name.map_or(Segment::Any, Segment::Field);
        read(self.place).map_err(|fault| fault.inside(segment))
    }
}

impl<'de> VariantAccess<'de> for Content<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        self.read(Deserialize::deserialize)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        self.read(|place| seed.deserialize(place))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.read(|place| place.deserialize_any(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.read(|place| place.object(visitor, fields))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only reading is tested")]
    struct Mine<'a> {
        tenant: String,
        plan: Option<Plan>,
        org: Option<Org>,
        #[serde(borrow)]
        roles: Option<Vec<&'a str>>,
        level: Option<Level>,
        pair: Option<(u8, bool)>,
        counts: Option<HashMap<u8, u32>>,
        shape: Option<Shape>,
        #[serde(default, rename = "https://example.com/age")]
        age: Option<f64>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    #[expect(dead_code, reason = "only reading is tested")]
    enum Plan {
        Free,
        Paid { seats: u16 },
        Other(String),
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only reading is tested")]
    struct Org {
        id: String,
        units: Option<BTreeMap<String, Vec<u8>>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(try_from = "u8")]
    struct Level;

    impl TryFrom<u8> for Level {
        type Error = String;

        fn try_from(level: u8) -> Result<Self, String> {
            match level {
                0..4 => Ok(Self),
                _ => Err(format!("no level s3cret-{level}")),
            }
        }
    }

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only reading is tested")]
    enum Shape {
        One(u8),
        Many(Vec<u8>),
    }

    fn message(text: &str) -> String {
        let value = Value::parse(text.as_bytes()).unwrap();
        assert!(value.deserialize::<Mine<'_>>().is_err(), "{text}");
        fault::<Mine<'_>>(value, None).to_string()
    }

    fn is_good(text: &str) {
        let value = Value::parse(text.as_bytes()).unwrap();
        assert!(value.deserialize::<Mine<'_>>().is_ok(), "{text}");
        let place = Place { value, depth: 0 };
        let read = Mine::deserialize(place);
        assert!(read.is_ok(), "{text}: {read:?}");
    }

    #[test]
    fn the_search_accepts_what_serde_json_accepts() {
        for more in [
            "",
            r#","plan":"free""#,
            r#","plan":{"paid":{"seats":3}}"#,
            r#","plan":{"other":"x"}"#,
            r#","plan":null,"unknown":[1,{"a":null}]"#,
            r#","org":{"id":"a","units":{"x":[1,2],"y":[]}}"#,
            r#","roles":["a","b"],"level":3,"pair":[1,true],"counts":{"7":8}"#,
            r#","shape":1"#,
            r#","shape":[1],"https://example.com/age":1"#,
            r#","https://example.com/age":-1.5e3"#,
        ] {
            is_good(&format!(r#"{{"tenant":"s3cret"{more}}}"#));
        }
    }

    #[test]
    fn the_claim_the_expected_and_the_found_type_are_named() {
        for (more, wanted) in [
            (
                "tenant:7",
                "claim `tenant`: expected a string, found a number",
            ),
            (
                "tenant:null",
                "claim `tenant`: expected a string, found null",
            ),
            (
                "tenant:[]",
                "claim `tenant`: expected a string, found an array",
            ),
            ("x:1", "claim `tenant` is missing"),
            ("tenant:'s',org:{}", "claim `org.id` is missing"),
            (
                "tenant:'s',org:{id:1.5}",
                "claim `org.id`: expected a string, found a number with a \
              fraction or an exponent",
            ),
            (
                "tenant:'s',org:'s3cret'",
                "claim `org`: expected an object (Org), found a string",
            ),
            (
                "tenant:'s',org:{id:'a',s3cret:1}",
                "claim `org.*`: expected one of `id`, `units`, \
              found another name",
            ),
            (
                "tenant:'s',org:{id:'a',units:{s3cret:[1,true]}}",
                "claim `org.units.*[1]`: expected \
              an integer (u8), found a boolean",
            ),
            (
                "tenant:'s',roles:['a',2]",
                "claim `roles[1]`: expected a string without escapes, found a \
              number",
            ),
            (
                "tenant:'s',roles:'s3cret'",
                "claim `roles`: expected an array, found a string",
            ),
            (
                "tenant:'s',plan:'s3cret'",
                "claim `plan`: expected one of `free`, `paid`, `other`, \
              found another string",
            ),
            (
                "tenant:'s',plan:{paid:{seats:70000}}",
                "claim `plan.paid.seats`: expected an integer (u16), \
              found another number",
            ),
            (
                "tenant:'s',plan:7",
                "claim `plan`: expected a string or an object (Plan), found a number",
            ),
            (
                "tenant:'s',level:9",
                "claim `level`: expected a value that the type accepts, found \
              another one",
            ),
            (
                "tenant:'s',level:true",
                "claim `level`: expected an integer (u8), found a boolean",
            ),
            (
                "tenant:'s',pair:[1]",
                "claim `pair`: expected a tuple of size 2, found another \
              number of elements",
            ),
            (
                "tenant:'s',counts:{s3cret:1}",
                "claim `counts.*`: expected an integer (u8), found a \
              string",
            ),
            (
                "tenant:'s',shape:'s3cret'",
                "claim `shape`: expected a value that the type accepts, \
              found another one",
            ),
            (
                "tenant:'s','https://example.com/age':'s3cret'",
                "claim `https://example.com/age`: \
              expected a number, found a string",
            ),
        ] {
            // Names without quotes and single quotes keep the table readable.
            let text = format!("{{{more}}}").replace('\'', "\"");
            let text = quoted(&text);
            let found = message(&text);
            assert_eq!(found, wanted, "{text}");
            assert!(!found.contains("s3cret"), "{found}");
        }
        assert_eq!(
            message("[7]"),
            "claim `[0]`: expected a string, found a number"
        );
        assert_eq!(
            message("7"),
            "the claims: expected an object (Mine), found a number"
        );
    }

    /// Puts bare names into quotes.
    fn quoted(text: &str) -> String {
        let mut out = String::new();
        let mut in_string = false;
        let mut name = String::new();
        for letter in text.chars() {
            in_string ^= letter == '"';
            let is_name = !in_string && (letter.is_ascii_alphanumeric() || letter == '.');
            if is_name {
                name.push(letter);
                continue;
            }
            let is_key = letter == ':' && !name.is_empty();
            let name = std::mem::take(&mut name);
            out.push_str(&if is_key { format!("\"{name}\"") } else { name });
            out.push(letter);
        }
        out
    }

    #[test]
    fn one_claim_is_named_as_it_was_asked_for() {
        let text = |claim, text: &'static str| {
            let value = Value::parse(text.as_bytes()).unwrap();
            fault::<Vec<u8>>(value, Some(claim)).to_string()
        };
        assert_eq!(
            text("levels", "[1,\"s3cret\"]"),
            "claim `levels[1]`: expected an integer (u8), found a string"
        );
        assert_eq!(
            text("a\u{1b}b", "true"),
            "claim `a\\u{1b}b`: expected an array, found a boolean"
        );
    }
}
