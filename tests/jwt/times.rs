//! The times of a token, to the second.

use std::time::Duration;

use bearergate::clock::{FakeClock, Leeway, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::{JwtValidator, TokenValidator};

use crate::common::*;

const LEEWAYS: [u64; 3] = [0, 30, 600];

fn at(now: u64, leeway: u64) -> JwtValidator {
    let leeway = Leeway::new(Duration::from_secs(leeway)).unwrap();
    let clock = FakeClock::at(UnixTime::from_secs(now));
    builder().clock(clock).leeway(leeway).build().unwrap()
}

/// Claims without `iat`, so that only one time is checked.
fn timed(claim: &str, raw: impl ToString) -> String {
    let claims = claims().without("iat").set("exp", NOW + 100_000);
    token(claims.set(claim, raw))
}

// Defect B04 (boundary of a time): docs/defects.md
#[test]
fn token_expires_at_the_second_of_its_exp() {
    for leeway in LEEWAYS {
        let token = timed("exp", NOW);
        assert_eq!(
            outcome(&at(NOW + leeway - 1, leeway), &token),
            "accept",
            "{leeway}"
        );
        for later in [0, 1, 1_000_000] {
            let outcome = outcome(&at(NOW + leeway + later, leeway), &token);
            assert_eq!(outcome, "token_expired exp", "{leeway} {later}");
        }
    }
}

// Defects B04 (boundary of a time), B05 (unbounded leeway, age or lifetime): docs/defects.md
#[test]
fn token_is_valid_from_the_second_of_its_nbf_and_iat() {
    for (claim, refusal) in [
        ("nbf", "token_not_yet_valid nbf"),
        ("iat", "token_issued_in_future iat"),
    ] {
        for leeway in LEEWAYS {
            let token = timed(claim, NOW);
            assert_eq!(
                outcome(&at(NOW - leeway, leeway), &token),
                "accept",
                "{leeway}"
            );
            assert_eq!(outcome(&at(NOW + 1, leeway), &token), "accept", "{leeway}");
            for sooner in [1, 2, 1_000_000] {
                let outcome = outcome(&at(NOW - leeway - sooner, leeway), &token);
                assert_eq!(outcome, refusal, "{leeway} {sooner}");
            }
        }
    }
}

#[test]
fn default_leeway_is_thirty_seconds() {
    let at = |now| {
        builder()
            .clock(FakeClock::at(UnixTime::from_secs(now)))
            .build()
            .unwrap()
    };
    let token = timed("exp", NOW);
    assert_eq!(outcome(&at(NOW + 29), &token), "accept");
    assert_eq!(outcome(&at(NOW + 30), &token), "token_expired exp");
}

// Defect B03 (odd numbers as times): docs/defects.md
#[test]
fn fractions_of_seconds_are_rounded_against_the_token() {
    for leeway in LEEWAYS {
        for raw in [
            "1700000000.000001",
            "1700000000.5",
            "1700000000.999999999999999999",
        ] {
            let ends = timed("exp", raw);
            assert_eq!(
                outcome(&at(NOW + leeway - 1, leeway), &ends),
                "accept",
                "{raw}"
            );
            assert_eq!(
                outcome(&at(NOW + leeway, leeway), &ends),
                "token_expired exp",
                "{raw}"
            );
            for (claim, refusal) in [
                ("nbf", "token_not_yet_valid nbf"),
                ("iat", "token_issued_in_future iat"),
            ] {
                let begins = timed(claim, raw);
                assert_eq!(
                    outcome(&at(NOW - leeway, leeway), &begins),
                    refusal,
                    "{raw}"
                );
                assert_eq!(
                    outcome(&at(NOW - leeway + 1, leeway), &begins),
                    "accept",
                    "{raw}"
                );
            }
        }
    }
}

// Defect B03 (odd numbers as times): docs/defects.md
#[test]
fn times_must_be_numbers_up_to_the_year_9999() {
    for raw in [
        "253402300799",
        "253402300799.0",
        "2.53402300799e11",
        "17e8",
        "1.7E+9",
        "1700000000.00",
    ] {
        assert_eq!(
            outcome(&at(NOW - 1, 0), &timed("exp", raw)),
            "accept",
            "{raw}"
        );
    }
    for claim in ["exp", "nbf", "iat"] {
        let invalid = format!("claim_invalid {claim}");
        for raw in [
            "-1",
            "-0.5",
            "253402300800",
            "2.53402300800e11",
            "1700000000000000",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "1e300",
            "-9223372036854775808",
        ] {
            assert_eq!(outcome(&at(NOW, 0), &timed(claim, raw)), invalid, "{raw}");
        }
        for raw in [
            "1e999", "NaN", "Infinity", "01", "+1", ".5", "1.", "0x1", "1_000",
        ] {
            assert_eq!(
                outcome(&at(NOW, 0), &timed(claim, raw)),
                "token_malformed",
                "{raw}"
            );
        }
    }
    for raw in ["0", "-0", "0.0", "1e-5", "1e3"] {
        assert_eq!(
            outcome(&at(NOW, 0), &timed("exp", raw)),
            "token_expired exp",
            "{raw}"
        );
        assert_eq!(outcome(&at(NOW, 0), &timed("nbf", raw)), "accept", "{raw}");
    }
}

// Defect B06 (overflow in time arithmetic): docs/defects.md
#[test]
fn times_at_the_edges_do_not_overflow() {
    let last = timed("exp", "253402300799");
    for now in [
        253_402_300_799,
        u64::MAX - 1,
        u64::MAX - 600,
        u64::MAX - 601,
    ] {
        assert_eq!(outcome(&at(now, 0), &last), "token_expired exp");
    }
    assert_eq!(outcome(&at(u64::MAX - 1, 600), &last), "token_expired exp");
    let first = token(claims().set("exp", 1).set("nbf", 0).set("iat", 0));
    for leeway in LEEWAYS {
        assert_eq!(outcome(&at(0, leeway), &first), "accept");
    }
}

// Defect B02 (token without `exp`): docs/defects.md
#[test]
fn expiry_is_required_unless_disabled_by_name() {
    let endless = token(claims().without("exp"));
    assert_eq!(outcome(&validator(), &endless), "claim_missing exp");
    let lenient = builder().allow_missing_expiry().build().unwrap();
    assert_eq!(outcome(&lenient, &endless), "accept");
    let expired = token(claims().set("exp", NOW - 1000));
    assert_eq!(outcome(&lenient, &expired), "token_expired exp");
    let wrong = token(claims().set("exp", "null"));
    assert_eq!(outcome(&lenient, &wrong), "claim_invalid exp");
}

// Defect B07 (clock fails or steps): docs/defects.md
#[test]
fn failing_clock_makes_the_token_unavailable() {
    let clock = clock();
    let validator = builder().clock(clock.clone()).build().unwrap();
    let good = token(claims());
    assert_eq!(outcome(&validator, &good), "accept");
    clock.stop();
    assert_eq!(outcome(&validator, &good), "unavailable");
    let forged = mac_with(
        &[8; 32],
        &message(header().to_string(), claims().to_string()),
    );
    assert_eq!(outcome(&validator, &forged), "signature_invalid");
    clock.set(UnixTime::from_secs(NOW));
    assert_eq!(outcome(&validator, &good), "accept");
}

#[test]
fn time_of_the_request_is_used_instead_of_the_clock() {
    let token = token(claims());
    let validator = at(0, 0);
    let presented = PresentedCredential::token(&token).at(UnixTime::from_secs(NOW));
    assert!(validator.validate(&presented).try_now().unwrap().is_ok());
    let late = PresentedCredential::token(&token).at(UnixTime::from_secs(NOW + 300));
    let refused = validator.validate(&late).try_now().unwrap().unwrap_err();
    assert_eq!(reason(&refused), "token_expired exp");
}

// Defect B07 (clock fails or steps): docs/defects.md
#[test]
fn clock_is_read_for_each_token() {
    let clock = clock();
    let validator = builder().clock(clock.clone()).build().unwrap();
    let token = token(claims());
    assert_eq!(outcome(&validator, &token), "accept");
    clock.advance(Duration::from_secs(330));
    assert_eq!(outcome(&validator, &token), "token_expired exp");
    clock.set(UnixTime::from_secs(NOW - 31));
    assert_eq!(outcome(&validator, &token), "token_issued_in_future iat");
}
