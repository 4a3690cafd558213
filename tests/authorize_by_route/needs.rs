//! What `Gate::check` cannot supply: refused when a gate is built, or reported.

use bearergate::clock::FakeClock;
use bearergate::credential::PresentedCredential;
use bearergate::diagnosis::Severity;
use bearergate::error::ConfigErrorKind;
use bearergate::gate::GateBuilder;
use bearergate::policy::{
    AccessRequest, Combining, Condition, Decision, Needs, PolicyHandle, RouteTable, Rule,
    ServiceFact, action, attribute, authorize_fn, condition_fn, header, method, owner, param, role,
    route, via_tls,
};
use bearergate::principal::PrincipalKind;
use bearergate::validator::Shape;
use bearergate::{
    Authorizer, ConfigError, Gate, NowOrLater, Policy, Principal, Rejection, TokenValidator,
    require_scope,
};
use http::{HeaderName, Method, Request};

use crate::{IDP, NOW};

/// Accepts every token as one of the user whose id it is, with `-` for `|`.
#[derive(Clone, Debug)]
struct Users;

impl TokenValidator for Users {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let id = presented.credential().expose().replace('-', "|");
        let user = Principal::builder(PrincipalKind::Session, IDP).subject(id);
        NowOrLater::now(Ok(user.scopes(["read"]).build()))
    }
}

fn builder(authorizer: impl Authorizer + 'static) -> GateBuilder {
    let gate = Gate::builder().validator(Users).clock(FakeClock::at(NOW));
    gate.authorizer(authorizer)
}

fn own() -> Condition {
    owner(param("user").of(IDP))
}

fn read() -> Condition {
    require_scope("read")
}

fn tagged() -> Condition {
    header(HeaderName::from_static("x-tag"), "a")
}

fn policy(rules: impl IntoIterator<Item = Rule>) -> Policy {
    let builder = rules
        .into_iter()
        .fold(Policy::builder(), |all, rule| all.rule(rule));
    builder.build().unwrap()
}

fn table(pattern: &str, guard: Condition) -> RouteTable {
    RouteTable::by_path()
        .any_method(pattern, guard)
        .build()
        .unwrap()
}

fn refused(built: Result<Gate, ConfigError>) -> String {
    let error = built.unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ConfigErrorKind::Conflict, "authorizer")
    );
    error.to_string()
}

