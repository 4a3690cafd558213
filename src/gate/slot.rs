//! One slot: where a credential is looked for and who judges it.

use std::sync::Arc;

use crate::clock::UnixTime;
use crate::credential::Place;
use crate::credential::Presented;
use crate::credential::Sources;
use crate::future::NowOrLater;
use crate::principal::Principal;
use crate::rejection::Rejection;
use crate::rejection::RejectionKind;
use crate::request::RequestFacts;
use crate::revocation::RevocationList;
use crate::validate::Router;
use crate::validate::TokenValidator;

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

impl Slot {
    /// Judges the slot's credential; a slot that holds none gives `None`.
    pub(super) fn judge<'a>(
        &'a self,
        facts: RequestFacts<'a>,
        now: UnixTime,
    ) -> NowOrLater<'a, Answer> {
        match self.judge_now(&facts, now) {
            Some(answer) => NowOrLater::now(answer),
            None => NowOrLater::later(self.judge_later(facts, now)),
        }
    }

    fn judge_now(&self, facts: &RequestFacts<'_>, now: UnixTime) -> Option<Answer> {
        let presented = match self.extract(facts) {
            Ok(Some(presented)) => presented.at(now),
            Ok(None) => return Some(Ok(None)),
            Err(rejection) => return Some(Err(rejection)),
        };
        let result = self.router.validate(&presented).try_now().ok()?;
        let judged = match result {
            Ok(principal) => self.standing_now(&principal)?.map(|()| principal),
            Err(rejection) => Err(rejection),
        };
        Some(judged.map(|principal| Some(Found::new(principal, &presented))))
    }

    /// Returns `None` if a list has to be waited for.
    fn standing_now(&self, principal: &Principal) -> Option<Result<(), Rejection>> {
        for list in &self.revocations {
            if let Err(rejection) = list.check(principal).try_now().ok()? {
                return Some(Err(rejection));
            }
        }
        Some(Ok(()))
    }

    async fn judge_later(&self, facts: RequestFacts<'_>, now: UnixTime) -> Answer {
        let Some(presented) = self.extract(&facts)? else {
            return Ok(None);
        };
        let presented = presented.at(now);
        let principal = self.router.validate(&presented).await?;
        for list in &self.revocations {
            list.check(&principal).await?;
        }
        Ok(Some(Found::new(principal, &presented)))
    }

    /// A judge's own `credential_missing` is a refusal like any other, so none is told from that.
    fn extract<'r>(
        &'r self,
        facts: &'r RequestFacts<'r>,
    ) -> Result<Option<Presented<'r>>, Rejection> {
        match self.sources.extract(facts) {
            Ok(presented) => Ok(Some(presented)),
            Err(rejection) if rejection.kind() == RejectionKind::CredentialMissing => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}

impl Found {
    fn new(principal: Principal, presented: &Presented<'_>) -> Self {
        let in_query = matches!(presented.place(), Place::Query(_));
        Self {
            principal,
            in_query,
        }
    }
}
