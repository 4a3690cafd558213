//! Sessions: cookie, lifetimes and store.

use std::sync::Arc;
use std::time::Duration;

use super::issuers::UNREAD;
use super::network::Context;
use super::reader::{Node, Section};
use super::record_stores::RecordStores;
use super::settings::{BuilderSettings, changed, owned, read};
use super::tree::Tree;
use crate::error::ConfigErrorKind;
use crate::session::{SameSite, SessionCookie, SessionManager, SessionManagerBuilder};
use crate::stores::MemoryGrantStore;

/// The sessions of a service.
pub(super) struct ConfiguredSessions {
    pub(super) manager: SessionManager,
    pub(super) cookie: SessionCookie,
}

type Builder = SessionManagerBuilder;

/// Reads the section.
pub(super) fn sessions(
    node: &Node<'_>,
    context: &Context<'_>,
    stores: &RecordStores<'_>,
) -> Option<ConfiguredSessions> {
    let mut section = node.section()?;
    let remedy = "choose a name that will not change, such as `acme sessions`";
    let authority = section
        .require("authority", remedy)
        .and_then(|node| owned(&node));
    let cookie = cookie(&mut section);
    let remedy = "write `{\"sqlite\": \"service.db\"}` or `{\"memory\": 100000}`";
    let store = section.require("store", remedy);
    let store = store.and_then(|node| stores.sessions(&node, context.environment));
    let mut settings = BuilderSettings::new();
    settings.add(
        "lifetime",
        read(&mut section, "lifetime", Node::span),
        Builder::lifetime,
    );
    settings.add(
        "idle",
        read(&mut section, "idle", Node::span),
        Builder::idle,
    );
    let most = read(&mut section, "max_per_subject", Node::number);
    settings.add("max_per_subject", most, Builder::max_per_subject);
    check_limits(&mut section);
    settings.flag(
        &mut section,
        "refuse_at_subject_limit",
        Builder::refuse_at_subject_limit,
    );
    settings.flag(
        &mut section,
        "unlimited_per_subject",
        Builder::unlimited_per_subject,
    );
    settings.need("idle", ("lifetime", "lifetime"));
    let is_complete = authority.is_some() && store.is_some();
    // What could not be read has a substitute, so that errors of the settings are found too.
    let authority = authority.unwrap_or_else(|| UNREAD.to_owned());
    let store = store.unwrap_or_else(|| Arc::new(MemoryGrantStore::new(1)));
    let manager = settings.build(&section, |changes| {
        let builder = SessionManager::builder(Arc::clone(&store), authority.as_str());
        changed(builder.env(context.environment), &changes).build()
    });
    section.finish();
    Some(ConfiguredSessions {
        manager: manager.filter(|_| is_complete)?,
        cookie: cookie?,
    })
}

/// Refuses a limit together with none.
fn check_limits(section: &mut Section<'_>) {
    let unlimited = section.take("unlimited_per_subject");
    // Another type is reported where the setting is read.
    if !unlimited.is_some_and(|node| matches!(node.tree(), Tree::Bool(true))) {
        return;
    }
    for name in ["max_per_subject", "refuse_at_subject_limit"] {
        if let Some(node) = section.take(name) {
            let expected = "no limit, because `unlimited_per_subject` is set";
            node.refuse_as(ConfigErrorKind::Conflict, expected, "remove one of the two");
        }
    }
}

fn cookie(section: &mut Section<'_>) -> Option<SessionCookie> {
    let names = ["cookie", "insecure_loopback_cookie"];
    let remedy = "write a name such as `__Host-session`";
    let cookie = match section.exactly_one(&names, remedy) {
        Some(("cookie", node)) => node
            .text()
            .and_then(|name| node.ok(SessionCookie::new(name))),
        Some((_, node)) => {
            let name = node.text();
            name.and_then(|name| node.ok(SessionCookie::insecure_loopback(name)))
        }
        None => None,
    };
    let choices = [("lax", SameSite::Lax), ("strict", SameSite::Strict)];
    let site = section.take("same_site").map(|node| node.choice(&choices));
    let age = section.take("max_age").map(|node| (node.span(), node));
    let cookie = cookie?;
    let cookie = match site {
        Some(site) => cookie.same_site(site?),
        None => cookie,
    };
    match age {
        Some((age, node)) => with_age(cookie, age?, &node),
        None => Some(cookie),
    }
}

fn with_age(cookie: SessionCookie, age: Duration, node: &Node<'_>) -> Option<SessionCookie> {
    node.ok(cookie.max_age(age))
}
