//! Predicates over the value of a claim.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Leeway, UnixTime};
use crate::error::{ConfigError, ConfigErrorKind};
use crate::json::{Kind, Rounding, Unescaped, Value, seconds};
use crate::policy::engine::detail::Detail;
use crate::policy::engine::text_pattern::TextPattern;
use crate::policy::truth::Truth;
use crate::principal::ClaimValue;

/// A predicate over the value of a claim that is present.
#[derive(Clone, Debug)]
pub(in crate::policy) enum ClaimPredicate {
    /// A time that is at most this long ago.
    Age(Duration),
    /// An integer that is not less than this.
    AtLeast(i64),
    /// An integer that is not greater than this.
    AtMost(i64),
    /// A list with this element.
    Contains(ClaimValue),
    /// A list with an element that grants this.
    Detail(Arc<Detail>),
    /// A time after that of the request.
    InFuture,
    /// A time at or before that of the request.
    InPast,
    /// Exactly this value.
    Is(ClaimValue),
    /// One of the levels from `least` on.
    Level(Levels),
    /// A string that matches as a whole.
    Matches(TextPattern),
    /// This string, or a list of strings that contains it.
    Names(Arc<str>),
    /// One of these values.
    OneOf(Vec<ClaimValue>),
    /// Any value.
    Present,
    /// A string with this prefix.
    StartsWith(Arc<str>),
}

/// Authentication contexts, the weakest first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::policy) struct Levels {
    pub(in crate::policy) order: Vec<Arc<str>>,
    // INVARIANT: an index of `order`.
    pub(in crate::policy) least: usize,
}

impl Levels {
    pub(in crate::policy) fn new(level: &str, order: Vec<Arc<str>>) -> Result<Self, ConfigError> {
        let error = |kind, detail| Err(ConfigError::new(kind, "acr_at_least", detail));
        let is_repeated = |(at, level)| order.iter().skip(at + 1).any(|other| other == level);
        if order.iter().enumerate().any(is_repeated) {
            let detail =
                "expected every level once, found one twice; list each once, weakest first";
            return error(ConfigErrorKind::Conflict, detail);
        }
        match order.iter().position(|known| &**known == level) {
            Some(least) => Ok(Self { order, least }),
            None => {
                let detail = "expected a level of the order, found another one; list all levels, \
                              weakest first";
                error(ConfigErrorKind::ValueMalformed, detail)
            }
        }
    }

    /// Returns the levels that suffice, the weakest first.
    pub(in crate::policy) fn sufficient(&self) -> &[Arc<str>] {
        self.order.get(self.least..).unwrap_or_default()
    }
}

impl ClaimPredicate {
    pub(in crate::policy) fn evaluate(&self, claim: Value<'_>, now: UnixTime) -> Truth {
        match self {
            Self::Age(max) => match time(claim) {
                Some(time) => is_recent(time, *max, now),
                None => Truth::Unknown,
            },
            Self::AtLeast(min) => integer(claim).map(|value| value >= *min).into(),
            Self::AtMost(max) => integer(claim).map(|value| value <= *max).into(),
            Self::Contains(expected) => contains(claim, expected),
            Self::Detail(detail) => detail.evaluate(claim),
            Self::Is(value) => value.is(claim).into(),
            Self::InFuture => time(claim).map(|time| time > now).into(),
            Self::InPast => time(claim).map(|time| time <= now).into(),
            Self::Level(levels) => levels.evaluate(claim),
            Self::Matches(pattern) => pattern.evaluate(claim),
            Self::Names(name) => names(claim, name),
            Self::OneOf(values) => one_of(claim, values),
            Self::Present => Truth::True,
            Self::StartsWith(prefix) => starts_with(claim, prefix),
        }
    }
}

impl Levels {
    /// Returns whether a claim is a sufficient level: unknown for one that is not in the order.
    fn evaluate(&self, claim: Value<'_>) -> Truth {
        let index = self.order.iter().position(|level| claim.is_text(level));
        index.map(|index| index >= self.least).into()
    }
}

// The predicates with a loop are functions of their own: inlined, they would make each of the others
// save more registers.

/// Unknown if the list has no such element, but elements of another type.
fn contains(claim: Value<'_>, expected: &ClaimValue) -> Truth {
    claim.elements().map_or(Truth::Unknown, |elements| {
        any(elements.map(|element| Truth::from(expected.is(element))))
    })
}

/// Whether a claim is this name, or a list that has it.
fn names(claim: Value<'_>, name: &str) -> Truth {
    let is_name = |value: Value<'_>| {
        let is_text = value.kind() == Kind::String;
        Truth::from(is_text.then(|| value.is_text(name)))
    };
    match claim.elements() {
        Some(elements) => any(elements.map(is_name)),
        None => is_name(claim),
    }
}

fn one_of(claim: Value<'_>, values: &[ClaimValue]) -> Truth {
    any(values.iter().map(|value| Truth::from(value.is(claim))))
}

fn starts_with(claim: Value<'_>, prefix: &str) -> Truth {
    match claim.content() {
        Some(content) if !prefix.is_empty() => {
            let mut text = Unescaped::new(content);
            prefix.bytes().all(|byte| text.next() == Some(byte)).into()
        }
        // Every string has the empty prefix, so it is probably an error.
        _ => Truth::Unknown,
    }
}

fn integer(claim: Value<'_>) -> Option<i64> {
    (claim.kind() == Kind::Number).then(|| claim.raw().parse().ok())?
}

fn time(claim: Value<'_>) -> Option<UnixTime> {
    let secs = seconds(claim.bytes(), Rounding::Down);
    (claim.kind() == Kind::Number).then(|| secs.map(UnixTime::from_secs))?
}

/// Returns the disjunction of all values.
fn any(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut any = Truth::False;
    for truth in truths {
        if truth.is_true() {
            return Truth::True;
        }
        any = any.or(truth);
    }
    any
}

/// Returns whether a time is at most this long ago: unknown for a time in the future.
pub(in crate::policy) fn is_recent(time: UnixTime, max: Duration, now: UnixTime) -> Truth {
    if time.is_in_future(now, Leeway::default()) {
        return Truth::Unknown;
    }
    let age = now.as_secs().saturating_sub(time.as_secs());
    (age <= max.as_secs()).into()
}
