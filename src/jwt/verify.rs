//! The keys of a token, and its signature.

use std::sync::Arc;

use super::compact::Compact;
use super::header::HeaderText;
use super::rejections;
use crate::error::{Rejection, RejectionKind};
use crate::key::{Key, KeyHint, KeySet, KeyStore};
use crate::now_or_later::NowOrLater;

#[inline]
pub(super) fn find_keys<'a>(
    store: &'a Arc<dyn KeyStore>,
    token: &'a Compact<'_>,
) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
    store.find(KeyHint::new(kid(token), token.header.algorithm))
}

#[inline]
pub(super) fn kid<'c>(token: &'c Compact<'_>) -> Option<&'c str> {
    match token.header.kid.as_ref()? {
        HeaderText::Piece(piece) => Some(token.header_piece(*piece)),
        HeaderText::Owned(kid) => Some(kid),
    }
}

/// Returns the one eligible key only if the signature is valid under it.
#[inline]
pub(super) fn verify<'k>(token: &Compact<'_>, keys: &'k KeySet) -> Result<&'k Key, Rejection> {
    let algorithm = token.header.algorithm;
    if !keys.algorithms().contains(algorithm) {
        return Err(rejections::algorithm(algorithm, keys.algorithms()));
    }
    let candidates = keys
        .select(algorithm, kid(token))
        .map_err(|kind| rejections::key(kind, kid(token), algorithm, keys))?;
    let verified = candidates.verify(token.signed(), token.signature());
    verified.ok_or_else(|| RejectionKind::SignatureInvalid.into())
}
