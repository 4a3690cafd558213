//! Lints: rules and conditions that are probably wrong.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use crate::error::kinds;
use crate::policy::condition::condition::Condition;
use crate::policy::effect::Effect;
use crate::policy::engine::analysis::{Literals, bounds, conjunction};
use crate::policy::engine::predicate::Predicate;
use crate::policy::policy::{Combining, Policy};
use crate::policy::route::guarded_route::Guard;
use crate::policy::route::route_table::RouteTable;
use crate::policy::rule::Rule;

/// A rule or condition that is probably wrong, found by [`Policy::lint`] or [`RouteTable::lint`].
///
/// `Display` prints the kind, the rule or route, and what to do about it.
///
/// ```
/// use bearergate::{Policy, require_scope};
/// use bearergate::policy::{action, LintKind, Rule};
///
/// let policy = Policy::builder()
///     .rule(Rule::permit("read", action("read") & require_scope("Orders:read")))
///     .rule(Rule::permit("write", action("write") & require_scope("orders:read")))
///     .rule(Rule::permit("both", action("read") & action("write")))
///     .build()?;
/// let kinds: Vec<_> = policy.lint().iter().map(|lint| lint.kind()).collect();
/// assert_eq!(kinds, [LintKind::NeverMatches, LintKind::TwoCases]);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lint {
    kind: LintKind,
    at: Arc<str>,
    detail: String,
}

kinds! {
    /// The kind of a [`Lint`], as a stable code.
    ///
    /// A build can refuse a policy for some kinds and accept others.
    pub enum LintKind {
        /// So it is true for every caller with the claims that it reads.
        AlwaysHolds = "always_holds", "the condition is never false";
        /// In a gate that trusts several outside authorities it is unknown.
        BareId = "bare_id", "an id is compared without the authority that gave it";
        /// Its parts contradict each other.
        NeverMatches = "never_matches", "the condition is never true";
        Shadowed = "shadowed", "another rule decides every request that this one applies to";
        TwoCases = "two_cases",
            "one scope is spelled in two ways that differ only in upper and lower case";
    }
}

impl Lint {
    fn new(kind: LintKind, at: &str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            at: at.into(),
            detail: detail.into(),
        }
    }

    /// Returns what is probably wrong, as a stable code.
    ///
    /// `Display` of the lint adds the details in words.
    pub const fn kind(&self) -> LintKind {
        self.kind
    }

    /// Returns the name of the rule, or the method and pattern of the route, that is probably
    /// wrong. It is text of the configuration, for people to find the place.
    pub fn at(&self) -> &str {
        &self.at
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.as_str();
        write!(f, "{kind} at `{}`: {}", self.at, self.detail)
    }
}

impl Policy {
    /// Finds rules that can never apply, rules that others shadow, conditions that always hold, ids
    /// without their authority, and scopes that are spelled in two cases.
    ///
    /// Every lint is a fact, so a test may assert that there are none. The search is not complete:
    /// it compares predicates for equality and knows little of what each means.
    pub fn lint(&self) -> Vec<Lint> {
        let mut found = Vec::new();
        let mut scopes = Scopes::default();
        lint_rules(self, "", &mut found, &mut scopes);
        found.append(&mut scopes.found);
        found
    }
}

impl RouteTable {
    /// Finds rules and conditions that are probably wrong, in the guards of all routes; scopes are
    /// compared across routes.
    ///
    /// As with [`Policy::lint`], every lint is a fact, and no lint does not mean that nothing is
    /// wrong.
    pub fn lint(&self) -> Vec<Lint> {
        let mut found = Vec::new();
        let mut scopes = Scopes::default();
        for route in self.routes() {
            let method = route.method().map_or("*", |method| method.as_str());
            let at = format!("{method} {}", route.pattern());
            match route.guard() {
                Guard::Condition(condition) => {
                    found.extend(constant(condition, &at));
                    found.extend(bare_id(condition, &at));
                    scopes.add(condition, &at);
                }
                Guard::Policy(policy) => {
                    lint_rules(policy, &format!("{at}: "), &mut found, &mut scopes);
                }
            }
        }
        found.append(&mut scopes.found);
        found
    }
}

