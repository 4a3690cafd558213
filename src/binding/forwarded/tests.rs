use std::num::NonZeroU8;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, Request};
use proptest::prelude::*;

use super::*;
use crate::clock::{FakeClock, UnixTime};
use crate::request::PeerAddress;

/// Bytes of one DER sequence, whose base64 has all letters of the alphabet.
fn der(first: u8) -> Vec<u8> {
    let mut der = vec![0x30, 0x82, 0x01, 0x00, first];
    der.extend((0..255_u8).map(|byte| byte.wrapping_mul(37)));
    der
}

fn pem(der: &[u8], line_end: &str) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(|l| str::from_utf8(l).unwrap())
        .collect();
    let body = lines.join(line_end);
    format!(
        "-----BEGIN CERTIFICATE-----{line_end}{body}{line_end}-----END CERTIFICATE-----{line_end}"
    )
}

fn escaped(text: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let escape = |c: char| match keep(c) {
        true => c.to_string(),
        false => format!("%{:02X}", c as u32),
    };
    text.chars().map(escape).collect()
}

const NGINX: HeaderName = HeaderName::from_static("x-client-cert");

fn hops(hops: u8) -> CertificateHeader {
    CertificateHeader::Xfcc {
        hops: NonZeroU8::new(hops).unwrap(),
    }
}

/// Each form, with a good value for a certificate.
fn forms(der: &[u8]) -> Vec<(CertificateHeader, String)> {
    let base64 = STANDARD.encode(der);
    vec![
        (CertificateHeader::Rfc9440, format!(":{base64}:")),
        (
            hops(1),
            format!("By=spiffe://a;Cert=\"{}\"", escaped(&pem(der, "\n"))),
        ),
        (CertificateHeader::Nginx(NGINX), escaped(&pem(der, "\n"))),
        (CertificateHeader::AlbVerify, escaped(&pem(der, "\n"))),
        (CertificateHeader::AlbPassthrough, escaped(&pem(der, "\n"))),
        (CertificateHeader::TraefikV2, escaped(&base64)),
        (CertificateHeader::TraefikV3, base64.clone()),
        (CertificateHeader::Base64Der(NGINX), base64),
    ]
}

fn proxies() -> TrustedPeers {
    TrustedPeers::networks(["10.0.0.0/8"]).unwrap()
}

fn parts(form: &CertificateHeader, values: &[&str], peer: &str) -> Parts {
    let mut request = Request::get("/");
    for value in values {
        request = request.header(form.header(), *value);
    }
    let peer = PeerAddress(format!("{peer}:443").parse().unwrap());
    request.extension(peer).body(()).unwrap().into_parts().0
}

/// The hash of the certificate, or whether the header is malformed.
fn read(form: &CertificateHeader, values: &[&str]) -> Result<Option<[u8; 32]>, RejectionKind> {
    let forwarded = ForwardedCertificates::from(form.clone(), proxies());
    read_with(&forwarded, form, values)
}

fn read_with(
    forwarded: &ForwardedCertificates,
    form: &CertificateHeader,
    values: &[&str],
) -> Result<Option<[u8; 32]>, RejectionKind> {
    let mut parts = parts(form, values, "10.0.0.1");
    forwarded
        .apply(&mut parts)
        .map_err(|rejection| rejection.kind())?;
    let certificate = parts.extensions.get::<ClientCertificate>();
    Ok(certificate.map(|own| *own.sha256()))
}

fn hash(der: &[u8]) -> [u8; 32] {
    *ClientCertificate::from_der(der).sha256()
}

const MALFORMED: Result<Option<[u8; 32]>, RejectionKind> = Err(RejectionKind::CredentialMalformed);

#[test]
fn each_form_is_read() {
    let der = der(1);
    for (form, value) in forms(&der) {
        assert_eq!(read(&form, &[&value]), Ok(Some(hash(&der))), "{form:?}");
        assert_eq!(read(&form, &[]), Ok(None), "{form:?}");
    }
}

