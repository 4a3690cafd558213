//! Route tables: which route a path matches, which routes conflict, and what is denied.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use bearergate::clock::UnixTime;
use bearergate::error::ConfigErrorKind;
use bearergate::policy::{
    AccessRequest, Condition, ReasonCode, RouteTable, RouteTableBuilder, Rule, condition_fn, param,
    route,
};
use bearergate::principal::PrincipalKind;
use bearergate::request::RequestFacts;
use bearergate::{ConfigError, Policy, Principal, RejectionKind, limits, require_scope};
use http::{HeaderMap, Method, Uri};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn anyone() -> Condition {
    condition_fn("anyone", |_| true)
}

fn scoped(scopes: &[&str]) -> Principal {
    Principal::builder(PrincipalKind::Other, "idp")
        .scopes(scopes)
        .build()
}

/// The pattern of the route that matches a path, and whether its guard allows.
fn matched(table: &RouteTable, method: &Method, path: &str) -> (Option<String>, bool) {
    let caller = scoped(&["read"]);
    let uri: Uri = path.parse().unwrap();
    let headers = HeaderMap::new();
    let facts = RequestFacts::new(method, &uri, &headers);
    let request = AccessRequest::new(&caller, NOW).with_facts(&facts);
    let found = table.find(&request).map(|route| route.pattern().to_owned());
    (found, table.decide(&request).is_allowed())
}

fn found(table: &RouteTable, path: &str) -> Option<String> {
    matched(table, &Method::GET, path).0
}

fn paths(patterns: &[&str]) -> Result<RouteTable, ConfigError> {
    let add = |table: RouteTableBuilder, pattern: &&str| table.any_method(pattern, anyone());
    patterns.iter().fold(RouteTable::by_path(), add).build()
}

#[test]
fn the_most_specific_route_matches() {
    let patterns = [
        "/",
        "/orders",
        "/orders/",
        "/orders/{id}",
        "/orders/new",
        "/orders/{id}/items/{item}",
        "/orders/{id}/items/first",
        "/files/{*path}",
        "/files/public/{name}",
    ];
    let table = paths(&patterns).unwrap();
    for (path, pattern) in [
        ("/", Some("/")),
        ("/orders", Some("/orders")),
        ("/orders/", Some("/orders/")),
        ("/orders/7", Some("/orders/{id}")),
        ("/orders/7/", None),
        ("/orders/new", Some("/orders/new")),
        ("/orders/newer", Some("/orders/{id}")),
        ("/orders/7/items/9", Some("/orders/{id}/items/{item}")),
        ("/orders/new/items/first", Some("/orders/{id}/items/first")),
        ("/orders/7/items", None),
        ("/files", None),
        ("/files/a", Some("/files/{*path}")),
        ("/files/a/b/c", Some("/files/{*path}")),
        ("/files/public/x", Some("/files/public/{name}")),
        ("/files/public/x/y", Some("/files/{*path}")),
        ("/Orders", None),
        ("/orders/new?x=/orders", Some("/orders/new")),
        ("/elsewhere", None),
    ] {
        assert_eq!(found(&table, path).as_deref(), pattern, "{path}");
    }
    let long = format!("/files{}", "/a".repeat(100));
    assert_eq!(found(&table, &long).as_deref(), Some("/files/{*path}"));
    let long = format!("/orders{}", "/a".repeat(100));
    assert_eq!(found(&table, &long), None);
}

