//! The manager of refresh tokens: creation, rotation and revocation.

mod builder;
mod listing;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use builder::RefreshManagerBuilder;
use ring::error::Unspecified;

use super::evaluate::{Outcome, Presentation, reused};
use super::family::{RefreshFamily, RefreshTokenStore};
use super::request::{NewRefreshToken, RotateRequest};
use super::successor::seal;
use super::token::RefreshToken;
use crate::clock::{Clock, UnixTime};
use crate::error::{Rejection, RejectionKind, StoreError, StoreErrorKind};
use crate::event::{Event, Observer};
use crate::grant::store::{Created, Lookup, Sequence, SubjectLimit};
use crate::grant::{
    Grant, GrantError, GrantErrorKind, PurgeOnFull, check_authority, no_random, purge, report_ended,
};
use crate::principal::Authority;
use crate::secret::Issued;

/// The manager of the refresh tokens of one authority: it creates, rotates and revokes them. Cheap
/// to clone.
///
/// A refresh token can be spent once and gives its successor; of any number of parallel attempts
/// one succeeds. A spent token that is presented again shows that two parties hold it, one of them
/// a thief: the whole family is revoked (RFC 9700 section 4.14.2) and
/// [`RefreshTokenReused`](Event::RefreshTokenReused) is reported to the observer. Within a
/// [reuse window](RefreshManagerBuilder::reuse_window), which is zero by default, the client itself
/// may present it again. A store keeps only digests and, for the window, the newest token, encrypted
/// so that only the token before it decrypts it.
///
/// ```
/// use std::sync::Arc;
/// use bearergate::RejectionKind;
/// use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
/// use bearergate::stores::MemoryGrantStore;
///
/// # async fn refresh() -> Result<(), Box<dyn std::error::Error>> {
/// let store = Arc::new(MemoryGrantStore::new(1_000_000));
/// let tokens = RefreshManager::builder(store, "my service").build()?;
///
/// let first = tokens.create(NewRefreshToken::new("alice", "mobile app")).await?.secret.reveal();
/// let next = tokens.rotate(RotateRequest::new(&first, "mobile app")).await?;
/// assert_eq!(next.record.grant().subject(), "alice");
/// let second = next.secret.reveal();
///
/// let replay = tokens.rotate(RotateRequest::new(&first, "mobile app")).await;
/// assert_eq!(replay.unwrap_err().kind(), RejectionKind::RefreshReused);
/// # let _ = second;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RefreshManager(Arc<Inner>);

struct Inner {
    store: Arc<dyn RefreshTokenStore>,
    authority: Authority,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
    lifetime: Duration,
    idle: Duration,
    reuse_window: Duration,
    limit: Option<SubjectLimit>,
    full: PurgeOnFull,
}

/// The record of a rotation: what the tokens of the family grant. A service mints the next access
/// token from it.
#[derive(Debug)]
pub struct RotatedToken {
    grant: Grant,
    is_repeated: bool,
}

impl RotatedToken {
    /// Returns what was granted, to whom, and for how long: for
    /// [`AccessClaims::of_grant`](crate::issuer::AccessClaims::of_grant).
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Returns true if the token was spent before and its client gets the same successor again,
    /// within the [reuse window](RefreshManagerBuilder::reuse_window).
    pub const fn is_repeated(&self) -> bool {
        self.is_repeated
    }
}

impl RefreshManager {
    /// Creates a family. The secret is its first token, the record its grant, for a first access
    /// token.
    ///
    /// # Errors
    ///
    /// [`Malformed`](GrantErrorKind::Malformed) if a part of `new` is malformed or too long, or its
    /// session has another authority; [`Conflict`](GrantErrorKind::Conflict) if its session has
    /// ended; or another [`GrantError`]. Then there is no family.
    pub async fn create(&self, new: NewRefreshToken) -> Result<Issued<Grant>, GrantError> {
        let now = self.now().ok_or(GrantErrorKind::Unavailable)?;
        let (draft, session, thumbprint) = new.into_parts();
        let grant = draft.grant(&self.0.authority, now)?;
        let grant = self.with_timeouts(grant, session.as_ref(), now)?;
        let token = RefreshToken::random().map_err(no_random)?;
        let mut family = RefreshFamily::new(token.family(), token.digest(), grant);
        family.thumbprint = thumbprint;
        let sequence = self.store(&family, now).await?;
        Ok(Issued {
            secret: token.into_shown(),
            record: family.grant.with_sequence(Some(sequence)),
        })
    }

