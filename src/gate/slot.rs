//! One slot: where a credential is looked for and who judges it.

use std::sync::Arc;

use crate::clock::UnixTime;
use crate::credential::Place;
use crate::credential::PresentedCredential;
use crate::credential::Sources;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::now_or_later::NowOrLater;
use crate::principal::Principal;
use crate::request::RequestFacts;
use crate::revocation::RevocationList;
use crate::validator::Router;
use crate::validator::TokenValidator;

/// Places and their judges.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) sources: Sources,
    pub(super) router: Router,
    pub(super) revocations: Vec<Arc<dyn RevocationList>>,
}

/// Whom a slot's credential belongs to.
pub(super) struct Found {
    pub(super) principal: Principal,
    pub(super) in_query: bool,
}

type Answer = Result<Option<Found>, Rejection>;

/// How far a slot is judged without waiting.
enum Progress {
    Done(Answer),
    /// The judge has accepted; a list has to be waited for.
    Judged(Found),
    Unjudged,
}

impl Slot {
    /// Judges the slot's credential; a slot that holds none gives `None`.
    pub(super) fn judge<'a>(
        &'a self,
        facts: RequestFacts<'a>,
        now: UnixTime,
    ) -> NowOrLater<'a, Answer> {
        match self.judge_now(&facts, now) {
            Progress::Done(answer) => NowOrLater::now(answer),
            // A judge that has answered may have used up a proof: it is not asked again.
            Progress::Judged(found) => NowOrLater::later(self.stand_later(found)),
            Progress::Unjudged => NowOrLater::later(self.judge_later(facts, now)),
        }
    }

    fn judge_now(&self, facts: &RequestFacts<'_>, now: UnixTime) -> Progress {
        let presented = match self.extract(facts) {
            Ok(Some(presented)) => presented.at(now),
            Ok(None) => return Progress::Done(Ok(None)),
            Err(rejection) => return Progress::Done(Err(rejection)),
        };
        match self.router.validate(&presented).try_now() {
            Ok(Ok(principal)) => self.stand_now(Found::new(principal, &presented)),
            Ok(Err(rejection)) => Progress::Done(Err(rejection)),
            Err(_) => Progress::Unjudged,
        }
    }

    fn stand_now(&self, found: Found) -> Progress {
        for list in &self.revocations {
            let checked = list.check(&found.principal).try_now().ok();
            match checked {
                Some(Ok(())) => {}
                Some(Err(rejection)) => return Progress::Done(Err(rejection)),
                None => return Progress::Judged(found),
            }
        }
        Progress::Done(Ok(Some(found)))
    }

    async fn judge_later(&self, facts: RequestFacts<'_>, now: UnixTime) -> Answer {
        let Some(presented) = self.extract(&facts)? else {
            return Ok(None);
        };
        let presented = presented.at(now);
        let principal = self.router.validate(&presented).await?;
        self.stand_later(Found::new(principal, &presented)).await
    }

    async fn stand_later(&self, found: Found) -> Answer {
        for list in &self.revocations {
            list.check(&found.principal).await?;
        }
        Ok(Some(found))
    }

    /// A judge's own `credential_missing` is a refusal like any other, so none is told from that.
    fn extract<'r>(
        &'r self,
        facts: &'r RequestFacts<'r>,
    ) -> Result<Option<PresentedCredential<'r>>, Rejection> {
        match self.sources.extract(facts) {
            Ok(presented) => Ok(Some(presented)),
            Err(rejection) if rejection.kind() == RejectionKind::CredentialMissing => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}

impl Found {
    fn new(principal: Principal, presented: &PresentedCredential<'_>) -> Self {
        let in_query = matches!(presented.place(), Place::Query(_));
        Self {
            principal,
            in_query,
        }
    }
}
