//! Presets of workloads: build jobs, cloud roles and service accounts.

use bearergate::jwt::providers;

use super::presets::{does_not_build, outcome, rejects};
use super::*;

const DEPLOY: &str = "https://deploy.example.com";

#[test]
fn github_actions_at_accepts_the_issuer_of_an_enterprise() {
    let issuer = "https://token.actions.githubusercontent.com/octo-enterprise";
    let preset = || providers::github_actions_at(issuer, DEPLOY);
    assert_eq!(
        preset().jwks_url(),
        Some(&*format!("{issuer}/.well-known/jwks"))
    );
    let token = github_actions().with("iss", issuer);
    outcome(preset(), &token).unwrap();
    rejects(preset(), &github_actions(), (IssuerMismatch, "iss"));
    rejects(
        providers::github_actions(DEPLOY),
        &token,
        (IssuerMismatch, "iss"),
    );
    let silent = token.clone().without("repository_id");
    rejects(preset(), &silent, (ClaimInvalid, "repository_id"));
    does_not_build(
        providers::github_actions_at("https://ghes/", DEPLOY),
        "issuer",
    );
}

fn gitlab_job() -> Shape {
    Shape::new(
        rs256(),
        json!({
            "iss": "https://gitlab.example.com", "aud": DEPLOY,
            "iat": NOW - 60, "nbf": NOW - 65, "exp": NOW + 3_540, "jti": "235b3a54",
            "sub": "project_path:acme/app:ref_type:branch:ref:main",
            "namespace_id": "72", "project_id": "20", "user_id": "1", "pipeline_id": "574",
            "ref": "main", "ref_type": "branch", "ref_protected": "true",
            "user_identities": [{"provider": "github", "extern_uid": "2435223452345"}],
        }),
    )
}

#[test]
fn gitlab_accepts_jobs_and_no_people() {
    let preset = || providers::gitlab("gitlab.example.com", DEPLOY);
    outcome(preset(), &gitlab_job()).unwrap();
    let other = gitlab_job().with("aud", "https://vault.example.com");
    rejects(preset(), &other, (AudienceMismatch, "aud"));
    let person = gitlab_job().with("sub", "1");
    rejects(preset(), &person, (ClaimInvalid, "sub"));
    rejects(
        preset(),
        &gitlab_job().with("project_id", 20),
        (ClaimInvalid, "project_id"),
    );
    let protected = || preset().customize(|builder| builder.require_claim("ref_protected", "true"));
    outcome(protected(), &gitlab_job()).unwrap();
    let fork = gitlab_job().with("ref_protected", "false");
    rejects(protected(), &fork, (ClaimInvalid, "ref_protected"));
    for host in [
        "",
        "https://gitlab.com",
        "gitlab.com/",
        "gitlab.com:port",
        "a@b",
    ] {
        does_not_build(providers::gitlab(host, DEPLOY), "host");
    }
    let own = providers::gitlab("gitlab.example.com:8443", DEPLOY);
    assert_eq!(own.issuer(), Some("https://gitlab.example.com:8443"));
}

const AWS: &str = "https://a1b2c3d4-0000.tokens.sts.global.api.aws";

fn aws_role() -> Shape {
    Shape::new(
        rs256(),
        json!({
            "iss": AWS, "aud": DEPLOY, "sub": "arn:aws:iam::111122223333:role/app",
            "iat": NOW - 60, "exp": NOW + 240, "jti": "b1",
            "https://sts.amazonaws.com/": {
                "aws_account": "111122223333", "principal_tags": {"team": "orders"},
            },
        }),
    )
}

#[test]
fn aws_outbound_accepts_roles_of_its_account() {
    let preset = || providers::aws_outbound(AWS, DEPLOY);
    let principal = outcome(preset(), &aws_role()).unwrap();
    assert_eq!(
        principal.subject(),
        Some("arn:aws:iam::111122223333:role/app")
    );
    let other = aws_role().with("iss", "https://ffff.tokens.sts.global.api.aws");
    rejects(preset(), &other, (IssuerMismatch, "iss"));
    rejects(
        preset(),
        &aws_role().with("aud", AWS),
        (AudienceMismatch, "aud"),
    );
    rejects(
        preset(),
        &aws_role().with("sub", "role/app"),
        (ClaimInvalid, "sub"),
    );
    let facts = "https://sts.amazonaws.com/";
    rejects(preset(), &aws_role().without(facts), (ClaimInvalid, facts));
    for issuer in [
        "111122223333",
        "https://sts.amazonaws.com",
        "https://a/b.tokens.sts.global.api.aws",
    ] {
        does_not_build(providers::aws_outbound(issuer, DEPLOY), "issuer");
    }
}

#[test]
fn google_service_account_accepts_services_and_no_people() {
    let preset = || providers::google_service_account("https://orders.example.com");
    let token = google_service().with("aud", "https://orders.example.com");
    for issuer in GOOGLE {
        let principal = outcome(preset(), &token.clone().with("iss", issuer)).unwrap();
        assert_eq!(principal.authority().as_str(), GOOGLE[0]);
    }
    let other = token.clone().with("aud", "https://payments.example.com");
    rejects(preset(), &other, (AudienceMismatch, "aud"));
    rejects(
        preset(),
        &token.clone().with("azp", GOOGLE_APP),
        (ClaimInvalid, "azp"),
    );
    rejects(
        preset(),
        &token.clone().without("azp"),
        (ClaimInvalid, "azp"),
    );
    // Two claims that are missing do not equal each other.
    let nobody = token.clone().without("azp").without("sub");
    rejects(preset(), &nobody, (ClaimInvalid, "azp"));
    for doubtful in [json!("true"), json!(false), json!(null)] {
        let unverified = token.clone().with("email_verified", doubtful);
        rejects(preset(), &unverified, (ClaimInvalid, "email_verified"));
    }
    outcome(
        preset(),
        &token.clone().without("email").without("email_verified"),
    )
    .unwrap();
    rejects(
        preset(),
        &token.clone().without("email_verified"),
        (ClaimInvalid, "email_verified"),
    );
}

#[test]
fn google_on_android_names_its_app_as_the_presenter() {
    let preset = || providers::google_id_token(GOOGLE_APP);
    let android = "phone.apps.googleusercontent.com";
    let token = google_id().with("azp", android);
    rejects(preset(), &token, (ClaimInvalid, "azp"));
    let presented = || preset().customize(move |builder| builder.presented_by([android]));
    outcome(presented(), &token).unwrap();
    outcome(presented(), &google_id()).unwrap();
    let stranger = google_id().with("azp", "stranger.apps.googleusercontent.com");
    rejects(presented(), &stranger, (ClaimInvalid, "azp"));
    let elsewhere = token.with("aud", android);
    rejects(presented(), &elsewhere, (AudienceMismatch, "aud"));
}

#[test]
fn firebase_session_cookies_are_no_id_tokens() {
    let preset = || providers::firebase_session_cookies("example-project");
    let cookie = firebase_id().with("iss", "https://session.firebase.google.com/example-project");
    outcome(preset(), &cookie).unwrap();
    rejects(preset(), &firebase_id(), (IssuerMismatch, "iss"));
    rejects(
        providers::firebase("example-project"),
        &cookie,
        (IssuerMismatch, "iss"),
    );
    let other = cookie.clone().with("aud", "another-project");
    rejects(preset(), &other, (AudienceMismatch, "aud"));
    rejects(
        preset(),
        &cookie.without("auth_time"),
        (ClaimInvalid, "auth_time"),
    );
    does_not_build(providers::firebase_session_cookies("a/b"), "project");
}
