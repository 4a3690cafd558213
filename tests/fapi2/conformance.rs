//! The conditions of the OpenID Foundation's conformance tests for resource servers
//! (`fapi2-security-profile-final-*`), on a gate that meets the profile.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::binding::{Binding, Dpop};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::nonce::Nonces;
use bearergate::profile::Fapi2;
use bearergate::request::{ClientCertificate, ExternalUrl};
use bearergate::testing::{FakeKey, ProofBuilder, ProofKey, TokenBuilder};
use bearergate::{Gate, JwtValidator, RejectionKind, require_scope};
use http::Request;
use http::request::Builder;
use serde_json::json;

const NOW: UnixTime = UnixTime::from_secs(1_760_000_000);
const API: &str = "https://api.example.com";
const ACCOUNTS: &str = "https://api.example.com/accounts";
const INVALID: Option<RejectionKind> = Some(RejectionKind::ProofInvalid);
const PASSES: Option<RejectionKind> = None;

struct Service {
    gate: Gate,
    issuer: FakeKey,
    client: ProofKey,
}

impl Service {
    fn new() -> Self {
        Self::with(None)
    }

    fn with(nonces: Option<Nonces>) -> Self {
        let (clock, issuer) = (FakeClock::at(NOW), FakeKey::es256("key-1"));
        // The service has started a while ago, and its proofs are those of now.
        let started = FakeClock::at(UnixTime::from_secs(NOW.as_secs() - 100_000));
        let dpop = Dpop::at(ExternalUrl::parse(API).unwrap()).algorithms(Fapi2::ALGORITHMS);
        let dpop = match nonces {
            Some(nonces) => dpop.nonces(nonces),
            None => dpop.clock(started).refuse_older_than_start(),
        };
        let binding = Binding::dpop(dpop.build().unwrap()).or_certificates();
        let binding = binding.required().build();
        let validator = JwtValidator::builder()
            .issuer("https://idp.example.com")
            .audience(API)
            .keys(issuer.key_set())
            .max_lifetime(Duration::from_secs(600))
            .sender_constraint(binding.clone())
            .build()
            .unwrap();
        let profile = Fapi2::new(binding).accept_unrevocable(Duration::from_secs(600));
        let gate = Gate::builder()
            .fapi2(profile)
            .validator(validator)
            .authorizer(require_scope("accounts"))
            .clock(clock)
            .build()
            .unwrap();
        Self {
            gate,
            issuer,
            client: ProofKey::es256(),
        }
    }

    fn token_for(&self, cnf: serde_json::Value) -> String {
        let token = TokenBuilder::new(&self.issuer, NOW)
            .issuer("https://idp.example.com")
            .audience(API)
            .scope("accounts")
            .expires_in(Duration::from_secs(300));
        match cnf {
            serde_json::Value::Null => token.sign(),
            cnf => token.claim("cnf", cnf).sign(),
        }
    }

    fn token(&self) -> String {
        self.token_for(json!({"jkt": self.client.thumbprint()}))
    }

    fn proof(&self, token: &str) -> ProofBuilder {
        self.client.proof("GET", ACCOUNTS).token(token).at(NOW)
    }

    fn kind(&self, request: Builder) -> Option<RejectionKind> {
        let request = request.uri("/accounts").body(()).unwrap();
        let checked = self.gate.try_check_now(&request).expect("nothing waits");
        checked.err().map(|refusal| {
            let status = refusal.status().as_u16();
            assert!([400, 401].contains(&status), "{status}");
            refusal.kind()
        })
    }

    fn sent(&self, token: &str, proof: &str) -> Option<RejectionKind> {
        self.kind(with_token("DPoP", token).header("DPoP", proof))
    }

    /// The result of a proof that was changed, beside the same proof unchanged.
    fn changed(&self, change: impl FnOnce(ProofBuilder) -> ProofBuilder) -> Option<RejectionKind> {
        let token = self.token();
        assert_eq!(self.sent(&token, &self.proof(&token).sign()), PASSES);
        self.sent(&token, &change(self.proof(&token)).sign())
    }
}

fn with_token(scheme: &str, token: &str) -> Builder {
    Request::get("/").header("authorization", format!("{scheme} {token}"))
}

#[test]
fn dpop_negative_header_name_in_capitals_passes() {
    let service = Service::new();
    let token = service.token();
    let request = with_token("DPoP", &token).header("DPOP", service.proof(&token).sign());
    assert_eq!(service.kind(request), PASSES);
    for scheme in ["dpop", "DPOP", "dPoP"] {
        let request = with_token(scheme, &token).header("dpop", service.proof(&token).sign());
        assert_eq!(service.kind(request), PASSES, "{scheme}");
    }
}

