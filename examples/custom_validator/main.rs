//! A service with its own `TokenValidator`, `KeyStore` and `Authorizer`. The exit code is 0 only if
//! every request has the expected result.

#[path = "../common/report.rs"]
mod report;

use std::collections::HashMap;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use bearergate::clock::{Clock, SystemClock};
use bearergate::credential::PresentedCredential;
use bearergate::crypto::Algorithm;
use bearergate::issuer::{AccessClaims, JwtIssuer, SigningKey, SigningKeys};
use bearergate::key::{KeyHint, KeySet, KeyStatus};
use bearergate::policy::{AccessRequest, Decision};
use bearergate::principal::{KeyId, PrincipalKind};
use bearergate::validator::{Authorities, Shape};
use bearergate::{
    Authorizer, Gate, JwtValidator, KeyStore, NowOrLater, Principal, Rejection, RejectionKind,
    TokenValidator,
};
use http::Request;
use ring::digest::{SHA256, digest};

/// The tokens of build machines: names by the SHA-256 digest of the token.
#[derive(Debug)]
struct BuildBots(HashMap<Vec<u8>, &'static str>, [Shape; 1]);

impl TokenValidator for BuildBots {
    fn shapes(&self) -> &[Shape] {
        &self.1
    }

    fn authorities(&self) -> Authorities {
        Authorities::OWN
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let digest = digest(&SHA256, presented.credential().expose().as_bytes());
        let builder = Principal::builder(PrincipalKind::Other, "build bots");
        let bot = self.0.get(digest.as_ref()).map(|name| builder.subject(*name).build());
        NowOrLater::now(bot.ok_or(RejectionKind::TokenInactive.into()))
    }
}

/// Keys that the service replaces while it runs.
#[derive(Debug)]
struct ReplaceableKeys(ArcSwap<KeySet>);

impl KeyStore for ReplaceableKeys {
    fn find<'a>(&'a self, _hint: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        NowOrLater::now(Ok(self.0.load_full()))
    }

    fn status(&self, key: &KeyId) -> KeyStatus {
        self.0.load().status(key)
    }
}

/// While it is set, only GET requests are allowed.
#[derive(Debug, Default)]
struct ReadOnlyMode(AtomicBool);

impl Authorizer for ReadOnlyMode {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        let is_get = request.facts().is_some_and(|facts| facts.method() == "GET");
        NowOrLater::now(match is_get || !self.0.load(Ordering::SeqCst) {
            true => Decision::allow(),
            false => Decision::deny().because("read_only_mode"),
        })
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let ((old, old_keys), (new, new_keys)) = (issuer()?, issuer()?);
    let keys = Arc::new(ReplaceableKeys(ArcSwap::new(old_keys)));
    let mode = Arc::new(ReadOnlyMode::default());
    let names = HashMap::from([(digest(&SHA256, b"bot_7f3a9c51").as_ref().into(), "nightly")]);
    let jwts = JwtValidator::builder().issuer(NAME).audience(NAME);
    let gate = Gate::builder()
        .validator(BuildBots(names, [Shape::Prefix("bot_".into())]))
        .validator(jwts.key_store(keys.clone()).build()?)
        .authorizer(mode.clone())
        .build()?;
    let mut report = report::Report::default();
    let mut step = |step: &str, (method, token): (&str, &str), expected| {
        let authorization = format!("Bearer {token}");
        let request = Request::builder().method(method).header("authorization", authorization);
        let checked = gate.try_check_now(&request.body(())?).ok_or("no result was ready")?;
        let found = report::outcome(checked.map_err(|refusal| refusal.kind()));
        Ok::<_, Box<dyn Error>>(report.step(step, found, expected)?)
    };
    let claims = AccessClaims::new("alice", "shop", NAME);
    let (first, second) = (old.mint(&claims)?, new.mint(&claims)?);
    step("a build machine", ("POST", "bot_7f3a9c51"), "accepted")?;
    step("an unknown build machine", ("POST", "bot_00000000"), "token_inactive")?;
    step("a JWT", ("POST", first.expose()), "accepted")?;
    keys.0.store(new_keys);
    step("the JWT after the keys were replaced", ("POST", first.expose()), "key_not_found")?;
    step("a JWT of the new keys", ("POST", second.expose()), "accepted")?;
    mode.0.store(true, Ordering::SeqCst);
    step("POST in read-only mode", ("POST", second.expose()), "access_denied")?;
    step("GET in read-only mode", ("GET", second.expose()), "accepted")?;
    Ok(report.exit_code())
}

const NAME: &str = "https://api.example.com";

fn issuer() -> Result<(JwtIssuer, Arc<KeySet>), Box<dyn Error>> {
    let now = SystemClock::default().now().ok_or("the clock is before 1970")?;
    let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
    let issuer = JwtIssuer::builder(NAME, keys).build()?;
    Ok((issuer.clone(), KeySet::from_jwks(issuer.jwks().body())?.into()))
}
