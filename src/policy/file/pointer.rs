//! Places in a file, and what is read there.

use std::borrow::Cow;
use std::fmt;

use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::json::Kind;
use crate::json::Value;
use crate::policy::file::FIELD;
use crate::policy::file::LoadError;
use crate::principal::ClaimValue;

/// A place in a file, displayed as a JSON pointer (RFC 6901).
pub(super) struct Spot<'a> {
    outer: Option<&'a Self>,
    step: Step<'a>,
}

enum Step<'a> {
    Element(usize),
    Member(&'a str),
}

impl Spot<'_> {
    pub(super) const TOP: Self = Self {
        outer: None,
        step: Step::Element(0),
    };
}

impl<'a> Spot<'a> {
    pub(super) const fn member(&'a self, name: &'a str) -> Self {
        Self {
            outer: Some(self),
            step: Step::Member(name),
        }
    }

    pub(super) const fn element(&'a self, at: usize) -> Self {
        Self {
            outer: Some(self),
            step: Step::Element(at),
        }
    }

    /// Refuses what stands here, and says why and what to do.
    pub(super) fn refuse(&self, kind: ConfigErrorKind, detail: impl Into<String>) -> LoadError {
        self.wrap(ConfigError::new(kind, FIELD, detail.into()))
    }

    pub(super) fn malformed(&self, detail: impl Into<String>) -> LoadError {
        self.refuse(ConfigErrorKind::ValueMalformed, detail)
    }

    pub(super) fn wrap(&self, error: ConfigError) -> LoadError {
        LoadError::new(self.to_string(), error)
    }
}

impl fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(outer) = self.outer else {
            return Ok(());
        };
        outer.fmt(f)?;
        match self.step {
            Step::Element(at) => write!(f, "/{at}"),
            Step::Member(name) => {
                let name = name.replace('~', "~0").replace('/', "~1");
                write!(f, "/{}", shown(&name))
            }
        }
    }
}

/// Returns what a message shows of a name in a file: it need not be a name that fits a message.
pub(super) fn shown(name: &str) -> String {
    let short = name.chars().take(SHOWN_CHARS);
    let mut text: String = short.flat_map(char::escape_debug).collect();
    if name.chars().nth(SHOWN_CHARS).is_some() {
        text.push('…');
    }
    text
}

const SHOWN_CHARS: usize = 64;

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
