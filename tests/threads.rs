//! Validation on small stacks, and one validator shared by many threads.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod signing;

use std::sync::{Arc, Barrier};
use std::thread;

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::key::{Key, KeySet};
use bearergate::{JwtValidator, RejectionKind, TokenValidator, limits};

const NOW: u64 = 1_760_000_000;
const ALGORITHMS: [&str; 4] = ["HS256", "RS256", "ES256", "EdDSA"];

fn validator(algorithm: &str) -> JwtValidator {
    let key = match algorithm {
        "HS256" => Key::from_secret(signing::SECRET.to_vec()),
        "RS256" => Key::from_pem(include_str!("keys/rsa-2048.public.pem")),
        "ES256" => Key::from_pem(include_str!("keys/es256.public.pem")),
        _ => Key::from_pem(include_str!("keys/ed25519.public.pem")),
    };
    let builder = JwtValidator::builder().issuer("https://idp.example.com");
    let builder = builder.audience("https://api.example.com");
    let builder = builder.keys(KeySet::from(key.unwrap()));
    let builder = builder.clock(FakeClock::at(UnixTime::from_secs(NOW)));
    builder
        .max_token_bytes(limits::TOKEN_BYTES_MAX)
        .build()
        .unwrap()
}

fn token(algorithm: &str, subject: &str, rest: &str) -> String {
    let header = format!(r#"{{"alg":"{algorithm}"}}"#);
    let exp = NOW + 600;
    let payload = format!(
        r#"{{"iss":"https://idp.example.com","aud":"https://api.example.com","sub":"{subject}","exp":{exp}{rest}}}"#
    );
    signing::token(algorithm, &header, &payload)
}

fn validate(validator: &JwtValidator, token: &str) -> Result<Option<String>, RejectionKind> {
    let presented = PresentedCredential::token(token);
    let answer = validator.validate(&presented).try_now().unwrap();
    answer
        .map(|p| p.subject().map(str::to_owned))
        .map_err(|r| r.kind())
}

/// Validates on a thread with a stack of 64 KiB.
fn on_small_stack(token: String) -> Result<Option<String>, RejectionKind> {
    let validator = validator("HS256");
    let small = thread::Builder::new().stack_size(64 * 1024);
    let thread = small.spawn(move || validate(&validator, &token));
    thread.unwrap().join().unwrap()
}

/// A claim with this depth of nesting.
fn nested(depth: usize, open: &str, close: &str) -> String {
    format!(r#","deep":{}0{}"#, open.repeat(depth), close.repeat(depth))
}

#[test]
fn deep_claims_are_rejected_on_a_small_stack() {
    let too_large = Err(RejectionKind::TokenTooLarge);
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"a":"#, "}]")] {
        let levels = open.matches(['[', '{']).count();
        // The payload is the first level.
        let fitting = (limits::JSON_DEPTH - 1) / levels;
        let fits = nested(fitting, open, close);
        let result = on_small_stack(token("HS256", "alice", &fits));
        assert_eq!(result, Ok(Some("alice".to_owned())), "{open}");
        for depth in [fitting + 1, 1_000, 8_000 / levels] {
            let deep = nested(depth, open, close);
            assert_eq!(on_small_stack(token("HS256", "alice", &deep)), too_large);
        }
        let unclosed = format!(r#","deep":{}"#, open.repeat(40_000 / open.len()));
        assert_eq!(
            on_small_stack(token("HS256", "alice", &unclosed)),
            too_large
        );
    }
}

#[test]
fn deep_header_is_rejected_on_a_small_stack() {
    for depth in [31, 32, 1_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let header = format!(r#"{{"alg":"HS256","deep":{deep}}}"#);
        let token = signing::token("HS256", &header, "{}");
        let wanted = match depth {
            31 => RejectionKind::ClaimMissing,
            _ => RejectionKind::TokenTooLarge,
        };
        assert_eq!(on_small_stack(token), Err(wanted), "{depth}");
    }
}

#[test]
fn wide_and_long_claims_are_validated_on_a_small_stack() {
    let many = |count: usize| {
        (0..count)
            .map(|n| format!(r#","m{n}":0"#))
            .collect::<String>()
    };
    let act = r#","act":{"sub":"a","act":{"sub":"b","act":{"sub":"c","act":{"sub":"d"}}}}"#;
    let deep_act = format!(
        r#","act":{}{{}}{}"#,
        r#"{"act":"#.repeat(25),
        "}".repeat(25)
    );
    let in_rows = format!(
        r#","o":[{}0]"#,
        format!(r#"{{"x":0{}}},"#, many(200)).repeat(20)
    );
    let alice = Ok(Some("alice".to_owned()));
    for (rest, wanted) in [
        (many(252), alice.clone()),
        (many(253), Err(RejectionKind::TokenTooLarge)),
        (in_rows, alice.clone()),
        (format!(r#","o":{{"x":0{}}}"#, many(1_023)), alice.clone()),
        (
            format!(r#","o":[{{"x":0{}}}]"#, many(1_024)),
            Err(RejectionKind::TokenTooLarge),
        ),
        (act.to_owned(), alice.clone()),
        (deep_act, Err(RejectionKind::ClaimInvalid)),
        (
            format!(r#","s":"{}""#, "\\u00e4".repeat(7_000)),
            alice.clone(),
        ),
        (format!(r#","n":{}"#, "9".repeat(300)), alice),
        (
            format!(r#","n":{}"#, "9".repeat(40_000)),
            Err(RejectionKind::TokenMalformed),
        ),
    ] {
        let start: String = rest.chars().take(30).collect();
        assert_eq!(
            on_small_stack(token("HS256", "alice", &rest)),
            wanted,
            "{start}"
        );
    }
}

#[test]
fn text_that_is_no_jwt_is_rejected_on_a_small_stack() {
    for (text, wanted) in [
        (
            ".".repeat(limits::TOKEN_BYTES_MAX),
            RejectionKind::TokenMalformed,
        ),
        (
            "A".repeat(limits::TOKEN_BYTES_MAX),
            RejectionKind::TokenMalformed,
        ),
        (
            ".".repeat(limits::TOKEN_BYTES_MAX + 1),
            RejectionKind::TokenTooLarge,
        ),
    ] {
        assert_eq!(on_small_stack(text), Err(wanted));
    }
}

#[test]
fn shared_validator_does_not_mix_principals() {
    const THREADS: usize = 8;
    for algorithm in ALGORITHMS {
        let validator = Arc::new(validator(algorithm));
        let start = Arc::new(Barrier::new(THREADS));
        let threads: Vec<_> = (0..THREADS)
            .map(|n| {
                let (validator, start) = (Arc::clone(&validator), Arc::clone(&start));
                let name = format!("caller-{n}");
                let scope = format!(r#","scope":"s{n}","azp":"c{n}""#);
                let own = token(algorithm, &name, &scope);
                // Every other token is rejected, so that rejections and acceptances interleave.
                let stale = token(algorithm, &name, r#","nbf":9999999999"#);
                thread::spawn(move || {
                    start.wait();
                    for _ in 0..100 {
                        let presented = PresentedCredential::token(&own);
                        let answer = validator.validate(&presented).try_now().unwrap();
                        let principal = answer.unwrap();
                        assert_eq!(principal.subject(), Some(&*name));
                        assert_eq!(principal.client(), Some(&*format!("c{n}")));
                        assert!(principal.scopes().unwrap().contains(&format!("s{n}")));
                        let rejected = validate(&validator, &stale);
                        assert_eq!(rejected, Err(RejectionKind::TokenNotYetValid));
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    }
}