#[test]
fn a_condition_that_a_check_cannot_satisfy_is_refused() {
    for (condition, name, setter) in [
        (action("read"), "action read", "with_action"),
        (route("/a"), "route /a", "with_resource"),
        (param("id").is("7"), "parameter id", "with_params"),
        (own(), "owner by parameter user", "with_params"),
        (
            owner(attribute("by")),
            "owner by attribute by",
            "with_attributes",
        ),
        (
            attribute("region").is("eu"),
            "attribute region",
            "with_attributes",
        ),
        (tagged(), "header x-tag", "with_headers"),
        (via_tls(), "TLS", "with_tls"),
        (!action("read"), "action read", "with_action"),
        (read() & action("read"), "action read", "with_action"),
        (!(action("read") | read()), "action read", "with_action"),
        (action("read") | own(), "action read", "with_action"),
        (action("read").named("n"), "action read", "with_action"),
    ] {
        let text = refused(builder(condition.clone()).build());
        assert!(
            text.contains(&format!("`{name}` needs `{setter}`")),
            "{text}"
        );
        for remedy in [
            "RouteTable::by_path",
            "Gate::authenticate",
            "Gate::authorize",
            "authorizes_per_route()",
        ] {
            assert!(text.contains(remedy), "{text}");
        }
        let per_route = builder(condition).authorizes_per_route().build().unwrap();
        assert_eq!(warnings(&per_route), 0);
    }
    for condition in [
        read(),
        read() | action("read"),
        !(read() & action("read")),
        method(Method::GET),
        condition_fn("f", |r: &AccessRequest<'_>| Some(r.action()? == "read")),
    ] {
        assert!(builder(condition).build().is_ok());
    }
}

#[test]
fn a_policy_that_a_check_cannot_satisfy_is_refused() {
    let by_action = || Rule::permit("by action", action("read"));
    let by_scope = || Rule::permit("by scope", read());
    let forbid = || Rule::forbid("no export", action("export"));
    let text = refused(builder(policy([by_action()])).build());
    assert!(
        text.contains("`action read of rule `by action`` needs `with_action`"),
        "{text}"
    );
    assert!(builder(policy([by_action(), by_scope()])).build().is_ok());
    // A forbid that is unknown denies.
    refused(builder(policy([forbid(), by_scope()])).build());
    refused(builder(PolicyHandle::new(policy([by_action()]))).build());
    refused(builder(std::sync::Arc::new(policy([by_action()]))).build());
    let first = |rules: [Rule; 2]| {
        let builder = Policy::builder().combining(Combining::FirstApplicable);
        let builder = rules.into_iter().fold(builder, |all, rule| all.rule(rule));
        builder.build().unwrap()
    };
    // The first rule that is unknown decides, also a permit.
    refused(builder(first([by_action(), by_scope()])).build());
    assert!(builder(first([by_scope(), by_action()])).build().is_ok());
}

#[test]
fn a_table_by_path_supplies_route_and_parameters() {
    let gate = builder(table("/users/{user}", own() & route("/users/{user}")));
    let gate = gate.build().unwrap();
    let request = |path: &str| {
        let request = Request::get(path).header("authorization", "Bearer auth0-7");
        gate.try_check_now(&request.body(()).unwrap())
            .unwrap()
            .is_ok()
    };
    assert!(request("/users/auth0%7C7"));
    assert!(!request("/users/auth0%7C8"));
    assert_eq!(warnings(&gate), 0);
    let text = refused(builder(table("/users/{id}", own())).build());
    assert!(
        text.contains("of route `* /users/{id}`` needs `with_params`"),
        "{text}"
    );
    refused(builder(table("/users/{user}", own() & action("read"))).build());
    let some = RouteTable::by_path()
        .route(Method::GET, "/a", read())
        .route(Method::POST, "/a", action("write"))
        .build()
        .unwrap();
    let some = builder(some).build().unwrap();
    assert_eq!(warnings(&some), 1);
    let by_route = RouteTable::by_route()
        .any_method("/a", read())
        .build()
        .unwrap();
    let text = refused(builder(by_route.clone()).build());
    assert!(text.contains("needs `with_resource`"), "{text}");
    assert!(builder(by_route).authorizes_per_route().build().is_ok());
}

#[test]
fn the_remedy_of_the_message_works() {
    let gate = builder(action("read") & own())
        .authorizes_per_route()
        .build()
        .unwrap();
    let request = Request::get("/")
        .header("authorization", "Bearer alice")
        .body(())
        .unwrap();
    assert!(gate.try_check_now(&request).unwrap().is_err());
    let caller = gate.authenticate(&request).try_now().ok().unwrap().unwrap();
    let params = [("user", "alice")];
    let access = caller.request().with_action("read").with_params(&params);
    assert!(gate.authorize(&access).try_now().ok().unwrap().is_ok());
    let access = access.with_action("write");
    assert!(gate.authorize(&access).try_now().ok().unwrap().is_err());
}

#[test]
fn gates_of_single_routes_are_checked_too() {
    let gate = builder(read()).build().unwrap();
    refused(gate.with_authorizer(action("read")));
    refused(gate.require(own()));
    assert!(gate.require(method(Method::GET)).is_ok());
    let empty = gate.require(require_scope("")).unwrap_err();
    assert_eq!(
        (empty.kind(), empty.field()),
        (ConfigErrorKind::Empty, "authorizer")
    );
    let per_route = builder(read()).authorizes_per_route().build().unwrap();
    assert!(
        per_route
            .require(own())
            .unwrap()
            .with_authorizer(action("read"))
            .is_ok()
    );
}

#[test]
fn a_scope_that_no_caller_may_need_is_refused() {
    for (name, kind) in [
        ("", ConfigErrorKind::Empty),
        ("a b", ConfigErrorKind::ValueMalformed),
        ("offline_access", ConfigErrorKind::Conflict),
    ] {
        for condition in [
            require_scope(name),
            !require_scope(name),
            read() | require_scope(name),
        ] {
            let error = builder(condition).build().unwrap_err();
            assert_eq!((error.kind(), error.field()), (kind, "authorizer"));
        }
    }
    let any = Gate::builder().validator(Users).allow_any_authenticated();
    assert!(any.build().is_ok());
}

/// The number of warnings of the doctor, each of which names a condition and a call.
fn warnings(gate: &Gate) -> usize {
    let report = gate.doctor().try_now().ok().unwrap();
    let warnings = report
        .findings()
        .iter()
        .filter(|own| own.severity == Severity::Warning);
    let warnings: Vec<_> = warnings.collect();
    for warning in &warnings {
        assert_eq!(warning.subject, "authorizer");
        assert!(warning.text.contains("AccessRequest::with_"), "{warning}");
        assert!(
            warning.hint.unwrap().contains("Gate::authorize"),
            "{warning}"
        );
    }
    warnings.len()
}

#[test]
fn doctor_warns_of_what_some_requests_need() {
    let partly = builder(read() | action("admin") | tagged())
        .build()
        .unwrap();
    assert_eq!(warnings(&partly), 2);
    let text = partly.doctor().try_now().ok().unwrap().to_string();
    assert!(
        text.contains("`action admin` is unknown in every `Gate::check`"),
        "{text}"
    );
    assert_eq!(warnings(&builder(read()).build().unwrap()), 0);
    let quiet = builder(read() | action("admin")).authorizes_per_route();
    assert_eq!(warnings(&quiet.build().unwrap()), 0);
}

#[test]
fn doctor_looks_at_the_current_version_of_a_policy() {
    let handle = PolicyHandle::new(policy([Rule::permit("read", read())]));
    let gate = builder(handle.clone()).build().unwrap();
    assert_eq!(warnings(&gate), 0);
    handle.swap(policy([Rule::permit(
        "read",
        action("read") & role("clerk"),
    )]));
    assert_eq!(warnings(&gate), 1);
}

/// Denies every request without an action.
#[derive(Debug)]
struct ByAction(Needs);

impl Authorizer for ByAction {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(match request.action() {
            Some(_) => Decision::allow(),
            None => Decision::deny(),
        })
    }

    fn needs(&self) -> Needs {
        self.0.clone()
    }
}

