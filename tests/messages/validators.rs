//! Mistakes in the configuration of validators of JWTs.

use bearergate::JwtValidator;
use bearergate::crypto::Algorithm;
use bearergate::jwt::{JwtValidatorBuilder, Ready, providers};
use bearergate::testing::FakeKey;

use crate::table::{Row, refused, row};

const ISSUER: &str = "https://idp.example.com";
const API: &str = "https://api.example.com";

fn named(issuer: &str, audience: &str) -> JwtValidatorBuilder<Ready> {
    JwtValidator::builder()
        .issuer(issuer)
        .audience(audience)
        .keys(FakeKey::es256("key-1").key_set())
}

pub(crate) fn rows() -> Vec<Row> {
    let rows = [names(), settings(), presets()];
    rows.into_iter().flatten().collect()
}

fn names() -> Vec<Row> {
    let issuer = |name: &str| refused(named(name, API).build());
    let audience = |name: &str| refused(named(ISSUER, name).build());
    let none: [&str; 0] = [];
    let no_audience = JwtValidator::builder().issuer(ISSUER).audiences(none);
    let no_audience = no_audience.keys(FakeKey::es256("key-1").key_set());
    vec![
        row(
            "an empty issuer",
            issuer(""),
            ["`issuers`", "found an empty", "give"],
        ),
        row(
            "an issuer with a space at its end",
            issuer("https://idp.example.com "),
            [
                "without white space at its ends",
                "found `https://idp.example.com `",
                "remove them",
            ],
        ),
        row(
            "an empty audience",
            audience(""),
            ["`audiences`", "found an empty", "give"],
        ),
        row(
            "no audience",
            refused(no_audience.build()),
            [
                "`audiences`: expected at least one name",
                "found an empty list",
                "name at least one",
            ],
        ),
        row(
            "an audience with a line end",
            audience("https://api.example.com\n"),
            [
                "without white space at its ends",
                "found `https://api.example.com\\n`",
                "remove them",
            ],
        ),
        row(
            "an empty list of clients",
            refused(named(ISSUER, API).allow_clients(none).build()),
            [
                "`clients`: expected at least one name",
                "found an empty list",
                "name at least one",
            ],
        ),
    ]
}

fn settings() -> Vec<Row> {
    let built = |issuer| named(issuer, API).build().unwrap();
    vec![
        row(
            "one issuer in two joined validators",
            refused(JwtValidator::join([built(ISSUER), built(ISSUER)])),
            [
                "expected each issuer once",
                "found `https://idp.example.com` twice",
                "configure it once",
            ],
        ),
        row(
            "an algorithm that no key can serve",
            refused(named(ISSUER, API).algorithms([Algorithm::Rs256]).build()),
            ["`algorithms`", "found {RS256}", "ES256"],
        ),
        row(
            "the type of logout tokens for access tokens",
            refused(named(ISSUER, API).require_type("logout+jwt").build()),
            ["the type of", "found `logout+jwt`", "name a type"],
        ),
        row(
            "an empty name of the scope claim",
            refused(named(ISSUER, API).scopes_from("").build()),
            ["`scopes_from`", "is empty", "name a claim"],
        ),
        row(
            "tokens of a megabyte",
            refused(named(ISSUER, API).max_token_bytes(1 << 20).build()),
            ["must be between", "is 1048576", "65536"],
        ),
    ]
}

fn presets() -> Vec<Row> {
    let build = |preset: providers::Preset| {
        let keys = FakeKey::rs256("key-1").key_set();
        refused(preset.build_with_keys(keys))
    };
    vec![
        row(
            "a URL in place of a domain (Auth0)",
            build(providers::auth0("https://acme.eu.auth0.com/", API)),
            [
                "expected a domain",
                "found `https://acme.eu.auth0.com/`",
                "without scheme and path",
            ],
        ),
        row(
            "the name of a tenant in place of its id (Entra)",
            build(providers::entra(
                ["contoso.onmicrosoft.com"],
                "11111111-1111-1111-1111-111111111111",
            )),
            [
                "expected a GUID",
                "found `contoso.onmicrosoft.com`",
                "give the id",
            ],
        ),
        row(
            "a realm with a slash at its end (Keycloak)",
            build(providers::keycloak(
                "https://idp.example.com/realms/acme/",
                API,
            )),
            [
                "without a slash",
                "found `https://idp.example.com/realms/acme/`",
                "remove it",
            ],
        ),
        row(
            "a user pool without its region (Cognito)",
            build(providers::cognito("aBcDeF", ["client-1"])),
            [
                "expected the id of a user pool",
                "found `aBcDeF`",
                "region, `_`, name",
            ],
        ),
        row(
            "an empty issuer of a preset (Okta)",
            build(providers::okta("", API)),
            [
                "`issuers`: expected a name",
                "found an empty one",
                "give the name",
            ],
        ),
    ]
}
