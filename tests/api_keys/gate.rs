//! Keys in complete requests.

use std::net::IpAddr;

use bearergate::address::Proxies;
use bearergate::credential::{Place, PresentedCredential, Sources};
use bearergate::error::ConfigErrorKind;
use bearergate::gate::GateBuilder;
use bearergate::key::{Key, KeySet};
use bearergate::policy::address_in;
use bearergate::principal::PrincipalKind;
use bearergate::request::{ClientAddress, PeerAddress};
use bearergate::revocation::{Denylist, Revocation};
use bearergate::validator::Shape;
use bearergate::{
    ApiKeyValidator, Gate, JwtValidator, NowOrLater, Principal, Rejection, RejectionKind,
    TokenValidator, require_scope,
};

use crate::common::{DAY, Service, legacy_scheme, plain, wait};

/// A validator in place of an outside endpoint: what reaches it has left the service.
#[derive(Debug)]
struct Outside(Shape);

impl TokenValidator for Outside {
    fn shapes(&self) -> &[Shape] {
        std::slice::from_ref(&self.0)
    }

    fn validate<'a>(
        &'a self,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let principal = Principal::builder(PrincipalKind::OpaqueToken, "outside");
        NowOrLater::now(Ok(principal.build()))
    }
}

fn builder(service: &Service) -> GateBuilder {
    let builder = Gate::builder().clock(service.clock.clone());
    builder.validator(service.validator.clone())
}

/// Returns the authority of an admitted principal, or the kind and the whole response.
fn check(gate: &Gate, headers: &[(&str, &str)]) -> Result<String, (RejectionKind, String)> {
    let mut request = http::Request::post("/orders");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).unwrap();
    match wait(gate.check(&request)) {
        Ok(admitted) => Ok(admitted.principal().authority().to_string()),
        Err(refusal) => {
            let kind = refusal.kind();
            Err((kind, format!("{:?}", refusal.into_response::<String>())))
        }
    }
}

fn kind(gate: &Gate, headers: &[(&str, &str)]) -> Option<RejectionKind> {
    check(gate, headers).err().map(|(kind, _)| kind)
}

#[test]
fn key_is_accepted_in_its_header_and_in_authorization() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let gate = builder(&service).allow_any_authenticated().build().unwrap();
    let (bearer, scheme) = (format!("Bearer {key}"), format!("ApiKey {key}"));
    assert_eq!(kind(&gate, &[("x-api-key", &key)]), None);
    assert_eq!(kind(&gate, &[("authorization", &bearer)]), None);
    let missing = Some(RejectionKind::CredentialMissing);
    assert_eq!(kind(&gate, &[("authorization", &scheme)]), missing);
    assert_eq!(kind(&gate, &[("x-other-key", &key)]), missing);
    let both = [("x-api-key", &*key), ("authorization", &*bearer)];
    assert_eq!(kind(&gate, &both), Some(RejectionKind::CredentialAmbiguous));
    let twice = [("x-api-key", &*key), ("x-api-key", &*key)];
    assert_eq!(
        kind(&gate, &twice),
        Some(RejectionKind::CredentialAmbiguous)
    );

    let sources = Sources::builder().api_key().header("x-api-key").build();
    let gate = builder(&service).sources(sources.unwrap());
    let gate = gate.allow_any_authenticated().build().unwrap();
    assert_eq!(kind(&gate, &[("authorization", &scheme)]), None);
    assert_eq!(kind(&gate, &[("authorization", &bearer)]), None);
    assert_eq!(kind(&gate, &[("x-api-key", &key)]), None);
}

#[test]
fn header_can_be_changed_or_removed() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let draft = || {
        let draft = ApiKeyValidator::builder(service.scheme.clone(), service.store.clone());
        draft.clock(service.clock.clone())
    };
    let gate = |validator| {
        let gate = Gate::builder()
            .clock(service.clock.clone())
            .validator(validator);
        gate.allow_any_authenticated().build().unwrap()
    };
    let own = gate(draft().header("X-Acme-Key").build().unwrap());
    assert_eq!(kind(&own, &[("x-acme-key", &key)]), None);
    let missing = Some(RejectionKind::CredentialMissing);
    assert_eq!(kind(&own, &[("x-api-key", &key)]), missing);
    let none = gate(draft().without_header().build().unwrap());
    assert_eq!(kind(&none, &[("x-api-key", &key)]), missing);
    let bearer = format!("Bearer {key}");
    assert_eq!(kind(&none, &[("authorization", &bearer)]), None);
    for name in ["", "x api", "x-\u{e9}"] {
        let error = draft().header(name).build().unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::ValueMalformed, "{name}");
        assert_eq!(error.field(), "header");
    }
}