// Defect F09 (two fields, a list, or bytes behind the certificate): docs/defects.md
#[test]
fn two_lines_and_values_that_are_none_are_malformed() {
    let der = der(1);
    for (form, value) in forms(&der) {
        assert_eq!(read(&form, &[&value, &value]), MALFORMED, "{form:?}");
        let (cut, _) = value.split_at(value.len() - 20);
        for bad in [
            cut,
            "x",
            &format!("{value} x"),
            &format!("x{value}"),
            &value.replace('%', "%%"),
        ] {
            // An unknown key of Envoy is no fault.
            let is_key = matches!(form, CertificateHeader::Xfcc { .. }) && bad.starts_with("xBy");
            if bad != value && !is_key {
                assert_eq!(read(&form, &[bad]), MALFORMED, "{form:?} {bad}");
            }
        }
        let long = "A".repeat(16 * 1_024 + 1);
        assert_eq!(read(&form, &[&long]), MALFORMED, "{form:?}");
    }
}

#[test]
fn an_empty_value_is_no_certificate_where_proxies_send_it() {
    for (form, _) in forms(&der(1)) {
        let expected = match form {
            CertificateHeader::Nginx(_) | CertificateHeader::Base64Der(_) => Ok(None),
            _ => MALFORMED,
        };
        assert_eq!(read(&form, &[""]), expected, "{form:?}");
    }
}

// CVE-2026-46579: a header of anyone was believed.
// Defect F01 (certificate header of a client believed): docs/defects.md
// Defect F05 (header of an untrusted peer believed): docs/defects.md
#[test]
fn the_header_of_a_peer_that_is_not_trusted_counts_as_absent() {
    let der = der(1);
    for (form, value) in forms(&der) {
        let forwarded = ForwardedCertificates::from(form.clone(), proxies());
        for value in [&*value, "x"] {
            let mut parts = parts(&form, &[value], "192.0.2.1");
            parts
                .extensions
                .insert(ClientCertificate::from_sha256([9; 32]));
            forwarded.apply(&mut parts).unwrap();
            assert!(parts.extensions.get::<ClientCertificate>().is_none());
        }
        let mut ignored = 0;
        forwarded.samples(&mut |sample| ignored += sample.value);
        assert_eq!(ignored, 2);
        let mut unknown = parts(&form, &[&value], "10.0.0.1");
        unknown.extensions.remove::<PeerAddress>();
        forwarded.apply(&mut unknown).unwrap();
        assert!(unknown.extensions.get::<ClientCertificate>().is_none());
    }
}

// Defect F10 (certificate of the proxy taken for that of the client): docs/defects.md
#[test]
fn the_certificate_of_the_proxy_is_not_that_of_the_client() {
    let form = CertificateHeader::Rfc9440;
    let own = ClientCertificate::from_der(der(9));
    let peers = TrustedPeers::certificates([*own.sha256()]).unwrap();
    let forwarded = ForwardedCertificates::from(form.clone(), peers);
    let value = format!(":{}:", STANDARD.encode(der(1)));
    for (values, expected) in [(vec![&*value], Some(hash(&der(1)))), (vec![], None)] {
        let mut parts = parts(&form, &values, "192.0.2.1");
        parts.extensions.insert(own.clone());
        forwarded.apply(&mut parts).unwrap();
        let found = parts.extensions.get::<ClientCertificate>();
        assert_eq!(found.map(|found| *found.sha256()), expected);
    }
}

// Defect F12 (header with underscores read as the one with hyphens): docs/defects.md
#[test]
fn look_alikes_of_the_name_are_not_read() {
    let value = format!(":{}:", STANDARD.encode(der(1)));
    let forwarded = ForwardedCertificates::from(CertificateHeader::Rfc9440, proxies());
    for name in ["client_cert", "x-client-cert", "client-cert-chain"] {
        let mut parts = parts(&CertificateHeader::Rfc9440, &[], "10.0.0.1");
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        parts.headers.insert(name, value.parse().unwrap());
        assert_eq!(forwarded.read(&RequestFacts::from(&parts)).unwrap(), None);
    }
}

