//! What may be asked about one claim.

use std::sync::Arc;
use std::time::Duration;

use super::pattern::Pattern;
use super::test::is_young;
use super::verdict::Verdict;
use crate::clock::UnixTime;
use crate::json::Kind;
use crate::json::Rounding;
use crate::json::Unescaped;
use crate::json::Value;
use crate::json::seconds;
use crate::principal::ClaimValue;

/// What is asked about a claim that is there.
#[derive(Clone, Debug)]
pub(super) enum Check {
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
pub(super) struct Levels {
    pub(super) order: Vec<Arc<str>>,
    // INVARIANT: a place in `order`.
    pub(super) least: usize,
}

impl Check {
    pub(super) fn ask(&self, claim: Value<'_>, now: UnixTime) -> Verdict {
        match self {
            Self::Age(most) => match time(claim) {
                Some(time) => is_young(time, *most, now),
                None => Verdict::Unknown,
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
            Self::Present => Verdict::True,
            Self::StartsWith(prefix) => starts_with(claim, prefix),
        }
    }
}

impl Levels {
    /// A level that is not in the order tells nothing.
    fn ask(&self, claim: Value<'_>) -> Verdict {
        let place = self.order.iter().position(|own| claim.is_text(own));
        place.map(|place| place >= self.least).into()
    }
}

fn integer(claim: Value<'_>) -> Option<i64> {
    (claim.kind() == Kind::Number).then(|| claim.raw().parse().ok())?
}

fn time(claim: Value<'_>) -> Option<UnixTime> {
    let secs = seconds(claim.bytes(), Rounding::Down);
    (claim.kind() == Kind::Number).then(|| secs.map(UnixTime::from_secs))?
}

/// A list that lacks the value, but has elements of another type, tells nothing.
fn contains(claim: Value<'_>, wanted: &ClaimValue) -> Verdict {
    let Some(elements) = claim.elements() else {
        return Verdict::Unknown;
    };
    let verdicts = elements.map(|element| Verdict::from(wanted.is(element)));
    any(verdicts)
}

fn names(claim: Value<'_>, name: &Arc<str>) -> Verdict {
    let is = |value: Value<'_>| {
        let is_text = value.kind() == Kind::String;
        Verdict::from(is_text.then(|| value.is_text(name)))
    };
    match claim.elements() {
        Some(elements) => any(elements.map(is)),
        None => is(claim),
    }
}

fn one_of(claim: Value<'_>, values: &[ClaimValue]) -> Verdict {
    any(values.iter().map(|wanted| Verdict::from(wanted.is(claim))))
}

fn any(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut all = Verdict::False;
    for verdict in verdicts {
        if verdict.is_true() {
            return Verdict::True;
        }
        all = all.or(verdict);
    }
    all
}

/// An empty prefix, which every text has, tells nothing.
fn starts_with(claim: Value<'_>, prefix: &str) -> Verdict {
    match claim.content() {
        Some(content) if !prefix.is_empty() => {
            let mut own = Unescaped::new(content);
            prefix.bytes().all(|byte| own.next() == Some(byte)).into()
        }
        _ => Verdict::Unknown,
    }
}
