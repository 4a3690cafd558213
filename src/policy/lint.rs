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
        /// A claim of such a name exists at few providers; `realm_access.roles` is the member
        /// `roles` of the claim `realm_access`, which a condition selects with
        /// [`at`](crate::policy::ClaimTest::at).
        DottedClaim = "dotted_claim", "the name of a claim is probably a path of nested names";
        /// No rule allows what a rule forbids.
        NeverAllows = "never_allows", "the rule forbids every request";
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

    /// Returns the lint for a rule whose condition is constant: one that always forbids leaves
    /// nothing to the others.
    fn of_rule(self, rule: &Rule, is_first: bool) -> Self {
        if is_first || self.kind != LintKind::AlwaysHolds || rule.effect() != Effect::Forbid {
            return self;
        }
        let detail = "its condition is never false, so no request is allowed; add a requirement";
        Self::new(LintKind::NeverAllows, &self.at, detail)
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
    /// without their authority, claims whose name is probably a path, and scopes that are spelled
    /// in two cases.
    ///
    /// Every lint except [`DottedClaim`](LintKind::DottedClaim) is a fact, so a test may assert that
    /// there are none. The search is not complete: it compares predicates for equality, and tests of
    /// one claim with each other, and knows little of what each means.
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
                    found.extend(dotted_claim(condition, &at));
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
        let constant = constant(rule.condition(), &at).map(|lint| lint.of_rule(rule, is_first));
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
        found.extend(dotted_claim(rule.condition(), &at));
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
    let bounds = bounds(condition.nodes());
    if bounds.can_hold && bounds.can_fail {
        return None;
    }
    if bounds.can_hold {
        let detail = "it is true for every caller with the claims that it reads; add a requirement";
        return Some(Lint::new(LintKind::AlwaysHolds, at, detail));
    }
    let detail = match bounds.contradiction {
        Some(parts) => format!("its parts contradict each other: {parts}; remove one"),
        None => "its parts contradict each other, or one is never true; remove one".to_owned(),
    };
    Some(Lint::new(LintKind::NeverMatches, at, detail))
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

/// Returns a lint if the name of a claim is probably a path.
///
/// Names with a colon or a slash are those of a namespace, such as `https://example.com/roles`.
fn dotted_claim(condition: &Condition, at: &str) -> Option<Lint> {
    let paths = condition.leaves().filter_map(|leaf| leaf.predicate.path());
    let is_path = |name: &str| name.split('.').all(|part| !part.is_empty());
    let is_dotted = |name: &str| name.contains('.') && !name.contains([':', '/']) && is_path(name);
    let name = &paths.map(|path| &path.claim).find(|name| is_dotted(name))?;
    let parts: Vec<_> = name.split('.').map(|part| format!("\"{part}\"")).collect();
    let (claim, members) = parts.split_first()?;
    let members: String = members.iter().map(|part| format!(".at({part})")).collect();
    let detail = format!(
        "`{name}` is the name of one claim, and a dot in it selects nothing; for a nested value write \
         `claim({claim}){members}`, in a file `\"claim\": [{}]`",
        parts.join(", ")
    );
    Some(Lint::new(LintKind::DottedClaim, at, detail))
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
    use crate::policy::{
        PolicyBuilder, action, address_in, attribute, claim, client, param, require_scope,
    };
    use crate::principal::ClaimValue;

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
        assert_eq!(lints_of(param("p").is("x") & param("p").is("y")), never);
        assert_eq!(
            lints_of(attribute("p").is(1) & attribute("p").is("1")),
            never
        );
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
            param("p").is("x") & param("q").is("y"),
            attribute("p").is("x") & attribute("q").is("y"),
            address_in(["0.0.0.0/0"]).unwrap(),
        ] {
            assert!(lints_of(fine).is_empty());
        }
    }

    #[test]
    fn tests_of_one_claim_that_no_value_passes_are_found() {
        let c = || claim("c");
        let one_of = |values: [&str; 2]| c().one_of(values.map(ClaimValue::from)).unwrap();
        let nested = || claim("c").at("d");
        for (never, fine) in [
            (c().is("x") & c().is("y"), c().is("x") & claim("d").is("y")),
            (c().is(1) & c().is("1"), c().is(1) | c().is("1")),
            (c().is(1) & !c().is(1), c().is(1) & !c().is(2)),
            (
                c().is(1) & c().contains(1),
                c().contains(2) & c().contains(1),
            ),
            (c().is("x") & c().absent(), c().is("x") & nested().absent()),
            (
                nested().is(1) & nested().is(2),
                nested().is(1) & c().present(),
            ),
            (
                one_of(["x", "y"]) & c().is("z"),
                one_of(["x", "y"]) & c().is("y"),
            ),
            (
                one_of(["x", "y"]) & one_of(["z", "w"]),
                one_of(["x", "y"]) & one_of(["z", "y"]),
            ),
            (
                c().is("ab") & c().starts_with("b"),
                c().is("ab") & c().starts_with("a"),
            ),
            (
                c().starts_with("a") & c().starts_with("b"),
                c().starts_with("a") & c().starts_with("ab"),
            ),
            (
                c().at_least(3) & c().at_most(2),
                c().at_least(2) & c().at_most(2),
            ),
            (c().is(1) & c().at_least(2), c().is(2) & c().at_least(2)),
            (
                c().in_future() & c().in_past(),
                c().in_future() & c().at_least(1),
            ),
            (
                c().starts_with("a") & c().at_least(1),
                c().starts_with("a") & c().matches("ab?").unwrap(),
            ),
            (
                (c().is("x") & action("r")).named("n") & c().is("y"),
                (c().is("x") | action("r")) & c().is("y"),
            ),
            (
                client("x") & client("y").of("idp"),
                client("x").of("idp") & !client("y").of("idp"),
            ),
        ] {
            let kinds = |condition| lints_of(condition).join(" ").contains("never_matches");
            let shown = format!("{never:?} {fine:?}");
            assert!(kinds(never) && !kinds(fine), "{shown}");
        }
        let absent_or = c().absent_or_is(1) & c().absent();
        assert!(lints_of(absent_or).is_empty());
    }

    #[test]
    fn a_contradiction_is_shown() {
        let detail = |condition| {
            let policy = Policy::builder().rule(Rule::permit("a", condition)).build();
            let lints = policy.unwrap().lint();
            lints.first().map(ToString::to_string).unwrap_or_default()
        };
        assert_eq!(
            detail(claim("tenant").is("x") & claim("tenant").is("y")),
            "never_matches at `a`: its parts contradict each other: no value of claim `tenant` \
             passes all of its tests; remove one"
        );
        assert_eq!(
            detail(action("x") & action("y")),
            "never_matches at `a`: its parts contradict each other: `action` has to be both `x` and \
             `y`; remove one"
        );
        assert_eq!(
            detail(action("x") & !action("x")),
            "never_matches at `a`: its parts contradict each other: `{\"action\":\"x\"}` has to be \
             both true and false; remove one"
        );
        assert_eq!(
            detail(claim("realm_access.roles").contains("clerk")),
            "dotted_claim at `a`: `realm_access.roles` is the name of one claim, and a dot in it \
             selects nothing; for a nested value write `claim(\"realm_access\").at(\"roles\")`, in a \
             file `\"claim\": [\"realm_access\", \"roles\"]`"
        );
    }

    #[test]
    fn dotted_claims_are_found() {
        let dotted = ["dotted_claim a"];
        for name in ["realm_access.roles", "a.b.c"] {
            assert_eq!(lints_of(claim(name).contains("x")), dotted, "{name}");
            assert_eq!(lints_of(!claim(name).absent() & action("x")), dotted);
        }
        for name in [
            "realm_access",
            "https://example.com/roles",
            "urn:a.b:c",
            "a.",
            ".a",
        ] {
            assert!(lints_of(claim(name).is("x")).is_empty(), "{name}");
        }
        let nested = claim("resource_access").at("my.client").at("roles");
        assert!(lints_of(nested.contains("x")).is_empty());
        let table = RouteTable::by_path()
            .any_method("/a", claim("a.b").is(1))
            .build();
        let kinds: Vec<_> = table.unwrap().lint().iter().map(Lint::kind).collect();
        assert_eq!(kinds, [LintKind::DottedClaim]);
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
        assert_eq!(lints(rules(), Combining::DenyOverrides), ["never_allows x"]);
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