fn lint_rules(policy: &Policy, prefix: &str, found: &mut Vec<Lint>, scopes: &mut Scopes) {
    let is_first = policy.combining() == Combining::FirstApplicable;
    let mut seen: HashMap<Literals, &Rule> = HashMap::new();
    let mut last: Option<&Rule> = None;
    for rule in policy.rules() {
        let at = format!("{prefix}{}", rule.name());
        let constant = constant(rule.condition(), &at);
        if let Some(last) = last {
            let detail = format!(
                "`{}`, which precedes it, decides every request; remove one of them",
                last.name()
            );
            found.push(Lint::new(LintKind::Shadowed, &at, detail));
        }
        // A rule that is never false decides, because an unknown one denies.
        if is_first
            && constant
                .as_ref()
                .is_some_and(|lint| lint.kind == LintKind::AlwaysHolds)
        {
            last = last.or(Some(rule));
        }
        found.extend(constant);
        found.extend(bare_id(rule.condition(), &at));
        scopes.add(rule.condition(), &at);
        let Some(literals) = conjunction(rule.condition().nodes()) else {
            continue;
        };
        match seen.entry(literals) {
            Entry::Occupied(other) => {
                let shadowed = shadowed(other.get(), rule, is_first);
                let at = format!("{prefix}{}", shadowed.name());
                let detail =
                    "another rule has the same condition and overrides it; remove one of them";
                found.push(Lint::new(LintKind::Shadowed, &at, detail));
            }
            Entry::Vacant(entry) => {
                entry.insert(rule);
            }
        }
    }
}

/// Returns which of two rules with the same condition never decides.
fn shadowed<'p>(earlier: &'p Rule, later: &'p Rule, is_first: bool) -> &'p Rule {
    let overrides = later.effect() == Effect::Forbid && earlier.effect() == Effect::Permit;
    if overrides && !is_first {
        earlier
    } else {
        later
    }
}

/// Returns a lint if a condition is never true, or never false.
fn constant(condition: &Condition, at: &str) -> Option<Lint> {
    let (can_hold, can_fail) = bounds(condition.nodes());
    let (kind, detail) = match (can_hold, can_fail) {
        (false, _) => (
            LintKind::NeverMatches,
            "its parts contradict each other; remove one",
        ),
        (true, false) => (
            LintKind::AlwaysHolds,
            "it is true for every caller with the claims that it reads; add a requirement",
        ),
        (true, true) => return None,
    };
    Some(Lint::new(kind, at, detail))
}

/// Returns a lint if a condition compares an id without its authority.
fn bare_id(condition: &Condition, at: &str) -> Option<Lint> {
    let mut leaves = condition.leaves();
    let bare = leaves.find(|leaf| matches!(leaf.predicate, Predicate::Id(None, _)))?;
    let detail = format!(
        "`{}` is an id of an authority that is not named, and unknown where several are trusted; \
         name the authority with `of`",
        bare.name
    );
    Some(Lint::new(LintKind::BareId, at, detail))
}

/// Scopes by their name in lower case, with the spelling that was found first.
#[derive(Default)]
struct Scopes {
    spelled: HashMap<String, (Arc<str>, String)>,
    found: Vec<Lint>,
}

