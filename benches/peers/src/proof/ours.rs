//! The cases of bearergate: the sender constraint of a validator, with a request.

use super::API;
use super::METHOD;
use super::PATH;
use super::Proofs;
use super::TOKEN;
use crate::case::Case;
use crate::case::Probe;
use crate::case::Provider;
use crate::error::Result;
use bearergate::binding::{Binding, Dpop};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::Sources;
use bearergate::principal::Confirmation;
use bearergate::request::{ExternalUrl, RequestFacts};
use bearergate::validator::SenderConstraint;
use http::request::Parts;
use std::hint::black_box;

/// Creates a case for each provider.
///
/// # Errors
///
/// Fails if the check cannot be built.
pub fn cases(proofs: &Proofs) -> Result<Vec<Case>> {
    [
        (Provider::Ring, bearergate::crypto::Provider::ring()),
        (Provider::AwsLcRs, bearergate::crypto::Provider::aws_lc_rs()),
    ]
    .into_iter()
    .map(|(provider, own)| case(proofs, provider, own))
    .collect()
}

fn case(proofs: &Proofs, provider: Provider, own: bearergate::crypto::Provider) -> Result<Case> {
    let now = UnixTime::from_secs(proofs.now);
    let dpop = Dpop::at(ExternalUrl::parse(API)?)
        .provider(own)
        .allow_replay()
        .clock(FakeClock::at(now));
    let binding = Binding::dpop(dpop.build()?).build();
    let confirmation = Confirmation::to_key(proofs.thumbprint);
    let sources = Sources::builder().dpop().build()?;
    let requests = Probe::ALL
        .map(|probe| request(proofs.fixture.tokens.of(probe)))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    let check = move |probe: Probe| {
        let facts = RequestFacts::from(black_box(&requests[probe as usize]));
        let Ok(presented) = sources.extract(&facts) else {
            return false;
        };
        let presented = presented.at(now);
        match binding.check(&confirmation, &presented).try_now() {
            Ok(checked) => black_box(checked).is_ok(),
            Err(_) => false,
        }
    };
    Ok(Case::new(provider.ours(), provider, Box::new(check)))
}

/// The parts of a request with a proof, which a server has parsed already.
fn request(proof: &str) -> Result<Parts> {
    let request = http::Request::builder()
        .method(METHOD)
        .uri(PATH)
        .header("authorization", format!("DPoP {TOKEN}"))
        .header("dpop", proof);
    Ok(request.body(())?.into_parts().0)
}
