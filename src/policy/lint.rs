//! What is probably not meant in a policy.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use crate::policy::condition::condition::Condition;
use crate::policy::engine::node::Leaf;
use crate::policy::engine::node::Node;
use crate::policy::engine::notation::key;
use crate::policy::engine::predicate::Test;
use crate::policy::policy::Combining;
use crate::policy::policy::Policy;
use crate::policy::route::guarded_route::Guard;
use crate::policy::route::route_table::RouteTable;
use crate::policy::rule::Effect;
use crate::policy::rule::Rule;

/// Something in a policy that is probably not meant; made by `lint`.
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

/// What is probably not meant.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum LintKind {
    /// A condition holds for everybody of whom it can be told: `always_holds`.
    AlwaysHolds,
    /// A condition holds for nobody: `never_matches`.
    NeverMatches,
    /// A rule or route that stands before leaves nothing to this one: `shadowed`.
    Shadowed,
    /// One scope is spelled in two cases: `two_cases`.
    TwoCases,
}

impl LintKind {
    /// Returns the stable snake-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlwaysHolds => "always_holds",
            Self::NeverMatches => "never_matches",
            Self::Shadowed => "shadowed",
            Self::TwoCases => "two_cases",
        }
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

    fn always_holds(&self) -> bool {
        self.kind == LintKind::AlwaysHolds
    }

    /// Returns what it is, as a stable code.
    pub const fn kind(&self) -> LintKind {
        self.kind
    }

    /// Returns the name of the rule, or the route, that it is about.
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
    /// Looks for what is probably not meant: rules that can never match, rules that others
    /// shadow, conditions that always hold, scopes spelled in two cases.
    ///
    /// What it finds is there; what it does not find may be there all the same.
    pub fn lint(&self) -> Vec<Lint> {
        let mut found = Vec::new();
        let mut scopes = Scopes::default();
        rules(self, "", &mut found, &mut scopes);
        found.append(&mut scopes.found);
        found
    }
}

impl RouteTable {
    /// Looks for what is probably not meant, in the guards of all routes and across them.
    pub fn lint(&self) -> Vec<Lint> {
        let mut found = Vec::new();
        let mut scopes = Scopes::default();
        for route in self.routes() {
            let method = route.method().map_or("*", |method| method.as_str());
            let at = format!("{method} {}", route.pattern());
            match route.guard() {
                Guard::Condition(own) => {
                    found.extend(constant(own, &at));
                    scopes.add(own, &at);
                }
                Guard::Policy(own) => rules(own, &format!("{at}: "), &mut found, &mut scopes),
            }
        }
        found.append(&mut scopes.found);
        found
    }
}

fn rules(policy: &Policy, prefix: &str, found: &mut Vec<Lint>, scopes: &mut Scopes) {
    let is_first = policy.combining() == Combining::FirstApplicable;
    let mut seen: HashMap<Tests, &Rule> = HashMap::new();
    let mut last: Option<&Rule> = None;
    for rule in policy.rules() {
        let at = format!("{prefix}{}", rule.name());
        let constant = constant(rule.condition(), &at);
        if let Some(last) = last {
            let detail = format!("`{}` before it decides every request", last.name());
            found.push(Lint::new(LintKind::Shadowed, &at, detail));
        }
        // The first one that holds decides, and so does one of which it cannot be told.
        if constant.as_ref().is_some_and(Lint::always_holds) && is_first {
            last = last.or(Some(rule));
        }
        found.extend(constant);
        scopes.add(rule.condition(), &at);
        let Some(tests) = conjunction(rule.condition().nodes()) else {
            continue;
        };
        match seen.entry(tests) {
            Entry::Occupied(other) => {
                let shadowed = shadowed(other.get(), rule, is_first);
                let at = format!("{prefix}{}", shadowed.name());
                let detail = "another rule asks the same and goes before it; drop one";
                found.push(Lint::new(LintKind::Shadowed, &at, detail));
            }
            Entry::Vacant(place) => {
                place.insert(rule);
            }
        }
    }
}

/// Returns which of two rules that ask the same decides nothing.
fn shadowed<'p>(earlier: &'p Rule, later: &'p Rule, is_first: bool) -> &'p Rule {
    let overrides = later.effect() == Effect::Forbid && earlier.effect() == Effect::Permit;
    if overrides && !is_first {
        earlier
    } else {
        later
    }
}

/// Tests, each with whether it has to hold.
type Tests = BTreeSet<(bool, String)>;

