//! Refusals as HTTP responses.

use super::reader::Node;
use super::settings::{BuilderSettings, changed, owned, read};
use crate::http_response::{BodyStyle, ResponseConfig, ResponseConfigBuilder};

type Builder = ResponseConfigBuilder;

/// Reads the section.
pub(super) fn response(node: &Node<'_>) -> Option<ResponseConfig> {
    let mut section = node.section()?;
    let mut settings = BuilderSettings::new();
    settings.add("realm", read(&mut section, "realm", owned), Builder::realm);
    let choices = [
        ("empty", BodyStyle::Empty),
        ("problem_json", BodyStyle::ProblemJson),
    ];
    let body = read(&mut section, "body", |node| node.choice(&choices));
    settings.add("body", body, Builder::body);
    let url = read(&mut section, "resource_metadata", owned);
    settings.add("resource_metadata", url, Builder::resource_metadata);
    settings.add("scope", read(&mut section, "scope", owned), Builder::scope);
    let names = read(&mut section, "dpop_algorithms", owned);
    settings.add("dpop_algorithms", names, Builder::dpop_algorithms);
    settings.flag(&mut section, "offer_basic", Builder::offer_basic);
    let wait = read(&mut section, "retry_after", Node::span);
    settings.add("retry_after", wait, Builder::retry_after);
    let response = settings.build(&section, |changes| {
        changed(ResponseConfig::builder(), &changes).build()
    });
    section.finish();
    response
}