// Defect L06 (path read in two ways): docs/defects.md
#[test]
fn a_path_that_could_be_read_in_two_ways_is_denied() {
    let table = paths(&["/public/{*rest}", "/admin/{page}", "/{page}"]).unwrap();
    assert!(matched(&table, &Method::GET, "/public/a").1);
    assert!(matched(&table, &Method::GET, "/public/a?b=../../admin/x").1);
    let (empty, dots) = (
        "it has an empty segment (`//`)",
        "it has a segment of dots or spaces, such as `..` or `..%20`",
    );
    let separator = "it escapes `/`, `\\`, `;`, `%` or a character that some readers take for one of \
                     these or for a dot";
    let needless = "it escapes a letter, a digit, a dot or one of `-_~`";
    let control = "it escapes a control character or the end of a line";
    let not_utf8 = "it has escapes that are not UTF-8";
    let parameters = "it has path parameters (`;`)";
    for (path, why) in [
        ("/public/../admin/x", dots),
        ("/public/./a", dots),
        ("/public/..", dots),
        ("/public//a", empty),
        ("//public/a", empty),
        ("/public/a//", empty),
        ("/public/%2e%2e/admin/x", needless),
        ("/public/%2E%2e/admin/x", needless),
        ("/public/.%2e/admin/x", needless),
        ("/public/a%2fb", separator),
        ("/public/a%5cb", separator),
        ("/public/a%00", control),
        ("/public/a%0a", control),
        ("/public/%252e%252e/x", separator),
        ("/%61dmin", needless),
        ("/public/a%", not_utf8),
        ("/public/a%zz", not_utf8),
        ("/public/..;/admin/x", parameters),
        ("/public/a;b", parameters),
        ("/admin;b/x", parameters),
        ("//", empty),
        ("*", "it does not begin with `/`"),
        ("/public/..%20/admin/x", dots),
        ("/public/.%20", dots),
        ("/public/%20../admin/x", dots),
        ("/public/.%C2%A0./x", dots),
        ("/public/.%E2%80%8C./x", dots),
        ("/public/%20/admin/x", dots),
        ("/public/a\\b", "it has a character that has to be escaped"),
        (
            "/public/\u{e9}",
            "it has a character that has to be escaped",
        ),
    ] {
        let caller = scoped(&["read"]);
        let uri = path.parse::<Uri>().unwrap();
        let headers = HeaderMap::new();
        let facts = RequestFacts::new(&Method::GET, &uri, &headers);
        let request = AccessRequest::new(&caller, NOW).with_facts(&facts);
        let denied = table.decide(&request);
        let text = format!("denied: ambiguous (the path has two readings: {why})");
        assert_eq!(denied.to_string(), text, "{path}");
        assert_eq!(denied.reasons()[0].code(), ReasonCode::Ambiguous);
        assert_eq!(denied.kind(), Some(RejectionKind::AccessDenied));
        assert_eq!(found(&table, path), None, "{path}");
    }
    // The same with a character that no reader drops or takes for another.
    for path in [
        "/public/..a",
        "/public/...",
        "/public/..%21/x",
        "/public/a+b|c[d]",
    ] {
        assert!(matched(&table, &Method::GET, path).1, "{path}");
    }
}

fn decided(table: &RouteTable, path: &str) -> String {
    let caller = scoped(&["read"]);
    let uri = path.parse::<Uri>().unwrap();
    let headers = HeaderMap::new();
    let facts = RequestFacts::new(&Method::GET, &uri, &headers);
    let request = AccessRequest::new(&caller, NOW).with_facts(&facts);
    table.decide(&request).to_string()
}

const AMBIGUOUS: &str = "denied: ambiguous (the path has two readings: ";

