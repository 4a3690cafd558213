//! The endpoint that opaque tokens are introspected at (RFC 7662).

use super::files::copied;
use super::issuers::{UNREAD, weakened};
use super::keys::{ConfiguredKeys, read_keys};
use super::network::Context;
use super::reader::{Node, Section};
use super::settings::{BuilderSettings, changed, optional, owned, read};
use super::token_settings::{algorithm, grants, leeway};
use crate::client_auth::{ClientAuth, ClientKey};
use crate::introspection::{IntrospectionValidator, IntrospectionValidatorBuilder};
use crate::jwt::Ready;
use crate::secret::Secret;

type Builder = IntrospectionValidatorBuilder<Ready>;

/// Reads the endpoint.
pub(super) fn introspection(
    node: &Node<'_>,
    context: &Context<'_>,
) -> Option<IntrospectionValidator> {
    let mut section = node.section()?;
    let endpoint = section.require("endpoint", "write its https URL");
    let endpoint = endpoint.and_then(|node| owned(&node));
    let client = section.require("client", "say how this service authenticates there");
    let client = client.and_then(|node| client_auth(&node, context));
    let audiences = audiences(&mut section);
    let signed = section.take("signed").map(|node| signed(&node, context));
    let signed = optional(signed);
    let mut settings = settings(&mut section, context);
    let is_complete =
        endpoint.is_some() && client.is_some() && audiences.is_some() && signed.is_some();
    // What could not be read has a substitute, so that errors of the settings are found too.
    let endpoint = endpoint.unwrap_or_else(|| "https://localhost/".to_owned());
    let client = client.or_else(|| ClientAuth::secret_basic(UNREAD, UNREAD.to_owned()).ok())?;
    let (audiences, signed) = (audiences.flatten(), signed.flatten());
    let validator = settings.build(&section, |changes| {
        let builder = IntrospectionValidator::builder(&endpoint, client.clone());
        let builder = match &audiences {
            Some(names) => builder.audiences(names.clone()),
            None => builder.any_audience(),
        };
        let builder = match &signed {
            Some((issuer, keys)) => builder.signed(issuer, keys.clone().into_store()),
            None => builder,
        };
        changed(builder.env(context.network()?), &changes).build()
    });
    section.finish();
    validator.filter(|_| is_complete)
}

/// Reads the audiences; `None` inside is any audience.
fn audiences(section: &mut Section<'_>) -> Option<Option<Vec<String>>> {
    let names = ["audience", "audiences", "any_audience"];
    let remedy = "write the `aud` of the tokens for this service in `audience`";
    match section.exactly_one(&names, remedy)? {
        ("audience", name) => Some(Some(vec![name.single("audiences")?.to_owned()])),
        ("audiences", names) => names.texts().map(Some),
        (_, flag) => weakened(&flag).then_some(None),
    }
}

fn signed(node: &Node<'_>, context: &Context<'_>) -> Option<(String, ConfiguredKeys)> {
    let mut section = node.section()?;
    let issuer = section.require("issuer", "write the `iss` of the responses");
    let issuer = issuer.and_then(|node| owned(&node));
    let keys = section.require("keys", "name their source");
    let keys = keys.and_then(|keys| read_keys(&keys, issuer.as_deref(), context));
    section.finish();
    Some((issuer?, keys?))
}

fn settings<'c>(section: &mut Section<'c>, context: &Context<'_>) -> BuilderSettings<'c, Builder> {
    let mut settings = BuilderSettings::new();
    let issuers = read(section, "issuers", Node::texts);
    settings.add("issuers", issuers, Builder::issuers);
    settings.add(
        "authority",
        read(section, "authority", owned),
        Builder::authority,
    );
    settings.flag(
        section,
        "accept_missing_token_type",
        Builder::accept_missing_token_type,
    );
    settings.add(
        "scopes_from",
        read(section, "scopes_from", owned),
        Builder::scopes_from,
    );
    settings.add(
        "grants",
        read(section, "grants", grants),
        |builder, (scopes, claims)| builder.grants::<String, String>(scopes, claims),
    );
    settings.add("leeway", read(section, "leeway", leeway), Builder::leeway);
    settings.add(
        "fresh_for",
        read(section, "fresh_for", Node::span),
        Builder::fresh_for,
    );
    let entries = read(section, "max_entries", Node::number);
    settings.add("max_entries", entries, Builder::max_entries);
    let bytes = read(section, "max_token_bytes", Node::number);
    settings.add("max_token_bytes", bytes, Builder::max_token_bytes);
    let key = read(section, "token_id_key", |node| {
        context.folder.shared_secret(node)
    });
    settings.add("token_id_key", key, |builder, key| {
        builder.token_id_key(copied(&key))
    });
    let hosts = read(section, "allow_plain_http", Node::texts);
    settings.add("allow_plain_http", hosts, |builder, hosts| {
        builder.allow_plain_http(hosts)
    });
    settings
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Method {
    Basic,
    Post,
    Bearer,
    PrivateKey,
}

const METHODS: &[(&str, Method)] = &[
    ("secret_basic", Method::Basic),
    ("secret_post", Method::Post),
    ("bearer", Method::Bearer),
    ("private_key_jwt", Method::PrivateKey),
];

/// Reads how the service authenticates at the endpoint.
fn client_auth(node: &Node<'_>, context: &Context<'_>) -> Option<ClientAuth> {
    let mut section = node.section()?;
    let method = section.require("method", "name how the service authenticates");
    let method = method.and_then(|node| node.choice(METHODS))?;
    let id = match method {
        Method::Bearer => None,
        _ => section
            .require("id", "write the client id")
            .map(|node| owned(&node)),
    };
    let auth = match method {
        Method::PrivateKey => {
            let key = private_key(&mut section, context);
            id.flatten()
                .zip(key)
                .and_then(|(id, key)| section.ok(ClientAuth::private_key_jwt(id, key)))
        }
        _ => {
            let secret = section.require("secret", "refer to it by `{\"env\": \"NAME\"}`");
            let secret = secret.and_then(|node| Some((context.folder.secret(&node)?, node)));
            with_secret(method, id, secret)
        }
    };
    section.finish();
    auth
}

fn with_secret(
    method: Method,
    id: Option<Option<String>>,
    secret: Option<(Secret, Node<'_>)>,
) -> Option<ClientAuth> {
    let (secret, node) = secret?;
    let auth = match (method, id.flatten()) {
        (Method::Bearer, _) => ClientAuth::bearer(secret),
        (Method::Post, Some(id)) => ClientAuth::secret_post(id, secret),
        (_, Some(id)) => ClientAuth::secret_basic(id, secret),
        (_, None) => return None,
    };
    node.ok(auth)
}

fn private_key(section: &mut Section<'_>, context: &Context<'_>) -> Option<ClientKey> {
    let name = section.require(
        "algorithm",
        "write the algorithm of the key, such as `ES256`",
    );
    let algorithm = name.and_then(|node| algorithm(&node));
    let node = section.require("private_key", "refer to its PEM by `{\"file\": \"..\"}`");
    let pem = node.and_then(|node| Some((context.folder.secret(&node)?, node)));
    let kid = section.take("kid").map(|node| owned(&node));
    let audience = section.take("assertion_audience").map(|node| owned(&node));
    let (pem, node) = pem?;
    let mut key = node.ok(ClientKey::from_pem(algorithm?, pem.expose()))?;
    if let Some(kid) = kid {
        key = key.key_id(kid?);
    }
    match audience {
        Some(audience) => Some(key.audience(audience?)),
        None => Some(key),
    }
}
