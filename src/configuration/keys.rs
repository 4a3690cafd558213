//! The keys of an issuer: in the file, in another file, by reference, or fetched.

use std::sync::Arc;

use super::error::FIELD;
use super::files::copied;
use super::network::Context;
use super::no_keys::NoKeys;
use super::reader::{Node, Section};
use super::settings::{BuilderSettings, changed, optional, owned, read};
use super::tree::Tree;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::jwt::{JwtValidatorBuilder, NeedsKeys, Ready};
use crate::key::{FetchedKeys, FetchedKeysBuilder, Key, KeyImporter, KeySet, KeyStore};

/// Keys that were read.
#[derive(Clone)]
pub(super) enum ConfiguredKeys {
    Fixed(KeySet),
    Fetched(Arc<dyn KeyStore>),
}

impl ConfiguredKeys {
    pub(super) fn of(&self, builder: JwtValidatorBuilder<NeedsKeys>) -> JwtValidatorBuilder<Ready> {
        match self {
            Self::Fixed(keys) => builder.keys(keys.clone()),
            Self::Fetched(store) => builder.key_store(Arc::clone(store)),
        }
    }

    /// No keys, in place of some that could not be read.
    pub(super) fn unread() -> Self {
        Self::Fetched(Arc::new(NoKeys))
    }

    pub(super) fn into_store(self) -> Arc<dyn KeyStore> {
        match self {
            Self::Fixed(keys) => Arc::new(keys),
            Self::Fetched(store) => store,
        }
    }
}

/// The sources of keys, of which a section names one.
const SOURCES: &[&str] = &[
    "jwks_file",
    "jwks",
    "pem_file",
    "secret",
    "base64url_secret",
    "jwks_url",
    "discover",
];

const REMEDY: &str = "write for example `{\"discover\": true}`, `{\"jwks_url\": \"https://..\"}` or \
                      `{\"jwks_file\": \"keys.json\"}`";

/// Reads the keys of an issuer, which is needed to discover them.
pub(super) fn read_keys(
    node: &Node<'_>,
    issuer: Option<&str>,
    context: &Context<'_>,
) -> Option<ConfiguredKeys> {
    let Some(mut section) = object(node) else {
        node.refuse("an object with one source of keys", REMEDY);
        return None;
    };
    let keys = match section.exactly_one(SOURCES, REMEDY)? {
        ("discover", flag) => discovered(&mut section, &flag, issuer, context),
        ("jwks_url", url) => {
            let settings = fetch_settings(&mut section, context);
            owned(&url).and_then(|url| {
                fetched(&section, settings?, context, || FetchedKeys::jwks_url(&url))
            })
        }
        (source, value) => fixed(&mut section, source, &value, context).map(ConfiguredKeys::Fixed),
    };
    section.finish();
    keys
}

fn object<'c>(node: &Node<'c>) -> Option<Section<'c>> {
    let is_object = matches!(node.tree(), Tree::Map(_));
    is_object.then(|| node.section()).flatten()
}

fn fixed(
    section: &mut Section<'_>,
    source: &'static str,
    value: &Node<'_>,
    context: &Context<'_>,
) -> Option<KeySet> {
    let is_set = source.starts_with("jwks");
    // It is read before the key, so that its errors are found together with those of the key.
    let kid = if is_set { None } else { section.take("kid") };
    let kid = kid.map(|node| (node.text(), node));
    if is_set {
        return key_set(source, value, context);
    }
    let key = single(source, value, context)?;
    match kid {
        Some((Some(name), node)) => node.ok(key.with_kid(name)).map(KeySet::from),
        Some((None, _)) => None,
        None => Some(KeySet::from(key)),
    }
}

fn key_set(source: &str, value: &Node<'_>, context: &Context<'_>) -> Option<KeySet> {
    match source {
        "jwks" => inline(value, context),
        _ => value.ok(importer(context).jwks(context.folder.content(value)?)),
    }
}

fn single(source: &str, value: &Node<'_>, context: &Context<'_>) -> Option<Key> {
    let folder = context.folder;
    match source {
        "pem_file" => value.ok(Key::from_pem(folder.content(value)?)),
        "secret" => value.ok(Key::from_secret(folder.secret(value)?)),
        _ => {
            let secret = folder.secret(value)?;
            let text = str::from_utf8(secret.expose()).unwrap_or_default();
            value.ok(Key::from_base64url_secret(text))
        }
    }
}

