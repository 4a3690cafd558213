//! An access request as a Cedar request with its entities.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request,
    RestrictedExpression as Expression,
};
use http::HeaderMap;

use super::authorizer::CedarPolicies;
use crate::clock::UnixTime;
use crate::json::{Kind, Value};
use crate::limits;
use crate::policy::{AccessRequest, Attribute, user};
use crate::principal::Principal;

/// Why a request cannot be given to Cedar.
pub(super) enum Gap {
    /// The request has no action.
    Action,
    /// The attribute of the resource with this name is given twice.
    Attribute(String),
    /// A policy reads an id of the caller, or of the application, without its authority, and several
    /// use such ids.
    BareId,
    /// Cedar has no value for the claim of this name.
    Claim(Arc<str>),
    /// A header that policies read is sent twice, or is not ASCII.
    Header(Arc<str>),
    /// The route parameter of this name is given twice.
    Param(String),
    /// The request has no resource.
    Resource,
    /// The request does not fit the schema.
    Schema,
}

/// Attributes by name.
type Attributes = HashMap<String, Expression>;

impl CedarPolicies {
    /// Converts a request, and returns the entities that it is about.
    pub(super) fn cedar_request(
        &self,
        request: &AccessRequest<'_>,
    ) -> Result<(Request, Entities), Gap> {
        let is_unclear = request.has_contested_ids() && self.reads.has_bare_id();
        if is_unclear || request.has_contested_client_ids() && self.reads.has_bare_client_id() {
            return Err(Gap::BareId);
        }
        let action = request
            .action()
            .or_else(|| request.facts().map(|facts| facts.method().as_str()))
            .ok_or(Gap::Action)?;
        let action = uid(&self.types.action, action);
        let resource = request.resource().or(self.default_resource.as_deref());
        let resource = uid(&self.types.resource, resource.ok_or(Gap::Resource)?);
        let principal = self.caller(request.principal());
        let entities = [
            (&principal, self.caller_attributes(request.principal())?),
            (&resource, self.attributes(request)?),
        ];
        let entities = entities.map(|(uid, own)| {
            // The parents are those that the configured entities give it.
            let parents = self.entities.ancestors(uid).into_iter().flatten();
            let parents: HashSet<_> = parents.cloned().collect();
            Entity::new(uid.clone(), own, parents).map_err(|_| Gap::Schema)
        });
        let [principal_entity, resource_entity] = entities;
        let entities = [principal_entity?, resource_entity?];
        let schema = self.schema.as_ref();
        let entities = self.entities.clone().upsert_entities(entities, schema);
        let context = Context::from_pairs(self.context(request)?).map_err(|_| Gap::Schema)?;
        let converted = Request::new(principal, action, resource, context, schema);
        converted
            .map_err(|_| Gap::Schema)
            .and_then(|converted| Ok((converted, entities.map_err(|_| Gap::Schema)?)))
    }

    fn caller(&self, caller: &Principal) -> EntityUid {
        let authority = caller.authority().as_str();
        match user(caller) {
            Some(subject) => uid(&self.types.user, &pair(authority, subject)),
            None => {
                let client = caller.client().or(caller.subject()).unwrap_or_default();
                uid(&self.types.client, &pair(authority, client))
            }
        }
    }

    fn caller_attributes(&self, caller: &Principal) -> Result<Attributes, Gap> {
        let text = |text: &str| Some(Expression::new_string(text.to_owned()));
        let scopes = caller.scopes().map(|own| {
            let own = own.iter().map(str::to_owned);
            Expression::new_set(own.map(Expression::new_string))
        });
        let claims = self.claims.iter().filter_map(|name| {
            let own = caller.claims().value(name)?;
            let own = value(own, limits::CEDAR_DEPTH).ok_or_else(|| Gap::Claim(Arc::clone(name)));
            Some(own.map(|own| (name.to_string(), own)))
        });
        let claims: Attributes = claims.collect::<Result<_, _>>()?;
        let all = [
            ("authority", text(caller.authority().as_str())),
            ("kind", text(caller.kind().as_str())),
            ("subject", caller.subject().and_then(text)),
            ("client", caller.client().and_then(text)),
            ("scopes", scopes),
            ("issued_at", caller.issued_at().and_then(time)),
            ("expires_at", caller.expires_at().and_then(time)),
            (
                "sender_constrained",
                caller.is_confirmed().then(|| Expression::new_bool(true)),
            ),
            ("claims", Expression::new_record(claims).ok()),
        ];
        Ok(present(all))
    }

