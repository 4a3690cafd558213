//! Settings of issuers: each one decides as its method in Rust does.

use bearergate::RejectionKind;
use http::Request;
use serde_json::{Value, json};

use crate::common::{Folder, NOW, build, claims, issuer, token, with};

/// A token with other claims, what it is refused as, and the setting that decides.
struct Case {
    member: &'static str,
    value: Value,
    claims: Value,
    /// With the setting; `None` is accepted.
    with: Option<RejectionKind>,
    /// Without it.
    without: Option<RejectionKind>,
}

fn cases() -> Vec<Case> {
    use RejectionKind as Kind;
    let case = |member, value, claims, with, without| Case {
        member,
        value,
        claims,
        with,
        without,
    };
    let set = |name: &str, value: Value| with(claims(), name, value);
    vec![
        case(
            "leeway",
            json!("0s"),
            set("exp", json!(NOW - 10)),
            Some(Kind::TokenExpired),
            None,
        ),
        case(
            "leeway",
            json!("5m"),
            set("exp", json!(NOW - 60)),
            None,
            Some(Kind::TokenExpired),
        ),
        case(
            "allow_missing_expiry",
            json!(true),
            set("exp", Value::Null),
            None,
            Some(Kind::ClaimMissing),
        ),
        case(
            "require_claims",
            json!({"tenant": "acme"}),
            claims(),
            Some(Kind::ClaimMissing),
            None,
        ),
        case(
            "require_claims",
            json!({"tenant": 7, "vip": true}),
            with(set("tenant", json!(7)), "vip", json!(false)),
            Some(Kind::ClaimInvalid),
            None,
        ),
        case(
            "max_lifetime",
            json!("1m"),
            claims(),
            Some(Kind::ClaimInvalid),
            None,
        ),
        case(
            "max_age",
            json!("1m"),
            set("iat", json!(NOW - 200)),
            Some(Kind::TokenExpired),
            None,
        ),
        case(
            "rfc9068",
            json!(true),
            claims(),
            Some(Kind::ClaimMissing),
            None,
        ),
        case(
            "require_type",
            json!("jwt"),
            claims(),
            Some(Kind::TypeMismatch),
            None,
        ),
        case(
            "accept_types",
            json!(["jwt", "at+jwt"]),
            claims(),
            None,
            None,
        ),
        case("algorithms", json!(["ES256"]), claims(), None, None),
        case(
            "allow_clients",
            json!(["app"]),
            set("client_id", json!("other")),
            Some(Kind::ClaimInvalid),
            None,
        ),
        case(
            "allow_clients",
            json!(["app"]),
            set("client_id", json!("app")),
            None,
            None,
        ),
        case(
            "access_mark",
            json!("scope"),
            set("scope", Value::Null),
            Some(Kind::TypeMismatch),
            None,
        ),
        case(
            "max_token_bytes",
            json!(100),
            claims(),
            Some(Kind::TokenTooLarge),
            None,
        ),
        case(
            "max_header_bytes",
            json!(10),
            claims(),
            Some(Kind::TokenTooLarge),
            None,
        ),
        case(
            "absent_if_empty",
            json!(["azp"]),
            set("azp", json!("")),
            None,
            Some(Kind::ClaimInvalid),
        ),
    ]
}

fn outcome(issuer: Value, claims: &Value) -> Option<RejectionKind> {
    let file = json!({"issuers": [issuer], "allow_any_authenticated": true});
    let service = build(&file).unwrap();
    let request = Request::get("/").header("authorization", format!("Bearer {}", token(claims)));
    let request = request.body(()).unwrap();
    let checked = service.gate().try_check_now(&request).unwrap();
    checked.err().map(|refusal| refusal.kind())
}

#[test]
fn each_setting_decides() {
    for case in cases() {
        let Case { member, claims, .. } = &case;
        let own = with(issuer(), member, case.value.clone());
        assert_eq!(
            outcome(own, claims),
            case.with,
            "with {member}: {}",
            case.value
        );
        assert_eq!(outcome(issuer(), claims), case.without, "without {member}");
    }
}

#[test]
fn scopes_and_authority_are_taken_as_configured() {
    let own = with(issuer(), "scopes_from", json!("scp"));
    let own = with(own, "authority", json!("idp"));
    let own = with(own, "client_from", json!("cid"));
    let rules = json!([{"name": "a", "effect": "permit", "if": {"all": [
        {"scope": "orders:read"}, {"authority": "idp"}, {"client": "app"}
    ]}}]);
    let allowed = |issuer: &Value| {
        let file = json!({"issuers": [issuer], "policy": {"rules": rules}});
        let claims = with(claims(), "scope", Value::Null);
        let claims = with(
            with(claims, "scp", json!(["orders:read"])),
            "cid",
            json!("app"),
        );
        let bearer = format!("Bearer {}", token(&claims));
        let request = Request::get("/")
            .header("authorization", bearer)
            .body(())
            .unwrap();
        build(&file)
            .unwrap()
            .gate()
            .try_check_now(&request)
            .unwrap()
            .is_ok()
    };
    assert!(allowed(&own));
    for member in ["scopes_from", "authority", "client_from"] {
        assert!(
            !allowed(&with(own.clone(), member, Value::Null)),
            "{member}"
        );
    }
}