#[test]
fn mistyped_key_never_reaches_another_validator() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let gate = builder(&service).validator(Outside(Shape::Opaque));
    let gate = gate.allow_any_authenticated().build().unwrap();
    let typo = format!("Bearer {key}x");
    let malformed = Some(RejectionKind::ApiKeyMalformed);
    assert_eq!(kind(&gate, &[("authorization", &typo)]), malformed);
    assert_eq!(kind(&gate, &[("x-api-key", "opaque")]), malformed);
    let other = [("authorization", "Bearer opaque")];
    assert_eq!(check(&gate, &other), Ok("outside".to_owned()));
    let good = format!("Bearer {key}");
    let own = check(&gate, &[("authorization", &good)]);
    assert_eq!(own, Ok("acme keys".to_owned()));
}

#[test]
fn keys_and_jwts_each_go_to_their_validator() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let keys = KeySet::from(Key::from_secret(vec![7; 32]).unwrap());
    let jwt = JwtValidator::builder().issuer("https://idp.example.com");
    let jwt = jwt.audience("https://api.example.com").keys(keys);
    let gate = builder(&service).validator(jwt.build().unwrap());
    let gate = gate.allow_any_authenticated().build().unwrap();
    assert_eq!(
        kind(&gate, &[("authorization", &format!("Bearer {key}"))]),
        None
    );
    let jwt = "eyJhbGciOiJub25lIn0.e30.";
    let none = [("authorization", &*format!("Bearer {jwt}"))];
    assert_eq!(kind(&gate, &none), Some(RejectionKind::AlgorithmNotAllowed));
    let in_header = [("x-api-key", jwt)];
    assert_eq!(
        kind(&gate, &in_header),
        Some(RejectionKind::ApiKeyMalformed)
    );
}

#[test]
fn all_rejections_of_a_key_look_alike_to_the_client() {
    let service = Service::new();
    let gate = builder(&service).allow_any_authenticated().build().unwrap();
    let answer = |key: &str| check(&gate, &[("x-api-key", key)]).unwrap_err();
    let (expired, id) = service.issue(plain());
    wait(service.keys.expire(id, crate::common::at(0))).unwrap();
    let (disabled, id) = service.issue(plain());
    wait(service.keys.revoke(id, "leaked")).unwrap();
    let (early, _) =
        service.issue(plain().not_before(crate::common::at(crate::common::NOW + 86_400)));
    let unknown = Service::new().issue(plain()).0;
    let answers = [
        &expired,
        &disabled,
        &early,
        &unknown,
        &"acme_live_".to_owned(),
    ]
    .map(|k| answer(k));
    let kinds = answers.each_ref().map(|(kind, _)| *kind);
    let expected = [
        RejectionKind::ApiKeyExpired,
        RejectionKind::ApiKeyDisabled,
        RejectionKind::TokenNotYetValid,
        RejectionKind::ApiKeyUnknown,
        RejectionKind::ApiKeyMalformed,
    ];
    assert_eq!(kinds, expected);
    assert!(answers.iter().all(|(_, text)| *text == answers[0].1));
    assert!(answers[0].1.contains("401"));
}

#[test]
fn legacy_key_is_accepted_where_no_other_validator_takes_it() {
    const KEY: &str = "c0ffee00-7a11-4d0e-9f3b-2b1d";
    let service = Service::of(legacy_scheme(&[1]));
    wait(service.keys.import(plain(), KEY)).unwrap();
    let gate = builder(&service).validator(Outside(Shape::Opaque));
    let gate = gate.allow_any_authenticated().build().unwrap();
    let own = Ok("acme keys".to_owned());
    assert_eq!(check(&gate, &[("x-api-key", KEY)]), own);
    let bearer = format!("Bearer {KEY}");
    let elsewhere = [("authorization", &*bearer)];
    assert_eq!(check(&gate, &elsewhere), Ok("outside".to_owned()));

    let validator = || {
        let builder = ApiKeyValidator::builder(service.scheme.clone(), service.store.clone());
        builder
            .clock(service.clock.clone())
            .without_header()
            .build()
            .unwrap()
    };
    let gate = Gate::builder()
        .clock(service.clock.clone())
        .validator(validator());
    let gate = gate.allow_any_authenticated().build().unwrap();
    assert_eq!(check(&gate, &elsewhere), own);
    let two = Gate::builder()
        .validator(validator())
        .validator(Outside(Shape::Opaque));
    let error = two.allow_any_authenticated().build().unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Conflict);
}

