//! Errors of a line.

use std::fmt;

use bearergate::json::{JsonError, JsonErrorKind};

/// A line is not a case. Nothing of the line is shown except the names of known members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    kind: &'static str,
    member: Option<&'static str>,
    offset: Option<usize>,
}

impl Fault {
    pub(super) const CONFLICT: &'static str = "conflict";
    pub(super) const MISSING: &'static str = "member_missing";
    pub(super) const NULL: &'static str = "member_null";
    pub(super) const RANGE: &'static str = "out_of_range";
    pub(super) const TYPE: &'static str = "wrong_type";
    pub(super) const UNKNOWN: Self = Self::new("member_unknown", None);
    pub(super) const VALUE: &'static str = "value_unknown";

    pub(super) const fn new(kind: &'static str, member: Option<&'static str>) -> Self {
        Self {
            kind,
            member,
            offset: None,
        }
    }

    pub(super) const fn of(kind: &'static str, member: &'static str) -> Self {
        Self::new(kind, Some(member))
    }

    pub(super) const fn kind(&self) -> &'static str {
        self.kind
    }
}

impl From<JsonError> for Fault {
    fn from(error: JsonError) -> Self {
        Self {
            kind: name(error.kind()),
            member: None,
            offset: Some(error.offset()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "input error `{}`", self.kind)?;
        if let Some(member) = self.member {
            write!(f, " in `{member}`")?;
        }
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        Ok(())
    }
}

fn name(kind: JsonErrorKind) -> &'static str {
    match kind {
        JsonErrorKind::DuplicateMember => "member_duplicate",
        JsonErrorKind::InvalidUnicode => "unicode_invalid",
        JsonErrorKind::NotAnObject => "not_an_object",
        JsonErrorKind::NumberOutOfRange => "number_out_of_range",
        JsonErrorKind::TooDeep => "too_deep",
        JsonErrorKind::TooLarge => "too_large",
        JsonErrorKind::TooManyMembers => "too_many_members",
        JsonErrorKind::WrongType => Fault::TYPE,
        _ => "json_malformed",
    }
}