/// Returns the tests of a condition that is nothing but all of them, some negated; others are
/// not compared.
fn conjunction(nodes: &[Node]) -> Option<Tests> {
    let mut tests = Vec::new();
    let mut is_single = false;
    for node in nodes {
        match node {
            Node::Leaf(leaf) => {
                tests.push((true, key(leaf)));
                is_single = true;
            }
            Node::Not if is_single => {
                let (wanted, _) = tests.last_mut()?;
                *wanted = !*wanted;
            }
            Node::All(_) => is_single = false,
            Node::Named(_) => {}
            Node::Any(_) | Node::Not => return None,
        }
    }
    Some(tests.into_iter().collect())
}

/// Says what a condition gives whatever is asked, as far as its tests tell it.
fn constant(condition: &Condition, at: &str) -> Option<Lint> {
    let (can_hold, can_fail) = bounds(condition.nodes());
    let (kind, detail) = match (can_hold, can_fail) {
        (false, _) => (
            LintKind::NeverMatches,
            "nothing can be all that it asks for; drop a part",
        ),
        (true, false) => (
            LintKind::AlwaysHolds,
            "it holds for everybody of whom it can be told; ask for something",
        ),
        (true, true) => return None,
    };
    Some(Lint::new(kind, at, detail))
}

/// What one part can give, and the tests that it asks for as a whole.
struct Part<'p> {
    can_hold: bool,
    can_fail: bool,
    /// What has to hold, and what must not, if it is one test or all of several.
    all: Tests,
    /// What is one of several.
    any: Tests,
    /// Words of which a request has one alone, by their kind, if it asks for them.
    only: HashMap<&'static str, &'p str>,
}

fn bounds(nodes: &[Node]) -> (bool, bool) {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for node in nodes {
        let part = match node {
            Node::Leaf(leaf) => Part::of(leaf),
            Node::Named(_) => continue,
            Node::Not => match parts.pop() {
                Some(part) => part.negated(),
                None => continue,
            },
            Node::All(count) => {
                let own = parts.split_off(parts.len().saturating_sub(*count));
                all(own)
            }
            Node::Any(count) => {
                let own = parts.split_off(parts.len().saturating_sub(*count));
                any(own)
            }
        };
        parts.push(part);
    }
    let top = parts.pop();
    top.map_or((true, true), |part| (part.can_hold, part.can_fail))
}

impl<'p> Part<'p> {
    fn of(leaf: &'p Leaf) -> Self {
        let test = [(true, key(leaf))];
        let (can_hold, can_fail) = reach(&leaf.test);
        Self {
            can_hold,
            can_fail,
            all: test.clone().into(),
            any: test.into(),
            only: only(&leaf.test).into_iter().collect(),
        }
    }

    fn negated(self) -> Self {
        let turn = |tests: Tests| {
            let tests = tests.into_iter();
            tests.map(|(wanted, test)| (!wanted, test)).collect()
        };
        Self {
            can_hold: self.can_fail,
            can_fail: self.can_hold,
            // De Morgan.
            all: turn(self.any),
            any: turn(self.all),
            only: HashMap::new(),
        }
    }
}

