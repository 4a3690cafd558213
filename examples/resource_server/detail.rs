//! The authorization detail that a route demands (RFC 9396).

use bearergate::policy::{Condition, detail};

/// Allows callers that were granted a detail of this type, with this action if one is named.
pub(crate) fn demand(kind: &str, action: Option<&str>) -> Condition {
    let detail = detail(kind);
    match action {
        Some(action) => detail.action(action).granted(),
        None => detail.granted(),
    }
}