#[test]
fn weakened_checks_have_their_names() {
    let other = with(claims(), "aud", json!("https://other.example.com"));
    let any = with(
        with(issuer(), "audience", Value::Null),
        "any_audience",
        json!(true),
    );
    assert_eq!(outcome(any, &other), None);
    assert_eq!(
        outcome(issuer(), &other),
        Some(RejectionKind::AudienceMismatch)
    );
    let other = with(claims(), "iss", json!("https://other.example.com"));
    let any = with(
        with(issuer(), "issuer", Value::Null),
        "any_issuer",
        json!(true),
    );
    assert_eq!(outcome(any, &other), None);
    assert_eq!(
        outcome(issuer(), &other),
        Some(RejectionKind::IssuerMismatch)
    );
}

#[test]
fn keys_are_read_from_each_source() {
    let folder = Folder::sample();
    folder.write("key.pem", include_str!("../keys/es256.public.pem"));
    folder.write("mac", crate::signing::SECRET);
    folder.write("mac64", "dGVzdCBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyE");
    let accepts = |keys: Value, algorithm: &str| {
        let issuer = with(issuer(), "keys", keys);
        let file = json!({"issuers": [issuer], "allow_any_authenticated": true});
        let service = folder.build(&file).unwrap();
        let header = format!(r#"{{"alg":"{algorithm}","kid":"1","typ":"at+jwt"}}"#);
        let token = crate::signing::token(algorithm, &header, &claims().to_string());
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        let request = request.body(()).unwrap();
        let checked = service.gate().try_check_now(&request).unwrap();
        checked.err().map(|refusal| refusal.kind())
    };
    let mac = json!({"secret": {"file": "mac"}, "kid": "1"});
    for (keys, algorithm) in [
        (json!({"jwks_file": "keys.json"}), "ES256"),
        (json!({"pem_file": "key.pem"}), "ES256"),
        (json!({"pem_file": "key.pem", "kid": "1"}), "ES256"),
        (mac.clone(), "HS256"),
        (json!({"base64url_secret": {"file": "mac64"}}), "HS256"),
    ] {
        assert_eq!(accepts(keys.clone(), algorithm), None, "{keys}");
    }
    let other = json!({"pem_file": "key.pem", "kid": "2"});
    assert_eq!(accepts(other, "ES256"), Some(RejectionKind::KeyNotFound));
    assert_eq!(
        accepts(mac, "ES256"),
        Some(RejectionKind::AlgorithmNotAllowed)
    );
}

#[cfg(feature = "reqwest")]
#[test]
fn the_preset_of_load_balancers_is_bound_to_its_header() {
    let arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/1";
    let provider = json!({
        "provider": "aws_alb",
        "region": "eu-west-1",
        "load_balancer": arn,
        "client": "app",
        "issuer": "https://idp.example.com"
    });
    let file = |provider: Value| json!({"providers": [provider], "allow_any_authenticated": true});
    let service = build(&file(provider.clone())).unwrap();
    let request = Request::get("/")
        .header("x-amzn-oidc-data", "a.b.c")
        .body(())
        .unwrap();
    let refusal = service.gate().try_check_now(&request).unwrap().unwrap_err();
    assert_ne!(refusal.kind(), RejectionKind::CredentialMissing);
    let other = build(&file(with(provider, "region", json!("eu-west-2")))).unwrap_err();
    let paths: Vec<_> = other.iter().map(|error| error.path()).collect();
    assert_eq!(paths, ["/providers/0/load_balancer"]);
}

#[test]
fn presets_are_built_by_name() {
    let keys = json!({"jwks": crate::common::jwks()});
    let preset = |arguments: Value| {
        let provider = with(arguments, "keys", keys.clone());
        let file = json!({"providers": [provider], "allow_any_authenticated": true});
        build(&file).map(drop)
    };
    let app = "11111111-2222-3333-4444-555555555555";
    for arguments in [
        json!({"provider": "auth0", "domain": "example.eu.auth0.com", "audience": "https://a"}),
        json!({"provider": "aws_outbound", "audience": "https://a",
               "issuer": "https://abc.tokens.sts.global.api.aws"}),
        json!({"provider": "cognito", "pool": "eu-west-1_Abc123", "clients": ["app"]}),
        json!({"provider": "entra", "tenants": [app], "app": app}),
        json!({"provider": "entra_at", "issuer": "https://login.example.com/v2.0", "app": app}),
        json!({"provider": "firebase", "project": "acme"}),
        json!({"provider": "firebase_session_cookies", "project": "acme"}),
        json!({"provider": "github_actions", "audience": "https://a"}),
        json!({"provider": "github_actions_at", "issuer": "https://g.example.com",
               "audience": "https://a"}),
        json!({"provider": "gitlab", "host": "gitlab.example.com", "audience": "https://a"}),
        json!({"provider": "google_id_token", "client": "app"}),
        json!({"provider": "google_service_account", "audience": "https://a"}),
        json!({"provider": "keycloak", "realm": "https://k.example.com/realms/a",
               "audience": "orders", "or_audiences": ["account"], "leeway": "5s"}),
        json!({"provider": "keycloak_clients", "realm": "https://k.example.com/realms/a",
               "clients": ["app"]}),
        json!({"provider": "kubernetes", "issuer": "https://c.example.com", "audience": "a"}),
        json!({"provider": "okta", "issuer": "https://o.example.com/oauth2/a", "audience": "a"}),
    ] {
        preset(arguments.clone()).unwrap_or_else(|errors| panic!("{arguments}: {errors}"));
        for name in arguments.as_object().unwrap().keys() {
            if ["provider", "or_audiences", "leeway"].contains(&name.as_str()) {
                continue;
            }
            let errors = preset(with(arguments.clone(), name, Value::Null)).unwrap_err();
            let error = errors.iter().next().unwrap();
            assert_eq!(error.path(), "/providers/0", "{errors}");
            assert!(error.to_string().contains(&format!("`{name}`")), "{errors}");
        }
    }
}
