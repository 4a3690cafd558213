//! Whatever the JWT validator accepts, a gate gives to it and to no other validator.

use bearergate::credential::PresentedCredential;
use bearergate::principal::PrincipalKind;
use bearergate::validator::{Authorities, Shape};
use bearergate::{Gate, NowOrLater, Principal, Rejection, TokenValidator};
use proptest::prelude::*;

use crate::common::*;

/// Accepts everything: what reaches it would have left the service.
#[derive(Debug)]
struct Outside;

impl TokenValidator for Outside {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn authorities(&self) -> Authorities {
        Authorities::OWN
    }

    fn validate<'a>(
        &'a self,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let principal = Principal::builder(PrincipalKind::Other, "outside").build();
        NowOrLater::now(Ok(principal))
    }
}

/// Returns `accept`, `outside`, or the reason of the refusal.
fn through_a_gate(token: &str) -> String {
    let gate = Gate::builder()
        .validator(validator())
        .validator(Outside)
        .allow_any_authenticated()
        .clock(clock())
        .build()
        .unwrap();
    let request = http::Request::get("/").header("authorization", format!("Bearer {token}"));
    let request = request.body(()).unwrap();
    match gate.try_check_now(&request).unwrap() {
        Ok(admitted) if admitted.principal().authority().as_str() == "outside" => {
            "outside".to_owned()
        }
        Ok(_) => "accept".to_owned(),
        Err(refusal) => reason(refusal.rejection()),
    }
}

#[test]
fn white_space_before_the_header_changes_nothing() {
    for space in ["", " ", "\n", "\r\n", "\t \n\r ", "      \n"] {
        let good = mac(format!("{space}{}", header()), claims());
        assert_eq!(outcome(&validator(), &good), "accept", "{space:?}");
        assert_eq!(through_a_gate(&good), "accept", "{space:?}");
        let (message, _) = good.rsplit_once('.').unwrap();
        let forged = format!("{message}.{}", encode([0; 32]));
        assert_eq!(through_a_gate(&forged), "signature_invalid", "{space:?}");
        // Spellings that only other readers take.
        let (head, rest) = good.split_once('.').unwrap();
        let padded = format!("{head}=.{rest}");
        assert_ne!(through_a_gate(&padded), "outside", "{space:?}");
    }
    // A form feed is no white space of JSON, and a byte order mark none either.
    for other in ["\u{c}", "\u{feff}", "\u{a0}"] {
        let token = mac(format!("{other}{}", header()), claims());
        assert_eq!(
            outcome(&validator(), &token),
            "token_malformed",
            "{other:?}"
        );
        assert_eq!(through_a_gate(&token), "outside", "{other:?}");
    }
}

#[test]
fn sd_jwt_is_malformed_and_neither_encrypted_nor_opaque() {
    let good = token(claims());
    assert_eq!(through_a_gate(&good), "accept");
    for more in ["~", "~WyJhIl0~", "~d.e.f", "~WyJhIl0~d.e.f"] {
        let token = format!("{good}{more}");
        assert_eq!(outcome(&validator(), &token), "token_malformed", "{more}");
        assert_eq!(through_a_gate(&token), "token_malformed", "{more}");
    }
    // The twin without `~`.
    assert_eq!(
        outcome(&validator(), &format!("{good}.e.f")),
        "token_encrypted"
    );
    assert_eq!(through_a_gate(&format!("{good}.e.f")), "token_encrypted");
    let long = format!("{}.b.c~d.e.f", "A".repeat(6_000));
    assert_eq!(outcome(&validator(), &long), "token_too_large");
}

proptest! {
    #[test]
    fn accepted_token_never_reaches_another_validator(
        space in "[ \t\r\n]{0,5}",
        inner in "[ \t\r\n]{0,5}",
        name in "[a-z ]{0,6}",
        change in proptest::option::of((0..600_usize, "[A-Za-z0-9_.~+/=-]")),
    ) {
        let header = format!(r#"{space}{{{inner}"x{name}":1,"alg":"HS256"}}"#);
        let mut token = mac(header, claims());
        if let Some((at, text)) = change {
            let at = at % token.len();
            token.replace_range(at..=at, &text);
        }
        match (outcome(&validator(), &token).as_str(), through_a_gate(&token).as_str()) {
            ("accept", gate) => prop_assert_eq!(gate, "accept"),
            (_, gate) => prop_assert_ne!(gate, "accept"),
        }
    }
}