    /// Spends a refresh token. The secret of the result is its successor, to be sent to the client.
    ///
    /// Only if the token is the newest of its family, its client and key are those that the family
    /// is bound to, neither timeout has passed, and neither the family, its session, its subject
    /// nor its client is revoked. With a [reuse window](RefreshManagerBuilder::reuse_window) the
    /// token before the newest one gives the newest one again, and one that is older, and was spent
    /// within the window, is refused without an end of the family.
    ///
    /// | refused because | kind |
    /// |---|---|
    /// | it is not a refresh token, is unknown, or belongs to another client | `refresh_unknown` |
    /// | it is bound to a key, and possession of none was proved | `binding_required` |
    /// | possession of another key was proved | `binding_mismatch` |
    /// | the request asks for a [scope](RotateRequest::scope) that was not granted | `scope_insufficient`, and it is not spent |
    /// | the idle timeout or the absolute timeout has passed | `refresh_expired` |
    /// | it was spent before | `refresh_reused`, and its family is revoked |
    /// | it was spent within the reuse window, and its successor was used | `refresh_reused`; its family stays |
    /// | it was revoked, or its session, subject or client was | `token_revoked` |
    /// | the store did not answer | `unavailable` |
    ///
    /// # Errors
    ///
    /// A [`Rejection`] of one of these kinds. [`TokenError`](crate::issuer::TokenError) makes the
    /// response of it: for the client all but `unavailable` and `scope_insufficient` are an
    /// `invalid_grant` (RFC 6749 section 5.2).
    pub async fn rotate(
        &self,
        request: RotateRequest<'_>,
    ) -> Result<Issued<RotatedToken>, Rejection> {
        let token = RefreshToken::parse(request.token());
        let token = token.ok_or_else(unknown)?;
        let now = self.now().ok_or(RejectionKind::Unavailable)?;
        for _ in 0..ATTEMPTS {
            let family = self.find(&token).await?;
            let case = Presentation {
                token: &token,
                request: &request,
                family: &family,
                now,
                reuse_window: self.0.reuse_window,
            };
            if let Some(result) = self.carry_out(&case).await? {
                return result;
            }
        }
        let detail = "the family of the refresh token was changed by every attempt";
        Err(Rejection::new(RejectionKind::Unavailable).with_source(detail))
    }

    /// Revokes the family of a token on behalf of its client (RFC 7009), whether the token was
    /// spent or not. A token that is unknown, or was revoked before, counts as revoked.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] of kind [`RefreshUnknown`](RejectionKind::RefreshUnknown) if the token
    /// belongs to another client, or of kind [`Unavailable`](RejectionKind::Unavailable); then
    /// nothing was revoked.
    pub async fn revoke(&self, request: RotateRequest<'_>) -> Result<(), Rejection> {
        let Some(token) = RefreshToken::parse(request.token()) else {
            return Ok(());
        };
        let now = self.now().ok_or(RejectionKind::Unavailable)?;
        for _ in 0..ATTEMPTS {
            let family = match self.0.store.find(token.family()).await? {
                Lookup::Live(family) if *family.grant.authority() == self.0.authority => family,
                Lookup::Live(_) | Lookup::Revoked | Lookup::Unknown => return Ok(()),
            };
            request.check_client(&family)?;
            if family.revoked.is_some() || self.end(&family, now).await? {
                return Ok(());
            }
        }
        Err(RejectionKind::Unavailable.into())
    }

    /// Removes expired and revoked records from the store and returns how many. Call it at an
    /// interval, for example every hour.
    ///
    /// # Errors
    ///
    /// A [`GrantError`]; what was removed by then is removed.
    pub async fn purge(&self) -> Result<usize, GrantError> {
        let now = self.now().ok_or(GrantErrorKind::Unavailable)?;
        purge(&*self.0.store, now).await
    }

    /// Sets the timeouts of a grant. One in a session expires with it at the latest and takes its
    /// sequence number, so that the revocations that end the session end it too.
    fn with_timeouts(
        &self,
        grant: Grant,
        session: Option<&Grant>,
        now: UnixTime,
    ) -> Result<Grant, GrantError> {
        let Inner { lifetime, idle, .. } = &*self.0;
        let end = now.saturating_add(*lifetime);
        let Some(session) = session else {
            return Ok(grant.with_lifetime(end, *idle));
        };
        check_authority(&self.0.authority, session.authority())?;
        Ok(grant
            .with_session(session.session())
            .with_sequence(session.sequence())
            .with_lifetime(end.min(session.expires()), *idle))
    }

    async fn store(&self, family: &RefreshFamily, now: UnixTime) -> Result<Sequence, GrantError> {
        let store = &self.0.store;
        let create = || match self.0.limit {
            Some(limit) => store.create_within(family.clone(), limit),
            None => store
                .create(family.clone())
                .map(|created| created.map(Created::new)),
        };
        let created = self.0.full.create(&**store, now, create).await?;
        report_ended(self.0.observer.as_deref(), &family.grant, &created);
        Ok(created.sequence)
    }