// Defect F14 (result of the verification by the proxy not read): docs/defects.md
#[test]
fn a_demand_must_be_met() {
    let form = CertificateHeader::Rfc9440;
    let name = HeaderName::from_static("x-ssl-client-verify");
    let forwarded = ForwardedCertificates::from(form.clone(), proxies());
    let forwarded = forwarded.demand(name.clone(), "SUCCESS");
    let value = format!(":{}:", STANDARD.encode(der(1)));
    for (values, expected) in [
        (vec!["SUCCESS"], true),
        (vec!["FAILED:unable to verify"], false),
        (vec!["NONE"], false),
        (vec!["success"], false),
        (vec!["SUCCESS", "SUCCESS"], false),
        (vec![], false),
    ] {
        let mut parts = parts(&form, &[&value], "10.0.0.1");
        for value in &values {
            parts.headers.append(&name, value.parse().unwrap());
        }
        let found = forwarded.read(&RequestFacts::from(&parts)).unwrap();
        assert_eq!(found.is_some(), expected, "{values:?}");
    }
}

// Defect F06 (plus sign decoded as a space): docs/defects.md
#[test]
fn a_plus_is_a_digit_of_base64() {
    // wso2/product-is#5085: it was read as a space.
    let der = der(1);
    let text = pem(&der, "\n");
    assert!(text.contains('+'));
    for form in [
        CertificateHeader::Nginx(NGINX),
        CertificateHeader::AlbVerify,
    ] {
        let (plain, encoded) = (escaped(&text), escaped(&text).replace('+', "%2B"));
        assert_eq!(read(&form, &[&plain]), Ok(Some(hash(&der))));
        assert_eq!(read(&form, &[&encoded]), Ok(Some(hash(&der))));
        assert_eq!(read(&form, &[&plain.replace('+', "%20")]), MALFORMED);
    }
}

#[test]
fn lines_of_pem_end_with_lf_or_crlf() {
    let der = der(1);
    let form = CertificateHeader::Nginx(NGINX);
    for end in ["\n", "\r\n"] {
        let text = pem(&der, end);
        assert_eq!(read(&form, &[&escaped(&text)]), Ok(Some(hash(&der))));
        assert_eq!(
            read(&form, &[&escaped(text.trim_end())]),
            Ok(Some(hash(&der)))
        );
        let two = format!("{text}{text}");
        assert_eq!(read(&form, &[&escaped(&two)]), MALFORMED);
        assert_eq!(read(&form, &[&escaped(&format!("a{text}"))]), MALFORMED);
        assert_eq!(read(&form, &[&escaped(&format!("{text}a"))]), MALFORMED);
    }
    assert_eq!(read(&form, &[&escaped(&pem(&der, "\r"))]), MALFORMED);
    let folded = pem(&der, "\n").replace('\n', "\n\t");
    assert_eq!(read(&form, &[&escaped(&folded)]), MALFORMED);
}

#[test]
fn of_a_chain_the_first_is_the_clients() {
    let (leaf, other) = (der(1), der(2));
    let chain = pem(&leaf, "\n") + &pem(&other, "\n");
    let form = CertificateHeader::AlbPassthrough;
    assert_eq!(read(&form, &[&escaped(&chain)]), Ok(Some(hash(&leaf))));
    assert_eq!(read(&form, &[&escaped(&format!("{chain}x"))]), MALFORMED);
    let list = format!("{},{}", STANDARD.encode(&leaf), STANDARD.encode(&other));
    assert_eq!(
        read(&CertificateHeader::TraefikV3, &[&list]),
        Ok(Some(hash(&leaf)))
    );
    assert_eq!(
        read(&CertificateHeader::TraefikV2, &[&escaped(&list)]),
        Ok(Some(hash(&leaf)))
    );
    assert_eq!(
        read(&CertificateHeader::Base64Der(NGINX), &[&list]),
        MALFORMED
    );
    let rfc = format!(
        ":{}:, :{}:",
        STANDARD.encode(&leaf),
        STANDARD.encode(&other)
    );
    assert_eq!(read(&CertificateHeader::Rfc9440, &[&rfc]), MALFORMED);
    let parameters = format!(":{}:;a=1", STANDARD.encode(&leaf));
    assert_eq!(read(&CertificateHeader::Rfc9440, &[&parameters]), MALFORMED);
}

