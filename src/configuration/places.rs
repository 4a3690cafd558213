//! The places of credentials in a request.

use super::api_key_section::ConfiguredApiKeys;
use super::issuers::UNREAD;
use super::providers::LOAD_BALANCER_HEADER;
use super::reader::{Node, Section};
use super::session_section::ConfiguredSessions;
use super::settings::{BuilderSettings, changed, read};
use crate::credential::{BasicKey, Sources, SourcesBuilder};
use crate::session::SessionCookie;

/// The places that validators are bound to, which are enabled without being listed.
#[derive(Default)]
pub(super) struct OwnPlaces {
    headers: Vec<String>,
    cookies: Vec<String>,
    basic: Option<BasicKey>,
}

impl OwnPlaces {
    pub(super) fn new(
        api_keys: Option<&ConfiguredApiKeys>,
        sessions: Option<Option<&ConfiguredSessions>>,
        has_load_balancer: bool,
    ) -> Self {
        let header = api_keys.and_then(|keys| keys.header.clone());
        let load_balancer = has_load_balancer.then(|| LOAD_BALANCER_HEADER.to_owned());
        // A cookie that could not be read has a substitute: origins are checked only with one.
        let cookie = sessions.map(|read| match read {
            Some(sessions) => SessionCookie::name(&sessions.cookie).to_owned(),
            None => UNREAD.to_owned(),
        });
        Self {
            headers: header.into_iter().chain(load_balancer).collect(),
            cookies: cookie.into_iter().collect(),
            basic: api_keys.and_then(|keys| keys.basic.clone()),
        }
    }

    fn builder(&self, listed: &Listed) -> SourcesBuilder {
        let is_new = |name: &&String| {
            let mut listed = listed.headers.iter();
            !listed.any(|own| own.eq_ignore_ascii_case(name))
        };
        let headers = self.headers.iter().filter(is_new);
        let builder = headers.fold(Sources::builder(), SourcesBuilder::header);
        let is_new = |name: &&String| !listed.cookies.contains(name);
        let cookies = self.cookies.iter().filter(is_new);
        let builder = cookies.fold(builder, SourcesBuilder::cookie);
        match &self.basic {
            Some(basic) => builder.basic(basic.clone()),
            None => builder,
        }
    }
}

/// The places that the section lists.
#[derive(Default)]
struct Listed {
    headers: Vec<String>,
    cookies: Vec<String>,
}

/// Reads the section, if there is one.
pub(super) fn sources(
    node: Option<Node<'_>>,
    root: &Section<'_>,
    own: &OwnPlaces,
) -> Option<Sources> {
    let Some(node) = node else {
        return root.ok(own.builder(&Listed::default()).build());
    };
    let mut section = node.section()?;
    let mut settings = BuilderSettings::new();
    settings.flag(
        &mut section,
        "without_bearer",
        SourcesBuilder::without_bearer,
    );
    settings.flag(&mut section, "api_key", SourcesBuilder::api_key);
    let headers = read(&mut section, "headers", Node::texts);
    let cookies = read(&mut section, "cookies", Node::texts);
    let texts = |read: &Option<(Node<'_>, Vec<String>)>| match read {
        Some((_, texts)) => texts.clone(),
        None => Vec::new(),
    };
    let listed = Listed {
        headers: texts(&headers),
        cookies: texts(&cookies),
    };
    settings.add("header", headers, |builder, names: Vec<String>| {
        names.into_iter().fold(builder, SourcesBuilder::header)
    });
    settings.add("cookie", cookies, |builder, names: Vec<String>| {
        names.into_iter().fold(builder, SourcesBuilder::cookie)
    });
    let names = read(&mut section, "query", Node::texts);
    settings.add("query", names, |builder, names: Vec<String>| {
        names.into_iter().fold(builder, SourcesBuilder::query)
    });
    let names = read(&mut section, "form", Node::texts);
    settings.add("form", names, |builder, names: Vec<String>| {
        names.into_iter().fold(builder, SourcesBuilder::form)
    });
    let origins = read(&mut section, "allow_origins", Node::texts);
    settings.add("allow_origin", origins, |builder, origins: Vec<String>| {
        origins
            .into_iter()
            .fold(builder, SourcesBuilder::allow_origin)
    });
    let name = "allow_requests_without_origin";
    settings.flag(
        &mut section,
        name,
        SourcesBuilder::allow_requests_without_origin,
    );
    for field in ["allow_origin", name] {
        settings.need(field, ("cookie", "cookies"));
    }
    let sources = settings.build(&section, |changes| {
        changed(own.builder(&listed), &changes).build()
    });
    section.finish();
    sources
}
