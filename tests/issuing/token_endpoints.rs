//! The introspection and revocation endpoints of an issuer.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::crypto::Algorithm;
use bearergate::issuer::{AuthenticatedClient, JwtIssuer, TokenEndpoints};
use bearergate::principal::TokenId;
use bearergate::revocation::RevocationList;
use bearergate::{NowOrLater, Principal, Rejection, RejectionKind};
use serde_json::json;

use crate::common::*;

/// A list of revoked tokens that can be unavailable, and can answer at once or later.
#[derive(Clone, Debug, Default)]
struct List(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    tokens: HashSet<TokenId>,
    subjects: HashSet<String>,
    is_down: bool,
    is_late: bool,
}

impl List {
    fn set(&self, change: impl FnOnce(&mut Inner)) {
        change(&mut self.0.lock().unwrap());
    }

    fn answer<'a, T: Send + 'a>(
        &'a self,
        f: impl FnOnce(&mut Inner) -> T + Send + 'a,
    ) -> NowOrLater<'a, Result<T, Rejection>> {
        let run = move || {
            let mut inner = self.0.lock().unwrap();
            if inner.is_down {
                return Err(Rejection::new(RejectionKind::Unavailable).with_source("gone"));
            }
            Ok(f(&mut inner))
        };
        if self.0.lock().unwrap().is_late {
            return NowOrLater::later(async move { run() });
        }
        NowOrLater::now(run())
    }
}

impl RevocationList for List {
    fn check_revocation<'a>(
        &'a self,
        token: &'a Principal,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let is_revoked = self.answer(|inner| {
            inner.tokens.contains(&token.token_id().unwrap())
                || inner.subjects.contains(token.subject().unwrap())
        });
        is_revoked.map(|is_revoked| match is_revoked? {
            true => Err(RejectionKind::TokenRevoked.into()),
            false => Ok(()),
        })
    }

    fn revoke_token<'a>(
        &'a self,
        token: &'a Principal,
        _: UnixTime,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        self.answer(|inner| {
            inner.tokens.insert(token.token_id().unwrap());
        })
    }
}

struct Service {
    issuer: JwtIssuer,
    clock: FakeClock,
    list: List,
    endpoints: TokenEndpoints,
}

impl Service {
    fn new() -> Self {
        let (issuer, clock) = issuer(signing_keys());
        let list = List::default();
        let endpoints = TokenEndpoints::new(issuer.clone());
        Self {
            endpoints: endpoints.revocations(list.clone()),
            issuer,
            clock,
            list,
        }
    }

    fn token(&self) -> String {
        self.issuer.mint(&claims()).unwrap().expose().to_owned()
    }

