//! Members of an object, and readers of their values.

use std::borrow::Cow;

use http::{HeaderName, Method};

use crate::error::ConfigErrorKind;
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
    pub(super) fn read(value: Value<'j>, pointer: &'a Pointer<'a>) -> Result<Self, LoadError> {
        let Some(object) = value.as_object() else {
            return Err(type_mismatch(value, pointer, "an object"));
        };
        let members = object.members().collect();
        Ok(Self { pointer, members })
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

    /// Refuses remaining members; `known` lists the members that the object may have.
    pub(super) fn finish(self, known: &str) -> Result<(), LoadError> {
        match self.members.first() {
            None => Ok(()),
            Some((name, _)) => {
                let detail = format!("expected {known}, found another member; remove it");
                Err(self.pointer.member(name).malformed(detail))
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
    let secs = secs
        .map_err(|_| pointer.malformed("expected a number of seconds, found a negative number"))?;
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
        let detail = "expected at least one element, found an empty array";
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
    pointer.malformed(format!("expected {expected}, found {found}"))
}

pub(super) fn method(value: Value<'_>, pointer: &Pointer<'_>) -> Result<Method, LoadError> {
    let name = string(value, pointer)?;
    // Methods are case-sensitive (RFC 9110 section 9.1), and `get` would match no request.
    let is_upper = !name.bytes().any(|byte| byte.is_ascii_lowercase());
    let method = is_upper.then(|| Method::from_bytes(name.as_bytes()).ok());
    method.flatten().ok_or_else(|| {
        pointer.malformed("expected a method in capitals, such as GET, found another string")
    })
}

pub(super) fn header_name(name: &str, pointer: &Pointer<'_>) -> Result<HeaderName, LoadError> {
    name.parse().map_err(|_| {
        pointer.malformed("expected a header name such as `x-tenant`, found another string")
    })
}
