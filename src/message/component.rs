//! Component identifiers: what a signature covers (RFC 9421 section 2).

use std::borrow::Cow;

use http::HeaderName;

use super::structured::{
    Bare, Member, MemberValue, Parameters, dictionary, push_parameters, push_string,
};
use crate::error::ConfigError;

/// A component that a signature must cover.
///
/// ```
/// use bearergate::message::Component;
/// use http::header;
///
/// let method = Component::METHOD;
/// let length = Component::header(header::CONTENT_LENGTH);
/// assert_eq!((method.name(), length.name()), ("@method", "content-length"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Component(pub(super) ComponentId<'static>);

impl Component {
    /// `@method`, the method.
    pub const METHOD: Self = Self::derived("@method");
    /// `@target-uri`, the whole URI that the client has requested.
    pub const TARGET_URI: Self = Self::derived("@target-uri");
    /// `@authority`, the host and port of the configured address.
    pub const AUTHORITY: Self = Self::derived("@authority");
    /// `@path`, the path.
    pub const PATH: Self = Self::derived("@path");
    /// `@query`, the query with its question mark.
    pub const QUERY: Self = Self::derived("@query");

    const fn derived(name: &'static str) -> Self {
        Self(ComponentId {
            name: Cow::Borrowed(name),
            parameters: Vec::new(),
        })
    }

    /// A header field.
    pub fn header(name: HeaderName) -> Self {
        Self(ComponentId {
            name: Cow::Owned(name.as_str().to_owned()),
            parameters: Vec::new(),
        })
    }

    /// Reads an identifier as `Signature-Input` has it, such as `"@query-param";name="id"`.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if it is none.
    pub fn parse(identifier: &str) -> Result<Self, ConfigError> {
        let list = format!("c=({identifier})");
        let members = dictionary(&list);
        let read = members.as_deref().and_then(|members| match members {
            [
                (
                    _,
                    Member {
                        value: MemberValue::List(items),
                        ..
                    },
                ),
            ] => match items.as_slice() {
                [(name, parameters)] => {
                    ComponentId::read(name.clone(), parameters.clone())?.into_owned()
                }
                _ => None,
            },
            _ => None,
        });
        read.map(Self).ok_or_else(|| {
            ConfigError::unexpected(
                "component",
                "an identifier of RFC 9421 section 2, such as `\"@method\"`",
                identifier,
                "write it as `Signature-Input` has it",
            )
        })
    }

    /// Returns the name, without quotes and parameters.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

/// A component as a message names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ComponentId<'t> {
    pub(super) name: Cow<'t, str>,
    pub(super) parameters: Parameters<'t>,
}

/// Parameters that are known; `tr` is refused, because trailers are not read.
const KNOWN: [&str; 5] = ["bs", "key", "name", "req", "sf"];

impl<'t> ComponentId<'t> {
    /// Reads an item of the list, whose names and parameters must be known.
    pub(super) fn read(bare: Bare<'t>, parameters: Parameters<'t>) -> Option<Self> {
        let Bare::String(name) = bare else {
            return None;
        };
        let is_known = parameters.iter().all(|(key, value)| {
            let is_text = matches!(value, Bare::String(_));
            KNOWN.contains(key) && is_text == ["key", "name"].contains(key)
        });
        let is_lower = !name.is_empty() && !name.bytes().any(|b| b.is_ascii_uppercase());
        (is_known && is_lower).then_some(Self { name, parameters })
    }

    /// Returns the identifier with text of its own; the names of parameters are those that are known.
    fn into_owned(self) -> Option<ComponentId<'static>> {
        let own = |(key, value): (&str, Bare<'t>)| {
            let known = KNOWN.iter().find(|known| **known == key)?;
            Some((*known, Bare::into_owned(value)))
        };
        Some(ComponentId {
            name: Cow::Owned(self.name.into_owned()),
            parameters: self
                .parameters
                .into_iter()
                .map(own)
                .collect::<Option<_>>()?,
        })
    }

    /// Returns whether a flag is set.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.parameters.iter().any(|(key, _)| *key == flag)
    }

    /// Returns the text of a parameter.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        let (_, value) = self.parameters.iter().find(|(own, _)| *own == key)?;
        match value {
            Bare::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns whether both name one component: the order of parameters does not count.
    pub(super) fn is_same(&self, other: &ComponentId<'_>) -> bool {
        self.name == other.name
            && self.parameters.len() == other.parameters.len()
            && self
                .parameters
                .iter()
                .all(|own| other.parameters.contains(own))
    }

    /// Returns whether this is the plain component of this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name && self.parameters.is_empty()
    }

    /// Appends the identifier as the base has it.
    pub(super) fn push(&self, out: &mut String) {
        push_string(&self.name, out);
        push_parameters(&self.parameters, out);
    }
}
