//! Presets for the tokens of workloads: build jobs, pods and cloud roles.

use super::argument::{check_host, check_label, check_no_slash};
use super::claim_checks::has_kind;
use super::preset::{Preset, Recipient};
use crate::error::ConfigError;
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
    github_actions_at("https://token.actions.githubusercontent.com", audience)
}

/// Tokens of GitHub Actions from the issuer of one enterprise, or of a GitHub Enterprise Server.
///
/// `issuer` is `https://token.actions.githubusercontent.com/<enterprise>` if the enterprise has an
/// issuer of its own, or `https://<server>/_services/token`. The rules are those of
/// [`github_actions`].
pub fn github_actions_at(issuer: impl Into<String>, audience: impl Into<String>) -> Preset {
    let issuer = issuer.into();
    let keys = format!("{issuer}/.well-known/jwks");
    let error = check_no_slash("issuer", &issuer);
    let preset = Preset::new(issuer, Recipient::Audiences(vec![audience.into()]));
    let preset = preset.keys_at(keys).with_error(error);
    require_strings(preset, ["repository_id", "repository_owner_id", "ref"])
}

/// Tokens of the jobs of a GitLab server (`id_tokens`).
///
/// `host` is the server's, such as `gitlab.com`; `audience` is what the job must request.
///
/// # What it requires, and why
///
/// - `iss` is `https://` and the host, and `aud` has the audience.
/// - `project_id` and `namespace_id` are strings, as GitLab writes them, and `sub` begins with
///   `project_path:`: the same issuer signs the ID tokens of people who log in with GitLab.
///
/// **Every project of the server can get tokens for any audience.** Require the project by its number
/// and a protected branch. `ref_protected` is the text `true`, and a pipeline of a fork can have a
/// token of the parent project, so the project by itself proves nothing:
///
/// ```
/// # use bearergate::jwt::providers;
/// let preset = providers::gitlab("gitlab.com", "https://deploy.example.com").customize(|builder| {
///     builder
///         .require_claim("project_id", "2")
///         .require_claim("ref", "main")
///         .require_claim("ref_protected", "true")
/// });
/// # drop(preset);
/// ```
pub fn gitlab(host: impl AsRef<str>, audience: impl Into<String>) -> Preset {
    let host = host.as_ref();
    let issuer = format!("https://{host}");
    let preset = Preset::new(&issuer, Recipient::Audiences(vec![audience.into()]))
        .keys_at(format!("{issuer}/oauth/discovery/keys"))
        .with_error(check_host("host", host))
        .customize(|builder| {
            builder.check("sub", |claims| {
                let subject = claims.value("sub").and_then(|sub| sub.as_str());
                subject.is_some_and(|sub| sub.starts_with("project_path:"))
            })
        });
    require_strings(preset, ["project_id", "namespace_id"])
}

/// Tokens that AWS issues to the roles of one account for services outside AWS (outbound identity
/// federation, `sts:GetWebIdentityToken`).
///
/// `issuer` is the account's, `https://<id>.tokens.sts.global.api.aws`, as the console and
/// `aws iam get-outbound-web-identity-federation-info` show it; `audience` is what the caller
/// requests.
///
/// # What it requires, and why
///
/// - `iss` is the account's issuer: each account has its own, so the issuer is the account.
/// - `aud` has the audience, and `sub` is an ARN.
/// - The object `https://sts.amazonaws.com/` is present, with the facts about the caller.
///
/// Every role of the account that may call the API gets tokens for any audience. Decide by `sub`, the
/// ARN of the role, in the policy; an assumed role adds the name of its session to it.
pub fn aws_outbound(issuer: impl Into<String>, audience: impl Into<String>) -> Preset {
    let issuer = issuer.into();
    let keys = format!("{issuer}/.well-known/jwks.json");
    let id = issuer.strip_prefix("https://");
    let id = id.and_then(|rest| rest.strip_suffix(".tokens.sts.global.api.aws"));
    let error = match id {
        Some(id) => check_label("issuer", id),
        None => {
            let remedy = "write it like `https://<id>.tokens.sts.global.api.aws`";
            let expected = "the issuer of an account";
            Some(ConfigError::unexpected("issuer", expected, &issuer, remedy))
        }
    };
    Preset::new(issuer, Recipient::Audiences(vec![audience.into()]))
        .keys_at(keys)
        .with_error(error)
        .customize(|builder| {
            builder
                .check("sub", |claims| {
                    let subject = claims.value("sub").and_then(|sub| sub.as_str());
                    subject.is_some_and(|sub| sub.starts_with("arn:"))
                })
                .check("https://sts.amazonaws.com/", |claims| {
                    has_kind(claims, "https://sts.amazonaws.com/", Kind::Object)
                })
        })
}

/// Requires that each of these claims is a string.
fn require_strings<const N: usize>(preset: Preset, names: [&'static str; N]) -> Preset {
    preset.customize(move |builder| {
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
