//! API keys: format, peppers, places and store.

use std::sync::Arc;

use super::issuers::UNREAD;
use super::network::Context;
use super::reader::{Node, Section};
use super::record_stores::RecordStores;
use super::settings::{optional, owned};
use crate::api_key::{
    ApiKeyFormat, ApiKeyManager, ApiKeyScheme, ApiKeyStore, ApiKeyValidator, LegacyFormat,
    PepperSet,
};
use crate::credential::{BasicKey, Sources};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::secret_source::SecretSource;

/// The API keys of a service, before the places of its credentials are known.
pub(super) struct ConfiguredApiKeys {
    scheme: ApiKeyScheme,
    store: Arc<dyn ApiKeyStore>,
    pub(super) validator: ApiKeyValidator,
    pub(super) header: Option<String>,
    pub(super) basic: Option<BasicKey>,
}

impl ConfiguredApiKeys {
    pub(super) fn manager(
        &self,
        sources: &Sources,
        environment: &Environment,
    ) -> Result<ApiKeyManager, ConfigError> {
        ApiKeyManager::builder(self.scheme.clone(), Arc::clone(&self.store))
            .sources(sources)
            .env(environment)
            .build()
    }
}

/// Reads the section.
pub(super) fn api_keys(
    node: &Node<'_>,
    context: &Context<'_>,
    stores: &RecordStores<'_>,
) -> Option<ConfiguredApiKeys> {
    let mut section = node.section()?;
    let scheme = scheme(&mut section, context);
    let remedy = "write `{\"sqlite\": \"service.db\"}` or `{\"memory\": 100000}`";
    let store = section.require("store", remedy);
    let store = store.and_then(|node| stores.api_keys(&node));
    let header = header(&mut section);
    let basic = section.take("basic").map(|node| basic(&node));
    let is_checked_by_caller = section.flag("addresses_checked_by_caller");
    let keys = match (scheme, store, header, optional(basic)) {
        (Some(scheme), Some(store), Some(header), Some(basic)) => {
            let builder = ApiKeyValidator::builder(scheme.clone(), Arc::clone(&store));
            let builder = match &header {
                Some(name) => builder.header(name),
                None => builder.without_header(),
            };
            let builder = match basic {
                Some(_) => builder.basic(),
                None => builder,
            };
            let builder = match is_checked_by_caller {
                true => builder.addresses_checked_by_caller(),
                false => builder,
            };
            let validator = section.ok(builder.env(context.environment).build());
            validator.map(|validator| ConfiguredApiKeys {
                scheme,
                store,
                validator,
                header,
                basic,
            })
        }
        _ => None,
    };
    section.finish();
    keys
}

/// Reads what all keys share.
fn scheme(section: &mut Section<'_>, context: &Context<'_>) -> Option<ApiKeyScheme> {
    let remedy = "choose a name that will not change, such as `acme keys`";
    let authority = section
        .require("authority", remedy)
        .and_then(|node| owned(&node));
    let prefix = section.require(
        "prefix",
        "choose the first part of all keys, such as `acme_live`",
    );
    let format = prefix.and_then(|node| node.ok(ApiKeyFormat::new(node.text()?)));
    let bits = optional(section.take("secret_bits").map(|node| secret_bits(&node)));
    let remedy = "write `[{\"version\": 1, \"secret\": {\"env\": \"NAME\"}}]`";
    let peppers = section.require("peppers", remedy);
    let peppers = peppers.and_then(|node| pepper_set(&node, context));
    let legacy = section.take("legacy").map(|node| legacy(&node));
    let format = match bits? {
        Some(bits) => section.ok(format?.with_secret_bits(bits)),
        None => format,
    };
    let (authority, format, peppers) = (authority?, format?, peppers?);
    let scheme = section.ok(ApiKeyScheme::new(authority, format, peppers))?;
    match legacy {
        Some(legacy) => Some(scheme.with_legacy(legacy?)),
        None => Some(scheme),
    }
}

/// Reads the random bits of new keys, and checks them on a format of any prefix.
fn secret_bits(node: &Node<'_>) -> Option<u32> {
    let bits = node.number()?;
    let checked = ApiKeyFormat::new(UNREAD).and_then(|format| format.with_secret_bits(bits));
    node.ok(checked).map(|_| bits)
}

/// Reads the peppers; the first is the current one.
fn pepper_set(node: &Node<'_>, context: &Context<'_>) -> Option<PepperSet> {
    let nodes = node.list()?;
    let read: Vec<_> = nodes.iter().map(|node| pepper(node, context)).collect();
    let mut set = None;
    let mut is_complete = true;
    for (node, pepper) in nodes.iter().zip(read) {
        let Some((version, source, secret)) = pepper else {
            is_complete = false;
            continue;
        };
        let extended = match set.clone() {
            None => PepperSet::new(version, &source),
            Some(current) => PepperSet::with_older(current, version, &source),
        };
        match extended {
            Ok(extended) => set = Some(extended),
            Err(error) => {
                is_complete = false;
                match error.field() {
                    "secret" => secret.report(error),
                    _ => node.report(error),
                }
            }
        }
    }
    set.filter(|_| is_complete)
}

fn pepper<'c>(node: &Node<'c>, context: &Context<'_>) -> Option<(u32, SecretSource, Node<'c>)> {
    let mut section = node.section()?;
    let version = section.require("version", "number the peppers from 1");
    let version = version.and_then(|node| node.number());
    let secret = section.require("secret", "refer to it by `{\"env\": \"NAME\"}`");
    let source = secret.as_ref().and_then(|node| context.folder.source(node));
    section.finish();
    Some((version?, source?, secret?))
}

fn legacy(node: &Node<'_>) -> Option<LegacyFormat> {
    let mut section = node.section()?;
    let bytes = section.require("min_bytes", "write the length of the shortest key");
    let format = bytes.and_then(|node| node.ok(LegacyFormat::new(node.number()?)));
    let takes_sha256 = section.flag("imported_sha256");
    section.finish();
    match takes_sha256 {
        true => format.map(LegacyFormat::with_imported_sha256),
        false => format,
    }
}

/// Reads the header of the keys; `None` inside is none.
fn header(section: &mut Section<'_>) -> Option<Option<String>> {
    let header = section.take("header");
    let is_off = section.flag("without_header");
    match header {
        Some(header) if is_off => {
            header.refuse(
                "no header, because `without_header` is set",
                "remove one of the two",
            );
            None
        }
        Some(header) => {
            let name = owned(&header)?;
            // Here too, because the validator is built only if all else is right.
            let sources = Sources::builder().header(&name).build();
            header.ok(sources).map(|_| Some(name))
        }
        None if is_off => Some(None),
        None => Some(Some("x-api-key".to_owned())),
    }
}

/// Reads which part of `Authorization: Basic` is the key.
fn basic(node: &Node<'_>) -> Option<BasicKey> {
    let mut section = node.section()?;
    let part = section.require("part", "write `user_name` or `password`");
    let part = part.and_then(|node| node.choice(&[("user_name", true), ("password", false)]));
    let other = section.take("other_part").map(|node| owned(&node));
    let ignores = section.flag("ignoring_other_part");
    section.finish();
    let key = match part? {
        true => BasicKey::user_name(),
        false => BasicKey::password(),
    };
    let key = match other {
        Some(other) => key.with_other_part(other?),
        None => key,
    };
    Some(match ignores {
        true => key.ignoring_other_part(),
        false => key,
    })
}