#[test]
fn dpop_negative_two_proofs() {
    let service = Service::new();
    let token = service.token();
    let request = with_token("DPoP", &token).header("dpop", service.proof(&token).sign());
    let request = request.header("dpop", service.proof(&token).sign());
    assert_eq!(service.kind(request), INVALID);
}

#[test]
fn dpop_negative_two_segments() {
    let service = Service::new();
    let token = service.token();
    let proof = service.proof(&token).sign();
    let (cut, _) = proof.rsplit_once('.').unwrap();
    assert_eq!(service.sent(&token, cut), INVALID);
    assert_eq!(service.sent(&token, &proof), PASSES);
}

#[test]
fn dpop_negative_a_missing_member_of_the_header() {
    let service = Service::new();
    for name in ["typ", "alg", "jwk"] {
        assert_eq!(
            service.changed(|proof| proof.without_header(name)),
            INVALID,
            "{name}"
        );
    }
}

#[test]
fn dpop_negative_a_missing_claim() {
    let service = Service::new();
    for name in ["jti", "htm", "htu", "iat", "ath"] {
        assert_eq!(
            service.changed(|proof| proof.without(name)),
            INVALID,
            "{name}"
        );
    }
}

#[test]
fn dpop_negative_another_typ() {
    let service = Service::new();
    let other = |typ: &str| service.changed(|proof| proof.header("typ", typ));
    assert_eq!(other("dpop+jwt+wrongyousee"), INVALID);
    assert_eq!(other("dpop+jwt"), PASSES);
}

#[test]
fn dpop_negative_algorithms() {
    let service = Service::new();
    for alg in ["none", "RS256", "ES384", "HS256"] {
        assert_eq!(
            service.changed(|proof| proof.header("alg", alg)),
            INVALID,
            "{alg}"
        );
    }
    // A proof that is really signed with RS256.
    let client = ProofKey::rs256();
    let token = service.token_for(json!({"jkt": client.thumbprint()}));
    let proof = client.proof("GET", ACCOUNTS).token(&token).at(NOW);
    assert_eq!(service.sent(&token, &proof.sign()), INVALID);
    // The twin with an algorithm of the profile.
    let client = ProofKey::ed25519();
    let token = service.token_for(json!({"jkt": client.thumbprint()}));
    let proof = client.proof("GET", ACCOUNTS).token(&token).at(NOW);
    assert_eq!(service.sent(&token, &proof.sign()), PASSES);
}

#[test]
fn dpop_negative_a_changed_signature() {
    let service = Service::new();
    let token = service.token();
    let proof = service.proof(&token).sign();
    let (signed, signature) = proof.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[10] ^= 1;
    let changed = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes));
    assert_eq!(service.sent(&token, &changed), INVALID);
    assert_eq!(service.sent(&token, &proof), PASSES);
}

#[test]
fn dpop_negative_a_private_key_in_the_header() {
    let service = Service::new();
    let mut jwk = service.client.jwk();
    jwk["d"] = json!(URL_SAFE_NO_PAD.encode([1; 32]));
    assert_eq!(service.changed(|proof| proof.header("jwk", jwk)), INVALID);
}

#[test]
fn dpop_negative_another_method() {
    let service = Service::new();
    let other = |method: &str| service.changed(|proof| proof.claim("htm", method));
    assert_eq!(other("PUT"), INVALID);
    assert_eq!(other("GET"), PASSES);
}

#[test]
fn dpop_negative_htu_with_query_and_fragment_passes_and_another_fails() {
    let service = Service::new();
    let other = |url: &str| service.changed(|proof| proof.claim("htu", url));
    for good in [
        ACCOUNTS,
        "https://api.example.com/accounts?a=b",
        "https://api.example.com/accounts#part",
        "https://api.example.com/accounts?a=b#part",
        "https://api.example.com:443/accounts",
        "HTTPS://API.EXAMPLE.COM/accounts",
    ] {
        assert_eq!(other(good), PASSES, "{good}");
    }
    for bad in [
        "https://api.example.com/other",
        "https://other.example.com/accounts",
        "http://api.example.com/accounts",
        "https://api.example.com:8443/accounts",
    ] {
        assert_eq!(other(bad), INVALID, "{bad}");
    }
}

#[test]
fn dpop_negative_iat_an_hour_away_and_ten_seconds_pass() {
    let service = Service::new();
    let at = |secs: i64| {
        let time = i64::try_from(NOW.as_secs()).unwrap() + secs;
        service.changed(|proof| proof.claim("iat", time))
    };
    assert_eq!(at(-3_600), INVALID);
    assert_eq!(at(3_600), INVALID);
    for near in [-10, -1, 0, 8, 10] {
        assert_eq!(at(near), PASSES, "{near}");
    }
}

