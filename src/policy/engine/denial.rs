//! Reasons for a denial.

use std::sync::Arc;
use std::time::Duration;

use crate::policy::decision::{Decision, Reason, ReasonCode};
use crate::policy::engine::claim_predicate::{ClaimPredicate, Levels};
use crate::policy::engine::evaluation::Evaluation;
use crate::policy::engine::predicate::Predicate;
use crate::policy::engine::program::{ALLOW, DENY, Step};
use crate::policy::truth::Truth;

/// The predicates that would have to change for a condition to have the wanted outcome.
///
/// Of all ways to that outcome it is the cheapest one, by [`price`].
pub(in crate::policy) struct Obstacles<'p> {
    obstacles: Vec<Obstacle<'p>>,
    cost: u64,
}

struct Obstacle<'p> {
    step: &'p Step,
    truth: Truth,
    /// The value that the predicate would have to have.
    desired: bool,
    /// Whether it compares an id that could be one of several authorities.
    is_contested: bool,
}

impl<'p> Obstacles<'p> {
    /// Finds what keeps the condition at this entry from being true, or from being false.
    pub(in crate::policy) fn find(
        evaluation: &mut Evaluation<'p, '_>,
        entry: usize,
        goal: bool,
    ) -> Self {
        let end = evaluation.program.end(entry);
        let steps = evaluation.program.steps().get(entry..end);
        let steps = steps.unwrap_or_default();
        let truths: Vec<_> = steps.iter().map(|step| evaluation.evaluate(step)).collect();
        let mut choices = Choices {
            entry,
            goal,
            choices: vec![Choice::NONE; steps.len()],
        };
        for (at, (step, truth)) in steps.iter().zip(&truths).enumerate().rev() {
            let cheapest = choices.cheapest(step, *truth);
            if let Some(choice) = choices.choices.get_mut(at) {
                *choice = cheapest;
            }
        }
        let cost = choices.cost(entry);
        let mut obstacles = Vec::new();
        let mut at = entry;
        while let Some(choice) = choices.get(at) {
            if choice.is_obstacle
                && let Some((step, truth)) = steps.get(at - entry).zip(truths.get(at - entry))
            {
                obstacles.push(Obstacle {
                    step,
                    truth: *truth,
                    desired: step.expected == goal,
                    is_contested: evaluation.request.has_contested_ids()
                        && matches!(step.leaf.predicate, Predicate::Id(None, _)),
                });
            }
            at = choice.next;
        }
        Self { obstacles, cost }
    }

    /// Returns how far the request is from the wanted outcome.
    pub(in crate::policy) const fn cost(&self) -> u64 {
        self.cost
    }

    /// Returns a deny that names the obstacles.
    pub(in crate::policy) fn decision(&self) -> Decision {
        let reasons = self.obstacles.iter().map(Obstacle::reason);
        reasons.fold(self.denial(), Decision::with_reason)
    }

    /// Returns a deny for this reason; it names scopes only if they are the only obstacles.
    pub(in crate::policy) fn forbidden(&self, reason: Reason) -> Decision {
        let can_ask = |own: &Obstacle<'_>| own.is_missing_scope() || own.is_missing_detail();
        let decision = if self.obstacles.iter().all(can_ask) {
            self.denial()
        } else {
            Decision::deny()
        };
        decision.with_reason(reason)
    }

    fn denial(&self) -> Decision {
        let mut scopes: Vec<Arc<str>> = Vec::new();
        for obstacle in &self.obstacles {
            if let (Predicate::Scope(scope), true) = (obstacle.predicate(), obstacle.desired)
                && !scopes.contains(scope)
            {
                scopes.push(Arc::clone(scope));
            }
        }
        if !scopes.is_empty() || self.obstacles.iter().any(Obstacle::is_missing_detail) {
            return Decision::scope_insufficient(scopes);
        }
        let step_ups = self.obstacles.iter().map(Obstacle::step_up);
        match step_ups.collect::<Option<Vec<_>>>() {
            Some(step_ups) if !step_ups.is_empty() => step_up(&step_ups),
            _ => Decision::deny(),
        }
    }
}

/// A stronger or newer authentication that would remove an obstacle.
#[derive(Clone, Copy)]
enum StepUp<'p> {
    Age(Duration),
    Level(&'p Levels),
}