    async fn find(&self, token: &RefreshToken) -> Result<Arc<RefreshFamily>, Rejection> {
        match self.0.store.find(token.family()).await? {
            Lookup::Live(family) if *family.grant.authority() == self.0.authority => Ok(family),
            Lookup::Live(_) | Lookup::Unknown => Err(unknown()),
            Lookup::Revoked => Err(RejectionKind::TokenRevoked.into()),
        }
    }

    /// Carries the outcome out, or returns `None` if the family was changed meanwhile and has to be
    /// read again.
    async fn carry_out(
        &self,
        case: &Presentation<'_>,
    ) -> Result<Option<Result<Issued<RotatedToken>, Rejection>>, Rejection> {
        match case.outcome() {
            Outcome::Rotate => Ok(self.spend(case).await?.map(Ok)),
            Outcome::Repeat(successor) => {
                Ok(Some(Ok(rotated_token(successor, &case.family.grant, true))))
            }
            Outcome::Late => {
                self.report(case, false);
                let rejection = Rejection::new(RejectionKind::RefreshReused);
                Ok(Some(Err(rejection.with_source(LATE))))
            }
            Outcome::Revoke if self.end(case.family, case.now).await? => {
                self.report(case, true);
                Ok(Some(Err(reused())))
            }
            Outcome::Revoke => Ok(None),
            Outcome::Refuse(rejection) => Ok(Some(Err(rejection))),
        }
    }

    /// Reports that a spent token was presented, and whether its family was revoked.
    fn report(&self, case: &Presentation<'_>, is_revoked: bool) {
        let Some(observer) = &self.0.observer else {
            return;
        };
        let grant = &case.family.grant;
        let session = grant.session().map(|handle| handle.to_string());
        let (authority, subject) = (grant.authority().as_str(), grant.subject());
        let (client, session) = (grant.client().unwrap_or_default(), session.as_deref());
        observer.observe(&match is_revoked {
            true => Event::RefreshTokenReused {
                authority,
                subject,
                client,
                session,
            },
            false => Event::RefreshTokenRepeated {
                authority,
                subject,
                client,
                session,
            },
        });
    }

    async fn spend(
        &self,
        case: &Presentation<'_>,
    ) -> Result<Option<Issued<RotatedToken>>, Rejection> {
        let (token, family, now) = (case.token, case.family, case.now);
        let successor = token.successor().map_err(unseeded)?;
        let sealed = match self.0.reuse_window {
            Duration::ZERO => Vec::new(),
            _ => seal(token, &successor, family).map_err(unseeded)?,
        };
        let grant = family.grant.clone().with_last_used(now);
        let mut rotated = family.clone();
        rotated.grant = grant.clone();
        rotated.current = successor.digest();
        rotated.spent = Some(family.current);
        rotated.spent_at = Some(now);
        rotated.sealed = sealed;
        rotated.earlier = case.kept_earlier();
        let is_spent = self.update(rotated).await?;
        Ok(is_spent.then(|| rotated_token(successor, &grant, false)))
    }

    /// Revokes a family; false if it was changed meanwhile.
    async fn end(&self, family: &RefreshFamily, now: UnixTime) -> Result<bool, StoreError> {
        let mut revoked = family.clone();
        revoked.revoked = Some(now);
        let is_revoked = self.update(revoked).await?;
        self.0.full.is_worth_another();
        Ok(is_revoked)
    }

    async fn update(&self, family: RefreshFamily) -> Result<bool, StoreError> {
        match self.0.store.update(family).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == StoreErrorKind::Conflict => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn now(&self) -> Option<UnixTime> {
        self.0.clock.now()
    }
}

impl fmt::Debug for RefreshManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshManager")
            .field("authority", &self.authority)
            .field("lifetime", &self.lifetime)
            .field("idle", &self.idle)
            .field("reuse_window", &self.reuse_window)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// How often one request reads the family again after it was changed meanwhile. Whatever the number
/// of parallel requests, a token is spent once and its family revoked once.
const ATTEMPTS: usize = 8;

/// For the operator: the client gets the same `invalid_grant` as for every other refusal.
const LATE: &str = "it was spent within the reuse window, and its successor too; the family stays";

fn unseeded(_: Unspecified) -> Rejection {
    let detail = "no random numbers are available";
    Rejection::new(RejectionKind::Unavailable).with_source(detail)
}

fn unknown() -> Rejection {
    Rejection::new(RejectionKind::RefreshUnknown).with_source(UNKNOWN)
}

const UNKNOWN: &str = "expected a refresh token of this store, found none with this id; check that \
                       all processes use one store, or let the user sign in again";

fn rotated_token(token: RefreshToken, grant: &Grant, is_repeated: bool) -> Issued<RotatedToken> {
    let grant = grant.clone();
    Issued {
        secret: token.into_shown(),
        record: RotatedToken { grant, is_repeated },
    }
}
