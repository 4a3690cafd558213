//! What a configuration of limits has to fulfil.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::builder::{Exception, LimitsBuilder};
use super::by::By;
use super::config::{Limit, What};
use super::gcra::Pace;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::limits;

/// What a fault is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Culprit {
    /// A limit: its place among all, those for all requests first, then `otherwise`, then plans.
    Limit(usize),
    /// An exception, by its place.
    Exception(usize),
    /// Everything else.
    Whole,
}

/// What is wrong, and with what.
pub(crate) type Fault = (Culprit, ConfigError);

/// Checks everything but what stores check themselves.
pub(super) fn check(config: &LimitsBuilder) -> Result<(), ConfigError> {
    match config.faults().into_iter().next() {
        Some((_, fault)) => Err(fault),
        None => Ok(()),
    }
}

impl LimitsBuilder {
    /// Returns all faults, each with what it is about, but those that stores find.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        all_faults(self)
    }
}

fn all_faults(config: &LimitsBuilder) -> Vec<Fault> {
    let whole = |result: Result<(), ConfigError>| result.err().map(|fault| (Culprit::Whole, fault));
    let mut faults = Vec::new();
    faults.extend(whole(check_tables(config)));
    faults.extend(whole(check_number(config)));
    // Too many are not looked at one by one.
    if !faults.is_empty() {
        return faults;
    }
    faults.extend(limit_faults(config));
    faults.extend(whole(check_plans(config)));
    // What depends on several limits is found only where each is right by itself.
    if faults.is_empty() {
        faults.extend(plan_faults(config));
        faults.extend(exception_faults(config));
    }
    faults
}

fn check_tables(config: &LimitsBuilder) -> Result<(), ConfigError> {
    let slots = limits::TABLE_SLOTS_MIN..=limits::TABLE_SLOTS_MAX;
    for (field, given) in [("sources", config.sources), ("callers", config.callers)] {
        if !slots.contains(&given) {
            return Err(ConfigError::out_of_range(field, given, slots));
        }
    }
    Ok(())
}

fn limit_faults(config: &LimitsBuilder) -> Vec<Fault> {
    let mut names = HashSet::new();
    let mut faults = Vec::new();
    for (at, limit) in all(config).enumerate() {
        let checked = check_name(&limit.name)
            .and_then(|()| match names.insert(&limit.name) {
                true => Ok(()),
                false => Err(doubled_name(limit)),
            })
            .and_then(|()| check_limit(limit))
            .and_then(|()| match (&limit.what, &config.usage) {
                (What::Quota(_), None) => Err(no_usage_store(limit)),
                _ => Ok(()),
            });
        faults.extend(checked.err().map(|fault| (Culprit::Limit(at), fault)));
    }
    faults
}

fn doubled_name(limit: &Limit) -> ConfigError {
    let detail = format!(
        "two limits are named `{}`; give each a name of its own, also those of plans",
        limit.name
    );
    ConfigError::conflict("name", detail)
}

/// Returns the classes that limits name.
pub(super) fn classes(config: &LimitsBuilder) -> Vec<Arc<str>> {
    let own = |limit: &Limit| {
        let kept = limit.kept.as_ref().map(|(_, class)| Arc::clone(class));
        limit.class.clone().into_iter().chain(kept)
    };
    all(config).flat_map(own).collect()
}

pub(super) fn no_usage_store(limit: &Limit) -> ConfigError {
    let detail = format!(
        "expected a store for the quota `{}`, found none; set one with `LimitsBuilder::usage`",
        limit.name
    );
    ConfigError::missing("usage", detail)
}

fn all(config: &LimitsBuilder) -> impl Iterator<Item = &Limit> {
    let plans = config.plans.iter().flat_map(|(_, limits)| limits);
    let otherwise = config.otherwise.iter().flatten();
    config.limits.iter().chain(otherwise).chain(plans)
}

