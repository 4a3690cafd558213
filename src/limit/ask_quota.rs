//! Asking one quota.

use std::time::Duration;

use super::asking::{Asking, Step};
use super::by::By;
use super::limit_state::LimitResult;
use super::rule::{Bound, QuotaBound, Rule};
use super::rules::Rules;
use super::usage::QuotaAnswer;
use crate::error::RejectionKind;
use crate::principal::Principal;

#[cfg(feature = "api-key")]
use crate::api_key::ApiKeyId;
#[cfg(feature = "api-key")]
use crate::api_key::store::ApiKeyDetails;

/// What the units of a caller are counted under, besides the authority.
enum QuotaId<'p> {
    Text(&'p str),
    #[cfg(feature = "api-key")]
    ApiKey(ApiKeyId),
}

impl QuotaId<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            #[cfg(feature = "api-key")]
            Self::ApiKey(id) => id.as_str(),
        }
    }
}

impl<'a> Asking<'a, '_> {
    /// Takes a unit if the quota answers at once.
    pub(super) fn spend_now(
        &mut self,
        rules: &Rules,
        (index, rule): (u16, &Rule),
        quota: &QuotaBound,
    ) -> Step {
        let Some((principal, id)) = self.spender(rules, rule, quota) else {
            return Step::Go;
        };
        let authority = principal.authority().as_str();
        let spent = quota.counter.spend(authority, id.as_str(), self.ask.now);
        match spent.try_now() {
            Ok(answer) => self.settle_quota(rules, (index, rule), answer),
            Err(_) => Step::Wait,
        }
    }

    /// Takes a unit, and waits for the store.
    pub(super) async fn spend_later(
        &mut self,
        rules: &Rules,
        (index, rule): (u16, &Rule),
        quota: &QuotaBound,
    ) -> Step {
        let Some((principal, id)) = self.spender(rules, rule, quota) else {
            return Step::Go;
        };
        let authority = principal.authority().as_str();
        let spent = quota.counter.spend(authority, id.as_str(), self.ask.now);
        let answer = spent.await;
        self.settle_quota(rules, (index, rule), answer)
    }

    /// Returns whose units are taken; `None` if the request is not counted, or was counted already by
    /// another limit of the same quota.
    fn spender(
        &mut self,
        rules: &Rules,
        rule: &Rule,
        quota: &QuotaBound,
    ) -> Option<(&'a Principal, QuotaId<'a>)> {
        let principal = self.ask.principal?;
        let is_same = |other: u16| match rules.rule(other).map(|rule| &rule.bound) {
            Some(Bound::Quota(other)) => other.counter.name() == quota.counter.name(),
            _ => false,
        };
        if self.account.has_quota(is_same) {
            return None;
        }
        Some((principal, quota_id(rule, principal)))
    }

    fn settle_quota(
        &mut self,
        rules: &Rules,
        (index, rule): (u16, &Rule),
        answer: QuotaAnswer,
    ) -> Step {
        let mut refuse =
            |kind, wait: Option<Duration>| self.refuse_kind(rules, (index, rule), kind, wait);
        match answer {
            QuotaAnswer::Taken(taken) => {
                self.results.add(rules, index, LimitResult::Pass);
                self.account.push_quota(index, taken);
                Step::Go
            }
            QuotaAnswer::Exhausted {
                renews_in: Some(wait),
            } => refuse(RejectionKind::QuotaExhausted, Some(wait)),
            QuotaAnswer::Exhausted { renews_in: None } => {
                refuse(RejectionKind::CreditsExhausted, None)
            }
            QuotaAnswer::Down => refuse(RejectionKind::Unavailable, None),
        }
    }
}

fn quota_id<'p>(rule: &Rule, principal: &'p Principal) -> QuotaId<'p> {
    #[cfg(feature = "api-key")]
    if rule.by == By::Credential
        && let Some(details) = principal.extension::<ApiKeyDetails>()
    {
        return QuotaId::ApiKey(details.id());
    }
    #[cfg(not(feature = "api-key"))]
    let _ = (rule, By::Credential);
    let id = principal.subject().or(principal.client());
    QuotaId::Text(id.unwrap_or(principal.kind().as_str()))
}
