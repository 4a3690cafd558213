//! Providers of tokens, by the name of their preset.

use std::sync::Arc;

use super::issuers::UNREAD;
use super::keys::{ConfiguredKeys, read_keys};
use super::network::Context;
use super::reader::{Node, Section};
use super::settings::{BuilderSettings, Change, changed, optional, owned, read};
use super::token_settings::{leeway, token_settings};
use crate::jwt::providers::{self, AWS_ALB_HEADER, AwsAlbBuilder, AwsAlbValidator, Preset};
use crate::jwt::{JwtValidator, JwtValidatorBuilder, Ready};

/// A validator of a provider's tokens.
pub(super) enum ConfiguredProvider {
    Jwt(Box<JwtValidator>),
    /// Its tokens are in a header of their own.
    LoadBalancer(Box<AwsAlbValidator>),
}

/// The header of the tokens of [`ConfiguredProvider::LoadBalancer`].
pub(super) const LOAD_BALANCER_HEADER: &str = AWS_ALB_HEADER;

/// Makes the preset with its arguments.
type MakePreset = Box<dyn Fn() -> Preset>;

/// Reads one provider.
pub(super) fn provider(node: &Node<'_>, context: &Context<'_>) -> Option<ConfiguredProvider> {
    let mut section = node.section()?;
    let choices: Vec<_> = NAMES.iter().map(|name| (*name, *name)).collect();
    let remedy = "write the name of a preset, such as `auth0`";
    let name = section.require("provider", remedy)?.choice(&choices)?;
    let provider = match name {
        "aws_alb" => load_balancer(&mut section, context)
            .map(|alb| ConfiguredProvider::LoadBalancer(Box::new(alb))),
        _ => preset(name, &mut section, context).map(|jwt| ConfiguredProvider::Jwt(Box::new(jwt))),
    };
    section.finish();
    provider
}

const NAMES: &[&str] = &[
    "auth0",
    "aws_alb",
    "aws_outbound",
    "cognito",
    "entra",
    "entra_at",
    "firebase",
    "firebase_session_cookies",
    "github_actions",
    "github_actions_at",
    "gitlab",
    "google_id_token",
    "google_service_account",
    "keycloak",
    "keycloak_clients",
    "kubernetes",
    "okta",
];

fn preset(name: &str, section: &mut Section<'_>, context: &Context<'_>) -> Option<JwtValidator> {
    let make = arguments(name, section);
    let others = section.take("or_audiences").map(|node| node.texts());
    let keys = section.take("keys");
    let has_keys = keys.is_some();
    let issuer = make.as_ref().map(|make| make());
    let issuer = issuer.as_ref().and_then(Preset::issuer);
    let keys = keys.and_then(|keys| read_keys(&keys, issuer, context));
    let mut settings = token_settings(section);
    let others = optional(others);
    let is_complete = make.is_some() && others.is_some() && (keys.is_some() || !has_keys);
    // What could not be read has a substitute, so that errors of the settings are found too.
    let make = make.unwrap_or_else(|| Box::new(|| providers::okta(UNREAD, UNREAD)));
    let others = others.flatten().unwrap_or_default();
    let build = |keys: &ConfiguredKeys, changes: Vec<Change<JwtValidatorBuilder<Ready>>>| {
        let environment = context.environment.clone();
        let preset = others
            .iter()
            .fold(make(), |preset, other| preset.or_audience(other));
        let preset = preset.customize(move |builder| changed(builder.env(&environment), &changes));
        match keys {
            ConfiguredKeys::Fixed(keys) => preset.build_with_keys(keys.clone()),
            ConfiguredKeys::Fetched(store) => preset.key_store(Arc::clone(store)),
        }
    };
    let given = keys.unwrap_or_else(ConfiguredKeys::unread);
    let validator = settings.build(section, |changes| build(&given, changes));
    let validator = validator.filter(|_| is_complete)?;
    if has_keys {
        return Some(validator);
    }
    let keys = default_keys(&make, section, context)?;
    section.ok(build(&keys, settings.changes()))
}

/// Returns the keys that the preset fetches.
fn default_keys(
    make: &MakePreset,
    section: &Section<'_>,
    context: &Context<'_>,
) -> Option<ConfiguredKeys> {
    let build = || make().key_source().env(context.network()?).build();
    let keys = section.ok(build())?;
    Some(ConfiguredKeys::Fetched(Arc::new(keys)))
}

