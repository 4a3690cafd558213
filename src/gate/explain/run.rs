//! The way of one request through a gate, explained.

use super::denial;
use super::origin::{LIMITS, ORIGIN, begin};
use super::request_explanation::{ExplainedCaller, RequestExplanation, Section};
use crate::clock::UnixTime;
use crate::diagnosis::{Explanation, Outcome, Step, Withheld, error_chain};
use crate::error::{Rejection, RejectionKind};
use crate::gate::Gate;
use crate::gate::admitted::access_request;
use crate::gate::core::Presented;
use crate::gate::enforcement::RequestState;
use crate::gate::slot::{Slot, SlotCaller};
use crate::gate::stop::Stop;
use crate::http_response::Refusal;
use crate::now_or_later::NowOrLater;
use crate::policy::{Authorizer, Decision};
use crate::principal::Principal;
use crate::request::RequestFacts;
use crate::revocation_list::RevocationList;
use crate::validator::{ProofPlace, TokenValidator};

/// One explanation that is being made.
pub(super) struct Run<'a> {
    pub(super) gate: &'a Gate,
    pub(super) facts: RequestFacts<'a>,
    pub(super) mode: Mode,
    pub(super) shows_values: bool,
}

/// What is done about an answer that is not ready.
#[derive(Clone, Copy)]
pub(super) enum Mode {
    /// It is dropped unpolled, and the explanation is given up.
    ReadyOnly,
    /// It is waited for.
    Wait,
}

/// An answer was not ready.
pub(super) struct NotReady;

/// The names of one slot's sections.
struct SlotSections {
    credential: &'static str,
    validation: &'static str,
    revocation: &'static str,
}

const USER: SlotSections = SlotSections {
    credential: "credential",
    validation: "validation",
    revocation: "revocation",
};

const CLIENT: SlotSections = SlotSections {
    credential: "application credential",
    validation: "application validation",
    revocation: "application revocation",
};

pub(super) const AUTHORIZATION: &str = "authorization";
const PROOF: &str = "proof";

/// All sections in the order in which a request is checked.
const ORDER: &[&str] = &[
    ORIGIN,
    USER.credential,
    USER.validation,
    USER.revocation,
    CLIENT.credential,
    CLIENT.validation,
    CLIENT.revocation,
    AUTHORIZATION,
    LIMITS,
    PROOF,
];

/// What one slot has.
enum SlotContent {
    Caller(SlotCaller),
    /// No credential, and the step that says so.
    Missing(Step),
    Rejected(Rejection),
}

impl Mode {
    async fn answer<T: Send>(self, question: NowOrLater<'_, T>) -> Result<T, NotReady> {
        match self {
            Self::ReadyOnly => question.try_now().map_err(|_| NotReady),
            Self::Wait => Ok(question.await),
        }
    }
}

