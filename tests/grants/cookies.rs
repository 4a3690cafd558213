//! Session ids in cookies, and requests that another site caused.

use bearergate::credential::{Place, PresentedCredential, Sources};
use bearergate::diagnosis::Severity;
use bearergate::key::Key;
use bearergate::session::SessionCookie;
use bearergate::{Gate, JwtValidator, RejectionKind, TokenValidator};
use http::request::Builder;
use http::{Request, header};

use crate::common::{Service, alice, now};

struct Browser {
    service: Service,
    cookie: String,
}

impl Browser {
    /// Logs in and keeps the cookie as a browser does.
    fn new() -> Self {
        let service = Service::new();
        let id = now(service.sessions.create(alice())).unwrap().secret;
        let header = service.cookie.set(id);
        let text = header.to_str().unwrap();
        let (pair, attributes) = text.split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax");
        let cookie = pair.to_owned();
        Self { service, cookie }
    }

    fn send(&self, request: Builder) -> Option<RejectionKind> {
        let request = request
            .header(header::COOKIE, &self.cookie)
            .body(())
            .unwrap();
        let answer = now(self.service.gate().check(&request));
        answer.err().map(|refusal| refusal.kind())
    }
}

const CROSS_SITE: Option<RejectionKind> = Some(RejectionKind::CrossSiteRefused);

#[test]
fn reading_requests_pass_from_anywhere() {
    let browser = Browser::new();
    for method in ["GET", "HEAD", "OPTIONS"] {
        assert_eq!(browser.send(Request::builder().method(method)), None);
    }
}

#[test]
fn writing_requests_need_the_same_origin() {
    let browser = Browser::new();
    for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE"] {
        let request = || Request::builder().method(method);
        assert_eq!(browser.send(request()), CROSS_SITE, "{method}");
        let site = |site| browser.send(request().header("sec-fetch-site", site));
        assert_eq!(site("same-origin"), None);
        for other in ["same-site", "cross-site", "none", "Same-Origin", ""] {
            assert_eq!(site(other), CROSS_SITE, "{method} {other}");
        }
    }
}

#[test]
fn an_origin_on_the_list_passes_from_another_site_and_without_the_site() {
    let browser = Browser::new();
    for site in [None, Some("same-site"), Some("cross-site")] {
        let from = |origin: &str| {
            let request = Request::post("/").header("origin", origin);
            let add = |r: Builder, site| r.header("sec-fetch-site", site);
            browser.send(site.into_iter().fold(request, add))
        };
        assert_eq!(from("https://app.example.com"), None, "{site:?}");
        for other in [
            "https://evil.example.com",
            "null",
            "https://app.example.com.evil.example",
        ] {
            assert_eq!(from(other), CROSS_SITE, "{site:?} {other}");
        }
    }
    let by_the_user = Request::post("/")
        .header("origin", "https://app.example.com")
        .header("sec-fetch-site", "none");
    assert_eq!(browser.send(by_the_user), CROSS_SITE);
}

#[test]
fn an_upgrade_is_treated_like_a_writing_request() {
    let browser = Browser::new();
    let upgrade = || Request::get("/").header("upgrade", "websocket");
    assert_eq!(browser.send(upgrade()), CROSS_SITE);
    let same = upgrade().header("sec-fetch-site", "same-origin");
    assert_eq!(browser.send(same), None);
    let listed = upgrade().header("origin", "https://app.example.com");
    assert_eq!(
        browser.send(listed.header("sec-fetch-site", "same-site")),
        None
    );
    let to_http2 = Request::get("/").header("upgrade", "h2c");
    assert_eq!(browser.send(to_http2), None);
}

#[test]
fn an_empty_cookie_is_no_credential() {
    let browser = Browser::new();
    let gate = browser.service.gate();
    for method in ["GET", "POST"] {
        let request = Request::builder()
            .method(method)
            .header("cookie", "__Host-session=");
        let refusal = now(gate.check(&request.body(()).unwrap())).unwrap_err();
        assert_eq!(refusal.kind(), RejectionKind::CredentialMissing, "{method}");
    }
    let cleared = Request::get("/")
        .header("cookie", "__Host-session=")
        .body(())
        .unwrap();
    assert!(now(gate.authenticate_optional(&cleared)).unwrap().is_none());
}

/// A service in development, over plain http.
fn insecure_gate(service: &Service) -> (Gate, String) {
    let cookie = SessionCookie::insecure_loopback("dev-session").unwrap();
    let id = now(service.sessions.create(alice())).unwrap().secret;
    let header = cookie.set(id);
    let pair = header
        .to_str()
        .unwrap()
        .split("; ")
        .next()
        .unwrap()
        .to_owned();
    let sources = Sources::builder().without_bearer().cookie(cookie.name());
    let gate = Gate::builder()
        .validator(service.sessions.validator(&cookie))
        .sources(sources.build().unwrap())
        .allow_any_authenticated()
        .clock(service.clock.clone());
    (gate.build().unwrap(), pair)
}

