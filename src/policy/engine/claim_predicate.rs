//! What may be asked about one claim.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Leeway;
use crate::clock::UnixTime;
use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::json::Bound;
use crate::json::Kind;
use crate::json::Unescaped;
use crate::json::Value;
use crate::json::seconds;
use crate::policy::engine::text_pattern::Pattern;
use crate::policy::truth::Truth;
use crate::principal::ClaimValue;

/// What is asked about a claim that is there.
#[derive(Clone, Debug)]
pub(in crate::policy) enum Check {
    /// It is a time that lies at most so far back.
    Age(Duration),
    /// It is a whole number of at least this.
    AtLeast(i64),
    /// It is a whole number of at most this.
    AtMost(i64),
    /// It is a list with this element.
    Contains(ClaimValue),
    /// It is this.
    Is(ClaimValue),
    /// It is a time that is still to come.
    IsAhead,
    /// It is a time that has come.
    IsOver,
    /// It is one of the levels from `least` on.
    Level(Levels),
    /// It is a text that matches as a whole.
    Matches(Pattern),
    /// It is this text, or a list of texts with it.
    Names(Arc<str>),
    /// It is one of these.
    OneOf(Vec<ClaimValue>),
    /// It is there.
    Present,
    /// It is a text that starts with this.
    StartsWith(Arc<str>),
}

/// Authentication contexts, the weakest first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::policy) struct Levels {
    pub(in crate::policy) order: Vec<Arc<str>>,
    // INVARIANT: a place in `order`.
    pub(in crate::policy) least: usize,
}

impl Levels {
    pub(in crate::policy) fn new(level: &str, order: Vec<Arc<str>>) -> Result<Self, ConfigError> {
        let error = |kind, detail| Err(ConfigError::new(kind, "acr_at_least", detail));
        let is_twice = |(at, own)| order.iter().skip(at + 1).any(|other| other == own);
        if order.iter().enumerate().any(is_twice) {
            let detail = "a level is listed twice; list each once, the weakest first";
            return error(ConfigErrorKind::Conflict, detail);
        }
        match order.iter().position(|own| &**own == level) {
            Some(least) => Ok(Self { order, least }),
            None => {
                let detail = "the level is not in the order; list all levels, the weakest first";
                error(ConfigErrorKind::ValueMalformed, detail)
            }
        }
    }

    pub(in crate::policy) fn enough(&self) -> &[Arc<str>] {
        self.order.get(self.least..).unwrap_or_default()
    }
}

impl Check {
    pub(in crate::policy) fn ask(&self, claim: Value<'_>, now: UnixTime) -> Truth {
        match self {
            Self::Age(most) => match time(claim) {
                Some(time) => is_young(time, *most, now),
                None => Truth::Unknown,
            },
            Self::AtLeast(least) => integer(claim).map(|own| own >= *least).into(),
            Self::AtMost(most) => integer(claim).map(|own| own <= *most).into(),
            Self::Contains(wanted) => contains(claim, wanted),
            Self::Is(wanted) => wanted.is(claim).into(),
            Self::IsAhead => time(claim).map(|own| own > now).into(),
            Self::IsOver => time(claim).map(|own| own <= now).into(),
            Self::Level(levels) => levels.ask(claim),
            Self::Matches(pattern) => pattern.ask(claim),
            Self::Names(name) => names(claim, name),
            Self::OneOf(values) => one_of(claim, values),
            Self::Present => Truth::True,
            Self::StartsWith(prefix) => starts_with(claim, prefix),
        }
    }
}

impl Levels {
    /// A level that is not in the order tells nothing.
    fn ask(&self, claim: Value<'_>) -> Truth {
        let place = self.order.iter().position(|own| claim.is_text(own));
        place.map(|place| place >= self.least).into()
    }
}

fn integer(claim: Value<'_>) -> Option<i64> {
    (claim.kind() == Kind::Number).then(|| claim.raw().parse().ok())?
}

fn time(claim: Value<'_>) -> Option<UnixTime> {
    let secs = seconds(claim.bytes(), Bound::Down);
    (claim.kind() == Kind::Number).then(|| secs.map(UnixTime::from_secs))?
}

/// A list that lacks the value, but has elements of another type, tells nothing.
fn contains(claim: Value<'_>, wanted: &ClaimValue) -> Truth {
    let Some(elements) = claim.elements() else {
        return Truth::Unknown;
    };
    let verdicts = elements.map(|element| Truth::from(wanted.is(element)));
    any(verdicts)
}

fn names(claim: Value<'_>, name: &Arc<str>) -> Truth {
    let is = |value: Value<'_>| {
        let is_text = value.kind() == Kind::String;
        Truth::from(is_text.then(|| value.is_text(name)))
    };
    match claim.elements() {
        Some(elements) => any(elements.map(is)),
        None => is(claim),
    }
}

fn one_of(claim: Value<'_>, values: &[ClaimValue]) -> Truth {
    any(values.iter().map(|wanted| Truth::from(wanted.is(claim))))
}

fn any(verdicts: impl Iterator<Item = Truth>) -> Truth {
    let mut all = Truth::False;
    for verdict in verdicts {
        if verdict.is_true() {
            return Truth::True;
        }
        all = all.or(verdict);
    }
    all
}

/// An empty prefix, which every text has, tells nothing.
fn starts_with(claim: Value<'_>, prefix: &str) -> Truth {
    match claim.content() {
        Some(content) if !prefix.is_empty() => {
            let mut own = Unescaped::new(content);
            prefix.bytes().all(|byte| own.next() == Some(byte)).into()
        }
        _ => Truth::Unknown,
    }
}

/// Says whether what happened at `time` is at most so old; a time in the future tells nothing.
pub(in crate::policy) fn is_young(time: UnixTime, most: Duration, now: UnixTime) -> Truth {
    if time.is_ahead(now, Leeway::default()) {
        return Truth::Unknown;
    }
    let age = now.as_secs().saturating_sub(time.as_secs());
    (age <= most.as_secs()).into()
}
