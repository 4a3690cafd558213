//! Conditions and how they are joined.

use std::fmt;
use std::ops;
use std::sync::Arc;

use crate::future::NowOrLater;
use crate::policy::Authorizer;
use crate::policy::decision::Decision;
use crate::policy::decision::Reason;
use crate::policy::decision::ReasonCode;
use crate::policy::leaf::Test;
use crate::policy::request::AccessRequest;
use crate::policy::verdict::Verdict;
use crate::rejection::ConfigError;
use crate::rejection::ConfigErrorKind;

/// A condition over the caller and the request, in three-valued logic ([`Verdict`]).
///
/// As an [`Authorizer`] it allows only if it is [`True`](Verdict::True). It is joined with
/// [`and`](Self::and), [`or`](Self::or) and [`not`](Self::not), or `&`, `|` and `!`, to any
/// depth: it is kept flat, so neither asking nor dropping it recurses.
///
/// ```
/// use bearergate::Condition;
/// use bearergate::claim;
/// use bearergate::require_scope;
///
/// let reader = require_scope("orders:read") | require_scope("orders:write");
/// let policy = reader.and(claim("tenant").is("acme")) & !claim("role").is("banned");
/// let either = Condition::any([require_scope("a"), require_scope("b")])?;
/// assert!(Condition::any([]).is_err());
/// # let _ = (policy, either);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "a condition does nothing until it is asked"]
pub struct Condition {
    // INVARIANT: not empty; every `Next::Step` names a later step.
    steps: Vec<Step>,
}

/// One test. Negation is pushed down to the tests (De Morgan's laws hold in Kleene's logic), so
/// that whether the whole is true depends only on which tests give what they should.
#[derive(Clone)]
struct Step {
    name: Arc<str>,
    test: Test,
    wanted: Verdict,
    met: Next,
    missed: Next,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Next {
    Allow,
    Deny,
    Step(usize),
}

impl Condition {
    pub(super) fn leaf(name: impl Into<Arc<str>>, test: Test) -> Self {
        Self {
            steps: vec![Step {
                name: name.into(),
                test,
                wanted: Verdict::True,
                met: Next::Allow,
                missed: Next::Deny,
            }],
        }
    }

    /// Holds only if both hold.
    pub fn and(self, other: impl Into<Self>) -> Self {
        self.joined(other.into(), Next::Allow)
    }

    /// Holds only if one of both holds.
    pub fn or(self, other: impl Into<Self>) -> Self {
        self.joined(other.into(), Next::Deny)
    }

    /// Holds only if this does not; where this cannot be told, that cannot be told either.
    #[expect(
        clippy::should_implement_trait,
        reason = "the trait is implemented too; this needs no import"
    )]
    pub fn not(mut self) -> Self {
        for step in &mut self.steps {
            step.wanted = step.wanted.not();
            (step.met, step.missed) = (step.missed.opposite(), step.met.opposite());
        }
        self
    }

    /// Holds only if all of these hold.
    ///
    /// # Errors
    ///
    /// [`Empty`](ConfigErrorKind::Empty) for none at all, which would hold for everybody.
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Result<Self, ConfigError> {
        let joined = conditions.into_iter().reduce(Self::and);
        joined.ok_or_else(|| nothing("all"))
    }

    /// Holds only if one of these holds.
    ///
    /// # Errors
    ///
    /// [`Empty`](ConfigErrorKind::Empty) for none at all.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Result<Self, ConfigError> {
        let joined = conditions.into_iter().reduce(Self::or);
        joined.ok_or_else(|| nothing("any"))
    }

    /// Says whether this holds for a request.
    pub fn evaluate(&self, request: &AccessRequest<'_>) -> Verdict {
        if self.run(request).is_some() {
            Verdict::True
        } else if self.clone().not().run(request).is_some() {
            Verdict::False
        } else {
            Verdict::Unknown
        }
    }

    /// Allows only if this holds for a request; an allow costs no allocation.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        match self.run(request) {
            Some(last) => Decision::allow().because(Arc::clone(&last.name)),
            None => self.explain(request),
        }
    }

    fn joined(mut self, mut other: Self, exit: Next) -> Self {
        let base = self.steps.len();
        for step in &mut self.steps {
            step.met.redirect(exit, base);
            step.missed.redirect(exit, base);
        }
        for step in &mut other.steps {
            step.met.shift(base);
            step.missed.shift(base);
        }
        self.steps.append(&mut other.steps);
        self
    }

    /// Returns the test that settled it if this is true.
    fn run(&self, request: &AccessRequest<'_>) -> Option<&Step> {
        let mut at = 0;
        loop {
            let step = self.steps.get(at)?;
            let is_met = step.test.ask(request) == step.wanted;
            match if is_met { step.met } else { step.missed } {
                Next::Allow => return Some(step),
                Next::Deny => return None,
                Next::Step(next) => at = next,
            }
        }
    }

    /// Denies and says which tests stand between the request and the nearest allow.
    fn explain(&self, request: &AccessRequest<'_>) -> Decision {
        let (asked, ways) = self.ways(request);
        let mut blamed = Vec::new();
        let mut at = 0;
        while let (Some(step), Some(verdict), Some(way)) =
            (self.steps.get(at), asked.get(at), ways.get(at))
        {
            if way.is_blamed {
                blamed.push((step, *verdict));
            }
            let Next::Step(next) = way.next else { break };
            at = next;
        }
        denial(&blamed)
    }

    /// Finds for each step how far an allow is, from the last step to the first.
    fn ways(&self, request: &AccessRequest<'_>) -> (Vec<Verdict>, Vec<Way>) {
        let asked: Vec<_> = self.steps.iter().map(|s| s.test.ask(request)).collect();
        let mut ways = vec![Way::NONE; self.steps.len()];
        for (at, (step, verdict)) in self.steps.iter().zip(&asked).enumerate().rev() {
            let way = step.way(*verdict, &ways);
            if let Some(own) = ways.get_mut(at) {
                *own = way;
            }
        }
        (asked, ways)
    }
}