fn step_up(step_ups: &[StepUp<'_>]) -> Decision {
    let ages = step_ups.iter().filter_map(|step_up| match step_up {
        StepUp::Age(max) => Some(*max),
        StepUp::Level(_) => None,
    });
    let levels = step_ups.iter().filter_map(|step_up| match step_up {
        StepUp::Age(_) => None,
        StepUp::Level(levels) => Some(levels.sufficient()),
    });
    let mut decision = Decision::step_up();
    // The strictest one satisfies the others.
    if let Some(levels) = levels.min_by_key(|levels| levels.len()) {
        decision = decision.with_acr_values(levels.join(" "));
    }
    match ages.min() {
        Some(age) => decision.with_max_age(age),
        None => decision,
    }
}

impl<'p> Obstacle<'p> {
    fn predicate(&self) -> &'p Predicate {
        &self.step.leaf.predicate
    }

    fn is_missing_scope(&self) -> bool {
        self.desired && matches!(self.predicate(), Predicate::Scope(_))
    }

    /// Whether a client could ask for what is missing by `authorization_details`.
    fn is_missing_detail(&self) -> bool {
        let predicate = self.predicate();
        self.desired && matches!(predicate, Predicate::Claim(_, ClaimPredicate::Detail(_)))
    }

    fn step_up(&self) -> Option<StepUp<'p>> {
        match self.predicate() {
            Predicate::Claim(_, ClaimPredicate::Age(max)) if self.desired => {
                Some(StepUp::Age(*max))
            }
            Predicate::Claim(_, ClaimPredicate::Level(levels)) if self.desired => {
                Some(StepUp::Level(levels))
            }
            _ => None,
        }
    }

    fn reason(&self) -> Reason {
        let code = match self.truth {
            _ if self.is_missing_scope() => ReasonCode::ScopeMissing,
            Truth::Unknown => ReasonCode::Unknown,
            Truth::False | Truth::True => ReasonCode::NotMet,
        };
        if self.is_contested {
            let name = &self.step.leaf.name;
            return Reason::new(code, format!("{name}, of an authority that is not named"));
        }
        Reason::new(code, Arc::clone(&self.step.leaf.name))
    }
}

/// The cheapest choice at each step.
struct Choices {
    entry: usize,
    goal: bool,
    choices: Vec<Choice>,
}

/// Where the cheapest way to the goal leads from a step.
#[derive(Clone, Copy)]
struct Choice {
    next: usize,
    /// Whether the predicate would have to have another value.
    is_obstacle: bool,
    cost: u64,
}

impl Choice {
    const NONE: Self = Self {
        next: DENY,
        is_obstacle: false,
        cost: u64::MAX,
    };
}

impl Choices {
    fn cheapest(&self, step: &Step, truth: Truth) -> Choice {
        let desired = step.expected == self.goal;
        let (good, bad) = if self.goal {
            (step.met, step.missed)
        } else {
            (step.missed, step.met)
        };
        let is_obstacle = truth != Truth::from(desired);
        let price = if is_obstacle { price(step, desired) } else { 0 };
        let cost = self.cost(good).saturating_add(price);
        let detour = self.cost(bad);
        if is_obstacle && detour < cost {
            return Choice {
                next: bad,
                is_obstacle: false,
                cost: detour,
            };
        }
        Choice {
            next: good,
            is_obstacle,
            cost,
        }
    }

    fn cost(&self, at: usize) -> u64 {
        match at {
            ALLOW | DENY if (at == ALLOW) == self.goal => 0,
            _ => self.get(at).map_or(u64::MAX, |choice| choice.cost),
        }
    }

    fn get(&self, at: usize) -> Option<&Choice> {
        self.choices.get(at.checked_sub(self.entry)?)
    }
}

/// Returns the price of changing a predicate.
///
/// A client can ask for scopes and authorization details, so any number of them is cheaper than a stronger authentication,
/// that is cheaper than another fact of the caller, and that is cheaper than another request.
fn price(step: &Step, desired: bool) -> u64 {
    match &step.leaf.predicate {
        Predicate::Scope(_) | Predicate::Claim(_, ClaimPredicate::Detail(_)) if desired => 1,
        Predicate::Claim(_, ClaimPredicate::Age(_) | ClaimPredicate::Level(_)) if desired => {
            1 << 12
        }
        // The caller can change these only by sending another request.
        Predicate::Action(_)
        | Predicate::Attribute(..)
        | Predicate::Method(_)
        | Predicate::Owner(_)
        | Predicate::Param(..)
        | Predicate::Route(_) => 1 << 44,
        _ => 1 << 28,
    }
}