#[test]
fn dpop_negative_iat_an_hour_away_passes_with_a_nonce() {
    let service = Service::with(Some(Nonces::of_this_process().unwrap()));
    let token = service.token();
    let request = with_token("DPoP", &token).header("dpop", service.proof(&token).sign());
    let request = request.uri("/accounts").body(()).unwrap();
    let refusal = service.gate.try_check_now(&request).unwrap().unwrap_err();
    assert_eq!(refusal.kind(), RejectionKind::NonceRequired);
    let nonce = refusal.headers()["dpop-nonce"].to_str().unwrap().to_owned();
    for secs in [NOW.as_secs() - 3_600, NOW.as_secs() + 3_600] {
        let proof = service.proof(&token).nonce(&nonce).claim("iat", secs);
        assert_eq!(service.sent(&token, &proof.sign()), PASSES, "{secs}");
    }
}

#[test]
fn check_dpop_proof_nbf_exp() {
    let service = Service::new();
    let now = NOW.as_secs();
    let timed =
        |nbf: u64, exp: u64| service.changed(|proof| proof.claim("nbf", nbf).claim("exp", exp));
    assert_eq!(timed(now, now + 300), PASSES);
    assert_eq!(timed(now, now - 3_600), INVALID);
    assert_eq!(timed(now + 3_600, now + 7_200), INVALID);
}

#[test]
fn dpop_negative_a_jti_is_used_once() {
    let service = Service::new();
    let token = service.token();
    let send = |iat: u64| {
        let proof = service.proof(&token).id("same").claim("iat", iat);
        service.sent(&token, &proof.sign())
    };
    assert_eq!(send(NOW.as_secs()), PASSES);
    let replayed = Some(RejectionKind::ProofReplayed);
    assert_eq!(send(NOW.as_secs()), replayed);
    assert_eq!(send(NOW.as_secs() - 1), replayed);
    let other = service.proof(&token).id("other");
    assert_eq!(service.sent(&token, &other.sign()), PASSES);
}

#[test]
fn dpop_negative_another_ath() {
    let service = Service::new();
    assert_eq!(
        service.changed(|proof| proof.token("another token")),
        INVALID
    );
    assert_eq!(service.changed(|proof| proof.claim("ath", "")), INVALID);
}

#[test]
fn dpop_negative_another_key() {
    let service = Service::new();
    let token = service.token();
    let thief = ProofKey::es256();
    let proof = thief.proof("GET", ACCOUNTS).token(&token).at(NOW).sign();
    assert_eq!(
        service.sent(&token, &proof),
        Some(RejectionKind::BindingMismatch)
    );
    assert_eq!(service.sent(&token, &service.proof(&token).sign()), PASSES);
}

#[test]
fn dpop_negative_unknown_members_pass() {
    let service = Service::new();
    let own = service.changed(|proof| proof.header("example", "1").claim("example", 1));
    assert_eq!(own, PASSES);
}

#[test]
fn dpop_negative_no_proof() {
    let service = Service::new();
    let token = service.token();
    let required = Some(RejectionKind::BindingRequired);
    assert_eq!(service.kind(with_token("DPoP", &token)), required);
    assert_eq!(service.kind(with_token("Bearer", &token)), required);
    let both = with_token("Bearer", &token).header("dpop", service.proof(&token).sign());
    assert_eq!(service.kind(both), required);
    let good = with_token("DPoP", &token).header("dpop", service.proof(&token).sign());
    assert_eq!(service.kind(good), PASSES);
}

#[test]
fn ensure_holder_of_key_required() {
    let service = Service::new();
    let required = Some(RejectionKind::BindingRequired);
    let unbound = service.token_for(json!(null));
    assert_eq!(service.kind(with_token("Bearer", &unbound)), required);
    let own = ClientCertificate::from_sha256([7; 32]);
    let bound = service.token_for(json!({"x5t#S256": URL_SAFE_NO_PAD.encode([7; 32])}));
    assert_eq!(service.kind(with_token("Bearer", &bound)), required);
    let other = ClientCertificate::from_sha256([8; 32]);
    let with = |certificate| with_token("Bearer", &bound).extension(certificate);
    assert_eq!(
        service.kind(with(other)),
        Some(RejectionKind::BindingMismatch)
    );
    assert_eq!(service.kind(with(own)), PASSES);
}

#[test]
fn happy_flow_a_token_in_the_query_is_no_credential() {
    let service = Service::new();
    let token = service.token();
    let uri = format!("/accounts?access_token={token}");
    let request = Request::get(uri).header("dpop", service.proof(&token).sign());
    let checked = service.gate.try_check_now(&request.body(()).unwrap());
    let refusal = checked.unwrap().unwrap_err();
    assert_eq!(refusal.kind(), RejectionKind::CredentialMissing);
}
