//! What is packed is unpacked as it was, or cut and marked.
#![expect(clippy::string_slice, reason = "a test panics where it fails")]

use std::net::IpAddr;
use std::time::Duration;

use proptest::prelude::*;

use super::event::{AuditEvent, Paths};
use super::field::HEADER;
use super::lane::Lane;
use super::packing::{Detail, pack, pack_summary};
use super::pseudonym::{AddressDetail, PseudonymKey};
use super::record::{CountOf, Outcome, Record, RecordedAddress, What};
use super::tally::Loss;
use super::unpacking::unpack;
use crate::address::{Origin, OriginProblem};
use crate::error::RejectionKind;
use crate::limits;
use crate::policy::{AuditLevel, Decision};
use crate::principal::{Principal, PrincipalKind};
use crate::secret::Secret;
use crate::secret_source::SecretSource;

const ID: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;

fn packed(event: &AuditEvent<'_>, detail: &Detail) -> Vec<u8> {
    let mut bytes = Vec::new();
    pack(event, ID, detail, &mut bytes);
    assert!(bytes.len() <= limits::AUDIT_RECORD);
    bytes
}

fn record(bytes: &[u8]) -> Record<'_> {
    unpack(bytes, 7).unwrap()
}

/// The longest beginning of a text that has at most so many bytes.
fn beginning(text: &str, most: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(|end| *end <= most).last().unwrap_or(0);
    &text[..end]
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![".{0,40}", "\\PC{0,400}", "[a-zé]{900,1300}"]
}

proptest! {
    #[test]
    fn texts_are_unpacked_as_they_were_up_to_their_length(
        subject in texts(),
        path in texts(),
        agent in texts(),
        action in texts(),
        resource in texts(),
        rule in texts(),
        trace in texts(),
        millis: u64,
        status in 1_u16..,
        latency: u64,
        port: u16,
    ) {
        let caller = Principal::builder(PrincipalKind::Session, "idp").subject(subject.as_str());
        let caller = caller.build();
        let decision = Decision::allow().because(rule.as_str());
        let address: IpAddr = "2001:db8::7".parse().unwrap();
        let via: IpAddr = "192.0.2.1".parse().unwrap();
        let event = AuditEvent::new(What::Completed, millis)
            .with_principal(&caller)
            .with_decision(&decision)
            .with_origin(&Origin::known(address, Some(via)))
            .with_port(port)
            .with_path(&path)
            .with_user_agent(agent.as_bytes())
            .with_action(&action)
            .with_resource(&resource)
            .with_trace(&trace)
            .with_status(status)
            .with_latency(Duration::from_micros(latency))
            .with_level(AuditLevel::Full);
        let bytes = packed(&event, &Detail::default());
        let record = record(&bytes);
        let path = path.split(['?', '#']).next().unwrap();
        let caller = record.caller.unwrap();
        prop_assert_eq!(caller.subject, Some(beginning(&subject, 255)));
        prop_assert_eq!((caller.authority, caller.kind), ("idp", "session"));
        prop_assert_eq!(record.path, Some(beginning(path, 1_024)));
        prop_assert_eq!(record.user_agent, Some(beginning(&agent, 256)));
        prop_assert_eq!(record.action, Some(beginning(&action, 255)));
        prop_assert_eq!(record.resource, Some(beginning(&resource, 255)));
        prop_assert_eq!(record.rule, Some(beginning(&rule, 255)));
        prop_assert_eq!(record.reasons, [beginning(&rule, 64)]);
        prop_assert_eq!(record.trace, Some(trace.as_str()));
        prop_assert_eq!((record.millis, record.sequence, record.id), (millis, 7, ID));
        prop_assert_eq!((record.status, record.port), (Some(status), Some(port)));
        prop_assert_eq!(record.latency, Some(latency));
        prop_assert_eq!(record.address, Some(RecordedAddress::Address(address)));
        prop_assert_eq!(record.via, Some(via));
        let longest = [&subject, &action, &resource].into_iter().map(String::len).max().unwrap();
        let is_cut = longest > 255 || path.len() > 1_024 || agent.len() > 256 || rule.len() > 64;
        prop_assert_eq!(record.is_cut, is_cut);
    }

    #[test]
    fn bytes_that_no_packing_made_are_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = unpack(&bytes, 1);
    }

    #[test]
    fn a_changed_record_is_no_panic(at: prop::sample::Index, to: u8) {
        let claims = r#"{"a":1,"b":2}"#;
        let caller = Principal::builder(PrincipalKind::ApiKey, "idp").claims(claims).unwrap();
        let caller = caller.subject("alice").scopes(["a", "b"]).build();
        let limits = [("default", "pass")];
        let event = AuditEvent::new(What::Decision, 1)
            .with_principal(&caller)
            .with_client(&caller)
            .with_claimed([7; 8])
            .with_limits(&limits)
            .with_matter("code", "of")
            .with_lock(3, 60)
            .with_level(AuditLevel::Full);
        let mut bytes = packed(&event, &Detail::default());
        let at = at.index(bytes.len());
        bytes[at] = to;
        let _ = unpack(&bytes, 1);
        let _ = unpack(&bytes[..at], 1);
    }
}

