//! Validation of one token, or one decision, repeated a given number of times for callgrind.
//!
//! `benches/instructions.sh` runs it as `instructions WHAT COUNT`. `WHAT` is `validate`, `raw`,
//! `gate-plain`, `gate-full`, `limit` (one limit by caller), `audit` (a record of the audit trail, at
//! most 10 000 times), or `policy` or `plain` with a number of rules and the fact that they compare:
//! `policy-10-action`; or `dpop`, `dpop-raw`, `dpop-nonce`, `dpop-key` (by another key), `dpop-path` (for
//! another path), `replay` (a claim), `message` and `message-raw`. With other arguments, such as those of cargo, it validates the token once.

#![expect(clippy::expect_used, reason = "a bench panics at the first error")]

#[path = "common/audited.rs"]
mod audited;
mod common;
#[path = "common/gates.rs"]
mod gates;
#[path = "common/proofs.rs"]
mod proofs;
#[path = "common/rules.rs"]
mod rules;

use std::hint::black_box;
use std::time::Duration;
use std::{io, thread};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::audit::{Audit, AuditSink, Batch, Encoding};
use bearergate::clock::UnixTime;
use bearergate::credential::PresentedCredential;
use bearergate::crypto::Provider;
use bearergate::limit::{Ask, Limit, Limits, Rate};
use bearergate::principal::PrincipalKind;
use bearergate::replay::{ReplayMark, ReplayStore, ReplayTable};
use bearergate::{Gate, Principal, TokenValidator};
use proofs::{Freshness, Proof, SignedRequest};
use ring::hmac;

fn main() {
    let mut args = std::env::args().skip(1);
    let what = args.next().unwrap_or_default();
    let count = args.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    if let [form @ ("policy" | "plain"), rules, by] = what.split('-').collect::<Vec<_>>()[..] {
        let rules = rules::Rules::new(rules.parse().expect("a number"), by);
        return decide(form == "policy", &rules, count);
    }
    match what.as_str() {
        "audit" => return audit(count),
        "limit" => return limit(count),
        "replay" => return replay(count),
        "message" | "message-raw" => return message(&what, count),
        what if what.starts_with("dpop") => return dpop(what, count),
        _ => {}
    }
    let sample = common::Sample::new("HS256");
    match what.as_str() {
        "raw" => raw(&sample, count),
        "gate-plain" => check(&gates::plain(&sample), &sample, count),
        "gate-full" => check(&gates::full(&sample), &sample, count),
        _ => validate(&sample, count),
    }
}

fn decide(is_policy: bool, rules: &rules::Rules, count: u32) {
    let request = rules.request();
    for _ in 0..count {
        if is_policy {
            assert!(black_box(rules.policy.decide(black_box(&request))).is_allowed());
        } else {
            assert!(rules.tree.holds(black_box(&request)));
        }
    }
}

fn validate(sample: &common::Sample, count: u32) {
    let validator = sample.validator(Provider::ring());
    for _ in 0..count {
        let presented = PresentedCredential::bearer(black_box(&sample.token)).expect("a token");
        let presented = presented.at(common::NOW);
        let validated = validator.validate(&presented).try_now().expect("ready");
        black_box(validated.expect("accepted"));
    }
}

fn check(gate: &Gate, sample: &common::Sample, count: u32) {
    let request = gates::request(sample);
    for _ in 0..count {
        let checked = gate.try_check_now(black_box(&request)).expect("ready");
        black_box(checked.expect("admitted"));
    }
}

fn limit(count: u32) {
    let rate = Rate::per_second(1_000_000).expect("a rate");
    let limits = Limits::builder().limit(Limit::rate("callers", rate));
    let limits = limits.build().expect("limits");
    let caller = Principal::builder(PrincipalKind::AccessToken, "idp").subject("alice");
    let caller = caller.build();
    let ask = Ask::new(Duration::from_secs(5), common::NOW).with_principal(&caller);
    for _ in 0..count {
        let asked = limits.ask(black_box(&ask)).try_now().expect("ready");
        asked.expect("passes").keep();
    }
}

/// `dpop`, `dpop-raw`, `dpop-nonce`, `dpop-key` and `dpop-path`, under Ed25519.
fn dpop(what: &str, count: u32) {
    let proof = Proof::new("EdDSA");
    let (request, is_good) = match what {
        "dpop-key" => (proof.of_another_key(), false),
        "dpop-path" => (proof.of_another_path(), false),
        _ => (proof.request.clone(), true),
    };
    let check = proof.check(match what {
        "dpop-nonce" => Freshness::Nonce,
        _ => Freshness::IssuedAt,
    });
    for _ in 0..count {
        match what {
            "dpop-raw" => proof.verify_raw(),
            _ => assert_eq!(check.accepts(&request), is_good),
        }
    }
}

fn replay(count: u32) {
    let table = ReplayTable::default();
    let until = UnixTime::from_secs(common::NOW.as_secs() + 60);
    for number in 0..count {
        let mark = ReplayMark::new("bench", &[7; 32], &number.to_be_bytes());
        let claimed = table.claim(black_box(mark), until, common::NOW).try_now();
        assert!(matches!(claimed, Ok(Ok(true))));
    }
}

fn message(what: &str, count: u32) {
    let request = SignedRequest::new();
    for _ in 0..count {
        match what {
            "message" => assert!(request.is_accepted()),
            _ => request.verify_raw(),
        }
    }
}

fn audit(count: u32) {
    let audited = audited::Audited::new();
    let builder = Audit::builder().sink(Hangs, Encoding::Native);
    let audit = builder.start().expect("a trail");
    let event = audited.allow();
    for _ in 0..count {
        assert!(!audit.record(black_box(&event)).is_lost());
    }
    // The sink never writes, so nothing is waited for.
    let _ = audit.close(Duration::ZERO);
}

/// Takes nothing, so that the thread of the sink does no work.
#[derive(Debug)]
struct Hangs;

impl AuditSink for Hangs {
    fn write(&mut self, _: &Batch<'_>) -> io::Result<()> {
        loop {
            thread::park();
        }
    }
}

fn raw(sample: &common::Sample, count: u32) {
    let key = hmac::Key::new(hmac::HMAC_SHA256, common::signing::SECRET);
    let (signed, signature) = sample.token.rsplit_once('.').expect("a compact token");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    for _ in 0..count {
        hmac::verify(&key, black_box(signed.as_bytes()), black_box(&signature))
            .expect("a valid tag");
    }
}
