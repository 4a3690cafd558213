//! The interface to lists of revoked credentials.
//!
//! A module of its own, below those that issue and validate, because the endpoints of an issuer
//! and the gate ask the same lists. Its items are public in `revocation`.

mod target;

use std::fmt;
use std::sync::Arc;

pub use target::{RevocationKind, RevocationTarget};

use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::error::{Rejection, RejectionKind};
use crate::now_or_later::NowOrLater;
use crate::principal::{Authority, Principal};

/// A list of revoked credentials.
///
/// A [`Gate`](crate::gate::Gate) asks it on every request, after the validator and after any cache; the
/// introspection and revocation endpoints of an issuer ([`TokenEndpoints`](crate::issuer::TokenEndpoints))
/// ask the same list and write to it. Use [`Denylist`](crate::revocation::Denylist) for credentials of any
/// kind, and [`GrantRevocations`](crate::issuer::GrantRevocations) for access tokens that are to end with
/// the session or refresh token that they were minted from.
///
/// Contract: report a list that cannot answer as [`Unavailable`](RejectionKind::Unavailable),
/// never as `Ok(())`. Have no side effect before the answer is first polled: a caller that finds
/// the answer not ready drops it and asks again.
///
/// ```
/// use std::collections::HashSet;
/// use std::sync::RwLock;
/// use bearergate::{NowOrLater, Principal, Rejection, RejectionKind};
/// use bearergate::clock::UnixTime;
/// use bearergate::principal::TokenId;
/// use bearergate::revocation::RevocationList;
///
/// /// For a service of one process whose tokens live for minutes.
/// #[derive(Debug, Default)]
/// struct RevokedTokens(RwLock<HashSet<TokenId>>);
///
/// impl RevocationList for RevokedTokens {
///     fn check_revocation<'a>(
///         &'a self,
///         principal: &'a Principal,
///     ) -> NowOrLater<'a, Result<(), Rejection>> {
///         let Ok(tokens) = self.0.read() else {
///             return NowOrLater::now(Err(RejectionKind::Unavailable.into()));
///         };
///         NowOrLater::now(match principal.token_id() {
///             Some(id) if tokens.contains(&id) => Err(RejectionKind::TokenRevoked.into()),
///             _ => Ok(()),
///         })
///     }
///
///     fn revoke_token<'a>(
///         &'a self,
///         token: &'a Principal,
///         _now: UnixTime,
///     ) -> NowOrLater<'a, Result<(), Rejection>> {
///         let (Some(id), Ok(mut tokens)) = (token.token_id(), self.0.write()) else {
///             return NowOrLater::now(Err(RejectionKind::Unavailable.into()));
///         };
///         tokens.insert(id);
///         NowOrLater::now(Ok(()))
///     }
/// }
///
/// let list = RevokedTokens::default();
/// let robot = Principal::builder(bearergate::principal::PrincipalKind::Other, "test bench").build();
/// assert!(matches!(list.check_revocation(&robot).try_now(), Ok(Ok(()))));
/// ```
pub trait RevocationList: fmt::Debug + Send + Sync {
    /// Returns `Ok(())` only if nothing revokes this principal: neither its token nor its subject,
    /// client, session or key.
    ///
    /// # Errors
    ///
    /// [`TokenRevoked`](RejectionKind::TokenRevoked) if something does;
    /// [`Unavailable`](RejectionKind::Unavailable) if that could not be found out.
    fn check_revocation<'a>(
        &'a self,
        principal: &'a Principal,
    ) -> NowOrLater<'a, Result<(), Rejection>>;

    /// Revokes the token of this principal: for the revocation endpoint of an issuer (RFC 7009).
    ///
    /// Returns `Ok(())` only if every later [`check_revocation`](Self::check_revocation) of the
    /// token fails until it has expired. `now` is the time of the request. By default a list is
    /// read-only and the endpoint answers 503.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](RejectionKind::Unavailable) if the token could not be revoked.
    fn revoke_token<'a>(
        &'a self,
        token: &'a Principal,
        now: UnixTime,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let _ = (token, now);
        let detail = "the revocation list is read-only; implement `revoke_token`";
        let rejection = Rejection::new(RejectionKind::Unavailable).with_source(detail);
        NowOrLater::now(Err(rejection))
    }

    /// Takes note of the authorities whose principals this list will be asked about; `None` if they
    /// cannot be listed. Gates and endpoints call it once, when they are built; a list that is given
    /// to several gets the authorities of each. By default nothing is noted.
    ///
    /// A list can so report a revocation that will end nothing. It must not drop one: a gate that is
    /// built later may have the authority.
    fn add_authorities(&self, authorities: Option<&[Authority]>) {
        let _ = authorities;
    }

    /// Checks this list, for [`Gate::doctor`](crate::gate::Gate::doctor). By default there is nothing
    /// to report.
    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        NowOrLater::now(Vec::new())
    }
}

const _: Option<&dyn RevocationList> = None;

impl<L: RevocationList + ?Sized> RevocationList for Arc<L> {
    fn check_revocation<'a>(
        &'a self,
        principal: &'a Principal,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        (**self).check_revocation(principal)
    }

    fn revoke_token<'a>(
        &'a self,
        token: &'a Principal,
        now: UnixTime,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        (**self).revoke_token(token, now)
    }

    fn add_authorities(&self, authorities: Option<&[Authority]>) {
        (**self).add_authorities(authorities);
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        (**self).diagnose()
    }
}
