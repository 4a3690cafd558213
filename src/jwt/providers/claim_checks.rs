//! Checks of claims that several presets share.

use crate::json::Kind;
use crate::principal::Claims;

pub(super) fn collect<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

pub(super) fn has_kind(claims: Claims<'_>, name: &str, kind: Kind) -> bool {
    claims.value(name).is_some_and(|value| value.kind() == kind)
}

/// Returns true if a claim is a string or an array, and not empty.
pub(super) fn is_present(claims: Claims<'_>, name: &str) -> bool {
    let Some(value) = claims.value(name) else {
        return false;
    };
    let text = value.as_str().is_some_and(|text| !text.is_empty());
    text || value.elements().is_some_and(|mut all| all.next().is_some())
}
