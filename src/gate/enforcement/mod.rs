//! What a gate enforces around the credential and the policy of a request.

mod claimed;
mod decision;
mod enforced;
mod location;
mod records;
mod state;
mod steps;
mod trail;
mod unenforced;

pub(super) use enforced::Enforcement;
pub(super) use location::SourceAdmission;
pub(super) use state::RequestState;
pub(super) use trail::Trail;
pub(super) use unenforced::Unenforced;

use super::admitted::{Admitted, Authenticated};
use super::core::GateCore;
use super::stop::Stop;
use crate::clock::UnixTime;
use crate::http_response::Refusal;
use crate::metrics::Stage;
use crate::now_or_later::NowOrLater;
use crate::policy::{AccessRequest, Decision};
use crate::request::RequestFacts;

/// The steps of a request that are not its credential or its policy.
pub(super) trait Enforce: Sized + Sync {
    /// What is known of one request.
    type State: Send + Sync + 'static;

    /// Steps 1 to 4. It returns the facts with the address of the client.
    fn begin<'a>(
        &'a self,
        gate: &'a GateCore,
        facts: RequestFacts<'a>,
    ) -> (RequestFacts<'a>, Self::State, Result<(), Stop>);

    /// Returns the time of the request.
    fn now(state: &Self::State) -> Option<UnixTime>;

    /// Step 5. What it charges is in the state; this is true of the next two as well. An answer that
    /// is dropped before it is ready has charged nothing.
    fn limit_source<'a>(&'a self, state: &'a mut Self::State) -> NowOrLater<'a, Result<(), Stop>>;

    /// Step 7.
    fn limit_caller<'a>(
        &'a self,
        state: &'a mut Self::State,
        caller: &'a Authenticated,
    ) -> NowOrLater<'a, Result<(), Stop>>;

    /// Step 9; after a denial it only charges.
    fn limit_class<'a>(
        &'a self,
        state: &'a mut Self::State,
        caller: &'a Authenticated,
        decision: &'a Decision,
    ) -> NowOrLater<'a, Result<(), Stop>>;

    /// Starts the access request of the caller.
    fn request<'r>(state: &'r Self::State, caller: &'r Authenticated) -> AccessRequest<'r>;

    /// Measures the stage that has ended, if stages are measured.
    fn passed(&self, state: &mut Self::State, stage: Stage);

    /// Step 10 of a request that is admitted.
    fn admit<'a>(
        &'a self,
        gate: &'a GateCore,
        facts: RequestFacts<'a>,
        state: Self::State,
        caller: Authenticated,
        decision: Decision,
    ) -> NowOrLater<'a, Result<Admitted, Refusal>>;

    /// Step 10 of a request of an anonymous caller that is let in.
    fn admit_anonymous<'a>(
        &'a self,
        gate: &'a GateCore,
        facts: RequestFacts<'a>,
        state: Self::State,
    ) -> NowOrLater<'a, Result<(), Refusal>>;

    /// Hands the state over to a caller of which nothing is decided yet.
    fn identified(
        &self,
        facts: RequestFacts<'_>,
        state: Self::State,
        caller: Authenticated,
    ) -> Authenticated;

    /// Step 10 of a request that is refused.
    fn refuse<'a>(
        &'a self,
        gate: &'a GateCore,
        facts: RequestFacts<'a>,
        state: Self::State,
        caller: Option<Authenticated>,
        stop: Stop,
    ) -> NowOrLater<'a, Refusal>;
}