impl Run<'_> {
    /// Checks the request in the order of [`Gate::check`].
    pub(super) async fn explain(mut self) -> Result<RequestExplanation, NotReady> {
        let mut report = RequestExplanation::new(&self.facts);
        let begun = begin(self.gate, &mut self.facts);
        let refused = match begun {
            Some(begun) => {
                report.sections.push(begun.section);
                report.now = begun.state.now;
                match begun.stop {
                    Some(stop) => Some(self.stopped(stop)),
                    None => self.checked(Some(&begun.state), &mut report).await?.err(),
                }
            }
            None => self.checked(None, &mut report).await?.err(),
        };
        report.refusal = refused;
        self.skip_rest(&mut report);
        Ok(report)
    }

    async fn checked(
        &self,
        state: Option<&RequestState>,
        report: &mut RequestExplanation,
    ) -> Result<Result<(), Refusal>, NotReady> {
        let Some(now) = self.gate.0.core.clock.now() else {
            let step = Step::no_time();
            report
                .sections
                .push(Section::new(USER.credential, vec![step]));
            return Ok(Err(self.refuse(RejectionKind::Unavailable)));
        };
        report.now = Some(now);
        let slots = &self.gate.0.core.slots;
        let user = self.slot(&slots.user, now, &USER, report).await?;
        let user = match user {
            SlotContent::Rejected(rejection) => return Ok(Err(self.refuse(rejection))),
            user => user,
        };
        let client = match &slots.client {
            Some(slot) => Some(self.slot(slot, now, &CLIENT, report).await?),
            None => None,
        };
        let callers = match all_slots(user, client, report) {
            Ok(callers) => callers,
            Err(rejection) => return Ok(Err(self.refuse(rejection))),
        };
        self.authorized(callers, (now, state), report).await
    }

    /// Explains the credential of one slot, its validation and its revocation.
    async fn slot(
        &self,
        slot: &Slot,
        now: UnixTime,
        names: &SlotSections,
        report: &mut RequestExplanation,
    ) -> Result<SlotContent, NotReady> {
        let place = ProofPlace::for_diagnosis();
        let (step, extracted) = slot.sources.explain(&self.facts);
        let presented = match extracted {
            Ok(presented) => presented.at(now).with_hand_over(&place),
            Err(rejection) if rejection.kind() == RejectionKind::CredentialMissing => {
                return Ok(SlotContent::Missing(step));
            }
            Err(rejection) => {
                report
                    .sections
                    .push(Section::new(names.credential, vec![step]));
                return Ok(SlotContent::Rejected(rejection));
            }
        };
        report
            .sections
            .push(Section::new(names.credential, vec![step]));
        let explained = self.mode.answer(slot.router.explain(&presented)).await?;
        let validated = self.mode.answer(slot.router.validate(&presented)).await?;
        let withheld = || Withheld::of(presented.credential().expose());
        let validated = validated.map_err(|own| withheld().hide_in_source(own));
        let steps = agreed(explained, &validated);
        report.sections.push(Section::new(names.validation, steps));
        let principal = match validated {
            Ok(principal) => principal,
            Err(rejection) => return Ok(SlotContent::Rejected(rejection)),
        };
        let shown = ExplainedCaller::new(&principal, self.shows_values);
        match names.credential == USER.credential {
            true => report.caller = Some(shown),
            false => report.client = Some(shown),
        }
        let (steps, revoked) = self.revocation(slot, &principal).await?;
        report.sections.push(Section::new(names.revocation, steps));
        if let Some(rejection) = revoked {
            return Ok(SlotContent::Rejected(rejection));
        }
        let caller = slot.caller(principal, &presented);
        let proof = place.into_proof();
        Ok(SlotContent::Caller(SlotCaller { proof, ..caller }))
    }

    async fn revocation(
        &self,
        slot: &Slot,
        principal: &Principal,
    ) -> Result<(Vec<Step>, Option<Rejection>), NotReady> {
        let mut steps = Vec::new();
        for list in &slot.revocations {
            let checked = self.mode.answer(list.check_revocation(principal)).await?;
            let Err(rejection) = checked else {
                steps.push(Step::ok("revocation list"));
                continue;
            };
            let step = Step::failed("revocation list")
                .expected("no revocation of the token, its subject, client, session or key")
                .found(error_chain(&rejection));
            steps.push(match rejection.kind() {
                RejectionKind::Unavailable => {
                    step.hint("ask `Gate::doctor` what the list depends on")
                }
                _ => step.hint("the caller needs a new credential, unless it was revoked in error"),
            });
            return Ok((steps, Some(rejection)));
        }
        if steps.is_empty() {
            steps.push(Step::skipped("revocation list").found("no list is configured"));
        }
        Ok((steps, None))
    }

    async fn authorized(
        &self,
        (user, client): (SlotCaller, Option<SlotCaller>),
        (now, state): (UnixTime, Option<&RequestState>),
        report: &mut RequestExplanation,
    ) -> Result<Result<(), Refusal>, NotReady> {
        report.has_proof = client.iter().chain([&user]).any(|own| own.proof.is_some());
        let client = client.as_ref();
        let client = client.map(|own| (&own.principal, own.has_contested_ids));
        let request = access_request(now, (&user.principal, user.has_contested_ids), client);
        let mut request = request.with_facts(&self.facts);
        if let Some(is_encrypted) = state.and_then(|state| state.is_encrypted) {
            request = request.with_tls(is_encrypted);
        }
        if self.shows_values {
            request = request.with_shown_values();
        }
        let authorizer = &self.gate.0.core.authorizer;
        report.trace = self.mode.answer(authorizer.trace(&request)).await?;
        let decision = self.mode.answer(authorizer.authorize(&request)).await?;
        let step = denial::step(&decision, report.trace.as_ref(), &user.principal);
        report
            .sections
            .push(Section::new(AUTHORIZATION, vec![step]));
        Ok(match decision.is_allowed() {
            true => Ok(()),
            false => Err(self.deny(decision)),
        })
    }

    /// Adds the sections that were not reached, and that of the proof, which is never asked for.
    fn skip_rest(&self, report: &mut RequestExplanation) {
        let client = self.gate.0.core.slots.client.as_ref().map(|_| &CLIENT);
        for names in [Some(&USER), client].into_iter().flatten() {
            for name in [names.credential, names.validation, names.revocation] {
                skip(name, report);
            }
        }
        skip(AUTHORIZATION, report);
        let enforcement = self.gate.0.enforcement.as_deref();
        if enforcement.is_some_and(|enforcement| enforcement.limits.is_some()) {
            let found = "limits are not asked, because each question is charged";
            let step = Step::skipped("limits").found(found);
            report.sections.push(Section::new(LIMITS, vec![step]));
        }
        let found = match report.has_proof {
            true => {
                "the token is bound to a key; a proof is good for one check, so it is not asked for"
            }
            false => "no token that is bound to a key",
        };
        let step = Step::skipped("proof of possession").found(found);
        report.sections.push(Section::new(PROOF, vec![step]));
        report.sections.sort_by_key(|section| {
            let place = ORDER.iter().position(|name| *name == section.name());
            place.unwrap_or(ORDER.len())
        });
    }

    fn refuse(&self, rejection: impl Into<Rejection>) -> Refusal {
        self.stopped(Stop::Rejected(rejection.into()))
    }

    fn deny(&self, decision: Decision) -> Refusal {
        self.stopped(Stop::Denied(decision))
    }

    fn stopped(&self, stop: Stop) -> Refusal {
        let core = &self.gate.0.core;
        core.refusal(stop, Presented::new(&self.facts, core.clock.now()))
    }
}

