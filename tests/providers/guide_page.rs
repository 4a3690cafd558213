//! Tokens of providers without a preset, under the lines of the guide's page of providers.
//!
//! Each is accepted under its configuration, and rejected without the opt-in that the page names.

use super::*;

type Configure = fn(JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready>;

/// A provider: its name, the demanded issuer and audience, the lines of its row, and a token.
struct Row {
    name: &'static str,
    issuer: Option<&'static str>,
    audience: Option<&'static str>,
    lines: Configure,
    token: Shape,
}

fn row(
    name: &'static str,
    parties: (Option<&'static str>, Option<&'static str>),
    lines: Configure,
    claims: Value,
) -> Row {
    Row {
        name,
        issuer: parties.0,
        audience: parties.1,
        lines,
        token: shape(parties, claims),
    }
}

/// A token with these claims; `iss`, `aud` and the times are added where they are absent.
fn shape((issuer, audience): (Option<&str>, Option<&str>), claims: Value) -> Shape {
    let mut claims = claims;
    let members = claims.as_object_mut().unwrap();
    members.entry("iat").or_insert((NOW - 60).into());
    members.entry("exp").or_insert((NOW + 3_600).into());
    if let Some(issuer) = issuer {
        members.entry("iss").or_insert(issuer.into());
    }
    if let Some(audience) = audience {
        members.entry("aud").or_insert(audience.into());
    }
    Shape::new(rs256(), claims)
}

fn same(builder: JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready> {
    builder
}

impl Row {
    fn with_header(mut self, header: Value) -> Self {
        let own = self.token.header.as_object_mut().unwrap();
        own.extend(header.as_object().unwrap().clone());
        self
    }

    fn without_typ(mut self) -> Self {
        self.token
            .header
            .as_object_mut()
            .unwrap()
            .remove("typ")
            .unwrap();
        self
    }

    fn builder(&self) -> JwtValidatorBuilder<Ready> {
        let issuer = JwtValidator::builder();
        let audience = match self.issuer {
            Some(name) => issuer.issuer(name),
            None => issuer.any_issuer(),
        };
        let keys = match self.audience {
            Some(name) => audience.audience(name),
            None => audience.any_audience(),
        };
        ready(keys)
    }
}

fn logins() -> Vec<Row> {
    vec![
        row(
            "AD FS",
            (Some("http://fs.example.com/adfs/services/trust"), Some("microsoft:identityserver:9999aaaa")),
            |b| b.scopes_from("scp").client_from("appid"),
            json!({"apptype": "Confidential", "appid": "9999aaaa", "authmethod": "urn", "ver": "1.0",
                "auth_time": "2025-10-09T08:52:00.000Z", "scp": "user_impersonation", "sub": "s="}),
        ),
        row(
            "Bot Framework",
            (Some("https://api.botframework.com"), Some("9999aaaa")),
            same,
            json!({"serviceurl": "https://smba.example/", "nbf": NOW - 60}),
        ),
        row(
            "Clerk",
            (Some("https://clerk.example.com"), None),
            |b| b.allow_clients(["https://app.example.com"]),
            json!({"azp": "https://app.example.com", "sub": "user_1", "sid": "sess_1", "v": 2,
                "fva": [0, -1], "sts": "active", "o": {"id": "org_1", "rol": "admin"}}),
        )
        .with_header(json!({"cat": "cl_B7d4PD111AAA"})),
        row(
            "Cloudflare Access, a person",
            (Some("https://acme.cloudflareaccess.com"), Some("aaaaaaaaaaaaaaaa")),
            same,
            json!({"aud": ["aaaaaaaaaaaaaaaa"], "email": "a@example.com", "type": "app",
                "identity_nonce": "x", "sub": "1111-2222", "country": "DE"}),
        ),
        row("Descope", (Some("P2abc"), None), same,
            json!({"sub": "U2", "amr": ["email"], "drn": "DS", "rexp": "2025-11-09T00:00:00Z", "tenants": {}})),
        row(
            "Duende IdentityServer",
            (Some("https://id.example.com"), Some("https://api.example.com")),
            |b| b.require_type("at+jwt"),
            json!({"client_id": "web", "sub": "818727", "auth_time": NOW - 70, "idp": "local",
                "scope": ["openid", "orders.read"], "amr": ["pwd"]}),
        )
        .with_header(json!({"typ": "at+jwt"})),
        row(
            "Firebase App Check",
            (Some("https://firebaseappcheck.googleapis.com/1"), Some("projects/acme")),
            same,
            json!({"sub": "1:1:web:a", "aud": ["projects/1", "projects/acme"], "provider": "recaptcha_v3"}),
        ),
        row(
            "IBM Cloud IAM",
            (Some("https://iam.cloud.ibm.com/identity"), None),
            |b| {
                b.check("account", |claims| {
                    let account = claims.value("account").map(|account| account.raw());
                    account.is_some_and(|account| account.contains(r#""bss":"own""#))
                })
            },
            json!({"iam_id": "IBMid-1", "sub": "a@example.com", "sub_type": "", "scope": "ibm openid",
                "account": {"valid": true, "bss": "own"}, "client_id": "default", "acr": 1, "amr": ["pwd"]}),
        ),
        row(
            "OneLogin",
            (Some("https://acme.onelogin.com/oidc/2"), Some("https://api.example.com")),
            same,
            json!({"jti": "x", "sub": "1234", "scope": "openid profile"}),
        ),
        row(
            "Oracle IDCS",
            (Some("https://identity.oraclecloud.com/"), Some("https://api.example.com")),
            |b| b.require_claim("tenant", "idcs-1"),
            json!({"sub": "c1", "sub_type": "client", "tok_type": "AT", "scope": "read", "client_id": "c1",
                "aud": ["https://api.example.com", "urn:opc:lbaas:logicalguid=idcs-1"], "tenant": "idcs-1"}),
        )
        .with_header(json!({"x5t": "x", "x5t#S256": "y"})),
        row(
            "PingFederate",
            (None, Some("https://api.example.com")),
            |b| b.authority("pingfederate"),
            json!({"scope": ["edit", "read"], "client_id": "ac_client", "jti": "j"}),
        )
        .with_header(json!({"pi.atm": "8"})),
        row(
            "SAP XSUAA",
            (Some("https://acme.authentication.eu10.hana.ondemand.com/oauth/token"), Some("sb-app!t1")),
            same,
            json!({"sub": "sb-app", "authorities": ["uaa.resource"], "client_id": "sb-app!t1",
                "cid": "sb-app!t1", "azp": "sb-app!t1", "scope": ["app!t1.Display", "uaa.resource"],
                "aud": ["sb-app!t1", "uaa"], "rev_sig": "a"}),
        )
        .with_header(json!({"jku": "https://acme.example/token_keys"})),
        row(
            "Stytch",
            (Some("stytch.com/project-live-1"), Some("project-live-1")),
            same,
            json!({"sub": "user-1", "https://stytch.com/session": {"id": "s", "roles": ["r"]}}),
        ),
        row(
            "Unity",
            (Some("https://player-auth.services.api.unity.com"), Some("upid:1111")),
            same,
            json!({"aud": ["idd:1", "envName:production", "envId:2", "upid:1111"], "sub": "p1",
                "project_id": "1111", "token_type": "authentication", "version": "1"}),
        ),
        row(
            "WorkOS",
            (Some("https://api.workos.com/user_management/client_1"), None),
            same,
            json!({"sub": "user_1", "sid": "session_1", "org_id": "org_1", "role": "member",
                "permissions": ["a:b"], "entitlements": []}),
        )
        .without_typ(),
        row(
            "WSO2 Identity Server",
            (Some("https://is.example.com:9443/oauth2/token"), Some("c1")),
            same,
            json!({"sub": "1111", "aut": "APPLICATION", "azp": "c1", "scope": "default", "client_id": "c1"}),
        )
        .with_header(json!({"typ": "at+jwt", "x5t": "abc"})),
    ]
}

fn workloads() -> Vec<Row> {
    vec![
        row(
            "Bitbucket Pipelines",
            (
                Some(
                    "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
                ),
                Some("ari:cloud:bitbucket::workspace/1111"),
            ),
            same,
            json!({"sub": "{1111}:{2222}", "stepUuid": "{3333}", "branchName": "main"}),
        ),
        row(
            "Buildkite",
            (
                Some("https://agent.buildkite.com"),
                Some("https://api.example.com"),
            ),
            |b| {
                b.check("sub", |claims| {
                    starts_with(claims, "organization:acme:pipeline:p:")
                })
            },
            json!({"sub": "organization:acme:pipeline:p:ref:refs/heads/main:commit:a:step:",
                "build_number": 7, "job_id": "1111", "step_key": null}),
        ),
        row(
            "CircleCI",
            (Some("https://oidc.circleci.com/org/1111"), Some("1111")),
            same,
            json!({"sub": "org/1111/project/2222/user/3333", "oidc.circleci.com/project-id": "2222"}),
        ),
        row(
            "HCP Terraform",
            (
                Some("https://app.terraform.io"),
                Some("https://api.example.com"),
            ),
            |b| b.check("sub", |claims| starts_with(claims, "organization:acme:")),
            json!({"sub": "organization:acme:project:p:workspace:w:run_phase:apply",
                "terraform_run_phase": "apply"}),
        ),
        row(
            "Nomad",
            (None, Some("vault.io")),
            |b| b.authority("nomad"),
            json!({"sub": "global:default:job:group:task:vault", "nomad_job_id": "job"}),
        ),
        row(
            "Pomerium",
            (Some("app.example.com"), Some("app.example.com")),
            same,
            json!({"sub": "u", "user": "u", "email": "a@example.com", "groups": ["g"]}),
        )
        .without_typ(),
        row(
            "Snowflake key pairs",
            (Some("ACME-ORG.ALICE.SHA256:AbC+/="), None),
            same,
            json!({"sub": "ACME-ORG.ALICE"}),
        ),
        row(
            "Teleport",
            (
                Some("https://teleport.example.com"),
                Some("https://api.example.com"),
            ),
            same,
            json!({"sub": "alice"}),
        ),
        row(
            "Vault",
            (
                Some("https://vault.example.com:8200/v1/identity/oidc"),
                Some("role-id"),
            ),
            same,
            json!({"sub": "1111", "namespace": "root"}),
        )
        .without_typ(),
        row(
            "Vercel",
            (
                Some("https://oidc.vercel.com/acme"),
                Some("https://vercel.com/acme"),
            ),
            same,
            json!({"sub": "owner:acme:project:app:environment:production",
                "scope": "owner:acme:project:app:environment:production", "owner": "acme"}),
        ),
    ]
}

/// Providers whose tokens the defaults refuse, with the reason.
fn opt_ins() -> Vec<(Row, (RejectionKind, Option<&'static str>))> {
    let authentik = Some("https://auth.example.com/application/o/app/");
    let chain = json!({"x5c": ["A".repeat(8_000)]});
    vec![
        (
            row(
                "authentik",
                (authentik, Some("client1")),
                |b| b.access_mark("uid"),
                json!({"sub": "a1b2", "nonce": "n-0S6", "sid": "s", "azp": "client1", "uid": "u1"}),
            ),
            (TypeMismatch, Some("nonce")),
        ),
        (
            row(
                "Azure attestation",
                (
                    Some("https://sharedeus.eus.attest.azure.net"),
                    Some("https://api.example.com"),
                ),
                |b| b.max_header_bytes(16 * 1024),
                json!({"sub": "vm"}),
            )
            .with_header(chain),
            (RejectionKind::TokenTooLarge, None),
        ),
        (
            row(
                "Cloudflare Access, a service",
                (
                    Some("https://acme.cloudflareaccess.com"),
                    Some("aaaaaaaaaaaaaaaa"),
                ),
                |b| b.absent_if_empty(["sub"]).client_from("common_name"),
                json!({"type": "app", "aud": ["aaaaaaaaaaaaaaaa"], "common_name": "e367.access", "sub": ""}),
            ),
            (ClaimInvalid, Some("sub")),
        ),
        (
            row(
                "Rauthy",
                (
                    Some("https://rauthy.example.com/auth/v1/"),
                    Some("https://api.example.com"),
                ),
                |b| b.absent_if_null(["sub"]),
                json!({"aud": ["rs", "https://api.example.com"], "sub": null, "typ": "Bearer", "azp": "rs"}),
            ),
            (ClaimInvalid, Some("sub")),
        ),
        (
            row(
                "SPIFFE",
                (
                    Some("spiffe://example.org"),
                    Some("https://api.example.com"),
                ),
                |b| b.accept_types(["JWT", "JOSE"]),
                json!({"sub": "spiffe://example.org/a"}),
            )
            .with_header(json!({"typ": "JOSE"})),
            (TypeMismatch, Some("typ")),
        ),
    ]
}

fn starts_with(claims: bearergate::principal::Claims<'_>, prefix: &str) -> bool {
    let subject = claims.value("sub").and_then(|sub| sub.as_str());
    subject.is_some_and(|sub| sub.starts_with(prefix))
}

#[test]
fn tokens_are_accepted_under_the_lines_of_the_page() {
    let rows = logins().into_iter().chain(workloads());
    let rows = rows.chain(opt_ins().into_iter().map(|(row, _)| row));
    for row in rows {
        let accepted = validate((row.lines)(row.builder()), &row.token);
        assert!(
            accepted.is_ok(),
            "{}: {:?}",
            row.name,
            accepted.unwrap_err()
        );
    }
}

#[test]
fn an_opt_in_is_needed_where_the_page_names_one() {
    for (row, reason) in opt_ins() {
        let rejection = validate(row.builder(), &row.token).unwrap_err();
        assert_eq!(
            (rejection.kind(), rejection.claim()),
            reason,
            "{}",
            row.name
        );
    }
}

#[test]
fn a_named_issuer_and_audience_are_demanded() {
    for row in logins().into_iter().chain(workloads()) {
        let of = |name, value: &str| {
            (row.lines)(row.builder())
                .build()
                .map(|_| row.token.clone().with(name, value))
        };
        if row.issuer.is_some() {
            let stranger = of("iss", "https://stranger.example").unwrap();
            rejected(
                (row.lines)(row.builder()),
                &stranger,
                (IssuerMismatch, Some("iss")),
            );
        }
        if row.audience.is_some() {
            let elsewhere = of("aud", "elsewhere").unwrap();
            rejected(
                (row.lines)(row.builder()),
                &elsewhere,
                (AudienceMismatch, Some("aud")),
            );
        }
    }
}

#[test]
fn claims_that_name_the_customer_are_demanded() {
    for (name, claim, stranger) in [
        ("Buildkite", "sub", json!("organization:other:pipeline:p:")),
        ("Clerk", "azp", json!("https://app.stranger.example")),
        (
            "HCP Terraform",
            "sub",
            json!("organization:other:project:p"),
        ),
        (
            "IBM Cloud IAM",
            "account",
            json!({"valid": true, "bss": "other"}),
        ),
        ("Oracle IDCS", "tenant", json!("idcs-2")),
    ] {
        let mut rows = logins().into_iter().chain(workloads());
        let row = rows.find(|row| row.name == name).unwrap();
        let token = row.token.clone().with(claim, stranger);
        rejected(
            (row.lines)(row.builder()),
            &token,
            (ClaimInvalid, Some(claim)),
        );
    }
}

#[test]
fn hydra_and_forgerock_need_no_opt_in() {
    let hydra = row(
        "Hydra",
        (Some("https://hydra.example.com/"), None),
        |b| b.allow_clients(["c1"]).scopes_from("scp"),
        json!({"aud": [], "client_id": "c1", "ext": {}, "scp": ["orders"], "sub": "c1"}),
    );
    has_scopes(
        &validate((hydra.lines)(hydra.builder()), &hydra.token).unwrap(),
        &["orders"],
    );
    let am = row(
        "ForgeRock AM",
        (Some("https://am.example.com:443/am/oauth2"), Some("c1")),
        same,
        json!({"sub": "u1", "tokenName": "access_token", "scope": ["mail"], "jti": "j"}),
    )
    .with_header(json!({"zip": "NONE"}));
    validate(am.builder(), &am.token).unwrap();
}

/// Platforms that sign with a shared secret: issuer, audience and claims.
#[test]
fn tokens_of_shared_secrets_are_accepted() {
    for (parties, claims) in [
        (
            (Some("client-key"), None),
            json!({"sub": "u", "qsh": "e3b0c4", "context": {}}),
        ),
        (
            (Some("APIkey"), None),
            json!({"sub": "identity", "video": {"room": "r", "roomJoin": true}}),
        ),
        (
            (Some("https://acme.myshopify.com/admin"), Some("apikey1")),
            json!({"dest": "https://acme.myshopify.com", "sub": "42", "sid": "s", "sig": "f00d"}),
        ),
        (
            (None, None),
            json!({"opaque_user_id": "U1", "channel_id": "2", "role": "viewer"}),
        ),
    ] {
        let token = shape(parties, claims);
        let text = signing::token(
            "HS256",
            r#"{"alg":"HS256","typ":"JWT"}"#,
            &token.claims.to_string(),
        );
        let issuer = JwtValidator::builder();
        let audience = match parties.0 {
            Some(name) => issuer.issuer(name),
            None => issuer.any_issuer(),
        };
        let keys = match parties.1 {
            Some(name) => audience.audience(name),
            None => audience.any_audience(),
        };
        let keys = keys.keys(KeySet::from(
            Key::from_secret(signing::SECRET.to_vec()).unwrap(),
        ));
        let validator = keys
            .clock(FakeClock::at(UnixTime::from_secs(NOW)))
            .build()
            .unwrap();
        let presented = PresentedCredential::token(&text);
        validator.validate(&presented).try_now().unwrap().unwrap();
    }
}