    fn is_active(&self, token: &str) -> bool {
        let answer = introspect(&self.endpoints, &api(), token);
        assert_eq!(answer.status(), 200);
        let is_active = members(answer.body())["active"].as_bool().unwrap();
        assert!(is_active || answer.body() == r#"{"active":false}"#);
        assert_eq!(answer.cause().is_none(), is_active);
        is_active
    }
}

fn shop() -> AuthenticatedClient {
    AuthenticatedClient::assertion("shop")
}

#[tokio::test]
async fn an_active_token_is_described_by_its_claims() {
    let f = Service::new();
    let asked = claims().scopes(["a", "b"]).claim("tenant \"x\"", "acme");
    let token = f.issuer.mint(&asked).unwrap();
    let answer = introspect(&f.endpoints, &api(), token.expose());
    assert_eq!(
        members(answer.body()),
        members(
            &json!({
                "active": true, "token_type": "Bearer", "iss": NAME, "sub": "alice",
                "client_id": "shop", "aud": API, "jti": token.id(), "iat": NOW.as_secs(),
                "exp": NOW.as_secs() + 300, "scope": "a b", "tenant \"x\"": "acme",
            })
            .to_string()
        )
    );
    let response: http::Response<String> = answer.into_response();
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[test]
fn a_bound_token_is_described_with_its_confirmation() {
    let f = Service::new();
    let token = f.issuer.mint(&claims().bound_to([7; 32])).unwrap();
    let answer = introspect(&f.endpoints, &api(), token.expose());
    let members = members(answer.body());
    assert_eq!(members["token_type"], "DPoP");
    assert!(members["cnf"]["jkt"].is_string());
}

#[test]
fn a_token_is_active_until_its_exact_expiry() {
    let f = Service::new();
    let token = f.token();
    for (secs, is_active) in [(0, true), (299, true), (300, false), (10_000, false)] {
        f.clock.set(after(NOW, secs));
        assert_eq!(f.is_active(&token), is_active, "{secs}");
    }
}

#[test]
fn a_token_of_another_issuer_form_or_key_is_not_active() {
    let f = Service::new();
    let token = f.token();
    assert!(f.is_active(&token));
    let (other, _) = issuer(signing_keys());
    let renamed = JwtIssuer::builder("https://other.example.com", f.issuer.keys());
    let renamed = renamed.clock(f.clock.clone()).build().unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    for bad in [
        other.mint(&claims()).unwrap().expose(),
        renamed.mint(&claims()).unwrap().expose(),
        message,
        &format!("{message}."),
        &format!("{token}A"),
        &format!("{message}.{}", signature.to_uppercase()),
        "opaque",
        "a.b.c",
    ] {
        assert!(!f.is_active(bad), "{bad}");
    }
}

#[test]
fn only_its_client_and_servers_of_its_audience_may_introspect_a_token() {
    let f = Service::new();
    let token = f.token();
    let asked = |caller: AuthenticatedClient| {
        let answer = introspect(&f.endpoints, &caller, &token);
        let kind = answer.cause().map(Rejection::kind);
        (answer.body().len() > 20, kind)
    };
    let denied = (false, Some(RejectionKind::AccessDenied));
    assert_eq!(asked(shop()), (true, None));
    assert_eq!(asked(api()), (true, None));
    assert_eq!(asked(AuthenticatedClient::assertion(API)), (true, None));
    for other in ["", "alice", "Shop", NAME] {
        assert_eq!(asked(AuthenticatedClient::assertion(other)), denied);
    }
    let other = AuthenticatedClient::assertion("x").serving("https://api.example.com/");
    assert_eq!(asked(other), denied);
}

#[test]
fn a_form_without_exactly_one_token_is_refused() {
    let f = Service::new();
    let token = f.token();
    let good = format!("token_type_hint=access_token&token={token}&x=1");
    for (form, status) in [
        (good.as_str(), 200),
        (&format!("token={}", token.replace('.', "%2E")), 200),
        ("", 400),
        ("token=", 400),
        ("Token=a", 400),
        ("token=a&token=a", 400),
        ("token=a&%74oken=b", 400),
        ("token=%zz", 400),
        ("token=%ff", 400),
        (&"x=1&".repeat(300_000), 400),
    ] {
        let answer = f
            .endpoints
            .introspect(&api(), form.as_bytes())
            .try_now()
            .unwrap();
        assert_eq!(answer.status(), status, "{form:.80}");
        let answer = f
            .endpoints
            .revoke(&shop(), form.as_bytes())
            .try_now()
            .unwrap();
        assert_eq!(answer.status(), status, "{form:.80}");
        if status == 400 {
            assert_eq!(answer.error(), Some("invalid_request"));
            assert_eq!(answer.body(), r#"{"error":"invalid_request"}"#);
        }
    }
}

fn revoke(
    f: &Service,
    caller: &AuthenticatedClient,
    token: &str,
) -> bearergate::issuer::EndpointResponse {
    let form = format!("token={token}");
    f.endpoints
        .revoke(caller, form.as_bytes())
        .try_now()
        .unwrap()
}

#[test]
fn a_revoked_token_is_not_active_and_its_sibling_stays() {
    let f = Service::new();
    let (token, sibling) = (f.token(), f.token());
    for _ in 0..2 {
        let answer = revoke(&f, &shop(), &token);
        assert_eq!((answer.status().as_u16(), answer.body()), (200, ""));
        assert!(!answer.headers().contains_key("content-type"));
        assert!(!f.is_active(&token) && f.is_active(&sibling));
    }
    let answer = introspect(&f.endpoints, &api(), &token);
    assert_eq!(answer.cause().unwrap().kind(), RejectionKind::TokenRevoked);
}

#[test]
fn the_subject_of_a_token_can_be_revoked() {
    let f = Service::new();
    let token = f.token();
    f.list.set(|list| list.subjects.extend(["bob".to_owned()]));
    assert!(f.is_active(&token));
    f.list
        .set(|list| list.subjects.extend(["alice".to_owned()]));
    assert!(!f.is_active(&token));
}

#[test]
fn a_client_cannot_revoke_the_token_of_another() {
    let f = Service::new();
    let token = f.token();
    for other in [api(), AuthenticatedClient::assertion("Shop")] {
        let answer = revoke(&f, &other, &token);
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.error(), Some("unauthorized_client"));
        assert!(f.is_active(&token));
    }
    assert_eq!(revoke(&f, &shop(), &token).status(), 200);
    assert!(!f.is_active(&token));
}

#[test]
fn an_invalid_token_needs_no_revocation() {
    let f = Service::new();
    let (other, _) = issuer(signing_keys());
    let other = other.mint(&claims()).unwrap();
    let answer = revoke(&f, &shop(), other.expose());
    assert_eq!((answer.status().as_u16(), answer.body()), (200, ""));
    let expired = f.token();
    f.clock.set(after(NOW, 1000));
    assert_eq!(revoke(&f, &shop(), &expired).status(), 200);
    f.list.set(|list| assert!(list.tokens.is_empty()));
}

#[test]
fn a_token_that_some_validator_still_accepts_is_revoked() {
    use bearergate::clock::Leeway;
    use bearergate::revocation::Denylist;

    let f = Service::new();
    let lenient = bearergate::JwtValidator::builder()
        .issuer(NAME)
        .audience(API)
        .key_store(Arc::new(f.issuer.clone()))
        .leeway(Leeway::MAX)
        .build()
        .unwrap();
    for (late, is_accepted) in [(29, true), (31, true), (599, true), (600, false)] {
        f.clock.set(NOW);
        let (token, sibling) = (f.token(), f.token());
        let list = Denylist::default().clock(f.clock.clone());
        let endpoints = TokenEndpoints::new(f.issuer.clone()).revocations(list.clone());
        let now = after(NOW, 300 + late);
        f.clock.set(now);
        let form = format!("token={token}");
        let shop = shop();
        let answer = endpoints.revoke(&shop, form.as_bytes()).try_now().unwrap();
        assert_eq!(answer.status(), 200, "{late}");
        assert_eq!(list.len(), usize::from(is_accepted), "{late}");
        let accepted = [&token, &sibling].map(|text| {
            let principal = validate_with(&lenient, text, now);
            principal.is_ok_and(|principal| list.check(&principal).is_ok())
        });
        assert_eq!(accepted, [false, is_accepted], "{late}");
        // Introspection and the list itself are as strict, and as long, as before.
        assert!(introspect(&endpoints, &api(), &sibling).body().len() < 20);
        let last = after(NOW, 300 + 600);
        list.purge(last).try_now().unwrap().unwrap();
        assert_eq!(list.len(), usize::from(is_accepted), "{late}");
        list.purge(after(last, 1)).try_now().unwrap().unwrap();
        assert!(list.is_empty());
    }
}

/// The clock of one instance may be set back, or be behind that of another.
#[test]
fn a_token_that_is_not_valid_yet_is_not_reported_as_revoked() {
    let f = Service::new();
    let token = f.token();
    for (behind, status) in [(0, 200), (600, 200), (601, 503)] {
        f.list.set(|list| list.tokens.clear());
        f.clock.set(UnixTime::from_secs(NOW.as_secs() - behind));
        let answer = revoke(&f, &shop(), &token);
        assert_eq!(answer.status(), status, "{behind}");
        f.list
            .set(|list| assert_eq!(list.tokens.len(), usize::from(status == 200)));
    }
}

#[test]
fn a_list_of_the_endpoints_reports_revocations_for_another_issuer() {
    use bearergate::error::StoreErrorKind;
    use bearergate::revocation::{Denylist, Revocation};

    let f = Service::new();
    let list = Denylist::default();
    let _endpoints = TokenEndpoints::new(f.issuer.clone()).revocations(list.clone());
    let refused = |authority: &str| {
        let revoked = list.revoke(Revocation::subject(authority, "alice"));
        revoked.try_now().unwrap().err().map(|error| error.kind())
    };
    assert_eq!(refused(NAME), None);
    assert_eq!(
        refused("https://id.example.com/"),
        Some(StoreErrorKind::AuthorityUnknown)
    );
}

#[test]
fn a_client_that_revokes_all_its_tokens_leaves_room_for_the_service() {
    use bearergate::revocation::{Denylist, Revocation};

    let f = Service::new();
    let list = Denylist::new(100).unwrap().clock(f.clock.clone());
    let endpoints = TokenEndpoints::new(f.issuer.clone()).revocations(list.clone());
    let shop = shop();
    for number in 0..100 {
        let form = format!("token={}", f.token());
        let answer = endpoints.revoke(&shop, form.as_bytes()).try_now().unwrap();
        assert_eq!(answer.status(), 200, "{number}");
    }
    assert!(list.len() < 20);
    assert!(
        list.revoke(Revocation::subject(NAME, "bob"))
            .try_now()
            .unwrap()
            .is_ok()
    );
    let other = f
        .issuer
        .mint(&bearergate::issuer::AccessClaims::new("bob", "web", API));
    let token = other.unwrap().expose().to_owned();
    let form = format!("token={token}");
    let web = AuthenticatedClient::assertion("web");
    assert_eq!(
        endpoints
            .revoke(&web, form.as_bytes())
            .try_now()
            .unwrap()
            .status(),
        200
    );
}

#[test]
fn a_token_that_cannot_be_revoked_here_is_not_reported_as_revoked() {
    let f = Service::new();
    let token = f.token();
    let without_list = TokenEndpoints::new(f.issuer.clone());
    let form = format!("token={token}");
    let shop = shop();
    let answer = without_list
        .revoke(&shop, form.as_bytes())
        .try_now()
        .unwrap();
    assert_eq!(answer.error(), Some("unsupported_token_type"));
    // It may be a refresh token.
    for opaque in ["refresh", "a.b", "a.b.c"] {
        let answer = revoke(&f, &shop, opaque);
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.error(), Some("unsupported_token_type"));
    }
}

/// An error while writing must not look like success.
///
/// Defect I05 (error of a store swallowed): docs/defects.md
#[tokio::test]
async fn i05_with_an_unavailable_list_a_token_is_neither_active_nor_revoked() {
    let f = Service::new();
    let token = f.token();
    let form = format!("token={token}");
    for is_late in [false, true] {
        f.list
            .set(|list| (list.is_late, list.is_down) = (is_late, true));
        let asked = f.endpoints.introspect(&api(), form.as_bytes()).await;
        let revoked = f.endpoints.revoke(&shop(), form.as_bytes()).await;
        for answer in [asked, revoked] {
            assert_eq!(answer.status(), 503);
            assert_eq!(answer.error(), Some("temporarily_unavailable"));
            assert!(answer.headers().contains_key("retry-after"));
            assert!(std::error::Error::source(answer.cause().unwrap()).is_some());
        }
        f.list
            .set(|list| (list.is_late, list.is_down) = (is_late, false));
        let asked = f.endpoints.introspect(&api(), form.as_bytes()).await;
        assert!(asked.body().contains(r#""active":true"#));
    }
    f.list.set(|list| list.is_late = true);
    let revoked = f.endpoints.revoke(&shop(), form.as_bytes()).await;
    assert_eq!(revoked.status(), 200);
    let asked = f.endpoints.introspect(&api(), form.as_bytes()).await;
    assert_eq!(asked.body(), r#"{"active":false}"#);
}

#[derive(Debug)]
struct ReadOnly;

impl RevocationList for ReadOnly {
    fn check_revocation<'a>(&'a self, _: &'a Principal) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(Ok(()))
    }
}

#[test]
fn a_read_only_list_never_reports_a_token_as_revoked() {
    let f = Service::new();
    let token = f.token();
    let endpoints = TokenEndpoints::new(f.issuer.clone());
    let endpoints = endpoints.revocations(ReadOnly);
    let (shop, form) = (shop(), format!("token={token}"));
    let response = endpoints.revoke(&shop, form.as_bytes()).try_now().unwrap();
    assert_eq!(response.status(), 503);
    let cause = std::error::Error::source(response.cause().unwrap()).unwrap();
    assert!(cause.to_string().contains("read-only"));
    let response = introspect(&endpoints, &shop, &token);
    assert!(response.body().contains(r#""active":true"#));
}

#[test]
fn nothing_is_revoked_before_the_answer_is_taken() {
    let f = Service::new();
    f.list.set(|list| list.is_late = true);
    let form = format!("token={}", f.token());
    let shop = shop();
    drop(f.endpoints.revoke(&shop, form.as_bytes()));
    f.list.set(|list| assert!(list.tokens.is_empty()));
}

#[test]
fn without_a_time_nothing_is_validated() {
    let f = Service::new();
    let token = f.token();
    f.clock.stop();
    assert_eq!(introspect(&f.endpoints, &api(), &token).status(), 503);
    assert_eq!(revoke(&f, &shop(), &token).status(), 503);
}

#[test]
fn a_token_of_a_revoked_key_is_not_active() {
    let f = Service::new();
    let token = f.token();
    let keys = f.issuer.keys();
    let stolen = keys.signing_key(NOW).unwrap().kid().to_owned();
    let keys = keys.revoke(&stolen, key(Algorithm::Es256), NOW).unwrap();
    f.issuer.adopt(keys).unwrap();
    assert!(!f.is_active(&token));
    assert!(f.is_active(&f.token()));
}

/// A key from PEM may be used by others, who sign other claims.
#[test]
#[cfg(feature = "jsonwebtoken")]
fn members_of_the_answer_cannot_come_from_a_token() {
    let keys = bearergate::issuer::SigningKeys::builder(key(Algorithm::Ps256))
        .build(NOW)
        .unwrap();
    let (issuer, _) = issuer(keys);
    let endpoints = TokenEndpoints::new(issuer.clone());
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::PS256);
    header.typ = Some("at+jwt".to_owned());
    header.kid = issuer
        .keys()
        .signing_key(NOW)
        .map(|key| key.kid().to_owned());
    let claims = json!({
        "iss": NAME, "sub": "a", "aud": API, "client_id": "shop", "jti": "1",
        "iat": NOW.as_secs(), "exp": NOW.as_secs() + 60, "active": false, "token_type": "x",
    });
    let provider = bearergate::integrations::jsonwebtoken::crypto_provider();
    let private = jsonwebtoken::EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap();
    let signer = (provider.signer_factory)(&header.alg, &private).unwrap();
    let part = |value: String| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value)
    };
    let message = format!(
        "{}.{}",
        part(serde_json::to_string(&header).unwrap()),
        part(claims.to_string())
    );
    let signature = signer.try_sign(message.as_bytes()).unwrap();
    let signature = {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(signature)
    };
    let answer = introspect(&endpoints, &shop(), &format!("{message}.{signature}"));
    assert_eq!(answer.body().matches("\"active\"").count(), 1);
    assert_eq!(members(answer.body())["active"], true);
    assert_eq!(members(answer.body())["token_type"], "Bearer");
}
