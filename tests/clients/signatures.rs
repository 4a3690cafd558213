//! Signed requests.

use std::path::Path;
use std::process::Command;

use bearergate::testing::FakeIssuer;
use serde_json::{Value, json};

use crate::programs::{Scene, free_port, installed, steps};

const AUDIENCE: &str = "https://api.example.com";

fn python(python: &str, arguments: &[&str]) -> Command {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/sign.py");
    let mut command = Command::new(python);
    command.arg(program).args(arguments);
    command
}

#[test]
fn requests_that_a_python_client_signs_pass_once() {
    let Some(program) = installed("BEARERGATE_CLIENTS_PYTHON") else {
        return;
    };
    let mut scene = Scene::new("signatures");
    let folder = scene.path("");
    assert!(steps(&mut python(&program, &["keys", &folder])).is_empty());
    let idp = FakeIssuer::start().unwrap();
    let port = free_port();
    let (listen, url) = (
        format!("127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}"),
    );
    let keys = scene.path("keys.json");
    let options = [
        ["--listen", &listen],
        ["--issuer", idp.url()],
        ["--audience", AUDIENCE],
        ["--public-url", &url],
        ["--signed-requests", &keys],
    ];
    let options = [options.as_flattened(), &["--allow-http-loopback"]].concat();
    scene.serve(&options, &[]);
    let token = idp.token(AUDIENCE).sign();
    let steps = steps(&mut python(&program, &["call", &folder, &url, &token]));
    let found: Vec<_> = steps.iter().map(answer).collect();
    let refused = |name| (name, 401, json!(null));
    assert_eq!(
        found,
        [
            ("ES256", 200, json!("ES256")),
            refused("ES256 replayed"),
            ("EdDSA", 200, json!("EdDSA")),
            refused("EdDSA replayed"),
            refused("unsigned"),
            refused("other tag"),
            refused("authorization not covered"),
            refused("changed body"),
            refused("changed query"),
        ]
    );
    let accept = steps[4]["accept"].as_str().unwrap();
    assert!(accept.contains("tag=\"fapi-2-request\""), "{accept}");
}

fn answer(step: &Value) -> (&str, u64, Value) {
    let name = step["step"].as_str().unwrap();
    (
        name,
        step["status"].as_u64().unwrap(),
        step["signed_by"].clone(),
    )
}
