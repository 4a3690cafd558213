//! Options of proofs of possession that contradict each other.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::server::{API, Folder, PUBLIC, program};

/// Files that are all there and well formed.
struct Files {
    _folder: Folder,
    certificate: String,
    key: String,
    secret: String,
    older: String,
    too_short: String,
    long: String,
    too_long: String,
    keys: String,
    no_alg: String,
    no_kid: String,
    shared: String,
    private: String,
    private_no_kid: String,
    private_no_alg: String,
    decrypt: String,
    decrypt_no_kid: String,
    decrypt_no_alg: String,
}

impl Files {
    fn new() -> Self {
        let folder = Folder::new();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let public =
            r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
        let d = r#""d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A""#;
        let set = |members: &str| format!("{{\"keys\":[{{{members}}}]}}");
        let oct = r#""kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8""#;
        Self {
            certificate: folder.file("certificate.pem", made.cert.pem()),
            key: folder.file("key.pem", made.signing_key.serialize_pem()),
            secret: folder.file("secret", [1; 32]),
            older: folder.file("older", [2; 32]),
            too_short: folder.file("too_short", [1; 31]),
            long: folder.file("long", [1; 64]),
            too_long: folder.file("too_long", [1; 65]),
            keys: folder.file(
                "keys.json",
                set(&format!(r#"{public},"kid":"a","alg":"EdDSA""#)),
            ),
            no_alg: folder.file("no_alg.json", set(&format!(r#"{public},"kid":"a""#))),
            no_kid: folder.file("no_kid.json", set(&format!(r#"{public},"alg":"EdDSA""#))),
            shared: folder.file(
                "shared.json",
                set(&format!(r#"{oct},"kid":"a","alg":"HS256""#)),
            ),
            private: folder.file(
                "private.json",
                format!(r#"{{{public},{d},"kid":"a","alg":"EdDSA"}}"#),
            ),
            private_no_kid: folder.file(
                "private_no_kid.json",
                format!(r#"{{{public},{d},"alg":"EdDSA"}}"#),
            ),
            private_no_alg: folder.file(
                "private_no_alg.json",
                format!(r#"{{{public},{d},"kid":"a"}}"#),
            ),
            decrypt: folder.file(
                "decrypt.json",
                set(&format!(r#"{oct},"kid":"a","alg":"dir""#)),
            ),
            decrypt_no_kid: folder
                .file("decrypt_no_kid.json", set(&format!(r#"{oct},"alg":"dir""#))),
            decrypt_no_alg: folder.file("decrypt_no_alg.json", set(&format!(r#"{oct},"kid":"a""#))),
            _folder: folder,
        }
    }
}

/// Returns whether the program is ready with these options; else it ends with status 2.
fn is_ready(options: &[&str]) -> bool {
    let mut child = Command::new(program())
        .args(["--listen", "127.0.0.1:0", "--audience", API])
        .args(["--issuer", "https://idp.example.com"])
        .args(options)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    let is_ready = line.starts_with("ready ");
    if is_ready {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    if !is_ready {
        let mut message = String::new();
        child.stderr.unwrap().read_to_string(&mut message).unwrap();
        assert_eq!((status.code(), &*line), (Some(2), ""), "{options:?}");
        assert!(message.contains("resource_server: "), "{message}");
    }
    is_ready
}

type Options<'a> = &'a [&'a [&'a str]];

/// Each set of options that is refused, beside one that is not.
fn check(cases: &[(Options<'_>, Options<'_>)]) {
    for (bad, good) in cases {
        assert!(!is_ready(&bad.concat()), "{bad:?}");
        assert!(is_ready(&good.concat()), "{good:?}");
    }
}

const URL: &[&str] = &["--public-url", PUBLIC];
const DPOP: &[&str] = &["--public-url", PUBLIC, "--dpop", "accept"];

#[test]
fn proofs_need_their_options() {
    let files = Files::new();
    let random = &["--dpop-nonce-random"];
    let own = &["--dpop-nonce-file", &*files.secret];
    let older = &["--dpop-nonce-older-file", &*files.older];
    let window = &["--dpop-nonce-window", "60"];
    check(&[
        (&[&DPOP[2..]], &[DPOP]),
        (
            &[&["--internal-prefix", "/p"]],
            &[URL, &["--internal-prefix", "/p"]],
        ),
        (
            &[URL, &["--dpop-alg", "ES256"]],
            &[DPOP, &["--dpop-alg", "ES256"]],
        ),
        (
            &[URL, &["--dpop-window", "60,30"]],
            &[DPOP, &["--dpop-window", "60,30"]],
        ),
        (
            &[URL, &["--dpop-replay", "off"]],
            &[DPOP, &["--dpop-replay", "off"]],
        ),
        (&[URL, random], &[DPOP, random]),
        (&[DPOP, own, random], &[DPOP, own]),
        (&[DPOP, older], &[DPOP, own, older]),
        (&[DPOP, random, older], &[DPOP, own, older]),
        (&[DPOP, window], &[DPOP, random, window]),
        (&[&["--fapi2"]], &[DPOP, &["--fapi2"]]),
        (&[DPOP, &["--dpop", "accept"]], &[DPOP]),
    ]);
}

#[test]
fn certificates_need_their_options() {
    let files = Files::new();
    let tls = &["--tls-cert", &*files.certificate, "--tls-key", &*files.key];
    let any = &["--tls-client-any"];
    let roots = &["--tls-client-ca", &*files.certificate];
    let mtls = &["--mtls", "accept"];
    let header = &["--client-cert", "rfc9440"];
    let proxy = &["--trusted-proxy", "127.0.0.0/8"];
    let hash = "ab".repeat(32);
    let pinned = &["--trusted-proxy-cert", &*hash];
    let demand = &["--client-cert-demand", "x-verified=SUCCESS"];
    check(&[
        (&[&tls[..2]], &[tls]),
        (&[&tls[2..]], &[tls]),
        (&[any], &[tls, any]),
        (&[roots], &[tls, roots]),
        (&[tls, any, roots], &[tls, roots]),
        (&[mtls], &[tls, any, mtls]),
        (&[tls, mtls], &[tls, roots, mtls]),
        (&[header], &[header, proxy]),
        (&[mtls, proxy], &[header, proxy, mtls]),
        (&[proxy], &[header, proxy]),
        (&[pinned], &[tls, any, header, pinned]),
        (&[header, pinned], &[tls, any, header, pinned]),
        (&[tls, header, pinned], &[tls, roots, header, pinned]),
        (
            &[tls, any, header, proxy],
            &[tls, any, header, proxy, pinned],
        ),
        (&[demand], &[header, proxy, demand]),
        (&[&["--fapi2"]], &[tls, any, mtls, &["--fapi2"]]),
    ]);
}

#[test]
fn messages_need_their_options() {
    let files = Files::new();
    let signed = &["--signed-requests", &*files.keys];
    let tag = &["--signature-tag", "own"];
    let responses = &["--sign-responses", &*files.private];
    let detail = "--authorization-detail";
    check(&[
        (&[signed], &[URL, signed]),
        (&[URL, tag], &[URL, signed, tag]),
        (&[URL, responses], &[URL, signed, responses]),
        (&[&[detail, ":read"]], &[&[detail, "payment:read"]]),
        (&[&[detail, "payment:"]], &[&[detail, "payment"]]),
    ]);
    if cfg!(feature = "jwe") {
        let decrypt = &["--decrypt-keys", &*files.decrypt];
        let required = &["--encryption-required"];
        check(&[(&[required], &[decrypt, required])]);
    }
}

#[test]
fn values_are_those_of_their_options() {
    let files = Files::new();
    let accepts =
        |name: &str, value: &str, options: &[&str]| is_ready(&[options, &[name, value]].concat());
    let http = &["--allow-http-loopback"];
    for (name, value, options, expected) in [
        ("--public-url", "https://api.example.com/v1/", &[][..], true),
        ("--public-url", "https://user@api.example.com", &[], false),
        ("--public-url", "https://api.example.com?a=b", &[], false),
        ("--public-url", "https://api.example.com#a", &[], false),
        ("--public-url", "http://localhost:1", &[], false),
        ("--public-url", "http://localhost:1", http, true),
        ("--public-url", "http://api.example.com", http, false),
        ("--internal-prefix", "/a/b", URL, true),
        ("--internal-prefix", "/a/", URL, false),
        ("--internal-prefix", "a", URL, false),
        ("--dpop", "require", URL, true),
        ("--dpop", "maybe", URL, false),
        ("--dpop-alg", "ES384", DPOP, true),
        ("--dpop-alg", "Ed25519", DPOP, true),
        ("--dpop-alg", "ES512", DPOP, false),
        ("--dpop-alg", "HS256", DPOP, false),
        ("--dpop-alg", "es256", DPOP, false),
        ("--dpop-window", "5,300", DPOP, true),
        ("--dpop-window", "4,30", DPOP, false),
        ("--dpop-window", "60,301", DPOP, false),
        ("--dpop-window", "60", DPOP, false),
        ("--dpop-window", "+60,30", DPOP, false),
        ("--dpop-window", "60,30,1", DPOP, false),
        ("--dpop-replay", "memory:1024", DPOP, true),
        ("--dpop-replay", "memory:+1024", DPOP, false),
        ("--dpop-replay", "memory:1023", DPOP, false),
        ("--dpop-replay", "memory:16777217", DPOP, false),
        ("--dpop-replay", "memory:", DPOP, false),
        ("--dpop-replay", "redis://localhost", DPOP, false),
        ("--dpop-nonce-file", &files.secret, DPOP, true),
        ("--dpop-nonce-file", &files.long, DPOP, true),
        ("--dpop-nonce-file", &files.too_short, DPOP, false),
        ("--dpop-nonce-file", &files.too_long, DPOP, false),
        ("--dpop-nonce-file", "/nowhere", DPOP, false),
        ("--authorization-detail", "payment", &[], true),
        ("--signed-requests", &files.keys, URL, true),
        ("--signed-requests", &files.no_alg, URL, false),
        ("--signed-requests", &files.no_kid, URL, false),
        ("--signed-requests", &files.shared, URL, false),
        ("--signed-requests", &files.secret, URL, false),
    ] {
        assert_eq!(
            accepts(name, value, options),
            expected,
            "{name} {value} {options:?}"
        );
    }
    let windows = [("30", true), ("3600", true), ("29", false), ("3601", false)];
    for (window, expected) in windows {
        let options = [DPOP, &["--dpop-nonce-random"]].concat();
        assert_eq!(
            accepts("--dpop-nonce-window", window, &options),
            expected,
            "{window}"
        );
    }
    let signed = [URL, &["--signed-requests", &files.keys]].concat();
    for (file, expected) in [
        (&files.private, true),
        (&files.private_no_kid, false),
        (&files.private_no_alg, false),
        (&files.keys, false),
    ] {
        assert_eq!(
            accepts("--sign-responses", file, &signed),
            expected,
            "{file}"
        );
    }
    let bases: Vec<String> = (0..17)
        .map(|n| format!("--public-url=https://a{n}.example.com"))
        .collect();
    let bases: Vec<&str> = bases.iter().map(String::as_str).collect();
    assert!(is_ready(&bases[..16]) && !is_ready(&bases));
}

#[test]
fn forms_of_certificate_headers_are_named() {
    for (form, expected) in [
        ("rfc9440", true),
        ("xfcc:1", true),
        ("xfcc:0", false),
        ("xfcc", false),
        ("nginx:x-cert", true),
        ("nginx:", false),
        ("alb-verify", true),
        ("alb-passthrough", true),
        ("traefik2", true),
        ("traefik3", true),
        ("traefik", false),
        ("der:x-cert", true),
        ("pem", false),
    ] {
        let proxy = ["--trusted-proxy", "10.0.0.0/8"];
        let options = [&["--client-cert", form][..], &proxy].concat();
        assert_eq!(is_ready(&options), expected, "{form}");
    }
    for (network, expected) in [("10.0.0.0/8", true), ("10.0.0.1/8", false), ("here", false)] {
        let options = ["--client-cert", "rfc9440", "--trusted-proxy", network];
        assert_eq!(is_ready(&options), expected, "{network}");
    }
    let files = Files::new();
    let tls = [
        "--tls-cert",
        &*files.certificate,
        "--tls-key",
        &*files.key,
        "--tls-client-any",
    ];
    for (hash, expected) in [
        ("ab".repeat(32), true),
        ("ab".repeat(31), false),
        ("zz".repeat(32), false),
    ] {
        let options = ["--client-cert", "rfc9440", "--trusted-proxy-cert", &hash];
        assert_eq!(is_ready(&[&tls[..], &options].concat()), expected, "{hash}");
    }
}

#[test]
fn the_profile_refuses_what_it_does_not_allow() {
    let fapi = [DPOP, &["--fapi2"]].concat();
    for (options, expected) in [
        (["--dpop-window", "60,10"], true),
        (["--dpop-window", "60,60"], true),
        (["--dpop-window", "60,9"], false),
        (["--dpop-window", "60,61"], false),
        (["--dpop-replay", "memory:1024"], true),
        (["--dpop-replay", "off"], false),
        (["--dpop-alg", "ES256"], true),
        (["--dpop-alg", "Ed25519"], true),
        (["--dpop-alg", "RS256"], false),
        (["--dpop-alg", "ES384"], false),
    ] {
        assert_eq!(
            is_ready(&[&fapi[..], &options].concat()),
            expected,
            "{options:?}"
        );
    }
}

#[cfg(feature = "jwe")]
#[test]
fn decryption_keys_have_an_id_and_one_algorithm() {
    let files = Files::new();
    for (file, expected) in [
        (&files.decrypt, true),
        (&files.decrypt_no_kid, false),
        (&files.decrypt_no_alg, false),
        (&files.keys, false),
        (&files.secret, false),
    ] {
        assert_eq!(is_ready(&["--decrypt-keys", file]), expected, "{file}");
    }
}