fn all(parts: Vec<Part<'_>>) -> Part<'_> {
    let mut own = Part {
        can_hold: true,
        can_fail: false,
        all: Tests::new(),
        any: Tests::new(),
        only: HashMap::new(),
    };
    for part in parts {
        own.can_hold &= part.can_hold;
        own.can_fail |= part.can_fail;
        for (kind, word) in part.only {
            let other = own.only.insert(kind, word);
            own.can_hold &= other.is_none_or(|other| other == word);
        }
        own.all.extend(part.all);
    }
    own.can_hold &= !contradicts(&own.all);
    own
}

fn any(parts: Vec<Part<'_>>) -> Part<'_> {
    let mut own = Part {
        can_hold: false,
        can_fail: true,
        all: Tests::new(),
        any: Tests::new(),
        only: HashMap::new(),
    };
    for part in parts {
        own.can_hold |= part.can_hold;
        own.can_fail &= part.can_fail;
        own.any.extend(part.any);
    }
    own.can_fail &= !contradicts(&own.any);
    own
}

/// Says whether a test is there together with its opposite.
fn contradicts(tests: &Tests) -> bool {
    tests
        .iter()
        .any(|(wanted, test)| *wanted && tests.contains(&(false, test.clone())))
}

/// Says whether a test can hold, and whether it can fail.
fn reach(test: &Test) -> (bool, bool) {
    match test {
        Test::Scope(name) => (!name.is_empty() && !name.contains(' '), true),
        Test::Address(networks) => {
            // Each family has a network of its own that holds all.
            let whole = networks.iter().filter(|network| network.prefix_len() == 0);
            let families: BTreeSet<_> = whole.map(|network| network.addr().is_ipv4()).collect();
            (true, families.len() < 2)
        }
        Test::Weekdays(own) => (true, own.days != 0x7f),
        _ => (true, true),
    }
}

/// Returns the word of a test that a request has one of alone.
fn only(test: &Test) -> Option<(&'static str, &str)> {
    match test {
        Test::Action(name) => Some(("action", name)),
        Test::Authority(name) => Some(("authority", name.as_str())),
        Test::Client(name) => Some(("client", name)),
        Test::Kind(kind) => Some(("kind", kind.as_str())),
        Test::Method(method) => Some(("method", method.as_str())),
        Test::Route(name) => Some(("route", name)),
        _ => None,
    }
}

/// Scopes by what they are in one case.
#[derive(Default)]
struct Scopes {
    spelled: HashMap<String, (Arc<str>, String)>,
    found: Vec<Lint>,
}

impl Scopes {
    fn add(&mut self, condition: &Condition, at: &str) {
        for leaf in condition.leaves() {
            let Test::Scope(name) = &leaf.test else {
                continue;
            };
            let first = self
                .spelled
                .entry(name.to_lowercase())
                .or_insert_with(|| (Arc::clone(name), at.to_owned()));
            if first.0 != *name {
                let detail = format!("scope `{name}` is `{}` at `{}`", first.0, first.1);
                let finding = Lint::new(LintKind::TwoCases, at, detail);
                if !self.found.contains(&finding) {
                    self.found.push(finding);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::action;
    use crate::policy::address_in;
    use crate::policy::claim;
    use crate::policy::require_scope;

    fn found(rules: impl IntoIterator<Item = Rule>, combining: Combining) -> Vec<String> {
        let builder = Policy::builder().combining(combining);
        let builder = rules.into_iter().fold(builder, |own, rule| own.rule(rule));
        let found = builder.build().unwrap().lint().into_iter();
        found
            .map(|own| format!("{} {}", own.kind().as_str(), own.at()))
            .collect()
    }

    fn of(condition: Condition) -> Vec<String> {
        found([Rule::permit("a", condition)], Combining::DenyOverrides)
    }

    #[test]
    fn conditions_that_never_or_always_hold_are_found() {
        let (a, b) = (|| claim("a").is(1), || claim("b").is(1));
        let never = ["never_matches a"];
        assert_eq!(of(a() & b() & !a()), never);
        assert_eq!(of(a() & (b() & !a()).named("n")), never);
        assert_eq!(of(!(a() | !a())), never);
        assert_eq!(of(action("x") & (action("y") & a())), never);
        assert_eq!(of(require_scope("a b") & a()), never);
        let always = ["always_holds a"];
        assert_eq!(of(a() | b() | !a()), always);
        assert_eq!(of(!(a() & !a())), always);
        assert_eq!(of(address_in(["0.0.0.0/0", "::/0"]).unwrap()), always);
        for fine in [
            a() & b(),
            a() | !b(),
            (a() & b()) | (!a() & !b()),
            action("x") | action("y"),
            !action("x") & action("y"),
            claim("a").is(1) & claim("a").contains(1),
            address_in(["0.0.0.0/0"]).unwrap(),
        ] {
            assert!(of(fine).is_empty());
        }
    }

    #[test]
    fn rules_that_ask_the_same_shadow_each_other() {
        let rule = |name: &str, effect, flip| {
            let (a, b) = (claim("a").is(1), !claim("b").is(2));
            Rule::new(name.into(), effect, if flip { b & a } else { a & b })
        };
        let pair = |first, second| [rule("x", first, false), rule("y", second, true)];
        use Effect::{Forbid, Permit};
        let both = |rules: [Rule; 2]| {
            let open = [Rule::permit("z", action("z"))];
            [Combining::DenyOverrides, Combining::FirstApplicable]
                .map(|how| found(rules.clone().into_iter().chain(open.clone()), how).join())
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
    fn what_stands_behind_a_rule_for_everybody_is_shadowed() {
        let all = claim("a").is(1) | !claim("a").is(1);
        let rules = || {
            [
                Rule::forbid("x", all.clone()),
                Rule::permit("y", action("y")),
            ]
        };
        let first = found(rules(), Combining::FirstApplicable);
        assert_eq!(first, ["always_holds x", "shadowed y"]);
        assert_eq!(found(rules(), Combining::DenyOverrides), ["always_holds x"]);
    }

    #[test]
    fn scopes_in_two_cases_are_found() {
        let rule = |name: &str, scope: &str| Rule::permit(name, require_scope(scope));
        let two = found(
            [rule("x", "a:b"), rule("y", "A:b")],
            Combining::DenyOverrides,
        );
        assert_eq!(two, ["two_cases y"]);
        let one = found(
            [rule("x", "a:b"), rule("y", "a:c")],
            Combining::DenyOverrides,
        );
        assert!(one.is_empty());
    }
}
