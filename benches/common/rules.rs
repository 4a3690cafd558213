//! Policies, and plain Rust trees of the same rules.

use bearergate::clock::UnixTime;
use bearergate::policy::{AccessRequest, Condition, Rule, action};
use bearergate::principal::PrincipalKind;
use bearergate::{Policy, Principal, claim, require_scope};

/// Rules in both forms, and a request that the middle one allows.
pub(crate) struct Rules {
    pub(crate) policy: Policy,
    pub(crate) tree: Tree,
    caller: Principal,
    verb: String,
}

impl Rules {
    pub(crate) fn new(count: usize, what: &str) -> Self {
        let (policy, tree) = match what {
            "action" => by_action(count),
            _ => by_scope(count),
        };
        Self {
            policy,
            tree,
            caller: caller(count),
            verb: format!("orders:action-{}", count / 2),
        }
    }

    pub(crate) fn request(&self) -> AccessRequest<'_> {
        AccessRequest::new(&self.caller, UnixTime::from_secs(0)).with_action(&self.verb)
    }
}

/// The same rules, as one would write them by hand.
pub(crate) enum Tree {
    All(Vec<Self>),
    Any(Vec<Self>),
    Action(String),
    Claim(&'static str, &'static str),
    Scope(String),
}

impl Tree {
    pub(crate) fn holds(&self, request: &AccessRequest<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(request)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(request)),
            Self::Action(name) => request.action() == Some(name),
            Self::Claim(name, expected) => {
                let value = request.principal().claims().value(name);
                let own = value.and_then(bearergate::json::Value::as_str);
                own.as_deref() == Some(*expected)
            }
            Self::Scope(name) => {
                let own = request.principal().scopes();
                own.is_some_and(|own| own.contains(name))
            }
        }
    }
}

fn by_action(count: usize) -> (Policy, Tree) {
    let tenant = || claim("tenant").is("acme");
    let rule = |at: usize| action(format!("orders:action-{at}")) & tenant();
    let tree = |at: usize| {
        let tenant = Tree::Claim("tenant", "acme");
        Tree::All(vec![Tree::Action(format!("orders:action-{at}")), tenant])
    };
    (
        policy(count, rule),
        Tree::Any((0..count).map(tree).collect()),
    )
}

fn by_scope(count: usize) -> (Policy, Tree) {
    let rule = |at: usize| require_scope(format!("orders:scope-{at}"));
    let tree = |at: usize| Tree::Scope(format!("orders:scope-{at}"));
    (
        policy(count, rule),
        Tree::Any((0..count).map(tree).collect()),
    )
}

fn policy(count: usize, rule: impl Fn(usize) -> Condition) -> Policy {
    let rules = (0..count).map(|at| Rule::permit(format!("rule {at}"), rule(at)));
    let builder = rules.fold(Policy::builder(), |builder, rule| builder.rule(rule));
    builder.build().expect("a valid policy")
}

fn caller(count: usize) -> Principal {
    let last = format!("orders:scope-{}", count / 2);
    Principal::builder(PrincipalKind::AccessToken, "https://idp.example.com")
        .subject("alice")
        .scopes(["openid", "profile", &last])
        .claims(r#"{"iss":"https://idp.example.com","sub":"alice","tenant":"acme"}"#)
        .expect("an object")
        .build()
}
