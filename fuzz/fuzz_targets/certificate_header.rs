//! The headers in which proxies pass on client certificates.
//!
//! The input is the form, as a letter, and then the lines of the header. The peer is trusted.
//!
//! Property: nothing panics; a header of several lines is refused; a certificate that was read is one DER
//! sequence (or a hash that the header has in hexadecimal digits), and what was read can be written again
//! in that form and read to the same certificate.
#![no_main]

use std::net::SocketAddr;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bearergate::binding::{CertificateHeader, ForwardedCertificates};
use bearergate::request::{ClientCertificate, RequestFacts, TrustedPeers};
use http::{HeaderMap, HeaderValue, Method, Uri};
use libfuzzer_sys::fuzz_target;

const FORMS: [&str; 9] = [
    "rfc9440",
    "xfcc:1",
    "xfcc:2",
    "nginx:x-client-cert",
    "alb-verify",
    "alb-passthrough",
    "traefik2",
    "traefik3",
    "der:x-ssl-client-der",
];

static READERS: LazyLock<Vec<ForwardedCertificates>> = LazyLock::new(|| {
    let reader = |form: &str| {
        let form: CertificateHeader = form.parse().expect("the form is valid");
        let peers = TrustedPeers::networks(["10.0.0.0/8"]).expect("the network is valid");
        ForwardedCertificates::from(form, peers)
    };
    FORMS.into_iter().map(reader).collect()
});

fuzz_target!(|text: &[u8]| {
    let Some((first, rest)) = text.split_first() else {
        return;
    };
    let number = usize::from(first.wrapping_sub(b'a')) % FORMS.len();
    let lines: Vec<_> = rest.split(|byte| *byte == b'\n').collect();
    let Some(found) = read(number, &lines) else {
        return;
    };
    let Ok(Some(certificate)) = found else {
        return;
    };
    assert_eq!(lines.len(), 1, "several lines");
    let Some(der) = certificate.as_der() else {
        let hash: String = certificate
            .sha256()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let text = String::from_utf8_lossy(rest).to_lowercase();
        assert!(FORMS[number].starts_with("xfcc") && text.contains(&hash));
        return;
    };
    assert_eq!(der.first(), Some(&0x30), "no sequence");
    let written = write(FORMS[number], der);
    let again = read(number, &[written.as_bytes()]).expect("it is a header value");
    let again = again
        .expect("what was written is read")
        .expect("there is a certificate");
    assert_eq!(again.sha256(), certificate.sha256());
});

type Found = Result<Option<ClientCertificate>, bearergate::Rejection>;

fn read(number: usize, lines: &[&[u8]]) -> Option<Found> {
    let reader = READERS.get(number)?;
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(reader.header(), HeaderValue::from_bytes(line).ok()?);
    }
    let (method, uri) = (Method::GET, Uri::from_static("/"));
    let peer: SocketAddr = "10.0.0.1:443".parse().expect("the address is valid");
    Some(reader.read(&RequestFacts::new(&method, &uri, &headers).with_peer(peer)))
}

fn write(form: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    let lines = lines.join("\n");
    let pem = format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n");
    let escape = |text: &str| {
        text.bytes()
            .map(|b| format!("%{b:02X}"))
            .collect::<String>()
    };
    match form {
        "rfc9440" => format!(":{text}:"),
        "xfcc:1" => format!("Cert=\"{}\"", escape(&pem)),
        "xfcc:2" => format!("Cert=\"{}\",By=nearest", escape(&pem)),
        "traefik2" => escape(&text),
        "traefik3" | "der:x-ssl-client-der" => text,
        _ => escape(&pem),
    }
}