#[test]
fn an_authorizer_of_the_service_may_say_what_it_needs() {
    let all = Needs::nothing().for_all("the action", ServiceFact::Action);
    let text = refused(builder(ByAction(all)).build());
    assert!(text.contains("`the action` needs `with_action`"), "{text}");
    let some = Needs::nothing().for_some("the action", ServiceFact::Action);
    assert_eq!(warnings(&builder(ByAction(some)).build().unwrap()), 1);
    // Where it says nothing, doctor says that it is not known.
    let text = |gate: GateBuilder| {
        let gate = gate.build().unwrap();
        assert_eq!(warnings(&gate), 0);
        gate.doctor().try_now().ok().unwrap().to_string()
    };
    let unknown = "ok       authorizer: what it reads is not known here";
    let closure = || authorize_fn("closure", |_| Decision::deny());
    assert!(text(builder(closure())).contains(unknown));
    assert!(!text(builder(closure()).authorizes_per_route()).contains(unknown));
    assert!(!text(builder(ByAction(Needs::nothing()))).contains(unknown));
    // A further condition makes it no better known.
    let further = |gate: GateBuilder| {
        let gate = gate.build().unwrap().require(require_scope("a")).unwrap();
        gate.doctor().try_now().ok().unwrap().to_string()
    };
    assert!(further(builder(closure())).contains(unknown));
    assert!(!further(builder(ByAction(Needs::nothing()))).contains(unknown));
}

#[test]
fn doctor_says_that_there_is_nothing_to_ask() {
    let report = builder(read())
        .build()
        .unwrap()
        .doctor()
        .try_now()
        .ok()
        .unwrap();
    assert_eq!(report.severity(), Severity::Ok);
    assert_eq!(report.findings().len(), 1, "{report}");
    assert!(
        report.to_string().contains("there is nothing to ask"),
        "{report}"
    );
}
