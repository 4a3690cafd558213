//! One run of a program: the request, and what was read of it so far.

use crate::json::Value;
use crate::limits;
use crate::policy::engine::program::ALLOW;
use crate::policy::engine::program::Ask;
use crate::policy::engine::program::Doubt;
use crate::policy::engine::program::Program;
use crate::policy::engine::program::Step;
use crate::policy::request::AccessRequest;
use crate::policy::truth::Truth;

/// A request before a program; a claim that several tests ask about is read once.
pub(in crate::policy) struct Scene<'s, 'r> {
    pub(in crate::policy) program: &'s Program,
    pub(in crate::policy) request: &'s AccessRequest<'r>,
    held: Option<Held>,
    slots: &'s mut [Slot<'r>],
}

#[derive(Clone, Copy)]
enum Slot<'r> {
    Read(Option<Value<'r>>),
    Unread,
}

/// Which scopes of a program the caller has, a bit for each.
#[derive(Clone, Copy)]
struct Held([u64; limits::POLICY_SCOPES / 64]);

impl<'s, 'r> Scene<'s, 'r> {
    /// Sets a scene, with as much room as the program needs.
    #[inline]
    pub(in crate::policy) fn set<R>(
        program: &'s Program,
        request: &'s AccessRequest<'r>,
        run: impl FnOnce(&mut Scene<'_, 'r>) -> R,
    ) -> R {
        match program.slots() {
            0 => run(&mut Scene::new(program, request, &mut [])),
            1..=FEW => run(&mut Scene::new(program, request, &mut [Slot::Unread; FEW])),
            _ => {
                let slots = &mut [Slot::Unread; limits::POLICY_CLAIMS];
                run(&mut Scene::new(program, request, slots))
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
            held: None,
            slots,
        }
    }

    /// Reads the scopes of the caller once, for programs that ask about many, and calls for the
    /// number of each that the program knows; returns `None` if the credential says nothing about
    /// scopes.
    #[inline]
    pub(in crate::policy) fn read_scopes(&mut self, mut found: impl FnMut(usize)) -> Option<()> {
        let own = self.request.principal().scopes()?;
        let mut held = Held([0; limits::POLICY_SCOPES / 64]);
        for scope in own.bytes() {
            if let Some(number) = self.program.scopes().find(scope) {
                held.add(number);
                found(number);
            }
        }
        self.held = Some(held);
        Some(())
    }

    pub(in crate::policy) fn verdict(&mut self, entry: usize) -> Truth {
        if self.run(entry, Doubt::Against).is_some() {
            Truth::True
        } else if self.run(entry, Doubt::For).is_some() {
            Truth::Unknown
        } else {
            Truth::False
        }
    }

    /// Returns the test that settled it if the condition at this entry is met.
    #[inline]
    pub(in crate::policy) fn run(&mut self, entry: usize, doubt: Doubt) -> Option<&'s Step> {
        let program = self.program;
        let mut at = entry;
        loop {
            let step = program.steps().get(at)?;
            let is_met = match self.ask(step) {
                Truth::True => step.wanted,
                Truth::False => !step.wanted,
                Truth::Unknown => matches!(doubt, Doubt::For),
            };
            at = if is_met { step.met } else { step.missed };
            if at == ALLOW {
                return Some(step);
            }
        }
    }

    #[inline]
    pub(in crate::policy) fn ask(&mut self, step: &Step) -> Truth {
        let test = &step.leaf.test;
        match (step.ask, &self.held) {
            (Ask::Scope(number), Some(held)) => held.has(number).into(),
            (Ask::Claim(slot), _) => {
                let value = self.claim(slot, step);
                test.ask_value(value, self.request.now())
            }
            (Ask::Scope(_), None) | (Ask::Leaf, _) => test.ask(self.request),
        }
    }

    fn claim(&mut self, slot: usize, step: &Step) -> Option<Value<'r>> {
        let path = step.leaf.test.path()?;
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

/// How many claims most programs share at most.
const FEW: usize = 8;

impl Held {
    fn add(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    fn has(&self, number: usize) -> bool {
        let word = self.0.get(number / 64);
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }
}
