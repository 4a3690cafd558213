//! Text, JSON and HTML of an explanation.

use bearergate::policy::Rule;
use bearergate::validator::Shape;
use bearergate::{Gate, Policy, require_scope};
use serde_json::Value;

use crate::common::*;

fn gate() -> Gate {
    let rule = Rule::permit("readers", require_scope("orders:write"));
    let policy = Policy::builder().rule(rule).build().unwrap();
    full(&Keys::new(), &Proofs::default())
        .authorizer(policy)
        .build()
        .unwrap()
}

#[test]
fn text_shows_one_line_a_step_and_what_failed() {
    let explained = wait(gate().explain(&bearer("opaque-text")));
    let text = explained.to_string();
    let expected = "\
REFUSED with 401: token_malformed, the token is malformed
Request: GET /orders
Time: 2025-10-09T08:53:20Z (1760000000)
credential
  ok      place: found `Authorization: Bearer`
validation
  failed  validator: expected a JWT, or a text that begins with `acme_live_`, or anything in the cookie `sid`, found an opaque text of 11 characters
          hint: not a JWT: was an audience requested? Some issuers give an opaque token without one; validate opaque tokens with an `IntrospectionValidator`, and API keys with an `ApiKeyValidator`
  skipped validation
revocation
  skipped not reached
authorization
  skipped not reached
proof
  skipped proof of possession: found no token that is bound to a key
";
    assert_eq!(text, expected);
}

#[test]
fn json_has_every_part() {
    let gate = gate();
    let explained = wait(gate.explain(&bearer(&claims().sign())));
    let json: Value = serde_json::from_str(&explained.to_json()).unwrap();
    assert_eq!(json["result"], "refused");
    assert_eq!(
        (&json["kind"], &json["status"]),
        (&"scope_insufficient".into(), &403.into())
    );
    assert_eq!(
        (&json["method"], &json["path"]),
        (&"GET".into(), &"/orders".into())
    );
    assert_eq!(json["time"], "2025-10-09T08:53:20Z");
    assert_eq!(json["time_secs"], 1_760_000_000);
    assert_eq!(json["caller"]["authority"], ISSUER);
    assert_eq!(json["caller"]["kind"], "access_token");
    assert_eq!(json["policy_version"], explained.policy_version().unwrap());
    let names: Vec<_> = json["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| &own["name"])
        .collect();
    assert_eq!(
        names,
        [
            "credential",
            "validation",
            "revocation",
            "authorization",
            "proof"
        ]
    );
    assert_eq!(json["sections"][3]["steps"][0]["outcome"], "failed");
    assert_eq!(json["decision"]["conditions"][0]["name"], "readers");

    let explained = wait(gate.explain(&bearer(&claims().scope("orders:write").sign())));
    let json: Value = serde_json::from_str(&explained.to_json()).unwrap();
    assert_eq!(
        (&json["result"], &json["kind"]),
        (&"admitted".into(), &Value::Null)
    );
}

#[test]
fn the_page_is_self_contained_and_shows_the_failure_first() {
    let page = wait(gate().explain(&bearer(&claims().sign()))).to_html();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    for external in [
        "<script", "src=", "href=", "url(", "onclick", "<link", "<img", "@import",
    ] {
        assert!(!page.contains(external), "{external}");
    }
    assert!(page.contains("default-src 'none'"));
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    assert!(at("<h1 class=\"deny\">") < at("<section class=\"failure\">"));
    assert!(at("<section class=\"failure\">") < at("<h2>credential</h2>"));
    assert!(at("<h2>authorization</h2>") < at("<summary>"));
    let count = |word: &str| page.matches(word).count();
    for tag in ["section", "details", "ol", "dl", "li", "h2"] {
        assert_eq!(
            count(&format!("<{tag}")),
            count(&format!("</{tag}>")),
            "{tag}"
        );
    }
    let page = wait(gate().explain(&bearer(&claims().scope("orders:write").sign()))).to_html();
    assert!(page.contains("<h1 class=\"allow\">") && !page.contains("class=\"failure\""));
}

#[test]
fn text_of_the_request_is_escaped_and_cut_in_every_form() {
    let gate = named(Named::new(Shape::Opaque))
        .allow_any_authenticated()
        .build()
        .unwrap();
    let path = format!("/a'&{}?canary=1", "b".repeat(300));
    let parts = parts(with(
        http::Request::get(path),
        "authorization",
        "Bearer token_inactive",
    ));
    let explained = agreed(&gate, &parts);
    let cut = format!("/a'&{}...", "b".repeat(196));
    assert!(
        explained
            .to_string()
            .contains(&format!("Request: GET {cut}\n")),
        "{explained}"
    );
    let json: Value = serde_json::from_str(&explained.to_json()).unwrap();
    assert_eq!(json["path"], cut);
    let page = explained.to_html();
    assert!(page.contains("GET /a&#39;&amp;bbb"), "{page}");
    for text in [explained.to_string(), explained.to_json(), page] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn explanations_of_a_validator_have_the_same_forms() {
    use bearergate::TokenValidator;
    use bearergate::credential::PresentedCredential;
    let named = Named::new(Shape::Opaque);
    let presented = PresentedCredential::token("token_inactive").at(NOW);
    let explained = wait(named.explain(&presented));
    let json: Value = serde_json::from_str(&explained.to_json()).unwrap();
    assert_eq!(
        (&json["accepted"], &json["kind"]),
        (&false.into(), &"token_inactive".into())
    );
    let step = &json["steps"][0];
    assert_eq!(step["outcome"], "failed");
    assert!(
        step["found"]
            .as_str()
            .unwrap()
            .ends_with(": as the test asked"),
        "{json}"
    );
    let page = explained.to_html();
    assert!(page.contains("REJECTED: the token is not active"), "{page}");
    assert!(page.contains("class=\"failure\"") && page.ends_with("</html>\n"));
    let accepted = PresentedCredential::token("any").at(NOW);
    let page = wait(named.explain(&accepted)).to_html();
    assert!(page.contains("<h1 class=\"allow\">ACCEPTED</h1>"), "{page}");
}
