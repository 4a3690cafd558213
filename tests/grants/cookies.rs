//! Session ids in cookies, and requests that another site caused.

use bearergate::credential::{Place, Sources};
use bearergate::key::Key;
use bearergate::{Gate, JwtValidator, RejectionKind};
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
fn an_origin_on_the_list_passes_if_the_browser_does_not_send_the_site() {
    let browser = Browser::new();
    let from = |origin: &str| browser.send(Request::post("/").header("origin", origin));
    assert_eq!(from("https://app.example.com"), None);
    for other in [
        "https://evil.example.com",
        "null",
        "https://app.example.com.evil.example",
    ] {
        assert_eq!(from(other), CROSS_SITE, "{other}");
    }
    let both = Request::post("/")
        .header("origin", "https://app.example.com")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(browser.send(both), CROSS_SITE);
}

#[test]
fn an_upgrade_is_treated_like_a_writing_request() {
    let browser = Browser::new();
    let upgrade = || Request::get("/").header("upgrade", "websocket");
    assert_eq!(browser.send(upgrade()), CROSS_SITE);
    let same = upgrade().header("sec-fetch-site", "same-origin");
    assert_eq!(browser.send(same), None);
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
