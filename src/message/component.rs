//! Component identifiers: what a signature covers (RFC 9421 section 2).

use http::HeaderName;

use super::structured::{Bare, Parameters, push_parameters, push_string};

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
pub struct Component(ComponentName);

#[derive(Clone, Debug, Eq, PartialEq)]
enum ComponentName {
    Derived(&'static str),
    Header(HeaderName),
}

impl Component {
    /// `@method`, the method.
    pub const METHOD: Self = Self(ComponentName::Derived("@method"));
    /// `@target-uri`, the whole URI that the client has requested.
    pub const TARGET_URI: Self = Self(ComponentName::Derived("@target-uri"));
    /// `@authority`, the host and port of the configured address.
    pub const AUTHORITY: Self = Self(ComponentName::Derived("@authority"));
    /// `@path`, the path.
    pub const PATH: Self = Self(ComponentName::Derived("@path"));
    /// `@query`, the query with its question mark.
    pub const QUERY: Self = Self(ComponentName::Derived("@query"));

    /// A header field.
    pub const fn header(name: HeaderName) -> Self {
        Self(ComponentName::Header(name))
    }

    /// Returns the name as it stands in `Signature-Input`.
    pub fn name(&self) -> &str {
        match &self.0 {
            ComponentName::Derived(name) => name,
            ComponentName::Header(name) => name.as_str(),
        }
    }
}

/// A component as a message names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ComponentId<'t> {
    pub(super) name: String,
    pub(super) parameters: Parameters<'t>,
}

/// Parameters that are known; `tr` is refused, because trailers are not read.
const KNOWN: [&str; 5] = ["bs", "key", "name", "req", "sf"];

impl<'t> ComponentId<'t> {
    /// Reads an item of the list, whose names and parameters must be known.
    pub(super) fn read(bare: &Bare, parameters: &Parameters<'t>) -> Option<Self> {
        let Bare::String(name) = bare else {
            return None;
        };
        let is_known = parameters.iter().all(|(key, value)| {
            let is_text = matches!(value, Bare::String(_));
            KNOWN.contains(key) && is_text == ["key", "name"].contains(key)
        });
        let is_lower = !name.is_empty() && !name.bytes().any(|b| b.is_ascii_uppercase());
        (is_known && is_lower).then(|| Self {
            name: name.clone(),
            parameters: parameters.clone(),
        })
    }

    /// Returns the identifier with parameter names of its own: those that are known.
    pub(super) fn into_owned(self) -> Option<ComponentId<'static>> {
        let own = |(key, value)| {
            let known = KNOWN.iter().find(|known| **known == key)?;
            Some((*known, value))
        };
        Some(ComponentId {
            name: self.name,
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

    /// Returns whether this is the plain component of this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name && self.parameters.is_empty()
    }

    /// Appends the identifier as it stands in the base.
    pub(super) fn push(&self, out: &mut String) {
        push_string(&self.name, out);
        push_parameters(&self.parameters, out);
    }
}
