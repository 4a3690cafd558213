//! Ids of API keys and sessions, for principals of which the crate is built with the validator.

use crate::principal::Principal;

#[cfg(feature = "api-key")]
pub(super) fn has_api_key(principal: &Principal, is_listed: impl Fn(&str) -> bool) -> bool {
    let details = principal.extension::<crate::api_key::store::ApiKeyDetails>();
    details.is_some_and(|details| is_listed(details.id().as_str()))
}

#[cfg(not(feature = "api-key"))]
pub(super) fn has_api_key(_: &Principal, _: impl Fn(&str) -> bool) -> bool {
    false
}

#[cfg(feature = "session")]
pub(super) fn has_session(principal: &Principal, is_listed: impl Fn(&str) -> bool) -> bool {
    let session = principal.extension::<crate::session::Session>();
    let handle = session.and_then(crate::session::Session::handle);
    handle.is_some_and(|handle| is_listed(&handle.to_string()))
}

#[cfg(not(feature = "session"))]
pub(super) fn has_session(_: &Principal, _: impl Fn(&str) -> bool) -> bool {
    false
}
