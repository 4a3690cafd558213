//! The comparison of the configured peppers with the check values of the store.

use std::sync::atomic::{AtomicU32, Ordering};

use super::error::{ApiKeyError, ApiKeyErrorKind};
use super::scheme::ApiKeyScheme;
use super::store::contract::ApiKeyStore;
use super::store::{KeptCheck, PepperCheck, PepperProof};
use crate::error::{Rejection, RejectionKind, StoreError};
use crate::now_or_later::NowOrLater;

/// Remembers that no pepper was swapped: a question to the store at the first use, and one atomic
/// load after it. A swapped pepper and a store that cannot answer are not remembered.
#[derive(Debug, Default)]
pub(super) struct PepperGuard {
    /// [`SETTLED`], and one bit for each version without a check value, by its place in the set.
    state: AtomicU32,
}

const SETTLED: u32 = 1 << 31;

/// The scheme and the store whose peppers are compared.
#[derive(Clone, Copy)]
pub(super) struct PepperParts<'a> {
    pub(super) scheme: &'a ApiKeyScheme,
    pub(super) store: &'a dyn ApiKeyStore,
}

type Settled<'a> = NowOrLater<'a, Result<(), PepperFault>>;

impl PepperGuard {
    /// Returns true if the peppers were compared and none was swapped.
    pub(super) fn is_settled(&self) -> bool {
        self.state.load(Ordering::Acquire) & SETTLED != 0
    }

    /// Returns true if nothing is left to prove.
    pub(super) fn is_proven(&self) -> bool {
        self.state.load(Ordering::Acquire) & !SETTLED == 0
    }

    /// Succeeds only if no configured pepper differs from the one that the store knows by its check
    /// value.
    pub(super) fn settle<'a>(&'a self, parts: PepperParts<'a>) -> Settled<'a> {
        if self.is_settled() {
            return NowOrLater::now(Ok(()));
        }
        let mut unproven = 0;
        for (at, check) in parts.checks().enumerate() {
            match parts.keep(check, PepperProof::Configured).try_now() {
                Ok(kept) => match is_proven(check, kept) {
                    Ok(is_proven) => unproven |= bit(at, is_proven),
                    Err(fault) => return NowOrLater::now(Err(fault)),
                },
                Err(kept) => {
                    return NowOrLater::later(async move {
                        unproven |= bit(at, is_proven(check, kept.await)?);
                        for (at, check) in parts.checks().enumerate().skip(at + 1) {
                            let kept = parts.keep(check, PepperProof::Configured).await;
                            unproven |= bit(at, is_proven(check, kept)?);
                        }
                        self.state.store(SETTLED | unproven, Ordering::Release);
                        Ok(())
                    });
                }
            }
        }
        self.state.store(SETTLED | unproven, Ordering::Release);
        NowOrLater::now(Ok(()))
    }

    /// Succeeds like [`settle`](Self::settle), but writes nothing to the store and remembers
    /// nothing.
    pub(super) fn compare<'a>(&'a self, parts: PepperParts<'a>) -> Settled<'a> {
        if self.is_settled() {
            return NowOrLater::now(Ok(()));
        }
        let uses = parts.store.pepper_uses(parts.scheme.authority().clone());
        uses.map(move |uses| {
            let uses = uses.map_err(PepperFault::Store)?.unwrap_or_default();
            let is_swapped = |check: &PepperCheck| {
                let mut kept = uses.iter().filter_map(|used| used.check);
                kept.any(|kept| kept.version() == check.version() && kept != *check)
            };
            match parts.checks().find(is_swapped) {
                Some(check) => Err(PepperFault::Swapped {
                    version: check.version(),
                }),
                None => Ok(()),
            }
        })
    }

    /// Notes that a key was validated with the pepper of this version. Fails only if the store has
    /// another check value for it.
    pub(super) fn prove<'a>(&'a self, version: u32, parts: PepperParts<'a>) -> Settled<'a> {
        let unproven = self.state.load(Ordering::Acquire) & !SETTLED;
        if unproven == 0 {
            return NowOrLater::now(Ok(()));
        }
        let mut checks = parts.checks().enumerate();
        let own = checks.find(|(at, check)| check.version() == version && unproven & 1 << at != 0);
        let Some((at, check)) = own else {
            return NowOrLater::now(Ok(()));
        };
        let kept = parts.keep(check, PepperProof::Validated);
        kept.map(move |kept| match is_proven(check, kept) {
            Ok(true) => {
                self.state.fetch_and(!(1 << at), Ordering::AcqRel);
                Ok(())
            }
            // The key is valid; the next one proves the pepper again.
            Ok(false) | Err(PepperFault::Store(_)) => Ok(()),
            Err(swapped) => {
                self.state.store(0, Ordering::Release);
                Err(swapped)
            }
        })
    }
}

impl<'a> PepperParts<'a> {
    fn checks(self) -> impl Iterator<Item = PepperCheck> + Send + 'a {
        self.scheme.pepper_checks()
    }

    fn keep(
        self,
        check: PepperCheck,
        proof: PepperProof,
    ) -> NowOrLater<'a, Result<KeptCheck, StoreError>> {
        let authority = self.scheme.authority().clone();
        self.store.keep_pepper_check(authority, check, proof)
    }
}

const fn bit(at: usize, is_proven: bool) -> u32 {
    if is_proven { 0 } else { 1 << at }
}

/// Returns whether nothing is left to prove.
fn is_proven(check: PepperCheck, kept: Result<KeptCheck, StoreError>) -> Result<bool, PepperFault> {
    match kept.map_err(PepperFault::Store)? {
        KeptCheck::Kept(kept) if kept == check => Ok(true),
        KeptCheck::Kept(_) => Err(PepperFault::Swapped {
            version: check.version(),
        }),
        KeptCheck::Unproven => Ok(false),
        KeptCheck::Unsupported => Ok(true),
    }
}

/// Why it is not known that the peppers are the right ones, for the operator only.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum PepperFault {
    #[error(transparent)]
    Store(StoreError),
    #[error(
        "`peppers`: expected under version {version} the pepper with which the keys in the store \
         were made, found another one; give version {version} its former bytes, and a new pepper \
         the next version"
    )]
    Swapped { version: u32 },
}

impl From<PepperFault> for Rejection {
    fn from(fault: PepperFault) -> Self {
        match fault {
            PepperFault::Store(error) => error.into(),
            swapped @ PepperFault::Swapped { .. } => {
                Self::new(RejectionKind::Unavailable).with_source(swapped)
            }
        }
    }
}

impl From<PepperFault> for ApiKeyError {
    fn from(fault: PepperFault) -> Self {
        match fault {
            PepperFault::Store(error) => error.into(),
            swapped @ PepperFault::Swapped { .. } => {
                Self::new(ApiKeyErrorKind::PepperSwapped).with_source(swapped)
            }
        }
    }
}
