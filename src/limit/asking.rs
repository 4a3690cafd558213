//! Asking the limits of one stage of a request.

use super::ask::Ask;
use super::charges::{Account, Charges, Mark};
use super::exceeded::{Exceeded, Refused};
use super::results::Results;
use super::rules::Rules;
use super::stage::Stage;
use crate::now_or_later::NowOrLater;

/// One request at the limits of one stage.
pub(super) struct Asking<'a, 'r> {
    pub(super) ask: &'r Ask<'a>,
    pub(super) account: &'r mut Account,
    /// What is not counted yet.
    pub(super) results: Results,
}

/// What one limit answers.
pub(super) enum Step {
    /// The next limit is asked.
    Go,
    Refused(Refused),
    /// The same limit is asked again, by a future.
    Wait,
}

/// What the limits of a stage answer.
enum Answer {
    Passed,
    Refused(Refused),
    /// The limit at this place has to wait.
    Wait(Place),
}

/// A place in the list of a stage.
#[derive(Clone, Copy)]
struct Place {
    stage: Stage,
    index: usize,
    /// What the limits before it have answered.
    results: Results,
}

impl Charges {
    /// Asks all limits of a stage, and returns the charges. The answer is ready unless a store has
    /// to be waited for. They are charged inside the answer, so that they are moved less.
    #[inline]
    pub(super) fn ask<'a>(
        self,
        ask: &Ask<'a>,
        stage: Stage,
    ) -> NowOrLater<'a, Result<Self, Exceeded>> {
        let mut answer = NowOrLater::now(Ok(self));
        let asked = match answer.ready_mut() {
            Some(Ok(charges)) => charges.ask_now(ask, stage),
            _ => Answer::Passed,
        };
        if let Answer::Passed = asked {
            return answer;
        }
        Self::not_passed(answer, asked, ask)
    }

    #[cold]
    fn not_passed<'a>(
        answer: NowOrLater<'a, Result<Self, Exceeded>>,
        asked: Answer,
        ask: &Ask<'a>,
    ) -> NowOrLater<'a, Result<Self, Exceeded>> {
        match (answer.try_now(), asked) {
            (Ok(Ok(charges)), Answer::Refused(refused)) => {
                NowOrLater::now(Err(Exceeded::new(charges, refused)))
            }
            (Ok(Ok(charges)), Answer::Wait(place)) => charges.ask_from(*ask, place),
            (Ok(answer), _) => NowOrLater::now(answer),
            (Err(later), _) => later,
        }
    }

    fn ask_from<'a>(
        mut self,
        ask: Ask<'a>,
        place: Place,
    ) -> NowOrLater<'a, Result<Self, Exceeded>> {
        NowOrLater::later(async move {
            match self.ask_later(&ask, place).await {
                None => Ok(self),
                Some(refused) => Err(Exceeded::new(self, refused)),
            }
        })
    }

    /// Asks all limits of a stage, and adds what they charge. Where one refuses, and where the
    /// answer is dropped before it is ready, everything of this stage is given back.
    #[inline]
    pub(super) fn ask_more<'a>(
        &'a mut self,
        ask: &Ask<'a>,
        stage: Stage,
    ) -> NowOrLater<'a, Result<(), Box<Exceeded>>> {
        let mark = self.mark();
        match self.ask_now(ask, stage) {
            Answer::Passed => {
                self.ended(stage);
                NowOrLater::now(Ok(()))
            }
            Answer::Refused(refused) => {
                NowOrLater::now(Err(Box::new(Exceeded::since(&mark, self, refused))))
            }
            Answer::Wait(place) => Unfinished::new(self, mark).ask_from(*ask, place),
        }
    }

    /// Charges the rate limits of the class as far as there is room. Nothing refuses.
    pub(super) fn charge_denied(&mut self, ask: &Ask<'_>) {
        let Some((rules, account)) = self.parts() else {
            return;
        };
        let mut asking = Asking {
            ask,
            account,
            results: Results::new(),
        };
        for index in list(rules, ask, Stage::Class) {
            if let Some(rule) = rules.rule(*index).filter(|rule| rule.has_class_of(ask)) {
                asking.charge_room(rules, *index, rule);
            }
        }
        asking.results.count(rules);
    }

    fn ended(&mut self, stage: Stage) {
        if stage == Stage::Before {
            self.end_first();
        }
    }

    #[inline]
    fn ask_now(&mut self, ask: &Ask<'_>, stage: Stage) -> Answer {
        let Some((rules, account)) = self.parts() else {
            return Answer::Passed;
        };
        let list = list(rules, ask, stage);
        let mut asking = Asking {
            ask,
            account,
            results: Results::new(),
        };
        for (place, index) in list.iter().enumerate() {
            let Some(rule) = rules.rule(*index).filter(|rule| rule.has_class_of(ask)) else {
                continue;
            };
            match asking.ask_now(rules, *index, rule) {
                Step::Go => {}
                Step::Refused(refused) => {
                    asking.results.count(rules);
                    return Answer::Refused(refused);
                }
                Step::Wait => {
                    return Answer::Wait(Place {
                        stage,
                        index: place,
                        results: asking.results,
                    });
                }
            }
        }
        asking.results.count(rules);
        Answer::Passed
    }

    /// Asks the limits from a place on, whose limit has to wait.
    async fn ask_later(&mut self, ask: &Ask<'_>, place: Place) -> Option<Refused> {
        let (rules, account) = self.parts()?;
        let list = rules.list(ask, place.stage);
        place.results.count(rules);
        let mut asking = Asking {
            ask,
            account,
            results: Results::new(),
        };
        let mut waits = true;
        for index in list.iter().skip(place.index) {
            let Some(rule) = rules.rule(*index).filter(|rule| rule.has_class_of(ask)) else {
                continue;
            };
            let mut step = match std::mem::take(&mut waits) {
                true => Step::Wait,
                false => asking.ask_now(rules, *index, rule),
            };
            if let Step::Wait = step {
                step = asking.ask_later(rules, *index, rule).await;
            }
            std::mem::replace(&mut asking.results, Results::new()).count(rules);
            if let Step::Refused(refused) = step {
                return Some(refused);
            }
        }
        None
    }
}

/// Returns the limits of a stage, and reports a class that no limit has: the plan of the caller limits
/// it all the same.
#[inline]
fn list<'r>(rules: &'r Rules, ask: &Ask<'_>, stage: Stage) -> &'r [u16] {
    if let (Stage::Class | Stage::All, Some(class)) = (stage, ask.class) {
        rules.report_unknown_class(class, ask.elapsed);
    }
    rules.list(ask, stage)
}

/// A stage that waits for a store. Dropped before it is answered, it gives back what it has charged.
struct Unfinished<'c> {
    charges: &'c mut Charges,
    mark: Option<Mark>,
}

impl<'c> Unfinished<'c> {
    const fn new(charges: &'c mut Charges, mark: Mark) -> Self {
        let mark = Some(mark);
        Self { charges, mark }
    }

    fn ask_from(mut self, ask: Ask<'c>, place: Place) -> NowOrLater<'c, Result<(), Box<Exceeded>>> {
        NowOrLater::later(async move {
            let refused = self.charges.ask_later(&ask, place).await;
            match (refused, self.mark.take()) {
                (Some(refused), Some(mark)) => {
                    Err(Box::new(Exceeded::since(&mark, self.charges, refused)))
                }
                _ => {
                    self.charges.ended(place.stage);
                    Ok(())
                }
            }
        })
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(mark) = self.mark.take() {
            self.charges.roll_back(&mark);
        }
    }
}
