//! What a predicate found, as text, for developers, and how a service supplies what is missing.

use crate::diagnosis::shortened;
use crate::policy::attribute::Attribute;
use crate::policy::engine::owner::OwnerSource;
use crate::policy::engine::predicate::Predicate;
use crate::policy::request::AccessRequest;
use crate::principal::Scopes;

/// Returns what a predicate read, cut if it is long.
pub(super) fn value(predicate: &Predicate, request: &AccessRequest<'_>) -> Option<String> {
    let caller = request.principal();
    let value = match predicate {
        Predicate::Absent(path) | Predicate::Claim(path, _) => {
            let value = path.find(request)?;
            String::from_utf8_lossy(value.bytes()).into_owned()
        }
        Predicate::Action(_) => request.action()?.to_owned(),
        Predicate::Address(_) => request.address()?.to_string(),
        Predicate::Attribute(name, _) | Predicate::Owner(OwnerSource::Attribute(name)) => {
            attribute(request.attribute(name)?)
        }
        Predicate::Authority(_) => caller.authority().to_string(),
        Predicate::Client(_) => caller.client()?.to_owned(),
        Predicate::Header(name, _) => {
            let value = request.headers()?.get(name)?;
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        }
        Predicate::Id(_, inner) => return self::value(inner, request),
        Predicate::Method(_) => request.facts()?.method().to_string(),
        Predicate::Owner(OwnerSource::Param(name, _)) | Predicate::Param(name, _) => {
            request.param(name)?.to_owned()
        }
        Predicate::Route(_) => request.resource()?.to_owned(),
        Predicate::Scope(_) => joined(caller.scopes()?),
        // These are shown as they are.
        Predicate::Custom(_)
        | Predicate::Encrypted
        | Predicate::Hours(_)
        | Predicate::Kind(_)
        | Predicate::SenderConstrained
        | Predicate::TokenAge(_)
        | Predicate::Weekdays(_) => return None,
    };
    Some(shortened(&value))
}

fn joined(scopes: Scopes<'_>) -> String {
    scopes.iter().collect::<Vec<_>>().join(" ")
}

fn attribute(value: Attribute<'_>) -> String {
    match value {
        Attribute::Bool(value) => value.to_string(),
        Attribute::Integer(value) => value.to_string(),
        Attribute::Subject(authority, id) => format!("{id} of {authority}"),
        Attribute::Text(text) => text.to_owned(),
    }
}

/// Returns how a service supplies what a predicate reads, if it is no fact of the caller.
pub(super) fn supply(predicate: &Predicate) -> Option<&'static str> {
    match predicate {
        Predicate::Action(_) => Some("an action (`AccessRequest::with_action`)"),
        Predicate::Address(_) => Some("the client's address (`ClientAddress`)"),
        Predicate::Attribute(..) | Predicate::Owner(OwnerSource::Attribute(_)) => {
            Some("attributes of the resource (`AccessRequest::with_attributes`)")
        }
        Predicate::Encrypted => Some("whether the client uses TLS (`AccessRequest::with_tls`)"),
        Predicate::Id(_, inner) => supply(inner),
        Predicate::Owner(OwnerSource::Param(..)) | Predicate::Param(..) => Some(
            "parameters of the route (`AccessRequest::with_params`, or a `RouteTable::by_path`)",
        ),
        Predicate::Route(_) => Some("the matched route (`AccessRequest::with_resource`)"),
        _ => None,
    }
}