#[test]
fn two_validators_cannot_have_one_header() {
    let service = Service::new();
    let place = Place::Header(http::HeaderName::from_static("x-api-key"));
    let two = builder(&service).validator(Outside(Shape::Place(place)));
    let error = two.allow_any_authenticated().build().unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Conflict);
}

#[test]
fn key_without_the_scope_is_denied() {
    let service = Service::new();
    let gate = builder(&service).authorizer(require_scope("orders:read"));
    let gate = gate.build().unwrap();
    let (with, _) = service.issue(plain().scopes(["orders:read"]));
    let (without, id) = service.issue(plain());
    assert_eq!(kind(&gate, &[("x-api-key", &with)]), None);
    let insufficient = Some(RejectionKind::ScopeInsufficient);
    assert_eq!(kind(&gate, &[("x-api-key", &without)]), insufficient);
    let next = wait(service.keys.rotate(id, DAY)).unwrap().secret.reveal();
    assert_eq!(kind(&gate, &[("x-api-key", &next)]), insufficient);
}

#[test]
fn application_key_is_validated_in_the_client_slot_next_to_a_user() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let sources = Sources::builder()
        .without_bearer()
        .header("x-api-key")
        .build();
    let gate = Gate::builder()
        .clock(service.clock.clone())
        .validator(Outside(Shape::Opaque))
        .client_validator(service.validator.clone())
        .client_sources(sources.unwrap())
        .allow_any_authenticated()
        .build()
        .unwrap();
    let user = ("authorization", "Bearer opaque");
    assert_eq!(kind(&gate, &[user, ("x-api-key", &key)]), None);
    assert_eq!(kind(&gate, &[user]), Some(RejectionKind::CredentialMissing));
    let typo = [user, ("x-api-key", "acme_live_x")];
    assert_eq!(kind(&gate, &typo), Some(RejectionKind::ApiKeyMalformed));
}

#[test]
fn list_of_a_key_may_spell_an_ipv4_network_as_a_mapped_one() {
    let service = Service::new();
    let network: ipnet::IpNet = "::ffff:10.0.0.0/104".parse().unwrap();
    let (key, _) = service.issue(plain().addresses([network]));
    let gate = builder(&service).allow_any_authenticated().build().unwrap();
    for (client, expected) in [
        ("10.9.9.9", None),
        ("::ffff:10.9.9.9", None),
        ("11.9.9.9", Some(RejectionKind::AddressDenied)),
    ] {
        let request = http::Request::get("/").header("x-api-key", &key);
        let request = request.extension(ClientAddress(client.parse().unwrap()));
        let answer = wait(gate.check(&request.body(()).unwrap()));
        assert_eq!(answer.err().map(|refusal| refusal.kind()), expected);
    }
}

/// The list of a key is held against the client that the proxies locate, never against the proxy.
#[test]
fn list_of_a_key_is_compared_with_the_client_that_proxies_locate() {
    let service = Service::new();
    let networks = ["203.0.113.0/24", "10.0.0.0/8"].map(|network| network.parse().unwrap());
    let (key, _) = service.issue(plain().addresses(networks));
    let gate = builder(&service).proxies(Proxies::trust(["10.0.0.0/8"]).unwrap());
    let gate = gate.allow_any_authenticated().build().unwrap();
    for (forwarded, expected) in [
        (Some("203.0.113.9"), None),
        (Some("198.51.100.9"), Some(RejectionKind::AddressDenied)),
        // The proxy itself is on the list, and is not the client.
        (None, Some(RejectionKind::AddressDenied)),
    ] {
        let peer = PeerAddress("10.0.0.1:443".parse().unwrap());
        let mut request = http::Request::get("/")
            .header("x-api-key", &key)
            .extension(peer);
        if let Some(forwarded) = forwarded {
            request = request.header("x-forwarded-for", forwarded);
        }
        let answer = wait(gate.check(&request.body(()).unwrap()));
        assert_eq!(answer.err().map(|refusal| refusal.kind()), expected);
    }
}

