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
/// Scopes are read from `scp`, separated by spaces; application permissions are in `roles`. A token
/// for Microsoft Graph can be verified only by Microsoft Graph.
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
    let issuer = |tenant: &String| Issuer {
        names: vec![
            format!("https://login.microsoftonline.com/{tenant}/v2.0"),
            format!("https://sts.windows.net/{tenant}/"),
        ],
        claim: Some(("tid", tenant.to_owned())),
    };
    Preset::for_issuers(tenants.iter().map(issuer))
        .for_recipient(Recipient::Audiences(audiences))
        .keys_at(keys)
        .with_error(error.or_else(|| check_guid("app", &app)))
        .customize(|builder| {
            builder.scopes_from("scp").check("scp", |claims| {
                is_present(claims, "scp") || is_present(claims, "roles")
            })
        })
}
