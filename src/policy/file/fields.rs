//! Members of an object, and readers of their values.

use std::borrow::Cow;

use http::{HeaderName, Method};

use crate::error::{ConfigErrorKind, excerpt, nearest};
use crate::json::{Kind, Value};
use crate::policy::file::error::LoadError;
use crate::policy::file::pointer::Pointer;
use crate::principal::ClaimValue;

/// The members of an object that were not read yet.
pub(super) struct Fields<'a, 'j> {
    pub(super) pointer: &'a Pointer<'a>,
    members: Vec<(Cow<'j, str>, Value<'j>)>,
}

impl<'a, 'j> Fields<'a, 'j> {
    /// Reads an object of members with any name.
    pub(super) fn read(value: Value<'j>, pointer: &'a Pointer<'a>) -> Result<Self, LoadError> {
        let Some(object) = value.as_object() else {
            return Err(type_mismatch(value, pointer, "an object"));
        };
        let members = object.members().collect();
        Ok(Self { pointer, members })
    }

    /// Refuses a member with another name, before any error of the members that are known: an
    /// unknown member is often the reason that another one is missing.
    pub(super) fn check_names(&self, known: &[&str]) -> Result<(), LoadError> {
        let mut names = self.members.iter().map(|(name, _)| name);
        let Some(name) = names.find(|name| !known.contains(&&***name)) else {
            return Ok(());
        };
        let detail = match nearest(name, known, ALIASES) {
            Some(meant) => format!("`{}` is unknown; did you mean `{meant}`?", excerpt(name)),
            None => format!(
                "expected only members of {}, found `{}`; remove it",
                listed(known),
                excerpt(name)
            ),
        };
        Err(self.pointer.member(name).malformed(detail).at_name())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(member, _)| member == name)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value<'j>> {
        let at = self.members.iter().position(|(member, _)| member == name)?;
        Some(self.members.remove(at).1)
    }

    pub(super) fn required(&mut self, name: &str) -> Result<Value<'j>, LoadError> {
        self.take(name).ok_or_else(|| {
            let detail = format!("expected a member `{name}`, found none; add it");
            self.pointer.error(ConfigErrorKind::Empty, detail)
        })
    }

    pub(super) fn string(&mut self, name: &str) -> Result<String, LoadError> {
        string(self.required(name)?, &self.pointer.member(name))
    }

    /// Takes all remaining members, in their order.
    pub(super) fn rest(&mut self) -> Vec<(Cow<'j, str>, Value<'j>)> {
        std::mem::take(&mut self.members)
    }

    /// Refuses members that are known, but do not belong to those that were read.
    pub(super) fn finish(self, expected: &str, remedy: &str) -> Result<(), LoadError> {
        match self.members.first() {
            None => Ok(()),
            Some((name, _)) => {
                let found = excerpt(name);
                let detail = format!("expected {expected}, found `{found}` in addition; {remedy}");
                Err(self.pointer.member(name).malformed(detail).at_name())
            }
        }
    }
}

pub(super) fn string(value: Value<'_>, pointer: &Pointer<'_>) -> Result<String, LoadError> {
    match value.as_str() {
        Some(text) if text.is_empty() => {
            let detail = "expected a string that is not empty, found an empty one; write a value, or \
                          remove the member";
            Err(pointer.error(ConfigErrorKind::Empty, detail))
        }
        Some(text) => Ok(text.into_owned()),
        None => Err(type_mismatch(value, pointer, "a string")),
    }
}

/// Reads a string that is one of a few names, and returns what it is the name of.
pub(super) fn choice<T: Copy>(
    value: Value<'_>,
    pointer: &Pointer<'_>,
    known: &[(&str, T)],
) -> Result<T, LoadError> {
    let text = string(value, pointer)?;
    let found = known.iter().find(|(name, _)| *name == text);
    found.map(|(_, named)| *named).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        let found = format!(
            "expected one of {}, found `{}`",
            listed(&names),
            excerpt(&text)
        );
        pointer.malformed(match nearest(&text, &names, ALIASES) {
            Some(meant) => format!("{found}; did you mean `{meant}`?"),
            None => format!("{found}; write one of them"),
        })
    })
}

