//! The sections about the client's address: `proxies` and `addresses`.

use crate::address::{AddressList, AddressRules, AddressRulesBuilder, ForwardedBy, Proxies};
use crate::configuration::reader::{Node, Section};
use crate::configuration::tree::Tree;

/// Reads who is between the clients and the service.
pub(super) fn proxies(node: &Node<'_>) -> Option<Proxies> {
    let mut section = node.section()?;
    let proxies = proxies_of(&mut section);
    section.finish();
    proxies
}

fn proxies_of(section: &mut Section<'_>) -> Option<Proxies> {
    let remedy = "list the networks of the proxies, or write `\"nobody\"` if there is no proxy";
    let trust = section.require("trust", remedy);
    let trusted = trust.and_then(|node| trusted(&node));
    let header = section.take("header");
    let header = header.map(|node| node.ok(node.text()?.parse::<ForwardedBy>()));
    let hops = section.take("hops").map(|node| node.number::<u8>());
    let translated = section.take("translated");
    let mut proxies = trusted?;
    if let Some(header) = header {
        proxies = proxies.header(header?);
    }
    if let Some(count) = hops {
        proxies = proxies.hops(count?);
    }
    if let Some(node) = translated {
        proxies = node.ok(proxies.translated(node.text()?))?;
    }
    section.ok(proxies.check_settings())?;
    Some(proxies)
}

fn trusted(node: &Node<'_>) -> Option<Proxies> {
    if matches!(node.tree(), Tree::Text(_)) {
        let choices: [(_, fn() -> Proxies); 2] = [
            ("nobody", || Proxies::none()),
            ("every_peer", || Proxies::trust_every_peer()),
        ];
        return Some(node.choice(&choices)?());
    }
    let networks = networks(node)?;
    node.ok(Proxies::trust(networks))
}

/// Reads which addresses are let in.
pub(super) fn addresses(node: &Node<'_>) -> Option<AddressRulesBuilder> {
    let mut section = node.section()?;
    let rules = rules_of(&mut section);
    section.finish();
    rules
}

fn rules_of(section: &mut Section<'_>) -> Option<AddressRulesBuilder> {
    let allow = section.take("allow").map(|node| list(&node));
    let deny = section.take("deny").map(|node| list(&node));
    let mut rules = AddressRules::builder();
    if let Some(list) = allow {
        rules = rules.allow(list?);
    }
    if let Some(list) = deny {
        rules = rules.deny(list?);
    }
    section.ok(rules.clone().build())?;
    Some(rules)
}

/// Reads a list of networks, which may be empty.
fn list(node: &Node<'_>) -> Option<AddressList> {
    if matches!(node.tree(), Tree::List(networks) if networks.is_empty()) {
        return Some(AddressList::default());
    }
    let networks = networks(node)?;
    node.ok(AddressList::from_networks(networks))
}

/// Reads networks, each with the place of its fault.
fn networks<'c>(node: &Node<'c>) -> Option<Vec<&'c str>> {
    let read = |node: &Node<'c>| {
        let text = node.text()?;
        node.ok(AddressList::from_networks([text]))?;
        Some(text)
    };
    let all: Vec<_> = node.list()?.iter().map(read).collect();
    all.into_iter().collect()
}