    fn attributes(&self, request: &AccessRequest<'_>) -> Result<Attributes, Gap> {
        let names = request.attributes().iter().map(|(name, _)| *name);
        let own = names.map(|name| {
            let own = request.attribute(name);
            let value = match own.ok_or_else(|| Gap::Attribute(name.to_owned()))? {
                Attribute::Bool(own) => Expression::new_bool(own),
                Attribute::Integer(own) => Expression::new_long(own),
                Attribute::Subject(authority, id) => {
                    let id = pair(authority.as_str(), id);
                    Expression::new_entity_uid(uid(&self.types.user, &id))
                }
                Attribute::Text(own) => Expression::new_string(own.to_owned()),
            };
            Ok((name.to_owned(), value))
        });
        own.collect()
    }

    fn context(&self, request: &AccessRequest<'_>) -> Result<Attributes, Gap> {
        let params = request.params().iter().map(|(name, _)| {
            let own = request.param(name);
            let own = own.ok_or_else(|| Gap::Param((*name).to_owned()))?;
            Ok(((*name).to_owned(), Expression::new_string(own.to_owned())))
        });
        let params: Attributes = params.collect::<Result<_, _>>()?;
        let headers = request.headers().map(|all| self.headers(all)).transpose()?;
        let method = request.facts().map(|facts| facts.method().as_str());
        let address = request.address().map(|address| address.to_string());
        let client = request
            .client()
            .map(|client| self.caller_attributes(client))
            .transpose()?;
        Ok(present([
            ("now", time(request.now())),
            ("params", Expression::new_record(params).ok()),
            ("headers", headers),
            (
                "method",
                method.map(|own| Expression::new_string(own.to_owned())),
            ),
            ("address", address.map(Expression::new_ip)),
            ("tls", request.is_encrypted().map(Expression::new_bool)),
            (
                "client",
                client.and_then(|own| Expression::new_record(own).ok()),
            ),
        ]))
    }

    /// Converts headers. One that occurs twice, or is not text, is left out only if no policy reads
    /// it.
    fn headers(&self, all: &HeaderMap) -> Result<Expression, Gap> {
        let own = all.keys().filter_map(|name| {
            let mut values = all.get_all(name).iter();
            let text = match (values.next(), values.next()) {
                (Some(value), None) => value.to_str().ok(),
                _ => None,
            };
            match text {
                Some(text) => {
                    let text = Expression::new_string(text.to_owned());
                    Some(Ok((name.as_str().to_owned(), text)))
                }
                None => {
                    let read = self.reads.header(name.as_str());
                    read.map(|own| Err(Gap::Header(own)))
                }
            }
        });
        let own = own.collect::<Result<Attributes, Gap>>()?;
        Expression::new_record(own).map_err(|_| Gap::Schema)
    }
}

fn present<const N: usize>(all: [(&str, Option<Expression>); N]) -> Attributes {
    let present = all
        .into_iter()
        .filter_map(|(name, own)| Some((name.to_owned(), own?)));
    present.collect()
}

fn time(time: UnixTime) -> Option<Expression> {
    i64::try_from(time.as_secs()).ok().map(Expression::new_long)
}

/// Converts a claim. Cedar has no `null`, no fractions and no numbers beyond 64 bits: there is no
/// value for these, and none for an array or object with one of them.
fn value(own: Value<'_>, depth: usize) -> Option<Expression> {
    let depth = depth.checked_sub(1)?;
    match own.kind() {
        Kind::Array => {
            let parts = own.elements()?.map(|part| value(part, depth));
            Some(Expression::new_set(parts.collect::<Option<Vec<_>>>()?))
        }
        Kind::Bool => own.as_bool().map(Expression::new_bool),
        Kind::Null => None,
        Kind::Number => own.raw().parse().ok().map(Expression::new_long),
        Kind::Object => {
            let object = own.as_object()?;
            let parts = object.members();
            let parts = parts.map(|(name, part)| Some((name.into_owned(), value(part, depth)?)));
            Expression::new_record(parts.collect::<Option<Attributes>>()?).ok()
        }
        Kind::String => Some(Expression::new_string(own.as_str()?.into_owned())),
    }
}

/// Joins authority and id to a text that no other pair has.
fn pair(authority: &str, id: &str) -> String {
    let authority = authority.replace('%', "%25").replace('|', "%7C");
    format!("{authority}|{id}")
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_pairs_are_one_id() {
        let words = ["", "a", "|", "%", "%7C", "a|b", "b|", "%257C", "%25"];
        let mut seen = HashSet::new();
        for authority in words {
            for id in words {
                assert!(seen.insert(pair(authority, id)), "{authority} {id}");
            }
        }
        assert_eq!(
            pair("https://idp.example", "x|y"),
            "https://idp.example|x|y"
        );
    }
}