/// Reads the arguments of a preset.
fn arguments(name: &str, section: &mut Section<'_>) -> Option<MakePreset> {
    match name {
        "auth0" => two(section, ["domain", "audience"], |a, b| {
            providers::auth0(a, b)
        }),
        "aws_outbound" => two(section, ["issuer", "audience"], |a, b| {
            providers::aws_outbound(a, b)
        }),
        "cognito" => with_list(section, ["pool", "clients"], |a, all| {
            providers::cognito(a, all.iter().map(String::as_str))
        }),
        "entra" => with_list(section, ["app", "tenants"], |app, all| {
            providers::entra(all.iter().map(String::as_str), app)
        }),
        "entra_at" => two(section, ["issuer", "app"], |a, b| providers::entra_at(a, b)),
        "firebase" => one(section, "project", |a| providers::firebase(a)),
        "firebase_session_cookies" => one(section, "project", |a| {
            providers::firebase_session_cookies(a)
        }),
        "github_actions" => one(section, "audience", |a| providers::github_actions(a)),
        "github_actions_at" => two(section, ["issuer", "audience"], |a, b| {
            providers::github_actions_at(a, b)
        }),
        "gitlab" => two(section, ["host", "audience"], |a, b| {
            providers::gitlab(a, b)
        }),
        "google_id_token" => one(section, "client", |a| providers::google_id_token(a)),
        "google_service_account" => one(section, "audience", |a| {
            providers::google_service_account(a)
        }),
        "keycloak" => two(section, ["realm", "audience"], |a, b| {
            providers::keycloak(a, b)
        }),
        "keycloak_clients" => with_list(section, ["realm", "clients"], |a, all| {
            providers::keycloak_clients(a, all.iter().map(String::as_str))
        }),
        "kubernetes" => two(section, ["issuer", "audience"], |a, b| {
            providers::kubernetes(a, b)
        }),
        _ => two(section, ["issuer", "audience"], |a, b| {
            providers::okta(a, b)
        }),
    }
}

const ARGUMENT: &str = "write the argument of the preset";

fn argument(section: &mut Section<'_>, name: &'static str) -> Option<String> {
    owned(&section.require(name, ARGUMENT)?)
}

fn one(
    section: &mut Section<'_>,
    name: &'static str,
    make: fn(&str) -> Preset,
) -> Option<MakePreset> {
    let only = argument(section, name)?;
    Some(Box::new(move || make(&only)))
}

fn two(
    section: &mut Section<'_>,
    [first, second]: [&'static str; 2],
    make: fn(&str, &str) -> Preset,
) -> Option<MakePreset> {
    let (first, second) = (argument(section, first), argument(section, second));
    let (first, second) = (first?, second?);
    Some(Box::new(move || make(&first, &second)))
}

fn with_list(
    section: &mut Section<'_>,
    [first, list]: [&'static str; 2],
    make: fn(&str, &[String]) -> Preset,
) -> Option<MakePreset> {
    let first = argument(section, first);
    let list = section
        .require(list, ARGUMENT)
        .and_then(|node| node.texts());
    let (first, list) = (first?, list?);
    Some(Box::new(move || make(&first, &list)))
}

fn load_balancer(section: &mut Section<'_>, context: &Context<'_>) -> Option<AwsAlbValidator> {
    let names = ["region", "load_balancer", "client"];
    let arguments = names.map(|name| argument(section, name));
    let mut settings = BuilderSettings::new();
    settings.add(
        "issuer",
        read(section, "issuer", owned),
        AwsAlbBuilder::issuer,
    );
    settings.add(
        "authority",
        read(section, "authority", owned),
        AwsAlbBuilder::authority,
    );
    settings.add(
        "keys_at",
        read(section, "keys_at", owned),
        AwsAlbBuilder::keys_at,
    );
    settings.add(
        "leeway",
        read(section, "leeway", leeway),
        AwsAlbBuilder::leeway,
    );
    let [Some(region), Some(load_balancer), Some(client)] = arguments else {
        return None;
    };
    settings.build(section, |changes| {
        let builder = providers::aws_alb(&region, &load_balancer, &client);
        changed(builder.env(context.network()?), &changes).build()
    })
}
