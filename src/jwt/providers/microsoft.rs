//! Presets of Microsoft Entra ID.

use super::argument::check_guid;
use super::claim_checks::{collect, is_present};
use super::preset::{Issuer, Preset, Recipient};

/// Access tokens of Microsoft Entra ID for one application, from certain tenants.
///
/// `tenants` are directory ids and `app` is the application (client) id of the API, both GUIDs.
/// If the application has its own Application ID URI, v1 tokens have it as their audience: add it
/// with [`Preset::or_audience`].
///
/// # What it requires, and why
///
/// - `iss` is the v1 or the v2 issuer of one of the tenants: which version an API receives
///   depends on its manifest (`requestedAccessTokenVersion`), not on the address that issued the
///   token. Each tenant is a separate authority, so two tenants never share a subject.
/// - `tid` is the tenant in `iss`: all tenants share signing keys, and Microsoft requires this check
///   of an API for many tenants.
/// - `aud` is the application id (v2), or `api://` before it (v1).
/// - `scp` or `roles` is present and not empty: the delegated permissions of a user, or those of an
///   application. Any client of a tenant can get a token for any API, but without either; an ID
///   token of an application that is its own API has neither too.
///
/// Scopes are read from `scp`, separated by spaces; application permissions are in `roles`. The
/// client is in `azp` (v2) or `appid` (v1), so `allow_clients` and the revocation of a client work
/// for both. A token for Microsoft Graph can be verified only by Microsoft Graph. For external
/// tenants, B2C and sovereign clouds use [`entra_at`].
pub fn entra<T: Into<String>>(
    tenants: impl IntoIterator<Item = T>,
    app: impl Into<String>,
) -> Preset {
    let (tenants, app) = (collect(tenants), app.into());
    let audiences = vec![format!("api://{app}"), app.clone()];
    let shared = match tenants.as_slice() {
        [only] => only.as_str(),
        _ => "common",
    };
    let keys = format!("https://login.microsoftonline.com/{shared}/discovery/v2.0/keys");
    let error = tenants
        .iter()
        .find_map(|tenant| check_guid("tenants", tenant));
    // Both issuers of a tenant are one authority; only v1 names the client in `appid`.
    let issuers = tenants.iter().flat_map(|tenant| {
        let (v2, v1) = (
            format!("https://login.microsoftonline.com/{tenant}/v2.0"),
            format!("https://sts.windows.net/{tenant}/"),
        );
        let of = |name, client_claim| Issuer {
            names: vec![name],
            authority: Some(v2.clone()),
            claim: Some(("tid", tenant.to_owned())),
            client_claim,
        };
        [of(v2.clone(), None), of(v1, Some("appid"))]
    });
    require_permissions(
        Preset::for_issuers(issuers)
            .for_recipient(Recipient::Audiences(audiences))
            .keys_at(keys)
            .with_error(error.or_else(|| check_guid("app", &app))),
    )
}

/// Access tokens of another Microsoft Entra directory: an external tenant (CIAM), Azure AD B2C, or
/// a sovereign cloud.
///
/// `issuer` is the `issuer` in the directory's discovery document, byte for byte, such as
/// `https://<tenant>.ciamlogin.com/<tenant>/v2.0`, `https://acme.b2clogin.com/<tenant>/v2.0/` (with
/// the slash) or `https://login.microsoftonline.us/<tenant>/v2.0`; `app` is the application (client)
/// id of the API, a GUID. For the worldwide cloud use [`entra`].
///
/// # What it requires, and why
///
/// - `iss` is this issuer, and `tid`, if it is present, is the directory in it.
/// - `aud` is the application id, or `api://` before it.
/// - `scp` or `roles` is present and not empty, as for [`entra`].
///
/// Scopes are read from `scp`. The client is in `azp`, or in `appid` if the issuer is one of v1
/// (`https://sts.`). The keys are discovered at the issuer; in B2C each user flow has its own
/// document, so name it: `preset.key_source().discovery_url("https://acme.b2clogin.com/<tenant>/
/// <user flow>/v2.0/.well-known/openid-configuration")`. B2C repeats the `nonce` of the sign-in in
/// its access tokens: add `.customize(|builder| builder.access_mark("scp"))`.
pub fn entra_at(issuer: impl Into<String>, app: impl Into<String>) -> Preset {
    let (issuer, app) = (issuer.into(), app.into());
    let audiences = vec![format!("api://{app}"), app.clone()];
    let is_v1 = issuer.starts_with("https://sts.");
    let directory = issuer.clone();
    let only = Issuer {
        names: vec![issuer],
        client_claim: is_v1.then_some("appid"),
        ..Issuer::default()
    };
    let preset = Preset::for_issuers([only])
        .for_recipient(Recipient::Audiences(audiences))
        .with_error(check_guid("app", &app))
        .customize(move |builder| {
            let directory = directory.clone();
            builder.check("tid", move |claims| match claims.value("tid") {
                Some(tid) => tid
                    .as_str()
                    .is_some_and(|tid| has_segment(&directory, &tid)),
                None => true,
            })
        });
    require_permissions(preset)
}

/// Returns true if a segment of the path of this URL is equal to the text.
fn has_segment(url: &str, text: &str) -> bool {
    url.split('/')
        .skip(3)
        .any(|segment| !segment.is_empty() && segment == text)
}

/// Requires permissions of a user or of an application, and reads the scopes from `scp`.
fn require_permissions(preset: Preset) -> Preset {
    preset.customize(|builder| {
        builder.scopes_from("scp").check("scp", |claims| {
            is_present(claims, "scp") || is_present(claims, "roles")
        })
    })
}