/// The shortest way from a step to an allow.
#[derive(Clone, Copy)]
struct Way {
    next: Next,
    /// Whether the step would have to turn out otherwise.
    is_blamed: bool,
    cost: u64,
}

impl Way {
    const NONE: Self = Self {
        next: Next::Deny,
        is_blamed: false,
        cost: u64::MAX,
    };
}

impl Step {
    fn way(&self, verdict: Verdict, ways: &[Way]) -> Way {
        let is_met = verdict == self.wanted;
        let met = Way {
            next: self.met,
            is_blamed: !is_met,
            cost: self.met.cost(ways),
        };
        if is_met {
            return met;
        }
        let cost = met.cost.saturating_add(self.price());
        let missed = self.missed.cost(ways);
        if cost <= missed {
            return Way { cost, ..met };
        }
        Way {
            next: self.missed,
            is_blamed: false,
            cost: missed,
        }
    }

    /// A scope is what a client can ask for, so any number of them is nearer than another fact.
    const fn price(&self) -> u64 {
        const OTHER: u64 = 1 << 32;
        if self.wants_scope() { 1 } else { OTHER }
    }

    const fn wants_scope(&self) -> bool {
        matches!((&self.test, self.wanted), (Test::Scope(_), Verdict::True))
    }

    fn reason(&self, verdict: Verdict) -> Reason {
        let code = match verdict {
            _ if self.wants_scope() => ReasonCode::ScopeMissing,
            Verdict::Unknown => ReasonCode::Unknown,
            Verdict::False | Verdict::True => ReasonCode::NotMet,
        };
        Reason::new(code, Arc::clone(&self.name))
    }
}

fn denial(blamed: &[(&Step, Verdict)]) -> Decision {
    let mut scopes: Vec<Arc<str>> = Vec::new();
    for (step, _) in blamed {
        if let (Test::Scope(scope), true) = (&step.test, step.wants_scope())
            && !scopes.contains(scope)
        {
            scopes.push(Arc::clone(scope));
        }
    }
    let decision = if scopes.is_empty() {
        Decision::deny()
    } else {
        Decision::scope_insufficient(scopes)
    };
    let reasons = blamed.iter().map(|(step, verdict)| step.reason(*verdict));
    reasons.fold(decision, Decision::with_reason)
}

impl Next {
    const fn opposite(self) -> Self {
        match self {
            Self::Allow => Self::Deny,
            Self::Deny => Self::Allow,
            Self::Step(at) => Self::Step(at),
        }
    }

    fn redirect(&mut self, exit: Self, target: usize) {
        if *self == exit {
            *self = Self::Step(target);
        }
    }

    const fn shift(&mut self, base: usize) {
        if let Self::Step(at) = self {
            *at += base;
        }
    }

    fn cost(self, ways: &[Way]) -> u64 {
        match self {
            Self::Allow => 0,
            Self::Deny => u64::MAX,
            Self::Step(at) => ways.get(at).map_or(u64::MAX, |way| way.cost),
        }
    }
}

fn nothing(field: &'static str) -> ConfigError {
    let detail = "no condition was given; give at least one";
    ConfigError::new(ConfigErrorKind::Empty, field, detail)
}

impl Authorizer for Condition {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }
}

impl ops::BitAnd for Condition {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.and(other)
    }
}

impl ops::BitOr for Condition {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl ops::Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        Self::not(self)
    }
}

impl fmt::Debug for Condition {
    /// Shows the names of the tests, never the values they compare with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.steps.iter().map(|step| match step.wanted {
            Verdict::False => format!("not {}", step.name),
            Verdict::True | Verdict::Unknown => step.name.to_string(),
        });
        f.write_str("Condition")?;
        f.debug_list().entries(names).finish()
    }
}