#[test]
fn lists_and_other_fields_are_unpacked() {
    let claims = r#"{"tenant":"acme","role":"admin"}"#;
    let caller = Principal::builder(PrincipalKind::ApiKey, "idp")
        .claims(claims)
        .unwrap();
    let caller = caller
        .subject("alice")
        .client("shop")
        .scopes(["a", "b"])
        .build();
    let client = Principal::builder(PrincipalKind::AccessToken, "other")
        .client("app")
        .build();
    let limits = [("default", "pass"), ("writes", "near")];
    let event = AuditEvent::new(What::Decision, 1)
        .with_principal(&caller)
        .with_client(&client)
        .with_claimed([7; 8])
        .with_kind(RejectionKind::SignatureInvalid)
        .with_limits(&limits)
        .with_matter("code", "of")
        .with_lock(3, 60)
        .with_policy_version("v1")
        .with_level(AuditLevel::Full);
    let bytes = packed(&event, &Detail::default());
    let record = record(&bytes);
    assert_eq!(record.limits, limits);
    assert_eq!(record.scopes, ["a", "b"]);
    assert_eq!(record.claim_names, ["tenant", "role"]);
    let [caller, client] = [record.caller, record.client].map(Option::unwrap);
    assert_eq!([caller.client, client.client], [Some("shop"), Some("app")]);
    assert_eq!([caller.authority, client.authority], ["idp", "other"]);
    assert_eq!((record.claimed, record.lock), (Some([7; 8]), Some((3, 60))));
    assert_eq!(record.subject_matter, Some(("code", "of")));
    assert_eq!(record.policy_version, Some("v1"));
    assert_eq!(
        (record.kind, record.outcome),
        (Some("signature_invalid"), Outcome::Rejected)
    );
    assert!(record.is_alert && !record.is_cut);
}

#[test]
fn every_kind_is_unpacked_with_its_class() {
    for kind in RejectionKind::ALL {
        let bytes = packed(
            &AuditEvent::new(What::Decision, 1).with_kind(*kind),
            &Detail::default(),
        );
        let record = record(&bytes);
        assert_eq!(record.kind, Some(kind.as_str()));
        assert_ne!(record.outcome, Outcome::Allowed);
    }
    assert!(RejectionKind::ALL.len() < usize::from(u8::MAX));
    let bytes = packed(&AuditEvent::new(What::Decision, 1), &Detail::default());
    assert_eq!(
        (record(&bytes).kind, record(&bytes).outcome),
        (None, Outcome::Allowed)
    );
}

