//! Tokens that are bound to a key or to a client certificate.

use std::process::Command;

use serde_json::{Value, json};

use crate::programs::{Scene, free_port, installed, node, steps};

const AUDIENCE: &str = "https://api.example.com";

/// A provider, a service, and what their clients are given.
struct Servers {
    packages: String,
    /// Kept until the test ends.
    _scene: Scene,
    trusted: String,
    arguments: Vec<String>,
}

impl Servers {
    /// Starts both over TLS; the service accepts bound tokens, and has these options more.
    fn start(name: &str, more: &[&str]) -> Option<Self> {
        Self::with(
            name,
            &[&["--dpop", "accept", "--mtls", "accept"], more].concat(),
        )
    }

    fn with(name: &str, more: &[&str]) -> Option<Self> {
        let packages = installed("BEARERGATE_NODE_CLIENTS")?;
        let mut scene = Scene::new(name);
        let (certificate, key) = scene.certificate("server");
        let (own, own_key) = scene.certificate("client");
        let (provider, service) = (free_port(), free_port());
        let port = provider.to_string();
        let arguments = [port.as_str(), &certificate, &key, AUDIENCE];
        scene.start(node(&packages, "provider.mjs").args(arguments));
        let issuer = format!("https://localhost:{provider}");
        let url = format!("https://localhost:{service}");
        let listen = format!("127.0.0.1:{service}");
        let usual = [
            ["--listen", &listen],
            ["--issuer", &issuer],
            ["--audience", AUDIENCE],
            ["--public-url", &url],
            ["--tls-cert", &certificate],
            ["--tls-key", &key],
        ];
        let options = [usual.as_flattened(), &["--tls-client-any"], more].concat();
        scene.serve(&options, &[("SSL_CERT_FILE", &certificate)]);
        Some(Self {
            packages,
            _scene: scene,
            trusted: certificate,
            arguments: vec![issuer, url, own, own_key],
        })
    }

    fn client(&self, program: &str) -> Command {
        let mut command = node(&self.packages, program);
        command
            .args(&self.arguments)
            .env("NODE_EXTRA_CA_CERTS", &self.trusted);
        command
    }

    /// Runs a client; each step is its name, its status, and how it was confirmed or the error code
    /// of the challenge.
    fn run(&self, program: &str) -> Vec<(String, u64, Value)> {
        let steps = steps(&mut self.client(program));
        steps.iter().map(answer).collect()
    }
}

fn answer(step: &Value) -> (String, u64, Value) {
    let status = step["status"].as_u64().unwrap();
    let result = match status {
        200 => step["confirmed"].clone(),
        _ => json!(error(step["challenge"].as_str().unwrap())),
    };
    (step["step"].as_str().unwrap().to_owned(), status, result)
}

/// The scheme and the error code of a challenge.
fn error(challenge: &str) -> String {
    let scheme = challenge.split(' ').next().unwrap();
    let (_, rest) = challenge.split_once("error=\"").unwrap();
    format!("{scheme} {}", rest.split('"').next().unwrap())
}

fn expected(steps: &[(&str, u64, Value)]) -> Vec<(String, u64, Value)> {
    let own =
        |(name, status, result): &(&str, u64, Value)| ((*name).to_owned(), *status, result.clone());
    steps.iter().map(own).collect()
}

#[test]
fn dpop_makes_proofs_that_pass_once() {
    let Some(servers) = Servers::start("dpop", &[]) else {
        return;
    };
    let proof = json!("DPoP invalid_dpop_proof");
    let token = json!("DPoP invalid_token");
    assert_eq!(
        servers.run("dpop_client.mjs"),
        expected(&[
            ("first call", 200, json!("dpop")),
            ("call", 200, json!("dpop")),
            ("replay", 401, proof.clone()),
            ("no proof", 401, token.clone()),
            ("downgrade", 401, token.clone()),
            ("stolen token", 401, token),
            ("other url", 401, proof.clone()),
            ("other method", 401, proof.clone()),
            ("other token", 401, proof),
        ])
    );
}

#[test]
fn dpop_is_told_the_nonce_that_it_needs() {
    let Some(servers) = Servers::start("dpop-nonce", &["--dpop-nonce-random"]) else {
        return;
    };
    let steps = servers.run("dpop_client.mjs");
    assert_eq!(
        steps[..3],
        expected(&[
            ("first call", 401, json!("DPoP use_dpop_nonce")),
            ("call", 200, json!("dpop")),
            ("replay", 401, json!("DPoP invalid_dpop_proof")),
        ])
    );
}

#[test]
fn oauth4webapi_calls_with_every_algorithm_and_with_a_certificate() {
    let bound = |name| (name, 200, json!("dpop"));
    let all = [
        bound("ES256"),
        bound("ES256 again"),
        bound("Ed25519"),
        bound("Ed25519 again"),
        bound("PS256"),
        bound("PS256 again"),
        ("certificate", 200, json!("certificate")),
        ("no certificate", 401, json!("Bearer invalid_token")),
        ("unbound", 200, json!(null)),
    ];
    for (name, more) in [("o4w", &[][..]), ("o4w-nonce", &["--dpop-nonce-random"])] {
        let Some(servers) = Servers::start(name, more) else {
            return;
        };
        assert_eq!(servers.run("oauth4webapi_client.mjs"), expected(&all));
    }
}

#[test]
fn openid_client_repeats_a_call_with_the_nonce() {
    let all = [
        ("key", 200, json!("dpop")),
        ("key again", 200, json!("dpop")),
        ("certificate", 200, json!("certificate")),
    ];
    for (name, more) in [("oc", &[][..]), ("oc-nonce", &["--dpop-nonce-random"])] {
        let Some(servers) = Servers::start(name, more) else {
            return;
        };
        assert_eq!(servers.run("openid_client.mjs"), expected(&all));
    }
}

#[test]
fn unbound_tokens_are_refused_where_proofs_are_required() {
    let required = ["--dpop", "require", "--mtls", "require"];
    let Some(servers) = Servers::with("required", &required) else {
        return;
    };
    let steps = servers.run("oauth4webapi_client.mjs");
    let last = steps.last().unwrap();
    assert_eq!(
        *last,
        ("unbound".to_owned(), 401, json!("DPoP invalid_token"))
    );
    assert!(steps.contains(&("certificate".to_owned(), 200, json!("certificate"))));
}
