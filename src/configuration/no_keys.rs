//! A source in place of keys that could not be read, so that the rest is checked too.

use std::sync::Arc;

use crate::error::{Rejection, RejectionKind};
use crate::key::{KeyHint, KeySet, KeyStatus, KeyStore};
use crate::now_or_later::NowOrLater;
use crate::principal::KeyId;

/// A store without keys. A validator with it is never used.
#[derive(Debug)]
pub(super) struct NoKeys;

impl KeyStore for NoKeys {
    fn find<'a>(&'a self, _: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        NowOrLater::now(Err(RejectionKind::Unavailable.into()))
    }

    fn status(&self, _: &KeyId) -> KeyStatus {
        KeyStatus::Unknown
    }
}
