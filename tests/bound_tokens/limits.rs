//! Limits of requests whose proof is refused.

use std::net::SocketAddr;

use bearergate::address::Proxies;
use bearergate::gate::Admitted;
use bearergate::http_response::Refusal;
use bearergate::limit::{By, Limit, Limits, Rate};
use bearergate::request::PeerAddress;
use bearergate::{Gate, RejectionKind};

use crate::common::*;

fn gate(once: &Once) -> Gate {
    let per_minute = |quota| Rate::per_minute(quota).unwrap();
    let limits = Limits::builder()
        .limit(Limit::rate("sources", per_minute(100)).by(By::Source))
        .limit(Limit::rate("callers", per_minute(3)));
    let gate = builder()
        .validator(constrained(once))
        .proxies(Proxies::none())
        .limits(limits.build().unwrap());
    gate.allow_any_authenticated().build().unwrap()
}

fn check(gate: &Gate, proof: &str) -> Result<Admitted, Refusal> {
    let authorization = format!("Bearer {}", bound(1));
    let mut parts = request(&[("authorization", &authorization), (proof, "1")]);
    let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
    parts.extensions.insert(PeerAddress(peer));
    drive(gate.check(&parts))
}

fn left(admitted: &Admitted, limit: &str) -> Option<u32> {
    let mut standings = admitted.charges().standings();
    Some(standings.find(|own| own.limit() == limit)?.left())
}

// A thief of a token must not use up the limits of its owner.
#[test]
fn a_refused_proof_charges_the_source_and_not_the_caller() {
    for once in [Once::default(), Once::slow()] {
        let gate = gate(&once);
        let first = check(&gate, "good-proof").unwrap();
        assert_eq!(
            (left(&first, "sources"), left(&first, "callers")),
            (Some(99), Some(2))
        );
        for _ in 0..5 {
            let refusal = check(&gate, "bad-proof").unwrap_err();
            assert_eq!(refusal.kind(), RejectionKind::ProofInvalid);
        }
        once.reset();
        let last = check(&gate, "good-proof").unwrap();
        assert_eq!(
            (left(&last, "sources"), left(&last, "callers")),
            (Some(93), Some(1))
        );
    }
}