/// One address decides for policies and for the list of a key.
#[test]
fn list_of_a_key_is_compared_with_the_address_of_the_client() {
    let service = Service::new();
    let network = || ["10.0.0.0/8".parse().unwrap()];
    let (key, _) = service.issue(plain().addresses(network()));
    let (open, _) = service.issue(plain());
    let listed = builder(&service).allow_any_authenticated().build().unwrap();
    let policy = address_in(["10.0.0.0/8"]).unwrap();
    let policy = builder(&service).authorizer(policy).build().unwrap();
    let denied = |gate: &Gate, key: &str, peer: Option<&str>, client: Option<&str>| {
        let mut request = http::Request::get("/").header("x-api-key", key);
        if let Some(peer) = peer {
            request = request.extension(PeerAddress((peer.parse::<IpAddr>().unwrap(), 443).into()));
        }
        if let Some(client) = client {
            request = request.extension(ClientAddress(client.parse().unwrap()));
        }
        let request = request.body(()).unwrap();
        wait(gate.check(&request))
            .err()
            .map(|refusal| refusal.kind())
    };
    let (inside, outside) = (Some("10.9.9.9"), Some("203.0.113.9"));
    let address_denied = Some(RejectionKind::AddressDenied);
    for (peer, client, expected) in [
        (inside, inside, None),
        // Through a proxy.
        (inside, outside, address_denied),
        (outside, inside, None),
        (outside, Some("::ffff:10.9.9.9"), None),
        (inside, Some("::10.9.9.9"), address_denied),
        (None, inside, None),
        (None, outside, address_denied),
    ] {
        assert_eq!(
            denied(&listed, &key, peer, client),
            expected,
            "{peer:?} {client:?}"
        );
        let by_policy = expected.map(|_| RejectionKind::AccessDenied);
        assert_eq!(
            denied(&policy, &open, peer, client),
            by_policy,
            "{peer:?} {client:?}"
        );
    }
    // Without the address of the client only the key is compared with the peer, which may be a
    // proxy.
    let unknown = Some(RejectionKind::AccessDenied);
    for (peer, expected) in [
        (inside, None),
        (outside, address_denied),
        (None, address_denied),
    ] {
        assert_eq!(denied(&listed, &key, peer, None), expected, "{peer:?}");
        assert_eq!(denied(&policy, &open, peer, None), unknown, "{peer:?}");
    }
}

#[test]
fn key_is_refused_under_dpop_before_the_store_is_asked() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let sources = Sources::builder()
        .dpop()
        .api_key()
        .header("x-api-key")
        .build();
    let gate = builder(&service).sources(sources.unwrap());
    let gate = gate.allow_any_authenticated().build().unwrap();
    let under = |scheme: &str| kind(&gate, &[("authorization", &format!("{scheme} {key}"))]);
    let before = service.store.finds();
    assert_eq!(under("DPoP"), Some(RejectionKind::CredentialMalformed));
    assert_eq!(service.store.finds(), before);
    assert_eq!([under("Bearer"), under("ApiKey")], [None; 2]);
    assert_eq!(service.store.finds(), before + 2);
}

/// A key that is mistyped in its prefix must not be sent to an outside endpoint under `ApiKey`; a
/// token under it is refused.
#[test]
fn only_a_key_is_accepted_under_the_scheme_of_keys() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let sources = Sources::builder().api_key().header("x-api-key").build();
    let gate = builder(&service)
        .sources(sources.unwrap())
        .validator(Outside(Shape::Opaque))
        .allow_any_authenticated()
        .build()
        .unwrap();
    let under =
        |scheme: &str, text: &str| check(&gate, &[("authorization", &format!("{scheme} {text}"))]);
    assert_eq!(under("Bearer", "opaque"), Ok("outside".to_owned()));
    let (kind, response) = under("ApiKey", "opaque").unwrap_err();
    assert_eq!(kind, RejectionKind::CredentialMalformed);
    assert!(response.contains("400"), "{response}");
    assert_eq!(under("ApiKey", &key), Ok("acme keys".to_owned()));
}

#[test]
fn a_key_in_a_denylist_is_refused_by_its_id_and_another_key_is_not() {
    let service = Service::new();
    let (own, id) = service.issue(plain());
    let (other, _) = service.issue(plain());
    let list = Denylist::new(10).unwrap().clock(service.clock.clone());
    let gate = builder(&service)
        .allow_any_authenticated()
        .revocations(list.clone())
        .build()
        .unwrap();
    let asked = |key: &str| kind(&gate, &[("x-api-key", key)]);
    assert_eq!((asked(&own), asked(&other)), (None, None));
    let authority = check(&gate, &[("x-api-key", &own)]).unwrap();
    wait(list.revoke(Revocation::api_key(authority, id))).unwrap();
    assert_eq!(asked(&own), Some(RejectionKind::TokenRevoked));
    assert_eq!(asked(&other), None);
}