fn inline(value: &Node<'_>, context: &Context<'_>) -> Option<KeySet> {
    if !matches!(value.tree(), Tree::Map(_)) {
        let remedy = "write an object with `keys`, or name a file in `jwks_file`";
        value.refuse("a JWK Set", remedy);
        return None;
    }
    if has_secret(value.tree()) {
        let detail = "expected public keys, found a private or secret one (not shown); remove it \
                      from the file, and name its place in `secret` or `base64url_secret` if \
                      tokens are verified with it";
        value.report(ConfigError::new(ConfigErrorKind::KeyPrivate, FIELD, detail));
        return None;
    }
    let text = value.tree().to_json();
    value.ok(importer(context).jwks(text))
}

/// Returns true if a key has a private or symmetric part (RFC 7518 sections 6.2.2, 6.3.2 and 6.4).
fn has_secret(jwks: &Tree) -> bool {
    let member = |tree: &Tree, is_meant: fn(&str) -> bool| match tree {
        Tree::Map(members) => members.iter().any(|(name, _)| is_meant(name)),
        _ => false,
    };
    let Tree::Map(members) = jwks else {
        return false;
    };
    members.iter().any(|(_, keys)| match keys {
        Tree::List(keys) => keys
            .iter()
            .any(|key| member(key, |name| matches!(name, "d" | "k" | "p" | "q"))),
        other => member(other, |name| matches!(name, "d" | "k")),
    })
}

/// Returns an importer that reports the members of a set that are skipped, such as keys for
/// encryption.
fn importer(context: &Context<'_>) -> KeyImporter {
    match &context.environment.observer {
        Some(observer) => KeyImporter::default().observer(Arc::clone(observer)),
        None => KeyImporter::default(),
    }
}

fn discovered(
    section: &mut Section<'_>,
    flag: &Node<'_>,
    issuer: Option<&str>,
    context: &Context<'_>,
) -> Option<ConfiguredKeys> {
    let at = optional(section.take("discovery_url").map(|url| owned(&url)));
    let settings = fetch_settings(section, context);
    let is_meant = flag.flag();
    if is_meant == Some(false) {
        flag.refuse("`true`", "name another source of keys, or write `true`");
    }
    // An issuer that could not be read is reported where it is.
    let (at, issuer, settings) = (at?, issuer.filter(|_| is_meant == Some(true))?, settings?);
    fetched(section, settings, context, || {
        let keys = FetchedKeys::discover(issuer);
        match &at {
            Some(url) => keys.discovery_url(url),
            None => keys,
        }
    })
}

/// Builds a source that is fetched, with the settings of its section.
fn fetched<'c>(
    section: &Section<'c>,
    mut settings: BuilderSettings<'c, FetchedKeysBuilder>,
    context: &Context<'_>,
    start: impl Fn() -> FetchedKeysBuilder,
) -> Option<ConfiguredKeys> {
    let keys = settings.build(section, |changes| {
        let builder = start().env(context.network()?);
        changed(builder, &changes).build()
    })?;
    Some(ConfiguredKeys::Fetched(Arc::new(keys)))
}

fn fetch_settings<'c>(
    section: &mut Section<'c>,
    context: &Context<'_>,
) -> Option<BuilderSettings<'c, FetchedKeysBuilder>> {
    let folder = context.folder;
    let mut settings = BuilderSettings::new();
    let bearer = section
        .take("bearer")
        .map(|node| (folder.shared_secret(&node), node));
    let is_complete = !matches!(bearer, Some((None, _)));
    let bearer = bearer.and_then(|(secret, node)| Some((node, secret?)));
    settings.add("bearer", bearer, |builder: FetchedKeysBuilder, bearer| {
        builder.bearer(copied(&bearer))
    });
    settings.add(
        "fresh_for",
        read(section, "fresh_for", Node::span),
        FetchedKeysBuilder::fresh_for,
    );
    settings.add(
        "stale_for",
        read(section, "stale_for", Node::span),
        FetchedKeysBuilder::stale_for,
    );
    settings.add(
        "max_keys",
        read(section, "max_keys", Node::number),
        FetchedKeysBuilder::max_keys,
    );
    let file = read(section, "keep_in", |node| folder.path(node));
    settings.add("keep_in", file, FetchedKeysBuilder::keep_in);
    let hosts = read(section, "allow_plain_http", Node::texts);
    settings.add("allow_plain_http", hosts, |builder, hosts| {
        builder.allow_plain_http(hosts)
    });
    let hosts = read(section, "trust_hosts", Node::texts);
    settings.add("trust_host", hosts, |builder, hosts: Vec<String>| {
        hosts
            .iter()
            .fold(builder, |builder, host| builder.trust_host(host))
    });
    is_complete.then_some(settings)
}
