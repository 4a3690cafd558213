//! Members of an object, and the values that are read from them.

use std::borrow::Cow;

use http::HeaderName;
use http::Method;

use crate::error::ConfigErrorKind;
use crate::json::Kind;
use crate::json::Value;
use crate::policy::file::error::LoadError;
use crate::policy::file::pointer::Spot;
use crate::principal::ClaimValue;

/// The members of an object that were not taken yet.
pub(super) struct Fields<'a, 'j> {
    pub(super) spot: &'a Spot<'a>,
    members: Vec<(Cow<'j, str>, Value<'j>)>,
}

impl<'a, 'j> Fields<'a, 'j> {
    pub(super) fn read(value: Value<'j>, spot: &'a Spot<'a>) -> Result<Self, LoadError> {
        let Some(object) = value.as_object() else {
            return Err(wrong(value, spot, "an object"));
        };
        let members = object.members().collect();
        Ok(Self { spot, members })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(own, _)| own == name)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value<'j>> {
        let at = self.members.iter().position(|(own, _)| own == name)?;
        Some(self.members.remove(at).1)
    }

    pub(super) fn need(&mut self, name: &str) -> Result<Value<'j>, LoadError> {
        self.take(name).ok_or_else(|| {
            let detail = format!("`{name}` is missing; add it");
            self.spot.refuse(ConfigErrorKind::Empty, detail)
        })
    }

    pub(super) fn text(&mut self, name: &str) -> Result<String, LoadError> {
        text(self.need(name)?, &self.spot.member(name))
    }

    /// Takes all members that are left, in their order.
    pub(super) fn rest(&mut self) -> Vec<(Cow<'j, str>, Value<'j>)> {
        std::mem::take(&mut self.members)
    }

    /// Refuses what is left; `known` says what may stand here.
    pub(super) fn finish(self, known: &str) -> Result<(), LoadError> {
        match self.members.first() {
            None => Ok(()),
            Some((name, _)) => {
                let detail = format!("a member that does not belong here; write {known}");
                Err(self.spot.member(name).malformed(detail))
            }
        }
    }
}

pub(super) fn text(value: Value<'_>, spot: &Spot<'_>) -> Result<String, LoadError> {
    match value.as_str() {
        Some(text) if text.is_empty() => {
            let detail = "an empty text; write one, or leave the member out";
            Err(spot.refuse(ConfigErrorKind::Empty, detail))
        }
        Some(text) => Ok(text.into_owned()),
        None => Err(wrong(value, spot, "a text")),
    }
}

pub(super) fn whole(value: Value<'_>, spot: &Spot<'_>) -> Result<i64, LoadError> {
    let number = (value.kind() == Kind::Number).then(|| value.raw().parse().ok());
    number
        .flatten()
        .ok_or_else(|| wrong(value, spot, "a whole number of 64 bits without fraction"))
}

pub(super) fn seconds(value: Value<'_>, spot: &Spot<'_>) -> Result<std::time::Duration, LoadError> {
    let secs = u64::try_from(whole(value, spot)?);
    let secs = secs.map_err(|_| spot.malformed("a number below 0; write seconds"))?;
    Ok(std::time::Duration::from_secs(secs))
}

/// Reads `true`, the only value that makes sense of a flag.
pub(super) fn truth(value: Value<'_>, spot: &Spot<'_>) -> Result<(), LoadError> {
    match value.as_bool() {
        Some(true) => Ok(()),
        _ => Err(wrong(
            value,
            spot,
            "`true`, or negate the condition by `not`",
        )),
    }
}

pub(super) fn scalar(value: Value<'_>, spot: &Spot<'_>) -> Result<ClaimValue, LoadError> {
    match value.kind() {
        Kind::Bool => Ok(ClaimValue::Bool(value.as_bool() == Some(true))),
        Kind::Number => whole(value, spot).map(ClaimValue::Integer),
        Kind::String => Ok(ClaimValue::Text(
            value.as_str().unwrap_or_default().into_owned(),
        )),
        _ => Err(wrong(
            value,
            spot,
            "a text, a whole number, `true` or `false`",
        )),
    }
}

/// Reads every element of an array.
pub(super) fn list<'j, T>(
    value: Value<'j>,
    spot: &Spot<'_>,
    mut read: impl FnMut(Value<'j>, &Spot<'_>) -> Result<T, LoadError>,
) -> Result<Vec<T>, LoadError> {
    let Some(elements) = value.elements() else {
        return Err(wrong(value, spot, "a list"));
    };
    let elements = elements.enumerate();
    let all: Vec<_> = elements
        .map(|(at, element)| read(element, &spot.element(at)))
        .collect::<Result<_, _>>()?;
    if all.is_empty() {
        let detail = "an empty list; write at least one element";
        return Err(spot.refuse(ConfigErrorKind::Empty, detail));
    }
    Ok(all)
}

fn wrong(value: Value<'_>, spot: &Spot<'_>, wanted: &str) -> LoadError {
    let came = match value.kind() {
        Kind::Array => "a list",
        Kind::Bool => "a truth value",
        Kind::Null => "null",
        Kind::Number => "a number",
        Kind::Object => "an object",
        Kind::String => "a text",
    };
    spot.malformed(format!("{came} stands here; write {wanted}"))
}

pub(super) fn method(value: Value<'_>, spot: &Spot<'_>) -> Result<Method, LoadError> {
    let name = text(value, spot)?;
    // Methods are told apart by case (RFC 9110 section 9.1), and `get` would match no request.
    let is_upper = !name.bytes().any(|byte| byte.is_ascii_lowercase());
    let method = is_upper.then(|| Method::from_bytes(name.as_bytes()).ok());
    method
        .flatten()
        .ok_or_else(|| spot.malformed("no method; write one in capitals, like GET"))
}

pub(super) fn header_name(name: &str, spot: &Spot<'_>) -> Result<HeaderName, LoadError> {
    name.parse()
        .map_err(|_| spot.malformed("no header name; write one like `x-tenant`"))
}