// Defect L06 (path read in two ways): docs/defects.md
#[test]
fn an_escape_that_some_reader_takes_for_something_else_is_denied() {
    let table = paths(&["/public/{*rest}"]).unwrap();
    for (refused, twin) in [
        // Path parameters, before or after decoding.
        ("..%3B/admin", "..%3D/admin"),
        ("..%3bx/admin", "..%3dx/admin"),
        ("a%3Bv=1", "a%3Dv=1"),
        // Overlong UTF-8 of a slash, a dot, a backslash and NUL, in two, three and four bytes.
        ("..%C0%AFadmin", "..%C2%AFadmin"),
        ("%C0%AE%C0%AE/admin", "%C3%AE%C3%AE/admin"),
        ("a%C1%9Cb", "a%C3%9Cb"),
        ("a%C0%80b", "a%C3%80b"),
        ("a%E0%80%AFb", "a%E0%A0%AFb"),
        ("a%F0%80%80%AFb", "a%F0%90%80%AFb"),
        // No UTF-8: a stray byte, a continuation, an unfinished character, a surrogate, too large.
        ("a%FFb", "a%C3%BFb"),
        ("a%80b", "a%C3%80b"),
        ("a%C3b", "a%C3%A9b"),
        ("a%E2%82", "a%E2%82%AC"),
        ("a%C3/%A9", "a%C3%A9/"),
        ("a%ED%A0%80b", "a%ED%9F%80b"),
        ("a%F4%90%80%80b", "a%F4%8F%80%80b"),
        ("a%C3%2", "a%C3%A2"),
        // Line ends and controls: U+2028, U+2029, U+0085, U+0080, U+009F, DEL, ESC, byte-order mark.
        ("a%E2%80%A8b", "a%E2%80%AFb"),
        ("a%E2%80%A9b", "a%E2%80%AFb"),
        ("a%C2%85b", "a%C2%A6b"),
        ("a%C2%80b", "a%C2%A0b"),
        ("a%C2%9Fb", "a%C2%AFb"),
        ("a%7Fb", "a%7Cb"),
        ("a%1Bb", "a%2Bb"),
        ("a%EF%BB%BFb", "a%EF%BB%BCb"),
        // Compatibility forms of dots, slashes, backslashes, semicolons and percent signs.
        ("%EF%BC%8E%EF%BC%8E/admin", "%EF%BC%8D/admin"),
        ("%E2%80%A5/admin", "%E2%80%A6more/admin"),
        ("a%EF%BC%8Fb", "a%EF%BC%90b"),
        ("a%E2%88%95b", "a%E2%88%94b"),
        ("a%EF%BC%BCb", "a%EF%BC%BBb"),
        ("a%C2%A5b", "a%C2%A4b"),
        ("a%E2%82%A9b", "a%E2%82%AAb"),
        ("..%CD%BE/admin", "..%CD%BD/admin"),
        ("a%EF%BC%852e", "a%EF%BC%862e"),
    ] {
        let [refused, twin] = [refused, twin].map(|tail| format!("/public/{tail}"));
        assert!(
            decided(&table, &refused).starts_with(AMBIGUOUS),
            "{refused}"
        );
        let twin = twin.trim_end_matches('/');
        assert!(decided(&table, twin).starts_with("allowed"), "{twin}");
    }
    for allowed in [
        "a%20b",
        "caf%C3%A9",
        "%E6%97%A5%E6%9C%AC",
        "%F0%9F%98%80",
        "C%23",
        "what%3F",
        "alice%40example.com",
        "a%20..",
    ] {
        let path = format!("/public/{allowed}");
        assert!(decided(&table, &path).starts_with("allowed"), "{path}");
    }
}

// Defect L06 (path read in two ways): docs/defects.md
#[test]
fn an_escaped_spelling_of_a_literal_is_not_a_parameter() {
    let table = RouteTable::by_path()
        .any_method("/users/{id}", anyone())
        .any_method("/users/@me", require_scope("me"))
        .any_method("/users/{id}/a:b", require_scope("me"))
        .any_method("/users/{id}/{*rest}", anyone())
        .build()
        .unwrap();
    for path in ["/users/%40me", "/users/7/a%3Ab", "/users/7/a%3ab"] {
        let why = "it escapes a character of a literal segment of a route)";
        assert_eq!(decided(&table, path), format!("{AMBIGUOUS}{why}"), "{path}");
    }
    for path in ["/users/@me", "/users/7/a:b"] {
        let denied = "denied: scope_missing (scope me)";
        assert_eq!(decided(&table, path), denied, "{path}");
    }
    for path in [
        "/users/%40you",
        "/users/%40m",
        "/users/%40mee",
        "/users/@you",
        "/users/7/a%3Ac",
        "/users/7/x/a%3Ab",
    ] {
        assert!(decided(&table, path).starts_with("allowed"), "{path}");
    }
}