fn skip(name: &'static str, report: &mut RequestExplanation) {
    if report.section(name).is_none() {
        let section = Section::new(name, vec![Step::skipped("not reached")]);
        report.sections.push(section);
    }
}

/// Requires a caller in every slot, as a gate does: a rejected credential is named before a missing
/// one, and the first slot before the second.
fn all_slots(
    user: SlotContent,
    client: Option<SlotContent>,
    report: &mut RequestExplanation,
) -> Result<(SlotCaller, Option<SlotCaller>), Rejection> {
    if let Some(SlotContent::Rejected(rejection)) = client {
        if let SlotContent::Missing(step) = user {
            // Only one step of an explanation fails.
            let found = step.found_text().unwrap_or_default();
            let step = Step::skipped(step.name()).found(found);
            report
                .sections
                .push(Section::new(USER.credential, vec![step]));
        }
        return Err(rejection);
    }
    let user = match user {
        SlotContent::Caller(caller) => caller,
        SlotContent::Missing(step) => {
            let section = Section::new(USER.credential, vec![step]);
            report.sections.push(section);
            return Err(RejectionKind::CredentialMissing.into());
        }
        SlotContent::Rejected(rejection) => return Err(rejection),
    };
    let client = match client {
        Some(SlotContent::Missing(step)) => {
            let section = Section::new(CLIENT.credential, vec![step]);
            report.sections.push(section);
            return Err(RejectionKind::CredentialMissing.into());
        }
        Some(SlotContent::Caller(caller)) => Some(caller),
        Some(SlotContent::Rejected(_)) | None => None,
    };
    Ok((user, client))
}

/// Returns the steps of a validator, and where they disagree with its result, the result as a step.
fn agreed(explained: Explanation, validated: &Result<Principal, Rejection>) -> Vec<Step> {
    let explained_kind = explained.rejection().map(Rejection::kind);
    let (mut steps, _) = explained.into_parts();
    match validated {
        Ok(_) if explained_kind.is_none() => {}
        Err(rejection) if explained_kind == Some(rejection.kind()) => {}
        result => {
            steps.retain(|step| step.outcome() != Outcome::Failed);
            steps.push(match result {
                Ok(_) => Step::ok("result").found("the validator accepts the credential"),
                Err(rejection) => Step::failed("result")
                    .expected("a credential that is accepted")
                    .found(error_chain(rejection))
                    .hint("the steps and the result of this validator do not agree"),
            });
        }
    }
    steps
}
