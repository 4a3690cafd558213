//! Presets for the tokens of workloads: build jobs, pods and cloud roles.

use super::claim_checks::has_kind;
use super::preset::{Preset, Recipient};
use crate::json::Kind;

/// Tokens that a workflow of GitHub Actions requests (`id-token: write`).
///
/// # What it requires, and why
///
/// - `iss` is GitHub's, and `aud` is the audience that the workflow must request. The default
///   audience is the address of the repository's owner, which all services would share.
/// - `repository_id`, `repository_owner_id` and `ref` are present.
///
/// **Every repository on GitHub can get tokens for any audience.** The preset establishes which
/// workflow calls, not that it is one of yours. Require the owner or the repository by its number,
/// which does not pass to another owner with a name, and the `environment` if one protects the
/// deployment:
///
/// ```
/// # use bearergate::jwt::providers;
/// let preset = providers::github_actions("https://deploy.example.com").customize(|builder| {
///     builder
///         .require_claim("repository_owner_id", "65")
///         .require_claim("environment", "prod")
/// });
/// # drop(preset);
/// ```
pub fn github_actions(audience: impl Into<String>) -> Preset {
    const ISSUER: &str = "https://token.actions.githubusercontent.com";
    Preset::new(ISSUER, Recipient::Audiences(vec![audience.into()]))
        .keys_at(format!("{ISSUER}/.well-known/jwks"))
        .customize(|builder| {
            let names = ["repository_id", "repository_owner_id", "ref"];
            names.into_iter().fold(builder, |builder, name| {
                builder.check(name, move |claims| has_kind(claims, name, Kind::String))
            })
        })
}

/// Tokens of Kubernetes service accounts, projected for one audience.
///
/// `issuer` is the cluster's, as `kubectl get --raw /.well-known/openid-configuration` shows it.
///
/// # What it requires, and why
///
/// - `iss` is the cluster's, and `aud` has the audience, which the pod's volume must request
///   (`serviceAccountToken.audience`). With the API server's own audience the token of every pod
///   would be accepted.
/// - `sub` begins with `system:serviceaccount:`, and `kubernetes.io` is present.
/// - `exp` is present: legacy tokens from Secrets have neither `exp` nor an audience.
///
/// The keys need no discovery: they are at [`KUBERNETES_KEYS`] inside the cluster. That server
/// requires a credential, for which [`Preset::key_source`] sends the service's own token
/// ([`KUBERNETES_TOKEN`]), and has a certificate of the cluster's own CA: give the HTTP client the
/// file [`KUBERNETES_CA`] as a root certificate.
pub fn kubernetes(issuer: impl Into<String>, audience: impl Into<String>) -> Preset {
    Preset::new(issuer, Recipient::Audiences(vec![audience.into()]))
        .keys_at(KUBERNETES_KEYS)
        .bearer_file(KUBERNETES_TOKEN)
        .customize(|builder| {
            builder
                .check("sub", |claims| {
                    let subject = claims.value("sub").and_then(|sub| sub.as_str());
                    subject.is_some_and(|sub| sub.starts_with("system:serviceaccount:"))
                })
                .check("kubernetes.io", |claims| {
                    has_kind(claims, "kubernetes.io", Kind::Object)
                })
        })
}

/// The address of the cluster's keys, as seen from a pod (Kubernetes service account issuer
/// discovery).
pub const KUBERNETES_KEYS: &str = "https://kubernetes.default.svc/openid/v1/jwks";

/// The path of the cluster's CA certificate in every pod, in PEM.
pub const KUBERNETES_CA: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

/// The path of the pod's own token. Kubernetes replaces its content, so read it for each request.
pub const KUBERNETES_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
