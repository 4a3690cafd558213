//! Presets of directories, and the clients that their tokens name.

use bearergate::jwt::providers;
use bearergate::revocation::{Denylist, Revocation, RevocationList};

use super::presets::{does_not_build, outcome, rejects};
use super::*;

const CIAM: &str = "https://aaaabbbb-0000-cccc-1111-dddd2222eeee.ciamlogin.com/\
                    aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0";
const B2C: &str = "https://acme.b2clogin.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0/";
const CHINA_V1: &str = "https://sts.chinacloudapi.cn/aaaabbbb-0000-cccc-1111-dddd2222eeee/";

#[test]
fn entra_at_accepts_the_directory_that_it_names() {
    for issuer in [
        CIAM,
        B2C,
        "https://login.microsoftonline.us/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0",
    ] {
        let preset = || providers::entra_at(issuer, API);
        let token = entra_v2_access().with("iss", issuer);
        let principal = outcome(preset(), &token).unwrap();
        assert_eq!(principal.client(), Some(APP), "{issuer}");
        has_scopes(&principal, &["access_as_user"]);
        outcome(preset(), &token.clone().without("tid")).unwrap();
        let crossed = token
            .clone()
            .with("tid", "bbbbcccc-1111-dddd-2222-eeee3333ffff");
        rejects(preset(), &crossed, (ClaimInvalid, "tid"));
        let neither = token.clone().without("scp").without("roles");
        rejects(preset(), &neither, (ClaimInvalid, "scp"));
        let other = token.clone().with("aud", APP);
        rejects(preset(), &other, (AudienceMismatch, "aud"));
        rejects(preset(), &entra_v2_access(), (IssuerMismatch, "iss"));
    }
}

#[test]
fn entra_at_does_not_take_a_part_of_a_path_for_the_directory() {
    let token = entra_v2_access().with("iss", B2C);
    for tid in ["", "v2", "aaaabbbb", "acme.b2clogin.com"] {
        let partial = token.clone().with("tid", tid);
        rejects(
            providers::entra_at(B2C, API),
            &partial,
            (ClaimInvalid, "tid"),
        );
    }
    does_not_build(providers::entra_at(B2C, "orders"), "app");
}

#[test]
fn entra_at_reads_the_client_of_a_v1_issuer_from_appid() {
    let token = entra_v1_access().with("iss", CHINA_V1).with("aud", API);
    let principal = outcome(providers::entra_at(CHINA_V1, API), &token).unwrap();
    assert_eq!(principal.client(), Some(APP));
    assert_eq!(principal.authority().as_str(), CHINA_V1);
}

/// The claim that names the client, a preset, and a token of it.
type NamedClient = (&'static str, fn() -> providers::Preset, Shape);

/// A token of each preset whose client has another name, with the claim of that name.
fn clients() -> [NamedClient; 3] {
    let v1 = entra_v1_access().with("aud", API);
    [
        (
            "cid",
            || providers::okta(OKTA, "api://default"),
            okta_access(),
        ),
        ("appid", || providers::entra([TENANT], API), v1),
        ("azp", || providers::entra([TENANT], API), entra_v2_access()),
    ]
}

#[test]
fn clients_are_found_where_the_provider_writes_them() {
    for (claim, preset, token) in clients() {
        let named = token.claims[claim].as_str().unwrap().to_owned();
        let principal = outcome(preset(), &token).unwrap();
        assert_eq!(principal.client(), Some(&*named), "{claim}");
        let allow = |client: String| {
            preset().customize(move |builder| builder.allow_clients([client.as_str()]))
        };
        outcome(allow(named), &token).unwrap();
        rejects(allow("another".into()), &token, (ClaimInvalid, claim));
    }
}

#[test]
fn revoking_a_client_ends_the_tokens_of_every_preset() {
    for (claim, preset, token) in clients() {
        let principal = outcome(preset(), &token).unwrap();
        let client = principal.client().unwrap();
        for (revoked, is_ended) in [(client, true), ("another", false)] {
            let list = Denylist::new(10).unwrap();
            let target = Revocation::client(principal.authority().as_str(), revoked);
            run(list.revoke(target)).unwrap();
            let checked = run(list.check_revocation(&principal));
            assert_eq!(checked.is_err(), is_ended, "{claim}: {revoked}");
        }
    }
}

#[test]
fn both_issuers_of_a_tenant_are_one_authority_of_a_gate() {
    let validator = providers::entra([TENANT], API).build_with_keys(super::presets::keys());
    assert_eq!(validator.unwrap().authorities().outside(), 1);
    let two = providers::entra([TENANT, "bbbbcccc-1111-dddd-2222-eeee3333ffff"], API);
    let two = two.build_with_keys(super::presets::keys()).unwrap();
    assert_eq!(two.authorities().outside(), 2);
}
