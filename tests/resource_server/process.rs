//! How the process starts and ends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use bearergate::testing::{FakeEndpoint, FakeIssuer, Fault};

use crate::server::{API, Server, program};

#[test]
fn it_ends_with_status_0_on_sigterm() {
    let idp = FakeIssuer::start().unwrap();
    idp.fail(FakeEndpoint::Discovery, Fault::Hold);
    let mut server = Server::for_issuer(&idp, &[]);
    let token = idp.token(API).sign();
    let mut waiting = TcpStream::connect(&server.address).unwrap();
    write!(
        waiting,
        "GET /whoami HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    assert!(idp.wait_for(FakeEndpoint::Discovery, 1));
    let id = server.child.id().to_string();
    let killed = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(killed.success());
    idp.heal(FakeEndpoint::Discovery);
    let mut text = String::new();
    waiting.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

pub(crate) fn refused(options: &[&str]) -> Output {
    Command::new(program())
        .args(options)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn bad_options_end_it_before_any_request() {
    let idp = FakeIssuer::start().unwrap();
    let (url, file) = (idp.url(), "/dev/null");
    let listen = ["--listen", "127.0.0.1:0"];
    let http = "--allow-http-loopback";
    let issuer = ["--issuer", "https://idp.example.com", "--audience", API];
    let cases: Vec<Vec<&str>> = vec![
        vec![],
        vec!["--issuer", "https://idp.example.com"],
        vec!["--issuer", url, "--audience", API],
        vec![http, "--issuer", "http://0.0.0.0:1", "--audience", API],
        vec![
            http,
            "--issuer",
            "http://idp.example.com",
            "--audience",
            API,
        ],
        vec![http, "--issuer", "ftp://127.0.0.1", "--audience", API],
        vec!["--audience", API],
        [&issuer[..], &["--unknown", "x"]].concat(),
        [&issuer[..], &["--scope"]].concat(),
        [&issuer[..], &["--scope", "a", "--scope", "b"]].concat(),
        [&issuer[..], &["--client-id", "a"]].concat(),
        [&issuer[..], &["--pepper-file", file]].concat(),
        [&issuer[..], &["--signed-introspection"]].concat(),
        [&issuer[..], &["--api-keys", file]].concat(),
        [&issuer[..], &["--jwks-url", url]].concat(),
        [
            &issuer[..],
            &[
                "--issuer",
                "https://b.example.com",
                "--jwks-url",
                "https://a/b",
            ],
        ]
        .concat(),
        [&issuer[..], &["--introspection", "https://a/b"]].concat(),
        [
            &issuer[..],
            &["--introspection", "https://a/b", "--client-id", "a"],
        ]
        .concat(),
        [
            &["--introspection", "https://a/b", "--signed-introspection"][..],
            &[
                "--audience",
                API,
                "--client-id",
                "a",
                "--client-secret",
                "b",
            ],
        ]
        .concat(),
    ];
    for case in cases {
        let output = refused(&[&listen[..], &case].concat());
        assert!(!output.status.success(), "{case:?}");
        assert!(output.stdout.is_empty(), "{case:?}");
        assert!(!output.stderr.is_empty(), "{case:?}");
    }
    assert!(!refused(&issuer).status.success());
    let nowhere = [&["--listen", "nowhere"][..], &issuer].concat();
    assert!(!refused(&nowhere).status.success());
    assert_eq!(idp.total(), 0);
}

#[test]
fn no_secret_is_printed_when_options_are_refused() {
    let options = ["--listen", "127.0.0.1:0", "--introspection", "https://a/b"];
    let secret = ["--client-id", "a", "--client-secret", "s3cret", "s3cret"];
    let output = refused(&[&options[..], &secret].concat());
    assert!(!output.status.success());
    assert!(!String::from_utf8(output.stderr).unwrap().contains("s3cret"));
}