impl Scopes {
    fn add(&mut self, condition: &Condition, at: &str) {
        for leaf in condition.leaves() {
            let Predicate::Scope(name) = &leaf.predicate else {
                continue;
            };
            let first = self
                .spelled
                .entry(name.to_lowercase())
                .or_insert_with(|| (Arc::clone(name), at.to_owned()));
            if first.0 != *name {
                let detail = format!(
                    "scope `{name}` is spelled `{}` at `{}`; use one spelling",
                    first.0, first.1
                );
                let lint = Lint::new(LintKind::TwoCases, at, detail);
                if !self.found.contains(&lint) {
                    self.found.push(lint);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{PolicyBuilder, action, address_in, claim, client, require_scope};

    fn lints(rules: impl IntoIterator<Item = Rule>, combining: Combining) -> Vec<String> {
        let builder = Policy::builder().combining(combining);
        let builder = rules.into_iter().fold(builder, PolicyBuilder::rule);
        let lints = builder.build().unwrap().lint().into_iter();
        lints
            .map(|lint| format!("{} {}", lint.kind().as_str(), lint.at()))
            .collect()
    }

    fn lints_of(condition: Condition) -> Vec<String> {
        lints([Rule::permit("a", condition)], Combining::DenyOverrides)
    }

    #[test]
    fn constant_conditions_are_found() {
        let (a, b) = (|| claim("a").is(1), || claim("b").is(1));
        let never = ["never_matches a"];
        assert_eq!(lints_of(a() & b() & !a()), never);
        assert_eq!(lints_of(a() & (b() & !a()).named("n")), never);
        assert_eq!(lints_of(!(a() | !a())), never);
        assert_eq!(lints_of(action("x") & (action("y") & a())), never);
        let always = ["always_holds a"];
        assert_eq!(lints_of(a() | b() | !a()), always);
        assert_eq!(lints_of(!(a() & !a())), always);
        assert_eq!(lints_of(address_in(["0.0.0.0/0", "::/0"]).unwrap()), always);
        for fine in [
            a() & b(),
            a() | !b(),
            (a() & b()) | (!a() & !b()),
            action("x") | action("y"),
            !action("x") & action("y"),
            claim("a").is(1) & claim("a").contains(1),
            address_in(["0.0.0.0/0"]).unwrap(),
        ] {
            assert!(lints_of(fine).is_empty());
        }
    }

    #[test]
    fn rules_with_equal_conditions_shadow_each_other() {
        let rule = |name: &str, effect, flip| {
            let (a, b) = (claim("a").is(1), !claim("b").is(2));
            Rule::new(name.into(), effect, if flip { b & a } else { a & b })
        };
        let pair = |first, second| [rule("x", first, false), rule("y", second, true)];
        use Effect::{Forbid, Permit};
        let both = |rules: [Rule; 2]| {
            let open = [Rule::permit("z", action("z"))];
            [Combining::DenyOverrides, Combining::FirstApplicable].map(|combining| {
                lints(rules.clone().into_iter().chain(open.clone()), combining).join()
            })
        };
        trait Join {
            fn join(self) -> String;
        }
        impl Join for Vec<String> {
            fn join(self) -> String {
                self[..].join(",")
            }
        }
        assert_eq!(both(pair(Permit, Permit)), ["shadowed y", "shadowed y"]);
        assert_eq!(both(pair(Permit, Forbid)), ["shadowed x", "shadowed y"]);
        assert_eq!(both(pair(Forbid, Permit)), ["shadowed y", "shadowed y"]);
    }

    #[test]
    fn a_rule_that_always_decides_shadows_the_rules_after_it() {
        let all = claim("a").is(1) | !claim("a").is(1);
        let rules = || {
            [
                Rule::forbid("x", all.clone()),
                Rule::permit("y", action("y")),
            ]
        };
        let first = lints(rules(), Combining::FirstApplicable);
        assert_eq!(first, ["always_holds x", "shadowed y"]);
        assert_eq!(lints(rules(), Combining::DenyOverrides), ["always_holds x"]);
    }

    #[test]
    fn ids_without_their_authority_are_found() {
        let one = || client("billing");
        let bare = ["bare_id a"];
        assert_eq!(lints_of(one()), bare);
        assert_eq!(lints_of(!one() & action("x")), bare);
        assert_eq!(lints_of(one().named("ours") | action("x")), bare);
        assert_eq!(lints_of(one().of("idp") | claim("sub").is("alice")), bare);
        for name in ["sub", "azp", "client_id", "act", "sid", "jti"] {
            assert_eq!(lints_of(claim(name).is("x")), bare, "{name}");
            assert_eq!(lints_of(claim(name).at("sub").starts_with("x")), bare);
            assert!(lints_of(claim(name).is("x").of("idp")).is_empty(), "{name}");
            assert!(lints_of(claim(name).present()).is_empty(), "{name}");
            assert!(lints_of(claim(name).absent()).is_empty(), "{name}");
        }
        for fine in [
            one().of("idp"),
            (one() & action("x")).of("idp"),
            !(one() | claim("sub").is("alice")).of("idp"),
            claim("tenant").is("x"),
            claim("x").at("sub").is("x"),
        ] {
            assert!(lints_of(fine).is_empty());
        }
        let table = RouteTable::by_path()
            .any_method("/a", one())
            .any_method("/b", one().of("idp"))
            .build();
        let lints = table.unwrap().lint();
        let found: Vec<_> = lints.iter().map(|lint| (lint.kind(), lint.at())).collect();
        assert_eq!(found, [(LintKind::BareId, "* /a")]);
        assert!(
            lints
                .first()
                .is_some_and(|lint| lint.to_string().contains("`of`"))
        );
    }

    #[test]
    fn scopes_in_two_cases_are_found() {
        let rule = |name: &str, scope: &str| Rule::permit(name, require_scope(scope));
        let two = lints(
            [rule("x", "a:b"), rule("y", "A:b")],
            Combining::DenyOverrides,
        );
        assert_eq!(two, ["two_cases y"]);
        let one = lints(
            [rule("x", "a:b"), rule("y", "a:c")],
            Combining::DenyOverrides,
        );
        assert!(one.is_empty());
    }
}