#[test]
fn reasons_and_limits_are_eight_of_sixty_four_bytes() {
    let name = "n".repeat(100);
    let limits = vec![(name.as_str(), "pass"); 9];
    let event = AuditEvent::new(What::Decision, 1).with_limits(&limits);
    let bytes = packed(&event, &Detail::default());
    let record = record(&bytes);
    assert_eq!(record.limits, [(&name[..64], "pass"); 8]);
    assert!(record.is_cut);
}

#[test]
fn a_summary_is_unpacked() {
    let loss = Loss {
        count: 5,
        first_millis: 10,
        last_millis: 90,
    };
    let mut bytes = Vec::new();
    pack_summary(RejectionKind::TokenExpired, loss, 3, ID, &mut bytes);
    let record = record(&bytes);
    let count = CountOf {
        count: 5,
        first_millis: 10,
        last_millis: 90,
        sources: Some(3),
        lane: None,
    };
    assert_eq!((record.what, record.count), (What::Summary, Some(count)));
    assert_eq!((record.kind, record.millis), (Some("token_expired"), 90));
}

fn key() -> PseudonymKey {
    let read = || -> Result<Secret, std::io::Error> { Ok(Secret::new(vec![7; 32])) };
    PseudonymKey::new(1, &SecretSource::from_fn("test", read)).unwrap()
}

#[test]
fn pseudonyms_replace_names_and_addresses() {
    let caller = Principal::builder(PrincipalKind::AccessToken, "idp").subject("alice");
    let caller = caller.client("shop").build();
    let origin = Origin::known("203.0.113.7".parse().unwrap(), None);
    let event = AuditEvent::new(What::Decision, 1)
        .with_principal(&caller)
        .with_origin(&origin)
        .with_port(443);
    let detail = Detail {
        addresses: AddressDetail::Keyed,
        pseudonyms: Some(key()),
        paths: Paths::Path,
    };
    let bytes = packed(&event, &detail);
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("alice") && !text.contains("shop"));
    let record = record(&bytes);
    let caller = record.caller.unwrap();
    assert!(caller.is_pseudonym);
    assert!(caller.subject.unwrap().starts_with("p1:"));
    assert!(caller.client.unwrap().starts_with("p1:"));
    assert!(
        matches!(record.address, Some(RecordedAddress::Keyed(text)) if text.starts_with("p1:"))
    );
    assert_eq!(record.port, None);
}

#[test]
fn addresses_are_recorded_in_their_detail() {
    let origin = Origin::known("203.0.113.7".parse().unwrap(), None);
    let event = AuditEvent::new(What::Decision, 1)
        .with_origin(&origin)
        .with_port(443);
    for (addresses, address, port) in [
        (AddressDetail::Full, Some("203.0.113.7"), Some(443)),
        (AddressDetail::Prefix, Some("203.0.113.0"), None),
        (AddressDetail::None, None, None),
    ] {
        let detail = Detail {
            addresses,
            ..Detail::default()
        };
        let bytes = packed(&event, &detail);
        let record = record(&bytes);
        let expected = address.map(|text| RecordedAddress::Address(text.parse().unwrap()));
        assert_eq!((record.address, record.port), (expected, port));
    }
    let unknown = Origin::unknown(None, OriginProblem::HeaderMissing);
    let event = AuditEvent::new(What::Decision, 1).with_origin(&unknown);
    let bytes = packed(&event, &Detail::default());
    assert_eq!(record(&bytes).address_problem, Some("header_missing"));
}

#[test]
fn a_usual_record_is_small() {
    let caller = Principal::builder(PrincipalKind::AccessToken, "https://idp.example.com");
    let caller = caller.subject("user-0123456789").client("shop").build();
    let decision = Decision::allow().because("readers");
    let event = AuditEvent::new(What::Decision, 1)
        .with_principal(&caller)
        .with_decision(&decision)
        .with_method("GET")
        .with_path("/orders/0123456789")
        .with_action("orders:read")
        .with_user_agent(b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
        .with_status(200);
    let bytes = packed(&event, &Detail::default());
    assert!((HEADER..350).contains(&bytes.len()), "{}", bytes.len());
    assert_eq!(Lane::ALL.len(), 3);
}
