//! Presets of Google and Firebase.

use super::argument::check_label;
use super::claim_checks::has_kind;
use super::preset::{Issuer, Preset, Recipient};
use crate::json::Kind;

/// ID tokens of Firebase Authentication (Google Identity Platform) for one project.
///
/// Firebase has no access tokens: a client sends its ID token to the service.
///
/// # What it requires, and why
///
/// - `iss` is the project's and `aud` is the project's id: all projects share signing keys.
/// - `sub`, `iat` and `auth_time` are present, as Firebase requires of services that verify its
///   tokens without its SDK.
///
/// Everyone who signs up gets such a token. If the project lets anyone sign up, or sign in
/// anonymously (`firebase.sign_in_provider`), an authenticated caller is not yet a trusted one:
/// require in the policy a claim that an administrator sets.
pub fn firebase(project: impl Into<String>) -> Preset {
    let project = project.into();
    let issuer = format!("https://securetoken.google.com/{project}");
    let error = check_label("project", &project);
    require_login_time(
        Preset::new(issuer, Recipient::Client(project))
            .keys_at(FIREBASE_KEYS)
            .with_error(error),
    )
}

const FIREBASE_KEYS: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

/// Session cookies of Firebase Authentication for one project, which a server makes from an ID token
/// (`createSessionCookie`) and a browser sends for up to two weeks.
///
/// The rules are those of [`firebase`], with the issuer `https://session.firebase.google.com/<project>`.
/// The keys are published as certificates, each used until its end, so take them from
/// [`Preset::key_source`]. Give the gate the cookie as a [place](crate::credential::SourcesBuilder::cookie).
/// Revoking the user's sessions at Firebase does not end a cookie here.
pub fn firebase_session_cookies(project: impl Into<String>) -> Preset {
    let project = project.into();
    let issuer = format!("https://session.firebase.google.com/{project}");
    let error = check_label("project", &project);
    require_login_time(
        Preset::new(issuer, Recipient::Client(project))
            .certificates_at(FIREBASE_SESSION_KEYS)
            .with_error(error),
    )
}

const FIREBASE_SESSION_KEYS: &str =
    "https://www.googleapis.com/identitytoolkit/v3/relyingparty/publicKeys";

fn require_login_time(preset: Preset) -> Preset {
    preset.customize(|builder| {
        builder.check("auth_time", |claims| {
            has_kind(claims, "auth_time", Kind::Number)
        })
    })
}

/// ID tokens of Google for one OAuth client.
///
/// # What it requires, and why
///
/// - `iss` is `https://accounts.google.com` or `accounts.google.com`: Google writes both. The
///   subject's authority is the first one, whichever the token has.
/// - `aud` is the client's id, and `azp`, if it is present, is the client too. A token that an Android
///   app requested for the server has the app's own client as `azp`: accept it with
///   `.customize(|builder| builder.presented_by(["<client of the app>"]))`.
/// - `sub` and `iat` are present. Identify a user by `sub`, never by `email`.
///
/// For the users of one organization require `hd`: `.customize(|builder|
/// builder.require_claim("hd", "example.com"))`; the domain of an `email` proves nothing. Google's
/// access tokens are opaque.
pub fn google_id_token(client: impl Into<String>) -> Preset {
    Preset::for_issuers([google()])
        .for_recipient(Recipient::Client(client.into()))
        .keys_at(GOOGLE_KEYS)
}

/// ID tokens of Google service accounts for one audience: calls between services (Cloud Run,
/// Pub/Sub push, Cloud Scheduler).
///
/// `audience` is what the caller requests, usually the address of this service.
///
/// # What it requires, and why
///
/// - `iss` is one of Google's two spellings, and `aud` has the audience.
/// - `azp` is equal to `sub`, the number of the account: the ID tokens of people come from the same
///   issuer under the same keys, and their `azp` is an application.
/// - `email` counts only if `email_verified` is JSON `true`; a token with another value is rejected.
///
/// **Every service account of every project can get a token for any audience.** Require the accounts
/// that may call, by number or by address, here or in the policy:
///
/// ```
/// # use bearergate::jwt::providers;
/// let preset = providers::google_service_account("https://orders.example.com").customize(|builder| {
///     builder.require_claim("email", "scheduler@acme.iam.gserviceaccount.com")
/// });
/// # drop(preset);
/// ```
pub fn google_service_account(audience: impl Into<String>) -> Preset {
    Preset::for_issuers([google()])
        .for_recipient(Recipient::Audiences(vec![audience.into()]))
        .keys_at(GOOGLE_KEYS)
        .customize(|builder| {
            builder
                .check("azp", |claims| {
                    let azp = claims.value("azp").and_then(|azp| azp.as_str());
                    let sub = claims.value("sub").and_then(|sub| sub.as_str());
                    azp.is_some() && azp == sub
                })
                .check("email_verified", |claims| {
                    let verified = claims.value("email_verified").and_then(|v| v.as_bool());
                    claims.value("email").is_none() || verified == Some(true)
                })
        })
}

const GOOGLE_KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";

/// Google under its two names; the first is the authority.
fn google() -> Issuer {
    let names = ["https://accounts.google.com", "accounts.google.com"];
    Issuer {
        names: names.map(str::to_owned).to_vec(),
        ..Issuer::default()
    }
}
