//! Which tokens of an issuer are valid: the settings that issuers and providers share.

use std::time::Duration;

use super::reader::{Node, Section};
use super::settings::{BuilderSettings, owned, read};
use super::tree::Tree;
use crate::clock::Leeway;
use crate::crypto::Algorithm;
use crate::error::ConfigErrorKind;
use crate::jwt::{JwtValidatorBuilder, Ready};
use crate::principal::ClaimValue;

type Builder = JwtValidatorBuilder<Ready>;

/// Reads the settings, each with the name of its method in Rust.
pub(super) fn token_settings<'c>(section: &mut Section<'c>) -> BuilderSettings<'c, Builder> {
    let mut settings = BuilderSettings::new();
    let algorithms = read(section, "algorithms", algorithms);
    settings.add("algorithms", algorithms, Builder::algorithms);
    settings.add("leeway", read(section, "leeway", leeway), Builder::leeway);
    settings.flag(
        section,
        "allow_missing_expiry",
        Builder::allow_missing_expiry,
    );
    settings.add(
        "scopes_from",
        read(section, "scopes_from", owned),
        Builder::scopes_from,
    );
    settings.add(
        "client_from",
        read(section, "client_from", owned),
        Builder::client_from,
    );
    settings.add(
        "authority",
        read(section, "authority", owned),
        Builder::authority,
    );
    purpose(section, &mut settings);
    requirements(section, &mut settings);
    settings.add(
        "grants",
        read(section, "grants", grants),
        |builder, (scopes, claims)| builder.grants::<String, String>(scopes, claims),
    );
    let bytes = read(section, "max_token_bytes", Node::number);
    settings.add("max_token_bytes", bytes, Builder::max_token_bytes);
    let bytes = read(section, "max_header_bytes", Node::number);
    settings.add("max_header_bytes", bytes, Builder::max_header_bytes);
    settings
}

/// Reads which tokens are made for the purpose of the service.
fn purpose<'c>(section: &mut Section<'c>, settings: &mut BuilderSettings<'c, Builder>) {
    settings.flag(section, "rfc9068", Builder::rfc9068);
    settings.add(
        "type",
        read(section, "require_type", owned),
        Builder::require_type,
    );
    let types = read(section, "accept_types", Node::texts);
    settings.add("accept_types", types, Builder::accept_types);
    settings.add(
        "access_mark",
        read(section, "access_mark", mark),
        |builder, mark| {
            let (claim, value) = mark;
            match value {
                Some(value) => builder.access_mark_value(claim, value),
                None => builder.access_mark(claim),
            }
        },
    );
    let empty = read(section, "absent_if_empty", Node::texts);
    settings.add("absent_if_empty", empty, Builder::absent_if_empty);
    let null = read(section, "absent_if_null", Node::texts);
    settings.add("absent_if_null", null, Builder::absent_if_null);
    let clients = read(section, "presented_by", Node::texts);
    settings.add("presented_by", clients, Builder::presented_by);
    let audiences = read(section, "trusted_audiences", Node::texts);
    settings.add("trusted_audiences", audiences, Builder::trusted_audiences);
}

/// Reads what a token must have in addition.
fn requirements<'c>(section: &mut Section<'c>, settings: &mut BuilderSettings<'c, Builder>) {
    let claims = read(section, "require_claims", claims);
    settings.add(
        "require_claims",
        claims,
        |builder, claims: Vec<(String, ClaimValue)>| {
            let claims = claims.into_iter();
            claims.fold(builder, |builder, (name, value)| {
                builder.require_claim(name, value)
            })
        },
    );
    let clients = read(section, "allow_clients", Node::texts);
    settings.add("clients", clients, Builder::allow_clients);
    settings.add(
        "max_age",
        read(section, "max_age", positive),
        Builder::max_age,
    );
    settings.add(
        "max_lifetime",
        read(section, "max_lifetime", positive),
        Builder::max_lifetime,
    );
}

fn positive(node: &Node<'_>) -> Option<Duration> {
    let span = node.span()?;
    if span.is_zero() {
        let remedy = "write a longer one, because no token would be accepted";
        node.refuse_as(
            ConfigErrorKind::OutOfRange,
            "a span longer than `0s`",
            remedy,
        );
        return None;
    }
    Some(span)
}

pub(super) fn leeway(node: &Node<'_>) -> Option<Leeway> {
    node.ok(Leeway::new(node.span()?))
}

fn algorithms(node: &Node<'_>) -> Option<Vec<Algorithm>> {
    let read: Vec<_> = node.list()?.iter().map(algorithm).collect();
    read.into_iter().collect()
}

pub(super) fn algorithm(node: &Node<'_>) -> Option<Algorithm> {
    let algorithm = Algorithm::from_name(node.text()?);
    if algorithm.is_none() {
        let remedy = "write the name as in the header of a token";
        let kind = ConfigErrorKind::AlgorithmUnusable;
        node.refuse_as(
            kind,
            "an algorithm of this crate such as `ES256` or `RS256`",
            remedy,
        );
    }
    algorithm
}

/// Reads a claim, or a claim and its value.
fn mark(node: &Node<'_>) -> Option<(String, Option<String>)> {
    if !matches!(node.tree(), Tree::Map(_)) {
        return Some((owned(node)?, None));
    }
    let mut section = node.section()?;
    let claim = section
        .require("claim", "name the claim")
        .and_then(|node| owned(&node));
    let value = section.take("value").map(|node| owned(&node));
    section.finish();
    match value {
        Some(None) => None,
        value => Some((claim?, value.flatten())),
    }
}

/// Reads what an issuer may assert. An empty list is meant: nothing of that sort.
pub(super) fn grants(node: &Node<'_>) -> Option<(Vec<String>, Vec<String>)> {
    let mut section = node.section()?;
    let remedy = "list them, or write `[]` for none";
    let scopes = section
        .require("scopes", remedy)
        .and_then(|node| names(&node));
    let claims = section
        .require("claims", remedy)
        .and_then(|node| names(&node));
    section.finish();
    Some((scopes?, claims?))
}

fn names(node: &Node<'_>) -> Option<Vec<String>> {
    match node.tree() {
        Tree::List(elements) if elements.is_empty() => Some(Vec::new()),
        _ => node.texts(),
    }
}

fn claims(node: &Node<'_>) -> Option<Vec<(String, ClaimValue)>> {
    let members = match node.tree() {
        Tree::Map(members) if !members.is_empty() => members,
        _ => {
            let remedy = "write each required claim with its value";
            node.refuse("an object with at least one claim", remedy);
            return None;
        }
    };
    let read: Vec<_> = members
        .iter()
        .map(|(name, tree)| Some((name.clone(), claim_value(&node.member(name, tree))?)))
        .collect();
    read.into_iter().collect()
}

fn claim_value(node: &Node<'_>) -> Option<ClaimValue> {
    match node.tree() {
        Tree::Bool(value) => Some(ClaimValue::Bool(*value)),
        Tree::Integer(number) => Some(ClaimValue::Integer(*number)),
        Tree::Text(text) => Some(ClaimValue::Text(text.clone())),
        _ => {
            node.refuse(
                "a string, an integer, `true` or `false`",
                "write the value of the claim",
            );
            None
        }
    }
}
