//! One limit, and one quota.

use crate::configuration::error::FIELD;
use crate::configuration::reader::{Node, Section};
use crate::configuration::tree::Tree;
use crate::error::ConfigError;
use crate::limit::{By, Limit, Outage, Quota, Rate};

use super::limit_stores::LimitStores;

/// Makes the quota of an amount.
type QuotaOf = fn(u64) -> Quota;

/// Reads a limit. Its faults as a whole are found later.
pub(super) fn limit(node: &Node<'_>, stores: &LimitStores) -> Option<Limit> {
    let mut section = node.section()?;
    let bounded = bounded(&mut section);
    let options = Options::of(&mut section);
    section.finish();
    options.to(bounded?, stores)
}

fn bounded(section: &mut Section<'_>) -> Option<Limit> {
    let name = name(section);
    let burst = section.take("burst");
    let remedy = "write the rate, such as `600/m`, or how many may be in flight";
    let bound = section.exactly_one(&["rate", "concurrent"], remedy);
    let (kind, node) = bound?;
    if kind == "concurrent" {
        if let Some(burst) = burst {
            let detail = "expected no burst of a limit of requests in flight, found one; remove it";
            burst.report(ConfigError::conflict(FIELD, detail));
        }
        return Some(Limit::concurrent(name?, node.number::<u32>()?));
    }
    let rate = rate(&node, burst)?;
    Some(Limit::rate(name?, rate))
}

fn name<'c>(section: &mut Section<'c>) -> Option<&'c str> {
    let remedy = "give it a name; it is in header fields and metrics";
    section.require("name", remedy)?.text()
}

/// Reads a rate, whose burst may be in a member of its own.
pub(super) fn rate(node: &Node<'_>, burst: Option<Node<'_>>) -> Option<Rate> {
    let text = node.text()?;
    let rate = node.ok(text.parse::<Rate>())?;
    let Some(burst) = burst else {
        return Some(rate);
    };
    if text.contains("burst") {
        let detail = "expected the burst once, found it in `rate` too; remove one of them";
        burst.report(ConfigError::conflict(FIELD, detail));
        return None;
    }
    burst.ok(rate.burst(burst.number()?))
}

/// The members of a limit that may be absent. Each is `None` if it was refused.
struct Options<'c> {
    by: Option<Option<By>>,
    class: Option<Option<&'c str>>,
    cost: Option<Option<u32>>,
    is_per_action: bool,
    is_shadow: bool,
    on_outage: Option<Option<Outage>>,
    shared: Option<Node<'c>>,
}

impl<'c> Options<'c> {
    fn of(section: &mut Section<'c>) -> Self {
        let outages = [("local", Outage::Local), ("refuse", Outage::Refuse)];
        let shared = section.take("shared");
        Self {
            by: section.take("by").map(|node| by(&node)),
            class: section.take("class").map(|node| node.text()),
            cost: section.take("cost").map(|node| node.number()),
            is_per_action: section.flag("per_action"),
            is_shadow: section.flag("shadow"),
            on_outage: section.take("on_outage").map(|node| node.choice(&outages)),
            shared: shared.filter(|node| node.flag() == Some(true)),
        }
    }

    fn to(self, mut limit: Limit, stores: &LimitStores) -> Option<Limit> {
        if let Some(by) = self.by {
            limit = limit.by(by?);
        }
        if let Some(class) = self.class {
            limit = limit.class(class?);
        }
        if let Some(cost) = self.cost {
            limit = limit.cost(cost?);
        }
        if self.is_per_action {
            limit = limit.per_action();
        }
        if self.is_shadow {
            limit = limit.shadow();
        }
        if let Some(outage) = self.on_outage {
            limit = limit.on_outage(outage?);
        }
        match self.shared {
            Some(node) => stores.share(limit, &node),
            None => Some(limit),
        }
    }
}

fn by(node: &Node<'_>) -> Option<By> {
    if matches!(node.tree(), Tree::Map(_)) {
        let mut section = node.section()?;
        let claim = section.require("claim", "name the claim that has a bucket of its own");
        let by = claim.and_then(|claim| claim.text().map(By::claim));
        section.finish();
        return by;
    }
    node.choice(&[
        ("everyone", By::Everyone),
        ("source", By::Source),
        ("caller", By::Caller),
        ("client", By::Client),
        ("credential", By::Credential),
    ])
}

/// Reads a quota.
pub(super) fn quota(node: &Node<'_>) -> Option<Limit> {
    let mut section = node.section()?;
    let limit = quota_of(&mut section);
    section.finish();
    limit
}

fn quota_of(section: &mut Section<'_>) -> Option<Limit> {
    let name = name(section);
    let amount = section.require("amount", "write how many requests the window has");
    let amount = amount.and_then(|node| node.ok(positive(node.number()?)));
    let window = section.require("window", "write `\"day\"` or `\"month\"`");
    let windows: [(_, QuotaOf); 2] = [("day", Quota::per_day), ("month", Quota::per_month)];
    let window = window.and_then(|node| node.choice(&windows));
    let zone = section.take("zone");
    let by = section.take("by");
    let holders = [("caller", By::Caller), ("credential", By::Credential)];
    let by = by.map_or(Some(By::Caller), |node| node.choice(&holders));
    let mut quota = window?(amount?);
    if let Some(zone) = zone {
        quota = zone.ok(quota.zone(zone.text()?))?;
    }
    Some(Limit::quota(name?, quota).by(by?))
}

fn positive(amount: u64) -> Result<u64, ConfigError> {
    match amount {
        0 => Err(ConfigError::out_of_range(FIELD, amount, 1..)),
        amount => Ok(amount),
    }
}
