//! The authorization detail that a route demands (RFC 9396).

use bearergate::NowOrLater;
use bearergate::json::Value;
use bearergate::policy::{AccessRequest, Authorizer, Decision};

/// Allows callers that were granted a detail of this type, with this action if one is named.
#[derive(Debug)]
pub(crate) struct DetailDemand {
    kind: String,
    action: Option<String>,
}

impl DetailDemand {
    pub(crate) fn new(kind: &str, action: Option<&str>) -> Self {
        Self {
            kind: kind.to_owned(),
            action: action.map(str::to_owned),
        }
    }

    /// Type and action must be in one element; one without actions grants none.
    fn is_met(&self, details: Value<'_>) -> bool {
        let mut all = details.elements().into_iter().flatten();
        all.any(|detail| {
            let Ok(detail) = bearergate::json::Object::parse(detail.raw().as_bytes()) else {
                return false;
            };
            let has_type = text(detail.get("type")).is_some_and(|own| own == self.kind);
            let has_action = self.action.as_ref().is_none_or(|action| {
                let actions = detail.get("actions").and_then(Value::elements);
                actions
                    .into_iter()
                    .flatten()
                    .any(|own| text(Some(own)).as_ref() == Some(action))
            });
            has_type && has_action
        })
    }
}

fn text(value: Option<Value<'_>>) -> Option<String> {
    Some(value?.as_str()?.into_owned())
}

impl Authorizer for DetailDemand {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        let details = request.principal().claims().value("authorization_details");
        NowOrLater::now(match details.is_some_and(|details| self.is_met(details)) {
            true => Decision::allow(),
            false => Decision::scope_insufficient([] as [&str; 0]),
        })
    }
}
