//! Tokens that end with what they were made from.

use std::sync::Arc;

use super::access_claims::MOMENT;
use super::token_endpoints::Revocations;
use crate::clock::UnixTime;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::grant::Grant;
use crate::grant::GrantStore;
use crate::grant::Mark;
use crate::grant::MarkKey;
use crate::grant::Moment;
use crate::grant::SessionHandle;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::Authority;
use crate::principal::Principal;

/// Revokes access tokens by marks in the store of sessions or refresh tokens: a token ends with
/// its session, its subject or its client, and can be ended alone.
///
/// A token of [`AccessClaims::of_grant`](crate::issuer::AccessClaims::of_grant) ends exactly with the
/// marks that end its grant. Any other token is taken as granted at the beginning of the second in
/// which it was minted.
///
/// ```
/// use std::sync::Arc;
/// use bearergate::clock::{Clock, SystemClock};
/// use bearergate::crypto::Algorithm;
/// use bearergate::issuer::{JwtIssuer, SigningKeys, MarkedTokens, SigningKey, TokenResponder};
/// use bearergate::session::SessionManager;
/// use bearergate::stores::MemoryGrantStore;
///
/// let now = SystemClock::default().now().ok_or("no time")?;
/// let ring = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
/// let issuer = JwtIssuer::builder("https://id.example.com", ring).build()?;
/// let store = Arc::new(MemoryGrantStore::new(1_000_000));
/// let sessions = SessionManager::builder(store.clone(), "my service").build()?;
/// let responder =
///     TokenResponder::new(issuer)?.revocations(MarkedTokens::new(store, "my service"));
/// # let _ = (sessions, responder);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MarkedTokens {
    store: Arc<dyn GrantStore>,
    authority: Authority,
}

impl MarkedTokens {
    /// Takes the store and the authority of the sessions or refresh tokens.
    pub fn new(store: Arc<dyn GrantStore>, authority: impl Into<Authority>) -> Self {
        Self {
            store,
            authority: authority.into(),
        }
    }

    /// Returns what the token was made from.
    fn grant(&self, token: &Principal) -> Result<Grant, Rejection> {
        let issued = token.issued_at().ok_or(RejectionKind::ClaimMissing)?;
        let subject = token.subject().ok_or(RejectionKind::ClaimMissing)?;
        let grant = Grant::new(self.authority.clone(), subject, issued);
        Ok(grant
            .with_client(token.client().map(str::to_owned))
            .with_session(session(token))
            .with_since(Some(moment(token).unwrap_or(Moment::next(None, issued)))))
    }

    /// Returns a grant that only the mark of this one token ends.
    fn own(&self, token: &Principal, handle: SessionHandle) -> Grant {
        let subject = token.subject().unwrap_or_default();
        let grant = Grant::new(self.authority.clone(), subject, UnixTime::from_secs(0));
        // The latest moment is one that no mark of the subject follows.
        grant
            .with_session(Some(handle))
            .with_since(Some(Moment::from_u64(u64::MAX)))
    }
}

impl Revocations for MarkedTokens {
    fn is_revoked<'a>(
        &'a self,
        token: &'a Principal,
        _now: UnixTime,
    ) -> NowOrLater<'a, Result<bool, Rejection>> {
        let (grant, own) = match (self.grant(token), handle(token)) {
            (Ok(grant), Some(handle)) => (grant, self.own(token, handle)),
            _ => return NowOrLater::now(Ok(true)),
        };
        let ended = self.store.has_ended(grant);
        ended.then(move |ended| match ended {
            Ok(false) => self.store.has_ended(own).map(|own| Ok(own?)),
            ended => NowOrLater::now(ended.map_err(Rejection::from)),
        })
    }

    fn revoke<'a>(
        &'a self,
        token: &'a Principal,
        now: UnixTime,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let (Some(handle), Some(end)) = (handle(token), token.expires_at()) else {
            return NowOrLater::now(Err(RejectionKind::Unavailable.into()));
        };
        let key = MarkKey::session(self.authority.as_str(), handle);
        let mark = Mark::new(key, now).with_until(end.saturating_add(limits::LEEWAY_MAX));
        self.store.mark(mark).map(|marked| Ok(marked?))
    }
}

fn session(token: &Principal) -> Option<SessionHandle> {
    let sid = token.claims().value("sid")?.as_str()?;
    SessionHandle::parse(&sid)
}

fn moment(token: &Principal) -> Option<Moment> {
    let moment = token.claims().value(MOMENT)?.as_str()?;
    moment.parse().ok().map(Moment::from_u64)
}

/// Returns the name under which this one token is marked: half of its id, which is as hard to hit
/// as the random name of a session.
fn handle(token: &Principal) -> Option<SessionHandle> {
    let id = token.token_id()?;
    let half = id.as_bytes().first_chunk::<16>()?;
    Some(SessionHandle::new(*half))
}