#[test]
fn an_insecure_cookie_works_on_this_machine_only() {
    let service = Service::new();
    let (gate, cookie) = insecure_gate(&service);
    let kind = |request: Builder| {
        let request = request.header("cookie", &cookie).body(()).unwrap();
        now(gate.check(&request))
            .err()
            .map(|refusal| refusal.kind())
    };
    for host in [
        "localhost",
        "localhost:3000",
        "127.0.0.1:3000",
        "127.1.2.3",
        "[::1]:3000",
    ] {
        assert_eq!(kind(Request::get("/").header("host", host)), None, "{host}");
        assert_eq!(
            kind(Request::get(format!("http://{host}/"))),
            None,
            "{host}"
        );
    }
    let denied = Some(RejectionKind::AddressDenied);
    for host in [
        "app.example.com",
        "localhost.example.com",
        "192.168.0.7:3000",
        "0.0.0.0:3000",
        "host.docker.internal",
        "",
    ] {
        assert_eq!(
            kind(Request::get("/").header("host", host)),
            denied,
            "{host}"
        );
    }
    assert_eq!(kind(Request::get("/")), denied);
    let two = Request::get("http://app.example.com/").header("host", "localhost");
    assert_eq!(kind(two), denied);
    let forwarded = Request::get("/").header("host", "app.example.com");
    assert_eq!(
        kind(forwarded.header("x-forwarded-host", "localhost")),
        denied
    );
    // The rule for other sites is not relaxed.
    let post = || Request::post("/").header("host", "localhost");
    assert_eq!(kind(post()), CROSS_SITE);
    assert_eq!(kind(post().header("sec-fetch-site", "same-origin")), None);
}

#[test]
fn an_insecure_cookie_is_refused_without_the_facts_of_a_request() {
    let service = Service::new();
    let (_, pair) = insecure_gate(&service);
    let id = pair.split_once('=').unwrap().1;
    let presented = PresentedCredential::token(id);
    let insecure = SessionCookie::insecure_loopback("dev-session").unwrap();
    let kind = |cookie: &SessionCookie| {
        let validator = service.sessions.validator(cookie);
        now(validator.validate(&presented))
            .err()
            .map(|rejection| rejection.kind())
    };
    assert_eq!(kind(&insecure), Some(RejectionKind::AddressDenied));
    assert_eq!(kind(&service.cookie), None);
}

#[test]
fn doctor_warns_of_an_insecure_cookie() {
    let service = Service::new();
    let (gate, _) = insecure_gate(&service);
    let report = now(gate.doctor());
    assert_eq!(report.severity(), Severity::Warning);
    assert!(report.to_string().contains("without `Secure`"), "{report}");
    let secure = now(service.gate().doctor());
    assert_eq!(secure.severity(), Severity::Ok, "{secure}");
}

#[test]
fn a_cookie_that_is_sent_twice_is_ambiguous() {
    let browser = Browser::new();
    let twice = Request::get("/").header("cookie", "__Host-session=planted");
    assert_eq!(
        browser.send(twice),
        Some(RejectionKind::CredentialAmbiguous)
    );
    let other = Request::get("/").header("cookie", "a=1; __host-session=planted");
    assert_eq!(browser.send(other), None);
}

#[test]
fn an_id_outside_its_cookie_is_not_a_credential() {
    let browser = Browser::new();
    let id = browser.cookie.split_once('=').unwrap().1;
    let gate = browser.service.gate();
    for (name, value) in [
        ("authorization", format!("Bearer {id}")),
        ("cookie", format!("session={id}")),
        ("x-session", id.to_owned()),
    ] {
        let request = Request::get("/").header(name, value).body(()).unwrap();
        let refusal = now(gate.check(&request)).unwrap_err();
        assert_eq!(refusal.kind(), RejectionKind::CredentialMissing, "{name}");
    }
}

/// A session is bound to no key, so no proof can be checked for it.
#[test]
fn session_id_is_refused_under_the_schemes_of_other_credentials() {
    let browser = Browser::new();
    let (service, id) = (&browser.service, browser.cookie.split_once('=').unwrap().1);
    let validator = service.sessions.validator(&service.cookie);
    let gate = Gate::builder()
        .validator_at(Place::AuthorizationHeader, validator)
        .sources(Sources::builder().dpop().api_key().build().unwrap())
        .allow_any_authenticated()
        .clock(service.clock.clone())
        .build()
        .unwrap();
    let kind = |scheme: &str| {
        let request = Request::get("/").header("authorization", format!("{scheme} {id}"));
        let request = request.body(()).unwrap();
        now(gate.check(&request))
            .err()
            .map(|refusal| refusal.kind())
    };
    let malformed = Some(RejectionKind::CredentialMalformed);
    assert_eq!(
        ["Bearer", "DPoP", "ApiKey"].map(kind),
        [None, malformed, malformed]
    );
}

#[test]
fn only_cookies_go_to_the_session_validator() {
    let browser = Browser::new();
    let (service, id) = (&browser.service, browser.cookie.split_once('=').unwrap().1);
    let jwt = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience("https://api.example.com")
        .keys(Key::from_secret(vec![7; 32]).unwrap().into())
        .build()
        .unwrap();
    let sources = Sources::builder().cookie("__Host-session").build().unwrap();
    let gate = Gate::builder()
        .validator(jwt)
        .validator(service.sessions.validator(&service.cookie))
        .sources(sources)
        .allow_any_authenticated()
        .clock(service.clock.clone())
        .build()
        .unwrap();
    let kind = |name: &str, value: String| {
        let request = Request::get("/").header(name, value).body(()).unwrap();
        now(gate.check(&request))
            .err()
            .map(|refusal| refusal.kind())
    };
    let malformed = Some(RejectionKind::TokenMalformed);
    let token = "eyJhbGciOiJIUzI1NiJ9.e30.AAAA";
    assert_eq!(kind("cookie", browser.cookie.clone()), None);
    assert_eq!(kind("cookie", format!("__Host-session={token}")), malformed);
    assert_eq!(kind("authorization", format!("Bearer {id}")), malformed);
    let bearer = kind("authorization", format!("Bearer {token}"));
    assert_eq!(bearer, Some(RejectionKind::ClaimMissing));
    let both = Request::get("/").header("authorization", format!("Bearer {token}"));
    let both = both.header("cookie", &browser.cookie).body(()).unwrap();
    let refusal = now(gate.check(&both)).unwrap_err();
    assert_eq!(refusal.kind(), RejectionKind::CredentialAmbiguous);
}