// Defect L06 (path read in two ways): docs/defects.md
#[test]
fn by_route_uses_the_matched_route_and_not_the_path() {
    let table = RouteTable::by_route()
        .route(Method::GET, "/public/{*rest}", anyone())
        .route(Method::GET, "/admin/{page}", require_scope("admin"))
        .build()
        .unwrap();
    let caller = scoped(&["read"]);
    let uri = Uri::from_static("/public/../admin/x");
    let headers = HeaderMap::new();
    let facts = RequestFacts::new(&Method::GET, &uri, &headers);
    let request = AccessRequest::new(&caller, NOW).with_facts(&facts);
    assert!(
        table
            .decide(&request.with_resource("/public/{*rest}"))
            .is_allowed()
    );
    let denied = table.decide(&request.with_resource("/admin/{page}"));
    assert_eq!(denied.kind(), Some(RejectionKind::ScopeInsufficient));
    for unmatched in ["/admin/x", "/public/a", "", "/PUBLIC/{*rest}"] {
        let denied = table.decide(&request.with_resource(unmatched));
        assert_eq!(
            denied.to_string(),
            "denied: unmatched (no route)",
            "{unmatched}"
        );
    }
    assert!(!table.decide(&request).is_allowed());
}

#[test]
fn a_route_matches_only_its_method() {
    let table = RouteTable::by_path()
        .route(Method::GET, "/orders", anyone())
        .route(Method::POST, "/orders", require_scope("write"))
        .any_method("/health", anyone())
        .build()
        .unwrap();
    assert!(matched(&table, &Method::GET, "/orders").1);
    assert!(!matched(&table, &Method::POST, "/orders").1);
    assert_eq!(matched(&table, &Method::DELETE, "/orders"), (None, false));
    assert!(matched(&table, &Method::DELETE, "/health").1);

    let by_route = RouteTable::by_route()
        .route(Method::GET, "orders", anyone())
        .any_method("orders", require_scope("write"))
        .build()
        .unwrap();
    let caller = scoped(&["read"]);
    let request = AccessRequest::new(&caller, NOW).with_resource("orders");
    assert!(by_route.decide(&request.with_action("GET")).is_allowed());
    assert!(!by_route.decide(&request.with_action("PUT")).is_allowed());
    assert!(!by_route.decide(&request).is_allowed());
}

#[test]
fn guards_get_the_parameters_with_their_escapes_decoded() {
    let is = |name: &str, value: &str| param(name).is(value);
    let table = RouteTable::by_path()
        .any_method(
            "/users/{user}",
            is("user", "alice") & route("/users/{user}"),
        )
        .any_method("/files/{*path}", is("path", "a/b"))
        .any_method("/not/{user}", !is("user", "a b"))
        .any_method("/names/{name}", is("name", "John Doe"))
        .any_method("/trees/{*path}", is("path", "a b/c|d"))
        .build()
        .unwrap();
    let allows = |path: &str| matched(&table, &Method::GET, path).1;
    assert!(allows("/users/alice"));
    assert!(!allows("/users/bob"));
    assert!(allows("/files/a/b"));
    assert!(!allows("/files/a/b/c"));
    assert!(allows("/not/ab"));
    assert!(!allows("/not/a%20b"));
    assert!(allows("/not/a%20c"));
    assert!(allows("/names/John%20Doe"));
    assert!(!allows("/names/John+Doe"));
    assert!(allows("/trees/a%20b/c%7Cd"));
    assert!(allows("/trees/a%20b/c|d"));
    assert!(!allows("/trees/a%20b/c/d"));
}

