//! The checks of a proof, from the cheapest to the dearest (RFC 9449 section 4.3). The first fault
//! decides.

use ring::digest;
use subtle::ConstantTimeEq;

use super::claims::ProofClaims;
use super::fault::Fault;
use super::key::ProofKey;
use super::proof::{Buffer, Parts};
use super::settings::Settings;
use crate::clock::{Leeway, UnixTime};
use crate::credential::{PresentedCredential, base64url};
use crate::nonce::NonceStanding;
use crate::replay::ReplayMark;
use crate::request::RequestFacts;
use crate::validator::{Freshness, PendingClaim};

/// A proof that has passed, and what says that it is fresh.
pub(super) struct Checked {
    pub(super) claim: PendingClaim,
    pub(super) freshness: Freshness,
}

/// How long a proof is fresh, and the next nonce of the client.
struct Fresh {
    until: UnixTime,
    freshness: Freshness,
    nonce: Option<http::HeaderValue>,
}

/// Checks the proof of a request, except that it was not used before.
pub(super) fn check(
    settings: &Settings,
    jkt: &[u8; 32],
    presented: &PresentedCredential<'_>,
    now: UnixTime,
) -> Result<Checked, Fault> {
    let facts = presented.facts().ok_or(Fault::ABSENT)?;
    let parts = Parts::split(only_line(facts)?)?;
    let mut buffer = Buffer::new();
    let header = parts.header(&mut buffer, settings.algorithms)?;
    let own = ProofKey::read(header.jwk, header.algorithm)?;
    let bytes = own.decode()?;
    let key = own.key(&bytes)?;
    if !bool::from(own.thumbprint()[..].ct_eq(&jkt[..])) {
        return Err(Fault::OTHER_KEY);
    }
    let mut buffer = Buffer::new();
    let claims = ProofClaims::read(parts.claims(&mut buffer)?)?;
    check_request(settings, &claims, facts)?;
    check_token(&claims, presented)?;
    let fresh = check_freshness(settings, &claims, now)?;
    let signature = parts.signature()?;
    let is_valid = settings.provider.verify_embedded(
        key,
        header.algorithm,
        parts.message,
        signature.as_bytes(),
    );
    if !is_valid {
        let detail = "expected a signature by the key of the proof, found another; let the client sign with the \
                      key of `jwk`";
        return Err(Fault::invalid("signature", detail));
    }
    Ok(Checked {
        freshness: fresh.freshness,
        claim: PendingClaim {
            mark: ReplayMark::new("dpop", jkt, claims.jti.as_bytes()),
            until: fresh.until,
            nonce: fresh.nonce,
        },
    })
}

/// Returns the value of the one header field. A second line is not read, also if it is equal.
fn only_line<'r>(facts: &RequestFacts<'r>) -> Result<&'r [u8], Fault> {
    let mut lines = facts.headers().get_all("dpop").into_iter();
    match (lines.next(), lines.next()) {
        (None, _) => Err(Fault::ABSENT),
        (Some(line), None) => Ok(line.as_bytes()),
        (Some(_), Some(_)) => Err(Fault::invalid(
            "header_field",
            "expected one line of the header `DPoP`, found several; let the client send one",
        )),
    }
}

/// Checks `htm` and `htu`.
fn check_request(
    settings: &Settings,
    claims: &ProofClaims<'_>,
    facts: &RequestFacts<'_>,
) -> Result<(), Fault> {
    if claims.htm != facts.method().as_str() {
        let detail = "expected the method of the request, found another; let the client make a proof for \
                      each request";
        return Err(Fault::invalid("htm", detail));
    }
    match is_target(settings, &claims.htu, facts) {
        true => Ok(()),
        false => Err(Fault::invalid(
            "htu",
            "expected the configured address with the path of the request, found another; configure the \
             address that clients use (`Dpop::at`, `ExternalUrl::without`)",
        )),
    }
}

fn is_target(settings: &Settings, htu: &str, facts: &RequestFacts<'_>) -> bool {
    if let Some(target) = facts.target() {
        return target.fits(htu);
    }
    if let Some(target) = settings.target.as_ref().and_then(|target| target(facts)) {
        return crate::request::TargetUri::new(target).fits(htu);
    }
    let path = facts.uri().path();
    settings.urls.iter().any(|url| url.fits(htu, path))
}

/// Checks that the proof was made for this token (`ath`).
fn check_token(claims: &ProofClaims<'_>, presented: &PresentedCredential<'_>) -> Result<(), Fault> {
    let token = presented.credential().expose();
    let expected = digest::digest(&digest::SHA256, token.as_bytes());
    let mut found = [0; 32];
    let decoded = base64url::decode_into(claims.ath.as_bytes(), &mut found);
    match decoded == Some(32) && bool::from(expected.as_ref().ct_eq(&found[..])) {
        true => Ok(()),
        false => Err(Fault::invalid(
            "ath",
            "expected the SHA-256 hash of the token, found another; let the client hash the token that it \
             sends",
        )),
    }
}

/// Checks the nonce, or the time where nonces are not demanded.
fn check_freshness(
    settings: &Settings,
    claims: &ProofClaims<'_>,
    now: UnixTime,
) -> Result<Fresh, Fault> {
    let Some(nonces) = &settings.nonces else {
        let until = check_time(settings, claims, now)?;
        return Ok(Fresh {
            until,
            freshness: Freshness::IssuedAt,
            nonce: None,
        });
    };
    let nonce = claims.nonce.as_deref().unwrap_or_default();
    let (until, nonce) = match nonces.check(nonce.as_bytes(), now) {
        NonceStanding::Current { until } => (until, None),
        NonceStanding::Ending { until } => (until, Some(nonces.current(now))),
        NonceStanding::Foreign => return Err(Fault::NONCE),
    };
    if settings.strict_iat {
        check_time(settings, claims, now)?;
    }
    check_start(settings, claims)?;
    Ok(Fresh {
        until,
        freshness: Freshness::Nonce,
        nonce,
    })
}

/// Refuses a proof of before the start, of which nobody remembers whether it was used.
fn check_start(settings: &Settings, claims: &ProofClaims<'_>) -> Result<(), Fault> {
    let found = claims.iat.down;
    match settings.start {
        Some(start) if found < start.as_secs() => {
            let detail = format!(
                "expected a time after this service has started, found {found}; let the client make a \
                 proof for each request"
            );
            Err(Fault::invalid("iat", detail))
        }
        _ => Ok(()),
    }
}

/// Checks `iat`, and `exp` and `nbf` where they stand. Returns when the proof is too old.
fn check_time(
    settings: &Settings,
    claims: &ProofClaims<'_>,
    now: UnixTime,
) -> Result<UnixTime, Fault> {
    let found = claims.iat.down;
    let Some(until) = settings.window.admit(claims.iat, now) else {
        let detail = format!(
            "expected a recent time, found {found} at {}; set the clock of the client, or demand nonces",
            now.as_secs()
        );
        return Err(Fault::invalid("iat", detail));
    };
    check_start(settings, claims)?;
    let leeway = Leeway::default();
    let is_over = claims
        .expires_at
        .is_some_and(|exp| exp.has_passed(now, leeway));
    let is_early = claims
        .not_before
        .is_some_and(|nbf| nbf.is_in_future(now, leeway));
    match is_over || is_early {
        true => Err(Fault::invalid(
            "iat",
            "expected `exp` ahead and `nbf` past, found another; set the clock of the client",
        )),
        false => Ok(until),
    }
}