fn check_number(config: &LimitsBuilder) -> Result<(), ConfigError> {
    let number = all(config).count();
    if number == 0 && !config.may_be_empty {
        let detail = "expected a limit, found none; add one with `LimitsBuilder::limit`";
        return Err(ConfigError::missing("limits", detail));
    }
    let most = [
        ("limits", number, limits::LIMITS),
        (
            "exceptions",
            config.exceptions.len(),
            limits::LIMIT_EXCEPTIONS,
        ),
        ("plans", config.plans.len(), limits::LIMITS),
    ];
    for (field, number, most) in most {
        if number > most {
            return Err(ConfigError::out_of_range(field, number, ..=most));
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), ConfigError> {
    let is_letter =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    let has_size = (1..=limits::LIMIT_NAME_BYTES).contains(&name.len());
    if has_size && name.bytes().all(is_letter) {
        return Ok(());
    }
    let expected = "1 to 64 characters of `a-z`, `0-9`, `_`, `.` and `-`";
    let remedy = "the name is the label of a metric and is in header fields";
    Err(ConfigError::unexpected("name", expected, name, remedy))
}

/// A class or a plan is a name of the policy or of the issuer of credentials, so any text will do.
fn check_text(field: &'static str, text: &str) -> Result<(), ConfigError> {
    let sizes = 1..=limits::LIMIT_NAME_BYTES;
    match sizes.contains(&text.len()) {
        true => Ok(()),
        false => Err(ConfigError::size_out_of_range(
            field,
            text.len(),
            "bytes",
            sizes,
        )),
    }
}

fn check_limit(limit: &Limit) -> Result<(), ConfigError> {
    if let Some(class) = &limit.class {
        check_text("class", class)?;
        if limit.by == By::Source {
            let detail = format!(
                "the limit `{}` counts by source and has the class `{class}`, but sources are counted \
                 before the policy names a class; remove one of them",
                limit.name
            );
            return Err(ConfigError::conflict("by", detail));
        }
    }
    if let By::Claim(name) = &limit.by {
        check_text("claim", name)?;
    }
    check_options(limit)?;
    match &limit.what {
        What::Rate(rate) => check_cost(limit, Pace::from(*rate), rate.burst_cells()),
        What::Concurrent(most) => check_concurrent(limit, *most),
        What::Quota(quota) => quota.check().and_then(|()| check_quota(limit)),
    }
}

/// Refuses options that have no meaning for this kind of limit.
fn check_options(limit: &Limit) -> Result<(), ConfigError> {
    let is_rate = matches!(limit.what, What::Rate(_));
    let is_quota = matches!(limit.what, What::Quota(_));
    let is_concurrent = matches!(limit.what, What::Concurrent(_));
    let misplaced = [
        ("cost", limit.cost.is_some() && !is_rate, "a rate"),
        ("shared", limit.shared.is_some() && !is_rate, "a rate"),
        (
            "kept_for",
            limit.kept.is_some() && !is_concurrent,
            "a concurrent limit",
        ),
        (
            "per_action",
            limit.is_per_action && is_quota,
            "a rate or a concurrent limit",
        ),
        (
            "on_outage",
            limit.on_outage.is_some() && !is_quota && limit.shared.is_none(),
            "a shared rate or a quota",
        ),
    ];
    let found = misplaced.iter().find(|(_, is_wrong, _)| *is_wrong);
    found.map_or(Ok(()), |(field, _, place)| {
        let detail = format!("the limit `{}` is not {place}; remove it", limit.name);
        Err(ConfigError::conflict(field, detail))
    })
}

fn check_cost(limit: &Limit, pace: Pace, burst: u32) -> Result<(), ConfigError> {
    let cost = limit.cost.unwrap_or(1);
    if cost > 0 && pace.price(cost).is_some() {
        return Ok(());
    }
    let detail = format!(
        "the limit `{}` has the cost {cost} and the burst {burst}, so no request could pass; set a \
         cost between 1 and {burst}",
        limit.name
    );
    Err(ConfigError::new(
        ConfigErrorKind::OutOfRange,
        "cost",
        detail,
    ))
}

fn check_concurrent(limit: &Limit, most: u32) -> Result<(), ConfigError> {
    if !(1..=limits::IN_FLIGHT).contains(&most) {
        return Err(ConfigError::out_of_range(
            "concurrent",
            most,
            1..=limits::IN_FLIGHT,
        ));
    }
    let Some((percent, class)) = &limit.kept else {
        return Ok(());
    };
    check_text("class", class)?;
    match (1..=99).contains(percent) {
        true => Ok(()),
        false => Err(ConfigError::out_of_range("kept_for", *percent, 1..=99)),
    }
}

fn check_quota(limit: &Limit) -> Result<(), ConfigError> {
    if matches!(limit.by, By::Caller | By::Credential) {
        return Ok(());
    }
    let detail = format!(
        "the quota `{}` counts by something else than callers or credentials; usage is kept for \
         these, so set `By::Caller` or `By::Credential`",
        limit.name
    );
    Err(ConfigError::conflict("by", detail))
}

fn check_plans(config: &LimitsBuilder) -> Result<(), ConfigError> {
    let mut names = HashSet::new();
    for (name, _) in &config.plans {
        check_text("plan", name)?;
        if !names.insert(name) {
            let detail = format!("two plans are named `{name}`; join them");
            return Err(ConfigError::conflict("plan", detail));
        }
    }
    if let Some(claim) = &config.plan_claim {
        check_text("plan_claim", claim)?;
    }
    if !config.plans.is_empty() && config.otherwise.is_none() {
        let detail = "expected the limits of callers without a known plan, found none; set them with \
                      `LimitsBuilder::otherwise`, or everybody who has no plan is unlimited";
        return Err(ConfigError::missing("otherwise", detail));
    }
    Ok(())
}

/// Returns what limits of plans, which are asked of some callers only, must not be.
fn plan_faults(config: &LimitsBuilder) -> Vec<Fault> {
    let otherwise = config.otherwise.iter().flatten();
    let common = config.limits.iter().chain(otherwise);
    let classes: HashSet<_> = common.filter_map(|limit| limit.class.as_ref()).collect();
    let is_lone = |limit: &Limit| {
        limit
            .class
            .as_ref()
            .is_some_and(|own| !classes.contains(own))
    };
    let of_callers = all(config).enumerate().skip(config.limits.len());
    let own_of_plans = config.limits.len() + config.otherwise.iter().flatten().count();
    let mut faults = Vec::new();
    for (at, limit) in of_callers {
        if limit.by == By::Source {
            faults.push((Culprit::Limit(at), by_source_in_plan(limit)));
        }
        if at >= own_of_plans && is_lone(limit) {
            faults.push((Culprit::Limit(at), lone_class(limit)));
        }
    }
    faults
}

fn by_source_in_plan(limit: &Limit) -> ConfigError {
    let detail = format!(
        "the limit `{}` of a plan counts by source, but sources are counted before the caller and \
         its plan are known; add it with `LimitsBuilder::limit`",
        limit.name
    );
    ConfigError::conflict("by", detail)
}

/// A class that only some plans limit: callers without one would have no limit there.
fn lone_class(limit: &Limit) -> ConfigError {
    let detail = format!(
        "only plans limit the class `{}` (`{}`), so callers of other plans are unlimited there; add \
         a limit of this class to `otherwise` or for all",
        limit.class.as_deref().unwrap_or_default(),
        limit.name
    );
    ConfigError::missing("class", detail)
}

fn exception_faults(config: &LimitsBuilder) -> Vec<Fault> {
    let limits: HashMap<_, _> = all(config).map(|limit| (&*limit.name, limit)).collect();
    let mut known = HashSet::new();
    let mut faults = Vec::new();
    for (at, exception) in config.exceptions.iter().enumerate() {
        let limit = limits.get(&*exception.limit);
        let checked = match limit {
            None => Err(unknown_limit(exception)),
            Some(limit) => check_exception(limit, exception).and_then(|()| {
                let who = (&exception.limit, &exception.authority, &exception.subject);
                match known.insert(who) {
                    true => Ok(()),
                    false => Err(doubled_exception(limit)),
                }
            }),
        };
        faults.extend(checked.err().map(|fault| (Culprit::Exception(at), fault)));
    }
    faults
}

fn unknown_limit(exception: &Exception) -> ConfigError {
    let (expected, remedy) = (
        "the name of a limit",
        "add the limit, or remove the exception",
    );
    ConfigError::unexpected("exception", expected, &exception.limit, remedy)
}

fn doubled_exception(limit: &Limit) -> ConfigError {
    let detail = format!(
        "the limit `{}` has two exceptions for one subject; remove one of them",
        limit.name
    );
    ConfigError::conflict("exception", detail)
}

fn check_exception(limit: &Limit, exception: &Exception) -> Result<(), ConfigError> {
    let is_rate = matches!(limit.what, What::Rate(_));
    if !is_rate || !matches!(limit.by, By::Caller | By::Credential) {
        let detail = format!(
            "the limit `{}` is not a rate by caller or credential, and only those have exceptions; \
             remove it",
            limit.name
        );
        return Err(ConfigError::conflict("exception", detail));
    }
    if exception.subject.is_empty() || exception.authority.as_str().is_empty() {
        let remedy = "name the authority and the subject whose rate it is";
        return Err(ConfigError::empty("exception", remedy));
    }
    check_cost(
        limit,
        Pace::from(exception.rate),
        exception.rate.burst_cells(),
    )
}
