//! The revocation list for access tokens that end with their session or refresh token.

use std::sync::Arc;

use super::access_claims::GRANT_SEQUENCE;
use crate::clock::UnixTime;
use crate::error::{Rejection, RejectionKind};
use crate::grant::store::{RevocationRecord, Sequence, SessionHandle, holder_subject};
use crate::grant::{Grant, GrantStore};
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::{Authority, Principal};
use crate::revocation_list::RevocationList;

/// The revocation list for access tokens over a store of sessions or refresh tokens: a token ends
/// with its session, its subject or its client, and can be revoked by itself.
///
/// A token of [`AccessClaims::of_grant`](crate::issuer::AccessClaims::of_grant) is revoked exactly when its
/// grant is. Any other token counts as granted at the beginning of the second in which it was
/// minted. A token without subject, time of issue or expiry counts as revoked.
///
/// A bounded store, such as [`MemoryGrantStore`](crate::stores::MemoryGrantStore), may revoke all
/// tokens that a client holds for a subject, up to the second of the last one, in place of too many
/// single ones.
///
/// Give it to [`TokenEndpoints`](crate::issuer::TokenEndpoints), and to a [`Gate`](crate::gate::Gate) whose
/// requests are to be checked against the store every time. In a gate that accepts other
/// credentials too, name the issuer with [`only_tokens_of`](Self::only_tokens_of).
///
/// ```
/// use std::sync::Arc;
/// use bearergate::clock::{Clock, SystemClock};
/// use bearergate::crypto::Algorithm;
/// use bearergate::issuer::{GrantRevocations, JwtIssuer, SigningKeys, SigningKey, TokenEndpoints};
/// use bearergate::session::SessionManager;
/// use bearergate::stores::MemoryGrantStore;
///
/// let now = SystemClock::default().now().ok_or("no time")?;
/// let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
/// let issuer = JwtIssuer::builder("https://id.example.com", keys).build()?;
/// let store = Arc::new(MemoryGrantStore::new(1_000_000));
/// let sessions = SessionManager::builder(store.clone(), "my service").build()?;
/// let revocations = GrantRevocations::new(store, "my service");
/// let endpoints = TokenEndpoints::new(issuer).revocations(revocations);
/// # let _ = (sessions, endpoints);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct GrantRevocations {
    store: Arc<dyn GrantStore>,
    authority: Authority,
    issuer: Option<Authority>,
}

impl GrantRevocations {
    /// Makes the list over the store of the sessions or refresh tokens and their authority.
    ///
    /// Both must be those of the [`SessionManager`](crate::session::SessionManager) or
    /// [`RefreshManager`](crate::refresh::RefreshManager): revocations of another authority are not
    /// found.
    pub fn new(store: Arc<dyn GrantStore>, authority: impl Into<Authority>) -> Self {
        Self {
            store,
            authority: authority.into(),
            issuer: None,
        }
    }

    /// Limits the list to tokens of this issuer, named by the authority of their principals: the
    /// `authority` of the validator, which is its issuer unless another one is set. Principals of
    /// other authorities are then not revoked by this list, and revoking their tokens is
    /// [`Unavailable`](RejectionKind::Unavailable).
    ///
    /// Without it every principal is taken for one of the issuer's tokens, and those that are not
    /// JWTs are refused.
    #[must_use]
    pub fn only_tokens_of(mut self, issuer: impl Into<Authority>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    fn covers(&self, token: &Principal) -> bool {
        let issuer = self.issuer.as_ref();
        issuer.is_none_or(|issuer| issuer == token.authority())
    }

    /// Returns the grant that the token was made from, for this client; `None` if the token has no
    /// subject or no time of issue.
    fn grant(&self, token: &Principal, client: Option<&str>) -> Option<Grant> {
        let issued = token.issued_at()?;
        let grant = Grant::new(self.authority.clone(), token.subject()?, issued);
        let sequence = sequence(token).unwrap_or(second_of(issued));
        let session = token.claims().value("sid");
        Some(
            grant
                .with_client(client.map(str::to_owned))
                .with_session(session.and_then(|sid| SessionHandle::parse(&sid.as_str()?)))
                .with_sequence(Some(sequence)),
        )
    }

    /// Returns a grant that only revocations of this one token end, or of what this client holds for
    /// its subject.
    fn grant_of_token_only(
        &self,
        token: &Principal,
        client: Option<&str>,
        handle: SessionHandle,
    ) -> Option<Grant> {
        let issued = token.issued_at()?;
        let holder = holder_subject(client, token.subject());
        let grant = Grant::new(self.authority.clone(), holder, issued);
        Some(
            grant
                .with_session(Some(handle))
                .with_sequence(Some(second_of(issued))),
        )
    }
}

impl RevocationList for GrantRevocations {
    fn check_revocation<'a>(
        &'a self,
        principal: &'a Principal,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        if !self.covers(principal) {
            return NowOrLater::now(Ok(()));
        }
        let grant = self.grant(principal, principal.client());
        let (Some(grant), Some(handle)) = (grant, token_handle(principal)) else {
            return NowOrLater::now(Err(RejectionKind::TokenRevoked.into()));
        };
        let token_only = self.grant_of_token_only(principal, principal.client(), handle);
        let others = principal.other_clients().into_iter().flatten();
        let others = others.flat_map(|client| {
            let token_only = self.grant_of_token_only(principal, Some(&client), handle);
            [self.grant(principal, Some(&client)), token_only]
        });
        let grants = [Some(grant), token_only].into_iter().chain(others);
        let grants = grants.flatten();
        let revoked = grants.fold(NowOrLater::now(Ok(false)), |revoked, grant| {
            revoked.and_then(|is_revoked| match is_revoked {
                true => NowOrLater::now(Ok(true)),
                false => self.store.is_revoked(grant),
            })
        });
        revoked.map(|revoked| rejection_if(revoked?))
    }

    fn revoke_token<'a>(
        &'a self,
        token: &'a Principal,
        now: UnixTime,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let covered = self.covers(token).then_some(());
        let (Some(()), Some(handle), Some(end)) =
            (covered, token_handle(token), token.expires_at())
        else {
            // What the list would not apply must not be reported as revoked.
            return NowOrLater::now(Err(RejectionKind::Unavailable.into()));
        };
        let record = RevocationRecord::session(self.authority.clone(), handle, now);
        let mut record = record.with_until(end.saturating_add(limits::LEEWAY_MAX));
        if let Some(issued) = token.issued_at() {
            record = record.of_token(token.client(), token.subject(), second_of(issued));
        }
        self.store.revoke(record).map(|revoked| Ok(revoked?))
    }
}

fn rejection_if(is_revoked: bool) -> Result<(), Rejection> {
    match is_revoked {
        true => Err(RejectionKind::TokenRevoked.into()),
        false => Ok(()),
    }
}

/// The first number of a second. The time of issue, and not the number of the grant, says which
/// tokens a holder had: it may get more of them from the same grant.
fn second_of(issued: UnixTime) -> Sequence {
    Sequence::next(None, issued)
}

fn sequence(token: &Principal) -> Option<Sequence> {
    let number = token.claims().value(GRANT_SEQUENCE)?.as_str()?;
    number.parse().ok().map(Sequence::from_u64)
}

/// Returns the session handle under which this one token is revoked: half of its id, which is as
/// hard to hit as the random handle of a session.
fn token_handle(token: &Principal) -> Option<SessionHandle> {
    let id = token.token_id()?;
    let half = id.as_bytes().first_chunk::<16>()?;
    Some(SessionHandle::new(*half))
}
