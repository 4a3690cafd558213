//! DPoP proofs (RFC 9449) for a token that is bound to a key.
//!
//! The input is the header of a proof, a line end, and its claims, in which `$JWK` is the key of the token
//! and `$ATH` its hash. Both are signed with that key, whatever they say. Without a line end it is the
//! whole value of the header `DPoP`.
//!
//! Property: nothing panics; a text that was not signed here is refused; of an accepted proof `serde_json`
//! reads that it is one: type, algorithm, key, method, address, token, time and id, and no private key.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::binding::{Binding, Dpop};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::request::ExternalUrl;
use bearergate::testing::{FakeKey, ProofKey, TokenBuilder};
use bearergate::{Gate, JwtValidator};
use http::{HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

const NOW: u64 = 1_760_000_000;
const API: &str = "https://api.example.com";

static FIXTURE: LazyLock<Fixture> = LazyLock::new(Fixture::new);

fuzz_target!(|text: &[u8]| {
    let Some(at) = text.iter().position(|byte| *byte == b'\n') else {
        let Ok(proof) = HeaderValue::from_bytes(text) else {
            return;
        };
        assert!(!FIXTURE.accepts(proof), "forged");
        return;
    };
    let (header, claims) = (&text[..at], &text[at + 1..]);
    let (Ok(header), Ok(claims)) = (str::from_utf8(header), str::from_utf8(claims)) else {
        return;
    };
    let header = &header.replace("$JWK", &FIXTURE.jwk);
    let claims = &claims.replace("$ATH", &FIXTURE.ath);
    let proof = FIXTURE.client.proof("GET", API);
    let proof = proof.raw_header(header).raw_claims(claims).sign();
    if FIXTURE.accepts(proof.parse().expect("a proof is a header value")) {
        let read = |text: &str| serde_json::from_str(text).expect("serde_json refuses it");
        FIXTURE.check(&read(header), &read(claims));
    }
});

struct Fixture {
    client: ProofKey,
    jwk: String,
    token: String,
    ath: String,
    gate: Gate,
}

impl Fixture {
    fn new() -> Self {
        let (issuer, client) = (FakeKey::ed25519("key-1"), ProofKey::ed25519());
        let url = ExternalUrl::parse(API).expect("the address is valid");
        // A proof has to be accepted again, or what was tried before would decide.
        let dpop = Dpop::at(url).allow_replay().build().expect("it is valid");
        let validator = JwtValidator::builder()
            .issuer("https://idp.example.com")
            .audience(API)
            .keys(issuer.key_set())
            .sender_constraint(Binding::dpop(dpop).build())
            .build()
            .expect("it is valid");
        let now = UnixTime::from_secs(NOW);
        let gate = Gate::builder()
            .validator(validator)
            .clock(FakeClock::at(now));
        let token = TokenBuilder::new(&issuer, now)
            .issuer("https://idp.example.com")
            .audience(API)
            .expires_in(Duration::from_secs(600))
            .claim("cnf", json!({"jkt": client.thumbprint()}))
            .sign();
        Self {
            jwk: client.jwk().to_string(),
            ath: URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())),
            client,
            token,
            gate: gate.allow_any_authenticated().build().expect("it is valid"),
        }
    }

    fn accepts(&self, proof: HeaderValue) -> bool {
        let request = Request::get("/orders?page=2")
            .header("authorization", format!("DPoP {}", self.token))
            .header("dpop", proof);
        let request = request.body(()).expect("the request is valid");
        let checked = self.gate.try_check_now(&request).expect("nothing waits");
        checked.is_ok()
    }

    fn check(&self, header: &Value, claims: &Value) {
        let typ = header["typ"]
            .as_str()
            .expect("there is a type")
            .to_lowercase();
        assert!(
            ["dpop+jwt", "application/dpop+jwt"].contains(&&*typ),
            "{typ}"
        );
        let alg = header["alg"].as_str().expect("there is an algorithm");
        assert!(["EdDSA", "Ed25519"].contains(&alg), "{alg}");
        let own = self.client.jwk();
        for name in ["kty", "crv", "x"] {
            assert_eq!(header["jwk"][name], own[name], "{name}");
        }
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(header["jwk"].get(name).is_none(), "{name}");
        }
        for name in ["crit", "b64", "enc"] {
            assert!(header.get(name).is_none(), "{name}");
        }
        assert_eq!(claims["htm"], "GET");
        let htu = claims["htu"].as_str().expect("there is an address");
        let (origin, _) = htu.split_at_checked(8).expect("it has a scheme");
        assert_eq!(origin.to_lowercase(), "https://");
        assert!(htu.to_lowercase().contains("api.example.com"), "{htu}");
        assert_eq!(claims["ath"], *self.ath);
        let iat = claims["iat"].as_f64().expect("there is a time");
        let now = NOW as f64;
        assert!((now - 61.0..=now + 30.0).contains(&iat), "{iat}");
        let id = claims["jti"].as_str().expect("there is an id");
        assert!((1..=256).contains(&id.len()), "{id}");
    }
}