#[test]
fn routes_that_match_one_request_conflict_unless_one_is_more_specific() {
    let kind = |patterns: &[&str]| paths(patterns).map(|_| ()).unwrap_err().kind();
    for patterns in [
        ["/a", "/a"],
        ["/a/{x}", "/a/{y}"],
        ["/a/{x}/c", "/a/b/{y}"],
        ["/a/{*x}", "/a/{*y}"],
        ["/{x}/b", "/a/{*y}"],
    ] {
        assert_eq!(kind(&patterns), ConfigErrorKind::Conflict, "{patterns:?}");
    }
    for patterns in [
        ["/a", "/a/"],
        ["/a", "/{x}"],
        ["/a/{x}", "/a/{*y}"],
        ["/a/{x}/c", "/a/b/d"],
        ["/a", "/a/{*x}"],
    ] {
        assert!(paths(&patterns).is_ok(), "{patterns:?}");
    }
    let crossed =
        RouteTable::by_path()
            .any_method("/a/b", anyone())
            .route(Method::GET, "/a/{x}", anyone());
    assert_eq!(
        crossed.build().unwrap_err().kind(),
        ConfigErrorKind::Conflict
    );
    let twice = RouteTable::by_route()
        .route(Method::GET, "/a/{x}", anyone())
        .route(Method::GET, "/a/{x}", anyone());
    assert_eq!(twice.build().unwrap_err().kind(), ConfigErrorKind::Conflict);
}

#[test]
fn malformed_patterns_do_not_build() {
    let long = "/a".repeat(32 + 1);
    for pattern in [
        "a", "//", "/a//b", "/a//", "/.", "/..", "/a/../b", "/%61", "/a b", "/\u{e9}", "/a?b",
        "/a#b", "/:id", "/*", "/{}", "/{*}", "/{a b}", "/{a}{b}", "/x{a}", "/{*a}/b", "/{*a}/",
        "/{a}/{a}", "/a;b", "/a\\b", "/{", "/}", &long,
    ] {
        let error = paths(&[pattern]).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::ValueMalformed, "{pattern}");
        assert_eq!(error.field(), "route");
    }
    assert!(paths(&[&"/a".repeat(32)]).is_ok());
    assert!(paths(&["/a-b_c.d~e/@x:y,z/{a}/{*b}"]).is_ok());
}

// Defects L01 (empty condition allows), L07 (oversize policy): docs/defects.md
#[test]
fn an_empty_or_too_large_table_does_not_build() {
    let kind = |table: RouteTableBuilder| table.build().map(|_| ()).unwrap_err().kind();
    assert_eq!(kind(RouteTable::by_path()), ConfigErrorKind::Empty);
    assert_eq!(kind(RouteTable::by_route()), ConfigErrorKind::Empty);
    let nameless = RouteTable::by_route().any_method("", anyone());
    assert_eq!(kind(nameless), ConfigErrorKind::Empty);
    let many = |count: usize| {
        let add =
            |table: RouteTableBuilder, at: usize| table.any_method(&format!("/r{at}"), anyone());
        (0..count).fold(RouteTable::by_path(), add)
    };
    assert_eq!(
        kind(many(limits::POLICY_RULES + 1)),
        ConfigErrorKind::OutOfRange
    );
    let table = many(300).build().unwrap();
    assert_eq!(found(&table, "/r299").as_deref(), Some("/r299"));
    assert_eq!(found(&table, "/r300"), None);
}

#[test]
fn a_route_can_have_a_policy_of_rules() {
    let policy = Policy::builder()
        .rule(Rule::permit("readers", require_scope("read")))
        .build()
        .unwrap();
    let table = RouteTable::by_path()
        .any_method("/a", policy)
        .build()
        .unwrap();
    assert!(matched(&table, &Method::GET, "/a").1);
    assert_eq!(table.routes().len(), 1);
    assert_eq!(table.routes().first().unwrap().method(), None);
}
