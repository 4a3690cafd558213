//! Evaluation of a program.

use crate::json::Value;
use crate::limits;
use crate::policy::engine::bit_set;
use crate::policy::engine::program::{ALLOW, Fact, Program, Step, Unknowns};
use crate::policy::request::AccessRequest;
use crate::policy::truth::Truth;

/// The evaluation of a program for one request.
///
/// A claim that several predicates depend on is read once.
pub(in crate::policy) struct Evaluation<'s, 'r> {
    pub(in crate::policy) program: &'s Program,
    pub(in crate::policy) request: &'s AccessRequest<'r>,
    scopes: Option<CallerScopes>,
    slots: &'s mut [Slot<'r>],
    /// The number of times that the scopes of the caller were searched for one.
    #[cfg(test)]
    searches: usize,
}

/// The value of a claim that several predicates depend on.
#[derive(Clone, Copy)]
enum Slot<'r> {
    Read(Option<Value<'r>>),
    Unread,
}

/// The scopes of a program that the caller has, by number.
type CallerScopes = [u64; limits::POLICY_SCOPES / 64];

impl<'s, 'r> Evaluation<'s, 'r> {
    /// Calls with a new evaluation, whose slots are on the stack.
    #[inline]
    pub(in crate::policy) fn with<R>(
        program: &'s Program,
        request: &'s AccessRequest<'r>,
        run: impl FnOnce(&mut Evaluation<'_, 'r>) -> R,
    ) -> R {
        match program.slots() {
            0 => run(&mut Evaluation::new(program, request, &mut [])),
            1..=FEW => run(&mut Evaluation::new(
                program,
                request,
                &mut [Slot::Unread; FEW],
            )),
            _ => {
                let slots = &mut [Slot::Unread; limits::POLICY_CLAIMS];
                run(&mut Evaluation::new(program, request, slots))
            }
        }
    }

    fn new(
        program: &'s Program,
        request: &'s AccessRequest<'r>,
        slots: &'s mut [Slot<'r>],
    ) -> Self {
        Self {
            program,
            request,
            scopes: None,
            slots,
            #[cfg(test)]
            searches: 0,
        }
    }

    /// Reads the scopes of the caller once, for policies that require many, and calls with the
    /// number of each that the program knows. Returns `None` if the credential has no scope claim.
    #[inline]
    pub(in crate::policy) fn read_scopes(&mut self, mut found: impl FnMut(usize)) -> Option<()> {
        let names = self.request.principal().scopes()?;
        let mut scopes = [0; limits::POLICY_SCOPES / 64];
        for name in names.bytes() {
            if let Some(number) = self.program.scopes().find(name) {
                bit_set::insert(&mut scopes, number);
                found(number);
            }
        }
        self.scopes = Some(scopes);
        Some(())
    }

    /// Evaluates the condition at this entry.
    pub(in crate::policy) fn truth(&mut self, entry: usize) -> Truth {
        if self.run(entry, Unknowns::Missed).is_some() {
            Truth::True
        } else if self.run(entry, Unknowns::Met).is_some() {
            Truth::Unknown
        } else {
            Truth::False
        }
    }

    /// Returns the last step if the condition at this entry is met.
    #[inline(always)]
    pub(in crate::policy) fn run(&mut self, entry: usize, unknowns: Unknowns) -> Option<&'s Step> {
        let program = self.program;
        let mut at = entry;
        loop {
            let step = program.steps().get(at)?;
            let is_met = match self.evaluate(step) {
                Truth::True => step.expected,
                Truth::False => !step.expected,
                Truth::Unknown => matches!(unknowns, Unknowns::Met),
            };
            at = if is_met { step.met } else { step.missed };
            if at == ALLOW {
                return Some(step);
            }
        }
    }

    /// Evaluates the predicate of a step.
    #[inline]
    pub(in crate::policy) fn evaluate(&mut self, step: &Step) -> Truth {
        let predicate = &step.leaf.predicate;
        match (step.fact, &self.scopes) {
            (Fact::Scope(number), Some(scopes)) => bit_set::contains(scopes, number).into(),
            (Fact::Claim(slot), _) => {
                let value = self.claim(slot, step);
                predicate.evaluate_claim(value, self.request)
            }
            (Fact::SharedScope(number), _) => self.shared_scope(number),
            (Fact::Scope(_), None) | (Fact::Request, _) => {
                #[cfg(test)]
                {
                    self.searches += usize::from(step.fact != Fact::Request);
                }
                predicate.evaluate(self.request)
            }
        }
    }

    /// Returns whether the caller has the scope of this number, and reads all scopes before the
    /// first.
    #[inline(never)]
    fn shared_scope(&mut self, number: usize) -> Truth {
        if self.scopes.is_none() {
            self.read_scopes(|_| ());
        }
        let scopes = self.scopes.as_ref();
        scopes.map(|own| bit_set::contains(own, number)).into()
    }

    fn claim(&mut self, slot: usize, step: &Step) -> Option<Value<'r>> {
        let path = step.leaf.predicate.path()?;
        match self.slots.get_mut(slot) {
            Some(Slot::Read(value)) => *value,
            Some(slot) => {
                let value = path.find(self.request);
                *slot = Slot::Read(value);
                value
            }
            None => path.find(self.request),
        }
    }
}

/// The number of shared claims that most programs do not exceed.
const FEW: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;
    use crate::policy::{Condition, require_scope};
    use crate::principal::{Principal, PrincipalKind};

    /// The number of searches through the scopes of a caller with 2 500 of them, and the result.
    fn searches(condition: &Condition) -> (usize, Truth) {
        let own = (0..2_500).map(|at| format!("s{at}"));
        let builder = Principal::builder(PrincipalKind::Other, "idp");
        let caller = builder.scopes(own).build();
        let request = AccessRequest::new(&caller, UnixTime::from_secs(0));
        let program = Program::compile(condition.nodes());
        Evaluation::with(&program, &request, |evaluation| {
            let truth = evaluation.truth(0);
            (evaluation.searches, truth)
        })
    }

    fn any(missing: usize, last: &str) -> Condition {
        let names = (0..missing).map(|at| format!("other{at}"));
        Condition::any(names.chain([last.to_owned()]).map(require_scope)).unwrap()
    }

    #[test]
    fn the_scopes_of_a_caller_are_searched_for_few_names_only() {
        for (missing, expected) in [(0, 1), (3, 4), (4, 0), (400, 0), (1_000, 0)] {
            let condition = any(missing, "s2499");
            assert_eq!(searches(&condition), (expected, Truth::True), "{missing}");
            // Both runs of a condition that does not hold, and their negations.
            let denied = any(missing, "other");
            assert_eq!(searches(&denied), (expected * 2, Truth::False), "{missing}");
            let negated = searches(&denied.not());
            assert_eq!(negated.1, Truth::True, "{missing}");
        }
    }

    #[test]
    fn many_scopes_are_unknown_for_a_caller_without_scopes() {
        let caller = Principal::builder(PrincipalKind::Other, "idp").build();
        let request = AccessRequest::new(&caller, UnixTime::from_secs(0));
        for missing in [1, 400] {
            let condition = any(missing, "s1");
            assert_eq!(condition.evaluate(&request), Truth::Unknown);
            assert_eq!(condition.not().evaluate(&request), Truth::Unknown);
        }
    }
}
