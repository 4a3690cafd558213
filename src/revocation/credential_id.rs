//! The ids that a principal has as a target of revocations; those of API keys and sessions only if
//! the crate is built with their validators.

use super::holder::any_holder;
use crate::principal::{Confirmation, Principal};
use crate::revocation_list::RevocationKind;

/// Returns true if `is_listed` holds for an id that the principal has as a target of this kind.
pub(super) fn any_id(
    kind: RevocationKind,
    principal: &Principal,
    is_listed: impl Fn(&[u8]) -> bool,
) -> bool {
    let text = |text: Option<&str>| text.is_some_and(|text| is_listed(text.as_bytes()));
    let claim = |name| {
        let value = principal.claims().value(name).and_then(|v| v.as_str());
        text(value.as_deref())
    };
    match kind {
        RevocationKind::ApiKey => has_api_key(principal, |id| text(Some(id))),
        RevocationKind::Certificate => {
            let bound = principal.confirmation().and_then(Confirmation::certificate);
            bound.is_some_and(|sha256| is_listed(sha256))
        }
        RevocationKind::Client => principal.any_client(|client| is_listed(client.as_bytes())),
        RevocationKind::Holder => any_holder(principal, is_listed),
        RevocationKind::JwtId => claim("jti"),
        RevocationKind::Key => principal.key().is_some_and(|key| is_listed(key.as_bytes())),
        RevocationKind::ProofKey => {
            let bound = principal.confirmation().and_then(Confirmation::jkt);
            bound.is_some_and(|jkt| is_listed(jkt))
        }
        RevocationKind::Session => has_session(principal, |id| text(Some(id))) || claim("sid"),
        RevocationKind::Subject => text(principal.subject()),
        RevocationKind::Token => principal
            .token_id()
            .is_some_and(|id| is_listed(id.as_bytes())),
    }
}

#[cfg(feature = "api-key")]
fn has_api_key(principal: &Principal, is_listed: impl Fn(&str) -> bool) -> bool {
    let details = principal.extension::<crate::api_key::store::ApiKeyDetails>();
    details.is_some_and(|details| is_listed(details.id().as_str()))
}

#[cfg(not(feature = "api-key"))]
fn has_api_key(_: &Principal, _: impl Fn(&str) -> bool) -> bool {
    false
}

#[cfg(feature = "session")]
fn has_session(principal: &Principal, is_listed: impl Fn(&str) -> bool) -> bool {
    let session = principal.extension::<crate::session::Session>();
    let handle = session.and_then(crate::session::Session::handle);
    handle.is_some_and(|handle| is_listed(&handle.to_string()))
}

#[cfg(not(feature = "session"))]
fn has_session(_: &Principal, _: impl Fn(&str) -> bool) -> bool {
    false
}
