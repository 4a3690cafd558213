//! Why a condition did not come out as it should.

use std::sync::Arc;
use std::time::Duration;

use crate::policy::decision::Decision;
use crate::policy::decision::Reason;
use crate::policy::decision::ReasonCode;
use crate::policy::engine::claim_predicate::Check;
use crate::policy::engine::claim_predicate::Levels;
use crate::policy::engine::evaluation::Scene;
use crate::policy::engine::predicate::Test;
use crate::policy::engine::program::ALLOW;
use crate::policy::engine::program::DENY;
use crate::policy::engine::program::Step;
use crate::policy::truth::Truth;

/// The tests between a request and the nearest outcome that was wanted.
pub(in crate::policy) struct Blame<'p> {
    blamed: Vec<Blamed<'p>>,
    cost: u64,
}

struct Blamed<'p> {
    step: &'p Step,
    verdict: Truth,
    /// What the test would have to give.
    desired: bool,
}

impl<'p> Blame<'p> {
    /// Finds what would have to turn out otherwise for the condition at this entry to be true, or
    /// to be false.
    pub(in crate::policy) fn of(scene: &mut Scene<'p, '_>, entry: usize, goal: bool) -> Self {
        let end = scene.program.end(entry);
        let steps = scene.program.steps().get(entry..end).unwrap_or_default();
        let verdicts: Vec<_> = steps.iter().map(|step| scene.ask(step)).collect();
        let mut ways = Ways {
            entry,
            goal,
            ways: vec![Way::NONE; steps.len()],
        };
        for (at, (step, verdict)) in steps.iter().zip(&verdicts).enumerate().rev() {
            let way = ways.way(step, *verdict);
            if let Some(own) = ways.ways.get_mut(at) {
                *own = way;
            }
        }
        let cost = ways.cost(entry);
        let mut blamed = Vec::new();
        let mut at = entry;
        while let Some(way) = ways.get(at) {
            if way.is_blamed
                && let Some((step, verdict)) = steps.get(at - entry).zip(verdicts.get(at - entry))
            {
                blamed.push(Blamed {
                    step,
                    verdict: *verdict,
                    desired: step.wanted == goal,
                });
            }
            at = way.next;
        }
        Self { blamed, cost }
    }

    /// Says how far the outcome is.
    pub(in crate::policy) const fn cost(&self) -> u64 {
        self.cost
    }

    /// Denies, and names the tests.
    pub(in crate::policy) fn decision(&self) -> Decision {
        let own = self.blamed.iter().map(Blamed::reason);
        own.fold(self.denial(), Decision::with_reason)
    }

    /// Denies for this reason; scopes are named only if no other test stands in the way.
    pub(in crate::policy) fn forbids(&self, reason: Reason) -> Decision {
        let decision = if self.blamed.iter().all(Blamed::wants_scope) {
            self.denial()
        } else {
            Decision::deny()
        };
        decision.with_reason(reason)
    }

    fn denial(&self) -> Decision {
        let mut scopes: Vec<Arc<str>> = Vec::new();
        for blamed in &self.blamed {
            if let (Test::Scope(scope), true) = (blamed.test(), blamed.desired)
                && !scopes.contains(scope)
            {
                scopes.push(Arc::clone(scope));
            }
        }
        if !scopes.is_empty() {
            return Decision::scope_insufficient(scopes);
        }
        let wants = self.blamed.iter().map(Blamed::step_up);
        match wants.collect::<Option<Vec<_>>>() {
            Some(wants) if !wants.is_empty() => step_up(&wants),
            _ => Decision::deny(),
        }
    }
}

/// What a client can do about a test.
#[derive(Clone, Copy)]
enum StepUp<'p> {
    Age(Duration),
    Level(&'p Levels),
}

fn step_up(wants: &[StepUp<'_>]) -> Decision {
    let ages = wants.iter().filter_map(|want| match want {
        StepUp::Age(most) => Some(*most),
        StepUp::Level(_) => None,
    });
    let levels = wants.iter().filter_map(|want| match want {
        StepUp::Age(_) => None,
        StepUp::Level(levels) => Some(levels.enough()),
    });
    let mut decision = Decision::step_up();
    // The one that leaves the least choice.
    if let Some(enough) = levels.min_by_key(|enough| enough.len()) {
        decision = decision.with_acr_values(enough.join(" "));
    }
    match ages.min() {
        Some(age) => decision.with_max_age(age),
        None => decision,
    }
}

impl<'p> Blamed<'p> {
    fn test(&self) -> &'p Test {
        &self.step.leaf.test
    }

    fn wants_scope(&self) -> bool {
        self.desired && matches!(self.test(), Test::Scope(_))
    }

    fn step_up(&self) -> Option<StepUp<'p>> {
        match self.test() {
            Test::Claim(_, Check::Age(most)) if self.desired => Some(StepUp::Age(*most)),
            Test::Claim(_, Check::Level(levels)) if self.desired => Some(StepUp::Level(levels)),
            _ => None,
        }
    }

    fn reason(&self) -> Reason {
        let code = match self.verdict {
            _ if self.wants_scope() => ReasonCode::ScopeMissing,
            Truth::Unknown => ReasonCode::Unknown,
            Truth::False | Truth::True => ReasonCode::NotMet,
        };
        Reason::new(code, Arc::clone(&self.step.leaf.name))
    }
}

/// The shortest way from each step to the outcome that is wanted.
struct Ways {
    entry: usize,
    goal: bool,
    ways: Vec<Way>,
}

#[derive(Clone, Copy)]
struct Way {
    next: usize,
    /// Whether the step would have to turn out otherwise.
    is_blamed: bool,
    cost: u64,
}

impl Way {
    const NONE: Self = Self {
        next: DENY,
        is_blamed: false,
        cost: u64::MAX,
    };
}

impl Ways {
    fn way(&self, step: &Step, verdict: Truth) -> Way {
        let desired = step.wanted == self.goal;
        let (good, bad) = if self.goal {
            (step.met, step.missed)
        } else {
            (step.missed, step.met)
        };
        let is_blamed = verdict != Truth::from(desired);
        let price = if is_blamed { price(step, desired) } else { 0 };
        let cost = self.cost(good).saturating_add(price);
        let around = self.cost(bad);
        if is_blamed && around < cost {
            return Way {
                next: bad,
                is_blamed: false,
                cost: around,
            };
        }
        Way {
            next: good,
            is_blamed,
            cost,
        }
    }

    fn cost(&self, at: usize) -> u64 {
        match at {
            ALLOW | DENY if (at == ALLOW) == self.goal => 0,
            _ => self.get(at).map_or(u64::MAX, |way| way.cost),
        }
    }

    fn get(&self, at: usize) -> Option<&Way> {
        self.ways.get(at.checked_sub(self.entry)?)
    }
}

/// A scope is what a client can ask for, so any number of them is nearer than a stronger
/// authentication, that nearer than another fact of the caller, and that nearer than another
/// request.
fn price(step: &Step, desired: bool) -> u64 {
    match &step.leaf.test {
        Test::Scope(_) if desired => 1,
        Test::Claim(_, Check::Age(_) | Check::Level(_)) if desired => 1 << 12,
        test if test.is_of_request() => 1 << 44,
        _ => 1 << 28,
    }
}

impl Test {
    /// Returns true for what the caller cannot change without asking for something else.
    const fn is_of_request(&self) -> bool {
        matches!(
            self,
            Self::Action(_)
                | Self::Attribute(..)
                | Self::Method(_)
                | Self::Owner(_)
                | Self::Param(..)
                | Self::Route(_)
        )
    }
}