/// Names of other policy languages, and those that the format has.
pub(super) const ALIASES: &[(&str, &str)] = &[
    ("allow", "permit"),
    ("and", "all"),
    ("cidr", "address_in"),
    ("condition", "if"),
    ("conditions", "if"),
    ("deny", "forbid"),
    ("eq", "is"),
    ("equals", "is"),
    ("exists", "present"),
    ("guard", "if"),
    ("id", "name"),
    ("in", "one_of"),
    ("ip", "address_in"),
    ("issuer", "authority"),
    ("jwt", "access_token"),
    ("max", "at_most"),
    ("min", "at_least"),
    ("or", "any"),
    ("path", "pattern"),
    ("permission", "scope"),
    ("permissions", "scope"),
    ("policies", "rules"),
    ("prefix", "starts_with"),
    ("regex", "matches"),
    ("reject", "forbid"),
    ("require", "if"),
    ("tls", "over_tls"),
    ("value", "is"),
    ("when", "if"),
];

fn listed(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

pub(super) fn integer(value: Value<'_>, pointer: &Pointer<'_>) -> Result<i64, LoadError> {
    let number = (value.kind() == Kind::Number).then(|| value.raw().parse().ok());
    number
        .flatten()
        .ok_or_else(|| type_mismatch(value, pointer, "an integer of 64 bits"))
}

pub(super) fn seconds(
    value: Value<'_>,
    pointer: &Pointer<'_>,
) -> Result<std::time::Duration, LoadError> {
    let secs = u64::try_from(integer(value, pointer)?);
    let secs = secs.map_err(|_| {
        pointer.malformed("expected a number of seconds, found a negative number; remove the sign")
    })?;
    Ok(std::time::Duration::from_secs(secs))
}

/// Reads a flag, whose only value is `true`.
pub(super) fn flag(value: Value<'_>, pointer: &Pointer<'_>) -> Result<(), LoadError> {
    match value.as_bool() {
        Some(true) => Ok(()),
        _ => Err(type_mismatch(
            value,
            pointer,
            "`true`, or the condition inside `not`",
        )),
    }
}

pub(super) fn scalar(value: Value<'_>, pointer: &Pointer<'_>) -> Result<ClaimValue, LoadError> {
    match value.kind() {
        Kind::Bool => Ok(ClaimValue::Bool(value.as_bool() == Some(true))),
        Kind::Number => integer(value, pointer).map(ClaimValue::Integer),
        Kind::String => Ok(ClaimValue::Text(
            value.as_str().unwrap_or_default().into_owned(),
        )),
        _ => Err(type_mismatch(
            value,
            pointer,
            "a string, an integer, `true` or `false`",
        )),
    }
}

/// Reads an array that is not empty, element by element.
pub(super) fn list<'j, T>(
    value: Value<'j>,
    pointer: &Pointer<'_>,
    mut read: impl FnMut(Value<'j>, &Pointer<'_>) -> Result<T, LoadError>,
) -> Result<Vec<T>, LoadError> {
    let Some(elements) = value.elements() else {
        return Err(type_mismatch(value, pointer, "an array"));
    };
    let elements = elements.enumerate();
    let all: Vec<_> = elements
        .map(|(at, element)| read(element, &pointer.element(at)))
        .collect::<Result<_, _>>()?;
    if all.is_empty() {
        let detail = "expected at least one element, found an empty array; add one";
        return Err(pointer.error(ConfigErrorKind::Empty, detail));
    }
    Ok(all)
}

fn type_mismatch(value: Value<'_>, pointer: &Pointer<'_>, expected: &str) -> LoadError {
    let found = match value.kind() {
        Kind::Array => "an array",
        Kind::Bool => "a boolean",
        Kind::Null => "null",
        Kind::Number => "a number",
        Kind::Object => "an object",
        Kind::String => "a string",
    };
    pointer.malformed(format!("expected {expected}, found {found}; correct it"))
}

pub(super) fn method(value: Value<'_>, pointer: &Pointer<'_>) -> Result<Method, LoadError> {
    let name = string(value, pointer)?;
    // Methods are case-sensitive (RFC 9110 section 9.1), and `get` would match no request.
    let is_upper = !name.bytes().any(|byte| byte.is_ascii_lowercase());
    let method = is_upper.then(|| Method::from_bytes(name.as_bytes()).ok());
    method.flatten().ok_or_else(|| {
        let found = excerpt(&name);
        let detail =
            format!("expected a method in capitals, such as GET, found `{found}`; correct it");
        pointer.malformed(detail)
    })
}

pub(super) fn header_name(name: &str, pointer: &Pointer<'_>) -> Result<HeaderName, LoadError> {
    name.parse().map_err(|_| {
        let found = excerpt(name);
        let detail =
            format!("expected a header name such as `x-tenant`, found `{found}`; correct it");
        pointer.malformed(detail)
    })
}