#[test]
fn bytes_after_the_certificate_are_malformed() {
    let mut long = der(1);
    long.push(0);
    let mut short = der(1);
    short.pop();
    let indefinite = [&[0x30, 0x80], &der(1)[4..]].concat();
    let not_a_sequence = [&[0x31], &der(1)[1..]].concat();
    for bad in [long, short, indefinite, not_a_sequence, vec![], vec![0x30]] {
        for (form, value) in forms(&bad) {
            if bad.is_empty() && matches!(form, CertificateHeader::Base64Der(_)) {
                continue;
            }
            assert_eq!(read(&form, &[&value]), MALFORMED, "{form:?}");
        }
    }
}

fn hex(der: &[u8]) -> String {
    let hash = hash(der);
    hash.iter().map(|b| format!("{b:02x}")).collect()
}

// A proxy that appends to the header writes behind what the client has sent, and what it writes has texts
// of the certificate of the client.
#[test]
fn a_quote_of_the_client_hides_no_element() {
    let (own, victim) = (hex(&der(1)), hex(&der(2)));
    let behind = |client: &str, proxy: &str| read(&hops(1), &[&format!("{client},{proxy}")]);
    let subject = format!(r#"By=p;Hash={own};Subject="CN=a,O=b;x=\"c\"""#);
    assert_eq!(behind("x=1", &subject), Ok(Some(hash(&der(1)))));
    for client in [
        "x=\"",
        "Subject=\"",
        "x=\"\\",
        "\"",
        "a\"b",
        "Subject=\"\"\"",
    ] {
        assert_eq!(behind(client, &subject), MALFORMED, "{client}");
        for proxy in [
            format!(r#"By=p;Hash={own};Subject="CN=a,Hash={victim};x=\"""#),
            format!(r#"By=p;Hash={own};Subject="CN=a";URI=spiffe://a";Hash={victim}"#),
            format!(r#"By=p;Hash={own};URI=spiffe://a";Hash={victim}"#),
            format!(r#"Hash={own};URI=spiffe://a",Hash={victim}"#),
            format!(r#"Hash={own};URI=spiffe://a",x="";Hash={victim}"#),
        ] {
            assert_eq!(behind(client, &proxy), MALFORMED, "{client} {proxy}");
        }
    }
    // Keys in a subject are no keys.
    let keys = format!(r#"Hash={own};Subject="CN=a;Hash={victim}""#);
    assert_eq!(read(&hops(1), &[&keys]), Ok(Some(hash(&der(1)))));
}

// Defect F07 (first element of X-Forwarded-Client-Cert taken): docs/defects.md
// Defect F08 (Hash and Cert that disagree, separators in quotes): docs/defects.md
#[test]
fn elements_of_envoy_are_counted_from_the_right() {
    let (near, far) = (der(1), der(2));
    let value = format!("Hash={};By=a,By=b;Hash={}", hex(&far), hex(&near));
    assert_eq!(read(&hops(1), &[&value]), Ok(Some(hash(&near))));
    assert_eq!(read(&hops(2), &[&value]), Ok(Some(hash(&far))));
    assert_eq!(read(&hops(3), &[&value]), MALFORMED);
    let subject = r#"Subject="CN=a,b;c\"d""#;
    for (value, expected) in [
        (
            format!("{subject};hash={}", hex(&near)),
            Ok(Some(hash(&near))),
        ),
        (
            format!("{subject};HASH=\"{}\"", hex(&near)),
            Ok(Some(hash(&near))),
        ),
        (
            format!("Hash={}", hex(&near).to_uppercase()),
            Ok(Some(hash(&near))),
        ),
        (subject.to_owned(), Ok(None)),
        (
            format!("Hash={};Hash={}", hex(&near), hex(&near)),
            MALFORMED,
        ),
        (format!("Hash={}", hex(&near).split_off(1)), MALFORMED),
        (
            format!(
                "{};Hash={}",
                subject.split_at(subject.len() - 1).0,
                hex(&near)
            ),
            MALFORMED,
        ),
        ("x".to_owned(), MALFORMED),
    ] {
        assert_eq!(read(&hops(1), &[&value]), expected, "{value}");
    }
    let with = |cert: &[u8]| format!("Hash={};Cert=\"{}\"", hex(&near), escaped(&pem(cert, "\n")));
    assert_eq!(read(&hops(1), &[&with(&near)]), Ok(Some(hash(&near))));
    assert_eq!(read(&hops(1), &[&with(&far)]), MALFORMED);
}

// Envoy does not escape the names of a certificate, so a comma of one begins an element.
// Defect F15 (element in a name of a certificate): docs/defects.md
#[test]
fn an_element_in_a_name_of_the_certificate_is_refused_where_elements_are_counted() {
    let (thief, victim) = (hex(&der(1)), hex(&der(2)));
    for name in ["URI=spiffe://a", "DNS=a.example.com"] {
        let good = format!("By=b;Hash={thief};{name}");
        let bad = format!("{good},Hash={victim}");
        for (number, more) in [(1, ""), (2, ",By=c;Hash=00")] {
            let form = hops(number);
            let forwarded = ForwardedCertificates::from(form.clone(), proxies());
            let counted = forwarded.clone().refuse_more_elements();
            // The far proxy sees the client, and the near one appends its own element.
            let line = |own: &str| format!("{own}{more}");
            let own = Ok(Some(hash(&der(1))));
            assert_eq!(read_with(&counted, &form, &[&line(&good)]), own, "{name}");
            assert_eq!(read_with(&counted, &form, &[&line(&bad)]), MALFORMED);
            // By default elements of clients may stand on the left, and then it cannot be told.
            let believed = Ok(Some(hash(&der(2))));
            assert_eq!(read_with(&forwarded, &form, &[&line(&bad)]), believed);
        }
    }
}

proptest! {
    #[test]
    fn any_value_is_read_without_a_panic(value in "[ -~]{0,200}") {
        for (form, good) in forms(&der(1)) {
            for is_exact in [false, true] {
                let _ = form.certificate(value.as_bytes(), is_exact);
                let _ = form.certificate(format!("{value}{good}").as_bytes(), is_exact);
            }
        }
    }
}

#[test]
fn ignored_headers_are_reported_once_a_second_with_their_count() {
    #[derive(Debug, Default)]
    struct Seen(Mutex<Vec<(String, u64)>>);

    impl Observer for Seen {
        fn observe(&self, event: &Event<'_>) {
            if let Event::ForwardedCertificateIgnored { peer, count } = event {
                self.0.lock().unwrap().push(((*peer).to_owned(), *count));
            }
        }
    }

    let (clock, seen) = (
        FakeClock::at(UnixTime::from_secs(1_000)),
        Arc::new(Seen::default()),
    );
    let peers = TrustedPeers::networks(["10.0.0.0/8"]).unwrap();
    let forwarded = ForwardedCertificates::from(CertificateHeader::Rfc9440, peers);
    let forwarded = forwarded.clock(clock.clone()).observer(Arc::clone(&seen));
    let request = http::Request::get("/")
        .header("client-cert", ":AA==:")
        .body(())
        .unwrap();
    let peer = "192.0.2.1:443".parse().unwrap();
    let ignored = || {
        forwarded
            .read(&RequestFacts::from(&request).with_peer(peer))
            .unwrap()
    };
    for _ in 0..3 {
        assert_eq!(ignored(), None);
    }
    clock.advance(Duration::from_secs(1));
    assert_eq!(ignored(), None);
    let expected = [("192.0.2.1".to_owned(), 1), ("192.0.2.1".to_owned(), 3)];
    assert_eq!(*seen.0.lock().unwrap(), expected);
}
